"""Rows <-> key/value pairs: rows per second of encoding a primary and a secondary index, and of decoding.

Run: python tests/bench/micro/bench_rows.py [rows]. The floor is Arrow copying the same record batches.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from ootheca.catalog.table import Column, ColumnFamily, Index, Table
from ootheca.codec.entries import IndexEncoder
from ootheca.codec.rows import RowDecoder
from ootheca.types import BOOL, INT8, STRING, TIMESTAMP, Family, SQLType

BATCH_ROWS = 1 << 16
PRIMARY = Index(1, "primary", True, (1,), (False,), has_primary_encoding=True)
BY_A = Index(2, "t_a_idx", False, (2,), (False,), key_suffix_column_ids=(1,))
TABLE = Table(
    id=104,
    name="t",
    columns=(
        Column(1, "id", INT8, is_nullable=False),
        Column(2, "a", INT8),
        Column(3, "b", STRING),
        Column(4, "c", SQLType(Family.DECIMAL, 1700, width=2, precision=10)),
        Column(5, "d", TIMESTAMP),
        Column(6, "e", BOOL),
    ),
    families=(ColumnFamily(0, "primary", (1, 2, 3, 4, 5, 6)),),
    primary_index=PRIMARY,
    indexes=(BY_A,),
)


def make_batch(num_rows: int, first_id: int, seed: int) -> pa.RecordBatch:
    """Return rows with 5 % NULLs in every column but the key."""
    random = np.random.default_rng(seed)
    sizes = random.integers(15, 26, num_rows)
    letters = random.integers(97, 123, int(sizes.sum()), dtype=np.uint8)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    text = pa.Array.from_buffers(pa.string(), num_rows, [None, pa.py_buffer(offsets), pa.py_buffer(letters)])
    cents = np.zeros((num_rows, 2), np.int64)
    cents[:, 0] = random.integers(0, 10**9, num_rows)
    columns = [
        pa.array(random.integers(-(10**6), 10**12, num_rows)),
        text,
        pa.Array.from_buffers(pa.decimal128(10, 2), num_rows, [None, pa.py_buffer(cents)]),
        pa.array(random.integers(0, 2 * 10**15, num_rows)).cast(pa.timestamp("us")),
        pa.array(random.integers(0, 2, num_rows).astype(bool)),
    ]
    columns = [pa.array(column).filter(pa.array([True] * num_rows)) for column in columns]
    nullable = []
    for column in columns:
        take = np.arange(num_rows, dtype=np.int64)
        nullable.append(column.take(pa.array(take, mask=random.random(num_rows) < 0.05)))
    ids = pa.array(np.arange(first_id, first_id + num_rows, dtype=np.int64) * 7)
    return pa.record_batch([ids, *nullable], schema=RowDecoder(TABLE).schema)


def timed(
    label: str, num_rows: int, run: Callable[[], object], *, floor: float | None = None, rounds: int = 3
) -> float:
    """Print and return the best of some rounds, in seconds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    ratio = f"  {best / floor:6.1f}x the floor" if floor else ""
    print(f"{label:28} {num_rows / best / 1e6:8.2f} M rows/s{ratio}")
    return best


def main(num_rows: int) -> None:
    """Measure and print."""
    starts = range(0, num_rows, BATCH_ROWS)
    rows = [make_batch(min(BATCH_ROWS, num_rows - at), at, at) for at in starts]
    primary, secondary = IndexEncoder(TABLE, PRIMARY, TABLE.id), IndexEncoder(TABLE, BY_A, TABLE.id)
    pairs = [primary.encode(batch, wall_ns=1) for batch in rows]
    decoded = list(RowDecoder(TABLE).decode(pairs))
    assert pa.Table.from_batches(decoded).equals(pa.Table.from_batches(rows))
    size = sum(batch.total_size for batch in pairs) / num_rows
    print(f"{num_rows} rows, {size:.0f} bytes of key and value each, batches of {BATCH_ROWS}")
    identity = pa.array(np.arange(BATCH_ROWS))
    floor = timed(
        "floor: Arrow take", num_rows, lambda: [batch.take(identity[: batch.num_rows]) for batch in rows]
    )
    timed("encode primary", num_rows, lambda: [primary.encode(b, wall_ns=1) for b in rows], floor=floor)
    timed(
        "encode secondary (a)", num_rows, lambda: [secondary.encode(b, wall_ns=1) for b in rows], floor=floor
    )
    timed("decode", num_rows, lambda: list(RowDecoder(TABLE).decode(pairs)), floor=floor)
    unchecked = RowDecoder(TABLE, verify_checksums=False)
    timed("decode, no checksums", num_rows, lambda: list(unchecked.decode(pairs)), floor=floor)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
