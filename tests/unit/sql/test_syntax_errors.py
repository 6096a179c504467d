"""Where a syntax error is reported, in which words, and what it hints at."""

from __future__ import annotations

import pytest

from ootheca.errors import ParseError
from ootheca.sql import ast
from ootheca.sql.parser import parse, parse_expression, parse_one, syntax_error


def refused(text: str) -> ParseError:
    with pytest.raises(ParseError) as caught:
        parse(text)
    return caught.value


def test_word_that_begins_no_statement() -> None:
    error = refused("SELEC 2")
    assert error.message == 'at or near "selec": syntax error'
    assert error.detail == "source SQL:\nSELEC 2\n^"
    assert error.hint is None
    assert error.sqlstate == "42601"


def test_caret_stands_on_the_line_of_the_error() -> None:
    error = refused("BACKUP DATABASE a\nTO 'x'\nWITH foo\n, bar")
    assert error.detail == "source SQL:\nBACKUP DATABASE a\nTO 'x'\nWITH foo\n     ^"
    assert error.hint == "try \\h BACKUP"


def test_caret_column_counts_bytes() -> None:
    assert refused("BACKUP TO '日本' 'y'").detail == "source SQL:\nBACKUP TO '日本' 'y'\n" + " " * 19 + "^"


def test_source_is_the_failing_statement_alone() -> None:
    error = refused("SELECT 1;\n  -- two\n  RESTORE FROM ; SELECT 3")
    assert error.detail == "source SQL:\nRESTORE FROM\n            ^"
    assert error.message == 'at or near "EOF": syntax error'


def test_error_inside_brackets_points_into_the_query() -> None:
    error = refused("SELECT * FROM [SHOW BACKUP]")
    assert error.message == 'at or near "]": syntax error'
    assert error.detail == "source SQL:\nSELECT * FROM [SHOW BACKUP]\n                          ^"
    assert error.hint == "try \\h SHOW BACKUP"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("BACKUP TO 'x", "lexical error: unterminated string", "try \\h BACKUP"),
        ("SELECT 'x", "lexical error: unterminated string", "try \\h SELECT"),
        ('SHOW CREATE "x', "lexical error: unterminated string", "try \\h SHOW CREATE"),
        ("BACKUP TO /* x", "lexical error: unterminated comment", "try \\h BACKUP"),
        ("BACKUP TO e'\\xZZ'", "lexical error: invalid syntax", "try \\h BACKUP"),
        ("BACKUP TO e'\\xff'", "lexical error: invalid UTF-8 byte sequence", "try \\h BACKUP"),
    ],
)
def test_text_that_cannot_be_read(text: str, message: str, hint: str) -> None:
    error = refused(text)
    assert (error.message, error.hint) == (message, hint)


@pytest.mark.parametrize(
    ("text", "message", "sqlstate"),
    [
        ("BACKUP TENANT 0 TO 'x'", 'at or near "0": syntax error: invalid tenant ID', "42601"),
        ("CREATE TABLE t (a MONEY)", 'at or near ")": syntax error: unimplemented: this syntax', "0A000"),
        (
            "CREATE TABLE t (c STRING COLLATE en DEFAULT 'a' COLLATE en)",
            'at or near ")": syntax error: multiple COLLATE declarations for column "c"',
            "42601",
        ),
        ("CREATE TABLE t (a INT NULL NOT NULL)", None, "42601"),
        ("CREATE TABLE t (a BOOL DEFAULT NOT false)", 'at or near "not": syntax error', "42601"),
        (
            "RESTORE FROM 'x' WITH skip_missing_views, skip_missing_views",
            'at or near "skip_missing_views": syntax error: skip_missing_views specified multiple times',
            "42601",
        ),
    ],
)
def test_refused_while_building(text: str, message: str | None, sqlstate: str) -> None:
    error = refused(text)
    if message is not None:
        assert error.message == message
    assert error.sqlstate == sqlstate


@pytest.mark.parametrize("depth", [150, 20_000])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("(", ")"),
        ("ARRAY[", "]"),
        ("NOT ", ""),
        ("1 + ", ""),
        ("- ", ""),
        ("~", ""),
        ("CASE WHEN ", " THEN 1 END"),
    ],
)
def test_deep_nesting_is_refused(depth: int, opening: str, closing: str) -> None:
    error = refused(f"SET x = {opening * depth}a{closing * depth}")
    assert error.message.endswith("statement is nested too deeply")
    assert error.sqlstate == "54001"


@pytest.mark.parametrize("depth", [10, 30, 50, 110, 130])
@pytest.mark.parametrize("opening", ["~", "NOT ", "1 + ", "1 + -"])
def test_canonical_text_of_what_is_accepted_is_not_nested_too_deeply(depth: int, opening: str) -> None:
    text = f"SET x = {opening * depth}1"
    try:
        statement = parse_one(text)
    except ParseError as caught:
        error: ParseError | None = caught
    else:
        error = None
        assert str(parse_one(str(statement))) == str(statement)
    assert error is None or error.sqlstate == "54001"
    assert (error is None) == (depth <= 50)


@pytest.mark.parametrize("depth", [150, 5000])
def test_deep_nesting_in_a_query_that_is_passed_on_is_refused(depth: int) -> None:
    assert refused(f"SELECT {'(' * depth}1{')' * depth}").sqlstate == "54001"
    text = f"SELECT * FROM {'[SHOW JOBS SELECT * FROM ' * depth}x{']' * depth}"
    assert refused(text).sqlstate == "54001"


def test_moderate_nesting_parses_and_prints() -> None:
    text = f"{'(' * 60}1{')' * 60}"
    assert str(parse_expression(text)) == text


def test_long_lists_are_read_whole() -> None:
    keys = ", ".join(f"'aws:///{number}'" for number in range(50_000))
    statement = parse_one(f"BACKUP TO 'x' WITH kms = ({keys})")
    assert isinstance(statement, ast.Backup)
    assert statement.options.kms[-1] == "aws:///49999"
    assert len(statement.options.kms) == 50_000
    parts = ".".join(["a"] * 50_000)
    assert str(parse_one(f"SET CLUSTER SETTING {parts} = 1")) == f"SET CLUSTER SETTING {parts} = 1"


def test_parse_one_wants_exactly_one() -> None:
    for text in ("", "SELECT 1; SELECT 2"):
        with pytest.raises(ParseError, match="expected 1 statement"):
            parse_one(text)


def test_others_word_their_syntax_errors_here() -> None:
    error = syntax_error("SELECT FROM sh.t LIMIT 2", 7, "from", "SELECT")
    assert error.message == 'at or near "from": syntax error'
    assert error.detail == "source SQL:\nSELECT FROM sh.t LIMIT 2\n       ^"
    assert error.hint == "try \\h SELECT"


@pytest.mark.parametrize("text", ["'\udcff'", '"\udcff"', "$$\udcff$$", "\udcff", "a\udcff", "e'\udcff'"])
def test_bytes_that_are_no_utf8_are_refused_in_text(text: str) -> None:
    assert refused(f"BACKUP TO {text}").message == "lexical error: invalid UTF-8 byte sequence"


def test_bit_string_of_other_bytes_is_refused() -> None:
    assert (
        refused("SET x = B'\udcff'").message
        == 'lexical error: "\N{REPLACEMENT CHARACTER}" is not a valid binary digit'
    )
