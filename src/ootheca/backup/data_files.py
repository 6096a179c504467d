"""The data files of a backup: entries in key order go in, built, sealed and stored files come out.

A version that shares SSTs has the spans of small tables lie in one, with an entry of the manifest for each; others have
an SST for each entry. Files are made by the executor while the entries of the next ones are encoded.

Source: reference/format/03 §2 "Files" and §4 (counts), 09 (one SST holds many file entries).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from ootheca import pb
from ootheca.backup.sealed import SealedStorage
from ootheca.clock import Clock, unique_int64
from ootheca.codec import filenames
from ootheca.codec.counts import RowCounter, row_prefix_lengths
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.sst.builder import OPTIONS, SSTBuilder
from ootheca.profile import Profile

__all__ = ["DataFiles"]

_TARGET_FILE_SIZE = 16 << 20  # plain bytes of keys and values, after which a file is closed
_SLICE_ROWS = 16_384  # entries between two looks at a file's size
_FILES_IN_FLIGHT = 3  # built and stored behind the encoder's back; bounds memory


@dataclass(slots=True)
class _Entry:
    """One entry of the manifest in the making, and what its span holds."""

    file: pb.File
    parts: list[KeyValueBatch] = field(default_factory=list)


class DataFiles:
    """Writes the data files of one folder.

    Args:
        primary_indexes: (table id, index id) of the indexes whose entries count as rows.
        locality: whose store the folder lies in, where that is not the default's.

    Attributes:
        files: for the manifest, in key order; complete after `finish`.
        names: of the SSTs that were written or are being written.
    """

    def __init__(
        self,
        folder: SealedStorage,
        profile: Profile,
        clock: Clock,
        node_id: int,
        primary_indexes: frozenset[tuple[int, int]],
        executor: Executor,
        locality: str = "",
    ) -> None:
        self.files: list[pb.File] = []
        self.names: list[str] = []
        self._folder = folder
        self._profile = profile
        self._clock = clock
        self._node_id = node_id
        self._primary_indexes = primary_indexes
        self._executor = executor
        self._locality = locality
        self._pending: list[Future[None]] = []
        self._open: list[_Entry] = []  # of the SST that is being filled
        self._size = 0

    def add(self, start: bytes, end: bytes, batches: Iterable[KeyValueBatch]) -> None:
        """Write the entries of the span `[start, end)`, after all that were added before; there may be none.

        Raises:
            StorageError: a file cannot be stored, perhaps an earlier one.
        """
        entry: _Entry | None = None
        last_row = b""
        for batch in batches:
            for part in _slices(batch):
                # Families of one row stay in one file.
                if self._size >= _TARGET_FILE_SIZE and (entry is None or _row_prefix(part, 0) != last_row):
                    cut = part.keys.row(0)
                    if entry is not None:
                        entry.file.span.end_key = start = cut
                        entry = None
                    self._close()
                if entry is None:
                    entry = _Entry(pb.File())
                    entry.file.span.key, entry.file.span.end_key = start, end
                    self._open.append(entry)
                entry.parts.append(part)
                self._size += part.total_size
                last_row = _row_prefix(part, len(part) - 1)
        if not self._profile.shares_ssts:
            self._close()

    def finish(self) -> None:
        """Wait until every file is stored; errors as for `add`."""
        self._close()
        while self._pending:
            self._pending.pop(0).result()

    def abandon(self) -> None:
        """Let nothing more be written: return when nobody writes any longer."""
        self._open.clear()
        for future in self._pending:
            future.cancel()
        for future in self._pending:
            if not future.cancelled():
                future.exception()
        self._pending.clear()

    def _close(self) -> None:
        """Have the open SST built, sealed and stored."""
        if not self._open:
            return
        entries, self._open, self._size = self._open, [], 0
        name = filenames.data_file_name(
            unique_int64(self._clock, self._node_id), version=self._profile.version
        )
        for entry in entries:
            entry.file.path = name
            entry.file.locality_kv = self._locality
        self.files.extend(entry.file for entry in entries)
        self.names.append(name)
        while len(self._pending) >= _FILES_IN_FLIGHT:
            self._pending.pop(0).result()
        self._pending.append(self._executor.submit(self._build, name, entries))

    def _build(self, name: str, entries: list[_Entry]) -> None:
        """Build and store one SST, and set what the manifest says of it; lets the entries' parts go on the way."""
        builder = SSTBuilder(OPTIONS[self._profile.version])
        for entry in entries:
            counter = RowCounter(self._primary_indexes)
            entry.parts.reverse()
            while entry.parts:
                part = entry.parts.pop()
                builder.add(part)
                counter.add(part.keys, part.values)
            _set_counts(entry.file.entry_counts, counter)
        plain = builder.finish()
        if self._profile.has_sha512:
            for entry in entries:
                entry.file.sha512 = hashlib.sha512(plain).digest()
        self._folder.storage.write(name, self._folder.seal(plain))


def _slices(batch: KeyValueBatch) -> Iterator[KeyValueBatch]:
    """Cut a batch so that a file can end near its target size, between two rows where a row is near."""
    first = 0
    while first < len(batch):
        end = min(first + _SLICE_ROWS, len(batch))
        last_row = _row_prefix(batch, end - 1)
        while end < len(batch) and _row_prefix(batch, end) == last_row:
            end += 1
        yield batch[first:end]
        first = end


def _row_prefix(batch: KeyValueBatch, place: int) -> bytes:
    """Return one entry's key without its family: what the entries of a row have in common."""
    keys = batch.keys[place : place + 1]
    return keys.row(0)[: int(row_prefix_lengths(keys)[0])]


def _set_counts(counts: pb.RowCount, counter: RowCounter) -> None:
    """Set the counts that are not zero: CockroachDB leaves the others out."""
    for name in ("data_size", "rows", "index_entries"):
        if value := getattr(counter, name):
            setattr(counts, name, value)
    counts.SetInParent()
