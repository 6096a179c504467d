"""Columns to cell texts: how CockroachDB's own client words each value, by the profile in force.

| value | 20.2 | 21.2 |
|---|---|---|
| NULL, BOOL | `NULL`; `true`, `false` | same |
| TIMESTAMPTZ | `2020-01-02 03:04:05.678+00:00:00` | `2020-01-02 03:04:05.678+00` |
| TIMESTAMP | `2020-01-02 03:04:05+00:00:00` | `2020-01-02 03:04:05` |
| DATE | `2020-01-02 00:00:00+00:00:00` | `2020-01-02` |
| TIME | `0000-01-01 03:04:05+00:00:00` | `03:04:05` |
| BYTES | `abc`, `\\000\\377` | `abc`, `\\x00\\xff` |
| text | as it is when every character is graphic, tab or newline; else with escapes such as `\\x01` | same |

Source: conformance/*/shell.json; reference/sql/08 §3 (TIME: the v20.2 documentation of that type).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from ootheca.datum import wire_array
from ootheca.exec.result import ResultColumn
from ootheca.types import Family, SQLType

__all__ = ["display_array", "text_arrays"]

_SLICE_ROWS = 8192  # rows that are text at one time, however large a batch is

# Neither a letter, mark, number, punctuation, symbol or blank, nor a tab or newline.
_NOT_GRAPHIC = r"[^\t\n\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]"
_GO_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    '"': '\\"', "\\": "\\\\",
}  # fmt: skip


def text_arrays(
    columns: tuple[ResultColumn, ...], batches: Iterable[pa.RecordBatch], version: str
) -> Iterator[tuple[int, tuple[pa.StringArray, ...]]]:
    """Yield some rows at a time: their number, and the cell texts of each column."""
    for batch in batches:
        for start in range(0, batch.num_rows, _SLICE_ROWS):
            part = batch.slice(start, _SLICE_ROWS)
            texts = tuple(
                display_array(array, column.type, version=version)
                for array, column in zip(part.columns, columns, strict=True)
            )
            yield part.num_rows, texts


def display_array(array: pa.Array, type_: SQLType, *, version: str) -> pa.StringArray:
    """Return the cell texts of a column, without NULLs."""
    if type_.family is Family.BYTES and not _is_text(array):
        escape = _octal_escaped if version == "20.2" else _hex_escaped
        values = [None if value is None else escape(value) for value in array.to_pylist()]
        return pc.fill_null(pa.array(values, pa.string()), "NULL")
    texts = wire_array(array, type_, version=version)
    if type_.family is Family.BOOL:
        texts = pc.if_else(pc.equal(texts, "t"), "true", pc.if_else(pc.equal(texts, "f"), "false", texts))
    elif version == "20.2":
        texts = _timed(texts, type_.family)
    return pc.fill_null(_graphic(texts), "NULL")


def _is_text(array: pa.Array) -> bool:
    return bool(pa.types.is_string(array.type) or pa.types.is_large_string(array.type))


def _timed(texts: pa.StringArray, family: Family) -> pa.StringArray:
    """20.2's driver makes a moment of every date and time, and prints the whole moment."""
    match family:
        case Family.DATE:
            moments = pc.binary_join_element_wise(texts, " 00:00:00+00:00:00", "")
        case Family.TIMESTAMP:
            moments = pc.binary_join_element_wise(texts, "+00:00:00", "")
        case Family.TIME:
            return pc.binary_join_element_wise("0000-01-01 ", texts, "+00:00:00", "")
        case _:
            return texts
    keeps_words = pc.match_substring_regex(texts, "infinity| BC$")
    return pc.if_else(keeps_words, texts, moments)


def _graphic(texts: pa.StringArray) -> pa.StringArray:
    """Escape the texts that a terminal could not show."""
    needs_escape = pc.match_substring_regex(texts, _NOT_GRAPHIC)
    if not pc.any(needs_escape).as_py():
        return texts
    escaped = [
        _go_escaped(text) if needs else text
        for text, needs in zip(texts.to_pylist(), needs_escape.to_pylist(), strict=True)
    ]
    return pa.array(escaped, pa.string())


def _go_escaped(text: str) -> str:
    """Go's `%+q` without its quotes."""
    return "".join(_go_escape(char) for char in text)


def _go_escape(char: str) -> str:
    if char in _GO_ESCAPES:
        return _GO_ESCAPES[char]
    code = ord(char)
    if 0x20 <= code < 0x7F:
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _octal_escaped(value: bytes) -> str:
    return "".join(
        "\\\\" if byte == 0x5C else chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}" for byte in value
    )


def _hex_escaped(value: bytes) -> str:
    return "".join(
        "\\\\" if byte == 0x5C else chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in value
    )
