"""The rows of a system table in a cluster backup, for a cluster that has the table already.

Source: reference/format/07 §6.
"""

from __future__ import annotations

import pyarrow as pa

from ootheca.backup.cover import check_cover
from ootheca.backup.read import ChainReader
from ootheca.backup.restore import EntryCounter, RestoreSummary, decode_rows, table_entries
from ootheca.catalog.catalog import Catalog
from ootheca.codec.counts import RowCounter
from ootheca.codec.rows import NotNativeError
from ootheca.profile import Profile

__all__ = ["read_system_rows"]


def read_system_rows(
    reader: ChainReader, backup: Catalog, table_id: int, *, facts: Profile
) -> tuple[list[pa.RecordBatch], RestoreSummary]:
    """Return all rows of a table, columns by name as the backup has them, and what was read.

    The entries of its other indexes are read too: damage anywhere stops a restore.

    Raises:
        OothecaError: the layers do not join, or the backup cannot be read.
    """
    table = backup.describe(table_id)
    check_cover(reader.chain, [table], facts=facts)
    counter = EntryCounter(RowCounter(frozenset({(table_id, table.primary_index.id)})), {table_id: table_id})
    text_columns: frozenset[int] = frozenset()
    while True:
        counted = counter.copy()
        try:
            rows = list(decode_rows(reader, backup, table, text_columns, counted))
            break
        except NotNativeError as exc:
            text_columns |= exc.columns
    for index in table.indexes:
        for batch in table_entries(reader, backup, table, index):
            counted.add(batch, table, index)
    return rows, counted.summary
