"""Changed rows -> changed keys: what the insert, update or delete of some rows puts and deletes, index by index.

Rules:
    insert   every entry is put.
    update   of the primary index the families that hold a column which the statement names, though their values be
             the same; one that is left without a value is deleted. Of other indexes the entries whose key or value
             changes. A row whose primary key changes is deleted and inserted.
    delete   the keys of all families, also of those that held nothing; of other indexes every entry.
Source: the incremental layers of fixtures/golden/{20.2,21.2}/d_chain and e_revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ootheca.catalog.table import Index, Table
from ootheca.codec.entries import IndexEncoder, RowReader
from ootheca.codec.keys import family_suffix, split_families
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged, concat_rows, gather
from ootheca.errors import UnsupportedError

__all__ = ["CHANGE_SCHEMA", "encode_changes", "encode_rewrite"]

CHANGE_SCHEMA = pa.schema([pa.field(name, pa.large_binary()) for name in ("key", "value", "before")])


def encode_changes(
    before: RowReader | None, after: RowReader | None, written: frozenset[int] | None = None
) -> pa.RecordBatch:
    """Return what the change of some rows does to keys.

    Args:
        before: the rows that are replaced or deleted.
        after: the rows that take their place, in any order, or new ones.
        written: ids of the columns that an update names; None: all.

    Returns:
        `CHANGE_SCHEMA`: an empty value deletes the key; an empty `before` was not there. An index whose keys cannot be
        written has no part in it.
    """
    source = after if after is not None else before
    assert source is not None
    table = source.table
    if written is not None and written & set(table.primary_index.key_column_ids):
        written = None  # rows take each other's places, whole
    encoders = [encoder for index in table.all_indexes if (encoder := _encoder(table, index)) is not None]
    needed = {id_ for encoder in encoders if encoder.index.predicate is None for id_ in encoder.column_ids}
    column_ids = [column.id for column in table.columns if column.id in needed]
    before, after = (_Held.of(rows, column_ids) for rows in (before, after))
    parts = []
    for encoder in encoders:
        try:
            old, new = _entries(encoder, before), _entries(encoder, after)
        except UnsupportedError:
            continue  # BACKUP refuses the index, and says why
        if encoder.index.id == table.primary_index.id:
            parts.append(_primary_changes(table, old, new, written))
        else:
            parts.append(_entry_changes(old, new))
    return pa.concat_batches(parts) if parts else pa.RecordBatch.from_pylist([], schema=CHANGE_SCHEMA)


def encode_rewrite(before: RowReader, after: RowReader, written: frozenset[int]) -> pa.RecordBatch:
    """Return what it does to the primary index that rows are written anew under another descriptor.

    Args:
        before, after: the same rows under the old and the new descriptor.
        written: ids of the columns whose families are rewritten.
    """
    old_table, table = before.table, after.table
    old = _entries(IndexEncoder(old_table, old_table.primary_index, table.id), before)
    new = _entries(IndexEncoder(table, table.primary_index, table.id), after)
    return _primary_changes(old_table, old, new, written)


@dataclass(frozen=True, slots=True)
class _Held:
    """Rows of which the columns that most indexes need were read at once."""

    source: RowReader
    columns: pa.RecordBatch

    @staticmethod
    def of(source: RowReader | None, column_ids: Sequence[int]) -> _Held | None:
        return None if source is None else _Held(source, source.read(column_ids))

    @property
    def table(self) -> Table:
        return self.source.table

    def read(self, column_ids: Sequence[int], where: str | None = None) -> pa.RecordBatch:
        if where is not None:
            return self.source.read(column_ids, where)
        return self.columns.select([self.table.column_by_id[id_].name for id_ in column_ids])


def _encoder(table: Table, index: Index) -> IndexEncoder | None:
    """Return the encoder of an index, None where it has a column without codec: BACKUP refuses it, and says why."""
    try:
        return IndexEncoder(table, index, table.id)
    except UnsupportedError:
        return None


def _entries(encoder: IndexEncoder, rows: RowReader | None) -> KeyValueBatch:
    if rows is None:
        return KeyValueBatch.empty()
    return encoder.encode(rows.read(encoder.column_ids, encoder.index.predicate), wall_ns=0)


def _entry_changes(old: KeyValueBatch, new: KeyValueBatch) -> pa.RecordBatch:
    place = _find(new.keys, old.keys)
    stays = np.flatnonzero(place >= 0)
    is_same = np.zeros(len(new), np.bool_)
    values, replaced = new.values.take(stays).to_arrow(), old.values.take(place[stays]).to_arrow()
    is_same[stays] = pc.equal(values, replaced).to_numpy(zero_copy_only=False)
    put = np.flatnonzero(~is_same)
    gone = np.flatnonzero(_find(old.keys, new.keys) < 0)
    return _changes(old, new, put, old.keys.take(gone))


def _primary_changes(
    table: Table, old: KeyValueBatch, new: KeyValueBatch, written: frozenset[int] | None
) -> pa.RecordBatch:
    families = np.array(
        [f.id for f in table.families if written is None or written & set(f.column_ids)], np.int64
    )
    old_rows, new_rows = _rows_of(old.keys), _rows_of(new.keys)
    of_family, heads = _split(new.keys)
    is_put = np.isin(of_family, families) | (_find(heads, old_rows) < 0)
    place = _find(old_rows, new_rows)
    gone, stays = old_rows.take(np.flatnonzero(place < 0)), old_rows.take(np.flatnonzero(place >= 0))
    emptied = [_of_family(stays, id_) for id_ in families if id_]
    emptied_keys = Ragged.concat(emptied) if emptied else Ragged.empty()
    deleted = [_of_family(gone, family.id) for family in table.families]
    deleted.append(emptied_keys.take(np.flatnonzero(_find(emptied_keys, new.keys) < 0)))
    return _changes(old, new, np.flatnonzero(is_put), Ragged.concat(deleted))


def _changes(
    old: KeyValueBatch, new: KeyValueBatch, put: NDArray[np.int64], deleted: Ragged
) -> pa.RecordBatch:
    keys = Ragged.concat([new.keys.take(put), deleted])
    values = Ragged.concat([new.values.take(put), Ragged.from_constant(b"", len(deleted))])
    place = _find(keys, old.keys)
    # One more value stands for what was not there.
    known = Ragged.concat([old.values, Ragged.from_constant(b"", 1)])
    before = known.take(np.where(place < 0, len(old), place))
    return pa.RecordBatch.from_arrays(
        [part.to_arrow() for part in (keys, values, before)], schema=CHANGE_SCHEMA
    )


def _find(keys: Ragged, among: Ragged) -> NDArray[np.int64]:
    """Return int64[n]: where each key stands among others, -1 for those that are not there."""
    found = pc.index_in(keys.to_arrow(), value_set=among.to_arrow())
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)


def _split(keys: Ragged) -> tuple[NDArray[np.int64], Ragged]:
    """Return the families of keys, and the keys without them."""
    if not len(keys):
        return np.empty(0, np.int64), keys
    families, suffixes = split_families(keys)
    return families, gather(keys.data, keys.starts, suffixes - keys.starts)


def _rows_of(keys: Ragged) -> Ragged:
    """Return one key without family for each row: family 0 of every row is there."""
    families, heads = _split(keys)
    return heads.take(np.flatnonzero(families == 0))


def _of_family(rows: Ragged, family_id: int) -> Ragged:
    return concat_rows([rows, family_suffix(int(family_id))]) if len(rows) else rows
