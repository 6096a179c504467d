"""The bar on standard error while a long BACKUP or RESTORE runs: on a terminal, after its first second."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, TextIO

from ootheca.exec.quantities import format_size

if TYPE_CHECKING:
    from ootheca.backup.progress import Progress
    from ootheca.exec.session import Session

__all__ = ["ProgressBar", "format_progress"]

_FIRST_SECONDS: Final = 1.0
_STEP_SECONDS: Final = 0.2
_BAR_WIDTH: Final = 24
_CLEAR: Final = "\r\x1b[K"


class ProgressBar:
    """While entered, shows how far the job of the running statement is; leaves nothing behind.

    Args:
        out: where it is drawn; nothing is drawn where that is no terminal.
    """

    def __init__(self, session: Session, out: TextIO | None = None) -> None:
        self._session = session
        self._out = out if out is not None else sys.stderr
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> ProgressBar:
        if self._out.isatty():
            self._thread = threading.Thread(target=self._draw, name="ootheca-progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def _draw(self) -> None:
        start = time.monotonic()
        is_drawn = False
        delay = _FIRST_SECONDS
        while not self._is_over.wait(delay):
            delay = _STEP_SECONDS
            job = self._session.running_job
            if job is not None:
                width = shutil.get_terminal_size().columns - 1
                line = format_progress(job.progress, time.monotonic() - start)
                self._out.write(f"{_CLEAR}{line[:width]}")
                self._out.flush()
                is_drawn = True
        if is_drawn:
            self._out.write(_CLEAR)
            self._out.flush()


def format_progress(progress: Progress, seconds: float) -> str:
    """Return a line for a job that has run so long: a bar, files, size, entries a second, time left.

    >>> from ootheca.backup.progress import Progress
    >>> format_progress(Progress(total=4000, entries=1000, size=1 << 20, files=2), 2.0)
    '######..................  25%  2 files  1 MiB  500 entries/s  0:06 left'
    """
    fraction = progress.fraction
    done = int(fraction * _BAR_WIDTH)
    parts = [
        f"{'#' * done}{'.' * (_BAR_WIDTH - done)} {fraction:4.0%}",
        f"{progress.files} file{'s' * (progress.files > 1)}" if progress.files else "",
        format_size(progress.size),
        f"{progress.entries / seconds:,.0f} entries/s" if seconds else "",
        f"{_clock(seconds * (1 - fraction) / fraction)} left" if fraction else "",
    ]
    return "  ".join(part for part in parts if part)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
