"""Rows and index entries of small tables made by hand: what the golden sets do not hold, and damaged bytes."""

import zlib

import numpy as np
import pyarrow as pa
import pytest

from ootheca import types
from ootheca.catalog.table import Column, ColumnFamily, Index, Table
from ootheca.codec.entries import IndexEncoder
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged
from ootheca.codec.rows import NotNativeError, RowDecoder
from ootheca.errors import ChecksumMismatchError, CorruptionError, InternalError, UnsupportedError
from ootheca.types import Family, SQLType

CENTS = SQLType(Family.DECIMAL, 1700, width=2, precision=10)


def primary(*column_ids: int, is_descending: bool = False, **options: object) -> Index:
    directions = (is_descending,) * len(column_ids)
    return Index(1, "primary", True, column_ids, directions, has_primary_encoding=True, **options)  # type: ignore[arg-type]


def table(*types_: SQLType, families: tuple[ColumnFamily, ...] = (), **options: object) -> Table:
    """A table t with columns a, b, c … of ids 1, 2, 3 … and the primary key a."""
    columns = tuple(Column(i + 1, "abcdefgh"[i], t, is_nullable=i > 0) for i, t in enumerate(types_))
    whole = (ColumnFamily(0, "primary", tuple(range(1, len(types_) + 1))),)
    options = {"primary_index": primary(1), **options}
    return Table(104, "t", columns, families or whole, **options)  # type: ignore[arg-type]


T1 = table(types.INT8, types.INT8, types.INT8)


def value(key: str, body: str) -> bytes:
    raw = bytes.fromhex(body)
    return (zlib.crc32(bytes.fromhex(key) + raw)).to_bytes(4, "big") + raw


def pairs(*rows: tuple[str, str]) -> KeyValueBatch:
    """Key and body (kind and data) of each pair, in hexadecimal; checksums are added."""
    return stored(*((key, value(key, body)) for key, body in rows))


def stored(*rows: tuple[str, bytes]) -> KeyValueBatch:
    keys = Ragged.from_list([bytes.fromhex(key) for key, _ in rows])
    count = len(rows)
    values = Ragged.from_list([body for _, body in rows])
    return KeyValueBatch(keys, np.zeros(count, np.int64), np.zeros(count, np.int32), values)


def decode(t: Table, *batches: KeyValueBatch, **options: object) -> list[dict[str, object]]:
    decoder = RowDecoder(t, **options)  # type: ignore[arg-type]
    return [row for batch in decoder.decode(batches) for row in batch.to_pylist()]


def test_worked_example_of_the_reference() -> None:
    batch = stored(("bd898988", bytes.fromhex("886978a00a23021302")))
    assert decode(T1, batch) == [{"a": 1, "b": 1, "c": 1}]
    rows = pa.record_batch({"a": [1], "b": [1], "c": [1]})
    encoded = IndexEncoder(T1, T1.primary_index, 53).encode(rows, wall_ns=1568602950310792609)
    assert encoded.keys.row(0).hex() == "bd898988"
    assert encoded.values.row(0).hex() == "886978a00a23021302"
    assert encoded.wall_ns.tolist() == [1568602950310792609]
    by_v2 = Index(2, "t1_v2", False, (3,), (False,), key_suffix_column_ids=(1,))
    assert IndexEncoder(T1, by_v2, 53).encode(rows, wall_ns=1).keys.row(0).hex() == "bd8a898988"


def test_decimal_example_of_the_reference() -> None:
    t = table(types.INT8, types.INT8, types.DECIMAL, primary_index=primary(2))
    assert (
        decode(t, stored(("bc8980800400000000000088", bytes.fromhex("3219bda90a1302250334890d"))))[0]["c"]
        == "1.3"
    )


def test_unknown_columns_are_skipped() -> None:
    # Column 9 of type Bytes, column 20 of a type beyond 14, between and after the known ones.
    batch = pairs(("bd898988", "0a2302" + "1304" + "66026869" + "bf0f0f0440000000"))
    assert decode(T1, batch) == [{"a": 1, "b": 1, "c": 2}]


def test_nulls_with_a_tag_of_their_own() -> None:
    assert decode(T1, pairs(("bd898988", "0a211304"))) == [{"a": 1, "b": None, "c": 2}]


def test_chosen_columns_in_chosen_order() -> None:
    batch = pairs(("bd898988", "0a23021304"), ("bd898a88", "0a"))
    assert decode(T1, batch, column_ids=(3, 1)) == [{"c": 2, "a": 1}, {"c": None, "a": 2}]
    assert [b.num_rows for b in RowDecoder(T1, column_ids=()).decode([batch])] == [2]


def test_lone_values_of_families() -> None:
    families = (ColumnFamily(0, "f0", (1,)), ColumnFamily(2, "f2", (2,), 2), ColumnFamily(200, "f3", (3,), 3))
    t = table(types.INT8, types.STRING, types.INT8, families=families)
    batch = pairs(
        ("bd898988", "0a"),
        ("bd89898a89", "036869"),
        ("bd8989f6c88a", "0104"),
        ("bd898af6c88a", "0106"),
        ("bd898b88", "0a"),
    )
    expected = [{"a": 1, "b": "hi", "c": 2}, {"a": 2, "b": None, "c": 3}, {"a": 3, "b": None, "c": None}]
    assert decode(t, batch) == expected
    assert decode(t, *(batch[i : i + 1] for i in range(5))) == expected
    encoded = IndexEncoder(t, t.primary_index, 53).encode(pa.RecordBatch.from_pylist(expected), wall_ns=1)
    whole = [
        (key.hex(), raw[4:].hex())
        for key, raw in zip(encoded.keys.to_list(), encoded.values.to_list(), strict=True)
    ]
    # Rows written by SQL always have family 0.
    assert whole == [
        ("bd898988", "0a"), ("bd89898a89", "036869"), ("bd8989f6c88a", "0104"),
        ("bd898a88", "0a"), ("bd898af6c88a", "0106"), ("bd898b88", "0a"),
    ]  # fmt: skip


def test_pairs_of_unknown_families_make_a_row_only() -> None:
    families = (ColumnFamily(0, "f0", (1, 2)), ColumnFamily(1, "f1", (3,), 3))
    t = table(types.INT8, types.INT8, types.INT8, families=families)
    assert decode(t, pairs(("bd898988", "0a2302"), ("bd89898b89", "0104"))) == [{"a": 1, "b": 1, "c": None}]


def test_extended_values() -> None:
    plain = value("bd898988", "0a2302")
    extended = bytes.fromhex("0000000365") + b"\x08\x01\x10" + plain
    tombstone = bytes.fromhex("0000000165") + b"\x08"
    batch = stored(
        ("bd898988", extended), ("bd898a88", tombstone), ("bd898b88", value("bd898b88", "0a1304"[:2]))
    )
    assert decode(T1, batch) == [{"a": 1, "b": 1, "c": None}, {"a": 3, "b": None, "c": None}]


def test_keys_of_a_tenant() -> None:
    key = "fe92bd898988"
    assert decode(T1, pairs((key, "0a2302"))) == [{"a": 1, "b": 1, "c": None}]


def test_wrong_checksum_names_table_and_key() -> None:
    good = pairs(*((f"bd89{0x88 + i:02x}88", "0a2302") for i in range(20)))
    values = good.values.to_list()
    values[13] = values[13][:-1] + b"\x04"
    damaged = KeyValueBatch(good.keys, good.wall_ns, good.logical, Ragged.from_list(values))
    with pytest.raises(ChecksumMismatchError, match=r"table 't', key /Table/53/1/13/0") as caught:
        decode(T1, damaged)
    assert caught.value.location == "/Table/53/1/13/0"
    assert decode(T1, damaged, verify_checksums=False)[13]["b"] == 2


def test_checksum_zero_is_not_compared() -> None:
    assert decode(
        T1, stored(("bd898988", bytes.fromhex("000000000a2302")), ("bd898a88", value("bd898a88", "0a")))
    )


@pytest.mark.parametrize(
    "body",
    [
        "0a23",
        "0a2380",
        "0a2480",
        "0a260a61",
        "0a0302",
        "0a13022302f3",
        "0a73",
        "0a2f7f00",
        "0102",
        "0a2610",
        "0a26ffffffff0f61",
    ],
)
def test_damaged_values(body: str) -> None:
    batch = pairs(("bd898888", "0a"), ("bd898988", body), ("bd898a88", "0a"))
    with pytest.raises(CorruptionError, match=r"key /Table/53/1/1/0"):
        decode(T1, batch)


@pytest.mark.parametrize("key", ["bd8989", "bd89898988", "bd8912610001" + "88", "bd", "bd88", "fe"])
def test_damaged_keys(key: str) -> None:
    with pytest.raises(CorruptionError, match="table 't', key"):
        decode(T1, pairs(("bd898888", "0a"), (key, "0a2302")))


def test_text_that_is_not_utf8() -> None:
    t = table(types.INT8, types.STRING)
    with pytest.raises(CorruptionError, match="UTF-8"):
        decode(t, pairs(("bd898988", "0a2601ff")))


def test_values_that_do_not_fit_are_named_together() -> None:
    t = table(types.INT8, CENTS, types.TIMESTAMP, types.STRING)
    rows = pa.record_batch(
        {
            "a": [1, 2],
            "b": ["1.00", "NaN"],
            "c": ["2020-01-01 00:00:00", "294276-01-01 00:00:00"],
            "d": ["x", None],
        }
    )
    batch = IndexEncoder(t, t.primary_index, 53).encode(rows, wall_ns=1)
    with pytest.raises(NotNativeError) as caught:
        decode(t, batch)
    assert caught.value.columns == {2, 3}
    decoder = RowDecoder(t, text_columns=caught.value.columns)
    assert decoder.schema.types == [pa.int64(), pa.string(), pa.string(), pa.string()]
    assert next(decoder.decode([batch])).to_pydict() == rows.to_pydict()


def test_unsupported_types_are_named() -> None:
    t = table(types.INT8, SQLType(Family.TUPLE), types.INT8)
    with pytest.raises(UnsupportedError, match=r"'b'.*RECORD"):
        RowDecoder(t)
    with pytest.raises(UnsupportedError, match=r"'b'.*RECORD"):
        IndexEncoder(t, t.primary_index, 53)
    assert decode(t, pairs(("bd898988", "0a" + "2f1402abcd" + "1304")), column_ids=(1, 3)) == [
        {"a": 1, "c": 2}
    ]


def test_virtual_columns_have_no_data() -> None:
    t = Table(
        104, "t", (*T1.columns, Column(4, "v", types.INT8, is_virtual=True)), T1.families, T1.primary_index
    )
    assert RowDecoder(t).schema.names == ["a", "b", "c"]
    with pytest.raises(InternalError, match="virtual"):
        RowDecoder(t, column_ids=(4,))
    on_v = Index(2, "t_v_idx", False, (4,), (False,), key_suffix_column_ids=(1,))
    assert IndexEncoder(t, on_v, 53).column_ids == (1, 4)
    assert IndexEncoder(t, t.primary_index, 53).column_ids == (1, 2, 3)


def test_interleaved_keys() -> None:
    ancestors = ((55, 1, 1), (56, 1, 1))
    t = table(types.INT8, types.STRING, types.INT8, primary_index=primary(1, 2, 3, ancestors=ancestors))
    rows = [{"a": 1, "b": "x", "c": -1}, {"a": 2, "b": "", "c": 5}]
    encoded = IndexEncoder(t, t.primary_index, 57).encode(pa.RecordBatch.from_pylist(rows), wall_ns=1)
    assert [key.hex() for key in encoded.keys.to_list()] == [
        "bf8989fec0891278" + "0001fec18987ff88",
        "bf898afec089120001fec1898d88",
    ]
    assert decode(t, encoded) == rows


def test_interleaved_table_without_columns_of_its_own() -> None:
    t = table(types.INT8, types.INT8, primary_index=primary(1, ancestors=((55, 1, 1),)))
    batch = IndexEncoder(t, t.primary_index, 56).encode(pa.record_batch({"a": [1], "b": [7]}), wall_ns=1)
    assert batch.keys.row(0).hex() == "bf8989fec08988"
    assert decode(t, batch) == [{"a": 1, "b": 7}]


def entries(t: Table, index: Index, rows: dict[str, list[object]]) -> list[tuple[str, str]]:
    encoded = IndexEncoder(t, index, 53).encode(
        pa.record_batch({k: pa.array(v) for k, v in rows.items()}), wall_ns=1
    )
    for key, raw in zip(encoded.keys.to_list(), encoded.values.to_list(), strict=True):
        assert int.from_bytes(raw[:4], "big") == zlib.crc32(key + raw[4:])
    return [
        (k.hex(), v[4:].hex()) for k, v in zip(encoded.keys.to_list(), encoded.values.to_list(), strict=True)
    ]


def test_unique_entries_have_the_rest_of_the_key_only_beside_null() -> None:
    index = Index(2, "u", True, (2,), (True,), key_suffix_column_ids=(1,), stored_column_ids=(3,))
    found = entries(T1, index, {"a": [1, 2, 3], "b": [5, None, 6], "c": [None, 7, 1]})
    assert found == [("bd8a87fa88", "0389"), ("bd8aff8a88", "038a330e"), ("bd8a87f988", "038b3302")]


def test_composite_values_and_stored_columns_ascend_together() -> None:
    t = table(types.INT8, types.DECIMAL, types.STRING, types.DECIMAL, primary_index=primary(1))
    index = Index(
        2, "i", False, (4, 2), (False, False), (1,), stored_column_ids=(3,), composite_column_ids=(4, 2)
    )
    found = entries(t, index, {"a": [1, 1], "b": ["1.10", "1.1"], "c": ["x", None], "d": ["5", "0"]})
    assert found == [
        ("bd8a2a0a002a03140089" + "88", "03" + "250334896e" + "160178"),
        ("bd8a272a03140089" + "88", "03" + "450127"),
    ]


def test_stored_columns_of_several_families() -> None:
    families = (ColumnFamily(0, "f0", (1, 2)), ColumnFamily(1, "f1", (3,), 3), ColumnFamily(2, "f2", (4,), 4))
    t = table(types.INT8, types.INT8, types.INT8, types.STRING, families=families)
    index = Index(2, "i", False, (2,), (False,), (1,), stored_column_ids=(3, 4), version=2)
    rows: dict[str, list[object]] = {"a": [1, 2], "b": [3, 4], "c": [5, None], "d": ["x", "y"]}
    assert entries(t, index, rows) == [
        ("bd8a8b8988", "03"), ("bd8a8b898989", "0a330a"), ("bd8a8b898a89", "0a460178"),
        ("bd8a8c8a88", "03"), ("bd8a8c8a8a89", "0a460179"),
    ]  # fmt: skip
    old = Index(2, "i", False, (2,), (False,), (1,), stored_column_ids=(3, 4), version=0)
    assert entries(t, old, rows) == [("bd8a8b8988", "03330a160178"), ("bd8a8c8a88", "03460179")]


def test_inverted_entries_of_arrays() -> None:
    t = table(types.INT8, types.array_of(types.INT8))
    rows: dict[str, list[object]] = {"a": [1, 2, 3, 4], "b": [[7, 7, None], [], None, [8]]}
    new = Index(2, "i", False, (2,), (False,), (1,), is_inverted=True, version=2)
    old = Index(2, "i", False, (2,), (False,), (1,), is_inverted=True, version=1)
    assert entries(t, new, rows) == [
        ("bd8a8f8988", "03"), ("bd8a008988", "03"), ("bd8a438a88", "03"), ("bd8a908c88", "03"),
    ]  # fmt: skip
    assert entries(t, old, rows) == [("bd8a8f8988", "03"), ("bd8a908c88", "03")]
    assert entries(t, new, {"a": [5], "b": [None]}) == []


def test_no_rows_make_no_entries() -> None:
    empty = pa.record_batch({name: pa.array([], pa.int64()) for name in "abc"})
    assert len(IndexEncoder(T1, T1.primary_index, 53).encode(empty, wall_ns=1)) == 0
    assert decode(T1, KeyValueBatch.empty()) == []


def test_tables_of_nothing_but_a_key() -> None:
    t = table(types.INT8)
    assert entries(t, t.primary_index, {"a": [1, 2]}) == [("bd898988", "0a"), ("bd898a88", "0a")]
    assert decode(t, pairs(("bd898988", "0a"), ("bd898a88", "0a"))) == [{"a": 1}, {"a": 2}]


def test_sequences_hold_a_bare_integer() -> None:
    t = table(
        types.INT8, families=(ColumnFamily(0, "primary", (1,), 1),), is_sequence=True,
        primary_index=Index(1, "primary", False, (1,), (False,), has_primary_encoding=True),
    )  # fmt: skip
    assert entries(t, t.primary_index, {"a": [4]}) == [("bd898888", "0108")]
    assert decode(t, pairs(("bd898888", "0108"))) == [{"a": 4}]


def test_batches_from_other_engines() -> None:
    """Dictionaries, large strings, wider integers and slices are taken as they come."""
    t = table(types.INT8, types.STRING, types.INT2, CENTS)
    rows = pa.record_batch(
        {
            "a": pa.array([9, 1, 2], pa.int32()),
            "b": pa.array(["zz", "x", None]).dictionary_encode(),
            "c": pa.array([9, 5, None], pa.int64()),
            "d": pa.array(["9.99", "1.25", "-0.01"]).cast(pa.decimal128(38, 2)),
        }
    ).slice(1)
    batch = IndexEncoder(t, t.primary_index, 53).encode(rows, wall_ns=1)
    assert [list(map(str, row.values())) for row in decode(t, batch)] == [
        ["1", "x", "5", "1.25"],
        ["2", "None", "None", "-0.01"],
    ]
