"""Peak memory of BACKUP, RESTORE and reading at some number of rows, and at ten times as many."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.measure import Measurement

__all__ = ["measure"]

OPERATIONS = {"backup": "BACKUP", "restore": "RESTORE", "read": "to_batches()"}
_MIB = 1 << 20


def measure(num_rows: int) -> list[Measurement]:
    """Measure each operation in a process of its own; the ratio is that of ten times the rows to the rows."""
    small, large = _peaks(num_rows), _peaks(10 * num_rows)
    return [
        Measurement(
            f"peak memory of {name}, {10 * num_rows} rows",
            large[operation] / _MIB,
            f"{num_rows} rows",
            small[operation] / _MIB,
            unit="MiB",
        )
        for operation, name in OPERATIONS.items()
    ]


def _peaks(num_rows: int) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix="bench-memory-") as name:
        _run("load", Path(name), num_rows)
        return {operation: int(_run(operation, Path(name), num_rows)) for operation in OPERATIONS}


def _run(operation: str, directory: Path, num_rows: int) -> str:
    command = [sys.executable, "-m", "tests.bench.memory.peak", operation, str(directory), str(num_rows)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
