"""Values that no one means: digits of other scripts, numbers of any size, empty names. All refused by typed errors."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

import ootheca
from ootheca.errors import OothecaError, UnsupportedError

LONG = "9" * 5000  # more digits than Python's `int` reads
CHECK = "CHECK EXTERNAL CONNECTION 'nodelocal://1/x' WITH "
ZONE = "ALTER TABLE t CONFIGURE ZONE USING "
RANGE, SYNTAX, TYPE = "22003", "22P02", "42804"


@pytest.fixture(scope="module")
def con() -> Iterator[ootheca.Connection]:
    with ootheca.connect(sandbox=True) as opened:
        opened.execute(
            "CREATE TABLE t (a INT PRIMARY KEY, d DECIMAL, i INTERVAL); CREATE TYPE e AS ENUM ('x')"
        )
        yield opened


@pytest.mark.parametrize(
    ("sql", "message", "sqlstate"),
    [
        (ZONE + "gc.ttlseconds = 99999999999", "integer out of range", RANGE),
        (ZONE + "num_replicas = 4294967297", "integer out of range", RANGE),
        (ZONE + "range_max_bytes = 99999999999999999999999999", "integer out of range", RANGE),
        (ZONE + f"range_max_bytes = {LONG}", "integer out of range", RANGE),
        (ZONE + "gc.ttlseconds = '²'", "gc.ttlseconds takes a whole number, not '²'", TYPE),
        (ZONE + "gc.ttlseconds = '--5'", "gc.ttlseconds takes a whole number, not '--5'", TYPE),
        ("SET CLUSTER SETTING sql.defaults.distsql = '²'", "invalid value '²' of an enumeration", "22023"),
        ("SET CLUSTER SETTING sql.defaults.distsql = -1", "invalid value '-1' of an enumeration", "22023"),
        ("SET CLUSTER SETTING sql.defaults.default_int_size = '٣'", "must be type int, not '٣'", TYPE),
        (f"SET CLUSTER SETTING sql.defaults.default_int_size = {LONG}", "integer out of range", RANGE),
        ("SET CLUSTER SETTING jobs.retention_time = '²s'", "must be type interval, not '²s'", TYPE),
        ("SET extra_float_digits = '٣'", 'invalid value for parameter "extra_float_digits": "٣"', "22023"),
        (CHECK + "time = '1.2.3s'", 'invalid duration "1.2.3s"', "22023"),
        (CHECK + "time = '-1s'", "TIME must not be negative", "22023"),
        (CHECK + "concurrently = '²'", "CONCURRENTLY must be a number from 1 to 64, not ²", "22023"),
        (CHECK + f"concurrently = '{LONG}'", "CONCURRENTLY must be a number from 1 to 64", "22023"),
        ("SELECT nextval('²')", 'relation "²" does not exist', "42P01"),
        ("SELECT nextval('')", 'relation "" does not exist', "42P01"),
        (f"SELECT nextval('{LONG}')", "does not exist", "42P01"),
        ("SELECT '²'::REGCLASS", 'relation "²" does not exist', "42P01"),
        ("SELECT '٣'::INT", 'could not parse "٣" as type int', SYNTAX),
        (f"SELECT '{LONG}'::INT", "value out of range", SYNTAX),
        (f"SELECT {LONG}::INT", "value out of range", SYNTAX),
        ("SELECT 1e999999999::INT", "integer out of range", RANGE),
        (f"SELECT '{LONG}'::OID", "value out of range", SYNTAX),
        ("SELECT '٢٠٢٠-٠١-٠١'::DATE", "could not parse", "22007"),
        ("SELECT '٣ days'::INTERVAL", "could not parse", "22007"),
        (f"SELECT '{LONG}'::INTERVAL", "could not parse", "22007"),
        (f"SELECT 'a'::VARCHAR({LONG})", "numeric constant out of int32 range", RANGE),
        ("SELECT TIMESTAMP .", "syntax error", "42601"),
        (f"SELECT * FROM t ORDER BY {LONG}", "is not in select list", "42P10"),
        (f"SELECT * FROM t AS OF SYSTEM TIME '{LONG}'", "out of range", SYNTAX),
        (f"BACKUP TABLE t INTO 'nodelocal://1/x' AS OF SYSTEM TIME '{LONG}'", "out of range", SYNTAX),
        (f"CREATE TABLE x (a VARCHAR({LONG}))", "numeric constant out of int32 range", RANGE),
        (f"CREATE SEQUENCE s START {LONG}", "numeric constant out of int64 range", RANGE),
        (f"CREATE TABLE x (a INTERVAL DEFAULT '{LONG}')", "could not parse", SYNTAX),
        ("CREATE TABLE x (a DECIMAL DEFAULT 1e9999999999999999999)", "could not parse", SYNTAX),
        (f"CREATE INDEX ON t (a) USING HASH WITH BUCKET_COUNT = {LONG}", "BUCKET_COUNT must be", "22023"),
        (
            f"CREATE TABLE x (a INT PRIMARY KEY) PARTITION BY LIST (a) (PARTITION p VALUES IN ({LONG}))",
            "numeric constant out of int64 range",
            RANGE,
        ),
        ('CREATE TABLE "" (a INT)', "empty table name", "42601"),
        ('CREATE TABLE x ("" INT)', "empty column name", "42601"),
        (r"ALTER TYPE e ADD VALUE e'a\x00b'", 'invalid byte sequence for encoding "UTF8": 0x00', "22021"),
        ('SELECT 1 AS "\ud800"', "invalid UTF-8 byte sequence", "42601"),
        (f"SHOW JOBS WHEN COMPLETE SELECT ${LONG}", "placeholder index must be between 1 and 65536", "42601"),
        (
            f"EXPORT INTO CSV 'nodelocal://1/x' WITH chunk_rows = '{LONG}' FROM TABLE t",
            "out of range",
            "22023",
        ),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_refused(con: ootheca.Connection, sql: str, message: str, sqlstate: str) -> None:
    with pytest.raises(OothecaError) as caught:
        con.execute(sql).fetchall()
    assert message in caught.value.message
    assert caught.value.sqlstate == sqlstate


def test_leading_zeros_make_no_octal_number(con: ootheca.Connection) -> None:
    con.execute("CREATE TABLE zeros (a INT DEFAULT 010, b INT)")
    con.execute("INSERT INTO zeros (b) VALUES (007)")
    assert con.execute("SELECT a, b FROM zeros").fetchall() == [(10, 7)]


def test_smallest_integer(con: ootheca.Connection) -> None:
    con.execute("CREATE SEQUENCE low MINVALUE -9223372036854775808 START -9223372036854775807")
    assert con.execute("SELECT nextval('low')").fetchall() == [(1 - 2**63,)]


def test_decimal_of_any_length_goes_through_a_backup(con: ootheca.Connection) -> None:
    con.execute(f"INSERT INTO t (a, d) VALUES (1, {LONG})")
    con.execute("BACKUP TABLE t INTO 'nodelocal://1/long'; DROP TABLE t")
    con.execute("RESTORE TABLE t FROM LATEST IN 'nodelocal://1/long'")
    assert con.execute("SELECT d FROM t").fetchall() == [(Decimal(LONG),)]


@pytest.mark.parametrize("value", ["'99999-01-01'::DATE", "'99999-01-01'::TIMESTAMP"])
def test_year_that_python_does_not_know(con: ootheca.Connection, value: str) -> None:
    with pytest.raises(OothecaError, match="years 1 to 9999") as caught:
        con.execute(f"SELECT {value}").fetchall()
    assert caught.value.hint is not None
    assert con.execute(f"SELECT {value}").arrow().num_rows == 1


@pytest.mark.parametrize("value", [10**5000, -(10**5000)], ids=["positive", "negative"])
def test_integer_parameter_of_any_length(con: ootheca.Connection, value: int) -> None:
    assert con.execute("SELECT $1::DECIMAL", (value,)).fetchall() == [(Decimal(value),)]


@pytest.mark.parametrize("value", [{"a": object()}, {(1, 2): 1}])
def test_mapping_that_is_no_json(con: ootheca.Connection, value: object) -> None:
    with pytest.raises(UnsupportedError, match="JSON cannot say"):
        con.execute("SELECT $1", (value,))
