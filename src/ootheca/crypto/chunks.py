"""The cipher of sealed files: nonces, chunks, and their division among threads.

Layout and Source: see `aead`. Chunks are independent of each other, and OpenSSL works outside Python's
interpreter lock, so several threads seal or open one file together.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ootheca.crypto.data_key import DATA_KEY_SIZE, DataKey
from ootheca.errors import InternalError, UnsupportedError

__all__ = [
    "CHUNK_SIZE",
    "IV_SIZE",
    "SEALED_CHUNK_SIZE",
    "TAG_SIZE",
    "Buffer",
    "ChunkCipher",
    "Key",
    "allocate",
]

# On-disk constants.
IV_SIZE: Final = 12
TAG_SIZE: Final = 16
CHUNK_SIZE: Final = 65536
SEALED_CHUNK_SIZE: Final = CHUNK_SIZE + TAG_SIZE

_COUNTER_MASK: Final = (1 << 64) - 1
_MAX_MESSAGE_SIZE: Final = (1 << 31) - 1  # the cipher library's limit for one call, not the format's
_SMALL_MEMORY: Final = 1 << 20  # up to here Python's own serves as well, and Arrow need not be loaded
_LOST_CHUNKS: Final = 64  # so many chunks may be missing before one that is to be recognised
_CHUNKS_PER_TASK: Final = 8  # at least: with fewer, handing a task over costs more than it saves

Buffer = bytes | bytearray | memoryview
Key = bytes | DataKey
_Result = TypeVar("_Result")


class ChunkCipher:
    """One file's cipher: a key, an IV, and the nonces that follow from it. Safe for several threads."""

    __slots__ = ("_aes", "_counter", "_prefix")

    def __init__(self, key: Key, iv: bytes) -> None:
        secret = bytes(key)
        if len(secret) != DATA_KEY_SIZE:
            raise InternalError(f"a data key has {DATA_KEY_SIZE} bytes, not {len(secret)}")
        self._aes = AESGCM(secret)
        self._prefix = iv[:4]
        self._counter = int.from_bytes(iv[4:], "big")

    def nonce(self, index: int) -> bytes:
        """The nonce of chunk `index`; that of chunk 0 is the IV."""
        return self._prefix + (self._counter + index & _COUNTER_MASK).to_bytes(8, "big")

    def seal_message(self, plain: memoryview, sealed: memoryview) -> None:
        """Seal one message, of any size, into the `len(plain) + 16` bytes of `sealed`."""
        _check_message_size(len(plain))
        self._aes.encrypt_into(self.nonce(0), plain, None, sealed)

    def open_message(self, sealed: memoryview, plain: memoryview) -> bool:
        """Open one message into the `len(sealed) - 16` bytes of `plain`; False when it is not authentic."""
        _check_message_size(len(sealed))
        try:
            self._aes.decrypt_into(self.nonce(0), sealed, None, plain)
        except InvalidTag:
            return False
        return True

    def seal_chunks(
        self,
        plain: memoryview,
        sealed: memoryview,
        *,
        first: int = 0,
        executor: Executor | None = None,
        is_last: bool = True,
    ) -> None:
        """Seal chunks `first`, `first + 1`, … from contiguous plaintext into contiguous stored bytes.

        With `is_last` the final chunk, shorter than 64 KiB and perhaps empty, is among them.
        """

        def work(start: int, stop: int) -> None:
            for i in range(start, stop):
                chunk = plain[i * CHUNK_SIZE : (i + 1) * CHUNK_SIZE]
                self._aes.encrypt_into(
                    self.nonce(first + i),
                    chunk,
                    None,
                    sealed[i * SEALED_CHUNK_SIZE : (i + 1) * SEALED_CHUNK_SIZE],
                )

        _run(len(plain) // CHUNK_SIZE + is_last, work, executor)

    def open_chunks(
        self, sealed: memoryview, plain: memoryview, *, first: int = 0, executor: Executor | None = None
    ) -> int | None:
        """Open chunks `first`, `first + 1`, … and return the first that is not authentic, or None.

        `plain` has room for 16 bytes less for each chunk. Its content means nothing when a chunk fails.
        """

        def work(start: int, stop: int) -> int | None:
            for i in range(start, stop):
                chunk = sealed[i * SEALED_CHUNK_SIZE : (i + 1) * SEALED_CHUNK_SIZE]
                try:
                    self._aes.decrypt_into(
                        self.nonce(first + i), chunk, None, plain[i * CHUNK_SIZE : (i + 1) * CHUNK_SIZE]
                    )
                except InvalidTag:
                    return first + i
            return None

        failures = _run(-(-len(sealed) // SEALED_CHUNK_SIZE), work, executor)
        return min((index for index in failures if index is not None), default=None)

    def opens(self, sealed: memoryview, index: int) -> bool:
        """Tell whether one chunk is authentic at a place of the file."""
        return self.open_chunks(sealed, allocate(max(0, len(sealed) - TAG_SIZE)), first=index) is None

    def find_place(self, sealed: memoryview, num_chunks: int) -> int | None:
        """Return the place at which one chunk is authentic, in a file that has, or had, about so many; or None."""
        plain = allocate(max(0, len(sealed) - TAG_SIZE))
        places = range(num_chunks + _LOST_CHUNKS)
        return next((i for i in places if self.open_chunks(sealed, plain, first=i) is None), None)


def allocate(size: int) -> memoryview:
    """Return writable memory of `size` bytes; much of it from Arrow's pool, which hands out warm pages again."""
    if size <= _SMALL_MEMORY:
        return memoryview(bytearray(size))
    import pyarrow as pa

    return memoryview(pa.allocate_buffer(size)).cast("B")


def _check_message_size(size: int) -> None:
    if size > _MAX_MESSAGE_SIZE:
        raise UnsupportedError("a sealed file of version 1 is one message, and must stay below 2 GiB")


def _run(num_chunks: int, work: Callable[[int, int], _Result], executor: Executor | None) -> list[_Result]:
    """Call `work(start, stop)` over all chunks, on the pool when there is one and it is worth it."""
    if executor is None or num_chunks <= _CHUNKS_PER_TASK:
        return [work(0, num_chunks)]
    # One share for each core, the caller's among them: measured faster than more and smaller ones.
    step = max(_CHUNKS_PER_TASK, -(-num_chunks // (os.cpu_count() or 1)))
    first, *others = [(start, min(start + step, num_chunks)) for start in range(0, num_chunks, step)]
    futures = [executor.submit(work, *chunks) for chunks in others]
    results = [work(*first)]
    for future, chunks in zip(futures, others, strict=True):
        # A task that no thread has taken yet is done here: a pool full of callers cannot wait for itself.
        results.append(work(*chunks) if future.cancel() else future.result())
    return results
