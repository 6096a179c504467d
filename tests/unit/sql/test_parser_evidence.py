"""What two real parsers answered, statement by statement: canonical text, or the exact error with caret and hint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ootheca.errors import ParseError
from ootheca.sql.format import format_statement
from ootheca.sql.parser import parse
from tests.conformance.checks import recorded_or_ours

EVIDENCE = Path(__file__).parents[3] / "fixtures" / "conformance"
CASES = [
    (path.parent.name, case)
    for path in sorted(EVIDENCE.glob("*/parse.jsonl"))
    for case in recorded_or_ours(path, path.parent.name)
]
ACCEPTED = [(version, case) for version, case in CASES if case["ok"]]
REFUSED = [(version, case) for version, case in CASES if not case["ok"]]


def test_evidence_of_both_versions_is_there() -> None:
    assert {version for version, _ in CASES} >= {"20.2", "21.2"}


@pytest.mark.parametrize(("version", "case"), ACCEPTED, ids=[f"{v}: {c['sql']}" for v, c in ACCEPTED])
def test_accepted_text_prints_as_that_version_prints_it(version: str, case: dict[str, Any]) -> None:
    printed = [format_statement(statement, version=version) for statement in parse(case["sql"])]
    assert printed == case["canonical"]


@pytest.mark.parametrize(("version", "case"), REFUSED, ids=[f"{v}: {c['sql']}" for v, c in REFUSED])
def test_refused_text_fails_with_the_same_words(version: str, case: dict[str, Any]) -> None:
    with pytest.raises(ParseError) as caught:
        parse(case["sql"])
    error = caught.value
    expected = {key: case[key] for key in ("error", "sqlstate", "detail", "hint")}
    assert expected == {
        "error": error.message,
        "sqlstate": error.sqlstate,
        "detail": error.detail,
        "hint": error.hint,
    }


@pytest.mark.parametrize(("version", "case"), ACCEPTED, ids=[f"{v}: {c['sql']}" for v, c in ACCEPTED])
def test_printed_text_parses_to_the_same_tree(version: str, case: dict[str, Any]) -> None:
    statements = parse(case["sql"])
    printed = "; ".join(format_statement(statement, version=version, reveal=True) for statement in statements)
    assert parse(printed) == statements
