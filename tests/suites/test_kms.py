"""The contract of a KMS: the clouds on local servers, and what plays them in the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ootheca.crypto import (
    KMS,
    DirectoryKeyring,
    EncryptionOptions,
    Keyring,
    KMSEnvironment,
    MemoryKeyring,
    new_data_key,
    open_data_key,
    open_kms,
    seal,
    unseal,
)
from ootheca.crypto.kms.aws import AWSKMS
from ootheca.errors import AccessDeniedError, InvalidOptionError, KMSError
from tests.support.aws import SECRET_ACCESS_KEY, LocalAWS, local_aws
from tests.support.clouds import Clouds, local_clouds

DATA_KEY = bytes(range(32))
OUTSIDE = KMSEnvironment()
ROLE = "arn:aws:iam::123456789012:role"

# Opens the KMS of a key's name in a region; the same arguments give the same master key.
Opener = Callable[[str, str], KMS]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAWS]:
    with local_aws() as server:
        yield server


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    with local_clouds(tmp_path_factory.mktemp("clouds")) as running:
        yield running


@pytest.fixture(
    params=["aws", "gcp", "azure", "sandbox-memory", "sandbox-directory", "sandbox-gcp", "sandbox-azure"]
)
def opener(request: pytest.FixtureRequest, aws: LocalAWS, clouds: Clouds, tmp_path: Path) -> Opener:
    if request.param == "gcp":
        return lambda key, region: open_kms(clouds.google_uri(key, location=region), OUTSIDE)
    if request.param == "azure":
        return lambda key, region: open_kms(clouds.azure_uri(key, vault=region), OUTSIDE)
    if request.param == "aws":
        arns: dict[tuple[str, str], str] = {}

        def open_aws(key: str, region: str) -> KMS:
            arn = arns.setdefault((key, region), "") or aws.create_key(region=region)
            arns[key, region] = arn
            return open_kms(aws.kms_uri(arn, REGION=region), OUTSIDE)

        return open_aws
    keyring: Keyring = DirectoryKeyring(tmp_path) if "directory" in request.param else MemoryKeyring()
    forms = {
        "sandbox-gcp": "gs:///projects/p/locations/{region}/keyRings/r/cryptoKeys/{key}?AUTH=implicit",
        "sandbox-azure": "azure-kms:///{key}/1?AUTH=implicit&AZURE_VAULT_NAME={region}",
    }
    form = forms.get(request.param, "aws:///{key}?AUTH=implicit&REGION={region}")
    return lambda key, region: open_kms(form.format(key=key, region=region), KMSEnvironment(keyring=keyring))


def test_unwrap_gives_back_what_was_wrapped(opener: Opener) -> None:
    wrapped = opener("k", "us-east-1").wrap(DATA_KEY)
    assert DATA_KEY not in wrapped
    assert opener("k", "us-east-1").unwrap(wrapped) == DATA_KEY


def test_wrapping_twice_gives_different_blobs_that_both_open(opener: Opener) -> None:
    kms = opener("k", "us-east-1")
    blobs = [kms.wrap(DATA_KEY) for _ in range(2)]
    assert blobs[0] != blobs[1]
    assert [kms.unwrap(blob) for blob in blobs] == [DATA_KEY, DATA_KEY]


def test_another_master_key_does_not_unwrap(opener: Opener) -> None:
    wrapped = opener("k", "us-east-1").wrap(DATA_KEY)
    other = opener("other", "us-east-1")
    other.wrap(DATA_KEY)
    with pytest.raises((KMSError, AccessDeniedError)) as caught:
        other.unwrap(wrapped)
    assert not caught.value.retryable


def test_same_key_in_another_region_does_not_unwrap(opener: Opener) -> None:
    wrapped = opener("k", "us-east-1").wrap(DATA_KEY)
    with pytest.raises((KMSError, AccessDeniedError)):
        opener("k", "us-west-2").unwrap(wrapped)


def test_damaged_blob_does_not_unwrap(opener: Opener) -> None:
    kms = opener("k", "us-east-1")
    wrapped = kms.wrap(DATA_KEY)
    damaged = [
        b"",
        b"\x01",
        wrapped[:-1],
        wrapped[: len(wrapped) // 2],
        wrapped[:-1] + bytes((wrapped[-1] ^ 1,)),
    ]
    for blob in damaged:
        with pytest.raises((KMSError, AccessDeniedError)) as caught:
            kms.unwrap(blob)
        assert not caught.value.retryable


def test_opening_needs_no_service_and_the_id_is_stable(opener: Opener) -> None:
    assert opener("k", "us-east-1").key.key_id == opener("k", "us-east-1").key.key_id


@pytest.mark.parametrize("scheme", ["aws", "aws-kms"])
def test_aws_key_id_arn_alias_and_alias_arn(aws: LocalAWS, scheme: str) -> None:
    arn = aws.create_key(alias=f"backup-{scheme}")
    account = arn.rpartition(":key/")[0]
    wrapped = []
    for name in (arn, arn.rpartition("/")[2], f"alias/backup-{scheme}", f"{account}:alias/backup-{scheme}"):
        kms = open_kms(aws.kms_uri(name, scheme=scheme), OUTSIDE)
        assert kms.key.key_id == name
        wrapped.append(kms.wrap(DATA_KEY))
        assert [kms.unwrap(blob) for blob in wrapped] == [DATA_KEY] * len(wrapped)


def test_aws_envelope_of_two_regions(aws: LocalAWS) -> None:
    uris = tuple(aws.kms_uri(aws.create_key(region=r), REGION=r) for r in ("us-east-1", "eu-central-1"))
    key, info = new_data_key(EncryptionOptions(kms=uris), OUTSIDE)
    sealed = seal(b"manifest", key, version=2)
    for uri in uris:
        opened = open_data_key([info], EncryptionOptions(kms=(uri,)), OUTSIDE)
        assert unseal(sealed, opened, location="f") == b"manifest"


def test_aws_secret_with_blanks_for_plus_signs(aws: LocalAWS) -> None:
    uri = aws.kms_uri("k").replace("%2B", "+")
    assert "secret+key" in uri
    kms = open_kms(uri, OUTSIDE)
    assert isinstance(kms, AWSKMS)
    assert kms._session().get_credentials().secret_key == SECRET_ACCESS_KEY


def test_aws_missing_key_is_permanent(aws: LocalAWS) -> None:
    with pytest.raises(
        KMSError, match=r"^failed to encrypt data key for KMS scheme aws: NotFoundException: "
    ) as caught:
        new_data_key(EncryptionOptions(kms=(aws.kms_uri("00000000-0000-4000-8000-000000000000"),)), OUTSIDE)
    assert not caught.value.retryable


def test_aws_outage_of_the_first_region_falls_through_to_the_next(aws: LocalAWS) -> None:
    arns = [aws.create_key() for _ in range(2)]
    key, info = new_data_key(EncryptionOptions(kms=tuple(aws.kms_uri(arn) for arn in arns)), OUTSIDE)
    now = (aws.kms_uri(arns[0], AWS_ENDPOINT="http://127.0.0.1:9"), aws.kms_uri(arns[1]))
    notices: list[str] = []
    assert open_data_key([info], EncryptionOptions(kms=now), OUTSIDE, notice=notices.append) == key
    assert len(notices) == 1
    assert SECRET_ACCESS_KEY not in notices[0]


def test_aws_denied_is_permanent(aws: LocalAWS) -> None:
    kms = open_kms(aws.kms_uri(aws.create_key()), OUTSIDE)
    wrapped = kms.wrap(DATA_KEY)
    with aws.denying(), pytest.raises(AccessDeniedError) as caught:
        kms.unwrap(wrapped)
    assert not caught.value.retryable
    assert "\n" not in caught.value.message
    assert kms.unwrap(wrapped) == DATA_KEY


def test_aws_that_does_not_answer_is_retryable(aws: LocalAWS) -> None:
    kms = open_kms(aws.kms_uri("k", AWS_ENDPOINT="http://127.0.0.1:9"), OUTSIDE)
    with pytest.raises(KMSError) as caught:
        kms.wrap(DATA_KEY)
    assert caught.value.retryable
    assert SECRET_ACCESS_KEY not in repr(caught.value)


def test_aws_endpoint_that_is_no_url(aws: LocalAWS) -> None:
    with pytest.raises(InvalidOptionError, match="AWS_ENDPOINT"):
        open_kms(aws.kms_uri("k", AWS_ENDPOINT="nonsense"), OUTSIDE).wrap(DATA_KEY)


def test_aws_chain_of_roles(aws: LocalAWS) -> None:
    arn = aws.create_key()
    kms = open_kms(aws.kms_uri(arn, ASSUME_ROLE=f"{ROLE}/first,{ROLE}/second;external_id=there"), OUTSIDE)
    assert kms.unwrap(open_kms(aws.kms_uri(arn), OUTSIDE).wrap(DATA_KEY)) == DATA_KEY


def test_aws_implicit_credentials_come_from_the_environment(
    aws: LocalAWS, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arn = aws.create_key()
    uri = f"aws:///{arn}?AUTH=implicit&REGION=us-east-1&AWS_ENDPOINT={aws.endpoint}"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(AccessDeniedError, match="NoCredentialProviders"):
        open_kms(uri, OUTSIDE).wrap(DATA_KEY)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "from-environment")
    kms = open_kms(uri, OUTSIDE)
    assert kms.unwrap(kms.wrap(DATA_KEY)) == DATA_KEY


def test_test_key_service_keeps_the_golden_form() -> None:
    kms = open_kms("testkms:///only/key-1?AUTH=implicit", KMSEnvironment(keyring=MemoryKeyring()))
    assert kms.wrap(DATA_KEY) == DATA_KEY + b"only/key-1"
    assert kms.unwrap(DATA_KEY + b"only/key-1") == DATA_KEY
    with pytest.raises(KMSError):
        kms.unwrap(DATA_KEY + b"another")
