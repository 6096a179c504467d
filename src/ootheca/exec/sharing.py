"""What the sessions of one store in this process share: whose turn it is to write, and which jobs run.

A session has its turn from the beginning of a transaction to its end. A job in the background lets the others have
theirs while it only reads, from a snapshot of its own.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ootheca.exec.jobs import RunningJob
    from ootheca.exec.session import Session

__all__ = ["StoreShare"]


class StoreShare:
    """The shared part of the sessions of one store.

    Attributes:
        generation: changes whenever a session has committed: what others remember of the store may be out of date.
        jobs: those that run in this process, by id.
    """

    def __init__(self) -> None:
        self.generation = 0
        self.jobs: dict[int, RunningJob] = {}
        self._turn = threading.Condition()
        self._writer: object | None = None

    def end_jobs(self, session: Session) -> None:
        """Say that what a session's jobs have left behind can be read now."""
        for job in [job for job in self.jobs.values() if job.owner is session]:
            del self.jobs[job.id]
            job.ended.set()

    def take_turn(self, session: object) -> None:
        """Wait until no other session writes; an interrupt ends the waiting."""
        with self._turn:
            while self._writer not in (None, session):
                self._turn.wait()
            self._writer = session

    def end_turn(self, session: object, *, has_committed: bool) -> int | None:
        """Let others write, and return the new generation; None for a session whose turn it is not."""
        with self._turn:
            if self._writer is not session:
                return None
            self._writer = None
            self.generation += has_committed
            self._turn.notify_all()
            return self.generation
