"""Jobs: every BACKUP and RESTORE that starts to write leaves a row in `system.jobs`.

The row is committed before the work begins, as running, so that a BACKUP of the whole cluster holds it; it says how the
work ended when it has. Inside BEGIN there is no such moment, and the row is written at the end.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from ootheca import pb
from ootheca.backup.progress import Progress
from ootheca.clock import unique_int64
from ootheca.errors import CanceledError, OothecaError, PausedError
from ootheca.exec.job_table import Job, JobTable
from ootheca.exec.quantities import parse_duration
from ootheca.exec.unfinished import Unfinished, UnfinishedJobs

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["Request", "RunningJob", "jobs_now", "running_job"]

Request = Literal["pause", "stop", "cancel"]
"""To stop for now because a user said so, or because the process ends; or for good."""

_STATES = {"pause": "pause-requested", "stop": "pause-requested", "cancel": "cancel-requested"}
_UNEXPECTED = {True: "interrupted", False: "internal error"}


class RunningJob:
    """A job that runs in this process; asked to stop from other threads.

    Attributes:
        description: its statement, without secrets.
        owner: the session that runs it.
        progress: what it has done.
        request: what was asked of it last, and why.
        ended: set when its row says how it ended.
    """

    def __init__(self, id_: int, description: str, owner: Session) -> None:
        self.id = id_
        self.description = description
        self.owner = owner
        self.progress = Progress(check=self.check)
        self.request: Request | None = None
        self.reason = ""
        self.ended = threading.Event()

    @property
    def status(self) -> str:
        """Its state as SHOW JOBS words it."""
        return _STATES[self.request] if self.request is not None else "running"

    def ask(self, request: Request, reason: str = "") -> None:
        """Ask it to stop, from another thread; who wants it canceled has the last word."""
        if self.request != "cancel":
            self.request, self.reason = request, reason

    def check(self) -> None:
        """Stop if that was asked for.

        Raises:
            PausedError, CanceledError: it was.
        """
        if self.request in ("pause", "stop"):
            raise PausedError("job paused", hint=f"RESUME JOB {self.id} goes on")
        if self.request == "cancel":
            raise CanceledError("job canceled")


@contextmanager
def running_job(session: Session, payload: pb.JobPayload, needs: Unfinished) -> Iterator[RunningJob]:
    """Give a job that runs while the context lasts, and ends with it: succeeded, failed, canceled or paused.

    Args:
        payload: the description, without secrets, and the details that say of which kind the job is. Of a job that
            goes on, those that it began with stay.
        needs: what the job needs to go on if it does not end.
    """
    table, unfinished = JobTable(session), UnfinishedJobs(session)
    job = _begun(session, table, payload)
    running = RunningJob(job.id, job.payload.description, session)
    is_alone = not session.is_in_explicit_transaction
    if is_alone:
        _forget_old(session, table)
        table.put(job)
        unfinished.put(job.id, needs)
        session.checkpoint()
        session.share.jobs[job.id] = running
        if session.is_in_background and payload.HasField("backup"):
            session.read_snapshot()
        session.on_job_start(running)
    try:
        yield running
        if is_alone:
            if payload.HasField("restore"):  # a BACKUP only reads, and its manifest says the same
                unfinished.set_state(job.id, "succeeded")
            session.conclude()
    except BaseException as exc:
        if is_alone:
            session.restart()
            job.progress.fraction_completed = running.progress.fraction
            _note_end(job, exc, running.reason)
            if job.status == "paused":
                unfinished.set_state(job.id, "interrupted" if running.request == "stop" else "paused")
            else:
                unfinished.forget(job.id)
            table.put(job)
            session.checkpoint()
        raise
    job.status = "succeeded"
    job.progress.fraction_completed = 1.0
    unfinished.forget(job.id)
    table.put(job)


def jobs_now(session: Session) -> list[Job]:
    """Return all jobs, those that run here as they are now."""
    jobs = JobTable(session).all()
    for job in jobs:
        running = session.share.jobs.get(job.id)
        if running is not None:
            job.status = running.status
            job.progress.fraction_completed = running.progress.fraction
    return jobs


def _begun(session: Session, table: JobTable, payload: pb.JobPayload) -> Job:
    """Return the new job, or the one that goes on."""
    if session.job_id is None:
        return table.new(unique_int64(session.clock), payload)
    job = table.find(session.job_id)
    if job is None:
        return table.new(session.job_id, payload)
    job.status = "running"
    job.payload.ClearField("error")
    job.payload.ClearField("pause_reason")
    job.progress.ClearField("running_status")
    return job


def _note_end(job: Job, exc: BaseException, reason: str) -> None:
    if isinstance(exc, PausedError):
        job.status = "paused"
        if reason:
            job.payload.pause_reason = reason
        return
    is_canceled = isinstance(exc, CanceledError) or not isinstance(exc, Exception)
    job.status = "canceled" if is_canceled else "failed"
    job.payload.error = exc.message if isinstance(exc, OothecaError) else _UNEXPECTED[is_canceled]


def _forget_old(session: Session, table: JobTable) -> None:
    """Drop the jobs that ended longer ago than `jobs.retention_time`."""
    from ootheca.exec.statements.cluster_settings import current_setting

    kept_ns = parse_duration(current_setting(session, "jobs.retention_time"))
    table.forget_older((session.now().wall_ns - kept_ns) // 1000)
