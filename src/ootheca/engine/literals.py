"""Literals that sqlglot cannot carry exactly, taken out of the text before it is parsed.

`e'…'`, `b'…'`, `x'…'`, `B'…'` and dollar quotes are decoded here; in the text that goes on to sqlglot each of them is
a plain string that starts with MARK and names its place in `Prepared.literals`. Offsets into that text are mapped back
to the source, so that errors point at what the user wrote.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from ootheca.errors import ParseError

__all__ = ["MARK", "Literal", "Prepared", "prepare"]

MARK = "\x01"


@dataclass(frozen=True, slots=True)
class Literal:
    """A decoded literal: `kind` is `string`, `bytes` (`value` in hex) or `bits`."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """The text for sqlglot, with what was taken out of it.

    Attributes:
        as_of: the operand of AS OF SYSTEM TIME as it was written, or None.
        moves: (offset here, offset in the source), ascending; between two of them the distance is the same.
    """

    source: str
    sql: str
    literals: tuple[Literal, ...]
    as_of: str | None
    is_upsert: bool
    is_explain: bool
    moves: tuple[tuple[int, int], ...]

    def source_offset(self, offset: int) -> int:
        """Return the place in the source for a place in `sql`."""
        i = bisect_right(self.moves, (offset, len(self.source) + 1)) - 1
        here, there = self.moves[i] if i >= 0 else (0, 0)
        return min(there + offset - here, len(self.source))


_QUOTED = r"'(?:[^'\\]|\\.|'')*'"
_TOKEN = re.compile(
    rf"""
    (?P<comment>--[^\n]*|/\*.*?\*/)
  | (?P<name>"(?:[^"]|"")*")
  | (?P<prefix>(?<![\w$])[eEbBxX])(?P<escaped>{_QUOTED})
  | (?P<plain>'(?:[^']|'')*')
  | (?P<dollar>(?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$(?P<body>.*?)\$(?P=tag)\$)
  | (?P<type_id>:::?@(?P<oid>\d+))
  | (?P<annotation>:::)
  | (?P<hint>(?<=[\w"])@(?:\{{[^}}]*\}}|\[\d+\]|"(?:[^"]|"")*"|\w+))
  | (?P<as_of>\bAS\s+OF\s+SYSTEM\s+TIME\s+(?P<operand>(?:INTERVAL\s*)?{_QUOTED}|[\w.+-]+(?:\([^)]*\))?))
  | (?P<word>[A-Za-z_\u0080-\uffff][\w$]*)
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_EXPLAIN = re.compile(r"\s*EXPLAIN\b(\s*\([^)]*\))?(\s+ANALYZE\b)?", re.IGNORECASE)
_UPSERT = re.compile(r"\s*UPSERT\b", re.IGNORECASE)


def prepare(source: str) -> Prepared:
    """Take literals, hints, annotations and AS OF SYSTEM TIME out of one statement's text."""
    out: list[str] = []
    moves: list[tuple[int, int]] = [(0, 0)]
    literals: list[Literal] = []
    as_of: str | None = None
    length = position = 0

    def emit(text: str, end: int) -> None:
        nonlocal length, position
        out.append(text)
        length += len(text)
        position = end
        moves.append((length, end))

    def copy_to(end: int) -> None:
        nonlocal length, position
        out.append(source[position:end])
        length += end - position
        position = end

    explain = _EXPLAIN.match(source)
    if explain is not None:
        emit("", explain.end())
    upsert = _UPSERT.match(source, position)
    if upsert is not None:
        emit("INSERT", upsert.end())
    for match in _TOKEN.finditer(source, position):
        literal = _literal(match)
        if literal is not None:
            copy_to(match.start())
            emit(f"'{MARK}{len(literals)}'", match.end())
            literals.append(literal)
        elif match["type_id"]:
            copy_to(match.start())
            emit(f'::"@{match["oid"]}"', match.end())
        elif match["annotation"]:
            copy_to(match.start())
            emit("::", match.end())
        elif match["hint"]:
            copy_to(match.start())
            emit("", match.end())
        elif match["as_of"]:
            copy_to(match.start())
            emit("", match.end())
            as_of = match["operand"]
    copy_to(len(source))
    return Prepared(
        source, "".join(out), tuple(literals), as_of, upsert is not None, explain is not None, tuple(moves)
    )


def _literal(match: re.Match[str]) -> Literal | None:
    plain = match["plain"]
    if plain is not None:
        value = plain[1:-1].replace("''", "'")
        # Only what would be mistaken for a mark, or would end sqlglot's text, has to be taken out.
        return Literal("string", value) if "\0" in value or value.startswith(MARK) else None
    if match["body"] is not None:
        return Literal("string", match["body"])
    prefix = match["prefix"]
    if prefix is None:
        return None
    body = match["escaped"][1:-1]
    if prefix == "B":
        if body.strip("01"):
            raise ParseError(f'lexical error: "{body.strip("01")[0]}" is not a valid binary digit')
        return Literal("bits", body)
    if prefix in "xX":
        if len(body) % 2 or re.fullmatch(r"[0-9a-fA-F]*", body) is None:
            raise ParseError("lexical error: invalid hexadecimal bytes literal")
        return Literal("bytes", body.lower())
    if prefix == "b":
        return Literal("bytes", _unescape(body).hex())
    return Literal("string", _unescape(body).decode("utf-8", "replace"))


def _unescape(body: str) -> bytes:
    """Undo the escapes; `\\x` and octal ones are bytes, all others characters in UTF-8."""
    out = bytearray()
    position = 0
    body = body.replace("''", "'")
    for match in _ESCAPE.finditer(body):
        out += body[position : match.start()].encode()
        position = match.end()
        code = match[1]
        if code[0] == "x" and len(code) == 3:
            out.append(int(code[1:], 16))
        elif code[0] in "uU" and len(code) > 1:
            out += chr(int(code[1:], 16)).encode()
        elif len(code) == 3:
            out.append(int(code, 8) & 0xFF)
        else:
            out += _SIMPLE.get(code, code).encode()
    out += body[position:].encode()
    return bytes(out)
