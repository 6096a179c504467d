"""The text of a view's query, broken into lines as the newer profiles print it."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["break_query"]

_WIDTH: Final = 100  # a query that fits one line with what stands before it is not broken
_PREFIX_SIZE: Final = len(") AS ")
_TOKEN = re.compile(r"""[eEbBxX]?'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|[()]|\w+|\s+|.""", re.DOTALL)
_SINGLE: Final = frozenset({"FROM", "WHERE", "HAVING", "LIMIT", "OFFSET", "WINDOW"})
_DOUBLE: Final = frozenset({"GROUP", "ORDER"})  # followed by BY


def break_query(query: str) -> str:
    """Return the query on one line if it is short, else each clause's word and content on lines of their own.

    Source: fixtures/golden/21.2/*/expect.json, `create` of views.
    """
    if len(query) + _PREFIX_SIZE <= _WIDTH or not query.startswith("SELECT"):
        return query
    lines = []
    for position, (word, content) in enumerate(_clauses(query)):
        lines.append(word if position == 0 else f"\t{word}")
        lines.append(f"\t\t{content}")
    return "\n".join(lines)


def _clauses(query: str) -> list[tuple[str, str]]:
    """Split a SELECT at its own clauses, not at those inside parentheses."""
    found: list[tuple[str, list[str]]] = []
    depth = 0
    tokens = _TOKEN.findall(query)
    position = 0
    while position < len(tokens):
        token = tokens[position]
        depth += (token == "(") - (token == ")")
        if depth == 0 and (token in _SINGLE or (token == "SELECT" and not found)):
            found.append((token, []))
        elif depth == 0 and token in _DOUBLE and tokens[position + 1 : position + 3] == [" ", "BY"]:
            found.append((f"{token} BY", []))
            position += 2
        else:
            found[-1][1].append(token)
        position += 1
    return [(word, "".join(content).strip()) for word, content in found]
