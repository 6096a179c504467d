"""Collections: the newest full backup, the list of them, and where their layers lie."""

from __future__ import annotations

import pytest

from ootheca.backup.collection import find_layers, list_full_backups, read_latest, write_latest
from ootheca.errors import CorruptionError, ObjectNotFoundError, OothecaError
from ootheca.storage.memory import MemoryStorage

FULL = "2026/11/21-173756.69"


def test_latest_is_written_with_a_slash_and_read_without() -> None:
    collection = MemoryStorage()
    write_latest(collection, FULL)
    assert collection.read("LATEST") == b"/2026/11/21-173756.69"
    assert read_latest(collection) == FULL


def test_a_collection_without_a_complete_backup_is_told() -> None:
    with pytest.raises(ObjectNotFoundError) as caught:
        read_latest(MemoryStorage())
    assert caught.value.message.startswith("path does not contain a completed latest backup: ")
    collection = MemoryStorage()
    collection.write("LATEST", b"")
    with pytest.raises(CorruptionError, match="malformed LATEST file"):
        read_latest(collection)


def test_write_once_names_of_newer_versions_count_before_the_old_file() -> None:
    """Times are complemented in these names, so the newest sorts first."""
    collection = MemoryStorage()
    write_latest(collection, "2020/01/01-000000.00")
    collection.write("metadata/latest/LATEST-13cdff", b"/2026/11/20-000000.00")
    collection.write("metadata/latest/LATEST-13cdaa", b"/2026/11/21-173756.69")
    assert read_latest(collection) == FULL


def test_a_place_that_cannot_list_has_the_old_file(monkeypatch: pytest.MonkeyPatch) -> None:
    collection = MemoryStorage()
    collection.write("LATEST", FULL.encode())
    monkeypatch.setattr(MemoryStorage, "can_list", False)
    assert read_latest(collection) == FULL


def test_full_backups_are_listed_in_order_of_time() -> None:
    collection = MemoryStorage()
    for path in (
        "2026/11/21-173757.77/BACKUP_MANIFEST",
        f"{FULL}/BACKUP_MANIFEST",
        f"{FULL}/data/1.sst",
        f"{FULL}/20261121/173757.14/BACKUP_MANIFEST",
        "no/such/subdir/BACKUP",
        "2026/11/22-000000.00/BACKUP-CHECKPOINT",
    ):
        collection.write(path, b"x")
    assert list_full_backups(collection) == [FULL, "2026/11/21-173757.77", "no/such/subdir"]


@pytest.mark.parametrize("place", [FULL, f"incrementals/{FULL}"])
def test_layers_are_found_in_the_old_and_the_new_place(place: str) -> None:
    collection = MemoryStorage()
    for layer in ("20261121/173758.23", "20261121/173757.14"):
        collection.write(f"{place}/{layer}/BACKUP_MANIFEST", b"x")
    assert find_layers(collection, f"/{FULL}") == [
        f"{place}/20261121/173757.14",
        f"{place}/20261121/173758.23",
    ]
    assert find_layers(collection, "2026/11/21-173757.77") == []


def test_layers_in_both_places_are_refused() -> None:
    collection = MemoryStorage()
    for place in (FULL, f"incrementals/{FULL}"):
        collection.write(f"{place}/20261121/173758.23/BACKUP_MANIFEST", b"x")
    with pytest.raises(OothecaError, match="Incremental layers found in both old and new default locations"):
        find_layers(collection, FULL)
