"""Checksums against zlib and against bytes that CockroachDB wrote."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ootheca.codec.checksum import (
    block_checksum,
    crc32_rows,
    first_wrong_checksum,
    mask_crc32c,
    stored_checksums,
)
from ootheca.codec.ragged import Ragged


def test_masked_crc32c_of_a_real_block():
    # The data block of reference 04 section 10, with its type byte, and the checksum stored after it.
    block = bytes.fromhex(
        "001607be89898800166631a4124229a80901000000000000001db2713f0a2302000000000100000000"
    )
    assert block_checksum(block).to_bytes(4, "little").hex() == "07e6a9e6"
    assert block_checksum(np.frombuffer(block, np.uint8)) == block_checksum(block)


def test_masking_rotates_and_adds():
    assert mask_crc32c(0) == 0xA282EAD8
    assert mask_crc32c(0x8000) == (1 + 0xA282EAD8)


def test_value_checksum_of_a_real_row():
    # Row (1, 1, 1) of reference 05 section 6.
    key, body = bytes.fromhex("bd898988"), bytes.fromhex("0a23021302")
    assert crc32_rows(Ragged.from_list([key]), Ragged.from_list([body])).tolist() == [0x886978A0]


@given(st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=40)), max_size=30))
def test_rows_agree_with_zlib(pairs):
    prefixes, bodies = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    expected = [zlib.crc32(prefix + body) for prefix, body in pairs]
    assert crc32_rows(Ragged.from_list(prefixes), Ragged.from_list(bodies)).tolist() == expected


@pytest.mark.parametrize("size", [0, 1, 3, 4, 15, 16, 17, 255, 256, 257, 5000])
def test_every_width_agrees_with_zlib(size):
    body = bytes(i * 7 & 0xFF for i in range(size))
    # More rows than one chunk, and slices that begin within their buffers.
    prefixes = Ragged.from_list([b"?"] + [bytes([i & 0xFF, i >> 8]) for i in range(9000)])[1:]
    bodies = Ragged.from_constant(body, 9000)
    checksums = crc32_rows(prefixes, bodies)
    for row in (0, 1, 8191, 8192, 8999):
        assert int(checksums[row]) == zlib.crc32(prefixes.row(row) + body)


def test_a_computed_zero_is_stored_as_one():
    assert stored_checksums(np.array([0, 1, 5], np.uint32)).tolist() == [1, 1, 5]


def with_checksums(pairs):
    keys = Ragged.from_list([b"?"] + [key for key, _ in pairs])[1:]
    stored = [max(zlib.crc32(key + body), 1).to_bytes(4, "big") + body for key, body in pairs]
    return keys, [*stored]


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=30))
def test_right_checksums_are_right(pairs):
    keys, values = with_checksums(pairs)
    assert first_wrong_checksum(keys, Ragged.from_list(values)) is None


@given(
    st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), min_size=1, max_size=30),
    st.data(),
)
def test_the_first_wrong_checksum_is_found(pairs, data):
    keys, values = with_checksums(pairs)
    rows = st.integers(0, len(pairs) - 1)
    wrong = data.draw(st.sets(rows, min_size=1, max_size=3))
    without = data.draw(st.sets(rows, max_size=3)) - wrong
    for row in wrong:
        values[row] = (int.from_bytes(values[row][:4], "big") ^ 0x01000001).to_bytes(4, "big") + values[row][
            4:
        ]
    for row in without:
        values[row] = bytes(4) + values[row][4:]
    assert first_wrong_checksum(keys, Ragged.from_list(values)) == min(wrong)


def test_values_without_checksums_are_taken_as_they_are():
    assert (
        first_wrong_checksum(Ragged.from_constant(b"k", 3), Ragged.from_constant(bytes(4) + b"v", 3)) is None
    )
    assert first_wrong_checksum(Ragged.empty(), Ragged.empty()) is None


def test_a_computed_zero_is_right_when_stored_as_one():
    body = bytes.fromhex("9d0ad96d")
    assert zlib.crc32(body) == 0
    rows = [(b"a", b"b"), (b"", body), (b"c", b"d")]
    keys, values = with_checksums(rows)
    assert values[1][:4] == bytes([0, 0, 0, 1])
    assert first_wrong_checksum(keys, Ragged.from_list(values)) is None
