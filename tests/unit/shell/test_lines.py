"""Lines to batches: what completes a statement, what is a meta-command."""

from __future__ import annotations

import pytest

from ootheca.shell.lines import LineBuffer, is_meta_line, leaves_statement_open


def fed(*lines: str) -> list[str]:
    buffer = LineBuffer()
    return [batch for batch in map(buffer.feed, lines) if batch is not None]


def test_batch_ends_with_the_line_that_ends_in_a_semicolon() -> None:
    assert fed("SELECT", "  1", ";", "SELECT 2; SELECT 3;") == ["SELECT\n  1\n;", "SELECT 2; SELECT 3;"]


def test_semicolon_inside_a_string_or_comment_ends_nothing() -> None:
    assert fed("SELECT 'a;", "b' -- c;", ";") == ["SELECT 'a;\nb' -- c;\n;"]
    assert fed("SELECT 1; SELECT") == []
    assert fed("SELECT 1; -- done") == ["SELECT 1; -- done"]


def test_empty_lines_between_statements_are_left_out() -> None:
    assert fed("", "  ", "SELECT 1;", "") == ["SELECT 1;"]


@pytest.mark.parametrize(
    "line", ["\\q", "  \\dt", "\\! ls", "\\| ls", "\\?", "help", "quit", "exit", "exit;", " quit ;"]
)
def test_meta_lines(line: str) -> None:
    assert is_meta_line(line)


@pytest.mark.parametrize("line", ["\\", " \\ ", "SELECT '\\q';", "help me", "> SELECT 1;", "", "quit_all"])
def test_other_lines(line: str) -> None:
    assert not is_meta_line(line)


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("SELECT 1", True),
        ("SELECT 1;", False),
        ("-- nothing", False),
        ("", False),
        ("SELECT ';", True),
        ("/* ;", True),
    ],
)
def test_leaves_statement_open(text: str, is_open: bool) -> None:
    assert leaves_statement_open(text) is is_open
