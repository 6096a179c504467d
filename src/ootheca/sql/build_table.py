"""Actions for tables and indexes: CREATE TABLE and its pieces, ALTER TABLE, CREATE INDEX, ALTER INDEX."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ootheca.sql import ast
from ootheca.sql.build_core import Children, action, actions, as_tuple, constants
from ootheca.sql.build_ddl import sequence_options
from ootheca.sql.lalr import RejectedError

__all__: list[str] = []


# Columns. Each qualification is a pair of what it sets and to what.
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
    return "references", _foreign_key((), table, referenced, match, actions_)


@action
def named_qualification(c: Children) -> tuple[str, Any]:
    return "named", c


def _foreign_key(
    columns: tuple[str, ...], table: Any, referenced: Any, match: Any, fk_actions: list[Any]
) -> ast.ForeignKey:
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


def _tail(node: Any, parts: list[Any]) -> dict[str, Any]:
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
    return ast.IndexDef(tuple(columns), name, is_unique, is_inverted, **_tail(ast.IndexDef, tail))


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
    return ast.PrimaryKey(tuple(c[0]), **_tail(ast.PrimaryKey, c[1:]))


def _unique(without_index: bool, c: Children) -> ast.UniqueConstraint:
    return ast.UniqueConstraint(
        tuple(c[0]), without_index=without_index, **_tail(ast.UniqueConstraint, c[1:])
    )


actions(_unique, unique=(False,), unique_without_index=(True,))


@action
def foreign_key(c: Children) -> ast.ForeignKey:
    columns, table, referenced, match, *actions_ = c
    return _foreign_key(tuple(columns), table, referenced, match, actions_)


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
        name, as_tuple(elements), bool(if_not_exists), persistence or "", **_tail(ast.CreateTable, tail)
    )


@action
def create_table_as(c: Children) -> ast.CreateTableAs:
    persistence, if_not_exists, name, *tail, query = c
    parameters = _tail(ast.CreateTableAs, tail).get("storage_parameters", ())
    return ast.CreateTableAs(name, query, (), bool(if_not_exists), persistence or "", parameters)


@action
def create_table_as_columns(c: Children) -> ast.CreateTableAs:
    persistence, if_not_exists, name, elements, *tail, query = c
    parameters = _tail(ast.CreateTableAs, tail).get("storage_parameters", ())
    return ast.CreateTableAs(name, query, tuple(elements), bool(if_not_exists), persistence or "", parameters)


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
    tail = _tail(ast.AlterPrimaryKey, c[1:])
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
        **_tail(ast.CreateIndex, tail),
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
