"""Key services of the sandbox: the local keyring in the place of a cloud, and CockroachDB's test key service.

Layout of a blob wrapped by the keyring: version 01, 12-byte nonce, AES-256-GCM of the data key, 16-byte
tag; the master key's names are authenticated and not stored.
Layout of a blob of `testkms`: the data key in clear, then the key id. Source: fixtures/golden/*/c_kms.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ootheca.crypto.kms.base import KMSEnvironment, MasterKey, NamedKMS, check_path
from ootheca.crypto.kms.keyring import Keyring
from ootheca.errors import KMSError
from ootheca.uri import URI

__all__ = ["LocalKMS", "TestKMS", "parse_test_key"]

_BLOB_VERSION: Final = b"\x01"
_NONCE_SIZE: Final = 12


class _SandboxKMS(NamedKMS):
    """What both have: a keyring, and a region that may be switched off."""

    def __init__(
        self, key: MasterKey, keyring: Keyring, *, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        super().__init__(key)
        self._keyring = keyring
        self._random = random

    def _check_region(self) -> None:
        if self.key.region in self._keyring.disabled_regions():
            raise KMSError(
                f"region {self.key.region} is switched off in the sandbox",
                hint="switch the region on again, or name a KMS URI of another region",
                retryable=True,
            )


class LocalKMS(_SandboxKMS):
    """A cloud's KMS, played by the sandbox's keyring: one master key for each key id and region."""

    def wrap(self, data_key: bytes) -> bytes:
        self._check_region()
        nonce = self._random(_NONCE_SIZE)
        master_key = self._keyring.create(*self._names())
        return _BLOB_VERSION + nonce + AESGCM(master_key).encrypt(nonce, data_key, self._named())

    def unwrap(self, wrapped: bytes) -> bytes:
        self._check_region()
        master_key = self._keyring.find(*self._names())
        if master_key is None:
            raise KMSError(
                f"the sandbox's keyring has no such key in region {self.key.region}",
                hint="the backup may come from outside this sandbox, or from another region",
            )
        nonce, sealed = wrapped[1 : 1 + _NONCE_SIZE], wrapped[1 + _NONCE_SIZE :]
        if wrapped[:1] != _BLOB_VERSION or len(nonce) < _NONCE_SIZE:
            raise KMSError("the wrapped data key is not from a sandbox")
        try:
            return AESGCM(master_key).decrypt(nonce, sealed, self._named())
        except InvalidTag as exc:
            raise KMSError("the wrapped data key is not from this master key") from exc

    def _names(self) -> tuple[str, str, str]:
        """The master key's place in the keyring; replicas in several regions are one key."""
        if self.key.shared_id:
            return self.key.provider, self.key.shared_id, "every region"
        return self.key.provider, self.key.key_id, self.key.region

    def _named(self) -> bytes:
        return "\0".join(self._names()).encode("utf-8", "surrogateescape")


class TestKMS(_SandboxKMS):
    """CockroachDB's test key service. It protects nothing: the data key lies in clear in ENCRYPTION-INFO."""

    __test__ = False  # The name is the service's; pytest shall not collect it.

    def wrap(self, data_key: bytes) -> bytes:
        self._check_region()
        return data_key + self._id_bytes()

    def unwrap(self, wrapped: bytes) -> bytes:
        self._check_region()
        key_id = self._id_bytes()
        if not wrapped.endswith(key_id):
            raise KMSError("the wrapped data key is not from this test key")
        return wrapped[: len(wrapped) - len(key_id)]

    def _id_bytes(self) -> bytes:
        return self.key.key_id.encode("utf-8", "surrogateescape")


def parse_test_key(uri: URI, env: KMSEnvironment) -> MasterKey:
    """`testkms:///ID?…`: parameters are ignored, but for REGION, which can be switched off."""
    del env
    return MasterKey(uri.scheme, "test", check_path(uri), uri.param("REGION"))
