"""The table store on DuckDB: one file for rows, descriptors and metadata, so that one transaction covers them all.

A table `db.schema.t` is the DuckDB table `"db.schema"."t"`; what belongs to the store itself lies in the schema
`ootheca`. Reads run on a cursor of their own while the transaction has written nothing, so several can stream at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from ootheca.catalog.table import Table
from ootheca.engine.base import NameResolver, TableName
from ootheca.engine.metadata import SequenceRow
from ootheca.engine.reads import NoNames
from ootheca.engine.statements import Statements
from ootheca.engine.tables import full_name, temporary_name
from ootheca.engine.typed import Conversions, Typed
from ootheca.engine.typenames import duckdb_type, quote, schema_name, string_literal
from ootheca.errors import StorageError
from ootheca.types import STRING, Family

if TYPE_CHECKING:
    from ootheca.engine.scope import Relation

# What translates queries is imported where it is used: sqlglot takes longer to load than many a statement to run.
__all__ = ["STORE_FILE", "DuckDBEngine", "open_engine"]

STORE_FILE = "store.duckdb"
"""Inside the directory. DuckDB names the catalog after it, and `ootheca` is a schema."""


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


class DuckDBEngine(Statements):
    """The `Engine` of `base`."""

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
