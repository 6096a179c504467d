"""The entries of data blocks, whatever the blocks' layout, and their values, wherever those lie.

Layout:
    value in its block   row tables up to v2, and columnar ones: the bytes themselves
                         row tables v3 and v4, if the entry is a SET; columnar ones, if the value is marked external:
                         a prefix byte, then as its two high bits say
                             00  the value
                             10  a handle: size:uvarint, number of the value block:uvarint, offset in it:uvarint
                             01  a handle into another file (no backup has them)
    pebble.value_index   of the metaindex: handle of the index, then three bytes: widths of number, offset, size
                         the index: (number, offset, size) of each value block, so many bytes each, little-endian
    value block          values one after another; compressed and checksummed like any block
Source: reference 04 section 6.
    Unverified: written by 24.1 and later only, and switched off for the data files of backups; no fixture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.coding import decode_uvarint_at
from ootheca.codec.ragged import Ragged, gather
from ootheca.codec.sst.footer import BlockHandle
from ootheca.errors import CorruptionError, UnsupportedError

__all__ = ["DataRows", "decode_value_index", "fetch_values"]

OpenBlock = Callable[[BlockHandle], NDArray[np.uint8]]

_PLACE_MASK, _IN_PLACE, _IN_OTHER_FILE, _IN_VALUE_BLOCK = (
    0xC0,
    0x00,
    0x40,
    0x80,
)  # on disk, a prefix byte's high bits
_NUM_WIDTHS = 3
_MAX_WIDTH = 8


@dataclass(frozen=True, slots=True, eq=False)
class DataRows:
    """n entries of some data blocks in stored order.

    Args:
        keys: roach keys. wall_ns, logical: their versions, as in `KeyValueBatch`. trailers: uint64[n].
        data: uint8[m]; value_starts, value_ends: int64[n], each stored value's range in it.
        is_prefixed: bool[n], whether a stored value begins with a prefix byte; None if none does.
    """

    keys: Ragged
    wall_ns: NDArray[np.int64]
    logical: NDArray[np.int32]
    trailers: NDArray[np.uint64]
    data: NDArray[np.uint8]
    value_starts: NDArray[np.int64]
    value_ends: NDArray[np.int64]
    is_prefixed: NDArray[np.bool_] | None = None


def decode_value_index(entry: bytes, open_block: OpenBlock, *, place: str) -> tuple[BlockHandle, ...]:
    """Decode the handles of a file's value blocks.

    Args:
        entry: the metaindex's value for `pebble.value_index`. open_block: gives a block's plain contents.

    Raises:
        CorruptionError: the entry or the index is damaged, and all errors of `open_block`.
    """
    handle, position = BlockHandle.decode(entry, 0, location=place, base=0)
    widths = entry[position:]
    row_size = sum(widths)
    if len(widths) != _NUM_WIDTHS or not all(0 < width <= _MAX_WIDTH for width in widths):
        raise CorruptionError("pebble/table: invalid table (bad value index handle)", location=place)
    raw = open_block(handle).tobytes()
    if len(raw) % row_size:
        raise CorruptionError("pebble/table: invalid table (bad value index)", location=place)
    handles = []
    for number, at in enumerate(range(0, len(raw), row_size)):
        fields = []
        for width in widths:
            fields.append(int.from_bytes(raw[at : at + width], "little"))
            at += width
        if fields[0] != number:
            raise CorruptionError("pebble/table: invalid table (bad value index)", location=place)
        handles.append(BlockHandle(fields[1], fields[2]))
    return tuple(handles)


def fetch_values(
    rows: DataRows, value_blocks: Callable[[], tuple[BlockHandle, ...]], open_block: OpenBlock, *, place: str
) -> Ragged:
    """Return the value of every entry, copied together.

    Args:
        value_blocks: gives the handles of the file's value blocks; asked only if a value lies in one.

    Raises:
        CorruptionError: a prefix or handle is damaged, and all errors of `open_block`.
        UnsupportedError: a value that lies in another file.
    """
    data, starts, sizes = rows.data, rows.value_starts, rows.value_ends - rows.value_starts
    if rows.is_prefixed is None or not bool(rows.is_prefixed.any()):
        return gather(data, starts, sizes)
    prefixed = np.flatnonzero(rows.is_prefixed)
    if bool((sizes[prefixed] < 1).any()):
        raise CorruptionError("pebble/table: invalid table (value without prefix)", location=place)
    where = data[starts[prefixed]] & np.uint8(_PLACE_MASK)
    if bool((where == _IN_OTHER_FILE).any()):
        raise UnsupportedError("values in other files (blob files) are not read", location=place)
    if bool((where == _PLACE_MASK).any()):
        raise CorruptionError("pebble/table: invalid table (bad value prefix)", location=place)
    starts, sizes = starts.copy(), sizes.copy()
    starts[prefixed] += 1
    sizes[prefixed] -= 1
    elsewhere = prefixed[where == _IN_VALUE_BLOCK]
    if elsewhere.size:
        data = _follow_handles(data, starts, sizes, elsewhere, value_blocks(), open_block, place)
    return gather(data, starts, sizes)


def _follow_handles(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    rows: NDArray[np.int64],
    handles: tuple[BlockHandle, ...],
    open_block: OpenBlock,
    place: str,
) -> NDArray[np.uint8]:
    """Append the value blocks that `rows` point to, and set those rows' starts and sizes to their values there."""
    bad = CorruptionError("pebble/table: invalid table (bad value handle)", location=place)
    fields, position = [], starts[rows]
    for _ in range(3):
        field, position = decode_uvarint_at(data, position, location=place)
        if bool((field >> np.uint64(48)).any()):
            raise bad
        fields.append(field.astype(np.int64))
    value_sizes, numbers, offsets = fields
    if bool((position != starts[rows] + sizes[rows]).any()) or int(numbers.max()) >= len(handles):
        raise bad
    parts, total = [data], data.size
    for number in np.unique(numbers).tolist():
        block = open_block(handles[number])
        members = np.flatnonzero(numbers == number)
        if bool((offsets[members] + value_sizes[members] > block.size).any()):
            raise bad
        starts[rows[members]] = total + offsets[members]
        sizes[rows[members]] = value_sizes[members]
        parts.append(block)
        total += block.size
    return np.concatenate(parts)
