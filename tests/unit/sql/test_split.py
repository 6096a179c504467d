"""Scripts are cut at semicolons, and only at those that end statements."""

from __future__ import annotations

import pytest

from ootheca.sql.split import is_complete, split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; b", ["a", "b"]),
        ("  ;; a ;;", ["a"]),
        ("select 'x;''y;'; b", ["select 'x;''y;'", "b"]),
        (r"select e'a\';b'; c", [r"select e'a\';b'", "c"]),
        (r"select 'a\'; b", [r"select 'a\'", "b"]),
        (r"select name'a\'; b", [r"select name'a\'", "b"]),
        ('select "a;""b"; c', ['select "a;""b"', "c"]),
        ("select $$a;b$$, $t$;$$;$t$; c", ["select $$a;b$$, $t$;$$;$t$", "c"]),
        ("select a$b$, $1; c", ["select a$b$, $1", "c"]),
        ("a -- b;\n; c", ["a", "c"]),
        ("a /* ; /* ; */ ; */ b; c", ["a /* ; /* ; */ ; */ b", "c"]),
        ("/* only a comment */ -- and another", []),
        ("a -- end", ["a"]),
        ("a/b-c", ["a/b-c"]),
    ],
)
def test_statements_of_a_script(text: str, expected: list[str]) -> None:
    parts = split(text)
    assert [part.text for part in parts] == expected
    assert all(text[part.start : part.end] == part.text for part in parts)


def test_prompt_and_line_ends_of_the_documentation_are_blank() -> None:
    text = "> BACKUP TO \\\n  'x' \\  \n;\n> SELECT a > b"
    first, second = split(text)
    assert first.text == "BACKUP TO  \n  'x'"
    assert text[first.start] == "B"
    assert second.text == "SELECT a > b"


def test_backslash_elsewhere_stays() -> None:
    assert [part.text for part in split("a \\ b; '\\\n'")] == ["a \\ b", "'\\\n'"]


def test_only_one_prompt_is_stripped() -> None:
    assert [part.text for part in split("> > a")] == ["> a"]


@pytest.mark.parametrize("text", ["", "  ", "-- x", "a;", "a; -- b", "select ';' ;", "/* ; */"])
def test_complete(text: str) -> None:
    assert is_complete(text)


@pytest.mark.parametrize(
    "text", ["a", "a; b", "select ';", "select e'\\';", 'select ";', "select $$;", "a /* ;", "a; /* ;", "> a"]
)
def test_incomplete(text: str) -> None:
    assert not is_complete(text)


@pytest.mark.parametrize("text", ["a 'b; c", 'a "b; c', "a $$b; c", "a /* b; c", "a e'b\\'; c"])
def test_what_has_no_end_takes_the_rest(text: str) -> None:
    (part,) = split(text)
    assert part.is_broken
    assert part.text == text


def test_every_continued_line_of_a_long_statement_is_joined() -> None:
    (part,) = split("SELECT 1 \\\n" * 50_000)
    assert "\\" not in part.text
    assert part.text.count("\n") == 49_999
