"""Parameters of a statement: Python values become literals in the place of `$1`, `$2` …"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from ootheca.errors import InterfaceError, ProgrammingError, UnsupportedError
from ootheca.names import format_string
from ootheca.sql.placeholders import fill_placeholders, placeholder_numbers

__all__ = ["bind"]


def bind(sql: str, parameters: Sequence[object]) -> str:
    """Return a script with `$n` replaced by parameters as literals; strings and comments are left alone.

    Raises:
        InterfaceError: the parameters are no sequence.
        ProgrammingError: there are fewer parameters than the script asks for, or more.
        UnsupportedError: a Python type that has no literal.
    """
    if isinstance(parameters, Mapping | str | bytes) or not isinstance(parameters, Sequence):
        raise InterfaceError(
            f"parameters must be a sequence, not {type(parameters).__name__}",
            sqlstate="08P01",
            hint="give a list or a tuple: its first value stands for $1",
        )
    highest = max(placeholder_numbers(sql), default=0)
    if highest < len(parameters):
        raise ProgrammingError(f"expected {highest} arguments, got {len(parameters)}", sqlstate="08P01")

    def literal(number: int) -> str:
        if not 1 <= number <= len(parameters):
            raise ProgrammingError(f"no value provided for placeholder: ${number}", sqlstate="08P01")
        return _literal(parameters[number - 1])

    return fill_placeholders(sql, literal)


def _literal(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int():
            digits = str(Decimal(value))  # of any length, which `str` of an integer does not write
            return digits if value >= 0 else f"({digits})"
        case str() | Path():
            return format_string(str(value))
        case bytes() | bytearray() | memoryview():
            return f"x'{bytes(value).hex()}'"
        case list() | tuple():
            return f"ARRAY[{', '.join(map(_literal, value))}]"
        case _:
            text, type_name = _typed_text(value)
            return f"{format_string(text)}::{type_name}"


def _typed_text(value: object) -> tuple[str, str]:
    """Return the text of a value, and the type that reads it back."""
    match value:
        case float():
            return repr(value), "FLOAT8"
        case Decimal():
            return str(value), "DECIMAL"
        case uuid.UUID():
            return str(value), "UUID"
        case datetime.datetime():
            return value.isoformat(sep=" "), "TIMESTAMP" if value.tzinfo is None else "TIMESTAMPTZ"
        case datetime.date():
            return value.isoformat(), "DATE"
        case datetime.time():
            return value.isoformat(), "TIME" if value.tzinfo is None else "TIMETZ"
        case datetime.timedelta():
            return f"{value / datetime.timedelta(microseconds=1):.0f} microseconds", "INTERVAL"
        case Mapping():
            return _json(value), "JSONB"
        case _:
            raise UnsupportedError(f"a parameter of type {type(value).__name__} has no literal")


def _json(value: Mapping[object, object]) -> str:
    try:
        return json.dumps(dict(value))
    except (TypeError, ValueError) as exc:  # a ValueError of what holds itself
        raise UnsupportedError("a parameter that is a mapping holds what JSON cannot say") from exc
