"""Runs the schedules that are due, one after the other, as CockroachDB's scheduler does.

Before a run its schedule gets its next time, and the store notes that it runs; afterwards what follows from the outcome
is written together with the end of that note. So when the process dies in between, the next one finds out how the run
ended, and goes on from there.

However long nobody looked, a schedule runs once and then at its next time from now. Of two that are due at one moment
the incremental one goes first: its layer belongs on the chain that was there before the new full backup.

Source: reference/sql/05 §3 (run-time); the words of `state` are those of CockroachDB's scheduler.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from ootheca.clock import ZERO_TIMESTAMP
from ootheca.codec.datetimes import format_timestamp, parse_interval
from ootheca.errors import InvalidValueError, OothecaError
from ootheca.exec.background import give_up
from ootheca.exec.history import catalog_at, collect_garbage, horizons
from ootheca.exec.job_table import SCHEDULE, Job, JobTable
from ootheca.exec.scheduled_backup import backup_statement
from ootheca.exec.schedules import Schedule, Schedules, instant, to_timestamp
from ootheca.exec.statements.cluster_settings import current_setting
from ootheca.exec.targets import resolve
from ootheca.exec.unfinished import UnfinishedJobs
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["Run", "is_enabled", "next_due", "pace", "run_due"]

_RUNS: Final = "schedule_runs"
_LATER: Final = timedelta(minutes=1)  # when a run is tried again that failed, or whose predecessor still runs
_SHORTEST_PACE: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Run:
    """What became of one schedule that was due.

    Attributes:
        scheduled: when it was due.
        job_id: of the backup; 0 when none began.
        message: the error, without secrets; or why nothing was run.
    """

    schedule_id: int
    label: str
    scheduled: datetime
    outcome: Literal["succeeded", "failed", "delayed", "skipped"]
    job_id: int = 0
    message: str = ""

    def __str__(self) -> str:
        due = format_timestamp(int(self.scheduled.timestamp()), 0, "+00:00")
        job = f", job {self.job_id}" if self.job_id else ""
        reason = f": {self.message}" if self.message else ""
        return f'schedule {self.schedule_id} "{self.label}" of {due}: {self.outcome}{job}{reason}'


def is_enabled(session: Session) -> bool:
    """Tell whether the cluster setting `jobs.scheduler.enabled` lets schedules run."""
    with _transaction(session):
        return current_setting(session, "jobs.scheduler.enabled") == "true"


def pace(session: Session) -> timedelta:
    """Return how long to sleep at most between two looks at the schedules: `jobs.scheduler.pace`."""
    with _transaction(session):
        text = current_setting(session, "jobs.scheduler.pace")
    try:
        months, days, nanos = parse_interval(text)
    except InvalidValueError:  # `5ns`, `5µs`: an interval has no such units
        return _SHORTEST_PACE
    return max(timedelta(days=30 * months + days, microseconds=nanos // 1000), _SHORTEST_PACE)


def next_due(session: Session) -> datetime | None:
    """Return when the next backup is due; None when every schedule is paused."""
    with _transaction(session):
        times = [each.next_run for each in Schedules(session).all() if each.backup is not None]
    return min((time for time in times if time is not None), default=None)


def run_due(session: Session) -> Iterator[Run]:
    """Run every backup that is due, each schedule once, and tell of each when it has ended.

    A failed run is no error here; what its schedule says of failures is done.
    """
    yield from _finish_interrupted(session)
    seen: set[int] = set()
    while (schedule := _first_due(session, seen)) is not None:
        seen.add(schedule.id)
        yield _run(schedule, session)


def _first_due(session: Session, seen: set[int]) -> Schedule | None:
    with _transaction(session):
        now = instant(session.now())
        due = [
            (each.next_run, not each.backup.is_incremental, each.id, each)
            for each in Schedules(session).all()
            if each.backup is not None
            and each.next_run is not None
            and each.next_run <= now
            and each.id not in seen
        ]
    return min(due, key=lambda item: item[:3])[3] if due else None


def _run(schedule: Schedule, session: Session) -> Run:
    assert schedule.next_run is not None
    assert schedule.backup is not None
    scheduled = schedule.next_run
    held_up = _begin(schedule, session)
    if held_up is not None:
        return held_up
    try:
        backup = backup_statement(schedule.backup)
        job_id = _take(replace(backup, as_of=_as_of(backup, scheduled, session)), schedule, session)
    except OothecaError as exc:
        return _end(schedule, scheduled, session, error=exc.message)
    return _end(schedule, scheduled, session, job_id=job_id)


def _begin(schedule: Schedule, session: Session) -> Run | None:
    """Give a schedule its next time, and note that it runs; return why it does not, when an earlier run holds it up."""
    assert schedule.next_run is not None
    with _transaction(session):
        schedules, now = Schedules(session), instant(session.now())
        takes_long = session.profile.takes_long_cron
        unfinished = schedules.unfinished_jobs().get(schedule.id, 0)
        if not unfinished or schedule.wait == "start":
            schedules.put(schedule.advanced(now, takes_long=takes_long))
            _note(session, schedule.id, scheduled=schedule.next_run, after=_last_job_id(session, schedule.id))
            return None
        outcome: Literal["delayed", "skipped"]
        if schedule.wait == "wait":
            outcome, message = "delayed", f"delayed due to {unfinished} already running"
            changed = replace(schedule, next_run=now + _LATER, status=message)
        else:
            outcome, message = "skipped", f"rescheduled due to {unfinished} already running"
            changed = schedule.advanced(now, takes_long=takes_long, status=message)
        schedules.put(changed)
    return Run(schedule.id, schedule.label, schedule.next_run, outcome, message=message)


def _take(backup: ast.Backup, schedule: Schedule, session: Session) -> int:
    """Take a backup as the schedule's owner, and return its job's id."""
    statement = replace(backup, options=replace(backup.options, detached=None))
    user, database = session.user, session.database
    session.user, session.creator = schedule.owner, (SCHEDULE, schedule.id)
    session.variables.set("database", "")
    try:
        result = session.run(statement)
        job_id: int = next(iter(result.batches)).column(0)[0].as_py()
    finally:
        session.user, session.creator = user, None
        session.variables.set("database", database)
    return job_id


def _as_of(backup: ast.Backup, scheduled: datetime, session: Session) -> ast.Expr | None:
    """Return the time that a run is of: that for which it was scheduled, or where that is not known any more, now."""
    time = to_timestamp(scheduled)
    with _transaction(session):
        if (
            instant(session.now()) - scheduled > _LATER
        ):  # a run in time asks for nothing that could be forgotten
            collect_garbage(session)
        try:
            targets = resolve(backup.targets, session.catalog, current_database="", rules=session.rules)
        except OothecaError:
            return None  # which the backup itself will say
        try:
            resolve(backup.targets, catalog_at(session, time), current_database="", rules=session.rules)
        except OothecaError:
            return None
        if any(time < horizons(session).get(id_, ZERO_TIMESTAMP) for id_ in targets.ids):
            return None
    text = format_timestamp(int(scheduled.timestamp()), scheduled.microsecond * 1000, "+00:00")
    return ast.StringLiteral(text)


# What follows


def _end(
    schedule: Schedule, scheduled: datetime, session: Session, *, job_id: int = 0, error: str = ""
) -> Run:
    """Write what follows from the end of a run; it failed if there is an error."""
    with _transaction(session):
        if error:
            after = _notes(session)[str(schedule.id)]["after"]
            job = _job_since(session, schedule.id, int(after))
            job_id = job.id if job is not None else 0
            _failed(schedule.id, job, error, session)
        else:
            _succeeded(schedule.id, session)
        _forget(session, schedule.id)
    return Run(schedule.id, schedule.label, scheduled, "failed" if error else "succeeded", job_id, error)


def _finish_interrupted(session: Session) -> Iterator[Run]:
    """End the runs that a process began which is gone: as their jobs have ended, or by running them anew."""
    with _transaction(session):
        notes = _notes(session)
    for key, note in notes.items():
        schedule_id, scheduled = int(key), datetime.fromisoformat(note["scheduled"])
        with _transaction(session):
            schedule = Schedules(session).find(schedule_id)
            job = _job_since(session, schedule_id, int(note["after"]))
            is_interrupted = job is not None and _was_interrupted(session, job.id)
            if schedule is None or job is None:
                if schedule is not None and not schedule.is_paused:
                    Schedules(session).put(replace(schedule, next_run=scheduled))
                _forget(session, schedule_id)
                continue
        if is_interrupted:
            job = _go_on(session, schedule_id, job)
        if job.status == "succeeded":
            yield _end(schedule, scheduled, session, job_id=job.id)
        elif job.status in ("failed", "canceled"):
            yield _end(schedule, scheduled, session, error=job.payload.error or job.status)


def _was_interrupted(session: Session, job_id: int) -> bool:
    needs = UnfinishedJobs(session).find(job_id)
    return needs is not None and needs.state == "interrupted"


def _go_on(session: Session, schedule_id: int, job: Job) -> Job:
    """Let a job go on that a process left when it ended; return how it is afterwards: failed, if it cannot go on."""
    try:
        for sql in (f"RESUME JOB {job.id}", f"SHOW JOB WHEN COMPLETE {job.id}"):
            for result in session.execute(sql):
                list(result.batches)
    except OothecaError as exc:
        with _transaction(session):
            give_up(session, job.id, exc.message)
    with _transaction(session):
        return _job_since(session, schedule_id, job.id - 1) or job


def _succeeded(schedule_id: int, session: Session) -> None:
    """Let the incremental schedule run that waited for this full backup; doing so twice changes nothing."""
    schedules = Schedules(session)
    schedule = schedules.find(schedule_id)
    if schedule is None or schedule.backup is None or not schedule.backup.unpause_on_success:
        return
    waiting = schedules.find(schedule.backup.unpause_on_success)
    if waiting is not None and waiting.is_paused:
        takes_long = session.profile.takes_long_cron
        schedules.put(waiting.advanced(instant(session.now()), takes_long=takes_long))
    schedules.put(replace(schedule, backup=replace(schedule.backup, unpause_on_success=0)))


def _failed(schedule_id: int, job: Job | None, error: str, session: Session) -> None:
    """Do what a schedule says of failures; one that was paused meanwhile stays so."""
    schedules = Schedules(session)
    schedule = schedules.find(schedule_id)
    if schedule is None:
        return
    if job is None:
        text = f"failed to create job for schedule {schedule_id}: err={error}"
    else:
        text = f"backup job {job.id} scheduled by {schedule_id} failed with status {job.status}: {error}"
    if schedule.is_paused or schedule.on_error == "pause":
        changed = schedule.paused(f"schedule paused: {text}")
    elif schedule.on_error == "retry":
        next_run = instant(session.now()) + _LATER
        changed = replace(schedule, next_run=next_run, status=f"retrying: {text}")
    else:
        changed = replace(schedule, status=f"reschedule: {text}")
    schedules.put(changed)


# Notes of what runs


def _notes(session: Session) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = session.meta(_RUNS, {})
    return found


def _note(session: Session, schedule_id: int, *, scheduled: datetime, after: int) -> None:
    entry = {"scheduled": scheduled.isoformat(), "after": str(after)}
    session.put_meta(_RUNS, {**_notes(session), str(schedule_id): entry})


def _forget(session: Session, schedule_id: int) -> None:
    session.put_meta(_RUNS, {key: note for key, note in _notes(session).items() if key != str(schedule_id)})


def _last_job_id(session: Session, schedule_id: int) -> int:
    return max((job.id for job in _jobs_of(session, schedule_id)), default=0)


def _job_since(session: Session, schedule_id: int, after: int) -> Job | None:
    """Return the newest job of a schedule after another one, or None."""
    newer = (job for job in _jobs_of(session, schedule_id) if job.id > after)
    return max(newer, key=lambda job: job.id, default=None)


def _jobs_of(session: Session, schedule_id: int) -> list[Job]:
    return [job for job in JobTable(session).all() if job.created_by == (SCHEDULE, schedule_id)]


@contextmanager
def _transaction(session: Session) -> Iterator[None]:
    """A transaction that is undone by an error, or by leaving it with one."""
    session.settle()
    session.begin()
    try:
        yield
    except BaseException:
        session.rollback()
        raise
    session.commit()
