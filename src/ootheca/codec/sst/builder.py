"""Key/value batches -> a table file, byte for byte as CockroachDB 20.2 and 21.2 write it.

Layout: data blocks, index block, properties block, metaindex block, footer
    data blocks    restart interval 16, Snappy if it saves an eighth; trailer of every key 0100000000000000
                   (SET at 0)
    index block    restart interval 1, Snappy on the same terms; separators as below, trailer 11ffffffffffffff
    properties     one restart point, plain            metaindex   one entry, plain
Source: fixtures/golden/20.2 and 21.2, every file rebuilt from its entries; reference 04 sections 3 to 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.mvcc import KeyValueBatch, encode_user_keys, first_disorder
from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.block_builder import (
    encode_blocks,
    encode_single_block,
    plan_blocks,
    shared_with_previous,
)
from ootheca.codec.sst.compression import NONE, SNAPPY, seal_block
from ootheca.codec.sst.footer import TRAILER_SIZE, BlockHandle, TableFormat, encode_footer
from ootheca.codec.sst.properties import TableProperties, encode_properties
from ootheca.codec.sst.reader import KIND_SET
from ootheca.errors import InternalError

__all__ = ["OPTIONS", "SSTBuilder", "SSTOptions", "build_sst", "separator_key", "successor_key"]

_SET_TRAILER = KIND_SET.to_bytes(8, "little")
_SEPARATOR_TRAILER = (((1 << 56) - 1) << 8 | 17).to_bytes(8, "little")
_SENTINEL = b"\x00"
_FLUSH_SIZE = 4 << 20  # rows are encoded together once so many bytes have come


@dataclass(frozen=True, slots=True)
class SSTOptions:
    """How blocks are made; the defaults are those of CockroachDB 20.2, small blocks are for tests.

    Args:
        table_format: LevelDB or RocksDBv2; they differ in the footer only.
        block_size: target size of a data block in bytes, before compression.
        restart_interval: entries between keys that are stored whole.
        compression: the type byte of compressed blocks.
    """

    table_format: TableFormat = TableFormat.LEVELDB
    block_size: int = 32 << 10
    restart_interval: int = 16
    compression: int = SNAPPY


OPTIONS: Mapping[str, SSTOptions] = MappingProxyType(
    {
        "20.2": SSTOptions(),
        "21.2": SSTOptions(table_format=TableFormat.ROCKSDB_V2, block_size=128 << 10),
    }
)
"""What the proven versions write, by profile: their files are rebuilt byte for byte with these."""


class SSTBuilder:
    """Takes rows in order and gives the bytes of one file; in memory are the file and some MiB of rows."""

    def __init__(self, options: SSTOptions | None = None) -> None:
        self._options = options or SSTOptions()
        self._waiting: list[KeyValueBatch] = []
        self._waiting_size = 0
        self._last = KeyValueBatch.empty()
        self._file: list[bytes] = []
        self._file_size = 0
        self._separators: list[bytes] = []
        self._handles: list[bytes] = []
        self._num_entries = 0
        self._raw_key_size = 0
        self._raw_value_size = 0
        self._ts_min: tuple[int, int] | None = None
        self._ts_max: tuple[int, int] | None = None

    @property
    def num_entries(self) -> int:
        """Rows added so far."""
        return self._num_entries

    def add(self, batch: KeyValueBatch) -> None:
        """Add rows that sort after all rows before them (see `mvcc.argsort_versions`).

        Raises:
            InternalError: keys out of order, or the same version twice; told when the rows are encoded, so
                possibly by a later `add` or by `finish`.
        """
        if len(batch) == 0:
            return
        self._num_entries += len(batch)
        self._note_timestamps(batch)
        sizes = (batch.keys.offsets - batch.keys.offsets[0]) + (
            batch.values.offsets - batch.values.offsets[0]
        )
        first = 0
        while first < len(batch):
            goal = sizes[first] + _FLUSH_SIZE - self._waiting_size
            after = min(max(int(np.searchsorted(sizes, goal)), first + 1), len(batch))
            self._waiting.append(batch[first:after])
            self._waiting_size += int(sizes[after] - sizes[first])
            if self._waiting_size >= _FLUSH_SIZE:
                self._flush(is_last=False)
            first = after

    def finish(self) -> bytes:
        """Write the last block, index, properties, metaindex and footer, and return the whole file.

        Raises:
            InternalError: there are no rows (a backup never holds an empty file), or rows out of order.
        """
        if self._num_entries == 0:
            raise InternalError("a table file without entries")
        self._flush(is_last=True)
        data_size = self._file_size
        index_contents = encode_single_block(
            Ragged.from_list(self._separators), Ragged.from_list(self._handles), restart_interval=1
        )
        index = self._write_block(index_contents, kind=self._options.compression)
        properties = TableProperties(
            num_entries=self._num_entries,
            raw_key_size=self._raw_key_size,
            raw_value_size=self._raw_value_size,
            num_data_blocks=len(self._handles),
            data_size=data_size,
            index_size=len(index_contents) + TRAILER_SIZE,
            ts_min=self._ts_min,
            ts_max=self._ts_max,
        )
        handle = self._write_block(encode_properties(properties), kind=NONE)
        names = Ragged.from_list([b"rocksdb.properties"])
        metaindex_contents = encode_single_block(
            names, Ragged.from_list([handle.encode()]), restart_interval=1
        )
        metaindex = self._write_block(metaindex_contents, kind=NONE)
        self._file.append(encode_footer(metaindex, index, table_format=self._options.table_format))
        return b"".join(self._file)

    def _note_timestamps(self, batch: KeyValueBatch) -> None:
        """Widen the time bounds; unversioned keys have no part in them."""
        versioned = np.flatnonzero((batch.wall_ns != 0) | (batch.logical != 0))
        if versioned.size == 0:
            return
        wall, logical = batch.wall_ns[versioned], batch.logical[versioned]
        low, high = int(wall.min()), int(wall.max())
        lowest = (low, int(logical[wall == low].min()))
        highest = (high, int(logical[wall == high].max()))
        self._ts_min = lowest if self._ts_min is None else min(self._ts_min, lowest)
        self._ts_max = highest if self._ts_max is None else max(self._ts_max, highest)

    def _flush(self, *, is_last: bool) -> None:
        """Encode the waiting rows; all blocks but the open one are written, whose rows wait on."""
        batch = KeyValueBatch.concat(self._waiting)
        keys = encode_user_keys(batch, suffix=_SET_TRAILER)
        shared = shared_with_previous(keys)
        self._check_order(batch, shared)
        values = batch.values
        layout = plan_blocks(
            keys.lengths,
            values.lengths,
            shared,
            target_size=self._options.block_size,
            restart_interval=self._options.restart_interval,
        )
        num_blocks = layout.bounds.size - (1 if is_last else 2)
        blocks = encode_blocks(keys, values, shared, layout, num_blocks=num_blocks)
        for index, contents in enumerate(blocks):
            after = int(layout.bounds[index + 1])
            handle = self._write_block(contents, kind=self._options.compression)
            following = batch.keys.row(after) if after < len(batch) else None
            self._separators.append(_index_key(keys.row(after - 1), batch.keys.row(after - 1), following))
            self._handles.append(handle.encode())
        num_written = int(layout.bounds[num_blocks])
        self._raw_key_size += keys[:num_written].total_size
        self._raw_value_size += values[:num_written].total_size
        rest = batch[num_written:]
        self._waiting = [rest] if len(rest) else []
        self._waiting_size = rest.total_size
        self._last = batch[num_written - 1 : num_written] if num_written else self._last

    def _check_order(self, batch: KeyValueBatch, shared: NDArray[np.int64]) -> None:
        wrong = first_disorder(batch, shared)
        if wrong is None and len(self._last):
            edge = KeyValueBatch.concat([self._last, batch[:1]])
            wrong = None if first_disorder(edge, shared_with_previous(edge.keys)) is None else 0
        if wrong is not None:
            raise InternalError(
                f"rows of a table file out of order at key {batch.keys.row(wrong).hex()}, "
                f"time {int(batch.wall_ns[wrong])}.{int(batch.logical[wrong])}"
            )

    def _write_block(self, contents: bytes, *, kind: int) -> BlockHandle:
        stored = seal_block(contents, kind=kind)
        handle = BlockHandle(self._file_size, len(stored) - TRAILER_SIZE)
        self._file.append(stored)
        self._file_size += len(stored)
        return handle


def build_sst(batch: KeyValueBatch, *, options: SSTOptions | None = None) -> bytes:
    """Return the file that holds these rows, which are in order; errors as for `SSTBuilder`."""
    builder = SSTBuilder(options)
    builder.add(batch)
    return builder.finish()


def _index_key(last_internal_key: bytes, last_key: bytes, next_key: bytes | None) -> bytes:
    """Return the internal key that the index holds for a block: a short separator, or its last key itself."""
    short = successor_key(last_key) if next_key is None else separator_key(last_key, next_key)
    if short is None or len(short) + len(_SENTINEL) > len(last_internal_key) - len(_SET_TRAILER):
        return last_internal_key
    return short + _SENTINEL + _SEPARATOR_TRAILER


def successor_key(key: bytes) -> bytes | None:
    """Return a short roach key that sorts after `key`: its first byte that is not ff incremented and last.

    None if all bytes are ff.
    """
    return _increment_after(key, 0)


def separator_key(key: bytes, next_key: bytes) -> bytes | None:
    """Return a short roach key s with key < s < next_key, as Pebble chooses it; None if there is none.

    Unverified: where the first differing bytes are neighbours and nothing follows in `next_key`.
    """
    at = next((i for i, (a, b) in enumerate(zip(key, next_key, strict=False)) if a != b), None)
    if at is None:
        return None
    if len(next_key) > at + 1 or key[at] + 1 < next_key[at]:
        return key[:at] + bytes([key[at] + 1])
    return _increment_after(key, at + 1)


def _increment_after(key: bytes, position: int) -> bytes | None:
    for at in range(position, len(key)):
        if key[at] != 0xFF:
            return key[:at] + bytes([key[at] + 1])
    return None
