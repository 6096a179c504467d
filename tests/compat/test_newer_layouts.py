"""Backups as versions after 21.2 lay them out: lists beside the manifest, layers elsewhere, keys cut, ranges deleted.

No fixture shows these: they are backups of our own (and real ones of 21.2), rearranged as the reference says.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from ootheca import pb
from ootheca.backup.chain import Chain, cut_at, find_appended, open_chain, read_layer
from ootheca.backup.collection import find_layers, layer_places, list_full_backups, read_latest
from ootheca.backup.elided import elided_prefix, relative_span
from ootheca.backup.localities import Stores
from ootheca.backup.opened import open_backup
from ootheca.backup.read import ChainReader
from ootheca.backup.sealed import SealedStorage, open_sealed
from ootheca.clock import Timestamp
from ootheca.codec import filenames
from ootheca.codec.keys import prefix
from ootheca.crypto.encryption_info import EncryptionInfo, encode_encryption_info, hash_master_key_id
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.crypto.kms.registry import open_kms
from ootheca.errors import (
    ChecksumMismatchError,
    CorruptionError,
    KeyRequiredError,
    ObjectNotFoundError,
    OothecaError,
    UnsupportedError,
)
from ootheca.storage.base import Storage
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import (
    END,
    KMS_ENV,
    KMS_OPTIONS,
    Bank,
    drain,
    make_bank,
    restore,
    take_backup,
    write_layer,
)
from tests.support.newer_layouts import Row, read_manifest, rewrite_files, slim_down, table_of, write_manifest
from tests.support.newer_sst import Entry, RangeDelete, TableWriter

SHARED = Path(__file__).parents[3] / "shared" / "fixtures" / "golden"
FULL = "2023/11/14-221320.12"
LATER = Timestamp(END.wall_ns + 60_000_000_000)
PLAIN, PASSPHRASE = EncryptionOptions(), EncryptionOptions(passphrase="secret words")
SEALS = pytest.mark.parametrize("options", [PLAIN, PASSPHRASE], ids=["plain", "sealed"])


@pytest.fixture(scope="module")
def bank() -> Bank:
    return make_bank()


def backup(bank: Bank, options: EncryptionOptions = PLAIN) -> SealedStorage:
    storage = MemoryStorage()
    take_backup(bank, storage, options=options)
    return open_sealed(storage, options, KMS_ENV)


# BACKUP_METADATA and its lists


@SEALS
def test_files_and_descriptors_come_from_the_lists(bank: Bank, options: EncryptionOptions) -> None:
    folder = backup(bank, options)
    before, expected = read_layer(folder).manifest, drain(open_chain(folder))
    slim_down(folder)
    folder.storage.write("BACKUP_MANIFEST", b"not looked at")
    layer = read_layer(folder)
    assert list(layer.manifest.files) == list(before.files)
    assert list(layer.manifest.descriptors) == sorted(
        before.descriptors, key=lambda d: getattr(d, d.WhichOneof("union")).id
    )
    assert not layer.manifest.descriptor_changes
    assert len(expected) > 50
    assert drain(open_chain(folder)) == expected
    assert restore(folder.storage, options=options).counts == restore_counts(bank)


def restore_counts(bank: Bank) -> tuple[int, int, int]:
    return restore(backup(bank).storage).counts


def test_a_manifest_without_lists_under_the_new_name_is_read_as_it_stands(bank: Bank) -> None:
    folder = backup(bank)
    folder.storage.write("BACKUP_METADATA", folder.storage.read("BACKUP_MANIFEST"))
    folder.storage.delete("BACKUP_MANIFEST")
    assert read_layer(folder).manifest.files


def test_only_an_absent_manifest_leads_to_the_next(bank: Bank) -> None:
    folder = backup(bank)
    slim_down(folder)
    folder.storage.write("BACKUP_METADATA-CHECKSUM", b"1234")
    with pytest.raises(ChecksumMismatchError) as caught:
        read_layer(folder)
    assert caught.value.location == "memory://m/BACKUP_METADATA"
    folder.storage.delete("BACKUP_METADATA-CHECKSUM")
    folder.storage.write("BACKUP_METADATA", b"\x1f\x8b\x08 damaged")
    with pytest.raises(CorruptionError):
        read_layer(folder)


@pytest.mark.parametrize("name", ["filelist.sst", "descriptorslist.sst"])
def test_a_missing_or_damaged_list_is_told(bank: Bank, name: str) -> None:
    folder = backup(bank)
    slim_down(folder)
    stored = folder.storage.read(name)
    folder.storage.write(name, stored[:-1])
    with pytest.raises(CorruptionError) as damaged:
        read_layer(folder)
    assert str(damaged.value.location).startswith(f"memory://m/{name}")
    folder.storage.delete(name)
    with pytest.raises(ObjectNotFoundError, match=name):
        read_layer(folder)


def test_lists_of_a_sealed_backup_need_its_key(bank: Bank) -> None:
    folder = backup(bank, KMS_OPTIONS)
    slim_down(folder)
    with pytest.raises(KeyRequiredError):
        read_layer(SealedStorage(folder.storage))


def test_a_folder_without_any_manifest_names_that_of_the_proven_versions() -> None:
    with pytest.raises(ObjectNotFoundError, match=r"BACKUP_MANIFEST: .*file doesn't exist"):
        read_layer(SealedStorage(MemoryStorage()))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the other golden sets are not beside the repository")
@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_histories_of_real_backups_survive_the_way_through_the_lists(version: str) -> None:
    """The current descriptors of a layer are the newest of its revisions, where it has some."""
    num_layers = 0
    for path in sorted((SHARED / version / "e_revision").glob("**/BACKUP_MANIFEST")):
        folder = SealedStorage(MemoryStorage())
        folder.storage.write("BACKUP_MANIFEST", path.read_bytes())
        before = read_manifest(folder)
        if not before.descriptor_changes:
            continue
        slim_down(folder)
        after = read_layer(folder).manifest
        times = [(r.time.wall_time, r.time.logical, r.ID) for r in after.descriptor_changes]
        assert times == sorted((r.time.wall_time, r.time.logical, r.ID) for r in before.descriptor_changes)
        kept = {d.SerializeToString() for d in before.descriptors}
        assert {d.SerializeToString() for d in after.descriptors} <= kept
        num_layers += 1
    assert num_layers > 1


# Keys without prefix


@pytest.mark.parametrize(
    ("key", "tenant", "table"),
    [
        (b"\xbd\x89\x12a", b"", b"\xbd"),
        (b"\xf6\xff\x89", b"", b"\xf6\xff"),
        (b"\xfe\x92\xbd\x89", b"\xfe\x92", b"\xfe\x92\xbd"),
        (b"\xfe\xf6\xc8\xf7\x01\x00\x8a", b"\xfe\xf6\xc8", b"\xfe\xf6\xc8\xf7\x01\x00"),
    ],
)
def test_prefixes_are_those_of_tenant_and_table(key: bytes, tenant: bytes, table: bytes) -> None:
    assert [elided_prefix(key, mode) for mode in (0, 1, 2)] == [b"", tenant, table]


def test_prefixes_that_cannot_be_told() -> None:
    for key, mode in ((b"", 2), (b"\x12abc", 2), (b"\xfe", 1), (b"\xfe\x92", 2), (b"\xf6", 2)):
        with pytest.raises(CorruptionError):
            elided_prefix(key, mode)
    with pytest.raises(UnsupportedError, match="kind 3"):
        elided_prefix(b"\xbd\x89", 3)


def test_spans_are_cut_like_the_keys() -> None:
    assert relative_span(b"\xbd\x89", b"\xbd\x8a", b"") == (b"\xbd\x89", b"\xbd\x8a")
    assert relative_span(b"\xbd\x89", b"\xbd\x8a", b"\xbd") == (b"\x89", b"\x8a")
    assert relative_span(b"\xbd", b"\xbe", b"\xbd") == (b"", b"\xff\xff")
    assert relative_span(b"\xbe", b"\xbf", b"\xbd") is None


@SEALS
@pytest.mark.parametrize("mode", [1, 2])
def test_keys_are_completed_from_their_files_spans(bank: Bank, mode: int, options: EncryptionOptions) -> None:
    """The restore checks the values' checksums, which go over complete keys."""
    folder = backup(bank, options)
    expected = drain(open_chain(folder))
    rewrite_files(folder, elided=mode)
    assert drain(open_chain(folder)) == expected
    middle = [key for key, *_ in expected][len(expected) // 2]
    assert drain(open_chain(folder), end=middle) == [row for row in expected if row[0] < middle]
    assert drain(open_chain(folder), start=middle) == [row for row in expected if row[0] >= middle]
    assert restore(folder.storage, options=options).counts == restore_counts(bank)


def test_tenants_keys_are_completed_too() -> None:
    storage = MemoryStorage()
    rows = [(b"\xfe\x92\xbd\x89%c\x88" % (0x88 + i), 5, b"v%d" % i) for i in range(20)]
    write_layer(storage, end=Timestamp(10), files=[(b"\xfe\x92", b"\xfe\x93", rows)])
    folder = SealedStorage(storage)
    rewrite_files(folder, elided=1)
    assert drain(open_chain(folder)) == rows


def test_files_that_share_a_table_share_the_prefix() -> None:
    low, middle, high = b"\xbd\x89", b"\xbd\x8a", b"\xbe"
    rows = [(b"\xbd%c%c" % (0x89 + i // 10, 0x88 + i % 10), 5, b"v%d" % i) for i in range(30)]
    files = [(low, middle, rows[:10]), (middle, high, rows[10:])]
    storage = MemoryStorage()
    manifest = write_layer(storage, end=Timestamp(10), files=files, shared_path="data/1.sst")
    storage.write("data/1.sst", table_of((key[1:], wall, 0, value) for key, wall, value in rows))
    manifest.elided_prefix = 2
    write_manifest(SealedStorage(storage), manifest)
    chain = open_chain(SealedStorage(storage))
    assert drain(chain) == rows
    assert drain(chain, middle, high) == rows[10:]


def test_a_file_in_anothers_place_is_refused_without_prefixes_too(bank: Bank) -> None:
    folder = backup(bank)
    rewrite_files(folder, elided=2)
    paths = [file.path for file in read_manifest(folder).files]
    first, second = (folder.storage.read(path) for path in paths[:2])
    folder.storage.write(paths[0], second)
    folder.storage.write(paths[1], first)
    with pytest.raises(CorruptionError, match="does not hold what the manifest says"):
        drain(open_chain(folder))


# Table formats


@pytest.mark.parametrize("version", range(1, 9))
def test_files_of_every_table_format_are_restored(bank: Bank, version: int) -> None:
    def write(rows: Sequence[Row]) -> bytes:
        writer = TableWriter(version)
        for first in range(0, len(rows), 16):
            part = rows[first : first + 16]
            writer.add([Entry(key, wall, value, logical) for key, wall, logical, value in part])
        return writer.finish()

    folder = backup(bank)
    expected = drain(open_chain(folder))
    rewrite_files(folder, write, elided=2 if version > 4 else 0)
    assert drain(open_chain(folder)) == expected
    assert restore(folder.storage).counts == restore_counts(bank)


# Deleted ranges


def delete_layer(
    version: int,
    *deletes: RangeDelete,
    rows: Sequence[Entry] = (),
    elided: int = 0,
    span: tuple[bytes, bytes] = (b"\xbd\x89", b"\xbd\x8a"),
) -> MemoryStorage:
    """A layer from 10 to 20 with one file, that of a table of the given format."""
    storage = MemoryStorage()
    manifest = write_layer(storage, start=Timestamp(10), end=Timestamp(20), spans=[span])
    size = len(elided_prefix(span[0], elided))
    writer = TableWriter(version)
    if rows:
        writer.add([Entry(e.key[size:], e.wall_ns, e.value, e.logical) for e in rows])
    cut = [RangeDelete(d.start[size:], d.end[size:], d.wall_ns, d.logical, d.value) for d in deletes]
    file = manifest.files.add(path="data/1.sst", has_range_keys=True)
    file.span.key, file.span.end_key = span
    file.entry_counts.data_size = 1000  # counts range keys by a rule of its own
    manifest.elided_prefix = elided
    storage.write(file.path, writer.finish(range_deletes=cut))
    write_manifest(SealedStorage(storage), manifest)
    return storage


KEYS = [b"\xbd\x89%c\x88" % (0x88 + i) for i in range(6)]


def full_layer() -> MemoryStorage:
    storage = MemoryStorage()
    rows = [(key, 5, b"old") for key in KEYS]
    write_layer(storage, end=Timestamp(10), files=[(b"\xbd\x89", b"\xbd\x8a", rows)])
    return storage


def chain_of(*layers: Storage) -> Chain:
    full, *others = [SealedStorage(layer) for layer in layers]
    return open_chain(full, others)


@pytest.mark.parametrize("elided", [0, 2])
@pytest.mark.parametrize("version", [2, 4, 5, 7])
def test_a_deleted_range_hides_versions_up_to_its_time(version: int, elided: int) -> None:
    rows = [Entry(KEYS[1], 12, b"before"), Entry(KEYS[2], 14, b"at"), Entry(KEYS[3], 16, b"after")]
    layer = delete_layer(version, RangeDelete(KEYS[1], KEYS[5], 14), rows=rows, elided=elided)
    chain = chain_of(full_layer(), layer)
    assert drain(chain) == [(KEYS[0], 5, b"old"), (KEYS[3], 16, b"after"), (KEYS[5], 5, b"old")]
    assert drain(chain, KEYS[2], KEYS[4]) == [(KEYS[3], 16, b"after")]
    assert drain(chain, KEYS[4], KEYS[5]) == []


def test_a_deleted_range_counts_from_its_time_on() -> None:
    layer = delete_layer(4, RangeDelete(KEYS[0], KEYS[3], 14, logical=2))
    manifest = read_manifest(SealedStorage(layer))
    manifest.mvcc_filter = pb.MVCCFilter.All
    write_manifest(SealedStorage(layer), manifest)
    chain = chain_of(full_layer(), layer)
    for time, num_seen in ((Timestamp(14, 1), 6), (Timestamp(14, 2), 3), (Timestamp(20), 3)):
        reader = ChainReader(cut_at(chain, time), time)
        assert sum(len(batch) for batch in reader.visible(b"\xbd", b"\xbe")) == num_seen


def test_a_deleted_range_ends_with_its_files_span() -> None:
    layer = delete_layer(4, RangeDelete(KEYS[0], b"\xbe", 14), span=(KEYS[2], KEYS[4]))
    assert [key for key, *_ in drain(chain_of(full_layer(), layer))] == [*KEYS[:2], *KEYS[4:]]


def test_versions_show_a_deleted_range_key_by_key() -> None:
    layer = delete_layer(7, RangeDelete(KEYS[0], KEYS[2], 14), rows=[Entry(KEYS[0], 16, b"new")])
    found = [
        (key, wall_ns, value, place)
        for batch, places in ChainReader(chain_of(full_layer(), layer)).versions(KEYS[0], KEYS[3])
        for key, wall_ns, value, place in zip(
            batch.keys.to_list(), batch.wall_ns.tolist(), batch.values.to_list(), places.tolist(), strict=True
        )
    ]
    assert found == [
        (KEYS[0], 16, b"new", 1),
        (KEYS[0], 14, b"", 1),
        (KEYS[0], 5, b"old", 0),
        (KEYS[1], 14, b"", 1),
        (KEYS[1], 5, b"old", 0),
        (KEYS[2], 5, b"old", 0),
    ]


def test_many_deleted_ranges_give_what_a_model_gives() -> None:
    rng = random.Random(2)
    keys = [b"\xbd\x89%c%c\x88" % (0x88 + i // 60, 0x88 + i % 60) for i in range(150)]
    entries = sorted((key, -rng.randrange(11, 20)) for key in rng.sample(keys, 80))
    bounds = sorted(rng.sample(keys, 12))
    deletes = [
        RangeDelete(a, b, rng.randrange(11, 20)) for a, b in zip(bounds[::2], bounds[1::2], strict=True)
    ]
    layer = delete_layer(6, *deletes, rows=[Entry(key, -time, b"new") for key, time in entries])
    full = MemoryStorage()
    write_layer(
        full, end=Timestamp(10), files=[(b"\xbd\x89", b"\xbd\x8a", [(key, 5, b"old") for key in keys])]
    )
    newest = dict.fromkeys(keys, 5) | {key: -time for key, time in entries}
    expected = [
        (key, time)
        for key, time in sorted(newest.items())
        if not any(d.start <= key < d.end and time <= d.wall_ns for d in deletes)
    ]
    assert [(key, time) for key, time, _ in drain(chain_of(full, layer))] == expected


def test_range_tombstones_that_the_manifest_does_not_tell_of_are_never_ignored() -> None:
    layer = delete_layer(4, RangeDelete(KEYS[0], KEYS[2], 14))
    manifest = read_manifest(SealedStorage(layer))
    manifest.files[0].has_range_keys = False
    manifest.files[0].entry_counts.data_size = 0
    write_manifest(SealedStorage(layer), manifest)
    with pytest.raises(CorruptionError, match="does not hold what the manifest says"):
        drain(chain_of(full_layer(), layer))


# Extended values


def extended(value: bytes, header: bytes = b"\x0a\x00") -> bytes:
    return len(header).to_bytes(4, "big") + b"\x65" + header + value


def test_headers_of_values_are_taken_off(bank: Bank) -> None:
    def write(rows: Sequence[Row]) -> bytes:
        return table_of((key, wall, logical, extended(value)) for key, wall, logical, value in rows)

    folder = backup(bank)
    expected = drain(open_chain(folder))
    rewrite_files(folder, write)
    manifest = read_manifest(folder)
    for file in manifest.files:
        rows = [row for row in expected if file.span.key <= row[0] < file.span.end_key]
        file.entry_counts.data_size = sum(len(key) + len(extended(value)) for key, _, value in rows)
        file.ClearField("sha512")
    write_manifest(folder, manifest)
    assert drain(open_chain(folder)) == expected
    rows, index_entries, _ = restore(folder.storage).counts
    assert (rows, index_entries) == restore_counts(bank)[:2]


def test_a_header_alone_is_a_tombstone() -> None:
    later = MemoryStorage()
    rows = [
        (KEYS[0], 15, extended(b"")),
        (KEYS[1], 15, extended(b"12345")),
        (KEYS[2], 15, extended(b"", b"")),
    ]
    write_layer(later, start=Timestamp(10), end=Timestamp(20), files=[(b"\xbd\x89", b"\xbd\x8a", rows)])
    found = drain(chain_of(full_layer(), later))
    assert found == [(KEYS[1], 15, b"12345"), *((key, 5, b"old") for key in KEYS[3:])]


def test_a_header_longer_than_its_value_is_refused() -> None:
    storage = MemoryStorage()
    rows = [(KEYS[0], 5, b"\0\0\0\x03\x65ab")]
    write_layer(storage, end=Timestamp(10), files=[(b"\xbd\x89", b"\xbd\x8a", rows)])
    with pytest.raises(CorruptionError, match="ends within its header"):
        drain(chain_of(storage))


# Collections


@pytest.mark.parametrize("path", ["20231114/221420.12", "20231114/221420.12-20231114-221320.12"])
def test_folders_of_layers_with_and_without_their_start(path: str) -> None:
    assert filenames.parse_incremental_subdirectory(path) == 1_700_000_060_120_000_000
    for other in (
        f"{path}-20231114-221320.12" if "-" in path else f"{path}-20231114",
        f"x{path}",
        f"{path}/x",
    ):
        assert filenames.parse_incremental_subdirectory(other) is None


def test_layers_of_one_chain_may_have_both_kinds_of_names() -> None:
    storage = MemoryStorage()
    for name in (
        "20231115/000000.00-20231114-221420.12/BACKUP_METADATA",
        "20231114/221420.12/BACKUP_MANIFEST",
        "20231115/000000.00-20231114/BACKUP_MANIFEST",
    ):
        storage.write(name, b"x")
    assert find_appended(storage) == ["20231114/221420.12", "20231115/000000.00-20231114-221420.12"]


def go_time_name(time: str) -> str:
    complemented = bytes(0xFF - byte for byte in time.encode())
    return f"metadata/latest/LATEST-{(bytes([0x13]) + complemented + bytes([0xFF, 0xFE])).hex()}"


def test_the_newest_of_the_write_once_names_is_found() -> None:
    collection = MemoryStorage()
    times = [f"2023-11-{day} 22:13:20.123456789 +0000 UTC m=+12.5" for day in ("14", "16", "15")]
    for time in times:
        collection.write(go_time_name(time), b"/2023/11/" + time[8:10].encode() + b"-221320.12")
    collection.write("LATEST", b"/2020/01/01-000000.00")
    assert read_latest(collection) == "2023/11/16-221320.12"


def test_full_backups_are_listed_by_any_manifest_and_the_index_is_not() -> None:
    collection = MemoryStorage()
    for name in (
        f"{FULL}/BACKUP_METADATA",
        "2023/11/15-221320.12/BACKUP_METADATA",
        "2023/11/15-221320.12/BACKUP_MANIFEST",
        f"incrementals/{FULL}/20231114/221420.12/BACKUP_MANIFEST",
        "index/2023-11-14-221320.12/82fe675cb2d5ff_0_20231114-221320.12_metadata.pb",
        "metadata/latest/LATEST-13ab",
    ):
        collection.write(name, b"x")
    assert list_full_backups(collection) == [FULL, "2023/11/15-221320.12"]
    assert find_layers(collection, FULL) == [f"incrementals/{FULL}/20231114/221420.12"]


def test_layers_lie_where_incremental_location_says() -> None:
    collection, elsewhere = MemoryStorage(), MemoryStorage()
    elsewhere.write(f"{FULL}/20231114/221420.12/BACKUP_MANIFEST", b"here")
    collection.write(f"incrementals/{FULL}/20231114/221520.12/BACKUP_MANIFEST", b"there")

    stores, elsewhere_stores = Stores(collection), Stores(elsewhere)

    def read(places: list[Stores]) -> list[bytes]:
        return [place.default.read("BACKUP_MANIFEST") for place in places]

    assert read(layer_places(stores, f"/{FULL}/", incremental_location=elsewhere_stores)) == [b"here"]
    assert read(layer_places(stores, f"/{FULL}")) == [b"there"]
    assert layer_places(stores, "2023/11/15-221320.12", incremental_location=elsewhere_stores) == []
    collection.write(f"{FULL}/20231114/221420.12/BACKUP_MANIFEST", b"x")
    with pytest.raises(OothecaError) as caught:
        layer_places(stores, FULL)
    assert caught.value.message == (
        "Incremental layers found in both old and new default locations. Please choose a location manually with the "
        "`incremental_location` parameter."
    )
    assert read(layer_places(stores, FULL, incremental_location=elsewhere_stores)) == [b"here"]


def test_compacted_layers_are_left_out() -> None:
    storage = full_layer()
    for folder, start, compacted in (
        ("20231114/221420.12", 10, False),
        ("20231114/221420.12-20231114-221320.12", 0, True),
    ):
        place = storage.at(folder)
        rows = [(KEYS[0], 15, b"compacted" if compacted else b"new")]
        manifest = write_layer(
            place, start=Timestamp(start), end=Timestamp(20), files=[(b"\xbd\x89", b"\xbd\x8a", rows)]
        )
        manifest.is_compacted = compacted
        write_manifest(SealedStorage(place), manifest)
    chain = open_chain(SealedStorage(storage))
    assert [layer.manifest.is_compacted for layer in chain.layers] == [False, False]
    assert drain(chain)[0] == (KEYS[0], 15, b"new")


@pytest.mark.parametrize("suffix", ["", "-20231114-221320.12"], ids=["23.1", "25.2"])
def test_a_collection_of_a_newer_version_opens(bank: Bank, tmp_path: Path, suffix: str) -> None:
    """All at once: names, lists, keys without prefix, a columnar layer that deletes a range of rows."""
    full = backup(bank)
    rewrite_files(full, elided=2)
    slim_down(full)
    manifest = read_layer(full).manifest
    later = MemoryStorage()
    layer = pb.BackupManifest()
    layer.CopyFrom(manifest)
    layer.start_time.CopyFrom(manifest.end_time)
    layer.end_time.wall_time = LATER.wall_ns
    layer.has_external_manifest_ssts = False
    layer.ClearField("files")
    accounts = prefix(bank.table("accounts").id, 1)[:-1]
    for file in manifest.files:
        if file.span.key.startswith(accounts):
            added = layer.files.add(path=f"data/{len(layer.files)}.sst", span=file.span, has_range_keys=True)
            start, end = (key.removeprefix(accounts) for key in (file.span.key, file.span.end_key))
            delete = RangeDelete(start, end, LATER.wall_ns - 5)
            later.write(added.path, TableWriter(7).finish(range_deletes=[delete]))
    assert layer.files
    write_manifest(SealedStorage(later), layer)
    slim_down(SealedStorage(later))
    collection = tmp_path / "coll"
    layers = f"incrementals/{FULL}/{filenames.incremental_subdirectory(LATER.wall_ns)}{suffix}"
    for place, storage in ((FULL, full.storage), (layers, later)):
        for info in storage.list():
            path = collection / place / info.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(storage.read(info.name))
    latest = collection / go_time_name("2023-11-14 22:14:20 +0000 UTC m=+1")
    latest.parent.mkdir(parents=True)
    latest.write_bytes(f"/{FULL}".encode())
    opened = open_backup("nodelocal://1/coll", subdirectory="LATEST", external_io_dir=tmp_path)
    assert opened.chain.end == LATER
    assert opened.tables == ("bank.public.accounts", "bank.public.notes", "bank.public.nothing")
    assert opened.table("bank.public.notes").to_arrow().num_rows == 20
    assert opened.table("bank.public.accounts").to_arrow().num_rows == 0
    before = open_backup("nodelocal://1/coll", subdirectory=FULL, external_io_dir=tmp_path, as_of=END)
    assert before.table("bank.public.accounts").to_arrow().num_rows == 40


# Key sets that ALTER BACKUP added


def test_a_key_that_was_added_opens_the_backup(bank: Bank) -> None:
    folder = backup(bank, KMS_OPTIONS)
    assert folder.key is not None
    added = "testkms:///added?AUTH=implicit"
    service = open_kms(added, KMS_ENV)
    info = EncryptionInfo(
        wrapped_keys={hash_master_key_id(service.key.key_id): service.wrap(bytes(folder.key))}
    )
    new = EncryptionOptions(kms=(added,))
    with pytest.raises(OothecaError):
        open_sealed(folder.storage, new, KMS_ENV)
    folder.storage.write("ENCRYPTION-INFO-2", encode_encryption_info(info))
    for options in (new, KMS_OPTIONS):
        assert open_sealed(folder.storage, options, KMS_ENV).key == folder.key
    with pytest.raises(OothecaError):  # no one file knows both
        open_sealed(folder.storage, EncryptionOptions(kms=(added, *KMS_OPTIONS.kms)), KMS_ENV)
