"""A location in a directory of this machine: what `nodelocal`, the sandbox and `userfile` are made of."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

from ootheca.errors import AccessDeniedError, ObjectNotFoundError, StorageError, UnsupportedError
from ootheca.storage.base import (
    Buffer,
    ObjectInfo,
    StorageProfile,
    StorageWriter,
    invalid_name,
    is_object_name,
    object_exists,
    object_not_found,
    relative_name,
)
from ootheca.uri import URI, join

__all__ = ["DirectoryStorage", "DirectoryWords", "folder_name"]

_TEMP_PREFIX: Final = ".ootheca-"
_TEMP_SUFFIX: Final = ".tmp"
_NO_HARD_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})


@dataclass(frozen=True, slots=True)
class DirectoryWords:
    """How a directory's failures are told.

    Attributes:
        label: what is said of a missing object, as `nodelocal storage file does not exist`.
        profile: the version's facts.
        is_local: the user knows that these are files: paths are shown, and directories are not objects in
            disguise.
        read_prefix: said before the refusal to read outside the root.
    """

    label: str
    profile: StorageProfile
    is_local: bool
    read_prefix: str = ""


class DirectoryStorage:
    """Objects are files under `root/base`. Nothing outside root is reached, by `..` or by symbolic links.

    An object is written to a hidden file beside its place, flushed to the disk, and renamed; then the
    directories that changed are flushed.
    """

    __slots__ = ("_base", "_can_list", "_real_root", "_root", "_uri", "_words")

    def __init__(
        self, root: Path, base: str, uri: URI, words: DirectoryWords, *, can_list: bool = True
    ) -> None:
        self._root = root.absolute()
        self._real_root = self._root.resolve()
        self._base = base
        self._uri = uri
        self._words = words
        self._can_list = can_list

    @property
    def uri(self) -> URI:
        """Where this is; prints redacted."""
        return self._uri

    @property
    def can_list(self) -> bool:
        """Whether `list` works here."""
        return self._can_list

    def __repr__(self) -> str:
        return f"DirectoryStorage({str(self._uri)!r})"

    def at(self, subpath: str) -> DirectoryStorage:
        """Return the location below this one."""
        base = f"{self._base}/{subpath.strip('/')}"
        return DirectoryStorage(
            self._root, base, join(self._uri, subpath), self._words, can_list=self._can_list
        )

    def read(self, name: str) -> bytes:
        """Return a whole file."""
        with self._open(name) as file, self._translated("read", name):
            return file.read()

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Return bytes `[offset, offset + length)`, fewer where the file ends."""
        with self._open(name) as file, self._translated("read", name):
            file.seek(offset)
            return file.read(length)

    def size(self, name: str) -> int:
        """Return a file's size in bytes."""
        with self._open(name) as file:
            return os.fstat(file.fileno()).st_size

    def exists(self, name: str) -> bool:
        """Tell whether a file is there; a directory of that name is none."""
        path = self._path(name, is_read=True)
        try:
            with self._translated("open", name):
                path.stat()
        except ObjectNotFoundError:
            return False
        return path.is_file()

    def write(self, name: str, data: Buffer, *, overwrite: bool = True) -> None:
        """Create or replace a file, durably and at once."""
        with self._replacing(name, overwrite=overwrite) as file:
            file.write(data)

    @contextmanager
    def writer(self, name: str) -> Iterator[StorageWriter]:
        """Write a file piece by piece; it appears when the block ends."""
        with self._replacing(name, overwrite=True) as file:
            yield file

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the files whose names start with a text, at every depth, in the order of their names."""
        if not self._can_list:
            raise UnsupportedError(f"{self._uri.scheme} storage does not support listing", sqlstate="XXUUU")
        top = self._path("", is_read=False)
        with self._translated("readdir", ""):
            below = prefix.rpartition("/")[0]
            start = self._path(below, is_read=False) if below else top
            found = [info for info in self._walk(start, top) if info.name.startswith(prefix)]
        found.sort(key=lambda info: os.fsencode(info.name))
        yield from found

    def delete(self, name: str) -> None:
        """Remove a file; an absent one is no error."""
        path = self._path(name, is_read=False)
        with suppress(ObjectNotFoundError), self._translated("remove", name):
            path.unlink()
            _flush_directory(path.parent)

    def _walk(self, directory: Path, top: Path) -> Iterator[ObjectInfo]:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(directory) as entries:
            for entry in entries:
                path = Path(entry.path)
                if entry.is_symlink() and not self._is_inside(path):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(path, top)
                elif entry.is_file() and not _is_temporary(entry.name):
                    with suppress(FileNotFoundError):
                        yield ObjectInfo(path.relative_to(top).as_posix(), entry.stat().st_size)

    def _is_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._real_root)

    def _path(self, name: str, *, is_read: bool) -> Path:
        relative = relative_name(self._base, name)
        if "\0" in relative:
            raise invalid_name(self._uri, name)
        path = self._root / relative
        if relative.split("/", 1)[0] == ".." or not self._is_inside(path):
            if not self._words.is_local:
                raise invalid_name(self._uri, name)
            prefix = self._words.read_prefix if is_read else ""
            raise AccessDeniedError(
                f"{prefix}local file access to paths outside of external-io-dir is not allowed: {relative}",
                sqlstate="XXUUU",
                location=self._uri.bare(),
            )
        return path

    def _open(self, name: str) -> BinaryIO:
        path = self._path(name, is_read=True)
        with self._translated("open", name):
            return path.open("rb")

    @contextmanager
    def _replacing(self, name: str, *, overwrite: bool) -> Iterator[StorageWriter]:
        """Open a hidden file that takes the object's place, flushed, when the block ends without error."""
        path = self._path(name, is_read=False)
        if not is_object_name(name):
            raise invalid_name(self._uri, name)
        temporary = path.parent / f"{_TEMP_PREFIX}{secrets.token_hex(8)}{_TEMP_SUFFIX}"
        with self._translated("write", name):
            if not overwrite and path.exists():
                raise object_exists(self._uri, name)
            _make_directories(path.parent)
            file = temporary.open("xb")
        try:
            with file:
                yield _FileWriter(self, name, file)
                with self._translated("write", name):
                    file.flush()
                    os.fsync(file.fileno())
            with self._translated("write", name):
                self._publish(temporary, path, name, overwrite=overwrite)
        finally:
            temporary.unlink(missing_ok=True)

    def _publish(self, temporary: Path, path: Path, name: str, *, overwrite: bool) -> None:
        if overwrite:
            temporary.replace(path)
        else:
            try:
                _link_new(temporary, path)
            except FileExistsError as exc:
                raise object_exists(self._uri, name) from exc
        _flush_directory(path.parent)

    @contextmanager
    def _translated(self, operation: str, name: str) -> Iterator[None]:
        """Turn the operating system's errors into ours, in the words of Go's `os` package."""
        try:
            yield
        except OSError as exc:
            raise self._translate(exc, operation, name) from exc

    def _translate(self, exc: OSError, operation: str, name: str) -> StorageError:
        location = join(self._uri, name).bare()
        if isinstance(exc, FileNotFoundError) or (
            isinstance(exc, NotADirectoryError | IsADirectoryError)
            and not self._words.is_local
            and operation != "write"
        ):
            detail = f"open {self._root / relative_name(self._base, name)}: no such file or directory"
            return object_not_found(
                self._words.profile,
                self._words.label,
                detail if self._words.is_local else location,
                self._uri,
                name,
            )
        reason = exc.strerror or type(exc).__name__
        where = str(self._root / relative_name(self._base, name)) if self._words.is_local else location
        kind = AccessDeniedError if isinstance(exc, PermissionError) else StorageError
        # The real server gives such errors no code of their own.
        return kind(
            f"{operation} {where}: {reason[:1].lower()}{reason[1:]}", sqlstate="XXUUU", location=location
        )


class _FileWriter:
    """Appends to the hidden file; only its own errors are translated, not those of the caller's block."""

    __slots__ = ("_file", "_name", "_storage")

    def __init__(self, storage: DirectoryStorage, name: str, file: BinaryIO) -> None:
        self._storage = storage
        self._name = name
        self._file = file

    def write(self, data: Buffer, /) -> int:
        """Append bytes."""
        with self._storage._translated("write", self._name):
            return self._file.write(data)


def _is_temporary(file_name: str) -> bool:
    return file_name.startswith(_TEMP_PREFIX) and file_name.endswith(_TEMP_SUFFIX)


def _make_directories(directory: Path) -> None:
    """Create a directory and its parents, and flush those that gained an entry."""
    missing: list[Path] = []
    while not directory.exists():
        missing.append(directory)
        directory = directory.parent
    for child in reversed(missing):
        child.mkdir(exist_ok=True)
        _flush_directory(child.parent)


def _flush_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _link_new(temporary: Path, path: Path) -> None:
    """Give a file its name unless the name is taken, in one step where the file system has hard links."""
    try:
        path.hardlink_to(temporary)
    except OSError as exc:
        if exc.errno not in _NO_HARD_LINKS:
            raise
        # Without hard links there is no single step; the exclusive creation decides between two writers.
        path.open("xb").close()
        temporary.replace(path)


def folder_name(host: str) -> str:
    """Return a URI's host as one name of a directory, never `.` or `..`."""
    name = quote(host, safe="-_.:", errors="surrogateescape")
    return name.replace(".", "%2E") if not name.strip(".") else name
