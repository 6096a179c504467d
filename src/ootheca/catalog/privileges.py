"""Privileges: bit fields by kind of object, what a new object inherits, and grants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from ootheca import pb
from ootheca.catalog.rules import DescriptorRules
from ootheca.errors import InvalidOptionError

__all__ = [
    "ObjectKind",
    "database_privileges",
    "grant",
    "granted",
    "inherit_privileges",
    "public_schema_privileges",
    "revoke",
]

ObjectKind = Literal["database", "schema", "table", "type"]

_KINDS = {
    "ALL": 1, "CREATE": 2, "DROP": 3, "GRANT": 4, "SELECT": 5, "INSERT": 6, "DELETE": 7, "UPDATE": 8, "USAGE": 9,
    "ZONECONFIG": 10, "CONNECT": 11,
}  # fmt: skip
_VALID: dict[ObjectKind, tuple[str, ...]] = {
    "database": (
        "ALL",
        "CONNECT",
        "CREATE",
        "DROP",
        "GRANT",
        "SELECT",
        "INSERT",
        "DELETE",
        "UPDATE",
        "ZONECONFIG",
    ),
    "schema": ("ALL", "GRANT", "CREATE", "USAGE"),
    "table": ("ALL", "CREATE", "DROP", "GRANT", "SELECT", "INSERT", "DELETE", "UPDATE", "ZONECONFIG"),
    "type": ("ALL", "GRANT", "USAGE"),
}
_ALL = 1 << _KINDS["ALL"]
_USAGE = 1 << _KINDS["USAGE"]


def _mask(kind: ObjectKind) -> int:
    return sum(1 << _KINDS[word] for word in _VALID[kind])


def _descriptor(
    rows: dict[str, tuple[int, int]], owner: str, rules: DescriptorRules
) -> pb.PrivilegeDescriptor:
    desc = pb.PrivilegeDescriptor(owner_proto=owner, version=rules.privileges_version)
    for user, (bits, options) in sorted(rows.items()):
        row = desc.users.add(user_proto=user, privileges=bits)
        if rules.has_grant_options:
            row.with_grant_option = options
    return desc


def _rows(desc: pb.PrivilegeDescriptor) -> dict[str, tuple[int, int]]:
    return {row.user_proto: (row.privileges, row.with_grant_option) for row in desc.users}


def database_privileges(rules: DescriptorRules, owner: str = "root") -> pb.PrivilegeDescriptor:
    """Return what a new database grants: everything to `admin` and `root`, and CONNECT to `public` where it exists."""
    rows = {"admin": (_ALL, _ALL), "root": (_ALL, _ALL)}
    if rules.grants_to_public:
        rows["public"] = (1 << _KINDS["CONNECT"], 0)
    return _descriptor(rows, owner, rules)


def public_schema_privileges(rules: DescriptorRules) -> pb.PrivilegeDescriptor:
    """Return what the schema `public` of a new database grants."""
    rows = {"admin": (_ALL, _ALL), "root": (_ALL, _ALL), "public": (_USAGE | 1 << _KINDS["CREATE"], 0)}
    return _descriptor(rows, "admin", rules)


def inherit_privileges(
    parent: pb.PrivilegeDescriptor,
    kind: ObjectKind,
    rules: DescriptorRules,
    *,
    owner: str = "root",
    in_public_schema: bool = True,
) -> pb.PrivilegeDescriptor:
    """Return what a new object inside a database grants: the database's grants that make sense for it."""
    mask = _mask(kind)
    rows = {user: (bits & mask, options & mask) for user, (bits, options) in _rows(parent).items()}
    if kind == "type" and (in_public_schema or rules.usage_in_user_schemas):
        bits, options = rows.get("public", (0, 0))
        rows["public"] = (bits | _USAGE, options)
    return _descriptor(rows, owner, rules)


def _bits(words: Iterable[str], kind: ObjectKind) -> int:
    bits = 0
    for word in words:
        if word not in _VALID[kind]:
            raise InvalidOptionError(f"invalid privilege type {word} for {kind}", sqlstate="0LP01")
        bits |= 1 << _KINDS[word]
    return bits


def grant(
    desc: pb.PrivilegeDescriptor,
    user: str,
    words: Iterable[str],
    kind: ObjectKind,
    *,
    with_option: bool = False,
) -> None:
    """Add rights of a user, in the order of names; ALL swallows the others.

    Raises:
        InvalidOptionError: a privilege that objects of this kind do not know.
    """
    bits = _bits(words, kind)
    rows = _rows(desc)
    had, options = rows.get(user, (0, 0))
    has_options = any(row.HasField("with_grant_option") for row in desc.users)
    total = _ALL if (had | bits) & _ALL else had | bits
    # Whoever holds ALL may grant it on: such rights came with the right to grant before options existed.
    granted_options = options | bits if with_option or bits & _ALL else options
    rows[user] = (total, _ALL if granted_options & _ALL else granted_options)
    _write(desc, rows, has_options)


def revoke(desc: pb.PrivilegeDescriptor, user: str, words: Iterable[str], kind: ObjectKind) -> None:
    """Take rights of a user away; taking one of ALL leaves the others.

    Raises:
        InvalidOptionError: a privilege that objects of this kind do not know.
    """
    bits = _bits(words, kind)
    rows = _rows(desc)
    if user not in rows:
        return
    has_options = any(row.HasField("with_grant_option") for row in desc.users)
    had, options = rows[user]
    parts = _mask(kind) & ~_ALL if had & _ALL else had
    left = 0 if bits & _ALL else parts & ~bits
    if left:
        rows[user] = (left, options & left)
    else:
        del rows[user]
    _write(desc, rows, has_options)


def _write(desc: pb.PrivilegeDescriptor, rows: dict[str, tuple[int, int]], has_options: bool) -> None:
    del desc.users[:]
    for user, (bits, options) in sorted(rows.items()):
        row = desc.users.add(user_proto=user, privileges=bits)
        if has_options:
            row.with_grant_option = options


def granted(bits: int) -> tuple[str, ...]:
    """Return the words of a bit field, sorted as SHOW GRANTS lists them."""
    return tuple(sorted(word for word, kind in _KINDS.items() if bits & 1 << kind))
