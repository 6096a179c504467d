"""Several connections of one process on one store: whose turn it is, what each sees, and who closes what."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import ootheca
from ootheca import Connection
from ootheca.errors import (
    InterfaceError,
    InvalidOptionError,
    OothecaError,
    StorageError,
    UnavailableError,
    UndefinedTableError,
)
from tests.support.jobs import gate_at, wait_for

_COMMAND = (sys.executable, "-m", "ootheca", "--format=csv", "--store")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def pair(store: Path) -> Iterator[tuple[Connection, Connection]]:
    with ootheca.connect(store) as one, ootheca.connect(store) as other:
        yield one, other


def rows(con: Connection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def in_another_process(store: Path, sql: str) -> str:
    done = subprocess.run(
        [*_COMMAND, str(store), "-e", sql], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def all_at_once(*calls: Callable[[], None]) -> list[BaseException]:
    """Run calls in threads of their own; return what they raised."""
    raised: list[BaseException] = []

    def run(call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as exc:
            raised.append(exc)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    return raised


def test_each_sees_what_the_other_committed(pair: tuple[Connection, Connection]) -> None:
    one, other = pair
    one.execute("CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1)")
    assert rows(other, "SELECT a FROM t") == [(1,)]
    other.execute("ALTER TABLE t ADD COLUMN b STRING DEFAULT 'x'; INSERT INTO t VALUES (2, 'y')")
    assert rows(one, "SELECT a, b FROM t ORDER BY a") == [(1, "x"), (2, "y")]
    one.execute("DROP TABLE t; CREATE DATABASE d")
    with pytest.raises(UndefinedTableError):
        other.execute("SELECT a FROM t")
    other.execute("CREATE TABLE t (c INT); INSERT INTO t VALUES (3)")
    assert rows(one, "SELECT c FROM t") == [(3,)]
    assert ("d",) in rows(other, "SELECT database_name FROM [SHOW DATABASES]")


def test_what_is_not_committed_is_the_writers_alone(pair: tuple[Connection, Connection]) -> None:
    one, other = pair
    one.execute("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    one.execute("BEGIN; INSERT INTO t VALUES (2)")
    assert rows(other, "SELECT a FROM t") == [(1,)]
    with pytest.raises(UnavailableError, match="another connection of this thread has a transaction open"):
        other.execute("INSERT INTO t VALUES (3)")
    one.commit()
    other.execute("INSERT INTO t VALUES (3)")
    assert sorted(rows(one, "SELECT a FROM t")) == [(1,), (2,), (3,)]


def test_a_thread_waits_for_the_transaction_of_another(pair: tuple[Connection, Connection]) -> None:
    one, other = pair
    one.execute("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    one.execute("BEGIN; UPDATE t SET a = a + 10")
    has_begun = threading.Event()

    def write() -> None:
        has_begun.set()
        other.execute("UPDATE t SET a = a * 2")

    thread = threading.Thread(target=write)
    thread.start()
    assert has_begun.wait(60)
    assert rows(one, "SELECT a FROM t") == [(11,)]
    one.commit()
    thread.join(60)
    assert rows(one, "SELECT a FROM t") == [(22,)]


@pytest.mark.parametrize("sql", ["SELECT a FROM t ORDER BY a", "UPDATE t SET a = a RETURNING a"])
def test_rows_half_read_are_in_nobodys_way(pair: tuple[Connection, Connection], sql: str) -> None:
    one, other = pair
    one.execute("CREATE TABLE t (a INT); INSERT INTO t SELECT * FROM generate_series(1, 100000)")
    cursor = one.execute(sql)
    first = cursor.fetchone()
    other.execute("DELETE FROM t")
    assert first is not None
    assert sorted([first, *cursor.fetchall()]) == [(n,) for n in range(1, 100_001)]
    assert rows(one, "SELECT count(*) FROM t") == [(0,)]


def test_rows_half_read_before_there_was_another(store: Path) -> None:
    with ootheca.connect(store) as one:
        one.execute("CREATE TABLE t (a INT); INSERT INTO t SELECT * FROM generate_series(1, 100000)")
        cursor = one.execute("SELECT a FROM t ORDER BY a")
        assert cursor.fetchone() == (1,)
        with ootheca.connect(store) as other:
            other.execute("DELETE FROM t")
        assert len(cursor.fetchall()) == 99_999


def test_each_has_its_own_current_value_of_a_sequence(pair: tuple[Connection, Connection]) -> None:
    one, other = pair
    one.execute("CREATE SEQUENCE s")
    assert rows(one, "SELECT nextval('s')") == [(1,)]
    with pytest.raises(OothecaError, match='currval of sequence "s" is not yet defined in this session'):
        other.execute("SELECT currval('s')").fetchall()
    assert rows(other, "SELECT nextval('s')") == [(2,)]
    assert rows(one, "SELECT currval('s')") == [(1,)]
    assert rows(one, "SELECT nextval('s')") == [(3,)]
    assert rows(other, "SELECT currval('s')") == [(2,)]
    one.execute("DROP SEQUENCE s; CREATE SEQUENCE s")
    with pytest.raises(OothecaError, match="not yet defined in this session"):
        one.execute("SELECT currval('s')").fetchall()


def test_threads_write_read_and_back_up_at_once(store: Path) -> None:
    num_writers, num_rounds = 3, 12
    with ootheca.connect(store) as con:
        con.execute("CREATE SEQUENCE s; CREATE TABLE t (n INT DEFAULT nextval('s'), w INT, INDEX (n))")

    def write(writer: int) -> None:
        with ootheca.connect(store) as con:
            for number in range(num_rounds):
                con.execute("BEGIN")
                con.execute("INSERT INTO t (w) VALUES ($1), ($1)", [writer])
                con.rollback() if number % 4 == 3 else con.commit()

    def read() -> None:
        with ootheca.connect(store) as con:
            for _ in range(num_rounds):
                ((count, distinct),) = rows(con, "SELECT count(*), count(DISTINCT rowid) FROM t")
                assert count == distinct
                assert count % 2 == 0

    def back_up() -> None:
        with ootheca.connect(store) as con:
            for number in range(4):
                ((_, status, _, count, _, _),) = rows(con, f"BACKUP TABLE t TO 'nodelocal://1/{number}'")
                assert status == "succeeded"
                con.execute(f"CREATE DATABASE d{number}")
                con.execute(
                    f"RESTORE TABLE t FROM 'nodelocal://1/{number}' WITH into_db = 'd{number}', skip_missing_sequences"
                )
                assert rows(con, f"SELECT count(*) FROM d{number}.t") == [(count,)]

    writers = [lambda writer=writer: write(writer) for writer in range(num_writers)]
    assert all_at_once(*writers, read, back_up) == []
    answer = in_another_process(store, "SELECT count(*), count(DISTINCT n), count(DISTINCT rowid) FROM t")
    kept = 2 * num_writers * (num_rounds - num_rounds // 4)
    assert answer == f"count,count,count\n{kept},{kept},{kept}\n"


def test_the_last_one_lets_go_of_the_store(store: Path) -> None:
    one, other = ootheca.connect(store), ootheca.connect(store)
    one.execute("CREATE TABLE t (a INT)")
    one.close()
    other.execute("INSERT INTO t VALUES (1)")
    with ootheca.connect(store) as third:
        third.execute("INSERT INTO t VALUES (2)")
    other.close()
    other.close()
    assert in_another_process(store, "SELECT count(*) FROM t") == "count\n2\n"


def test_one_that_nobody_closes_lets_go_of_it_too(store: Path) -> None:
    ootheca.connect(store).execute("CREATE TABLE t (a INT)")
    gc.collect()
    assert in_another_process(store, "SELECT count(*) FROM t") == "count\n0\n"


def test_one_that_does_not_open_lets_go_of_it_too(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidOptionError):
        ootheca.connect(store, locality="nowhere")
    with pytest.raises(ootheca.OperationalError, match="password authentication failed for user nobody"):
        ootheca.connect(store, user="nobody")

    def fail(_: object) -> None:
        raise StorageError("disk on fire")

    monkeypatch.setattr("ootheca.exec.open_store.load_catalog", fail)
    with pytest.raises(StorageError, match="disk on fire"):
        ootheca.connect(store)
    assert in_another_process(store, "SELECT 1 AS a") == "a\n1\n"


def test_a_store_that_was_removed_is_not_joined(store: Path) -> None:
    with ootheca.connect(store):
        shutil.rmtree(store)
        with pytest.raises(StorageError, match="the store was removed while it is open"):
            ootheca.connect(store)
    with ootheca.connect(store) as con:
        assert rows(con, "SHOW TABLES") == []


def test_a_relative_name_is_that_of_where_it_was_opened(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with ootheca.connect("store") as one:
        one.execute("CREATE TABLE t (a INT)")
        monkeypatch.chdir("/")
        with ootheca.connect(store) as other:
            assert rows(other, "SELECT count(*) FROM t") == [(0,)]


def test_every_table_has_its_fingerprint_when_the_last_one_has_closed(store: Path) -> None:
    with ootheca.connect(store):
        pass
    with ootheca.connect(store), ootheca.connect(store) as other:
        other.execute("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    with duckdb.connect(str(store / "store.duckdb"), read_only=True) as raw:
        stored = raw.execute("SELECT count(*) FROM ootheca.fingerprints WHERE name = 't'").fetchall()
    assert stored == [(1,)]


def test_a_job_goes_on_when_the_one_that_began_it_closes(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ootheca.connect(store) as other:
        other.execute("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
        one = ootheca.connect(store)
        with gate_at(monkeypatch, 0) as gate:
            ((job_id,),) = rows(one, "BACKUP TABLE t TO 'nodelocal://1/x' WITH DETACHED")
            gate.wait()
            one.close()
            assert rows(other, f"SELECT status FROM [SHOW JOB {job_id}]") == [("running",)]
        assert wait_for(other, job_id) == "succeeded"


def test_a_job_goes_on_though_nobody_holds_the_one_that_began_it(store: Path) -> None:
    with ootheca.connect(store) as con:
        con.execute("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    ((job_id,),) = rows(ootheca.connect(store), "BACKUP TABLE t TO 'nodelocal://1/x' WITH DETACHED")
    gc.collect()
    with ootheca.connect(store) as con:
        assert wait_for(con, job_id) == "succeeded"


def test_threads_do_not_share_a_connection(store: Path) -> None:
    with ootheca.connect(store) as con:
        cursor = con.execute("SELECT * FROM generate_series(1, 200000)")
        is_in_use, may_end = threading.Event(), threading.Event()

        def hold() -> None:
            with con._calls:
                is_in_use.set()
                assert may_end.wait(60)

        thread = threading.Thread(target=hold)
        thread.start()
        assert is_in_use.wait(60)
        calls: list[Callable[[], object]] = [
            lambda: con.execute("SELECT 1"), cursor.fetchone, cursor.fetchall, lambda: next(cursor), cursor.arrow,
            cursor.fetchmany, con.commit, con.rollback,
        ]  # fmt: skip
        for call in calls:
            with pytest.raises(InterfaceError, match="the connection is in use by another thread") as caught:
                call()
            assert caught.value.sqlstate == "55006"
        may_end.set()
        thread.join(60)
        assert len(cursor.fetchall()) == 200_000
