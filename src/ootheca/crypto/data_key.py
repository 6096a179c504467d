"""The data key: 32 secret bytes that seal every file of a chain, kept out of every message.

The key is opaque to the layers above: they pass it on to `aead` and never look inside.
"""

from __future__ import annotations

import hmac

from ootheca.errors import InternalError

__all__ = ["DATA_KEY_SIZE", "DataKey"]

DATA_KEY_SIZE = 32  # AES-256


class DataKey:
    """The 256-bit key of one backup chain.

    `bytes(key)` gives the secret; `repr` and `str` do not. Two keys are compared in constant time.
    Python cannot wipe memory, so a key lives as long as its last reference.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != DATA_KEY_SIZE:
            raise InternalError(f"a data key has {DATA_KEY_SIZE} bytes, not {len(secret)}")
        self._secret = bytes(secret)

    def __bytes__(self) -> bytes:
        return self._secret

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataKey) and hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash((DataKey, self._secret))

    def __repr__(self) -> str:
        return "DataKey(…)"
