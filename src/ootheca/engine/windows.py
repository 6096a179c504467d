"""Aggregate calls and calls over windows, inside expressions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from ootheca.engine.aggregates import AGGREGATES, WINDOW_FUNCTIONS, aggregate
from ootheca.engine.typed import Typed
from ootheca.errors import OothecaError, UnsupportedError
from ootheca.types import FLOAT8, INT8

if TYPE_CHECKING:
    from ootheca.engine.expressions import Expressions

__all__ = ["aggregate_call", "filter_suffix", "window_call"]


def aggregate_call(translate: Expressions, node: exp.Expr, suffix: str) -> Typed:
    """Translate an aggregate; `suffix` is FILTER or OVER."""
    order = ""
    if isinstance(node, exp.Anonymous):
        arguments = list(node.expressions)
    else:
        raise UnsupportedError("unimplemented: this aggregate")
    if translate.in_aggregate:
        raise OothecaError(
            f"{node.name.lower()}(): aggregate function calls cannot be nested", sqlstate="42803"
        )
    if translate.no_aggregates_in:
        raise OothecaError(
            f"aggregate functions are not allowed in {translate.no_aggregates_in}", sqlstate="42803"
        )
    translate.in_aggregate = True
    try:
        distinct = bool(arguments) and isinstance(arguments[0], exp.Distinct)
        if distinct:
            arguments = [*arguments[0].expressions, *arguments[1:]]
        if arguments and isinstance(arguments[-1], exp.Order):
            ordered = arguments.pop()
            arguments.append(ordered.this)
            order = f" ORDER BY {', '.join(translate.ordering(item) for item in ordered.expressions)}"
        stars = arguments and isinstance(arguments[0], exp.Star)
        args = [] if stars else [translate(argument) for argument in arguments]
    finally:
        translate.in_aggregate = False
    found = aggregate(translate.conversions, node.name.lower(), args, distinct=distinct, order=order)
    return Typed(found.sql(suffix), found.type, found.is_text)


def filter_suffix(translate: Expressions, node: exp.Filter) -> str:
    """Translate FILTER (WHERE …)."""
    return f" FILTER (WHERE {translate.boolean(node.expression.this)})"


def window_call(translate: Expressions, node: exp.Window) -> Typed:
    """Translate a call with OVER."""
    suffix = ""
    call = node.this
    if isinstance(call, exp.Filter):
        suffix, call = filter_suffix(translate, call), call.this
    suffix += f" OVER ({_window_text(translate, node)})"
    name = call.name.lower()
    if name in AGGREGATES:
        return aggregate_call(translate, call, suffix)
    if name not in WINDOW_FUNCTIONS:
        raise OothecaError(
            f"OVER specified, but {name}() is neither a window function nor an aggregate function",
            sqlstate="42809",
        )
    args = [translate.conversions.settle(translate(argument)) for argument in call.expressions]
    sql = f"{name}({', '.join(arg.sql for arg in args)}){suffix}"
    if name in {"cume_dist", "percent_rank"}:
        return Typed(sql, FLOAT8)
    return (
        Typed(sql, INT8)
        if name in {"row_number", "rank", "dense_rank", "ntile"}
        else replace(args[0], sql=sql)
    )


def _window_text(translate: Expressions, node: exp.Window) -> str:
    words = []
    if node.args.get("alias") is not None:
        raise UnsupportedError("unimplemented: named windows")
    parts = node.args.get("partition_by")
    if parts:
        words.append(
            f"PARTITION BY {', '.join(translate.conversions.orderable(translate(part)) for part in parts)}"
        )
    order = node.args.get("order")
    if order is not None:
        words.append(f"ORDER BY {', '.join(translate.ordering(item) for item in order.expressions)}")
    spec = node.args.get("spec")
    if spec is not None:
        words.append(spec.sql(dialect="duckdb"))
    return " ".join(words)
