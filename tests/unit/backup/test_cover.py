"""Layers that do not join are refused, in each version's words."""

from __future__ import annotations

import pytest

from ootheca.backup.chain import Chain, open_chain
from ootheca.backup.cover import check_cover
from ootheca.backup.sealed import SealedStorage
from ootheca.catalog.table import Table
from ootheca.clock import Timestamp
from ootheca.codec.keys import prefix
from ootheca.errors import OothecaError
from ootheca.profile import profile
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import Bank, make_bank, write_layer

T1, T2, T3 = (Timestamp(1_600_000_000_500_000_000 + i * 1_000_000_000) for i in range(3))


@pytest.fixture(params=["20.2", "21.2"])
def bank(request: pytest.FixtureRequest) -> Bank:
    return make_bank(request.param, num_rows=1)


def accounts(bank: Bank) -> Table:
    return bank.catalog.describe(bank.table("accounts").id)


def make_chain(table: Table, *times: tuple[Timestamp, Timestamp]) -> Chain:
    spans = [(prefix(table.id, 1), prefix(table.id, 4))]
    folders = []
    for start, end in times:
        storage = MemoryStorage()
        write_layer(storage, start=start, end=end, spans=spans)
        folders.append(SealedStorage(storage))
    return open_chain(folders[0], folders[1:])


def test_layers_that_join_cover_all_time(bank: Bank) -> None:
    table = accounts(bank)
    check_cover(make_chain(table, (Timestamp(0), T1), (T1, T2), (T2, T3)), [table], facts=bank.profile)


def message(bank: Bank, chain: Chain) -> str:
    with pytest.raises(OothecaError) as caught:
        check_cover(chain, [accounts(bank)], facts=bank.profile)
    return caught.value.message


def test_a_missing_layer_is_told(bank: Bank) -> None:
    id_ = accounts(bank).id
    assert (
        message(bank, make_chain(accounts(bank), (Timestamp(0), T1), (T2, T3)))
        == {
            "20.2": "making import requests for 2 backups: no backup covers time [1600000000.500000000,0,"
            f"1600000001.500000000,0) for range [/Table/{id_}/1,/Table/{id_}/2) or backups listed out of order "
            "(mismatched start time)",
            "21.2": f"no backup covers time [1600000000.500000000,0,1600000001.500000000,0) for range [/Table/{id_}/1,"
            f"/Table/{id_}/4) (or backups listed out of order)",
        }[bank.profile.version]
    )


def test_layers_in_the_wrong_order_are_told(bank: Bank) -> None:
    assert "no backup covers time [" in message(
        bank, make_chain(accounts(bank), (Timestamp(0), T1), (T2, T3), (T1, T2))
    )


def test_an_incremental_layer_alone_covers_nothing(bank: Bank) -> None:
    expected = "no backup covers time [0,0,1600000000.500000000,0) for range"
    assert expected in message(bank, make_chain(accounts(bank), (T1, T2)))


def test_a_table_that_the_last_layer_leaves_out_is_told(bank: Bank) -> None:
    table = accounts(bank)
    first, last = MemoryStorage(), MemoryStorage()
    write_layer(first, end=T1, spans=[(prefix(table.id, 1), prefix(table.id, 4))])
    write_layer(last, start=T1, end=T2, spans=[(prefix(1000, 1), prefix(1000, 2))])
    told = message(bank, open_chain(SealedStorage(first), [SealedStorage(last)]))
    assert "no backup covers time [1600000000.500000000,0,1600000001.500000000,0)" in told
    assert told.endswith(
        {"20.2": "(or backups out of order)", "21.2": "(or backups listed out of order)"}[
            bank.profile.version
        ]
    )


def test_an_introduced_index_is_covered_from_the_beginning(bank: Bank) -> None:
    table = accounts(bank)
    first, last = MemoryStorage(), MemoryStorage()
    whole = (prefix(table.id, 1), prefix(table.id, 4))
    write_layer(first, end=T1, spans=[(prefix(table.id, 1), prefix(table.id, 2))])
    write_layer(
        last, start=T1, end=T2, spans=[whole], introduced=[(prefix(table.id, 2), prefix(table.id, 4))]
    )
    check_cover(open_chain(SealedStorage(first), [SealedStorage(last)]), [table], facts=bank.profile)


def test_words_of_the_default_version_are_used_unless_told() -> None:
    bank = make_bank("21.2", num_rows=1)
    with pytest.raises(OothecaError, match=r"\(or backups listed out of order\)"):
        check_cover(make_chain(accounts(bank), (T1, T2)), [accounts(bank)])
    assert profile("21.2").merges_spans
