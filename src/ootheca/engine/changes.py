"""Rows that a write puts or replaces, part by part, for whoever makes versions of keys from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from ootheca.catalog.table import Table
from ootheca.engine.queries import Queries
from ootheca.engine.scope import Relation, Scope
from ootheca.engine.staging import Stage
from ootheca.engine.tables import Tables
from ootheca.engine.version_store import RowSource
from ootheca.engine.versions import Versions

__all__ = ["Changes"]

_PART_ROWS = 65_536  # rows whose keys are held at once


class _Rows:
    """The `RowSource` of rows that a condition chooses."""

    def __init__(
        self, table: Table, tables: Tables, queries: Queries, from_: str, relation: Relation, part: str
    ) -> None:
        self.table = table
        self._tables, self._queries = tables, queries
        self._from, self._relation, self._part = from_, relation, part

    def read(self, column_ids: Sequence[int], where: str | None = None) -> pa.RecordBatch:
        """Return columns of all rows, or of those that satisfy a predicate."""
        condition = f" WHERE {self._part}"
        if where is not None:
            condition += f" AND {self._queries.scalar(where, Scope(None, [self._relation])).sql}"
        by_name = {column.name: column.value for column in self._relation.columns}
        columns = [self.table.column_by_id[id_] for id_ in column_ids]
        batches = self._tables.scan(
            columns,
            from_=self._from,
            values=[by_name[column.name] for column in columns],
            where=condition,
            order="",
            batch_rows=_PART_ROWS,
            reader=self._tables.connection,
            close_reader=False,
        )
        parts = list(batches)
        return (
            pa.concat_batches(parts) if parts else pa.RecordBatch.from_pydict({c.name: [] for c in columns})
        )


class Changes:
    """Notes what the writes of one statement do to rows."""

    def __init__(self, tables: Tables, queries: Queries, versions: Versions) -> None:
        self._tables, self._queries, self._versions = tables, queries, versions

    def note_insert(self, stage: Stage) -> None:
        """Note that a stage's rows are inserted."""
        if not stage.row_count or self._versions.note_first(stage.table):
            return
        for part in self._parts(stage):
            self._versions.note_changes(None, self._staged(stage, part))
        self._versions.next_step()

    def note_update(self, stage: Stage, written: frozenset[int]) -> None:
        """Note, before it happens, that a stage's rows replace stored ones; `written` = ids of the columns named."""
        for part in self._parts(stage):
            self._versions.note_changes(self._replaced(stage, part), self._staged(stage, part), written)
        self._versions.next_step()

    def note_delete(self, stage: Stage) -> None:
        """Note that the rows which a stage holds are deleted."""
        for part in self._parts(stage):
            self._versions.note_changes(self._staged(stage, part), None)
        self._versions.next_step()

    def _parts(self, stage: Stage) -> Iterator[tuple[int, int]]:
        """Yield bounds (after, until) of `oo_row` that together choose all rows."""
        if self._versions.encode is None or not stage.row_count:
            return
        last = self._tables.connection.fetch(f"SELECT max(oo_row) FROM {stage.sql_name}")[0][0]
        for after in range(0, last, _PART_ROWS):
            yield after, after + _PART_ROWS

    def _staged(self, stage: Stage, part: tuple[int, int]) -> RowSource:
        alias = self._queries.alias("n")
        relation = stage.relation(self._queries, alias, stage.name.name)
        condition = f"{alias}.oo_row > {part[0]} AND {alias}.oo_row <= {part[1]}"
        from_ = f"{stage.sql_name} AS {alias}"
        return _Rows(stage.table, self._tables, self._queries, from_, relation, condition)

    def _replaced(self, stage: Stage, part: tuple[int, int]) -> RowSource:
        alias = self._queries.alias("t")
        from_, relation = self._queries.stored(stage.name, stage.table, "", alias)
        rows = f"SELECT oo_id FROM {stage.sql_name} WHERE oo_row > {part[0]} AND oo_row <= {part[1]}"
        return _Rows(stage.table, self._tables, self._queries, from_, relation, f"{alias}.rowid IN ({rows})")
