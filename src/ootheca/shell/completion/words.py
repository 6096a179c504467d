"""Words of the language by position: what the grammar allows next, and the clauses of queries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ootheca.shell.completion.context import Context, Suggestion
from ootheca.shell.option_help import meanings_of
from ootheca.sql.fold import PASS_THROUGH, look_ahead
from ootheca.sql.lalr import machine
from ootheca.sql.lexer import Token

__all__ = ["allowed_next", "suggest_words"]

_MAX_CHAIN = 5  # words that are put in together because nothing else could follow
_EXPRESSION_MARK = "case"
_COMMON_IN_EXPRESSIONS = frozenset({"null", "true", "false", "not", "default"})

_OPTIONS = meanings_of("BACKUP", "RESTORE")
_SHOW_BACKUP_OPTIONS = meanings_of("SHOW BACKUP")
_SCHEDULE_OPTIONS = meanings_of("CREATE SCHEDULE FOR BACKUP")
_TAKE_VALUES = frozenset({"encryption_passphrase", "incremental_location", "kms", *_SCHEDULE_OPTIONS})
_BEFORE_NAMES = frozenset({"from", "join", "into", "update", "table"})

# Not grammar: what people write next in each clause of a query that the engine reads.
_CLAUSES: dict[str, str] = {
    "select": "DISTINCT FROM AS CASE CAST COUNT SUM MIN MAX AVG COALESCE",
    "from": "WHERE JOIN LEFT INNER CROSS AS USING ON GROUP ORDER LIMIT UNION HAVING SHOW",
    "join": "ON USING AS WHERE",
    "on": "AND OR NOT WHERE JOIN LEFT INNER GROUP ORDER LIMIT CONFLICT",
    "where": "AND OR NOT IN IS NULL LIKE BETWEEN EXISTS GROUP ORDER LIMIT RETURNING UNION",
    "group": "BY HAVING ORDER LIMIT",
    "having": "AND OR NOT ORDER LIMIT",
    "order": "BY ASC DESC LIMIT OFFSET",
    "limit": "OFFSET UNION",
    "offset": "UNION",
    "insert": "INTO",
    "upsert": "INTO",
    "into": "VALUES SELECT DEFAULT",
    "values": "RETURNING ON",
    "update": "SET",
    "set": "WHERE FROM RETURNING",
    "delete": "FROM",
    "conflict": "DO NOTHING UPDATE SET",
    "with": "AS SELECT RECURSIVE INSERT UPDATE DELETE",
    "returning": "",
    "table": "",
}


def allowed_next(context: Context) -> frozenset[str]:
    """Return what the grammar allows at the cursor, as `Machine.expected` does; nothing where it does not know."""
    return machine().expected(look_ahead(context.tokens)) or frozenset()


def suggest_words(context: Context, allowed: frozenset[str]) -> Iterator[Suggestion]:
    """Yield keywords and options that start with what is typed, in the case that is used.

    Args:
        allowed: what `allowed_next` says; not asked for in queries.
    """
    meanings = _options_here(context)
    offered: dict[str, str] = {}
    if context.is_query:
        offered = dict.fromkeys(_clause_words(context), "")
    else:
        words = sorted(word for word in allowed if re.fullmatch("[a-z_]+", word))
        if not context.tokens:
            words = sorted({*words, *PASS_THROUGH})
        if " IDENT" in allowed:
            words = [word for word in words if not _is_mere_name(context, word)]
        if _EXPRESSION_MARK in words and not context.typed:
            words = [word for word in words if word in _COMMON_IN_EXPRESSIONS]
        for word in words:
            text = _with_what_must_follow(context, word)
            if text == word:
                text = next((name for name in meanings if name.startswith(f"{word} ")), word)
            offered[text] = _meaning(word, text, meanings)
    if " IDENT" in allowed:  # names of options that the grammar leaves open
        offered |= {
            f"{name} = " if name in _TAKE_VALUES else name: meaning for name, meaning in meanings.items()
        }
    is_upper = _writes_upper(context)
    for word, meaning in offered.items():
        if word.startswith(context.typed.lower()):
            is_option = bool(meaning) or "_" in word
            yield Suggestion(
                word.upper() if is_upper and not is_option else word, len(context.typed), meaning
            )


def _with_what_must_follow(context: Context, word: str) -> str:
    """Return a word with the words after it that have no alternative: AS brings OF SYSTEM TIME along."""
    tokens = list(context.tokens)
    text = word
    for _ in range(_MAX_CHAIN):
        tokens.append(Token("OP" if word == "=" else "WORD", word, 0, 0))
        following = machine().expected(look_ahead(tokens)) or frozenset()
        if len(following) != 1:
            break
        (word,) = following
        if not re.fullmatch("[a-z_]+|=", word):
            break
        text += f" {word}"
        if word == "=":
            return f"{text} "
    return text


def _is_mere_name(context: Context, word: str) -> bool:
    """Whether a word of the language can only be a name here: nothing but what follows a name follows it."""
    if word == "latest":  # which the grammar takes for a name of a subdirectory, too
        return False
    as_word, as_name = (
        machine().expected(look_ahead([*context.tokens, Token(kind, word, 0, 0)]))
        for kind in ("WORD", "IDENT")
    )
    return as_word == as_name


def _meaning(word: str, text: str, meanings: Mapping[str, str]) -> str:
    for name, meaning in meanings.items():
        if name in (word, text) or name.partition(" ")[0] == word:
            return meaning
    return ""


def _options_here(context: Context) -> Mapping[str, str]:
    """Return the options that may be named at the cursor, with their meanings; nothing outside of a WITH list."""
    before = context.tokens[-1] if context.tokens else None
    is_start = context.word(-1) in ("with", "options") or (
        before is not None and before.kind == "OP" and before.value in (",", "(")
    )
    words = [context.word(index) for index in range(len(context.tokens))]
    if not is_start or "with" not in words:
        return {}
    depth = 0
    for index in range(len(words) - 1, words.index("with"), -1):
        depth += context.is_op(index, ")") - context.is_op(index, "(")
        if depth < 0 and context.is_op(index - 1, "="):
            return {}  # in a list of URIs
    if "schedule" in words[words.index("with") :]:
        return _SCHEDULE_OPTIONS
    if words[:2] == ["show", "backup"]:
        return _SHOW_BACKUP_OPTIONS
    return _OPTIONS if words[0] in ("backup", "restore", "create") else {}


def _clause_words(context: Context) -> list[str]:
    """Return the words that follow in the clause that the cursor is in."""
    if context.is_op(-1, "("):
        return ["select"]
    if context.is_op(-1, ",") or context.word(-1) in _BEFORE_NAMES:
        return []
    for index in range(len(context.tokens) - 1, -1, -1):
        words = _CLAUSES.get(context.word(index))
        if words is not None:
            return words.lower().split()
    return ["select"]


def _writes_upper(context: Context) -> bool:
    """Whether keywords are written in capitals: as the word itself begins, else as the statement does."""
    if context.typed:
        return not context.typed.islower()
    first = re.search(r"[^\W\d_]+", context.statement)
    return first is None or not first[0].islower()
