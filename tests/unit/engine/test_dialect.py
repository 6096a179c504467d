"""What is accepted as a query, how literals are read, and how errors point at the source."""

from __future__ import annotations

import pytest
from sqlglot import exp

from ootheca.engine.dialect import parse_query, parse_scalar
from ootheca.engine.literals import Literal, prepare
from ootheca.engine.typenames import TypeName
from ootheca.errors import ParseError, UnsupportedError


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        (r"e'tab\there\u0041\U0001F40E\x41\101\'q'''", Literal("string", "tab\thereA🐎AA'q'")),
        (r"b'\x00\xff\\a'", Literal("bytes", "00ff5c61")),
        ("b'日'", Literal("bytes", "e697a5")),
        ("x'00FF'", Literal("bytes", "00ff")),
        ("B'0101'", Literal("bits", "0101")),
        ("$$it's$$", Literal("string", "it's")),
        ("$tag$a$$b$tag$", Literal("string", "a$$b")),
    ],
)
def test_special_literals_are_decoded(text: str, literal: Literal) -> None:
    assert prepare(f"SELECT {text}").literals == (literal,)


def test_plain_strings_and_names_stay_in_the_text() -> None:
    prepared = prepare("""SELECT 'it''s e''x''', "b'c'", code'x' -- e'y'""")
    assert prepared.literals == ()


def test_offsets_point_into_the_source() -> None:
    prepared = prepare(r"SELECT b'\x00\x01\x02', nope, e'\n' FROM")
    for word in ("nope", "FROM"):
        assert prepared.source_offset(prepared.sql.index(word)) == prepared.source.index(word)


@pytest.mark.parametrize("text", ["B'012'", "x'0g'", "x'000'"])
def test_bad_literals_are_lexical_errors(text: str) -> None:
    with pytest.raises(ParseError, match="lexical error"):
        prepare(f"SELECT {text}")


def test_annotations_hints_and_as_of_are_taken_out() -> None:
    prepared = prepare("SELECT 1:::INT8, a FROM t@{FORCE_INDEX=x} AS OF SYSTEM TIME '-1s' WHERE b@> c")
    assert prepared.as_of == "'-1s'"
    assert prepared.sql == "SELECT 1::INT8, a FROM t  WHERE b@> c"
    assert prepare("SELECT a FROM t@primary").sql == "SELECT a FROM t"
    assert prepare("SELECT x'40':::@100106").sql.endswith('::"@100106"')


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("DECIMAL(10,2)", TypeName(("decimal",), (10, 2))),
        ("INT[]", TypeName(("int",), (), 1)),
        ("TIMESTAMP(3) WITH TIME ZONE", TypeName(("timestamptz",), (3,))),
        ("TIME WITHOUT TIME ZONE", TypeName(("time",))),
        ("DOUBLE PRECISION", TypeName(("float8",))),
        ("CHARACTER VARYING(3)", TypeName(("varchar",), (3,))),
        ("BIT VARYING", TypeName(("varbit",))),
        ("db.sch.mood[]", TypeName(("db", "sch", "mood"), (), 1)),
        ('"Mood"', TypeName(("Mood",))),
    ],
)
def test_types_in_casts(text: str, name: TypeName) -> None:
    for sql in (f"a::{text}", f"CAST(a AS {text})"):
        tree = parse_scalar(sql).tree
        assert isinstance(tree, exp.Cast)
        assert tree.args["to"].args["kind"] == name


def test_typed_literals_and_columns_named_like_types() -> None:
    tree = parse_query("SELECT date '2020-01-01', date, name, json FROM t").tree
    assert [type(node) for node in tree.expressions] == [exp.Cast, exp.Column, exp.Column, exp.Column]


def test_calls_keep_the_name_that_was_written() -> None:
    tree = parse_query("SELECT ifnull(a, b), json_object_agg(k, v), left(s, 1), replace(a, b, c), now()").tree
    assert [node.name for node in tree.expressions] == ["ifnull", "json_object_agg", "left", "replace", "now"]


@pytest.mark.parametrize(
    ("sql", "token", "caret", "hint"),
    [
        ("SELECT FROM t LIMIT 2", "from", 7, r"try \h SELECT"),
        ("SELEC 2", "selec", 0, None),
        ("SELECT a, FROM t", "from", 10, r"try \h SELECT"),
        ("SELECT 1; SELECT 2", ";", 8, r"try \h SELECT"),
        ("VALUES (1,)", ")", 10, r"try \h VALUES"),
        ("CREATE TABLE x (a INT)", "create", 0, None),
        ("SELECT a FROM", "EOF", 13, r"try \h SELECT"),
        ("SELECT b'\\x00', FROM t", "from", 16, r"try \h SELECT"),
        ("INSERT INTO t VALUES (1", "EOF", 23, r"try \h INSERT"),
        ("DELETE FROM t WHERE a = = 1", "=", 24, r"try \h DELETE"),
    ],
)
def test_syntax_errors_point_at_the_token(sql: str, token: str, caret: int, hint: str | None) -> None:
    with pytest.raises(ParseError) as caught:
        parse_query(sql)
    assert caught.value.message == f'at or near "{token}": syntax error'
    assert caught.value.sqlstate == "42601"
    assert caught.value.detail == f"source SQL:\n{sql}\n{' ' * caret}^"
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t TABLESAMPLE BERNOULLI (1)",
        "SELECT sum(a) OVER w FROM t WINDOW w AS (PARTITION BY b)",
        "SELECT a FROM t WHERE a BETWEEN SYMMETRIC 2 AND 1",
    ],
)
def test_what_would_be_ignored_is_refused(sql: str) -> None:
    with pytest.raises((UnsupportedError, ParseError)):
        parse_query(sql)


def test_upsert_and_explain_are_told_apart() -> None:
    assert parse_query("UPSERT INTO t VALUES (1)").prepared.is_upsert
    explained = parse_query("EXPLAIN (VERBOSE) SELECT 1")
    assert explained.prepared.is_explain
    assert isinstance(explained.tree, exp.Select)
