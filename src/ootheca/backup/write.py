"""Write a planned backup: data files first, the manifest last, so that a backup that lists is whole.

The folder is claimed by a checkpoint file that only one writer can create. Whatever goes wrong before the manifest is
stored, the files written so far are removed again; of a job that is paused, or killed, they stay, and it goes on after
them.

Source: reference/format/01 §7 (order of writing), 03 (manifest, counts), 07 §3 (what a writer must produce).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ootheca import pb
from ootheca.backup.checkpoint import Checkpoint
from ootheca.backup.claim import Claim
from ootheca.backup.data_files import TARGET_SIZE, DataFiles
from ootheca.backup.placement import ONE_STORE, Placement, list_part
from ootheca.backup.plan import BackupPlan, Export
from ootheca.backup.progress import Progress
from ootheca.backup.sealed import SealedStorage
from ootheca.backup.versions import export_versions
from ootheca.clock import Clock, Timestamp
from ootheca.codec import filenames
from ootheca.codec.manifest import checksum, complete, encode_manifest, encode_partition
from ootheca.engine.base import Engine, NameResolver
from ootheca.errors import OothecaError, PausedError, StorageError
from ootheca.profile import Profile

__all__ = ["BackupIdentity", "BackupSummary", "write_backup"]


@dataclass(frozen=True, slots=True)
class BackupIdentity:
    """Whose backup this is: 16-byte UUIDs and the node that writes.

    Attributes:
        alive: the cluster's other backups that are being written, or are paused.
    """

    cluster_id: bytes
    backup_id: bytes
    node_id: int = 1
    alive: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What was written, counted as CockroachDB counts it."""

    rows: int
    index_entries: int
    data_size: int


@dataclass(slots=True)
class _Writer:
    plan: BackupPlan
    engine: Engine
    names: NameResolver
    folder: SealedStorage
    profile: Profile
    identity: BackupIdentity
    placement: Placement
    claim: Claim
    data: DataFiles
    written: list[tuple[SealedStorage, str]] = field(default_factory=list)


def write_backup(
    plan: BackupPlan,
    engine: Engine,
    names: NameResolver,
    folder: SealedStorage,
    *,
    encryption_info: bytes | None,
    profile: Profile,
    clock: Clock,
    identity: BackupIdentity,
    executor: Executor,
    placement: Placement = ONE_STORE,
    target_size: int = TARGET_SIZE,
    progress: Progress | None = None,
) -> BackupSummary:
    """Write a layer into a folder, or what an earlier attempt at the same backup has left to write.

    Args:
        names: resolves what stored expressions name.
        encryption_info: the bytes of ENCRYPTION-INFO, for a sealed backup whose key file is not stored yet.
        executor: builds, seals and stores files while the next ones' entries are encoded.
        placement: which of the folder's stores take what, of a locality-aware backup.
        target_size: see `DataFiles`.
        progress: counts what is done, and may stop it.

    Raises:
        ObjectExistsError: the folder holds a backup, or one is being written there.
        StorageError: a file cannot be stored; nothing is left behind.
        PausedError: `progress` says so; all that is stored stays.
    """
    progress = progress or Progress()
    parts = [(part.storage, name) for _, name, part in placement.part_files(folder)]
    claim = Claim(folder.storage, parts, identity.cluster_id, identity.backup_id, identity.alive)
    noted = claim.take()
    checkpoint = Checkpoint(claim, folder, noted)
    data = DataFiles(
        placement.data_folder(folder),
        profile,
        clock,
        identity.node_id,
        plan.primary_indexes,
        executor,
        placement.chosen,
        target_size,
        checkpoint=checkpoint,
        progress=progress,
    )
    writer = _Writer(plan, engine, names, folder, profile, identity, placement, claim, data)
    with _removed_on_failure(writer):
        if noted is not None:
            _clear(
                writer, keep=[*checkpoint.names, *([] if encryption_info else [filenames.ENCRYPTION_INFO])]
            )
        if encryption_info is not None:
            _store(writer, filenames.ENCRYPTION_INFO, encryption_info)
        progress.check()
        progress.total = sum(_num_entries(engine, export) for export in plan.exports)
        for export in plan.exports:
            data.add(export.start, export.end, export_versions(engine, export, names))
            progress.check()
        data.finish()
        manifest = complete(_manifest(writer), profile.version)
        _store_parts(writer, manifest)
        _store(writer, filenames.STATISTICS, folder.seal(b""))
        stored = bytes(folder.seal(encode_manifest(manifest, version=profile.version)))
        _store(writer, filenames.checksum_name(filenames.MANIFEST), checksum(stored))
        claim.check()
        _store(writer, filenames.MANIFEST, stored)
    with suppress(StorageError):  # the backup is whole; a claim that stays keeps nobody from reading it
        claim.release()
    counts = manifest.entry_counts
    return BackupSummary(counts.rows, counts.index_entries, counts.data_size)


def _clear(writer: _Writer, keep: Sequence[str]) -> None:
    """Remove what an earlier attempt left and this one will write again; what it keeps is written by both."""
    writer.claim.clear(keep)
    writer.written.extend((writer.folder, name) for name in keep if filenames.is_encryption_info(name))


def _num_entries(engine: Engine, export: Export) -> int:
    """Return how many entries the rows of an export have; what it holds of their past is not known before."""
    if export.name is None or export.table is None or export.table.is_sequence:
        return 0
    return engine.row_count(export.name) * len(export.indexes)


@contextmanager
def _removed_on_failure(writer: _Writer) -> Iterator[None]:
    try:
        yield
    except PausedError:
        with suppress(OothecaError):  # what is not noted is written again
            writer.data.keep()
        writer.data.abandon()
        raise
    except BaseException:
        writer.data.abandon()
        _remove(writer)
        raise


def _remove(writer: _Writer) -> None:
    """Remove what was written, the manifest first and the claim last; what cannot be removed stays unlisted.

    Where another writer has the folder, only data files are ours alone: the others may be its by now.
    """
    data_folder = writer.placement.data_folder(writer.folder)
    own = [(data_folder, name) for name in writer.data.names]
    if not writer.claim.is_lost():
        own = [*reversed(writer.written), *own, (writer.folder, filenames.CHECKPOINT)]
    for folder, name in own:
        try:
            folder.storage.delete(name)
        except StorageError:
            continue


def _store(
    writer: _Writer, name: str, stored: bytes | memoryview, folder: SealedStorage | None = None
) -> None:
    folder = folder or writer.folder
    writer.written.append((folder, name))
    folder.storage.write(name, stored)


def _store_parts(writer: _Writer, manifest: pb.BackupManifest) -> None:
    """Store the lists of files of the other localities, each in its store, also where there is no file."""
    version = writer.profile.version
    for locality, name, folder in writer.placement.part_files(writer.folder):
        part = complete(list_part(manifest, locality), version)
        _store(writer, name, folder.seal(encode_partition(part, version=version)), folder)


def _manifest(writer: _Writer) -> pb.BackupManifest:
    plan, profile = writer.plan, writer.profile
    files: list[pb.File] = sorted(writer.data.files, key=lambda file: (file.span.key, file.span.end_key))
    manifest = pb.BackupManifest(
        format_version=1,
        cluster_id=writer.identity.cluster_id,
        id=writer.identity.backup_id,
        node_id=writer.identity.node_id,
        files=files,
        descriptors=plan.descriptors,
        complete_dbs=plan.complete_databases,
    )
    _set_time(manifest.start_time, plan.period.after)
    _set_time(manifest.end_time, plan.period.until)
    for locality, name, _ in writer.placement.part_files(writer.folder):
        manifest.partition_descriptor_filenames.append(name)
        manifest.locality_kvs.append(locality)
    for start, end in plan.spans:
        manifest.spans.add(key=start, end_key=end)
    for start, end in plan.introduced:
        manifest.introduced_spans.add(key=start, end_key=end)
    if plan.period.keeps_all:
        manifest.mvcc_filter = pb.MVCCFilter.All
        _set_time(manifest.revision_start_time, plan.revision_start)
    for revision in plan.revisions:
        change = manifest.descriptor_changes.add(ID=revision.id)
        _set_time(change.time, revision.time)
        if revision.descriptor is not None:
            change.desc.CopyFrom(revision.descriptor)
    if plan.covers_cluster:
        manifest.descriptor_coverage = 1
    for table_id in plan.table_ids:
        manifest.statistics_filenames[table_id] = filenames.STATISTICS
    if profile.has_cluster_version:
        major, minor, patch, internal = profile.internal_version
        manifest.cluster_version.major_val, manifest.cluster_version.minor_val = major, minor
        manifest.cluster_version.patch, manifest.cluster_version.internal = patch, internal
    manifest.build_info.tag = profile.build_tag
    manifest.build_info.distribution = "ootheca"
    _sum_counts(manifest)
    return manifest


def _set_time(field: pb.Timestamp, time: Timestamp) -> None:
    """Set the parts of a time that are not zero: CockroachDB leaves the others out."""
    if time.wall_ns:
        field.wall_time = time.wall_ns
    if time.logical:
        field.logical = time.logical


def _sum_counts(manifest: pb.BackupManifest) -> None:
    manifest.entry_counts.SetInParent()
    for name in ("data_size", "rows", "index_entries"):
        if total := sum(getattr(file.entry_counts, name) for file in manifest.files):
            setattr(manifest.entry_counts, name, total)
