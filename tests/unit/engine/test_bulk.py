"""INSERT of many constants goes past sqlglot, and answers what the usual way answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ootheca.connection import Connection, connect
from ootheca.engine import dialect
from ootheca.engine.bulk import read_rows
from ootheca.errors import OothecaError

TABLE = """CREATE TABLE t (id INT PRIMARY KEY, a STRING, b INT2, c DECIMAL, d DECIMAL(10,2), e BOOL, f FLOAT,
    g TIMESTAMP, u UUID, v VARCHAR(5), j JSONB, y BYTES, n INT DEFAULT 7, INDEX (a))"""
FILL = [f"({number})" for number in range(100, 108)]


@pytest.fixture
def con() -> Iterator[Connection]:
    with connect() as con:
        con.execute(TABLE)
        yield con


def rows_of(*values: str) -> str:
    """Return rows with ids before the values, and enough of them."""
    width = values[0].count("|") + 1
    rows = [f"({number}, {value.replace('|', ', ')})" for number, value in enumerate(values)]
    nulls = ", ".join(["NULL"] * width)
    return ", ".join([*rows, *(f"({number}, {nulls})" for number in range(100, 108))])


CASES = [
    ("id, a", rows_of("'x'", "'it''s'", "''", "'é'", "1.50", "-7", "NULL")),
    ("id, a", rows_of("'x'", "true")),
    ("id, b", rows_of("1", "-32768", "'5'", "1.4")),
    ("id, b", rows_of("1", "32768")),
    ("id, n", rows_of("1", "9223372036854775807", "-9223372036854775808")),
    ("id, n", rows_of("1", "9223372036854775808")),
    ("id, n", rows_of("'x'")),
    ("id, c, d", rows_of("1.50|2.555", "-0.1|'3'", "100000000000000000000000000000|0", "'NaN'|NULL")),
    ("id, e", rows_of("true", "FALSE", "'t'", "'no'")),
    ("id, e", rows_of("1")),
    ("id, f", rows_of("1.5", "-2", "'NaN'", "1")),
    ("id, g", rows_of("'2020-01-01'", "'0044-03-15 BC'", "'nonsense'")),
    ("id, u, v", rows_of("'00000000-0000-0000-0000-000000000001'|'abcde'")),
    ("id, v", rows_of("'abcdef'")),
    ("id, j, y", rows_of("""'{"a": [1]}'|'x'""", "'1'|'\\x41'")),
    ("a", ", ".join(["('x')"] * 9)),
    ("id, nope", rows_of("1")),
    ("id, id", rows_of("1")),
    ("id", "(1), (1), " + ", ".join(FILL)),
    ("id, a, b", rows_of("'x'")),
    ("id, a", f"{rows_of('1')}, (5)"),
    ("id", f"{', '.join(FILL)} LIMIT 2"),
    ("id", f"{', '.join(FILL)} ON CONFLICT DO NOTHING"),
    ("id", f"{', '.join(FILL)} RETURNING id, n"),
    ("id", f"{', '.join(FILL)} BOGUS"),
    ("id", f"{', '.join(FILL)} RETURNING"),
    ("id", f"{', '.join(FILL)}, (1 + 1), (DEFAULT)"),
    ("id", f"{', '.join(FILL)},"),
]


def outcome(con: Connection, sql: str) -> tuple[object, ...]:
    try:
        cursor = con.execute(sql)
        answer: tuple[object, ...] = (cursor.tag, tuple(cursor.fetchall()))
    except OothecaError as error:
        answer = (error.sqlstate, error.message, error.detail, error.hint)
    return (*answer, con.execute("SELECT * FROM t ORDER BY id, a").fetchall())


@pytest.mark.parametrize("verb", ["INSERT", "UPSERT"])
@pytest.mark.parametrize(("columns", "rows"), CASES)
def test_answers_as_the_usual_way_does(
    con: Connection, monkeypatch: pytest.MonkeyPatch, verb: str, columns: str, rows: str
) -> None:
    sql = f"{verb} INTO t ({columns}) VALUES {rows}"
    if "id" not in columns:
        sql = sql.replace(f"({columns})", f"(id, {columns})").replace("('x')", "('x', 'y')")
    quick = outcome(con, sql)
    with connect() as other, monkeypatch.context() as patch:
        other.execute(TABLE)
        patch.setattr(dialect, "read_rows", lambda source: None)
        usual = outcome(other, sql)
    assert repr(quick) == repr(usual)  # NaN is not equal to itself


@pytest.mark.parametrize("head", ["INSERT INTO t VALUES", 'upsert  into d.public."a b" ("x y", b)\nvalues'])
def test_rows_of_constants_are_taken(head: str) -> None:
    cells = "( 1,'it''s'\n) ,(-2.5 , NULL),"
    found = read_rows(f"{head} {cells * 4} (3, true) RETURNING id")
    assert found is not None
    assert found.text == f"{head} ( 1,'it''s'\n) RETURNING id"
    assert found.columns[0] == ("1", "-2.5") * 4 + ("3",)
    assert found.columns[1] == ("'it''s'", "NULL") * 4 + ("true",)


@pytest.mark.parametrize(
    "rows",
    [
        "(1), " * 6 + "(2)",  # too few to be worth it
        "(1), " * 9 + "(e'x')",
        "(1), " * 9 + "(1 + 1)",
        "(1), " * 9 + "(-- one\n1)",
        "(1), " * 9 + "(1, 2)",
        "(1), " * 9 + "('a' 'b')",
        "(1), " * 9 + "('\x01')",
        "(1), " * 9 + "('\udcff')",
        "(1), " * 9 + "(1e5)",
        "(1), " * 9 + "(1) UNION SELECT 2",
        "(1), " * 10,
    ],
)
def test_anything_else_is_left_alone(rows: str) -> None:
    assert read_rows(f"INSERT INTO t VALUES {rows}") is None
