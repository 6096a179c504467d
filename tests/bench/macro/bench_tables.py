"""Many small tables: what a table costs by itself, beside the same rows in one table."""

from __future__ import annotations

import pyarrow as pa

from ootheca.engine.base import TableName
from tests.bench.macro.place import PASSPHRASE, Place, run_sql
from tests.bench.measure import Measurement, fastest

__all__ = ["measure"]

NUM_TABLES, ROWS_EACH = 100, 20


def measure(place: Place) -> list[Measurement]:
    """Measure BACKUP and RESTORE of a database of many tables and of one table with all their rows."""
    many, one = _times(place, "many", NUM_TABLES, ROWS_EACH), _times(place, "one", 1, NUM_TABLES * ROWS_EACH)
    work = f"{NUM_TABLES} tables of {ROWS_EACH} rows"
    return [
        Measurement(f"{word} of many tables", *times, work=work)
        for word, times in (
            ("BACKUP", (many[0], "one table of as many rows", one[0])),
            ("RESTORE", (many[1], "one table of as many rows", one[1])),
        )
    ]


def _times(place: Place, database: str, num_tables: int, num_rows: int) -> tuple[float, float]:
    session = place.session
    run_sql(session, f"CREATE DATABASE {database}")
    rows = pa.record_batch({"id": pa.array(range(num_rows), pa.int64()), "v": pa.array(["text"] * num_rows)})
    for number in range(num_tables):
        run_sql(session, f"CREATE TABLE {database}.t{number} (id INT8 PRIMARY KEY, v STRING)")
        table = session.catalog.describe(session.catalog.resolve_table((f"t{number}",), database).id)
        session.engine.begin()
        session.engine.insert(TableName(database, "public", f"t{number}"), table, [rows])
        session.engine.commit()
    secret = f"encryption_passphrase = '{PASSPHRASE}'"
    taken, restored = [0], [0]

    def backup() -> None:
        taken[0] += 1
        run_sql(session, f"BACKUP DATABASE {database} TO 'nodelocal://1/{database}{taken[0]}' WITH {secret}")

    def restore() -> None:
        restored[0] += 1
        run_sql(
            session,
            f"RESTORE DATABASE {database} FROM 'nodelocal://1/{database}1' "
            f"WITH {secret}, new_db_name = '{database}_{restored[0]}'",
        )

    backing_up, restoring = fastest(backup, restore, rounds=2)
    return backing_up, restoring
