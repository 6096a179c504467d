"""Scalar expressions of CockroachDB, translated to DuckDB with their types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ootheca.datum import format_array, format_interval
from ootheca.engine.aggregates import AGGREGATES, WINDOW_FUNCTIONS
from ootheca.engine.builtins import call_function
from ootheca.engine.calendar import parse_interval
from ootheca.engine.calls import CALLS, NODE_CALLS, clock_value, session_value, special_call
from ootheca.engine.context import Context
from ootheca.engine.literals import MARK
from ootheca.engine.naming import fold
from ootheca.engine.operators import arithmetic, comparison, concatenation, meet
from ootheca.engine.scope import Scope
from ootheca.engine.texts import is_int64
from ootheca.engine.typed import NULL, Typed
from ootheca.engine.typenames import TypeName, duckdb_type, has_only_text, resolve_type, string_literal
from ootheca.engine.windows import aggregate_call, filter_suffix, window_call
from ootheca.errors import OothecaError, ParseError, UnsupportedError
from ootheca.types import (
    BOOL,
    BYTES,
    DECIMAL,
    INT8,
    JSONB,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    UNKNOWN,
    Family,
    SQLType,
    array_of,
)

if TYPE_CHECKING:
    from ootheca.engine.queries import Query

__all__ = ["Expressions"]


_COMPARISONS = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}  # fmt: skip
_ARITHMETIC = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.IntDiv: "//",
    exp.Mod: "%",
    exp.Pow: "^",
}
_BITWISE = {
    exp.BitwiseAnd: "&", exp.BitwiseOr: "|", exp.BitwiseLeftShift: "<<", exp.BitwiseRightShift: ">>",
}  # fmt: skip
_CLOCKS = {
    "now",
    "current_timestamp",
    "transaction_timestamp",
    "statement_timestamp",
    "clock_timestamp",
    "localtimestamp",
}
_NOW_NODES = (exp.CurrentTimestamp, exp.Localtimestamp, exp.CurrentDate, exp.CurrentTime, exp.Localtime)
_SESSION_NODES = {
    exp.CurrentUser: "current_user", exp.SessionUser: "session_user", exp.CurrentCatalog: "current_database",
    exp.CurrentSchema: "current_schema", exp.CurrentRole: "current_user",
}  # fmt: skip


class Expressions:
    """Translates expressions inside one scope.

    Args:
        queries: translates subqueries; given the scope they are in.
    """

    def __init__(self, context: Context, scope: Scope, subquery: Callable[[exp.Expr, Scope], Query]) -> None:
        self.context = context
        self.scope = scope
        self.conversions = context.conversions
        self._translate = subquery
        self.keyed_groups: frozenset[str] = frozenset()  # texts that GROUP BY orders by a key of theirs
        self.no_aggregates_in = ""  # the clause that must not hold aggregates, while it is translated
        self.in_aggregate = False

    def __call__(self, node: exp.Expr | None) -> Typed:
        """Translate one expression."""
        if node is None:
            raise ParseError("syntax error: an expression is missing")
        value = self._translated(node)
        if value.sql in self.keyed_groups and not self.in_aggregate:
            # Grouped by a key of it: all values of a group are equal, any of them will do.
            return replace(value, sql=f"any_value({value.sql})")
        return value

    def _translated(self, node: exp.Expr) -> Typed:
        kind = type(node)
        if kind in _COMPARISONS:
            return self._comparison(node, _COMPARISONS[kind])
        if kind in _ARITHMETIC:
            return arithmetic(self.conversions, _ARITHMETIC[kind], self(node.this), self(node.expression))
        if kind in _BITWISE:
            left, right = (
                self.conversions.convert(self(side), INT8).sql for side in (node.this, node.expression)
            )
            return Typed(f"({left} {_BITWISE[kind]} {right})", INT8)
        if kind in NODE_CALLS:
            return NODE_CALLS[kind](self, node)
        method: Callable[[Any], Typed] | None = getattr(self, f"_{kind.__name__.lower()}", None)
        if method is not None:
            return method(node)
        if isinstance(node, _NOW_NODES):
            return self._now(node)
        if kind in _SESSION_NODES:
            return session_value(self.context, _SESSION_NODES[kind])
        if kind is exp.Parameter:
            raise OothecaError(f"no value provided for placeholder: ${node.name}", sqlstate="08P01")
        raise UnsupportedError(f"unimplemented: {kind.key} in a query")

    def boolean(self, node: exp.Expr) -> str:
        """Translate a condition."""
        value = self(node)
        if value.type.family not in {Family.BOOL, Family.UNKNOWN}:
            if value.constant is None:
                raise OothecaError(
                    f"argument of WHERE must be type bool, not type {value.type.name.lower()}",
                    sqlstate="42804",
                )
            value = self.conversions.convert(value, BOOL)
        return self.conversions.native(value).sql

    # Leaves

    def _literal(self, node: exp.Literal) -> Typed:
        text = node.name
        if not node.is_string:
            t = INT8 if is_int64(text) else DECIMAL
            settled = self.conversions.literal(text, t)
            return replace(settled, number=text)
        if not text.startswith(MARK):
            return Typed(string_literal(text), STRING, constant=text)
        literal = self.context.literals[int(text[1:])]
        if literal.kind == "bytes":
            return Typed(f"from_hex('{literal.value}')", BYTES)
        if literal.kind == "bits":
            return Typed(f"'{literal.value}'", SQLType(Family.BIT, 1562, visible_type=10), is_text=True)
        return Typed(string_literal(literal.value), STRING, constant=literal.value)

    def _null(self, node: exp.Null) -> Typed:
        del node
        return NULL

    def _boolean(self, node: exp.Boolean) -> Typed:
        return Typed("true" if node.this else "false", BOOL)

    def _column(self, node: exp.Column) -> Typed:
        if isinstance(node.this, exp.Star):
            raise UnsupportedError("unimplemented: a star in an expression")
        name = fold(node.this)
        qualifier = tuple(
            fold(part) for part in (node.args.get(k) for k in ("table", "db", "catalog")) if part
        )
        if name == "default" and not qualifier and not node.this.args.get("quoted"):
            raise OothecaError(
                "DEFAULT can only appear in a VALUES list within INSERT or on the right side of a SET",
                sqlstate="42601",
            )
        return self.scope.column(name, qualifier)

    def _paren(self, node: exp.Paren) -> Typed:
        value = self(node.this)
        if value.constant is not None or value.number is not None:
            return value
        return replace(value, sql=f"({value.sql})")

    def _star(self, node: exp.Star) -> Typed:
        del node
        raise OothecaError('cannot use "*" in this context', sqlstate="42601")

    # Operators

    def _comparison(self, node: exp.Expr, operator: str) -> Typed:
        if isinstance(node.this, exp.Tuple) and isinstance(node.expression, exp.Tuple):
            return self._tuple_comparison(node.this, node.expression, operator)
        right = node.expression
        if isinstance(right, exp.Any | exp.All):
            return self._quantified(node.this, operator, right)
        return comparison(self.conversions, operator, self(node.this), self(right))

    def _tuple_comparison(self, left: exp.Tuple, right: exp.Tuple, operator: str) -> Typed:
        pairs = [
            [self.conversions.orderable(v) for v in meet(self.conversions, [self(a), self(b)])]
            for a, b in zip(left.expressions, right.expressions, strict=False)
        ]
        if len(left.expressions) != len(right.expressions):
            raise OothecaError(
                f"unequal number of entries in tuple: {len(left.expressions)} vs {len(right.expressions)}",
                sqlstate="42601",
            )
        sides = [", ".join(column) for column in zip(*pairs, strict=True)]
        return Typed(f"(({sides[0]}) {operator} ({sides[1]}))", BOOL)

    def _quantified(self, left: exp.Expr, operator: str, right: exp.Any | exp.All) -> Typed:
        word = "ANY" if isinstance(right, exp.Any) else "ALL"
        inner = right.this
        inner = inner.this if isinstance(inner, exp.Paren) and isinstance(inner.this, exp.Query) else inner
        value = self(left)
        if isinstance(inner, exp.Subquery | exp.Query):
            query = self._query(inner)
            item = query.columns[0].value("q.c1")
            a, b = meet(self.conversions, [value, item])
            rows = f"SELECT {self.conversions.orderable(b)} FROM ({query.sql}) AS q"
            return Typed(f"({self.conversions.orderable(a)} {operator} {word} ({rows}))", BOOL)
        array = self.conversions.settle(self(inner))
        if array.constant is not None:
            array = self.conversions.convert(array, array_of(value.type))
        if array.type.element is None:
            raise OothecaError(f"op {word} array requires array on the right side", sqlstate="42883")
        a, b = meet(self.conversions, [value, Typed("x", array.type.element, array.is_text)])
        items = f"(SELECT unnest(list_transform({array.sql}, lambda x: {self.conversions.orderable(b)})))"
        return Typed(f"({self.conversions.orderable(a)} {operator} {word} {items})", BOOL)

    def _and(self, node: exp.And) -> Typed:
        return Typed(f"({self.boolean(node.this)} AND {self.boolean(node.expression)})", BOOL)

    def _or(self, node: exp.Or) -> Typed:
        return Typed(f"({self.boolean(node.this)} OR {self.boolean(node.expression)})", BOOL)

    def _not(self, node: exp.Not) -> Typed:
        return Typed(f"(NOT {self.boolean(node.this)})", BOOL)

    def _neg(self, node: exp.Neg) -> Typed:
        value = self(node.this)
        if value.number is not None:
            text = value.number[1:] if value.number.startswith("-") else f"-{value.number}"
            t = INT8 if is_int64(text) else DECIMAL
            return replace(self.conversions.literal(text, t), number=text)
        if value.is_text and value.type.family is Family.DECIMAL:
            return Typed(f"oo_dec_fn('-', {value.sql}, 0)", value.type, is_text=True)
        if value.type.family in {Family.INT, Family.FLOAT, Family.DECIMAL, Family.INTERVAL}:
            return replace(value, sql=f"(-{value.sql})")
        raise OothecaError(f"unsupported unary operator: -<{value.type.name.lower()}>", sqlstate="22023")

    def _bitwisenot(self, node: exp.BitwiseNot) -> Typed:
        return Typed(f"(~{self.conversions.convert(self(node.this), INT8).sql})", INT8)

    def _bitwisexor(self, node: exp.BitwiseXor) -> Typed:
        left, right = (
            self.conversions.convert(self(side), INT8).sql for side in (node.this, node.expression)
        )
        return Typed(f"xor({left}, {right})", INT8)

    def _dpipe(self, node: exp.DPipe) -> Typed:
        return concatenation(self.conversions, self(node.this), self(node.expression))

    def _concat(self, node: exp.Concat) -> Typed:
        # sqlglot's form of adjacent string literals.
        text = "".join(part.constant or "" for part in map(self, node.expressions))
        return Typed(string_literal(text), STRING, constant=text)

    def _is(self, node: exp.Is) -> Typed:
        value, right = self(node.this), node.expression
        if isinstance(right, exp.Null):
            negated = "NOT " if node.args.get("negate") else ""
            return Typed(f"({self.conversions.settle(value).sql} IS {negated}NULL)", BOOL)
        if isinstance(right, exp.Boolean):
            condition = self.conversions.convert(value, BOOL).sql
            return Typed(f"({condition} IS {'TRUE' if right.this else 'FALSE'})", BOOL)
        raise UnsupportedError("unimplemented: this form of IS")

    def _between(self, node: exp.Between) -> Typed:
        value = self(node.this)
        low, high = self(node.args["low"]), self(node.args["high"])
        above = comparison(self.conversions, ">=", value, low).sql
        return Typed(f"({above} AND {comparison(self.conversions, '<=', value, high).sql})", BOOL)

    def _in(self, node: exp.In) -> Typed:
        query = node.args.get("query")
        if query is not None:
            return self._in_query(node.this, query)
        if isinstance(node.this, exp.Tuple):
            rows = [self._tuple_comparison(node.this, row, "=").sql for row in node.expressions]
            return Typed(f"({' OR '.join(rows)})", BOOL)
        values = meet(self.conversions, [self(node.this), *map(self, node.expressions)])
        first, *others = [self.conversions.orderable(value) for value in values]
        return Typed(f"({first} IN ({', '.join(others)}))", BOOL)

    def _in_query(self, left: exp.Expr, node: exp.Expr) -> Typed:
        query = self._query(node)
        lefts = left.expressions if isinstance(left, exp.Tuple) else [left]
        if len(lefts) != len(query.columns):
            raise OothecaError(
                f"subquery must return {'one column' if len(lefts) == 1 else f'{len(lefts)} columns'}, "
                f"found {len(query.columns)}",
                sqlstate="42601",
            )
        outer, inner = [], []
        for i, side in enumerate(lefts):
            a, b = meet(self.conversions, [self(side), query.columns[i].value(f"q.c{i + 1}")])
            outer.append(self.conversions.orderable(a))
            inner.append(self.conversions.orderable(b))
        return Typed(f"(({', '.join(outer)}) IN (SELECT {', '.join(inner)} FROM ({query.sql}) AS q))", BOOL)

    def _exists(self, node: exp.Exists) -> Typed:
        return Typed(f"EXISTS ({self._query(node.this).sql})", BOOL)

    def _pattern(self, node: exp.Expr, operator: str) -> Typed:
        left, right = (
            self.conversions.convert(self(side), STRING).sql for side in (node.this, node.expression)
        )
        negated = "NOT " if node.args.get("negate") else ""
        return Typed(f"({left} {negated}{operator} {right} ESCAPE '\\')", BOOL)

    def _like(self, node: exp.Like) -> Typed:
        return self._pattern(node, "LIKE")

    def _ilike(self, node: exp.ILike) -> Typed:
        return self._pattern(node, "ILIKE")

    def _escape(self, node: exp.Escape) -> Typed:
        operator = "LIKE" if isinstance(node.this, exp.Like) else "ILIKE"
        operator = f"NOT {operator}" if node.this.args.get("negate") else operator
        left, right = (
            self.conversions.convert(self(s), STRING).sql for s in (node.this.this, node.this.expression)
        )
        return Typed(f"({left} {operator} {right} ESCAPE {self(node.expression).sql})", BOOL)

    def _similarto(self, node: exp.SimilarTo) -> Typed:
        left, right = (
            self.conversions.convert(self(side), STRING).sql for side in (node.this, node.expression)
        )
        return Typed(f"({left} SIMILAR TO replace(replace({right}, '%', '.*'), '_', '.'))", BOOL)

    def _regexplike(self, node: exp.RegexpLike) -> Typed:
        left, right = (
            self.conversions.convert(self(side), STRING).sql for side in (node.this, node.expression)
        )
        return Typed(f"regexp_matches({left}, {right})", BOOL)

    def _regexpilike(self, node: exp.RegexpILike) -> Typed:
        left, right = (
            self.conversions.convert(self(side), STRING).sql for side in (node.this, node.expression)
        )
        return Typed(f"regexp_matches({left}, {right}, 'i')", BOOL)

    # JSON and arrays

    def _json_member(self, node: exp.Expr, *, is_text: bool, is_path: bool) -> Typed:
        document = self.conversions.convert(self(node.this), JSONB).sql
        key = self(node.expression)
        flag = "true" if is_text else "false"
        if is_path:
            path = self.conversions.convert(key, array_of(STRING)).sql
            sql = f"oo_json_path({document}, {path}, {flag})"
        else:
            sql = f"oo_json_step({document}, {self.conversions.string(key).sql}, {flag})"
        return Typed(sql, STRING if is_text else JSONB)

    def _jsonextract(self, node: exp.JSONExtract) -> Typed:
        return self._json_member(node, is_text=False, is_path=False)

    def _jsonextractscalar(self, node: exp.JSONExtractScalar) -> Typed:
        return self._json_member(node, is_text=True, is_path=False)

    def _jsonbextract(self, node: exp.JSONBExtract) -> Typed:
        return self._json_member(node, is_text=False, is_path=True)

    def _jsonbextractscalar(self, node: exp.JSONBExtractScalar) -> Typed:
        return self._json_member(node, is_text=True, is_path=True)

    def _jsonbcontainstopkey(self, node: exp.JSONBContainsTopKey) -> Typed:
        document = self.conversions.convert(self(node.this), JSONB).sql
        return Typed(
            f"oo_json_has({document}, {self.conversions.convert(self(node.expression), STRING).sql})", BOOL
        )

    def _contains(self, left: Typed, right: Typed) -> Typed:
        if Family.ARRAY in {left.type.family, right.type.family}:
            a, b = meet(self.conversions, [left, right])
            return Typed(f"list_has_all({a.sql}, {b.sql})", BOOL)
        a, b = (self.conversions.convert(value, JSONB) for value in (left, right))
        return Typed(f"oo_json_contains({a.sql}, {b.sql})", BOOL)

    def _arraycontainsall(self, node: exp.ArrayContainsAll) -> Typed:
        return self._contains(self(node.this), self(node.expression))

    def _arraycontainedby(self, node: exp.Expr) -> Typed:
        return self._contains(self(node.expression), self(node.this))

    def _arrayoverlaps(self, node: exp.ArrayOverlaps) -> Typed:
        a, b = meet(self.conversions, [self(node.this), self(node.expression)])
        return Typed(f"list_has_any({a.sql}, {b.sql})", BOOL)

    def _array(self, node: exp.Array) -> Typed:
        items = node.expressions
        if len(items) == 1 and isinstance(items[0], exp.Query):
            query = self._query(items[0])
            column = query.columns[0]
            inner = column.value("q.c1")
            return Typed(
                f"(SELECT coalesce(list(q.c1), []) FROM ({query.sql}) AS q)",
                array_of(inner.type),
                inner.is_text,
            )
        if not items:
            return Typed("[]", array_of(UNKNOWN), constant="{}")
        translated = [self(item) for item in items]
        values = meet(self.conversions, translated)
        element = next((value.type for value in values if not value.is_null), UNKNOWN)
        is_text = values[0].is_text and duckdb_type(element) != "VARCHAR"
        kind = "VARCHAR" if values[0].is_text else duckdb_type(element)
        constant = None
        if all(v.constant is not None or v.number is not None or v.is_null for v in translated):
            constant = format_array([v.constant if v.constant is not None else v.number for v in translated])
        t = array_of(element)
        return Typed(f"CAST([{', '.join(v.sql for v in values)}] AS {kind}[])", t, is_text, constant=constant)

    def _bracket(self, node: exp.Bracket) -> Typed:
        array = self.conversions.settle(self(node.this))
        if array.type.element is None:
            raise OothecaError(f"cannot subscript type {array.type.name.lower()}", sqlstate="42804")
        place = self.conversions.convert(self(node.expressions[0]), INT8).sql
        sql = f"CASE WHEN {place} > 0 THEN {array.sql}[{place}] END"
        return Typed(sql, array.type.element, array.is_text or has_only_text(array.type.element))

    # Conversions

    def _cast(self, node: exp.Cast) -> Typed:
        name = node.args["to"].args.get("kind")
        if not isinstance(name, TypeName):
            raise UnsupportedError("unimplemented: this type")
        value = self(node.this)
        if name.parts[0] == "interval" and len(name.parts) > 1 and value.constant is not None:
            text = format_interval(*parse_interval(value.constant, name.parts[1]))
            return self.conversions.literal(text, resolve_type(TypeName(("interval",)), self.context.names))
        t = resolve_type(name, self.context.names)
        if t.family is Family.OID and t.oid in {2205, 2206} and value.constant is not None:
            return self._object_id(value.constant, t)
        if value.type.family is Family.ARRAY and value.constant is not None:
            return self._constant_array(value, t)
        return self.conversions.convert(value, t, explicit=True)

    def _constant_array(self, value: Typed, t: SQLType) -> Typed:
        if t.family is Family.ARRAY:
            return self.conversions.literal(value.constant or "{}", t)
        return self.conversions.convert(replace(value, constant=None), t, explicit=True)

    def _object_id(self, text: str, t: SQLType) -> Typed:
        if text.isascii() and text.isdigit():
            return self.conversions.literal(text, t)
        if t.oid == 2206:
            found = resolve_type(TypeName(tuple(text.lower().split("."))), self.context.names)
            return self.conversions.literal(str(found.oid), t)
        parts = tuple(part[1:-1] if part.startswith('"') else part.lower() for part in text.split("."))
        _, table = self.context.names.resolve(parts)
        return self.conversions.literal(str(table.id), t)

    def _collate(self, node: exp.Collate) -> Typed:
        value = self.conversions.convert(self(node.this), STRING)
        return replace(value, type=SQLType(Family.COLLATED_STRING, 25, locale=node.expression.name))

    def _case(self, node: exp.Case) -> Typed:
        branches = node.args["ifs"]
        default = node.args.get("default")
        results = meet(
            self.conversions, [self(b.args["true"]) for b in branches] + ([self(default)] if default else [])
        )
        subject = self(node.this) if node.this is not None else None
        words = []
        for branch, result in zip(branches, results, strict=False):
            if subject is None:
                condition = self.boolean(branch.this)
            else:
                condition = comparison(self.conversions, "=", subject, self(branch.this)).sql
            words.append(f"WHEN {condition} THEN {result.sql}")
        if default is not None:
            words.append(f"ELSE {results[-1].sql}")
        return replace(results[0], sql=f"CASE {' '.join(words)} END", constant=None, number=None)

    def _attimezone(self, node: exp.AtTimeZone) -> Typed:
        value, zone = self(node.this), self.conversions.convert(self(node.args["zone"]), STRING).sql
        if value.constant is not None:
            value = self.conversions.convert(value, TIMESTAMPTZ)
        t = TIMESTAMP if value.type.family is Family.TIMESTAMPTZ else TIMESTAMPTZ
        return Typed(f"({self.conversions.native(value).sql} AT TIME ZONE {zone})", t)

    # Calls

    def _dot(self, node: exp.Dot) -> Typed:
        """A function with a schema before its name, such as `crdb_internal.datums_to_bytes(…)`."""
        call = node.expression
        if isinstance(call, exp.Anonymous):
            schema = fold(node.this.this if isinstance(node.this, exp.Column) else node.this)
            name = call.name.lower()
            return self._call(name if schema == "pg_catalog" else f"{schema}.{name}", call.expressions)
        raise UnsupportedError("unimplemented: a field of a tuple")

    def _anonymous(self, node: exp.Anonymous) -> Typed:
        name = node.name.lower()
        if name == "array":
            return self._array(exp.Array(expressions=node.expressions))
        if name in AGGREGATES:
            return aggregate_call(self, node, "")
        if name in WINDOW_FUNCTIONS:
            raise OothecaError(f"window function calls require an OVER clause: {name}()", sqlstate="42P20")
        return self._call(name, node.expressions)

    def _call(self, name: str, arguments: list[exp.Expr]) -> Typed:
        if name in _CLOCKS or name in {"current_date", "current_time"}:
            return clock_value(self.context, name)
        if name in {"current_database", "current_schema", "current_user", "session_user", "version"}:
            return session_value(self.context, name)
        args = [self(argument) for argument in arguments]
        if name in CALLS:
            return special_call(self, name, args)
        return call_function(self.conversions, name, args)

    # Aggregates and windows

    def _filter(self, node: exp.Filter) -> Typed:
        return aggregate_call(self, node.this, filter_suffix(self, node))

    def _window(self, node: exp.Window) -> Typed:
        return window_call(self, node)

    def ordering(self, node: exp.Expr, value: Typed | None = None) -> str:
        """Translate an ORDER BY item: NULLs first, NaN the smallest, exotic types by their key."""
        inner = node.this if isinstance(node, exp.Ordered) else node
        if value is None and isinstance(inner, exp.Literal | exp.Boolean | exp.Null):
            raise OothecaError(f"non-integer constant in ORDER BY: {inner.name or 'NULL'}", sqlstate="42601")
        value = self.conversions.settle(self(inner) if value is None else value)
        descending = bool(node.args.get("desc"))
        first = bool(node.args.get("nulls_first")) if isinstance(node, exp.Ordered) else not descending
        tail = f"{'DESC' if descending else 'ASC'} NULLS {'FIRST' if first else 'LAST'}"
        key = self.conversions.orderable(value)
        if value.type.family is Family.FLOAT:
            return f"(NOT isnan({key})) {tail}, {key} {tail}"
        return f"{key} {tail}"

    def _now(self, node: exp.Expr) -> Typed:
        names: dict[Any, str] = {
            exp.CurrentDate: "current_date",
            exp.CurrentTime: "current_time",
            exp.Localtime: "current_time",
            exp.Localtimestamp: "localtimestamp",
        }
        return clock_value(self.context, names.get(type(node), "now"))

    # Subqueries

    def _query(self, node: exp.Expr) -> Query:
        return self._translate(
            node.this if isinstance(node, exp.Subquery) and not node.alias else node, self.scope
        )

    def _subquery(self, node: exp.Expr) -> Typed:
        query = self._query(node)
        if len(query.columns) != 1:
            raise OothecaError(
                f"subquery must return only one column, found {len(query.columns)}", sqlstate="42601"
            )
        return query.columns[0].value(f"({query.sql})")

    def _select(self, node: exp.Select) -> Typed:
        return self._subquery(node)

    def _union(self, node: exp.Union) -> Typed:
        return self._subquery(node)

    def _values(self, node: exp.Values) -> Typed:
        return self._subquery(node)

    def _tuple(self, node: exp.Tuple) -> Typed:
        raise UnsupportedError(f"unimplemented: a tuple of {len(node.expressions)} values as a value")
