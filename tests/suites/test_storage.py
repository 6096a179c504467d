"""The contract of `Storage`, held by every implementation; most of them over the protocol of a real server.

python -m tests.suites.test_storage --write      write the table of docs/storage.md
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from ootheca.errors import ObjectExistsError, ObjectNotFoundError, OothecaError, StorageError
from ootheca.storage.base import ObjectInfo, Storage, StorageEnv
from ootheca.storage.memory import MemoryStorage
from ootheca.storage.registry import open_storage
from tests.support.aws import SECRET_ACCESS_KEY, LocalAWS, local_aws
from tests.support.servers import AZURE_KEY, BUCKET, Place

Start = Callable[[str], Place]

BACKENDS = {
    "nodelocal": "a directory",
    "userfile": "the store",
    "memory": "memory",
    "sandbox": "the sandbox's s3",
    "external": "a connection to nodelocal",
    "moto": "s3: moto",
    "seaweed": "s3: SeaweedFS",
    "fake_gcs": "gs: fake-gcs-server",
    "azurite": "azure: Azurite",
    "nginx": "http: nginx",
}
"""Every implementation, and what stands behind it in these tests."""

_NO_LISTING = "not listed"
EXCEPTIONS = {
    ("nginx", "test_a_folder_is_no_object"): "403",
    ("nginx", "test_of_two_creators_one_succeeds"): "no condition",
    ("nginx", "test_listing_is_recursive_and_in_order"): _NO_LISTING,
    ("nginx", "test_listing_by_prefix"): _NO_LISTING,
    ("nginx", "test_listing_what_was_never_written"): _NO_LISTING,
    ("nginx", "test_location_beside_with_the_same_beginning_is_not_listed"): _NO_LISTING,
}
"""What an implementation cannot promise, and the word for it in the table."""

PAGE = Path(__file__).parents[2] / "docs" / "storage.md"

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
def moto() -> Iterator[LocalAWS]:
    with local_aws() as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        yield aws


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a check on every implementation that promises it."""
    if "storage" in metafunc.fixturenames:
        check = metafunc.function.__name__
        metafunc.parametrize("backend", [name for name in BACKENDS if (name, check) not in EXCEPTIONS])


@pytest.fixture
def storage(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Return an empty location of each kind; each test has its own folder of the one bucket."""
    path = tmp_path.name
    env = StorageEnv(
        tmp_path / "extern",
        sandbox=backend == "sandbox",
        sandbox_dir=tmp_path / "sandbox",
        userfile_dir=tmp_path / "userfile",
        resolve_external=lambda name: f"nodelocal://1/{name}",
    )
    match backend:
        case "memory":
            return MemoryStorage().at("place")
        case "nodelocal":
            return open_storage("nodelocal://1/place", env)
        case "userfile":
            return open_storage("userfile:///place", env)
        case "external":
            return open_storage("external://named", env)
        case "sandbox":
            return open_storage(f"s3://bucket/{path}?AWS_ACCESS_KEY_ID=x&AWS_SECRET_ACCESS_KEY=x", env)
        case "moto":
            aws: LocalAWS = request.getfixturevalue("moto")
            return open_storage(aws.s3_uri(BUCKET, path), env)
    start: Start = request.getfixturevalue("start")
    return start(backend).open(path)


Names = Callable[..., list[str]]


@pytest.fixture
def names(backend: str, request: pytest.FixtureRequest) -> Names:
    """Return what lists a location's objects; a web server's are looked up where it keeps them."""
    if backend != "nginx":
        return lambda storage, prefix="": [info.name for info in storage.list(prefix)]
    place: Place = request.getfixturevalue("start")(backend)
    assert place.folder is not None
    root = place.folder

    def walk(storage: Storage, prefix: str = "") -> list[str]:
        top = root / storage.uri.path.strip("/")
        found = [path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()]
        return sorted((name for name in found if name.startswith(prefix)), key=str.encode)

    return walk


def test_written_object_is_read_back(storage: Storage) -> None:
    storage.write("data/1.sst", b"0123456789")
    assert storage.read("data/1.sst") == b"0123456789"
    assert storage.size("data/1.sst") == 10
    assert storage.exists("data/1.sst")


def test_empty_object(storage: Storage, names: Names) -> None:
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


def test_refusing_to_overwrite(storage: Storage, names: Names) -> None:
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
def test_listing_by_prefix(storage: Storage, names: Names, prefix: str, expected: list[str]) -> None:
    for name in ("a/z", "a/b/c", "ab", "b"):
        storage.write(name, b"")
    assert names(storage, prefix) == expected


def test_listing_what_was_never_written(storage: Storage, names: Names) -> None:
    assert names(storage.at("nowhere")) == []


def test_deleting(storage: Storage) -> None:
    storage.write("object", b"x")
    storage.delete("object")
    storage.delete("object")
    assert not storage.exists("object")


def test_location_below(storage: Storage, names: Names) -> None:
    below = storage.at("2020/11").at("/21/")
    below.write("BACKUP_MANIFEST", b"m")
    assert storage.read("2020/11/21/BACKUP_MANIFEST") == b"m"
    assert storage.read("/2020//11/./21/BACKUP_MANIFEST") == b"m"
    assert names(below) == ["BACKUP_MANIFEST"]
    assert below.uri.bare() == storage.uri.bare().rstrip("/") + "/2020/11/21"


def test_location_beside_with_the_same_beginning_is_not_listed(storage: Storage, names: Names) -> None:
    storage.write("full/1", b"")
    storage.write("full2/2", b"")
    assert names(storage.at("full")) == ["1"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(storage: Storage, names: Names, name: str) -> None:
    storage.at(name).write(name, name.encode())
    assert storage.read(f"{name}/{name}") == name.encode()
    assert names(storage) == [f"{name}/{name}"]
    assert names(storage.at(name)) == [name]


@pytest.mark.parametrize("name", ["../../outside", "a/../../../outside", "nul\0byte", "", "/", "."])
def test_names_that_cannot_be(storage: Storage, names: Names, name: str) -> None:
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


def test_object_of_more_than_100_mb(storage: Storage) -> None:
    piece = random.Random(1).randbytes(1 << 20)
    with storage.writer("large") as writer:
        for number in range(101):
            writer.write(number.to_bytes(4, "big") + piece[4:])
    assert storage.size("large") == 101 << 20
    assert (
        storage.read_range("large", (100 << 20) - 2, 10) == piece[-2:] + (100).to_bytes(4, "big") + piece[4:8]
    )
    whole = storage.read("large")
    assert len(whole) == 101 << 20
    assert whole[50 << 20 : (50 << 20) + 4] == (50).to_bytes(4, "big")
    storage.delete("large")


def test_writer_that_fails_leaves_nothing(storage: Storage, names: Names) -> None:
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


def test_readers_see_whole_objects_while_two_write(storage: Storage, names: Names) -> None:
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
    secrets = [SECRET_ACCESS_KEY, quote_plus(SECRET_ACCESS_KEY), AZURE_KEY, quote_plus(AZURE_KEY), "Y2xpZW50"]
    assert not any(secret in text for secret in secrets for text in printed)


def table() -> str:
    """The checks, and on which implementation each holds."""
    checks = [
        name
        for name, check in globals().items()
        if name.startswith("test_") and "storage" in getattr(check, "__annotations__", {})
    ]
    lines = [f"| | {' | '.join(BACKENDS.values())} |", "|---" * (len(BACKENDS) + 1) + "|"]
    for check in checks:
        title = check.removeprefix("test_").replace("_", " ")
        cells = [EXCEPTIONS.get((backend, check), "yes") for backend in BACKENDS]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def page() -> str:
    """The page, with the table of today."""
    before, mark, rest = PAGE.read_text().partition("<!-- contract -->\n")
    return f"{before}{mark}{table()}\n{rest[rest.index('<!-- /contract -->') :]}"


def test_table_in_the_docs_is_that_of_the_checks() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.suites.test_storage --write"


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    PAGE.write_text(page())
