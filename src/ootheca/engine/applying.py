"""Stages on their way into tables: the checks before, the versions that history keeps, and what foreign keys ask for.

Source of the order of checks and of the words: CockroachDB's; see the scenarios in fixtures/conformance.
"""

from __future__ import annotations

from ootheca.catalog.table import Column, Table
from ootheca.engine.base import ForeignKey, TableName
from ootheca.engine.changes import Changes
from ootheca.engine.checks import Checks, Rows
from ootheca.engine.queries import Queries
from ootheca.engine.staging import Stage, Stager
from ootheca.engine.tables import Tables, full_name
from ootheca.engine.typed import NULL, Typed
from ootheca.engine.versions import Versions

__all__ = ["Applier"]


class Applier:
    """Applies the stages of one statement; each method raises what its checks find."""

    def __init__(self, tables: Tables, queries: Queries, versions: Versions, stager: Stager) -> None:
        self._tables = tables
        self._connection = tables.connection
        self._queries = queries
        self._changes = Changes(tables, queries, versions)
        self._stager = stager

    def insert(self, stage: Stage, *, skip: frozenset[int] = frozenset()) -> None:
        """Append a stage's rows.

        Args:
            skip: ids of indexes whose keys are new by the way they were made.
        """
        checks = Checks(self._connection, self._queries, stage.name, stage.table)
        rows = stage.rows(self._queries)
        checks.not_null(rows)
        checks.expressions(rows)
        checks.unique(rows, self.stored(stage.name, stage.table), skip=skip)
        self._stager.insert(stage)
        self._changes.note_insert(stage)
        checks.references(rows, "insert")

    def update(self, stage: Stage, changed: frozenset[str]) -> None:
        """Write the changed columns of a stage's rows over the rows that they replace."""
        if not stage.row_count:
            return
        table = stage.table
        changed |= {c.name for c in table.columns if c.compute_expr is not None}
        checks = Checks(self._connection, self._queries, stage.name, table)
        rows = stage.rows(self._queries)
        checks.not_null(rows)
        checks.expressions(rows)
        unaffected = frozenset(
            i.id
            for i in table.all_indexes
            if not changed & {table.column_by_id[k].name for k in i.key_column_ids} and i.predicate is None
        )
        checks.unique(rows, self.stored(stage.name, table), skip=unaffected)
        inbound = [
            key
            for key in self._queries.context.names.constraints(stage.name).referenced_by
            if changed & set(key.referenced_columns)
        ]
        old = self._old_rows(stage) if inbound else None
        self._replace(stage, changed)
        if old is not None:
            for key in inbound:
                self._follow(stage, checks, old, key)
        checks.references(rows, "update")

    def delete(self, stage: Stage) -> None:
        """Remove the rows that a stage replaces."""
        self._changes.note_delete(stage)
        self._tables.touch(stage.name)
        self._connection.execute(
            f"DELETE FROM {full_name(stage.name)} WHERE rowid IN (SELECT oo_id FROM {stage.sql_name})"
        )
        checks = Checks(self._connection, self._queries, stage.name, stage.table)
        for key in self._queries.context.names.constraints(stage.name).referenced_by:
            self._follow(None, checks, stage, key)

    def fill(self, stage: Stage, column: Column) -> None:
        """Write a new column of a stage's rows over the rows that they replace."""
        self._replace(stage, frozenset({column.name}))

    def stored(self, name: TableName, table: Table, shown_as: str = "") -> Rows:
        """Return the rows of a table as they are now."""
        alias = self._queries.alias("t")
        from_, relation = self._queries.stored(name, table, shown_as, alias)
        return Rows(from_, relation, f"{alias}.rowid")

    def _replace(self, stage: Stage, written: frozenset[str]) -> None:
        ids = frozenset(column.id for column in stage.table.columns if column.name in written)
        self._changes.note_update(stage, ids)
        self._stager.update(stage, written)

    def _old_rows(self, stage: Stage) -> Stage:
        """Keep the rows that a stage replaces, before it is applied."""
        stored = self.stored(stage.name, stage.table)
        values = {c.name: stored.column(c.name) for c in stage.table.columns if not c.is_virtual}
        from_ = f"FROM {stored.from_} WHERE {stored.identity} IN (SELECT oo_id FROM {stage.sql_name})"
        return self._stager.stage(stage.name, stage.table, values, from_, identity=stored.identity)

    def _follow(self, new: Stage | None, checks: Checks, old: Stage, key: ForeignKey) -> None:
        """Do to referencing rows what their foreign key says when the keys in `old` are gone."""
        action = key.on_update if new is not None else key.on_delete
        verb = "update" if new is not None else "delete"
        removed = old.rows(self._queries)
        if action in {"NO ACTION", "RESTRICT"}:
            checks.still_referenced(removed, key, verb)
            return
        child_parts = (key.table.database, key.table.schema, key.table.name)
        child, table = self._queries.context.names.resolve(child_parts)
        stored = self.stored(child, table)
        on = checks.matched(stored, key.columns, removed, key.referenced_columns)
        if new is None and action == "CASCADE":
            values = {c.name: stored.column(c.name) for c in table.columns if not c.is_virtual}
            from_ = f"FROM {stored.from_} WHERE EXISTS (SELECT 1 FROM {removed.from_} WHERE {on})"
            stage = self._stager.stage(child, table, values, from_, identity=stored.identity)
            if stage.row_count:
                self.delete(stage)
            return
        self._rewrite_children(new, old, key, child, table)

    def _rewrite_children(
        self, new: Stage | None, old: Stage, key: ForeignKey, child: TableName, table: Table
    ) -> None:
        """ON UPDATE CASCADE, SET NULL and SET DEFAULT."""
        action = key.on_update if new is not None else key.on_delete
        stored, removed = self.stored(child, table), old.rows(self._queries)
        checks = Checks(self._connection, self._queries, child, table)
        on = checks.matched(stored, key.columns, removed, key.referenced_columns)
        from_ = f"FROM {stored.from_} JOIN {removed.from_} ON {on}"
        replacement: dict[str, Typed] = {}
        if action == "CASCADE" and new is not None:
            fresh = new.rows(self._queries)
            from_ += f" JOIN {fresh.from_} ON {fresh.identity} = {removed.identity}"
            for mine, theirs in zip(key.columns, key.referenced_columns, strict=True):
                replacement[mine] = fresh.column(theirs)
        else:
            for mine in key.columns:
                replacement[mine] = (
                    self._stager.default(table.column_by_name[mine]) if action == "SET DEFAULT" else NULL
                )
        values = {
            c.name: self._stager.assigned(child, c, replacement[c.name])
            if c.name in replacement
            else stored.column(c.name)
            for c in table.columns
            if c.compute_expr is None and not c.is_virtual
        }
        stage = self._stager.stage(child, table, values, from_, identity=stored.identity)
        self.update(stage, frozenset(key.columns))
