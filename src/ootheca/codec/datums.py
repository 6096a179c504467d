"""Decoded values of one column as NumPy arrays: the middle ground between stored bytes and Arrow.

Every class holds n values of one kind, without NULLs (a column keeps its NULLs beside them, as row numbers):

    Ints        BOOL (0, 1), INT, OID, DATE (days), TIME (microseconds since midnight)
    Floats      FLOAT
    Decimals    DECIMAL: sign, coefficient and exponent as stored, so that 1.10 stays 1.10
    Instants    TIMESTAMP, TIMESTAMPTZ: seconds since 1970 and nanoseconds
    ZonedTimes  TIMETZ: microseconds and seconds west of Greenwich
    Durations   INTERVAL: months, days, nanoseconds
    Blobs       everything that is a byte string: text, BYTES, UUID, enum members, and the bodies of INET, JSON,
                ARRAY as they stand in a TUPLE; BIT as the characters 0 and 1; GEOMETRY and GEOGRAPHY as EWKB;
                BOX2D as 4 floats BE: low x, high x, low y, high y
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.ragged import Ragged

__all__ = [
    "FINITE",
    "INFINITE",
    "NAN",
    "Blobs",
    "Datums",
    "Decimals",
    "Durations",
    "Floats",
    "Instants",
    "Ints",
    "Rows",
    "ZonedTimes",
    "concat",
    "expand",
    "num_values",
    "override",
    "scatter",
    "take",
]

FINITE, NAN, INFINITE = 0, 1, 2  # `Decimals.form`

Rows: TypeAlias = "NDArray[np.int64] | None"  # ascending row numbers; None: every row


@dataclass(frozen=True, slots=True, eq=False)
class Ints:
    """int64[n]."""

    values: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Floats:
    """float64[n]."""

    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Decimals:
    """(-1)^negative * coefficient * 10^exponent, or NaN, or an infinity.

    Args:
        form: uint8[n], FINITE, NAN or INFINITE.
        negative: bool[n].
        exponent: int64[n].
        coefficient: uint64[n]; 0 where `large` has the coefficient.
        large: object[n] of Python integers >= 2^64 (None elsewhere), or None if no coefficient is that large.
    """

    form: NDArray[np.uint8]
    negative: NDArray[np.bool_]
    exponent: NDArray[np.int64]
    coefficient: NDArray[np.uint64]
    large: NDArray[np.object_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Instants:
    """int64[n] seconds since 1970-01-01 UTC (floor), int64[n] nanoseconds 0 … 999 999 999."""

    seconds: NDArray[np.int64]
    nanos: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ZonedTimes:
    """int64[n] microseconds since midnight, int64[n] offset in seconds west of Greenwich."""

    micros: NDArray[np.int64]
    offset: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Durations:
    """int64[n] each."""

    months: NDArray[np.int64]
    days: NDArray[np.int64]
    nanos: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Blobs:
    """n byte strings."""

    rows: Ragged


Datums: TypeAlias = Ints | Floats | Decimals | Instants | ZonedTimes | Durations | Blobs
D = TypeVar("D", bound=Datums)


def num_values(datums: Datums) -> int:
    """Return n."""
    return len(getattr(datums, fields(datums)[0].name))


def take(datums: D, rows: NDArray[np.int64]) -> D:
    """Return the values at `rows`, in that order."""
    changes: dict[str, object] = {}
    for field in fields(datums):
        value = getattr(datums, field.name)
        if value is not None:
            changes[field.name] = value.take(rows)
    return replace(datums, **changes)  # type: ignore[arg-type]


def concat(parts: list[D]) -> D:
    """Stack values of one kind."""
    if len(parts) == 1:
        return parts[0]
    changes: dict[str, object] = {}
    for field in fields(parts[0]):
        values = [getattr(part, field.name) for part in parts]
        if isinstance(values[0], Ragged):
            changes[field.name] = Ragged.concat(values)
        elif any(value is not None for value in values):
            sizes = [num_values(part) for part in parts]
            filled = [
                np.full(n, None, object) if v is None else v for v, n in zip(values, sizes, strict=True)
            ]
            changes[field.name] = np.concatenate(filled)
    return replace(parts[0], **changes)  # type: ignore[arg-type]


def override(base: D, rows: NDArray[np.int64], values: D) -> D:
    """Return `base` with `values[i]` in place of its value at `rows[i]`."""
    total = num_values(base)
    if rows.size == total:
        return values
    order = np.arange(total, dtype=np.int64)
    order[rows] = total + np.arange(rows.size, dtype=np.int64)
    return take(concat([base, values]), order)


def scatter(datums: D, rows: Rows, num_rows: int) -> D:
    """Spread values over `num_rows` rows; the other rows get a zero or an empty string."""
    if rows is None:
        return datums
    changes: dict[str, object] = {}
    for field in fields(datums):
        value = getattr(datums, field.name)
        if isinstance(value, Ragged):
            changes[field.name] = expand(value, rows, num_rows)
        elif value is not None:
            spread = (
                np.zeros(num_rows, value.dtype) if value.dtype != object else np.full(num_rows, None, object)
            )
            spread[rows] = value
            changes[field.name] = spread
    return replace(datums, **changes)  # type: ignore[arg-type]


def expand(rows: Ragged, at: Rows, num_rows: int) -> Ragged:
    """Put row i of `rows` at row `at[i]` (ascending) of `num_rows`, the others empty; the bytes are not copied."""
    if at is None:
        return rows
    lengths = np.zeros(num_rows + 1, np.int64)
    lengths[at + 1] = rows.lengths
    lengths[0] = rows.offsets[0]
    return Ragged(rows.data, np.cumsum(lengths))
