"""A program in a pseudo-terminal, its screen kept as text: what a person would see."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pyte

__all__ = ["Terminal"]

_PATIENCE_S = 30.0  # for a machine that does many things at once; nothing waits longer than it has to


class _Screen(pyte.HistoryScreen):
    """Answers what the program asks the terminal."""

    answer: Callable[[str], object] = staticmethod(lambda _text: None)

    def write_process_input(self, data: str) -> None:
        self.answer(data)


class Terminal:
    """`python -m ootheca` with some words, in a terminal of its own.

    Args:
        home: the user's home; nothing outside of it is read or written.
        env: further environment variables.
    """

    def __init__(
        self, *words: str, home: Path, size: tuple[int, int] = (24, 100), env: dict[str, str] | None = None
    ) -> None:
        self._screen = _Screen(size[1], size[0], history=2000, ratio=0.5)
        self._stream = pyte.Stream(self._screen)
        environment = {
            **os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8", "PAGER": "less", **(env or {}),
        }  # fmt: skip
        environment.pop("NO_COLOR", None)
        self._child = pexpect.spawn(
            sys.executable, ["-m", "ootheca", *words], dimensions=size, env=environment, encoding="utf-8",
            codec_errors="replace", timeout=_PATIENCE_S, cwd=str(home),
        )  # fmt: skip
        self._child.delaybeforesend = None
        self._screen.answer = self._child.send

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_args: object) -> None:
        self._child.close(force=True)

    @property
    def lines(self) -> list[str]:
        """What the screen shows, without blank lines at its end."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip("\n").split("\n")

    @property
    def everything(self) -> str:
        """What the screen shows and what was scrolled off it."""
        gone = (
            "".join(row[column].data for column in range(self._screen.columns)).rstrip()
            for row in self._screen.history.top
        )
        return "\n".join([*gone, *self.lines])

    def color_of(self, text: str) -> str:
        """Return the colour in which a text on the screen is written."""
        for number, line in enumerate(self._screen.display):
            if text in line:
                return str(self._screen.buffer[number][line.index(text)].fg)
        raise AssertionError(f"{text!r} is not on the screen:\n" + "\n".join(self.lines))

    def send(self, keys: str) -> None:
        """Press keys."""
        self._child.send(keys)

    def enter(self, text: str, *, until: str) -> None:
        """Type a line, press Enter, and wait until a text is on the screen and the program asks for more."""
        self.send(f"{text}\r")
        self.wait(lambda: until in "\n".join(self.lines) and self.is_at_prompt, until)

    @property
    def is_at_prompt(self) -> bool:
        """Whether the last line is a prompt without anything behind it."""
        return self.lines[-1].endswith(">") and self._screen.cursor.y == len(self.lines) - 1

    def see(self, text: str) -> None:
        """Wait until a text is on the screen."""
        self.wait(lambda: text in "\n".join(self.lines), text)

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds.

        Raises:
            AssertionError: it does not, and patience is over, or the program ended.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while not holds():
            if time.monotonic() >= deadline:
                raise AssertionError(f"waited for {what!r}; the screen:\n" + "\n".join(self.lines))
            try:
                self._stream.feed(self._child.read_nonblocking(65536, timeout=0.2))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                if holds():
                    return
                raise AssertionError(
                    f"ended before {what!r}; the screen:\n" + "\n".join(self.lines)
                ) from None

    def leave(self) -> int:
        """Wait until the program ends; return its exit status."""
        try:
            while True:
                self._stream.feed(self._child.read_nonblocking(65536, timeout=_PATIENCE_S))
        except pexpect.EOF:
            self._child.close()
        return int(self._child.exitstatus if self._child.exitstatus is not None else -1)
