"""ENCRYPTION-INFO: worked examples, order, unknown fields, and garbage of every kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ootheca.crypto import EncryptionInfo, decode_encryption_info, encode_encryption_info
from ootheca.crypto.encryption_info import hash_master_key_id
from ootheca.errors import CorruptionError, OothecaError, TruncatedError, UnsupportedError

SALT = bytes(range(16))
PASSPHRASE_INFO = bytes.fromhex("1210000102030405060708090a0b0c0d0e0f")
KMS_INFO = bytes.fromhex("1a270a2038de949d4faf3c8ea2f9a544e20d23f7393b434ecbf130d7841215bc66b65da21203010203")


def decode(stored: bytes) -> EncryptionInfo:
    return decode_encryption_info(stored, location="ENCRYPTION-INFO")


def test_worked_examples() -> None:
    kms = EncryptionInfo(wrapped_keys={hash_master_key_id("alias/backup-key"): b"\x01\x02\x03"})
    assert encode_encryption_info(EncryptionInfo(salt=SALT)) == PASSPHRASE_INFO
    assert decode(PASSPHRASE_INFO) == EncryptionInfo(salt=SALT)
    assert encode_encryption_info(kms) == KMS_INFO
    assert decode(KMS_INFO) == kms


@given(st.dictionaries(st.binary(min_size=32, max_size=32), st.binary(max_size=300), min_size=1))
def test_entries_come_back_and_are_written_in_ascending_order(wrapped_keys: dict[bytes, bytes]) -> None:
    encoded = encode_encryption_info(EncryptionInfo(wrapped_keys=wrapped_keys))
    decoded = decode(encoded)
    assert dict(decoded.wrapped_keys) == wrapped_keys
    assert list(decoded.wrapped_keys) == sorted(wrapped_keys)


def test_long_blob_needs_a_long_length() -> None:
    info = EncryptionInfo(wrapped_keys={bytes(32): b"x" * 20_000})
    assert decode(encode_encryption_info(info)) == info


@pytest.mark.parametrize(
    "unknown", ["2005", "2a03616263", "310102030405060708", "3d01020304", "0800", "d2fa0100"], ids=str
)
def test_unknown_fields_and_the_explicit_default_are_dropped(unknown: str) -> None:
    for stored in (bytes.fromhex(unknown) + PASSPHRASE_INFO, PASSPHRASE_INFO + bytes.fromhex(unknown)):
        assert decode(stored) == EncryptionInfo(salt=SALT)


def test_later_entry_of_a_key_counts() -> None:
    entries = [bytes.fromhex("1a250a20") + bytes(32) + b"\x12\x01" + bytes((value,)) for value in (1, 2)]
    assert decode(b"".join(entries)).wrapped_keys == {bytes(32): b"\x02"}


@pytest.mark.parametrize(
    "stored",
    [
        "0a0100",  # the scheme as bytes
        "1005",  # the salt as a number
        "1805",  # an entry as a number
        "1a030a0101",  # a key of one byte
        "1a00",  # an entry without a key
        "1a040a0208011200",  # an entry whose length is wrong
        "0300",  # a group
        "0201",  # field number 0
        "0001",
        "08ffffffffffffffffffff01",  # a number of eleven bytes
        "1a021005",  # a blob as a number, and no key
    ],
)
def test_garbage_is_corruption(stored: str) -> None:
    with pytest.raises(CorruptionError) as caught:
        decode(bytes.fromhex(stored))
    assert caught.value.location is not None
    assert caught.value.location.startswith("ENCRYPTION-INFO")


def test_text_is_corruption() -> None:
    for text in (b"hello world", b'{"salt": "x"}', b"<html>not found</html>", b"encrypt\x02"):
        with pytest.raises(CorruptionError):
            decode(text)


@pytest.mark.parametrize("stored", [PASSPHRASE_INFO, KMS_INFO], ids=["passphrase", "kms"])
def test_cut_at_every_length_is_noticed(stored: bytes) -> None:
    for length in range(len(stored)):
        with pytest.raises(TruncatedError):
            decode(stored[:length])


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_are_refused(stored: bytes) -> None:
    try:
        info = decode(stored)
    except OothecaError:
        return
    assert info.salt or info.wrapped_keys


def test_another_scheme_is_refused() -> None:
    with pytest.raises(UnsupportedError):
        decode(b"\x08\x01" + PASSPHRASE_INFO)


def test_repr_hides_wrapped_keys() -> None:
    # The test key service's blob begins with the data key itself.
    info = EncryptionInfo(wrapped_keys={hash_master_key_id("k"): b"top secret data key"})
    assert "top secret" not in repr(info)
    assert b"top secret".hex() not in repr(info)
