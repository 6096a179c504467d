"""Columns of a table key: each SQL type's order-preserving encoding.

Layout: first byte 00 for NULL (ff descending), else by type:
    BOOL, INT, OID, DATE, TIME   varint (`ordered`)        FLOAT     02 to 06 (`ordered`)
    text, BYTES, UUID, INET, ENUM   12/13 (`ordered`)      DECIMAL   18 to 36 (`decimals`)
    TIMESTAMP(TZ) 14, INTERVAL 16, TIMETZ 3c (`moments`)   BIT       3a/3b (`bits`)
    ARRAY 3f/40: elements (NULL 01/fe), 00/ff     GEOMETRY, GEOGRAPHY 3d/3e (`geo`)
    BOX2D 41 (`box2d`)
Source: reference 05 section 2; tables *_keys of fixtures/golden/20.2/a_full.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ootheca.codec import arrays, bits, box2d, decimals, geo
from ootheca.codec.datums import (
    Blobs,
    Datums,
    Decimals,
    Durations,
    Floats,
    Instants,
    Ints,
    ZonedTimes,
    concat,
    expand,
    num_values,
    take,
)
from ootheca.codec.moments import decode_moments, encode_moments
from ootheca.codec.ordered import (
    Positions,
    check_marker,
    decode_bytes,
    decode_float,
    decode_varint,
    encode_bytes,
    encode_float,
    encode_varint,
    first_bytes,
)
from ootheca.codec.ragged import Ragged, concat_rows
from ootheca.errors import CorruptionError, UnsupportedError
from ootheca.types import Family, SQLType

__all__ = ["decode_column", "encode_column", "is_composite"]

_ARRAY, _ARRAY_DESC = 0x3F, 0x40
_INT_FAMILIES = (Family.BOOL, Family.INT, Family.OID, Family.DATE, Family.TIME)
_BYTES_FAMILIES = (
    Family.STRING, Family.NAME, Family.BYTES, Family.UUID, Family.INET, Family.ENUM, Family.COLLATED_STRING,
)  # fmt: skip


def encode_column(datums: Datums, t: SQLType, *, is_descending: bool) -> Ragged:
    """Encode n values that are not NULL.

    Raises:
        UnsupportedError: the type has no key encoding here: collated strings, JSON, GEOGRAPHY, GEOMETRY with SRID.
    """
    if t.family is Family.COLLATED_STRING:
        raise UnsupportedError(
            f"keys of type {t.name} cannot be written: their bytes are those of CockroachDB's own collation tables",
            hint="leave out the table, or the index on that column",
        )
    match datums:
        case Ints(values):
            return encode_varint(values, is_descending=is_descending)
        case Floats(numbers):
            return encode_float(numbers, is_descending=is_descending)
        case Decimals():
            return decimals.encode_ordered(datums, is_descending=is_descending)
        case Instants() | Durations() | ZonedTimes():
            return encode_moments(datums, is_descending=is_descending)
        case Blobs(rows) if t.family is Family.BIT:
            return bits.encode_key(rows, is_descending=is_descending)
        case Blobs(rows) if t.family in _BYTES_FAMILIES:
            return encode_bytes(rows, is_descending=is_descending)
        case Blobs(rows) if t.family is Family.ARRAY:
            return _encode_array(rows, t, is_descending=is_descending)
        case Blobs(rows) if t.family in (Family.GEOMETRY, Family.GEOGRAPHY):
            return geo.encode_key(rows, t, is_descending=is_descending)
        case Blobs(rows) if t.family is Family.BOX2D:
            return box2d.encode_key(rows, is_descending=is_descending)
        case _:
            raise UnsupportedError(f"keys of type {t.name} are not supported")


def decode_column(
    data: NDArray[np.uint8], positions: Positions, t: SQLType, *, is_descending: bool
) -> tuple[Datums, Positions]:
    """Decode key columns that are not NULL.

    Of a collated string the collation key comes back, from which the text cannot be had.

    Returns:
        n values, int64[n] positions after them.

    Raises:
        CorruptionError: another kind of value stands there. UnsupportedError: a type without key encoding here.
    """
    family = t.family
    if family in _INT_FAMILIES:
        values, after = decode_varint(data, positions, is_descending=is_descending)
        return Ints(values), after
    if family in _BYTES_FAMILIES:
        rows, after = decode_bytes(data, positions, is_descending=is_descending)
        return Blobs(rows), after
    match family:
        case Family.FLOAT:
            numbers, after = decode_float(data, positions, is_descending=is_descending)
            return Floats(numbers), after
        case Family.DECIMAL:
            return decimals.decode_ordered(data, positions, is_descending=is_descending)
        case Family.TIMESTAMP | Family.TIMESTAMPTZ:
            return decode_moments(data, positions, Instants, is_descending=is_descending)
        case Family.INTERVAL:
            return decode_moments(data, positions, Durations, is_descending=is_descending)
        case Family.TIMETZ:
            return decode_moments(data, positions, ZonedTimes, is_descending=is_descending)
        case Family.BIT:
            rows, after = bits.decode_key(data, positions, is_descending=is_descending)
            return Blobs(rows), after
        case Family.ARRAY:
            return _decode_array(data, positions, t, is_descending=is_descending)
        case Family.GEOMETRY | Family.GEOGRAPHY:
            rows, after = geo.decode_key(data, positions, is_descending=is_descending)
            return Blobs(rows), after
        case Family.BOX2D:
            rows, after = box2d.decode_key(data, positions, is_descending=is_descending)
            return Blobs(rows), after
        case _:
            raise UnsupportedError(f"keys of type {t.name} are not supported")


def is_composite(datums: Datums, t: SQLType) -> NDArray[np.bool_]:
    """Return bool[n]: values of which a key column loses something, so that the value part repeats them."""
    match datums:
        case Floats(numbers):
            return np.asarray((numbers == 0) & np.signbit(numbers), np.bool_)
        case Decimals():
            return decimals.is_composite(datums)
        case Blobs(rows) if t.family is Family.ARRAY:
            assert t.element is not None
            elements = arrays.decode_bodies(rows, t.element)
            inner = is_composite(elements.datums, t.element)
            spread = np.zeros(elements.num_elements, np.bool_)
            spread[elements.present if elements.present is not None else slice(None)] = inner
            totals = np.concatenate([[0], np.cumsum(spread)])
            return np.diff(totals[elements.offsets]) > 0
        case _:
            return np.full(num_values(datums), t.family is Family.COLLATED_STRING)


def _encode_array(rows: Ragged, t: SQLType, *, is_descending: bool) -> Ragged:
    assert t.element is not None
    elements = arrays.decode_bodies(rows, t.element)
    encoded = encode_column(elements.datums, t.element, is_descending=is_descending)
    if elements.present is not None:
        total = elements.num_elements
        is_null = np.ones(total, np.bool_)
        is_null[elements.present] = False
        nulls = np.flatnonzero(is_null)
        marks = Ragged.from_constant(b"\xfe" if is_descending else b"\x01", nulls.size)
        encoded = concat_rows([expand(encoded, elements.present, total), expand(marks, nulls, total)])
    joined = arrays.join_elements(encoded, elements.offsets, None)
    marker, stop = (b"\x40", b"\xff") if is_descending else (b"\x3f", b"\x00")
    return concat_rows([marker, joined, stop])


def _decode_array(
    data: NDArray[np.uint8], positions: Positions, t: SQLType, *, is_descending: bool
) -> tuple[Datums, Positions]:
    """Element position by element position, as `arrays` does it."""
    assert t.element is not None
    null, stop = (0xFE, 0xFF) if is_descending else (0x01, 0x00)
    cursor = check_marker(data, positions, _ARRAY_DESC if is_descending else _ARRAY, "array")
    counts = np.zeros(positions.size, np.int64)
    parts: list[Datums] = []
    at: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    running = np.arange(positions.size)
    while running.size:
        lead = first_bytes(data, cursor[running])
        running, lead = running[lead != stop], lead[lead != stop]
        rows = running[lead != null]
        if rows.size:
            values, cursor[rows] = decode_column(data, cursor[rows], t.element, is_descending=is_descending)
            parts.append(values)
            at.append((rows, counts[rows]))
        cursor[running[lead == null]] += 1
        counts[running] += 1
        if counts.size and int(counts.max()) > data.size:
            raise CorruptionError("an array without end")
    offsets = np.concatenate([[0], np.cumsum(counts)])
    if not parts:
        empty = _no_values(t.element)
        present = None if offsets[-1] == 0 else np.empty(0, np.int64)
        return Blobs(arrays.encode_bodies(arrays.Elements(offsets, present, empty), t.element)), cursor + 1
    target = np.concatenate([offsets[rows] + index for rows, index in at])
    order = np.argsort(target)
    elements = arrays.Elements(offsets, target[order], take(concat(parts), order))
    return Blobs(arrays.encode_bodies(elements, t.element)), cursor + 1


def _no_values(t: SQLType) -> Datums:
    """Return no values of the kind that `t` has."""
    return decode_column(np.zeros(1, np.uint8), np.empty(0, np.int64), t, is_descending=False)[0]
