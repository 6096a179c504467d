"""Actions for the columns of a table: types, qualifications, references."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ootheca.sql import ast
from ootheca.sql.build_core import Children, action, actions, as_tuple, constants
from ootheca.sql.build_ddl import sequence_options
from ootheca.sql.lalr import RejectedError

__all__ = ["reference"]


# Each qualification is a pair of what it sets and to what.
def _set(key: str, value: Any, c: Children) -> tuple[str, Any]:
    return key, c[0] if c else value


actions(
    _set,
    q_null=("is_nullable", True),
    q_not_null=("is_nullable", False),
    q_default=("default", None),
    q_on_update=("on_update", None),
    q_unique=("is_unique", True),
    q_unique_without_index=("is_unique_without_index", True),
    q_hidden=("is_hidden", True),
    q_collate=("collation", None),
    q_check=("check", None),
)


@action
def q_primary_key(c: Children) -> tuple[str, Any]:
    return "primary_key", c[0] if c else None


@action
def q_family(c: Children) -> tuple[str, Any]:
    return "family", (c[0], False, False)


@action
def q_create_family(c: Children) -> tuple[str, Any]:
    return "family", (c[0] or "", True, False)


@action
def q_create_family_if(c: Children) -> tuple[str, Any]:
    return "family", (c[-1], True, True)


def _computed(is_virtual: bool, c: Children) -> tuple[str, Any]:
    return "computed", ast.ComputedColumn(c[0], is_virtual)


actions(_computed, q_stored=(False,), q_virtual=(True,))


def _identity(is_always: bool, c: Children) -> tuple[str, Any]:
    return "identity", ast.Identity(is_always, sequence_options(pair for pair in c if pair is not None))


actions(_identity, q_identity=(True,), q_identity_default=(False,))


@action
def q_references(c: Children) -> tuple[str, Any]:
    table, referenced, match, *actions_ = c
    return "references", reference((), table, referenced, match, actions_)


@action
def named_qualification(c: Children) -> tuple[str, Any]:
    return "named", c


def reference(
    columns: tuple[str, ...], table: Any, referenced: Any, match: Any, fk_actions: list[Any]
) -> ast.ForeignKey:
    """Return a foreign key, of a column or of a table."""
    found: dict[str, str] = {}
    for key, what in fk_actions:
        if key in found:
            raise RejectedError("syntax error: duplicate referential action")
        found[key] = what
    return ast.ForeignKey(columns, table, as_tuple(referenced), **found, match=match or "")


def _fk_action(key: str, c: Children) -> tuple[str, str]:
    return key, c[0]


actions(_fk_action, on_delete=("on_delete",), on_update=("on_update",))
constants(
    __name__,
    act_no_action="NO ACTION",
    act_restrict="RESTRICT",
    act_cascade="CASCADE",
    act_set_null="SET NULL",
    act_set_default="SET DEFAULT",
    match_simple="SIMPLE",
    match_full="FULL",
    match_partial="PARTIAL",
)


@action
def column(c: Children) -> ast.ColumnDef:
    return _column(c[0], c[1], c[2:])


@action
def untyped_column(c: Children) -> ast.ColumnDef:
    return _column(c[0], None, c[1:])


class _ColumnBuilder:
    """Collects the qualifications of one column and refuses those that contradict each other."""

    def __init__(self, name: str, type_: ast.TypeName | None) -> None:
        self.fields: dict[str, Any] = {"name": name, "type": type_}
        self.checks: list[ast.CheckConstraint] = []
        self.names: list[tuple[str, str]] = []

    def refuse(self, what: str) -> RejectedError:
        name = self.fields["name"]
        return RejectedError(f'syntax error: {what} for column "{name}"', at_next=True)

    def add(self, key: str, value: Any, name: str | None = None) -> None:
        match key:
            case "named":
                self.add(value[1][0], value[1][1], value[0])
                return
            case "check":
                self.checks.append(ast.CheckConstraint(value, name))
                return
            case "collation":
                self._collate(value)
            case "primary_key":
                self._once("is_primary_key", True, "multiple primary keys")
                self.fields["primary_key_sharding"] = value
            case "family":
                self._once("family", value[0], "multiple FAMILY declarations")
                self.fields["creates_family"], self.fields["if_not_exists_family"] = value[1:]
            case "references":
                self._once("references", replace(value, name=name), "multiple foreign key constraints")
                return
            case "is_nullable":
                if self.fields.get(key, value) is not value:
                    raise self.refuse("conflicting NULL/NOT NULL declarations")
                self.fields[key] = value
            case "default":
                self._once(key, value, "multiple default values specified")
            case "is_unique":
                self.fields[key] = value
            case _:
                self.fields[key] = value
        if name is not None:
            self.names.append((_NAMED[key], name))

    def _once(self, key: str, value: Any, complaint: str) -> None:
        if key in self.fields:
            raise self.refuse(complaint)
        self.fields[key] = value

    def _collate(self, locale: str) -> None:
        base = self.fields["type"]
        if base is None:
            raise RejectedError("syntax error: COLLATE without a type", at_next=True)
        if base.collation is not None:
            raise self.refuse("multiple COLLATE declarations")
        self.fields["type"] = replace(base, collation=locale)

    def build(self) -> ast.ColumnDef:
        return ast.ColumnDef(**self.fields, checks=tuple(self.checks), constraint_names=tuple(self.names))


_NAMED = {
    "primary_key": "PRIMARY KEY",
    "is_unique": "UNIQUE",
    "is_unique_without_index": "UNIQUE",
    "default": "DEFAULT",
    "is_nullable": "NULL",
    "computed": "AS",
    "identity": "IDENTITY",
    "on_update": "ON UPDATE",
}


def _column(name: str, type_: ast.TypeName | None, qualifications: list[Any]) -> ast.ColumnDef:
    builder = _ColumnBuilder(name, type_)
    for key, value in qualifications:
        builder.add(key, value)
    return builder.build()
