"""Reading one table of a backup into Arrow, beside DuckDB and Arrow reading the same rows from Parquet."""

from __future__ import annotations

import duckdb
import pyarrow.parquet as pq

from tests.bench.macro.place import Place
from tests.bench.measure import Measurement, best_of

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
        from_parquet = best_of(lambda: peer.execute(query).to_arrow_table(), rounds=5)
    by_arrow = best_of(lambda: pq.read_table(place.parquet), rounds=5)
    with_key = best_of(lambda: place.open(sealed).table(_TABLE).to_arrow())
    without_key = best_of(lambda: place.open(plain, encrypted=False).table(_TABLE).to_arrow())
    again = best_of(opened.to_arrow)
    name, work = "open_backup().to_arrow()", place.work
    return [
        Measurement(f"{name}, encrypted", with_key, "DuckDB: Parquet", from_parquet, work=work, goal=5),
        Measurement(f"{name}, plain", without_key, "DuckDB: Parquet", from_parquet, work=work, goal=5),
        Measurement("to_arrow(), opened before", again, "DuckDB: Parquet", from_parquet, work=work, goal=5),
        Measurement(f"{name}, encrypted", with_key, "Arrow: Parquet", by_arrow, work=work),
    ]
