"""Versions of keys: what every write since a table's first rows put under which key, and what had been there.

A key that was never touched after its index got its first rows has no entry here: it is encoded from the row when it
is asked for, as of the time of those rows, the index's base. So a table that is loaded and never changed costs nothing,
and a changed one costs what was changed.

Tables:
    ootheca.versions     key, time, step (of the writes of one transaction, from 0), value (empty: the key was deleted),
                         before (what the write replaced; empty: nothing)
    ootheca.bases        index -> time of its first rows
    ootheca.revisions    id, time -> descriptor; NULL: gone
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ootheca.catalog.table import Table
from ootheca.clock import ZERO_TIMESTAMP, Timestamp
from ootheca.engine.connection import Connection
from ootheca.engine.version_store import VERSION_SCHEMA, ChangeEncoder, RowSource

__all__ = ["Versions"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ootheca.versions (
    key BLOB, wall BIGINT, logical INTEGER, step INTEGER, value BLOB, before BLOB
);
CREATE TABLE IF NOT EXISTS ootheca.bases (
    table_id BIGINT, index_id BIGINT, wall BIGINT, logical INTEGER
);
CREATE TABLE IF NOT EXISTS ootheca.revisions (id BIGINT, wall BIGINT, logical INTEGER, descriptor BLOB);
"""
_SOURCE = "oo_changes"
# Of the writes of one time to one key the last step counts, and of one step what it put, not what it deleted. What was
# there at the base is what the first step after it deleted, or else replaced.
_READ = """
WITH part AS (SELECT * FROM ootheca.versions WHERE {span}),
     last AS (SELECT key, wall, logical, value FROM part QUALIFY row_number() OVER (
                  PARTITION BY key, wall, logical ORDER BY step DESC, octet_length(value) = 0) = 1),
     first AS (SELECT key, wall, logical, before FROM part
               WHERE wall > {wall} OR (wall = {wall} AND logical >= {logical}) QUALIFY row_number() OVER (
                  PARTITION BY key ORDER BY wall, logical, step, octet_length(value) > 0) = 1)
SELECT * FROM (
    FROM last
    UNION ALL SELECT key, {wall}::BIGINT, {logical}::INTEGER, before FROM first
    WHERE octet_length(before) > 0 AND (wall, logical) != ({wall}, {logical})
) {where} ORDER BY key, wall DESC, logical DESC
"""


class Versions:
    """The `VersionStore` of `version_store`; `reader` gives a connection to read from that sees what was written."""

    def __init__(self, connection: Connection, reader: Callable[[], Connection]) -> None:
        self._connection = connection
        self._reader = reader
        self._now = ZERO_TIMESTAMP
        self._step = 0
        self.encode: ChangeEncoder | None = None

    def create(self) -> None:
        """Make the tables of a new store."""
        for statement in _SCHEMA.split(";"):
            if statement.strip():
                self._connection.execute(statement)

    def begin(self, now: Timestamp) -> None:
        """Say when the writes that follow happen."""
        self._now, self._step = now, 0

    # Writing

    def note_first(self, table: Table) -> bool:
        """Give the indexes of a table that had no rows yet their base; returns whether it had none."""
        if self.encode is None:
            return True
        if self.base(table.id, table.primary_index.id) is not None:
            return False
        self.put_bases(table.id, [index.id for index in table.all_indexes])
        return True

    def note_changes(
        self,
        before: RowSource | None,
        after: RowSource | None,
        written: frozenset[int] | None = None,
    ) -> None:
        """Keep what the change of some rows does to keys, as `encode` tells; arguments as there."""
        if self.encode is not None:
            self.append(self.encode(before, after, written))

    def next_step(self) -> None:
        """Say that what follows comes after what was noted until now."""
        self._step += 1

    def append(self, changes: pa.RecordBatch, time: Timestamp | None = None) -> None:
        """Keep changed keys (key, value, before: large_binary), of the running transaction unless a time is given."""
        if not changes.num_rows:
            return
        time = time if time is not None else self._now
        self._connection.register(_SOURCE, pa.Table.from_batches([changes]))
        try:
            self._connection.execute(
                f"INSERT INTO ootheca.versions SELECT key, {time.wall_ns}, {time.logical}, {self._step}, value, before "
                f"FROM {_SOURCE}"
            )
        finally:
            self._connection.unregister(_SOURCE)

    # Bases

    def base(self, table_id: int, index_id: int) -> Timestamp | None:
        """Return when an index got its first rows; None: it has had none."""
        rows = self._connection.fetch(
            "SELECT wall, logical FROM ootheca.bases WHERE table_id = ? AND index_id = ?",
            [table_id, index_id],
        )
        return Timestamp(*rows[0]) if rows else None

    def put_bases(self, table_id: int, index_ids: Sequence[int]) -> None:
        """Say that indexes get their first rows now."""
        for index_id in index_ids:
            self._connection.execute(
                "INSERT INTO ootheca.bases VALUES (?, ?, ?, ?)",
                [table_id, index_id, self._now.wall_ns, self._now.logical],
            )

    def drop_base(self, table_id: int, index_id: int) -> None:
        """Say that an index has no rows any longer; what it held is among the versions."""
        self._connection.execute(
            "DELETE FROM ootheca.bases WHERE table_id = ? AND index_id = ?", [table_id, index_id]
        )

    # Reading

    def read(
        self, start: bytes, end: bytes, base: Timestamp, period: tuple[Timestamp, Timestamp] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Stream the versions of keys in `[start, end)`, keys ascending, the newest first."""
        where = ""
        if period is not None:
            after, until = period
            where = f"WHERE {_is_after(after)} AND NOT {_is_after(until)}"
        span = f"key >= from_hex('{start.hex()}') AND key < from_hex('{end.hex()}')"
        query = _READ.format(span=span, wall=base.wall_ns, logical=base.logical, where=where)
        reader = self._reader()
        on_close = (lambda: None) if reader is self._connection else reader.close
        for batch in reader.stream(query, on_close=on_close):
            yield batch.cast(VERSION_SCHEMA)

    def has_any(self, start: bytes, end: bytes, after: Timestamp) -> bool:
        """Tell whether a key in `[start, end)` was written after a time."""
        return bool(
            self._connection.fetch(
                f"SELECT 1 FROM ootheca.versions WHERE key >= ? AND key < ? AND {_is_after(after)} LIMIT 1",
                [start, end],
            )
        )

    # Descriptors

    def append_revisions(self, revisions: Mapping[int, bytes | None], time: Timestamp) -> None:
        """Keep what descriptors were written; None: one is gone."""
        for id_, descriptor in revisions.items():
            self._connection.execute(
                "INSERT INTO ootheca.revisions VALUES (?, ?, ?, ?)",
                [id_, time.wall_ns, time.logical, descriptor],
            )

    def revisions(self) -> list[tuple[Timestamp, int, bytes | None]]:
        """Return (time, id, descriptor) of every revision of a descriptor that is kept, the oldest first."""
        rows: list[tuple[Any, ...]] = self._connection.fetch(
            "SELECT wall, logical, id, descriptor FROM ootheca.revisions ORDER BY wall, logical, id"
        )
        return [(Timestamp(wall, logical), id_, descriptor) for wall, logical, id_, descriptor in rows]

    # Forgetting

    def oldest(self) -> Timestamp | None:
        """Return the time of the oldest version that is kept."""
        rows = self._connection.fetch("SELECT min(wall) FROM ootheca.versions")
        return Timestamp(rows[0][0]) if rows[0][0] is not None else None

    def forget(self, start: bytes, end: bytes, until: Timestamp) -> int:
        """Drop versions in `[start, end)` that no reader of a time from `until` on sees; return how many."""
        old = f"key >= from_hex('{start.hex()}') AND key < from_hex('{end.hex()}') AND NOT {_is_after(until)}"
        return self._connection.execute(
            "DELETE FROM ootheca.versions WHERE rowid IN (SELECT id FROM (SELECT rowid AS id, "
            "octet_length(value) = 0 AS is_gone, row_number() OVER (PARTITION BY key "
            f"ORDER BY wall DESC, logical DESC, step DESC, is_gone) AS place FROM ootheca.versions WHERE {old}) "
            "WHERE place > 1 OR is_gone)"
        )

    def forget_revisions(self, until: Timestamp) -> None:
        """Drop the revisions of descriptors that no reader of a time from `until` on sees."""
        self._connection.execute(
            "DELETE FROM ootheca.revisions WHERE rowid IN (SELECT oldest FROM (SELECT rowid AS oldest, "
            "row_number() OVER (PARTITION BY id ORDER BY wall DESC, logical DESC) AS place "
            f"FROM ootheca.revisions WHERE NOT {_is_after(until)}) WHERE place > 1)"
        )


def _is_after(time: Timestamp) -> str:
    return f"(wall > {time.wall_ns} OR (wall = {time.wall_ns} AND logical > {time.logical}))"
