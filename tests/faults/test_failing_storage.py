"""Every single storage operation of a backup and of a restore fails in turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal

import pytest

from ootheca.backup import data_files
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.errors import UnavailableError
from ootheca.storage.memory import MemoryStorage
from tests.support import backups
from tests.support.backups import KMS_OPTIONS, Bank, make_bank, restore
from tests.support.faults import FaultPlan, FaultStorage
from tests.support.memory_engine import MemoryEngine

take_backup = partial(backups.take_backup, target_size=200)
OPTIONS = {"plain": EncryptionOptions(), "kms": KMS_OPTIONS}


@pytest.fixture(params=["20.2", "21.2"])
def bank(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bank:
    # Several files of several rows each, where one would hold all.
    monkeypatch.setattr(data_files, "_SST_SIZE", 200)
    return make_bank(request.param, num_rows=12)


@pytest.fixture(params=list(OPTIONS))
def options(request: pytest.FixtureRequest) -> EncryptionOptions:
    return OPTIONS[request.param]


def names(storage: MemoryStorage) -> set[str]:
    return {info.name for info in storage.list()}


def check_whole(bank: Bank, storage: MemoryStorage, options: EncryptionOptions) -> None:
    restored = restore(storage, options=options, version=bank.profile.version)
    for name, rows in bank.engine.tables.items():
        assert restored.engine.tables[name].equals(rows.sort_by("id"))


def _num_unnoticed(moment: Literal["before", "after"], *, stays_down: bool = False) -> int:
    """Only the removal of the claim of a finished backup may fail unnoticed.

    And reading the claim of another one, which is not there, cannot fail after it was read.
    """
    return 1 if moment == "before" or stays_down else 2


def num_operations(bank: Bank, options: EncryptionOptions) -> int:
    plan = FaultPlan()
    take_backup(bank, FaultStorage(MemoryStorage(), plan), options=options)
    return len(plan.asked)


@pytest.mark.parametrize("stays_down", [False, True])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_backup_is_whole_or_does_not_list(
    bank: Bank, options: EncryptionOptions, moment: Literal["before", "after"], stays_down: bool
) -> None:
    total = num_operations(bank, options)
    assert total >= 11
    failed = 0
    for fail_at in range(total):
        storage = MemoryStorage()
        plan = FaultPlan(fail_at, moment, stays_down)
        try:
            take_backup(bank, FaultStorage(storage, plan), options=options)
        except UnavailableError:  # and nothing else: any other error fails the test
            failed += 1
            succeeded = False
        else:
            succeeded = True
        if "BACKUP_MANIFEST" in names(storage):
            check_whole(bank, storage, options)
        else:
            assert not succeeded, plan.asked[fail_at]
        if not succeeded and not stays_down:
            # The storage is up again when the writer cleans up: nothing stays, and the place can be used.
            assert names(storage) == set(), plan.asked[fail_at]
            take_backup(bank, storage, options=options)
            check_whole(bank, storage, options)
    assert failed == total - _num_unnoticed(moment, stays_down=stays_down)


def test_writes_behind_the_encoders_back_fail_too(bank: Bank, options: EncryptionOptions) -> None:
    """As above, with threads, where the order of operations is not the same each time."""
    for fail_at in range(num_operations(bank, options)):
        storage = MemoryStorage()
        with ThreadPoolExecutor(2) as executor:
            try:
                take_backup(
                    bank, FaultStorage(storage, FaultPlan(fail_at)), options=options, executor=executor
                )
            except UnavailableError:
                assert names(storage) == set()
            else:
                check_whole(bank, storage, options)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("tiers", [("region=east",), ("region=north",)], ids=["east", "default"])
def test_a_spread_backup_that_fails_leaves_nothing_in_any_store(
    bank: Bank, options: EncryptionOptions, moment: Literal["before", "after"], tiers: tuple[str, ...]
) -> None:
    def take(plan: FaultPlan) -> list[MemoryStorage]:
        default, east, west = stores = [MemoryStorage(), MemoryStorage(), MemoryStorage()]
        others = {"region=east": FaultStorage(east, plan), "region=west": FaultStorage(west, plan)}
        try:
            take_backup(bank, FaultStorage(default, plan), options=options, stores=others, tiers=tiers)
        except UnavailableError:
            assert not any(map(names, stores)), plan.asked[-1]
        return stores

    plan = FaultPlan()
    default, east, west = take(plan)
    assert names(west) == {"BACKUP_PART_2_region=west"}
    holder, other = (east, default) if tiers == ("region=east",) else (default, east)
    assert sum(name.endswith(".sst") for name in names(holder)) > 1
    assert not any(name.endswith(".sst") for name in names(other))
    num_failed = 0
    for fail_at in range(len(plan.asked)):
        num_failed += not names(take(FaultPlan(fail_at, moment))[0])
    assert num_failed == len(plan.asked) - _num_unnoticed(moment)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_restore_is_right_or_leaves_nothing(
    bank: Bank, options: EncryptionOptions, moment: Literal["before", "after"]
) -> None:
    storage, plan = MemoryStorage(), FaultPlan()
    take_backup(bank, storage, options=options)
    restore(FaultStorage(storage, plan), options=options, version=bank.profile.version)
    assert len(plan.asked) >= 8
    for fail_at, operation in enumerate(plan.asked):
        engine = MemoryEngine()
        with pytest.raises(UnavailableError, match="injected"):
            restore(
                FaultStorage(storage, FaultPlan(fail_at, moment)),
                options=options,
                engine=engine,
                version=bank.profile.version,
            )
        assert not engine.in_transaction, operation
        assert not any((engine.tables, engine.schemas, engine.sequences, engine.views)), operation
    check_whole(bank, storage, options)


def test_a_restore_beside_other_tables_leaves_those(bank: Bank) -> None:
    storage = MemoryStorage()
    take_backup(bank, storage)
    engine = MemoryEngine()
    name = next(iter(bank.engine.tables))
    kept = bank.engine.tables[name]
    engine.create_schema("other", "public")
    engine.tables[name.__class__("other", "public", "kept")] = kept
    before = (dict(engine.tables), dict(engine.schemas))
    plan = FaultPlan()
    restore(FaultStorage(storage, plan), version=bank.profile.version)
    with pytest.raises(UnavailableError):
        restore(
            FaultStorage(storage, FaultPlan(len(plan.asked) - 1)), engine=engine, version=bank.profile.version
        )
    assert (engine.tables, engine.schemas) == before
