"""Single values: texts in any spelling to bytes and back, and bytes that are no value."""

import numpy as np
import pyarrow as pa
import pytest

from ootheca import types
from ootheca.codec import json
from ootheca.codec.from_arrow import from_arrow
from ootheca.codec.ragged import Ragged
from ootheca.codec.to_arrow import DoesNotFitError, to_arrow
from ootheca.codec.tuples import TaggedColumn, decode_tuples, encode_tuples
from ootheca.codec.values import DatumType, decode_lone, encode_datums, encode_lone, stored_type
from ootheca.errors import CorruptionError, InvalidValueError, OothecaError
from ootheca.types import EnumType, Family, SQLType, array_of

BITS = SQLType(Family.BIT, 1562, visible_type=10)
INET = SQLType(Family.INET, 869)
MOOD = SQLType(Family.ENUM, 100073, enum=EnumType(73, "mood", ("sad", "ok"), (b"\x20", b"\x40")))
ALL = [
    types.BOOL, types.INT8, types.FLOAT8, types.DECIMAL, types.STRING, types.BYTES, types.DATE, types.TIME,
    types.TIMETZ, types.TIMESTAMP, types.TIMESTAMPTZ, types.INTERVAL, types.UUID, types.JSONB, types.OID, BITS, INET,
    MOOD,
]  # fmt: skip


@pytest.mark.parametrize(
    ("t", "text", "datum"),
    [
        (types.INT8, "-1", "01"),
        (types.FLOAT8, "1.5", "3ff8000000000000"),
        (types.FLOAT8, "NaN", "7ff8000000000001"),
        (types.DECIMAL, "1.3", "0334890d"),
        (types.DECIMAL, "0", "0127"),
        (types.DECIMAL, "NaN", "0118"),
        (types.DECIMAL, "-Infinity", "0119"),
        (types.STRING, "foo", "03666f6f"),
        (types.BYTES, "\\x00ff", "0200ff"),
        (types.BYTES, "a\\\\\\001", "03615c01"),
        (types.DATE, "1970-01-02", "02"),
        (types.DATE, "infinity", "feffffffffffffffff01"),
        (types.TIME, "24:00:00", "8080bbdd8305"),
        (types.TIMETZ, "00:00:00.000001-01:00:30", "02dc38"),
        (types.TIMESTAMP, "1969-12-31 23:59:59.5", "018094ebdc03"),
        (types.TIMESTAMPTZ, "1970-01-01T00:00:01+00:00:01", "0000"),
        (types.INTERVAL, "1 year -2 days 00:00:01", "180380a8d6b907"),
        (types.UUID, "00112233-4455-6677-8899-aabbccddeeff", "00112233445566778899aabbccddeeff"),
        (INET, "10.0.0.0/8", "00080a000000"),
        (BITS, "101", "03a000000000000000"),
        (BITS, "", "00"),
        (MOOD, "ok", "0140"),
        (types.JSONB, '{"b": [], "a":1.50}', None),
    ],
)
def test_texts_become_datums(t: SQLType, text: str, datum: str | None) -> None:
    values, present = from_arrow(pa.array([text]), t)
    assert present is None
    _, encoded = encode_datums(values, t)
    if datum is not None:
        assert encoded.row(0).hex() == datum
    again = to_arrow(values, None, 1, t, as_text=True)
    reread, _ = from_arrow(again, t)
    assert encode_datums(reread, t)[1].equals(encoded)


@pytest.mark.parametrize(
    ("t", "text", "printed"),
    [
        (types.BOOL, " TRUE ", "t"),
        (types.DECIMAL, ".5e3", "5E+2"),
        (types.DECIMAL, "+00.10", "0.10"),
        (types.DECIMAL, "1e-7", "1E-7"),
        (types.DECIMAL, "0.000001", "0.000001"),
        (types.DECIMAL, "-0.0", "-0.0"),
        (types.DECIMAL, "inf", "Infinity"),
        (types.DECIMAL, "123456789012345678901234567890.10", "123456789012345678901234567890.10"),
        (types.TIMETZ, "01:02:03.5+3", "01:02:03.5+03:00"),
        (types.TIMETZ, "12:00:00+00:00:30", "12:00:00+00:00:30"),
        (types.DATE, "0001-01-01 BC", "0001-01-01 BC"),
        (types.TIMESTAMPTZ, "2020-01-01 00:00+02", "2019-12-31 22:00:00+00:00:00"),
        (types.TIMESTAMP, "294276-12-31 23:59:59.999999", "294276-12-31 23:59:59.999999"),
        (types.INTERVAL, "14 mons 1 hour 1.5 seconds", "1 year 2 mons 01:00:01.5"),
        (types.INTERVAL, "-1 years +3 days", "-1 years 3 days"),
        (types.UUID, "{00112233445566778899AABBCCDDEEFF}", "00112233-4455-6677-8899-aabbccddeeff"),
        (INET, "::ffff:1.2.3.4/128", "::ffff:1.2.3.4"),
        (INET, "2001:DB8::0:1/64", "2001:db8::1/64"),
        (BITS, "x1F", "00011111"),
        (
            types.JSONB,
            '{"b":1.0,"a":[null,true,1E5],"b":"\\u00e9\\b\\/"}',
            '{"a": [null, true, 1E+5], "b": "é\\u0008/"}',
        ),
        (types.JSONB, '"\\ud83d\\udc0e \\ud83d"', '"🐎 \ufffd"'),
    ],
)
def test_other_spellings(t: SQLType, text: str, printed: str) -> None:
    values, _ = from_arrow(pa.array([text]), t)
    assert to_arrow(values, None, 1, t, as_text=True).to_pylist() == [printed]


@pytest.mark.parametrize(
    ("t", "text"),
    [
        (types.BOOL, "maybe"),
        (types.INT8, "1.5"),
        (types.INT8, "1_000"),
        (types.INT8, "9223372036854775808"),
        (types.FLOAT8, "1_0"),
        (types.DECIMAL, "1.2.3"),
        (types.DECIMAL, "1e200000"),
        (types.DECIMAL, ""),
        (types.BYTES, "\\x0"),
        (types.BYTES, "\\q"),
        (types.DATE, "2021-02-29"),
        (types.DATE, "yesterday"),
        (types.TIME, "24:00:01"),
        (types.TIMESTAMP, "2020-13-01 00:00:00"),
        (types.INTERVAL, "1 fortnight"),
        (types.INTERVAL, ""),
        (types.UUID, "0011"),
        (INET, "1.2.3"),
        (INET, "1.2.3.4/33"),
        (BITS, "102"),
        (MOOD, "angry"),
        (types.JSONB, "{"),
        (types.JSONB, "NaN"),
        (types.JSONB, "[" * 100_000),
    ],
)
def test_texts_that_are_no_value(t: SQLType, text: str) -> None:
    with pytest.raises(InvalidValueError):
        from_arrow(pa.array([text]), t)


@pytest.mark.parametrize("t", ALL, ids=lambda t: t.name)
def test_lone_values_come_back(t: SQLType) -> None:
    text = {
        Family.BOOL: "t", Family.STRING: "x", Family.BYTES: "\\x00", Family.DATE: "2020-02-29", Family.TIME: "01:02:03",
        Family.TIMETZ: "01:02:03+01:00", Family.TIMESTAMP: "2020-01-01 00:00:00.000001",
        Family.TIMESTAMPTZ: "2020-01-01 00:00:00+00:00:00", Family.INTERVAL: "1 mon 2 days 00:00:03",
        Family.UUID: "00112233-4455-6677-8899-aabbccddeeff", Family.JSON: '{"a": 1}', Family.BIT: "101",
        Family.INET: "1.2.3.4", Family.ENUM: "ok",
    }.get(t.family, "-7")  # fmt: skip
    values, _ = from_arrow(pa.array([text]), t)
    kind, encoded = encode_lone(values, t)
    ends = encoded.offsets[1:]
    decoded = decode_lone(encoded.data, encoded.starts, ends, kind, t)
    assert to_arrow(decoded, None, 1, t, as_text=True).to_pylist() == [text]
    with pytest.raises(CorruptionError):
        decode_lone(encoded.data, encoded.starts, ends, 99, t)


@pytest.mark.parametrize("t", [*ALL, array_of(types.STRING), array_of(BITS)], ids=lambda t: t.name)
def test_cut_or_changed_bytes_are_an_error_or_another_value(t: SQLType) -> None:
    random = np.random.default_rng(7)
    kind = stored_type(t)
    assert kind is not None
    for _ in range(150):
        data = random.integers(0, 256, int(random.integers(1, 24))).astype(np.uint8)
        data[0] = 0x10 | min(kind, 15)
        if kind >= 15 and data.size > 1:
            data[1] = kind
        try:
            pieces = decode_tuples(data, np.zeros(1, np.int64), np.array([data.size]), {1: t})
            for piece in pieces.get(1, []):
                to_arrow(piece.datums, None, 1, t, as_text=True)
        except (CorruptionError, DoesNotFitError):
            continue


def test_columns_that_nobody_asked_for_are_skipped() -> None:
    columns = []
    for column_id, (t, text) in enumerate(
        [
            (types.INT8, "5"),
            (types.JSONB, "[1]"),
            (BITS, "1" * 70),
            (types.DECIMAL, "1.5"),
            (types.TIMETZ, "00:00"),
        ],
        1,
    ):
        values, _ = from_arrow(pa.array([text]), t)
        kind, encoded = encode_datums(values, t)
        columns.append(TaggedColumn(column_id * 9, kind, encoded, None))
    geo = TaggedColumn(50, DatumType.GEO, Ragged.from_list([b"\x02ab"]), None)
    box = TaggedColumn(
        51, DatumType.BOX2D, Ragged.from_list([b"\x04" + b"\x05" + bytes(8) + b"\x04\x04"]), None
    )
    # Two elements: Int 1, and Bytes "b".
    record = TaggedColumn(52, DatumType.TUPLE, Ragged.from_list([bytes.fromhex("020302060162")]), None)
    last = TaggedColumn(60, DatumType.INT, Ragged.from_list([b"\x0e"]), None)
    parts = encode_tuples([*columns, geo, box, record, last], 1)
    joined = b"".join(part if isinstance(part, bytes) else part.row(0) for part in parts)  # type: ignore[union-attr]
    data = np.frombuffer(joined, np.uint8)
    pieces = decode_tuples(data, np.zeros(1, np.int64), np.array([data.size]), {60: types.INT8})
    assert to_arrow(pieces[60][0].datums, None, 1, types.INT8, as_text=True).to_pylist() == ["7"]


def test_long_arrays_of_strings() -> None:
    t = array_of(types.STRING)
    rows = [[f"s{n}" if n % 7 else None for n in range(5000)], [], ["only"]]
    values, _ = from_arrow(pa.array(rows, pa.list_(pa.string())), t)
    assert to_arrow(values, None, 3, t, as_text=False).to_pylist() == rows


def test_arrays_of_slices_of_a_batch() -> None:
    t = array_of(types.INT8)
    rows = [[1], [None, 2], [], None, [3, 4, 5]]
    array = pa.array(rows, pa.list_(pa.int64())).slice(1, 4)
    values, present = from_arrow(array, t)
    assert to_arrow(values, present, 4, t, as_text=False).to_pylist() == rows[1:]


@pytest.mark.parametrize(
    ("t", "text"),
    [
        (SQLType(Family.DECIMAL, 1700, width=2, precision=10), "NaN"),
        (SQLType(Family.DECIMAL, 1700, width=2, precision=10), "1.5"),
        (SQLType(Family.DECIMAL, 1700, width=2, precision=10), "-0.00"),
        (SQLType(Family.DECIMAL, 1700, width=0, precision=20), "123456789012345678901"),
        (types.TIMESTAMP, "294276-12-31 23:59:59"),
        (types.INT2, "40000"),
        (types.array_of(types.TIMESTAMP), ["294276-12-31 23:59:59"]),
    ],
)
def test_values_without_native_form(t: SQLType, text: str) -> None:
    values, _ = from_arrow(pa.array([text]), t)
    with pytest.raises(DoesNotFitError):
        to_arrow(values, None, 1, t, as_text=False)
    assert to_arrow(values, None, 1, t, as_text=True).to_pylist() == [text]


def test_decimals_of_38_digits_are_native() -> None:
    t = SQLType(Family.DECIMAL, 1700, width=3, precision=38)
    rows = ["-12345678901234567890123456789012345.678", "0.001", "-0.001", "18446744073709551.616", None]
    array = pa.array(rows).cast(pa.decimal128(38, 3))
    values, present = from_arrow(array, t)
    assert to_arrow(values, present, 5, t, as_text=False).equals(array)
    assert to_arrow(values, present, 5, t, as_text=True).to_pylist() == rows


def test_json_bodies() -> None:
    documents = {
        '{"asd": "sdf"}': "400000019000000390000006617364736466",
        '[null, 1, "1", {}]': "8000000480000000200000041000000150000004033489013140000000",
        "42": "200000002000000403348a2a",
    }
    for text, body in documents.items():
        assert json.encode_body(json.parse_document(text)).hex() == body
        assert json.format_document(json.decode_body(bytes.fromhex(body))) == text


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('{"a":"b"}', ["3761000112620001"]),
        ('{"a":{"b":"c"}}', ["3761000262000112630001"]),
        ('{"a":["b","c","b"]}', ["376100020003000112620001", "376100020003000112630001"]),
        ("[]", ["37000138"]),
        ("[{}, []]", ["370003000139", "370003000138"]),
        ("null", ["37000100"]),
        ("[true, false]", ["37000300010a", "37000300010b"]),
    ],
)
def test_inverted_keys(text: str, keys: list[str]) -> None:
    assert [key.hex() for key in json.inverted_keys(json.parse_document(text))] == keys


@pytest.mark.parametrize(
    "body", ["", "40", "80000002", "4000000110000001", "200000006fffffff", "80000001d0000000"]
)
def test_damaged_json(body: str) -> None:
    with pytest.raises(OothecaError):
        json.decode_body(bytes.fromhex(body))
