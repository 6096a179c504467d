"""Backups that a real CockroachDB wrote: RESTORE gives the rows it held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from ootheca.datum import wire_column
from ootheca.engine.base import TableName
from ootheca.exec.result import Result
from ootheca.exec.session import Session
from ootheca.sql.parser import parse_one
from tests.support.golden import PASSPHRASE, GoldenSet, golden_sets

Rows = list[tuple[str | None, ...]]


@pytest.fixture
def session(golden: GoldenSet) -> Iterator[Session]:
    with Session(None, external_io_dir=golden.extern, sandbox=True, version=golden.version) as opened:
        yield opened


def rows_of(result: Result, version: str) -> Rows:
    assert result.columns is not None
    rows: Rows = []
    for batch in result.batches:
        texts = [wire_column(batch.column(i), c.type, version=version) for i, c in enumerate(result.columns)]
        rows.extend(zip(*texts, strict=True))
    return rows


def run(session: Session, sql: str) -> Rows:
    return rows_of(session.run(parse_one(sql)), session.profile.version)


def stored_rows(session: Session, full_name: str) -> tuple[list[str], Rows]:
    """Every column of a table, hidden ones too, as wire text."""
    desc = session.catalog.resolve_table(tuple(full_name.split(".")), "")
    table = session.catalog.describe(desc.id)
    ids = [column.id for column in table.columns if not column.is_virtual]
    rows: Rows = []
    session.engine.begin()
    try:
        for batch in session.engine.scan(TableName(*session.catalog.qualified_name(desc)), table, ids):
            types = [table.column_by_id[id_].type for id_ in ids]
            version = session.profile.version
            texts = [wire_column(batch.column(i), t, version=version) for i, t in enumerate(types)]
            rows.extend(zip(*texts, strict=True))
    finally:
        session.engine.rollback()
    return [table.column_by_id[id_].name for id_ in ids], rows


def check_rows(session: Session, expected: dict[str, dict[str, Any]]) -> int:
    checked = 0
    for name, table in expected.items():
        if table["kind"] not in ("table", "materialized view") or "rows" not in table:
            continue
        names, rows = stored_rows(session, name)
        columns = [column["name"] for column in table["columns"]]
        order = [names.index(column) for column in columns if column in names]
        kept = [i for i, column in enumerate(columns) if column in names]
        got = Counter(tuple(row[i] for i in order) for row in rows)
        want = Counter(tuple(row[i] for i in kept) for row in table["rows"])
        assert got == want, name
        checked += 1
    return checked


@pytest.mark.parametrize("golden", golden_sets("a_full"))
def test_plain_backup_restores_every_row(golden: GoldenSet, session: Session) -> None:
    run(session, "RESTORE DATABASE kinds, shapes FROM 'nodelocal://0/full'")
    assert check_rows(session, golden.tables()) > 50


@pytest.mark.parametrize("golden", golden_sets("h_cluster"))
@pytest.mark.parametrize("mark", ["full", "inc1"])
def test_cluster_backup_brings_everything_back(golden: GoldenSet, session: Session, mark: str) -> None:
    """Databases under their ids, rows, users, roles, settings, zones, comments and schedules."""
    held = golden.expectations()["marks"][mark]
    layer = next(m for m in golden.layers("cluster") if m.end_time.wall_time > float(held["timestamp"]))
    run(session, f"RESTORE FROM 'nodelocal://0/cluster' AS OF SYSTEM TIME '{layer.end_time.wall_time}'")
    assert check_rows(session, held["tables"]) >= 39
    for name, table in held["tables"].items():
        assert session.catalog.resolve_table(tuple(name.split(".")), "").id == table["id"]
    assert [row[0] for row in run(session, "SHOW DATABASES")] == sorted([*held["databases"], "system"])
    for name, table in held["system"].items():
        if session.catalog.find_table(("system", "public", name), "") is None:
            continue
        names, rows = stored_rows(session, name if "." in name else f"system.public.{name}")
        assert names == table["columns"]
        assert without_version(rows) == without_version(tuple(row) for row in table["rows"]), name


def without_version(rows: Iterable[tuple[str | None, ...]]) -> Counter[tuple[str | None, ...]]:
    """Every row but that of the cluster's version, which is the store's own."""
    return Counter(row for row in rows if row[0] != "version")


@pytest.mark.parametrize("golden", golden_sets("b_passphrase"))
def test_passphrase_backup_restores_every_row(golden: GoldenSet, session: Session) -> None:
    run(
        session,
        f"RESTORE DATABASE kinds FROM 'nodelocal://0/enc' WITH encryption_passphrase = '{PASSPHRASE}'",
    )
    assert check_rows(session, golden.tables()) > 20


@pytest.mark.parametrize("key", ["keyA", "keyB"])
@pytest.mark.parametrize("golden", golden_sets("c_kms"))
def test_either_kms_key_restores_every_row(golden: GoldenSet, session: Session, key: str) -> None:
    run(
        session,
        f"RESTORE DATABASE shapes FROM 'nodelocal://0/kms2' WITH kms = 'testkms:///{key}?AUTH=implicit'",
    )
    assert check_rows(session, golden.tables()) > 25


@pytest.mark.parametrize("golden", golden_sets("c_kms"))
def test_one_table_of_a_kms_backup_goes_into_another_database(golden: GoldenSet, session: Session) -> None:
    session.run(parse_one("CREATE DATABASE elsewhere"))
    run(session, "RESTORE TABLE shapes.families FROM 'nodelocal://0/kms1' "
                 "WITH kms = 'testkms:///only/key-1', into_db = 'elsewhere'")  # fmt: skip
    expected = golden.tables()["shapes.public.families"]
    assert check_rows(session, {"elsewhere.public.families": expected}) == 1
