"""New ids in every place of a descriptor that names another, and references out of the restore removed."""

from __future__ import annotations

import pytest

from ootheca import pb
from ootheca.backup.rewrite_ids import (
    Rewrites,
    referenced_type_ids,
    rewrite_database,
    rewrite_schema,
    rewrite_table,
    rewrite_type,
)
from ootheca.clock import Timestamp

TIME = Timestamp(1_700_000_000_000_000_000, 3)


def rewrites(*known: int, **kwargs: object) -> Rewrites:
    """Known ids get 1000 more; 60 is their database."""
    return Rewrites({id_: id_ + 1000 for id_ in (60, *known)}, TIME, **kwargs)  # type: ignore[arg-type]


def table(**fields: object) -> pb.TableDescriptor:
    return pb.TableDescriptor(id=61, name="t", parent_id=60, version=7, **fields)  # type: ignore[arg-type]


def column(**fields: object) -> pb.ColumnDescriptor:
    return pb.ColumnDescriptor(id=1, name="a", **fields)  # type: ignore[arg-type]


def test_id_version_and_time_are_new() -> None:
    new = rewrite_table(table(), rewrites(61))
    assert (new.id, new.parent_id, new.version, new.name) == (1061, 1060, 1, "t")
    for time in (new.modification_time, new.create_as_of_time):
        assert (time.wall_time, time.logical) == (TIME.wall_ns, TIME.logical)


def test_the_backups_own_descriptor_is_not_changed() -> None:
    old = table(
        dependsOn=[70], columns=[column(uses_sequence_ids=[70], default_expr="nextval(70:::REGCLASS)")]
    )
    before = old.SerializeToString()
    rewrite_table(old, rewrites(61))
    assert old.SerializeToString() == before


@pytest.mark.parametrize("old_schema", [0, 29])
def test_the_virtual_public_schema_is_the_databases_own_or_stays_virtual(old_schema: int) -> None:
    old = table(unexposed_parent_schema_id=old_schema)
    assert rewrite_table(old, rewrites(61)).unexposed_parent_schema_id == 29
    real = rewrites(61, public_schemas={1060: 1061})
    assert rewrite_table(old, real).unexposed_parent_schema_id == 1061


def test_a_real_schema_gets_its_new_id() -> None:
    assert (
        rewrite_table(table(unexposed_parent_schema_id=65), rewrites(61, 65)).unexposed_parent_schema_id
        == 1065
    )
    mapped_to_virtual = Rewrites({60: 1060, 61: 1061, 65: 29}, TIME)
    assert (
        rewrite_table(table(unexposed_parent_schema_id=65), mapped_to_virtual).unexposed_parent_schema_id
        == 29
    )


def test_foreign_keys_are_rewritten_and_those_to_elsewhere_dropped() -> None:
    def fk(origin: int, referenced: int) -> pb.ForeignKeyConstraint:
        return pb.ForeignKeyConstraint(
            origin_table_id=origin, referenced_table_id=referenced, name=f"{origin}"
        )

    old = table(
        outbound_fks=[fk(61, 62), fk(61, 99), fk(61, 61)], inbound_fks=[fk(62, 61), fk(98, 61), fk(61, 61)]
    )
    new = rewrite_table(old, rewrites(61, 62))
    assert [(k.origin_table_id, k.referenced_table_id) for k in new.outbound_fks] == [
        (1061, 1062),
        (1061, 1061),
    ]
    assert [(k.origin_table_id, k.referenced_table_id) for k in new.inbound_fks] == [
        (1062, 1061),
        (1061, 1061),
    ]


def test_sequences_that_are_restored_are_named_by_their_new_ids() -> None:
    old = table(
        columns=[
            column(default_expr="nextval(62:::REGCLASS)", uses_sequence_ids=[62], owns_sequence_ids=[62, 99]),
            column(default_expr="nextval('d.public.s':::STRING)", uses_sequence_ids=[62]),
        ]
    )
    new = rewrite_table(old, rewrites(61, 62))
    assert new.columns[0].default_expr == "nextval(1062:::REGCLASS)"
    assert list(new.columns[0].uses_sequence_ids) == [1062]
    assert list(new.columns[0].owns_sequence_ids) == [1062]
    assert new.columns[1].default_expr == "nextval('d.public.s':::STRING)"


def test_a_default_that_needs_a_missing_sequence_is_dropped() -> None:
    old = table(columns=[column(default_expr="nextval(99) + nextval(62)", uses_sequence_ids=[99, 62])])
    (new,) = rewrite_table(old, rewrites(61, 62)).columns
    assert not new.HasField("default_expr")
    assert not new.uses_sequence_ids


def test_a_sequences_owner_is_rewritten_or_forgotten() -> None:
    owner = pb.SequenceOwner(owner_table_id=62, owner_column_id=2)
    old = table(sequence_opts=pb.SequenceOpts(sequence_owner=owner))
    kept = rewrite_table(old, rewrites(61, 62)).sequence_opts.sequence_owner
    assert (kept.owner_table_id, kept.owner_column_id) == (1062, 2)
    gone = rewrite_table(old, rewrites(61)).sequence_opts.sequence_owner
    assert (gone.owner_table_id, gone.owner_column_id) == (0, 0)


def test_user_types_are_rewritten_in_columns_and_expressions() -> None:
    mood = pb.T(family=pb.Family.EnumFamily, oid=100_073)
    mood.udt_metadata.array_type_oid = 100_074
    moods = pb.T(family=pb.Family.ArrayFamily, oid=100_074, array_contents=mood)
    old = table(
        columns=[
            column(type=mood, default_expr="x'80':::@100073", on_update_expr="'ok':::@100073"),
            column(type=moods, compute_expr="ARRAY[a]:::@100074"),
            column(type=pb.T(family=pb.Family.IntFamily, oid=20)),
        ],
        checks=[pb.CheckConstraint(expr="a > x'40':::@100073")],
        indexes=[pb.IndexDescriptor(id=2, predicate="a = x'80':::@100073")],
        unique_without_index_constraints=[
            pb.UniqueWithoutIndexConstraint(table_id=61, predicate="a != b:::@100073")
        ],
        dependsOnTypes=[73, 99],
    )
    new = rewrite_table(old, rewrites(61, 73, 74))
    first, second, third = new.columns
    assert first.type.oid == 101_073
    assert first.type.udt_metadata.array_type_oid == 101_074
    assert (first.default_expr, first.on_update_expr) == ("x'80':::@101073", "'ok':::@101073")
    assert (second.type.oid, second.type.array_contents.oid) == (101_074, 101_073)
    assert second.type.array_contents.udt_metadata.array_type_oid == 101_074
    assert second.compute_expr == "ARRAY[a]:::@101074"
    assert third.type.oid == 20
    assert new.checks[0].expr == "a > x'40':::@101073"
    assert new.indexes[0].predicate == "a = x'80':::@101073"
    assert new.unique_without_index_constraints[0].predicate == "a != b:::@101073"
    assert new.unique_without_index_constraints[0].table_id == 1061
    assert list(new.dependsOnTypes) == [1073]
    assert referenced_type_ids(old) == [73, 74, 99]


def test_an_enum_and_its_array_alias() -> None:
    old = pb.TypeDescriptor(
        id=73, parent_id=60, parent_schema_id=29, name="mood", array_type_id=74, version=3,
        referencing_descriptor_ids=[61, 99],
    )  # fmt: skip
    new = rewrite_type(old, rewrites(61, 73, 74, public_schemas={1060: 1066}))
    assert (new.id, new.parent_id, new.parent_schema_id, new.array_type_id) == (1073, 1060, 1066, 1074)
    assert list(new.referencing_descriptor_ids) == [1061]
    alias = pb.TypeDescriptor(id=74, parent_id=60, parent_schema_id=29, name="_mood")
    alias.alias.oid = 100_074
    alias.alias.array_contents.oid = 100_073
    new_alias = rewrite_type(alias, rewrites(73, 74))
    assert (new_alias.alias.oid, new_alias.alias.array_contents.oid) == (101_074, 101_073)
    assert new_alias.array_type_id == 0


def test_databases_list_the_schemas_that_come_with_them() -> None:
    old = pb.DatabaseDescriptor(id=60, name="d", version=4)
    old.schemas["public"].id = 65
    old.schemas["gone"].id = 99
    new = rewrite_database(old, rewrites(65, database_names={"d": "e"}))
    assert (new.id, new.name, new.version) == (1060, "e", 1)
    assert {name: info.id for name, info in new.schemas.items()} == {"public": 1065}
    schema = rewrite_schema(pb.SchemaDescriptor(id=65, parent_id=60, name="public"), rewrites(65))
    assert (schema.id, schema.parent_id) == (1065, 1060)


def test_views_and_what_they_depend_on() -> None:
    old = table(
        view_query="SELECT t.a FROM t.public.x AS t, t.sc.y WHERE t.a = 't.public.z' AND b = x'80':::@100073",
        dependsOn=[62, 99],
        dependedOnBy=[pb.TableReference(id=63, column_ids=[1]), pb.TableReference(id=99)],
    )
    new = rewrite_table(old, rewrites(61, 62, 63, 73, database_names={"t": "Of Old"}))
    assert list(new.dependsOn) == [1062]
    assert [(ref.id, list(ref.column_ids)) for ref in new.dependedOnBy] == [(1063, [1])]
    # `t.a` is a column of the alias t.
    assert new.view_query.startswith('SELECT t.a FROM "Of Old".public.x AS t, "Of Old".sc.y WHERE t.a = ')
    assert new.view_query.endswith("b = x'80':::@101073")


def test_a_quoted_database_is_renamed_in_defaults_too() -> None:
    old = table(
        columns=[column(default_expr="""nextval('"Old".public.s':::STRING)""", uses_sequence_ids=[62])]
    )
    new = rewrite_table(old, rewrites(61, 62, database_names={"Old": "new"}))
    assert new.columns[0].default_expr == "nextval('new.public.s':::STRING)"


def test_interleaving_is_rewritten_on_both_sides() -> None:
    index = pb.IndexDescriptor(id=1)
    index.interleave.ancestors.add(table_id=62, index_id=1, shared_prefix_len=1)
    index.interleaved_by.add(table=63, index=1)
    new = rewrite_table(table(primary_index=index), rewrites(61, 62, 63))
    assert new.primary_index.interleave.ancestors[0].table_id == 1062
    assert new.primary_index.interleaved_by[0].table == 1063


def test_unfinished_schema_changes_stay_behind() -> None:
    old = table(
        mutations=[pb.DescriptorMutation(mutation_id=1)],
        mutationJobs=[pb.MutationJob(mutation_id=1, job_id=5)],
        gc_mutations=[pb.GCDescriptorMutation(index_id=4)],
    )
    new = rewrite_table(old, rewrites(61))
    assert not any(len(field) for field in (new.mutations, new.mutationJobs, new.gc_mutations))
