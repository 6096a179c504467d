"""The store's past: what its objects were, and what becomes of the entries of those that change or go.

Source: reference/format/03 §7 (revisions of a layer), 07 §3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from ootheca import pb
from ootheca.backup.plan import Period, Revision
from ootheca.backup.revisions import alive_at
from ootheca.backup.versions import retire_index
from ootheca.catalog.catalog import Catalog, descriptor_of
from ootheca.catalog.table import Table
from ootheca.catalog.targets import Targets
from ootheca.clock import Timestamp, parse_timestamp
from ootheca.codec.changes import encode_rewrite
from ootheca.codec.descriptors import decode_descriptor
from ootheca.codec.keys import prefix
from ootheca.engine.base import TableName
from ootheca.errors import OothecaError, UnsupportedError
from ootheca.exec.resolver import table_name
from ootheca.exec.unfinished import UnfinishedJobs

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = [
    "adopt",
    "catalog_at",
    "collect_garbage",
    "horizons",
    "note_indexes",
    "require_known",
    "retire",
    "revisions_of",
    "rewrite",
]


# Objects


def catalog_at(session: Session, time: Timestamp) -> Catalog:
    """Return the objects that statements saw at a time; if none changed since, those of the transaction."""
    revisions = _revisions(session)
    if not revisions or revisions[-1].time <= time:
        return session.catalog
    return Catalog(alive_at(revisions, time))


def revisions_of(
    session: Session, targets: Targets, period: Period, *, covers_cluster: bool
) -> tuple[Revision, ...]:
    """Return what a layer with revision history tells of its objects, the oldest revision first.

    A full layer tells every revision; one on top of it begins with what each object was at its start.
    """
    revisions = [each for each in _revisions(session) if each.time <= period.until]
    ids = set(targets.ids)
    for each in revisions:
        member = descriptor_of(each.descriptor) if each.descriptor is not None else None
        if member is not None and (
            covers_cluster or getattr(member, "parent_id", 0) in targets.complete_database_ids
        ):
            ids.add(each.id)
    told = [each for each in revisions if each.id in ids]
    if not period.after:
        return tuple(told)
    at_start = {each.id: each for each in told if each.time <= period.after}
    first = [
        Revision(period.after, id_, each.descriptor)
        for id_, each in sorted(at_start.items())
        if each.descriptor
    ]
    return (*first, *(each for each in told if each.time > period.after))


def _revisions(session: Session) -> list[Revision]:
    return [
        Revision(
            time,
            id_,
            decode_descriptor(raw, location=f"system.descriptor/{id_}") if raw is not None else None,
        )
        for time, id_, raw in session.engine.versions.revisions()
    ]


# The end of the past

_HORIZONS = "history_horizons"
_SECOND_NS = 1_000_000_000
_SHORTEST_NS = 60 * _SECOND_NS  # nothing is looked through for less


def horizons(session: Session) -> dict[int, Timestamp]:
    """Return by table since when its past is known, where that is not since its beginning."""
    found: dict[str, str] = session.meta(_HORIZONS, {})
    return {int(id_): parse_timestamp(time) for id_, time in found.items()}


def put_horizon(session: Session, table_id: int, time: Timestamp) -> None:
    """Say that what a table held before a time is not known any more."""
    found: dict[str, str] = session.meta(_HORIZONS, {})
    session.put_meta(_HORIZONS, {**found, str(table_id): str(time)})


def require_known(session: Session, table_ids: Iterable[int], time: Timestamp) -> None:
    """Refuse to read tables as of a time that their past does not reach back to.

    Raises:
        OothecaError: `batch timestamp … must be after replica GC threshold …`.
    """
    known = horizons(session)
    for id_ in table_ids:
        if id_ in known and time < known[id_]:
            raise OothecaError(
                f"batch timestamp {time.format_hlc()} must be after replica GC threshold {known[id_].format_hlc()}",
                hint="name a later time: what was there before is not known any more",
            )


def collect_garbage(session: Session) -> None:
    """Forget what was replaced longer ago than the zone configurations want it kept (`gc.ttlseconds`)."""
    from ootheca.exec.zones import Zones

    versions, now = session.engine.versions, session.now()
    oldest = versions.oldest()
    if oldest is None or now.wall_ns - oldest.wall_ns < _SHORTEST_NS:
        return
    zones = Zones(session)
    latest = UnfinishedJobs(session).protected_since() or now
    thresholds = {
        id_: min(latest, Timestamp(now.wall_ns - zones.gc_ttl_seconds(id_) * _SECOND_NS))
        for id_ in {revision.id for revision in _revisions(session)}
    }
    for id_, threshold in thresholds.items():
        if oldest <= threshold and versions.forget(prefix(id_, 0), prefix(id_ + 1, 0), threshold):
            put_horizon(session, id_, threshold)
    versions.forget_revisions(min(thresholds.values()))


# Entries


def retire(session: Session, desc: pb.TableDescriptor, index_ids: Collection[int] | None = None) -> None:
    """Keep the entries of a relation's indexes, of all unless some are named, before they go."""
    table = session.describe(desc.id)
    for index in table.all_indexes if table.has_data else ():
        if index_ids is None or index.id in index_ids:
            with suppress(UnsupportedError):  # BACKUP refuses the index too, so nothing can miss it
                retire_index(session.engine, table_name(session, desc), table, index, session.names)


def note_indexes(session: Session, desc: pb.TableDescriptor) -> None:
    """Give indexes that were made for rows which are there already their time: now."""
    table = session.catalog.describe(desc.id)
    if table.is_sequence or not table.has_data:
        return
    versions = session.engine.versions
    new = [index.id for index in table.all_indexes if versions.base(table.id, index.id) is None]
    if new and session.engine.row_count(table_name(session, desc)):
        versions.put_bases(table.id, new)


def adopt(session: Session, desc: pb.TableDescriptor) -> None:
    """Take a table's rows for new ones: another program changed them, and nobody knows which were there before.

    As after TRUNCATE every index gets a new id, so the next layer of a backup holds all rows; the past ends here.
    """
    staged = session.catalog.change_table(desc.id)
    for index in (staged.primary_index, *staged.indexes):
        session.engine.versions.drop_base(desc.id, index.id)
        index.id = staged.next_index_id
        staged.next_index_id += 1
    put_horizon(session, desc.id, session.now())


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch that was read, as the `RowReader` of the codec."""

    table: Table
    rows: pa.RecordBatch

    def read(self, column_ids: Sequence[int], where: str | None = None) -> pa.RecordBatch:
        """Return columns of all rows; a primary index has no predicate."""
        del where
        return self.rows.select([self.table.column_by_id[id_].name for id_ in column_ids])


def rewrite(session: Session, name: TableName, old: Table, new: Table, column_ids: Iterable[int]) -> None:
    """Note that a table's rows are written anew without some columns, before these go."""
    versions = session.engine.versions
    if versions.base(old.id, old.primary_index.id) is None:
        return
    written = frozenset(column_ids)
    stored = [column.id for column in old.columns if not column.is_virtual]
    with suppress(UnsupportedError):
        for batch in session.engine.scan(name, old, stored):
            versions.append(encode_rewrite(_Batch(old, batch), _Batch(new, batch), written))
    versions.next_step()
