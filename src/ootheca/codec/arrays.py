"""ARRAY values: bodies <-> flattened elements.

Layout: dimensions (1) | 10 if there are NULLs, element type as a tag with column 0 (one byte, or 0f and the type),
    be_uvarint count, with NULLs: bitmap of ceil(count/8) bytes (bit i%8 of byte i/8 set: element i is NULL),
    then the elements that are not NULL as in a TUPLE without tags; a BOOL element is a byte 0a or 0b.
    In a key: 3f, each element's key encoding (NULL 01), 00; descending 40, fe, ff.
Source: reference 05 sections 2 and 6; tables arrays and enums of fixtures/golden/20.2/a_full.
    Unverified: arrays in keys (CockroachDB of 2020 and 2022 made none in our fixtures).

Elements of all rows are decoded together: integers and those of fixed size at once, the others element by element
position (as many steps as the longest array has elements).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.coding import decode_be_uvarint_at, decode_uvarint_at, encode_be_uvarints, zigzag_decode
from ootheca.codec.datums import Blobs, Datums, Floats, Ints, Rows, concat, take
from ootheca.codec.ordered import Positions, first_bytes
from ootheca.codec.ragged import Ragged, concat_rows, gather
from ootheca.codec.uvarint import decode_be_uvarint
from ootheca.codec.values import DatumType, decode_datums, encode_datums, stored_type
from ootheca.errors import CorruptionError, UnsupportedError
from ootheca.types import Family, SQLType

__all__ = ["Elements", "decode_bodies", "encode_bodies", "join_elements"]

_HAS_NULLS = 0x10
_FIXED_SIZES: dict[int, int] = {DatumType.TRUE: 1, DatumType.FLOAT: 8, DatumType.UUID: 16}
_FEW_ROWS = 8  # with fewer rows than that in a step, strings are walked in Python


@dataclass(frozen=True, slots=True, eq=False)
class Elements:
    """The elements of n arrays, one after another.

    Args:
        offsets: int64[n+1] into the elements, NULLs included. present: which of them are not NULL.
        datums: the values of those.
    """

    offsets: NDArray[np.int64]
    present: Rows
    datums: Datums

    @property
    def num_elements(self) -> int:
        """All elements, NULLs included."""
        return int(self.offsets[-1])


def _element_type(element: SQLType) -> DatumType:
    kind = stored_type(element)
    if kind is None or kind is DatumType.ARRAY:
        raise UnsupportedError(f"arrays of type {element.name} are not supported")
    return kind


def decode_bodies(bodies: Ragged, element: SQLType) -> Elements:
    """Decode n array bodies.

    Raises:
        CorruptionError: another element type, a wrong length, several dimensions.
    """
    kind = _element_type(element)
    data, starts, ends = bodies.data, bodies.starts, bodies.offsets[1:]
    if len(bodies) == 0:
        return Elements(np.zeros(1, np.int64), None, _no_values(kind))
    flags = first_bytes(data, starts)
    if bool(((flags & 0x0F) != 1).any()):
        raise CorruptionError("an array that has not one dimension")
    types, after = decode_be_uvarint_at(data, starts + 1)
    long = np.flatnonzero(types == 15)
    if long.size:
        types[long], after[long] = decode_be_uvarint_at(data, after[long])
    accepted = (types == kind) | ((types == DatumType.TIME) & (element.family is Family.DATE))
    if not bool(accepted.all()):
        raise CorruptionError(
            f"an array of datum type {int(types[~accepted][0])} where {kind.value} was expected"
        )
    counts_read, after = decode_be_uvarint_at(data, after)
    if int(counts_read.max()) > data.size * 8:
        raise CorruptionError("the bytes end within an array")
    counts = counts_read.astype(np.int64)
    offsets = np.zeros(counts.size + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    has_nulls = (flags & _HAS_NULLS) != 0
    present, after, num_present = _decode_nulls(data, after, ends, counts, offsets, has_nulls)
    values = _decode_elements(data, after, ends, num_present, kind)
    return Elements(offsets, present, values)


def _decode_nulls(
    data: NDArray[np.uint8],
    at: Positions,
    ends: Positions,
    counts: NDArray[np.int64],
    offsets: NDArray[np.int64],
    has_nulls: NDArray[np.bool_],
) -> tuple[Rows, Positions, NDArray[np.int64]]:
    """Read the NULL bitmaps: (elements that are not NULL, positions after the bitmaps, their number in each row)."""
    sizes = np.where(has_nulls, (counts + 7) // 8, 0)
    after = at + sizes
    if bool((after > ends).any()):
        raise CorruptionError("the bytes end within an array")
    if not bool(has_nulls.any()):
        if bool((counts > 8 * (ends - after)).any()):
            raise CorruptionError("the bytes end within an array")
        return None, after, counts
    is_null = np.zeros(int(offsets[-1]), np.bool_)
    rows = np.flatnonzero(has_nulls)
    bitmaps = gather(data, at[rows], sizes[rows])
    bits = np.unpackbits(bitmaps.data[: bitmaps.total_size], bitorder="little").astype(np.bool_)
    within = np.arange(int(counts[rows].sum())) - np.repeat(
        np.cumsum(counts[rows]) - counts[rows], counts[rows]
    )
    is_null[np.repeat(offsets[rows], counts[rows]) + within] = bits[
        np.repeat(bitmaps.offsets[:-1] * 8, counts[rows]) + within
    ]
    totals = np.concatenate([[0], np.cumsum(~is_null)])
    return np.flatnonzero(~is_null), after, np.diff(totals[offsets])


def _no_values(kind: DatumType) -> Datums:
    return decode_datums(np.zeros(1, np.uint8), np.empty(0, np.int64), kind)[0]


def _decode_elements(
    data: NDArray[np.uint8], at: Positions, ends: Positions, counts: NDArray[np.int64], kind: DatumType
) -> Datums:
    """Decode `counts[i]` elements from each position, which must end at `ends[i]`."""
    total = int(counts.sum())
    if total == 0:
        if bool((at != ends).any()):
            raise CorruptionError("an array of the wrong length")
        return _no_values(kind)
    size = _FIXED_SIZES.get(kind)
    if size is not None:
        if bool((ends - at != counts * size).any()):
            raise CorruptionError("an array of the wrong length")
        return _decode_fixed(gather(data, at, ends - at), kind, size)
    if kind is DatumType.INT:
        return _decode_ints(gather(data, at, ends - at), counts)
    if kind is DatumType.BYTES and total < _FEW_ROWS * int(counts.max()):
        return _walk_strings(data, at, ends, counts)
    return _decode_by_position(data, at, ends, counts, kind)


def _decode_fixed(regions: Ragged, kind: DatumType, size: int) -> Datums:
    flat = regions.compact().data
    if kind is DatumType.FLOAT:
        return Floats(flat.view(">f8").astype(np.float64))
    if kind is DatumType.UUID:
        return Blobs(Ragged.from_matrix(flat.reshape(-1, size)))
    if bool(((flat != DatumType.TRUE) & (flat != DatumType.FALSE)).any()):
        raise CorruptionError("an impossible BOOL in an array")
    return Ints((flat == DatumType.TRUE).astype(np.int64))


def _decode_ints(regions: Ragged, counts: NDArray[np.int64]) -> Datums:
    """Every byte without continuation bit ends an integer, so that all of them are found at once."""
    regions = regions.compact()
    stops = np.flatnonzero(regions.data < 0x80)
    if not np.array_equal(np.searchsorted(stops, regions.offsets[1:]), np.cumsum(counts)):
        raise CorruptionError("an array of the wrong length")
    starts = np.empty(stops.size, np.int64)
    starts[0] = 0
    starts[1:] = stops[:-1] + 1
    values, _ = decode_uvarint_at(regions.data, starts)
    return Ints(zigzag_decode(values))


def _walk_strings(
    data: NDArray[np.uint8], at: Positions, ends: Positions, counts: NDArray[np.int64]
) -> Datums:
    raw = data.data
    starts, sizes = [], []
    for position, end, count in zip(at.tolist(), ends.tolist(), counts.tolist(), strict=True):
        for _ in range(count):
            size, position = decode_be_uvarint(raw, position, location="array")
            starts.append(position)
            sizes.append(size)
            position += size
            if position > end:
                raise CorruptionError("the bytes end within an array")
        if position != end:
            raise CorruptionError("an array of the wrong length")
    return Blobs(gather(data, np.array(starts, np.int64), np.array(sizes, np.int64)))


def _decode_by_position(
    data: NDArray[np.uint8], at: Positions, ends: Positions, counts: NDArray[np.int64], kind: DatumType
) -> Datums:
    """First all first elements, then all second ones …; put into the order of the arrays at the end."""
    first = np.cumsum(counts) - counts
    cursor = at.copy()
    parts: list[Datums] = []
    targets: list[NDArray[np.int64]] = []
    for index in range(int(counts.max())):
        rows = np.flatnonzero(counts > index)
        values, after = decode_datums(data, cursor[rows], kind)
        if bool((after > ends[rows]).any()):
            raise CorruptionError("the bytes end within an array")
        cursor[rows] = after
        parts.append(values)
        targets.append(first[rows] + index)
    if bool((cursor != ends).any()):
        raise CorruptionError("an array of the wrong length")
    target = np.concatenate(targets)
    order = np.empty(target.size, np.int64)
    order[target] = np.arange(target.size)
    return take(concat(parts), order)


def join_elements(encoded: Ragged, offsets: NDArray[np.int64], present: Rows) -> Ragged:
    """Join the bytes of each array's elements: rows of `encoded` are the elements that are not NULL."""
    if present is not None:
        offsets = np.searchsorted(present, offsets)
    return Ragged(encoded.data, encoded.offsets[offsets])


def encode_bodies(elements: Elements, element: SQLType) -> Ragged:
    """Encode n array bodies."""
    kind = _element_type(element)
    counts = np.diff(elements.offsets)
    tag, datums = encode_datums(elements.datums, element)
    if kind is DatumType.TRUE:
        assert isinstance(tag, np.ndarray)
        datums = Ragged.from_matrix(tag.reshape(-1, 1))
    flags, bitmaps = _encode_nulls(elements, counts)
    header = bytes([0x0F, kind]) if kind >= 15 else bytes([kind])
    joined = join_elements(datums, elements.offsets, elements.present)
    return concat_rows([flags.reshape(-1, 1), header, encode_be_uvarints(counts), bitmaps, joined])


def _encode_nulls(elements: Elements, counts: NDArray[np.int64]) -> tuple[NDArray[np.uint8], Ragged]:
    """Return (first bytes, NULL bitmaps; empty for arrays without NULLs)."""
    flags = np.ones(counts.size, np.uint8)
    if elements.present is None:
        return flags, Ragged(np.empty(0, np.uint8), np.zeros(counts.size + 1, np.int64))
    is_null = np.ones(elements.num_elements, np.bool_)
    is_null[elements.present] = False
    totals = np.concatenate([[0], np.cumsum(is_null)])
    has_nulls = np.diff(totals[elements.offsets]) > 0
    flags[has_nulls] |= _HAS_NULLS
    sizes = np.where(has_nulls, (counts + 7) // 8, 0)
    ends = np.cumsum(sizes)
    bits = np.zeros(int(ends[-1]) * 8 if ends.size else 0, np.uint8)
    nulls = np.flatnonzero(is_null)
    owner = np.searchsorted(elements.offsets, nulls, side="right") - 1
    bits[(ends - sizes)[owner] * 8 + nulls - elements.offsets[owner]] = 1
    return flags, Ragged(np.packbits(bits, bitorder="little"), np.concatenate([[0], ends]))
