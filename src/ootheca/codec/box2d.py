"""BOX2D: boxes in the plane, as 32 bytes each: low x, high x, low y, high y, 8 bytes BE IEEE.

Layout: alone those 32 bytes; in a TUPLE 4 floats in key encoding (`ordered`); in a key 41, then the same, each float
    descending in a descending column. Text: BOX(lowx lowy,highx highy)
Source: reference 05 sections 2, 5, 6 and 8; column b of table g in fixtures/golden/20.2/l_geo.
    Unverified: boxes in keys and alone; numbers of which the text needs an exponent elsewhere.

Texts are made and parsed value by value in Python.
"""

from __future__ import annotations

import math
import re
import struct

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.coding import encode_fixed_be64
from ootheca.codec.ordered import Positions, check_marker, decode_float, encode_float
from ootheca.codec.ragged import Ragged, concat_rows, load_be64
from ootheca.errors import CorruptionError, InvalidValueError

__all__ = [
    "BOX_SIZE",
    "decode_floats",
    "decode_key",
    "encode_floats",
    "encode_key",
    "format_box",
    "parse_box",
]

BOX_SIZE = 32
_KEY = 0x41
_NUMBER = r"([^\s,()]+)"
_TEXT = re.compile(rf"\s*box\(\s*{_NUMBER}\s+{_NUMBER}\s*,\s*{_NUMBER}\s+{_NUMBER}\s*\)\s*", re.IGNORECASE)


def decode_floats(
    data: NDArray[np.uint8], positions: Positions, *, is_descending: bool = False
) -> tuple[Ragged, Positions]:
    """Decode boxes of four floats in key encoding: (n rows of 32 bytes, positions after them).

    Raises:
        CorruptionError: another kind of value stands there.
    """
    floats: list[NDArray[np.uint8]] = []
    for _ in range(4):
        values, positions = decode_float(data, positions, is_descending=is_descending)
        floats.append(encode_fixed_be64(values.view(np.uint64)))
    return Ragged.from_matrix(np.concatenate(floats, axis=1)), positions


def encode_floats(rows: Ragged, *, is_descending: bool = False) -> Ragged:
    """Return four floats in key encoding for each of n boxes of 32 bytes."""
    words = load_be64(rows.data, (rows.starts[:, None] + np.arange(0, BOX_SIZE, 8)).reshape(-1))
    numbers = words.view(np.float64).reshape(-1, 4)
    columns = [np.ascontiguousarray(numbers[:, place]) for place in range(4)]
    return concat_rows([encode_float(column, is_descending=is_descending) for column in columns])


def decode_key(
    data: NDArray[np.uint8], positions: Positions, *, is_descending: bool
) -> tuple[Ragged, Positions]:
    """Decode key columns; errors as for `decode_floats`."""
    after = check_marker(data, positions, _KEY, "box")
    return decode_floats(data, after, is_descending=is_descending)


def encode_key(rows: Ragged, *, is_descending: bool) -> Ragged:
    """Return n key columns."""
    return concat_rows([bytes([_KEY]), encode_floats(rows, is_descending=is_descending)])


def format_box(raw: bytes) -> str:
    """Return `BOX(lowx lowy,highx highy)`, numbers without exponent.

    Raises:
        CorruptionError: it has not 32 bytes.
    """
    if len(raw) != BOX_SIZE:
        raise CorruptionError("a BOX2D of the wrong length")
    low_x, high_x, low_y, high_y = map(_format_number, struct.unpack(">4d", raw))
    return f"BOX({low_x} {low_y},{high_x} {high_y})"


def _format_number(value: float) -> str:
    if math.isfinite(value):
        return np.format_float_positional(value, trim="-")
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def parse_box(text: str) -> bytes:
    """Return the 32 bytes of a box.

    Raises:
        InvalidValueError: the text is none.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise InvalidValueError(f'could not parse "{text}" as type box2d')
    try:
        low_x, low_y, high_x, high_y = (float(number.replace("_", "?")) for number in match.groups())
    except ValueError as exc:
        raise InvalidValueError(f'could not parse "{text}" as type box2d') from exc
    return struct.pack(">4d", low_x, high_x, low_y, high_y)
