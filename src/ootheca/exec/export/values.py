"""The text of exported values; IMPORT reads that of CSV back: `ARRAY['a':::STRING]`, `'ä' COLLATE de`."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from ootheca.datum import wire_array
from ootheca.names import format_string
from ootheca.types import Family, SQLType

__all__ = ["csv_texts", "value_texts"]

_LITERAL_TYPES: Final = {Family.INT: "INT8", Family.FLOAT: "FLOAT8", Family.JSON: "JSONB"}


def csv_texts(array: pa.Array, type_: SQLType, version: str) -> pa.StringArray:
    """Return the text that IMPORT reads back as the same value."""
    if type_.family is Family.COLLATED_STRING:
        texts = array.to_pylist()
        return pa.array([None if text is None else _literal(text, type_) for text in texts], pa.string())
    if type_.family is Family.ARRAY and pa.types.is_list(array.type):
        return _array_texts(array, type_, version)
    return value_texts(array, type_, version)


def value_texts(array: pa.Array, type_: SQLType, version: str) -> pa.StringArray:
    """Return what a value's text is by itself; the wire words some families differently."""
    match type_.family:
        case Family.STRING | Family.COLLATED_STRING:
            return array.cast(pa.string())
        case Family.TIMETZ:
            return pc.replace_substring_regex(array.cast(pa.string()), r"([+-]\d\d:\d\d)$", r"\1:00")
        case Family.BOOL if pa.types.is_boolean(array.type):
            return array.cast(pa.string())
        case Family.TIMESTAMPTZ:
            return pc.replace_substring(wire_array(array, type_), "+00:00:00", "+00:00")
        case Family.FLOAT:
            return pc.replace_substring_regex(wire_array(array, type_), r"^(-?\d{1,6})$", r"\1.0")
        case _:
            return wire_array(array, type_, version=version)


def _array_texts(array: pa.ListArray, type_: SQLType, version: str) -> pa.StringArray:
    assert type_.element is not None
    element = type_.element
    texts = value_texts(array.flatten(), element, version).to_pylist()
    items = ["NULL" if text is None else _literal(text, element) for text in texts]
    found: list[str | None] = []
    start = 0
    for length in array.value_lengths().to_pylist():
        found.append(None if length is None else f"ARRAY[{','.join(items[start : start + length])}]")
        start += length or 0
    return pa.array(found, pa.string())


def _literal(text: str, type_: SQLType) -> str:
    """Return a value as an expression that names its type, as stored expressions have it."""
    name = _LITERAL_TYPES.get(type_.family, type_.family.name)
    match type_.family:
        case Family.BOOL:
            return text
        case Family.BIT:
            return f"B'{text}'"
        case Family.COLLATED_STRING:
            return f"{format_string(text)} COLLATE {type_.locale}"
        case Family.ENUM:
            return f"{format_string(text)}:::{type_.name}"
        case Family.BYTES:
            return f"'{text}':::BYTES"
        case Family.INT | Family.FLOAT | Family.DECIMAL | Family.OID if text[-1].isdigit():
            return f"({text}):::{name}" if text.startswith("-") else f"{text}:::{name}"
        case _:
            return f"{format_string(text)}:::{name}"
