"""SHOW BACKUP and SHOW BACKUPS answer what the server answered, in every statement of every golden set."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ootheca.errors import OothecaError
from ootheca.exec.session import Session
from ootheca.sql.parser import parse_one
from tests.compat.test_golden_restore import Rows, run
from tests.support.golden import GoldenSet, sets_at_hand

_DATABASE = re.compile(r"SET DATABASE = (\w+)")
_MATERIALIZED = re.compile(r"CREATE (MATERIALIZED )?VIEW (mv|mview) ")
# Asked before more was written: of what is there now, these rows are the first, or they were LATEST.
_ASKED_BEFORE = {"c_kms", "e_revision", "f_collection"}


def shows(golden: GoldenSet) -> list[tuple[str, dict[str, Any]]]:
    """Return the statements about backups, each with the database that was the current one."""
    found, database = [], "defaultdb"
    for statement in golden.statements():
        change = _DATABASE.match(statement["sql"])
        database = change[1] if change else database
        if statement["sql"].startswith("SHOW BACKUP"):
            found.append((database, statement))
    return found


SETS = [param for param in sets_at_hand() if param.values[0] is None or shows(param.values[0])]


def is_outdated(golden: GoldenSet, sql: str) -> bool:
    """Whether the answer is about a collection's newest backup as it was then."""
    return golden.name == "f_collection" and "LATEST" in sql


@pytest.mark.parametrize("golden", SETS)
def test_show_backup_answers_what_the_server_answered(golden: GoldenSet) -> None:
    compared = 0
    with Session(None, external_io_dir=golden.extern, sandbox=True, version=golden.version) as session:
        for database, statement in shows(golden):
            sql = statement["sql"].rstrip(";")
            run_quietly(session, f"CREATE DATABASE IF NOT EXISTS {database}; SET DATABASE = {database}")
            if is_outdated(golden, sql):
                continue
            compared += 1
            if "error" in statement:
                with pytest.raises(OothecaError) as caught:
                    run(session, sql)
                assert_same_words(caught.value.message, statement["error"]["message"])
                continue
            got, want = normal(run(session, sql)), normal([tuple(row) for row in statement["rows"]])
            if golden.name in _ASKED_BEFORE and len(got) > len(want):
                got = got[: len(want)] if "BACKUPS" not in sql else [row for row in got if row in want]
            assert got == want, sql
    assert compared


def run_quietly(session: Session, script: str) -> None:
    for _ in session.execute(script):
        pass


def assert_same_words(got: str, want: str) -> None:
    """The servers name a folder of their own, and in some answers add the protobuf library's words."""
    masked = re.escape(want).replace("<path>", ".*")
    assert re.fullmatch(masked, got) or want.startswith(f"{got}: proto: "), got


def normal(rows: Rows) -> Rows:
    """Leave out mistakes that are not imitated.

    Both servers print a materialised view as `CREATE VIEW … (…, rowid)`. The word `role`, which later versions quote,
    is quoted under both profiles.
    """
    kept = [row for row in rows if not any(_MATERIALIZED.match(value or "") for value in row)]
    return [tuple(value.replace('"role"', "role") if value else value for value in row) for row in kept]


def test_a_list_without_a_collection_is_refused() -> None:
    with pytest.raises(OothecaError) as caught:
        parse_one("SHOW BACKUP ('nodelocal://0/a?COCKROACH_LOCALITY=default', 'nodelocal://0/b')")
    assert caught.value.message == 'at or near "(": syntax error'
