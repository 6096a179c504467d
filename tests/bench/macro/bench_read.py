"""Reading one table of a backup into Arrow, beside DuckDB and Arrow reading the same rows from Parquet."""

from __future__ import annotations

import duckdb
import pyarrow.parquet as pq

from tests.bench.macro.place import Place
from tests.bench.measure import Measurement, fastest

__all__ = ["measure"]

_TABLE = "movr.public.rides"


def measure(place: Place) -> list[Measurement]:
    """Measure `open_backup(…).table(…).to_arrow()` from opening on, with and without a key."""
    sealed, plain = place.backup(), place.backup(encrypted=False)
    rows = place.open(sealed).table(_TABLE).to_arrow()
    assert rows.equals(place.rides.cast(rows.schema)), "the benchmark reads other rows than it wrote"
    opened = place.open(sealed).table(_TABLE)
    with duckdb.connect() as peer:
        query = f"FROM read_parquet('{place.parquet}')"
        from_parquet, by_arrow, with_key, without_key, again = fastest(
            lambda: peer.sql(query).to_arrow_table(),
            lambda: pq.read_table(place.parquet),
            lambda: place.open(sealed).table(_TABLE).to_arrow(),
            lambda: place.open(plain, encrypted=False).table(_TABLE).to_arrow(),
            opened.to_arrow,
            rounds=5,
        )
    name, work = "open_backup().to_arrow()", place.work
    return [
        Measurement(f"{name}, encrypted", with_key, "DuckDB: Parquet", from_parquet, work=work, goal=5),
        Measurement(f"{name}, plain", without_key, "DuckDB: Parquet", from_parquet, work=work, goal=5),
        Measurement("to_arrow(), opened before", again, "DuckDB: Parquet", from_parquet, work=work, goal=5),
        Measurement(f"{name}, encrypted", with_key, "Arrow: Parquet", by_arrow, work=work),
    ]
