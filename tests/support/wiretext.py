"""What a server of one version sends for a value, from the text representation of a column."""

from __future__ import annotations

import pyarrow as pa

from ootheca.datum import format_array
from ootheca.types import Family, SQLType


def wire_texts(column: pa.Array, type_: SQLType, version: str) -> list[str | None]:
    """Return the wire text of every value of a text column (`string`, or `list<string>`); NULL is None."""
    values = column.to_pylist()
    if type_.family is Family.ARRAY:
        return [None if value is None else format_array(value) for value in values]
    return [None if value is None else _printed(value, type_, version) for value in values]


def _printed(text: str, type_: SQLType, version: str) -> str:
    """Versions differ in zones, infinities and the signs of intervals."""
    family = type_.family
    if type_.oid == 1042:  # CHAR(n)
        return text.ljust(type_.width)
    if family is Family.TIMETZ:
        clock, zone = (text[:-6], text[-6:]) if text.count(":") == 3 else (text[:-9], text[-9:])
        return clock + zone[:6] if version == "20.2" else clock + zone.removesuffix(":00")
    if version == "20.2":
        return text
    if family is Family.FLOAT and text.endswith("Inf"):
        return text.replace("+", "") + "inity"
    if family is Family.TIMESTAMPTZ:
        return text.replace("+00:00:00", "+00")
    if family is Family.INTERVAL and text.startswith("-") and " days" in text:
        months, sign, days = text.rpartition(" mons ")
        return f"{months}{sign}+{days}" if sign and days[0].isdigit() else text
    return text
