"""Write a planned backup: data files first, the manifest last, so that a backup that lists is whole.

The folder is claimed by a checkpoint file that only one writer can create. Whatever goes wrong before the manifest is
stored, the files written so far are removed again.

Source: reference/format/01 §7 (order of writing), 03 (manifest, counts), 07 §3 (what a writer must produce).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ootheca import pb
from ootheca.backup.entries import export_entries
from ootheca.backup.plan import BackupPlan, Export
from ootheca.backup.sealed import SealedStorage
from ootheca.clock import Clock, unique_int64
from ootheca.codec import filenames
from ootheca.codec.counts import RowCounter, row_prefix_lengths
from ootheca.codec.manifest import checksum, complete, encode_manifest
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.sst.builder import OPTIONS, SSTBuilder
from ootheca.engine.base import Engine, NameResolver
from ootheca.errors import ObjectExistsError, StorageError
from ootheca.profile import Profile

__all__ = ["BackupIdentity", "BackupSummary", "write_backup"]

_TARGET_FILE_SIZE = 16 << 20  # plain bytes of keys and values, after which a file is closed
_SLICE_ROWS = 16_384  # entries between two looks at a file's size
_IN_PROGRESS = " (is another operation already in progress?)"
_FILES_IN_FLIGHT = 3  # built and stored behind the encoder's back; bounds memory


@dataclass(frozen=True, slots=True)
class BackupIdentity:
    """Whose backup this is: 16-byte UUIDs and the node that writes."""

    cluster_id: bytes
    backup_id: bytes
    node_id: int = 1


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
    clock: Clock
    identity: BackupIdentity
    executor: Executor
    primary_indexes: frozenset[tuple[int, int]]
    written: list[str] = field(default_factory=list)
    files: list[pb.File] = field(default_factory=list)
    pending: list[Future[None]] = field(default_factory=list)


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
    progress: Callable[[float], None] | None = None,
) -> BackupSummary:
    """Write a full backup into a folder.

    Args:
        names: resolves what stored expressions name.
        encryption_info: the bytes of ENCRYPTION-INFO, for a sealed backup.
        executor: builds, seals and stores files while the next ones' entries are encoded.
        progress: told the fraction of exports that are done.

    Raises:
        ObjectExistsError: the folder holds a backup, or one is being written there.
        StorageError: a file cannot be stored; nothing is left behind.
    """
    writer = _Writer(plan, engine, names, folder, profile, clock, identity, executor, plan.primary_indexes)
    _claim(folder, identity.backup_id)
    with _removed_on_failure(writer):
        _require_no_manifest(folder)  # again: another writer may have finished before the claim
        if encryption_info is not None:
            _store(writer, filenames.ENCRYPTION_INFO, encryption_info)
        for number, export in enumerate(plan.exports):
            _write_export(writer, export)
            if progress is not None:
                progress((number + 1) / len(plan.exports))
        _finish_files(writer)
        manifest = complete(_manifest(writer), profile.version)
        _store(writer, filenames.STATISTICS, folder.seal(b""))
        stored = bytes(folder.seal(encode_manifest(manifest, version=profile.version)))
        _store(writer, filenames.checksum_name(filenames.MANIFEST), checksum(stored))
        _store(writer, filenames.MANIFEST, stored)
    with suppress(StorageError):  # the backup is whole; a claim that stays keeps nobody from reading it
        folder.storage.delete(filenames.CHECKPOINT)
    counts = manifest.entry_counts
    return BackupSummary(counts.rows, counts.index_entries, counts.data_size)


def _claim(folder: SealedStorage, backup_id: bytes) -> None:
    """Create the checkpoint file, which says that a backup is being written here; only one writer can.

    It holds the backup's id: a store that reports a failure may have written the file all the same, and an attempt
    that was repeated behind our back finds our own file in the way.
    """
    _require_no_manifest(folder)
    if folder.storage.exists(filenames.CHECKPOINT):
        raise _taken(folder, filenames.CHECKPOINT, _IN_PROGRESS)
    try:
        folder.storage.write(filenames.CHECKPOINT, backup_id, overwrite=False)
    except ObjectExistsError as exc:
        if folder.storage.read(filenames.CHECKPOINT) != backup_id:
            raise _taken(folder, filenames.CHECKPOINT, _IN_PROGRESS) from exc
    except StorageError:
        with suppress(StorageError):
            if folder.storage.read(filenames.CHECKPOINT) == backup_id:
                folder.storage.delete(filenames.CHECKPOINT)
        raise


def _require_no_manifest(folder: SealedStorage) -> None:
    if folder.storage.exists(filenames.MANIFEST):
        raise _taken(folder, filenames.MANIFEST, "")


def _taken(folder: SealedStorage, name: str, explanation: str) -> ObjectExistsError:
    return ObjectExistsError(
        f"{folder.storage.uri} already contains a {name} file{explanation}",
        hint="back up to another location, or append to the backup that is there",
    )


@contextmanager
def _removed_on_failure(writer: _Writer) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for future in writer.pending:
            future.cancel()
        for future in writer.pending:
            if not future.cancelled():
                future.exception()
        _remove(writer)
        raise


def _remove(writer: _Writer) -> None:
    """Remove what was written, the manifest first and the claim last; what cannot be removed stays unlisted."""
    for name in (*reversed(writer.written), filenames.CHECKPOINT):
        try:
            writer.folder.storage.delete(name)
        except StorageError:
            continue


def _store(writer: _Writer, name: str, stored: bytes | memoryview) -> None:
    writer.written.append(name)
    writer.folder.storage.write(name, stored)


def _write_export(writer: _Writer, export: Export) -> None:
    """Write the files of one span; a span without entries has none."""
    parts: list[KeyValueBatch] = []
    size, start, last_row = 0, export.start, b""
    for batch in export_entries(writer.engine, export, writer.plan.end_time, writer.names):
        for part in _slices(batch):
            # Families of one row stay in one file.
            if size >= _TARGET_FILE_SIZE and _row_prefix(part, 0) != last_row:
                cut = part.keys.row(0)
                _write_file(writer, parts, start, cut)
                parts, size, start = [], 0, cut
            parts.append(part)
            size += part.total_size
            last_row = _row_prefix(part, len(part) - 1)
    if parts:
        _write_file(writer, parts, start, export.end)


def _slices(batch: KeyValueBatch) -> Iterator[KeyValueBatch]:
    """Cut a batch so that a file can end near its target size, between two rows where a row is near."""
    first = 0
    while first < len(batch):
        end = min(first + _SLICE_ROWS, len(batch))
        last_row = _row_prefix(batch, end - 1)
        while end < len(batch) and _row_prefix(batch, end) == last_row:
            end += 1
        yield batch[first:end]
        first = end


def _row_prefix(batch: KeyValueBatch, place: int) -> bytes:
    """Return one entry's key without its family: what the entries of a row have in common."""
    keys = batch.keys[place : place + 1]
    return keys.row(0)[: int(row_prefix_lengths(keys)[0])]


def _write_file(writer: _Writer, parts: list[KeyValueBatch], start: bytes, end: bytes) -> None:
    """Have a file built, sealed and stored while the next one's entries are encoded."""
    name = filenames.data_file_name(
        unique_int64(writer.clock, writer.identity.node_id), version=writer.profile.version
    )
    file = pb.File(path=name)
    file.span.key, file.span.end_key = start, end
    writer.files.append(file)
    writer.written.append(name)
    while len(writer.pending) >= _FILES_IN_FLIGHT:
        writer.pending.pop(0).result()
    writer.pending.append(writer.executor.submit(_build_file, writer, file, parts))


def _build_file(writer: _Writer, file: pb.File, parts: list[KeyValueBatch]) -> None:
    """Build one file, store it, and set what the manifest says of it; takes the parts away as they are used."""
    builder, counter = SSTBuilder(OPTIONS[writer.profile.version]), RowCounter(writer.primary_indexes)
    parts.reverse()
    while parts:
        part = parts.pop()
        builder.add(part)
        counter.add(part.keys, part.values)
    plain = builder.finish()
    if writer.profile.has_sha512:
        file.sha512 = hashlib.sha512(plain).digest()
    _set_counts(file.entry_counts, counter)
    writer.folder.storage.write(file.path, writer.folder.seal(plain))


def _finish_files(writer: _Writer) -> None:
    while writer.pending:
        writer.pending.pop(0).result()


def _set_counts(counts: pb.RowCount, counter: RowCounter) -> None:
    """Set the counts that are not zero: CockroachDB leaves the others out."""
    for name in ("data_size", "rows", "index_entries"):
        if value := getattr(counter, name):
            setattr(counts, name, value)
    counts.SetInParent()


def _manifest(writer: _Writer) -> pb.BackupManifest:
    plan, profile = writer.plan, writer.profile
    files: list[pb.File] = sorted(writer.files, key=lambda file: (file.span.key, file.span.end_key))
    manifest = pb.BackupManifest(
        format_version=1,
        cluster_id=writer.identity.cluster_id,
        id=writer.identity.backup_id,
        node_id=writer.identity.node_id,
        files=files,
        descriptors=plan.descriptors,
        complete_dbs=plan.complete_databases,
    )
    manifest.end_time.wall_time = plan.end_time.wall_ns
    if plan.end_time.logical:
        manifest.end_time.logical = plan.end_time.logical
    for start, end in plan.spans:
        manifest.spans.add(key=start, end_key=end)
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


def _sum_counts(manifest: pb.BackupManifest) -> None:
    manifest.entry_counts.SetInParent()
    for name in ("data_size", "rows", "index_entries"):
        if total := sum(getattr(file.entry_counts, name) for file in manifest.files):
            setattr(manifest.entry_counts, name, total)
