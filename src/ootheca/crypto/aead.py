"""Sealed files: AES-256-GCM in one message (version 1) or in chunks of 64 KiB (version 2).

Layout:
    offset 0   b"encrypt"        what marks a sealed file
    offset 7   version           1 or 2
    offset 8   IV                12 random bytes for each file
    offset 20  version 1: ciphertext and 16-byte tag, one GCM message with the IV as nonce
               version 2: chunk*; chunk i = ciphertext of 65536 bytes and 16-byte tag, the last one shorter:
               plaintext of a multiple of 65536 bytes (0 included) ends in a chunk that is only a tag.
               nonce of chunk i = IV[0:4] + bigendian64(IV[4:12] + i mod 2^64)
    No associated data: the header is not authenticated.

Source: fixtures/golden/21.2/v_encryption/*.bin (both versions, every chunk edge, with CockroachDB's own
verdict); fixtures/golden/20.2/b_passphrase (version 1 as written by CockroachDB).

Here whole files are sealed and opened; `stream` does it piece by piece.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

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
from ootheca.errors import (
    DamagedCiphertextError,
    InternalError,
    NotEncryptedError,
    TruncatedError,
    UnsupportedError,
    WrongKeyError,
)

__all__ = [
    "HEADER_SIZE",
    "Header",
    "decode_header",
    "encode_header",
    "is_sealed",
    "not_opened",
    "plain_size",
    "seal",
    "seal_view",
    "sealed_size",
    "unseal",
    "unseal_view",
]

MAGIC: Final = b"encrypt"  # on disk
HEADER_SIZE: Final = 20  # on disk
_FAILED: Final = "failed to decrypt — maybe incorrect key: cipher: message authentication failed"


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the ciphertext."""

    version: int
    iv: bytes


def is_sealed(stored: Buffer) -> bool:
    """Whether stored bytes begin as a sealed file does; the first 7 bytes are enough."""
    return bytes(stored[: len(MAGIC)]) == MAGIC


def encode_header(header: Header) -> bytes:
    """Encode the 20 bytes before the ciphertext."""
    if header.version not in (1, 2):
        raise _unknown_version(header.version, None)
    if len(header.iv) != IV_SIZE:
        raise InternalError(f"an IV has {IV_SIZE} bytes, not {len(header.iv)}")
    return MAGIC + bytes((header.version,)) + header.iv


def decode_header(stored: Buffer, *, location: str) -> Header:
    """Decode the header from the first 20 or more stored bytes.

    Raises:
        NotEncryptedError: the bytes do not begin as a sealed file.
        TruncatedError: they end within the header.
        UnsupportedError: a version that nobody has described.
    """
    if not is_sealed(stored):
        raise NotEncryptedError(
            "file does not appear to be encrypted",
            location=location,
            hint="leave encryption_passphrase and kms out to read a plain backup",
        )
    if len(stored) < HEADER_SIZE:
        raise TruncatedError(
            "invalid encryption header: unexpected EOF", location=f"{location}@{len(stored)}"
        )
    version = stored[len(MAGIC)]
    if version not in (1, 2):
        raise _unknown_version(version, location)
    return Header(version, bytes(stored[HEADER_SIZE - IV_SIZE : HEADER_SIZE]))


def sealed_size(plain_size: int, *, version: int) -> int:
    """Stored size in bytes of a plaintext of `plain_size` bytes."""
    num_chunks = 1 if version == 1 else plain_size // CHUNK_SIZE + 1
    return HEADER_SIZE + plain_size + TAG_SIZE * num_chunks


def plain_size(stored_size: int, *, version: int = 2, location: str) -> int:
    """Plaintext size in bytes of a sealed file of `stored_size` bytes, from arithmetic alone.

    Raises:
        TruncatedError: no sealed file has that size.
    """
    body_size = stored_size - HEADER_SIZE
    num_full, rest = divmod(body_size, SEALED_CHUNK_SIZE) if version == 2 else (0, body_size)
    if body_size < 0 or rest < TAG_SIZE:
        raise _truncated(location, stored_size)
    return num_full * CHUNK_SIZE + rest - TAG_SIZE


def seal(
    plaintext: Buffer,
    key: Key,
    *,
    version: int,
    iv: bytes | None = None,
    random: Callable[[int], bytes] = os.urandom,
    executor: Executor | None = None,
) -> bytes:
    """Seal a whole file. `seal_view` is the same without the copy, which is dear for tens of MiB."""
    return seal_view(plaintext, key, version=version, iv=iv, random=random, executor=executor).tobytes()


def seal_view(
    plaintext: Buffer,
    key: Key,
    *,
    version: int,
    iv: bytes | None = None,
    random: Callable[[int], bytes] = os.urandom,
    executor: Executor | None = None,
) -> memoryview:
    """Seal a whole file into fresh memory.

    Args:
        version: 1 or 2.
        iv: 12 bytes, never twice with one key; drawn from `random` when omitted.
        executor: a pool of threads that share the work on version 2; it may be the one that the caller runs
        on.
    """
    plain = _bytes_view(plaintext)
    header = encode_header(Header(version, random(IV_SIZE) if iv is None else iv))
    sealed = allocate(sealed_size(len(plain), version=version))
    sealed[:HEADER_SIZE] = header
    cipher = ChunkCipher(key, header[-IV_SIZE:])
    if version == 1:
        cipher.seal_message(plain, sealed[HEADER_SIZE:])
    else:
        cipher.seal_chunks(plain, sealed[HEADER_SIZE:], executor=executor)
    return sealed.toreadonly()


def unseal(stored: Buffer, key: Key, *, location: str, executor: Executor | None = None) -> bytes:
    """Open a whole sealed file. `unseal_view` is the same without the copy, dear for tens of MiB."""
    return unseal_view(stored, key, location=location, executor=executor).tobytes()


def unseal_view(
    stored: Buffer,
    key: Key,
    *,
    location: str,
    executor: Executor | None = None,
    is_key_proven: bool = False,
) -> memoryview:
    """Open a whole sealed file of either version into fresh memory.

    Nothing is released unless every byte is authentic.

    Args:
        is_key_proven: the key has opened another file of the backup, so that only damage is left as a cause.

    Raises:
        NotEncryptedError, UnsupportedError: see `decode_header`.
        WrongKeyError: no chunk opens.
        DamagedCiphertextError: a chunk does not open, and the key is known to be right.
        TruncatedError: the chunks that are there open, and the last one is missing.
    """
    view = _bytes_view(stored)
    header = decode_header(view, location=location)
    body = view[HEADER_SIZE:]
    cipher = ChunkCipher(key, header.iv)
    if header.version == 1:
        plain = allocate(plain_size(len(view), version=1, location=location))
        if not cipher.open_message(body, plain):
            raise not_opened(0, location=location, is_key_right=is_key_proven)
        return plain.toreadonly()
    num_full, rest = divmod(len(body), SEALED_CHUNK_SIZE)
    if rest < TAG_SIZE:  # Look at the chunks before the cut first: a wrong key is the better answer.
        body = body[: num_full * SEALED_CHUNK_SIZE]
    num_chunks = num_full + (rest >= TAG_SIZE)
    plain = allocate(len(body) - num_chunks * TAG_SIZE)
    failed = cipher.open_chunks(body, plain, executor=executor)
    if failed is not None:
        chunk = body[failed * SEALED_CHUNK_SIZE : (failed + 1) * SEALED_CHUNK_SIZE]
        # Chunks before the one that failed have opened; of those after the first, its neighbour is asked.
        others = body[SEALED_CHUNK_SIZE : 2 * SEALED_CHUNK_SIZE]
        is_key_right = is_key_proven or failed > 0 or (len(others) > TAG_SIZE and cipher.opens(others, 1))
        raise not_opened(
            failed,
            location=location,
            is_key_right=is_key_right,
            sealed_as=cipher.find_place(chunk, num_chunks),
        )
    if rest < TAG_SIZE:
        raise _truncated(location, len(view))
    return plain.toreadonly()


def not_opened(
    index: int, *, location: str, is_key_right: bool, sealed_as: int | None = None
) -> WrongKeyError | DamagedCiphertextError:
    """The error for a chunk that is not authentic; CockroachDB has the same words for every cause.

    Args:
        sealed_as: the place in this file at which the chunk does open; None where there is none.
    """
    location = f"{location}@{HEADER_SIZE + index * SEALED_CHUNK_SIZE}"
    if sealed_as is None and not is_key_right:
        return WrongKeyError(
            _FAILED,
            location=location,
            hint="check the passphrase or KMS URI; damage at the file's start looks the same",
        )
    if sealed_as is None:
        cause = "It was changed, cut short, followed by other bytes, or comes from another file."
    else:
        cause = f"It was sealed as chunk {sealed_as}: chunks were left out, repeated or put in another order."
    return DamagedCiphertextError(
        _FAILED,
        location=location,
        detail=f"The key is right, and chunk {index} of the file is damaged. {cause}",
        hint="fetch the file again, or take it from another copy of the backup",
    )


def _truncated(location: str, stored_size: int) -> TruncatedError:
    return TruncatedError(
        _FAILED,
        location=f"{location}@{stored_size}",
        detail="The file was cut: it ends before its last chunk.",
        hint="fetch the file again, or take it from another copy of the backup",
    )


def _unknown_version(version: int, location: str | None) -> UnsupportedError:
    return UnsupportedError(
        f"unexpected encryption scheme/config version {version}", sqlstate="XXUUU", location=location
    )


def _bytes_view(data: Buffer) -> memoryview:
    return memoryview(data).cast("B")
