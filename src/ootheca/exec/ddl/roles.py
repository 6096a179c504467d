"""CREATE, ALTER and DROP USER or ROLE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.crypto.passwords import SALT_SIZE, hash_password
from ootheca.errors import OothecaError, UndefinedError, UnsupportedError
from ootheca.exec.connections import Connections
from ootheca.exec.places import text_of
from ootheca.exec.privileges import Privileges, external_connection
from ootheca.exec.result import Result
from ootheca.exec.roles import Roles
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_BUILT_IN = ("admin", "root", "public")


def run(statement: ast.CreateRole | ast.AlterRole | ast.DropRole, session: Session) -> Result:
    """Create, change or drop users and roles."""
    match statement:
        case ast.CreateRole():
            return _create(statement, session)
        case ast.AlterRole():
            return _alter(statement, session)
        case _:
            return _drop(statement, session)


def _name(value: ast.StringOrPlaceholder) -> str:
    if isinstance(value, ast.Placeholder):
        raise UnsupportedError("unimplemented: a placeholder without a value")
    return value.lower()


def _text(value: ast.KeyValue) -> str | None:
    """Return the value of an option; None where it is NULL."""
    return None if value.value is None or isinstance(value.value, tuple) else text_of(value.value)


def _options(statement: ast.CreateRole | ast.AlterRole) -> dict[str, str | None]:
    """Return the options' words with their values; the password is not one of them."""
    options: dict[str, str | None] = {}
    for option in statement.options:
        word = option.key.upper()
        if word == "VALID UNTIL":
            options[word] = _text(option)
        elif word != "PASSWORD":
            options[word] = None
    return options


def _set_password(statement: ast.CreateRole | ast.AlterRole, name: str, session: Session) -> None:
    """Keep the hash of the password that the statement sets, or take the password away with NULL."""
    for option in statement.options:
        if option.key.upper() == "PASSWORD":
            password = _text(option)
            salt = session.random(SALT_SIZE)
            Roles(session).set_password(name, None if password is None else hash_password(password, salt))


def _create(statement: ast.CreateRole, session: Session) -> Result:
    roles, name = Roles(session), _name(statement.name)
    if statement.if_not_exists and roles.exists(name):
        return Result.command("CREATE ROLE")
    options = _options(statement)
    if not statement.is_user and "LOGIN" not in options:
        options["NOLOGIN"] = None
    roles.add(name, is_role=not statement.is_user)
    _set_password(statement, name, session)
    roles.set_options(name, options)
    return Result.command("CREATE ROLE")


def _alter(statement: ast.AlterRole, session: Session) -> Result:
    roles, name = Roles(session), _name(statement.name)
    if not roles.exists(name):
        if statement.if_exists:
            return Result.command("ALTER ROLE")
        raise UndefinedError(f"role/user {name} does not exist")
    if name in _BUILT_IN:
        raise OothecaError(f"cannot edit {name} role", sqlstate="42501")
    _set_password(statement, name, session)
    roles.set_options(name, _options(statement))
    return Result.command("ALTER ROLE")


def _drop(statement: ast.DropRole, session: Session) -> Result:
    roles = Roles(session)
    for value in statement.names:
        name = _name(value)
        if name in _BUILT_IN:
            raise OothecaError(f"cannot drop special role {name}", sqlstate="42601")
        if not roles.exists(name):
            if statement.if_exists:
                continue
            raise UndefinedError(f"role/user {name} does not exist")
        holders = _grants_to(session, name)
        if holders:
            raise OothecaError(
                f"cannot drop role/user {name}: grants still exist on {', '.join(holders)}", sqlstate="2BP01"
            )
        Privileges(session).forget_user(name)
        roles.drop(name)
    return Result.command("DROP ROLE")


def _grants_to(session: Session, user: str) -> list[str]:
    """Return the names of the databases, tables and connections that grant something to the user."""
    catalog = session.catalog
    found = []
    for member in catalog:
        if all(row.user_proto != user for row in member.privileges.users):
            continue
        if isinstance(member, pb.DatabaseDescriptor):
            found.append(member.name)
        elif isinstance(member, pb.TableDescriptor):
            found.append(".".join(catalog.qualified_name(member)))
    privileges = Privileges(session)
    for connection in Connections(session).all():
        grantees = [grantee for grantee, *_ in privileges.granted(external_connection(connection.name))]
        if user in (connection.owner, *grantees):
            found.append(f"external connection {connection.name}")
    return found
