"""Lines to batches: what completes a statement, what is a meta-command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ootheca.shell.lines import LineBuffer, is_meta_line, leaves_statement_open, script_lines


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


PIECES = ["'", "''", '"', "$$", "$a$", "/*", "*/", "--", ";", "e'", "\\", "\n", "x", " ", ">", "\\'"]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_reading_on_finds_what_reading_anew_finds(text: str) -> None:
    buffer, lines = LineBuffer(), []
    for line in text.split("\n"):
        if lines or line.strip():
            lines.append(line)
        batch = buffer.feed(line)
        is_open = leaves_statement_open("\n".join(lines) + "\n")
        is_complete = ";" in line and not is_open
        assert (batch is not None) == bool(lines and is_complete)
        if batch is not None:
            assert batch == "\n".join(lines)
            lines.clear()
        else:
            assert buffer.is_open() == is_open


@pytest.mark.parametrize(
    ("opening", "closing"), [("'", "'"), ("$$", "$$"), ("/*", "*/"), ("e'", "'"), ('"', '"')]
)
def test_long_text_with_semicolons_is_one_batch(opening: str, closing: str) -> None:
    buffer = LineBuffer()
    assert buffer.feed(f"SELECT {opening}") is None
    assert all(buffer.feed("of many; parts;") is None for _ in range(20_000))
    assert buffer.feed(f"{closing} -- not yet") is None
    batch = buffer.feed(";")
    assert batch is not None
    assert batch.count("parts;") == 20_000
    assert buffer.is_empty


def test_one_statement_at_a_time_is_kept() -> None:
    buffer = LineBuffer()
    for number in range(5000):
        assert buffer.feed(f"INSERT INTO t VALUES ({number},") is None
        assert buffer.feed(" 'a;b');") is not None
        assert buffer.text == ""


def test_line_ends_and_byte_order_mark() -> None:
    assert list(script_lines(["\ufeffSELECT 1;\r\n", "a\rb\u2028c\n", "\ufeffx"])) == [
        "SELECT 1;",
        "a\rb\u2028c",
        "\ufeffx",
    ]
