"""Whole numbers, sizes and durations as people write them."""

from __future__ import annotations

import pytest

from ootheca.errors import InvalidOptionError
from ootheca.exec.quantities import format_duration, format_size, parse_duration, parse_int, parse_size

SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("-5", -5), ("+5", 5), ("0" * 5000 + "1", 1), (str(2**63 - 1), 2**63 - 1)],
)
def test_int(text: str, number: int) -> None:
    assert parse_int(text) == number


@pytest.mark.parametrize("text", ["", " ", "-", "--5", "1.5", "1e3", "1_000", " 5", "5\n", "²", "٣", "a\0b"])
def test_no_int(text: str) -> None:
    assert parse_int(text) is None


@pytest.mark.parametrize(
    ("text", "bits"),
    [("2147483648", 32), ("-2147483649", 32), (str(2**63), 64), (str(-(2**63) - 1), 64), ("9" * 5000, 64)],
)
def test_int_out_of_range(text: str, bits: int) -> None:
    with pytest.raises(InvalidOptionError, match="integer out of range") as caught:
        parse_int(text, bits=bits)
    assert caught.value.sqlstate == "22003"
    assert caught.value.hint is not None


@pytest.mark.parametrize(("text", "bits"), [("-2147483648", 32), ("2147483647", 32), (str(-(2**63)), 64)])
def test_int_at_the_bounds(text: str, bits: int) -> None:
    assert parse_int(text, bits=bits) == int(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10KB", 10_000),
        ("1KiB", 1024),
        ("2 MB", 2_000_000),
        ("1,5", 15),
        (".5k", 500),
        ("9007199254740993", 9007199254740993),  # a FLOAT would lose the last digit
        ("9" * 5000, 2**63 - 1),
    ],
)
def test_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", ".", "-1", "1.2.3MB", "²", "٣MB", "MB", "1e3"])
def test_no_size(text: str) -> None:
    with pytest.raises(InvalidOptionError, match="invalid syntax"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1024, "1.0 KiB"), (128 << 20, "128 MiB"), (1536, "1.5 KiB")]
)
def test_size_is_shown(size: int, text: str) -> None:
    assert format_size(size) == text.replace("1.0", "1")


@pytest.mark.parametrize(
    ("text", "nanoseconds", "shown"),
    [
        ("10s", 10 * SECOND, "10s"),
        ("1m30s", 90 * SECOND, "1m30s"),
        ("1h", 3600 * SECOND, "1h0m0s"),
        ("500ms", SECOND // 2, "500ms"),
        ("1.s", SECOND, "1s"),
        (".5s", SECOND // 2, "500ms"),
        ("2d", 172_800 * SECOND, "48h0m0s"),
        ("30", 30 * SECOND, "30s"),
        ("01:02:03", 3723 * SECOND, "1h2m3s"),
        ("-1h30m", -5400 * SECOND, "-1h30m0s"),
        ("1.5µs", 1500, "1.5µs"),
        ("123456789ns", 123456789, "123.456789ms"),
        ("0", 0, "0s"),
    ],
)
def test_duration(text: str, nanoseconds: int, shown: str) -> None:
    assert parse_duration(text) == nanoseconds
    assert format_duration(nanoseconds) == shown
    assert parse_duration(shown) == nanoseconds


@pytest.mark.parametrize(
    "text", ["", "-", "--1s", "s", "1.2.3s", "²s", "٣s", "1:2:3", "00:60:00", "1 s", "1x", "9" * 5000 + "h"]
)
def test_no_duration(text: str) -> None:
    with pytest.raises(InvalidOptionError, match="invalid duration"):
        parse_duration(text)
