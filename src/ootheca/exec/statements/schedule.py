"""The statements about schedules: CREATE, ALTER, SHOW, PAUSE, RESUME, DROP and EXECUTE.

Source: reference/sql/05; fixtures/conformance/*/scenarios/09_jobs_schedules.json.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ootheca.errors import AccessDeniedError, OothecaError
from ootheca.exec.ids import query_ids
from ootheca.exec.result import Result
from ootheca.exec.roles import Roles
from ootheca.exec.schedules import Schedule, Schedules, instant
from ootheca.exec.statements.alter_schedule import alter_schedule
from ootheca.exec.statements.create_schedule import create_schedule
from ootheca.exec.statements.show_schedules import show_create, show_schedules
from ootheca.sql import ast
from ootheca.sql.build_core import values_query

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_HINT: Final = "SHOW SCHEDULES lists those that exist"


def run(
    statement: ast.CreateScheduleForBackup
    | ast.AlterBackupSchedule
    | ast.ControlSchedules
    | ast.ExecuteSchedule
    | ast.ShowSchedules
    | ast.ShowCreateSchedules,
    session: Session,
) -> Result:
    """Run one statement about schedules."""
    match statement:
        case ast.CreateScheduleForBackup():
            _require_admin(session, "CREATE SCHEDULE FOR BACKUP")
            return create_schedule(statement, session)
        case ast.AlterBackupSchedule():
            return alter_schedule(statement, _one_id(statement.schedule_id, session), session)
        case ast.ControlSchedules():
            _require_admin(session, f"{statement.command} SCHEDULES")
            return _control(statement, session)
        case ast.ExecuteSchedule():
            return _execute(_one_id(statement.schedule_id, session), session)
        case ast.ShowSchedules():
            one = statement.schedule_id
            return show_schedules(statement, session, None if one is None else _ids_of(one, session))
        case _:
            one = statement.schedule_id
            return show_create(None if one is None else _ids_of(one, session), session)


def _require_admin(session: Session, what: str) -> None:
    if not Roles(session).is_admin(session.user):
        raise AccessDeniedError(
            f"only users with the admin role are allowed to {what}", hint="GRANT admin TO the user, as root"
        )


def _control(statement: ast.ControlSchedules, session: Session) -> Result:
    """Pause, resume or drop the schedules that a query names; the tag counts those that exist."""
    schedules, count = Schedules(session), 0
    for schedule_id in query_ids(statement.query, session, f"{statement.command} SCHEDULES"):
        schedule = schedules.find(schedule_id)
        if schedule is None:
            continue
        count += 1
        match statement.command:
            case "PAUSE":
                schedules.put(replace(schedule, next_run=None))
            case "RESUME":
                _resume(schedule, schedules, session)
            case _:
                _drop(schedule, schedules)
    return Result.command(f"{statement.command} SCHEDULES {count}")


def _resume(schedule: Schedule, schedules: Schedules, session: Session) -> None:
    """Let a paused schedule run at its next recurrence; one that is active keeps its next run."""
    if not schedule.is_paused:
        return
    resumed = schedule.advanced(instant(session.now()), takes_long=session.profile.takes_long_cron)
    if resumed.is_paused:
        raise OothecaError(
            f"cannot set next run for schedule {schedule.id} (empty schedule)",
            hint="its recurrence has no firing left: ALTER BACKUP SCHEDULE … SET RECURRING",
        )
    schedules.put(resumed)


def _drop(schedule: Schedule, schedules: Schedules) -> None:
    """Forget a schedule; the other of its pair stays, and does not name it any more."""
    partner = schedules.partner(schedule)
    schedules.drop(schedule.id)
    if partner is not None and partner.backup is not None:
        arguments = replace(partner.backup, dependent_id=0, unpause_on_success=0)
        schedules.put(replace(partner, backup=arguments))


def _execute(schedule_id: int, session: Session) -> Result:
    if Schedules(session).find(schedule_id) is None:
        raise OothecaError(f"scheduled job with ID {schedule_id} does not exist", hint=_HINT)
    raise OothecaError(
        f"cannot execute schedule {schedule_id}: EXECUTE SCHEDULE does not run schedules of backups",
        hint=f"ALTER BACKUP SCHEDULE {schedule_id} EXECUTE IMMEDIATELY",
    )


def _one_id(expression: ast.Expr, session: Session) -> int:
    ids = _ids_of(expression, session)
    if not ids:
        raise OothecaError("Schedule ID expected, none found", hint=_HINT)
    return ids[0]


def _ids_of(expression: ast.Expr, session: Session) -> list[int]:
    return query_ids(values_query(expression), session, "SHOW SCHEDULES")
