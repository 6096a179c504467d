"""The builder: separators, order, options. Byte identity with CockroachDB is in tests/compat/test_ssts.py."""

import numpy as np
import pytest

from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.builder import OPTIONS, SSTBuilder, SSTOptions, build_sst, separator_key, successor_key
from ootheca.codec.sst.compression import ZSTD
from ootheca.codec.sst.footer import TableFormat
from ootheca.codec.sst.reader import SSTReader, read_sst
from ootheca.errors import InternalError


def make_batch(rows):
    """A batch of (key, wall_ns, logical, value)."""
    return KeyValueBatch(
        Ragged.from_list([row[0] for row in rows]),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.int32),
        Ragged.from_list([row[3] for row in rows]),
    )


def as_rows(batch):
    columns = (batch.keys.to_list(), batch.wall_ns.tolist(), batch.logical.tolist(), batch.values.to_list())
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize(
    ("key", "following", "separator"),
    [
        ("bd89f7015f88", "bd89f7016088", "bd89f70160"),  # reference 04 section 3
        ("bd8988", "bd8b88", "bd8a"),
        ("bd898888", "bd898a", "bd8989"),
        ("bd8988", "bd8a", "bd8989"),
        ("bd89ff88", "bd8a", "bd89ff89"),
        ("bd89ffff", "bd8a", None),
        ("bd89", "bd89", None),
        ("bd89", "bd8988", None),
    ],
)
def test_separators(key, following, separator):
    made = separator_key(bytes.fromhex(key), bytes.fromhex(following))
    assert made == (None if separator is None else bytes.fromhex(separator))
    if made is not None:
        assert bytes.fromhex(key) < made <= bytes.fromhex(following)


@pytest.mark.parametrize(("key", "successor"), [("be898988", "bf"), ("ffff10aa", "ffff11"), ("ffff", None)])
def test_successors(key, successor):
    assert successor_key(bytes.fromhex(key)) == (None if successor is None else bytes.fromhex(successor))


@pytest.mark.parametrize(
    "rows",
    [
        [(b"\xbd\x8a", 5, 0, b"x"), (b"\xbd\x89", 5, 0, b"x")],
        [(b"\xbd\x89", 5, 0, b"x"), (b"\xbd\x89", 5, 0, b"x")],
        [(b"\xbd\x89", 5, 0, b"x"), (b"\xbd\x89", 5, 1, b"x")],
        [(b"\xbd\x89", 5, 0, b"x"), (b"\xbd\x89", 0, 0, b"x")],
        [(b"\xbd\x89\x88", 5, 0, b"x"), (b"\xbd\x89", 5, 0, b"x")],
    ],
    ids=["keys fall", "same version twice", "older version first", "unversioned last", "prefix last"],
)
@pytest.mark.parametrize("apart", [False, True], ids=["in one batch", "in two batches"])
def test_rows_out_of_order_are_refused(rows, apart, monkeypatch):
    if apart:
        monkeypatch.setattr("ootheca.codec.sst.builder._FLUSH_SIZE", 1)
    builder = SSTBuilder(SSTOptions(block_size=1))

    def run():
        for row in rows:
            builder.add(make_batch([row]))
        builder.finish()

    with pytest.raises(InternalError, match="out of order at key bd89"):
        run()


def test_a_file_without_entries_is_refused():
    builder = SSTBuilder()
    builder.add(KeyValueBatch.empty())
    with pytest.raises(InternalError):
        builder.finish()


ROWS = [(b"\xbd\x89%05d" % (i // 3), 100 - i % 3, i % 2, b"value %d" % i) for i in range(3000)]


def test_the_file_does_not_depend_on_how_rows_arrive(monkeypatch):
    whole = build_sst(make_batch(ROWS))
    monkeypatch.setattr("ootheca.codec.sst.builder._FLUSH_SIZE", 40_000)
    builder = SSTBuilder()
    for first in range(0, len(ROWS), 411):
        builder.add(make_batch(ROWS[first : first + 411]))
        assert builder.num_entries == min(first + 411, len(ROWS))
    assert builder.finish() == whole
    assert build_sst(make_batch(ROWS)) == whole
    assert as_rows(read_sst(whole, location="f")) == ROWS


@pytest.mark.parametrize("options", [*OPTIONS.values(), SSTOptions(block_size=100, compression=ZSTD)])
def test_options_decide_the_format_and_the_blocks(options):
    file = build_sst(make_batch(ROWS), options=options)
    reader = SSTReader.open(file, location="f")
    assert reader.footer.format is options.table_format
    assert as_rows(reader.read_all()) == ROWS
    assert reader.properties.num_data_blocks == len(reader.handles)
    assert (len(reader.handles) > 1) == (options.block_size < 100_000)


def test_the_two_versions_write_different_formats():
    assert OPTIONS["20.2"].table_format is TableFormat.LEVELDB
    assert OPTIONS["21.2"].table_format is TableFormat.ROCKSDB_V2


def test_properties_sum_up_the_rows():
    reader = SSTReader.open(build_sst(make_batch(ROWS)), location="f")
    properties = reader.properties
    assert properties.num_entries == len(ROWS)
    assert properties.raw_value_size == sum(len(row[3]) for row in ROWS)
    suffixes = sum(18 if row[2] == 0 else 22 for row in ROWS)
    assert properties.raw_key_size == sum(len(row[0]) for row in ROWS) + suffixes
    assert (properties.ts_min, properties.ts_max) == ((98, 0), (100, 1))
    assert properties.data_size == reader.footer.index.offset


def test_unversioned_keys_leave_no_time_bounds():
    reader = SSTReader.open(build_sst(make_batch([(b"\xbd", 0, 0, b"")])), location="f")
    assert (reader.properties.ts_min, reader.properties.ts_max) == (None, None)
    assert as_rows(reader.read_all()) == [(b"\xbd", 0, 0, b"")]
