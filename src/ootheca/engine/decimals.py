"""DECIMAL as CockroachDB computes it: exact sums and products, 20 significant digits for quotients, half up.

A decimal travels as its text (`1.10`, `1E+1000`, `NaN`), so that trailing zeros and exponents survive.
"""

from __future__ import annotations

import decimal
import struct
from collections.abc import Iterable
from decimal import Decimal

from ootheca.errors import InvalidValueError, OothecaError

__all__ = ["arithmetic", "decimal_key", "fit", "parse_decimal", "total"]

# Exact: no digit of a stored value is ever lost. Division: CockroachDB's DecimalCtx.
_EXACT = decimal.Context(prec=20_000, Emin=-999_999, Emax=999_999, rounding=decimal.ROUND_HALF_UP, traps=[])
_QUOTIENT = decimal.Context(prec=20, Emin=-2000, Emax=2000, rounding=decimal.ROUND_HALF_UP, traps=[])
_SPECIAL = {
    "nan": "NaN", "inf": "Infinity", "+inf": "Infinity", "infinity": "Infinity", "+infinity": "Infinity",
    "-inf": "-Infinity", "-infinity": "-Infinity",
}  # fmt: skip


def parse_decimal(text: str) -> Decimal:
    """Return the number of a text.

    Raises:
        InvalidValueError: in CockroachDB's words.
    """
    word = text.strip()
    special = _SPECIAL.get(word.lower())
    if special is not None:
        return Decimal(special)
    if word[:1] in "+-.0123456789" and "_" not in word:
        try:
            return Decimal(word)
        except decimal.InvalidOperation:
            pass
    raise InvalidValueError(f'could not parse "{text}" as type decimal: parse mantissa: {text}')


def to_int64(value: Decimal) -> int:
    """Round half up to a whole number of 64 bits.

    Raises:
        OothecaError: it does not fit, or is no number.
    """
    # The size comes first: 1e999999 written out is a million digits.
    if value.is_finite() and value.adjusted() < 19:
        whole = int(value.to_integral_value(rounding=decimal.ROUND_HALF_UP))
        if -(2**63) <= whole < 2**63:
            return whole
    raise OothecaError("integer out of range", sqlstate="22003")


def fit(value: Decimal, precision: int, scale: int) -> Decimal:
    """Round half up to DECIMAL(precision, scale); precision 0 leaves the value as it is.

    Raises:
        OothecaError: too many digits, in CockroachDB's words.
    """
    if not precision or not value.is_finite():
        return value
    rounded = value.quantize(Decimal((0, (1,), -scale)), context=_EXACT)
    if rounded and rounded.adjusted() >= precision - scale:
        whole = precision - scale
        raise OothecaError(
            f"value with precision {precision}, scale {scale} must round to an absolute value less than 10^{whole}",
            sqlstate="22003",
        )
    return rounded


def arithmetic(operator: str, left: Decimal, right: Decimal) -> Decimal:
    """Return `left operator right`: `+ - * / // % ^`."""
    if operator in {"/", "//", "%"} and right == 0 and not left.is_nan():
        raise OothecaError("division by zero" if operator != "%" else "zero modulus", sqlstate="22012")
    match operator:
        case "+":
            return _EXACT.add(left, right)
        case "-":
            return _EXACT.subtract(left, right)
        case "*":
            return _EXACT.multiply(left, right)
        case "/":
            return _QUOTIENT.divide(left, right)
        case "//":
            return _EXACT.divide_int(left, right)
        case "%":
            return _EXACT.remainder(left, right)
        case _:
            return _QUOTIENT.power(left, right)


def total(values: Iterable[Decimal]) -> Decimal:
    """Return the exact sum."""
    result = Decimal(0)
    for value in values:
        result = _EXACT.add(result, value)
    return result


def decimal_key(value: Decimal) -> bytes:
    """Return bytes that sort as the numbers do: NaN first, then -Infinity; equal for 1.0 and 1.00."""
    if value.is_nan():
        return b"\x00"
    if value.is_infinite():
        return b"\x05" if value > 0 else b"\x01"
    if value == 0:
        return b"\x03"
    sign, digits, _ = value.as_tuple()
    body = "".join(map(str, digits)).lstrip("0").rstrip("0").encode()
    magnitude = struct.pack(">I", value.adjusted() + 0x8000_0000) + body
    if not sign:
        return b"\x04" + magnitude
    # Negative numbers sort backwards: every byte complemented, and a longer one before its prefix.
    return b"\x02" + bytes(255 - byte for byte in magnitude) + b"\xff"
