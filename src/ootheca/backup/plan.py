"""Plan a backup: which descriptors, which key spans, which tables' entries. Plain data, made before the first write.

Source: reference/format/03 §2 "Spans", 07 §3 (what a writer must produce), 09 (merged spans, views' empty spans).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ootheca import pb
from ootheca.catalog.catalog import Catalog, wrap_descriptor
from ootheca.catalog.table import Index, Table
from ootheca.clock import Timestamp
from ootheca.codec.keys import prefix
from ootheca.engine.base import TableName
from ootheca.errors import OothecaError
from ootheca.profile import Profile

__all__ = ["BackupPlan", "Export", "plan_backup"]


@dataclass(frozen=True, slots=True)
class Export:
    """One key span `[start, end)` and the indexes of one table whose entries fill it, in key order."""

    table: Table
    name: TableName
    indexes: tuple[Index, ...]
    start: bytes
    end: bytes


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
        OothecaError: there is nothing to take.
    """
    members = (catalog.get(id_) for id_ in sorted(set(descriptor_ids)))
    descriptors = tuple(wrap_descriptor(member) for member in members if member is not None)
    if not descriptors:
        raise OothecaError("no descriptors available to backup at selected time")
    spans: list[tuple[bytes, bytes]] = []
    exports: list[Export] = []
    for desc in descriptors:
        if not desc.HasField("table"):
            continue
        table = catalog.describe(desc.table.id)
        if not table.has_data:
            # The 2022 build covers a view by an empty span of index 0.
            spans.extend([(prefix(table.id, 0), prefix(table.id, 1))] if profile.merges_spans else [])
            continue
        name = TableName(*catalog.qualified_name(desc.table))
        table_exports = _exports(table, name, profile)
        exports.extend(table_exports)
        spans.extend((export.start, export.end) for export in table_exports)
    return BackupPlan(
        descriptors, tuple(complete_databases), covers_cluster, end_time, tuple(sorted(spans)), tuple(exports)
    )


def _exports(table: Table, name: TableName, profile: Profile) -> list[Export]:
    """One export per index, or per run of indexes whose ids follow each other where the profile merges those."""
    runs: list[list[Index]] = []
    for index in sorted(table.all_indexes, key=lambda index: index.id):
        if profile.merges_spans and runs and runs[-1][-1].id + 1 == index.id:
            runs[-1].append(index)
        else:
            runs.append([index])
    return [
        Export(table, name, tuple(run), prefix(table.id, run[0].id), prefix(table.id, run[-1].id + 1))
        for run in runs
    ]
