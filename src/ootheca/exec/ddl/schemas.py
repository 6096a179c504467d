"""CREATE, ALTER and DROP SCHEMA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.build import add_schema
from ootheca.catalog.catalog import Schema
from ootheca.errors import DuplicateError, OothecaError, UndefinedDatabaseError
from ootheca.exec.comments import Comments
from ootheca.exec.ddl.moving import drop_relation, move_in_engine
from ootheca.exec.resolver import table_name
from ootheca.exec.result import Result
from ootheca.exec.roles import Roles
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_VIRTUAL = frozenset({"pg_catalog", "information_schema", "crdb_internal", "pg_extension"})


def run(statement: ast.CreateSchema | ast.AlterSchema | ast.DropSchema, session: Session) -> Result:
    """Create, change or drop schemas."""
    match statement:
        case ast.CreateSchema():
            return _create(statement, session)
        case ast.DropSchema():
            return _drop(statement, session)
        case _:
            return _alter(statement, session)


def _database(session: Session, name: ast.ObjectName) -> pb.DatabaseDescriptor:
    database = name.prefix[-1] if name.prefix else session.database
    if not database:
        raise OothecaError("no database specified", sqlstate="42P15", hint="SET DATABASE to one")
    return session.catalog.resolve_database(database)


def _find(session: Session, name: ast.ObjectName) -> Schema | None:
    return session.catalog.find_schema(_database(session, name).id, name.object)


def _require(session: Session, name: ast.ObjectName) -> Schema:
    found = _find(session, name)
    if found is None:
        raise UndefinedDatabaseError(f'unknown schema "{name.object}"', sqlstate="3F000")
    return found


def _create(statement: ast.CreateSchema, session: Session) -> Result:
    name = statement.name or ast.ObjectName((statement.owner or session.user,))
    database = _database(session, name)
    owner = statement.owner or session.user
    Roles(session).require(owner)
    if name.object.startswith("pg_"):
        raise OothecaError(
            f'unacceptable schema name "{name.object}"',
            sqlstate="42939",
            detail='The prefix "pg_" is reserved for system schemas.',
        )
    if name.object in _VIRTUAL or session.catalog.find_schema(database.id, name.object) is not None:
        if not statement.if_not_exists:
            raise DuplicateError(f'schema "{name.object}" already exists', sqlstate="42P06")
        session.notice(f'schema "{name.object}" already exists, skipping')
        return Result.command("CREATE SCHEMA")
    add_schema(session.catalog, database.id, name.object, session.rules, owner=owner)
    session.engine.create_schema(database.name, name.object)
    return Result.command("CREATE SCHEMA")


def _drop(statement: ast.DropSchema, session: Session) -> Result:
    for name in statement.names:
        if statement.if_exists and _find(session, name) is None:
            continue
        schema = _require(session, name)
        _drop_schema(session, schema, cascade=statement.behavior == "CASCADE")
    return Result.command("DROP SCHEMA")


def _drop_schema(session: Session, schema: Schema, *, cascade: bool) -> None:
    catalog = session.catalog
    if schema.name == "public":
        raise OothecaError('cannot drop schema "public"', sqlstate="42602")
    tables = catalog.tables(schema.database_id, schema.id)
    types = [member for member in catalog.types(schema.database_id) if member.parent_schema_id == schema.id]
    if (tables or types) and not cascade:
        raise OothecaError(
            f'schema "{schema.name}" is not empty and CASCADE was not specified', sqlstate="2BP01"
        )
    for table in tables:
        drop_relation(session, table, cascade=True)
    for member in types:
        if member.referencing_descriptor_ids:
            names = [
                ".".join(catalog.qualified_name(catalog.table(i))) for i in member.referencing_descriptor_ids
            ]
            raise OothecaError(
                f'cannot drop type "{member.name}" because other objects ([{" ".join(names)}]) still depend on it',
                sqlstate="2BP01",
            )
        catalog.drop(member.id)
    database = catalog.change_database(schema.database_id)
    del database.schemas[schema.name]
    catalog.drop(schema.id)
    Comments(session).drop_object(schema.id)
    session.engine.drop_schema(database.name, schema.name)


def _alter(statement: ast.AlterSchema, session: Session) -> Result:
    schema = _require(session, statement.name)
    catalog = session.catalog
    if schema.name == "public":
        raise OothecaError('cannot modify schema "public"', sqlstate="42602")
    if statement.action == "OWNER TO":
        Roles(session).require(statement.value)
        catalog.change_schema(schema.id).privileges.owner_proto = statement.value
        return Result.command("ALTER SCHEMA")
    if catalog.find_schema(schema.database_id, statement.value) is not None:
        raise DuplicateError(f'schema "{statement.value}" already exists', sqlstate="42P06")
    database = catalog.change_database(schema.database_id)
    tables = catalog.tables(schema.database_id, schema.id)
    old_names = {table.id: table_name(session, table) for table in tables}
    del database.schemas[schema.name]
    database.schemas[statement.value].id = schema.id
    catalog.change_schema(schema.id).name = statement.value
    session.engine.create_schema(database.name, statement.value)
    for table in tables:
        move_in_engine(session, table, old_names[table.id], table_name(session, table))
    session.engine.drop_schema(database.name, schema.name)
    return Result.command("ALTER SCHEMA")
