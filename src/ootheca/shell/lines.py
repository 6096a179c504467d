"""Lines to batches of statements: what the prompt and scripts share.

A batch ends with the line whose last token is a semicolon. The first line of a statement may be a meta-command, or one
of the words `help`, `quit` and `exit`.

Source: reference/sql/08 §4 and §4.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from ootheca.sql.split import is_complete, last_statement, split

__all__ = ["LineBuffer", "is_meta_line", "leaves_statement_open", "open_script", "script_lines"]

_META = re.compile(r"\s*\\(?:[A-Za-z?!|]|$)")
_WORDS = frozenset({"help", "quit", "exit"})


def is_meta_line(line: str) -> bool:
    """Tell whether a line that begins a statement is for the shell itself."""
    return (bool(_META.match(line)) and line.strip() != "\\") or line.strip().rstrip(";").rstrip() in _WORDS


def leaves_statement_open(text: str) -> bool:
    """Tell whether the text ends inside a statement. Without a semicolon in it that takes no look at its tokens."""
    if ";" not in text:
        return bool(split(text))
    return not is_complete(text)


def open_script(path: Path) -> TextIO:
    """Open a script to be read by lines; bytes that are no UTF-8 survive, and so does a lone CR in a string."""
    return path.open(encoding="utf-8", errors="surrogateescape", newline="\n")


def script_lines(stream: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a script one by one, without their ends (LF or CRLF) and without a byte order mark."""
    for number, line in enumerate(stream):
        text = line.removesuffix("\n").removesuffix("\r")
        yield text.removeprefix("\ufeff") if number == 0 else text


class LineBuffer:
    """The lines of a batch that is not complete yet.

    Each line is looked at once or twice, however many there are: what was read before is known to be inside a
    statement, and reading goes on behind it, or at the string or comment that is still open.
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._lines: list[str] = []
        self._unread: list[str] = []
        self._is_inside = False
        self._closer = ""  # without this in one of the unread lines, what is open stays open
        self._may_close = True

    @property
    def text(self) -> str:
        """The lines so far."""
        return "\n".join(self._lines)

    @property
    def is_empty(self) -> bool:
        """Whether no line was taken."""
        return not self._lines

    def is_open(self) -> bool:
        """Read what was not read yet, and tell whether the lines end inside a statement; comments alone are none."""
        return self._is_inside or not self._read()

    def feed(self, line: str) -> str | None:
        """Take a line; return the batch that it completes."""
        if self.is_empty and not line.strip():
            return None
        self._lines.append(line)
        self._unread.append(line)
        self._may_close = self._may_close or self._closer in line
        # Only a line with a semicolon can end a batch; that saves a look at all tokens for each line.
        if ";" in line and self._may_close and self._read():
            return self.take()
        return None

    def take(self) -> str:
        """Return what was collected, and begin anew."""
        text = self.text
        self._clear()
        return text

    def _read(self) -> bool:
        """Look at the lines that were not read yet; return whether they complete the batch."""
        before = "x " if self._is_inside else ""  # stands for what was read
        text = before + "\n".join(self._unread) + "\n"
        final = last_statement(text)
        if final is None or final.is_terminated:
            return True
        self._closer, self._may_close = "", True
        if final.is_broken:
            self._unread = [text[final.open_at : -1]]
            self._closer, self._may_close = _closer(self._unread[0]), False
        elif not text.rstrip().endswith("'"):  # a string may go on in the next line
            self._unread.clear()
        # A comment that is still open begins no statement.
        self._is_inside = self._closer != "*/" or final.start < final.open_at
        return False


def _closer(opened: str) -> str:
    """Return what has to come before a string, name, comment or dollar quote can end."""
    if opened.startswith("/*"):
        return "*/"
    if opened.startswith("$"):
        return opened[: opened.index("$", 1) + 1]
    return '"' if opened.startswith('"') else "'"
