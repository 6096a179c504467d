"""Sealed files as a whole: CockroachDB's own vectors, chunk edges, damage and cuts at every byte."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ootheca.crypto import DataKey, is_sealed, plain_size, seal, seal_view, sealed_size, unseal, unseal_view
from ootheca.errors import (
    DamagedCiphertextError,
    InternalError,
    NotEncryptedError,
    OothecaError,
    TruncatedError,
    UnsupportedError,
    WrongKeyError,
)

VECTORS = Path(__file__).parents[3] / "fixtures/golden/21.2/v_encryption"
ABOUT = json.loads((VECTORS / "vectors.json").read_text("utf-8"))
KEY = bytes.fromhex(ABOUT["key"])
OPENS = "decrypts to the plain text"
FAILED = "failed to decrypt — maybe incorrect key: cipher: message authentication failed"
CASES = ABOUT["cases"]
IV = bytes.fromhex("a0a1a2a3a4a5a6a7a8a9aaab")
SIZES = [0, 1, 15, 16, 65535, 65536, 65537, 131071, 131072, 131073, 196608, 3 * 65536 + 1]

# The type tells what the message does not.
DAMAGE_TYPES = {
    "v2_cut_at_chunk_boundary.bin": TruncatedError,
    "v2_cut_last_empty_chunk.bin": TruncatedError,
    "v2_cut_mid_chunk.bin": DamagedCiphertextError,
    "v2_cut_in_tag.bin": TruncatedError,
    "v2_header_only.bin": TruncatedError,
    "v2_header_short.bin": TruncatedError,
    "v2_preamble_only.bin": TruncatedError,
    "v2_trailing_garbage.bin": DamagedCiphertextError,
    "v2_flipped_byte.bin": DamagedCiphertextError,
    "v2_chunks_swapped.bin": DamagedCiphertextError,
    "v2_short_middle_chunk.bin": WrongKeyError,
    "v0.bin": UnsupportedError,
    "v3.bin": UnsupportedError,
    "not_encrypted.bin": NotEncryptedError,
    "v1_cut.bin": WrongKeyError,
    "v1_header_only.bin": TruncatedError,
    "v2_counter_wraps.bin": WrongKeyError,  # listed twice: opened with the right key and with another
}


def plain(size: int) -> bytes:
    """The plaintext of every vector, as vectors.json says."""
    return bytes((i * 131 + i // 256 * 7) & 255 for i in range(size))


def stored(case: dict[str, Any]) -> bytes:
    return (VECTORS / str(case["file"])).read_bytes()


def case_id(case: dict[str, Any]) -> str:
    return str(case["file"]) + (" wrong key" if case["note"] == "wrong key" else "")


@pytest.mark.parametrize("case", [c for c in CASES if c["outcome"] == OPENS], ids=case_id)
def test_vector_that_opens(case: dict[str, Any]) -> None:
    sealed = stored(case)
    opened = unseal(sealed, KEY, location="v")
    assert hashlib.sha256(opened).hexdigest() == case["plain_sha256"]
    assert opened == plain(case["plain_bytes"])
    assert len(sealed) == sealed_size(len(opened), version=sealed[7]) == case["stored_bytes"]
    assert plain_size(len(sealed), version=sealed[7], location="v") == len(opened)
    assert seal(opened, KEY, version=sealed[7], iv=sealed[8:20]) == sealed


@pytest.mark.parametrize("case", [c for c in CASES if c["outcome"] != OPENS], ids=case_id)
def test_vector_that_is_refused(case: dict[str, Any]) -> None:
    key = bytes(32) if case["note"] == "wrong key" else KEY
    with pytest.raises(DAMAGE_TYPES[case["file"]]) as caught:
        unseal(stored(case), key, location="some/file")
    assert f"error: {caught.value.message}" == case["outcome"]
    assert caught.value.location is not None
    assert caught.value.location.startswith("some/file")


def test_every_vector_file_is_in_the_list() -> None:
    assert {c["file"] for c in CASES} == {path.name for path in VECTORS.glob("*.bin")}


@pytest.mark.parametrize(
    ("version", "text", "sealed"),
    [
        (1, b"hello backup", "d0029b63dcb299037e8fc82ed766b063f7eb4f587c46ddce57e91a08"),
        (2, b"hello backup", "d0029b63dcb299037e8fc82ed766b063f7eb4f587c46ddce57e91a08"),
        (2, b"", "fc07a46e10297728fbd7f62544bcdf43"),
    ],
)
def test_worked_example(version: int, text: bytes, sealed: str) -> None:
    key = DataKey(bytes.fromhex("02c89fd6089725aeb974cab591835948a1fe10fc99650c2cbb03fedc40de370c"))
    expected = b"encrypt" + bytes((version,)) + IV + bytes.fromhex(sealed)
    assert seal(text, key, version=version, iv=IV) == expected


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_sealed_file_opens_again(version: int, size: int) -> None:
    text = plain(size)
    sealed = seal_view(memoryview(text), KEY, version=version)
    assert is_sealed(sealed)
    assert len(sealed) == sealed_size(size, version=version)
    assert unseal_view(sealed, KEY, location="f") == text


@pytest.mark.parametrize("size", [8 * 65536 - 1, 8 * 65536, 40 * 65536 + 5, 100 * 65536])
def test_threads_make_the_same_bytes(size: int) -> None:
    text = plain(65536 + 251) * (size // 65787 + 1)
    text = text[:size]
    with ThreadPoolExecutor(3) as pool:
        sealed = seal(text, KEY, version=2, iv=IV, executor=pool)
        assert sealed == seal(text, KEY, version=2, iv=IV)
        assert unseal(sealed, KEY, location="f", executor=pool) == text
        for chunk in (0, 4, 7):
            damaged = bytearray(sealed)
            damaged[20 + chunk * 65552 + 9] ^= 1
            with pytest.raises(DamagedCiphertextError):
                unseal(damaged, KEY, location="f", executor=pool)


def test_caller_may_run_on_the_pool_it_gives() -> None:
    text = bytes(64 * 65536)
    with ThreadPoolExecutor(1) as pool:
        sealed = pool.submit(seal, text, KEY, version=2, iv=IV, executor=pool).result(timeout=30)
    assert sealed == seal(text, KEY, version=2, iv=IV)


def test_random_iv_differs_from_file_to_file() -> None:
    first, second = (seal(b"same", KEY, version=2) for _ in range(2))
    assert first[8:20] != second[8:20]
    assert first[20:] != second[20:]


def test_injected_randomness_is_the_iv() -> None:
    assert seal(b"x", KEY, version=2, random=lambda size: bytes(range(size)))[8:20] == bytes(range(12))


@pytest.mark.parametrize("version", [1, 2])
def test_flipped_byte_anywhere_is_noticed(version: int) -> None:
    sealed = seal(b"fifty bytes of plaintext, give or take a few bytes", KEY, version=version, iv=IV)
    for offset in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[offset] ^= 0x40
        with pytest.raises(OothecaError) as caught:
            unseal(damaged, KEY, location="f")
        expected = NotEncryptedError if offset < 7 else UnsupportedError if offset == 7 else WrongKeyError
        assert type(caught.value) is expected


def test_version_byte_is_not_authenticated_but_lengths_are() -> None:
    # One chunk of version 2 is the message of version 1; from the first full chunk on they differ.
    small, large = (bytearray(seal(plain(size), KEY, version=2, iv=IV)) for size in (100, 65536))
    small[7] = large[7] = 1
    assert unseal(small, KEY, location="f") == plain(100)
    with pytest.raises(WrongKeyError):
        unseal(large, KEY, location="f")


@pytest.mark.parametrize("version", [1, 2])
def test_cut_at_every_length_is_noticed(version: int) -> None:
    sealed = seal(b"some plaintext", KEY, version=version, iv=IV)
    for length in range(len(sealed)):
        with pytest.raises(OothecaError) as caught:
            unseal(sealed[:length], KEY, location="f")
        expected: type[OothecaError] = WrongKeyError
        if length < 7:
            expected = NotEncryptedError
        elif length < 36:
            expected = TruncatedError
        assert type(caught.value) is expected
        assert caught.value.message == (
            "file does not appear to be encrypted"
            if length < 7
            else "invalid encryption header: unexpected EOF"
            if length < 20
            else FAILED
        )


def test_cut_near_every_chunk_edge_is_noticed() -> None:
    sealed = seal(plain(3 * 65536 + 100), KEY, version=2, iv=IV)
    for edge in (20, 20 + 65552, 20 + 2 * 65552, 20 + 3 * 65552):
        for length in range(edge - 20, edge + 20):
            if length >= 20:
                with pytest.raises((WrongKeyError, DamagedCiphertextError, TruncatedError)) as caught:
                    unseal(sealed[:length], KEY, location="f")
                assert caught.value.message == FAILED


def test_wrong_key_is_told_from_a_cut() -> None:
    sealed = seal(plain(200_000), KEY, version=2)
    cut = sealed[: 20 + 2 * 65552]
    with pytest.raises(TruncatedError):
        unseal(cut, KEY, location="f")
    with pytest.raises(WrongKeyError):
        unseal(cut, bytes(32), location="f")


def test_damaged_chunk_is_located() -> None:
    sealed = bytearray(seal(plain(200_000), KEY, version=2))
    sealed[20 + 2 * 65552 + 5] ^= 1
    with pytest.raises(DamagedCiphertextError) as caught:
        unseal(sealed, KEY, location="data/1.sst")
    assert caught.value.location == f"data/1.sst@{20 + 2 * 65552}"
    assert caught.value.sqlstate == "XX001"
    assert caught.value.message == FAILED


def test_detail_tells_a_chunk_in_another_place_from_one_that_was_changed() -> None:
    sealed = seal(plain(4 * 65536), KEY, version=2)
    head, chunks = sealed[:20], [sealed[20 + i * 65552 : 20 + (i + 1) * 65552] for i in range(5)]
    other = seal(plain(4 * 65536), KEY, version=2)[20 : 20 + 65552]
    cases = [
        ([1, 0, 2, 3, 4], 0, "It was sealed as chunk 1"),
        ([0, 2, 3, 4], 1, "It was sealed as chunk 2"),
        ([0, 1, 1, 2, 3, 4], 2, "It was sealed as chunk 1"),
        ([1, 2, 3, 4], 0, "It was sealed as chunk 1"),
        ([0, 1, 2, 4], 3, "It was sealed as chunk 4"),
        ([0, None, 2, 3, 4], 1, "comes from another file"),
        ([None, 1, 2, 3, 4], 0, "comes from another file"),
    ]
    for order, index, words in cases:
        body = b"".join(other if i is None else chunks[i] for i in order)
        with pytest.raises(DamagedCiphertextError) as caught:
            unseal(head + body, KEY, location="f")
        assert caught.value.detail is not None
        assert caught.value.detail.startswith(f"The key is right, and chunk {index} of the file is damaged.")
        assert words in caught.value.detail
        assert caught.value.location == f"f@{20 + index * 65552}"


@pytest.mark.parametrize("version", [1, 2])
def test_a_key_that_opened_another_file_leaves_damage_as_the_cause(version: int) -> None:
    sealed = seal(plain(100), KEY, version=version)
    for stored in (sealed[:-1], sealed + b"x", sealed[:30] + b"?" + sealed[31:]):
        with pytest.raises(WrongKeyError):
            unseal_view(stored, KEY, location="f")
        with pytest.raises(DamagedCiphertextError, match="failed to decrypt"):
            unseal_view(stored, KEY, location="f", is_key_proven=True)


def test_size_that_no_sealed_file_has() -> None:
    for size in (0, 19, 20, 35, 20 + 65552, 20 + 65552 + 15):
        with pytest.raises(TruncatedError):
            plain_size(size, location="f")


def test_unknown_version_is_not_written() -> None:
    with pytest.raises(UnsupportedError, match="unexpected encryption scheme/config version 3"):
        seal(b"", KEY, version=3)


@pytest.mark.parametrize("key", [b"", bytes(16), bytes(33)])
def test_key_of_another_size_is_our_bug(key: bytes) -> None:
    with pytest.raises(InternalError):
        seal(b"", key, version=2)
    with pytest.raises(InternalError):
        DataKey(key)
