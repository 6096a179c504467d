"""Actions for ALTER TABLE, CREATE INDEX and ALTER INDEX."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ootheca.sql import ast
from ootheca.sql.build_core import Children, action, actions, constants
from ootheca.sql.build_table import tail_of

__all__: list[str] = []


# ALTER TABLE
def _alter_table(if_exists: bool, c: Children) -> ast.AlterTable:
    name, commands = c[-2:]
    return ast.AlterTable(name, tuple(commands), if_exists)


def _alter_locality(if_exists: bool, c: Children) -> ast.AlterTable:
    name, locality = c[-2:]
    return ast.AlterTable(name, (), if_exists, locality)


actions(_alter_table, alter_table=(False,), alter_table_if_exists=(True,))
actions(_alter_locality, alter_table_locality=(False,), alter_table_locality_if_exists=(True,))


@action
def add_column(c: Children) -> ast.AddColumn:
    return ast.AddColumn(c[-1], len(c) == 2 and bool(c[0]))


@action
def add_constraint(c: Children) -> ast.AddConstraint:
    return ast.AddConstraint(c[0], bool(c[1]))


@action
def drop_constraint(c: Children) -> ast.DropConstraint:
    return ast.DropConstraint(c[1], bool(c[0]), c[2] or "")


@action
def drop_column(c: Children) -> ast.DropColumn:
    return ast.DropColumn(c[-2], bool(c[-3]), c[-1] or "")


def _command(node: Any, c: Children) -> Any:
    return node(*c)


actions(
    _command,
    rename_constraint=(ast.RenameConstraint,),
    rename_to=(ast.RenameTo,),
    validate_constraint=(ast.ValidateConstraint,),
    set_schema=(ast.SetSchema,),
    owner_to=(ast.OwnerTo,),
)


@action
def rename_column(c: Children) -> ast.RenameColumn:
    return ast.RenameColumn(c[-2], c[-1])


@action
def alter_primary_key(c: Children) -> ast.AlterPrimaryKey:
    tail = tail_of(ast.AlterPrimaryKey, c[1:])
    return ast.AlterPrimaryKey(tuple(c[0]), tail.get("sharding"), tail.get("interleave"))


@action
def split_at(c: Children) -> ast.SplitAt:
    return ast.SplitAt(c[0], c[1])


@action
def unsplit_at(c: Children) -> ast.UnsplitAt:
    return ast.UnsplitAt(c[0] if c else None)


def _relocate(kind: Any, c: Children) -> ast.Relocate:
    return ast.Relocate(c[0] if c else None, kind)


actions(_relocate, relocate=("RELOCATE",), relocate_lease=("RELOCATE LEASE",), scatter=("SCATTER",))


@action
def set_parameters(c: Children) -> ast.SetStorageParameters:
    return ast.SetStorageParameters(tuple(c[0]))


@action
def reset_parameters(c: Children) -> ast.SetStorageParameters:
    return ast.SetStorageParameters(tuple((name, None) for name in c[0]))


def _column_command(node: Any, extra: tuple[Any, ...], c: Children) -> tuple[Any, tuple[Any, ...]]:
    return node, (*c, *extra)


actions(
    _column_command,
    c_set_default=(ast.SetDefault, ()),
    c_drop_default=(ast.DropDefault, ()),
    c_set_on_update=(ast.AlterColumnOnUpdate, ()),
    c_drop_on_update=(ast.AlterColumnOnUpdate, (None,)),
    c_set_not_null=(ast.SetNotNull, ()),
    c_drop_not_null=(ast.DropNotNull, ()),
    c_drop_stored=(ast.DropStored, ()),
    c_set_visible=(ast.SetVisible, (True,)),
    c_set_hidden=(ast.SetVisible, (False,)),
    c_type=(ast.AlterColumnType, ()),
)


@action
def alter_column(c: Children) -> Any:
    name, (node, arguments) = c[-2:]
    return node(name, *arguments)


# Indexes
constants(
    __name__,
    kind_unique=(True, False),
    kind_inverted=(False, True),
    kind_unique_inverted=(True, True),
)


def _create_index(has_name: bool, if_not_exists: bool, c: Children) -> ast.CreateIndex:
    kind, concurrently, *rest = c
    if if_not_exists:
        rest = rest[1:]
    name = rest.pop(0) if has_name else None
    table, method, columns, *tail = rest
    is_unique, is_inverted = kind or (False, False)
    return ast.CreateIndex(
        table,
        tuple(columns),
        name,
        is_unique,
        is_inverted or method in ("gin", "gist"),
        bool(concurrently),
        if_not_exists,
        **tail_of(ast.CreateIndex, tail),
    )


actions(
    _create_index,
    create_index=(False, False),
    create_index_named=(True, False),
    create_index_if_not_exists=(True, True),
)


def _alter_index(if_exists: bool, c: Children) -> ast.AlterIndex:
    return replace(c[-1], name=c[-2], if_exists=if_exists)  # type: ignore[no-any-return]


actions(_alter_index, alter_index=(False,), alter_index_if_exists=(True,))
_ANY_INDEX = ast.IndexName(None, "")


@action
def index_rename(c: Children) -> ast.AlterIndex:
    return ast.AlterIndex(_ANY_INDEX, "RENAME TO", c[0])


@action
def index_split(c: Children) -> ast.AlterIndex:
    return ast.AlterIndex(_ANY_INDEX, "SPLIT AT", query=c[0])


@action
def index_unsplit(c: Children) -> ast.AlterIndex:
    return ast.AlterIndex(_ANY_INDEX, "UNSPLIT AT", query=c[0] if c else None)


@action
def index_scatter(c: Children) -> ast.AlterIndex:
    del c
    return ast.AlterIndex(_ANY_INDEX, "SCATTER")


@action
def index_partition(c: Children) -> ast.AlterIndex:
    return ast.AlterIndex(_ANY_INDEX, "PARTITION BY", partition_by=c[0])
