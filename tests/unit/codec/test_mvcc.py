"""Engine keys: known bytes, all kinds of timestamps, order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ootheca.codec.mvcc import (
    KeyValueBatch,
    argsort_versions,
    decode_timestamp,
    decode_user_keys,
    encode_timestamp,
    encode_user_keys,
    first_disorder,
    is_new_key,
)
from ootheca.codec.ragged import Ragged, common_prefix_lengths
from ootheca.errors import CorruptionError


def make_batch(rows):
    """A batch of (key, wall_ns, logical) with empty values."""
    return KeyValueBatch(
        Ragged.from_list([row[0] for row in rows]),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.int32),
        Ragged.from_list([b""] * len(rows)),
    )


def as_rows(batch):
    return list(zip(batch.keys.to_list(), batch.wall_ns.tolist(), batch.logical.tolist(), strict=True))


def decode(user_keys):
    return decode_user_keys(user_keys.data, user_keys.offsets[:-1], user_keys.offsets[1:], location="f @0")


@pytest.mark.parametrize(
    ("row", "user_key"),
    [
        # The first two are of reference 05 section 4.
        ((bytes.fromhex("bd898988"), 0x15C4CC128EE78DA1, 0), "bd8989880015c4cc128ee78da109"),
        ((bytes.fromhex("bd898988"), 0x1641689988453468, 1), "bd89898800164168998845346800000001" + "0d"),
        ((bytes.fromhex("bd898988"), 0, 0), "bd89898800"),
        ((b"", 0, 0), "00"),
    ],
)
def test_known_keys(row, user_key):
    encoded = encode_user_keys(make_batch([row]))
    assert encoded.to_list() == [bytes.fromhex(user_key)]
    keys, wall_ns, logical = decode(encoded)
    assert (keys.row(0), int(wall_ns[0]), int(logical[0])) == row


ROWS = st.lists(
    st.tuples(
        st.binary(max_size=4),
        st.one_of(st.just(0), st.integers(0, 3), st.integers(0, (1 << 63) - 1)),
        st.one_of(st.just(0), st.integers(0, (1 << 31) - 1)),
    ),
    min_size=1,
    max_size=30,
)


@given(ROWS)
def test_keys_of_all_kinds_come_back(rows):
    batch = make_batch(rows)
    keys, wall_ns, logical = decode(encode_user_keys(batch))
    assert as_rows(KeyValueBatch(keys, wall_ns, logical, batch.values)) == rows
    suffixed = encode_user_keys(batch, suffix=b"12345678").to_list()
    assert [key[:-8] for key in suffixed] == encode_user_keys(batch).to_list()


def engine_order(row):
    key, wall_ns, logical = row
    return (key, (wall_ns, logical) != (0, 0), -wall_ns, -logical)


@given(ROWS)
def test_order_is_key_then_unversioned_then_newest_first(rows):
    batch = make_batch(rows)
    ordered = batch.take(argsort_versions(batch))
    assert as_rows(ordered) == sorted(rows, key=engine_order)
    assert is_new_key(ordered.keys).tolist() == [
        i == 0 or ordered.keys.row(i) != ordered.keys.row(i - 1) for i in range(len(rows))
    ]


@given(ROWS)
def test_disorder_is_found_where_it_is(rows):
    batch = make_batch(rows)
    user_keys = encode_user_keys(batch)
    shared = np.zeros(len(rows), np.int64)
    shared[1:] = common_prefix_lengths(user_keys[:-1], user_keys[1:])
    expected = next(
        (i for i in range(1, len(rows)) if not engine_order(rows[i - 1]) < engine_order(rows[i])), None
    )
    assert first_disorder(batch, shared) == expected


@pytest.mark.parametrize(
    "user_key",
    ["", "05", "bd8908", "bd8909", "bd89010000000000000001" + "09", "bd89ff", "0000000000000001" + "0d"],
    ids=["empty", "short", "size 8", "size beyond the key", "sentinel", "size 255", "size 13 of 8"],
)
def test_a_damaged_key_is_refused(user_key):
    good = bytes.fromhex("bd898988") + bytes(9) + b"\x09"
    with pytest.raises(CorruptionError) as caught:
        decode(Ragged.from_list([good, bytes.fromhex(user_key)]))
    assert caught.value.location == "f @0"


def test_the_synthetic_flag_is_dropped():
    raw = bytes.fromhex("bd8900" + "0000000000000007" + "00000002" + "01" + "0e")
    keys, wall_ns, logical = decode(Ragged.from_list([raw]))
    assert (keys.to_list(), wall_ns.tolist(), logical.tolist()) == ([b"\xbd\x89"], [7], [2])


@given(st.integers(0, (1 << 63) - 1), st.integers(0, (1 << 31) - 1))
def test_timestamps_come_back(wall_ns, logical):
    assert decode_timestamp(encode_timestamp(wall_ns, logical), location="f") == (wall_ns, logical)


def test_a_timestamp_of_another_size_is_refused():
    with pytest.raises(CorruptionError):
        decode_timestamp(bytes(9), location="f @0")


def test_batches_are_stacked_sliced_and_measured():
    upper, lower = make_batch([(b"a", 1, 0)]), make_batch([(b"b", 2, 3), (b"cc", 0, 0)])
    whole = KeyValueBatch.concat([upper, lower])
    assert as_rows(whole[1:]) == as_rows(lower)
    assert whole.total_size == 4
    assert whole.is_tombstone.all()
    assert len(KeyValueBatch.concat([])) == 0
    assert encode_user_keys(KeyValueBatch.empty()).to_list() == []
    assert argsort_versions(KeyValueBatch.empty()).size == 0
