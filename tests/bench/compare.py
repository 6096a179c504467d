"""Compare two runs of the benchmarks by their ratios, which hold across machines better than seconds do.

python -m tests.bench.compare OLD.json NEW.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["compare", "main"]


def compare(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, float | None, float | None]]:
    """Return (what, old ratio, new ratio) of everything that either run measured, in the order of the new one."""
    before = {_name(m): float(m["ratio"]) for m in old["measurements"]}
    after = {_name(m): float(m["ratio"]) for m in new["measurements"]}
    names = [*after, *(name for name in before if name not in after)]
    return [(name, before.get(name), after.get(name)) for name in names]


def _name(measurement: dict[str, Any]) -> str:
    return f"{measurement['name']} / {measurement['floor_name']}"


def _format(rows: list[tuple[str, float | None, float | None]]) -> str:
    lines = [f"{'old':>8} {'new':>8} {'change':>8}  what"]
    for name, old, new in rows:
        texts = ["-" if ratio is None else f"{ratio:.2f}" for ratio in (old, new)]
        change = f"{new / old - 1:+.0%}" if old and new else ""
        lines.append(f"{texts[0]:>8} {texts[1]:>8} {change:>8}  {name}")
    return "\n".join(lines)


def main(old_path: str, new_path: str) -> None:
    """Print the comparison of two files that `python -m tests.bench --json` wrote."""
    old, new = (json.loads(Path(path).read_text()) for path in (old_path, new_path))
    for fact in sorted({*old["machine"], *new["machine"]}):
        values = [run["machine"].get(fact, "-") for run in (old, new)]
        if values[0] != values[1]:
            print(f"{fact}: {values[0]} -> {values[1]}")
    if old["rows"] != new["rows"]:
        print(f"rows: {old['rows']} -> {new['rows']}")
    print(_format(compare(old, new)))


if __name__ == "__main__":
    main(*sys.argv[1:3])
