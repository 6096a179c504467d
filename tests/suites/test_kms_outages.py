"""Key services that are down, slow, throttled or closed to us: what is said, what is retried, who is asked next."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ootheca.crypto import EncryptionOptions, KMSEnvironment, new_data_key, open_data_key, open_kms
from ootheca.crypto.kms import aws as aws_module
from ootheca.errors import AccessDeniedError, KMSError, OothecaError
from tests.support.aws import SECRET_ACCESS_KEY, LocalAWS, local_aws
from tests.support.aws_region import Region, region
from tests.support.clouds import CLIENT_SECRET, Clouds, local_clouds

DATA_KEY = bytes(range(32))
OUTSIDE = KMSEnvironment()
REGIONS = ("us-east-1", "eu-central-1", "ap-south-1")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAWS]:
    with local_aws() as server:
        yield server


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    with local_clouds(tmp_path_factory.mktemp("clouds")) as running:
        yield running


@pytest.fixture
def front(aws: LocalAWS) -> Iterator[Region]:
    with region(aws.endpoint) as opened:
        yield opened


# AWS


def test_a_region_that_stops_between_backup_and_restore(aws: LocalAWS) -> None:
    doors = {name: Region(aws.endpoint) for name in REGIONS}
    uris = tuple(
        aws.kms_uri(aws.create_key(region=name), REGION=name, AWS_ENDPOINT=door.endpoint)
        for name, door in doors.items()
    )
    calls: list[str] = []
    env = KMSEnvironment(audit=lambda call: calls.append(f"{call.operation} {call.key.region} {call.result}"))
    try:
        key, info = new_data_key(EncryptionOptions(kms=uris), env)
        doors[REGIONS[0]].stop()
        doors[REGIONS[1]].failure = (400, "ThrottlingException")
        notices: list[str] = []
        assert open_data_key([info], EncryptionOptions(kms=uris), env, notice=notices.append) == key
    finally:
        for name in REGIONS[1:]:
            doors[name].stop()
    assert [call.split()[:2] for call in calls] == [
        *(["encrypt", name] for name in REGIONS),
        *(["decrypt", name] for name in REGIONS),
    ]
    [notice] = notices
    for name in REGIONS:
        assert name in notice
    assert "RequestError: send request failed: EndpointConnectionError" in notice
    assert "ThrottlingException" in notice
    assert notice.endswith(f"(aws, {REGIONS[2]}) decrypted it")
    assert SECRET_ACCESS_KEY not in notice + "".join(calls)


@pytest.mark.parametrize("code", ["ThrottlingException", "KMSInternalException", "LimitExceededException"])
def test_throttling_may_pass(aws: LocalAWS, front: Region, code: str) -> None:
    kms = open_kms(aws.kms_uri(aws.create_key(), AWS_ENDPOINT=front.endpoint), OUTSIDE)
    wrapped = kms.wrap(DATA_KEY)
    front.failure = (400, code)
    with pytest.raises(KMSError, match=f"^{code}: ") as caught:
        kms.unwrap(wrapped)
    assert caught.value.retryable
    front.failure = None
    assert kms.unwrap(wrapped) == DATA_KEY


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "AccessDeniedException"), (403, "SomethingNew"), (400, "UnrecognizedClientException")],
)
def test_denied_access_is_no_outage(aws: LocalAWS, front: Region, status: int, code: str) -> None:
    front.failure = (status, code)
    with pytest.raises(AccessDeniedError, match=f"^{code}: ") as caught:
        open_kms(aws.kms_uri("k", AWS_ENDPOINT=front.endpoint), OUTSIDE).wrap(DATA_KEY)
    assert not caught.value.retryable


def test_an_asymmetric_key_is_told(aws: LocalAWS, front: Region) -> None:
    front.failure = (400, "InvalidKeyUsageException")
    with pytest.raises(KMSError) as caught:
        open_kms(aws.kms_uri("k", AWS_ENDPOINT=front.endpoint), OUTSIDE).wrap(DATA_KEY)
    assert caught.value.hint is not None
    assert "symmetric" in caught.value.hint
    assert not caught.value.retryable


def test_an_arn_of_another_region_is_a_likely_cause(aws: LocalAWS) -> None:
    arn = aws.create_key(region="eu-central-1")
    with pytest.raises(KMSError) as caught:
        open_kms(aws.kms_uri(arn, REGION="us-east-1"), OUTSIDE).wrap(DATA_KEY)
    assert caught.value.hint == "the ARN is of region eu-central-1, and REGION says us-east-1"


def test_an_answer_that_does_not_come_is_not_waited_for(
    aws: LocalAWS, front: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_module, "_READ_TIMEOUT_S", 0.2)
    front.delay_s = 30
    start = time.monotonic()
    with pytest.raises(KMSError, match="RequestError: send request failed: ReadTimeoutError") as caught:
        open_kms(aws.kms_uri("k", AWS_ENDPOINT=front.endpoint), OUTSIDE).wrap(DATA_KEY)
    assert caught.value.retryable
    assert time.monotonic() - start < front.delay_s


def test_session_token_goes_with_each_call(aws: LocalAWS, front: Region) -> None:
    uri = aws.kms_uri(aws.create_key(), AWS_ENDPOINT=front.endpoint, AWS_SESSION_TOKEN="a+token")
    kms = open_kms(uri.replace("%2B", "+"), OUTSIDE)
    assert kms.unwrap(kms.wrap(DATA_KEY)) == DATA_KEY
    assert {headers["x-amz-security-token"] for headers in front.headers} == {"a+token"}
    assert {headers["x-amz-target"] for headers in front.headers} == {
        "TrentService.Encrypt",
        "TrentService.Decrypt",
    }


def test_each_role_of_a_chain_is_assumed_with_the_credentials_of_the_one_before(
    aws: LocalAWS, front: Region
) -> None:
    roles = "arn:aws:iam::123456789012:role/first,arn:aws:iam::123456789012:role/second;external_id=there"
    uri = aws.kms_uri(aws.create_key(), AWS_ENDPOINT=front.endpoint, ASSUME_ROLE=roles)
    assert open_kms(uri, OUTSIDE).wrap(DATA_KEY)
    tokens = [headers.get("x-amz-security-token") for headers in front.headers]
    assert len(tokens) == 3  # two calls to STS, one to KMS
    assert tokens[0] is None
    assert None not in tokens[1:]


def test_every_region_that_has_the_service_is_known() -> None:
    import boto3

    session = boto3.session.Session()
    found = {
        name
        for partition in ("aws", "aws-cn", "aws-us-gov")
        for name in session.get_available_regions("kms", partition_name=partition)
        if "fips" not in name
    }
    assert found <= set(aws_module._REGIONS)


def test_a_replica_opens_what_another_region_wrapped(aws: LocalAWS) -> None:
    arns = [f"arn:aws:kms:{name}:123456789012:key/mrk-0123" for name in ("us-east-1", "us-west-2")]
    with region(aws.endpoint) as east, region(aws.endpoint) as west:
        east.replicas[arns[0]] = west.replicas[arns[1]] = bytes(32)
        options = [
            EncryptionOptions(kms=(aws.kms_uri(arn, REGION=arn.split(":")[3], AWS_ENDPOINT=door.endpoint),))
            for arn, door in zip(arns, (east, west), strict=True)
        ]
        key, info = new_data_key(options[0], OUTSIDE)
        assert len(info.wrapped_keys) == 1
        assert open_data_key([info], options[1], OUTSIDE) == key
        assert len(west.headers) == 1


# Google Cloud and Azure


@pytest.mark.parametrize("scheme", ["gs", "gcp-kms"])
def test_google_by_bearer_token_and_by_account(clouds: Clouds, scheme: str) -> None:
    clouds.tokens.add("given-token")
    wrapped = open_kms(clouds.google_uri("k", scheme=scheme), OUTSIDE).wrap(DATA_KEY)
    by_token = clouds.google_uri("k", scheme=scheme, CREDENTIALS="", BEARER_TOKEN="given-token")
    assert open_kms(by_token, OUTSIDE).unwrap(wrapped) == DATA_KEY
    versioned = by_token.replace("?", "/cryptoKeyVersions/3?")
    assert open_kms(versioned, OUTSIDE).unwrap(wrapped) == DATA_KEY


def test_google_account_whose_role_is_reached_through_another(clouds: Clouds) -> None:
    roles = "between@p.iam.gserviceaccount.com,last@p.iam.gserviceaccount.com"
    kms = open_kms(clouds.google_uri("k", ASSUME_ROLE=roles), OUTSIDE)
    assert kms.unwrap(kms.wrap(DATA_KEY)) == DATA_KEY
    [asked] = [
        r for r in clouds.requests if r.path.endswith("last@p.iam.gserviceaccount.com:generateAccessToken")
    ]
    assert asked.json()["delegates"] == ["projects/-/serviceAccounts/between@p.iam.gserviceaccount.com"]


def test_google_implicit_credentials_come_from_the_environment(
    clouds: Clouds, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("adc") / "account.json"
    path.write_text(clouds.account_json())
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    uri = clouds.google_uri("k", CREDENTIALS="", AUTH="implicit")
    assert open_kms(uri, OUTSIDE).unwrap(open_kms(clouds.google_uri("k"), OUTSIDE).wrap(DATA_KEY)) == DATA_KEY
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path.parent / "none"))
    with pytest.raises(AccessDeniedError, match="credentials were not accepted"):
        open_kms(uri, OUTSIDE).wrap(DATA_KEY)


def test_google_unknown_token_and_missing_key(clouds: Clouds) -> None:
    unknown = clouds.google_uri("k", CREDENTIALS="", BEARER_TOKEN="s3cr3t-token")
    with pytest.raises(AccessDeniedError) as denied:
        open_kms(unknown, OUTSIDE).wrap(DATA_KEY)
    assert "s3cr3t" not in f"{denied.value.message}{denied.value.hint}"
    with pytest.raises(KMSError, match=r"NOT_FOUND|not found") as missing:
        open_kms(clouds.google_uri("k").replace("cryptoKeys/k", "cryptoKeys/none"), OUTSIDE).wrap(DATA_KEY)
    assert not missing.value.retryable


def test_google_key_of_another_purpose(clouds: Clouds) -> None:
    uri = clouds.google_uri("signing")
    clouds.signing_keys.add("projects/p/locations/europe-west1/keyRings/r/cryptoKeys/signing")
    with pytest.raises(KMSError) as caught:
        open_kms(uri, OUTSIDE).wrap(DATA_KEY)
    assert caught.value.hint is not None
    assert "symmetric" in caught.value.hint


@pytest.mark.parametrize(
    ("what", "operation", "message"),
    [
        ("request", "encrypt", "Encrypt: request corrupted in-transit"),
        ("answer", "encrypt", "Encrypt: response corrupted in-transit"),
        ("answer", "decrypt", "Decrypt: response corrupted in-transit"),
    ],
)
def test_google_damage_on_the_way(clouds: Clouds, what: str, operation: str, message: str) -> None:
    kms = open_kms(clouds.google_uri("k"), OUTSIDE)
    wrapped = kms.wrap(DATA_KEY)
    with clouds.fault(f":{operation}", what), pytest.raises(KMSError) as caught:
        kms.wrap(DATA_KEY) if operation == "encrypt" else kms.unwrap(wrapped)
    assert caught.value.message == message
    assert caught.value.retryable


def test_azure_without_leave_to_read_the_public_key(clouds: Clouds) -> None:
    clouds.may_read_public_keys = False
    try:
        kms = open_kms(clouds.azure_uri("k"), OUTSIDE)
        wrapped = kms.wrap(DATA_KEY)
        assert kms.unwrap(wrapped) == DATA_KEY
    finally:
        clouds.may_read_public_keys = True
    assert any("/keys/k/7/encrypt" in request.path for request in clouds.requests)
    assert open_kms(clouds.azure_uri("k"), OUTSIDE).unwrap(wrapped) == DATA_KEY


def test_azure_another_version_of_a_key_has_the_same_id_and_does_not_open(clouds: Clouds) -> None:
    old, new = (open_kms(clouds.azure_uri("k", version=version), OUTSIDE) for version in ("7", "8"))
    assert old.key.key_id == new.key.key_id == "k"
    with pytest.raises(KMSError):
        new.unwrap(old.wrap(DATA_KEY))


def test_azure_wrong_secret_and_missing_key(clouds: Clouds) -> None:
    with pytest.raises(AccessDeniedError, match="AADSTS7000215: Invalid client secret provided") as denied:
        open_kms(clouds.azure_uri("k", AZURE_CLIENT_SECRET="an0ther-s3cr3t"), OUTSIDE).wrap(DATA_KEY)
    assert "s3cr3t" not in f"{denied.value.message}{denied.value.hint}"
    with pytest.raises(KMSError, match="KeyNotFound") as missing:
        open_kms(clouds.azure_uri("k").replace(":///k/", ":///none/"), OUTSIDE).wrap(DATA_KEY)
    assert not missing.value.retryable
    assert CLIENT_SECRET not in missing.value.message


def test_azure_implicit_credentials_come_from_the_environment(
    clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    explicit = open_kms(clouds.azure_uri("k"), OUTSIDE)
    names = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
    uri = clouds.azure_uri("k", **dict.fromkeys(names, ""), AUTH="implicit")
    for name in names:
        monkeypatch.setenv(name, explicit._uri.param(name))  # type: ignore[attr-defined]
    assert open_kms(uri, OUTSIDE).unwrap(explicit.wrap(DATA_KEY)) == DATA_KEY


@pytest.mark.parametrize("cloud", ["google", "azure"])
@pytest.mark.parametrize(
    ("status", "may_pass"), [(0, True), (503, True), (429, True), (403, False), (400, False)]
)
def test_outage_of_another_cloud_falls_through(
    clouds: Clouds, aws: LocalAWS, cloud: str, status: int, may_pass: bool
) -> None:
    first = clouds.google_uri("k") if cloud == "google" else clouds.azure_uri("k")
    options = EncryptionOptions(kms=(first, aws.kms_uri(aws.create_key())))
    key, info = new_data_key(options, OUTSIDE)
    notices: list[str] = []
    with clouds.fault("/v1/.*crypt|/keys/", status):
        assert open_data_key([info], options, OUTSIDE, notice=notices.append) == key
        with pytest.raises(OothecaError) as caught:
            open_data_key([info], EncryptionOptions(kms=(first,)), OUTSIDE)
    assert caught.value.message.startswith("failed to decrypt data key: ")
    assert caught.value.retryable == may_pass
    assert isinstance(caught.value, AccessDeniedError if status == 403 else KMSError)
    assert len(notices) == 1
    assert CLIENT_SECRET not in notices[0]


def test_a_cloud_that_is_not_reached_at_all(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for uri in (clouds.google_uri("k"), clouds.azure_uri("k")):
        with pytest.raises(KMSError, match="failed") as caught:
            open_kms(uri, OUTSIDE).wrap(DATA_KEY)
        assert caught.value.retryable
