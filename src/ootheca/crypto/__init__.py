"""The encryption engine: sealed files, data keys, and the key services that protect them.

The operations use `EncryptionOptions`, `new_data_key` and `open_data_key` to come by a `DataKey`, and `seal`,
`unseal`, `Sealer` and `SealedReader` to use it.
"""

from __future__ import annotations

from ootheca.crypto.aead import is_sealed, plain_size, seal, seal_view, sealed_size, unseal, unseal_view
from ootheca.crypto.data_key import DataKey
from ootheca.crypto.encryption_info import (
    EncryptionInfo,
    decode_encryption_info,
    encode_encryption_info,
)
from ootheca.crypto.envelope import (
    EncryptionOptions,
    new_data_key,
    new_kms_key,
    new_passphrase_key,
    open_any_kms_key,
    open_data_key,
    open_kms_key,
    open_passphrase_key,
    wrap_data_key,
)
from ootheca.crypto.kms import KMS, DirectoryKeyring, Keyring, KMSEnvironment, MemoryKeyring, open_kms
from ootheca.crypto.stream import SealedReader, Sealer

__all__ = [
    "KMS",
    "DataKey",
    "DirectoryKeyring",
    "EncryptionInfo",
    "EncryptionOptions",
    "KMSEnvironment",
    "Keyring",
    "MemoryKeyring",
    "SealedReader",
    "Sealer",
    "decode_encryption_info",
    "encode_encryption_info",
    "is_sealed",
    "new_data_key",
    "new_kms_key",
    "new_passphrase_key",
    "open_any_kms_key",
    "open_data_key",
    "open_kms",
    "open_kms_key",
    "open_passphrase_key",
    "plain_size",
    "seal",
    "seal_view",
    "sealed_size",
    "unseal",
    "unseal_view",
    "wrap_data_key",
]
