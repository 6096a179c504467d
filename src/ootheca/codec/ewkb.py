"""EWKB, PostGIS's binary form of geometries: what shape it is, and its points.

Layout: 01 (little-endian), uint32 type (1 point, 2 line, 3 polygon, 4 points, 5 lines, 6 polygons, 7 collection
    | 2^31 with z | 2^30 with m | 2^29 with SRID), [uint32 SRID], then
    point: its coordinates, 8 bytes each, all NaN if it is empty
    line: uint32 count, points without header; polygon: uint32 count, lines without header
    points, lines, polygons, collection: uint32 count, EWKB of each, which has no SRID of its own
Source: column m of table g in fixtures/golden/20.2/l_geo. Unverified: coordinates z and m.

Works value by value in Python.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ootheca.errors import InvalidValueError, UnsupportedError

__all__ = [
    "COLLECTION",
    "HAS_M",
    "HAS_SRID",
    "HAS_Z",
    "POINT",
    "POINTS",
    "Shape",
    "parse_hex",
    "read_ewkb",
    "require_finite",
]

POINT, LINE, POLYGON, POINTS, COLLECTION = 1, 2, 3, 4, 7
HAS_Z, HAS_M, HAS_SRID = 1 << 31, 1 << 30, 1 << 29
_CODES = (1 << 29) - 1
_MAX_DEPTH = 32

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shape:
    """One geometry.

    Args:
        kind: its type, with flags. srid: 0 if it has none.
        lines: float64[n, 2] each; a point, or points, are one line, a polygon has one for each ring.
        parts: those of lines, polygons and collections.
    """

    kind: int
    srid: int
    lines: tuple[Floats, ...]
    parts: tuple[Shape, ...]

    @property
    def code(self) -> int:
        """The type without flags."""
        return self.kind & _CODES

    @property
    def is_empty(self) -> bool:
        """Whether it has no point."""
        return not any(line.size for line in self.lines) and all(part.is_empty for part in self.parts)

    def all_lines(self) -> list[Floats]:
        """Return the lines of this shape and of its parts."""
        return [*self.lines, *(line for part in self.parts for line in part.all_lines())]


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0

    def uint32(self) -> int:
        if self.at + 4 > len(self.raw):
            raise _malformed()
        (value,) = struct.unpack_from("<I", self.raw, self.at)
        self.at += 4
        return int(value)

    def points(self, count: int, kind: int) -> Floats:
        stride = 2 + bool(kind & HAS_Z) + bool(kind & HAS_M)
        if count * stride * 8 > len(self.raw) - self.at:
            raise _malformed()
        found = np.frombuffer(self.raw, "<f8", count * stride, self.at).reshape(count, stride)
        self.at += found.nbytes
        return found

    def shape(self, depth: int = 0) -> Shape:
        if self.raw[self.at : self.at + 1] != b"\x01" or depth > _MAX_DEPTH:
            raise _malformed()
        self.at += 1
        kind = self.uint32()
        srid = self.uint32() if kind & HAS_SRID else 0
        match kind & _CODES:
            case 1:
                point = self.points(1, kind)
                return Shape(kind, srid, (_plane(point[:0] if np.isnan(point).all() else point),), ())
            case 2:
                return Shape(kind, srid, (self.line(kind),), ())
            case 3:
                return Shape(kind, srid, tuple([self.line(kind) for _ in range(self.uint32())]), ())
            case code if POINTS <= code <= COLLECTION:
                parts = tuple([self.shape(depth + 1) for _ in range(self.uint32())])
                if code != COLLECTION and any(part.code != code - 3 for part in parts):
                    raise _malformed()
                if code != POINTS:
                    return Shape(kind, srid, (), parts)
                lines = [part.lines[0] for part in parts]
                return Shape(kind, srid, (np.concatenate(lines),) if lines else (), ())
            case _:
                raise _malformed()

    def line(self, kind: int) -> Floats:
        return _plane(self.points(self.uint32(), kind))


def _malformed() -> InvalidValueError:
    return InvalidValueError("error parsing EWKB: it is not well-formed, or not little-endian")


def _plane(points: Floats) -> Floats:
    return require_finite(points[:, :2])


def require_finite(points: Floats) -> Floats:
    """Return the points.

    Raises:
        UnsupportedError: a coordinate is not finite, so that what CockroachDB computes from it is not known.
    """
    if not bool(np.isfinite(points).all()):
        raise UnsupportedError(
            "a spatial object has a coordinate that is infinite or no number",
            hint="set the value to NULL, or leave out the table",
        )
    return points


def read_ewkb(raw: bytes) -> Shape:
    """Read one EWKB.

    Raises:
        InvalidValueError: it is malformed, or big-endian. UnsupportedError: coordinates that are not finite.
    """
    reader = _Reader(raw)
    shape = reader.shape()
    if reader.at != len(raw):
        raise _malformed()
    return shape


def parse_hex(text: str) -> bytes:
    """Return the EWKB whose hexadecimal digits a text has.

    Raises:
        InvalidValueError: the text is other than that: malformed, big-endian, WKT or GeoJSON.
    """
    try:
        raw = bytes.fromhex(text.strip())
    except ValueError as exc:
        raise InvalidValueError(
            "error parsing EWKB hex: the text has other than hexadecimal digits",
            hint="give the value as little-endian EWKB in hexadecimal digits, as it is printed",
        ) from exc
    read_ewkb(raw)
    return raw
