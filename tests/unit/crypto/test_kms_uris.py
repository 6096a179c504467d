"""KMS URIs: the same checks, in the same order and words, outside and inside the sandbox."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ootheca.crypto import KMSEnvironment, MemoryKeyring, open_kms
from ootheca.crypto.kms.local import LocalKMS
from ootheca.errors import OothecaError, UnsupportedError

CONFORMANCE = Path(__file__).parents[3] / "fixtures/conformance"
GCP = "gs:///projects/p/locations/eu/keyRings/r/cryptoKeys/k"
AZURE = "azure-kms:///key/7?AZURE_VAULT_NAME=v"
AZURE_FULL = AZURE + "&AZURE_TENANT_ID=t&AZURE_CLIENT_ID=c&AZURE_CLIENT_SECRET=s"
KEYS = "AWS_ACCESS_KEY_ID=a&AWS_SECRET_ACCESS_KEY=b"
PATH_EMPTY = "path component of the KMS cannot be empty; must contain the Customer Managed Key"

ERRORS = [
    ("nokms:///k?AUTH=implicit", "no factory method found for scheme nokms"),
    ("not a uri", 'parse "not a uri": invalid URI for request'),
    ("aws:///k?AUTH=implict&REGION=us-east-1", "unsupported value implict for AUTH"),
    ("aws:///k?AUTH=IMPLICIT&REGION=us-east-1", "unsupported value IMPLICIT for AUTH"),
    ("aws:///k?AUTH=assume-role&REGION=us-east-1", "unsupported value assume-role for AUTH"),
    ("aws:///k?AUTH=implicit", "could not find the aws kms region"),
    ("aws:///k?AUTH=implicit&REGION=", "could not find the aws kms region"),
    ("aws:///k?AUTH=implicit&AWS_REGION=r", "could not find the aws kms region"),
    ("aws:///k?REGION=r", "AUTH is set to 'specified', but AWS_ACCESS_KEY_ID is not set"),
    ("aws:///k?AUTH=&REGION=r", "AUTH is set to 'specified', but AWS_ACCESS_KEY_ID is not set"),
    (
        "aws:///k?AUTH=specified&REGION=r&AWS_ACCESS_KEY_ID=x",
        "AUTH is set to 'specified', but AWS_SECRET_ACCESS_KEY is not set",
    ),
    # Credentials are checked before the region, and the region before the path.
    ("aws:///k", "AUTH is set to 'specified', but AWS_ACCESS_KEY_ID is not set"),
    (f"aws:///?{KEYS}", "could not find the aws kms region"),
    (f"aws:///?{KEYS}&REGION=r", PATH_EMPTY),
    (f"aws://k?{KEYS}&REGION=r", PATH_EMPTY),
    (
        f"aws:///k?{KEYS}&REGION=r&ASSUME_ROLE=role;x",
        None,  # Go leaves out a pair with a semicolon
    ),
    (
        f"aws:///k?{KEYS}&REGION=r&ASSUME_ROLE=role%3Bx",
        "ASSUME_ROLE must be a list of roles, each with an optional external_id",
    ),
    ("gs:///?AUTH=implicit", PATH_EMPTY),
    (GCP, 'CREDENTIALS or BEARER_TOKEN must be set if "AUTH" is "specified"'),
    (f"{GCP}?AUTH=specified", 'CREDENTIALS or BEARER_TOKEN must be set if "AUTH" is "specified"'),
    (f"{GCP}?CREDENTIALS=%7Bkey%7D", "decoding value of CREDENTIALS: illegal base64 data at input byte 0"),
    (f"{GCP}?CREDENTIALS=bm8ganNvbg==", "CREDENTIALS holds no service account's key in JSON"),
    (f"{GCP}?AUTH=default", "unsupported value default for AUTH"),
    ("azure-kms:///key?AUTH=implicit", "azure kms key must be of form 'id/version'"),
    ("azure-kms:///key/?AUTH=implicit", "azure kms key must be of form 'id/version'"),
    ("azure-kms:///key/1/2?AUTH=implicit", "azure kms key must be of form 'id/version'"),
    (
        f"{AZURE}&AZURE_CLIENT_ID=c",
        "kms explicit auth URI expected but did not receive: AZURE_TENANT_ID, AZURE_CLIENT_SECRET",
    ),
    (f"{AZURE_FULL}&AUTH=implicit", "kms implicit auth URI does not support: "),
    (f"{AZURE_FULL}&AZURE_ENVIRONMENT=Moon", "unsupported value Moon for AZURE_ENVIRONMENT"),
    (f"{AZURE}&AUTH=other", "azure kms requires explicit auth (RBAC) or implicit auth"),
]

ACCEPTED = [
    ("aws:///k?AUTH=implicit&REGION=us-east-1", "k"),
    (f"aws:///k?{KEYS}&REGION=us-east-1&AUTH=specified", "k"),
    (f"aws-kms:///alias/a?{KEYS}&REGION=us-east-1", "alias/a"),
    (
        f"aws:///arn:aws:kms:us-east-1:123456789012:key/0-1?{KEYS}&REGION=r",
        "arn:aws:kms:us-east-1:123456789012:key/0-1",
    ),
    (f"AWS:///<cmk>?{KEYS}&REGION=r", "<cmk>"),
    (f"aws:///%3Ccmk%3E?{KEYS}&REGION=r", "<cmk>"),
    (f"aws://ignored/k?{KEYS}&REGION=r", "k"),
    (f"aws:////k?{KEYS}&REGION=r", "/k"),
    (f"aws:///k?{KEYS}&AWS_ENDPOINT=http%3A%2F%2Flocalhost", "k"),
    (f"aws:///k?{KEYS}&REGION=r&SOMETHING=else", "k"),
    (f"aws:///k?{KEYS}&REGION=r&ASSUME_ROLE=a,b%3Bexternal_id%3Dx,c", "k"),
    (f"{GCP}?AUTH=implicit", "projects/p/locations/eu/keyRings/r/cryptoKeys/k"),
    (f"{GCP}/cryptoKeyVersions/3?AUTH=implicit", "projects/p/locations/eu/keyRings/r/cryptoKeys/k"),
    (f"gcp-kms{GCP[2:]}?CREDENTIALS=e30=", "projects/p/locations/eu/keyRings/r/cryptoKeys/k"),
    (f"{GCP}?AUTH=specified&BEARER_TOKEN=t", "projects/p/locations/eu/keyRings/r/cryptoKeys/k"),
    (AZURE_FULL, "key"),
    (f"{AZURE}&AUTH=implicit", "key"),
    ("testkms:///only/key-1?AUTH=whatever&REGION=x", "only/key-1"),
]


def sandbox(**flags: bool) -> KMSEnvironment:
    return KMSEnvironment(keyring=MemoryKeyring(), **flags)


@pytest.mark.parametrize("env", [KMSEnvironment(), sandbox()], ids=["outside", "sandbox"])
@pytest.mark.parametrize(("uri", "message"), [(u, m) for u, m in ERRORS if m is not None])
def test_refused_uri(uri: str, message: str, env: KMSEnvironment) -> None:
    with pytest.raises(OothecaError) as caught:
        open_kms(uri, env)
    assert caught.value.message == message
    assert caught.value.sqlstate == "XXUUU"


@pytest.mark.parametrize(("uri", "key_id"), ACCEPTED)
def test_accepted_uri_and_its_master_key_id(uri: str, key_id: str) -> None:
    kms = open_kms(uri, sandbox())
    assert kms.key.key_id == key_id
    assert kms.key.scheme == uri.partition(":")[0].lower()


def test_pair_with_semicolon_is_left_out() -> None:
    (uri,) = [uri for uri, message in ERRORS if message is None]
    assert open_kms(uri, sandbox()).key.key_id == "k"


@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_refusals_of_a_real_server(version: str) -> None:
    """Every refused URI in the evidence that stands for a cloud's own; `testkms` stands for any cloud."""
    env = sandbox(quotes_escaped=version == "20.2")
    steps = json.loads((CONFORMANCE / version / "scenarios/02_kms.json").read_text("utf-8"))
    num_refused = 0
    for step in steps:
        uri = step["sql"].rpartition("kms = '")[2].rstrip("'")
        if "/bad" not in step["sql"]:
            continue
        with pytest.raises(OothecaError) as caught:
            open_kms(uri, env)
        assert (caught.value.message, caught.value.sqlstate) == (step["error"], step["sqlstate"])
        num_refused += 1
    assert num_refused == 6


@pytest.mark.parametrize(
    ("value", "hint"),
    [("implict", "AUTH=implicit"), ("IMPLICIT", "AUTH=implicit"), ("specifed", "AUTH=specified")],
)
def test_misspelt_auth_has_a_hint(value: str, hint: str) -> None:
    with pytest.raises(OothecaError) as caught:
        open_kms(f"aws:///k?AUTH={value}&REGION=r", sandbox())
    assert caught.value.hint is not None
    assert hint in caught.value.hint


def test_testkms_exists_only_in_the_sandbox() -> None:
    with pytest.raises(OothecaError, match=r"^no factory method found for scheme testkms$"):
        open_kms("testkms:///k", KMSEnvironment())


@pytest.mark.parametrize(
    ("uri", "module", "line"),
    [
        (f"{GCP}?AUTH=implicit", "google.cloud.kms", "pip install 'ootheca[gcp]'"),
        (AZURE_FULL, "azure.identity", "pip install 'ootheca[azure]'"),
        (AZURE_FULL, "azure.keyvault.keys", "pip install 'ootheca[azure]'"),
    ],
)
def test_client_that_is_not_installed(
    uri: str, module: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UnsupportedError, match="needs a client that is not installed") as caught:
        open_kms(uri, KMSEnvironment())
    assert caught.value.hint is not None
    assert line in caught.value.hint
    assert open_kms(uri, sandbox()).key.key_id


@pytest.mark.parametrize("uri", ["aws:///k?AUTH=implicit&REGION=r", f"{GCP}?AUTH=implicit", AZURE_FULL])
def test_unknown_parameters_are_refused_where_the_version_does(uri: str) -> None:
    env = sandbox(refuses_unknown_params=True)
    open_kms(uri, env)
    with pytest.raises(OothecaError, match=r"^unknown KMS query parameters: A_NEW, ZZ$"):
        open_kms(f"{uri}&ZZ=1&A_NEW=2", env)


@pytest.mark.parametrize(
    ("flag", "uri", "message"),
    [
        (
            "disable_http",
            "aws:///k?AWS_ENDPOINT=http%3A%2F%2Fx&AUTH=wrong",
            "custom endpoints disallowed for aws kms due to --aws-kms-disable-http flag",
        ),
        (
            "disable_implicit_credentials",
            "aws:///k?AUTH=implicit&REGION=r",
            "implicit credentials disallowed for s3 due to --external-io-implicit-credentials flag",
        ),
        ("disable_outbound", "aws:///k?AUTH=wrong", "external IO must be enabled to use AWS KMS"),
    ],
)
def test_server_flags(flag: str, uri: str, message: str) -> None:
    with pytest.raises(OothecaError) as caught:
        open_kms(uri, sandbox(**{flag: True}))
    assert caught.value.message == message


@pytest.mark.parametrize("uri", [f"{GCP}?AUTH=implicit", f"{AZURE}&AUTH=implicit"])
@pytest.mark.parametrize("flag", ["disable_implicit_credentials", "disable_outbound"])
def test_server_flags_count_for_every_cloud(uri: str, flag: str) -> None:
    with pytest.raises(OothecaError):
        open_kms(uri, sandbox(**{flag: True}))


def test_sandbox_contacts_nothing_and_loads_no_cloud_library() -> None:
    loaded = set(sys.modules)
    kms = open_kms(f"aws:///k?{KEYS}&REGION=r&AWS_ENDPOINT=http%3A%2F%2F192.0.2.1", sandbox())
    assert isinstance(kms, LocalKMS)
    assert kms.unwrap(kms.wrap(bytes(32))) == bytes(32)
    assert not [name for name in set(sys.modules) - loaded if name.partition(".")[0] in ("boto3", "botocore")]
