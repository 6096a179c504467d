"""A table store in memory: the part of the `Engine` protocol that backup and restore use, and nothing else.

It knows no SQL. What the store must promise to `backup/` it promises too, and checks what it is given: rows come in the
representation that the table was created with, an order puts NULL before all values (after them when descending).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ootheca.backup.entries import NameResolver
from ootheca.catalog.table import Table
from ootheca.clock import Timestamp
from ootheca.codec.ragged import Ragged, argsort_bytes
from ootheca.engine.base import TableName
from ootheca.errors import UndefinedTableError
from ootheca.types import arrow_type, text_type

__all__ = ["MemoryEngine"]

Predicate = Callable[[pa.Table], pa.Array]


class NoVersions:
    """No key was ever touched: what an engine of one moment keeps."""

    encode = None

    def base(self, table_id: int, index_id: int) -> None:
        return None

    def has_any(self, start: bytes, end: bytes, after: Timestamp) -> bool:
        return False


class MemoryEngine:
    """Tables as Arrow, sequences as numbers, view queries as text.

    Args:
        predicates: what the texts of partial indexes' predicates mean.
        batch_rows: rows of a batch that `scan` and `sort_key_values` give.
    """

    def __init__(self, *, predicates: Mapping[str, Predicate] | None = None, batch_rows: int = 1000) -> None:
        self._predicates = predicates or {}
        self._batch_rows = batch_rows
        self._saved: tuple[dict[Any, Any], ...] | None = None
        self.schemas: dict[tuple[str, str], None] = {}
        self.tables: dict[TableName, pa.Table] = {}
        self.views: dict[TableName, str] = {}
        self.sequences: dict[TableName, int] = {}
        self._text_columns: dict[TableName, frozenset[int]] = {}
        self.num_scans_in_order = 0
        self.num_sorts = 0
        self.versions = NoVersions()

    # Transactions

    @property
    def in_transaction(self) -> bool:
        return self._saved is not None

    def begin(self) -> None:
        assert self._saved is None, "a transaction is open"
        self._saved = tuple(dict(part) for part in self._parts())

    def commit(self) -> None:
        assert self._saved is not None, "no transaction is open"
        self._saved = None

    def rollback(self) -> None:
        assert self._saved is not None, "no transaction is open"
        for part, saved in zip(self._parts(), self._saved, strict=True):
            part.clear()
            part.update(saved)
        self._saved = None

    def _parts(self) -> tuple[dict[Any, Any], ...]:
        return self.schemas, self.tables, self.views, self.sequences, self._text_columns

    # Objects

    def create_schema(self, database: str, schema: str) -> None:
        assert (database, schema) not in self.schemas
        self.schemas[database, schema] = None

    def create_table(
        self, name: TableName, table: Table, *, text_columns: frozenset[int] = frozenset()
    ) -> None:
        assert name not in self.tables, f"{name} exists"
        fields = [
            pa.field(
                column.name, text_type(column.type) if column.id in text_columns else arrow_type(column.type)
            )
            for column in table.columns
            if not column.is_virtual
        ]
        self.tables[name] = pa.Table.from_batches([], schema=pa.schema(fields))
        self._text_columns[name] = frozenset(text_columns)

    def drop_table(self, name: TableName) -> None:
        del self.tables[name], self._text_columns[name]

    def create_view(self, name: TableName, query: str) -> None:
        self.views[name] = query

    def create_sequence(
        self, name: TableName, *, start: int, increment: int, min_value: int, max_value: int
    ) -> None:
        assert name not in self.sequences
        self.sequences[name] = start - increment

    def sequence_value(self, name: TableName) -> int:
        return self.sequences[name]

    def set_sequence_value(self, name: TableName, value: int) -> None:
        assert name in self.sequences
        self.sequences[name] = value

    # Rows

    def insert(self, name: TableName, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        schema = self.tables[name].schema
        parts, num_rows = [self.tables[name]], 0
        for batch in batches:
            columns = [
                batch.column(field.name)
                if field.name in batch.schema.names
                else pa.nulls(batch.num_rows, field.type)
                for field in schema
            ]
            parts.append(pa.Table.from_batches([pa.record_batch(columns, schema=schema)]))
            num_rows += batch.num_rows
        self.tables[name] = pa.concat_tables(parts)
        return num_rows

    def scan(
        self,
        name: TableName,
        table: Table,
        column_ids: Sequence[int],
        *,
        order_by: Sequence[tuple[int, bool]] = (),
        where: str | None = None,
        names: NameResolver | None = None,
        batch_rows: int | None = None,
    ) -> Iterator[pa.RecordBatch]:
        if table.is_sequence:
            rows = pa.table({table.columns[0].name: [self.sequences[name]]})
        elif name in self.tables:
            rows = self.tables[name]
        else:
            raise UndefinedTableError(f'relation "{name.name}" does not exist')
        if where is not None:
            rows = rows.filter(self._predicates[where](rows))
        if order_by:
            self.num_scans_in_order += 1
            rows = rows.take(_sort_indices(rows, table, order_by))
        columns = [table.column_by_id[id_].name for id_ in column_ids]
        yield from rows.select(columns).combine_chunks().to_batches(batch_rows or self._batch_rows)

    def representation(self, name: TableName, table: Table) -> frozenset[int]:
        return self._text_columns.get(name, frozenset())

    def row_count(self, name: TableName) -> int:
        if name not in self.tables:
            raise UndefinedTableError(f'relation "{name.name}" does not exist')
        return int(self.tables[name].num_rows)

    def sort_key_values(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        self.num_sorts += 1
        whole = pa.Table.from_batches(batches).combine_chunks()
        keys = Ragged.from_arrow(whole["key"])
        yield from whole.take(pa.array(argsort_bytes(keys))).combine_chunks().to_batches(self._batch_rows)


def _sort_indices(rows: pa.Table, table: Table, order_by: Sequence[tuple[int, bool]]) -> pa.Array:
    """NULL sorts before every value: a key of its own, before that of the value, says so in both directions."""
    keys: dict[str, pa.Array] = {}
    directions: list[tuple[str, str]] = []
    for place, (column_id, is_descending) in enumerate(order_by):
        column = rows[table.column_by_id[column_id].name].combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
        column = column.storage if isinstance(column, pa.ExtensionArray) else column
        if pa.types.is_boolean(column.type) or pa.types.is_time(column.type):
            column = column.cast(pa.int8() if pa.types.is_boolean(column.type) else pa.int64())
        keys[f"{place} is valid"] = pc.is_valid(column)
        keys[f"{place}"] = column
        direction = "descending" if is_descending else "ascending"
        directions += [(f"{place} is valid", direction), (f"{place}", direction)]
    return pc.sort_indices(pa.table(keys), sort_keys=directions)
