"""Reading spans of shared files: each block decoded once where spans follow each other, right in any order."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ootheca.backup import layer_files
from ootheca.backup.chain import Chain, read_layer
from ootheca.backup.layer_files import LayerFiles
from ootheca.backup.read import ChainReader
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


class Shelf(MemoryStorage):
    """Remembers which data files were read, in order, and by which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[tuple[str, str]] = []
        self.damaged = ""

    def read(self, name: str) -> bytes:
        if name.endswith(".sst"):
            self.reads.append((name, threading.current_thread().name))
        stored = super().read(name)
        return stored[:-1] if name == self.damaged else stored


@pytest.fixture
def shelf() -> Shelf:
    """One layer of eight files."""
    made = Shelf()
    write_layer(made, end=Timestamp(10), files=small_tables(8))
    return made


def spans(*numbers: int) -> list[tuple[bytes, bytes]]:
    return [small_tables(8)[number][:2] for number in numbers]


def test_the_next_file_is_read_while_one_is_used(shelf: Shelf) -> None:
    files, expected = LayerFiles(read_layer(SealedStorage(shelf))), small_tables(8)
    stored = [file.path for file in read_layer(SealedStorage(shelf)).manifest.files]
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        files.read_ahead(spans(0, 1, 2, 5), pool)
        assert read(files, *expected[0][:2]) == expected[0][2]
        pool.submit(int).result()  # what was to be read before this has been
        assert [name for name, _ in shelf.reads] == stored[:2]
        for number in (1, 2, 5):
            assert read(files, *expected[number][:2]) == expected[number][2]
    assert [name for name, _ in shelf.reads] == [stored[number] for number in (0, 1, 2, 5)]
    assert [thread.startswith("ahead") for _, thread in shelf.reads] == [False, True, True, True]


def test_another_order_than_was_expected(shelf: Shelf) -> None:
    files, expected, rng = LayerFiles(read_layer(SealedStorage(shelf))), small_tables(8), random.Random(5)
    with ThreadPoolExecutor(2) as pool:
        files.read_ahead(spans(0, 1, 2, 3, 4), pool)
        for number in rng.choices(range(8), k=100):
            assert read(files, *expected[number][:2]) == expected[number][2]


def test_a_damaged_file_is_told_where_it_is_used(shelf: Shelf) -> None:
    reader, expected = ChainReader(Chain((read_layer(SealedStorage(shelf)),))), small_tables(8)
    shelf.damaged = reader.chain.layers[0].manifest.files[1].path
    with reader.reading_ahead(spans(*range(8))):
        assert sum(len(batch) for batch in reader.visible(*expected[0][:2])) == len(expected[0][2])
        with pytest.raises(CorruptionError) as caught:
            list(reader.visible(*expected[1][:2]))
        assert caught.value.location is not None
        assert shelf.damaged in caught.value.location
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ootheca-ahead")]
    num_reads = len(shelf.reads)
    assert sum(len(batch) for batch in reader.visible(*expected[5][:2])) == len(expected[5][2])
    assert len(shelf.reads) == num_reads + 1  # nothing is read ahead any more
