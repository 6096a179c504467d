"""Schedules as `system.scheduled_jobs` holds them, in CockroachDB's messages.

A schedule whose next run is NULL is paused. Of the two schedules of a pair the full one names the incremental that its
success lets run (`unpause_on_success`), and from 21.2 on each names the other.

Source: `system.scheduled_jobs` of fixtures/golden/*/h_cluster; reference/sql/05.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from ootheca import pb
from ootheca.clock import Timestamp
from ootheca.errors import CorruptionError
from ootheca.exec.cron import Recurrence
from ootheca.exec.job_table import FINISHED, SCHEDULE
from ootheca.exec.system_tables import SystemTable

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = [
    "BACKUP_EXECUTOR",
    "ON_ERROR",
    "WAIT",
    "WAITING",
    "BackupArguments",
    "OnError",
    "Schedule",
    "Schedules",
    "Wait",
    "instant",
    "to_timestamp",
]

OnError = Literal["retry", "reschedule", "pause"]
Wait = Literal["start", "skip", "wait"]

BACKUP_EXECUTOR: Final = "scheduled-backup-executor"
WAITING: Final = "Waiting for initial backup to complete"
"""The status of an incremental schedule before its full backup."""

ON_ERROR: Final[dict[OnError, Any]] = {
    "retry": pb.ScheduleDetails.RETRY_SOON,
    "reschedule": pb.ScheduleDetails.RETRY_SCHED,
    "pause": pb.ScheduleDetails.PAUSE_SCHED,
}
WAIT: Final[dict[Wait, Any]] = {
    "start": pb.ScheduleDetails.NO_WAIT,
    "skip": pb.ScheduleDetails.SKIP,
    "wait": pb.ScheduleDetails.WAIT,
}
_TYPE_URL: Final = "type.googleapis.com/cockroach.ccl.backupccl.ScheduledBackupExecutionArgs"


@dataclass(frozen=True, slots=True)
class BackupArguments:
    """What a backup schedule runs.

    Attributes:
        statement: canonical, with its secrets.
        unpause_on_success: the incremental schedule that waits for this one; 0 for none.
        updates_metric: whether success counts for the time of the cluster's last backup.
        dependent_id: the other schedule of the pair; 0 for none, and before 21.2.
    """

    statement: str = field(repr=False)
    is_incremental: bool = False
    unpause_on_success: int = 0
    updates_metric: bool = False
    dependent_id: int = 0

    def encode(self) -> bytes:
        """Return `ExecutionArguments`; what has its default is not written."""
        args = pb.ScheduledBackupExecutionArgs(backup_statement=self.statement)
        if self.is_incremental:
            args.backup_type = pb.ScheduledBackupExecutionArgs.INCREMENTAL
        if self.unpause_on_success:
            args.unpause_on_success = self.unpause_on_success
        if self.updates_metric:
            args.updates_last_backup_metric = True
        if self.dependent_id:
            args.dependent_schedule_id = self.dependent_id
        wrapped = pb.Any(type_url=_TYPE_URL, value=args.SerializeToString())
        raw: bytes = pb.ExecutionArguments(args=wrapped).SerializeToString()
        return raw

    @classmethod
    def decode(cls, raw: bytes) -> BackupArguments:
        """Read `ExecutionArguments`."""
        args = pb.ScheduledBackupExecutionArgs.FromString(pb.ExecutionArguments.FromString(raw).args.value)
        return cls(
            args.backup_statement,
            args.backup_type == pb.ScheduledBackupExecutionArgs.INCREMENTAL,
            args.unpause_on_success,
            args.updates_last_backup_metric,
            args.dependent_schedule_id,
        )


@dataclass(frozen=True, slots=True)
class Schedule:
    """One row of `system.scheduled_jobs`.

    Attributes:
        created, next_run: in UTC, whole microseconds; `next_run` is None while the schedule is paused.
        status: why it waits, or how its last run failed; often empty.
        recurrence: as it was written; empty for a schedule that runs once.
        backup: what it runs; None for a schedule of another kind, such as a backup of a cluster may bring.
        execution_args: as stored; not what a schedule of backups runs when `backup` says otherwise.
    """

    id: int
    label: str
    created: datetime
    owner: str
    next_run: datetime | None
    recurrence: str
    status: str = ""
    on_error: OnError = "reschedule"
    wait: Wait = "wait"
    backup: BackupArguments | None = None
    executor: str = BACKUP_EXECUTOR
    execution_args: bytes = field(default=b"", repr=False)

    @property
    def is_paused(self) -> bool:
        """Whether it has no next run."""
        return self.next_run is None

    def paused(self, status: str) -> Schedule:
        """Return it paused, and why."""
        return replace(self, next_run=None, status=status)

    def advanced(self, now: datetime, *, takes_long: bool, status: str = "") -> Schedule:
        """Return it with the first run of its recurrence after now; paused when there is none any more."""
        next_run = (
            Recurrence(self.recurrence, takes_long=takes_long).next_after(now) if self.recurrence else None
        )
        return replace(self, next_run=next_run, status=status)


class Schedules:
    """The schedules of a store."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._table = SystemTable(session, "scheduled_jobs")

    def all(self) -> list[Schedule]:
        """Return all schedules, by id and so by creation.

        Raises:
            CorruptionError: a row that holds no schedule.
        """
        return [_checked(row) for row in self._table.records()]

    def find(self, schedule_id: int) -> Schedule | None:
        """Return one schedule, or None."""
        return next((each for each in self.all() if each.id == schedule_id), None)

    def put(self, *schedules: Schedule) -> None:
        """Write schedules, each in place of the one with its id."""
        self._table.put(*map(_encode, schedules))

    def drop(self, schedule_id: int) -> None:
        """Forget a schedule; its jobs stay."""
        self._table.delete(schedule_id=schedule_id)

    def partner(self, schedule: Schedule) -> Schedule | None:
        """Return the other schedule of a pair, or None.

        Before 21.2 the two name each other only until the first full backup, and are known by what CREATE SCHEDULE
        gave both.
        """
        if schedule.backup is None:
            return None
        others = [each for each in self.all() if each.backup is not None and each.id != schedule.id]
        for each in others:
            assert each.backup is not None
            if schedule.backup.dependent_id == each.id or schedule.id in (
                each.backup.dependent_id,
                each.backup.unpause_on_success,
            ):
                return each
        if self._session.profile.links_schedules:
            return None
        return next((each for each in others if _are_twins(schedule, each)), None)

    def unfinished_jobs(self, *, is_running: bool = False) -> dict[int, int]:
        """Return how many jobs of each schedule are not finished, or with `is_running`, run."""
        counts: dict[int, int] = {}
        rows = SystemTable(self._session, "jobs").rows("created_by_type", "created_by_id", "status")
        for kind, schedule_id, status in rows:
            if kind == SCHEDULE and (status == "running" if is_running else status not in FINISHED):
                counts[schedule_id] = counts.get(schedule_id, 0) + 1
        return counts


def instant(time: Timestamp) -> datetime:
    """Return a time as `next_run` holds it."""
    return time.to_datetime()


def to_timestamp(moment: datetime) -> Timestamp:
    """Return the time of a `next_run`."""
    return Timestamp.from_datetime(moment)


def _are_twins(one: Schedule, other: Schedule) -> bool:
    assert one.backup is not None
    assert other.backup is not None
    return (one.label, one.created, one.owner) == (
        other.label,
        other.created,
        other.owner,
    ) and one.backup.is_incremental is not other.backup.is_incremental


def _encode(schedule: Schedule) -> dict[str, Any]:
    details = pb.ScheduleDetails()
    if schedule.wait != "wait":
        details.wait = WAIT[schedule.wait]
    if schedule.on_error != "reschedule":
        details.on_error = ON_ERROR[schedule.on_error]
    state = pb.ScheduleState(status=schedule.status).SerializeToString() if schedule.status else None
    return {
        "schedule_id": schedule.id,
        "schedule_name": schedule.label,
        "created": schedule.created,
        "owner": schedule.owner,
        "next_run": schedule.next_run,
        "schedule_state": state,
        "schedule_expr": schedule.recurrence or None,
        "schedule_details": details.SerializeToString(),
        "executor_type": schedule.executor,
        "execution_args": _arguments(schedule),
    }


def _arguments(schedule: Schedule) -> bytes:
    """Return what the schedule runs; as it was stored where that says the same, for newer versions say more."""
    stored = schedule.execution_args
    if schedule.backup is None or (stored and BackupArguments.decode(stored) == schedule.backup):
        return stored
    return schedule.backup.encode()


def _checked(row: dict[str, Any]) -> Schedule:
    try:
        return _decode(row)
    except (pb.DecodeError, KeyError) as exc:
        raise CorruptionError(
            f"schedule {row['schedule_id']} cannot be read",
            hint=f"DELETE FROM system.scheduled_jobs WHERE schedule_id = {row['schedule_id']}, and create it again",
            location=f"system.scheduled_jobs/{row['schedule_id']}",
        ) from exc


def _decode(row: dict[str, Any]) -> Schedule:
    details = pb.ScheduleDetails.FromString(row["schedule_details"] or b"")
    is_backup = row["executor_type"] == BACKUP_EXECUTOR
    return Schedule(
        id=row["schedule_id"],
        label=row["schedule_name"],
        created=_utc(row["created"]),
        owner=row["owner"],
        next_run=None if row["next_run"] is None else _utc(row["next_run"]),
        recurrence=row["schedule_expr"] or "",
        status=pb.ScheduleState.FromString(row["schedule_state"] or b"").status,
        on_error=_name(ON_ERROR, details.on_error),
        wait=_name(WAIT, details.wait),
        backup=BackupArguments.decode(row["execution_args"]) if is_backup else None,
        executor=row["executor_type"],
        execution_args=row["execution_args"],
    )


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _name(names: dict[Any, int], number: int) -> Any:
    return {value: name for name, value in names.items()}[number]
