"""The transaction that a session's statements run in: it covers rows, descriptors and metadata alike.

It holds the turn to write in the store, which the sessions of one process take one after the other, unless it is known
to read only. What a session remembers of the store is read again when another has written since.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from ootheca.clock import ZERO_TIMESTAMP, SystemClock, Timestamp, parse_timestamp
from ootheca.errors import OothecaError
from ootheca.exec.open_store import OpenStore
from ootheca.exec.persistence import store_changes
from ootheca.exec.sharing import StoreShare, join

if TYPE_CHECKING:
    from pathlib import Path

    from ootheca.catalog.table import Table
    from ootheca.engine.base import Engine, TableName
    from ootheca.exec.stream import Stream

__all__ = ["TransactionState", "Transactions"]

TransactionState = Literal["none", "open", "aborted"]

_CHANGED_AT = "changed_at"


class Transactions(OpenStore):
    """A store with the transaction of one session.

    Args:
        engine: another table store than the one in the store's directory; closed with the session.
        share: what the session has in common with the one that it is a sibling of.

    Attributes:
        transaction_state: what BEGIN, COMMIT and errors have made of the explicit transaction.
        share: what the sessions of the store share.
    """

    def __init__(
        self,
        store: Path | None,
        *,
        engine: Engine | None = None,
        share: StoreShare | None = None,
        **options: Any,
    ) -> None:
        if share is None:
            share = join(store) if engine is None else StoreShare()
        self.share = share
        self._generation = share.generation
        if engine is None:
            super().__init__(store, open_engine=share.enter, leave=share.leave, **options)
        else:
            super().__init__(store, open_engine=lambda: engine, leave=lambda given: given.close(), **options)
        self.transaction_state: TransactionState = "none"
        self._is_observing = False
        self._at_commit: list[Callable[[], object]] = []
        self._now: Timestamp | None = None
        self._discards = False
        self._stream: Stream | None = None
        self._is_running = False
        if store is None and engine is None:
            self._birth = self._be_born()  # now, though it is opened later
        else:
            self._open()

    @property
    def is_in_explicit_transaction(self) -> bool:
        """Tell whether BEGIN was said and neither COMMIT nor ROLLBACK yet."""
        return self.transaction_state != "none"

    def now(self) -> Timestamp:
        """Return the time of the running transaction: the same for all its statements, and for its writes."""
        if self._now is None:
            self._now = self.clock.now()
        return self._now

    @property
    def last_change(self) -> Timestamp:
        """The time of the last transaction that changed rows or descriptors; zero in a new store."""
        changed_at: str | None = self.meta(_CHANGED_AT)
        return parse_timestamp(changed_at) if changed_at is not None else ZERO_TIMESTAMP

    def note_change(self) -> None:
        """Remember that the running transaction changes something: the next session's clock begins after it."""
        self.put_meta(_CHANGED_AT, str(self.now()))

    # Explicit transactions

    def begin(self) -> None:
        """Start a transaction that lasts until COMMIT or ROLLBACK.

        Raises:
            OothecaError: there is one already.
        """
        if self.transaction_state != "none":
            raise OothecaError("there is already a transaction in progress", sqlstate="25001")
        self._start()
        self.transaction_state = "open"

    def commit(self) -> bool:
        """End the transaction; an aborted one is rolled back, and False returned.

        Raises:
            OothecaError: there is none.
        """
        state, self.transaction_state = self.transaction_state, "none"
        if state == "none":
            raise OothecaError("there is no transaction in progress", sqlstate="25P01")
        if state == "aborted":
            return False
        self._finish()
        self._run_after_commit()
        return True

    def at_commit(self, begin: Callable[[], object]) -> None:
        """Have something done when the transaction is committed; nothing of it happens if it is undone."""
        self._at_commit.append(begin)

    def rollback(self) -> None:
        """Undo the transaction.

        Raises:
            OothecaError: there is none.
        """
        state, self.transaction_state = self.transaction_state, "none"
        if state == "none":
            raise OothecaError("there is no transaction in progress", sqlstate="25P01")
        if state == "open":
            self._undo()

    def checkpoint(self) -> None:
        """Make the rows durable that a statement on its own has written so far; it goes on at the same time."""
        self.engine.commit()
        self._begin()

    def conclude(self) -> None:
        """Commit all that a statement on its own has done; what it writes from now on has a later time."""
        self._finish()
        self._start()

    def restart(self) -> None:
        """Undo what a statement on its own has done since the last checkpoint; what it writes now has a later time."""
        self._undo()
        self._start()

    def step_aside(self, wait: Callable[[], None]) -> None:
        """Let other sessions write while a statement on its own waits; it undoes what it has done, and begins anew."""
        self._undo()
        wait()
        self._start()

    def read_snapshot(self) -> None:
        """Let other sessions write: what is still to do in this transaction only reads what is there now."""
        self.engine.pin()
        self._end_turn(has_committed=True)

    def write_apart(self, write: Callable[[], None]) -> None:
        """Have something written in a transaction of its own, after that of the statement."""
        self._start()
        try:
            write()
        except BaseException:
            self._undo()
            raise
        self._finish()

    def settle(self) -> None:
        """End the transaction of a statement whose rows are still being read; they stay readable."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.keep()

    def abandon(self) -> None:
        """Undo the statement whose rows are still being read; none of them can be read any more."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.abandon()

    def discard_at_end(self) -> None:
        """Undo what the running statement writes when its rows have been read: it only looked at the past."""
        self._discards = True

    # Inner parts

    def _open(self) -> None:
        super()._open()
        self._forward_clock()
        if self._is_running:
            self._begin()

    def _start(self) -> None:
        self._now = None
        self._discards = False
        self._is_running = True
        if self.is_open:
            self._begin()

    def _begin(self) -> None:
        if not self._is_observing:
            self.share.take_turn(self)
        generation = self.share.generation
        if self._generation != generation:
            self._generation = generation
            self.engine.rollback()
            self.catalog = self._load()
            self._forward_clock()
        self.engine.begin(now=self.now())

    def _forward_clock(self) -> None:
        if isinstance(self.clock, SystemClock):
            self.clock.forward(self.last_change)

    def _end_turn(self, *, has_committed: bool) -> None:
        generation = self.share.end_turn(self, has_committed=has_committed)
        if generation is not None:
            self._generation = generation

    def _finish(self) -> None:
        """Commit: descriptors that changed get their version and time, and go into the store with the rows."""
        if self._discards:
            self._undo()
            return
        self._stream = None
        self._is_running = False
        if not self.is_open:
            self._now = None
            return
        try:
            self.engine.note_sequences(self._find_sequence)
            if self.catalog.is_changed:
                self._complete_changes()
                store_changes(self.engine, self.catalog, self._version, self.now())
                self.note_change()
            self.engine.commit()
        except BaseException:
            self.engine.rollback()
            self.catalog = self._load()
            raise
        finally:
            self._now = None
            self._end_turn(has_committed=True)

    def _undo(self) -> None:
        self._stream = None
        self._is_running = False
        self._at_commit.clear()
        self._now = None
        if not self.is_open:
            return
        self.catalog.rollback()
        self.engine.rollback()
        self._version = self.meta("version", self._version)
        self._end_turn(has_committed=False)

    def _run_after_commit(self) -> None:
        waiting, self._at_commit = self._at_commit, []
        for begin in waiting:
            begin()

    def _find_sequence(self, name: TableName) -> Table | None:
        desc = self.catalog.find_table((name.database, name.schema, name.name), "")
        return self.catalog.describe(desc.id) if desc is not None else None

    def _complete_changes(self) -> None:
        """Do what changed descriptors ask for before they are stored."""
