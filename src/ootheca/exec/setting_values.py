"""Values of cluster settings: as SET takes them, as `system.settings` holds them, as SHOW prints them.

Sizes are held in bytes, enumerations by number, durations as Go prints them, everything else as text.

Source: fixtures/golden/*/h_cluster (`settings` of the marks: an enumeration held as `2`, booleans, text).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ootheca.errors import InvalidOptionError
from ootheca.exec.quantities import (
    format_duration,
    format_size,
    parse_duration,
    parse_int,
    parse_size,
)

__all__ = ["decode_setting", "encode_setting"]

_BOOLEANS: Final = {
    "true": "true", "t": "true", "on": "true", "yes": "true",
    "false": "false", "f": "false", "off": "false", "no": "false",
}  # fmt: skip
_CHOICES: Final = {
    "sql.defaults.distsql": ("off", "auto", "on", "always"),
    "sql.defaults.serial_normalization": ("rowid", "virtual_sequence", "sql_sequence", "sql_sequence_cached"),
}
_TYPE_WORDS: Final = {"b": "bool", "i": "int", "d": "interval", "z": "byte size"}


def encode_setting(name: str, kind: str, text: str) -> str:
    """Return a value as `system.settings` holds it.

    Args:
        kind: b, i, f, s, d (duration), z (byte size) or e (enumeration).

    Raises:
        InvalidOptionError: the text is no value of that kind.
    """
    encoded: object = text
    match kind:
        case "b":
            encoded = _BOOLEANS.get(text.lower())
        case "i":
            encoded = parse_int(text)
        case "z":
            encoded = _encode_size(text)
        case "d":
            encoded = _encode_duration(text)
        case "e":
            encoded = _encode_choice(text, _CHOICES[name])
    if encoded is None:
        raise InvalidOptionError(
            f"argument of {name} must be type {_TYPE_WORDS[kind]}, not {text!r}", sqlstate="42804"
        )
    return str(encoded)


def decode_setting(name: str, kind: str, stored: str) -> str:
    """Return a value as SHOW prints it."""
    number = parse_int(stored) if kind in ("z", "e") else None
    if number is None or number < 0:
        return stored
    if kind == "z":
        return format_size(number)
    words = _CHOICES[name]
    return words[number] if number < len(words) else stored


def _encode_choice(text: str, words: Sequence[str]) -> str:
    if text.lower() in words:
        return str(words.index(text.lower()))
    number = parse_int(text)
    if number is not None and 0 <= number < len(words):
        return str(number)
    raise InvalidOptionError(
        f"invalid value {text!r} of an enumeration", hint="Available values: " + ", ".join(words)
    )


def _encode_size(text: str) -> int | None:
    try:
        return parse_size(text)
    except InvalidOptionError:
        return None


def _encode_duration(text: str) -> str | None:
    try:
        return format_duration(parse_duration(text))
    except InvalidOptionError:
        return None
