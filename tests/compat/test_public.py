"""Backups that CockroachDB 1.0.7 to 21.1.6 wrote open, and restore with the tables and rows that they were made of."""

from __future__ import annotations

import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from ootheca import pb
from ootheca.backup.opened import open_backup
from ootheca.catalog.catalog import PUBLIC_SCHEMA_ID
from ootheca.catalog.table import describe
from ootheca.catalog.upgrade import catalog_of, upgrade, upgrade_type
from ootheca.codec.manifest import decode_manifest
from ootheca.errors import OothecaError
from tests.support.golden import GoldenSet, golden_sets
from tests.support.public import (
    EXPECTED,
    PublicSet,
    Row,
    described_sets,
    public_sets,
    rows_of,
    session_on,
    sql_tables,
)

SETS = pytest.mark.parametrize("public", public_sets())
DESCRIBED = pytest.mark.parametrize("public", described_sets())


def only(*names: str) -> pytest.MarkDecorator:
    """The named sets, by the ends of their names."""
    found = [param for param in public_sets() if param.values[0] is None or param.id.endswith(names)]
    assert found, names
    return pytest.mark.parametrize("public", found)


def visible_rows(public: PublicSet, name: str) -> Counter[Row]:
    """A table's rows as the opened backup has them, without hidden columns."""
    table = public.open().table(name)
    shown = [column.name for column in table.table.columns if not column.is_hidden]
    return Counter(tuple(row[name] for name in shown) for row in table.to_arrow().to_pylist())


# Opening


@SETS
def test_set_opens_with_the_recorded_tables_and_rows(public: PublicSet) -> None:
    backup = public.open()
    found = {name: backup.table(name).to_arrow().num_rows for name in backup.tables}
    assert backup.chain.full.manifest.build_info.tag == public.expected["version"]
    assert found == public.expected["tables"]


@pytest.mark.shared
def test_every_recorded_set_is_there() -> None:
    found = {param.id for param in public_sets()}
    if found == {"none"}:
        pytest.skip("no public backups here")
    assert found == set(EXPECTED)


@SETS
def test_decoded_rows_are_as_many_as_the_server_counted(public: PublicSet) -> None:
    manifest = public.open().chain.full.manifest
    counted = manifest.entry_counts.rows
    if manifest.mvcc_filter == pb.MVCCFilter.All:
        pytest.skip("versions of deleted rows are counted too")
    if not any(file.entry_counts.data_size for file in manifest.files):
        pytest.skip("no counts in the manifest")
    # 1.1 counted the rows of this table apart.
    decoded = sum(n for name, n in public.expected["tables"].items() if name != "system.public.descriptor")
    assert decoded == counted


@DESCRIBED
def test_opened_rows_are_those_of_the_sql(public: PublicSet) -> None:
    assert public.sql is not None
    names = tuple(name.split(".", 1)[1] for name in public.user_tables if not name.endswith(".rev_times"))
    with session_on(version="20.2") as session:
        rows_of(session, f"CREATE DATABASE made; {public.sql.replace('{db}', 'made')}")
        made = sql_tables(session, "made", names)
    assert {name: visible_rows(public, f"{public.database}.{name}") for name in names} == {
        name: rows for name, (rows, _) in made.items()
    }


# Restoring


@SETS
def test_every_database_restores_with_all_rows(public: PublicSet) -> None:
    backup = public.open()
    names = [database.name for database in backup.catalog.databases() if database.name != "system"]
    with session_on() as session:
        for name in names:
            sql = f"RESTORE DATABASE {name} FROM '{public.uri}' WITH new_db_name = 'r_{name}'"
            if public.expected["restores"] is not True:
                with pytest.raises(OothecaError) as caught:
                    rows_of(session, sql)
                assert caught.value.message == public.expected["restores"]
                continue
            rows_of(session, sql)
        if public.expected["restores"] is True:
            for table in public.user_tables:
                (row,) = rows_of(session, f"SELECT count(*) AS n FROM r_{table}")
                assert row["n"] == public.expected["tables"][table], table


@DESCRIBED
def test_restored_tables_are_those_of_the_sql(public: PublicSet) -> None:
    """Rows, and the CREATE statements with types, foreign keys, interleaving and no unfinished schema change."""
    assert public.sql is not None
    names = tuple(name.split(".", 1)[1] for name in public.user_tables if not name.endswith(".rev_times"))
    with session_on(version="20.2") as session:
        rows_of(session, f"CREATE DATABASE made; {public.sql.replace('{db}', 'made')}")
        rows_of(
            session, f"RESTORE DATABASE {public.database} FROM '{public.uri}' WITH new_db_name = 'restored'"
        )
        assert sql_tables(session, "restored", names) == sql_tables(session, "made", names)


@only("v1.0.7", "v1.1.9", "v2.0.7", "v19.1.4", "fk-revision-history", "after/20.2/middropcol", "after/20.1/midmany",
      "before/20.1/midprimarykeyswapcleanup", "public-schema-remap")  # fmt: skip
def test_restored_database_can_be_backed_up_again(public: PublicSet, tmp_path: Path) -> None:
    shutil.copytree(public.folder, tmp_path / "old")
    with session_on(tmp_path) as session:
        rows_of(
            session,
            f"RESTORE DATABASE {public.database} FROM 'nodelocal://1/old' WITH new_db_name = 'again';"
            "BACKUP DATABASE again TO 'nodelocal://1/new'",
        )
    new = open_backup("nodelocal://1/new", external_io_dir=tmp_path)
    for name in public.user_tables:
        again = new.table(f"again.{name.split('.', 1)[1]}").to_arrow()
        assert again.equals(public.open().table(name).to_arrow()), name
    for descriptor in new.chain.full.manifest.descriptors:
        for family in descriptor.table.families:
            assert set(family.column_ids) <= {column.id for column in descriptor.table.columns}
        assert not descriptor.table.mutations


@only("v20.1.7", "v20.1.16-privileges", "dropped-and-recreated-database", "after/20.2/midmultitable")
def test_cluster_backup_restores_as_a_whole(public: PublicSet) -> None:
    with session_on() as session:
        rows_of(session, f"RESTORE FROM '{public.uri}'")
        for table in public.user_tables:
            assert rows_of(session, f"SELECT count(*) AS n FROM {table}") == [
                {"n": public.expected["tables"][table]}
            ]


@SETS
def test_show_backup_lists_every_table_of_the_set(public: PublicSet) -> None:
    with session_on() as session:
        shown = rows_of(session, f"SHOW BACKUP SCHEMAS '{public.uri}'")
    tables = {
        ".".join((row["database_name"], row["parent_schema_name"], row["object_name"])): row[
            "create_statement"
        ]
        for row in shown
        if row["object_type"] == "table"
    }
    assert set(tables) == set(public.expected["tables"])
    assert all(created.startswith("CREATE TABLE ") for created in tables.values())


# Foreign keys


@only("v1.0.7-without-interleaved", "v1.1.9-without-interleaved", "v2.1.8-without-interleaved",
      "v19.1.4-without-interleaved")  # fmt: skip
def test_table_with_an_old_foreign_key_needs_the_other_table(public: PublicSet) -> None:
    with session_on() as session:
        rows_of(session, "CREATE DATABASE test")
        referenced = next(
            fk.referenced_table_id
            for table in public.open().catalog
            if isinstance(table, pb.TableDescriptor)
            for fk in table.outbound_fks
        )
        with pytest.raises(OothecaError) as caught:
            rows_of(session, f"RESTORE TABLE test.t4 FROM '{public.uri}'")
        assert caught.value.message == (
            f'cannot restore table "t4" without referenced table {referenced} (or "skip_missing_foreign_keys" option)'
        )
        rows_of(session, f"RESTORE TABLE test.t4 FROM '{public.uri}' WITH skip_missing_foreign_keys")
        (created,) = rows_of(session, "SHOW CREATE TABLE test.t4")
        assert "FOREIGN KEY" not in created["create_statement"]
        assert rows_of(session, "SELECT count(*) AS n FROM test.t4") == [{"n": 3}]


@only("v1.0.7-without-interleaved", "v19.1.4-without-interleaved", "fk-revision-history")
def test_restored_old_foreign_keys_are_enforced(public: PublicSet) -> None:
    statements = {
        "t4": "INSERT INTO r.t4 VALUES (9, 9, 9)",
        "child": "INSERT INTO r.child VALUES (9, 9, NULL)",
    }
    name = "child" if public.name.endswith("revision-history") else "t4"
    with session_on() as session:
        rows_of(session, f"RESTORE DATABASE test FROM '{public.uri}' WITH new_db_name = 'r'")
        with pytest.raises(OothecaError, match="violates foreign key constraint"):
            rows_of(session, statements[name])


# What single sets are about


@only("fk-revision-history")
def test_revision_history_reads_as_of_its_end(public: PublicSet) -> None:
    backup = public.open()
    at_end = open_backup(public.uri, external_io_dir=public.folder.parents[1], as_of=str(backup.until))
    rows = at_end.table("test.public.rev_times").to_arrow().to_pylist()
    assert [row["id"] for row in rows] == [1, 2, 3]
    times = [Decimal(row["logical_time"]) for row in rows]
    assert times == sorted(times)
    assert times[-1] < backup.until.wall_ns


@only("cluster/v20.1.7")
def test_system_tables_of_a_cluster_backup(public: PublicSet) -> None:
    backup = public.open()
    users = backup.table("system.public.users").to_arrow().column("username").to_pylist()
    assert "craig" in users
    locations = backup.table("system.public.locations").to_arrow().to_pylist()
    assert ("city", "nyc", 10, 10) in [
        (row["localityKey"], row["localityValue"], float(row["latitude"]), float(row["longitude"]))
        for row in locations
    ]
    comments = backup.table("system.public.comments").to_arrow()
    assert comments.num_rows == 2


@only("dropped-and-recreated-database")
def test_dropped_database_does_not_hide_the_one_of_its_name(public: PublicSet) -> None:
    backup = public.open()
    stored = [d.database.id for d in backup.chain.full.manifest.descriptors if d.database.name == "db1"]
    assert sorted(stored) == [52, 53]
    assert [database.id for database in backup.catalog.databases() if database.name == "db1"] == [53]


@only("v20.2.7-dropped-schema")
def test_schema_that_was_dropped_is_gone(public: PublicSet) -> None:
    with session_on() as session:
        rows_of(session, f"RESTORE DATABASE foo FROM '{public.uri}'")
        database = session.catalog.resolve_database("foo")
        assert [schema.name for schema in session.catalog.schemas(database.id)] == ["public"]
        rows_of(
            session,
            "CREATE SCHEMA foo.bar; CREATE TABLE foo.bar.t (a INT8); INSERT INTO foo.bar.t VALUES (1)",
        )


@only("cross-database-type")
def test_type_of_another_database_is_read(public: PublicSet) -> None:
    table = public.open().table("otherdb.public.tbl")
    enum = table.table.columns[0].type.enum
    assert enum is not None
    assert enum.labels == ("foo",)
    assert table.to_arrow().num_rows == 0


@only("v1.0.7", "v1.1.9", "v2.1.8", "v19.1.4", "v20.1.16-privileges")
def test_objects_of_old_versions_get_an_owner(public: PublicSet) -> None:
    for member in public.open().catalog:
        users = {user.user_proto for user in member.privileges.users}
        is_system = 1 in (member.id, getattr(member, "parent_id", 0))
        assert member.privileges.owner_proto == ("node" if is_system else "admin")
        assert is_system or {"admin", "root"} <= users


# Forms of which no backup is at hand


def int_column(id_: int, name: str) -> pb.ColumnDescriptor:
    return pb.ColumnDescriptor(id=id_, name=name, type=pb.T(family=pb.Family.IntFamily), nullable=True)


def old_table(id_: int, name: str, *columns: str, **fields: object) -> pb.TableDescriptor:
    """A table of 1.x whose first column is its key."""
    table = pb.TableDescriptor(id=id_, parent_id=50, name=name, version=1, format_version=3)
    table.columns.extend(int_column(n, column) for n, column in enumerate(columns, 1))
    table.primary_index.MergeFrom(
        pb.IndexDescriptor(id=1, name="primary", unique=True, column_names=columns[:1], column_ids=[1])
    )
    for field, value in fields.items():
        setattr(table, field, value)
    return table


def manifest_of(
    *members: pb.TableDescriptor | pb.SchemaDescriptor | pb.DatabaseDescriptor,
) -> pb.BackupManifest:
    manifest = pb.BackupManifest()
    manifest.descriptors.add().database.MergeFrom(pb.DatabaseDescriptor(id=50, name="d"))
    for member in members:
        descriptor = manifest.descriptors.add()
        match member:
            case pb.TableDescriptor():
                descriptor.table.CopyFrom(member)
            case pb.SchemaDescriptor():
                descriptor.schema.CopyFrom(member)
            case _:
                descriptor.database.CopyFrom(member)
    return manifest


def upgraded_table(table: pb.TableDescriptor, *others: pb.TableDescriptor) -> pb.TableDescriptor:
    return catalog_of(manifest_of(table, *others)).table(table.id)


@pytest.mark.parametrize(
    ("family", "fields", "expected"),
    [
        ("Int", {}, "INT8 64 20"),
        ("Int", {"visible_type": 3}, "INT8 64 20"),
        ("Int", {"visible_type": 1}, "INT4 32 23"),
        ("Int", {"visible_type": 2}, "INT2 16 21"),
        ("Int", {"width": 17, "visible_type": 4}, "INT8 64 20"),
        ("Int", {"width": 32}, "INT4 32 23"),
        ("Float", {}, "FLOAT8 64 701"),
        ("Float", {"visible_type": 5}, "FLOAT4 32 700"),
        ("Float", {"visible_type": 6}, "FLOAT8 64 701"),
        ("Float", {"precision": 24}, "FLOAT4 32 700"),
        ("Float", {"precision": 25}, "FLOAT8 64 701"),
        ("String", {}, "STRING 0 25"),
        ("String", {"visible_type": 7, "width": 20}, "VARCHAR(20) 20 1043"),
        ("String", {"visible_type": 8, "width": 3}, "CHAR(3) 3 1042"),
        ("String", {"visible_type": 9}, '"char" 0 18'),
        ("Name", {}, "NAME 0 19"),
        ("Bit", {"width": 5}, "BIT(5) 5 1560"),
        ("Bit", {"visible_type": 10}, "VARBIT 0 1562"),
        ("Decimal", {"width": 2, "precision": 10}, "DECIMAL(10,2) 2 1700"),
        ("Timestamp", {"precision": -1}, "TIMESTAMP 0 1114"),
        ("Time", {"precision": 3}, "TIME(3) 0 1083"),
        ("Bool", {}, "BOOL 0 16"),
        ("Json", {}, "JSONB 0 3802"),
        ("Uuid", {}, "UUID 0 2950"),
        ("Array", {"array_elem_type": 1}, "INT8[] 64 1016"),
        ("Array", {"array_elem_type": 7, "width": 4, "visible_type": 7}, "VARCHAR(4)[] 4 1015"),
        ("Array", {"array_elem_type": 0}, "BOOL[] 0 1000"),
    ],
)
def test_old_type_gets_width_and_oid(family: str, fields: dict[str, int], expected: str) -> None:
    table = old_table(51, "t", "k", "v")
    table.columns[1].type.CopyFrom(pb.T(family=f"{family}Family"))
    for field, value in fields.items():
        setattr(table.columns[1].type, field, value)
    column = describe(upgraded_table(table), {}).columns[1]
    assert f"{column.type.name} {column.type.width} {column.type.oid}" == expected


def test_new_type_stays_as_it_is() -> None:
    t = pb.T(family=pb.Family.TimestampFamily, oid=1114, precision=0, time_precision_is_set=True)
    before = t.SerializeToString()
    upgrade_type(t)
    assert t.SerializeToString() == before


def test_table_from_before_families_gets_one_for_each_column() -> None:
    table = upgraded_table(old_table(51, "t", "k", "a", "b", format_version=1))
    assert [(f.id, f.name, list(f.column_ids), f.default_column_id) for f in table.families] == [
        (0, "primary", [1], 0),
        (2, "fam_2_a", [2], 2),
        (3, "fam_3_b", [3], 3),
    ]
    assert (table.next_family_id, table.format_version) == (4, 2)


def test_stored_columns_of_1_x_leave_the_suffix() -> None:
    table = old_table(51, "t", "k", "a", "b")
    table.indexes.add(
        id=2, name="i", column_names=["a"], column_ids=[2], store_column_names=["b"], extra_column_ids=[1, 3]
    )
    (index,) = upgraded_table(table).indexes
    assert (list(index.extra_column_ids), list(index.store_column_ids)) == ([1], [3])
    assert list(index.column_directions) == [pb.IndexDescriptor.ASC]


def test_foreign_key_of_an_index_becomes_a_constraint_of_both_tables() -> None:
    child, parent = old_table(52, "child", "k", "a"), old_table(51, "parent", "k")
    child.indexes.add(id=2, name="i", column_names=["a", "k"], column_ids=[2, 1])
    child.indexes[0].foreign_key.MergeFrom(
        pb.ForeignKeyReference(table=51, index=1, name="fk", on_delete=pb.ForeignKeyAction.CASCADE)
    )
    parent.primary_index.referenced_by.add(table=52, index=2)
    catalog = catalog_of(manifest_of(child, parent))
    (outbound,), (inbound,) = catalog.table(52).outbound_fks, catalog.table(51).inbound_fks
    assert outbound == inbound
    assert (outbound.origin_table_id, list(outbound.origin_column_ids)) == (52, [2])
    assert (outbound.referenced_table_id, list(outbound.referenced_column_ids)) == (51, [1])
    assert (outbound.name, outbound.on_delete) == ("fk", pb.ForeignKeyAction.CASCADE)
    assert not catalog.table(52).indexes[0].foreign_key.table
    assert not catalog.table(51).primary_index.referenced_by


def test_foreign_key_without_its_other_table_keeps_the_id() -> None:
    child = old_table(52, "child", "k")
    child.primary_index.foreign_key.MergeFrom(pb.ForeignKeyReference(table=51, index=1, name="fk"))
    (fk,) = upgraded_table(child).outbound_fks
    assert (fk.referenced_table_id, list(fk.origin_column_ids), list(fk.referenced_column_ids)) == (
        51,
        [1],
        [],
    )


def test_interleaving_of_1_0_without_counts_takes_those_of_the_parent() -> None:
    parent, child = old_table(51, "parent", "k"), old_table(52, "child", "k", "a")
    child.primary_index.column_ids.append(2)
    child.primary_index.column_names.append("a")
    child.primary_index.interleave.ancestors.add(table_id=51, index_id=1)
    table = catalog_of(manifest_of(parent, child)).describe(52)
    assert table.primary_index.ancestors == ((51, 1, 1),)


def test_check_of_2_1_gets_the_columns_that_it_names() -> None:
    table = old_table(51, "t", "k", "a", "B c", "d")
    table.checks.add(name="c", expr="""A > 0 AND "B c" != 'd'""")
    assert list(upgraded_table(table).checks[0].column_ids) == [2, 3]


def test_what_statements_do_not_see_is_left_out() -> None:
    gone = old_table(51, "gone", "k", state=pb.DescriptorState.DROP)
    importing = old_table(52, "importing", "k", state=pb.DescriptorState.OFFLINE)
    adding = old_table(53, "adding", "k", state=pb.DescriptorState.ADD)
    temporary = old_table(54, "temporary", "k", temporary=True)
    session = pb.SchemaDescriptor(id=60, parent_id=50, name="pg_temp_1637696870_1")
    inside = old_table(55, "inside", "k", unexposed_parent_schema_id=60)
    dropped = pb.DatabaseDescriptor(id=70, name="e", state=pb.DescriptorState.DROP)
    orphan = old_table(56, "orphan", "k", parent_id=70)
    seen = old_table(57, "seen", "k")
    manifest = manifest_of(gone, importing, adding, temporary, session, inside, dropped, orphan, seen)
    assert [member.name for member in catalog_of(manifest)] == ["d", "seen"]


def test_unfinished_schema_change_shows_no_column_family_or_constraint() -> None:
    table = old_table(51, "t", "k", "a")
    table.families.add(id=0, name="primary", column_names=["k", "a", "new"], column_ids=[1, 2, 3])
    table.families.add(id=1, name="own", column_names=["newer"], column_ids=[4], default_column_id=4)
    for id_, name in ((3, "new"), (4, "newer")):
        table.mutations.add(state=2, direction=1).column.CopyFrom(int_column(id_, name))
    table.checks.add(name="old", expr="a > 0")
    table.checks.add(name="not yet", expr="a > 1", validity=pb.ConstraintValidity.Validating)
    seen = upgraded_table(table)
    assert [(list(f.column_names), list(f.column_ids)) for f in seen.families] == [(["k", "a"], [1, 2])]
    assert [check.name for check in seen.checks] == ["old"]


@pytest.mark.parametrize("golden", golden_sets("a_full", "d_chain", "e_revision", "l_geo"))
def test_descriptors_in_todays_form_keep_their_bytes(golden: GoldenSet) -> None:
    compared = 0
    for path in golden.extern.rglob("BACKUP_MANIFEST"):
        descriptors = decode_manifest(path.read_bytes(), location=str(path)).descriptors
        before = [descriptor.SerializeToString(deterministic=True) for descriptor in descriptors]
        assert [new.SerializeToString(deterministic=True) for new in upgrade(descriptors)] == before
        compared += len(before)
    assert compared


def test_upgrade_leaves_the_manifest_as_it_is_and_fills_in_what_is_missing() -> None:
    manifest = manifest_of(old_table(51, "t", "k"))
    before = manifest.SerializeToString(deterministic=True)
    database, table = upgrade(manifest.descriptors)
    assert manifest.SerializeToString(deterministic=True) == before
    assert (database.database.version, database.database.modification_time.wall_time) == (1, 1)
    assert table.table.unexposed_parent_schema_id == PUBLIC_SCHEMA_ID
    assert table.table.modification_time.wall_time == 1
    assert table.table.privileges.owner_proto == "admin"
