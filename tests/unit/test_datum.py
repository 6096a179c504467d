"""Texts of values: the words of both versions, and that Arrow's fast way says the same as the slow one."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ootheca import datum
from ootheca.datum import wire_array, wire_column
from ootheca.types import (
    BOOL,
    BYTES,
    DATE,
    DATE_INFINITY_DAYS,
    FLOAT4,
    FLOAT8,
    INT8,
    INTERVAL,
    STRING,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
    Family,
    SQLType,
    array_of,
)

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden"
DAY_US = 86_400_000_000
intervals = pa.month_day_nano_interval()
decimal_38_10 = SQLType(Family.DECIMAL, 1700, precision=38, width=10)


def rows_of(version: str, table: str) -> list[list[str | None]]:
    tables = json.loads((GOLDEN / version / "a_full" / "expect.json").read_text())["tables"]
    rows: list[list[str | None]] = tables[f"kinds.public.{table}"]["rows"]
    return rows


@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_floats_read_from_a_servers_text_print_as_that_text(version: str) -> None:
    texts = [row[1] for row in rows_of(version, "floats")]
    values = pa.array([None if text is None else float(text) for text in texts])
    assert wire_column(values, FLOAT8, version=version) == texts


@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_float4_uses_the_digits_of_32_bits(version: str) -> None:
    # One value of the set needs more than 32 bits; such a column has the text representation.
    texts = [row[2] for row in rows_of(version, "floats") if row[2] != "1.6777217e+07"]
    values = pa.array([None if text is None else np.float32(text) for text in texts], pa.float32())
    assert wire_column(values, FLOAT4, version=version) == texts


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("20.2", "-1 years -2 mons 3 days -04:05:06.789"),
        ("21.2", "-1 years -2 mons +3 days -04:05:06.789"),
    ],
)
def test_interval_signs_differ_by_version(version: str, expected: str) -> None:
    assert expected in {text for row in rows_of(version, "dates") for text in row}
    values = pa.array([(-14, 3, -14_706_789_000_000), (0, -1, 0), None, (1, 1, 3000)], intervals)
    assert wire_column(values, INTERVAL, version=version) == [
        expected,
        "-1 days",
        None,
        "1 mon 1 day 00:00:00.000003",
    ]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("20.2", "2020-02-29 23:59:59.999999+00:00:00"), ("21.2", "2020-02-29 23:59:59.999999+00")],
)
def test_offset_of_timestamptz_differs_by_version(version: str, expected: str) -> None:
    values = pa.array([1_583_020_799_999_999, None], pa.timestamp("us", tz="UTC"))
    assert wire_column(values, TIMESTAMPTZ, version=version) == [expected, None]
    texts = pa.array(["2020-02-29 23:59:59.999999+00:00:00", None])
    assert wire_column(texts, TIMESTAMPTZ, version=version) == [expected, None]


@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_elements_of_arrays_are_the_same_in_both_versions(version: str) -> None:
    values = pa.array([[0, None], None, []], pa.list_(pa.timestamp("us", tz="UTC")))
    assert wire_column(values, array_of(TIMESTAMPTZ), version=version) == [
        '{"1970-01-01 00:00:00+00:00",NULL}',
        None,
        "{}",
    ]


def test_extreme_moments_are_worded_from_their_numbers() -> None:
    days = pa.array([0, DATE_INFINITY_DAYS, -DATE_INFINITY_DAYS, -719_163, 2_932_897], pa.int32())
    assert wire_column(days.cast(pa.date32()), DATE) == [
        "1970-01-01", "infinity", "-infinity", "0001-12-31 BC", "10000-01-01",
    ]  # fmt: skip
    moments = pa.array([-62_135_596_800_000_001, 2**63 - 1], pa.timestamp("us"))
    assert wire_column(moments, TIMESTAMP) == [
        "0001-12-31 23:59:59.999999 BC",
        "294247-01-10 04:00:54.775807",
    ]
    midnights = pa.array([0, DAY_US], pa.int64()).cast(pa.time64("us"))
    assert wire_column(midnights, TIME) == ["00:00:00", "24:00:00"]


def test_other_types() -> None:
    assert wire_column(pa.array([True, False, None]), BOOL) == ["t", "f", None]
    assert wire_column(pa.array([-5, None]), INT8) == ["-5", None]
    assert wire_column(pa.array([b"\x00\xffa", b"", None]), BYTES) == ["\\x00ff61", "\\x", None]
    uuids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"cafef00ddeadbeef", None], pa.binary(16)))
    assert wire_column(uuids, UUID) == ["63616665-6630-3064-6465-616462656566", None]
    assert wire_column(pa.array(["xy", None]), SQLType(Family.STRING, 1042, width=3)) == ["xy ", None]
    nested = pa.array([["a", "", None, "NULL", 'q"\\', "{x}"]])
    assert wire_column(nested, array_of(STRING)) == ['{a,"",NULL,"NULL","q\\"\\\\","{x}"}']


@given(
    st.lists(
        st.none()
        | st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=-(10**20), max_value=10**20)
    )
)
def test_decimals_keep_all_digits(values: list[Decimal | None]) -> None:
    array = pa.array(values, pa.decimal128(38, 10))
    expected = [None if value is None else datum.format_decimal(value) for value in array.to_pylist()]
    assert wire_column(array, decimal_38_10) == expected


@given(st.lists(st.none() | st.integers(-(2**61), 2**61)))
def test_timestamps_fast_and_slow_agree(values: list[int | None]) -> None:
    expected = [None if value is None else datum.format_timestamp(value) for value in values]
    assert wire_column(pa.array(values, pa.timestamp("us")), TIMESTAMP) == expected


@given(st.lists(st.none() | st.integers(-800_000, 3_000_000)))
def test_dates_fast_and_slow_agree(values: list[int | None]) -> None:
    expected = [None if value is None else datum.format_date(value) for value in values]
    assert wire_column(pa.array(values, pa.int32()).cast(pa.date32()), DATE) == expected


@given(st.lists(st.none() | st.integers(0, DAY_US)))
def test_times_fast_and_slow_agree(values: list[int | None]) -> None:
    expected = [None if value is None else datum.format_time(value) for value in values]
    assert wire_column(pa.array(values, pa.int64()).cast(pa.time64("us")), TIME) == expected


@given(st.floats())
def test_float_text_reads_back(value: float) -> None:
    back = float(datum.format_float(value))
    assert back == value or (back != back and value != value)


def test_slices_are_read_from_their_offset() -> None:
    values = pa.array([(9, 9, 9000), (1, 0, 0), None], intervals).slice(1)
    assert wire_column(values, INTERVAL) == ["1 mon", None]
    lists = pa.array([[9], [1, 2], None]).slice(1)
    assert wire_column(lists, array_of(INT8)) == ["{1,2}", None]
    assert wire_array(pa.array([1, 2]).slice(1), INT8).type == pa.string()
