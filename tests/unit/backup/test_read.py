"""Reading spans of a chain: which version of a key is seen, across layers, files and batches."""

from __future__ import annotations

import random

import pytest

from ootheca.backup.chain import Chain, cut_at, open_chain
from ootheca.backup.read import ChainReader
from ootheca.backup.sealed import SealedStorage
from ootheca.clock import Timestamp
from ootheca.codec.sst import reader as sst_reader
from ootheca.errors import CorruptionError, ObjectNotFoundError
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import drain, make_bank, take_backup, write_layer

A, B, C, D, E = (b"\xbd\x89" + bytes([0x88 + i]) + b"\x88" for i in range(5))
START, MIDDLE, STOP = b"\xbd\x89", b"\xbd\x89\x8a", b"\xbd\x8a"


def make_chain(*layers: MemoryStorage) -> Chain:
    folders = [SealedStorage(layer) for layer in layers]
    return open_chain(folders[0], folders[1:])


def layer(
    start: int, end: int, *files: tuple[bytes, bytes, list[tuple[bytes, int, bytes]]], **kwargs: object
) -> MemoryStorage:
    storage = MemoryStorage()
    write_layer(
        storage, start=Timestamp(start), end=Timestamp(end), files=files, spans=[(START, STOP)], **kwargs
    )  # type: ignore[arg-type]
    return storage


def test_the_newest_layer_wins_and_deleted_keys_are_gone() -> None:
    full = layer(0, 10, (START, STOP, [(A, 1, b"a1"), (B, 2, b"b2"), (C, 3, b"c3")]))
    first = layer(10, 20, (START, STOP, [(A, 11, b"a11"), (B, 12, b"")]))
    second = layer(20, 30, (START, STOP, [(B, 21, b"b21"), (C, 22, b""), (D, 23, b"d23")]))
    assert drain(make_chain(full, first, second)) == [(A, 11, b"a11"), (B, 21, b"b21"), (D, 23, b"d23")]
    assert drain(make_chain(full, first)) == [(A, 11, b"a11"), (C, 3, b"c3")]
    assert drain(make_chain(full)) == [(A, 1, b"a1"), (B, 2, b"b2"), (C, 3, b"c3")]


def test_within_history_the_newest_version_up_to_the_time_is_seen() -> None:
    entries = [(A, 9, b""), (A, 5, b"a5"), (A, 1, b"a1"), (B, 4, b"b4"), (C, 7, b"c7")]
    chain = make_chain(layer(0, 10, (START, STOP, entries), has_history=True))

    def seen(wall_ns: int) -> list[bytes]:
        batches = ChainReader(cut_at(chain, Timestamp(wall_ns)), Timestamp(wall_ns)).visible(START, STOP)
        return [value for batch in batches for value in batch.values.to_list()]

    assert seen(1) == [b"a1"]
    assert seen(4) == [b"a1", b"b4"]
    assert seen(8) == [b"a5", b"b4", b"c7"]
    assert seen(10) == [b"b4", b"c7"]


def test_of_equal_versions_the_later_layer_counts() -> None:
    full = layer(0, 10, (START, STOP, [(A, 10, b"old")]))
    later = layer(10, 20, (START, STOP, [(A, 10, b"new")]))
    assert drain(make_chain(full, later)) == [(A, 10, b"new")]


def test_versions_of_one_key_split_between_batches_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one or two entries each, so that every boundary falls between two versions of some key."""
    rng = random.Random(5)
    keys = [START + bytes([0x88 + i, 0x88]) for i in range(60)]
    model: dict[bytes, bytes] = {}
    entries = []
    for key in keys:
        times = sorted(rng.sample(range(1, 99), rng.randrange(1, 6)), reverse=True)
        values = [b"" if rng.random() < 0.3 else f"v{t}".encode() * 3 for t in times]
        entries += list(zip([key] * len(times), times, values, strict=True))
        if values[0]:
            model[key] = values[0]
    chain = make_chain(layer(0, 100, (START, STOP, entries), has_history=True))
    monkeypatch.setattr(
        sst_reader.SSTReader.batches, "__kwdefaults__", {"start": None, "end": None, "batch_size": 1}
    )
    for cut in range(1, 40, 7):
        whole = [(key, value) for key, _, value in drain(chain)]
        assert whole == sorted(model.items())
        low, high = keys[cut], keys[cut + 5]
        part = [(key, value) for key, _, value in drain(chain, low, high)]
        assert part == [(key, value) for key, value in sorted(model.items()) if low <= key < high]


def test_versions_of_one_key_split_between_files_are_one() -> None:
    """21.2 with split_keys_on_timestamps cuts a file between two versions of one key."""
    files = [
        (START, B, [(A, 3, b"a3"), (A, 1, b"a1"), (B, 9, b"b9")]),
        (B, STOP, [(B, 4, b"b4"), (C, 2, b"c2")]),
    ]
    storage = MemoryStorage()
    files[0] = (START, B + b"\x00", files[0][2])
    write_layer(storage, end=Timestamp(10), files=files, spans=[(START, STOP)], has_history=True)
    assert drain(make_chain(storage)) == [(A, 3, b"a3"), (B, 9, b"b9"), (C, 2, b"c2")]


def test_many_layers_in_small_batches_give_what_a_model_gives() -> None:
    rng = random.Random(11)
    keys = [START + bytes([0x88 + i // 60, 0x88 + i % 60, 0x88]) for i in range(200)]
    model: dict[bytes, bytes] = {}
    layers = []
    for number in range(6):
        chosen = sorted(rng.sample(keys, 150 if number == 0 else 60))
        entries = [
            (key, number * 10 + 1, b"" if number and rng.random() < 0.4 else b"%d" % number) for key in chosen
        ]
        model.update((key, value) for key, _, value in entries)
        cut = chosen[len(chosen) // 2]
        place = chosen.index(cut)
        layers.append(
            layer(number * 10, number * 10 + 10, (START, cut, entries[:place]), (cut, STOP, entries[place:]))
        )
    expected = [(key, value) for key, value in sorted(model.items()) if value]
    assert [(key, value) for key, _, value in drain(make_chain(*layers))] == expected


def test_only_keys_within_the_files_span_count() -> None:
    """Files that share an SST each own a span of it."""
    storage = layer(
        0,
        10,
        (START, MIDDLE, [(A, 1, b"a"), (B, 1, b"b")]),
        (MIDDLE, STOP, [(C, 1, b"c")]),
        shared_path="1.sst",
    )
    assert [key for key, *_ in drain(make_chain(storage))] == [A, B, C]
    assert [key for key, *_ in drain(make_chain(storage), START, MIDDLE)] == [A, B]
    assert [key for key, *_ in drain(make_chain(storage), B, C)] == [B]


def test_a_shared_file_is_read_from_storage_once() -> None:
    storage = layer(
        0,
        10,
        (START, MIDDLE, [(A, 1, b"a"), (B, 1, b"b")]),
        (MIDDLE, STOP, [(C, 1, b"c")]),
        shared_path="1.sst",
    )
    reads: list[str] = []

    class Counting(MemoryStorage):
        __slots__ = ()

        def read(self, name: str) -> bytes:
            reads.append(name)
            return storage.read(name)

        def list(self, prefix: str = "") -> object:  # type: ignore[override]
            return storage.list(prefix)

    reader = ChainReader(open_chain(SealedStorage(Counting())))
    for _ in range(2):
        for start, end in ((START, MIDDLE), (MIDDLE, STOP)):
            assert list(reader.visible(start, end))
    assert reads.count("1.sst") == 1


def test_a_layer_without_files_shows_nothing() -> None:
    assert drain(make_chain(layer(0, 10))) == []


def test_a_missing_file_is_told() -> None:
    storage = layer(0, 10, (START, STOP, [(A, 1, b"a")]))
    storage.delete("0.sst")
    with pytest.raises(ObjectNotFoundError, match=r"0\.sst"):
        drain(make_chain(storage))


@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_a_sound_file_in_anothers_place_is_refused(version: str) -> None:
    storage = MemoryStorage()
    take_backup(make_bank(version), storage)
    names = [info.name for info in storage.list() if info.name.endswith(".sst")]
    for name in names:
        for other in names:
            if other == name:
                continue
            mixed = MemoryStorage()
            for info in storage.list():
                mixed.write(info.name, storage.read(other if info.name == name else info.name))
            with pytest.raises(
                CorruptionError, match=r"checksum mismatch for|does not hold what the manifest says"
            ):
                drain(open_chain(SealedStorage(mixed)))
