"""Whole numbers, sizes in bytes and durations, as people write them and as a cluster prints them.

Digits are those of ASCII only: Python's own `isdigit` and `int` know more of them than CockroachDB does, and not the
same ones.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from ootheca.errors import InvalidOptionError

__all__ = ["format_duration", "format_size", "parse_duration", "parse_int", "parse_size"]

_INT: Final = re.compile(r"([+-]?)0*([0-9]+)")
_NUMBER: Final = r"([0-9]+\.?[0-9]*|\.[0-9]+)"
_SIZE: Final = re.compile(rf"\s*{_NUMBER}\s*([KMGTPE]?)(i?)B?\s*", re.IGNORECASE | re.ASCII)
_DURATION_PART: Final = re.compile(rf"{_NUMBER}(ns|us|µs|μs|ms|s|m|h|d)?\s*", re.ASCII)
_CLOCK: Final = re.compile(r"([0-9]+):([0-5][0-9]):([0-5][0-9])")
_MAX_INT64: Final = (1 << 63) - 1
_UNITS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6,
    "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9,
}  # fmt: skip


def parse_int(text: str, *, bits: int = 64) -> int | None:
    """Return the whole number that a text is, in decimal; None for any other text.

    Raises:
        InvalidOptionError: it needs more bits than `bits`, its sign among them.
    """
    match = _INT.fullmatch(text)
    if match is None:
        return None
    # Python refuses to read thousands of digits, so they are counted first.
    number = int(match[1] + match[2]) if len(match[2]) <= len(str(_MAX_INT64)) else None
    limit = 1 << (bits - 1)
    if number is None or not -limit <= number < limit:
        raise InvalidOptionError(
            "integer out of range", sqlstate="22003", hint=f"write a number from {-limit} to {limit - 1}"
        )
    return number


def parse_size(text: str) -> int:
    """Return the bytes that a text such as `10MB` or `1.5 GiB` means, at most 2^63 - 1; a number alone is bytes.

    Raises:
        InvalidOptionError: it is no size, or negative.
    """
    match = _SIZE.fullmatch(text.replace(",", ""))
    if match is None:
        raise InvalidOptionError(
            f'parsing "{text}": invalid syntax', hint="write a number and a unit, such as '10MB' or '10MiB'"
        )
    power = " kmgtpe".index(match[2].lower() or " ")
    size = Decimal(match[1]) * (1024 if match[3] else 1000) ** power
    return int(min(size, Decimal(_MAX_INT64)))


def format_size(size: float) -> str:
    """Return a size in the unit that a cluster would choose: `128 MiB`, `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    is_whole = unit == "B" or size >= 10 or size == int(size)
    return f"{size:.0f} {unit}" if is_whole else f"{size:.1f} {unit}"


def parse_duration(text: str) -> int:
    """Return the nanoseconds that a text such as `10s`, `1m30s`, `-1.5h` or `00:10:00` means.

    A number alone is seconds, as in an INTERVAL; `d` is a day of 24 hours.

    Raises:
        InvalidOptionError: it is no duration, or one of more than 292 years, which 64 bits do not hold.
    """
    unsigned = text.removeprefix("-")
    clock = _CLOCK.fullmatch(unsigned)
    parts = _duration_parts(unsigned)
    if clock is not None:
        parts = list(zip(clock.groups(), ("h", "m", "s"), strict=True))
    if not parts:
        raise InvalidOptionError(
            f'invalid duration "{text}"', hint="write a number and a unit, such as '10s' or '1m30s'"
        )
    nanoseconds = sum(Decimal(number) * _UNITS[unit or "s"] for number, unit in parts)
    if nanoseconds > _MAX_INT64:
        raise InvalidOptionError(
            f'invalid duration "{text}": out of range',
            sqlstate="22003",
            hint="write one of at most 292 years",
        )
    return round(nanoseconds) * (-1 if text.startswith("-") else 1)


def _duration_parts(text: str) -> list[tuple[str, ...]]:
    """Return numbers with their units; only a number alone goes without one. Empty for any other text."""
    found = list(_DURATION_PART.finditer(text))
    is_whole = "".join(part[0] for part in found) == text
    has_units = len(found) == 1 or all(part[2] for part in found)
    return [part.groups() for part in found] if is_whole and has_units else []


def format_duration(nanoseconds: int) -> str:
    """Return a duration as Go prints it: `1m0s`, `1h30m0s`, `1.5s`, `250ms`."""
    if nanoseconds < 0:
        return f"-{format_duration(-nanoseconds)}"
    if nanoseconds < _UNITS["s"]:
        unit = next((u for u in ("ms", "µs", "ns") if nanoseconds >= _UNITS[u]), "s")
        return f"{_quotient(nanoseconds, unit)}{unit}"
    minutes, rest = divmod(nanoseconds, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    shown = (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "")
    return f"{shown}{_quotient(rest, 's')}s"


def _quotient(nanoseconds: int, unit: str) -> str:
    return f"{Decimal(nanoseconds) / _UNITS[unit]:f}"
