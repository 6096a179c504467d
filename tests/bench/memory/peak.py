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

_SECRET = f"encryption_passphrase = '{PASSPHRASE}'"


def peak_bytes() -> int:
    """Return the largest resident size of this process so far."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


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
        before = peak_bytes()
        seen = sum(batch.num_rows for batch in opened.table("movr.public.rides").to_batches())
        assert seen == num_rows
        print(peak_bytes() - before)
        return
    with Session(directory / "store", sandbox=True) as session:
        run_sql(session, "SELECT 1")
        before = peak_bytes()
        if operation == "backup":
            run_sql(session, f"BACKUP DATABASE movr TO 'nodelocal://1/again' WITH {_SECRET}")
        else:
            run_sql(
                session,
                f"RESTORE DATABASE movr FROM 'nodelocal://1/b0' WITH {_SECRET}, new_db_name = 'again'",
            )
        print(peak_bytes() - before)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
