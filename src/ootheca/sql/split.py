"""Scripts to statements: where each one starts and ends, without knowing what it says.

Most of a script is skimmed: one regular expression runs over everything that cannot end a statement, simple strings
included, so that a dump with megabytes of rows costs little. Text pasted from documentation works as it stands: one
`> ` before a statement's first word and a backslash at the end of a line are blanked out, which keeps every offset.

Source: reference/sql/08 §4 and §4.1.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from ootheca.sql.lexer import tokenize

__all__ = ["StatementText", "is_complete", "last_statement", "split"]

# Everything without a say in where statements end. A quote after e, E or b may open an escape string, so it stays out;
# two adjacent plain strings and one string with a doubled quote look the same here, which is as good.
_PLAIN = re.compile(
    r"""(?:[^'"$;/\\>-]++|'(?<![eEb]')[^']*+'|"[^"]*+"|-(?!-)|//|/(?!\*)|(?<=[^\x00-#%-/:-@\[-^`{-\x7f])\$|\$(?=[0-9]))++"""
)
_BLANK = re.compile(r"(?:\s++|--[^\n]*+)++", re.ASCII)
_SPACES = " \t\n\r\f\v"
_LINE_END = re.compile(r"\\[ \t]*\r?\n")


@dataclass(frozen=True, slots=True)
class StatementText:
    """One statement of a script.

    Attributes:
        text: from its first token to its last, without the semicolon.
        start, end: where that stands in the script, in characters.
        is_terminated: whether a semicolon follows.
        open_at: where a string, comment or quoted name begins that has no end and so takes the rest of the script; -1
            when there is none.
    """

    text: str
    start: int
    end: int
    is_terminated: bool
    open_at: int = -1

    @property
    def is_broken(self) -> bool:
        """Whether something in it has no end."""
        return self.open_at >= 0


def split(text: str) -> tuple[StatementText, ...]:
    """Return the statements of a script, in order; empty ones are left out. Takes time linear in the text."""
    return tuple(_split(text))


def is_complete(text: str) -> bool:
    """Whether the text ends outside a statement: after a semicolon, or before any statement began.

    An open string, comment or dollar quote is inside a statement; so is text without a final semicolon.
    """
    final = last_statement(text)
    return final is None or final.is_terminated


def last_statement(text: str) -> StatementText | None:
    """Return the last statement of a script, without keeping the others; None when there is none."""
    final = deque(_split(text), maxlen=1)
    return final[0] if final else None


class _Scan:
    """The statement that is being read: where its first token starts and its last token so far ends."""

    def __init__(self) -> None:
        self.start = -1
        self.end = -1
        self.blanks: list[tuple[int, int]] = []

    def take(self, start: int, end: int) -> None:
        if self.start < 0:
            self.start = start
        self.end = end

    def finish(self, text: str, *, is_terminated: bool, open_at: int = -1) -> StatementText:
        pieces = []
        position = self.start
        for first, last in self.blanks:
            if self.start <= first and last <= self.end:
                pieces += [text[position:first], " " * (last - first)]
                position = last
        body = "".join([*pieces, text[position : self.end]])
        return StatementText(body, self.start, self.end, is_terminated, open_at)


def _split(text: str) -> Iterator[StatementText]:
    scan = _Scan()
    position, size = 0, len(text)
    while position < size:
        blank = _BLANK.match(text, position)
        if blank:
            position = blank.end()
            continue
        plain = _PLAIN.match(text, position)
        if plain:
            position = _take_plain(plain, scan)
            continue
        char = text[position]
        if char == ";":
            if scan.start >= 0:
                yield scan.finish(text, is_terminated=True)
            scan = _Scan()
            position += 1
        elif _is_paste(text, position, is_first=scan.start < 0):
            scan.blanks.append((position, position + 1))
            position += 1
        else:
            begin, end = _special(text, position)
            if end < 0:
                scan.take(begin, size)
                yield scan.finish(text, is_terminated=False, open_at=begin)
                return
            if end > begin:
                scan.take(begin, end)
            position = max(end, position + 1)
    if scan.start >= 0:
        yield scan.finish(text, is_terminated=False)


def _take_plain(plain: re.Match[str], scan: _Scan) -> int:
    """Take a skimmed run. Its last letter may be the prefix of a string, which is the same token either way."""
    stripped = plain[0].rstrip(_SPACES)
    if stripped:
        scan.take(plain.start(), plain.start() + len(stripped))
    return plain.end()


def _is_paste(text: str, position: int, *, is_first: bool) -> bool:
    if text[position] == "\\":
        return _LINE_END.match(text, position) is not None
    if text[position] == ">" and is_first and text[position + 1 : position + 2] == " ":
        return not text[text.rfind("\n", 0, position) + 1 : position].strip(_SPACES)
    return False


def _special(text: str, position: int) -> tuple[int, int]:
    """Return the bounds of what stands here: a comment (empty), an escape string, a dollar quote, an operator.

    The end is -1 when what starts here has no end.
    """
    if text[position] == "'" and position and _is_prefix(text, position - 1):
        position -= 1
    if text.startswith("/*", position):
        for token in tokenize(text, position):
            if token.kind == "ERROR" and token.start == position:
                return position, -1
            return token.start, token.start
        return len(text), len(text)
    token = next(tokenize(text, position))
    return token.start, -1 if token.kind == "ERROR" else token.end


def _is_prefix(text: str, position: int) -> bool:
    if text[position] not in "eEb":
        return False
    before = text[position - 1 : position]
    return not before or not (before.isalnum() or before in "_$" or before >= "\x80")
