"""INSERT of many rows of constants: the rows are read here, and sqlglot sees the first of them alone.

That is what a dump is made of, and a syntax tree of each of its values costs ten times what the value does. A row with
anything but numbers, plain strings, NULL, true and false in it sends the whole statement down the usual way, and so
does whatever this cannot read: errors are found and worded there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["BulkRows", "read_rows"]

_MIN_ROWS = 8
_SPACE = r"[ \t\n\r\f\v]*+"
_STRING = r"'(?:[^'\x00\x01]|'')*+'"
_CELL = rf"({_STRING}|-?\d++(?:\.\d++)?+(?![\w.])|(?i:null|true|false)(?!\w))"
_NAME = r'(?:[\w.$]|"(?:[^"]|"")*")+'
_HEAD = re.compile(
    rf"(?:INSERT|UPSERT)\s+INTO\s+{_NAME}{_SPACE}(?:\((?:[\w\s,$]|\"(?:[^\"]|\"\")*\")*\))?{_SPACE}VALUES{_SPACE}",
    re.IGNORECASE,
)
_FIRST_ROW = re.compile(rf"\({_SPACE}{_CELL}(?:{_SPACE},{_SPACE}{_CELL})*+{_SPACE}\)")
_TAIL = re.compile(r"\s*(?:$|ON\s+CONFLICT\b|RETURNING\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BulkRows:
    """The rows of an INSERT.

    Attributes:
        text: the statement with its first row alone.
        columns: the cells of all rows, column by column, as they were written.
    """

    text: str
    columns: tuple[tuple[str, ...], ...]


def read_rows(source: str) -> BulkRows | None:
    """Return the rows of an INSERT or UPSERT of constants; None for every other statement. Takes linear time."""
    head = _HEAD.match(source)
    first = _FIRST_ROW.match(source, head.end()) if head is not None else None
    if head is None or first is None:
        return None
    width = len(re.findall(_CELL, first[0]))
    cells = rf"{_SPACE},{_SPACE}".join([_CELL] * width)
    scanner = re.compile(rf"{_SPACE}\({_SPACE}{cells}{_SPACE}\){_SPACE}(,?)").scanner(source, head.end())  # type: ignore[attr-defined]
    rows: list[tuple[str, ...]] = []
    end = head.end()
    while (row := scanner.match()) is not None:
        *values, comma = row.groups()
        rows.append(tuple(values))
        end = row.end()
        if not comma:
            break
    else:
        return None
    if len(rows) < _MIN_ROWS or not _TAIL.match(source, end) or not _is_unicode(source):
        return None
    return BulkRows(f"{source[: first.end()]} {source[end:]}", tuple(zip(*rows, strict=True)))


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8, which the usual way refuses in its words
        return False
    return True
