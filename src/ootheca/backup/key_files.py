"""Key files: ENCRYPTION-INFO beside a full backup, and those that ALTER BACKUP added.

What they hold lies in clear: a salt, or the data key as each master key wrapped it, filed under the SHA-256 of the
master key's id.

Source: reference/format/02 §6.
"""

from __future__ import annotations

from dataclasses import dataclass

from ootheca.codec import filenames
from ootheca.crypto.encryption_info import EncryptionInfo, decode_encryption_info
from ootheca.errors import ObjectNotFoundError
from ootheca.storage.base import Storage
from ootheca.uri import join

__all__ = ["KeyFile", "read_key_files"]


@dataclass(frozen=True, slots=True)
class KeyFile:
    """One of a backup's key files."""

    name: str
    info: EncryptionInfo


def read_key_files(storage: Storage) -> list[KeyFile]:
    """Read the key files of a full backup, in ascending order of their names; the last is the newest.

    Raises:
        ObjectNotFoundError: `could not find or read encryption information: …`.
    """
    try:
        return [
            KeyFile(name, decode_encryption_info(storage.read(name), location=join(storage.uri, name).bare()))
            for name in _names(storage) or [filenames.ENCRYPTION_INFO]
        ]
    except ObjectNotFoundError as exc:
        missing = exc.prefixed("could not find or read encryption information")
        missing.hint = "this backup may not be encrypted: leave out encryption_passphrase and kms"
        raise missing from exc


def _names(storage: Storage) -> list[str]:
    if not storage.can_list:
        return []
    return sorted(o.name for o in storage.list(filenames.ENCRYPTION_INFO) if "/" not in o.name)
