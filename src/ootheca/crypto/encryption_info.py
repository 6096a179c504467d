"""ENCRYPTION-INFO: what lies in clear beside a full backup so that its data key can be had again.

Layout: protobuf (proto3), by hand because the map's keys are declared as text and hold raw bytes:
    1 varint   scheme   0 = AES-256-GCM, absent
    2 bytes    salt     passphrase: 16 bytes; KMS: absent
    3 message  entry*   KMS: 1 bytes SHA-256 of the master key id; 2 bytes wrapped data key; ascending by key
Source: fixtures/golden/*/{b_passphrase,c_kms}/extern/*/ENCRYPTION-INFO.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ootheca.errors import CorruptionError, TruncatedError, UnsupportedError

__all__ = ["EncryptionInfo", "decode_encryption_info", "encode_encryption_info", "hash_master_key_id"]

_HASH_SIZE: Final = 32
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True, repr=False)
class EncryptionInfo:
    """The salt (passphrase) or the wrapped data keys by `hash_master_key_id` (KMS)."""

    salt: bytes = b""
    wrapped_keys: Mapping[bytes, bytes] = field(default_factory=dict)

    def __repr__(self) -> str:
        # A test key service's wrapped key holds the data key in clear.
        hashes = ", ".join(key.hex()[:8] for key in self.wrapped_keys)
        return f"EncryptionInfo(salt={len(self.salt)} bytes, wrapped_keys=[{hashes}])"


def hash_master_key_id(master_key_id: str) -> bytes:
    """The raw 32-byte SHA-256 under which a master key's wrapped data key is filed."""
    return hashlib.sha256(master_key_id.encode("utf-8", "surrogateescape")).digest()


def encode_encryption_info(info: EncryptionInfo) -> bytes:
    """Encode ENCRYPTION-INFO, entries in ascending order of the raw hash."""
    encoded = _encode_bytes(2, info.salt) if info.salt else b""
    for key, wrapped in sorted(info.wrapped_keys.items()):
        encoded += _encode_bytes(3, _encode_bytes(1, key) + _encode_bytes(2, wrapped))
    return encoded


def decode_encryption_info(stored: bytes | bytearray | memoryview, *, location: str) -> EncryptionInfo:
    """Decode ENCRYPTION-INFO. Fields that we do not know are dropped.

    Raises:
        TruncatedError: the bytes end within a field, or hold nothing at all.
        CorruptionError: no protobuf message, or an entry whose key is no SHA-256.
        UnsupportedError: another scheme than AES-256-GCM.
    """
    salt = b""
    wrapped_keys: dict[bytes, bytes] = {}
    for number, value in _decode_fields(bytes(stored), location):
        match number, value:
            case 1, int():
                if value != 0:
                    raise UnsupportedError(f"encryption scheme {value} is not known", location=location)
            case 2, bytes():
                salt = value
            case 3, bytes():
                key, wrapped = _decode_entry(value, location)
                wrapped_keys[key] = wrapped
            case 1 | 2 | 3, _:
                raise CorruptionError(
                    f"wrong wire type for field {number} of ENCRYPTION-INFO", location=location
                )
    if not salt and not wrapped_keys:
        raise TruncatedError("ENCRYPTION-INFO holds neither a salt nor a wrapped data key", location=location)
    return EncryptionInfo(salt, wrapped_keys)


def _decode_entry(entry: bytes, location: str) -> tuple[bytes, bytes]:
    key = wrapped = b""
    for number, value in _decode_fields(entry, location):
        if number in (1, 2) and not isinstance(value, bytes):
            raise CorruptionError("wrong wire type in an entry of ENCRYPTION-INFO", location=location)
        if number == 1 and isinstance(value, bytes):
            key = value
        elif number == 2 and isinstance(value, bytes):
            wrapped = value
    if len(key) != _HASH_SIZE:
        raise CorruptionError(
            f"an entry of ENCRYPTION-INFO has a key of {len(key)} bytes, not {_HASH_SIZE}", location=location
        )
    return key, wrapped


def _encode_bytes(number: int, value: bytes) -> bytes:
    return _encode_varint(number << 3 | _BYTES) + _encode_varint(len(value)) + value


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _decode_fields(message: bytes, location: str) -> list[tuple[int, int | bytes]]:
    """Split one message into (field number, value): an int for varints, the raw bytes for everything else."""
    fields: list[tuple[int, int | bytes]] = []
    offset = 0
    while offset < len(message):
        tag, offset = _decode_varint(message, offset, location)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise CorruptionError("field number 0 in ENCRYPTION-INFO", location=f"{location}@{offset}")
        if wire_type == _VARINT:
            value, offset = _decode_varint(message, offset, location)
            fields.append((number, value))
            continue
        if wire_type == _BYTES:
            size, offset = _decode_varint(message, offset, location)
        elif wire_type in (_FIXED64, _FIXED32):
            size = 8 if wire_type == _FIXED64 else 4
        else:
            raise CorruptionError(
                f"wire type {wire_type} in ENCRYPTION-INFO", location=f"{location}@{offset}"
            )
        if offset + size > len(message):
            raise TruncatedError("ENCRYPTION-INFO ends within a field", location=f"{location}@{len(message)}")
        fields.append((number, message[offset : offset + size]))
        offset += size
    return fields


def _decode_varint(message: bytes, offset: int, location: str) -> tuple[int, int]:
    value = shift = 0
    while offset < len(message):
        byte = message[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, offset
        shift += 7
        if shift >= 70:
            raise CorruptionError("a number in ENCRYPTION-INFO is too long", location=f"{location}@{offset}")
    raise TruncatedError("ENCRYPTION-INFO ends within a number", location=f"{location}@{offset}")
