"""SHOW SCHEDULES, SHOW SCHEDULE, SHOW CREATE SCHEDULE: nothing in them is secret.

Source: reference/sql/05 §3; fixtures/golden/*/h_cluster/output.txt (columns, order, tag, `command`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from ootheca.codec.datetimes import format_timestamp
from ootheca.errors import OothecaError
from ootheca.exec.result import Result, ResultColumn, integer, string, timestamptz
from ootheca.exec.scheduled_backup import backup_statement
from ootheca.exec.schedules import Schedule, Schedules
from ootheca.sql import ast
from ootheca.sql.format import format_statement
from ootheca.sql.secrets import MaskedText
from ootheca.types import JSONB

if TYPE_CHECKING:
    from datetime import datetime

    from ootheca.exec.session import Session

__all__ = ["show_create", "show_schedules"]

_COLUMNS: Final = (
    integer("id"),
    string("label"),
    string("schedule_status"),
    timestamptz("next_run"),
    string("state"),
    string("recurrence"),
    integer("jobsrunning"),
    string("owner"),
    timestamptz("created"),
)


def show_schedules(statement: ast.ShowSchedules, session: Session, ids: list[int] | None) -> Result:
    """Return the schedules that a statement asks for, by id.

    Args:
        ids: of SHOW SCHEDULE; None for all.
    """
    running = Schedules(session).unfinished_jobs(is_running=True)
    command = string("command") if statement.for_backup else ResultColumn("command", JSONB)
    rows = []
    for each in Schedules(session).all():
        if not _is_wanted(each, statement) or (ids is not None and each.id not in ids):
            continue
        shown = _statement(each, session) if statement.for_backup else _command(each, session)
        row = (
            each.id,
            each.label,
            "PAUSED" if each.is_paused else "ACTIVE",
            each.next_run,
            each.status or None,
            each.recurrence or None,
            running.get(each.id, 0),
            each.owner,
            each.created,
            shown,
        )
        rows.append(row)
    return Result.of_rows([*_COLUMNS, command], rows, tag="SHOW SCHEDULES")


def _is_wanted(schedule: Schedule, statement: ast.ShowSchedules) -> bool:
    if statement.for_backup and schedule.backup is None:
        return False
    return statement.which == "ALL" or schedule.is_paused is (statement.which == "PAUSED")


def _statement(schedule: Schedule, session: Session) -> str:
    assert schedule.backup is not None
    try:
        return backup_statement(schedule.backup).redacted(version=session.profile.version)
    except OothecaError:  # a newer version's, perhaps; the list must not fail for one of its rows
        return MaskedText(schedule.backup.statement).text


def _command(schedule: Schedule, session: Session) -> str:
    """Return what a schedule runs as JSON in CockroachDB's spelling: sorted keys, defaults left out."""
    if schedule.backup is None:
        return "{}"
    backup = schedule.backup
    values: dict[str, object] = {"backup_statement": _statement(schedule, session)}
    if backup.is_incremental:
        values["backup_type"] = 1
    if backup.dependent_id:
        values["dependent_schedule_id"] = backup.dependent_id
    if backup.unpause_on_success:
        values["unpause_on_success"] = backup.unpause_on_success
    if backup.updates_metric:
        values["updates_last_backup_metric"] = True
    return json.dumps(values, ensure_ascii=False)


def show_create(schedule_ids: list[int] | None, session: Session) -> Result:
    """Return the statements that make schedules again: for each of a pair the one that makes both.

    Args:
        schedule_ids: of SHOW CREATE SCHEDULE; None for all.

    Raises:
        OothecaError: there is no such schedule.
    """
    schedules = Schedules(session)
    found = [each for each in schedules.all() if schedule_ids is None or each.id in schedule_ids]
    if schedule_ids is not None:
        for missing in sorted({*schedule_ids} - {each.id for each in found}):
            raise OothecaError(
                f"scheduled job with ID {missing} does not exist", hint="SHOW SCHEDULES lists those that do"
            )
    rows = [(each.id, _create_text(each, session)) for each in found if each.backup is not None]
    return Result.of_rows(
        [integer("schedule_id"), string("create_statement")], rows, tag="SHOW CREATE SCHEDULE"
    )


def _create_text(schedule: Schedule, session: Session) -> str:
    """Return a statement whose order of options and upper case of values are CockroachDB's."""
    assert schedule.backup is not None
    partner = Schedules(session).partner(schedule)
    full, layers = (partner, schedule) if schedule.backup.is_incremental else (schedule, partner)
    shown = full or schedule
    assert shown.backup is not None
    backup = backup_statement(shown.backup)
    options = []
    if shown.next_run is not None:
        options.append(ast.KeyValue("first_run", _moment(shown.next_run)))
    options.append(ast.KeyValue("on_execution_failure", shown.on_error.upper()))
    options.append(ast.KeyValue("on_previous_running", shown.wait.upper()))
    statement = ast.CreateScheduleForBackup(
        schedule.label,
        backup.targets,
        backup.to,
        (layers or shown).recurrence,
        backup.options,
        None if layers is None or full is None else full.recurrence,
        layers is None or full is None,
        tuple(options),
    )
    return format_statement(statement, version=session.profile.version, redact=True)


def _moment(time: datetime) -> str:
    return format_timestamp(int(time.timestamp()), time.microsecond * 1000, "+00:00")
