"""Integers as bytes: fixed examples, and one value against many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ootheca.codec import ordered
from ootheca.codec.coding import (
    decode_be_uvarint_at,
    decode_uvarint_at,
    encode_be_uvarints,
    encode_fixed_be32,
    encode_fixed_be64,
    encode_fixed_le32,
    encode_uvarints,
    uvarint_sizes,
    zigzag_decode,
    zigzag_encode,
)
from ootheca.codec.ragged import Ragged
from ootheca.codec.uvarint import (
    decode_be_uvarint,
    decode_ordered_uvarint,
    decode_uvarint,
    encode_be_uvarint,
    encode_ordered_uvarint,
    encode_uvarint,
)
from ootheca.errors import CorruptionError, TruncatedError

UINT64 = st.integers(0, 64).flatmap(lambda bits: st.integers(0, (1 << bits) - 1))
KINDS = pytest.mark.parametrize(
    ("encode_many", "encode_one", "decode_many", "decode_one"),
    [
        (encode_uvarints, encode_uvarint, decode_uvarint_at, decode_uvarint),
        (encode_be_uvarints, encode_be_uvarint, decode_be_uvarint_at, decode_be_uvarint),
    ],
    ids=["little-endian", "big-endian"],
)


@pytest.mark.parametrize(
    ("value", "little", "big"),
    [
        (0, "00", "00"),
        (127, "7f", "7f"),
        (128, "8001", "8100"),
        (300, "ac02", "822c"),
        (763, "fb05", "857b"),  # the handle size fb05 of reference 04 section 10
        ((1 << 64) - 1, "ffffffffffffffffff01", "81ffffffffffffffff7f"),
    ],
)
def test_known_bytes(value, little, big):
    assert encode_uvarint(value).hex() == little
    assert encode_be_uvarint(value).hex() == big
    assert encode_uvarints(np.array([value], np.uint64)).to_list() == [bytes.fromhex(little)]
    assert encode_be_uvarints(np.array([value], np.uint64)).to_list() == [bytes.fromhex(big)]


@KINDS
@given(st.lists(UINT64, min_size=1, max_size=40))
def test_many_agree_with_one_at_a_time(encode_many, encode_one, decode_many, decode_one, values):
    numbers = np.array(values, np.uint64)
    rows = encode_many(numbers)
    assert rows.to_list() == [encode_one(value) for value in values]
    assert uvarint_sizes(numbers).tolist() == rows.lengths.tolist()
    decoded, after = decode_many(rows.data, rows.starts)
    assert decoded.tolist() == values
    assert after.tolist() == rows.offsets[1:].tolist()
    assert [decode_one(row, 0, location="f") for row in rows.to_list()] == [
        (value, len(row)) for value, row in zip(values, rows.to_list(), strict=True)
    ]


@KINDS
@pytest.mark.parametrize("size", range(1, 10))
def test_an_integer_cut_short_is_truncated(encode_many, encode_one, decode_many, decode_one, size):
    raw = encode_one((1 << 64) - 1)[:size]
    with pytest.raises(TruncatedError) as caught:
        decode_one(raw, 0, location="f", base=7)
    assert caught.value.location == "f @7"
    with pytest.raises(TruncatedError):
        decode_many(np.frombuffer(raw, np.uint8), np.zeros(1, np.int64))


@KINDS
@pytest.mark.parametrize("raw", [b"\xff" * 9 + b"\x7f", b"\xff" * 12])
def test_more_than_64_bits_is_refused(encode_many, encode_one, decode_many, decode_one, raw):
    with pytest.raises(CorruptionError):
        decode_one(raw, 0, location="f")
    with pytest.raises(CorruptionError):
        decode_many(np.frombuffer(raw, np.uint8), np.zeros(1, np.int64))


@KINDS
def test_a_position_outside_of_the_data_is_truncated(encode_many, encode_one, decode_many, decode_one):
    for position in (-1, 2):
        with pytest.raises(TruncatedError) as caught:
            decode_many(np.zeros(2, np.uint8), np.array([0, position]), location="f")
        assert caught.value.location == f"f @{position}"
    values, after = decode_many(np.zeros(2, np.uint8), np.empty(0, np.int64))
    assert values.size == after.size == 0


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=20))
def test_zigzag_and_back(values):
    numbers = np.array(values, np.int64)
    assert zigzag_decode(zigzag_encode(numbers)).tolist() == values


def test_zigzag_order():
    assert zigzag_encode(np.array([0, -1, 1, -2, 2, -(1 << 63)])).tolist() == [0, 1, 2, 3, 4, (1 << 64) - 1]


def test_fixed_integers():
    values = np.array([1, 0x0A0B0C0D])
    assert encode_fixed_le32(values).tobytes().hex() == "010000000d0c0b0a"
    assert encode_fixed_be32(values).tobytes().hex() == "000000010a0b0c0d"
    assert encode_fixed_be64(values).tobytes().hex() == "0000000000000001000000000a0b0c0d"


@given(
    st.lists(
        st.integers(0, 63).flatmap(lambda bits: st.integers(0, (1 << bits) - 1)), min_size=1, max_size=40
    )
)
def test_ordered_ones_agree_with_one_at_a_time(values):
    rows = [encode_ordered_uvarint(value) for value in values]
    assert ordered.encode_uvarint(np.array(values, np.uint64)).to_list() == rows
    assert sorted(rows) == [encode_ordered_uvarint(value) for value in sorted(values)]
    assert [decode_ordered_uvarint(b"\xff" + row + b"\xff", 1) for row in rows] == [
        (value, len(row) + 1) for value, row in zip(values, rows, strict=True)
    ]


@given(st.binary(max_size=10))
def test_ordered_ones_are_refused_alike(raw):
    data = Ragged.from_list([raw]).data
    try:
        (expected,), (after,) = ordered.decode_uvarint(data, np.array([0], np.int64))
    except CorruptionError:
        with pytest.raises(CorruptionError):
            decode_ordered_uvarint(raw, 0)
        return
    if after > len(raw):  # which there whoever looks at many of them finds out
        with pytest.raises(CorruptionError, match="the bytes end within a value"):
            decode_ordered_uvarint(raw, 0)
        return
    assert decode_ordered_uvarint(raw, 0) == (expected, after)
