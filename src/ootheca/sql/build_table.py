"""Actions for CREATE TABLE and its pieces: indexes, constraints, families, partitions, localities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ootheca.sql import ast
from ootheca.sql.build_columns import reference
from ootheca.sql.build_core import Children, action, actions, as_tuple, constants
from ootheca.sql.lalr import RejectedError

__all__ = ["tail_of"]


# Indexes, constraints, families
@action
def sharding(c: Children) -> ast.HashSharding:
    del c
    return ast.HashSharding()


@action
def sharding_count(c: Children) -> ast.HashSharding:
    return ast.HashSharding(c[-1])


@action
def sharding_parameters(c: Children) -> ast.HashSharding:
    parameters = dict(c[0])
    return ast.HashSharding(parameters.get("bucket_count"))


@action
def interleave(c: Children) -> ast.InterleaveClause:
    return ast.InterleaveClause(c[0], tuple(c[1]))


@action
def storing(c: Children) -> tuple[str, Any]:
    return "storing", tuple(c[-1])


@action
def predicate(c: Children) -> tuple[str, Any]:
    return "predicate", c[0]


constants(
    __name__,
    not_visible=("is_not_visible", True),
    visible=("is_not_visible", False),
    tail_not_valid=("is_not_valid", True),
)


@action
def storage_parameter(c: Children) -> tuple[str, ast.Expr]:
    return c[0], c[1]


@action
def storage_on(c: Children) -> tuple[str, ast.Expr]:
    return c[0], ast.ColumnRef(("on",))


def tail_of(node: Any, parts: list[Any]) -> dict[str, Any]:
    """Sort what follows the columns of an index or table by what it is; not every node takes everything."""
    found: dict[str, Any] = {}
    for part in parts:
        match part:
            case ast.HashSharding():
                found["sharding"] = part
            case ast.InterleaveClause():
                found["interleave"] = part
            case ast.PartitionBy():
                found["partition_by"] = part
            case list():
                found["storage_parameters"] = tuple(part)
            case (key, value):
                found[key] = value
            case str():
                found["locality"] = part
            case _:
                found["on_commit"] = "PRESERVE ROWS"
    if not found.keys() <= node.__dataclass_fields__.keys():
        raise RejectedError("syntax error")
    return found


@action
def index_column(c: Children) -> ast.IndexColumn:
    key, direction, nulls = c
    if isinstance(key, str):
        return ast.IndexColumn(key, (direction or "").upper(), nulls=nulls or "")  # type: ignore[arg-type]
    return ast.IndexColumn(None, (direction or "").upper(), key, nulls or "")  # type: ignore[arg-type]


@action
def index_expression(c: Children) -> ast.Expr:
    return c[0]  # type: ignore[no-any-return]


constants(__name__, word_first="FIRST", word_last="LAST")


def _index(is_unique: bool, is_inverted: bool, c: Children) -> ast.IndexDef:
    name, columns, *tail = c
    return ast.IndexDef(tuple(columns), name, is_unique, is_inverted, **tail_of(ast.IndexDef, tail))


actions(_index, index=(False, False), unique_index=(True, False), inverted_index=(False, True))


@action
def family(c: Children) -> ast.FamilyDef:
    return ast.FamilyDef(tuple(c[-1]), c[0] if len(c) == 2 else None)


@action
def like_table(c: Children) -> ast.LikeTable:
    return ast.LikeTable(c[0], tuple(c[1:]))


def _like_option(word: str, c: Children) -> str:
    return f"{word} {c[0].upper()}"


actions(_like_option, including=("INCLUDING",), excluding=("EXCLUDING",))


@action
def check(c: Children) -> ast.CheckConstraint:
    return ast.CheckConstraint(c[0])


@action
def primary_key(c: Children) -> ast.PrimaryKey:
    return ast.PrimaryKey(tuple(c[0]), **tail_of(ast.PrimaryKey, c[1:]))


def _unique(without_index: bool, c: Children) -> ast.UniqueConstraint:
    return ast.UniqueConstraint(
        tuple(c[0]), without_index=without_index, **tail_of(ast.UniqueConstraint, c[1:])
    )


actions(_unique, unique=(False,), unique_without_index=(True,))


@action
def foreign_key(c: Children) -> ast.ForeignKey:
    columns, table, referenced, match, *actions_ = c
    return reference(tuple(columns), table, referenced, match, actions_)


@action
def named_constraint(c: Children) -> Any:
    return replace(c[2], name=c[1])


# Partitions and localities
def _partition(kind: Any, is_all: bool, c: Children) -> ast.PartitionBy:
    return ast.PartitionBy(kind, as_tuple(c[0]), as_tuple(c[1]), is_all)


actions(
    _partition,
    partition_list=("LIST", False),
    partition_range=("RANGE", False),
    partition_all_list=("LIST", True),
    partition_all_range=("RANGE", True),
)
constants(__name__, partition_nothing=ast.PartitionBy("NOTHING"))


@action
def list_partition(c: Children) -> ast.ListPartition:
    return ast.ListPartition(c[0], tuple(c[1]), c[2])


def _bounds(values: list[ast.Expr]) -> tuple[ast.Expr, ...]:
    words = {"minvalue": False, "maxvalue": True}
    return tuple(
        ast.PartitionBound(words[value.parts[0]])
        if isinstance(value, ast.ColumnRef) and value.parts[0] in words
        else value
        for value in values
    )


@action
def range_partition(c: Children) -> ast.RangePartition:
    return ast.RangePartition(c[0], _bounds(c[1]), _bounds(c[2]), c[3])


constants(
    __name__,
    locality_global="GLOBAL",
    locality_table="REGIONAL BY TABLE IN PRIMARY REGION",
    locality_primary="REGIONAL BY TABLE IN PRIMARY REGION",
)


@action
def locality_table_in(c: Children) -> str:
    return f"REGIONAL BY TABLE IN {ast.ObjectName((c[-1],))}"


@action
def locality_row(c: Children) -> str:
    return "REGIONAL BY ROW" + (f" AS {ast.ObjectName((c[0],))}" if c and c[0] else "")


# CREATE TABLE
@action
def create_table(c: Children) -> ast.CreateTable:
    persistence, if_not_exists, name, elements, *tail = c
    return ast.CreateTable(
        name, as_tuple(elements), bool(if_not_exists), persistence or "", **tail_of(ast.CreateTable, tail)
    )


@action
def create_table_as(c: Children) -> ast.CreateTableAs:
    persistence, if_not_exists, name, *tail, query = c
    parameters = tail_of(ast.CreateTableAs, tail).get("storage_parameters", ())
    return ast.CreateTableAs(name, query, (), bool(if_not_exists), persistence or "", parameters)


@action
def create_table_as_columns(c: Children) -> ast.CreateTableAs:
    persistence, if_not_exists, name, elements, *tail, query = c
    parameters = tail_of(ast.CreateTableAs, tail).get("storage_parameters", ())
    return ast.CreateTableAs(name, query, tuple(elements), bool(if_not_exists), persistence or "", parameters)
