"""Plan a restore: which objects of a backup become which objects of the cluster, and what stands in the way.

Nothing is changed here; the plan is plain data. Every refusal is worded as CockroachDB words it and comes in its order.

Source: reference/format/07 §1 steps 7 to 10, reference/sql/02 §2 and §8, 09 §6; conformance/*/scenarios/05, n2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ootheca import pb
from ootheca.backup.rewrite_ids import Rewrites, referenced_type_ids
from ootheca.catalog.catalog import PUBLIC_SCHEMA_ID, Catalog, Schema
from ootheca.clock import Timestamp
from ootheca.errors import (
    DuplicateDatabaseError,
    DuplicateError,
    DuplicateTableError,
    InvalidOptionError,
    OothecaError,
    UndefinedDatabaseError,
)

__all__ = ["RestoreOptions", "RestorePlan", "RestoreTargets", "plan_restore"]


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """The options of RESTORE that change what is restored; values, not expressions."""

    into_db: str | None = None
    new_db_name: str | None = None
    skip_missing_foreign_keys: bool = False
    skip_missing_sequences: bool = False
    skip_missing_sequence_owners: bool = False
    skip_missing_views: bool = False


@dataclass(frozen=True, slots=True)
class RestoreTargets:
    """Objects of the backup, by their ids there: whole databases, and single tables, views and sequences."""

    database_ids: tuple[int, ...] = ()
    table_ids: tuple[int, ...] = ()
    is_cluster: bool = False


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What a restore will make.

    Attributes:
        databases, schemas, types, tables: the backup's descriptors that become new ones, in the order to make them.
        rewrites: new ids of all of them, and of databases, schemas and types that are there and take their place.
    """

    databases: tuple[pb.DatabaseDescriptor, ...]
    schemas: tuple[pb.SchemaDescriptor, ...]
    types: tuple[pb.TypeDescriptor, ...]
    tables: tuple[pb.TableDescriptor, ...]
    rewrites: Rewrites


@dataclass(slots=True)
class _Planner:
    backup: Catalog
    cluster: Catalog
    options: RestoreOptions
    time: Timestamp
    keeps_ids: bool = False
    ids: dict[int, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def take_id(self, old_id: int) -> None:
        """Give an object its id in the cluster: the one it had when a whole cluster comes back, else a new one."""
        cluster = self.cluster
        self.ids[old_id] = cluster.keep_id(old_id) if self.keeps_ids else cluster.new_id()


def plan_restore(
    backup: Catalog,
    cluster: Catalog,
    targets: RestoreTargets,
    options: RestoreOptions,
    time: Timestamp,
    *,
    names_orphan: bool = True,
) -> RestorePlan:
    """Plan a restore of some of a backup's objects into a cluster, or of all of them into an empty one.

    Objects get new ids from the cluster's catalog; in a restore of a whole cluster they keep theirs.

    Args:
        backup: the descriptors of the backup as of the restored time.
        time: commit time of the restore.
        names_orphan: a refusal for want of a database names the table that needs it.

    Raises:
        OothecaError: an object is in the way, or one that is needed is missing.
    """
    planner = _Planner(backup, cluster, options, time, keeps_ids=targets.is_cluster)
    _check_options(targets, options)
    tables = [backup.table(id_) for id_ in targets.table_ids]
    for database_id in targets.database_ids:
        tables.extend(table for table in backup.tables(database_id) if table.id not in targets.table_ids)
    tables = _without_missing_views(planner, tables)
    databases = _plan_databases(planner, targets)
    _map_parents(planner, tables, names_orphan=names_orphan)
    _check_references(planner, tables)
    schemas = _plan_schemas(planner, targets.database_ids, tables)
    types = _plan_types(planner, targets.database_ids, tables)
    _check_names(planner, tables)
    # New ids follow the old ones' order, whatever the kind, as CockroachDB gives them.
    for old_id in sorted([*(s.id for s in schemas), *(t.id for t in types), *(t.id for t in tables)]):
        planner.take_id(old_id)
    rewrites = Rewrites(planner.ids, time, planner.names, _public_schemas(planner))
    return RestorePlan(tuple(databases), tuple(schemas), tuple(types), tuple(_in_order(tables)), rewrites)


def _check_options(targets: RestoreTargets, options: RestoreOptions) -> None:
    if options.into_db is not None and (targets.database_ids or targets.is_cluster):
        raise InvalidOptionError('cannot use "into_db" option when restoring database(s)', sqlstate="XXUUU")
    if options.new_db_name is not None and (targets.is_cluster or len(targets.database_ids) != 1):
        raise InvalidOptionError(
            "new_db_name can only be used for RESTORE DATABASE with a single target database",
            sqlstate="XXUUU",
        )


def _without_missing_views(planner: _Planner, tables: list[pb.TableDescriptor]) -> list[pb.TableDescriptor]:
    """Drop, or refuse, the views that read a relation which is not restored; a dropped view may feed others."""
    kept = tables
    while True:
        ids = {table.id for table in kept}
        missing = [t for t in kept if t.view_query and any(i not in ids for i in t.dependsOn)]
        if not missing:
            return kept
        if not planner.options.skip_missing_views:
            raise OothecaError(
                f'cannot restore view "{missing[0].name}" without restoring referenced table '
                '(or "skip_missing_views" option)'
            )
        gone = {table.id for table in missing}
        kept = [table for table in kept if table.id not in gone]


def _plan_databases(planner: _Planner, targets: RestoreTargets) -> list[pb.DatabaseDescriptor]:
    """Take ids for the databases that are made."""
    made = []
    for id_ in targets.database_ids:
        database = planner.backup.database(id_)
        name = planner.options.new_db_name or database.name
        if name != database.name:
            planner.names[database.name] = name
        if planner.cluster.find_database(name) is not None:
            raise DuplicateDatabaseError(f'database "{name}" already exists', sqlstate="XXUUU")
        planner.take_id(id_)
        made.append(database)
    return made


def _map_parents(planner: _Planner, tables: Iterable[pb.TableDescriptor], *, names_orphan: bool) -> None:
    """Find the cluster's database for each table that is restored without its own."""
    for table in tables:
        if table.parent_id in planner.ids:
            continue
        own_name = planner.backup.database(table.parent_id).name
        name = planner.options.into_db or own_name
        database = planner.cluster.find_database(name)
        if database is None:
            raise UndefinedDatabaseError(
                f'a database named "{name}" needs to exist'
                + (f' to restore table "{table.name}"' if names_orphan else ""),
                sqlstate="XXUUU",
                hint=f"CREATE DATABASE {name}, or name another one with into_db",
            )
        planner.ids[table.parent_id] = database.id
        if name != own_name:
            planner.names[own_name] = name


def _check_references(planner: _Planner, tables: list[pb.TableDescriptor]) -> None:
    """Refuse references out of the restore that no option lets go."""
    ids = {table.id for table in tables}
    for table in tables:
        if not planner.options.skip_missing_foreign_keys:
            for fk in table.outbound_fks:
                _require(table, "table", fk.referenced_table_id, ids, "skip_missing_foreign_keys")
        for column in table.columns:
            if not planner.options.skip_missing_sequences:
                for sequence_id in column.uses_sequence_ids:
                    _require(table, "sequence", sequence_id, ids, "skip_missing_sequences")
            if not planner.options.skip_missing_sequence_owners:
                for sequence_id in column.owns_sequence_ids:
                    _require(table, "sequence", sequence_id, ids, "skip_missing_sequence_owners")
        owner = table.sequence_opts.sequence_owner.owner_table_id
        if owner and owner not in ids and not planner.options.skip_missing_sequence_owners:
            raise OothecaError(
                f'cannot restore sequence "{table.name}" without referenced owner table {owner} '
                '(or "skip_missing_sequence_owners" option)'
            )
        _check_interleaved(table, ids)


def _check_interleaved(table: pb.TableDescriptor, ids: set[int]) -> None:
    for index in (table.primary_index, *table.indexes):
        for ancestor in index.interleave.ancestors:
            if ancestor.table_id not in ids:
                raise OothecaError(
                    f'cannot restore table "{table.name}" without interleave parent {ancestor.table_id}'
                )
        for child in index.interleaved_by:
            if child.table not in ids:
                raise OothecaError(
                    f'cannot restore table "{table.name}" without interleave child table {child.table}'
                )


def _require(table: pb.TableDescriptor, kind: str, id_: int, ids: set[int], option: str) -> None:
    if id_ not in ids:
        raise OothecaError(
            f'cannot restore table "{table.name}" without referenced {kind} {id_} (or "{option}" option)'
        )


def _plan_schemas(
    planner: _Planner, database_ids: Iterable[int], tables: Iterable[pb.TableDescriptor]
) -> list[pb.SchemaDescriptor]:
    """Return the schemas that are made, and map those that are there by name."""
    whole = set(database_ids)
    needed = {table.unexposed_parent_schema_id for table in tables}
    for type_ in _needed_types(planner, tables):
        needed.add(type_.parent_schema_id)
    made = []
    for member in planner.backup:
        if not isinstance(member, pb.SchemaDescriptor) or not (
            member.parent_id in whole or member.id in needed
        ):
            continue
        existing = planner.cluster.find_schema(planner.ids[member.parent_id], member.name)
        if existing is None or (existing.id == PUBLIC_SCHEMA_ID and member.parent_id in whole):
            made.append(member)
        else:
            planner.ids[member.id] = existing.id
    return made


def _public_schemas(planner: _Planner) -> dict[int, int]:
    """Return the real `public` schemas of the databases that take objects, by database.

    In older backups one id stands for the `public` of every database.
    """
    found = {}
    for database in planner.backup.databases():
        target = planner.ids.get(database.id)
        public = planner.cluster.find_schema(target, "public") if target is not None else None
        if target is not None and public is not None:
            found[target] = public.id
    return found


def _needed_types(planner: _Planner, tables: Iterable[pb.TableDescriptor]) -> list[pb.TypeDescriptor]:
    """Return the user-defined types that the tables use, with their array aliases, in the order of ids."""
    found: dict[int, pb.TypeDescriptor] = {}
    for table in tables:
        for id_ in referenced_type_ids(table):
            _add_type(planner, table, id_, found)
    return [found[id_] for id_ in sorted(found)]


def _add_type(
    planner: _Planner, table: pb.TableDescriptor, id_: int, found: dict[int, pb.TypeDescriptor]
) -> None:
    member = planner.backup.get(id_)
    if not isinstance(member, pb.TypeDescriptor):
        raise OothecaError(f'cannot restore table "{table.name}" without referenced type {id_}')
    found[id_] = member
    alias_id = member.array_type_id
    alias = planner.backup.get(alias_id) if alias_id else None
    if isinstance(alias, pb.TypeDescriptor):
        found[alias_id] = alias


def _plan_types(
    planner: _Planner, database_ids: Iterable[int], tables: Iterable[pb.TableDescriptor]
) -> list[pb.TypeDescriptor]:
    """Return the types that are made, and map those that are there and fit."""
    types = {type_.id: type_ for type_ in _needed_types(planner, tables)}
    for database_id in database_ids:
        types |= {type_.id: type_ for type_ in planner.backup.types(database_id)}
    made = []
    for id_ in sorted(types):
        type_ = types[id_]
        if type_.parent_id not in planner.ids:
            raise OothecaError(
                f'type "{type_.name}" has unknown ParentID {type_.parent_id}',
                hint="its database is not restored with it; ootheca.open_backup reads the tables that use it",
            )
        schema = _target_schema(planner, type_.parent_id, type_.parent_schema_id)
        existing = planner.cluster.find_object(schema, type_.name) if schema is not None else None
        if existing is None:
            made.append(type_)
            continue
        _check_compatible(type_, existing)
        planner.ids[id_] = existing.id
    return made


def _check_compatible(type_: pb.TypeDescriptor, existing: pb.TableDescriptor | pb.TypeDescriptor) -> None:
    if not isinstance(existing, pb.TypeDescriptor):
        raise DuplicateTableError(f'relation "{type_.name}" already exists')

    def members(desc: pb.TypeDescriptor) -> list[tuple[str, bytes]]:
        return [(m.logical_representation, m.physical_representation) for m in desc.enum_members]

    if type_.kind != existing.kind or members(type_) != members(existing):
        raise DuplicateError(
            f'"{type_.name}" is not compatible with type "{existing.name}" existing in cluster',
            sqlstate="XXUUU",
        )


def _target_schema(planner: _Planner, database_id: int, schema_id: int) -> Schema | None:
    """Return the cluster's schema that an object goes to, if it is there already."""
    return planner.cluster.find_schema(
        planner.ids[database_id], planner.backup.schema_name(database_id, schema_id or PUBLIC_SCHEMA_ID)
    )


def _check_names(planner: _Planner, tables: Iterable[pb.TableDescriptor]) -> None:
    for table in tables:
        if planner.cluster.get(planner.ids[table.parent_id]) is None:
            continue  # its database is made by this restore
        schema = _target_schema(planner, table.parent_id, table.unexposed_parent_schema_id)
        if schema is not None and planner.cluster.find_object(schema, table.name) is not None:
            raise DuplicateTableError(f'relation "{table.name}" already exists')


def _in_order(tables: list[pb.TableDescriptor]) -> list[pb.TableDescriptor]:
    """Sort so that sequences come first and every view follows what it reads."""

    def rank(table: pb.TableDescriptor) -> int:
        return 0 if table.HasField("sequence_opts") else 2 if table.view_query else 1

    ordered = sorted((t for t in tables if rank(t) < 2), key=lambda t: (rank(t), t.id))
    views = [t for t in tables if rank(t) == 2]
    placed = {t.id for t in ordered}
    while views:
        ready = [v for v in views if all(i in placed for i in v.dependsOn)] or views[:1]
        ordered.extend(sorted(ready, key=lambda t: t.id))
        placed |= {v.id for v in ready}
        views = [v for v in views if v.id not in placed]
    return ordered
