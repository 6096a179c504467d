"""What may follow a piece of a statement: asked of the same tables that parse it."""

from __future__ import annotations

import pytest

from ootheca.sql.lalr import machine
from ootheca.sql.lexer import tokenize
from ootheca.sql.parser import parse_one


def expected(text: str) -> frozenset[str] | None:
    return machine().expected(list(tokenize(text)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("BACKUP INTO 'x'", {"as", "in", "with"}),
        ("BACKUP DATABASE movr", {",", "into", "to"}),
        ("BACKUP INTO 'x' WITH kms", {"="}),
        ("RESTORE FROM LATEST IN 'x' WITH detached", {","}),
        ("SHOW BACKUPS IN", {" SCONST", "(", " PLACEHOLDER"}),
    ],
)
def test_what_may_follow(text: str, words: set[str]) -> None:
    found = expected(text)
    assert found is not None
    assert words <= found
    assert not {"select", "table"} & found


def test_what_the_grammar_does_not_allow_is_followed_by_nothing() -> None:
    assert expected("BACKUP BACKUP BACKUP") is None
    assert expected("") is not None


def test_every_answer_is_accepted_and_leads_on() -> None:
    tokens = list(tokenize("RESTORE TABLE t FROM LATEST IN 'x'"))
    for word in machine().expected(tokens) or ():
        if not word.startswith(" "):
            assert machine().expected([*tokens, *tokenize(word)]) is not None


@pytest.mark.parametrize("name", ["star", "comma", "lpar", "dot", "placeholder"])
def test_the_name_of_a_symbol_is_a_name_like_any_other(name: str) -> None:
    statement = f"BACKUP TABLE {name} INTO 'x'"
    assert str(parse_one(statement)) == statement
