"""Order-preserving encodings of single values, for many rows at once: what table keys are made of.

Layout:
    uvarint     v <= 109: byte 88+v; else n = bytes of v: f5+n, v big-endian in n bytes
    varint      v >= 0: as uvarint; v < 0: n = bytes of -v: 88-n, low n bytes of v in two's complement, big-endian
                descending: the ascending form of ~v
    uvarint desc    0: 88; else n = bytes of v: 88-n, complement of v big-endian in n bytes
    bytes       12, data with 00 as 00 ff, 00 01; descending 13 and the complement of the rest
    float       02 NaN; 03 and the complement of the 8 IEEE bytes if negative; 04 zero; 05 and the bytes if positive
                descending: 06 NaN, else the ascending form of the negated number
Source: reference 05 section 2; every key of fixtures/golden/20.2/a_full.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.ragged import Ragged, concat_rows, gather, load_be64
from ootheca.codec.uvarint import INT_LARGE, INT_MAX_SMALL, INT_ZERO
from ootheca.errors import CorruptionError

__all__ = [
    "Decoded",
    "check_marker",
    "decode_bytes",
    "decode_float",
    "decode_uvarint",
    "decode_uvarint_desc",
    "decode_varint",
    "encode_bytes",
    "encode_float",
    "encode_uvarint",
    "encode_uvarint_desc",
    "encode_varint",
    "first_bytes",
]

_FLOAT_NAN, _FLOAT_NEGATIVE, _FLOAT_ZERO, _FLOAT_POSITIVE, _FLOAT_NAN_DESC = 2, 3, 4, 5, 6
_BYTES, _BYTES_DESC = 0x12, 0x13

Bytes = NDArray[np.uint8]
Positions = NDArray[np.int64]
Decoded = tuple[NDArray[np.int64], Positions]


def first_bytes(data: Bytes, positions: Positions) -> Bytes:
    """Return uint8[n]: the byte at each position.

    Raises:
        CorruptionError: a position is past the end.
    """
    if positions.size and int(positions.max()) >= data.size:
        raise CorruptionError("the bytes end within a value")
    return data[positions]


def check_marker(data: Bytes, positions: Positions, marker: int, what: str) -> Positions:
    """Return the positions after a byte that must be `marker`.

    Raises:
        CorruptionError: it is another, or missing.
    """
    first = first_bytes(data, positions)
    if bool((first != marker).any()):
        found = int(first[first != marker][0])
        raise CorruptionError(f"{what}: byte {found:02x} where {marker:02x} was expected")
    return positions + 1


def _byte_lengths(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many bytes each value takes without leading zero bytes; 0 for 0."""
    lengths = (values > 0).astype(np.int64)
    highest = int(values.max(initial=0))
    for size in range(1, 8):
        if highest >> (8 * size) == 0:
            break
        lengths += values >= np.uint64(1 << (8 * size))
    return lengths


def _marked(markers: NDArray[np.int64], words: NDArray[np.uint64], sizes: NDArray[np.int64]) -> Ragged:
    """One marker byte, then the low `size` bytes of each word, big-endian."""
    num_rows = int(words.size)
    largest, smallest = int(sizes.max(initial=0)), int(sizes.min(initial=8))
    if largest == 0:
        return Ragged.from_matrix(markers.astype(np.uint8).reshape(-1, 1))
    matrix = np.empty((num_rows, 9), np.uint8)
    matrix[:, 0] = markers
    shift = (np.maximum(8 - sizes, 0) * 8).astype(np.uint64)
    left = np.where(sizes == 0, np.uint64(0), words << np.minimum(shift, np.uint64(56)))
    matrix[:, 1:] = left.astype(">u8").view(np.uint8).reshape(-1, 8)
    if largest == smallest:
        return Ragged.from_matrix(matrix[:, : 1 + largest])
    return gather(matrix.reshape(-1), np.arange(num_rows, dtype=np.int64) * 9, sizes + 1)


def encode_uvarint(values: NDArray[np.uint64]) -> Ragged:
    """Encode uint64[n], ascending."""
    sizes = np.where(values <= INT_MAX_SMALL, 0, _byte_lengths(values))
    small = np.where(sizes == 0, values, np.uint64(0)).astype(np.int64)
    return _marked(np.where(sizes == 0, INT_ZERO + small, INT_LARGE + sizes), values, sizes)


def encode_uvarint_desc(values: NDArray[np.uint64]) -> Ragged:
    """Encode uint64[n], descending."""
    sizes = _byte_lengths(values)
    return _marked(INT_ZERO - sizes, ~values, sizes)


def encode_varint(values: NDArray[np.int64], *, is_descending: bool = False) -> Ragged:
    """Encode int64[n]."""
    if is_descending:
        values = ~values
    magnitudes = np.abs(values).view(np.uint64)
    sizes = np.where((values >= 0) & (values <= INT_MAX_SMALL), 0, _byte_lengths(magnitudes))
    markers = np.where(
        sizes == 0, INT_ZERO + values, np.where(values < 0, INT_ZERO - sizes, INT_LARGE + sizes)
    )
    return _marked(markers, values.view(np.uint64), sizes)


def _low_bytes(data: Bytes, positions: Positions, sizes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The big-endian integers of `sizes` (1 to 8) bytes at `positions`."""
    return load_be64(data, positions) >> (64 - 8 * sizes).astype(np.uint64)


def decode_uvarint(data: Bytes, positions: Positions) -> Decoded:
    """Decode ascending unsigned integers that fit int64.

    Raises:
        CorruptionError: another kind of value stands there.
    """
    if bool((first_bytes(data, positions) < INT_ZERO).any()):
        raise CorruptionError("an unsigned integer begins with the byte of a negative one")
    values, after = decode_varint(data, positions)
    if values.size and int(values.min()) < 0:
        raise CorruptionError("an unsigned integer exceeds 63 bits")
    return values, after


def decode_uvarint_desc(data: Bytes, positions: Positions) -> Decoded:
    """Decode descending unsigned integers that fit int64; errors as for `decode_uvarint`."""
    sizes = INT_ZERO - first_bytes(data, positions).astype(np.int64)
    if bool(((sizes < 0) | (sizes > 8)).any()):
        raise CorruptionError("a descending unsigned integer begins with an impossible byte")
    inverted = ~load_be64(data, positions + 1) >> np.minimum(64 - 8 * sizes, 63).astype(np.uint64)
    values = np.where(sizes == 0, np.uint64(0), inverted).view(np.int64)
    if values.size and int(values.min()) < 0:
        raise CorruptionError("an unsigned integer exceeds 63 bits")
    return values, positions + 1 + sizes


def decode_varint(data: Bytes, positions: Positions, *, is_descending: bool = False) -> Decoded:
    """Decode signed integers.

    Returns:
        int64[n] values, int64[n] positions after them.

    Raises:
        CorruptionError: another kind of value stands there.
    """
    first = first_bytes(data, positions)
    if bool(((first < INT_ZERO - 8) | (first > INT_LARGE + 8)).any()):
        raise CorruptionError("an integer begins with an impossible byte")
    long = np.flatnonzero((first < INT_ZERO) | (first > INT_LARGE))
    if long.size == first.size:
        values, after = _decode_long(data, positions, first)
    else:
        values, after = first.astype(np.int64) - INT_ZERO, positions + 1
        if long.size:
            values[long], after[long] = _decode_long(data, positions[long], first[long])
    return (~values if is_descending else values), after


def _decode_long(data: Bytes, positions: Positions, first: Bytes) -> Decoded:
    """Integers of 1 to 8 bytes after the first one."""
    negative = first < INT_ZERO
    sizes = np.where(negative, INT_ZERO - first, first - INT_LARGE).astype(np.int64)
    words = _low_bytes(data, positions + 1, sizes)
    short = np.flatnonzero(negative & (sizes < 8))
    if short.size:
        words[short] |= ~np.uint64(0) << (sizes[short] * 8).astype(np.uint64)
    return words.view(np.int64), positions + 1 + sizes


def encode_bytes(rows: Ragged, *, is_descending: bool = False, has_marker: bool = True) -> Ragged:
    """Encode n byte strings, without their first byte unless `has_marker`."""
    rows = rows.compact()
    escaped = _escape(rows)
    if is_descending:
        head = bytes([_BYTES_DESC]) if has_marker else b""
        return concat_rows([head, Ragged(~escaped.data, escaped.offsets), b"\xff\xfe"])
    return concat_rows([bytes([_BYTES]) if has_marker else b"", escaped, b"\x00\x01"])


def _escape(rows: Ragged) -> Ragged:
    zeros = np.flatnonzero(rows.data == 0)
    if zeros.size == 0:
        return rows
    data = np.insert(rows.data, zeros + 1, np.uint8(0xFF))
    return Ragged(data, rows.offsets + np.searchsorted(zeros, rows.offsets))


def decode_bytes(
    data: Bytes, positions: Positions, *, is_descending: bool = False, has_marker: bool = True
) -> tuple[Ragged, Positions]:
    """Decode byte strings, whose first byte has been read already unless `has_marker`.

    Returns:
        n rows, int64[n] positions after them.

    Raises:
        CorruptionError: another kind of value stands there, or a terminator is missing.
    """
    starts = positions
    if has_marker:
        starts = check_marker(data, positions, _BYTES_DESC if is_descending else _BYTES, "byte string")
    zero = 0xFF if is_descending else 0x00
    # Within a string every zero byte is followed by its escape, so the first such pair ends it.
    ends = np.flatnonzero((data[:-1] == zero) & (data[1:] == zero ^ 1))
    index = np.searchsorted(ends, starts)
    if starts.size and (ends.size == 0 or int(index.max()) >= ends.size):
        raise CorruptionError("a byte string without terminator")
    stops = ends[index]
    rows = gather(data, starts, stops - starts)
    if is_descending:
        rows = Ragged(~rows.data, rows.offsets)
    return _unescape(rows.compact()), stops + 2


def _unescape(rows: Ragged) -> Ragged:
    zeros = np.flatnonzero(rows.data == 0)
    if zeros.size == 0:
        return rows
    if int(zeros[-1]) + 1 >= rows.data.size or bool((rows.data[zeros + 1] != 0xFF).any()):
        raise CorruptionError("an unknown escape in a byte string")
    return Ragged(np.delete(rows.data, zeros + 1), rows.offsets - np.searchsorted(zeros, rows.offsets))


def encode_float(values: NDArray[np.float64], *, is_descending: bool = False) -> Ragged:
    """Encode float64[n]; the sign of a zero is lost."""
    nan, zero = np.isnan(values), values == 0
    number = -values if is_descending else values
    bits = number.view(np.uint64)
    negative = number < 0
    markers = np.where(negative, _FLOAT_NEGATIVE, _FLOAT_POSITIVE)
    markers[zero] = _FLOAT_ZERO
    markers[nan] = _FLOAT_NAN_DESC if is_descending else _FLOAT_NAN
    sizes = np.where(nan | zero, 0, 8)
    return _marked(markers, np.where(negative, ~bits, bits), sizes)


def decode_float(
    data: Bytes, positions: Positions, *, is_descending: bool = False
) -> tuple[NDArray[np.float64], Positions]:
    """Decode floats; a zero is +0, in a descending column -0, as CockroachDB (2020 to 2022) reads its own keys.

    Raises:
        CorruptionError: another kind of value stands there.
    """
    first = first_bytes(data, positions)
    nan = first == (_FLOAT_NAN_DESC if is_descending else _FLOAT_NAN)
    zero, negative = first == _FLOAT_ZERO, first == _FLOAT_NEGATIVE
    if not bool((nan | zero | negative | (first == _FLOAT_POSITIVE)).all()):
        raise CorruptionError("a float begins with an impossible byte")
    bits = load_be64(data, positions + 1)
    values = np.where(negative, ~bits, bits).view(np.float64)
    values = np.where(nan, np.nan, -values if is_descending else values)
    values[zero] = -0.0 if is_descending else 0.0
    return values, positions + np.where(nan | zero, 1, 9)
