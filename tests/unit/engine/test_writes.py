"""Writes: what goes in, what is refused and in which words, what comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ootheca.catalog.table import Index
from ootheca.engine.base import Check, ForeignKey, TableName
from ootheca.errors import ConstraintError, OothecaError, UndefinedColumnError
from ootheca.types import (
    BYTES,
    DATE,
    DECIMAL,
    FLOAT4,
    INT2,
    INT8,
    JSONB,
    STRING,
    TIMESTAMP,
    Family,
    SQLType,
    array_of,
)
from tests.unit.engine.cluster import Cluster, column, enum, make_table

MONEY = SQLType(Family.DECIMAL, 1700, precision=10, width=2)
SHORT = SQLType(Family.STRING, 25, width=3)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    made.add(
        make_table(
            "t",
            column(1, "id", INT8),
            column(2, "s", SHORT),
            column(3, "d", MONEY),
            column(4, "n", INT2, is_nullable=False, default_expr="7:::INT8"),
            column(5, "twice", INT8, compute_expr="id * 2:::INT8"),
            column(6, "u", DECIMAL),
            key=["id"],
            unique=[
                Index(2, "t_u_key", True, (6,), (False,)),
                Index(3, "t_s_key", True, (2,), (False,), predicate="n > 100:::INT8"),
            ],
        ),
        checks=[Check("check_n", "n > 0:::INT8")],
    )
    yield made
    made.engine.close()


def test_defaults_and_computed_columns_are_filled(cluster: Cluster) -> None:
    assert cluster.tag("INSERT INTO t (id, d) VALUES (1, 1.005), (2, NULL)") == "INSERT 0 2"
    assert cluster.rows("SELECT * FROM t ORDER BY id") == [
        ("1", None, "1.01", "7", "2", None),
        ("2", None, None, "7", "4", None),
    ]
    assert cluster.tag("INSERT INTO t VALUES (3, 'x', 2, DEFAULT)") == "INSERT 0 1"
    assert cluster.value("SELECT n FROM t WHERE id = 3") == "7"


def test_a_select_is_inserted(cluster: Cluster) -> None:
    sql = "INSERT INTO t (id, s, d) SELECT i, 'v' || i::STRING, i * 1.25 FROM generate_series(1, 20) AS g(i)"
    assert cluster.tag(sql) == "INSERT 0 20"
    assert cluster.rows("SELECT s, d, twice FROM t WHERE id = 3") == [("v3", "3.75", "6")]
    assert cluster.tag("WITH w AS (SELECT 99 AS a) INSERT INTO t (id) SELECT a FROM w") == "INSERT 0 1"


def test_returning_shows_the_new_rows(cluster: Cluster) -> None:
    result = cluster.run("INSERT INTO t (id, s) VALUES (1, 'a'), (2, 'b') RETURNING id + 1 AS next, *, t.s")
    assert result.columns is not None
    assert [c.name for c in result.columns] == ["next", "id", "s", "d", "n", "twice", "u", "s"]
    assert (result.tag, result.row_count) == ("INSERT 0", 2)
    assert cluster.rows("UPDATE t SET s = 'c' WHERE id = 2 RETURNING s, twice") == [("c", "4")]
    assert cluster.rows("DELETE FROM t WHERE id = 1 RETURNING s") == [("a",)]
    assert cluster.tag("DELETE FROM t RETURNING NOTHING") == "DELETE 1"


def test_update(cluster: Cluster) -> None:
    cluster.tag("INSERT INTO t (id, s, d) SELECT i, 'v', i FROM generate_series(1, 6) AS g(i)")
    assert cluster.tag("UPDATE t SET d = d + 1, s = NULL WHERE id <= 2") == "UPDATE 2"
    assert cluster.tag("UPDATE t SET (s, n) = ('w', DEFAULT) WHERE id BETWEEN 3 AND 4") == "UPDATE 2"
    assert cluster.tag("UPDATE t SET s = 'z' ORDER BY id DESC LIMIT 1") == "UPDATE 1"
    assert (
        cluster.tag("UPDATE t SET s = v.b FROM (VALUES (5, 'new')) AS v(a, b) WHERE t.id = v.a") == "UPDATE 1"
    )
    assert cluster.tag("UPDATE t SET s = 'q' WHERE id = 99") == "UPDATE 0"
    assert cluster.rows("SELECT s, d FROM t ORDER BY id") == [
        (None, "2.00"), (None, "3.00"), ("w", "3.00"), ("w", "4.00"), ("new", "5.00"), ("z", "6.00"),
    ]  # fmt: skip


def test_keys_can_be_shifted(cluster: Cluster) -> None:
    cluster.tag("INSERT INTO t (id) VALUES (1), (2), (3)")
    assert cluster.tag("UPDATE t SET id = id + 1") == "UPDATE 3"
    assert cluster.rows("SELECT id, twice FROM t ORDER BY id") == [("2", "4"), ("3", "6"), ("4", "8")]


def test_delete(cluster: Cluster) -> None:
    cluster.tag("INSERT INTO t (id) SELECT i FROM generate_series(1, 10) AS g(i)")
    assert cluster.tag("DELETE FROM t WHERE id % 2 = 0") == "DELETE 5"
    assert cluster.tag("DELETE FROM t ORDER BY id DESC LIMIT 2") == "DELETE 2"
    assert cluster.tag("DELETE FROM t USING (VALUES (1)) AS v(a) WHERE t.id = v.a") == "DELETE 1"
    assert cluster.rows("SELECT id FROM t ORDER BY id") == [("3",), ("5",)]


def test_upsert(cluster: Cluster) -> None:
    cluster.tag("INSERT INTO t (id, s, n) VALUES (1, 'a', 5)")
    assert cluster.tag("UPSERT INTO t (id, s) VALUES (1, 'b'), (2, 'c')") == "INSERT 0 2"
    assert cluster.rows("SELECT id, s, n FROM t ORDER BY id") == [("1", "b", "5"), ("2", "c", "7")]
    assert cluster.tag("UPSERT INTO t VALUES (1, 'd')") == "INSERT 0 1"
    assert cluster.rows("SELECT s, n FROM t WHERE id = 1") == [("d", "7")]
    with pytest.raises(OothecaError, match="cannot affect row a second time"):
        cluster.tag("UPSERT INTO t (id) VALUES (1), (1)")


def test_on_conflict(cluster: Cluster) -> None:
    cluster.tag("INSERT INTO t (id, s, u) VALUES (1, 'a', 1.0)")
    assert (
        cluster.tag("INSERT INTO t (id, s) VALUES (1, 'b'), (2, 'c'), (2, 'd') ON CONFLICT DO NOTHING")
        == "INSERT 0 1"
    )
    assert cluster.tag("INSERT INTO t (id, u) VALUES (3, 1.00) ON CONFLICT (u) DO NOTHING") == "INSERT 0 0"
    sql = (
        "INSERT INTO t (id, s) VALUES (1, 'x'), (9, 'y') ON CONFLICT (id) DO UPDATE SET s = t.s || excluded.s"
    )
    sql += " RETURNING id, s"
    assert sorted(cluster.rows(sql)) == [("1", "ax"), ("9", "y")]
    sql = "INSERT INTO t (id, s) VALUES (9, 'no') ON CONFLICT (id) DO UPDATE SET s = 'no' WHERE t.id < 5"
    assert cluster.tag(sql) == "INSERT 0 0"
    assert cluster.value("SELECT s FROM t WHERE id = 9") == "y"
    with pytest.raises(OothecaError, match="no unique or exclusion constraint matching"):
        cluster.tag("INSERT INTO t (id) VALUES (1) ON CONFLICT (d) DO NOTHING")


def test_duplicate_keys_in_the_words_of_each_version(cluster: Cluster) -> None:
    cluster.tag("INSERT INTO t (id, s) VALUES (1, 'a')")
    for sql in ("INSERT INTO t (id) VALUES (1)", "INSERT INTO t (id) VALUES (5), (5)", "UPDATE t SET id = 1"):
        if sql.startswith("UPDATE"):
            cluster.tag("INSERT INTO t (id) VALUES (2)")
        with pytest.raises(ConstraintError) as caught:
            cluster.tag(sql)
        assert caught.value.message == 'duplicate key value violates unique constraint "t_pkey"'
        assert (caught.value.sqlstate, caught.value.constraint) == ("23505", "t_pkey")
    assert caught.value.detail == "Key (id)=(1) already exists."
    cluster.version = "20.2"
    with pytest.raises(ConstraintError) as caught:
        cluster.tag("INSERT INTO t (id) VALUES (1)")
    assert caught.value.message == 'duplicate key value (id)=(1) violates unique constraint "t_pkey"'
    assert caught.value.detail is None


def test_unique_indexes_see_numbers_predicates_and_nulls(cluster: Cluster) -> None:
    cluster.tag("INSERT INTO t (id, u) VALUES (1, 1.10), (2, NULL), (3, NULL)")
    with pytest.raises(ConstraintError, match='unique constraint "t_u_key"'):
        cluster.tag("INSERT INTO t (id, u) VALUES (4, 1.1)")
    cluster.tag("INSERT INTO t (id, s, n) VALUES (5, 'p', 1), (6, 'p', 200)")
    with pytest.raises(ConstraintError, match='unique constraint "t_s_key"') as caught:
        cluster.tag("INSERT INTO t (id, s, n) VALUES (7, 'p', 300)")
    assert caught.value.detail == "Key (s)=('p') already exists."


def test_nulls_and_checks(cluster: Cluster) -> None:
    cases = [
        (
            "INSERT INTO t (id, n) VALUES (1, NULL)",
            "23502",
            'null value in column "n" violates not-null constraint',
        ),
        (
            "INSERT INTO t (id) VALUES (NULL)",
            "23502",
            'null value in column "id" violates not-null constraint',
        ),
        ("INSERT INTO t (id, n) VALUES (1, 0)", "23514", "failed to satisfy CHECK constraint (n > 0:::INT8)"),
    ]
    for sql, sqlstate, message in cases:
        with pytest.raises(ConstraintError) as caught:
            cluster.tag(sql)
        assert (caught.value.sqlstate, caught.value.message) == (sqlstate, message)
    cluster.tag("INSERT INTO t (id) VALUES (1)")
    with pytest.raises(ConstraintError, match="CHECK"):
        cluster.tag("UPDATE t SET n = -1")
    assert cluster.value("SELECT count(*) FROM t") == "1"


@pytest.mark.parametrize(
    ("sql", "sqlstate", "message"),
    [
        ("INSERT INTO t (id, s) VALUES (1, 'long')", "22001", "value too long for type STRING(3)"),
        ("INSERT INTO t (id, s) SELECT 1, 'lo' || 'ng'", "22001", "value too long for type STRING(3)"),
        ("INSERT INTO t (id, n) VALUES (1, 40000)", "22003", "integer out of range for type int2"),
        (
            "INSERT INTO t (id, n) SELECT 1, 40000 + id FROM (SELECT 1 AS id) AS x",
            "22003",
            "integer out of range",
        ),
        (
            "INSERT INTO t (id, d) VALUES (1, 123456789.5)",
            "22003",
            "must round to an absolute value less than 10^8",
        ),
        ("INSERT INTO t (id) VALUES ('x')", "22P02", 'could not parse "x" as type int'),
        (
            "INSERT INTO t (id) SELECT 'x' || 'y'",
            "42804",
            'value type string doesn\'t match type int8 of column "id"',
        ),
        ("INSERT INTO t (id, nope) VALUES (1, 2)", "42703", 'column "nope" does not exist'),
        (
            "INSERT INTO t (id, twice) VALUES (1, 2)",
            "55000",
            'cannot write directly to computed column "twice"',
        ),
        ("INSERT INTO t (id, id) VALUES (1, 2)", "42601", 'multiple assignments to the same column "id"'),
        ("INSERT INTO t (id, s) VALUES (1)", "42601", "INSERT has more target columns than expressions"),
        ("INSERT INTO t (id) VALUES (1, 2)", "42601", "INSERT has more expressions than target columns"),
        ("INSERT INTO t (id) SELECT 1, 2", "42601", "INSERT has more expressions than target columns"),
        ("UPDATE t SET nope = 1", "42703", 'column "nope" does not exist'),
        ("UPDATE t SET s = 'a', s = 'b'", "42601", 'multiple assignments to the same column "s"'),
        ("DELETE FROM nope", "42P01", 'relation "nope" does not exist'),
    ],
)
def test_what_is_refused(cluster: Cluster, sql: str, sqlstate: str, message: str) -> None:
    with pytest.raises(OothecaError) as caught:
        cluster.tag(sql)
    assert message in caught.value.message
    assert caught.value.sqlstate == sqlstate
    assert cluster.value("SELECT count(*) FROM t") == "0"


@pytest.fixture
def family() -> Iterator[Cluster]:
    """A parent with children that forbid, cascade and null."""
    made = Cluster()
    parent = made.add(make_table("parent", column(1, "id", INT8), column(2, "s", STRING), key=["id"]))
    for i, (name, action) in enumerate(
        (("strict", "NO ACTION"), ("follow", "CASCADE"), ("loose", "SET NULL"))
    ):
        child = made.add(
            make_table(name, column(1, "id", INT8), column(2, "pid", INT8), key=["id"], table_id=60 + i)
        )
        made.foreign_keys.append(
            ForeignKey(
                f"{name}_pid_fkey", child, ("pid",), parent, ("id",), on_delete=action, on_update=action
            )
        )
    made.tag("INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    yield made
    made.engine.close()


def test_a_foreign_key_must_point_somewhere(family: Cluster) -> None:
    assert family.tag("INSERT INTO strict VALUES (1, 1), (2, NULL)") == "INSERT 0 2"
    with pytest.raises(ConstraintError) as caught:
        family.tag("INSERT INTO strict VALUES (12, 99)")
    assert (
        caught.value.message == 'insert on table "strict" violates foreign key constraint "strict_pid_fkey"'
    )
    assert caught.value.detail == 'Key (pid)=(99) is not present in table "parent".'
    assert caught.value.sqlstate == "23503"
    with pytest.raises(ConstraintError, match=r'^update on table "strict"'):
        family.tag("UPDATE strict SET pid = 99 WHERE id = 1")


def test_a_referenced_row_stays(family: Cluster) -> None:
    family.tag("INSERT INTO strict VALUES (1, 1)")
    for sql, verb in (
        ("DELETE FROM parent WHERE id = 1", "delete"),
        ("UPDATE parent SET id = 7 WHERE id = 1", "update"),
    ):
        with pytest.raises(ConstraintError) as caught:
            family.tag(sql)
        assert caught.value.message == (
            f'{verb} on table "parent" violates foreign key constraint "strict_pid_fkey" on table "strict"'
        )
        assert caught.value.detail == 'Key (id)=(1) is still referenced from table "strict".'
    assert family.tag("UPDATE parent SET s = 'z' WHERE id = 1") == "UPDATE 1"
    assert family.tag("DELETE FROM parent WHERE id = 2") == "DELETE 1"


def test_cascades_and_nulls(family: Cluster) -> None:
    family.tag("INSERT INTO follow VALUES (1, 1), (2, 2)")
    family.tag("INSERT INTO loose VALUES (1, 1), (2, 2)")
    assert family.tag("UPDATE parent SET id = id + 10 WHERE id = 1") == "UPDATE 1"
    assert family.rows("SELECT pid FROM follow ORDER BY id") == [("11",), ("2",)]
    assert family.rows("SELECT pid FROM loose ORDER BY id") == [(None,), ("2",)]
    assert family.tag("DELETE FROM parent WHERE id = 2") == "DELETE 1"
    assert family.rows("SELECT pid FROM follow") == [("11",)]
    assert family.rows("SELECT pid FROM loose ORDER BY id") == [(None,), (None,)]


def test_a_value_without_native_form_turns_its_column_into_text() -> None:
    cluster = Cluster()
    name = cluster.add(
        make_table("w", column(1, "id", INT8), column(2, "d", MONEY), column(3, "ts", TIMESTAMP), key=["id"])
    )
    table = cluster.tables[name]
    cluster.tag("INSERT INTO w VALUES (1, 2.5, '2020-01-01')")
    assert cluster.engine.representation(name, table) == frozenset()
    cluster.tag("INSERT INTO w VALUES (2, 'NaN', '2021-01-01')")
    assert cluster.engine.representation(name, table) == {2}
    cluster.tag("INSERT INTO w SELECT 3, 'NaN'::DECIMAL + 1, '294276-12-31 23:59:59'")
    assert cluster.engine.representation(name, table) == {2, 3}
    cluster.tag("UPDATE w SET d = d * 2")
    assert cluster.rows("SELECT d, ts FROM w ORDER BY d, ts") == [
        ("NaN", "2021-01-01 00:00:00"),
        ("NaN", "294276-12-31 23:59:59"),
        ("5.00", "2020-01-01 00:00:00"),
    ]
    assert cluster.rows("SELECT id FROM w WHERE ts > '2020-06-01' ORDER BY ts DESC") == [("3",), ("2",)]
    cluster.engine.close()


def test_text_goes_in_canonically_whatever_its_source() -> None:
    cluster = Cluster()
    mood = enum("public.mood", "sad", "ok")
    cluster.types["mood"] = mood
    inet = SQLType(Family.INET, 869)
    cluster.add(
        make_table(
            "x",
            column(1, "i", inet), column(2, "j", JSONB), column(3, "m", mood, default_expr=r"b'\x41':::@100060"),
            column(4, "a", array_of(DECIMAL)), column(5, "b", BYTES), column(6, "r", FLOAT4), column(7, "y", DATE),
        )
    )  # fmt: skip
    cluster.types["@100060"] = mood
    cluster.tag(
        """INSERT INTO x VALUES
        ('10.0.0.1/32', '{"b":1,"a":[]}', 'sad', ARRAY[1.50, 'NaN', NULL], 'a', 0.1, 'infinity')"""
    )
    cluster.tag(
        "INSERT INTO x (i, j, b) SELECT ('1.2.3.' || '4/32')::INET, json_build_object('z', 1, 'a', 2), b'\\xff'"
    )
    assert cluster.rows("SELECT i, j, m, a, b, r, y FROM x ORDER BY m") == [
        ("10.0.0.1", '{"a": [], "b": 1}', "sad", "{1.50,NaN,NULL}", "\\x61", "0.1", "infinity"),
        ("1.2.3.4", '{"a": 2, "z": 1}', "ok", None, "\\xff", None, None),
    ]
    cluster.engine.close()


def test_sequences() -> None:
    cluster = Cluster()
    engine = cluster.engine
    for table_id, (name, start, step) in enumerate((("up", 100, 1), ("down", 5, -5)), 70):
        engine.begin()
        engine.create_schema("db", "public")
        engine.create_sequence(cluster.name(name), start=start, increment=step, min_value=-5, max_value=103)
        engine.commit()
        value = column(1, "value", INT8)
        cluster.tables[cluster.name(name)] = make_table(
            name, value, key=["value"], table_id=table_id, is_sequence=True
        )
    cluster.add(
        make_table(
            "s",
            column(1, "id", INT8, default_expr="nextval('up':::STRING)"),
            column(2, "v", STRING),
            key=["id"],
        )
    )
    assert cluster.rows("SELECT nextval('up'), nextval('db.public.up'), nextval('down')") == [
        ("100", "101", "5")
    ]
    assert cluster.rows("INSERT INTO s (v) VALUES ('x'), ('y') RETURNING id") == [("102",), ("103",)]
    with pytest.raises(OothecaError) as caught:
        cluster.run("SELECT nextval('up')")
    assert caught.value.message == 'reached maximum value of sequence "up" (103)'
    assert caught.value.sqlstate == "2200H"
    assert engine.sequence_value(cluster.name("up")) == 103
    assert cluster.rows("SELECT last_value, log_cnt, is_called FROM up") == [("103", "0", "t")]
    assert cluster.value("SELECT setval('down', 0)") == "0"
    assert cluster.value("SELECT nextval(71:::REGCLASS)") == "-5"
    assert cluster.value("SELECT currval('down')") == "-5"
    engine.close()


def test_rowids_ascend_across_statements() -> None:
    cluster = Cluster()
    cluster.add(make_table("r", column(1, "a", INT8)))
    for i in range(3):
        cluster.tag(f"INSERT INTO r SELECT {i} FROM generate_series(1, 1000) AS g(i)")
    rows = [int(row[0] or 0) for row in cluster.rows("SELECT rowid FROM r ORDER BY a, rowid")]
    assert rows == sorted(set(rows))
    assert len(rows) == 3000
    assert rows[0] & 0x7FFF == 1
    cluster.engine.close()


def test_an_error_inside_a_transaction_leaves_only_rollback(cluster: Cluster) -> None:
    cluster.engine.begin()
    cluster.engine.run("INSERT INTO t (id) VALUES (1)", cluster)
    with pytest.raises(UndefinedColumnError):
        cluster.engine.run("SELECT nope FROM t", cluster)
    cluster.engine.rollback()
    assert cluster.value("SELECT count(*) FROM t") == "0"


def test_a_view_is_no_target(cluster: Cluster) -> None:
    name = TableName("db", "public", "vw")
    cluster.tables[name] = make_table("vw", column(1, "a", INT8), key=["a"], is_view=True)
    with pytest.raises(OothecaError, match='"vw" is not a table') as caught:
        cluster.tag("INSERT INTO vw VALUES (1)")
    assert caught.value.sqlstate == "42809"


def test_whole_tables_are_checked(cluster: Cluster) -> None:
    name = cluster.name("t")
    cluster.tag("INSERT INTO t (id, n) VALUES (1, 5), (2, 6)")
    cluster.engine.begin()
    cluster.engine.find_violation(name, cluster.tables[name], cluster)
    cluster.checks[name] = (Check("low", "n < 6:::INT8"),)
    with pytest.raises(ConstraintError, match="CHECK"):
        cluster.engine.find_violation(name, cluster.tables[name], cluster)
    cluster.engine.rollback()
