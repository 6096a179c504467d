"""Colours for what is typed: our own lexer's tokens, and the secrets in them hidden.

A secret shows while the cursor stands in it, so that it can be typed; before and after that, when the statement is
recalled, and when it has been entered, the screen holds dots in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.formatted_text.utils import split_lines
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from ootheca.names import RESERVED_KEYWORDS
from ootheca.shell.lines import is_meta_line
from ootheca.sql.fold import PASS_THROUGH
from ootheca.sql.lalr import machine
from ootheca.sql.lexer import Token, tokenize
from ootheca.sql.secrets import Secret, find_secrets

__all__ = ["DOT", "STYLE", "SQLLexer", "SecretDots", "highlight"]

DOT = "•"

STYLE = Style.from_dict(
    {
        "sql.keyword": "ansicyan bold",
        "sql.string": "ansigreen",
        "sql.number": "ansimagenta",
        "sql.name": "",
        "sql.quoted": "ansiyellow",
        "sql.comment": "ansibrightblack italic",
        "sql.error": "ansired",
        "sql.meta": "ansiblue bold",
        "prompt": "bold",
    }
)
"""Colours by the terminal's own palette, so that they fit light and dark ones."""

_KINDS = {
    "IDENT": "quoted", "SCONST": "string", "BCONST": "string", "BITCONST": "string", "ICONST": "number",
    "FCONST": "number", "PLACEHOLDER": "number", "ERROR": "error",
}  # fmt: skip
_SEPARATORS = "'\"=&?@/:"
_WORDS_OF_QUERIES = PASS_THROUGH | RESERVED_KEYWORDS | {"by", "join", "left", "inner", "cross", "count"}


def highlight(text: str) -> StyleAndTextTuples:
    """Return a text in pieces, each with the class of what it is; together they are the text again."""
    return list(_pieces(text))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    if is_meta_line(text.partition("\n")[0]):
        yield "class:sql.meta", text
        return
    position = 0
    before = ""
    for token in tokenize(text):
        yield from _gap(text[position : token.start])
        written = text[token.start : token.end]
        yield f"class:sql.{_kind(token, before)}" if token.kind != "OP" else "", written
        before, position = written, token.end
    yield from _gap(text[position:])


def _gap(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands between tokens: blanks and comments."""
    if text:
        yield "" if text.isspace() else "class:sql.comment", text


def _kind(token: Token, before: str) -> str:
    if token.kind != "WORD":
        # A string that is still being typed is no mistake yet.
        is_open = token.kind == "ERROR" and token.value == "unterminated string"
        return "string" if is_open else _KINDS.get(token.kind, "name")
    word = str(token.value)
    is_keyword = before != "." and (word in _WORDS_OF_QUERIES or machine().is_keyword(word))
    return "keyword" if is_keyword else "name"


class SQLLexer(Lexer):
    """Gives the prompt its colours."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Return what gives a line, by its number from 0, in coloured pieces."""
        lines = list(split_lines(highlight(document.text)))

        def line(number: int) -> StyleAndTextTuples:
            return lines[number] if number < len(lines) else []

        return line


@lru_cache(maxsize=4)
def _hidden_ranges(text: str) -> tuple[tuple[int, int, bool], ...]:
    """Return start and end of what is secret in a text, and whether the quote that ends it is there."""
    return tuple(_hidden_part(text, secret) for secret in find_secrets(text))


def _hidden_part(text: str, secret: Secret) -> tuple[int, int, bool]:
    """Return where a secret differs from what is shown of it, such as the key in a URI, out to the next separators."""
    written = text[secret.start : secret.end]
    prefix = _common_start(written, secret.shown)
    suffix = _common_start(written[::-1], secret.shown[::-1])[::-1]
    first = max((prefix.rfind(mark) for mark in _SEPARATORS), default=-1) + 1
    cuts = [suffix.find(mark) for mark in _SEPARATORS if mark in suffix]
    kept = len(suffix) - min(cuts) if cuts else 0
    last = max(len(written) - kept, first)
    return secret.start + first, secret.start + last, kept > 0


def _common_start(one: str, other: str) -> str:
    length = next(
        (index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None
    )
    return min(one, other, key=len) if length is None else one[:length]


class SecretDots(Processor):
    """Shows dots for the secrets that the cursor is not in. Nothing but the screen changes."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Replace characters one for one, so that the cursor keeps its place."""
        document, fragments = transformation_input.document, transformation_input.fragments
        start = document.translate_row_col_to_index(transformation_input.lineno, 0)
        hidden = [
            (first - start, last - start)
            for first, last, is_closed in _hidden_ranges(document.text)
            if not _is_in(document, first, last, is_closed=is_closed)
        ]
        if not hidden:
            return Transformation(fragments)
        exploded = explode_text_fragments(fragments)
        dotted: StyleAndTextTuples = [
            (piece[0], DOT) if any(first <= index < last for first, last in hidden) else piece
            for index, piece in enumerate(exploded)
        ]
        return Transformation(dotted)


def _is_in(document: Document, first: int, last: int, *, is_closed: bool) -> bool:
    """Whether the cursor is in a secret: between its quotes, or at the end of one that is still being typed."""
    at_end = document.cursor_position == last and (is_closed or last == len(document.text))
    return first <= document.cursor_position < last or at_end
