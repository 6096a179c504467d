"""The properties block against the one of a real file."""

from pathlib import Path

import numpy as np
import pytest

from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.block_builder import encode_single_block
from ootheca.codec.sst.properties import COMPARATOR, TableProperties, decode_properties, encode_properties
from ootheca.codec.sst.reader import SSTReader
from ootheca.errors import CorruptionError

FILE = min(
    (Path(__file__).parents[4] / "fixtures/golden/20.2/a_full/extern/full").glob("*.sst"),
    key=lambda path: path.stat().st_size,
)


def decode(named):
    block = encode_single_block(
        Ragged.from_list([name.encode() for name in sorted(named)]),
        Ragged.from_list([named[name] for name in sorted(named)]),
        restart_interval=16,
    )
    return decode_properties(np.frombuffer(block, np.uint8), place="f @3")


def test_a_real_block_is_made_again_from_what_it_says():
    raw = FILE.read_bytes()
    reader = SSTReader.open(raw, location="f")
    properties = reader.properties
    assert properties.comparator == COMPARATOR
    assert len(properties.stored) == 30
    assert encode_properties(properties) in raw
    assert (
        decode_properties(np.frombuffer(encode_properties(properties), np.uint8), place="f @0") == properties
    )


def test_absent_counts_are_zero_and_an_absent_number_of_entries_is_unknown():
    properties = decode({"rocksdb.comparator": b"x"})
    assert properties == TableProperties(num_entries=None, comparator="x")


def test_a_two_level_index_is_told():
    name = "rocksdb.block.based.table.index.type"
    assert decode({"rocksdb.comparator": b"x", name: (2).to_bytes(4, "little")}).has_two_level_index
    assert not decode({"rocksdb.comparator": b"x", name: bytes(4)}).has_two_level_index


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({}, "no comparator"),
        (
            {"rocksdb.comparator": b"x", "rocksdb.num.entries": b"\x80"},
            "invalid property rocksdb.num.entries",
        ),
        ({"rocksdb.comparator": b"x", "rocksdb.data.size": b""}, "invalid property rocksdb.data.size"),
        ({"rocksdb.comparator": b"x", "crdb.ts.min": b"123"}, "invalid timestamp"),
    ],
)
def test_damaged_properties_are_refused(named, words):
    with pytest.raises(CorruptionError, match=words) as caught:
        decode(named)
    assert caught.value.location.startswith("f @3")
