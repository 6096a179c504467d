"""TIMESTAMP, INTERVAL and TIMETZ in their order-preserving encoding, which keys and lone values share.

Layout (varints as in keys; descending: each of them descending):
    TIMESTAMP(TZ)  14, varint seconds, varint nanoseconds
    INTERVAL       16, varint total nanoseconds (a month has 30 days of 24 hours), varint months, varint days
    TIMETZ         3c, varint (microseconds + offset in microseconds), varint offset, in seconds west
Source: reference 05 section 2; tables time_keys and dates of fixtures/golden/20.2/a_full.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.datums import Durations, Instants, ZonedTimes
from ootheca.codec.ordered import Positions, check_marker, decode_varint, encode_varint
from ootheca.codec.ragged import Ragged, concat_rows
from ootheca.errors import InvalidValueError

__all__ = ["decode_moments", "encode_moments"]

_TIME, _DURATION, _TIMETZ = 0x14, 0x16, 0x3C
_NANOS_PER_DAY = 86_400 * 10**9
_DAYS_PER_MONTH = 30
_MICROS = 10**6


def encode_moments(datums: Instants | Durations | ZonedTimes, *, is_descending: bool = False) -> Ragged:
    """Encode n values.

    Raises:
        InvalidValueError: the total of an interval exceeds 64 bits (CockroachDB refuses it as a key as well).
    """
    match datums:
        case Instants(seconds, nanos):
            marker, parts = _TIME, [seconds, nanos]
        case Durations(months, days, _):
            marker, parts = _DURATION, [_total_nanos(datums), months, days]
        case ZonedTimes(micros, offset):
            marker, parts = _TIMETZ, [micros + offset * _MICROS, offset]
    return concat_rows(
        [bytes([marker]), *(encode_varint(part, is_descending=is_descending) for part in parts)]
    )


def _total_nanos(durations: Durations) -> NDArray[np.int64]:
    whole_days = durations.months.astype(np.float64) * _DAYS_PER_MONTH + durations.days
    estimate = whole_days * _NANOS_PER_DAY + durations.nanos
    if bool((np.abs(estimate) > 9.2233e18).any()):
        raise InvalidValueError("overflow during Encode", hint="an interval in a key spans at most 292 years")
    return (durations.months * _DAYS_PER_MONTH + durations.days) * _NANOS_PER_DAY + durations.nanos


def decode_moments(
    data: NDArray[np.uint8],
    positions: Positions,
    kind: type[Instants] | type[Durations] | type[ZonedTimes],
    *,
    is_descending: bool = False,
) -> tuple[Instants | Durations | ZonedTimes, Positions]:
    """Decode values of one kind: n values and the positions after them.

    Raises:
        CorruptionError: another kind of value stands there.
    """
    if kind is Instants:
        after = check_marker(data, positions, _TIME, "timestamp")
        seconds, after = decode_varint(data, after, is_descending=is_descending)
        nanos, after = decode_varint(data, after, is_descending=is_descending)
        return Instants(seconds, nanos), after
    if kind is ZonedTimes:
        after = check_marker(data, positions, _TIMETZ, "time with time zone")
        total, after = decode_varint(data, after, is_descending=is_descending)
        offset, after = decode_varint(data, after, is_descending=is_descending)
        return ZonedTimes(total - offset * _MICROS, offset), after
    after = check_marker(data, positions, _DURATION, "interval")
    total, after = decode_varint(data, after, is_descending=is_descending)
    months, after = decode_varint(data, after, is_descending=is_descending)
    days, after = decode_varint(data, after, is_descending=is_descending)
    return Durations(months, days, total - (months * _DAYS_PER_MONTH + days) * _NANOS_PER_DAY), after
