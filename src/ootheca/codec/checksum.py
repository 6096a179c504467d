"""Checksums: masked CRC-32C of table blocks and the CRC-32 of stored values, the latter for many rows.

Layout:
    block checksum   mask(CRC-32C(contents, type byte)), fixed32 little-endian;
                     mask(c) = rotate_right(c, 15) + 0xa282ead8, modulo 2^32
    value checksum   CRC-32 (IEEE) of key, tag, data; a computed 0 is stored as 1; a stored 0 means that
                     there is none
Source: reference 04 section 2 and 05 section 5; every block and value of fixtures/golden.

The CRC of many rows is computed 4 bytes of every row at a time with two tables of 65536 entries. CRC-32 is
affine: crc(row) = linear(row) xor crc(as many zero bytes), and zeros in front do not change the linear part,
so rows of different sizes are zero-filled in front to one width and worked on as a matrix.

To compare stored checksums takes less: four bytes made from a row's checksum bring the CRC, if they follow the row and
the checksum is right, back to where it was before. So the CRC of all rows with their links between them is that of the
last row alone.
"""

from __future__ import annotations

import zlib
from functools import cache

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from ootheca.codec.ragged import Ragged, concat_rows, gather, load_le32

__all__ = ["block_checksum", "crc32_rows", "first_wrong_checksum", "mask_crc32c", "stored_checksums"]

_MASK_DELTA = 0xA282EAD8
_MAX_VECTOR_SIZE = (
    256  # beyond it the work is in the bytes, not in the rows: zlib's loop over one row is as fast
)
_WIDTH_STEP = 16
_CHECKSUM_SIZE = 4
_LINK = np.uint32(0x6DD90A9D)  # the CRC-32 of these bytes, little-endian, is 0: that of no bytes
_CHUNK_ROWS = 8192  # keeps a chunk of rows and both tables within the processor's cache


def mask_crc32c(crc: int) -> int:
    """Return the masked form in which table files store a CRC-32C."""
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def block_checksum(block: NDArray[np.uint8] | bytes) -> int:
    """Return the masked CRC-32C of a block's contents and type byte."""
    return mask_crc32c(int(google_crc32c.value(block)))


def stored_checksums(checksums: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the checksums as a value stores them: 0 means "not computed", so a computed 0 becomes 1."""
    return np.where(checksums == 0, np.uint32(1), checksums)


def first_wrong_checksum(keys: Ragged, values: Ragged) -> int | None:
    """Return the first row whose value, of 4 bytes at least, has a checksum that does not fit; None if all do.

    Values without a checksum are taken as they are.
    """
    stored = load_le32(values.data, values.starts).byteswap()
    if stored.size == 0 or _are_right(keys, values, stored):
        return None
    rows = np.flatnonzero(stored)
    computed = stored_checksums(crc32_rows(keys.take(rows), values.take(rows).trim(_CHECKSUM_SIZE)))
    wrong = np.flatnonzero(computed != stored[rows])
    return int(rows[wrong[0]]) if wrong.size else None


def _are_right(keys: Ragged, values: Ragged, stored: NDArray[np.uint32]) -> bool:
    """Whether every checksum fits; False also where a value has none, or a computed 0, which is stored as 1.

    Damage in one row is never missed, and in several as rarely as a CRC misses it.
    """
    crc = 0
    if stored.size > 1:
        # The links take the places of the next rows' checksums.
        shifted = Ragged(values.data, values.offsets[:-1] + _CHECKSUM_SIZE)
        joined = concat_rows([keys[:-1], shifted])
        words: NDArray[np.uint32] = np.ndarray((joined.data.size - 3,), "<u4", joined.data, strides=(1,))
        words[joined.offsets[1:] - _CHECKSUM_SIZE] = stored[:-1] ^ _LINK
        crc = zlib.crc32(joined.data.data)
    crc = zlib.crc32(values.row(-1)[_CHECKSUM_SIZE:], zlib.crc32(keys.row(-1), crc))
    return crc == int(stored[-1])


def crc32_rows(prefixes: Ragged, bodies: Ragged) -> NDArray[np.uint32]:
    """Return uint32[n]: the CRC-32 (IEEE, as zlib's) of prefix i followed by body i, for every row."""
    joined = concat_rows([prefixes, bodies])
    sizes = joined.lengths
    result = np.empty(sizes.size, np.uint32)
    if sizes.size == 0:
        return result
    # A window that ends with a row may begin before the first row.
    buffer = np.concatenate([np.zeros(_MAX_VECTOR_SIZE, np.uint8), joined.data])
    ends = joined.offsets[1:] + _MAX_VECTOR_SIZE
    classes = np.minimum(-(-sizes // _WIDTH_STEP), _MAX_VECTOR_SIZE // _WIDTH_STEP + 1)
    for index in np.unique(classes).tolist():
        rows = np.flatnonzero(classes == index)
        if index * _WIDTH_STEP > _MAX_VECTOR_SIZE:
            result[rows] = _crc32_long(buffer, ends[rows], sizes[rows])
            continue
        for first in range(0, rows.size, _CHUNK_ROWS):
            chunk = rows[first : first + _CHUNK_ROWS]
            result[chunk] = _crc32_windows(buffer, ends[chunk], sizes[chunk], width=index * _WIDTH_STEP)
    return result


def _crc32_long(
    buffer: NDArray[np.uint8], ends: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """Rows of hundreds of bytes: one zlib call each."""
    view = buffer.data
    bounds = zip((ends - sizes).tolist(), ends.tolist(), strict=True)
    return np.array([zlib.crc32(view[a:b]) for a, b in bounds], np.uint32)


def _crc32_windows(
    buffer: NDArray[np.uint8], ends: NDArray[np.int64], sizes: NDArray[np.int64], *, width: int
) -> NDArray[np.uint32]:
    """Rows of at most `width` bytes: each as the window that ends with it, the bytes before it zeroed."""
    low_table, high_table = _tables()
    windows = gather(buffer, ends - width, width)
    words = windows.data.view("<u4").reshape(sizes.size, width // 4)
    foreign = width - sizes
    state = np.zeros(sizes.size, np.uint32)
    most_foreign = int(foreign.max())
    for column in range(int(foreign.min()) // 4, width // 4):
        word = words[:, column]
        if column * 4 < most_foreign:
            shift = np.clip(foreign - column * 4, 0, 4).astype(np.uint64) * np.uint64(8)
            word = ((word.astype(np.uint64) >> shift) << shift).astype(np.uint32)
        state ^= word
        state = low_table.take(state & np.uint32(0xFFFF)) ^ high_table.take(state >> np.uint32(16))
    return state ^ _crc32_of_zeros()[sizes]


@cache
def _tables() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Advance a CRC state by 4 zero bytes, given its low and its high 16 bits."""
    state = np.arange(1 << 16, dtype=np.uint32)
    for _ in range(16):
        state = (state >> np.uint32(1)) ^ np.where(state & np.uint32(1), np.uint32(0xEDB88320), np.uint32(0))
    # `state` is now the effect of 2 bytes; two more zero bytes after them give the low half's table.
    low = (state >> np.uint32(16)) ^ state[state & np.uint32(0xFFFF)]
    return low, state


@cache
def _crc32_of_zeros() -> NDArray[np.uint32]:
    """uint32[257]: the CRC-32 of 0, 1, ... 256 zero bytes."""
    return np.array([zlib.crc32(bytes(size)) for size in range(_MAX_VECTOR_SIZE + 1)], np.uint32)
