"""Bounding rectangles of points and lines on the sphere, in radians, to the last bit as CockroachDB computes them.

A line between two points is the arc of a great circle, which reaches higher latitudes than its ends. CockroachDB takes
bounds of arcs from the S2 library, which widens them by known rounding errors, and sine and arctangent from Go, which
has them from Cephes; other libraries' differ in the last bit, so that these functions are computed here.

Longitudes are intervals on a circle: (low, high) in (-pi, pi], low > high if they pass the antimeridian,
(-pi, pi) the whole circle, (pi, -pi) none.

Source: table g of fixtures/golden/20.2/l_geo and 21.2/l_geo; S2's and Cephes' documentation. Bounds equal those of
    S2 for Go, which CockroachDB uses, for random lines and awkward ones: at poles, over the antimeridian, to antipodes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bounds", "arcsine", "arctan2", "bounds_of_lines", "bounds_of_points", "cosine", "sine", "union"]

Floats = NDArray[np.float64]
Longitudes = tuple[float, float]

_RADIANS = math.pi / 180
_EPSILON = 2.0**-52
_CIRCLE_EPSILON = 2.220446049e-16  # the same to fewer digits, as the intervals of S2 for Go have it
_NO_CIRCLE: Longitudes = (math.pi, -math.pi)
_WHOLE_CIRCLE: Longitudes = (-math.pi, math.pi)

# The smallest normal of two points from which a great circle is known, and the error of a product with a normal.
_LEAST_NORMAL = 1.91346e-15
_NORMAL_ERROR, _LEAST_ERROR = 6.06638e-16, 6.83174e-31

_PI_4 = (
    7.85398125648498535156e-1,
    3.77489470793079817668e-8,
    2.69515142907905952645e-15,
)  # pi/4 in three parts
_SINE = (
    1.58962301576546568060e-10, -2.50507477628578072866e-8, 2.75573136213857245213e-6, -1.98412698295895385996e-4,
    8.33333333332211858878e-3, -1.66666666666666307295e-1,
)  # fmt: skip
_COSINE = (
    -1.13585365213876817300e-11, 2.08757008419747316778e-9, -2.75573141792967388112e-7, 2.48015872888517045348e-5,
    -1.38888888888730564116e-3, 4.16666666666665929218e-2,
)  # fmt: skip
_ATAN_P = (
    -8.750608600031904122785e-01, -1.615753718733365076637e01, -7.500855792314704667340e01, -1.228866684490136173410e02,
    -6.485021904942025371773e01,
)  # fmt: skip
_ATAN_Q = (
    1.0, 2.485846490142306297962e01, 1.650270098316988542046e02, 4.328810604912902668951e02, 4.853903996359136964868e02,
    1.945506571482613964425e02,
)  # fmt: skip
_TAN_3PI_8 = 2.41421356237309504880
_PI_2_REST = 6.123233995736765886130e-17  # what pi/2 has beyond its float


@dataclass(frozen=True, slots=True)
class Bounds:
    """Latitudes south <= north, longitudes from `west` eastwards to `east`."""

    south: float
    north: float
    west: float
    east: float


# Functions of angles.


def _polynomial(coefficients: tuple[float, ...], x: Floats) -> Floats:
    result = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result


def _octants(x: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Reduce angles >= 0 to [-pi/4, pi/4]: (octant 0, 2, 4 or 6; sine of the rest; cosine of the rest)."""
    octant = (x * (4 / math.pi)).astype(np.int64)
    octant += octant & 1
    turns = octant.astype(np.float64)
    rest = ((x - turns * _PI_4[0]) - turns * _PI_4[1]) - turns * _PI_4[2]
    square = rest * rest
    sines = rest + rest * square * _polynomial(_SINE, square)
    cosines = 1.0 - 0.5 * square + square * square * _polynomial(_COSINE, square)
    return octant & 7, sines, cosines


def sine(x: Floats) -> Floats:
    """Return the sine of float64[n] angles of a few turns at most."""
    octant, sines, cosines = _octants(np.abs(x))
    values = np.where(octant & 2, cosines, sines)
    values = np.where((octant >= 4) ^ (x < 0), -values, values)
    return np.where(x == 0, x, values)


def cosine(x: Floats) -> Floats:
    """Return the cosine of float64[n] angles of a few turns at most."""
    octant, sines, cosines = _octants(np.abs(x))
    values = np.where(octant & 2, sines, cosines)
    return np.where((octant == 2) | (octant == 4), -values, values)


def _arctan_positive(x: Floats) -> Floats:
    low, high = x <= 0.66, x > _TAN_3PI_8
    reduced = np.where(low, x, np.where(high, 1 / x, (x - 1) / (x + 1)))
    square = reduced * reduced
    angle = square * _polynomial(_ATAN_P, square) / _polynomial(_ATAN_Q, square)
    angle = reduced * angle + reduced
    above = np.where(high, math.pi / 2 - angle + _PI_2_REST, math.pi / 4 + angle + 0.5 * _PI_2_REST)
    return np.where(low, angle, above)


def arctan2(y: Floats, x: Floats) -> Floats:
    """Return the angle of each finite point (x, y), in [-pi, pi]."""
    with np.errstate(all="ignore"):  # divisions by zero are among the cases told apart below
        quotient = y / x
        angle = np.copysign(_arctan_positive(np.abs(quotient)), quotient)
    angle = np.where(x < 0, np.where(angle <= 0, angle + math.pi, angle - math.pi), angle)
    angle = np.where(x == 0, np.copysign(math.pi / 2, y), angle)
    return np.where(y == 0, np.copysign(np.where(np.signbit(x), math.pi, 0.0), y), angle)


def arcsine(x: Floats) -> Floats:
    """Return the angle whose sine is x, in [-pi/2, pi/2]; NaN for |x| > 1."""
    with np.errstate(all="ignore"):
        size = np.abs(x)
        rest = np.sqrt(1 - size * size)
        steep = math.pi / 2 - _arctan_positive(rest / size)
        angle = np.where(size > 0.7, steep, _arctan_positive(size / rest))
    return np.copysign(angle, x)


# Intervals of longitudes.


def _contains(interval: Longitudes, angle: float) -> bool:
    low, high = interval
    if low > high:
        return (angle >= low or angle <= high) and interval != _NO_CIRCLE
    return low <= angle <= high


def _covers(interval: Longitudes, other: Longitudes) -> bool:
    """Whether an interval contains another of which it contains both ends."""
    (low, high), (other_low, other_high) = interval, other
    if low > high:
        if other_low > other_high:
            return other_low >= low and other_high <= high
        return other_low >= low or other_high <= high
    return interval == _WHOLE_CIRCLE if other_low > other_high else other_low >= low and other_high <= high


def _eastward(start: float, end: float) -> float:
    """How far it is from `start` to `end` going east."""
    distance = end - start
    return distance if distance >= 0 else (end + math.pi) - (start - math.pi)


def _with_angle(interval: Longitudes, angle: float) -> Longitudes:
    """Widen an interval on the side where that is less."""
    angle = math.pi if angle == -math.pi else angle
    if _contains(interval, angle):
        return interval
    if interval == _NO_CIRCLE:
        return (angle, angle)
    low, high = interval
    return (angle, high) if _eastward(angle, low) < _eastward(high, angle) else (low, angle)


def _joined(interval: Longitudes, other: Longitudes) -> Longitudes:
    """The smallest interval that contains both."""
    if other == _NO_CIRCLE:
        return interval
    has_low, has_high = _contains(interval, other[0]), _contains(interval, other[1])
    if has_low and has_high:
        return interval if _covers(interval, other) else _WHOLE_CIRCLE
    if has_low:
        return (interval[0], other[1])
    if has_high:
        return (other[0], interval[1])
    if interval == _NO_CIRCLE or _contains(other, interval[0]):
        return other
    if _eastward(other[1], interval[0]) < _eastward(interval[1], other[0]):
        return (other[0], interval[1])
    return (interval[0], other[1])


def _length(interval: Longitudes) -> float:
    length = interval[1] - interval[0]
    if length < 0:
        length += 2 * math.pi
    return length if length > 0 or interval[0] == interval[1] else -1.0


# Bounds.


def union(first: Bounds | None, second: Bounds | None) -> Bounds | None:
    """Return the smallest bounds around both; None is nothing."""
    if first is None or second is None:
        return second if first is None else first
    west, east = _joined((first.west, first.east), (second.west, second.east))
    return Bounds(min(first.south, second.south), max(first.north, second.north), west, east)


def bounds_of_points(degrees: Floats) -> Bounds | None:
    """Return the bounds of float64[n, 2] longitudes and latitudes, without those that are on no sphere."""
    angles = degrees * _RADIANS
    on_sphere = (np.abs(angles[:, 0]) <= math.pi) & (np.abs(angles[:, 1]) <= math.pi / 2)
    angles = angles[on_sphere]
    if angles.shape[0] == 0:
        return None
    circle = _NO_CIRCLE
    for angle in angles[:, 0].tolist():
        circle = _with_angle(circle, angle)
    return Bounds(float(angles[:, 1].min()), float(angles[:, 1].max()), *circle)


def bounds_of_lines(lines: Sequence[Floats]) -> list[Bounds | None]:
    """Return the bounds of each line: of the arcs that join float64[n, 2] longitudes and latitudes."""
    found: list[Bounds | None] = [None] * len(lines)
    places = [place for place, line in enumerate(lines) if line.shape[0]]
    if not places:
        return found
    points = _unit_vectors(np.concatenate([lines[place] for place in places]))
    counts = np.array([lines[place].shape[0] for place in places])
    ends = np.cumsum(counts)
    starts = ends - counts
    flat = np.sqrt(points[:, 0] * points[:, 0] + points[:, 1] * points[:, 1])
    latitudes, longitudes = arctan2(points[:, 2], flat), arctan2(points[:, 1], points[:, 0])
    arcs = _arcs(points, latitudes, starts)
    souths = np.maximum(np.minimum.reduceat(arcs.lowest, starts) - 2 * _EPSILON, -math.pi / 2).tolist()
    norths = np.minimum(np.maximum.reduceat(arcs.highest, starts) + 2 * _EPSILON, math.pi / 2).tolist()
    is_whole = np.logical_or.reduceat(arcs.is_opposite, starts).tolist()
    low, high = np.minimum.reduceat(longitudes, starts), np.maximum.reduceat(longitudes, starts)
    is_narrow = ((high - low < 3) & (low > -math.pi)).tolist()
    for index, (place, start, end) in enumerate(zip(places, starts.tolist(), ends.tolist(), strict=True)):
        if is_whole[index]:
            found[place] = Bounds(-math.pi / 2, math.pi / 2, *_WHOLE_CIRCLE)
            continue
        circle = (float(low[index]), float(high[index]))
        if not is_narrow[index]:
            circle = _circle_of(longitudes[start:end].tolist(), arcs.is_point[start + 1 : end].tolist())
        found[place] = _closed(souths[index], norths[index], circle)
    return found


def _closed(south: float, north: float, circle: Longitudes) -> Bounds:
    """Bounds with all longitudes if they have a pole, or nearly all longitudes anyhow."""
    if south == -math.pi / 2 or north == math.pi / 2 or _length(circle) + 2 * _CIRCLE_EPSILON >= 2 * math.pi:
        circle = _WHOLE_CIRCLE
    elif circle != _WHOLE_CIRCLE:
        west, east = (math.pi if angle == -math.pi else angle for angle in circle)
        circle = (west, east)
    return Bounds(south, north, *circle)


@dataclass(frozen=True, slots=True, eq=False)
class _Arcs:
    """Of the arc to each point: its latitudes, whether it is a mere point, whether it could go any way around."""

    lowest: Floats
    highest: Floats
    is_point: NDArray[np.bool_]
    is_opposite: NDArray[np.bool_]


def _unit_vectors(degrees: Floats) -> Floats:
    """float64[n, 3]: x towards (0, 0), z towards the north pole."""
    longitude, latitude = degrees[:, 0] * _RADIANS, degrees[:, 1] * _RADIANS
    radius = cosine(latitude)
    return np.stack([cosine(longitude) * radius, sine(longitude) * radius, sine(latitude)], axis=1)


def _cross(a: Floats, b: Floats) -> Floats:
    pairs = [a[:, i] * b[:, j] - a[:, j] * b[:, i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return np.stack(pairs, axis=1)


def _dot(a: Floats, b: Floats) -> Floats:
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]


def _arcs(points: Floats, latitudes: Floats, firsts: NDArray[np.int64]) -> _Arcs:
    """Follow the arc to each point from the one before; at `firsts`, which begin a line, there is only the point."""
    a, b = points[:-1], points[1:]
    normal = _cross(a - b, a + b)
    size = np.sqrt(_dot(normal, normal))
    is_point = size < _LEAST_NORMAL
    lows, highs = np.minimum(latitudes[:-1], latitudes[1:]), np.maximum(latitudes[:-1], latitudes[1:])
    # An arc passes its great circle's highest or lowest point if its ends are on different sides of the meridian there.
    side_a = normal[:, 1] * a[:, 0] - normal[:, 0] * a[:, 1]
    side_b = normal[:, 1] * b[:, 0] - normal[:, 0] * b[:, 1]
    error = _NORMAL_ERROR * size + _LEAST_ERROR
    passes = (side_a * side_b < 0) | (np.abs(side_a) <= error) | (np.abs(side_b) <= error)
    flat = np.sqrt(normal[:, 0] * normal[:, 0] + normal[:, 1] * normal[:, 1])
    extreme = np.minimum(arctan2(flat, np.abs(normal[:, 2])) + 3 * _EPSILON, math.pi / 2)
    # Between its ends an arc cannot climb further than its length, less what leads from one end to the other, allows.
    chord = a - b
    budget = 2 * arcsine(0.5 * np.sqrt(_dot(chord, chord)) * sine(extreme))
    climb = 0.5 * (budget - (highs - lows)) + _EPSILON
    up = passes & ~is_point & (side_a <= error) & (side_b >= -error)
    down = passes & ~is_point & (side_b <= error) & (side_a >= -error)
    lowest, highest = latitudes.copy(), latitudes.copy()
    highest[1:] = np.where(up, np.minimum(extreme, highs + climb), highs)
    lowest[1:] = np.where(down, np.maximum(-extreme, lows - climb), lows)
    lowest[firsts], highest[firsts] = latitudes[firsts], latitudes[firsts]
    is_opposite = np.append(False, is_point & (_dot(a, b) < 0))
    is_opposite[firsts] = False
    return _Arcs(lowest, highest, np.append(False, is_point), is_opposite)


def _circle_of(longitudes: list[float], is_point: list[bool]) -> Longitudes:
    """The longitudes of a line whose arcs take the shorter way around."""
    circle = _with_angle(_NO_CIRCLE, longitudes[0])
    for start, end, only_point in zip(longitudes, longitudes[1:], is_point, strict=False):
        first = (start, start) if only_point else _with_angle(_NO_CIRCLE, start)
        arc = _with_angle(first, end)
        if not only_point and _length(arc) >= math.pi - 2 * _EPSILON:
            arc = _WHOLE_CIRCLE  # either way around, to within the error
        circle = _joined(circle, arc)
    return circle
