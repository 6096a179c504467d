"""Timestamps, clocks, and the numbers made from them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ootheca.clock import (
    FixedClock,
    SystemClock,
    Timestamp,
    parse_timestamp,
    unique_int64,
    unique_int64_block,
    unique_int64_time,
)
from ootheca.errors import InvalidValueError

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden" / "20.2" / "a_full"


def test_forms_of_one_timestamp() -> None:
    timestamp = Timestamp(1604188800000000000, 1)
    assert str(timestamp) == "1604188800000000000.0000000001"
    assert timestamp.format_hlc() == "1604188800.000000000,1"
    assert timestamp.format_go() == "2020-11-01 00:00:00 +0000 UTC"
    assert timestamp.to_datetime() == datetime(2020, 11, 1, tzinfo=UTC)


def test_forms_in_the_servers_messages() -> None:
    # fixtures/golden/20.2/k_errors/output.txt
    assert Timestamp(1795282733531310674).format_go() == "2026-11-21 17:38:53.531310674 +0000 UTC"
    assert Timestamp(4102444800 * 10**9).format_hlc() == "4102444800.000000000,0"
    assert Timestamp(1795282733788737449).format_hlc() == "1795282733.788737449,0"
    assert Timestamp(1795282733530000000).format_go() == "2026-11-21 17:38:53.53 +0000 UTC"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1795282733348327124.0000000000", Timestamp(1795282733348327124)),
        ("1604188800000000000.0000000001", Timestamp(1604188800000000000, 1)),
        ("1604188800000000000", Timestamp(1604188800000000000)),
        ("1604188800000000000.1", Timestamp(1604188800000000000, 1000000000)),
        ("5.", Timestamp(5)),
        ("5.00000000010", Timestamp(5, 1)),
    ],
)
def test_parsing_the_decimal_form(text: str, expected: Timestamp) -> None:
    assert parse_timestamp(text) == expected


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "1.2.3", "1e3", "1.00000000001", str(2**63), "1.9999999999", "١", "1_0"]
)
def test_texts_that_are_no_timestamp(text: str) -> None:
    with pytest.raises(InvalidValueError, match="decimal timestamp"):
        parse_timestamp(text)


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**31 - 1))
def test_decimal_form_round_trips(wall_ns: int, logical: int) -> None:
    timestamp = Timestamp(wall_ns, logical)
    assert parse_timestamp(str(timestamp)) == timestamp


@given(st.integers(0, 292 * 366 * 86400 * 10**6))
def test_datetime_round_trips(microseconds: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert Timestamp.from_datetime(moment).to_datetime() == moment


def test_datetime_of_another_zone_is_the_same_moment() -> None:
    moment = datetime(2020, 11, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert Timestamp.from_datetime(moment) == Timestamp(1604188800000000000)
    with pytest.raises(ValueError, match="zone"):
        Timestamp.from_datetime(moment.replace(tzinfo=None))


def test_order_and_neighbours() -> None:
    assert Timestamp(1, 9) < Timestamp(2) < Timestamp(2, 1)
    assert Timestamp(2).next() == Timestamp(2, 1)
    assert Timestamp(2, 1).prev() == Timestamp(2)
    assert Timestamp(2).prev() < Timestamp(2)
    assert Timestamp(2).prev() > Timestamp(1, 2**31 - 2)
    assert not Timestamp(0)
    assert Timestamp(0, 1)
    with pytest.raises(ValueError, match="zero"):
        Timestamp(0).prev()


def test_system_clock_never_goes_back() -> None:
    readings = iter([100, 100, 50, 200, 150])
    clock = SystemClock(read_ns=lambda: next(readings))
    assert [clock.now() for _ in range(5)] == [
        Timestamp(100),
        Timestamp(100, 1),
        Timestamp(100, 2),
        Timestamp(200),
        Timestamp(200, 1),
    ]


def test_system_clock_stays_after_what_was_seen_elsewhere() -> None:
    clock = SystemClock(read_ns=lambda: 10)
    clock.forward(Timestamp(50, 3))
    clock.forward(Timestamp(20))
    assert clock.now() == Timestamp(50, 4)


def test_system_clock_is_strict_over_threads() -> None:
    clock = SystemClock(read_ns=lambda: 7)
    seen: list[Timestamp] = []
    threads = [
        threading.Thread(target=lambda: seen.extend(clock.now() for _ in range(200))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 800


def test_fixed_clock_moves_as_told() -> None:
    clock = FixedClock(Timestamp(1000), step_ns=10)
    assert [clock.now().wall_ns for _ in range(3)] == [1000, 1010, 1020]


def test_unique_number_of_a_known_moment() -> None:
    # An SST of fixtures/golden/20.2/a_full, written at 2026-11-21 17:37:38.42194 UTC by node 1.
    clock = FixedClock(Timestamp.from_datetime(datetime(2026, 11, 21, 17, 37, 38, 421940, tzinfo=UTC)))
    assert unique_int64(clock) == 1229495528397012993


def test_sst_names_carry_the_time_of_their_backup() -> None:
    names = [int(path.stem) for path in (GOLDEN / "extern" / "full").glob("*.sst")]
    assert names
    assert {name & 0x7FFF for name in names} == {1}
    days = {unique_int64_time(name).to_datetime().date().isoformat() for name in names}
    assert days == {"2026-11-21"}


def test_unique_numbers_grow_within_one_unit_of_time() -> None:
    clock = FixedClock(Timestamp(1604188800000000000))
    numbers = [unique_int64(clock) for _ in range(100)]
    assert numbers == sorted(set(numbers))
    block = unique_int64_block(clock, 1000)
    assert len(block) == 1000
    assert block[0] > numbers[-1]
    assert unique_int64(clock) > block[-1]


def test_unique_numbers_of_all_system_clocks_are_one_sequence() -> None:
    clocks = [SystemClock(), SystemClock(read_ns=lambda: 1)]
    numbers = [unique_int64(clocks[i % 2]) for i in range(10)]
    assert numbers == sorted(set(numbers))


def test_node_id_must_fit() -> None:
    clock = FixedClock(Timestamp(1604188800000000000))
    assert unique_int64(clock, 32767) & 0x7FFF == 32767
    with pytest.raises(ValueError, match="32768"):
        unique_int64(clock, 32768)
