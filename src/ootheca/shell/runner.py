"""Runs statements and writes what they answer: rows and tags to standard output, all else to standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ootheca.errors import CanceledError, OothecaError
from ootheca.shell.output import Output, Writer
from ootheca.shell.pager import PagerClosedError
from ootheca.shell.progress import ProgressBar
from ootheca.shell.render.errors import format_notice
from ootheca.shell.render.registry import renderer
from ootheca.shell.render.values import TextBatch, TextRows, text_rows
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


def run_batch(session: Session, options: Options, sql: str, output: Output | None = None) -> None:
    """Run the statements of a text one after the other, and write each answer.

    Of statements without rows that follow each other, the last one's tag is written, as CockroachDB's client does.

    Args:
        output: where rows and tags go; standard output by default.

    Raises:
        OothecaError: of the statement that failed; the answers before it are written. Nothing was run if a statement
            of the text cannot be parsed.
        KeyboardInterrupt: the running statement is undone.
    """
    if options.echo:
        complain(f"> {MaskedText(sql).text.strip()}\n")
    output = output or Output()
    tag: str | None = None
    results = session.execute(sql)
    while True:
        start = time.perf_counter()
        with ProgressBar(session):
            result = next(results, None)
        if result is None:
            break
        for notice in result.notices:
            complain(format_notice(notice, as_json=options.is_json))
        if result.columns is None:
            tag = display_tag(result.tag)
        else:
            tag = None
            _write_rows(session, options, result, output)
        if options.show_times:
            if tag is not None:
                output.stream.write(f"{tag}\n")
                tag = None
            complain(f"\nTime: {_elapsed(time.perf_counter() - start)}\n\n")
    if tag is not None:
        output.stream.write(f"{tag}\n")
    output.stream.flush()


def _write_rows(session: Session, options: Options, result: Result, output: Output) -> None:
    assert result.columns is not None
    rows = text_rows(result.columns, result.batches, version=session.profile.version)
    render = renderer(options.display_format, border=options.border, streams=output.is_watched)
    try:
        with output.for_rows(with_pager=options.pager) as writer:
            written = _Counted(writer)
            try:
                render(_flushed(rows, writer) if output.is_watched else rows, written.write)
            except (OothecaError, KeyboardInterrupt):
                if written.size:
                    complain("(error encountered after some results were delivered)\n")
                raise
    except PagerClosedError:
        _leave_rest(session, result)


def _flushed(rows: TextRows, writer: Writer) -> TextRows:
    """Return the same rows; before each batch, what came before it is shown."""

    def batches() -> Iterator[TextBatch]:
        for batch in rows.batches:
            yield batch
            writer.flush()

    return TextRows(rows.columns, batches())


def _leave_rest(session: Session, result: Result) -> None:
    """Read no more rows. A statement that writes is read to its end, which is when its work is kept."""
    if result.tag.startswith("SELECT"):
        session.abandon()
        return
    for _ in result.batches:
        pass


class _Counted:
    """A writer, and how much went there."""

    def __init__(self, writer: Writer) -> None:
        self.size = 0
        self._writer = writer

    def write(self, text: str) -> None:
        self.size += len(text)
        self._writer.write(text)


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
