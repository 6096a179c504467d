"""Descriptors of old backups in today's form.

A backup carries the descriptors as the version that made it wrote them. `catalog_of` is the one way from a manifest to
a catalog: what lies above it knows one form only, that of version 20.2 and later. The manifest itself is not changed.

* Types of 19.1 and older get their OID, and integers their width.
* Foreign keys of 19.1 and older stand on indexes and become constraints of both tables.
* Tables from before column families get one family for each column, which is how their rows were stored.
* Owners, parent schemas, versions, directions of index columns and columns of checks are filled in.
* What no statement of the cluster could see is left out: objects that are dropped, offline or being added, temporary
  ones, and what an unfinished schema change has not published.

Source: reference/format/06 §2 to §4, §7, 07 §1 step 8; the backups of 1.0.7 to 21.1.6 of tests/compat/test_public.py.
    Unverified for lack of backups: format_version 1, STORING of 1.x, arrays and intervals of 19.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableSequence
from typing import TypeVar

from ootheca import pb
from ootheca.catalog.catalog import PUBLIC_SCHEMA_ID, Catalog, SomeDescriptor, descriptor_of, wrap_descriptor
from ootheca.catalog.system_tables import is_system
from ootheca.types import Family, SQLType, array_of

__all__ = ["catalog_of", "upgrade", "upgrade_type"]

_M = TypeVar("_M", pb.CheckConstraint, pb.ForeignKeyConstraint, pb.UniqueWithoutIndexConstraint)
_Tables = Mapping[int, pb.TableDescriptor]

_FAMILY_FORMAT = 2  # TableDescriptor.format_version from which on columns have families
_ALL = 1 << 1  # privilege bits: kind 1
_TEMPORARY_SCHEMA = "pg_temp"

_INT_WIDTHS = {1: 32, 2: 16, 3: 64}  # by visible type: INTEGER, SMALLINT, BIGINT
_INT_OIDS = {16: 21, 32: 23, 64: 20}
_FLOAT_OIDS = {32: 700, 64: 701}
_REAL, _DOUBLE, _VARBIT = 5, 6, 10
_STRING_OIDS = {7: 1043, 8: 1042, 9: 18}  # by visible type: VARCHAR, CHAR, "char"; TEXT otherwise
_MOMENTS = frozenset({Family.TIMESTAMP, Family.TIMESTAMPTZ, Family.TIME, Family.TIMETZ})
_OIDS = {
    Family.BOOL: 16, Family.DECIMAL: 1700, Family.DATE: 1082, Family.TIMESTAMP: 1114, Family.INTERVAL: 1186,
    Family.BYTES: 17, Family.TIMESTAMPTZ: 1184, Family.NAME: 19, Family.OID: 26, Family.UNKNOWN: 705, Family.UUID: 2950,
    Family.INET: 869, Family.TIME: 1083, Family.JSON: 3802, Family.TIMETZ: 1266, Family.TUPLE: 2249,
    Family.INT2VECTOR: 22, Family.OIDVECTOR: 30, Family.ANY: 2276,
}  # fmt: skip

_UNFINISHED = (pb.ConstraintValidity.Validating, pb.ConstraintValidity.Dropping)
_WORDS = re.compile(r"'(?:[^']|'')*'|\"(?P<quoted>(?:[^\"]|\"\")+)\"|(?P<bare>[^\W\d]\w*)")


def catalog_of(manifest: pb.BackupManifest) -> Catalog:
    """Return the objects that a manifest's backup holds, as its cluster's statements saw them at its end."""
    return Catalog(upgrade(manifest.descriptors))


def upgrade(descriptors: Iterable[pb.Descriptor]) -> list[pb.Descriptor]:
    """Return copies of the visible descriptors in today's form, in the same order; those of 20.2 and later as they are.

    Args:
        descriptors: all of one time, for foreign keys are made out of both tables' indexes. Where the referenced table
            is not among them the key has its id and no columns; the planner of a restore refuses it or lets it go.
    """
    upgraded = [wrap_descriptor(member) for member in _visible(descriptors)]
    tables = {
        descriptor.table.id: descriptor.table for descriptor in upgraded if descriptor.HasField("table")
    }
    for descriptor in upgraded:
        _upgrade_member(descriptor_of(descriptor))
    for table in tables.values():
        _make_foreign_keys(table, tables)
        _make_shared_prefixes(table, tables)
    for table in tables.values():
        _leave_out_unfinished(table, tables)
    return upgraded


# What is seen


def _visible(descriptors: Iterable[pb.Descriptor]) -> list[SomeDescriptor]:
    members = [member for member in map(descriptor_of, descriptors) if member is not None]
    hidden = {
        member.id
        for member in members
        if member.state != pb.DescriptorState.PUBLIC
        or (isinstance(member, pb.TableDescriptor) and member.temporary)
        or (isinstance(member, pb.SchemaDescriptor) and member.name.startswith(_TEMPORARY_SCHEMA))
    }
    return [member for member in members if hidden.isdisjoint(_ids_of(member))]


def _ids_of(member: SomeDescriptor) -> tuple[int, ...]:
    """Return an object's own id and those of what it is in."""
    match member:
        case pb.TableDescriptor():
            return member.id, member.parent_id, member.unexposed_parent_schema_id
        case pb.TypeDescriptor():
            return member.id, member.parent_id, member.parent_schema_id
        case pb.SchemaDescriptor():
            return member.id, member.parent_id
        case _:
            return (member.id,)


def _leave_out_unfinished(table: pb.TableDescriptor, tables: _Tables) -> None:
    """Leave out constraints that were being added or dropped, and columns of families that are not public.

    A family keeps its `default_column_id`, by which its rows were stored.
    """
    _keep(table.checks, [check for check in table.checks if check.validity not in _UNFINISHED])
    uniques = table.unique_without_index_constraints
    _keep(uniques, [unique for unique in uniques if unique.validity not in _UNFINISHED])
    _keep(table.outbound_fks, [fk for fk in table.outbound_fks if fk.validity not in _UNFINISHED])
    _keep(table.inbound_fks, [fk for fk in table.inbound_fks if _is_public(fk, tables)])
    if not table.mutations:
        return
    public = {column.id for column in table.columns}
    for place in reversed(range(len(table.families))):
        family = table.families[place]
        kept = [
            pair for pair in zip(family.column_ids, family.column_names, strict=False) if pair[0] in public
        ]
        if len(kept) == len(family.column_ids):
            continue
        family.column_ids[:] = [id_ for id_, _ in kept]
        family.column_names[:] = [name for _, name in kept]
        if not kept and family.id:
            del table.families[place]


def _is_public(fk: pb.ForeignKeyConstraint, tables: _Tables) -> bool:
    """Whether the other side of an inbound foreign key has it as well, where that side is here."""
    if fk.validity in _UNFINISHED:
        return False
    origin = tables.get(fk.origin_table_id)
    return origin is None or any(
        other.name == fk.name and other.validity not in _UNFINISHED for other in origin.outbound_fks
    )


def _keep(constraints: MutableSequence[_M], kept: list[_M]) -> None:
    if len(kept) == len(constraints):
        return
    copies = []
    for constraint in kept:
        copy = type(constraint)()
        copy.CopyFrom(constraint)
        copies.append(copy)
    del constraints[:]
    constraints.extend(copies)


# One descriptor


def _upgrade_member(member: SomeDescriptor | None) -> None:
    """Bring a descriptor to today's form in place, but for what depends on other descriptors."""
    if member is None:
        return
    if isinstance(member, pb.DatabaseDescriptor):
        for name in [name for name, schema in member.schemas.items() if schema.dropped]:
            del member.schemas[name]
    if not member.privileges.owner_proto:
        _make_owner(member.privileges, is_system=is_system(member))
    if not member.version:
        member.version = 1
    if not member.modification_time.wall_time:
        member.modification_time.wall_time = 1
    match member:
        case pb.TableDescriptor():
            _upgrade_table(member)
        case pb.TypeDescriptor():
            if not member.parent_schema_id:
                member.parent_schema_id = PUBLIC_SCHEMA_ID
            if member.HasField("alias"):
                upgrade_type(member.alias)


def _make_owner(privileges: pb.PrivilegeDescriptor, *, is_system: bool) -> None:
    """Give an object from before 20.2 its owner, and one of 1.x the role `admin`, which came with 2.0."""
    privileges.owner_proto = "node" if is_system else "admin"
    privileges.version = privileges.version or 1
    if is_system or any(user.user_proto == "admin" for user in privileges.users):
        return
    users = [pb.UserPrivileges(user_proto="admin", privileges=_ALL)]
    for user in privileges.users:
        users.append(pb.UserPrivileges())
        users[-1].CopyFrom(user)
    del privileges.users[:]
    privileges.users.extend(sorted(users, key=lambda user: user.user_proto))


def _upgrade_table(table: pb.TableDescriptor) -> None:
    if not table.unexposed_parent_schema_id:
        table.unexposed_parent_schema_id = PUBLIC_SCHEMA_ID
    for column in _all_columns(table):
        upgrade_type(column.type)
    if table.format_version < _FAMILY_FORMAT and not table.view_query:
        _make_families(table)
    for index in _all_indexes(table):
        if index.column_ids and not index.column_directions:
            index.column_directions.extend([pb.IndexDescriptor.ASC] * len(index.column_ids))
        if index.store_column_names and not index.store_column_ids:
            _make_stored_columns(index, table)
    for check in table.checks:
        if not check.column_ids:
            check.column_ids[:] = _columns_in(check.expr, table)


def _all_columns(table: pb.TableDescriptor) -> Iterator[pb.ColumnDescriptor]:
    yield from table.columns
    yield from (mutation.column for mutation in table.mutations if mutation.HasField("column"))


def _all_indexes(table: pb.TableDescriptor) -> Iterator[pb.IndexDescriptor]:
    yield table.primary_index
    yield from table.indexes
    yield from (mutation.index for mutation in table.mutations if mutation.HasField("index"))


def _make_families(table: pb.TableDescriptor) -> None:
    """Give a table of format 1 the families that its rows are stored in: one for each column outside the key."""
    key_ids = set(table.primary_index.column_ids)
    key = [column for column in table.columns if column.id in key_ids]
    table.families.add(
        name="primary",
        id=0,
        column_names=[column.name for column in key],
        column_ids=[column.id for column in key],
    )
    for column in _all_columns(table):
        if column.id not in key_ids:
            table.families.add(
                name=f"fam_{column.id}_{column.name}",
                id=column.id,
                column_names=[column.name],
                column_ids=[column.id],
                default_column_id=column.id,
            )
    table.next_family_id = max(family.id for family in table.families) + 1
    table.format_version = _FAMILY_FORMAT


def _make_stored_columns(index: pb.IndexDescriptor, table: pb.TableDescriptor) -> None:
    """Take the stored columns of a 1.x index out of its suffix, where those versions kept their ids."""
    ids = {column.name: column.id for column in _all_columns(table)}
    stored = [ids[name] for name in index.store_column_names if name in ids]
    if not set(stored) <= set(index.extra_column_ids):
        return  # an index of a primary key, which names what it stores and keeps no ids
    index.store_column_ids.extend(stored)
    index.extra_column_ids[:] = [id_ for id_ in index.extra_column_ids if id_ not in stored]


def _columns_in(expression: str, table: pb.TableDescriptor) -> list[int]:
    """Return the ids of the columns that a check of 2.1 or older names, which did not list them."""
    names = set()
    for word in _WORDS.finditer(expression):
        if word["quoted"]:
            names.add(word["quoted"].replace('""', '"'))
        elif word["bare"]:
            names.add(word["bare"].lower())
    return [column.id for column in table.columns if column.name in names]


# Foreign keys and interleaving


def _make_foreign_keys(table: pb.TableDescriptor, tables: _Tables) -> None:
    """Turn the references of a table's indexes into constraints of both tables."""
    for index in _all_indexes(table):
        reference = index.foreign_key
        if reference.table:
            fk = _foreign_key(table, index, tables.get(reference.table))
            table.outbound_fks.add().CopyFrom(fk)
            if reference.table in tables:
                tables[reference.table].inbound_fks.add().CopyFrom(fk)
            index.ClearField("foreign_key")
        del index.referenced_by[:]


def _foreign_key(
    table: pb.TableDescriptor, index: pb.IndexDescriptor, referenced: pb.TableDescriptor | None
) -> pb.ForeignKeyConstraint:
    reference = index.foreign_key
    target = (
        next((i for i in _all_indexes(referenced) if i.id == reference.index), None) if referenced else None
    )
    target_ids = list(target.column_ids) if target is not None else []
    size = reference.shared_prefix_len or min(len(index.column_ids), len(target_ids) or len(index.column_ids))
    return pb.ForeignKeyConstraint(
        origin_table_id=table.id,
        origin_column_ids=index.column_ids[:size],
        referenced_table_id=reference.table,
        referenced_column_ids=target_ids[:size],
        name=reference.name,
        validity=reference.validity,
        on_delete=reference.on_delete,
        on_update=reference.on_update,
        match=reference.match,
    )


def _make_shared_prefixes(table: pb.TableDescriptor, tables: _Tables) -> None:
    """Count the key columns that each ancestor of an interleaved index adds, where 1.0 left the number out."""
    for index in _all_indexes(table):
        shared = 0
        for ancestor in index.interleave.ancestors:
            owner = tables.get(ancestor.table_id)
            if not ancestor.shared_prefix_len and owner is not None:
                sizes = {each.id: len(each.column_ids) for each in _all_indexes(owner)}
                ancestor.shared_prefix_len = max(sizes.get(ancestor.index_id, 0) - shared, 0)
            shared += ancestor.shared_prefix_len


# Types


def upgrade_type(t: pb.T) -> None:
    """Bring a type of 19.1 or older to today's form, in place; a newer one has an OID and stays as it is.

    Those versions told spellings apart by `visible_type` and clamped odd widths (`BIT(17)` as an INT) when they read.
    """
    if t.oid:
        return
    family = Family(t.family)
    if family is Family.INT:
        width = _INT_WIDTHS.get(t.visible_type, t.width)
        t.width = width if width in _INT_OIDS else 64
        t.visible_type = 0
        t.oid = _INT_OIDS[t.width]
    elif family is Family.FLOAT:
        t.width = _float_width(t)
        t.oid = _FLOAT_OIDS[t.width]
        t.precision = 0
        t.visible_type = _REAL if t.width == 32 else 0
    elif family in (Family.STRING, Family.COLLATED_STRING):
        t.oid = _STRING_OIDS.get(t.visible_type, 25)
        t.locale = t.locale.lower().replace("-", "_") if family is Family.COLLATED_STRING else t.locale
    elif family is Family.BIT:
        t.oid = 1562 if t.visible_type == _VARBIT else 1560
    elif family is Family.ARRAY:
        _upgrade_array(t)
    else:
        if family in _MOMENTS:
            t.precision = max(t.precision, 0)  # alphas of 19.2 wrote -1 for none
            t.time_precision_is_set = t.precision > 0
        t.oid = _OIDS.get(family, 0)
    if not t.locale:
        t.ClearField("locale")


def _float_width(t: pb.T) -> int:
    if t.visible_type in (_REAL, _DOUBLE):
        return 32 if t.visible_type == _REAL else 64
    if t.width in _FLOAT_OIDS:
        return t.width
    return 32 if 1 <= t.precision <= 24 else 64


def _upgrade_array(t: pb.T) -> None:
    """Make the element's type, of which an old array has the family, and the sizes as if they were its own."""
    if not t.HasField("array_contents"):
        t.array_contents.family = t.array_elem_type
        for name in ("width", "precision", "visible_type"):
            setattr(t.array_contents, name, getattr(t, name))
        if t.HasField("locale"):
            t.array_contents.locale = t.locale
            t.ClearField("locale")
    upgrade_type(t.array_contents)
    element = t.array_contents
    t.width, t.precision, t.visible_type = element.width, element.precision, element.visible_type
    t.array_elem_type = element.family
    t.oid = array_of(SQLType(Family(element.family), oid=element.oid)).oid
