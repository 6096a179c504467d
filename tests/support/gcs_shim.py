"""What fake-gcs-server lacks of Google's XML interface, put in front of it.

The emulator knows a PUT with a signature in its query alone, conditions there alone, checks them without a lock, sends
no ETag after a PUT, and has no uploads in parts. So PUT requests are marked and go one at a time, their condition moves
into the query, and parts are gathered here until the upload is completed. Everything else goes through untouched.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

__all__ = ["gcs_shim"]

_NOT_FORWARDED = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


@contextmanager
def gcs_shim(upstream_port: int) -> Iterator[int]:
    """Serve the emulator at another port, which is returned, until the context ends."""
    uploads: dict[str, dict[int, bytes]] = {}
    one_write = threading.Lock()  # the emulator checks a condition some time before it writes

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            path, _, query = self.path.partition("?")
            asked = parse_qs(query, keep_blank_values=True)
            if "uploads" in asked:
                upload = f"upload-{len(uploads)}"
                uploads[upload] = {}
                self.answer_xml(f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId>")
            elif "uploadId" not in asked:
                self.forward(self.command, path, query, body)
            elif self.command == "PUT":
                uploads[asked["uploadId"][0]][int(asked["partNumber"][0])] = body
                self.answer(200, {"ETag": f'"{asked["partNumber"][0]}"'}, b"")
            elif self.command == "POST":
                parts = uploads.pop(asked["uploadId"][0])
                numbers = [int(n) for n in re.findall(rb"<PartNumber>(\d+)<", body)]
                self.forward("PUT", path, "", b"".join(parts[n] for n in numbers), completes=True)
            else:
                uploads.pop(asked["uploadId"][0], None)
                self.answer(204, {}, b"")

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

        def forward(
            self, method: str, path: str, query: str, body: bytes, *, completes: bool = False
        ) -> None:
            if method == "PUT":
                query = "X-Goog-Algorithm=none"
                if condition := self.headers.get("x-goog-if-generation-match"):
                    query += f"&ifGenerationMatch={condition}"
            sent = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_FORWARDED}
            connection = HTTPConnection("127.0.0.1", upstream_port)
            with one_write if method == "PUT" else nullcontext():
                connection.request(method, f"{path}?{query}" if query else path, body, sent)
                response = connection.getresponse()
                content = response.read()
            headers = {
                name: value for name, value in response.getheaders() if name.lower() not in _NOT_FORWARDED
            }
            length = response.getheader("content-length") if method == "HEAD" else None
            connection.close()
            headers.setdefault("ETag", '"1"')
            headers.setdefault("x-goog-generation", "1")
            if completes and response.status == 200:
                self.answer_xml('<CompleteMultipartUploadResult><ETag>"1"</ETag>')
            else:
                self.answer(response.status, headers, content, length)

        def answer_xml(self, opened: str) -> None:
            root = opened[1 : opened.index(">")]
            self.answer(200, {"content-type": "application/xml"}, f"{opened}</{root}>".encode())

        def answer(
            self, status: int, headers: dict[str, str], body: bytes, length: str | None = None
        ) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", length or str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()
