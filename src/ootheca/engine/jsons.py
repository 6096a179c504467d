"""JSONB in CockroachDB's spelling: keys sorted bytewise, `": "` and `", "`, numbers with all their digits."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from ootheca.datum import format_decimal
from ootheca.errors import InvalidValueError

__all__ = ["contains", "format_json", "parse_json", "step"]

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
for _code in range(0x20):
    _ESCAPES.setdefault(chr(_code), f"\\u{_code:04x}")
_TABLE = str.maketrans(_ESCAPES)


def _refuse(word: str) -> Any:
    raise InvalidValueError(f"could not parse JSON: unable to decode JSON: invalid token {word}")


def parse_json(text: str) -> Any:
    """Return the value of a JSON text, numbers as Decimal.

    Raises:
        InvalidValueError: no JSON.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)
    except json.JSONDecodeError as exc:
        reason = "unexpected EOF" if exc.pos >= len(text.rstrip()) else f"invalid character {text[exc.pos]!r}"
        raise InvalidValueError(f"could not parse JSON: unable to decode JSON: {reason}") from exc


def format_json(value: Any) -> str:
    """Return the text of a value that `parse_json` made."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format_decimal(value)
    if isinstance(value, str):
        return f'"{value.translate(_TABLE)}"'
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda item: item[0].encode("utf-8", "surrogatepass"))
        return (
            "{" + ", ".join(f'"{key.translate(_TABLE)}": {format_json(item)}' for key, item in members) + "}"
        )
    return "[" + ", ".join(map(format_json, value)) + "]"


_ABSENT = object()


def step(value: Any, key: str | int) -> tuple[bool, Any]:
    """Return (found, member) of an object's key or an array's place; a text that is a number works for arrays."""
    if isinstance(value, dict) and isinstance(key, str):
        member = value.get(key, _ABSENT)
        return member is not _ABSENT, None if member is _ABSENT else member
    if isinstance(value, list):
        try:
            return True, value[int(key)]
        except (ValueError, IndexError):
            return False, None
    return False, None


def contains(left: Any, right: Any) -> bool:
    """Tell whether `left @> right`."""
    if isinstance(right, dict):
        return isinstance(left, dict) and all(k in left and contains(left[k], v) for k, v in right.items())
    if isinstance(right, list):
        return isinstance(left, list) and all(
            any(contains(item, wanted) for item in left) for wanted in right
        )
    if isinstance(left, list):
        return any(contains(item, right) for item in left)
    return type(left) is type(right) and bool(left == right)
