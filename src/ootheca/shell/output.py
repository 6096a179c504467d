"""Where results go: standard output, through the pager when they are long, or where `\\o` sends them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from ootheca.shell.pager import paged

__all__ = ["Output", "Writer"]


class Writer(Protocol):
    """What rows are written to."""

    def write(self, text: str, /) -> object:
        """Take some text."""

    def flush(self) -> object:
        """Let the reader have what was written."""


class Output:
    """The place of results.

    Args:
        is_interactive: someone watches rows come.
    """

    def __init__(self, *, is_interactive: bool = False) -> None:
        self._is_interactive = is_interactive
        self._file: IO[str] | None = None
        self._process: subprocess.Popen[str] | None = None

    @property
    def is_watched(self) -> bool:
        """Whether results appear before someone's eyes."""
        return self._is_interactive and self._file is None

    def redirect(self, target: str) -> None:
        """Send results to a file, to a command after `|`, or for an empty text to standard output again.

        Raises:
            OSError: the file cannot be written.
        """
        self.close()
        if target.startswith("|"):
            sys.stdout.flush()
            self._process = subprocess.Popen(  # noqa: S602  the user's own command
                target[1:], shell=True, stdin=subprocess.PIPE, text=True, encoding="utf-8"
            )
            self._file = self._process.stdin
        elif target:
            self._file = Path(target).expanduser().open("w", encoding="utf-8", errors="surrogateescape")

    def close(self) -> None:
        """End the file or command that results go to."""
        file, self._file = self._file, None
        process, self._process = self._process, None
        if file is not None:
            file.close()
        if process is not None:
            process.wait()

    @property
    def stream(self) -> Writer:
        """Where tags go, and rows without a pager."""
        return self._file or sys.stdout

    @contextmanager
    def for_rows(self, *, with_pager: bool) -> Iterator[Writer]:
        """Yield where the rows of one result go.

        Raises:
            PagerClosedError: from its `write`, when the user leaves the pager before the end.
        """
        if with_pager and self.is_watched and sys.stdout.isatty():
            with paged() as pager:
                yield pager
        else:
            yield self.stream
            self.stream.flush()
