"""One SELECT, from FROM to LIMIT, and its list of columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from ootheca.engine.naming import column_name, fold
from ootheca.engine.operators import comparison
from ootheca.engine.queries import OutColumn, Query, ordinal, output
from ootheca.engine.scope import Relation, Scope, ScopeColumn
from ootheca.engine.typed import Typed
from ootheca.errors import OothecaError

if TYPE_CHECKING:
    from ootheca.engine.queries import Finish, Queries

__all__ = ["SelectList", "SelectTranslation"]


class SelectList:
    """The items between SELECT and FROM, or after RETURNING."""

    def __init__(self, queries: Queries, scope: Scope) -> None:
        self._queries = queries
        self._scope = scope

    def expand(self, nodes: Sequence[exp.Expr]) -> list[tuple[str, exp.Expr | Typed]]:
        """Return the names of the columns with what each of them is; stars stand for the columns they name."""
        out: list[tuple[str, exp.Expr | Typed]] = []
        for item in nodes:
            star = item.this if isinstance(item, exp.Column) else item
            if isinstance(star, exp.Star):
                parts = (
                    [item.args.get(k) for k in ("table", "db", "catalog")]
                    if isinstance(item, exp.Column)
                    else []
                )
                columns = self._scope.star(tuple(fold(part) for part in parts if part is not None))
                if not self._scope.relations:
                    raise OothecaError('cannot use "*" without a FROM clause', sqlstate="42602")
                out.extend((column.name, column.value) for column in columns)
            elif isinstance(item, exp.Alias):
                out.append((fold(item.args["alias"]), item.this))
            else:
                out.append((column_name(item), item))
        return out

    def translate(self, nodes: Sequence[exp.Expr]) -> tuple[list[str], list[Typed]]:
        """Return names and values, ready to be shown."""
        expressions, conversions = self._queries.expressions(self._scope), self._queries.context.conversions
        names, values = [], []
        for name, item in self.expand(nodes):
            names.append(name)
            value = item if isinstance(item, Typed) else expressions(item)
            values.append(output(conversions.settle(value)))
        return names, values


class SelectTranslation:
    """One SELECT, from FROM to LIMIT."""

    def __init__(self, queries: Queries, node: exp.Select, outer: Scope | None) -> None:
        self.queries = queries
        self.node = node
        self.scope = Scope(outer)
        self.translate = queries.expressions(self.scope)
        self.conversions = queries.context.conversions
        self.names: list[str] = []
        self.values: list[Typed] = []
        self._items: list[exp.Expr | Typed] = []

    def run(self, finish: Finish | None) -> Query:
        """Return the translated query."""
        from_ = self._from()
        where = self._where()
        self._project_names()
        groups = self._groups()
        self._project()
        node = self.node
        having = (
            f" HAVING {self.translate.boolean(node.args['having'].this)}" if node.args.get("having") else ""
        )
        raw = self.values
        shown = [
            finish(i, value) if finish is not None else output(self.conversions.settle(value))
            for i, value in enumerate(raw)
        ]
        outs = tuple(OutColumn(n, v.type, v.is_text) for n, v in zip(self.names, shown, strict=True))
        items = ", ".join(f"{value.sql} AS c{i + 1}" for i, value in enumerate(shown))
        limits = self.queries.limits(node)
        distinct = node.args.get("distinct")
        body = f"{from_}{where}{groups}{having}"
        if distinct is not None and distinct.args.get("on") is None:
            return self._distinct(items, outs, shown, body, limits)
        prefix = ""
        if distinct is not None:
            on = distinct.args["on"]
            keys = [self._item_value(n) for n in (on.expressions if isinstance(on, exp.Tuple) else [on])]
            prefix = f"DISTINCT ON ({', '.join(self.conversions.orderable(key) for key in keys)}) "
        order = self._order()
        return Query(f"SELECT {prefix}{items}{body}{order}{limits}", outs)

    # FROM and WHERE

    def _from(self) -> str:
        source = self.node.args.get("from_")
        if source is None:
            return ""
        text = self._joined(source.this)
        for join in self.node.args.get("joins") or []:
            text += self._join(join)
        return f" FROM {text}"

    def _joined(self, node: exp.Expr) -> str:
        """Translate a source and the joins that hang on it (`(a JOIN b) JOIN c`)."""
        if isinstance(node, exp.Paren | exp.Subquery) and isinstance(node.this, exp.Table) and not node.alias:
            text = f"({self._joined(node.this)})"
        else:
            text, relation = self.queries.relation(node, self.scope)
            self.scope.relations.append(relation)
        for join in node.args.get("joins") or []:
            text += self._join(join)
        return text

    def _join(self, node: exp.Join) -> str:
        before = len(self.scope.relations)
        text = self._joined(node.this)
        side, kind = (str(node.args.get(key) or "").upper() for key in ("side", "kind"))
        using = [fold(column) for column in node.args.get("using") or []]
        if str(node.args.get("method") or "").upper() == "NATURAL":
            mine = {c.name for r in self.scope.relations[before:] for c in r.columns if not c.is_hidden}
            using = [
                c.name
                for r in self.scope.relations[:before]
                for c in r.columns
                if c.name in mine and not c.is_hidden and not c.is_merged
            ]
        if using:
            return f" {side} JOIN {text} ON {self._using(using, before, side)}"
        condition = node.args.get("on")
        if condition is None and (kind == "CROSS" or not (side or kind)):
            return f" CROSS JOIN {text}"
        on = self.translate.boolean(condition) if condition is not None else "true"
        return f" {side} JOIN {text} ON {on}"

    def _using(self, names: list[str], before: int, side: str) -> str:
        left, right = Scope(None, self.scope.relations[:before]), Scope(None, self.scope.relations[before:])
        conditions = []
        merged = []
        for name in names:
            a, b = left.column(name), right.column(name)
            conditions.append(comparison(self.conversions, "=", a, b).sql)
            value = {"RIGHT": b, "FULL": replace(a, sql=f"coalesce({a.sql}, {b.sql})")}.get(side, a)
            merged.append(ScopeColumn(name, value))
        for relation in self.scope.relations:
            relation.columns = [
                replace(column, is_merged=True) if column.name in names else column
                for column in relation.columns
            ]
        self.scope.relations.insert(0, Relation("", merged))
        return " AND ".join(conditions)

    def _where(self) -> str:
        where = self.node.args.get("where")
        if where is None:
            return ""
        self.translate.no_aggregates_in = "WHERE"
        text = f" WHERE {self.translate.boolean(where.this)}"
        self.translate.no_aggregates_in = ""
        return text

    # SELECT list

    def _project_names(self) -> None:
        """Expand stars and name the columns."""
        expanded = SelectList(self.queries, self.scope).expand(self.node.expressions)
        self.names = [name for name, _ in expanded]
        self._items = [item for _, item in expanded]

    def _project(self) -> None:
        keyed = self.translate.keyed_groups
        for item in self._items:
            if isinstance(item, Typed):
                wrap = item.sql in keyed
                self.values.append(replace(item, sql=f"any_value({item.sql})") if wrap else item)
            else:
                self.values.append(self.translate(item))

    def _groups(self) -> str:
        group = self.node.args.get("group")
        if group is None or not group.expressions:
            return ""
        keyed, texts = set(), []
        self.translate.no_aggregates_in = "GROUP BY"
        for node in group.expressions:
            place = ordinal(node, len(self._items)) if isinstance(node, exp.Literal) else None
            item = self._items[place] if place is not None else self._alias_target(node)
            value = self.conversions.settle(item if isinstance(item, Typed) else self.translate(item))
            key = self.conversions.orderable(value)
            if key != value.sql:
                keyed.add(value.sql)
            texts.append(key)
        self.translate.no_aggregates_in = ""
        self.translate.keyed_groups = frozenset(keyed)
        return f" GROUP BY {', '.join(texts)}"

    def _alias_target(self, node: exp.Expr) -> exp.Expr | Typed:
        """Return what a bare name in GROUP BY means: a column of FROM first, then an item of the SELECT list."""
        if isinstance(node, exp.Column) and not node.table:
            name = fold(node.this)
            known = any(c.name == name for r in self.scope.relations for c in r.columns)
            if not known and name in self.names:
                return self._items[self.names.index(name)]
        return node

    # DISTINCT and ORDER BY

    def _item_value(self, node: exp.Expr) -> Typed:
        """Return the value of an ORDER BY or DISTINCT ON item: a place, an output name, or an expression."""
        inner = node.this if isinstance(node, exp.Ordered) else node
        place = ordinal(inner, len(self.values))
        if place is None and isinstance(inner, exp.Column) and not inner.table:
            name = fold(inner.this)
            places = [i for i, known in enumerate(self.names) if known == name]
            place = places[0] if places else None
        return self.values[place] if place is not None else self.translate(inner)

    def _order(self) -> str:
        order = self.node.args.get("order")
        if order is None:
            return ""
        items = []
        for item in order.expressions:
            constant = isinstance(item.this, exp.Boolean | exp.Null) or item.this.is_string
            items.append(self.translate.ordering(item, None if constant else self._item_value(item)))
        return f" ORDER BY {', '.join(items)}"

    def _distinct(
        self, items: str, outs: tuple[OutColumn, ...], shown: list[Typed], body: str, limits: str
    ) -> Query:
        alias = self.queries.alias("d")
        keys = [self.conversions.orderable(value) for value in shown]
        plain = keys == [value.sql for value in shown]
        word = "DISTINCT" if plain else f"DISTINCT ON ({', '.join(keys)})"
        order = self.node.args.get("order")
        ordering = []
        for item in order.expressions if order is not None else []:
            wanted = self._item_value(item).sql
            place = next((i for i, value in enumerate(self.values) if value.sql == wanted), None)
            if place is None:
                raise OothecaError(
                    "for SELECT DISTINCT, ORDER BY expressions must appear in select list", sqlstate="42P10"
                )
            ordering.append(self.translate.ordering(item, outs[place].value(f"{alias}.c{place + 1}")))
        clause = f" ORDER BY {', '.join(ordering)}" if ordering else ""
        return Query(f"SELECT * FROM (SELECT {word} {items}{body}) AS {alias}{clause}{limits}", outs)
