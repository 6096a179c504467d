"""`\\tour`: encrypted backups from end to end, in a throw-away store whose clock starts two days ago.

Each step says what it does, runs real statements, and checks what it said.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ootheca.clock import SystemClock
from ootheca.errors import OothecaError
from ootheca.shell.demo import SANDBOX_NOTE, Moments, load, show
from ootheca.shell.fit import write_fitted
from ootheca.shell.lines import is_meta_line

if TYPE_CHECKING:
    from ootheca.exec.session import Session
    from ootheca.shell.session_io import Shell

__all__ = ["STEPS", "Step", "run_tour"]

_HOUR_NS = 3_600_000_000_000
_PLACE = "'s3://acme-backups/movr?AUTH=implicit'"
_EAST = "'aws:///acme-east?AUTH=implicit&REGION=us-east-1'"
_WEST = "'aws:///acme-west?AUTH=implicit&REGION=us-west-1'"
_NEXT = "'aws:///acme-next?AUTH=implicit&REGION=us-west-1'"
_STRANGER = "'aws:///somebody-else?AUTH=implicit&REGION=us-east-1'"
_COUNT = "(SELECT count(*) FROM {}.promo_codes)"


@dataclass(frozen=True, slots=True)
class Step:
    """One stop of the tour.

    Attributes:
        title: what it is about.
        says: what happens, and what to look at.
        statements: what is run, one after the other; meta-commands stand on lines of their own.
        claim: a query with one BOOL, which is true afterwards.
        fails: how many of the statements fail, as they should.
        hours_ago: when it happens.
    """

    title: str
    says: str
    statements: str
    claim: str
    fails: int = 0
    hours_ago: float = 0


STEPS = (
    Step(
        "Encrypt",
        "Two days ago: a backup with two master keys, one in each region. Either of them opens it.",
        f"""
BACKUP DATABASE movr INTO {_PLACE}
    WITH revision_history, kms = (
        {_EAST},
        {_WEST}
    );
""",
        f"SELECT count(*) = 1 FROM [SHOW BACKUPS IN {_PLACE}]",
        hours_ago=48,
    ),
    Step(
        "Look inside",
        "What is in it, without restoring it. A query reads the answer as a table.",
        f"""
SELECT object_name, object_type, rows
    FROM [SHOW BACKUP LATEST IN {_PLACE}
        WITH kms = {_EAST}]
    WHERE object_type = 'table';
""",
        f"SELECT sum(rows) = 2570 FROM [SHOW BACKUP LATEST IN {_PLACE} WITH kms = {_EAST}]",
        hours_ago=47,
    ),
    Step(
        "Break the key",
        "With a key that it was not made with, nothing can be read. The error is what you want to see.",
        f"""
SHOW BACKUP LATEST IN {_PLACE}
    WITH kms = {_STRANGER};
""",
        "SELECT true",
        fails=1,
        hours_ago=46,
    ),
    Step(
        "Lose a region",
        "us-east-1 is down: its key answers no more, and the other region's key opens the same backup.",
        f"""
\\region us-east-1 off
SHOW BACKUP LATEST IN {_PLACE}
    WITH kms = {_EAST};
SELECT count(*) AS tables
    FROM [SHOW BACKUP LATEST IN {_PLACE}
        WITH kms = {_WEST}]
    WHERE object_type = 'table';
\\region us-east-1 on
""",
        f"SELECT count(*) > 0 FROM [SHOW BACKUP LATEST IN {_PLACE} WITH kms = {_WEST}]",
        fails=1,
        hours_ago=45,
    ),
    Step(
        "Append",
        "A day has passed, and a row was added. An incremental layer holds what changed; it needs the same keys.",
        f"""
INSERT INTO movr.promo_codes (code, description) VALUES ('tour', 'a ride for free');
BACKUP DATABASE movr INTO LATEST IN {_PLACE}
    WITH revision_history, kms = (
        {_EAST},
        {_WEST}
    );
""",
        f"SELECT count(DISTINCT end_time) = 2 FROM [SHOW BACKUP LATEST IN {_PLACE} WITH kms = {_WEST}]",
        hours_ago=24.5,
    ),
    Step(
        "Rotate",
        "A new master key is let in by an old one. No data file is written again.",
        f"""
ALTER BACKUP LATEST IN {_PLACE}
    ADD NEW_KMS = {_NEXT}
    WITH OLD_KMS = {_WEST};
""",
        f"SELECT count(*) > 0 FROM [SHOW BACKUP LATEST IN {_PLACE} WITH kms = {_NEXT}]",
        hours_ago=24.25,
    ),
    Step(
        "Lose data",
        "Two hours ago somebody forgot the WHERE, and the nightly layer faithfully keeps that too.",
        f"""
DELETE FROM movr.promo_codes;
BACKUP DATABASE movr INTO LATEST IN {_PLACE}
    WITH revision_history, kms = {_NEXT};
""",
        f"SELECT {_COUNT.format('movr')} = 0",
        hours_ago=2,
    ),
    Step(
        "Restore to yesterday",
        "The layers hold every version of every row: ask for this time yesterday, beside what is there now.",
        f"""
RESTORE DATABASE movr FROM LATEST IN {_PLACE}
    AS OF SYSTEM TIME '-1d'
    WITH new_db_name = 'movr_yesterday', kms = {_NEXT};
SELECT {_COUNT.format("movr")} AS now,
    {_COUNT.format("movr_yesterday")} AS yesterday;
""",
        f"SELECT {_COUNT.format('movr')} = 0 AND {_COUNT.format('movr_yesterday')} = 1001",
    ),
)


def run_tour(shell: Shell, steps: Sequence[Step] = STEPS) -> None:
    """Go through the steps; at a prompt, wait for Enter between them.

    Raises:
        LeaveShell: a claim was wrong, and `errexit` is on.
    """
    from ootheca.exec.session import Session
    from ootheca.shell.session_io import Shell as Guide

    moments = Moments()
    moments.delay_ns = 49 * _HOUR_NS
    with Session(None, sandbox=True, clock=SystemClock(read_ns=moments.read_ns)) as session:
        load(session, "movr")
        options = replace(shell.options, errexit=False, show_times=False, pager=False, display_format="table")
        guide = Guide(session, options)
        write_fitted(
            f"\n# A tour in {len(steps)} steps, in a store of its own: yours stays as it is.\n# {SANDBOX_NOTE}\n"
        )
        for number, step in enumerate(steps, 1):
            if shell.is_interactive and not _wants_more():
                return
            moments.delay_ns = int(step.hours_ago * _HOUR_NS)
            write_fitted(f"\n# {number}/{len(steps)} {step.title}\n# {step.says}\n")
            if not _take(guide, step):
                shell.refuse(f"ERROR: the tour expected something else in step {number}")
                return
    write_fitted(f"\n# That was all: {len(steps)} steps, and each did what it said.\n")
    sys.stdout.flush()


def _take(guide: Shell, step: Step) -> bool:
    """Run the statements of a step; return whether it did what it said."""
    from ootheca.shell.meta import run_meta

    num_failed = 0
    for statement in _split(step.statements):
        guide.has_failed = False
        if is_meta_line(statement):
            sys.stdout.write(f"> {statement}\n")
            run_meta(guide, statement)
        else:
            show(guide, statement)
        num_failed += guide.has_failed
    return num_failed == step.fails and _holds(guide.session, step.claim)


def _split(text: str) -> Iterator[str]:
    """Yield the statements and meta-commands of a text."""
    pending: list[str] = []
    for line in text.strip().splitlines():
        pending.append(line)
        if line.endswith(";") or is_meta_line(line):
            yield "\n".join(pending)
            pending.clear()


def _holds(session: Session, claim: str) -> bool:
    try:
        values = [
            value
            for result in session.execute(claim)
            for batch in result.batches
            for value in batch.column(0)
        ]
    except OothecaError:
        return False
    return [value.as_py() for value in values] == [True]


def _wants_more() -> bool:
    """Wait for Enter; anything else that begins with q, Ctrl+C and Ctrl+D leave."""
    sys.stdout.flush()
    try:
        return not input("\n# Enter goes on, q leaves: ").strip().lower().startswith("q")
    except (EOFError, KeyboardInterrupt):
        sys.stdout.write("\n")
        return False
