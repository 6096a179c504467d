"""Results longer than the screen go through the user's pager, which starts when the screen is full."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

from ootheca.shell.render.width import display_width

__all__ = ["Pager", "PagerClosedError", "paged"]

_LESS = "SRX"  # cut long lines, which can be scrolled; pass colours on; leave what was shown on the screen


class PagerClosedError(Exception):
    """The user has seen enough."""


@contextlib.contextmanager
def paged() -> Iterator[Pager]:
    """Yield what one result is written to; wait until the user leaves the pager.

    Raises:
        PagerClosedError: from `write`, when the user left before the end.
    """
    pager = Pager(shutil.get_terminal_size())
    try:
        yield pager
    finally:
        pager.close()


class Pager:
    """Keeps what is written until it no longer fits the screen, then hands everything to the pager.

    Args:
        size: of the screen, in columns and lines.
    """

    def __init__(self, size: os.terminal_size) -> None:
        self._size = size
        self._kept: list[str] = []
        self._num_lines = 1  # the prompt's
        self._process: subprocess.Popen[str] | None = None

    def write(self, text: str) -> None:
        """Take some text of whole lines.

        Raises:
            PagerClosedError: nobody reads any more.
        """
        if self._process is None:
            self._kept.append(text)
            self._num_lines += sum(
                max(1, -(-display_width(line) // self._size.columns)) for line in text.splitlines()
            )
            if self._num_lines <= self._size.lines:
                return
            self._process = _start()
            text = "".join(self._kept)
            self._kept.clear()
        self._send(text)

    def _send(self, text: str) -> None:
        if self._process is None or self._process.stdin is None:
            sys.stdout.write(text)
            return
        try:
            self._process.stdin.write(text)
        except BrokenPipeError as exc:
            raise PagerClosedError from exc

    def flush(self) -> None:
        """Let the user see what was written so far."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # the next write notices
                self._process.stdin.flush()

    def close(self) -> None:
        """Write what fitted the screen, or wait until the user leaves the pager."""
        if self._process is None:
            sys.stdout.write("".join(self._kept))
            sys.stdout.flush()
            return
        # An interrupt from the keyboard reaches the pager too, which knows what to do with it.
        with _ignored_interrupts():
            with contextlib.suppress(BrokenPipeError):
                if self._process.stdin is not None:
                    self._process.stdin.close()
            self._process.wait()


def _start() -> subprocess.Popen[str] | None:
    """Start the pager; None when there is none."""
    command = os.environ.get("OOTHECA_PAGER", os.environ.get("PAGER", "less")).strip()
    if not command or command == "cat" or (command == "less" and shutil.which("less") is None):
        return None
    sys.stdout.flush()
    environment = {"LESS": _LESS, **os.environ}
    return subprocess.Popen(  # noqa: S602  the user's own command
        command, shell=True, stdin=subprocess.PIPE, text=True, errors="surrogateescape", encoding="utf-8",
        env=environment,
    )  # fmt: skip


@contextlib.contextmanager
def _ignored_interrupts() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
