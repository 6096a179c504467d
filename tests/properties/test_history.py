"""Random tables with random histories: every state comes back, from the store's past and from a backup's layers."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ootheca
from ootheca.clock import Timestamp

# Type, and values as SQL.
TYPES = {
    "INT8": ("0", "-1", "9223372036854775807", "42"),
    "STRING": ("''", "'a'", "e'z\\x00y'", "'ž☃'"),
    "DECIMAL": ("1.50", "-0.001", "'NaN'", "1E+30"),
    "FLOAT8": ("0.0", "-2.5", "'Infinity'", "1e-300"),
    "BOOL": ("true", "false"),
    "TIMESTAMP": ("'2020-01-02 03:04:05.678901'", "'0001-01-01'"),
    "BYTES": ("b''", "b'\\xff\\x00'"),
    "UUID": ("'63616665-6630-3064-6465-616462656566'", "'00000000-0000-0000-0000-000000000000'"),
    "JSONB": ("'{\"a\": [1, null]}'", "'null'", "'\"s\"'"),
    "INT8[]": ("ARRAY[]", "ARRAY[1, NULL]"),
}
KEYS = ("INT8", "STRING", "DECIMAL", "BYTES", "UUID")


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Return CREATE TABLE, and the types of the columns after the key."""
    types = draw(st.lists(st.sampled_from(list(TYPES)), min_size=1, max_size=3))
    direction = draw(st.sampled_from(["", " DESC"]))
    columns = ", ".join(f"c{i} {t}" for i, t in enumerate(types))
    parts = [f"k INT8, {columns}, PRIMARY KEY (k{direction})"]
    if draw(st.booleans()):
        parts.append("FAMILY (k), " + ", ".join(f"FAMILY (c{i})" for i in range(len(types))))
    indexed = [i for i, t in enumerate(types) if t in KEYS]
    if indexed and draw(st.booleans()):
        column = draw(st.sampled_from(indexed))
        parts.append(f"INDEX (c{column}{draw(st.sampled_from(['', ' DESC']))})")
    return f"CREATE TABLE t ({', '.join(parts)})", types


def statements(types: list[str]) -> st.SearchStrategy[str]:
    keys = st.integers(0, 6)
    value = [st.sampled_from([*TYPES[t], "NULL"]) for t in types]
    row = st.tuples(keys, *value).map(lambda cells: f"({', '.join(map(str, cells))})")
    rows = st.lists(row, min_size=1, max_size=3).map(lambda found: ", ".join(_one_of_each_key(found)))
    column = st.integers(0, len(types) - 1)
    change = column.flatmap(lambda i: value[i].map(lambda v: f"c{i} = {v}"))
    return st.one_of(
        rows.map(lambda text: f"UPSERT INTO t VALUES {text}"),
        rows.map(lambda text: f"INSERT INTO t VALUES {text} ON CONFLICT (k) DO NOTHING"),
        st.tuples(change, keys).map(lambda found: f"UPDATE t SET {found[0]} WHERE k <= {found[1]}"),
        st.just("UPDATE t SET k = k + 1 WHERE true"),
        keys.map(lambda k: f"DELETE FROM t WHERE k = {k}"),
        st.just("TRUNCATE t"),
    )


def _one_of_each_key(rows: list[str]) -> list[str]:
    return list({row.partition(",")[0]: row for row in rows}.values())


class Clock:
    """A second passes with each reading: no two layers have the same folder."""

    def __init__(self) -> None:
        self.wall_ns = 1_600_000_000_000_000_000

    def now(self) -> Timestamp:
        self.wall_ns += 1_000_000_000
        return Timestamp(self.wall_ns)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.data())
def test_every_state_comes_back(data: st.DataObject) -> None:
    create, types = data.draw(tables())
    with TemporaryDirectory() as folder, ootheca.connect(external_io_dir=folder, clock=Clock()) as con:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return con.execute(sql).fetchall()

        texts = ", ".join(["k", *(f"c{i}::STRING" for i in range(len(types)))])
        con.execute(create)
        states = []
        for statement in data.draw(st.lists(statements(types), min_size=2, max_size=7)):
            con.execute(statement)
            time = rows("SELECT cluster_logical_timestamp()::STRING")[0][0]
            states.append((time, rows(f"SELECT {texts} FROM t ORDER BY k")))
            if data.draw(st.booleans()):
                con.execute("BACKUP DATABASE defaultdb TO 'nodelocal://1/b' WITH revision_history")
        con.execute("BACKUP DATABASE defaultdb TO 'nodelocal://1/b' WITH revision_history")
        con.execute("BACKUP DATABASE defaultdb TO 'nodelocal://1/full'")
        for number, (time, expected) in enumerate(states):
            assert rows(f"SELECT {texts} FROM t AS OF SYSTEM TIME {time} ORDER BY k") == expected
            name = f"db{number}"
            con.execute(
                f"RESTORE DATABASE defaultdb FROM 'nodelocal://1/b' AS OF SYSTEM TIME {time} "
                f"WITH new_db_name = '{name}'"
            )
            assert rows(f"SELECT {texts} FROM {name}.t ORDER BY k") == expected
        con.execute("RESTORE DATABASE defaultdb FROM 'nodelocal://1/full' WITH new_db_name = 'last'")
        assert rows(f"SELECT {texts} FROM last.t ORDER BY k") == states[-1][1]
        opened = ootheca.open_backup("nodelocal://1/b", external_io_dir=Path(folder))
        assert opened.verify().problems == ()
