"""Hybrid logical time: timestamps as the server prints and parses them, clocks, and numbers made from time.

A timestamp is nanoseconds since 1970-01-01 UTC and a logical counter that orders events within one
nanosecond.
Whoever needs the time takes a `Clock`, so that tests decide what it says.

Source: fixtures/golden/*/*/make.sql marks (decimal form), k_errors/output.txt (Go and HLC forms), SST names
and job ids of the same sets (unique numbers).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from ootheca.errors import InvalidValueError

__all__ = [
    "ZERO_TIMESTAMP",
    "Clock",
    "FixedClock",
    "SystemClock",
    "Timestamp",
    "parse_timestamp",
    "unique_int64",
    "unique_int64_block",
    "unique_int64_time",
]

_NS_PER_SECOND: Final = 1_000_000_000
_NS_PER_UNIQUE_UNIT: Final = 10_000
_UNIQUE_EPOCH_NS: Final = 1_420_070_400 * _NS_PER_SECOND  # 2015-01-01 UTC
_NODE_ID_BITS: Final = 15
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_WALL_NS: Final = 2**63 - 1
_MAX_LOGICAL: Final = 2**31 - 1
_DECIMAL: Final = re.compile(r"([0-9]+)(?:\.([0-9]*))?\Z")


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A point in hybrid logical time; ordered by `wall_ns`, then `logical`.

    Attributes:
        wall_ns: nanoseconds since 1970-01-01 00:00:00 UTC.
        logical: position among the events of that nanosecond.
    """

    wall_ns: int
    logical: int = 0

    def __str__(self) -> str:
        """Return the decimal form, which `AS OF SYSTEM TIME` takes: `1604188800000000000.0000000001`."""
        return f"{self.wall_ns}.{self.logical:010d}"

    def __bool__(self) -> bool:
        return self.wall_ns != 0 or self.logical != 0

    def format_hlc(self) -> str:
        """Return seconds, nanoseconds and counter as internal errors print them: `4102444800.000000000,0`."""
        seconds, ns = divmod(self.wall_ns, _NS_PER_SECOND)
        return f"{seconds}.{ns:09d},{self.logical}"

    def format_go(self) -> str:
        """Return the UTC time as messages print it: `2026-11-21 17:38:53.531310674 +0000 UTC`."""
        seconds, ns = divmod(self.wall_ns, _NS_PER_SECOND)
        fraction = f".{ns:09d}".rstrip("0") if ns else ""
        return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"

    def to_datetime(self) -> datetime:
        """Return the UTC time, cut to whole microseconds."""
        return _EPOCH + timedelta(microseconds=self.wall_ns // 1000)

    @classmethod
    def from_datetime(cls, moment: datetime) -> Timestamp:
        """Return the timestamp of an aware datetime, exactly.

        Raises:
            ValueError: the datetime has no zone.
        """
        if moment.tzinfo is None:
            raise ValueError("a datetime without zone names no point in time")
        return cls((moment - _EPOCH) // timedelta(microseconds=1) * 1000)

    def next(self) -> Timestamp:
        """Return the smallest timestamp after this one."""
        return Timestamp(self.wall_ns, self.logical + 1)

    def prev(self) -> Timestamp:
        """Return the largest timestamp before this one.

        Raises:
            ValueError: nothing is before zero.
        """
        if self.logical:
            return Timestamp(self.wall_ns, self.logical - 1)
        if not self.wall_ns:
            raise ValueError("no timestamp lies before zero")
        return Timestamp(self.wall_ns - 1, _MAX_LOGICAL)


ZERO_TIMESTAMP: Final = Timestamp(0)


def parse_timestamp(text: str) -> Timestamp:
    """Parse the decimal form; the fraction holds the counter in up to ten digits, and may be left out.

    Raises:
        InvalidValueError: no decimal number, or out of range.
    """
    match = _DECIMAL.match(text.strip())
    if match is None:
        raise InvalidValueError(f"cannot parse {text!r} as a decimal timestamp")
    digits = (match[2] or "").rstrip("0")
    if len(digits) > 10:
        raise InvalidValueError(
            f"cannot parse {text!r} as a decimal timestamp: logical part has too many digits"
        )
    wall = match[1].lstrip("0") or "0"
    # Python refuses to read thousands of digits, so they are counted first.
    wall_ns = int(wall) if len(wall) < 20 else _MAX_WALL_NS + 1
    timestamp = Timestamp(wall_ns, int(digits.ljust(10, "0")))
    if timestamp.wall_ns > _MAX_WALL_NS or timestamp.logical > _MAX_LOGICAL:
        raise InvalidValueError(f"cannot parse {text!r} as a decimal timestamp: out of range")
    return timestamp


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> Timestamp:
        """Return a timestamp later than every one returned before, from any thread."""
        ...


class SystemClock:
    """A hybrid logical clock over the machine's clock: it never goes back, even when the machine's does."""

    def __init__(
        self, *, read_ns: Callable[[], int] = time.time_ns, after: Timestamp = ZERO_TIMESTAMP
    ) -> None:
        self._read_ns = read_ns
        self._last = after
        self._lock = threading.Lock()

    def now(self) -> Timestamp:
        """Return the machine's time, or the next logical step where it has not moved on."""
        with self._lock:
            wall_ns = self._read_ns()
            self._last = Timestamp(wall_ns) if wall_ns > self._last.wall_ns else self._last.next()
            return self._last

    def forward(self, timestamp: Timestamp) -> None:
        """Make sure that `now` stays after a timestamp seen elsewhere (in a store's file, or in a backup)."""
        with self._lock:
            self._last = max(self._last, timestamp)


class FixedClock:
    """A clock for tests: starts where told, and moves by a fixed step with each reading."""

    def __init__(self, start: Timestamp, *, step_ns: int = 1) -> None:
        if step_ns < 1:
            raise ValueError("a clock moves forward")
        self._next = start
        self._step_ns = step_ns

    def now(self) -> Timestamp:
        """Return the present reading, and move on."""
        reading = self._next
        self._next = Timestamp(reading.wall_ns + self._step_ns)
        return reading


_unique_lock = threading.Lock()
_system_units: list[int] = [0]
_clock_units: WeakKeyDictionary[Clock, list[int]] = WeakKeyDictionary()


def unique_int64(clock: Clock, node_id: int = 1) -> int:
    """Return a number for an SST, a job or a row: unique in this process and later than all before it.

    Layout: units:48 node_id:15, where a unit is 10 µs since 2015-01-01 UTC. Where the clock has not reached
    the next unit, the number runs ahead of it. All system clocks share one sequence; any other clock has its
    own.

    Source: fixtures/golden/20.2/a_full/extern/full/*.sst (names), output.txt (job ids).
    """
    return unique_int64_block(clock, 1, node_id)[0]


def unique_int64_block(clock: Clock, count: int, node_id: int = 1) -> range:
    """Return so many numbers of `unique_int64` at once, as a range (`numpy.arange` takes its three parts)."""
    if not 0 <= node_id < 1 << _NODE_ID_BITS:
        raise ValueError(f"node id {node_id} does not fit {_NODE_ID_BITS} bits")
    units = max(clock.now().wall_ns - _UNIQUE_EPOCH_NS, 0) // _NS_PER_UNIQUE_UNIT
    with _unique_lock:
        last = _system_units if isinstance(clock, SystemClock) else _clock_units.setdefault(clock, [0])
        first = max(units, last[0] + 1)
        last[0] = first + count - 1
    step = 1 << _NODE_ID_BITS
    return range(first * step | node_id, (first + count) * step | node_id, step)


def unique_int64_time(number: int) -> Timestamp:
    """Return the time that a number of `unique_int64` carries, in steps of 10 µs."""
    return Timestamp((number >> _NODE_ID_BITS) * _NS_PER_UNIQUE_UNIT + _UNIQUE_EPOCH_NS)
