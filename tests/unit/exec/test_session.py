"""A session: transactions that cover rows and descriptors, streams, settings, what a store remembers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from ootheca.clock import FixedClock, Timestamp
from ootheca.errors import (
    DuplicateTableError,
    OothecaError,
    ParseError,
    UndefinedTableError,
    UnsupportedError,
)
from ootheca.exec.dispatch import HANDLERS
from ootheca.exec.result import Result, integer, string
from ootheca.exec.session import Session
from ootheca.exec.stream import Stream
from ootheca.sql import ast

START = Timestamp(1_600_000_000_000_000_000)


def _rows(result: Result) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for batch in result.batches for row in batch.to_pylist()]


def _run(session: Session, sql: str) -> list[Result]:
    return list(session.execute(sql))


def _one(session: Session, sql: str) -> list[tuple[object, ...]]:
    return _rows(_run(session, sql)[-1])


@pytest.fixture
def session() -> Iterator[Session]:
    with Session(clock=FixedClock(START)) as made:
        yield made


def test_a_failing_statement_leaves_no_half_made_table(session: Session) -> None:
    _run(session, "CREATE DATABASE d; USE d; CREATE SEQUENCE s")
    before = session.catalog.next_id
    with pytest.raises(UndefinedTableError, match='relation "nope" does not exist'):
        _run(session, "CREATE TABLE t (id INT PRIMARY KEY DEFAULT nextval('s'), x INT REFERENCES nope (id))")
    assert session.catalog.find_table(("t",), "d") is None
    assert not session.catalog.table(session.catalog.resolve_table(("s",), "d").id).dependedOnBy
    assert session.catalog.next_id == before
    _run(session, "CREATE TABLE t (id INT)")
    assert _one(session, "SELECT count(*) FROM t") == [(0,)]


def test_an_explicit_transaction_undoes_rows_and_descriptors_together(session: Session) -> None:
    _run(session, "CREATE TABLE kept (a INT); INSERT INTO kept VALUES (1)")
    _run(
        session, "BEGIN; CREATE TABLE gone (a INT); INSERT INTO gone VALUES (1); INSERT INTO kept VALUES (2)"
    )
    assert _one(session, "SELECT count(*) FROM gone") == [(1,)]
    assert session.transaction_state == "open"
    _run(session, "ROLLBACK")
    assert _one(session, "SELECT a FROM kept") == [(1,)]
    with pytest.raises(UndefinedTableError):
        _one(session, "SELECT * FROM gone")


def test_an_error_aborts_the_transaction_until_its_end(session: Session) -> None:
    _run(session, "BEGIN; CREATE TABLE t (a INT)")
    with pytest.raises(DuplicateTableError, match=r'relation "defaultdb\.public\.t" already exists'):
        _run(session, "CREATE TABLE t (a INT)")
    with pytest.raises(OothecaError, match="current transaction is aborted, commands ignored until") as error:
        _run(session, "SELECT 1")
    assert error.value.sqlstate == "25P02"
    assert _run(session, "COMMIT")[0].tag == "ROLLBACK"
    assert session.catalog.find_table(("t",), "defaultdb") is None


@pytest.mark.parametrize(
    ("script", "message", "sqlstate"),
    [
        ("COMMIT", "there is no transaction in progress", "25P01"),
        ("ROLLBACK", "there is no transaction in progress", "25P01"),
        ("BEGIN; BEGIN", "there is already a transaction in progress", "25001"),
    ],
)
def test_transaction_statements_out_of_place(
    session: Session, script: str, message: str, sqlstate: str
) -> None:
    with pytest.raises(OothecaError, match=message) as error:
        _run(session, script)
    assert error.value.sqlstate == sqlstate


def test_all_statements_of_a_transaction_have_one_time(session: Session) -> None:
    first, second = _run(session, "BEGIN; SELECT now(); SELECT now(); COMMIT")[1:3]
    assert _rows(first) == _rows(second)
    (after,) = _run(session, "SELECT now()")
    assert _rows(after) > _rows(first)


def test_descriptors_carry_the_clocks_time(session: Session) -> None:
    _run(session, "CREATE TABLE t (a INT)")
    desc = session.catalog.resolve_table(("t",), "defaultdb")
    assert desc.modification_time.wall_time == desc.create_as_of_time.wall_time > START.wall_ns


def test_rows_stay_readable_when_the_next_statement_runs(session: Session) -> None:
    result = _run(session, "SELECT a FROM generate_series(1, 5) AS g(a)")[0]
    _run(session, "CREATE TABLE t (a INT); INSERT INTO t VALUES (7)")
    assert [row[0] for row in _rows(result)] == [1, 2, 3, 4, 5]


def test_a_store_remembers_everything(tmp_path: Path) -> None:
    with Session(tmp_path / "store", version="20.2", clock=FixedClock(START)) as session:
        _run(session, "CREATE DATABASE d; CREATE TABLE d.t (a INT PRIMARY KEY); INSERT INTO d.t VALUES (5)")
        _run(
            session,
            "SET CLUSTER SETTING kv.bulk_sst.target_size = '200 B'; CREATE USER u; COMMENT ON TABLE d.t IS 'c'",
        )
        kept = session.cluster_id, session.catalog.next_id, session.last_change
        assert session.external_io_dir == tmp_path / "store" / "extern"
    with Session(tmp_path / "store") as session:
        assert session.profile.version == "20.2"
        assert (session.cluster_id, session.catalog.next_id, session.last_change) == kept
        assert _one(session, "SHOW CLUSTER SETTING kv.bulk_sst.target_size") == [("200 B",)]
        assert _one(session, "SELECT a FROM d.t") == [(5,)]
        assert [row[0] for row in _one(session, "SHOW USERS")] == ["admin", "root", "u"]
        ((_, text),) = _one(session, "SHOW CREATE TABLE d.t")
        assert str(text).endswith(";\nCOMMENT ON TABLE public.t IS 'c'")
        assert session.now() > kept[2]


def test_the_profile_is_a_cluster_setting(session: Session) -> None:
    assert _one(session, "SHOW CLUSTER SETTING version") == [("21.2",)]
    _run(session, "SET CLUSTER SETTING version = '20.2'; CREATE TABLE t (a INT PRIMARY KEY)")
    assert session.catalog.resolve_table(("t",), "defaultdb").primary_index.name == "primary"
    with pytest.raises(OothecaError, match="no profile for version"):
        _run(session, "SET CLUSTER SETTING version = '1.0'")
    assert session.profile.version == "20.2"


def test_what_changes_the_store_is_remembered_and_reading_is_not(session: Session) -> None:
    before = session.clock.now()
    _run(session, "CREATE TABLE t (a INT)")
    last = session.last_change
    assert last > before
    _run(session, "SELECT * FROM t; SHOW TABLES; SET application_name = 'x'")
    assert session.last_change == last
    _run(session, "INSERT INTO t VALUES (1)")
    assert session.last_change > last


def test_a_store_in_memory_serves_a_folder_that_goes_with_it() -> None:
    with Session() as session:
        folder = session.external_io_dir
        assert folder.is_dir()
    assert not folder.exists()


def test_statements_without_a_handler_are_named(session: Session) -> None:
    with pytest.raises(UnsupportedError, match="CREATE CHANGEFEED"):
        session.run(ast.Unsupported("CREATE CHANGEFEED", "CREATE CHANGEFEED FOR t"))


def test_every_handler_belongs_to_a_statement_class() -> None:
    for name in HANDLERS:
        assert issubclass(getattr(ast, name), ast.Statement)


def test_notices_come_with_the_answer(session: Session) -> None:
    first, second = _run(session, "CREATE TABLE t (a INT); CREATE TABLE IF NOT EXISTS t (a INT)")
    assert first.notices == ()
    assert second.notices == ('relation "t" already exists, skipping',)


def test_tags_are_complete_once_the_rows_are_counted() -> None:
    result = Result.of_rows([integer("n"), string("s")], [(1, "a"), (2, None)], tag="SHOW BACKUP")
    assert result.complete_tag(2) == "SHOW BACKUP 2"
    assert _rows(result) == [(1, "a"), (2, None)]
    assert Result.command("INSERT 0 3").complete_tag(0) == "INSERT 0 3"


def test_an_error_in_kept_rows_waits_for_its_reader() -> None:
    batch = pa.RecordBatch.from_pydict({"a": [1]})
    calls: list[str] = []

    def batches() -> Iterator[pa.RecordBatch]:
        yield batch
        raise OothecaError("late")

    stream = Stream(batches(), lambda: calls.append("end"), lambda: calls.append("error"))
    stream.keep()
    assert calls == ["error"]
    assert next(stream) == batch
    with pytest.raises(OothecaError, match="late"):
        next(stream)
    with pytest.raises(StopIteration):
        next(stream)


@pytest.mark.parametrize("text", ["1 + " * 2000 + "1", "NOT " * 2000 + "true", "(" * 90 + "1" + ")" * 90])
def test_query_that_is_too_deep_to_be_read_is_refused(session: Session, text: str) -> None:
    with pytest.raises(ParseError, match="statement is nested too deeply") as caught:
        _run(session, f"SELECT {text}")
    assert caught.value.sqlstate == "54001"
    assert _one(session, "SELECT 1") == [(1,)]
