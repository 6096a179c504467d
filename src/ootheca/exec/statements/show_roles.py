"""SHOW USERS, ROLES and GRANTS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.privileges import granted
from ootheca.catalog.targets import resolve_targets
from ootheca.errors import UndefinedDatabaseError, UnsupportedError
from ootheca.exec.connections import Connections
from ootheca.exec.privileges import Privileges, external_connection
from ootheca.exec.result import Result, ResultColumn, boolean, string
from ootheca.exec.roles import Roles
from ootheca.sql import ast
from ootheca.types import STRING, array_of

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_Row = tuple[object, ...]


def run(statement: ast.ShowUsers | ast.ShowRoles | ast.ShowGrants, session: Session) -> Result:
    """List users and roles, memberships, or privileges."""
    if isinstance(statement, ast.ShowGrants):
        return _memberships(statement, session) if statement.is_role else _grants(statement, session)
    columns = (string("username"), string("options"), ResultColumn("member_of", array_of(STRING)))
    rows = [(role.name, ", ".join(role.options), role.member_of) for role in Roles(session).all()]
    return Result.of_rows(
        columns, rows, tag="SHOW USERS" if isinstance(statement, ast.ShowUsers) else "SHOW ROLES"
    )


def _memberships(statement: ast.ShowGrants, session: Session) -> Result:
    columns = (string("role_name"), string("member"), boolean("is_admin"))
    rows = [
        (role, member, is_admin)
        for role, member, is_admin in Roles(session).memberships()
        if (not statement.roles or role in statement.roles)
        and (not statement.grantees or member in statement.grantees)
    ]
    return Result.of_rows(columns, rows, tag="SHOW GRANTS")


def _grants(statement: ast.ShowGrants, session: Session) -> Result:
    kind = statement.target.kind if statement.target is not None else "TABLE"
    if statement.target is not None and kind == "EXTERNAL CONNECTION":
        return _connection_grants(statement, statement.target, session)
    words = {
        "DATABASE": ("database_name",),
        "SCHEMA": ("database_name", "schema_name"),
        "TYPE": ("database_name", "schema_name", "type_name"),
        "TABLE": ("database_name", "schema_name", "table_name"),
    }.get(kind)
    if words is None:
        raise UnsupportedError(f"unimplemented: SHOW GRANTS ON {kind} is not supported")
    rows = [
        (*names, row.user_proto, word)
        for names, member in _objects(kind, statement.target, session)
        for row in member.privileges.users
        if not statement.grantees or row.user_proto in statement.grantees
        for word in granted(row.privileges)
    ]
    columns = [*map(string, words), string("grantee"), string("privilege_type")]
    return Result.of_rows(columns, sorted(rows), tag="SHOW GRANTS")


def _connection_grants(statement: ast.ShowGrants, target: ast.GrantOnTarget, session: Session) -> Result:
    columns = [
        string("connection_name"), string("grantee"), string("privilege_type"), boolean("is_grantable")
    ]  # fmt: skip
    connections, privileges = Connections(session), Privileges(session)
    rows: list[_Row] = []
    for name in target.names:
        connection = connections.get(name.object)
        granted_to = privileges.granted(external_connection(connection.name))
        holders = sorted({("admin", "ALL", True), ("root", "ALL", True), (connection.owner, "ALL", True)})
        rows += [(connection.name, *row) for row in (*holders, *granted_to)]
    shown = {row for row in rows if not statement.grantees or row[1] in statement.grantees}
    return Result.of_rows(columns, sorted(shown), tag="SHOW GRANTS")


def _objects(
    kind: str, target: ast.GrantOnTarget | None, session: Session
) -> Iterator[
    tuple[_Row, pb.TableDescriptor | pb.DatabaseDescriptor | pb.TypeDescriptor | pb.SchemaDescriptor]
]:
    catalog = session.catalog
    names: Iterable[ast.ObjectName] = target.names if target is not None else ()
    match kind:
        case "DATABASE":
            for name in names:
                database = catalog.resolve_database(name.object)
                yield (database.name,), database
        case "SCHEMA":
            for name in names:
                database = catalog.resolve_database(name.prefix[-1] if name.prefix else session.database)
                schema = catalog.find_schema(database.id, name.object)
                if schema is None:
                    raise UndefinedDatabaseError(f'unknown schema "{name.object}"', sqlstate="3F000")
                member = catalog.get(schema.id)
                if isinstance(member, pb.SchemaDescriptor):
                    yield (database.name, schema.name), member
        case "TYPE":
            for name in names:
                desc = catalog.resolve_type(name.parts, session.database)
                yield catalog.qualified_name(desc), desc
        case _:
            for id_ in _table_ids(target, session):
                table = catalog.table(id_)
                yield catalog.qualified_name(table), table


def _table_ids(target: ast.GrantOnTarget | None, session: Session) -> Iterable[int]:
    if target is None:
        database = session.catalog.resolve_database(session.database)
        return [table.id for table in session.catalog.tables(database.id)]
    for pattern in target.patterns:
        if not pattern.is_wildcard:
            session.catalog.resolve_table(pattern.parts, session.database)
    return resolve_targets(
        session.catalog,
        tables=[(pattern.parts, pattern.is_wildcard) for pattern in target.patterns],
        current_database=session.database,
        rules=session.rules,
    ).table_ids
