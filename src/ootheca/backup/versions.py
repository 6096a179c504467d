"""The versions of an export's keys in a period: what a layer holds.

Two sources meet here: the rows as they are, whose untouched keys stand at the base of their index, and the versions
that the store kept of every key that was touched since. A key of the second kind is never taken from the first.

Source: reference/format/03 §7, 07 §3 "Data" (which versions a layer holds).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ootheca.backup.entries import index_entries
from ootheca.backup.plan import Export, Period, plan_index
from ootheca.backup.read import aligned, in_time
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.table import Index, Table
from ootheca.clock import ZERO_TIMESTAMP, Timestamp
from ootheca.codec.changes import CHANGE_SCHEMA
from ootheca.codec.keys import decode_prefixes, prefix
from ootheca.codec.mvcc import KeyValueBatch, argsort_versions, is_new_key
from ootheca.codec.ragged import Ragged
from ootheca.engine.base import Engine, NameResolver, TableName

__all__ = ["StoreReader", "export_versions", "retire_index"]

_RETIRED = Timestamp(2**63 - 1)  # a base that no version of a retired index comes after


def export_versions(engine: Engine, export: Export, names: NameResolver) -> Iterator[KeyValueBatch]:
    """Yield versions of an export's keys, keys ascending, the newest version first; those of a key are never split.

    Args:
        names: resolves the names in the predicates of partial indexes.
    """
    if export.name is None or export.table is None:
        yield from _kept(engine, export.start, export.end, _RETIRED, export.period)
        return
    for index in export.indexes:
        children = [child for child in export.interleaved if child[2].ancestors[0][1] == index.id]
        members = [(export.name, export.table, index), *children]
        yield from _index_versions(engine, members, export.period, names)


class StoreReader:
    """Reads what the store held at a time, an index at once."""

    def __init__(self, engine: Engine, stored: Catalog, names: NameResolver, time: Timestamp) -> None:
        self._engine, self._stored, self._names = engine, stored, names
        self._period = Period(ZERO_TIMESTAMP, time)

    def visible(self, start: bytes, end: bytes) -> Iterator[KeyValueBatch]:
        """Yield the newest version of every key of the index whose span is `[start, end)`, without deleted ones."""
        del end
        table_ids, index_ids, _ = decode_prefixes(Ragged.from_list([start]))
        export = plan_index(self._stored, int(table_ids[0]), int(index_ids[0]), self._period)
        yield from export_versions(self._engine, export, self._names)


def retire_index(engine: Engine, name: TableName, table: Table, index: Index, names: NameResolver) -> None:
    """Keep the entries of an index whose rows or descriptor are about to go, so that the past can still be read."""
    base = engine.versions.base(table.id, index.id)
    if base is None:
        return
    everything = Period(ZERO_TIMESTAMP, _RETIRED, keeps_all=True)
    for batch in _index_versions(engine, [(name, table, index)], everything, names):
        untouched = batch.take(
            np.flatnonzero((batch.wall_ns == base.wall_ns) & (batch.logical == base.logical))
        )
        arrays = [untouched.keys, untouched.values, Ragged.from_constant(b"", len(untouched))]
        changes = pa.RecordBatch.from_arrays([each.to_arrow() for each in arrays], schema=CHANGE_SCHEMA)
        engine.versions.append(changes, base)
    engine.versions.drop_base(table.id, index.id)


def _index_versions(
    engine: Engine, members: list[tuple[TableName, Table, Index]], period: Period, names: NameResolver
) -> Iterator[KeyValueBatch]:
    """Yield the versions of the keys of an index, and of those interleaved in it."""
    _, table, index = members[0]
    start, end = prefix(table.id, index.id), prefix(table.id, index.id + 1)
    # Rows of which nobody was told when they came count as new.
    bases = [engine.versions.base(table.id, index.id) or period.until for _, table, index in members]
    if period.after >= max(bases):
        yield from _kept(engine, start, end, bases[0], period)
    elif not period.keeps_tombstones and not _changed_after(engine, start, end, max(bases), period.until):
        yield from index_entries(engine, members, [period.until] * len(members), names)
    else:
        rows = index_entries(engine, members, bases, names)
        versions = _read(engine, start, end, bases[0], None)
        yield from _merged([(0, rows), (1, versions)], period, min(bases))


def _changed_after(engine: Engine, start: bytes, end: bytes, base: Timestamp, time: Timestamp) -> bool:
    """Tell whether the rows as they are now are not those of a time."""
    return base > time or engine.versions.has_any(start, end, time)


def _kept(
    engine: Engine, start: bytes, end: bytes, base: Timestamp, period: Period
) -> Iterator[KeyValueBatch]:
    """Yield versions of touched keys alone."""
    yield from _merged([(1, _read(engine, start, end, base, (period.after, period.until)))], period, base)


def _merged(
    streams: Sequence[tuple[int, Iterator[KeyValueBatch]]], period: Period, base: Timestamp
) -> Iterator[KeyValueBatch]:
    for parts in aligned(streams):
        selected = _selected(_joined(parts, base), period)
        if len(selected):
            yield selected


def _read(
    engine: Engine, start: bytes, end: bytes, base: Timestamp, period: tuple[Timestamp, Timestamp] | None
) -> Iterator[KeyValueBatch]:
    for batch in engine.versions.read(start, end, base, period):
        if batch.num_rows:
            yield KeyValueBatch(
                Ragged.from_arrow(batch["key"]),
                batch["wall"].to_numpy(),
                batch["logical"].to_numpy(),
                Ragged.from_arrow(batch["value"]),
            )


def _joined(parts: list[tuple[int, KeyValueBatch]], base: Timestamp) -> KeyValueBatch:
    """Join what the rows (0) and the kept versions (1) hold of one range of keys, in the order of a table file.

    A row's entry is as old as the base, unless a version from then on was kept: then that is its newest.
    """
    kept = [part for number, part in parts if number]
    rows = [part for number, part in parts if not number]
    if kept and rows:
        touched = KeyValueBatch.concat(kept)
        is_old = (touched.wall_ns < base.wall_ns) | (
            (touched.wall_ns == base.wall_ns) & (touched.logical < base.logical)
        )
        keys = touched.keys.take(np.flatnonzero(~is_old)).to_arrow()
        rows = [
            part.take(np.flatnonzero(~pc.is_in(part.keys.to_arrow(), keys).to_numpy(zero_copy_only=False)))
            for part in rows
        ]
    joined = KeyValueBatch.concat([*kept, *rows])
    return joined.take(argsort_versions(joined)) if len(parts) > 1 else joined


def _selected(batch: KeyValueBatch, period: Period) -> KeyValueBatch:
    wanted = in_time(batch, period.until) & ~in_time(batch, period.after)
    found = batch if wanted.all() else batch.take(np.flatnonzero(wanted))
    if period.keeps_all or not len(found):
        return found
    newest = is_new_key(found.keys)
    if not period.keeps_tombstones:
        newest &= ~found.is_tombstone
    return found if newest.all() else found.take(np.flatnonzero(newest))
