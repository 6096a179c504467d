"""The store's own tables, in the DuckDB schema `ootheca`: descriptors, settings, views, sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ootheca.catalog.table import Table
from ootheca.engine.base import TableName
from ootheca.engine.connection import Connection
from ootheca.engine.functions import Runtime, SequenceState, sequence_key
from ootheca.engine.typenames import quote
from ootheca.errors import UndefinedTableError, UnsupportedError

__all__ = ["Metadata", "SequenceRow"]

_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS ootheca;
CREATE TABLE IF NOT EXISTS ootheca.descriptors (id BIGINT, descriptor BLOB);
CREATE TABLE IF NOT EXISTS ootheca.meta (key VARCHAR, value VARCHAR);
CREATE TABLE IF NOT EXISTS ootheca.views (name VARCHAR, query VARCHAR);
CREATE TABLE IF NOT EXISTS ootheca.sequences (
    name VARCHAR, last_value BIGINT, is_called BOOLEAN, increment BIGINT, min_value BIGINT, max_value BIGINT
);
"""
_ROWID_KEY = "last_rowid"


@dataclass(frozen=True, slots=True)
class SequenceRow:
    """The only row of a sequence, as a `RowSource`: the value last given."""

    table: Table
    value: int

    def read(self, column_ids: Sequence[int], where: str | None = None) -> pa.RecordBatch:
        """Return the value under the names of the columns."""
        del where  # a sequence has no partial index
        names = [self.table.column_by_id[id_].name for id_ in column_ids]
        return pa.RecordBatch.from_arrays([pa.array([self.value], pa.int64())] * len(names), names=names)


class Metadata:
    """Reads and writes the store's own tables."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._has_rowid = False
        self._changed: dict[str, int | None] = {}
        self._given: dict[str, int | None] = {}  # the values that sequences gave last in this session

    def create(self) -> None:
        """Make the tables of a new store."""
        for statement in _SCHEMA.split(";"):
            if statement.strip():
                self._connection.execute(statement)

    # Descriptors and settings

    def load_descriptors(self) -> dict[int, bytes]:
        """Return every descriptor by id."""
        return dict(self._connection.fetch("SELECT id, descriptor FROM ootheca.descriptors ORDER BY id"))

    def store_descriptors(self, changes: Mapping[int, bytes | None]) -> None:
        """Write descriptors; None deletes one."""
        if not changes:
            return
        ids = ", ".join(map(str, changes))
        self._connection.execute(f"DELETE FROM ootheca.descriptors WHERE id IN ({ids})")
        put = [
            value
            for id_, descriptor in changes.items()
            if descriptor is not None
            for value in (id_, descriptor)
        ]
        if put:
            places = ", ".join(["(?, ?)"] * (len(put) // 2))
            self._connection.execute(f"INSERT INTO ootheca.descriptors VALUES {places}", put)

    def get(self, key: str) -> str | None:
        """Return a setting."""
        rows = self._connection.fetch("SELECT value FROM ootheca.meta WHERE key = ?", [key])
        return rows[0][0] if rows else None

    def put(self, key: str, value: str | None) -> None:
        """Store a setting; None deletes it."""
        self._connection.execute("DELETE FROM ootheca.meta WHERE key = ?", [key])
        if value is not None:
            self._connection.execute("INSERT INTO ootheca.meta VALUES (?, ?)", [key, value])

    # Schemas

    def create_schema(self, name: str) -> None:
        """Create a DuckDB schema; one that is there already stays.

        Raises:
            UnsupportedError: it differs from another only in case.
        """
        rows = self._connection.fetch(
            "SELECT schema_name FROM duckdb_schemas() WHERE lower(schema_name) = lower(?) "
            "AND database_name = current_database()",
            [name],
        )
        if rows and rows[0][0] != name:
            raise UnsupportedError(
                f'schemas "{rows[0][0]}" and "{name}" differ only in case',
                hint="rename one of them: the embedded store does not tell them apart",
            )
        if not rows:
            self._connection.execute(f"CREATE SCHEMA {quote(name)}")

    def drop_schema(self, database: str, schema: str) -> None:
        """Drop a DuckDB schema, with the views and sequences that are kept for it."""
        self._connection.execute(f"DROP SCHEMA IF EXISTS {quote(f'{database}.{schema}')} CASCADE")
        prefix = sequence_key(TableName(database, schema, ""))
        for table in ("views", "sequences"):
            self._connection.execute(f"DELETE FROM ootheca.{table} WHERE starts_with(name, ?)", [prefix])

    # Views

    def put_view(self, name: TableName, query: str) -> None:
        """Keep a view's query text; one of that name is replaced."""
        self.drop_view(name)
        self._connection.execute("INSERT INTO ootheca.views VALUES (?, ?)", [sequence_key(name), query])

    def drop_view(self, name: TableName) -> None:
        """Forget a view."""
        self._connection.execute("DELETE FROM ootheca.views WHERE name = ?", [sequence_key(name)])

    def view(self, name: TableName) -> str:
        """Return a view's query text."""
        rows = self._connection.fetch("SELECT query FROM ootheca.views WHERE name = ?", [sequence_key(name)])
        if not rows:
            raise UndefinedTableError(f'relation "{name.name}" does not exist')
        return str(rows[0][0])

    # Sequences

    def create_sequence(
        self, name: TableName, start: int, increment: int, min_value: int, max_value: int
    ) -> None:
        """Create a sequence that has not given a value yet."""
        self._connection.execute(
            "INSERT INTO ootheca.sequences VALUES (?, ?, true, ?, ?, ?)",
            [sequence_key(name), start - increment, increment, min_value, max_value],
        )
        self._changed.setdefault(sequence_key(name), None)

    def drop_sequence(self, name: TableName) -> None:
        """Drop a sequence."""
        self._connection.execute("DELETE FROM ootheca.sequences WHERE name = ?", [sequence_key(name)])
        self._given.pop(sequence_key(name), None)

    def sequence(self, name: TableName) -> SequenceState:
        """Return a sequence's state.

        Raises:
            UndefinedTableError: there is none.
        """
        rows = self._connection.fetch(
            "SELECT last_value, increment, min_value, max_value FROM ootheca.sequences WHERE name = ?",
            [sequence_key(name)],
        )
        if not rows:
            raise UndefinedTableError(f'relation "{name.name}" does not exist')
        return SequenceState(*rows[0])

    def set_sequence(self, name: TableName, value: int) -> None:
        """Set the value last given."""
        self._changed.setdefault(sequence_key(name), self.sequence(name).last)
        self._connection.execute(
            "UPDATE ootheca.sequences SET last_value = ? WHERE name = ?", [value, sequence_key(name)]
        )

    def take_changed(self) -> dict[TableName, int | None]:
        """Return the sequences that were changed, with the values that they had; None: they were made."""
        changed, self._changed = self._changed, {}
        return {TableName(*key.split("\x1f")): value for key, value in changed.items()}

    def use_sequence(self, name: TableName, runtime: Runtime) -> str:
        """Load a sequence for the functions that use it; returns its key."""
        key = sequence_key(name)
        if key not in runtime.sequences:
            state = self.sequence(name)
            state.given = self._given.get(key)
            runtime.sequences[key] = state
        return key

    def load_rowid(self, runtime: Runtime) -> None:
        """Load the last `unique_rowid()` of earlier sessions."""
        if not self._has_rowid:
            stored = int(self.get(_ROWID_KEY) or 0)  # a sibling may have given later ones meanwhile
            runtime.last_rowid = max(runtime.last_rowid, stored)
            runtime.stored_rowid = max(runtime.stored_rowid, stored)
            self._has_rowid = True

    def flush(self, runtime: Runtime) -> bool:
        """Write back what the functions gave away; returns whether anything was."""
        changed = False
        for key, state in runtime.sequences.items():
            self._given[key] = state.given
            if state.is_changed:
                changed = True
                self._changed.setdefault(key, state.first)
                self._connection.execute(
                    "UPDATE ootheca.sequences SET last_value = ? WHERE name = ?", [state.last, key]
                )
        runtime.sequences.clear()
        if runtime.last_rowid != runtime.stored_rowid:
            changed = True
            self.put(_ROWID_KEY, str(runtime.last_rowid))
            runtime.stored_rowid = runtime.last_rowid
        return changed
