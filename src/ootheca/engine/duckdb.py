"""The table store on DuckDB: one file for rows, descriptors and metadata, so that one transaction covers them all.

A table `db.schema.t` is the DuckDB table `"db.schema"."t"`; what belongs to the store itself lies in the schema
`ootheca`. Reads run on a cursor of their own while the transaction has written nothing, so several can stream at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from ootheca.catalog.table import Table
from ootheca.clock import ZERO_TIMESTAMP, Timestamp
from ootheca.engine.base import NameResolver, QueryColumn, QueryResult, Source, TableName
from ootheca.engine.connection import Connection, Snapshot
from ootheca.engine.foreign import Fingerprints, is_as_left
from ootheca.engine.functions import Runtime
from ootheca.engine.metadata import Metadata, SequenceRow
from ootheca.engine.reads import NoNames, is_present, sequence_parts
from ootheca.engine.tables import Tables, full_name, temporary_name
from ootheca.engine.typed import Conversions, Typed
from ootheca.engine.typenames import duckdb_type, quote, schema_name, string_literal
from ootheca.engine.versions import Versions
from ootheca.errors import OothecaError, StorageError
from ootheca.types import STRING, Family

if TYPE_CHECKING:
    from ootheca.engine.dialect import Statement
    from ootheca.engine.queries import Queries, Query
    from ootheca.engine.scope import Relation

# What translates queries is imported where it is used: sqlglot takes longer to load than many a statement to run.
__all__ = ["STORE_FILE", "DuckDBEngine", "open_engine"]

STORE_FILE = (
    "store.duckdb"  # inside the directory; DuckDB names the catalog after it, and `ootheca` is a schema
)
_WRITES = ("insert", "update", "delete")
_SNAPSHOT_READERS = 8  # an index, what is interleaved in it, and their versions are read side by side


def open_engine(store: Path | None) -> DuckDBEngine:
    """Open the store in a directory, made if it is not there; None for one in memory.

    Raises:
        UnavailableError: another process has it open.
        StorageError: it cannot be opened.
    """
    if store is None:
        return DuckDBEngine.open(None)
    try:
        # The store holds rows in clear, and the secrets of external connections, schedules and unfinished jobs.
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise StorageError(
            f"cannot make the store's directory {store}: {exc.strerror}",
            hint="name a directory that can be written with --store",
        ) from exc
    return DuckDBEngine.open(store / STORE_FILE)


class DuckDBEngine:
    """The `Engine` of `base`."""

    def __init__(
        self,
        connection: Connection,
        path: Path | None = None,
        *,
        is_as_left: bool = True,
        owner: DuckDBEngine | None = None,
    ) -> None:
        self._connection = connection
        self._path = path
        self._owner = owner if owner is not None else self  # of the file
        self._snapshot: Snapshot | None = None
        self._runtime = connection.runtime
        self._metadata = Metadata(connection)
        if owner is None:
            self._metadata.create()
        self._fingerprints = Fingerprints(connection, path, is_as_left=is_as_left)
        self._tables = Tables(connection, self._fingerprints.touch)
        self.versions = Versions(connection, self._reader)
        if owner is None:
            self.versions.create()
        self._in_transaction = self._is_dirty = self._is_closed = self._gives_values = False
        self._now = ZERO_TIMESTAMP

    @classmethod
    def open(cls, path: Path | None) -> DuckDBEngine:
        """Open or create a store's file; None for a store in memory."""
        as_left = path is None or is_as_left(path)
        return cls(Connection.open(path, Runtime()), path, is_as_left=as_left)

    def sibling(self) -> DuckDBEngine:
        """Return another engine on the same store, with transactions of its own; the opened one closes last."""
        owner = self._owner  # whose connection takes those with it that were made from it
        owner._fingerprints.expect_others()
        return DuckDBEngine(owner._connection.separate(), self._path, owner=owner)

    # Transactions

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._in_transaction

    def begin(self, *, now: Timestamp | None = None) -> None:
        """Begin a transaction; all its writes and `now()` have that time, the machine's unless given."""
        self._connection.execute("BEGIN TRANSACTION")
        self._in_transaction, self._is_dirty = True, False
        self._now = now if now is not None else Timestamp(time.time_ns())
        self.versions.begin(self._now)

    def pin(self) -> None:
        """Have the transaction read the store as it is now to its end, while siblings write; it must not write."""
        self._snapshot = Snapshot(self._connection, _SNAPSHOT_READERS)

    def _unpin(self) -> None:
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is not None:
            snapshot.close()

    def commit(self) -> None:
        """Make all changes durable."""
        self._unpin()
        self._connection.execute("COMMIT")
        if self._is_dirty:
            self._fingerprints.note_state()
        self._in_transaction = self._is_dirty = False

    def rollback(self) -> None:
        """Undo all changes since `begin`; without a transaction it forgets what it remembers of the store."""
        self._unpin()
        if self._in_transaction:
            self._in_transaction = self._is_dirty = False
            self._connection.execute("ROLLBACK")
        self._tables.forget()
        self._fingerprints.forget_touched()
        self._metadata.take_changed()
        if self._gives_values:  # else they are a sibling's
            self._gives_values = False
            self._runtime.sequences.clear()

    def interrupt(self) -> None:
        """Stop the running statement from another thread; it ends with CanceledError."""
        self._connection.interrupt()

    def close(self) -> None:
        """Roll back and release the file."""
        if self._is_closed:
            return
        self._is_closed = True
        self.rollback()
        if self._owner is not self:
            self._connection.close()
            return
        with suppress(OothecaError):  # a file that cannot be read any more has nothing to compare
            self._fingerprints.complete()
        self._connection.close()
        self._fingerprints.note_state()

    # Metadata

    def load_descriptors(self) -> dict[int, bytes]:
        """Return every stored descriptor by id."""
        return self._metadata.load_descriptors()

    def store_descriptors(self, changes: Mapping[int, bytes | None]) -> None:
        """Write descriptors; None deletes one."""
        self._is_dirty = True
        self._metadata.store_descriptors(changes)

    def get_meta(self, key: str) -> str | None:
        """Return a stored setting."""
        return self._metadata.get(key)

    def put_meta(self, key: str, value: str | None) -> None:
        """Store a setting; None deletes it."""
        self._is_dirty = True
        self._metadata.put(key, value)

    # DDL

    def create_schema(self, database: str, schema: str) -> None:
        """Create a schema."""
        self._is_dirty = True
        self._metadata.create_schema(schema_name(TableName(database, schema, "")))

    def drop_schema(self, database: str, schema: str) -> None:
        """Drop a schema and all in it."""
        self._is_dirty = True
        self._metadata.drop_schema(database, schema)
        self._tables.forget()

    def create_table(
        self, name: TableName, table: Table, *, text_columns: frozenset[int] = frozenset()
    ) -> None:
        """Create an empty table."""
        self._is_dirty = True
        self._tables.create(name, table, text_columns)

    def drop_table(self, name: TableName) -> None:
        """Drop a table."""
        self._is_dirty = True
        self._tables.drop(name)

    def rename_table(self, name: TableName, new_name: TableName) -> None:
        """Rename a table."""
        self._is_dirty = True
        self._tables.rename(name, new_name)

    def truncate_table(self, name: TableName) -> None:
        """Delete all rows."""
        self._is_dirty = True
        self._fingerprints.touch(name)
        self._connection.execute(f"DELETE FROM {full_name(name)}")

    def add_column(self, name: TableName, table: Table, column_id: int, names: NameResolver) -> None:
        """Add a column, filled by its default or computed expression."""
        from ootheca.engine.applying import Applier
        from ootheca.engine.scope import Scope
        from ootheca.engine.staging import Stager, assign

        column = table.column_by_id[column_id]
        if column.is_virtual:
            return
        self._is_dirty = True
        self._tables.add_column(name, column)
        text = column.compute_expr if column.compute_expr is not None else column.default_expr
        if text is None:
            return
        # Other new columns may be in `table` already that are not there yet.
        physical = self._tables.physical(name)
        table = replace(table, columns=tuple(c for c in table.columns if c.name.lower() in physical))
        queries = self._queries(names, None, self._connection)
        stager = Stager(self._tables, queries)
        alias = queries.alias("t")
        from_, relation = queries.stored(name, table, "", alias)
        value = queries.scalar(text, Scope(None, [relation]))
        values = {
            c.name: v.value
            for c in table.columns
            if not c.is_virtual
            for v in relation.columns
            if v.name == c.name
        }
        values[column.name] = assign(queries.context.conversions, value, column, is_text=False)
        stage = stager.stage(name, table, values, f"FROM {from_}", identity=f"{alias}.rowid")
        Applier(self._tables, queries, self.versions, stager).fill(stage, column)
        stager.drop_all()
        self._flush_sequences()

    def drop_column(self, name: TableName, column: str) -> None:
        """Drop a column."""
        self._is_dirty = True
        self._tables.drop_column(name, column)

    def rename_column(self, name: TableName, column: str, new_name: str) -> None:
        """Rename a column."""
        self._is_dirty = True
        self._tables.rename_column(name, column, new_name)

    def refresh_column(self, name: TableName, table: Table, column_id: int) -> None:
        """Bring a column to the type that `table` now says, values converted through their text."""
        column = table.column_by_id[column_id]
        physical = self._tables.physical(name).get(column.name.lower())
        if physical is None:
            return
        self._is_dirty = True
        target, sql = duckdb_type(column.type), quote(column.name)
        if column.type.family is Family.ARRAY or physical.endswith("[]"):
            using = f"CAST({sql} AS {target})"
        elif column.type.family is Family.ENUM:
            using = f"CAST(CAST({sql} AS VARCHAR) AS {target})"
        else:
            conversions = Conversions(self._runtime, 3)
            value = conversions.convert(Typed(f"CAST({sql} AS VARCHAR)", STRING), column.type)
            using = value.sql
        self._tables.set_type(name, column.name, target, using)

    def rename_label(self, name: TableName, table: Table, column_id: int, old: str, new: str) -> None:
        """Replace an enum's label in a column."""
        column = table.column_by_id[column_id]
        if column.name.lower() not in self._tables.physical(name):
            return
        self._is_dirty = True
        sql, target = quote(column.name), duckdb_type(column.type)
        swap = f"CASE {{}} WHEN {string_literal(old)} THEN {string_literal(new)} ELSE {{}} END"
        if column.type.family is Family.ARRAY:
            using = f"CAST(list_transform(CAST({sql} AS VARCHAR[]), lambda x: {swap.format('x', 'x')}) AS {target})"
        else:
            text = f"CAST({sql} AS VARCHAR)"
            using = f"CAST({swap.format(text, text)} AS {target})"
        self._tables.set_type(name, column.name, target, using)

    def create_view(self, name: TableName, query: str) -> None:
        """Keep a view's query text."""
        self._is_dirty = True
        self._metadata.put_view(name, query)

    def drop_view(self, name: TableName) -> None:
        """Forget a view."""
        self._is_dirty = True
        self._metadata.drop_view(name)

    # Sequences

    def create_sequence(
        self, name: TableName, *, start: int, increment: int, min_value: int, max_value: int
    ) -> None:
        """Create a sequence that has not given a value yet."""
        self._is_dirty = True
        self._metadata.create_sequence(name, start, increment, min_value, max_value)

    def drop_sequence(self, name: TableName) -> None:
        """Drop a sequence."""
        self._is_dirty = True
        self._metadata.drop_sequence(name)

    def sequence_value(self, name: TableName) -> int:
        """Return the value last given, or start - increment."""
        return self._metadata.sequence(name).last

    def set_sequence_value(self, name: TableName, value: int) -> None:
        """Set the value last given."""
        self._is_dirty = True
        self._metadata.set_sequence(name, value)

    def note_sequences(self, find: Callable[[TableName], Table | None]) -> None:
        """Keep the versions of the sequences that the transaction made or changed."""
        for name, value in self._metadata.take_changed().items():
            table = find(name)
            if table is None or self.versions.note_first(table):
                continue
            now = SequenceRow(table, self.sequence_value(name))
            self.versions.note_changes(now if value is None else SequenceRow(table, value), now)

    # Rows as Arrow

    def insert(self, name: TableName, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        """Append rows as they are, unchecked, to a table that never had any, and return their number."""
        self._is_dirty = True
        self.versions.note_first(table)
        return self._tables.insert(name, table, batches, Conversions(self._runtime, 3))

    def scan(
        self,
        name: TableName,
        table: Table,
        column_ids: Sequence[int],
        *,
        order_by: Sequence[tuple[int, bool]] = (),
        where: str | None = None,
        names: NameResolver | None = None,
        batch_rows: int = 65536,
    ) -> Iterator[pa.RecordBatch]:
        """Stream columns of a table; a sequence is one row, whose only number is the value last given."""
        if table.is_sequence:
            return iter([SequenceRow(table, self.sequence_value(name)).read(column_ids)])
        names = names if names is not None else NoNames()
        from_, relation, condition = self._rows_of(name, table, where, names)
        by_name = {column.name: column.value for column in relation.columns}
        columns = [table.column_by_id[id_] for id_ in column_ids]
        conversions = Conversions.of(self._runtime, names)
        keys = [conversions.orderable(by_name[table.column_by_id[id_].name]) for id_, _ in order_by]
        ends = ["DESC NULLS LAST" if is_descending else "ASC NULLS FIRST" for _, is_descending in order_by]
        reader = self._reader()
        ascends = not any(is_down or table.column_by_id[id_].is_nullable for id_, is_down in order_by)
        if keys and ascends and self._tables.lie_in_order(keys, from_, reader):
            keys = []
        return self._tables.scan(
            columns,
            from_=from_,
            values=[by_name[column.name] for column in columns],
            where=condition,
            order=f" ORDER BY {', '.join(map(' '.join, zip(keys, ends, strict=True)))}" if keys else "",
            batch_rows=batch_rows,
            reader=reader,
            close_reader=reader is not self._connection,
        )

    def _rows_of(
        self, name: TableName, table: Table, where: str | None, names: NameResolver
    ) -> tuple[str, Relation, str]:
        """Return FROM, the relation and WHERE of a scan; what needs no translation does not load the translator."""
        from ootheca.engine.scope import Scope, stored_relation

        has_query = table.is_view and not table.is_materialized_view
        if where is None and not has_query and not any(column.is_virtual for column in table.columns):
            return *stored_relation(name, table, "t1", self._tables.physical(name)), ""
        queries = self._queries(names, None, self._connection)
        from_, relation = queries.stored(name, table)
        if where is None:
            return from_, relation, ""
        return from_, relation, f" WHERE {queries.scalar(where, Scope(None, [relation])).sql}"

    def representation(self, name: TableName, table: Table) -> frozenset[int]:
        """Return the ids of the columns that have the text representation now."""
        if table.is_sequence:
            return frozenset()
        return self._tables.representation(name, table)

    def was_changed_outside(self, name: TableName) -> bool:
        """Tell whether another program wrote to a table before the store was opened, as far as one can know."""
        return self._fingerprints.was_changed(name)

    def row_count(self, name: TableName) -> int:
        """Return the number of rows."""
        return int(self._connection.fetch(f"SELECT count(*) FROM {full_name(name)}")[0][0])

    def find_violation(self, name: TableName, table: Table, names: NameResolver) -> None:
        """Check all rows of a table; raise for the first violation."""
        from ootheca.engine.checks import Checks, Rows

        queries = self._queries(names, None, self._connection)
        from_, relation = queries.stored(name, table)
        rows = Rows(from_, relation)
        checks = Checks(self._connection, queries, name, table)
        checks.not_null(rows)
        checks.expressions(rows)
        checks.unique(rows, None)
        checks.references(rows, "insert")

    def sort_key_values(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Sort (key, value) by key on a cursor of its own, so that nothing else is in its way."""
        cursor = self._connection.cursor()
        table, source = temporary_name("sort"), temporary_name("rows")
        try:
            cursor.execute(f"CREATE TEMP TABLE {table} (key BLOB, value BLOB)")
            for batch in batches:
                cursor.register(source, pa.RecordBatchReader.from_batches(batch.schema, [batch]))
                cursor.execute(f"INSERT INTO {table} SELECT key, value FROM {source}")
                cursor.unregister(source)
            schema = pa.schema([("key", pa.large_binary()), ("value", pa.large_binary())])
            for batch in cursor.stream(f"SELECT key, value FROM {table} ORDER BY key"):
                yield batch.cast(schema)
        finally:
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
            cursor.close()

    # Queries

    def run(
        self,
        sql: str,
        names: NameResolver,
        *,
        sources: Mapping[str, Source] | None = None,
        past: Callable[[str], NameResolver] | None = None,
    ) -> QueryResult:
        """Run a query of CockroachDB's language."""
        from ootheca.engine.dialect import parse_query

        statement = parse_query(sql)
        as_of = statement.prepared.as_of
        if as_of is not None and not is_present(as_of):
            if past is None or statement.tree.key in _WRITES:
                raise OothecaError(
                    f"unimplemented: AS OF SYSTEM TIME {as_of} in this statement", sqlstate="0A000"
                )
            # What the past held is written beside the present, for this transaction to read.
            self._is_dirty = True
            return self._read(statement, past(as_of), sources or {})
        if statement.tree.key in _WRITES:
            if statement.prepared.is_explain:
                return self._explain_write(statement, names)
            return self._write(statement, names, sources or {})
        return self._read(statement, names, sources or {})

    def _read(self, statement: Statement, names: NameResolver, sources: Mapping[str, Source]) -> QueryResult:
        reader = self._reader()
        used: list[str] = []
        queries = self._queries(names, statement, reader, sources, used)
        query = queries.query(statement.tree)
        if statement.prepared.is_explain:
            return self._explain(query, reader)
        rows = reader.stream(query.sql, on_close=lambda: self._end_read(reader, used))
        if self._gives_values:
            rows.keep()
            self._flush_sequences()
        columns = tuple(QueryColumn(column.name, column.type) for column in query.columns)
        return QueryResult(columns, _named(rows, columns), "SELECT", None)

    def _end_read(self, reader: Connection, used: Sequence[str]) -> None:
        for name in used:
            reader.unregister(name)
        if reader is not self._connection:
            reader.close()

    def _explain(self, query: Query, reader: Connection) -> QueryResult:
        plan = str(reader.fetch(f"EXPLAIN {query.sql}")[0][1])
        if reader is not self._connection:
            reader.close()
        return _lines(plan.splitlines())

    def _explain_write(self, statement: Statement, names: NameResolver) -> QueryResult:
        """A write is several statements of DuckDB's, so that there is no one plan: what is written is named."""
        from ootheca.engine.writes import Writes

        queries = self._queries(names, statement, self._connection, {}, [])
        writes = Writes(self._tables, queries, self.versions)
        return _lines(writes.explain(statement.tree, is_upsert=statement.prepared.is_upsert))

    def _write(self, statement: Statement, names: NameResolver, sources: Mapping[str, Source]) -> QueryResult:
        from ootheca.engine.writes import Writes

        self._is_dirty = True
        used: list[str] = []
        queries = self._queries(names, statement, self._connection, sources, used)
        writes = Writes(self._tables, queries, self.versions, statement.rows)
        outcome = writes.run(statement.tree, is_upsert=statement.prepared.is_upsert)
        columns: tuple[QueryColumn, ...] | None = None
        batches: Iterator[pa.RecordBatch] = iter(())
        tag = f"{outcome.verb} {outcome.row_count}"
        if outcome.returning is not None:
            columns = tuple(QueryColumn(column.name, column.type) for column in outcome.returning.columns)
            rows = self._connection.stream(outcome.returning.sql)
            rows.keep()  # the stage is about to go
            batches, tag = _named(rows, columns), outcome.verb
        writes.stager.drop_all()
        for name in used:
            self._connection.unregister(name)
        self._flush_sequences()
        return QueryResult(columns, batches, tag, outcome.row_count)

    def _queries(
        self,
        names: NameResolver,
        statement: Statement | None,
        reader: Connection,
        sources: Mapping[str, Source] | None = None,
        used: list[str] | None = None,
    ) -> Queries:
        from ootheca.engine.context import Context
        from ootheca.engine.queries import Queries
        from ootheca.engine.texts import is_int64

        def use_sequence(text: str) -> str:
            by_id = is_int64(text)
            name, _ = names.resolve_id(int(text)) if by_id else names.resolve(sequence_parts(text))
            self._gives_values = True
            return self._metadata.use_sequence(name, self._runtime)

        def use_source(key: str) -> str:
            source = (sources or {})[key]
            name = temporary_name("source")
            renamed = pa.schema([pa.field(f"c{i + 1}", f.type) for i, f in enumerate(source.batches.schema)])
            batches = (pa.RecordBatch.from_arrays(batch.columns, schema=renamed) for batch in source.batches)
            reader.register(name, pa.Table.from_batches(batches, schema=renamed))
            if used is not None:
                used.append(name)
            return name

        self._metadata.load_rowid(self._runtime)
        context = Context(
            self._runtime, names, self._now, self._tables.physical, self._metadata.view, use_sequence
        )
        if statement is not None:
            context = context.for_statement(statement)
        return Queries(context, sources or {}, use_source)

    def _reader(self) -> Connection:
        """Return a connection to read from: a new one, that streams beside others, while nothing was written."""
        if self._snapshot is not None:
            return self._snapshot.reader()
        return self._connection if self._is_dirty else self._connection.cursor()

    def _flush_sequences(self) -> None:
        """Write back what `nextval` and `unique_rowid` gave away."""
        self._gives_values = False
        if self._metadata.flush(self._runtime):
            self._is_dirty = True


def _lines(lines: Sequence[str]) -> QueryResult:
    """Return the answer of EXPLAIN."""
    batch = pa.RecordBatch.from_pydict({"info": pa.array(lines, pa.string())})
    return QueryResult((QueryColumn("info", STRING),), iter((batch,)), "EXPLAIN", None)


def _named(rows: Iterable[pa.RecordBatch], columns: Sequence[QueryColumn]) -> Iterator[pa.RecordBatch]:
    """Yield batches under the user's column names."""
    for batch in rows:
        fields = [pa.field(c.name, a.type) for c, a in zip(columns, batch.columns, strict=True)]
        yield pa.RecordBatch.from_arrays(batch.columns, schema=pa.schema(fields))
