"""AS OF SYSTEM TIME: from an expression to a time.

Source: reference/sql/01 §5 (forms and the order in which a string is tried), 09 §2 (messages).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ootheca.clock import Timestamp, parse_timestamp
from ootheca.codec.datetimes import parse_interval
from ootheca.codec.datetimes import parse_timestamp as parse_date_and_time
from ootheca.errors import InvalidValueError, OothecaError
from ootheca.sql.ast import (
    Annotation,
    Cast,
    Expr,
    FunctionCall,
    IntervalLiteral,
    NumberLiteral,
    StringLiteral,
    UnaryOp,
)

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["evaluate_as_of"]

_FOLLOWER_READS = frozenset({"follower_read_timestamp", "experimental_follower_read_timestamp"})
_FOLLOWER_LAG_NS = 4_800_000_000  # how far behind the present follower_read_timestamp() is by default
_DAY_NS = 86_400_000_000_000
_DECIMAL = re.compile(r"\d+(\.\d{1,10})?")


def evaluate_as_of(expr: Expr, session: Session) -> Timestamp:
    """Return the time that an AS OF SYSTEM TIME clause means.

    Raises:
        OothecaError: no constant, no time, or a time before 1970.
    """
    now = session.now()
    time = _evaluate(expr, now)
    if not time.wall_ns:
        raise OothecaError("AS OF SYSTEM TIME: zero timestamp is invalid")
    if time.wall_ns < 0:
        raise OothecaError("AS OF SYSTEM TIME: timestamp before 1970-01-01T00:00:00Z is invalid")
    if time > now:
        raise OothecaError(f"AS OF SYSTEM TIME: cannot specify timestamp in the future ({time} > {now})")
    return time


def _evaluate(expr: Expr, now: Timestamp) -> Timestamp:
    match expr:
        case StringLiteral(value):
            return _from_text(value, now)
        case NumberLiteral(text):
            return parse_timestamp(text)
        case UnaryOp("-", NumberLiteral(text)):
            return Timestamp(-parse_timestamp(text).wall_ns)
        case IntervalLiteral(value):
            return _before(now, value)
        case Cast(inner) | Annotation(inner):
            return _evaluate(inner, now)
        case FunctionCall(name) if name[-1] in _FOLLOWER_READS:
            return Timestamp(now.wall_ns - _FOLLOWER_LAG_NS)
        case _:
            raise OothecaError(
                "AS OF SYSTEM TIME: only constant expressions or follower_read_timestamp are allowed"
            )


def _from_text(text: str, now: Timestamp) -> Timestamp:
    """Try a timestamp, then a decimal, then an interval, as CockroachDB does."""
    if _DECIMAL.fullmatch(text):
        return parse_timestamp(text)
    try:
        seconds, nanos = parse_date_and_time(text, has_zone=True)
        return Timestamp(seconds * 1_000_000_000 + nanos)
    except InvalidValueError:
        pass
    try:
        return _before(now, text)
    except InvalidValueError:
        raise OothecaError("AS OF SYSTEM TIME: value is neither timestamp, decimal, nor interval") from None


def _before(now: Timestamp, text: str) -> Timestamp:
    months, days, nanos = parse_interval(text)
    offset_ns = (months * 30 + days) * _DAY_NS + nanos
    if abs(offset_ns) < 1000:
        raise OothecaError(
            f"AS OF SYSTEM TIME: interval value '{text}' too small, absolute value must be >= 1µs"
        )
    return Timestamp(now.wall_ns + offset_ns)
