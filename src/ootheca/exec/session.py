"""A session: one store, its catalog, the settings in force, and the transaction that a statement runs in.

Every statement runs in a transaction that covers rows, descriptors and metadata alike: an error leaves nothing half
done. Without BEGIN each statement is a transaction of its own; rows that it answers are read inside it, so it ends when
they have been read, or when the next statement starts (what was not read by then is kept in memory).
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from ootheca import pb
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.rules import DescriptorRules, descriptor_rules
from ootheca.catalog.system_tables import is_system
from ootheca.clock import ZERO_TIMESTAMP, Clock, SystemClock, Timestamp, parse_timestamp
from ootheca.errors import OothecaError, StorageError
from ootheca.exec.background import adopt_interrupted, hand_over, is_detached, leave, run_detached
from ootheca.exec.changes import note_change
from ootheca.exec.dispatch import dispatch
from ootheca.exec.limits import NO_LIMITS, ExternalLimits
from ootheca.exec.persistence import create_store, load_catalog, store_changes
from ootheca.exec.prepared import PreparedStatements
from ootheca.exec.resolver import SessionNames, table_name
from ootheca.exec.result import Result
from ootheca.exec.sharing import StoreShare
from ootheca.exec.stream import Stream
from ootheca.exec.system_tables import change_version
from ootheca.exec.variables import Variables
from ootheca.profile import DEFAULT_VERSION, Profile, profile
from ootheca.uri import parse_locality

if TYPE_CHECKING:
    import pyarrow as pa

    from ootheca.catalog.table import Table
    from ootheca.crypto.kms import KMSCall
    from ootheca.engine.base import Engine, TableName
    from ootheca.engine.version_store import RowSource
    from ootheca.exec.background import Task
    from ootheca.exec.jobs import RunningJob
    from ootheca.exec.unfinished import Unfinished
    from ootheca.sql.ast import Statement

__all__ = ["Session", "TransactionState"]

TransactionState = Literal["none", "open", "aborted"]

_OBSERVERS = frozenset({"ShowJobs", "ControlJobs", "ControlJobsForSchedules", "ControlJobsOfType"})
_ABORTED = "current transaction is aborted, commands ignored until end of transaction block"


class Session:
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
        self.store = store
        self.sandbox = sandbox
        self.limits = limits
        self.locality = parse_locality(locality) if locality else ()
        self.user = user
        self.random = random
        self.audit: Callable[[KMSCall], None] | None = None
        self._resources = ExitStack()
        self.own_external_io_dir = external_io_dir
        self._directory: Path | None = None
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.engine: Engine = engine if engine is not None else _open_engine(store)
        self._resources.callback(self.engine.close)
        self.engine.versions.encode = _encode_changes
        self.variables = Variables(session_user=user)
        self.prepared = PreparedStatements()
        self.transaction_state: TransactionState = "none"
        self.share = share if share is not None else StoreShare()
        self.creator: tuple[str, int] | None = None
        self.job_id: int | None = None
        self.resumed: Unfinished | None = None
        self.on_job_start: Callable[[RunningJob], None] = lambda _: None
        self.tasks: list[Task] = []
        self.hands_over = True
        self.is_in_background = share is not None
        self._is_observing = False
        self._generation = self.share.generation
        self._at_commit: list[Callable[[], object]] = []
        self._greeting: list[str] = []
        self._notices: list[str] = []
        self._now: Timestamp | None = None
        self._discards = False
        self._stream: Stream | None = None
        self._version = version or DEFAULT_VERSION
        self.catalog = self._load()
        if isinstance(self.clock, SystemClock):
            self.clock.forward(self.last_change)
        if not self.is_in_background:
            self._adopt_foreign_writes()
            self._adopt_interrupted_jobs()

    # What statements ask for

    @property
    def profile(self) -> Profile:
        """The profile in force: the cluster setting `version`."""
        return profile(self._version)

    @property
    def rules(self) -> DescriptorRules:
        """The descriptor facts of the profile in force."""
        return descriptor_rules(self.profile)

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

    @property
    def cluster_id(self) -> UUID:
        """The id that every backup of this store carries."""
        return UUID(self.meta("cluster_id"))

    @property
    def directory(self) -> Path:
        """The store's directory; for a store in memory a temporary one that goes with the session."""
        if self._directory is None:
            if self.store is not None:
                self._directory = self.store
            else:
                folder = self._resources.enter_context(tempfile.TemporaryDirectory(prefix="ootheca-"))
                self._directory = Path(folder)
        self._directory.mkdir(parents=True, exist_ok=True)
        return self._directory

    @property
    def external_io_dir(self) -> Path:
        """The directory behind `nodelocal://`; made when it is first asked for."""
        folder = (
            self.own_external_io_dir if self.own_external_io_dir is not None else self.directory / "extern"
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StorageError(f"cannot make the external-io-dir {folder}: {exc.strerror}") from exc
        return folder

    @property
    def is_in_explicit_transaction(self) -> bool:
        """Tell whether BEGIN was said and neither COMMIT nor ROLLBACK yet."""
        return self.transaction_state != "none"

    def now(self) -> Timestamp:
        """Return the time of the running transaction: the same for all its statements, and for its writes."""
        if self._now is None:
            self._now = self.clock.now()
        return self._now

    @property
    def last_change(self) -> Timestamp:
        """The time of the last transaction that changed rows or descriptors; zero in a new store."""
        changed_at: str | None = self.meta("changed_at")
        return parse_timestamp(changed_at) if changed_at is not None else ZERO_TIMESTAMP

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

    def meta(self, key: str, default: Any = None) -> Any:
        """Return a JSON value of the store's metadata."""
        text = self.engine.get_meta(key)
        return default if text is None else json.loads(text)

    def put_meta(self, key: str, value: Any) -> None:
        """Write a JSON value of the store's metadata, in the running transaction."""
        self.engine.put_meta(key, json.dumps(value, ensure_ascii=False, sort_keys=True))

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
        # What looks at jobs does not wait for one that writes.
        self._is_observing = name in _OBSERVERS and bool(self.share.jobs)
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
        if result.columns is None or isinstance(result.batches, (list, tuple)):
            self._finish()
            return result
        self._stream = Stream(iter(result.batches), self._finish, self._undo)
        return replace(result, batches=self._stream)

    def _run_after_commit(self) -> None:
        waiting, self._at_commit = self._at_commit, []
        for begin in waiting:
            begin()

    def write_apart(self, write: Callable[[], None]) -> None:
        """Have something written in a transaction of its own, after that of the statement."""
        self._start()
        try:
            write()
        except BaseException:
            self._undo()
            raise
        self._finish()

    def discard_at_end(self) -> None:
        """Undo what the running statement writes when its rows have been read: it only looked at the past."""
        self._discards = True

    def settle(self) -> None:
        """End the transaction of a statement whose rows are still being read; they stay readable."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.keep()

    def abandon(self) -> None:
        """Undo the statement whose rows are still being read; none of them can be read any more."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.abandon()

    # Explicit transactions

    def begin(self) -> None:
        """Start a transaction that lasts until COMMIT or ROLLBACK.

        Raises:
            OothecaError: there is one already.
        """
        if self.transaction_state != "none":
            raise OothecaError("there is already a transaction in progress", sqlstate="25001")
        self._start()
        self.transaction_state = "open"

    def commit(self) -> bool:
        """End the transaction; an aborted one is rolled back, and False returned.

        Raises:
            OothecaError: there is none.
        """
        state, self.transaction_state = self.transaction_state, "none"
        if state == "none":
            raise OothecaError("there is no transaction in progress", sqlstate="25P01")
        if state == "aborted":
            return False
        self._finish()
        self._run_after_commit()
        return True

    def at_commit(self, begin: Callable[[], object]) -> None:
        """Have something done when the transaction is committed; nothing of it happens if it is undone."""
        self._at_commit.append(begin)

    def rollback(self) -> None:
        """Undo the transaction.

        Raises:
            OothecaError: there is none.
        """
        state, self.transaction_state = self.transaction_state, "none"
        if state == "none":
            raise OothecaError("there is no transaction in progress", sqlstate="25P01")
        if state == "open":
            self._undo()

    def checkpoint(self) -> None:
        """Make the rows durable that a statement on its own has written so far; it goes on at the same time."""
        self.engine.commit()
        self._begin()

    def conclude(self) -> None:
        """Commit all that a statement on its own has done; what it writes from now on has a later time."""
        self._finish()
        self._start()

    def restart(self) -> None:
        """Undo what a statement on its own has done since the last checkpoint; what it writes now has a later time."""
        self._undo()
        self._start()

    def step_aside(self, wait: Callable[[], None]) -> None:
        """Let other sessions write while a statement on its own waits; it undoes what it has done, and begins anew."""
        self._undo()
        wait()
        self._start()

    def read_snapshot(self) -> None:
        """Let other sessions write: what is still to do in this transaction only reads what is there now."""
        self.engine.pin()
        self._end_turn(has_committed=True)

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

    def close(self) -> None:
        """Undo what is not committed and let go of the store."""
        self.abandon()
        if self.transaction_state == "open":
            self.rollback()
        interrupted = leave(self) if self.tasks else []
        self._resources.close()
        if interrupted:
            hand_over(self, interrupted)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Inner parts

    def _load(self) -> Catalog:
        """Read the catalog, or make that of a new store."""
        stored = self.engine.get_meta("version")
        if stored is None:
            self._begin()
            create_store(
                self.engine,
                profile(self._version),
                UUID(bytes=self.random(16), version=4),
                UUID(bytes=self.random(16), version=4),
                self.now(),
            )
            self.engine.commit()
            self._now = None
            self._end_turn(has_committed=True)
        else:
            self._version = json.loads(stored)
        return load_catalog(self.engine)

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

    def _start(self) -> None:
        self._now = None
        self._discards = False
        self._begin()

    def _begin(self) -> None:
        if not self._is_observing:
            self.share.take_turn(self)
            if self._generation != self.share.generation:
                self._generation = self.share.generation
                self.engine.rollback()
                self.catalog = self._load()
        self.engine.begin(now=self.now())

    def _end_turn(self, *, has_committed: bool) -> None:
        generation = self.share.end_turn(self, has_committed=has_committed)
        if generation is not None:
            self._generation = generation

    def _finish(self) -> None:
        """Commit: descriptors that changed get their version and time, and go into the store with the rows."""
        if self._discards:
            self._undo()
            return
        self._stream = None
        try:
            self.engine.note_sequences(self._find_sequence)
            if self.catalog.is_changed:
                self._note_indexes()
                store_changes(self.engine, self.catalog, self._version, self.now())
                note_change(self)
            self.engine.commit()
        except BaseException:
            self.engine.rollback()
            self.catalog = self._load()
            raise
        finally:
            self._now = None
            self._end_turn(has_committed=True)

    def _note_indexes(self) -> None:
        from ootheca.exec.history import note_indexes

        for desc in self.catalog.changed_tables():
            note_indexes(self, desc)

    def _find_sequence(self, name: TableName) -> Table | None:
        desc = self.catalog.find_table((name.database, name.schema, name.name), "")
        return self.catalog.describe(desc.id) if desc is not None else None

    def _undo(self) -> None:
        self._stream = None
        self._at_commit.clear()
        self.catalog.rollback()
        self.engine.rollback()
        self._version = self.meta("version", self._version)
        self._now = None
        self._end_turn(has_committed=False)

    def _dispatch(self, statement: Statement) -> Result:
        result = dispatch(statement, self)
        return replace(result, notices=(*result.notices, *self._notices)) if self._notices else result

    def _run_inside(self, statement: Statement) -> Result:
        try:
            result = run_detached(self, statement) if is_detached(statement) else self._dispatch(statement)
        except BaseException:
            self._undo()
            self.transaction_state = "aborted"
            raise
        if result.columns is None or isinstance(result.batches, (list, tuple)):
            return result
        self._stream = Stream(iter(result.batches), self._let_go, self._abort)
        return replace(result, batches=self._stream)

    def _let_go(self) -> None:
        self._stream = None

    def _abort(self) -> None:
        self._undo()
        self.transaction_state = "aborted"


def _open_engine(store: Path | None) -> Engine:
    from ootheca.engine.duckdb import open_engine

    return open_engine(store)


def _encode_changes(
    before: RowSource | None, after: RowSource | None, written: frozenset[int] | None
) -> pa.RecordBatch:
    from ootheca.codec.changes import encode_changes

    return encode_changes(before, after, written)
