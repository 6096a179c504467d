"""Tables: their pieces, and the statements that create, empty and drop them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ootheca.sql.node import Node, node
from ootheca.sql.nodes_base import Expr, ObjectName, Query, Statement, TypeName

__all__ = [
    "NO_SEQUENCE_OPTIONS",
    "CheckConstraint",
    "ColumnDef",
    "ComputedColumn",
    "CreateTable",
    "CreateTableAs",
    "DropTable",
    "FamilyDef",
    "ForeignKey",
    "HashSharding",
    "Identity",
    "IndexColumn",
    "IndexDef",
    "InterleaveClause",
    "LikeTable",
    "ListPartition",
    "PartitionBy",
    "PrimaryKey",
    "RangePartition",
    "SequenceOptions",
    "TableConstraint",
    "TableElement",
    "Truncate",
    "UniqueConstraint",
]


@node
class HashSharding(Node):
    """USING HASH [WITH BUCKET_COUNT = n]; newer versions write `WITH (bucket_count = n)`, or nothing (then None)."""

    bucket_count: Expr | None = None


@node
class IndexColumn(Node):
    """A column (or, in newer versions, an expression) of an index; `direction` is '' unless it was written."""

    column: str | None
    direction: Literal["", "ASC", "DESC"] = ""
    expression: Expr | None = None
    nulls: Literal["", "FIRST", "LAST"] = ""


@node
class ListPartition(Node):
    """PARTITION name VALUES IN (…) [PARTITION BY …]."""

    name: str
    values: tuple[Expr, ...]
    subpartition: PartitionBy | None = None


@node
class RangePartition(Node):
    """PARTITION name VALUES FROM (…) TO (…) [PARTITION BY …]."""

    name: str
    lower: tuple[Expr, ...]
    upper: tuple[Expr, ...]
    subpartition: PartitionBy | None = None


@node
class PartitionBy(Node):
    """PARTITION [ALL] BY LIST | RANGE (columns) (partitions); `kind` NOTHING removes partitioning."""

    kind: Literal["LIST", "RANGE", "NOTHING"]
    columns: tuple[str, ...] = ()
    partitions: tuple[ListPartition | RangePartition, ...] = ()
    is_all: bool = False


@node
class InterleaveClause(Node):
    """INTERLEAVE IN PARENT table (columns)."""

    parent: ObjectName
    columns: tuple[str, ...]


@node
class CheckConstraint(Node):
    """[CONSTRAINT name] CHECK (expression)."""

    expression: Expr
    name: str | None = None


@node
class ForeignKey(Node):
    """[CONSTRAINT name] FOREIGN KEY (columns) REFERENCES table [(columns)], or the same on a column.

    On a column `columns` is empty. Actions are '' (NO ACTION by default), `NO ACTION`, `RESTRICT`, `CASCADE`,
    `SET NULL` or `SET DEFAULT`; `match` is '', `SIMPLE`, `FULL` or `PARTIAL`.
    """

    columns: tuple[str, ...]
    table: ObjectName
    referenced_columns: tuple[str, ...] = ()
    on_delete: str = ""
    on_update: str = ""
    match: str = ""
    name: str | None = None


@node
class PrimaryKey(Node):
    """[CONSTRAINT name] PRIMARY KEY (columns) [USING HASH …] [PARTITION BY …] [INTERLEAVE …]."""

    columns: tuple[IndexColumn, ...]
    name: str | None = None
    sharding: HashSharding | None = None
    partition_by: PartitionBy | None = None
    interleave: InterleaveClause | None = None
    storage_parameters: tuple[tuple[str, Expr], ...] = ()


@node
class UniqueConstraint(Node):
    """[CONSTRAINT name] UNIQUE [WITHOUT INDEX] (columns) [STORING …] [PARTITION BY …] [WHERE …]."""

    columns: tuple[IndexColumn, ...]
    name: str | None = None
    without_index: bool = False
    sharding: HashSharding | None = None
    storing: tuple[str, ...] = ()
    partition_by: PartitionBy | None = None
    interleave: InterleaveClause | None = None
    predicate: Expr | None = None
    is_not_valid: bool = False


TableConstraint: TypeAlias = CheckConstraint | ForeignKey | PrimaryKey | UniqueConstraint


@node
class IndexDef(Node):
    """[UNIQUE] [INVERTED] INDEX [name] (columns) … inside CREATE TABLE."""

    columns: tuple[IndexColumn, ...]
    name: str | None = None
    is_unique: bool = False
    is_inverted: bool = False
    sharding: HashSharding | None = None
    storing: tuple[str, ...] = ()
    interleave: InterleaveClause | None = None
    partition_by: PartitionBy | None = None
    storage_parameters: tuple[tuple[str, Expr], ...] = ()
    predicate: Expr | None = None
    is_not_visible: bool = False


@node
class FamilyDef(Node):
    """FAMILY [name] (columns)."""

    columns: tuple[str, ...]
    name: str | None = None


@node
class LikeTable(Node):
    """LIKE table [INCLUDING … | EXCLUDING …] inside CREATE TABLE; `options` are those words in order."""

    table: ObjectName
    options: tuple[str, ...] = ()


@node
class SequenceOptions(Node):
    """START, INCREMENT, bounds, CACHE, CYCLE, OWNED BY, VIRTUAL; None when not written.

    `no_minvalue` and `no_maxvalue` stand for NO MINVALUE and NO MAXVALUE; `owned_by` is the column's full name, and
    `owned_by_none` the words OWNED BY NONE. `order` lists the clauses as written, for the canonical text.
    """

    start: int | None = None
    increment: int | None = None
    minvalue: int | None = None
    maxvalue: int | None = None
    no_minvalue: bool = False
    no_maxvalue: bool = False
    cache: int | None = None
    cycle: bool | None = None
    virtual: bool = False
    owned_by: ObjectName | None = None
    owned_by_none: bool = False
    restart: int | None = None
    has_restart: bool = False
    as_type: TypeName | None = None
    order: tuple[str, ...] = ()


NO_SEQUENCE_OPTIONS = SequenceOptions()


@node
class ComputedColumn(Node):
    """AS (expression) STORED or VIRTUAL."""

    expression: Expr
    is_virtual: bool


@node
class Identity(Node):
    """GENERATED ALWAYS | BY DEFAULT AS IDENTITY [(sequence options)]."""

    is_always: bool
    options: SequenceOptions = NO_SEQUENCE_OPTIONS


@node
class ColumnDef(Node):
    """One column.

    Attributes:
        type: None only in CREATE TABLE … AS, where the query decides.
        is_nullable: None when neither NULL nor NOT NULL was written.
        primary_key, unique: inline constraints; `is_unique_without_index` for UNIQUE WITHOUT INDEX.
        checks: inline CHECK constraints, in order.
        references: inline REFERENCES (`columns` of the foreign key is empty).
        family: the name of FAMILY, '' for CREATE FAMILY without one, None when there is no such clause.
        creates_family, if_not_exists_family: CREATE [IF NOT EXISTS] FAMILY.
        constraint_names: names given to the unnamed ones above, keyed by what they name (`PRIMARY KEY`, `UNIQUE`,
            `DEFAULT`, `NULL`).
    """

    name: str
    type: TypeName | None = None
    is_nullable: bool | None = None
    default: Expr | None = None
    on_update: Expr | None = None
    computed: ComputedColumn | None = None
    identity: Identity | None = None
    is_primary_key: bool = False
    primary_key_sharding: HashSharding | None = None
    is_unique: bool = False
    is_unique_without_index: bool = False
    checks: tuple[CheckConstraint, ...] = ()
    references: ForeignKey | None = None
    family: str | None = None
    creates_family: bool = False
    if_not_exists_family: bool = False
    is_hidden: bool = False
    constraint_names: tuple[tuple[str, str], ...] = ()


TableElement: TypeAlias = (
    ColumnDef
    | IndexDef
    | FamilyDef
    | LikeTable
    | CheckConstraint
    | ForeignKey
    | PrimaryKey
    | UniqueConstraint
)


@node
class CreateTable(Statement):
    """CREATE [TEMP | UNLOGGED] TABLE [IF NOT EXISTS] name (elements) [INTERLEAVE] [PARTITION BY] [WITH] [LOCALITY].

    `elements` are columns, indexes, constraints and families, in the order written. `locality` is canonical text
    (`REGIONAL BY ROW`, `GLOBAL`, …).
    """

    name: ObjectName
    elements: tuple[TableElement, ...]
    if_not_exists: bool = False
    persistence: Literal["", "TEMPORARY", "UNLOGGED"] = ""
    interleave: InterleaveClause | None = None
    partition_by: PartitionBy | None = None
    storage_parameters: tuple[tuple[str, Expr], ...] = ()
    on_commit: str = ""
    locality: str = ""

    @property
    def columns(self) -> tuple[ColumnDef, ...]:
        """The columns alone, in order."""
        return tuple(element for element in self.elements if isinstance(element, ColumnDef))


@node
class CreateTableAs(Statement):
    """CREATE TABLE name [(columns and constraints)] AS query."""

    name: ObjectName
    query: Query
    elements: tuple[TableElement, ...] = ()
    if_not_exists: bool = False
    persistence: Literal["", "TEMPORARY", "UNLOGGED"] = ""
    storage_parameters: tuple[tuple[str, Expr], ...] = ()


@node
class DropTable(Statement):
    """DROP TABLE [IF EXISTS] names [CASCADE | RESTRICT]."""

    names: tuple[ObjectName, ...]
    if_exists: bool = False
    behavior: Literal["", "CASCADE", "RESTRICT"] = ""


@node
class Truncate(Statement):
    """TRUNCATE [TABLE] names [CASCADE | RESTRICT]."""

    names: tuple[ObjectName, ...]
    behavior: Literal["", "CASCADE", "RESTRICT"] = ""
