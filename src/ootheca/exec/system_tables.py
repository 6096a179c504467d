"""The tables of the database `system`: what a cluster backup carries besides databases, and where the session keeps it.

They are tables like others: queries read them, BACKUP takes them, and they have CockroachDB's columns. What statements
such as CREATE USER or COMMENT ON say goes in through here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ootheca.catalog.system_tables import SYSTEM_DATABASE_ID, first_rows, system_tables, version_value
from ootheca.clock import Timestamp
from ootheca.engine.base import QueryColumn, Source, TableName
from ootheca.names import format_bytes, format_identifier, format_string
from ootheca.types import arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

    from ootheca.catalog.catalog import Catalog
    from ootheca.catalog.table import Table
    from ootheca.engine.base import Engine
    from ootheca.exec.session import Session
    from ootheca.profile import Profile

__all__ = ["SystemTable", "change_version", "fill_system_tables", "moment", "system_table_name"]

_Row = Mapping[str, Any]


class SystemTable:
    """One table of `system`; its rows as Python values, for it is small."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        """Return some columns of all rows, in the order of the primary key."""
        table = self._table()
        ids = {column.name: column.id for column in table.columns}
        order = [(id_, False) for id_ in table.primary_index.key_column_ids]
        batches = self._session.engine.scan(
            system_table_name(self._name), table, [ids[name] for name in columns], order_by=order
        )
        return [row for batch in batches for row in zip(*(c.to_pylist() for c in batch.columns), strict=True)]

    def put(self, *rows: _Row) -> None:
        """Write rows, each in place of the one with its primary key; all have the same columns."""
        self.write([_batch(self._table(), rows)])

    def write(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Write rows as record batches, as `put` does; columns that are missing keep their values, or have defaults."""
        import pyarrow as pa

        types = {column.name: column.type for column in self._table().columns}
        for batch in batches:
            columns = tuple(QueryColumn(name, types[name]) for name in batch.schema.names)
            names = ", ".join(format_identifier(name) for name in batch.schema.names)
            reader = pa.RecordBatchReader.from_batches(batch.schema, [batch])
            self._run(
                f"UPSERT INTO {self._sql_name} ({names}) SELECT {names} FROM ootheca_rows",
                {"ootheca_rows": Source(columns, reader)},
            )

    def replace(self, batches: Sequence[pa.RecordBatch]) -> None:
        """Put these rows in the place of all that are there."""
        table = self._table()
        key = [table.column_by_id[id_].name for id_ in table.primary_index.key_column_ids]
        new = {row for b in batches for row in zip(*(b[name].to_pylist() for name in key), strict=True)}
        self.write(batches)
        for row in self.rows(*key):
            if row not in new:
                self.delete(**dict(zip(key, row, strict=True)))

    def records(self) -> list[dict[str, Any]]:
        """Return all rows by column."""
        names = [column.name for column in self._table().columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows(*names)]

    def delete(self, **key: object) -> None:
        """Delete the rows that have these values."""
        terms = (f"{format_identifier(name)} = {_literal(value)}" for name, value in key.items())
        self._run(f"DELETE FROM {self._sql_name} WHERE {' AND '.join(terms)}")

    @property
    def _sql_name(self) -> str:
        return f"system.public.{format_identifier(self._name)}"

    def _run(self, text: str, sources: Mapping[str, Source] | None = None) -> None:
        for _ in self._session.engine.run(text, self._session.names, sources=sources).batches:
            pass

    def _table(self) -> Table:
        catalog = self._session.catalog
        return catalog.describe(catalog.resolve_table(("system", "public", self._name), "").id)


def system_table_name(name: str) -> TableName:
    """Return the engine's name of a system table."""
    return TableName("system", "public", name)


def moment(time: Timestamp) -> datetime:
    """Return a time as a column of type TIMESTAMP takes it."""
    return datetime.fromtimestamp(0, UTC).replace(tzinfo=None) + timedelta(microseconds=time.wall_ns // 1000)


def fill_system_tables(
    engine: Engine, catalog: Catalog, profile: Profile, cluster_secret: UUID, now: Timestamp
) -> None:
    """Make the system tables of a new store, with the rows that a new cluster has."""
    rows = first_rows(profile, cluster_secret)
    for setting in rows["settings"]:
        setting["lastUpdated"] = moment(now)
    for desc in catalog.tables(SYSTEM_DATABASE_ID):
        table = catalog.describe(desc.id)
        engine.create_table(system_table_name(desc.name), table)
        if desc.name in rows:
            engine.insert(system_table_name(desc.name), table, [_batch(table, rows[desc.name])])


def change_version(session: Session, profile: Profile) -> None:
    """Give the system tables the columns that they have in another version; rows keep what both versions know."""
    catalog, engine = session.catalog, session.engine
    old = {desc.id: catalog.describe(desc.id) for desc in catalog.tables(SYSTEM_DATABASE_ID)}
    new = {desc.id: desc for desc in system_tables(profile)}
    for id_, desc in new.items():
        catalog.put_system(desc)
        name = system_table_name(desc.name)
        if id_ in old:
            _change_columns(session, name, old[id_], catalog.describe(id_))
        else:
            engine.create_table(name, catalog.describe(id_))
    for id_ in old.keys() - new.keys():
        engine.drop_table(system_table_name(old[id_].name))
        catalog.drop_system(id_)
    SystemTable(session, "settings").put(
        {
            "name": "version",
            "value": version_value(profile),
            "lastUpdated": moment(session.now()),
            "valueType": "m",
        }
    )


def _change_columns(session: Session, name: TableName, old: Table, new: Table) -> None:
    for column in new.columns:
        if column.id not in old.column_by_id:
            session.engine.add_column(name, new, column.id, session.names)
    for column in old.columns:
        if column.id not in new.column_by_id:
            session.engine.drop_column(name, column.name)


def _batch(table: Table, rows: Iterable[_Row] | Sequence[_Row]) -> pa.RecordBatch:
    """Return rows as one record batch, which has the columns of the first."""
    import pyarrow as pa

    rows = list(rows)
    columns = [column for column in table.columns if column.name in rows[0]]
    return pa.RecordBatch.from_arrays(
        [pa.array([row[column.name] for row in rows], arrow_type(column.type)) for column in columns],
        names=[column.name for column in columns],
    )


def _literal(value: object) -> str:
    match value:
        case str():
            return format_string(value)
        case bytes():
            return format_bytes(value)
        case _:
            return str(value)
