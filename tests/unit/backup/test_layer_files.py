"""Reading spans of shared files: each block decoded once where spans follow each other, right in any order."""

from __future__ import annotations

import random

import pytest

from ootheca.backup import layer_files
from ootheca.backup.chain import read_layer
from ootheca.backup.layer_files import LayerFiles
from ootheca.backup.sealed import SealedStorage
from ootheca.clock import Timestamp
from ootheca.codec.keys import prefix
from ootheca.codec.sst.reader import SSTReader
from ootheca.errors import CorruptionError
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import write_layer

Entry = tuple[bytes, int, bytes]


def small_tables(num_tables: int) -> list[tuple[bytes, bytes, list[Entry]]]:
    rng = random.Random(num_tables)
    files = []
    for table in range(num_tables):
        start, end = prefix(60 + table, 1), prefix(60 + table, 2)
        rows = range(rng.randrange(1, 30))
        files.append(
            (
                start,
                end,
                [(start + bytes([0x88 + row, 0x88]), 5, b"v" * rng.randrange(1, 50)) for row in rows],
            )
        )
    return files


@pytest.fixture
def storage() -> MemoryStorage:
    made = MemoryStorage()
    write_layer(made, end=Timestamp(10), files=small_tables(40), shared_path="data/1.sst")
    return made


def read(files: LayerFiles, start: bytes, end: bytes) -> list[Entry]:
    found: list[Entry] = []
    for batch in files.batches(start, end):
        found.extend(zip(batch.keys.to_list(), batch.wall_ns.tolist(), batch.values.to_list(), strict=True))
    return found


@pytest.mark.parametrize("order", ["ascending", "descending", "random", "twice"])
def test_spans_in_any_order(storage: MemoryStorage, order: str) -> None:
    files, expected = LayerFiles(read_layer(SealedStorage(storage))), small_tables(40)
    wanted = {
        "ascending": expected,
        "descending": expected[::-1],
        "twice": [e for e in expected for _ in (0, 1)],
    }.get(order, random.Random(3).sample(expected, 40))
    for start, end, entries in wanted:
        assert read(files, start, end) == entries
    assert not files.overlaps(prefix(500, 1), prefix(500, 2))
    assert read(files, b"\x00", b"\xff") == [entry for *_, entries in expected for entry in entries]


def test_parts_of_spans(storage: MemoryStorage) -> None:
    files, rng = LayerFiles(read_layer(SealedStorage(storage))), random.Random(4)
    everything = [entry for *_, entries in small_tables(40) for entry in entries]
    for _ in range(200):
        low, high = sorted(rng.choice(everything)[0] for _ in range(2))
        assert read(files, low, high) == [entry for entry in everything if low <= entry[0] < high]


def test_reads_that_overlap_in_time_do_not_disturb_each_other(storage: MemoryStorage) -> None:
    files, expected = LayerFiles(read_layer(SealedStorage(storage))), small_tables(40)
    first, second, third = expected[3], expected[4], expected[5]
    read(files, *expected[2][:2])
    outer = files.batches(first[0], second[1])
    started = [next(outer)]
    assert read(files, *second[:2]) == second[2]
    assert read(files, *third[:2]) == third[2]
    started.extend(outer)
    assert [key for batch in started for key in batch.keys.to_list()] == [
        key for key, *_ in first[2] + second[2]
    ]
    abandoned = files.batches(first[0], third[1])
    next(abandoned)
    assert read(files, *first[:2]) == first[2]


def test_a_block_that_tables_share_is_decoded_once(
    storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    original = SSTReader._read_group

    def counting(self: SSTReader, handles: object) -> object:
        decoded.append(1)
        return original(self, handles)  # type: ignore[arg-type]

    monkeypatch.setattr(SSTReader, "_read_group", counting)
    files = LayerFiles(read_layer(SealedStorage(storage)))
    for start, end, entries in small_tables(40):
        assert read(files, start, end) == entries
    assert len(decoded) == 1


def test_few_files_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryStorage()
    write_layer(storage, end=Timestamp(10), files=small_tables(40))
    monkeypatch.setattr(layer_files, "_OPEN_FILES", 3)
    files = LayerFiles(read_layer(SealedStorage(storage)))
    for _ in range(2):
        for start, end, entries in small_tables(40):
            assert read(files, start, end) == entries
            assert len(files._open) <= 3
            assert files._open_size == sum(cursor.size for cursor in files._open.values())


def test_entries_that_the_manifest_does_not_count_are_told(storage: MemoryStorage) -> None:
    layer = read_layer(SealedStorage(storage))
    layer.manifest.files[
        7
    ].entry_counts.data_size -= 1  # what timestamps take may vary, so the file as a whole may fit
    files, expected = LayerFiles(layer), small_tables(40)
    assert read(files, *expected[6][:2]) == expected[6][2]
    start, end, _ = expected[7]
    with pytest.raises(CorruptionError, match=r"data/1\.sst does not hold what the manifest says"):
        read(files, start, end)
