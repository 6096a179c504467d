"""Range keys of a table file -> MVCC range tombstones.

Layout (row form, v2 to v4; the columnar form is in columnar.py):
    key    start, a user key without version, trailer:fixed64
    value  of a RANGEKEYSET: end:varstring, then suffix:varstring value:varstring for each version, newest first
           varstring = size:uvarint, bytes; start and end end with the sentinel 00
    suffix timestamp, size byte (mvcc.py)
    value of a tombstone   nothing, or an extended header: its size:4 BE, 65, the header
Source: reference 04 section 8 and 05 section 5.
    Unverified: written by 22.2 and later only, no fixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ootheca.codec.mvcc import decode_timestamp
from ootheca.codec.uvarint import decode_uvarint
from ootheca.errors import CorruptionError, UnsupportedError

__all__ = ["RangeTombstone", "decode_range_keys", "decode_range_tombstones"]

KIND_RANGE_KEY_SET = 21  # on disk
_KIND_MASK = 0xFF
_SENTINEL = 0
_HEADER_SIZE, _EXTENDED = 5, 0x65


@dataclass(frozen=True, slots=True)
class RangeTombstone:
    """The keys in [start, end) were deleted at a time: their versions up to it no longer count."""

    start: bytes
    end: bytes
    wall_ns: int
    logical: int


def decode_range_keys(
    keys: Sequence[bytes], values: Sequence[bytes], *, place: str
) -> list[tuple[bytes, bytes, int, bytes, bytes]]:
    """Decode the entries of a row block of range keys: (start, end, trailer, suffix, value) of each version.

    Args:
        keys: internal keys.

    Raises:
        CorruptionError: an entry is damaged. UnsupportedError: one that is no RANGEKEYSET.
    """
    found = []
    for key, value in zip(keys, values, strict=True):
        if len(key) < 8:
            raise _bad(place)
        trailer = int.from_bytes(key[-8:], "little")
        if trailer & _KIND_MASK != KIND_RANGE_KEY_SET:
            raise _other_kind(trailer, place)
        end, position = _varstring(value, 0, place)
        while position < len(value):
            suffix, position = _varstring(value, position, place)
            version_value, position = _varstring(value, position, place)
            found.append((key[:-8], end, trailer, suffix, version_value))
    return found


def decode_range_tombstones(
    entries: Sequence[tuple[bytes, bytes, int, bytes, bytes]], *, place: str
) -> tuple[RangeTombstone, ...]:
    """Turn (start, end, trailer, suffix, value) of range keys into tombstones.

    Raises:
        CorruptionError: a bound or a suffix is none. UnsupportedError: a range key that is no tombstone.
    """
    found = []
    for start, end, trailer, suffix, value in entries:
        if trailer & _KIND_MASK != KIND_RANGE_KEY_SET:
            raise _other_kind(trailer, place)
        if not suffix or suffix[-1] != len(suffix) or not _is_bound(start) or not _is_bound(end):
            raise _bad(place)
        if value and not _is_extended_tombstone(value):
            raise UnsupportedError(
                "range keys that are no MVCC range tombstones are not read", location=place
            )
        wall_ns, logical = decode_timestamp(suffix[:-1], location=place)
        found.append(RangeTombstone(start[:-1], end[:-1], wall_ns, logical))
    return tuple(found)


def _is_bound(user_key: bytes) -> bool:
    return bool(user_key) and user_key[-1] == _SENTINEL


def _is_extended_tombstone(value: bytes) -> bool:
    if len(value) < _HEADER_SIZE or value[_HEADER_SIZE - 1] != _EXTENDED:
        return False
    return int.from_bytes(value[: _HEADER_SIZE - 1], "big") + _HEADER_SIZE == len(value)


def _varstring(raw: bytes, position: int, place: str) -> tuple[bytes, int]:
    size, position = decode_uvarint(raw, position, location=place)
    if position + size > len(raw):
        raise _bad(place)
    return raw[position : position + size], position + size


def _bad(place: str) -> CorruptionError:
    return CorruptionError("pebble/table: invalid table (bad range key)", location=place)


def _other_kind(trailer: int, place: str) -> UnsupportedError:
    return UnsupportedError(f"range keys of kind {trailer & _KIND_MASK} are not read", location=place)
