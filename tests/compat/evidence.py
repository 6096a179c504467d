"""The evidence page of the reading side: every real backup at hand, and what became of it here.

python -m tests.compat.evidence --write      measure again; write backup_evidence.json and docs/evidence.md

`backup_evidence.json` holds the facts, a line for each folder with a full backup; `docs/evidence.md` is that file
as a table. Lines of sets that are not at hand stay as they are.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ootheca import pb
from ootheca.backup.opened import Backup, open_backup
from ootheca.clock import parse_timestamp
from ootheca.codec.filenames import ENCRYPTION_INFO, MANIFEST
from ootheca.codec.manifest import tenant_ids
from ootheca.crypto import decode_encryption_info, is_sealed
from ootheca.errors import EncryptionError, OothecaError
from ootheca.exec.session import Session
from ootheca.names import format_dotted, format_identifier, format_string
from tests.compat import test_public, test_verify
from tests.compat.test_golden_restore import check_rows
from tests.support.golden import GoldenSet
from tests.support.public import PublicSet, public_sets, rows_of, session_on
from tests.unit.crypto import test_aead

ROOT = Path(__file__).parents[2]
FACTS = Path(__file__).with_name("backup_evidence.json")
PAGE = ROOT / "docs" / "evidence.md"
GOLDEN_ROOTS = (ROOT / "fixtures" / "golden", test_verify.SHARED)
VECTORS = "21.2/v_encryption"  # sealed files alone, no backup
YES, NONE = "yes", "–"
OTHER_DATABASE = "restored"
WITHOUT_OTHERS = {"child_only": "skip_missing_foreign_keys", "view_only": "skip_missing_views"}
KEYS = [
    *test_verify.KEYS,
    {"encryption_passphrase": ""},
    {"kms": ["testkms:///k?AUTH=implicit"]},
]

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What opening a backup says; the counts are of the chain's end, rows those that were decoded."""

    version: str
    layers: int
    tables: int
    rows: int
    opens: str
    verifies: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page: a backup by set and folder, its facts, and how its rows compare when restored."""

    set: str
    folder: str
    facts: Facts
    encrypted: str
    restores: str

    @property
    def is_public(self) -> bool:
        return not self.folder


@dataclass(frozen=True)
class Source(GoldenSet):
    """A golden set, wherever it lies."""

    @property
    def path(self) -> Path:
        found = [root / self.version / self.name for root in GOLDEN_ROOTS]
        return next((path for path in found if path.is_dir()), found[0])

    @property
    def is_inside(self) -> bool:
        return self.path.is_relative_to(ROOT)

    @property
    def title(self) -> str:
        return f"{self.version}/{self.name}"


def golden_sources() -> list[Source]:
    """Return every golden set at hand, in the order of the page."""
    names = {(path.parent.name, path.name) for root in GOLDEN_ROOTS for path in root.glob("*.*/*")}
    return [Source(version, name) for version, name in sorted(names)]


def public_sources() -> list[PublicSet]:
    return [param.values[0] for param in public_sets() if param.values[0] is not None]


# Opening


def layers_elsewhere(source: Source, folder: str) -> list[str]:
    """Return the layers of a chain that lie outside its full backup's folder, oldest first."""
    found = test_verify.folders(source.extern)
    if folder == "full" and "inc1" in found:
        return ["inc1", "inc2"]
    place, _, subdirectory = folder.partition("/fulls/")
    if subdirectory:
        return [name for name in found if name.startswith(f"{place}/incs/{subdirectory}/")]
    place, _, subdirectory = folder.partition("/")
    return [name for name in found if subdirectory and name.startswith(f"{place}i/{subdirectory}/")]


@dataclass(frozen=True)
class Chain:
    """One full backup's folder, its layers elsewhere (appended ones are found) and the key that opens it.

    Attributes:
        localities: of which it has files in other stores, besides the default one.
    """

    source: Source
    folder: str
    options: Options
    elsewhere: tuple[str, ...] = ()
    localities: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The folder, and where the layers elsewhere lie."""
        places = dict.fromkeys(folder.partition("/20")[0] for folder in self.elsewhere)
        return " + ".join([self.folder, *places])

    @property
    def uris(self) -> list[list[str]]:
        """For each layer that is named the URIs of all its stores, the default's last."""
        found = []
        for folder in (self.folder, *self.elsewhere):
            uri = f"nodelocal://1/{folder}"
            others = [
                f"{_in_locality(uri, each)}?COCKROACH_LOCALITY={quote(each)}" for each in self.localities
            ]
            found.append([*others, f"{uri}?COCKROACH_LOCALITY=default"] if others else [uri])
        return found

    def open(self, sandbox: Path) -> Backup:
        full, *layers = self.uris
        place = self.source.extern
        return open_backup(
            full, incremental=layers, external_io_dir=place, sandbox_dir=sandbox, **self.options
        )


def chains(source: Source, sandbox: Path) -> Iterator[Chain]:
    """Yield the chains of a set: each folder with a full backup, opened with the first of the keys that does.

    Raises:
        AssertionError: a folder with an ENCRYPTION-INFO is opened by none of the keys.
    """
    for folder in test_verify.folders(source.extern):
        opened = _opened_chain(source, folder, sandbox)
        if opened is None:
            sealed = (source.extern / folder / ENCRYPTION_INFO).exists()
            assert not sealed, f"no key for {source.title}: {folder}"
            continue  # a lone layer of a sealed chain
        chain, backup = opened
        if not backup.chain.full.is_full:
            continue
        elsewhere = tuple(layers_elsewhere(source, folder))
        if len(backup.chain.layers) > 1 or not elsewhere:
            yield chain
        if elsewhere:
            yield replace(chain, elsewhere=elsewhere)


def _opened_chain(source: Source, folder: str, sandbox: Path) -> tuple[Chain, Backup] | None:
    has_key = (source.extern / folder / ENCRYPTION_INFO).exists()
    for options in KEYS if has_key else [{}]:
        chain = Chain(source, folder, options)
        try:
            localities = chain.open(sandbox).chain.full.manifest.locality_kvs
            chain = replace(chain, localities=tuple(localities))
            return chain, chain.open(sandbox)
        except EncryptionError:
            continue
    return None


def facts_of(backup: Backup) -> Facts:
    """Read every table's rows, and verify."""
    rows, failed = 0, []
    for name in backup.tables:
        try:
            rows += backup.table(name).to_arrow().num_rows
        except OothecaError as exc:
            failed.append(exc)
    problems = backup.verify().problems
    manifest = backup.chain.full.manifest
    tenants = tenant_ids(manifest)
    opens = YES
    if failed:
        opens = f"no: {len(failed)} of {len(backup.tables)} tables cannot be read: {_words(failed[0])}"
    elif tenants:
        opens = f"yes, and {_tenants_tables(backup, tenants)}"
    return Facts(
        version=manifest.build_info.tag,
        layers=len(backup.chain.layers),
        tables=len(backup.tables),
        rows=rows,
        opens=opens,
        verifies=f"no: {len(problems)} problems, first: {_words(problems[0])}" if problems else YES,
    )


def _tenants_tables(backup: Backup, tenants: Sequence[int]) -> str:
    """Read every table of the tenants; say how many there are, and why some cannot be read."""
    num_tables, failed = 0, []
    for tenant in tenants:
        opened = Backup(backup.chain, tenant=tenant)
        num_tables += len(opened.tables)
        for name in opened.tables:
            try:
                opened.table(name).to_arrow()
            except OothecaError as exc:
                failed.append(_words(exc))
    if not failed:
        return f"the {num_tables} tables of its tenant"
    return f"{num_tables - len(failed)} of {num_tables} tables of its tenant ({'; '.join(failed)})"


def _words(problem: OothecaError) -> str:
    """Return an error's message without the place of its file."""
    return re.sub(r"^open \S+: ", "", problem.message)


def encryption_of(folder: Path) -> str:
    """Return how a full backup's folder is sealed, as its files say."""
    stored = folder / ENCRYPTION_INFO
    if not stored.exists():
        return "no"
    info = decode_encryption_info(stored.read_bytes(), location=ENCRYPTION_INFO)
    manifest = (folder / MANIFEST).read_bytes()
    assert is_sealed(manifest)
    keys = len(info.wrapped_keys)
    how = f"KMS, {keys} key{'s' if keys > 1 else ''}" if keys else "passphrase"
    return f"{how}; version {manifest[7]}"


# Restoring


def restored_as_printed(chain: Chain, backup: Backup) -> str:
    """Run RESTORE on a new store; compare the rows with what the server printed before it took that backup.

    Tables that it did not print are counted, and compared with the count in the manifest of a single layer.
    """
    seen, expected = 0, tables_at(chain, backup)
    with session_on(chain.source.extern, version=chain.source.version) as session:
        try:
            for sql in restore_statements(chain, backup):
                rows_of(session, sql)
        except OothecaError as exc:
            return f"no: {exc.message}"
        for name, table in expected.items():
            try:
                seen += check_rows(session, {name: table})
            except (AssertionError, OothecaError):
                return f"no: {name} differs"
        if seen:
            return f"{YES} ({seen} of {len(backup.tables)})"
        if not backup.tables:
            return "restores, and holds no table"
        return _compare_counts(session, backup)


def _compare_counts(session: Session, backup: Backup) -> str:
    if len(backup.chain.layers) > 1 or backup.chain.full.has_revision_history:
        return "restores; nothing tells the rows"
    num_rows = 0
    for name in backup.tables:
        database, schema, table = name.split(".")
        restored = format_dotted((OTHER_DATABASE if database == "system" else database, schema, table))
        num_rows += rows_of(session, f"SELECT count(*) AS n FROM {restored}")[0]["n"]
    is_equal = num_rows == backup.chain.full.manifest.entry_counts.rows
    return f"{YES} (counts)" if is_equal else "no: another number of rows than the server counted"


def tables_at(chain: Chain, backup: Backup) -> dict[str, dict[str, Any]]:
    """Return what the server held at the last mark before a backup's end, of the tables in it."""
    marks = chain.source._load("expect")["marks"].values()
    before = [mark for mark in marks if parse_timestamp(mark["timestamp"]) <= backup.until]
    newest = max(before, key=lambda mark: parse_timestamp(mark["timestamp"]))
    tables = {name: table for name, table in newest["tables"].items() if name in backup.tables}
    if chain.source.name == "j_targets" and chain.folder == "detached":
        # make.sql changes one value between the mark and this backup.
        table = tables["shop.public.kept"]
        places = {column["name"]: place for place, column in enumerate(table["columns"])}
        (changed,) = [row for row in table["rows"] if row[places["id"]] == "1"]
        changed[places["v"]] = "not in the as-of backup"
    return tables


def restore_statements(chain: Chain, backup: Backup) -> Iterator[str]:
    """Yield what restores all of a backup: a cluster, its databases, its tenant or its tables."""
    last = backup.chain.last.manifest
    place = f"FROM {places_of(chain)}"
    options = [*_key_options(chain.options)]
    tables = [member for member in backup.catalog if isinstance(member, pb.TableDescriptor)]
    names = [backup.catalog.qualified_name(table) for table in tables]
    if last.descriptor_coverage:
        yield f"RESTORE {place}{_with(options)}"
    elif last.complete_dbs:
        databases = {d.id: format_identifier(d.name) for d in backup.catalog.databases()}
        complete = ", ".join(databases[id_] for id_ in last.complete_dbs)
        if complete == "system":
            options.append(f"new_db_name = '{OTHER_DATABASE}'")
        yield f"RESTORE DATABASE {complete} {place}{_with(options)}"
    elif not tables:
        yield f"RESTORE TENANT {tenant_ids(last)[0]} {place}{_with(options)}"
    else:
        database = names[0][0]
        if database == "system":
            database = OTHER_DATABASE
            options.append(f"into_db = '{OTHER_DATABASE}'")
        for each in sorted({name[0] for name in names} - {"system"} | {database}):
            yield f"CREATE DATABASE {format_identifier(each)}"
        if chain.folder in WITHOUT_OTHERS:
            options.append(WITHOUT_OTHERS[chain.folder])
        yield f"RESTORE TABLE {', '.join(map(format_dotted, names))} {place}{_with(options)}"


def places_of(chain: Chain) -> str:
    """Return the URIs of a chain as RESTORE takes them, each layer of a spread backup as a list."""
    places = [", ".join(map(format_string, uris)) for uris in chain.uris]
    return ", ".join(f"({place})" if chain.localities else place for place in places)


def _in_locality(uri: str, locality: str) -> str:
    """Return where a set's make.sql put what belongs to a locality."""
    if locality == "x=y":
        return uri.replace("nodelocal://1/a", "nodelocal://1/b", 1)
    return uri.replace("/default", f"/{locality.partition('=')[2]}", 1)


def _key_options(options: Options) -> Iterator[str]:
    if "kms" in options:
        yield f"kms = {format_string(options['kms'][0])}"
    if "encryption_passphrase" in options:
        yield f"encryption_passphrase = {format_string(options['encryption_passphrase'])}"


def _with(options: list[str]) -> str:
    return f" WITH {', '.join(options)}" if options else ""


# Lines


def golden_lines(source: Source, sandbox: Path) -> Iterator[Line]:
    """Measure a golden set."""
    if source.title == VECTORS:
        yield vectors_line(source)
        return
    for chain in chains(source, sandbox):
        backup = chain.open(sandbox)
        encrypted = encryption_of(source.extern / chain.folder)
        restores = restored_as_printed(chain, backup)
        yield Line(source.title, chain.title, facts_of(backup), encrypted, restores)


def vectors_line(source: Source) -> Line:
    """Run the tests of the vectors, and count those that open and those that are refused."""
    opened = [case for case in test_aead.CASES if case["outcome"] == test_aead.OPENS]
    refused = [case for case in test_aead.CASES if case not in opened]
    for case in opened:
        test_aead.test_vector_that_opens(case)
    for case in refused:
        test_aead.test_vector_that_is_refused(case)
    versions = sorted({str(test_aead.stored(case)[7]) for case in opened})
    what = (
        f"no: no backup, but sealed files: {len(opened)} of {len(test_aead.CASES)} cases open and give "
        f"the server's bytes, the other {len(refused)} give its errors"
    )
    facts = Facts(NONE, 0, 0, 0, what, NONE)
    return Line(source.title, "*.bin", facts, f"given key; versions {' and '.join(versions)}", NONE)


def public_line(public: PublicSet) -> Line:
    """Measure a public set with the tests that compare it."""
    return Line(
        public.name, "", facts_of(public.open()), encryption_of(public.folder), public_restore(public)
    )


def public_restore(public: PublicSet) -> str:
    """Say what the restored rows are compared with: the SQL that made them, or else the server's counts."""
    restores = public.expected["restores"]
    if not _passes(test_public.test_every_database_restores_with_all_rows, public):
        return "no: fails, or rows are missing"
    if restores is not True:
        return f"no: {restores} (CockroachDB's own tests expect this refusal of this very backup)"
    if public.sql is not None:
        told = [name for name in public.user_tables if not name.endswith(".rev_times")]
        if not _passes(test_public.test_restored_tables_are_those_of_the_sql, public):
            return "no: rows or tables differ"
        some = (
            ""
            if len(told) == len(public.user_tables)
            else f", {len(told)} of {len(public.user_tables)} tables"
        )
        return f"{YES} (SQL{some})"
    if not public.user_tables:
        return "restores, and holds no user's table"
    counted = _passes(test_public.test_decoded_rows_are_as_many_as_the_server_counted, public)
    return f"{YES} (counts)" if counted else "restores; nothing tells the rows"


def _passes(test: Callable[[PublicSet], None], public: PublicSet) -> bool:
    """Run a test of one set; one that skips proves nothing."""
    try:
        test(public)
    except (AssertionError, OothecaError, pytest.skip.Exception):
        return False
    return True


def load() -> list[Line]:
    stored = json.loads(FACTS.read_text()) if FACTS.exists() else []
    return [Line(**{**line, "facts": Facts(**line["facts"])}) for line in stored]


def measure() -> list[Line]:
    """Measure every set at hand; those that are not keep the lines they have."""
    with tempfile.TemporaryDirectory() as directory:
        found = [line for source in golden_sources() for line in golden_lines(source, Path(directory))]
    found += [public_line(public) for public in public_sources()]
    measured = {line.set for line in found}
    kept = [line for line in load() if line.set not in measured]
    return sorted(found + kept, key=lambda line: (line.is_public, line.set, line.folder))


# The page


ABOUT = """# Evidence: backups that real CockroachDB servers wrote

<!-- Written by `python -m tests.compat.evidence --write` from tests/compat/backup_evidence.json. -->

Each line is one full backup with the layers on top of it, opened with `ootheca.open_backup`. {count}

* **CockroachDB**: the build tag in the manifest. **Layers**, **tables** and **rows** are those of the opened backup:
  tables include sequences, materialised views and, where a backup holds them, system tables; rows are decoded, at the
  chain's end.
* **Encrypted**: how the data key is protected, and the version of the sealed files.
* **Opens**: every table was read. **Verifies**: `Backup.verify().is_sound`.
* **Restores equal**: RESTORE ran on an empty store, and then
  * *n of m*: so many tables have, value for value, the rows that the server printed before it took the backup (the
    others are sequences, system tables, or were not printed);
  * *SQL*: rows and `SHOW CREATE` of the users' tables are those of the SQL that the backup's makers describe;
  * *counts*: as many rows were decoded as the server counted in the manifest, and the restored tables have as many.

  What a lone table refers to and the backup does not hold is left out with `skip_missing_foreign_keys` or
  `skip_missing_views`; system tables are restored into another database.

The first group was made for this project with builds of November 2020 (`20.2/`) and February 2022 (`21.2/`); the sets
in `fixtures/golden/` are measured again by every run of the tests. The second comes from public repositories and is no
part of this one. A number in brackets leads to the reason [below](#what-is-not-yes).

| set | CockroachDB | layers | tables | rows | encrypted | opens | verifies | restores equal |
|---|---|---|---|---|---|---|---|---|
"""
GROUPS = {False: "**Made for this project**", True: "**Public**"}


def render(lines: list[Line]) -> str:
    """Return the page."""
    reasons: dict[str, int] = {}
    rows, group = [], None
    for line in lines:
        if line.is_public != group:
            group = line.is_public
            rows.append(f"| {GROUPS[group]} | | | | | | | | |")
        rows.append(_row(line, reasons))
    is_yes = [line for line in lines if _is_yes(line)]
    count = f'Of {len(lines)} lines {len(is_yes)} are "yes" throughout.'
    parts = [ABOUT.replace("{count}", count), "\n".join(rows), "\n\n## What is not yes\n"]
    parts += [f"\n{number}. {reason}" for reason, number in reasons.items()]
    return "".join(parts) + "\n"


def _is_yes(line: Line) -> bool:
    return line.facts.opens == line.facts.verifies == YES and line.restores.startswith(YES)


def _row(line: Line, reasons: dict[str, int]) -> str:
    facts = line.facts
    name = line.set if line.is_public else f"{line.set}: {line.folder}"
    counts = (facts.layers, facts.tables, facts.rows) if facts.layers else (NONE,) * 3
    verdicts = [_verdict(text, reasons) for text in (facts.opens, facts.verifies, line.restores)]
    cells = [f"`{name}`", facts.version, *map(str, counts), line.encrypted, *verdicts]
    return f"| {' | '.join(cells)} |"


def _verdict(text: str, reasons: dict[str, int]) -> str:
    """Return a verdict's cell; a "no" refers to its words."""
    if not text.startswith("no: "):
        return text
    number = reasons.setdefault(text.removeprefix("no: "), len(reasons) + 1)
    return f"no [{number}]"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.compat.evidence")
    parser.add_argument("--write", action="store_true", help="measure again and write both files")
    if not parser.parse_args().write:
        parser.error("say --write to measure every set and write both files")
    lines = measure()
    stored = [json.dumps(asdict(line), ensure_ascii=False) for line in lines]
    FACTS.write_text("[\n " + ",\n ".join(stored) + "\n]\n")
    PAGE.write_text(render(lines))


if __name__ == "__main__":
    main()
