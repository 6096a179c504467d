"""Processes killed in the middle of a BACKUP or a RESTORE: afterwards the store opens, and the same statement works.

So does RESUME JOB, which writes none of the files again that the job's checkpoint lists.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ootheca
from ootheca.connection import Connection
from ootheca.exec.scheduler import run_due
from tests.support.jobs import SMALL_FILES, ask, checkpointed, note_every_file, wait_for

KILLED = 9
# Runs statements, and kills itself at the n-th write or read of the storage.
SCRIPT = """
import os, sys
import ootheca
from ootheca.storage.directory import DirectoryStorage

store, operation, count, statement = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
con = ootheca.connect(store, sandbox=True)
plain = getattr(DirectoryStorage, operation)
left = [count]

def counted(self, *args, **kwargs):
    if left[0] == 0:
        os._exit(9)
    left[0] -= 1
    return plain(self, *args, **kwargs)

setattr(DirectoryStorage, operation, counted)
con.execute(statement).fetchall()
con.close()
"""
FULL = "BACKUP DATABASE shop TO 'nodelocal://1/b' WITH encryption_passphrase = 'abc'"
ROWS = [(1, "one"), (2, "two")]


def run_until_killed(store: Path, operation: str, count: int, statement: str, before: str = "") -> bool:
    """Return whether the process was killed before the statement ended."""
    done = subprocess.run(
        [sys.executable, "-c", before + SCRIPT, str(store), operation, str(count), statement],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, KILLED), done.stderr
    return done.returncode == KILLED


def fill(store: Path) -> None:
    with ootheca.connect(store, sandbox=True) as con:
        con.execute("CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY, v STRING, INDEX (v))")
        con.execute("INSERT INTO shop.t VALUES (1, 'one'), (2, 'two')")


def check_restores(con: Connection, name: str) -> None:
    con.execute(
        "RESTORE DATABASE shop FROM 'nodelocal://1/b' "
        f"WITH encryption_passphrase = 'abc', new_db_name = '{name}'"
    )
    assert con.execute(f"SELECT id, v FROM {name}.t ORDER BY id").fetchall() == ROWS


@pytest.mark.parametrize("count", range(7))
def test_a_killed_backup_does_not_list_and_can_be_taken_again(tmp_path: Path, count: int) -> None:
    fill(tmp_path)
    folder = tmp_path / "extern" / "b"
    assert run_until_killed(tmp_path, "write", count, FULL) == (count < 6)
    is_whole = (folder / "BACKUP_MANIFEST").exists()
    assert is_whole == (count == 6)
    with ootheca.connect(tmp_path, sandbox=True) as con:
        if not is_whole:
            assert con.execute(FULL).fetchall()[0][1] == "succeeded"
        check_restores(con, "again")
    left = {path.name for path in folder.rglob("*.sst")}
    assert len(left) == 1


def test_a_killed_layer_leaves_the_chain_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path)
    with ootheca.connect(tmp_path, sandbox=True) as con:
        con.execute(FULL)
    for count in (0, 1, 3):
        assert run_until_killed(tmp_path, "write", count, FULL)
    with ootheca.connect(tmp_path, sandbox=True) as con:
        check_restores(con, "before")
        con.execute("UPSERT INTO shop.t VALUES (2, 'two')")
        assert con.execute(FULL).fetchall()[0][3] == 1
        check_restores(con, "after")


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_killed_restore_leaves_nothing(tmp_path: Path, count: int) -> None:
    fill(tmp_path)
    statement = "RESTORE DATABASE shop FROM 'nodelocal://1/b' WITH encryption_passphrase = 'abc', new_db_name = 'copy'"
    with ootheca.connect(tmp_path, sandbox=True) as con:
        con.execute(FULL)
    assert run_until_killed(tmp_path, "read", count, statement)
    with ootheca.connect(tmp_path, sandbox=True) as con:
        names = [row[0] for row in con.execute("SHOW DATABASES").fetchall()]
        assert "copy" not in names
        check_restores(con, "copy")


# Gone on with

PASSPHRASE = "abc"
NUM_ROWS = 30
IS_LONG = bool(os.environ.get("OOTHECA_FAULTS"))
COUNTS = range(40) if IS_LONG else (1, 2, 5, 9)
NUM_KILLS = 70 if IS_LONG else 2
# Every file of its own, and a checkpoint after each.
NOTES_EVERY_FILE = """
from ootheca.backup import checkpoint, data_files
data_files._SST_SIZE, checkpoint._SHARE = 1, 0
"""
RUNS_WHAT_IS_DUE = (
    NOTES_EVERY_FILE
    + """
import ootheca.connection
from ootheca.exec.scheduler import run_due

class Due:
    def fetchall(self):
        return []

def execute(self, statement):
    list(run_due(self.session))
    return Due()

ootheca.connection.Connection.execute = execute
"""
)
# Says when its job begins, and waits to be killed if it ends before; slow enough for that to be rare.
VICTIM = (
    NOTES_EVERY_FILE
    + """
import sys, time
import ootheca
from ootheca.storage.directory import DirectoryStorage

def slowly(operation):
    plain = getattr(DirectoryStorage, operation)
    def slow(self, *args, **kwargs):
        time.sleep(0.02)
        return plain(self, *args, **kwargs)
    setattr(DirectoryStorage, operation, slow)

con = ootheca.connect(sys.argv[1], sandbox=True)
for operation in ("write", "read", "delete"):
    slowly(operation)
con.session.on_job_start = lambda _: print("ready", flush=True)
con.execute(sys.argv[2]).fetchall()
print("ended", flush=True)
sys.stdin.read()
"""
)
LAYERS = 10  # on one full backup
# What is killed at random moments, by its name; `{}` is a number: of the kill, or of the chain.
STATEMENTS = {
    "full": "BACKUP DATABASE shop TO 'nodelocal://1/b{}' WITH encryption_passphrase = 'abc'",
    "layer": "BACKUP DATABASE shop TO 'nodelocal://1/chain{}' WITH encryption_passphrase = 'abc'",
    "restore": "RESTORE DATABASE shop FROM 'nodelocal://1/b' WITH encryption_passphrase = 'abc', new_db_name = 'c{}'",
}


def fill_more(store: Path) -> None:
    fill(store)
    with ootheca.connect(store, sandbox=True) as con:
        con.execute(f"{SMALL_FILES}; DELETE FROM shop.t")
        con.execute(
            f"INSERT INTO shop.t SELECT i, repeat('x', 200) || i::STRING FROM generate_series(1, {NUM_ROWS}) AS g(i)"
        )


def change(con: Connection, number: int) -> None:
    con.execute(
        f"UPDATE shop.t SET v = repeat('y', 150) || '{number}.' || id::STRING WHERE id % 3 = {number % 3}"
    )


def rows_of(con: Connection, database: str) -> list[tuple[object, ...]]:
    return ask(con, f"SELECT id, v FROM {database}.t ORDER BY id")


def restored(con: Connection, folder: str) -> list[tuple[object, ...]]:
    con.execute(
        f"RESTORE DATABASE shop FROM 'nodelocal://1/{folder}' WITH encryption_passphrase = 'abc', new_db_name = 'seen'"
    )
    found = rows_of(con, "seen")
    con.execute("DROP DATABASE seen CASCADE")
    return found


def unfinished(con: Connection) -> list[int]:
    return [row[0] for row in ask(con, "SELECT job_id FROM [SHOW JOBS] WHERE status = 'paused'")]


def data_files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.sst")} if folder.exists() else set()


def go_on(con: Connection, job_id: int, folder: Path, base: Path) -> None:
    """Resume a BACKUP; the files that its checkpoint lists stay as they are, and all that is there is listed."""
    listed = checkpointed(folder, base, PASSPHRASE)
    before = {name: (folder / name).stat().st_mtime_ns for name in listed}
    con.execute(f"RESUME JOB {job_id}")
    assert wait_for(con, job_id) == "succeeded"
    assert {name: (folder / name).stat().st_mtime_ns for name in listed} == before
    report = ootheca.open_backup(
        f"nodelocal://1/{base.name}", external_io_dir=base.parent, encryption_passphrase=PASSPHRASE
    ).verify(raise_first=True)
    assert report.files == len(data_files_in(base))  # what was left half done is gone
    assert not (folder / "BACKUP-CHECKPOINT").exists()


@pytest.mark.parametrize("is_layer", [False, True], ids=["full", "layer"])
@pytest.mark.parametrize("count", COUNTS)
def test_a_killed_backup_goes_on_after_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, is_layer: bool
) -> None:
    note_every_file(monkeypatch)
    fill_more(tmp_path)
    base = tmp_path / "extern" / "b"
    with ootheca.connect(tmp_path, sandbox=True) as con:
        if is_layer:
            con.execute(FULL)
            change(con, 1)
        expected = rows_of(con, "shop")
    before = data_files_in(base)
    was_killed = run_until_killed(tmp_path, "write", count, FULL, NOTES_EVERY_FILE)
    with ootheca.connect(tmp_path, sandbox=True) as con:
        jobs = unfinished(con)
        assert len(jobs) == was_killed
        change(con, 2)
        for job_id in jobs:
            claims = list(base.rglob("BACKUP-CHECKPOINT"))
            assert len(claims) == (count > 0)
            go_on(con, job_id, claims[0].parent if claims else base, base)
        assert restored(con, "b") == expected
    assert len(data_files_in(base) - before) >= 3


def test_a_backup_that_was_whole_when_its_process_was_killed_has_succeeded(tmp_path: Path) -> None:
    fill_more(tmp_path)
    assert run_until_killed(tmp_path, "delete", 0, FULL)  # of the claim, after the manifest
    folder = tmp_path / "extern" / "b"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != "BACKUP-CHECKPOINT"}
    with ootheca.connect(tmp_path, sandbox=True) as con:
        expected = rows_of(con, "shop")
        (job_id,) = unfinished(con)
        con.execute(f"RESUME JOB {job_id}")
        assert wait_for(con, job_id) == "succeeded"
        assert restored(con, "b") == expected
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("name", STATEMENTS)
def test_processes_killed_at_any_moment(tmp_path: Path, name: str) -> None:
    fill_more(tmp_path)
    chance = random.Random(name)
    duration, num_resumed = 0.0, 0
    with ootheca.connect(tmp_path, sandbox=True) as con:
        con.execute(FULL)
    for kill in range(NUM_KILLS):
        number = kill // LAYERS if name == "layer" else kill
        statement = STATEMENTS[name].format(number)
        with ootheca.connect(tmp_path, sandbox=True) as con:
            if name == "layer" and kill % LAYERS == 0:
                con.execute(statement)
            if name != "restore":
                change(con, kill)
            expected = rows_of(con, "shop")
        took = kill_at(tmp_path, statement, chance.uniform(0, duration) if kill else None)
        duration = duration or took
        with ootheca.connect(tmp_path, sandbox=True) as con:
            jobs = unfinished(con)
            assert len(jobs) <= 1
            num_resumed += len(jobs)
            if name == "restore":
                check_restore(con, jobs, f"c{number}", expected)
            else:
                folder = tmp_path / "extern" / {"full": f"b{number}", "layer": f"chain{number}"}[name]
                check_backup(con, jobs, folder, expected)
    print(f"{name}: {NUM_KILLS} processes killed, {num_resumed} of them with a job that went on")
    assert num_resumed or not IS_LONG


@pytest.mark.parametrize("count", COUNTS)
def test_a_killed_scheduler_goes_on_with_its_run(tmp_path: Path, count: int) -> None:
    fill_more(tmp_path)
    with ootheca.connect(tmp_path, sandbox=True) as con:
        con.execute(
            "CREATE SCHEDULE s FOR BACKUP DATABASE shop INTO 'nodelocal://1/col' WITH encryption_passphrase = 'abc' "
            "RECURRING '@daily' FULL BACKUP ALWAYS WITH SCHEDULE OPTIONS first_run = 'now'"
        )
        expected = rows_of(con, "shop")
    was_killed = run_until_killed(tmp_path, "write", count, "", RUNS_WHAT_IS_DUE)
    with ootheca.connect(tmp_path, sandbox=True) as con:
        runs = list(run_due(con.session))
        assert [run.outcome for run in runs] == (["succeeded"] if was_killed else [])
        ((path,),) = ask(con, "SHOW BACKUPS IN 'nodelocal://1/col'")
        assert restored(con, f"col{path}") == expected
        ((state, running),) = ask(con, "SELECT schedule_status, jobsrunning FROM [SHOW SCHEDULES]")
        assert (state, running) == ("ACTIVE", 0)


def check_backup(con: Connection, jobs: list[int], folder: Path, expected: list[tuple[object, ...]]) -> None:
    """Let the job go on if there is one, else it was done; the backup holds what was there when it began."""
    for job_id in jobs:
        claims = [path.parent for path in folder.rglob("BACKUP-CHECKPOINT")]
        go_on(con, job_id, claims[0] if claims else folder, folder)
    assert restored(con, folder.name) == expected


def check_restore(
    con: Connection, jobs: list[int], database: str, expected: list[tuple[object, ...]]
) -> None:
    """Let the job go on if there is one, else it was done."""
    assert (database in [row[0] for row in ask(con, "SHOW DATABASES")]) == (not jobs)
    for job_id in jobs:
        con.execute(f"RESUME JOB {job_id}")
        assert wait_for(con, job_id) == "succeeded"
    assert rows_of(con, database) == expected
    con.execute(f"DROP DATABASE {database} CASCADE")


def kill_at(store: Path, statement: str, delay: float | None) -> float:
    """Kill a process so many seconds after its job began; None: after its end. Return how long that was."""
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(store), statement],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        began = time.monotonic()
        if delay is None:
            assert process.stdout.readline() == "ended\n"
        else:
            time.sleep(delay)
        took = time.monotonic() - began
        process.kill()
    return took
