"""Key columns sort as their values do, and come back; rows come back from their key/value pairs."""

from __future__ import annotations

import functools
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ootheca import types
from ootheca.catalog.table import Column, ColumnFamily, Index, Table
from ootheca.codec import json
from ootheca.codec.datums import Blobs, Datums, Durations, Floats, Instants, Ints, ZonedTimes
from ootheca.codec.decimaltext import format_decimals, format_parts, parse_decimals
from ootheca.codec.entries import IndexEncoder
from ootheca.codec.from_arrow import from_arrow
from ootheca.codec.keycolumns import decode_column, encode_column
from ootheca.codec.keys import decode_prefixes, prefix
from ootheca.codec.ragged import Ragged
from ootheca.codec.rows import RowDecoder
from ootheca.codec.to_arrow import to_arrow
from ootheca.types import Family, SQLType

INT64 = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(-300, 300), st.sampled_from([2**k for k in range(63)])
)
BLOBS = st.one_of(
    st.binary(max_size=20), st.text("\x00\x01\xff", max_size=6).map(lambda t: t.encode("latin-1"))
)
COEFFICIENTS = st.one_of(st.integers(0, 10**6), st.integers(0, 10**19), st.integers(0, 10**60))
PARTS = st.tuples(st.booleans(), COEFFICIENTS, st.one_of(st.integers(-30, 30), st.integers(-2000, 2000)))
DECIMALS = st.one_of(
    PARTS.map(lambda parts: format_parts(*parts)),
    st.sampled_from(
        ["NaN", "Infinity", "-Infinity", "0", "-0", "0.000", "1E+3", "99", "100", "101", "0.01", "0.0099"]
    ),
)
FLOATS = st.one_of(st.floats(), st.sampled_from([0.0, math.inf, -math.inf, math.nan, 5e-324]))
BITS = st.text("01", max_size=200)
DAYS = st.integers(-(10**5), 10**5)
LISTS = st.lists(st.one_of(st.none(), st.integers(-300, 10**9)), max_size=12)


def ints(values: list[int]) -> Datums:
    return Ints(np.array(values, np.int64))


def columns_of(kind: Any) -> Any:
    return lambda rows: kind(*(np.array(column, np.int64) for column in zip(*rows, strict=True)))


def blobs(values: list[bytes]) -> Datums:
    return Blobs(Ragged.from_list(values))


def arrays(values: list[list[int | None]]) -> Datums:
    return from_arrow(pa.array(values, pa.list_(pa.int64())), types.array_of(types.INT8))[0]


def compare_decimals(left: str, right: str) -> int:
    """CockroachDB's order: NaN is the least."""
    numbers = [Decimal(text) for text in (left, right)]
    ranks = [(not number.is_nan(), Decimal(0) if number.is_nan() else number) for number in numbers]
    return (ranks[0] > ranks[1]) - (ranks[0] < ranks[1])


KINDS: dict[str, tuple[SQLType, Any, Any, Any]] = {
    # type, strategy, values to datums, sort key
    "INT8": (types.INT8, INT64, ints, lambda v: v),
    "FLOAT8": (
        types.FLOAT8,
        FLOATS,
        lambda vs: Floats(np.array(vs, np.float64)),
        lambda v: (not math.isnan(v), 0 if math.isnan(v) else v),
    ),
    "DECIMAL": (
        types.DECIMAL,
        DECIMALS,
        lambda vs: parse_decimals(Ragged.from_list([v.encode() for v in vs])),
        functools.cmp_to_key(compare_decimals),
    ),
    "BYTES": (types.BYTES, BLOBS, blobs, lambda v: v),
    "TIMESTAMP": (
        types.TIMESTAMP,
        st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 10**9 - 1)),
        columns_of(Instants),
        lambda v: v,
    ),
    "TIMETZ": (
        types.TIMETZ,
        st.tuples(st.integers(0, 86_400 * 10**6), st.integers(-57_540, 57_540)),
        columns_of(ZonedTimes),
        lambda v: (v[0] + v[1] * 10**6, v[1]),
    ),
    "INTERVAL": (
        types.INTERVAL,
        st.tuples(st.integers(-1500, 1500), DAYS.map(lambda d: d % 50_000), st.integers(-(10**17), 10**17)),
        columns_of(Durations),
        lambda v: ((v[0] * 30 + v[1]) * 86_400 * 10**9 + v[2], v[0], v[1]),
    ),
    "VARBIT": (
        SQLType(Family.BIT, 1562, visible_type=10),
        BITS.map(str.encode),
        blobs,
        # CockroachDB compares word by word and then the lengths; a shorter one is filled with zeros.
        lambda v: ([v[at : at + 64].ljust(64, b"0") for at in range(0, len(v), 64)], len(v)),
    ),
    "INT8[]": (
        types.array_of(types.INT8),
        LISTS,
        arrays,
        lambda v: [(0, 0) if item is None else (1, item) for item in v],
    ),
}


@pytest.mark.parametrize("is_descending", [False, True], ids=["asc", "desc"])
@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_keys_sort_as_values(name: str, is_descending: bool, data: st.DataObject) -> None:
    t, strategy, make, sort_key = KINDS[name]
    values = data.draw(st.lists(strategy, min_size=2, max_size=12))
    encoded = encode_column(make(values), t, is_descending=is_descending).to_list()
    assert len(encoded) == len(values)
    for left, left_key in zip(values, encoded, strict=True):
        for right, right_key in zip(values, encoded, strict=True):
            if name == "VARBIT" and left_key != right_key and sort_key(left)[0] == sort_key(right)[0]:
                continue  # equal words: their order is that of the bits in the last word
            expected = (sort_key(left) < sort_key(right)) != is_descending
            if sort_key(left) != sort_key(right):
                assert (left_key < right_key) == expected
            else:
                assert left_key == right_key


@pytest.mark.parametrize("is_descending", [False, True], ids=["asc", "desc"])
@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_key_columns_come_back(name: str, is_descending: bool, data: st.DataObject) -> None:
    t, strategy, make, _ = KINDS[name]
    values = make(data.draw(st.lists(strategy, min_size=1, max_size=12)))
    encoded = encode_column(values, t, is_descending=is_descending)
    # The bytes around a column are another column's; they must not matter.
    framed = Ragged.from_list([b"\x00\x01" + row + b"\x00\xff\x01" for row in encoded.to_list()])
    decoded, after = decode_column(framed.data, framed.starts + 2, t, is_descending=is_descending)
    assert np.array_equal(after, framed.offsets[1:] - 3)
    assert encode_column(decoded, t, is_descending=is_descending).equals(encoded)
    if name == "DECIMAL":  # trailing zeros are lost, the number is not
        texts = [
            [Decimal(text.decode()) for text in format_decimals(side).to_list()]  # type: ignore[arg-type]
            for side in (values, decoded)
        ]
        assert all(a == b or (a.is_nan() and b.is_nan()) for a, b in zip(*texts, strict=True))
    elif name != "FLOAT8":
        text = [to_arrow(side, None, len(encoded), t, as_text=True).to_pylist() for side in (values, decoded)]
        assert text[0] == text[1]


@given(st.lists(DECIMALS, max_size=20))
@settings(max_examples=100, deadline=None)
def test_decimal_texts_come_back(texts: list[str]) -> None:
    raw = Ragged.from_list([text.encode() for text in texts])
    assert [text.decode() for text in format_decimals(parse_decimals(raw)).to_list()] == texts


@given(st.lists(st.tuples(st.integers(1, 2**40), st.integers(1, 300)), max_size=10), st.binary(max_size=4))
def test_prefixes_come_back(ids: list[tuple[int, int]], rest: bytes) -> None:
    keys = [prefix(*pair) + rest for pair in ids]
    table_ids, index_ids, sizes = decode_prefixes(Ragged.from_list(keys))
    assert list(zip(table_ids.tolist(), index_ids.tolist(), strict=True)) == ids
    assert (sizes + len(rest)).tolist() == [len(key) for key in keys]


DOCUMENTS = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.text(max_size=8),
        PARTS.map(lambda parts: json.Number(*parts)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=40),
        st.dictionaries(st.text(max_size=4), inner, max_size=40).map(
            lambda d: dict(sorted(d.items(), key=lambda pair: pair[0].encode()))
        ),
    ),
    max_leaves=60,
)


@given(DOCUMENTS)
@settings(max_examples=100, deadline=None)
def test_documents_come_back(document: json.Document) -> None:
    body = json.encode_body(document)
    assert json.decode_body(body) == document
    assert json.parse_document(json.format_document(document)) == document


TABLE_TYPES = [
    types.INT8,
    types.STRING,
    SQLType(Family.DECIMAL, 1700, width=2, precision=10),
    types.BOOL,
    types.TIMESTAMPTZ,
    types.UUID,
    types.array_of(types.INT8),
    types.array_of(types.STRING),
    types.BYTES,
    types.DATE,
    types.FLOAT8,
    types.array_of(types.BOOL),
    types.TIME,
    types.DECIMAL,
]
VALUES: list[st.SearchStrategy[Any]] = [
    INT64,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.integers(-(10**10) + 1, 10**10 - 1).map(lambda n: Decimal(n).scaleb(-2)),
    st.booleans(),
    st.integers(-(10**15), 10**15),
    st.binary(min_size=16, max_size=16),
    LISTS,
    st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=20),
    st.binary(max_size=300),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False),
    st.lists(st.one_of(st.none(), st.booleans()), max_size=17),
    st.integers(0, 86_400 * 10**6),
    DECIMALS,
]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A table with some columns of those types, ids with gaps, one or several families, a key in any direction."""
    chosen = draw(st.lists(st.integers(0, len(TABLE_TYPES) - 1), min_size=1, max_size=7))
    ids = sorted(draw(st.sets(st.integers(2, 40), min_size=len(chosen), max_size=len(chosen))))
    columns = [Column(1, "k", types.INT8, is_nullable=False)]
    columns += [Column(i, f"c{i}_{n}", TABLE_TYPES[n]) for i, n in zip(ids, chosen, strict=True)]
    cut = draw(st.integers(0, len(ids)))
    families = [ColumnFamily(0, "primary", (1, *ids[:cut]))]
    if cut < len(ids):
        rest = tuple(ids[cut:])
        families.append(
            ColumnFamily(draw(st.sampled_from([1, 9, 200])), "f", rest, rest[0] if len(rest) == 1 else 0)
        )
    key = Index(1, "primary", True, (1,), (draw(st.booleans()),), has_primary_encoding=True)
    return Table(104, "t", tuple(columns), tuple(families), key)


@given(table=tables(), data=st.data())
@settings(max_examples=100, deadline=None)
def test_rows_come_back(table: Table, data: st.DataObject) -> None:
    schema = RowDecoder(table).schema
    keys = sorted(
        data.draw(st.sets(INT64, min_size=1, max_size=9)), reverse=table.primary_index.is_descending[0]
    )
    arrays_ = [pa.array(keys, pa.int64())]
    for column, target in zip(table.columns[1:], list(schema)[1:], strict=True):
        strategy = st.one_of(st.none(), VALUES[int(column.name.rpartition("_")[2])])
        drawn = data.draw(st.lists(strategy, min_size=len(keys), max_size=len(keys)))
        if isinstance(target.type, pa.ExtensionType):
            storage = pa.array(drawn, target.type.storage_type)
            arrays_.append(pa.ExtensionArray.from_storage(target.type, storage))
        else:
            arrays_.append(pa.array(drawn, target.type))
    batch = pa.record_batch(arrays_, schema=schema)
    pairs = IndexEncoder(table, table.primary_index, table.id).encode(batch, wall_ns=1)
    assert pairs.keys.to_list() == sorted(pairs.keys.to_list())
    cut = data.draw(st.integers(0, len(pairs)))
    decoded = pa.Table.from_batches(RowDecoder(table).decode([pairs[:cut], pairs[cut:]]))
    assert decoded.equals(pa.Table.from_batches([batch]))
