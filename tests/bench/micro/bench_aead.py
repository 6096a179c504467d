"""Sealing and opening files beside `openssl speed -evp aes-256-gcm -bytes 65536` of the same run.

`python -m tests.bench.micro.bench_aead` prints one line a measurement: MiB/s and the ratio to OpenSSL's
command with as many processes as threads here. That command encrypts one buffer that stays in the processor's
cache; what is measured here reads and writes whole files in memory.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ootheca.crypto import SealedReader, Sealer, seal, seal_view, unseal, unseal_view
from ootheca.crypto.chunks import CHUNK_SIZE
from ootheca.crypto.kdf import derive_data_key

__all__ = ["run"]

MIB = 1 << 20
FILE_SIZES = (1, 16, 64)  # MiB
_SECONDS = 1.0


def openssl_rate(num_processes: int) -> float | None:
    """MiB/s of OpenSSL's own benchmark, or None where there is no `openssl` command."""
    command = shutil.which("openssl")
    if command is None:
        return None
    arguments = ["speed", "-seconds", "2", "-evp", "aes-256-gcm", "-bytes", "65536"]
    if num_processes > 1:
        arguments[1:1] = ["-multi", str(num_processes)]
    finished = subprocess.run([command, *arguments], capture_output=True, text=True, check=True)
    rate = re.search(r"(?mi)^aes-256-gcm\s+([\d.]+)k", finished.stdout)
    return float(rate[1]) * 1000 / MIB if rate else None


def rate(work: Callable[[], object], size: int) -> float:
    """MiB/s of the fastest of the calls that fit into a second."""
    best = float("inf")
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return size / MIB / best


def seal_in_pieces(plaintext: memoryview, key: bytes, pool: ThreadPoolExecutor | None) -> None:
    """Seal 4 MiB at a time, as a writer does that streams to storage."""
    sealer = Sealer(key, version=2, executor=pool)
    for offset in range(0, len(plaintext), 4 * MIB):
        sealer.update(plaintext[offset : offset + 4 * MIB])
    sealer.finish()


def open_in_pieces(stored: bytes, key: bytes, pool: ThreadPoolExecutor | None) -> None:
    """Open 4 MiB at a time, as a reader does that streams from storage."""
    for _ in SealedReader(stored, key, location="bench", executor=pool).pieces(4 * MIB // CHUNK_SIZE):
        pass


def open_ranges(stored: bytes, key: bytes, offsets: Sequence[int]) -> None:
    """Read a block of 4 KiB here and there, as a reader of tables does that looks for one key."""
    reader = SealedReader(stored, key, location="bench")
    for offset in offsets:
        reader.read(offset, 4096)


def measure(num_threads: int) -> None:
    """Print every measurement with one number of threads."""
    floor = openssl_rate(num_threads)
    print(f"{'openssl speed':28} {num_threads} process(es) {floor or 0:9.0f} MiB/s")
    key = os.urandom(32)
    pool = ThreadPoolExecutor(num_threads) if num_threads > 1 else None
    for size in FILE_SIZES:
        plaintext = memoryview(os.urandom(size * MIB))
        stored = seal(plaintext, key, version=2)
        works: dict[str, Callable[[], object]] = {
            "seal_view": partial(seal_view, plaintext, key, version=2, executor=pool),
            "unseal_view": partial(unseal_view, stored, key, location="bench", executor=pool),
            "seal (bytes)": partial(seal, plaintext, key, version=2, executor=pool),
            "unseal (bytes)": partial(unseal, stored, key, location="bench", executor=pool),
            "Sealer, 4 MiB pieces": partial(seal_in_pieces, plaintext, key, pool),
            "SealedReader, 4 MiB pieces": partial(open_in_pieces, stored, key, pool),
        }
        if num_threads == 1:
            works["seal_view, version 1"] = partial(seal_view, plaintext, key, version=1)
            offsets = random.Random(3).sample(range(0, size * MIB - 4096, 4096), 16)
            spent = 16 * CHUNK_SIZE / MIB / rate(partial(open_ranges, stored, key, offsets), 16 * CHUNK_SIZE)
            print(f"{'16 blocks of 4 KiB':28} {size:3} MiB, 1 thread(s) {spent * 1000:9.1f} ms")
        for name, work in works.items():
            measured = rate(work, size * MIB)
            ratio = f"{measured / floor:5.2f} of openssl" if floor else ""
            print(f"{name:28} {size:3} MiB, {num_threads} thread(s) {measured:9.0f} MiB/s {ratio}")
    if pool is not None:
        pool.shutdown()


def run() -> None:
    """Measure with one thread and with one for each core."""
    start = time.perf_counter()
    derive_data_key("passphrase", bytes(16))
    print(f"one key from a passphrase: {(time.perf_counter() - start) * 1000:.1f} ms")
    for num_threads in sorted({1, os.cpu_count() or 1}):
        measure(num_threads)


if __name__ == "__main__":
    run()
