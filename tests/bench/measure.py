"""What a benchmark reports: seconds or bytes beside a floor or a peer of the same run, and the machine it ran on."""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["Measurement", "as_json", "describe_machine", "fastest", "format_table"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number beside another of the same unit.

    Attributes:
        value, floor: in `unit`; the ratio of both is what counts.
        floor_name: what the floor or peer is.
        work: what was done in that time, as `200000 rows, 17.7 MB`.
        goal: the ratio to stay below, of the yardsticks in the design; None where there is none.
    """

    name: str
    value: float
    floor_name: str
    floor: float
    unit: str = "s"
    work: str = ""
    goal: float | None = None

    @property
    def ratio(self) -> float:
        return self.value / self.floor if self.floor else float("inf")


def fastest(*works: Callable[[], object], rounds: int = 3) -> list[float]:
    """Return the seconds of each work's fastest round; they take turns, so that a busy moment hits all of them."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for place, work in enumerate(works):
            gc.collect()
            start = time.perf_counter()
            work()
            best[place] = min(best[place], time.perf_counter() - start)
    return best


def describe_machine() -> dict[str, str]:
    """Return what the numbers depend on beside the code."""
    packages = ("duckdb", "pyarrow", "numpy", "cryptography", "protobuf", "cramjam", "sqlglot")
    return {
        "machine": platform.platform(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"


def format_table(measurements: list[Measurement]) -> str:
    """Return the measurements as aligned lines: the ratio first, for that is the result."""
    rows = [("ratio", "goal", "what", "value", "beside", "value", "of")]
    for m in measurements:
        goal = "" if m.goal is None else f"<= {m.goal:g}"
        rows.append(
            (
                f"{m.ratio:.2f}",
                goal,
                m.name,
                _number(m.value, m.unit),
                m.floor_name,
                _number(m.floor, m.unit),
                m.work,
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _number(value: float, unit: str) -> str:
    return f"{value:.3f} {unit}" if unit == "s" else f"{value:.1f} {unit}"


def as_json(machine: dict[str, str], measurements: list[Measurement], rows: int) -> dict[str, Any]:
    """Return a run as `compare.py` reads it."""
    return {
        "machine": machine,
        "rows": rows,
        "measurements": [{**asdict(m), "ratio": m.ratio} for m in measurements],
    }
