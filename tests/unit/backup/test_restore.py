"""Running a restore: objects and rows in the cluster, and nothing of either after an error."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest

from ootheca import pb
from ootheca.backup.chain import Chain, open_chain
from ootheca.backup.opened import open_backup
from ootheca.backup.progress import Progress
from ootheca.backup.read import ChainReader
from ootheca.backup.restore import run_restore
from ootheca.backup.restore_plan import RestoreOptions, RestoreTargets, plan_restore
from ootheca.backup.sealed import SealedStorage
from ootheca.catalog.bootstrap import bootstrap
from ootheca.catalog.build import add_database, add_enum
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.rules import descriptor_rules
from ootheca.clock import Timestamp
from ootheca.codec.keys import prefix
from ootheca.datum import wire_column
from ootheca.engine.base import TableName
from ootheca.errors import CorruptionError, OothecaError
from ootheca.profile import profile
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import INT, NOW, Restored, add_table, drain, make_bank, take_backup, write_layer
from tests.support.golden import VERSIONS, GoldenSet
from tests.support.memory_engine import MemoryEngine


def chain_of(version: str) -> Chain:
    return open_backup("nodelocal://1/full", external_io_dir=GoldenSet(version, "a_full").extern).chain


def restore_into(
    chain: Chain,
    cluster: Catalog,
    targets: RestoreTargets,
    *,
    version: str = "21.2",
    progress: Progress | None = None,
    **options: object,
) -> Restored:
    engine, backup = MemoryEngine(), Catalog(chain.last.manifest.descriptors)
    plan = plan_restore(backup, cluster, targets, RestoreOptions(**options), NOW)  # type: ignore[arg-type]
    summary = run_restore(
        plan,
        ChainReader(chain),
        backup,
        cluster,
        engine,
        facts=profile(version),
        progress=progress,
    )
    cluster.commit(NOW)
    return Restored(engine, cluster, (summary.rows, summary.index_entries, summary.data_size))


def new_cluster(version: str) -> Catalog:
    cluster = bootstrap(profile(version))
    cluster.commit(NOW)
    return cluster


def texts(rows: pa.Table, cluster: Catalog, name: TableName) -> list[tuple[str | None, ...]]:
    desc = cluster.resolve_table((name.database, name.schema, name.name), "")
    types = {column.name: column.type for column in cluster.describe(desc.id).columns}
    columns = [wire_column(rows[name].combine_chunks(), types[name]) for name in rows.schema.names]
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize("cluster_version", VERSIONS)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_servers_backup_comes_back_whole(version: str, cluster_version: str) -> None:
    chain = chain_of(version)
    fractions: list[float] = []
    entries = chain.last.manifest.entry_counts
    progress = Progress(entries.rows + entries.index_entries)
    progress.check = lambda: fractions.append(progress.fraction)
    targets = RestoreTargets(tuple(chain.last.manifest.complete_dbs))
    restored = restore_into(
        chain, new_cluster(cluster_version), targets, version=cluster_version, progress=progress
    )
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] > 0.9
    counts = chain.last.manifest.entry_counts
    assert restored.counts[:2] == (counts.rows, counts.index_entries)
    original = open_backup("nodelocal://1/full", external_io_dir=GoldenSet(version, "a_full").extern)
    compared = 0
    for name, rows in restored.engine.tables.items():
        table = original.table(f"{name.database}.{name.schema}.{name.name}").to_arrow()
        # As text, for a NaN equals no other.
        assert texts(rows, restored.catalog, name) == texts(table, restored.catalog, name)
        compared += 1
    assert compared == len(original.tables) - 3
    assert {name.name: value for name, value in restored.engine.sequences.items()} == {
        "seq_a": 4, "seq_b": 100, "seq": 0,
    }  # fmt: skip
    assert sorted(name.name for name in restored.engine.views) == ["v", "v_children", "v_named"]
    assert set(restored.engine.schemas) == {("kinds", "public"), ("shapes", "public"), ("shapes", "sch")}


@pytest.mark.parametrize("version", VERSIONS)
def test_restored_tables_restore_again(version: str) -> None:
    """What came back is backed up under new ids, and comes back the same."""
    bank, first = make_bank(version), MemoryStorage()
    take_backup(bank, first)
    chain = open_chain(SealedStorage(first))
    cluster = new_cluster(version)
    add_database(cluster, "other", profile(version), descriptor_rules(profile(version)))  # so that ids differ
    cluster.commit(NOW)
    restored = restore_into(chain, cluster, RestoreTargets((bank.database_id,)), version=version)
    database = cluster.resolve_database("bank")
    assert database.id != bank.database_id
    from tests.support.backups import Bank

    second = MemoryStorage()
    take_backup(Bank(cluster, restored.engine, bank.profile, database.id), second)
    again = restore_into(
        open_chain(SealedStorage(second)),
        new_cluster(version),
        RestoreTargets((database.id,)),
        version=version,
    )
    for name, rows in bank.engine.tables.items():
        assert again.engine.tables[name].equals(rows.sort_by("id"))
    old_values = sorted(value[4:] for _, _, value in drain(chain))  # without checksums, which cover the key
    assert sorted(value[4:] for _, _, value in drain(open_chain(SealedStorage(second)))) == old_values


def test_every_reference_among_restored_objects_holds() -> None:
    for version in VERSIONS:
        chain = chain_of(version)
        targets = RestoreTargets(tuple(chain.last.manifest.complete_dbs))
        cluster = restore_into(chain, new_cluster(version), targets, version=version).catalog
        for member in cluster:
            if isinstance(member, pb.TableDescriptor):
                referred = [
                    member.parent_id, *member.dependsOn, *(ref.id for ref in member.dependedOnBy),
                    *(fk.referenced_table_id for fk in member.outbound_fks),
                    *(fk.origin_table_id for fk in member.inbound_fks),
                    *(id_ for column in member.columns for id_ in column.uses_sequence_ids),
                ]  # fmt: skip
                assert all(cluster.get(id_) is not None for id_ in referred), member.name
                cluster.describe(member.id)  # resolves its types
            elif isinstance(member, pb.TypeDescriptor):
                assert all(cluster.get(id_) is not None for id_ in member.referencing_descriptor_ids)


def test_values_without_a_native_form_make_their_column_text() -> None:
    chain = chain_of("21.2")
    cluster = new_cluster("21.2")
    facts = profile("21.2")
    add_database(cluster, "kinds", facts, descriptor_rules(facts))
    cluster.commit(NOW)
    backup = Catalog(chain.last.manifest.descriptors)
    table_id = backup.resolve_table(("kinds", "decs"), "").id
    restored = restore_into(chain, cluster, RestoreTargets((), (table_id,)))
    name = TableName("kinds", "public", "decs")
    assert restored.counts[0] == restored.engine.tables[name].num_rows == 15, (
        "rows of a second attempt count once"
    )
    as_text = restored.engine.representation(
        name, cluster.describe(cluster.resolve_table(("kinds", "decs"), "").id)
    )
    assert as_text, "the table holds a NaN in a column of fixed precision"


def test_a_table_alone_makes_its_schema() -> None:
    chain, cluster, facts = chain_of("21.2"), new_cluster("21.2"), profile("21.2")
    target = add_database(cluster, "shapes", facts, descriptor_rules(facts))
    cluster.commit(NOW)
    table_id = Catalog(chain.last.manifest.descriptors).resolve_table(("shapes", "sch", "t"), "").id
    restored = restore_into(chain, cluster, RestoreTargets((), (table_id,)))
    schema = cluster.find_schema(target.id, "sch")
    assert schema is not None
    assert cluster.database(target.id).schemas["sch"].id == schema.id
    assert cluster.resolve_table(("shapes", "sch", "t"), "").unexposed_parent_schema_id == schema.id
    assert ("shapes", "sch") in restored.engine.schemas


def test_a_type_that_was_there_is_told_of_its_new_user() -> None:
    chain, cluster, facts = chain_of("21.2"), new_cluster("21.2"), profile("21.2")
    rules = descriptor_rules(facts)
    target = add_database(cluster, "kinds", facts, rules)
    public = cluster.find_schema(target.id, "public")
    assert public is not None
    backup = Catalog(chain.last.manifest.descriptors)
    mood = backup.find_relation(("kinds", "mood"), "")
    assert isinstance(mood, pb.TypeDescriptor)
    there = add_enum(cluster, public, "mood", [m.logical_representation for m in mood.enum_members], rules)
    for ours, theirs in zip(cluster.type(there.id).enum_members, mood.enum_members, strict=True):
        ours.physical_representation = theirs.physical_representation
    cluster.commit(NOW)
    table_id = backup.resolve_table(("kinds", "enum_keys"), "").id
    restore_into(chain, cluster, RestoreTargets((), (table_id,)))
    made = cluster.resolve_table(("kinds", "enum_keys"), "")
    assert list(cluster.type(there.id).referencing_descriptor_ids) == [made.id]


def test_layers_that_do_not_join_stop_the_restore_before_it_begins() -> None:
    catalog, database, tables = _small_catalog()
    span = (prefix(tables[0], 1), prefix(tables[0], 2))
    descriptors = _wrapped(catalog, database, tables)
    first, last = MemoryStorage(), MemoryStorage()
    write_layer(first, end=Timestamp(10), spans=[span], descriptors=descriptors, complete_dbs=[database])
    write_layer(
        last,
        start=Timestamp(20),
        end=Timestamp(30),
        spans=[span],
        descriptors=descriptors,
        complete_dbs=[database],
    )
    chain = open_chain(SealedStorage(first), [SealedStorage(last)])
    engine = MemoryEngine()
    backup, cluster = Catalog(descriptors), new_cluster("20.2")
    plan = plan_restore(backup, cluster, RestoreTargets((database,)), RestoreOptions(), NOW)
    with pytest.raises(OothecaError, match="making import requests for 2 backups: no backup covers time"):
        run_restore(plan, ChainReader(chain), backup, cluster, engine, facts=profile("20.2"))
    assert not engine.tables
    assert not engine.schemas


def test_damage_in_a_secondary_index_stops_the_restore() -> None:
    """Rows come from the primary index alone; the other files are read all the same."""
    bank, storage = make_bank("20.2"), MemoryStorage()
    take_backup(bank, storage)
    chain = open_chain(SealedStorage(storage))
    secondary = next(
        file for file in chain.full.manifest.files if file.span.key == prefix(bank.table("accounts").id, 2)
    )
    broken = bytearray(storage.read(secondary.path))
    broken[100] ^= 1
    storage.write(secondary.path, bytes(broken))
    with pytest.raises(CorruptionError, match=f"checksum mismatch for {secondary.path}"):
        restore_into(chain, new_cluster("20.2"), RestoreTargets((bank.database_id,)), version="20.2")


def _small_catalog() -> tuple[Catalog, int, Sequence[int]]:
    facts = profile("20.2")
    catalog = bootstrap(facts)
    database = add_database(catalog, "d", facts, descriptor_rules(facts))
    table = add_table(catalog, database.id, "t", [("id", INT)])
    catalog.commit(NOW)
    return catalog, database.id, [table.id]


def _wrapped(catalog: Catalog, database: int, tables: Sequence[int]) -> list[pb.Descriptor]:
    return [
        pb.Descriptor(database=catalog.database(database)),
        *(pb.Descriptor(table=catalog.table(i)) for i in tables),
    ]
