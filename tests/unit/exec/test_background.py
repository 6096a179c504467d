"""Jobs in the background: what goes on beside them, how they are stopped, and how they go on."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import ootheca
from ootheca.connection import Connection
from ootheca.crypto import aead
from ootheca.errors import OothecaError
from ootheca.exec.statements import restore
from ootheca.exec.unfinished import UnfinishedJobs
from tests.support.golden import VERSIONS
from tests.support.jobs import SMALL_FILES, ask, gate_at, note_every_file, state, wait_for

PASSPHRASE = "encryption_passphrase = 'open sesame'"
KMS = "kms = 'aws-kms:///cmk?AUTH=implicit&REGION=us-east-1'"
LOCALITIES = (
    "('nodelocal://1/b/def?COCKROACH_LOCALITY=default', 'nodelocal://1/b/eu?COCKROACH_LOCALITY=region%3Deu')"
)
SETUP = f"""
CREATE DATABASE shop; {SMALL_FILES};
CREATE TABLE shop.t (id INT PRIMARY KEY, v STRING, INDEX (v));
INSERT INTO shop.t SELECT i, repeat('x', 100) || i::STRING FROM generate_series(1, 60) AS g(i);
CREATE TABLE shop.u (id INT PRIMARY KEY, v STRING); INSERT INTO shop.u VALUES (1, 'one'), (2, 'two');
CREATE TABLE shop.w (id INT PRIMARY KEY); INSERT INTO shop.w VALUES (1), (2), (3);
CREATE SEQUENCE shop.s; SELECT nextval('shop.s');
"""
CHANGES = """
UPDATE shop.t SET v = v || '!' WHERE id % 2 = 0; DELETE FROM shop.t WHERE id = 7;
INSERT INTO shop.t VALUES (1000, 'more'); UPDATE shop.u SET v = 'zwei' WHERE id = 2
"""
# What may happen to the tables while a backup of them is taken; each ends in a state in which the others work.
MEANWHILE = """
INSERT INTO shop.t SELECT i, 'late' FROM generate_series(2001, 2100) AS g(i);
UPDATE shop.t SET v = 'changed'; DELETE FROM shop.t WHERE id % 3 = 0; SELECT nextval('shop.s');
ALTER TABLE shop.u ADD COLUMN n INT DEFAULT 5; ALTER TABLE shop.u RENAME COLUMN v TO x; CREATE INDEX ON shop.u (n);
TRUNCATE shop.w; INSERT INTO shop.w VALUES (9); DROP TABLE shop.w; DROP SEQUENCE shop.s;
CREATE TABLE shop.later (id INT PRIMARY KEY); INSERT INTO shop.later VALUES (1)
"""
TABLES = ("t", "u", "w")


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    note_every_file(monkeypatch)


def connect(store: Path, version: str = "21.2", locality: str = "") -> Connection:
    con = ootheca.connect(store, sandbox=True, version=version, locality=locality)
    con.session.hands_over = False  # no process outlives a test
    return con


@pytest.fixture(params=VERSIONS)
def con(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with connect(tmp_path, request.param) as opened:
        opened.execute(SETUP)
        yield opened


def contents(con: Connection, database: str) -> dict[str, Any]:
    held: dict[str, Any] = {name: ask(con, f"SELECT * FROM {database}.{name} ORDER BY id") for name in TABLES}
    held["tables"] = sorted(row[1] for row in ask(con, f"SHOW TABLES FROM {database}"))
    held["next"] = ask(con, f"SELECT nextval('{database}.s')")
    return held


def restored(con: Connection, where: str, options: str = "") -> dict[str, Any]:
    """Restore the database under another name, and return what it holds."""
    given = ", ".join(filter(None, [options, "new_db_name = 'again'"]))
    con.execute(f"DROP DATABASE IF EXISTS again CASCADE; RESTORE DATABASE shop FROM {where} WITH {given}")
    return contents(con, "again")


def expected(con: Connection) -> dict[str, Any]:
    """Return what a backup that is taken now will bring back; takes one value of the sequence, as `contents` does."""
    held = contents(con, "shop")
    con.execute(f"SELECT setval('shop.s', {held['next'][0][0] - 1})")
    return held


# Beside the work


def test_the_first_statement_of_a_new_store_may_be_detached() -> None:
    with ootheca.connect() as con:
        ((job_id,),) = ask(con, "BACKUP DATABASE defaultdb TO 'nodelocal://1/b' WITH DETACHED")
        assert wait_for(con, job_id) == "succeeded"


def test_a_backup_holds_the_rows_of_its_end_whatever_happens_meanwhile(
    con: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = expected(con)
    with gate_at(monkeypatch, 2) as gate:
        ((job_id,),) = ask(con, "BACKUP DATABASE shop TO 'nodelocal://1/b' WITH DETACHED")
        gate.wait()
        con.execute(MEANWHILE)
        assert ask(con, "SELECT count(*) FROM shop.later") == [(1,)]
        assert state(con, job_id) == "running"
    assert wait_for(con, job_id) == "succeeded"
    assert restored(con, "'nodelocal://1/b'") == before


def test_backups_that_are_taken_at_the_same_time(con: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    before = expected(con)
    with gate_at(monkeypatch, 2) as gate:
        ((first,),) = ask(con, "BACKUP DATABASE shop TO 'nodelocal://1/one' WITH DETACHED")
        gate.wait()
        con.execute("DELETE FROM shop.u")
        between = expected(con)
        ((second,),) = ask(con, "BACKUP DATABASE shop TO 'nodelocal://1/two' WITH DETACHED")
        con.execute("DELETE FROM shop.t")
        assert {state(con, first), state(con, second)} == {"running"}
    assert {wait_for(con, first), wait_for(con, second)} == {"succeeded"}
    assert restored(con, "'nodelocal://1/one'") == before
    assert restored(con, "'nodelocal://1/two'") == between


def test_a_chain_grows_by_one_layer_at_a_time(con: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    con.execute("BACKUP DATABASE shop INTO 'nodelocal://1/c'")
    con.execute(CHANGES)
    layer = "BACKUP DATABASE shop INTO LATEST IN 'nodelocal://1/c'"
    with gate_at(monkeypatch, 1) as gate:
        ((job_id,),) = ask(con, f"{layer} WITH DETACHED")
        gate.wait()
        with pytest.raises(OothecaError, match=f"is being taken by job {job_id}") as caught:
            con.execute(layer)
        assert caught.value.hint is not None
        con.execute("DELETE FROM shop.u")
    assert wait_for(con, job_id) == "succeeded"
    con.execute(layer)
    before = expected(con)
    assert restored(con, "LATEST IN 'nodelocal://1/c'") == before


def test_the_statements_after_a_detached_restore_see_it_or_not_but_never_half(con: Connection) -> None:
    before = expected(con)
    con.execute("BACKUP DATABASE shop TO 'nodelocal://1/b'")
    ((job_id,),) = ask(
        con, "RESTORE DATABASE shop FROM 'nodelocal://1/b' WITH DETACHED, new_db_name = 'again'"
    )
    con.execute("INSERT INTO shop.u VALUES (77, 'after')")
    assert wait_for(con, job_id) == "succeeded"
    assert contents(con, "again") == before
    assert ask(con, "SELECT v FROM shop.u WHERE id = 77") == [("after",)]


def test_what_only_reads_does_not_wait_for_a_restore(
    con: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    con.execute("BACKUP DATABASE shop TO 'nodelocal://1/b'")
    reached, go_on, plain = threading.Event(), threading.Event(), restore.run_restore

    def held(*args: Any, **kwargs: Any) -> Any:
        reached.set()
        assert go_on.wait(60)
        return plain(*args, **kwargs)

    monkeypatch.setattr(restore, "run_restore", held)
    ((job_id,),) = ask(
        con, "RESTORE DATABASE shop FROM 'nodelocal://1/b' WITH DETACHED, new_db_name = 'again'"
    )
    assert reached.wait(60)
    assert ask(con, "SELECT count(*) FROM shop.u") != [(0,)]
    assert ("again",) not in ask(con, "SELECT database_name FROM [SHOW DATABASES]")
    assert ask(con, f"SELECT status FROM [SHOW JOB {job_id}]") == [("running",)]
    go_on.set()
    con.execute("CREATE TABLE shop.later (a INT)")  # which waits
    assert state(con, job_id) == "succeeded"
    assert ("again",) in ask(con, "SELECT database_name FROM [SHOW DATABASES]")


def test_a_detached_job_begins_with_its_transaction_or_never(con: Connection, tmp_path: Path) -> None:
    cursor = con.execute("BEGIN; BACKUP DATABASE shop TO 'nodelocal://1/a' WITH DETACHED")
    assert cursor.description is not None
    assert [column[0] for column in cursor.description] == ["job_id"]
    con.execute("ROLLBACK")
    assert not (tmp_path / "extern" / "a").exists()
    assert ask(con, "SHOW JOBS") == []
    con.execute("BEGIN; DELETE FROM shop.u WHERE id = 1")
    ((job_id,),) = ask(con, "BACKUP DATABASE shop TO 'nodelocal://1/a' WITH DETACHED")
    assert ask(con, f"SHOW JOB {job_id}") == []
    con.execute("COMMIT")
    assert wait_for(con, job_id) == "succeeded"
    assert restored(con, "'nodelocal://1/a'")["u"] == [(2, "two")]  # without what the transaction deleted


def test_what_fails_before_its_job_begins_fails_at_the_statement(con: Connection) -> None:
    for sql, words in [
        ("BACKUP DATABASE nope TO 'nodelocal://1/a' WITH DETACHED", 'database "nope"'),
        ("BACKUP DATABASE shop TO 'what://1/a' WITH DETACHED", "unsupported storage scheme"),
        ("RESTORE DATABASE shop FROM 'nodelocal://1/none' WITH DETACHED", "does not exist"),
    ]:
        with pytest.raises(OothecaError, match=words):
            con.execute(sql)
    assert ask(con, "SHOW JOBS") == []


def test_a_transaction_whose_job_cannot_begin_is_committed_with_a_notice(con: Connection) -> None:
    con.execute("CREATE DATABASE late; CREATE TABLE late.t (a INT); BEGIN; DELETE FROM shop.u")
    ((job_id,),) = ask(con, "BACKUP DATABASE late INTO 'nodelocal://1/none' WITH DETACHED")
    cursor = con.execute("DROP DATABASE late CASCADE; COMMIT")
    assert any(f"job {job_id} failed" in text for text in cursor.notices)
    assert ask(con, "SELECT count(*) FROM shop.u") == [(0,)]
    ((status, error),) = ask(con, f"SELECT status, error FROM [SHOW JOB {job_id}]")
    assert status == "failed"
    assert 'database "late"' in error


def test_a_detached_statement_that_was_prepared_goes_on_in_the_background(
    con: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = "PREPARE p AS BACKUP DATABASE shop TO $1 WITH DETACHED; EXECUTE p('nodelocal://1/p')"
    with gate_at(monkeypatch, 0) as gate:
        ((job_id,),) = ask(con, sql)
        gate.wait()
        assert state(con, job_id) == "running"
    assert wait_for(con, job_id) == "succeeded"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("RESTORE DATABASE shop FROM 'nodelocal://1/none' WITH DETACHED", "no such file or directory"),
        ("BACKUP DATABASE absent INTO 'nodelocal://1/c' WITH DETACHED", 'database "absent"'),
    ],
)
def test_what_could_not_begin_is_refused_before_commit(con: Connection, statement: str, problem: str) -> None:
    con.execute("BEGIN; DELETE FROM shop.u")
    with pytest.raises(OothecaError, match=problem):
        con.execute(statement)
    con.execute("ROLLBACK")
    assert ask(con, "SHOW JOBS") == []
    assert ask(con, "SELECT count(*) FROM shop.u") != [(0,)]


def test_what_fails_in_the_background_is_in_the_row(
    con: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gate_at(monkeypatch, 0) as gate:  # before the first file: no checkpoint is being written
        ((job_id,),) = ask(con, "BACKUP DATABASE shop TO 'nodelocal://1/b' WITH DETACHED")
        gate.wait()
        (tmp_path / "extern" / "b" / "BACKUP-CHECKPOINT").write_bytes(b"another's")
    assert wait_for(con, job_id) == "failed"
    ((error, finished),) = ask(con, f"SELECT error, finished FROM [SHOW JOB {job_id}]")
    assert "already contains a BACKUP-CHECKPOINT file" in error
    assert finished is not None
    assert (tmp_path / "extern" / "b" / "BACKUP-CHECKPOINT").read_bytes() == b"another's"


# Stopped, and gone on


FORMS = {
    "plain": ("'nodelocal://1/b'", ""),
    "passphrase": ("'nodelocal://1/b'", PASSPHRASE),
    "kms": ("'nodelocal://1/b'", KMS),
    "revisions": ("'nodelocal://1/b'", f"revision_history, {PASSPHRASE}"),
    "localities": (LOCALITIES, PASSPHRASE),
    "external": ("'external://there/b'", PASSPHRASE),
    "userfile": ("'userfile:///b'", PASSPHRASE),
}


CASES = [
    *(
        (version, form, is_layer, False)
        for version, form, is_layer in product(["21.2"], FORMS, [False, True])
    ),
    *(("20.2", form, is_layer, False) for form, is_layer in product(["passphrase", "kms"], [False, True])),
    *(
        ("21.2", form, is_layer, True)
        for form, is_layer in product(["passphrase", "localities"], [False, True])
    ),
]


@pytest.mark.parametrize(("version", "form", "is_layer", "reopens"), CASES)
def test_a_paused_backup_goes_on_after_its_files(
    version: str, form: str, is_layer: bool, reopens: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, options = FORMS[form]
    opening = options.removeprefix("revision_history, ")
    sql = f"BACKUP DATABASE shop TO {where} WITH DETACHED{', ' if options else ''}{options}"
    locality = "region=eu" if form == "localities" else ""
    con = connect(tmp_path, version, locality)
    con.execute(f"{SETUP} CREATE EXTERNAL CONNECTION there AS 'nodelocal://1/there'")
    if is_layer:
        ((job_id,),) = ask(con, sql)
        assert wait_for(con, job_id) == "succeeded"
        con.execute(CHANGES)
    before = expected(con)
    with gate_at(monkeypatch, 3) as gate:
        ((job_id,),) = ask(con, sql)
        gate.wait()
        con.execute(MEANWHILE)
        assert con.execute(f"PAUSE JOB {job_id}").tag == "PAUSE JOBS 1"
        assert state(con, job_id) == "pause-requested"
        gate.open()
        assert wait_for(con, job_id) == "paused"
        written = gate.num_written()
        assert written
        if reopens:
            con.close()
            con = connect(tmp_path, version, locality)
        assert con.execute(f"RESUME JOB {job_id}").tag == "RESUME JOBS 1"
        assert wait_for(con, job_id) == "succeeded"
        assert gate.num_written() > written
        assert max(gate.num_written().values()) == 1
    assert restored(con, where, opening) == before
    files = [path for path in tmp_path.rglob("*.sst") if path.is_file()]
    kept = {path.name for path in files}
    assert {name.rpartition("/")[2] for name in written} <= kept  # none was thrown away
    if opening:
        assert {aead.decode_header(path.read_bytes(), location="").version for path in files} == {
            1 if version == "20.2" else 2
        }
    assert "sesame" not in str(ask(con, "SHOW JOBS")) + str(ask(con, "SELECT * FROM system.jobs"))
    con.close()


# The session closes


def test_a_session_in_memory_waits_for_its_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ootheca.connect(external_io_dir=tmp_path) as con:
        con.execute(SETUP)
        with gate_at(monkeypatch, 1) as gate:
            con.execute("BACKUP DATABASE shop TO 'nodelocal://1/b' WITH DETACHED")
            gate.wait()
            threading.Timer(0.2, gate.open).start()
            con.close()
    assert ootheca.open_backup("nodelocal://1/b", external_io_dir=tmp_path).verify().is_sound


def test_what_a_user_paused_stays_paused_when_the_session_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[int] = []
    monkeypatch.setattr("ootheca.exec.session.hand_over", lambda _, job_ids: handed.extend(job_ids))
    con = connect(tmp_path)
    con.execute(SETUP)
    with gate_at(monkeypatch, 1) as gate:
        ((paused,),) = ask(con, "BACKUP DATABASE shop TO 'nodelocal://1/a' WITH DETACHED")
        gate.wait()
        ((running,),) = ask(con, "BACKUP DATABASE shop TO 'nodelocal://1/b' WITH DETACHED")
        con.execute(f"PAUSE JOB {paused}")
        threading.Timer(2.5, gate.open).start()  # later than a short job is waited for
        con.close()
    assert handed == [running]
    with connect(tmp_path) as con:
        assert [state(con, id_) for id_ in (paused, running)] == ["paused", "paused"]


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("it never came to that")


def test_another_process_takes_over_when_the_session_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    con = connect(tmp_path)
    con.execute(SETUP)
    before = expected(con)
    con.session.hands_over = True
    with gate_at(monkeypatch, 1) as gate:
        ((job_id,),) = ask(con, f"BACKUP DATABASE shop TO 'nodelocal://1/b' WITH DETACHED, {PASSPHRASE}")
        gate.wait()
        threading.Timer(1.5, gate.open).start()
        con.close()
    wait_until((tmp_path / "extern" / "b" / "BACKUP_MANIFEST").exists)
    with connect(tmp_path) as con:  # waits until the other has let go of the store
        assert state(con, job_id) == "succeeded"
        assert restored(con, "'nodelocal://1/b'", PASSPHRASE) == before


SLOW_WORKER = """
import sys, time
from ootheca.backup import checkpoint, data_files
from ootheca.storage.directory import DirectoryStorage
data_files._SST_SIZE, checkpoint._SHARE = 1, 0
plain = DirectoryStorage.write

def slow(self, name, *args, **kwargs):
    time.sleep(0.3)
    plain(self, name, *args, **kwargs)

DirectoryStorage.write = slow
from ootheca.shell.main import main
sys.exit(main(["worker", "--store", sys.argv[1], "--sandbox", sys.argv[2]]))
"""


def test_a_worker_that_is_terminated_pauses_its_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    con = connect(tmp_path)
    con.execute(SETUP)
    before = expected(con)
    folder = tmp_path / "extern" / "b"
    with gate_at(monkeypatch, 1) as gate:
        ((job_id,),) = ask(con, f"BACKUP DATABASE shop TO 'nodelocal://1/b' WITH DETACHED, {PASSPHRASE}")
        gate.wait()
        con.execute(f"PAUSE JOB {job_id}")
    assert wait_for(con, job_id) == "paused"
    con.close()
    num_files = len(list(folder.rglob("*.sst")))
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_WORKER, str(tmp_path), str(job_id)], stderr=subprocess.PIPE, text=True
    ) as worker:
        wait_until(lambda: len(list(folder.rglob("*.sst"))) > num_files)
        worker.send_signal(signal.SIGTERM)
        assert worker.stderr is not None
        assert f"job {job_id}: paused" in worker.stderr.read()
        assert worker.wait() == 1
    assert not (folder / "BACKUP_MANIFEST").exists()
    with connect(tmp_path) as con:
        assert state(con, job_id) == "paused"
        con.execute(f"RESUME JOB {job_id}")
        assert wait_for(con, job_id) == "succeeded"
        assert restored(con, "'nodelocal://1/b'", PASSPHRASE) == before


# Secrets


def test_a_passphrase_is_nowhere_to_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(tmp_path) as con:
        con.execute(SETUP)
        shown: list[object] = []
        with gate_at(monkeypatch, 1) as gate:
            cursor = con.execute(f"BACKUP DATABASE shop TO 'nodelocal://1/b' WITH DETACHED, {PASSPHRASE}")
            ((job_id,),) = cursor.fetchall()
            gate.wait()
            shown += [cursor.notices, con.session.tasks, con.session.share.jobs]
            shown += [UnfinishedJobs(con.session).all()]
            con.execute(f"PAUSE JOB {job_id}")
        assert wait_for(con, job_id) == "paused"
        for sql in (
            "SHOW JOBS",
            f"SHOW JOB {job_id}",
            "SELECT * FROM system.jobs",
            "SHOW TABLES FROM system",
        ):
            shown.append(ask(con, sql))
        con.execute("BACKUP TO 'nodelocal://1/whole'")
        assert "open sesame" not in repr(shown)
        assert "encryption_passphrase" in repr(shown)
        plain = ootheca.open_backup("nodelocal://1/whole", external_io_dir=tmp_path / "extern")
        kept = [plain.table(name).to_arrow().to_pylist() for name in plain.tables]
        assert "open sesame" not in repr(kept)
        files = [path for path in (tmp_path / "extern").rglob("*") if path.is_file()]
        assert not [path for path in files if b"open sesame" in path.read_bytes()]
