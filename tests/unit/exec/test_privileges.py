"""Privileges on external connections and the system: granted, taken away, listed, and asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from ootheca import connect
from ootheca.connection import Connection
from ootheca.errors import OothecaError

KMS = "aws-kms:///cmk?AWS_ACCESS_KEY_ID=k&AWS_SECRET_ACCESS_KEY=topsecret&REGION=us-east-1"
S3 = "s3://b/p?AWS_ACCESS_KEY_ID=k&AWS_SECRET_ACCESS_KEY=topsecret"
As = Callable[[str], AbstractContextManager[Connection]]


@pytest.fixture
def login(tmp_path: Path) -> As:
    """A store with a database, two connections of root, and users; opens it as one of those."""

    @contextmanager
    def opened(user: str) -> Iterator[Connection]:
        with connect(store=tmp_path / "s", sandbox=True, user=user) as con:
            yield con

    with connect(store=tmp_path / "s", sandbox=True) as con:
        con.execute("CREATE DATABASE d")
        for name in ("maxroach", "petee"):
            con.execute(f"CREATE USER {name}")
        con.execute("CREATE ROLE operators")
        con.execute("GRANT operators TO maxroach")
        con.execute(f"CREATE EXTERNAL CONNECTION store AS '{S3}'")
        con.execute(f"CREATE EXTERNAL CONNECTION keys AS '{KMS}'")
    return opened


def as_root(login: As, *statements: str) -> None:
    with login("root") as con:
        for statement in statements:
            con.execute(statement)


def refusal(login: As, user: str, sql: str) -> str:
    with login(user) as con, pytest.raises(OothecaError) as caught:
        con.execute(sql)
    assert caught.value.sqlstate == "42501"
    assert caught.value.hint
    assert "topsecret" not in f"{caught.value} {caught.value.hint}"
    return caught.value.message


def run(login: As, user: str, sql: str) -> list[tuple[object, ...]]:
    with login(user) as con:
        cursor = con.execute(sql)
        return cursor.fetchall() if cursor.description is not None else []


BACKUP = "BACKUP DATABASE d INTO 'external://store/x' WITH kms = 'external://keys'"


@pytest.mark.parametrize("grantee", ["maxroach", "operators", "public"])
def test_usage(login: As, grantee: str) -> None:
    wanted = "user maxroach does not have USAGE privilege on external_connection {}".format
    assert refusal(login, "maxroach", BACKUP) == wanted("keys")
    as_root(login, f"GRANT USAGE ON EXTERNAL CONNECTION keys TO {grantee}")
    assert refusal(login, "maxroach", BACKUP) == wanted("store")
    as_root(login, f"GRANT USAGE ON EXTERNAL CONNECTION store TO {grantee}")
    run(login, "maxroach", BACKUP)
    restore = "RESTORE DATABASE d FROM LATEST IN 'external://store/x' WITH kms = 'external://keys', new_db_name = 'e'"
    run(login, "maxroach", restore)
    as_root(login, f"REVOKE USAGE ON EXTERNAL CONNECTION store, keys FROM {grantee}")
    for sql in (BACKUP, restore, "SHOW BACKUPS IN 'external://store/x'"):
        assert "does not have USAGE privilege" in refusal(login, "maxroach", sql)


def test_creating(login: As) -> None:
    create = "CREATE EXTERNAL CONNECTION mine AS 'nodelocal://1/mine'"
    assert refusal(login, "maxroach", create) == (
        "only users with the EXTERNALCONNECTION system privilege are allowed to CREATE EXTERNAL CONNECTION"
    )
    as_root(login, "GRANT SYSTEM EXTERNALCONNECTION TO operators")
    run(login, "maxroach", create)
    # The owner does with it what an admin can; nobody else does.
    run(login, "maxroach", "BACKUP DATABASE d INTO 'external://mine'")
    run(login, "maxroach", "ALTER EXTERNAL CONNECTION mine AS 'nodelocal://1/other'")
    assert run(login, "maxroach", "SHOW CREATE EXTERNAL CONNECTION mine") == [
        ("mine", "CREATE EXTERNAL CONNECTION 'mine' AS 'nodelocal://1/other'")
    ]
    assert refusal(login, "petee", "BACKUP DATABASE d INTO 'external://mine'").endswith("mine")
    run(login, "maxroach", "GRANT USAGE ON EXTERNAL CONNECTION mine TO petee")
    run(login, "petee", "BACKUP DATABASE d INTO 'external://mine'")
    run(login, "maxroach", "DROP EXTERNAL CONNECTION mine")
    as_root(login, "REVOKE SYSTEM EXTERNALCONNECTION FROM operators")
    refusal(login, "maxroach", create)


@pytest.mark.parametrize(
    ("word", "sql"),
    [
        ("UPDATE", "ALTER EXTERNAL CONNECTION store AS 'nodelocal://1/y'"),
        ("DROP", "DROP EXTERNAL CONNECTION store"),
    ],
)
def test_changing_and_dropping(login: As, word: str, sql: str) -> None:
    as_root(login, "GRANT USAGE ON EXTERNAL CONNECTION store TO maxroach")
    message = f"user maxroach does not have {word} privilege on external_connection store"
    assert refusal(login, "maxroach", sql) == message
    as_root(login, f"GRANT {word} ON EXTERNAL CONNECTION store TO maxroach")
    run(login, "maxroach", sql)


def test_what_is_dropped_takes_its_privileges_along(login: As) -> None:
    as_root(
        login,
        "GRANT ALL ON EXTERNAL CONNECTION store TO maxroach",
        "DROP EXTERNAL CONNECTION store",
        f"CREATE EXTERNAL CONNECTION store AS '{S3}'",
    )
    assert "USAGE" in refusal(login, "maxroach", "SHOW BACKUPS IN 'external://store/x'")


def test_showing(login: As) -> None:
    assert run(login, "maxroach", "SHOW EXTERNAL CONNECTIONS") == []
    assert run(login, "maxroach", "SHOW EXTERNAL CONNECTION store") == []
    as_root(login, "GRANT USAGE ON EXTERNAL CONNECTION store TO maxroach")
    assert [row[0] for row in run(login, "maxroach", "SHOW EXTERNAL CONNECTIONS")] == ["store"]
    assert refusal(login, "maxroach", "SHOW CREATE EXTERNAL CONNECTION store") == (
        'must have VIEWCLUSTERMETADATA privilege or be owner of the External Connection "store"'
    )
    assert refusal(login, "maxroach", "SHOW CREATE ALL EXTERNAL CONNECTIONS") == (
        "must have VIEWCLUSTERMETADATA privilege to run `SHOW CREATE ALL EXTERNAL CONNECTIONS`"
    )
    as_root(login, "GRANT SYSTEM VIEWCLUSTERMETADATA TO maxroach")
    assert len(run(login, "maxroach", "SHOW CREATE ALL EXTERNAL CONNECTIONS")) == 2


def test_granting_on(login: As) -> None:
    grant = "GRANT USAGE ON EXTERNAL CONNECTION store TO petee"
    as_root(login, "GRANT USAGE, DROP ON EXTERNAL CONNECTION store TO maxroach")
    assert refusal(login, "maxroach", grant) == ("user maxroach missing WITH GRANT OPTION privilege on USAGE")
    as_root(login, "GRANT USAGE ON EXTERNAL CONNECTION store TO maxroach WITH GRANT OPTION")
    run(login, "maxroach", grant)
    assert run(login, "root", "SHOW GRANTS ON EXTERNAL CONNECTION store FOR maxroach, petee, root") == [
        ("store", "maxroach", "DROP", False),
        ("store", "maxroach", "USAGE", True),
        ("store", "petee", "USAGE", False),
        ("store", "root", "ALL", True),
    ]
    as_root(login, "REVOKE GRANT OPTION FOR USAGE ON EXTERNAL CONNECTION store FROM maxroach")
    refusal(login, "maxroach", grant)
    run(login, "maxroach", "DROP EXTERNAL CONNECTION store")


def test_one_of_all(login: As) -> None:
    as_root(
        login,
        "GRANT ALL ON EXTERNAL CONNECTION store TO petee WITH GRANT OPTION",
        "REVOKE DROP ON EXTERNAL CONNECTION store FROM petee",
    )
    assert run(login, "root", "SHOW GRANTS ON EXTERNAL CONNECTION store FOR petee") == [
        ("store", "petee", "UPDATE", True),
        ("store", "petee", "USAGE", True),
    ]
    as_root(login, "REVOKE ALL ON EXTERNAL CONNECTION store FROM petee")
    assert run(login, "root", "SHOW GRANTS ON EXTERNAL CONNECTION store FOR petee") == []


@pytest.mark.parametrize(
    ("sql", "message", "sqlstate"),
    [
        (
            "GRANT SELECT ON EXTERNAL CONNECTION store TO petee",
            "invalid privilege type SELECT for external_connection",
            "0LP01",
        ),
        ("GRANT SYSTEM SELECT TO petee", "invalid privilege type SELECT for system", "0LP01"),
        (
            "GRANT USAGE ON EXTERNAL CONNECTION nope TO petee",
            "failed to resolve External Connection: external connection with name nope does not exist",
            "42704",
        ),
        (
            "GRANT USAGE ON EXTERNAL CONNECTION store TO nobody",
            "user or role nobody does not exist",
            "42704",
        ),
        (
            "DROP USER petee",
            "cannot drop role/user petee: grants still exist on external connection keys",
            "2BP01",
        ),
    ],
)
def test_what_is_refused(login: As, sql: str, message: str, sqlstate: str) -> None:
    as_root(login, "GRANT USAGE ON EXTERNAL CONNECTION keys TO petee")
    with login("root") as con, pytest.raises(OothecaError) as caught:
        con.execute(sql)
    assert (caught.value.message, caught.value.sqlstate) == (message, sqlstate)


def test_a_new_user_of_an_old_name_starts_with_nothing(login: As) -> None:
    as_root(login, "GRANT SYSTEM EXTERNALCONNECTION TO petee", "DROP USER petee", "CREATE USER petee")
    refusal(login, "petee", "CREATE EXTERNAL CONNECTION c AS 'nodelocal://1/c'")


def test_grants_go_with_their_transaction(login: As) -> None:
    as_root(login, "BEGIN", "GRANT USAGE ON EXTERNAL CONNECTION store TO petee", "ROLLBACK")
    refusal(login, "petee", "SHOW BACKUPS IN 'external://store/x'")


def test_nobody_is_no_user(login: As, tmp_path: Path) -> None:
    with pytest.raises(OothecaError, match="authentication failed for user nobody") as caught:
        connect(store=tmp_path / "s", user="nobody")
    assert caught.value.sqlstate == "28P01"
    run(login, "maxroach", "SELECT 1")  # the store was let go of
