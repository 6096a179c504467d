"""Backups by CockroachDB 1.0.7 to 21.1.6, from public repositories; they lie outside this one.

What is in them is told in SQL, as their makers described it: a session of ours runs it, and its tables are what the
opened and the restored ones are compared with.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from ootheca.backup.opened import Backup, open_backup
from ootheca.codec.filenames import MANIFESTS
from ootheca.exec.session import Session

__all__ = [
    "EXPECTED",
    "PublicSet",
    "Row",
    "described_sets",
    "public_sets",
    "rows_of",
    "session_on",
    "sql_tables",
]

ROOT = Path(__file__).parents[3] / "shared" / "fixtures" / "public"
_COUNTS = Path(__file__).parents[1] / "compat" / "public_expected.json"

# Set -> version, tables with their rows counted, and whether it restores: true, or the error's words.
EXPECTED: Mapping[str, dict[str, Any]] = json.loads(_COUNTS.read_text())

Row = tuple[object, ...]

_OLD = """
CREATE TABLE {db}.t1 (k INT8 PRIMARY KEY, v1 INT8);
ALTER TABLE {db}.t1 ADD COLUMN v2 INT8;
CREATE INDEX t1_v2 ON {db}.t1 (v2);
CREATE TABLE {db}.t2 (k INT8 PRIMARY KEY, v1 INT8, v2 INT8);
CREATE TABLE {db}.t3 (k INT8 PRIMARY KEY);
CREATE TABLE {db}.t4 (
    k INT8 PRIMARY KEY, v1 INT8, v2 INT8, CONSTRAINT fk_t3 FOREIGN KEY (k) REFERENCES {db}.t3 (k)
){interleave};
INSERT INTO {db}.t1 VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3);
INSERT INTO {db}.t2 VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3);
INSERT INTO {db}.t3 VALUES (1), (2), (3);
INSERT INTO {db}.t4 VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3);
"""
_FOREIGN_KEYS = """
CREATE TABLE {db}.circular (k INT8 PRIMARY KEY, selfid INT8 UNIQUE);
ALTER TABLE {db}.circular ADD CONSTRAINT self_fk FOREIGN KEY (selfid) REFERENCES {db}.circular (selfid) NOT VALID;
CREATE TABLE {db}.parent (k INT8 PRIMARY KEY, j INT8 UNIQUE);
CREATE TABLE {db}.child (
    k INT8 PRIMARY KEY, parent_i INT8 REFERENCES {db}.parent, parent_j INT8 REFERENCES {db}.parent (j),
    INDEX child_auto_index_fk_parent_i_ref_parent (parent_i),
    INDEX child_auto_index_fk_parent_j_ref_parent (parent_j)
);
CREATE TABLE {db}.child_pk (k INT8 PRIMARY KEY REFERENCES {db}.parent);
"""
_A = "CREATE TABLE {db}.{table} (a INT8{null}); INSERT INTO {db}.{table} VALUES (1), (2), (3);"
_KEYED = """
CREATE TABLE {db}.midprimarykeyswapcleanup (
    a INT8 NOT NULL, rowid INT8 NOT VISIBLE NOT NULL DEFAULT unique_rowid(), PRIMARY KEY (a)
);
INSERT INTO {db}.midprimarykeyswapcleanup VALUES (1), (2), (3);
"""
_DROPPING = """
CREATE TABLE {db}.middropcol (a INT8);
INSERT INTO {db}.middropcol VALUES (1), (1), (1), (2), (2), (2), (3), (3), (3);
"""
_SCHEMAS = """
CREATE SCHEMA {db}.s;
CREATE TABLE {db}.s.t (x INT8);
CREATE TABLE {db}.public.t (x INT8);
INSERT INTO {db}.s.t VALUES (1), (2);
INSERT INTO {db}.public.t VALUES (3), (4);
"""


@dataclass(frozen=True, slots=True)
class PublicSet:
    """One backup folder, named by its path below the root."""

    name: str

    @property
    def uri(self) -> str:
        return f"nodelocal://1/{self.name}"

    @property
    def expected(self) -> dict[str, Any]:
        return EXPECTED[self.name]

    @property
    def folder(self) -> Path:
        return ROOT / self.name

    @property
    def database(self) -> str:
        """The one database with tables of a described set."""
        return next(name.split(".")[0] for name in self.user_tables)

    @property
    def user_tables(self) -> tuple[str, ...]:
        return tuple(name for name in self.expected["tables"] if not name.startswith("system."))

    @property
    def sql(self) -> str | None:
        """What makes the set's tables in a database `{db}`; None where nobody told."""
        stem = self.name.rpartition("/")[2]
        if stem in ("v1.0.7", "v1.1.9", "v2.0.7", "v2.1.8", "v19.1.4"):
            return _OLD.replace("{interleave}", " INTERLEAVE IN PARENT {db}.t3 (k)")
        if stem.endswith("-without-interleaved"):
            return _OLD.replace("{interleave}", "")
        if stem == "v19.1.11-fk-revision-history":
            return _FOREIGN_KEYS
        if stem == "public-schema-remap":
            return _SCHEMAS
        if stem == "v20.1.7":
            return "CREATE TABLE {db}.bank (a INT8); INSERT INTO {db}.bank VALUES (1);"
        return _mid_schema_change(stem)

    def open(self) -> Backup:
        return open_backup(self.uri, external_io_dir=ROOT)


def _mid_schema_change(stem: str) -> str | None:
    """What a set's tables were before the change that ran: it had published nothing, but for the swapped keys."""
    match stem:
        case "middropcol":
            return _DROPPING
        case "midprimarykeyswapcleanup":
            return _KEYED
        case "midmultitable":
            return "".join(_A.replace("{table}", f"{stem}{n}").replace("{null}", "") for n in (1, 2))
        case "midprimarykeyswap":  # ALTER PRIMARY KEY needs NOT NULL, which had been set before
            return _A.replace("{table}", stem).replace("{null}", " NOT NULL")
        case _ if stem.startswith("mid"):
            return _A.replace("{table}", stem).replace("{null}", "")
        case _:
            return None


@cache
def _folders() -> tuple[str, ...]:
    found = {path.parent for manifest in MANIFESTS for path in ROOT.rglob(manifest)}
    return tuple(sorted(str(folder.relative_to(ROOT)) for folder in found))


def public_sets() -> list[Any]:
    """Return a pytest parameter for each backup folder that is there, or one that skips."""
    marks = [pytest.mark.shared]
    if not _folders():
        return [
            pytest.param(None, marks=[*marks, pytest.mark.skip(reason="no public backups here")], id="none")
        ]
    return [pytest.param(PublicSet(name), marks=marks, id=name) for name in _folders()]


def described_sets() -> list[Any]:
    """Return those of which SQL tells the rows."""
    sets = public_sets()
    return [param for param in sets if param.values[0] is None or param.values[0].sql is not None]


@contextmanager
def session_on(external_io_dir: Path = ROOT, *, version: str | None = None) -> Iterator[Session]:
    """A session on a new store; under version 20.2 it makes and prints tables as the makers of the sets did."""
    with Session(None, external_io_dir=external_io_dir, sandbox=True, version=version) as session:
        yield session


def rows_of(session: Session, sql: str) -> list[dict[str, Any]]:
    """Return the rows of a script's last statement."""
    rows: list[dict[str, Any]] = []
    for result in session.execute(sql):
        rows = [row for batch in result.batches for row in batch.to_pylist()]
    return rows


def sql_tables(
    session: Session, database: str, names: tuple[str, ...]
) -> dict[str, tuple[Counter[Row], str]]:
    """Return what SELECT * and SHOW CREATE answer for tables, given as `schema.table`, by that name."""
    found = {}
    for name in names:
        rows = Counter(tuple(row.values()) for row in rows_of(session, f"SELECT * FROM {database}.{name}"))
        created = rows_of(session, f"SHOW CREATE TABLE {database}.{name}")[0]["create_statement"]
        found[name] = (rows, cast("str", created))
    return found
