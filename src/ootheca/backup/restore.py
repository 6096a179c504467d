"""Run a planned restore: make the objects, then fill the tables from the chain.

Every entry of every restored index is read, so that damage anywhere in their files stops the restore; rows come from
the primary index alone, for the store keeps its own indexes. All of it happens in the caller's transaction: a restore
that fails leaves nothing.

Source: reference/format/07 §1 steps 12, 13, 15; 03 §4 (counts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from ootheca import pb
from ootheca.backup.cover import check_cover
from ootheca.backup.parallel import map_in_order
from ootheca.backup.progress import Progress
from ootheca.backup.read import ChainReader, EntryReader
from ootheca.backup.restore_plan import RestorePlan
from ootheca.backup.rewrite_ids import (
    referenced_type_ids,
    rewrite_database,
    rewrite_schema,
    rewrite_table,
    rewrite_type,
)
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.table import Index, Table, describe
from ootheca.codec.counts import RowCounter
from ootheca.codec.interleave import only_table
from ootheca.codec.keys import prefix
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.rows import NotNativeError, RowDecoder
from ootheca.engine.base import Engine, TableName
from ootheca.profile import Profile

__all__ = ["EntryCounter", "RestoreSummary", "decode_rows", "run_restore", "table_entries"]


@dataclass(frozen=True, slots=True)
class RestoreSummary:
    """What was restored, counted as CockroachDB counts it."""

    rows: int
    index_entries: int
    data_size: int

    def __add__(self, other: RestoreSummary) -> RestoreSummary:
        return RestoreSummary(
            self.rows + other.rows, self.index_entries + other.index_entries, self.data_size + other.data_size
        )


@dataclass(slots=True)
class EntryCounter:
    """Counts entries as they will be: under the new ids, whose encoding may be longer or shorter."""

    counter: RowCounter
    ids: Mapping[int, int]
    progress: Progress = field(default_factory=Progress)
    growth: int = 0  # bytes by which the new keys are longer, in all

    def copy(self) -> EntryCounter:
        return EntryCounter(self.counter.copy(), self.ids, self.progress, self.growth)

    @property
    def summary(self) -> RestoreSummary:
        counter = self.counter
        return RestoreSummary(counter.rows, counter.index_entries, counter.data_size + self.growth)

    def add(self, batch: KeyValueBatch, table: Table, index: Index) -> None:
        ids = [*((id_, index_id) for id_, index_id, _ in index.ancestors), (table.id, index.id)]
        growth = sum(
            len(prefix(self.ids[id_], index_id)) - len(prefix(id_, index_id)) for id_, index_id in ids
        )
        self.growth += len(batch) * growth
        self.counter.add(batch.keys, batch.values)
        self.progress.add(len(batch), batch.total_size)


@dataclass(slots=True)
class _Restorer:
    plan: RestorePlan
    reader: ChainReader
    backup: Catalog
    cluster: Catalog
    engine: Engine
    progress: Progress
    counter: EntryCounter = field(init=False)
    types: Mapping[int, pb.TypeDescriptor] = field(init=False)

    def __post_init__(self) -> None:
        primary = frozenset((table.id, table.primary_index.id) for table in self.plan.tables)
        self.counter = EntryCounter(RowCounter(primary), self.plan.rewrites.ids, self.progress)


def run_restore(
    plan: RestorePlan,
    reader: ChainReader,
    backup: Catalog,
    cluster: Catalog,
    engine: Engine,
    *,
    facts: Profile | None = None,
    progress: Progress | None = None,
) -> RestoreSummary:
    """Make the plan's objects in the cluster's catalog and store, with their rows.

    Args:
        backup: the descriptors of the backup that the plan was made from.
        facts: whose words a refusal has; those of the default version if omitted.
        progress: counts what is read, and may stop it.

    Raises:
        OothecaError: the layers do not join, the backup cannot be read, or a row cannot be stored. The caller rolls
            back.
    """
    restorer = _Restorer(plan, reader, backup, cluster, engine, progress or Progress())
    restorer.progress.check()
    check_cover(reader.chain, (backup.describe(table.id) for table in plan.tables), facts=facts)
    _make_parents(restorer)
    restorer.types = cluster.types_by_id()
    with reader.reading_ahead(_spans(plan, backup)):
        for old in plan.tables:
            _restore_table(restorer, old)
            restorer.progress.check()
    return restorer.counter.summary


def _spans(plan: RestorePlan, backup: Catalog) -> list[tuple[bytes, bytes]]:
    """Return what will be read, in that order."""
    tables = (backup.describe(table.id) for table in plan.tables)
    return [_span(table, index) for table in tables if table.has_data for index in table.all_indexes]


def _make_parents(restorer: _Restorer) -> None:
    plan, cluster, engine = restorer.plan, restorer.cluster, restorer.engine
    for database in plan.databases:
        new = rewrite_database(database, plan.rewrites)
        cluster.add(new)
        engine.create_schema(new.name, "public")
    for schema in plan.schemas:
        made = rewrite_schema(schema, plan.rewrites)
        cluster.add(made)
        if (
            made.name not in cluster.database(made.parent_id).schemas
        ):  # it is restored into a database that is there
            cluster.change_database(made.parent_id).schemas[made.name].id = made.id
        if made.name != "public":
            engine.create_schema(cluster.database(made.parent_id).name, made.name)
    for type_ in plan.types:
        cluster.add(rewrite_type(type_, plan.rewrites))


def _restore_table(restorer: _Restorer, old: pb.TableDescriptor) -> None:
    new = rewrite_table(old, restorer.plan.rewrites)
    restorer.cluster.add(new)
    _note_type_users(restorer.cluster, new)
    name = TableName(*restorer.cluster.qualified_name(new))
    if new.view_query and not new.is_materialized_view:
        restorer.engine.create_view(name, new.view_query)
        return
    old_table = restorer.backup.describe(old.id)
    if old_table.is_sequence:
        rows = decode_rows(restorer.reader, restorer.backup, old_table, counter=restorer.counter)
        restore_sequence(restorer.engine, name, new, rows)
        return
    _restore_rows(restorer, name, old_table, describe(new, restorer.types))
    for index in old_table.indexes:
        for batch in table_entries(restorer.reader, restorer.backup, old_table, index):
            restorer.counter.add(batch, old_table, index)


def _note_type_users(cluster: Catalog, table: pb.TableDescriptor) -> None:
    """Tell types that were there before the restore of their new user."""
    for id_ in referenced_type_ids(table):
        if table.id not in cluster.type(id_).referencing_descriptor_ids:
            users = cluster.change_type(id_).referencing_descriptor_ids
            users[:] = sorted([*users, table.id])


def _restore_rows(restorer: _Restorer, name: TableName, old: Table, new: Table) -> None:
    before = restorer.counter

    def rows(text_columns: frozenset[int]) -> Iterator[pa.RecordBatch]:
        restorer.counter = before.copy()
        return decode_rows(restorer.reader, restorer.backup, old, text_columns, restorer.counter)

    fill_table(restorer.engine, name, new, rows)


def fill_table(
    engine: Engine, name: TableName, table: Table, rows: Callable[[frozenset[int]], Iterator[pa.RecordBatch]]
) -> None:
    """Create and fill a table; when a value does not fit a column's native form, start again with that one as text.

    Args:
        rows: (ids of the columns that come as text) -> the rows, or NotNativeError.
    """
    text_columns: frozenset[int] = frozenset()
    while True:
        engine.create_table(name, table, text_columns=text_columns)
        try:
            engine.insert(name, table, rows(text_columns))
        except NotNativeError as exc:
            engine.drop_table(name)
            text_columns |= exc.columns
            continue
        return


def decode_rows(
    reader: EntryReader,
    backup: Catalog,
    table: Table,
    text_columns: frozenset[int] = frozenset(),
    counter: EntryCounter | None = None,
    *,
    column_ids: tuple[int, ...] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield a table's rows as record batches, in the order of its primary key.

    Args:
        text_columns: ids of the columns that come as text.
        counter: is given every entry that is read.
        column_ids: the columns wanted; all that have data if omitted.

    Raises:
        NotNativeError: a value does not fit its column's native Arrow type; ask again with those columns as text.
    """

    def counted() -> Iterator[KeyValueBatch]:
        for batch in table_entries(reader, backup, table, table.primary_index):
            if counter is not None:
                counter.add(batch, table, table.primary_index)
            yield batch

    if column_ids is None:
        column_ids = tuple(column.id for column in table.columns if not column.is_virtual)
    decoder = RowDecoder(table, column_ids, text_columns=text_columns)
    if len(table.families) > 1:  # a row's families may lie in two batches
        yield from decoder.decode(counted())
        return
    for decoded in map_in_order(lambda batch: list(decoder.decode([batch])), counted()):
        yield from decoded


def table_entries(
    reader: EntryReader, backup: Catalog, table: Table, index: Index
) -> Iterator[KeyValueBatch]:
    """Yield the visible entries of one index. Those of an interleaved table lie among its ancestors' entries."""
    entries = reader.visible(*_span(table, index))
    is_shared = bool(index.ancestors) or _has_children(backup, table.id, index.id)
    return only_table(entries, table, index) if is_shared else entries


def _span(table: Table, index: Index) -> tuple[bytes, bytes]:
    """Return the span `[start, end)` that an index's entries lie in."""
    table_id, index_id = index.ancestors[0][:2] if index.ancestors else (table.id, index.id)
    return prefix(table_id, index_id), prefix(table_id, index_id + 1)


def _has_children(backup: Catalog, table_id: int, index_id: int) -> bool:
    """Tell whether other tables' rows are interleaved in an index."""
    desc = backup.table(table_id)
    index = next(i for i in (desc.primary_index, *desc.indexes) if i.id == index_id)
    return bool(index.interleaved_by)


def restore_sequence(
    engine: Engine, name: TableName, desc: pb.TableDescriptor, rows: Iterable[pa.RecordBatch]
) -> None:
    """Create a sequence with the value that its row holds."""
    opts = desc.sequence_opts
    engine.create_sequence(
        name, start=opts.start, increment=opts.increment, min_value=opts.min_value, max_value=opts.max_value
    )
    for batch in rows:
        for value in batch.column(0).to_pylist():
            engine.set_sequence_value(name, value)
