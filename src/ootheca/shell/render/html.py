"""html and unnumbered-html: one table. Streams.

With no rows the opening `<tbody>` is missing while `</tbody>` is printed, as CockroachDB's client does it.

Source: reference/sql/08 §2; conformance/*/shell.json html/*.
"""

from __future__ import annotations

from collections.abc import Callable

from ootheca.shell.render.counts import counted
from ootheca.shell.render.values import TextRows

__all__ = ["render_html", "render_unnumbered_html"]

_ESCAPES = str.maketrans({
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\n": "<br/>",
})  # fmt: skip


def render_html(rows: TextRows, write: Callable[[str], object]) -> int:
    """Write a table with a column of row numbers and a foot that counts the rows."""
    num_rows = _write_rows(rows, write, is_numbered=True)
    foot = f"<tr><td colspan={len(rows.columns) + 1}>{counted(num_rows, 'row')}</td></tr>"
    write(f"<tfoot>{foot}</tfoot></table>\n")
    return num_rows


def render_unnumbered_html(rows: TextRows, write: Callable[[str], object]) -> int:
    """Write a table of the rows alone."""
    num_rows = _write_rows(rows, write, is_numbered=False)
    write("</table>\n")
    return num_rows


def _write_rows(rows: TextRows, write: Callable[[str], object], *, is_numbered: bool) -> int:
    number_head = "<th>row</th>" if is_numbered else ""
    head = "".join(f"<th>{name.translate(_ESCAPES)}</th>" for name in rows.names)
    write(f"<table>\n<thead><tr>{number_head}{head}</tr></thead>\n")
    num_rows = 0
    for batch in rows.batches:
        if not num_rows and batch.num_rows:
            write("<tbody>\n")
        columns = batch.lists
        for index in range(batch.num_rows):
            num_rows += 1
            cells = "".join(f"<td>{column[index].translate(_ESCAPES)}</td>" for column in columns)
            number = f"<td>{num_rows}</td>" if is_numbered else ""
            write(f"<tr>{number}{cells}</tr>\n")
    write("</tbody>\n")
    return num_rows
