"""Identifiers and string literals as CockroachDB folds, quotes, prints and reads them.

Printing an identifier leaves it bare when reading the bare word gives it back: lower-case, of word characters, and not
one of the words below. In a name of several parts only the first has to heed those words: `"Mixed Case".select`.

Source: conformance/{20.2,21.2}/parse.jsonl; public list of SQL keywords (docs/generated/sql/bnf).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ootheca.errors import ParseError

__all__ = [
    "COL_NAME_KEYWORDS",
    "RESERVED_KEYWORDS",
    "TYPE_FUNC_KEYWORDS",
    "decode_utf8",
    "fold_identifier",
    "format_bytes",
    "format_dotted",
    "format_identifier",
    "format_string",
    "format_unrestricted_identifier",
    "is_bare_identifier",
    "parse_hex",
    "parse_string_literal",
    "unescape",
    "words",
]


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


COL_NAME_KEYWORDS = words(
    """annotate_type between bigint bit boolean box2d char character characteristics coalesce dec decimal exists extract
    extract_duration float geography geometry greatest grouping if iferror ifnull inout int integer interval iserror
    least nullif numeric out overlay point polygon position precision real role row setof smallint string substring time
    timestamp timestamptz timetz treat trim values varbit varchar virtual work"""
)
"""Words that may name a column or table but not a function or type."""

TYPE_FUNC_KEYWORDS = words(
    """collation cross family full ilike inner is isnull join left like natural none notnull outer overlaps right
    similar"""
)
"""Words that may name a function or type but not a column."""

RESERVED_KEYWORDS = words(
    """all analyse analyze and any array as asc asymmetric both case cast check collate column concurrently constraint
    create current_catalog current_date current_role current_schema current_time current_timestamp current_user default
    deferrable desc distinct do else end except false fetch for foreign from grant group having in index initially
    intersect into lateral leading limit localtime localtimestamp not nothing null offset on only or order placing
    primary references returning select session_user some symmetric table then to trailing true union unique user using
    variadic when where window with"""
)
"""Words that name nothing unless they are quoted (or follow a dot)."""

_QUOTED_WORDS = COL_NAME_KEYWORDS | TYPE_FUNC_KEYWORDS | RESERVED_KEYWORDS
_BARE = re.compile(r"[^\x00-^`{-\x7f][^\x00-#%-/:-^`{-\x7f]*\Z")
_PLAIN_STRING = re.compile(r"[ -&(-\[\]-~]*\Z")  # printable ASCII without the quote and the backslash
_LETTER_ESCAPES = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\\": "\\", "'": "'"}
_ESCAPE_BYTES = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_ESCAPE = re.compile(
    r"\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([xuU0-7])|(.))", re.DOTALL
)
_DOLLAR_TAG = re.compile(r"\$(?:[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*)?\$")


def fold_identifier(text: str) -> str:
    """Return the identifier that an unquoted word stands for: lower-case, and NFC when it is not ASCII."""
    folded = text.lower()
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


def is_bare_identifier(name: str) -> bool:
    """Whether the name is of a form that needs no quotes, keywords aside."""
    if not _BARE.match(name):
        return False
    return name.isascii() or fold_identifier(name) == name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def format_identifier(name: str) -> str:
    """Return the name as it is printed where keywords are not allowed: `t`, `"select"`, `"Mixed Case"`."""
    return name if name not in _QUOTED_WORDS and is_bare_identifier(name) else _quoted(name)


def format_unrestricted_identifier(name: str) -> str:
    """Return the name as it is printed where any word is allowed, as after a dot: `select`, `"Mixed Case"`."""
    return name if is_bare_identifier(name) else _quoted(name)


def format_dotted(parts: Iterable[str]) -> str:
    """Return a qualified name; only its first part is quoted for being a keyword."""
    first, *rest = parts
    return ".".join([format_identifier(first), *map(format_unrestricted_identifier, rest)])


def _escape_char(char: str) -> str:
    letter = _LETTER_ESCAPES.get(char)
    if letter is not None:
        return "\\" + letter
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, carried by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return char if 0x20 <= code < 0x7F else f"\\x{code:02x}"
    return f"\\u{code:04X}" if code < 0x800 else f"\\U{code:08X}"


def format_string(text: str) -> str:
    """Return a string literal: `'plain'`, or `e'…'` as soon as one character needs an escape.

    Non-ASCII is always escaped: `\\u00E9` up to U+07FF, `\\U000065E5` above.
    """
    if _PLAIN_STRING.match(text):
        return f"'{text}'"
    return "e'" + "".join(map(_escape_char, text)) + "'"


def format_bytes(data: bytes) -> str:
    """Return a bytes literal `b'…'`, printable ASCII as it is and everything else as `\\x` escapes."""
    pieces = []
    for value in data:
        char = chr(value)
        if char in _LETTER_ESCAPES:
            pieces.append("\\" + _LETTER_ESCAPES[char])
        else:
            pieces.append(char if 0x20 <= value < 0x7F else f"\\x{value:02x}")
    return "b'" + "".join(pieces) + "'"


def unescape(body: str) -> bytes:
    """Decode the inside of `e'…'` or `b'…'`, where `''` is a quote too.

    Raises:
        ParseError: an escape is cut short, or names no character.
    """
    out = bytearray()
    position = 0
    while (backslash := body.find("\\", position)) >= 0:
        out += _undoubled(body[position:backslash])
        match = _ESCAPE.match(body, backslash)
        if match is None:
            raise ParseError("lexical error: invalid syntax")
        out += _escape_value(match)
        position = match.end()
    return bytes(out + _undoubled(body[position:]))


def _undoubled(body: str) -> bytes:
    return body.replace("''", "'").encode("utf-8", "surrogateescape")


def _escape_value(match: re.Match[str]) -> bytes:
    octal, hexadecimal, short, long, broken, other = match.groups()
    if octal is not None:
        value = int(octal, 8)
        if value > 0xFF:
            raise ParseError("lexical error: invalid syntax")
        return bytes((value,))
    if hexadecimal is not None:
        return bytes((int(hexadecimal, 16),))
    if short is not None or long is not None:
        code = int(short or long, 16)
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise ParseError("lexical error: invalid syntax")
        return chr(code).encode()
    if broken is not None:
        raise ParseError("lexical error: invalid syntax")
    value = _ESCAPE_BYTES.get(other, -1)
    return bytes((value,)) if value >= 0 else other.encode("utf-8", "surrogateescape")


def parse_string_literal(text: str) -> str | bytes:
    """Decode one whole literal: `'…'`, `e'…'`, `b'…'`, `x'…'` or `$tag$…$tag$`; the last two prefixes give bytes.

    Raises:
        ParseError: it is no literal, is not closed, or an escape or byte in it is invalid.
    """
    if text.startswith("$"):
        tag = _DOLLAR_TAG.match(text)
        if tag is None or len(text) < 2 * len(tag[0]) or not text.endswith(tag[0]):
            raise ParseError("lexical error: unterminated string")
        return text[tag.end() : -len(tag[0])]
    prefix, quote, rest = text.partition("'")
    if not quote or not rest.endswith("'"):
        raise ParseError("lexical error: unterminated string")
    body = rest[:-1]
    match prefix:
        case "":
            return body.replace("''", "'")
        case "e" | "E":
            return decode_utf8(unescape(body))
        case "b":
            return unescape(body)
        case "x" | "X":
            return parse_hex(body)
    raise ParseError("lexical error: unterminated string")


def parse_hex(body: str) -> bytes:
    """Decode the inside of `x'…'`.

    Raises:
        ParseError: not an even number of hexadecimal digits.
    """
    try:
        if not re.fullmatch(r"(?:[0-9a-fA-F]{2})*", body):
            raise ValueError(body)
        return bytes.fromhex(body)
    except ValueError:
        raise ParseError("lexical error: invalid hexadecimal bytes literal") from None


def decode_utf8(data: bytes) -> str:
    """Decode bytes that must be UTF-8.

    Raises:
        ParseError: they are not.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ParseError("lexical error: invalid UTF-8 byte sequence") from None
