"""Key services: AWS, Google Cloud, Azure, and the sandbox's keyring in the place of any of them."""

from __future__ import annotations

from ootheca.crypto.kms.base import KMS, KMSCall, KMSEnvironment, MasterKey
from ootheca.crypto.kms.keyring import DirectoryKeyring, Keyring, MemoryKeyring
from ootheca.crypto.kms.registry import open_kms

__all__ = [
    "KMS",
    "DirectoryKeyring",
    "KMSCall",
    "KMSEnvironment",
    "Keyring",
    "MasterKey",
    "MemoryKeyring",
    "open_kms",
]
