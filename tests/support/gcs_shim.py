"""What fake-gcs-server lacks of Google's XML interface, put in front of it.

The emulator takes a PUT for one of this interface by a signature in its query alone, does not check its condition,
sends no ETag after it, and has no uploads in parts. So PUT requests are marked and go one at a time, conditions are
checked here, and parts are gathered here until the upload is completed. Everything else goes through untouched.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

__all__ = ["gcs_shim"]

Answer = tuple[int, dict[str, str], bytes, str | None]

_NOT_FORWARDED = frozenset({"host", "connection", "keep-alive", "transfer-encoding", "content-length"})


@contextmanager
def gcs_shim(upstream_port: int) -> Iterator[int]:
    """Serve the emulator at another port, which is returned, until the context ends."""
    uploads: dict[str, dict[int, bytes]] = {}
    numbers = itertools.count()
    one_write = threading.Lock()

    def ask(method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Ask the emulator; the last part is the length that a HEAD tells."""
        connection = HTTPConnection("127.0.0.1", upstream_port)
        sent = {name: value for name, value in headers.items() if name.lower() not in _NOT_FORWARDED}
        sent["Host"] = (
            f"127.0.0.1:{server.server_port}"  # it serves one host, whatever the client was led through
        )
        connection.request(method, target, body, sent)
        response = connection.getresponse()
        content = response.read()
        found = {name: value for name, value in response.getheaders() if name.lower() not in _NOT_FORWARDED}
        found.setdefault("ETag", '"1"')
        found.setdefault("x-goog-generation", "1")
        length = response.getheader("content-length") if method == "HEAD" else None
        connection.close()
        return response.status, found, content, length

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            path, _, query = self.path.partition("?")
            asked = parse_qs(query, keep_blank_values=True)
            if "uploads" in asked:
                upload = f"upload-{next(numbers)}"
                uploads[upload] = {}
                self.answer_xml(f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId>")
            elif "uploadId" not in asked:
                self.forward(self.command, path, query, body)
            elif asked["uploadId"][0] not in uploads:
                self.answer(404, {}, b"")
            elif self.command == "PUT":
                uploads[asked["uploadId"][0]][int(asked["partNumber"][0])] = body
                self.answer(200, {"ETag": f'"{asked["partNumber"][0]}"'}, b"")
            elif self.command == "POST":
                parts = uploads.pop(asked["uploadId"][0])
                given = [int(n) for n in re.findall(rb"<PartNumber>(\d+)<", body)]
                self.forward("PUT", path, "", b"".join(parts[n] for n in given), completes=True)
            else:
                uploads.pop(asked["uploadId"][0], None)
                self.answer(204, {}, b"")

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

        def forward(
            self, method: str, path: str, query: str, body: bytes, *, completes: bool = False
        ) -> None:
            if method != "PUT":
                self.answer(*ask(method, f"{path}?{query}" if query else path, body, self.headers))
                return
            with one_write:
                is_new_only = self.headers.get("x-goog-if-generation-match") == "0"
                if is_new_only and ask("HEAD", path, b"", {})[0] == 200:
                    self.answer(412, {}, b"")
                    return
                answer = ask(method, f"{path}?X-Goog-Algorithm=none", body, self.headers)
            if completes and answer[0] == 200:
                self.answer_xml('<CompleteMultipartUploadResult><ETag>"1"</ETag>')
            else:
                self.answer(*answer)

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
