"""What CREATE SCHEDULE FOR BACKUP and ALTER BACKUP SCHEDULE share: the statements they store, and their answer.

Source: reference/sql/05 §1.3, §1.4; fixtures/conformance/*/scenarios/09_jobs_schedules.json.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from ootheca.errors import AccessDeniedError, OothecaError, ParseError
from ootheca.exec.result import Result, integer, string, timestamptz
from ootheca.exec.roles import Roles
from ootheca.exec.schedules import BackupArguments, OnError, Schedule, Wait
from ootheca.exec.statements.backup import dry_run
from ootheca.sql import ast
from ootheca.sql.format import format_statement

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = [
    "backup_result",
    "backup_statement",
    "in_order",
    "incremental_of",
    "on_failure",
    "on_running",
    "qualified",
    "require_metric_admin",
    "stored_text",
    "try_backup",
]

_COLUMNS: Final = (
    integer("schedule_id"),
    string("label"),
    string("status"),
    timestamptz("first_run"),
    string("schedule"),
    string("backup_stmt"),
)


def backup_result(session: Session, schedules: Iterable[Schedule], shown: ast.Backup) -> Result:
    """Return one row for each schedule; `shown` is the statement of the full one, which stands in all of them."""
    text = shown.redacted(version=session.profile.version)
    rows = [(each.id, each.label, _status(each), each.next_run, each.recurrence, text) for each in schedules]
    return Result.of_rows(_COLUMNS, rows, tag="SCHEDULED BACKUP")


def _status(schedule: Schedule) -> str:
    name = "PAUSED" if schedule.is_paused else "ACTIVE"
    return f"{name}: {schedule.status}" if schedule.status else name


def backup_statement(arguments: BackupArguments) -> ast.Backup:
    """Parse the statement that a schedule runs.

    Raises:
        OothecaError: it is no BACKUP.
    """
    from ootheca.sql.parser import parse

    try:
        statements = parse(arguments.statement)
    except ParseError as exc:  # whose detail would show the statement, secrets and all
        raise OothecaError(
            "the statement of the schedule cannot be parsed", hint="drop the schedule and create it again"
        ) from exc
    if len(statements) != 1 or not isinstance(statements[0], ast.Backup):
        raise OothecaError(
            "the statement of the schedule is not a BACKUP", hint="drop the schedule and create it again"
        )
    return statements[0]


def stored_text(session: Session, backup: ast.Backup) -> str:
    """Return the canonical text that a schedule keeps: with its secrets, for they are needed to run it."""
    return format_statement(backup, version=session.profile.version, reveal=True)


def incremental_of(full: ast.Backup, location: ast.URIs = ()) -> ast.Backup:
    """Return the statement that adds a layer to the newest full backup of a collection."""
    return replace(full, is_latest=True, options=replace(full.options, incremental_location=location))


def qualified(targets: ast.BackupTargets | None, session: Session) -> ast.BackupTargets | None:
    """Return targets that mean the same from any current database: schedules run in none.

    Names that resolve to nothing stay as they are.
    """
    if not isinstance(targets, ast.TableTargets):
        return targets
    return ast.TableTargets(tuple(_qualified(pattern, session) for pattern in targets.patterns))


def _qualified(pattern: ast.TablePattern, session: Session) -> ast.TablePattern:
    catalog, database = session.catalog, session.database
    if pattern.is_wildcard:
        schema = catalog.resolve_schema(pattern.parts, database)
        if schema is None or catalog.resolve_schema(pattern.parts, "") is not None:
            return pattern
        parts = (catalog.database(schema.database_id).name, *pattern.parts)
        return replace(pattern, parts=parts)
    table = catalog.find_table(pattern.parts, database)
    if table is None:
        return pattern
    elsewhere = catalog.find_table(pattern.parts, "")
    if elsewhere is table and not session.profile.qualifies_schedules:
        return pattern
    return replace(pattern, parts=catalog.qualified_name(table))


def try_backup(full: ast.Backup, session: Session) -> None:
    """Run the full backup dry.

    Raises:
        OothecaError: `failed to dry run backup: …`.
    """
    try:
        dry_run(full, session)
    except OothecaError as exc:
        raise exc.prefixed("failed to dry run backup") from exc


def on_failure(text: str) -> OnError:
    """Return what `on_execution_failure` says.

    Raises:
        OothecaError: a word that is none of it.
    """
    return cast(OnError, _choice(text, "on_execution_error", ("retry", "reschedule", "pause")))


def on_running(text: str) -> Wait:
    """Return what `on_previous_running` says.

    Raises:
        OothecaError: a word that is none of it.
    """
    return cast(Wait, _choice(text, "on_previous_running", ("start", "skip", "wait")))


def _choice(text: str, name: str, words: tuple[str, ...]) -> str:
    if text.lower() not in words:
        raise OothecaError(
            f'"{text}" is not a valid {name}; valid values are [{"|".join(words)}]',
            hint=f"write one of {', '.join(words)}",
        )
    return text.lower()


def require_metric_admin(session: Session) -> None:
    """Make sure that the user may say that a schedule's runs count for the cluster's last backup.

    Raises:
        AccessDeniedError: only admins may.
    """
    if not Roles(session).is_admin(session.user):
        raise AccessDeniedError(
            "only users with the admin role are allowed to change updates_cluster_last_backup_time_metric",
            hint="leave the option out, or ask an admin",
        )


def in_order(full: Schedule, incremental: Schedule | None) -> list[Schedule]:
    """Return the schedules of a pair in the order in which they are shown."""
    return [full] if incremental is None else [incremental, full]
