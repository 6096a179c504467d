"""Single values as the bytes of a TUPLE or of a column family's only column.

Layout, in a TUPLE after the tag (tag number: datum):
    3 Int varint | 4 Float 8 bytes BE | 5 Decimal uvarint length, exact decimal | 6 Bytes be_uvarint length, bytes
    8 Time varint seconds, varint nanoseconds | 9 Duration varint months, days, nanoseconds | 10 True | 11 False
    12 UUID 16 bytes | 13 Array be_uvarint length, body | 14 IPAddr family, mask, 4 or 16 bytes
    15 JSON be_uvarint length, body | 17 BitArray be_uvarint bits, words | 19 TimeTZ varint microseconds, varint offset
    20 Geo be_uvarint length, spatial object | 24 Box2D 4 floats as in a key (`box2d`)
Layout, alone (kind byte: data):
    1 INT varint | 2 FLOAT 8 bytes BE | 3 BYTES raw | 4 TIME as in a key | 5 DECIMAL exact decimal
    6 DURATION as in a key | 11 BITARRAY as in a TUPLE | 12 TIMETZ as in a key | 13 GEO spatial object
    14 BOX2D 4 times 8 bytes BE
Source: reference 05 sections 5 and 6; fixtures/golden/20.2/a_full, databases kinds and shapes (table families);
    fixtures/golden/20.2/l_geo.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ootheca.codec import bits, box2d, decimals, geo
from ootheca.codec.coding import (
    decode_be_uvarint_at,
    decode_uvarint_at,
    encode_be_uvarints,
    encode_fixed_be64,
    encode_uvarints,
    zigzag_decode,
    zigzag_encode,
)
from ootheca.codec.datums import (
    Blobs,
    Datums,
    Decimals,
    Durations,
    Floats,
    Instants,
    Ints,
    ZonedTimes,
    num_values,
)
from ootheca.codec.moments import decode_moments, encode_moments
from ootheca.codec.network import INET_SIZES
from ootheca.codec.ordered import Positions, first_bytes
from ootheca.codec.ragged import Ragged, concat_rows, gather, load_be64
from ootheca.codec.uvarint import decode_be_uvarint
from ootheca.errors import CorruptionError, UnsupportedError
from ootheca.types import Family, SQLType

__all__ = [
    "DatumType",
    "ValueKind",
    "accepted_types",
    "decode_datums",
    "decode_lone",
    "encode_datums",
    "encode_lone",
    "skip_datums",
    "stored_type",
    "unsupported",
]


class DatumType(IntEnum):
    """What a tag in a TUPLE says about its datum; on disk, may never change."""

    NULL = 1
    NOT_NULL = 2
    INT = 3
    FLOAT = 4
    DECIMAL = 5
    BYTES = 6
    TIME = 8
    DURATION = 9
    TRUE = 10
    FALSE = 11
    UUID = 12
    ARRAY = 13
    IP_ADDR = 14
    JSON = 15
    TUPLE = 16
    BIT_ARRAY = 17
    TIMETZ = 19
    GEO = 20
    BOX2D = 24


class ValueKind(IntEnum):
    """The byte after a value's checksum; on disk, may never change."""

    INT = 1
    FLOAT = 2
    BYTES = 3
    TIME = 4
    DECIMAL = 5
    DURATION = 6
    TUPLE = 10
    BIT_ARRAY = 11
    TIMETZ = 12
    GEO = 13
    BOX2D = 14


_NAN_BITS = 0x7FF8000000000001

_STORED_TYPES = {
    Family.BOOL: DatumType.TRUE, Family.INT: DatumType.INT, Family.OID: DatumType.INT, Family.DATE: DatumType.INT,
    Family.TIME: DatumType.INT, Family.FLOAT: DatumType.FLOAT, Family.DECIMAL: DatumType.DECIMAL,
    Family.STRING: DatumType.BYTES, Family.NAME: DatumType.BYTES, Family.COLLATED_STRING: DatumType.BYTES,
    Family.BYTES: DatumType.BYTES, Family.ENUM: DatumType.BYTES, Family.TIMESTAMP: DatumType.TIME,
    Family.TIMESTAMPTZ: DatumType.TIME, Family.INTERVAL: DatumType.DURATION, Family.UUID: DatumType.UUID,
    Family.ARRAY: DatumType.ARRAY, Family.INET: DatumType.IP_ADDR, Family.JSON: DatumType.JSON,
    Family.BIT: DatumType.BIT_ARRAY, Family.TIMETZ: DatumType.TIMETZ, Family.GEOMETRY: DatumType.GEO,
    Family.GEOGRAPHY: DatumType.GEO, Family.BOX2D: DatumType.BOX2D,
}  # fmt: skip

_LONE_KINDS = {
    DatumType.TRUE: ValueKind.INT, DatumType.INT: ValueKind.INT, DatumType.FLOAT: ValueKind.FLOAT,
    DatumType.DECIMAL: ValueKind.DECIMAL, DatumType.TIME: ValueKind.TIME, DatumType.DURATION: ValueKind.DURATION,
    DatumType.BIT_ARRAY: ValueKind.BIT_ARRAY, DatumType.TIMETZ: ValueKind.TIMETZ, DatumType.GEO: ValueKind.GEO,
    DatumType.BOX2D: ValueKind.BOX2D,
}  # fmt: skip

_MOMENTS: dict[int, type[Instants] | type[Durations] | type[ZonedTimes]] = {
    ValueKind.TIME: Instants,
    ValueKind.DURATION: Durations,
    ValueKind.TIMETZ: ZonedTimes,
}


def unsupported(t: SQLType, column: str) -> UnsupportedError:
    """Return the error for a column whose type has no codec here."""
    return UnsupportedError(f"column {column!r}: values of type {t.name} are not supported")


def stored_type(t: SQLType) -> DatumType | None:
    """Return the type that a tag gives values of `t` (TRUE stands for both booleans); None if there is no codec."""
    if t.family is Family.ARRAY and (t.element is None or stored_type(t.element) in (None, DatumType.ARRAY)):
        return None
    return _STORED_TYPES.get(t.family)


def accepted_types(t: SQLType) -> tuple[int, ...]:
    """Return the tag types that a stored value of `t` may have."""
    kind = stored_type(t)
    if kind is DatumType.TRUE:
        return (DatumType.TRUE, DatumType.FALSE)
    return () if kind is None else (kind,)


def _slices(
    data: NDArray[np.uint8], starts: Positions, sizes: NDArray[np.uint64]
) -> tuple[Ragged, Positions]:
    """Copy `sizes` bytes from each start, having checked that they are there."""
    if sizes.size and int(sizes.max()) > data.size:
        raise CorruptionError("the bytes end within a value")
    ends = starts + sizes.astype(np.int64)
    if ends.size and int(ends.max()) > data.size:
        raise CorruptionError("the bytes end within a value")
    return gather(data, starts, ends - starts), ends


def _varints(data: NDArray[np.uint8], at: Positions) -> tuple[NDArray[np.int64], Positions]:
    values, after = decode_uvarint_at(data, at)
    return zigzag_decode(values), after


def _decode_int(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    values, after = _varints(data, at)
    return Ints(values), after


def _decode_float(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    return Floats(load_be64(data, at).view(np.float64)), at + 8


def _decode_decimal(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    sizes, starts = decode_uvarint_at(data, at)
    if sizes.size and int(sizes.max()) > data.size:
        raise CorruptionError("the bytes end within a value")
    ends = starts + sizes.astype(np.int64)
    if ends.size and int(ends.max()) > data.size:
        raise CorruptionError("the bytes end within a value")
    return decimals.decode_exact(data, starts, ends), ends


def _decode_bytes(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    sizes, starts = decode_be_uvarint_at(data, at)
    rows, after = _slices(data, starts, sizes)
    return Blobs(rows), after


def _decode_time(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    seconds, after = _varints(data, at)
    nanos, after = _varints(data, after)
    return Instants(seconds, nanos), after


def _decode_duration(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    months, after = _varints(data, at)
    days, after = _varints(data, after)
    nanos, after = _varints(data, after)
    return Durations(months, days, nanos), after


def _decode_true(_: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    return Ints(np.ones(at.size, np.int64)), at


def _decode_false(_: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    return Ints(np.zeros(at.size, np.int64)), at


def _decode_uuid(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    rows, after = _slices(data, at, np.full(at.size, 16, np.uint64))
    return Blobs(rows), after


def _decode_ip_addr(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    family = first_bytes(data, at)
    if bool((family > 1).any()):
        raise CorruptionError("an impossible INET value")
    rows, after = _slices(data, at, np.array(INET_SIZES, np.uint64)[family])
    return Blobs(rows), after


def _decode_bit_array(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    raw = data.data
    pairs = [bits.decode_body(raw, position) for position in at.tolist()]
    return Blobs(Ragged.from_list([pair[0] for pair in pairs])), np.array(
        [pair[1] for pair in pairs], np.int64
    )


def _decode_timetz(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    micros, after = _varints(data, at)
    offset, after = _varints(data, after)
    return ZonedTimes(micros, offset), after


def _decode_geo(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    sizes, starts = decode_be_uvarint_at(data, at)
    objects, after = _slices(data, starts, sizes)
    return Blobs(geo.decode_objects(objects)), after


def _decode_box(data: NDArray[np.uint8], at: Positions) -> tuple[Datums, Positions]:
    rows, after = box2d.decode_floats(data, at)
    return Blobs(rows), after


_DECODERS: dict[int, Callable[[NDArray[np.uint8], Positions], tuple[Datums, Positions]]] = {
    DatumType.INT: _decode_int,
    DatumType.FLOAT: _decode_float,
    DatumType.DECIMAL: _decode_decimal,
    DatumType.BYTES: _decode_bytes,
    DatumType.TIME: _decode_time,
    DatumType.DURATION: _decode_duration,
    DatumType.TRUE: _decode_true,
    DatumType.FALSE: _decode_false,
    DatumType.UUID: _decode_uuid,
    DatumType.ARRAY: _decode_bytes,
    DatumType.IP_ADDR: _decode_ip_addr,
    DatumType.JSON: _decode_bytes,
    DatumType.BIT_ARRAY: _decode_bit_array,
    DatumType.TIMETZ: _decode_timetz,
    DatumType.GEO: _decode_geo,
    DatumType.BOX2D: _decode_box,
}


def decode_datums(data: NDArray[np.uint8], at: Positions, kind: int) -> tuple[Datums, Positions]:
    """Decode the datum of type `kind` at each position.

    Returns:
        n values, int64[n] positions after them; the caller checks those against the ends of its rows.

    Raises:
        CorruptionError: the bytes are no such datum, or end within it.
    """
    return _DECODERS[kind](data, at)


def skip_datums(data: NDArray[np.uint8], at: Positions, kind: int) -> Positions:
    """Return the positions after datums of type `kind`, of any type that 20.2 to 22.x write.

    Raises:
        CorruptionError: the type is unknown, or the bytes end within the datum.
    """
    match kind:
        case DatumType.NULL | DatumType.NOT_NULL | DatumType.TRUE | DatumType.FALSE:
            return at
        case DatumType.FLOAT:
            return at + 8
        case DatumType.UUID:
            return at + 16
        case DatumType.BYTES | DatumType.ARRAY | DatumType.JSON | DatumType.GEO | DatumType.DECIMAL:
            decode = decode_uvarint_at if kind == DatumType.DECIMAL else decode_be_uvarint_at
            sizes, starts = decode(data, at)
            if sizes.size and int(sizes.max()) > data.size:
                raise CorruptionError("the bytes end within a value")
            return starts + sizes.astype(np.int64)
        case DatumType.TUPLE:
            raw = data.data
            return np.array([_skip_tuple(raw, data, position) for position in at.tolist()], np.int64)
        case _ if kind in _DECODERS:
            return decode_datums(data, at, kind)[1]
        case _:
            raise CorruptionError(f"unknown datum type {kind}")


def _skip_tuple(raw: memoryview, data: NDArray[np.uint8], position: int) -> int:
    count, position = decode_be_uvarint(raw, position, location="tuple")
    for _ in range(count):
        tag, position = decode_be_uvarint(raw, position, location="tuple")
        kind = tag & 15
        if kind == 15:
            kind, position = decode_be_uvarint(raw, position, location="tuple")
        position = int(skip_datums(data, np.array([position], np.int64), kind)[0])
    return position


def _with_length(rows: Ragged) -> Ragged:
    return concat_rows([encode_be_uvarints(rows.lengths), rows])


def _zigzags(*values: NDArray[np.int64]) -> Ragged:
    parts = [encode_uvarints(zigzag_encode(value)) for value in values]
    return parts[0] if len(parts) == 1 else concat_rows(parts)


def encode_datums(datums: Datums, t: SQLType) -> tuple[NDArray[np.uint8] | int, Ragged]:
    """Encode values as datums of a TUPLE or elements of an ARRAY.

    Returns:
        the tag's type: one for all, or uint8[n]; and n rows of bytes to follow the tag.
    """
    kind = stored_type(t)
    assert kind is not None
    match datums:
        case Ints(values) if kind is DatumType.TRUE:
            nothing = Ragged(np.empty(0, np.uint8), np.zeros(values.size + 1, np.int64))
            return np.where(values != 0, DatumType.TRUE, DatumType.FALSE).astype(np.uint8), nothing
        case Ints(values):
            return kind, _zigzags(values)
        case Floats(numbers):
            # The bits that CockroachDB gives every NaN.
            words = np.where(np.isnan(numbers), np.uint64(_NAN_BITS), numbers.view(np.uint64))
            return kind, Ragged.from_matrix(encode_fixed_be64(words))
        case Decimals():
            exact = decimals.encode_exact(datums)
            return kind, concat_rows([encode_uvarints(exact.lengths), exact])
        case Instants(seconds, nanos):
            return kind, _zigzags(seconds, nanos)
        case Durations(months, days, nanos):
            return kind, _zigzags(months, days, nanos)
        case ZonedTimes(micros, offset):
            return kind, _zigzags(micros, offset)
        case Blobs(rows) if kind is DatumType.BIT_ARRAY:
            return kind, Ragged.from_list([bits.encode_body(digits) for digits in rows.to_list()])
        case Blobs(rows) if kind in (DatumType.UUID, DatumType.IP_ADDR):
            return kind, rows.compact()
        case Blobs(rows) if kind is DatumType.GEO:
            return kind, _with_length(geo.encode_objects(rows, t))
        case Blobs(rows) if kind is DatumType.BOX2D:
            return kind, box2d.encode_floats(rows)
        case Blobs(rows):
            return kind, _with_length(rows)


def encode_lone(datums: Datums, t: SQLType) -> tuple[ValueKind, Ragged]:
    """Encode values of a family's only column: (kind byte, n rows of data)."""
    stored = stored_type(t)
    assert stored is not None
    kind = _LONE_KINDS.get(stored, ValueKind.BYTES)
    match datums:
        case Ints(values):
            return kind, _zigzags(values)
        case Decimals():
            return kind, decimals.encode_exact(datums)
        case Instants() | Durations() | ZonedTimes():
            return kind, encode_moments(datums)
        case Blobs(rows) if kind in (ValueKind.BYTES, ValueKind.BOX2D):
            return kind, rows.compact()
        case Blobs(rows) if kind is ValueKind.GEO:
            return kind, geo.encode_objects(rows, t)
        case _:
            return kind, encode_datums(datums, t)[1]


def decode_lone(data: NDArray[np.uint8], starts: Positions, ends: Positions, kind: int, t: SQLType) -> Datums:
    """Decode values of a family's only column from [start, end), which must be used up.

    Raises:
        CorruptionError: `kind` is not the one of `t`, or the bytes are no such value.
    """
    stored = stored_type(t)
    assert stored is not None
    expected = _LONE_KINDS.get(stored, ValueKind.BYTES)
    if kind != expected:
        raise CorruptionError(f"value of kind {kind} where {expected.value} was expected")
    if kind in (ValueKind.BYTES, ValueKind.GEO, ValueKind.BOX2D):
        rows = gather(data, starts, ends - starts)
        if kind == ValueKind.BOX2D and bool((rows.lengths != box2d.BOX_SIZE).any()):
            raise CorruptionError("a value of the wrong length")
        return Blobs(geo.decode_objects(rows) if kind == ValueKind.GEO else rows)
    if kind == ValueKind.DECIMAL:
        return decimals.decode_exact(data, starts, ends)
    moment = _MOMENTS.get(kind)
    datums: Datums
    if moment is not None:
        datums, after = decode_moments(data, starts, moment)
    else:
        datums, after = decode_datums(data, starts, DatumType.INT if stored is DatumType.TRUE else stored)
    if bool((after != ends).any()):
        raise CorruptionError("a value of the wrong length")
    assert num_values(datums) == starts.size
    return datums
