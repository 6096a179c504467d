"""`Ragged`: every operation against the same thing done with Python byte strings."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ootheca.codec import ragged
from ootheca.codec.ragged import (
    Ragged,
    argsort_bytes,
    byte_at,
    common_prefix_lengths,
    compare,
    concat_rows,
    gather,
    load_be64,
    load_le32,
    load_le64,
    searchsorted_bytes,
)
from ootheca.errors import InternalError

# Few distinct bytes and lengths about the sizes of words and of Arrow's inline strings: many ties and shared prefixes.
ROWS = st.lists(
    st.one_of(
        st.binary(max_size=3), st.text("\x00\x01a\x7f", max_size=26).map(str.encode), st.binary(max_size=20)
    ),
    max_size=30,
)


@given(ROWS, st.data())
def test_slices_and_takes_give_the_rows_of_the_list(rows, data):
    packed = Ragged.from_list(rows)
    first = data.draw(st.integers(0, len(rows)))
    last = data.draw(st.integers(0, len(rows)))
    assert packed[first:last].to_list() == rows[first:last]
    assert packed[first:last].compact().to_list() == rows[first:last]
    if rows[first:]:
        picked = data.draw(st.lists(st.integers(0, len(rows) - first - 1), max_size=20))
        assert packed[first:].take(np.array(picked, np.int64)).to_list() == [rows[first + i] for i in picked]
        assert packed[first:].row(-1) == rows[-1]


@given(ROWS, st.integers(0, 5))
def test_arrow_and_back_keeps_slices(rows, first):
    part = Ragged.from_list(rows)[first:]
    assert part.to_arrow().to_pylist() == rows[first:]
    assert Ragged.from_arrow(part.to_arrow()).equals(part)


@given(ROWS, ROWS)
def test_stacking_and_equality(upper, lower):
    stacked = Ragged.concat([Ragged.from_list(upper), Ragged.from_list([b"x", *lower])[1:]])
    assert stacked.to_list() == upper + lower
    assert stacked.equals(Ragged.from_list(upper + lower))
    assert stacked.equals(Ragged.from_list(lower + upper)) == (upper + lower == lower + upper)


@given(ROWS.filter(bool), st.binary(max_size=4))
def test_rows_are_joined_with_constants_and_matrices(rows, constant):
    packed = Ragged.from_list(rows)
    numbers = np.arange(len(rows), dtype=np.uint8).reshape(-1, 1)
    joined = concat_rows([constant, packed, numbers, packed])
    assert joined.to_list() == [constant + row + bytes([i]) + row for i, row in enumerate(rows)]


@given(ROWS)
def test_sorting_is_bytewise_and_stable(rows):
    expected = sorted(range(len(rows)), key=lambda index: rows[index])
    assert argsort_bytes(Ragged.from_list(rows)).tolist() == expected


@given(ROWS, st.data())
def test_comparing_row_by_row(rows, data):
    others = data.draw(
        st.lists(st.sampled_from([*rows, b"", b"a\x00b"]), min_size=len(rows), max_size=len(rows))
    )
    left, right = Ragged.from_list(rows), Ragged.from_list(others)
    assert compare(left, right).tolist() == [(a > b) - (a < b) for a, b in zip(rows, others, strict=True)]
    expected = [
        next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
        for a, b in zip(rows, others, strict=True)
    ]
    assert common_prefix_lengths(left, right).tolist() == expected


@given(ROWS, st.binary(max_size=4))
def test_binary_search_finds_the_first_row_not_before_the_key(rows, key):
    ordered = sorted(rows)
    expected = sum(row < key for row in ordered)
    assert searchsorted_bytes(Ragged.from_list(ordered), key) == expected


@pytest.mark.parametrize("lengths", [[3, 0, 12, 13, 1], [14, 20, 13], [0, 0], [30], []])
def test_ranges_in_any_order_are_gathered(lengths):
    buffer = np.arange(64, dtype=np.uint8)
    starts = np.array([40, 3, 3, 20, 63][: len(lengths)], np.int64)
    lengths = np.minimum(np.array(lengths, np.int64), 64 - starts)
    expected = [bytes(range(a, a + n)) for a, n in zip(starts.tolist(), lengths.tolist(), strict=True)]
    assert gather(buffer, starts, lengths).to_list() == expected


def test_ranges_beyond_the_first_window_of_a_large_buffer(monkeypatch):
    monkeypatch.setattr(ragged, "_WINDOW_SIZE", 32)
    buffer = np.arange(200, dtype=np.uint8)
    starts = np.array([170, 0, 31, 32, 100, 63, 198], np.int64)
    lengths = np.array([30, 31, 20, 13, 2, 31, 1], np.int64)
    expected = [bytes(range(a, a + n)) for a, n in zip(starts.tolist(), lengths.tolist(), strict=True)]
    assert gather(buffer, starts, lengths).to_list() == expected
    lengths[0], lengths[1] = 30, 40  # a row as long as a window is copied by itself
    expected[1] = bytes(range(40))
    assert gather(buffer, starts, lengths).to_list() == expected


@pytest.mark.parametrize(("start", "length"), [(-1, 2), (60, 5), (0, -1)])
def test_a_range_outside_the_buffer_is_refused(start, length):
    with pytest.raises(InternalError):
        gather(np.zeros(64, np.uint8), np.array([start], np.int64), np.array([length], np.int64))


def test_words_read_zeros_past_the_end():
    data = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9], np.uint8)
    assert load_le64(data, np.array([0, 1, 8, 9, 30])).tolist() == [
        0x0807060504030201,
        0x0908070605040302,
        9,
        0,
        0,
    ]
    assert load_be64(data, np.array([0, 7])).tolist() == [0x0102030405060708, 0x0809000000000000]
    assert load_le32(data[:2], np.array([0, 1, 2])).tolist() == [0x0201, 2, 0]


def test_bytes_by_position_from_either_end():
    rows = Ragged.from_list([b"ab", b"cde"])
    assert byte_at(rows, 0).tobytes() == b"ac"
    assert byte_at(rows, -1).tobytes() == b"be"
    assert byte_at(rows, np.array([1, 2])).tobytes() == b"be"
    with pytest.raises(InternalError):
        byte_at(rows, 2)
    with pytest.raises(InternalError):
        byte_at(rows, -3)


def test_nulls_and_other_arrow_types_become_rows():
    assert Ragged.from_arrow(pa.array([b"a", None, b"bc"], pa.binary())).to_list() == [b"a", b"", b"bc"]
    assert Ragged.from_arrow(pa.array(["ä", "b"])).to_list() == ["ä".encode(), b"b"]
    assert Ragged.from_arrow(pa.chunked_array([[b"a"], [b"b"]], pa.large_binary())).to_list() == [b"a", b"b"]
    assert Ragged.from_arrow(pa.array([b"abc"], pa.binary(3))).to_list() == [b"abc"]
    assert Ragged.from_arrow(pa.array([], pa.large_binary())).to_list() == []


def test_constants_and_matrices():
    assert Ragged.from_constant(b"ab", 3).to_list() == [b"ab"] * 3
    assert Ragged.from_matrix(np.zeros((2, 0), np.uint8)).to_list() == [b"", b""]


def test_rows_of_different_counts_are_not_joined():
    with pytest.raises(InternalError):
        concat_rows([Ragged.from_list([b"a"]), Ragged.from_list([b"a", b"b"])])
    with pytest.raises(InternalError):
        concat_rows([b"a"])
    with pytest.raises(InternalError):
        Ragged.from_list([b"a"])[::2]


def test_prefixes_of_hundreds_of_bytes():
    left = Ragged.from_list([b"a" * n for n in (255, 256, 257, 1000)])
    right = Ragged.from_list([b"a" * n + b"b" for n in (300, 256, 250, 999)])
    assert common_prefix_lengths(left, right).tolist() == [255, 256, 250, 999]
    assert compare(left, right).tolist() == [-1, -1, -1, -1]
    rows = Ragged.concat([right, left])
    assert rows.take(argsort_bytes(rows)).to_list() == sorted(rows.to_list())
