"""Rows per second of table files, decoded and built, beside a memcpy of the same bytes in the same run.

Run: python tests/bench/micro/bench_block.py [--rows N]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from ootheca.codec.checksum import crc32_rows, stored_checksums
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged, concat_rows, gather
from ootheca.codec.sst.builder import OPTIONS, build_sst
from ootheca.codec.sst.reader import SSTReader

_SEED = 20_2


def synthetic_batch(num_rows: int) -> KeyValueBatch:
    """Rows of about 60 bytes with internal keys: an integer primary key, an integer and a text column."""
    random = np.random.default_rng(_SEED)
    ids = np.arange(num_rows, dtype=np.uint32) * 3
    keys = concat_rows([b"\xbd\x89\xf9", ids.astype(">u4").view(np.uint8).reshape(-1, 4), b"\x88"])
    sizes = random.integers(12, 36, num_rows)
    letters = random.integers(97, 123, int(sizes.sum()), dtype=np.uint8)
    texts = gather(letters, np.cumsum(sizes) - sizes, sizes)
    numbers = random.integers(0, 128, (num_rows, 1), dtype=np.uint8)
    tuples = concat_rows([b"\x0a\x23", numbers, b"\x16", sizes.astype(np.uint8).reshape(-1, 1), texts])
    checksums = stored_checksums(crc32_rows(keys, tuples))
    values = concat_rows([checksums.astype(">u4").view(np.uint8).reshape(-1, 4), tuples])
    wall = np.full(num_rows, 1_795_282_655_765_622_708, np.int64)
    return KeyValueBatch(keys, wall, np.zeros(num_rows, np.int32), values)


def fastest(run: Callable[[], object], repeats: int = 3) -> float:
    """Seconds of the fastest of some runs."""
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def main() -> None:
    """Print one line for each measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    num_rows = parser.parse_args().rows
    batch = synthetic_batch(num_rows)
    options = OPTIONS["21.2"]
    file = build_sst(batch, options=options)
    rows_size = batch.total_size + 18 * num_rows
    rows: Ragged = concat_rows([batch.keys, batch.values])

    def decode() -> int:
        return sum(len(part) for part in SSTReader.open(file, location="bench").batches())

    measures: list[tuple[str, Callable[[], object]]] = [
        ("memcpy of the rows (floor)", rows.data.copy),
        ("value checksums", lambda: crc32_rows(batch.keys, batch.values)),
        ("decode", decode),
        ("decode and check the order", lambda: SSTReader.open(file, location="bench").verify()),
        ("build", lambda: build_sst(batch, options=options)),
    ]
    print(
        f"{num_rows} rows, {rows_size / num_rows:.1f} bytes a row with internal keys, "
        f"file {len(file) / 1e6:.1f} MB"
    )
    floor = fastest(measures[0][1])
    for name, run in measures:
        seconds = fastest(run)
        print(
            f"{name:28} {num_rows / seconds / 1e6:9.2f} M rows/s {rows_size / seconds / 1e6:9.0f} MB/s"
            f" {seconds / floor:8.1f} x floor"
        )


if __name__ == "__main__":
    main()
