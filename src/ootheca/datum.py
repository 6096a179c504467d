"""Text of values: what CockroachDB sends in PostgreSQL's text format, from either Arrow representation.

`format_*` format one value of a family; `wire_array` takes a column, inside Arrow where Arrow words it alike.

The text representation of a column (see `types`) is the text of 20.2; 21.2 differs in some families:

| | 20.2 | 21.2 |
|---|---|---|
| TIMESTAMPTZ | `+00:00:00` | `+00` |
| FLOAT | `+Inf`, `-Inf` | `Infinity`, `-Infinity` |
| INTERVAL | `-1 mons 3 days` | `-1 mons +3 days` |
| TIMETZ | `+05:00`, seconds cut off | `+05`, `+05:30`, `+00:00:30` |

Inside arrays TIMESTAMPTZ ends in `+00:00` and infinite floats are `+Inf` in both. Extreme values (BC dates,
the year 294276, 24:00) are formatted from their numbers: Arrow and Python have no words for them.

Source: reference/format/05 §8, 09 §SQL; fixtures/golden/*/a_full/expect.json, every row.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ootheca.types import DATE_INFINITY_DAYS, Family, SQLType

__all__ = [
    "civil_from_days",
    "days_from_civil",
    "format_array",
    "format_bytes",
    "format_date",
    "format_decimal",
    "format_float",
    "format_interval",
    "format_time",
    "format_timestamp",
    "wire_array",
    "wire_column",
]

_DAY_US = 86_400_000_000
_YEAR_1_DAYS, _YEAR_10000_DAYS = (
    -719_162,
    2_932_897,
)  # what Arrow prints with four digits: [0001-01-01, 10000-01-01)
_SIGNED_DAYS = re.compile(r"^(-.*mons? |-.*years? )(\d+ days?)")


def wire_column(array: pa.Array, type_: SQLType, *, version: str = "20.2") -> list[str | None]:
    """Return `wire_array` as Python texts; NULL is None."""
    texts: list[str | None] = wire_array(array, type_, version=version).to_pylist()
    return texts


def wire_array(array: pa.Array, type_: SQLType, *, version: str = "20.2") -> pa.StringArray:
    """Return the wire text of every value of a column.

    Args:
        array: [n] in the native or the text representation of `type_`.
        version: the profile whose text it is.

    Returns:
        string[n], NULL where the value is NULL.
    """
    if type_.family is Family.ARRAY and pa.types.is_list(array.type):
        texts = pa.array(_array_column(array, type_), pa.string())
    elif pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        texts = array.cast(pa.string())
        if _is_padded(type_):
            texts = pc.utf8_rpad(texts, type_.width)
        elif type_.family is Family.TIMETZ and version == "20.2":
            texts = pc.replace_substring_regex(texts, r"([+-]\d\d:\d\d):\d\d$", r"\1")
    else:
        texts = _arrow_texts(array)
        if texts is None:
            values, format_value = _plain_values(array, type_)
            texts = pa.array(
                [None if value is None else format_value(value) for value in values], pa.string()
            )
        elif type_.family is Family.TIMESTAMPTZ:
            texts = pc.binary_join_element_wise(texts, "+00:00:00", "")
    return texts if version == "20.2" else _newer(texts, type_)


def _newer(texts: pa.StringArray, type_: SQLType) -> pa.StringArray:
    """Turn 20.2's text into 21.2's."""
    match type_.family:
        case Family.TIMESTAMPTZ:
            return pc.replace_substring(texts, "+00:00:00", "+00")
        case Family.TIMETZ:
            return pc.replace_substring_regex(texts, r"([+-]\d\d):00$", r"\1")
        case Family.FLOAT:
            return pc.replace_substring_regex(texts, r"^\+?(-?)Inf$", r"\1Infinity")
        case Family.INTERVAL:
            if not pc.any(pc.match_substring(texts, "-")).as_py():
                return texts
            signed = [
                None if text is None else _SIGNED_DAYS.sub(r"\1+\2", text) for text in texts.to_pylist()
            ]
            return pa.array(signed, pa.string())
        case _:
            return texts


def _arrow_texts(array: pa.Array) -> pa.StringArray | None:
    """Return the texts of a column whose text Arrow words as CockroachDB does; None for all others."""
    type_ = array.type
    if pa.types.is_integer(type_) or pa.types.is_decimal128(type_):
        return array.cast(pa.string())
    if pa.types.is_boolean(type_):
        return pc.if_else(array, pa.scalar("t"), pa.scalar("f"))
    if pa.types.is_timestamp(type_):
        micros = array.cast(pa.timestamp("us", tz=type_.tz))
        if not _is_within(micros.cast(pa.int64()), _YEAR_1_DAYS * _DAY_US, _YEAR_10000_DAYS * _DAY_US):
            return None
        return _trimmed(micros.cast(pa.timestamp("us")).cast(pa.string()))
    if pa.types.is_date32(type_):
        return (
            array.cast(pa.string())
            if _is_within(array.cast(pa.int32()), _YEAR_1_DAYS, _YEAR_10000_DAYS)
            else None
        )
    if pa.types.is_time64(type_):
        micros = array.cast(pa.time64("us")).cast(pa.int64())
        return (
            _trimmed(array.cast(pa.time64("us")).cast(pa.string()))
            if _is_within(micros, 0, _DAY_US)
            else None
        )
    return None


def _is_within(numbers: pa.Array, low: int, high: int) -> bool:
    """Tell whether all numbers are in [low, high)."""
    bounds = pc.min_max(numbers).as_py()
    return bounds["min"] is None or (bounds["min"] >= low and bounds["max"] < high)


def _trimmed(texts: pa.StringArray) -> pa.StringArray:
    """Cut the trailing zeros of a fraction of six digits."""
    return pc.utf8_rtrim(pc.utf8_rtrim(texts, "0"), ".")


def _plain_values(array: pa.Array, type_: SQLType) -> tuple[list[object], Callable[..., str]]:
    """Return Python values that lose nothing, and what formats them."""
    match type_.family:
        case Family.FLOAT:
            return array.to_pylist(), _format_float4 if array.type == pa.float32() else format_float
        case Family.BYTES:
            return array.to_pylist(), format_bytes
        case Family.GEOMETRY | Family.GEOGRAPHY:
            return array.to_pylist(), _format_ewkb
        case Family.DATE:
            return array.cast(pa.int32()).to_pylist(), format_date
        case Family.TIME:
            return array.cast(pa.int64()).to_pylist(), format_time
        case Family.TIMESTAMP:
            return _microseconds(array), format_timestamp
        case Family.TIMESTAMPTZ:
            return _microseconds(array), _format_timestamptz
        case Family.INTERVAL:
            return _intervals(array), _format_interval_parts
        case Family.UUID:
            return _uuids(array), _format_uuid
        case _:
            return array.to_pylist(), str


def _microseconds(array: pa.Array) -> list[object]:
    values: list[object] = array.cast(pa.timestamp("us", tz=array.type.tz)).cast(pa.int64()).to_pylist()
    return values


def _uuids(array: pa.Array) -> list[object]:
    raw = array.storage if isinstance(array, pa.ExtensionArray) else array
    values: list[object] = raw.to_pylist()
    return values


def _intervals(array: pa.Array) -> list[object]:
    """Return (months, days, microseconds); read from the buffer, for nanoseconds beyond Python's range."""
    fields = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanos", "<i8")])
    parts = np.frombuffer(array.buffers()[1], dtype=fields, count=len(array) + array.offset)[array.offset :]
    valid = array.is_valid().to_pylist()
    return [
        (int(part["months"]), int(part["days"]), int(part["nanos"]) // 1000) if is_valid else None
        for part, is_valid in zip(parts, valid, strict=True)
    ]


def _array_column(array: pa.Array, type_: SQLType) -> list[str | None]:
    assert type_.element is not None
    texts = _element_texts(array.flatten(), type_.element)
    result: list[str | None] = []
    start = 0
    for length in array.value_lengths().to_pylist():
        if length is None:
            result.append(None)
            continue
        result.append(format_array(texts[start : start + length]))
        start += length
    return result


def _element_texts(flat: pa.Array, element: SQLType) -> list[str | None]:
    """Elements print as values do, but TIMESTAMPTZ with a shorter offset and CHAR(n) without padding."""
    texts: list[str | None]
    if pa.types.is_string(flat.type):
        texts = flat.to_pylist()
        return texts
    texts = wire_column(flat, element)
    if element.family is Family.TIMESTAMPTZ:
        return [None if text is None else text.replace("+00:00:00", "+00:00") for text in texts]
    return texts


def format_array(elements: list[str | None]) -> str:
    """Return `{a,b,NULL}` with elements quoted where they must be."""
    return "{" + ",".join("NULL" if e is None else _quoted_element(e) for e in elements) + "}"


def _quoted_element(text: str) -> str:
    plain = text and text.upper() != "NULL" and not any(c in '{},"\\' or c.isspace() for c in text)
    if plain:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_padded(type_: SQLType) -> bool:
    """CHAR(n) and BPCHAR are padded with blanks to their width."""
    return type_.oid == 1042 and type_.width > 1


def format_float(value: float) -> str:
    """Return the shortest digits that read back, in Go's %g form: `1e+06` from a million on."""
    if 1e-4 <= abs(value) < 1e6:
        return repr(value).removesuffix(".0")
    return _go_float(value, repr(value))


def _format_float4(value: float) -> str:
    return _go_float(value, str(np.float32(value)))


def _go_float(value: float, shortest: str) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(shortest).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    stripped = text.rstrip("0") or "0"
    exponent += len(text) - len(stripped)
    adjusted = len(stripped) - 1 + exponent
    minus = "-" if sign else ""
    if stripped == "0":
        return minus + "0"
    if adjusted < -4 or adjusted >= 6:
        fraction = f".{stripped[1:]}" if len(stripped) > 1 else ""
        return f"{minus}{stripped[0]}{fraction}e{'-' if adjusted < 0 else '+'}{abs(adjusted):02d}"
    if exponent >= 0:
        return minus + stripped + "0" * exponent
    if adjusted >= 0:
        return f"{minus}{stripped[: adjusted + 1]}.{stripped[adjusted + 1 :]}"
    return f"{minus}0.{'0' * (-adjusted - 1)}{stripped}"


def format_decimal(value: Decimal) -> str:
    """Return a decimal with all its digits: plain, or `d.dddE±x` for a positive exponent or far below one."""
    if value.is_nan():
        return "NaN"
    if value.is_infinite():
        return "Infinity" if value > 0 else "-Infinity"
    return str(value)


def format_bytes(value: bytes) -> str:
    r"""Return `\x` and lower-case hexadecimal digits."""
    return "\\x" + value.hex()


def _format_ewkb(value: bytes) -> str:
    return value.hex().upper()


def _format_uuid(value: uuid.UUID | bytes) -> str:
    return str(value if isinstance(value, uuid.UUID) else uuid.UUID(bytes=value))


def format_date(days: int) -> str:
    """Return `YYYY-MM-DD`, ` BC` after it for years before 1; ±infinity by name."""
    if abs(days) == DATE_INFINITY_DAYS:
        return "infinity" if days > 0 else "-infinity"
    text, is_bc = _date_text(days)
    return text + (" BC" if is_bc else "")


def _date_text(days: int) -> tuple[str, bool]:
    year, month, day = civil_from_days(days)
    is_bc = year <= 0
    return f"{1 - year if is_bc else year:04d}-{month:02d}-{day:02d}", is_bc


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Return (year, month, day) of days since 1970-01-01, proleptic Gregorian; year 0 is 1 BC."""
    shifted = days + 719_468  # days since 0000-03-01
    era, day_of_era = divmod(shifted, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    return year_of_era + era * 400 + (month <= 2), month, day


def days_from_civil(year: int, month: int, day: int) -> int:
    """Return days since 1970-01-01 of a proleptic Gregorian date; year 0 is 1 BC."""
    era, year_of_era = divmod(year - (month <= 2), 400)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


def format_time(microseconds: int) -> str:
    """Return `HH:MM:SS[.ffffff]` without trailing zeros; midnight at the end of the day is 24:00:00."""
    seconds, micros = divmod(microseconds, 1_000_000)
    fraction = f".{micros:06d}".rstrip("0") if micros else ""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


def format_timestamp(microseconds: int, offset: str = "") -> str:
    """Return `YYYY-MM-DD HH:MM:SS[.ffffff]`, then the offset, then ` BC`."""
    days, rest = divmod(microseconds, _DAY_US)
    text, is_bc = _date_text(days)
    return f"{text} {format_time(rest)}{offset}{' BC' if is_bc else ''}"


def _format_timestamptz(microseconds: int) -> str:
    return format_timestamp(microseconds, "+00:00:00")


def _format_interval_parts(parts: tuple[int, int, int]) -> str:
    return format_interval(*parts)


def format_interval(months: int, days: int, microseconds: int) -> str:
    """Return `1 year 2 mons 3 days 04:05:06.789`, zero parts left out."""
    years = int(months / 12)  # towards zero
    rest = months - years * 12
    parts = [
        f"{count} {name}{'' if count == 1 else 's'}"
        for count, name in ((years, "year"), (rest, "mon"), (days, "day"))
        if count
    ]
    if microseconds or not parts:
        sign = "-" if microseconds < 0 else "+" if months < 0 or days < 0 else ""
        parts.append(sign + format_time(abs(microseconds)))
    return " ".join(parts)
