"""CREATE, ALTER and DROP DATABASE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.build import add_database
from ootheca.catalog.system_tables import SYSTEM_DATABASE_ID
from ootheca.errors import DuplicateDatabaseError, OothecaError, UnsupportedError
from ootheca.exec.comments import Comments
from ootheca.exec.ddl.moving import drop_relation, move_in_engine
from ootheca.exec.resolver import table_name
from ootheca.exec.result import Result
from ootheca.exec.roles import Roles
from ootheca.exec.zones import Zones
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["drop_database", "run"]


def run(statement: ast.CreateDatabase | ast.AlterDatabase | ast.DropDatabase, session: Session) -> Result:
    """Create, change or drop a database."""
    match statement:
        case ast.CreateDatabase():
            return _create(statement, session)
        case ast.DropDatabase():
            return _drop(statement, session)
        case _:
            return _alter(statement, session)


def _create(statement: ast.CreateDatabase, session: Session) -> Result:
    if not statement.name:
        raise OothecaError("empty database name", sqlstate="42601")
    if statement.primary_region is not None or statement.regions or statement.survival_goal is not None:
        raise UnsupportedError("unimplemented: multi-region databases are not supported")
    if session.catalog.find_database(statement.name) is not None:
        if not statement.if_not_exists:
            raise DuplicateDatabaseError(f'database "{statement.name}" already exists')
        session.notice(f'database "{statement.name}" already exists, skipping')
        return Result.command("CREATE DATABASE")
    add_database(session.catalog, statement.name, session.profile, session.rules, owner=session.user)
    session.engine.create_schema(statement.name, "public")
    return Result.command("CREATE DATABASE")


def _drop(statement: ast.DropDatabase, session: Session) -> Result:
    if statement.if_exists and session.catalog.find_database(statement.name) is None:
        return Result.command("DROP DATABASE")
    database = session.catalog.resolve_database(statement.name)
    if database.id == SYSTEM_DATABASE_ID:
        raise OothecaError("user root does not have DROP privilege on database system", sqlstate="42501")
    has_objects = bool(session.catalog.tables(database.id) or session.catalog.types(database.id))
    if has_objects and statement.behavior == "RESTRICT":
        raise OothecaError(
            f'database "{database.name}" is not empty and RESTRICT was specified', sqlstate="2BP01"
        )
    if has_objects and not statement.behavior and session.variables.flag("sql_safe_updates"):
        raise OothecaError(
            "rejected (sql_safe_updates = true): DROP DATABASE on non-empty database without explicit CASCADE",
            sqlstate="01000",
        )
    drop_database(session, database)
    return Result.command("DROP DATABASE")


def drop_database(session: Session, database: pb.DatabaseDescriptor) -> None:
    """Drop a database with everything in it."""
    catalog = session.catalog
    for table in catalog.tables(database.id):
        drop_relation(session, table, cascade=True)
    for type_desc in catalog.types(database.id):
        catalog.drop(type_desc.id)
    for schema in catalog.schemas(database.id):
        session.engine.drop_schema(database.name, schema.name)
        if isinstance(catalog.get(schema.id), pb.SchemaDescriptor):
            catalog.drop(schema.id)
    catalog.drop(database.id)
    Comments(session).drop_object(database.id)
    Zones(session).drop(database.id)


def _alter(statement: ast.AlterDatabase, session: Session) -> Result:
    if statement.if_exists and session.catalog.find_database(statement.name) is None:
        return Result.command("ALTER DATABASE")
    database = session.catalog.resolve_database(statement.name)
    match statement.action:
        case "RENAME TO":
            _rename(session, database, statement.value)
            return Result.command("RENAME DATABASE")
        case "OWNER TO":
            Roles(session).require(statement.value)
            session.catalog.change_database(database.id).privileges.owner_proto = statement.value
            return Result.command("ALTER DATABASE OWNER")
        case action:
            raise UnsupportedError(f"unimplemented: ALTER DATABASE … {action} is not supported")


def _rename(session: Session, database: pb.DatabaseDescriptor, new_name: str) -> None:
    catalog = session.catalog
    if not new_name:
        raise OothecaError("empty database name", sqlstate="42601")
    if new_name == database.name:
        return
    if catalog.find_database(new_name) is not None:
        raise DuplicateDatabaseError(f'database "{new_name}" already exists')
    relations = catalog.tables(database.id)
    for relation in relations:
        if relation.dependsOn:
            # A view's text names the database.
            source = catalog.table(relation.dependsOn[0])
            raise OothecaError(
                f'cannot rename database because relation "{".".join(catalog.qualified_name(relation))}" '
                f'depends on relation "{".".join(catalog.qualified_name(source))}"',
                sqlstate="2BP01",
                hint=f"you can drop {relation.name} instead",
            )
    old_names = {relation.id: table_name(session, relation) for relation in relations}
    old_name = database.name
    catalog.change_database(database.id).name = new_name
    for schema in catalog.schemas(database.id):
        session.engine.create_schema(new_name, schema.name)
    for relation in relations:
        move_in_engine(session, relation, old_names[relation.id], table_name(session, relation))
    for schema in catalog.schemas(database.id):
        session.engine.drop_schema(old_name, schema.name)
