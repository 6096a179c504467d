"""sql: statements that put the rows, all as strings, into a table `results`. Streams.

Source: reference/sql/08 §2; conformance/*/shell.json sql/*.
"""

from __future__ import annotations

from collections.abc import Callable

from ootheca.names import format_identifier, format_string
from ootheca.shell.render.counts import counted
from ootheca.shell.render.values import TextRows

__all__ = ["render_sql"]


def render_sql(rows: TextRows, write: Callable[[str], object]) -> int:
    """Write CREATE TABLE and one INSERT for each row."""
    columns = ",\n".join(f"  {format_identifier(name)} STRING" for name in rows.names)
    write(f"CREATE TABLE results (\n{columns}{chr(10) if columns else ''});\n\n")
    num_rows = 0
    for batch in rows.batches:
        num_rows += batch.num_rows
        if not rows.columns:
            write("INSERT INTO results(rowid) VALUES (DEFAULT);\n" * batch.num_rows)
            continue
        for values in batch.rows:
            write(f"INSERT INTO results VALUES ({', '.join(map(format_string, values))});\n")
    write(f"-- {counted(num_rows, 'row')}\n")
    return num_rows
