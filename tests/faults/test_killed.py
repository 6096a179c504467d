"""Processes killed in the middle of a BACKUP or a RESTORE: afterwards the store opens, and the same statement works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ootheca
from ootheca.connection import Connection

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


def run_until_killed(store: Path, operation: str, count: int, statement: str) -> bool:
    """Return whether the process was killed before the statement ended."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(store), operation, str(count), statement],
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
