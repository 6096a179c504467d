"""Completion at the prompt: words of the language, meta-commands, and the names of databases, tables and columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from ootheca.shell.help import topics
from ootheca.shell.meta import META_HELP
from ootheca.shell.option_help import OPTION_HELP, meanings_of

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["SQLCompleter"]

_WORD = re.compile(r"[A-Za-z_][\w.]*$|\\\S*$")
_MORE_WORDS = (
    "AND AS ASC BY COUNT CROSS DESC DISTINCT EXISTS FALSE FROM GROUP HAVING IN INNER IS JOIN LEFT LIKE LIMIT NOT NULL "
    "OFFSET ON OR ORDER OUTER PRIMARY KEY REFERENCES SET TRUE UNION USING WHERE INT STRING DECIMAL BOOL BYTES "
    "TIMESTAMP UUID JSONB"
)


@cache
def _words() -> tuple[str, ...]:
    syntax = " ".join(line for topic in topics().values() for line in topic.syntax)
    capitals = re.findall(r"\b[A-Z]{2,}\b", syntax)
    return tuple(sorted({*capitals, *meanings_of(*OPTION_HELP), *_MORE_WORDS.split()}))


class SQLCompleter(Completer):
    """Completes the word before the cursor."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002
    ) -> Iterable[Completion]:
        """Yield what the word may become: names first, then words in the case that was typed."""
        match = _WORD.search(document.text_before_cursor)
        if match is None:
            return
        typed = match[0]
        if typed.startswith("\\"):
            commands = sorted(
                {word for names in META_HELP for word in re.findall(r"\\\S+", names.replace(",", ""))}
            )
            yield from (Completion(name, -len(typed)) for name in commands if name.startswith(typed))
            return
        for name in self._names():
            if name.startswith(typed):
                yield Completion(name, -len(typed))
        is_lower = typed.islower()
        for word in _words():
            if word.lower().startswith(typed.lower()):
                yield Completion(word.lower() if is_lower else word, -len(typed))

    def _names(self) -> list[str]:
        """Databases, tables of the current database, and every table under its full name."""
        catalog = self._session.catalog
        found = set()
        for database in catalog.databases():
            found.add(database.name)
            for table in catalog.tables(database.id):
                _, schema, name = catalog.qualified_name(table)
                if database.name == self._session.database:
                    found.add(name)
                found.add(
                    f"{database.name}.{name}" if schema == "public" else f"{database.name}.{schema}.{name}"
                )
        return sorted(found)
