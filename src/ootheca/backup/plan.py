"""Plan a layer: which descriptors, which key spans, which tables' entries. Plain data, made before the first write.

Source: reference/format/03 §2 "Spans" and §7 (revisions), 07 §3 (what a writer must produce), 09 (merged spans, views'
empty spans); the layers of fixtures/golden/*/d_chain and e_revision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ootheca import pb
from ootheca.backup.spans import Span, subtract, union
from ootheca.catalog.catalog import Catalog, descriptor_of, wrap_descriptor
from ootheca.catalog.table import Index, Table
from ootheca.clock import ZERO_TIMESTAMP, Timestamp
from ootheca.codec.keys import prefix
from ootheca.engine.base import TableName
from ootheca.errors import OothecaError
from ootheca.profile import Profile

__all__ = [
    "BackupPlan",
    "Export",
    "Period",
    "Revision",
    "Scope",
    "excluded_tables",
    "index_spans",
    "plan_backup",
    "plan_index",
]


@dataclass(frozen=True, slots=True)
class Period:
    """Which versions of keys a layer holds.

    Attributes:
        after: they are later; zero for all since the beginning.
        until: they are not later.
        keeps_all: every version of a key, not only the newest.
    """

    after: Timestamp
    until: Timestamp
    keeps_all: bool = False

    @property
    def keeps_tombstones(self) -> bool:
        """Whether deleted keys are told: a full layer without history has nothing to delete."""
        return self.keeps_all or bool(self.after)


@dataclass(frozen=True, slots=True)
class Revision:
    """What a descriptor became at a time; None: it was purged."""

    time: Timestamp
    id: int
    descriptor: pb.Descriptor | None


@dataclass(frozen=True, slots=True)
class Export:
    """One key span `[start, end)` and what fills it, in key order.

    Attributes:
        table_id: of the table whose keys they are.
        period: of the versions that are taken.
        name, table: in the store as it is now; None when they are gone and only kept versions are left.
        indexes: those of the table, as it is now, whose rows can be encoded.
        interleaved: indexes of other tables, whose entries lie among those of `indexes` by their keys.
    """

    start: bytes
    end: bytes
    table_id: int
    period: Period
    name: TableName | None = None
    table: Table | None = None
    indexes: tuple[Index, ...] = ()
    interleaved: tuple[tuple[TableName, Table, Index], ...] = ()


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """Everything that a layer will hold.

    Attributes:
        descriptors: as of the end of the period, sorted by id.
        complete_databases: ids of databases that are taken whole, in the order of the statement.
        covers_cluster: no targets were named.
        period: of the layer; its start is the end of the layer before.
        spans: covered key spans, sorted; those without an export are empty (views).
        introduced: the parts of them that no layer before covers.
        exports: sorted by start key.
        revisions: of the descriptors, where all versions are kept.
        revision_start: since when all versions are known; zero for since the beginning.
    """

    descriptors: tuple[pb.Descriptor, ...]
    complete_databases: tuple[int, ...]
    covers_cluster: bool
    period: Period
    spans: tuple[Span, ...]
    introduced: tuple[Span, ...]
    exports: tuple[Export, ...]
    revisions: tuple[Revision, ...] = ()
    revision_start: Timestamp = ZERO_TIMESTAMP

    @property
    def primary_indexes(self) -> frozenset[tuple[int, int]]:
        """(table id, index id) of the indexes whose entries count as rows."""
        return frozenset(
            (desc.table.id, desc.table.primary_index.id)
            for desc in self.descriptors
            if desc.HasField("table")
        )

    @property
    def table_ids(self) -> tuple[int, ...]:
        return tuple(desc.table.id for desc in self.descriptors if desc.HasField("table"))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a layer is about.

    Attributes:
        descriptor_ids: the targets with all that belongs to them.
        complete_databases: ids of databases that are taken whole, in the order of the statement.
        covers_cluster: no targets were named.
        covered: spans that the layers before cover, none for a full layer.
        revisions: of these descriptors and of those that are gone; for layers that keep all versions.
    """

    descriptor_ids: Collection[int]
    complete_databases: Sequence[int]
    covers_cluster: bool = False
    covered: Sequence[Span] = ()
    revisions: Sequence[Revision] = ()


def plan_backup(
    catalog: Catalog, stored: Catalog, scope: Scope, period: Period, profile: Profile
) -> BackupPlan:
    """Plan a layer.

    Args:
        catalog: as of the end of the period.
        stored: as it is now, for the rows that are there.

    Raises:
        OothecaError: there is nothing to take, or a table without those that it is interleaved with.
    """
    members = (catalog.get(id_) for id_ in sorted(set(scope.descriptor_ids)))
    descriptors = tuple(wrap_descriptor(member) for member in members if member is not None)
    if not descriptors:
        raise OothecaError("no descriptors available to backup at selected time")
    table_ids = [desc.table.id for desc in descriptors if desc.HasField("table")]
    _check_interleaved(catalog, table_ids)
    tables = [catalog.describe(id_) for id_ in table_ids]
    runs = [
        run
        for table_id, ids in _index_ids(tables, scope.revisions).items()
        for run in _runs(table_id, ids, merges=profile.merges_spans)
    ]
    spans = [run.span for run in runs]
    if profile.merges_spans:
        # The 2022 build covers a view by an empty span of index 0.
        spans.extend((prefix(table.id, 0), prefix(table.id, 1)) for table in tables if not table.has_data)
    covered = union(scope.covered)
    excluded = excluded_tables(descriptors)
    exports = [
        export
        for run in runs
        if run.table_id not in excluded
        for export in _exports(run, stored, covered, period)
    ]
    return BackupPlan(
        descriptors,
        tuple(scope.complete_databases),
        scope.covers_cluster,
        period,
        tuple(sorted(spans)),
        tuple(subtract(sorted(spans), covered)) if period.after else (),
        tuple(sorted(exports, key=lambda export: export.start)),
        tuple(scope.revisions),
    )


def excluded_tables(descriptors: Iterable[pb.Descriptor]) -> frozenset[int]:
    """Return the ids of the tables whose data stays out of backups."""
    tables = (desc.table for desc in descriptors if desc.HasField("table"))
    return frozenset(table.id for table in tables if table.exclude_data_from_backup)


def index_spans(table: Table, *, merges: bool) -> list[Span]:
    """Return a table's own spans, by index id.

    One for each index, or with `merges` for each run of indexes whose ids follow each other. An interleaved index has
    none: it lies in its root's.
    """
    own = [index.id for index in table.all_indexes if not index.ancestors]
    return [run.span for run in _runs(table.id, own, merges=merges)]


def plan_index(stored: Catalog, table_id: int, index_id: int, period: Period) -> Export:
    """Plan the export of one index, whether it is still there or not."""
    (export,) = _exports(_Run(table_id, (index_id,)), stored, (), period)
    return export


@dataclass(frozen=True, slots=True)
class _Run:
    """Indexes of a table whose spans are taken together."""

    table_id: int
    index_ids: tuple[int, ...]

    @property
    def span(self) -> Span:
        return prefix(self.table_id, self.index_ids[0]), prefix(self.table_id, self.index_ids[-1] + 1)


def _index_ids(tables: Iterable[Table], revisions: Iterable[Revision]) -> dict[int, set[int]]:
    """Return the ids of the indexes with spans of their own, now or at a revision, by table."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for table in tables:
        if table.has_data:
            found[table.id].update(index.id for index in table.all_indexes if not index.ancestors)
    for revision in revisions:
        desc = descriptor_of(revision.descriptor) if revision.descriptor is not None else None
        if isinstance(desc, pb.TableDescriptor) and desc.state != pb.DescriptorState.DROP:
            has_data = not desc.view_query or desc.is_materialized_view
            for index in (desc.primary_index, *desc.indexes) if has_data else ():
                if not index.interleave.ancestors:
                    found[desc.id].add(index.id)
    return dict(sorted(found.items()))


def _runs(table_id: int, index_ids: Iterable[int], *, merges: bool) -> Iterator[_Run]:
    run: list[int] = []
    for id_ in sorted(index_ids):
        if run and not (merges and run[-1] + 1 == id_):
            yield _Run(table_id, tuple(run))
            run = []
        run.append(id_)
    if run:
        yield _Run(table_id, tuple(run))


def _exports(run: _Run, stored: Catalog, covered: Sequence[Span], period: Period) -> Iterator[Export]:
    """Cut a run where it stops or begins to be covered by earlier layers, or to have rows that can be encoded."""
    desc = stored.get(run.table_id)
    table = stored.describe(run.table_id) if isinstance(desc, pb.TableDescriptor) else None
    by_id = {index.id: index for index in table.all_indexes} if table is not None and table.has_data else {}
    parts: list[tuple[tuple[bool, bool], list[int]]] = []
    for id_ in run.index_ids:
        span = (prefix(run.table_id, id_), prefix(run.table_id, id_ + 1))
        kind = (not subtract([span], covered), id_ in by_id)
        if parts and parts[-1][0] == kind:
            parts[-1][1].append(id_)
        else:
            parts.append((kind, [id_]))
    for (is_covered, is_stored), ids in parts:
        start, end = _Run(run.table_id, tuple(ids)).span
        taken = period if is_covered else replace(period, after=ZERO_TIMESTAMP)
        if not is_stored or table is None:
            yield Export(start, end, run.table_id, taken)
            continue
        indexes = tuple(by_id[id_] for id_ in ids)
        name = TableName(*stored.qualified_name(stored.table(table.id)))
        yield Export(
            start, end, run.table_id, taken, name, table, indexes, _interleaved(stored, table, indexes)
        )


def _interleaved(
    stored: Catalog, table: Table, indexes: Iterable[Index]
) -> tuple[tuple[TableName, Table, Index], ...]:
    """Return the indexes whose entries lie among those of some root indexes."""
    desc = stored.table(table.id)
    if not any(index.interleaved_by for index in (desc.primary_index, *desc.indexes)):
        return ()
    roots = {(table.id, index.id) for index in indexes}
    found = []
    for member in stored.tables(desc.parent_id):
        child = stored.describe(member.id)
        name = TableName(*stored.qualified_name(member))
        found += [
            (name, child, each)
            for each in child.all_indexes
            if each.ancestors and each.ancestors[0][:2] in roots
        ]
    return tuple(found)


def _check_interleaved(catalog: Catalog, table_ids: Collection[int]) -> None:
    """Refuse a table whose rows lie among those of one that is not taken, or the other way round."""
    for id_ in table_ids:
        table = catalog.table(id_)
        for index in (table.primary_index, *table.indexes):
            for ancestor in index.interleave.ancestors:
                if ancestor.table_id not in table_ids:
                    raise OothecaError(
                        f'cannot backup table "{table.name}" without interleave parent (ID {ancestor.table_id})'
                    )
            for child in index.interleaved_by:
                if child.table not in table_ids:
                    raise OothecaError(
                        f'cannot backup table "{table.name}" without interleave child table (ID {child.table})'
                    )
