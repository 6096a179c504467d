"""Which of the keys at hand open a chain: every one is tried by itself, for any one must do when it is needed.

What ENCRYPTION-INFO tells lies in clear, so it is told without a key too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ootheca.backup.chain import read_layer
from ootheca.backup.key_files import KeyFile, read_key_files
from ootheca.backup.sealed import SealedStorage
from ootheca.crypto.data_key import DataKey
from ootheca.crypto.encryption_info import hash_master_key_id
from ootheca.crypto.envelope import open_kms_key, open_passphrase_key
from ootheca.crypto.kms import KMS
from ootheca.errors import ObjectNotFoundError, OothecaError
from ootheca.report.facts import KeySummary
from ootheca.storage.base import Storage

__all__ = ["Keys", "try_keys"]


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The keys at hand, for all chains of a collection: each chain takes those that are its own."""

    passphrase: str | None = None
    kms: tuple[KMS, ...] = ()

    @property
    def is_any(self) -> bool:
        return self.passphrase is not None or bool(self.kms)


def try_keys(
    full: Storage, folders: Sequence[Storage], keys: Keys
) -> tuple[DataKey | None, tuple[KeySummary, ...]]:
    """Try the keys at hand on a chain.

    Args:
        folders: of the chain's layers: a manifest among them proves a passphrase.

    Returns:
        The data key, None for a plain chain and where none opens it; and every way to open it, none for a plain one.

    Raises:
        CorruptionError, StorageError: a key file cannot be read.
    """
    found: DataKey | None = None
    summaries: list[KeySummary] = []
    for file, summary in _entries(full):
        try:
            key, tried = _try_entry(file, summary, folders, keys)
        except OothecaError as exc:
            key, tried = None, replace(summary, result="fails", reason=exc.message)
        if found is not None and key is not None and key != found:
            tried = replace(tried, result="fails", reason="gives another data key than the keys above")
        found = found or key
        summaries.append(tried)
    return found, tuple(summaries)


def _entries(full: Storage) -> Iterable[tuple[KeyFile, KeySummary]]:
    try:
        files = read_key_files(full)
    except ObjectNotFoundError:
        return
    for file in files:
        if file.info.salt:
            yield file, KeySummary(file.name, "passphrase", None)
        for key_hash in file.info.wrapped_keys:
            yield file, KeySummary(file.name, "kms", key_hash.hex())


def _try_entry(
    file: KeyFile, summary: KeySummary, folders: Sequence[Storage], keys: Keys
) -> tuple[DataKey | None, KeySummary]:
    if summary.method == "passphrase":
        if keys.passphrase is None:
            return None, summary
        key = open_passphrase_key(file.info, keys.passphrase)
        _prove(key, folders)
        return key, replace(summary, result="opens")
    for kms in keys.kms:
        ids = (kms.key.key_id, *kms.key.replica_ids)
        if summary.master_key_hash in [hash_master_key_id(key_id).hex() for key_id in ids]:
            summary = replace(summary, master_key=str(kms.key))
            try:
                return open_kms_key([file.info], [kms]), replace(summary, result="opens", reason=None)
            except OothecaError as exc:
                summary = replace(summary, result="fails", reason=exc.message)
    return None, summary


def _prove(key: DataKey, folders: Sequence[Storage]) -> None:
    """Open a manifest with a key that a passphrase gave, which may be any; the first one's error is raised.

    Where one is damaged the next one may tell that the key is right.
    """
    failure: OothecaError | None = None
    for folder in folders:
        try:
            read_layer(SealedStorage(folder, key))
        except OothecaError as exc:
            failure = failure or exc
        else:
            return
    if failure is not None:
        raise failure
