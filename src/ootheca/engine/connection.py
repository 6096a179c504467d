"""The only door to DuckDB: one connection with its settings, results as streams, errors in our words."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from duckdb.func import FunctionNullHandling, PythonUDFType

from ootheca.engine.functions import FUNCTIONS, Runtime
from ootheca.errors import CanceledError, InternalError, OothecaError, StorageError, UnavailableError

__all__ = ["Connection", "Rows"]

# DuckDB keeps to this much memory and spills the rest beside the file.
MEMORY_LIMIT = "512MiB"
_FACTS = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "arrow_lossless_conversion": "true",
    "memory_limit": MEMORY_LIMIT,
}


_HOLDER = re.compile(r"PID (\d+)")
_PATIENCE_SECONDS = 3.0  # a short job of a session that has closed ends sooner
_PAUSE_SECONDS = 0.1


class Rows:
    """A stream of record batches that lets its connection go on: what was not read by then is kept in memory."""

    def __init__(
        self, reader: pa.RecordBatchReader, connection: Connection, on_close: Callable[[], None]
    ) -> None:
        self._reader = reader
        self._connection = connection
        self._on_close = on_close
        self._kept: list[pa.RecordBatch] = []
        self._is_done = False
        self.schema: pa.Schema = pa.schema([pa.field(f.name, _plain_type(f.type)) for f in reader.schema])

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        if self._kept:
            return self._kept.pop(0)
        return self._pull()

    def _pull(self) -> pa.RecordBatch:
        if self._is_done:
            raise StopIteration
        try:
            batch = self._reader.read_next_batch()
        except StopIteration:
            self.close()
            raise
        except (duckdb.Error, pa.ArrowException, OSError, RuntimeError) as exc:
            self.close()
            self._connection.fail(exc)
        return plain_batch(batch, self.schema)

    def keep(self) -> None:
        """Read what is left into memory."""
        while not self._is_done:
            try:
                self._kept.append(self._pull())
            except StopIteration:
                return

    def close(self) -> None:
        """Stop reading; a second call does nothing."""
        if not self._is_done:
            self._is_done = True
            self._reader.close()
            self._on_close()


class Snapshot:
    """A few connections that see the database as it is now, whatever is committed from now on.

    Args:
        owner: whose transaction belongs to them; what finds none of them free reads there, whole results at once.
    """

    def __init__(self, owner: Connection, size: int) -> None:
        self._owner = owner
        self._all = [owner.cursor() for _ in range(size)]
        for each in self._all:
            each.execute("BEGIN TRANSACTION")
        for each in (owner, *self._all):
            each.fetch("SELECT count(*) FROM ootheca.meta")  # a transaction begins with its first look
        self._free = [_Lent(each, self._free_again) for each in self._all]

    def reader(self) -> Connection:
        """Return a connection; `close` gives it back."""
        return self._free.pop() if self._free else self._owner

    def close(self) -> None:
        """End the transactions."""
        for each in self._all:
            each.close()

    def _free_again(self, lent: _Lent) -> None:
        if lent not in self._free:
            self._free.append(lent)


class Connection:
    """A DuckDB connection. `main` ones own the file; `cursor()` makes others that see what is committed."""

    def __init__(
        self,
        raw: duckdb.DuckDBPyConnection,
        runtime: Runtime,
        siblings: set[weakref.ref[Connection]] | None = None,
    ) -> None:
        self._raw = raw
        self.runtime = runtime
        # All open cursors of one engine: an interrupt is meant for whichever of them runs something.
        self._siblings = set() if siblings is None else siblings
        self._siblings.add(weakref.ref(self, self._siblings.discard))
        self._open: Rows | None = None
        self._is_closed = False

    @classmethod
    def open(cls, path: Path | None, runtime: Runtime) -> Connection:
        """Open or create a file; None for a store in memory.

        Raises:
            StorageError: another process has it open, or it cannot be opened.
        """
        # Arrow's own pool keeps what was freed, more with every row; the system's gives it back, and is no slower.
        pa.set_memory_pool(pa.system_memory_pool())
        facts: dict[str, str | bool | int | float | list[str]] = dict(_FACTS)
        if path is None:
            facts["temp_directory"] = os.path.join(tempfile.gettempdir(), f"ootheca-{os.getpid()}.tmp")  # noqa: PTH118
        try:
            raw = _connect(":memory:" if path is None else str(path), facts)
        except duckdb.IOException as exc:
            if _is_locked(exc):
                holder = _HOLDER.search(str(exc))
                raise UnavailableError(
                    f"the store is in use by another process{f' (PID {holder[1]})' if holder else ''}",
                    hint="close the other session, wait for its jobs, or name another directory with --store",
                    location=str(path),
                ) from exc
            raise StorageError(f"cannot open the store: {_first_line(exc)}", location=str(path)) from exc
        except duckdb.Error as exc:
            raise StorageError(f"cannot open the store: {_first_line(exc)}", location=str(path)) from exc
        connection = cls(raw, runtime)
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        for function in FUNCTIONS:
            raw.create_function(
                function.name,
                function.vectorised(runtime),
                list(function.parameters),
                function.returns,
                type=PythonUDFType.ARROW,
                null_handling=FunctionNullHandling.SPECIAL,
                side_effects=function.is_volatile,
            )
        return connection

    def cursor(self) -> Connection:
        """Return another connection to the same database, with transactions of its own."""
        return Connection(self._raw.cursor(), self.runtime, self._siblings)

    def separate(self) -> Connection:
        """Return another connection to the same database that an interrupt of this one leaves alone."""
        return Connection(self._raw.cursor(), self.runtime)

    def interrupt(self) -> None:
        """Stop what runs on this connection and on its cursors, from another thread."""
        for reference in tuple(self._siblings):
            connection = reference()
            if connection is not None and not connection._is_closed:
                connection._raw.interrupt()

    def close(self) -> None:
        """Close; open results end."""
        self._is_closed = True
        if self._open is not None:
            self._open.close()
        self._raw.close()

    def execute(self, sql: str, params: Sequence[object] | None = None) -> int:
        """Run a statement for its effect; return the number of rows that it changed (0 where that means nothing)."""
        rows = self.fetch(sql, params)
        return int(rows[0][0]) if rows and len(rows[0]) == 1 and isinstance(rows[0][0], int) else 0

    def fetch(self, sql: str, params: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows as Python values: for the store's own small tables."""
        self._yield_open()
        self.runtime.error = None
        try:
            result = self._raw.execute(sql, params) if params is not None else self._raw.execute(sql)
            return list(result.fetchall())
        except (duckdb.Error, OSError) as exc:
            self.fail(exc)

    def stream(self, sql: str, batch_rows: int = 65536, on_close: Callable[[], None] = lambda: None) -> Rows:
        """Run a query and return its rows as a stream."""
        self._yield_open()
        self.runtime.error = None
        try:
            relation = self._raw.sql(sql)
            if relation is None:
                raise InternalError("a query without rows was streamed")
            reader = relation.to_arrow_reader(batch_rows)
        except (duckdb.Error, OSError) as exc:
            self.fail(exc)

        def closed() -> None:
            self._open = None
            on_close()

        rows = Rows(reader, self, closed)
        self._open = rows
        return rows

    def register(self, name: str, source: pa.RecordBatchReader | pa.Table) -> None:
        """Make an Arrow source readable under a name."""
        self._yield_open()
        self._raw.register(name, source)

    def unregister(self, name: str) -> None:
        """Forget an Arrow source."""
        with contextlib.suppress(duckdb.Error):
            self._raw.unregister(name)

    def _yield_open(self) -> None:
        """DuckDB refuses a statement while a result is open: read the rest of it first."""
        if self._open is not None:
            self._open.keep()

    def fail(self, exc: BaseException) -> NoReturn:
        """Raise our error for one of DuckDB's."""
        own, self.runtime.error = self.runtime.error, None
        if own is not None:
            raise own from exc
        raise _translate(exc) from exc


def _connect(name: str, facts: dict[str, str | bool | int | float | list[str]]) -> duckdb.DuckDBPyConnection:
    """Open a database; one that another process is about to let go of is waited for."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return duckdb.connect(name, config=facts)
        except duckdb.IOException as exc:
            if not _is_locked(exc) or time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE_SECONDS)


def _is_locked(exc: duckdb.IOException) -> bool:
    return "lock" in str(exc).lower()


class _Lent(Connection):
    """A connection of a snapshot, which goes back to it when it is closed."""

    def __init__(self, lender: Connection, give_back: Callable[[_Lent], None]) -> None:
        super().__init__(lender._raw, lender.runtime)
        self._give_back = give_back

    def close(self) -> None:
        """End open results and give the connection back."""
        if self._open is not None:
            self._open.close()
        self._give_back(self)


def _first_line(exc: BaseException) -> str:
    """Return what went wrong without DuckDB's class, source text and suggestions."""
    line = str(exc).strip().splitlines()[0] if str(exc).strip() else type(exc).__name__
    return re.sub(r"^[A-Z][A-Za-z ]+ Error: ", "", line)


_WORDS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"[Oo]verflow in (addition|subtraction|multiplication)"), "integer out of range", "22003"),
    (re.compile(r"out of range", re.IGNORECASE), "numeric value out of range", "22003"),
    (re.compile(r"[Dd]ivision by zero"), "division by zero", "22012"),
    (re.compile(r'column "?([^" ]+)"? must appear in the GROUP BY'),
     "a column must appear in the GROUP BY clause or be used in an aggregate function", "42803"),
    (re.compile(r"More than one row returned by a subquery"),
     "more than one row returned by a subquery used as an expression", "21000"),
    (re.compile(r"transaction is aborted"),
     "current transaction is aborted, commands ignored until end of transaction block", "25P02"),
)  # fmt: skip


def _translate(exc: BaseException) -> OothecaError:
    text = str(exc)
    for pattern, words, sqlstate in _WORDS:
        if pattern.search(text):
            return OothecaError(words, sqlstate=sqlstate)
    line = _first_line(exc)
    match exc:
        case duckdb.InterruptException() | KeyboardInterrupt():
            return CanceledError("query execution canceled")
        case duckdb.OutOfMemoryException():
            return OothecaError("memory budget exceeded", sqlstate="53200", detail=line)
        case duckdb.IOException() | duckdb.FatalException():
            return StorageError(f"the store failed: {line}")
        case duckdb.ConversionException() | duckdb.InvalidInputException():
            return OothecaError(line[:1].lower() + line[1:], sqlstate="22P02")
        case duckdb.OutOfRangeException():
            return OothecaError("numeric value out of range", sqlstate="22003", detail=line)
        case duckdb.BinderException() | duckdb.NotImplementedException() | duckdb.CatalogException():
            return OothecaError("unimplemented: this query", sqlstate="0A000", detail=line)
        case _:
            return InternalError(f"the store failed: {line}", hint="please report this with the statement")


# Arrow: DuckDB's extension types to those of `ootheca.types`


def _plain_type(t: pa.DataType) -> pa.DataType:
    if pa.types.is_list(t):
        return pa.list_(_plain_type(t.value_type))
    if isinstance(t, pa.Bool8Type):
        return pa.bool_()
    if isinstance(t, pa.UuidType):
        return t
    if isinstance(t, pa.BaseExtensionType):
        return t.storage_type
    return pa.string() if pa.types.is_dictionary(t) else t


def _plain_array(array: pa.Array, t: pa.DataType) -> pa.Array:
    if array.type == t:
        return array
    if pa.types.is_list(array.type):
        values = _plain_array(array.flatten(), t.value_type)
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
        return pa.ListArray.from_arrays(offsets, values, mask=pc.is_null(array))
    if isinstance(array.type, pa.Bool8Type):
        return array.storage.cast(pa.bool_())
    if isinstance(array.type, pa.BaseExtensionType):
        return array.storage
    return array.cast(t)


def plain_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch of DuckDB's in plain Arrow types."""
    arrays = [_plain_array(array, f.type) for array, f in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
