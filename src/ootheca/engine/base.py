"""What the other layers need of a table store, and what the store needs of them.

A table is addressed by database, schema and name; its columns, types and indexes come with every call as a
`catalog.Table`, so the store keeps no schema of its own. Rows travel as Arrow record batches whose columns have one of
the two representations of `ootheca.types`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ootheca.catalog.table import Table
from ootheca.clock import Timestamp
from ootheca.profile import Profile
from ootheca.types import SQLType

if TYPE_CHECKING:
    import pyarrow as pa

    from ootheca.engine.version_store import VersionStore

__all__ = [
    "Check",
    "Constraints",
    "Engine",
    "ForeignKey",
    "NameResolver",
    "QueryColumn",
    "QueryResult",
    "Source",
    "TableName",
]


@dataclass(frozen=True, slots=True)
class TableName:
    """The full name of a table, view or sequence."""

    database: str
    schema: str
    name: str


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint; `expr` as the descriptor stores it."""

    name: str
    expr: str


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key, as the referencing table has it.

    Attributes:
        on_delete, on_update: NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT.
    """

    name: str
    table: TableName
    columns: tuple[str, ...]
    referenced_table: TableName
    referenced_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"


@dataclass(frozen=True, slots=True)
class Constraints:
    """What rows of a table must obey beyond its indexes.

    Attributes:
        foreign_keys: those of the table itself.
        referenced_by: those of other tables (and its own) that point to the table.
    """

    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    referenced_by: tuple[ForeignKey, ...] = ()


class NameResolver(Protocol):
    """Names and settings of one session. Errors are CockroachDB's: `relation "shop.orders" does not exist`."""

    @property
    def profile(self) -> Profile:
        """The version whose words errors use."""

    @property
    def current_database(self) -> str:
        """The value of `current_database()`."""

    @property
    def current_user(self) -> str:
        """The value of `current_user()`."""

    @property
    def search_path(self) -> Sequence[str]:
        """Schemas in which unqualified names are looked up."""

    @property
    def extra_float_digits(self) -> int:
        """The session variable; 0 unless it was set."""

    def resolve(self, parts: tuple[str, ...]) -> tuple[TableName, Table]:
        """Find a table, view or sequence; raise UndefinedTableError."""

    def resolve_id(self, table_id: int) -> tuple[TableName, Table]:
        """Find a table, view or sequence by its descriptor's id; raise UndefinedTableError."""

    def resolve_type(self, parts: tuple[str, ...]) -> SQLType:
        """Find a user-defined type; raise UndefinedError."""

    def constraints(self, name: TableName) -> Constraints:
        """Return the constraints of a table."""


@dataclass(frozen=True, slots=True)
class QueryColumn:
    """A column of a result: its name and CockroachDB's type."""

    name: str
    type: SQLType


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer of one query.

    Attributes:
        columns: None for a write without RETURNING.
        batches: read once; the columns in one of the two representations each.
        tag: as on the wire, complete: `INSERT 0 3`; for row sets the word alone (`SELECT`, `INSERT 0`).
        row_count: rows written; None for reads, whose rows are counted as they come.
    """

    columns: tuple[QueryColumn, ...] | None
    batches: Iterator[pa.RecordBatch]
    tag: str
    row_count: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """A row set that stands for a bracketed statement in FROM, under a name that the caller made up."""

    columns: tuple[QueryColumn, ...]
    batches: pa.RecordBatchReader


class Engine(Protocol):
    """A transactional table store. One statement at a time; `begin` comes before everything else.

    Permanent errors: all but CanceledError and those that are `retryable`. After an error the transaction can only be
    rolled back.
    """

    @property
    def in_transaction(self) -> bool:
        """Whether `begin` was called and neither `commit` nor `rollback`."""

    @property
    def versions(self) -> VersionStore:
        """The versions of keys, in the same transaction as the rows."""

    def sibling(self) -> Engine:
        """Return another engine on the same store, with transactions of its own; the opened one closes last."""

    def pin(self) -> None:
        """Have the transaction read the store as it is now to its end, while siblings write; it must not write."""

    def begin(self, *, now: Timestamp | None = None) -> None:
        """Begin a transaction; all its writes and `now()` have that time (the machine's unless given)."""

    def commit(self) -> None:
        """Make all changes durable."""

    def rollback(self) -> None:
        """Undo all changes since `begin`."""

    def interrupt(self) -> None:
        """Stop the running statement, from another thread; it ends with CanceledError."""

    def close(self) -> None:
        """Roll back and release the file."""

    def load_descriptors(self) -> dict[int, bytes]:
        """Return every stored descriptor by id."""

    def store_descriptors(self, changes: Mapping[int, bytes | None]) -> None:
        """Write descriptors; None deletes one."""

    def get_meta(self, key: str) -> str | None:
        """Return a stored setting."""

    def put_meta(self, key: str, value: str | None) -> None:
        """Store a setting; None deletes it."""

    def create_schema(self, database: str, schema: str) -> None:
        """Create a schema; one that differs only in case from another is refused."""

    def drop_schema(self, database: str, schema: str) -> None:
        """Drop a schema and all in it."""

    def create_table(
        self, name: TableName, table: Table, *, text_columns: frozenset[int] = frozenset()
    ) -> None:
        """Create an empty table; columns of `text_columns` (ids) get the text representation."""

    def drop_table(self, name: TableName) -> None:
        """Drop a table."""

    def rename_table(self, name: TableName, new_name: TableName) -> None:
        """Rename a table, also into another schema or database."""

    def truncate_table(self, name: TableName) -> None:
        """Delete all rows."""

    def add_column(self, name: TableName, table: Table, column_id: int, names: NameResolver) -> None:
        """Add a column of `table`, filled by its default or computed expression."""

    def drop_column(self, name: TableName, column: str) -> None:
        """Drop a column."""

    def rename_column(self, name: TableName, column: str, new_name: str) -> None:
        """Rename a column."""

    def refresh_column(self, name: TableName, table: Table, column_id: int) -> None:
        """Bring a column to the type that `table` now says (ALTER COLUMN TYPE, a changed enum), values converted."""

    def rename_label(self, name: TableName, table: Table, column_id: int, old: str, new: str) -> None:
        """Replace an enum's label in a column; `table` has the new one already."""

    def create_view(self, name: TableName, query: str) -> None:
        """Keep a view's query text."""

    def drop_view(self, name: TableName) -> None:
        """Forget a view."""

    def create_sequence(
        self, name: TableName, *, start: int, increment: int, min_value: int, max_value: int
    ) -> None:
        """Create a sequence that has not given a value yet."""

    def drop_sequence(self, name: TableName) -> None:
        """Drop a sequence."""

    def sequence_value(self, name: TableName) -> int:
        """Return the value last given, or start - increment: what CockroachDB stores under the sequence's key."""

    def set_sequence_value(self, name: TableName, value: int) -> None:
        """Set the value last given."""

    def note_sequences(self, find: Callable[[TableName], Table | None]) -> None:
        """Keep the versions of the sequences that the transaction made or changed; `find` knows those that are left."""

    def insert(self, name: TableName, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        """Append rows as they are, unchecked, to a table that never had any, and return their number.

        Columns by name, absent ones NULL.
        """

    def scan(
        self,
        name: TableName,
        table: Table,
        column_ids: Sequence[int],
        *,
        order_by: Sequence[tuple[int, bool]] = (),
        where: str | None = None,
        names: NameResolver | None = None,
        batch_rows: int = 65536,
    ) -> Iterator[pa.RecordBatch]:
        """Stream columns; `order_by` = (column id, is descending); `where` is CockroachDB's text (needs `names`)."""

    def representation(self, name: TableName, table: Table) -> frozenset[int]:
        """Return the ids of the columns that have the text representation now."""

    def was_changed_outside(self, name: TableName) -> bool:
        """Tell whether another program wrote to a table before the store was opened, as far as one can know."""

    def row_count(self, name: TableName) -> int:
        """Return the number of rows."""

    def find_violation(self, name: TableName, table: Table, names: NameResolver) -> None:
        """Check all rows against NOT NULL, unique indexes, CHECK and foreign keys; raise for the first violation."""

    def sort_key_values(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Sort (key: large_binary, value: large_binary) by key, spilling to disk; memory follows the batch."""

    def run(
        self,
        sql: str,
        names: NameResolver,
        *,
        sources: Mapping[str, Source] | None = None,
        past: Callable[[str], NameResolver] | None = None,
    ) -> QueryResult:
        """Run SELECT, VALUES, TABLE, WITH, EXPLAIN, INSERT, UPSERT, UPDATE or DELETE in CockroachDB's language.

        Args:
            past: (operand of AS OF SYSTEM TIME) -> the names of that time.
        """
