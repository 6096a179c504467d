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
from ootheca.clock import Timestamp
from ootheca.codec.changes import encode_rewrite
from ootheca.codec.descriptors import decode_descriptor
from ootheca.engine.base import TableName
from ootheca.errors import UnsupportedError
from ootheca.exec.resolver import table_name

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["catalog_at", "note_indexes", "retire", "revisions_of", "rewrite"]


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
