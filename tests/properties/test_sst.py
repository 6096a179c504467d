"""Table files come back as they were built, whatever the rows and however small the blocks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ootheca.codec.mvcc import KeyValueBatch, argsort_versions
from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.builder import SSTBuilder, SSTOptions
from ootheca.codec.sst.compression import NONE, SNAPPY, ZSTD, seal_block
from ootheca.codec.sst.footer import TableFormat
from ootheca.codec.sst.reader import SSTReader
from ootheca.errors import OothecaError

KEYS = st.one_of(
    st.binary(max_size=3),
    st.text("\x01\x02a", max_size=30).map(str.encode),
    st.integers(0, 400).map(lambda number: b"\xbd\x89\xf7" + number.to_bytes(2, "big") + b"\x88"),
)
VERSIONS = st.tuples(KEYS, st.integers(0, 5), st.integers(0, 2))
VALUES = st.one_of(st.just(b""), st.binary(max_size=12), st.integers(0, 700).map(lambda size: b"v" * size))
ROWS = st.dictionaries(VERSIONS, VALUES, min_size=1, max_size=120)
OPTIONS = st.builds(
    SSTOptions,
    table_format=st.sampled_from([TableFormat.LEVELDB, TableFormat.ROCKSDB_V2]),
    block_size=st.sampled_from([1, 40, 200, 3000]),
    restart_interval=st.sampled_from([1, 2, 5, 16]),
    compression=st.sampled_from([NONE, SNAPPY, ZSTD]),
)


def make_batch(rows):
    """A batch of {(key, wall_ns, logical): value}, in the order of a table file."""
    batch = KeyValueBatch(
        Ragged.from_list([key for key, _, _ in rows]),
        np.array([wall_ns for _, wall_ns, _ in rows], np.int64),
        np.array([logical for _, _, logical in rows], np.int32),
        Ragged.from_list(list(rows.values())),
    )
    return batch.take(argsort_versions(batch))


def as_rows(batch):
    columns = (batch.keys.to_list(), batch.wall_ns.tolist(), batch.logical.tolist(), batch.values.to_list())
    return list(zip(*columns, strict=True))


@settings(deadline=None)
@given(ROWS, OPTIONS, st.integers(1, 120), st.data())
def test_files_come_back(rows, options, rows_a_batch, data):
    batch = make_batch(rows)
    builder = SSTBuilder(options)
    for first in range(0, len(batch), rows_a_batch):
        builder.add(batch[first : first + rows_a_batch])
    reader = SSTReader.open(builder.finish(), location="f")
    expected = as_rows(batch)
    assert reader.verify() == len(expected)
    assert as_rows(reader.read_all()) == expected

    start = data.draw(st.one_of(st.none(), KEYS, st.sampled_from(batch.keys.to_list())))
    end = data.draw(st.one_of(st.none(), KEYS, st.sampled_from(batch.keys.to_list())))
    size = data.draw(st.sampled_from([1, 300, 1 << 20]))
    found = [row for part in reader.batches(start=start, end=end, batch_size=size) for row in as_rows(part)]
    assert found == [
        row for row in expected if (start is None or start <= row[0]) and (end is None or row[0] < end)
    ]
    for index, separator in enumerate(reader.separators.to_list()):
        (block,) = [reader._read_group([reader.handles[index]])]
        assert block.keys.row(-1) <= separator
        if index + 1 < len(reader.handles):
            assert separator <= reader._read_group([reader.handles[index + 1]]).keys.row(0)


@settings(deadline=None)
@given(ROWS, st.data())
def test_damage_under_a_right_checksum_gives_entries_or_an_error_of_ours(rows, data):
    """Each block is damaged and sealed again, so that the decoders see the damage and not the checksum."""
    builder = SSTBuilder(SSTOptions(block_size=200, restart_interval=3, compression=NONE))
    builder.add(make_batch(rows))
    file = builder.finish()
    reader = SSTReader.open(file, location="f")
    handle = data.draw(st.sampled_from([*reader.handles, reader.footer.index, reader.footer.metaindex]))
    contents = bytearray(file[handle.offset : handle.offset + handle.size])
    for _ in range(data.draw(st.integers(1, 3))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    sealed = seal_block(bytes(contents), kind=NONE)
    damaged = file[: handle.offset] + sealed + file[handle.end :]
    place = "f @"
    try:
        assert SSTReader.open(damaged, location="f").verify() == len(rows)
    except OothecaError as exc:
        place = exc.location
    assert place.startswith("f @")
