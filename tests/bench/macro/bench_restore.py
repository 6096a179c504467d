"""RESTORE of a table, beside reading its backup alone and beside DuckDB loading the same rows from Parquet."""

from __future__ import annotations

import duckdb

from tests.bench.macro.place import PASSPHRASE, Place, run_sql
from tests.bench.measure import Measurement, fastest

__all__ = ["measure"]


def measure(place: Place) -> list[Measurement]:
    """Measure a restore into a new database each time; dropping it again is not measured."""
    name = place.backup()
    made: list[str] = []

    def restore() -> None:
        made.append(f"movr_{len(made)}")
        run_sql(
            place.session,
            f"RESTORE DATABASE movr FROM 'nodelocal://1/{name}' "
            f"WITH encryption_passphrase = '{PASSPHRASE}', new_db_name = '{made[-1]}'",
        )

    with duckdb.connect(str(place.directory / "peer.duckdb")) as peer:
        load = f"CREATE OR REPLACE TABLE rides AS FROM read_parquet('{place.parquet}')"
        restoring, reading, loading = fastest(
            restore, place.open(name).table("movr.public.rides").to_arrow, lambda: peer.execute(load)
        )
    for database in made:
        run_sql(place.session, f"DROP DATABASE {database} CASCADE")
    return [
        Measurement("RESTORE, encrypted", restoring, "reading the primary index", reading, work=place.work),
        Measurement(
            "RESTORE, encrypted", restoring, "DuckDB: Parquet into a table", loading, work=place.work
        ),
    ]
