"""Writes of other programs to the store's file: found when it is opened, so that no layer of a backup misses a row.

Only one process at a time has the file open, so others write between our sessions. What the file looked like when we
last let go of it is kept beside it; if it looks the same, nobody wrote. Otherwise the rows of every table are compared
with a fingerprint: their number, and the sum of their hashes. A table that we changed has none until we close, and
counts as changed by others if we never did.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import duckdb

from ootheca.engine.base import TableName
from ootheca.engine.connection import Connection
from ootheca.engine.typenames import quote, schema_name

__all__ = ["Fingerprints", "is_as_left"]

_CREATE = (
    "CREATE TABLE IF NOT EXISTS ootheca.fingerprints "
    "(schema VARCHAR, name VARCHAR, num_rows BIGINT, hashes VARCHAR, version VARCHAR)"
)
_TABLES = (
    "SELECT schema_name, table_name FROM duckdb_tables() WHERE contains(schema_name, '.') "
    "AND database_name = current_database()"
)
_Key = tuple[str, str]


class Fingerprints:
    """The fingerprints of a store's tables.

    Args:
        path: of the store's file; None for one in memory, which nobody else can write.
        is_as_left: whether the file looked, before it was opened, as we had left it.
    """

    def __init__(self, connection: Connection, path: Path | None, *, is_as_left: bool) -> None:
        self._connection = connection
        self._path = path
        self._touched: set[_Key] = set()
        self._changed: set[_Key] = set()
        self._is_complete = is_as_left
        if path is None:
            return
        connection.execute(_CREATE)
        if not is_as_left:
            self._changed = self._compare()

    def was_changed(self, name: TableName) -> bool:
        """Tell whether another program wrote to a table before the file was opened, as far as one can know."""
        return _key(name) in self._changed

    def touch(self, name: TableName) -> None:
        """Say that the running transaction changes a table."""
        key = _key(name)
        if self._path is not None and key not in self._touched:
            self._touched.add(key)
            self._is_complete = False
            self._connection.execute(
                "DELETE FROM ootheca.fingerprints WHERE schema = ? AND name = ?", list(key)
            )

    def expect_others(self) -> None:
        """Say that another engine of this process changes tables, too."""
        self._is_complete = False

    def forget_touched(self) -> None:
        """Say that the running transaction is undone."""
        self._touched.clear()

    def note_state(self) -> None:
        """Remember what the file looks like: all that was written so far was written by us."""
        if self._path is not None:
            with suppress(OSError):
                _state_path(self._path).write_text(json.dumps(_look(self._path)))

    def complete(self) -> None:
        """Take the fingerprints of the tables that lost theirs, before the file is closed."""
        if self._path is None or self._is_complete:
            return
        known = {(schema, name) for schema, name, *_ in self._stored()}
        for key in self._connection.fetch(_TABLES):
            if key not in known:
                num_rows, hashes = self._take(key)
                self._connection.execute(
                    "INSERT INTO ootheca.fingerprints VALUES (?, ?, ?, ?, ?)",
                    [*key, num_rows, hashes, duckdb.__version__],
                )

    def _compare(self) -> set[_Key]:
        stored = {(schema, name): rest for schema, name, *rest in self._stored()}
        return {
            key
            for key in self._connection.fetch(_TABLES)
            if stored.get(key) != [*self._take(key), duckdb.__version__]
        }

    def _stored(self) -> list[tuple[str, str, int, str, str]]:
        return self._connection.fetch(
            "SELECT schema, name, num_rows, hashes, version FROM ootheca.fingerprints"
        )

    def _take(self, key: _Key) -> tuple[int, str]:
        schema, name = key
        rows = self._connection.fetch(
            f"SELECT count(*), sum(hash(t)) FROM {quote(schema)}.{quote(name)} AS t"
        )
        return int(rows[0][0]), str(rows[0][1])


def is_as_left(path: Path) -> bool:
    """Tell whether a store's file looks as `Fingerprints.note_state` found it last."""
    return _read_state(path) == _look(path)


def _key(name: TableName) -> _Key:
    return schema_name(name), name.name


def _state_path(path: Path) -> Path:
    return path.with_name(path.name + ".state")


def _look(path: Path) -> list[list[int] | None]:
    """Return size and time of the last change of the file, and of what waits to be merged into it."""
    found: list[list[int] | None] = []
    for each in (path, path.with_name(path.name + ".wal")):
        try:
            stat = each.stat()
        except OSError:
            found.append(None)
        else:
            found.append([stat.st_size, stat.st_mtime_ns])
    return found


def _read_state(path: Path) -> object:
    try:
        return json.loads(_state_path(path).read_text())
    except (OSError, ValueError):
        return None
