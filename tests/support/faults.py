"""A storage that fails: the n-th operation, before it is done or after, once or from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from ootheca.errors import UnavailableError
from ootheca.storage.base import Buffer, ObjectInfo, Storage, StorageWriter
from ootheca.uri import URI

__all__ = ["FaultPlan", "FaultStorage"]

T = TypeVar("T")


@dataclass(slots=True)
class FaultPlan:
    """Which operation fails, and how; and what was asked so far.

    Attributes:
        fail_at: counts from 0 over all locations that share the plan; None never.
        moment: "before": the operation is not done. "after": it is, and the answer is lost.
        stays_down: all further operations fail too, undone.
    """

    fail_at: int | None = None
    moment: Literal["before", "after"] = "before"
    stays_down: bool = False
    asked: list[str] = field(default_factory=list)

    def run(self, operation: str, name: str, do: Callable[[], T]) -> T:
        """Count an operation, and do it unless it is to fail."""
        number = len(self.asked)
        self.asked.append(f"{operation} {name}")
        if self.fail_at is None or number < self.fail_at:
            return do()
        if number > self.fail_at and not self.stays_down:
            return do()
        if number == self.fail_at and self.moment == "after":
            do()
        raise UnavailableError(f"injected: {operation} {name}")


class FaultStorage:
    """Passes everything on to another storage, unless its plan says otherwise."""

    def __init__(self, storage: Storage, plan: FaultPlan) -> None:
        self._storage = storage
        self.plan = plan

    @property
    def uri(self) -> URI:
        return self._storage.uri

    @property
    def can_list(self) -> bool:
        return self._storage.can_list

    def read(self, name: str) -> bytes:
        return self.plan.run("read", name, lambda: self._storage.read(name))

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        return self.plan.run("read", name, lambda: self._storage.read_range(name, offset, length))

    def size(self, name: str) -> int:
        return self.plan.run("size", name, lambda: self._storage.size(name))

    def exists(self, name: str) -> bool:
        return self.plan.run("exists", name, lambda: self._storage.exists(name))

    def write(self, name: str, data: Buffer, *, overwrite: bool = True) -> None:
        self.plan.run("write", name, lambda: self._storage.write(name, data, overwrite=overwrite))

    def writer(self, name: str) -> AbstractContextManager[StorageWriter]:
        return self.plan.run("write", name, lambda: self._storage.writer(name))

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Fail in the middle: half of the objects come before the error."""
        found = list(self._storage.list(prefix))
        half = len(found) // 2
        yield from found[:half]
        self.plan.run("list", prefix, lambda: None)
        yield from found[half:]

    def delete(self, name: str) -> None:
        self.plan.run("delete", name, lambda: self._storage.delete(name))

    def at(self, subpath: str) -> FaultStorage:
        return FaultStorage(self._storage.at(subpath), self.plan)
