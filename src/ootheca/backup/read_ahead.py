"""Reading the next of a known sequence of files while the one before is used: no network waits for the decoder."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable
from concurrent.futures import Executor, Future
from typing import Generic, TypeVar

__all__ = ["ReadAhead"]

_Name = TypeVar("_Name", bound=Hashable)
_Content = TypeVar("_Content")


class ReadAhead(Generic[_Name, _Content]):
    """Holds at most one file that nobody has asked for yet, so that memory is that of one more file.

    Args:
        names: in the order in which they are expected to be asked for, each once. Others, and any order, do as well:
            they are only read when they are asked for.
        read: gives what is to be had of a file; is called by the executor's threads.
    """

    def __init__(self, names: Iterable[_Name], read: Callable[[_Name], _Content], executor: Executor) -> None:
        self._names = tuple(names)
        self._places = {name: place for place, name in enumerate(self._names)}
        self._read = read
        self._executor = executor
        self._ahead: tuple[_Name, Future[_Content]] | None = None

    def take(self, name: _Name, at_hand: Container[_Name] = ()) -> _Content:
        """Return one file, and have the next one read unless it is at hand; errors are those of the file itself."""
        ahead = self._ahead
        if ahead is not None and ahead[0] == name:
            self._ahead = None
            content = ahead[1].result()
        else:
            content = self._read(name)
        following = self._after(name)
        if following is not None and following not in at_hand:
            self._expect(following)
        return content

    def _after(self, name: _Name) -> _Name | None:
        place = self._places.get(name, len(self._names)) + 1
        return self._names[place] if place < len(self._names) else None

    def _expect(self, name: _Name) -> None:
        if self._ahead is not None:
            if self._ahead[0] == name:
                return
            self._ahead[1].cancel()
        self._ahead = name, self._executor.submit(self._read, name)
