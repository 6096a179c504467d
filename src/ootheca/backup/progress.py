"""What a running BACKUP or RESTORE has done so far: counted by the one that works, read by whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Progress"]


def _go_on() -> None:
    """Stop nothing."""


@dataclass(slots=True)
class Progress:
    """Counts of one job; written by one thread, read by any.

    Attributes:
        total: entries there are to read; 0 as long as nobody knows.
        entries: of them done.
        size: bytes of keys and values done.
        files: data files stored or read.
        check: called between two pieces of work; raises what is to stop it.
    """

    total: int = 0
    entries: int = 0
    size: int = 0
    files: int = 0
    check: Callable[[], None] = _go_on

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1. Only a job that has ended is all done."""
        return min(self.entries / self.total, 0.99) if self.total else 0.0

    def add(self, entries: int, size: int) -> None:
        """Count entries and their bytes; raises what `check` raises."""
        self.entries += entries
        self.size += size
        self.check()
