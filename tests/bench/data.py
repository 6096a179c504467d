"""Rows for benchmarks: seeded, so that every run measures the same ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

__all__ = ["BATCH_ROWS", "CITIES", "CREATE_RIDES", "POSTGRES_RIDES", "make_rides"]

BATCH_ROWS = 65_536
_STARTED = (1_500_000_000_000_000, 1_700_000_000_000_000)  # microseconds since 1970
CITIES = (
    "amsterdam", "boston", "los angeles", "new york", "paris", "rome", "san francisco", "seattle", "washington dc",
)  # fmt: skip

CREATE_RIDES = """CREATE TABLE rides (
    id INT8 PRIMARY KEY, city STRING NOT NULL, rider STRING, revenue DECIMAL(10,2), started TIMESTAMP, is_done BOOL,
    INDEX rides_by_rider (rider))"""
POSTGRES_RIDES = (
    "CREATE TABLE rides (id int8 PRIMARY KEY, city text NOT NULL, rider text, revenue numeric(10,2), "
    "started timestamp, is_done bool); CREATE INDEX rides_by_rider ON rides (rider)"
)


def make_rides(num_rows: int, *, seed: int = 20_2) -> Iterator[pa.RecordBatch]:
    """Yield `num_rows` rides in batches: ids ascending by 7, 2 % of the nullable columns NULL."""
    for first in range(0, num_rows, BATCH_ROWS):
        yield _make_batch(first, min(BATCH_ROWS, num_rows - first), seed + first)


def _make_batch(first: int, num_rows: int, seed: int) -> pa.RecordBatch:
    random = np.random.default_rng(seed)
    cities = pa.DictionaryArray.from_arrays(random.integers(0, len(CITIES), num_rows, np.int32), list(CITIES))
    cents = np.zeros((num_rows, 2), np.int64)  # decimal128: the low and the high word
    cents[:, 0] = random.integers(100, 100_000, num_rows)
    columns = {
        "id": pa.array(np.arange(first, first + num_rows, dtype=np.int64) * 7),
        "city": cities.cast(pa.string()),
        "rider": _with_nulls(_texts(random, num_rows), random),
        "revenue": _with_nulls(
            pa.Array.from_buffers(pa.decimal128(10, 2), num_rows, [None, pa.py_buffer(cents)]), random
        ),
        "started": _with_nulls(pa.array(random.integers(*_STARTED, num_rows), pa.timestamp("us")), random),
        "is_done": _with_nulls(pa.array(random.integers(0, 2, num_rows).astype(bool)), random),
    }
    return pa.RecordBatch.from_pydict(columns)


def _texts(random: np.random.Generator, num_rows: int) -> pa.Array:
    """Names of 8 to 24 letters; each rider has some two rides."""
    sizes = random.integers(8, 25, num_rows)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    letters = random.integers(97, 123, int(offsets[-1]), dtype=np.uint8)
    distinct = pa.Array.from_buffers(
        pa.string(), num_rows, [None, pa.py_buffer(offsets), pa.py_buffer(letters)]
    )
    return distinct.take(pa.array(random.integers(0, max(num_rows // 2, 1), num_rows)))


def _with_nulls(values: pa.Array, random: np.random.Generator) -> pa.Array:
    rows = pa.array(np.arange(len(values)), mask=random.random(len(values)) < 0.02)
    return values.take(rows)
