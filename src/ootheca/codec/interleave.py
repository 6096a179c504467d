"""Interleaved tables (up to 21.1): rows of several tables in one key span, told apart by what stands in their keys.

Layout: root table id, root index id, its columns, then for each descendant
    fe, table id, index id, the columns that it adds
Source: reference/format/05 §1; fixtures/golden/20.2/a_full, tables inter_parent, inter_child, inter_grandchild.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ootheca.catalog.table import Index, Table
from ootheca.codec.keycolumns import decode_column
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ordered import decode_uvarint
from ootheca.types import SQLType

__all__ = ["SENTINEL", "only_table"]

SENTINEL = 0xFE

_Positions = NDArray[np.int64]


def only_table(batches: Iterable[KeyValueBatch], table: Table, index: Index) -> Iterator[KeyValueBatch]:
    """Yield the entries that belong to one table's index, out of the span that it shares with its relatives.

    Raises:
        CorruptionError: a key's columns are not of the types that the table says.
    """
    for batch in batches:
        rows = _rows_of(batch, table, index)
        if len(rows) == len(batch):
            yield batch
        elif len(rows):
            yield batch.take(rows)


def _rows_of(batch: KeyValueBatch, table: Table, index: Index) -> NDArray[np.int64]:
    """Return the positions of the rows whose keys walk down the table's line of ancestors and end there."""
    keys = batch.keys
    columns = list(_key_types(table, index))
    line = [(owner, owner_index, shared) for owner, owner_index, shared in index.ancestors]
    line.append((table.id, index.id, len(columns) - sum(shared for _, _, shared in line)))
    rows = np.arange(len(keys), dtype=np.int64)
    positions = keys.offsets[:-1].copy()
    for depth, (owner_id, owner_index_id, num_columns) in enumerate(line):
        if depth:
            rows, positions = _after_sentinel(keys.data, rows, positions)
        rows, positions = _within(keys.data, rows, positions, owner_id, owner_index_id)
        for type_, is_descending in columns[:num_columns]:
            positions = _skip_column(keys.data, positions, type_, is_descending=is_descending)
        del columns[:num_columns]
    own: NDArray[np.int64] = rows[keys.data[positions] != SENTINEL]
    return own


def _key_types(table: Table, index: Index) -> Iterator[tuple[SQLType, bool]]:
    for column_id, is_descending in zip(index.key_column_ids, index.is_descending, strict=True):
        yield table.column_by_id[column_id].type, is_descending
    for column_id in index.key_suffix_column_ids:
        yield table.column_by_id[column_id].type, False


def _after_sentinel(
    data: NDArray[np.uint8], rows: NDArray[np.int64], positions: _Positions
) -> tuple[NDArray[np.int64], _Positions]:
    goes_on = data[positions] == SENTINEL
    return rows[goes_on], positions[goes_on] + 1


def _within(
    data: NDArray[np.uint8], rows: NDArray[np.int64], positions: _Positions, table_id: int, index_id: int
) -> tuple[NDArray[np.int64], _Positions]:
    """Keep the rows that name this table and index next."""
    table_ids, after = decode_uvarint(data, positions)
    index_ids, after = decode_uvarint(data, after)
    is_here = (table_ids == table_id) & (index_ids == index_id)
    return rows[is_here], after[is_here]


def _skip_column(
    data: NDArray[np.uint8], positions: _Positions, type_: SQLType, *, is_descending: bool
) -> _Positions:
    """Return the positions after one key column; NULLs of secondary indexes are a single byte."""
    after = positions + 1
    is_value = ~np.isin(data[positions], (0x00, 0xFF))
    if is_value.any():
        _, after[is_value] = decode_column(data, positions[is_value], type_, is_descending=is_descending)
    return after
