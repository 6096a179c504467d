"""Keys and values -> row blocks: where blocks are cut, prefixes elided, entries laid out.

Layout: as in block.py.
Source: fixtures/golden/20.2 and 21.2, rebuilt byte for byte; reference 04 section 3 (block cut rule).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.coding import encode_uvarints, uvarint_sizes
from ootheca.codec.ragged import Ragged, common_prefix_lengths, concat_rows, gather

__all__ = ["BlockLayout", "encode_blocks", "encode_single_block", "plan_blocks", "shared_with_previous"]

_FIXED32 = 4
_FLUSH_PERCENT = (
    90  # on disk: from this share of the target size on, a block is cut before an entry that exceeds it
)


@dataclass(frozen=True, slots=True, eq=False)
class BlockLayout:
    """How rows fall into blocks.

    Args:
        bounds: int64[b+1]: block i holds the rows [bounds[i], bounds[i+1]).
        is_restart: bool[n]: rows that begin a restart interval.
    """

    bounds: NDArray[np.int64]
    is_restart: NDArray[np.bool_]


def shared_with_previous(keys: Ragged) -> NDArray[np.int64]:
    """Return int64[n]: how many first bytes each key shares with the key before it; 0 for the first."""
    shared = np.zeros(len(keys), np.int64)
    shared[1:] = common_prefix_lengths(keys[:-1], keys[1:])
    return shared


def plan_blocks(
    key_sizes: NDArray[np.int64],
    value_sizes: NDArray[np.int64],
    shared: NDArray[np.int64],
    *,
    target_size: int,
    restart_interval: int,
) -> BlockLayout:
    """Cut rows into blocks where Pebble's writer cuts: before an entry, looking at the block's size so far.

    The last block of the result is the one that is still open after the last row.

    Layout: size so far = entries + 4 * restarts + 4. Cut if it is >= target; also if it is > 90 % of the
        target (rounded up) and the entry, its key not elided, with its varints (and restart point) would
        exceed the target.
    """
    header_sizes = uvarint_sizes(shared) + uvarint_sizes(key_sizes - shared) + uvarint_sizes(value_sizes)
    elided = header_sizes + key_sizes - shared + value_sizes
    whole = 1 + uvarint_sizes(key_sizes) + uvarint_sizes(value_sizes) + key_sizes + value_sizes
    lower_bound = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.minimum(elided, whole))])
    num_rows = int(key_sizes.size)
    is_restart = np.zeros(num_rows, bool)
    bounds = [0]
    while bounds[-1] < num_rows:
        first = bounds[-1]
        # No block holds more rows than this, since its entries alone would exceed the target.
        last = int(np.searchsorted(lower_bound, lower_bound[first] + target_size, side="left")) + 1
        rows = slice(first, min(last, num_rows))
        size = _block_size(
            elided[rows], whole[rows], target_size=target_size, restart_interval=restart_interval
        )
        is_restart[first : first + size : restart_interval] = True
        bounds.append(first + size)
    return BlockLayout(np.array(bounds, np.int64), is_restart)


def _block_size(
    elided: NDArray[np.int64], whole: NDArray[np.int64], *, target_size: int, restart_interval: int
) -> int:
    """Return how many of these rows go into one block."""
    num_rows = int(elided.size)
    ordinal = np.arange(num_rows, dtype=np.int64)
    opens_restart = ordinal % restart_interval == 0
    entries = np.cumsum(np.where(opens_restart, whole, elided))
    before = np.concatenate([np.zeros(1, np.int64), entries[:-1]])
    restarts_before = -(-ordinal // restart_interval)
    size_before = before + _FIXED32 * restarts_before + _FIXED32
    # `whole` counts the two length varints and one byte for shared = 0; the rule counts 4 bytes instead of
    # that one.
    size_with = size_before + whole - 1 + _FIXED32 + _FIXED32 * opens_restart
    threshold = -(-target_size * _FLUSH_PERCENT // 100)
    cut = (size_before >= target_size) | ((size_before > threshold) & (size_with > target_size))
    cut[0] = False
    first = int(np.argmax(cut))
    return first if cut[first] else num_rows


def encode_blocks(
    keys: Ragged, values: Ragged, shared: NDArray[np.int64], layout: BlockLayout, *, num_blocks: int
) -> list[bytes]:
    """Return the contents of the first `num_blocks` blocks of a layout."""
    num_rows = int(layout.bounds[num_blocks])
    if num_rows == 0:
        return []
    keys, values, is_restart = keys[:num_rows], values[:num_rows], layout.is_restart[:num_rows]
    kept = np.where(is_restart, 0, shared[:num_rows])
    unshared = keys.lengths - kept
    header = _encode_headers(kept, unshared, values.lengths)
    suffixes = gather(keys.data, keys.starts + kept, unshared)
    entries = concat_rows([header, suffixes, values]).compact()
    restart_rows = np.flatnonzero(is_restart)
    restarts_at = np.searchsorted(restart_rows, layout.bounds[: num_blocks + 1])
    raw, offsets = entries.data.data, entries.offsets
    blocks = []
    for index in range(num_blocks):
        first, last = int(offsets[layout.bounds[index]]), int(offsets[layout.bounds[index + 1]])
        rows = restart_rows[restarts_at[index] : restarts_at[index + 1]]
        restarts = (offsets[rows] - first).astype("<u4").tobytes()
        blocks.append(b"".join((raw[first:last], restarts, rows.size.to_bytes(_FIXED32, "little"))))
    return blocks


def _encode_headers(
    shared: NDArray[np.int64], unshared: NDArray[np.int64], value_sizes: NDArray[np.int64]
) -> Ragged | NDArray[np.uint8]:
    """Return the three varints of every entry; as a matrix if each of them is one byte."""
    fields = (shared, unshared, value_sizes)
    if all(int(field.max()) < 0x80 for field in fields):
        return np.stack([field.astype(np.uint8) for field in fields], axis=1)
    return concat_rows([encode_uvarints(field) for field in fields])


def encode_single_block(keys: Ragged, values: Ragged, *, restart_interval: int) -> bytes:
    """Return the contents of one block with all rows: index, properties and metaindex blocks.

    With no rows it is an empty block, whose only restart point is 0.
    """
    num_rows = len(keys)
    if num_rows == 0:
        return bytes(_FIXED32) + (1).to_bytes(_FIXED32, "little")
    is_restart = np.arange(num_rows) % restart_interval == 0
    layout = BlockLayout(np.array([0, num_rows], np.int64), is_restart)
    return encode_blocks(keys, values, shared_with_previous(keys), layout, num_blocks=1)[0]
