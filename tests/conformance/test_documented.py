"""Every documented example parses, and does at least as well as the record says; the page is what the record says."""

from __future__ import annotations

import pytest

from ootheca.errors import ParseError
from ootheca.sql.parser import parse
from tests.conformance.documented import PAGE, Example, examples, load_outcomes, measure, reason_of, render

LIST = examples()
RECORDED = load_outcomes()
STATEMENTS = [example for example in LIST if example.sql]
SECRETS = (
    "password123",
    "AWS_SECRET_ACCESS_KEY=123456",
    "AZURE_CLIENT_SECRET=acme",
    "eyJ0eXBl",
    "sasl_password=password",
)


def test_list_and_record_are_whole() -> None:
    assert [example.id for example in LIST] == [f"EX-{number:03}" for number in range(1, 449)]
    assert list(RECORDED) == [example.id for example in LIST]


def test_page_is_what_the_record_renders_to() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(RECORDED), (
        "run python -m tests.conformance.documented --write"
    )


@pytest.mark.parametrize("example", LIST, ids=lambda example: example.id)
def test_example_is_no_worse_than_recorded(example: Example) -> None:
    measured, recorded = measure(example), RECORDED[example.id]
    assert measured.rank >= recorded.rank, f"{example.text}\n{measured.status}: {measured.note}"
    assert measured.status != "fails"


def test_no_secret_of_an_example_is_printed() -> None:
    shown = 0
    for example in STATEMENTS:
        try:
            statements = parse(example.filled.replace("{id}", "1"))
        except ParseError as error:
            texts = [error.message, error.detail or ""]
        else:
            texts = [
                statement.redacted(version=version)
                for statement in statements
                for version in ("20.2", "21.2")
            ]
        shown += len(texts)
        for text in texts:
            assert not any(secret in text for secret in SECRETS), text
    assert shown > 600


def test_what_is_refused_gives_a_reason() -> None:
    for example in LIST:
        assert bool(example.refused) == (RECORDED[example.id].status == "refused"), example


def test_what_does_not_run_says_what_it_needs() -> None:
    for example in LIST:
        outcome = RECORDED[example.id]
        assert bool(reason_of(example, outcome)) or outcome.status in ("runs", "refused"), example.text
