"""Read the keys and values of a span out of a chain: every layer's files, merged, newest version first come.

Memory follows the batch and one open file per layer. Versions are merged with NumPy: all streams advance together up to
the smallest of their batches' last keys, and what lies below it is sorted at once.

Source: reference/format/07 §1 step 13 and §4 (which version is seen), 03 (file spans, shared SSTs).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np

from ootheca import pb
from ootheca.backup.chain import Chain, Layer
from ootheca.clock import Timestamp
from ootheca.codec.coding import decode_uvarint
from ootheca.codec.mvcc import KeyValueBatch, argsort_versions, decode_user_keys, is_new_key
from ootheca.codec.ragged import searchsorted_bytes
from ootheca.codec.sst.compression import open_block
from ootheca.codec.sst.reader import KIND_TRAILER_SIZE, SSTReader
from ootheca.errors import ChecksumMismatchError, CorruptionError, UnsupportedError

__all__ = ["ChainReader"]

# Bytes that an SST adds to each entry's key: sentinel, timestamp of 8, 12 or 13 bytes, its size, and the trailer.
_KEY_OVERHEAD = (1 + 8 + 1 + KIND_TRAILER_SIZE, 1 + 13 + 1 + KIND_TRAILER_SIZE)
_OPEN_FILES = 4  # per layer: tables that lie side by side share SSTs, and are read one after the other


class ChainReader:
    """Reads spans of a chain as of its end, or as of a time that `cut_at` accepted."""

    def __init__(self, chain: Chain, until: Timestamp | None = None) -> None:
        self.chain = chain
        self.until = until or chain.end
        self._layers = [_LayerReader(layer) for layer in chain.layers]

    def visible(self, start: bytes, end: bytes) -> Iterator[KeyValueBatch]:
        """Yield the newest version of every key in `[start, end)`, in key order, without deleted ones.

        Raises:
            CorruptionError: a file is damaged or is not the one that the manifest names.
            EncryptionError: a sealed file does not open.
        """
        streams = [layer.batches(start, end) for layer in self._layers if layer.overlaps(start, end)]
        for batch in _merge(streams):
            newest = _newest(batch, self.until)
            if len(newest.keys):
                yield newest


class _LayerReader:
    """The files of one layer, each opened once while its neighbours are read."""

    def __init__(self, layer: Layer) -> None:
        if layer.manifest.elided_prefix:
            raise UnsupportedError(
                "files whose keys lack their prefix (version 23.2 and later) cannot be read yet"
            )
        self._layer = layer
        self._files = sorted(layer.manifest.files, key=lambda file: (file.span.key, file.span.end_key))
        self._starts = [file.span.key for file in self._files]
        # The largest end so far: files that share a key at their bounds are not sorted by their ends.
        self._ends = list(accumulate((file.span.end_key for file in self._files), max))
        self._by_path: defaultdict[str, list[pb.File]] = defaultdict(list)
        for file in self._files:
            self._by_path[file.path].append(file)
        self._open: OrderedDict[str, SSTReader] = OrderedDict()
        # By file: where a read of its span began -> where it ended, and the bytes of the entries between.
        self._sizes: defaultdict[int, dict[bytes, tuple[bytes, int]]] = defaultdict(dict)

    def _overlapping(self, start: bytes, end: bytes) -> range:
        """Return the places of the files whose spans may overlap `[start, end)`."""
        return range(bisect_right(self._ends, start), bisect_left(self._starts, end))

    def overlaps(self, start: bytes, end: bytes) -> bool:
        return bool(self._overlapping(start, end))

    def batches(self, start: bytes, end: bytes) -> Iterator[KeyValueBatch]:
        for place in self._overlapping(start, end):
            file = self._files[place]
            low, high = max(start, file.span.key), min(end, file.span.end_key)
            if low >= high:
                continue
            size = 0
            for batch in self._table(file).batches(start=low, end=high):
                size += batch.total_size
                yield batch
            self._note_size(place, low, high, size)

    def _note_size(self, place: int, low: bytes, high: bytes, size: int) -> None:
        """Compare what was read with what the manifest promises, once a file's span was read to its end.

        Source: reference/format/03 §4; exact for every file of fixtures/golden. 1.0 holds no counts by file.
        """
        file = self._files[place]
        read = self._sizes[place]
        read[low] = (high, size)
        reached, total = file.span.key, 0
        while reached in read:
            reached, part = read[reached]
            total += part
        promised = file.entry_counts.data_size
        if promised and reached >= file.span.end_key and total != promised:
            raise _foreign(file.path, self._layer.folder.location(file.path))

    def _table(self, file: pb.File) -> SSTReader:
        table = self._open.pop(file.path, None) or self._read(file)
        self._open[file.path] = table
        while len(self._open) > _OPEN_FILES:
            self._open.popitem(last=False)
        return table

    def _read(self, file: pb.File) -> SSTReader:
        if file.has_range_keys:
            raise UnsupportedError(
                f"{file.path} holds range tombstones (version 22.2 and later), which cannot be read yet"
            )
        folder = self._layer.folder
        plain = folder.read_view(file.path)
        location = folder.location(file.path)
        if file.sha512 and hashlib.sha512(plain).digest() != file.sha512:
            raise ChecksumMismatchError(f"checksum mismatch for {file.path}", location=location)
        table = SSTReader.open(plain, location=location)
        if not file.sha512:
            self._check_belongs(table, file.path)
        return table

    def _check_belongs(self, table: SSTReader, path: str) -> None:
        """Refuse a sound file that is another one than the manifest names, where that holds no hash of the file.

        Sealed files of one backup all open with its key.

        Source: `entry_counts` and the properties of every file of fixtures/golden; 1.0 holds no counts by file.
        """
        files = self._by_path[path]
        promised = sum(file.entry_counts.data_size for file in files)
        facts = table.properties
        if not promised or not table.handles or facts.num_entries is None:
            return
        if facts.raw_key_size is not None and facts.raw_value_size is not None:
            overhead = facts.raw_key_size + facts.raw_value_size - promised
            low, high = (each * facts.num_entries for each in _KEY_OVERHEAD)
            if not low <= overhead <= high:
                raise _foreign(path, table.location)
        start, end = min(f.span.key for f in files), max(f.span.end_key for f in files)
        if not start <= _first_key(table) < end:
            raise _foreign(path, table.location)


def _first_key(table: SSTReader) -> bytes:
    """Return the first key of a file, which its first block holds whole."""
    location = f"{table.location} @{table.handles[0].offset}"
    block = open_block(table.data, table.handles[0], location=table.location)
    _, position = decode_uvarint(
        block.data, 0, location=location
    )  # bytes shared with the key before it: none
    size, position = decode_uvarint(block.data, position, location=location)
    _, position = decode_uvarint(block.data, position, location=location)  # the value's size
    end = position + size - KIND_TRAILER_SIZE
    if end > block.size:
        raise CorruptionError("pebble/table: invalid table (bad first key)", location=location)
    keys, _, _ = decode_user_keys(block, np.array([position]), np.array([end]), location=location)
    return keys.row(0)


def _foreign(path: str, location: str) -> CorruptionError:
    return CorruptionError(
        f"{path} does not hold what the manifest says",
        location=location,
        hint="fetch the file again, or take it from another copy of the backup",
    )


def _merge(streams: Sequence[Iterator[KeyValueBatch]]) -> Iterator[KeyValueBatch]:
    """Merge streams in key order into batches that never split the versions of one key."""
    heads: list[KeyValueBatch] = []
    rest: list[Iterator[KeyValueBatch]] = []
    for stream in streams:
        first = next(stream, None)
        if first is not None:
            heads.append(first)
            rest.append(stream)
    while heads:
        bound = min(head.keys.row(len(head.keys) - 1) for head in heads)
        parts = []
        for i in range(len(heads) - 1, -1, -1):
            while len(heads[i].keys) and heads[i].keys.row(0) <= bound:
                cut = searchsorted_bytes(heads[i].keys, bound + b"\x00")
                parts.append(heads[i][:cut])
                heads[i] = heads[i][cut:]
                if not len(heads[i].keys) and (following := next(rest[i], None)) is not None:
                    heads[i] = following
            if not len(heads[i].keys):
                del heads[i], rest[i]
        yield parts[0] if len(parts) == 1 else _concat(parts)


def _concat(parts: Sequence[KeyValueBatch]) -> KeyValueBatch:
    """Join and sort: key ascending, time descending."""
    joined = KeyValueBatch.concat(parts)
    return joined.take(argsort_versions(joined))


def _newest(batch: KeyValueBatch, until: Timestamp) -> KeyValueBatch:
    """Keep the newest version not after `until` of each key, and drop it if it is a tombstone."""
    in_time = (batch.wall_ns < until.wall_ns) | (
        (batch.wall_ns == until.wall_ns) & (batch.logical <= until.logical)
    )
    rows = np.flatnonzero(in_time)
    if not len(rows):
        return KeyValueBatch.empty()
    in_time_batch = batch if len(rows) == len(batch) else batch.take(rows)
    seen = is_new_key(in_time_batch.keys) & ~in_time_batch.is_tombstone
    return in_time_batch if seen.all() else in_time_batch.take(np.flatnonzero(seen))
