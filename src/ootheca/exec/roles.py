"""Users and roles, and who is a member of which role; kept in the store's metadata."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ootheca.errors import DuplicateError, UndefinedError

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["Role", "Roles"]

_KEY = "roles"
_BUILT_IN = ("admin", "root")


class Role:
    """A user or role: name, whether it is a role, its options, the roles it belongs to."""

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

    def all(self) -> list[Role]:
        """Return all users and roles, sorted by name."""
        found = [Role("admin", is_role=True), Role("root", is_role=False, member_of=("admin",))]
        for name, entry in self._session.meta(_KEY, {}).items():
            found.append(
                Role(name, is_role=entry["is_role"], options=entry["options"], member_of=entry["member_of"])
            )
        return sorted(found, key=lambda role: role.name)

    def require(self, name: str) -> None:
        """Make sure that a grantee exists.

        Raises:
            UndefinedError: it does not.
        """
        if name not in ("public", *_BUILT_IN) and name not in self._session.meta(_KEY, {}):
            raise UndefinedError(f"user or role {name} does not exist")

    def add(self, name: str, *, is_role: bool, options: Iterable[str]) -> None:
        """Create a user or role.

        Raises:
            DuplicateError: the name is taken.
        """
        entries = self._session.meta(_KEY, {})
        if name in entries or name in ("public", *_BUILT_IN):
            raise DuplicateError(f"a role/user named {name} already exists")
        entries[name] = {"is_role": is_role, "options": sorted(options), "member_of": []}
        self._session.put_meta(_KEY, entries)

    def exists(self, name: str) -> bool:
        """Tell whether there is such a user or role."""
        return name in _BUILT_IN or name in self._session.meta(_KEY, {})

    def set_options(self, name: str, options: Iterable[str]) -> None:
        """Change the options of a user or role; an option and its `NO` form replace each other."""
        entries = self._session.meta(_KEY, {})
        kept = set(entries[name]["options"])
        for option in options:
            opposite = option.removeprefix("NO") if option.startswith("NO") else f"NO{option}"
            kept.discard(opposite)
            kept.add(option)
        entries[name]["options"] = sorted(kept)
        self._session.put_meta(_KEY, entries)

    def drop(self, name: str) -> None:
        """Remove a user or role, also as a role of others."""
        entries = self._session.meta(_KEY, {})
        del entries[name]
        for entry in entries.values():
            entry["member_of"] = [role for role in entry["member_of"] if role != name]
        self._session.put_meta(_KEY, entries)

    def set_member(self, name: str, role: str, *, is_member: bool) -> None:
        """Make a user or role a member of a role, or no longer."""
        entries = self._session.meta(_KEY, {})
        if name not in entries:
            return
        roles = set(entries[name]["member_of"])
        (roles.add if is_member else roles.discard)(role)
        entries[name]["member_of"] = sorted(roles)
        self._session.put_meta(_KEY, entries)
