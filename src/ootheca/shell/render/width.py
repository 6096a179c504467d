"""How many columns of a terminal a text takes, and tabs turned into blanks."""

from __future__ import annotations

import unicodedata

__all__ = ["display_width", "expand_tabs"]

_MIN_CELL = 4


def display_width(text: str) -> int:
    """Return the width of one line: wide characters take two columns, combining ones none."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def expand_tabs(text: str) -> str:
    """Replace tabs by blanks so that the fields of adjacent lines stand below each other (elastic tab stops).

    A field that a tab ends takes at least four columns, and one blank follows it.

    Source: conformance/*/shell.json table/all_types; reference/sql/08 §2.1.
    """
    if "\t" not in text:
        return text
    lines = [line.split("\t") for line in text.split("\n")]
    out = [""] * len(lines)
    _lay_out(lines, out, range(len(lines)), 0)
    return "\n".join(out)


def _lay_out(lines: list[list[str]], out: list[str], block: range, depth: int) -> None:
    """Lay out field `depth` of adjacent lines; lines that have it with a tab form one block of one width."""
    start = block.start
    while start < block.stop:
        if len(lines[start]) - 1 <= depth:
            if len(lines[start]) - 1 == depth:
                out[start] += lines[start][depth]
            start += 1
            continue
        end = start
        while end < block.stop and len(lines[end]) - 1 > depth:
            end += 1
        width = max(_MIN_CELL, *(display_width(lines[row][depth]) + 1 for row in range(start, end)))
        for row in range(start, end):
            field = lines[row][depth]
            out[row] += field + " " * (width - display_width(field))
        _lay_out(lines, out, range(start, end), depth + 1)
        start = end
