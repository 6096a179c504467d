"""File names against those that real backups hold."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ootheca.codec import filenames
from ootheca.codec.manifest import decode_manifest
from ootheca.errors import CorruptionError

GOLDEN = Path(__file__).parents[3] / "fixtures" / "golden"
SHARED = Path(__file__).parents[4] / "shared" / "fixtures" / "golden"

KNOWN = re.compile(
    r"BACKUP_MANIFEST(-CHECKSUM)?|BACKUP-CHECKPOINT(-\d+)?(-CHECKSUM)?|BACKUP-STATISTICS|ENCRYPTION-INFO|LATEST"
    r"|BACKUP_PART_\d_.*|\d+\.sst"
)


def nanoseconds(*when: int, fraction: int = 0) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 10**9 + fraction  # type: ignore[arg-type, misc]


def test_folders_are_named_by_time_cut_to_hundredths() -> None:
    end = nanoseconds(2021, 3, 4, 5, 6, 7, fraction=129_999_999)
    assert filenames.full_subdirectory(end) == "2021/03/04-050607.12"
    assert filenames.incremental_subdirectory(end) == "20210304/050607.12"
    cut = nanoseconds(2021, 3, 4, 5, 6, 7, fraction=120_000_000)
    assert filenames.parse_full_subdirectory("/2021/03/04-050607.12") == cut
    assert filenames.parse_incremental_subdirectory("20210304/050607.12/") == cut


@pytest.mark.parametrize(
    "path", ["no/such/subdir", "2021/03/04-050607.1", "2021/13/04-050607.12", "20210304/050607.12", ""]
)
def test_other_folders_have_no_time(path: str) -> None:
    assert filenames.parse_full_subdirectory(path) is None


def test_folder_order_is_time_order() -> None:
    times = [nanoseconds(2021, 1, 1) + step * 37_123_456_789_012 for step in range(500)]
    full = [filenames.full_subdirectory(time) for time in times]
    layers = [filenames.incremental_subdirectory(time) for time in times]
    assert full == sorted(full)
    assert layers == sorted(layers)


def test_data_files_lie_where_the_version_puts_them() -> None:
    assert filenames.data_file_name(5, version="20.2") == "5.sst"
    assert filenames.data_file_name(5, version="21.2") == "data/5.sst"


def test_unique_ids_ascend_within_one_tick_and_even_when_the_clock_goes_back() -> None:
    now = nanoseconds(2026, 11, 21)
    first = filenames.unique_id(now, 3)
    second = filenames.unique_id(now, 3, after=first)
    third = filenames.unique_id(now - 10**9, 3, after=second)
    assert first < second < third
    assert filenames.parse_unique_id(first) == (now, 3)
    assert filenames.parse_unique_id(third) == (now + 20_000, 3)
    assert filenames.unique_id(now, 40_000) < 2**63


@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_real_data_files_were_made_while_their_backup_ran(version: str) -> None:
    manifest_path = GOLDEN / version / "a_full" / "extern" / "full" / "BACKUP_MANIFEST"
    manifest = decode_manifest(manifest_path.read_bytes(), location="")
    assert manifest.files
    for file in manifest.files:
        file_id = int(Path(file.path).stem)
        made_ns, node_id = filenames.parse_unique_id(file_id)
        assert node_id == 1
        assert 0 <= made_ns - manifest.end_time.wall_time < 60 * 10**9
        assert filenames.unique_id(made_ns, node_id) == file_id
        assert filenames.data_file_name(file_id, version=version) == file.path


def test_locality_is_sanitised_in_partition_names() -> None:
    assert filenames.partition_name(2, "region=us-east/1 ž") == "BACKUP_PART_2_region=us-east_1__"
    assert filenames.parse_partition_name("BACKUP_PART_2_region=us-east_1__") == (2, "region=us-east_1__")
    assert filenames.parse_partition_name("BACKUP_PART_x_region=a") is None


def test_names_beside_the_manifest() -> None:
    assert filenames.checksum_name(filenames.MANIFEST) == "BACKUP_MANIFEST-CHECKSUM"
    assert filenames.checksum_name(filenames.checkpoint_name(7)) == "BACKUP-CHECKPOINT-7-CHECKSUM"
    assert filenames.lock_name(7) == "BACKUP-LOCK-7"
    assert [filenames.encryption_info_name(n) for n in (1, 2)] == ["ENCRYPTION-INFO", "ENCRYPTION-INFO-2"]
    assert filenames.is_encryption_info("ENCRYPTION-INFO-12")
    assert not filenames.is_encryption_info("ENCRYPTION-INFO-x")


def test_latest_holds_the_path_with_a_leading_slash() -> None:
    assert filenames.format_latest("2021/03/04-050607.12") == b"/2021/03/04-050607.12"
    assert filenames.format_latest("/no/such/subdir/") == b"/no/such/subdir"
    assert filenames.parse_latest(b"/no/such/subdir", location="LATEST") == "no/such/subdir"
    for damaged in (b"", b"/", b"\xff"):
        with pytest.raises(CorruptionError, match="malformed LATEST file"):
            filenames.parse_latest(damaged, location="LATEST")


def test_newest_of_the_write_once_names_sorts_first() -> None:
    assert filenames.newest_latest(["LATEST-13cd", "LATEST-13ab", ""]) == "LATEST-13ab"
    assert filenames.newest_latest([""]) is None


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the other golden sets are not beside the repository")
class TestEveryGoldenSet:
    def test_every_file_has_a_known_name(self) -> None:
        names = [path.name for path in SHARED.glob("*/*/extern/**/*") if path.is_file()]
        assert len(names) > 1000
        assert [name for name in names if not KNOWN.fullmatch(name)] == []

    def test_folders_carry_the_end_time_of_their_layer(self) -> None:
        num_full = num_incremental = 0
        for path in SHARED.glob("*/*/extern/**/BACKUP_MANIFEST"):
            stored = path.read_bytes()
            if stored.startswith(b"encrypt"):
                continue
            end_ns = decode_manifest(stored, location="").end_time.wall_time
            if filenames.parse_incremental_subdirectory("/".join(path.parts[-3:-1])) is not None:
                assert "/".join(path.parts[-3:-1]) == filenames.incremental_subdirectory(end_ns)
                num_incremental += 1
            elif filenames.parse_full_subdirectory("/".join(path.parts[-4:-1])) is not None:
                assert "/".join(path.parts[-4:-1]) == filenames.full_subdirectory(end_ns)
                num_full += 1
        assert num_full > 0
        assert num_incremental > 0

    def test_partitions_are_numbered_in_the_manifests_order(self) -> None:
        num_partitioned = 0
        for path in SHARED.glob("*/*/extern/**/BACKUP_MANIFEST"):
            stored = path.read_bytes()
            if stored.startswith(b"encrypt"):
                continue
            manifest = decode_manifest(stored, location="")
            names = [filenames.partition_name(n, kv) for n, kv in enumerate(manifest.locality_kvs, start=1)]
            assert names == list(manifest.partition_descriptor_filenames)
            num_partitioned += bool(names)
        assert num_partitioned > 0

    def test_latest_names_a_full_backup(self) -> None:
        found = list(SHARED.glob("*/*/extern/**/LATEST"))
        assert found
        for path in found:
            subdirectory = filenames.parse_latest(path.read_bytes(), location="LATEST")
            assert (path.parent / subdirectory / filenames.MANIFEST).exists()
            assert filenames.format_latest(subdirectory) == path.read_bytes()
