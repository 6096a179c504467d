"""The tables of a chain by their size: what SHOW BACKUP tells layer by layer, added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ootheca.backup import show
from ootheca.backup.chain import Chain
from ootheca.report.facts import TableSummary

__all__ = ["summarize_tables"]


def summarize_tables(chain: Chain, sizes: Sequence[Mapping[str, int] | None]) -> tuple[TableSummary, ...]:
    """Add up what the layers hold of each table, view and sequence; the largest first.

    Args:
        sizes: stored bytes of each layer's files, by path; None where they are unknown.
    """
    known = [each for each in sizes if each is not None]
    has_sizes = len(known) == len(sizes)
    rows_by_table: dict[int, list[show.ObjectRow]] = {}
    for row in show.objects(chain, known if has_sizes else None):
        if row.object_type == "table" and row.object_id is not None:
            rows_by_table.setdefault(row.object_id, []).append(row)
    tables = [
        TableSummary(
            name=_name(rows[-1]),
            data_size=sum(row.size_bytes or 0 for row in rows),
            rows=sum(row.rows or 0 for row in rows),
            num_layers=sum(bool(row.size_bytes) for row in rows),
            stored_size=sum(row.file_bytes or 0 for row in rows) if has_sizes else None,
        )
        for rows in rows_by_table.values()
    ]
    return tuple(sorted(tables, key=lambda table: (-table.data_size, table.name)))


def _name(row: show.ObjectRow) -> str:
    """Return the full name, which the newest layer has; a part that the manifest does not tell is left out."""
    parts = (row.database_name, row.schema_name, row.object_name)
    return ".".join(part for part in parts if part)
