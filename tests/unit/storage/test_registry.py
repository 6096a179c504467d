"""Which URI opens what; the rules of each cloud before any network; the sandbox."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ootheca.errors import (
    AccessDeniedError,
    InvalidOptionError,
    InvalidValueError,
    ObjectNotFoundError,
    OothecaError,
    UnsupportedError,
)
from ootheca.storage.base import StorageEnv, storage_profile
from ootheca.storage.registry import open_storage

KEYS = "AWS_ACCESS_KEY_ID=x&AWS_SECRET_ACCESS_KEY=topsecret"
OLD, NEW = storage_profile("20.2"), storage_profile("21.2")


def sandbox(tmp_path: Path, version: str = "21.2") -> StorageEnv:
    return StorageEnv(
        tmp_path / "extern",
        sandbox=True,
        sandbox_dir=tmp_path / "sandbox",
        userfile_dir=tmp_path / "sandbox" / "userfile",
        profile=storage_profile(version),
    )


@pytest.mark.parametrize("is_sandbox", [True, False])
@pytest.mark.parametrize(
    ("version", "uri", "message"),
    [
        # conformance/20.2 and 21.2, scenarios/08_uris.json
        ("", "s3://bucket/path", "AUTH is set to 'specified', but AWS_ACCESS_KEY_ID is not set"),
        (
            "",
            "s3://bucket/path?AWS_ACCESS_KEY_ID=x",
            "AUTH is set to 'specified', but AWS_SECRET_ACCESS_KEY is not set",
        ),
        ("", "s3://bucket/path?AUTH=bogus", "unsupported value bogus for AUTH"),
        ("20.2", "gs://bucket/path?AUTH=bogus", "unsupported value bogus for AUTH"),
        ("20.2", "gs://bucket/path?AUTH=specified", "AUTH is set to 'specified', but CREDENTIALS is not set"),
        ("21.2", "gs://bucket/path?AUTH=bogus", 'CREDENTIALS must be set unless "AUTH" is "implicit"'),
        ("21.2", "gs://bucket/path?AUTH=specified", 'CREDENTIALS must be set unless "AUTH" is "implicit"'),
        ("", "azure://container/path", 'azure uri missing "AZURE_ACCOUNT_NAME" parameter'),
        (
            "",
            "ftp://host/path",
            'unsupported storage scheme: "ftp" - refer to docs to find supported storage schemes',
        ),
        (
            "",
            "/just/a/path",
            'unsupported storage scheme: "" - refer to docs to find supported storage schemes',
        ),
        ("", "", 'unsupported storage scheme: "" - refer to docs to find supported storage schemes'),
        ("", "not a uri", 'unsupported storage scheme: "" - refer to docs to find supported storage schemes'),
        # reference/sql/07 §2
        ("", "s3://bucket/path?AUTH=Implicit", "unsupported value Implicit for AUTH"),
        (
            "",
            f"s3://b/p?{KEYS}&AWS_SERVER_ENC_MODE=x",
            "unsupported server encryption mode x. Supported values are `aws:kms` and `AES256`.",
        ),
        (
            "",
            f"s3://b/p?{KEYS}&AWS_SERVER_ENC_MODE=aws:kms",
            "AWS_SERVER_KMS_ID param must be set when using aws:kms server side encryption mode.",
        ),
        ("20.2", "gs://b/p?AUTH=default", "expected settings value for cloudstorage.gs.default.key"),
        ("", "gs://b/p?CREDENTIALS=*", "decoding value of CREDENTIALS: illegal base64 data at input byte 0"),
        (
            "",
            "gs://b/p?CREDENTIALS=abcde",
            "decoding value of CREDENTIALS: illegal base64 data at input byte 4",
        ),
        ("21.2", "gs://b/p?AUTH=bogus&CREDENTIALS=e30=", "unsupported value bogus for AUTH"),
        ("", "azure://c/p?AZURE_ACCOUNT_NAME=acme", 'azure uri missing "AZURE_ACCOUNT_KEY" parameter'),
        (
            "",
            "azure://c/p?AZURE_ACCOUNT_NAME=acme&AZURE_ACCOUNT_KEY=topsecret!",
            "azure credential: illegal base64 data at input byte 9",
        ),
        (
            "",
            "azure://c/p?AZURE_ACCOUNT_NAME=acme&AZURE_CLIENT_ID=x&AZURE_CLIENT_SECRET=topsecret",
            'azure uri missing "AZURE_TENANT_ID" parameter',
        ),
    ],
)
def test_uris_that_break_a_rule(
    tmp_path: Path, is_sandbox: bool, version: str, uri: str, message: str
) -> None:
    for each in [version] if version else ["20.2", "21.2"]:
        env = StorageEnv(tmp_path, sandbox=is_sandbox, sandbox_dir=tmp_path, profile=storage_profile(each))
        with pytest.raises(OothecaError) as caught:
            open_storage(uri, env)
        assert caught.value.message == message
        assert caught.value.sqlstate == "XXUUU"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        (
            f"s3://b/p?{KEYS}&AWS_ENDPOINT=http://x",
            "custom endpoints disallowed for s3 due to --external-io-disable-http flag",
        ),
        (
            "s3://b/p?AUTH=implicit",
            "implicit credentials disallowed for s3 due to --external-io-implicit-credentials flag",
        ),
        ("http://host/path", "external http access disabled"),
    ],
)
def test_what_the_operator_disallows(tmp_path: Path, uri: str, message: str) -> None:
    env = StorageEnv(tmp_path, sandbox=True, sandbox_dir=tmp_path, allow_http=False, allow_implicit=False)
    with pytest.raises(InvalidOptionError) as caught:
        open_storage(uri, env)
    assert caught.value.message == message


def test_malformed_uri(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match='invalid URL escape "%zz"'):
        open_storage("s3://bucket/%zz", StorageEnv(tmp_path))


@pytest.mark.parametrize(
    ("uri", "folder"),
    [
        # The documentation's own examples among them.
        ("gs://acme-co-backup/test-cluster", "gs/acme-co-backup/test-cluster"),
        ("gs://b/p?AUTH=implicit", "gs/b/p"),
        ("gs://b/p?CREDENTIALS=e30=", "gs/b/p"),
        ("gs://b/p?AUTH=implicit&ASSUME_ROLE=a@p.example,b@p.example", "gs/b/p"),
        (f"s3://b/p?{KEYS}", "s3/b/p"),
        ("s3://b/p?AUTH=implicit", "s3/b/p"),
        (f"s3://b/p?{KEYS}&AWS_ENDPOINT=http://minio:9000", "s3/b/p"),
        ("azure://acme-co/p?AZURE_ACCOUNT_KEY=c2VjcmV0&AZURE_ACCOUNT_NAME=acme-co", "azure/acme-co/p"),
        ("azure-blob://c/p?AUTH=implicit&AZURE_ACCOUNT_NAME=acme", "azure/c/p"),
        ("http://localhost:8080/p", "http/localhost:8080/p"),
        ("https://host/p", "http/host/p"),
        ("userfile:///p", "userfile/defaultdb.public.userfiles_root/p"),
        ("userfile://db.public.t/p", "userfile/db.public.t/p"),
        ("s3://../p?AUTH=implicit", "s3/%2E%2E/p"),
    ],
)
@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_sandbox_serves_clouds_from_a_folder(tmp_path: Path, version: str, uri: str, folder: str) -> None:
    storage = open_storage(uri, sandbox(tmp_path, version))
    storage.write("a/b", b"x")
    assert (tmp_path / "sandbox" / folder / "a" / "b").read_bytes() == b"x"
    assert storage.read("a/b") == b"x"


@pytest.mark.parametrize(
    ("uri", "old"),
    [
        ("s3://b/p?AUTH=implicit", "s3 object does not exist: s3://b/p/x"),
        ("gs://b/p?AUTH=implicit", "gcs object does not exist: gs://b/p/x"),
        ("azure://c/p?AUTH=implicit&AZURE_ACCOUNT_NAME=a", "azure blob does not exist: azure://c/p/x"),
        ("http://h/p", "http storage file does not exist: http://h/p/x"),
    ],
)
def test_missing_object_in_the_sandbox(tmp_path: Path, uri: str, old: str) -> None:
    with pytest.raises(ObjectNotFoundError) as caught:
        open_storage(uri, sandbox(tmp_path, "20.2")).read("x")
    assert caught.value.message == f"{old}: external_storage: file doesn't exist"
    label, detail = old.split(": ", 1)
    with pytest.raises(ObjectNotFoundError) as caught:
        open_storage(uri, sandbox(tmp_path, "21.2")).read("x")
    assert caught.value.message == f"{detail}: {label}: external_storage: file doesn't exist"


def test_an_object_below_an_object_is_just_missing_in_a_cloud(tmp_path: Path) -> None:
    storage = open_storage("s3://b/p?AUTH=implicit", sandbox(tmp_path))
    storage.write("LATEST", b"x")
    assert not storage.at("LATEST").exists("BACKUP_MANIFEST")


def test_web_servers_cannot_be_listed(tmp_path: Path) -> None:
    storage = open_storage("http://host/p", sandbox(tmp_path))
    assert not storage.can_list
    with pytest.raises(UnsupportedError, match="http storage does not support listing"):
        list(storage.list())


def test_userfile_path_must_be_normal(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        open_storage("userfile:///a/../b", sandbox(tmp_path))
    assert caught.value.message == (
        "path /a/../b changes after normalization to /b. userfile upload does not permit such path constructs"
    )


def test_userfile_needs_a_place(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="userfile"):
        open_storage("userfile:///a", StorageEnv(tmp_path))
    storage = open_storage(
        "userfile:///a", StorageEnv(tmp_path, userfile_dir=tmp_path / "u", user="maxroach")
    )
    storage.write("x", b"1")
    assert (tmp_path / "u" / "defaultdb.public.userfiles_maxroach" / "a" / "x").exists()


def test_userfiles_belong_to_their_user(tmp_path: Path) -> None:
    env = StorageEnv(tmp_path, userfile_dir=tmp_path, user="maxroach", is_admin=False)
    open_storage("userfile:///a", env).write("x", b"1")
    own = "userfile://defaultdb.public.userfiles_maxroach/a"
    assert open_storage(own, env).read("x") == b"1"
    with pytest.raises(AccessDeniedError) as caught:
        open_storage("userfile://defaultdb.public.userfiles_root/a", env)
    assert caught.value.message == (
        "user maxroach does not have SELECT privilege on relation userfiles_root_upload_files"
    )
    root = StorageEnv(tmp_path, userfile_dir=tmp_path)
    assert open_storage(own, root).read("x") == b"1"
    with pytest.raises(ObjectNotFoundError):
        open_storage("userfile:///a", root).read("x")


def test_userfiles_in_other_tables_belong_to_who_named_them_first(tmp_path: Path) -> None:
    root = StorageEnv(tmp_path, userfile_dir=tmp_path / "userfile")
    maxroach, petee = (replace(root, user=name, is_admin=False) for name in ("maxroach", "petee"))
    uri = "userfile://d.public.files/a"
    open_storage(uri, maxroach).write("x", b"1")
    for env in (root, maxroach):
        assert open_storage(uri, env).read("x") == b"1"
    for taken in (uri, "userfile://d.public.files/", "userfile://d.public.files/a/x"):
        with pytest.raises(AccessDeniedError) as caught:
            open_storage(taken, petee)
        assert caught.value.message == (
            "user petee does not have SELECT privilege on relation files_upload_files"
        )
        assert caught.value.sqlstate == "42501"
    open_storage("userfile://d.public.of_root/a", root).write("x", b"1")
    with pytest.raises(AccessDeniedError, match="of_root_upload_files"):
        open_storage("userfile://d.public.of_root/a", petee)
    open_storage("userfile://d.public.files2/a", petee).write("x", b"2")
    assert {path.name for path in (tmp_path / "userfile").iterdir()} == {
        "d.public.files", "d.public.files2", "d.public.of_root"
    }  # fmt: skip


def test_external_connection_is_followed(tmp_path: Path) -> None:
    connections = {"backups": "nodelocal://1/place", "loop": "external://loop"}
    env = StorageEnv(tmp_path, resolve_external=connections.__getitem__)
    open_storage("external://backups/daily", env).write("x", b"1")
    assert (tmp_path / "place" / "daily" / "x").exists()
    with pytest.raises(InvalidOptionError, match="another external connection"):
        open_storage("external://loop", env)


def test_known_but_not_done_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError) as caught:
        open_storage("workload:///csv/bank", sandbox(tmp_path))
    assert caught.value.sqlstate == "0A000"
    assert caught.value.hint


def test_unknown_parameters_are_ignored(tmp_path: Path) -> None:
    # conformance/*/scenarios/09_jobs_schedules.json: nodelocal with an AWS parameter
    open_storage("nodelocal://1/b?AWS_SECRET_ACCESS_KEY=topsecret", sandbox(tmp_path)).write("x", b"")
    open_storage(f"s3://b/p?{KEYS}&FOO=bar", sandbox(tmp_path)).write("x", b"")


@pytest.mark.parametrize(
    ("uri", "provider"),
    [
        (f"s3://b/p?{KEYS}", "S3"),
        ("gs://b/p?AUTH=implicit", "GS"),
        ("azure://c/p?AUTH=implicit", "azure"),
        ("nodelocal://1/p?COCKROACH_LOCALITY=default", "nodelocal"),
        ("userfile:///p?COCKROACH_LOCALITY=default", "userfile"),
    ],
)
def test_unknown_parameters_are_refused_where_the_version_does(
    tmp_path: Path, uri: str, provider: str
) -> None:
    strict = replace(sandbox(tmp_path), profile=replace(NEW, refuses_unknown_params=True))
    with pytest.raises(InvalidOptionError) as caught:
        open_storage(f"{uri}&FOO=topsecret&BAR=x", strict)
    assert caught.value.message == f"unknown {provider} query parameters: BAR, FOO"


@pytest.mark.parametrize(
    "uri", ["nodelocal://1/p", "s3://b/p", "http://h/p", "external://name", "null:///", "azure://c"]
)
def test_nothing_but_userfile_while_external_io_is_disabled(tmp_path: Path, uri: str) -> None:
    env = replace(sandbox(tmp_path), allow_outbound=False)
    with pytest.raises(AccessDeniedError) as caught:
        open_storage(uri, env)
    assert caught.value.message == "external network access is disabled"
    open_storage("userfile:///p", env).write("x", b"1")


@pytest.mark.parametrize(
    "uri", ["file:///etc/passwd", "file://etc/passwd", "/etc/passwd", "nodelocal:/etc", "C:/x"]
)
def test_paths_of_the_machine_are_no_places(tmp_path: Path, uri: str) -> None:
    with pytest.raises(OothecaError) as caught:
        open_storage(uri, sandbox(tmp_path))
    assert "unsupported storage scheme" in caught.value.message or "node ID" in caught.value.message


def test_nothing_stays_in_null(tmp_path: Path) -> None:
    storage = open_storage("null:///x", StorageEnv(tmp_path)).at("y")
    storage.write("a", b"1", overwrite=False)
    with storage.writer("b") as writer:
        writer.write(b"2")
    storage.delete("a")
    assert list(storage.list()) == []
    assert not storage.exists("a")
    for attempt in (storage.read, storage.size, lambda name: storage.read_range(name, 0, 1)):
        with pytest.raises(ObjectNotFoundError, match="null:///x/y/a"):
            attempt("a")


def test_outside_the_sandbox_newer_gs_needs_credentials(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match="CREDENTIALS must be set"):
        open_storage("gs://b/p", StorageEnv(tmp_path, profile=NEW))


def test_profile_of_a_version() -> None:
    assert storage_profile("20.2") is storage_profile("20.2-2") is OLD
    assert storage_profile("21.2") is storage_profile("22.1") is NEW
    assert storage_profile("21.1") is OLD


@pytest.mark.parametrize(
    "uri",
    [
        "gs://b/p?CREDENTIALS=dG9wc2VjcmV0",
        "gs://b/p?CREDENTIALS=topsecret",
        "azure://c/p?AZURE_ACCOUNT_NAME=a&AZURE_ACCOUNT_KEY=topsecret",
        "s3:///p?AWS_ACCESS_KEY_ID=x&AWS_SECRET_ACCESS_KEY=topsecret",
        "nodelocal://foo/p?AWS_SECRET_ACCESS_KEY=topsecret",
        "nodelocal:///p?AWS_SECRET_ACCESS_KEY=topsecret",
        "http://user:topsecret@host/p?x=y",
        "http://user:topsecret@/p",
    ],
)
def test_no_secret_in_what_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(OothecaError) as caught:
        open_storage(uri, StorageEnv(tmp_path, node_ids=frozenset()))
    exc: BaseException | None = caught.value
    while exc is not None:
        assert "topsecret" not in f"{exc} {exc!r} {getattr(exc, 'location', '')} {getattr(exc, 'hint', '')}"
        exc = exc.__cause__
