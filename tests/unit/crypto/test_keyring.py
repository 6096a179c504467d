"""The sandbox's keyring: one master key a key and region, on disk and in memory, and outages on request."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ootheca.crypto import DirectoryKeyring, Keyring, KMSEnvironment, MemoryKeyring, open_kms
from ootheca.errors import CorruptionError, KMSError, StorageError

DATA_KEY = bytes(range(32))


@pytest.fixture(params=["memory", "directory"])
def keyring(request: pytest.FixtureRequest, tmp_path: Path) -> Keyring:
    return MemoryKeyring() if request.param == "memory" else DirectoryKeyring(tmp_path / "a" / "keyring")


def uri(key: str = "k", region: str = "r1", scheme: str = "aws") -> str:
    return f"{scheme}:///{key}?AUTH=implicit&REGION={region}"


def test_master_key_stays_the_same(keyring: Keyring) -> None:
    assert keyring.find("aws", "k", "r") is None
    key = keyring.create("aws", "k", "r")
    assert len(key) == 32
    assert keyring.create("aws", "k", "r") == keyring.find("aws", "k", "r") == key


def test_key_id_region_and_provider_each_make_another_key(keyring: Keyring) -> None:
    names = [("aws", "k", "r"), ("aws", "k", "r2"), ("aws", "k2", "r"), ("gcp", "k", "r"), ("aws", "kr", "")]
    assert len({keyring.create(*name) for name in names}) == len(names)


def test_schemes_of_one_cloud_share_their_keys(keyring: Keyring) -> None:
    env = KMSEnvironment(keyring=keyring)
    wrapped = open_kms(uri(scheme="aws"), env).wrap(DATA_KEY)
    assert open_kms(uri(scheme="aws-kms"), env).unwrap(wrapped) == DATA_KEY


def test_regions_are_switched_off_and_on(keyring: Keyring) -> None:
    env = KMSEnvironment(keyring=keyring)
    kms, other = open_kms(uri(region="r1"), env), open_kms(uri(region="r2"), env)
    wrapped = kms.wrap(DATA_KEY)
    keyring.set_region("r1", enabled=False)
    keyring.set_region("r1", enabled=False)
    assert keyring.disabled_regions() == {"r1"}
    for call, argument in ((kms.wrap, DATA_KEY), (kms.unwrap, wrapped)):
        with pytest.raises(KMSError) as caught:
            call(argument)
        assert caught.value.retryable
    assert other.unwrap(other.wrap(DATA_KEY)) == DATA_KEY
    keyring.set_region("r1", enabled=True)
    keyring.set_region("never off", enabled=True)
    assert keyring.disabled_regions() == frozenset()
    assert kms.unwrap(wrapped) == DATA_KEY


@pytest.mark.parametrize(
    ("scheme_uri", "region"),
    [
        ("gs:///projects/p/locations/europe-west3/keyRings/r/cryptoKeys/k?AUTH=implicit", "europe-west3"),
        ("azure-kms:///k/1?AUTH=implicit&AZURE_VAULT_NAME=my-vault", "my-vault"),
        ("testkms:///k?REGION=r9", "r9"),
    ],
)
def test_what_a_region_is_for_each_cloud(keyring: Keyring, scheme_uri: str, region: str) -> None:
    kms = open_kms(scheme_uri, KMSEnvironment(keyring=keyring))
    keyring.set_region(region, enabled=False)
    with pytest.raises(KMSError, match=region):
        kms.wrap(DATA_KEY)


def test_repr_hides_master_keys(tmp_path: Path) -> None:
    for keyring in (
        MemoryKeyring(random=lambda n: b"k" * n),
        DirectoryKeyring(tmp_path, random=lambda n: b"k" * n),
    ):
        keyring.create("aws", "k", "r")
        assert "kkkk" not in repr(keyring)


def test_wrapped_key_names_nothing_and_hides_the_data_key(keyring: Keyring) -> None:
    wrapped = open_kms(uri("customer-key", "secret-region"), KMSEnvironment(keyring=keyring)).wrap(DATA_KEY)
    assert b"customer" not in wrapped
    assert b"region" not in wrapped
    assert DATA_KEY[:8] not in wrapped


def test_directory_is_private_and_each_file_whole(tmp_path: Path) -> None:
    directory = tmp_path / "keyring"
    keyring = DirectoryKeyring(directory)
    keyring.create("aws", "k", "r")
    keyring.set_region("r", enabled=False)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    files = sorted(directory.iterdir())
    assert len(files) == 2
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert json.loads(path.read_text())["region"] == "r"


def test_another_process_finds_the_same_key(tmp_path: Path) -> None:
    key = DirectoryKeyring(tmp_path).create("aws", "k", "r")
    DirectoryKeyring(tmp_path).set_region("r", enabled=False)
    again = DirectoryKeyring(tmp_path)
    assert again.create("aws", "k", "r") == key
    assert again.disabled_regions() == {"r"}


def test_first_of_two_makers_wins(tmp_path: Path) -> None:
    """The second maker is past its look-up when the first one writes."""
    first = DirectoryKeyring(tmp_path, random=lambda size: b"1" * size)

    def late(size: int) -> bytes:
        first.create("aws", "k", "r")
        return b"2" * size

    assert DirectoryKeyring(tmp_path, random=late).create("aws", "k", "r") == b"1" * 32


@pytest.mark.parametrize(
    "make", [lambda path: MemoryKeyring(), DirectoryKeyring], ids=["memory", "directory"]
)
def test_threads_agree_on_a_new_key(make: Callable[[Path], Keyring], tmp_path: Path) -> None:
    keyring = make(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: keyring.create("aws", "k", "r"), range(40)))
    assert len(keys) == 1


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": "other"}', '{"format": "ootheca keyring 1", "key": "!"}']
)
def test_damaged_file_is_corruption_and_never_replaced(tmp_path: Path, text: str) -> None:
    keyring = DirectoryKeyring(tmp_path)
    keyring.create("aws", "k", "r")
    (path,) = tmp_path.iterdir()
    path.write_text(text)
    for call in (keyring.find, keyring.create):
        with pytest.raises(CorruptionError) as caught:
            call("aws", "k", "r")
        assert caught.value.location == str(path)
    assert path.read_text() == text


def test_damaged_file_does_not_show_in_the_error(tmp_path: Path) -> None:
    keyring = DirectoryKeyring(tmp_path)
    keyring.create("aws", "k", "r")
    (path,) = tmp_path.iterdir()
    key = json.loads(path.read_text())["key"]
    path.write_text(path.read_text()[:-1])
    with pytest.raises(CorruptionError) as caught:
        keyring.find("aws", "k", "r")
    assert key not in repr(caught.value)
    assert caught.value.__suppress_context__


def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keyring = DirectoryKeyring(tmp_path / "file" / "keyring")
    with pytest.raises(StorageError):
        keyring.create("aws", "k", "r")
    assert keyring.disabled_regions() == frozenset()
