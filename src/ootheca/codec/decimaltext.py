"""DECIMAL as text and as Arrow's decimal128.

Source: reference 05 section 8; tables decs and dec_keys of fixtures/golden/20.2/a_full (`expect.json`).

Texts without exponent, of coefficients below 2^64 (formatting) and of up to 18 digits (parsing), are worked on for all
rows at once; the others one by one.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ootheca.codec.datums import FINITE, INFINITE, NAN, Decimals, num_values, override, take
from ootheca.codec.decimals import (
    coefficient_of,
    digits_of,
    from_parts,
    int_of_digits,
    is_large,
    num_digits,
    special,
    zeros,
)
from ootheca.codec.ragged import Ragged, concat_rows, gather
from ootheca.errors import InvalidValueError

__all__ = [
    "format_decimals",
    "format_parts",
    "from_decimal128",
    "parse_decimals",
    "parse_parts",
    "to_decimal128",
]

_SPELLING = re.compile(r"\s*([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d+))?\s*")
_SPECIAL = re.compile(r"\s*([+-]?)(?:(nan)|(inf(?:inity)?))\s*", re.IGNORECASE)
_LEAST_ADJUSTED = -6
_MAX_EXPONENT = 100_000  # CockroachDB's own limit
_DOT, _MINUS, _DIGIT_ZERO = 0x2E, 0x2D, 0x30
_PARSED_DIGITS = 18
_MAX_ZEROS = 20


def format_parts(negative: bool, coefficient: int, exponent: int) -> str:
    """Return the text of one finite number: plain, or with an exponent if it is positive or the number tiny."""
    sign, digits = "-" if negative else "", digits_of(coefficient)
    adjusted = exponent + len(digits) - 1
    if exponent <= 0 and adjusted >= _LEAST_ADJUSTED:
        if exponent == 0:
            return sign + digits
        digits = digits.rjust(1 - exponent, "0")
        return f"{sign}{digits[:exponent]}.{digits[exponent:]}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{sign}{mantissa}E{adjusted:+d}"


def parse_parts(text: str) -> tuple[bool, int, int]:
    """Return (is negative, coefficient, exponent) of one finite number, every digit kept.

    Raises:
        InvalidValueError: it is none, or its exponent is beyond CockroachDB's.
    """
    match = _SPELLING.fullmatch(text)
    if match is None:
        raise _invalid(text)
    sign, whole, fraction, bare, power = match.groups()
    fraction = bare if bare is not None else fraction
    if len(power or "") > len(str(_MAX_EXPONENT)) + 1:
        raise _invalid(text)
    exponent = int(power or 0) - len(fraction)
    if abs(exponent) > _MAX_EXPONENT:
        raise _invalid(text)
    return sign == "-", int_of_digits((whole or "") + fraction), exponent


def _invalid(text: str) -> InvalidValueError:
    return InvalidValueError(f'could not parse "{text}" as type decimal')


def _parse_one(text: str) -> Decimals:
    match = _SPECIAL.fullmatch(text)
    if match is None:
        return from_parts([parse_parts(text)])
    return special(NAN) if match[2] else special(INFINITE, is_negative=match[1] == "-")


def parse_decimals(texts: Ragged) -> Decimals:
    """Parse n texts in any spelling of PostgreSQL's; digits are kept as written.

    Raises:
        InvalidValueError: one is no decimal.
    """
    texts = texts.compact()
    data, offsets = texts.data, texts.offsets
    is_digit = (data - np.uint8(_DIGIT_ZERO)) < 10
    digits_before = np.zeros(data.size + 1, np.int64)
    np.cumsum(is_digit, out=digits_before[1:])
    dots = np.flatnonzero(data == _DOT)
    dots_before = np.searchsorted(dots, offsets)
    num_dots = np.diff(dots_before)
    counts = np.diff(digits_before[offsets])
    lead = np.zeros(len(texts), np.uint8)
    filled = np.flatnonzero(texts.lengths)
    lead[filled] = data[offsets[filled]]
    negative = lead == _MINUS
    plain = (counts > 0) & (counts <= _PARSED_DIGITS) & (num_dots <= 1)
    plain &= counts + num_dots + negative == texts.lengths
    result = zeros(len(texts))
    rows = np.flatnonzero(plain)
    if rows.size:
        flat = Ragged(data[is_digit], digits_before[offsets])
        result.coefficient[rows] = _unsigned(flat if rows.size == len(texts) else flat.take(rows))
        result.negative[rows] = negative[rows]
        with_dot = np.flatnonzero(plain & (num_dots == 1))
        after_dot = digits_before[offsets[with_dot + 1]] - digits_before[dots[dots_before[with_dot]]]
        result.exponent[with_dot] = -after_dot
    odd = np.flatnonzero(~plain)
    if odd.size == 0:
        return result
    others = [_parse_one(text.decode(errors="replace")) for text in texts.take(odd).to_list()]
    for row, other in zip(odd.tolist(), others, strict=True):
        result = (
            override(result, np.array([row]), other) if other.large is not None else _put(result, row, other)
        )
    return result


def _put(decimals: Decimals, row: int, value: Decimals) -> Decimals:
    """Write one small number into arrays that nobody else holds."""
    decimals.form[row], decimals.negative[row] = value.form[0], value.negative[0]
    decimals.exponent[row], decimals.coefficient[row] = value.exponent[0], value.coefficient[0]
    return decimals


def _unsigned(digits: Ragged) -> NDArray[np.uint64]:
    array = digits.to_arrow().cast(pa.large_string()).cast(pa.uint64())
    return np.asarray(array.to_numpy(zero_copy_only=False))


def format_decimals(decimals: Decimals) -> Ragged:
    """Return the texts of n numbers."""
    digits = num_digits(decimals.coefficient)
    adjusted = decimals.exponent + digits - 1
    plain = (decimals.form == FINITE) & (decimals.exponent <= 0) & (adjusted >= _LEAST_ADJUSTED)
    if decimals.large is not None:
        plain &= ~is_large(decimals)
    if bool(plain.all()):
        return _format_plain(decimals)
    rows, odd = np.flatnonzero(plain), np.flatnonzero(~plain)
    others = Ragged.from_list([_format_one(decimals, row).encode() for row in odd.tolist()])
    order = np.empty(plain.size, np.int64)
    order[rows] = np.arange(rows.size)
    order[odd] = rows.size + np.arange(odd.size)
    return Ragged.concat([_format_plain(take(decimals, rows)), others]).take(order)


def _format_one(decimals: Decimals, row: int) -> str:
    negative = bool(decimals.negative[row])
    if decimals.form[row] == NAN:
        return "NaN"
    if decimals.form[row] == INFINITE:
        return "-Infinity" if negative else "Infinity"
    return format_parts(negative, coefficient_of(decimals, row), int(decimals.exponent[row]))


def _format_plain(decimals: Decimals) -> Ragged:
    if num_values(decimals) == 0:
        return Ragged.empty()
    text = pa.array(decimals.coefficient).cast(pa.large_string()).cast(pa.large_binary())
    digits = Ragged.from_arrow(text)
    places = -decimals.exponent
    signs = _repeated(b"-", decimals.negative.astype(np.int64))
    if not bool(places.any()):
        return concat_rows([signs, digits])
    padding = _repeated(b"0" * _MAX_ZEROS, np.maximum(places + 1 - digits.lengths, 0))
    padded = concat_rows([padding, digits])
    whole = gather(padded.data, padded.starts, padded.lengths - places)
    fraction = gather(padded.data, padded.offsets[1:] - places, places)
    return concat_rows([signs, whole, _repeated(b".", (places > 0).astype(np.int64)), fraction])


def _repeated(text: bytes, sizes: NDArray[np.int64]) -> Ragged:
    """The first `sizes[i]` bytes of one text for each row."""
    return gather(np.frombuffer(text, np.uint8), np.zeros(sizes.size, np.int64), sizes)


def to_decimal128(decimals: Decimals, precision: int, scale: int) -> NDArray[np.int64] | None:
    """Return int64[n, 2], the two words of each unscaled integer, low word first; None if one does not fit exactly.

    It fits if it is finite, not a negative zero, has exactly `scale` digits after the point and at most `precision`.
    """
    if bool((decimals.form != FINITE).any()) or bool((decimals.exponent != -scale).any()):
        return None
    zero = decimals.coefficient == 0
    if decimals.large is not None:
        zero &= ~is_large(decimals)
    if bool((decimals.negative & zero).any()):
        return None
    if precision < _MAX_ZEROS and bool((decimals.coefficient >= np.uint64(10**precision)).any()):
        return None
    words = np.empty((decimals.form.size, 2), np.int64)
    low = decimals.coefficient.view(np.int64)
    words[:, 0] = np.where(decimals.negative, -low, low)
    words[:, 1] = np.where(decimals.negative, -1, 0)
    if decimals.large is None:
        return words
    for row in np.flatnonzero(is_large(decimals)).tolist():
        value = coefficient_of(decimals, row)
        if value >= 10**precision:
            return None
        signed = (-value if decimals.negative[row] else value).to_bytes(16, "little", signed=True)
        words[row] = np.frombuffer(signed, "<i8")
    return words


def from_decimal128(words: NDArray[np.int64], scale: int) -> Decimals:
    """Take int64[n, 2] unscaled integers, low word first."""
    low, high = words[:, 0].view(np.uint64), words[:, 1]
    negative = high < 0
    magnitude = np.where(negative, ~low + np.uint64(1), low)
    # Minus 2^64 has a low word of 0 and is not small.
    small = np.where(negative, (high == -1) & (low != 0), high == 0)
    exponent = np.full(low.size, -scale, np.int64)
    form = np.zeros(low.size, np.uint8)
    if bool(small.all()):
        return Decimals(form, negative, exponent, magnitude)
    large = np.full(low.size, None, object)
    for row in np.flatnonzero(~small):
        large[row] = abs(int.from_bytes(words[row].astype("<i8").tobytes(), "little", signed=True))
    return Decimals(form, negative, exponent, np.where(small, magnitude, np.uint64(0)), large)
