"""When a schedule fires: crontab expressions in UTC, and the only door to the library that evaluates them.

Version 20.2 takes five fields, six (a year behind them) or seven (seconds before them), and the letters L, W and #.
Later ones take the five standard fields, and `@every` with a duration. All take names such as `@daily`.

Source: reference/sql/05 §1.1; 09 §8 (the error).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from croniter import CroniterBadCronError, CroniterBadDateError, croniter

from ootheca.codec.datetimes import parse_interval
from ootheca.errors import InvalidValueError, OothecaError

__all__ = ["ALIASES", "Recurrence"]

ALIASES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""The names of frequent recurrences, and what they stand for."""

_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_EVERY: Final = "@every "
_VALUE = r"(?:\d+|[a-z]{3})"
_STANDARD = re.compile(rf"(?:[*?]|{_VALUE}(?:-{_VALUE})?)(?:/\d+)?")
# The letters of 20.2: the last day, the weekday nearest to a day, the n-th or last weekday of a month.
_LONG = re.compile(rf"{_STANDARD.pattern}|l|\d+w|{_VALUE}#[1-5]|(?P<last>{_VALUE})l")


class Recurrence:
    """A recurrence as a user wrote it.

    Args:
        text: a crontab expression, one of `ALIASES`, or `@every` and a duration.
        takes_long: as version 20.2 reads them.

    Attributes:
        text: kept as it was written.

    Raises:
        OothecaError: `error parsing schedule expression: …`.
    """

    def __init__(self, text: str, *, takes_long: bool) -> None:
        self.text = text
        self._every: timedelta | None = None
        self._fields = ""
        if text.lower().startswith(_EVERY) and not takes_long:
            self._every = _duration(text)
        else:
            self._fields = _seven_fields(text, takes_long=takes_long)

    def __repr__(self) -> str:
        return f"Recurrence({self.text!r})"

    def next_after(self, time: datetime) -> datetime | None:
        """Return the first firing after a time, in UTC and whole seconds; None when there is none any more."""
        if self._every is not None:
            return time.astimezone(UTC).replace(microsecond=0) + self._every
        try:
            found = croniter(self._fields, time.astimezone(UTC), second_at_beginning=True).get_next(datetime)
        except CroniterBadDateError:
            return None
        return cast(datetime, found)

    def first_after(self, time: datetime) -> datetime:
        """Return the first firing after a time.

        Raises:
            OothecaError: it never fires.
        """
        first = self.next_after(time)
        if first is None:
            raise _refused(self.text, detail="it never fires")
        return first

    def gap_after(self, time: datetime) -> timedelta:
        """Return how far the next two firings lie apart; the longest time there is for one that fires but once.

        Raises:
            OothecaError: it never fires.
        """
        first = self.first_after(time)
        second = self.next_after(first)
        return timedelta.max if second is None else second - first


def _seven_fields(text: str, *, takes_long: bool) -> str:
    """Return an expression from seconds to years.

    Raises:
        OothecaError: it is none.
    """
    fields = ALIASES.get(text.strip().lower(), text).lower().split()
    if len(fields) == 5 or (takes_long and len(fields) == 6):
        fields.insert(0, "0")
    elif not takes_long or len(fields) != 7:
        raise _refused(text, detail=f"it has {len(fields)} fields")
    pattern = _LONG if takes_long else _STANDARD
    for number, field in enumerate(fields):
        fields[number] = ",".join(_item(item, pattern, text) for item in field.split(","))
    if len(fields) == 6:
        fields.append("*")
    try:
        croniter(" ".join(fields), datetime(2000, 1, 1, tzinfo=UTC), second_at_beginning=True)
    except CroniterBadCronError as exc:
        raise _refused(text) from exc
    return " ".join(fields)


def _item(item: str, pattern: re.Pattern[str], text: str) -> str:
    """Return one item of a field in the library's spelling.

    The library knows more than CockroachDB does, such as random values, so it is not asked what an item may be.
    """
    match = pattern.fullmatch(item)
    if match is None:
        raise _refused(text, detail=f'it has "{item}"')
    last = match.groupdict().get("last")
    if last is None:
        return item
    return f"l{_DAYS.index(last) if last in _DAYS else last}"


def _duration(text: str) -> timedelta:
    try:
        months, days, nanos = parse_interval(text[len(_EVERY) :].strip())
    except InvalidValueError as exc:
        raise _refused(text) from exc
    every = timedelta(days=30 * months + days, microseconds=nanos // 1000)
    if every < timedelta(seconds=1):
        raise _refused(text, detail="the duration is shorter than a second")
    return every - timedelta(microseconds=every.microseconds)


def _refused(text: str, *, detail: str | None = None) -> OothecaError:
    return OothecaError(
        f'error parsing schedule expression: "{text}"; it must be a valid cron expression',
        detail=detail,
        hint="write five fields, such as '30 2 * * 1-5', or one of " + ", ".join(ALIASES),
    )
