"""table: the layout of CockroachDB's client, byte for byte. Holds the whole result, to know its
widths, unless it is told to draw as rows come.

Layout: a blank, the cells (each a blank, the aligned text, a blank) joined by `|`, trailing blanks cut; a rule of
dashes joined by `+` below the header; the number of rows. Headers are centred; integers right, booleans centred,
strings and bytes left, all others right when they look like a number, else left.

The `tabulate` library does not serve here: it aligns a column as one, where this layout aligns cell by cell, pads
headers unless a global of its is changed, and takes six times as long (20,000 rows: 0.31 s against 0.05 s).

Source: conformance/*/shell.json table/*; reference/sql/08 §1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ootheca.shell.render.counts import counted
from ootheca.shell.render.values import TextBatch, TextRows
from ootheca.shell.render.width import display_width, expand_tabs
from ootheca.types import Family, SQLType

__all__ = ["format_table", "render_table"]

_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})*|\d+)(?:\.\d+)?\Z")
_Pad = Callable[[str, int], str]


def render_table(
    rows: TextRows, write: Callable[[str], object], *, border: int = 0, streams: bool = False
) -> int:
    """Write the table.

    Args:
        border: 1 draws a rule between rows, 2 a frame, 3 both.
        streams: write each batch when it comes. A column is as wide as its cells so far ask for, and grows; a result of
            one batch looks the same either way.
    """
    if not rows.columns:
        num_rows = sum(batch.num_rows for batch in rows.batches)
        write("--\n")
    else:
        pads = [_pad_of(column.type) for column in rows.columns]
        table = _Table(rows.names, pads, border)
        num_rows = 0
        for batch in rows.batches if streams else _whole(rows):
            num_rows += batch.num_rows
            for line in table.lines(batch.lists):
                write(line)
        for line in table.end():
            write(line)
    write(f"({counted(num_rows, 'row')})\n")
    return num_rows


def _whole(rows: TextRows) -> list[TextBatch]:
    """Return all rows as one batch."""
    batches = list(rows.batches)  # as Arrow arrays, which take less memory than Python's texts
    columns = tuple([text for batch in batches for text in batch.texts(i)] for i in range(len(rows.columns)))
    return [TextBatch(sum(batch.num_rows for batch in batches), columns)]


def format_table(names: Sequence[str], columns: Sequence[list[str]]) -> list[str]:
    """Return the lines of a table, each with its line end: header, rule and rows; all cells left."""
    table = _Table(names, [_pad_left] * len(names), 0)
    return [*table.lines(columns), *table.end()]


class _Table:
    """A table that is drawn piece by piece: header and rule come with the first piece, the frame's end at the end."""

    def __init__(self, names: Sequence[str], pads: Sequence[_Pad], border: int) -> None:
        self._heads, _ = _expanded([[name] for name in names])
        self._pads = pads
        self._is_framed, self._is_ruled = border in (2, 3), border in (1, 3)
        self._widths = [max(map(display_width, head)) for head in self._heads]
        self._has_begun = False

    def lines(self, columns: Sequence[list[str]]) -> list[str]:
        """Return the lines of some rows; columns of cells."""
        cells, heights = _expanded(columns)
        self._widths = [
            max(width, *map(display_width, column)) if column else width
            for width, column in zip(self._widths, cells, strict=True)
        ]
        rule = _rule(self._widths, is_framed=self._is_framed)
        body = _joined(cells, self._widths, self._pads, is_framed=self._is_framed)
        if self._is_ruled:
            body = _ruled(body, heights or [1] * len(body), rule)
        if self._has_begun:
            return [rule, *body] if self._is_ruled else body
        self._has_begun = True
        centred = [_pad_centre] * len(self._widths)
        header = _joined(self._heads, self._widths, centred, is_framed=self._is_framed)
        return [*([rule] if self._is_framed else ()), *header, rule, *body]

    def end(self) -> list[str]:
        """Return what follows the last row."""
        start = [] if self._has_begun else self.lines([[] for _ in self._widths])
        return [*start, _rule(self._widths, is_framed=True)] if self._is_framed else start


def _expanded(columns: Sequence[list[str]]) -> tuple[Sequence[list[str]], list[int]]:
    """Spread cells of several lines over as many rows; also return each row's height (nothing if all are 1)."""
    if not any("\n" in text or "\t" in text for column in columns for text in column):
        return columns, []
    spread: list[list[str]] = [[] for _ in columns]
    heights = []
    for cells in zip(*columns, strict=True):
        stacks = [expand_tabs(cell).split("\n") for cell in cells]
        height = max(map(len, stacks))
        heights.append(height)
        for stack, column in zip(stacks, spread, strict=True):
            column.extend(stack + [""] * (height - len(stack)))
    return spread, heights


def _joined(
    columns: Sequence[list[str]], widths: Sequence[int], pads: Sequence[_Pad], *, is_framed: bool
) -> list[str]:
    padded = [
        [pad(text, width) for text in column]
        for column, width, pad in zip(columns, widths, pads, strict=True)
    ]
    lines = map(" | ".join, zip(*padded, strict=True))
    return (
        [f"| {line} |\n" for line in lines]
        if is_framed
        else [f"  {line}".rstrip(" ") + "\n" for line in lines]
    )


def _ruled(lines: list[str], heights: list[int], rule: str) -> list[str]:
    """Put a rule between rows."""
    ruled: list[str] = []
    start = 0
    for height in heights:
        ruled += [*lines[start : start + height], rule]
        start += height
    return ruled[:-1]


def _rule(widths: list[int], *, is_framed: bool) -> str:
    middle = "+".join("-" * (width + 2) for width in widths)
    return f"+{middle}+\n" if is_framed else f"-{middle}-\n"


def _pad_of(type_: SQLType) -> _Pad:
    if type_.family is Family.INT:
        return _pad_right
    if type_.family is Family.BOOL:
        return _pad_centre
    if type_.family is Family.BYTES or type_.oid in (25, 1043):  # STRING, VARCHAR
        return _pad_left
    return _pad_number


def _pad_left(text: str, width: int) -> str:
    return text + " " * (width - display_width(text))


def _pad_right(text: str, width: int) -> str:
    return " " * (width - display_width(text)) + text


def _pad_number(text: str, width: int) -> str:
    return _pad_right(text, width) if _NUMBER.match(text) else _pad_left(text, width)


def _pad_centre(text: str, width: int) -> str:
    gap = width - display_width(text)
    return " " * (gap // 2) + text + " " * (gap - gap // 2)
