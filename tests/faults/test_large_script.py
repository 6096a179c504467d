"""A script is read as it is run: however long it is, its statements do not sit in memory.

`OOTHECA_FAULTS=1` inserts rows as well, where the store's own cache grows to its limit and no further.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

IS_LONG = bool(os.environ.get("OOTHECA_FAULTS"))
SIZE = 50_000
_MIB = 1 << 20
_PROGRAM = """
import resource, sys
from ootheca.shell.main import main
status = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)
sys.exit(status)
"""


def settings(count: int) -> Iterator[str]:
    for number in range(count):
        yield f"SET application_name = '{number:0{SIZE}}';\n"


def inserts(count: int) -> Iterator[str]:
    yield "CREATE TABLE t (id INT PRIMARY KEY, a STRING);\n"
    for number in range(count):
        rows = (f"({number * 500 + row}, '{row:080}')" for row in range(500))
        yield f"INSERT INTO t VALUES {', '.join(rows)};\n"
    yield "SELECT count(*) FROM t;\n"


def peak(script: Iterator[str], store: Path) -> tuple[int, str]:
    """Pipe a script into the shell; return the process's peak memory in bytes, and what it wrote."""
    words = [sys.executable, "-c", _PROGRAM, "--store", str(store), "--format", "csv"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        for piece in script:
            process.stdin.write(piece)
        out, err = process.communicate()
    assert process.returncode == 0, err
    return int(err.split()[-1]), out


def test_long_script_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    short, _ = peak(settings(20), tmp_path / "short")
    long, out = peak(settings(800), tmp_path / "long")
    assert out.count("SET\n") == 800
    assert long - short < 16 * _MIB  # of the 40 MB of script


@pytest.mark.skipif(not IS_LONG, reason="part of `make faults`")
def test_inserts_of_a_long_script_fill_the_store_and_not_the_memory(tmp_path: Path) -> None:
    _, out = peak(inserts(20), tmp_path / "short")
    assert out.endswith("count\n10000\n")
    largest, out = peak(inserts(1000), tmp_path / "long")
    assert out.endswith("count\n500000\n")
    assert largest < 512 * _MIB
