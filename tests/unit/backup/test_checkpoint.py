"""Checkpoints: what they list, how they are sealed, and what a backup that goes on from one makes of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pytest

from ootheca.backup.chain import Layer, open_chain, read_layer
from ootheca.backup.progress import Progress
from ootheca.backup.sealed import open_sealed
from ootheca.clock import FixedClock, Timestamp
from ootheca.codec.manifest import decode_manifest
from ootheca.crypto import aead
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.errors import CanceledError, ObjectExistsError, OothecaError, PausedError
from ootheca.storage.base import Buffer
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import END, KMS_ENV, KMS_OPTIONS, Bank, drain, make_bank, restore, take_backup
from tests.support.jobs import note_every_file

_HOURS = count(1)
PASSPHRASE = EncryptionOptions(passphrase="correct horse")
CHECKPOINT = "BACKUP-CHECKPOINT"
IDS = 32  # the cluster's and the backup's, before the checkpoint
OPTIONS = pytest.mark.parametrize(
    "options", [None, PASSPHRASE, KMS_OPTIONS], ids=["plain", "passphrase", "kms"]
)


class Counting(MemoryStorage):
    """Counts the writes of every file."""

    __slots__ = ("written",)

    def __init__(self) -> None:
        super().__init__()
        self.written: Counter[str] = Counter()

    def write(self, name: str, data: Buffer, *, overwrite: bool = True) -> None:
        super().write(name, data, overwrite=overwrite)
        self.written[name] += 1


@dataclass
class Stop:
    """Stops a backup once so many files are stored."""

    num_files: int
    error: Callable[[], OothecaError] = lambda: PausedError("job paused")

    def progress(self) -> Progress:
        made = Progress()

        def check() -> None:
            if made.files >= self.num_files:
                raise self.error()

        made.check = check
        return made


@pytest.fixture(params=["20.2", "21.2"])
def bank(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bank:
    note_every_file(monkeypatch)
    return make_bank(request.param)


def take(
    bank: Bank, storage: MemoryStorage, options: EncryptionOptions | None = None, **more: object
) -> None:
    """Take a backup that begins later than all before it: no two files have the same name."""
    clock = FixedClock(Timestamp(END.wall_ns + next(_HOURS) * 3600 * 10**9))
    take_backup(bank, storage, options=options, target_size=512, clock=clock, **more)  # type: ignore[arg-type]


def pause(
    bank: Bank, storage: MemoryStorage, options: EncryptionOptions | None = None, num_files: int = 3
) -> None:
    with pytest.raises(PausedError):
        take(bank, storage, options, progress=Stop(num_files).progress())


def names(storage: MemoryStorage) -> set[str]:
    return {info.name for info in storage.list()}


def data_files(storage: MemoryStorage) -> set[str]:
    return {name for name in names(storage) if name.endswith(".sst")}


def layer_of(storage: MemoryStorage, options: EncryptionOptions | None) -> Layer:
    return read_layer(open_sealed(storage, options or EncryptionOptions(), KMS_ENV))


def listed(storage: MemoryStorage, options: EncryptionOptions | None) -> list[str]:
    sealed = open_sealed(storage, options or EncryptionOptions(), KMS_ENV)
    plain = sealed.unseal(storage.read(CHECKPOINT)[IDS:], CHECKPOINT)
    return [file.path for file in decode_manifest(plain, location=CHECKPOINT).files]


def check_equals_one_in_one_go(bank: Bank, storage: MemoryStorage, options: EncryptionOptions | None) -> None:
    """Every key, value, count and descriptor. CockroachDB counts rows by file, so these are cut at the same size."""
    whole = MemoryStorage()
    take(bank, whole, options)
    found, expected = layer_of(storage, options), layer_of(whole, options)
    assert drain(open_chain(found.folder)) == drain(open_chain(expected.folder))
    for field in ("entry_counts", "descriptors", "spans", "start_time", "end_time", "complete_dbs", "id"):
        assert getattr(found.manifest, field) == getattr(expected.manifest, field), field
    again = restore(storage, options=options, version=bank.profile.version)
    for name, rows in bank.engine.tables.items():
        assert again.engine.tables[name].equals(rows.sort_by("id"))
    # Nothing lies there but what belongs to it.
    assert data_files(storage) == {file.path for file in found.manifest.files}
    assert CHECKPOINT not in names(storage)


@OPTIONS
def test_it_lists_what_is_stored_and_is_sealed_as_the_backup_is(
    bank: Bank, options: EncryptionOptions | None
) -> None:
    storage = MemoryStorage()
    pause(bank, storage, options)
    found = listed(storage, options)
    assert set(found) == data_files(storage)
    assert len(set(found)) >= 3
    assert "BACKUP_MANIFEST" not in names(storage)
    stored = storage.read(CHECKPOINT)[IDS:]
    if options is not None:
        assert aead.decode_header(stored, location=CHECKPOINT).version == bank.profile.file_encryption_version
        assert not any(name.encode() in stored for name in found)


@OPTIONS
@pytest.mark.parametrize("num_files", [1, 2, 5])
def test_a_backup_that_goes_on_is_the_one_taken_in_one_go(
    bank: Bank, options: EncryptionOptions | None, num_files: int
) -> None:
    storage = Counting()
    pause(bank, storage, options, num_files)
    kept = {name: storage.read(name) for name in listed(storage, options)}
    assert len(kept) >= num_files
    take(bank, storage, options)
    assert {name: storage.read(name) for name in kept} == kept
    assert {storage.written[name] for name in data_files(storage)} == {1}
    check_equals_one_in_one_go(bank, storage, options)


def test_one_that_is_stopped_after_every_file_comes_to_its_end(bank: Bank) -> None:
    storage = Counting()
    for num_files in range(1, 100):
        try:
            take(bank, storage, PASSPHRASE, progress=Stop(num_files).progress())
            break
        except PausedError:
            continue
    assert max(storage.written[name] for name in data_files(storage)) == 1
    check_equals_one_in_one_go(bank, storage, PASSPHRASE)


def test_what_is_done_counts_from_the_beginning(bank: Bank) -> None:
    storage = MemoryStorage()
    pause(bank, storage, num_files=4)
    progress = Progress()
    take(bank, storage, progress=progress)
    in_one_go = Progress()
    take(bank, MemoryStorage(), progress=in_one_go)
    assert progress.files == in_one_go.files
    assert in_one_go.size > 0
    assert abs(progress.entries - in_one_go.entries) <= in_one_go.entries // 2


def test_a_damaged_checkpoint_means_starting_over(bank: Bank) -> None:
    original = MemoryStorage()
    pause(bank, original, PASSPHRASE)
    noted = original.read(CHECKPOINT)
    rng = random.Random(1)
    damaged = [noted[:length] for length in (IDS, IDS + 1, IDS + 20, len(noted) - 1)]
    for place in rng.sample(range(IDS, len(noted)), 12):
        damaged.append(noted[:place] + bytes([noted[place] ^ 1]) + noted[place + 1 :])
    for each in [*damaged, noted + b"\0"]:
        storage = MemoryStorage()
        for name in names(original):
            storage.write(name, original.read(name))
        storage.write(CHECKPOINT, each)
        old = data_files(storage)
        take(bank, storage, PASSPHRASE)
        assert not old & data_files(storage)
        check_equals_one_in_one_go(bank, storage, PASSPHRASE)


def test_files_that_no_checkpoint_lists_are_removed(bank: Bank) -> None:
    storage = MemoryStorage()
    pause(bank, storage)
    folder = "data/" if bank.profile.version == "21.2" else ""
    storage.write(f"{folder}1.sst", b"half of a file")
    storage.write("BACKUP-STATISTICS", b"")
    storage.write("a letter.txt", b"not ours")
    take(bank, storage)
    assert storage.read("a letter.txt") == b"not ours"
    assert f"{folder}1.sst" not in names(storage)
    check_equals_one_in_one_go(bank, storage, None)


def test_a_canceled_one_leaves_nothing(bank: Bank) -> None:
    storage = MemoryStorage()
    pause(bank, storage, PASSPHRASE)
    with pytest.raises(CanceledError):
        take(bank, storage, PASSPHRASE, progress=Stop(0, lambda: CanceledError("job canceled")).progress())
    assert names(storage) == set()


def test_the_claim_of_another_backup(bank: Bank) -> None:
    """Of the same cluster: one that is alive is left alone, one that was interrupted is cleared away."""
    storage = MemoryStorage()
    pause(bank, storage)
    before, holder = names(storage), storage.read(CHECKPOINT)[:IDS]
    rng = random.Random(7)
    cluster_id, other_id = rng.randbytes(16), rng.randbytes(16)
    assert holder == cluster_id + other_id
    storage.write(CHECKPOINT, cluster_id + b"another's backup" + storage.read(CHECKPOINT)[IDS:])
    with pytest.raises(ObjectExistsError, match="is another operation already in progress"):
        take(bank, storage, alive=[b"another's backup"])
    assert names(storage) == before
    old = data_files(storage)
    take(bank, storage)
    assert not old & data_files(storage)
    check_equals_one_in_one_go(bank, storage, None)


def test_the_claim_of_another_cluster_is_left_alone(bank: Bank) -> None:
    storage = MemoryStorage()
    pause(bank, storage)
    storage.write(CHECKPOINT, b"another cluster!" + storage.read(CHECKPOINT)[16:])
    before = {name: storage.read(name) for name in names(storage)}
    with pytest.raises(ObjectExistsError, match="already contains a BACKUP-CHECKPOINT file"):
        take(bank, storage)
    assert {name: storage.read(name) for name in names(storage)} == before


def test_a_backup_that_is_whole_is_not_written_again(bank: Bank) -> None:
    storage = Counting()
    take(bank, storage)
    written = Counter(storage.written)
    with pytest.raises(ObjectExistsError, match="already contains a BACKUP_MANIFEST file"):
        take(bank, storage)
    assert storage.written == written
