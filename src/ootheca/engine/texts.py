"""Text to datum and back, for every type: what CockroachDB accepts, in the one spelling that it prints.

`canonical(text, type)` is exact and total: it gives the text representation of `ootheca.types`, or an error in
CockroachDB's words. `text_key` orders the types that have only a text.
"""

from __future__ import annotations

import ipaddress
import re
import struct
import uuid
from collections.abc import Callable
from decimal import Decimal

import numpy as np

from ootheca.datum import format_array, format_date, format_decimal, format_interval, format_time
from ootheca.engine import calendar, decimals, jsons
from ootheca.errors import InvalidValueError, OothecaError, UnsupportedError
from ootheca.types import Family, SQLType

__all__ = ["canonical", "format_float", "inet_text", "is_int64", "parse_array", "text_key"]

_TRUE = frozenset({"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"})
_FALSE = frozenset({"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"})
_INT = re.compile(r"[+-]?[0-9]+")
_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1
_HEX = re.compile(r"[0-9a-fA-F]*")


def canonical(text: str, t: SQLType) -> str:
    """Return the one text of the datum that `text` means for type `t`, fitted to its width and precision.

    Raises:
        InvalidValueError: no value of the type; the reason in CockroachDB's words.
        OothecaError: out of range, or too long.
    """
    parser = _PARSERS.get(t.family)
    if parser is None:
        raise UnsupportedError(f"values of type {t.name} cannot be written as text here")
    return parser(text, t)


def _bool(text: str, t: SQLType) -> str:
    del t
    word = text.strip().lower()
    if word in _TRUE:
        return "t"
    if word in _FALSE:
        return "f"
    raise InvalidValueError(f'could not parse "{text}" as type bool: invalid bool value')


def is_int64(text: str) -> bool:
    """Tell whether a text is a whole number that 64 bits hold; of any length, which `int` does not read."""
    return _INT.fullmatch(text) is not None and _MIN_INT64 <= Decimal(text) <= _MAX_INT64


def _int(text: str, t: SQLType) -> str:
    word = text.strip()
    if _INT.fullmatch(word) is None:
        raise InvalidValueError(
            f'could not parse "{text}" as type int: strconv.ParseInt: parsing "{text}": invalid syntax'
        )
    if not is_int64(word):
        raise OothecaError(
            f'could not parse "{text}" as type int: strconv.ParseInt: parsing "{text}": value out of range',
            sqlstate="22P02",
        )
    value = int(word)
    if t.width < 64 and not -(2 ** (t.width - 1)) <= value < 2 ** (t.width - 1):
        raise OothecaError(f"integer out of range for type int{t.width // 8}", sqlstate="22003")
    return str(value)


def _oid(text: str, t: SQLType) -> str:
    del t
    word = text.strip()
    if _INT.fullmatch(word) is None:
        raise InvalidValueError(f'could not parse "{text}" as type oid')
    if not is_int64(word):
        raise InvalidValueError(f'could not parse "{text}" as type oid: value out of range')
    return str(int(word))


def _float(text: str, t: SQLType) -> str:
    del t  # FLOAT4 keeps all 64 bits, as CockroachDB does
    word = text.strip().lower().replace("infinity", "inf")
    try:
        value = float(word)
    except ValueError as exc:
        raise InvalidValueError(
            f'could not parse "{text}" as type float: strconv.ParseFloat: parsing "{text}": invalid syntax'
        ) from exc
    if "inf" not in word and value in (float("inf"), float("-inf")):
        raise InvalidValueError(
            f'could not parse "{text}" as type float: strconv.ParseFloat: parsing "{text}": value out of range'
        )
    return format_float(value, 3)


def _decimal(text: str, t: SQLType) -> str:
    return format_decimal(decimals.fit(decimals.parse_decimal(text), t.precision, t.width))


def _round_micros(micros: int, t: SQLType) -> int:
    if not t.time_precision_is_set or t.precision >= 6:
        return micros
    unit = 10 ** (6 - t.precision)
    return int((micros + unit // 2) // unit * unit)


def _date(text: str, t: SQLType) -> str:
    del t
    return format_date(calendar.parse_date(text))


def _time(text: str, t: SQLType) -> str:
    return format_time(_round_micros(calendar.parse_time(text), t))


def _timetz(text: str, t: SQLType) -> str:
    micros, offset = calendar.parse_timetz(text)
    sign, size = ("-", -offset) if offset < 0 else ("+", offset)
    zone = f"{sign}{size // 3600:02d}:{size // 60 % 60:02d}" + (f":{size % 60:02d}" if size % 60 else "")
    return format_time(_round_micros(micros, t)) + zone


def _timestamp(text: str, t: SQLType) -> str:
    micros = _round_micros(calendar.parse_timestamp(text, with_zone=False), t)
    return calendar.format_timestamp(micros)


def _timestamptz(text: str, t: SQLType) -> str:
    micros = _round_micros(calendar.parse_timestamp(text, with_zone=True), t)
    return calendar.format_timestamp(micros, zone="+00:00:00")


def _interval(text: str, t: SQLType) -> str:
    months, days, micros = calendar.parse_interval(text)
    return format_interval(months, days, _round_micros(micros, t))


def _string(text: str, t: SQLType) -> str:
    if t.visible_type == 8:  # CHAR(n): blanks at the end mean nothing
        text = text.rstrip(" ")
    width = t.width or (1 if t.visible_type == 8 else 0)
    if t.visible_type == 9:  # "char" keeps its first character
        return text[:1]
    if width and len(text) > width:
        raise OothecaError(f"value too long for type {t.name}", sqlstate="22001")
    return text


def _bytes(text: str, t: SQLType) -> str:
    del t
    if text.startswith(("\\x", "\\X")):
        if len(text) % 2 or _HEX.fullmatch(text[2:]) is None:
            raise InvalidValueError(f'could not parse "{text}" as type bytes: bad hex string')
        return "\\x" + text[2:].lower()
    plain = re.sub(rb"\\(\\|[0-7]{3})", _byte_escape, text.encode())
    return "\\x" + plain.hex()


def _byte_escape(match: re.Match[bytes]) -> bytes:
    return b"\\" if match[1] == b"\\" else bytes([int(match[1], 8) & 0xFF])


def _uuid(text: str, t: SQLType) -> str:
    del t
    try:
        return str(uuid.UUID(text.strip()))
    except ValueError as exc:
        raise InvalidValueError(
            f'could not parse "{text}" as type uuid: uuid: incorrect UUID length: {text}'
        ) from exc


def inet_text(text: str) -> str:
    """Return an address as CockroachDB prints it, `/bits` unless of full length."""
    address, _, bits = text.strip().partition("/")
    try:
        if "." in address and ":" not in address:
            octets = [str(int(part)) for part in address.split(".")]
            octets += ["0"] * (4 - len(octets)) if bits else []
            ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.IPv4Address(".".join(octets))
        else:
            ip = ipaddress.IPv6Address(address)
        size = int(bits) if bits else ip.max_prefixlen
    except ValueError as exc:
        raise InvalidValueError(f'could not parse "{text}" as inet. invalid IP') from exc
    if not 0 <= size <= ip.max_prefixlen:
        raise InvalidValueError(f'could not parse "{text}" as inet. invalid mask')
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    shown = f"::ffff:{mapped}" if mapped is not None else ip.compressed
    return shown if size == ip.max_prefixlen else f"{shown}/{size}"


def _inet(text: str, t: SQLType) -> str:
    del t
    return inet_text(text)


def _bit(text: str, t: SQLType) -> str:
    wrong = text.strip("01")
    if wrong:
        raise InvalidValueError(
            f'could not parse string as bit array: "{wrong[0]}" is not a valid binary digit'
        )
    is_varying = t.visible_type == 10 or t.oid == 1562
    width = t.width or (0 if is_varying else 1)
    if is_varying and width and len(text) > width:
        raise OothecaError(
            f"bit string length {len(text)} too large for type VARBIT({width})", sqlstate="22001"
        )
    if not is_varying and len(text) != width:
        raise OothecaError(
            f"bit string length {len(text)} does not match type BIT{f'({width})' if width > 1 else ''}",
            sqlstate="22026",
        )
    return text


def _json(text: str, t: SQLType) -> str:
    del t
    return jsons.format_json(jsons.parse_json(text))


def _enum(text: str, t: SQLType) -> str:
    labels = t.enum.labels if t.enum is not None else ()
    if text not in labels:
        name = t.enum.name.rpartition(".")[2] if t.enum is not None else t.name
        raise InvalidValueError(f'invalid input value for enum {name}: "{text}"')
    return text


def _array(text: str, t: SQLType) -> str:
    assert t.element is not None
    element = t.element
    return format_array([None if item is None else _element(item, element) for item in parse_array(text)])


def _element(text: str, t: SQLType) -> str:
    """Return an element's text; the offset of a TIMETZ always has its seconds there."""
    shown = canonical(text, t)
    return shown + ":00" if t.family is Family.TIMETZ and shown[-6] in "+-" else shown


_BOX = re.compile(r"\s*BOX\s*\(\s*(\S+)\s+(\S+?)\s*,\s*(\S+)\s+(\S+?)\s*\)\s*", re.IGNORECASE)


def _box2d(text: str, t: SQLType) -> str:
    del t
    match = _BOX.fullmatch(text)
    try:
        numbers = [float(part) for part in match.groups()] if match is not None else []
    except ValueError:
        numbers = []
    if not numbers:
        raise InvalidValueError(f'could not parse "{text}" as type box2d')
    low_x, low_y, high_x, high_y = (np.format_float_positional(number, trim="-") for number in numbers)
    return f"BOX({low_x} {low_y},{high_x} {high_y})"


def _ewkb(text: str, t: SQLType) -> str:
    """Hexadecimal EWKB, as it is printed; other spellings of shapes need a geometry library."""
    try:
        bytes.fromhex(text)
    except ValueError:
        raise UnsupportedError(
            f"values of type {t.name} are taken as hexadecimal EWKB only",
            hint="write the shape as EWKB, in hex",
        ) from None
    return text.upper()


_PARSERS: dict[Family, Callable[[str, SQLType], str]] = {
    Family.BOOL: _bool,
    Family.INT: _int,
    Family.FLOAT: _float,
    Family.DECIMAL: _decimal,
    Family.DATE: _date,
    Family.TIME: _time,
    Family.TIMETZ: _timetz,
    Family.TIMESTAMP: _timestamp,
    Family.TIMESTAMPTZ: _timestamptz,
    Family.INTERVAL: _interval,
    Family.STRING: _string,
    Family.COLLATED_STRING: _string,
    Family.NAME: _string,
    Family.BYTES: _bytes,
    Family.UUID: _uuid,
    Family.INET: _inet,
    Family.BIT: _bit,
    Family.JSON: _json,
    Family.ENUM: _enum,
    Family.OID: _oid,
    Family.ARRAY: _array,
    Family.BOX2D: _box2d,
    Family.GEOMETRY: _ewkb,
    Family.GEOGRAPHY: _ewkb,
}

_ELEMENT = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^{},"]*?))\s*([,}])', re.DOTALL)


def parse_array(text: str) -> list[str | None]:
    """Return the elements of `{a,"b",NULL}` as texts."""
    body = text.strip()
    if not body.startswith("{") or not body.endswith("}"):
        raise InvalidValueError(
            f'could not parse "{text}" as type array: array must be enclosed in {{ and }}'
        )
    if not body[1:-1].strip():
        return []
    items: list[str | None] = []
    position = 1
    while position < len(body):
        match = _ELEMENT.match(body, position)
        if match is None:
            raise InvalidValueError(f'could not parse "{text}" as type array: malformed array')
        if match[1] is not None:
            items.append(re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL))
        else:
            items.append(None if match[2].upper() == "NULL" else match[2])
        position = match.end()
    return items


def format_float(value: float, extra_digits: int) -> str:
    """Return Go's `%g`: 15 + `extra_digits` digits, from 3 on the shortest that reads back."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    if extra_digits >= 3:
        return _go_form(repr(value), 6)
    digits = max(1, 15 + extra_digits)
    return _go_form(f"{value:.{digits - 1}e}", digits)


def _go_form(text: str, plain_digits: int) -> str:
    """Spell a number as Go does: with an exponent below 1e-4 and from `plain_digits` digits on."""
    mark = "-" if text.startswith("-") else ""
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = int(exponent or 0) + len(whole) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if not digits:
        return mark + "0"
    adjusted = point - 1
    if adjusted < -4 or adjusted >= plain_digits:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{mark}{digits[0]}{tail}e{'-' if adjusted < 0 else '+'}{abs(adjusted):02d}"
    if point <= 0:
        return f"{mark}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return mark + digits + "0" * (point - len(digits))
    return f"{mark}{digits[:point]}.{digits[point:]}"


def text_key(text: str, family: Family) -> bytes:
    """Return bytes that sort as the datums do, equal for equal datums."""
    match family:
        case Family.DECIMAL:
            return decimals.decimal_key(decimals.parse_decimal(text))
        case Family.TIMETZ:
            micros, offset = calendar.parse_timetz(text)
            return struct.pack(">qq", micros - offset * 1_000_000 + 2**62, -offset + 2**62)
        case Family.INET:
            address, _, bits = text.partition("/")
            ip = ipaddress.ip_address(address)
            return bytes([ip.version, int(bits) if bits else ip.max_prefixlen]) + ip.packed
        case Family.TIMESTAMP | Family.TIMESTAMPTZ:
            micros = calendar.parse_timestamp(text, with_zone=family is Family.TIMESTAMPTZ)
            return (micros + 2**95).to_bytes(12, "big")
        case Family.DATE:
            return (calendar.parse_date(text) + 2**63).to_bytes(9, "big")
        case Family.INTERVAL:
            months, days, micros = calendar.parse_interval(text)
            total = (months * 30 + days) * 86_400_000_000 + micros
            return b"".join((part + 2**95).to_bytes(12, "big") for part in (total, months, days))
        case _:
            return text.encode()
