"""The transactions of a store's file: what they have written, what they read, and who else has the file open."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from ootheca.clock import ZERO_TIMESTAMP, Timestamp
from ootheca.engine.connection import Connection, Snapshot
from ootheca.engine.foreign import Fingerprints, is_as_left
from ootheca.engine.functions import Runtime
from ootheca.engine.metadata import Metadata
from ootheca.engine.tables import Tables
from ootheca.engine.versions import Versions
from ootheca.errors import OothecaError

__all__ = ["Transactions"]

_SNAPSHOT_READERS: Final = 8  # an index, what is interleaved in it, and their versions are read side by side


class Transactions:
    """A store's file, and a transaction on it."""

    def __init__(
        self,
        connection: Connection,
        path: Path | None = None,
        *,
        is_as_left: bool = True,
        owner: Self | None = None,
    ) -> None:
        self._connection = connection
        self._path = path
        self._owner = owner if owner is not None else self  # of the file
        self._snapshot: Snapshot | None = None
        self._runtime = connection.runtime
        self._metadata = Metadata(connection)
        if owner is None:
            self._metadata.create()
        self._fingerprints = Fingerprints(connection, path, is_as_left=is_as_left)
        self._tables = Tables(connection, self._fingerprints.touch)
        self.versions = Versions(connection, self._reader)
        if owner is None:
            self.versions.create()
        self._in_transaction = self._is_dirty = self._is_closed = self._gives_values = False
        self._now = ZERO_TIMESTAMP

    @classmethod
    def open(cls, path: Path | None) -> Self:
        """Open or create a store's file; None for a store in memory."""
        as_left = path is None or is_as_left(path)
        return cls(Connection.open(path, Runtime()), path, is_as_left=as_left)

    def sibling(self) -> Self:
        """Return another engine on the same store, with transactions of its own; the opened one closes last."""
        owner = self._owner  # whose connection takes those with it that were made from it
        owner._fingerprints.expect_others()
        return type(self)(owner._connection.separate(), self._path, owner=owner)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._in_transaction

    def begin(self, *, now: Timestamp | None = None) -> None:
        """Begin a transaction; all its writes and `now()` have that time, the machine's unless given."""
        self._connection.execute("BEGIN TRANSACTION")
        self._in_transaction, self._is_dirty = True, False
        self._now = now if now is not None else Timestamp(time.time_ns())
        self.versions.begin(self._now)

    def pin(self) -> None:
        """Have the transaction read the store as it is now to its end, while siblings write; it must not write."""
        self._snapshot = Snapshot(self._connection, _SNAPSHOT_READERS)

    def _unpin(self) -> None:
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is not None:
            snapshot.close()

    def commit(self) -> None:
        """Make all changes durable."""
        self._unpin()
        self._connection.execute("COMMIT")
        if self._is_dirty:
            self._fingerprints.note_state()
        self._in_transaction = self._is_dirty = False

    def rollback(self) -> None:
        """Undo all changes since `begin`; without a transaction it forgets what it remembers of the store."""
        self._unpin()
        if self._in_transaction:
            self._in_transaction = self._is_dirty = False
            self._connection.execute("ROLLBACK")
        self._tables.forget()
        self._fingerprints.forget_touched()
        self._metadata.take_changed()
        if self._gives_values:  # else they are a sibling's
            self._gives_values = False
            self._runtime.sequences.clear()

    def interrupt(self) -> None:
        """Stop the running statement from another thread; it ends with CanceledError."""
        self._connection.interrupt()

    def close(self) -> None:
        """Roll back and release the file."""
        if self._is_closed:
            return
        self._is_closed = True
        self.rollback()
        if self._owner is not self:
            self._connection.close()
            return
        with suppress(OothecaError):  # a file that cannot be read any more has nothing to compare
            self._fingerprints.complete()
        self._connection.close()
        self._fingerprints.note_state()

    def _reader(self) -> Connection:
        """Return a connection to read from: a new one, that streams beside others, while nothing was written."""
        if self._snapshot is not None:
            return self._snapshot.reader()
        return self._connection if self._is_dirty else self._connection.cursor()

    def _flush_sequences(self) -> None:
        """Write back what `nextval` and `unique_rowid` gave away."""
        self._gives_values = False
        if self._metadata.flush(self._runtime):
            self._is_dirty = True
