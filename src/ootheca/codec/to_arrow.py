"""Decoded values -> Arrow arrays, in the native or the text representation of `ootheca.types`.

NULLs: decoded values are without; beside them go the row numbers of those that are not NULL (`None`: every row).

Vectorised but for JSON, INET, BIT, BOX2D, TIMETZ (always), and for the texts of dates, times, intervals and floats
(columns that do not fit their native type); each of them costs about a microsecond a value.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ootheca import datum
from ootheca.codec import arrays, box2d, datetimes, json
from ootheca.codec.datums import (
    Blobs,
    Datums,
    Decimals,
    Durations,
    Floats,
    Instants,
    Ints,
    Rows,
    ZonedTimes,
    expand,
)
from ootheca.codec.decimaltext import format_decimals, to_decimal128
from ootheca.codec.network import format_inet
from ootheca.codec.ragged import Ragged
from ootheca.errors import CorruptionError
from ootheca.types import DATE_INFINITY_DAYS, Family, SQLType, arrow_type, text_type

__all__ = ["DoesNotFitError", "to_arrow"]

_MICROS = 10**6
_INTERVAL = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanos", "<i8")])
_MAX_TEXT_SIZE = 2**31 - 1  # the offsets of Arrow's string type


class DoesNotFitError(Exception):
    """A value has no exact native form; the caller asks for text instead."""


def to_arrow(
    datums: Datums, present: Rows, num_rows: int, t: SQLType, *, as_text: bool, in_array: bool = False
) -> pa.Array:
    """Build the column of `num_rows` rows whose rows `present` have the values.

    Raises:
        DoesNotFitError: only without `as_text`. CorruptionError: a body is damaged, an enum member unknown.
    """
    if t.family is Family.ARRAY:
        return _to_list(datums, present, num_rows, t, as_text=as_text)
    target = text_type(t) if as_text else arrow_type(t)
    if pa.types.is_string(target):
        return _to_string(expand(_texts(datums, t, in_array=in_array), present, num_rows), present, num_rows)
    if pa.types.is_binary(target):
        assert isinstance(datums, Blobs)
        return _from_ragged(expand(datums.rows, present, num_rows), pa.binary(), present, num_rows)
    return _fixed_width(datums, present, num_rows, t, target)


def _validity(present: Rows, num_rows: int) -> pa.Buffer | None:
    if present is None:
        return None
    valid = np.zeros(num_rows, np.bool_)
    valid[present] = True
    return pa.py_buffer(np.packbits(valid, bitorder="little"))


def _from_ragged(rows: Ragged, target: pa.DataType, present: Rows, num_rows: int) -> pa.Array:
    rows = rows.compact()
    if rows.data.size > _MAX_TEXT_SIZE:
        raise CorruptionError("a batch of rows exceeds 2 GiB in one column")
    buffers = [
        _validity(present, num_rows),
        pa.py_buffer(rows.offsets.astype(np.int32)),
        pa.py_buffer(rows.data),
    ]
    return pa.Array.from_buffers(target, num_rows, buffers)


def _to_string(rows: Ragged, present: Rows, num_rows: int) -> pa.Array:
    array = _from_ragged(rows, pa.string(), present, num_rows)
    if rows.data.size and int(rows.data.max()) >= 0x80:
        try:
            array.validate(full=True)
        except pa.ArrowInvalid as exc:
            raise CorruptionError("text that is not UTF-8") from exc
    return array


def _to_list(datums: Datums, present: Rows, num_rows: int, t: SQLType, *, as_text: bool) -> pa.Array:
    assert isinstance(datums, Blobs)
    assert t.element is not None
    elements = arrays.decode_bodies(datums.rows, t.element)
    values = to_arrow(
        elements.datums, elements.present, elements.num_elements, t.element, as_text=as_text, in_array=True
    )
    counts = np.zeros(num_rows + 1, np.int64)
    counts[1:][slice(None) if present is None else present] = np.diff(elements.offsets)
    offsets = np.cumsum(counts).astype(np.int32)
    buffers = [_validity(present, num_rows), pa.py_buffer(offsets)]
    return pa.Array.from_buffers(pa.list_(values.type), num_rows, buffers, children=[values])


def _fixed_width(datums: Datums, present: Rows, num_rows: int, t: SQLType, target: pa.DataType) -> pa.Array:
    values = _native_values(datums, t, target)
    if t.family is Family.BOOL:
        spread = np.zeros(num_rows, np.bool_)
        spread[slice(None) if present is None else present] = values
        data = np.packbits(spread, bitorder="little")
    elif present is None:
        data = np.ascontiguousarray(values)
    else:
        data = np.zeros((num_rows, *values.shape[1:]), values.dtype)
        data[present] = values
    buffers = [_validity(present, num_rows), pa.py_buffer(data)]
    if t.family is Family.UUID:
        storage = pa.Array.from_buffers(pa.binary(16), num_rows, buffers)
        return pa.ExtensionArray.from_storage(target, storage)
    return pa.Array.from_buffers(target, num_rows, buffers)


def _fitting(values: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64]:
    if values.size and (int(values.min()) < low or int(values.max()) > high):
        raise DoesNotFitError
    return values


def _native_values(datums: Datums, t: SQLType, target: pa.DataType) -> NDArray[np.generic]:
    """The values as the bytes of Arrow's fixed-width type."""
    match datums:
        case Ints(values) if t.family is Family.BOOL:
            return np.asarray(values != 0, np.bool_)
        case Ints(values) if t.family is Family.DATE:
            return _native_dates(values)
        case Ints(values):
            width = target.bit_width
            _fitting(values, -(1 << (width - 1)), (1 << (width - 1)) - 1)
            return values.astype(f"<i{width // 8}")
        case Floats(numbers):
            return _native_floats(numbers, target)
        case Decimals():
            words = to_decimal128(datums, t.precision, t.width)
            if words is None:
                raise DoesNotFitError
            return words
        case Instants(seconds, nanos):
            bound = (2**63 - 1) // _MICROS - 1
            _fitting(seconds, -bound, bound)
            micros = nanos // 1000
            if bool((micros * 1000 != nanos).any()):
                raise DoesNotFitError
            return seconds * _MICROS + micros
        case Durations(months, days, nanos):
            intervals = np.empty(months.size, _INTERVAL)
            intervals["months"] = _fitting(months, -(2**31), 2**31 - 1)
            intervals["days"] = _fitting(days, -(2**31), 2**31 - 1)
            intervals["nanos"] = nanos
            return intervals
        case Blobs(rows) if t.family is Family.UUID:
            if bool((rows.lengths != 16).any()):
                raise CorruptionError("a UUID of the wrong length")
            return rows.compact().data.reshape(-1, 16)
        case _:
            raise AssertionError(t)


def _native_floats(numbers: NDArray[np.float64], target: pa.DataType) -> NDArray[np.floating]:
    """CockroachDB keeps all 64 bits of a FLOAT4."""
    if target == pa.float64():
        return numbers
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = numbers.astype(np.float32)
    if not np.array_equal(narrow.astype(np.float64), numbers, equal_nan=True):
        raise DoesNotFitError
    return narrow


def _native_dates(days: NDArray[np.int64]) -> NDArray[np.int32]:
    infinite = (days == datetimes.POSITIVE_INFINITY) | (days == datetimes.NEGATIVE_INFINITY)
    limit = DATE_INFINITY_DAYS - 1
    _fitting(np.where(infinite, 0, days), -limit, limit)
    return np.clip(days, -DATE_INFINITY_DAYS, DATE_INFINITY_DAYS).astype(np.int32)


def _joined(texts: Iterable[str]) -> Ragged:
    return Ragged.from_list([text.encode() for text in texts])


def _texts(datums: Datums, t: SQLType, *, in_array: bool = False) -> Ragged:
    """The texts of n values."""
    match datums:
        case Ints(values) if t.family is Family.BOOL:
            return Ragged.from_matrix(np.where(values != 0, b"t"[0], b"f"[0]).astype(np.uint8).reshape(-1, 1))
        case Ints(values) if t.family is Family.DATE:
            return _joined(map(datetimes.format_date, values.tolist()))
        case Ints(values) if t.family is Family.TIME:
            return _joined(map(datum.format_time, values.tolist()))
        case Ints(values):
            return Ragged.from_arrow(pa.array(values).cast(pa.large_string()).cast(pa.large_binary()))
        case Floats(numbers):
            return _joined(map(datum.format_float, numbers.tolist()))
        case Decimals():
            return format_decimals(datums)
        case Instants(seconds, nanos):
            has_zone = t.family is Family.TIMESTAMPTZ
            zone = ("+00:00" if in_array else "+00:00:00") if has_zone else ""
            pairs = zip(seconds.tolist(), nanos.tolist(), strict=True)
            return _joined(datetimes.format_timestamp(second, nano, zone) for second, nano in pairs)
        case ZonedTimes(micros, offset):
            pairs = zip(micros.tolist(), offset.tolist(), strict=True)
            return _joined(datetimes.format_timetz(micro, west, in_array=in_array) for micro, west in pairs)
        case Durations(months, days, nanos):
            triples = zip(months.tolist(), days.tolist(), nanos.tolist(), strict=True)
            return _joined(datetimes.format_interval(*triple) for triple in triples)
        case Blobs(rows):
            return _blob_texts(rows, t)


def _blob_texts(rows: Ragged, t: SQLType) -> Ragged:
    match t.family:
        case Family.ENUM:
            return _enum_labels(rows, t)
        case Family.BYTES | Family.UUID:
            format_value = datum.format_bytes if t.family is Family.BYTES else _format_uuid
            return _joined(map(format_value, rows.to_list()))
        case Family.INET:
            return _joined(map(format_inet, rows.to_list()))
        case Family.GEOMETRY | Family.GEOGRAPHY:
            return _joined(raw.hex().upper() for raw in rows.to_list())
        case Family.BOX2D:
            return _joined(map(box2d.format_box, rows.to_list()))
        case Family.JSON:
            return _joined(json.format_document(json.decode_body(body)) for body in rows.to_list())
        case _:
            return rows


def _format_uuid(raw: bytes) -> str:
    if len(raw) != 16:
        raise CorruptionError("a UUID of the wrong length")
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _mapped(rows: Ragged, keys: Iterable[bytes], values: Iterable[bytes]) -> tuple[Ragged, NDArray[np.int64]]:
    """Replace each row by the value of its key; also returns the rows without one."""
    found = pc.index_in(rows.to_arrow(), value_set=pa.array(list(keys), pa.large_binary()))
    index = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Ragged.from_list(list(values)).take(np.maximum(index, 0)), np.flatnonzero(index < 0)


def _enum_labels(rows: Ragged, t: SQLType) -> Ragged:
    assert t.enum is not None
    if len(rows) == 0:
        return rows
    if not t.enum.physical:
        raise CorruptionError(f"a value of enum {t.enum.name}, which has no members")
    labels, unknown = _mapped(rows, t.enum.physical, (label.encode() for label in t.enum.labels))
    if unknown.size:
        raise CorruptionError(f"enum {t.enum.name} has no member {rows.row(int(unknown[0])).hex()}")
    return labels
