"""The contract of `Storage`, held by every implementation."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ootheca.errors import ObjectExistsError, ObjectNotFoundError, OothecaError, StorageError
from ootheca.storage.base import ObjectInfo, Storage, StorageEnv
from ootheca.storage.memory import MemoryStorage
from ootheca.storage.registry import open_storage

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
S3_PARAMS = "AWS_ACCESS_KEY_ID=AKIDEXAMPLE&AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYEXAMPLEKEY"

ODD_NAMES = [
    "blank in name",
    "a=b/c=d",
    "100%/100%25",
    "ünïcode/日本",
    "plus+tilde~at@dollar$amp&",
    "question?hash#",
    ".hidden",
    "quote'\"`",
]


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key=SECRET,
    )
    client.create_bucket(Bucket="bucket")
    client.close()
    yield endpoint
    server.stop()


@pytest.fixture(params=["nodelocal", "memory", "sandbox-s3", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Return an empty location of each kind."""
    kind = request.param
    if kind == "memory":
        return MemoryStorage().at("place")
    env = StorageEnv(tmp_path / "extern", sandbox=kind == "sandbox-s3", sandbox_dir=tmp_path / "sandbox")
    if kind == "nodelocal":
        return open_storage("nodelocal://1/place", env)
    # Each test has its own folder of the one bucket.
    uri = f"s3://bucket/{tmp_path.name}?{S3_PARAMS}"
    if kind == "s3":
        uri += f"&AWS_REGION=us-east-1&AWS_ENDPOINT={request.getfixturevalue('s3_endpoint')}"
    return open_storage(uri, env)


def names(storage: Storage, prefix: str = "") -> list[str]:
    return [info.name for info in storage.list(prefix)]


def test_written_object_is_read_back(storage: Storage) -> None:
    storage.write("data/1.sst", b"0123456789")
    assert storage.read("data/1.sst") == b"0123456789"
    assert storage.size("data/1.sst") == 10
    assert storage.exists("data/1.sst")


def test_empty_object(storage: Storage) -> None:
    storage.write("empty", b"")
    assert storage.read("empty") == b""
    assert storage.size("empty") == 0
    assert storage.read_range("empty", 0, 5) == b""
    assert names(storage) == ["empty"]


def test_buffers_of_every_kind_are_written(storage: Storage) -> None:
    storage.write("array", bytearray(b"abc"))
    storage.write("view", memoryview(b"xabcx")[1:4])
    assert storage.read("array") == storage.read("view") == b"abc"


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(0, 4, b"0123"), (3, 3, b"345"), (8, 10, b"89"), (10, 1, b""), (25, 5, b""), (4, 0, b"")],
)
def test_range(storage: Storage, offset: int, length: int, expected: bytes) -> None:
    storage.write("ten", b"0123456789")
    assert storage.read_range("ten", offset, length) == expected


def test_missing_object(storage: Storage) -> None:
    assert not storage.exists("nothing")
    for attempt in (
        lambda: storage.read("nothing"),
        lambda: storage.read_range("nothing", 0, 1),
        lambda: storage.read_range("nothing", 0, 0),
        lambda: storage.size("nothing"),
    ):
        with pytest.raises(ObjectNotFoundError) as caught:
            attempt()
        assert caught.value.message.endswith(": external_storage: file doesn't exist")
        assert "\n" not in caught.value.message
        assert not caught.value.retryable


def test_a_folder_is_no_object(storage: Storage) -> None:
    storage.write("folder/object", b"x")
    assert not storage.exists("folder")
    with pytest.raises(StorageError):
        storage.read("folder")


def test_overwriting(storage: Storage) -> None:
    storage.write("object", b"first, and longer")
    storage.write("object", b"second")
    assert storage.read("object") == b"second"


def test_refusing_to_overwrite(storage: Storage) -> None:
    storage.write("object", b"first", overwrite=False)
    with pytest.raises(ObjectExistsError, match="object already exists"):
        storage.write("object", b"second", overwrite=False)
    assert storage.read("object") == b"first"
    assert names(storage) == ["object"]


def test_listing_is_recursive_and_in_order(storage: Storage) -> None:
    for name in ("b", "a/z", "a/b/c", "a-b", "a.b", "a0", "Z", "é", "zz"):
        storage.write(name, name.encode())
    listed = list(storage.list())
    expected = ["Z", "a-b", "a.b", "a/b/c", "a/z", "a0", "b", "zz", "é"]
    assert listed == [ObjectInfo(name, len(name.encode())) for name in expected]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("a", ["a/b/c", "a/z", "ab"]),
        ("a/", ["a/b/c", "a/z"]),
        ("a/b", ["a/b/c"]),
        ("a/b/c", ["a/b/c"]),
        ("c", []),
        ("c/d", []),
    ],
)
def test_listing_by_prefix(storage: Storage, prefix: str, expected: list[str]) -> None:
    for name in ("a/z", "a/b/c", "ab", "b"):
        storage.write(name, b"")
    assert names(storage, prefix) == expected


def test_listing_what_was_never_written(storage: Storage) -> None:
    assert names(storage.at("nowhere")) == []


def test_deleting(storage: Storage) -> None:
    storage.write("object", b"x")
    storage.delete("object")
    storage.delete("object")
    assert not storage.exists("object")


def test_location_below(storage: Storage) -> None:
    below = storage.at("2020/11").at("/21/")
    below.write("BACKUP_MANIFEST", b"m")
    assert storage.read("2020/11/21/BACKUP_MANIFEST") == b"m"
    assert storage.read("/2020//11/./21/BACKUP_MANIFEST") == b"m"
    assert names(below) == ["BACKUP_MANIFEST"]
    assert below.uri.bare() == storage.uri.bare().rstrip("/") + "/2020/11/21"


def test_location_beside_with_the_same_beginning_is_not_listed(storage: Storage) -> None:
    storage.write("full/1", b"")
    storage.write("full2/2", b"")
    assert names(storage.at("full")) == ["1"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(storage: Storage, name: str) -> None:
    storage.at(name).write(name, name.encode())
    assert storage.read(f"{name}/{name}") == name.encode()
    assert names(storage) == [f"{name}/{name}"]
    assert names(storage.at(name)) == [name]


@pytest.mark.parametrize("name", ["../../outside", "a/../../../outside", "nul\0byte", "", "/", "."])
def test_names_that_cannot_be(storage: Storage, name: str) -> None:
    with pytest.raises(OothecaError):
        storage.write(name, b"x")
    assert names(storage) == []


def test_writer_gathers_pieces(storage: Storage) -> None:
    with storage.writer("object") as writer:
        writer.write(b"one ")
        writer.write(memoryview(b"two"))
        assert not storage.exists("object")
    assert storage.read("object") == b"one two"


def test_writer_of_a_large_object(storage: Storage) -> None:
    piece = bytes(range(256)) * 4096
    with storage.writer("large") as writer:
        for _ in range(17):
            writer.write(piece)
    assert storage.size("large") == 17 << 20
    assert storage.read_range("large", (16 << 20) + 3, 4) == piece[3:7]


def test_writer_that_fails_leaves_nothing(storage: Storage) -> None:
    storage.write("object", b"before")

    def fail_halfway() -> None:
        with storage.writer("object") as writer:
            writer.write(b"half an")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert storage.read("object") == b"before"
    assert names(storage) == ["object"]


def test_errors_of_the_block_are_not_the_writers(storage: Storage) -> None:
    with pytest.raises(FileNotFoundError), storage.writer("object"):
        raise FileNotFoundError("something else")


def test_of_two_creators_one_succeeds(storage: Storage) -> None:
    contents = [bytes([65 + i]) * 50_000 for i in range(4)]
    barrier = threading.Barrier(len(contents))
    created: list[bytes] = []

    def create(content: bytes) -> None:
        barrier.wait()
        try:
            storage.write("LOCK", content, overwrite=False)
        except ObjectExistsError:
            return
        created.append(content)

    threads = [threading.Thread(target=create, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert created == [storage.read("LOCK")]


def test_readers_see_whole_objects_while_two_write(storage: Storage) -> None:
    versions = [b"a" * 100_000, b"b" * 100_000]
    storage.write("object", versions[0])
    is_done = threading.Event()
    failures: list[BaseException] = []

    def overwrite(content: bytes) -> None:
        try:
            for _ in range(10):
                storage.write("object", content)
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=overwrite, args=(content,)) for content in versions]
    for thread in threads:
        thread.start()
    while not is_done.is_set():
        assert storage.read("object") in versions
        assert names(storage) == ["object"]
        if not any(thread.is_alive() for thread in threads):
            is_done.set()
    assert not failures


def test_no_secret_is_printed(storage: Storage) -> None:
    printed = [str(storage.uri), repr(storage.uri), str(storage), repr(storage), repr(storage.at("x"))]
    with pytest.raises(ObjectNotFoundError) as caught:
        storage.read("nothing")
    printed += [
        str(caught.value),
        repr(caught.value),
        str(caught.value.location),
        str(caught.value.__cause__),
    ]
    with pytest.raises(OothecaError) as refused:
        storage.write("../../..", b"")
    printed += [str(refused.value), str(refused.value.location)]
    assert not any("wJalr" in text for text in printed)
