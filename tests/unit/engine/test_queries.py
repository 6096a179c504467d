"""Queries: the names, types and values that CockroachDB gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from ootheca.engine.base import QueryColumn, Source
from ootheca.errors import OothecaError, UndefinedColumnError, UndefinedTableError, UnsupportedError
from ootheca.types import (
    BOOL,
    BYTES,
    DATE,
    DECIMAL,
    FLOAT8,
    INT4,
    INT8,
    JSONB,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    Family,
    SQLType,
    array_of,
)
from tests.unit.engine.cluster import Cluster, column, enum, make_table

MOOD = enum("public.mood", "sad", "ok", "happy")
INET = SQLType(Family.INET, 869)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    made.types["mood"] = MOOD
    made.add(
        make_table(
            "t",
            column(1, "id", INT8),
            column(2, "s", STRING),
            column(3, "d", DECIMAL),
            column(4, "f", FLOAT8),
            column(5, "m", MOOD),
            column(6, "j", JSONB),
            column(7, "ip", INET),
            column(8, "tz", TIMETZ),
            column(9, "i4", INT4),
            column(10, "v", INT8, is_virtual=True, compute_expr="id * 10:::INT8"),
            key=["id"],
        )
    )
    made.tag(
        """INSERT INTO t VALUES
        (1, 'one', 1.10, 1.5, 'ok', '{"k": [1, 2.50], "n": null}', '10.0.0.1/8', '01:00+02', 7),
        (2, 'two', 1.1, 'NaN', 'sad', '[]', '9.9.9.9', '00:00+00', NULL),
        (3, 'Three', 'NaN', -1, 'happy', NULL, '::1', '02:00+00', -7),
        (4, NULL, 1E+20, NULL, NULL, 'null', NULL, NULL, NULL)"""
    )
    made.add(make_table("child", column(1, "id", INT8), column(2, "note", STRING), key=["id"], table_id=54))
    made.tag("INSERT INTO child VALUES (1, 'a'), (9, 'z')")
    yield made
    made.engine.close()


# Source of the type OIDs and names: fixtures/conformance scenarios and shell.json.
@pytest.mark.parametrize(
    ("sql", "name", "oid", "value"),
    [
        ("SELECT 1", "?column?", 20, "1"),
        ("SELECT 'x'", "?column?", 25, "x"),
        ("SELECT 1.50", "?column?", 1700, "1.50"),
        ("SELECT true", "bool", 16, "t"),
        ("SELECT NULL", "?column?", 705, None),
        ("SELECT ARRAY[1, NULL]", "array", 1016, "{1,NULL}"),
        ("SELECT b'\\x00\\xff'", "?column?", 17, "\\x00ff"),
        ("SELECT B'101'", "?column?", 1562, "101"),
        ("SELECT 7/2", "?column?", 1700, "3.5"),
        ("SELECT 7//2", "?column?", 20, "3"),
        ("SELECT -9223372036854775808", "?column?", 20, "-9223372036854775808"),
        ("SELECT 1e40", "?column?", 1700, "1E+40"),
        ("SELECT count(*) FROM t", "count", 20, "4"),
        ("SELECT count(*) > 0 FROM t", "?column?", 16, "t"),
        ("SELECT sum(id) FROM t", "sum", 1700, "10"),
        ("SELECT avg(id) FROM t", "avg", 1700, "2.5"),
        ("SELECT max(s) FROM t", "max", 25, "two"),
        ("SELECT regexp_replace('/2020/01', '[0-9]', 'N', 'g')", "regexp_replace", 25, "/NNNN/NN"),
        ("SELECT regexp_replace('a12b3', '[0-9]+', 'N')", "regexp_replace", 25, "aNb3"),
        ("SELECT 'a' || 1::STRING", "?column?", 25, "a1"),
        ("SELECT 1::STRING", "text", 25, "1"),
        ("SELECT id::DECIMAL(10,2) FROM t WHERE id = 1", "id", 1700, "1.00"),
        ("SELECT i4 + 1 FROM t WHERE id = 1", "?column?", 20, "8"),
        ("SELECT i4 FROM t WHERE id = 1", "i4", 23, "7"),
        ("SELECT v FROM t WHERE id = 3", "v", 20, "30"),
        ("SELECT 'ok'::mood", "mood", 100060, "ok"),
        ("SELECT current_database()", "current_database", 25, "db"),
        ("SELECT now()", "now", 1184, "2020-09-13 12:26:40+00:00:00"),
        ("SELECT '2020-01-31'::DATE + INTERVAL '1 month'", "?column?", 1114, "2020-02-29 00:00:00"),
        ("SELECT INTERVAL '1' DAY", "interval", 1186, "1 day"),
        ("SELECT j->'k' FROM t WHERE id = 1", "?column?", 3802, "[1, 2.50]"),
        ("SELECT j->'k'->>1 FROM t WHERE id = 1", "?column?", 25, "2.50"),
        ("SELECT j->>'n' FROM t WHERE id = 1", "?column?", 25, None),
        ("SELECT j#>>'{k,0}' FROM t WHERE id = 1", "?column?", 25, "1"),
        ("SELECT jsonb_array_length('[1,2]'::JSONB)", "jsonb_array_length", 20, "2"),
        ("SELECT extract(year FROM '2020-05-01'::TIMESTAMP)", "extract", 701, "2020"),
        ("SELECT CASE WHEN false THEN 1 ELSE 2.5 END", "case", 1700, "2.5"),
        ("SELECT (SELECT max(id) FROM t)", "max", 20, "4"),
        ("SELECT EXISTS (SELECT 1 FROM t WHERE id = 99)", "exists", 16, "f"),
        ("SELECT ARRAY(SELECT id FROM t ORDER BY id)", "array", 1016, "{1,2,3,4}"),
        ("SELECT repeat(chr(98), 3)", "repeat", 25, "bbb"),
        ("SELECT e'\\u0000' || 'nul'", "?column?", 25, "\0nul"),
        ("SELECT gen_random_uuid() IS NOT NULL", "?column?", 16, "t"),
        ("SELECT concat('a', NULL, 1)", "concat", 25, "a1"),
        ("SELECT if(1 > 2, 'y', 'n')", "if", 25, "n"),
        ("SELECT coalesce(NULL, 3)", "coalesce", 20, "3"),
        ("SELECT greatest(1.0, 2)", "greatest", 1700, "2"),
        ("SELECT (1, 2) < (1, 3)", "?column?", 16, "t"),
        ("SELECT 'Abc' ~ 'b', 1", None, 16, "t"),
        ("SELECT 'a_c' LIKE 'a\\_c'", "?column?", 16, "t"),
        ("SELECT 'abc' NOT LIKE 'b%'", "?column?", 16, "t"),
        ("SELECT 2 = ANY(ARRAY[1, 2])", "?column?", 16, "t"),
        ("SELECT 2 NOT IN (1, 3)", "?column?", 16, "t"),
        ("SELECT 1 IS DISTINCT FROM NULL", "?column?", 16, "t"),
        ("SELECT sha512('a') = md5('a')", "?column?", 16, "f"),
        ("SELECT encode(decode('00ff', 'hex'), 'hex')", "encode", 25, "00ff"),
        ("SELECT 1.5::FLOAT::STRING || 1e10::FLOAT::STRING", "?column?", 25, "1.510000000000"),
        ("SELECT fnv32('1')", "fnv32", 20, "84696366"),
        ("SELECT round(2.567, 2)", "round", 1700, "2.57"),
        ("SELECT '1 day'::INTERVAL = '24:00:00'::INTERVAL", "?column?", 16, "t"),
        ("SELECT length('日本')", "length", 20, "2"),
        ("SELECT upper(t.s) FROM db.public.t WHERE t.id = 1", "upper", 25, "ONE"),
        ("""SELECT jsonb_array_length('{"a": [1, 2]}'::JSONB->'a')""", "jsonb_array_length", 20, "2"),
        ("SELECT 'x' COLLATE en", "?column?", 25, "x"),
        ("SELECT 'public.t'::REGCLASS", "regclass", 2205, "53"),
        ("SELECT string_agg(s, ',' ORDER BY id DESC) FROM t", "string_agg", 25, "Three,two,one"),
        ("SELECT array_agg(id ORDER BY id) FILTER (WHERE id > 2) FROM t", "array_agg", 1016, "{3,4}"),
        ("SELECT json_build_object('i', 1, 'd', 1.50, 's', 'x', 'b', true, 'n', NULL)", "json_build_object", 3802,
         '{"b": true, "d": 1.50, "i": 1, "n": null, "s": "x"}'),
    ],
)  # fmt: skip
def test_one_value(cluster: Cluster, sql: str, name: str | None, oid: int, value: str | None) -> None:
    columns = cluster.columns(sql)
    assert columns[0][1] == oid
    if name is not None:
        assert columns == [(name, oid)]
    assert cluster.rows(sql)[0][0] == value


def ids(cluster: Cluster, sql: str) -> list[Any]:
    return [int(row[0] or 0) for row in cluster.rows(sql)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT id FROM t WHERE d = 1.1000 ORDER BY id", [1, 2]),
        ("SELECT id FROM t WHERE d > 2", [4]),
        ("SELECT id FROM t WHERE d = 'NaN'", [3]),
        ("SELECT id FROM t ORDER BY d, id DESC", [3, 2, 1, 4]),
        ("SELECT id FROM t ORDER BY f", [4, 2, 3, 1]),
        ("SELECT id FROM t ORDER BY f DESC", [1, 3, 2, 4]),
        ("SELECT id FROM t ORDER BY m", [4, 2, 1, 3]),
        ("SELECT id FROM t WHERE m > 'sad' ORDER BY id", [1, 3]),
        ("SELECT id FROM t ORDER BY s", [4, 3, 1, 2]),
        ("SELECT id FROM t ORDER BY s DESC NULLS FIRST", [4, 2, 1, 3]),
        ("SELECT id FROM t ORDER BY ip", [4, 1, 2, 3]),
        ("SELECT id FROM t ORDER BY tz", [4, 1, 2, 3]),
        ("SELECT id AS x FROM t ORDER BY x DESC LIMIT 2 OFFSET 1", [3, 2]),
        ("SELECT id, s FROM t ORDER BY 1 DESC LIMIT ALL", [4, 3, 2, 1]),
        ("SELECT id FROM t WHERE j @> '{\"k\": [1]}'", [1]),
        ("SELECT id FROM t WHERE j ? 'k'", [1]),
        ("SELECT t.id FROM t JOIN child AS c ON t.id = c.id", [1]),
        ("SELECT id FROM t JOIN child USING (id)", [1]),
        ("SELECT id FROM t FULL JOIN child USING (id) ORDER BY id", [1, 2, 3, 4, 9]),
        ("SELECT id FROM t NATURAL JOIN child", [1]),
        ("SELECT id FROM t WHERE id IN (SELECT id FROM child)", [1]),
        ("SELECT id FROM t WHERE (id, s) IN ((1, 'one'), (2, 'x'))", [1]),
        ("SELECT id FROM t AS o WHERE EXISTS (SELECT 1 FROM child WHERE child.id = o.id)", [1]),
        ("SELECT i FROM generate_series(1, 3) AS g(i)", [1, 2, 3]),
        ("SELECT x FROM (VALUES (1, 'a'), (2, 'b')) AS v(x, y) WHERE y = 'b'", [2]),
        ("SELECT unnest(ARRAY[3, 4])", [3, 4]),
        ("SELECT o FROM unnest(ARRAY['a', 'b']) WITH ORDINALITY AS u(e, o)", [1, 2]),
        (
            "WITH w AS (SELECT id FROM t), x(n) AS (SELECT id + 1 FROM w) SELECT n FROM x ORDER BY n",
            [2, 3, 4, 5],
        ),
        (
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT n FROM r",
            [1, 2, 3, 4],
        ),
        ("SELECT id FROM t UNION SELECT id FROM child ORDER BY id DESC LIMIT 2", [9, 4]),
        ("SELECT id FROM t EXCEPT SELECT id FROM child ORDER BY 1", [2, 3, 4]),
        ("SELECT row_number() OVER (ORDER BY id DESC) FROM t WHERE id < 3 ORDER BY id", [2, 1]),
        ("SELECT count(*) FROM t GROUP BY d ORDER BY d", [1, 2, 1]),
        ("SELECT count(DISTINCT d) FROM t", [3]),
        ("SELECT g.id + 1 FROM t AS g, LATERAL (SELECT g.id AS again) AS l WHERE again = 2", [3]),
        ("TABLE child", [1, 9]),
        ("VALUES (1), (2)", [1, 2]),
        ("SELECT id FROM t AS OF SYSTEM TIME '-0s' WHERE id = 1", [1]),
        ("SELECT id FROM t@primary WHERE id = 1", [1]),
        ("(SELECT 1) UNION ALL (SELECT 2)", [1, 2]),
    ],
)
def test_rows_and_their_order(cluster: Cluster, sql: str, expected: list[int]) -> None:
    assert ids(cluster, sql) == expected


def test_decimals_keep_their_zeros_and_group_as_numbers(cluster: Cluster) -> None:
    assert cluster.rows("SELECT d FROM t WHERE id < 3 ORDER BY id") == [("1.10",), ("1.1",)]
    assert cluster.rows("SELECT sum(d), min(d), max(d), avg(d) FROM t WHERE id IN (1, 2)") == [
        ("2.20", "1.10", "1.10", "1.10")
    ]
    assert cluster.rows("SELECT max(d), min(d) FROM t") == [("1E+20", "NaN")]
    assert len(cluster.rows("SELECT DISTINCT d FROM t WHERE id < 3")) == 1
    assert cluster.rows("SELECT d * 2, d + id, -d FROM t WHERE id = 1") == [("2.20", "2.10", "-1.10")]


def test_star_leaves_hidden_columns_out() -> None:
    cluster = Cluster()
    cluster.add(make_table("h", column(1, "a", INT8)))
    cluster.tag("INSERT INTO h VALUES (1), (1)")
    assert cluster.columns("SELECT * FROM h") == [("a", 20)]
    assert cluster.value("SELECT count(DISTINCT rowid) FROM h") == "2"
    cluster.engine.close()


@pytest.mark.parametrize(
    ("sql", "sqlstate", "message"),
    [
        ("SELECT nope", "42703", 'column "nope" does not exist'),
        ("SELECT t.nope FROM t", "42703", 'column "t.nope" does not exist'),
        ("SELECT x.id FROM t", "42P01", "no data source matches prefix: x in this context"),
        ("SELECT * FROM sh.nope", "42P01", 'relation "sh.nope" does not exist'),
        ("SELECT * FROM '/etc/passwd'", "42P01", 'relation "/etc/passwd" does not exist'),
        (
            "SELECT id FROM t, child",
            "42702",
            'column reference "id" is ambiguous (candidates: t.id, child.id)',
        ),
        ("SELECT 'x'::INT", "22P02", 'could not parse "x" as type int'),
        ("SELECT s::INT FROM t WHERE id = 1", "22P02", 'could not parse "one" as type int'),
        ("SELECT 1/0", "22012", "division by zero"),
        ("SELECT id/0 FROM t", "22012", "division by zero"),
        ("SELECT id//0 FROM t", "22012", "division by zero"),
        ("SELECT 5 % 0", "22012", "zero modulus"),
        ("SELECT 9223372036854775807 + id FROM t", "22003", "integer out of range"),
        ("SELECT read_text('/etc/passwd')", "42883", "unknown function: read_text()"),
        ("SELECT * FROM read_csv('/etc/passwd')", "42883", "unknown function: read_csv()"),
        ("SELECT length(1, 2)", "42883", "unknown signature: length(int, int)"),
        ("SELECT id = s FROM t", "22023", "unsupported comparison operator: <int> = <string>"),
        ("SELECT id + s FROM t", "22023", "unsupported binary operator: <int> + <string>"),
        ("SELECT id FROM t WHERE count(*) > 1", "42803", "aggregate functions are not allowed in WHERE"),
        ("SELECT s, count(*) FROM t", "42803", "must appear in the GROUP BY clause"),
        ("SELECT id FROM t ORDER BY 3", "42P10", "ORDER BY position 3 is not in select list"),
        (
            "SELECT 1 UNION SELECT 1, 2",
            "42601",
            "each UNION query must have the same number of columns: 1 vs 2",
        ),
        ("VALUES (1), (2, 3)", "42601", "VALUES lists must all be the same length"),
        ("SELECT (SELECT 1, 2)", "42601", "subquery must return only one column, found 2"),
        (
            "SELECT (SELECT id FROM t)",
            "21000",
            "more than one row returned by a subquery used as an expression",
        ),
        ("SELECT 'x'::nothing", "42704", 'type "nothing" does not exist'),
        ("SELECT 'nope'::mood", "22P02", 'invalid input value for enum mood: "nope"'),
        (
            "SELECT a FROM (SELECT 1) AS x(a, b)",
            "42P10",
            'source "x" has 1 columns available but 2 columns specified',
        ),
        ("SELECT id FROM t AS OF SYSTEM TIME '-10s'", "0A000", "AS OF SYSTEM TIME"),
        ("SELECT 40000::INT2", "22003", "integer out of range for type int2"),
        ("SELECT id::INT2 FROM (SELECT 40000 AS id) AS x", "22003", "integer out of range for type int2"),
        ("SELECT nextval('nope')", "42P01", 'relation "nope" does not exist'),
    ],
)
def test_errors_in_cockroachdbs_words(cluster: Cluster, sql: str, sqlstate: str, message: str) -> None:
    with pytest.raises(OothecaError) as caught:
        cluster.run(sql)
    assert message in caught.value.message
    assert caught.value.sqlstate == sqlstate
    assert "\n" not in caught.value.message


def test_errors_have_their_classes(cluster: Cluster) -> None:
    with pytest.raises(UndefinedColumnError):
        cluster.run("SELECT nope FROM t")
    with pytest.raises(UndefinedTableError):
        cluster.run("SELECT 1 FROM nope")
    with pytest.raises(UnsupportedError):
        cluster.run("SELECT a FROM t GROUP BY ROLLUP (a)")


def test_explain_answers_with_lines(cluster: Cluster) -> None:
    assert cluster.columns("EXPLAIN SELECT * FROM t") == [("info", 25)]
    assert cluster.rows("EXPLAIN SELECT * FROM t")


def test_a_source_stands_for_a_bracketed_statement(cluster: Cluster) -> None:
    columns = tuple(
        QueryColumn(name, type_)
        for name, type_ in (
            ("name", STRING),
            ("rows", INT8),
            ("size", DECIMAL),
            ("ok", BOOL),
            ("at", TIMESTAMP),
        )
    )
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array(["a", None, "c"]),
            pa.array([1, None, 3]),
            pa.array(["1.50", "2", None]),
            pa.array([True, False, None]),
            pa.array([0, None, 1_000_000], pa.timestamp("us")),
        ],
        names=["name", "rows", "size", "ok", "at"],
    )

    def source() -> dict[str, Source]:
        return {"s1": Source(columns, pa.RecordBatchReader.from_batches(batch.schema, [batch]))}

    assert cluster.rows("SELECT * FROM s1 ORDER BY rows", source()) == [
        (None, None, "2", "f", None),
        ("a", "1", "1.50", "t", "1970-01-01 00:00:00"),
        ("c", "3", None, None, "1970-01-01 00:00:01"),
    ]
    assert cluster.rows("SELECT sum(size), count(*) > 2 FROM s1 AS x", source()) == [("3.50", "t")]
    assert cluster.rows("WITH b AS (TABLE s1) SELECT max(rows) FROM b", source()) == [("3",)]


def test_views_are_expanded(cluster: Cluster) -> None:
    name = cluster.name("vw")
    cluster.engine.begin()
    cluster.engine.create_view(name, "SELECT id, d * 2 AS twice FROM db.public.t WHERE s IN ('one':::STRING)")
    cluster.engine.commit()
    cluster.tables[name] = make_table(
        "vw", column(1, "a", INT8), column(2, "b", DECIMAL), key=["a"], is_view=True
    )
    assert cluster.rows("SELECT * FROM vw WHERE b > 2") == [("1", "2.20")]
    assert cluster.columns("SELECT vw.b FROM vw") == [("b", 1700)]


def test_a_table_of_constants_has_one_type_per_column(cluster: Cluster) -> None:
    assert cluster.columns("SELECT * FROM (VALUES (1, 'a', NULL), (2.5, NULL, true)) AS v(a, b, c)") == [
        ("a", 1700),
        ("b", 25),
        ("c", 16),
    ]
    assert cluster.rows("SELECT a FROM (VALUES (1), (2.50)) AS v(a) ORDER BY a") == [("1",), ("2.50",)]


@pytest.mark.parametrize(
    ("type_", "text", "string"),
    [
        (BOOL, "t", "true"),
        (TIMESTAMPTZ, "2020-01-01 00:00:00+01", "2019-12-31 23:00:00+00:00"),
        (TIMETZ, "01:02:03+04", "01:02:03+04:00:00"),
        (BYTES, "a", "\\x61"),
        (DATE, "0044-03-15 BC", "0044-03-15 BC"),
        (TIMESTAMP, "0044-03-15 BC", "-0043-03-15 00:00:00"),
        (TIMESTAMP, "294276-12-31 23:59:59", "294276-12-31 23:59:59"),
        (array_of(STRING), '{a,"b c",NULL}', '{a,"b c",NULL}'),
        (array_of(BOOL), "{t,f}", "{t,f}"),
    ],
)
def test_values_as_strings(cluster: Cluster, type_: SQLType, text: str, string: str) -> None:
    assert cluster.value(f"SELECT '{text}'::{type_.name}::STRING") == string


def test_a_stream_outlives_the_next_statement(cluster: Cluster) -> None:
    first = cluster.engine
    first.begin()
    result = first.run("SELECT i FROM generate_series(1, 300000) AS g(i)", cluster)
    head = next(result.batches)
    other = first.run("SELECT count(*) FROM t", cluster)
    assert [b.to_pydict() for b in other.batches] == [{"count": [4]}]
    assert head.num_rows + sum(b.num_rows for b in result.batches) == 300000
    first.rollback()
