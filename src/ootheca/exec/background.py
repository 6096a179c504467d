"""Jobs in the background: what DETACHED starts, and what RESUME JOB lets go on.

Each runs in a thread, in a session of its own on the same store. A BACKUP lets other statements write while it works; a
RESTORE does not. When the session that began them closes before they end, another process takes them over.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ootheca import pb
from ootheca.clock import unique_int64
from ootheca.errors import OothecaError, PausedError
from ootheca.exec.job_table import Job, JobTable
from ootheca.exec.result import Result, integer
from ootheca.exec.sharing import OPENING
from ootheca.exec.unfinished import Unfinished, UnfinishedJobs
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.jobs import Request, RunningJob
    from ootheca.exec.session import Session
    from ootheca.sql.ast import Statement

__all__ = [
    "Task",
    "adopt_interrupted",
    "begin_later",
    "bequeath",
    "give_up",
    "hand_over",
    "is_detached",
    "leave",
    "resume",
    "run_detached",
]

_INTERRUPTED: Final = "interrupted: the process that ran it ended"
_GRACE_SECONDS: Final = 1.0  # what ends that soon needs no other process


class Task(threading.Thread):
    """A statement whose job runs in the background.

    Args:
        parent: the session that begins it.
        session: the parent's sibling in which it runs.
        request: made of the job before it has begun.

    Attributes:
        job: once it has begun.
        error: why the statement failed.
        has_begun: set when one of the two is known, or the statement ended without a job.
    """

    def __init__(
        self, parent: Session, session: Session, statement: Statement, request: Request | None = None
    ) -> None:
        super().__init__(name="ootheca-job", daemon=True)
        # Nobody else may hold it any more, and the store closes with the last of its sessions.
        self._parent: Session | None = parent
        self.job: RunningJob | None = None
        self.error: BaseException | None = None
        self.has_begun = threading.Event()
        self._session = session
        self._statement = statement
        self._request = request
        session.on_job_start = self._note_start

    def run(self) -> None:
        try:
            self._session.run(self._statement)
        except BaseException as exc:  # noqa: BLE001  whoever waits for the beginning raises it; the row tells the rest
            self.error = exc
        finally:
            self._session.close()
            self.has_begun.set()
            self._parent = None

    def wait_until_begun(self) -> RunningJob | None:
        """Return the job; None if the statement needed none. An interrupt cancels it.

        Raises:
            OothecaError: the statement failed before it began one.
        """
        try:
            self.has_begun.wait()
        except BaseException:
            self.ask("cancel")
            raise
        if self.job is None and self.error is not None:
            raise self.error
        return self.job

    @property
    def is_asked(self) -> bool:
        """Whether somebody wants it to stop."""
        return self._request is not None or (self.job is not None and self.job.request is not None)

    def ask(self, request: Request) -> None:
        """Ask the job to stop, now or as soon as it begins."""
        self._request = request
        if self.job is not None:
            self.job.ask(request)

    def _note_start(self, job: RunningJob) -> None:
        self.job = job
        if self._request is not None:
            job.ask(self._request)
        self.has_begun.set()


def is_detached(statement: Statement) -> bool:
    """Tell whether a statement asks for a job in the background."""
    return isinstance(statement, ast.Backup | ast.Restore) and bool(statement.options.detached)


def run_detached(session: Session, statement: Statement) -> Result:
    """Begin the job of a statement on its own; its id is the answer.

    Raises:
        OothecaError: the statement failed before its job began.
    """
    sibling = session.sibling()
    job = _start(session, sibling, statement).wait_until_begun()
    return _answer(statement, [] if job is None else [job.id], sibling.notices)


def begin_later(session: Session, statement: Statement) -> Result:
    """Have the job of a statement begin when the transaction that it stands in is committed; its id is the answer.

    Raises:
        OothecaError: it could not begin now either.
    """
    _check(session, statement)
    job_id = unique_int64(session.clock)
    session.at_commit(lambda: _begin_at_commit(session, statement, job_id))
    return _answer(statement, [job_id])


def _answer(statement: Statement, job_ids: Sequence[int], notices: Sequence[str] = ()) -> Result:
    tag = "BACKUP" if isinstance(statement, ast.Backup) else "RESTORE"
    return Result.of_rows([integer("job_id")], [(id_,) for id_ in job_ids], tag=tag, notices=notices)


def _check(session: Session, statement: Statement) -> None:
    """Refuse what could not begin, before it is left for COMMIT to begin it."""
    from ootheca.exec.statements import backup, restore

    if isinstance(statement, ast.Backup):
        backup.dry_run(statement, session)
    elif isinstance(statement, ast.Restore):
        restore.dry_run(statement, session)


def resume(session: Session, job: Job, needs: Unfinished, request: Request | None = None) -> None:
    """Let a job go on in the background; with the request to cancel it, only to remove what it wrote."""
    from ootheca.sql.parser import parse

    if needs.version != session.profile.version:
        raise OothecaError(
            f"job {job.id} was begun under version '{needs.version}'",
            hint=f"SET CLUSTER SETTING version = '{needs.version}', and try again",
        )
    sibling = session.sibling()
    sibling.user = needs.user
    sibling.variables.set("database", needs.database)
    sibling.job_id, sibling.resumed, sibling.creator = job.id, needs, job.created_by
    _start(session, sibling, parse(needs.sql)[0], request).wait_until_begun()


def adopt_interrupted(session: Session) -> list[int]:
    """Note which jobs the last process on this store left running; it is gone. Return the ids of all such jobs."""
    unfinished, table = UnfinishedJobs(session), JobTable(session)
    for id_, needs in unfinished.all().items():
        job = table.find(id_)
        if needs.state == "succeeded":
            unfinished.forget(id_)
            if job is not None:
                job.status, job.progress.fraction_completed = "succeeded", 1.0
                table.put(job)
        elif needs.state == "running":
            unfinished.set_state(id_, "interrupted")
            if job is not None:
                job.status, job.progress.running_status = "paused", _INTERRUPTED
                table.put(job)
    return [id_ for id_, needs in unfinished.all().items() if needs.state == "interrupted"]


def give_up(session: Session, job_id: int, error: str) -> None:
    """Write that a job failed which cannot go on; what it wrote stays, and no backup lists it."""
    table = JobTable(session)
    job = table.find(job_id)
    if job is not None:
        job.status, job.payload.error = "failed", error
        table.put(job)
    UnfinishedJobs(session).forget(job_id)


def bequeath(session: Session) -> None:
    """Take a session that closes out of its store's sessions, and leave what runs in its background to another one."""
    with OPENING:
        sessions = session.share.sessions
        sessions.discard(session)
        heir = next(iter(sessions), None)
        if heir is not None:
            heir.tasks, session.tasks = heir.tasks + session.tasks, []


def leave(session: Session) -> list[int]:
    """Let the background end with its session. Return the jobs that were stopped for another process to go on with."""
    tasks, session.tasks = [task for task in session.tasks if task.is_alive()], []
    for task in tasks:
        task.join(_GRACE_SECONDS)
    goes_on = session.store is not None
    stopped = [task for task in tasks if goes_on and task.is_alive() and not task.is_asked]
    for task in stopped:
        task.ask("stop")
    for task in tasks:
        task.join()
    return [task.job.id for task in stopped if task.job is not None and isinstance(task.error, PausedError)]


def hand_over(session: Session, job_ids: Sequence[int]) -> None:
    """Start the process that lets jobs of a closed session go on."""
    if session.hands_over:
        process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "ootheca", "worker", *_flags(session), *map(str, job_ids)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # Where this program outlives it, somebody has to ask how it ended.
        threading.Thread(target=process.wait, name="ootheca-worker", daemon=True).start()


def _flags(session: Session) -> Iterator[str]:
    """Yield the flags that open the store as this session did."""
    yield from ("--store", str(session.store))
    if session.own_external_io_dir is not None:
        yield from ("--external-io-dir", str(session.own_external_io_dir))
    if session.sandbox:
        yield "--sandbox"
    if session.locality:
        yield from ("--locality", ",".join(session.locality))
    limits = session.limits
    names = ("disabled", "disable_http", "disable_implicit_credentials")
    yield from (f"--external-io-{name.replace('_', '-')}" for name in names if getattr(limits, name))


def _start(session: Session, sibling: Session, statement: Statement, request: Request | None = None) -> Task:
    task = Task(session, sibling, statement, request)
    with OPENING:
        session.tasks = [*(each for each in session.tasks if each.is_alive()), task]
    task.start()
    return task


def _begin_at_commit(session: Session, statement: Statement, job_id: int) -> None:
    sibling = session.sibling()
    sibling.job_id = job_id
    try:
        _start(session, sibling, statement).wait_until_begun()
    except OothecaError as exc:
        message = exc.message
        session.write_apart(lambda: _put_failed(session, statement, job_id, message))
        session.notice(f"job {job_id} failed: {message}")


def _put_failed(session: Session, statement: Statement, job_id: int, message: str) -> None:
    """Write the row of a job that was promised, and could not begin."""
    payload = pb.JobPayload(description=statement.redacted(version=session.profile.version), error=message)
    (payload.backup if isinstance(statement, ast.Backup) else payload.restore).SetInParent()
    table = JobTable(session)
    job = table.new(job_id, payload)
    job.status = "failed"
    table.put(job)
