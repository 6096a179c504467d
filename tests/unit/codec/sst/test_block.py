"""Row blocks: the known bytes, both decoders, the cut rule, and each kind of damage."""

from itertools import pairwise

import numpy as np
import pytest

from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.block import decode_blocks, decode_named_values
from ootheca.codec.sst.block_builder import (
    encode_blocks,
    encode_single_block,
    plan_blocks,
    shared_with_previous,
)
from ootheca.errors import CorruptionError

# Key, value and contents of the data block of reference 04 section 10.
KEY = bytes.fromhex("be89898800166631a4124229a8090100000000000000")
VALUE = bytes.fromhex("1db2713f0a2302")
BLOCK = bytes.fromhex("001607") + KEY + VALUE + bytes.fromhex("0000000001000000")


def decode(*contents):
    entries = decode_blocks(
        [np.frombuffer(block, np.uint8) for block in contents],
        places=[f"f @{index}" for index in range(len(contents))],
    )
    return list(zip(entries.keys.to_list(), entries.values.to_list(), strict=True))


def encode(rows, restart_interval):
    keys, values = Ragged.from_list([row[0] for row in rows]), Ragged.from_list([row[1] for row in rows])
    return encode_single_block(keys, values, restart_interval=restart_interval)


def test_the_known_block():
    assert encode([(KEY, VALUE)], 16) == BLOCK
    assert decode(BLOCK) == [(KEY, VALUE)]


def test_prefixes_are_shared_within_a_restart_interval():
    rows = [(b"abc", b"1"), (b"abd", b""), (b"abd2", b"22"), (b"b", b"3")]
    assert (
        encode(rows, 2).hex()
        == (
            "000301" + "616263" + "31" + "020100" + "64"  # abc, ab|d
            "000402" + "61626432" + "3232" + "000101" + "62" + "33"  # abd2 whole again, b
            "00000000" + "0b000000" + "02000000"
        )
    )


@pytest.mark.parametrize("restart_interval", [1, 2, 3, 16, 1000])
def test_blocks_of_different_sizes_decode_together(restart_interval):
    rows = [(b"key%06d" % (i * i), b"v" * (i % 7 * 40)) for i in range(137)]
    bounds = [0, 1, 2, 5, 40, 137]
    blocks = [encode(rows[a:b], restart_interval) for a, b in pairwise(bounds)]
    blocks.insert(2, encode([], restart_interval))
    assert decode(*blocks) == rows
    named = decode_named_values(np.frombuffer(blocks[-1], np.uint8), place="f @0")
    assert list(named.items()) == rows[40:]


def test_long_lengths_take_several_bytes():
    rows = [(b"k" * 300, b"v" * 70_000), (b"k" * 300 + b"l" * 200, b""), (b"l", b"w" * 128)]
    assert decode(encode(rows, 16)) == rows


def test_no_blocks_and_empty_blocks():
    assert decode() == []
    assert encode([], 1).hex() == "0000000001000000"
    assert decode(encode([], 1)) == []


def corrupted(entries, restarts, count=None):
    count = len(restarts) if count is None else count
    return entries + b"".join(at.to_bytes(4, "little") for at in (*restarts, count))


ENTRY = b"\x00\x02\x01ab!"


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x01\x00\x00\x00",
        corrupted(ENTRY, [], 0),
        corrupted(ENTRY, [0], 5),
        corrupted(ENTRY, [0], 0xFFFFFFFF),
        corrupted(ENTRY, [1]),
        corrupted(ENTRY, [0, 0]),
        corrupted(ENTRY + ENTRY, [0, 6, 3]),
        corrupted(ENTRY, [0, 6]),
        corrupted(ENTRY, [0, 900]),
        corrupted(ENTRY + ENTRY, [0, 5]),
        corrupted(b"\x01\x01\x00ab", [0]),
        corrupted(ENTRY + b"\x03\x01\x00c", [0]),
        corrupted(b"\x00\x7f\x00a", [0]),
        corrupted(b"\x00\x01\x7fa", [0]),
        corrupted(b"\x00\x01", [0]),
        corrupted(b"\x00" + b"\xff" * 9 + b"\x01\x00a", [0]),
        corrupted(b"\x00\x01" + b"\xff" * 11, [0]),
    ],
    ids=[
        "empty", "only a count", "no restart point", "count too large", "count absurd", "first restart not 0",
        "equal restarts", "falling restarts", "restart at the end", "restart beyond the end",
        "restart within an entry", "shared in the first", "shared beyond the key", "key beyond the end",
        "value beyond the end", "header cut", "length absurd", "length over 64 bits",
    ],
)  # fmt: skip
def test_a_damaged_block_is_refused_with_its_place(block):
    with pytest.raises(CorruptionError) as caught:
        decode(BLOCK, block)
    assert caught.value.location == "f @1"


@pytest.mark.parametrize(
    "block",
    [b"", corrupted(ENTRY, [0], 0), corrupted(ENTRY, [0], 9), corrupted(b"\x01\x01\x00ab", [0]),
     corrupted(b"\x00\x01\x7fa", [0]), corrupted(b"\x80", [0]), corrupted(ENTRY + ENTRY, [0])],
    ids=["empty", "no restarts", "many restarts", "shared", "value", "header", "name twice"],
)  # fmt: skip
def test_damaged_names_are_refused_with_their_place(block):
    with pytest.raises(CorruptionError) as caught:
        decode_named_values(np.frombuffer(block, np.uint8), place="f @9")
    assert caught.value.location == "f @9"


def reference_cuts(sizes, target, interval):
    """The cut rule of reference 04 section 3, entry by entry; sizes are (key size, value size, shared)."""

    def varint(number):
        return max(1, -(-number.bit_length() // 7))

    bounds, used, count = [0], 0, 0
    for row, (key, value, shared) in enumerate(sizes):
        restarts = -(-count // interval)
        estimate = used + 4 * restarts + 4
        with_entry = (
            estimate + key + value + (4 if count % interval == 0 else 0) + 4 + varint(key) + varint(value)
        )
        if count and (estimate >= target or (estimate > -(-target * 9 // 10) and with_entry > target)):
            bounds.append(row)
            used = count = 0
        kept = 0 if count % interval == 0 else shared
        used += varint(kept) + varint(key - kept) + varint(value) + key - kept + value
        count += 1
    return [*bounds, len(sizes)]


@pytest.mark.parametrize("target", [1, 60, 500, 4096])
@pytest.mark.parametrize("interval", [1, 3, 16])
def test_cuts_agree_with_the_rule_entry_by_entry(target, interval):
    random = np.random.default_rng(target + interval)
    keys = random.integers(1, 60, 400)
    shared = random.integers(0, keys + 1)
    values = np.where(random.random(400) < 0.02, 3000, random.integers(0, 200, 400))
    shared[0] = 0
    layout = plan_blocks(keys, values, shared, target_size=target, restart_interval=interval)
    sizes = list(zip(keys.tolist(), values.tolist(), shared.tolist(), strict=True))
    assert layout.bounds.tolist() == reference_cuts(sizes, target, interval)
    for first, last in zip(layout.bounds[:-1], layout.bounds[1:], strict=True):
        assert layout.is_restart[first:last].tolist() == [i % interval == 0 for i in range(last - first)]


def test_many_blocks_are_those_made_one_by_one():
    rows = [(b"key%06d" % i, b"value") for i in range(500)]
    keys, values = Ragged.from_list([r[0] for r in rows]), Ragged.from_list([r[1] for r in rows])
    shared = shared_with_previous(keys)
    layout = plan_blocks(keys.lengths, values.lengths, shared, target_size=600, restart_interval=4)
    bounds = layout.bounds.tolist()
    assert len(bounds) > 5
    blocks = encode_blocks(keys, values, shared, layout, num_blocks=len(bounds) - 1)
    assert blocks == [encode(rows[a:b], 4) for a, b in pairwise(bounds)]
    assert encode_blocks(keys, values, shared, layout, num_blocks=0) == []
