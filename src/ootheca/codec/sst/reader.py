"""Table files -> key/value batches.

Layout: blocks (compression.py) in any order, then the footer (footer.py).
    index block     key = separator >= the data block's last key, value = its handle [, block properties from
                    v1 on]; in a two-level index the handles of the upper level name further index blocks
    metaindex       name -> handle: rocksdb.properties, and others that a backup of 20.2 to 21.2 does not have
    data block      key = user key (mvcc.py), trailer:fixed64 = sequence number << 8 | kind
Source: fixtures/golden/20.2 (LevelDB) and 21.2 (RocksDBv2), every file; reference 04.
    Unverified: Pebble v1 to v4, zstd, two-level index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.mvcc import KeyValueBatch, decode_user_keys, first_disorder
from ootheca.codec.ragged import Ragged, gather, load_le64, searchsorted_bytes
from ootheca.codec.sst.block import BlockEntries, decode_blocks, decode_named_values
from ootheca.codec.sst.block_builder import shared_with_previous
from ootheca.codec.sst.compression import open_block
from ootheca.codec.sst.footer import BlockHandle, Footer, decode_footer
from ootheca.codec.sst.properties import COMPARATOR, TableProperties, decode_properties
from ootheca.errors import CorruptionError, UnsupportedError

__all__ = ["DEFAULT_BATCH_SIZE", "KIND_SET", "KIND_TRAILER_SIZE", "SSTReader", "read_sst"]

DEFAULT_BATCH_SIZE = 4 << 20
"""Stored bytes of data blocks that are decoded together: long arrays for NumPy, and still little memory."""

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
_DELETING_BLOCKS = (b"rocksdb.range_del", b"rocksdb.range_del2", b"pebble.range_key")
_VALUE_PREFIX_KIND = np.uint8(0xC0)


@dataclass(frozen=True, slots=True, eq=False)
class SSTReader:
    """An opened table file: footer, index, metaindex and properties are read and checked, no data block yet.

    Args:
        separators: roach keys; no key of data block i sorts after separators[i], none of block i+1 before it.
        handles: of the data blocks, in key order.
    """

    data: NDArray[np.uint8]
    location: str
    footer: Footer
    properties: TableProperties
    separators: Ragged
    handles: tuple[BlockHandle, ...]

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
        if footer.format.is_columnar:
            raise UnsupportedError(
                f"table format {footer.format} with columnar blocks is not read",
                location=f"{location} @{footer.offset}",
            )
        properties = _read_properties(raw, footer, location)
        separators, handles = _read_index(raw, footer, properties, location)
        return SSTReader(raw, location, footer, properties, separators, handles)

    def batches(
        self, *, start: bytes | None = None, end: bytes | None = None, batch_size: int = DEFAULT_BATCH_SIZE
    ) -> Iterator[KeyValueBatch]:
        """Read the entries whose roach keys lie in [start, end), in stored order, some blocks at a time.

        Args:
            batch_size: stored bytes of the data blocks decoded together (at least one block).

        Raises:
            ChecksumMismatchError, CorruptionError: a damaged block, or fewer or more entries than the file
                promises.
            UnsupportedError: an entry that is no plain SET, or a block compression that is not read.
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

    def _read_group(self, handles: Sequence[BlockHandle]) -> KeyValueBatch:
        entries = _open_blocks(self.data, handles, self.location)
        place = f"{self.location} @{handles[0].offset}"
        _check_kinds(entries, place)
        keys, wall_ns, logical = decode_user_keys(
            entries.key_data, entries.key_starts, entries.key_ends - KIND_TRAILER_SIZE, location=place
        )
        values = (
            self._strip_value_prefixes(entries, place)
            if self.footer.format.has_value_prefixes
            else entries.values
        )
        return KeyValueBatch(keys, wall_ns, logical, values)

    def _strip_value_prefixes(self, entries: BlockEntries, place: str) -> Ragged:
        sizes = entries.value_ends - entries.value_starts
        if bool((sizes < 1).any()):
            raise CorruptionError("pebble/table: invalid table (value without prefix)", location=place)
        if bool((entries.data[entries.value_starts] & _VALUE_PREFIX_KIND).any()):
            raise UnsupportedError(
                f"table format {self.footer.format}: values outside of data blocks are not read",
                location=place,
            )
        return gather(entries.data, entries.value_starts + 1, sizes - 1)

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


def _open_blocks(data: NDArray[np.uint8], handles: Sequence[BlockHandle], location: str) -> BlockEntries:
    contents = [open_block(data, handle, location=location) for handle in handles]
    return decode_blocks(contents, places=[f"{location} @{handle.offset}" for handle in handles])


def _read_properties(data: NDArray[np.uint8], footer: Footer, location: str) -> TableProperties:
    place = f"{location} @{footer.metaindex.offset}"
    metaindex = decode_named_values(open_block(data, footer.metaindex, location=location), place=place)
    for name in _DELETING_BLOCKS:
        if name in metaindex:
            raise UnsupportedError(f"range deletions ({name.decode()}) are not read", location=place)
    if _PROPERTIES not in metaindex:
        raise CorruptionError("pebble/table: invalid table (no properties)", location=place)
    handle = _decode_handle(metaindex[_PROPERTIES], footer, place)
    properties = decode_properties(
        open_block(data, handle, location=location), place=f"{location} @{handle.offset}"
    )
    if properties.comparator != COMPARATOR:
        raise CorruptionError(
            f"pebble/table: {location}: unknown comparer {properties.comparator}",
            location=f"{location} @{handle.offset}",
        )
    return properties


def _read_index(
    data: NDArray[np.uint8], footer: Footer, properties: TableProperties, location: str
) -> tuple[Ragged, tuple[BlockHandle, ...]]:
    entries = _open_blocks(data, [footer.index], location)
    place = f"{location} @{footer.index.offset}"
    if properties.has_two_level_index:
        lower = tuple(_decode_handle(value, footer, place) for value in entries.values.to_list())
        entries = _open_blocks(data, lower, location)
    handles = tuple(_decode_handle(value, footer, place) for value in entries.values.to_list())
    key_ends = entries.key_ends - KIND_TRAILER_SIZE
    separators, _, _ = decode_user_keys(entries.key_data, entries.key_starts, key_ends, location=place)
    return separators, handles


def _decode_handle(raw: bytes, footer: Footer, place: str) -> BlockHandle:
    try:
        handle, _ = BlockHandle.decode(raw, 0, location=place, base=0)
    except CorruptionError as exc:
        raise CorruptionError("pebble/table: invalid table (bad block handle)", location=place) from exc
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


def _check_kinds(entries: BlockEntries, place: str) -> None:
    """Refuse entries that are no SET: a backup holds deletions as empty values, never as engine deletes."""
    if bool((entries.key_ends - entries.key_starts < KIND_TRAILER_SIZE).any()):
        raise CorruptionError("pebble/table: invalid table (key without trailer)", location=place)
    trailers = load_le64(entries.key_data, entries.key_ends - KIND_TRAILER_SIZE)
    if bool((trailers == KIND_SET).all()):
        return
    kinds = trailers & np.uint64(_KIND_MASK & ~_OBSOLETE_BIT)
    for kind in np.unique(kinds).tolist():
        if kind in _KINDS:
            raise UnsupportedError(f"entries of kind {_KINDS[kind]} are not read", location=place)
        if kind not in (KIND_SET, _KIND_SET_WITH_DELETE):
            raise CorruptionError(f"pebble/table: invalid table (key kind {kind})", location=place)
