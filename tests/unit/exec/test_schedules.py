"""Statements about schedules: what they keep, what they show, what they refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import ootheca
from ootheca import pb
from ootheca.errors import AccessDeniedError, OothecaError
from ootheca.exec.schedules import BackupArguments, Schedules
from ootheca.exec.session import Session
from tests.support.golden import VERSIONS, GoldenSet
from tests.support.simulated import SimulatedClock, query, simulated_session

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SETUP = "CREATE DATABASE d; CREATE TABLE d.t (a INT PRIMARY KEY); CREATE TABLE d.u (a INT PRIMARY KEY); USE d"
PAIR = "CREATE SCHEDULE 'pair' FOR BACKUP DATABASE d INTO 'nodelocal://1/c' RECURRING '@hourly' FULL BACKUP '@daily'"
FULL = "CREATE SCHEDULE 'full' FOR BACKUP DATABASE d INTO 'nodelocal://1/c' RECURRING '@daily' FULL BACKUP ALWAYS"
WAITING = "Waiting for initial backup to complete"


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


@pytest.fixture
def old() -> Iterator[Session]:
    session, _ = simulated_session(START, version="20.2")
    with session:
        query(session, SETUP)
        yield session


def refusal(session: Session, sql: str) -> OothecaError:
    with pytest.raises(OothecaError) as caught:
        query(session, sql)
    assert "topsecret" not in f"{caught.value} {caught.value.hint} {caught.value.detail}"
    return caught.value


def shown(session: Session, sql: str = "SHOW SCHEDULES") -> list[tuple[Any, ...]]:
    """Label, status, state and recurrence of what a statement shows."""
    return [(row[1], row[2], row[4], row[5]) for row in query(session, sql)]


def ids(session: Session) -> list[int]:
    return [row[0] for row in query(session, "SHOW SCHEDULES")]


def cadence(session: Session, recurrence: str, more: str = "") -> list[tuple[Any, ...]]:
    """Recurrence and first run of what CREATE SCHEDULE makes of a recurrence."""
    sql = f"CREATE SCHEDULE 's' FOR BACKUP DATABASE d INTO 'nodelocal://1/c' RECURRING '{recurrence}' {more}"
    return [(row[4], row[3]) for row in query(session, sql)]


# Storage


@pytest.mark.parametrize("version", VERSIONS)
def test_rows_are_those_of_a_real_cluster(version: str) -> None:
    """The statement that the golden cluster ran leaves the same bytes, but for the ids in them."""
    marks = GoldenSet(version, "h_cluster").expectations()["marks"]
    table = marks["full"]["system"]["scheduled_jobs"]
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    expected = [row for row in rows if row["executor_type"] == "scheduled-backup-executor"]
    session, _ = simulated_session(START, version=version)
    with session:
        made = query(
            session,
            "CREATE SCHEDULE 'nightly' FOR BACKUP INTO 'nodelocal://0/sched' RECURRING '@daily' FULL BACKUP '@weekly' "
            "WITH SCHEDULE OPTIONS first_run = '2100-01-01 00:00:00+00'",
        )
        mine = query(session, "SELECT * FROM system.scheduled_jobs")
    names = {real["schedule_id"]: row[0] for real, row in zip(expected, made, strict=True)}
    for real, row in zip(expected, mine, strict=True):
        raw = bytes.fromhex(real["execution_args"].removeprefix("\\x"))
        arguments = BackupArguments.decode(raw)
        assert arguments.encode() == raw
        got = BackupArguments.decode(row[9])
        assert got.statement == arguments.statement
        assert got.is_incremental == arguments.is_incremental
        assert got.unpause_on_success == names.get(str(arguments.unpause_on_success), 0)
        assert got.dependent_id == names.get(str(arguments.dependent_id), 0)
        assert [row[1], row[3], row[6], row[8]] == [
            real[name] for name in ("schedule_name", "owner", "schedule_expr", "executor_type")
        ]
        assert row[7] == bytes.fromhex(real["schedule_details"].removeprefix("\\x"))
        state = real["schedule_state"]
        assert row[5] == (None if state is None else bytes.fromhex(state.removeprefix("\\x")))
        assert (row[4] is None) == (real["next_run"] is None)


def test_what_newer_versions_say_of_a_schedule_survives_a_change(session: Session) -> None:
    """Field 7 of the arguments, which this version does not know."""
    wrapped = pb.ExecutionArguments.FromString(
        BackupArguments("BACKUP INTO 'nodelocal://1/c' WITH detached").encode()
    )
    wrapped.args.value += b"\x38\x01"
    raw = wrapped.SerializeToString()
    query(
        session,
        "INSERT INTO system.scheduled_jobs (schedule_id, schedule_name, owner, executor_type, execution_args, "
        f"schedule_expr) VALUES (7, 'new', 'root', 'scheduled-backup-executor', '\\x{raw.hex()}', '@daily')",
    )
    query(session, "RESUME SCHEDULE 7")
    assert query(session, "SELECT execution_args FROM system.scheduled_jobs") == [(raw,)]


def test_a_row_that_is_damaged_is_named(session: Session) -> None:
    query(
        session,
        "INSERT INTO system.scheduled_jobs (schedule_id, schedule_name, owner, executor_type, execution_args) "
        "VALUES (7, 'x', 'root', 'scheduled-backup-executor', '\\x0aff')",
    )
    error = refusal(session, "SHOW SCHEDULES")
    assert (error.sqlstate, error.location) == ("XX001", "system.scheduled_jobs/7")
    query(session, "DELETE FROM system.scheduled_jobs WHERE schedule_id = 7")
    assert ids(session) == []


def test_schedules_of_another_kind_are_listed_and_left_alone(session: Session) -> None:
    query(
        session,
        "INSERT INTO system.scheduled_jobs (schedule_id, schedule_name, owner, next_run, schedule_expr, executor_type, "
        "execution_args) VALUES (7, 'stats', 'node', '2026-01-01 13:00:00', '@hourly', 'other-executor', '\\x0a00')",
    )
    (row,) = query(session, "SHOW SCHEDULES")
    assert (row[0], row[1], row[9]) == (7, "stats", "{}")
    assert query(session, "SHOW SCHEDULES FOR BACKUP") == []
    assert "is not a backup schedule" in refusal(session, "ALTER BACKUP SCHEDULE 7 SET LABEL 'x'").message
    query(session, "PAUSE SCHEDULE 7")
    assert query(session, "SELECT execution_args FROM system.scheduled_jobs") == [(b"\x0a\x00",)]


# CREATE SCHEDULE


def test_a_pair_is_shown_incremental_first_and_waits(session: Session) -> None:
    inc, full = query(session, PAIR)
    text = "BACKUP DATABASE d INTO 'nodelocal://1/c' WITH detached"
    assert inc[1:] == ("pair", f"PAUSED: {WAITING}", None, "@hourly", text)
    assert full[1:] == ("pair", "ACTIVE", datetime(2026, 1, 2, tzinfo=UTC), "@daily", text)
    assert inc[0] < full[0]


def test_a_pair_runs_what_it_says(session: Session) -> None:
    query(session, PAIR)
    rows = query(session, "SELECT command FROM [SHOW SCHEDULES FOR BACKUP]")
    assert rows == [
        ("BACKUP DATABASE d INTO LATEST IN 'nodelocal://1/c' WITH detached",),
        ("BACKUP DATABASE d INTO 'nodelocal://1/c' WITH detached",),
    ]


@pytest.mark.parametrize(
    ("recurrence", "others"),
    [("* * * * *", "@daily"), ("@hourly", "@daily"), ("0 */2 * * *", "@weekly"), ("@daily", "@weekly")],
)
def test_the_full_cadence_follows_from_the_gap_and_starts_at_once(
    session: Session, recurrence: str, others: str
) -> None:
    inc, full = cadence(session, recurrence)
    assert inc == (recurrence, None)
    assert full[0] == others
    assert full[1] - START < timedelta(seconds=1)


def test_seldom_recurrences_have_full_backups_alone_and_start_at_once(session: Session) -> None:
    ((recurrence, first_run),) = cadence(session, "@weekly")
    assert recurrence == "@weekly"
    assert first_run - START < timedelta(seconds=1)


def test_full_backup_always_starts_at_its_recurrence(session: Session) -> None:
    assert cadence(session, "@daily", "FULL BACKUP ALWAYS") == [("@daily", datetime(2026, 1, 2, tzinfo=UTC))]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-03-01", datetime(2027, 3, 1, tzinfo=UTC)),
        ("2027-03-01 10:00:00+05:30", datetime(2027, 3, 1, 4, 30, tzinfo=UTC)),
        ("2028-02-29 23:59:59.5-08:00", datetime(2028, 3, 1, 7, 59, 59, 500_000, tzinfo=UTC)),
        ("2020-09-15 00:00:00.00", datetime(2020, 9, 15, tzinfo=UTC)),
    ],
)
def test_first_run_is_of_the_full_schedule(session: Session, text: str, moment: datetime) -> None:
    rows = cadence(session, "@hourly", f"FULL BACKUP '@daily' WITH SCHEDULE OPTIONS first_run = '{text}'")
    assert rows == [("@hourly", None), ("@daily", moment)]


def test_first_run_now(session: Session) -> None:
    ((_, first_run),) = cadence(
        session, "@daily", "FULL BACKUP ALWAYS WITH SCHEDULE OPTIONS first_run = 'NOW'"
    )
    assert first_run - START < timedelta(seconds=1)


def test_a_label_may_be_missing_repeated_or_a_bare_word(session: Session) -> None:
    seconds = int(START.timestamp())
    assert query(session, FULL.replace(" 'full'", ""))[0][1] == f"BACKUP {seconds}"
    assert query(session, FULL.replace("'full'", "word"))[0][1] == "word"
    assert query(session, FULL.replace("'full'", "word"))[0][1] == "word"
    assert len(ids(session)) == 3


def test_if_not_exists_does_nothing_for_a_label_that_is_there(session: Session) -> None:
    sql = FULL.replace("SCHEDULE 'full'", "SCHEDULE IF NOT EXISTS 'full'")
    assert len(query(session, sql)) == 1
    (result,) = session.execute(sql)
    assert result.notices == ('schedule "full" already exists, skipping',)
    assert [row for batch in result.batches for row in batch.to_pylist()] == []
    assert [column.name for column in result.columns or ()][:2] == ["schedule_id", "label"]
    assert len(ids(session)) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("bogus = 'x'", 'invalid option "bogus"'),
        ("first_run", 'option "first_run" requires a value'),
        ("on_execution_failure", 'option "on_execution_failure" requires a value'),
        ("ignore_existing_backups = 'x'", 'option "ignore_existing_backups" does not take a value'),
        (
            "on_execution_failure = 'explode'",
            '"explode" is not a valid on_execution_error; valid values are [retry|reschedule|pause]',
        ),
        (
            "on_previous_running = 'explode'",
            '"explode" is not a valid on_previous_running; valid values are [start|skip|wait]',
        ),
        ("first_run = 'tomorrowish'", "tomorrowish"),
    ],
)
def test_options_that_are_refused(session: Session, options: str, message: str) -> None:
    error = refusal(session, f"{FULL} WITH SCHEDULE OPTIONS {options}")
    assert message in error.message
    assert error.hint
    assert ids(session) == []


@pytest.mark.parametrize(
    "clause", ["RECURRING 'x'", "RECURRING '@daily' FULL BACKUP 'x'", "RECURRING '0 0 31 2 *'"]
)
def test_recurrences_that_are_refused(session: Session, clause: str) -> None:
    error = refusal(session, f"CREATE SCHEDULE FOR BACKUP DATABASE d INTO 'nodelocal://1/c' {clause}")
    assert error.message.startswith("error parsing schedule expression: ")
    assert error.sqlstate == "XXUUU"


def test_years_are_for_20_2(session: Session, old: Session) -> None:
    assert cadence(old, "0 0 1 1 * 2030", "FULL BACKUP ALWAYS")[0][1] == datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(OothecaError, match="valid cron expression"):
        cadence(session, "0 0 1 1 * 2030", "FULL BACKUP ALWAYS")


@pytest.mark.parametrize(
    ("backup", "message"),
    [
        ("DATABASE nope INTO 'nodelocal://1/c'", "failed to dry run backup: failed to resolve targets"),
        ("DATABASE d INTO 'bogus://x'", "failed to dry run backup: "),
        (
            "DATABASE d INTO 'nodelocal://1/c' WITH kms = 'bogus:///k'",
            "failed to dry run backup: no factory method found for scheme bogus",
        ),
        (
            "DATABASE d INTO 'nodelocal://1/c' WITH kms = 'testkms:///k?REGION=r', encryption_passphrase = 'topsecret'",
            "failed to dry run backup: cannot have both encryption_passphrase and kms option set",
        ),
    ],
)
def test_the_backup_is_tried_dry(session: Session, backup: str, message: str) -> None:
    error = refusal(session, f"CREATE SCHEDULE FOR BACKUP {backup} RECURRING '@daily'")
    assert error.message.startswith(message)
    assert ids(session) == []
    assert list(session.external_io_dir.rglob("*")) == []


def test_a_dry_run_leaves_nothing(session: Session) -> None:
    query(session, PAIR.replace("RECURRING", "WITH encryption_passphrase = 'topsecret' RECURRING"))
    assert [path for path in session.external_io_dir.rglob("*") if path.is_file()] == []
    assert query(session, "SELECT count(*) FROM system.jobs") == [(0,)]


def test_a_collection_with_backups_is_refused_unless_it_may_have_them(session: Session) -> None:
    query(session, "BACKUP DATABASE d INTO 'nodelocal://1/c'")
    sql = FULL.replace("'nodelocal://1/c'", "'nodelocal://1/c?AWS_SECRET_ACCESS_KEY=topsecret'")
    error = refusal(session, sql)
    assert error.message == (
        "backups already created in nodelocal://1/c?AWS_SECRET_ACCESS_KEY=redacted; to ignore existing backups, the "
        "schedule can be created with the 'ignore_existing_backups' option"
    )
    assert len(query(session, f"{sql} WITH SCHEDULE OPTIONS ignore_existing_backups")) == 1


def test_the_first_of_several_mistakes_is_named(session: Session) -> None:
    """In CockroachDB's order: options' names, recurrences, dry run, existing backups, values of options."""
    query(session, "BACKUP DATABASE d INTO 'nodelocal://1/c'")
    start = "CREATE SCHEDULE FOR BACKUP DATABASE"
    end = "WITH SCHEDULE OPTIONS on_previous_running = 'x'"
    wrong = [
        (f"{start} nope INTO 'nodelocal://1/c' RECURRING 'x' WITH SCHEDULE OPTIONS bogus", "invalid option"),
        (f"{start} nope INTO 'nodelocal://1/c' RECURRING 'x' {end}", "error parsing schedule expression"),
        (f"{start} nope INTO 'nodelocal://1/c' RECURRING '@daily' {end}", "failed to dry run backup"),
        (f"{start} d INTO 'nodelocal://1/c' RECURRING '@daily' {end}", "backups already created in"),
        (
            f"{start} d INTO 'nodelocal://1/c' RECURRING '@daily' {end}, ignore_existing_backups",
            '"x" is not a valid',
        ),
    ]
    for sql, message in wrong:
        assert refusal(session, sql).message.startswith(message), sql


@pytest.mark.parametrize(
    ("version", "targets", "stored"),
    [
        ("21.2", "TABLE t, d.u", "TABLE d.public.t, d.public.u"),
        ("20.2", "TABLE t, d.u", "TABLE d.public.t, d.u"),
        ("21.2", "TABLE *", "TABLE d.*"),
        ("20.2", "TABLE d.*", "TABLE d.*"),
        ("21.2", "", ""),
    ],
)
def test_tables_mean_the_same_from_any_database(version: str, targets: str, stored: str) -> None:
    session, _ = simulated_session(START, version=version)
    with session:
        query(session, SETUP)
        rows = query(
            session, f"CREATE SCHEDULE FOR BACKUP {targets} INTO 'nodelocal://1/c' RECURRING '@daily'"
        )
    assert {row[5] for row in rows} == {
        f"BACKUP {stored} INTO 'nodelocal://1/c' WITH detached".replace("  ", " ")
    }


def test_20_2_warns_of_kms_in_schedules(session: Session, old: Session) -> None:
    sql = PAIR.replace("RECURRING", "WITH kms = 'testkms:///k?REGION=r' RECURRING")
    notices = {}
    for each in (session, old):
        (result,) = each.execute(sql)
        notices[each.profile.version] = result.notices
        assert len([row for batch in result.batches for row in batch.to_pylist()]) == 2
    assert notices["21.2"] == ()
    assert "cannot encrypt scheduled backups with kms" in notices["20.2"][0]


def test_only_admins_make_and_control_schedules() -> None:
    with Session(None, sandbox=True) as session:
        query(session, "CREATE USER someone; CREATE DATABASE d")
        session.user = "someone"
        for sql in (FULL, "PAUSE SCHEDULE 1", "DROP SCHEDULE 1"):
            error = refusal(session, sql)
            assert isinstance(error, AccessDeniedError)
            assert error.message.startswith("only users with the admin role are allowed to ")
            assert error.sqlstate == "42501"


# Secrets


def test_secrets_are_kept_to_run_and_never_shown(session: Session) -> None:
    uri = "s3://b/c?AWS_ACCESS_KEY_ID=k&AWS_SECRET_ACCESS_KEY=topsecret"
    sql = PAIR.replace("'nodelocal://1/c'", f"'{uri}' WITH encryption_passphrase = 'topsecret'")
    texts = (sql, "SHOW SCHEDULES", "SHOW SCHEDULES FOR BACKUP", "SHOW CREATE ALL SCHEDULES")
    answers = [query(session, text) for text in texts]
    inc = ids(session)[0]
    answers.append(query(session, f"SHOW SCHEDULE {inc}"))
    answers.append(query(session, f"SHOW CREATE SCHEDULE {inc}"))
    answers.append(query(session, f"ALTER BACKUP SCHEDULE {inc} SET LABEL 'x'"))
    assert all(answers)
    assert "topsecret" not in str(answers)
    stored = Schedules(session).all()
    assert all(each.backup is not None and each.backup.statement.count("topsecret") == 2 for each in stored)
    assert "topsecret" not in repr(stored)


def test_a_stored_statement_that_cannot_be_read_does_not_leak(session: Session) -> None:
    (row,) = query(session, FULL)
    schedules = Schedules(session)
    (schedule,) = schedules.all()
    schedules.put(
        replace(schedule, backup=BackupArguments("BACKUP INTO 'x?AWS_SECRET_ACCESS_KEY=topsecret' BUT NOT"))
    )
    ((_, text),) = query(session, "SELECT id, command->>'backup_statement' FROM [SHOW SCHEDULES]")
    assert "BUT NOT" in text
    assert "topsecret" not in text
    for sql in (f"SHOW CREATE SCHEDULE {row[0]}", f"ALTER BACKUP SCHEDULE {row[0]} SET LABEL 'x'"):
        assert refusal(session, sql).message == "the statement of the schedule cannot be parsed"


# SHOW


def test_columns_and_types_of_show_schedules(session: Session) -> None:
    (result,) = session.execute("SHOW SCHEDULES")
    assert [(column.name, column.type.name) for column in result.columns or ()] == [
        ("id", "INT8"), ("label", "STRING"), ("schedule_status", "STRING"), ("next_run", "TIMESTAMPTZ"),
        ("state", "STRING"), ("recurrence", "STRING"), ("jobsrunning", "INT8"), ("owner", "STRING"),
        ("created", "TIMESTAMPTZ"), ("command", "JSONB"),
    ]  # fmt: skip
    (result,) = session.execute("SHOW SCHEDULES FOR BACKUP")
    assert (result.columns or ())[-1].type.name == "STRING"
    assert result.complete_tag(0) == "SHOW SCHEDULES 0"


def test_show_chooses(session: Session) -> None:
    query(session, PAIR)
    inc, full = ids(session)
    waiting = ("pair", "PAUSED", WAITING, "@hourly")
    active = ("pair", "ACTIVE", None, "@daily")
    assert shown(session) == [waiting, active]
    assert shown(session, "SHOW PAUSED SCHEDULES") == [waiting]
    assert shown(session, "SHOW RUNNING SCHEDULES FOR BACKUP") == [active]
    assert shown(session, f"SHOW SCHEDULE {full}") == [active]
    assert shown(session, f"SHOW SCHEDULE {inc} + 0") == [waiting]
    assert query(session, "SHOW SCHEDULE 1") == []


def test_show_schedules_is_a_row_source(session: Session) -> None:
    query(session, PAIR)
    sql = "SELECT label, command->>'backup_type' FROM [SHOW SCHEDULES] WHERE schedule_status = 'PAUSED'"
    assert query(session, sql) == [("pair", "1")]
    assert query(session, "WITH x AS (SHOW SCHEDULES) SELECT count(*) FROM x") == [(2,)]


def test_command_names_the_pair_as_the_version_does(session: Session, old: Session) -> None:
    for each in (session, old):
        inc, full = (row[0] for row in query(each, PAIR))
        commands = [json.loads(row[9]) for row in query(each, "SHOW SCHEDULES")]
        text = "'nodelocal://1/c' WITH detached"
        first = {"backup_statement": f"BACKUP DATABASE d INTO LATEST IN {text}", "backup_type": 1}
        second = {"backup_statement": f"BACKUP DATABASE d INTO {text}", "unpause_on_success": inc}
        if each is session:
            first["dependent_schedule_id"], second["dependent_schedule_id"] = full, inc
        assert commands == [first, second]


def test_jobsrunning_counts_what_runs(session: Session) -> None:
    (row,) = query(session, FULL)
    for number, status in enumerate(("running", "running", "paused", "succeeded", "failed")):
        query(
            session,
            "INSERT INTO system.jobs (id, status, payload, created_by_type, created_by_id) "
            f"VALUES ({number}, '{status}', '', 'crdb_schedule', {row[0]})",
        )
    assert query(session, "SELECT jobsrunning FROM [SHOW SCHEDULES]") == [(2,)]


def test_show_create_gives_the_statement_that_makes_both(session: Session) -> None:
    query(
        session,
        PAIR.replace("RECURRING", "WITH revision_history RECURRING")
        + " WITH SCHEDULE OPTIONS on_execution_failure = 'retry', on_previous_running = 'skip', "
        "first_run = '2027-01-01'",
    )
    inc, full = ids(session)
    text = (
        "CREATE SCHEDULE 'pair' FOR BACKUP DATABASE d INTO 'nodelocal://1/c' WITH revision_history, detached RECURRING "
        "'@hourly' FULL BACKUP '@daily' WITH SCHEDULE OPTIONS first_run = '2027-01-01 00:00:00+00:00', "
        "on_execution_failure = 'RETRY', on_previous_running = 'SKIP'"
    )
    assert query(session, "SHOW CREATE ALL SCHEDULES") == [(inc, text), (full, text)]
    assert query(session, f"SHOW CREATE SCHEDULE {inc}") == [(inc, text)]
    assert refusal(session, "SHOW CREATE SCHEDULE 1").message == "scheduled job with ID 1 does not exist"
    query(session, f"DROP SCHEDULES VALUES ({inc}), ({full})")
    query(session, text)
    assert query(session, "SELECT create_statement FROM [SHOW CREATE ALL SCHEDULES]") == [(text,), (text,)]


def test_show_create_of_full_backups_alone(session: Session) -> None:
    query(session, FULL)
    ((_, text),) = query(session, "SHOW CREATE ALL SCHEDULES")
    assert "RECURRING '@daily' FULL BACKUP ALWAYS WITH" in text


# PAUSE, RESUME, DROP, EXECUTE


def control(session: Session, sql: str) -> str:
    (result,) = session.execute(sql)
    assert result.columns is None
    return result.tag


def test_pause_and_resume(session: Session, clock: SimulatedClock) -> None:
    (row,) = query(session, f"{FULL} WITH SCHEDULE OPTIONS first_run = '2027-01-01'")
    assert control(session, f"RESUME SCHEDULE {row[0]}") == "RESUME SCHEDULES 1"
    assert query(session, "SELECT next_run FROM [SHOW SCHEDULES]") == [(datetime(2027, 1, 1, tzinfo=UTC),)]
    assert control(session, f"PAUSE SCHEDULE {row[0]}") == "PAUSE SCHEDULES 1"
    assert shown(session) == [("full", "PAUSED", None, "@daily")]
    clock.advance(timedelta(days=40))
    assert control(session, f"RESUME SCHEDULE {row[0]}") == "RESUME SCHEDULES 1"
    assert query(session, "SELECT next_run FROM [SHOW SCHEDULES]") == [(datetime(2026, 2, 11, tzinfo=UTC),)]


@pytest.mark.parametrize(
    "which",
    [
        "VALUES ({0}), ({1}), (1), (NULL), ({0})",
        "SELECT id FROM [SHOW SCHEDULES] WHERE label = 'pair'",
        "(SELECT id FROM [SHOW SCHEDULES FOR BACKUP])",
        "WITH x AS (SHOW SCHEDULES) SELECT id FROM x WHERE label = 'pair'",
        "SELECT schedule_id FROM system.scheduled_jobs",
    ],
)
def test_several_at_once(session: Session, which: str) -> None:
    query(session, PAIR)
    text = which.format(*ids(session))
    for command in ("PAUSE", "RESUME", "DROP"):
        assert control(session, f"{command} SCHEDULES {text}") == f"{command} SCHEDULES 2"
    assert ids(session) == []


@pytest.mark.parametrize("command", ["PAUSE", "RESUME", "DROP"])
def test_schedules_that_are_not_there_are_skipped(session: Session, command: str) -> None:
    assert control(session, f"{command} SCHEDULE 123") == f"{command} SCHEDULES 0"
    assert control(session, f"{command} SCHEDULES SELECT 123") == f"{command} SCHEDULES 0"


def test_ids_are_one_column_of_whole_numbers(session: Session) -> None:
    query(session, FULL)
    error = refusal(session, "PAUSE SCHEDULES SELECT id, label FROM [SHOW SCHEDULES]")
    assert error.message == "PAUSE SCHEDULES expects a single column source, got 2 columns"
    error = refusal(session, "PAUSE SCHEDULES SELECT label FROM [SHOW SCHEDULES]")
    assert error.message == "PAUSE SCHEDULES requires int values, not type string"


def test_dropping_one_of_a_pair_leaves_the_other_alone(session: Session) -> None:
    query(session, PAIR)
    inc, full = ids(session)
    assert control(session, f"DROP SCHEDULE {full}") == "DROP SCHEDULES 1"
    assert ids(session) == [inc]
    error = refusal(session, f"ALTER BACKUP SCHEDULE {inc} SET LABEL 'x'")
    assert error.message == (
        f"incremental backup schedule {inc} has no corresponding full backup schedule; drop schedule {inc} and recreate"
    )


def test_control_inside_a_transaction_is_undone_with_it(session: Session) -> None:
    (row,) = query(session, FULL)
    query(session, f"BEGIN; DROP SCHEDULE {row[0]}")
    assert ids(session) == []
    query(session, "ROLLBACK")
    assert ids(session) == [row[0]]


def test_execute_schedule_refuses_backups(session: Session) -> None:
    (row,) = query(session, FULL)
    error = refusal(session, f"EXECUTE SCHEDULE {row[0]}")
    assert error.hint == f"ALTER BACKUP SCHEDULE {row[0]} EXECUTE IMMEDIATELY"
    assert "does not exist" in refusal(session, "EXECUTE SCHEDULE 1").message


def test_placeholders_come_from_python() -> None:
    with ootheca.connect(sandbox=True) as con:
        con.execute("CREATE DATABASE d")
        sql = "CREATE SCHEDULE $1 FOR BACKUP DATABASE d INTO $2 RECURRING $3 FULL BACKUP ALWAYS"
        (row,) = con.execute(sql, ("x", "nodelocal://1/c", "@daily")).fetchall()
        assert con.execute("SHOW SCHEDULE $1", (row[0],)).fetchall()[0][1] == "x"


# ALTER BACKUP SCHEDULE


def alter(session: Session, commands: str, which: int = 0) -> list[tuple[Any, ...]]:
    return query(session, f"ALTER BACKUP SCHEDULE {ids(session)[which]} {commands}")


@pytest.mark.parametrize("which", [0, 1])
def test_a_label_is_given_to_both(session: Session, which: int) -> None:
    query(session, PAIR)
    rows = alter(session, "SET LABEL other", which)
    assert [(row[1], row[4]) for row in rows] == [("other", "@hourly"), ("other", "@daily")]
    assert [row[1] for row in alter(session, "SET LABEL ''", which)] == ["other", "other"]


def test_recurring_changes_the_incremental_one_and_leaves_it_paused(session: Session) -> None:
    query(session, PAIR)
    rows = alter(session, "SET RECURRING '*/10 * * * *'")
    assert [(row[3], row[4]) for row in rows] == [
        (None, "*/10 * * * *"),
        (datetime(2026, 1, 2, tzinfo=UTC), "@daily"),
    ]
    query(session, f"RESUME SCHEDULE {ids(session)[0]}")
    rows = alter(session, "SET RECURRING '*/30 * * * *'")
    assert rows[0][3] == datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


def test_recurring_changes_full_backups_alone(session: Session) -> None:
    query(session, FULL)
    ((_, _, _, first_run, recurrence, _),) = alter(session, "SET RECURRING '@weekly'")
    assert (first_run, recurrence) == (datetime(2026, 1, 4, tzinfo=UTC), "@weekly")


def test_full_backup_always_drops_the_incremental_one(session: Session) -> None:
    query(session, PAIR)
    ((_, _, _, first_run, recurrence, _),) = alter(session, "SET FULL BACKUP ALWAYS")
    assert (first_run, recurrence) == (datetime(2026, 1, 1, 13, tzinfo=UTC), "@hourly")
    (full,) = Schedules(session).all()
    assert full.backup is not None
    assert (full.backup.unpause_on_success, full.backup.dependent_id) == (0, 0)
    assert [row[4] for row in alter(session, "SET FULL BACKUP ALWAYS")] == ["@hourly"]


def test_a_full_cadence_makes_the_incremental_one(session: Session) -> None:
    query(session, FULL)
    (full_id,) = ids(session)
    inc, full = alter(session, "SET FULL BACKUP '@weekly'")
    assert inc[2:5] == (f"PAUSED: {WAITING}", None, "@daily")
    assert (full[0], full[3], full[4]) == (full_id, datetime(2026, 1, 4, tzinfo=UTC), "@weekly")
    by_id = {each.id: each.backup for each in Schedules(session).all()}
    made, main = by_id[inc[0]], by_id[full_id]
    assert made is not None
    assert main is not None
    assert made.is_incremental
    assert made.statement == "BACKUP DATABASE d INTO LATEST IN 'nodelocal://1/c' WITH detached"
    assert (main.unpause_on_success, main.dependent_id, made.dependent_id) == (inc[0], inc[0], full_id)


def test_both_cadences_at_once(session: Session) -> None:
    query(session, FULL)
    rows = alter(session, "SET RECURRING '@hourly', SET FULL BACKUP '@daily'")
    assert [row[4] for row in rows] == ["@hourly", "@daily"]


@pytest.mark.parametrize(
    ("full", "is_refused"), [("*/30 * * * *", True), ("@hourly", False), ("@daily", False)]
)
def test_incremental_backups_are_not_more_seldom(session: Session, full: str, is_refused: bool) -> None:
    query(session, PAIR)
    if is_refused:
        message = "incremental backups must occur more often than full backups"
        assert (
            refusal(session, f"ALTER BACKUP SCHEDULE {ids(session)[0]} SET FULL BACKUP '{full}'").message
            == message
        )
    else:
        assert len(alter(session, f"SET FULL BACKUP '{full}'")) == 2


def test_another_collection_begins_with_a_full_backup(session: Session, clock: SimulatedClock) -> None:
    query(session, PAIR)
    query(session, f"RESUME SCHEDULE {ids(session)[0]}")
    inc, full = alter(session, "SET INTO 'nodelocal://1/other'")
    assert inc[2] == f"PAUSED: {WAITING}"
    assert full[3] <= clock.moment
    assert full[5] == "BACKUP DATABASE d INTO 'nodelocal://1/other' WITH detached"
    statements = [each.backup.statement for each in Schedules(session).all() if each.backup]
    assert "INTO LATEST IN 'nodelocal://1/other'" in statements[0]


def test_another_collection_starts_nothing_where_the_incremental_one_was_paused(session: Session) -> None:
    query(session, PAIR)
    _, full = alter(session, "SET INTO 'nodelocal://1/other'")
    assert full[3] == datetime(2026, 1, 2, tzinfo=UTC)


def test_backup_options_are_added_and_taken_away(session: Session) -> None:
    query(session, PAIR)
    rows = alter(session, "SET WITH revision_history, SET WITH encryption_passphrase = 'topsecret'")
    text = "BACKUP DATABASE d INTO 'nodelocal://1/c' WITH revision_history"
    assert {row[5] for row in rows} == {f"{text}, encryption_passphrase = '*****', detached"}
    assert all("topsecret" in each.backup.statement for each in Schedules(session).all() if each.backup)
    rows = alter(session, "SET WITH encryption_passphrase = ''")
    assert {row[5] for row in rows} == {f"{text}, detached"}
    rows = alter(session, "SET WITH revision_history = false")
    assert {row[5] for row in rows} == {f"{text} = false, detached"}


def test_the_place_of_layers_is_said_in_the_incremental_statement_alone(session: Session) -> None:
    query(session, PAIR)
    alter(session, "SET WITH incremental_location = 'nodelocal://1/layers'")
    inc, full = (each.backup.statement for each in Schedules(session).all() if each.backup)
    assert "incremental_location = 'nodelocal://1/layers'" in inc
    assert "incremental_location" not in full
    alter(session, "SET LABEL 'x'")
    assert "incremental_location" in (Schedules(session).all()[0].backup or BackupArguments("")).statement
    alter(session, "SET WITH incremental_location = ''")
    assert "incremental_location" not in (Schedules(session).all()[0].backup or BackupArguments("")).statement


def test_schedule_options_are_changed(session: Session) -> None:
    query(session, PAIR)
    alter(
        session,
        "SET SCHEDULE OPTION on_execution_failure = 'RETRY', SET SCHEDULE OPTION on_previous_running = 'start'",
    )
    alter(session, "SET SCHEDULE OPTION updates_cluster_last_backup_time_metric")
    inc, full = Schedules(session).all()
    assert (inc.on_error, inc.wait, full.on_error, full.wait) == ("retry", "wait", "retry", "start")
    assert all(each.backup is not None and each.backup.updates_metric for each in (inc, full))
    alter(
        session,
        "SET SCHEDULE OPTION on_execution_failure = 'pause', SET SCHEDULE OPTION on_execution_failure = 'reschedule', "
        "SET SCHEDULE OPTION updates_cluster_last_backup_time_metric = 'false'",
    )
    inc, full = Schedules(session).all()
    assert (inc.on_error, full.on_error) == ("reschedule", "reschedule")
    assert not any(each.backup is not None and each.backup.updates_metric for each in (inc, full))


def test_execute_makes_a_schedule_due(session: Session, clock: SimulatedClock) -> None:
    query(session, PAIR)
    inc_id, _ = ids(session)
    error = refusal(session, f"ALTER BACKUP SCHEDULE {inc_id} EXECUTE IMMEDIATELY")
    assert error.message == "cannot execute a paused schedule; use RESUME SCHEDULE instead"
    assert error.hint == f"RESUME SCHEDULE {inc_id}"
    inc, full = alter(session, "EXECUTE FULL IMMEDIATELY")
    assert (inc[3], full[3] <= clock.moment) == (None, True)
    query(session, f"RESUME SCHEDULE {inc_id}")
    inc, _ = alter(session, "EXECUTE IMMEDIATELY")
    assert inc[3] <= clock.moment


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ("SET LABEL 'a', SET LABEL 'b'", "can specify SET LABEL at most once"),
        ("SET INTO 'a', SET INTO 'b'", "can specify SET INTO at most once"),
        ("SET RECURRING '@daily', SET RECURRING '@daily'", "can specify SET RECURRING at most once"),
        ("SET FULL BACKUP ALWAYS, SET FULL BACKUP '@daily'", "can specify SET FULL BACKUP at most once"),
        ("SET WITH detached", "DETACHED is required for scheduled backups and cannot be altered"),
        ("SET SCHEDULE OPTION first_run = 'now'", "unexpected schedule option: first_run = now"),
        ("SET SCHEDULE OPTION on_execution_failure = 'x'", '"x" is not a valid on_execution_error'),
        (
            "SET SCHEDULE OPTION updates_cluster_last_backup_time_metric = 'yes'",
            "unexpected value for updates_cluster_last_backup_time_metric: yes",
        ),
        ("SET RECURRING 'x'", "error parsing schedule expression"),
        ("SET INTO 'bogus://x'", "failed to dry run backup"),
    ],
)
def test_changes_that_are_refused_change_nothing(session: Session, commands: str, message: str) -> None:
    query(session, PAIR)
    before = query(session, "SELECT * FROM system.scheduled_jobs")
    error = refusal(session, f"ALTER BACKUP SCHEDULE {ids(session)[1]} {commands}")
    assert error.message.startswith(message)
    assert error.hint or "bogus" in commands
    assert query(session, "SELECT * FROM system.scheduled_jobs") == before


def test_a_schedule_that_is_not_there_cannot_be_altered(session: Session) -> None:
    error = refusal(session, "ALTER BACKUP SCHEDULE 12 SET LABEL 'x'")
    assert error.message == "scheduled job with ID 12 does not exist"


def test_only_the_owner_alters(session: Session) -> None:
    query(session, f"{FULL}; CREATE USER someone")
    (full_id,) = ids(session)
    session.user = "someone"
    error = refusal(session, f"ALTER BACKUP SCHEDULE {full_id} SET LABEL 'x'")
    assert error.sqlstate == "42501"
    assert error.message.startswith("must be admin or the owner of the schedules being altered")


def test_a_pair_of_20_2_is_known_without_links(old: Session) -> None:
    query(old, PAIR)
    inc, full = Schedules(old).all()
    assert full.backup is not None
    Schedules(old).put(replace(full, backup=replace(full.backup, unpause_on_success=0)))
    assert [row[1] for row in alter(old, "SET LABEL 'both'", 1)] == ["both", "both"]
    assert Schedules(old).partner(Schedules(old).all()[0]) == Schedules(old).all()[1]
    assert inc.id == ids(old)[0]
