"""The Python door (DB-API 2.0): connections and cursors over a session.

Statements are CockroachDB's; `$1`, `$2` … stand for parameters. Each statement commits by itself, unless BEGIN was
executed: BACKUP and RESTORE cannot run inside a transaction.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ootheca.errors import OothecaError, UnsupportedError
from ootheca.exec.limits import NO_LIMITS, ExternalLimits
from ootheca.exec.roles import Roles
from ootheca.exec.session import Session
from ootheca.names import format_string
from ootheca.types import Family, SQLType, arrow_type

if TYPE_CHECKING:
    from ootheca.clock import Clock
    from ootheca.exec.result import Result

__all__ = ["Connection", "Cursor", "bind", "connect"]

Row = tuple[Any, ...]
Description = tuple[str, str, None, None, None, None, None]


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
        OothecaError: there is no such user.
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
        raise OothecaError(
            f"password authentication failed for user {user}",
            sqlstate="28P01",
            hint="root can make one: CREATE USER",
        )
    return Connection(session)


class Connection:
    """A connection of one thread.

    Attributes:
        session: what runs the statements.
    """

    autocommit = True

    def __init__(self, session: Session) -> None:
        self.session = session
        self._is_closed = False

    def cursor(self) -> Cursor:
        """Return a new cursor."""
        self._require_open()
        return Cursor(self)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Cursor:
        """Run a script on a new cursor and return it."""
        return self.cursor().execute(sql, parameters)

    def commit(self) -> None:
        """End the transaction that BEGIN started; without one there is nothing to do."""
        self._require_open()
        self.session.settle()
        if self.session.is_in_explicit_transaction:
            self.session.commit()

    def rollback(self) -> None:
        """Undo the transaction that BEGIN started; without one there is nothing to do."""
        self._require_open()
        self.session.settle()
        if self.session.is_in_explicit_transaction:
            self.session.rollback()

    def close(self) -> None:
        """Undo what is not committed and let go of the store."""
        if not self._is_closed:
            self._is_closed = True
            self.session.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _require_open(self) -> None:
        if self._is_closed:
            raise OothecaError("the connection is closed", sqlstate="08003")


class Cursor:
    """The results of one `execute`: those of its last statement.

    Attributes:
        arraysize: how many rows `fetchmany` returns unless told.
        rowcount: rows written, or -1.
        tag: the last statement's tag, as on the wire (`INSERT 0 3`).
        notices: what the statements had to say.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.rowcount = -1
        self.tag = ""
        self.notices: tuple[str, ...] = ()
        self._result: Result | None = None
        self._rows: Iterator[Row] = iter(())

    @property
    def description(self) -> tuple[Description, ...] | None:
        """Name and CockroachDB type of each column; None after a statement without rows."""
        if self._result is None or self._result.columns is None:
            return None
        return tuple(
            (column.name, column.type.name, None, None, None, None, None) for column in self._result.columns
        )

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Cursor:
        """Run a script; nothing of a statement that fails stays, what came before it does.

        Raises:
            OothecaError: a statement failed.
        """
        session = self._session()
        self._result, self._rows, self.rowcount, self.tag, self.notices = None, iter(()), -1, "", ()
        for result in session.execute(bind(sql, parameters) if parameters else sql):
            self._result = result
            self.notices += result.notices
        if self._result is not None:
            self.tag = self._result.tag
            if self._result.columns is None:
                self.rowcount = _row_count(self.tag)
            else:
                self._rows = self._read(self._result)
        return self

    def executemany(self, sql: str, parameters: Sequence[Sequence[object]]) -> Cursor:
        """Run a script once for each set of parameters."""
        total = 0
        for item in parameters:
            self.execute(sql, item)
            total += max(self.rowcount, 0)
        self.rowcount = total
        return self

    def fetchone(self) -> Row | None:
        """Return the next row, or None."""
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return the next rows, at most `size`."""
        wanted = self.arraysize if size is None else size
        rows: list[Row] = []
        while len(rows) < wanted and (row := next(self._rows, None)) is not None:
            rows.append(row)
        return rows

    def fetchall(self) -> list[Row]:
        """Return all rows left."""
        return list(self._rows)

    def arrow(self) -> pa.Table:
        """Return all rows as an Arrow table, each column in one of the representations of `ootheca.types`.

        Raises:
            OothecaError: the statement had no rows to answer.
        """
        result = self._result
        if result is None or result.columns is None:
            raise OothecaError("the statement returned no rows", sqlstate="24000")
        batches = list(result.batches)
        if batches:
            return pa.Table.from_batches(batches)
        return pa.schema([pa.field(c.name, arrow_type(c.type)) for c in result.columns]).empty_table()

    def close(self) -> None:
        """Forget the results."""
        self._result, self._rows = None, iter(())

    def setinputsizes(self, sizes: Sequence[object]) -> None:
        """Do nothing: DB-API allows that."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing: DB-API allows that."""

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def _session(self) -> Session:
        self.connection._require_open()
        return self.connection.session

    def _read(self, result: Result) -> Iterator[Row]:
        assert result.columns is not None
        converters = [_converter(column.type) for column in result.columns]
        for batch in result.batches:
            columns = [
                _objects(column, convert) for column, convert in zip(batch.columns, converters, strict=True)
            ]
            yield from zip(*columns, strict=True)


def _objects(column: pa.Array, convert: Callable[[str], object] | None) -> list[Any]:
    try:
        values: list[Any] = column.to_pylist()
    except (OverflowError, ValueError) as exc:
        raise OothecaError(
            "a date or time lies outside of the years 1 to 9999, which are all that Python has",
            sqlstate="22008",
            hint="take the rows with arrow(), or convert the column to STRING",
        ) from exc
    if convert is None or not pa.types.is_string(column.type):
        return values
    return [convert(value) if value is not None else None for value in values]


def _row_count(tag: str) -> int:
    last = tag.rpartition(" ")[2]
    return int(last) if last.isdigit() else -1


def _converter(t: SQLType) -> Callable[[str], object] | None:
    """Return how a value in text representation becomes a Python object; None to leave it as text."""
    return Decimal if t.family is Family.DECIMAL else None


def bind(sql: str, parameters: Sequence[object]) -> str:
    """Return a script with `$n` replaced by parameters as literals; strings and comments are left alone.

    Raises:
        OothecaError: there is no such parameter.
        UnsupportedError: a Python type that has no literal.
    """
    from ootheca.sql.placeholders import fill_placeholders

    def literal(number: int) -> str:
        if not 1 <= number <= len(parameters):
            raise OothecaError(f"no value provided for placeholder: ${number}", sqlstate="08P01")
        return _literal(parameters[number - 1])

    return fill_placeholders(sql, literal)


def _literal(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int():
            digits = str(Decimal(value))  # of any length, which `str` of an integer does not write
            return digits if value >= 0 else f"({digits})"
        case str() | Path():
            return format_string(str(value))
        case bytes() | bytearray() | memoryview():
            return f"x'{bytes(value).hex()}'"
        case list() | tuple():
            return f"ARRAY[{', '.join(map(_literal, value))}]"
        case _:
            text, type_name = _typed_text(value)
            return f"{format_string(text)}::{type_name}"


def _typed_text(value: object) -> tuple[str, str]:
    """Return the text of a value, and the type that reads it back."""
    match value:
        case float():
            return repr(value), "FLOAT8"
        case Decimal():
            return str(value), "DECIMAL"
        case uuid.UUID():
            return str(value), "UUID"
        case datetime.datetime():
            return value.isoformat(sep=" "), "TIMESTAMP" if value.tzinfo is None else "TIMESTAMPTZ"
        case datetime.date():
            return value.isoformat(), "DATE"
        case datetime.time():
            return value.isoformat(), "TIME" if value.tzinfo is None else "TIMETZ"
        case datetime.timedelta():
            return f"{value / datetime.timedelta(microseconds=1):.0f} microseconds", "INTERVAL"
        case Mapping():
            return _json(value), "JSONB"
        case _:
            raise UnsupportedError(f"a parameter of type {type(value).__name__} has no literal")


def _json(value: Mapping[object, object]) -> str:
    try:
        return json.dumps(dict(value))
    except (TypeError, ValueError) as exc:  # a ValueError of what holds itself
        raise UnsupportedError("a parameter that is a mapping holds what JSON cannot say") from exc
