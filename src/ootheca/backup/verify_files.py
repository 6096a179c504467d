"""One data file of a layer, checked from its first to its last byte.

Memory: the file, and a batch of its entries. The first fault that keeps a file from being read on is told with its
offset; others are told once a kind and file, with the key that shows it.

A file that the target size cut has one row or index entry too many in the manifest, for the counter has seen the key
after it. From 21.2 on a file may hold several exports that were cut, which the manifest does not tell: there the
manifest may say more rows than the file holds, never fewer.

Source: reference/format/07 §4 "Verify", 03 §4 (counts); fixtures/golden/21.2/m_small_ssts (merged exports, cut).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ootheca import pb
from ootheca.backup.elided import complete_keys, elided_prefix
from ootheca.backup.sealed import SealedStorage
from ootheca.clock import ZERO_TIMESTAMP, Timestamp
from ootheca.codec.checksum import first_wrong_checksum
from ootheca.codec.counts import RowCounter
from ootheca.codec.extended import strip_headers
from ootheca.codec.mvcc import KeyValueBatch, first_disorder
from ootheca.codec.pretty import pretty_key
from ootheca.codec.ragged import searchsorted_bytes
from ootheca.codec.sst.block_builder import shared_with_previous
from ootheca.codec.sst.compression import open_block
from ootheca.codec.sst.footer import BlockHandle
from ootheca.codec.sst.rangekeys import RangeTombstone
from ootheca.codec.sst.reader import SSTReader
from ootheca.errors import ChecksumMismatchError, CorruptionError, OothecaError, TruncatedError

__all__ = ["FileTotals", "LayerFacts", "Report", "check_file", "first_bad_checksum"]

Report = Callable[[OothecaError], None]
"""Takes one problem; raises it where the caller wants to know of the first only."""

_HEADER_SIZE = 5  # of a value: checksum, and kind
_NOT_PLAIN_HANDLES = (
    b"pebble.value_index",
)  # its entry is more than a handle, and its block is read with values


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """What a layer promises of every file of it.

    Attributes:
        start, end: versions lie in (start, end].
        introduced: the spans that are covered from the beginning of time.
        primary: (table id, index id) whose entries count as rows.
        span_ends: where spans end; a file that ends elsewhere may have been cut by the target size.
        merges_exports: a file may hold several exports, each of which may have been cut.
        elided_prefix: what the keys of the files lack, as the manifest says.
    """

    start: Timestamp
    end: Timestamp
    introduced: Sequence[pb.Span]
    primary: Collection[tuple[int, int]]
    span_ends: frozenset[bytes]
    merges_exports: bool
    elided_prefix: int = 0

    def bounds(self, file: pb.File) -> tuple[Timestamp, Timestamp]:
        """Return the times after which, and up to which, a file's versions were written."""
        if file.end_time.wall_time:
            start = Timestamp(file.start_time.wall_time, file.start_time.logical)
            return start, Timestamp(file.end_time.wall_time, file.end_time.logical)
        is_introduced = any(
            s.key <= file.span.key and file.span.end_key <= s.end_key for s in self.introduced
        )
        return ZERO_TIMESTAMP if is_introduced else self.start, self.end


@dataclass(frozen=True, slots=True)
class FileTotals:
    """What was found in a file: its stored bytes, its entries (all versions), its rows."""

    size: int = 0
    entries: int = 0
    rows: int = 0


def check_file(
    folder: SealedStorage, path: str, files: Sequence[pb.File], facts: LayerFacts, report: Report
) -> FileTotals:
    """Check one stored file.

    Args:
        files: the manifest's entries for the path, in the order of their spans.
    """
    location = folder.location(path)
    try:
        stored = folder.storage.read(path)
    except OothecaError as exc:
        report(exc)
        return FileTotals()
    promised_size = next((file.backing_file_size for file in files if file.backing_file_size), len(stored))
    if promised_size != len(stored):
        report(
            TruncatedError(
                f"{path} has {len(stored)} bytes instead of {promised_size}",
                location=f"{location} @{min(len(stored), promised_size)}",
            )
        )
    return _check_opened(folder, path, stored, files, facts, report)


def _check_opened(
    folder: SealedStorage,
    path: str,
    stored: bytes,
    files: Sequence[pb.File],
    facts: LayerFacts,
    report: Report,
) -> FileTotals:
    location = folder.location(path)
    check = _EntryCheck(location, files, facts, report)
    problem: OothecaError | None = None
    is_foreign = False
    try:
        plain = folder.unseal_view(stored, path)
        is_foreign = any(file.sha512 and hashlib.sha512(plain).digest() != file.sha512 for file in files)
        table = SSTReader.open(plain, location=location)
        _check_unread_parts(table)
        prefix = elided_prefix(files[0].span.key, facts.elided_prefix)
        for batch in table.batches():
            check.add(complete_keys(batch, prefix))
        check.add_tombstones(table.range_tombstones())
    except OothecaError as exc:
        problem = exc
    if problem is None and is_foreign:
        problem = ChecksumMismatchError(f"checksum mismatch for {path}", location=f"{location} @0")
    if problem is not None:
        report(problem)
    else:
        check.finish(table)
    return FileTotals(len(stored), check.num_entries, check.num_rows)


def _check_unread_parts(table: SSTReader) -> None:
    """Check what reading the entries does not touch: padding, and blocks that only the metaindex names."""
    table.footer.check_padding(table.data.data, location=table.location)
    for name, entry in table.metaindex.items():
        if name not in _NOT_PLAIN_HANDLES:
            place = f"{table.location} @{table.footer.metaindex.offset}"
            handle, _ = BlockHandle.decode(entry, 0, location=place, base=0)
            open_block(table.data, handle, location=table.location, checksum_kind=table.footer.checksum_kind)


@dataclass(slots=True)
class _EntryCheck:
    """Goes through the entries of a file, batch by batch."""

    location: str
    files: Sequence[pb.File]
    facts: LayerFacts
    report: Report
    num_entries: int = 0
    _counters: list[RowCounter] = field(init=False)
    _before: KeyValueBatch = field(default_factory=KeyValueBatch.empty)
    _oldest: tuple[int, int] | None = None
    _newest: tuple[int, int] | None = None
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._counters = [RowCounter(self.facts.primary) for _ in self.files]

    @property
    def num_rows(self) -> int:
        return sum(counter.rows for counter in self._counters)

    def _tell(self, kind: str, error: OothecaError) -> None:
        """Report the first problem of a kind."""
        if kind not in self._told:
            self._told.add(kind)
            self.report(error)

    def _wrong_key(self, kind: str, words: str, key: bytes) -> None:
        message = f"{words} at key {pretty_key(key)} ({key.hex()})"
        self._tell(kind, CorruptionError(message, location=self.location))

    def add(self, batch: KeyValueBatch) -> None:
        """Check the next entries in stored order."""
        self.num_entries += len(batch)
        joined = KeyValueBatch.concat([self._before, batch]) if len(self._before) else batch
        wrong = first_disorder(joined, shared_with_previous(joined.keys))
        if wrong is not None:
            self._wrong_key("order", "keys out of order", joined.keys.row(wrong))
        self._before = batch[len(batch) - 1 :]
        self._note_times(batch)
        wrong = first_bad_checksum(batch)
        if wrong is not None:
            key = batch.keys.row(wrong)
            self._tell(
                "value",
                ChecksumMismatchError(
                    f"the checksum of the value of key {pretty_key(key)} ({key.hex()}) does not fit",
                    location=self.location,
                ),
            )
        num_covered = 0
        for file, counter in zip(self.files, self._counters, strict=True):
            low = searchsorted_bytes(batch.keys, file.span.key)
            high = searchsorted_bytes(batch.keys, file.span.end_key)
            if low < high:
                num_covered += high - low
                part = batch[low:high]
                counter.add(part.keys, part.values)
                self._check_times(part, *self.facts.bounds(file))
        if num_covered != len(batch):
            self._tell_outside(batch)

    def _tell_outside(self, batch: KeyValueBatch) -> None:
        """Name the first key that lies in no span of the file."""
        is_covered = np.zeros(len(batch), bool)
        for file in self.files:
            low = searchsorted_bytes(batch.keys, file.span.key)
            is_covered[low : searchsorted_bytes(batch.keys, file.span.end_key)] = True
        outside = np.flatnonzero(~is_covered)
        if outside.size:
            self._wrong_key("span", "outside of the file's span", batch.keys.row(int(outside[0])))

    def _note_times(self, batch: KeyValueBatch) -> None:
        wall, logical = batch.wall_ns, batch.logical
        lowest, highest = int(wall.min()), int(wall.max())
        low = (lowest, int(logical[wall == lowest].min()))
        high = (highest, int(logical[wall == highest].max()))
        self._oldest = low if self._oldest is None else min(self._oldest, low)
        self._newest = high if self._newest is None else max(self._newest, high)

    def _check_times(self, batch: KeyValueBatch, start: Timestamp, end: Timestamp) -> None:
        wall, logical = batch.wall_ns, batch.logical
        early = (wall < start.wall_ns) | ((wall == start.wall_ns) & (logical <= start.logical))
        late = (wall > end.wall_ns) | ((wall == end.wall_ns) & (logical > end.logical))
        wrong = np.flatnonzero(early | late)
        if wrong.size:
            row = int(wrong[0])
            time = Timestamp(int(wall[row]), int(logical[row]))
            self._wrong_key("time", self._time_words(time, start, end), batch.keys.row(row))

    def add_tombstones(self, tombstones: Iterable[RangeTombstone]) -> None:
        """Check the times of what deletes whole ranges of keys."""
        start, end = self.facts.bounds(self.files[0])
        for each in tombstones:
            time = Timestamp(each.wall_ns, each.logical)
            if not start < time <= end:
                self._wrong_key("time", self._time_words(time, start, end), each.start)

    @staticmethod
    def _time_words(time: Timestamp, start: Timestamp, end: Timestamp) -> str:
        return f"version {time.format_hlc()} is not of the layer's time ({start.format_hlc()}, {end.format_hlc()}]"

    def finish(self, table: SSTReader) -> None:
        """Compare what the whole file held with what it and the manifest promise."""
        facts = table.properties
        for name, promised, found in (
            ("crdb.ts.min", facts.ts_min, self._oldest),
            ("crdb.ts.max", facts.ts_max, self._newest),
        ):
            if promised is not None and found is not None and promised != found:
                self._tell(name, self._corrupt(f"property {name} is {promised} but the versions say {found}"))
        if table.has_range_keys:
            return  # how range tombstones count no file has shown
        for file, counter in zip(self.files, self._counters, strict=True):
            self._check_counts(file, counter)

    def _corrupt(self, message: str) -> CorruptionError:
        return CorruptionError(message, location=self.location)

    def _check_counts(self, file: pb.File, counter: RowCounter) -> None:
        promised = file.entry_counts
        if not promised.ByteSize():
            if counter.data_size and any(each.entry_counts.ByteSize() for each in self.files):
                self._tell("counts", self._corrupt(_count_words("bytes", counter.data_size, 0)))
            return  # 1.0 holds no counts by file
        if counter.data_size != promised.data_size:
            words = _count_words("bytes", counter.data_size, promised.data_size)
            self._tell("counts", self._corrupt(words))
        elif promised.rows or promised.index_entries:
            self._check_row_counts(file, counter)

    def _check_row_counts(self, file: pb.File, counter: RowCounter) -> None:
        promised = (file.entry_counts.rows, file.entry_counts.index_entries)
        possible = [counter]
        if file.span.end_key not in self.facts.span_ends:
            cut = counter.copy()
            cut.add_next_key(file.span.end_key)
            possible.append(cut)
        if promised in [(each.rows, each.index_entries) for each in possible]:
            return
        found = (counter.rows, counter.index_entries)
        surplus = sum(promised) - sum(found)
        is_possible = promised[0] >= found[0] and promised[1] >= found[1] and surplus < self.num_entries
        if not (self.facts.merges_exports and is_possible):
            self._tell("counts", self._corrupt(_count_words("(rows, index entries)", found, promised)))


def _count_words(what: str, found: object, promised: object) -> str:
    return f"the file holds {found} {what}, the manifest says {promised}"


def first_bad_checksum(batch: KeyValueBatch) -> int | None:
    """Return the first row whose value is no value, or has a checksum that does not fit; None if all are right.

    Values without a checksum are taken as they are.

    Raises:
        CorruptionError: a value ends within its header.
    """
    keys, values = batch.keys, strip_headers(batch).values
    sizes = values.lengths
    short = np.flatnonzero((sizes > 0) & (sizes < _HEADER_SIZE))
    if short.size:
        return int(short[0])
    rows: NDArray[np.int64] = np.flatnonzero(sizes)
    if rows.size < len(batch):
        keys, values = keys.take(rows), values.take(rows)
    wrong = first_wrong_checksum(keys, values)
    return None if wrong is None else int(rows[wrong])
