"""Runs the script that a golden set was made with in a session of ours, its marks included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ootheca.exec.session import Session
from ootheca.sql.ast import Statement
from ootheca.sql.parser import parse

__all__ = ["run_script"]

_MARK = re.compile(r"-- @mark (\w+)")


def run_script(session: Session, path: Path) -> dict[str, str]:
    """Run a `make.sql` up to its last BACKUP, but for what only shows, and return the time of every mark."""
    marks: dict[str, str] = {}
    texts = list(_statements(path.read_text()))
    end = max(i for i, text in enumerate(texts) if text.startswith("BACKUP")) + 1
    for text in texts[:end]:
        mark = _MARK.match(text)
        if mark is not None:
            marks[mark[1]] = str(session.clock.now())
            continue
        for statement in parse(re.sub(r"\$\{mark_(\w+)\}", lambda found: marks[found[1]], text)):
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
