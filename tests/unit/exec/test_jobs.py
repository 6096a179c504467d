"""Jobs as rows: SHOW JOBS in all its forms, PAUSE, RESUME and CANCEL in every state, who may, how long they stay."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import ootheca
from ootheca import pb
from ootheca.connection import Connection
from ootheca.errors import OothecaError
from ootheca.exec.job_table import Job, JobTable
from ootheca.exec.system_tables import moment
from ootheca.exec.unfinished import Unfinished, UnfinishedJobs
from tests.support.golden import VERSIONS
from tests.support.jobs import SMALL_FILES, ask, gate_at, note_every_file, state, wait_for

EVIDENCE = Path(__file__).parents[3] / "fixtures" / "conformance"
SETUP = f"""
CREATE DATABASE shop; {SMALL_FILES}; CREATE TABLE shop.t (id INT PRIMARY KEY, v STRING);
INSERT INTO shop.t SELECT i, repeat('x', 200) FROM generate_series(1, 40) AS g(i);
"""
BACKUP = "BACKUP DATABASE shop TO 'nodelocal://1/b' WITH DETACHED"
Put = Callable[..., int]


@pytest.fixture(params=VERSIONS)
def con(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with ootheca.connect(tmp_path, sandbox=True, version=request.param) as opened:
        opened.session.hands_over = False
        yield opened


@pytest.fixture
def put(con: Connection) -> Put:
    """Return what writes the row of a job as another process may have left it, and returns its id."""
    session = con.session

    def put_job(
        status: str, *, ended_ago: timedelta = timedelta(), kind: str = "backup", **fields: object
    ) -> int:
        payload = pb.JobPayload(username_proto=str(fields.get("owner", "root")))
        getattr(payload, kind).SetInParent()
        if "name" in fields:
            payload.create_stats.name = str(fields["name"])
        payload.noncancelable = bool(fields.get("noncancelable"))
        id_ = len(ask(con, "SELECT id FROM system.jobs")) + 1
        created_by = fields.get("created_by")
        assert created_by is None or isinstance(created_by, tuple)

        def write() -> None:
            job = Job(id_, status, moment(session.now()), payload, created_by=created_by)
            table = JobTable(session)
            table.put(job)
            if job.is_finished and ended_ago:
                payload.finished_micros -= int(ended_ago.total_seconds() * 1e6)
                table._stored.put({**_row(job), "payload": payload.SerializeToString()})

        session.write_apart(write)
        return id_

    return put_job


def _row(job: Job) -> dict[str, object]:
    return {
        "id": job.id,
        "status": job.status,
        "created": job.created,
        "progress": job.progress.SerializeToString(),
        "created_by_type": None,
        "created_by_id": None,
    }


def ids(con: Connection, sql: str) -> list[int]:
    return [row[0] for row in ask(con, sql)]


def refusal(con: Connection, sql: str) -> OothecaError:
    with pytest.raises(OothecaError) as caught:
        con.execute(sql)
    return caught.value


# SHOW JOBS


@pytest.mark.parametrize(
    "sql",
    ["SHOW JOBS", "SHOW JOB 1", "SHOW JOBS VALUES (1)", "SHOW AUTOMATIC JOBS", "SHOW JOBS FOR SCHEDULE 1",
     "SHOW JOBS FOR SCHEDULES SELECT 1", "SHOW JOB WHEN COMPLETE 1", "SHOW JOBS WHEN COMPLETE SELECT 1"],
)  # fmt: skip
def test_every_form_has_the_columns_of_the_version(con: Connection, sql: str) -> None:
    version = con.session.profile.version
    steps = json.loads((EVIDENCE / version / "scenarios" / "09_jobs_schedules.json").read_text())
    (step,) = [step for step in steps if step["sql"] == "SHOW JOB 1"]
    (result,) = con.session.execute(sql)
    assert result.columns is not None
    assert [column.name for column in result.columns] == step["columns"]
    assert [column.type.oid for column in result.columns] == step["types"]
    assert result.tag == "SHOW JOBS"


def test_the_list_has_what_runs_first_and_then_the_latest_end(con: Connection, put: Put) -> None:
    old, late, early = (put("succeeded", ended_ago=timedelta(hours=h)) for h in (12.1, 2, 11.9))
    paused, failed = put("paused"), put("failed")
    assert ids(con, "SHOW JOBS") == [paused, failed, late, early]
    assert ids(con, f"SHOW JOBS VALUES ({old}), ({failed})") == [old, failed]
    assert ids(con, "SELECT job_id FROM [SHOW JOBS] WHERE status = 'paused'") == [paused]


def test_automatic_jobs_are_listed_apart(con: Connection, put: Put) -> None:
    asked = put("succeeded", kind="create_stats", name="mine")
    by_itself = put("succeeded", kind="create_stats", name="__auto__")
    assert ids(con, "SHOW JOBS") == [asked]
    assert ask(con, "SELECT job_id, job_type FROM [SHOW AUTOMATIC JOBS]") == [
        (by_itself, "AUTO CREATE STATS")
    ]
    assert ids(con, f"SHOW JOB {by_itself}") == [by_itself]


def test_users_see_their_own_jobs_and_admins_all(con: Connection, put: Put) -> None:
    con.execute("CREATE USER ann; CREATE USER bob; CREATE USER carl; GRANT admin TO bob")
    of_ann, of_root = put("paused", owner="ann"), put("paused")
    for user, seen in {
        "root": [of_root, of_ann],
        "bob": [of_root, of_ann],
        "ann": [of_ann],
        "carl": [],
    }.items():
        con.session.user = user
        assert ids(con, "SHOW JOBS") == seen
        assert ids(con, f"SHOW JOB {of_ann}") == [id_ for id_ in seen if id_ == of_ann]


def test_the_jobs_of_schedules(con: Connection, put: Put) -> None:
    con.execute(SETUP)
    con.session.creator = ("crdb_schedule", 77)
    ((made, *_),) = ask(con, "BACKUP DATABASE shop TO 'nodelocal://1/b'")
    con.session.creator = None
    ask(con, "BACKUP DATABASE shop TO 'nodelocal://1/c'")
    assert ids(con, "SHOW JOBS FOR SCHEDULE 77") == [made]
    assert ids(con, "SHOW JOBS FOR SCHEDULES SELECT 77 UNION SELECT 78") == [made]
    assert ids(con, "SHOW JOBS FOR SCHEDULE 78") == []
    assert ask(con, f"SELECT created_by_type, created_by_id FROM system.jobs WHERE id = {made}") == [
        ("crdb_schedule", 77)
    ]


def test_what_a_finished_backup_shows(con: Connection) -> None:
    con.execute(SETUP)
    ((job_id, *_),) = ask(
        con, "BACKUP DATABASE shop TO 'nodelocal://1/b' WITH encryption_passphrase = 'hush'"
    )
    ((row),) = ask(
        con,
        "SELECT job_type, statement, user_name, status, running_status, fraction_completed, error, coordinator_id, "
        f"created <= started, started <= finished, finished <= modified FROM [SHOW JOB {job_id}]",
    )
    assert row == ("BACKUP", "", "root", "succeeded", None, 1.0, "", None, True, True, True)
    for text in (ask(con, f"SHOW JOB {job_id}"), ask(con, "SELECT * FROM system.jobs")):
        assert "hush" not in str(text)


def test_waiting_is_refused_inside_a_transaction(con: Connection) -> None:
    error = refusal(con, "BEGIN; SHOW JOB WHEN COMPLETE 1")
    assert (error.sqlstate, error.hint) == ("25001", "COMMIT first")


@pytest.mark.parametrize("sql", ["SHOW CHANGEFEED JOBS", "SHOW JOBS WITH EXECUTION DETAILS"])
def test_what_is_not_supported_says_so(con: Connection, sql: str) -> None:
    assert refusal(con, sql).sqlstate == "0A000"


# PAUSE, RESUME, CANCEL

STATES = (
    "pending",
    "running",
    "paused",
    "pause-requested",
    "cancel-requested",
    "reverting",
    "succeeded",
    "failed",
    "canceled",
)
NOTHING_TO_DO = {
    "PAUSE": {"paused", "pause-requested"},
    "RESUME": {"running", "reverting"},
    "CANCEL": {"canceled", "cancel-requested"},
}
WORDS = {
    "PAUSE": "cannot be requested to be paused",
    "RESUME": "cannot be resumed",
    "CANCEL": "cannot be requested to be canceled",
}
EFFECTIVE = {
    "PAUSE": {"pending", "running", "reverting"},
    "RESUME": {"paused"},
    "CANCEL": {"pending", "running", "paused"},
}


@pytest.mark.parametrize("command", WORDS)
def test_each_command_in_each_state(con: Connection, put: Put, command: str) -> None:
    """Of jobs that nobody runs, and that came without what they need: CANCEL works, the others say so."""
    for before in STATES:
        id_ = put(before)
        sql = f"{command} JOB {id_}"
        if before in NOTHING_TO_DO[command]:
            assert con.execute(sql).tag == f"{command} JOBS 1"
            assert state(con, id_) == before
        elif before not in EFFECTIVE[command]:
            error = refusal(con, sql)
            assert (error.message, error.sqlstate) == (f"job with status {before} {WORDS[command]}", "XXUUU")
            assert state(con, id_) == before
        elif command == "CANCEL":
            assert con.execute(sql).tag == "CANCEL JOBS 1"
            assert state(con, id_) == "canceled"
        else:
            error = refusal(con, sql)
            assert "what it needs to run is not in this store" in error.message
            assert error.hint is not None
            assert state(con, id_) == before


def test_one_job_that_is_refused_keeps_the_others_as_they_are(con: Connection, put: Put) -> None:
    paused, done = put("paused"), put("succeeded")
    assert "job with status succeeded" in refusal(con, f"CANCEL JOBS VALUES ({paused}), ({done})").message
    assert state(con, paused) == "paused"


@pytest.mark.parametrize("command", WORDS)
def test_ids_that_are_none(con: Connection, command: str) -> None:
    error = refusal(con, f"{command} JOB 404")
    assert (error.message, error.sqlstate) == ("job with ID 404 does not exist", "XXUUU")
    assert con.execute(f"{command} JOB NULL").tag == f"{command} JOBS 0"
    assert con.execute(f"{command} JOBS SELECT 1 WHERE false").tag == f"{command} JOBS 0"
    error = refusal(con, f"{command} JOBS VALUES (true)")
    assert (error.message, error.sqlstate) == (f"{command} JOBS requires int values, not type bool", "42804")
    assert refusal(con, f"{command} JOBS VALUES ('many')").sqlstate == "42804"
    error = refusal(con, f"{command} JOBS VALUES (1, 2)")
    assert error.message == f"{command} JOBS expects a single column source, got 2 columns"
    assert refusal(con, f"{command} JOB {2**70}").sqlstate != "XX000"


def test_ids_by_query_and_twice(con: Connection, put: Put) -> None:
    one, two = put("paused"), put("paused")
    assert con.execute(f"CANCEL JOBS VALUES ({one}), ({one}), ('{two}'::INT)").tag == "CANCEL JOBS 2"
    three = put("paused")
    con.execute("CANCEL JOBS SELECT job_id FROM [SHOW JOBS] WHERE status = 'paused'")
    assert [state(con, id_) for id_ in (one, two, three)] == ["canceled"] * 3


def test_jobs_of_a_schedule_and_of_a_type(con: Connection, put: Put) -> None:
    mine, other = (
        put("paused", created_by=("crdb_schedule", 5)),
        put("paused", created_by=("crdb_schedule", 6)),
    )
    done = put("succeeded", created_by=("crdb_schedule", 5))
    assert con.execute("CANCEL JOBS FOR SCHEDULE 5").tag == "CANCEL JOBS FOR SCHEDULES 1"
    assert con.execute("CANCEL JOBS FOR SCHEDULES SELECT 5").tag == "CANCEL JOBS FOR SCHEDULES 0"
    assert [state(con, id_) for id_ in (mine, other, done)] == ["canceled", "paused", "succeeded"]
    restore = put("paused", kind="restore")
    assert con.execute("CANCEL ALL BACKUP JOBS").tag == "CANCEL JOBS 1"
    assert [state(con, id_) for id_ in (other, restore)] == ["canceled", "paused"]
    assert con.execute("CANCEL ALL RESTORE JOBS").tag == "CANCEL JOBS 1"


def test_what_cannot_be_canceled(con: Connection, put: Put) -> None:
    id_ = put("running", noncancelable=True)
    assert refusal(con, f"CANCEL JOB {id_}").message == f"job {id_}: not cancelable"


def test_a_reason_is_shown(con: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    note_every_file(monkeypatch)
    con.execute(SETUP)
    with gate_at(monkeypatch, 1) as gate:
        ((job_id,),) = ask(con, BACKUP)
        gate.wait()
        con.execute(f"PAUSE JOB {job_id} WITH REASON = 'the network is needed'")
    assert wait_for(con, job_id) == "paused"
    assert ask(con, f"SELECT error FROM [SHOW JOB {job_id}]") == [("the network is needed",)]
    ((fraction,),) = ask(con, f"SELECT fraction_completed FROM [SHOW JOB {job_id}]")
    assert 0 < fraction < 1
    con.execute(f"RESUME JOB {job_id}")
    assert wait_for(con, job_id) == "succeeded"
    assert ask(con, f"SELECT error, fraction_completed FROM [SHOW JOB {job_id}]") == [("", 1.0)]


@pytest.mark.parametrize("is_paused", [False, True], ids=["running", "paused"])
def test_a_canceled_backup_leaves_nothing(
    con: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_paused: bool
) -> None:
    note_every_file(monkeypatch)
    con.execute(SETUP)
    with gate_at(monkeypatch, 2) as gate:
        ((job_id,),) = ask(con, BACKUP)
        gate.wait()
        con.execute(f"{'PAUSE' if is_paused else 'CANCEL'} JOB {job_id}")
    if is_paused:
        assert wait_for(con, job_id) == "paused"
        assert list((tmp_path / "extern" / "b").rglob("*.sst"))
        con.execute(f"CANCEL JOB {job_id}")
    assert wait_for(con, job_id) == "canceled"
    assert not [path for path in (tmp_path / "extern").rglob("*") if path.is_file()]
    assert UnfinishedJobs(con.session).all() == {}
    assert ask(con, f"SELECT error FROM [SHOW JOB {job_id}]") == [("job canceled",)]


def test_a_job_whose_storage_is_gone_can_be_canceled(
    con: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_every_file(monkeypatch)
    con.execute(SETUP)
    sql = BACKUP + ", encryption_passphrase = 'hush'"
    with gate_at(monkeypatch, 1) as gate:
        ((job_id,),) = ask(con, sql)
        gate.wait()
        con.execute(f"PAUSE JOB {job_id}")
    assert wait_for(con, job_id) == "paused"
    (tmp_path / "extern" / "b" / "ENCRYPTION-INFO").write_bytes(b"damaged")
    assert "hush" not in str(refusal(con, f"RESUME JOB {job_id}"))
    assert state(con, job_id) == "paused"
    cursor = con.execute(f"CANCEL JOB {job_id}")
    assert any("what it wrote is still there" in text for text in cursor.notices)
    assert state(con, job_id) == "canceled"


def test_a_paused_restore_is_canceled_and_not_done(con: Connection, put: Put) -> None:
    con.execute(f"{SETUP} BACKUP DATABASE shop TO 'nodelocal://1/b'")
    id_ = put("paused", kind="restore")
    needs = Unfinished(
        "RESTORE DATABASE shop FROM 'nodelocal://1/b' WITH new_db_name = 'c'",
        "",
        "root",
        con.session.profile.version,
        state="paused",
    )
    con.session.write_apart(lambda: UnfinishedJobs(con.session).put(id_, needs))
    con.execute(f"CANCEL JOB {id_}")
    assert state(con, id_) == "canceled"
    assert "c" not in [row[0] for row in ask(con, "SHOW DATABASES")]
    assert UnfinishedJobs(con.session).all() == {}
    assert "nodelocal" not in repr(needs)


def test_a_backup_to_the_folder_of_one_that_is_paused_is_refused(
    con: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_every_file(monkeypatch)
    con.execute(SETUP)
    with gate_at(monkeypatch, 1) as gate:
        ((job_id,),) = ask(con, BACKUP)
        gate.wait()
        for is_paused in (False, True):
            if is_paused:
                con.execute(f"PAUSE JOB {job_id}")
                gate.open()
                assert wait_for(con, job_id) == "paused"
            error = refusal(con, "BACKUP DATABASE shop TO 'nodelocal://1/b'")
            assert (
                "already contains a BACKUP-CHECKPOINT file (is another operation already in progress?)"
                in error.message
            )
    con.execute(f"RESUME JOB {job_id}")
    assert wait_for(con, job_id) == "succeeded"


# Who may


def test_controljob_and_admins(con: Connection, put: Put) -> None:
    con.execute("CREATE USER ann; CREATE USER bob WITH CONTROLJOB; CREATE USER carl; GRANT admin TO carl")
    of_ann, of_root, of_carl = put("paused", owner="ann"), put("paused"), put("paused", owner="carl")
    con.session.user = "ann"
    error = refusal(con, f"CANCEL JOB {of_ann}")
    assert (error.message, error.sqlstate) == ("user ann does not have CONTROLJOB privilege", "42501")
    con.session.user = "bob"
    for id_ in (of_root, of_carl):
        error = refusal(con, f"CANCEL JOB {id_}")
        assert (error.message, error.sqlstate) == (
            "only admins can control jobs owned by other admins",
            "42501",
        )
    con.execute(f"CANCEL JOB {of_ann}")
    con.session.user = "carl"
    con.execute(f"CANCEL JOBS VALUES ({of_root}), ({of_carl})")
    assert [state(con, id_) for id_ in (of_ann, of_root, of_carl)] == ["canceled"] * 3


def test_another_owner(con: Connection, put: Put) -> None:
    con.execute("CREATE USER ann")
    id_ = put("paused")
    con.execute(f"ALTER JOB {id_} OWNER TO ann")
    assert ask(con, f"SELECT user_name FROM [SHOW JOB {id_}]") == [("ann",)]
    assert refusal(con, f"ALTER JOB {id_} OWNER TO nobody_at_all").sqlstate == "42704"
    assert refusal(con, "ALTER JOB 404 OWNER TO ann").message == "job with ID 404 does not exist"
    con.session.user = "ann"
    assert refusal(con, f"ALTER JOB {id_} OWNER TO root").sqlstate == "42501"


# How long


def test_old_jobs_go_when_the_next_begins(con: Connection, put: Put) -> None:
    con.execute(SETUP)
    old, young = (put("succeeded", ended_ago=timedelta(days=days)) for days in (14.1, 13.9))
    paused = put("paused")
    ((job_id, *_),) = ask(con, "BACKUP DATABASE shop TO 'nodelocal://1/one'")
    assert sorted(ids(con, "SELECT id FROM system.jobs")) == [young, paused, job_id]
    con.execute("SET CLUSTER SETTING jobs.retention_time = '1h'")
    ((last, *_),) = ask(con, "BACKUP DATABASE shop TO 'nodelocal://1/two'")
    assert sorted(ids(con, "SELECT id FROM system.jobs")) == [paused, job_id, last]
    assert old not in ids(con, "SELECT id FROM system.jobs")
