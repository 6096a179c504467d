"""The past of a store: AS OF SYSTEM TIME in queries and backups, layers, and where the past ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import ootheca
from ootheca.clock import Timestamp
from ootheca.connection import Connection
from ootheca.errors import OothecaError

COLLECTION = "'nodelocal://1/c'"


class SteppingClock:
    """A clock that tests move on by hand; every reading is later than the one before."""

    def __init__(self) -> None:
        self.time = Timestamp(1_600_000_000_000_000_000)

    def now(self) -> Timestamp:
        self.time = self.time.next()
        return self.time

    def wait(self, seconds: int) -> None:
        self.time = Timestamp(self.time.wall_ns + seconds * 1_000_000_000)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def con(tmp_path: Path, clock: SteppingClock) -> Iterator[Connection]:
    with ootheca.connect(external_io_dir=tmp_path, sandbox=True, clock=clock) as connection:
        yield connection


def rows(con: Connection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def mark(con: Connection) -> str:
    found: str = rows(con, "SELECT cluster_logical_timestamp()::STRING")[0][0]
    return found


def fill(con: Connection) -> None:
    con.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, v STRING, d DECIMAL, INDEX (v), FAMILY (id, v), FAMILY (d))"
    )
    con.execute("INSERT INTO t VALUES (1, 'a', 1.50), (2, 'b', NULL), (3, 'c', 3)")


FILLED = [(1, "a", "1.50"), (2, "b", None), (3, "c", "3")]


def past(con: Connection, time: str) -> list[tuple[Any, ...]]:
    return rows(con, f"SELECT id, v, d::STRING FROM t AS OF SYSTEM TIME {time} ORDER BY id")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE t SET v = 'x', d = 9 WHERE id < 3",
        "UPDATE t SET id = id + 1 WHERE true",
        "UPDATE t SET d = NULL WHERE true; UPDATE t SET d = 7 WHERE id = 2",
        "DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (2, 'again', 0)",
        "UPSERT INTO t VALUES (1, 'u', 1), (9, 'n', 2)",
        "INSERT INTO t VALUES (1, 'u', 1) ON CONFLICT (id) DO UPDATE SET v = excluded.v",
        "DELETE FROM t WHERE true",
        "TRUNCATE t; INSERT INTO t VALUES (1, 'new', 1)",
        "DROP TABLE t",
        "ALTER TABLE t RENAME TO other",
        "ALTER TABLE t RENAME COLUMN v TO w; UPDATE t SET w = 'q' WHERE id = 1",
        "ALTER TABLE t DROP COLUMN d; INSERT INTO t VALUES (4, 'z')",
        "ALTER TABLE t ADD COLUMN e INT DEFAULT 4; UPDATE t SET e = 5 WHERE id = 1",
        "ALTER TABLE t ALTER COLUMN d TYPE STRING",
        "ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (id, v)",
        "DROP INDEX t@t_v_idx; CREATE INDEX ON t (d)",
        "BEGIN; INSERT INTO t VALUES (5, 'e', 5); UPDATE t SET v = 'f' WHERE id = 5; DELETE FROM t; COMMIT",
        "DROP DATABASE defaultdb CASCADE; CREATE DATABASE defaultdb",
    ],
)  # fmt: skip
def test_a_query_sees_the_rows_of_a_time(con: Connection, change: str) -> None:
    fill(con)
    time = mark(con)
    if "ALTER PRIMARY KEY" in change:
        con.execute("ALTER TABLE t ALTER COLUMN v SET NOT NULL")
    for statement in change.split("; "):
        con.execute(statement)
    assert past(con, time) == FILLED
    con.execute("CREATE TABLE after (id INT)")
    assert past(con, f"'{time}'") == FILLED


def test_what_a_query_of_the_past_makes_does_not_stay(con: Connection) -> None:
    fill(con)
    time = mark(con)
    con.execute("DELETE FROM t WHERE true")
    before = rows(con, "SHOW TABLES")
    for _ in range(2):
        assert past(con, time) == FILLED
    assert rows(con, "SHOW TABLES") == before
    assert rows(con, "SELECT count(*) FROM t") == [(0,)]


def test_views_and_sequences_have_a_past(con: Connection) -> None:
    fill(con)
    con.execute("CREATE VIEW big AS SELECT id FROM t WHERE id > 1")
    con.execute("CREATE SEQUENCE s")
    assert rows(con, "SELECT nextval('s')") == [(1,)]
    time = mark(con)
    assert rows(con, "SELECT nextval('s')") == [(2,)]
    con.execute("DROP VIEW big; DELETE FROM t WHERE id = 3")
    assert rows(con, f"SELECT id FROM big AS OF SYSTEM TIME {time}") == [(2,), (3,)]
    assert rows(con, f"SELECT last_value FROM s AS OF SYSTEM TIME {time}") == [(1,)]
    assert rows(con, "SELECT last_value FROM s") == [(2,)]


def test_the_forms_of_a_time(con: Connection, clock: SteppingClock) -> None:
    fill(con)
    clock.wait(100)
    con.execute("DELETE FROM t WHERE true")
    numbers = ("1600000060000000000", "'1600000060000000000.0'")
    for form in ("'-10s'", "INTERVAL '-10s'", "'2020-09-13 12:27:00'", *numbers):
        assert past(con, form) == FILLED, form
    with pytest.raises(OothecaError, match='relation "t" does not exist'):
        past(con, "'-1h'")
    with pytest.raises(OothecaError, match="cannot specify timestamp in the future"):
        past(con, "'+1h'")
    con.execute("BEGIN")
    with pytest.raises(OothecaError, match="AS OF SYSTEM TIME must be provided on a top-level statement"):
        past(con, "'-10s'")


def test_a_backup_of_the_past_holds_the_rows_of_then(con: Connection) -> None:
    fill(con)
    time = mark(con)
    con.execute(
        "UPDATE t SET v = 'x' WHERE id = 1; DELETE FROM t WHERE id = 2; ALTER TABLE t ADD COLUMN e INT"
    )
    con.execute(f"BACKUP DATABASE defaultdb INTO {COLLECTION} AS OF SYSTEM TIME {time}")
    con.execute(f"RESTORE DATABASE defaultdb FROM LATEST IN {COLLECTION} WITH new_db_name = 'was'")
    assert rows(con, "SELECT id, v, d::STRING FROM was.t ORDER BY id") == FILLED


def test_layers_of_one_chain_give_every_state_back(con: Connection, clock: SteppingClock) -> None:
    fill(con)
    states = []
    con.execute(f"BACKUP DATABASE defaultdb INTO {COLLECTION} WITH revision_history")
    for change in (
        "INSERT INTO t VALUES (4, 'd', 4)",
        "UPDATE t SET id = id + 10 WHERE id < 3",
        "ALTER TABLE t ADD COLUMN e INT NOT NULL DEFAULT 5",
        "TRUNCATE t",
        "INSERT INTO t VALUES (7, 'seven', 7, 70)",
        "DROP INDEX t@t_v_idx",
    ):
        clock.wait(1)
        con.execute(change)
        states.append((mark(con), rows(con, "SELECT * FROM t ORDER BY id")))
        if len(states) % 2:
            con.execute(f"BACKUP DATABASE defaultdb INTO LATEST IN {COLLECTION} WITH revision_history")
    clock.wait(1)
    con.execute(f"BACKUP DATABASE defaultdb INTO LATEST IN {COLLECTION} WITH revision_history")
    for number, (time, expected) in enumerate(states):
        name = f"db{number}"
        con.execute(
            f"RESTORE DATABASE defaultdb FROM LATEST IN {COLLECTION} AS OF SYSTEM TIME {time} "
            f"WITH new_db_name = '{name}'"
        )
        assert rows(con, f"SELECT * FROM {name}.t ORDER BY id") == expected


def test_history_is_kept_for_as_long_as_the_zone_says(con: Connection, clock: SteppingClock) -> None:
    fill(con)
    con.execute("ALTER TABLE t CONFIGURE ZONE USING gc.ttlseconds = 600")
    con.execute(f"BACKUP TABLE t INTO {COLLECTION}")
    con.execute("UPDATE t SET v = 'x' WHERE id = 1; DELETE FROM t WHERE id = 2")
    now = rows(con, "SELECT id, v FROM t ORDER BY id")
    clock.wait(300)
    time = mark(con)
    clock.wait(900)
    con.execute("BACKUP TABLE t INTO 'nodelocal://1/other'")
    assert rows(con, "SELECT id, v FROM t ORDER BY id") == now
    with pytest.raises(OothecaError, match=r"batch timestamp .* must be after replica GC threshold"):
        past(con, time)
    with pytest.raises(OothecaError, match="must be after replica GC threshold"):
        con.execute(f"BACKUP TABLE t INTO LATEST IN {COLLECTION}")
    assert rows(con, "SELECT id, v FROM t AS OF SYSTEM TIME '-1s' ORDER BY id") == now


# Writes of other programs


def test_what_another_program_wrote_is_in_the_next_layer(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with ootheca.connect(store) as con:
        fill(con)
        con.execute("CREATE TABLE still (id INT PRIMARY KEY); INSERT INTO still VALUES (1), (2)")
        con.execute(f"BACKUP DATABASE defaultdb INTO {COLLECTION} WITH revision_history")
        time = mark(con)
    with duckdb.connect(str(store / "store.duckdb")) as other:
        other.execute("""DELETE FROM "defaultdb.public".t WHERE id = 1""")
        other.execute("""UPDATE "defaultdb.public".t SET v = 'by hand' WHERE id = 2""")
        other.execute("""INSERT INTO "defaultdb.public".t VALUES (9, 'new', NULL)""")
    changed = [(2, "by hand"), (3, "c"), (9, "new")]
    with ootheca.connect(store) as con:
        assert rows(con, "SELECT id, v FROM t ORDER BY id") == changed
        found = con.execute(
            f"BACKUP DATABASE defaultdb INTO LATEST IN {COLLECTION} WITH revision_history"
        ).fetchall()
        assert found[0][3:5] == (3, 3)
        con.execute(f"RESTORE DATABASE defaultdb FROM LATEST IN {COLLECTION} WITH new_db_name = 'again'")
        assert rows(con, "SELECT id, v FROM again.t ORDER BY id") == changed
        with pytest.raises(OothecaError, match="must be after replica GC threshold"):
            past(con, time)
        assert rows(con, f"SELECT id FROM still AS OF SYSTEM TIME {time}") == [(1,), (2,)]
        with pytest.raises(OothecaError, match="only has revision history from"):
            con.execute(f"RESTORE TABLE t FROM LATEST IN {COLLECTION} AS OF SYSTEM TIME {mark_after(time)}")


def mark_after(time: str) -> str:
    wall, logical = time.split(".")
    return f"{int(wall) + 1}.{logical}"


def test_a_store_that_nobody_else_wrote_to_keeps_its_past(tmp_path: Path) -> None:
    with ootheca.connect(tmp_path) as con:
        fill(con)
        time = mark(con)
    with duckdb.connect(str(tmp_path / "store.duckdb")) as other:
        other.execute("CREATE TABLE main.mine (x INT)")  # the file changes, the tables do not
    with ootheca.connect(tmp_path) as con:
        con.execute("DELETE FROM t WHERE true")
        assert past(con, time) == FILLED


def test_a_session_that_was_killed_keeps_its_past(tmp_path: Path) -> None:
    script = (
        "import os, sys, ootheca\n"
        "con = ootheca.connect(sys.argv[1])\n"
        "con.execute('CREATE TABLE t (id INT PRIMARY KEY, v STRING, d DECIMAL)')\n"
        "con.execute(\"INSERT INTO t VALUES (1, 'a', 1)\")\n"
        "print(con.execute('SELECT cluster_logical_timestamp()::STRING').fetchall()[0][0], flush=True)\n"
        "os._exit(9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 9, done.stderr
    with ootheca.connect(tmp_path) as con:
        con.execute("DELETE FROM t WHERE true")
        assert past(con, done.stdout.strip()) == [(1, "a", "1")]
