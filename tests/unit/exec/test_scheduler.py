"""The scheduler: what it runs and when, and what becomes of the schedule afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from croniter import croniter

from ootheca.errors import OothecaError
from ootheca.exec import scheduler
from ootheca.exec.cron import ALIASES
from ootheca.exec.scheduler import Run, is_enabled, next_due, pace, run_due
from ootheca.exec.schedules import WAITING, BackupArguments, Schedule, Schedules
from ootheca.exec.session import Session
from ootheca.profile import profile
from ootheca.storage.directory import DirectoryStorage
from tests.support.simulated import SimulatedClock, query, simulated_session

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SETUP = "CREATE DATABASE d; CREATE TABLE d.t (a INT PRIMARY KEY); INSERT INTO d.t VALUES (1)"
NOW = " WITH SCHEDULE OPTIONS first_run = 'now'"
PAIR = "CREATE SCHEDULE 'pair' FOR BACKUP DATABASE d INTO 'nodelocal://1/c' RECURRING '@hourly' FULL BACKUP '@daily'"
FULL = "CREATE SCHEDULE 'full' FOR BACKUP DATABASE d INTO 'nodelocal://1/c' RECURRING '@daily' FULL BACKUP ALWAYS"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def both() -> Iterator[tuple[Session, SimulatedClock]]:
    session, clock = simulated_session(START)
    with session:
        query(session, SETUP)
        yield session, clock


@pytest.fixture
def session(both: tuple[Session, SimulatedClock]) -> Session:
    return both[0]


@pytest.fixture
def clock(both: tuple[Session, SimulatedClock]) -> SimulatedClock:
    return both[1]


def outcomes(session: Session) -> list[tuple[str, datetime]]:
    return [(run.outcome, run.scheduled) for run in run_due(session)]


def states(session: Session) -> list[tuple[Any, ...]]:
    return query(session, "SELECT schedule_status, next_run, state FROM [SHOW SCHEDULES]")


def layers(session: Session, where: str = "LATEST") -> list[tuple[Any, ...]]:
    """End time and rows of each layer of a backup of the collection."""
    return query(
        session,
        f"SELECT end_time, rows FROM [SHOW BACKUP FROM {where} IN 'nodelocal://1/c'] WHERE object_name = 't'",
    )


@contextmanager
def failing_writes(session: Session) -> Iterator[None]:
    """The disk is full where `nodelocal://` lies."""
    folder = session.external_io_dir / "c"
    hidden = folder.with_name("hidden")
    if folder.exists():
        folder.rename(hidden)
    folder.write_text("in the way")
    try:
        yield
    finally:
        folder.unlink()
        if hidden.exists():
            hidden.rename(folder)


# A year


class MemorySchedules:
    """`Schedules` over a dictionary."""

    rows: dict[int, Schedule]

    def __init__(self, session: Any) -> None:
        self.rows = session.rows

    def all(self) -> list[Schedule]:
        return [self.rows[id_] for id_ in sorted(self.rows)]

    def find(self, schedule_id: int) -> Schedule | None:
        return self.rows.get(schedule_id)

    def put(self, *schedules: Schedule) -> None:
        self.rows.update({each.id: each for each in schedules})

    def unfinished_jobs(self) -> dict[int, int]:
        return {}


def schedule(id_: int, recurrence: str, first: datetime | None, **arguments: Any) -> Schedule:
    backup = BackupArguments("BACKUP INTO 'nodelocal://1/c' WITH detached", **arguments)
    return Schedule(id_, f"s{id_}", START, "root", first, recurrence, backup=backup)


def fires(recurrence: str, start: datetime, end: datetime) -> list[datetime]:
    """When the library says that a recurrence fires in `(start, end]`."""
    times, found = croniter(ALIASES.get(recurrence, recurrence), start), []
    while (time := times.get_next(datetime)) <= end:
        found.append(time)
    return found


def test_a_year_of_schedules_runs_when_the_library_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """2028, whose February has 29 days; the store is stood in for, so that thousands of runs take seconds."""
    start, end = moment("2027-12-31 23:30"), moment("2028-12-31 23:59")
    clock = SimulatedClock(start)
    recurrences = [
        "@hourly",
        "@daily",
        "@weekly",
        "@monthly",
        "@yearly",
        "30 2 29 2 *",
        "15 */7 * * 1-5",
        "0 0 31 * *",
    ]
    meta: dict[str, Any] = {}
    session: Any = SimpleNamespace(
        rows={}, clock=clock, now=clock.now, profile=profile("21.2"), meta=meta.get, put_meta=meta.__setitem__
    )
    # The first two are a pair: the incremental one waits until the full one has run.
    session.rows[1] = replace(schedule(1, "@hourly", None, is_incremental=True), status=WAITING)
    session.rows[2] = schedule(2, "@daily", start, unpause_on_success=1)
    for id_, recurrence in enumerate(recurrences[2:], 3):
        session.rows[id_] = schedule(id_, recurrence, fires(recurrence, start, moment("2029-12-31"))[0])
    monkeypatch.setattr(scheduler, "Schedules", MemorySchedules)
    monkeypatch.setattr(scheduler, "_transaction", lambda _: nullcontext())
    monkeypatch.setattr(scheduler, "_as_of", lambda *_: None)
    monkeypatch.setattr(scheduler, "_jobs_of", lambda *_: [])
    monkeypatch.setattr(scheduler, "_take", lambda *_: 1)
    ran: dict[int, list[datetime]] = {id_: [] for id_ in session.rows}
    while True:
        for run in run_due(session):
            assert run.outcome == "succeeded"
            ran[run.schedule_id].append(run.scheduled)
        due = next_due(session)
        assert due is not None
        if due > end:
            break
        clock.set(due)
    for id_, recurrence in enumerate(recurrences, 1):
        expected = fires(recurrence, start, end)
        assert ran[id_] == ([start, *expected] if id_ == 2 else expected), recurrence
    assert len(ran[1]) == 366 * 24
    assert meta["schedule_runs"] == {}


def test_a_year_of_backups_with_a_failure_restores(tmp_path: Path) -> None:
    """Layers twice a month, three full backups, one run lost: the next layer goes on top of what is whole."""
    session, clock = simulated_session(START, tmp_path / "store")
    with session:
        query(session, SETUP)
        # Layers further apart than gc.ttlseconds need a longer one, as in CockroachDB.
        query(session, "ALTER DATABASE d CONFIGURE ZONE USING gc.ttlseconds = 3000000")
        sql = PAIR.replace("@hourly", "0 0 10,20 * *").replace("@daily", "0 0 1 */4 *")
        query(session, sql + NOW)
        ran: list[Run] = list(run_due(session))
        number = 1
        while True:
            due = next_due(session)
            assert due is not None
            if due.year > 2026:
                break
            clock.set(due)
            if due == moment("2026-06-10"):
                with failing_writes(session):
                    ran += run_due(session)
            else:
                ran += run_due(session)
            number += 1
            query(session, f"INSERT INTO d.t VALUES ({number})")
        assert [run.scheduled for run in ran if run.outcome == "failed"] == [moment("2026-06-10")]
        assert len(ran) == 24 + 3
        fulls = [path for (path,) in query(session, "SHOW BACKUPS IN 'nodelocal://1/c'")]
        assert fulls[1:] == [f"/2026/{month}/01-000000.00" for month in ("05", "09")]
        times = [time for time, _ in layers(session, f"'{fulls[1]}'")]
        days = [time.strftime("%m-%d") for time in times]
        assert days == ["05-01", "05-10", "05-20", "06-20", "07-10", "07-20", "08-10", "08-20"]
        for path in fulls:
            count = sum(rows for _, rows in layers(session, f"'{path}'"))
            query(session, "DROP DATABASE IF EXISTS again")
            query(
                session, f"RESTORE DATABASE d FROM '{path}' IN 'nodelocal://1/c' WITH new_db_name = 'again'"
            )
            assert query(session, "SELECT count(*) FROM again.t") == [(count,)]


# Order, time, missed runs


def test_a_pair_begins_with_the_full_backup_and_goes_on_in_layers(
    session: Session, clock: SimulatedClock
) -> None:
    query(session, PAIR + NOW)
    (first,) = run_due(session)
    assert first.outcome == "succeeded"
    assert states(session) == [
        ("ACTIVE", moment("2026-01-01 13:00"), None),
        ("ACTIVE", moment("2026-01-02"), None),
    ]
    assert next_due(session) == moment("2026-01-01 13:00")
    assert list(run_due(session)) == []
    clock.set(moment("2026-01-01 13:00"))
    query(session, "INSERT INTO d.t VALUES (2), (3)")
    clock.set(moment("2026-01-01 13:00:30"))
    assert outcomes(session) == [("succeeded", moment("2026-01-01 13:00"))]
    assert layers(session)[-1] == (
        datetime.fromisoformat("2026-01-01 13:00"),
        0,
    )  # of the scheduled time, before the rows
    clock.set(moment("2026-01-01 14:00"))
    assert outcomes(session) == [("succeeded", moment("2026-01-01 14:00"))]
    assert layers(session)[-1] == (datetime.fromisoformat("2026-01-01 14:00"), 2)


def test_at_one_moment_the_layer_goes_on_the_old_chain(session: Session, clock: SimulatedClock) -> None:
    query(session, PAIR + NOW)
    list(run_due(session))
    clock.set(moment("2026-01-02"))
    inc, full = run_due(session)
    assert (inc.outcome, full.outcome) == ("succeeded", "succeeded")
    assert inc.schedule_id < full.schedule_id
    old, new = (path for (path,) in query(session, "SHOW BACKUPS IN 'nodelocal://1/c'"))
    assert [len(layers(session, f"'{path}'")) for path in (old, new)] == [2, 1]


def test_after_downtime_each_schedule_runs_once_and_then_at_its_next_time(
    session: Session, clock: SimulatedClock
) -> None:
    query(session, PAIR + NOW)
    list(run_due(session))
    clock.set(moment("2026-01-03 10:20"))
    assert outcomes(session) == [
        ("succeeded", moment("2026-01-01 13:00")),
        ("succeeded", moment("2026-01-02")),
    ]
    assert [row[1] for row in states(session)] == [moment("2026-01-03 11:00"), moment("2026-01-04")]
    assert list(run_due(session)) == []


def test_what_is_not_known_any_more_is_taken_as_of_now(session: Session, clock: SimulatedClock) -> None:
    query(session, f"{FULL} WITH SCHEDULE OPTIONS first_run = '2020-09-15'")
    assert outcomes(session) == [("succeeded", moment("2020-09-15"))]
    ((end, rows),) = layers(session)
    assert (end.year, end.hour, rows) == (2026, 12, 1)


def test_a_scheduled_time_beyond_gc_is_taken_as_of_now(session: Session, clock: SimulatedClock) -> None:
    query(session, FULL)
    query(session, "ALTER TABLE d.t CONFIGURE ZONE USING gc.ttlseconds = 600; UPDATE d.t SET a = a + 1")
    clock.set(moment("2026-01-02 03:00"))
    query(session, "UPDATE d.t SET a = a + 1")
    clock.set(moment("2026-01-02 06:00"))
    query(session, "UPDATE d.t SET a = a + 1")
    clock.set(moment("2026-01-02 09:00"))
    assert outcomes(session) == [("succeeded", moment("2026-01-02"))]
    ((end, _),) = layers(session)
    assert end.hour == 9


def test_leap_day(session: Session, clock: SimulatedClock) -> None:
    query(session, FULL.replace("@daily", "0 12 29 2 *"))
    assert next_due(session) == moment("2028-02-29 12:00")
    clock.set(moment("2028-02-29 12:00"))
    assert outcomes(session) == [("succeeded", moment("2028-02-29 12:00"))]
    assert next_due(session) == moment("2032-02-29 12:00")


def test_the_last_firing_pauses(clock: SimulatedClock) -> None:
    session, clock = simulated_session(START, version="20.2")
    with session:
        query(session, SETUP)
        query(session, FULL.replace("@daily", "0 0 1 2 * 2026"))
        clock.set(moment("2026-02-01"))
        assert outcomes(session) == [("succeeded", moment("2026-02-01"))]
        assert next_due(session) is None
        assert states(session) == [("PAUSED", None, None)]


# Jobs


def test_jobs_say_which_schedule_made_them(session: Session) -> None:
    (row,) = query(session, FULL + NOW)
    (run,) = run_due(session)
    query(session, "BACKUP DATABASE d INTO 'nodelocal://1/mine'")
    sql = "SELECT id, status, created_by_type, created_by_id FROM system.jobs ORDER BY id"
    made, mine = query(session, sql)
    assert made == (run.job_id, "succeeded", "crdb_schedule", row[0])
    assert mine[1:] == ("succeeded", None, None)
    assert session.creator is None
    assert str(run) == (f'schedule {row[0]} "full" of 2026-01-01 12:00:00+00:00: succeeded, job {run.job_id}')


def test_backups_are_taken_as_the_owner_from_no_database(session: Session) -> None:
    query(session, "CREATE USER someone; USE d")
    (row,) = query(session, FULL.replace("DATABASE d", "TABLE t") + NOW)
    store = Schedules(session)
    store.put(replace(store.all()[0], owner="admin"))
    query(session, "USE defaultdb")
    assert [run.outcome for run in run_due(session)] == ["succeeded"]
    assert (session.user, session.database) == ("root", "defaultdb")
    assert row[5] == "BACKUP TABLE d.public.t INTO 'nodelocal://1/c' WITH detached"


@pytest.mark.parametrize("status", ["running", "paused", "pending"])
@pytest.mark.parametrize(
    ("option", "outcome", "state", "due"),
    [
        ("wait", "delayed", "delayed due to 1 already running", None),
        ("skip", "skipped", "rescheduled due to 1 already running", moment("2026-01-03")),
        ("start", "succeeded", None, moment("2026-01-03")),
    ],
)
def test_a_job_that_is_not_finished_holds_the_next_up(
    session: Session, clock: SimulatedClock, option: str, outcome: str, state: str, due: datetime, status: str
) -> None:
    (row,) = query(session, f"{FULL} WITH SCHEDULE OPTIONS on_previous_running = '{option}'")
    query(
        session,
        "INSERT INTO system.jobs (id, status, payload, created_by_type, created_by_id) "
        f"VALUES (1, '{status}', '', 'crdb_schedule', {row[0]})",
    )
    clock.set(moment("2026-01-02"))
    assert outcomes(session) == [(outcome, moment("2026-01-02"))]
    ((_, next_run, shown),) = states(session)
    assert shown == state
    if due is None:
        assert timedelta(0) < next_run - moment("2026-01-02") < timedelta(minutes=2)
    else:
        assert next_run == due
    query(session, "UPDATE system.jobs SET status = 'failed' WHERE id = 1")
    clock.set(next_run)
    assert outcomes(session) == [("succeeded", next_run)]
    assert states(session)[0][2] is None


# Failures


@pytest.mark.parametrize(
    ("option", "prefix", "status", "due"),
    [
        ("reschedule", "reschedule", "ACTIVE", moment("2026-01-03")),
        ("retry", "retrying", "ACTIVE", None),
        ("pause", "schedule paused", "PAUSED", None),
    ],
)
def test_a_failed_run_does_what_the_schedule_says(
    session: Session, clock: SimulatedClock, option: str, prefix: str, status: str, due: datetime
) -> None:
    query(session, f"{FULL} WITH SCHEDULE OPTIONS on_execution_failure = '{option}'")
    clock.set(moment("2026-01-02"))
    with failing_writes(session):
        (run,) = run_due(session)
    assert run.outcome == "failed"
    assert run.message
    ((shown, next_run, state),) = states(session)
    assert shown == status
    assert state.startswith(f"{prefix}: ")
    assert run.message in state
    if option == "retry":
        assert timedelta(0) < next_run - moment("2026-01-02") < timedelta(minutes=2)
        clock.set(next_run)
        assert outcomes(session) == [("succeeded", next_run)]
        assert states(session) == [("ACTIVE", moment("2026-01-03"), None)]
    else:
        assert next_run == due


def test_a_backup_that_cannot_begin_says_so(session: Session, clock: SimulatedClock) -> None:
    (row,) = query(session, FULL)
    query(session, "DROP DATABASE d CASCADE")
    clock.advance(timedelta(days=3))
    (run,) = run_due(session)
    assert (run.outcome, run.job_id) == ("failed", 0)
    state = states(session)[0][2]
    assert state.startswith(
        f"reschedule: failed to create job for schedule {row[0]}: err=failed to resolve targets"
    )


def test_the_incremental_one_waits_until_a_full_backup_succeeds(
    session: Session, clock: SimulatedClock
) -> None:
    query(session, PAIR + NOW)
    with failing_writes(session):
        assert [run.outcome for run in run_due(session)] == ["failed"]
    assert states(session)[0] == ("PAUSED", None, WAITING)
    clock.set(moment("2026-01-02"))
    assert outcomes(session) == [("succeeded", moment("2026-01-02"))]
    assert states(session)[0] == ("ACTIVE", moment("2026-01-02 01:00"), None)


def test_secrets_stay_out_of_states_and_runs(session: Session, clock: SimulatedClock) -> None:
    uri = "nodelocal://1/c?AWS_SECRET_ACCESS_KEY=topsecret"
    query(session, FULL.replace("'nodelocal://1/c'", f"'{uri}' WITH encryption_passphrase = 'topsecret'"))
    clock.set(moment("2026-01-02"))
    with failing_writes(session):
        (run,) = run_due(session)
    assert run.outcome == "failed"
    (state,) = query(session, "SELECT schedule_state FROM system.scheduled_jobs")[0]
    payloads = query(session, "SELECT payload FROM system.jobs")
    assert "topsecret" not in f"{run} {run!r} {states(session)} {payloads} {state}"
    assert b"failed" in state


def test_one_failure_does_not_keep_others_from_running(session: Session, clock: SimulatedClock) -> None:
    query(session, FULL)
    query(session, FULL.replace("1/c", "1/elsewhere").replace("'full'", "'other'"))
    clock.set(moment("2026-01-02"))
    with failing_writes(session):
        assert sorted(run.outcome for run in run_due(session)) == ["failed", "succeeded"]


def test_after_a_failed_full_backup_layers_go_on_where_the_chain_was(
    session: Session, clock: SimulatedClock
) -> None:
    query(session, PAIR + NOW)
    list(run_due(session))
    query(session, "INSERT INTO d.t VALUES (2)")
    clock.set(moment("2026-01-02"))
    with failing_writes(session):
        assert [run.outcome for run in run_due(session)] == ["failed", "failed"]
    clock.set(moment("2026-01-02 01:00"))
    assert outcomes(session) == [("succeeded", moment("2026-01-02 01:00"))]
    assert [rows for _, rows in layers(session)] == [1, 1]
    query(session, "DROP DATABASE d CASCADE; RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/c'")
    assert query(session, "SELECT a FROM d.t ORDER BY a") == [(1,), (2,)]


@pytest.mark.parametrize(
    ("into", "options"),
    [
        ("'nodelocal://1/c'", "WITH incremental_location = 'nodelocal://1/layers'"),
        (
            "('nodelocal://1/c?COCKROACH_LOCALITY=default', 'nodelocal://1/e?COCKROACH_LOCALITY=region%3Deast')",
            "",
        ),
    ],
)
def test_layers_in_other_places_restore(
    session: Session, clock: SimulatedClock, into: str, options: str
) -> None:
    query(session, PAIR.replace("'nodelocal://1/c'", f"{into} {options}") + NOW)
    list(run_due(session))
    query(session, "INSERT INTO d.t VALUES (2)")
    clock.set(moment("2026-01-01 13:00"))
    assert outcomes(session) == [("succeeded", moment("2026-01-01 13:00"))]
    query(session, f"DROP DATABASE d CASCADE; RESTORE DATABASE d FROM LATEST IN {into} {options}")
    assert query(session, "SELECT a FROM d.t ORDER BY a") == [(1,), (2,)]


# A process that died


class Died(BaseException):
    """Stands for the end of the process: nothing of ours may handle it."""


def dies(*_: object, **__: object) -> None:
    raise Died


def test_death_between_success_and_what_follows_is_made_up_for(
    session: Session, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    query(session, PAIR + NOW)
    with monkeypatch.context() as patch:
        patch.setattr(scheduler, "_end", dies)
        with pytest.raises(Died):
            list(run_due(session))
    assert query(session, "SELECT status FROM system.jobs") == [("succeeded",)]
    assert states(session)[0] == ("PAUSED", None, WAITING)
    (made_up,) = run_due(session)
    assert made_up.outcome == "succeeded"
    assert [row[0] for row in states(session)] == ["ACTIVE", "ACTIVE"]
    before = query(session, "SELECT * FROM system.scheduled_jobs")
    assert list(run_due(session)) == []
    assert query(session, "SELECT * FROM system.scheduled_jobs") == before
    assert query(session, "SELECT count(*) FROM system.jobs") == [(1,)]


def test_death_in_the_middle_of_what_follows_is_made_up_for(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    query(session, PAIR + NOW)
    with monkeypatch.context() as patch:
        patch.setattr(scheduler, "_forget", dies)  # the last of the transaction
        with pytest.raises(Died):
            list(run_due(session))
    assert states(session)[0] == ("PAUSED", None, WAITING)
    assert [run.outcome for run in run_due(session)] == ["succeeded"]
    assert states(session)[0][0] == "ACTIVE"


def test_death_before_the_job_began_runs_the_schedule_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    query(session, FULL + NOW)
    with monkeypatch.context() as patch:
        patch.setattr(scheduler, "_take", dies)
        with pytest.raises(Died):
            list(run_due(session))
    assert states(session)[0][1] == moment("2026-01-02")
    assert [run.outcome for run in run_due(session)] == ["succeeded"]
    assert query(session, "SELECT count(*) FROM system.jobs") == [(1,)]


def test_a_run_that_was_canceled_with_its_process_counts_as_failed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    query(session, FULL + NOW)
    with monkeypatch.context() as patch:
        patch.setattr(DirectoryStorage, "write", dies)
        with pytest.raises(Died):
            list(run_due(session))
    assert query(session, "SELECT status FROM system.jobs") == [("canceled",)]
    (run,) = run_due(session)
    assert run.outcome == "failed"
    assert "failed with status canceled" in states(session)[0][2]
    assert query(session, "SHOW BACKUPS IN 'nodelocal://1/c'") == []


def test_a_schedule_dropped_after_its_process_died_is_forgotten(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = query(session, FULL + NOW)
    with monkeypatch.context() as patch:
        patch.setattr(scheduler, "_take", dies)
        with pytest.raises(Died):
            list(run_due(session))
    query(session, f"DROP SCHEDULE {row[0]}")
    assert list(run_due(session)) == []
    assert session.meta("schedule_runs") == {}


# Settings


def test_settings(session: Session) -> None:
    assert is_enabled(session)
    assert pace(session) == timedelta(minutes=1)
    query(session, "SET CLUSTER SETTING jobs.scheduler.enabled = false")
    query(session, "SET CLUSTER SETTING jobs.scheduler.pace = '1h30m'")
    assert not is_enabled(session)
    assert pace(session) == timedelta(hours=1, minutes=30)
    query(session, "SET CLUSTER SETTING jobs.scheduler.pace = '1ns'")
    assert pace(session) == timedelta(seconds=10)


def test_inside_a_transaction_nothing_is_run(session: Session) -> None:
    query(session, f"{FULL}{NOW}; BEGIN")
    with pytest.raises(OothecaError, match="already a transaction in progress"):
        list(run_due(session))
    query(session, "ROLLBACK")


@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_encrypted_chains_of_schedules_restore(version: str) -> None:
    session, clock = simulated_session(START, version=version)
    with session:
        query(session, SETUP)
        kms = "kms = 'testkms:///k?REGION=r'"
        query(session, PAIR.replace("RECURRING", f"WITH {kms}, revision_history RECURRING") + NOW)
        list(run_due(session))
        query(session, "INSERT INTO d.t VALUES (2)")
        clock.set(moment("2026-01-01 13:00"))
        assert [run.outcome for run in run_due(session)] == ["succeeded"]
        query(session, "DROP DATABASE d CASCADE")
        query(session, f"RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/c' WITH {kms}")
        assert query(session, "SELECT a FROM d.t ORDER BY a") == [(1,), (2,)]
