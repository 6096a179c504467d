"""The SSTs of one layer: each opened once while its neighbours are read, and checked to be what the manifest names.

Tables that lie side by side share SSTs, and small ones share blocks: a file is read with a cursor, so that what was
decoded beyond the end of one span is there when the next is asked for.

Source: reference/format/03 (file spans, shared SSTs, counts), 07 §1 step 12.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from itertools import accumulate

from ootheca import pb
from ootheca.backup.chain import Layer
from ootheca.backup.elided import complete_keys, elided_prefix, relative_span
from ootheca.backup.read_ahead import ReadAhead
from ootheca.codec.extended import strip_headers
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import searchsorted_bytes
from ootheca.codec.sst.rangekeys import RangeTombstone
from ootheca.codec.sst.reader import DEFAULT_BATCH_SIZE, KIND_TRAILER_SIZE, SSTReader
from ootheca.errors import ChecksumMismatchError, CorruptionError

__all__ = ["LayerFiles"]

# Bytes that an SST adds to each entry's key: sentinel, timestamp of 8, 12 or 13 bytes, its size, and the trailer.
_KEY_OVERHEAD = (1 + 8 + 1 + KIND_TRAILER_SIZE, 1 + 13 + 1 + KIND_TRAILER_SIZE)
# What stays open beside the file that is read: plain bytes, and files.
_OPEN_SIZE, _OPEN_FILES = 32 << 20, 16
_BLOCK_SIZE = 128 << 10  # of the larger blocks; no fewer bytes are decoded together

_Name = tuple[str, str]  # of a stored file: locality, and path there


class LayerFiles:
    """The files of one layer by their spans."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._files = sorted(layer.manifest.files, key=lambda file: (file.span.key, file.span.end_key))
        self._starts = [file.span.key for file in self._files]
        # The largest end so far: files that share a key at their bounds are not sorted by their ends.
        self._ends = list(accumulate((file.span.end_key for file in self._files), max))
        self._prefixes = [elided_prefix(start, layer.manifest.elided_prefix) for start in self._starts]
        self._by_name: defaultdict[_Name, list[pb.File]] = defaultdict(list)
        for file in self._files:
            self._by_name[_name(file)].append(file)
        self._open: OrderedDict[_Name, _Cursor] = OrderedDict()
        self._open_size = 0
        self._ahead: ReadAhead[_Name, SSTReader] | None = None
        # By file: where a read of its span began -> where it ended, and the bytes of the entries between.
        self._sizes: defaultdict[int, dict[bytes, tuple[bytes, int]]] = defaultdict(dict)

    def _overlapping(self, start: bytes, end: bytes) -> range:
        """Return the places of the files whose spans may overlap `[start, end)`."""
        return range(bisect_right(self._ends, start), bisect_left(self._starts, end))

    def overlaps(self, start: bytes, end: bytes) -> bool:
        """Whether a file may hold keys of `[start, end)`."""
        return bool(self._overlapping(start, end))

    def batches(self, start: bytes, end: bytes) -> Iterator[KeyValueBatch]:
        """Yield the entries with keys in `[start, end)`, in stored order.

        Raises:
            CorruptionError: a file is damaged or is not the one that the manifest names.
            EncryptionError: a sealed file does not open.
        """
        for place in self._overlapping(start, end):
            file = self._files[place]
            low, high = max(start, file.span.key), min(end, file.span.end_key)
            prefix = self._prefixes[place]
            relative = relative_span(low, high, prefix) if low < high else None
            if relative is None:
                continue
            # Little is decoded beyond the end of a small span: a quarter, or the rest of one block.
            batch_size = min(file.entry_counts.data_size // 4 or DEFAULT_BATCH_SIZE, DEFAULT_BATCH_SIZE)
            size = 0
            for stored in self._cursor(file).read(*relative, batch_size):
                batch = complete_keys(stored, prefix)
                size += batch.total_size
                yield strip_headers(batch)
            self._note_size(place, low, high, size)

    def read_ahead(self, spans: Iterable[tuple[bytes, bytes]], executor: Executor) -> None:
        """Have each file of the spans `[start, end)` read while the one before it is used, until `read_no_further`.

        Args:
            spans: in the order in which they will be read.
            executor: of whose threads one is busy with a file of this layer at most.
        """
        places = (place for start, end in spans for place in self._overlapping(start, end))
        names = dict.fromkeys(_name(self._files[place]) for place in places)
        self._ahead = ReadAhead(names, lambda name: self._read(self._by_name[name][0]), executor)

    def read_no_further(self) -> None:
        """Read files when they are asked for, as at first."""
        self._ahead = None

    def range_tombstones(self, start: bytes, end: bytes) -> Iterator[RangeTombstone]:
        """Yield what deletes whole ranges of keys in `[start, end)`, cut to the spans of the files.

        Raises: as for `batches`.
        """
        for place in self._overlapping(start, end):
            file = self._files[place]
            if not file.has_range_keys:
                continue
            prefix = self._prefixes[place]
            for each in self._cursor(file).range_tombstones():
                low = max(prefix + each.start, file.span.key, start)
                high = min(prefix + each.end, file.span.end_key, end)
                if low < high:
                    yield RangeTombstone(low, high, each.wall_ns, each.logical)

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
        promised = 0 if file.has_range_keys else file.entry_counts.data_size  # which counts range keys too
        if promised and reached >= file.span.end_key and total != promised:
            raise _foreign(file.path, self._layer.folder_of(file).location(file.path))

    def _cursor(self, file: pb.File) -> _Cursor:
        name = _name(file)
        cursor = self._open.pop(name, None)
        if cursor is None:
            # Make room first, so that at no time more than one file is above the limit.
            while self._open_size > _OPEN_SIZE or len(self._open) >= _OPEN_FILES:
                self._open_size -= self._open.popitem(last=False)[1].size
            ahead = self._ahead
            cursor = _Cursor(self._read(file) if ahead is None else ahead.take(name, self._open))
            self._open_size += cursor.size
        self._open[name] = cursor
        return cursor

    def _read(self, file: pb.File) -> SSTReader:
        folder = self._layer.folder_of(file)
        plain = folder.read_view(file.path)
        location = folder.location(file.path)
        if file.sha512 and hashlib.sha512(plain).digest() != file.sha512:
            raise ChecksumMismatchError(f"checksum mismatch for {file.path}", location=location)
        table = SSTReader.open(plain, location=location)
        if table.has_range_keys and not any(each.has_range_keys for each in self._by_name[_name(file)]):
            raise _foreign(file.path, location)
        if not file.sha512:
            self._check_belongs(table, file)
        return table

    def _check_belongs(self, table: SSTReader, file: pb.File) -> None:
        """Refuse a sound file that is another one than the manifest names, where that holds no hash of the file.

        Sealed files of one backup all open with its key.

        Source: `entry_counts` and the properties of every file of fixtures/golden; 1.0 holds no counts by file.
        """
        files = self._by_name[_name(file)]
        promised = sum(each.entry_counts.data_size for each in files)
        facts = table.properties
        if not promised or not table.handles or facts.num_entries is None:
            return
        prefix = elided_prefix(files[0].span.key, self._layer.manifest.elided_prefix)
        has_plain_sizes = not table.footer.format.is_columnar and not table.footer.format.has_value_prefixes
        if has_plain_sizes and not table.has_range_keys and facts.raw_key_size:
            overhead = facts.raw_key_size + facts.raw_value_size - promised + len(prefix) * facts.num_entries
            low, high = (each * facts.num_entries for each in _KEY_OVERHEAD)
            if not low <= overhead <= high:
                raise _foreign(file.path, table.location)
        start, end = min(f.span.key for f in files), max(f.span.end_key for f in files)
        first_key = table.first_key()
        if first_key is not None and not start <= prefix + first_key < end:
            raise _foreign(file.path, table.location)


class _Cursor:
    """Reads spans of one file, one after the other without decoding a block twice; in any order all the same."""

    def __init__(self, table: SSTReader) -> None:
        self._table = table
        # Where the last read ended, what it had decoded beyond, and the batches after that.
        self._state: tuple[bytes, KeyValueBatch, Iterator[KeyValueBatch], int] | None = None

    @property
    def size(self) -> int:
        """The file's plain bytes."""
        return int(self._table.data.size)

    def range_tombstones(self) -> tuple[RangeTombstone, ...]:
        """Read the file's range tombstones, their bounds as stored."""
        return self._table.range_tombstones()

    def read(self, low: bytes, high: bytes, batch_size: int) -> Iterator[KeyValueBatch]:
        """Yield the entries in `[low, high)`; `batch_size` as for `SSTReader.batches`."""
        held, rest = self._resume(low, batch_size)
        while True:
            if not len(held):
                following = next(rest, None)
                if following is None:
                    return
                held = following
            cut = searchsorted_bytes(held.keys, high)
            if cut:
                yield held[:cut]
            held = held[cut:]
            if len(held):
                self._state = (high, held, rest, batch_size)
                return

    def _resume(self, low: bytes, batch_size: int) -> tuple[KeyValueBatch, Iterator[KeyValueBatch]]:
        """Go on where the last read ended, if that is at or shortly before `low`; else start there.

        The state is taken away meanwhile: a second read that begins before the first has ended starts by itself.
        """
        state, self._state = self._state, None
        if state is not None:
            reached, held, rest, previous_size = state
            if reached <= low <= held.keys.row(-1) and batch_size <= max(previous_size, _BLOCK_SIZE):
                return held[searchsorted_bytes(held.keys, low) :], rest
        return KeyValueBatch.empty(), self._table.batches(start=low, batch_size=batch_size)


def _name(file: pb.File) -> _Name:
    return file.locality_kv, file.path


def _foreign(path: str, location: str) -> CorruptionError:
    return CorruptionError(
        f"{path} does not hold what the manifest says",
        location=location,
        hint="fetch the file again, or take it from another copy of the backup",
    )
