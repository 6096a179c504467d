"""A TCP proxy on loopback that fails as networks do: by plan, connection by connection; or is as narrow as they are.

python -m tests.support.proxy ENDPOINT BYTES_PER_SECOND

As a program it only limits the bandwidth, and takes no time of the process that is measured.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

__all__ = ["Bandwidth", "Fault", "FaultProxy", "fault_proxy", "narrow_network"]

Kind = Literal["refuse", "reset", "stall", "busy", "slow"]

_BUSY = b"HTTP/1.1 503 Slow Down\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_PIECE = 16 << 10
_LATENESS_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a connection.

    Attributes:
        kind: refuse: closed at once. reset: cut hard. stall: nothing comes any more, and nothing ends. busy: 503 to
            the first request. slow: every piece of 16 KiB waits a little, to the end.
        after: bytes that go through first, counted in one direction.
        direction: which bytes count and are lost.
    """

    kind: Kind
    after: int = 0
    direction: Literal["up", "down"] = "down"


class Bandwidth:
    """What all connections share of one direction: so many bytes per second, and not many at once after a pause."""

    def __init__(self, bytes_per_second: float) -> None:
        self._bytes_per_second = bytes_per_second
        self._free_at = 0.0
        self._lock = threading.Lock()

    def wait_for(self, size: int) -> None:
        """Return when so many bytes have gone through."""
        with self._lock:
            # Who is woken up late may catch up, or the bandwidth would never be reached.
            start = max(self._free_at, time.monotonic() - _LATENESS_SECONDS)
            self._free_at = start + size / self._bytes_per_second
            wait = self._free_at - time.monotonic()
        time.sleep(max(wait, 0.0))


@dataclass(slots=True)
class FaultProxy:
    """A running proxy.

    Attributes:
        faults: for the connections to come, one each; when they are used up, connections are left alone. None leaves
            one connection alone.
        always: for every connection after those.
        connections: how many came.
        passed_up, passed_down: bytes of all connections since the plan was made.
        up, down: how fast it passes on what clients send and get; None as fast as it can.
    """

    endpoint: str
    faults: list[Fault | None] = field(default_factory=list)
    always: Fault | None = None
    connections: int = 0
    passed_up: int = 0
    passed_down: int = 0
    up: Bandwidth | None = None
    down: Bandwidth | None = None
    _open: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_over: threading.Event = field(default_factory=threading.Event)

    def plan(self, *faults: Fault | None, always: Fault | None = None) -> None:
        """Forget what was; connections that are kept open from before are closed, so that the plan meets all."""
        with self._lock:
            self.faults, self.always, self.connections = list(faults), always, 0
            self.passed_up = self.passed_down = 0
        self.drop()

    def drop(self) -> None:
        """Close every connection."""
        with self._lock:
            connections, self._open = self._open, []
        for each in connections:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def serve(self, client: socket.socket, upstream: tuple[str, int]) -> None:
        """Pass one connection on, until its fault."""
        with self._lock:
            fault = self.faults.pop(0) if self.faults else self.always
            self.connections += 1
        with client, contextlib.suppress(OSError):
            if fault is not None and fault.kind == "refuse":
                return
            if fault is not None and fault.kind == "busy":
                client.recv(1 << 16)
                client.sendall(_BUSY)
                return
            with socket.create_connection(upstream) as server:
                with self._lock:
                    self._open += [client, server]
                down = fault if fault is not None and fault.direction == "down" else None
                up = fault if fault is not None and fault.direction == "up" else None
                answers = (server, client, client, down, self.down)
                thread = threading.Thread(target=self.copy, args=answers, daemon=True)
                thread.start()
                self.copy(client, server, client, up, self.up)
                thread.join()

    def copy(
        self,
        source: socket.socket,
        target: socket.socket,
        client: socket.socket,
        fault: Fault | None,
        bandwidth: Bandwidth | None,
    ) -> None:
        """Copy one direction until it ends or the fault comes."""
        left = fault.after if fault is not None else 0
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                self.count(len(piece), is_up=source is client)
                if fault is not None and fault.kind == "slow":
                    time.sleep(0.001)
                elif fault is not None:
                    target.sendall(piece[:left])
                    left -= len(piece)
                    if left <= 0:
                        self.fail(client, fault)
                        return
                    continue
                if bandwidth is not None:
                    bandwidth.wait_for(len(piece))
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def count(self, size: int, *, is_up: bool) -> None:
        with self._lock:
            self.passed_up += size if is_up else 0
            self.passed_down += 0 if is_up else size

    def fail(self, client: socket.socket, fault: Fault) -> None:
        if fault.kind == "stall":
            self._is_over.wait()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            client.shutdown(
                socket.SHUT_RD
            )  # wakes the other direction's thread, which would hold the connection
            client.close()

    def stop(self) -> None:
        """Let what stalls end."""
        self._is_over.set()
        self.drop()


@contextmanager
def fault_proxy(endpoint: str, *, bytes_per_second: float | None = None) -> Iterator[FaultProxy]:
    """Stand before a server until the context ends; with a bandwidth, each direction has it."""
    upstream = (urlsplit(endpoint).hostname or "", urlsplit(endpoint).port or 80)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = FaultProxy(f"http://127.0.0.1:{listener.getsockname()[1]}")
        if bytes_per_second is not None:
            proxy.up, proxy.down = Bandwidth(bytes_per_second), Bandwidth(bytes_per_second)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=proxy.serve, args=(client, upstream), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield proxy
        proxy.stop()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def narrow_network(endpoint: str, bytes_per_second: float) -> Iterator[str]:
    """Limit the bandwidth before a server until the context ends, in a process of its own; gives the new endpoint."""
    command = [sys.executable, "-m", __name__, endpoint, str(bytes_per_second)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()  # at which it ends


def _main() -> None:
    endpoint, bytes_per_second = sys.argv[1:]
    with fault_proxy(endpoint, bytes_per_second=float(bytes_per_second)) as proxy:
        print(proxy.endpoint, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _main()
