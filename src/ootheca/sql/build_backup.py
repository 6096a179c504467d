"""Actions for backups, schedules, jobs and external connections."""

from __future__ import annotations

from typing import Any

from ootheca.sql import ast
from ootheca.sql.build_core import Children, action, actions, as_tuple, constants, integer_of, values_query
from ootheca.sql.lalr import RejectedError
from ootheca.sql.lexer import Token
from ootheca.sql.options import BACKUP_OPTIONS, OPTION_ALIASES, RESTORE_OPTIONS

__all__: list[str] = []

_REPEATED = {option.field: option.repeated for option in (*RESTORE_OPTIONS, *BACKUP_OPTIONS)}


# Options
def _option_field(tokens: list[Any]) -> str:
    words = [str(token.value) for token in tokens if isinstance(token, Token) and token.value != "="]
    field = "_".join(words)
    return OPTION_ALIASES.get(field, field)


@action
def option_flag(c: Children) -> tuple[str, Any]:
    return _option_field(c), True


@action
def option_value(c: Children) -> tuple[str, Any]:
    return _option_field(c[:-1]), c[-1]


@action
def first_option(c: Children) -> dict[str, Any]:
    field, value = c[0]
    return {field: value}


@action
def next_option(c: Children) -> dict[str, Any]:
    options, (field, value) = c
    if field in options:
        raise RejectedError(f"syntax error: {_REPEATED[field]}")
    return {**options, field: value}


def _backup_options(options: dict[str, Any] | None) -> ast.BackupOptions:
    return ast.BackupOptions(**options) if options else ast.BackupOptions()


def _restore_options(options: dict[str, Any] | None) -> ast.RestoreOptions:
    return ast.RestoreOptions(**options) if options else ast.RestoreOptions()


# Targets
@action
def table_targets(c: Children) -> ast.TableTargets:
    return ast.TableTargets(tuple(c[0]))


@action
def database_targets(c: Children) -> ast.DatabaseTargets:
    return ast.DatabaseTargets(tuple(c[0]))


@action
def tenant_target(c: Children) -> ast.TenantTarget:
    tenant_id = integer_of(c[0])
    if tenant_id == 0:
        raise RejectedError("syntax error: invalid tenant ID")
    return ast.TenantTarget(tenant_id)


constants(__name__, system_users_target=ast.SystemUsersTarget())


@action
def as_of(c: Children) -> ast.Expr:
    return c[0]  # type: ignore[no-any-return]


@action
def incremental_from(c: Children) -> tuple[Any, ...]:
    return tuple(c)


# BACKUP and RESTORE
@action
def backup_to(c: Children) -> ast.Backup:
    targets, to, as_of_, layers, options = c
    return ast.Backup(
        targets, to, as_of=as_of_, incremental_from=layers or (), options=_backup_options(options)
    )


@action
def backup_into(c: Children) -> ast.Backup:
    targets, to, as_of_, options = c
    return ast.Backup(targets, to, is_collection=True, as_of=as_of_, options=_backup_options(options))


@action
def backup_into_latest(c: Children) -> ast.Backup:
    targets, to, as_of_, options = c
    return ast.Backup(
        targets, to, is_collection=True, is_latest=True, as_of=as_of_, options=_backup_options(options)
    )


@action
def backup_into_sub(c: Children) -> ast.Backup:
    targets, subdirectory, to, as_of_, options = c
    return ast.Backup(
        targets,
        to,
        is_collection=True,
        subdirectory=subdirectory,
        as_of=as_of_,
        options=_backup_options(options),
    )


def _restore(targets: Any, subdirectory: Any, layers: Any, as_of_: Any, options: Any) -> ast.Restore:
    return ast.Restore(targets, tuple(layers), subdirectory, as_of=as_of_, options=_restore_options(options))


actions(lambda c: _restore(None, None, *c), restore=())
actions(lambda c: _restore(c[0], None, *c[1:]), restore_targets_from=())
actions(lambda c: _restore(None, *c), restore_in=())
actions(lambda c: _restore(*c), restore_targets_in=())


@action
def restore_stream(c: Children) -> ast.Restore:
    targets, stream, as_of_ = c
    return ast.Restore(targets, (stream,), as_of=as_of_, is_stream=True)


# SHOW BACKUP
@action
def show_backups(c: Children) -> ast.ShowBackups:
    collection, bounds, extra = c
    newer, older = bounds or (None, None)
    return ast.ShowBackups(
        collection,
        newer,
        older,
        with_revision_start_time=extra == "revision",
        with_index=extra == "index",
    )


constants(__name__, with_revision_start_time="revision", with_index="index")


@action
def newer_than(c: Children) -> tuple[str, ast.Expr]:
    return "newer", c[0]


@action
def older_than(c: Children) -> tuple[str, ast.Expr]:
    return "older", c[0]


@action
def backup_range(c: Children) -> tuple[ast.Expr | None, ast.Expr | None]:
    bounds = dict(c)
    return bounds.get("newer"), bounds.get("older")


@action
def skip_size(c: Children) -> ast.KeyValue:
    del c
    return ast.KeyValue("skip size")


@action
def skip_word(c: Children) -> ast.KeyValue:
    del c
    return ast.KeyValue("skip")


def _show_backup(has_view: bool, has_collection: bool, has_from: bool, c: Children) -> ast.ShowBackup:
    kind: Any = c[0].upper() if has_view else "DEFAULT"
    rest = c[1:] if has_view else c
    collection = rest[1] if has_collection else ()
    return ast.ShowBackup(kind, rest[0], collection, as_tuple(rest[-1]), has_from)


actions(
    _show_backup,
    show_backup=(False, False, False),
    show_backup_in=(False, True, False),
    show_backup_from=(False, True, True),
    show_backup_view=(True, False, False),
    show_backup_view_in=(True, True, False),
    show_backup_view_from=(True, True, True),
)


# ALTER BACKUP and external connections
@action
def alter_backup(c: Children) -> ast.AlterBackup:
    uri, new_kms, old_kms = c
    return ast.AlterBackup(uri, new_kms, old_kms)


@action
def alter_backup_in(c: Children) -> ast.AlterBackup:
    subdirectory, uri, new_kms, old_kms = c
    return ast.AlterBackup(uri, new_kms, old_kms, subdirectory)


@action
def create_connection(c: Children) -> ast.CreateExternalConnection:
    return ast.CreateExternalConnection(c[-2], c[-1], if_not_exists=len(c) == 3)


@action
def alter_connection(c: Children) -> ast.AlterExternalConnection:
    return ast.AlterExternalConnection(c[1], c[2], if_exists=bool(c[0]))


@action
def drop_connection(c: Children) -> ast.DropExternalConnection:
    return ast.DropExternalConnection(c[0])


@action
def show_connections(c: Children) -> ast.ShowExternalConnections:
    return ast.ShowExternalConnections(c[0] if c else None)


@action
def show_create_connection(c: Children) -> ast.ShowCreateExternalConnections:
    return ast.ShowCreateExternalConnections(c[0])


@action
def show_create_connections(c: Children) -> ast.ShowCreateExternalConnections:
    del c
    return ast.ShowCreateExternalConnections()


@action
def check_options(c: Children) -> dict[str, Any]:
    return dict(c)


@action
def check_connection(c: Children) -> ast.CheckExternalConnection:
    return ast.CheckExternalConnection(c[0], **(c[1] or {}))


# Schedules
@action
def schedule_label(c: Children) -> tuple[bool, Any]:
    return len(c) == 2, c[-1]


_ALWAYS = "always"


@action
def full_backup(c: Children) -> Any:
    return c[0] if c else (_ALWAYS,)


@action
def create_schedule(c: Children) -> ast.CreateScheduleForBackup:
    label, targets, into, options, recurring, full, schedule_options = c
    if_not_exists, label_text = label or (False, None)
    is_always = full == (_ALWAYS,)
    return ast.CreateScheduleForBackup(
        label_text,
        targets,
        into,
        recurring,
        _backup_options(options),
        None if is_always else full,
        is_always,
        as_tuple(schedule_options),
        if_not_exists,
    )


@action
def alter_schedule(c: Children) -> ast.AlterBackupSchedule:
    return ast.AlterBackupSchedule(c[0], tuple(c[1]))


@action
def set_into(c: Children) -> ast.AlterScheduleCommand:
    return ast.AlterScheduleCommand("INTO", uris=c[0])


@action
def set_with(c: Children) -> ast.AlterScheduleCommand:
    field, value = c[0]
    return ast.AlterScheduleCommand("WITH", options=ast.BackupOptions(**{field: value}))


@action
def set_schedule_option(c: Children) -> ast.AlterScheduleCommand:
    return ast.AlterScheduleCommand("SCHEDULE OPTION", option=c[0])


def _schedule_command(kind: Any, c: Children) -> ast.AlterScheduleCommand:
    return ast.AlterScheduleCommand(kind, c[0] if c else None)


actions(
    _schedule_command,
    set_label=("LABEL",),
    set_recurring=("RECURRING",),
    set_full_backup=("FULL BACKUP",),
    execute_now=("EXECUTE",),
    execute_full_now=("EXECUTE FULL",),
)


def _control_schedule(command: Any, c: Children) -> ast.ControlSchedules:
    return ast.ControlSchedules(command, values_query(c[0]), (c[0],))


def _control_schedules(command: Any, c: Children) -> ast.ControlSchedules:
    return ast.ControlSchedules(command, c[0])


actions(_control_schedule, pause_schedule=("PAUSE",), resume_schedule=("RESUME",), drop_schedule=("DROP",))
actions(
    _control_schedules, pause_schedules=("PAUSE",), resume_schedules=("RESUME",), drop_schedules=("DROP",)
)


def _show_schedules(which: Any, c: Children) -> ast.ShowSchedules:
    return ast.ShowSchedules(which, bool(c[0]))


actions(
    _show_schedules,
    show_schedules=("ALL",),
    show_running_schedules=("RUNNING",),
    show_paused_schedules=("PAUSED",),
)


@action
def show_schedule(c: Children) -> ast.ShowSchedules:
    return ast.ShowSchedules(schedule_id=c[0])


@action
def show_create_schedule(c: Children) -> ast.ShowCreateSchedules:
    return ast.ShowCreateSchedules(c[0])


@action
def show_create_schedules(c: Children) -> ast.ShowCreateSchedules:
    del c
    return ast.ShowCreateSchedules()


@action
def execute_schedule(c: Children) -> ast.ExecuteSchedule:
    return ast.ExecuteSchedule(c[0])


# Jobs
@action
def for_schedule(c: Children) -> tuple[ast.Query, tuple[ast.Expr, ...]]:
    return values_query(c[0]), (c[0],)


@action
def for_schedules(c: Children) -> tuple[ast.Query, tuple[ast.Expr, ...]]:
    return c[0], ()


def _control_job(command: Any, c: Children) -> ast.ControlJobs:
    return ast.ControlJobs(command, values_query(c[0]), (c[0],), c[1] if len(c) > 1 else None)


def _control_jobs(command: Any, c: Children) -> ast.ControlJobs:
    return ast.ControlJobs(command, c[0], (), c[1] if len(c) > 1 else None)


def _control_for(command: Any, c: Children) -> ast.ControlJobsForSchedules:
    query, ids = c[0]
    return ast.ControlJobsForSchedules(command, query, ids)


def _control_all(command: Any, c: Children) -> ast.ControlJobsOfType:
    return ast.ControlJobsOfType(command, c[0])


actions(_control_job, pause_job=("PAUSE",), resume_job=("RESUME",), cancel_job=("CANCEL",))
actions(_control_jobs, pause_jobs=("PAUSE",), resume_jobs=("RESUME",), cancel_jobs=("CANCEL",))
actions(_control_for, pause_for=("PAUSE",), resume_for=("RESUME",), cancel_for=("CANCEL",))
actions(_control_all, pause_all=("PAUSE",), resume_all=("RESUME",), cancel_all=("CANCEL",))


def _show_jobs(which: Any, c: Children) -> ast.ShowJobs:
    return ast.ShowJobs(which, c[0] if c else None)


actions(
    _show_jobs,
    show_jobs=("ALL",),
    show_jobs_query=("ALL",),
    show_automatic_jobs=("AUTOMATIC",),
    show_changefeed_jobs=("CHANGEFEED",),
)


def _show_job(which: Any, when_complete: bool, details: bool, c: Children) -> ast.ShowJobs:
    return ast.ShowJobs(
        which,
        values_query(c[0]),
        (c[0],),
        when_complete=when_complete,
        with_execution_details=details,
    )


actions(
    _show_job,
    show_job=("ALL", False, False),
    show_changefeed_job=("CHANGEFEED", False, False),
    show_job_details=("ALL", False, True),
    show_job_when_complete=("ALL", True, False),
)


@action
def show_jobs_details(c: Children) -> ast.ShowJobs:
    del c
    return ast.ShowJobs(with_execution_details=True)


@action
def show_jobs_query_details(c: Children) -> ast.ShowJobs:
    return ast.ShowJobs(query=c[0], with_execution_details=True)


@action
def show_jobs_when_complete(c: Children) -> ast.ShowJobs:
    return ast.ShowJobs(query=c[0], when_complete=True)


@action
def show_jobs_for(c: Children) -> ast.ShowJobs:
    query, ids = c[0]
    return ast.ShowJobs(query=query, ids=ids, for_schedules=True)


@action
def alter_job_owner(c: Children) -> ast.AlterJobOwner:
    return ast.AlterJobOwner(c[0], c[1])


# EXPORT and IMPORT
@action
def export_options(c: Children) -> tuple[Any, ...]:
    return tuple(c[0])


@action
def export(c: Children) -> ast.Export:
    file_format, uri, options, query = c
    return ast.Export(file_format.upper(), uri, query, options or ())


@action
def import_into(c: Children) -> ast.Import:
    table, columns, file_format, uris, options = c
    return ast.Import(table, file_format.upper(), uris, as_tuple(columns), options or ())


@action
def import_table(c: Children) -> ast.Import:
    table, elements, file_format, uris, options = c
    definition = ast.CreateTable(table, tuple(elements))
    return ast.Import(
        table, file_format.upper(), uris, (), options or (), is_into=False, definition=definition
    )


@action
def import_table_using(c: Children) -> ast.Import:
    table, create_using, file_format, uris, options = c
    return ast.Import(
        table, file_format.upper(), uris, (), options or (), is_into=False, create_using=create_using
    )


@action
def import_bundle_table(c: Children) -> ast.Import:
    table, file_format, uri, options = c
    return ast.Import(table, file_format.upper(), (uri,), (), options or (), is_into=False, is_bundle=True)


@action
def import_bundle(c: Children) -> ast.Import:
    file_format, uri, options = c
    return ast.Import(None, file_format.upper(), (uri,), (), options or (), is_into=False, is_bundle=True)
