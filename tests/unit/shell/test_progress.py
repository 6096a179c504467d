"""The bar of a running job: what it says, and where it is drawn."""

from __future__ import annotations

import io
import threading

import pytest

from ootheca.backup.progress import Progress
from ootheca.exec.jobs import RunningJob
from ootheca.exec.session import Session
from ootheca.shell import progress as bar
from ootheca.shell.progress import ProgressBar, format_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("progress", "seconds", "line"),
    [
        (Progress(), 3.0, "........................   0%  0 B  0 entries/s"),
        (
            Progress(total=4000, entries=1000, size=1 << 20, files=2),
            2.0,
            "######..................  25%  2 files  1 MiB  500 entries/s  0:06 left",
        ),
        (
            Progress(total=10**9, entries=10**6, size=3 << 30),
            60.0,
            "........................   0%  3 GiB  16,667 entries/s  16:39:00 left",
        ),
        (
            Progress(total=100, entries=250, size=1),
            1.0,
            "#######################.  99%  1 B  250 entries/s  0:00 left",
        ),
    ],
)
def test_a_line_says_what_is_done(progress: Progress, seconds: float, line: str) -> None:
    assert format_progress(progress, seconds) == line


def test_the_bar_of_the_sessions_own_job_is_drawn_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar, "_FIRST_SECONDS", 0.001)
    monkeypatch.setattr(bar, "_STEP_SECONDS", 0.001)
    drawn = threading.Event()

    class Watched(Terminal):
        def write(self, text: str) -> int:
            if "25%" in text:
                drawn.set()
            return super().write(text)

    out = Watched()
    with Session(None) as session:
        job = RunningJob(1, "BACKUP", session)
        job.progress.total, job.progress.entries = 4, 1
        session.share.jobs[1] = job
        with ProgressBar(session, out):
            assert drawn.wait(10)
        session.share.jobs.clear()
    assert out.getvalue().endswith("\r\x1b[K")


def test_no_bar_without_a_terminal_or_a_job_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar, "_FIRST_SECONDS", 0.0)
    monkeypatch.setattr(bar, "_STEP_SECONDS", 0.0)
    with Session(None) as session, session.sibling() as other:
        session.share.jobs[1] = RunningJob(1, "BACKUP", other)
        for out in (io.StringIO(), Terminal()):
            with ProgressBar(session, out):
                pass
            assert out.getvalue() == ""
        session.share.jobs.clear()
