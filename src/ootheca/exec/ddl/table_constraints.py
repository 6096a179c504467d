"""CHECK and FOREIGN KEY constraints of a table descriptor."""

from __future__ import annotations

from collections.abc import Sequence

from ootheca import pb
from ootheca.errors import DuplicateError, OothecaError, UndefinedColumnError, UnsupportedError
from ootheca.exec.ddl.builder import TableBuilder
from ootheca.exec.ddl.table_indexes import all_indexes, fresh_name
from ootheca.sql import ast
from ootheca.types import SQLType

__all__ = ["add_check", "add_foreign_key", "link_foreign_keys", "unlink_foreign_key"]

_ACTIONS = {
    "": pb.ForeignKeyAction.NO_ACTION,
    "NO ACTION": pb.ForeignKeyAction.NO_ACTION,
    "RESTRICT": pb.ForeignKeyAction.RESTRICT,
    "SET NULL": pb.ForeignKeyAction.SET_NULL,
    "SET DEFAULT": pb.ForeignKeyAction.SET_DEFAULT,
    "CASCADE": pb.ForeignKeyAction.CASCADE,
}
_MATCHES = {
    "": pb.ForeignKeyMatch.SIMPLE,
    "SIMPLE": pb.ForeignKeyMatch.SIMPLE,
    "FULL": pb.ForeignKeyMatch.FULL,
    "PARTIAL": pb.ForeignKeyMatch.PARTIAL,
}


def add_check(builder: TableBuilder, definition: ast.CheckConstraint) -> pb.CheckConstraint:
    """Append a CHECK constraint; unnamed ones are called after the columns in the order they appear."""
    desc = builder.desc
    stored = builder.predicate(definition.expression, "CHECK")
    if definition.name is not None and _is_taken(desc, definition.name):
        raise DuplicateError(f'duplicate constraint name: "{definition.name}"')
    name = definition.name or fresh_name(desc, "_".join(["check", *stored.column_names]))
    ids = sorted(builder.column(column).id for column in stored.column_names)
    return desc.checks.add(expr=stored.text, name=name, validity=0, column_ids=ids)


def _is_taken(desc: pb.TableDescriptor, name: str) -> bool:
    return (
        any(index.name == name for index in all_indexes(desc))
        or any(check.name == name for check in desc.checks)
        or any(fk.name == name for fk in desc.outbound_fks)
    )


def add_foreign_key(
    builder: TableBuilder, definition: ast.ForeignKey, columns: Sequence[str]
) -> pb.ForeignKeyConstraint:
    """Append a foreign key to the table and to the one that it refers to.

    Raises:
        UndefinedTableError: that table is not there.
        OothecaError: the columns do not fit, or nothing makes the referenced ones unique.
    """
    desc = builder.desc
    referenced = _referenced_table(builder, definition)
    origin = [builder.column(name) for name in columns]
    targets = _referenced_columns(referenced, definition, len(origin))
    if len(targets) != len(origin):
        raise OothecaError(
            f"{len(origin)} columns must reference exactly {len(origin)} columns in referenced table "
            f"(found {len(targets)})",
            sqlstate="42601",
        )
    _check_types(builder, referenced, origin, targets)
    _check_unique(referenced, [column.id for column in targets])
    if definition.name is not None and _is_taken(desc, definition.name):
        raise DuplicateError(f'duplicate constraint name: "{definition.name}"')
    fk = pb.ForeignKeyConstraint(
        origin_table_id=desc.id,
        origin_column_ids=[column.id for column in origin],
        referenced_column_ids=[column.id for column in targets],
        referenced_table_id=referenced.id,
        name=definition.name or fresh_name(desc, _default_name(builder, columns, referenced)),
        on_delete=_ACTIONS[definition.on_delete],
        on_update=_ACTIONS[definition.on_update],
        match=_MATCHES[definition.match],
    )
    if fk.match == pb.ForeignKeyMatch.PARTIAL:
        raise UnsupportedError("unimplemented: this syntax")
    desc.outbound_fks.append(fk)
    return desc.outbound_fks[-1]


def link_foreign_keys(builder: TableBuilder) -> bool:
    """Copy the table's foreign keys to the tables that they refer to; tell whether there is another one among them."""
    desc = builder.desc
    is_other = False
    for fk in desc.outbound_fks:
        if fk.referenced_table_id == desc.id:
            target = desc
        else:
            present = builder.catalog.table(fk.referenced_table_id).inbound_fks
            if any(other.origin_table_id == desc.id and other.name == fk.name for other in present):
                continue
            target = builder.catalog.change_table(fk.referenced_table_id)
            is_other = True
        if not any(o.origin_table_id == desc.id and o.name == fk.name for o in target.inbound_fks):
            target.inbound_fks.append(fk)
    return is_other


def unlink_foreign_key(builder: TableBuilder, name: str) -> bool:
    """Remove a foreign key from both tables; tell whether there was one of that name."""
    desc = builder.desc
    fk = next((fk for fk in desc.outbound_fks if fk.name == name), None)
    if fk is None:
        return False
    target = (
        desc if fk.referenced_table_id == desc.id else builder.catalog.change_table(fk.referenced_table_id)
    )
    for other in list(target.inbound_fks):
        if other.origin_table_id == desc.id and other.name == name:
            target.inbound_fks.remove(other)
    desc.outbound_fks.remove(fk)
    return True


def _default_name(builder: TableBuilder, columns: Sequence[str], referenced: pb.TableDescriptor) -> str:
    if builder.rules.fk_name_after_table:
        return "_".join([builder.desc.name, *columns, "fkey"])
    return "_".join(["fk", *columns, "ref", referenced.name])


def _referenced_table(builder: TableBuilder, definition: ast.ForeignKey) -> pb.TableDescriptor:
    parts = definition.table.parts
    desc = builder.desc
    found = builder.catalog.find_table(parts, builder.session.database)
    if found is None:
        schema = builder.catalog.resolve_schema(parts[:-1], builder.session.database)
        own = (desc.parent_id, desc.unexposed_parent_schema_id, desc.name)
        if schema is not None and (schema.database_id, schema.id, parts[-1]) == own:
            return desc
        return builder.catalog.resolve_table(parts, builder.session.database)
    if found.view_query or found.HasField("sequence_opts"):
        raise OothecaError(f'referenced relation "{found.name}" is not a table', sqlstate="42809")
    if found.parent_id != desc.parent_id:
        raise OothecaError(
            "foreign references between databases are not allowed "
            "(see the 'sql.cross_db_fks.enabled' cluster setting)",
            sqlstate="55000",
        )
    return found


def _referenced_columns(
    referenced: pb.TableDescriptor, definition: ast.ForeignKey, num_columns: int
) -> list[pb.ColumnDescriptor]:
    by_name = {column.name: column for column in referenced.columns}
    if definition.referenced_columns:
        missing = next((name for name in definition.referenced_columns if name not in by_name), None)
        if missing is not None:
            raise UndefinedColumnError(f'column "{missing}" does not exist')
        return [by_name[name] for name in definition.referenced_columns]
    primary = referenced.primary_index
    implicit = primary.sharded.name
    names = [name for name in primary.column_names if name != implicit]
    return [by_name[name] for name in names[:num_columns]]


def _check_types(
    builder: TableBuilder,
    referenced: pb.TableDescriptor,
    origin: Sequence[pb.ColumnDescriptor],
    targets: Sequence[pb.ColumnDescriptor],
) -> None:
    for column, target in zip(origin, targets, strict=True):
        if column.type.family != target.type.family:
            raise OothecaError(
                f'type of "{column.name}" ({_type_word(builder.type_of(column))}) does not match foreign key '
                f'"{referenced.name}"."{target.name}" ({_type_word(builder.type_of(target))})',
                sqlstate="42804",
            )


def _type_word(t: SQLType) -> str:
    name = t.name.lower()
    return {"int8": "int", "float8": "float"}.get(name, name)


def _check_unique(referenced: pb.TableDescriptor, ids: Sequence[int]) -> None:
    for index in all_indexes(referenced):
        implicit = index.sharded.is_sharded
        keys = list(index.column_ids)[1:] if implicit else list(index.column_ids)
        if index.unique and not index.predicate and sorted(keys) == sorted(ids):
            return
    raise OothecaError(
        f"there is no unique constraint matching given keys for referenced table {referenced.name}",
        sqlstate="42830",
    )
