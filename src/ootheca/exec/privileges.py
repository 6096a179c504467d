"""Privileges on what has no descriptor: external connections, and the system itself.

Kept in the store's metadata by the paths of newer versions' table `system.privileges`: `/externalconn/<name>` and
`/global/`. Admins hold all of them, and so does the owner of a connection.

Source: reference/sql/06 §2 (Privileges); the words of errors are those of version 22.2 and later.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ootheca.errors import AccessDeniedError, InvalidOptionError
from ootheca.exec.roles import Roles

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["SYSTEM", "Privileges", "Securable", "external_connection"]

_KEY: Final = "privileges"
_ALL: Final = "ALL"


@dataclass(frozen=True, slots=True)
class Securable:
    """What privileges can be on.

    Attributes:
        path: in the store's metadata.
        kind: in errors, as `external_connection`.
        name: in errors; empty for the system.
        words: the privileges that it knows, besides ALL.
    """

    path: str
    kind: str
    name: str
    words: tuple[str, ...]


SYSTEM: Final = Securable(
    "/global/",
    "system",
    "",
    (
        "BACKUP",
        "CANCELQUERY",
        "CHANGEFEED",
        "CONTROLJOB",
        "CREATEDB",
        "CREATELOGIN",
        "CREATEROLE",
        "EXTERNALCONNECTION",
        "EXTERNALIOIMPLICITACCESS",
        "MANAGEVIRTUALCLUSTER",
        "MODIFYCLUSTERSETTING",
        "MODIFYSQLCLUSTERSETTING",
        "NOSQLLOGIN",
        "REPAIRCLUSTER",
        "REPLICATION",
        "RESTORE",
        "VIEWACTIVITY",
        "VIEWACTIVITYREDACTED",
        "VIEWCLUSTERMETADATA",
        "VIEWCLUSTERSETTING",
        "VIEWDEBUG",
        "VIEWJOB",
        "VIEWSYSTEMTABLE",
    ),
)


def external_connection(name: str) -> Securable:
    """Return an external connection as what privileges are on."""
    return Securable(f"/externalconn/{name}", "external_connection", name, ("DROP", "UPDATE", "USAGE"))


class Privileges:
    """The privileges of a store's users and roles on such things."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def grant(self, on: Securable, user: str, words: Sequence[str], *, with_option: bool) -> None:
        """Add privileges of a user or role, with the option that they can be granted on.

        Raises:
            InvalidOptionError: a privilege that is not of this kind.
        """
        _check_words(on, words)
        held, options = self._held(on, user)
        self._put(on, user, held | set(words), options | set(words) if with_option else options)

    def revoke(self, on: Securable, user: str, words: Sequence[str], *, only_option: bool) -> None:
        """Take privileges of a user or role away, or only the option; taking one of ALL leaves the others.

        Raises:
            InvalidOptionError: a privilege that is not of this kind.
        """
        _check_words(on, words)
        held, options = self._held(on, user)
        left = held if only_option else _without(on, held, words)
        self._put(on, user, left, _without(on, options, words) & _spread(on, left))

    def forget(self, on: Securable) -> None:
        """Take all privileges away, for what they are on is dropped."""
        everything = self._all()
        if everything.pop(on.path, None) is not None:
            self._session.put_meta(_KEY, everything)

    def forget_user(self, user: str) -> None:
        """Take all privileges of a user or role away."""
        for path, rows in self._all().items():
            if user in rows:
                self._put_rows(path, {name: row for name, row in rows.items() if name != user})

    def granted(self, on: Securable) -> list[tuple[str, str, bool]]:
        """Return (user or role, privilege, whether it can be granted on), sorted."""
        rows = self._all().get(on.path, {})
        return sorted(
            (user, word, word in row["options"] or _ALL in row["options"])
            for user, row in rows.items()
            for word in row["privileges"]
        )

    def has(self, on: Securable, word: str, *, with_option: bool = False) -> bool:
        """Tell whether the session's user holds a privilege: as an admin, itself, by a role, or as everybody does."""
        roles = Roles(self._session)
        if roles.is_admin(self._session.user):
            return True
        rows = self._all().get(on.path, {})
        which = "options" if with_option else "privileges"
        names = (*roles.acting_as(self._session.user), "public")
        return any({word, _ALL} & set(rows[name][which]) for name in names if name in rows)

    def require(self, on: Securable, word: str) -> None:
        """Make sure that the session's user holds a privilege.

        Raises:
            AccessDeniedError: `user … does not have … privilege on external_connection …`.
        """
        if not self.has(on, word):
            raise AccessDeniedError(
                f"user {self._session.user} does not have {word} privilege on {on.kind} {on.name}".rstrip(),
                hint=f"an admin can say: GRANT {word} ON EXTERNAL CONNECTION {on.name} TO {self._session.user}"
                if on.name
                else f"an admin can say: GRANT SYSTEM {word} TO {self._session.user}",
            )

    def require_option(self, on: Securable, words: Sequence[str]) -> None:
        """Make sure that the session's user may grant privileges, and take them away.

        Raises:
            AccessDeniedError: `user … missing WITH GRANT OPTION privilege on …`.
        """
        missing = [word for word in words if not self.has(on, word, with_option=True)]
        if missing:
            raise AccessDeniedError(
                f"user {self._session.user} missing WITH GRANT OPTION privilege on {', '.join(missing)}",
                hint="an admin can grant it WITH GRANT OPTION",
            )

    def _all(self) -> dict[str, dict[str, dict[str, list[str]]]]:
        found: dict[str, Any] = self._session.meta(_KEY, {})
        return found

    def _held(self, on: Securable, user: str) -> tuple[set[str], set[str]]:
        row = self._all().get(on.path, {}).get(user, {"privileges": [], "options": []})
        return set(row["privileges"]), set(row["options"])

    def _put(self, on: Securable, user: str, held: set[str], options: set[str]) -> None:
        rows = self._all().get(on.path, {})
        rows.pop(user, None)
        if held:
            rows[user] = {"privileges": _folded(held), "options": _folded(options)}
        self._put_rows(on.path, rows)

    def _put_rows(self, path: str, rows: dict[str, dict[str, list[str]]]) -> None:
        everything = self._all()
        everything[path] = rows
        self._session.put_meta(_KEY, {path: each for path, each in everything.items() if each})


def _check_words(on: Securable, words: Sequence[str]) -> None:
    for word in words:
        if word != _ALL and word not in on.words:
            raise InvalidOptionError(
                f"invalid privilege type {word} for {on.kind}",
                sqlstate="0LP01",
                hint=f"the privileges are ALL, {', '.join(on.words)}",
            )


def _spread(on: Securable, words: Collection[str]) -> set[str]:
    return {_ALL, *on.words} if _ALL in words else set(words)


def _without(on: Securable, held: set[str], words: Collection[str]) -> set[str]:
    if _ALL in words or not held & {_ALL, *words}:
        return set() if _ALL in words else held
    return _spread(on, held) - {_ALL} - set(words)


def _folded(words: set[str]) -> list[str]:
    """ALL swallows the others."""
    return [_ALL] if _ALL in words else sorted(words)
