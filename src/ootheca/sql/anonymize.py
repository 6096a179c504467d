"""A statement without names and values: its form alone, fit for a report of a bug.

Words of the grammar stay; every other word becomes `_`, every string `'_'`, every number `0`. A table that is named
like a word of the grammar keeps its name, which tells nothing.
"""

from __future__ import annotations

from ootheca.sql.lalr import machine
from ootheca.sql.lexer import Token, tokenize

__all__ = ["anonymize"]

_LITERALS = {
    "SCONST": "'_'",
    "BCONST": "b'_'",
    "BITCONST": "B'0'",
    "ICONST": "0",
    "FCONST": "0",
    "IDENT": "_",
}


def anonymize(text: str) -> str:
    """Return the text of a statement with its names and values replaced, and without its comments."""
    pieces: list[str] = []
    end = 0
    for token in tokenize(text):
        gap = text[end : token.start]
        pieces += [gap if gap.isspace() or not gap else " ", _hidden(token, text)]
        end = token.end
    return "".join(pieces)


def _hidden(token: Token, text: str) -> str:
    if token.kind == "WORD":
        return text[token.start : token.end] if machine().is_keyword(str(token.value)) else "_"
    return _LITERALS.get(token.kind) or text[token.start : token.end]
