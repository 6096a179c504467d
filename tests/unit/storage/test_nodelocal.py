"""`nodelocal`: the server's rules and words, the walls around external-io-dir, and durable files."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ootheca.errors import (
    AccessDeniedError,
    InvalidOptionError,
    ObjectExistsError,
    ObjectNotFoundError,
    OothecaError,
    StorageError,
)
from ootheca.storage import directory
from ootheca.storage.base import Storage, StorageEnv, storage_profile
from ootheca.storage.registry import open_storage


@pytest.fixture
def extern(tmp_path: Path) -> Path:
    return tmp_path / "extern"


def open_location(extern: Path, uri: str = "nodelocal://1/place", version: str = "21.2") -> Storage:
    return open_storage(uri, StorageEnv(extern, profile=storage_profile(version)))


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        # conformance/*/scenarios/08_uris.json
        (
            "nodelocal:///path",
            (
                "host component of nodelocal URI must be a node ID "
                "(use 'self' to specify each node should access its own local filesystem): nodelocal:///path"
            ),
        ),
        ("nodelocal://foo/path", "host component of nodelocal URI must be a node ID: nodelocal://foo/path"),
        # reference/sql/07 §2
        ("nodelocal://1", "local storage requested but path not provided"),
    ],
)
def test_uris_that_break_a_rule(extern: Path, uri: str, message: str) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        open_location(extern, uri)
    assert caught.value.message == message


def test_unknown_node(extern: Path) -> None:
    # fixtures/golden/*/k_errors/output.txt
    with pytest.raises(StorageError) as caught:
        open_location(extern, "nodelocal://7/x5")
    assert caught.value.message == (
        "failed to create blob client: connecting to node 7: "
        "failed to resolve n7: unable to look up descriptor for n7"
    )
    env = StorageEnv(extern, node_ids=frozenset(range(1, 10)))
    assert not open_storage("nodelocal://7/x5", env).exists("BACKUP_MANIFEST")


@pytest.mark.parametrize("host", ["0", "1", "self"])
def test_all_nodes_share_one_directory(extern: Path, host: str) -> None:
    open_location(extern, f"nodelocal://{host}/a%20b?COCKROACH_LOCALITY=default").write("x", b"1")
    assert (extern / "a b" / "x").read_bytes() == b"1"


@pytest.mark.parametrize(
    ("version", "uri", "message"),
    [
        # conformance/20.2 and 21.2, scenarios/08_uris.json; fixtures/golden/*/k_errors/output.txt
        (
            "20.2",
            "nodelocal://1/../../etc",
            (
                "getting stat of file: local file access to paths outside of external-io-dir is not allowed: "
                "../../etc/BACKUP_MANIFEST"
            ),
        ),
        (
            "21.2",
            "nodelocal://1/../../etc",
            "local file access to paths outside of external-io-dir is not allowed: ../../etc/BACKUP_MANIFEST",
        ),
        (
            "20.2",
            "nodelocal://0/../../escape",
            (
                "local file access to paths outside of external-io-dir is not allowed: "
                "../../escape/BACKUP_MANIFEST"
            ),
        ),
    ],
)
def test_paths_that_lead_outside(extern: Path, version: str, uri: str, message: str) -> None:
    for attempt in (Storage.exists, Storage.read, Storage.size):
        storage = open_location(extern, uri, version)
        with pytest.raises(AccessDeniedError) as caught:
            getattr(storage, attempt.__name__)("BACKUP_MANIFEST")
        assert caught.value.message == message
        assert caught.value.sqlstate == "XXUUU"


@pytest.mark.parametrize(
    "path",
    [
        "%2e%2e/outside",
        "a/%2e%2e/%2E%2E/outside",
        "a%2f..%2f..%2foutside",
        "/../outside",
        "a/./../../outside",
    ],
)
def test_encoded_dots_lead_nowhere_else(extern: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"x")
    with pytest.raises(AccessDeniedError, match="outside of external-io-dir"):
        open_location(extern, f"nodelocal://1/{path}").read("secret")
    # What is encoded twice is just an odd name.
    open_location(extern, "nodelocal://1/%252e%252e").write("x", b"1")
    assert (extern / "%2e%2e" / "x").exists()


def test_nothing_is_written_or_listed_outside(extern: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").write_bytes(b"x")
    storage = open_location(extern, "nodelocal://1/../outside")
    for attempt in (
        lambda: storage.write("new", b""),
        lambda: storage.delete("kept"),
        lambda: list(storage.list()),
        lambda: storage.at("../outside").read("kept"),
    ):
        with pytest.raises(AccessDeniedError, match="outside of external-io-dir"):
            attempt()
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["kept"]


@pytest.mark.parametrize(
    ("version", "form"),
    [
        # fixtures/golden/20.2 and 21.2, k_errors/output.txt
        (
            "20.2",
            (
                "nodelocal storage file does not exist: "
                "open {}/nosuch/BACKUP_MANIFEST: no such file or directory: "
                "external_storage: file doesn't exist"
            ),
        ),
        (
            "21.2",
            (
                "open {}/nosuch/BACKUP_MANIFEST: no such file or directory: "
                "nodelocal storage file does not exist: "
                "external_storage: file doesn't exist"
            ),
        ),
    ],
)
def test_missing_file_in_the_servers_words(extern: Path, version: str, form: str) -> None:
    storage = open_location(extern, "nodelocal://0/nosuch", version)
    with pytest.raises(ObjectNotFoundError) as caught:
        storage.read("BACKUP_MANIFEST")
    assert caught.value.message == form.format(extern)
    assert caught.value.sqlstate == "XXUUU"
    assert caught.value.location == "nodelocal://0/nosuch/BACKUP_MANIFEST"


def test_file_in_the_place_of_a_folder(extern: Path) -> None:
    # conformance/21.2/scenarios/n1_collection.json
    open_location(extern).write("LATEST", b"2020")
    below = open_location(extern).at("LATEST")
    for attempt in (lambda: below.exists("BACKUP_MANIFEST"), lambda: below.read("BACKUP_MANIFEST")):
        with pytest.raises(StorageError) as caught:
            attempt()
        assert caught.value.message == f"open {extern}/place/LATEST/BACKUP_MANIFEST: not a directory"
        assert not isinstance(caught.value, ObjectNotFoundError)
    with pytest.raises(StorageError, match="not a directory"):
        below.write("BACKUP_MANIFEST", b"")


def make_link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def test_links_that_lead_outside_are_refused(extern: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"x")
    make_link(extern / "place" / "folder", tmp_path / "outside")
    make_link(extern / "place" / "file", tmp_path / "outside" / "secret")
    storage = open_location(extern)
    for attempt in (
        lambda: storage.read("folder/secret"),
        lambda: storage.read("file"),
        lambda: storage.write("folder/new", b""),
        lambda: storage.write("file", b""),
        lambda: storage.delete("folder/secret"),
        lambda: storage.exists("file"),
    ):
        with pytest.raises(AccessDeniedError, match="outside of external-io-dir"):
            attempt()
    assert list(storage.list()) == []
    assert (tmp_path / "outside" / "secret").read_bytes() == b"x"
    assert len(list((tmp_path / "outside").iterdir())) == 1


def test_links_within_are_followed(extern: Path) -> None:
    storage = open_location(extern)
    storage.write("target", b"x")
    make_link(extern / "place" / "link", extern / "place" / "target")
    assert storage.read("link") == b"x"
    assert [info.name for info in storage.list()] == ["link", "target"]


def test_external_io_dir_may_itself_be_a_link(extern: Path, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    make_link(extern, tmp_path / "volume")
    open_location(extern).write("x", b"1")
    assert (tmp_path / "volume" / "place" / "x").read_bytes() == b"1"


def test_unfinished_files_of_a_crashed_writer_are_not_listed(extern: Path) -> None:
    storage = open_location(extern)
    storage.write("whole", b"x")
    (extern / "place" / ".ootheca-0123456789abcdef.tmp").write_bytes(b"half")
    assert [info.name for info in storage.list()] == ["whole"]


def failing(code: int) -> Callable[..., None]:
    def fail(*_args: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (errno.ENOSPC, StorageError, "no space left on device"),
        (errno.EACCES, AccessDeniedError, "permission denied"),
        (errno.EIO, StorageError, "input/output error"),
    ],
)
def test_failed_flush_leaves_the_old_object(
    extern: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[OothecaError], reason: str
) -> None:
    storage = open_location(extern)
    storage.write("object", b"before")
    monkeypatch.setattr(directory.os, "fsync", failing(code))
    with pytest.raises(kind) as caught:
        storage.write("object", b"after")
    assert caught.value.message == f"write {extern}/place/object: {reason}"
    assert storage.read("object") == b"before"
    assert os.listdir(extern / "place") == ["object"]  # noqa: PTH208


def test_everything_is_flushed_before_it_appears(extern: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    real_fsync = os.fsync

    def record(handle: int) -> None:
        flushed.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        real_fsync(handle)

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to name open files")
    extern.mkdir()
    monkeypatch.setattr(directory.os, "fsync", record)
    open_location(extern).at("new").write("object", b"x")
    folder = str(extern / "place" / "new")
    assert flushed[:2] == [str(extern), str(extern / "place")]
    assert flushed[2].startswith(f"{folder}/.ootheca-")
    assert flushed[3:] == [folder]


def test_creating_without_hard_links(extern: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "hardlink_to", failing(errno.EPERM))
    storage = open_location(extern)
    storage.write("object", b"first", overwrite=False)
    with pytest.raises(ObjectExistsError):
        storage.write("object", b"second", overwrite=False)
    assert storage.read("object") == b"first"


def test_reading_a_folder_as_a_file(extern: Path) -> None:
    (extern / "place" / "folder").mkdir(parents=True)
    with pytest.raises(StorageError) as caught:
        open_location(extern).read("folder")
    assert caught.value.message == f"open {extern}/place/folder: is a directory"
