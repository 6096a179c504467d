"""Object stores over HTTP: what is sent, how failures are told, and that no secret is told with them."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from ootheca.errors import (
    AccessDeniedError,
    ObjectExistsError,
    ObjectNotFoundError,
    StorageError,
    UnavailableError,
    UnsupportedError,
)
from ootheca.storage import clouds, s3
from ootheca.storage.base import AWSCredentials, StorageEnv, storage_profile
from ootheca.storage.registry import open_storage
from ootheca.storage.retry import RetryPolicy

SECRET = "topsecretkey"
KEYS = f"AWS_ACCESS_KEY_ID=AKID&AWS_SECRET_ACCESS_KEY={SECRET}&AWS_REGION=us-east-1"


@dataclass
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """A web server that gives one answer, or plays a plain file server when it has none."""

    answer: Answer | None = None
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    url: str = ""

    def reply(self, method: str, path: str, body: bytes) -> Answer:
        if self.answer is not None:
            return self.answer
        if method == "PUT":
            self.files[path] = body
            return Answer(201)
        if method == "DELETE":
            return Answer(204 if self.files.pop(path, None) is not None else 404)
        return Answer(200, self.files[path]) if path in self.files else Answer(404)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.requests.append((self.command, self.path, headers, body))
            answer = state.reply(self.command, self.path.partition("?")[0], body)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.send_header("etag", '"1"')
            self.send_header("last-modified", "Sat, 21 Nov 2026 17:38:53 GMT")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
    thread.start()
    state.url = f"http://127.0.0.1:{httpd.server_port}"
    no_retry = RetryPolicy(max_retries=0)
    monkeypatch.setattr(s3, "DEFAULT_RETRY", no_retry)
    monkeypatch.setattr(clouds, "DEFAULT_RETRY", no_retry)
    yield state
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def error_body(code: str, message: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{message}</Message><Extra>{SECRET}</Extra></Error>".encode()


def chain(exc: BaseException | None) -> str:
    texts = []
    while exc is not None:
        texts.append(f"{exc} {exc!r} {getattr(exc, 'location', '')}")
        exc = exc.__cause__
    return "\n".join(texts)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (
            Answer(404, error_body("NoSuchKey", "The specified key does not exist.")),
            ObjectNotFoundError,
            (
                "NoSuchKey: The specified key does not exist: s3 object does not exist: "
                "external_storage: file doesn't exist"
            ),
        ),
        (
            Answer(404, error_body("NoSuchBucket", "The specified bucket does not exist")),
            ObjectNotFoundError,
            (
                "NoSuchBucket: The specified bucket does not exist: s3 object does not exist: "
                "external_storage: file doesn't exist"
            ),
        ),
        (
            Answer(403, error_body("AccessDenied", f"Access Denied for {SECRET}")),
            AccessDeniedError,
            "failed to read s3 object s3://bucket/p/x: AccessDenied: Access Denied for redacted",
        ),
        (
            Answer(403, error_body("SignatureDoesNotMatch", "The signature does not match")),
            AccessDeniedError,
            "failed to read s3 object s3://bucket/p/x: SignatureDoesNotMatch: The signature does not match",
        ),
        (
            Answer(503, error_body("SlowDown", "Please reduce your request rate.")),
            UnavailableError,
            "failed to read s3 object s3://bucket/p/x: SlowDown: Please reduce your request rate.",
        ),
        (Answer(500), UnavailableError, "failed to read s3 object s3://bucket/p/x: HTTP status 500"),
        (Answer(400), StorageError, "failed to read s3 object s3://bucket/p/x: HTTP status 400"),
    ],
)
def test_failures_of_a_service(
    server: Server, tmp_path: Path, answer: Answer, kind: type[StorageError], said: str
) -> None:
    server.answer = answer
    storage = open_storage(f"s3://bucket/p?{KEYS}&AWS_ENDPOINT={server.url}", StorageEnv(tmp_path))
    with pytest.raises(StorageError) as caught:
        storage.read("x")
    assert type(caught.value) is kind
    assert caught.value.message == said
    assert caught.value.retryable == (kind is UnavailableError)
    assert SECRET not in chain(caught.value)


def test_writing_into_a_bucket_that_is_not_there(server: Server, tmp_path: Path) -> None:
    server.answer = Answer(404, error_body("NoSuchBucket", "The specified bucket does not exist"))
    storage = open_storage(f"s3://bucket/p?{KEYS}&AWS_ENDPOINT={server.url}", StorageEnv(tmp_path))
    with pytest.raises(StorageError) as caught:
        storage.write("x", b"")
    assert not isinstance(caught.value, ObjectNotFoundError)
    assert caught.value.message == (
        "failed to write s3 object s3://bucket/p/x: NoSuchBucket: The specified bucket does not exist"
    )
    with pytest.raises(StorageError, match="failed to list s3 storage s3://bucket/p: NoSuchBucket"):
        list(storage.list())


def test_service_that_is_not_reached(server: Server, tmp_path: Path) -> None:
    storage = open_storage(f"s3://bucket/p?{KEYS}&AWS_ENDPOINT=http://127.0.0.1:1", StorageEnv(tmp_path))
    with pytest.raises(UnavailableError) as caught:
        storage.read("x")
    assert caught.value.message == "failed to read s3 object s3://bucket/p/x: the service was not reached"
    assert SECRET not in chain(caught.value)


def test_credentials_of_the_uri_are_not_mixed_with_the_environments(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FROMENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "env")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "envtoken")
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    env = StorageEnv(tmp_path)
    uri = f"s3://bucket/p?{KEYS}&AWS_ENDPOINT={server.url}"
    open_storage(uri, env).write("x", b"1")
    headers = server.requests[-1][2]
    assert "Credential=AKID/" in headers["authorization"]
    assert "/us-east-1/s3/" in headers["authorization"]
    assert "x-amz-security-token" not in headers
    open_storage(f"{uri}&AWS_SESSION_TOKEN=own%2Btoken", env).write("x", b"1")
    assert server.requests[-1][2]["x-amz-security-token"] == "own+token"


def test_implicit_credentials_come_from_the_environment(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FROMENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "env")
    uri = f"s3://bucket/p?AUTH=implicit&AWS_ENDPOINT={server.url}"
    open_storage(uri, StorageEnv(tmp_path)).write("x", b"1")
    assert "Credential=FROMENV/" in server.requests[-1][2]["authorization"]
    assert "/default-region/s3/" in server.requests[-1][2]["authorization"]
    given = StorageEnv(tmp_path, aws_credentials=lambda: AWSCredentials("FROMCHAIN", "x", "chaintoken"))
    open_storage(uri, given).write("x", b"1")
    assert "Credential=FROMCHAIN/" in server.requests[-1][2]["authorization"]
    assert server.requests[-1][2]["x-amz-security-token"] == "chaintoken"


def test_blanks_in_a_secret_are_plus_signs() -> None:
    from ootheca.uri import parse_storage_uri

    uri = parse_storage_uri("s3://b/p?AWS_ACCESS_KEY_ID=x&AWS_SECRET_ACCESS_KEY=a+b%2Bc%20d")
    credentials = s3.validate_s3(uri, StorageEnv(Path())).credentials
    assert credentials is not None
    assert credentials.secret_access_key == "a+b+c+d"
    assert "a+b" not in repr(credentials)


def test_encryption_and_storage_class_are_asked_for(server: Server, tmp_path: Path) -> None:
    uri = f"s3://bucket/p?{KEYS}&AWS_ENDPOINT={server.url}&S3_STORAGE_CLASS=STANDARD_IA"
    open_storage(f"{uri}&AWS_SERVER_ENC_MODE=aws:kms&AWS_SERVER_KMS_ID=key-1", StorageEnv(tmp_path)).write(
        "x", b"1"
    )
    headers = server.requests[-1][2]
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1"
    assert headers["x-amz-storage-class"] == "STANDARD_IA"


def test_creating_is_conditional_on_the_server_too(server: Server, tmp_path: Path) -> None:
    storage = open_storage(f"s3://bucket/p?{KEYS}&AWS_ENDPOINT={server.url}", StorageEnv(tmp_path))
    storage.write("x", b"1", overwrite=False)
    assert server.requests[-1][0] == "PUT"
    assert server.requests[-1][2]["if-none-match"] == "*"
    # This server ignores the condition, as some do.
    with pytest.raises(ObjectExistsError):
        storage.write("x", b"2", overwrite=False)
    assert server.files["/bucket/p/x"] == b"1"


def test_region_of_a_bucket(server: Server) -> None:
    server.answer = Answer(
        301, headers={"x-amz-bucket-region": "eu-west-1", "location": "http://127.0.0.1:1/"}
    )
    assert s3.find_bucket_region("bucket", endpoint=server.url) == "eu-west-1"
    assert server.requests[-1][:2] == ("HEAD", "/bucket")
    server.answer = Answer(404)
    with pytest.raises(StorageError) as caught:
        s3.find_bucket_region("bucket", endpoint=server.url)
    assert caught.value.message == "could not find s3 bucket's region: HTTP status 404"
    with pytest.raises(UnavailableError, match="could not find s3 bucket's region"):
        s3.find_bucket_region("bucket", endpoint="http://127.0.0.1:1")


def test_region_is_only_asked_for_without_region_and_endpoint(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def find(bucket: str) -> str:
        asked.append(bucket)
        return "eu-west-1"

    monkeypatch.setattr(s3, "find_bucket_region", find)
    for extra in ("&AWS_REGION=x", f"&AWS_ENDPOINT={server.url}"):
        open_storage(f"s3://bucket/p?AUTH=implicit{extra}", StorageEnv(tmp_path))
    assert asked == []
    open_storage("s3://bucket/p?AUTH=implicit", StorageEnv(tmp_path))
    assert asked == ["bucket"]


def test_web_server(server: Server, tmp_path: Path) -> None:
    uri = server.url.replace("http://", f"http://user:{SECRET}@") + "/base/dir"
    storage = open_storage(uri, StorageEnv(tmp_path))
    storage.write("a b/x", b"0123456789")
    assert storage.read("a b/x") == b"0123456789"
    assert storage.size("a b/x") == 10
    # This server does not know ranges and answers with the whole object.
    assert storage.read_range("a b/x", 2, 3) == b"234"
    assert storage.exists("a b/x")
    storage.delete("a b/x")
    storage.delete("a b/x")
    assert not storage.exists("a b/x")
    expected = "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode()
    assert {headers.get("authorization") for _, _, headers, _ in server.requests} == {expected}
    assert {path for _, path, _, _ in server.requests} == {"/base/dir/a%20b/x"}
    with pytest.raises(ObjectNotFoundError) as caught:
        storage.read("x")
    assert "http storage file does not exist" in caught.value.message
    assert SECRET not in chain(caught.value)
    with pytest.raises(UnsupportedError, match="http storage does not support listing"):
        list(storage.list())


def test_gs_with_a_key_and_with_a_token(server: Server, tmp_path: Path) -> None:
    key = {
        "gcs_base_url": server.url,
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    credentials = quote_plus(base64.b64encode(json.dumps(key).encode()))
    env = StorageEnv(tmp_path)
    storage = open_storage(f"gs://bucket/p?CREDENTIALS={credentials}&GOOGLE_BILLING_PROJECT=acme", env)
    server.answer = Answer(200, b"content", {"x-goog-generation": "1"})
    assert storage.read("x") == b"content"
    method, path, headers, _ = server.requests[-1]
    assert (method, path) == ("GET", "/bucket/p%2Fx")
    assert headers["x-goog-user-project"] == "acme"
    server.answer = Answer(404)
    with pytest.raises(ObjectNotFoundError) as caught:
        storage.read("x")
    assert caught.value.message == (
        "gs://bucket/p/x: gcs object does not exist: external_storage: file doesn't exist"
    )
    old = StorageEnv(tmp_path, profile=storage_profile("20.2"), gs_default_key=json.dumps(key))
    server.answer = Answer(200, b"default", {"x-goog-generation": "1"})
    for auth in ("", "?AUTH=default"):
        assert open_storage(f"gs://bucket/p{auth}", old).read("x") == b"default"


def test_retries_stop_when_patience_ends() -> None:
    waits: list[float] = []
    attempts: list[int] = []

    def failing(kind: type[StorageError]) -> Callable[[], None]:
        def fail() -> None:
            attempts.append(1)
            raise kind("no")

        return fail

    policy = RetryPolicy(max_retries=4, first_wait=1, max_wait=3, total=100)
    with pytest.raises(UnavailableError):
        policy.run(failing(UnavailableError), sleep=waits.append)
    assert (len(attempts), waits) == (5, [1, 2, 3, 3])
    attempts.clear()
    with pytest.raises(AccessDeniedError):
        policy.run(failing(AccessDeniedError), sleep=waits.append)
    assert len(attempts) == 1
    attempts.clear()
    with pytest.raises(UnavailableError):
        RetryPolicy(total=0).run(failing(UnavailableError), sleep=waits.append)
    assert len(attempts) == 1


def test_retry_policy_in_obstores_words() -> None:
    options = RetryPolicy(max_retries=2, first_wait=0.5, max_wait=4, total=30).obstore_options()
    assert options["max_retries"] == 2
    assert options["retry_timeout"].total_seconds() == 30
    assert options["backoff"]["max_backoff"].total_seconds() == 4
