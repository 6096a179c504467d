"""SELECT, VALUES, set operations and WITH, translated to DuckDB with the types of their columns.

Inside, every query names its columns `c1`, `c2` … and every relation gets a fresh alias, so that no name of the user's
can clash or differ only in case; the names that the user sees travel beside the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

import pyarrow as pa
from sqlglot import exp

from ootheca.catalog.table import Table
from ootheca.engine.base import Source, TableName
from ootheca.engine.context import Context
from ootheca.engine.dialect import parse_query, parse_scalar
from ootheca.engine.expressions import Expressions
from ootheca.engine.functions import sequence_key
from ootheca.engine.naming import column_name, fold
from ootheca.engine.operators import common_type, meet
from ootheca.engine.scope import Relation, Scope, ScopeColumn, stored_relation
from ootheca.engine.texts import is_int64
from ootheca.engine.typed import Conversions, Typed
from ootheca.engine.typenames import (
    duckdb_type,
    has_only_text,
    quote,
    string_literal,
)
from ootheca.errors import OothecaError, ParseError, UnsupportedError
from ootheca.types import BOOL, INT8, Family, SQLType, arrow_type

__all__ = ["Finish", "OutColumn", "Queries", "Query", "ordinal", "output"]

Finish = Callable[[int, Typed], Typed]


@dataclass(frozen=True, slots=True)
class OutColumn:
    """A column of a query: the user's name, the type, the representation."""

    name: str
    type: SQLType
    is_text: bool

    def value(self, sql: str) -> Typed:
        """Return the column's value under a DuckDB text."""
        return Typed(sql, self.type, self.is_text)


@dataclass(frozen=True, slots=True)
class Query:
    """A translated query; its DuckDB columns are `c1` … `cn`."""

    sql: str
    columns: tuple[OutColumn, ...]


@dataclass(slots=True)
class Queries:
    """Translates queries of one statement.

    Args:
        sources: row sets that stand for bracketed statements, by the name in the text.
        use_source: registers one with DuckDB and returns its name there.
    """

    context: Context
    sources: Mapping[str, Source] = field(default_factory=dict)
    use_source: Callable[[str], str] = lambda name: name
    _aliases: count[int] = field(default_factory=lambda: count(1))
    _ctes: dict[str, tuple[str, Query]] = field(default_factory=dict)

    def expressions(self, scope: Scope) -> Expressions:
        """Return the translator of expressions in a scope."""
        return Expressions(self.context, scope, lambda node, outer: self.query(node, outer))

    def alias(self, prefix: str = "t") -> str:
        """Return a name that nothing else has."""
        return f"{prefix}{next(self._aliases)}"

    def query(self, node: exp.Expr, outer: Scope | None = None, finish: Finish | None = None) -> Query:
        """Translate a query expression; `finish` brings each column's value to its final form."""
        saved = dict(self._ctes)
        try:
            heads = self._with(node, outer)
            body = self._body(node, outer, finish)
        finally:
            self._ctes = saved
        return replace(body, sql=f"WITH {heads} {body.sql}") if heads else body

    def _body(self, node: exp.Expr, outer: Scope | None, finish: Finish | None) -> Query:
        match node:
            case exp.Select():
                from ootheca.engine.select import SelectTranslation

                return SelectTranslation(self, node, outer).run(finish)
            case exp.SetOperation():
                return self._set_operation(node, outer, finish)
            case exp.Values():
                return self._ordered(self.values(node, outer, finish), node)
            case exp.Subquery() | exp.Paren():
                inner = self.query(node.this, outer, finish)
                return self._ordered(inner, node)
            case exp.Table():
                select = exp.select("*").from_(node.copy())
                return self.query(select, outer, finish)
        raise UnsupportedError(f"unimplemented: {node.key} as a query")

    # WITH

    def _with(self, node: exp.Expr, outer: Scope | None) -> str:
        clause = node.args.get("with_")
        if clause is None:
            return ""
        heads = []
        for cte in clause.expressions:
            name = fold(cte.args["alias"].this)
            given = [fold(c) for c in cte.args["alias"].args.get("columns") or []]
            alias = self.alias("w")
            if isinstance(cte.this, exp.Insert | exp.Update | exp.Delete):
                raise UnsupportedError("unimplemented: a write inside WITH")
            if clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
                query = self._recursive(cte.this, name, given, alias, outer)
            else:
                query = self.query(cte.this, outer)
            query = replace(query, columns=_renamed(query.columns, given, name))
            self._ctes[name] = (alias, query)
            names = ", ".join(f"c{i + 1}" for i in range(len(query.columns)))
            heads.append(f"{alias}({names}) AS ({query.sql})")
        word = "RECURSIVE " if clause.args.get("recursive") else ""
        return word + ", ".join(heads)

    def _recursive(
        self, node: exp.SetOperation, name: str, given: list[str], alias: str, outer: Scope | None
    ) -> Query:
        start = self.query(node.this, outer)
        self._ctes[name] = (alias, replace(start, columns=_renamed(start.columns, given, name)))
        following = self.query(node.expression, outer)
        if len(following.columns) != len(start.columns):
            raise _uneven(start, following)
        word = "UNION" if node.args.get("distinct") else "UNION ALL"
        return replace(start, sql=f"{start.sql} {word} {following.sql}")

    # VALUES and set operations

    def values(self, node: exp.Values, outer: Scope | None, finish: Finish | None) -> Query:
        """Translate VALUES; every row must have the same length."""
        translate = self.expressions(Scope(outer))
        rows = [
            [translate(item) for item in (row.expressions if isinstance(row, exp.Tuple) else [row])]
            for row in node.expressions
        ]
        width = len(rows[0])
        if any(len(row) != width for row in rows):
            raise OothecaError("VALUES lists must all be the same length", sqlstate="42601")
        columns = []
        for i in range(width):
            column = [row[i] for row in rows]
            if finish is not None:
                column = [finish(i, value) for value in column]
            else:
                column = meet(self.context.conversions, column)
            columns.append(_one_representation(self.context.conversions, column))
        return self.rows_query(columns)

    def rows_query(self, columns: list[list[Typed]]) -> Query:
        """Return rows of values. Columns of plain constants are cast as a whole: DuckDB plans each call in a row."""
        alias = self.alias("v")
        outs, items, cells = [], [], []
        for i, column in enumerate(columns):
            known = next((v for v in column if not v.is_null), column[0])
            outs.append(OutColumn(f"column{i + 1}", known.type, any(v.is_text for v in column)))
            if len(column) > 1 and all(v.plain is not None or v.sql == "NULL" for v in column):
                items.append(f"CAST({alias}.c{i + 1} AS {duckdb_type(known.type)}) AS c{i + 1}")
                cells.append(["NULL" if v.plain is None else string_literal(v.plain) for v in column])
            else:
                items.append(f"{alias}.c{i + 1}")
                cells.append([v.sql for v in column])
        lines = ", ".join(f"({', '.join(row)})" for row in zip(*cells, strict=True))
        names = ", ".join(f"c{i + 1}" for i in range(len(columns)))
        return Query(f"SELECT {', '.join(items)} FROM (VALUES {lines}) AS {alias}({names})", tuple(outs))

    def _set_operation(self, node: exp.SetOperation, outer: Scope | None, finish: Finish | None) -> Query:
        left, right = self.query(node.this, outer), self.query(node.expression, outer)
        if len(left.columns) != len(right.columns):
            raise _uneven(left, right)
        conversions = self.context.conversions
        words = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}
        word = words[type(node)] + ("" if node.args.get("distinct") else " ALL")
        sides: tuple[list[str], list[str]] = ([], [])
        outs = []
        for i, (a, b) in enumerate(zip(left.columns, right.columns, strict=True)):
            values = [a.value(f"c{i + 1}"), b.value(f"c{i + 1}")]
            values = _one_representation(conversions, meet(conversions, values, common_type(values)))
            for side, value in zip(sides, values, strict=True):
                side.append(f"{value.sql} AS c{i + 1}")
            outs.append(OutColumn(a.name, values[0].type, values[0].is_text))
        parts = [
            f"SELECT {', '.join(side)} FROM ({query.sql}) AS {self.alias('s')}"
            for side, query in zip(sides, (left, right), strict=True)
        ]
        query = self._ordered(Query(f"({parts[0]}) {word} ({parts[1]})", tuple(outs)), node)
        return self.finished(query, finish)

    def finished(self, query: Query, finish: Finish | None) -> Query:
        """Return the query with `finish` applied to its columns."""
        if finish is None:
            return query
        alias = self.alias("f")
        values = [finish(i, column.value(f"{alias}.c{i + 1}")) for i, column in enumerate(query.columns)]
        items = ", ".join(f"{value.sql} AS c{i + 1}" for i, value in enumerate(values))
        outs = tuple(
            OutColumn(column.name, value.type, value.is_text)
            for column, value in zip(query.columns, values, strict=True)
        )
        return Query(f"SELECT {items} FROM ({query.sql}) AS {alias}", outs)

    def _ordered(self, query: Query, node: exp.Expr) -> Query:
        """Add ORDER BY, LIMIT and OFFSET over the columns of a finished query."""
        order, tail = node.args.get("order"), self.limits(node)
        if order is None and not tail:
            return query
        alias = self.alias("o")
        scope = Scope(None, [Relation("", _columns_of(query, alias))])
        translate = self.expressions(scope)
        items = []
        for item in order.expressions if order is not None else []:
            place = ordinal(item, len(query.columns))
            value = query.columns[place].value(f"{alias}.c{place + 1}") if place is not None else None
            items.append(translate.ordering(item, value))
        clause = f" ORDER BY {', '.join(items)}" if items else ""
        return replace(query, sql=f"SELECT * FROM ({query.sql}) AS {alias}{clause}{tail}")

    def limits(self, node: exp.Expr) -> str:
        """Translate LIMIT and OFFSET."""
        words = ""
        for key, word in (("limit", "LIMIT"), ("offset", "OFFSET")):
            clause = node.args.get(key)
            if clause is None:
                continue
            amount = clause.expression if not isinstance(clause, exp.Fetch) else clause.args.get("count")
            if isinstance(amount, exp.Var | exp.Column) and amount.name.upper() == "ALL":
                continue
            value = self.expressions(Scope())(amount)
            if not value.is_null:
                words += f" {word} {self.context.conversions.convert(value, INT8).sql}"
        return words

    # FROM

    def relation(self, node: exp.Expr, outer: Scope) -> tuple[str, Relation]:
        """Translate a source of rows; returns its text with alias, and what it offers."""
        alias_node = node.args.get("alias")
        given = fold(alias_node.this) if alias_node is not None and alias_node.this is not None else ""
        renames = [fold(c) for c in (alias_node.args.get("columns") or [])] if alias_node is not None else []
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Anonymous | exp.Func):
            sql, relation = self._named(node, given)
        elif isinstance(node, exp.Table):
            sql, relation = self._function(
                node.this, given, renames, outer, ordinality=bool(node.args.get("ordinality"))
            )
        elif isinstance(node, exp.Unnest):
            call = exp.Anonymous(this="unnest", expressions=node.expressions)
            if isinstance(node.args.get("offset"), exp.Identifier):
                renames.append(fold(node.args["offset"]))
            sql, relation = self._function(
                call, given, renames, outer, ordinality=bool(node.args.get("offset"))
            )
        elif isinstance(node, exp.Lateral):
            inner = node.this
            if isinstance(inner, exp.Anonymous | exp.Func) and not isinstance(inner, exp.Subquery):
                sql, relation = self._function(inner, given, renames, outer, ordinality=False)
            else:
                query = self.query(inner.this if isinstance(inner, exp.Subquery) else inner, outer)
                alias = self.alias()
                sql, relation = (
                    f"LATERAL ({query.sql}) AS {alias}",
                    Relation(given, _columns_of(query, alias)),
                )
        else:
            query = self.query(node.this if isinstance(node, exp.Subquery) else node, outer.parent)
            alias = self.alias()
            sql, relation = f"({query.sql}) AS {alias}", Relation(given, _columns_of(query, alias))
        if renames:
            relation.columns = _renamed_scope(relation.columns, renames, relation.alias)
        return sql, relation

    def _named(self, node: exp.Table, given: str) -> tuple[str, Relation]:
        parts = tuple(fold(part) for part in (node.args.get(k) for k in ("catalog", "db", "this")) if part)
        if len(parts) == 1 and parts[0] in self._ctes:
            alias = self.alias()
            cte, query = self._ctes[parts[0]]
            return f"{cte} AS {alias}", Relation(given or parts[0], _columns_of(query, alias))
        if len(parts) == 1 and parts[0] in self.sources:
            return self._source(parts[0], given)
        if not parts or not all(parts):
            raise ParseError("syntax error: the name of a table is missing")
        name, table = self.context.names.resolve(parts)
        return self.stored(name, table, given)

    def _source(self, key: str, given: str) -> tuple[str, Relation]:
        source, alias = self.sources[key], self.alias()
        columns = []
        for i, (column, f) in enumerate(zip(source.columns, source.batches.schema, strict=True)):
            is_text = pa.types.is_string(f.type) and arrow_type(column.type) != pa.string()
            is_text = is_text or has_only_text(column.type)
            columns.append(ScopeColumn(column.name, Typed(f"{alias}.c{i + 1}", column.type, is_text)))
        return f"{quote(self.use_source(key))} AS {alias}", Relation(given, columns)

    def stored(self, name: TableName, table: Table, given: str = "", alias: str = "") -> tuple[str, Relation]:
        """Return a stored table, view or sequence as a relation."""
        alias = alias or self.alias()
        qualifiers = (name.schema, name.database)
        if table.is_sequence:
            from_ = (
                f"(SELECT last_value AS c1, CAST(0 AS BIGINT) AS c2, is_called AS c3 FROM ootheca.sequences "
                f"WHERE name = {_string(sequence_key(name))}) AS {alias}"
            )
            columns = [
                ScopeColumn("last_value", Typed(f"{alias}.c1", INT8)),
                ScopeColumn("log_cnt", Typed(f"{alias}.c2", INT8)),
                ScopeColumn("is_called", Typed(f"{alias}.c3", BOOL)),
            ]
            return from_, Relation(given or name.name, columns, qualifiers, name, table)
        if table.is_view and not table.is_materialized_view:
            return self._view(name, table, given, alias)
        from_, relation = stored_relation(name, table, alias, self.context.physical(name))
        if given:
            relation.alias, relation.qualifiers = given, ()
        self.add_virtual(relation, table)
        return from_, relation

    def add_virtual(self, relation: Relation, table: Table) -> None:
        """Add virtual columns in their places, computed from the stored ones."""
        by_name = {column.name: column for column in relation.columns}
        for column in table.columns:
            if column.is_virtual and column.compute_expr is not None:
                value = self.scalar(column.compute_expr, Scope(None, [relation]))
                value = self.context.conversions.convert(value, column.type)
                by_name[column.name] = ScopeColumn(column.name, value, column.is_hidden)
        relation.columns = [by_name[column.name] for column in table.columns if column.name in by_name]

    def scalar(self, text: str, scope: Scope) -> Typed:
        """Translate a stored expression (a default, a check, a computed column) in a scope."""
        statement = parse_scalar(text)
        inner = replace(self, context=self.context.for_statement(statement))
        return inner.expressions(scope)(statement.tree)

    def _view(self, name: TableName, table: Table, given: str, alias: str) -> tuple[str, Relation]:
        statement = parse_query(self.context.view_query(name))
        inner = replace(self, context=self.context.for_statement(statement), _ctes={})
        query = inner.query(statement.tree)
        columns = [
            ScopeColumn(
                column.name, Typed(f"{alias}.c{i + 1}", out.type, out.is_text), is_hidden=column.is_hidden
            )
            for i, (column, out) in enumerate(
                zip([c for c in table.columns if not c.is_hidden], query.columns, strict=False)
            )
        ]
        return f"({query.sql}) AS {alias}", Relation(
            given or name.name, columns, (name.schema, name.database), name, table
        )

    def _function(
        self, node: exp.Expr, given: str, renames: list[str], outer: Scope, *, ordinality: bool
    ) -> tuple[str, Relation]:
        translate = self.expressions(outer)
        value = translate(node)
        name = node.name.lower() if isinstance(node, exp.Anonymous) else column_name(node)
        alias = self.alias()
        column = given if given and not renames else name
        if not ordinality and not value.sql.startswith("unnest("):
            # A function that returns one value is a table of one row.
            settled = self.context.conversions.settle(value)
            relation = Relation(given or name, [ScopeColumn(column, replace(settled, sql=f"{alias}.c1"))])
            return f"LATERAL (SELECT {settled.sql} AS c1) AS {alias}", relation
        columns = [ScopeColumn(column, replace(value, sql=f"{alias}.c1"))]
        body = f"SELECT {value.sql} AS c1"
        if ordinality:
            body = f"SELECT c1, row_number() OVER () AS c2 FROM ({body})"
            columns.append(ScopeColumn("ordinality", Typed(f"{alias}.c2", INT8)))
        return f"LATERAL ({body}) AS {alias}", Relation(given or name, columns)


def _string(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _columns_of(query: Query, alias: str) -> list[ScopeColumn]:
    return [ScopeColumn(c.name, c.value(f"{alias}.c{i + 1}")) for i, c in enumerate(query.columns)]


def _renamed(columns: tuple[OutColumn, ...], names: list[str], alias: str) -> tuple[OutColumn, ...]:
    if len(names) > len(columns):
        raise _too_many(alias, len(columns), len(names))
    return tuple(replace(c, name=names[i]) if i < len(names) else c for i, c in enumerate(columns))


def _renamed_scope(columns: list[ScopeColumn], names: list[str], alias: str) -> list[ScopeColumn]:
    visible = [i for i, column in enumerate(columns) if not column.is_hidden]
    if len(names) > len(visible):
        raise _too_many(alias, len(visible), len(names))
    out = list(columns)
    for place, name in zip(visible, names, strict=False):
        out[place] = replace(out[place], name=name)
    return out


def _too_many(alias: str, available: int, given: int) -> OothecaError:
    return OothecaError(
        f'source "{alias}" has {available} columns available but {given} columns specified', sqlstate="42P10"
    )


def _uneven(left: Query, right: Query) -> OothecaError:
    return OothecaError(
        f"each UNION query must have the same number of columns: {len(left.columns)} vs {len(right.columns)}",
        sqlstate="42601",
    )


def _one_representation(conversions: Conversions, values: list[Typed]) -> list[Typed]:
    """Bring all values to text if one of them only has a text."""
    if not any(value.is_text for value in values):
        return values
    return [value if value.is_text or value.is_null else conversions.text(value) for value in values]


def ordinal(node: exp.Expr, num_columns: int) -> int | None:
    """Return the place that ORDER BY 2 or GROUP BY 2 names."""
    inner = node.this if isinstance(node, exp.Ordered) else node
    if not isinstance(inner, exp.Literal) or inner.is_string:
        return None
    place = int(inner.name) if is_int64(inner.name) else 0
    if not 1 <= place <= num_columns:
        raise OothecaError(f"ORDER BY position {inner.name} is not in select list", sqlstate="42P10")
    return place - 1


def output(value: Typed) -> Typed:
    """Give NULL without a type a DuckDB type."""
    if value.is_null:
        return replace(value, sql="CAST(NULL AS VARCHAR)")
    if value.type.family is Family.ARRAY and value.type.element is not None and value.sql == "[]":
        return replace(value, sql="CAST([] AS VARCHAR[])")
    return value
