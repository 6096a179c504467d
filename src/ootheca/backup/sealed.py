"""A storage location together with the key of its files: read and write plain bytes, sealed on the way.

What is sealed and what is not is a property of the file's kind (reference/format/02 §1): ENCRYPTION-INFO, checksum
files and LATEST lie open; their readers and writers use `storage` directly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ootheca.backup.key_files import read_key_files
from ootheca.crypto import aead, envelope
from ootheca.crypto.data_key import DataKey
from ootheca.crypto.encryption_info import encode_encryption_info
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.crypto.kms.base import KMSEnvironment
from ootheca.crypto.stream import SealedReader
from ootheca.errors import KeyRequiredError
from ootheca.storage.base import Storage
from ootheca.uri import join

__all__ = ["SealedStorage", "create_sealed", "open_sealed"]


@dataclass(frozen=True, slots=True)
class SealedStorage:
    """One backup folder and the key that its files are sealed with (None: they lie open).

    Attributes:
        file_version: of the sealed files that are written; reading takes any.
        others: the same folder in the stores of other localities, where the backup is spread over several.
        is_key_proven: the key has opened a file of this backup, so that what does not open is damaged.
    """

    storage: Storage
    key: DataKey | None = field(default=None, repr=False)
    file_version: int = 2
    others: tuple[Storage, ...] = ()
    is_key_proven: bool = field(default=False, repr=False)

    @property
    def parts(self) -> tuple[SealedStorage, ...]:
        """This folder, and then the same one in the stores of the other localities."""
        return (self, *(self.beside(storage) for storage in self.others))

    def location(self, name: str) -> str:
        """Return the name of a file in errors: no parameters, for they hold secrets."""
        return join(self.storage.uri, name).bare()

    def read(self, name: str) -> bytes:
        """Read and open one file.

        Raises:
            StorageError: it cannot be read.
            NotEncryptedError, WrongKeyError, DamagedCiphertextError, TruncatedError: it cannot be opened.
        """
        return self.unseal(self.storage.read(name), name)

    def read_view(self, name: str) -> bytes | memoryview:
        """Read and open one large file without a copy of its plain bytes; errors as for `read`."""
        return self.unseal_view(self.storage.read(name), name)

    def reader(self, name: str) -> SealedReader:
        """Open a sealed file for reading ranges; only the chunks of a range are fetched, and the last one once.

        Raises:
            KeyRequiredError: there is no key.
            NotEncryptedError, TruncatedError, UnsupportedError: no sealed file has that header or that size.
        """
        if self.key is None:
            raise KeyRequiredError("a sealed file is read without a key", location=self.location(name))
        return SealedReader(
            partial(self.storage.read_range, name),
            self.key,
            location=self.location(name),
            stored_size=self.storage.size(name),
        )

    def unseal(self, stored: bytes, name: str) -> bytes:
        """Open the stored bytes of a file."""
        return bytes(self.unseal_view(stored, name))

    def unseal_view(self, stored: bytes, name: str) -> bytes | memoryview:
        """Open the stored bytes of a large file without a copy of its plain bytes."""
        if self.key is None:
            return stored
        return aead.unseal_view(
            stored, self.key, location=self.location(name), is_key_proven=self.is_key_proven
        )

    def seal(self, plain: bytes) -> bytes | memoryview:
        """Return the bytes to store for a file."""
        if self.key is None:
            return plain
        return aead.seal_view(plain, self.key, version=self.file_version)

    def at(self, subpath: str) -> SealedStorage:
        """Return a folder below this one, in every store and with the same key."""
        return self.beside(self.storage.at(subpath), [other.at(subpath) for other in self.others])

    def beside(self, storage: Storage, others: Sequence[Storage] = ()) -> SealedStorage:
        """Return another folder of the same chain: it has the same key."""
        return replace(self, storage=storage, others=tuple(others))

    def proven(self) -> SealedStorage:
        """Return this folder after its manifest was opened: from now on its key is known to be right."""
        return replace(self, is_key_proven=True)


def open_sealed(
    storage: Storage,
    options: EncryptionOptions,
    env: KMSEnvironment,
    *,
    file_version: int = 2,
    notice: Callable[[str], None] | None = None,
) -> SealedStorage:
    """Open an existing full backup's folder with the key that the options give.

    Raises:
        EncryptionError: `could not find or read encryption information: …`, or the options do not open it.
    """
    if not options.is_enabled:
        return SealedStorage(storage, None, file_version)
    infos = [file.info for file in read_key_files(storage)]
    key = envelope.open_data_key(infos, options, env, notice=notice)
    return SealedStorage(storage, key, file_version)


def create_sealed(
    storage: Storage,
    options: EncryptionOptions,
    env: KMSEnvironment,
    *,
    file_version: int,
    random: Callable[[int], bytes],
    notice: Callable[[str], None] | None = None,
) -> tuple[SealedStorage, bytes | None]:
    """Make the key of a new full backup.

    Args:
        notice: is told when not every KMS that is named will open the backup.

    Returns:
        The folder, and the bytes of its ENCRYPTION-INFO (None for a plain backup). Nothing is written yet.
    """
    if not options.is_enabled:
        return SealedStorage(storage, None, file_version), None
    key, info = envelope.new_data_key(options, env, random=random, notice=notice)
    return SealedStorage(storage, key, file_version), encode_encryption_info(info)
