"""Columnar blocks -> columns: the container that data, index and property blocks share from Pebble v5 on.

Layout (plain contents, without type and checksum; places count from the block's start):
    custom header   of the block's kind, 0 to 5 bytes
    header          01, number of columns:fixed16, number of rows:fixed32, then for each column type:1, place:fixed32
    uint            e:1 [base:fixed64 if bit 7 of e], padding to a multiple of w, n * w bytes; w = low 7 bits of e;
                    value = base + element; nothing at all for n = 0
    bool            00, padding to 8, a bit for each row in 64-bit words, summary words; or 01: all false
    bytes           uint column of n + 1 ends, then the data; element i = data[end i : end i + 1]
    prefix-bytes    s:1, uint column of ends, then the data: a prefix of all rows, then for each bundle of 2^s
                    rows the bundle's prefix and the rows' suffixes; an empty suffix means "as the row before",
                    but for a bundle's first row
Source: reference 04 section 7.
    Unverified: written by 24.3 and later only, no fixture; the blocks that Pebble's own tests print decode as
    they say (cockroachkvs/testdata/block_encoding, sstable/colblk/testdata/keyspan_block and prefix_bytes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.ragged import Ragged, concat_rows, gather
from ootheca.errors import CorruptionError

__all__ = ["Columns"]

_VERSION = 1
_HEADER_SIZE, _COLUMN_HEADER_SIZE = 7, 5
_BOOL, _UINT, _BYTES, _PREFIX_BYTES = 1, 2, 3, 4  # on disk
_WIDTHS = (0, 1, 2, 4, 8)
_WIDTH_MASK, _DELTA_BIT = 0x7F, 0x80
_ALL_FALSE = 1
_MAX_BUNDLE_SHIFT = 16
_MAX_ROWS_A_BYTE = 8  # rows without any bytes of their own are possible, so many of them are damage


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """One columnar block, its columns decoded when they are asked for.

    Every method raises CorruptionError if there is no such column, or if it runs past the block's end.
    """

    data: NDArray[np.uint8]
    custom_header: bytes
    num_rows: int
    kinds: tuple[int, ...]
    starts: tuple[int, ...]
    place: str

    @staticmethod
    def decode(data: NDArray[np.uint8], *, custom_header_size: int, place: str) -> Columns:
        """Decode a block's headers.

        Raises:
            CorruptionError: the block is too short, or has another version.
        """
        head = data[custom_header_size : custom_header_size + _HEADER_SIZE].tobytes()
        if len(head) < _HEADER_SIZE or head[0] != _VERSION:
            raise _bad(place, "not a columnar block")
        num_columns = int.from_bytes(head[1:3], "little")
        first = custom_header_size + _HEADER_SIZE
        table = data[first : first + num_columns * _COLUMN_HEADER_SIZE].tobytes()
        if len(table) < num_columns * _COLUMN_HEADER_SIZE:
            raise _bad(place, "truncated column headers")
        kinds = tuple(table[at] for at in range(0, len(table), _COLUMN_HEADER_SIZE))
        starts = tuple(
            int.from_bytes(table[at + 1 : at + _COLUMN_HEADER_SIZE], "little")
            for at in range(0, len(table), _COLUMN_HEADER_SIZE)
        )
        num_rows = int.from_bytes(head[3:7], "little")
        if num_rows > data.size * _MAX_ROWS_A_BYTE:
            raise _bad(place, "number of rows")
        return Columns(data, data[:custom_header_size].tobytes(), num_rows, kinds, starts, place)

    def uints(self, column: int, *, num_rows: int | None = None) -> NDArray[np.uint64]:
        """Return uint64[n]; `num_rows` where a column has another number of rows than the block."""
        start = self._start(column, _UINT)
        return self._uints_at(start, self.num_rows if num_rows is None else num_rows)[0]

    def bools(self, column: int) -> NDArray[np.bool_]:
        """Return bool[n]."""
        start = self._start(column, _BOOL)
        if self.num_rows == 0:
            return np.empty(0, bool)
        if self._bytes(start, 1)[0] == _ALL_FALSE:
            return np.zeros(self.num_rows, bool)
        words = self._bytes(_aligned(start + 1, 8), -(-self.num_rows // 64) * 8)
        return np.unpackbits(words, bitorder="little")[: self.num_rows].astype(bool)

    def byte_rows(self, column: int, *, num_rows: int | None = None) -> Ragged:
        """Return n rows, not copied."""
        start = self._start(column, _BYTES)
        count = self.num_rows if num_rows is None else num_rows
        if count == 0:
            return Ragged.empty()
        return Ragged(self.data, self._ends_at(start, count + 1)[0])

    def prefixed_rows(self, column: int) -> Ragged:
        """Return n rows that share prefixes on disk, copied together."""
        start = self._start(column, _PREFIX_BYTES)
        if self.num_rows == 0:
            return Ragged.empty()
        shift = int(self._bytes(start, 1)[0])
        if shift > _MAX_BUNDLE_SHIFT:
            raise _bad(self.place, "bundle size")
        num_bundles = (self.num_rows + (1 << shift) - 1) >> shift
        bounds, data_start = self._ends_at(start + 1, self.num_rows + num_bundles + 1)
        rows = np.arange(self.num_rows, dtype=np.int64)
        bundles = rows >> shift
        own = rows + bundles + 1
        is_first = rows & ((1 << shift) - 1) == 0
        # A row without a suffix of its own is the last row before it that has one, or the bundle's first.
        suffixes = own[np.maximum.accumulate(np.where(is_first | (bounds[own + 1] > bounds[own]), rows, 0))]
        prefixes = bundles * ((1 << shift) + 1)
        parts: list[Ragged | bytes] = [self.data[data_start : int(bounds[0])].tobytes()]
        parts += [
            gather(self.data, bounds[each], bounds[each + 1] - bounds[each]) for each in (prefixes, suffixes)
        ]
        return concat_rows(parts)

    def _start(self, column: int, kind: int) -> int:
        if column >= len(self.kinds) or self.kinds[column] != kind:
            raise _bad(self.place, f"column {column}")
        return self.starts[column]

    def _bytes(self, start: int, size: int) -> NDArray[np.uint8]:
        if start + size > self.data.size:
            raise _bad(self.place, "a column runs past the end")
        return self.data[start : start + size]

    def _uints_at(self, start: int, count: int) -> tuple[NDArray[np.uint64], int]:
        """Decode a uint column: (values, the place after it)."""
        if count == 0:
            return np.empty(0, np.uint64), start
        encoding = int(self._bytes(start, 1)[0])
        width, position, base = encoding & _WIDTH_MASK, start + 1, 0
        if width not in _WIDTHS:
            raise _bad(self.place, f"integers of {width} bytes")
        if encoding & _DELTA_BIT:
            base = int.from_bytes(self._bytes(position, 8).tobytes(), "little")
            position += 8
        if width == 0:
            return np.full(count, base, np.uint64), position
        position = _aligned(position, width)
        values = self._bytes(position, count * width).view(f"<u{width}").astype(np.uint64)
        return values + np.uint64(base), position + count * width

    def _ends_at(self, start: int, count: int) -> tuple[NDArray[np.int64], int]:
        """Decode the ends in front of a column's data: (int64[count], places in the block; where the data starts)."""
        ends, data_start = self._uints_at(start, count)
        if bool((ends > self.data.size - data_start).any()) or bool((ends[1:] < ends[:-1]).any()):
            raise _bad(self.place, "a row runs past the end")
        return ends.astype(np.int64) + data_start, data_start


def _aligned(position: int, width: int) -> int:
    return -(-position // width) * width


def _bad(place: str, what: str) -> CorruptionError:
    return CorruptionError(f"pebble/table: invalid table: bad columnar block ({what})", location=place)
