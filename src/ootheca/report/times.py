"""Times, durations and the marks of a time axis, as people write them; all in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ootheca.clock import Timestamp

__all__ = ["Axis", "format_duration", "format_time"]

_MS: Final = 1_000_000
_S: Final = 1000 * _MS
_MIN: Final = 60 * _S
_H: Final = 60 * _MIN
_D: Final = 24 * _H
_UNITS: Final = (("d", _D), ("h", _H), ("min", _MIN), ("s", _S))
_STEPS: Final = (
    *(n * _MS for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * _S for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MIN for n in (1, 2, 5, 10, 15, 30)),
    *(n * _H for n in (1, 2, 3, 6, 12)),
    *(n * _D for n in (1, 2, 7, 14, 28, 91, 182, 365, 730, 1825, 3650)),
)
_MAX_MARKS: Final = 5
_MARGIN: Final = 0.02


def format_time(time: Timestamp) -> str:
    """Return a time to the millisecond: `2026-11-21 18:41:45.270`."""
    return f"{time.to_datetime():%Y-%m-%d %H:%M:%S.%f}"[:-3]


def format_duration(ns: int) -> str:
    """Return a duration in its two largest units: `3 d 4 h`, `1.4 s`, `589 ms`."""
    if ns < 0:
        return f"-{format_duration(-ns)}"
    if ns < _S:
        return f"{ns / _MS:.0f} ms"
    if ns < _MIN:
        return f"{ns / _S:.1f} s"
    for (unit, size), (next_unit, next_size) in pairwise(_UNITS):
        if ns >= size:
            rest = ns % size // next_size
            return f"{ns // size} {unit}" + (f" {rest} {next_unit}" if rest else "")
    raise AssertionError(ns)


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of time, in nanoseconds since 1970, that a drawing's width stands for."""

    start_ns: int
    end_ns: int

    @staticmethod
    def over(times: list[Timestamp]) -> Axis:
        """Return the axis that shows all of some times, with a margin."""
        first, last = min(times).wall_ns, max(times).wall_ns
        margin = int((last - first) * _MARGIN) or _S
        return Axis(first - margin, last + margin)

    def percent(self, ns: int) -> float:
        """Return where a time lies, between 0 and 100; one outside at the border."""
        return min(max(100 * (ns - self.start_ns) / (self.end_ns - self.start_ns), 0.0), 100.0)

    def marks(self) -> list[tuple[int, str]]:
        """Return round times and their labels, at most five."""
        width = self.end_ns - self.start_ns
        step = next((step for step in _STEPS if width // step < _MAX_MARKS), width)
        first = -(-self.start_ns // step) * step
        return [(ns, self._label(ns, step)) for ns in range(first, self.end_ns + 1, step)]

    def _label(self, ns: int, step: int) -> str:
        moment = Timestamp(ns).to_datetime()
        if step >= _D:
            return f"{moment:%Y-%m-%d}"
        if step >= _MIN:
            return f"{moment:%m-%d %H:%M}" if self.end_ns - self.start_ns >= _D else f"{moment:%H:%M}"
        return f"{moment:%H:%M:%S}" if step >= _S else f"{moment:%H:%M:%S.%f}"[:-3]
