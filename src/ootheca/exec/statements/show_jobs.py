"""SHOW JOBS, SHOW JOB, SHOW AUTOMATIC JOBS, SHOW JOBS FOR SCHEDULES, and the forms that wait.

Source: reference/sql/06 §1.1; fixtures/conformance/*/scenarios/09_jobs_schedules.json (columns).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ootheca.errors import OothecaError, UnsupportedError
from ootheca.exec.ids import query_ids
from ootheca.exec.job_table import SCHEDULE, Job
from ootheca.exec.jobs import jobs_now
from ootheca.exec.result import Result, ResultColumn, integer, string, timestamp
from ootheca.exec.roles import Roles
from ootheca.exec.system_tables import moment
from ootheca.sql import ast
from ootheca.types import FLOAT8, STRING, array_of

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_RECENT: Final = timedelta(hours=12)
_COLUMNS: Final = (
    integer("job_id"), string("job_type"), string("description"), string("statement"), string("user_name"),
    string("status"), string("running_status"), timestamp("created"), timestamp("started"), timestamp("finished"),
    timestamp("modified"), ResultColumn("fraction_completed", FLOAT8), string("error"), integer("coordinator_id"),
)  # fmt: skip
_RUN_COLUMNS: Final = (
    integer("trace_id"), timestamp("last_run"), timestamp("next_run"), integer("num_runs"),
    ResultColumn("execution_errors", array_of(STRING)),
)  # fmt: skip


def run(statement: ast.ShowJobs, session: Session) -> Result:
    """List jobs; with WHEN COMPLETE after those that run here have ended."""
    if statement.which == "CHANGEFEED" or statement.with_execution_details:
        what = (
            "SHOW CHANGEFEED JOBS" if statement.which == "CHANGEFEED" else "SHOW JOBS WITH EXECUTION DETAILS"
        )
        raise UnsupportedError(f"unimplemented: {what} is not supported", hint="SHOW JOBS lists all jobs")
    ids = query_ids(statement.query, session, "SHOW JOBS") if statement.query is not None else None
    if statement.when_complete:
        _wait(session, ids or ())
    jobs = _visible(session, jobs_now(session))
    if ids is None:
        wants_automatic = statement.which == "AUTOMATIC"
        jobs = _recent(session, (job for job in jobs if job.is_automatic == wants_automatic))
    elif statement.for_schedules:
        creators = {(SCHEDULE, id_) for id_ in ids}
        jobs = [job for job in jobs if job.created_by in creators]
    else:
        jobs = [job for job in jobs if job.id in set(ids)]
    has_runs = session.profile.shows_job_runs
    columns = (*_COLUMNS, *_RUN_COLUMNS) if has_runs else _COLUMNS
    rows = [(*_row(session, job), *_runs(job)) if has_runs else _row(session, job) for job in jobs]
    return Result.of_rows(columns, rows, tag="SHOW JOBS")


def _wait(session: Session, ids: Collection[int]) -> None:
    """Wait for the jobs of other sessions in this process; one that nobody runs will not end by waiting."""
    if session.is_in_explicit_transaction:
        raise OothecaError(
            "SHOW JOBS WHEN COMPLETE cannot be used inside a transaction",
            hint="COMMIT first",
            sqlstate="25001",
        )
    jobs = [job for id_, job in list(session.share.jobs.items()) if id_ in ids]

    def wait() -> None:
        for job in jobs:
            job.ended.wait()

    session.step_aside(wait)


def _visible(session: Session, jobs: Iterable[Job]) -> list[Job]:
    """Return the jobs that the user may see: an admin all, others their own."""
    if Roles(session).is_admin(session.user):
        return list(jobs)
    return [job for job in jobs if job.payload.username_proto == session.user]


def _recent(session: Session, jobs: Iterable[Job]) -> list[Job]:
    """Return those that run, and then those that ended in the last twelve hours, the newest first."""
    now = moment(session.now())

    def ended(job: Job) -> datetime:
        return _time(job.payload.finished_micros) or now

    recent = [job for job in jobs if not job.is_finished or now - ended(job) <= _RECENT]
    return sorted(recent, key=lambda job: (not job.is_finished, ended(job), job.created), reverse=True)


def _row(session: Session, job: Job) -> tuple[object, ...]:
    payload, progress = job.payload, job.progress
    return (
        job.id,
        job.kind,
        payload.description,
        "; ".join(payload.statement),
        payload.username_proto,
        job.status,
        progress.running_status or None,
        job.created,
        _time(payload.started_micros),
        _time(payload.finished_micros) if job.is_finished else None,
        _time(progress.modified_micros),
        progress.fraction_completed,
        payload.error or payload.pause_reason,
        1 if job.id in session.share.jobs else None,
    )


def _runs(job: Job) -> tuple[object, ...]:
    """Return trace_id, last_run, next_run, num_runs and execution_errors: a job runs once, until it is resumed."""
    is_running = job.status == "running"
    return (
        None,
        _time(job.payload.started_micros) if is_running else None,
        None,
        int(is_running) or None,
        None,
    )


def _time(micros: int) -> datetime | None:
    return (
        datetime.fromtimestamp(0, UTC).replace(tzinfo=None) + timedelta(microseconds=micros)
        if micros
        else None
    )
