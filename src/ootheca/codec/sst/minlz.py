"""MinLZ blocks -> plain bytes.

Layout (a tag's two low bits say its kind; all numbers little-endian):
    00 size:uvarint tag*; size 0: the rest is plain. A first byte other than 00: the whole is a Snappy block.
    tag 0   literals, or with bit 2 a copy from the last offset; v = tag >> 3, length v + 1, or 30 + the
            1, 2, 3 bytes that follow for v = 29, 30, 31
    tag 1   copy; offset 1 + (tag >> 6 | byte << 2), length 4 + v for v = (tag >> 2) & 15, or 18 + a byte for 15
    tag 2   copy; offset 64 + fixed16, length 4 + v for v = tag >> 2, or 64 + 1, 2, 3 bytes for v = 61, 62, 63
    tag 3   bit 2 clear: offset 64 + fixed16, length 4 + (tag >> 5), after ((tag >> 3) & 3) + 1 literals;
            bit 2 set: a fixed32 w with the tag: offset 65536 + (w >> 11), length as for tag 2 with
            v = (w >> 5) & 63, after (w >> 3) & 3 literals
Source: reference 04 section 9 (from the public specification).
    Unverified: written by 25.2 and later only, no fixture.
"""

from __future__ import annotations

from ootheca.codec.uvarint import decode_uvarint
from ootheca.errors import CorruptionError

__all__ = ["decompress_minlz"]

_MAX_SIZE = 8 << 20
_SMALL_LITERALS = 29  # values of a literal's tag from here on say how many length bytes follow
_SMALL_COPY = 61  # the same for copies


def decompress_minlz(stored: bytes, *, place: str) -> bytes:
    """Return the plain bytes of a block that begins with 00.

    Raises:
        CorruptionError: the block ends within a tag, copies from before its start, or has another size than
            it says.
    """
    size, position = decode_uvarint(stored, 1, location=place) if len(stored) > 1 else (0, 1)
    if size == 0:
        return stored[position:]
    if size > _MAX_SIZE:
        raise _corrupt(place)
    plain = bytearray()
    offset = 1
    try:
        while position < len(stored):
            position, num_literals, num_copied, offset = _decode_tag(stored, position, offset)
            literals = stored[position : position + num_literals]
            position += num_literals
            plain += literals
            if (
                len(literals) != num_literals
                or len(plain) + num_copied > size
                or (num_copied > 0 and offset > len(plain))
            ):
                raise _corrupt(place)
            _copy(plain, offset, num_copied)
    except IndexError as exc:
        raise _corrupt(place) from exc
    if len(plain) != size:
        raise _corrupt(place)
    return bytes(plain)


def _decode_tag(stored: bytes, position: int, offset: int) -> tuple[int, int, int, int]:
    """Return (position after the tag, literals that follow it, bytes to copy then, the copy's offset)."""
    tag = stored[position]
    position += 1
    match tag & 3:
        case 0:
            length, position = _length(stored, position, tag >> 3, 1, _SMALL_LITERALS, 30)
            return (position, 0, length, offset) if tag & 4 else (position, length, 0, offset)
        case 1:
            offset = 1 + (tag >> 6 | stored[position] << 2)
            value = (tag >> 2) & 15
            if value < 15:
                return position + 1, 0, 4 + value, offset
            return position + 2, 0, 18 + stored[position + 1], offset
        case 2:
            offset = 64 + _fixed(stored, position, 2)
            length, position = _length(stored, position + 2, tag >> 2, 4, _SMALL_COPY, 64)
            return position, 0, length, offset
    if not tag & 4:
        return position + 2, ((tag >> 3) & 3) + 1, 4 + (tag >> 5), 64 + _fixed(stored, position, 2)
    word = tag | _fixed(stored, position, 3) << 8
    length, position = _length(stored, position + 3, (word >> 5) & 63, 4, _SMALL_COPY, 64)
    return position, (word >> 3) & 3, length, 65536 + (word >> 11)


def _length(
    stored: bytes, position: int, value: int, least: int, first_long: int, long_least: int
) -> tuple[int, int]:
    """Return a length that is in the tag, or in the 1 to 3 bytes after it, and the position after it."""
    if value < first_long:
        return value + least, position
    width = value - first_long + 1
    return long_least + _fixed(stored, position, width), position + width


def _fixed(stored: bytes, position: int, width: int) -> int:
    if position + width > len(stored):
        raise IndexError(position)
    return int.from_bytes(stored[position : position + width], "little")


def _copy(plain: bytearray, offset: int, length: int) -> None:
    """Append bytes from `offset` before the end; those just appended count, so that a short pattern repeats."""
    start = len(plain) - offset
    pattern = plain[start : start + length]
    repeats = -(-length // offset) if length else 0
    plain += (pattern * repeats)[:length] if repeats > 1 else pattern


def _corrupt(place: str) -> CorruptionError:
    return CorruptionError("minlz: corrupt input", location=place)
