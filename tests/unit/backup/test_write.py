"""Writing a backup: what lies in the folder, what the manifest says, and that failure leaves nothing."""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from ootheca import pb
from ootheca.backup import data_files, write
from ootheca.backup.chain import Layer, open_chain, read_layer
from ootheca.backup.claim import Claim
from ootheca.backup.sealed import SealedStorage, open_sealed
from ootheca.codec.counts import RowCounter
from ootheca.codec.manifest import checksum
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.sst.footer import TableFormat
from ootheca.codec.sst.reader import SSTReader
from ootheca.crypto import aead
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.engine.base import TableName
from ootheca.errors import ObjectExistsError, OothecaError, UnavailableError
from ootheca.storage.base import Buffer
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
)

PASSPHRASE = EncryptionOptions(passphrase="correct horse ž battery")


@pytest.fixture(params=["20.2", "21.2"])
def bank(request: pytest.FixtureRequest) -> Bank:
    return make_bank(request.param)


def names(storage: MemoryStorage) -> list[str]:
    return [info.name for info in storage.list()]


def layer_of(storage: MemoryStorage, options: EncryptionOptions | None = None) -> Layer:
    return read_layer(open_sealed(storage, options or EncryptionOptions(), KMS_ENV))


@pytest.mark.parametrize("options", [None, PASSPHRASE, KMS_OPTIONS], ids=["plain", "passphrase", "kms"])
def test_a_backup_restores_to_equal_tables(bank: Bank, options: EncryptionOptions | None) -> None:
    storage = MemoryStorage()
    with ThreadPoolExecutor(2) as executor:
        summary = take_backup(bank, storage, options=options, executor=executor)
    restored = restore(storage, options=options, version=bank.profile.version)
    assert (summary.rows, summary.index_entries, summary.data_size) == restored.counts
    assert set(restored.engine.tables) == set(bank.engine.tables)
    for name, rows in bank.engine.tables.items():
        assert restored.engine.tables[name].equals(rows.sort_by("id")), (
            name
        )  # in the order of the primary key


def test_one_profiles_backup_restores_under_the_other() -> None:
    for version, other in (("20.2", "21.2"), ("21.2", "20.2")):
        storage, bank = MemoryStorage(), make_bank(version)
        take_backup(bank, storage, options=KMS_OPTIONS)
        restored = restore(storage, options=KMS_OPTIONS, version=other)
        name = TableName("bank", "public", "accounts")
        assert restored.engine.tables[name].equals(bank.engine.tables[name].sort_by("id"))


def test_the_folder_holds_what_the_version_writes(bank: Bank) -> None:
    plain, sealed = MemoryStorage(), MemoryStorage()
    take_backup(bank, plain)
    take_backup(bank, sealed, options=PASSPHRASE)
    num_files, folder = {"20.2": (4, ""), "21.2": (1, "data/")}[bank.profile.version]
    fixed = {"BACKUP_MANIFEST", "BACKUP_MANIFEST-CHECKSUM", "BACKUP-STATISTICS"}
    ssts = [name for name in names(plain) if name not in fixed]
    assert len(ssts) == num_files
    assert all(name.startswith(folder) and name.endswith(".sst") for name in ssts)
    assert set(names(plain)) == {*ssts, *fixed}
    assert set(names(sealed)) == {*ssts, *fixed, "ENCRYPTION-INFO"}
    assert plain.read("BACKUP-STATISTICS") == b""
    for storage in (plain, sealed):
        assert storage.read("BACKUP_MANIFEST-CHECKSUM") == checksum(storage.read("BACKUP_MANIFEST"))


def test_sealed_files_have_the_profiles_version_and_a_nonce_each(bank: Bank) -> None:
    storage = MemoryStorage()
    take_backup(bank, storage, options=PASSPHRASE)
    headers = [
        aead.decode_header(storage.read(name), location=name)
        for name in names(storage)
        if name not in ("ENCRYPTION-INFO", "BACKUP_MANIFEST-CHECKSUM")
    ]
    assert {header.version for header in headers} == {bank.profile.file_encryption_version}
    assert len({header.iv for header in headers}) == len(headers)


def test_the_manifest_says_what_the_format_asks_for(bank: Bank) -> None:
    storage = MemoryStorage()
    take_backup(bank, storage)
    manifest = layer_of(storage).manifest
    assert not manifest.start_time.wall_time
    assert manifest.end_time.wall_time == END.wall_ns
    assert manifest.format_version == 1
    assert list(manifest.complete_dbs) == [bank.database_id]
    assert manifest.descriptor_coverage == 0
    assert len(manifest.cluster_id) == len(manifest.id) == 16
    assert manifest.mvcc_filter == pb.MVCCFilter.Latest
    described = [getattr(desc, desc.WhichOneof("union")).id for desc in manifest.descriptors]
    assert described == sorted(bank.ids)
    tables = {bank.table(name).id for name in ("accounts", "notes", "nothing")}
    assert dict(manifest.statistics_filenames) == dict.fromkeys(tables, "BACKUP-STATISTICS")
    assert manifest.HasField("cluster_version") == (bank.profile.version == "21.2")
    spans = [(span.key, span.end_key) for span in manifest.spans]
    assert spans == sorted(spans)
    assert len(spans) == {"20.2": 5, "21.2": 3}[bank.profile.version]


def test_files_are_sorted_disjoint_and_within_their_spans(bank: Bank) -> None:
    storage = MemoryStorage()
    take_backup(bank, storage)
    manifest = layer_of(storage).manifest
    bounds = [(file.span.key, file.span.end_key) for file in manifest.files]
    assert bounds == sorted(bounds)
    assert all(end <= start for (_, end), (start, _) in pairwise(bounds))
    spans = [(span.key, span.end_key) for span in manifest.spans]
    assert all(any(low <= start and end <= high for low, high in spans) for start, end in bounds)


def test_every_file_is_what_the_manifest_says(bank: Bank) -> None:
    storage = MemoryStorage()
    take_backup(bank, storage)
    manifest = layer_of(storage).manifest
    primary = frozenset((bank.table(name).id, 1) for name in ("accounts", "notes", "nothing"))
    total = RowCounter(primary)
    for file in manifest.files:
        plain = storage.read(file.path)
        assert file.sha512 == (hashlib.sha512(plain).digest() if bank.profile.version == "20.2" else b"")
        table = SSTReader.open(plain, location=file.path)
        assert (
            table.footer.format
            is {"20.2": TableFormat.LEVELDB, "21.2": TableFormat.ROCKSDB_V2}[bank.profile.version]
        )
        assert table.verify() > 0
        batch = KeyValueBatch.concat(list(table.batches(start=file.span.key, end=file.span.end_key)))
        assert set(batch.wall_ns.tolist()) == {END.wall_ns}
        counter = RowCounter(primary)
        counter.add(batch.keys, batch.values)
        total.add(batch.keys, batch.values)
        counts = file.entry_counts
        assert (counts.data_size, counts.rows, counts.index_entries) == (
            counter.data_size, counter.rows, counter.index_entries,
        )  # fmt: skip
    counts = manifest.entry_counts
    assert (counts.data_size, counts.rows, counts.index_entries) == (
        total.data_size,
        total.rows,
        total.index_entries,
    )
    assert (total.rows, total.index_entries) == (60, 80)


def test_files_are_cut_at_the_target_size_between_keys(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_files, "_SST_SIZE", 100)
    storage, whole = MemoryStorage(), MemoryStorage()
    take_backup(bank, storage, target_size=100)
    monkeypatch.undo()
    take_backup(bank, whole)
    manifest = layer_of(storage).manifest
    assert len(manifest.files) > 20
    seen: set[bytes] = set()
    for file in manifest.files:
        table = SSTReader.open(storage.read(file.path), location="")
        keys = KeyValueBatch.concat(list(table.batches(start=file.span.key, end=file.span.end_key))).keys
        assert not seen & set(keys.to_list()), "a key is in two files"
        seen |= set(keys.to_list())
    bounds = [(file.span.key, file.span.end_key) for file in manifest.files]
    assert bounds == sorted(bounds)
    assert all(end <= start for (_, end), (start, _) in pairwise(bounds))
    assert drain(open_chain(SealedStorage(storage))) == drain(open_chain(SealedStorage(whole)))
    assert manifest.entry_counts.data_size == layer_of(whole).manifest.entry_counts.data_size
    assert restore(storage).counts == restore(whole).counts


def test_small_tables_share_a_file_where_the_version_has_them_share(bank: Bank) -> None:
    storage = MemoryStorage()
    take_backup(bank, storage)
    files = layer_of(storage).manifest.files
    by_path: dict[str, list[bytes]] = {}
    for file in files:
        by_path.setdefault(file.path, []).append(file.span.key)
        assert bool(file.sha512) != bank.profile.shares_ssts
    assert (len(files), len(by_path)) == {"20.2": (4, 4), "21.2": (2, 1)}[bank.profile.version]
    # Every entry of a file lies in the span of exactly one of its entries in the manifest.
    for path in by_path:
        keys = SSTReader.open(storage.read(path), location=path).read_all().keys.to_list()
        spans = [(file.span.key, file.span.end_key) for file in files if file.path == path]
        assert all(sum(low <= key < high for low, high in spans) == 1 for key in keys)


def test_a_large_index_without_an_order_is_sorted_by_the_store(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ootheca.backup import entries

    in_memory, in_store = MemoryStorage(), MemoryStorage()
    take_backup(bank, in_memory)
    before = bank.engine.num_sorts
    monkeypatch.setattr(entries, "_SORT_IN_MEMORY_SIZE", 0)
    take_backup(bank, in_store)
    assert bank.engine.num_sorts > before
    assert [in_store.read(name) for name in names(in_store)] == [
        in_memory.read(name) for name in names(in_memory)
    ]


def test_a_folder_with_a_backup_is_refused(bank: Bank) -> None:
    storage = MemoryStorage()
    take_backup(bank, storage)
    before = {name: storage.read(name) for name in names(storage)}
    with pytest.raises(ObjectExistsError) as caught:
        take_backup(bank, storage)
    assert caught.value.message == "memory://m/ already contains a BACKUP_MANIFEST file"
    assert caught.value.sqlstate == "42C01"
    assert {name: storage.read(name) for name in names(storage)} == before


def test_a_second_writer_is_refused(bank: Bank) -> None:
    storage = MemoryStorage()
    storage.write("BACKUP-CHECKPOINT", b"another's")
    with pytest.raises(ObjectExistsError) as caught:
        take_backup(bank, storage)
    assert caught.value.message == (
        "memory://m/ already contains a BACKUP-CHECKPOINT file (is another operation already in progress?)"
    )
    assert names(storage) == ["BACKUP-CHECKPOINT"]


class Racing(MemoryStorage):
    """Another writer comes between the look and the claim."""

    __slots__ = ("finishes",)
    finishes: bool

    def write(self, name: str, data: Buffer, *, overwrite: bool = True) -> None:
        if name == "BACKUP-CHECKPOINT" and not self.exists("ran"):
            super().write("ran", b"")
            super().write("BACKUP_MANIFEST" if self.finishes else "BACKUP-CHECKPOINT", b"another's")
        super().write(name, data, overwrite=overwrite)


@pytest.mark.parametrize("finishes", [False, True])
def test_of_two_writers_at_one_time_one_wins(bank: Bank, finishes: bool) -> None:
    storage = Racing()
    storage.finishes = finishes
    with pytest.raises(
        ObjectExistsError, match="BACKUP_MANIFEST file$" if finishes else "already in progress"
    ):
        take_backup(bank, storage)
    name = "BACKUP_MANIFEST" if finishes else "BACKUP-CHECKPOINT"
    assert names(storage) == [name, "ran"]
    assert storage.read(name) == b"another's"


class Doubtful(MemoryStorage):
    """Stores the claim and says that it failed, or that it was there."""

    __slots__ = ("error",)
    error: OothecaError

    def write(self, name: str, data: Buffer, *, overwrite: bool = True) -> None:
        super().write(name, data, overwrite=overwrite)
        if name == "BACKUP-CHECKPOINT":
            raise self.error


def test_a_claim_that_failed_in_name_only_is_taken_back(bank: Bank) -> None:
    storage = Doubtful()
    storage.error = UnavailableError("no answer")
    with pytest.raises(UnavailableError, match="no answer"):
        take_backup(bank, storage)
    assert names(storage) == []


def test_a_repeated_claim_finds_its_own_file(bank: Bank) -> None:
    storage = Doubtful()
    storage.error = ObjectExistsError("it is there")
    take_backup(bank, storage)
    assert "BACKUP_MANIFEST" in names(storage)
    assert "BACKUP-CHECKPOINT" not in names(storage)


def test_a_row_that_cannot_be_read_leaves_nothing(bank: Bank) -> None:
    storage = MemoryStorage()
    last = TableName("bank", "public", "notes")
    del bank.engine.tables[last]
    with pytest.raises(OothecaError, match="does not exist"):
        take_backup(bank, storage)
    assert names(storage) == []


def test_interruption_leaves_nothing(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    storage = MemoryStorage()
    monkeypatch.setattr(write, "checksum", interrupted)
    with pytest.raises(KeyboardInterrupt):
        take_backup(bank, storage)
    assert names(storage) == []


def test_what_an_interrupted_backup_of_this_cluster_left_is_cleared(bank: Bank) -> None:
    storage = MemoryStorage()
    cluster_id = random.Random(7).randbytes(32)[:16]
    claim = Claim(storage, (), cluster_id, b"a backup that was")
    claim.take()
    for left in ("data/12.sst", "34.sst", "ENCRYPTION-INFO", "BACKUP-STATISTICS", "notes.txt"):
        storage.write(left, b"left behind")
    Claim(storage, (), cluster_id, b"another").take()
    assert names(storage) == ["BACKUP-CHECKPOINT", "notes.txt"]
    with pytest.raises(ObjectExistsError, match="already in progress"):
        claim.check()
    with pytest.raises(ObjectExistsError, match="already in progress"):
        Claim(storage, (), bytes(16), b"of another cluster").take()


def test_an_interrupted_backup_is_cleared_from_the_stores_of_its_localities_and_no_other_backup() -> None:
    cluster_id = bytes(range(16))
    default, own, shared = MemoryStorage(), MemoryStorage(), MemoryStorage()
    parts = [(own, "BACKUP_PART_1_r=a"), (shared, "BACKUP_PART_2_r=b")]
    Claim(default, parts, cluster_id, b"a backup that was").take()
    for storage in (default, own, shared):
        storage.write("data/12.sst", b"left behind")
    shared.write("BACKUP_PART_1_r=b", b"of another backup, which has another default store")
    Claim(default, parts, cluster_id, b"another").take()
    assert names(default) == ["BACKUP-CHECKPOINT"]
    assert names(own) == []
    assert names(shared) == ["BACKUP_PART_1_r=b", "data/12.sst"]


class TakenOver(MemoryStorage):
    """Another writer takes the folder over, as a copy of this cluster would, while data files are written."""

    def write(self, name: str, data: Buffer, *, overwrite: bool = True) -> None:
        super().write(name, data, overwrite=overwrite)
        if name.endswith(".sst"):
            super().write("BACKUP-CHECKPOINT", b"another's")
            super().write("ENCRYPTION-INFO", b"another's")


def test_a_writer_that_lost_its_claim_leaves_the_others_files(bank: Bank) -> None:
    storage = TakenOver()
    with pytest.raises(ObjectExistsError, match="already in progress"):
        take_backup(bank, storage, options=EncryptionOptions("pass"))
    assert names(storage) == [
        "BACKUP-CHECKPOINT",
        "BACKUP-STATISTICS",
        "BACKUP_MANIFEST-CHECKSUM",
        "ENCRYPTION-INFO",
    ]
    assert storage.read("ENCRYPTION-INFO") == b"another's"
