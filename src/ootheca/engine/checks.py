"""Constraints, checked over rows that are about to be written, or over a whole table, with CockroachDB's words."""

from __future__ import annotations

from collections.abc import Sequence

from ootheca.catalog.table import Index, Table
from ootheca.engine.base import ForeignKey, TableName
from ootheca.engine.connection import Connection
from ootheca.engine.operators import comparison
from ootheca.engine.queries import Queries
from ootheca.engine.scope import Relation, Scope
from ootheca.engine.typed import Typed
from ootheca.errors import ConstraintError
from ootheca.types import Family

__all__ = ["Checks", "Rows"]


class Rows:
    """Rows to check: a relation with the text that stands for it in FROM.

    Attributes:
        identity: the expression of the row of the table that each of them replaces, or None for new rows.
    """

    def __init__(self, from_: str, relation: Relation, identity: str | None = None) -> None:
        self.from_ = from_
        self.relation = relation
        self.identity = identity

    def column(self, name: str) -> Typed:
        """Return a column's value."""
        return next(column.value for column in self.relation.columns if column.name == name)


class Checks:
    """Checks of one table."""

    def __init__(self, connection: Connection, queries: Queries, name: TableName, table: Table) -> None:
        self._connection = connection
        self._queries = queries
        self._conversions = queries.context.conversions
        self._name = name
        self._table = table

    def not_null(self, rows: Rows) -> None:
        """Raise for a NULL where none may be (23502)."""
        columns = [c for c in self._table.columns if not c.is_nullable and not c.is_virtual]
        keys = {self._table.column_by_id[i].name for i in self._table.primary_index.key_column_ids}
        columns += [
            c for c in self._table.columns if c.name in keys and c not in columns and not c.is_virtual
        ]
        found = self._any(rows, [f"{rows.column(c.name).sql} IS NULL" for c in columns])
        for column, is_null in zip(columns, found, strict=True):
            if is_null:
                raise ConstraintError(
                    f'null value in column "{column.name}" violates not-null constraint', sqlstate="23502"
                )

    def expressions(self, rows: Rows) -> None:
        """Raise for a row that a CHECK constraint refuses (23514)."""
        checks = self._queries.context.names.constraints(self._name).checks
        scope = Scope(None, [rows.relation])
        conditions = [f"({self._queries.scalar(check.expr, scope).sql}) IS FALSE" for check in checks]
        for check, is_refused in zip(checks, self._any(rows, conditions), strict=True):
            if is_refused:
                raise ConstraintError(
                    f"failed to satisfy CHECK constraint ({check.expr})",
                    sqlstate="23514",
                    constraint=check.name,
                )

    def _any(self, rows: Rows, conditions: Sequence[str]) -> tuple[bool, ...]:
        if not conditions:
            return ()
        items = ", ".join(f"bool_or({condition})" for condition in conditions)
        return self._connection.fetch(f"SELECT {items} FROM {rows.from_}")[0]

    # Unique indexes

    def unique_indexes(self) -> list[Index]:
        """Return the indexes that allow each key once, the primary index first."""
        return [
            i
            for i in self._table.all_indexes
            if i.key_column_ids and (i.is_unique or i is self._table.primary_index)
        ]

    def keys(self, index: Index, rows: Rows) -> list[str]:
        """Return the expressions that make a row's key."""
        names = [
            self._table.column_by_id[i].name for i in index.key_column_ids if i in self._table.column_by_id
        ]
        return [self._conversions.orderable(rows.column(name)) for name in names]

    def in_index(self, index: Index, rows: Rows) -> str:
        """Return the condition under which a row has a key that must be unique."""
        conditions = [f"{key} IS NOT NULL" for key in self.keys(index, rows)]
        if index.predicate:
            conditions.append(f"({self._queries.scalar(index.predicate, Scope(None, [rows.relation])).sql})")
        return " AND ".join(conditions)

    def unique(self, rows: Rows, stored: Rows | None, *, skip: frozenset[int] = frozenset()) -> None:
        """Raise for a key that is there twice (23505).

        Args:
            stored: the table, or None when `rows` are all of it.
            skip: ids of indexes whose keys cannot clash.
        """
        for index in self.unique_indexes():
            if index.id in skip:
                continue
            self._unique_inside(index, rows)
            if stored is not None:
                self._unique_against(index, rows, stored)

    def _unique_inside(self, index: Index, rows: Rows) -> None:
        keys = self.keys(index, rows)
        shown = ", ".join(f"min({text})" for text in self._shown(index, rows))
        found = self._connection.fetch(
            f"SELECT {shown} FROM {rows.from_} WHERE {self.in_index(index, rows)} "
            f"GROUP BY {', '.join(keys)} HAVING count(*) > 1 LIMIT 1"
        )
        if found:
            raise self._duplicate(index, found[0])

    def _unique_against(self, index: Index, rows: Rows, stored: Rows) -> None:
        on = " AND ".join(
            f"{a} = {b}" for a, b in zip(self.keys(index, rows), self.keys(index, stored), strict=True)
        )
        replaced = ""
        if rows.identity is not None:
            replaced = f" AND {stored.identity} NOT IN (SELECT {rows.identity} FROM {rows.from_})"
        found = self._connection.fetch(
            f"SELECT {', '.join(self._shown(index, rows))} FROM {rows.from_} JOIN {stored.from_} ON {on} "
            f"WHERE {self.in_index(index, rows)} AND {self.in_index(index, stored)}{replaced} LIMIT 1"
        )
        if found:
            raise self._duplicate(index, found[0])

    def _shown(self, index: Index, rows: Rows) -> list[str]:
        names = [self._table.column_by_id[i].name for i in index.key_column_ids]
        return [self._shown_value(rows.column(name)) for name in names]

    def _shown_value(self, value: Typed) -> str:
        text = self._conversions.string(value).sql
        quoted = value.type.family not in {Family.INT, Family.FLOAT, Family.DECIMAL, Family.BOOL, Family.OID}
        return f"('''' || {text} || '''')" if quoted else text

    def _duplicate(self, index: Index, values: Sequence[str]) -> ConstraintError:
        columns = ",".join(self._table.column_by_id[i].name for i in index.key_column_ids)
        shown = ",".join(values)
        if self._queries.context.names.profile.version == "20.2":
            return ConstraintError(
                f'duplicate key value ({columns})=({shown}) violates unique constraint "{index.name}"',
                sqlstate="23505",
                constraint=index.name,
            )
        return ConstraintError(
            f'duplicate key value violates unique constraint "{index.name}"',
            sqlstate="23505",
            detail=f"Key ({columns})=({shown}) already exists.",
            constraint=index.name,
        )

    # Foreign keys

    def references(self, rows: Rows, verb: str) -> None:
        """Raise for a row whose foreign key points nowhere (23503); the rows are in the table already."""
        for key in self._queries.context.names.constraints(self._name).foreign_keys:
            parent, table = self._queries.context.names.resolve(_parts(key.referenced_table))
            from_, relation = self._queries.stored(parent, table)
            found = self._unmatched(rows, key.columns, Rows(from_, relation), key.referenced_columns)
            if found is not None:
                raise ConstraintError(
                    f'{verb} on table "{self._table.name}" violates foreign key constraint "{key.name}"',
                    sqlstate="23503",
                    detail=f"Key ({', '.join(key.columns)})=({', '.join(found)}) is not present in table "
                    f'"{table.name}".',
                    constraint=key.name,
                )

    def still_referenced(self, removed: Rows, key: ForeignKey, verb: str) -> None:
        """Raise if a row of another table still points to a key that is gone (23503)."""
        names = self._queries.context.names
        child, child_table = names.resolve(_parts(key.table))
        from_, relation = self._queries.stored(child, child_table)
        children = Rows(from_, relation)
        parent_from, parent_relation = self._queries.stored(self._name, self._table)
        parents = Rows(parent_from, parent_relation)
        gone = self.matched(children, key.columns, removed, key.referenced_columns)
        kept = self.matched(children, key.columns, parents, key.referenced_columns)
        shown = ", ".join(self._shown_value(children.column(name)) for name in key.columns)
        found = self._connection.fetch(
            f"SELECT {shown} FROM {children.from_} WHERE "
            f"EXISTS (SELECT 1 FROM {removed.from_} WHERE {gone}) "
            f"AND NOT EXISTS (SELECT 1 FROM {parents.from_} WHERE {kept}) LIMIT 1"
        )
        if found:
            raise ConstraintError(
                f'{verb} on table "{self._table.name}" violates foreign key constraint "{key.name}" '
                f'on table "{child_table.name}"',
                sqlstate="23503",
                detail=f"Key ({', '.join(key.referenced_columns)})=({', '.join(found[0])}) is still referenced "
                f'from table "{child_table.name}".',
                constraint=key.name,
            )

    def matched(self, a: Rows, a_names: Sequence[str], b: Rows, b_names: Sequence[str]) -> str:
        return " AND ".join(
            comparison(self._conversions, "=", a.column(x), b.column(y)).sql
            for x, y in zip(a_names, b_names, strict=True)
        )

    def _unmatched(
        self, rows: Rows, names: Sequence[str], parents: Rows, parent_names: Sequence[str]
    ) -> tuple[str, ...] | None:
        present = " AND ".join(f"{rows.column(name).sql} IS NOT NULL" for name in names)
        shown = ", ".join(self._shown_value(rows.column(name)) for name in names)
        found = self._connection.fetch(
            f"SELECT {shown} FROM {rows.from_} WHERE {present} AND NOT EXISTS "
            f"(SELECT 1 FROM {parents.from_} WHERE {self.matched(rows, names, parents, parent_names)}) LIMIT 1"
        )
        return tuple(found[0]) if found else None


def _parts(name: TableName) -> tuple[str, ...]:
    return name.database, name.schema, name.name
