"""Names: what an identifier means, and how CockroachDB names a column that has no alias."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from ootheca.engine.typenames import TypeName

__all__ = ["column_name", "fold"]


def fold(identifier: exp.Expr | None) -> str:
    """Return the name that an identifier means: lower case unless it was quoted."""
    if not isinstance(identifier, exp.Identifier):
        return identifier.name.lower() if identifier is not None else ""
    return identifier.name if identifier.args.get("quoted") else identifier.name.lower()


def column_name(node: exp.Expr) -> str:
    """Return the name that CockroachDB gives to a column without an alias."""
    if isinstance(node, exp.Column):
        return fold(node.this)
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    if isinstance(node, exp.Filter | exp.Window):
        return column_name(node.this)
    if isinstance(node, exp.Paren):
        return column_name(node.this)
    if isinstance(node, exp.Cast):
        inner = column_name(node.this)
        if inner != "?column?":
            return inner
        kind = node.args["to"].args.get("kind")
        if not isinstance(kind, TypeName):
            return inner
        word = kind.parts[0 if kind.parts[0] == "interval" else -1]
        return _TYPE_COLUMNS.get(word, word)
    if isinstance(node, exp.Bracket | exp.Collate):
        return column_name(node.this)
    if isinstance(node, exp.Subquery):
        inner_query = node.this
        if isinstance(inner_query, exp.Select) and len(inner_query.expressions) == 1:
            first = inner_query.expressions[0]
            return fold(first.args["alias"]) if isinstance(first, exp.Alias) else column_name(first)
        return "?column?"
    for kind_of_node, name in _NODE_NAMES.items():
        if isinstance(node, kind_of_node):
            return name
    return "?column?"


_TYPE_COLUMNS = {
    "string": "text", "int": "int8", "integer": "int8", "bigint": "int8", "float": "float8", "decimal": "numeric",
    "dec": "numeric", "bytes": "bytea", "json": "jsonb", "boolean": "bool", "smallint": "int2", "real": "float4",
}  # fmt: skip
_NODE_NAMES: dict[Any, str] = {
    exp.Case: "case", exp.Array: "array", exp.Exists: "exists", exp.Extract: "extract", exp.Substring: "substring",
    exp.Trim: "btrim", exp.StrPosition: "strpos", exp.Overlay: "overlay", exp.CurrentTimestamp: "current_timestamp",
    exp.CurrentDate: "current_date", exp.CurrentTime: "current_time", exp.Localtimestamp: "localtimestamp",
    exp.CurrentUser: "current_user", exp.SessionUser: "session_user", exp.CurrentCatalog: "current_database",
    exp.CurrentSchema: "current_schema", exp.AtTimeZone: "timezone", exp.Boolean: "bool",
}  # fmt: skip
