"""Many integers as bytes at once: two kinds of variable-length ones and fixed ones; for a single one see `uvarint`.

Layout:
    uvarint        little-endian base-128: 7 bits a byte, lowest group first, high bit = more follow; at most
                   10 bytes
    varint         uvarint of the zigzag value: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
    be_uvarint     big-endian base-128 ("non-sorting uvarint"): highest group first, high bit = more follow
    fixed32/64     little-endian in table files, big-endian in keys and values
Source: protobuf's encoding document; reference 04 section 2 and 05 section 6; examples of both in
    fixtures/golden/20.2/a_full (block headers; tags of TUPLE values).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.ragged import Ragged, gather, load_le64
from ootheca.codec.uvarint import MAX_UVARINT_SIZE, overflow
from ootheca.errors import TruncatedError

__all__ = [
    "decode_be_uvarint_at",
    "decode_uvarint_at",
    "encode_be_uvarints",
    "encode_fixed_be32",
    "encode_fixed_be64",
    "encode_fixed_le32",
    "encode_uvarints",
    "uvarint_sizes",
    "zigzag_decode",
    "zigzag_encode",
]

_HIGH_BITS = np.uint64(0x8080808080808080)
_THRESHOLDS = np.array([1 << (7 * k) for k in range(1, MAX_UVARINT_SIZE)], np.uint64)


def zigzag_encode(values: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return uint64[n] with the sign in the lowest bit."""
    return ((values << 1) ^ (values >> 63)).view(np.uint64)


def zigzag_decode(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return int64[n], the inverse of `zigzag_encode`."""
    return (values >> np.uint64(1)).view(np.int64) ^ -(values & np.uint64(1)).view(np.int64)


def uvarint_sizes(values: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return int64[n]: how many bytes each non-negative value takes in either base-128 form."""
    values = values.astype(np.uint64, copy=False)
    if values.size and int(values.max()) < 0x80:
        return np.ones(values.size, np.int64)
    return np.searchsorted(_THRESHOLDS, values, side="right").astype(np.int64) + 1


def encode_uvarints(values: NDArray[np.integer]) -> Ragged:
    """Return n rows: the little-endian base-128 form of each non-negative value."""
    values, sizes, width = _prepare(values)
    groups = np.empty((values.size, width), np.uint8)
    for index in range(width):
        groups[:, index] = (values >> np.uint64(7 * index)) & np.uint64(0x7F)
        groups[:, index] |= (sizes > index + 1).astype(np.uint8) << np.uint8(7)
    return _ragged_from_groups(groups, sizes, first=0)


def encode_be_uvarints(values: NDArray[np.integer]) -> Ragged:
    """Return n rows: the big-endian base-128 form of each non-negative value."""
    values, sizes, width = _prepare(values)
    groups = np.empty((values.size, width), np.uint8)
    for index in range(width):
        groups[:, width - 1 - index] = (values >> np.uint64(7 * index)) & np.uint64(0x7F)
    groups[:, :-1] |= np.uint8(0x80)
    return _ragged_from_groups(groups, sizes, first=width - sizes)


def _prepare(values: NDArray[np.integer]) -> tuple[NDArray[np.uint64], NDArray[np.int64], int]:
    unsigned = values.astype(np.uint64, copy=False)
    sizes = uvarint_sizes(unsigned)
    return unsigned, sizes, int(sizes.max(initial=1))


def _ragged_from_groups(
    groups: NDArray[np.uint8], sizes: NDArray[np.int64], *, first: int | NDArray[np.int64]
) -> Ragged:
    """Cut row i of the matrix to `sizes[i]` bytes from column `first`."""
    num_rows, width = groups.shape
    if width == 1:
        return Ragged.from_matrix(groups)
    starts = np.arange(num_rows, dtype=np.int64) * width + first
    return gather(groups.reshape(-1), starts, sizes)


def decode_uvarint_at(
    data: NDArray[np.uint8], positions: NDArray[np.int64], *, location: str = "value"
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Decode the little-endian base-128 integer at every position.

    Returns:
        uint64[n] values, int64[n] positions after them.

    Raises:
        TruncatedError: a position, or an integer's last byte, is not within the data. CorruptionError: over
            64 bits.
    """
    return _decode_at(data, positions, location, big_endian=False)


def decode_be_uvarint_at(
    data: NDArray[np.uint8], positions: NDArray[np.int64], *, location: str = "value"
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Decode the big-endian base-128 integer at every position; otherwise as `decode_uvarint_at`."""
    return _decode_at(data, positions, location, big_endian=True)


def _decode_at(
    data: NDArray[np.uint8], positions: NDArray[np.int64], location: str, *, big_endian: bool
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    if positions.size == 0:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    _check_within(positions, data.size - 1, location)
    first = data[positions]
    long = np.flatnonzero(first >= 0x80)
    if long.size == first.size:
        values, sizes = _decode_long(data, positions, location, big_endian=big_endian)
        after = positions + sizes
    else:
        values, after = first.astype(np.uint64), positions + 1
        if long.size:
            values[long], sizes = _decode_long(data, positions[long], location, big_endian=big_endian)
            after[long] = positions[long] + sizes
    if long.size:
        _check_within(after, data.size, location)
    return values, after


def _check_within(positions: NDArray[np.int64], limit: int, location: str) -> None:
    if int(positions.min()) < 0 or int(positions.max()) > limit:
        outside = int(positions[(positions < 0) | (positions > limit)][0])
        raise TruncatedError(
            "the data ends within a variable-length integer", location=f"{location} @{outside}"
        )


def _decode_long(
    data: NDArray[np.uint8], positions: NDArray[np.int64], location: str, *, big_endian: bool
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Integers of several bytes: up to 8 from one word each, the rest byte by byte."""
    words = load_le64(data, positions)
    stops = ~words & _HIGH_BITS
    # The bits below the lowest stop bit, that bit included, cover the integer's own bytes.
    covered = stops ^ (stops - np.uint64(1))
    sizes = np.bitwise_count(covered).astype(np.int64) >> 3
    groups = words & covered
    if big_endian:
        shift = np.uint64(64) - (np.maximum(sizes, 1) * 8).astype(np.uint64)
        groups = groups.byteswap() >> shift
    values = _squeeze_groups(groups)
    longer = np.flatnonzero(stops == 0)
    if longer.size:
        values[longer], sizes[longer] = _decode_longest(
            data, positions[longer], location, big_endian=big_endian
        )
    return values, sizes


def _squeeze_groups(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Drop the top bit of each of 8 bytes and close the gaps, in three halving steps."""
    words = words & ~_HIGH_BITS
    for bits, mask in ((7, 0x00FF00FF00FF00FF), (14, 0x0000FFFF0000FFFF), (28, 0x00000000FFFFFFFF)):
        low = np.uint64(mask)
        high_shift = np.uint64(8 * bits // 7 - bits)
        words = (words & low) | ((words & ~low) >> high_shift)
    return words


def _decode_longest(
    data: NDArray[np.uint8], positions: NDArray[np.int64], location: str, *, big_endian: bool
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Integers of 9 and 10 bytes: 64 bits exactly or an overflow."""
    count = positions.size
    values, sizes = np.zeros(count, np.uint64), np.zeros(count, np.int64)
    for index in range(MAX_UVARINT_SIZE):
        at = positions + index
        # Past the end reads as zero, like the words of the shorter ones: the caller finds the end overrun.
        byte = np.where(at < data.size, data[np.minimum(at, data.size - 1)], 0).astype(np.uint64)
        running = sizes == 0
        group = byte & np.uint64(0x7F)
        lossy = (values >> np.uint64(57)) > 0 if big_endian else (index == 9) & (group > 1)
        if bool((running & lossy).any()):
            raise overflow(f"{location} @{int(positions[running & lossy][0])}")
        grown = (values << np.uint64(7)) | group if big_endian else values | (group << np.uint64(7 * index))
        values = np.where(running, grown, values)
        sizes[running & (byte < 0x80)] = index + 1
    if bool((sizes == 0).any()):
        raise overflow(f"{location} @{int(positions[sizes == 0][0])}")
    return values, sizes


def encode_fixed_le32(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return uint8[n, 4], little-endian."""
    return values.astype("<u4").view(np.uint8).reshape(-1, 4)


def encode_fixed_be32(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return uint8[n, 4], big-endian."""
    return values.astype(">u4").view(np.uint8).reshape(-1, 4)


def encode_fixed_be64(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return uint8[n, 8], big-endian."""
    return values.astype(">u8").view(np.uint8).reshape(-1, 8)
