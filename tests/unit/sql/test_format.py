"""Canonical text: profiles, masked and redacted secrets, and statements of newer versions."""

from __future__ import annotations

import pytest

from ootheca.errors import InvalidOptionError
from ootheca.sql.format import format_statement
from ootheca.sql.parser import parse_expression, parse_one, parse_type

SECRET = "nodelocal://1/b?AWS_SECRET_ACCESS_KEY=hush"
KMS = "testkms:///cmk?AUTH=implicit&REGION=r1"


# The expected texts are the descriptions that two servers gave their jobs (scenarios/09_jobs_schedules.json).
@pytest.mark.parametrize(
    ("version", "text", "expected"),
    [
        (
            "20.2",
            f"BACKUP DATABASE jb TO '{SECRET}' WITH encryption_passphrase = 'p'",
            (
                "BACKUP DATABASE jb TO 'nodelocal://1/b?AWS_SECRET_ACCESS_KEY=redacted'"
                " WITH encryption_passphrase='redacted'"
            ),
        ),
        (
            "21.2",
            f"BACKUP DATABASE jb TO '{SECRET}' WITH encryption_passphrase = 'p'",
            (
                "BACKUP DATABASE jb TO 'nodelocal://1/b?AWS_SECRET_ACCESS_KEY=redacted'"
                " WITH encryption_passphrase = '*****'"
            ),
        ),
        (
            "20.2",
            f"BACKUP DATABASE jb TO 'x' WITH kms = ('{KMS}', '{KMS}')",
            (
                "BACKUP DATABASE jb TO 'x' WITH kms=('testkms:///redacted?AUTH=implicit&REGION=r1',"
                " 'testkms:///redacted?AUTH=implicit&REGION=r1')"
            ),
        ),
        ("21.2", f"BACKUP TO 'x' WITH kms = '{KMS}'", f"BACKUP TO 'x' WITH kms = '{KMS}'"),
        (
            "20.2",
            "RESTORE DATABASE jb FROM 'x' WITH encryption_passphrase = 'p'",
            "RESTORE DATABASE jb FROM 'x' WITH encryption_passphrase='redacted'",
        ),
        (
            "21.2",
            "RESTORE DATABASE jb FROM 'x' WITH encryption_passphrase = 'p'",
            "RESTORE DATABASE jb FROM 'x' WITH encryption_passphrase = 'redacted'",
        ),
    ],
)
def test_job_descriptions(version: str, text: str, expected: str) -> None:
    assert parse_one(text).redacted(version=version) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"BACKUP TO '{SECRET}' INCREMENTAL FROM '{SECRET}' WITH encryption_passphrase = 'hush'",
        f"BACKUP INTO LATEST IN ('{SECRET}', '{SECRET}') WITH incremental_location = '{SECRET}'",
        f"RESTORE FROM '{SECRET}' WITH encryption_passphrase = 'hush', incremental_location = '{SECRET}'",
        f"SHOW BACKUP '{SECRET}' WITH encryption_passphrase = 'hush'",
        f"SHOW BACKUP FROM LATEST IN '{SECRET}' WITH kms = '{KMS}&AWS_SECRET_ACCESS_KEY=hush'",
        f"SHOW BACKUPS IN '{SECRET}'",
        f"ALTER BACKUP LATEST IN '{SECRET}' ADD NEW_KMS = '{SECRET}' WITH OLD_KMS = '{SECRET}'",
        f"CREATE SCHEDULE FOR BACKUP INTO '{SECRET}' WITH encryption_passphrase = 'hush' RECURRING '@daily'",
        f"ALTER BACKUP SCHEDULE 1 SET INTO '{SECRET}', SET WITH encryption_passphrase = 'hush'",
        f"CREATE EXTERNAL CONNECTION c AS '{SECRET}'",
        f"CHECK EXTERNAL CONNECTION '{SECRET}'",
        f"EXPORT INTO CSV '{SECRET}' FROM TABLE t",
        f"IMPORT INTO t CSV DATA ('{SECRET}')",
        f"SELECT * FROM [SHOW BACKUP '{SECRET}' WITH encryption_passphrase = 'hush']",
        f"SELECT * FROM [EXPORT INTO CSV '{SECRET}' FROM TABLE t]",
        f"EXPLAIN BACKUP TO '{SECRET}'",
        "CREATE USER u WITH PASSWORD 'hush'",
    ],
)
def test_no_secret_is_left_in_redacted_text_or_repr(text: str) -> None:
    statement = parse_one(text)
    assert "hush" not in statement.redacted()
    assert "hush" not in statement.redacted(version="20.2")
    assert "hush" not in repr(statement)


def test_passphrase_is_printed_where_it_must_be_stored() -> None:
    statement = parse_one("BACKUP INTO 'x' WITH encryption_passphrase = 'p'")
    assert str(statement) == "BACKUP INTO 'x' WITH encryption_passphrase = '*****'"
    assert format_statement(statement, reveal=True) == "BACKUP INTO 'x' WITH encryption_passphrase = 'p'"
    assert "'p'" not in format_statement(statement, reveal=True, redact=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "backup bank.accounts into 's3://acme/x?AUTH=implicit' with kms = ('aws:///k', 'aws:///l')",
            "BACKUP TABLE _._ INTO '_' WITH kms = ('_', '_')",
        ),
        ("SHOW JOB 5 WITH EXECUTION DETAILS", "SHOW JOBS VALUES (0) WITH EXECUTION DETAILS"),
        ('SELECT /* why */ a, 1.5 FROM "T" WHERE b = $1', "SELECT _, 0 FROM _ WHERE _ = $1"),
        (
            "SELECT id FROM [SHOW BACKUP 'x' WITH encryption_passphrase = 'hush']",
            "SELECT _ FROM [SHOW BACKUP '_' WITH encryption_passphrase = '_']",
        ),
    ],
)
def test_anonymized_text_shows_the_form_alone(text: str, expected: str) -> None:
    assert parse_one(text).anonymized() == expected


def test_unknown_version_is_refused() -> None:
    with pytest.raises(InvalidOptionError):
        format_statement(parse_one("SHOW JOBS"), version="1.0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("backup into 'x' with detached = false", "BACKUP INTO 'x' WITH detached = FALSE"),
        (
            "BACKUP INTO 'x' WITH OPTIONS (revision_history = $1, execution locality = 'a=b')",
            "BACKUP INTO 'x' WITH revision_history = $1, execution locality = 'a=b'",
        ),
        ("BACKUP VIRTUAL CLUSTER 3 INTO 'x'", "BACKUP TENANT 3 INTO 'x'"),
        ("RESTORE SYSTEM USERS FROM LATEST IN 'x'", "RESTORE SYSTEM USERS FROM 'latest' IN 'x'"),
        ("show backup from latest in 'c'", "SHOW BACKUP FROM 'latest' IN 'c'"),
        (
            "SHOW BACKUPS IN 'c' OLDER THAN '-1d' NEWER THAN '-7d'",
            "SHOW BACKUPS IN 'c' NEWER THAN '-7d' OLDER THAN '-1d'",
        ),
        (
            "alter backup schedule 5 execute full immediately",
            "ALTER BACKUP SCHEDULE 5 EXECUTE FULL IMMEDIATELY",
        ),
        ("create external connection foo as bar", "CREATE EXTERNAL CONNECTION 'foo' AS 'bar'"),
        (
            "alter backup 'x' add new_kms='a' with old_kms=('b')",
            "ALTER BACKUP 'x' ADD NEW_KMS='a' WITH OLD_KMS='b'",
        ),
        ("show jobs with execution details", "SHOW JOBS WITH EXECUTION DETAILS"),
        ("show job 5 with execution details", "SHOW JOBS VALUES (5) WITH EXECUTION DETAILS"),
        ("show create table t", "SHOW CREATE t"),
        ("show create view schedule", "SHOW CREATE schedule"),
        ("show create schema s", "SHOW CREATE SCHEMA s"),
        ("use bank", "SET database = bank"),
        ("begin; ".strip("; "), "BEGIN TRANSACTION"),
        ("set time zone 'UTC'", "SET timezone = 'UTC'"),
        ("set cluster setting a.b = default", "SET CLUSTER SETTING a.b = DEFAULT"),
    ],
)
def test_canonical_text(text: str, expected: str) -> None:
    statement = parse_one(text)
    assert str(statement) == expected
    assert parse_one(expected) == statement


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * 2 > 3", "(a + (b * 2)) > 3"),
        ("a > 0 AND b < 10 OR NOT c", "((a > 0) AND (b < 10)) OR (NOT c)"),
        ("j->>'k' = 'v'", "(j->>'k') = 'v'"),
        ("a::int::string", "a::INT8::STRING"),
        ("cast(a AS dec(5,1))", "CAST(a AS DECIMAL(5,1))"),
        ("-1", "-1"),
        ("- -1", "1"),
        ("+a", "a"),
        ("-(a)", "-(a)"),
        ("x IS NOT DISTINCT FROM NULL", "x IS NULL"),
        ("x ISNULL", "x IS NULL"),
        ("x NOT IN (1, 2)", "x NOT IN (1, 2)"),
        ("x IN (1)", "x IN (1,)"),
        ("x NOT BETWEEN SYMMETRIC 1 AND 2 AND y", "(x NOT BETWEEN SYMMETRIC 1 AND 2) AND y"),
        ("CASE a WHEN 1 THEN 'x' ELSE 'y' END", "CASE a WHEN 1 THEN 'x' ELSE 'y' END"),
        ("current_timestamp", "current_timestamp()"),
        ("if(true, 1, 2)", "IF(true, 1, 2)"),
        ("ts AT TIME ZONE 'UTC'", "timezone('UTC', ts)"),
        ("extract(year FROM ts)", "extract('year', ts)"),
        ("substring(s FROM 2 FOR 3)", "substring(s, 2, 3)"),
        ("trim(leading 'x' FROM s)", "ltrim(s, 'x')"),
        ("position('a' IN s)", "strpos(s, 'a')"),
        ("date '2020-01-01'", "DATE '2020-01-01'"),
        ("INTERVAL '1' day", "INTERVAL '1' DAY"),
        ("a @> b || c", "a @> (b || c)"),
        ("s !~* 'x'", "s !~* 'x'"),
        ("a = ANY (ARRAY[1, 2])", "a = ANY (ARRAY[1, 2])"),
        ("a[1][2:3]", "a[1][2:3]"),
        ("(a).b", "(a).b"),
        ("ROW(1, 'x')", "ROW(1, 'x')"),
        ("count(DISTINCT t.*)", "count(DISTINCT t.*)"),
        ("'a' COLLATE en", "'a' COLLATE en"),
        ("1:::INT8", "1:::INT8"),
        (r"'\x00ff':::BYTES", r"'\x00ff':::BYTES"),
        (r"b'\x00a'", r"b'\x00a'"),
        ("B'101'", "B'101'"),
        ("EXISTS (SELECT 1)", "EXISTS (SELECT 1)"),
        ("""pg_catalog."Max"(x)""", """pg_catalog."Max"(x)"""),
    ],
)
def test_expressions(text: str, expected: str) -> None:
    printed = str(parse_expression(text))
    assert printed == expected
    assert str(parse_expression(printed)) == printed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("double precision", "FLOAT8"),
        ("character varying(3)", "VARCHAR(3)"),
        ("float(10)", "FLOAT4"),
        ("bit(1)", "BIT"),
        ("timestamp(3) with time zone", "TIMESTAMPTZ(3)"),
        ("time without time zone", "TIME"),
        ("interval second(2)", "INTERVAL SECOND(2)"),
        ("int[][]", "INT8[][]"),
        ("geometry(point, 4326)", "GEOMETRY(POINT,4326)"),
        ('app."Kind"[]', 'app."Kind"[]'),
        ('"char"', '"char"'),
        ("tinyint", "tinyint"),
        ("string collate en", "STRING COLLATE en"),
    ],
)
def test_type_names(text: str, expected: str) -> None:
    assert str(parse_type(text)) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER RANGE default CONFIGURE ZONE USING gc.ttlseconds = 600",
        "ALTER RANGE meta CONFIGURE ZONE DISCARD",
        "SHOW ZONE CONFIGURATION FROM RANGE default",
        "SHOW ZONE CONFIGURATION FROM TABLE d.t",
    ],
)
def test_zones_of_ranges_and_tables(sql: str) -> None:
    assert str(parse_one(sql)) == sql
