"""What jobs that have not ended need to go on: kept in the store, beside `system.jobs`, until they end.

It holds the statement with its secrets, so it is never shown, and no backup takes it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from ootheca.clock import Timestamp, parse_timestamp

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["Unfinished", "UnfinishedJobs"]

State = Literal["running", "paused", "interrupted", "succeeded"]

_KEY: Final = "unfinished_jobs"


@dataclass(frozen=True, slots=True, repr=False)
class Unfinished:
    """What one job needs.

    Attributes:
        sql: the statement, with the time and the place that it began with.
        database: the current one of the session that gave the statement.
        version: the profile that was in force.
        backup_id: of the backup that is being written, in hexadecimal; empty for a RESTORE.
        base: where the full backup lies that it stands on top of, without parameters; empty where there is none.
        protects: the store's past since this time has to stay, in its decimal form; empty: nothing of it.
        state: what became of the job when last heard of; interrupted: its process ended before it did; succeeded: all
            its rows are in the store, and its own is about to be.
    """

    sql: str
    database: str
    user: str
    version: str
    backup_id: str = ""
    base: str = ""
    protects: str = ""
    state: State = "running"

    @property
    def is_layer(self) -> bool:
        """Whether the backup stands on top of others."""
        return bool(self.base)

    def __repr__(self) -> str:
        return f"Unfinished(state={self.state!r})"  # the statement holds secrets


class UnfinishedJobs:
    """The unfinished jobs of a store, by id."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> dict[int, Unfinished]:
        """Return all of them."""
        stored: dict[str, dict[str, str]] = self._session.meta(_KEY, {})
        return {int(id_): Unfinished(**fields) for id_, fields in stored.items()}  # type: ignore[arg-type]

    def find(self, id_: int) -> Unfinished | None:
        """Return what a job needs; None if it is not known."""
        return self.all().get(id_)

    def put(self, id_: int, unfinished: Unfinished) -> None:
        """Keep what a job needs."""
        self._store({**self.all(), id_: unfinished})

    def set_state(self, id_: int, state: State) -> None:
        """Say what became of a job."""
        found = self.all()
        if id_ in found:
            self._store({**found, id_: replace(found[id_], state=state)})

    def forget(self, id_: int) -> None:
        """Forget a job that has ended."""
        found = self.all()
        if found.pop(id_, None) is not None:
            self._store(found)

    def protected_since(self) -> Timestamp | None:
        """Return since when the past is needed; None: no job needs it."""
        times = [parse_timestamp(each.protects) for each in self.all().values() if each.protects]
        return min(times, default=None)

    def layer_running(self, base: str, but: int | None) -> int | None:
        """Return the job, other than one, that takes a layer on top of a full backup; None: there is none."""
        running = {id_: each for id_, each in self.all().items() if id_ != but and each.state == "running"}
        return next((id_ for id_, each in running.items() if each.base == base), None)

    def backups_alive(self, but: str) -> frozenset[bytes]:
        """Return the ids of the backups that run or are paused, but for one; not of those that were interrupted."""
        others = [each for each in self.all().values() if each.backup_id not in ("", but)]
        return frozenset(bytes.fromhex(each.backup_id) for each in others if each.state != "interrupted")

    def _store(self, found: dict[int, Unfinished]) -> None:
        self._session.put_meta(_KEY, {str(id_): asdict(each) for id_, each in found.items()})
