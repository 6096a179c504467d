"""DECIMAL as bytes: the ordered encoding of keys and the exact one of values.

Layout, ordered (keys): the number as 0.d1d2d3… * 100^E in base-100 digits; M = 2*digit+1 for each, 2*digit for the last
    27 zero | 28 uvarint-desc(-E) M | 29+E M (0 <= E <= 10) | 34 uvarint(E) M | each M ends with 00
    negative: 26 uvarint(-E) | 25-E | 1a uvarint-desc(E), M complemented, 00
    18 NaN (36 descending), 19 -infinity, 35 +infinity; descending = the negated number
Layout, exact (values): e = digits + exponent
    27 exactly 0 | 28 uvarint(-e) C (e < 0) | 29 C (e = 0) | 34 uvarint(e) C (e > 0) | 26, 25, 1a likewise if negative
    C = coefficient, big-endian, empty for 0; NaN and infinities as above
Source: reference 05 sections 2 and 6; tables decs, dec_keys, dec_keys_desc of fixtures/golden/20.2/a_full.

Coefficients of more than 18 digits in keys, and of more than 8 bytes in values, take a path through Python integers.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.datums import FINITE, INFINITE, NAN, Decimals, num_values, override
from ootheca.codec.ordered import (
    Positions,
    decode_uvarint,
    decode_uvarint_desc,
    encode_uvarint,
    encode_uvarint_desc,
    first_bytes,
)
from ootheca.codec.ragged import Ragged, concat_rows, gather, load_be64
from ootheca.errors import CorruptionError

__all__ = [
    "coefficient_of",
    "decode_exact",
    "decode_ordered",
    "digits_of",
    "encode_exact",
    "encode_ordered",
    "from_parts",
    "is_composite",
    "is_large",
    "num_digits",
    "special",
    "zeros",
]

_NAN, _NEG_INF, _NEG_LARGE, _NEG_MEDIUM, _NEG_SMALL = 0x18, 0x19, 0x1A, 0x25, 0x26
_ZERO, _POS_SMALL, _POS_MEDIUM, _POS_LARGE, _POS_INF, _NAN_DESC = 0x27, 0x28, 0x29, 0x34, 0x35, 0x36
_MAX_MEDIUM = 10  # E of the last medium marker
_POWERS = np.array([10**k for k in range(20)], np.uint64)
_SMALL_DIGITS = 18  # nine base-100 digits fit a uint64 with room for one more


def num_digits(coefficient: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return int64[n]: decimal digits of each; 1 for 0."""
    return np.maximum(np.searchsorted(_POWERS, coefficient, side="right"), 1).astype(np.int64)


def zeros(num_rows: int) -> Decimals:
    """Return n times the number 0, to be filled in."""
    return Decimals(
        np.zeros(num_rows, np.uint8),
        np.zeros(num_rows, np.bool_),
        np.zeros(num_rows, np.int64),
        np.zeros(num_rows, np.uint64),
    )


def special(form: int, *, is_negative: bool = False) -> Decimals:
    """Return one NaN or infinity."""
    one = zeros(1)
    one.form[0], one.negative[0] = form, is_negative
    return one


def from_parts(parts: list[tuple[bool, int, int]]) -> Decimals:
    """Return finite numbers from (is negative, coefficient of any size, exponent)."""
    result = zeros(len(parts))
    large = np.full(len(parts), None, object)
    for row, (negative, coefficient, exponent) in enumerate(parts):
        result.negative[row], result.exponent[row] = negative, exponent
        if coefficient >> 64:
            large[row] = coefficient
        else:
            result.coefficient[row] = coefficient
    has_large = any(value is not None for value in large)
    return Decimals(
        result.form, result.negative, result.exponent, result.coefficient, large if has_large else None
    )


def digits_of(coefficient: int) -> str:
    """Return a coefficient's decimal digits, also where they are more than the 4300 that `str` writes."""
    return str(Decimal(coefficient))


def int_of_digits(digits: str) -> int:
    """Return the coefficient of decimal digits, also where they are more than the 4300 that `int` reads."""
    return int(Decimal(digits))


def coefficient_of(decimals: Decimals, row: int) -> int:
    """Return one coefficient as a Python integer."""
    if decimals.large is not None and decimals.large[row] is not None:
        return int(decimals.large[row])
    return int(decimals.coefficient[row])


def is_large(decimals: Decimals) -> NDArray[np.bool_]:
    """Return bool[n]: numbers whose coefficient exceeds 64 bits."""
    if decimals.large is None:
        return np.zeros(num_values(decimals), np.bool_)
    return np.array([coefficient is not None for coefficient in decimals.large], np.bool_)


def is_composite(decimals: Decimals) -> NDArray[np.bool_]:
    """Return bool[n]: whether a key loses something of the number, so that the value holds it as well."""
    result: NDArray[np.bool_] = decimals.coefficient % np.uint64(10) == 0
    for row in np.flatnonzero(is_large(decimals)).tolist():
        result[row] = coefficient_of(decimals, row) % 10 == 0
    return result


def encode_exact(decimals: Decimals) -> Ragged:
    """Return n rows: the exact form, without a length."""
    large = is_large(decimals)
    digits = num_digits(decimals.coefficient)
    for row in np.flatnonzero(large).tolist():
        digits[row] = len(digits_of(coefficient_of(decimals, row)))
    point = digits + decimals.exponent
    size = np.sign(point)
    markers = np.where(
        decimals.negative,
        np.choose(size + 1, [_NEG_SMALL, _NEG_MEDIUM, _NEG_LARGE]),
        np.choose(size + 1, [_POS_SMALL, _POS_MEDIUM, _POS_LARGE]),
    ).astype(np.uint8)
    finite = decimals.form == FINITE
    plain_zero = finite & ~large & (decimals.coefficient == 0) & ~decimals.negative & (decimals.exponent == 0)
    markers[plain_zero] = _ZERO
    markers[decimals.form == NAN] = _NAN
    infinite = decimals.form == INFINITE
    markers[infinite] = np.where(decimals.negative[infinite], _NEG_INF, _POS_INF)
    bare = plain_zero | ~finite
    exponents = encode_uvarint(np.abs(np.where(bare, 0, point)).view(np.uint64))
    no_exponent = bare | (point == 0)
    if bool(no_exponent.any()):
        exponents = gather(exponents.data, exponents.starts, np.where(no_exponent, 0, exponents.lengths))
    return concat_rows([markers.reshape(-1, 1), exponents, _coefficient_bytes(decimals, large & ~bare, bare)])


def _coefficient_bytes(decimals: Decimals, large: NDArray[np.bool_], bare: NDArray[np.bool_]) -> Ragged:
    words = decimals.coefficient.astype(">u8").view(np.uint8)
    sizes = np.zeros(decimals.coefficient.size, np.int64)
    for size in range(8):
        sizes += decimals.coefficient >= np.uint64(1 << (8 * size))
    sizes[bare] = 0
    starts = np.arange(sizes.size, dtype=np.int64) * 8 + 8 - sizes
    rows = np.flatnonzero(large)
    if rows.size == 0:
        return gather(words, starts, sizes)
    numbers = [coefficient_of(decimals, row) for row in rows.tolist()]
    extra = Ragged.from_list([number.to_bytes((number.bit_length() + 7) // 8, "big") for number in numbers])
    starts[rows], sizes[rows] = words.size + extra.starts, extra.lengths
    return gather(np.concatenate([words, extra.data]), starts, sizes)


def decode_exact(data: NDArray[np.uint8], starts: Positions, ends: Positions) -> Decimals:
    """Decode the exact forms in [start, end).

    Raises:
        CorruptionError: an impossible first byte, or a length that does not fit the form.
    """
    markers = first_bytes(data, starts)
    if bool((starts >= ends).any()):
        raise CorruptionError("a decimal without bytes")
    has_exponent = np.isin(markers, (_NEG_LARGE, _NEG_SMALL, _POS_SMALL, _POS_LARGE))
    number = has_exponent | (markers == _POS_MEDIUM) | (markers == _NEG_MEDIUM)
    infinite = (markers == _POS_INF) | (markers == _NEG_INF)
    nan = markers == _NAN
    if not bool((number | infinite | nan | (markers == _ZERO)).all()):
        raise CorruptionError("a decimal begins with an impossible byte")
    point, after = np.zeros(starts.size, np.int64), starts + 1
    rows = np.flatnonzero(has_exponent)
    if rows.size:
        exponents, after[rows] = decode_uvarint(data, after[rows])
        below = (markers[rows] == _NEG_SMALL) | (markers[rows] == _POS_SMALL)
        point[rows] = np.where(below, -exponents, exponents)
    sizes = ends - after
    if bool((sizes < 0).any()) or bool((sizes[~number] != 0).any()):
        raise CorruptionError("a decimal of the wrong length")
    shift = (64 - 8 * np.clip(sizes, 1, 8)).astype(np.uint64)
    coefficient = np.where((sizes == 0) | (sizes > 8), np.uint64(0), load_be64(data, after) >> shift)
    digits, large = num_digits(coefficient), None
    rows = np.flatnonzero(sizes > 8)
    if rows.size:
        large = np.full(starts.size, None, object)
        for row in rows:
            big = int.from_bytes(data[after[row] : ends[row]].tobytes(), "big")
            large[row], digits[row] = big, len(digits_of(big))
    form = np.where(nan, NAN, np.where(infinite, INFINITE, FINITE)).astype(np.uint8)
    negative = (markers <= _NEG_SMALL) & (markers != _NAN)
    return Decimals(form, negative, np.where(number, point - digits, 0), coefficient, large)


def encode_ordered(decimals: Decimals, *, is_descending: bool = False) -> Ragged:
    """Return n rows: the ordered form of a key."""
    negative = decimals.negative ^ is_descending
    large = is_large(decimals)
    too_long = large | (decimals.coefficient >= _POWERS[_SMALL_DIGITS])
    zero = (decimals.coefficient == 0) & ~large
    finite = (decimals.form == FINITE) & ~zero
    coefficient = np.where(finite & ~too_long, decimals.coefficient, np.uint64(1))
    digits = num_digits(coefficient)
    for row in np.flatnonzero(too_long).tolist():
        digits[row] = len(digits_of(coefficient_of(decimals, row)))
    point = np.where(finite, digits + decimals.exponent, 1)
    power = -((-point) >> 1)  # ceil(point / 2): E
    markers = np.where(negative, _NEG_MEDIUM - power, _POS_MEDIUM + power)
    above, below = power > _MAX_MEDIUM, power < 0
    markers = np.where(above, np.where(negative, _NEG_LARGE, _POS_LARGE), markers)
    markers = np.where(below, np.where(negative, _NEG_SMALL, _POS_SMALL), markers)
    markers[zero] = _ZERO
    markers[decimals.form == NAN] = _NAN_DESC if is_descending else _NAN
    infinite = decimals.form == INFINITE
    markers[infinite] = np.where(negative[infinite], _NEG_INF, _POS_INF)
    head = _ordered_powers(power, negative, finite & (above | below))
    mantissa = _mantissas(decimals, coefficient, digits, (point & 1) == 1, negative, finite, too_long)
    return concat_rows([markers.astype(np.uint8).reshape(-1, 1), head, mantissa])


def _ordered_powers(
    power: NDArray[np.int64], negative: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> Ragged:
    """E where the marker does not hold it: ascending or descending as the number's order asks for."""
    if not bool(wanted.any()):
        return Ragged(np.empty(0, np.uint8), np.zeros(power.size + 1, np.int64))
    magnitude = np.abs(power).view(np.uint64)
    ascending, descending = encode_uvarint(magnitude), encode_uvarint_desc(magnitude)
    both = Ragged.concat([ascending, descending])
    is_ascending = (power > 0) ^ negative
    chosen = np.where(is_ascending, 0, power.size) + np.arange(power.size)
    return gather(both.data, both.offsets[chosen], np.where(wanted, both.lengths[chosen], 0))


def _mantissas(
    decimals: Decimals,
    coefficient: NDArray[np.uint64],
    digits: NDArray[np.int64],
    is_odd: NDArray[np.bool_],
    negative: NDArray[np.bool_],
    finite: NDArray[np.bool_],
    too_long: NDArray[np.bool_],
) -> Ragged:
    """M and its terminator; empty for zero, NaN and infinities.

    A coefficient of up to 18 digits is aligned left to 18, with an odd point behind a zero: at most ten pairs.
    """
    num_rows = coefficient.size
    aligned = coefficient * _POWERS[_SMALL_DIGITS - np.minimum(digits, _SMALL_DIGITS)]
    aligned = np.where(is_odd, aligned * np.uint64(10), aligned)
    pairs = np.empty((num_rows, 10), np.uint8)
    rest, base = aligned, np.uint64(100)
    for column in range(9, 0, -1):
        quotient = rest // base
        pairs[:, column] = rest - quotient * base
        rest = quotient
    pairs[:, 0] = rest
    first = np.where(is_odd, 0, 1)
    last = 9 - np.argmax(pairs[:, ::-1] != 0, axis=1)
    matrix = np.zeros((num_rows, 11), np.uint8)
    matrix[:, :10] = pairs * 2 + 1
    every = np.arange(num_rows)
    matrix[every, last] -= 1
    matrix[:, :10] ^= np.where(negative, np.uint8(0xFF), np.uint8(0))[:, None]
    matrix[every, last + 1] = 0
    lengths = np.where(finite, last - first + 2, 0)
    starts = every * 11 + first
    rows = np.flatnonzero(too_long & finite)
    if rows.size == 0:
        return gather(matrix.reshape(-1), starts, lengths)
    extra = Ragged.from_list(
        [
            _long_mantissa(coefficient_of(decimals, row), bool(is_odd[row]), bool(negative[row]))
            for row in rows.tolist()
        ]
    )
    starts[rows], lengths[rows] = matrix.size + extra.starts, extra.lengths
    return gather(np.concatenate([matrix.reshape(-1), extra.data]), starts, lengths)


def _long_mantissa(coefficient: int, is_odd: bool, is_negative: bool) -> bytes:
    text = ("0" if is_odd else "") + digits_of(coefficient)
    text = text.rstrip("0")
    text += "0" * (len(text) % 2)
    pairs = [int(text[at : at + 2]) * 2 + 1 for at in range(0, len(text), 2)]
    pairs[-1] -= 1
    return bytes(255 - pair if is_negative else pair for pair in pairs) + b"\x00"


def decode_ordered(
    data: NDArray[np.uint8], positions: Positions, *, is_descending: bool = False
) -> tuple[Decimals, Positions]:
    """Decode the ordered form; coefficients come without trailing zeros.

    Raises:
        CorruptionError: another kind of value stands there, or a mantissa without end.
    """
    markers = first_bytes(data, positions)
    nan = markers == (_NAN_DESC if is_descending else _NAN)
    infinite = (markers == _POS_INF) | (markers == _NEG_INF)
    negative = ((markers >= _NEG_LARGE) & (markers <= _NEG_SMALL)) | (markers == _NEG_INF)
    number = (markers >= _NEG_LARGE) & (markers <= _POS_LARGE) & (markers != _ZERO)
    if not bool((nan | infinite | number | (markers == _ZERO)).all()):
        raise CorruptionError("a decimal begins with an impossible byte")
    lead = markers.astype(np.int64)
    power = np.where(negative, _NEG_MEDIUM - lead, lead - _POS_MEDIUM)
    after = positions + 1
    for marker, decode, sign in (
        (_NEG_LARGE, decode_uvarint_desc, 1),
        (_NEG_SMALL, decode_uvarint, -1),
        (_POS_SMALL, decode_uvarint_desc, -1),
        (_POS_LARGE, decode_uvarint, 1),
    ):
        rows = np.flatnonzero(markers == marker)
        if rows.size:
            exponents, after[rows] = decode(data, after[rows])
            power[rows] = sign * exponents
    form = np.where(nan, NAN, np.where(infinite, INFINITE, FINITE)).astype(np.uint8)
    result = Decimals(form, negative, np.zeros(lead.size, np.int64), np.zeros(lead.size, np.uint64))
    rows = np.flatnonzero(number)
    if rows.size:
        values, after[rows] = _decode_mantissas(data, after[rows], power[rows], negative[rows])
        result = override(result, rows, values)
    if is_descending:
        flipped = result.negative ^ (number | infinite)
        result = Decimals(result.form, flipped, result.exponent, result.coefficient, result.large)
    return result, after


def _decode_mantissas(
    data: NDArray[np.uint8], positions: Positions, power: NDArray[np.int64], negative: NDArray[np.bool_]
) -> tuple[Decimals, Positions]:
    flip = np.where(negative, np.uint8(0xFF), np.uint8(0))
    coefficient, pairs = np.zeros(power.size, np.uint64), np.zeros(power.size, np.int64)
    running = np.ones(power.size, np.bool_)
    final = np.zeros(power.size, np.uint8)
    for index in range(_SMALL_DIGITS // 2):
        byte = first_bytes(data, np.minimum(positions + index, data.size - 1)) ^ flip
        coefficient = np.where(running, coefficient * np.uint64(100) + (byte >> 1), coefficient)
        pairs += running
        ends = running & (byte & 1 == 0)
        final[ends] = byte[ends] >> 1
        running &= ~ends
        if not bool(running.any()):
            break
    stripped = (final % 10 == 0) & ~running
    coefficient = np.where(stripped, coefficient // np.uint64(10), coefficient)
    exponent = 2 * (power - pairs) + stripped
    after = positions + pairs
    result = Decimals(np.zeros(power.size, np.uint8), negative, exponent, coefficient)
    rows = np.flatnonzero(running)
    if rows.size:
        longs, ends_at = zip(
            *(_decode_long(data, int(positions[row]), int(power[row]), bool(negative[row])) for row in rows),
            strict=True,
        )
        result = override(result, rows, from_parts(list(longs)))
        after[rows] = ends_at
    if bool((first_bytes(data, after) != 0).any()):
        raise CorruptionError("a decimal without terminator")
    return result, after + 1


def _decode_long(
    data: NDArray[np.uint8], position: int, power: int, is_negative: bool
) -> tuple[tuple[bool, int, int], int]:
    """One mantissa of more than nine pairs: (parts, position of its terminator)."""
    flip = 0xFF if is_negative else 0
    text = []
    for at in range(position, int(data.size)):
        byte = int(data[at]) ^ flip
        text.append(f"{byte >> 1:02d}")
        if byte & 1 == 0:
            digits = "".join(text)
            stripped = digits.rstrip("0")
            exponent = 2 * power - len(digits) + (len(digits) - len(stripped))
            return (is_negative, int_of_digits(stripped or "0"), exponent), at + 1
    raise CorruptionError("a decimal without terminator")
