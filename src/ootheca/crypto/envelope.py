"""The envelope: how a backup's data key is made, wrapped, and had again.

A passphrase is the data key's origin; key services each wrap a random data key. What must be remembered
lies in clear beside the full backup as an `EncryptionInfo`. Nothing here reads or writes storage.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ootheca.crypto.data_key import DATA_KEY_SIZE, DataKey
from ootheca.crypto.encryption_info import EncryptionInfo, hash_master_key_id
from ootheca.crypto.kdf import SALT_SIZE, derive_data_key
from ootheca.crypto.kms.base import KMS, KMSEnvironment, MasterKey
from ootheca.crypto.kms.registry import open_kms
from ootheca.errors import (
    AccessDeniedError,
    EncryptionError,
    InternalError,
    InvalidOptionError,
    KMSError,
    WrongKeyError,
)
from ootheca.uri import redact_uri

__all__ = [
    "EncryptionOptions",
    "find_wrapped_key",
    "new_data_key",
    "new_kms_key",
    "new_passphrase_key",
    "open_any_kms_key",
    "open_data_key",
    "open_kms_key",
    "open_passphrase_key",
    "wrap_data_key",
]

_NOT_USED: Final = (
    "one of the provided URIs was not used when encrypting the base BACKUP: "
    "could not find an entry in the encryptedDataKeyMap"
)

Notice = Callable[[str], None]
Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, repr=False)
class EncryptionOptions:
    """What a statement says about encryption: a passphrase (the empty one counts), KMS URIs, or neither.

    Raises:
        InvalidOptionError: both are given.
    """

    passphrase: str | None = None
    kms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.passphrase is not None and self.kms:
            raise InvalidOptionError(
                "cannot have both encryption_passphrase and kms option set", sqlstate="XXUUU"
            )

    @property
    def is_enabled(self) -> bool:
        """Whether the statement asks for encryption."""
        return self.passphrase is not None or bool(self.kms)

    def __repr__(self) -> str:
        passphrase = None if self.passphrase is None else "*****"
        kms = tuple(redact_uri(uri, kms=True) for uri in self.kms)
        return f"EncryptionOptions(passphrase={passphrase!r}, kms={kms!r})"


def new_data_key(
    options: EncryptionOptions,
    env: KMSEnvironment,
    *,
    random: Random = os.urandom,
    notice: Notice | None = None,
) -> tuple[DataKey, EncryptionInfo]:
    """Make the data key of a new full backup, and what to store beside it as ENCRYPTION-INFO.

    Contacts every key service named. All URIs are opened, and so validated, before the first is contacted.

    Args:
        notice: is told when two KMS have one id, so that only the later can open the backup.
    """
    if options.passphrase is not None:
        return new_passphrase_key(options.passphrase, random=random)
    return new_kms_key([open_kms(uri, env) for uri in options.kms], random=random, notice=notice)


def open_data_key(
    infos: Sequence[EncryptionInfo],
    options: EncryptionOptions,
    env: KMSEnvironment,
    *,
    notice: Notice | None = None,
) -> DataKey:
    """Get the data key of a chain from the ENCRYPTION-INFO files beside its full backup.

    Args:
        infos: in ascending order of their files' names; the last is the newest.
        notice: is told when another KMS than the first had to be used, and why.
    """
    if options.passphrase is not None:
        return open_passphrase_key(_newest(infos), options.passphrase)
    return open_kms_key(infos, [open_kms(uri, env) for uri in options.kms], notice=notice)


def new_passphrase_key(passphrase: str, *, random: Random = os.urandom) -> tuple[DataKey, EncryptionInfo]:
    """Derive a data key from a passphrase and a new salt."""
    salt = random(SALT_SIZE)
    return derive_data_key(passphrase, salt), EncryptionInfo(salt=salt)


def open_passphrase_key(info: EncryptionInfo, passphrase: str) -> DataKey:
    """Derive the data key from a passphrase and the stored salt.

    Whether it is the right one shows only on the first sealed file. A backup that KMS keys protect has no
    salt: the key is derived all the same, and does not open it.
    """
    return derive_data_key(passphrase, info.salt)


def new_kms_key(
    kms: Sequence[KMS], *, random: Random = os.urandom, notice: Notice | None = None
) -> tuple[DataKey, EncryptionInfo]:
    """Make a random data key and have every KMS wrap it; of equal master key ids the later one counts.

    Raises:
        KMSError, AccessDeniedError: `failed to encrypt data key for KMS scheme %s: …`.
    """
    data_key = DataKey(random(DATA_KEY_SIZE))
    info = wrap_data_key(
        data_key,
        kms,
        lambda service: f"failed to encrypt data key for KMS scheme {service.key.scheme}",
        notice=notice,
    )
    return data_key, info


def open_kms_key(
    infos: Sequence[EncryptionInfo], kms: Sequence[KMS], *, notice: Notice | None = None
) -> DataKey:
    """Unwrap the data key with the first KMS that can, once every KMS is known to this backup.

    The newest info that knows all of them counts. CockroachDB stops when the first KMS fails; we go on to
    the next, since any of them suffices, and say so.

    Args:
        infos: in ascending order of their files' names; the last is the newest.
        notice: is told when another KMS than the first had to be used, and why.

    Raises:
        WrongKeyError: a KMS that was not used for this backup, checked without contacting any service.
        KMSError, AccessDeniedError: `failed to decrypt data key: …`, as the first KMS said.
    """
    _newest(infos)
    for info in reversed(infos):
        entries = [(service, find_wrapped_key(info, service.key)) for service in kms]
        known = [(service, wrapped) for service, wrapped in entries if wrapped is not None]
        if len(known) == len(entries):
            return _unwrap(known, notice)
    raise WrongKeyError(_NOT_USED, hint="name only KMS URIs that the full backup was taken with")


def open_any_kms_key(
    infos: Sequence[EncryptionInfo], kms: Sequence[KMS], *, notice: Notice | None = None
) -> DataKey:
    """Unwrap the data key with the first KMS that can, of those that this backup knows (ALTER BACKUP's OLD_KMS).

    Raises:
        WrongKeyError: the backup knows none of them.
        KMSError, AccessDeniedError: `failed to decrypt data key: …`, as the first KMS said.
    """
    _newest(infos)
    entries = [(service, find_wrapped_key(info, service.key)) for service in kms for info in reversed(infos)]
    known = [(service, wrapped) for service, wrapped in entries if wrapped is not None]
    if not known:
        raise WrongKeyError("no key in OLD_KMS matches a key that was previously used to encrypt the backup")
    return _unwrap(known, notice)


def wrap_data_key(
    data_key: DataKey, kms: Sequence[KMS], prefix: Callable[[KMS], str], *, notice: Notice | None = None
) -> EncryptionInfo:
    """Have every KMS wrap a data key; `prefix` words what an error's message begins with."""
    wrapped_keys = {}
    for service in kms:
        try:
            wrapped = service.wrap(bytes(data_key))
        except (KMSError, AccessDeniedError) as exc:
            raise exc.prefixed(prefix(service)) from exc
        wrapped_keys[hash_master_key_id(service.key.key_id)] = wrapped
    if notice is not None:
        _note_shared_ids([service.key for service in kms], notice)
    return EncryptionInfo(wrapped_keys=dict(sorted(wrapped_keys.items())))


def find_wrapped_key(info: EncryptionInfo, key: MasterKey) -> bytes | None:
    """Return the data key as a master key wrapped it, by its id or that of a replica in another region."""
    for key_id in (key.key_id, *key.replica_ids):
        wrapped = info.wrapped_keys.get(hash_master_key_id(key_id))
        if wrapped is not None:
            return wrapped
    return None


def _note_shared_ids(keys: Sequence[MasterKey], notice: Notice) -> None:
    """Tell of different master keys with one id: ENCRYPTION-INFO has a place for one of them."""
    last = {key.key_id: key for key in keys}
    for key in dict.fromkeys(keys):
        kept = last[key.key_id]
        if not key.shared_id and (key.provider, key.region) != (kept.provider, kept.region):
            here, there = kept.region or kept.scheme, key.region or key.scheme
            notice(
                f"KMS key id {key.key_id} is given for {there} and for {here}, and a backup keeps one wrapped key for "
                f"an id: only the key in {here} opens it. Name keys by ids that differ, such as ARNs"
            )


def _unwrap(candidates: Sequence[tuple[KMS, bytes]], notice: Notice | None) -> DataKey:
    """Unwrap with the first KMS that can; when none can, the first one's error is raised."""
    if not candidates:
        raise InternalError("no KMS to unwrap the data key with")
    failures: list[tuple[MasterKey, KMSError | AccessDeniedError]] = []
    for service, blob in candidates:
        try:
            secret = service.unwrap(blob)
            if len(secret) != DATA_KEY_SIZE:
                raise KMSError(f"the data key has {len(secret)} bytes, not {DATA_KEY_SIZE}")
        except (KMSError, AccessDeniedError) as exc:
            failures.append((service.key, exc))
            continue
        if failures and notice is not None:
            notice(f"failed to decrypt data key with {_told(failures)}; {service.key} decrypted it")
        return DataKey(secret)
    error = failures[0][1].prefixed("failed to decrypt data key")
    if len(failures) > 1:
        error.detail = f"No key service decrypted it: {_told(failures)}"
    raise error from failures[0][1]


def _told(failures: Sequence[tuple[MasterKey, KMSError | AccessDeniedError]]) -> str:
    return "; ".join(f"{key}: {error.message}" for key, error in failures)


def _newest(infos: Sequence[EncryptionInfo]) -> EncryptionInfo:
    if not infos:
        raise EncryptionError(
            "could not find or read encryption information: no ENCRYPTION-INFO files found",
            hint="leave encryption_passphrase and kms out to read a plain backup",
        )
    return infos[-1]
