"""The documented job over the real protocols: S3 through obstore and AWS KMS through boto3, against a local AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from ootheca import connect
from ootheca.connection import Connection
from ootheca.errors import OothecaError
from tests.support.aws import SECRET_ACCESS_KEY, LocalAWS, local_aws
from tests.support.aws_region import Region, region

ROWS = [(1, "ada", None), (2, "bela", "x"), (3, "čenda", "")]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAWS]:
    with local_aws() as running:
        running.client("s3").create_bucket(Bucket="backups")
        yield running


@pytest.fixture
def con(tmp_path: Path) -> Iterator[Connection]:
    with connect(store=tmp_path / "store") as opened:
        opened.execute("CREATE DATABASE bank")
        opened.execute(
            "CREATE TABLE bank.owners (id INT PRIMARY KEY, name STRING, note STRING, INDEX (name))"
        )
        opened.execute("INSERT INTO bank.owners VALUES (1, 'ada', NULL), (2, 'bela', 'x'), (3, 'čenda', '')")
        yield opened


def s3(aws: LocalAWS, path: str) -> str:
    return (
        f"s3://backups/{path}?AWS_ACCESS_KEY_ID=testing&AWS_SECRET_ACCESS_KEY=test+ing&AWS_REGION=us-east-1"
        f"&AWS_ENDPOINT={quote(aws.endpoint, safe='')}"
    )


def test_backup_with_two_keys_in_s3_restores_with_either(aws: LocalAWS, con: Connection) -> None:
    keys = [
        aws.kms_uri(aws.create_key(region=region), REGION=region) for region in ("us-east-1", "us-west-1")
    ]
    place = s3(aws, "two-keys")
    taken = con.execute(f"BACKUP DATABASE bank TO '{place}' WITH kms = ('{keys[0]}', '{keys[1]}')").fetchall()
    assert taken[0][3:5] == (3, 3)
    for key in keys:
        con.execute("DROP DATABASE bank CASCADE")
        con.execute(f"RESTORE DATABASE bank FROM '{place}' WITH kms = '{key}'")
        assert con.execute("SELECT * FROM bank.owners ORDER BY id").fetchall() == ROWS


def test_a_region_that_stops_in_the_middle_of_a_chain_of_statements(aws: LocalAWS, con: Connection) -> None:
    """Backup with three regions; then one is down, one throttles, and the third restores; rotation leaves both out."""
    place = s3(aws, "regions")
    names = ("us-east-1", "eu-central-1", "ap-south-1")
    arns = {name: aws.create_key(region=name) for name in (*names, "us-west-2")}
    with region(aws.endpoint) as throttled:
        stopped = Region(aws.endpoint)
        endpoints = (stopped.endpoint, throttled.endpoint, aws.endpoint)
        uris = [
            aws.kms_uri(arns[name], REGION=name, AWS_ENDPOINT=endpoint)
            for name, endpoint in zip(names, endpoints, strict=True)
        ]
        kms = ", ".join(f"'{uri}'" for uri in uris)
        con.execute(f"BACKUP DATABASE bank TO '{place}' WITH kms = ({kms})")
        stopped.stop()
        throttled.failure = (400, "ThrottlingException")
        con.execute("DROP DATABASE bank CASCADE")
        [notice] = con.execute(f"RESTORE DATABASE bank FROM '{place}' WITH kms = ({kms})").notices
        assert con.execute("SELECT * FROM bank.owners ORDER BY id").fetchall() == ROWS
        for name, reason in zip(names, ("RequestError", "ThrottlingException", "decrypted it"), strict=True):
            assert name in notice
            assert reason in notice
        assert SECRET_ACCESS_KEY not in notice
        new = aws.kms_uri(arns["us-west-2"], REGION="us-west-2")
        con.execute(f"ALTER BACKUP '{place}' ADD NEW_KMS = '{new}' WITH OLD_KMS = ({kms})")
    aws.client("kms", region="ap-south-1").disable_key(
        KeyId=arns["ap-south-1"].rpartition("/")[2]
    )  # the last old key retires
    con.execute("DROP DATABASE bank CASCADE")
    con.execute(f"RESTORE DATABASE bank FROM '{place}' WITH kms = '{new}'")
    assert con.execute("SELECT * FROM bank.owners ORDER BY id").fetchall() == ROWS


def test_a_collection_in_s3_is_listed_and_shown(aws: LocalAWS, con: Connection) -> None:
    place = s3(aws, "collection")
    con.execute(f"BACKUP DATABASE bank INTO '{place}' WITH encryption_passphrase = 'p'")
    assert len(con.execute(f"SHOW BACKUPS IN '{place}'").fetchall()) == 1
    shown = con.execute(f"SHOW BACKUP LATEST IN '{place}' WITH encryption_passphrase = 'p'").fetchall()
    assert [row[2] for row in shown] == ["bank", "public", "owners"]


def test_another_key_does_not_open_it_and_nothing_is_left(aws: LocalAWS, con: Connection) -> None:
    used, other = (aws.kms_uri(aws.create_key()) for _ in range(2))
    place = s3(aws, "one-key")
    con.execute(f"BACKUP DATABASE bank TO '{place}' WITH kms = '{used}'")
    con.execute("DROP DATABASE bank CASCADE")
    with pytest.raises(OothecaError, match="was not used when encrypting the base BACKUP"):
        con.execute(f"RESTORE DATABASE bank FROM '{place}' WITH kms = '{other}'")
    names = [row[0] for row in con.execute("SHOW DATABASES").fetchall()]
    assert "bank" not in names


def test_no_secret_shows_in_errors(aws: LocalAWS, con: Connection) -> None:
    place = s3(aws, "nothing-here")
    with pytest.raises(OothecaError) as caught:
        con.execute(f"SHOW BACKUP '{place}'")
    shown = f"{caught.value.message} {caught.value.detail} {caught.value.hint} {caught.value.location}"
    assert "doesn't exist" in shown
    assert "test ing" not in shown
    assert "test+ing" not in shown
