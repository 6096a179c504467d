"""Texts of values, as CockroachDB prints them and PostgreSQL users write them, to decoded values.

Source: reference 05 section 8 for the spellings that CockroachDB prints; PostgreSQL's manual, "Data Types", for others.

INT and DECIMAL are parsed for all rows at once, text is taken as it is, the others value by value in Python.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ootheca.codec import bits, box2d, datetimes, ewkb, json
from ootheca.codec.datums import Blobs, Datums, Durations, Floats, Instants, Ints, ZonedTimes
from ootheca.codec.decimaltext import parse_decimals
from ootheca.codec.network import parse_inet
from ootheca.codec.ragged import Ragged
from ootheca.errors import InvalidValueError
from ootheca.types import Family, SQLType

__all__ = ["parse_texts"]

_BOOLS = {
    b"t": 1, b"true": 1, b"y": 1, b"yes": 1, b"on": 1, b"1": 1,
    b"f": 0, b"false": 0, b"n": 0, b"no": 0, b"off": 0, b"0": 0,
}  # fmt: skip
_ESCAPE = re.compile(rb"\\(?:(\\)|([0-3][0-7]{2})|(.?))", re.DOTALL)


def _parse_bools(rows: Ragged) -> NDArray[np.int64]:
    """Return int64[n] of 0 and 1. Raises InvalidValueError."""
    texts = rows.to_list()
    values = [_BOOLS.get(text.strip().lower(), -1) for text in texts]
    if -1 in values:
        text = texts[values.index(-1)].decode()
        raise InvalidValueError(f'could not parse "{text}" as type bool: invalid bool value')
    return np.array(values, np.int64)


def _parse_ints(rows: Ragged) -> NDArray[np.int64]:
    """Return int64[n]. Raises InvalidValueError."""
    try:
        values = rows.to_arrow().cast(pa.large_string()).cast(pa.int64())
        return np.asarray(values.to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        return np.array([_parse_int(text.decode()) for text in rows.to_list()], np.int64)


def _parse_int(text: str) -> int:
    try:
        value = int(text.replace("_", "?"))  # Python's own digit separator is none here
    except ValueError as exc:
        raise InvalidValueError(f'could not parse "{text}" as type int') from exc
    if not -(2**63) <= value < 2**63:
        raise InvalidValueError(f'could not parse "{text}" as type int: value out of range', sqlstate="22003")
    return value


def _parse_floats(rows: Ragged) -> NDArray[np.float64]:
    """Return float64[n]. Raises InvalidValueError."""
    result = np.empty(len(rows), np.float64)
    for index, text in enumerate(rows.to_list()):
        try:
            result[index] = float(text.replace(b"_", b"?"))
        except ValueError as exc:
            raise InvalidValueError(f'could not parse "{text.decode()}" as type float') from exc
    return result


def _parse_bytes(text: str) -> bytes:
    r"""The hex (`\x00ff`) or the escape format."""
    if text[:2] in ("\\x", "\\X"):
        try:
            return bytes.fromhex(text[2:])
        except ValueError as exc:
            raise InvalidValueError(f'could not parse "{text}" as type bytes: invalid hexadecimal') from exc
    return _ESCAPE.sub(_unescaped, text.encode())


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return b"\\"
    if match[2] is None:
        raise InvalidValueError(
            "could not parse as type bytes: bytea encoded value ends with incomplete escape sequence"
        )
    return bytes([int(match[2], 8)])


def _parse_uuid(text: str) -> bytes:
    try:
        return uuid.UUID(text.strip()).bytes
    except ValueError as exc:
        raise InvalidValueError(
            f'could not parse "{text}" as type uuid: uuid: incorrect UUID format'
        ) from exc


def _each(rows: Ragged, parse: Callable[[str], bytes]) -> Blobs:
    return Blobs(Ragged.from_list([parse(text.decode()) for text in rows.to_list()]))


def _columns_of(rows: Ragged, parse: Callable[[str], tuple[int, ...]], width: int) -> list[NDArray[np.int64]]:
    try:
        parsed = np.array([parse(text.decode()) for text in rows.to_list()], np.int64).reshape(-1, width)
    except OverflowError as exc:
        raise InvalidValueError("value out of range", sqlstate="22008") from exc
    return [np.ascontiguousarray(parsed[:, column]) for column in range(width)]


def parse_texts(rows: Ragged, t: SQLType) -> Datums:
    """Parse n texts of values.

    Raises:
        InvalidValueError: one is no value of the type.
    """
    family = t.family
    if family in _BLOB_PARSERS:
        return _each(rows, _BLOB_PARSERS[family])
    match family:
        case Family.BOOL:
            return Ints(_parse_bools(rows))
        case Family.INT | Family.OID:
            return Ints(_parse_ints(rows))
        case Family.FLOAT:
            return Floats(_parse_floats(rows))
        case Family.DECIMAL:
            return parse_decimals(rows)
        case Family.DATE:
            return Ints(_columns_of(rows, lambda text: (datetimes.parse_date(text),), 1)[0])
        case Family.TIME:
            return Ints(_columns_of(rows, lambda text: (datetimes.parse_time(text),), 1)[0])
        case Family.TIMETZ:
            return ZonedTimes(*_columns_of(rows, datetimes.parse_timetz, 2))
        case Family.TIMESTAMP | Family.TIMESTAMPTZ:
            has_zone = family is Family.TIMESTAMPTZ
            return Instants(
                *_columns_of(rows, lambda text: datetimes.parse_timestamp(text, has_zone=has_zone), 2)
            )
        case Family.INTERVAL:
            return Durations(*_columns_of(rows, datetimes.parse_interval, 3))
        case Family.ENUM:
            return Blobs(_enum_members(rows, t))
        case _:
            return Blobs(rows)


def _enum_members(rows: Ragged, t: SQLType) -> Ragged:
    assert t.enum is not None
    if len(rows) == 0:
        return rows
    labels = pa.array([label.encode() for label in t.enum.labels], pa.large_binary())
    found = pc.index_in(rows.to_arrow(), value_set=labels).fill_null(-1)
    index = found.to_numpy(zero_copy_only=False).astype(np.int64)
    if bool((index < 0).any()):
        text = rows.row(int(np.argmin(index))).decode()
        raise InvalidValueError(f'invalid input value for enum {t.enum.name}: "{text}"')
    return Ragged.from_list(list(t.enum.physical)).take(index)


def _parse_document(text: str) -> bytes:
    return json.encode_body(json.parse_document(text))


_BLOB_PARSERS: dict[Family, Callable[[str], bytes]] = {
    Family.BYTES: _parse_bytes,
    Family.UUID: _parse_uuid,
    Family.INET: parse_inet,
    Family.BIT: bits.parse,
    Family.JSON: _parse_document,
    Family.GEOMETRY: ewkb.parse_hex,
    Family.GEOGRAPHY: ewkb.parse_hex,
    Family.BOX2D: box2d.parse_box,
}
