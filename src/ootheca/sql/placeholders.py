"""`$1`, `$2` … in the text of a statement: which there are, and the text with others in their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields

from ootheca.sql import ast
from ootheca.sql.lexer import tokenize

__all__ = ["fill_placeholders", "placeholder_numbers", "string_placeholders"]


def fill_placeholders(text: str, literal: Callable[[int], str]) -> str:
    """Return a script with each `$n` replaced by `literal(n)`; strings and comments are left alone."""
    pieces, position = [], 0
    for token in tokenize(text):
        if token.kind == "PLACEHOLDER":
            pieces += [text[position : token.start], literal(int(token.text))]
            position = token.end
    return "".join([*pieces, text[position:]])


def placeholder_numbers(text: str) -> frozenset[int]:
    """Return the numbers of the placeholders of a script."""
    return frozenset(int(token.text) for token in tokenize(text) if token.kind == "PLACEHOLDER")


def string_placeholders(statement: ast.Statement) -> frozenset[int]:
    """Return the numbers of the placeholders that stand where a statement takes a string and nothing else."""
    return frozenset(_in_string_places(statement))


def _in_string_places(statement: ast.Statement) -> Iterator[int]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Expr):
            continue  # the operands of expressions have any type
        for item in fields(node):  # type: ignore[arg-type]
            value = getattr(node, item.name)
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, ast.Placeholder) and "Expr" not in str(item.type):
                    yield part.index
