"""The files of an EXPORT: cut where a limit is reached, named and counted, and removed where one of them fails.

The rows pass through in pieces, so memory follows the piece. A file ends with `chunk_rows` rows or where it
reaches `chunk_size`; what a piece becomes in a file is for the format to say.

Source: cockroachlabs.com/docs v20.2, v21.2, v22.1, "EXPORT" (result, file names).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from ootheca.errors import OothecaError, StorageError
from ootheca.exec.export.options import Options
from ootheca.storage.base import Storage, StorageWriter

__all__ = ["ExportFile", "Rows", "write_files"]


class Rows:
    """Rows in pieces of any size, in order.

    Args:
        batches: CSV has one column, a line in each row.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._rest: pa.RecordBatch | None = None

    def peek(self) -> pa.RecordBatch | None:
        """Return rows that come next, at least one; None at the end."""
        while self._rest is None or not self._rest.num_rows:
            self._rest = next(self._batches, None)
            if self._rest is None:
                return None
        return self._rest

    def take(self, num_rows: int) -> pa.RecordBatch:
        """Return the first rows of what `peek` returned, and go on behind them."""
        assert self._rest is not None
        taken, self._rest = self._rest.slice(0, num_rows), self._rest.slice(num_rows)
        return taken


class ExportFile(Protocol):
    """A file in the making; the end of its block writes what is held back."""

    @property
    def size(self) -> int:
        """Bytes that storage has been given."""

    @property
    def is_full(self) -> bool:
        """Whether `chunk_size` is reached."""

    def room(self, piece: pa.RecordBatch) -> int:
        """Return how many rows of a piece to write at once, at least one."""

    def write(self, piece: pa.RecordBatch) -> None:
        """Append rows."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None: ...


def write_files(
    storage: Storage,
    stem: str,
    suffix: str,
    rows: Rows,
    options: Options,
    open_file: Callable[[StorageWriter], ExportFile],
) -> list[tuple[str, int, int]]:
    """Write all rows; return (name, rows, bytes) of each file. An error removes them all."""
    files: list[tuple[str, int, int]] = []
    names: list[str] = []  # a file whose writing failed may be there all the same
    try:
        while rows.peek() is not None:
            name = f"{stem}.{len(files)}.{suffix}"
            names.append(name)
            with storage.writer(name) as target, open_file(target) as file:
                num_rows = _fill(file, rows, options.chunk_rows)
            files.append((name, num_rows, file.size))
    except BaseException as exc:
        left = _remove(storage, names)
        if left and isinstance(exc, OothecaError) and exc.detail is None:
            exc.detail = f"these files could not be removed: {', '.join(left)}"
        raise
    return files


def _fill(file: ExportFile, rows: Rows, chunk_rows: int) -> int:
    num_rows = 0
    while num_rows < chunk_rows and not file.is_full:
        piece = rows.peek()
        if piece is None:
            break
        taken = rows.take(min(chunk_rows - num_rows, file.room(piece)))
        file.write(taken)
        num_rows += taken.num_rows
    return num_rows


def _remove(storage: Storage, names: Sequence[str]) -> list[str]:
    """Remove files; return those that cannot be removed."""
    left = list(names)
    for name in names:
        with suppress(StorageError):
            storage.delete(name)
            left.remove(name)
    return left
