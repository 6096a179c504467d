"""A small cluster for tests of the engine: tables, types and constraints by name, without a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from ootheca.catalog.table import Column, ColumnFamily, Index, Table
from ootheca.clock import Timestamp
from ootheca.datum import wire_column
from ootheca.engine.base import Check, Constraints, ForeignKey, QueryResult, Source, TableName
from ootheca.engine.duckdb import DuckDBEngine
from ootheca.errors import UndefinedError, UndefinedTableError
from ootheca.profile import Profile, profile
from ootheca.types import INT8, EnumType, Family, SQLType

__all__ = ["Cluster", "column", "enum", "make_table"]


def enum(name: str, *labels: str, type_id: int = 60) -> SQLType:
    """Return an enum type."""
    members = EnumType(type_id, name, labels, tuple(bytes([0x40 + i]) for i in range(len(labels))))
    return SQLType(Family.ENUM, 100_000 + type_id, enum=members)


def column(column_id: int, name: str, type_: SQLType, **facts: Any) -> Column:
    """Return a column."""
    return Column(column_id, name, type_, **facts)


def make_table(
    name: str,
    *columns: Column,
    key: Sequence[str] = (),
    unique: Sequence[Index] = (),
    table_id: int = 53,
    **facts: Any,
) -> Table:
    """Return a table; without `key` it gets the hidden column `rowid`, as CockroachDB does it."""
    if not key:
        rowid = Column(
            len(columns) + 1, "rowid", INT8, is_nullable=False, is_hidden=True, default_expr="unique_rowid()"
        )
        columns = (*columns, rowid)
        key = ("rowid",)
    ids = {c.name: c.id for c in columns}
    columns = tuple(replace(c, is_nullable=False) if c.name in key else c for c in columns)
    primary = Index(1, f"{name}_pkey", True, tuple(ids[k] for k in key), (False,) * len(key))
    family = ColumnFamily(0, "primary", tuple(ids.values()))
    return Table(table_id, name, columns, (family,), primary, tuple(unique), **facts)


@dataclass
class Cluster:
    """An engine with the names of one database; every call runs in a transaction of its own unless `begin` was called.

    It is a `NameResolver`.
    """

    engine: DuckDBEngine = field(default_factory=lambda: DuckDBEngine.open(None))
    version: str = "21.2"
    current_database: str = "db"
    current_user: str = "root"
    extra_float_digits: int = 0
    search_path: Sequence[str] = ("$user", "public")
    tables: dict[TableName, Table] = field(default_factory=dict)
    types: dict[str, SQLType] = field(default_factory=dict)
    checks: dict[TableName, tuple[Check, ...]] = field(default_factory=dict)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    now_us: int = 1_600_000_000_000_000

    # NameResolver

    @property
    def profile(self) -> Profile:
        return profile(self.version)

    def resolve(self, parts: tuple[str, ...]) -> tuple[TableName, Table]:
        for name in self._candidates(parts):
            if name in self.tables:
                return name, self.tables[name]
        raise UndefinedTableError(f'relation "{".".join(parts)}" does not exist')

    def _candidates(self, parts: tuple[str, ...]) -> list[TableName]:
        if len(parts) == 1:
            return [TableName(self.current_database, schema, parts[0]) for schema in self.search_path]
        if len(parts) == 2:
            return [TableName(self.current_database, *parts), TableName(parts[0], "public", parts[1])]
        return [TableName(*parts)]

    def resolve_id(self, table_id: int) -> tuple[TableName, Table]:
        for name, table in self.tables.items():
            if table.id == table_id:
                return name, table
        raise UndefinedTableError(f"relation [{table_id}] does not exist")

    def resolve_type(self, parts: tuple[str, ...]) -> SQLType:
        if parts[-1] not in self.types:
            raise UndefinedError(f'type "{".".join(parts)}" does not exist')
        return self.types[parts[-1]]

    def constraints(self, name: TableName) -> Constraints:
        return Constraints(
            self.checks.get(name, ()),
            tuple(key for key in self.foreign_keys if key.table == name),
            tuple(key for key in self.foreign_keys if key.referenced_table == name),
        )

    # Building

    def name(self, table: str, schema: str = "public") -> TableName:
        return TableName(self.current_database, schema, table)

    def add(self, table: Table, *, schema: str = "public", checks: Sequence[Check] = ()) -> TableName:
        """Create a table in the engine and make its name known."""
        name = self.name(table.name, schema)
        self.engine.create_schema(name.database, schema)
        self.engine.create_table(name, table)
        self.tables[name] = table
        self.checks[name] = tuple(checks)
        return name

    # Running

    def run(self, sql: str, sources: dict[str, Source] | None = None) -> QueryResult:
        """Run a query; in a transaction of its own when none is open."""
        if self.engine.in_transaction:
            return self.engine.run(sql, self, sources=sources)
        self.engine.begin(now=Timestamp(self.now_us * 1000))
        try:
            result = self.engine.run(sql, self, sources=sources)
            batches = list(result.batches)
        except BaseException:
            self.engine.rollback()
            raise
        self.engine.commit()
        return replace(result, batches=iter(batches))

    def tag(self, sql: str) -> str:
        """Run a write and return its tag."""
        return self.run(sql).tag

    def rows(self, sql: str, sources: dict[str, Source] | None = None) -> list[tuple[str | None, ...]]:
        """Run a query and return its rows in wire text."""
        result = self.run(sql, sources)
        assert result.columns is not None
        out: list[tuple[str | None, ...]] = []
        for batch in result.batches:
            assert batch.schema.names == [c.name for c in result.columns]
            texts = [
                wire_column(array, c.type) for array, c in zip(batch.columns, result.columns, strict=True)
            ]
            out.extend(zip(*texts, strict=True))
        return out

    def value(self, sql: str) -> str | None:
        """Return the only value of a query in wire text."""
        [(value,)] = self.rows(sql)
        return value

    def columns(self, sql: str) -> list[tuple[str, int]]:
        """Return names and type OIDs of a query's columns."""
        result = self.run(sql)
        assert result.columns is not None
        return [(c.name, c.type.oid) for c in result.columns]

    def scan(self, name: TableName, *columns: str, **options: Any) -> pa.Table:
        """Read a stored table through `Engine.scan`."""
        table = self.tables[name]
        ids = [next(c.id for c in table.columns if c.name == wanted) for wanted in columns]
        return pa.Table.from_batches(list(self.engine.scan(name, table, ids, names=self, **options)))
