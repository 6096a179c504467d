"""One variable-length integer at a time: footers, handles, properties, and what a key begins with.

Layout and Source: see `coding`, and for the ordered ones `ordered`; they take many at once.
"""

from __future__ import annotations

from typing import Final

from ootheca.errors import CorruptionError, TruncatedError

__all__ = [
    "MAX_UVARINT_SIZE",
    "decode_be_uvarint",
    "decode_ordered_uvarint",
    "decode_uvarint",
    "encode_be_uvarint",
    "encode_ordered_uvarint",
    "encode_uvarint",
    "overflow",
]

MAX_UVARINT_SIZE: Final = 10
_MAX_UINT64: Final = (1 << 64) - 1

# Of the ordered ones: the byte of zero, the largest value of one byte, and the byte before that of the next value.
INT_ZERO: Final = 0x88
INT_MAX_SMALL: Final = 109
INT_LARGE: Final = 0xF5
_MAX_ORDERED_SIZE: Final = 8


def encode_uvarint(value: int) -> bytes:
    """Return the little-endian base-128 form of 0 <= value < 2^64."""
    out = bytearray()
    while value >= 0x80:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_be_uvarint(value: int) -> bytes:
    """Return the big-endian base-128 form of 0 <= value < 2^64."""
    out = [value & 0x7F]
    value >>= 7
    while value:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    return bytes(reversed(out))


def decode_uvarint(
    data: bytes | memoryview, position: int, *, location: str, base: int = 0
) -> tuple[int, int]:
    """Return (value, position after it) of the little-endian base-128 integer at `position`.

    Args:
        location: what the bytes belong to; `base` is the offset of data[0] in it. Both only name the place
            of an error.

    Raises:
        TruncatedError: the data ends within the integer. CorruptionError: it exceeds 64 bits.
    """
    return _decode(data, position, location, base, is_highest_first=False)


def decode_be_uvarint(
    data: bytes | memoryview, position: int, *, location: str, base: int = 0
) -> tuple[int, int]:
    """Return (value, position after it) of the big-endian base-128 integer at `position`; errors as above."""
    return _decode(data, position, location, base, is_highest_first=True)


def _decode(
    data: bytes | memoryview, position: int, location: str, base: int, *, is_highest_first: bool
) -> tuple[int, int]:
    value = 0
    for index in range(MAX_UVARINT_SIZE):
        if position + index >= len(data):
            raise TruncatedError(
                "the data ends within a variable-length integer", location=f"{location} @{base + position}"
            )
        byte = data[position + index]
        group = byte & 0x7F
        value = value << 7 | group if is_highest_first else value | group << 7 * index
        if byte < 0x80:
            if value > _MAX_UINT64:
                break
            return value, position + index + 1
    raise overflow(f"{location} @{base + position}")


def encode_ordered_uvarint(value: int) -> bytes:
    """Return the order-preserving form of 0 <= value < 2^63."""
    if value <= INT_MAX_SMALL:
        return bytes([INT_ZERO + value])
    size = (value.bit_length() + 7) // 8
    return bytes([INT_LARGE + size]) + value.to_bytes(size, "big")


def decode_ordered_uvarint(data: bytes, position: int) -> tuple[int, int]:
    """Return (value, position after it) of the order-preserving integer at `position`.

    Raises:
        CorruptionError: another kind of value stands there, the data ends within it, or it exceeds 63 bits.
    """
    if position >= len(data):
        raise CorruptionError("the bytes end within a value")
    first = data[position]
    if first < INT_ZERO:
        raise CorruptionError("an unsigned integer begins with the byte of a negative one")
    size = first - INT_LARGE
    if size <= 0:
        return first - INT_ZERO, position + 1
    if size > _MAX_ORDERED_SIZE:
        raise CorruptionError("an integer begins with an impossible byte")
    after = position + 1 + size
    value = int.from_bytes(data[position + 1 : after], "big")
    if value >> 63:
        raise CorruptionError("an unsigned integer exceeds 63 bits")
    if after > len(data):
        raise CorruptionError("the bytes end within a value")
    return value, after


def overflow(place: str) -> CorruptionError:
    """Return the error for an integer that is too long."""
    return CorruptionError("a variable-length integer exceeds 64 bits", location=place)
