"""Key services: AWS, and the sandbox's keyring in the place of any cloud."""

from __future__ import annotations

from ootheca.crypto.kms.base import KMS, KMSEnvironment, MasterKey
from ootheca.crypto.kms.keyring import DirectoryKeyring, Keyring, MemoryKeyring
from ootheca.crypto.kms.registry import open_kms

__all__ = ["KMS", "DirectoryKeyring", "KMSEnvironment", "Keyring", "MasterKey", "MemoryKeyring", "open_kms"]
