"""The Python door (DB-API 2.0): connections and cursors over a session."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ootheca import errors
from ootheca.dbapi import Row, Rows, TypeCode
from ootheca.exec.limits import NO_LIMITS, ExternalLimits
from ootheca.exec.roles import Roles
from ootheca.exec.session import Session
from ootheca.parameters import bind

if TYPE_CHECKING:
    import pyarrow as pa

    from ootheca.clock import Clock
    from ootheca.exec.result import Result

__all__ = ["Connection", "Cursor", "connect"]

Description = tuple[str, TypeCode, None, None, None, None, None]


def connect(
    store: str | Path | None = None,
    *,
    external_io_dir: str | Path | None = None,
    sandbox: bool = False,
    limits: ExternalLimits = NO_LIMITS,
    locality: str = "",
    version: str | None = None,
    clock: Clock | None = None,
    user: str = "root",
) -> Connection:
    """Open a store, made if it is not there.

    Args:
        store: its directory; None or `:memory:` for a throw-away one.
        external_io_dir: what `nodelocal://` serves; `extern` in the store unless given.
        sandbox: serve cloud storage and KMS URIs from the store, without any network.
        limits: what is allowed of storage and key services outside the store.
        locality: of the node that the store plays, such as `region=east,az=e1`: a BACKUP to several URIs writes its
            data to the one of the narrowest tier.
        version: the profile of a new store, such as `'20.2'`; of an old one, SET CLUSTER SETTING version.
        clock: tells the time of writes.
        user: who runs the statements; no password is asked for, since the files are open to whoever runs this.

    Raises:
        StorageError: the store cannot be opened.
        OperationalError: there is no such user.
        InvalidOptionError: a locality that is not `key=value`, …
    """
    path = None if store is None or str(store) == ":memory:" else Path(store)
    session = Session(
        path,
        external_io_dir=Path(external_io_dir) if external_io_dir is not None else None,
        sandbox=sandbox,
        limits=limits,
        locality=locality,
        version=version,
        clock=clock,
        user=user,
    )
    if not Roles(session).exists(user):
        session.close()
        raise errors.OperationalError(
            f"password authentication failed for user {user}",
            sqlstate="28P01",
            hint="root can make one: CREATE USER",
        )
    return Connection(session)


class Connection:
    """A connection of one thread to a store; a process may have several.

    One of them writes at a time: the others wait for its transaction, and raise UnavailableError where they would wait
    for their own thread. What only reads does not wait: it sees what was committed when it began.

    Every statement commits by itself, for BACKUP and RESTORE cannot run inside a transaction; after BEGIN was executed,
    `commit` and `rollback` end the transaction.

    Attributes:
        session: what runs the statements.
    """

    # DB-API 2.0 lets code that is handed a connection find its exceptions there.
    Warning = errors.Warning
    Error = errors.OothecaError
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(self, session: Session) -> None:
        self.session = session
        self._is_closed = False
        self._calls = _Calls()

    @property
    def autocommit(self) -> bool:
        """Always true; BEGIN starts a transaction."""
        return True

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        if not value:
            raise errors.NotSupportedError(
                "statements commit by themselves: BACKUP and RESTORE cannot run inside a transaction",
                hint="execute BEGIN, and call commit() or rollback()",
            )

    def cursor(self) -> Cursor:
        """Return a new cursor.

        Raises:
            InterfaceError: the connection is closed.
        """
        self._require_open()
        return Cursor(self)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Cursor:
        """Run a script on a new cursor and return it; arguments and errors as for `Cursor.execute`."""
        return self.cursor().execute(sql, parameters)

    def commit(self) -> None:
        """End the transaction that BEGIN started; without one there is nothing to do.

        Raises:
            InterfaceError: the connection is closed.
            StorageError: the store cannot be written; nothing of the transaction stays.
        """
        with self._calls:
            self._require_open()
            self.session.settle()
            if self.session.is_in_explicit_transaction:
                self.session.commit()

    def rollback(self) -> None:
        """Undo the transaction that BEGIN started; without one there is nothing to do.

        Raises:
            InterfaceError: the connection is closed.
        """
        with self._calls:
            self._require_open()
            self.session.settle()
            if self.session.is_in_explicit_transaction:
                self.session.rollback()

    def close(self) -> None:
        """Undo what is not committed and let go of the store; closing twice is allowed."""
        if not self._is_closed:
            self._is_closed = True
            self.session.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _require_open(self) -> None:
        if self._is_closed:
            raise errors.InterfaceError("the connection is closed", sqlstate="08003", hint="connect again")


class _Calls:
    """The calls on a connection: those of one thread at a time.

    Raises:
        InterfaceError: on entry, while a call of another thread goes on.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise errors.InterfaceError(
                "the connection is in use by another thread",
                sqlstate="55006",
                hint="give each thread a connection of its own: connect() again",
            )

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Cursor:
    """The results of one `execute`: those of its last statement.

    Iterating gives its rows, tuples of Python values (which, see `ootheca.dbapi`), as the fetch methods do. Rows are
    read once; results of another cursor of the connection stay readable.

    Attributes:
        connection: where it came from.
        arraysize: how many rows `fetchmany` returns unless told.
        rowcount: rows written by the last statement, or by all of `executemany`; -1 where there is no such number.
        lastrowid: always None; INSERT … RETURNING answers with keys.
        tag: the last statement's tag, as on the wire (`INSERT 0 3`).
        notices: what the statements had to say.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._calls = connection._calls
        self.arraysize = 1
        self.rowcount = -1
        self.lastrowid: None = None
        self.tag = ""
        self.notices: tuple[str, ...] = ()
        self._is_closed = False
        self._result: Result | None = None
        self._rows: Rows | None = None

    @property
    def description(self) -> tuple[Description, ...] | None:
        """A tuple of seven for each column: its name, its type (`TypeCode`), and five None; None without rows."""
        if self._result is None or self._result.columns is None:
            return None
        return tuple(
            (column.name, TypeCode(column.type), None, None, None, None, None)
            for column in self._result.columns
        )

    @property
    def rownumber(self) -> int | None:
        """The index, from 0, of the row that is fetched next; None without rows."""
        return None if self._rows is None else self._rows.number

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Cursor:
        """Run a script of one or more statements, and return the cursor.

        Nothing of a statement that fails stays; what came before it in the script does.

        Args:
            sql: CockroachDB's language; `$1`, `$2` … stand for parameters.
            parameters: as many values as the script has placeholders; None is NULL.

        Raises:
            ParseError: the script cannot be read; nothing of it ran.
            DatabaseError: a statement failed; its kind, `sqlstate`, `detail` and `hint` say how.
            InterfaceError: the cursor or the connection is closed or in use by another thread, or the parameters are no
                sequence.
        """
        with self._calls:
            session = self._session()
            self._forget()
            for result in session.execute(bind(sql, parameters) if parameters else sql):
                self._result = result
                self.notices += result.notices
            if self._result is not None:
                self.tag = self._result.tag
                if self._result.columns is None:
                    self.rowcount = _row_count(self.tag)
                else:
                    self._rows = Rows(self._result)
        return self

    def executemany(self, sql: str, parameters: Iterable[Sequence[object]]) -> Cursor:
        """Run a script once for each set of parameters; each run commits by itself, unless BEGIN was executed.

        Raises:
            DatabaseError, InterfaceError: as for `execute`; the runs before it stay.
        """
        with self._calls:
            self._session()
            self._forget()
            total = 0
            for item in parameters:
                self.execute(sql, item)
                total += max(self.rowcount, 0)
            self.rowcount = total
        return self

    def fetchone(self) -> Row | None:
        """Return the next row; None when there is none left.

        Raises:
            ProgrammingError: the last statement answered no rows, or nothing was executed.
            DataError: a date outside of the years 1 to 9999, which Python does not have.
            DatabaseError: what makes the rows failed half-way.
        """
        with self._calls:
            return next(self._open_rows(), None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return the next rows, at most `size` of them (`arraysize` if omitted); errors as for `fetchone`."""
        with self._calls:
            return list(islice(self._open_rows(), self.arraysize if size is None else size))

    def fetchall(self) -> list[Row]:
        """Return all rows left; errors as for `fetchone`."""
        with self._calls:
            return list(self._open_rows())

    def arrow(self) -> pa.Table:
        """Return all rows left as an Arrow table, each column in one of the representations of `ootheca.types`.

        Raises:
            ProgrammingError: the last statement answered no rows, or nothing was executed.
            DatabaseError: what makes the rows failed half-way.
        """
        with self._calls:
            return self._open_rows().arrow()

    def close(self) -> None:
        """Forget the results; the cursor cannot be used any more."""
        self._forget()
        self._is_closed = True

    def setinputsizes(self, sizes: Sequence[object]) -> None:
        """Do nothing: DB-API allows that."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing: DB-API allows that."""

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        with self._calls:
            return next(self._open_rows())

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _forget(self) -> None:
        self._result, self._rows, self.rowcount, self.tag, self.notices = None, None, -1, "", ()

    def _session(self) -> Session:
        if self._is_closed:
            raise errors.InterfaceError(
                "the cursor is closed", sqlstate="24000", hint="ask for another cursor()"
            )
        self.connection._require_open()
        return self.connection.session

    def _open_rows(self) -> Rows:
        self._session()
        if self._rows is None:
            raise errors.ProgrammingError("the statement returned no rows", sqlstate="24000")
        return self._rows


def _row_count(tag: str) -> int:
    last = tag.rpartition(" ")[2]
    return int(last) if last.isdigit() else -1
