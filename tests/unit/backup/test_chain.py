"""Chains: which manifest is read, in which order layers come, and how far a chain reaches at a time."""

from __future__ import annotations

import pytest

from ootheca.backup.chain import cut_at, find_appended, open_chain, read_layer
from ootheca.backup.sealed import SealedStorage
from ootheca.clock import Timestamp
from ootheca.codec.manifest import checksum
from ootheca.errors import ChecksumMismatchError, KeyRequiredError, ObjectNotFoundError, OothecaError
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import KMS_OPTIONS, make_bank, take_backup, write_layer

T1, T2, T3 = (Timestamp(1_600_000_000_500_000_000 + i * 1_000_000_000) for i in range(3))
SPAN = (b"\xbd\x89", b"\xbd\x8a")


def chain_of_three(*, has_history: bool = False) -> MemoryStorage:
    storage = MemoryStorage()
    write_layer(storage, end=T1, spans=[SPAN], has_history=has_history)
    write_layer(storage.at("20200913/122641.50"), start=T1, end=T2, spans=[SPAN], has_history=has_history)
    write_layer(storage.at("20200913/122642.50"), start=T2, end=T3, spans=[SPAN], has_history=has_history)
    return storage


def test_appended_layers_are_found_in_order_of_time() -> None:
    storage = chain_of_three()
    storage.write("20200913/122641.50/data/1.sst", b"x")
    write_layer(storage.at("other/122641.50"), start=T1, end=T2)  # no folder of a layer
    assert find_appended(storage) == ["20200913/122641.50", "20200913/122642.50"]
    chain = open_chain(SealedStorage(storage))
    assert [layer.end for layer in chain.layers] == [T1, T2, T3]
    assert [layer.is_full for layer in chain.layers] == [True, False, False]
    assert chain.end == T3
    assert chain.layers[1].start == T1


def test_named_layers_keep_the_users_order_and_leave_appended_ones_out() -> None:
    storage = chain_of_three()
    other = MemoryStorage()
    write_layer(other, start=T1, end=T3)
    full = SealedStorage(storage)
    chain = open_chain(full, [full.beside(other)])
    assert [layer.end for layer in chain.layers] == [T1, T3]


def test_a_place_that_cannot_list_has_the_full_layer_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryStorage, "can_list", False)
    assert len(open_chain(SealedStorage(chain_of_three())).layers) == 1


def test_the_manifest_of_versions_before_20_2_is_read_too() -> None:
    storage = chain_of_three()
    storage.write("BACKUP", storage.read("BACKUP_MANIFEST"))
    storage.delete("BACKUP_MANIFEST")
    assert read_layer(SealedStorage(storage)).end == T1


def test_a_missing_manifest_is_told_by_its_present_name() -> None:
    with pytest.raises(ObjectNotFoundError, match=r"BACKUP_MANIFEST: .*file doesn't exist"):
        read_layer(SealedStorage(MemoryStorage()))


def test_a_manifest_that_its_checksum_was_not_made_from_is_refused() -> None:
    storage = chain_of_three()
    storage.write("BACKUP_MANIFEST-CHECKSUM", b"\x01\x02\x03\x04")
    actual = checksum(storage.read("BACKUP_MANIFEST")).hex()
    with pytest.raises(ChecksumMismatchError, match=f"checksum mismatch; expected 01020304, got {actual}"):
        read_layer(SealedStorage(storage))


def test_a_sealed_manifest_asks_for_a_key() -> None:
    storage = MemoryStorage()
    take_backup(make_bank(), storage, options=KMS_OPTIONS)
    with pytest.raises(KeyRequiredError, match="file appears encrypted -- try specifying one of"):
        read_layer(SealedStorage(storage))


def test_cutting_at_a_layers_end_needs_no_history() -> None:
    chain = open_chain(SealedStorage(chain_of_three()))
    assert [len(cut_at(chain, time).layers) for time in (T1, T2, T3)] == [1, 2, 3]


@pytest.mark.parametrize("time", [Timestamp(T3.wall_ns, 1), Timestamp(T3.wall_ns + 1)])
def test_a_time_after_the_chain_is_not_covered(time: Timestamp) -> None:
    chain = open_chain(SealedStorage(chain_of_three()))
    with pytest.raises(OothecaError) as caught:
        cut_at(chain, time)
    assert caught.value.message == "invalid RESTORE timestamp: supplied backups do not cover requested time"


def test_a_time_within_a_layer_without_history_names_the_nearest() -> None:
    chain = open_chain(SealedStorage(chain_of_three()))
    start = (
        "invalid RESTORE timestamp: restoring to arbitrary time requires that BACKUP for requested time be created "
        "with 'revision_history' option. "
    )
    with pytest.raises(OothecaError) as caught:
        cut_at(chain, Timestamp(T1.wall_ns - 1))
    assert caught.value.message == start + "nearest backup time is 2020-09-13 12:26:40.5 +0000 UTC"
    with pytest.raises(OothecaError) as caught:
        cut_at(chain, Timestamp(T2.wall_ns - 1))
    assert caught.value.message == start + (
        "nearest BACKUP times are 2020-09-13 12:26:40.5 +0000 UTC or 2020-09-13 12:26:41.5 +0000 UTC"
    )


def test_history_reaches_any_time_of_its_layer() -> None:
    chain = open_chain(SealedStorage(chain_of_three(has_history=True)))
    assert len(cut_at(chain, Timestamp(T2.wall_ns - 1)).layers) == 2
    assert len(cut_at(chain, Timestamp(1)).layers) == 1


def test_history_that_began_later_is_told() -> None:
    storage = MemoryStorage()
    began = Timestamp(T1.wall_ns - 250_000_000)
    write_layer(storage, end=T1, has_history=True, history_from=began)
    chain = open_chain(SealedStorage(storage))
    assert cut_at(chain, Timestamp(began.wall_ns + 1)).end == T1
    with pytest.raises(OothecaError) as caught:
        cut_at(chain, began)
    assert caught.value.message == (
        "invalid RESTORE timestamp: BACKUP for requested time only has revision history from "
        "2020-09-13 12:26:40.25 +0000 UTC"
    )
