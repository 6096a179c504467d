"""RESTORE … schema_only, and verify_backup_table_data: read, decode and check all that a restore would, keep nothing.

Source: reference/sql/02 §2. Unverified: options of 22.2 and later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ootheca.backup.cover import check_cover
from ootheca.backup.read import ChainReader
from ootheca.backup.restore import RestoreSummary, decode_rows, table_entries
from ootheca.backup.verify_files import first_bad_checksum
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.table import Table
from ootheca.codec.counts import RowCounter
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.pretty import pretty_key
from ootheca.codec.rows import NotNativeError
from ootheca.errors import ChecksumMismatchError
from ootheca.profile import Profile

__all__ = ["NoRowsReader", "verify_rows"]


class NoRowsReader(ChainReader):
    """A chain seen without its entries: what is restored from it has objects, and no rows."""

    def visible(self, start: bytes, end: bytes) -> Iterator[KeyValueBatch]:
        """Yield nothing, whatever the span."""
        del start, end
        yield from ()


def verify_rows(
    reader: ChainReader, backup: Catalog, table_ids: Iterable[int], *, facts: Profile | None = None
) -> RestoreSummary:
    """Read every visible entry of every index of some tables; memory follows the batch.

    Args:
        facts: whose words a refusal has; those of the default version if omitted.

    Returns:
        What was read, counted as a restore counts it, under the ids of the backup.

    Raises:
        OothecaError: the layers do not join, or a file, a value or a row cannot be read.
    """
    tables = [table for table in map(backup.describe, table_ids) if table.has_data]
    check_cover(reader.chain, tables, facts=facts)
    counter = RowCounter({(table.id, table.primary_index.id) for table in tables})
    for table in tables:
        _decode_all(reader, backup, table)
        for index in table.all_indexes:
            for batch in table_entries(reader, backup, table, index):
                wrong = first_bad_checksum(batch)
                if wrong is not None:
                    key = pretty_key(batch.keys.row(wrong))
                    raise ChecksumMismatchError(f"the checksum of the value of key {key} does not fit")
                counter.add(batch.keys, batch.values)
    return RestoreSummary(counter.rows, counter.index_entries, counter.data_size)


def _decode_all(reader: ChainReader, backup: Catalog, table: Table) -> None:
    """Decode all rows; columns of which a value does not fit its Arrow type as text."""
    text_columns: frozenset[int] = frozenset()
    while True:
        try:
            for _ in decode_rows(reader, backup, table, text_columns):
                pass
        except NotNativeError as exc:
            text_columns |= exc.columns
            continue
        return
