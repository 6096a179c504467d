"""BACKUP: from the statement to a planned and written backup.

The order of the checks is CockroachDB's (reference/sql/01 §8): with several things wrong, the same one is named.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from ootheca import pb
from ootheca.backup.chain import manifest_in, read_layer
from ootheca.backup.collection import write_latest
from ootheca.backup.cover import check_next_layer
from ootheca.backup.data_files import FILES_IN_FLIGHT
from ootheca.backup.placement import place
from ootheca.backup.plan import BackupPlan
from ootheca.backup.sealed import SealedStorage, create_sealed, open_sealed
from ootheca.backup.write import BackupIdentity, BackupSummary, write_backup
from ootheca.clock import ZERO_TIMESTAMP
from ootheca.codec import filenames
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.crypto.kms.registry import open_kms
from ootheca.errors import OothecaError, StorageError, UnsupportedError
from ootheca.exec.as_of import evaluate_as_of
from ootheca.exec.destinations import Destination, find_destination
from ootheca.exec.execution_locality import check_execution_locality
from ootheca.exec.features import require_feature
from ootheca.exec.history import catalog_at, collect_garbage
from ootheca.exec.jobs import running_job
from ootheca.exec.layers import Layer, check_covers, previous_chain
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


def run(statement: ast.Backup, session: Session) -> Result:
    """Take a backup; one row with what was written, or with DETACHED the job's id alone."""
    options = statement.options
    require_feature(session, "BACKUP")
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
    require_feature(session, "BACKUP")
    encryption = encryption_options(session, statement.options.encryption_passphrase, statement.options.kms)
    for uri in encryption.kms:
        open_kms(uri, kms_environment(session)).wrap(_PROBE)
    layer, _ = _prepare(statement, session)
    layer.plan(ZERO_TIMESTAMP, ())


def _prepare(statement: ast.Backup, session: Session) -> tuple[Layer, Destination]:
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
    layer = Layer(statement, session, catalog, targets, end_time, statement.targets is None, keeps_all)
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
    layer: Layer, destination: Destination, opened: SealedStorage | None
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


def _write_full(
    layer: Layer, destination: Destination, encryption: EncryptionOptions, opened: SealedStorage | None
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
    layer: Layer, destination: Destination, full: SealedStorage | None
) -> tuple[BackupSummary, int]:
    assert full is not None
    _require_alone(layer.session, destination)
    chain = previous_chain(destination, full)
    check_covers(layer, chain)
    covered = [(span.key, span.end_key) for each in chain.layers for span in each.manifest.spans]
    plan = layer.plan(chain.end, covered)
    check_next_layer(chain, plan, facts=layer.session.profile)
    return _write(layer, destination, plan, chain.full.folder, None)


def _write(
    layer: Layer,
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


def _needs(layer: Layer, destination: Destination, plan: BackupPlan) -> Unfinished:
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


def _payload(layer: Layer, destination: Destination, plan: BackupPlan) -> pb.JobPayload:
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
