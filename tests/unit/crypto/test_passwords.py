"""Passwords of users: hashed as CockroachDB hashes them."""

from __future__ import annotations

import hashlib

import bcrypt
import pytest

from ootheca.crypto.passwords import SALT_SIZE, hash_password
from ootheca.errors import InvalidOptionError, OothecaError

SALT = bytes(range(SALT_SIZE))


@pytest.mark.parametrize("password", ["x", "correct horse ž battery", "long" * 30])
def test_bcrypt_of_the_password_and_the_hash_of_nothing(password: str) -> None:
    hashed = hash_password(password, SALT)
    assert hashed.startswith(b"$2a$10$")
    assert len(hashed) == 60
    nothing = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert hashlib.sha256(b"").digest() == nothing
    assert bcrypt.checkpw((password.encode() + nothing)[:72], hashed)
    assert not bcrypt.checkpw(password.encode()[:71], hashed)


def test_the_salt_is_the_one_that_was_given() -> None:
    assert hash_password("x", SALT) == hash_password("x", SALT)
    assert hash_password("x", SALT) != hash_password("x", SALT[::-1])
    # bcrypt's own base64 of the bytes 0 to 15
    assert hash_password("x", SALT)[7:29] == b"..CA.uOD/eaGAOmJB.yMBu"


def test_what_is_no_password() -> None:
    with pytest.raises(OothecaError, match="empty passwords are not permitted"):
        hash_password("", SALT)
    with pytest.raises(InvalidOptionError):
        hash_password("a\0b", SALT)
