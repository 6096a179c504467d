"""The DB-API door, and what importing the package loads."""

from __future__ import annotations

import datetime
import subprocess
import sys
import uuid
from decimal import Decimal
from pathlib import Path

import pytest

import ootheca
from ootheca.parameters import bind


def test_execute_fetch_and_description() -> None:
    with ootheca.connect() as con:
        con.execute("CREATE TABLE t (id INT PRIMARY KEY, d DECIMAL, s STRING)")
        cursor = con.execute("INSERT INTO t VALUES (1, 1.50, 'a'), (2, NULL, 'b')")
        assert (cursor.description, cursor.rowcount, cursor.tag) == (None, 2, "INSERT 0 2")
        cursor = con.execute("SELECT id, d, s FROM t ORDER BY id")
        assert [column[:2] for column in cursor.description or ()] == [
            ("id", "INT8"),
            ("d", "DECIMAL"),
            ("s", "STRING"),
        ]
        assert cursor.fetchone() == (1, Decimal("1.50"), "a")
        assert cursor.fetchmany(5) == [(2, None, "b")]
        assert cursor.fetchone() is None
        table = con.execute("SELECT id FROM t ORDER BY id").arrow()
        assert table.column("id").to_pylist() == [1, 2]
        assert con.execute("SELECT id FROM t WHERE false").arrow().num_rows == 0
        assert list(con.execute("SELECT s FROM t ORDER BY id")) == [("a",), ("b",)]


def test_cursors_read_side_by_side() -> None:
    with ootheca.connect() as con:
        first = con.execute("SELECT a FROM generate_series(1, 3) AS g(a)")
        second = con.execute("SELECT 'x'")
        assert (second.fetchall(), first.fetchall()) == ([("x",)], [(1,), (2,), (3,)])


def test_commit_and_rollback_end_what_begin_started() -> None:
    with ootheca.connect() as con:
        con.execute("CREATE TABLE t (a INT)")
        con.commit()
        con.execute("BEGIN; INSERT INTO t VALUES (1)")
        con.rollback()
        con.execute("BEGIN; INSERT INTO t VALUES (2)")
        con.commit()
        assert con.execute("SELECT a FROM t").fetchall() == [(2,)]


def test_parameters_come_back_as_they_went_in() -> None:
    moment = datetime.datetime(2021, 2, 3, 4, 5, 6, 789, tzinfo=datetime.UTC)
    values = [
        7,
        -7,
        1.5,
        "it's $1 'q'",
        True,
        uuid.UUID(int=5),
        Decimal("1.10"),
        datetime.date(2020, 2, 29),
        moment,
    ]
    with ootheca.connect() as con:
        names = ", ".join(f"${number + 1}" for number in range(len(values)))
        (row,) = con.execute(f"SELECT {names}, '$1' -- $99", values).fetchall()
    assert list(row) == [*values, "$1"]


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (None, "NULL"),
        (b"\x00a", "x'0061'"),
        ([1, "a"], "ARRAY[1, 'a']"),
        ({"a": 1}, "'{\"a\": 1}'::JSONB"),
        (datetime.timedelta(seconds=1.5), "'1500000 microseconds'::INTERVAL"),
    ],
)
def test_literals(value: object, literal: str) -> None:
    assert bind("SELECT $1", [value]) == f"SELECT {literal}"


def test_missing_parameters_are_named() -> None:
    with pytest.raises(ootheca.OothecaError, match=r"no value provided for placeholder: \$2"):
        bind("SELECT $2", [1])


def test_a_closed_connection_says_so(tmp_path: Path) -> None:
    con = ootheca.connect(tmp_path / "s")
    con.close()
    con.close()
    with pytest.raises(ootheca.Error, match="closed"):
        con.execute("SELECT 1")


def test_parse_gives_statements_with_canonical_text() -> None:
    assert [str(statement) for statement in ootheca.parse("show jobs; begin")] == [
        "SHOW JOBS",
        "BEGIN TRANSACTION",
    ]


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = "{'boto3', 'prompt_toolkit', 'tabulate', 'duckdb', 'pyarrow', 'lark', 'sqlglot', 'obstore'}"
    code = f"import sys, ootheca; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
