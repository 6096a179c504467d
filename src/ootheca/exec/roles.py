"""Users and roles, their options, and who is a member of which role: `system.users`, `role_options`, `role_members`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from ootheca.errors import DuplicateError, UndefinedError
from ootheca.exec.system_tables import SystemTable

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["Role", "Roles"]

_BUILT_IN = ("admin", "root")
# Options of which only the other half is written down: what is not said holds.
_SAID_WHEN_REFUSED: Final = frozenset({"LOGIN", "SQLLOGIN"})


class Role:
    """A user or role: name, whether it is a role, its options as SHOW ROLES words them, the roles it belongs to."""

    def __init__(
        self, name: str, *, is_role: bool, options: Iterable[str] = (), member_of: Iterable[str] = ()
    ) -> None:
        self.name = name
        self.is_role = is_role
        self.options = sorted(options)
        self.member_of = sorted(member_of)


class Roles:
    """The users and roles of a store; `admin` and `root` are always there."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._users = SystemTable(session, "users")
        self._options = SystemTable(session, "role_options")
        self._members = SystemTable(session, "role_members")

    def all(self) -> list[Role]:
        """Return all users and roles, sorted by name."""
        options: dict[str, list[str]] = {}
        for name, option, value in self._options.rows("username", "option", "value"):
            options.setdefault(name, []).append(option if value is None else f"{option}={value}")
        groups = self._groups()
        return [
            Role(name, is_role=is_role, options=options.get(name, ()), member_of=groups.get(name, ()))
            for name, is_role in self._users.rows("username", "isRole")
        ]

    def memberships(self) -> list[tuple[str, str, bool]]:
        """Return (role, member, whether the member may give the role away), sorted."""
        return [
            (role, member, is_admin)
            for role, member, is_admin in self._members.rows("role", "member", "isAdmin")
        ]

    def require(self, name: str) -> None:
        """Make sure that a grantee exists.

        Raises:
            UndefinedError: it does not.
        """
        if name != "public" and not self.exists(name):
            raise UndefinedError(f"user or role {name} does not exist")

    def exists(self, name: str) -> bool:
        """Tell whether there is such a user or role."""
        return name in _BUILT_IN or any(name == row[0] for row in self._users.rows("username"))

    def add(self, name: str, *, is_role: bool) -> None:
        """Create a user or role without a password.

        Raises:
            DuplicateError: the name is taken.
        """
        if name == "public" or self.exists(name):
            raise DuplicateError(f"a role/user named {name} already exists")
        self._users.put({"username": name, "hashedPassword": self._no_password, "isRole": is_role})

    def set_password(self, name: str, hashed: bytes | None) -> None:
        """Set a password by its hash, or take it away with None."""
        is_role = next(row[1] for row in self._users.rows("username", "isRole") if row[0] == name)
        stored = self._no_password if hashed is None else hashed
        self._users.put({"username": name, "hashedPassword": stored, "isRole": is_role})

    def options(self, name: str) -> list[str]:
        """Return the options of a user or role, as SHOW ROLES words them; none if there is no such."""
        return next((role.options for role in self.all() if role.name == name), [])

    def is_admin(self, name: str) -> bool:
        """Tell whether a user is `admin`, or a member of it by way of any role."""
        return name in _BUILT_IN or "admin" in self.acting_as(name)

    def acting_as(self, name: str) -> set[str]:
        """Return a user or role, and all roles that it is a member of by way of any role."""
        groups = self._groups()
        seen: set[str] = set()
        pending = [name]
        while pending:
            current = pending.pop()
            seen.add(current)
            pending += [group for group in groups.get(current, ()) if group not in seen]
        return seen

    def _groups(self) -> dict[str, list[str]]:
        """Return the roles that each user or role is a member of."""
        groups: dict[str, list[str]] = {}
        for group, member, _ in self.memberships():
            groups.setdefault(member, []).append(group)
        return groups

    @property
    def _no_password(self) -> bytes | None:
        return b"" if self._session.profile.keeps_empty_password else None

    def set_options(self, name: str, options: Mapping[str, str | None]) -> None:
        """Change options of a user or role; of an option and its `NO` form only one half is ever written down.

        Args:
            options: values by words; only VALID UNTIL has one.
        """
        for word, value in options.items():
            subject = word.removeprefix("NO")
            is_written = word.startswith("NO") == (subject in _SAID_WHEN_REFUSED)
            key = f"NO{subject}" if subject in _SAID_WHEN_REFUSED else subject
            if is_written:
                self._options.put({"username": name, "option": key, "value": value})
            else:
                self._options.delete(username=name, option=key)

    def drop(self, name: str) -> None:
        """Remove a user or role, also as a role of others."""
        self._users.delete(username=name)
        self._options.delete(username=name)
        self._members.delete(role=name)
        self._members.delete(member=name)

    def set_member(self, name: str, role: str, *, is_member: bool, is_admin: bool = False) -> None:
        """Make a user or role a member of a role, or no longer."""
        if is_member:
            self._members.put({"role": role, "member": name, "isAdmin": is_admin})
        else:
            self._members.delete(role=role, member=name)
