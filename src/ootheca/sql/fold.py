"""Queries inside statements: found by their brackets and first words, taken as one token each, not looked into.

`(SELECT …)` becomes a SUBQUERY token and a SELECT, VALUES, WITH … in the place of a query a QUERY token, so that the
grammar needs no SELECT. In a query, `[SHOW …]`, `[EXPORT …]` and `WITH x AS (SHOW …)` are statements of ours again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ootheca.sql import ast
from ootheca.sql.lexer import Token

__all__ = ["PASS_THROUGH", "ParseInside", "fold", "look_ahead", "make_query"]

PASS_THROUGH = frozenset({"select", "insert", "upsert", "update", "delete", "values", "with", "table"})
"""First words of the statements that are passed on."""

ParseInside = Callable[[Sequence[Token], Token], ast.Statement]
"""Parses the tokens between brackets; the second argument is the closing bracket."""

_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = frozenset(_OPENING.values())
_ROW_SOURCES = frozenset({"show", "explain", "export", "insert", "upsert", "update", "delete", "select"})
_NO_QUERIES = frozenset({"grant", "revoke"})  # here SELECT is a privilege
_BEFORE_QUERY = frozenset(
    {"as", "from", "at", "jobs", "schedules", "complete", "experimental_relocate", "lease"}
)
_QUERY_WORDS = PASS_THROUGH - {"with"}  # a query that starts with WITH has one of these too
_SET_WORDS = frozenset({"union", "except", "intersect", "order", "limit", "offset", "fetch", "for"})


def _is_word(tokens: Sequence[Token], index: int, *words: str) -> bool:
    if not 0 <= index < len(tokens):
        return False
    token = tokens[index]
    return token.kind == "WORD" and token.value in words


def _is_op(tokens: Sequence[Token], index: int, op: str) -> bool:
    return 0 <= index < len(tokens) and tokens[index].kind == "OP" and tokens[index].value == op


def _matching(tokens: Sequence[Token]) -> dict[int, int]:
    """Return for each opening bracket the index of its closing one; unbalanced ones are left out."""
    pairs: dict[int, int] = {}
    open_at: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind != "OP":
            continue
        if token.value in _OPENING:
            open_at.append(index)
        elif token.value in _CLOSING and open_at:
            start = open_at.pop()
            if _OPENING[str(tokens[start].value)] == token.value:
                pairs[start] = index
    return pairs


def _starts_query(tokens: Sequence[Token], index: int) -> bool:
    if _is_word(tokens, index, "select"):
        return True
    if _is_word(tokens, index, "values"):
        return _is_op(tokens, index + 1, "(")
    if _is_word(tokens, index, "table"):
        return index + 1 < len(tokens) and tokens[index + 1].kind in ("WORD", "IDENT")
    if _is_word(tokens, index, "with"):
        after = index + 1 + _is_word(tokens, index + 1, "recursive")
        return _is_word(tokens, after + 1, "as") or _is_op(tokens, after + 1, "(")
    return False


def _is_query_place(tokens: Sequence[Token], index: int) -> bool:
    """Whether an unparenthesised query may start at this token, outside all brackets."""
    if _is_word(tokens, 0, "explain", "prepare"):
        before = _is_word(tokens, index - 1, "explain", "analyze", "analyse") or _is_op(
            tokens, index - 1, ")"
        )
        if before and (_is_word(tokens, index, *_QUERY_WORDS) or _starts_query(tokens, index)):
            return True
    if _is_word(tokens, 0, "prepare", "explain") and _is_word(tokens, index - 1, "as"):
        return _is_word(tokens, index, *PASS_THROUGH)
    if _is_word(tokens, 0, "show") and _is_word(tokens, 1, "zone"):
        return False  # SHOW ZONE CONFIGURATION FROM TABLE t
    return _is_word(tokens, index - 1, *_BEFORE_QUERY) and _starts_query(tokens, index)


def _query_end(tokens: Sequence[Token], start: int) -> int:
    """Return the index after the query's last token: the end, or a clause that belongs to the statement around it."""
    depth = 0
    for index in range(start, len(tokens)):
        token = tokens[index]
        if token.kind == "OP":
            depth += (token.value in _OPENING) - (token.value in _CLOSING)
        elif depth == 0 and index > start and _is_word(tokens, index, "with"):
            after = index + 1 + _is_word(tokens, index + 1, "no")
            if _is_word(tokens, index + 1, "reason", "expiration", "execution") or _is_word(
                tokens, after, "data"
            ):
                return index
    return len(tokens)


def look_ahead(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with NOT and WITH marked where the words after them decide what they mean."""
    marked = list(tokens)
    for index, token in enumerate(tokens):
        if token.kind != "WORD":
            continue
        if token.value == "not" and _is_word(tokens, index + 1, "between", "in", "like", "ilike", "similar"):
            marked[index] = Token("NOT_LA", "not", token.start, token.end)
        elif token.value == "with":
            is_zone = _is_word(tokens, index + 1, "time") and _is_word(tokens, index + 2, "zone")
            if is_zone or _is_word(tokens, index + 1, "ordinality", "bucket_count"):
                marked[index] = Token("WITH_LA", "with", token.start, token.end)
    return marked


def fold(tokens: Sequence[Token], text: str, parse_inside: ParseInside) -> list[Token]:
    """Return the tokens of a statement with the queries inside it folded into single tokens."""
    if not any(token.value in _QUERY_WORDS for token in tokens if token.kind == "WORD"):
        return list(tokens)
    if _is_word(tokens, 0, *_NO_QUERIES) or (_is_word(tokens, 0, "alter") and _is_word(tokens, 1, "default")):
        return list(tokens)
    pairs = _matching(tokens)
    folded: list[Token] = []
    depth = 0
    index = 0
    while index < len(tokens):
        token = tokens[index]
        end = 0
        if _is_op(tokens, index, "(") and index in pairs and _starts_query(tokens, index + 1):
            end = pairs[index] + 1
            is_whole = depth == 0 and _is_word(tokens, index - 1, *_BEFORE_QUERY)
            if is_whole and _is_word(tokens, end, *_SET_WORDS):
                end = _query_end(tokens, index)
            kind = "SUBQUERY"
        elif depth == 0 and _is_query_place(tokens, index):
            end, kind = _query_end(tokens, index), "QUERY"
        if end:
            query = make_query(tokens[index:end], text, parse_inside)
            folded.append(Token(kind, query, token.start, tokens[end - 1].end))
            index = end
            continue
        if token.kind == "OP":
            depth += (token.value in _OPENING) - (token.value in _CLOSING)
        folded.append(token)
        index += 1
    return folded


def make_query(tokens: Sequence[Token], text: str, parse_inside: ParseInside) -> ast.Query:
    """Return the query node of these tokens, with the statements of ours that stand inside it parsed."""
    start, end = tokens[0].start, tokens[-1].end
    verb = next((str(token.value) for token in tokens if not _is_op((token,), 0, "(")), "select")
    source = text[start:end]
    bracketed = _bracketed(tokens, start, parse_inside)
    return ast.Query(source, verb.upper(), bracketed, source=source)


def _bracketed(
    tokens: Sequence[Token], base: int, parse_inside: ParseInside
) -> tuple[ast.BracketedStatement, ...]:
    found: list[ast.BracketedStatement] = []
    pairs: dict[int, int] | None = None
    skip_to = 0
    for index, token in enumerate(tokens):
        if token.kind != "OP" or index < skip_to or token.value not in ("[", "("):
            continue
        is_cte = token.value == "("
        if not (_is_cte_body(tokens, index) if is_cte else _is_row_source(tokens, index)):
            continue
        pairs = pairs if pairs is not None else _matching(tokens)
        close = pairs.get(index)
        if close is None:
            continue
        statement = parse_inside(tokens[index + 1 : close], tokens[close])
        found.append(
            ast.BracketedStatement(token.start - base, tokens[close].end - base, statement, is_cte=is_cte)
        )
        skip_to = close
    return tuple(found)


def _is_cte_body(tokens: Sequence[Token], index: int) -> bool:
    return _is_word(tokens, index + 1, "show", "explain") and _is_word(
        tokens, index - 1, "as", "materialized"
    )


def _is_row_source(tokens: Sequence[Token], index: int) -> bool:
    if not _is_word(tokens, index + 1, *_ROW_SOURCES):
        return False
    return _is_word(tokens, index - 1, "from", "join", "into", "using", "update", "lateral") or any(
        _is_op(tokens, index - 1, op) for op in (",", "(")
    )
