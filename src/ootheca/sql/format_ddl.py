"""Canonical text of statements on databases, schemas, types, views and sequences, and of the DROP statements."""

from __future__ import annotations

from ootheca.names import format_dotted, format_identifier, format_string, format_unrestricted_identifier
from ootheca.sql import ast
from ootheca.sql.format_core import (
    Style,
    behavior_words,
    format_node,
    formats,
    if_exists_words,
    if_not_exists_words,
    name_list,
)
from ootheca.sql.format_expr import expression_list

__all__ = ["sequence_options"]


# Databases and schemas
@formats(ast.CreateDatabase)
def create_database(node: ast.CreateDatabase, style: Style) -> str:
    del style
    text = f"CREATE DATABASE {if_not_exists_words(node.if_not_exists)}{format_identifier(node.name)}"
    for key, value in node.options:
        text += f" {key} = {value if key == 'CONNECTION LIMIT' else format_string(value)}"
    if node.primary_region is not None:
        text += f" PRIMARY REGION {format_identifier(node.primary_region)}"
    if node.regions:
        text += f" REGIONS = {name_list(node.regions)}"
    return text + (f" SURVIVE {node.survival_goal}" if node.survival_goal is not None else "")


@formats(ast.AlterDatabase)
def alter_database(node: ast.AlterDatabase, style: Style) -> str:
    text = f"ALTER DATABASE {format_identifier(node.name)} {node.action}"
    match node.action:
        case "SET":
            values = expression_list(node.setting_values, style) or "DEFAULT"
            return f"{text} {format_dotted(node.setting.split('.'))} = {values}"
        case "RESET":
            return f"{text} {format_dotted(node.setting.split('.'))}"
        case "SURVIVE":
            return f"{text} {node.value}"
        case "CONVERT TO SCHEMA":
            return f"{text} WITH PARENT {format_identifier(node.value)}"
        case "ADD REGION":
            return f"{text} {if_not_exists_words(node.if_exists)}{format_identifier(node.value)}"
    return f"{text} {if_exists_words(node.if_exists)}{format_identifier(node.value)}"


@formats(ast.CreateSchema)
def create_schema(node: ast.CreateSchema, style: Style) -> str:
    del style
    text = f"CREATE SCHEMA {if_not_exists_words(node.if_not_exists)}"
    if node.name is not None:
        text += str(node.name)
    if node.owner is not None:
        text += f"{' ' if node.name is not None else ''}AUTHORIZATION {format_identifier(node.owner)}"
    return text


@formats(ast.AlterSchema)
def alter_schema(node: ast.AlterSchema, style: Style) -> str:
    del style
    return f"ALTER SCHEMA {node.name} {node.action} {format_identifier(node.value)}"


# Types
@formats(ast.CreateType)
def create_type(node: ast.CreateType, style: Style) -> str:
    del style
    labels = ", ".join(map(format_string, node.labels))
    return f"CREATE TYPE {if_not_exists_words(node.if_not_exists)}{node.name} AS ENUM ({labels})"


@formats(ast.AlterType)
def alter_type(node: ast.AlterType, style: Style) -> str:
    del style
    text = f"ALTER TYPE {node.name} {node.action} "
    match node.action:
        case "ADD VALUE":
            text += if_not_exists_words(node.if_not_exists) + format_string(node.value)
            return text + (f" {node.placement} {format_string(node.neighbor)}" if node.placement else "")
        case "DROP VALUE":
            return text + format_string(node.value)
        case "RENAME VALUE":
            return f"{text}{format_string(node.value)} TO {format_string(node.new_value)}"
    return text + format_identifier(node.new_value)


# Dropping and emptying
@formats(ast.DropDatabase)
def drop_database(node: ast.DropDatabase, style: Style) -> str:
    del style
    name = format_identifier(node.name)
    return f"DROP DATABASE {if_exists_words(node.if_exists)}{name}{behavior_words(node.behavior)}"


_DROPPED = {
    ast.DropSchema: "SCHEMA",
    ast.DropTable: "TABLE",
    ast.DropView: "VIEW",
    ast.DropSequence: "SEQUENCE",
    ast.DropType: "TYPE",
}


@formats(*_DROPPED)
def drop(
    node: ast.DropSchema | ast.DropTable | ast.DropView | ast.DropSequence | ast.DropType, style: Style
) -> str:
    del style
    kind = _DROPPED[type(node)]
    if isinstance(node, ast.DropView) and node.is_materialized:
        kind = "MATERIALIZED VIEW"
    names = ", ".join(map(str, node.names))
    return f"DROP {kind} {if_exists_words(node.if_exists)}{names}{behavior_words(node.behavior)}"


@formats(ast.IndexName)
def index_name(node: ast.IndexName, style: Style) -> str:
    del style
    if node.table is not None:
        return f"{node.table}@{format_unrestricted_identifier(node.index)}"
    return format_dotted((*node.prefix, node.index))


@formats(ast.DropIndex)
def drop_index(node: ast.DropIndex, style: Style) -> str:
    names = ", ".join(format_node(name, style) for name in node.names)
    concurrently = "CONCURRENTLY " if node.is_concurrent else ""
    return f"DROP INDEX {concurrently}{if_exists_words(node.if_exists)}{names}{behavior_words(node.behavior)}"


@formats(ast.Truncate)
def truncate(node: ast.Truncate, style: Style) -> str:
    del style
    return f"TRUNCATE TABLE {', '.join(map(str, node.names))}{behavior_words(node.behavior)}"


# Views
@formats(ast.CreateView)
def create_view(node: ast.CreateView, style: Style) -> str:
    words = "CREATE "
    words += "OR REPLACE " if node.or_replace else ""
    words += "TEMPORARY " if node.is_temporary else ""
    words += "MATERIALIZED " if node.is_materialized else ""
    columns = f" ({name_list(node.columns)})" if node.columns else ""
    data = "" if node.with_data else " WITH NO DATA"
    condition = if_not_exists_words(node.if_not_exists)
    return f"{words}VIEW {condition}{node.name}{columns} AS {format_node(node.query, style)}{data}"


@formats(ast.AlterView)
def alter_view(node: ast.AlterView, style: Style) -> str:
    del style
    kind = "MATERIALIZED VIEW" if node.is_materialized else "VIEW"
    return f"ALTER {kind} {if_exists_words(node.if_exists)}{node.name} {node.action} {node.value}"


@formats(ast.RefreshMaterializedView)
def refresh(node: ast.RefreshMaterializedView, style: Style) -> str:
    del style
    data = {None: "", True: " WITH DATA", False: " WITH NO DATA"}[node.with_data]
    return f"REFRESH MATERIALIZED VIEW {'CONCURRENTLY ' if node.is_concurrent else ''}{node.name}{data}"


# Sequences
def sequence_options(options: ast.SequenceOptions, style: Style) -> str:
    """Print the options of a sequence as they were written, each after a blank."""
    return "".join([f" {_sequence_option(key, options, style)}" for key in options.order])


def _sequence_option(key: str, options: ast.SequenceOptions, style: Style) -> str:
    value = getattr(options, key)
    match key:
        case "as_type":
            return f"AS {format_node(value, style)}"
        case "cycle":
            return "CYCLE" if value else "NO CYCLE"
        case "owned_by":
            return f"OWNED BY {value}"
        case "owned_by_none":
            return "OWNED BY NONE"
        case "no_minvalue" | "no_maxvalue":
            return f"NO {key[3:].upper()}"
        case "virtual":
            return "VIRTUAL"
        case "restart":
            return "RESTART" if value is None else f"RESTART {value}"
    return f"{key.upper()} {value}"


@formats(ast.CreateSequence)
def create_sequence(node: ast.CreateSequence, style: Style) -> str:
    kind = "TEMPORARY SEQUENCE" if node.is_temporary else "SEQUENCE"
    options = sequence_options(node.options, style)
    return f"CREATE {kind} {if_not_exists_words(node.if_not_exists)}{node.name}{options}"


@formats(ast.AlterSequence)
def alter_sequence(node: ast.AlterSequence, style: Style) -> str:
    text = f"ALTER SEQUENCE {if_exists_words(node.if_exists)}{node.name}"
    if node.action:
        return f"{text} {node.action} {node.value}"
    return text + sequence_options(node.options, style)
