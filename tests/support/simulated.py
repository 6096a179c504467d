"""A clock that stands still until it is moved, and a session that runs by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ootheca.clock import Timestamp
from ootheca.exec.session import Session

__all__ = ["SimulatedClock", "query", "simulated_session"]

_TICK_NS = 1000


class SimulatedClock:
    """Tells the time that it was set to, a microsecond later with each reading."""

    def __init__(self, start: datetime) -> None:
        self._wall_ns = _wall_ns(start)

    def now(self) -> Timestamp:
        self._wall_ns += _TICK_NS
        return Timestamp(self._wall_ns)

    @property
    def moment(self) -> datetime:
        """The last reading."""
        return Timestamp(self._wall_ns).to_datetime()

    def set(self, moment: datetime) -> None:
        """Go on to a time, never back."""
        self._wall_ns = max(self._wall_ns, _wall_ns(moment))

    def advance(self, by: timedelta) -> None:
        """Go on by some time."""
        self.set(self.moment + by)


def _wall_ns(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def simulated_session(
    start: datetime, store: Path | None = None, *, version: str | None = None
) -> tuple[Session, SimulatedClock]:
    """Open a store whose time is simulated."""
    clock = SimulatedClock(start)
    return Session(store, clock=clock, sandbox=True, version=version), clock


def query(session: Session, sql: str) -> list[tuple[Any, ...]]:
    """Run statements and return the rows of the last."""
    rows: list[tuple[Any, ...]] = []
    for result in session.execute(sql):
        rows = [tuple(row.values()) for batch in result.batches for row in batch.to_pylist()]
    return rows
