"""Arrow arrays, in the native or the text representation of `ootheca.types` -> decoded values.

NULLs: decoded values are without; beside them go the row numbers of those that are not NULL (`None`: every row).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ootheca.codec import arrays, datetimes
from ootheca.codec.datums import Blobs, Datums, Decimals, Durations, Floats, Instants, Ints, Rows
from ootheca.codec.decimaltext import from_decimal128
from ootheca.codec.ragged import Ragged
from ootheca.codec.textparse import parse_texts
from ootheca.errors import InvalidValueError
from ootheca.types import DATE_INFINITY_DAYS, Family, SQLType, arrow_type

__all__ = ["from_arrow"]

_MICROS = 10**6
_INTERVAL = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanos", "<i8")])


def from_arrow(array: pa.Array, t: SQLType) -> tuple[Datums, Rows]:
    """Take a column apart: (its values that are not NULL, their rows).

    Args:
        array: in the native or the text representation of `t`, or of a type that casts to the native one.

    Raises:
        InvalidValueError: a text is no value of the type.
    """
    present = None
    if pa.types.is_null(array.type):
        array = pa.nulls(len(array), arrow_type(t))
    if array.null_count:
        present = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False)).astype(np.int64)
        # Arrow makes no empty list of an extension type.
        array = array.drop_null() if present.size else array[:0]
    if t.family is Family.ARRAY:
        return _from_list(array, t), present
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if _is_text(array.type):
        return parse_texts(_text_rows(array), t), present
    return _from_native(array, t), present


def _is_text(target: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(target) or pa.types.is_large_string(target) or pa.types.is_string_view(target)
    )


def _text_rows(array: pa.Array) -> Ragged:
    return Ragged.from_arrow(array.cast(pa.large_string()).cast(pa.large_binary()))


def _from_list(array: pa.Array, t: SQLType) -> Datums:
    assert t.element is not None
    if not pa.types.is_large_list(array.type):
        array = array.cast(pa.large_list(array.type.value_type))
    offsets = array.offsets.to_numpy().astype(np.int64)
    values = array.values[int(offsets[0]) : int(offsets[-1])]
    datums, present = from_arrow(values, t.element)
    return Blobs(arrays.encode_bodies(arrays.Elements(offsets - offsets[0], present, datums), t.element))


def _numbers(array: pa.Array, target: pa.DataType) -> NDArray[np.int64]:
    """Fixed-width values without NULLs, as int64."""
    if array.type != target:
        array = array.cast(target)
    as_integer = pa.int32() if target == pa.date32() else pa.int64()
    if target in (pa.date32(), pa.time64("us")) or pa.types.is_timestamp(target):
        array = array.view(as_integer)
    return np.asarray(array.to_numpy(zero_copy_only=False)).astype(np.int64)


def _from_native(array: pa.Array, t: SQLType) -> Datums:
    target = arrow_type(t)
    match t.family:
        case Family.BOOL:
            return Ints(array.to_numpy(zero_copy_only=False).astype(np.int64))
        case Family.INT | Family.OID | Family.TIME:
            return Ints(_numbers(array, target if t.family is Family.TIME else pa.int64()))
        case Family.DATE:
            return Ints(_stored_dates(_numbers(array, target)))
        case Family.FLOAT:
            return Floats(np.asarray(array.to_numpy(zero_copy_only=False)).astype(np.float64))
        case Family.DECIMAL:
            return _from_decimal(array)
        case Family.TIMESTAMP | Family.TIMESTAMPTZ:
            seconds, micros = np.divmod(_numbers(array, target), _MICROS)
            return Instants(seconds, micros * 1000)
        case Family.INTERVAL:
            buffer = array.buffers()[1]
            parts = (
                np.frombuffer(buffer, _INTERVAL, len(array), array.offset * 16)
                if len(array)
                else _no_intervals()
            )
            return Durations(*(parts[name].astype(np.int64) for name in ("months", "days", "nanos")))
        case Family.UUID:
            storage = array.storage if isinstance(array, pa.ExtensionArray) else array
            return Blobs(_checked_uuids(Ragged.from_arrow(storage)))
        case _:
            return Blobs(Ragged.from_arrow(array))


def _no_intervals() -> NDArray[np.void]:
    return np.empty(0, _INTERVAL)


def _checked_uuids(rows: Ragged) -> Ragged:
    if bool((rows.lengths != 16).any()):
        raise InvalidValueError("could not parse uuid: UUID must be exactly 16 bytes long")
    return rows


def _stored_dates(days: NDArray[np.int64]) -> NDArray[np.int64]:
    days = np.where(days == DATE_INFINITY_DAYS, datetimes.POSITIVE_INFINITY, days)
    return np.where(days == -DATE_INFINITY_DAYS, datetimes.NEGATIVE_INFINITY, days)


def _from_decimal(array: pa.Array) -> Decimals:
    if not pa.types.is_decimal128(array.type):
        if not pa.types.is_decimal(array.type):
            raise InvalidValueError(f"could not take values of type {array.type} as DECIMAL")
        array = array.cast(pa.decimal128(38, array.type.scale))
    if len(array) == 0:
        return from_decimal128(np.empty((0, 2), np.int64), array.type.scale)
    words = np.frombuffer(array.buffers()[1], "<i8", 2 * len(array), array.offset * 16).reshape(-1, 2)
    return from_decimal128(words, array.type.scale)
