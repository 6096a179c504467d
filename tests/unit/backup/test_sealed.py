"""Folders and their keys: what is sealed, what lies open, and that no key is ever shown."""

from __future__ import annotations

import random

import pytest

from ootheca.backup.sealed import SealedStorage, create_sealed, open_sealed
from ootheca.crypto import aead
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.errors import NotEncryptedError, OothecaError, WrongKeyError
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import KMS_ENV, KMS_OPTIONS

PASSPHRASE = EncryptionOptions(passphrase="correct horse ž battery")


@pytest.mark.parametrize("options", [PASSPHRASE, KMS_OPTIONS], ids=["passphrase", "kms"])
@pytest.mark.parametrize("file_version", [1, 2])
def test_what_one_folder_seals_another_of_its_chain_opens(
    options: EncryptionOptions, file_version: int
) -> None:
    storage = MemoryStorage()
    folder, info = create_sealed(
        storage, options, KMS_ENV, file_version=file_version, random=random.Random(1).randbytes
    )
    assert info is not None
    storage.write("ENCRYPTION-INFO", info)
    layer = folder.at("20261121/173758.23")
    layer.storage.write("a", layer.seal(b"plain"))
    stored = storage.read("20261121/173758.23/a")
    assert aead.decode_header(stored, location="").version == file_version
    opened = open_sealed(storage, options, KMS_ENV).at("20261121/173758.23")
    assert opened.read("a") == bytes(opened.read_view("a")) == b"plain"


def test_without_options_nothing_is_sealed() -> None:
    storage = MemoryStorage()
    folder, info = create_sealed(
        storage, EncryptionOptions(), KMS_ENV, file_version=2, random=random.Random(1).randbytes
    )
    assert info is None
    assert folder.seal(b"plain") == b"plain"
    assert open_sealed(storage, EncryptionOptions(), KMS_ENV).key is None


def test_the_newest_of_several_key_sets_counts() -> None:
    storage = MemoryStorage()
    old, old_info = create_sealed(
        storage, PASSPHRASE, KMS_ENV, file_version=2, random=random.Random(1).randbytes
    )
    new, new_info = create_sealed(
        storage, PASSPHRASE, KMS_ENV, file_version=2, random=random.Random(2).randbytes
    )
    assert old_info is not None
    assert new_info is not None
    storage.write("ENCRYPTION-INFO", old_info)
    assert open_sealed(storage, PASSPHRASE, KMS_ENV).key == old.key
    storage.write("ENCRYPTION-INFO-2", new_info)
    storage.write("20261121/173758.23/ENCRYPTION-INFO-3", b"no key set of this folder")
    assert open_sealed(storage, PASSPHRASE, KMS_ENV).key == new.key


def test_the_key_is_not_shown() -> None:
    folder, _ = create_sealed(
        MemoryStorage(), PASSPHRASE, KMS_ENV, file_version=2, random=random.Random(1).randbytes
    )
    assert folder.key is not None
    assert bytes(folder.key).hex() not in repr(folder)
    assert "key" not in repr(folder).lower()


def test_an_open_file_with_a_key_and_a_sealed_one_with_another() -> None:
    storage = MemoryStorage()
    folder, _ = create_sealed(storage, PASSPHRASE, KMS_ENV, file_version=2, random=random.Random(1).randbytes)
    other, _ = create_sealed(storage, PASSPHRASE, KMS_ENV, file_version=2, random=random.Random(2).randbytes)
    storage.write("open", b"plain")
    storage.write("sealed", other.seal(b"plain"))
    with pytest.raises(NotEncryptedError, match="file does not appear to be encrypted"):
        folder.read("open")
    with pytest.raises(WrongKeyError) as caught:
        folder.read_view("sealed")
    assert caught.value.location == "memory://m/sealed@20"


def test_a_folder_without_key_sets_is_told() -> None:
    with pytest.raises(OothecaError) as caught:
        open_sealed(MemoryStorage(), PASSPHRASE, KMS_ENV)
    assert caught.value.message.startswith("could not find or read encryption information: ")
    assert caught.value.hint is not None
    assert "encryption_passphrase" in caught.value.hint
    assert SealedStorage(MemoryStorage()).file_version == 2
