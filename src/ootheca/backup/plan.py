"""Plan a backup: which descriptors, which key spans, which tables' entries. Plain data, made before the first write.

Source: reference/format/03 §2 "Spans", 07 §3 (what a writer must produce), 09 (merged spans, views' empty spans).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from ootheca import pb
from ootheca.catalog.catalog import Catalog, wrap_descriptor
from ootheca.catalog.table import Index, Table
from ootheca.clock import Timestamp
from ootheca.codec.keys import prefix
from ootheca.engine.base import TableName
from ootheca.errors import OothecaError
from ootheca.profile import Profile

__all__ = ["BackupPlan", "Export", "index_spans", "plan_backup"]


@dataclass(frozen=True, slots=True)
class Export:
    """One key span `[start, end)` and the indexes of one table whose entries fill it, in key order.

    Attributes:
        interleaved: indexes of other tables, whose entries lie among those of `indexes` by their keys.
    """

    table: Table
    name: TableName
    indexes: tuple[Index, ...]
    start: bytes
    end: bytes
    interleaved: tuple[tuple[TableName, Table, Index], ...] = ()


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """Everything that a full backup will hold.

    Attributes:
        descriptors: sorted by id.
        complete_databases: ids of databases that are taken whole, in the order of the statement.
        covers_cluster: no targets were named.
        spans: covered key spans, sorted; those without an export are empty (views).
        exports: sorted by start key.
    """

    descriptors: tuple[pb.Descriptor, ...]
    complete_databases: tuple[int, ...]
    covers_cluster: bool
    end_time: Timestamp
    spans: tuple[tuple[bytes, bytes], ...]
    exports: tuple[Export, ...]

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


def plan_backup(
    catalog: Catalog,
    descriptor_ids: Iterable[int],
    complete_databases: Sequence[int],
    *,
    covers_cluster: bool,
    end_time: Timestamp,
    profile: Profile,
) -> BackupPlan:
    """Plan a full backup of some descriptors as of a time.

    Raises:
        OothecaError: there is nothing to take, or a table without those that it is interleaved with.
    """
    members = (catalog.get(id_) for id_ in sorted(set(descriptor_ids)))
    descriptors = tuple(wrap_descriptor(member) for member in members if member is not None)
    if not descriptors:
        raise OothecaError("no descriptors available to backup at selected time")
    table_ids = [desc.table.id for desc in descriptors if desc.HasField("table")]
    _check_interleaved(catalog, table_ids)
    tables = [catalog.describe(id_) for id_ in table_ids]
    exports = _plan_exports(catalog, tables, profile)
    spans = [(export.start, export.end) for export in exports]
    if profile.merges_spans:
        # The 2022 build covers a view by an empty span of index 0.
        spans.extend((prefix(table.id, 0), prefix(table.id, 1)) for table in tables if not table.has_data)
    return BackupPlan(
        descriptors,
        tuple(complete_databases),
        covers_cluster,
        end_time,
        tuple(sorted(spans)),
        tuple(sorted(exports, key=lambda export: export.start)),
    )


def index_spans(table: Table, *, merges: bool) -> list[tuple[bytes, bytes, tuple[Index, ...]]]:
    """Return (start, end, indexes) of a table's own spans, by index id.

    One for each index, or with `merges` one for each run of indexes whose ids follow each other. An interleaved index
    has none: it lies in its root's.
    """
    runs: list[list[Index]] = []
    for index in sorted(table.all_indexes, key=lambda index: index.id):
        if index.ancestors:
            continue
        if merges and runs and runs[-1][-1].id + 1 == index.id:
            runs[-1].append(index)
        else:
            runs.append([index])
    return [(prefix(table.id, run[0].id), prefix(table.id, run[-1].id + 1), tuple(run)) for run in runs]


def _plan_exports(catalog: Catalog, tables: Iterable[Table], profile: Profile) -> list[Export]:
    exports: list[Export] = []
    interleaved: defaultdict[tuple[int, int], list[tuple[TableName, Table, Index]]] = defaultdict(list)
    for table in tables:
        if not table.has_data:
            continue
        name = TableName(*catalog.qualified_name(catalog.table(table.id)))
        exports.extend(
            Export(table, name, indexes, start, end)
            for start, end, indexes in index_spans(table, merges=profile.merges_spans)
        )
        for index in table.all_indexes:
            if index.ancestors:
                root_id, root_index_id, _ = index.ancestors[0]
                interleaved[root_id, root_index_id].append((name, table, index))
    return [
        replace(
            export,
            interleaved=tuple(
                child
                for index in export.indexes
                for child in interleaved.get((export.table.id, index.id), ())
            ),
        )
        for export in exports
    ]


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
