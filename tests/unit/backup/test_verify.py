"""Verification of small backups: a whole one has no problems, and any changed byte of one is found and named."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ootheca import pb
from ootheca.backup.chain import Chain, open_chain
from ootheca.backup.sealed import open_sealed
from ootheca.backup.verify import VerifyReport, verify
from ootheca.codec.filenames import MANIFEST, checksum_name
from ootheca.codec.manifest import checksum, decode_manifest, encode_manifest
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged
from ootheca.codec.sst import builder
from ootheca.codec.sst.builder import build_sst
from ootheca.codec.sst.properties import TableProperties, encode_properties
from ootheca.codec.sst.reader import read_sst
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.errors import (
    ChecksumMismatchError,
    CorruptionError,
    ObjectNotFoundError,
    OothecaError,
    TruncatedError,
    WrongKeyError,
)
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import END, KMS_ENV, KMS_OPTIONS, make_bank, take_backup

PLAIN = EncryptionOptions()
IS_LONG = bool(os.environ.get("OOTHECA_FAULTS"))
NUM_SAMPLED, START, END_OF_FILE = 30, 8, 56  # the longest footer has 53 bytes
STATISTICS, INFO = "BACKUP-STATISTICS", "ENCRYPTION-INFO"


class Taken:
    """A backup in memory."""

    def __init__(self, version: str, options: EncryptionOptions = PLAIN, num_rows: int = 6) -> None:
        self.version, self.options = version, options
        self.storage = MemoryStorage()
        self.summary = take_backup(make_bank(version, num_rows=num_rows), self.storage, options=options)
        self.files = {info.name: self.storage.read(info.name) for info in self.storage.list()}

    def open(self) -> Chain:
        return open_chain(open_sealed(self.storage, self.options, KMS_ENV))

    def verify(self) -> VerifyReport:
        return verify(self.open(), encryption=(self.options, KMS_ENV))

    def problems_with(self, name: str, content: bytes) -> tuple[OothecaError, ...]:
        """What opening or verifying finds with one file changed."""
        self.storage.write(name, content)
        try:
            return self.verify().problems
        except OothecaError as exc:
            return (exc,)
        finally:
            self.storage.write(name, self.files[name])

    def change_manifest(self, change: Callable[[pb.BackupManifest], object]) -> None:
        """Write another manifest, and the checksum of it."""
        manifest = decode_manifest(self.storage.read(MANIFEST), location="")
        change(manifest)
        stored = encode_manifest(manifest, version=self.version)
        self.storage.write(MANIFEST, stored)
        self.storage.write(checksum_name(MANIFEST), checksum(stored))

    def change_entries(self, change: Callable[[KeyValueBatch], KeyValueBatch]) -> str:
        """Write the first data file with other entries, as its writer would have; return its name."""
        name = self.first_file
        self.storage.write(name, build_sst(change(read_sst(self.storage.read(name), location=name))))

        def forget_hashes(manifest: pb.BackupManifest) -> None:
            for file in manifest.files:
                file.ClearField("sha512")

        self.change_manifest(forget_hashes)
        return name

    @property
    def first_file(self) -> str:
        return self.open().full.manifest.files[0].path


@pytest.fixture(params=["20.2", "21.2"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def taken(version: str) -> Taken:
    return Taken(version)


def only_problem(taken: Taken) -> OothecaError:
    (problem,) = taken.verify().problems
    return problem


@pytest.mark.parametrize("options", [PLAIN, KMS_OPTIONS], ids=["plain", "kms"])
def test_a_whole_backup_has_no_problems(version: str, options: EncryptionOptions) -> None:
    taken = Taken(version, options, num_rows=40)
    report = taken.verify()
    assert report.is_sound
    assert report.problems == ()
    report.raise_first()
    manifest = taken.open().full.manifest
    assert report.layers == 1
    assert report.files == len({file.path for file in manifest.files}) > 0
    assert report.size == sum(len(taken.files[path]) for path in {file.path for file in manifest.files})
    assert report.rows == manifest.entry_counts.rows == 60
    assert report.entries > 60


@pytest.mark.parametrize("options", [PLAIN, KMS_OPTIONS], ids=["plain", "kms"])
def test_any_changed_byte_is_found_in_the_file_that_has_it(version: str, options: EncryptionOptions) -> None:
    taken, rng = Taken(version, options), random.Random(5)
    unsealed = {STATISTICS} if options is PLAIN else set()
    tried = 0
    for name, stored in taken.files.items():
        if name in unsealed:
            continue
        edges = {*range(START), *range(len(stored) - END_OF_FILE, len(stored))} & set(range(len(stored)))
        sample = rng.sample(range(len(stored)), min(NUM_SAMPLED, len(stored)))
        for position in range(len(stored)) if IS_LONG else sorted({*edges, *sample}):
            changed = bytearray(stored)
            changed[position] ^= 1 << rng.randrange(8)
            problems = taken.problems_with(name, bytes(changed))
            tried += 1
            assert problems, f"{name} @{position}"
            if name not in (INFO, checksum_name(MANIFEST)):
                assert name in (problems[0].location or ""), (name, position, problems[0].location)
            if name.endswith(".sst") and options is PLAIN:
                assert re.search(r"@\d+", problems[0].location or ""), (position, problems[0])
    assert tried > 150


def test_a_file_cut_short_is_found(taken: Taken) -> None:
    for name in (taken.first_file, MANIFEST):
        for size in (0, 1, len(taken.files[name]) // 2, len(taken.files[name]) - 1):
            assert taken.problems_with(name, taken.files[name][:size])


def test_every_missing_file_is_told(taken: Taken) -> None:
    chain = taken.open()
    paths = {file.path for file in chain.full.manifest.files}
    for path in {*paths, STATISTICS}:
        taken.storage.delete(path)
    problems = taken.verify().problems
    assert all(isinstance(problem, ObjectNotFoundError) for problem in problems)
    assert {(p.location or "").split("/", 3)[-1] for p in problems} == {*paths, STATISTICS}


def test_the_first_problem_is_raised_on_demand(taken: Taken) -> None:
    taken.storage.delete(taken.first_file)
    with pytest.raises(ObjectNotFoundError):
        verify(taken.open(), raise_first=True)
    with pytest.raises(ObjectNotFoundError):
        taken.verify().raise_first()


def test_a_file_of_another_size_than_the_manifest_says_is_told(taken: Taken) -> None:
    size = len(taken.files[taken.first_file])

    def claim(manifest: pb.BackupManifest) -> None:
        manifest.files[0].backing_file_size = size + 1

    taken.change_manifest(claim)
    problem = only_problem(taken)
    assert isinstance(problem, TruncatedError)
    assert f"{size} bytes instead of {size + 1}" in problem.message


def test_a_sound_file_that_is_another_one_is_told(version: str) -> None:
    taken, other = Taken(version), Taken(version, num_rows=7)
    taken.storage.write(taken.first_file, other.files[other.first_file])
    assert isinstance(taken.verify().problems[0], CorruptionError)


def test_the_checksum_of_a_value_is_compared(taken: Taken) -> None:
    def damage(batch: KeyValueBatch) -> KeyValueBatch:
        values = batch.values.to_list()
        values[2] = bytes([values[2][0] ^ 1]) + values[2][1:]
        return KeyValueBatch(batch.keys, batch.wall_ns, batch.logical, Ragged.from_list(values))

    name = taken.change_entries(damage)
    problem = only_problem(taken)
    assert isinstance(problem, ChecksumMismatchError)
    assert "/Table/" in problem.message
    assert (problem.location or "").endswith(name)


def test_a_value_without_a_checksum_is_taken_as_it_is(taken: Taken) -> None:
    def strip(batch: KeyValueBatch) -> KeyValueBatch:
        values = [bytes(4) + value[4:] for value in batch.values.to_list()]
        return KeyValueBatch(batch.keys, batch.wall_ns, batch.logical, Ragged.from_list(values))

    taken.change_entries(strip)
    assert taken.verify().is_sound


@pytest.mark.parametrize("shift", [1, -END.wall_ns])
def test_a_version_outside_of_the_layers_time_is_told(taken: Taken, shift: int) -> None:
    def move(batch: KeyValueBatch) -> KeyValueBatch:
        return KeyValueBatch(batch.keys, batch.wall_ns + shift, batch.logical, batch.values)

    taken.change_entries(move)
    assert "is not of the layer's time" in only_problem(taken).message


def test_a_key_outside_of_its_files_span_is_told(taken: Taken) -> None:
    def narrow(manifest: pb.BackupManifest) -> None:
        manifest.files[0].span.key += b"\x89"

    taken.change_manifest(narrow)
    problems = taken.verify().problems
    assert "outside of the file's span at key /Table/" in problems[0].message
    assert "bytes, the manifest says" in problems[1].message


@pytest.mark.parametrize("field", ["data_size", "rows", "index_entries"])
def test_counts_are_compared(version: str, field: str) -> None:
    taken = Taken(version)

    def lower(manifest: pb.BackupManifest) -> None:
        for counts in (manifest.files[0].entry_counts, manifest.entry_counts):
            setattr(counts, field, getattr(counts, field) - 1)

    place = next(
        i for i, file in enumerate(taken.open().full.manifest.files) if getattr(file.entry_counts, field) > 1
    )
    taken.change_manifest(lambda manifest: manifest.files.insert(0, manifest.files.pop(place)))
    taken.change_manifest(lower)
    assert "the manifest says" in only_problem(taken).message


def test_totals_are_the_sums_over_the_files(taken: Taken) -> None:
    def raise_total(manifest: pb.BackupManifest) -> None:
        manifest.entry_counts.rows += 1

    taken.change_manifest(raise_total)
    assert re.match(r"the manifest's rows is \d+, its files' together", only_problem(taken).message)


def test_a_file_that_is_none_of_the_backups_spans_is_told(taken: Taken) -> None:
    taken.change_manifest(lambda manifest: manifest.spans.pop(0))
    assert any("is not one of the backup's" in problem.message for problem in taken.verify().problems)


def test_files_that_overlap_are_told(taken: Taken) -> None:
    taken.change_manifest(lambda manifest: manifest.files.add().CopyFrom(manifest.files[0]))
    assert any("overlap" in problem.message for problem in taken.verify().problems)


def test_the_key_that_encryption_info_gives_is_compared() -> None:
    taken, other = Taken("21.2", KMS_OPTIONS), MemoryStorage()
    take_backup(make_bank("21.2", num_rows=2), other, options=KMS_OPTIONS, seed=8)
    chain = taken.open()
    taken.storage.write(INFO, other.read(INFO))
    problems = verify(chain, encryption=(KMS_OPTIONS, KMS_ENV)).problems
    assert [type(problem) for problem in problems] == [WrongKeyError]


def test_a_manifest_that_changed_since_it_was_opened_is_told(taken: Taken) -> None:
    chain = taken.open()
    taken.change_manifest(lambda manifest: setattr(manifest, "node_id", 9))
    assert "not the one that was opened" in verify(chain).problems[0].message


def test_layers_that_do_not_follow_each_other_are_told(taken: Taken) -> None:
    layer = MemoryStorage()

    def later(manifest: pb.BackupManifest) -> None:
        manifest.start_time.wall_time = END.wall_ns + 5
        manifest.end_time.wall_time = END.wall_ns + 9
        manifest.cluster_id = bytes(range(16))
        for name in ("files", "entry_counts", "statistics_filenames"):
            manifest.ClearField(name)
        manifest.entry_counts.SetInParent()

    full = dict(taken.files)
    taken.change_manifest(later)
    layer.write(MANIFEST, taken.storage.read(MANIFEST))
    for name, stored in full.items():
        taken.storage.write(name, stored)
    sealed = open_sealed(taken.storage, PLAIN, KMS_ENV)
    messages = [p.message for p in verify(open_chain(sealed, [sealed.beside(layer)])).problems]
    assert messages[0].startswith("the layer starts at ")
    assert messages[1] == "the layer is of another cluster than the one below it"
    assert messages[2].startswith("no backup covers time [")


def test_properties_are_those_of_the_entries(taken: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose own words about its versions are wrong: its writer saw other ones."""
    encode = encode_properties

    def lie(properties: TableProperties) -> bytes:
        assert properties.ts_max is not None
        return encode(replace(properties, ts_max=(properties.ts_max[0] + 1, 0)))

    monkeypatch.setattr(builder, "encode_properties", lie)
    taken.change_entries(lambda batch: batch)
    assert "property crdb.ts.max" in only_problem(taken).message


def test_versions_are_numbers_of_nanoseconds(taken: Taken) -> None:
    """The smallest and the largest version are found whatever their order."""

    def spread(batch: KeyValueBatch) -> KeyValueBatch:
        wall = END.wall_ns - np.arange(len(batch), dtype=np.int64)[::-1] * 10
        return KeyValueBatch(batch.keys, wall, batch.logical, batch.values)

    taken.change_entries(spread)
    assert taken.verify().is_sound
