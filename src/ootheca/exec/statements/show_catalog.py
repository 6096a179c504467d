"""SHOW DATABASES, SCHEMAS, TABLES, TYPES, ENUMS and SEQUENCES."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.catalog import PUBLIC_SCHEMA_ID, Schema
from ootheca.errors import OothecaError, UndefinedDatabaseError
from ootheca.exec.comments import DATABASE, TABLE, Comments
from ootheca.exec.ddl.support import kind_of
from ootheca.exec.resolver import table_name
from ootheca.exec.result import Result, ResultColumn, integer, string
from ootheca.sql import ast
from ootheca.types import STRING, array_of

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_VIRTUAL_SCHEMAS = ("crdb_internal", "information_schema", "pg_catalog", "pg_extension")


def run(statement: ast.Statement, session: Session) -> Result:
    """List what the catalog holds."""
    match statement:
        case ast.ShowDatabases():
            return _databases(session, with_comment=statement.with_comment)
        case ast.ShowSchemas():
            return _schemas(session, _database(session, statement.database))
        case ast.ShowTables():
            return _tables(session, statement)
        case ast.ShowEnums():
            return _enums(session, statement.prefix)
        case ast.ShowSequences():
            return _sequences(session, _database(session, statement.database))
        case _:
            return _types(session)


def _database(session: Session, name: str | None) -> pb.DatabaseDescriptor:
    name = name if name is not None else session.database
    if not name:
        raise OothecaError("no database specified", sqlstate="42P15", hint="SET DATABASE to one")
    return session.catalog.resolve_database(name)


def _databases(session: Session, *, with_comment: bool) -> Result:
    columns = [string("database_name"), string("owner")]
    if session.rules.shows_regions:
        columns += [
            string("primary_region"),
            ResultColumn("regions", array_of(STRING)),
            string("survival_goal"),
        ]
    if with_comment:
        columns.append(string("comment"))
    rows = []
    for database in session.catalog.databases():
        row: list[object] = [database.name, database.privileges.owner_proto]
        if session.rules.shows_regions:
            row += [None, [], None]
        if with_comment:
            row.append(Comments(session).get(DATABASE, database.id))
        rows.append(row)
    return Result.of_rows(columns, rows, tag="SHOW DATABASES")


def _schemas(session: Session, database: pb.DatabaseDescriptor) -> Result:
    rows: list[tuple[str, str | None]] = []
    for schema in session.catalog.schemas(database.id):
        member = session.catalog.get(schema.id)
        owner = member.privileges.owner_proto if isinstance(member, pb.SchemaDescriptor) else "admin"
        rows.append((schema.name, owner))
    rows += [(name, None) for name in _VIRTUAL_SCHEMAS]
    return Result.of_rows((string("schema_name"), string("owner")), sorted(rows), tag="SHOW SCHEMAS")


def _tables(session: Session, statement: ast.ShowTables) -> Result:
    columns = [string("schema_name"), string("table_name"), string("type"), string("owner")]
    columns.append(integer("estimated_row_count"))
    if session.rules.shows_regions:
        columns.append(string("locality"))
    if statement.with_comment:
        columns.append(string("comment"))
    rows = []
    for schema, desc in _relations(session, statement.prefix):
        kind = kind_of(desc)
        has_rows = kind in ("table", "materialized view")
        count = session.engine.row_count(table_name(session, desc)) if has_rows else 0
        row: list[object] = [schema, desc.name, kind, desc.privileges.owner_proto, count]
        if session.rules.shows_regions:
            row.append(None)
        if statement.with_comment:
            row.append(Comments(session).get(TABLE, desc.id) or "")
        rows.append(row)
    return Result.of_rows(columns, sorted(rows, key=lambda row: (row[0], row[1])), tag="SHOW TABLES")


def _relations(session: Session, prefix: tuple[str, ...]) -> Iterator[tuple[str, pb.TableDescriptor]]:
    """Yield the relations of a schema, or of a database where only that was named, with their schemas."""
    database_id, schema = _scope(session, prefix)
    for desc in session.catalog.tables(database_id, schema.id if schema is not None else None):
        schema_id = desc.unexposed_parent_schema_id or PUBLIC_SCHEMA_ID
        yield session.catalog.schema_name(database_id, schema_id), desc


def _scope(session: Session, prefix: tuple[str, ...]) -> tuple[int, Schema | None]:
    catalog = session.catalog
    if not prefix:
        return _database(session, None).id, None
    if len(prefix) == 1:
        current = catalog.find_database(session.database)
        schema = catalog.find_schema(current.id, prefix[0]) if current is not None else None
        if schema is not None:
            return schema.database_id, schema
        database = catalog.find_database(prefix[0])
        if database is not None:
            return database.id, None
    else:
        schema = catalog.resolve_schema(prefix, session.database)
        if schema is not None:
            return schema.database_id, schema
    raise UndefinedDatabaseError("target database or schema does not exist", sqlstate="3F000")


def _enum_types(session: Session, prefix: tuple[str, ...]) -> Iterator[tuple[str, pb.TypeDescriptor]]:
    database_id, schema = _scope(session, prefix)
    for desc in session.catalog.types(database_id):
        schema_id = desc.parent_schema_id or PUBLIC_SCHEMA_ID
        if desc.kind != pb.TypeDescriptor.ALIAS and (schema is None or schema.id == schema_id):
            yield session.catalog.schema_name(database_id, schema_id), desc


def _enums(session: Session, prefix: tuple[str, ...]) -> Result:
    columns = (string("schema"), string("name"), ResultColumn("values", array_of(STRING)), string("owner"))
    rows = [
        (
            schema,
            desc.name,
            [m.logical_representation for m in desc.enum_members],
            desc.privileges.owner_proto,
        )
        for schema, desc in _enum_types(session, prefix)
    ]
    return Result.of_rows(columns, sorted(rows), tag="SHOW ENUMS")


def _types(session: Session) -> Result:
    columns = (string("schema"), string("name"), string("owner"))
    rows = [(schema, desc.name, desc.privileges.owner_proto) for schema, desc in _enum_types(session, ())]
    return Result.of_rows(columns, sorted(rows), tag="SHOW TYPES")


def _sequences(session: Session, database: pb.DatabaseDescriptor) -> Result:
    rows = []
    for desc in session.catalog.tables(database.id):
        if kind_of(desc) == "sequence":
            schema_id = desc.unexposed_parent_schema_id or PUBLIC_SCHEMA_ID
            rows.append((session.catalog.schema_name(database.id, schema_id), desc.name))
    return Result.of_rows(
        (string("sequence_schema"), string("sequence_name")), sorted(rows), tag="SHOW SEQUENCES"
    )
