"""The public interface: every name of it says what it does, and a user's type checker understands it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ootheca

ROOT = Path(__file__).parents[3]
PLAIN = {"apilevel", "paramstyle", "threadsafety", "BINARY", "DATETIME", "NUMBER", "ROWID", "STRING"}
CLASSES = (ootheca.Connection, ootheca.Cursor, ootheca.Backup, ootheca.BackupTable)

PROGRAM = """
import datetime
import ootheca

def owners(store: str) -> list[tuple[object, ...]]:
    with ootheca.connect(store, sandbox=True, limits=ootheca.ExternalLimits(disable_http=True)) as con:
        try:
            cursor: ootheca.Cursor = con.execute("SELECT owner FROM bank.accounts WHERE id = $1", [1])
        except ootheca.ProgrammingError as error:
            print(error.sqlstate, error.hint)
            return []
        for name, code, *_ in cursor.description or ():
            print(name.upper(), code == ootheca.STRING)
        return cursor.fetchall()

def rows(uri: str) -> int:
    backup: ootheca.Backup = ootheca.open_backup(uri, as_of=datetime.datetime.now(datetime.UTC))
    table: ootheca.BackupTable = backup.table(backup.tables[0])
    count: int = sum(batch.num_rows for batch in table.to_batches())
    return count if backup.verify().is_sound else 0

def canonical(sql: str) -> list[str]:
    return [str(statement) + statement.redacted() for statement in ootheca.parse(sql)]
"""


def members(kind: type) -> list[tuple[str, Any]]:
    """The methods and properties that a class defines for its users."""
    return [
        (name, value)
        for name, value in vars(kind).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
    ]


@pytest.mark.parametrize("name", sorted(set(ootheca.__all__) - PLAIN))
def test_every_public_name_has_a_docstring(name: str) -> None:
    value = getattr(ootheca, name)
    assert inspect.getdoc(value), name
    assert name in dir(ootheca)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_public_member_has_a_docstring(kind: type) -> None:
    assert members(kind)
    assert [name for name, value in members(kind) if not value.__doc__] == []


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_methods_of_a_connection_and_a_backup_tell_their_errors(kind: type) -> None:
    """What can fail says how, itself or by naming the method that says it."""
    harmless = {
        "close",
        "rownumber",
        "description",
        "setinputsizes",
        "setoutputsize",
        "autocommit",
        "schema",
        "tables",
    }
    silent = [
        name
        for name, value in members(kind)
        if name not in harmless
        and not any(word in value.__doc__ for word in ("Raises:", "errors as for", "none is raised"))
    ]
    assert silent == []


@pytest.mark.parametrize(
    "function", [ootheca.connect, ootheca.open_backup, ootheca.parse], ids=lambda f: f.__name__
)
def test_every_argument_is_told(function: Any) -> None:
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    text = function.__doc__
    assert [name for name in names if name not in text] == []
    assert "Raises:" in text


def test_a_program_of_a_user_passes_the_strict_type_checker(tmp_path: Path) -> None:
    program = tmp_path / "user.py"
    program.write_text(PROGRAM)
    assert (ROOT / "src" / "ootheca" / "py.typed").exists()
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"),
         "--cache-dir", str(tmp_path / "cache"), str(program)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.startswith("Success: no issues found"), done.stdout + done.stderr
