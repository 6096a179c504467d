"""INSERT, UPSERT, UPDATE and DELETE: rows are staged, checked, applied, and RETURNING reads the stage.

Source of the order of checks and of the words: CockroachDB's; see the scenarios in fixtures/conformance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from ootheca.catalog.table import Column, Index, Table
from ootheca.engine.applying import Applier
from ootheca.engine.base import TableName
from ootheca.engine.bulk import BulkRows
from ootheca.engine.bulk_values import bulk_values
from ootheca.engine.checks import Checks, Rows
from ootheca.engine.naming import fold
from ootheca.engine.queries import OutColumn, Queries, Query
from ootheca.engine.scope import Relation, Scope, ScopeColumn
from ootheca.engine.select import SelectList
from ootheca.engine.staging import Stage, Stager
from ootheca.engine.tables import Tables
from ootheca.engine.typed import Typed
from ootheca.engine.versions import Versions
from ootheca.errors import (
    DuplicateColumnError,
    OothecaError,
    ParseError,
    UndefinedColumnError,
    UnsupportedError,
)

__all__ = ["Outcome", "Writes"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write did: its verb on the wire, the number of rows, and RETURNING's query over the stage."""

    verb: str
    row_count: int
    returning: Query | None


def is_default(node: exp.Expr) -> bool:
    """Tell whether a value is the word DEFAULT."""
    if isinstance(node, exp.Var):
        return str(node.this).upper() == "DEFAULT"
    if isinstance(node, exp.Column) and not node.table and isinstance(node.this, exp.Identifier):
        return node.name.upper() == "DEFAULT" and not node.this.args.get("quoted")
    return False


class Writes:
    """Writes of one statement."""

    def __init__(
        self, tables: Tables, queries: Queries, versions: Versions, rows: BulkRows | None = None
    ) -> None:
        self._rows = rows
        self._tables = tables
        self._connection = tables.connection
        self._queries = queries
        self._conversions = queries.context.conversions
        self.stager = Stager(tables, queries)
        self._applier = Applier(tables, queries, versions, self.stager)

    def run(self, node: exp.Expr, *, is_upsert: bool) -> Outcome:
        """Run a write."""
        match node:
            case exp.Insert():
                return self._insert(node, is_upsert=is_upsert)
            case exp.Update():
                return self._update(node)
            case exp.Delete():
                return self._delete(node)
        raise UnsupportedError(f"unimplemented: {node.key}")

    def explain(self, node: exp.Expr, *, is_upsert: bool) -> tuple[str, ...]:
        """Return what EXPLAIN says of a write."""
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        name, _, _ = self._target(target)
        place = {"delete": "from", "update": "table"}.get(node.key, "into")
        verb = "upsert" if is_upsert else node.key
        return ("distribution: local", "vectorized: true", "", f"• {verb}", f"  {place}: {name.name}")

    # Targets

    def _target(self, node: exp.Expr) -> tuple[TableName, Table, str]:
        """Resolve the table of a write; returns its alias too."""
        parts = tuple(fold(part) for part in (node.args.get(k) for k in ("catalog", "db", "this")) if part)
        if not all(parts) or not parts:
            raise ParseError("syntax error: the name of a table is missing")
        name, table = self._queries.context.names.resolve(parts)
        if table.is_sequence or table.is_view:
            kind = (
                "sequence"
                if table.is_sequence
                else "materialized view"
                if table.is_materialized_view
                else "view"
            )
            raise OothecaError(f'"{table.name}" is not a table', sqlstate="42809", detail=f"It is a {kind}.")
        return name, table, fold(node.args["alias"].this) if node.args.get("alias") else ""

    def _column(self, table: Table, name: str) -> Column:
        column = table.column_by_name.get(name)
        if column is None:
            raise UndefinedColumnError(f'column "{name}" does not exist')
        if column.compute_expr is not None:
            raise OothecaError(f'cannot write directly to computed column "{name}"', sqlstate="55000")
        return column

    # INSERT

    def _insert(self, node: exp.Insert, *, is_upsert: bool) -> Outcome:
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        name, table, alias = self._target(target)
        listed = [fold(c) for c in node.this.expressions] if isinstance(node.this, exp.Schema) else None
        columns = self._insert_columns(table, listed)
        query, columns = self._insert_source(node, name, columns, is_listed=listed is not None)
        values = {c.name: query.columns[i].value(f"q.c{i + 1}") for i, c in enumerate(columns)}
        generated = set()
        for column in table.columns:
            if column.compute_expr is None and column.name not in values and not column.is_virtual:
                values[column.name] = self.stager.assigned(name, column, self.stager.default(column))
                if column.default_expr in {"unique_rowid()", "gen_random_uuid()"}:
                    generated.add(column.id)
        stage = self.stager.stage(name, table, values, f"FROM ({query.sql}) AS q")
        conflict = node.args.get("conflict")
        if is_upsert:
            # Without a list every column is written, also those that got their default.
            written = [c.name for c in columns] if listed is not None else list(values)
            return self._upsert(stage, frozenset(written), node)
        if conflict is not None:
            return self._on_conflict(stage, conflict, alias, node)
        skip = frozenset(i.id for i in table.all_indexes if generated & set(i.key_column_ids))
        self._applier.insert(stage, skip=skip)
        return Outcome("INSERT 0", stage.row_count, self._returning(node, [stage], alias))

    def _insert_columns(self, table: Table, listed: list[str] | None) -> list[Column]:
        if listed is None:
            return [c for c in table.columns if not c.is_hidden and c.compute_expr is None]
        seen: set[str] = set()
        for name in listed:
            if name in seen:
                raise DuplicateColumnError(
                    f'multiple assignments to the same column "{name}"', sqlstate="42601"
                )
            seen.add(name)
        return [self._column(table, name) for name in listed]

    def _insert_source(
        self, node: exp.Insert, name: TableName, columns: list[Column], *, is_listed: bool
    ) -> tuple[Query, list[Column]]:
        """Translate what is inserted, each column already in its target's type; returns the columns it fills."""
        source = node.expression
        if node.args.get("default") or source is None:
            return Query("SELECT 1 AS c0", ()), []
        while (
            isinstance(source, exp.Subquery) and not source.args.get("order") and not source.args.get("limit")
        ):
            source = source.this
        if isinstance(source, exp.Values) and not any(
            source.args.get(k) for k in ("order", "limit", "with_")
        ):
            return self._insert_values(source, name, columns, is_listed=is_listed)

        def finish(i: int, value: Typed) -> Typed:
            if i >= len(columns):
                raise _uneven(i + 1, len(columns))
            return self.stager.assigned(name, columns[i], value)

        if node.args.get("with_") is not None and source.args.get("with_") is None:
            source.set("with_", node.args["with_"].copy())
        query = self._queries.query(source, None, finish)
        if is_listed and len(query.columns) < len(columns):
            raise _uneven(len(query.columns), len(columns))
        return query, columns[: len(query.columns)]

    def _insert_values(
        self, node: exp.Values, name: TableName, columns: list[Column], *, is_listed: bool
    ) -> tuple[Query, list[Column]]:
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        width = len(rows[0])
        if any(len(row) != width for row in rows):
            raise OothecaError("VALUES lists must all be the same length", sqlstate="42601")
        if width > len(columns) or (is_listed and width < len(columns)):
            raise _uneven(width, len(columns))
        if self._rows is not None:
            targets = columns[:width]
            is_text = [self.stager.is_text(name, column) for column in targets]
            query = bulk_values(
                self._rows, targets, is_text, self._column_of(name), self._queries, self.stager
            )
            return query, targets
        translate = self._queries.expressions(Scope())
        made: list[list[Typed]] = []
        for i, column in enumerate(columns[:width]):
            cells = []
            for row in rows:
                item = row[i].this if isinstance(row[i], exp.Paren) else row[i]
                value = self.stager.default(column) if is_default(item) else translate(item)
                cells.append(self.stager.assigned(name, column, value))
            made.append(self._one_form(cells))
        return self._queries.rows_query(made), columns[:width]

    def _column_of(self, name: TableName) -> Callable[[Column, list[Typed]], list[Typed]]:
        return lambda column, values: self._one_form([self.stager.assigned(name, column, v) for v in values])

    def _one_form(self, cells: list[Typed]) -> list[Typed]:
        if not any(cell.is_text for cell in cells):
            return cells
        return [
            c if c.is_text else replace(c, is_text=True) if c.sql == "NULL" else self._conversions.text(c)
            for c in cells
        ]

    # Conflicts

    def _upsert(self, stage: Stage, written: frozenset[str], node: exp.Insert) -> Outcome:
        checks = Checks(self._connection, self._queries, stage.name, stage.table)
        index = stage.table.primary_index
        excluded = stage.rows(self._queries)
        stored = self._applier.stored(stage.name, stage.table)
        values = {
            c.name: (excluded if c.name in written else stored).column(c.name)
            for c in stage.table.columns
            if c.compute_expr is None and not c.is_virtual
        }
        on = self._same_key(checks, index, excluded, stored)
        return self._merge(stage, checks, index, excluded, stored, values, on, written, node, "")

    def _on_conflict(self, stage: Stage, conflict: exp.OnConflict, alias: str, node: exp.Insert) -> Outcome:
        checks = Checks(self._connection, self._queries, stage.name, stage.table)
        index = self._arbiter(checks, conflict, stage.table)
        action = str(conflict.args.get("action") or "").upper()
        if "NOTHING" in action:
            for each in [index] if index is not None else checks.unique_indexes():
                self._drop_conflicts(checks, each, stage)
            stage = replace(stage, row_count=self._count(stage))
            self._applier.insert(stage)
            return Outcome("INSERT 0", stage.row_count, self._returning(node, [stage], alias))
        if index is None:
            raise _no_arbiter()
        excluded = stage.rows(self._queries)
        stored = self._applier.stored(stage.name, stage.table, alias)
        excluded_as = Relation("excluded", excluded.relation.columns)
        scope = Scope(None, [stored.relation, replace_merged(excluded_as)])
        assigned = self._assignments(stage.name, stage.table, conflict.expressions, scope)
        values = {
            c.name: assigned.get(c.name, stored.column(c.name))
            for c in stage.table.columns
            if c.compute_expr is None and not c.is_virtual
        }
        on = self._same_key(checks, index, excluded, stored)
        condition = conflict.args.get("where")
        where = (
            f" WHERE {self._queries.expressions(scope).boolean(condition.this)}"
            if condition is not None
            else ""
        )
        return self._merge(
            stage, checks, index, excluded, stored, values, on, frozenset(assigned), node, alias, where
        )

    def _arbiter(self, checks: Checks, conflict: exp.OnConflict, table: Table) -> Index | None:
        wanted = conflict.args.get("conflict_keys")
        constraint = conflict.args.get("constraint")
        if not wanted and constraint is None:
            return None
        names = {fold(k.this.this if isinstance(k, exp.Ordered) else k.this) for k in wanted or []}
        for index in checks.unique_indexes():
            if constraint is not None and index.name == fold(constraint):
                return index
            if {table.column_by_id[i].name for i in index.key_column_ids} == names:
                return index
        raise _no_arbiter()

    @staticmethod
    def _same_key(checks: Checks, index: Index, a: Rows, b: Rows) -> str:
        pairs = zip(checks.keys(index, a), checks.keys(index, b), strict=True)
        equal = " AND ".join(f"{x} = {y}" for x, y in pairs)
        return f"{equal} AND {checks.in_index(index, a)} AND {checks.in_index(index, b)}"

    def _merge(
        self,
        stage: Stage,
        checks: Checks,
        index: Index,
        excluded: Rows,
        stored: Rows,
        values: dict[str, Typed],
        on: str,
        written: frozenset[str],
        node: exp.Insert,
        alias: str,
        where: str = "",
    ) -> Outcome:
        """Update the rows that are there, insert the others."""
        keys = checks.keys(index, excluded)
        twice = self._connection.fetch(
            f"SELECT 1 FROM {excluded.from_} WHERE {checks.in_index(index, excluded)} "
            f"GROUP BY {', '.join(keys)} HAVING count(*) > 1 LIMIT 1"
        )
        if twice:
            raise OothecaError(
                "UPSERT or INSERT...ON CONFLICT command cannot affect row a second time", sqlstate="21000"
            )
        join = f"FROM {excluded.from_} JOIN {stored.from_} ON {on}"
        staged_alias = excluded.from_.rpartition(" AS ")[2]
        assigned = {
            n: self.stager.assigned(stage.name, stage.table.column_by_name[n], v) for n, v in values.items()
        }
        updates = self.stager.stage(stage.name, stage.table, assigned, join + where, identity=stored.identity)
        self._connection.execute(
            f"DELETE FROM {stage.sql_name} WHERE oo_row IN (SELECT {staged_alias}.oo_row {join})"
        )
        rest = replace(stage, row_count=self._count(stage))
        self._applier.update(updates, written)
        self._applier.insert(rest)
        total = updates.row_count + rest.row_count
        return Outcome("INSERT 0", total, self._returning(node, [updates, rest], alias))

    def _drop_conflicts(self, checks: Checks, index: Index, stage: Stage) -> None:
        rows, stored = stage.rows(self._queries), self._applier.stored(stage.name, stage.table)
        alias = rows.from_.rpartition(" AS ")[2]
        on = self._same_key(checks, index, rows, stored)
        self._connection.execute(
            f"DELETE FROM {stage.sql_name} WHERE oo_row IN "
            f"(SELECT {alias}.oo_row FROM {rows.from_} JOIN {stored.from_} ON {on})"
        )
        keys = ", ".join(checks.keys(index, rows))
        self._connection.execute(
            f"DELETE FROM {stage.sql_name} WHERE oo_row IN (SELECT r FROM (SELECT {alias}.oo_row AS r, "
            f"row_number() OVER (PARTITION BY {keys} ORDER BY {alias}.oo_row) AS n FROM {rows.from_} "
            f"WHERE {checks.in_index(index, rows)}) WHERE n > 1)"
        )

    def _count(self, stage: Stage) -> int:
        return int(self._connection.fetch(f"SELECT count(*) FROM {stage.sql_name}")[0][0])

    # UPDATE

    def _assignments(
        self, name: TableName, table: Table, nodes: Sequence[exp.Expr], scope: Scope
    ) -> dict[str, Typed]:
        translate = self._queries.expressions(scope)
        out: dict[str, Typed] = {}
        for node in nodes:
            targets, sources = [node.this], [node.expression]
            if isinstance(node.this, exp.Tuple | exp.Paren):
                targets = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this.this]
                right = node.expression
                if isinstance(right, exp.Subquery | exp.Query):
                    raise UnsupportedError("unimplemented: a row of columns set from a subquery")
                sources = right.expressions if isinstance(right, exp.Tuple) else [right]
                if len(targets) != len(sources):
                    raise OothecaError(
                        f"number of columns ({len(targets)}) does not match number of values ({len(sources)})",
                        sqlstate="42601",
                    )
            for target, source in zip(targets, sources, strict=True):
                if not isinstance(target, exp.Column):
                    raise ParseError("syntax error: SET needs the name of a column")
                column = self._column(table, fold(target.this))
                if column.name in out:
                    raise OothecaError(
                        f'multiple assignments to the same column "{column.name}"', sqlstate="42601"
                    )
                value = self.stager.default(column) if is_default(source) else translate(source)
                out[column.name] = self.stager.assigned(name, column, value)
        return out

    def _update(self, node: exp.Update) -> Outcome:
        name, table, alias = self._target(node.this)
        stored = self._applier.stored(name, table, alias)
        scope = Scope(None, [stored.relation])
        from_ = f"FROM {stored.from_}"
        clause = node.args.get("from_")
        if clause is not None:
            text, relation = self._queries.relation(clause.this, scope)
            scope.relations.append(relation)
            from_ += f", {text}"
        assigned = self._assignments(name, table, node.expressions, scope)
        values = {
            c.name: assigned.get(c.name, stored.column(c.name))
            for c in table.columns
            if c.compute_expr is None and not c.is_virtual
        }
        stage = self.stager.stage(
            name, table, values, from_ + self._tail(node, scope), identity=stored.identity
        )
        self._applier.update(stage, frozenset(assigned))
        return Outcome("UPDATE", stage.row_count, self._returning(node, [stage], alias))

    def _tail(self, node: exp.Expr, scope: Scope) -> str:
        """Translate WHERE, ORDER BY and LIMIT of a write."""
        translate = self._queries.expressions(scope)
        where = node.args.get("where")
        text = f" WHERE {translate.boolean(where.this)}" if where is not None else ""
        order = node.args.get("order")
        if order is not None:
            text += f" ORDER BY {', '.join(translate.ordering(item) for item in order.expressions)}"
        return text + self._queries.limits(node)

    # DELETE

    def _delete(self, node: exp.Delete) -> Outcome:
        name, table, alias = self._target(node.this)
        stored = self._applier.stored(name, table, alias)
        scope = Scope(None, [stored.relation])
        from_ = f"FROM {stored.from_}"
        for other in node.args.get("using") or []:
            text, relation = self._queries.relation(other, scope)
            scope.relations.append(relation)
            from_ += f", {text}"
        values = {c.name: stored.column(c.name) for c in table.columns if not c.is_virtual}
        stage = self.stager.stage(
            name, table, values, from_ + self._tail(node, scope), identity=stored.identity
        )
        self._applier.delete(stage)
        return Outcome("DELETE", stage.row_count, self._returning(node, [stage], alias))

    # RETURNING

    def _returning(self, node: exp.Expr, stages: Sequence[Stage], alias: str) -> Query | None:
        clause = node.args.get("returning")
        if clause is None:
            return None
        items = clause.expressions
        if len(items) == 1 and isinstance(items[0], exp.Column) and items[0].name.upper() == "NOTHING":
            return None
        parts, columns = [], None
        for stage in stages:
            query = self._returned(items, stage, alias)
            parts.append(query.sql)
            columns = query.columns
        assert columns is not None
        return Query(" UNION ALL ".join(f"({part})" for part in parts), columns)

    def _returned(self, items: Sequence[exp.Expr], stage: Stage, alias: str) -> Query:
        inner = self._queries.alias("x")
        relation = stage.relation(self._queries, inner, alias or stage.name.name)
        relation.qualifiers = (stage.name.schema, stage.name.database)
        scope = Scope(None, [relation])
        names, values = SelectList(self._queries, scope).translate(items)
        shown = ", ".join(f"{value.sql} AS c{i + 1}" for i, value in enumerate(values))
        outs = tuple(OutColumn(n, v.type, v.is_text) for n, v in zip(names, values, strict=True))
        return Query(f"SELECT {shown} FROM {stage.sql_name} AS {inner} ORDER BY {inner}.oo_row", outs)


def replace_merged(relation: Relation) -> Relation:
    """Return a relation whose columns are only reachable through its name, as `excluded`'s are."""
    columns = [ScopeColumn(c.name, c.value, c.is_hidden, is_merged=True) for c in relation.columns]
    return Relation(relation.alias, columns)


def _no_arbiter() -> OothecaError:
    message = "there is no unique or exclusion constraint matching the ON CONFLICT specification"
    return OothecaError(message, sqlstate="42P10")


def _uneven(num_values: int, num_columns: int) -> OothecaError:
    more, less = (
        ("expressions", "target columns") if num_values > num_columns else ("target columns", "expressions")
    )
    return OothecaError(
        f"INSERT has more {more} than {less}, {num_values} expressions for {num_columns} targets",
        sqlstate="42601",
    )
