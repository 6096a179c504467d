"""Revision history: what a chain's objects were at a time, and every version of a table's rows.

Layers with revision history hold all versions of every key since the layer below, and every version of every
descriptor. A layer without it holds the last version of each key alone.

Source: reference/format/03 §7, 07 §1 step 6, step 13 and §4; fixtures/golden/*/e_revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ootheca import pb
from ootheca.backup.chain import Chain
from ootheca.backup.plan import Revision
from ootheca.backup.read import ChainReader
from ootheca.catalog.catalog import Catalog, SomeDescriptor, descriptor_of
from ootheca.catalog.table import Table
from ootheca.catalog.upgrade import upgrade
from ootheca.clock import ZERO_TIMESTAMP, Timestamp
from ootheca.codec.interleave import only_table
from ootheca.codec.keys import prefix, row_starts, split_families
from ootheca.codec.mvcc import KeyValueBatch, is_new_key
from ootheca.codec.ragged import Ragged
from ootheca.codec.rows import RowDecoder
from ootheca.errors import CorruptionError
from ootheca.types import Family

__all__ = ["VERSION_FIELDS", "alive_at", "catalog_at", "descriptors_at", "read_revisions"]

VERSION_FIELDS = (
    pa.field("_mvcc_timestamp", pa.string(), nullable=False),
    pa.field("_mvcc_wall", pa.timestamp("us", "UTC"), nullable=False),
    pa.field("_deleted", pa.bool_(), nullable=False),
)

_EMPTY_TUPLE = bytes(4) + b"\x0a"  # no checksum, kind TUPLE, no column
_DECODED_SIZE = 32 << 20  # bytes of keys and values that become one batch, roughly

_Positions = NDArray[np.int64]
_Versions = tuple[KeyValueBatch, _Positions]  # n versions, and the places of their layers in the chain


# Descriptors


def catalog_at(chain: Chain, time: Timestamp) -> Catalog:
    """Return the objects that statements saw at a time; see `descriptors_at`."""
    return Catalog(upgrade(descriptors_at(chain, time)))


def descriptors_at(chain: Chain, time: Timestamp) -> tuple[pb.Descriptor, ...]:
    """Return the descriptors as of a time, in the order of ids; what was dropped by then is left out.

    Args:
        chain: as `cut_at` returns it for the time: its last layer is the one that the time lies in.

    A last layer that recorded no changes shows its end.

    Source: reference/format/03 §7; the walk of 20.2 and the rule of later versions agree, since no object has two
        revisions of one time.
    """
    manifest = chain.last.manifest
    if not manifest.descriptor_changes:
        return tuple(manifest.descriptors)
    return alive_at(
        (
            Revision(
                Timestamp(each.time.wall_time, each.time.logical),
                each.ID,
                each.desc if each.HasField("desc") else None,
            )
            for each in manifest.descriptor_changes
        ),
        time,
    )


def alive_at(revisions: Iterable[Revision], time: Timestamp) -> tuple[pb.Descriptor, ...]:
    """Return the newest revisions up to a time, in the order of ids, without what was dropped by then."""
    newest: dict[int, Revision] = {}
    for revision in revisions:
        if revision.time <= time and (revision.id not in newest or revision.time >= newest[revision.id].time):
            newest[revision.id] = revision
    found = {id_: each.descriptor for id_, each in sorted(newest.items()) if each.descriptor is not None}
    members = {id_: member for id_, desc in found.items() if (member := descriptor_of(desc)) is not None}
    alive = {id_ for id_, member in members.items() if member.state != pb.DescriptorState.DROP}
    return tuple(found[id_] for id_ in found if id_ in alive and _database_id(members[id_]) in alive)


def _database_id(member: SomeDescriptor) -> int:
    return member.id if isinstance(member, pb.DatabaseDescriptor) else member.parent_id


# Rows


def read_revisions(
    reader: ChainReader,
    backup: Catalog,
    table: Table,
    *,
    since: Timestamp = ZERO_TIMESTAMP,
    text_columns: frozenset[int] = frozenset(),
    column_ids: tuple[int, ...] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the versions of a table's rows, in the order of its primary key, oldest first.

    Args:
        reader: up to whose time versions count.
        backup: the catalog that the table is of.
        since: versions at or before this time are left out.
        text_columns: ids of the columns that come as text.
        column_ids: the columns wanted; all that have data if omitted.

    Yields:
        the columns, then `VERSION_FIELDS`. A row of several column families has a version for each time at which one
        of them changed; what the others hold is theirs as of that time. Of a layer without revision history a row has
        one version, at the time of its last change in that layer.

    Raises:
        NotNativeError: a value does not fit its column's native Arrow type; ask again with those columns as text.
        CorruptionError, EncryptionError, StorageError: the backup cannot be read to the end.

    Memory follows the batch and the versions of one row.
    """
    has_history = np.array([layer.has_revision_history for layer in reader.chain.layers], np.bool_)
    if column_ids is None:
        column_ids = tuple(column.id for column in table.columns if not column.is_virtual)
    decoder = _Decoder(table, column_ids, text_columns)
    for versions in _whole_rows(_table_versions(reader, backup, table)):
        rows = _Rows.of(*versions)
        for events in rows.portions(rows.events(has_history, since)):
            yield decoder.decode(rows, events)


def _table_versions(reader: ChainReader, backup: Catalog, table: Table) -> Iterator[_Versions]:
    """Yield the versions of a primary index; those of an interleaved table lie among its relatives'."""
    index = table.primary_index
    is_shared = bool(index.ancestors or backup.table(table.id).primary_index.interleaved_by)
    owner_id, owner_index_id = index.ancestors[0][:2] if index.ancestors else (table.id, index.id)
    return reader.versions(
        prefix(owner_id, owner_index_id),
        prefix(owner_id, owner_index_id + 1),
        select=partial(only_table, table=table, index=index) if is_shared else None,
    )


def _whole_rows(versions: Iterator[_Versions]) -> Iterator[_Versions]:
    """Cut the versions anew, between rows: a row's families may come in several batches."""
    held: _Versions | None = None
    for batch, layers in versions:
        if held is not None:
            batch = KeyValueBatch.concat([held[0], batch])
            layers = np.concatenate([held[1], layers])
        rows = _Rows.of(batch, layers)
        last = int(rows.key_firsts[rows.row_firsts[-1]])
        held = (batch[last:], layers[last:])
        if last:
            yield batch[:last], layers[:last]
    if held is not None:
        yield held


@dataclass(frozen=True, slots=True, eq=False)
class _Events:
    """n versions of rows, by row and then by time, and the m pairs of keys and values that they show.

    Args:
        versions: int64[n]: for each the place of a key's version that was written at its time.
        pairs: int64[m]: places of key versions, by row version and then by family; none for a deleted row.
        of_pair: int64[m]: which of the n each of the pairs belongs to.
    """

    versions: _Positions
    pairs: _Positions
    of_pair: _Positions


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """All versions of the keys of some whole rows; keys and rows are numbered from 0.

    Args:
        key: int64[n]: the number of each version's key. key_firsts: int64[k]: where each key's versions begin.
        families: int64[k]: each key's family. row_of_key: int64[k]. row_firsts: int64[r]: each row's first key.
    """

    batch: KeyValueBatch
    layers: _Positions
    key: _Positions
    key_firsts: _Positions
    families: _Positions
    row_of_key: _Positions
    row_firsts: _Positions

    @staticmethod
    def of(batch: KeyValueBatch, layers: _Positions) -> _Rows:
        is_first = is_new_key(batch.keys)
        key_firsts = np.flatnonzero(is_first)
        keys = batch.keys.take(key_firsts)
        families, suffixes = split_families(keys)
        starts = row_starts(keys, families, suffixes)
        return _Rows(
            batch,
            layers,
            np.cumsum(is_first) - 1,
            key_firsts,
            families,
            np.cumsum(starts) - 1,
            np.flatnonzero(starts),
        )

    def events(self, has_history: NDArray[np.bool_], since: Timestamp) -> _Events:
        """Find the rows' versions that are after a time, and what each shows."""
        row = self.row_of_key[self.key]
        rank = self._time_ranks()
        chosen = np.flatnonzero(self._is_event(row, rank, has_history) & self._is_after(since))
        span = np.int64(rank.max()) + 1
        _, firsts = np.unique(row[chosen] * span + rank[chosen], return_index=True)
        versions = chosen[firsts]
        # Each version of a row asks each of the row's keys for its newest version up to that time.
        num_keys = np.diff(self.row_firsts, append=self.row_of_key.size)[row[versions]]
        of_pair = np.repeat(np.arange(versions.size), num_keys)
        within = np.arange(of_pair.size) - np.repeat(np.cumsum(num_keys) - num_keys, num_keys)
        asked = self.row_firsts[row[versions]][of_pair] + within
        order = self.key * span + (span - 1 - rank)  # ascends as the versions are stored
        pairs = np.searchsorted(order, asked * span + (span - 1 - rank[versions][of_pair]))
        is_there = pairs < order.size
        is_there[is_there] = self.key[pairs[is_there]] == asked[is_there]
        is_there[is_there] = ~self.batch.is_tombstone[pairs[is_there]]
        return _Events(versions, pairs[is_there], of_pair[is_there])

    def _time_ranks(self) -> _Positions:
        """Return int64[n]: the versions' times as numbers, in the order of time."""
        wall, logical = self.batch.wall_ns, self.batch.logical
        order = np.lexsort((logical, wall))
        is_later = (np.diff(wall[order]) != 0) | (np.diff(logical[order]) != 0)
        ranks = np.zeros(order.size, np.int64)
        ranks[order[1:]] = np.cumsum(is_later)
        return ranks

    def _is_event(
        self, row: _Positions, rank: _Positions, has_history: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Return bool[n]: versions that make one of their row: all with history, else a layer's last of each row."""
        result = has_history[self.layers]
        if result.all():
            return result
        order = np.lexsort((rank, self.layers, row))
        is_last = np.ones(order.size, np.bool_)
        is_last[:-1] = (np.diff(row[order]) != 0) | (np.diff(self.layers[order]) != 0)
        result[order[is_last]] = True
        return result

    def _is_after(self, since: Timestamp) -> NDArray[np.bool_]:
        wall, logical = self.batch.wall_ns, self.batch.logical
        result: NDArray[np.bool_] = (wall > since.wall_ns) | (
            (wall == since.wall_ns) & (logical > since.logical)
        )
        return result

    def portions(self, events: _Events) -> Iterator[_Events]:
        """Cut versions of rows so that what they show fits a batch: a wide row may have many versions."""
        if not events.versions.size:
            return
        sizes = (self.batch.keys.lengths + self.batch.values.lengths)[events.pairs]
        reached = np.cumsum(np.bincount(events.of_pair, sizes, minlength=events.versions.size))
        cuts = np.flatnonzero(np.diff(reached // _DECODED_SIZE)) + 1
        bounds = [0, *cuts.tolist(), events.versions.size]
        pair_bounds = np.searchsorted(events.of_pair, bounds)
        for i in range(len(bounds) - 1):
            mine = slice(pair_bounds[i], pair_bounds[i + 1])
            yield _Events(
                events.versions[bounds[i] : bounds[i + 1]],
                events.pairs[mine],
                events.of_pair[mine] - bounds[i],
            )


@dataclass(frozen=True)
class _Decoder:
    """Decodes versions of rows: those that are there with all columns, deleted ones with their key."""

    table: Table
    column_ids: tuple[int, ...]
    text_columns: frozenset[int]

    @cached_property
    def _rows(self) -> RowDecoder:
        return RowDecoder(self.table, self.column_ids, text_columns=self.text_columns)

    @cached_property
    def _keys(self) -> RowDecoder:
        """A collation key does not hold its text, nor a sequence's key its value."""
        ids = () if self.table.is_sequence else self.table.primary_index.key_column_ids
        family_of = {id_: self.table.column_by_id[id_].type.family for id_ in ids}
        whole = tuple(id_ for id_ in self.column_ids if family_of.get(id_, Family.COLLATED_STRING) is not
                      Family.COLLATED_STRING)  # fmt: skip
        return RowDecoder(self.table, whole, text_columns=self.text_columns)

    @cached_property
    def schema(self) -> pa.Schema:
        return pa.schema([*self._rows.schema, *VERSION_FIELDS])

    def decode(self, rows: _Rows, events: _Events) -> pa.RecordBatch:
        """Return one row for each version, in their order."""
        num_pairs = np.bincount(events.of_pair, minlength=events.versions.size)
        deleted = np.flatnonzero(num_pairs == 0)
        live = np.flatnonzero(num_pairs)
        parts = [*self._decode_live(rows, events), *self._decode_deleted(rows, events.versions[deleted])]
        columns = _stacked(parts, self._rows.schema)
        if deleted.size and live.size:
            order = pa.array(np.argsort(np.concatenate([live, deleted])))
            columns = [column.take(order) for column in columns]
        wall, logical = rows.batch.wall_ns[events.versions], rows.batch.logical[events.versions]
        arrays = [
            *columns,
            _decimal_texts(wall, logical),
            pa.array(wall // 1000).cast(VERSION_FIELDS[1].type),
        ]
        return pa.record_batch([*arrays, pa.array(num_pairs == 0)], schema=self.schema)

    def _decode_live(self, rows: _Rows, events: _Events) -> list[pa.RecordBatch]:
        """Decode the pairs as if they were of as many rows.

        The decoder tells rows apart by their keys: where two versions of one row would read as one, since the second
        begins with a later family than the first one ends with, each is decoded on its own.
        """
        if not events.pairs.size:
            return []
        keys = rows.key[events.pairs]
        family, row = rows.families[keys], rows.row_of_key[keys]
        is_fused = (np.diff(events.of_pair) != 0) & (np.diff(row) == 0) & (np.diff(family) > 0)
        bounds = [0, *(np.flatnonzero(is_fused) + 1).tolist(), keys.size]
        pairs = rows.batch.take(events.pairs)
        found: list[pa.RecordBatch] = []
        for low, high in pairwise(bounds):
            found.extend(self._rows.decode([pairs[low:high]]))
        if sum(part.num_rows for part in found) != np.unique(events.of_pair).size:
            raise CorruptionError(f"table {self.table.name!r}: versions of rows that do not come apart")
        return found

    def _decode_deleted(self, rows: _Rows, versions: _Positions) -> list[pa.RecordBatch]:
        """Decode the keys of deleted rows out of pairs without columns."""
        count = versions.size
        if not count:
            return []
        firsts = rows.key_firsts[rows.row_firsts[rows.row_of_key[rows.key[versions]]]]
        pairs = KeyValueBatch(
            rows.batch.keys.take(firsts),
            np.zeros(count, np.int64),
            np.zeros(count, np.int32),
            Ragged.from_constant(_EMPTY_TUPLE, count),
        )
        return list(self._keys.decode([pairs]))


def _stacked(parts: list[pa.RecordBatch], schema: pa.Schema) -> list[pa.Array]:
    """Put batches one under another, column by column; NULL where one lacks a column."""
    return [
        pa.concat_arrays(
            [
                part.column(part.schema.get_field_index(field.name))
                if field.name in part.schema.names
                else pa.nulls(part.num_rows, field.type)
                for part in parts
            ]
        )
        for field in schema
    ]


def _decimal_texts(wall: NDArray[np.int64], logical: NDArray[np.int32]) -> pa.Array:
    """Return the decimal form of n times, as `Timestamp` prints it."""
    counter = pc.utf8_lpad(pa.array(logical).cast(pa.string()), 10, padding="0")
    return pc.binary_join_element_wise(pa.array(wall).cast(pa.string()), counter, ".")
