"""Text of dates, times and intervals, as CockroachDB prints it and as PostgreSQL users write it.

Source: reference 05 section 8; tables dates and arrays of fixtures/golden/20.2/a_full (`expect.json`).

Value by value in Python: columns travel in their native Arrow types, and these texts are for TIMETZ and for the rare
column with a value beyond its native type. Days and seconds are those of the proleptic Gregorian calendar, of any
year; the year before 1 is `0001 BC`.
"""

from __future__ import annotations

import re

from ootheca import datum
from ootheca.errors import InvalidValueError

__all__ = [
    "NEGATIVE_INFINITY",
    "POSITIVE_INFINITY",
    "format_date",
    "format_interval",
    "format_timestamp",
    "format_timetz",
    "parse_date",
    "parse_interval",
    "parse_time",
    "parse_timestamp",
    "parse_timetz",
]

POSITIVE_INFINITY, NEGATIVE_INFINITY = 2**63 - 1, -(2**63)  # days of the infinite dates
_DAY = 86_400
_MICROS = 10**6
_NANOS = 10**9


def format_date(days: int) -> str:
    """Return the text of days since 1970-01-01."""
    if days == POSITIVE_INFINITY:
        return "infinity"
    return "-infinity" if days == NEGATIVE_INFINITY else datum.format_date(days)


def _fraction(nanos: int) -> str:
    return f".{nanos:09d}".rstrip("0")


def format_timetz(micros: int, west: int, *, in_array: bool = False) -> str:
    """Return the text of a time and its offset; seconds of the offset only if there are any, in arrays always."""
    sign, size = ("-", west) if west > 0 else ("+", -west)
    zone = f"{sign}{size // 3600:02d}:{size // 60 % 60:02d}"
    return datum.format_time(micros) + (f"{zone}:{size % 60:02d}" if size % 60 or in_array else zone)


def format_timestamp(seconds: int, nanos: int, zone: str = "") -> str:
    """Return the text of an instant; `zone` stands before the era."""
    if nanos % 1000:
        return datum.format_timestamp(seconds * _MICROS, _fraction(nanos) + zone)
    return datum.format_timestamp(seconds * _MICROS + nanos // 1000, zone)


def format_interval(months: int, days: int, nanos: int) -> str:
    """Return the text of an interval in the style `postgres`."""
    if nanos % 1000 == 0:
        return datum.format_interval(months, days, nanos // 1000)
    sign = "-" if nanos < 0 else "+" if months < 0 or days < 0 else ""
    seconds, fraction = divmod(abs(nanos), _NANOS)
    clock = sign + datum.format_time(seconds * _MICROS) + _fraction(fraction)
    return f"{datum.format_interval(months, days, 0)} {clock}" if months or days else clock


_DATE = r"(?P<year>\d{1,7})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d*))?)?"
_ZONE_SIZE = r"(?P<zone_hour>\d{1,2})(?::?(?P<zone_minute>\d{2})(?::?(?P<zone_second>\d{2}))?)?"
_ZONE = rf"(?P<zone>Z|UTC|(?P<zone_sign>[+-]){_ZONE_SIZE})"
_ERA = r"(?: ?(?P<era>BC|AD))?"
_DATE_SPELLING = re.compile(_DATE + _ERA, re.IGNORECASE | re.ASCII)
_TIME_SPELLING = re.compile(_TIME, re.ASCII)
_TIMETZ_SPELLING = re.compile(f"{_TIME} ?{_ZONE}?", re.IGNORECASE | re.ASCII)
_TIMESTAMP_SPELLING = re.compile(f"{_DATE}(?:[T ]{_TIME})?(?: ?{_ZONE})?{_ERA}", re.IGNORECASE | re.ASCII)
_MONTH_SIZES = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _match(pattern: re.Pattern[str], text: str, what: str) -> re.Match[str]:
    match = pattern.fullmatch(text.strip())
    if match is None:
        raise InvalidValueError(f'could not parse "{text}" as type {what}', sqlstate="22007")
    return match


def _days_of(match: re.Match[str], what: str) -> int:
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    if (match["era"] or "").upper() == "BC":
        year = 1 - year
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12 or not 1 <= day <= _MONTH_SIZES[month - 1] - (month == 2 and not is_leap):
        raise InvalidValueError(f'could not parse "{match.string}" as type {what}', sqlstate="22008")
    return datum.days_from_civil(year, month, day)


def _nanos_of(match: re.Match[str], what: str, *, hours: int = 24) -> int:
    if match["hour"] is None:
        return 0
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    fraction = int((match["fraction"] or "").ljust(9, "0")[:9])
    nanos = ((hour * 60 + minute) * 60 + second) * _NANOS + fraction
    if minute > 59 or second > 59 or nanos > hours * 3600 * _NANOS:
        raise InvalidValueError(f'could not parse "{match.string}" as type {what}', sqlstate="22008")
    return nanos


def _west_of(match: re.Match[str]) -> int:
    """Seconds west of Greenwich; 0 without a zone."""
    if match["zone_sign"] is None:
        return 0
    size = (
        int(match["zone_hour"]) * 3600 + int(match["zone_minute"] or 0) * 60 + int(match["zone_second"] or 0)
    )
    return size if match["zone_sign"] == "-" else -size


def parse_date(text: str) -> int:
    """Return days since 1970-01-01.

    Raises:
        InvalidValueError: the text is no date.
    """
    word = text.strip().lower()
    if word in ("infinity", "inf"):
        return POSITIVE_INFINITY
    if word in ("-infinity", "-inf"):
        return NEGATIVE_INFINITY
    return _days_of(_match(_DATE_SPELLING, text, "date"), "date")


def _rounded_micros(nanos: int) -> int:
    return (nanos + 500) // 1000


def parse_time(text: str) -> int:
    """Return microseconds since midnight, rounded. Raises InvalidValueError."""
    return _rounded_micros(_nanos_of(_match(_TIME_SPELLING, text, "time"), "time"))


def parse_timetz(text: str) -> tuple[int, int]:
    """Return microseconds since midnight and seconds west of Greenwich. Raises InvalidValueError."""
    match = _match(_TIMETZ_SPELLING, text, "timetz")
    return _rounded_micros(_nanos_of(match, "timetz")), _west_of(match)


def parse_timestamp(text: str, *, has_zone: bool) -> tuple[int, int]:
    """Return seconds since 1970-01-01 and nanoseconds; an offset in the text counts only if `has_zone`.

    Raises:
        InvalidValueError: the text is no timestamp.
    """
    what = "timestamptz" if has_zone else "timestamp"
    match = _match(_TIMESTAMP_SPELLING, text, what)
    seconds, nanos = divmod(_nanos_of(match, what), _NANOS)
    return _days_of(match, what) * _DAY + seconds + (_west_of(match) if has_zone else 0), nanos


_INTERVAL_PART = re.compile(
    r"\s*(?:(?P<sign>[+-])?(?P<hours>\d+):(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2})(?:\.(?P<fraction>\d*))?)?"
    r"|(?P<count>[+-]?\d+(?:\.\d+)?)\s*(?P<unit>[a-z]+))",
    re.IGNORECASE | re.ASCII,
)
_MAX_INTERVAL_TEXT = 200  # characters; longer ones are numbers that no interval holds
_MONTH_UNITS = {
    "year": 12,
    "years": 12,
    "yr": 12,
    "yrs": 12,
    "y": 12,
    "mon": 1,
    "mons": 1,
    "month": 1,
    "months": 1,
}
_DAY_UNITS = {"day": 1, "days": 1, "d": 1, "week": 7, "weeks": 7, "w": 7}
_TIME_UNITS = {
    "hour": 3600 * _NANOS, "hours": 3600 * _NANOS, "hr": 3600 * _NANOS, "hrs": 3600 * _NANOS, "h": 3600 * _NANOS,
    "minute": 60 * _NANOS, "minutes": 60 * _NANOS, "min": 60 * _NANOS, "mins": 60 * _NANOS, "m": 60 * _NANOS,
    "second": _NANOS, "seconds": _NANOS, "sec": _NANOS, "secs": _NANOS, "s": _NANOS,
    "millisecond": 10**6, "milliseconds": 10**6, "ms": 10**6, "microsecond": 1000, "microseconds": 1000, "us": 1000,
}  # fmt: skip


def parse_interval(text: str) -> tuple[int, int, int]:
    """Return months, days, nanoseconds.

    Raises:
        InvalidValueError: the text is no interval, or has a fraction of a month or a day.
    """
    months = days = nanos = 0
    rest = text.strip()
    position = 0
    if len(rest) > _MAX_INTERVAL_TEXT:
        raise _bad_interval(text)
    while position < len(rest):
        match = _INTERVAL_PART.match(rest, position)
        if match is None:
            raise _bad_interval(text)
        position = match.end()
        if match["hours"] is not None:
            size = (int(match["hours"]) * 60 + int(match["minutes"])) * 60 + int(match["seconds"] or 0)
            size = size * _NANOS + int((match["fraction"] or "").ljust(9, "0")[:9])
            nanos += -size if match["sign"] == "-" else size
            continue
        unit, count = match["unit"].lower(), match["count"]
        if unit in _TIME_UNITS:
            whole, _, fraction = count.lstrip("+-").partition(".")
            scale = 10 ** len(fraction)
            size = int(whole + fraction) * _TIME_UNITS[unit] // scale
            nanos += -size if count.startswith("-") else size
        elif "." in count or unit not in _MONTH_UNITS | _DAY_UNITS:
            raise _bad_interval(text)
        else:
            months += int(count) * _MONTH_UNITS.get(unit, 0)
            days += int(count) * _DAY_UNITS.get(unit, 0)
    if not rest:
        raise _bad_interval(text)
    return months, days, nanos


def _bad_interval(text: str) -> InvalidValueError:
    return InvalidValueError(f'could not parse "{text}" as type interval', sqlstate="22007")
