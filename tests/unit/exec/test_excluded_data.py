"""Storage parameters: tables whose data stays out of backups, and what SET refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ootheca.connection import Connection, connect
from ootheca.errors import OothecaError


@pytest.fixture
def con() -> Iterator[Connection]:
    with connect(sandbox=True) as con:
        con.execute(
            "CREATE DATABASE d; USE d; CREATE TABLE t (a INT PRIMARY KEY); CREATE TABLE u (a INT PRIMARY KEY)"
        )
        con.execute("INSERT INTO t VALUES (1), (2); INSERT INTO u VALUES (1)")
        yield con


def rows_of(con: Connection, backup: str) -> dict[object, object]:
    sql = f"SELECT object_name, rows FROM [SHOW BACKUP {backup}] WHERE object_type = 'table'"
    return dict(con.execute(sql).fetchall())


def test_excluded_data_stays_out_and_the_table_comes_back_empty(con: Connection) -> None:
    con.execute("ALTER TABLE t SET (exclude_data_from_backup = true)")
    assert con.execute("BACKUP DATABASE d INTO 'nodelocal://1/x'").fetchall()[0][3] == 1
    con.execute("INSERT INTO t VALUES (3); BACKUP DATABASE d INTO LATEST IN 'nodelocal://1/x'")
    con.execute("USE defaultdb; DROP DATABASE d CASCADE; RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/x'")
    assert con.execute("SELECT a FROM d.t").fetchall() == []
    assert con.execute("SELECT a FROM d.u").fetchall() == [(1,)]
    ((_, text),) = con.execute("SHOW CREATE TABLE d.t").fetchall()
    assert text.endswith("WITH (exclude_data_from_backup = true)")


def test_reset_brings_the_data_back_into_full_backups_alone(con: Connection) -> None:
    con.execute(
        "ALTER TABLE t SET (exclude_data_from_backup = true); BACKUP DATABASE d INTO 'nodelocal://1/x'"
    )
    con.execute("ALTER TABLE t RESET (exclude_data_from_backup)")
    with pytest.raises(OothecaError, match='does not contain the data of table "t"') as caught:
        con.execute("BACKUP DATABASE d INTO LATEST IN 'nodelocal://1/x'")
    assert "full backup" in (caught.value.hint or "")
    con.execute("BACKUP DATABASE d INTO 'nodelocal://1/y'")
    assert rows_of(con, "LATEST IN 'nodelocal://1/y'") == {"t": 2, "u": 1}


def test_parameters_of_a_new_table(con: Connection) -> None:
    con.execute("CREATE TABLE v (a INT PRIMARY KEY) WITH (exclude_data_from_backup = true, fillfactor = 50)")
    con.execute("INSERT INTO v VALUES (1); BACKUP DATABASE d INTO 'nodelocal://1/x'")
    assert rows_of(con, "LATEST IN 'nodelocal://1/x'") == {"t": 2, "u": 1, "v": 0}


@pytest.mark.parametrize(
    ("parameter", "sqlstate", "message"),
    [
        ("nope = 1", "22023", 'invalid storage parameter "nope"'),
        (
            "exclude_data_from_backup = 5",
            "22023",
            'parameter "exclude_data_from_backup" requires a Boolean value',
        ),
        ("ttl_expire_after = '1h'", "0A000", "unimplemented: row-level TTL is not supported"),
        (
            "exclude_data_from_backup = true",
            "XXUUU",
            "cannot set data in a table with inbound foreign key constraints to be excluded from backup",
        ),
    ],
)
def test_what_is_refused(con: Connection, parameter: str, sqlstate: str, message: str) -> None:
    con.execute("CREATE TABLE child (a INT REFERENCES t)")
    with pytest.raises(OothecaError) as caught:
        con.execute(f"ALTER TABLE t SET ({parameter})")
    assert (caught.value.sqlstate, caught.value.message) == (sqlstate, message)


def test_execution_locality_names_this_node_or_fails() -> None:
    with connect(sandbox=True, locality="cloud=gce,region=us-west1") as con:
        con.execute("CREATE DATABASE d")
        con.execute("BACKUP DATABASE d INTO 'nodelocal://1/x' WITH EXECUTION LOCALITY = 'region=us-west1'")
        with pytest.raises(
            OothecaError, match="no instances found matching locality filter region=east"
        ) as caught:
            con.execute("BACKUP DATABASE d INTO 'nodelocal://1/y' WITH EXECUTION LOCALITY = 'region=east'")
        assert caught.value.hint == "start ootheca with --locality=region=east, or leave the option out"
        with pytest.raises(OothecaError, match="no instances found"):
            con.execute(
                "RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/x' WITH EXECUTION LOCALITY = 'region=east'"
            )


def test_experimental_copy_restores_plain_backups_alone(con: Connection) -> None:
    con.execute("BACKUP DATABASE d INTO 'nodelocal://1/x'")
    con.execute(
        "RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/x' WITH EXPERIMENTAL COPY, new_db_name = 'e'"
    )
    assert con.execute("SELECT count(*) FROM e.t").fetchall() == [(2,)]
    con.execute("BACKUP DATABASE d INTO 'nodelocal://1/s' WITH encryption_passphrase = 'p'")
    with pytest.raises(OothecaError, match="experimental copy does not take encrypted backups"):
        con.execute(
            "RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/s' "
            "WITH EXPERIMENTAL COPY, new_db_name = 'f', encryption_passphrase = 'p'"
        )
