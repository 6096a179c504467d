"""One operation in a process of its own: prints the bytes by which it raised the process's peak memory.

python -m tests.bench.memory.peak {backup,restore,read,load} DIRECTORY ROWS
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from ootheca.backup.opened import open_backup
from ootheca.exec.session import Session
from tests.bench.macro.place import PASSPHRASE, open_place, run_sql

__all__ = ["main"]

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_SECRET = f"encryption_passphrase = '{PASSPHRASE}'"


class Peak:
    """The largest resident size of this process from now on, beyond what it has now."""

    def __init__(self) -> None:
        self._before = 0
        if _STATUS.exists():
            _RESET.write_text("5")  # the high-water mark falls to the present size
            self._before = _field("VmRSS")
        else:
            self._before = _high_water()

    def bytes(self) -> int:
        return (_field("VmHWM") if _STATUS.exists() else _high_water()) - self._before


def _field(name: str) -> int:
    lines = _STATUS.read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def _high_water() -> int:
    """What systems without /proc know: the peak since the process began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(operation: str, directory: Path, num_rows: int) -> None:
    """Do the operation on the place that `load` made."""
    if operation == "load":
        with open_place(directory, num_rows) as place:
            place.backup()
        return
    if operation == "read":
        opened = open_backup(
            "nodelocal://1/b0",
            encryption_passphrase=PASSPHRASE,
            external_io_dir=directory / "store" / "extern",
        )
        peak = Peak()
        seen = sum(batch.num_rows for batch in opened.table("movr.public.rides").to_batches())
        assert seen == num_rows
        print(peak.bytes())
        return
    with Session(directory / "store", sandbox=True) as session:
        run_sql(session, "SELECT 1")
        peak = Peak()
        if operation == "backup":
            run_sql(session, f"BACKUP DATABASE movr TO 'nodelocal://1/again' WITH {_SECRET}")
        else:
            run_sql(
                session,
                f"RESTORE DATABASE movr FROM 'nodelocal://1/b0' WITH {_SECRET}, new_db_name = 'again'",
            )
        print(peak.bytes())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
