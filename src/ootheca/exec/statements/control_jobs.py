"""PAUSE, RESUME and CANCEL JOBS in all their forms, and ALTER JOB … OWNER TO.

A job that runs in this process is asked to stop; it does so at the next file or table. A job that nobody runs goes on
in the background when it is resumed, and when it is canceled it goes on only to remove what it wrote.

Source: reference/sql/06 §1.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

from ootheca.errors import OothecaError, UndefinedError, UnsupportedError
from ootheca.exec.background import resume
from ootheca.exec.ids import query_ids
from ootheca.exec.job_table import SCHEDULE, Job, JobTable
from ootheca.exec.jobs import jobs_now
from ootheca.exec.places import text_of
from ootheca.exec.quantities import parse_int
from ootheca.exec.result import Result
from ootheca.exec.roles import Roles
from ootheca.exec.statements.set_var import constant_text
from ootheca.exec.unfinished import Unfinished, UnfinishedJobs
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_Command = Literal["PAUSE", "RESUME", "CANCEL"]

_KINDS: Final = frozenset({"BACKUP", "RESTORE", "IMPORT", "CHANGEFEED"})
_EFFECTIVE: Final = {
    "PAUSE": {"pending", "running", "reverting"},
    "RESUME": {"paused"},
    "CANCEL": {"pending", "running", "paused"},
}
_DONE: Final = {
    "PAUSE": {"paused", "pause-requested"},
    "RESUME": {"running", "reverting"},
    "CANCEL": {"canceled", "cancel-requested"},
}
_REFUSALS: Final = {
    "PAUSE": "cannot be requested to be paused",
    "RESUME": "cannot be resumed",
    "CANCEL": "cannot be requested to be canceled",
}


_REACTION_SECONDS: Final = 2.0  # within which most jobs stop, so that the next statement finds them stopped


def run(statement: ast.Statement, session: Session) -> Result:
    """Ask something of jobs; the tag counts those that the statement names."""
    match statement:
        case ast.ControlJobs(command):
            ids = query_ids(statement.query, session, f"{command} JOBS")
            jobs = {job.id: job for job in jobs_now(session)}
            for id_ in ids:
                if id_ not in jobs:
                    raise OothecaError(f"job with ID {id_} does not exist")
            reason = "" if statement.reason is None else text_of(statement.reason)
            _control(session, command, [jobs[id_] for id_ in ids], reason)
            return Result.command(f"{command} JOBS {len(ids)}")
        case ast.ControlJobsForSchedules(command):
            ids = query_ids(statement.query, session, f"{command} JOBS FOR SCHEDULES")
            creators = {(SCHEDULE, id_) for id_ in ids}
            chosen = _choose(session, command, lambda job: job.created_by in creators)
            return Result.command(f"{command} JOBS FOR SCHEDULES {len(chosen)}")
        case ast.ControlJobsOfType(command):
            kind = statement.job_type.upper()
            if kind not in _KINDS:
                raise OothecaError(f'unsupported job type "{statement.job_type}"', sqlstate="42601")
            chosen = _choose(session, command, lambda job: job.kind == kind)
            return Result.command(f"{command} JOBS {len(chosen)}")
        case ast.AlterJobOwner():
            return _alter_owner(statement, session)
        case _:
            raise UnsupportedError("unimplemented: this statement about jobs is not supported")


def _choose(session: Session, command: _Command, is_meant: Callable[[Job], bool]) -> list[Job]:
    """Ask something of the jobs that are meant and on which it has an effect; return them."""
    chosen = [job for job in jobs_now(session) if is_meant(job) and job.status in _EFFECTIVE[command]]
    _control(session, command, chosen)
    return chosen


def _control(session: Session, command: _Command, jobs: list[Job], reason: str = "") -> None:
    """Check all jobs before anything is asked of the first."""
    for job in jobs:
        _require_privilege(session, job)
        if job.status not in _EFFECTIVE[command] | _DONE[command]:
            raise OothecaError(f"job with status {job.status} {_REFUSALS[command]}")
        if command == "CANCEL" and job.payload.noncancelable:
            raise OothecaError(f"job {job.id}: not cancelable")
    for job in jobs:
        if job.status in _EFFECTIVE[command]:
            _ask(session, command, job, reason)


def _ask(session: Session, command: _Command, job: Job, reason: str) -> None:
    running = session.share.jobs.get(job.id)
    if running is not None:
        running.ask("pause" if command == "PAUSE" else "cancel", reason)
        session.at_commit(lambda: running.ended.wait(_REACTION_SECONDS))
        return
    needs = UnfinishedJobs(session).find(job.id)
    if command == "CANCEL":
        # The turn to write may be another's now: only at the end is it waited for.
        session.at_commit(lambda: _cancel(session, job, needs))
    elif needs is not None and command == "RESUME":
        session.at_commit(lambda: resume(session, job, needs))
    else:
        raise OothecaError(
            f"job {job.id} cannot be controlled: what it needs to run is not in this store",
            hint="it came with the backup of another cluster; CANCEL JOB ends it",
        )


def _cancel(session: Session, job: Job, needs: Unfinished | None) -> None:
    """End a job that nobody runs; of a BACKUP first what it wrote is removed, as far as that can be reached."""
    if needs is not None and needs.backup_id:
        try:
            resume(session, job, needs, "cancel")
        except OothecaError as exc:
            session.notice(f"job {job.id}: what it wrote is still there: {exc.message}")
        else:
            return

    def end() -> None:
        job.status, job.payload.error = "canceled", "job canceled"
        UnfinishedJobs(session).forget(job.id)
        JobTable(session).put(job)

    session.write_apart(end)


def _require_privilege(session: Session, job: Job) -> None:
    roles = Roles(session)
    if roles.is_admin(session.user):
        return
    if "CONTROLJOB" not in roles.options(session.user):
        raise OothecaError(f"user {session.user} does not have CONTROLJOB privilege", sqlstate="42501")
    if roles.is_admin(job.payload.username_proto):
        raise OothecaError("only admins can control jobs owned by other admins", sqlstate="42501")


def _alter_owner(statement: ast.AlterJobOwner, session: Session) -> Result:
    table, id_ = JobTable(session), parse_int(constant_text(statement.job_id))
    job = table.find(id_) if id_ is not None else None
    if job is None:
        raise UndefinedError(f"job with ID {constant_text(statement.job_id)} does not exist")
    Roles(session).require(statement.owner)
    _require_privilege(session, job)
    job.payload.username_proto = statement.owner
    table.put(job)
    return Result.command("ALTER JOB")
