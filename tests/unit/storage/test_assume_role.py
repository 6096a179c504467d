"""ASSUME_ROLE on s3, against moto's Security Token Service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ootheca.errors import InvalidOptionError, StorageError, UnavailableError
from ootheca.storage.assume_role import RoleCredentials
from ootheca.storage.base import AWSCredentials, StorageEnv
from ootheca.storage.registry import open_storage
from tests.support.aws import ACCESS_KEY_ID, SECRET_ACCESS_KEY, LocalAWS, local_aws

ROLE = "arn:aws:iam::123456789012:role/backups"
DELEGATE = "arn:aws:iam::123456789012:role/delegate"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAWS]:
    with local_aws() as running:
        running.client("s3").create_bucket(Bucket="bucket")
        yield running


def own() -> AWSCredentials:
    return AWSCredentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)


def test_a_place_is_used_as_a_role(aws: LocalAWS, tmp_path: Path) -> None:
    for number, roles in enumerate((ROLE, f"{DELEGATE},{ROLE}", f"{DELEGATE};external_id=x1,{ROLE}")):
        uri = aws.s3_uri("bucket", f"p{number}", ASSUME_ROLE=roles)
        storage = open_storage(uri, StorageEnv(tmp_path))
        storage.write("x", b"1")
        assert storage.read("x") == b"1"


def test_credentials_are_temporary_and_kept_while_they_last(aws: LocalAWS) -> None:
    give = RoleCredentials(own, [(DELEGATE, ""), (ROLE, "id")], region="us-east-1", endpoint=aws.endpoint)
    first = give()
    assert first.access_key_id != ACCESS_KEY_ID
    assert first.session_token
    assert first.expires_at is not None
    assert first.expires_at > datetime.now(UTC)
    assert give() is first
    give._current = AWSCredentials("a", "b", "c", datetime.now(UTC) + timedelta(minutes=1))
    assert give().access_key_id not in ("a", first.access_key_id)


def test_a_role_that_is_refused(aws: LocalAWS, tmp_path: Path) -> None:
    uri = aws.s3_uri("bucket", "p", ASSUME_ROLE=ROLE)
    with aws.denying(), pytest.raises(StorageError) as caught:
        open_storage(uri, StorageEnv(tmp_path))
    assert caught.value.message.startswith(f"failed to assume role {ROLE}: ")
    assert caught.value.hint == "the role's trust policy must name who assumes it"
    assert SECRET_ACCESS_KEY not in str(caught.value)


def test_a_service_that_is_not_reached() -> None:
    give = RoleCredentials(own, [(ROLE, "")], region="us-east-1", endpoint="http://127.0.0.1:1")
    with pytest.raises(UnavailableError, match="EndpointConnectionError"):
        give()


def test_a_malformed_role(aws: LocalAWS) -> None:
    give = RoleCredentials(own, [(ROLE, "x")], region="us-east-1", endpoint=aws.endpoint)
    with pytest.raises(StorageError, match="malformed") as caught:
        give()
    assert not caught.value.retryable


@pytest.mark.parametrize("roles", ["r;id=x", "r;external_id=", ";external_id=x"])
def test_roles_that_are_none(aws: LocalAWS, tmp_path: Path, roles: str) -> None:
    with pytest.raises(InvalidOptionError, match="ASSUME_ROLE must be a list of roles"):
        open_storage(aws.s3_uri("bucket", "p", ASSUME_ROLE=roles), StorageEnv(tmp_path))
