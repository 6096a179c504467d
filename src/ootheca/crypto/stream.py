"""Sealed files piece by piece: `SealedReader` opens any range, `Sealer` seals what arrives.

Layout and Source: see `aead`. Memory follows the range asked for or the bytes given, never the file; only
a file of version 1, one message that is authentic or not as a whole, is held whole while it is read. What comes
piece by piece lies in two buffers that are used in turn: one may be written out while the next is filled.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ootheca.crypto.aead import (
    HEADER_SIZE,
    Header,
    decode_header,
    encode_header,
    not_opened,
    plain_size,
    unseal_view,
)
from ootheca.crypto.chunks import (
    CHUNK_SIZE,
    IV_SIZE,
    SEALED_CHUNK_SIZE,
    TAG_SIZE,
    Buffer,
    ChunkCipher,
    Key,
    allocate,
)
from ootheca.errors import InternalError, TruncatedError

__all__ = ["SealedReader", "Sealer"]

_NOTHING = memoryview(b"")


class _TwoBuffers:
    """Memory for pieces in turn: a piece keeps its bytes while the next is made, and loses them to the one after."""

    __slots__ = ("_buffers",)

    def __init__(self) -> None:
        self._buffers = memoryview(bytearray()), memoryview(bytearray())

    def next(self, size: int) -> memoryview:
        """Return writable memory of `size` bytes, not that of the piece before."""
        last, free = self._buffers
        if len(free) < size:
            free = allocate(size)
        self._buffers = free, last
        return free[:size]


class SealedReader:
    """Random access to the plaintext of a sealed file of either version.

    The first read also opens the last chunk, wherever it asks, so a file that was cut is refused before any
    of it is released. The chunk that a read ended in is kept, for the read that goes on from there.

    Args:
        source: the stored bytes, or a function that returns `length` of them from `offset`.
        stored_size: size of the stored file in bytes; needed with a function.
        location: what errors name.
        executor: a pool of threads that shares the work on long ranges.

    Raises:
        NotEncryptedError, TruncatedError, UnsupportedError: no sealed file has that header or that size.
    """

    def __init__(
        self,
        source: Buffer | Callable[[int, int], Buffer],
        key: Key,
        *,
        location: str,
        stored_size: int | None = None,
        executor: Executor | None = None,
    ) -> None:
        if callable(source):
            if stored_size is None:
                raise InternalError("a sealed file that is read by ranges needs its stored size")
            self._fetch = source
        else:
            view = memoryview(source).cast("B")
            stored_size = len(view)
            self._fetch = lambda offset, length: view[offset : offset + length]
        self._key = key
        self._location = location
        self._executor = executor
        self._stored_size = stored_size
        header = decode_header(self._stored(0, min(HEADER_SIZE, stored_size)), location=location)
        self.version = header.version
        self.size = plain_size(stored_size, version=header.version, location=location)
        self._cipher = ChunkCipher(key, header.iv)
        self._has_opened = False
        self._kept: tuple[int, memoryview] = (-1, _NOTHING)  # one chunk's index and plaintext
        self._whole: memoryview | None = None  # version 1 only

    def __repr__(self) -> str:
        return f"SealedReader({self._location!r}, version={self.version}, size={self.size})"

    def read(self, offset: int, length: int) -> memoryview:
        """Return the plaintext bytes `[offset, offset + length)`, fewer where the file ends.

        Raises:
            WrongKeyError: nothing opens with this key.
            DamagedCiphertextError: a chunk of the range is damaged, others open.
            TruncatedError: the source returned less than its size promises.
        """
        if offset < 0 or length < 0:
            raise InternalError(f"no range of a file: offset {offset}, length {length}")
        end = min(offset + length, self.size)
        if self.version == 1:
            return self._read_whole()[offset:end]
        first, last = offset // CHUNK_SIZE, (end - 1) // CHUNK_SIZE
        if not self._has_opened and last < self.size // CHUNK_SIZE:
            self._open_last()
        if end <= offset:
            return _NOTHING
        plain = self._chunks(first, last)
        start = first * CHUNK_SIZE
        return plain[offset - start : end - start]

    def read_all(self) -> memoryview:
        """Return the whole plaintext."""
        return self.read(0, self.size)

    def pieces(self, num_chunks: int = 64) -> Iterator[memoryview]:
        """Yield the whole plaintext in pieces of so many chunks.

        A piece's bytes are good until the one after the next is asked for. Nothing of a chunk is released
        before its tag was checked, and nothing at all of a file whose end is missing.

        Raises: as for `read`.
        """
        if self.version == 1:
            yield self._read_whole()
            return
        last = self.size // CHUNK_SIZE
        if not self._has_opened and last >= num_chunks:
            self._open_last()
        buffers = _TwoBuffers()
        for first in range(0, last + 1, num_chunks):
            yield self._open(first, min(first + num_chunks - 1, last), head=_NOTHING, memory=buffers.next)

    def _read_whole(self) -> memoryview:
        if self._whole is None:
            stored = self._stored(0, self._stored_size)
            self._whole = unseal_view(stored, self._key, location=self._location, executor=self._executor)
        return self._whole

    def _open_last(self) -> None:
        last = self.size // CHUNK_SIZE
        self._kept = (last, self._open(last, last, head=_NOTHING))

    def _chunks(self, first: int, last: int) -> memoryview:
        """The plaintext of the chunks `[first, last]`; a first one that was kept is not opened again."""
        kept_index, kept = self._kept
        if kept_index != first:
            plain = self._open(first, last, head=_NOTHING)
        elif first < last:
            plain = self._open(first + 1, last, head=kept)
        else:
            return kept
        end = plain[(last - first) * CHUNK_SIZE :]
        # A copy of the one chunk, lest it keep the memory of the whole range.
        self._kept = (last, memoryview(bytes(end)) if last > first else end)
        return plain

    def _open(
        self,
        first: int,
        last: int,
        *,
        head: memoryview,
        memory: Callable[[int], memoryview] = allocate,
    ) -> memoryview:
        """Open the chunks `[first, last]` and return their plaintext after `head`, in memory of that kind."""
        start = HEADER_SIZE + first * SEALED_CHUNK_SIZE
        end = min(HEADER_SIZE + (last + 1) * SEALED_CHUNK_SIZE, self._stored_size)
        sealed = self._stored(start, end - start)
        plain = memory(len(head) + end - start - (last - first + 1) * TAG_SIZE)
        plain[: len(head)] = head
        failed = self._cipher.open_chunks(sealed, plain[len(head) :], first=first, executor=self._executor)
        if failed is not None:
            chunk = sealed[(failed - first) * SEALED_CHUNK_SIZE :][:SEALED_CHUNK_SIZE]
            raise not_opened(
                failed,
                location=self._location,
                is_key_right=self._has_opened or failed > first or (failed > 0 and self._opens_start()),
                sealed_as=self._cipher.find_place(chunk, self.size // CHUNK_SIZE + 1),
            )
        self._has_opened = True
        return plain.toreadonly()

    def _opens_start(self) -> bool:
        """Whether the key opens chunk 0, asked when a later one fails before any has opened."""
        return self._cipher.opens(self._stored(HEADER_SIZE, SEALED_CHUNK_SIZE), 0)

    def _stored(self, offset: int, length: int) -> memoryview:
        fetched = memoryview(self._fetch(offset, length)).cast("B")
        if len(fetched) != length:
            raise TruncatedError(
                f"unexpected EOF: expected {length} bytes, got {len(fetched)}",
                location=f"{self._location}@{offset + len(fetched)}",
            )
        return fetched


class Sealer:
    """Seals a file as its plaintext arrives; what it returns, in order, is the stored file.

    The bytes that a call returns are good until the call after the next.

    Args:
        version: 1 or 2.
        iv: 12 bytes, never twice with one key; drawn from `random` when omitted.
        executor: a pool of threads that shares the work on long updates (version 2).
    """

    def __init__(
        self,
        key: Key,
        *,
        version: int,
        iv: bytes | None = None,
        random: Callable[[int], bytes] = os.urandom,
        executor: Executor | None = None,
    ) -> None:
        iv = random(IV_SIZE) if iv is None else iv
        self._prefix = encode_header(Header(version, iv))  # what the next output begins with
        self._executor = executor
        self._is_finished = False
        self._message = (
            Cipher(algorithms.AES(bytes(key)), modes.GCM(iv)).encryptor() if version == 1 else None
        )
        self._cipher = ChunkCipher(key, iv)
        self._num_sealed = 0  # chunks
        self._pending = bytearray()  # plaintext of the chunk that is not full yet
        self._buffers = _TwoBuffers()

    def update(self, plaintext: Buffer) -> memoryview:
        """Take more plaintext; return the stored bytes that are ready, perhaps none."""
        if self._is_finished:
            raise InternalError("the sealed file is finished")
        plain = memoryview(plaintext).cast("B")
        return self._update_chunks(plain) if self._message is None else self._update_message(plain)

    def finish(self) -> memoryview:
        """Return the last stored bytes: the last chunk, or the tag."""
        if self._is_finished:
            raise InternalError("the sealed file is finished")
        if self._message is None:
            sealed, body = self._output(len(self._pending) + TAG_SIZE)
            self._cipher.seal_chunks(memoryview(self._pending), body, first=self._num_sealed)
        else:
            self._message.finalize()
            sealed, body = self._output(TAG_SIZE)
            body[:] = self._message.tag
        self._is_finished = True
        return sealed.toreadonly()

    def _update_message(self, plain: memoryview) -> memoryview:
        assert self._message is not None
        sealed, body = self._output(len(plain))
        self._message.update_into(plain, body)
        return sealed.toreadonly()

    def _update_chunks(self, plain: memoryview) -> memoryview:
        num_full = (len(self._pending) + len(plain)) // CHUNK_SIZE
        if num_full == 0:
            self._pending += plain
            return _NOTHING
        sealed, body = self._output(num_full * SEALED_CHUNK_SIZE)
        if self._pending:
            missing = CHUNK_SIZE - len(self._pending)
            self._pending += plain[:missing]
            plain = plain[missing:]
            self._seal_full(memoryview(self._pending), body[:SEALED_CHUNK_SIZE])
            body = body[SEALED_CHUNK_SIZE:]
        rest = len(plain) % CHUNK_SIZE
        full, tail = plain[: len(plain) - rest], plain[len(plain) - rest :]
        self._seal_full(full, body)
        self._pending = bytearray(tail)
        return sealed.toreadonly()

    def _seal_full(self, full: memoryview, sealed: memoryview) -> None:
        self._cipher.seal_chunks(full, sealed, first=self._num_sealed, executor=self._executor, is_last=False)
        self._num_sealed += len(full) // CHUNK_SIZE

    def _output(self, size: int) -> tuple[memoryview, memoryview]:
        """Memory for the next output, and the part of it after the header, if that is still to come."""
        prefix, self._prefix = self._prefix, b""
        sealed = self._buffers.next(len(prefix) + size)
        sealed[: len(prefix)] = prefix
        return sealed, sealed[len(prefix) :]
