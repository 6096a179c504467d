"""Tables in DuckDB: their columns, representations, and rows in and out as Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

import duckdb
import pyarrow as pa

from ootheca.catalog.table import Column, Table
from ootheca.engine.base import TableName
from ootheca.engine.connection import Connection
from ootheca.engine.typed import Conversions, Typed
from ootheca.engine.typenames import (
    duckdb_type,
    is_text_column,
    quote,
    schema_name,
    string_literal,
    text_duckdb_type,
)
from ootheca.errors import InternalError, OothecaError, UndefinedTableError, UnsupportedError
from ootheca.types import Family, arrow_type

__all__ = ["Tables", "full_name"]

_names = count(1)
_INSERT_ROWS = 122_880  # DuckDB's row group: smaller batches are joined before they go in


def full_name(name: TableName) -> str:
    """Return the quoted DuckDB name of a table."""
    return f"{quote(schema_name(name))}.{quote(name.name)}"


def temporary_name(prefix: str) -> str:
    """Return a name that nothing else has in this process."""
    return f"oo_{prefix}_{next(_names)}"


class Tables:
    """DDL and Arrow input and output over one connection.

    DuckDB's constraints and indexes are not used: what CockroachDB checks is checked by `writes` and `checks`, with
    its words and its notion of equality (1.0 and 1.00 are one key), and loading needs no index in memory.

    Args:
        touch: is told of every table whose columns or rows are about to change.
    """

    def __init__(self, connection: Connection, touch: Callable[[TableName], None]) -> None:
        self.connection = connection
        self.touch = touch
        self._physical: dict[TableName, dict[str, str]] = {}
        self._names: dict[str, dict[str, str]] = {}  # by schema: tables by lower-case name

    def forget(self) -> None:
        """Drop what is remembered of tables and columns: after a rollback."""
        self._physical.clear()
        self._names.clear()

    def physical(self, name: TableName) -> dict[str, str]:
        """Return the DuckDB type of each column, by lower-case name.

        Raises:
            UndefinedTableError: the store has no such table.
        """
        known = self._physical.get(name)
        if known is None:
            try:
                rows = self.connection.fetch(f"DESCRIBE {full_name(name)}")
            except OothecaError as exc:
                if not isinstance(exc.__cause__, duckdb.CatalogException):
                    raise
                shown = f"{name.database}.{name.schema}.{name.name}"
                raise UndefinedTableError(f'relation "{shown}" does not exist') from exc
            known = self._physical[name] = {column.lower(): kind for column, kind, *_ in rows}
        return known

    def representation(self, name: TableName, table: Table) -> frozenset[int]:
        """Return the ids of columns that have the text representation."""
        physical = self.physical(name)
        return frozenset(
            column.id
            for column in table.columns
            if not column.is_virtual and is_text_column(column.type, physical.get(column.name.lower(), ""))
        )

    # DDL

    def create(self, name: TableName, table: Table, text_columns: frozenset[int]) -> None:
        """Create an empty table."""
        columns = [column for column in table.columns if not column.is_virtual]
        refuse_case_clashes([column.name for column in columns], "columns")
        self._refuse_other_case(name)
        body = ", ".join(f"{quote(c.name)} {self._type_of(c, c.id in text_columns)}" for c in columns)
        self.connection.execute(f"CREATE TABLE {full_name(name)} ({body or 'oo_none BOOLEAN'})")
        self._note_name(name)

    @staticmethod
    def _type_of(column: Column, is_text: bool) -> str:
        return text_duckdb_type(column.type) if is_text else duckdb_type(column.type)

    def _refuse_other_case(self, name: TableName) -> None:
        schema = schema_name(name)
        if schema not in self._names:
            rows = self.connection.fetch(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = ?", [schema]
            )
            self._names[schema] = {known.lower(): known for (known,) in rows}
        other = self._names[schema].get(name.name.lower(), name.name)
        if other != name.name:
            raise UnsupportedError(
                f'relations "{other}" and "{name.name}" differ only in case',
                hint="rename one of them: the embedded store does not tell them apart",
            )

    def _note_name(self, name: TableName) -> None:
        self._physical.pop(name, None)
        self._names.get(schema_name(name), {})[name.name.lower()] = name.name

    def _forget_name(self, name: TableName) -> None:
        self._physical.pop(name, None)
        self._names.get(schema_name(name), {}).pop(name.name.lower(), None)

    def drop(self, name: TableName) -> None:
        """Drop a table."""
        self.touch(name)
        self.connection.execute(f"DROP TABLE {full_name(name)}")
        self._forget_name(name)

    def rename(self, name: TableName, new_name: TableName) -> None:
        """Rename a table; DuckDB cannot move one between schemas, so that is a copy."""
        self.touch(name)
        self.touch(new_name)
        if name.name.lower() != new_name.name.lower() or schema_name(name) != schema_name(new_name):
            self._refuse_other_case(new_name)
        if schema_name(name) == schema_name(new_name):
            self.connection.execute(f"ALTER TABLE {full_name(name)} RENAME TO {quote(new_name.name)}")
        else:
            self.connection.execute(f"CREATE TABLE {full_name(new_name)} AS SELECT * FROM {full_name(name)}")
            self.connection.execute(f"DROP TABLE {full_name(name)}")
        self._forget_name(name)
        self._note_name(new_name)

    def add_column(self, name: TableName, column: Column) -> None:
        """Add a column of NULLs."""
        self.touch(name)
        if column.name.lower() in self.physical(name):
            raise UnsupportedError(
                f'columns that differ only in case: "{column.name}"',
                hint="rename one of them: the embedded store does not tell them apart",
            )
        self.connection.execute(
            f"ALTER TABLE {full_name(name)} ADD COLUMN {quote(column.name)} {duckdb_type(column.type)}"
        )
        self._physical.pop(name, None)

    def drop_column(self, name: TableName, column: str) -> None:
        """Drop a column; a virtual one is not there, and DuckDB's last one becomes a placeholder."""
        physical = self.physical(name)
        if column.lower() not in physical:
            return
        self.touch(name)
        if len(physical) == 1:
            self.connection.execute(f"ALTER TABLE {full_name(name)} ADD COLUMN oo_none BOOLEAN")
        self.connection.execute(f"ALTER TABLE {full_name(name)} DROP COLUMN {quote(column)}")
        self._physical.pop(name, None)

    def rename_column(self, name: TableName, column: str, new_name: str) -> None:
        """Rename a column; a virtual one is not there."""
        if column.lower() not in self.physical(name):
            return
        if new_name.lower() in self.physical(name) and new_name.lower() != column.lower():
            raise UnsupportedError(f'columns that differ only in case: "{new_name}"')
        self.connection.execute(
            f"ALTER TABLE {full_name(name)} RENAME COLUMN {quote(column)} TO {quote(new_name)}"
        )
        self._physical.pop(name, None)

    def set_type(self, name: TableName, column: str, kind: str, using: str) -> None:
        """Give a column another DuckDB type."""
        self.touch(name)
        self.connection.execute(
            f"ALTER TABLE {full_name(name)} ALTER COLUMN {quote(column)} TYPE {kind} USING {using}"
        )
        self._physical.pop(name, None)

    def to_text(self, name: TableName, column: Column, conversions: Conversions) -> None:
        """Switch a column to the text representation."""
        value = self.value(column, quote(column.name), is_text=False)
        self.set_type(name, column.name, text_duckdb_type(column.type), conversions.text(value).sql)

    @staticmethod
    def value(column: Column, sql: str, *, is_text: bool) -> Typed:
        """Return a column's value under a DuckDB text."""
        sql = f"CAST({sql} AS VARCHAR)" if column.type.family is Family.JSON else sql
        return Typed(sql, column.type, is_text)

    # Arrow

    def insert(
        self, name: TableName, table: Table, batches: Iterable[pa.RecordBatch], conversions: Conversions
    ) -> int:
        """Append rows. An error of the source leaves the transaction usable, with some of the rows in it."""
        by_name = {column.name: column for column in table.columns if not column.is_virtual}
        held: list[pa.RecordBatch] = []
        num_rows = 0
        for batch in batches:
            if held and batch.schema != held[0].schema:
                num_rows += self._append(name, by_name, held, conversions)
                held = []
            held.append(batch)
            if sum(b.num_rows for b in held) >= _INSERT_ROWS:
                num_rows += self._append(name, by_name, held, conversions)
                held = []
        return num_rows + (self._append(name, by_name, held, conversions) if held else 0)

    def _append(
        self,
        name: TableName,
        columns: dict[str, Column],
        batches: list[pa.RecordBatch],
        conversions: Conversions,
    ) -> int:
        rows: int = sum(batch.num_rows for batch in batches)
        if not rows:
            return 0
        self.touch(name)
        schema = batches[0].schema
        source = temporary_name("rows")
        targets, values = [], []
        for f in schema:
            column = columns.get(f.name)
            if column is None:
                raise InternalError(f'rows for table "{name.name}" have a column "{f.name}" that it has not')
            targets.append(quote(f.name))
            values.append(self._incoming(name, column, f.type, conversions))
        # DuckDB keeps what was registered until the transaction ends; a reader that was read to its end holds no rows.
        self.connection.register(source, pa.RecordBatchReader.from_batches(schema, iter(batches)))
        try:
            self.connection.execute(
                f"INSERT INTO {full_name(name)} ({', '.join(targets) or 'oo_none'}) "
                f"SELECT {', '.join(values) or 'NULL'} FROM {source}"
            )
        finally:
            self.connection.unregister(source)
        return rows

    def _incoming(self, name: TableName, column: Column, arrow: pa.DataType, conversions: Conversions) -> str:
        """Return how an arriving column goes in; a text column turns a native one of the table into text."""
        sql = quote(column.name)
        native = arrow_type(column.type)
        arrives_as_text = arrow != native and (pa.types.is_string(arrow) or _is_text_list(arrow))
        is_text = is_text_column(column.type, self.physical(name)[column.name.lower()])
        if arrives_as_text and not is_text:
            self.to_text(name, column, conversions)
            is_text = True
        if is_text and not arrives_as_text and native != arrow_type_of_text(column):
            return conversions.text(Typed(sql, column.type)).sql
        if (column.type.family is Family.ENUM and not is_text) or (
            column.type.family is Family.ARRAY and not is_text
        ):
            sql = f"CAST({sql} AS {duckdb_type(column.type)})"
        return sql

    @staticmethod
    def lie_in_order(keys: Sequence[str], from_: str, reader: Connection) -> bool:
        """Tell whether rows lie as expressions that are never NULL would sort them: one look beside a sort of the rows.

        Rows come in the order in which they were inserted, unless a query says otherwise.
        """
        before = f"SELECT key, lag(key) OVER () AS previous FROM (SELECT row({', '.join(keys)}) AS key FROM {from_})"
        return not reader.fetch(f"SELECT 1 FROM ({before}) WHERE key < previous LIMIT 1")

    def scan(
        self,
        columns: Sequence[Column],
        *,
        from_: str,
        values: Sequence[Typed],
        where: str,
        order: str,
        batch_rows: int,
        reader: Connection,
        close_reader: bool,
    ) -> Iterator[pa.RecordBatch]:
        """Stream columns of a table, named as the table names them."""
        items = (
            ", ".join(f"{self._outgoing(value)} AS c{i}" for i, value in enumerate(values)) or "NULL AS c0"
        )
        rows = reader.stream(
            f"SELECT {items} FROM {from_}{where}{order}",
            batch_rows,
            reader.close if close_reader else lambda: None,
        )
        names = [column.name for column in columns]
        for batch in rows:
            arrays = batch.columns if names else []
            fields = [pa.field(n, a.type) for n, a in zip(names, arrays, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

    @staticmethod
    def _outgoing(value: Typed) -> str:
        t = value.type
        if value.is_text:
            return value.sql
        if t.family is Family.ENUM:
            return f"CAST({value.sql} AS VARCHAR)"
        if (
            t.family is Family.ARRAY
            and t.element is not None
            and t.element.family in {Family.ENUM, Family.JSON}
        ):
            return f"CAST({value.sql} AS VARCHAR[])"
        return value.sql


def _is_text_list(arrow: pa.DataType) -> bool:
    return bool(pa.types.is_list(arrow) and pa.types.is_string(arrow.value_type))


def arrow_type_of_text(column: Column) -> pa.DataType:
    """Return the Arrow type of the column's text representation."""
    return pa.list_(pa.string()) if column.type.family is Family.ARRAY else pa.string()


def refuse_case_clashes(names: Sequence[str], what: str) -> None:
    """Refuse names that DuckDB cannot tell apart.

    Raises:
        UnsupportedError: two differ only in case.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other is not name and other != name:
            raise UnsupportedError(
                f"{what} {string_literal(other)} and {string_literal(name)} differ only in case",
                hint="rename one of them: the embedded store does not tell them apart",
            )
