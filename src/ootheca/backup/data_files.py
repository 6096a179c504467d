"""The data files of a backup: entries in key order go in, built, sealed and stored files come out.

A version that shares SSTs has the spans of small tables lie in one, with an entry of the manifest for each; others have
an SST for each entry. Files are made by the executor while the entries of the next ones are encoded.

Source: reference/format/03 §2 "Files" and §4 (counts), 09 (one SST holds many file entries).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ootheca import pb
from ootheca.backup.checkpoint import Checkpoint
from ootheca.backup.progress import Progress
from ootheca.backup.sealed import SealedStorage
from ootheca.clock import Clock, unique_int64
from ootheca.codec import filenames
from ootheca.codec.counts import RowCounter
from ootheca.codec.mvcc import KeyValueBatch, is_new_key
from ootheca.codec.sst.builder import OPTIONS, SSTBuilder
from ootheca.profile import Profile

__all__ = ["FILES_IN_FLIGHT", "TARGET_SIZE", "DataFiles"]

TARGET_SIZE = 16 << 20  # plain bytes of keys and values after which an entry of the manifest ends
_SST_SIZE = 16 << 20  # the same of the entries that lie in one SST
FILES_IN_FLIGHT = 3  # one is built while two are stored, behind the encoder's back; bounds memory


@dataclass(slots=True)
class _Entry:
    """One entry of the manifest in the making, and what its span holds.

    Attributes:
        size: bytes of keys and values.
        next_key: before which the target size cut it off.
    """

    file: pb.File
    parts: list[KeyValueBatch] = field(default_factory=list)
    size: int = 0
    next_key: bytes = b""


class DataFiles:
    """Writes the data files of one folder.

    Args:
        primary_indexes: (table id, index id) of the indexes whose entries count as rows.
        locality: whose store the folder lies in, where that is not the default's.
        target_size: bytes of keys and values after which an entry ends, at the next key; versions of one key stay
            together, families of one row need not.
        checkpoint: lists the files of an earlier attempt, and is told of every file that is stored.
        progress: counts what goes in.

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
        target_size: int = TARGET_SIZE,
        *,
        checkpoint: Checkpoint,
        progress: Progress,
    ) -> None:
        self.files: list[pb.File] = list(checkpoint.files)
        self.names: list[str] = checkpoint.names
        self._folder = folder
        self._profile = profile
        self._clock = clock
        self._node_id = node_id
        self._primary_indexes = primary_indexes
        self._executor = executor
        self._locality = locality
        self._target_size = target_size
        self._checkpoint = checkpoint
        self._progress = progress
        self._done_until = self.files[-1].span.end_key if self.files else b""
        progress.files += len(self.names)
        for counts in (file.entry_counts for file in self.files):
            progress.entries += counts.rows + counts.index_entries
            progress.size += counts.data_size
        self._pending: list[tuple[Future[int], list[pb.File]]] = []
        self._open: list[_Entry] = []  # of the SST that is being filled
        self._size = 0

    def add(self, start: bytes, end: bytes, batches: Iterable[KeyValueBatch]) -> None:
        """Write the entries of the span `[start, end)`, after all that were added before; there may be none.

        What an earlier attempt has stored is left out, unread where that is the whole span.

        Raises:
            StorageError: a file cannot be stored, perhaps an earlier one.
        """
        if end <= self._done_until:
            return
        start = max(start, self._done_until)
        entry: _Entry | None = None
        for batch in map(self._new_part, batches):
            new_keys = np.flatnonzero(is_new_key(batch.keys))
            ends = np.cumsum(batch.keys.lengths + batch.values.lengths)
            first = 0
            while first < len(batch):
                room = self._target_size - (entry.size if entry else 0)
                cut = _next_cut(ends, new_keys, first, room)
                if cut > first:
                    if entry is None:
                        entry = self._new_entry(start, end)
                    part = batch[first:cut]
                    entry.parts.append(part)
                    entry.size += part.total_size
                if cut < len(batch) and entry is not None:
                    start = entry.next_key = entry.file.span.end_key = batch.keys.row(cut)
                    self._end_entry(entry)
                    entry = None
                first = cut
        if entry is not None:
            self._end_entry(entry)

    def _new_part(self, batch: KeyValueBatch) -> KeyValueBatch:
        """Count a batch, and return what of it is not stored yet."""
        while self._pending and self._pending[0][0].done():
            self._await_oldest()
        first = (
            bisect_left(range(len(batch)), self._done_until, key=batch.keys.row) if self._done_until else 0
        )
        part = batch[first:] if first else batch
        self._progress.add(len(part), part.total_size)
        return part

    def _new_entry(self, start: bytes, end: bytes) -> _Entry:
        entry = _Entry(pb.File())
        entry.file.span.key, entry.file.span.end_key = start, end
        self._open.append(entry)
        return entry

    def _end_entry(self, entry: _Entry) -> None:
        self._size += entry.size
        if self._size >= _SST_SIZE or not self._profile.shares_ssts:
            self._close()

    def finish(self) -> None:
        """Wait until every file is stored; errors as for `add`."""
        self._close()
        while self._pending:
            self._await_oldest()

    def keep(self) -> None:
        """Wait until the files on their way are stored, and note all that are: a later attempt goes on after them.

        Raises:
            StorageError: a file cannot be stored, or noted; the ones before it were noted perhaps.
        """
        while self._pending:
            self._note_oldest()
        self._checkpoint.note()

    def abandon(self) -> None:
        """Let nothing more be written: return when nobody writes any longer."""
        self._open.clear()
        for future, _ in self._pending:
            future.cancel()
        for future, _ in self._pending:
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
        while len(self._pending) >= FILES_IN_FLIGHT:
            self._await_oldest()
        files = [entry.file for entry in entries]
        self._pending.append((self._executor.submit(self._build, name, entries), files))

    def _await_oldest(self) -> None:
        self._note_oldest()
        self._progress.check()

    def _note_oldest(self) -> None:
        future, files = self._pending.pop(0)
        stored_size = future.result()
        self._checkpoint.add(files, stored_size)
        self._progress.files += 1

    def _build(self, name: str, entries: list[_Entry]) -> int:
        """Build and store one SST, and set what the manifest says of it; lets the entries' parts go on the way.

        Returns:
            The number of bytes stored.
        """
        builder = SSTBuilder(OPTIONS[self._profile.version])
        for entry in entries:
            counter = RowCounter(self._primary_indexes)
            entry.parts.reverse()
            while entry.parts:
                part = entry.parts.pop()
                builder.add(part)
                counter.add(part.keys, part.values)
            if entry.next_key:
                counter.add_next_key(entry.next_key)
            _set_counts(entry.file.entry_counts, counter)
        plain = builder.finish()
        if self._profile.has_sha512:
            for entry in entries:
                entry.file.sha512 = hashlib.sha512(plain).digest()
        stored = self._folder.seal(plain)
        self._folder.storage.write(name, stored)
        return len(stored)


def _next_cut(ends: NDArray[np.int64], new_keys: NDArray[np.int64], first: int, room: int) -> int:
    """Return before which entry a file is cut: the first new key once it holds so many bytes more; n if none.

    Args:
        ends: int64[n], ascending: sizes of the entries up to and with each.
        new_keys: places of the entries whose key is not that of the one before.
        first: the place from which entries go into the file.
    """
    before = int(ends[first - 1]) if first else 0
    earliest = first if room <= 0 else int(np.searchsorted(ends, before + room)) + 1
    place = int(np.searchsorted(new_keys, earliest))
    return int(new_keys[place]) if place < new_keys.size else ends.size


def _set_counts(counts: pb.RowCount, counter: RowCounter) -> None:
    """Set the counts that are not zero: CockroachDB leaves the others out."""
    for name in ("data_size", "rows", "index_entries"):
        if value := getattr(counter, name):
            setattr(counts, name, value)
    counts.SetInParent()
