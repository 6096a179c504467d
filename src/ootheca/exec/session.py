"""A session: one store, its catalog, the settings in force, and the transaction that a statement runs in.

Every statement runs in a transaction that covers rows, descriptors and metadata alike: an error leaves nothing half
done. Without BEGIN each statement is a transaction of its own; rows that it answers are read inside it, so it ends when
they have been read, or when the next statement starts (what was not read by then is kept in memory).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.system_tables import is_system
from ootheca.clock import Clock
from ootheca.errors import OothecaError
from ootheca.exec.background import (
    adopt_interrupted,
    bequeath,
    hand_over,
    is_detached,
    leave,
    run_detached,
)
from ootheca.exec.dispatch import dispatch
from ootheca.exec.limits import NO_LIMITS, ExternalLimits
from ootheca.exec.prepared import PreparedStatements
from ootheca.exec.resolver import SessionNames, table_name
from ootheca.exec.result import Result
from ootheca.exec.sharing import OPENING, StoreShare
from ootheca.exec.stream import Stream
from ootheca.exec.system_tables import change_version
from ootheca.exec.transactions import Transactions, TransactionState
from ootheca.exec.variables import Variables
from ootheca.locality import parse_locality
from ootheca.profile import profile
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.catalog.table import Table
    from ootheca.crypto.kms import KMSCall
    from ootheca.engine.base import Engine
    from ootheca.exec.background import Task
    from ootheca.exec.jobs import RunningJob
    from ootheca.exec.unfinished import Unfinished
    from ootheca.sql.ast import Statement

__all__ = ["Session", "TransactionState"]

_OBSERVERS = frozenset({"ControlJobs", "ControlJobsForSchedules", "ControlJobsOfType"})
_READS = re.compile(
    r"\s*(SELECT|TABLE|VALUES)\b(?!.*\b(nextval|setval|currval|lastval|unique_rowid)\b)",
    re.IGNORECASE | re.DOTALL,
)
_ABORTED = "current transaction is aborted, commands ignored until end of transaction block"


class Session(Transactions):
    """A connection to a store.

    Args:
        store: the store's directory, made when it is not there; None for a store in memory.
        external_io_dir: what `nodelocal://` serves; `extern` in the store unless given.
        sandbox: cloud storage and KMS URIs are served from the store, nothing touches a network.
        limits: what is allowed of storage and key services outside the store.
        locality: of the node that the store plays, `region=east,az=e1`; see `backup.placement`.
        clock: tells the time of every write; the machine's by default.
        random: returns so many random bytes; for keys, nonces and ids.
        version: the profile of a new store (an old one keeps its own, see SET CLUSTER SETTING version).
        engine: another table store than the one in the store's directory; the session closes it.
        share: what the session has in common with the one that it is a sibling of.

    Attributes:
        locality: the tiers of the node's locality, each `key=value`; none by default.
        catalog: descriptors, with the running statement's changes.
        variables: of this session.
        prepared: what PREPARE keeps in this session.
        engine: rows and metadata.
        audit: is told of every call to a key service; set by whoever keeps an account of them.
        creator: the type and id of what the session runs statements for, a schedule; jobs note it.
        own_external_io_dir: the directory that was named for `nodelocal://`, if one was.
        job_id: of the job that the next statement begins, or goes on with; any new one if None.
        resumed: what the job that goes on had noted.
        on_job_start: is told of every job that begins.
        is_in_background: the session is the sibling of another.
        tasks: what runs in the background for this session.
        hands_over: when the session closes, another process takes over what still runs in the background.
    """

    def __init__(
        self,
        store: Path | None = None,
        *,
        external_io_dir: Path | None = None,
        sandbox: bool = False,
        limits: ExternalLimits = NO_LIMITS,
        locality: str = "",
        clock: Clock | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
        user: str = "root",
        version: str | None = None,
        engine: Engine | None = None,
        share: StoreShare | None = None,
    ) -> None:
        self.sandbox = sandbox
        self.limits = limits
        self.locality = parse_locality(locality) if locality else ()
        self.user = user
        self.audit: Callable[[KMSCall], None] | None = None
        self.variables = Variables(session_user=user)
        self.prepared = PreparedStatements()
        self.creator: tuple[str, int] | None = None
        self.job_id: int | None = None
        self.resumed: Unfinished | None = None
        self.on_job_start: Callable[[RunningJob], None] = lambda _: None
        self.tasks: list[Task] = []
        self.hands_over = True
        self.is_in_background = share is not None
        self._greeting: list[str] = []
        self._notices: list[str] = []
        with OPENING:
            super().__init__(
                store,
                external_io_dir=external_io_dir,
                clock=clock,
                random=random,
                version=version,
                engine=engine,
                share=share,
            )
            if not self.is_in_background:
                self._arrive()

    def _arrive(self) -> None:
        """Join the sessions of the store; the first one looks at what happened while the store was closed."""
        is_first = not self.share.sessions
        self.share.sessions.add(self)
        if not is_first or not self.is_open:
            return
        try:
            self._adopt_foreign_writes()
            self._adopt_interrupted_jobs()
        except BaseException:
            self.close()
            raise

    # What statements ask for

    @property
    def database(self) -> str:
        """The current database; empty when there is none."""
        return self.variables["database"]

    @property
    def names(self) -> SessionNames:
        """How the engine resolves the names of a query."""
        return SessionNames(self)

    def describe(self, table_id: int) -> Table:
        """Return a relation as the engine wants it: its expressions mean the same from any database."""
        return self.names.describe(self.catalog.table(table_id))

    def notice(self, text: str) -> None:
        """Send a notice with the answer of the running statement."""
        self._notices.append(text)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the running statement, or the last one, has had to say."""
        return tuple(self._notices)

    @property
    def running_job(self) -> RunningJob | None:
        """The job of the running statement; asked by other threads."""
        return next((job for job in list(self.share.jobs.values()) if job.owner is self), None)

    def set_version(self, version: str) -> None:
        """Put another profile in force.

        Raises:
            InvalidOptionError: none is proven for that version.
        """
        chosen = profile(version)
        if chosen.version != self._version:
            change_version(self, chosen)
        self._version = chosen.version
        self.put_meta("version", self._version)

    # Running statements

    def execute(self, sql: str) -> Iterator[Result]:
        """Parse a script and run its statements one by one; the next one runs when its result is asked for.

        Raises:
            ParseError: before anything ran.
        """
        from ootheca.sql.parser import parse

        for statement in parse(sql):
            yield self.run(statement)

    def run(self, statement: Statement) -> Result:
        """Run one statement.

        Raises:
            OothecaError: nothing of the statement stays; inside BEGIN the transaction is aborted.
        """
        self.settle()
        self._notices, self._greeting = self._greeting, []
        name = type(statement).__name__
        if name in ("Begin", "Commit", "Rollback", "RollbackToSavepoint"):
            return self._dispatch(statement)
        if self.transaction_state == "aborted":
            raise OothecaError(_ABORTED, sqlstate="25P02")
        if self.transaction_state == "open":
            return self._run_inside(statement)
        if is_detached(statement) and not self.is_in_background:
            return run_detached(self, statement)
        # What only reads does not wait for a job or a session that writes.
        has_jobs = bool(self.share.jobs)
        self._is_observing = (has_jobs and name in _OBSERVERS) or (
            (has_jobs or self.share.has_several) and _only_reads(statement)
        )
        try:
            result = self._run_alone(statement)
        finally:
            self._is_observing = False
            self.share.end_jobs(self)
        told = len(self._notices)
        self._run_after_commit()
        late = self._notices[told:]
        return replace(result, notices=(*result.notices, *late)) if late else result

    def _run_alone(self, statement: Statement) -> Result:
        """Run a statement in a transaction of its own."""
        self._start()
        try:
            result = self._dispatch(statement)
        except BaseException:
            self._undo()
            raise
        if result.is_in_memory:
            self._finish()
            return result
        self._stream = Stream(iter(result.batches), self._finish, self._undo)
        return replace(result, batches=self._stream)

    def sibling(self) -> Session:
        """Return another session on the same store, for the background; it closes first."""
        made = Session(
            self.directory if self.store is None else self.store,
            external_io_dir=self.own_external_io_dir,
            sandbox=self.sandbox,
            limits=self.limits,
            clock=self.clock,
            random=self.random,
            user=self.user,
            engine=self.engine.sibling(),
            share=self.share,
        )
        made.locality, made.audit, made.creator = self.locality, self.audit, self.creator
        made.variables = self.variables.copy()
        return made

    def interrupt(self) -> None:
        """Stop what the engine does, from another thread or a signal handler."""
        if self.is_open:
            self.engine.interrupt()

    def close(self) -> None:
        """Undo what is not committed and let go of the store."""
        self.abandon()
        if self.transaction_state == "open":
            self.rollback()
        bequeath(self)
        interrupted = leave(self) if self.tasks else []
        self._resources.close()
        if interrupted:
            hand_over(self, interrupted)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Inner parts

    def _adopt_foreign_writes(self) -> None:
        """Note the tables that another program wrote to since the store was closed; those of `system` are ours."""
        changed = [
            desc
            for desc in self.catalog
            if isinstance(desc, pb.TableDescriptor)
            and not is_system(desc)
            and self.engine.was_changed_outside(table_name(self, desc))
        ]
        if not changed:
            return
        from ootheca.exec.history import adopt

        self._start()
        for desc in changed:
            adopt(self, desc)
        self._finish()

    def _adopt_interrupted_jobs(self) -> None:
        if not self.meta("unfinished_jobs", {}):
            return
        self._start()
        for id_ in adopt_interrupted(self):
            self._greeting.append(
                f"job {id_} was interrupted: RESUME JOB {id_} goes on, CANCEL JOB {id_} removes what it wrote"
            )
        self._finish()

    def _complete_changes(self) -> None:
        from ootheca.exec.history import note_indexes

        for desc in self.catalog.changed_tables():
            note_indexes(self, desc)

    def _dispatch(self, statement: Statement) -> Result:
        result = dispatch(statement, self)
        return replace(result, notices=(*result.notices, *self._notices)) if self._notices else result

    def _run_inside(self, statement: Statement) -> Result:
        try:
            result = self._dispatch(statement)
        except BaseException:
            self._undo()
            self.transaction_state = "aborted"
            raise
        if result.is_in_memory:
            return result
        self._stream = Stream(iter(result.batches), self._let_go, self._abort)
        return replace(result, batches=self._stream)

    def _let_go(self) -> None:
        self._stream = None

    def _abort(self) -> None:
        self._undo()
        self.transaction_state = "aborted"


def _only_reads(statement: Statement) -> bool:
    """Tell whether a statement is known to change nothing."""
    if isinstance(statement, ast.Query):
        return bool(_READS.match(statement.text)) and all(
            map(_only_reads, (b.statement for b in statement.bracketed))
        )
    return type(statement).__name__.startswith("Show")
