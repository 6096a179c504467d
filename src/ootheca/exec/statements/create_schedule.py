"""CREATE SCHEDULE … FOR BACKUP: one schedule of full backups, and mostly one of the layers on top of them.

Source: reference/sql/05 §1 (defaults, order of checks), 09 §8; fixtures/conformance/*/scenarios/09_jobs_schedules.json.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ootheca.backup.collection import read_latest
from ootheca.clock import unique_int64
from ootheca.codec.datetimes import parse_timestamp
from ootheca.errors import InvalidValueError, ObjectNotFoundError, OothecaError
from ootheca.exec.cron import Recurrence
from ootheca.exec.places import open_destination, text_of
from ootheca.exec.scheduled_backup import (
    backup_result,
    in_order,
    incremental_of,
    on_failure,
    on_running,
    qualified,
    require_metric_admin,
    stored_text,
    try_backup,
)
from ootheca.exec.schedules import WAITING, BackupArguments, Schedule, Schedules, instant
from ootheca.sql import ast
from ootheca.uri import redact_uri

if TYPE_CHECKING:
    from ootheca.exec.result import Result
    from ootheca.exec.session import Session

__all__ = ["create_schedule"]

_TAKES_VALUE: Final = {
    "first_run": True,
    "on_execution_failure": True,
    "on_previous_running": True,
    "ignore_existing_backups": False,
    "updates_cluster_last_backup_time_metric": False,
}
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Cadence:
    """When backups are taken.

    Attributes:
        incremental: None for full backups alone.
        is_chosen: the cadence of full backups was not given.
    """

    full: Recurrence
    incremental: Recurrence | None
    is_chosen: bool


def create_schedule(statement: ast.CreateScheduleForBackup, session: Session) -> Result:
    """Create the schedules; one row for each, the incremental one first.

    Raises:
        OothecaError: an option, a recurrence or the backup itself that CockroachDB refuses; nothing is created.
    """
    options = _options(statement.schedule_options)
    now = session.now()
    label = f"BACKUP {now.wall_ns // 10**9}" if statement.label is None else text_of(statement.label)
    full = _full_backup(statement, session)
    schedules = Schedules(session)
    if statement.if_not_exists and any(each.label == label for each in schedules.all()):
        session.notice(f'schedule "{label}" already exists, skipping')
        return backup_result(session, (), full)
    moment = instant(now)
    cadence = _cadence(statement, moment, takes_long=session.profile.takes_long_cron)
    try_backup(full, session)
    if "ignore_existing_backups" not in options:
        _require_new(statement.into, session)
    if "updates_cluster_last_backup_time_metric" in options:
        require_metric_admin(session)
    first_run = _first_run(options.get("first_run"), moment, cadence)
    template = Schedule(
        id=0,
        label=label,
        created=moment,
        owner=session.user,
        next_run=None,
        recurrence="",
        on_error=on_failure(options.get("on_execution_failure", "reschedule")),
        wait=on_running(options.get("on_previous_running", "wait")),
        backup=BackupArguments("", updates_metric="updates_cluster_last_backup_time_metric" in options),
    )
    made = _make(template, full, statement.options.incremental_location, cadence, first_run, session)
    schedules.put(*made)
    if full.options.kms and session.profile.doubts_scheduled_kms:
        session.notice("the first releases of v20.2 cannot encrypt scheduled backups with kms")
    return backup_result(session, made, full)


def _make(
    template: Schedule,
    full: ast.Backup,
    location: ast.URIs,
    cadence: _Cadence,
    first_run: datetime,
    session: Session,
) -> list[Schedule]:
    """Return the schedules, in the order in which they are shown."""
    assert template.backup is not None
    arguments = replace(template.backup, statement=stored_text(session, full))
    incremental_id = 0 if cadence.incremental is None else unique_int64(session.clock)
    full_id = unique_int64(session.clock)
    is_linked = session.profile.links_schedules
    main = replace(
        template,
        id=full_id,
        next_run=first_run,
        recurrence=cadence.full.text,
        backup=replace(
            arguments, unpause_on_success=incremental_id, dependent_id=incremental_id if is_linked else 0
        ),
    )
    if cadence.incremental is None:
        return in_order(main, None)
    text = stored_text(session, incremental_of(full, location))
    layers = replace(
        template,
        id=incremental_id,
        recurrence=cadence.incremental.text,
        status=WAITING,
        backup=replace(
            arguments, statement=text, is_incremental=True, dependent_id=full_id if is_linked else 0
        ),
    )
    return in_order(main, layers)


def _options(pairs: tuple[ast.KeyValue, ...]) -> dict[str, str]:
    """Return the options by name; one that takes no value has an empty one.

    Raises:
        OothecaError: an unknown name, a value too many or one too few.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name = pair.key.lower()
        if name not in _TAKES_VALUE:
            raise OothecaError(
                f'invalid option "{pair.key}"', hint=f"the options are {', '.join(_TAKES_VALUE)}"
            )
        if _TAKES_VALUE[name] and len(pair.values) != 1:
            raise OothecaError(f'option "{name}" requires a value', hint=f"write {name} = '…'")
        if not _TAKES_VALUE[name] and pair.values:
            raise OothecaError(f'option "{name}" does not take a value', hint=f"write {name} alone")
        found[name] = text_of(pair.values[0]) if pair.values else ""
    return found


def _full_backup(statement: ast.CreateScheduleForBackup, session: Session) -> ast.Backup:
    return ast.Backup(
        qualified(statement.targets, session),
        statement.into,
        is_collection=True,
        options=replace(statement.options, detached=True, incremental_location=()),
    )


def _cadence(statement: ast.CreateScheduleForBackup, now: datetime, *, takes_long: bool) -> _Cadence:
    """Return when backups are taken; without FULL BACKUP, how often full ones are follows from the recurrence."""
    recurrence = Recurrence(text_of(statement.recurring), takes_long=takes_long)
    if statement.full_backup_always:
        return _Cadence(recurrence, None, is_chosen=False)
    if statement.full_backup is not None:
        full = Recurrence(text_of(statement.full_backup), takes_long=takes_long)
        return _Cadence(full, recurrence, is_chosen=False)
    gap = recurrence.gap_after(now)
    if gap > _DAY:
        return _Cadence(recurrence, None, is_chosen=True)
    name = "@daily" if gap <= _HOUR else "@weekly"
    return _Cadence(Recurrence(name, takes_long=takes_long), recurrence, is_chosen=True)


def _require_new(into: ast.URIs, session: Session) -> None:
    """Refuse a collection that holds backups already.

    Raises:
        OothecaError: it has a LATEST file, or it cannot be looked at.
    """
    stores, _ = open_destination(session, into)
    shown = redact_uri(text_of(into[0]))
    try:
        read_latest(stores.default)
    except ObjectNotFoundError:
        return
    except OothecaError as exc:
        raise exc.prefixed(
            f"unexpected error occurred when checking for existing backups in {shown}"
        ) from exc
    raise OothecaError(
        f"backups already created in {shown}; to ignore existing backups, the schedule can be created with the "
        "'ignore_existing_backups' option",
        hint="add WITH SCHEDULE OPTIONS ignore_existing_backups, or name another collection",
    )


def _first_run(text: str | None, now: datetime, cadence: _Cadence) -> datetime:
    """Return when the first full backup is due.

    Raises:
        OothecaError: no time, or a recurrence that never fires.
    """
    first = cadence.full.first_after(now)
    if cadence.incremental is not None:
        cadence.incremental.first_after(now)
    if text is None:
        return now if cadence.is_chosen else first
    if text.lower() == "now":
        return now
    try:
        seconds, nanos = parse_timestamp(text, has_zone=True)
    except InvalidValueError as exc:
        raise InvalidValueError(
            exc.message, sqlstate=exc.sqlstate, hint="write first_run = 'now', or a date and time"
        ) from exc
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds, microseconds=nanos // 1000)
