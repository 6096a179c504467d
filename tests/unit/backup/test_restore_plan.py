"""What a restore makes of a backup's objects, and every refusal in CockroachDB's words."""

from __future__ import annotations

import pytest

from ootheca import pb
from ootheca.backup.opened import open_backup
from ootheca.backup.restore_plan import RestoreOptions, RestorePlan, RestoreTargets, plan_restore
from ootheca.catalog.bootstrap import bootstrap
from ootheca.catalog.build import add_database, add_enum, add_schema
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.rules import descriptor_rules
from ootheca.errors import OothecaError
from ootheca.profile import profile
from tests.support.backups import INT, NOW, add_table
from tests.support.golden import VERSIONS, GoldenSet


class Place:
    """The golden backup of one version, and a cluster of another to restore it into."""

    def __init__(self, version: str, cluster_version: str) -> None:
        self.backup = open_backup(
            "nodelocal://1/full", external_io_dir=GoldenSet(version, "a_full").extern
        ).catalog
        self.facts = profile(cluster_version)
        self.rules = descriptor_rules(self.facts)
        self.cluster = bootstrap(self.facts)
        self.cluster.commit(NOW)

    def id(self, *parts: str) -> int:
        found = self.backup.find_relation(parts, "")
        assert found is not None, parts
        return found.id

    def database(self, name: str) -> int:
        return self.backup.resolve_database(name).id

    def add_database(self, name: str) -> pb.DatabaseDescriptor:
        made = add_database(self.cluster, name, self.facts, self.rules)
        self.cluster.commit(NOW)
        return made

    def plan(
        self, *tables: tuple[str, ...], databases: tuple[str, ...] = (), **options: object
    ) -> RestorePlan:
        targets = RestoreTargets(
            tuple(self.database(name) for name in databases), tuple(self.id(*parts) for parts in tables)
        )
        return plan_restore(self.backup, self.cluster, targets, RestoreOptions(**options), NOW)  # type: ignore[arg-type]

    def refusal(
        self, *tables: tuple[str, ...], databases: tuple[str, ...] = (), **options: object
    ) -> OothecaError:
        next_id = self.cluster.next_id
        with pytest.raises(OothecaError) as caught:
            self.plan(*tables, databases=databases, **options)
        assert not self.cluster._staged, "a refused plan changed the catalog"
        assert self.cluster.next_id >= next_id
        return caught.value


@pytest.fixture(params=VERSIONS)
def place(request: pytest.FixtureRequest) -> Place:
    return Place(request.param, request.param)


def names(members: tuple[object, ...]) -> list[str]:
    return [member.name for member in members]  # type: ignore[attr-defined]


def test_whole_databases(place: Place) -> None:
    plan = place.plan(databases=("kinds", "shapes"))
    assert names(plan.databases) == ["kinds", "shapes"]
    assert names(plan.types) == ["mood", "_mood", "color", "_color"]
    assert set(names(plan.schemas)) == ({"sch"} if place.facts.version == "20.2" else {"public", "sch"})
    assert len(plan.tables) == sum(
        len(place.backup.tables(place.database(name))) for name in ("kinds", "shapes")
    )
    made = {m.id for m in (*plan.databases, *plan.schemas, *plan.types, *plan.tables)}
    assert set(plan.rewrites.ids) >= made
    assert len(set(plan.rewrites.ids.values())) == len(plan.rewrites.ids)
    assert min(plan.rewrites.ids.values()) >= place.facts.first_user_id


def test_sequences_come_first_and_views_after_what_they_read(place: Place) -> None:
    order = names(place.plan(databases=("shapes",)).tables)
    assert order.index("seq_a") < order.index("serials")
    assert order.index("v_children") > max(order.index("children"), order.index("parents"))
    assert order.index("mv") > order.index("children")


def test_a_database_under_a_new_name(place: Place) -> None:
    plan = place.plan(databases=("shapes",), new_db_name="forms")
    assert plan.rewrites.database_names == {"shapes": "forms"}
    assert (
        place.refusal(databases=("shapes",), new_db_name="defaultdb").message
        == 'database "defaultdb" already exists'
    )


def test_a_database_that_is_there(place: Place) -> None:
    place.add_database("shapes")
    error = place.refusal(databases=("shapes",))
    assert (error.message, error.sqlstate) == ('database "shapes" already exists', "XXUUU")


@pytest.mark.parametrize(
    ("databases", "options", "message"),
    [
        (("kinds",), {"into_db": "x"}, 'cannot use "into_db" option when restoring database(s)'),
        (
            ("kinds", "shapes"),
            {"new_db_name": "x"},
            "new_db_name can only be used for RESTORE DATABASE with a single target database",
        ),
        (
            (),
            {"new_db_name": "x"},
            "new_db_name can only be used for RESTORE DATABASE with a single target database",
        ),
    ],
)
def test_options_that_do_not_fit_the_targets(
    place: Place, databases: tuple[str, ...], options: dict[str, str], message: str
) -> None:
    assert place.refusal(databases=databases, **options).message == message


def test_a_tables_database_must_be_there(place: Place) -> None:
    error = place.refusal(("shapes", "no_pk"))
    assert error.message.startswith('a database named "shapes" needs to exist')
    error = place.refusal(("shapes", "no_pk"), into_db="nope")
    assert error.message.startswith('a database named "nope" needs to exist')


def test_a_table_goes_into_another_database(place: Place) -> None:
    target = place.add_database("elsewhere")
    plan = place.plan(("shapes", "no_pk"), into_db="elsewhere")
    assert names(plan.tables) == ["no_pk"]
    assert not plan.databases
    assert plan.rewrites.ids[place.database("shapes")] == target.id
    assert plan.rewrites.database_names == {"shapes": "elsewhere"}
    public = place.cluster.find_schema(target.id, "public")
    assert public is not None
    assert plan.rewrites.public_schemas == {target.id: public.id}


def test_a_name_that_is_taken(place: Place) -> None:
    target = place.add_database("shapes")
    add_table(place.cluster, target.id, "no_pk", [("id", INT)])
    place.cluster.commit(NOW)
    error = place.refusal(("shapes", "no_pk"))
    assert (error.message, error.sqlstate) == ('relation "no_pk" already exists', "42P07")


def test_references_to_tables_outside(place: Place) -> None:
    place.add_database("shapes")
    parents, children = place.id("shapes", "parents"), place.id("shapes", "children")
    assert place.refusal(("shapes", "children")).message == (
        f'cannot restore table "children" without referenced table {parents} (or "skip_missing_foreign_keys" option)'
    )
    plan = place.plan(("shapes", "children"), skip_missing_foreign_keys=True)
    assert names(plan.tables) == ["children"]
    assert set(names(place.plan(("shapes", "children"), ("shapes", "parents")).tables)) == {
        "children",
        "parents",
    }
    assert children not in place.plan(("shapes", "parents")).rewrites.ids, "being referenced asks for nothing"


def test_sequences_outside(place: Place) -> None:
    place.add_database("shapes")
    sequence = place.id("shapes", "seq_a")
    assert place.refusal(("shapes", "serials")).message == (
        f'cannot restore table "serials" without referenced sequence {sequence} (or "skip_missing_sequences" option)'
    )
    assert names(place.plan(("shapes", "serials"), skip_missing_sequences=True).tables) == ["serials"]
    assert names(place.plan(("shapes", "serials"), ("shapes", "seq_a")).tables) == ["seq_a", "serials"]


def test_owners_of_sequences_outside(place: Place) -> None:
    place.add_database("shapes")
    table, sequence = place.id("shapes", "no_pk"), place.id("shapes", "seq_b")
    owned = place.backup.change_table(table)
    owned.columns[0].owns_sequence_ids.append(sequence)
    owner = place.backup.change_table(sequence).sequence_opts.sequence_owner
    owner.owner_table_id, owner.owner_column_id = table, 1
    assert place.refusal(("shapes", "no_pk")).message == (
        f'cannot restore table "no_pk" without referenced sequence {sequence} '
        '(or "skip_missing_sequence_owners" option)'
    )
    assert place.refusal(("shapes", "seq_b")).message == (
        f'cannot restore sequence "seq_b" without referenced owner table {table} '
        '(or "skip_missing_sequence_owners" option)'
    )
    for name in ("no_pk", "seq_b"):
        assert names(place.plan(("shapes", name), skip_missing_sequence_owners=True).tables) == [name]
    assert names(place.plan(("shapes", "seq_b"), ("shapes", "no_pk")).tables) == ["seq_b", "no_pk"]


def test_views_whose_tables_are_outside(place: Place) -> None:
    place.add_database("shapes")
    assert place.refusal(("shapes", "v_named")).message == (
        'cannot restore view "v_named" without restoring referenced table (or "skip_missing_views" option)'
    )
    assert names(place.plan(("shapes", "v_named"), skip_missing_views=True).tables) == []
    kept = place.plan(("shapes", "v_named"), ("shapes", "no_pk"), skip_missing_views=True)
    assert names(kept.tables) == ["no_pk"]


def test_a_view_of_a_view_goes_with_it(place: Place) -> None:
    place.add_database("shapes")
    view = place.backup.change_table(place.id("shapes", "v_children"))
    view.dependsOn[:] = [place.id("shapes", "v_named")]
    plan = place.plan(
        ("shapes", "v_named"), ("shapes", "v_children"), ("shapes", "no_pk"), skip_missing_views=True
    )
    assert names(plan.tables) == ["no_pk"]


def test_interleaved_tables_outside() -> None:
    place = Place("20.2", "20.2")
    place.add_database("shapes")
    parent, child = place.id("shapes", "inter_parent"), place.id("shapes", "inter_child")
    assert place.refusal(("shapes", "inter_child")).message == (
        f'cannot restore table "inter_child" without interleave parent {parent}'
    )
    assert place.refusal(("shapes", "inter_parent")).message == (
        f'cannot restore table "inter_parent" without interleave child table {child}'
    )


def test_types_come_with_the_tables_that_use_them(place: Place) -> None:
    place.add_database("kinds")
    plan = place.plan(("kinds", "enums"))
    assert names(plan.types) == ["mood", "_mood"]
    del place.backup._committed[place.id("kinds", "mood")]
    type_id = plan.types[0].id
    assert (
        place.refusal(("kinds", "enums")).message
        == f'cannot restore table "enums" without referenced type {type_id}'
    )


def test_a_type_that_only_an_expression_names_comes_too(place: Place) -> None:
    place.add_database("kinds")
    mood = place.id("kinds", "mood")
    place.backup.change_table(place.id("kinds", "ints")).checks.add(
        expr=f"x'80':::@{100_000 + mood} IS NOT NULL"
    )
    assert names(place.plan(("kinds", "ints")).types) == ["mood", "_mood"]


def test_a_type_that_is_there_and_fits_is_used(place: Place) -> None:
    target = place.add_database("kinds")
    public = place.cluster.find_schema(target.id, "public")
    assert public is not None
    theirs = place.backup.type(place.id("kinds", "mood"))
    labels = [member.logical_representation for member in theirs.enum_members]
    made = add_enum(place.cluster, public, "mood", labels, place.rules)
    copy = place.cluster.type(made.id)
    for ours, original in zip(copy.enum_members, theirs.enum_members, strict=True):
        ours.physical_representation = original.physical_representation
    place.cluster.commit(NOW)
    plan = place.plan(("kinds", "enums"))
    assert not plan.types
    assert plan.rewrites.ids[theirs.id] == made.id
    assert plan.rewrites.ids[theirs.array_type_id] == copy.array_type_id


def test_a_type_that_is_there_and_differs(place: Place) -> None:
    target = place.add_database("kinds")
    public = place.cluster.find_schema(target.id, "public")
    assert public is not None
    add_enum(place.cluster, public, "mood", ["other"], place.rules)
    place.cluster.commit(NOW)
    error = place.refusal(("kinds", "enums"))
    assert error.message.startswith('"mood" is not compatible with type "mood" existing in cluster')
    assert error.sqlstate == "XXUUU"


def test_a_type_whose_name_a_table_has(place: Place) -> None:
    target = place.add_database("kinds")
    add_table(place.cluster, target.id, "mood", [("id", INT)])
    place.cluster.commit(NOW)
    assert place.refusal(("kinds", "enums")).message == 'relation "mood" already exists'


def test_a_schema_is_made_or_the_one_there_is_used(place: Place) -> None:
    target = place.add_database("shapes")
    assert names(place.plan(("shapes", "sch", "t")).schemas) == ["sch"]
    schema = add_schema(place.cluster, target.id, "sch", place.rules)
    place.cluster.commit(NOW)
    plan = place.plan(("shapes", "sch", "t"))
    assert not plan.schemas
    old_schema = place.backup.table(place.id("shapes", "sch", "t")).unexposed_parent_schema_id
    assert plan.rewrites.ids[old_schema] == schema.id


@pytest.mark.parametrize(("version", "cluster_version"), [("20.2", "21.2"), ("21.2", "20.2")])
def test_public_of_one_kind_meets_public_of_the_other(version: str, cluster_version: str) -> None:
    place = Place(version, cluster_version)
    target = place.add_database("shapes")
    plan = place.plan(("shapes", "no_pk"))
    assert not plan.schemas
    public = place.cluster.find_schema(target.id, "public")
    assert public is not None
    old_schema = place.backup.table(place.id("shapes", "no_pk")).unexposed_parent_schema_id
    assert plan.rewrites.schema(old_schema, target.id) == public.id


def test_a_cluster_restore_keeps_ids() -> None:
    place = Place("21.2", "21.2")
    targets = RestoreTargets(tuple(place.database(n) for n in ("kinds", "shapes")), (), is_cluster=True)
    plan = plan_restore(place.backup, place.cluster, targets, RestoreOptions(), NOW)
    assert names(plan.databases) == ["kinds", "shapes"]
    assert all(old == new for old, new in plan.rewrites.ids.items())
    assert place.cluster.next_id == max(plan.rewrites.ids) + 1
    with pytest.raises(OothecaError, match="new_db_name can only be used for RESTORE DATABASE"):
        plan_restore(place.backup, place.cluster, targets, RestoreOptions(new_db_name="x"), NOW)
    with pytest.raises(OothecaError, match='cannot use "into_db" option'):
        plan_restore(place.backup, place.cluster, targets, RestoreOptions(into_db="x"), NOW)


def test_plans_change_nothing(place: Place) -> None:
    before = [member.SerializeToString() for member in place.backup]
    place.plan(databases=("kinds", "shapes"))
    assert [member.SerializeToString() for member in place.backup] == before
    assert isinstance(place.cluster, Catalog)
    assert not place.cluster._staged
