"""The entries of one export in key order, whatever the order that the table store gives rows in.

Where the store's own order of the key columns is the order of their encoded keys, rows are asked for in that order and
no key is ever sorted here. Elsewhere (decimals, floats, intervals, inverted indexes …) a small index is sorted in
memory and a large one by the store, which spills.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from ootheca.backup.parallel import map_in_order
from ootheca.backup.plan import Export
from ootheca.catalog.table import Index, Table
from ootheca.clock import Timestamp
from ootheca.codec.entries import IndexEncoder
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged, argsort_bytes
from ootheca.engine.base import Engine, NameResolver, TableName
from ootheca.types import Family

__all__ = ["export_entries"]

_SORT_IN_MEMORY_SIZE = 32 << 20  # bytes of keys and values that are sorted here; beyond, the store sorts

# Families whose values the store orders as their key encoding does.
_ORDERED_ALIKE = frozenset(
    {
        Family.BOOL,
        Family.INT,
        Family.STRING,
        Family.BYTES,
        Family.UUID,
        Family.DATE,
        Family.TIME,
        Family.TIMESTAMP,
        Family.TIMESTAMPTZ,
        Family.OID,
    }
)


def export_entries(
    engine: Engine, export: Export, time: Timestamp, names: NameResolver
) -> Iterator[KeyValueBatch]:
    """Yield the entries of an export's indexes, keys strictly ascending, every version at `time`.

    Args:
        names: resolves the names in the predicates of partial indexes.
    """
    for index in export.indexes:
        order = _store_order(engine, export.name, export.table, index)
        own = (export.name, export.table, index)
        children = [child for child in export.interleaved if child[2].ancestors[0][1] == index.id]
        if order is not None and not children:
            yield from _encoded(engine, *own, time, names, order)
            continue
        # Interleaved rows stand between those of their ancestors: all are sorted together.
        unsorted = (batch for each in (own, *children) for batch in _encoded(engine, *each, time, names))
        yield from _sorted(engine, unsorted, time)


def _encoded(
    engine: Engine,
    name: TableName,
    table: Table,
    index: Index,
    time: Timestamp,
    names: NameResolver,
    order_by: Sequence[tuple[int, bool]] = (),
) -> Iterator[KeyValueBatch]:
    """Yield the entries of one index in the order that its rows are asked for."""
    encoder = IndexEncoder(table, index, table.id)
    rows = engine.scan(name, table, encoder.column_ids, order_by=order_by, where=index.predicate, names=names)
    yield from map_in_order(
        lambda batch: encoder.encode(batch, wall_ns=time.wall_ns, logical=time.logical), rows
    )


def _store_order(
    engine: Engine, name: TableName, table: Table, index: Index
) -> tuple[tuple[int, bool], ...] | None:
    """Return (column id, descending) of the index's key if the store can give rows in key order, else None."""
    if index.is_inverted:
        return None
    ids = (*index.key_column_ids, *index.key_suffix_column_ids)
    if any(table.column_by_id[id_].type.family not in _ORDERED_ALIKE for id_ in ids):
        return None
    if engine.representation(name, table) & set(ids):
        return None
    directions = (*index.is_descending, *(False for _ in index.key_suffix_column_ids))
    return tuple(zip(ids, directions, strict=True))


def _sorted(engine: Engine, batches: Iterator[KeyValueBatch], time: Timestamp) -> Iterator[KeyValueBatch]:
    held: list[KeyValueBatch] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.total_size
        if size > _SORT_IN_MEMORY_SIZE:
            yield from _sorted_by_store(engine, held, batches, time)
            return
    whole = KeyValueBatch.concat(held)
    if len(whole):
        yield whole.take(argsort_bytes(whole.keys))


def _sorted_by_store(
    engine: Engine, held: list[KeyValueBatch], rest: Iterator[KeyValueBatch], time: Timestamp
) -> Iterator[KeyValueBatch]:
    def as_arrow() -> Iterator[pa.RecordBatch]:
        while held:
            yield _to_arrow(held.pop(0))
        for batch in rest:
            yield _to_arrow(batch)

    for record in engine.sort_key_values(as_arrow()):
        keys, values = Ragged.from_arrow(record["key"]), Ragged.from_arrow(record["value"])
        wall_ns = np.full(len(keys), time.wall_ns, np.int64)
        yield KeyValueBatch(keys, wall_ns, np.full(len(keys), time.logical, np.int32), values)


def _to_arrow(batch: KeyValueBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"key": batch.keys.to_arrow(), "value": batch.values.to_arrow()})
