"""Give restored descriptors the ids they have in the cluster they go to.

A descriptor names others by id in many places; every one of them goes through the same `Rewrites`. A reference to an
object that is not in `Rewrites` is a reference out of the restore: the planner has refused those or asked to drop
them, so here such a reference is removed.

Source: reference/format/06 (where ids stand), 07 §1 step 15 (version 1, privileges of the new parent).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableSequence
from dataclasses import dataclass, field
from typing import TypeVar

from ootheca import pb
from ootheca.catalog.catalog import PUBLIC_SCHEMA_ID
from ootheca.catalog.table import USER_TYPE_OID_OFFSET
from ootheca.clock import Timestamp
from ootheca.names import format_identifier

__all__ = [
    "Rewrites",
    "referenced_type_ids",
    "rewrite_database",
    "rewrite_schema",
    "rewrite_table",
    "rewrite_type",
]

_D = TypeVar("_D", pb.DatabaseDescriptor, pb.SchemaDescriptor, pb.TypeDescriptor, pb.TableDescriptor)

_M = TypeVar("_M", pb.ForeignKeyConstraint, pb.TableReference)
_Ids = MutableSequence[int]

_REGCLASS = re.compile(r"\b(\d+)(?=:::REGCLASS)")
_TYPE_OID = re.compile(r"@(\d{6,})")
_PART = r"(?:\w+|\"(?:[^\"]|\"\")+\")"  # one part of a name, bare or quoted


@dataclass(frozen=True, slots=True)
class Rewrites:
    """New ids by old ids, for everything that is restored or mapped onto an object of the cluster.

    Attributes:
        ids: databases, schemas, tables and types together: one id space, as in CockroachDB.
        database_names: databases whose name changes on the way (`into_db`, `new_db_name`).
        time: commit time of the restore.
        public_schemas: by new database id, the schema that stands for `public` there; the virtual one if absent.
    """

    ids: Mapping[int, int]
    time: Timestamp
    database_names: Mapping[str, str] = field(default_factory=dict)
    public_schemas: Mapping[int, int] = field(default_factory=dict)

    def schema(self, old_id: int, new_database_id: int) -> int:
        """Return the new id of an object's schema."""
        if old_id in (0, PUBLIC_SCHEMA_ID):
            return self.public_schemas.get(new_database_id, PUBLIC_SCHEMA_ID)
        return self.ids.get(old_id, old_id)

    def known(self, old_id: int) -> bool:
        return old_id in self.ids

    def oid(self, oid: int) -> int:
        """Return the OID of a user-defined type in the cluster; built-in types keep theirs."""
        if oid <= USER_TYPE_OID_OFFSET:
            return oid
        return USER_TYPE_OID_OFFSET + self.ids.get(oid - USER_TYPE_OID_OFFSET, oid - USER_TYPE_OID_OFFSET)

    def expression(self, text: str) -> str:
        """Rewrite the references by id in a stored expression: types (`@100073`), sequences (`53:::REGCLASS`)."""
        text = _TYPE_OID.sub(lambda match: f"@{self.oid(int(match[1]))}", text)
        return _REGCLASS.sub(lambda match: str(self.ids.get(int(match[1]), int(match[1]))), text)


def referenced_type_ids(desc: pb.TableDescriptor) -> list[int]:
    """Return the ids of the user-defined types of a table's columns and expressions, each once, in order."""
    oids: list[int] = []
    for column in desc.columns:
        oids += [column.type.oid, column.type.array_contents.oid]
    for text in _expressions(desc):
        oids += [int(oid) for oid in _TYPE_OID.findall(text)]
    ids = [oid - USER_TYPE_OID_OFFSET for oid in oids if oid > USER_TYPE_OID_OFFSET]
    return list(dict.fromkeys([*ids, *desc.dependsOnTypes]))


def _expressions(desc: pb.TableDescriptor) -> Iterator[str]:
    for column in desc.columns:
        yield from (column.default_expr, column.compute_expr, column.on_update_expr)
    yield from (check.expr for check in desc.checks)
    yield from (index.predicate for index in desc.indexes)
    yield from (unique.predicate for unique in desc.unique_without_index_constraints)
    yield desc.view_query


def rewrite_database(desc: pb.DatabaseDescriptor, rewrites: Rewrites) -> pb.DatabaseDescriptor:
    """Return a restored database's descriptor: new id, new name if it has one, schemas under their new ids."""
    new = _copied(desc, rewrites)
    new.name = rewrites.database_names.get(desc.name, desc.name)
    for name in list(new.schemas):
        old_id = desc.schemas[name].id
        if rewrites.known(old_id):
            new.schemas[name].id = rewrites.ids[old_id]
        else:
            del new.schemas[name]
    return new


def rewrite_schema(desc: pb.SchemaDescriptor, rewrites: Rewrites) -> pb.SchemaDescriptor:
    """Return a restored schema's descriptor."""
    new = _copied(desc, rewrites)
    new.parent_id = rewrites.ids[desc.parent_id]
    return new


def rewrite_type(desc: pb.TypeDescriptor, rewrites: Rewrites) -> pb.TypeDescriptor:
    """Return a restored enum's or array alias's descriptor; its users are those that are restored with it."""
    new = _copied(desc, rewrites)
    new.parent_id = rewrites.ids[desc.parent_id]
    new.parent_schema_id = rewrites.schema(desc.parent_schema_id, new.parent_id)
    if desc.array_type_id:
        new.array_type_id = rewrites.ids[desc.array_type_id]
    if desc.HasField("alias"):
        _rewrite_type(new.alias, rewrites)
    _keep_known(new.referencing_descriptor_ids, rewrites)
    return new


def rewrite_table(desc: pb.TableDescriptor, rewrites: Rewrites) -> pb.TableDescriptor:
    """Return a restored table's, view's or sequence's descriptor; references out of the restore are dropped."""
    new = _copied(desc, rewrites)
    new.parent_id = rewrites.ids[desc.parent_id]
    new.unexposed_parent_schema_id = rewrites.schema(desc.unexposed_parent_schema_id, new.parent_id)
    new.create_as_of_time.CopyFrom(new.modification_time)
    for column in new.columns:
        _rewrite_column(column, rewrites)
    for check in new.checks:
        check.expr = rewrites.expression(check.expr)
    for index in new.indexes:
        if index.predicate:
            index.predicate = rewrites.expression(index.predicate)
    for unique in new.unique_without_index_constraints:
        unique.table_id = new.id
        if unique.predicate:
            unique.predicate = rewrites.expression(unique.predicate)
    _rewrite_foreign_keys(new, rewrites)
    _rewrite_interleave(new, rewrites)
    _rewrite_dependencies(new, rewrites)
    # Unfinished schema changes belong to the cluster that ran them: what they have not published is not restored.
    for finished in (new.mutations, new.mutationJobs, new.gc_mutations):
        del finished[:]
    for family in new.families:
        if family.default_column_id not in family.column_ids:
            family.default_column_id = 0  # the column was being dropped
    return new


def _copied(desc: _D, rewrites: Rewrites) -> _D:
    new = type(desc)()
    new.CopyFrom(desc)
    new.id = rewrites.ids[desc.id]
    new.version = 1
    new.modification_time.Clear()
    new.modification_time.wall_time = rewrites.time.wall_ns
    if rewrites.time.logical:
        new.modification_time.logical = rewrites.time.logical
    return new


def _rewrite_column(column: pb.ColumnDescriptor, rewrites: Rewrites) -> None:
    _rewrite_type(column.type, rewrites)
    if not all(rewrites.known(id_) for id_ in column.uses_sequence_ids):
        column.ClearField("default_expr")
        del column.uses_sequence_ids[:]
    _keep_known(column.uses_sequence_ids, rewrites)
    _keep_known(column.owns_sequence_ids, rewrites)
    for name in ("default_expr", "compute_expr", "on_update_expr"):
        if column.HasField(name):
            text = rewrites.expression(getattr(column, name))
            setattr(column, name, _renamed(text, rewrites))


def _keep_known(ids: _Ids, rewrites: Rewrites) -> None:
    """Rewrite a list of references in place, without those out of the restore."""
    ids[:] = [rewrites.ids[id_] for id_ in ids if rewrites.known(id_)]


def _renamed(text: str, rewrites: Rewrites) -> str:
    """Rename databases in names of three parts (`old.public.t` → `new.public.t`) of a stored expression or query.

    A name of two parts is left: there `old` may be a table or its alias.
    """
    for old, new in rewrites.database_names.items():
        pattern = rf"(?<![\w.\"]){re.escape(format_identifier(old))}(?=\.{_PART}\.{_PART})"
        text = re.sub(pattern, lambda _, new=new: format_identifier(new), text)  # type: ignore[misc]
    return text


def _rewrite_type(t: pb.T, rewrites: Rewrites) -> None:
    t.oid = rewrites.oid(t.oid)
    if t.HasField("udt_metadata"):
        t.udt_metadata.array_type_oid = rewrites.oid(t.udt_metadata.array_type_oid)
    if t.HasField("array_contents"):
        _rewrite_type(t.array_contents, rewrites)
    for member in t.tuple_contents:
        _rewrite_type(member, rewrites)


def _rewrite_foreign_keys(table: pb.TableDescriptor, rewrites: Rewrites) -> None:
    for constraints in (table.outbound_fks, table.inbound_fks):
        kept = [
            fk
            for fk in constraints
            if rewrites.known(fk.origin_table_id) and rewrites.known(fk.referenced_table_id)
        ]
        for fk in kept:
            fk.origin_table_id = rewrites.ids[fk.origin_table_id]
            fk.referenced_table_id = rewrites.ids[fk.referenced_table_id]
        copies = [_clone(fk) for fk in kept]
        del constraints[:]
        constraints.extend(copies)


def _clone(message: _M) -> _M:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _rewrite_interleave(table: pb.TableDescriptor, rewrites: Rewrites) -> None:
    for index in (table.primary_index, *table.indexes):
        for ancestor in index.interleave.ancestors:
            ancestor.table_id = rewrites.ids.get(ancestor.table_id, ancestor.table_id)
        for child in index.interleaved_by:
            child.table = rewrites.ids.get(child.table, child.table)


def _rewrite_dependencies(table: pb.TableDescriptor, rewrites: Rewrites) -> None:
    _keep_known(table.dependsOn, rewrites)
    _keep_known(table.dependsOnTypes, rewrites)
    users = [ref for ref in table.dependedOnBy if rewrites.known(ref.id)]
    copies = [_clone(ref) for ref in users]
    for ref in copies:
        ref.id = rewrites.ids[ref.id]
    del table.dependedOnBy[:]
    table.dependedOnBy.extend(copies)
    if table.view_query:
        table.view_query = _renamed(rewrites.expression(table.view_query), rewrites)
    if table.HasField("sequence_opts"):
        owner = table.sequence_opts.sequence_owner
        if rewrites.known(owner.owner_table_id):
            owner.owner_table_id = rewrites.ids[owner.owner_table_id]
        else:
            owner.owner_table_id = owner.owner_column_id = 0
