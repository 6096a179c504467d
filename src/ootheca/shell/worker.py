"""`ootheca worker`: lets the jobs go on that another process left, and ends with them."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

from ootheca.exec.unfinished import UnfinishedJobs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from ootheca.exec.session import Session

__all__ = ["run_worker"]

_GOES_ON = frozenset({"running", "interrupted"})


def run_worker(session: Session, job_ids: Sequence[int]) -> int:
    """Let jobs go on, one after the other; those that were interrupted unless some are named. Return the exit status.

    SIGTERM and SIGINT pause the job that runs; it goes on with the next worker, or with RESUME JOB.
    """
    session.hands_over = False
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopped.set()
        for task in session.tasks:
            task.ask("stop")

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    unfinished = UnfinishedJobs(session).all()
    chosen = job_ids or [id_ for id_, needs in unfinished.items() if needs.state in _GOES_ON]
    has_failed = False
    for id_ in chosen:
        if stopped.is_set():
            break
        status = _run(session, id_, stopped)
        sys.stderr.write(f"job {id_}: {status}\n")
        has_failed |= status != "succeeded"
    return 1 if has_failed else 0


def _run(session: Session, job_id: int, stopped: threading.Event) -> str:
    """Let one job go on to its end; return its state."""
    from ootheca.errors import OothecaError

    try:
        list(session.execute(f"RESUME JOB {job_id}"))
        if stopped.is_set():  # perhaps just before there was a task to ask
            for task in session.tasks:
                task.ask("stop")
        (result,) = session.execute(f"SHOW JOB WHEN COMPLETE {job_id}")
        states = [state for batch in result.batches for state in batch["status"].to_pylist()]
    except OothecaError as exc:
        return f"ERROR: {exc.message}"
    return str(states[0])
