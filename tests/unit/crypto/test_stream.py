"""Sealed files piece by piece: any range, any division of the plaintext, and what is fetched for it."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ootheca.crypto import SealedReader, Sealer, seal
from ootheca.errors import (
    DamagedCiphertextError,
    InternalError,
    NotEncryptedError,
    OothecaError,
    TruncatedError,
    WrongKeyError,
)

KEY = bytes(range(32))
IV = bytes.fromhex("00010203fffffffffffffffe")  # the counter wraps at chunk 2
CHUNK = 65536
TEXT = random.Random(7).randbytes(3 * CHUNK + 777)
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, len(TEXT)]


class Fetcher:
    """Stored bytes that remember which ranges were asked for."""

    def __init__(self, stored: bytes) -> None:
        self.stored = stored
        self.ranges: list[tuple[int, int]] = []

    def __call__(self, offset: int, length: int) -> bytes:
        self.ranges.append((offset, length))
        return self.stored[offset : offset + length]


def reader(stored: bytes, key: bytes = KEY) -> tuple[SealedReader, Fetcher]:
    fetcher = Fetcher(stored)
    return SealedReader(fetcher, key, location="f", stored_size=len(stored)), fetcher


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_ranges_of_every_kind(version: int, size: int) -> None:
    text = TEXT[:size]
    sealed, _ = reader(seal(text, KEY, version=version, iv=IV))
    assert sealed.size == size
    assert sealed.version == version
    assert sealed.read_all() == text
    edges = sorted({0, 1, 77, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, size - 1, size, size + 5} - {-1})
    for offset in edges:
        for length in (0, 1, 2, 100, CHUNK - 1, CHUNK, CHUNK + 1, size):
            assert sealed.read(offset, length) == text[offset : offset + length]


def test_reader_of_bytes_in_memory() -> None:
    assert (
        SealedReader(seal(TEXT, KEY, version=2), KEY, location="f").read(CHUNK - 3, 6)
        == TEXT[CHUNK - 3 : CHUNK + 3]
    )


def test_only_the_chunks_of_the_range_and_the_last_are_fetched() -> None:
    sealed, fetcher = reader(seal(TEXT, KEY, version=2))
    sealed.read(CHUNK + 5, 10)
    header, last, second = (0, 20), (20 + 3 * 65552, 777 + 16), (20 + 65552, 65552)
    assert fetcher.ranges == [header, last, second]


def test_reading_on_does_not_fetch_the_same_chunk_twice() -> None:
    sealed, fetcher = reader(seal(TEXT, KEY, version=2))
    parts = [bytes(sealed.read(offset, 20_000)) for offset in range(0, len(TEXT), 20_000)]
    assert b"".join(parts) == TEXT
    starts = [offset for offset, _ in fetcher.ranges]
    assert starts.count(20) == starts.count(20 + 65552) == starts.count(20 + 2 * 65552) == 1


def test_first_read_that_ends_the_file_is_one_fetch() -> None:
    sealed, fetcher = reader(seal(TEXT, KEY, version=2))
    assert sealed.read_all() == TEXT
    assert fetcher.ranges[1:] == [(20, len(fetcher.stored) - 20)]


def test_long_range_is_one_fetch() -> None:
    sealed, fetcher = reader(seal(TEXT, KEY, version=2))
    sealed.read(0, 3 * CHUNK)
    assert fetcher.ranges[2:] == [(20, 3 * 65552)]


def test_threads_read_the_same() -> None:
    text = TEXT * 12
    with ThreadPoolExecutor(2) as pool:
        sealed = SealedReader(seal(text, KEY, version=2), KEY, location="f", executor=pool)
        assert sealed.read(5, len(text) - 10) == text[5:-5]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("num_chunks", [1, 2, 64])
def test_pieces_are_the_whole_file(version: int, size: int, num_chunks: int) -> None:
    text = TEXT[:size]
    sealed, fetcher = reader(seal(text, KEY, version=version, iv=IV))
    pieces = [bytes(piece) for piece in sealed.pieces(num_chunks)]
    assert b"".join(pieces) == text
    assert max(map(len, pieces)) <= (num_chunks * CHUNK if version == 2 else size)
    assert len(fetcher.ranges) <= 2 + len(pieces)  # the header, the end, and each piece


def test_a_piece_keeps_its_bytes_while_the_next_is_made() -> None:
    text = TEXT * 3
    sealed = SealedReader(seal(text, KEY, version=2), KEY, location="f")
    last = None
    addresses = set()
    for number, piece in enumerate(sealed.pieces(2)):
        if last is not None:
            assert last == text[(number - 1) * 2 * CHUNK : number * 2 * CHUNK]
        last = piece
        addresses.add(np.frombuffer(piece, np.uint8).ctypes.data)
    assert len(addresses) == 2
    sealer, parts, addresses = Sealer(KEY, version=2, iv=IV), list[bytes](), set()
    for offset in range(0, len(text), CHUNK):
        part = sealer.update(text[offset : offset + CHUNK])
        parts.append(bytes(part))
        if offset:  # the first one has the header too
            addresses.add(np.frombuffer(part, np.uint8).ctypes.data)
    assert len(addresses) <= 3
    assert b"".join([*parts, bytes(sealer.finish())]) == seal(text, KEY, version=2, iv=IV)


@pytest.mark.parametrize("num_chunks", [1, 2, 64])
def test_pieces_of_a_cut_file_release_nothing_and_of_a_damaged_one_what_is_sound(num_chunks: int) -> None:
    stored = seal(TEXT, KEY, version=2)
    with pytest.raises(TruncatedError):
        next(SealedReader(stored[: 20 + 2 * 65552] + b"x", KEY, location="f").pieces(num_chunks))
    with pytest.raises(DamagedCiphertextError):
        next(SealedReader(stored[: 20 + 2 * 65552 + 40], KEY, location="f").pieces(num_chunks))
    damaged = bytearray(stored)
    damaged[20 + 2 * 65552] ^= 1
    pieces = SealedReader(damaged, KEY, location="f").pieces(num_chunks)
    released = b"".join(bytes(next(pieces)) for _ in range(2 // num_chunks))
    with pytest.raises(DamagedCiphertextError):
        next(pieces)
    assert released == TEXT[: 2 // num_chunks * num_chunks * CHUNK]


@pytest.mark.parametrize("version", [1, 2])
def test_wrong_key_is_noticed_wherever_the_first_read_is(version: int) -> None:
    for offset in (0, CHUNK, len(TEXT) - 1):
        sealed, _ = reader(seal(TEXT, KEY, version=version), key=bytes(32))
        with pytest.raises(WrongKeyError):
            sealed.read(offset, 1)


def test_damage_is_told_from_a_wrong_key_whichever_chunk_comes_first() -> None:
    stored = seal(TEXT, KEY, version=2)
    for chunk in range(4):
        damaged = bytearray(stored)
        damaged[20 + chunk * 65552 + 3] ^= 1
        sealed, _ = reader(bytes(damaged))
        with pytest.raises(DamagedCiphertextError) as caught:
            sealed.read(chunk * CHUNK, 1)
        assert caught.value.location == f"f@{20 + chunk * 65552}"


def test_other_chunks_of_a_damaged_file_still_open() -> None:
    damaged = bytearray(seal(TEXT, KEY, version=2))
    damaged[20 + 65552] ^= 1
    sealed, _ = reader(bytes(damaged))
    assert sealed.read(0, CHUNK) == TEXT[:CHUNK]
    assert sealed.read(2 * CHUNK, CHUNK) == TEXT[2 * CHUNK : 3 * CHUNK]
    with pytest.raises(DamagedCiphertextError):
        sealed.read(CHUNK - 1, 2)


@pytest.mark.parametrize("cut", [1, 16, 777, 793, 794, 65552, 65552 + 793, 65553 + 793])
def test_cut_file_releases_nothing(cut: int) -> None:
    stored = seal(TEXT, KEY, version=2)[:-cut]
    with pytest.raises((TruncatedError, DamagedCiphertextError)):
        SealedReader(stored, KEY, location="f").read(0, 1)


def test_forged_end_is_noticed() -> None:
    # The cut at a chunk's edge, with 16 bytes appended that make the size look right.
    stored = seal(TEXT, KEY, version=2)[: 20 + 2 * 65552] + bytes(16)
    with pytest.raises(DamagedCiphertextError):
        SealedReader(stored, KEY, location="f").read(0, 1)


def test_source_that_returns_too_little() -> None:
    stored = seal(TEXT, KEY, version=2)
    sealed = SealedReader(Fetcher(stored[:-10]), KEY, location="f", stored_size=len(stored))
    with pytest.raises(TruncatedError) as caught:
        sealed.read(0, 1)
    assert caught.value.location == f"f@{len(stored) - 10}"


def test_file_that_is_not_sealed_is_refused_at_once() -> None:
    with pytest.raises(NotEncryptedError):
        SealedReader(b"hello world, plain text of some length", KEY, location="f")
    with pytest.raises(NotEncryptedError):
        SealedReader(b"", KEY, location="f")


def test_function_without_stored_size_is_our_bug() -> None:
    with pytest.raises(InternalError):
        SealedReader(Fetcher(b""), KEY, location="f")


def test_range_before_the_file_is_our_bug() -> None:
    with pytest.raises(InternalError):
        SealedReader(seal(b"x", KEY, version=2), KEY, location="f").read(-1, 1)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 9, 10**6])
def test_sealer_makes_the_bytes_of_seal(version: int, size: int, step: int) -> None:
    text = TEXT[:size] if step > 1 else TEXT[: min(size, 300)]
    sealer = Sealer(KEY, version=version, iv=IV)
    parts = [bytes(sealer.update(text[offset : offset + step])) for offset in range(0, len(text), step)]
    parts.append(bytes(sealer.finish()))
    assert b"".join(parts) == seal(text, KEY, version=version, iv=IV)


def test_sealer_releases_full_chunks_as_they_come() -> None:
    sealer = Sealer(KEY, version=2, iv=IV)
    assert len(sealer.update(TEXT[: CHUNK - 1])) == 0
    assert len(sealer.update(TEXT[:1])) == 20 + 65552
    assert len(sealer.update(TEXT[: 2 * CHUNK + 3])) == 2 * 65552
    assert len(sealer.finish()) == 3 + 16


def test_sealer_with_threads() -> None:
    text = TEXT * 12
    with ThreadPoolExecutor(2) as pool:
        sealer = Sealer(KEY, version=2, iv=IV, executor=pool)
        sealed = (
            bytes(sealer.update(text[:1000])) + bytes(sealer.update(text[1000:])) + bytes(sealer.finish())
        )
    assert sealed == seal(text, KEY, version=2, iv=IV)


@pytest.mark.parametrize("version", [1, 2])
def test_finished_file_takes_no_more(version: int) -> None:
    sealer = Sealer(KEY, version=version)
    sealer.finish()
    with pytest.raises(InternalError):
        sealer.update(b"x")
    with pytest.raises(InternalError):
        sealer.finish()


@pytest.mark.parametrize("version", [1, 2])
def test_flipped_bytes_never_give_wrong_plaintext(version: int) -> None:
    stored = seal(TEXT[: CHUNK + 50], KEY, version=version, iv=IV)
    offsets = [*range(40), *range(20 + 65552 - 20, 20 + 65552 + 20), len(stored) - 1]
    for offset in offsets:
        damaged = bytearray(stored)
        damaged[offset] ^= 0x80
        with pytest.raises(OothecaError):
            SealedReader(damaged, KEY, location="f").read_all()
