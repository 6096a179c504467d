"""`ootheca scheduler` as a user, cron and systemd meet it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pytest

from ootheca.errors import StorageError
from ootheca.exec.session import Session
from ootheca.shell.main import main
from ootheca.shell.scheduler import run_scheduler
from tests.support.simulated import query

SETUP = "CREATE DATABASE d; CREATE TABLE d.t (a INT PRIMARY KEY); INSERT INTO d.t VALUES (1)"
SCHEDULE = (
    "CREATE SCHEDULE 'full' FOR BACKUP DATABASE d INTO 'nodelocal://1/c?AWS_SECRET_ACCESS_KEY=topsecret' "
    "RECURRING '@yearly' FULL BACKUP ALWAYS WITH SCHEDULE OPTIONS first_run = 'now'"
)
# Writes so slowly that a signal arrives in the middle, and tells when it begins to.
SLOW = """
import sys, time
from ootheca.shell.main import main
from ootheca.storage.directory import DirectoryStorage

plain = DirectoryStorage.write

def slow(self, *args, **kwargs):
    sys.stderr.write("writing\\n")
    sys.stderr.flush()
    time.sleep(60)
    return plain(self, *args, **kwargs)

DirectoryStorage.write = slow
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a schedule that is due."""
    path = tmp_path / "store"
    with Session(path, sandbox=True) as session:
        query(session, f"{SETUP}; {SCHEDULE}")
    return path


class Slept(Exception):
    """Ends the loop of a test."""


def sleeper(
    times: int, slept: list[float], then: Callable[[], object] = lambda: None
) -> Callable[[float], None]:
    """Return a `sleep` that returns at once, so many times."""

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        then()
        if len(slept) >= times:
            raise Slept

    return sleep


def opener(store: Path) -> Callable[[], Session]:
    return lambda: Session(store, sandbox=True)


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that ends with the context; it heeds SIGINT however this one was started."""
    pipe = subprocess.PIPE
    command = [sys.executable, *words]
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, preexec_fn=_heed
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _heed() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def line_of(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def rows(store: Path, sql: str) -> list[tuple[Any, ...]]:
    with Session(store, sandbox=True) as session:
        return query(session, sql)


def test_once_runs_what_is_due_and_leaves(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scheduler", "--once", "--store", str(store), "--sandbox"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert "schedule" in line
    assert '"full"' in line
    assert "succeeded, job " in line
    assert "topsecret" not in captured.err
    assert main(["scheduler", "--once", "--store", str(store), "--sandbox"]) == 0
    assert capsys.readouterr().err == ""
    assert len(rows(store, "SHOW BACKUPS IN 'nodelocal://1/c'")) == 1


def test_once_tells_of_failures_by_its_status(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows(store, "DROP DATABASE d CASCADE")
    assert main(["scheduler", "--once", "--store", str(store), "--sandbox"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert ": failed: failed to resolve targets" in line


def test_nothing_runs_while_the_scheduler_is_disabled(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows(store, "SET CLUSTER SETTING jobs.scheduler.enabled = false")
    assert run_scheduler(opener(store), is_once=True) == 0
    assert capsys.readouterr().err == ""
    slept: list[float] = []
    with pytest.raises(Slept):
        run_scheduler(opener(store), sleep=sleeper(1, slept))
    assert slept == [60.0]
    assert rows(store, "SELECT count(*) FROM system.jobs") == [(0,)]


def test_it_sleeps_until_the_next_is_due_but_no_longer_than_its_pace(store: Path) -> None:
    slept: list[float] = []
    with pytest.raises(Slept):
        run_scheduler(opener(store), sleep=sleeper(1, slept))
    assert slept == [60.0]  # the next is due on the first of January, and perhaps that is now
    rows(store, "SET CLUSTER SETTING jobs.scheduler.pace = '2h'")
    rows(store, f"{SCHEDULE}, ignore_existing_backups".replace("@yearly", "@hourly"))
    with pytest.raises(Slept):
        run_scheduler(opener(store), sleep=sleeper(1, slept))
    now = datetime.now(UTC)
    to_full_hour = 3600 - now.minute * 60 - now.second
    assert min(abs(slept[1] - to_full_hour), abs(slept[1] - to_full_hour + 3600)) < 60


def test_the_store_is_free_while_it_sleeps(store: Path) -> None:
    slept: list[float] = []
    counts: list[Any] = []
    look = sleeper(2, slept, lambda: counts.extend(rows(store, "SELECT count(*) FROM system.jobs")))
    with pytest.raises(Slept):
        run_scheduler(opener(store), sleep=look)
    assert counts == [(1,), (1,)]


def test_a_store_in_use_is_said_once_and_tried_again(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = (
        "import sys; from ootheca.exec.session import Session; from pathlib import Path\n"
        f"with Session(Path({str(store)!r})):\n    print('open', flush=True)\n    sys.stdin.read()"
    )
    with started("-c", program) as holder:
        assert line_of(holder.stdout) == "open\n"
        slept: list[float] = []

        def let_go() -> None:
            if len(slept) == 3:
                holder.communicate()

        assert run_scheduler(opener(store), is_once=True) == 1
        assert "the store is in use by another process" in capsys.readouterr().err
        with pytest.raises(Slept):
            run_scheduler(opener(store), sleep=sleeper(4, slept, let_go))
    first, second = capsys.readouterr().err.splitlines()
    assert re.search(r"in use by another process \(PID \d+\); it is tried again every 5 seconds", first)
    assert "succeeded" in second
    assert slept[:3] == [5.0, 5.0, 5.0]


def test_a_store_that_does_not_open_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.write_text("a file")
    with pytest.raises((StorageError, OSError)):
        run_scheduler(opener(path), is_once=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_while_it_sleeps(store: Path, number: signal.Signals) -> None:
    with started("-m", "ootheca", "scheduler", "--store", str(store), "--sandbox") as process:
        assert "succeeded" in line_of(process.stderr)
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 0
    assert rest.endswith(" stopped\n")


def test_a_signal_cancels_the_running_backup_and_leaves_nothing_listed(store: Path) -> None:
    with started("-c", SLOW, "scheduler", "--store", str(store), "--sandbox") as process:
        assert line_of(process.stderr) == "writing\n"
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 0
    assert rest.endswith(" stopped\n")
    assert "Traceback" not in rest
    assert rows(store, "SELECT status FROM system.jobs") == [("canceled",)]
    assert rows(store, "SHOW BACKUPS IN 'nodelocal://1/c'") == []
    assert main(["scheduler", "--once", "--store", str(store), "--sandbox"]) == 1
    ((state,),) = rows(store, "SELECT state FROM [SHOW SCHEDULES]")
    assert "failed with status canceled" in state


def test_help_names_the_flags(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scheduler", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(flag in text for flag in ("--once", "--store", "--external-io-dir", "--sandbox", "--locality"))
    assert main(["scheduler", "--nonsense"]) == 4
