"""Runs statements and writes what they answer: rows and tags to standard output, all else to standard error."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from ootheca.errors import CanceledError, OothecaError
from ootheca.shell.progress import ProgressBar
from ootheca.shell.render.errors import format_notice
from ootheca.shell.render.registry import renderer
from ootheca.shell.render.values import text_rows
from ootheca.sql.secrets import MaskedText

if TYPE_CHECKING:
    from ootheca.exec.result import Result
    from ootheca.exec.session import Session
    from ootheca.shell.options import Options

__all__ = ["canceled", "complain", "display_tag", "run_batch"]

CANCELED = "query execution canceled"


def complain(text: str) -> None:
    """Write to standard error, after everything that went to standard output so far."""
    sys.stdout.flush()
    sys.stderr.write(text)
    sys.stderr.flush()


def run_batch(session: Session, options: Options, sql: str) -> None:
    """Run the statements of a text one after the other, and write each answer.

    Of statements without rows that follow each other, the last one's tag is written, as CockroachDB's client does.

    Raises:
        OothecaError: of the statement that failed; the answers before it are written. Nothing was run if a statement
            of the text cannot be parsed.
        KeyboardInterrupt: the running statement is undone.
    """
    if options.echo:
        complain(f"> {MaskedText(sql).text.strip()}\n")
    tag: str | None = None
    results = session.execute(sql)
    while True:
        start = time.perf_counter()
        with ProgressBar(session):
            result = next(results, None)
        if result is None:
            break
        for notice in result.notices:
            complain(format_notice(notice))
        if result.columns is None:
            tag = display_tag(result.tag)
        else:
            tag = None
            _write_rows(session, options, result)
        if options.show_times:
            if tag is not None:
                sys.stdout.write(f"{tag}\n")
                tag = None
            complain(f"\nTime: {_elapsed(time.perf_counter() - start)}\n\n")
    if tag is not None:
        sys.stdout.write(f"{tag}\n")
    sys.stdout.flush()


def _write_rows(session: Session, options: Options, result: Result) -> None:
    assert result.columns is not None
    rows = text_rows(result.columns, result.batches, version=session.profile.version)
    render = renderer(options.display_format, border=options.border)
    written = _Counted()
    try:
        render(rows, written.write)
    except (OothecaError, KeyboardInterrupt):
        if written.size:
            complain("(error encountered after some results were delivered)\n")
        raise
    sys.stdout.flush()


class _Counted:
    """Standard output, and how much went there."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, text: str) -> None:
        self.size += len(text)
        sys.stdout.write(text)


def display_tag(tag: str) -> str:
    """Return a tag as the client shows it: `INSERT 3` for the wire's `INSERT 0 3`, `OK` for none."""
    if tag.startswith("INSERT 0 "):
        return f"INSERT {tag.removeprefix('INSERT 0 ')}"
    return tag or "OK"


def _elapsed(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms" if seconds < 1 else f"{seconds:.3f}s"


def canceled() -> CanceledError:
    """Return the error for a statement that the user interrupted."""
    return CanceledError(CANCELED)
