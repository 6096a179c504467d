"""All benchmarks, each beside a floor or a peer that the same run measures.

python -m tests.bench [--rows N] [--only macro,memory,micro] [--json FILE]

Micro benchmarks print their own lines; macro and memory ones end in one table of ratios. Nothing here passes or fails
by time: ratios are for people to judge, and for `python -m tests.bench.compare OLD.json NEW.json`.
"""

from __future__ import annotations

import argparse
import json
import pkgutil
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests.bench.macro import bench_postgres
from tests.bench.macro.place import open_place
from tests.bench.measure import Measurement, as_json, describe_machine, format_table
from tests.bench.memory import bench_memory
from tests.support.servers import MISSING, find_server

HERE = Path(__file__).parent
KINDS = ("micro", "macro", "memory")
MEMORY_ROWS_SHARE = 2  # the memory benchmarks go to ten times this part of the rows


def modules_of(kind: str) -> list[str]:
    """Return the names of a folder's benchmark modules, sorted."""
    found = [module.name for module in pkgutil.iter_modules([str(HERE / kind)])]
    return sorted(name for name in found if name.startswith("bench_"))


def run_micro() -> None:
    """Run every micro benchmark as a program of its own."""
    for name in modules_of("micro"):
        print(f"\n== micro/{name}", flush=True)
        finished = subprocess.run([sys.executable, "-m", f"tests.bench.micro.{name}"], check=False)
        if finished.returncode:
            print(f"micro/{name} ended with {finished.returncode}")


def run_macro(num_rows: int) -> list[Measurement]:
    """Measure the operations on one table of rides."""
    measured: list[Measurement] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name, open_place(Path(name), num_rows) as place:
        for module in modules_of("macro"):
            if module == "bench_postgres" and bench_postgres.find_programs() is None:
                print(
                    "left out: pg_dump and pg_restore, for PostgreSQL's server programs are not on this machine"
                )
                continue
            if module == "bench_seaweed" and find_server("seaweed") is None:
                print(f"left out: {MISSING['seaweed']}")
                continue
            print(f"macro/{module} …", file=sys.stderr, flush=True)
            measured += import_module(f"tests.bench.macro.{module}").measure(place)
    return measured


def main() -> None:
    """Run what is asked for and print the results."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the table (200000)")
    parser.add_argument(
        "--only", default=",".join(KINDS), help="which kinds, comma separated (micro,macro,memory)"
    )
    parser.add_argument("--json", type=Path, help="write machine and measurements to this file")
    arguments = parser.parse_args()
    kinds = arguments.only.split(",")
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    machine = describe_machine()
    print("\n".join(f"{fact}: {value}" for fact, value in machine.items()), flush=True)
    if "micro" in kinds:
        run_micro()
    measured: list[Measurement] = []
    if "macro" in kinds:
        measured += run_macro(arguments.rows)
    if "memory" in kinds:
        measured += bench_memory.measure(arguments.rows // MEMORY_ROWS_SHARE)
    if measured:
        print()
        print(format_table(measured))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(as_json(machine, measured, arguments.rows), indent=1) + "\n")


if __name__ == "__main__":
    main()
