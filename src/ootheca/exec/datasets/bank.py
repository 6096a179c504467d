"""The bank database: accounts with balances, to move money between while backups run.

Every value comes from one seeded generator, so two stores that load it hold the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

__all__ = ["ABOUT", "DATABASE", "SCHEMA", "tables"]

ABOUT = "accounts with balances that add up to 0, and a payload"

DATABASE = "bank"

SCHEMA = """
CREATE DATABASE bank;
CREATE TABLE bank.bank (id INT8 NOT NULL, balance INT8, payload STRING, PRIMARY KEY (id));
"""

_NUM_ACCOUNTS = 1000
_PAYLOAD_SIZE = 100


def tables() -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the table's name and its rows; columns as in `SCHEMA`."""
    rng = np.random.default_rng(1_000)
    letters = rng.integers(ord("a"), ord("z") + 1, (_NUM_ACCOUNTS, _PAYLOAD_SIZE), dtype=np.uint8)
    payloads = [f"initial-{row.tobytes().decode('ascii')}" for row in letters]
    half = rng.integers(-10_000, 10_000, _NUM_ACCOUNTS // 2)
    yield (
        "bank",
        pa.RecordBatch.from_pydict(
            {
                "id": pa.array(np.arange(_NUM_ACCOUNTS), type=pa.int64()),
                "balance": pa.array(np.concatenate([half, -half]), type=pa.int64()),
                "payload": pa.array(payloads),
            }
        ),
    )
