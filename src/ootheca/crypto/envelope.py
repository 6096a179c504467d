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
from ootheca.crypto.kms.base import KMS, KMSEnvironment
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
    "add_kms_keys",
    "new_data_key",
    "new_kms_key",
    "new_passphrase_key",
    "open_data_key",
    "open_kms_key",
    "open_passphrase_key",
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
    options: EncryptionOptions, env: KMSEnvironment, *, random: Random = os.urandom
) -> tuple[DataKey, EncryptionInfo]:
    """Make the data key of a new full backup, and what to store beside it as ENCRYPTION-INFO.

    Contacts every key service named. All URIs are opened, and so validated, before the first is contacted.
    """
    if options.passphrase is not None:
        return new_passphrase_key(options.passphrase, random=random)
    return new_kms_key([open_kms(uri, env) for uri in options.kms], random=random)


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
        notice: is told when another KMS than the first had to be used.
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


def new_kms_key(kms: Sequence[KMS], *, random: Random = os.urandom) -> tuple[DataKey, EncryptionInfo]:
    """Make a random data key and have every KMS wrap it; of equal master key ids the later one counts.

    Raises:
        KMSError, AccessDeniedError: `failed to encrypt data key for KMS scheme %s: …`.
    """
    data_key = DataKey(random(DATA_KEY_SIZE))
    wrapped_keys = {}
    for service in kms:
        try:
            wrapped = service.wrap(bytes(data_key))
        except (KMSError, AccessDeniedError) as exc:
            raise exc.prefixed(f"failed to encrypt data key for KMS scheme {service.scheme}") from exc
        wrapped_keys[hash_master_key_id(service.master_key_id)] = wrapped
    return data_key, _info(wrapped_keys)


def open_kms_key(
    infos: Sequence[EncryptionInfo], kms: Sequence[KMS], *, notice: Notice | None = None
) -> DataKey:
    """Unwrap the data key with the first KMS that can, once every KMS is known to this backup.

    The newest info that knows all of them counts. CockroachDB stops when the first KMS fails; we go on to
    the next, since any of them suffices, and say so.

    Args:
        infos: in ascending order of their files' names; the last is the newest.
        notice: is told when another KMS than the first had to be used.

    Raises:
        WrongKeyError: a KMS that was not used for this backup, checked without contacting any service.
        KMSError, AccessDeniedError: `failed to decrypt data key: …`, as the first KMS said.
    """
    _newest(infos)
    hashes = [hash_master_key_id(service.master_key_id) for service in kms]
    for info in reversed(infos):
        if all(key in info.wrapped_keys for key in hashes):
            blobs = [info.wrapped_keys[key] for key in hashes]
            return _unwrap(list(zip(kms, blobs, strict=True)), notice)
    raise WrongKeyError(_NOT_USED, hint="name only KMS URIs that the full backup was taken with")


def add_kms_keys(
    infos: Sequence[EncryptionInfo], old: Sequence[KMS], new: Sequence[KMS], *, notice: Notice | None = None
) -> EncryptionInfo:
    """Wrap the data key for further master keys (ALTER BACKUP … ADD NEW_KMS), as the next file stores them.

    One of `old` suffices. The result holds the new keys alone.

    Raises:
        WrongKeyError: none of `old` was used for this backup.
        KMSError, AccessDeniedError: `failed to decrypt data key: …`, `failed to encrypt data key when
        adding …`.
    """
    _newest(infos)
    matches = []
    for service in old:
        key = hash_master_key_id(service.master_key_id)
        matches += [(service, info.wrapped_keys[key]) for info in reversed(infos) if key in info.wrapped_keys]
    if not matches:
        raise WrongKeyError("no key in OLD_KMS matches a key that was previously used to encrypt the backup")
    data_key = _unwrap(matches, notice)
    wrapped_keys = {}
    for service in new:
        try:
            wrapped = service.wrap(bytes(data_key))
        except (KMSError, AccessDeniedError) as exc:
            raise exc.prefixed("failed to encrypt data key when adding new KMS") from exc
        wrapped_keys[hash_master_key_id(service.master_key_id)] = wrapped
    return _info(wrapped_keys)


def _unwrap(candidates: Sequence[tuple[KMS, bytes]], notice: Notice | None) -> DataKey:
    """Unwrap with the first KMS that can; when none can, the first one's error is raised."""
    if not candidates:
        raise InternalError("no KMS to unwrap the data key with")
    failures: list[KMSError | AccessDeniedError] = []
    for service, blob in candidates:
        try:
            secret = service.unwrap(blob)
            if len(secret) != DATA_KEY_SIZE:
                raise KMSError(f"the data key has {len(secret)} bytes, not {DATA_KEY_SIZE}")
        except (KMSError, AccessDeniedError) as exc:
            failures.append(exc)
            continue
        if failures and notice is not None:
            notice(f"failed to decrypt data key: {failures[0].message}; another KMS URI was used")
        return DataKey(secret)
    raise failures[0].prefixed("failed to decrypt data key") from failures[0]


def _newest(infos: Sequence[EncryptionInfo]) -> EncryptionInfo:
    if not infos:
        raise EncryptionError(
            "could not find or read encryption information: no ENCRYPTION-INFO files found",
            hint="leave encryption_passphrase and kms out to read a plain backup",
        )
    return infos[-1]


def _info(wrapped_keys: dict[bytes, bytes]) -> EncryptionInfo:
    return EncryptionInfo(wrapped_keys=dict(sorted(wrapped_keys.items())))
