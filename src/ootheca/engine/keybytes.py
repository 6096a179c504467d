"""Ordered key bytes of single datums, for `crdb_internal.datums_to_bytes`, over which hash-sharded indexes hash.

Layout: reference "keys and values", encoded value by first byte: `00` NULL, `05…` floats, `12` strings, `14` instants,
`27…` decimals, `80` to `fd` integers. `codec.keycolumns` encodes whole columns; this is its small sibling for SQL.
"""

from __future__ import annotations

import math
import struct
import uuid
from decimal import Decimal

from ootheca.engine import calendar
from ootheca.engine.decimals import parse_decimal
from ootheca.errors import UnsupportedError
from ootheca.types import Family, SQLType

__all__ = ["encode_key_datum"]


def encode_key_datum(text: str | None, t: SQLType) -> bytes:
    """Encode a datum, given as its text, ascending.

    Raises:
        UnsupportedError: types that no hash-sharded index was seen with.
    """
    if text is None:
        return b"\x00"
    match t.family:
        case Family.BOOL:
            return _varint(int(text == "t"))
        case Family.INT | Family.OID:
            return _varint(int(text))
        case Family.DATE:
            return _varint(calendar.parse_date(text))
        case Family.TIME:
            return _varint(calendar.parse_time(text))
        case Family.FLOAT:
            return _float(float(text.replace("Inf", "inf")))
        case Family.DECIMAL:
            return _decimal(parse_decimal(text))
        case Family.STRING:
            return _escaped(text.encode())
        case Family.BYTES:
            return _escaped(bytes.fromhex(text[2:]))
        case Family.UUID:
            return _escaped(uuid.UUID(text).bytes)
        case Family.ENUM if t.enum is not None:
            return _escaped(t.enum.physical[t.enum.labels.index(text)])
        case Family.TIMESTAMP | Family.TIMESTAMPTZ:
            micros = calendar.parse_timestamp(text, with_zone=t.family is Family.TIMESTAMPTZ)
            seconds, rest = divmod(micros, 1_000_000)
            return b"\x14" + _varint(seconds) + _varint(rest * 1000)
        case _:
            raise UnsupportedError(f"unimplemented: key bytes of type {t.name}")


def _uvarint(value: int) -> bytes:
    if value <= 109:
        return bytes([0x88 + value])
    size = (value.bit_length() + 7) // 8
    return bytes([0xF5 + size]) + value.to_bytes(size, "big")


def _varint(value: int) -> bytes:
    if value >= 0:
        return _uvarint(value)
    size = next(n for n in range(1, 9) if value >= -(2 ** (8 * n) - 1))
    low = value & ((1 << 8 * size) - 1)
    return bytes([0x88 - size]) + low.to_bytes(size, "big")


def _escaped(raw: bytes) -> bytes:
    return b"\x12" + raw.replace(b"\x00", b"\x00\xff") + b"\x00\x01"


def _float(value: float) -> bytes:
    if math.isnan(value):
        return b"\x02"
    if value == 0:
        return b"\x04"
    bits = struct.pack(">d", value)
    return b"\x05" + bits if value > 0 else b"\x03" + bytes(255 - byte for byte in bits)


def _decimal(value: Decimal) -> bytes:
    if value.is_nan():
        return b"\x18"
    if value.is_infinite():
        return b"\x35" if value > 0 else b"\x19"
    if value == 0:
        return b"\x27"
    digits = "".join(map(str, value.as_tuple().digits)).lstrip("0").rstrip("0")
    point = value.adjusted() + 1  # the number is 0.digits × 10^point
    if point % 2:
        digits, point = "0" + digits, point + 1
    digits += "0" * (len(digits) % 2)
    pairs = [int(digits[i : i + 2]) for i in range(0, len(digits), 2)]
    mantissa = bytes([*(2 * pair + 1 for pair in pairs[:-1]), 2 * pairs[-1]])
    exponent = point // 2
    if value > 0:
        return _positive_head(exponent) + mantissa + b"\x00"
    return _negative_head(exponent) + bytes(255 - byte for byte in mantissa) + b"\x00"


def _positive_head(exponent: int) -> bytes:
    if exponent < 0:
        return b"\x28" + _uvarint_descending(-exponent)
    return bytes([0x29 + exponent]) if exponent <= 10 else b"\x34" + _uvarint(exponent)


def _negative_head(exponent: int) -> bytes:
    if exponent < 0:
        return b"\x26" + _uvarint(-exponent)
    return bytes([0x25 - exponent]) if exponent <= 10 else b"\x1a" + _uvarint_descending(exponent)


def _uvarint_descending(value: int) -> bytes:
    if value == 0:
        return b"\x88"
    size = (value.bit_length() + 7) // 8
    return bytes([0x88 - size]) + bytes(255 - byte for byte in value.to_bytes(size, "big"))
