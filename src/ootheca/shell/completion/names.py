"""Names by position: databases, tables, columns, connections, settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ootheca.names import RESERVED_KEYWORDS, format_identifier
from ootheca.shell.completion.context import Context, Suggestion
from ootheca.sql.lexer import Token, tokenize

if TYPE_CHECKING:
    from ootheca.catalog.table import Table
    from ootheca.exec.session import Session

__all__ = ["suggest_names"]

# The last word of the language before the cursor, and what it waits for.
_KINDS = {
    "database": "database", "use": "database",
    "table": "relation", "from": "relation", "join": "relation", "into": "relation", "update": "relation",
    "backup": "relation", "truncate": "relation", "restore": "relation", "view": "relation", "sequence": "relation",
    "on": "relation", "only": "relation", "upsert": "relation",
    "connection": "connection", "setting": "setting", "set": "variable", "show": "variable", "reset": "variable",
}  # fmt: skip
_SYSTEM = "system"
_LISTS_OF_A_DATABASE = frozenset({"tables", "schemas", "types", "enums", "sequences"})
_NO_NAMES = frozenset({*RESERVED_KEYWORDS, *_KINDS, "by", "values"})
_IN_QUERIES = frozenset({"from", "join", "into", "update", "table", "only"})


def suggest_names(context: Context, allowed: frozenset[str], session: Session) -> Iterator[Suggestion]:
    """Yield names that start with what is typed.

    Args:
        allowed: what the grammar allows here.
    """
    if not context.is_query and " IDENT" not in allowed:
        return
    kind = _kind(context)
    typed = context.typed.lower()
    for name, meaning in _names(kind, context, session):
        if name.lower().startswith(typed):
            yield Suggestion(name, len(typed), meaning)


def _names(kind: str, context: Context, session: Session) -> Iterable[tuple[str, str]]:
    match kind:
        case "database":
            return [(format_identifier(one.name), "database") for one in session.catalog.databases()]
        case "relation":
            return _relations(session, with_system=context.typed.lower().startswith("sys"))
        case "column":
            return _columns(context, session)
        case "connection":
            from ootheca.exec.connections import Connections

            return [(format_identifier(one.name), one.redacted) for one in Connections(session).all()]
        case "setting":
            from ootheca.exec.statements.cluster_settings import KNOWN_SETTINGS

            return [(name, setting.description) for name, setting in sorted(KNOWN_SETTINGS.items())]
        case "variable":
            return [(name, f"now {value}" if value else "") for name, value in session.variables.items()]
    return ()


def _kind(context: Context) -> str:
    """Return what the last word of the language waits for."""
    index = len(context.tokens) - 1
    while index >= 0 and (_is_name_part(context.tokens[index]) or not context.word(index)):
        if context.is_query and context.is_op(index, "("):
            return "column"
        if not _is_name_part(context.tokens[index]) and not context.is_op(index, ","):
            return "column" if context.is_query else ""
        index -= 1
    word = context.word(index)
    if context.is_query:
        return "relation" if word in _IN_QUERIES and _is_list_or_first(context, index) else "column"
    if word == "from" and _LISTS_OF_A_DATABASE & {context.word(index - 1), context.word(index - 2)}:
        return "database"
    if word == "show" and index < len(context.tokens) - 1:
        return ""
    names_nothing_old = context.word(0) == "create" or (context.word(0), word) == ("show", "backup")
    if names_nothing_old or not _is_list_or_first(context, index):
        return ""
    return _KINDS.get(word, "")


def _is_name_part(token: Token) -> bool:
    """Whether a token is a name, or joins names: no word of the language that asks for a name."""
    if token.kind == "OP":
        return token.value in (",", ".")
    return token.kind == "IDENT" or (token.kind == "WORD" and token.value not in _NO_NAMES)


def _is_list_or_first(context: Context, index: int) -> bool:
    """Whether a name comes next after the word at an index: nothing stands in between, or names with a comma last."""
    return index == len(context.tokens) - 1 or context.is_op(-1, ",")


def _relations(session: Session, *, with_system: bool) -> list[tuple[str, str]]:
    """Tables of the current database, every table under its full name, and the databases they may be found in."""
    catalog = session.catalog
    found: dict[str, str] = {}
    for database in catalog.databases():
        found.setdefault(format_identifier(database.name), "database")
        for table in catalog.tables(database.id):
            if database.name == _SYSTEM and not with_system:
                break  # nobody means these but who begins to write so
            _, schema, name = catalog.qualified_name(table)
            if database.name == session.database:
                short = name if schema == "public" else f"{schema}.{name}"
                found[".".join(map(format_identifier, short.split(".", 1)))] = "table"
            parts = (database.name, name) if schema == "public" else (database.name, schema, name)
            found.setdefault(".".join(map(format_identifier, parts)), "table")
    return sorted(found.items(), key=lambda item: (item[1] == "database", item[0]))


def _columns(context: Context, session: Session) -> list[tuple[str, str]]:
    """Columns of the tables that the statement names, alone and behind the names that the tables have there."""
    found: dict[str, str] = {}
    for alias, table in _tables_of(context.statement, session).items():
        for column in table.columns:
            if column.is_hidden:
                continue
            name = format_identifier(column.name)
            found.setdefault(name, f"column of {table.name}")
            found[f"{alias}.{name}"] = f"column of {table.name}"
    is_behind_dot = "." in context.typed
    return [(name, meaning) for name, meaning in found.items() if ("." in name) is is_behind_dot]


def _tables_of(statement: str, session: Session) -> dict[str, Table]:
    """Return the tables that a statement names, by what they are called in it."""
    tokens = list(tokenize(statement))
    found: dict[str, Table] = {}
    index = 0
    while index < len(tokens):
        parts, end = _dotted(tokens, index)
        if not parts:
            index += 1
            continue
        descriptor = session.catalog.find_table(parts, session.database)
        if descriptor is not None:
            table = session.catalog.describe(descriptor.id)
            after = end + (end < len(tokens) and tokens[end].value == "as")
            alias, _ = _dotted(tokens, after)
            found[format_identifier(parts[-1])] = table
            if len(alias) == 1 and tokens[after].value not in _NO_NAMES:
                found[format_identifier(alias[0])] = table
        index = end
    return found


def _dotted(tokens: list[Token], index: int) -> tuple[list[str], int]:
    """Return the parts of the dotted name at an index, none when there is none, and the index after it."""
    parts: list[str] = []
    while index < len(tokens) and tokens[index].kind in ("WORD", "IDENT"):
        parts.append(str(tokens[index].value))
        index += 1
        if index >= len(tokens) or tokens[index].kind != "OP" or tokens[index].value != ".":
            break
        index += 1
    return parts, index
