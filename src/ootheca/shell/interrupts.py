"""Ctrl+C while a statement runs.

Python hands a signal to its handler only between two steps of Python code, and a query may keep the main thread away
from those for long. So a second thread waits for the signal's arrival and asks the engine to stop.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interrupts"]


class Interrupts:
    """While entered, an interrupt stops the engine too, and is remembered.

    Args:
        stop: called in another thread when the user interrupts.
        signals: what counts as an interrupt.

    Attributes:
        happened: whether the user interrupted; libraries may turn an interrupt into errors of theirs.
    """

    def __init__(
        self, stop: Callable[[], object], signals: Sequence[signal.Signals] = (signal.SIGINT,)
    ) -> None:
        self.happened = False
        self._stop = stop
        self._signals = tuple(signals)
        self._before: list[Any] = []
        self._ears: socket.socket | None = None
        self._mouth: socket.socket | None = None
        self._watcher: threading.Thread | None = None

    def __enter__(self) -> Interrupts:
        is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if is_default and threading.current_thread() is threading.main_thread():
            self._ears, self._mouth = socket.socketpair()
            self._mouth.setblocking(False)
            self._watcher = threading.Thread(target=self._watch, args=(self._ears,), daemon=True)
            self._watcher.start()
            signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
            self._before = [signal.signal(number, self._handle) for number in self._signals]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watcher is None or self._mouth is None or self._ears is None:
            return
        for number, handler in zip(self._signals, self._before, strict=True):
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        self._mouth.close()
        self._watcher.join()
        self._ears.close()

    def _watch(self, ears: socket.socket) -> None:
        while numbers := ears.recv(16):
            if any(number in numbers for number in self._signals):
                self.happened = True
                self._stop()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.happened = True
        signal.default_int_handler(number, frame)
