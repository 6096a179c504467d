"""records: a paragraph for each row, a line for each column. Streams.

Source: reference/sql/08 §2; conformance/*/shell.json records/*.
"""

from __future__ import annotations

from collections.abc import Callable

from ootheca.shell.render.counts import counted
from ootheca.shell.render.values import TextRows
from ootheca.shell.render.width import display_width

__all__ = ["render_records"]


def render_records(rows: TextRows, write: Callable[[str], object]) -> int:
    """Write `name | value` lines; a value of several lines goes on under an empty name."""
    width = max((display_width(name) for name in rows.names), default=0)
    labels = [name + " " * (width - display_width(name)) for name in rows.names]
    continuation = "+\n" + " " * width + " | "
    num_rows = 0
    for batch in rows.batches:
        if not rows.columns:
            num_rows += batch.num_rows
            continue
        for values in batch.rows:
            num_rows += 1
            lines = [
                f"{label} | {value.replace(chr(10), continuation)}\n"
                for label, value in zip(labels, values, strict=True)
            ]
            write(f"-[ RECORD {num_rows} ]\n{''.join(lines)}")
    if not rows.columns:
        write(f"({counted(num_rows, 'row')})\n")
    return num_rows
