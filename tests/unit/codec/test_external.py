"""The two lists beside a BACKUP_METADATA, put together by hand from reference 03 section 6."""

from __future__ import annotations

import pytest

from ootheca import pb
from ootheca.codec.external import attach_lists, decode_descriptor_list, decode_file_list
from ootheca.codec.ordered import encode_bytes
from ootheca.codec.ragged import Ragged
from ootheca.errors import CorruptionError, OothecaError
from tests.support.newer_layouts import descriptor_history, descriptor_list, file_list, table_of
from tests.support.newer_sst import Entry, RangeDelete, TableWriter


def make_file(start: bytes, end: bytes, path: str) -> pb.File:
    return pb.File(span=pb.Span(key=start, end_key=end), path=path, entry_counts=pb.RowCount(data_size=7))


def make_table(id_: int, name: str, *, version: int = 2) -> pb.Descriptor:
    table = pb.TableDescriptor(id=id_, name=name, version=version)
    table.modification_time.wall_time = 9
    return pb.Descriptor(table=table)


def revision(id_: int, wall_time: int, name: str | None, *, logical: int = 0) -> pb.DescriptorRevision:
    time = pb.Timestamp(wall_time=wall_time, logical=logical)
    return pb.DescriptorRevision(time=time, ID=id_, desc=None if name is None else make_table(id_, name))


def names(descriptors: list[pb.Descriptor]) -> list[str]:
    return [descriptor.table.name for descriptor in descriptors]


def test_files_come_in_the_order_of_their_spans() -> None:
    files = [
        make_file(b"\xbd\x89", b"\xbd\x8a", "data/2.sst"),
        make_file(b"\xbd\x89\x00\x12", b"\xbd\x8b", "data/1.sst"),
        make_file(b"\xbd\x89", b"\xbd\x8a", "data/1.sst"),
    ]
    assert decode_file_list(file_list(files), location="l") == [files[2], files[0], files[1]]


def test_the_key_of_a_file_is_its_start_and_its_path() -> None:
    stored = file_list([make_file(b"a\x00b", b"c", "d")])
    key = b"\x12a\x00\xffb\x00\x01\x12d\x00\x01"
    assert b"".join(encode_bytes(Ragged.from_list([b"a\x00b", b"d"])).to_list()) == key
    assert key in stored


def test_the_lists_of_the_versions_that_write_them_are_read_in_their_table_formats() -> None:
    files = [make_file(b"\xbd%c" % i, b"\xbe", f"data/{i}.sst") for i in range(0x88, 0x98)]
    for version in range(2, 9):
        writer = TableWriter(version)
        for each in files:
            key = b"".join(encode_bytes(Ragged.from_list([each.span.key, each.path.encode()])).to_list())
            writer.add([Entry(key, 0, each.SerializeToString(), where="block" if version > 2 else "inline")])
        assert decode_file_list(writer.finish(), location="l") == files


def test_descriptors_without_versions_are_the_current_ones() -> None:
    stored = descriptor_list([make_table(300, "b"), make_table(53, "a")])
    descriptors, revisions = decode_descriptor_list(stored, location="l")
    assert (names(descriptors), revisions) == (["a", "b"], [])
    assert b"desc/\xbd" in stored  # uvarint-ascending(53)


def test_the_newest_version_of_each_descriptor_is_the_current_one() -> None:
    history = [
        revision(53, 5, "old"),
        revision(53, 7, "new", logical=1),
        revision(53, 7, "between"),
        revision(54, 6, "gone"),
        revision(54, 8, None),
        revision(55, 6, None),
        revision(55, 9, "again"),
    ]
    descriptors, revisions = decode_descriptor_list(descriptor_history(history), location="l")
    assert names(descriptors) == ["new", "again"]
    times = [(r.time.wall_time, r.time.logical, r.ID, r.HasField("desc")) for r in revisions]
    assert times == [
        (5, 0, 53, True), (6, 0, 54, True), (6, 0, 55, False), (7, 0, 53, True), (7, 1, 53, True), (8, 0, 54, False),
        (9, 0, 55, True),
    ]  # fmt: skip


def test_a_tables_first_version_gets_a_modification_time() -> None:
    first, second = make_table(53, "a", version=1), make_table(54, "b", version=2)
    for each in (first, second):
        each.table.ClearField("modification_time")
    later = make_table(55, "c", version=1)
    (a, b, c), _ = decode_descriptor_list(descriptor_list([first, second, later]), location="l")
    assert (a.table.modification_time.wall_time, b.table.modification_time.wall_time) == (1, 0)
    assert c.table.modification_time.wall_time == 9


@pytest.mark.parametrize("has_history", [False, True])
def test_placeholders_are_replaced(has_history: bool) -> None:
    manifest = pb.BackupManifest(has_external_manifest_ssts=True)
    manifest.files.add(path="assertion: this placeholder legacy Files entry should never be opened")
    manifest.descriptors.append(make_table(1, "assertion: placeholder"))
    manifest.descriptor_changes.add(ID=1)
    if has_history:
        manifest.mvcc_filter = pb.MVCCFilter.All
    file, table, change = make_file(b"a", b"b", "p"), make_table(53, "a"), revision(53, 5, "a")
    attach_lists(manifest, [file], [table], [change])
    assert (list(manifest.files), list(manifest.descriptors)) == ([file], [table])
    # An incremental layer without history, but with versions, has no changes: its versions are its start.
    assert list(manifest.descriptor_changes) == ([change] if has_history else [])


@pytest.mark.parametrize(
    "key", [b"disc/\xbd", b"desc/", b"desc/\xbd\x00", b"desc/\x80", b"desc/\xfd" + b"\xff" * 8]
)
def test_malformed_descriptor_keys_are_refused(key: bytes) -> None:
    value = make_table(53, "a").SerializeToString()
    with pytest.raises(CorruptionError, match="malformed") as caught:
        decode_descriptor_list(table_of([(key, 0, 0, value)]), location="l")
    assert caught.value.location == "l"


def test_values_that_are_no_messages_are_refused() -> None:
    rows = [(b"desc/\xbd", 0, 0, b"\xff\xff")]
    with pytest.raises(CorruptionError, match="Descriptor"):
        decode_descriptor_list(table_of(rows), location="l")
    with pytest.raises(CorruptionError, match="File"):
        decode_file_list(table_of(rows), location="l")


def test_range_deletions_do_not_belong_there() -> None:
    stored = TableWriter(4).finish(range_deletes=[RangeDelete(b"a", b"b", 5)])
    for decode in (decode_file_list, decode_descriptor_list):
        with pytest.raises(CorruptionError, match="range deletions"):
            decode(stored, location="l")


def test_a_list_cut_or_damaged_anywhere_is_refused() -> None:
    stored = file_list([make_file(b"a", b"b", "p")])
    for size in range(0, len(stored), 13):
        with pytest.raises(OothecaError):
            decode_file_list(stored[:size], location="l")
    expected = decode_file_list(stored, location="l")
    refused = 0
    for at in range(0, len(stored), 3):
        changed = bytearray(stored)
        changed[at] ^= 0x10
        try:
            assert decode_file_list(bytes(changed), location="l") == expected
        except CorruptionError:
            refused += 1
    assert refused > len(stored) // 4
