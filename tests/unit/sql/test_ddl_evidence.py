"""How a real server stores what DDL says: the spelling of types, and stored expressions that print as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ootheca.errors import ParseError
from ootheca.sql import ast
from ootheca.sql.parser import parse_expression, parse_one, parse_type

EVIDENCE: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[3] / "fixtures" / "conformance" / "20.2" / "ddl.json").read_text(encoding="utf-8")
)
TYPES = [case for case in EVIDENCE["types"] if "stored" in case]
STORED = [
    case["stored"] for family in ("defaults", "computed") for case in EVIDENCE[family] if case.get("stored")
]
STORED += [case["stored"].partition("CHECK ")[2] for case in EVIDENCE["checks"]]
STATEMENTS = [
    case[key]
    for family in ("tables", "views", "sequences", "alter")
    for case in EVIDENCE[family]
    for key in ("input", "stored")
    if key in case
]


@pytest.mark.parametrize("case", TYPES, ids=[case["input"] for case in TYPES])
def test_type_is_spelled_as_stored(case: dict[str, Any]) -> None:
    type_ = parse_type(case["input"])
    assert str(type_) == case["stored"]
    assert type_.is_serial == (case["default"] == "unique_rowid()")


def test_postgresql_types_that_are_refused() -> None:
    for case in EVIDENCE["types"]:
        if case.get("sqlstate") == "0A000":
            with pytest.raises(ParseError) as caught:
                parse_one(f"CREATE TABLE t (a {case['input']})")
            assert (caught.value.message, caught.value.sqlstate) == (case["error"], case["sqlstate"])


@pytest.mark.parametrize("text", STORED)
def test_stored_expression_prints_as_it_is(text: str) -> None:
    assert str(parse_expression(text)) == text


@pytest.mark.parametrize("text", STATEMENTS)
def test_statement_and_its_show_create_parse(text: str) -> None:
    statement = parse_one(text)
    assert not isinstance(statement, ast.Query | ast.Unsupported)
    assert parse_one(str(statement)) == statement


@pytest.mark.parametrize("case", EVIDENCE["defaults"], ids=[case["input"] for case in EVIDENCE["defaults"]])
def test_default_is_taken_or_refused(case: dict[str, Any]) -> None:
    text = f"CREATE TABLE t (c {case['type']} DEFAULT {case['input']})"
    if "error" in case:
        with pytest.raises(ParseError) as caught:
            parse_one(text)
        assert caught.value.message == case["error"]
    else:
        statement = parse_one(text)
        assert isinstance(statement, ast.CreateTable)
        (column,) = statement.columns
        assert column.default == parse_expression(case["input"])
