"""The entries of one index in key order, whatever the order that the table store gives rows in.

Where the store's own order of the key columns is the order of their encoded keys, rows are asked for in that order and
no key is ever sorted here. Elsewhere (decimals, floats, intervals, inverted indexes …) a small index is sorted in
memory and a large one by the store, which spills.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from ootheca.backup.parallel import map_in_order
from ootheca.catalog.table import Index, Table
from ootheca.clock import Timestamp
from ootheca.codec.entries import IndexEncoder
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged, argsort_bytes
from ootheca.engine.base import Engine, NameResolver, TableName
from ootheca.types import Family

__all__ = ["index_entries"]

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


def index_entries(
    engine: Engine,
    members: Sequence[tuple[TableName, Table, Index]],
    times: Sequence[Timestamp],
    names: NameResolver,
) -> Iterator[KeyValueBatch]:
    """Yield the entries that the rows now stored have in an index, keys strictly ascending.

    Args:
        members: the index, and the interleaved ones whose entries lie among its own.
        times: of each member's versions.
        names: resolves the names in the predicates of partial indexes.
    """
    order = _store_order(engine, *members[0])
    if order is not None and len(members) == 1:
        yield from _encoded(engine, *members[0], times[0], names, order)
        return
    # Interleaved rows stand between those of their ancestors: all are sorted together.
    unsorted = (
        batch
        for member, time in zip(members, times, strict=True)
        for batch in _encoded(engine, *member, time, names)
    )
    yield from _sorted(engine, unsorted, max(times))


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
