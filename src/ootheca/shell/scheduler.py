"""`ootheca scheduler`: runs backup schedules in the foreground, until it is told to stop.

The store is open only while there is something to look at or to run, so that a shell can use it in between.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ootheca.errors import UnavailableError
from ootheca.exec.scheduler import is_enabled, next_due, pace, run_due
from ootheca.shell.interrupts import Interrupts

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run_scheduler"]

_RETRY: Final = timedelta(seconds=5)  # for a store that another process has open
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class _Scheduler:
    """The loop's state.

    Attributes:
        session: while the store is open.
        is_waiting: for another process to let go of the store; that was said.
        has_failed: a run did.
    """

    open_session: Callable[[], AbstractContextManager[Session]]
    session: Session | None = None
    is_waiting: bool = False
    has_failed: bool = False

    def interrupt(self) -> None:
        """Stop what the engine is doing."""
        session = self.session
        if session is not None:
            session.interrupt()

    @contextmanager
    def opened(self) -> Iterator[Session]:
        """Open the store for a while."""
        with self.open_session() as session:
            self.session = session
            session.hands_over = False  # the next look at the schedules lets a job go on that was stopped
            try:
                yield session
            finally:
                self.session = None


def run_scheduler(
    open_session: Callable[[], AbstractContextManager[Session]],
    *,
    is_once: bool = False,
    sleep: Callable[[float], object] = time.sleep,
) -> int:
    """Run what is due, again and again; return the exit status.

    SIGINT and SIGTERM end it with status 0: a backup that runs is canceled, and nothing half done is left listed.

    Args:
        open_session: opens the store.
        is_once: run what is due now, and leave; the status is 1 if a run failed, or if the store is in use.
        sleep: waits so many seconds.

    Raises:
        OothecaError: the store does not open, for another reason than that it is in use.
    """
    scheduler = _Scheduler(open_session)
    interrupts = Interrupts(scheduler.interrupt, _SIGNALS)
    try:
        with interrupts:
            while True:
                delay = _look(scheduler, interrupts)
                if interrupts.happened:
                    break
                if is_once:
                    return 1 if scheduler.has_failed or scheduler.is_waiting else 0
                sleep(delay.total_seconds())
    except KeyboardInterrupt:
        pass
    except Exception:
        if not interrupts.happened:  # libraries turn an interrupt into errors of theirs
            raise
    _say("stopped")
    return 0


def _look(scheduler: _Scheduler, interrupts: Interrupts) -> timedelta:
    """Open the store, run what is due, close it; return how long to sleep."""
    try:
        with scheduler.opened() as session:
            scheduler.is_waiting = False
            if not is_enabled(session):
                return pace(session)
            for run in run_due(session):
                scheduler.has_failed |= run.outcome == "failed"
                _say(str(run))
                if interrupts.happened:
                    break
            due, delay = next_due(session), pace(session)
    except UnavailableError as exc:
        if not scheduler.is_waiting:
            _say(f"{exc.message}; it is tried again every {_RETRY.seconds} seconds")
        scheduler.is_waiting = True
        return _RETRY
    return delay if due is None else max(min(delay, due - datetime.now(UTC)), timedelta(0))


def _say(text: str) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    sys.stderr.write(f"{now} {' '.join(text.split())}\n")
    sys.stderr.flush()
