"""RESTORE: from the statement to an opened chain, a plan, and new objects in the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from ootheca import pb
from ootheca.backup.chain import Chain, check_localities, check_statistics, cut_at
from ootheca.backup.collection import read_latest
from ootheca.backup.localities import Stores
from ootheca.backup.progress import Progress
from ootheca.backup.read import ChainReader
from ootheca.backup.restore import RestoreSummary, run_restore
from ootheca.backup.restore_plan import RestoreOptions, RestorePlan, RestoreTargets, plan_restore
from ootheca.backup.revisions import catalog_at, descriptors_at
from ootheca.backup.sealed import SealedStorage, open_sealed
from ootheca.backup.verify_rows import NoRowsReader, verify_rows
from ootheca.catalog.catalog import Catalog, SomeDescriptor
from ootheca.catalog.soundness import check_descriptors
from ootheca.catalog.targets import Targets
from ootheca.catalog.upgrade import catalog_of
from ootheca.clock import Timestamp, unique_int64
from ootheca.codec.manifest import tenant_ids
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.errors import InvalidOptionError, OothecaError, UnsupportedError
from ootheca.exec.as_of import evaluate_as_of
from ootheca.exec.chains import chain_of_collection, chain_of_layers, named_point
from ootheca.exec.execution_locality import check_execution_locality
from ootheca.exec.features import require_feature
from ootheca.exec.jobs import running_job
from ootheca.exec.places import encryption_options, kms_environment, open_stores, text_of
from ootheca.exec.result import Result, integer
from ootheca.exec.session import Session
from ootheca.exec.statements.backup import job_result
from ootheca.exec.statements.restore_cluster import (
    forget_built_in,
    require_empty_cluster,
    restore_system_tables,
    restore_system_users,
)
from ootheca.exec.targets import resolve, with_coverage
from ootheca.exec.unfinished import Unfinished
from ootheca.sql import ast
from ootheca.sql.format import format_statement

__all__ = ["open_location", "run"]

_UNRESOLVED: Final = (
    "failed to resolve targets in the BACKUP location specified by the RESTORE stmt, "
    "use SHOW BACKUP to find correct targets"
)
_NEW_DB_NAME: Final = "new_db_name can only be used for RESTORE DATABASE with a single target database"
_INCREMENTAL_LOCATION: Final = (
    "incremental_location can only be used with the following syntax: "
    "'RESTORE [target] FROM [subdirectory] IN [destination]'"
)
_SCHEMA_ONLY: Final = "to set the verify_backup_table_data option, the schema_only option must be set"
_NOT_YET: Final = (
    "experimental_deferred_copy", "virtual_cluster_name", "virtual_cluster", "remove_regions", "grants",
    "debug_pause_on",
)  # fmt: skip


def run(statement: ast.Restore, session: Session) -> Result:
    """Restore; one row with what was restored, or with DETACHED the job's id alone."""
    options = statement.options
    require_feature(session, "RESTORE")
    if session.is_in_explicit_transaction and not options.detached:
        raise OothecaError("RESTORE cannot be used inside a transaction without DETACHED option")
    chain, until = _prepare(statement, session)
    plan, backup = _plan(statement, session, chain, until)
    if statement.targets is not None and not plan.tables and _names_tables(statement.targets):
        return _nothing_restored(unique_int64(session.clock), session)
    with running_job(
        session, _payload(statement, session, chain, until, plan), _needs(statement, session)
    ) as job:
        reader = ChainReader(chain, until)
        job.progress.total = _num_entries(chain)
        summary = _restore(statement, session, plan, backup, reader, job.progress)
    if options.detached:
        return Result.of_rows([integer("job_id")], [(job.id,)], tag="RESTORE")
    return _answer(job.id, summary)


def dry_run(statement: ast.Restore, session: Session) -> None:
    """Open the backup and check what is wanted of it, without making anything.

    Raises:
        OothecaError: as the restore would before it writes; what a whole cluster's needs is not looked at.
    """
    require_feature(session, "RESTORE")
    chain, until = _prepare(statement, session)
    if statement.targets is not None:
        _plan(statement, session, chain, until)


def _prepare(statement: ast.Restore, session: Session) -> tuple[Chain, Timestamp | None]:
    """Open the layers that are wanted, and return the time that they are read as of, where one is named."""
    options = statement.options
    encryption = encryption_options(session, options.encryption_passphrase, options.kms)
    _check_options(statement)
    check_execution_locality(session, options.execution_locality)
    if options.new_db_name and not _names_one_database(statement.targets):
        raise InvalidOptionError(_NEW_DB_NAME, sqlstate="XXUUU")
    until = evaluate_as_of(statement.as_of, session) if statement.as_of is not None else None
    chain = _chain(statement, session, encryption)
    check_localities(chain)
    if until is not None:
        chain = cut_at(chain, until)
    check_statistics(chain.last)
    return chain, until


def _needs(statement: ast.Restore, session: Session) -> Unfinished:
    """Return what the job needs to be done again: nothing of a RESTORE stays before all of it does."""
    again = replace(statement, options=replace(statement.options, detached=False))
    return Unfinished(
        sql=format_statement(again, reveal=True),
        database=session.database,
        user=session.user,
        version=session.profile.version,
    )


def _num_entries(chain: Chain) -> int:
    """Return how many entries the layers hold, as their manifests count them."""
    counts = [layer.manifest.entry_counts for layer in chain.layers]
    return sum(count.rows + count.index_entries for count in counts)


def _check_options(statement: ast.Restore) -> None:
    options = statement.options
    if options.debug_pause_on is not None and text_of(options.debug_pause_on) != "error":
        value = text_of(options.debug_pause_on)
        raise InvalidOptionError(f"debug_pause_on cannot be set with the value {value}", sqlstate="XXUUU")
    if options.incremental_location and statement.subdirectory is None:
        raise InvalidOptionError(_INCREMENTAL_LOCATION, sqlstate="XXUUU")
    if options.verify_backup_table_data and not options.schema_only:
        raise InvalidOptionError(_SCHEMA_ONLY, sqlstate="XXUUU")
    if options.experimental_copy and (options.encryption_passphrase or options.kms):
        raise UnsupportedError(
            "experimental copy does not take encrypted backups", hint="leave EXPERIMENTAL COPY out"
        )
    for name in _NOT_YET:
        if getattr(options, name):
            raise UnsupportedError(f"RESTORE … WITH {name} is not supported yet")


def _payload(
    statement: ast.Restore, session: Session, chain: Chain, until: Timestamp | None, plan: RestorePlan
) -> pb.JobPayload:
    """Return what the job's row says of a restore."""
    details = pb.RestoreDetails(uris=[str(layer.folder.storage.uri) for layer in chain.layers])
    details.end_time.wall_time = (
        until.wall_ns if until is not None else chain.last.manifest.end_time.wall_time
    )
    made: tuple[SomeDescriptor, ...] = (*plan.databases, *plan.schemas, *plan.types, *plan.tables)
    return pb.JobPayload(
        description=statement.redacted(version=session.profile.version),
        descriptor_ids=sorted(plan.rewrites.ids[desc.id] for desc in made),
        restore=details,
    )


def _answer(job_id: int, summary: RestoreSummary) -> Result:
    return job_result(job_id, summary.rows, summary.index_entries, summary.data_size, tag="RESTORE")


def _nothing_restored(job_id: int, session: Session) -> Result:
    """What RESTORE answers when its only view was skipped: version 20.2 no row, later ones a row of zeros."""
    answer = _answer(job_id, RestoreSummary(0, 0, 0))
    if session.profile.version != "20.2":
        return answer
    assert answer.columns is not None
    return Result.of_rows(answer.columns, [], tag="RESTORE")


def _names_one_database(targets: ast.BackupTargets | None) -> bool:
    return isinstance(targets, ast.DatabaseTargets) and len(targets.names) == 1


def _names_tables(targets: ast.BackupTargets) -> bool:
    return isinstance(targets, ast.TableTargets)


def _chain(statement: ast.Restore, session: Session, encryption: EncryptionOptions) -> Chain:
    """Open the full backup and the layers that the statement lists, or that its collection holds."""
    if not statement.layers:
        raise OothecaError("invalid base backup specified")
    if statement.subdirectory is None and not statement.is_latest:
        full, *named = [open_location(session, uris) for uris in statement.layers]
        return chain_of_layers(_unseal(full, session, encryption), named)
    if len(statement.layers) > 1:
        raise OothecaError(
            "RESTORE FROM ... IN can only by used against a single collection path (per-locality)"
        )
    collection = open_location(session, statement.layers[0])
    until_ns: int | None = None
    if statement.is_latest or statement.subdirectory is None:
        path = read_latest(collection.default).strip("/")
    else:
        path, until_ns = named_point(collection, text_of(statement.subdirectory))
    other = statement.options.incremental_location
    opened = _unseal(collection.at(path), session, encryption)
    place = open_location(session, other) if other else None
    return chain_of_collection(opened, collection, path, place, until_ns)


def _unseal(full: Stores, session: Session, encryption: EncryptionOptions) -> SealedStorage:
    opened = open_sealed(full.default, encryption, kms_environment(session), notice=session.notice)
    return opened.beside(full.default, full.others)


def _restore(
    statement: ast.Restore,
    session: Session,
    plan: RestorePlan,
    backup: Catalog,
    reader: ChainReader,
    progress: Progress,
) -> RestoreSummary:
    """Make the objects with their rows; with `schema_only` without them, which are at most read and checked."""
    options = statement.options
    if isinstance(statement.targets, ast.SystemUsersTarget):
        return restore_system_users(session, reader, backup)
    if not options.schema_only:
        summary = run_restore(
            plan, reader, backup, session.catalog, session.engine, facts=session.profile, progress=progress
        )
        if statement.targets is None:
            summary += restore_system_tables(session, reader, backup)
        return summary
    summary = RestoreSummary(0, 0, 0)
    if options.verify_backup_table_data:
        read = verify_rows(reader, backup, [table.id for table in plan.tables])
        summary = RestoreSummary(read.rows, read.index_entries, 0)  # no bytes were written
    without_rows = NoRowsReader(reader.chain, reader.until)
    run_restore(plan, without_rows, backup, session.catalog, session.engine, facts=session.profile)
    return summary


def open_location(session: Session, uris: ast.URIs) -> Stores:
    """Open where a backup lies, or a collection of them."""
    try:
        return open_stores(session, uris)
    except (UnsupportedError, InvalidOptionError) as exc:
        raise exc.prefixed("failed to open backup storage location") from exc


def _plan(
    statement: ast.Restore, session: Session, chain: Chain, until: Timestamp | None
) -> tuple[RestorePlan, Catalog]:
    manifest = chain.last.manifest
    is_cluster = statement.targets is None
    if is_cluster:
        require_empty_cluster(session, manifest)
        if left_out := tenant_ids(manifest):
            names = ", ".join(map(str, left_out))
            session.notice(f"tenants are not restored, for a store has none: {names}")
    backup = catalog_of(manifest) if until is None else catalog_at(chain, until)
    if not is_cluster:
        _check_descriptors(manifest.descriptors if until is None else descriptors_at(chain, until))
    if isinstance(statement.targets, ast.TenantTarget):
        _refuse_tenant(statement.targets.tenant_id, manifest)
    try:
        targets = resolve(statement.targets, backup, current_database=session.database, rules=session.rules)
        _check_complete(statement, manifest, targets)
    except OothecaError as exc:
        missing = with_coverage(exc, session) if statement.as_of is not None else exc
        raise missing.prefixed(_UNRESOLVED) from exc
    wanted = _restore_targets(statement, targets)
    if is_cluster:
        forget_built_in(session)
    options = statement.options
    plan = plan_restore(
        backup,
        session.catalog,
        wanted,
        RestoreOptions(
            into_db=None if options.into_db is None else text_of(options.into_db),
            new_db_name=None if not options.new_db_name else text_of(options.new_db_name),
            skip_missing_foreign_keys=options.skip_missing_foreign_keys,
            skip_missing_sequences=options.skip_missing_sequences,
            skip_missing_sequence_owners=options.skip_missing_sequence_owners,
            skip_missing_views=options.skip_missing_views,
        ),
        session.now(),
        names_orphan=session.profile.names_orphan,
    )
    return plan, backup


def _refuse_tenant(tenant_id: int, manifest: pb.BackupManifest) -> None:
    """Say that a tenant is not in the backup, as CockroachDB does, or else that a store cannot take it."""
    if tenant_id not in tenant_ids(manifest):
        raise OothecaError(f"{_UNRESOLVED}: tenant {tenant_id} not in backup")
    raise UnsupportedError(
        "RESTORE TENANT is not supported: a store has no tenants",
        hint=f"ootheca.open_backup(…, tenant={tenant_id}) reads its tables; what lies beside it is restored by name",
    )


def _check_descriptors(descriptors: Iterable[pb.Descriptor]) -> None:
    try:
        check_descriptors(descriptors)
    except OothecaError as exc:
        raise exc.prefixed(_UNRESOLVED) from exc


def _check_complete(statement: ast.Restore, manifest: pb.BackupManifest, targets: Targets) -> None:
    if not manifest.format_version:
        return  # 1.x did not tell which databases are complete
    complete = set(manifest.complete_dbs)
    if set(targets.complete_database_ids) <= complete:
        return
    what = "<database>.*" if isinstance(statement.targets, ast.TableTargets) else "DATABASE"
    raise OothecaError(
        f"cannot RESTORE {what} from a backup of individual tables (use SHOW BACKUP to determine available tables)"
    )


def _restore_targets(statement: ast.Restore, targets: Targets) -> RestoreTargets:
    """`db.*` takes the tables of a database, not the database."""
    if isinstance(statement.targets, ast.TableTargets):
        return RestoreTargets(table_ids=targets.table_ids)
    return RestoreTargets(
        database_ids=targets.complete_database_ids,
        table_ids=targets.requested_table_ids,
        is_cluster=statement.targets is None,
    )
