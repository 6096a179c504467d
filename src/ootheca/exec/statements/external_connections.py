"""CREATE, ALTER, DROP, SHOW and CHECK EXTERNAL CONNECTION.

Source: reference/sql/06 §2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ootheca.crypto.kms.registry import open_kms
from ootheca.errors import AccessDeniedError, OothecaError
from ootheca.exec.connections import Connection, Connections, connection_type
from ootheca.exec.places import kms_environment, storage_environment, text_of
from ootheca.exec.privileges import SYSTEM, Privileges
from ootheca.exec.result import Result, string
from ootheca.exec.statements.check_storage import check_storage
from ootheca.exec.statements.set_var import constant_text
from ootheca.names import format_string
from ootheca.sql import ast
from ootheca.storage.registry import open_storage
from ootheca.uri import parse_storage_uri

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

# What the server leaves in a place to see whether it can be used.
_MARKER: Final = "crdb_external_storage_location"
_MARKER_CONTENT: Final = b"a CockroachDB cluster has been configured to read and write to this location"
_MARKER_KEY: Final = b"a CockroachDB cluster has been configured to interact with this KMS"[:32]
_PROVIDER_NAMES: Final = {
    "azure-blob": "azure",
    "azure-storage": "azure",
    "aws-kms": "AWS KMS",
    "gcp-kms": "GCP KMS",
    "azure-kms": "Azure KMS",
}


def run(
    statement: ast.CreateExternalConnection
    | ast.AlterExternalConnection
    | ast.DropExternalConnection
    | ast.ShowExternalConnections
    | ast.ShowCreateExternalConnections
    | ast.CheckExternalConnection,
    session: Session,
) -> Result:
    """Change, list or try external connections."""
    connections = Connections(session)
    match statement:
        case ast.CreateExternalConnection():
            return _create(statement, session, connections)
        case ast.AlterExternalConnection():
            return _alter(statement, session, connections)
        case ast.DropExternalConnection():
            return _drop(statement, connections)
        case ast.ShowExternalConnections():
            columns = [string("connection_name"), string("connection_uri"), string("connection_type")]
            shown = [(each.name, each.redacted, each.type) for each in _named(statement.name, connections)]
            return Result.of_rows(columns, shown, tag="SHOW EXTERNAL CONNECTIONS")
        case ast.ShowCreateExternalConnections():
            columns = [string("connection_name"), string("create_statement")]
            rows = [(each.name, _create_text(each)) for each in _owned(statement.name, session, connections)]
            return Result.of_rows(columns, rows, tag="SHOW CREATE EXTERNAL CONNECTIONS")
        case _:
            return _check(statement, session)


def _check(statement: ast.CheckExternalConnection, session: Session) -> Result:
    workers = statement.concurrently
    return check_storage(
        session,
        text_of(statement.uri),
        transfer="" if statement.transfer is None else text_of(statement.transfer),
        duration="" if statement.time is None else text_of(statement.time),
        concurrently="" if workers is None else constant_text(workers),
    )


def _named(name: ast.StringOrPlaceholder | None, connections: Connections) -> list[Connection]:
    if name is None:
        return connections.visible()
    connection = connections.get(text_of(name))
    return [connection] if connection in connections.visible() else []


def _owned(
    name: ast.StringOrPlaceholder | None, session: Session, connections: Connections
) -> list[Connection]:
    """Return one connection or all, for those who may see their secrets."""
    may_see_all = Privileges(session).has(SYSTEM, "VIEWCLUSTERMETADATA")
    if name is None:
        if not may_see_all:
            raise AccessDeniedError(
                "must have VIEWCLUSTERMETADATA privilege to run `SHOW CREATE ALL EXTERNAL CONNECTIONS`",
                hint="SHOW EXTERNAL CONNECTIONS lists those that you may use",
            )
        return connections.all()
    connection = connections.get(text_of(name))
    if not may_see_all and not connections.is_owner(connection):
        raise AccessDeniedError(
            f'must have VIEWCLUSTERMETADATA privilege or be owner of the External Connection "{connection.name}"',
            hint="SHOW EXTERNAL CONNECTIONS shows it without its secrets",
        )
    return [connection]


def _create_text(connection: Connection) -> str:
    """Return the statement that makes a connection again: with its secrets, as the server prints it."""
    return f"CREATE EXTERNAL CONNECTION {format_string(connection.name)} AS {format_string(connection.uri)}"


def _create(statement: ast.CreateExternalConnection, session: Session, connections: Connections) -> Result:
    name, uri = text_of(statement.name), text_of(statement.uri)
    connections.require_create()
    if not (statement.if_not_exists and connections.exists(name)):
        _try(uri, session)
        connections.add(name, uri)
    return Result.command("CREATE EXTERNAL CONNECTION")


def _alter(statement: ast.AlterExternalConnection, session: Session, connections: Connections) -> Result:
    name, uri = text_of(statement.name), text_of(statement.uri)
    if not (statement.if_exists and not connections.exists(name)):
        connections.require(connections.get(name), "UPDATE")
        _try(uri, session)
        connections.change(name, uri)
    return Result.command("ALTER EXTERNAL CONNECTION")


def _drop(statement: ast.DropExternalConnection, connections: Connections) -> Result:
    name = text_of(statement.name)
    if connections.exists(name):
        connections.require(connections.get(name), "DROP")
        connections.drop(name)
    return Result.command("DROP EXTERNAL CONNECTION")


def _try(text: str, session: Session) -> None:
    """Use what a URI names: write, list and read back a marker, or wrap and unwrap a key.

    Parameters that nobody knows are refused whatever the version, for this statement came after they were.

    Raises:
        OothecaError: `failed to construct External Connection details: failed to create … external connection: …`.
    """
    try:
        is_kms = connection_type(text) == "KMS"
        scheme = parse_storage_uri(text).scheme
        try:
            if is_kms:
                _try_kms(text, session)
            else:
                _try_storage(text, session)
        except OothecaError as exc:
            name = _PROVIDER_NAMES.get(scheme, scheme)
            raise exc.prefixed(f"failed to create {name} external connection") from exc
    except OothecaError as exc:
        raise exc.prefixed("failed to construct External Connection details") from exc


def _try_kms(text: str, session: Session) -> None:
    kms = open_kms(text, replace(kms_environment(session), refuses_unknown_params=True))
    if kms.unwrap(kms.wrap(_MARKER_KEY)) != _MARKER_KEY:
        raise OothecaError("content mismatch: the key service gave back another key than it was given")


def _try_storage(text: str, session: Session) -> None:
    env = storage_environment(session)
    env = replace(env, profile=replace(env.profile, refuses_unknown_params=True))
    storage = open_storage(text, env)
    with _doing("failed to write a sentinel ExternalStorage file"):
        storage.write(_MARKER, _MARKER_CONTENT)
    with _doing("failed to list sentinel ExternalStorage file"):
        is_listed = any(info.name == _MARKER for info in storage.list(_MARKER))
    if not is_listed:
        raise OothecaError(f"failed to find sentinel ExternalStorage file '{_MARKER}'")
    with _doing("failed to read sentinel ExternalStorage file"):
        found = storage.read(_MARKER)
    if found != _MARKER_CONTENT:
        raise OothecaError("content mismatch: the sentinel ExternalStorage file was changed by someone else")


@contextmanager
def _doing(what: str) -> Iterator[None]:
    try:
        yield
    except OothecaError as exc:
        raise exc.prefixed(what) from exc
