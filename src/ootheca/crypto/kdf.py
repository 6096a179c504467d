"""From a passphrase to a data key.

Layout: PBKDF2-HMAC-SHA256, 64,000 iterations, 32 bytes, of the passphrase's UTF-8 bytes, not normalised.
Source: fixtures/golden/*/b_passphrase with `correct horse ž battery`; its dump.jsonl shows the derived key.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from ootheca.crypto.data_key import DATA_KEY_SIZE, DataKey
from ootheca.errors import InvalidOptionError

__all__ = ["ITERATIONS", "SALT_SIZE", "derive_data_key"]

ITERATIONS: Final = 64_000
SALT_SIZE: Final = 16


def derive_data_key(passphrase: str, salt: bytes) -> DataKey:
    """Derive the data key; slow by design (tens of milliseconds), so keep what it returns.

    The empty passphrase derives a key like any other. So does an empty salt: CockroachDB uses one when a
    passphrase is given for a backup that KMS keys protect, and the wrong key shows on the first file.

    Raises:
        InvalidOptionError: the passphrase has no UTF-8 form.
    """
    try:
        secret = passphrase.encode("utf-8")
    except UnicodeEncodeError:
        # The cause holds the passphrase, so it is not chained.
        raise InvalidOptionError("encryption_passphrase is not valid UTF-8") from None
    kdf = PBKDF2HMAC(algorithm=SHA256(), length=DATA_KEY_SIZE, salt=salt, iterations=ITERATIONS)
    return DataKey(kdf.derive(secret))
