"""ASSUME_ROLE on gs, against Google's token services on the loopback and a bucket that knows the last account alone."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from ootheca import extras
from ootheca.errors import AccessDeniedError, InvalidOptionError, UnavailableError, UnsupportedError
from ootheca.storage import clouds as gs
from ootheca.storage.base import StorageEnv
from ootheca.storage.google_roles import GoogleRoleTokens
from ootheca.storage.objects import ObjectStorage
from ootheca.storage.registry import open_storage
from ootheca.storage.retry import RetryPolicy
from tests.support.clouds import Clouds, local_clouds

BETWEEN, LAST = "between@p.iam.gserviceaccount.com", "last@p.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    with local_clouds(tmp_path_factory.mktemp("clouds")) as running:
        yield running


@pytest.fixture
def bucket(clouds: Clouds) -> Iterator[str]:
    """The address of a server of objects, for tokens of the last account."""
    objects: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self._is_allowed():
                objects[self.path] = body
                self._answer(200, b"")

        def do_GET(self) -> None:
            if self._is_allowed():
                self._answer(200, objects[self.path])

        def _is_allowed(self) -> bool:
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            if clouds.role_tokens.get(token) == LAST:
                return True
            self._answer(401, b"")
            return False

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            for name, value in (("etag", '"1"'), ("last-modified", "Sat, 21 Nov 2026 10:00:00 GMT")):
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def account(clouds: Clouds, bucket: str) -> str:
    """The CREDENTIALS parameter: a service account's key that names the server to ask."""
    key = {**json.loads(clouds.account_json()), "gcs_base_url": bucket}
    return quote(base64.b64encode(json.dumps(key).encode()), safe="")


def open_gs(uri: str, tmp_path: Path) -> ObjectStorage:
    storage = open_storage(uri, StorageEnv(tmp_path))
    assert isinstance(storage, ObjectStorage)
    return storage


def test_a_bucket_is_used_as_the_last_account(clouds: Clouds, bucket: str, tmp_path: Path) -> None:
    key = account(clouds, bucket)
    for number, roles in enumerate((LAST, f"{BETWEEN},{LAST}")):
        storage = open_gs(f"gs://b/p{number}?CREDENTIALS={key}&ASSUME_ROLE={roles}", tmp_path)
        storage.write("x", b"content")
        assert storage.read("x") == b"content"
    asked = [request for request in clouds.requests if request.path.endswith(f"{LAST}:generateAccessToken")]
    assert [request.json()["delegates"] for request in asked] == [
        [],
        [f"projects/-/serviceAccounts/{BETWEEN}"],
    ]
    assert asked[0].json()["scope"] == ["https://www.googleapis.com/auth/devstorage.read_write"]
    # Without the role, and as another one, the bucket does not open.
    for other in ("", f"&ASSUME_ROLE={LAST},{BETWEEN}"):
        with pytest.raises(AccessDeniedError):
            open_gs(f"gs://b/p?CREDENTIALS={key}{other}", tmp_path).read("x")


def test_a_bearer_token_and_the_environment_are_beginnings_too(
    clouds: Clouds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clouds.tokens.add("given-token")
    given = GoogleRoleTokens(None, "given-token", [LAST])()
    assert clouds.role_tokens[given["token"]] == LAST
    path = tmp_path / "account.json"
    path.write_text(clouds.account_json())
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    open_gs(f"gs://b/p?AUTH=implicit&ASSUME_ROLE={LAST}", tmp_path)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none"))
    with pytest.raises(AccessDeniedError, match="no credentials to begin with"):
        open_gs(f"gs://b/p?AUTH=implicit&ASSUME_ROLE={LAST}", tmp_path)


def test_tokens_are_temporary_and_kept_while_they_last(clouds: Clouds) -> None:
    give = GoogleRoleTokens(json.loads(clouds.account_json()), "", [LAST])
    first = give()
    assert first["expires_at"] is not None
    assert first["expires_at"] > datetime.now(UTC)
    assert give()["token"] == first["token"]
    assert give._credentials is not None
    give._credentials.expiry = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=1)
    assert give()["token"] != first["token"]


def test_an_account_that_is_refused(clouds: Clouds, bucket: str, tmp_path: Path) -> None:
    uri = f"gs://b/p?CREDENTIALS={account(clouds, bucket)}&ASSUME_ROLE={BETWEEN},{LAST}"
    with clouds.fault("iamcredentials", 403), pytest.raises(AccessDeniedError) as caught:
        open_gs(uri, tmp_path)
    assert caught.value.message == f"failed to assume role {LAST}: as the test asked"
    assert "serviceAccountTokenCreator" in str(caught.value.hint)
    unknown = f"gs://b/p?BEARER_TOKEN=s3cr3t-token&ASSUME_ROLE={LAST}"
    with pytest.raises(AccessDeniedError, match="invalid credentials") as caught:
        open_gs(unknown, tmp_path)
    assert "s3cr3t" not in f"{caught.value!r} {caught.value.hint} {caught.value.__cause__}"


def test_a_service_that_is_not_reached(
    clouds: Clouds, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gs, "DEFAULT_RETRY", RetryPolicy(max_retries=2, first_wait=0.01))
    uri = f"gs://b/p?CREDENTIALS={account(clouds, bucket)}&ASSUME_ROLE={LAST}"
    num_before = len(clouds.requests)
    with clouds.fault("oauth2", 0), pytest.raises(UnavailableError, match="TransportError") as caught:
        open_gs(uri, tmp_path)
    assert caught.value.retryable
    assert len(clouds.requests) - num_before >= 3


def test_a_key_that_lacks_a_field(tmp_path: Path) -> None:
    key = base64.b64encode(b'{"private_key": "topsecret"}').decode()
    with pytest.raises(InvalidOptionError, match="no usable service account") as caught:
        open_gs(f"gs://b/p?CREDENTIALS={key}&ASSUME_ROLE={LAST}", tmp_path)
    assert "topsecret" not in f"{caught.value!r} {caught.value.__cause__}"


def test_without_googles_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match="ASSUME_ROLE for gs needs a client") as caught:
        open_gs(f"gs://b/p?AUTH=implicit&ASSUME_ROLE={LAST}", tmp_path)
    assert caught.value.hint == "pip install 'ootheca[gcp]'; with --sandbox a folder serves this URI"
