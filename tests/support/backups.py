"""Small clusters and small backups for tests of `ootheca.backup`: a bank with a few tables, taken into memory."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ootheca import pb
from ootheca.backup.chain import Chain, open_chain
from ootheca.backup.data_files import TARGET_SIZE
from ootheca.backup.placement import place
from ootheca.backup.plan import BackupPlan, Period, Scope, plan_backup
from ootheca.backup.progress import Progress
from ootheca.backup.read import ChainReader
from ootheca.backup.restore import run_restore
from ootheca.backup.restore_plan import RestoreOptions, RestoreTargets, plan_restore
from ootheca.backup.sealed import create_sealed, open_sealed
from ootheca.backup.write import BackupIdentity, BackupSummary, write_backup
from ootheca.catalog.bootstrap import bootstrap
from ootheca.catalog.build import add_database, add_enum
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.rules import descriptor_rules
from ootheca.clock import ZERO_TIMESTAMP, Clock, FixedClock, Timestamp
from ootheca.codec.manifest import complete, encode_manifest
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.builder import build_sst
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.crypto.kms.base import KMSEnvironment
from ootheca.crypto.kms.keyring import MemoryKeyring
from ootheca.engine.base import TableName
from ootheca.profile import Profile, profile
from ootheca.storage.base import Storage
from tests.support.memory_engine import MemoryEngine

__all__ = [
    "END",
    "INT",
    "KMS_ENV",
    "KMS_OPTIONS",
    "NOW",
    "TEXT",
    "Bank",
    "Restored",
    "SerialExecutor",
    "add_table",
    "as_batch",
    "drain",
    "make_bank",
    "restore",
    "take_backup",
    "write_layer",
]

END = Timestamp(1_700_000_000_123_456_789)
NOW = Timestamp(1_700_000_100_000_000_000)
INT = pb.T(family=pb.Family.IntFamily, width=64, oid=20)
TEXT = pb.T(family=pb.Family.StringFamily, oid=25)
DEC = pb.T(family=pb.Family.DecimalFamily, oid=1700, precision=10, width=2)
STAMP = pb.T(family=pb.Family.TimestampFamily, oid=1114)

KMS_OPTIONS = EncryptionOptions(kms=("testkms:///key?AUTH=implicit",))
KMS_ENV = KMSEnvironment(keyring=MemoryKeyring(random=random.Random(3).randbytes))


class SerialExecutor(Executor):
    """Does everything at once and in order, so that the n-th operation is the same one in every run."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as exc:
            future.set_exception(exc)
        return future


@dataclass(frozen=True)
class Bank:
    """A cluster: its catalog, its rows, and the ids in it."""

    catalog: Catalog
    engine: MemoryEngine
    profile: Profile
    database_id: int

    @property
    def ids(self) -> list[int]:
        """All descriptors of the database, itself too."""
        return [
            member.id
            for member in self.catalog
            if self.database_id in (member.id, getattr(member, "parent_id", 0))
        ]

    def table(self, name: str) -> pb.TableDescriptor:
        return self.catalog.resolve_table((name,), "bank")


def add_table(
    catalog: Catalog,
    database_id: int,
    name: str,
    columns: Sequence[tuple[str, pb.T]],
    *,
    key: Sequence[str] = ("id",),
    indexes: Sequence[tuple[str, Sequence[str], bool]] = (),
    families: Sequence[Sequence[str]] = (),
) -> pb.TableDescriptor:
    """Stage a table; `indexes` are (name, columns, is unique), `families` the column names of each."""
    public = catalog.find_schema(database_id, "public")
    assert public is not None
    ids = {column: place + 1 for place, (column, _) in enumerate(columns)}
    desc = pb.TableDescriptor(
        id=catalog.new_id(),
        name=name,
        parent_id=database_id,
        unexposed_parent_schema_id=public.id,
        version=1,
        next_column_id=len(columns) + 1,
        next_index_id=len(indexes) + 2,
        next_family_id=max(len(families), 1),
        format_version=3,
    )
    for column, type_ in columns:
        desc.columns.add(name=column, id=ids[column], type=type_, nullable=column not in key)
    for number, names in enumerate(families or [[column for column, _ in columns]]):
        family = desc.families.add(
            name=f"f{number}", id=number, column_names=names, column_ids=[ids[n] for n in names]
        )
        rest = [n for n in names if n not in key]
        family.default_column_id = ids[rest[0]] if len(rest) == 1 else 0
    _set_index(desc.primary_index, 1, f"{name}_pkey", key, ids, is_unique=True)
    for number, (index_name, names, is_unique) in enumerate(indexes):
        index = desc.indexes.add()
        _set_index(index, number + 2, index_name, names, ids, is_unique=is_unique)
        index.extra_column_ids.extend(ids[n] for n in key if n not in names)
        index.composite_column_ids.extend(
            ids[n] for n in names if dict(columns)[n].family == pb.Family.DecimalFamily
        )
        index.version = 1
    catalog.add(desc)
    return desc


def _set_index(
    index: pb.IndexDescriptor,
    id_: int,
    name: str,
    names: Sequence[str],
    ids: dict[str, int],
    *,
    is_unique: bool,
) -> None:
    index.id, index.name, index.unique = id_, name, is_unique
    index.column_names.extend(names)
    index.column_ids.extend(ids[n] for n in names)
    index.column_directions.extend([pb.IndexDescriptor.ASC] * len(names))


def make_bank(version: str = "21.2", *, num_rows: int = 40, seed: int = 1) -> Bank:
    """Return a cluster with the database `bank`: accounts (2 indexes), notes (2 families), and an empty table."""
    facts = profile(version)
    catalog, rules = bootstrap(facts), descriptor_rules(facts)
    database = add_database(catalog, "bank", facts, rules)
    public = catalog.find_schema(database.id, "public")
    assert public is not None
    add_enum(catalog, public, "mood", ["sad", "ok"], rules)
    columns = [("id", INT), ("owner", TEXT), ("balance", DEC), ("opened", STAMP)]
    indexes = [("by_owner", ["owner"], False), ("by_balance", ["balance", "id"], True)]
    accounts = add_table(catalog, database.id, "accounts", columns, indexes=indexes)
    notes = add_table(
        catalog,
        database.id,
        "notes",
        [("id", INT), ("title", TEXT), ("body", TEXT)],
        families=[["id", "title"], ["body"]],
    )
    add_table(catalog, database.id, "nothing", [("id", INT)])
    catalog.commit(Timestamp(END.wall_ns - 1000))
    engine = MemoryEngine()
    for name, rows in (
        ("accounts", _accounts(num_rows, seed)),
        ("notes", _notes(num_rows // 2, seed)),
        ("nothing", []),
    ):
        desc = catalog.resolve_table((name,), "bank")
        table = catalog.describe(desc.id)
        full_name = TableName("bank", "public", name)
        engine.create_table(full_name, table)
        engine.insert(full_name, table, rows)
    assert accounts.id < notes.id
    return Bank(catalog, engine, facts, database.id)


def _accounts(num_rows: int, seed: int) -> list[pa.RecordBatch]:
    rng = random.Random(seed)
    ids = rng.sample(range(-num_rows, 3 * num_rows), num_rows)  # in no order
    owners = [
        rng.choice([None, "", f"owner {rng.randrange(num_rows)}", "ž" * rng.randrange(20)]) for _ in ids
    ]
    cents = [None if rng.random() < 0.1 else rng.randrange(-(10**9), 10**9) for _ in ids]
    return [
        pa.record_batch(
            {
                "id": pa.array(ids, pa.int64()),
                "owner": pa.array(owners, pa.string()),
                "balance": _decimals(cents),
                "opened": pa.array([rng.randrange(2 * 10**15) for _ in ids], pa.timestamp("us")),
            }
        )
    ]


def _decimals(cents: list[int | None]) -> pa.Array:
    from decimal import Decimal

    return pa.array([None if c is None else Decimal(c).scaleb(-2) for c in cents], pa.decimal128(10, 2))


def _notes(num_rows: int, seed: int) -> list[pa.RecordBatch]:
    rng = random.Random(seed + 1)
    return [
        pa.record_batch(
            {
                "id": pa.array(range(num_rows), pa.int64()),
                "title": pa.array([f"title {i}" for i in range(num_rows)]),
                "body": pa.array(
                    [None if i % 3 else "x" * rng.randrange(200) for i in range(num_rows)], pa.string()
                ),
            }
        )
    ]


def plan_full(
    catalog: Catalog,
    ids: Iterable[int],
    complete_databases: Sequence[int] = (),
    *,
    end: Timestamp = END,
    facts: Profile,
) -> BackupPlan:
    """Plan a full backup of some objects as they are."""
    scope = Scope(list(ids), complete_databases)
    return plan_backup(catalog, catalog, scope, Period(ZERO_TIMESTAMP, end), facts)


def take_backup(
    bank: Bank,
    storage: Storage,
    *,
    options: EncryptionOptions | None = None,
    ids: Iterable[int] | None = None,
    end: Timestamp = END,
    executor: Executor | None = None,
    seed: int = 7,
    stores: Mapping[str, Storage] | None = None,
    tiers: Sequence[str] = (),
    target_size: int = TARGET_SIZE,
    progress: Progress | None = None,
    alive: Iterable[bytes] = (),
    clock: Clock | None = None,
) -> BackupSummary:
    """Take a full backup of the database, or of `ids` alone. Taken again, a plain one has the same bytes.

    Args:
        stores: of other localities, each `key=value`.
        tiers: the locality of the node that takes it.
        target_size: of what a manifest's entry covers, as for `write_backup`.
        progress: as for `write_backup`; what it stops goes on with the same seed.
        alive: as for `BackupIdentity`.
        clock: names the files; one that starts at `end` by default.
    """
    stores = stores or {}
    rng = random.Random(seed)
    complete = [bank.database_id] if ids is None else []
    plan = plan_full(bank.catalog, bank.ids if ids is None else ids, complete, end=end, facts=bank.profile)
    folder, info = create_sealed(
        storage,
        options or EncryptionOptions(),
        KMS_ENV,
        file_version=bank.profile.file_encryption_version,
        random=rng.randbytes,
    )
    return write_backup(
        plan,
        bank.engine,
        None,  # type: ignore[arg-type]  # no partial indexes here
        folder.beside(storage, list(stores.values())),
        encryption_info=info,
        profile=bank.profile,
        clock=clock or FixedClock(end),
        identity=BackupIdentity(rng.randbytes(16), rng.randbytes(16), alive=frozenset(alive)),
        executor=executor or SerialExecutor(),
        placement=place(tuple(stores), tiers),
        target_size=target_size,
        progress=progress,
    )


@dataclass(frozen=True)
class Restored:
    """What a restore left: a cluster, and the counts it answered with."""

    engine: MemoryEngine
    catalog: Catalog
    counts: tuple[int, int, int]


def restore(
    storage: Storage,
    *,
    options: EncryptionOptions | None = None,
    engine: MemoryEngine | None = None,
    version: str = "21.2",
) -> Restored:
    """Restore every database of a backup into a new cluster, in one transaction that an error rolls back."""
    engine = engine or MemoryEngine()
    full = open_sealed(storage, options or EncryptionOptions(), KMS_ENV)
    chain = open_chain(full)
    cluster = bootstrap(profile(version))
    cluster.commit(NOW)
    backup = Catalog(chain.last.manifest.descriptors)
    targets = RestoreTargets(database_ids=tuple(chain.last.manifest.complete_dbs))
    engine.begin()
    try:
        plan = plan_restore(backup, cluster, targets, RestoreOptions(), NOW)
        summary = run_restore(plan, ChainReader(chain), backup, cluster, engine)
    except BaseException:
        engine.rollback()
        cluster.rollback()
        raise
    engine.commit()
    cluster.commit(NOW)
    return Restored(engine, cluster, (summary.rows, summary.index_entries, summary.data_size))


def write_layer(
    storage: Storage,
    *,
    start: Timestamp = ZERO_TIMESTAMP,
    end: Timestamp,
    files: Sequence[tuple[bytes, bytes, Sequence[tuple[bytes, int, bytes]]]] = (),
    spans: Sequence[tuple[bytes, bytes]] = (),
    introduced: Sequence[tuple[bytes, bytes]] = (),
    descriptors: Sequence[pb.Descriptor] = (),
    complete_dbs: Sequence[int] = (),
    has_history: bool = False,
    history_from: Timestamp = ZERO_TIMESTAMP,
    shared_path: str | None = None,
) -> pb.BackupManifest:
    """Write one layer by hand.

    Args:
        files: (start, end, entries) of each, where an entry is (key, wall time, value); b"" is a tombstone.
        spans: that the layer covers; those of its files if there are none.
        shared_path: one SST for all files, as 21.2 makes them.
    """
    manifest = pb.BackupManifest(format_version=1, descriptors=descriptors, complete_dbs=complete_dbs)
    manifest.start_time.CopyFrom(_timestamp(start))
    manifest.end_time.CopyFrom(_timestamp(end))
    for low, high in spans or [(low, high) for low, high, _ in files]:
        manifest.spans.add(key=low, end_key=high)
    for low, high in introduced:
        manifest.introduced_spans.add(key=low, end_key=high)
    if has_history:
        manifest.mvcc_filter = pb.MVCCFilter.All
        manifest.revision_start_time.CopyFrom(_timestamp(history_from))
    for number, (low, high, entries) in enumerate(files):
        file = manifest.files.add(path=shared_path or f"{number}.sst")
        file.span.key, file.span.end_key = low, high
        file.entry_counts.data_size = sum(len(key) + len(value) for key, _, value in entries)
        if shared_path is None:
            storage.write(file.path, build_sst(as_batch(entries)))
    if shared_path is not None:
        storage.write(shared_path, build_sst(as_batch([entry for *_, entries in files for entry in entries])))
    storage.write("BACKUP_MANIFEST", encode_manifest(complete(manifest, "21.2"), version="21.2"))
    return manifest


def _timestamp(time: Timestamp) -> pb.Timestamp:
    return pb.Timestamp(wall_time=time.wall_ns, logical=time.logical)


def as_batch(entries: Sequence[tuple[bytes, int, bytes]]) -> KeyValueBatch:
    """Return (key, wall time, value) triples as a batch."""
    return KeyValueBatch(
        Ragged.from_list([key for key, _, _ in entries]),
        np.array([wall_ns for _, wall_ns, _ in entries], np.int64),
        np.zeros(len(entries), np.int32),
        Ragged.from_list([value for _, _, value in entries]),
    )


def drain(chain: Chain, start: bytes = b"\x00", end: bytes = b"\xff") -> list[tuple[bytes, int, bytes]]:
    """Return (key, wall time, value) of everything that a chain shows."""
    found = []
    for batch in ChainReader(chain).visible(start, end):
        found.extend(zip(batch.keys.to_list(), batch.wall_ns.tolist(), batch.values.to_list(), strict=True))
    return found
