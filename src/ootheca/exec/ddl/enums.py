"""CREATE, ALTER and DROP TYPE: enums and the aliases of their arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.build import add_enum, middle_bytes
from ootheca.catalog.catalog import Schema
from ootheca.errors import DuplicateError, OothecaError, UndefinedError, UnsupportedError
from ootheca.exec.ddl.support import is_taken, target_schema
from ootheca.exec.resolver import table_name
from ootheca.exec.result import Result
from ootheca.exec.roles import Roles
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_ADD_VALUE_STEPS = 2  # the member is readable first, and may be written in a second step


def run(statement: ast.CreateType | ast.AlterType | ast.DropType, session: Session) -> Result:
    """Create, change or drop enums."""
    match statement:
        case ast.CreateType():
            return _create(statement, session)
        case ast.DropType():
            return _drop(statement, session)
        case _:
            return _alter(statement, session)


def _create(statement: ast.CreateType, session: Session) -> Result:
    schema = target_schema(session, statement.name, kind="type")
    labels = statement.labels
    for label in labels:
        _require_label(label)
    if len(set(labels)) != len(labels):
        double = next(label for i, label in enumerate(labels) if label in labels[:i])
        raise OothecaError(f'enum definition contains duplicate value "{double}"', sqlstate="42P16")
    if not is_taken(session, schema, statement.name.object, if_not_exists=statement.if_not_exists):
        add_enum(session.catalog, schema, statement.name.object, labels, session.rules, owner=session.user)
    return Result.command("CREATE TYPE")


def _drop(statement: ast.DropType, session: Session) -> Result:
    catalog = session.catalog
    if statement.behavior == "CASCADE":
        raise UnsupportedError("unimplemented: DROP TYPE CASCADE is not yet supported")
    for name in statement.names:
        if statement.if_exists and catalog.find_relation(name.parts, session.database) is None:
            continue
        desc = _enum(session, name, "drop")
        if desc.referencing_descriptor_ids:
            users = [
                ".".join(catalog.qualified_name(catalog.table(id_)))
                for id_ in desc.referencing_descriptor_ids
            ]
            raise OothecaError(
                f'cannot drop type "{desc.name}" because other objects ([{" ".join(users)}]) still depend on it',
                sqlstate="2BP01",
            )
        catalog.drop(desc.id)
        catalog.drop(desc.array_type_id)
    return Result.command("DROP TYPE")


def _enum(session: Session, name: ast.ObjectName, verb: str) -> pb.TypeDescriptor:
    desc = session.catalog.resolve_type(name.parts, session.database)
    if desc.kind == pb.TypeDescriptor.ALIAS:
        raise OothecaError(
            f'"{desc.name}" is an implicit array type and cannot be modified'
            if verb == "alter"
            else f'cannot drop type "{desc.name}" because it is an array type',
            sqlstate="42809",
        )
    return desc


def _alter(statement: ast.AlterType, session: Session) -> Result:
    desc = _enum(session, statement.name, "alter")
    catalog = session.catalog
    match statement.action:
        case "ADD VALUE":
            _add_value(statement, session, desc)
        case "RENAME VALUE":
            _rename_value(statement, session, desc)
        case "RENAME TO":
            _rename(session, desc, statement.new_value)
        case "OWNER TO":
            Roles(session).require(statement.new_value)
            for id_ in (desc.id, desc.array_type_id):
                catalog.change_type(id_).privileges.owner_proto = statement.new_value
        case "SET SCHEMA":
            schema = catalog.find_schema(desc.parent_id, statement.new_value)
            if schema is None:
                raise UndefinedError(f'unknown schema "{statement.new_value}"', sqlstate="3F000")
            is_taken(session, schema, desc.name, if_not_exists=False)
            for id_ in (desc.id, desc.array_type_id):
                catalog.change_type(id_).parent_schema_id = schema.id
        case action:
            raise UnsupportedError(f"unimplemented: ALTER TYPE {action} is not supported")
    return Result.command("ALTER TYPE")


def _require_label(label: str) -> None:
    if "\0" in label:
        raise OothecaError('invalid byte sequence for encoding "UTF8": 0x00', sqlstate="22021")


def _add_value(statement: ast.AlterType, session: Session, desc: pb.TypeDescriptor) -> None:
    _require_label(statement.value)
    labels = [member.logical_representation for member in desc.enum_members]
    if statement.value in labels:
        if statement.if_not_exists:
            session.notice(f'enum label "{statement.value}" already exists, skipping')
            return
        raise DuplicateError(f'enum label "{statement.value}" already exists')
    position = len(labels)
    if statement.placement:
        if statement.neighbor not in labels:
            raise OothecaError(f'"{statement.neighbor}" is not an existing enum label', sqlstate="22023")
        position = labels.index(statement.neighbor) + (statement.placement == "AFTER")
    staged = session.catalog.change_type(desc.id, _ADD_VALUE_STEPS)
    members = list(staged.enum_members)
    low = members[position - 1].physical_representation if position else b""
    high = members[position].physical_representation if position < len(members) else b""
    added = pb.EnumMember(
        physical_representation=middle_bytes(low, high), logical_representation=statement.value
    )
    del staged.enum_members[:]
    staged.enum_members.extend([*members[:position], added, *members[position:]])
    if session.rules.bumps_alias_on_add_value:
        session.catalog.change_type(desc.array_type_id)
    for table, column_id in _columns_of(session, desc):
        session.engine.refresh_column(table_name(session, table), session.describe(table.id), column_id)


def _rename_value(statement: ast.AlterType, session: Session, desc: pb.TypeDescriptor) -> None:
    labels = [member.logical_representation for member in desc.enum_members]
    if statement.value not in labels:
        raise OothecaError(f'"{statement.value}" is not an existing enum label', sqlstate="22023")
    _require_label(statement.new_value)
    if statement.new_value in labels:
        raise DuplicateError(f'enum label "{statement.new_value}" already exists')
    staged = session.catalog.change_type(desc.id)
    staged.enum_members[labels.index(statement.value)].logical_representation = statement.new_value
    for table, column_id in _columns_of(session, desc):
        session.engine.rename_label(
            table_name(session, table),
            session.describe(table.id),
            column_id,
            statement.value,
            statement.new_value,
        )


def _rename(session: Session, desc: pb.TypeDescriptor, new_name: str) -> None:
    catalog = session.catalog
    schema = Schema(
        desc.parent_id, desc.parent_schema_id, catalog.schema_name(desc.parent_id, desc.parent_schema_id)
    )
    is_taken(session, schema, new_name, if_not_exists=False)
    catalog.change_type(desc.id).name = new_name
    array_name = f"_{new_name}"
    while catalog.find_object(schema, array_name) is not None:
        array_name = f"_{array_name}"
    catalog.change_type(desc.array_type_id).name = array_name


def _columns_of(session: Session, desc: pb.TypeDescriptor) -> list[tuple[pb.TableDescriptor, int]]:
    """Return the columns that are of the enum or of its array."""
    oids = {100_000 + desc.id, 100_000 + desc.array_type_id}
    found: list[tuple[pb.TableDescriptor, int]] = []
    for id_ in desc.referencing_descriptor_ids:
        table = session.catalog.table(id_)
        found.extend((table, column.id) for column in table.columns if column.type.oid in oids)
    return found
