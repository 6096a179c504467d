"""Row blocks -> keys and values, many blocks at once.

Layout (contents of a block, decompressed, without type and checksum):
    entry* restart_offset:fixed32[num_restarts] num_restarts:fixed32
    entry = shared:uvarint unshared:uvarint value_size:uvarint key[shared:] value
    The first entry of each restart interval has shared = 0. Pebble v3 and v4: the top bit of a restart
    offset is a flag.
Source: fixtures/golden/20.2/a_full/extern/full, offset 0 of every file; LevelDB doc/table_format.md, "data
    block".

An entry's place is known only after the entry before it, but that chain ends at a restart point: so the k-th entries of
all restart intervals of all blocks are found together, in some 16 steps over long arrays. A key's first bytes are those
of the key before: they are handed down 8 bytes of every key at a time, in doubling steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.coding import decode_uvarint_at
from ootheca.codec.ragged import Ragged, gather, load_le32
from ootheca.codec.uvarint import MAX_UVARINT_SIZE, decode_uvarint
from ootheca.errors import CorruptionError

__all__ = ["BlockEntries", "decode_blocks", "decode_named_values", "first_internal_key"]

_BAD_BLOCK = "pebble/table: invalid table: bad block"
_FIXED32 = 4
_MAX_HEADER_SIZE = 3 * MAX_UVARINT_SIZE
_RESTART_MASK = np.uint32(0x7FFFFFFF)
_SINGLE_BYTES = np.uint32(0x00808080)
_WORD, _PIECE = 8, 32  # bytes of keys that are handed down, and copied, together
_FIRST_BYTES = np.array([(1 << (8 * size)) - 1 for size in range(_WORD + 1)], np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class BlockEntries:
    """The entries of some blocks in stored order.

    Args:
        keys: n rebuilt keys.
        data: the blocks' contents; value_starts, value_ends: int64[n], each value's range in it.
    """

    keys: Ragged
    data: NDArray[np.uint8]
    value_starts: NDArray[np.int64]
    value_ends: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.value_starts.size)

    @property
    def values(self) -> Ragged:
        """The values, copied together."""
        return gather(self.data, self.value_starts, self.value_ends - self.value_starts)


@dataclass(frozen=True, slots=True, eq=False)
class _Intervals:
    """Restart intervals of all blocks, as ranges [start, end) of the contents laid one after another."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    blocks: NDArray[np.int64]


def decode_blocks(contents: Sequence[NDArray[np.uint8]], *, places: Sequence[str]) -> BlockEntries:
    """Decode row blocks, decompressed and without trailers, into the entries of all of them in order.

    Args:
        contents: uint8 arrays, one for each block. places: each block's file and offset, for errors.

    Raises:
        CorruptionError: a length runs past the end, a restart point is out of order or does not meet an
            entry, or a key shares more bytes than the key before it has.
    """
    # A piece may be read from up to the last entry's end.
    data = np.concatenate([*contents, np.zeros(_PIECE, np.uint8)])
    ends = np.cumsum([block.size for block in contents], dtype=np.int64)
    intervals = _decode_restarts(data, ends, places)
    positions, blocks = _find_entries(data, intervals, places)
    shared, unshared, value_sizes, key_at = _decode_headers(data, positions, places, blocks)
    keys = _rebuild_keys(data, shared, unshared, key_at)
    value_at = key_at + unshared
    return BlockEntries(keys, data, value_at, value_at + value_sizes)


def decode_named_values(contents: NDArray[np.uint8], *, place: str) -> dict[bytes, bytes]:
    """Decode a properties or metaindex block, entry by entry: they are short, often with one restart point.

    Raises:
        CorruptionError: as for `decode_blocks`, or a name occurs twice.
    """
    raw = contents.tobytes()
    num_restarts = int.from_bytes(raw[-_FIXED32:], "little")
    end = len(raw) - _FIXED32 * (num_restarts + 1)
    if len(raw) < 2 * _FIXED32 or num_restarts == 0 or end < 0:
        raise CorruptionError(f"{_BAD_BLOCK} (bad number of restart points)", location=place)
    named: dict[bytes, bytes] = {}
    position, name = 0, b""
    while position < end:
        (shared, unshared, value_size), position = _decode_header(raw, position, place)
        value_at = position + unshared
        if shared > len(name) or value_at + value_size > end:
            raise CorruptionError(f"{_BAD_BLOCK} (an entry's length runs past the end)", location=place)
        name = name[:shared] + raw[position:value_at]
        if name in named:
            raise CorruptionError(f"{_BAD_BLOCK} (a name occurs twice)", location=place)
        position = value_at + value_size
        named[name] = raw[value_at:position]
    return named


def first_internal_key(contents: NDArray[np.uint8], *, place: str) -> NDArray[np.uint8]:
    """Return the first key of a block, which is stored whole, without decoding the rest.

    Raises:
        CorruptionError: the key runs past the end.
    """
    (_, size, _), position = _decode_header(contents[:_MAX_HEADER_SIZE].tobytes(), 0, place)
    if position + size > contents.size:
        raise CorruptionError(f"{_BAD_BLOCK} (bad first key)", location=place)
    return contents[position : position + size]


def _decode_header(raw: bytes, position: int, place: str) -> tuple[list[int], int]:
    fields = []
    try:
        for _ in range(3):
            field, position = decode_uvarint(raw, position, location=place)
            fields.append(field)
    except CorruptionError as exc:
        raise CorruptionError(f"{_BAD_BLOCK} ({exc.message})", location=place) from exc
    return fields, position


def _decode_restarts(
    data: NDArray[np.uint8], block_ends: NDArray[np.int64], places: Sequence[str]
) -> _Intervals:
    """Find every restart interval and check that restart points ascend within their blocks."""
    block_starts = np.concatenate([np.zeros(1, np.int64), block_ends[:-1]])[: block_ends.size]
    sizes = block_ends - block_starts
    _refuse(sizes < 2 * _FIXED32, places, "too short for a restart point")
    num_restarts = load_le32(data, block_ends - _FIXED32).astype(np.int64)
    entries_ends = block_ends - _FIXED32 * (num_restarts + 1)
    _refuse((num_restarts == 0) | (entries_ends < block_starts), places, "bad number of restart points")
    blocks = np.repeat(np.arange(block_ends.size, dtype=np.int64), num_restarts)
    first = np.cumsum(num_restarts) - num_restarts
    ordinal = np.arange(blocks.size, dtype=np.int64) - first[blocks]
    offsets = (load_le32(data, entries_ends[blocks] + _FIXED32 * ordinal) & _RESTART_MASK).astype(np.int64)
    starts = block_starts[blocks] + offsets
    ends = np.append(starts[1:], np.int64(0))
    ends[first + num_restarts - 1] = entries_ends
    wrong = ends < starts
    wrong |= (ordinal == 0) & (offsets != 0)
    wrong |= (ends == starts) & (num_restarts[blocks] > 1)
    _refuse(wrong, places, "restart points out of order", blocks)
    return _Intervals(starts, ends, blocks)


def _find_entries(
    data: NDArray[np.uint8], intervals: _Intervals, places: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return int64[n] positions of all entries in stored order, and int64[n]: the blocks that they are in."""
    active = np.flatnonzero(intervals.starts < intervals.ends)
    position, end, blocks = intervals.starts[active], intervals.ends[active], intervals.blocks[active]
    before = np.zeros(active.size, np.int64)
    steps: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    counts = np.zeros(intervals.starts.size, np.int64)
    while active.size:
        steps.append((active, position))
        shared, unshared, value_size, key_at = _decode_headers(data, position, places, blocks)
        after = key_at + unshared + value_size
        _refuse((shared > before) | (after > end), places, "an entry's length runs past the end", blocks)
        counts[active] += 1
        position, before = after, shared + unshared
        going_on = position < end
        if not bool(going_on.all()):
            active, position, end = active[going_on], position[going_on], end[going_on]
            before, blocks = before[going_on], blocks[going_on]
    first_row = np.cumsum(counts) - counts
    positions = np.empty(int(counts.sum()), np.int64)
    for index, (members, found) in enumerate(steps):
        positions[first_row[members] + index] = found
    return positions, np.repeat(intervals.blocks, counts)


def _decode_headers(
    data: NDArray[np.uint8], position: NDArray[np.int64], places: Sequence[str], blocks: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return shared, unshared, value size and the key's place of the entries at `position`: int64[n] each."""
    word = load_le32(data, position)
    shared = (word & np.uint32(0x7F)).astype(np.int64)
    unshared = ((word >> np.uint32(8)) & np.uint32(0x7F)).astype(np.int64)
    value_size = ((word >> np.uint32(16)) & np.uint32(0x7F)).astype(np.int64)
    key_at = position + 3
    long = np.flatnonzero(word & _SINGLE_BYTES)
    if long.size:
        at, fields = position[long], []
        for _ in range(3):
            try:
                field, at = decode_uvarint_at(data, at)
            except CorruptionError as exc:
                place = places[int(blocks[long[0]])]
                raise CorruptionError(f"{_BAD_BLOCK} ({exc.message})", location=place) from exc
            _refuse(field > data.size, places, "an entry's length runs past the end", blocks[long])
            fields.append(field.astype(np.int64))
        shared[long], unshared[long], value_size[long] = fields
        key_at[long] = at
    return shared, unshared, value_size, key_at


def _rebuild_keys(
    data: NDArray[np.uint8],
    shared: NDArray[np.int64],
    unshared: NDArray[np.int64],
    key_at: NDArray[np.int64],
) -> Ragged:
    """Put before each key's own bytes those that it shares with the key before it."""
    lengths = shared + unshared
    offsets = np.zeros(lengths.size + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    # A piece may reach beyond its key's end: what it spoils there are the first pieces of later keys, written later.
    rebuilt = np.empty(int(offsets[-1]) + _PIECE, np.uint8)
    whole_at = key_at - shared
    for depth in reversed(range(0, int(lengths.max(initial=0)), _PIECE)):
        rows = np.flatnonzero(lengths > depth)
        pieces = _pieces(data)[whole_at[rows] + depth]
        words = pieces.view("<u8").reshape(rows.size, -1)
        for column in range(_PIECE // _WORD):
            inherited = shared[rows] - (depth + column * _WORD)
            if bool((inherited > 0).any()):
                words[:, column] = _hand_down(words[:, column], inherited)
        _pieces(rebuilt)[offsets[rows] + depth] = pieces
    return Ragged(rebuilt[: int(offsets[-1])], offsets)


def _pieces(data: NDArray[np.uint8]) -> NDArray[np.void]:
    """View a buffer as all its overlapping pieces."""
    return np.ndarray((data.size - _PIECE + 1,), np.dtype((np.void, _PIECE)), data, strides=(1,))


def _hand_down(words: NDArray[np.uint64], shared: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return words whose first `shared` bytes (none if negative, at most 8) are those of the word before."""
    inherited = _FIRST_BYTES[np.clip(shared, 0, _WORD)]
    words = words & ~inherited
    step = 1
    while bool(inherited.any()):
        # A word now holds what is its own in the last `step` words; `inherited` is what comes from before them.
        words[step:] |= words[:-step] & inherited[step:]
        inherited[step:] &= inherited[:-step]
        step *= 2
    return words


def _refuse(
    wrong: NDArray[np.bool_], places: Sequence[str], what: str, blocks: NDArray[np.int64] | None = None
) -> None:
    """Raise for the first block in which something is wrong, if there is one."""
    if bool(wrong.any()):
        row = int(np.flatnonzero(wrong)[0])
        block = row if blocks is None else int(blocks[row])
        raise CorruptionError(f"{_BAD_BLOCK} ({what})", location=places[block])
