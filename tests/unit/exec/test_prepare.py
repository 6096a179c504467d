"""PREPARE, EXECUTE, DEALLOCATE, and EXPLAIN of statements that are no queries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ootheca.connection import Connection, connect
from ootheca.errors import OothecaError
from ootheca.shell.history import safe_text
from ootheca.sql.parser import parse_one
from ootheca.sql.secrets import MaskedText


@pytest.fixture
def con() -> Iterator[Connection]:
    with connect(sandbox=True) as con:
        con.execute("CREATE DATABASE d; CREATE TABLE d.t (a INT PRIMARY KEY, s STRING)")
        con.execute("INSERT INTO d.t VALUES (1, 'x'), (2, 'y')")
        yield con


def failure(con: Connection, sql: str) -> tuple[str, str]:
    with pytest.raises(OothecaError) as caught:
        con.execute(sql).fetchall()
    return caught.value.sqlstate, caught.value.message


BACKUP = "PREPARE b AS BACKUP DATABASE d INTO $1 WITH encryption_passphrase = $2"


def test_backup_takes_its_place_and_its_passphrase_from_execute(con: Connection) -> None:
    assert con.execute(BACKUP).tag == "PREPARE"
    assert con.execute("EXECUTE b('nodelocal://1/x', 'secret')").fetchall()[0][1] == "succeeded"
    con.execute("EXECUTE b('nodelocal://1/' || 'y', 'sec' || 'ret')")
    shown = "SHOW BACKUP LATEST IN 'nodelocal://1/{}' WITH encryption_passphrase = '{}'"
    for place in ("x", "y"):
        assert con.execute(shown.format(place, "secret")).fetchall()
    assert failure(con, shown.format("x", "other"))[1].startswith("failed to decrypt")


def test_passphrase_reaches_no_job_no_redacted_text_and_no_history(con: Connection) -> None:
    con.execute(BACKUP)
    text = "EXECUTE b('nodelocal://1/x', 'top secret')"
    con.execute(text)
    payloads = con.execute("SELECT payload FROM system.jobs").fetchall()
    assert len(payloads) == 1
    assert b"BACKUP DATABASE d INTO" in payloads[0][0]
    assert b"top secret" not in payloads[0][0]
    statement = parse_one(text)
    assert statement.redacted() == "EXECUTE b ('redacted', 'redacted')"
    assert safe_text(text) == "EXECUTE b('*****', '*****')"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("execute b(top, 'x' || 'y', 5)", "execute b('*****', '*****', 5)"),
        ("EXECUTE s(1, true, NULL, -2)", "EXECUTE s(1, true, NULL, -2)"),
        ("EXECUTE b(concat('a', 'b'))", "EXECUTE b('*****')"),
        ("SELECT 'a'; EXECUTE b('a'); SELECT 'b'", "SELECT 'a'; EXECUTE b('*****'); SELECT 'b'"),
        ("EXECUTE SCHEDULE 5", "EXECUTE SCHEDULE 5"),
        ("EXECUTE b('a', ", "EXECUTE b('*****', "),
    ],
)
def test_arguments_are_masked_where_a_statement_is_quoted(text: str, masked: str) -> None:
    assert MaskedText(text).text == masked


def test_error_hides_a_value_that_may_be_a_passphrase(con: Connection) -> None:
    con.execute(BACKUP)
    assert failure(con, "EXECUTE b('nodelocal://1/x', 4711)") == (
        "42809",
        "expected EXECUTE parameter expression to have type string, but '*****' has type int",
    )
    with pytest.raises(OothecaError) as caught:
        con.execute("EXECUTE b('nodelocal://1/x', 'secret' 'more')")
    assert "secret" not in f"{caught.value.message}{caught.value.detail}"


def test_queries_take_values_with_and_without_types(con: Connection) -> None:
    con.execute(
        "PREPARE s (INT) AS SELECT s FROM d.t WHERE a = $1; PREPARE u AS SELECT a FROM d.t WHERE s = $1"
    )
    for argument in ("2", "'2'", "1 + 1", "(2)"):
        assert con.execute(f"EXECUTE s({argument})").fetchall() == [("y",)]
    assert con.execute("EXECUTE u('x')").fetchall() == [(1,)]
    assert con.execute("EXECUTE u('$1')").fetchall() == []
    con.execute("PREPARE i AS INSERT INTO d.t VALUES ($1, $2)")
    assert con.execute("EXECUTE i(-10, NULL)").tag == "INSERT 0 1"
    con.execute("PREPARE c AS SELECT count(*) FROM [SHOW BACKUPS IN $1]")
    con.execute("BACKUP DATABASE d INTO 'nodelocal://1/c'")
    assert con.execute("EXECUTE c('nodelocal://1/c')").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("sql", "sqlstate", "message"),
    [
        ("EXECUTE nope", "26000", 'prepared statement "nope" does not exist'),
        ("DEALLOCATE nope", "26000", 'prepared statement "nope" does not exist'),
        ("PREPARE s AS SELECT 1", "42P05", 'prepared statement "s" already exists'),
        (
            "EXECUTE s",
            "42601",
            'wrong number of parameters for prepared statement "s": expected 1, got 0',
        ),
        (
            "EXECUTE s(1, 2)",
            "42601",
            'wrong number of parameters for prepared statement "s": expected 1, got 2',
        ),
        (
            "EXECUTE s(true)",
            "42809",
            "expected EXECUTE parameter expression to have type int, but 'true' has type bool",
        ),
        ("EXECUTE s('foo')", "22P02", "could not parse"),
        ("EXECUTE s(a)", "42601", "variable sub-expressions are not allowed in EXECUTE parameter"),
        ("EXECUTE s($1)", "08P01", "no value provided for placeholder: $1"),
        ("SELECT $1", "08P01", "no value provided for placeholder: $1"),
        ("PREPARE g AS SELECT $2", "42P18", "could not determine data type of placeholder $1"),
        (
            "PREPARE m (INT) AS BACKUP INTO $1",
            "42804",
            "placeholder $1 already has type int, cannot assign string",
        ),
    ],
)
def test_errors(con: Connection, sql: str, sqlstate: str, message: str) -> None:
    con.execute("PREPARE s (INT) AS SELECT s FROM d.t WHERE a = $1")
    code, text = failure(con, sql)
    assert code == sqlstate
    assert text.startswith(message)


def test_deallocate_and_discard_forget(con: Connection) -> None:
    con.execute("PREPARE a AS SELECT 1; PREPARE b AS SELECT 2; PREPARE c AS SELECT 3")
    assert con.execute("DEALLOCATE PREPARE a").tag == "DEALLOCATE"
    assert failure(con, "EXECUTE a")[0] == "26000"
    assert con.execute("DEALLOCATE ALL").tag == "DEALLOCATE ALL"
    assert failure(con, "EXECUTE b")[0] == "26000"
    con.execute("PREPARE a AS SELECT 1; SET application_name = 'x'")
    assert failure(con, "BEGIN; DISCARD ALL") == (
        "25001",
        "DISCARD ALL cannot run inside a transaction block",
    )
    con.execute("ROLLBACK; DISCARD ALL")
    assert failure(con, "EXECUTE a")[0] == "26000"


def test_prepared_statement_outlives_a_rollback(con: Connection) -> None:
    con.execute("BEGIN; PREPARE a AS SELECT 1; ROLLBACK")
    assert con.execute("EXECUTE a").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("sql", "node"),
    [
        ("BACKUP INTO 'nodelocal://1/x'", "• backup"),
        ("RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/x'", "• restore"),
        ("SHOW BACKUPS IN 'nodelocal://1/x'", "• show backups"),
        ("CREATE TABLE u (a INT)", "• create table"),
        ("UPSERT INTO d.t VALUES (1, 'z')", "• upsert"),
        ("DELETE FROM d.t", "• delete"),
    ],
)
def test_explain_names_what_would_run_and_runs_nothing(con: Connection, sql: str, node: str) -> None:
    cursor = con.execute(f"EXPLAIN {sql}")
    lines = [line for (line,) in cursor.fetchall()]
    assert lines[:3] == ["distribution: local", "vectorized: true", ""]
    assert lines[3] == node
    assert con.execute("SELECT count(*) FROM d.t WHERE s != 'z'").fetchall() == [(2,)]
    assert failure(con, "SHOW BACKUP LATEST IN 'nodelocal://1/x'")


def test_explain_of_a_missing_table_and_explain_analyze(con: Connection) -> None:
    assert failure(con, "EXPLAIN DELETE FROM nope")[0] == "42P01"
    assert failure(con, "EXPLAIN ANALYZE BACKUP INTO 'nodelocal://1/x'")[0] == "0A000"
