"""Stored expressions have the type of what they are for, or the table is not made.

Source of the words and codes: see `type_check`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ootheca.errors import OothecaError
from ootheca.exec.session import Session


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session() as made:
        list(
            made.execute(
                "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE other AS ENUM ('sad'); CREATE SEQUENCE s"
            )
        )
        yield made


def refusal(session: Session, sql: str) -> tuple[str, str]:
    with pytest.raises(OothecaError) as caught:
        list(session.execute(sql))
    return caught.value.sqlstate, caught.value.message


@pytest.mark.parametrize(
    ("columns", "context", "expected", "shown", "actual"),
    [
        ("a INT DEFAULT 1.5", "DEFAULT", "int", "1.5", "decimal"),
        ("a INT2 DEFAULT -1.5", "DEFAULT", "int2", "-1.5", "decimal"),
        ("a INT DEFAULT 1e-400", "DEFAULT", "int", "1e-400", "decimal"),
        ("a INT DEFAULT true", "DEFAULT", "int", "true", "bool"),
        ("a INT DEFAULT now()", "DEFAULT", "int", "now()", "timestamptz"),
        ("a INT DEFAULT (1 = 1)", "DEFAULT", "int", "1 = 1", "bool"),
        ("a INT DEFAULT 1::STRING", "DEFAULT", "int", "1::STRING", "string"),
        ("a BOOL DEFAULT 1", "DEFAULT", "bool", "1", "int"),
        ("a STRING DEFAULT 1", "DEFAULT", "string", "1", "int"),
        ("a VARCHAR(3) DEFAULT 1", "DEFAULT", "varchar", "1", "int"),
        ("a STRING DEFAULT gen_random_uuid()", "DEFAULT", "string", "gen_random_uuid()", "uuid"),
        ("a STRING DEFAULT nextval('s')", "DEFAULT", "string", "nextval('s')", "int"),
        ("a DECIMAL(4,2) DEFAULT random()", "DEFAULT", "decimal", "random()", "float"),
        ("a INT DEFAULT B'101'", "DEFAULT", "int", "B'101'", "varbit"),
        ("a INT[] DEFAULT 1", "DEFAULT", "int[]", "1", "int"),
        ("a INT[] DEFAULT NULL::STRING[]", "DEFAULT", "int[]", "NULL::STRING[]", "string[]"),
        ("a mood DEFAULT 'sad'::other", "DEFAULT", "mood", "'sad'::other", "other"),
        ("a INT ON UPDATE now()", "ON UPDATE", "int", "now()", "timestamptz"),
        ("a STRING, b INT AS (a) STORED", "computed column", "int", "a", "string"),
        ("a INT, b INT AS (1.5) VIRTUAL", "computed column", "int", "1.5", "decimal"),
        ("a INT CHECK (1)", "CHECK", "bool", "1", "int"),
        ("a INT, CHECK (a)", "CHECK", "bool", "a", "int"),
        ("a INT, INDEX (a) WHERE a", "index predicate", "bool", "a", "int"),
    ],
)
def test_another_type_is_refused(
    session: Session, columns: str, context: str, expected: str, shown: str, actual: str
) -> None:
    assert refusal(session, f"CREATE TABLE refused ({columns})") == (
        "XXUUU",
        f"expected {context} expression to have type {expected}, but '{shown}' has type {actual}",
    )
    assert session.catalog.find_table(("refused",), "defaultdb") is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("INT DEFAULT 1.0", 1),
        ("INT DEFAULT -1.0", -1),
        ("INT DEFAULT (1e3)", 1000),
        ("INT4 DEFAULT '7'", 7),
        ("INT DEFAULT 1::INT2", 1),
        ("INT DEFAULT NULL::INT", None),
        ("INT DEFAULT 0x1F", 31),
        ("FLOAT4 DEFAULT 1", 1.0),
        ("STRING DEFAULT 'x'::VARCHAR(10)", "x"),
        ("NAME DEFAULT 'x'", "x"),
        ("VARBIT DEFAULT B'101'", "101"),
        ("BOOL DEFAULT (1 = 1)", True),
        ("INT[] DEFAULT ARRAY[1]", [1]),
        ("mood DEFAULT 'ok'::mood", "ok"),
        ("BYTES DEFAULT b'x'", b"x"),
    ],
)
def test_the_same_type_is_taken_whatever_its_width(session: Session, column: str, value: object) -> None:
    *_, last = session.execute(
        f"CREATE TABLE taken (a {column}); INSERT INTO taken DEFAULT VALUES; SELECT a FROM taken"
    )
    assert [row["a"] for batch in last.batches for row in batch.to_pylist()] == [value]
    list(session.execute("DROP TABLE taken"))


@pytest.mark.parametrize("moment", ["DATE", "TIMESTAMP", "TIMESTAMPTZ"])
def test_now_takes_the_type_that_is_wanted(session: Session, moment: str) -> None:
    list(session.execute(f"CREATE TABLE moments (a {moment} DEFAULT now()); DROP TABLE moments"))


def test_constants_are_refused_in_the_words_of_insert(session: Session) -> None:
    list(session.execute("CREATE TABLE numbers (a INT)"))
    said = refusal(session, "INSERT INTO numbers VALUES ('abc')")
    assert said[0] == "22P02"
    assert refusal(session, "CREATE TABLE refused (a INT DEFAULT 'abc')") == said
    assert refusal(session, "ALTER TABLE numbers ALTER a SET DEFAULT 'abc'") == said


def test_neither_defaults_nor_updates_read_columns(session: Session) -> None:
    assert refusal(session, "CREATE TABLE refused (a INT, b INT DEFAULT a + 1)") == (
        "42601",
        "variable sub-expressions are not allowed in DEFAULT",
    )
    assert refusal(session, "CREATE TABLE refused (a INT, b INT ON UPDATE a)") == (
        "42601",
        "variable sub-expressions are not allowed in ON UPDATE",
    )
    list(session.execute("CREATE TABLE altered (a INT, b INT)"))
    for change in ("SET DEFAULT b", "SET ON UPDATE b"):
        assert refusal(session, f"ALTER TABLE altered ALTER a {change}")[0] == "42601"
    assert refusal(session, "ALTER TABLE altered ALTER a SET DEFAULT 'x'::STRING")[0] == "XXUUU"
