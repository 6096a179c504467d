"""From the shell's start to its answer, beside Python importing DuckDB."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from tests.bench.macro.place import PASSPHRASE, Place
from tests.bench.measure import Measurement, fastest

__all__ = ["measure"]


def measure(place: Place) -> list[Measurement]:
    """Measure `ootheca -e "SHOW BACKUP …"` as a new process: with a store in memory, and with one in a directory."""
    name = place.backup()
    show = f"SHOW BACKUP 'nodelocal://1/{name}' WITH encryption_passphrase = '{PASSPHRASE}'"
    folder = str(place.session.external_io_dir)
    measured = []
    with tempfile.TemporaryDirectory(prefix="bench-start-") as store:
        for kind, where in (("memory", ":memory:"), ("a directory", store)):
            command = ["-m", "ootheca", "--store", where, "--external-io-dir", folder, "-e", show]
            answer = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
            assert "rides" in answer.stdout
            started, floor = fastest(
                lambda command=command: _run(command), lambda: _run(["-c", "import duckdb"]), rounds=5
            )
            what = f'ootheca -e "SHOW BACKUP …", store in {kind}'
            measured.append(Measurement(what, started, 'python -c "import duckdb"', floor, goal=2))
    return measured


def _run(arguments: list[str]) -> None:
    # Compiled modules are kept, as installed ones are, also where the environment says otherwise.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True, env=kept)
