"""BACKUP and RESTORE beside `pg_dump -Fc | openssl enc` and `openssl enc -d | pg_restore` of the same rows.

Needs PostgreSQL's server programs; a server of its own runs in a temporary directory, on a socket alone.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.csv

from tests.bench.data import POSTGRES_RIDES
from tests.bench.macro.place import PASSPHRASE, Place, run_sql
from tests.bench.measure import Measurement, fastest

__all__ = ["find_programs", "measure"]

_SEAL = "openssl enc -aes-256-ctr -pbkdf2 -pass pass:secret"


def find_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server, where there is one that can be run here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found or shutil.which("openssl") is None:
        return None
    if os.getuid() == 0 and _unprivileged() is None:
        return None  # the server refuses to run as root
    return found[-1].parent


def _unprivileged() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return None


@dataclass
class _Server:
    programs: Path
    folder: Path

    def run(self, command: str) -> None:
        """Run a shell command as the server's user, its programs first in the path."""
        user = _unprivileged() if os.getuid() == 0 else None
        environment = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PGHOST": str(self.folder),
            "LC_ALL": "C.UTF-8",
        }
        finished = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
        )
        if finished.returncode:
            raise RuntimeError(f"{command}: {finished.stderr[-500:]}")


@contextmanager
def _started(programs: Path) -> Iterator[_Server]:
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        user = _unprivileged() if os.getuid() == 0 else None
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        server = _Server(programs, folder)
        server.run("initdb -D data -U bench -A trust -E UTF8 > initdb.log")
        server.run(f"pg_ctl -D data -w -l log -o \"-c listen_addresses='' -k {folder}\" start > start.log")
        try:
            yield server
        finally:
            server.run("pg_ctl -D data -w -m immediate stop > stop.log")


def measure(place: Place) -> list[Measurement]:
    """Measure both programs against a table with the same rows and the same index."""
    programs = find_programs()
    assert programs is not None
    with _started(programs) as server:
        pyarrow.csv.write_csv(place.rides, server.folder / "rides.csv")
        (server.folder / "rides.csv").chmod(0o644)
        server.run("createdb -U bench movr")
        server.run(f'psql -q -U bench movr -c "{POSTGRES_RIDES}"')
        server.run('psql -q -U bench movr -c "COPY rides FROM STDIN WITH (FORMAT csv, HEADER)" < rides.csv')
        server.run('psql -q -U bench movr -c "VACUUM ANALYZE rides"')
        dump = f"pg_dump -Fc -U bench movr | {_SEAL} > dump"
        backup, dumping = fastest(place.backup, lambda: server.run(dump))
        size = (server.folder / "dump").stat().st_size
        name = place.backup()
        times = [_restore_both(place, name, server, number) for number in range(3)]
    restore, restoring = (min(each) for each in zip(*times, strict=True))
    work = f"{place.work}, dump of {size / 1e6:.1f} MB"
    dump_peer, restore_peer = f"pg_dump {_version(programs)} -Fc | openssl enc", "openssl enc -d | pg_restore"
    return [
        Measurement("BACKUP, encrypted", backup, dump_peer, dumping, work=work, goal=0.35),
        Measurement("RESTORE, encrypted", restore, restore_peer, restoring, work=work, goal=1),
    ]


def _version(programs: Path) -> str:
    return programs.parent.name


def _restore_both(place: Place, name: str, server: _Server, number: int) -> tuple[float, float]:
    """Return the seconds of our restore and of PostgreSQL's, each into a new database."""
    database = f"beside_{number}"
    statement = (
        f"RESTORE DATABASE movr FROM 'nodelocal://1/{name}' "
        f"WITH encryption_passphrase = '{PASSPHRASE}', new_db_name = '{database}'"
    )
    server.run(f"createdb -U bench {database}")
    load = f"{_SEAL} -d < dump | pg_restore -U bench -d {database}"
    ours, theirs = fastest(lambda: run_sql(place.session, statement), lambda: server.run(load), rounds=1)
    run_sql(place.session, f"DROP DATABASE {database} CASCADE")
    return ours, theirs
