"""Canonical text of backups, schedules, jobs and external connections, with or without their secrets.

Source: conformance/{20.2,21.2}/parse.jsonl; job descriptions in scenarios/09_jobs_schedules.json.
"""

from __future__ import annotations

from typing import Any

from ootheca.names import format_dotted, format_identifier
from ootheca.sql import ast
from ootheca.sql.format_core import (
    MASKED,
    REDACTED,
    Style,
    format_node,
    formats,
    if_exists_words,
    if_not_exists_words,
    name_list,
)
from ootheca.sql.options import BACKUP_OPTIONS, RESTORE_OPTIONS, Option

__all__: list[str] = []


# Targets and clauses
@formats(ast.TableTargets)
def _table_targets(node: ast.TableTargets, style: Style) -> str:
    del style
    return "TABLE " + ", ".join(map(str, node.patterns))


@formats(ast.DatabaseTargets)
def _database_targets(node: ast.DatabaseTargets, style: Style) -> str:
    del style
    return "DATABASE " + name_list(node.names)


@formats(ast.TenantTarget)
def _tenant_target(node: ast.TenantTarget, style: Style) -> str:
    del style
    return f"TENANT {node.tenant_id}"


@formats(ast.SystemUsersTarget)
def _system_users(node: ast.SystemUsersTarget, style: Style) -> str:
    del node, style
    return "SYSTEM USERS"


def _targets(targets: ast.BackupTargets | None, style: Style) -> str:
    return f"{format_node(targets, style)} " if targets is not None else ""


def _as_of(expression: ast.Expr | None, style: Style) -> str:
    return f" AS OF SYSTEM TIME {format_node(expression, style)}" if expression is not None else ""


def _option(option: Option, value: Any, style: Style, *, is_backup: bool) -> str:
    match option.kind:
        case "flag":
            return option.name if value is True else f"{option.name}{style.equals}FALSE"
        case "boolean":
            if isinstance(value, ast.Expr):
                return f"{option.name}{style.equals}{format_node(value, style)}"
            return option.name if value else f"{option.name}{style.equals}false"
        case "passphrase":
            text = _passphrase(value, style, is_masked=is_backup and style.profile.masks_passphrase)
        case "kms":
            hide_key = not (is_backup and style.profile.masks_passphrase)
            text = style.kms_uris(value, hide_key=hide_key)
        case "uris":
            text = style.uris(value)
        case _:
            text = style.string(value)
    return f"{option.name}{style.equals}{text}"


def _passphrase(value: ast.StringOrPlaceholder, style: Style, *, is_masked: bool) -> str:
    if is_masked and not style.reveal:
        return MASKED
    return REDACTED if style.redact else style.string(value)


def _options(node: ast.BackupOptions | ast.RestoreOptions, style: Style) -> str:
    is_backup = isinstance(node, ast.BackupOptions)
    texts = []
    for option in BACKUP_OPTIONS if is_backup else RESTORE_OPTIONS:
        value = getattr(node, option.field)
        if value is None or value == () or (value is False and not is_backup):
            continue
        texts.append(_option(option, value, style, is_backup=is_backup))
    return ", ".join(texts)


def _with(node: ast.BackupOptions | ast.RestoreOptions, style: Style) -> str:
    text = _options(node, style)
    return f" WITH {text}" if text else ""


# BACKUP, RESTORE, SHOW BACKUP
@formats(ast.Backup)
def backup(node: ast.Backup, style: Style) -> str:
    where = "TO "
    if node.is_collection:
        where = "INTO "
        if node.is_latest:
            where += "LATEST IN "
        elif node.subdirectory is not None:
            where += f"{style.string(node.subdirectory)} IN "
    layers = ", ".join(style.uri(uri) for uri in node.incremental_from)
    return "".join(
        [
            f"BACKUP {_targets(node.targets, style)}{where}{style.uris(node.to)}",
            _as_of(node.as_of, style),
            f" INCREMENTAL FROM {layers}" if layers else "",
            _with(node.options, style),
        ]
    )


@formats(ast.Restore)
def restore(node: ast.Restore, style: Style) -> str:
    source = "REPLICATION STREAM FROM " if node.is_stream else ""
    if node.subdirectory is not None:
        source += f"{style.string(node.subdirectory)} IN "
    layers = ", ".join(style.uris(layer) for layer in node.layers)
    return (
        f"RESTORE {_targets(node.targets, style)}FROM {source}{layers}"
        f"{_as_of(node.as_of, style)}{_with(node.options, style)}"
    )


@formats(ast.ShowBackup)
def show_backup(node: ast.ShowBackup, style: Style) -> str:
    view = "" if node.kind == "DEFAULT" else f"{node.kind} "
    path = style.uris((node.path,))
    if node.collection:
        path = f"{style.string(node.path)} IN {style.uris(node.collection)}"
    options = f" WITH {style.key_values(node.options)}" if node.options else ""
    return f"SHOW BACKUP {view}{'FROM ' if node.has_from else ''}{path}{options}"


@formats(ast.ShowBackups)
def show_backups(node: ast.ShowBackups, style: Style) -> str:
    text = f"SHOW BACKUPS IN {style.uris(node.collection)}"
    if node.newer_than is not None:
        text += f" NEWER THAN {format_node(node.newer_than, style)}"
    if node.older_than is not None:
        text += f" OLDER THAN {format_node(node.older_than, style)}"
    if node.with_revision_start_time:
        text += " WITH REVISION START TIME"
    return text + (" WITH INDEX" if node.with_index else "")


@formats(ast.AlterBackup)
def alter_backup(node: ast.AlterBackup, style: Style) -> str:
    where = f"{style.string(node.subdirectory)} IN " if node.subdirectory is not None else ""
    new = style.kms_uris(node.new_kms, hide_key=True)
    old = style.kms_uris(node.old_kms, hide_key=True)
    return f"ALTER BACKUP {where}{style.uri(node.uri)} ADD NEW_KMS={new} WITH OLD_KMS={old}"


# External connections
@formats(ast.CreateExternalConnection)
def create_connection(node: ast.CreateExternalConnection, style: Style) -> str:
    condition = if_not_exists_words(node.if_not_exists)
    return f"CREATE EXTERNAL CONNECTION {condition}{style.string(node.name)} AS {style.uri(node.uri)}"


@formats(ast.AlterExternalConnection)
def alter_connection(node: ast.AlterExternalConnection, style: Style) -> str:
    condition = if_exists_words(node.if_exists)
    return f"ALTER EXTERNAL CONNECTION {condition}{style.string(node.name)} AS {style.uri(node.uri)}"


@formats(ast.DropExternalConnection)
def drop_connection(node: ast.DropExternalConnection, style: Style) -> str:
    return f"DROP EXTERNAL CONNECTION {style.string(node.name)}"


@formats(ast.ShowExternalConnections)
def show_connections(node: ast.ShowExternalConnections, style: Style) -> str:
    if node.name is None:
        return "SHOW EXTERNAL CONNECTIONS"
    return f"SHOW EXTERNAL CONNECTION {style.string(node.name)}"


@formats(ast.ShowCreateExternalConnections)
def show_create_connections(node: ast.ShowCreateExternalConnections, style: Style) -> str:
    if node.name is None:
        return "SHOW CREATE ALL EXTERNAL CONNECTIONS"
    return f"SHOW CREATE EXTERNAL CONNECTION {style.string(node.name)}"


@formats(ast.CheckExternalConnection)
def check_connection(node: ast.CheckExternalConnection, style: Style) -> str:
    options = []
    if node.concurrently is not None:
        options.append(f"CONCURRENTLY = {format_node(node.concurrently, style)}")
    if node.transfer is not None:
        options.append(f"TRANSFER = {style.string(node.transfer)}")
    if node.time is not None:
        options.append(f"TIME = {style.string(node.time)}")
    suffix = f" WITH OPTIONS ({', '.join(options)})" if options else ""
    return f"CHECK EXTERNAL CONNECTION {style.uri(node.uri)}{suffix}"


# Schedules
@formats(ast.CreateScheduleForBackup)
def create_schedule(node: ast.CreateScheduleForBackup, style: Style) -> str:
    parts = ["CREATE SCHEDULE " + if_not_exists_words(node.if_not_exists)]
    if node.label is not None:
        parts.append(f"{style.string(node.label)} ")
    parts.append(f"FOR BACKUP {_targets(node.targets, style)}INTO {style.uris(node.into)}")
    parts.append(f"{_with(node.options, style)} RECURRING {style.string(node.recurring)}")
    if node.full_backup_always:
        parts.append(" FULL BACKUP ALWAYS")
    elif node.full_backup is not None:
        parts.append(f" FULL BACKUP {style.string(node.full_backup)}")
    if node.schedule_options:
        parts.append(f" WITH SCHEDULE OPTIONS {style.key_values(node.schedule_options)}")
    return "".join(parts)


@formats(ast.AlterScheduleCommand)
def _schedule_command(node: ast.AlterScheduleCommand, style: Style) -> str:
    match node.kind:
        case "INTO":
            return f"SET INTO {style.uris(node.uris)}"
        case "WITH":
            return f"SET WITH {_options(node.options or ast.BackupOptions(), style)}"
        case "SCHEDULE OPTION":
            assert node.option is not None
            return f"SET SCHEDULE OPTION {style.key_values([node.option])}"
        case "EXECUTE":
            return "EXECUTE IMMEDIATELY"
        case "EXECUTE FULL":
            return "EXECUTE FULL IMMEDIATELY"
    return f"SET {node.kind} " + (style.string(node.value) if node.value is not None else "ALWAYS")


@formats(ast.AlterBackupSchedule)
def alter_schedule(node: ast.AlterBackupSchedule, style: Style) -> str:
    commands = ", ".join(format_node(command, style) for command in node.commands)
    return f"ALTER BACKUP SCHEDULE {format_node(node.schedule_id, style)} {commands}"


@formats(ast.ShowSchedules)
def show_schedules(node: ast.ShowSchedules, style: Style) -> str:
    if node.schedule_id is not None:
        return f"SHOW SCHEDULE {format_node(node.schedule_id, style)}"
    which = "" if node.which == "ALL" else f"{node.which} "
    return f"SHOW {which}SCHEDULES{' FOR BACKUP' if node.for_backup else ''}"


@formats(ast.ShowCreateSchedules)
def show_create_schedules(node: ast.ShowCreateSchedules, style: Style) -> str:
    if node.schedule_id is None:
        return "SHOW CREATE ALL SCHEDULES"
    return f"SHOW CREATE SCHEDULE {format_node(node.schedule_id, style)}"


@formats(ast.ControlSchedules)
def control_schedules(node: ast.ControlSchedules, style: Style) -> str:
    return f"{node.command} SCHEDULES {format_node(node.query, style)}"


@formats(ast.ExecuteSchedule)
def execute_schedule(node: ast.ExecuteSchedule, style: Style) -> str:
    return f"EXECUTE SCHEDULE {format_node(node.schedule_id, style)}"


# Jobs
@formats(ast.ShowJobs)
def show_jobs(node: ast.ShowJobs, style: Style) -> str:
    text = "SHOW JOBS" if node.which == "ALL" else f"SHOW {node.which} JOBS"
    if node.when_complete:
        text += " WHEN COMPLETE"
    if node.for_schedules:
        text += " FOR SCHEDULES"
    if node.query is not None:
        text += f" {format_node(node.query, style)}"
    return text + (" WITH EXECUTION DETAILS" if node.with_execution_details else "")


@formats(ast.ControlJobs)
def control_jobs(node: ast.ControlJobs, style: Style) -> str:
    reason = f" WITH REASON = {style.string(node.reason)}" if node.reason is not None else ""
    return f"{node.command} JOBS {format_node(node.query, style)}{reason}"


@formats(ast.ControlJobsForSchedules)
def control_jobs_for(node: ast.ControlJobsForSchedules, style: Style) -> str:
    return f"{node.command} JOBS FOR SCHEDULES {format_node(node.query, style)}"


@formats(ast.ControlJobsOfType)
def control_jobs_of_type(node: ast.ControlJobsOfType, style: Style) -> str:
    del style
    return f"{node.command} ALL {format_identifier(node.job_type)} JOBS"


@formats(ast.AlterJobOwner)
def alter_job_owner(node: ast.AlterJobOwner, style: Style) -> str:
    return f"ALTER JOB {format_node(node.job_id, style)} OWNER TO {format_identifier(node.owner)}"


# EXPORT and IMPORT
@formats(ast.Export)
def export(node: ast.Export, style: Style) -> str:
    options = f" WITH {style.key_values(node.options)}" if node.options else ""
    return (
        f"EXPORT INTO {node.file_format} {style.uri(node.uri)}{options} FROM {format_node(node.query, style)}"
    )


@formats(ast.Import)
def import_(node: ast.Import, style: Style) -> str:
    options = f" WITH {style.key_values(node.options)}" if node.options else ""
    name = format_dotted(node.table.parts) if node.table is not None else ""
    if node.is_bundle:
        table = f"TABLE {name} FROM " if name else ""
        return f"IMPORT {table}{node.file_format} {style.uri(node.uris[0])}{options}"
    files = f"{node.file_format} DATA ({', '.join(style.uri(uri) for uri in node.uris)}){options}"
    if node.is_into:
        columns = f"({name_list(node.columns)})" if node.columns else ""
        return f"IMPORT INTO {name}{columns} {files}"
    if node.create_using is not None:
        return f"IMPORT TABLE {name} CREATE USING {style.uri(node.create_using)} {files}"
    assert isinstance(node.definition, ast.CreateTable)
    elements = ", ".join(format_node(element, style) for element in node.definition.elements)
    return f"IMPORT TABLE {name} ({elements}) {files}"
