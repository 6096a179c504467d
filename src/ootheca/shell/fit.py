"""Texts for people, as wide as their terminal: what is too long goes on under its own column."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from typing import TextIO

__all__ = ["fit", "write_fitted"]

_GAP = re.compile(r"(?<=\S)  +(?=\S)")
_MIN_COLUMN = 20  # a narrower one is no help
_FURTHER = 4
_REMARK = "# "


def write_fitted(text: str) -> None:
    """Write lines to standard output, fitted to it."""
    sys.stdout.write(fit(text, sys.stdout))


def fit(text: str, stream: TextIO) -> str:
    """Return lines broken between words so that none is wider than a terminal; for other streams as they are."""
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "".join(f"{part}\n" for line in text.splitlines() for part in _parts(line, width))


def _parts(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    if line.startswith(_REMARK):
        return _wrapped(line, width, _REMARK)
    further = " " * (len(line) - len(line.lstrip()) + _FURTHER)
    gap = _GAP.search(line)
    if gap is None:
        return _wrapped(line, width, further)
    if width - gap.end() >= _MIN_COLUMN:
        return _wrapped(line, width, " " * gap.end())
    first, second = line[: gap.start()], further + line[gap.end() :]
    return [*_wrapped(first, width, further), *_wrapped(second, width, further)]


def _wrapped(line: str, width: int, further: str) -> list[str]:
    return textwrap.wrap(
        line, width, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    )
