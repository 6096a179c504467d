"""BACKUP without targets and RESTORE of it: everything of a store comes back in an empty one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import ootheca
from ootheca import pb
from ootheca.codec.manifest import decode_manifest
from ootheca.errors import OothecaError
from ootheca.exec.session import Session
from tests.support.golden import VERSIONS

_SETUP = """
CREATE DATABASE d; CREATE SCHEMA d.s; CREATE TABLE d.s.t (a INT PRIMARY KEY, b STRING);
INSERT INTO d.s.t VALUES (1, 'x'); COMMENT ON TABLE d.s.t IS 'a comment';
CREATE USER u; CREATE ROLE r; GRANT r TO u; GRANT SELECT ON d.s.t TO u; GRANT CREATE ON DATABASE defaultdb TO u;
SET CLUSTER SETTING cluster.organization = 'Some Org'; DROP DATABASE postgres;
CREATE TABLE defaultdb.x (a INT PRIMARY KEY);
"""
_SYSTEM = ("comments", "locations", "role_members", "role_options", "settings", "ui", "users", "zones")


def query(session: Session, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of the last statement."""
    rows: list[tuple[Any, ...]] = []
    for result in session.execute(sql):
        rows = (
            []
            if result.columns is None
            else [tuple(r.values()) for b in result.batches for r in b.to_pylist()]
        )
    return rows


def contents(session: Session) -> dict[str, Any]:
    """What a cluster backup must bring back."""
    held: dict[str, Any] = {
        name: Counter(r for r in query(session, f"SELECT * FROM system.{name}") if r[0] != "version")
        for name in _SYSTEM
    }
    for sql in (
        "SHOW USERS",
        "SHOW GRANTS ON ROLE",
        "SHOW GRANTS ON d.s.t",
        "SHOW GRANTS ON DATABASE defaultdb",
    ):
        held[sql] = query(session, sql)
    held["rows"] = query(session, "SELECT * FROM d.s.t")
    held["organization"] = query(session, "SHOW CLUSTER SETTING cluster.organization")
    held["ids"] = {member.id: member.name for member in session.catalog}
    return held


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cluster_backup_comes_back_whole(version: str, tmp_path: Path) -> None:
    with Session(None, version=version, external_io_dir=tmp_path) as session:
        query(session, _SETUP)
        ((_, _, _, rows, entries, size),) = query(session, "BACKUP TO 'nodelocal://1/c'")
        held = contents(session)
    with Session(None, version=version, external_io_dir=tmp_path) as session:
        restored = query(session, "RESTORE FROM 'nodelocal://1/c'")
        assert [row[1:] for row in restored] == [("succeeded", 1.0, rows, entries, size)]
        assert contents(session) == held
        query(session, "CREATE DATABASE later")
        assert session.catalog.resolve_database("later").id > max(held["ids"])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cluster_backup_comes_back_under_the_other_profile(version: str, tmp_path: Path) -> None:
    other = VERSIONS[1 - VERSIONS.index(version)]
    with Session(None, version=version, external_io_dir=tmp_path) as session:
        query(session, _SETUP + "BACKUP TO 'nodelocal://1/c'")
        users = query(session, "SHOW USERS")
    with Session(None, version=other, external_io_dir=tmp_path) as session:
        query(session, "RESTORE FROM 'nodelocal://1/c'")
        assert query(session, "SHOW USERS") == users
        assert query(session, "SELECT * FROM d.s.t") == [(1, "x")]
        assert query(session, "SHOW CLUSTER SETTING version") == [(other,)]
        query(session, "CREATE TABLE d.s.u (a INT PRIMARY KEY); BACKUP TO 'nodelocal://1/again'")


def test_the_manifest_of_a_cluster_backup(tmp_path: Path) -> None:
    with Session(None, version="21.2", external_io_dir=tmp_path) as session:
        query(session, _SETUP + "BACKUP TO 'nodelocal://1/c'")
        shown = query(
            session,
            "SELECT object_name, is_full_cluster FROM [SHOW BACKUP 'nodelocal://1/c'] WHERE database_name = 'system'",
        )
        ((manifest,),) = query(session, "SHOW BACKUP 'nodelocal://1/c' WITH as_json")
    assert shown == [
        (name, True)
        for name in (
            "users", "zones", "settings", "ui", "jobs", "locations", "role_members", "comments", "role_options",
            "scheduled_jobs", "database_role_settings",
        )
    ]  # fmt: skip
    assert '"descriptorCoverage": 1' in manifest
    assert '"completeDbs": [100, 104]' in manifest


def test_a_failed_cluster_restore_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    with Session(None, external_io_dir=tmp_path) as session:
        query(session, _SETUP + "BACKUP TO 'nodelocal://1/c'")
    smallest = min((tmp_path / "c" / "data").glob("*.sst"), key=lambda path: path.stat().st_size)
    smallest.write_bytes(b"")
    with Session(None, external_io_dir=tmp_path) as session:
        before = [member.name for member in session.catalog], query(session, "SHOW USERS")
        with pytest.raises(OothecaError):
            query(session, "RESTORE FROM 'nodelocal://1/c'")
        assert ([member.name for member in session.catalog], query(session, "SHOW USERS")) == before
        query(session, "CREATE TABLE defaultdb.t (a INT)")


def test_a_store_with_objects_takes_no_cluster_restore(tmp_path: Path) -> None:
    with Session(None, external_io_dir=tmp_path) as session:
        query(session, "CREATE TABLE defaultdb.x (a INT); BACKUP TO 'nodelocal://1/c'")
        with pytest.raises(OothecaError, match="but found 1 descriptors: x"):
            query(session, "RESTORE FROM 'nodelocal://1/c'")


def test_a_system_table_is_restored_into_another_database(tmp_path: Path) -> None:
    with Session(None, external_io_dir=tmp_path) as session:
        query(session, "CREATE USER u; BACKUP TO 'nodelocal://1/c'; DROP USER u; CREATE DATABASE newdb")
        with pytest.raises(OothecaError, match='relation "users" already exists'):
            query(session, "RESTORE TABLE system.users FROM 'nodelocal://1/c'")
        query(session, "RESTORE TABLE system.users FROM 'nodelocal://1/c' WITH into_db = 'newdb'")
        query(session, "INSERT INTO system.users SELECT * FROM newdb.users WHERE username = 'u'")
        assert [row[0] for row in query(session, "SHOW USERS")] == ["admin", "root", "u"]


def jobs(session: Session) -> list[tuple[str, pb.JobPayload, pb.JobProgress]]:
    """Return status, payload and progress of every job, the oldest first."""
    rows = query(session, "SELECT status, payload, progress FROM system.jobs ORDER BY id")
    return [(s, pb.JobPayload.FromString(p), pb.JobProgress.FromString(g)) for s, p, g in rows]


@pytest.mark.parametrize("version", VERSIONS)
def test_backup_and_restore_leave_a_job(version: str, tmp_path: Path) -> None:
    with Session(None, version=version, external_io_dir=tmp_path) as session:
        ((job_id, *_),) = query(
            session,
            "CREATE DATABASE d; BACKUP DATABASE d TO 'nodelocal://1/a?AWS_SECRET_ACCESS_KEY=hush' "
            "WITH encryption_passphrase = 'hush'",
        )
        assert query(session, "SELECT id FROM system.jobs") == [(job_id,)]
        query(
            session,
            "DROP DATABASE d; RESTORE DATABASE d FROM 'nodelocal://1/a' WITH encryption_passphrase = 'hush'",
        )
        (_, backup, progress), (status, restore, _) = jobs(session)
        assert "hush" not in f"{backup}{restore}"
        assert backup.description.startswith(
            "BACKUP DATABASE d TO 'nodelocal://1/a?AWS_SECRET_ACCESS_KEY=redacted'"
        )
        assert (status, progress.fraction_completed) == ("succeeded", 1.0)
        assert backup.username_proto == "root"
        assert 0 < backup.started_micros <= backup.finished_micros <= progress.modified_micros
        assert next(iter(restore.descriptor_ids)) == session.catalog.resolve_database("d").id
        assert restore.HasField("restore")
        assert not restore.HasField("backup")


def test_a_cluster_backup_holds_its_own_job_as_running(tmp_path: Path) -> None:
    with Session(None, external_io_dir=tmp_path) as session:
        ((job_id, *_),) = query(session, "BACKUP TO 'nodelocal://1/c'")
    kept = (
        ootheca.open_backup("nodelocal://1/c", external_io_dir=tmp_path)
        .table("system.public.jobs")
        .to_arrow()
    )
    assert [(row["id"], row["status"]) for row in kept.to_pylist()] == [(job_id, "running")]
    with Session(None, external_io_dir=tmp_path) as session:
        ((restore_id, *_),) = query(session, "RESTORE FROM 'nodelocal://1/c'")
        found = query(session, "SELECT id, status FROM system.jobs ORDER BY id")
    assert found == [(job_id, "failed"), (restore_id, "succeeded")]


def test_a_backup_that_fails_leaves_a_failed_job(tmp_path: Path) -> None:
    with Session(None, external_io_dir=tmp_path) as session:
        (tmp_path / "c").mkdir()
        (tmp_path / "c" / "BACKUP-CHECKPOINT").write_bytes(b"another's")
        with pytest.raises(OothecaError, match="already contains"):
            query(session, "CREATE TABLE t (a INT); BACKUP TO 'nodelocal://1/c'")
        ((status, payload, _),) = jobs(session)
        assert status == "failed"
        assert "already contains a BACKUP-CHECKPOINT file" in payload.error
        assert query(session, "SELECT count(*) FROM t") == [(0,)]


def test_a_detached_backup_in_a_transaction_goes_with_it(tmp_path: Path) -> None:
    with Session(None, external_io_dir=tmp_path) as session:
        query(session, "BEGIN; BACKUP INTO 'nodelocal://1/a' WITH detached; ROLLBACK")
        assert jobs(session) == []
        query(session, "BEGIN; BACKUP INTO 'nodelocal://1/b' WITH detached; COMMIT")
        query(session, "SHOW JOBS WHEN COMPLETE SELECT job_id FROM [SHOW JOBS]")
        ((status, payload, _),) = jobs(session)
        assert status == "succeeded"
        assert re.match(
            r"BACKUP INTO '/\d{4}/\d\d/\d\d-[\d.]+' IN 'nodelocal://1/b' WITH detached", payload.description
        )


def test_users_alone_come_back_where_they_are_missing(tmp_path: Path) -> None:
    with Session(None, external_io_dir=tmp_path) as session:
        query(
            session, "CREATE ROLE r WITH CREATEDB; CREATE USER u; CREATE USER v; GRANT r TO u; GRANT r TO v"
        )
        query(
            session,
            "BACKUP INTO 'nodelocal://1/c'; CREATE TABLE t (a INT); BACKUP TABLE t TO 'nodelocal://1/t'",
        )
    with Session(None, external_io_dir=tmp_path) as session:
        query(session, "CREATE TABLE kept (a INT); CREATE USER v WITH CREATEROLE")
        ((_, status, *_),) = query(session, "RESTORE SYSTEM USERS FROM LATEST IN 'nodelocal://1/c'")
        assert status == "succeeded"
        assert query(session, "SHOW USERS") == [
            ("admin", "", []),
            ("r", "CREATEDB, NOLOGIN", []),
            ("root", "", ["admin"]),
            ("u", "", ["r"]),
            ("v", "CREATEROLE", []),
        ]
        with pytest.raises(OothecaError, match=r"no system\.users table in the backup"):
            query(session, "RESTORE SYSTEM USERS FROM 'nodelocal://1/t'")


@pytest.mark.parametrize("options", ["", " WITH revision_history"])
@pytest.mark.parametrize("version", VERSIONS)
def test_layers_of_a_cluster(version: str, options: str, tmp_path: Path) -> None:
    """A layer tells what changed in the system tables too, the end of the last BACKUP's job among it."""
    with Session(None, version=version, external_io_dir=tmp_path) as session:
        query(session, f"{_SETUP} BACKUP TO 'nodelocal://1/c'{options}")
        first = contents(session)
        query(
            session,
            "CREATE USER w; REVOKE r FROM u; COMMENT ON TABLE d.s.t IS NULL; COMMENT ON DATABASE d IS 'd'; "
            "RESET CLUSTER SETTING cluster.organization; ALTER DATABASE d CONFIGURE ZONE USING gc.ttlseconds = 7; "
            "UPDATE d.s.t SET b = 'y'",
        )
        query(session, f"BACKUP TO 'nodelocal://1/c'{options}")
        second = contents(session)
    assert first != second
    with Session(None, version=version, external_io_dir=tmp_path) as session:
        query(session, "RESTORE FROM 'nodelocal://1/c'")
        assert contents(session) == second
        ended = query(session, "SELECT status FROM system.jobs ORDER BY id")
        assert ended == [("succeeded",), ("failed",), ("succeeded",)]
    with Session(None, version=version, external_io_dir=tmp_path) as session:
        manifest = decode_manifest((tmp_path / "c" / "BACKUP_MANIFEST").read_bytes(), location="c")
        query(session, f"RESTORE FROM 'nodelocal://1/c' AS OF SYSTEM TIME '{manifest.end_time.wall_time}'")
        assert contents(session) == first
