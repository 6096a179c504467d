"""Identifiers and literals are folded, quoted and decoded as CockroachDB does."""

from __future__ import annotations

import pytest

from ootheca import names
from ootheca.errors import ParseError


@pytest.mark.parametrize(
    ("name", "alone", "after_dot"),
    [
        ("t", "t", "t"),
        ("my_table$1", "my_table$1", "my_table$1"),
        ("select", '"select"', "select"),
        ("role", '"role"', "role"),
        ("database", "database", "database"),
        ("Mixed Case", '"Mixed Case"', '"Mixed Case"'),
        ('a"b', '"a""b"', '"a""b"'),
        ("1a", '"1a"', '"1a"'),
        ("", '""', '""'),
        ("ž", "ž", "ž"),
        ("z\u030c", '"z\u030c"', '"z\u030c"'),
    ],
)
def test_identifiers(name: str, alone: str, after_dot: str) -> None:
    assert names.format_identifier(name) == alone
    assert names.format_unrestricted_identifier(name) == after_dot
    assert names.format_dotted(("select", name)) == f'"select".{after_dot}'


def test_folding() -> None:
    assert names.fold_identifier("BackUp") == "backup"
    assert names.fold_identifier("Z\u030c") == "ž"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('plain; "text"', "'plain; \"text\"'"),
        ("it's", r"e'it\'s'"),
        ("a\\b", r"e'a\\b'"),
        ("tab\there\n", r"e'tab\there\n'"),
        ("\x01\x7f", r"e'\x01\x7f'"),
        ("é", r"e'\u00E9'"),
        ("日本🐎", r"e'\U000065E5\U0000672C\U0001F40E'"),
        ("", "''"),
    ],
)
def test_strings(text: str, printed: str) -> None:
    assert names.format_string(text) == printed
    assert names.parse_string_literal(printed) == text


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'it''s'", "it's"),
        (r"'a\n'", r"a\n"),
        (r"e'\101\x41\u0041\U00000041\q\'''", "AAAAq''"),
        ("$$x'y$$", "x'y"),
        ("$tag$ $$ $tag$", " $$ "),
        (r"b'\x00\377a'", b"\x00\xffa"),
        ("x'00fF'", b"\x00\xff"),
    ],
)
def test_literals(literal: str, value: str | bytes) -> None:
    assert names.parse_string_literal(literal) == value


@pytest.mark.parametrize(
    "literal", ["'x", "$a$x", r"e'\xz'", r"e'\uD800'", r"e'\xff'", "x'0'", "x'0g'", "q'x'"]
)
def test_literals_that_are_none(literal: str) -> None:
    with pytest.raises(ParseError, match="lexical error"):
        names.parse_string_literal(literal)


def test_bytes() -> None:
    assert names.format_bytes(b"a'\\\n\x00\xff") == r"b'a\'\\\n\x00\xff'"
    assert names.parse_string_literal(names.format_bytes(bytes(range(256)))) == bytes(range(256))
