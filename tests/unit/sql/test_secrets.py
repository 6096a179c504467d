"""Secrets do not appear in errors about statements that cannot be parsed, and the caret still finds its token."""

from __future__ import annotations

import pytest

from ootheca.errors import ParseError
from ootheca.sql.parser import parse
from ootheca.sql.secrets import MaskedText, find_secrets, has_mask

SECRET = "hunter2"
KEY = "AWS_SECRET_ACCESS_KEY"


@pytest.mark.parametrize(
    "text",
    [
        f"BACKUP TO 'x' WITH encryption_passphrase = '{SECRET}' foo",
        f"BACKUP TO 'x' WITH encryption_passphrase = {SECRET} foo",
        f"BACKUP TO 'x' WITH encryption_passphrase = p@{SECRET}, detached",
        f"BACKUP TO 'x' WITH encryption_passphrase '{SECRET}'",
        f"BACKUP TO 'x' WITH encryption_passphrase = = '{SECRET}'",
        f"BACKUP TO 'x' WITH encryption_passphrase = ('{SECRET}')",
        f"BACKUP TO 'x' WITH encryption_passphrase = 'it's {SECRET}'",
        f"BACKUP TO 'x' WITH encryption_passphrase = '{SECRET}",
        f"BACKUP TO 'x' WITH encryption_passphrase = $${SECRET}$$ foo",
        f"BACKUP TO 'x' WITH encryption_passphrase = B'{SECRET}'",
        f"BACKUP TO 'x' WITH encryption_passphrase = e'\\x41{SECRET}' foo",
        f"BACKUP TO 'x' WITH encryption_passphrase = \"{SECRET}\" foo",
        f"BACKUP TO 'x WITH encryption_passphrase = '{SECRET}'",
        f"BACKUP TO 'x' WITH 'encryption_passphrase' = '{SECRET}'",
        f"BACKUP\nTO 'x' WITH encryption_passphrase = '{SECRET}', encryption_passphrase =\n 'b' foo",
        f"BACKUP TO 's3://b/p?{KEY}={SECRET}' foo",
        f"BACKUP TO 's3://b/p&{KEY}={SECRET}' foo",
        f"BACKUP TO 's3://b/p?x=1&{KEY.lower()}={SECRET}' foo",
        f"BACKUP TO 's3://b/p?AWS%5FSECRET_ACCESS_KEY={SECRET}' foo",
        f"BACKUP TO s3://b/p?{KEY}={SECRET}",
        f"BACKUP TO 's3://b/p?{KEY}={SECRET}",
        f"BACKUP TO 'http://user:{SECRET}@host/x' foo",
        f"BACKUP TO 'a' 's3://b/p?{KEY}={SECRET}'",
        f"BACKUP TO 'x' WITH kms = ('aws:///{SECRET}?REGION=r', 'aws:///{SECRET}?REGION=s') foo",
        f"ALTER BACKUP 'x' ADD NEW_KMS = 'aws:///{SECRET}?REGION=r' WITH OLD_KMS = 'gs:///{SECRET}' foo",
        f"CREATE USER u WITH PASSWORD '{SECRET}' foo",
        f"CREATE USER u WITH PASSWORD {SECRET} foo",
        f"ALTER ROLE u PASSWORD '{SECRET}' foo",
        f"SELECT * FROM [SHOW BACKUP 'x' WITH encryption_passphrase = '{SECRET}' foo]",
        f"BACKUP TO /* {KEY}={SECRET} */ foo bar",
    ],
)
def test_secret_is_not_quoted(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)
    error = caught.value
    assert error.detail is not None
    assert error.detail.startswith("source SQL:\n")
    assert SECRET not in f"{error.message} {error.detail} {error.hint} {error!r}"


@pytest.mark.parametrize(
    ("text", "message", "detail"),
    [
        (
            "BACKUP TO 'x' WITH encryption_passphrase = 'ab' foo",
            'at or near "foo": syntax error',
            "BACKUP TO 'x' WITH encryption_passphrase = '*****' foo\n" + " " * 51 + "^",
        ),
        (
            f"BACKUP TO 'a' 's3://b/p?{KEY}=ab'",
            f'at or near "s3://b/p?{KEY}=redacted": syntax error',
            f"BACKUP TO 'a' 's3://b/p?{KEY}=redacted'\n" + " " * 14 + "^",
        ),
        (
            "CREATE TABLE t (password STRING NOT)",
            'at or near ")": syntax error',
            "CREATE TABLE t (password STRING NOT)\n" + " " * 35 + "^",
        ),
    ],
)
def test_rest_is_shown_as_it_was_typed(text: str, message: str, detail: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert caught.value.message == message
    assert caught.value.detail == f"source SQL:\n{detail}"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT password FROM users WHERE password = $1",
        "CREATE TABLE t (password STRING, note STRING)",
        "BACKUP TO 's3://b/p?AUTH=implicit' WITH encryption_passphrase = 123",
        "BACKUP TO 'x' WITH encryption_passphrase = $1, kms = $2",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert find_secrets(text) == ()
    assert MaskedText(text).text == text


def test_places_are_counted_in_the_masked_text() -> None:
    text = "WITH encryption_passphrase = 'abc', encryption_passphrase = 'x' end"
    masked = MaskedText(text)
    assert masked.text == "WITH encryption_passphrase = '*****', encryption_passphrase = '*****' end"
    for word in ("WITH", "end", ","):
        assert masked.place(text.index(word)) == masked.text.index(word)
    inside = text.index("abc")
    assert masked.place(inside) == masked.text.index("'*")
    assert masked.token(inside, "abc") == "*****"
    assert masked.token(0, "with") == "with"


def test_repr_of_a_secret_does_not_tell_it() -> None:
    [secret] = find_secrets("WITH encryption_passphrase = 'abc'")
    assert secret.value == "abc"
    assert "abc" not in repr(secret)


def test_secrets_come_back_where_their_masks_still_stand() -> None:
    text = "BACKUP TO 's3://b/p?AWS_SECRET_ACCESS_KEY=one' WITH encryption_passphrase = 'two'"
    masked = MaskedText(text)
    assert masked.restore(masked.text) == text
    assert masked.restore(masked.text + ";\nSELECT 1") == text + ";\nSELECT 1"
    assert masked.restore(masked.text.replace("'*****'", "'three'")).endswith("'three'")
    moved = masked.restore(masked.text.replace("s3://b/p", "s3://b/q"))
    assert has_mask(moved)
    assert moved.endswith("'two'")


@pytest.mark.parametrize(
    ("text", "is_masked"),
    [
        ("SHOW BACKUP 'x' WITH encryption_passphrase = '*****'", True), ("SELECT '*****'", False),
        ("BACKUP TO 's3://b/p?AWS_SECRET_ACCESS_KEY=redacted'", True), ("SELECT 'redacted'", False),
        ("BACKUP TO 'x' WITH kms = 'aws:///redacted?AUTH=implicit'", True),
    ],
)  # fmt: skip
def test_masks_are_noticed(text: str, is_masked: bool) -> None:
    assert has_mask(text) is is_masked
