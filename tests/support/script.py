"""Runs the script that a golden set was made with in a session of ours, its marks included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ootheca.errors import OothecaError
from ootheca.exec.session import Session
from ootheca.sql.ast import Statement
from ootheca.sql.parser import parse

__all__ = ["run_script"]

_MARK = re.compile(r"-- @mark (\w+)")
_LET = re.compile(r"-- @let (\w+) (.*)")


def run_script(session: Session, path: Path, *, skips_refused: bool = False) -> dict[str, str]:
    """Run a `make.sql` up to its last BACKUP, but for what only shows, and return the time of every mark.

    Args:
        skips_refused: go on after a statement that is refused, as most that the server refused are.
    """
    marks: dict[str, str] = {}
    values: dict[str, str] = {}
    texts = list(_statements(path.read_text()))
    end = max(i for i, text in enumerate(texts) if text.startswith("BACKUP")) + 1
    for text in texts[:end]:
        mark = _MARK.match(text)
        if mark is not None:
            marks[mark[1]] = str(session.clock.now())
            continue
        let = _LET.match(text)
        if let is not None:
            (result,) = session.execute(let[2])
            values[let[1]] = next(iter(result.batches)).column(0)[0].as_py()
            continue
        text = re.sub(r"\$\{mark_(\w+)\}", lambda found: marks[found[1]], text)
        text = re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], text)
        for statement in parse(text):
            with suppress(OothecaError if skips_refused else ()):
                _run(session, statement)
    session.settle()
    return marks


def _run(session: Session, statement: Statement) -> None:
    if not type(statement).__name__.startswith("Show"):
        for _ in session.run(statement).batches:
            pass


def _statements(script: str) -> Iterator[str]:
    """Yield statements and directives; a statement ends with a line that ends in a semicolon."""
    held: list[str] = []
    for line in script.splitlines():
        if line.startswith("--"):
            yield line
            continue
        held.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(held)
            held = []
