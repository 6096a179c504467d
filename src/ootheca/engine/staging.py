"""Rows on their way into a table: a temporary table whose columns are the target's, ready to be checked and applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from ootheca.catalog.table import Column, Table
from ootheca.engine.base import TableName
from ootheca.engine.checks import Rows
from ootheca.engine.queries import Queries
from ootheca.engine.scope import Relation, Scope, ScopeColumn
from ootheca.engine.tables import Tables, full_name, temporary_name
from ootheca.engine.typed import NULL, NUMBERS, STRINGS, TIMES, Conversions, Typed, same_type
from ootheca.engine.typenames import is_text_column, quote
from ootheca.errors import OothecaError
from ootheca.types import Family

__all__ = ["Stage", "Stager", "assign"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A temporary table. Its columns are the target's stored ones, `oo_row` (their order) and, for rows that replace
    stored ones, `oo_id`.

    Attributes:
        text: names of the columns that hold text.
    """

    sql_name: str
    name: TableName
    table: Table
    text: frozenset[str]
    replaces: bool
    row_count: int

    def relation(self, queries: Queries, alias: str, shown_as: str) -> Relation:
        """Return the stage as a relation, virtual columns included."""
        relation = Relation(shown_as, [], (), self.name, self.table)
        for column in self.table.columns:
            if not column.is_virtual:
                value = Tables.value(
                    column, f"{alias}.{quote(column.name)}", is_text=column.name in self.text
                )
                relation.columns.append(ScopeColumn(column.name, value, column.is_hidden))
        queries.add_virtual(relation, self.table)
        return relation

    def rows(self, queries: Queries) -> Rows:
        """Return the stage for checks."""
        alias = queries.alias("n")
        relation = self.relation(queries, alias, self.name.name)
        return Rows(f"{self.sql_name} AS {alias}", relation, f"{alias}.oo_id" if self.replaces else None)


def assign(conversions: Conversions, value: Typed, column: Column, *, is_text: bool) -> Typed:
    """Return a value as it goes into a column: constants by the column's type, others only if their kind fits.

    A value that only has a text stays one, even where the column is native: `Stager` decides.
    """
    flexible = value.is_null or value.constant is not None or value.number is not None
    kinds = {value.type.family, column.type.family}
    allowed = flexible or same_type(value.type, column.type) or kinds <= NUMBERS or kinds <= TIMES
    allowed = allowed or column.type.family in STRINGS or kinds == {Family.INT, Family.OID}
    if value.number is not None and column.type.family not in NUMBERS | STRINGS | {Family.OID}:
        allowed = False
    if not allowed:
        raise OothecaError(
            f"value type {value.type.name.lower().replace('int8', 'int').replace('float8', 'float')} doesn't match "
            f'type {column.type.name.lower()} of column "{column.name}"',
            sqlstate="42804",
        )
    made = conversions.convert(value, column.type)
    if value.is_null:
        made = replace(made, sql="NULL", is_text=is_text)
    return conversions.text(made) if is_text and column.type.family not in STRINGS else made


class Stager:
    """Makes stages of one statement, and applies them."""

    def __init__(self, tables: Tables, queries: Queries) -> None:
        self._tables = tables
        self._connection = tables.connection
        self._queries = queries
        self._conversions = queries.context.conversions
        self._made: list[str] = []
        self._sources: list[str] = []

    def drop_all(self) -> None:
        """Drop the temporary tables and forget the sources."""
        for name in self._sources:
            self._connection.unregister(name)
        self._sources.clear()
        for name in self._made:
            self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        self._made.clear()

    def source(self, table: pa.Table) -> str:
        """Make an Arrow table readable while the statement runs; return its name."""
        name = temporary_name("source")
        self._connection.register(name, table)
        self._sources.append(name)
        return name

    def temporary(self, sql: str) -> tuple[str, int]:
        """Make a temporary table of a query; return its name and number of rows."""
        name = temporary_name("stage")
        count = self._connection.execute(f"CREATE TEMP TABLE {name} AS {sql}")
        self._made.append(name)
        return name, count

    def is_text(self, name: TableName, column: Column) -> bool:
        """Tell whether a stored column is text now."""
        return is_text_column(column.type, self._tables.physical(name).get(column.name.lower(), ""))

    def default(self, column: Column) -> Typed:
        """Return what a column holds where nothing is said."""
        if column.default_expr is None:
            return NULL
        return self._queries.scalar(column.default_expr, Scope())

    def assigned(self, name: TableName, column: Column, value: Typed) -> Typed:
        """Return a value as it goes into a column of a table; errors as for `assign`."""
        return assign(self._conversions, value, column, is_text=self.is_text(name, column))

    def stage(
        self,
        name: TableName,
        table: Table,
        values: dict[str, Typed],
        from_: str,
        *,
        identity: str | None = None,
    ) -> Stage:
        """Compute rows into a stage: `values` by column name, the computed columns from them.

        Args:
            from_: what follows SELECT's list, from FROM on.
            identity: the expression of the replaced row.
        """
        alias = self._queries.alias("r")
        stored = [column for column in table.columns if not column.is_virtual]
        plain = [c for c in stored if c.name in values]
        items = [f"{values[c.name].sql} AS {quote(c.name)}" for c in plain]
        items.append("row_number() OVER () AS oo_row")
        if identity is not None:
            items.append(f"{identity} AS oo_id")
        inner = f"SELECT {', '.join(items)} {from_}"
        relation = Relation(name.name, [], (), name, table)
        text = {c.name for c in plain if values[c.name].is_text}
        for column in plain:
            value = Tables.value(column, f"{alias}.{quote(column.name)}", is_text=column.name in text)
            relation.columns.append(ScopeColumn(column.name, value))
        computed = []
        for column in stored:
            if column.name not in values:
                value = self._computed(name, table, column, relation)
                text |= {column.name} if value.is_text else set()
                computed.append(f"{value.sql} AS {quote(column.name)}")
        outer = ", ".join([f"{alias}.*", *computed])
        sql_name, count = self.temporary(f"SELECT {outer} FROM ({inner}) AS {alias}" if computed else inner)
        staged = Stage(sql_name, name, table, frozenset(text), identity is not None, count)
        return self._fitted(staged, stored)

    def _computed(self, name: TableName, table: Table, column: Column, relation: Relation) -> Typed:
        assert column.compute_expr is not None
        complete = Relation(relation.alias, list(relation.columns), (), name, table)
        self._queries.add_virtual(complete, table)
        value = self._queries.scalar(column.compute_expr, Scope(None, [complete]))
        return self.assigned(name, column, value)

    def _fitted(self, stage: Stage, columns: Sequence[Column]) -> Stage:
        """Turn native columns into text for which a value was staged as text that has no native form."""
        doubtful = [c for c in columns if c.name in stage.text and not self.is_text(stage.name, c)]
        for column in doubtful:
            native = self._conversions.native(Typed(quote(column.name), column.type, is_text=True)).sql
            misfits = f"{quote(column.name)} IS NOT NULL AND TRY_{native} IS NULL"
            fits = native.startswith("CAST(") and not self._connection.fetch(
                f"SELECT 1 FROM {stage.sql_name} WHERE {misfits} LIMIT 1"
            )
            if not fits:
                self._tables.to_text(stage.name, column, self._conversions)
        return stage

    def stored_form(self, stage: Stage, column: Column, alias: str) -> str:
        """Return a staged column as the table stores it."""
        sql = f"{alias}.{quote(column.name)}"
        value = Typed(sql, column.type, column.name in stage.text)
        is_text = self.is_text(stage.name, column)
        if is_text == value.is_text or column.type.family in STRINGS:
            return sql
        return self._conversions.text(value).sql if is_text else self._conversions.native(value).sql

    def insert(self, stage: Stage) -> None:
        """Append a stage's rows to the table."""
        columns = [column for column in stage.table.columns if not column.is_virtual]
        targets = ", ".join(quote(column.name) for column in columns)
        values = ", ".join(self.stored_form(stage, column, "s") for column in columns)
        self._tables.touch(stage.name)
        self._connection.execute(
            f"INSERT INTO {full_name(stage.name)} ({targets or 'oo_none'}) "
            f"SELECT {values or 'NULL'} FROM {stage.sql_name} AS s ORDER BY s.oo_row"
        )

    def update(self, stage: Stage, changed: frozenset[str]) -> None:
        """Write the changed columns of a stage's rows over the rows that they replace."""
        columns = [
            column for column in stage.table.columns if column.name in changed and not column.is_virtual
        ]
        if columns:
            self._tables.touch(stage.name)
            values = ", ".join(f"{quote(c.name)} = {self.stored_form(stage, c, 's')}" for c in columns)
            self._connection.execute(
                f"UPDATE {full_name(stage.name)} AS t SET {values} FROM {stage.sql_name} AS s WHERE t.rowid = s.oo_id"
            )
