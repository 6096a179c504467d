"""What the sessions of one store in this process share: its file, whose turn it is to write, and which jobs run.

A session has its turn from the beginning of a transaction to its end; what only reads needs none where there are other
sessions. A job in the background lets the others have theirs while it only reads, from a snapshot of its own.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from ootheca.errors import StorageError, UnavailableError

if TYPE_CHECKING:
    from ootheca.engine.base import Engine
    from ootheca.exec.jobs import RunningJob
    from ootheca.exec.session import Session
    from ootheca.exec.transactions import Transactions

__all__ = ["OPENING", "StoreShare", "join"]

OPENING: Final = threading.RLock()
"""Held while a session opens, and while one closes."""

_shares: Final[dict[Path, StoreShare]] = {}


class StoreShare:
    """The shared part of the sessions of one store; those in the background belong to one of the others.

    Args:
        store: its directory; None for a store in memory, which is one session's alone.

    Attributes:
        generation: changes whenever a session has committed: what others remember of the store may be out of date.
        jobs: those that run in this process, by id.
        sessions: those that are open.
    """

    def __init__(self, store: Path | None = None) -> None:
        self.generation = 0
        self.jobs: dict[int, RunningJob] = {}
        self.sessions: WeakSet[Session] = WeakSet()
        self._store = store
        self._key = None if store is None else store.resolve()  # under which the next session finds this
        self._engine: Engine | None = None  # the first session's; it is closed when the last one has left
        self._num_sessions = 0
        self._turn = threading.Condition()
        self._writer: Transactions | None = None
        self._thread = 0  # in which the writer took its turn

    @property
    def has_several(self) -> bool:
        """Whether more than one session is open."""
        return self._num_sessions > 1

    def enter(self) -> Engine:
        """Return the engine of one more session.

        Raises:
            UnavailableError: another process has the store open.
            StorageError: it cannot be opened, or its file was removed under the other sessions.
        """
        from ootheca.engine.duckdb import STORE_FILE, open_engine

        engine: Engine
        if self._engine is None:
            self._engine = engine = open_engine(self._store)
            if self._key is not None:
                _shares[self._key] = self
        else:
            if self._key is not None and not (self._key / STORE_FILE).exists():
                raise StorageError(
                    "the store was removed while it is open",
                    hint="close the connections to it",
                    location=str(self._key),
                )
            engine = self._engine.sibling()
        self._num_sessions += 1
        return engine

    def leave(self, engine: Engine) -> None:
        """Let go of a session's engine, and with the last one of the store."""
        with OPENING:
            self._num_sessions -= 1
            if engine is not self._engine:
                engine.close()
            elif self._num_sessions:
                engine.rollback()  # it closes last
            if not self._num_sessions and self._engine is not None:
                if self._key is not None:
                    _shares.pop(self._key, None)
                self._engine.close()

    def end_jobs(self, session: Session) -> None:
        """Say that what a session's jobs have left behind can be read now."""
        for job in [job for job in self.jobs.values() if job.owner is session]:
            del self.jobs[job.id]
            job.ended.set()

    def take_turn(self, session: Transactions) -> None:
        """Wait until no other session writes; an interrupt ends the waiting.

        Raises:
            UnavailableError: the other one was begun in this very thread, so that waiting would never end.
        """
        self._settle_own_thread(session)
        with self._turn:
            while self._writer not in (None, session):
                self._turn.wait()
            self._writer, self._thread = session, threading.get_ident()

    def _settle_own_thread(self, session: Transactions) -> None:
        """Let a statement of this thread end whose rows are still being read on another connection."""
        writer = self._writer
        if writer is None or writer is session or self._thread != threading.get_ident():
            return
        writer.settle()
        if self._writer is writer:
            raise UnavailableError(
                "another connection of this thread has a transaction open",
                sqlstate="55P03",
                hint="commit or roll it back first, or run this statement there",
            )

    def end_turn(self, session: Transactions, *, has_committed: bool) -> int | None:
        """Let others write, and return the new generation; None for a session whose turn it is not."""
        with self._turn:
            if self._writer is not session:
                return None
            self._writer = None
            self.generation += has_committed
            self._turn.notify_all()
            return self.generation


def join(store: Path | None) -> StoreShare:
    """Return what the sessions of a store share in this process."""
    share = None if store is None else _shares.get(store.resolve())
    return share if share is not None else StoreShare(store)
