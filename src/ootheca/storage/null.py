# ruff: noqa: ARG002  what is written and what is asked for make no difference here
"""`null:///…`: takes whatever is written, and has nothing; to measure what writing costs without storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ootheca.errors import ObjectNotFoundError
from ootheca.storage.base import (
    Buffer,
    ObjectInfo,
    StorageWriter,
    object_not_found,
    storage_profile,
)
from ootheca.uri import URI, join

__all__ = ["NullStorage"]


class NullStorage:
    """A location where nothing stays."""

    __slots__ = ("_uri",)

    def __init__(self, uri: URI) -> None:
        self._uri = uri

    @property
    def uri(self) -> URI:
        """Where this is; prints redacted."""
        return self._uri

    @property
    def can_list(self) -> bool:
        """It can: there is nothing."""
        return True

    def at(self, subpath: str) -> NullStorage:
        """Return the location below this one."""
        return NullStorage(join(self._uri, subpath))

    def read(self, name: str) -> bytes:
        """Find nothing."""
        raise self._not_found(name)

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Find nothing."""
        raise self._not_found(name)

    def size(self, name: str) -> int:
        """Find nothing."""
        raise self._not_found(name)

    def exists(self, name: str) -> bool:
        """No."""
        return False

    def write(self, name: str, data: Buffer, *, overwrite: bool = True) -> None:
        """Forget it."""

    @contextmanager
    def writer(self, name: str) -> Iterator[StorageWriter]:
        """Forget every piece."""
        yield _NullWriter()

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield nothing."""
        return iter(())

    def delete(self, name: str) -> None:
        """Nothing to do."""

    def _not_found(self, name: str) -> ObjectNotFoundError:
        detail = join(self._uri, name).bare()
        return object_not_found(
            storage_profile("21.2"), "null storage keeps nothing", detail, self._uri, name
        )


class _NullWriter:
    def write(self, data: Buffer, /) -> int:
        """Forget a piece."""
        return len(data)
