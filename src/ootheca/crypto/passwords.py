"""Passwords of users, as `system.users` holds them: only their bcrypt hash.

Layout: `$2a$10$`, 22 characters of salt, 31 of hash. What is hashed is the password with the SHA-256 of nothing behind
it, a slip of early CockroachDB that every version keeps; bcrypt reads 72 bytes of it.
Source: CockroachDB's public source of 20.2 to 22.1; no server's row with a password is at hand.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from ootheca.errors import InvalidOptionError, OothecaError

__all__ = ["SALT_SIZE", "hash_password"]

SALT_SIZE: Final = 16
_PREFIX: Final = b"$2a$10$"  # the cost is 2^10 rounds
_MAX_SIZE: Final = 72
_STANDARD: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BCRYPT: Final = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def hash_password(password: str, salt: bytes) -> bytes:
    """Return the hash of a password.

    Args:
        salt: SALT_SIZE random bytes.

    Raises:
        OothecaError: the password is empty.
        InvalidOptionError: it holds a zero byte.
    """
    import bcrypt

    if not password:
        raise OothecaError("empty passwords are not permitted", sqlstate="28P01")
    text = base64.b64encode(salt).rstrip(b"=").translate(bytes.maketrans(_STANDARD, _BCRYPT))
    material = (password.encode() + hashlib.sha256().digest())[:_MAX_SIZE]
    if b"\0" in material:
        raise InvalidOptionError("a password cannot hold a zero byte")
    return bcrypt.hashpw(material, _PREFIX + text)
