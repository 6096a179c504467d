"""Key rotation: further master keys for a backup that KMS keys protect, and which keys it has.

A key file that is added holds the same data key, wrapped by the new master keys alone; no file of the backup changes.

Source: reference/sql/04 §5, reference/format/02 §6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ootheca.backup.chain import manifest_in
from ootheca.backup.key_files import read_key_files
from ootheca.backup.sealed import SealedStorage
from ootheca.codec import filenames
from ootheca.crypto import envelope
from ootheca.crypto.aead import HEADER_SIZE, is_sealed
from ootheca.crypto.encryption_info import encode_encryption_info
from ootheca.crypto.kms import KMS
from ootheca.errors import ObjectNotFoundError
from ootheca.storage.base import Storage

__all__ = ["KeyEntry", "add_kms_keys", "file_versions", "find_key_entries"]


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One way to open a backup, as its key files tell it in clear.

    Attributes:
        key_file: its name.
        master_key_hash: SHA-256 of the master key's id, the only trace of it; None for a passphrase.
    """

    key_file: str
    method: Literal["passphrase", "kms"]
    master_key_hash: bytes | None = None


def add_kms_keys(
    full: Storage, old: Sequence[KMS], new: Sequence[KMS], *, notice: Callable[[str], None] | None = None
) -> str:
    """Let further master keys open a full backup and all its layers; return the name of the key file written.

    Before anything is written the data key is tried on the backup's manifest. A key file that is there is never
    replaced.

    Raises:
        ObjectNotFoundError: there is no key file, or no manifest.
        WrongKeyError: none of the old master keys was used, or the data key does not open the manifest.
        KMSError, AccessDeniedError: `failed to decrypt data key: …`, `failed to encrypt data key when adding …`.
        ObjectExistsError: another rotation came first.
    """
    files = read_key_files(full)
    data_key = envelope.open_any_kms_key([file.info for file in files], old, notice=notice)
    SealedStorage(full, data_key).reader(_manifest_of(full)).read(0, 1)
    info = envelope.wrap_data_key(
        data_key, new, lambda _: "failed to encrypt data key when adding new KMS", notice=notice
    )
    names = {file.name for file in files}
    number = len(names) + 1
    while filenames.encryption_info_name(number) in names:  # where one in between was removed
        number += 1
    name = filenames.encryption_info_name(number)
    full.write(name, encode_encryption_info(info), overwrite=False)
    return name


def find_key_entries(full: Storage) -> list[KeyEntry]:
    """List every way to open a full backup, without opening it; none where there is no key file."""
    try:
        files = read_key_files(full)
    except ObjectNotFoundError:
        return []
    entries = []
    for file in files:
        if file.info.salt:
            entries.append(KeyEntry(file.name, "passphrase"))
        entries += [KeyEntry(file.name, "kms", key_hash) for key_hash in file.info.wrapped_keys]
    return entries


def file_versions(folders: Sequence[Storage]) -> list[str]:
    """List the distinct versions of sealed files among the manifests of a chain's layers; `plain` for an open one.

    Of each manifest the header alone is read.
    """
    found = set()
    for folder in folders:
        header = folder.read_range(_manifest_of(folder), 0, HEADER_SIZE)
        found.add(str(header[7]) if is_sealed(header) and len(header) == HEADER_SIZE else "plain")
    return sorted(found)


def _manifest_of(folder: Storage) -> str:
    return manifest_in(folder) or filenames.MANIFEST  # whose absence is then the error
