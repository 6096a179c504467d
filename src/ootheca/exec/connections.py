"""External connections: names for storage and KMS URIs, kept in the store with their secrets.

Source: reference/sql/06 §2; the words of errors are those of version 22.2 and later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ootheca.errors import AccessDeniedError, DuplicateError, OothecaError, UndefinedError
from ootheca.exec.privileges import SYSTEM, Privileges, external_connection
from ootheca.exec.roles import Roles
from ootheca.uri import parse_storage_uri, redact_uri

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["Connection", "ConnectionType", "Connections", "connection_type"]

ConnectionType = Literal["STORAGE", "KMS"]

_KEY: Final = "external_connections"
_TYPES: Final[dict[str, ConnectionType]] = {
    "nodelocal": "STORAGE",
    "userfile": "STORAGE",
    "s3": "STORAGE",
    "gs": "STORAGE",
    "azure": "STORAGE",
    "azure-blob": "STORAGE",
    "azure-storage": "STORAGE",
    "aws-kms": "KMS",
    "gcp-kms": "KMS",
    "azure-kms": "KMS",
}


@dataclass(frozen=True, slots=True)
class Connection:
    """A name and the URI behind it; `uri` holds secrets, `redacted` is what may be shown."""

    name: str
    uri: str
    owner: str

    @property
    def type(self) -> ConnectionType:
        """What it can be used for."""
        return connection_type(self.uri)

    @property
    def redacted(self) -> str:
        """The URI without its secrets; a master key's name is one too."""
        return redact_uri(self.uri, kms=self.type == "KMS")

    def __repr__(self) -> str:
        return f"Connection({self.name!r}, {self.redacted!r})"


def connection_type(uri: str) -> ConnectionType:
    """Return what a URI can be used for.

    Raises:
        OothecaError: nothing that a connection can name.
    """
    scheme = parse_storage_uri(uri).scheme
    if scheme not in _TYPES:
        raise OothecaError(
            f"no parseAndValidateFn found for external connection provider {scheme}",
            hint=f"a connection names one of {', '.join(_TYPES)}",
        )
    return _TYPES[scheme]


class Connections:
    """The connections of a store, in its metadata."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._privileges = Privileges(session)

    def all(self) -> list[Connection]:
        """Return all connections, sorted by name."""
        entries = self._session.meta(_KEY, {})
        return [Connection(name, entry["uri"], entry["owner"]) for name, entry in sorted(entries.items())]

    def get(self, name: str) -> Connection:
        """Return one connection.

        Raises:
            UndefinedError: there is none of that name.
        """
        for connection in self.all():
            if connection.name == name:
                return connection
        raise UndefinedError(
            f"external connection with name {name} does not exist",
            hint="SHOW EXTERNAL CONNECTIONS lists those that do",
        )

    def exists(self, name: str) -> bool:
        """Tell whether there is a connection of that name."""
        return name in self._session.meta(_KEY, {})

    def visible(self) -> list[Connection]:
        """Return the connections that the session's user may see: an admin all, others their own and those granted."""
        return [connection for connection in self.all() if self._sees(connection)]

    def _sees(self, connection: Connection) -> bool:
        place = external_connection(connection.name)
        return self.is_owner(connection) or any(self._privileges.has(place, word) for word in place.words)

    def is_owner(self, connection: Connection) -> bool:
        """Tell whether a connection is that of the session's user, of a role of it, or the user an admin."""
        roles = Roles(self._session)
        return roles.is_admin(self._session.user) or connection.owner in roles.acting_as(self._session.user)

    def require(self, connection: Connection, word: str) -> None:
        """Make sure that the session's user may do something with a connection: USAGE, UPDATE or DROP.

        Raises:
            AccessDeniedError: neither an admin nor the owner, and not granted.
        """
        if not self.is_owner(connection):
            self._privileges.require(external_connection(connection.name), word)

    def require_create(self) -> None:
        """Make sure that the session's user may create connections.

        Raises:
            AccessDeniedError: neither an admin nor granted.
        """
        if not self._privileges.has(SYSTEM, "EXTERNALCONNECTION"):
            raise AccessDeniedError(
                "only users with the EXTERNALCONNECTION system privilege are allowed to CREATE EXTERNAL CONNECTION",
                hint=f"an admin can say: GRANT SYSTEM EXTERNALCONNECTION TO {self._session.user}",
            )

    def add(self, name: str, uri: str) -> None:
        """Create a connection; its owner is who does it.

        Raises:
            DuplicateError: the name is taken.
        """
        if self.exists(name):
            raise DuplicateError(
                f"failed to create external connection: external connection with connection name '{name}' already "
                "exists"
            )
        self._put({name: {"uri": uri, "owner": self._session.user}})

    def change(self, name: str, uri: str) -> None:
        """Give a connection another URI."""
        self._put({name: {"uri": uri, "owner": self.get(name).owner}})

    def drop(self, name: str) -> None:
        """Forget a connection and the privileges on it; one that is not there is no error."""
        entries = self._session.meta(_KEY, {})
        entries.pop(name, None)
        self._session.put_meta(_KEY, entries)
        self._privileges.forget(external_connection(name))

    def uri_of(self, name: str, used_as: ConnectionType) -> str:
        """Return the URI behind `external://name`, secrets included.

        Raises:
            UndefinedError: there is no such connection.
            AccessDeniedError: the session's user may not use it.
            OothecaError: it is of the other type.
        """
        try:
            connection = self.get(name)
        except UndefinedError as exc:
            raise exc.prefixed("failed to load external connection object") from None
        self.require(connection, "USAGE")
        if connection.type != used_as:
            raise OothecaError(f"{used_as} cannot use object of type {connection.type}")
        return connection.uri

    def _put(self, changed: dict[str, dict[str, str]]) -> None:
        self._session.put_meta(_KEY, {**self._session.meta(_KEY, {}), **changed})
