"""Google Cloud KMS and Azure Key Vault on the loopback: an HTTPS proxy that is every host behind it.

The clouds' own clients speak to it under the real host names: they are told of the proxy and of its certificate by
`HTTPS_PROXY` and `REQUESTS_CA_BUNDLE`. Keys are real AES and RSA keys, tokens and signatures are checked.
"""

from __future__ import annotations

import base64
import datetime
import json
import os
import re
import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import google_crc32c
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

__all__ = ["CLIENT_SECRET", "Clouds", "local_clouds"]

ACCOUNT = "backup@project.iam.gserviceaccount.com"
CLIENT_ID, CLIENT_SECRET, TENANT = "client", "azure-s3cr3t", "11111111-2222-4333-8444-555555555555"
HOSTS = (
    "cloudkms.googleapis.com", "iamcredentials.googleapis.com", "oauth2.googleapis.com", "*.vault.azure.net",
    "login.microsoftonline.com",
)  # fmt: skip
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)

Answer = tuple[int, dict[str, Any]]


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for."""

    method: str
    host: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body or b"{}")
        return found


@dataclass
class Clouds:
    """Keys, accounts and faults of both clouds.

    Attributes:
        requests: everything that was asked, in order.
        faults: host and path pattern → the status to answer with; 0 hangs up. `request` and `answer` say what was
            damaged on its way.
        tokens, role_tokens: that are good; and of which account they are, where it was assumed.
    """

    address: str = ""
    account_key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    google_keys: dict[str, bytes] = field(default_factory=dict)
    signing_keys: set[str] = field(default_factory=set)
    azure_keys: dict[tuple[str, str, str], rsa.RSAPrivateKey] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    role_tokens: dict[str, str] = field(default_factory=dict)
    may_read_public_keys: bool = True
    requests: list[Request] = field(default_factory=list)
    faults: dict[str, int | str] = field(default_factory=dict)

    # What tests arrange

    def google_uri(
        self, key: str, *, location: str = "europe-west1", scheme: str = "gs", **params: str
    ) -> str:
        """A URI for a symmetric key, which is made; keyword arguments add or replace parameters."""
        name = f"projects/p/locations/{location}/keyRings/r/cryptoKeys/{key}"
        self.google_keys.setdefault(name, secrets.token_bytes(32))
        defaults = {"CREDENTIALS": base64.b64encode(self.account_json().encode()).decode()}
        return f"{scheme}:///{name}?{urlencode({**defaults, **params})}"

    def account_json(self) -> str:
        """The service account's key, as Google hands it out."""
        pem = self.account_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return json.dumps(
            {
                "type": "service_account", "project_id": "p", "private_key_id": "1", "private_key": pem.decode(),
                "client_email": ACCOUNT, "client_id": "1", "token_uri": "https://oauth2.googleapis.com/token",
            }
        )  # fmt: skip

    def azure_uri(self, key: str, *, version: str = "7", vault: str = "v", **params: str) -> str:
        """A URI for an RSA key, which is made; keyword arguments add or replace parameters."""
        place = (vault, key, version)
        if place not in self.azure_keys:
            self.azure_keys[place] = rsa.generate_private_key(65537, 2048)
        defaults = {
            "AZURE_VAULT_NAME": vault, "AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_CLIENT_SECRET": CLIENT_SECRET,
        }  # fmt: skip
        return f"azure-kms:///{key}/{version}?{urlencode({**defaults, **params}, quote_via=quote)}"

    @contextmanager
    def fault(self, pattern: str, status: int | str) -> Iterator[None]:
        """Let what matches `host/path` fail in one way while the context lasts."""
        self.faults[pattern] = status
        try:
            yield
        finally:
            del self.faults[pattern]

    # What clients are answered

    def answer(self, request: Request) -> Answer:
        """Return status and body; status 0 hangs up."""
        self.requests.append(request)
        found = [
            way for pattern, way in self.faults.items() if re.search(pattern, request.host + request.path)
        ]
        if found and isinstance(found[0], int):
            words = {"code": found[0], "message": "as the test asked", "status": "UNAVAILABLE"}
            return found[0], {"error": words}
        if not request.host.endswith("googleapis.com"):
            return self._azure(request)
        status, body = self._google(request)
        if found == ["request"]:
            body["verifiedPlaintextCrc32c"] = False
        if found == ["answer"]:
            body = {name: "1" if name in ("ciphertextCrc32c", "plaintextCrc32c") else value
                    for name, value in body.items()}  # fmt: skip
        return status, body

    def _google(self, request: Request) -> Answer:
        if request.host == "oauth2.googleapis.com":
            assertion = parse_qs(request.body.decode())["assertion"][0]
            return (200, self._token()) if self._is_signed(assertion) else (400, {"error": "invalid_grant"})
        if request.token not in self.tokens and not self._is_signed(request.token):
            return 401, {
                "error": {
                    "code": 401,
                    "message": "Request had invalid credentials.",
                    "status": "UNAUTHENTICATED",
                }
            }
        if request.host == "iamcredentials.googleapis.com":
            if not request.path.endswith(":generateAccessToken"):
                return 404, {}
            later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
            made = self._token()["access_token"]
            self.role_tokens[made] = request.path.rpartition("/")[2].partition(":")[0]
            return 200, {"accessToken": made, "expireTime": later.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return self._google_kms(request)

    def _google_kms(self, request: Request) -> Answer:
        name, _, operation = request.path.partition("?")[0].removeprefix("/v1/").rpartition(":")
        key = self.google_keys.get(name)
        if key is None:
            return 404, {
                "error": {"code": 404, "message": f"CryptoKey {name} not found.", "status": "NOT_FOUND"}
            }
        if name in self.signing_keys:
            words = f"Resource {name} has value ASYMMETRIC_SIGN in field crypto_key.purpose."
            return 400, {"error": {"code": 400, "message": words, "status": "FAILED_PRECONDITION"}}
        body = request.json()
        field_name = "plaintext" if operation == "encrypt" else "ciphertext"
        given = base64.b64decode(body.get(field_name, ""))
        if int(body[f"{field_name}Crc32c"]) != google_crc32c.value(given):
            return 400, {
                "error": {"code": 400, "message": "Checksum mismatch.", "status": "INVALID_ARGUMENT"}
            }
        if operation == "encrypt":
            nonce = secrets.token_bytes(12)
            made = nonce + AESGCM(key).encrypt(nonce, given, name.encode())
            return 200, {
                "name": f"{name}/cryptoKeyVersions/1", "ciphertext": base64.b64encode(made).decode(),
                "ciphertextCrc32c": str(google_crc32c.value(made)), "verifiedPlaintextCrc32c": True,
            }  # fmt: skip
        try:
            plain = AESGCM(key).decrypt(given[:12], given[12:], name.encode())
        except (InvalidTag, ValueError):
            words = "Decryption failed: the ciphertext is invalid."
            return 400, {"error": {"code": 400, "message": words, "status": "INVALID_ARGUMENT"}}
        return 200, {
            "plaintext": base64.b64encode(plain).decode(), "plaintextCrc32c": str(google_crc32c.value(plain)),
        }  # fmt: skip

    def _is_signed(self, token: str) -> bool:
        head, _, signature = token.rpartition(".")
        try:
            self.account_key.public_key().verify(
                _unbase64url(signature), head.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except (InvalidSignature, ValueError):
            return False
        claims = json.loads(_unbase64url(head.partition(".")[2]))
        return claims["iss"] == ACCOUNT and claims["exp"] > time.time()

    def _token(self) -> dict[str, Any]:
        made = f"token-{secrets.token_hex(8)}"
        self.tokens.add(made)
        return {"access_token": made, "expires_in": 3599, "token_type": "Bearer"}

    def _azure(self, request: Request) -> Answer:
        login = "https://login.microsoftonline.com"
        if request.host == "login.microsoftonline.com":
            if "/discovery/instance" in request.path:
                names = {
                    "preferred_network": request.host,
                    "preferred_cache": request.host,
                    "aliases": [request.host],
                }
                return 200, {"tenant_discovery_endpoint": f"{login}/{TENANT}", "metadata": [names]}
            if request.path.endswith("openid-configuration"):
                base = f"{login}/{TENANT}"
                return 200, {
                    "issuer": f"{base}/v2.0", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                }  # fmt: skip
            given = parse_qs(request.body.decode())
            if given.get("client_id") != [CLIENT_ID] or given.get("client_secret") != [CLIENT_SECRET]:
                words = "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"
                return 401, {"error": "invalid_client", "error_description": words}
            return 200, self._token()
        if request.token not in self.tokens:
            return 401, {"error": {"code": "Unauthorized", "message": "AKV10000: a token is needed."}}
        return self._vault(request)

    def _vault(self, request: Request) -> Answer:
        vault = request.host.partition(".")[0]
        _, _, name, version, *operation = request.path.partition("?")[0].split("/")
        key = self.azure_keys.get((vault, name, version))
        if key is None:
            return 404, {
                "error": {"code": "KeyNotFound", "message": f"A key with name {name} was not found."}
            }
        kid = f"https://{request.host}/keys/{name}/{version}"
        if not operation:
            if not self.may_read_public_keys:
                return 403, {"error": {"code": "Forbidden", "message": "keys/get is not allowed."}}
            numbers = key.public_key().public_numbers()
            jwk = {
                "kid": kid, "kty": "RSA", "key_ops": ["encrypt", "decrypt"],
                "n": _base64url(numbers.n.to_bytes(256, "big")), "e": _base64url(numbers.e.to_bytes(3, "big")),
            }  # fmt: skip
            return 200, {"key": jwk, "attributes": {"enabled": True}}
        body = request.json()
        if body["alg"] != "RSA-OAEP-256":
            return 400, {"error": {"code": "BadParameter", "message": f"{body['alg']} is not meant here."}}
        given = _unbase64url(body["value"])
        try:
            made = (
                key.public_key().encrypt(given, _OAEP)
                if operation == ["encrypt"]
                else key.decrypt(given, _OAEP)
            )
        except ValueError:
            return 400, {"error": {"code": "BadParameter", "message": "The parameter is incorrect."}}
        return 200, {"kid": kid, "value": _base64url(made)}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    clouds: Clouds
    tls: ssl.SSLContext
    host = ""

    def do_CONNECT(self) -> None:
        self.host = self.path.partition(":")[0]
        self.send_response(200)
        self.end_headers()
        self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the server closes the plain socket, which the TLS one took over

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, answer = self.clouds.answer(Request(self.command, self.host, self.path, headers, body))
        if not status:
            self.close_connection = True
            self.connection.close()
            return
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        if status == 401 and self.host.endswith("vault.azure.net"):
            login = f"https://login.microsoftonline.com/{TENANT}"
            self.send_header(
                "www-authenticate", f'Bearer authorization="{login}", resource="https://vault.azure.net"'
            )
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for every host; return the file that clients trust, and the server's side."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local clouds")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, both = folder / "clouds.pem", folder / "clouds-key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(public.read_bytes() + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return public, context


@contextmanager
def local_clouds(folder: Path) -> Iterator[Clouds]:
    """Start the clouds, and point this process's clients at them."""
    clouds = Clouds()
    public, context = _certificate(folder)
    handler = type("Handler", (_Handler,), {"clouds": clouds, "tls": context})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    clouds.address = f"http://127.0.0.1:{server.server_address[1]}"
    told = {
        "HTTPS_PROXY": clouds.address, "https_proxy": clouds.address, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
        "REQUESTS_CA_BUNDLE": str(public),
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield clouds
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        server.shutdown()
        server.server_close()
        thread.join()
