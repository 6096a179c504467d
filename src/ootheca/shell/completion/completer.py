"""Completion at the prompt: what the grammar allows at the cursor, the names that fit there, and places in strings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from ootheca.errors import OothecaError
from ootheca.shell.completion.context import Suggestion, read_context
from ootheca.shell.completion.names import suggest_names
from ootheca.shell.completion.places import suggest_places
from ootheca.shell.completion.words import allowed_next, suggest_words
from ootheca.shell.help import topics
from ootheca.shell.lines import is_meta_line
from ootheca.shell.meta import META_HELP
from ootheca.shell.options import OPTIONS

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["SQLCompleter"]

_META_WORD = re.compile(r"(\\\S+)\s+(.*)")


class SQLCompleter(Completer):
    """Completes at the cursor.

    Args:
        session: whose names and places are offered.
        recent: statements that were entered before, newest first.
    """

    def __init__(self, session: Session, recent: Callable[[], Iterable[str]] = tuple) -> None:
        self._session = session
        self._recent = recent

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yield what may stand at the cursor: names first, then words of the language."""
        before = document.text_before_cursor
        line = document.current_line_before_cursor
        if is_meta_line(line) or line.strip() == "\\":
            yield from _complete_meta(line.lstrip(), self._session, complete_event)
            return
        try:
            suggestions = list(self._suggest(before, document.text_after_cursor))
        except OothecaError:
            return  # a transaction that failed, or a store that is gone: nothing to offer
        seen = set()
        for one in suggestions:
            if one.text not in seen:
                seen.add(one.text)
                yield _completion(one)

    def _suggest(self, before: str, after: str) -> Iterator[Suggestion]:
        context = read_context(before, after)
        if context.string is not None:
            yield from suggest_places(context, self._session, self._recent)
            return
        allowed = frozenset() if context.is_query else allowed_next(context)
        names = suggest_names(context, allowed, self._session)
        words = suggest_words(context, allowed)
        yield from chain(words, names) if context.word(-1) == "show" else chain(names, words)


def _completion(one: Suggestion) -> Completion:
    return Completion(one.text, -one.replaced, display=one.shown or one.text, display_meta=one.meaning)


@cache
def _meta_commands() -> dict[str, str]:
    return {
        word: about for names, about in META_HELP.items() for word in re.findall(r"\\[A-Za-z?!|]+", names)
    }


def _complete_meta(line: str, session: Session, event: CompleteEvent) -> Iterator[Completion]:
    """Complete a meta-command, or what stands after one."""
    found = _META_WORD.match(line)
    if found is None:
        for name, about in sorted(_meta_commands().items()):
            if name.startswith(line):
                yield Completion(name, -len(line), display_meta=about)
        return
    command, rest = found[1], found[2]
    if command in ("\\i", "\\ir", "\\o", "\\e"):
        yield from PathCompleter(expanduser=True).get_completions(Document(rest), event)
        return
    for text, about in _meta_values(command, session):
        if text.lower().startswith(rest.lower()):
            yield Completion(text, -len(rest), display_meta=about)


def _meta_values(command: str, session: Session) -> Iterable[tuple[str, str]]:
    match command:
        case "\\h":
            return [(name, topic.about) for name, topic in topics().items()]
        case "\\set" | "\\unset":
            return OPTIONS.items()
        case "\\c" | "\\connect":
            return [(one.name, "database") for one in session.catalog.databases()]
        case "\\d" | "\\di":
            return [
                (table.name, "table")
                for database in session.catalog.databases()
                if database.name == session.database
                for table in session.catalog.tables(database.id)
            ]
    return ()
