"""Rows that are read inside a transaction, which ends with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ootheca.errors import OothecaError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Stream"]


class Stream:
    """Batches of one statement; its transaction commits after the last one and is undone by an error.

    Args:
        on_end: commits.
        on_error: undoes.
    """

    def __init__(
        self, batches: Iterator[pa.RecordBatch], on_end: Callable[[], None], on_error: Callable[[], None]
    ) -> None:
        self._batches = batches
        self._kept: deque[pa.RecordBatch] = deque()
        self._error: OothecaError | None = None
        self._on_end = on_end
        self._on_error = on_error
        self._is_done = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        if self._kept:
            return self._kept.popleft()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self._pull()

    def keep(self) -> None:
        """Read what is left into memory, and end the transaction; an error waits for whoever reads that far."""
        try:
            while not self._is_done:
                self._kept.append(self._pull())
        except StopIteration:
            return
        except OothecaError as error:
            self._error = error

    def abandon(self) -> None:
        """Read no further, and undo the transaction: what an interrupted statement leaves."""
        if not self._is_done:
            self._is_done = True
            self._on_error()

    def _pull(self) -> pa.RecordBatch:
        if self._is_done:
            raise StopIteration
        try:
            return next(self._batches)
        except StopIteration:
            self._is_done = True
            self._on_end()
            raise
        except BaseException:
            self._is_done = True
            self._on_error()
            raise
