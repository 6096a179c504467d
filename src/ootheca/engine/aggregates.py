"""Aggregates: what they return, and how DuckDB computes them exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ootheca.engine.builtins import json_value
from ootheca.engine.typed import KEYED, Conversions, Typed
from ootheca.errors import OothecaError
from ootheca.types import BOOL, DECIMAL, FLOAT8, INT8, INTERVAL, JSONB, STRING, Family, SQLType, array_of

__all__ = ["AGGREGATES", "WINDOW_FUNCTIONS", "Aggregate", "aggregate"]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate's text without what follows it: `sql(suffix)` puts FILTER and OVER where they belong."""

    sql: Callable[[str], str]
    type: SQLType
    is_text: bool = False


AGGREGATES = frozenset(
    {
        *(
            "array_agg",
            "avg",
            "bit_and",
            "bit_or",
            "bool_and",
            "bool_or",
            "concat_agg",
            "corr",
            "count",
            "count_rows",
        ),
        *("every", "json_agg", "json_object_agg", "jsonb_agg", "jsonb_object_agg", "max", "min", "stddev"),
        *(
            "stddev_samp",
            "stddev_pop",
            "string_agg",
            "sum",
            "sum_int",
            "variance",
            "var_samp",
            "var_pop",
            "xor_agg",
        ),
    }
)
WINDOW_FUNCTIONS = frozenset(
    {
        *("cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile"),
        *("percent_rank", "rank", "row_number"),
    }
)


def aggregate(
    conversions: Conversions, name: str, args: list[Typed], *, distinct: bool, order: str
) -> Aggregate:
    """Return an aggregate call; no arguments mean `count(*)`."""
    if name == "count_rows" or (name == "count" and not args):
        return Aggregate(lambda suffix: f"count(*){suffix}", INT8)
    if not args:
        raise OothecaError(f"unknown signature: {name}()", sqlstate="42883")
    value = conversions.settle(args[0])
    mark = "DISTINCT " if distinct else ""
    match name:
        case "count":
            return Aggregate(lambda suffix: f"count({mark}{conversions.orderable(value)}){suffix}", INT8)
        case "min" | "max":
            return _extreme(conversions, name, value)
        case "sum" | "avg" | "sum_int":
            return _total(conversions, name, value, mark)
        case "array_agg":
            return Aggregate(
                lambda suffix: f"list({mark}{value.sql}{order}){suffix}", array_of(value.type), value.is_text
            )
        case "string_agg" | "concat_agg":
            text = conversions.convert(value, STRING).sql
            separator = conversions.convert(args[1], STRING).sql if len(args) > 1 else "''"
            return Aggregate(lambda suffix: f"string_agg({mark}{text}, {separator}{order}){suffix}", STRING)
        case "bool_and" | "bool_or" | "every":
            plain = "bool_or" if name == "bool_or" else "bool_and"
            return Aggregate(lambda suffix: f"{plain}({value.sql}){suffix}", BOOL)
        case "json_agg" | "jsonb_agg":
            item = json_value(conversions, value)
            return Aggregate(lambda suffix: f"oo_json_array(list({item}{order}){suffix})", JSONB)
        case "json_object_agg" | "jsonb_object_agg":
            key, item = conversions.string(value).sql, json_value(conversions, args[1])
            return Aggregate(
                lambda suffix: f"oo_json_object(list({key}{order}){suffix}, list({item}{order}){suffix})",
                JSONB,
            )
        case "bit_and" | "bit_or" | "xor_agg":
            plain = "bit_xor" if name == "xor_agg" else name
            return Aggregate(lambda suffix: f"{plain}({value.sql}){suffix}", INT8)
        case _:
            return _statistic(conversions, name, args)


def _extreme(conversions: Conversions, name: str, value: Typed) -> Aggregate:
    if value.is_text and value.type.family in KEYED:
        pick = f"arg_{name}({value.sql}, {conversions.orderable(value)})"
        return Aggregate(lambda suffix: pick + suffix, value.type, is_text=True)
    if value.type.family is Family.FLOAT and name == "min":
        # NaN is the smallest number, not the largest.
        return Aggregate(
            lambda suffix: (
                f"CASE WHEN bool_or(isnan({value.sql})){suffix} THEN CAST('nan' AS DOUBLE) "
                f"ELSE min({value.sql}){suffix} END"
            ),
            value.type,
        )
    if value.type.family is Family.FLOAT:
        finite = f"nullif({value.sql}, CAST('nan' AS DOUBLE))"
        return Aggregate(
            lambda suffix: f"coalesce(max({finite}){suffix}, max({value.sql}){suffix})", value.type
        )
    return Aggregate(lambda suffix: f"{name}({value.sql}){suffix}", value.type, value.is_text)


def _total(conversions: Conversions, name: str, value: Typed, mark: str) -> Aggregate:
    family, sql = value.type.family, value.sql
    if family is Family.INTERVAL and name != "sum_int":
        return _interval_total(name, sql, mark)
    if family is Family.FLOAT:
        plain = "sum" if name == "sum" else "avg"
        return Aggregate(lambda suffix: f"{plain}({mark}{sql}){suffix}", value.type)
    if family not in {Family.INT, Family.DECIMAL}:
        raise OothecaError(f"unknown signature: {name}({value.type.name.lower()})", sqlstate="42883")
    if name == "sum_int":
        return Aggregate(lambda suffix: f"CAST(sum({mark}{sql}){suffix} AS BIGINT)", INT8)
    if value.is_text:
        function = "oo_dec_sum" if name == "sum" else "oo_dec_avg"
        return Aggregate(lambda suffix: f"{function}(list({mark}{sql}){suffix})", DECIMAL, is_text=True)
    if name == "avg":
        return Aggregate(
            lambda suffix: (
                f"oo_dec('/', CAST(sum({mark}{sql}){suffix} AS VARCHAR), "
                f"CAST(count({mark}{sql}){suffix} AS VARCHAR))"
            ),
            DECIMAL,
            is_text=True,
        )
    if family is Family.INT:
        return Aggregate(lambda suffix: f"CAST(sum({mark}{sql}){suffix} AS DECIMAL(38,0))", DECIMAL)
    del conversions
    return Aggregate(lambda suffix: f"sum({mark}{sql}){suffix}", DECIMAL)


def _interval_total(name: str, sql: str, mark: str) -> Aggregate:
    """Sum months, days and microseconds apart, as an interval holds them."""

    def text(suffix: str) -> str:
        months = f"sum({mark}CAST(datepart('year', {sql}) * 12 + datepart('month', {sql}) AS BIGINT)){suffix}"
        days = f"sum({mark}CAST(datepart('day', {sql}) AS BIGINT)){suffix}"
        clock = f"datepart('hour', {sql}) * 3600000000 + datepart('minute', {sql}) * 60000000"
        micros = f"sum({mark}CAST({clock} + datepart('microsecond', {sql}) AS BIGINT)){suffix}"
        parts = (f"to_months(CAST({months} AS INTEGER))", f"to_days(CAST({days} AS INTEGER))")
        total = f"({parts[0]} + {parts[1]} + to_microseconds(CAST({micros} AS BIGINT)))"
        return total if name == "sum" else f"({total} / count({mark}{sql}){suffix})"

    return Aggregate(text, INTERVAL)


def _statistic(conversions: Conversions, name: str, args: list[Typed]) -> Aggregate:
    names = {
        "stddev": "stddev_samp",
        "variance": "var_samp",
        "stddev_samp": "stddev_samp",
        "var_samp": "var_samp",
    }
    plain = names.get(name, name)
    values = ", ".join(conversions.convert(conversions.settle(arg), FLOAT8).sql for arg in args)
    return Aggregate(lambda suffix: f"{plain}({values}){suffix}", FLOAT8)
