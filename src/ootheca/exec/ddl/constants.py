"""Constants of stored expressions: a literal becomes a value of a type, printed as CockroachDB prints it."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from ipaddress import ip_interface
from math import isinf
from typing import Final
from uuid import UUID

from ootheca.errors import InvalidValueError, OothecaError
from ootheca.names import format_string
from ootheca.types import Family, SQLType

__all__ = ["annotate_number", "annotate_string", "depends_on_context", "parse_int64", "type_text"]

_GENERIC: Final = {
    Family.INT: "INT8", Family.FLOAT: "FLOAT8", Family.DECIMAL: "DECIMAL", Family.STRING: "STRING",
    Family.BYTES: "BYTES", Family.UUID: "UUID", Family.DATE: "DATE", Family.TIME: "TIME", Family.TIMETZ: "TIMETZ",
    Family.TIMESTAMP: "TIMESTAMP", Family.TIMESTAMPTZ: "TIMESTAMPTZ", Family.INTERVAL: "INTERVAL",
    Family.JSON: "JSONB", Family.INET: "INET",
}  # fmt: skip
_ZONE = re.compile(r"(?:Z|UTC|[+-]\d{1,2}(?::?\d{2}){0,2})\s*\Z", re.IGNORECASE | re.ASCII)
_DATE = re.compile(r"\s*(\d{4,7})-(\d{1,2})-(\d{1,2})\s*", re.ASCII)
_TIME = re.compile(r"\s*(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?\s*", re.ASCII)
_INT = re.compile(r"[+-]?(?:[0-9]+|0[xX][0-9a-fA-F]+)")
_SPECIAL = frozenset({"now", "today", "tomorrow", "yesterday", "infinity", "-infinity", "epoch"})


def type_text(t: SQLType) -> str:
    """Return a type as stored expressions name it: user-defined ones by OID."""
    if t.family is Family.ENUM or (t.element is not None and t.element.family is Family.ENUM):
        return f"@{t.oid}"
    return t.name


def _generic(t: SQLType) -> str:
    return _GENERIC[t.family]


def annotate_number(text: str, t: SQLType) -> str | None:
    """Return a number as a value of `t`, or None when it is not one.

    Args:
        text: digits, perhaps with a sign in front.
    """
    try:
        number = _number(text)
    except InvalidOperation:
        return None
    match t.family:
        case Family.INT | Family.OID:
            value = parse_int64(text)
            return None if value is None else _signed(str(value), "OID" if t.family is Family.OID else "INT8")
        case Family.FLOAT:
            nearest = float(number)
            return None if isinf(nearest) and number.is_finite() else _signed(_float_text(nearest), "FLOAT8")
        case Family.DECIMAL:
            return _signed(_decimal_text(number), "DECIMAL")
        case _:
            return None


def parse_int64(text: str) -> int | None:
    """Return a whole number, decimal or hexadecimal; None for any other text, and for what 64 bits do not hold."""
    if _INT.fullmatch(text) is None:
        return None
    number = _number(text)
    return int(number) if -(2**63) <= number < 2**63 else None


def _number(text: str) -> Decimal:
    # Of a number in another base than 10 Python reads any length, and of a Decimal too.
    return Decimal(int(text, 16)) if "x" in text.lower() else Decimal(text)


def _signed(value: str, type_name: str) -> str:
    return f"({value}):::{type_name}" if value.startswith("-") else f"{value}:::{type_name}"


def _float_text(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "'NaN'", "inf": "'+Inf'", "-inf": "'-Inf'"}[str(value)]
    if value.is_integer() and abs(value) < 1e21:
        return f"{value:.1f}"
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa
    return f"{mantissa.removesuffix('.0')}e{exponent[0]}{exponent[1:].zfill(2)}"


def _decimal_text(number: Decimal) -> str:
    if number.is_nan():
        return "'NaN'"
    if number.is_infinite():
        return "'-Infinity'" if number < 0 else "'Infinity'"
    return str(number)


def annotate_string(text: str, t: SQLType, *, enum_prefix: str) -> str:
    """Return a string literal as a value of `t`, with its type.

    Args:
        enum_prefix: of the bytes of an enum's value, `b` or `x`.

    Raises:
        InvalidValueError: the text is no value of that type.
    """
    match t.family:
        case Family.BOOL:
            return _bool_text(text)
        case Family.STRING | Family.NAME:
            return f"{format_string(text)}:::{'NAME' if t.oid == 19 else 'STRING'}"
        case Family.COLLATED_STRING:
            return f"{format_string(text)} COLLATE {t.locale}"
        case Family.ENUM:
            return _enum_text(text, t, enum_prefix)
        case Family.ARRAY:
            return _array_text(text, t, enum_prefix)
        case Family.BIT:
            return f"B'{text}'"
        case Family.INT | Family.FLOAT | Family.DECIMAL | Family.OID:
            return _number_text(text, t)
        case Family.BYTES:
            return f"'\\x{_bytes_of(text).hex()}':::BYTES"
        case _ if t.family in _GENERIC:
            return f"{format_string(_normal(text, t.family))}:::{_generic(t)}"
        case _:
            return f"{format_string(text)}:::{t.name}"


def _number_text(text: str, t: SQLType) -> str:
    word = text.strip()
    if t.family in (Family.FLOAT, Family.DECIMAL):
        try:
            number = Decimal(word)
        except InvalidOperation:
            raise _invalid(text, t) from None
        if not number.is_finite():
            shown = _float_text(float(number)) if t.family is Family.FLOAT else _decimal_text(number)
            return f"{shown}:::{_generic(t)}"
    try:
        annotated = annotate_number(word, t)
    except (ValueError, InvalidOperation):
        annotated = None
    if annotated is None:
        raise _invalid(text, t)
    return annotated


def _invalid(text: str, t: SQLType) -> OothecaError:
    """Return the error that inserting the text would end in."""
    from ootheca.engine.texts import canonical

    try:
        canonical(text, t)
    except OothecaError as exc:
        return exc
    return InvalidValueError(f'could not parse "{text}" as type {t.name.lower()}')


def _bool_text(text: str) -> str:
    word = text.strip().lower()
    if word == "1" or (word and any(name.startswith(word) for name in ("true", "yes", "on"))):
        return "true"
    if word == "0" or (word and any(name.startswith(word) for name in ("false", "no", "off"))):
        return "false"
    raise InvalidValueError(f'could not parse "{text}" as type bool: invalid bool value')


def _enum_text(text: str, t: SQLType, prefix: str) -> str:
    assert t.enum is not None
    for label, physical in zip(t.enum.labels, t.enum.physical, strict=True):
        if label == text:
            escaped = "".join(f"\\x{byte:02x}" for byte in physical) if prefix == "b" else physical.hex()
            return f"{prefix}'{escaped}':::@{t.oid}"
    raise InvalidValueError(f'invalid input value for enum {t.enum.name}: "{text}"')


def _array_text(text: str, t: SQLType, enum_prefix: str) -> str:
    assert t.element is not None
    body = text.strip()
    if not (body.startswith("{") and body.endswith("}")):
        raise InvalidValueError(
            f'could not parse "{text}" as type {t.name.lower()}: array must be enclosed in {{ and }}'
        )
    element = t.element
    items = [
        "NULL" if item is None else annotate_string(item, element, enum_prefix=enum_prefix)
        for item in _array_items(body[1:-1])
    ]
    return f"ARRAY[{', '.join(items)}]:::{type_text(t)}"


_ARRAY_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,"{}]*?))\s*(?:,|\Z)')


def _array_items(body: str) -> list[str | None]:
    items: list[str | None] = []
    position = 0
    while position < len(body):
        match = _ARRAY_ITEM.match(body, position)
        if match is None:
            raise InvalidValueError("malformed array")
        quoted, bare = match.groups()
        if quoted is not None:
            items.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            items.append(None if bare.upper() == "NULL" else bare)
        position = match.end()
    return items


def _bytes_of(text: str) -> bytes:
    if text.startswith("\\x"):
        return bytes.fromhex(text[2:])
    return text.encode("utf-8", "surrogateescape")


def depends_on_context(text: str, t: SQLType) -> bool:
    """Tell whether the value of a literal depends on the session's time or zone, so that it stays a conversion."""
    word = text.strip().lower()
    if t.family in (Family.TIMESTAMPTZ, Family.TIMETZ):
        clock = _DATE.match(text)
        return word in _SPECIAL or not _ZONE.search(text, clock.end() if clock else 0)
    return t.family in (Family.DATE, Family.TIMESTAMP, Family.TIME) and word in _SPECIAL


def _normal(text: str, family: Family) -> str:
    try:
        match family:
            case Family.UUID:
                return str(UUID(text.strip()))
            case Family.DATE:
                return _parse_date(text)[0].isoformat()
            case Family.TIME:
                return _time_text(_parse_time(text.strip()))
            case Family.TIMESTAMP:
                return _moment_text(_parse_moment(text))
            case Family.TIMESTAMPTZ:
                return _moment_text(_parse_moment(text).astimezone(UTC)) + "+00:00"
            case Family.INTERVAL:
                return _interval_text(text)
            case Family.JSON:
                return _json_text(json.loads(text, parse_float=Decimal, parse_int=Decimal))
            case Family.INET:
                return _inet_text(text)
            case _:
                return text
    except ValueError as exc:
        raise InvalidValueError(f'could not parse "{text}" as type {_GENERIC[family].lower()}') from exc


def _parse_date(text: str) -> tuple[date, str]:
    match = _DATE.match(text)
    if match is None:
        raise ValueError(text)
    return date(int(match[1]), int(match[2]), int(match[3])), text[match.end() :].lstrip("T")


def _parse_time(text: str) -> time:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    micros = round(float(match[4] or 0) * 1_000_000)
    return time(int(match[1]), int(match[2]), int(match[3] or 0), micros)


def _parse_moment(text: str) -> datetime:
    day, rest = _parse_date(text)
    zone = _ZONE.search(rest)
    clock = rest[: zone.start()] if zone else rest
    moment = datetime.combine(day, _parse_time(clock) if clock.strip() else time())
    return moment.replace(tzinfo=timezone(_offset(zone[0].strip())) if zone else UTC)


def _offset(text: str) -> timedelta:
    if text.upper() in ("Z", "UTC"):
        return timedelta()
    digits = text[1:].split(":") if ":" in text else [text[1:][i : i + 2] for i in range(0, len(text) - 1, 2)]
    hours, minutes, seconds = [*map(int, digits), 0, 0][:3]
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -offset if text[0] == "-" else offset


def _time_text(moment: time) -> str:
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%H:%M:%S}{fraction}"


def _moment_text(moment: datetime) -> str:
    return f"{moment.year:04d}-{moment:%m-%d} {_time_text(moment.time())}"


_UNITS: Final = {  # months, days, microseconds of one unit
    "y": (12, 0, 0), "year": (12, 0, 0), "yr": (12, 0, 0), "mon": (1, 0, 0), "month": (1, 0, 0), "decade": (120, 0, 0),
    "century": (1200, 0, 0), "w": (0, 7, 0), "week": (0, 7, 0), "d": (0, 1, 0), "day": (0, 1, 0),
    "h": (0, 0, 3_600_000_000), "hour": (0, 0, 3_600_000_000), "hr": (0, 0, 3_600_000_000),
    "m": (0, 0, 60_000_000), "min": (0, 0, 60_000_000), "minute": (0, 0, 60_000_000),
    "s": (0, 0, 1_000_000), "sec": (0, 0, 1_000_000), "second": (0, 0, 1_000_000),
    "ms": (0, 0, 1000), "millisecond": (0, 0, 1000), "us": (0, 0, 1), "microsecond": (0, 0, 1),
}  # fmt: skip
_INTERVAL_PART = re.compile(
    r"\s*(?:([+-]?)(\d+):(\d{2})(?::(\d{2}(?:\.\d+)?))?|([+-]?\d+(?:\.\d+)?)\s*([a-zA-Z]+)?)\s*",
    re.ASCII,
)
_MAX_INTERVAL_TEXT: Final = 200  # characters; longer ones are numbers that no interval holds


def _interval_text(text: str) -> str:
    months, days, micros = 0, 0, 0
    position = 0
    if len(text) > _MAX_INTERVAL_TEXT:
        raise ValueError(text)
    while position < len(text):
        match = _INTERVAL_PART.match(text, position)
        if match is None or match.end() == position:
            raise ValueError(text)
        position = match.end()
        if match[2] is not None:
            seconds = Decimal(match[4] or 0) + 60 * int(match[3]) + 3600 * int(match[2])
            micros += int(seconds * 1_000_000) * (-1 if match[1] == "-" else 1)
            continue
        unit = (match[6] or "s").lower()
        unit = unit if unit in _UNITS else unit.removesuffix("s")
        if unit not in _UNITS:
            raise ValueError(text)
        amount = Decimal(match[5])
        unit_months, unit_days, unit_micros = _UNITS[unit]
        months += int(amount * unit_months)
        days += int(amount * unit_days)
        micros += int(amount * unit_micros)
    return _format_interval(months, days, micros)


def _format_interval(months: int, days: int, micros: int) -> str:
    pieces = []
    years, months = int(months / 12), months - 12 * int(months / 12)
    for amount, unit in ((years, "year"), (months, "mon"), (days, "day")):
        if amount:
            pieces.append(f"{amount} {unit}{'' if amount == 1 else 's'}")
    if micros or not pieces:
        seconds, micro = divmod(abs(micros), 1_000_000)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        fraction = f".{micro:06d}".rstrip("0") if micro else ""
        pieces.append(("-" if micros < 0 else "") + clock + fraction)
    return " ".join(pieces)


def _json_text(value: object) -> str:
    """Return JSON in CockroachDB's spelling: keys sorted, a blank after commas and colons."""
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: item[0].encode())
        return (
            "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_json_text(v)}" for k, v in items) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_json_text, value)) + "]"
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _inet_text(text: str) -> str:
    interface = ip_interface(text.strip())
    is_host = interface.network.prefixlen == interface.max_prefixlen
    return str(interface.ip) if is_host else interface.with_prefixlen
