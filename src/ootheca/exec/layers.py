"""The layer that a BACKUP asks for, and whether it fits on the chain that is there.

Source: reference/sql/01 §8 (the order of the checks), 09 §2 (messages).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from ootheca import pb
from ootheca.backup.chain import Chain, find_appended, open_chain, read_layer
from ootheca.backup.plan import BackupPlan, Period, Scope, excluded_tables, plan_backup
from ootheca.clock import ZERO_TIMESTAMP, Timestamp
from ootheca.errors import OothecaError
from ootheca.exec.history import horizons, require_known, revisions_of

if TYPE_CHECKING:
    from ootheca.backup.sealed import SealedStorage
    from ootheca.backup.spans import Span
    from ootheca.catalog.catalog import Catalog
    from ootheca.catalog.targets import Targets
    from ootheca.exec.destinations import Destination
    from ootheca.exec.session import Session
    from ootheca.sql import ast

__all__ = ["Layer", "check_covers", "previous_chain"]


@dataclass(frozen=True, slots=True)
class Layer:
    """The layer that a statement asks for.

    Attributes:
        catalog: as of its end.
        keeps_all: with revision history.
    """

    statement: ast.Backup
    session: Session
    catalog: Catalog
    targets: Targets
    end_time: Timestamp
    covers_cluster: bool
    keeps_all: bool

    def plan(self, start: Timestamp, covered: Sequence[Span]) -> BackupPlan:
        """Plan it on top of layers that end at a time and cover some spans."""
        period = Period(start, self.end_time, self.keeps_all)
        revisions = (
            revisions_of(self.session, self.targets, period, covers_cluster=self.covers_cluster)
            if self.keeps_all
            else ()
        )
        complete = self.targets.complete_database_ids
        scope = Scope(self.targets.ids, complete, self.covers_cluster, covered, revisions)
        plan = plan_backup(self.catalog, self.session.catalog, scope, period, self.session.profile)
        for export in plan.exports:
            require_known(self.session, [export.table_id], export.period.until)
            if export.period.after and export.table is not None:
                require_known(self.session, [export.table_id], export.period.after)
        return replace(plan, revision_start=self._revision_start(plan)) if self.keeps_all else plan

    def _revision_start(self, plan: BackupPlan) -> Timestamp:
        """Return since when the history is whole that the layer tells; zero where it is from the beginning."""
        known = horizons(self.session)
        return max(
            (known.get(export.table_id, ZERO_TIMESTAMP) for export in plan.exports), default=ZERO_TIMESTAMP
        )


def previous_chain(destination: Destination, full: SealedStorage) -> Chain:
    """Open the chain that a layer goes on top of; its first folder is open already."""
    assert destination.base is not None
    storages = destination.named
    if storages is None:
        storages = tuple(destination.base.at(path) for path in find_appended(destination.base))
    try:
        if not storages:  # and none is looked for
            return Chain((read_layer(full),))
        return open_chain(full, [full.beside(storage) for storage in storages])
    except OothecaError as exc:
        raise exc.prefixed(f'failed to read backup from "{destination.base.uri}"') from exc


def check_covers(layer: Layer, chain: Chain) -> None:
    """Refuse a layer that does not go on where its chain ends.

    Raises:
        OothecaError: in CockroachDB's words.
    """
    last = chain.last.manifest
    if last.cluster_id != layer.session.cluster_id.bytes:
        raise OothecaError(f"previous BACKUP belongs to cluster {UUID(bytes=bytes(last.cluster_id))}")
    if last.descriptor_coverage == 1 and not layer.covers_cluster:
        raise OothecaError("cannot append a backup of specific tables or databases to a cluster backup")
    if not layer.covers_cluster:
        _check_targets(layer, last)
    _check_excluded(layer, chain)
    if layer.end_time <= chain.end:
        raise OothecaError(
            f"expected backup (along with any previous backups) to cover to {layer.end_time.format_go()}, not "
            f"{chain.end.format_go()}",
            hint="name a time after the end of the last layer",
        )


def _check_excluded(layer: Layer, chain: Chain) -> None:
    """Refuse to go on with a table whose data an earlier layer left out: rows written then would be in none."""
    missing = frozenset[int]().union(*(excluded_tables(each.manifest.descriptors) for each in chain.layers))
    for table in (layer.catalog.table(id_) for id_ in layer.targets.table_ids if id_ in missing):
        if not table.exclude_data_from_backup:
            raise OothecaError(
                f'previous backup does not contain the data of table "{table.name}", which was excluded from it',
                hint="take a full backup, or exclude the table's data again",
            )


def _check_targets(layer: Layer, last: pb.BackupManifest) -> None:
    """Refuse objects that the last layer does not know; of a whole cluster everything new is a part."""
    targets = layer.targets
    known = {desc.table.id for desc in last.descriptors if desc.HasField("table")}
    for table in (layer.catalog.table(id_) for id_ in targets.table_ids):
        if table.id not in known and table.parent_id not in last.complete_dbs:
            raise OothecaError(f'previous backup does not contain table "{table.name}"')
    for database_id in targets.complete_database_ids:
        if database_id not in last.complete_dbs:
            name = layer.catalog.database(database_id).name
            raise OothecaError(f'previous backup does not contain the complete database "{name}"')
