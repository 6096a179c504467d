"""Where the cursor stands: in which statement, after which tokens, in a word or in a string."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ootheca.sql.fold import PASS_THROUGH
from ootheca.sql.lexer import Token, tokenize
from ootheca.sql.split import last_statement

__all__ = ["Context", "Suggestion", "read_context"]

_TYPED = re.compile(r"[^\W\d][\w.$]*$")
_INSIDE = frozenset({"show", "explain", *PASS_THROUGH})
_NO_QUERY_INSIDE = frozenset({"grant", "revoke"})  # here SELECT is a privilege


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What may be put in the place of the last `replaced` characters, and what it means."""

    text: str
    replaced: int = 0
    meaning: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Where the cursor stands.

    Attributes:
        tokens: of the innermost statement, up to the word or string that is being typed.
        typed: the word before the cursor, with the dots in it; empty after a blank.
        string: what is typed of the string that the cursor is in; None outside of strings.
        statement: the text of the outermost statement, up to its end behind the cursor.
        after: the text behind the cursor.
    """

    tokens: tuple[Token, ...]
    typed: str
    string: str | None
    statement: str
    after: str

    @property
    def is_query(self) -> bool:
        """Whether the grammar leaves this statement to the engine."""
        return bool(self.tokens) and (self.word(0) in PASS_THROUGH or self.is_op(0, "("))

    def word(self, index: int) -> str:
        """Return the folded word at an index, which may be negative; empty when there is none."""
        if not -len(self.tokens) <= index < len(self.tokens):
            return ""
        token = self.tokens[index]
        return str(token.value) if token.kind == "WORD" else ""

    def is_op(self, index: int, op: str) -> bool:
        """Whether an operator stands at an index."""
        if not -len(self.tokens) <= index < len(self.tokens):
            return False
        return self.tokens[index].kind == "OP" and self.tokens[index].value == op


def read_context(before: str, after: str = "") -> Context:
    """Return where the cursor stands between two texts."""
    final = last_statement(
        before + "x"
    )  # with the letter, so that a semicolon at the end begins a new statement
    start = len(before) if final is None else final.start
    text = before[start:]
    tokens = list(tokenize(text))
    string = None
    typed = ""
    if tokens and tokens[-1].kind == "ERROR" and text[tokens[-1].start] in "'":
        string = text[tokens.pop().start + 1 :]
    elif (found := _TYPED.search(text)) is not None and (not tokens or tokens[-1].end == len(text)):
        typed = found[0]
        tokens = [token for token in tokens if token.end <= found.start()]
    return Context(_innermost(tokens), typed, string, text + after.partition(";")[0], after)


def _innermost(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Return the tokens of the statement in the innermost open brackets, or of a query at the end of a statement."""
    open_at: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind == "OP" and token.value in ("(", "["):
            open_at.append(index)
        elif token.kind == "OP" and token.value in (")", "]") and open_at:
            open_at.pop()
    for index in reversed(open_at):
        following = tokens[index + 1 : index + 2]
        begins = following and following[0].kind == "WORD" and following[0].value in _INSIDE
        if begins or (not following and tokens[index].value == "["):
            tokens = tokens[index + 1 :]
            break
    if tokens and tokens[0].value not in _NO_QUERY_INSIDE | PASS_THROUGH:
        for index in range(len(tokens) - 1, 0, -1):
            if tokens[index].kind == "WORD" and tokens[index].value == "select":
                return tuple(tokens[index:])
    return tuple(tokens)
