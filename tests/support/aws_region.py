"""One AWS region's front door: passes requests on to a local AWS, or fails as a test says; it can be stopped.

Multi-region keys (`mrk-…`) are served here, for moto cuts their longer ids.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["Region", "region"]


class Region:
    """A running front door.

    Attributes:
        endpoint: `http://127.0.0.1:<port>`.
        failure: status and error code of every answer from now on; None passes requests on.
        delay_s: how long each answer takes.
        headers: of every request, in order.
        replicas: ARNs of multi-region keys that this region has → their key material.
    """

    def __init__(self, upstream: str) -> None:
        self.replicas: dict[str, bytes] = {}
        self.failure: tuple[int, str] | None = None
        self.delay_s = 0.0
        self.headers: list[dict[str, str]] = []
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status, body = front.answer(upstream, self)
                self.send_response(status)
                self.send_header("content-type", "application/x-amz-json-1.1")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, upstream: str, request: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        """Return the status and the body of one answer."""
        sent = request.rfile.read(int(request.headers["content-length"] or 0))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        time.sleep(self.delay_s)
        if self.failure is not None:
            status, code = self.failure
            return status, json.dumps({"__type": code, "message": f"{code}, as the test asked"}).encode()
        if b"mrk-" in sent:
            return self._multi_region(json.loads(sent), request.headers["x-amz-target"])
        kept = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        passed_on = urllib.request.Request(upstream + request.path, data=sent, headers=kept, method="POST")
        try:
            with urllib.request.urlopen(passed_on) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code, exc.read()

    def _multi_region(self, asked: dict[str, str], operation: str) -> tuple[int, bytes]:
        material = self.replicas.get(asked["KeyId"])
        if material is None:
            return 400, json.dumps({"__type": "NotFoundException", "message": "no such key here"}).encode()
        if operation.endswith("Encrypt"):
            nonce = secrets.token_bytes(12)
            blob = nonce + AESGCM(material).encrypt(nonce, base64.b64decode(asked["Plaintext"]), None)
            return 200, json.dumps({"CiphertextBlob": base64.b64encode(blob).decode()}).encode()
        blob = base64.b64decode(asked["CiphertextBlob"])
        plain = AESGCM(material).decrypt(blob[:12], blob[12:], None)
        return 200, json.dumps({"Plaintext": base64.b64encode(plain).decode()}).encode()

    def stop(self) -> None:
        """End it: connections are refused from now on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def region(upstream: str) -> Iterator[Region]:
    """Open a region's front door until the context ends."""
    front = Region(upstream)
    try:
        yield front
    finally:
        front.stop()
