"""The documented examples from end to end, and the transcript that they must print.

python -m tests.conformance.seed            print the transcript
python -m tests.conformance.seed --write    write it; then read the difference before you keep it
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

from ootheca.clock import FixedClock, Timestamp
from ootheca.exec.session import Session
from ootheca.shell.demo import load
from ootheca.shell.main import main

__all__ = ["SCRIPT", "TRANSCRIPT", "transcript"]

SCRIPT = Path(__file__).parent / "seed_session.sql"
TRANSCRIPT = Path(__file__).parent / "seed_session.txt"

# 2020-09-24 19:05:40.542168 UTC, a moment of the documentation; a millisecond passes with each look at the clock.
_START = Timestamp(1_600_974_340_542_168_000)
_STEP_NS = 1_000_000


def transcript(script: str | None = None, *, sandbox: bool = True) -> str:
    """Run the script through standard input under 20.2, and return what a terminal would show.

    Args:
        script: with other URIs in it than the documentation's.
        sandbox: without, these are contacted.
    """
    shown = io.StringIO()
    stdin, sys.stdin = sys.stdin, io.StringIO(SCRIPT.read_text() if script is None else script)
    clock = FixedClock(_START, step_ns=_STEP_NS)
    try:
        with (
            Session(None, sandbox=sandbox, version="20.2", clock=clock) as session,
            contextlib.redirect_stdout(shown),
            contextlib.redirect_stderr(shown),
        ):
            load(session, "movr")
            status = main([], session=session)
    finally:
        sys.stdin = stdin
    return f"{shown.getvalue()}exit status {status}\n"


if __name__ == "__main__":
    if "--write" in sys.argv:
        TRANSCRIPT.write_text(transcript())
    else:
        sys.stdout.write(transcript())
