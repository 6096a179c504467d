"""A store in memory: its engine waits until something asks for it, and nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ootheca.clock import FixedClock, Timestamp
from ootheca.errors import ObjectNotFoundError, OothecaError
from ootheca.exec.session import Session

SHOW = "SHOW BACKUP 'nodelocal://1/b' WITH encryption_passphrase = 'secret'"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Session(external_io_dir=tmp_path / "extern") as session:
        list(session.execute("CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)"))
        list(session.execute(f"BACKUP TABLE t TO {SHOW.removeprefix('SHOW BACKUP ')}"))
    return tmp_path / "extern"


@pytest.fixture
def session(folder: Path) -> Iterator[Session]:
    with Session(external_io_dir=folder) as made:
        yield made


def run(session: Session, sql: str) -> list[tuple[object, ...]]:
    *_, last = session.execute(sql)
    return [tuple(row.values()) for batch in last.batches for row in batch.to_pylist()]


def shown(session: Session) -> list[object]:
    return [row[2] for row in run(session, SHOW)]


def test_show_backup_needs_no_engine(session: Session) -> None:
    assert shown(session) == ["defaultdb", "public", "t"]
    with pytest.raises(ObjectNotFoundError):
        run(session, SHOW.replace("/b'", "/other'"))
    session.interrupt()
    assert not session.is_open
    assert run(session, "SELECT 1") == [(1,)]
    assert session.is_open
    assert shown(session) == ["defaultdb", "public", "t"]


@pytest.mark.parametrize("before", ["", SHOW + "; "], ids=["at once", "later"])
def test_an_explicit_transaction_that_opens_it_is_undone(session: Session, before: str) -> None:
    run(session, f"BEGIN; {before}CREATE TABLE u (a INT); INSERT INTO u VALUES (1); ROLLBACK")
    assert session.catalog.find_table(("u",), "defaultdb") is None
    run(session, f"BEGIN; {before}CREATE TABLE u (a INT); INSERT INTO u VALUES (7); COMMIT")
    assert run(session, "TABLE u") == [(7,)]


def test_an_explicit_transaction_that_never_opens_it_ends(session: Session) -> None:
    assert run(session, f"BEGIN; {SHOW}; COMMIT; BEGIN; ROLLBACK") == []
    with pytest.raises(OothecaError, match="there is no transaction in progress"):
        run(session, "COMMIT")
    assert not session.is_open
    run(session, "BEGIN")
    with pytest.raises(ObjectNotFoundError):
        run(session, SHOW.replace("/b'", "/other'"))
    with pytest.raises(OothecaError, match="current transaction is aborted"):
        run(session, SHOW)
    run(session, "ROLLBACK")
    assert shown(session) == ["defaultdb", "public", "t"]


def test_it_begins_when_its_session_does(folder: Path) -> None:
    start = Timestamp(1_600_000_000_000_000_000)
    with Session(external_io_dir=folder, clock=FixedClock(start, step_ns=1000)) as session:
        shown(session)
        run(session, "CREATE TABLE t (a INT)")
        assert session.last_change.wall_ns > start.wall_ns
        assert run(session, f"SELECT count(*) FROM t AS OF SYSTEM TIME {session.last_change}") == [(0,)]
        with pytest.raises(OothecaError, match="does not exist"):
            run(session, f"SELECT count(*) FROM t AS OF SYSTEM TIME {start}")


def test_settings_are_those_of_a_new_store_until_they_are_set(session: Session) -> None:
    assert run(session, "SHOW CLUSTER SETTING feature.backup.enabled") == [(True,)]
    run(session, "SET CLUSTER SETTING feature.backup.enabled = false")
    assert run(session, "SHOW CLUSTER SETTING feature.backup.enabled") == [(False,)]


def test_what_another_user_may_do_stands_in_it(folder: Path) -> None:
    with Session(external_io_dir=folder, user="maxroach") as session:
        assert shown(session) == ["defaultdb", "public", "t"]
        assert session.is_open
