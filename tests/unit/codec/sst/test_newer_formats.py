"""Formats that no fixture shows: Pebble v1 to v8, their values, range keys, checksums and compression.

The files are put together by hand from reference 04; damage of every kind must end in an error of ours.
"""

from __future__ import annotations

import random

import cramjam
import numpy as np
import pytest

from ootheca.codec.checksum import block_checksum
from ootheca.codec.sst.columnar import (
    decode_columnar_data,
    decode_columnar_index,
    decode_columnar_names,
    decode_columnar_spans,
)
from ootheca.codec.sst.columns import Columns
from ootheca.codec.sst.compression import MINLZ, SNAPPY, ZSTD, open_block
from ootheca.codec.sst.dump import dump_sst
from ootheca.codec.sst.footer import XXHASH64, BlockHandle, decode_footer
from ootheca.codec.sst.minlz import decompress_minlz
from ootheca.codec.sst.rangekeys import RangeTombstone, decode_range_keys, decode_range_tombstones
from ootheca.codec.sst.reader import SSTReader, read_sst
from ootheca.codec.uvarint import encode_uvarint
from ootheca.errors import ChecksumMismatchError, CorruptionError, UnsupportedError
from tests.support.newer_sst import (
    Entry,
    RangeDelete,
    TableWriter,
    bool_column,
    bytes_column,
    columnar_block,
    prefix_bytes_column,
    uint_column,
    user_key,
    xxh64,
)

ALL = range(1, 9)
ENTRIES = [
    Entry(b"\xbd\x89%c\x88" % (0x88 + row), wall_ns, b"value %d.%d" % (row, wall_ns) * (row % 4), logical)
    for row in range(30)
    for wall_ns, logical in ((9, 1), (9, 0), (4, 0))
]


def write(version: int, entries: list[Entry] = ENTRIES, *, num_blocks: int = 5, **kwargs: object) -> bytes:
    options = {name: kwargs.pop(name) for name in ("checksum_kind", "is_two_level") if name in kwargs}
    writer = TableWriter(version, **options)  # type: ignore[arg-type]
    size = -(-len(entries) // num_blocks)
    for first in range(0, len(entries), size):
        writer.add(entries[first : first + size])
    return writer.finish(**kwargs)  # type: ignore[arg-type]


def entries_of(file: bytes) -> list[Entry]:
    batch = read_sst(file, location="f")
    columns = (batch.keys.to_list(), batch.wall_ns.tolist(), batch.values.to_list(), batch.logical.tolist())
    return [Entry(*row) for row in zip(*columns, strict=True)]


def plain(entries: list[Entry]) -> list[Entry]:
    return [Entry(e.key, e.wall_ns, e.value, e.logical) for e in entries]


def array(raw: bytes) -> np.ndarray:
    return np.frombuffer(raw, np.uint8)


# Whole files


@pytest.mark.parametrize("checksum_kind", [1, XXHASH64], ids=["crc32c", "xxh64"])
@pytest.mark.parametrize("is_two_level", [False, True], ids=["one index", "two levels"])
@pytest.mark.parametrize("version", ALL)
def test_every_format_is_read(version: int, is_two_level: bool, checksum_kind: int) -> None:
    file = write(version, is_two_level=is_two_level, checksum_kind=checksum_kind)
    assert entries_of(file) == ENTRIES
    reader = SSTReader.open(file, location="f")
    assert (len(reader.handles), reader.verify(), reader.first_key()) == (5, 90, ENTRIES[0].key)
    assert not reader.has_range_keys
    assert reader.range_tombstones() == ()


@pytest.mark.parametrize("version", [4, 8])
def test_spans_are_read_from_the_blocks_that_hold_them(version: int) -> None:
    reader = SSTReader.open(write(version), location="f")
    start, end = ENTRIES[20].key, ENTRIES[50].key
    found = [
        key for batch in reader.batches(start=start, end=end, batch_size=1) for key in batch.keys.to_list()
    ]
    assert found == [e.key for e in ENTRIES if start <= e.key < end]


@pytest.mark.parametrize("version", ALL)
def test_unversioned_keys_and_tombstones_are_read(version: int) -> None:
    entries = [Entry(b"desc/\x89", 0, b"d"), Entry(b"desc/\x89", 5, b""), Entry(b"desc/\x8a", 0, b"")]
    assert entries_of(write(version, entries, num_blocks=1)) == entries


@pytest.mark.parametrize("version", ALL)
def test_a_flipped_bit_fails_the_blocks_checksum(version: int) -> None:
    for kind in (1, XXHASH64):
        file = bytearray(write(version, ENTRIES[:6], num_blocks=1, checksum_kind=kind))
        reader = SSTReader.open(bytes(file), location="f")
        handle = reader.handles[0]
        for at in range(handle.offset, handle.end, 7):
            file[at] ^= 4
            with pytest.raises(ChecksumMismatchError) as caught:
                read_sst(bytes(file), location="f")
            assert caught.value.location == f"f @{handle.offset}"
            file[at] ^= 4


class DamagedWriter(TableWriter):
    """Flips one byte of one block before its checksum is made: damage that no checksum tells."""

    def __init__(self, version: int, block: int, position: int, pattern: int) -> None:
        super().__init__(version)
        self.target, self.position, self.pattern, self.num_blocks = block, position, pattern, 0

    def block(self, contents: bytes, *, kind: int = 0) -> bytes:
        if self.num_blocks == self.target:
            changed = bytearray(contents)
            changed[self.position % len(changed)] ^= self.pattern
            contents = bytes(changed)
        self.num_blocks += 1
        return super().block(contents, kind=kind)


@pytest.mark.parametrize("version", [2, 4, 5, 7, 8])
def test_damage_under_a_right_checksum_is_an_error_of_ours_or_other_entries(version: int) -> None:
    rng = random.Random(version)
    entries = [*ENTRIES[:4], Entry(b"\xbe", 3, b"far away" * 3, where="block" if version > 2 else "inline")]
    num_refused = 0
    for _ in range(400):
        writer = DamagedWriter(
            version, rng.randrange(7), rng.randrange(250), rng.choice((0x01, 0x40, 0x80, 0xFF))
        )
        writer.add(entries[:2])
        writer.add(entries[2:])
        try:
            reader = SSTReader.open(writer.finish(range_deletes=[RangeDelete(b"a", b"b", 5)]), location="f")
            reader.range_tombstones()
            reader.first_key()
            reader.verify()
        except (CorruptionError, UnsupportedError) as exc:
            num_refused += exc.location is not None
    assert num_refused > 100


# Values


@pytest.mark.parametrize("version", range(3, 9))
def test_values_in_value_blocks_are_fetched(version: int) -> None:
    rng = random.Random(1)
    entries = [
        Entry(e.key, e.wall_ns, e.value or b"x", e.logical, where=rng.choice(("inline", "block")))
        for e in ENTRIES
    ]
    writer = TableWriter(version)
    for first in range(0, 90, 18):
        writer.add(entries[first : first + 18])
        if first % 36 == 0:
            writer.close_value_block()
    file = writer.finish()
    assert len(writer.value_index) == 3
    assert entries_of(file) == plain(entries)


@pytest.mark.parametrize("kind", [1, 0x41])
def test_only_values_of_sets_have_a_prefix(kind: int) -> None:
    entries = [Entry(b"\xbd", 3, b"set", kind=kind), Entry(b"\xbe", 3, b"set with delete", kind=18)]
    assert entries_of(write(4, entries, num_blocks=1)) == plain(entries)


@pytest.mark.parametrize("version", [3, 8])
def test_values_in_other_files_are_told(version: int) -> None:
    with pytest.raises(UnsupportedError, match="blob files"):
        entries_of(write(version, [Entry(b"\xbd", 3, b"", where="blob")]))


class HandleWriter(TableWriter):
    """Stores the given bytes in the place of every value."""

    stored = b""

    def _stored_value(self, entry: Entry) -> bytes:
        return self.stored


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"\xc0value",
        b"\x80",
        b"\x80\x01\x00",
        b"\x80\x01\x00\x00\x00",
        b"\x80\x01\x01\x00",
        b"\x80\x09\x00\x00",
        b"\x80\x01\x00\x08",
        b"\x80" + b"\xff" * 9 + b"\x01\x00\x00",
    ],
)
def test_damaged_prefixes_and_handles_are_refused(stored: bytes) -> None:
    writer = HandleWriter(4)
    writer.stored = stored
    writer.add([Entry(b"\xbd", 3, b"")])
    writer.value_block = b"8 bytes."
    with pytest.raises(CorruptionError) as caught:
        entries_of(writer.finish())
    assert caught.value.location is not None


@pytest.mark.parametrize(
    "entry",
    [
        b"\x00\x01\x01\x01",
        b"\x00\x01\x01\x00\x01",
        b"\x00\x01\x09\x01\x01",
        b"\x00\x01\x01\x01\x01\x01",
        b"\x80",
    ],
)
def test_damaged_value_index_handles_are_refused(entry: bytes) -> None:
    writer = HandleWriter(4)
    writer.stored = b"\x80\x01\x00\x00"
    writer.add([Entry(b"\xbd", 3, b"")])
    with pytest.raises(CorruptionError):
        entries_of(writer.finish(metaindex=[(b"pebble.value_index", entry)]))


@pytest.mark.parametrize("raw", [b"\x01\x00\x01", b"\x00\x00\x01\x02"])
def test_damaged_value_indexes_are_refused(raw: bytes) -> None:
    writer = HandleWriter(4)
    writer.stored = b"\x80\x01\x00\x00"
    writer.add([Entry(b"\xbd", 3, b"")])
    entry = writer.block(raw) + b"\x01\x01\x01"
    with pytest.raises(CorruptionError, match="bad value index"):
        entries_of(writer.finish(metaindex=[(b"pebble.value_index", entry)]))


def test_a_handle_in_a_file_without_value_blocks_is_refused() -> None:
    writer = HandleWriter(3)
    writer.stored = b"\x80\x01\x00\x00"
    writer.add([Entry(b"\xbd", 3, b"")])
    with pytest.raises(CorruptionError, match="bad value handle"):
        entries_of(writer.finish())


# Range keys


DELETES = [
    RangeDelete(b"\xbd\x89", b"\xbd\x8a", 9, logical=2),
    RangeDelete(b"\xbd\x89", b"\xbd\x8a", 5),
    RangeDelete(b"\xbe", b"\xbf", 7, value=b"\x00\x00\x00\x02\x65hd"),
]


@pytest.mark.parametrize("version", range(2, 9))
def test_range_tombstones_are_read(version: int) -> None:
    reader = SSTReader.open(write(version, range_deletes=DELETES), location="f")
    assert reader.has_range_keys
    assert reader.range_tombstones() == (
        RangeTombstone(b"\xbd\x89", b"\xbd\x8a", 9, 2),
        RangeTombstone(b"\xbd\x89", b"\xbd\x8a", 5, 0),
        RangeTombstone(b"\xbe", b"\xbf", 7, 0),
    )


@pytest.mark.parametrize("version", [4, 7])
def test_a_file_of_range_tombstones_alone_is_read(version: int) -> None:
    reader = SSTReader.open(TableWriter(version).finish(range_deletes=DELETES), location="f")
    assert (reader.first_key(), reader.verify(), len(reader.range_tombstones())) == (None, 0, 3)


def test_several_versions_of_one_range_key_are_one_entry_in_row_tables() -> None:
    later, earlier = user_key(b"", 9, 2)[1:], user_key(b"", 5)[1:]
    parts = [b"\xbd\x8a\x00", later, b"", earlier, b""]
    value = b"".join(encode_uvarint(len(part)) + part for part in parts)
    entries = decode_range_keys([b"\xbd\x89\x00" + (21).to_bytes(8, "little")], [value], place="f @0")
    assert [(t.wall_ns, t.logical) for t in decode_range_tombstones(entries, place="f @0")] == [
        (9, 2),
        (5, 0),
    ]


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (19, b"", "kind 19"),
        (20, b"", "kind 20"),
        (21, b"other", "no MVCC range tombstones"),
        (21, b"\0\0\0\1\x65hd", "no MVCC"),
    ],
)
@pytest.mark.parametrize("version", [4, 8])
def test_other_range_keys_are_told(version: int, kind: int, value: bytes, words: str) -> None:
    file = write(version, range_deletes=[RangeDelete(b"a", b"b", 5, value=value, kind=kind)])
    with pytest.raises(UnsupportedError, match=words):
        SSTReader.open(file, location="f").range_tombstones()


@pytest.mark.parametrize(
    "entry",
    [
        (b"a", b"b\0", 21, b"1234567\x08", b""),
        (b"a\0", b"b", 21, b"12345678\x09", b""),
        (b"a\0", b"", 21, b"12345678\x09", b""),
        (b"a\0", b"b\0", 21, b"12345678\x08", b""),
        (b"a\0", b"b\0", 21, b"1234567\x08", b""),
        (b"a\0", b"b\0", 21, b"", b""),
    ],
)
def test_damaged_range_tombstones_are_refused(entry: tuple[bytes, bytes, int, bytes, bytes]) -> None:
    with pytest.raises(CorruptionError):
        decode_range_tombstones([entry], place="f @0")


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"short", b""), (b"a\0\x15\0\0\0\0\0\0\0", b"\x05b"), (b"a\0\x15\0\0\0\0\0\0\0", b"\x01b\x01")],
)
def test_damaged_range_keys_of_row_tables_are_refused(key: bytes, value: bytes) -> None:
    with pytest.raises(CorruptionError):
        decode_range_keys([key], [value], place="f @0")


@pytest.mark.parametrize("name", [b"rocksdb.range_del", b"rocksdb.range_del2"])
@pytest.mark.parametrize("version", [4, 7])
def test_deletions_by_the_engine_are_told(version: int, name: bytes) -> None:
    with pytest.raises(UnsupportedError, match=name.decode()):
        SSTReader.open(write(version, metaindex=[(name, b"\x00\x01")]), location="f")


# Columnar blocks


@pytest.mark.parametrize("width", [1, 2, 4, 8])
@pytest.mark.parametrize("base", [None, 0, 1000, 2**63])
def test_integer_columns_of_every_width_and_base(width: int, base: int | None) -> None:
    values = [(base or 0) + value for value in (0, 1, 255, 7)]
    block = columnar_block(
        4, [bytes_column([b"odd", b"", b"", b""], width=1), uint_column(values, width=width, base=base)]
    )
    assert Columns.decode(array(block), custom_header_size=0, place="f").uints(1).tolist() == values


def test_constant_integer_columns() -> None:
    columns = [uint_column([0] * 5, width=0), uint_column([9] * 5, width=0, base=9)]
    block = Columns.decode(array(columnar_block(5, columns)), custom_header_size=0, place="f")
    assert (block.uints(0).tolist(), block.uints(1).tolist()) == ([0] * 5, [9] * 5)


@pytest.mark.parametrize("num_rows", [1, 63, 64, 65, 200])
def test_boolean_columns(num_rows: int) -> None:
    rng = random.Random(num_rows)
    values = [rng.random() < 0.4 for _ in range(num_rows - 1)] + [True]
    columns = [bytes_column([b"x"] * num_rows), bool_column(values), bool_column([False] * num_rows)]
    block = Columns.decode(array(columnar_block(num_rows, columns)), custom_header_size=0, place="f")
    assert block.bools(1).tolist() == values
    assert not block.bools(2).any()


@pytest.mark.parametrize("bundle_shift", [0, 1, 2, 4])
@pytest.mark.parametrize("num_rows", [1, 2, 15, 16, 17, 100])
def test_prefix_columns_with_repeated_keys(num_rows: int, bundle_shift: int) -> None:
    rng = random.Random(num_rows)
    keys = sorted(b"\xbd\x89" + rng.randbytes(rng.randrange(3)) for _ in range(num_rows))
    columns = [prefix_bytes_column(keys, bundle_shift=bundle_shift)]
    block = Columns.decode(array(columnar_block(num_rows, columns)), custom_header_size=0, place="f")
    assert block.prefixed_rows(0).to_list() == keys


def test_columns_without_rows() -> None:
    columns = [uint_column([]), bool_column([]), bytes_column([]), prefix_bytes_column([])]
    block = Columns.decode(array(columnar_block(0, columns)), custom_header_size=0, place="f")
    assert (
        block.uints(0).size,
        block.bools(1).size,
        len(block.byte_rows(2)),
        len(block.prefixed_rows(3)),
    ) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x02\x00\x00\x00\x00\x00\x00\x00",
        b"\x01\x01\x00\x00\x00\x00\x00\x00",
        b"\x01\x00\x00\xff\xff\xff\xff\x00",
    ],
    ids=["empty", "other version", "no column headers", "too many rows"],
)
def test_damaged_headers_are_refused(block: bytes) -> None:
    with pytest.raises(CorruptionError, match="bad columnar block"):
        Columns.decode(array(block), custom_header_size=0, place="f @7")


def column_at(kind: int, raw: bytes, *, num_rows: int = 4) -> Columns:
    return Columns.decode(
        array(columnar_block(num_rows, [(kind, lambda at: raw)])), custom_header_size=0, place="f @7"
    )


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (2, b"\x03\0\0\0"),
        (2, b"\x08" + b"\0" * 20),
        (2, b"\x80\0\0"),
        (2, b"\x84" + b"\0" * 10),
        (1, b"\x00\0\0"),
        (3, b"\x01\0\1\2\3\xf0"),
        (3, b"\x01\0\2\1\3\3abcdef"),
        (4, b"\x11"),
        (4, b"\x02\x01\0\0"),
    ],
)
def test_damaged_columns_are_refused(kind: int, raw: bytes) -> None:
    block = column_at(kind, raw)
    read = {1: block.bools, 2: block.uints, 3: block.byte_rows, 4: block.prefixed_rows}[kind]
    with pytest.raises(CorruptionError) as caught:
        read(0)
    assert caught.value.location == "f @7"
    for other in {block.bools, block.uints, block.byte_rows, block.prefixed_rows} - {read}:
        with pytest.raises(CorruptionError, match="column 0"):
            other(0)
    with pytest.raises(CorruptionError, match="column 1"):
        read(1)


def test_a_key_schema_of_others_is_told() -> None:
    with pytest.raises(UnsupportedError, match="key schema DefaultKeySchema"):
        SSTReader.open(write(5, schema=b"DefaultKeySchema"), location="f")


def test_versions_that_are_no_timestamps_are_told() -> None:
    columns = [prefix_bytes_column([b"k"]), uint_column([0]), uint_column([0]), bytes_column([b"lock"])]
    with pytest.raises(UnsupportedError, match="no timestamp"):
        decode_columnar_data(array(columnar_block(1, columns, custom_header=bytes(5))), place="f")
    columns[2], columns[3] = uint_column([1 << 31]), bytes_column([b""])
    with pytest.raises(CorruptionError, match="logical time"):
        decode_columnar_data(array(columnar_block(1, columns, custom_header=bytes(5))), place="f")


def test_names_and_bounds_of_columnar_blocks_are_checked() -> None:
    twice = [bytes_column([b"a", b"a"]), bytes_column([b"1", b"2"])]
    with pytest.raises(CorruptionError, match="occurs twice"):
        decode_columnar_names(array(columnar_block(2, twice)), place="f")
    for bounds, firsts in ((3, [0, 1, 0]), (2, [1, 1]), (2, [0, 2]), (1 << 30, [0, 1])):
        columns = [
            bytes_column([b"a\0", b"b\0", b"c\0"][: len(firsts)]),
            uint_column(firsts),
            uint_column([21]),
            bytes_column([b"s"]),
            bytes_column([b""]),
        ]
        block = columnar_block(1, columns, custom_header=bounds.to_bytes(4, "little"))
        with pytest.raises(CorruptionError, match="bounds"):
            decode_columnar_spans(array(block), place="f")


def test_handles_of_a_columnar_index_must_lie_in_the_file() -> None:
    columns = [bytes_column([b"k\0"]), uint_column([1 << 40]), uint_column([5]), bytes_column([b""])]
    separators, handles = decode_columnar_index(array(columnar_block(1, columns)), place="f")
    assert (separators.to_list(), handles) == ([b"k\0"], [BlockHandle(1 << 40, 5)])
    writer = TableWriter(6)
    writer.add(ENTRIES[:3])
    writer.index = [(writer.index[0][0], encode_uvarint(1 << 20) + encode_uvarint(5))]
    with pytest.raises(CorruptionError, match="bad block handle"):
        SSTReader.open(writer.finish(), location="f")


@pytest.mark.parametrize("version", [5, 6])
def test_columnar_files_are_not_dumped(version: int) -> None:
    with pytest.raises(UnsupportedError, match=rf"\(Pebble,v{version}\)"):
        dump_sst(write(version), location="f")


def test_row_files_with_other_checksums_and_blocks_are_dumped() -> None:
    entries = [Entry(b"\xbd", 3, b"far", where="block")]
    text = dump_sst(write(4, entries, checksum_kind=XXHASH64, range_deletes=DELETES), location="f")
    assert "f: (Pebble,v4)" in text
    assert "data block 0" in text


# Checksums and compression


@pytest.mark.parametrize("size", [0, 1, 3, 4, 8, 31, 32, 33, 1000, 131071, 131072, 300_000])
def test_xxh64_checksums_of_every_size(size: int) -> None:
    block = random.Random(size).randbytes(size) + b"\x00"
    stored = block + (xxh64(block) & 0xFFFFFFFF).to_bytes(4, "little")
    handle = BlockHandle(0, size)
    assert open_block(array(stored), handle, location="f", checksum_kind=XXHASH64).tobytes() == block[:-1]
    wrong = stored[:-1] + bytes([stored[-1] ^ 1])
    with pytest.raises(ChecksumMismatchError):
        open_block(array(wrong), handle, location="f", checksum_kind=XXHASH64)
    with pytest.raises(ChecksumMismatchError):
        open_block(array(stored), handle, location="f")


def test_the_footer_names_the_checksum() -> None:
    footer = decode_footer(write(4, checksum_kind=XXHASH64), location="f")
    assert footer.checksum_kind == XXHASH64
    assert decode_footer(write(4), location="f").checksum_kind == 1


def sealed(contents: bytes, kind: int) -> bytes:
    block = contents + bytes([kind])
    return block + block_checksum(block).to_bytes(4, "little")


def opened(contents: bytes, kind: int) -> bytes:
    return open_block(array(sealed(contents, kind)), BlockHandle(0, len(contents)), location="f").tobytes()


@pytest.mark.parametrize("version", [4, 7])
@pytest.mark.parametrize("kind", [SNAPPY, ZSTD, MINLZ])
def test_compressed_data_blocks_are_read(version: int, kind: int) -> None:
    class Compressing(TableWriter):
        def block(self, contents: bytes, *, kind: int = kind) -> bytes:
            if kind == SNAPPY:
                contents = bytes(cramjam.snappy.compress_raw(contents))
            elif kind == ZSTD:
                contents = encode_uvarint(len(contents)) + bytes(cramjam.zstd.compress(contents))
            else:
                contents = b"\x00\x00" + contents
            return super().block(contents, kind=kind)

    writer = Compressing(version)
    writer.add(ENTRIES)
    assert entries_of(writer.finish()) == ENTRIES


WORDS = bytes(range(100))
FAR = bytes(i % 251 for i in range(70_000))


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (b"", b""),
        (b"\x00abc", b"abc"),
        (b"\x03\x10abc", b"abc"),
        (b"\x1d\xe0" + WORDS[:29], WORDS[:29]),
        (b"\x1e\xe8\x00" + WORDS[:30], WORDS[:30]),
        (b"\x64\xe8\x46" + WORDS, WORDS),
        (b"\x64\xf0\x46\x00" + WORDS, WORDS),
        (b"\x64\xf8\x46\x00\x00" + WORDS, WORDS),
        (b"\x08\x00a\x34", b"a" * 8),
        (b"\x07\x10abc\x81\x00", b"abcabca"),
        (b"\x24\x10abc\xbd\x00\x0f", b"abc" * 12),
        (b"\x68\xe8\x46" + WORDS + b"\x02\x00\x00", WORDS + WORDS[36:40]),
        (b"\xa9\x01\xe8\x46" + WORDS + b"\xf6\x00\x00\x05", WORDS + (WORDS[36:] * 2)[:69]),
        (b"\xa9\x01\xe8\x46" + WORDS + b"\xfa\x00\x00\x05\x00", WORDS + (WORDS[36:] * 2)[:69]),
        (b"\xa9\x01\xe8\x46" + WORDS + b"\xfe\x00\x00\x05\x00\x00", WORDS + (WORDS[36:] * 2)[:69]),
        (b"\x6c\xe8\x46" + WORDS + b"\x4b\x02\x00xy", WORDS + b"xy" + WORDS[36:42]),
    ],
)
def test_minlz_tags(tags: bytes, expected: bytes) -> None:
    """Tag by tag: literals of each length, copies of each kind, overlapping ones too."""
    assert opened(b"\x00" + tags, MINLZ) == expected


def test_minlz_copies_from_afar() -> None:
    literals = b"\xf8" + (len(FAR) - 30).to_bytes(3, "little") + FAR
    for num_literals, length, extra in ((0, 7, b""), (2, 7, b""), (3, 69, b"\x05"), (0, 69, b"\x05\x00")):
        value = {b"": length - 4, b"\x05": 61, b"\x05\x00": 62}[extra]
        word = 3 | 4 | num_literals << 3 | value << 5 | (65_600 - 65_536) << 11
        tags = literals + word.to_bytes(4, "little") + extra + b"lit"[:num_literals]
        plain = FAR + b"lit"[:num_literals]
        plain += plain[len(plain) - 65_600 :][:length]
        assert decompress_minlz(b"\x00" + encode_uvarint(len(plain)) + tags, place="f") == plain


def test_minlz_blocks_that_do_not_begin_with_zero_are_snappy() -> None:
    assert opened(bytes(cramjam.snappy.compress_raw(WORDS)), MINLZ) == WORDS
    with pytest.raises(CorruptionError, match="snappy"):
        opened(b"\x05junk", MINLZ)


@pytest.mark.parametrize(
    "tags",
    [
        b"\x80",
        b"\xff\xff\xff\xff\x0f",
        b"\x81\x80\x80\x04",
        b"\x04\x10abc",
        b"\x02\x10abc",
        b"\x04\x10ab",
        b"\x08\x34",
        b"\x08\x00a\x82",
        b"\x08\x00a\x81\x05",
        b"\x08\x00a\x01",
        b"\x08\x00a\x3d\x00",
        b"\x08\xe8",
        b"\x08\xf0\x01",
        b"\x08\x00a\x02\x01",
        b"\x08\x00a\x03\x00",
        b"\x08\x00a\x07\x00\x00",
        b"\x08\x00a\x02\x00\x00",
        b"\x03\x00a\x34",
    ],
)
def test_damaged_minlz_is_refused(tags: bytes) -> None:
    with pytest.raises(CorruptionError):
        opened(b"\x00" + tags, MINLZ)


def test_minlz_is_safe_on_noise() -> None:
    rng = random.Random(4)
    num_refused = 0
    for _ in range(3000):
        noise = b"\x00" + bytes([rng.randrange(1, 100)]) + rng.randbytes(rng.randrange(40))
        try:
            assert len(decompress_minlz(noise, place="f")) == noise[1]
        except CorruptionError as exc:
            num_refused += exc.location == "f"
    assert num_refused > 2000


def test_an_empty_minlz_block() -> None:
    assert opened(b"\x00", MINLZ) == b""
