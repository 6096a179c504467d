"""Dates and times without Python's limits: days and microseconds since 1970-01-01, years before Christ included.

Layout of the texts: reference "text of a datum on the wire".
"""

from __future__ import annotations

import re

from ootheca.datum import civil_from_days, days_from_civil, format_time
from ootheca.datum import format_timestamp as _format_timestamp
from ootheca.errors import InvalidValueError
from ootheca.types import DATE_INFINITY_DAYS

__all__ = [
    "format_timestamp",
    "parse_date",
    "parse_interval",
    "parse_time",
    "parse_timestamp",
    "parse_timetz",
]

DAY_US = 86_400_000_000
_DATE = r"(?P<year>\d{1,7})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?P<fraction>\.\d*)?)?"
_ZONE = r"(?P<zone>Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2}(?::?\d{2})?)?)?"
_TIMESTAMP = re.compile(
    rf"\s*{_DATE}(?:(?:[T ]\s*){_TIME}\s*{_ZONE})?\s*(?P<bc>BC|\(BC\))?\s*", re.IGNORECASE | re.ASCII
)
_CLOCK = re.compile(rf"\s*{_TIME}\s*{_ZONE}\s*", re.IGNORECASE | re.ASCII)
_COMPACT = re.compile(r"\s*(\d{4})(\d{2})(\d{2})\s*", re.ASCII)
_SPECIAL = {"infinity": DATE_INFINITY_DAYS, "-infinity": -DATE_INFINITY_DAYS, "epoch": 0}


def _bad(text: str, kind: str) -> InvalidValueError:
    return InvalidValueError(f'parsing as type {kind}: could not parse "{text}"', sqlstate="22007")


def _days(match: re.Match[str], text: str, kind: str) -> int:
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    year = 1 - year if match["bc"] else year
    days = days_from_civil(year, month, day) if 1 <= month <= 12 else 0
    if not 1 <= month <= 12 or civil_from_days(days) != (year, month, day):
        raise _bad(text, kind)
    return days


def _micros(match: re.Match[str], text: str, kind: str) -> int:
    if match["hour"] is None:
        return 0
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    fraction = round(float("0" + (match["fraction"] or ".") + "0") * 1_000_000)
    total = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    if minute > 59 or second > 60 or total > DAY_US:
        raise _bad(text, kind)
    return total


def _offset_seconds(zone: str | None) -> int | None:
    """Return seconds east of UTC; None without a zone."""
    if not zone:
        return None
    if zone[0] not in "+-":
        return 0
    digits = re.findall(r"\d{2}", zone if ":" not in zone else zone.replace(":", ""))
    if not digits:
        digits = [zone[1:]]
    elif len(re.sub(r"\D", "", zone)) % 2:
        numbers = re.sub(r"\D", "", zone)
        digits = [numbers[:1], *re.findall(r"\d{2}", numbers[1:])]
    seconds = sum(int(part) * unit for part, unit in zip(digits, (3600, 60, 1), strict=False))
    return -seconds if zone[0] == "-" else seconds


def parse_date(text: str) -> int:
    """Return days since 1970-01-01; ±DATE_INFINITY_DAYS for ±infinity."""
    special = _SPECIAL.get(text.strip().lower())
    if special is not None:
        return special
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        compact = _COMPACT.fullmatch(text)
        match = _TIMESTAMP.fullmatch("-".join(compact.groups())) if compact is not None else None
    if match is None:
        raise _bad(text, "date")
    return _days(match, text, "date")


def parse_timestamp(text: str, *, with_zone: bool) -> int:
    """Return microseconds since 1970-01-01 UTC; a zone in a TIMESTAMP's text is ignored, as CockroachDB does."""
    kind = "timestamptz" if with_zone else "timestamp"
    if text.strip().lower() == "epoch":
        return 0
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise _bad(text, kind)
    offset = _offset_seconds(match["zone"]) if with_zone else 0
    return _days(match, text, kind) * DAY_US + _micros(match, text, kind) - (offset or 0) * 1_000_000


def parse_time(text: str) -> int:
    """Return microseconds since midnight, 24:00 included; the date and zone of a longer text are ignored."""
    match = _CLOCK.fullmatch(text) or _TIMESTAMP.fullmatch(text)
    if match is None or match["hour"] is None:
        raise _bad(text, "time")
    return _micros(match, text, "time")


def parse_timetz(text: str) -> tuple[int, int]:
    """Return (microseconds since midnight, offset in seconds east)."""
    match = _CLOCK.fullmatch(text) or _TIMESTAMP.fullmatch(text)
    if match is None or match["hour"] is None:
        raise _bad(text, "timetz")
    return _micros(match, text, "timetz"), _offset_seconds(match["zone"]) or 0


def format_timestamp(micros: int, *, zone: str = "", astronomical: bool = False) -> str:
    """Return `YYYY-MM-DD HH:MM:SS[.ffffff]` + zone + ` BC`; `astronomical`: a year before Christ with a sign."""
    days, rest = divmod(micros, DAY_US)
    year, month, day = civil_from_days(days)
    if year <= 0 and astronomical:
        return f"-{-year:04d}-{month:02d}-{day:02d} {format_time(rest)}{zone}"
    return _format_timestamp(micros, zone)


_UNITS: dict[str, tuple[str, int]] = {}
for _names, _part, _size in (
    ("microsecond microseconds us usec usecs µs", "us", 1),
    ("millisecond milliseconds ms msec msecs", "us", 1_000),
    ("second seconds s sec secs", "us", 1_000_000),
    ("minute minutes m min mins", "us", 60_000_000),
    ("hour hours h hr hrs", "us", 3_600_000_000),
    ("day days d", "days", 1),
    ("week weeks w", "days", 7),
    ("month months mon mons", "months", 1),
    ("year years y yr yrs", "months", 12),
    ("decade decades", "months", 120),
    ("century centuries", "months", 1_200),
):
    for _name in _names.split():
        _UNITS[_name] = (_part, _size)
_ISO_UNITS = {"Y": "year", "M": "month", "W": "week", "D": "day"}
_ISO_TIMES = {"H": "hour", "M": "minute", "S": "second"}
_PART = re.compile(
    r"\s*(?:(?P<clock>[+-]?\d+:\d+(?::\d+(?:\.\d*)?)?)|(?P<months>[+-]?\d+-\d+)"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))\s*(?P<unit>[A-Za-zµ]+)?)\s*(?P<ago>ago)?",
    re.IGNORECASE | re.ASCII,
)
_MAX_INTERVAL_TEXT = 200  # characters; longer ones are numbers that no interval holds


def parse_interval(text: str, unit: str = "second") -> tuple[int, int, int]:
    """Return (months, days, microseconds); `unit` is that of a bare last number (`INTERVAL '1' DAY`)."""
    body = text.strip()
    if not body or len(body) > _MAX_INTERVAL_TEXT:
        raise InvalidValueError(
            f'could not parse "{text}" as type interval: invalid input syntax', sqlstate="22007"
        )
    if body[0] in "Pp":
        body = _spell_iso(body)
    total = {"months": 0, "days": 0, "us": 0}
    position = 0
    while position < len(body):
        match = _PART.match(body, position)
        if match is None or match.end() == position:
            raise InvalidValueError(
                f'could not parse "{text}" as type interval: invalid input syntax', sqlstate="22007"
            )
        position = match.end()
        _add_part(total, match, text, unit)
        if match["ago"]:
            total = {name: -value for name, value in total.items()}
    return total["months"], total["days"], total["us"]


def _spell_iso(text: str) -> str:
    date, _, clock = text[1:].upper().partition("T")
    words = [f"{n} {_ISO_UNITS[u]}" for n, u in re.findall(r"([+-]?[0-9.]+)([YMWD])", date)]
    words += [f"{n} {_ISO_TIMES[u]}" for n, u in re.findall(r"([+-]?[0-9.]+)([HMS])", clock)]
    return " ".join(words) or "invalid"


def _add_part(total: dict[str, int], match: re.Match[str], text: str, default_unit: str) -> None:
    if match["clock"]:
        sign = -1 if match["clock"][0] == "-" else 1
        hours, minutes, *seconds = match["clock"].lstrip("+-").split(":")
        micros = (int(hours) * 60 + int(minutes)) * 60_000_000
        total["us"] += sign * (micros + round(float(seconds[0] if seconds else 0) * 1_000_000))
        return
    if match["months"]:
        sign = -1 if match["months"][0] == "-" else 1
        years, months = match["months"].lstrip("+-").split("-")
        total["months"] += sign * (int(years) * 12 + int(months))
        return
    name = (match["unit"] or default_unit).lower()
    if name not in _UNITS:
        raise InvalidValueError(
            f'could not parse "{text}" as type interval: unknown unit in duration "{name}"', sqlstate="22007"
        )
    part, size = _UNITS[name]
    number = match["number"]
    if "." not in number:
        total[part] += int(number) * size
        return
    amount = float(number) * size
    whole = int(amount)
    total[part] += whole if part != "us" else round(amount)
    rest = amount - whole
    if part == "months":
        total["days"] += round(rest * 30)
    elif part == "days":
        total["us"] += round(rest * DAY_US)
