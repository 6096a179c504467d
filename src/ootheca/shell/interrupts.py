"""Ctrl+C while a statement runs.

Python hands a signal to its handler only between two steps of Python code, and a query may keep the main thread away
from those for long. So a second thread waits for the signal's arrival, and asks the engine to stop if the main thread
has not come by its handler soon after: one that has is cleaning up already, and what it does then must not be stopped.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import Any, Final

__all__ = ["Interrupts"]

_PATIENCE: Final = 0.2  # seconds
_LONG: Final = 1.0  # for what is cleaned up after an interrupt
_TRIES: Final = 3


class Interrupts:
    """While entered, an interrupt stops the engine too, and is remembered.

    Args:
        stop: called in another thread when the user interrupts.
        signals: what counts as an interrupt; one that the process was told to ignore does not.

    Attributes:
        happened: whether the user interrupted; libraries may turn an interrupt into errors of theirs.
    """

    def __init__(
        self, stop: Callable[[], object], signals: Sequence[signal.Signals] = (signal.SIGINT,)
    ) -> None:
        self.happened = False
        self._stop = stop
        self._handled = threading.Event()
        self._is_over = threading.Event()
        self._signals = tuple(signals)
        self._before: list[Any] = []
        self._ears: socket.socket | None = None
        self._mouth: socket.socket | None = None
        self._watcher: threading.Thread | None = None

    def __enter__(self) -> Interrupts:
        defaults = (signal.default_int_handler, signal.SIG_DFL)
        self._signals = tuple(number for number in self._signals if signal.getsignal(number) in defaults)
        if self._signals and threading.current_thread() is threading.main_thread():
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
        self._handled.set()
        self._is_over.set()
        self._watcher.join()
        self._ears.close()

    def _watch(self, ears: socket.socket) -> None:
        while numbers := ears.recv(16):
            if any(number in numbers for number in self._signals):
                self.happened = True
                # A stop that comes while the engine still prepares a query is lost; so it is said again.
                while not self._handled.wait(_PATIENCE):
                    self._stop()
                self._handled.clear()
                # The engine's library may have taken the interrupt for itself, and gone on.
                for _ in range(_TRIES):
                    if self._is_over.wait(_LONG):
                        break
                    self._stop()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.happened = True
        self._handled.set()
        signal.default_int_handler(number, frame)
