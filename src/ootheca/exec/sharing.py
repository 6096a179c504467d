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
        engine: the first session's; it is closed when the last one has left.
        key: under which the next session finds it.

    Attributes:
        generation: changes whenever a session has committed: what others remember of the store may be out of date.
        jobs: those that run in this process, by id.
        sessions: those that are open.
    """

    def __init__(self, engine: Engine, key: Path | None = None) -> None:
        self.generation = 0
        self.jobs: dict[int, RunningJob] = {}
        self.sessions: WeakSet[Session] = WeakSet()
        self._engine = engine
        self._key = key
        self._num_sessions = 1
        self._turn = threading.Condition()
        self._writer: Transactions | None = None
        self._thread = 0  # in which the writer took its turn

    @property
    def has_several(self) -> bool:
        """Whether more than one session is open."""
        return self._num_sessions > 1

    def another_engine(self) -> Engine:
        """Return an engine for one more session."""
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
            if not self._num_sessions:
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


def join(store: Path | None) -> tuple[StoreShare, Engine]:
    """Open a store for one more session of this process; None is a store in memory, which is the session's alone.

    Raises:
        UnavailableError: another process has it open.
        StorageError: it cannot be opened, or its file was removed under the other sessions.
    """
    from ootheca.engine.duckdb import STORE_FILE, open_engine

    key = None if store is None else store.resolve()
    share = None if key is None else _shares.get(key)
    if key is not None and share is not None:
        if not (key / STORE_FILE).exists():
            raise StorageError(
                "the store was removed while it is open",
                hint="close the connections to it",
                location=str(key),
            )
        return share, share.another_engine()
    engine = open_engine(store)
    share = StoreShare(engine, key)
    if key is not None:
        _shares[key] = share
    return share, engine
