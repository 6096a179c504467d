"""JSONB: documents as their stored bodies, as text, and as the keys of an inverted index.

Layout, body: container header BE32: 80000000|n array, 40000000|n object, 20000000 scalar; then BE32 entries: n for an
    array, n keys and n values for an object, 1 for a scalar; then the data of all entries.
    Entry: type in bits 28 to 30 (0 null, 1 string, 2 number, 3 false, 4 true, 5 container); the low 28 bits are the
    length or, with bit 31, the end offset counted from the first data byte. Bit 31 is set in every 32nd entry of the
    array, of the keys, of the values. A number is uvarint length, exact decimal; a container a nested body.
Layout, inverted key: 37, path, 00 01, leaf. Path: 00 03 for each array; an object's key escaped, then 00 02 if its
    value is a container that is not empty.
    Leaf: 12 string | ordered decimal | 00 null | 0a true | 0b false | 38 [] | 39 {}
Source: reference 05 sections 2, 6 and 8; table jsons and index indexed@inv of fixtures/golden/20.2/a_full.

Value by value in Python. A document in memory is None, bool, str, `Number`, list, or dict with keys in stored order.
"""

from __future__ import annotations

import json as stdlib_json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import numpy as np

from ootheca.codec import decimals
from ootheca.codec.datums import Decimals
from ootheca.codec.decimaltext import format_parts, parse_parts
from ootheca.codec.uvarint import decode_uvarint, encode_uvarint
from ootheca.errors import CorruptionError, InvalidValueError

__all__ = [
    "Document",
    "Number",
    "decode_body",
    "encode_body",
    "format_document",
    "inverted_keys",
    "parse_document",
]

_ARRAY, _OBJECT, _SCALAR = 0x80000000, 0x40000000, 0x20000000
_COUNT_MASK = 0x1FFFFFFF
_IS_OFFSET, _LENGTH_MASK, _TYPE_SHIFT = 0x80000000, 0x0FFFFFFF, 28
_NULL, _STRING, _NUMBER, _FALSE, _TRUE, _CONTAINER = range(6)
_STRIDE = 32
_MAX_DEPTH = 900  # nested containers; Python's own stack ends soon after


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written: (-1)^negative * coefficient * 10^exponent."""

    negative: bool
    coefficient: int
    exponent: int


Document: TypeAlias = "bool | str | Number | list[Document] | dict[str, Document] | None"


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"invalid number {text}")


def _number(text: str) -> Number:
    return Number(*parse_parts(text))


_DECODER = stdlib_json.JSONDecoder(
    parse_float=_number,
    parse_int=_number,
    parse_constant=_refuse_constant,
    object_pairs_hook=lambda pairs: _object(pairs),
)


def _object(pairs: list[tuple[str, Document]]) -> dict[str, Document]:
    """The last of equal keys wins; keys in the order of their bytes."""
    found = {_scalar_text(key): value for key, value in pairs}
    return dict(sorted(found.items(), key=lambda pair: pair[0].encode()))


def _scalar_text(text: str) -> str:
    """A lone surrogate (from an escape) cannot be stored and becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def parse_document(text: str) -> Document:
    """Parse JSON text in any spelling.

    Raises:
        InvalidValueError: it is no JSON.
    """
    try:
        return _cleaned(_DECODER.decode(text))
    except (ValueError, RecursionError) as exc:
        raise InvalidValueError("could not parse JSON: unable to decode JSON", detail=str(exc)) from exc


def _cleaned(document: Document) -> Document:
    if isinstance(document, str):
        return _scalar_text(document)
    if isinstance(document, list):
        return [_cleaned(item) for item in document]
    if isinstance(document, dict):
        return {key: _cleaned(value) for key, value in document.items()}
    return document


_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x20)}
_ESCAPES |= {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x22: '\\"', 0x5C: "\\\\"}


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def format_document(document: Document) -> str:
    """Return CockroachDB's own spelling: `, ` and `: ` between, numbers as DECIMAL prints them."""
    match document:
        case None:
            return "null"
        case True:
            return "true"
        case False:
            return "false"
        case str():
            return _quoted(document)
        case Number(negative, coefficient, exponent):
            return format_parts(negative, coefficient, exponent)
        case list():
            return f"[{', '.join(map(format_document, document))}]"
        case dict():
            return f"{{{', '.join(f'{_quoted(key)}: {format_document(item)}' for key, item in document.items())}}}"


# Bodies.


def _decimal_of(number: Number) -> Decimals:
    return decimals.from_parts([(number.negative, number.coefficient, number.exponent)])


def _encode_entry(document: Document) -> tuple[int, bytes]:
    """(entry type, data)."""
    match document:
        case None:
            return _NULL, b""
        case True:
            return _TRUE, b""
        case False:
            return _FALSE, b""
        case str():
            return _STRING, document.encode()
        case Number():
            exact = decimals.encode_exact(_decimal_of(document)).row(0)
            return _NUMBER, encode_uvarint(len(exact)) + exact
        case _:
            return _CONTAINER, encode_body(document)


def encode_body(document: Document) -> bytes:
    """Return a document's stored body."""
    if isinstance(document, list):
        return _container(_ARRAY | len(document), [[_encode_entry(item) for item in document]])
    if isinstance(document, dict):
        keys = [(_STRING, key.encode()) for key in document]
        return _container(
            _OBJECT | len(document), [keys, [_encode_entry(item) for item in document.values()]]
        )
    return _container(_SCALAR, [[_encode_entry(document)]])


def _container(header: int, groups: list[list[tuple[int, bytes]]]) -> bytes:
    entries, chunks, offset = [header], [], 0
    for group in groups:
        for index, (kind, data) in enumerate(group):
            offset += len(data)
            strided = index % _STRIDE == 0 and not header & _SCALAR
            entries.append(kind << _TYPE_SHIFT | (_IS_OFFSET | offset if strided else len(data)))
            chunks.append(data)
    return struct.pack(f">{len(entries)}I", *entries) + b"".join(chunks)


def decode_body(body: bytes, depth: int = 0) -> Document:
    """Decode one stored body.

    Raises:
        CorruptionError: a length runs past the end, an unknown type, text that is not UTF-8, or too deep a nesting.
    """
    try:
        return _decode_container(body, depth)
    except (struct.error, UnicodeDecodeError, IndexError) as exc:
        raise CorruptionError("a damaged JSON value") from exc


def _decode_container(body: bytes, depth: int) -> Document:
    if depth > _MAX_DEPTH:
        raise CorruptionError("a JSON value nested too deeply")
    (header,) = struct.unpack_from(">I", body)
    count = header & _COUNT_MASK
    if header & _SCALAR:
        return _entries(body, 1, depth)[0]
    if header & _ARRAY:
        return list(_entries(body, count, depth))
    if not header & _OBJECT:
        raise CorruptionError("a JSON value of unknown kind")
    found = _entries(body, 2 * count, depth)
    if not all(isinstance(key, str) for key in found[:count]):
        raise CorruptionError("a JSON object with a key that is no string")
    return {str(key): value for key, value in zip(found[:count], found[count:], strict=True)}


def _entries(body: bytes, count: int, depth: int) -> list[Document]:
    """The data of `count` entries after a header; the keys and values of an object share one origin."""
    if 4 + 4 * count > len(body):
        raise CorruptionError("the bytes end within a JSON value")
    result: list[Document] = []
    base = 4 + 4 * count
    start = 0
    for entry in struct.unpack_from(f">{count}I", body, 4):
        length = entry & _LENGTH_MASK
        end = length if entry & _IS_OFFSET else start + length
        if end < start or base + end > len(body):
            raise CorruptionError("the bytes end within a JSON value")
        result.append(_decode_entry(entry >> _TYPE_SHIFT & 7, body[base + start : base + end], depth))
        start = end
    return result


def _decode_entry(kind: int, data: bytes, depth: int) -> Document:
    match kind:
        case 0:
            return None
        case 1:
            return data.decode()
        case 2:
            return _decode_number(data)
        case 3:
            return False
        case 4:
            return True
        case 5:
            return _decode_container(data, depth + 1)
        case _:
            raise CorruptionError(f"unknown JSON entry type {kind}")


def _decode_number(data: bytes) -> Number:
    size, start = decode_uvarint(data, 0, location="JSON number")
    if start + size != len(data):
        raise CorruptionError("a JSON number of the wrong length")
    value = decimals.decode_exact(
        np.frombuffer(data, np.uint8), np.array([start], np.int64), np.array([len(data)], np.int64)
    )
    if value.form[0] != 0:
        raise CorruptionError("a JSON number that is not finite")
    return Number(bool(value.negative[0]), decimals.coefficient_of(value, 0), int(value.exponent[0]))


# Inverted index keys.

_PREFIX, _PATH_END, _PATH_STEP, _PATH_ARRAY = b"\x37", b"\x00\x01", b"\x00\x02", b"\x00\x03"


def inverted_keys(document: Document) -> list[bytes]:
    """Return the distinct keys under which an inverted index lists the document."""
    return list(dict.fromkeys(_PREFIX + key for key in _inverted(document)))


def _inverted(document: Document) -> Iterator[bytes]:
    """Path and leaf of every leaf."""
    if isinstance(document, list) and document:
        for item in document:
            for key in _inverted(item):
                yield _PATH_ARRAY + key
    elif isinstance(document, dict) and document:
        for name, item in document.items():
            step = name.encode().replace(b"\x00", b"\x00\xff")
            if isinstance(item, list | dict) and item:
                step += _PATH_STEP
            for key in _inverted(item):
                yield step + key
    else:
        yield _PATH_END + _leaf(document)


def _leaf(document: Document) -> bytes:
    match document:
        case None:
            return b"\x00"
        case True:
            return b"\x0a"
        case False:
            return b"\x0b"
        case str():
            return b"\x12" + document.encode().replace(b"\x00", b"\x00\xff") + b"\x00\x01"
        case Number():
            return decimals.encode_ordered(_decimal_of(document)).row(0)
        case list():
            return b"\x38"
        case _:
            return b"\x39"
