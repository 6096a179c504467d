"""`Ragged`: many byte strings in one buffer, the common currency between the codecs.

Layout: data:uint8[m], offsets:int64[n+1]; row i = data[offsets[i]:offsets[i+1]). This is Arrow's
large_binary without a null mask, so both directions to Arrow are free of copies. Copying of many ranges and
joining of rows run in Arrow's compiled kernels: one Python call for all rows, some 10 ns a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ootheca.errors import InternalError

__all__ = [
    "Ragged",
    "argsort_bytes",
    "byte_at",
    "common_prefix_lengths",
    "compare",
    "concat_rows",
    "gather",
    "load_be64",
    "load_le32",
    "load_le64",
    "searchsorted_bytes",
]

_INLINE_SIZE = 12  # Arrow's binary_view keeps strings up to this size inside the view itself
_WINDOW_SIZE = 1 << 30  # a view's offset is an int32, so larger buffers are named in overlapping windows
_WORD = 8


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """n byte strings in one buffer; immutable by convention.

    Args:
        data: uint8[m], contiguous.
        offsets: int64[n+1], non-decreasing, within [0, m]; offsets[0] may be > 0 (a slice of a larger one).
    """

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @staticmethod
    def empty() -> Ragged:
        """Return no rows."""
        return Ragged(np.empty(0, np.uint8), np.zeros(1, np.int64))

    @staticmethod
    def from_list(rows: Sequence[bytes]) -> Ragged:
        """Pack Python byte strings; for tests, constants and other short lists."""
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        return Ragged(np.frombuffer(b"".join(rows), np.uint8), offsets)

    @staticmethod
    def from_matrix(matrix: NDArray[np.uint8]) -> Ragged:
        """Take uint8[n, w] as n rows of w bytes each, without a copy if it is contiguous."""
        num_rows, width = matrix.shape
        return Ragged(
            np.ascontiguousarray(matrix).reshape(-1),
            np.arange(num_rows + 1, dtype=np.int64) * np.int64(width),
        )

    @staticmethod
    def from_constant(value: bytes, num_rows: int) -> Ragged:
        """Repeat one byte string."""
        width = len(value)
        data = np.tile(np.frombuffer(value, np.uint8), num_rows)
        return Ragged(data, np.arange(num_rows + 1, dtype=np.int64) * np.int64(width))

    @staticmethod
    def from_arrow(array: pa.Array | pa.ChunkedArray) -> Ragged:
        """Take a binary, large_binary, string, or fixed-size binary array; a null becomes an empty row.

        Zero-copy for large_binary and large_string without nulls; the others copy offsets at least.
        """
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if not pa.types.is_large_binary(array.type):
            array = array.cast(pa.large_binary())
        if array.null_count:
            array = array.fill_null(b"")
        if len(array) == 0:
            return Ragged.empty()
        _, offset_buffer, data_buffer = array.buffers()
        offsets = np.frombuffer(offset_buffer, np.int64, len(array) + 1, array.offset * 8)
        data = np.empty(0, np.uint8) if data_buffer is None else np.frombuffer(data_buffer, np.uint8)
        return Ragged(data, offsets)

    @staticmethod
    def concat(parts: Sequence[Ragged]) -> Ragged:
        """Stack several one under another (one copy of the bytes)."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return Ragged.empty()
        data = np.concatenate([part.data[part.offsets[0] : part.offsets[-1]] for part in parts])
        lengths = np.concatenate([part.lengths for part in parts])
        return Ragged(data, _offsets_of(lengths))

    def __len__(self) -> int:
        return int(self.offsets.size) - 1

    def __getitem__(self, rows: slice) -> Ragged:
        """Return the rows [a:b] without a copy; a step other than 1 is refused (use `take`)."""
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise InternalError("a Ragged is sliced with step 1 only")
        return Ragged(self.data, self.offsets[start : max(stop, start) + 1])

    @property
    def starts(self) -> NDArray[np.int64]:
        """int64[n]: where each row begins in `data`."""
        return self.offsets[:-1]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64[n]: the size of each row in bytes."""
        return np.diff(self.offsets)

    @property
    def total_size(self) -> int:
        """The bytes of all rows together."""
        return int(self.offsets[-1] - self.offsets[0])

    def row(self, index: int) -> bytes:
        """Return one row as Python bytes; a negative index counts from the end."""
        index = index + len(self) if index < 0 else index
        return self.data[self.offsets[index] : self.offsets[index + 1]].tobytes()

    def to_list(self) -> list[bytes]:
        """Return Python byte strings; for tests and messages, not for hot paths."""
        raw, bounds = self.data.tobytes(), self.offsets.tolist()
        return [raw[a:b] for a, b in pairwise(bounds)]

    def to_arrow(self) -> pa.LargeBinaryArray:
        """Return the same bytes as Arrow, without a copy."""
        offsets = np.ascontiguousarray(self.offsets, np.int64)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.data)]
        return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(self), buffers)

    def compact(self) -> Ragged:
        """Return the same rows with offsets[0] == 0 and no bytes outside of them; copies only the offsets."""
        first, last = int(self.offsets[0]), int(self.offsets[-1])
        if first == 0 and last == self.data.size:
            return self
        return Ragged(self.data[first:last], self.offsets - first)

    def take(self, indices: NDArray[np.integer]) -> Ragged:
        """Return the rows at `indices`, in that order, copied."""
        starts = self.offsets[indices]
        return gather(self.data, starts, self.offsets[np.asarray(indices, np.int64) + 1] - starts)

    def trim(self, head: int | NDArray[np.int64] = 0, tail: int | NDArray[np.int64] = 0) -> Ragged:
        """Return every row without its first `head` and last `tail` bytes, copied.

        Raises:
            InternalError: a row is shorter than head + tail.
        """
        starts = self.offsets[:-1] + head
        return gather(self.data, starts, self.offsets[1:] - tail - starts)

    def equals(self, other: Ragged) -> bool:
        """Whether both hold the same byte strings in the same order."""
        if len(self) != len(other) or not np.array_equal(self.lengths, other.lengths):
            return False
        return np.array_equal(
            self.data[self.offsets[0] : self.offsets[-1]], other.data[other.offsets[0] : other.offsets[-1]]
        )


def _offsets_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    offsets = np.zeros(lengths.size + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def gather(buffer: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64] | int) -> Ragged:
    """Copy the ranges [start, start + length) of one buffer into rows, in any order, overlapping or not.

    Args:
        buffer: uint8[m], contiguous. starts: int64[n]. lengths: int64[n], or one length for all.

    Raises:
        InternalError: a range is not within the buffer, so a caller checks untrusted lengths first.
    """
    num_rows = int(starts.size)
    if num_rows == 0:
        return Ragged.empty()
    lengths = np.broadcast_to(np.asarray(lengths, np.int64), (num_rows,))
    ends = starts + lengths
    shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest < 0 or int(starts.min()) < 0 or int(ends.max()) > buffer.size:
        raise InternalError(f"a range to gather is not within the buffer of {buffer.size} bytes")
    if num_rows == 1:
        return Ragged(buffer[int(starts[0]) : int(ends[0])].copy(), np.array([0, longest], np.int64))
    if longest == 0:
        return Ragged(np.empty(0, np.uint8), np.zeros(num_rows + 1, np.int64))
    if longest >= _WINDOW_SIZE or (shortest <= _INLINE_SIZE and bool((starts[1:] >= ends[:-1]).all())):
        return _gather_by_take(buffer, starts, ends)
    return _gather_by_view(buffer, starts, lengths, inline=shortest <= _INLINE_SIZE)


def _gather_by_view(
    buffer: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64], *, inline: bool
) -> Ragged:
    """Name every range by a 16-byte binary_view and let Arrow's cast copy them."""
    views = np.zeros((starts.size, 4), np.int32)
    views[:, 0] = lengths
    if buffer.size < 2 * _WINDOW_SIZE:
        views[:, 3] = starts
        windows = [pa.py_buffer(buffer)]
    else:
        views[:, 2] = starts // _WINDOW_SIZE
        views[:, 3] = starts % _WINDOW_SIZE
        bounds = range(0, buffer.size, _WINDOW_SIZE)
        windows = [pa.py_buffer(buffer[at : at + 2 * _WINDOW_SIZE - 1]) for at in bounds]
    if inline:
        short = np.flatnonzero(lengths <= _INLINE_SIZE)
        at = starts[short]
        head = load_le64(buffer, at).view(np.int32).reshape(-1, 2)
        views[short, 1] = head[:, 0]
        views[short, 2] = head[:, 1]
        views[short, 3] = load_le32(buffer, at + _WORD).view(np.int32)
    array = pa.Array.from_buffers(pa.binary_view(), int(starts.size), [None, pa.py_buffer(views), *windows])
    return Ragged.from_arrow(array.cast(pa.large_binary()))


def _gather_by_take(buffer: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Ragged:
    """Ranges that ascend: lay the wanted ones and the gaps into one array and take every second element.

    Ranges that do not (rare: only for single rows of a gigabyte) are copied one at a time.
    """
    if not bool((starts[1:] >= ends[:-1]).all()):
        pieces = [buffer[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        return Ragged(np.concatenate(pieces), _offsets_of(ends - starts))
    num_rows = int(starts.size)
    bounds = np.empty(2 * num_rows, np.int64)
    bounds[0::2] = starts
    bounds[1::2] = ends
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(buffer)]
    array = pa.LargeBinaryArray.from_buffers(pa.large_binary(), 2 * num_rows - 1, buffers)
    return Ragged.from_arrow(array.take(pa.array(np.arange(0, 2 * num_rows, 2, dtype=np.int64))))


def concat_rows(parts: Sequence[Ragged | bytes | NDArray[np.uint8]]) -> Ragged:
    """Join row i of every part into row i of the result: the core of the encoders.

    Args:
        parts: `Ragged` of n rows, uint8[n, w] matrices (w bytes for each row), and bytes that every row gets.

    Raises:
        InternalError: the parts have different numbers of rows, or none has rows.
    """
    columns: list[pa.LargeBinaryArray | pa.Scalar] = []
    counts: set[int] = set()
    for part in parts:
        if isinstance(part, bytes):
            columns.append(pa.scalar(part, pa.large_binary()))
            continue
        rows = part if isinstance(part, Ragged) else Ragged.from_matrix(part)
        counts.add(len(rows))
        columns.append(rows.to_arrow())
    if len(counts) != 1:
        raise InternalError(f"rows to concatenate have {sorted(counts)} rows")
    if counts == {0}:
        return Ragged.empty()
    joined = pc.binary_join_element_wise(*columns, pa.scalar(b"", pa.large_binary()))
    return Ragged.from_arrow(joined)


def byte_at(rows: Ragged, position: int | NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return uint8[n]: the byte of each row at `position`; a negative one counts from the row's end.

    Raises:
        InternalError: a row has no such byte.
    """
    position = np.broadcast_to(np.asarray(position, np.int64), (len(rows),))
    at = np.where(position < 0, rows.offsets[1:], rows.offsets[:-1]) + position
    if bool((at < rows.offsets[:-1]).any()) or bool((at >= rows.offsets[1:]).any()):
        raise InternalError("a row has no byte at the position asked for")
    return rows.data[at]


def load_le64(data: NDArray[np.uint8], positions: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return uint64[n]: the 8 bytes at each position, little-endian; past the end are zeros."""
    return _load(data, positions, _WORD).astype(np.uint64, copy=False)


def load_be64(data: NDArray[np.uint8], positions: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return uint64[n]: the 8 bytes at each position, big-endian; past the end are zeros."""
    return load_le64(data, positions).byteswap()


def load_le32(data: NDArray[np.uint8], positions: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return uint32[n]: the 4 bytes at each position, little-endian; past the end are zeros."""
    return _load(data, positions, 4).astype(np.uint32, copy=False)


def _load(data: NDArray[np.uint8], positions: NDArray[np.int64], width: int) -> NDArray[np.unsignedinteger]:
    """Read little-endian words through an overlapping window over the buffer: one indexing call for all."""
    if data.size < width:
        data = np.concatenate([data, np.zeros(width - data.size, np.uint8)])
    dtype = np.dtype(f"<u{width}")
    last = data.size - width
    window: NDArray[np.unsignedinteger] = np.ndarray(
        (last + 1,), dtype, np.ascontiguousarray(data), strides=(1,)
    )
    beyond = np.flatnonzero(positions > last)
    if beyond.size == 0:
        return window[positions]
    words = window[np.minimum(positions, last)]
    shift = (positions[beyond] - last) * 8
    kept = words[beyond] >> np.minimum(shift, 8 * width - 1).astype(dtype)
    words[beyond] = np.where(shift < 8 * width, kept, 0)
    return words


def common_prefix_lengths(left: Ragged, right: Ragged) -> NDArray[np.int64]:
    """Return int64[n]: how many first bytes row i of `left` and row i of `right` have in common."""
    limit = np.minimum(left.lengths, right.lengths)
    result = limit.copy()
    active = np.flatnonzero(limit > 0)
    left_at, right_at = left.offsets[active], right.offsets[active]
    done = 0
    while active.size:
        different = load_le64(left.data, left_at) ^ load_le64(right.data, right_at)
        # The lowest set bit of the XOR lies in the first byte that differs.
        lowest = np.bitwise_count((different & (~different + np.uint64(1))) - np.uint64(1))
        stop = np.flatnonzero(different)
        rows = active[stop]
        result[rows] = np.minimum(limit[rows], done + (lowest[stop].astype(np.int64) >> 3))
        done += _WORD
        more = np.flatnonzero((different == 0) & (limit[active] > done))
        active, left_at, right_at = active[more], left_at[more] + _WORD, right_at[more] + _WORD
    return result


def compare(left: Ragged, right: Ragged) -> NDArray[np.int8]:
    """Return int8[n]: -1, 0 or 1 as row i of `left` sorts before, with, or after row i of `right`."""
    shared = common_prefix_lengths(left, right)
    left_len, right_len = left.lengths, right.lengths
    result: NDArray[np.int8] = np.sign(left_len - right_len).astype(np.int8)
    inside = np.flatnonzero(shared < np.minimum(left_len, right_len))
    left_byte = left.data[left.offsets[inside] + shared[inside]]
    right_byte = right.data[right.offsets[inside] + shared[inside]]
    result[inside] = np.where(left_byte < right_byte, -1, 1)
    return result


def argsort_bytes(rows: Ragged) -> NDArray[np.int64]:
    """Return int64[n]: the stable order that sorts the rows bytewise, shorter before longer.

    Sorts by big-endian 8-byte words, one word at a time, and only those rows again that were equal so far.
    """
    num_rows = len(rows)
    order = np.arange(num_rows, dtype=np.int64)
    lengths = rows.lengths
    members = np.arange(num_rows, dtype=np.int64)  # positions in `order` that are not yet decided
    groups = np.zeros(num_rows, np.int64)  # equal so far <=> equal group; ascending along `members`
    depth = 0
    while members.size:
        at = order[members]
        words = _word_at(rows, at, lengths[at], depth)
        by = np.argsort(words, kind="stable") if groups[0] == groups[-1] else np.lexsort((words, groups))
        at, words, groups = at[by], words[by], groups[by]
        order[members] = at
        starts_new = np.empty(at.size, bool)
        starts_new[0] = True
        starts_new[1:] = (words[1:] != words[:-1]) | (groups[1:] != groups[:-1])
        group = np.cumsum(starts_new)
        alone = starts_new & np.append(starts_new[1:], True)
        depth += _WORD
        members, groups = _undecided(order, members, group, alone, lengths, depth)
    return order


def _word_at(
    rows: Ragged, at: NDArray[np.int64], lengths: NDArray[np.int64], depth: int
) -> NDArray[np.uint64]:
    """The big-endian word of each row at `depth`, zero beyond the row's end."""
    words = load_be64(rows.data, rows.offsets[at] + depth)
    missing = np.clip(depth + _WORD - lengths, 0, _WORD).astype(np.uint64) * np.uint64(8)
    words = (words >> np.minimum(missing, np.uint64(63))) << np.minimum(missing, np.uint64(63))
    return np.where(missing < 64, words, np.uint64(0))


def _undecided(
    order: NDArray[np.int64],
    members: NDArray[np.int64],
    group: NDArray[np.int64],
    alone: NDArray[np.bool_],
    lengths: NDArray[np.int64],
    depth: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Keep the members that still have equals; groups whose rows have all ended are ordered by length here.

    A row that ended reads as zero bytes, so it may equal a longer row that really holds zeros: length
    decides.
    """
    left = np.flatnonzero(~alone)
    members, group = members[left], group[left]
    if members.size == 0:
        return members, group
    ended = lengths[order[members]] <= depth
    if not bool(ended.any()):
        return members, group
    by = np.lexsort((np.where(ended, lengths[order[members]], np.iinfo(np.int64).max), group))
    order[members] = order[members][by]
    open_rows = np.flatnonzero(~ended[by])
    return members[open_rows], group[by][open_rows]


def searchsorted_bytes(rows: Ragged, key: bytes) -> int:
    """Return the first index whose row is >= `key`, in rows that ascend bytewise; reads log n of them."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if rows.row(middle) < key:
            low = middle + 1
        else:
            high = middle
    return low
