"""ALTER TABLE with its commands, and the statements on indexes."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ootheca.sql.node import Node, node
from ootheca.sql.nodes_base import Expr, ObjectName, Query, Statement, TypeName
from ootheca.sql.nodes_table import (
    ColumnDef,
    HashSharding,
    IndexColumn,
    InterleaveClause,
    PartitionBy,
    TableConstraint,
)

__all__ = [
    "AddColumn",
    "AddConstraint",
    "AlterColumnOnUpdate",
    "AlterColumnType",
    "AlterIndex",
    "AlterPrimaryKey",
    "AlterTable",
    "AlterTableCommand",
    "CreateIndex",
    "DropColumn",
    "DropConstraint",
    "DropDefault",
    "DropIndex",
    "DropNotNull",
    "DropStored",
    "IndexName",
    "OwnerTo",
    "Relocate",
    "RenameColumn",
    "RenameConstraint",
    "RenameTo",
    "SetDefault",
    "SetNotNull",
    "SetSchema",
    "SetStorageParameters",
    "SetVisible",
    "SplitAt",
    "UnsplitAt",
    "ValidateConstraint",
]


@node
class AddColumn(Node):
    """ADD [COLUMN] [IF NOT EXISTS] definition."""

    column: ColumnDef
    if_not_exists: bool = False


@node
class DropColumn(Node):
    """DROP [COLUMN] [IF EXISTS] name [CASCADE | RESTRICT]."""

    name: str
    if_exists: bool = False
    behavior: Literal["", "CASCADE", "RESTRICT"] = ""


@node
class RenameColumn(Node):
    """RENAME [COLUMN] old TO new."""

    old: str
    new: str


@node
class RenameConstraint(Node):
    """RENAME CONSTRAINT old TO new."""

    old: str
    new: str


@node
class RenameTo(Node):
    """RENAME TO name."""

    name: ObjectName


@node
class SetDefault(Node):
    """ALTER [COLUMN] name SET DEFAULT expression."""

    column: str
    expression: Expr


@node
class DropDefault(Node):
    """ALTER [COLUMN] name DROP DEFAULT."""

    column: str


@node
class AlterColumnOnUpdate(Node):
    """ALTER [COLUMN] name SET ON UPDATE expression, or DROP ON UPDATE (then None)."""

    column: str
    expression: Expr | None


@node
class SetNotNull(Node):
    """ALTER [COLUMN] name SET NOT NULL."""

    column: str


@node
class DropNotNull(Node):
    """ALTER [COLUMN] name DROP NOT NULL."""

    column: str


@node
class DropStored(Node):
    """ALTER [COLUMN] name DROP STORED."""

    column: str


@node
class SetVisible(Node):
    """ALTER [COLUMN] name SET [NOT] VISIBLE."""

    column: str
    is_visible: bool


@node
class AlterColumnType(Node):
    """ALTER [COLUMN] name [SET DATA] TYPE type [COLLATE …] [USING expression]."""

    column: str
    type: TypeName
    using: Expr | None = None


@node
class AddConstraint(Node):
    """ADD [CONSTRAINT name] constraint [NOT VALID]."""

    constraint: TableConstraint
    is_not_valid: bool = False
    if_not_exists: bool = False


@node
class DropConstraint(Node):
    """DROP CONSTRAINT [IF EXISTS] name [CASCADE | RESTRICT]."""

    name: str
    if_exists: bool = False
    behavior: Literal["", "CASCADE", "RESTRICT"] = ""


@node
class ValidateConstraint(Node):
    """VALIDATE CONSTRAINT name."""

    name: str


@node
class AlterPrimaryKey(Node):
    """ALTER PRIMARY KEY USING COLUMNS (columns) [USING HASH …] [INTERLEAVE …]."""

    columns: tuple[IndexColumn, ...]
    sharding: HashSharding | None = None
    interleave: InterleaveClause | None = None


@node
class SplitAt(Node):
    """SPLIT AT query [WITH EXPIRATION expression]."""

    query: Query
    expiration: Expr | None = None


@node
class UnsplitAt(Node):
    """UNSPLIT AT query, or UNSPLIT ALL (then None)."""

    query: Query | None


@node
class Relocate(Node):
    """EXPERIMENTAL_RELOCATE [LEASE] query, SCATTER: where ranges live, which a store without ranges ignores."""

    query: Query | None
    kind: Literal["RELOCATE", "RELOCATE LEASE", "SCATTER"] = "RELOCATE"


@node
class SetStorageParameters(Node):
    """SET (name = value, …), or RESET (name, …) (then the values are None)."""

    parameters: tuple[tuple[str, Expr | None], ...]


@node
class SetSchema(Node):
    """SET SCHEMA name."""

    schema: str


@node
class OwnerTo(Node):
    """OWNER TO role."""

    owner: str


AlterTableCommand: TypeAlias = (
    AddColumn
    | DropColumn
    | RenameColumn
    | RenameConstraint
    | RenameTo
    | SetDefault
    | DropDefault
    | AlterColumnOnUpdate
    | SetNotNull
    | DropNotNull
    | DropStored
    | SetVisible
    | AlterColumnType
    | AddConstraint
    | DropConstraint
    | ValidateConstraint
    | AlterPrimaryKey
    | SplitAt
    | UnsplitAt
    | Relocate
    | SetStorageParameters
    | SetSchema
    | OwnerTo
    | PartitionBy
)


@node
class AlterTable(Statement):
    """ALTER TABLE [IF EXISTS] name command, …; `locality` is set (canonical text) for SET LOCALITY."""

    name: ObjectName
    commands: tuple[AlterTableCommand, ...]
    if_exists: bool = False
    locality: str = ""


@node
class IndexName(Node):
    """`table@index`, or an index alone (then `table` is None and `index` may be qualified in `prefix`)."""

    table: ObjectName | None
    index: str
    prefix: tuple[str, ...] = ()


@node
class CreateIndex(Statement):
    """CREATE [UNIQUE] [INVERTED] INDEX [CONCURRENTLY] [[IF NOT EXISTS] name] ON table (columns) …."""

    table: ObjectName
    columns: tuple[IndexColumn, ...]
    name: str | None = None
    is_unique: bool = False
    is_inverted: bool = False
    is_concurrent: bool = False
    if_not_exists: bool = False
    sharding: HashSharding | None = None
    storing: tuple[str, ...] = ()
    interleave: InterleaveClause | None = None
    partition_by: PartitionBy | None = None
    storage_parameters: tuple[tuple[str, Expr], ...] = ()
    predicate: Expr | None = None
    is_not_visible: bool = False


@node
class DropIndex(Statement):
    """DROP INDEX [CONCURRENTLY] [IF EXISTS] names [CASCADE | RESTRICT]."""

    names: tuple[IndexName, ...]
    if_exists: bool = False
    behavior: Literal["", "CASCADE", "RESTRICT"] = ""
    is_concurrent: bool = False


@node
class AlterIndex(Statement):
    """ALTER INDEX [IF EXISTS] name action.

    `action` → field: RENAME TO → `new_name`; SPLIT AT, UNSPLIT AT → `query`; PARTITION BY → `partition_by`.
    """

    name: IndexName
    action: Literal["RENAME TO", "SPLIT AT", "UNSPLIT AT", "PARTITION BY", "SCATTER"]
    new_name: str = ""
    query: Query | None = None
    partition_by: PartitionBy | None = None
    if_exists: bool = False
