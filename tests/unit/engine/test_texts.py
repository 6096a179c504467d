"""Text to datum: one spelling per value, and CockroachDB's words for what is none."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ootheca.datum import format_date, format_decimal, format_interval
from ootheca.engine.calendar import format_timestamp, parse_date, parse_interval, parse_timestamp
from ootheca.engine.decimals import arithmetic, decimal_key, fit, parse_decimal
from ootheca.engine.jsons import contains, format_json, parse_json
from ootheca.engine.keybytes import encode_key_datum
from ootheca.engine.texts import canonical, format_float, parse_array, text_key
from ootheca.errors import OothecaError
from ootheca.types import (
    BOOL,
    BYTES,
    DATE,
    DECIMAL,
    FLOAT8,
    INT2,
    INT8,
    INTERVAL,
    JSONB,
    STRING,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UUID,
    Family,
    SQLType,
    array_of,
)
from tests.unit.engine.cluster import enum

INET = SQLType(Family.INET, 869)
MOOD = enum("public.mood", "sad", "ok")


@pytest.mark.parametrize(
    ("text", "type_", "shown"),
    [
        (" YES ", BOOL, "t"),
        ("-0042", INT8, "-42"),
        ("1e400", DECIMAL, "1E+400"),
        ("1.10", DECIMAL, "1.10"),
        ("-1.005", SQLType(Family.DECIMAL, 1700, precision=10, width=2), "-1.01"),
        ("inf", DECIMAL, "Infinity"),
        ("+Inf", FLOAT8, "+Inf"),
        ("5e-324", FLOAT8, "5e-324"),
        ("2020-02-29", DATE, "2020-02-29"),
        ("4714-11-24 BC", DATE, "4714-11-24 BC"),
        ("infinity", DATE, "infinity"),
        ("24:00", TIME, "24:00:00"),
        ("12:34:56.7896", SQLType(Family.TIME, 1083, precision=3, time_precision_is_set=True), "12:34:56.79"),
        ("01:02:03-07", TIMETZ, "01:02:03-07:00"),
        ("12:00:00+00:00:30", TIMETZ, "12:00:00+00:00:30"),
        ("2020-01-01T10:00:00+02", TIMESTAMP, "2020-01-01 10:00:00"),
        ("2020-01-01T10:00:00+02", TIMESTAMPTZ, "2020-01-01 08:00:00+00:00:00"),
        ("294276-12-31 23:59:59", TIMESTAMP, "294276-12-31 23:59:59"),
        ("-1 year -2 mons +3 days -04:05:06.789", INTERVAL, "-1 years -2 mons 3 days -04:05:06.789"),
        ("P1Y2M3DT4H5M6.5S", INTERVAL, "1 year 2 mons 3 days 04:05:06.5"),
        ("-290 years 1 mon", INTERVAL, "-289 years -11 mons"),
        ("63616665663030646464616462656566", UUID, "63616665-6630-3064-6464-616462656566"),
        ("2001:db8::ff00:42:8329/128", INET, "2001:db8::ff00:42:8329"),
        ("10.0.0.0/8", INET, "10.0.0.0/8"),
        ("::ffff:1.2.3.4", INET, "::ffff:1.2.3.4"),
        ('{"b":1,"a":[1.50,null,"x\\u00e9"]}', JSONB, '{"a": [1.50, null, "xé"], "b": 1}'),
        (r"\x00FF", BYTES, r"\x00ff"),
        (r"a\\\001", BYTES, r"\x615c01"),
        ("t  ", SQLType(Family.STRING, 1042, width=3, visible_type=8), "t"),
        ("xy", SQLType(Family.STRING, 18, width=1, visible_type=9), "x"),
        ("ok", MOOD, "ok"),
        ('{1,NULL," 2 "}', array_of(INT8), "{1,NULL,2}"),
        ("{01:02+03}", array_of(TIMETZ), "{01:02:00+03:00:00}"),
        ("BOX(0 0.50,1 1e9)", SQLType(Family.BOX2D, 90004), "BOX(0 0.5,1 1000000000)"),
    ],
)
def test_canonical_text(text: str, type_: SQLType, shown: str) -> None:
    assert canonical(text, type_) == shown
    assert canonical(shown, type_) == shown


@pytest.mark.parametrize(
    ("text", "type_", "sqlstate", "message"),
    [
        (
            "x",
            INT8,
            "22P02",
            'could not parse "x" as type int: strconv.ParseInt: parsing "x": invalid syntax',
        ),
        ("9223372036854775808", INT8, "22P02", "value out of range"),
        ("40000", INT2, "22003", "integer out of range for type int2"),
        ("x", BOOL, "22P02", 'could not parse "x" as type bool: invalid bool value'),
        ("x", DECIMAL, "22P02", 'could not parse "x" as type decimal: parse mantissa: x'),
        (
            "x",
            FLOAT8,
            "22P02",
            'could not parse "x" as type float: strconv.ParseFloat: parsing "x": invalid syntax',
        ),
        ("2021-02-29", DATE, "22007", 'parsing as type date: could not parse "2021-02-29"'),
        ("25:00", TIME, "22007", 'parsing as type time: could not parse "25:00"'),
        ("1 parsec", INTERVAL, "22007", 'could not parse "1 parsec" as type interval: unknown unit'),
        ("12", UUID, "22P02", 'could not parse "12" as type uuid'),
        ("1.2.3.256", INET, "22P02", 'could not parse "1.2.3.256" as inet. invalid IP'),
        ("{", JSONB, "22P02", "could not parse JSON"),
        ("NaN", JSONB, "22P02", "could not parse JSON"),
        ("happy", MOOD, "22P02", 'invalid input value for enum mood: "happy"'),
        ("12345", SQLType(Family.STRING, 25, width=3), "22001", "value too long for type STRING(3)"),
        ("102", SQLType(Family.BIT, 1560, width=3), "22P02", '"2" is not a valid binary digit'),
        ("10", SQLType(Family.BIT, 1560, width=3), "22026", "bit string length 2 does not match type BIT(3)"),
        (
            "100",
            SQLType(Family.DECIMAL, 1700, precision=4, width=2),
            "22003",
            "absolute value less than 10^2",
        ),
        ("1,2", array_of(INT8), "22P02", "array must be enclosed in { and }"),
    ],
)
def test_what_is_no_value(text: str, type_: SQLType, sqlstate: str, message: str) -> None:
    with pytest.raises(OothecaError) as caught:
        canonical(text, type_)
    assert caught.value.sqlstate == sqlstate
    assert message in caught.value.message


@given(st.integers(-(10**6), 2 * 10**9))
def test_every_day_reads_back(days: int) -> None:
    assert parse_date(format_date(days)) == days


@given(st.integers(-200_000_000_000_000_000, 9_000_000_000_000_000_000))
def test_every_instant_reads_back(micros: int) -> None:
    assert parse_timestamp(format_timestamp(micros), with_zone=False) == micros
    assert parse_timestamp(format_timestamp(micros, zone="+00:00:00"), with_zone=True) == micros


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(-(10**15), 10**15))
def test_every_interval_reads_back(months: int, days: int, micros: int) -> None:
    assert parse_interval(format_interval(months, days, micros)) == (months, days, micros)


def test_a_year_before_christ_has_two_spellings() -> None:
    micros = parse_timestamp("0044-03-15 00:00:00 BC", with_zone=False)
    assert format_timestamp(micros, astronomical=True) == "-0043-03-15 00:00:00"


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal("1E+1000"), Decimal("-1.5E-1000")]
)


@given(DECIMALS, DECIMALS)
def test_decimal_keys_sort_as_numbers(a: Decimal, b: Decimal) -> None:
    def rank(value: Decimal) -> tuple[int, Decimal]:
        return (0, Decimal(0)) if value.is_nan() else (1, value)

    assert (decimal_key(a) < decimal_key(b)) == (rank(a) < rank(b))
    assert (decimal_key(a) == decimal_key(b)) == (rank(a) == rank(b))


@given(DECIMALS)
def test_every_decimal_reads_back_with_its_zeros(value: Decimal) -> None:
    again = parse_decimal(format_decimal(value))
    assert again.as_tuple() == value.as_tuple() or (again.is_nan() and value.is_nan())


@pytest.mark.parametrize(
    ("left", "operator", "right", "result"),
    [
        ("7", "/", "2", "3.5"),
        ("6", "/", "2", "3"),
        ("1", "/", "3", "0.33333333333333333333"),
        ("1.10", "+", "2", "3.10"),
        ("1.5", "*", "2", "3.0"),
        ("7.5", "//", "2", "3"),
        ("-7", "%", "3", "-1"),
        ("1E+1000", "+", "1", "1" + "0" * 999 + "1"),
    ],
)
def test_arithmetic(left: str, operator: str, right: str, result: str) -> None:
    assert format_decimal(arithmetic(operator, Decimal(left), Decimal(right))) == result


@pytest.mark.parametrize(("operator", "message"), [("/", "division by zero"), ("%", "zero modulus")])
def test_division_by_zero(operator: str, message: str) -> None:
    with pytest.raises(OothecaError, match=message) as caught:
        arithmetic(operator, Decimal(1), Decimal(0))
    assert caught.value.sqlstate == "22012"


def test_fit_rounds_half_away_from_zero() -> None:
    assert [str(fit(Decimal(t), 5, 2)) for t in ("1.005", "-1.005", "2", "NaN")] == [
        "1.01",
        "-1.01",
        "2.00",
        "NaN",
    ]


@pytest.mark.parametrize(
    ("value", "shortest", "fifteen"),
    [
        (-0.0, "-0", "-0"),
        (1.7976931348623157e308, "1.7976931348623157e+308", "1.79769313486232e+308"),
        (16777217.0, "1.6777217e+07", "16777217"),
        (1e10, "1e+10", "10000000000"),
        (0.1 + 0.2, "0.30000000000000004", "0.3"),
        (1e-5, "1e-05", "1e-05"),
        (123456.0, "123456", "123456"),
    ],
)
def test_float_digits(value: float, shortest: str, fifteen: str) -> None:
    assert format_float(value, 3) == shortest
    assert format_float(value, 0) == fifteen


def test_arrays_of_text() -> None:
    assert parse_array('{a,NULL,"NULL","","with \\"q\\", comma",ž}') == [
        "a",
        None,
        "NULL",
        "",
        'with "q", comma',
        "ž",
    ]
    assert parse_array(" { } ") == []


def test_json_keeps_digits_and_sorts_keys() -> None:
    text = '{"b":1,"a":2,"aa":3,"B":4,"n":1e100,"m":-0.50,"s":"\\u0001\\n\\"/"}'
    shown = '{"B": 4, "a": 2, "aa": 3, "b": 1, "m": -0.50, "n": 1E+100, "s": "\\u0001\\n\\"/"}'
    assert format_json(parse_json(text)) == shown
    assert format_json(parse_json(shown)) == shown


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        ('{"a": [1, {"b": 2}]}', '{"a": [{"b": 2}]}', True),
        ('{"a": 1}', '{"a": 2}', False),
        ("[1, 2]", "2", True),
        ("[1, 2]", "[3]", False),
        ("1", "1.0", True),
        ("true", "1", False),
    ],
)
def test_json_containment(left: str, right: str, result: bool) -> None:
    assert contains(parse_json(left), parse_json(right)) is result


def test_keys_of_types_with_only_a_text() -> None:
    times = ["01:00:00+02:00", "00:00:00+00:00", "01:00:00+00:00"]
    assert sorted(times, key=lambda text: text_key(text, Family.TIMETZ)) == times
    nets = ["10.0.0.1/8", "9.0.0.1", "10.0.0.1", "::1"]
    assert sorted(nets, key=lambda text: text_key(text, Family.INET)) == nets


# Source: reference "keys and values" §2, and the keys of fixtures/golden/20.2/a_full (dec_keys, float_keys).
@pytest.mark.parametrize(
    ("text", "type_", "key"),
    [
        (None, INT8, "00"),
        ("1", INT8, "89"),
        ("-9222246136947933184", INT8, "808004000000000000"),
        ("-255", INT8, "8701"),
        ("-256", INT8, "86ff00"),
        ("110", INT8, "f66e"),
        ("inf", STRING, "12696e660001"),
        ("-1.5", FLOAT8, "034007ffffffffffff"),
        ("NaN", DECIMAL, "18"),
        ("-Infinity", DECIMAL, "19"),
        ("t", BOOL, "89"),
        ("1970-01-02", DATE, "89"),
        (r"\x00ff", BYTES, "1200ffff0001"),
        ("1970-01-01 00:00:01.000002", TIMESTAMP, "1489f707d0"),
    ],
)
def test_ordered_key_bytes(text: str | None, type_: SQLType, key: str) -> None:
    assert encode_key_datum(text, type_).hex() == key
