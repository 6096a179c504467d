"""The database `system`: what a new store holds there, and what statements keep in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ootheca.catalog import _system_descriptors
from ootheca.clock import FixedClock, parse_timestamp
from ootheca.errors import OothecaError, StorageError
from ootheca.exec.session import Session
from tests.support.golden import VERSIONS, GoldenSet
from tests.support.system_descriptors import generate

START = parse_timestamp("1604188800000000000.0000000000")


@pytest.fixture(params=VERSIONS)
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with Session(None, version=request.param, clock=FixedClock(START)) as opened:
        yield opened


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


def test_descriptors_are_those_of_the_golden_clusters() -> None:
    assert Path(_system_descriptors.__file__).read_text() == generate()


def test_a_new_store_holds_what_a_new_cluster_holds(session: Session) -> None:
    golden = GoldenSet(session.profile.version, "h_cluster").expectations()["marks"]["full"]["system"]
    zones = query(session, "SELECT id, config FROM system.zones ORDER BY id")
    bootstrapped = [row for row in golden["zones"]["rows"] if int(row[0]) < 50]
    assert [[str(id_), f"\\x{config.hex()}"] for id_, config in zones] == bootstrapped
    locations = query(session, 'SELECT * FROM system.locations ORDER BY "localityValue"')
    assert [[str(value) for value in row] for row in locations] == golden["locations"]["rows"]
    settings = dict(query(session, "SELECT name, value FROM system.settings"))
    expected = {row[0]: row[1] for row in golden["settings"]["rows"]}
    assert settings.keys() == expected.keys() - {"cluster.organization", "sql.defaults.distsql"}
    assert settings["version"] == expected["version"]
    assert query(session, "SELECT * FROM system.role_members") == [("admin", "root", True)]
    assert query(session, "SELECT username FROM system.users ORDER BY 1") == [("admin",), ("root",)]


def test_users_and_roles_are_rows(session: Session) -> None:
    query(
        session,
        "CREATE USER alice; CREATE USER bob WITH CREATEROLE; CREATE ROLE team; GRANT team TO alice WITH ADMIN OPTION",
    )
    empty = b"" if session.profile.version == "20.2" else None
    assert query(
        session, "SELECT * FROM system.users WHERE username NOT IN ('admin', 'root') ORDER BY 1"
    ) == [
        ("alice", empty, False),
        ("bob", empty, False),
        ("team", empty, True),
    ]
    options = "SELECT * FROM system.role_options ORDER BY 1, 2"
    assert query(session, options) == [("bob", "CREATEROLE", None), ("team", "NOLOGIN", None)]
    query(
        session, "ALTER ROLE team WITH LOGIN; ALTER USER bob NOCREATEROLE CREATEDB VALID UNTIL '2030-01-01'"
    )
    assert query(session, options) == [("bob", "CREATEDB", None), ("bob", "VALID UNTIL", "2030-01-01")]
    assert ("team", "alice", True) in query(session, "SHOW GRANTS ON ROLE")
    query(session, "REVOKE ADMIN OPTION FOR team FROM alice")
    assert ("team", "alice", False) in query(session, "SHOW GRANTS ON ROLE")
    query(session, "DROP USER alice; DROP USER bob; DROP ROLE team")
    assert query(session, "SELECT count(*) FROM system.role_members") == [(1,)]
    assert query(session, options) == []


def test_a_row_written_by_hand_is_a_user(session: Session) -> None:
    query(session, "INSERT INTO system.users VALUES ('carol', NULL, false)")
    assert [row[0] for row in query(session, "SHOW USERS")] == ["admin", "carol", "root"]


def test_comments_are_rows(session: Session) -> None:
    query(
        session,
        "CREATE TABLE t (a INT PRIMARY KEY); COMMENT ON TABLE t IS 'it''s'; COMMENT ON COLUMN t.a IS 'a'",
    )
    table_id = session.catalog.resolve_table(("t",), "defaultdb").id
    rows = [(1, table_id, 0, "it's"), (2, table_id, 1, "a")]
    assert query(session, "SELECT * FROM system.comments ORDER BY type") == rows
    query(session, "COMMENT ON TABLE t IS NULL")
    assert query(session, "SELECT * FROM system.comments") == rows[1:]
    query(session, "DROP TABLE t")
    assert query(session, "SELECT * FROM system.comments") == []


@pytest.mark.parametrize(
    ("name", "value", "stored", "kind", "shown"),
    [
        ("cluster.organization", "'Oracle Test Org'", "Oracle Test Org", "s", "Oracle Test Org"),
        ("sql.defaults.distsql", "2", "2", "e", "on"),
        ("sql.defaults.distsql", "'always'", "3", "e", "always"),
        ("kv.bulk_sst.target_size", "'64MiB'", "67108864", "z", "64 MiB"),
        ("cloudstorage.timeout", "'1h30m'", "1h30m0s", "d", "1h30m0s"),
        ("cloudstorage.timeout", "'00:01:30'", "1m30s", "d", "1m30s"),
        ("cloudstorage.timeout", "'250ms'", "250ms", "d", "250ms"),
        ("feature.backup.enabled", "off", "false", "b", False),
        ("backup.compaction.threshold", "4", "4", "i", 4),
    ],
)
def test_settings_are_rows(name: str, value: str, stored: str, kind: str, shown: object) -> None:
    with Session(None) as session:
        query(session, f"SET CLUSTER SETTING {name} = {value}")
        found = f"SELECT value, \"valueType\" FROM system.settings WHERE name = '{name}'"
        assert query(session, found) == [(stored, kind)]
        assert query(session, f"SHOW CLUSTER SETTING {name}") == [(shown,)]
        query(session, f"RESET CLUSTER SETTING {name}")
        assert query(session, found) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kv.bulk_sst.target_size", "'much'"),
        ("cloudstorage.timeout", "'soon'"),
        ("feature.backup.enabled", "'perhaps'"),
        ("backup.compaction.threshold", "'four'"),
        ("sql.defaults.distsql", "'sometimes'"),
    ],
)
def test_what_is_no_value_of_a_setting(name: str, value: str) -> None:
    with Session(None) as session, pytest.raises(OothecaError):
        query(session, f"SET CLUSTER SETTING {name} = {value}")


def test_the_version_says_which_columns_there_are() -> None:
    with Session(None) as session:
        query(session, "CREATE USER alice; COMMENT ON DATABASE postgres IS 'c'")
        new = len(query(session, "SHOW COLUMNS FROM system.jobs"))
        query(session, "SET CLUSTER SETTING version = '20.2'")
        assert len(query(session, "SHOW COLUMNS FROM system.jobs")) == new - 2
        assert session.catalog.get(44) is None
        assert [row[0] for row in query(session, "SHOW USERS")] == ["admin", "alice", "root"]
        query(session, "SET CLUSTER SETTING version = '21.2'")
        assert len(query(session, "SHOW COLUMNS FROM system.jobs")) == new
        assert query(session, "SELECT comment FROM system.comments") == [("c",)]
        assert query(session, "SELECT * FROM system.database_role_settings") == []


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE system.users",
        "CREATE TABLE system.t (a INT)",
        "ALTER TABLE system.users ADD COLUMN a INT",
        "ALTER TABLE system.users RENAME TO people",
        "TRUNCATE system.users",
        'CREATE INDEX ON system.users ("isRole")',
        "DROP DATABASE system CASCADE",
        "ALTER DATABASE system RENAME TO s",
    ],
)
def test_the_shape_of_system_tables_is_not_to_be_changed(session: Session, sql: str) -> None:
    with pytest.raises(OothecaError, match=r"user root does not have (CREATE|DROP) privilege") as caught:
        query(session, sql)
    assert caught.value.sqlstate == "42501"
    assert ("DROP" in caught.value.message) == sql.startswith("DROP")
    assert query(session, "SELECT count(*) FROM system.users") == [(2,)]


def test_an_older_store_says_that_it_is(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        session.engine.begin()
        session.engine.store_descriptors(dict.fromkeys(range(4, 50)))
        session.engine.commit()
    with pytest.raises(StorageError, match="no system tables"):
        Session(tmp_path)


def test_of_a_password_only_the_hash_is_kept(session: Session) -> None:
    query(session, "CREATE USER u WITH PASSWORD 'hunter2'")
    stored = "SELECT \"hashedPassword\" FROM system.users WHERE username = 'u'"
    ((first,),) = query(session, stored)
    assert first.startswith(b"$2a$10$")
    query(session, "ALTER USER u WITH PASSWORD 'hunter3'")
    ((second,),) = query(session, stored)
    assert second.startswith(b"$2a$10$")
    assert second != first
    query(session, "ALTER USER u WITH PASSWORD NULL")
    assert query(session, stored) == [(b"" if session.profile.keeps_empty_password else None,)]
    with pytest.raises(OothecaError, match="empty passwords are not permitted"):
        query(session, "ALTER USER u WITH PASSWORD ''")
