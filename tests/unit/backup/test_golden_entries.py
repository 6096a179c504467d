"""A real server's rows, written again: every key and value, and every count, as that server wrote them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ootheca.backup.chain import Chain, read_layer
from ootheca.backup.opened import Backup, open_backup
from ootheca.backup.plan import BackupPlan
from ootheca.backup.read import ChainReader
from ootheca.backup.sealed import SealedStorage
from ootheca.backup.write import BackupIdentity, BackupSummary, write_backup
from ootheca.catalog.table import Index, Table
from ootheca.clock import FixedClock, Timestamp
from ootheca.codec.counts import RowCounter
from ootheca.codec.keys import prefix
from ootheca.engine.base import TableName
from ootheca.profile import profile
from ootheca.storage.memory import MemoryStorage
from ootheca.types import Family
from tests.support.backups import SerialExecutor, plan_full
from tests.support.golden import GoldenSet, golden_sets
from tests.support.memory_engine import MemoryEngine

Entry = tuple[bytes, bytes]

# What the predicates of the table `indexed` mean.
PREDICATES = {
    "e": lambda rows: pc.fill_null(rows["e"], False),
    "a > 10:::INT8": lambda rows: pc.fill_null(pc.greater(rows["a"], 10), False),
}


def fill_engine(backup: Backup) -> MemoryEngine:
    engine = MemoryEngine(predicates=PREDICATES)
    for full_name in backup.tables:
        opened = backup.table(full_name)
        name = TableName(*backup.catalog.qualified_name(backup.catalog.table(opened.table.id)))
        if opened.table.is_sequence:
            engine.create_sequence(name, start=1, increment=1, min_value=1, max_value=9)
            engine.set_sequence_value(name, opened.to_arrow().column(0)[0].as_py())
            continue
        batches = list(opened.to_batches())
        as_text = [
            column.id
            for column in opened.table.columns
            if batches
            and column.name in batches[0].schema.names
            and _is_text_fallback(batches[0], opened, column.name)
        ]
        engine.create_table(name, opened.table, text_columns=frozenset(as_text))
        engine.insert(name, opened.table, batches)
    return engine


def _is_text_fallback(batch: pa.RecordBatch, opened: object, column: str) -> bool:
    return bool(batch.schema.field(column).type != opened.schema.field(column).type)  # type: ignore[attr-defined]


def can_be_written(table: Table) -> bool:
    """Collation keys are those of the server's own tables; virtual columns have values only in a store with SQL."""
    keys = [
        table.column_by_id[id_]
        for index in table.all_indexes
        for id_ in index.key_column_ids
        if table.has_data
    ]
    return not any(column.is_virtual or column.type.family is Family.COLLATED_STRING for column in keys)


class Rewritten:
    """A golden backup and what we made of its rows."""

    def __init__(self, golden: GoldenSet) -> None:
        self.original = open_backup("nodelocal://1/full", external_io_dir=golden.extern)
        self.manifest = self.original.chain.last.manifest
        self.tables = [
            self.original.catalog.describe(desc.table.id)
            for desc in self.manifest.descriptors
            if desc.HasField("table")
        ]
        self.written = [table for table in self.tables if can_be_written(table)]
        left_out = {table.id for table in self.tables} - {table.id for table in self.written}
        ids = [getattr(desc, desc.WhichOneof("union") or "table").id for desc in self.manifest.descriptors]
        self.plan = self._plan(golden, [id_ for id_ in ids if id_ not in left_out])
        self.whole_plan = self._plan(golden, ids)
        self.storage = MemoryStorage()
        self.summary = self._write(golden)
        self.layer = read_layer(SealedStorage(self.storage))

    def _plan(self, golden: GoldenSet, ids: list[int]) -> BackupPlan:
        end = self.manifest.end_time
        return plan_full(
            self.original.catalog,
            ids,
            self.manifest.complete_dbs,
            end=Timestamp(end.wall_time, end.logical),
            facts=profile(golden.version),
        )

    def _write(self, golden: GoldenSet) -> BackupSummary:
        return write_backup(
            self.plan,
            fill_engine(self.original),
            None,  # type: ignore[arg-type]
            SealedStorage(self.storage),
            encryption_info=None,
            profile=profile(golden.version),
            clock=FixedClock(self.plan.period.until),
            identity=BackupIdentity(bytes(16), bytes(16)),
            executor=SerialExecutor(),
        )

    def indexes(self) -> Iterator[tuple[Table, Index]]:
        for table in self.written:
            if table.has_data:
                for index in table.all_indexes:
                    yield table, index

    def entries(self, chain: Chain, table_id: int, index_id: int) -> list[Entry]:
        found: list[Entry] = []
        for batch in ChainReader(chain).visible(prefix(table_id, index_id), prefix(table_id, index_id + 1)):
            found.extend(zip(batch.keys.to_list(), batch.values.to_list(), strict=True))
        return found


@pytest.fixture(scope="module", params=golden_sets("a_full"))
def rewritten(request: pytest.FixtureRequest) -> Rewritten:
    return Rewritten(request.param)


def test_every_key_and_value_is_the_servers(rewritten: Rewritten) -> None:
    compared = without_checksum = 0
    for table, index in rewritten.indexes():
        ours = rewritten.entries(Chain((rewritten.layer,)), table.id, index.id)
        theirs = rewritten.entries(rewritten.original.chain, table.id, index.id)
        assert [key for key, _ in ours] == [key for key, _ in theirs], (table.name, index.name)
        for (key, our_value), (_, their_value) in zip(ours, theirs, strict=True):
            if their_value[:4] == bytes(4):  # backfilled by a schema change: the server left the checksum out
                assert our_value[4:] == their_value[4:]
                without_checksum += 1
            else:
                assert our_value == their_value, (table.name, index.name, key.hex())
        compared += len(ours)
    assert compared > 1100
    assert without_checksum == 10


def test_the_digest_of_all_entries_is_that_of_the_servers(rewritten: Rewritten) -> None:
    def digest(chain: Chain) -> str:
        state = hashlib.sha256()
        for table, index in rewritten.indexes():
            for key, value in rewritten.entries(chain, table.id, index.id):
                state.update(len(key).to_bytes(4, "big") + key + value[4:])
        return state.hexdigest()

    assert digest(Chain((rewritten.layer,))) == digest(rewritten.original.chain)


def test_spans_and_descriptors_are_the_servers(rewritten: Rewritten) -> None:
    plan, manifest = rewritten.whole_plan, rewritten.manifest
    assert list(plan.spans) == [(span.key, span.end_key) for span in manifest.spans]
    assert [d.SerializeToString() for d in plan.descriptors] == [
        d.SerializeToString() for d in manifest.descriptors
    ]
    assert list(plan.complete_databases) == list(manifest.complete_dbs)
    assert set(plan.table_ids) == set(manifest.statistics_filenames)


def test_counts_of_whole_files_are_the_servers(rewritten: Rewritten) -> None:
    """A range boundary cut some of the server's files where ours are whole."""
    theirs = {(file.span.key, file.span.end_key): file for file in rewritten.manifest.files}
    equal = 0
    for file in rewritten.layer.manifest.files:
        original = theirs.get((file.span.key, file.span.end_key))
        if original is not None:
            assert file.entry_counts == original.entry_counts, file.span
            equal += 1
    assert equal >= len(rewritten.layer.manifest.files) - 3
    assert equal >= 45


def test_the_total_is_the_servers_for_the_same_tables(rewritten: Rewritten) -> None:
    primary = {(table.id, table.primary_index.id) for table in rewritten.tables if table.has_data}
    counter = RowCounter(primary)
    ids = {table.id for table in rewritten.written}
    for batch in ChainReader(rewritten.original.chain).visible(b"\x00", b"\xff"):
        for row in range(len(batch)):
            one = batch[row : row + 1]
            if any(one.keys.row(0).startswith(prefix(id_, 0)[:-1]) for id_ in ids):
                counter.add(one.keys, one.values)
    summary = rewritten.summary
    assert (summary.rows, summary.index_entries, summary.data_size) == (
        counter.rows,
        counter.index_entries,
        counter.data_size,
    )
