"""GEOMETRY and GEOGRAPHY: EWKB <-> stored spatial objects.

Between the layers a spatial object is its EWKB, little-endian (`ewkb`); all else in the stored form follows from that.

Layout (protobuf, fields in this order, zeros left out):
    08 kind (1 GEOGRAPHY, 2 GEOMETRY) | 12 uvarint length, EWKB | 18 uvarint SRID | 20 uvarint shape
    2a uvarint length, box: 09 low x | 11 high x | 19 low y | 21 high y, each 8 bytes LE; none if the shape is empty
    shape: the EWKB's type, but 8 for a collection; | 2^30 with z, | 2^29 with m
    a GEOGRAPHY's box is in radians, and around the arcs of great circles (`sphere`)
Layout, key: 3d, 8 bytes BE place on a space-filling curve, object with 00 as 00 ff, 00 01; descending 3e, complement
    curve of a GEOMETRY without SRID: Hilbert's, 2^32 x 2^32, through the middle of its box; 0 if it is empty
Source: reference 05 sections 2, 5 and 6; table g of fixtures/golden/20.2/l_geo and 21.2/l_geo.
    Unverified: keys (their places on the curve are those that CockroachDB's own tests expect); z and m.

Vectorised for points; encoding other shapes takes some ten microseconds a value and a few a line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ootheca.codec import sphere
from ootheca.codec.coding import decode_uvarint_at, encode_fixed_be64, encode_uvarints
from ootheca.codec.datums import expand
from ootheca.codec.ewkb import (
    COLLECTION,
    HAS_M,
    HAS_SRID,
    HAS_Z,
    POINT,
    POINTS,
    Shape,
    read_ewkb,
    require_finite,
)
from ootheca.codec.ordered import Positions, check_marker, decode_bytes, encode_bytes
from ootheca.codec.ragged import Ragged, concat_rows, gather, load_le32, load_le64
from ootheca.codec.uvarint import decode_uvarint
from ootheca.errors import CorruptionError, UnsupportedError
from ootheca.types import Family, SQLType

__all__ = ["decode_key", "decode_objects", "encode_key", "encode_objects"]

_KEY, _KEY_DESC = 0x3D, 0x3E
_GEOGRAPHY, _GEOMETRY = 1, 2
_LENGTH_DELIMITED, _FIXED64, _FIXED32 = 2, 1, 5
_SHAPE_Z, _SHAPE_M, _SHAPE_COLLECTION = 1 << 30, 1 << 29, 8
_PLAIN_POINT_SIZES = {POINT: 21, POINT | HAS_SRID: 25}
_BOX_TAGS = (0x09, 0x11, 0x19, 0x21)
_RADIANS = math.pi / 180
_CURVE_BITS, _CURVE_MIN = 32, -(2.0**31)

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]


# Reading.


def decode_objects(objects: Ragged) -> Ragged:
    """Return the EWKB of n stored spatial objects.

    Raises:
        CorruptionError: one is damaged, or has none.
    """
    if len(objects) == 0:
        return objects
    data, starts, ends = objects.data, objects.starts, objects.offsets[1:]
    heads = load_le64(data, starts) & np.uint64(0xFF00FF)
    if bool((objects.lengths >= 4).all()) and bool((heads == 0x120008).all()):
        sizes, at = decode_uvarint_at(data, starts + 3)
        if int(sizes.max()) > data.size or bool((at + sizes.astype(np.int64) > ends).any()):
            raise CorruptionError("the bytes end within a spatial object")
        return gather(data, at, sizes.astype(np.int64))
    return Ragged.from_list([_find_ewkb(raw) for raw in objects.to_list()])


def _find_ewkb(raw: bytes) -> bytes:
    """Look for field 2 among fields in any order."""
    position, found = 0, b""
    while position < len(raw):
        tag, position = decode_uvarint(raw, position, location="spatial object")
        match tag & 7:
            case 0:
                _, position = decode_uvarint(raw, position, location="spatial object")
            case kind if kind in (_FIXED64, _FIXED32):
                position += 8 if kind == _FIXED64 else 4
            case kind if kind == _LENGTH_DELIMITED:
                size, position = decode_uvarint(raw, position, location="spatial object")
                if tag >> 3 == 2:
                    found = raw[position : position + size]
                position += size
            case _:
                raise CorruptionError("an impossible field in a spatial object")
    if position != len(raw) or not found:
        raise CorruptionError("a spatial object without EWKB, or the bytes end within it")
    return found


# What follows from an EWKB.


@dataclass(frozen=True, slots=True, eq=False)
class _Facts:
    """Of n spatial objects: int64[n], int64[n], bool[n], float64[n, 4] in the order of the stored box."""

    srid: NDArray[np.int64]
    shape: NDArray[np.int64]
    has_box: NDArray[np.bool_]
    box: Floats


def _facts(rows: Ragged, *, is_geography: bool) -> _Facts:
    """Points are taken all at once, other shapes are read one by one."""
    num_rows = len(rows)
    numbers = np.zeros((2, num_rows), np.int64)
    facts = _Facts(numbers[0], numbers[1], np.zeros(num_rows, np.bool_), np.zeros((num_rows, 4)))
    first = load_le32(rows.data, rows.starts) & np.uint32(0xFF)
    kinds = load_le32(rows.data, rows.starts + 1)
    is_point = np.zeros(num_rows, np.bool_)
    for kind, size in _PLAIN_POINT_SIZES.items():
        is_point |= (first == 1) & (kinds == kind) & (rows.lengths == size)
    points = np.flatnonzero(is_point)
    if points.size:
        _set_points(facts, rows, points, is_geography=is_geography)
    others = np.flatnonzero(~is_point).tolist()
    shapes = [read_ewkb(rows.row(row)) for row in others]
    boxes = _sphere_boxes(shapes) if is_geography else map(_plane_box, shapes)
    for row, shape, box in zip(others, shapes, boxes, strict=True):
        code = _SHAPE_COLLECTION if shape.code == COLLECTION else shape.code
        facts.srid[row] = np.uint32(shape.srid).astype(np.int32)
        facts.shape[row] = (
            code | (_SHAPE_Z if shape.kind & HAS_Z else 0) | (_SHAPE_M if shape.kind & HAS_M else 0)
        )
        if box is not None:
            facts.has_box[row] = True
            facts.box[row] = box
    return facts


def _set_points(facts: _Facts, rows: Ragged, points: NDArray[np.int64], *, is_geography: bool) -> None:
    starts, ends = rows.starts[points], rows.offsets[1:][points]
    has_srid = ends - starts == _PLAIN_POINT_SIZES[POINT | HAS_SRID]
    srid = load_le32(rows.data, starts + 5).astype(np.int32)
    x, y = (load_le64(rows.data, ends - back).view(np.float64) for back in (16, 8))
    is_empty = np.isnan(x) & np.isnan(y)
    require_finite(np.stack([x, y], axis=1)[~is_empty])
    has_box = ~is_empty
    if is_geography:
        x, y = x * _RADIANS, y * _RADIANS
        has_box &= (np.abs(x) <= math.pi) & (np.abs(y) <= math.pi / 2)
        x = np.where(x == -math.pi, math.pi, x)
    facts.srid[points] = np.where(has_srid, srid, 0)
    facts.shape[points] = POINT
    facts.has_box[points] = has_box
    facts.box[points] = np.where(has_box[:, None], np.stack([x, x, y, y], axis=1), 0)


def _plane_box(shape: Shape) -> Box | None:
    if shape.is_empty:
        return None
    points = np.concatenate(shape.all_lines())
    (low_x, low_y), (high_x, high_y) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return low_x, high_x, low_y, high_y


def _sphere_boxes(shapes: list[Shape]) -> Iterator[Box | None]:
    """The bounds of all lines are computed together, then joined shape by shape."""
    bounds = iter(sphere.bounds_of_lines([line for shape in shapes for line in _arcs_of(shape)]))
    for shape in shapes:
        found = _sphere_bounds(shape, bounds)
        yield None if found is None else (found.west, found.east, found.south, found.north)


def _arcs_of(shape: Shape) -> Iterator[Floats]:
    if shape.code not in (POINT, POINTS):
        yield from shape.lines
    for part in shape.parts:
        yield from _arcs_of(part)


def _sphere_bounds(shape: Shape, bounds: Iterator[sphere.Bounds | None]) -> sphere.Bounds | None:
    """Join the lines' and the parts' bounds in their order, upon which the result may depend."""
    joined: sphere.Bounds | None = None
    for line in shape.lines:
        is_line = shape.code not in (POINT, POINTS)
        joined = sphere.union(joined, next(bounds) if is_line else sphere.bounds_of_points(line))
    for part in shape.parts:
        joined = sphere.union(joined, _sphere_bounds(part, bounds))
    return joined


# Writing.


def encode_objects(rows: Ragged, t: SQLType) -> Ragged:
    """Return n spatial objects as they are stored.

    Args:
        rows: EWKB, little-endian. t: GEOMETRY or GEOGRAPHY.

    Raises:
        InvalidValueError: one is malformed. UnsupportedError: one has coordinates that are no finite numbers.
    """
    is_geography = t.family is Family.GEOGRAPHY
    return _encode(rows, _facts(rows, is_geography=is_geography), is_geography=is_geography)


def _encode(rows: Ragged, facts: _Facts, *, is_geography: bool) -> Ragged:
    num_rows = len(rows)
    numbers = facts.box.astype("<f8").view(np.uint8).reshape(num_rows, 4, 8)
    fields: list[Ragged] = []
    for place, tag in enumerate(_BOX_TAGS):
        given = np.flatnonzero(facts.has_box & (facts.box[:, place] != 0))
        tagged = np.concatenate([np.full((given.size, 1), tag, np.uint8), numbers[given, place]], axis=1)
        fields.append(expand(Ragged.from_matrix(tagged), given, num_rows))
    box = concat_rows(fields)
    boxed = np.flatnonzero(facts.has_box)
    box_head = concat_rows([b"\x2a", encode_uvarints(box.lengths[boxed])])
    parts: list[Ragged | bytes] = [
        bytes([0x08, _GEOGRAPHY if is_geography else _GEOMETRY, 0x12]),
        encode_uvarints(rows.lengths),
        rows,
        _optional(0x18, facts.srid),
        _optional(0x20, facts.shape),
        expand(box_head, boxed, num_rows),
        box,
    ]
    return concat_rows(parts)


def _optional(tag: int, values: NDArray[np.int64]) -> Ragged:
    """A field of each value that is not 0."""
    given = np.flatnonzero(values)
    encoded = concat_rows([bytes([tag]), encode_uvarints(values[given].view(np.uint64))])
    return expand(encoded, given, values.size)


# Keys.


def encode_key(rows: Ragged, t: SQLType, *, is_descending: bool) -> Ragged:
    """Return n key columns.

    Raises:
        UnsupportedError: a place on the curve needs S2 (GEOGRAPHY) or the bounds of a projection (SRID).
    """
    is_geography = t.family is Family.GEOGRAPHY
    facts = _facts(rows, is_geography=is_geography)
    if bool((facts.has_box & (is_geography | (facts.srid != 0))).any()):
        raise UnsupportedError(
            f"keys of type {t.name} cannot be written: their order is that of "
            + ("S2 cells" if is_geography else "a projection's bounds"),
            hint="leave out the table, or the index on that column",
        )
    places = encode_fixed_be64(np.where(facts.has_box, _curve_places(facts.box), np.uint64(0)))
    objects = _encode(rows, facts, is_geography=is_geography)
    marker = bytes([_KEY_DESC if is_descending else _KEY])
    tail = encode_bytes(objects, is_descending=is_descending, has_marker=False)
    return concat_rows([marker, ~places if is_descending else places, tail])


def _curve_places(box: Floats) -> NDArray[np.uint64]:
    """How far along Hilbert's curve over the integers of 32 bits the middle of each box lies; 2^64 - 1 outside."""
    with np.errstate(over="ignore"):  # what overflows is outside all the more
        middle = np.stack([(box[:, 0] + box[:, 1]) / 2, (box[:, 2] + box[:, 3]) / 2], axis=1)
    beyond = (middle < _CURVE_MIN) | (middle > -_CURVE_MIN - 1)
    outside = beyond[:, 0] | beyond[:, 1]
    cells = np.where(outside[:, None], 0, middle - _CURVE_MIN).astype(np.uint64)
    x, y = cells[:, 0], cells[:, 1]
    place = np.zeros(x.size, np.uint64)
    last = np.uint64(2**_CURVE_BITS - 1)
    for bit in range(_CURVE_BITS - 1, -1, -1):
        right, upper = (x >> np.uint64(bit)) & np.uint64(1), (y >> np.uint64(bit)) & np.uint64(1)
        place = (place << np.uint64(2)) | ((np.uint64(3) * right) ^ upper)
        flips, swaps = (upper == 0) & (right == 1), upper == 0
        x, y = np.where(flips, last - x, x), np.where(flips, last - y, y)
        x, y = np.where(swaps, y, x), np.where(swaps, x, y)
    return np.where(outside, np.uint64(2**64 - 1), place)


def decode_key(
    data: NDArray[np.uint8], positions: Positions, *, is_descending: bool
) -> tuple[Ragged, Positions]:
    """Decode key columns: (n EWKB, positions after them).

    Raises:
        CorruptionError: another kind of value stands there.
    """
    after = check_marker(data, positions, _KEY_DESC if is_descending else _KEY, "spatial object")
    objects, after = decode_bytes(data, after + 8, is_descending=is_descending, has_marker=False)
    return decode_objects(objects), after
