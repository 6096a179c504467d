"""BIT and VARBIT: strings of the characters 0 and 1 as 64-bit words.

Layout:
    in a TUPLE   be_uvarint number of bits, words: 8 bytes BE each, the bits left-aligned
    in a key     3a, uvarint of each word, 00, uvarint of the bits used in the last word
                 descending 3b, uvarint desc of each word, ff, uvarint desc
Source: reference 05 sections 2 and 6; tables bits and bit_keys of fixtures/golden/20.2/a_full.

Works value by value in Python.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.ordered import (
    Positions,
    decode_uvarint_desc,
    decode_varint,
    encode_uvarint,
    encode_uvarint_desc,
    first_bytes,
)
from ootheca.codec.ragged import Ragged
from ootheca.codec.uvarint import decode_be_uvarint, encode_be_uvarint
from ootheca.errors import CorruptionError, InvalidValueError

__all__ = ["decode_body", "decode_key", "encode_body", "encode_key", "parse"]

_WORD_BITS = 64
_KEY, _KEY_DESC = 0x3A, 0x3B
_SPELLING = re.compile(r"(?:[bB]?)([01]*)|[xX]([0-9a-fA-F]*)")


def parse(text: str) -> bytes:
    """Return the digits of a literal's text (`101`, `B101`, `x1f`).

    Raises:
        InvalidValueError: another character stands there.
    """
    match = _SPELLING.fullmatch(text)
    if match is None:
        raise InvalidValueError(f'could not parse string as bit array: "{text}" is not a valid binary digit')
    if match[2] is not None:
        return "".join(f"{int(digit, 16):04b}" for digit in match[2]).encode()
    return match[1].encode()


def _words(digits: bytes) -> list[int]:
    padded = digits + b"0" * (-len(digits) % _WORD_BITS)
    return [int(padded[at : at + _WORD_BITS], 2) for at in range(0, len(padded), _WORD_BITS)]


def encode_body(digits: bytes) -> bytes:
    """Encode one value as it stands in a TUPLE."""
    return encode_be_uvarint(len(digits)) + b"".join(word.to_bytes(8, "big") for word in _words(digits))


def decode_body(data: memoryview, position: int) -> tuple[bytes, int]:
    """Return (digits, position after them).

    Raises:
        CorruptionError: the words end too early.
    """
    num_bits, start = decode_be_uvarint(data, position, location="bit array")
    end = start + 8 * -(-num_bits // _WORD_BITS)
    if end > len(data):
        raise CorruptionError("the bytes end within a bit array")
    number = int.from_bytes(data[start:end], "big")
    width = 8 * (end - start)
    return (f"{number:0{width}b}"[:num_bits].encode() if num_bits else b""), end


def encode_key(rows: Ragged, *, is_descending: bool) -> Ragged:
    """Encode n values as key columns."""
    return Ragged.from_list([_encode_key(digits, is_descending) for digits in rows.to_list()])


def _encode_key(digits: bytes, is_descending: bool) -> bytes:
    words = _words(digits)
    used = len(digits) - _WORD_BITS * (len(words) - 1) if words else 0
    encode = encode_uvarint_desc if is_descending else encode_uvarint
    parts = encode(np.array([*words, used], np.uint64)).to_list()
    marker, stop = (_KEY_DESC, 0xFF) if is_descending else (_KEY, 0x00)
    return b"".join([bytes([marker]), *parts[:-1], bytes([stop]), parts[-1]])


def decode_key(
    data: NDArray[np.uint8], positions: Positions, *, is_descending: bool
) -> tuple[Ragged, Positions]:
    """Decode key columns.

    Raises:
        CorruptionError: another kind of value stands there.
    """
    values, after = [], []
    raw = data.data
    first_bytes(data, positions)  # none is past the end
    for position in positions.tolist():
        digits, end = _decode_key(raw, data, position, is_descending)
        values.append(digits)
        after.append(end)
    return Ragged.from_list(values), np.array(after, np.int64)


def _decode_key(
    raw: memoryview, data: NDArray[np.uint8], position: int, is_descending: bool
) -> tuple[bytes, int]:
    marker, stop = (_KEY_DESC, 0xFF) if is_descending else (_KEY, 0x00)
    if raw[position] != marker:
        raise CorruptionError(f"bit array: byte {raw[position]:02x} where {marker:02x} was expected")
    position += 1
    digits = []
    while True:
        if position >= len(raw):
            raise CorruptionError("the bytes end within a bit array")
        if raw[position] == stop:
            break
        word, position = _decode_word(data, position, is_descending)
        digits.append(f"{word:064b}")
    used, position = _decode_word(data, position + 1, is_descending)
    if used > _WORD_BITS or (used == 0) != (not digits):
        raise CorruptionError("a bit array with an impossible number of bits")
    text = "".join(digits)
    return text[: len(text) - (_WORD_BITS - used if digits else 0)].encode(), position


def _decode_word(data: NDArray[np.uint8], position: int, is_descending: bool) -> tuple[int, int]:
    """One word; words use all 64 bits, so that the signed decoders see some as negative."""
    at = np.array([position], np.int64)
    if not is_descending:
        values, after = decode_varint(data, at)
        return int(values[0]) & (2**64 - 1), int(after[0])
    size = 0x88 - int(data[position])
    if size == 8:
        tail = data[position + 1 : position + 9].tobytes()
        return int.from_bytes(tail, "big") ^ (2**64 - 1), position + 9
    values, after = decode_uvarint_desc(data, at)
    return int(values[0]), int(after[0])
