r"""csv and tsv: a header line, then one line a row, quoted as Go's encoding/csv does. Streams.

A field is quoted when it holds the separator, a double quote or a line end, starts with a blank, or is `\.`;
the empty field is not.

Source: reference/sql/08 §2; conformance/*/shell.json csv/*, tsv/*.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from ootheca.shell.render.values import TextBatch, TextRows

__all__ = ["render_csv", "render_tsv"]


def render_csv(rows: TextRows, write: Callable[[str], object]) -> int:
    """Write comma-separated values."""
    return _render(rows, write, ",")


def render_tsv(rows: TextRows, write: Callable[[str], object]) -> int:
    """Write tab-separated values."""
    return _render(rows, write, "\t")


def _render(rows: TextRows, write: Callable[[str], object], separator: str) -> int:
    if rows.columns:
        header = _quoted(pa.array(rows.names, pa.string()), separator).to_pylist()
        write(separator.join(header) + "\n")
    else:
        write("# no columns\n")
    num_rows = 0
    for batch in rows.batches:
        num_rows += batch.num_rows
        write(_lines(batch, separator))
    return num_rows


def _lines(batch: TextBatch, separator: str) -> str:
    if not batch.columns:
        return "# empty\n" * batch.num_rows
    fields = [_quoted(column, separator) for column in batch.columns]
    lines = pc.binary_join_element_wise(*fields, separator)
    return "".join(f"{line}\n" for line in lines.to_pylist())


def _quoted(texts: pa.StringArray, separator: str) -> pa.StringArray:
    needs_quotes = pc.match_substring_regex(texts, rf'^\\\.$|[{separator}"\r\n]|^[\s\p{{Z}}]')
    if not pc.any(needs_quotes).as_py():
        return texts
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return pc.if_else(needs_quotes, quoted, texts)
