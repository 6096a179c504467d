"""Targets of BACKUP, RESTORE and grants: names and patterns resolved against any set of descriptors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ootheca import pb
from ootheca.catalog.catalog import PUBLIC_SCHEMA_ID, Catalog, Schema
from ootheca.catalog.rules import DescriptorRules
from ootheca.catalog.system_tables import SYSTEM_DATABASE_ID, is_system
from ootheca.catalog.table import USER_TYPE_OID_OFFSET
from ootheca.errors import OothecaError, UndefinedDatabaseError
from ootheca.names import format_dotted

__all__ = ["Targets", "closure", "resolve_targets", "type_ids"]


@dataclass(frozen=True, slots=True)
class Targets:
    """What targets name.

    Attributes:
        ids: every descriptor that belongs to them, with its database, schema and types; sorted.
        complete_database_ids: databases that are wanted whole, in the statement's order.
        table_ids: tables, views and sequences among `ids`; sorted.
        requested_table_ids: of these, the ones that were named one by one or by a pattern; sorted.
    """

    ids: tuple[int, ...]
    complete_database_ids: tuple[int, ...]
    table_ids: tuple[int, ...]
    requested_table_ids: tuple[int, ...]


def resolve_targets(
    catalog: Catalog,
    *,
    databases: Sequence[str] = (),
    tables: Sequence[tuple[Sequence[str], bool]] = (),
    everything: bool = False,
    current_database: str = "",
    rules: DescriptorRules,
) -> Targets:
    """Resolve the targets of a statement.

    Args:
        catalog: of the store, or `catalog_of(manifest)`.
        databases: names of DATABASE targets.
        tables: TABLE targets, each the parts of a name and whether `.*` followed it.
        everything: no targets were given: all databases, and what `system` has of a cluster's own.

    Raises:
        OothecaError: a table that is not there.
        UndefinedDatabaseError: a wildcard's prefix that is not there.
        OothecaError: a database that is not there, in the profile's words.
    """
    complete: list[int] = []
    requested: set[int] = set()
    if everything:
        complete = sorted(database.id for database in catalog.databases() if not is_system(database))
    for name in databases:
        database = catalog.find_database(name)
        if database is None:
            raise OothecaError(rules.unknown_database.format(name))
        _append(complete, database.id)
    extra_ids: set[int] = set()
    for parts, is_wildcard in tables:
        if not is_wildcard:
            table = catalog.find_table(parts, current_database)
            if table is None:
                raise OothecaError(f'table "{format_dotted(parts)}" does not exist')
            requested.add(table.id)
            continue
        schema = _wildcard(catalog, parts, current_database)
        extra_ids.add(schema.database_id)
        if len(parts) == 2 and rules.schema_wildcards:
            requested.update(table.id for table in catalog.tables(schema.database_id, schema.id))
        else:
            _append(complete, schema.database_id)
    table_ids = set(requested)
    for id_ in [*complete, *([SYSTEM_DATABASE_ID] if everything else [])]:
        table_ids.update(table.id for table in catalog.tables(id_))
    ids = set(closure(catalog, table_ids)) | extra_ids
    for id_ in complete:
        ids |= {id_} | {member.id for member in catalog if getattr(member, "parent_id", None) == id_}
    return Targets(tuple(sorted(ids)), tuple(complete), tuple(sorted(table_ids)), tuple(sorted(requested)))


def _wildcard(catalog: Catalog, parts: Sequence[str], current_database: str) -> Schema:
    found = catalog.resolve_schema(parts, current_database)
    if found is None:
        pattern = f"{format_dotted(parts)}.*" if parts else "*"
        raise UndefinedDatabaseError(f'"{pattern}" does not match any valid database or schema')
    return found


def _append(ids: list[int], id_: int) -> None:
    if id_ not in ids:
        ids.append(id_)


def closure(catalog: Catalog, table_ids: Iterable[int]) -> set[int]:
    """Return the tables' ids with those of their databases, schemas and user-defined types.

    Foreign keys, views and defaults do not pull in what they refer to.
    """
    ids: set[int] = set()
    for id_ in table_ids:
        table = catalog.table(id_)
        ids |= {id_, table.parent_id}
        schema_id = table.unexposed_parent_schema_id or PUBLIC_SCHEMA_ID
        if isinstance(catalog.get(schema_id), pb.SchemaDescriptor):
            ids.add(schema_id)
        for column in table.columns:
            ids |= type_ids(catalog, column.type)
    return ids


def type_ids(catalog: Catalog, column_type: pb.T) -> set[int]:
    """Return the ids of the enum that a column type is made of, and of its array alias."""
    element = column_type.array_contents if column_type.HasField("array_contents") else column_type
    if element.family != pb.Family.EnumFamily:
        return set()
    id_ = element.oid - USER_TYPE_OID_OFFSET
    enum = catalog.get(id_)
    return {id_, enum.array_type_id} if isinstance(enum, pb.TypeDescriptor) else {id_}
