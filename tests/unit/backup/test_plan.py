"""Plans: which spans and entries a backup of some objects holds."""

from __future__ import annotations

import pytest

from ootheca.backup.opened import open_backup
from ootheca.backup.plan import index_spans
from ootheca.catalog.catalog import Catalog
from ootheca.codec.keys import prefix
from ootheca.errors import OothecaError
from ootheca.profile import profile
from tests.support.backups import make_bank, plan_full
from tests.support.golden import GoldenSet


def shapes() -> Catalog:
    return open_backup("nodelocal://1/full", external_io_dir=GoldenSet("20.2", "a_full").extern).catalog


def test_nothing_is_no_backup() -> None:
    bank = make_bank()
    with pytest.raises(OothecaError, match="no descriptors available to backup at selected time"):
        plan_full(bank.catalog, [], facts=bank.profile)
    with pytest.raises(OothecaError, match="no descriptors available to backup at selected time"):
        plan_full(bank.catalog, [9999], facts=bank.profile)


def test_a_gap_between_index_ids_parts_the_spans() -> None:
    bank = make_bank("21.2")
    desc = bank.catalog.change_table(bank.table("accounts").id)
    desc.indexes[1].id = 7
    table = bank.catalog.describe(desc.id)
    assert index_spans(table, merges=True) == [
        (prefix(table.id, 1), prefix(table.id, 3)),
        (prefix(table.id, 7), prefix(table.id, 8)),
    ]
    assert len(index_spans(table, merges=False)) == 3
    plan = plan_full(bank.catalog, [table.id], facts=profile("21.2"))
    assert [[index.id for index in export.indexes] for export in plan.exports] == [[1, 2], [7]]


def test_interleaved_indexes_are_exported_with_their_root() -> None:
    catalog = shapes()
    ids = [
        catalog.resolve_table(("shapes", name), "").id
        for name in ("inter_parent", "inter_child", "inter_grandchild")
    ]
    plan = plan_full(catalog, ids, facts=profile("20.2"))
    assert plan.spans == ((prefix(ids[0], 1), prefix(ids[0], 2)),)
    (export,) = plan.exports
    assert export.table is not None
    assert export.table.id == ids[0]
    assert [table.id for _, table, _ in export.interleaved] == ids[1:]


def test_interleaved_tables_are_taken_together_or_not_at_all() -> None:
    catalog = shapes()
    parent, child, grandchild = (
        catalog.resolve_table(("shapes", name), "").id
        for name in ("inter_parent", "inter_child", "inter_grandchild")
    )

    def refusal(*ids: int) -> str:
        with pytest.raises(OothecaError) as caught:
            plan_full(catalog, ids, facts=profile("20.2"))
        return caught.value.message

    assert (
        refusal(child, grandchild)
        == f'cannot backup table "inter_child" without interleave parent (ID {parent})'
    )
    assert refusal(parent, child) == (
        f'cannot backup table "inter_child" without interleave child table (ID {grandchild})'
    )
    assert (
        refusal(parent) == f'cannot backup table "inter_parent" without interleave child table (ID {child})'
    )
