"""Recurrences: what each version reads, when they fire, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from croniter import croniter

from ootheca.errors import OothecaError
from ootheca.exec.cron import ALIASES, Recurrence

NOW = datetime(2026, 11, 22, 1, 50, 3, 123456, tzinfo=UTC)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("takes_long", [True, False])
@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("@hourly", "2026-11-22 02:00"),
        ("@daily", "2026-11-23"),
        ("@midnight", "2026-11-23"),
        ("@weekly", "2026-11-29"),
        ("@monthly", "2026-12-01"),
        ("@yearly", "2027-01-01"),
        ("@annually", "2027-01-01"),
        ("*/15 * * * *", "2026-11-22 02:00"),
        ("1,2-4,50/20 * * * *", "2026-11-22 02:01"),
        ("30 2 * jan-mar SUN", "2027-01-03 02:30"),
        ("0 0 29 2 *", "2028-02-29"),
        ("0 0 ? * MON", "2026-11-23"),
        ("0 0 1 * 1", "2026-11-23"),  # either day, as both are restricted
        ("0 0 */10 * 2", "2026-11-24"),
        ("0 0 * * 7", "2026-11-29"),
    ],
)
def test_fires(text: str, first: str, takes_long: bool) -> None:
    assert Recurrence(text, takes_long=takes_long).first_after(NOW) == moment(first)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("0 0 1 1 * 2030", "2030-01-01"),
        ("30 0 0 1 1 * *", "2027-01-01 00:00:30"),
        ("0 0 L * *", "2026-11-30"),
        ("0 0 15W 8 *", "2027-08-16"),
        ("0 0 * * 5#3", "2026-12-18"),
        ("0 0 * * FRIL", "2026-11-27"),
    ],
)
def test_only_20_2_takes_years_seconds_and_letters(text: str, first: str) -> None:
    assert Recurrence(text, takes_long=True).first_after(NOW) == moment(first)
    with pytest.raises(OothecaError, match="it must be a valid cron expression"):
        Recurrence(text, takes_long=False)


def test_every_is_a_duration_from_whole_seconds_and_newer_than_20_2() -> None:
    every = Recurrence("@every 1h30m", takes_long=False)
    assert every.first_after(NOW) == moment("2026-11-22 03:20:03")
    assert every.gap_after(NOW) == timedelta(hours=1, minutes=30)
    with pytest.raises(OothecaError, match="it must be a valid cron expression"):
        Recurrence("@every 1h30m", takes_long=True)


@pytest.mark.parametrize("takes_long", [True, False])
@pytest.mark.parametrize(
    "text",
    ["every blue moon", "", "@reboot", "@every", "@every 1", "@every 10ms", "* * * *", "60 * * * *", "0 24 * * *",
     "0 0 0 * *", "0 0 * 13 *", "R * * * *", "H * * * *", "a b c d e", "* * * * * * * *", "1,, * * * *"],
)  # fmt: skip
def test_what_is_no_recurrence_is_refused(text: str, takes_long: bool) -> None:
    with pytest.raises(OothecaError) as caught:
        Recurrence(text, takes_long=takes_long)
    assert caught.value.message == (
        f'error parsing schedule expression: "{text}"; it must be a valid cron expression'
    )
    assert caught.value.sqlstate == "XXUUU"
    assert "@hourly" in (caught.value.hint or "")


def test_a_recurrence_that_never_fires_is_refused_when_it_is_asked() -> None:
    never = Recurrence("0 0 30 2 *", takes_long=False)
    assert never.next_after(NOW) is None
    with pytest.raises(OothecaError, match="valid cron expression") as caught:
        never.first_after(NOW)
    assert caught.value.detail == "it never fires"


def test_the_last_firing_has_none_after_it() -> None:
    once = Recurrence("0 0 1 1 * 2030", takes_long=True)
    assert once.gap_after(NOW) == timedelta.max
    assert once.next_after(moment("2030-01-01")) is None


@pytest.mark.parametrize(
    ("text", "hours"), [("@hourly", 1), ("@daily", 24), ("0 3,5 * * *", 2), ("0 0 * * 1", 7 * 24)]
)
def test_the_gap_is_that_of_the_next_two_firings(text: str, hours: int) -> None:
    assert Recurrence(text, takes_long=False).gap_after(NOW) == timedelta(hours=hours)


def test_times_of_other_zones_are_taken_as_what_they_are_in_utc() -> None:
    there = datetime(2026, 3, 29, 1, 30, tzinfo=timezone(timedelta(hours=-7)))
    assert Recurrence("@daily", takes_long=False).first_after(there) == moment("2026-03-30")
    assert Recurrence("@daily", takes_long=False).first_after(there).tzinfo == UTC


@pytest.mark.parametrize("text", [*ALIASES, "7 3,15 * * 1-5", "59 23 31 * *", "0 12 29 2 *"])
def test_ten_years_are_those_of_the_library(text: str) -> None:
    time, mine, theirs = NOW, [], croniter(ALIASES.get(text, text), NOW)
    recurrence = Recurrence(text, takes_long=False)
    for _ in range(20):
        time = recurrence.first_after(time)
        mine.append(time)
    assert mine == [theirs.get_next(datetime) for _ in mine]
