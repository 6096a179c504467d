"""Values of cluster settings: as SET takes them, as `system.settings` holds them, as SHOW prints them.

Sizes are held in bytes, enumerations by number, durations as Go prints them, everything else as text.

Source: fixtures/golden/*/h_cluster (`settings` of the marks: an enumeration held as `2`, booleans, text).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ootheca.errors import InvalidOptionError
from ootheca.exec.sizes import format_size, parse_size

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
_UNITS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9,
}  # fmt: skip
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)?\s*")
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d)\Z")


def encode_setting(name: str, kind: str, text: str) -> str:
    """Return a value as `system.settings` holds it.

    Args:
        kind: b, i, f, s, d (duration), z (byte size) or e (enumeration).

    Raises:
        InvalidOptionError: the text is no value of that kind.
    """
    encoded: str | None = text
    match kind:
        case "b":
            encoded = _BOOLEANS.get(text.lower())
        case "i":
            encoded = text if re.fullmatch(r"-?\d+", text) else None
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
    return encoded


def decode_setting(name: str, kind: str, stored: str) -> str:
    """Return a value as SHOW prints it."""
    if kind == "z" and stored.isdigit():
        return format_size(int(stored))
    if kind == "e" and stored.isdigit() and int(stored) < len(_CHOICES[name]):
        return _CHOICES[name][int(stored)]
    return stored


def _encode_choice(text: str, words: Sequence[str]) -> str:
    if text.lower() in words:
        return str(words.index(text.lower()))
    if text.isdigit() and int(text) < len(words):
        return text
    raise InvalidOptionError(
        f"invalid value {text!r} of an enumeration", hint="Available values: " + ", ".join(words)
    )


def _encode_size(text: str) -> str | None:
    try:
        return str(parse_size(text))
    except InvalidOptionError:
        return None


def _encode_duration(text: str) -> str | None:
    sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
    clock = _CLOCK.match(text)
    if clock is not None:
        nanoseconds = (int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3])) * _UNITS["s"]
        return sign + _go_duration(nanoseconds)
    parts = list(_DURATION_PART.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return None
    return sign + _go_duration(round(sum(float(part[1]) * _UNITS[part[2] or "s"] for part in parts)))


def _go_duration(nanoseconds: int) -> str:
    """Return a duration as Go prints it: `1m0s`, `1h30m0s`, `1.5s`, `250ms`."""
    if nanoseconds < _UNITS["s"]:
        unit = next((u for u in ("ms", "µs") if nanoseconds >= _UNITS[u]), "ns")
        return f"{nanoseconds / _UNITS[unit]:g}{unit}" if nanoseconds else "0s"
    minutes, rest = divmod(nanoseconds, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // _UNITS['s']}.{rest % _UNITS['s']:09d}".rstrip("0").rstrip(".")
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{seconds}s"
