"""raw: every value on lines of its own under its length in bytes. Streams.

Source: reference/sql/08 §2; conformance/*/shell.json raw/*.
"""

from __future__ import annotations

from collections.abc import Callable

from ootheca.shell.render.counts import counted
from ootheca.shell.render.values import TextRows

__all__ = ["render_raw"]


def render_raw(rows: TextRows, write: Callable[[str], object]) -> int:
    """Write `## <length>` and the value, for programs that read values of any content."""
    write(f"# {counted(len(rows.columns), 'column')}\n")
    num_rows = 0
    for batch in rows.batches:
        for values in batch.rows:
            num_rows += 1
            cells = "".join(f"## {len(value.encode())}\n{value}\n" for value in values)
            write(f"# row {num_rows}\n{cells}")
    write(f"# {counted(num_rows, 'row')}\n")
    return num_rows
