"""SQL text to syntax tree. Syntax errors get their words here, and only here.

    parse(text)                 every statement of a script
    parse_one(text)             exactly one
    parse_expression(text)      an expression, as stored in descriptors
    parse_type(text)            a type name, with COLLATE
    syntax_error(…)             for those who find an error in a query that was passed on

What the first word of a statement decides: the statements of `PASS_THROUGH` become `ast.Query`; those that CockroachDB
knows and ootheca does not do become `ast.Unsupported`; everything else goes through the grammar.

Source: conformance/{20.2,21.2}/parse.jsonl and shell.json.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

from ootheca.errors import ParseError
from ootheca.sql import ast
from ootheca.sql.fold import PASS_THROUGH, fold, look_ahead, make_query
from ootheca.sql.lalr import RejectedError, UnexpectedTokenError, machine
from ootheca.sql.lexer import NO_UTF8, Token, tokenize
from ootheca.sql.secrets import MaskedText
from ootheca.sql.split import StatementText, is_complete, split

__all__ = [
    "is_complete",
    "parse",
    "parse_expression",
    "parse_one",
    "parse_type",
    "syntax_error",
]

_MAX_NESTING = 100  # of brackets
_MAX_LEVELS = 20  # of statements in brackets inside each other
_MAX_DEPTH = 150  # of the tree; a chain of operators is as deep as it is long
_FIRST_WORD = re.compile(r"[A-Za-z]+(?![\w$])")
_MAY_HOLD_OURS = re.compile(
    r"[\[(]\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(?:show|explain)\b|\[\s*[a-z/-]", re.IGNORECASE
)
_BRACKETS = re.compile(r"[()\[\]]|'[^']*'")
_HELPED_QUERIES = frozenset({"select", "insert", "upsert", "update", "delete", "values"})

_UNSUPPORTED = frozenset(
    {
        ("alter", "changefeed"),
        ("alter", "function"),
        ("alter", "policy"),
        ("alter", "procedure"),
        ("alter", "range"),
        ("alter", "tenant"),
        ("alter", "virtual"),
        ("call",),
        ("cancel", "queries"),
        ("cancel", "query"),
        ("cancel", "session"),
        ("cancel", "sessions"),
        ("close",),
        ("copy",),
        ("create", "aggregate"),
        ("create", "changefeed"),
        ("create", "domain"),
        ("create", "extension"),
        ("create", "function"),
        ("create", "or", "replace", "function"),
        ("create", "or", "replace", "procedure"),
        ("create", "policy"),
        ("create", "procedure"),
        ("create", "tenant"),
        ("create", "trigger"),
        ("create", "virtual"),
        ("declare",),
        ("do",),
        ("drop", "function"),
        ("drop", "owned"),
        ("drop", "policy"),
        ("drop", "procedure"),
        ("drop", "tenant"),
        ("drop", "trigger"),
        ("drop", "virtual"),
        ("experimental",),
        ("fetch",),
        ("listen",),
        ("move",),
        ("notify",),
        ("reassign",),
        ("show", "completions"),
        ("show", "default", "privileges"),
        ("show", "experimental_fingerprints"),
        ("show", "fingerprints"),
        ("show", "full", "table", "scans"),
        ("show", "histogram"),
        ("show", "last", "query", "statistics"),
        ("show", "partitions"),
        ("show", "policies"),
        ("show", "range"),
        ("show", "ranges"),
        ("show", "syntax"),
        ("show", "system", "grants"),
        ("show", "trace"),
        ("show", "virtual"),
        ("unlisten",),
    }
)
"""The first words of statements that CockroachDB has and ootheca does not do."""


def parse(text: str) -> tuple[ast.Statement, ...]:
    """Return the statements of a script, in order; comments and empty statements are left out.

    `str()` of one is its canonical text in CockroachDB's spelling, with passphrases hidden; `redacted()` hides the
    secrets of URIs too.

    Args:
        text: a script in CockroachDB's language, each statement but the last with its semicolon.

    Raises:
        ParseError: in CockroachDB's words; `detail` shows the statement up to the line of the error and a caret.
    """
    return tuple(_Source(part).parse() for part in split(text))


def parse_one(text: str) -> ast.Statement:
    """Return the one statement of a text.

    Raises:
        ParseError: it is wrong, there is none, or there are more.
    """
    statements = parse(text)
    if len(statements) != 1:
        raise ParseError(f"expected 1 statement, but found {len(statements)}")
    return statements[0]


def parse_expression(text: str) -> ast.Expr:
    """Return an expression on its own, such as a stored DEFAULT or CHECK.

    Raises:
        ParseError: it is no expression.
    """
    result: ast.Expr = _parse_alone(text, "a_expr")
    return result


def parse_type(text: str) -> ast.TypeName:
    """Return a type name on its own, with its collation; `str()` of it is CockroachDB's spelling.

    Raises:
        ParseError: it is no type name.
    """
    result: ast.TypeName = _parse_alone(text, "column_type")
    return result


def _parse_alone(text: str, start: str) -> Any:
    source = _Source(StatementText(text.rstrip(" \t\n\r\f\v"), 0, len(text), is_terminated=False))
    return source.parse_as(start)


def syntax_error(text: str, offset: int, token: str, hint: str | None = None) -> ParseError:
    """Return the error for a token that may not stand where it stands.

    Args:
        text: the statement, from its first token to its last.
        offset: where the token starts in it, in characters; its length for the end of the statement.
        token: as CockroachDB names it: the folded word, the string's content, or `EOF`.
        hint: what `\\h` helps with, such as `SELECT`.
    """
    return _error_at(text, offset, token, "syntax error", hint=_hint(hint))


def _error_at(
    text: str, offset: int, token: str, message: str, *, sqlstate: str | None = None, hint: str | None = None
) -> ParseError:
    masked = MaskedText(text)
    return ParseError(
        f'at or near "{masked.token(offset, token)}": {message}',
        sqlstate=sqlstate,
        detail=_detail(masked.text, masked.place(offset)),
        hint=hint,
    )


def _detail(text: str, offset: int) -> str:
    """Return the statement through the line of the error and a caret; columns are counted in UTF-8 bytes."""
    line_start = text.rfind("\n", 0, offset) + 1
    line_end = text.find("\n", offset)
    shown = text if line_end < 0 else text[:line_end]
    column = len(text[line_start:offset].encode("utf-8", "surrogateescape"))
    return f"source SQL:\n{shown}\n{' ' * column}^"


def _hint(topic: str | None) -> str | None:
    return None if topic is None else f"try \\h {topic}"


class _Source:
    """One statement while it is parsed; its tokens' offsets count from its start."""

    def __init__(self, part: StatementText) -> None:
        self.part = part
        self.text = part.text
        self.level = 0
        self.end_token = Token("$END", "EOF", len(part.text), len(part.text))

    def parse(self) -> ast.Statement:
        part = self.part
        statement: ast.Statement | None = self._passed_on()
        if statement is None:
            tokens = tuple(tokenize(part.text))
            self._check_nesting(tokens)
            statement = self._statement(tokens, self.end_token)
        return replace(statement, source=part.text, span=(part.start, part.end))

    def parse_as(self, start: str) -> Any:
        tokens = tuple(tokenize(self.text))
        self._check_nesting(tokens)
        return self.run(fold(tokens, self.text, self._statement), self.end_token, start)

    def _passed_on(self) -> ast.Query | None:
        """Return the query of a statement that is passed on and holds none of ours, without reading its tokens."""
        word = _FIRST_WORD.match(self.text)
        if word is None or self.part.is_broken or word[0].lower() not in PASS_THROUGH:
            return None
        if not self.text.isascii() and NO_UTF8.search(self.text):
            return None  # its tokens say where
        if _MAY_HOLD_OURS.search(self.text) or _may_be_deep(self.text):
            return None
        return ast.Query(self.text, word[0].upper())

    def _statement(self, tokens: Sequence[Token], end: Token) -> ast.Statement:
        self.level += 1
        if self.level > _MAX_LEVELS:
            raise self._too_deep(end)
        try:
            return self._one_statement(tokens, end)
        finally:
            self.level -= 1

    def _one_statement(self, tokens: Sequence[Token], end: Token) -> ast.Statement:
        first = tokens[0] if tokens else end
        broken = next((token for token in tokens if token.kind == "ERROR"), None)
        is_query = (first.kind == "OP" and first.value == "(") or _is_pass_through(first)
        if is_query and broken is None:
            return make_query(tokens, self.text, self._statement)
        feature = _unsupported_feature(tokens)
        if feature and broken is None:
            return ast.Unsupported(feature, self.text[first.start : tokens[-1].end])
        folded = tokens if is_query else fold(tokens, self.text, self._statement)
        if broken is not None and (is_query or feature or folded[-1].kind != "ERROR"):
            topic = str(first.value).upper() if first.value in _HELPED_QUERIES else None
            raise self._lexical_error(broken, topic)
        statement: ast.Statement = self.run(folded, end, "statement")
        return statement

    def run(self, tokens: Sequence[Token], end: Token, start: str) -> Any:
        try:
            result = machine().run(look_ahead(tokens), end, start)
            if len(tokens) > _MAX_NESTING // 2 and _is_too_deep(result):
                raise self._too_deep(tokens[-1])
            return result
        except UnexpectedTokenError as error:
            self._raise_unexpected(error)
        except RejectedError as error:
            self._raise_rejected(error)

    def _raise_unexpected(self, error: UnexpectedTokenError) -> NoReturn:
        token = error.token
        if token.kind == "ERROR":
            raise self._lexical_error(token, error.hint) from error
        raise syntax_error(self.text, token.start, token.text, error.hint) from error

    def _lexical_error(self, token: Token, topic: str | None) -> ParseError:
        message = f"lexical error: {token.value}"
        masked = MaskedText(self.text)
        if masked.token(token.start, "") and '"' in message:  # it quotes what stands there
            message = "lexical error: invalid syntax"
        return ParseError(message, detail=_detail(masked.text, masked.place(token.start)), hint=_hint(topic))

    def _raise_rejected(self, error: RejectedError) -> NoReturn:
        token = error.token or self.end_token
        raise _error_at(self.text, token.start, token.text, error.message, sqlstate=error.sqlstate) from error

    def _check_nesting(self, tokens: Sequence[Token]) -> None:
        depth = 0
        for token in tokens:
            if token.kind == "OP" and token.value in ("(", "[", "{"):
                depth += 1
                if depth > _MAX_NESTING:
                    raise self._too_deep(token)
            elif token.kind == "OP" and token.value in (")", "]", "}"):
                depth -= 1

    def _too_deep(self, token: Token) -> ParseError:
        message = "statement is nested too deeply"
        return _error_at(self.text, token.start, token.text, message, sqlstate="54001")


def _is_pass_through(token: Token) -> bool:
    return token.kind == "WORD" and token.value in PASS_THROUGH


def _may_be_deep(text: str) -> bool:
    """Whether brackets may be nested too deeply."""
    return _nesting(text) > _MAX_NESTING


def _nesting(text: str) -> int:
    """Return how deep brackets are nested; strings that need a closer look count as what they look like."""
    depth = deepest = 0
    for found in _BRACKETS.finditer(text):
        if found[0] in ("(", "["):
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in (")", "]"):
            depth -= 1
    return deepest


def _is_too_deep(node: ast.Node) -> bool:
    """Tell whether a tree is too deep, or the tree of its canonical text, which has brackets that `~~x` lacks."""
    depth = _depth(node)
    if depth <= _MAX_DEPTH // 3 or depth > _MAX_DEPTH:
        return depth > _MAX_DEPTH
    brackets = _nesting(str(node))
    added = brackets - sum(isinstance(each, ast.Paren) for each in ast.walk(node))
    return brackets > _MAX_NESTING or depth + max(added, 0) > _MAX_DEPTH


def _depth(node: ast.Node) -> int:
    """Return how deep the tree is, without recursion."""
    deepest = 0
    pending: list[tuple[Any, int]] = [(node, 1)]
    while pending:
        current, depth = pending.pop()
        deepest = max(deepest, depth)
        pending.extend((child, depth + 1) for child in ast.children(current))
    return deepest


def _unsupported_feature(tokens: Sequence[Token]) -> str:
    words = [str(token.value) if token.kind == "WORD" else "" for token in tokens[:4]]
    if words[:2] == ["alter", "range"] and words[3:] == ["configure"]:
        return ""
    for length in range(1, 5):
        if tuple(words[:length]) in _UNSUPPORTED:
            return " ".join(words[:length]).upper()
    return ""
