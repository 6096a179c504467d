"""Lines to batches of statements: what the prompt and scripts share.

A batch ends with the line whose last token is a semicolon. The first line of a statement may be a meta-command, or one
of the words `help`, `quit` and `exit`.

Source: reference/sql/08 §4 and §4.1.
"""

from __future__ import annotations

import re

from ootheca.sql.split import is_complete, split

__all__ = ["LineBuffer", "is_meta_line", "leaves_statement_open"]

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


class LineBuffer:
    """The lines of a batch that is not complete yet."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    @property
    def text(self) -> str:
        """The lines so far."""
        return "\n".join(self._lines)

    @property
    def is_empty(self) -> bool:
        """Whether no statement was begun."""
        return not self._lines

    def feed(self, line: str) -> str | None:
        """Take a line; return the batch that it completes."""
        if self.is_empty and not line.strip():
            return None
        self._lines.append(line)
        # Only a line with a semicolon can end a batch; that saves a look at all tokens for each line.
        if ";" in line and is_complete(self.text):
            return self.take()
        return None

    def take(self) -> str:
        """Return what was collected, and begin anew."""
        text = self.text
        self._lines.clear()
        return text
