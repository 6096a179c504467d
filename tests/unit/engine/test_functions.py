"""Every function and operator that is offered is known to DuckDB too, with the types that it promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ootheca.engine.builtins import _PLAIN
from ootheca.types import (
    BOOL,
    BYTES,
    DATE,
    DECIMAL,
    FLOAT8,
    INT8,
    INTERVAL,
    JSONB,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    SQLType,
    array_of,
)
from tests.unit.engine.cluster import Cluster, column, make_table

COLUMNS: dict[str, SQLType] = {
    "id": INT8, "s": STRING, "d": DECIMAL, "f": FLOAT8, "j": JSONB, "by": BYTES, "tz": TIMESTAMPTZ, "iv": INTERVAL,
    "ts": TIMESTAMP, "dt": DATE, "b": BOOL, "a": array_of(INT8),
}  # fmt: skip
COLUMN_OF = {type_: name for name, type_ in COLUMNS.items()}
# Patterns and formats that DuckDB wants to see as constants.
CONSTANTS = {"regexp_replace": "regexp_replace(s, s, s, 'g')"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    made.add(make_table("t", *(column(i, n, t) for i, (n, t) in enumerate(COLUMNS.items(), 1)), key=["id"]))
    made.tag(
        "INSERT INTO t VALUES (1, 'year', 1.10, 0.5, '[1]', b'\\x01', '2020-01-01', '1 day', '2020-01-01', "
        "'2020-01-01', true, ARRAY[1])"
    )
    yield made
    made.engine.close()


def overloads() -> Iterator[tuple[str, SQLType]]:
    for name, templates in _PLAIN.items():
        for _, parameters, returns in templates:
            call = f"{name}({', '.join(COLUMN_OF[parameter] for parameter in parameters)})"
            constant = name in CONSTANTS and len(parameters) == 4
            yield (CONSTANTS[name] if constant else call), returns


WRONG_INPUT = {"jsonb_object_keys(j)", "json_object_keys(j)"}  # `j` is an array
OVERLOADS = [pair for pair in overloads() if pair[0] not in WRONG_INPUT]


@pytest.mark.parametrize(("call", "returns"), OVERLOADS, ids=[call for call, _ in OVERLOADS])
def test_each_overload_runs_and_keeps_its_promise(cluster: Cluster, call: str, returns: SQLType) -> None:
    assert [oid for _, oid in cluster.columns(f"SELECT {call} FROM t")] == [returns.oid]
    assert len(cluster.rows(f"SELECT {call} FROM t")) == 1


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("abs(-d)", "1.10"),
        ("round(f, 1)", "0.5"),
        ("ceil(d)", "2"),
        ("mod(7, 4)", "3"),
        ("concat_ws(',', s, id)", "year,1"),
        ("to_json(a)", "[1]"),
        ("array_append(a, 2)", "{1,2}"),
        ("array_to_string(ARRAY['a', NULL], ',', '*')", "a,*"),
        ("ts AT TIME ZONE 'Europe/Prague'", "2019-12-31 23:00:00+00:00:00"),
        ("tz - '1 day'", "2019-12-31 00:00:00+00:00:00"),
        ("dt - dt", "0"),
        ("iv * 2.5", "2 days 12:00:00"),
        ("sum(iv) + avg(iv)", "2 days"),
        ("id # 3", "2"),
        ("d ^ 2", "1.2100"),
        ("d // 0.5", "2"),
        ("f % 0.25", "0"),
        ("f < d", "t"),
        ("d::INT", "1"),
        ("f::DECIMAL(5,1)", "0.5"),
        ("ts::TIME", "00:00:00"),
        ("id::INTERVAL", "00:00:01"),
        ("a || 3", "{1,3}"),
        ("'{5}'::INT[] || a", "{5,1}"),
        ("a @> ARRAY[1]", "t"),
        ("greatest(d, 2, f::DECIMAL)", "2"),
        ("nullif(d, 1.100)", None),
        ("overlay(s PLACING 'XY' FROM 2)", "yXYr"),
        ("trim(BOTH 'yr' FROM s)", "ea"),
        ("s SIMILAR TO 'y%'", "t"),
        ("s !~* 'Y'", "f"),
        ("B'1' || B'01'", "101"),
        ("by || b'x'", "\\x0178"),
        ("'x'::CHAR(3)", "x  "),
        ("'abc'::STRING(2)", "ab"),
        ("array_agg(d)", "{1.10}"),
        ("json_object_agg(s, d)", '{"year": 1.10}'),
        ("stddev(id)", None),
        ("max(f) OVER ()", "0.5"),
        ("lag(id, 1) OVER (ORDER BY id)", None),
        ("sum(d) OVER (PARTITION BY s)", "1.10"),
        ("0.1 + 0.2", "0.3"),
        ("1e400 * 10", "1.0E+401"),
        ("'NaN'::FLOAT = 'NaN'::FLOAT", "t"),
        ("timezone('UTC', ts)", "2020-01-01 00:00:00+00:00:00"),
    ],
)
def test_values(cluster: Cluster, expression: str, text: str | None) -> None:
    assert cluster.value(f"SELECT {expression} FROM t") == text


@pytest.mark.parametrize(
    "expression", ["d", "s", "f", "j", "a", "ts", "iv", "by", "d * 2", "tz::STRING", "d::DECIMAL(5,1)"]
)
def test_anything_can_be_grouped_ordered_and_told_apart(cluster: Cluster, expression: str) -> None:
    for sql in (
        "SELECT {0} AS x FROM t GROUP BY 1",
        "SELECT {0} FROM t ORDER BY {0}",
        "SELECT DISTINCT {0} FROM t",
    ):
        assert len(cluster.rows(sql.format(expression))) == 1
