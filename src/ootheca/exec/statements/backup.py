"""BACKUP: from the statement to a planned and written backup.

The order of the checks is CockroachDB's (reference/sql/01 §8): with several things wrong, the same one is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from ootheca import pb
from ootheca.backup.chain import Chain, find_appended, manifest_in, open_chain, read_layer
from ootheca.backup.collection import write_latest
from ootheca.backup.cover import check_next_layer
from ootheca.backup.data_files import FILES_IN_FLIGHT
from ootheca.backup.placement import place
from ootheca.backup.plan import BackupPlan, Period, Scope, excluded_tables, plan_backup
from ootheca.backup.sealed import SealedStorage, create_sealed, open_sealed
from ootheca.backup.spans import Span
from ootheca.backup.write import BackupIdentity, BackupSummary, write_backup
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.targets import Targets
from ootheca.clock import ZERO_TIMESTAMP, Timestamp
from ootheca.codec import filenames
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.crypto.kms.registry import open_kms
from ootheca.errors import OothecaError, StorageError, UnsupportedError
from ootheca.exec.as_of import evaluate_as_of
from ootheca.exec.destinations import Destination, find_destination
from ootheca.exec.execution_locality import check_execution_locality
from ootheca.exec.history import catalog_at, collect_garbage, horizons, require_known, revisions_of
from ootheca.exec.jobs import running_job
from ootheca.exec.places import encryption_options, kms_environment
from ootheca.exec.quantities import parse_size
from ootheca.exec.resolver import SessionNames
from ootheca.exec.result import Result, ResultColumn, integer, string
from ootheca.exec.session import Session
from ootheca.exec.statements.cluster_settings import current_setting
from ootheca.exec.targets import resolve, with_coverage
from ootheca.exec.unfinished import Unfinished, UnfinishedJobs
from ootheca.sql import ast
from ootheca.sql.format import format_statement
from ootheca.types import FLOAT8

__all__ = ["dry_run", "job_result", "run"]

_PROBE = bytes(32)  # what a dry run has wrapped: of the size of a data key


@dataclass(frozen=True, slots=True)
class _Layer:
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


def run(statement: ast.Backup, session: Session) -> Result:
    """Take a backup; one row with what was written, or with DETACHED the job's id alone."""
    options = statement.options
    encryption = encryption_options(session, options.encryption_passphrase, options.kms)
    if session.is_in_explicit_transaction and not options.detached:
        raise OothecaError("BACKUP cannot be used inside a transaction without DETACHED option")
    layer, destination = _prepare(statement, session)
    opened = _previous(session, destination, encryption)
    summary, job_id = _finished(layer, destination, opened) or (
        _write_full(layer, destination, encryption, opened)
        if destination.base is None
        else _write_increment(layer, destination, opened)
    )
    if destination.collection is not None:
        write_latest(destination.collection, destination.subdirectory)
    if options.detached:
        return Result.of_rows([integer("job_id")], [(job_id,)], tag="BACKUP")
    return job_result(job_id, summary.rows, summary.index_entries, summary.data_size, tag="BACKUP")


def dry_run(statement: ast.Backup, session: Session) -> None:
    """Plan a full backup, and try its keys, without writing anything.

    Raises:
        OothecaError: as the backup would before it writes.
    """
    encryption = encryption_options(session, statement.options.encryption_passphrase, statement.options.kms)
    for uri in encryption.kms:
        open_kms(uri, kms_environment(session)).wrap(_PROBE)
    layer, _ = _prepare(statement, session)
    layer.plan(ZERO_TIMESTAMP, ())


def _prepare(statement: ast.Backup, session: Session) -> tuple[_Layer, Destination]:
    """Find out what is asked for, and where it goes."""
    _refuse_unsupported(statement)
    check_execution_locality(session, statement.options.execution_locality)
    end_time = evaluate_as_of(statement.as_of, session) if statement.as_of is not None else session.now()
    collect_garbage(session)
    catalog = catalog_at(session, end_time)
    try:
        targets = resolve(statement.targets, catalog, current_database=session.database, rules=session.rules)
    except OothecaError as exc:
        raise with_coverage(exc, session).prefixed(
            "failed to resolve targets specified in the BACKUP stmt"
        ) from exc
    keeps_all = _keeps_all(statement.options)
    layer = _Layer(statement, session, catalog, targets, end_time, statement.targets is None, keeps_all)
    return layer, find_destination(statement, session, end_time)


def job_result(job_id: int, rows: int, index_entries: int, data_size: int, *, tag: str) -> Result:
    """Return the row that BACKUP and RESTORE answer with when their job has succeeded."""
    columns = [
        integer("job_id"),
        string("status"),
        ResultColumn("fraction_completed", FLOAT8),
        integer("rows"),
        integer("index_entries"),
        integer("bytes"),
    ]
    return Result.of_rows(columns, [(job_id, "succeeded", 1.0, rows, index_entries, data_size)], tag=tag)


def _keeps_all(options: ast.BackupOptions) -> bool:
    """Tell whether revision history is asked for.

    Raises:
        UnsupportedError: by an expression that is no constant.
    """
    match options.revision_history:
        case None | bool():
            return bool(options.revision_history)
        case ast.BoolLiteral(value):
            return value
        case _:
            raise UnsupportedError("revision_history needs a constant", hint="say true or false")


def _refuse_unsupported(statement: ast.Backup) -> None:
    options = statement.options
    if options.incremental_location and not statement.is_collection:
        raise OothecaError("incremental_location option not supported with `BACKUP TO` syntax")
    if options.strict_storage_locality:
        raise UnsupportedError("BACKUP … WITH strict storage locality is not supported yet")


def _previous(
    session: Session, destination: Destination, encryption: EncryptionOptions
) -> SealedStorage | None:
    """Open the full backup that a layer stands on, or the one that a job goes on with; None: there is none yet."""
    storage = destination.base
    if storage is None:
        storage = destination.folder.default
        is_begun = not encryption.is_enabled or storage.exists(filenames.ENCRYPTION_INFO)
        if session.resumed is None or not is_begun:
            return None
    return open_sealed(
        storage,
        encryption,
        kms_environment(session),
        file_version=session.profile.file_encryption_version,
        notice=session.notice,
    )


def _finished(
    layer: _Layer, destination: Destination, opened: SealedStorage | None
) -> tuple[BackupSummary, int] | None:
    """End a job that was interrupted after its backup was whole; None: it is not, or no job goes on."""
    session, folder = layer.session, destination.folder.default
    name = manifest_in(folder)
    if session.resumed is None or opened is None or name is None:
        return None
    manifest = read_layer(opened.beside(folder)).manifest
    if manifest.id.hex() != session.resumed.backup_id:
        return None
    with running_job(session, pb.JobPayload(backup=pb.BackupDetails()), session.resumed) as job:
        with suppress(StorageError):  # the backup's own claim; it keeps nobody from reading
            folder.delete(filenames.CHECKPOINT)
        counts = manifest.entry_counts
        return BackupSummary(counts.rows, counts.index_entries, counts.data_size), job.id


def _previous_chain(destination: Destination, full: SealedStorage) -> Chain:
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


def _require_alone(session: Session, destination: Destination) -> None:
    """Refuse a second layer on a chain at a time: both would begin at its end, and it could not be read any more."""
    assert destination.base is not None
    base = destination.base.uri.bare()
    job_id = UnfinishedJobs(session).layer_running(base, session.job_id)
    if job_id is not None:
        raise OothecaError(
            f'a backup on top of "{base}" is being taken by job {job_id}',
            hint=f"wait for it with SHOW JOB WHEN COMPLETE {job_id}, or end it with CANCEL JOB {job_id}",
            sqlstate="55000",
        )


def _check_covers(layer: _Layer, chain: Chain) -> None:
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


def _check_excluded(layer: _Layer, chain: Chain) -> None:
    """Refuse to go on with a table whose data an earlier layer left out: rows written then would be in none."""
    missing = frozenset[int]().union(*(excluded_tables(each.manifest.descriptors) for each in chain.layers))
    for table in (layer.catalog.table(id_) for id_ in layer.targets.table_ids if id_ in missing):
        if not table.exclude_data_from_backup:
            raise OothecaError(
                f'previous backup does not contain the data of table "{table.name}", which was excluded from it',
                hint="take a full backup, or exclude the table's data again",
            )


def _check_targets(layer: _Layer, last: pb.BackupManifest) -> None:
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


def _write_full(
    layer: _Layer, destination: Destination, encryption: EncryptionOptions, opened: SealedStorage | None
) -> tuple[BackupSummary, int]:
    session = layer.session
    plan = layer.plan(ZERO_TIMESTAMP, ())
    if opened is not None:
        return _write(layer, destination, plan, opened, None)
    folder, info = create_sealed(
        destination.folder.default,
        encryption,
        kms_environment(session),
        file_version=session.profile.file_encryption_version,
        random=session.random,
        notice=session.notice,
    )
    return _write(layer, destination, plan, folder, info)


def _write_increment(
    layer: _Layer, destination: Destination, full: SealedStorage | None
) -> tuple[BackupSummary, int]:
    assert full is not None
    _require_alone(layer.session, destination)
    chain = _previous_chain(destination, full)
    _check_covers(layer, chain)
    covered = [(span.key, span.end_key) for each in chain.layers for span in each.manifest.spans]
    plan = layer.plan(chain.end, covered)
    check_next_layer(chain, plan, facts=layer.session.profile)
    return _write(layer, destination, plan, chain.full.folder, None)


def _write(
    layer: _Layer,
    destination: Destination,
    plan: BackupPlan,
    sealed: SealedStorage,
    encryption_info: bytes | None,
) -> tuple[BackupSummary, int]:
    """Write a layer to its destination, with the key of a folder of its chain."""
    session = layer.session
    needs = session.resumed or _needs(layer, destination, plan)
    alive = UnfinishedJobs(session).backups_alive(needs.backup_id)
    identity = BackupIdentity(session.cluster_id.bytes, bytes.fromhex(needs.backup_id), alive=alive)
    target_size = parse_size(current_setting(session, "kv.bulk_sst.target_size"))
    with (
        running_job(session, _payload(layer, destination, plan), needs) as job,
        ThreadPoolExecutor(FILES_IN_FLIGHT, thread_name_prefix="backup") as executor,
    ):
        summary = write_backup(
            plan,
            session.engine,
            SessionNames(session),
            sealed.beside(destination.folder.default, destination.folder.others),
            encryption_info=encryption_info,
            profile=session.profile,
            clock=session.clock,
            identity=identity,
            executor=executor,
            placement=place(destination.localities, session.locality),
            target_size=target_size,
            progress=job.progress,
        )
    return summary, job.id


def _needs(layer: _Layer, destination: Destination, plan: BackupPlan) -> Unfinished:
    """Return what the job needs to go on: the statement, as of the time and with the place that were chosen now."""
    session, statement = layer.session, layer.statement
    again = replace(
        statement,
        as_of=ast.StringLiteral(str(layer.end_time)),
        subdirectory=destination.subdirectory or statement.subdirectory,
        is_latest=False,
        options=replace(statement.options, detached=None),
    )
    return Unfinished(
        sql=format_statement(again, reveal=True),
        database=session.database,
        user=session.user,
        version=session.profile.version,
        backup_id=UUID(bytes=session.random(16), version=4).hex,
        base=destination.base.uri.bare() if destination.base is not None else "",
        protects=str(plan.period.after or plan.period.until),
    )


def _payload(layer: _Layer, destination: Destination, plan: BackupPlan) -> pb.JobPayload:
    """Return what the job's row says of a backup; a new folder of a collection is named."""
    statement = layer.statement
    if destination.collection is not None:
        statement = replace(statement, subdirectory=destination.subdirectory)
    details = pb.BackupDetails(uri=str(destination.folder.default.uri))
    details.start_time.SetInParent()
    if plan.period.after:
        details.start_time.wall_time = plan.period.after.wall_ns
    details.end_time.wall_time = layer.end_time.wall_ns
    return pb.JobPayload(
        description=statement.redacted(version=layer.session.profile.version),
        descriptor_ids=layer.targets.ids,
        backup=details,
    )
