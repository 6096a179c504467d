"""The catalog: what names mean, and what a commit makes of staged changes."""

from __future__ import annotations

import pytest

from ootheca import pb
from ootheca.catalog.bootstrap import bootstrap
from ootheca.catalog.build import add_database, add_enum, add_schema
from ootheca.catalog.catalog import Catalog, Schema, descriptor_of
from ootheca.catalog.rules import descriptor_rules
from ootheca.clock import Timestamp
from ootheca.errors import InternalError, UndefinedDatabaseError, UndefinedError, UndefinedTableError
from ootheca.profile import profile

PROFILE = profile("21.2")
RULES = descriptor_rules(PROFILE)
NOW = Timestamp(1_700_000_000_000_000_000, 3)


def _table(catalog: Catalog, schema: Schema, name: str) -> pb.TableDescriptor:
    desc = pb.TableDescriptor(
        name=name,
        id=catalog.new_id(),
        parent_id=schema.database_id,
        unexposed_parent_schema_id=schema.id,
        version=1,
    )
    catalog.add(desc)
    return desc


@pytest.fixture
def catalog() -> Catalog:
    """Databases `shop` (schemas public and app, table t in both) and `app` (table t)."""
    catalog = bootstrap(PROFILE)
    shop = add_database(catalog, "shop", PROFILE, RULES)
    other = add_database(catalog, "app", PROFILE, RULES)
    schema = add_schema(catalog, shop.id, "app", RULES)
    for place in (catalog.find_schema(shop.id, "public"), schema, catalog.find_schema(other.id, "public")):
        assert place is not None
        _table(catalog, place, "t")
    catalog.commit(NOW)
    return catalog


@pytest.mark.parametrize(
    ("name", "database", "place"),
    [
        (("t",), "shop", ("shop", "public", "t")),
        (("app", "t"), "shop", ("shop", "app", "t")),
        (("app", "t"), "defaultdb", ("app", "public", "t")),
        (("shop", "t"), "defaultdb", ("shop", "public", "t")),
        (("shop", "app", "t"), "", ("shop", "app", "t")),
    ],
)
def test_a_lone_prefix_is_a_schema_here_before_it_is_a_database(
    catalog: Catalog, name: tuple[str, ...], database: str, place: tuple[str, str, str]
) -> None:
    assert catalog.qualified_name(catalog.resolve_table(name, database)) == place


def test_missing_names_are_quoted_as_they_were_written(catalog: Catalog) -> None:
    with pytest.raises(UndefinedTableError, match=r'^relation "shop\.nope" does not exist$') as error:
        catalog.resolve_table(("shop", "nope"), "shop")
    assert error.value.sqlstate == "42P01"
    with pytest.raises(UndefinedDatabaseError, match=r'^database "nope" does not exist$') as error2:
        catalog.resolve_database("nope")
    assert error2.value.sqlstate == "3D000"
    with pytest.raises(UndefinedError, match=r'^type "t" does not exist$'):
        catalog.resolve_type(("t",), "shop")


def test_staged_changes_are_seen_before_the_commit_and_gone_after_a_rollback(catalog: Catalog) -> None:
    table = catalog.resolve_table(("t",), "shop")
    catalog.change_table(table.id).name = "renamed"
    assert catalog.find_table(("t",), "shop") is None
    assert catalog.resolve_table(("renamed",), "shop").id == table.id
    catalog.rollback()
    assert catalog.resolve_table(("t",), "shop").id == table.id
    assert catalog.find_table(("renamed",), "shop") is None


def test_a_commit_gives_versions_and_times_and_says_what_to_store(catalog: Catalog) -> None:
    old = catalog.resolve_table(("t",), "shop")
    created = Timestamp(old.create_as_of_time.wall_time)
    later = Timestamp(NOW.wall_ns + 5)
    catalog.change_table(old.id, 3)
    catalog.change_table(old.id)  # the larger of one transaction counts
    gone = catalog.resolve_table(("app", "t"), "shop").id
    catalog.drop(gone)
    changes = catalog.commit(later)
    (dropped,) = changes.dropped
    assert (dropped.table.id, dropped.table.state) == (gone, pb.DescriptorState.DROP)
    assert dropped.table.drop_time == dropped.table.modification_time.wall_time == later.wall_ns
    (put,) = changes.put
    stored = descriptor_of(put)
    assert isinstance(stored, pb.TableDescriptor)
    assert stored.version == 4
    assert stored.modification_time.wall_time == later.wall_ns
    assert stored.create_as_of_time.wall_time == created.wall_ns
    assert not catalog.is_changed


def test_a_new_object_that_is_dropped_again_leaves_nothing_to_store(catalog: Catalog) -> None:
    place = catalog.resolve_schema((), "shop")
    assert place is not None
    catalog.drop(_table(catalog, place, "brief").id)
    assert catalog.commit(NOW) == type(catalog.commit(NOW))((), ())


def test_ids_are_given_once_and_given_back_by_a_rollback(catalog: Catalog) -> None:
    first = catalog.new_id()
    catalog.rollback()
    assert catalog.new_id() == first
    catalog.commit(NOW)
    assert catalog.new_id() == first + 1


def test_a_taken_id_is_refused(catalog: Catalog) -> None:
    with pytest.raises(InternalError):
        catalog.add(pb.TableDescriptor(name="x", id=catalog.resolve_table(("t",), "shop").id))


def test_a_description_follows_a_staged_change_of_a_type(catalog: Catalog) -> None:
    place = catalog.resolve_schema((), "shop")
    assert place is not None
    enum = add_enum(catalog, place, "mood", ["a"], RULES)
    table = _table(catalog, place, "moods")
    t = pb.T(family=pb.Family.EnumFamily, oid=100_000 + enum.id)
    table.columns.add(name="m", id=1, type=t)
    catalog.commit(NOW)
    before = catalog.describe(table.id).columns[0].type.enum
    catalog.change_type(enum.id).enum_members.add(logical_representation="b", physical_representation=b"\xc0")
    after = catalog.describe(table.id).columns[0].type.enum
    assert before is not None
    assert after is not None
    assert (before.labels, after.labels) == (("a",), ("a", "b"))


@pytest.mark.parametrize(("version", "first_id"), [("20.2", 52), ("21.2", 104)])
def test_a_new_store_counts_from_the_first_id_of_users(version: str, first_id: int) -> None:
    catalog = bootstrap(profile(version))
    assert catalog.next_id == first_id
    assert [database.name for database in catalog.databases()] == ["defaultdb", "postgres", "system"]
    assert [schema.name for schema in catalog.schemas(catalog.resolve_database("defaultdb").id)] == ["public"]
