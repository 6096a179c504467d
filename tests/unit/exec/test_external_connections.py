"""External connections: made, changed, listed, tried, dropped, and used for storage and keys.

The words of CockroachDB are those of its own tests for these statements, versions 22.2 and later.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ootheca import connect
from ootheca.connection import Connection
from ootheca.errors import OothecaError
from ootheca.exec.limits import ExternalLimits
from ootheca.exec.session import Session

S3 = "s3://bucket/x?AWS_ACCESS_KEY_ID=k&AWS_SECRET_ACCESS_KEY=topsecret"
KMS = "aws-kms:///cmk?AWS_ACCESS_KEY_ID=k&AWS_SECRET_ACCESS_KEY=topsecret&REGION=us-east-1"


@pytest.fixture
def con(tmp_path: Path) -> Iterator[Connection]:
    with connect(store=tmp_path / "store", sandbox=True) as opened:
        yield opened


def rows(con: Connection, sql: str) -> list[tuple[object, ...]]:
    return con.execute(sql).fetchall()


def refusal(con: Connection, sql: str) -> OothecaError:
    with pytest.raises(OothecaError) as caught:
        con.execute(sql)
    assert "topsecret" not in f"{caught.value} {caught.value.hint} {caught.value.location}"
    return caught.value


def test_listed_without_secrets(con: Connection) -> None:
    con.execute(f"CREATE EXTERNAL CONNECTION store AS '{S3}'")
    con.execute(f"CREATE EXTERNAL CONNECTION 'keys' AS '{KMS}'")
    redacted = "s3://bucket/x?AWS_ACCESS_KEY_ID=k&AWS_SECRET_ACCESS_KEY=redacted"
    key = "aws-kms:///redacted?AWS_ACCESS_KEY_ID=k&AWS_SECRET_ACCESS_KEY=redacted&REGION=us-east-1"
    assert rows(con, "SHOW EXTERNAL CONNECTIONS") == [("keys", key, "KMS"), ("store", redacted, "STORAGE")]
    assert rows(con, "SHOW EXTERNAL CONNECTION store") == [("store", redacted, "STORAGE")]
    assert [name for name, *_ in con.execute("SHOW EXTERNAL CONNECTIONS").description or []] == [
        "connection_name",
        "connection_uri",
        "connection_type",
    ]


def test_the_statement_that_makes_one_is_whole(con: Connection) -> None:
    con.execute(f"CREATE EXTERNAL CONNECTION store AS '{S3}'")
    expected = ("store", f"CREATE EXTERNAL CONNECTION 'store' AS '{S3}'")
    assert rows(con, "SHOW CREATE EXTERNAL CONNECTION store") == [expected]
    con.execute("CREATE EXTERNAL CONNECTION here AS 'nodelocal://1/x'")
    everything = rows(con, "SHOW CREATE ALL EXTERNAL CONNECTIONS")
    assert everything == [
        ("here", "CREATE EXTERNAL CONNECTION 'here' AS 'nodelocal://1/x'"),
        expected,
    ]
    for name, statement in everything:
        con.execute(f"DROP EXTERNAL CONNECTION {name}")
        con.execute(str(statement))
    assert rows(con, "SHOW CREATE ALL EXTERNAL CONNECTIONS") == everything


def test_they_outlive_the_session(tmp_path: Path) -> None:
    with connect(store=tmp_path / "s") as con:
        con.execute("CREATE EXTERNAL CONNECTION here AS 'nodelocal://1/x'")
    with connect(store=tmp_path / "s") as con:
        assert rows(con, "SHOW EXTERNAL CONNECTIONS") == [("here", "nodelocal://1/x", "STORAGE")]
        con.execute("DROP EXTERNAL CONNECTION here")
    with connect(store=tmp_path / "s") as con:
        assert rows(con, "SHOW EXTERNAL CONNECTIONS") == []


def test_a_rolled_back_one_is_gone(con: Connection) -> None:
    con.execute("BEGIN")
    con.execute("CREATE EXTERNAL CONNECTION here AS 'nodelocal://1/x'")
    con.execute("ROLLBACK")
    assert rows(con, "SHOW EXTERNAL CONNECTIONS") == []


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        (
            "nodelocal:///foo",
            (
                "failed to create nodelocal external connection: host component of nodelocal URI must be a node ID "
                "(use 'self' to specify each node should access its own local filesystem): nodelocal:///foo"
            ),
        ),
        (
            "s3://foo/bar?AUTH=implicit&INVALIDPARAM=topsecret",
            "failed to create s3 external connection: unknown S3 query parameters: INVALIDPARAM",
        ),
        (
            "userfile:///foo/..",
            (
                "failed to create userfile external connection: path /foo/.. changes after normalization to /. "
                "userfile upload does not permit such path constructs"
            ),
        ),
        (
            "userfile:///foo?INVALIDPARAM=param",
            "failed to create userfile external connection: unknown userfile query parameters: INVALIDPARAM",
        ),
        (
            "azure-storage://bucket/path?INVALIDPARAM=baz",
            "failed to create azure external connection: unknown azure query parameters: INVALIDPARAM",
        ),
        (
            "azure-storage://bucket/path?&AZURE_ACCOUNT_KEY=Zm9vCg==",
            'failed to create azure external connection: azure uri missing "AZURE_ACCOUNT_NAME" parameter',
        ),
        (
            "aws-kms:///cmk?AUTH=implicit",
            "failed to create AWS KMS external connection: could not find the aws kms region",
        ),
        ("kafka://broker", "no parseAndValidateFn found for external connection provider kafka"),
        ("external://other", "no parseAndValidateFn found for external connection provider external"),
    ],
)
def test_uris_that_are_refused(con: Connection, uri: str, message: str) -> None:
    found = refusal(con, f"CREATE EXTERNAL CONNECTION c AS '{uri}'")
    assert found.message == f"failed to construct External Connection details: {message}"
    assert rows(con, "SHOW EXTERNAL CONNECTIONS") == []


def test_names_that_are_taken_or_unknown(con: Connection) -> None:
    con.execute("CREATE EXTERNAL CONNECTION foo AS 'nodelocal://1/foo'")
    taken = refusal(con, "CREATE EXTERNAL CONNECTION foo AS 'nodelocal://1/bar'")
    assert taken.sqlstate == "42710"
    assert taken.message == (
        "failed to create external connection: external connection with connection name 'foo' already exists"
    )
    con.execute("CREATE EXTERNAL CONNECTION IF NOT EXISTS foo AS 'nodelocal://1/bar'")
    assert rows(con, "SHOW EXTERNAL CONNECTION foo") == [("foo", "nodelocal://1/foo", "STORAGE")]
    unknown = "external connection with name nope does not exist"
    assert refusal(con, "SHOW EXTERNAL CONNECTION nope").message == unknown
    assert refusal(con, "ALTER EXTERNAL CONNECTION nope AS 'nodelocal://1/x'").message == unknown
    con.execute("ALTER EXTERNAL CONNECTION IF EXISTS nope AS 'nodelocal://1/x'")
    con.execute("DROP EXTERNAL CONNECTION nope")
    assert refusal(con, "SHOW BACKUPS IN 'external://nope'").message.endswith(
        f"failed to load external connection object: {unknown}"
    )


def test_a_place_is_tried_before_it_gets_a_name(tmp_path: Path) -> None:
    extern = tmp_path / "extern"
    extern.mkdir()
    (extern / "file").write_text("in the way")
    with connect(store=tmp_path / "s", external_io_dir=extern) as con:
        con.execute("CREATE EXTERNAL CONNECTION good AS 'nodelocal://1/good'")
        marker = extern / "good" / "crdb_external_storage_location"
        assert marker.read_text() == (
            "a CockroachDB cluster has been configured to read and write to this location"
        )
        found = refusal(con, "CREATE EXTERNAL CONNECTION bad AS 'nodelocal://1/file/x'")
        assert "failed to write a sentinel ExternalStorage file" in found.message
        assert [row[0] for row in rows(con, "SHOW EXTERNAL CONNECTIONS")] == ["good"]


def test_backups_go_through_connections(con: Connection) -> None:
    con.execute(f"CREATE EXTERNAL CONNECTION store AS '{S3}'")
    con.execute(f"CREATE EXTERNAL CONNECTION keys AS '{KMS}'")
    con.execute("CREATE DATABASE bank")
    con.execute("CREATE TABLE bank.t (a INT PRIMARY KEY)")
    con.execute("INSERT INTO bank.t VALUES (1), (2)")
    options = "WITH kms = 'external://keys'"
    con.execute(f"BACKUP DATABASE bank INTO 'external://store/daily' {options}")
    con.execute("DROP DATABASE bank CASCADE")
    con.execute(f"RESTORE DATABASE bank FROM LATEST IN 'external://store/daily' {options}")
    assert rows(con, "SELECT * FROM bank.t ORDER BY a") == [(1,), (2,)]
    # Both names stand for their URIs: the backup is where those say.
    place = S3.replace("bucket/x", "bucket/x/daily")
    assert len(rows(con, f"SHOW BACKUP LATEST IN '{place}' WITH kms = '{KMS}'")) == 3
    # And an altered name leads elsewhere.
    con.execute("ALTER EXTERNAL CONNECTION store AS 'nodelocal://1/elsewhere'")
    assert rows(con, "SHOW BACKUPS IN 'external://store/daily'") == []


def test_a_connection_of_the_other_type(con: Connection) -> None:
    con.execute("CREATE EXTERNAL CONNECTION store AS 'nodelocal://1/x'")
    con.execute(f"CREATE EXTERNAL CONNECTION keys AS '{KMS}'")
    assert refusal(con, "SHOW BACKUPS IN 'external://keys'").message.endswith(
        "STORAGE cannot use object of type KMS"
    )
    assert refusal(con, "BACKUP INTO 'external://store' WITH kms = 'external://store'").message == (
        "KMS cannot use object of type STORAGE"
    )


def test_checking_a_place(con: Connection) -> None:
    columns = ["node", "locality", "ok", "error", "transferred", "read_speed", "write_speed", "can_delete"]
    con.execute("CREATE EXTERNAL CONNECTION store AS 'nodelocal://1/x'")
    cursor = con.execute(
        "CHECK EXTERNAL CONNECTION 'external://store' WITH TRANSFER = '3MiB', CONCURRENTLY = 2"
    )
    assert [name for name, *_ in cursor.description or []] == columns
    checked = cursor.fetchall()
    assert [(row[0], row[2], row[3], row[4], row[7]) for row in checked] == [(1, True, "", "3 MiB", True)] * 2
    assert all(str(row[5]).endswith(" MiB/s") and str(row[6]).endswith(" MiB/s") for row in checked)
    older = rows(con, "SHOW BACKUP CONNECTION 'nodelocal://1/x' WITH TRANSFER = '1MiB', TIME = '1ms'")
    assert older[0][2] is True


def test_checking_what_does_not_work(tmp_path: Path) -> None:
    extern = tmp_path / "extern"
    extern.mkdir()
    (extern / "file").write_text("in the way")
    with connect(store=tmp_path / "s", external_io_dir=extern) as con:
        ((_, _, is_ok, error, transferred, *_, can_delete),) = rows(
            con, "CHECK EXTERNAL CONNECTION 'nodelocal://1/file'"
        )
        assert (is_ok, transferred, can_delete) == (False, "0 B", False)
        assert str(error).startswith("closing after writing: ")
        found = refusal(con, "CHECK EXTERNAL CONNECTION 'store'")
        assert found.message.startswith("connect to external storage: unsupported storage scheme")
        assert found.hint == "to check a connection by its name, write external://store"
        for option in ("TRANSFER = 'much'", "TIME = 'long'", "CONCURRENTLY = 0"):
            refusal(con, f"CHECK EXTERNAL CONNECTION 'nodelocal://1/x' WITH {option}")


def test_what_the_operator_disallows(tmp_path: Path) -> None:
    with connect(store=tmp_path / "s", sandbox=True, limits=ExternalLimits(disabled=True)) as con:
        con.execute("CREATE DATABASE d")
        for place in ("nodelocal://1/x", "s3://b/p?AUTH=implicit"):
            assert refusal(con, f"BACKUP DATABASE d INTO '{place}'").message == (
                "external network access is disabled"
            )
        con.execute("BACKUP DATABASE d INTO 'userfile:///x'")
        found = refusal(con, f"BACKUP DATABASE d INTO 'userfile:///y' WITH kms = '{KMS}'")
        assert found.message.endswith("external IO must be enabled to use AWS KMS")
    limits = ExternalLimits(disable_http=True, disable_implicit_credentials=True)
    with connect(store=tmp_path / "t", sandbox=True, limits=limits) as con:
        con.execute("CREATE DATABASE d")
        implicit = refusal(con, "BACKUP DATABASE d INTO 's3://b/p?AUTH=implicit'")
        assert implicit.message.startswith("implicit credentials disallowed for s3 due to --external-io-")
        for place in ("http://h/p", f"{S3}&AWS_ENDPOINT=http://h"):
            assert "disa" in refusal(con, f"BACKUP DATABASE d INTO '{place}'").message
        con.execute(f"BACKUP DATABASE d INTO '{S3}'")


def test_the_files_of_others_are_for_admins(tmp_path: Path) -> None:
    others = "BACKUP DATABASE d INTO 'userfile://defaultdb.public.userfiles_root/x'"
    with connect(store=tmp_path / "s") as con:
        con.execute("CREATE DATABASE d")
        con.execute("CREATE ROLE operators")
        con.execute("CREATE USER maxroach")
        con.execute("GRANT operators TO maxroach")
    with Session(tmp_path / "s", user="maxroach") as session:
        list(session.execute("BACKUP DATABASE d INTO 'userfile:///x'"))
        with pytest.raises(OothecaError, match="does not have SELECT privilege"):
            list(session.execute(others))
        list(session.execute("GRANT admin TO operators"))
        list(session.execute(others))
    folders = {path.name for path in (tmp_path / "s" / "userfile").iterdir()}
    assert folders == {"defaultdb.public.userfiles_maxroach", "defaultdb.public.userfiles_root"}
