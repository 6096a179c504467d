"""Keys as people read them: `/Table/53/1/42/"name"/0`, CockroachDB's own form.

Source: every key of fixtures/golden/20.2/a_full and 21.2/a_full, whose `dump.jsonl` has this form beside the bytes.

One key at a time, in Python, for messages and for the ends of spans. Values are printed by their first byte alone, as
CockroachDB does: an integer of a descending column appears as the one that its bytes would mean ascending.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ootheca import datum
from ootheca.catalog.table import Table
from ootheca.codec import bits, decimals, ordered
from ootheca.codec.datetimes import format_interval, format_timetz
from ootheca.codec.datums import Durations, Instants, ZonedTimes
from ootheca.codec.decimaltext import format_decimals
from ootheca.codec.moments import decode_moments
from ootheca.errors import OothecaError

__all__ = ["pretty_key"]

_SIMPLE_ESCAPES = {
    7: "\\a",
    8: "\\b",
    9: "\\t",
    10: "\\n",
    11: "\\v",
    12: "\\f",
    13: "\\r",
    0x22: '\\"',
    0x5C: "\\\\",
}
_INTERLEAVE = 0xFE
_GEO, _BOX2D, _GEO_INVERTED = 0x3D, 0x41, 0x42
_NAMESPACE = b"\xa6"  # table 30, which has a word of its own
_DAY_MICROS = 86_400 * 10**6
_JSON, _JSON_EMPTY_ARRAY, _JSON_EMPTY_OBJECT, _EMPTY_ARRAY = 0x37, 0x38, 0x39, 0x43
_Printed = tuple[str, NDArray[np.int64]]


def pretty_key(key: bytes, table: Table | None = None) -> str:
    """Return the readable form of a key or of a span's end; bytes that are no key column end it in hexadecimal.

    Args:
        table: not needed by this form; a span's end may lie outside of every table.
    """
    del table
    data = np.frombuffer(key, np.uint8)
    is_tenant = key[:1] == b"\xfe"
    position, parts = int(is_tenant), ["/Tenant" if is_tenant else _table_word(key)]
    while position < len(key):
        if key[position] == _INTERLEAVE:
            parts.append("#")
            position += 1
            continue
        try:
            text, position = _print(data, position) if key[position] != _JSON else _print_json(data, position)
        except (OothecaError, IndexError):
            parts.append(f"???{key[position:].hex()}")
            break
        parts.append(text)
        if is_tenant and len(parts) == 2 and position < len(key):
            parts.append(_table_word(key[position:])[1:])
    return "/".join(parts)


def _table_word(key: bytes) -> str:
    return "/NamespaceTable" if key[:1] == _NAMESPACE else "/Table"


def _print(data: NDArray[np.uint8], position: int) -> tuple[str, int]:
    """Print the value at a position: (text, position after it)."""
    at, lead = np.array([position], np.int64), int(data[position])
    for low, high, printer in _PRINTERS:
        if low <= lead <= high:
            text, after = printer(data, at)
            return text, int(after[0])
    raise IndexError(position)


def _print_json(data: NDArray[np.uint8], position: int) -> tuple[str, int]:
    """Print the path and the leaf of an inverted key; see `json` for its layout."""
    raw, position = data.tobytes(), position + 1
    path, name = [], bytearray()
    while True:
        byte, mark = raw[position], raw[position + 1] if raw[position] == 0 else 0
        if byte:
            name.append(byte)
            position += 1
            continue
        position += 2
        if mark == 0xFF:
            name.append(0)
            continue
        if name:
            path.append(_quote(bytes(name)))
            name.clear()
        if mark == 1:
            break
        if mark == 3:
            path.append("Arr")
    leaf, position = _print_json_leaf(data, position)
    return "/".join([*path, leaf]), position


def _print_json_leaf(data: NDArray[np.uint8], position: int) -> tuple[str, int]:
    words = {0x00: "NULL", 0x0A: "true", 0x0B: "false", _JSON_EMPTY_ARRAY: "[]", _JSON_EMPTY_OBJECT: "{}"}
    word = words.get(int(data[position]))
    return (word, position + 1) if word is not None else _print(data, position)


def _print_null(_: NDArray[np.uint8], at: NDArray[np.int64]) -> _Printed:
    return "NULL", at + 1


def _print_rest(data: NDArray[np.uint8], at: NDArray[np.int64]) -> _Printed:
    return _quote(data[at[0] :].tobytes()), at * 0 + data.size


def _print_empty_array(_: NDArray[np.uint8], at: NDArray[np.int64]) -> _Printed:
    return "[]", at + 1


def _print_int(data: NDArray[np.uint8], at: NDArray[np.int64]) -> _Printed:
    values, after = ordered.decode_varint(data, at)
    unsigned = int(values[0]) + 2**64 if values[0] < 0 and data[at[0]] > 0x88 else int(values[0])
    return str(unsigned), after


def _print_bytes(data: NDArray[np.uint8], at: NDArray[np.int64]) -> _Printed:
    rows, after = ordered.decode_bytes(data, at, is_descending=int(data[at[0]]) == 0x13)
    return _quote(rows.row(0)), after


def _print_float(data: NDArray[np.uint8], at: NDArray[np.int64]) -> _Printed:
    values, after = ordered.decode_float(data, at, is_descending=int(data[at[0]]) == 6)
    return _go_float(float(values[0])), after


def _go_float(value: float) -> str:
    """Go's `%g`, whose exponents begin at 21 digits."""
    if value == value and abs(value) not in (0, float("inf")) and 1e-4 <= abs(value) < 1e21:
        return np.format_float_positional(value, trim="-")
    return datum.format_float(value)


def _print_decimal(data: NDArray[np.uint8], at: NDArray[np.int64]) -> _Printed:
    values, after = decimals.decode_ordered(data, at, is_descending=int(data[at[0]]) == 0x36)
    return format_decimals(values).row(0).decode(), after


def _print_time(data: NDArray[np.uint8], at: NDArray[np.int64]) -> _Printed:
    instants, after = decode_moments(data, at, Instants)
    assert isinstance(instants, Instants)
    seconds, nanos = int(instants.seconds[0]), int(instants.nanos[0])
    seconds, nanos = seconds + nanos // 10**9, nanos % 10**9
    fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
    return datum.format_timestamp(seconds * 10**6).replace(" ", "T", 1) + f"{fraction}Z", after


def _print_duration(data: NDArray[np.uint8], at: NDArray[np.int64]) -> _Printed:
    values, after = decode_moments(data, at, Durations)
    assert isinstance(values, Durations)
    months, days, nanos = int(values.months[0]), int(values.days[0]), int(values.nanos[0])
    rest = nanos - int(nanos / 1000) * 1000 if abs(nanos) < 2**53 else nanos % 1000
    text = format_interval(months, days, nanos - rest)
    return f"{text}{rest:+d}ns" if rest else text, after


def _print_timetz(data: NDArray[np.uint8], at: NDArray[np.int64]) -> _Printed:
    values, after = decode_moments(data, at, ZonedTimes)
    assert isinstance(values, ZonedTimes)
    micros = int(values.micros[0])  # in a descending column it lies outside of the day
    micros = micros if 0 <= micros <= _DAY_MICROS else micros % _DAY_MICROS
    return format_timetz(micros, int(values.offset[0]), in_array=True), after


def _print_bits(data: NDArray[np.uint8], at: NDArray[np.int64]) -> _Printed:
    rows, after = bits.decode_key(data, at, is_descending=int(data[at[0]]) == 0x3B)
    return "B" + rows.row(0).decode(), after


_PRINTERS: tuple[tuple[int, int, Callable[[NDArray[np.uint8], NDArray[np.int64]], _Printed]], ...] = (
    (0x00, 0x00, _print_null),
    (0x02, 0x06, _print_float),
    (0x12, 0x13, _print_bytes),
    (0x14, 0x14, _print_time),
    (0x16, 0x16, _print_duration),
    (0x18, 0x36, _print_decimal),
    (0x3A, 0x3B, _print_bits),
    (0x3C, 0x3C, _print_timetz),
    (_GEO, _GEO + 1, _print_rest),
    (_BOX2D, _GEO_INVERTED, _print_rest),
    (_EMPTY_ARRAY, _EMPTY_ARRAY, _print_empty_array),
    (0x80, 0xFD, _print_int),
    (0xFF, 0xFF, _print_null),
)


def _quote(raw: bytes) -> str:
    """Return Go's `%q` of a byte string."""
    parts = ['"']
    for piece in raw.decode(errors="surrogateescape"):
        code = ord(piece)
        if code in _SIMPLE_ESCAPES:
            parts.append(_SIMPLE_ESCAPES[code])
        elif 0xDC80 <= code <= 0xDCFF:
            parts.append(f"\\x{code - 0xDC00:02x}")
        elif code < 0x20 or code == 0x7F:
            parts.append(f"\\x{code:02x}")
        elif piece.isprintable():
            parts.append(piece)
        else:
            parts.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return "".join([*parts, '"'])
