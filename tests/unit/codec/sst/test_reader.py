"""The reader: damage everywhere, contents that are not read, spans, formats that no fixture shows."""

from pathlib import Path

import numpy as np
import pytest

from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.block_builder import encode_single_block
from ootheca.codec.sst.builder import SSTOptions, build_sst
from ootheca.codec.sst.compression import NONE, seal_block
from ootheca.codec.sst.footer import BlockHandle, encode_footer
from ootheca.codec.sst.properties import COMPARATOR, TableProperties, encode_properties
from ootheca.codec.sst.reader import SSTReader, read_sst
from ootheca.errors import CorruptionError, OothecaError, TruncatedError, UnsupportedError

GOLDEN = Path(__file__).parents[4] / "fixtures" / "golden"
SMALLEST = [
    min((GOLDEN / "20.2/a_full/extern/full").glob("*.sst"), key=lambda path: path.stat().st_size),
    min((GOLDEN / "21.2/a_full/extern/full/data").glob("*.sst"), key=lambda path: path.stat().st_size),
]
FILES = pytest.mark.parametrize("path", SMALLEST, ids=["20.2", "21.2"])

TRAILER = (1).to_bytes(8, "little")
KEY = b"\xbd\x89\x88\x00" + (7).to_bytes(8, "big") + b"\x09"


def same(left, right):
    return (
        left.keys.equals(right.keys)
        and left.values.equals(right.values)
        and np.array_equal(left.wall_ns, right.wall_ns)
        and np.array_equal(left.logical, right.logical)
    )


@FILES
def test_a_flipped_byte_is_found_wherever_something_depends_on_it(path):
    raw = path.read_bytes()
    expected = read_sst(raw, location="f.sst")
    unprotected, places = [], set()
    for at in range(len(raw)):
        for pattern in (0x01, 0x80, 0xFF):
            damaged = bytearray(raw)
            damaged[at] ^= pattern
            try:
                found = read_sst(bytes(damaged), location="f.sst")
            except OothecaError as exc:
                places.add(exc.location.rpartition(" @")[0])
                continue
            assert same(found, expected), f"other entries after a flip at {at}"
            with pytest.raises(CorruptionError, match="footer padding"):
                SSTReader.open(bytes(damaged), location="f.sst").verify()
            unprotected.append(at)
    assert places == {"f.sst"}
    # No checksum covers the footer's padding, between the second handle and the magic number (or version),
    # which the handle's last byte joins when its high bit makes the first zero a part of it.
    footer = SSTReader.open(raw, location="f.sst").footer
    is_leveldb = footer.format.footer_size == 48
    first = footer.offset + (not is_leveldb) + len(footer.metaindex.encode()) + len(footer.index.encode())
    last = len(raw) - (8 if is_leveldb else 12)
    assert sorted(set(unprotected)) == list(range(first - 1, last))
    assert raw[first:last] == bytes(last - first)


@FILES
def test_a_file_cut_anywhere_is_refused(path):
    raw = path.read_bytes()
    for size in range(len(raw)):
        with pytest.raises(CorruptionError) as caught:
            read_sst(raw[:size], location="f.sst")
        assert caught.value.location.startswith("f.sst @")


def test_bytes_views_and_arrays_are_read_alike():
    raw = SMALLEST[0].read_bytes()
    expected = read_sst(raw, location="f")
    assert same(read_sst(memoryview(raw), location="f"), expected)
    assert same(read_sst(np.frombuffer(raw, np.uint8), location="f"), expected)


class Assembly:
    """A table file put together block by block, to have what our builder never writes."""

    def __init__(self):
        self.file = b""

    def block(self, rows, *, kind=NONE):
        keys, values = Ragged.from_list([row[0] for row in rows]), Ragged.from_list([row[1] for row in rows])
        return self.raw(encode_single_block(keys, values, restart_interval=1), kind=kind)

    def raw(self, contents, *, kind=NONE):
        stored = seal_block(contents, kind=kind)
        handle = BlockHandle(len(self.file), len(stored) - 5)
        self.file += stored
        return handle

    def finish(self, index, properties, *, metaindex=()):
        handle = self.raw(encode_properties(properties)) if properties else None
        rows = [*metaindex, *([(b"rocksdb.properties", handle.encode())] if handle else [])]
        footer = encode_footer(self.block(sorted(rows)), index)
        return self.file + footer


def one_block_file(rows, *, num_entries=None, comparator=COMPARATOR, metaindex=()):
    assembly = Assembly()
    data = assembly.block(rows)
    index = assembly.block([(b"\xff\x00" + TRAILER, data.encode())])
    properties = TableProperties(num_entries=len(rows) if num_entries is None else num_entries)
    raw = encode_properties(properties).replace(COMPARATOR.encode(), comparator.encode())
    handle = assembly.raw(raw)
    metaindex = assembly.block(sorted([*metaindex, (b"rocksdb.properties", handle.encode())]))
    return assembly.file + encode_footer(metaindex, index)


def test_an_assembled_file_is_read():
    batch = read_sst(one_block_file([(KEY + TRAILER, b"v")]), location="f")
    assert (batch.keys.to_list(), batch.wall_ns.tolist(), batch.values.to_list()) == (
        [b"\xbd\x89\x88"],
        [7],
        [b"v"],
    )


def test_another_comparator_is_refused():
    with pytest.raises(CorruptionError, match="unknown comparer cockroach_Comparator"):
        SSTReader.open(
            one_block_file([(KEY + TRAILER, b"")], comparator="cockroach_Comparator"), location="f"
        )


def test_a_wrong_number_of_entries_is_found():
    with pytest.raises(CorruptionError, match="1 entries instead of 2"):
        read_sst(one_block_file([(KEY + TRAILER, b"")], num_entries=2), location="f")


@pytest.mark.parametrize(
    ("trailer", "error", "words"),
    [
        (0, UnsupportedError, "kind DEL "),
        (15, UnsupportedError, "RANGEDEL"),
        (99, CorruptionError, "kind 35"),
    ],
)
def test_other_kinds_of_entries_are_refused(trailer, error, words):
    file = one_block_file([(KEY + trailer.to_bytes(8, "little"), b"")])
    with pytest.raises(error, match=words):
        read_sst(file, location="f")


@pytest.mark.parametrize("trailer", [5 << 8 | 1, 18, 0x41])
def test_sequence_numbers_and_set_with_delete_are_read(trailer):
    file = one_block_file([(KEY + trailer.to_bytes(8, "little"), b"v")])
    assert read_sst(file, location="f").values.to_list() == [b"v"]


def test_a_key_without_trailer_is_refused():
    with pytest.raises(CorruptionError, match="without trailer"):
        read_sst(one_block_file([(b"1234567", b"")]), location="f")


@pytest.mark.parametrize("name", [b"rocksdb.range_del", b"rocksdb.range_del2"])
def test_range_deletions_are_never_ignored(name):
    file = one_block_file([(KEY + TRAILER, b"")], metaindex=[(name, BlockHandle(0, 1).encode())])
    with pytest.raises(UnsupportedError, match=name.decode()):
        SSTReader.open(file, location="f")


def test_a_file_without_properties_is_refused():
    assembly = Assembly()
    index = assembly.block([])
    with pytest.raises(CorruptionError, match="no properties"):
        SSTReader.open(assembly.finish(index, None), location="f")


@pytest.mark.parametrize("handle", [b"\x00", b"\xff" * 11, BlockHandle(0, 1 << 40).encode()])
def test_an_index_with_bad_handles_is_refused(handle):
    assembly = Assembly()
    index = assembly.block([(b"\xff\x00" + TRAILER, handle)])
    with pytest.raises(CorruptionError, match="bad block handle"):
        SSTReader.open(assembly.finish(index, TableProperties(num_entries=0)), location="f")


def as_pebble(raw, version):
    return (
        raw[:-48] + b"\x01" + raw[-48:-8] + version.to_bytes(4, "little") + bytes.fromhex("f09faab3f09faab3")
    )


def test_value_prefixes_of_row_formats_are_taken_off():
    rows = [(KEY + TRAILER, b"\x00value"), (b"\xbe" + KEY + TRAILER, b"\x20")]
    raw = one_block_file(rows)
    for version in (3, 4):
        assert read_sst(as_pebble(raw, version), location="f").values.to_list() == [b"value", b""]
    for version in (1, 2):
        assert read_sst(as_pebble(raw, version), location="f").values.to_list() == [b"\x00value", b"\x20"]


def test_values_without_prefix_or_value_block_are_refused():
    with pytest.raises(CorruptionError, match="bad value handle"):
        read_sst(as_pebble(one_block_file([(KEY + TRAILER, b"\x80\x01\x00\x00")]), 3), location="f")
    with pytest.raises(CorruptionError, match="without prefix"):
        read_sst(as_pebble(one_block_file([(KEY + TRAILER, b"")]), 3), location="f")


def test_a_two_level_index_is_followed():
    assembly = Assembly()
    rows = [(bytes([0xBD, i]) + KEY + TRAILER, b"%d" % i) for i in range(6)]
    lower = []
    for first in (0, 3):
        handles = [assembly.block([row]) for row in rows[first : first + 3]]
        entries = [(row[0], handle.encode()) for row, handle in zip(rows[first:], handles, strict=False)]
        lower.append((entries[-1][0], assembly.block(entries).encode()))
    top = assembly.block(lower)
    properties = encode_properties(TableProperties(num_entries=6))
    name = b"block.based.table.index.type"
    at = properties.index(name) + len(name)
    handle = assembly.raw(properties[:at] + (2).to_bytes(4, "little") + properties[at + 4 :])
    metaindex = assembly.block([(b"rocksdb.properties", handle.encode())])
    reader = SSTReader.open(assembly.file + encode_footer(metaindex, top), location="f")
    assert len(reader.handles) == 6
    assert reader.read_all().values.to_list() == [b"%d" % i for i in range(6)]


def test_keys_out_of_order_are_found_by_verify():
    rows = [(b"\xbe" + KEY + TRAILER, b""), (KEY + TRAILER, b"")]
    reader = SSTReader.open(one_block_file(rows), location="f")
    assert len(reader.read_all()) == 2
    with pytest.raises(CorruptionError, match="out of order at bd8988"):
        reader.verify()


def make_file(num_keys):
    keys = [b"\xbd\x89%04d" % (i * 2) for i in range(num_keys) for _ in range(2)]
    wall = np.array([9, 8] * num_keys, np.int64)
    batch = KeyValueBatch(
        Ragged.from_list(keys), wall, np.zeros(wall.size, np.int32), Ragged.from_list([b"v"] * len(keys))
    )
    return keys, build_sst(batch, options=SSTOptions(block_size=60, restart_interval=2))


@pytest.mark.parametrize("batch_size", [1, 200, 1 << 20])
def test_spans_are_read_exactly(batch_size):
    keys, raw = make_file(40)
    reader = SSTReader.open(raw, location="f")
    assert len(reader.handles) > 20
    assert reader.verify() == 80
    bounds = [None, b"", b"\xbd\x89", *(b"\xbd\x89%04d" % i for i in range(0, 84, 7)), b"\xff"]
    for start in bounds:
        for end in bounds:
            found = [
                key
                for batch in reader.batches(start=start, end=end, batch_size=batch_size)
                for key in batch.keys.to_list()
            ]
            assert found == [k for k in keys if (start or b"") <= k and (end is None or k < end)], (
                start,
                end,
            )


def test_a_block_that_is_not_asked_for_is_not_read():
    keys, raw = make_file(40)
    handle = SSTReader.open(raw, location="f").handles[-1]
    damaged = bytearray(raw)
    damaged[handle.offset] ^= 1
    reader = SSTReader.open(bytes(damaged), location="f")
    assert sum(len(batch) for batch in reader.batches(end=keys[10])) == 10
    with pytest.raises(CorruptionError) as caught:
        reader.read_all()
    assert caught.value.location == f"f @{handle.offset}"


def test_an_index_that_names_a_block_past_the_data_is_truncated():
    raw = make_file(2)[1]
    reader = SSTReader.open(raw, location="f")
    short = SSTReader(
        reader.data[:10], "f", reader.footer, reader.properties, reader.separators, reader.handles
    )
    with pytest.raises(TruncatedError):
        short.read_all()
