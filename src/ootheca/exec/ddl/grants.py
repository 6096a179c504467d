"""GRANT and REVOKE, on objects and of roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.privileges import ObjectKind, grant, revoke
from ootheca.catalog.targets import resolve_targets
from ootheca.errors import OothecaError, UndefinedDatabaseError, UndefinedError, UnsupportedError
from ootheca.exec.connections import Connections
from ootheca.exec.privileges import SYSTEM, Privileges, Securable, external_connection
from ootheca.exec.result import Result
from ootheca.exec.roles import Roles
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_Change = tuple[pb.PrivilegeDescriptor, ObjectKind]


def run(statement: ast.Grant | ast.Revoke, session: Session) -> Result:
    """Change the privileges of every object named, or memberships."""
    is_grant = isinstance(statement, ast.Grant)
    roles = Roles(session)
    for grantee in statement.grantees:
        roles.require(grantee)
    if statement.roles:
        for role in statement.roles:
            roles.require(role)
            for grantee in statement.grantees:
                # REVOKE ADMIN OPTION FOR leaves the membership, without the right to give it away.
                keeps = is_grant or statement.with_option
                is_admin = is_grant and statement.with_option
                roles.set_member(grantee, role, is_member=keeps, is_admin=is_admin)
        return Result.command("GRANT" if is_grant else "REVOKE")
    securables = list(_securables(statement, session))
    if securables:
        _change_securables(statement, securables, session)
        return Result.command("GRANT" if is_grant else "REVOKE")
    assert statement.target is not None
    for privileges, kind in _targets(statement.target, session):
        for grantee in statement.grantees:
            if is_grant:
                grant(privileges, grantee, statement.privileges, kind, with_option=statement.with_option)
            else:
                revoke(privileges, grantee, statement.privileges, kind)
    return Result.command("GRANT" if is_grant else "REVOKE")


def _securables(statement: ast.Grant | ast.Revoke, session: Session) -> Iterator[Securable]:
    """Yield what the statement names that has no descriptor."""
    target = statement.target
    if target is None:
        yield SYSTEM
    elif target.kind == "EXTERNAL CONNECTION":
        connections = Connections(session)
        for name in target.names:
            try:
                yield external_connection(connections.get(name.object).name)
            except UndefinedError as exc:
                raise exc.prefixed("failed to resolve External Connection") from None


def _change_securables(
    statement: ast.Grant | ast.Revoke, securables: Iterable[Securable], session: Session
) -> None:
    privileges, connections = Privileges(session), Connections(session)
    for securable in securables:
        if not (securable.name and connections.is_owner(connections.get(securable.name))):
            privileges.require_option(securable, statement.privileges)
        for grantee in statement.grantees:
            if isinstance(statement, ast.Grant):
                privileges.grant(securable, grantee, statement.privileges, with_option=statement.with_option)
            else:
                privileges.revoke(securable, grantee, statement.privileges, only_option=statement.with_option)


def _targets(target: ast.GrantOnTarget, session: Session) -> Iterator[_Change]:
    """Yield the staged privileges of every object, and its kind."""
    catalog = session.catalog
    match target.kind:
        case "TABLE":
            for id_ in _table_ids(target, session):
                yield catalog.change_table(id_).privileges, "table"
        case "DATABASE":
            for name in target.names:
                database = catalog.resolve_database(name.object)
                yield catalog.change_database(database.id).privileges, "database"
        case "SCHEMA":
            for name in target.names:
                yield _schema(name, session), "schema"
        case "TYPE":
            for name in target.names:
                desc = catalog.resolve_type(name.parts, session.database)
                yield catalog.change_type(desc.id).privileges, "type"
        case "ALL TABLES IN SCHEMA":
            for name in target.names:
                database = catalog.resolve_database(name.prefix[-1] if name.prefix else session.database)
                schema = catalog.find_schema(database.id, name.object)
                if schema is None:
                    raise UndefinedDatabaseError(f'unknown schema "{name.object}"', sqlstate="3F000")
                for table in catalog.tables(database.id, schema.id):
                    yield catalog.change_table(table.id).privileges, "table"
        case kind:
            raise UnsupportedError(f"unimplemented: GRANT ON {kind} is not supported")


def _table_ids(target: ast.GrantOnTarget, session: Session) -> tuple[int, ...]:
    for pattern in target.patterns:
        if not pattern.is_wildcard:
            session.catalog.resolve_table(pattern.parts, session.database)
    found = resolve_targets(
        session.catalog,
        tables=[(pattern.parts, pattern.is_wildcard) for pattern in target.patterns],
        current_database=session.database,
        rules=session.rules,
    )
    return found.table_ids


def _schema(name: ast.ObjectName, session: Session) -> pb.PrivilegeDescriptor:
    catalog = session.catalog
    database = catalog.resolve_database(name.prefix[-1] if name.prefix else session.database)
    schema = catalog.find_schema(database.id, name.object)
    if schema is None:
        raise UndefinedDatabaseError(f'unknown schema "{name.object}"', sqlstate="3F000")
    if not isinstance(catalog.get(schema.id), pb.SchemaDescriptor):
        raise OothecaError(f"cannot change privileges on schema {schema.name}", sqlstate="42601")
    return catalog.change_schema(schema.id).privileges
