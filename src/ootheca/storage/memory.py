"""A location in memory, for tests and for throw-away stores."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ootheca.errors import ObjectNotFoundError
from ootheca.storage.base import (
    Buffer,
    ObjectInfo,
    StorageWriter,
    invalid_name,
    is_object_name,
    object_exists,
    object_not_found,
    relative_name,
    storage_profile,
)
from ootheca.uri import URI, join

__all__ = ["MemoryStorage"]


class MemoryStorage:
    """Objects in a dictionary that all locations made by `at` share."""

    __slots__ = ("_base", "_lock", "_objects", "_uri")

    def __init__(self, uri: URI | None = None) -> None:
        self._uri = uri or URI("memory", "m", "/")
        self._base = ""
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    @property
    def uri(self) -> URI:
        """Where this is; prints redacted."""
        return self._uri

    @property
    def can_list(self) -> bool:
        """Always."""
        return True

    def __repr__(self) -> str:
        return f"MemoryStorage({str(self._uri)!r})"

    def at(self, subpath: str) -> MemoryStorage:
        """Return the location below this one, in the same memory."""
        child = MemoryStorage(join(self._uri, subpath))
        child._base = f"{self._base}/{subpath.strip('/')}"
        child._objects = self._objects
        child._lock = self._lock
        return child

    def read(self, name: str) -> bytes:
        """Return a whole object."""
        key = self._key(name)
        with self._lock:
            found = self._objects.get(key)
        if found is None:
            raise self._not_found(name)
        return found

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Return bytes `[offset, offset + length)`, fewer where the object ends."""
        return self.read(name)[offset : offset + length]

    def size(self, name: str) -> int:
        """Return an object's size in bytes."""
        return len(self.read(name))

    def exists(self, name: str) -> bool:
        """Tell whether an object is there."""
        key = self._key(name)
        with self._lock:
            return key in self._objects

    def write(self, name: str, data: Buffer, *, overwrite: bool = True) -> None:
        """Create or replace an object."""
        key = self._key(name)
        content = bytes(data)
        with self._lock:
            if not overwrite and key in self._objects:
                raise object_exists(self._uri, name)
            self._objects[key] = content

    @contextmanager
    def writer(self, name: str) -> Iterator[StorageWriter]:
        """Write an object piece by piece; it appears when the block ends."""
        self._key(name)
        buffer = io.BytesIO()
        yield buffer
        self.write(name, buffer.getvalue())

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects whose names start with a text, in the order of their names."""
        base = relative_name(self._base, "")
        start = "" if base == "." else f"{base}/"
        with self._lock:
            found = [
                ObjectInfo(key.removeprefix(start), len(content))
                for key, content in self._objects.items()
                if key.startswith(start + prefix)
            ]
        yield from sorted(found, key=lambda info: info.name)

    def delete(self, name: str) -> None:
        """Remove an object; an absent one is no error."""
        key = self._key(name)
        with self._lock:
            self._objects.pop(key, None)

    def _key(self, name: str) -> str:
        key = relative_name(self._base, name)
        if not is_object_name(name) or key.split("/", 1)[0] in ("..", ".") or "\0" in key:
            raise invalid_name(self._uri, name)
        return key

    def _not_found(self, name: str) -> ObjectNotFoundError:
        label = "memory object does not exist"
        return object_not_found(storage_profile("21.2"), label, join(self._uri, name).bare(), self._uri, name)
