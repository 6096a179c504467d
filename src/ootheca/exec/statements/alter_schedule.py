"""ALTER BACKUP SCHEDULE: changes a schedule of backups, both of a pair together.

The commands are worked off in CockroachDB's order, whatever order they are written in.

Source: reference/sql/05 §2, 09 §8.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ootheca.clock import unique_int64
from ootheca.errors import AccessDeniedError, InvalidOptionError, OothecaError
from ootheca.exec.cron import Recurrence
from ootheca.exec.places import text_of
from ootheca.exec.roles import Roles
from ootheca.exec.scheduled_backup import (
    backup_result,
    backup_statement,
    in_order,
    incremental_of,
    on_failure,
    on_running,
    require_metric_admin,
    stored_text,
    try_backup,
)
from ootheca.exec.schedules import WAITING, Schedule, Schedules, instant
from ootheca.sql import ast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ootheca.exec.result import Result
    from ootheca.exec.session import Session

__all__ = ["alter_schedule"]

_METRIC: Final = "updates_cluster_last_backup_time_metric"
_ONCE: Final = ("LABEL", "INTO", "RECURRING", "FULL BACKUP")
# What Go reads as a boolean.
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})


@dataclass(slots=True)
class _Pair:
    """The schedules as they are to be, and the statement of the full one.

    Attributes:
        layers: the incremental schedule; None for full backups alone.
        location: where the layers go, when not below the full backup.
    """

    session: Session
    now: datetime
    full: Schedule
    layers: Schedule | None
    backup: ast.Backup
    location: ast.URIs

    def recurrence(self, text: str) -> Recurrence:
        """Parse a recurrence as the profile in force does."""
        return Recurrence(text, takes_long=self.session.profile.takes_long_cron)

    def rescheduled(self, schedule: Schedule, text: str) -> Schedule:
        """Return a schedule with another recurrence; one that is paused stays so."""
        next_run = self.recurrence(text).first_after(self.now)
        return replace(schedule, recurrence=text, next_run=None if schedule.is_paused else next_run)


def alter_schedule(statement: ast.AlterBackupSchedule, schedule_id: int, session: Session) -> Result:
    """Change the schedules; one row for each, the incremental one first.

    Raises:
        OothecaError: no such schedule, or a command that CockroachDB refuses; nothing is changed.
    """
    commands = statement.commands
    for kind in _ONCE:
        if sum(command.kind == kind for command in commands) > 1:
            raise OothecaError(f"can specify SET {kind} at most once", hint="leave out all but one")
    pair = _load(schedule_id, session)
    old_layers = pair.layers
    _set_full_backup(pair, commands)
    _set_recurring(pair, commands)
    _check_gaps(pair)
    _set_label(pair, commands)
    _set_into(pair, commands)
    _set_backup_options(pair, commands)
    _set_schedule_options(pair, commands)
    _execute(pair, commands)
    try_backup(pair.backup, session)
    changed = _with_statements(pair)
    schedules = Schedules(session)
    if old_layers is not None and pair.layers is None:
        schedules.drop(old_layers.id)
    schedules.put(*changed)
    return backup_result(session, changed, pair.backup)


def _load(schedule_id: int, session: Session) -> _Pair:
    schedules = Schedules(session)
    schedule = schedules.find(schedule_id)
    if schedule is None:
        raise OothecaError(
            f"scheduled job with ID {schedule_id} does not exist", hint="SHOW SCHEDULES lists those that do"
        )
    if schedule.backup is None:
        raise OothecaError(
            f"schedule {schedule_id} is not a backup schedule", hint="SHOW SCHEDULES FOR BACKUP lists those"
        )
    partner = schedules.partner(schedule)
    full, layers = (partner, schedule) if schedule.backup.is_incremental else (schedule, partner)
    if full is None or full.backup is None:
        raise OothecaError(
            f"incremental backup schedule {schedule_id} has no corresponding full backup schedule; drop schedule "
            f"{schedule_id} and recreate",
            hint=f"DROP SCHEDULE {schedule_id}, then CREATE SCHEDULE FOR BACKUP",
        )
    owners = {each.owner for each in in_order(full, layers)}
    if owners != {session.user} and not Roles(session).is_admin(session.user):
        raise AccessDeniedError(
            "must be admin or the owner of the schedules being altered, or have REPAIRCLUSTER privilege",
            hint="ask the owner, whom SHOW SCHEDULES names",
        )
    location: ast.URIs = ()
    if layers is not None and layers.backup is not None:
        location = backup_statement(layers.backup).options.incremental_location
    return _Pair(session, instant(session.now()), full, layers, backup_statement(full.backup), location)


def _of_kind(commands: Sequence[ast.AlterScheduleCommand], kind: str) -> list[ast.AlterScheduleCommand]:
    return [command for command in commands if command.kind == kind]


def _set_full_backup(pair: _Pair, commands: Sequence[ast.AlterScheduleCommand]) -> None:
    for command in _of_kind(commands, "FULL BACKUP"):
        if command.value is not None:
            cadence = text_of(command.value)
            if pair.layers is None:
                pair.layers = _new_layers(pair)
                pair.full = _waited_for(pair.full, pair.layers)
            pair.full = pair.rescheduled(pair.full, cadence)
        elif pair.layers is not None:
            pair.full = pair.rescheduled(pair.full, pair.layers.recurrence)
            assert pair.full.backup is not None
            arguments = replace(pair.full.backup, unpause_on_success=0, dependent_id=0)
            pair.full, pair.layers = replace(pair.full, backup=arguments), None


def _new_layers(pair: _Pair) -> Schedule:
    """Return an incremental schedule that waits for the full backup; it takes over the cadence."""
    assert pair.full.backup is not None
    is_linked = pair.session.profile.links_schedules
    arguments = replace(
        pair.full.backup,
        is_incremental=True,
        unpause_on_success=0,
        dependent_id=pair.full.id if is_linked else 0,
    )
    return replace(
        pair.full,
        id=unique_int64(pair.session.clock),
        next_run=None,
        status=WAITING,
        wait="wait",
        backup=arguments,
        execution_args=b"",
    )


def _waited_for(full: Schedule, layers: Schedule) -> Schedule:
    """Return a full schedule whose next success lets the incremental one run."""
    assert full.backup is not None
    assert layers.backup is not None
    dependent_id = layers.id if layers.backup.dependent_id else 0
    return replace(full, backup=replace(full.backup, unpause_on_success=layers.id, dependent_id=dependent_id))


def _set_recurring(pair: _Pair, commands: Sequence[ast.AlterScheduleCommand]) -> None:
    for command in _of_kind(commands, "RECURRING"):
        assert command.value is not None
        if pair.layers is not None:
            pair.layers = pair.rescheduled(pair.layers, text_of(command.value))
        else:
            pair.full = pair.rescheduled(pair.full, text_of(command.value))


def _check_gaps(pair: _Pair) -> None:
    if pair.layers is None:
        return
    gaps = [pair.recurrence(each.recurrence).gap_after(pair.now) for each in (pair.layers, pair.full)]
    if gaps[0] > gaps[1]:
        raise OothecaError(
            "incremental backups must occur more often than full backups",
            hint="SET RECURRING to more often, or SET FULL BACKUP to more seldom",
        )


def _set_label(pair: _Pair, commands: Sequence[ast.AlterScheduleCommand]) -> None:
    for command in _of_kind(commands, "LABEL"):
        assert command.value is not None
        label = text_of(command.value)
        if label:
            pair.full = replace(pair.full, label=label)
            pair.layers = None if pair.layers is None else replace(pair.layers, label=label)


def _set_into(pair: _Pair, commands: Sequence[ast.AlterScheduleCommand]) -> None:
    """Go on in another collection: there a full backup comes first."""
    for command in _of_kind(commands, "INTO"):
        pair.backup = replace(pair.backup, to=command.uris)
        if pair.layers is None:
            continue
        if not pair.layers.is_paused:
            pair.full = replace(pair.full, next_run=pair.now)
        pair.layers = pair.layers.paused(WAITING)
        pair.full = _waited_for(pair.full, pair.layers)


def _set_backup_options(pair: _Pair, commands: Sequence[ast.AlterScheduleCommand]) -> None:
    options = pair.backup.options
    for command in _of_kind(commands, "WITH"):
        given = command.options
        assert given is not None
        for each in fields(given):
            value = getattr(given, each.name)
            if value is None or value == ():
                continue
            if each.name == "detached":
                raise OothecaError(
                    "DETACHED is required for scheduled backups and cannot be altered",
                    hint="leave SET WITH detached out",
                )
            if each.name == "incremental_location":
                pair.location = () if value == ("",) else value
            else:
                options = replace(options, **{each.name: _unless_empty(each.name, value)})
    pair.backup = replace(pair.backup, options=options)


def _unless_empty(name: str, value: Any) -> Any:
    """Return an option's value; an empty text takes the option away."""
    if name == "kms":
        return () if value == ("",) else value
    return None if value == "" else value


def _set_schedule_options(pair: _Pair, commands: Sequence[ast.AlterScheduleCommand]) -> None:
    full, layers = pair.full, pair.layers
    for command in _of_kind(commands, "SCHEDULE OPTION"):
        option = command.option
        assert option is not None
        text = text_of(option.values[0]) if option.values else ""
        match option.key.lower():
            case "on_execution_failure":
                full = replace(full, on_error=on_failure(text))
                layers = None if layers is None else replace(layers, on_error=on_failure(text))
            case "on_previous_running":
                full = replace(full, wait=on_running(text))
                layers = None if layers is None else replace(layers, wait="wait")
            case name if name == _METRIC:
                require_metric_admin(pair.session)
                is_on = _go_boolean(text) if option.values else True
                full = _with_metric(full, is_on=is_on)
                layers = None if layers is None else _with_metric(layers, is_on=is_on)
            case _:
                raise OothecaError(
                    f"unexpected schedule option: {option.key} = {text}",
                    hint=f"the options are on_execution_failure, on_previous_running, {_METRIC}",
                )
    pair.full, pair.layers = full, layers


def _with_metric(schedule: Schedule, *, is_on: bool) -> Schedule:
    assert schedule.backup is not None
    return replace(schedule, backup=replace(schedule.backup, updates_metric=is_on))


def _go_boolean(text: str) -> bool:
    if text not in _TRUE | _FALSE:
        raise InvalidOptionError(
            f'unexpected value for {_METRIC}: {text}: strconv.ParseBool: parsing "{text}": invalid syntax',
            sqlstate="XXUUU",
            hint="write true or false",
        )
    return text in _TRUE


def _execute(pair: _Pair, commands: Sequence[ast.AlterScheduleCommand]) -> None:
    for command in commands:
        if command.kind not in ("EXECUTE", "EXECUTE FULL"):
            continue
        is_full = command.kind == "EXECUTE FULL" or pair.layers is None
        chosen = pair.full if is_full or pair.layers is None else pair.layers
        if chosen.is_paused:
            raise OothecaError(
                "cannot execute a paused schedule; use RESUME SCHEDULE instead",
                hint=f"RESUME SCHEDULE {chosen.id}",
            )
        chosen = replace(chosen, next_run=pair.now)
        if is_full:
            pair.full = chosen
        else:
            pair.layers = chosen


def _with_statements(pair: _Pair) -> list[Schedule]:
    """Return the schedules in the order in which they are shown, each with the statement that it now runs."""
    assert pair.full.backup is not None
    text = stored_text(pair.session, pair.backup)
    full = replace(pair.full, backup=replace(pair.full.backup, statement=text))
    if pair.layers is None:
        return in_order(full, None)
    assert pair.layers.backup is not None
    text = stored_text(pair.session, incremental_of(pair.backup, pair.location))
    return in_order(full, replace(pair.layers, backup=replace(pair.layers.backup, statement=text)))
