"""Queries are passed on whole; the statements of ours inside them are parsed where they stand."""

from __future__ import annotations

import pytest

from ootheca.errors import ParseError
from ootheca.sql import ast
from ootheca.sql.parser import parse, parse_one


def query(text: str) -> ast.Query:
    statement = parse_one(text)
    assert isinstance(statement, ast.Query)
    return statement


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("select 1", "SELECT"),
        ("(SELECT 1)", "SELECT"),
        ("Insert into t values (1)", "INSERT"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "WITH"),
        ("TABLE t", "TABLE"),
        ("VALUES (1)", "VALUES"),
    ],
)
def test_passed_on_as_written(text: str, verb: str) -> None:
    statement = query(f"  {text} -- end\n;")
    assert statement.text == text
    assert statement.verb == verb
    assert statement.bracketed == ()


def test_bracketed_statements_are_found_with_their_places() -> None:
    text = "SELECT a[1] FROM [SHOW JOBS] AS j, [SHOW BACKUP 'x]' WITH privileges] JOIN t ON true"
    statement = query(text)
    places = [text[inner.start : inner.end] for inner in statement.bracketed]
    assert places == ["[SHOW JOBS]", "[SHOW BACKUP 'x]' WITH privileges]"]
    assert [inner.statement for inner in statement.bracketed] == [
        ast.ShowJobs(),
        ast.ShowBackup("DEFAULT", "x]", options=(ast.KeyValue("privileges"),)),
    ]


def test_an_export_in_brackets_keeps_its_own_query() -> None:
    text = "SELECT filename FROM [EXPORT INTO CSV 'x' WITH nullas = ']' FROM SELECT a[1] FROM [SHOW JOBS]] WHERE true"
    (outer,) = query(text).bracketed
    assert text[outer.end :] == " WHERE true"
    assert isinstance(outer.statement, ast.Export)
    assert [option.key for option in outer.statement.options] == ["nullas"]
    assert outer.statement.query.text == "SELECT a[1] FROM [SHOW JOBS]"
    assert [inner.statement for inner in outer.statement.query.bracketed] == [ast.ShowJobs()]


def test_statement_as_the_body_of_a_with_clause() -> None:
    text = "WITH x AS (SHOW JOBS), y AS (SELECT 1) SELECT * FROM x, y"
    (inner,) = query(text).bracketed
    assert inner.is_cte
    assert text[inner.start : inner.end] == "(SHOW JOBS)"


def test_statements_inside_statements_inside_queries() -> None:
    text = "SELECT * FROM [SHOW JOBS SELECT id FROM [SHOW SCHEDULES] WHERE label = 'a']"
    (outer,) = query(text).bracketed
    assert isinstance(outer.statement, ast.ShowJobs)
    assert outer.statement.query is not None
    (inner,) = outer.statement.query.bracketed
    assert inner.statement == ast.ShowSchedules()
    assert outer.statement.query.text[inner.start : inner.end] == "[SHOW SCHEDULES]"


def test_a_word_in_brackets_is_a_subscript() -> None:
    assert query("SELECT ARRAY[show], a[explain] FROM t").bracketed == ()


def test_query_ends_before_a_clause_of_the_statement_around_it() -> None:
    statement = parse_one("PAUSE JOBS WITH x AS (SELECT 1) SELECT * FROM x WITH REASON = 'late'")
    assert isinstance(statement, ast.ControlJobs)
    assert statement.query.text == "WITH x AS (SELECT 1) SELECT * FROM x"
    assert statement.reason == "late"


def test_view_keeps_its_query_as_text() -> None:
    statement = parse_one("CREATE MATERIALIZED VIEW v (a) AS SELECT (SELECT 1) UNION SELECT 2 WITH NO DATA")
    assert isinstance(statement, ast.CreateView)
    assert statement.query.text == "SELECT (SELECT 1) UNION SELECT 2"
    assert not statement.with_data


def test_parenthesised_query_with_more_behind_it() -> None:
    statement = parse_one("CREATE VIEW v AS (SELECT 1) UNION (SELECT 2)")
    assert isinstance(statement, ast.CreateView)
    assert statement.query.text == "(SELECT 1) UNION (SELECT 2)"


def test_explain_and_prepare_take_both_kinds() -> None:
    explained, prepared = parse("EXPLAIN ANALYZE DELETE FROM t; PREPARE p (INT) AS BACKUP TO $1")
    assert isinstance(explained, ast.Explain)
    assert isinstance(explained.statement, ast.Query)
    assert explained.statement.verb == "DELETE"
    assert isinstance(prepared, ast.Prepare)
    assert prepared.statement == ast.Backup(None, (ast.Placeholder(1),))
    assert prepared.types == (ast.TypeName("INT8"),)


def test_select_is_a_privilege_in_grant() -> None:
    statement = parse_one("GRANT SELECT, INSERT ON TABLE a, b TO c")
    assert isinstance(statement, ast.Grant)
    assert statement.privileges == ("SELECT", "INSERT")


def test_known_but_not_done() -> None:
    statement = parse_one("CREATE CHANGEFEED FOR TABLE t INTO 'x'")
    assert isinstance(statement, ast.Unsupported)
    assert statement.feature == "CREATE CHANGEFEED"


def test_big_insert_is_not_read_token_by_token() -> None:
    rows = ", ".join(f"({number}, 'it''s {number}')" for number in range(20_000))
    assert query(f"INSERT INTO t VALUES {rows}").text.endswith("'it''s 19999')")


def test_error_in_a_bracketed_statement_is_an_error_of_the_query() -> None:
    with pytest.raises(ParseError, match='at or near "schedule"'):
        parse("SELECT * FROM [SHOW JOBS SCHEDULE]")
