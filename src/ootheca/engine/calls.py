"""Calls that need more than their arguments' texts: conditionals, sequences, rowids, time zones."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ootheca.engine.builtins import call_function, unknown_signature
from ootheca.engine.functions import ROWID_STEP
from ootheca.engine.operators import comparison, meet
from ootheca.engine.typed import Typed
from ootheca.engine.typenames import string_literal
from ootheca.errors import UnsupportedError
from ootheca.types import BOOL, DATE, DECIMAL, INT8, STRING, TIME, TIMESTAMP, TIMESTAMPTZ, Family

if TYPE_CHECKING:
    from ootheca.engine.context import Context
    from ootheca.engine.expressions import Expressions

__all__ = ["CALLS", "NODE_CALLS", "clock_value", "session_value", "special_call"]

_QUOTED = re.compile(r"(?:CAST\()?'((?:[^']|'')*)'(?: AS BIGINT\))?")


def _if(translate: Expressions, args: list[Typed]) -> Typed:
    results = meet(translate.conversions, args[1:])
    condition = translate.conversions.convert(args[0], BOOL).sql
    return replace(results[0], sql=f"CASE WHEN {condition} THEN {results[0].sql} ELSE {results[1].sql} END")


def _coalesce(translate: Expressions, args: list[Typed]) -> Typed:
    values = meet(translate.conversions, args)
    return replace(values[0], sql=f"coalesce({', '.join(v.sql for v in values)})", constant=None, number=None)


def _ifnull(translate: Expressions, args: list[Typed]) -> Typed:
    return _coalesce(translate, args)


def _nullif(translate: Expressions, args: list[Typed]) -> Typed:
    equal = comparison(translate.conversions, "=", args[0], args[1]).sql
    value = translate.conversions.settle(args[0])
    return replace(value, sql=f"CASE WHEN {equal} THEN NULL ELSE {value.sql} END")


def _greatest(translate: Expressions, args: list[Typed]) -> Typed:
    return _extreme(translate, args, "arg_max", "greatest")


def _least(translate: Expressions, args: list[Typed]) -> Typed:
    return _extreme(translate, args, "arg_min", "least")


def _extreme(translate: Expressions, args: list[Typed], over_keys: str, plain: str) -> Typed:
    values = meet(translate.conversions, args)
    keys = [translate.conversions.orderable(value) for value in values]
    if keys == [value.sql for value in values]:
        return replace(values[0], sql=f"{plain}({', '.join(keys)})", constant=None, number=None)
    rows = ", ".join(f"({value.sql}, {key})" for value, key in zip(values, keys, strict=True))
    return replace(values[0], sql=f"(SELECT {over_keys}(v, k) FROM (VALUES {rows}) AS p(v, k))")


def _nextval(translate: Expressions, args: list[Typed]) -> Typed:
    return Typed(f"oo_nextval({_sequence(translate, args[0])})", INT8)


def _currval(translate: Expressions, args: list[Typed]) -> Typed:
    return Typed(f"oo_currval({_sequence(translate, args[0])})", INT8)


def _setval(translate: Expressions, args: list[Typed]) -> Typed:
    value = translate.conversions.convert(args[1], INT8).sql
    flag = translate.conversions.convert(args[2], BOOL).sql if len(args) > 2 else "true"
    return Typed(f"oo_setval({_sequence(translate, args[0])}, {value}, {flag})", INT8)


def _sequence(translate: Expressions, value: Typed) -> str:
    # A constant: 'seq', 'seq'::STRING, or a descriptor's id as 53::REGCLASS.
    match = _QUOTED.fullmatch(value.sql)
    if value.constant is None and match is None:
        raise UnsupportedError("unimplemented: a sequence that is not a constant")
    text = value.constant if match is None else match[1].replace("''", "'")
    return string_literal(translate.context.use_sequence(text or ""))


def _unique_rowid(translate: Expressions, args: list[Typed]) -> Typed:
    del args
    # CockroachDB's form: units of 10 µs since 2015, then 15 bits of node.
    floor = max(translate.context.now.wall_ns // 1000 - 1_420_070_400_000_000, 0) // 10 * ROWID_STEP + 1
    return Typed(f"oo_rowid(CAST('{floor}' AS BIGINT))", INT8)


def _cluster_logical_timestamp(translate: Expressions, args: list[Typed]) -> Typed:
    del args
    return Typed(string_literal(str(translate.context.now)), DECIMAL, is_text=True)


def _timezone(translate: Expressions, args: list[Typed]) -> Typed:
    value = args[1]
    t = TIMESTAMP if value.type.family is Family.TIMESTAMPTZ else TIMESTAMPTZ
    return Typed(f"({translate.conversions.native(value).sql} AT TIME ZONE {args[0].sql})", t)


def clock_value(context: Context, name: str) -> Typed:
    """Return `now()` and its kin: the time of the transaction."""
    moment = f"make_timestamp(CAST('{context.now.wall_ns // 1000}' AS BIGINT))"
    match name:
        case "current_date":
            return Typed(f"CAST({moment} AS DATE)", DATE)
        case "current_time":
            return Typed(f"CAST({moment} AS TIME)", TIME)
        case "localtimestamp":
            return Typed(moment, TIMESTAMP)
        case _:
            return Typed(f"({moment} AT TIME ZONE 'UTC')", TIMESTAMPTZ)


def session_value(context: Context, name: str) -> Typed:
    """Return what the session knows: `current_database()` and its kin."""
    names = context.names
    value = {
        "current_database": names.current_database,
        "current_user": names.current_user,
        "session_user": names.current_user,
        "version": f"CockroachDB CCL {names.profile.build_tag} (ootheca)",
    }.get(name)
    if name == "current_schema":
        value = next((schema for schema in names.search_path if schema != "$user"), "public")
    return Typed(string_literal(value or ""), STRING)


def _extract(translate: Expressions, node: exp.Extract) -> Typed:
    part = Typed(string_literal(node.name.lower()), STRING, constant=node.name.lower())
    value = translate(node.expression)
    if value.constant is not None:
        value = translate.conversions.convert(value, TIMESTAMP)
    return call_function(translate.conversions, "date_part", [part, value])


def _substring(translate: Expressions, node: exp.Substring) -> Typed:
    parts = [node.this, node.args.get("start"), node.args.get("length")]
    return call_function(
        translate.conversions, "substring", [translate(part) for part in parts if part is not None]
    )


def _trim(translate: Expressions, node: exp.Trim) -> Typed:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(
        str(node.args.get("position") or "").upper(), "btrim"
    )
    args = [translate(node.this)] + ([translate(node.expression)] if node.expression is not None else [])
    return call_function(translate.conversions, name, args)


def _strposition(translate: Expressions, node: exp.StrPosition) -> Typed:
    return call_function(
        translate.conversions, "strpos", [translate(node.this), translate(node.args["substr"])]
    )


def _overlay(translate: Expressions, node: exp.Overlay) -> Typed:
    text, new = (
        translate.conversions.convert(translate(part), STRING).sql for part in (node.this, node.expression)
    )
    start = translate.conversions.convert(translate(node.args["from_"]), INT8).sql
    size = node.args.get("for_")
    length = (
        translate.conversions.convert(translate(size), INT8).sql if size is not None else f"length({new})"
    )
    return Typed(f"(left({text}, {start} - 1) || {new} || substring({text}, {start} + {length}))", STRING)


_ARITY = {
    "cluster_logical_timestamp": 0,
    "currval": 1,
    "if": 3,
    "ifnull": 2,
    "nextval": 1,
    "nullif": 2,
    "timezone": 2,
    "unique_rowid": 0,
}


def special_call(translate: Expressions, name: str, args: list[Typed]) -> Typed:
    """Translate one of `CALLS`.

    Raises:
        OothecaError: 42883, another number of arguments.
    """
    arity = _ARITY.get(name)
    if (arity is not None and len(args) != arity) or (name not in _ARITY and not args):
        raise unknown_signature(name, args)
    if name == "setval" and len(args) not in {2, 3}:
        raise unknown_signature(name, args)
    return CALLS[name](translate, args)


CALLS: dict[str, Callable[[Expressions, list[Typed]], Typed]] = {
    "coalesce": _coalesce,
    "currval": _currval,
    "greatest": _greatest,
    "if": _if,
    "ifnull": _ifnull,
    "least": _least,
    "nextval": _nextval,
    "nullif": _nullif,
    "setval": _setval,
    "timezone": _timezone,
    "unique_rowid": _unique_rowid,
    "cluster_logical_timestamp": _cluster_logical_timestamp,
}
NODE_CALLS: dict[Any, Callable[[Expressions, Any], Typed]] = {
    exp.Extract: _extract,
    exp.Overlay: _overlay,
    exp.StrPosition: _strposition,
    exp.Substring: _substring,
    exp.Trim: _trim,
}
