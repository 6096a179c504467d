"""Counts of a backup's files and of a RESTORE: data size, rows, index entries, counted as CockroachDB counts.

Rules:
    data_size      bytes of all roach keys (without sentinel and timestamp) and of all values, every version
    rows           changes of the row prefix (a table key without its family suffix) from one table key to
                   the next, under (table id, index id) pairs that are primary indexes; the pair is read from
                   the key's front, after a tenant's prefix: a tenant's table 5 counts as rows if the
                   backup's own table 5 is in it
    index_entries  the same under all other pairs
    Keys that are no table keys add to data_size only.
Source: reference 03 section 4; fixtures/golden/20.2 and 21.2, `entry_counts` of every manifest, tenants'
    included.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from ootheca.codec.ragged import Ragged, gather, load_be64

__all__ = ["RowCounter", "row_prefix_lengths"]

# On disk: the first byte of an ascending integer in a key.
_INT_MIN, _INT_ZERO, _INT_SMALL_MAX, _INT_MAX = 0x80, 0x88, 0xF5, 0xFD
_TENANT_PREFIX = 0xFE


class RowCounter:
    """Counts the entries of one file, in stored order, batch by batch.

    Args:
        primary: the (table id, index id) of the primary indexes.
    """

    def __init__(self, primary: Collection[tuple[int, int]]) -> None:
        self._primary = np.array(sorted(primary), np.uint64).reshape(-1, 2)
        self._previous: bytes | None = None  # the row prefix of the last table key
        self.data_size = 0
        self.rows = 0
        self.index_entries = 0

    def copy(self) -> RowCounter:
        """Return a counter that stands where this one stands and goes on by itself."""
        twin = RowCounter(())
        twin._primary, twin._previous = self._primary, self._previous
        twin.data_size, twin.rows, twin.index_entries = self.data_size, self.rows, self.index_entries
        return twin

    def add(self, keys: Ragged, values: Ragged) -> None:
        """Count the next entries: roach keys and their stored values."""
        self.data_size += keys.total_size + values.total_size
        self._count(keys)

    def add_next_key(self, key: bytes) -> None:
        """Count the key before which the target size cut the file: CockroachDB's counter has seen it too."""
        self._count(Ragged.from_list([key]))

    def _count(self, keys: Ragged) -> None:
        sizes = row_prefix_lengths(keys)
        counted = np.flatnonzero(sizes > 0)
        if counted.size == 0:
            return
        prefixes = gather(keys.data, keys.starts[counted], sizes[counted])
        is_new = np.ones(counted.size, bool)
        is_new[0] = prefixes.row(0) != self._previous
        array = prefixes.to_arrow()
        is_new[1:] = pc.not_equal(array[1:], array[:-1]).to_numpy(zero_copy_only=False)
        self._previous = prefixes.row(-1)
        num_new = int(np.count_nonzero(is_new))
        rows = int(np.count_nonzero(is_new & self._is_primary(prefixes)))
        self.rows += rows
        self.index_entries += num_new - rows

    def _is_primary(self, prefixes: Ragged) -> NDArray[np.bool_]:
        """bool[n]: keys under a primary index."""
        position = prefixes.starts
        tenants = np.flatnonzero(prefixes.data[position] == _TENANT_PREFIX)
        if tenants.size:
            position = position.copy()
            _, position[tenants] = _decode_ids(prefixes.data, position[tenants] + 1)
        table_ids, position = _decode_ids(prefixes.data, position)
        index_ids, _ = _decode_ids(prefixes.data, position)
        result = np.zeros(len(prefixes), bool)
        # A file holds few indexes, whose keys lie together.
        changes = np.flatnonzero((table_ids[1:] != table_ids[:-1]) | (index_ids[1:] != index_ids[:-1])) + 1
        bounds = [0, *changes.tolist(), len(prefixes)]
        for first, last in pairwise(bounds):
            pair = np.array([table_ids[first], index_ids[first]], np.uint64)
            result[first:last] = bool((self._primary == pair).all(axis=1).any())
        return result


def row_prefix_lengths(keys: Ragged) -> NDArray[np.int64]:
    """Return int64[n]: how many first bytes of each key are its row's without the family suffix; else 0.

    The last byte says how long the suffix is: 88 for family 0, 88 + L after a family id of L bytes.
    """
    lengths = keys.lengths
    result = np.zeros(len(keys), np.int64)
    some = np.flatnonzero(lengths >= 2)
    if some.size == 0:
        return result
    starts, ends = keys.offsets[some], keys.offsets[some + 1]
    first, last = keys.data[starts], keys.data[ends - 1].astype(np.int64)
    is_table = ((first >= _INT_MIN) & (first <= _INT_MAX)) | (first == _TENANT_PREFIX)
    has_family = (last >= _INT_ZERO) & (last <= _INT_SMALL_MAX)
    sizes = ends - starts - 1 - (last - _INT_ZERO)
    result[some] = np.where(is_table & has_family & (sizes > 0), sizes, 0)
    return result


def _decode_ids(
    data: NDArray[np.uint8], position: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Decode the ascending unsigned integer at each position; anything else there reads as some number."""
    first = data[np.minimum(position, max(data.size - 1, 0))].astype(np.int64)
    size = np.clip(first - _INT_SMALL_MAX, 0, 8)
    shift = (64 - 8 * np.maximum(size, 1)).astype(np.uint64)
    long = load_be64(data, position + 1) >> shift
    small = np.maximum(first - _INT_ZERO, 0).astype(np.uint64)
    return np.where(size > 0, long, small), position + 1 + size
