"""Table files -> key/value batches.

Layout: blocks (compression.py) in any order, then the footer (footer.py).
    index block     key = separator >= the data block's last key, value = its handle [, block properties from
                    v1 on]; in a two-level index the handles of the upper level name further index blocks
    metaindex       name -> handle: rocksdb.properties, and others that a backup of 20.2 to 21.2 does not have:
                    pebble.value_index (rows.py), pebble.range_key (rangekeys.py)
    data block      key = user key (mvcc.py), trailer:fixed64 = sequence number << 8 | kind; from v5 on by columns
                    (columnar.py)
Source: fixtures/golden/20.2 (LevelDB) and 21.2 (RocksDBv2), every file; reference 04.
    Unverified: Pebble v1 to v8, zstd, MinLZ, XXH64, two-level index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.mvcc import KeyValueBatch, decode_user_keys, first_disorder
from ootheca.codec.ragged import Ragged, gather, load_le64, searchsorted_bytes
from ootheca.codec.sst.block import BlockEntries, decode_blocks, decode_named_values, first_internal_key
from ootheca.codec.sst.block_builder import shared_with_previous
from ootheca.codec.sst.columnar import (
    SCHEMA,
    decode_columnar_data,
    decode_columnar_index,
    decode_columnar_names,
    decode_columnar_spans,
)
from ootheca.codec.sst.compression import open_block
from ootheca.codec.sst.footer import BlockHandle, Footer, decode_footer
from ootheca.codec.sst.properties import COMPARATOR, TableProperties, decode_properties
from ootheca.codec.sst.rangekeys import RangeTombstone, decode_range_keys, decode_range_tombstones
from ootheca.codec.sst.rows import DataRows, decode_value_index, fetch_values
from ootheca.errors import CorruptionError, UnsupportedError

__all__ = ["DEFAULT_BATCH_SIZE", "KIND_SET", "KIND_TRAILER_SIZE", "SSTReader", "read_sst"]

DEFAULT_BATCH_SIZE = 2 << 20
"""Stored bytes of data blocks that are decoded together: long arrays for NumPy, of which several still fit a cache."""

KIND_SET = 1  # on disk
KIND_TRAILER_SIZE = 8  # on disk, after each user key
_KIND_SET_WITH_DELETE = 18
_KIND_MASK, _OBSOLETE_BIT = 0xFF, 0x40
_KINDS = {
    0: "DEL",
    2: "MERGE",
    7: "SINGLEDEL",
    15: "RANGEDEL",
    19: "RANGEKEYDEL",
    20: "RANGEKEYUNSET",
    21: "RANGEKEYSET",
    23: "DELSIZED",
}
_PROPERTIES = b"rocksdb.properties"
_RANGE_KEYS = b"pebble.range_key"
_VALUE_INDEX = b"pebble.value_index"
_DELETING_BLOCKS = (b"rocksdb.range_del", b"rocksdb.range_del2")


@dataclass(frozen=True, slots=True, eq=False)
class SSTReader:
    """An opened table file: footer, index, metaindex and properties are read and checked, no data block yet.

    Args:
        separators: roach keys; no key of data block i sorts after separators[i], none of block i+1 before it.
        handles: of the data blocks, in key order.
        metaindex: names and stored handles of all blocks that are neither data nor index.
    """

    data: NDArray[np.uint8]
    location: str
    footer: Footer
    properties: TableProperties
    separators: Ragged
    handles: tuple[BlockHandle, ...]
    metaindex: Mapping[bytes, bytes] = field(default_factory=dict)

    @staticmethod
    def open(data: bytes | memoryview | NDArray[np.uint8], *, location: str) -> SSTReader:
        """Open a whole, unsealed file held in memory.

        Args:
            location: the file's name (no secrets in it): every error says `location @offset`.

        Raises:
            TruncatedError, BadMagicError, ChecksumMismatchError, CorruptionError: not a whole, sound table
                file, or one that is ordered by another comparator.
            UnsupportedError: a table format or content that exists and is not read here.
        """
        raw = data if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
        footer = decode_footer(raw.data, location=location)
        metaindex = _read_metaindex(raw, footer, location)
        properties = _read_properties(raw, footer, metaindex, location)
        separators, handles = _read_index(raw, footer, properties, location)
        return SSTReader(raw, location, footer, properties, separators, handles, metaindex)

    @property
    def has_range_keys(self) -> bool:
        """Whether the file holds range tombstones, which `batches` does not apply."""
        return _RANGE_KEYS in self.metaindex

    def range_tombstones(self) -> tuple[RangeTombstone, ...]:
        """Read the file's MVCC range tombstones, in order of their starts.

        Raises:
            ChecksumMismatchError, CorruptionError: they are damaged. UnsupportedError: range keys of other kinds.
        """
        if not self.has_range_keys:
            return ()
        handle = _decode_handle(self.metaindex[_RANGE_KEYS], self.footer, self.location)
        place = f"{self.location} @{handle.offset}"
        if self.footer.format.is_columnar:
            return decode_range_tombstones(
                decode_columnar_spans(self._open(handle), place=place), place=place
            )
        entries = _open_blocks(self._open, [handle], self.location)
        decoded = decode_range_keys(entries.keys.to_list(), entries.values.to_list(), place=place)
        return decode_range_tombstones(decoded, place=place)

    def first_key(self) -> bytes | None:
        """Return the first roach key without reading more than it takes; None for a file without entries.

        Raises: as for `batches`.
        """
        if not self.handles:
            return None
        handle = self.handles[0]
        place = f"{self.location} @{handle.offset}"
        contents = self._open(handle)
        if self.footer.format.is_columnar:
            return decode_columnar_data(contents, place=place).keys.row(0)
        key = first_internal_key(contents, place=place)
        if key.size < KIND_TRAILER_SIZE:
            raise CorruptionError("pebble/table: invalid table (key without trailer)", location=place)
        bounds = np.array([0, key.size - KIND_TRAILER_SIZE], np.int64)
        return decode_user_keys(key, bounds[:1], bounds[1:], location=place)[0].row(0)

    def batches(
        self, *, start: bytes | None = None, end: bytes | None = None, batch_size: int = DEFAULT_BATCH_SIZE
    ) -> Iterator[KeyValueBatch]:
        """Read the entries whose roach keys lie in [start, end), in stored order, some blocks at a time.

        Args:
            batch_size: stored bytes of the data blocks decoded together (at least one block).

        Raises:
            ChecksumMismatchError, CorruptionError: a damaged block, or fewer or more entries than the file
                promises.
            UnsupportedError: an entry that is no plain SET, a value in another file, or a block compression that is
                not read.
        """
        first, last = self._blocks_within(start, end)
        num_entries = 0
        for group in _groups(self.handles[first:last], batch_size):
            batch = self._read_group(group)
            num_entries += len(batch)
            low = 0 if start is None else searchsorted_bytes(batch.keys, start)
            high = len(batch) if end is None else searchsorted_bytes(batch.keys, end)
            if low < high:
                yield batch[low:high]
        if last - first == len(self.handles):
            self._check_count(num_entries)

    def read_all(self) -> KeyValueBatch:
        """Read the whole file as one batch; errors as for `batches`."""
        return KeyValueBatch.concat(list(self.batches()))

    def verify(self) -> int:
        """Check every byte of the file and the order of its entries; return their number.

        Raises:
            CorruptionError: keys out of order, or damaged padding in the footer, which `open` does not mind.
            All errors of `batches`.
        """
        self.footer.check_padding(self.data.data, location=self.location)
        total, before = 0, KeyValueBatch.empty()
        for batch in self.batches():
            joined = KeyValueBatch.concat([before, batch]) if len(before) else batch
            wrong = first_disorder(joined, shared_with_previous(joined.keys))
            if wrong is not None:
                raise CorruptionError(
                    f"pebble/table: invalid table (keys out of order at {joined.keys.row(wrong).hex()})",
                    location=f"{self.location} @0",
                )
            total, before = total + len(batch), batch[len(batch) - 1 :]
        return total

    def _blocks_within(self, start: bytes | None, end: bytes | None) -> tuple[int, int]:
        """The data blocks that may hold keys of [start, end)."""
        first = 0 if start is None else searchsorted_bytes(self.separators, start)
        last = len(self.handles) if end is None else searchsorted_bytes(self.separators, end) + 1
        return first, max(first, min(last, len(self.handles)))

    def _open(self, handle: BlockHandle) -> NDArray[np.uint8]:
        return open_block(self.data, handle, location=self.location, checksum_kind=self.footer.checksum_kind)

    def _read_group(self, handles: Sequence[BlockHandle]) -> KeyValueBatch:
        place = f"{self.location} @{handles[0].offset}"
        if self.footer.format.is_columnar:
            return KeyValueBatch.concat([self._read_columnar(handle) for handle in handles])
        entries = _open_blocks(self._open, handles, self.location)
        return self._read_data(_split_entries(entries, self.footer, place), place)

    def _read_columnar(self, handle: BlockHandle) -> KeyValueBatch:
        place = f"{self.location} @{handle.offset}"
        rows = decode_columnar_data(self._open(handle), place=place)
        _check_kinds(rows.trailers, place)
        return self._read_data(rows, place)

    def _read_data(self, rows: DataRows, place: str) -> KeyValueBatch:
        values = fetch_values(rows, self._value_blocks, self._open, place=place)
        return KeyValueBatch(rows.keys, rows.wall_ns, rows.logical, values)

    def _value_blocks(self) -> tuple[BlockHandle, ...]:
        entry = self.metaindex.get(_VALUE_INDEX)
        if entry is None:
            return ()
        return decode_value_index(entry, self._open, place=f"{self.location} @{self.footer.metaindex.offset}")

    def _check_count(self, num_entries: int) -> None:
        promised = self.properties.num_entries
        if promised is not None and promised != num_entries:
            raise CorruptionError(
                f"pebble/table: invalid table ({num_entries} entries instead of {promised})",
                location=f"{self.location} @0",
            )


def read_sst(data: bytes | memoryview | NDArray[np.uint8], *, location: str) -> KeyValueBatch:
    """Read all entries of a file held in memory; errors as for `SSTReader.open` and `SSTReader.batches`."""
    return SSTReader.open(data, location=location).read_all()


def _open_blocks(
    open_one: Callable[[BlockHandle], NDArray[np.uint8]], handles: Sequence[BlockHandle], location: str
) -> BlockEntries:
    contents = [open_one(handle) for handle in handles]
    return decode_blocks(contents, places=[f"{location} @{handle.offset}" for handle in handles])


def _read_metaindex(data: NDArray[np.uint8], footer: Footer, location: str) -> dict[bytes, bytes]:
    place = f"{location} @{footer.metaindex.offset}"
    contents = open_block(data, footer.metaindex, location=location, checksum_kind=footer.checksum_kind)
    decode = decode_columnar_names if footer.format.has_columnar_metaindex else decode_named_values
    metaindex = decode(contents, place=place)
    for name in _DELETING_BLOCKS:
        if name in metaindex:
            raise UnsupportedError(f"range deletions ({name.decode()}) are not read", location=place)
    return metaindex


def _read_properties(
    data: NDArray[np.uint8], footer: Footer, metaindex: Mapping[bytes, bytes], location: str
) -> TableProperties:
    place = f"{location} @{footer.metaindex.offset}"
    if _PROPERTIES not in metaindex:
        raise CorruptionError("pebble/table: invalid table (no properties)", location=place)
    handle = _decode_handle(metaindex[_PROPERTIES], footer, place)
    place = f"{location} @{handle.offset}"
    properties = decode_properties(
        open_block(data, handle, location=location, checksum_kind=footer.checksum_kind),
        place=place,
        is_columnar=footer.format.has_columnar_properties,
    )
    if properties.comparator != COMPARATOR:
        raise CorruptionError(
            f"pebble/table: {location}: unknown comparer {properties.comparator}", location=place
        )
    if footer.format.is_columnar and properties.schema != SCHEMA:
        raise UnsupportedError(f"the key schema {properties.schema} is not read", location=place)
    return properties


def _read_index(
    data: NDArray[np.uint8], footer: Footer, properties: TableProperties, location: str
) -> tuple[Ragged, tuple[BlockHandle, ...]]:
    separators, handles = _read_index_blocks(data, footer, [footer.index], location)
    if properties.has_two_level_index:
        separators, handles = _read_index_blocks(data, footer, handles, location)
    place = f"{location} @{footer.index.offset}"
    roach_keys, _, _ = decode_user_keys(
        separators.data, separators.starts, separators.offsets[1:], location=place
    )
    return roach_keys, tuple(handles)


def _read_index_blocks(
    data: NDArray[np.uint8], footer: Footer, blocks: Sequence[BlockHandle], location: str
) -> tuple[Ragged, list[BlockHandle]]:
    """Read index blocks: (separators as user keys, the handles of what they index)."""
    place = f"{location} @{footer.index.offset}"

    def open_one(handle: BlockHandle) -> NDArray[np.uint8]:
        return open_block(data, handle, location=location, checksum_kind=footer.checksum_kind)

    if footer.format.is_columnar:
        parts = [decode_columnar_index(open_one(block), place=place) for block in blocks]
        handles = [_within(handle, footer, place) for _, part in parts for handle in part]
        return Ragged.concat([separators for separators, _ in parts]), handles
    entries = _open_blocks(open_one, blocks, location)
    handles = [_decode_handle(value, footer, place) for value in entries.values.to_list()]
    sizes = _trailer_starts(entries.keys, place) - entries.keys.starts
    return gather(entries.keys.data, entries.keys.starts, sizes), handles


def _decode_handle(raw: bytes, footer: Footer, place: str) -> BlockHandle:
    try:
        handle, _ = BlockHandle.decode(raw, 0, location=place, base=0)
    except CorruptionError as exc:
        raise CorruptionError("pebble/table: invalid table (bad block handle)", location=place) from exc
    return _within(handle, footer, place)


def _within(handle: BlockHandle, footer: Footer, place: str) -> BlockHandle:
    if handle.end > footer.offset:
        raise CorruptionError("pebble/table: invalid table (bad block handle)", location=place)
    return handle


def _groups(handles: Sequence[BlockHandle], batch_size: int) -> Iterator[Sequence[BlockHandle]]:
    first, size = 0, 0
    for index, handle in enumerate(handles):
        if index > first and size + handle.size > batch_size:
            yield handles[first:index]
            first, size = index, 0
        size += handle.size
    if first < len(handles):
        yield handles[first:]


def _split_entries(entries: BlockEntries, footer: Footer, place: str) -> DataRows:
    """Split the internal keys of row blocks into keys, versions and trailers."""
    data, ends = entries.keys.data, _trailer_starts(entries.keys, place)
    trailers = load_le64(data, ends)
    _check_kinds(trailers, place)
    keys, wall_ns, logical = decode_user_keys(data, entries.keys.starts, ends, location=place)
    is_prefixed = None
    if footer.format.has_value_prefixes:
        is_prefixed = trailers & np.uint64(_KIND_MASK & ~_OBSOLETE_BIT) == KIND_SET
    return DataRows(
        keys, wall_ns, logical, trailers, entries.data, entries.value_starts, entries.value_ends, is_prefixed
    )


def _trailer_starts(internal_keys: Ragged, place: str) -> NDArray[np.int64]:
    if bool((internal_keys.lengths < KIND_TRAILER_SIZE).any()):
        raise CorruptionError("pebble/table: invalid table (key without trailer)", location=place)
    return internal_keys.offsets[1:] - KIND_TRAILER_SIZE


def _check_kinds(trailers: NDArray[np.uint64], place: str) -> None:
    """Refuse entries that are no SET: a backup holds deletions as empty values, never as engine deletes."""
    if bool((trailers == KIND_SET).all()):
        return
    kinds = trailers & np.uint64(_KIND_MASK & ~_OBSOLETE_BIT)
    for kind in np.unique(kinds).tolist():
        if kind in _KINDS:
            raise UnsupportedError(f"entries of kind {_KINDS[kind]} are not read", location=place)
        if kind not in (KIND_SET, _KIND_SET_WITH_DELETE):
            raise CorruptionError(f"pebble/table: invalid table (key kind {kind})", location=place)
