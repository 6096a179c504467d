"""`ootheca demo`: a throw-away store with sample data, and the documented examples from end to end."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ootheca.clock import SystemClock
from ootheca.shell.fit import write_fitted
from ootheca.shell.launch import UsageError, check_flags, is_interactive, options_of, run_shell
from ootheca.shell.runner import complain

if TYPE_CHECKING:
    import argparse

    from ootheca.exec.session import Session
    from ootheca.shell.options import Options
    from ootheca.shell.session_io import Shell

__all__ = ["EXAMPLES", "SANDBOX_NOTE", "Moments", "load", "run_demo", "run_examples", "show"]

SANDBOX_NOTE = "Sandbox: cloud storage and KMS URIs are served from this store; nothing touches a network."

_KEYS = "AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456"
_ONE_KEY = f"aws:///acme-key?{_KEYS}&REGION=us-east-1"
_EAST, _WEST = (
    "aws:///acme-key-east?AUTH=implicit&REGION=us-east-1",
    "aws:///acme-key-west?AUTH=implicit&REGION=us-west-1",
)

EXAMPLES = (
    ("Back up the whole cluster, encrypted with a key of AWS KMS:", f"""
BACKUP TO 's3://test/backups/test_kms?{_KEYS}'
    WITH kms = '{_ONE_KEY}';
"""),
    ("Look inside. The same key opens it, and nothing else does:", f"""
SHOW BACKUP 's3://test/backups/test_kms?{_KEYS}'
    WITH kms = '{_ONE_KEY}';
"""),
    ("Back up once more, with keys of two regions:", f"""
BACKUP TO 's3://test/backups/test_explicit_kms_2?{_KEYS}'
    WITH kms = (
        '{_EAST}',
        '{_WEST}'
    );
"""),
    ("Lose everything, and bring it back with the key of one region:", f"""
DROP DATABASE movr CASCADE;
RESTORE FROM 's3://test/backups/test_explicit_kms_2?{_KEYS}'
    WITH kms = '{_WEST}';
"""),
    ("Back up with a passphrase, to Google Cloud Storage:", """
BACKUP TO \\
'gs://acme-co-backup/test-cluster' \\
WITH encryption_passphrase = 'password123';
"""),
    ("Lose everything again, and bring it back:", """
DROP DATABASE movr CASCADE;
RESTORE FROM \\
'gs://acme-co-backup/test-cluster' \\
WITH encryption_passphrase = 'password123';
"""),
    ("Look inside that one, in a query:", """
SELECT object_name, object_type, rows, size_bytes
    FROM [SHOW BACKUP 'gs://acme-co-backup/test-cluster' WITH encryption_passphrase = 'password123']
    WHERE database_name = 'movr';
"""),
)  # fmt: skip
"""What `ootheca demo --run` shows: a sentence and the statements that it speaks of."""

_COUNT = """SELECT
    (SELECT count(*) FROM movr.users) AS users,
    (SELECT count(*) FROM movr.vehicles) AS vehicles,
    (SELECT count(*) FROM movr.rides) AS rides,
    (SELECT count(*) FROM movr.vehicle_location_histories) AS locations,
    (SELECT count(*) FROM movr.promo_codes) AS promo_codes,
    (SELECT count(*) FROM movr.user_promo_codes) AS user_promo_codes;
"""


class Moments:
    """The machine's time, until further notice an hour ago.

    The sample data is as old as that, so that documented examples with `AS OF SYSTEM TIME '-10s'` find it.
    """

    def __init__(self) -> None:
        self.delay_ns = 3_600_000_000_000

    def read_ns(self) -> int:
        """Return nanoseconds since 1970."""
        return time.time_ns() - self.delay_ns


def run_demo(flags: argparse.Namespace, session: Session | None = None) -> int:
    """Run the demo and return the exit status."""
    check_flags(flags)
    if flags.run and flags.dataset != "movr":
        raise UsageError("unsupported combination: --run works with movr")
    options = options_of(flags, is_interactive=is_interactive(flags) and not flags.run)
    with ExitStack() as stack:
        moments = Moments()
        if session is None:
            from ootheca.exec.session import Session

            clock = SystemClock(read_ns=moments.read_ns)
            session = stack.enter_context(Session(None, sandbox=True, clock=clock))
        if flags.dataset != "none":
            load(session, flags.dataset)
            session.variables.set("database", flags.dataset)
        moments.delay_ns = 0
        if flags.run:
            return run_examples(session, options)
        if not is_interactive(flags):
            complain(f"# {SANDBOX_NOTE}\n")
        welcome = SANDBOX_NOTE
        if flags.dataset != "none":
            welcome += f"\nDatabase {flags.dataset} holds sample data: {_module(flags.dataset).ABOUT}."
        welcome += "\nEnter \\tour for a guided tour of encrypted backups."
        return run_shell(flags, options, session, welcome=welcome)


def load(session: Session, dataset: str) -> None:
    """Create a sample database and its rows, in one transaction.

    Args:
        dataset: a module of `ootheca.exec.datasets`.
    """
    from ootheca.engine.base import TableName

    source = _module(dataset)
    session.begin()
    for _ in session.execute(source.SCHEMA):
        pass
    for name, batch in source.tables():
        table = session.catalog.resolve_table((source.DATABASE, "public", name), "")
        session.engine.insert(
            TableName(source.DATABASE, "public", name), session.catalog.describe(table.id), [batch]
        )
    session.commit()


def _module(dataset: str) -> Any:
    return import_module(f"ootheca.exec.datasets.{dataset}")


def run_examples(session: Session, options: Options) -> int:
    """Run the examples one by one, and check that every row came back; return the exit status."""
    from ootheca.shell.session_io import LeaveShell, Shell

    shell = Shell(session, options)
    complain(f"# {SANDBOX_NOTE}\n")
    try:
        _show(shell, "The sample data:", _COUNT)
        before = _rows(session)
        for sentence, statements in EXAMPLES:
            _show(shell, sentence, statements)
        _show(shell, "And every row is there:", _COUNT)
    except LeaveShell:
        return shell.finish()
    if _rows(session) != before:
        complain("ERROR: the restored rows differ from those that were backed up\n")
        return 1
    write_fitted(f"\n# {len(before)} rows compared, value by value: all of them are as they were.\n")
    return shell.finish()


def _show(shell: Shell, sentence: str, statements: str) -> None:
    """Write a sentence and statements as the documentation prints them, and run them."""
    write_fitted(f"\n# {sentence}\n")
    show(shell, statements)


def show(shell: Shell, statements: str) -> None:
    """Write statements as the documentation prints them, and run them."""
    pending: list[str] = []
    for line in statements.strip().splitlines():
        sys.stdout.write(f"{'  ' if pending else '> '}{line}\n")
        pending.append(line)
        if line.endswith(";"):
            sys.stdout.flush()
            shell.execute("\n".join(pending))
            pending.clear()


def _rows(session: Session) -> list[tuple[str, ...]]:
    """Return every row of the sample data as texts, in an order of their own, to compare."""
    from ootheca.datum import wire_column
    from ootheca.exec.datasets.movr import DATABASE, tables

    found: list[tuple[str, ...]] = []
    for name, _ in tables():
        for result in session.execute(f"SELECT * FROM {DATABASE}.{name}"):
            for batch in result.batches:
                types = [column.type for column in result.columns or ()]
                texts = map(wire_column, batch.columns, types)
                found.extend((name, *map(str, row)) for row in zip(*texts, strict=True))
    return sorted(found)
