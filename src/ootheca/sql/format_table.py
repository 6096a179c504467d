"""Canonical text of CREATE TABLE, ALTER TABLE and the index statements, and of their pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ootheca.names import format_identifier, format_unrestricted_identifier
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
from ootheca.sql.format_ddl import sequence_options
from ootheca.sql.format_expr import expression_list

__all__: list[str] = []


def _nodes(nodes: Sequence[ast.Node], style: Style) -> str:
    return ", ".join([format_node(node, style) for node in nodes])


def _named(name: str | None, text: str) -> str:
    return f"CONSTRAINT {format_identifier(name)} {text}" if name is not None else text


def _parameters(parameters: tuple[tuple[str, ast.Expr], ...], style: Style) -> str:
    if not parameters:
        return ""
    pairs = [f"{format_identifier(key)} = {format_node(value, style)}" for key, value in parameters]
    return f" WITH ({', '.join(pairs)})"


# Pieces
@formats(ast.HashSharding)
def _sharding(node: ast.HashSharding, style: Style) -> str:
    if node.bucket_count is None:
        return "USING HASH"
    return f"USING HASH WITH BUCKET_COUNT = {format_node(node.bucket_count, style)}"


@formats(ast.IndexColumn)
def _index_column(node: ast.IndexColumn, style: Style) -> str:
    if node.column is not None:
        text = format_identifier(node.column)
    else:
        assert node.expression is not None
        text = format_node(node.expression, style)
        if not isinstance(node.expression, ast.FunctionCall):
            text = f"({text})"
    text += f" {node.direction}" if node.direction else ""
    return text + (f" NULLS {node.nulls}" if node.nulls else "")


@formats(ast.ListPartition)
def _list_partition(node: ast.ListPartition, style: Style) -> str:
    sub = f" {format_node(node.subpartition, style)}" if node.subpartition is not None else ""
    name = format_unrestricted_identifier(node.name)
    return f"PARTITION {name} VALUES IN ({expression_list(node.values, style)}){sub}"


@formats(ast.RangePartition)
def _range_partition(node: ast.RangePartition, style: Style) -> str:
    sub = f" {format_node(node.subpartition, style)}" if node.subpartition is not None else ""
    lower, upper = expression_list(node.lower, style), expression_list(node.upper, style)
    name = format_unrestricted_identifier(node.name)
    return f"PARTITION {name} VALUES FROM ({lower}) TO ({upper}){sub}"


@formats(ast.PartitionBy)
def _partition_by(node: ast.PartitionBy, style: Style) -> str:
    head = "PARTITION ALL BY" if node.is_all else "PARTITION BY"
    if node.kind == "NOTHING":
        return f"{head} NOTHING"
    return f"{head} {node.kind} ({name_list(node.columns)}) ({_nodes(node.partitions, style)})"


@formats(ast.InterleaveClause)
def _interleave(node: ast.InterleaveClause, style: Style) -> str:
    del style
    return f"INTERLEAVE IN PARENT {node.parent} ({name_list(node.columns)})"


def _tail(node: Any, style: Style) -> str:
    """Print what follows the columns of an index, in CockroachDB's order."""
    text = ""
    if node.sharding is not None:
        text += f" {format_node(node.sharding, style)}"
    if getattr(node, "storing", ()):
        text += f" STORING ({name_list(node.storing)})"
    for part in (node.interleave, getattr(node, "partition_by", None)):
        if part is not None:
            text += f" {format_node(part, style)}"
    text += _parameters(getattr(node, "storage_parameters", ()), style)
    if getattr(node, "predicate", None) is not None:
        text += f" WHERE {format_node(node.predicate, style)}"
    if getattr(node, "is_not_visible", False):
        text += " NOT VISIBLE"
    return text + (" NOT VALID" if getattr(node, "is_not_valid", False) else "")


@formats(ast.CheckConstraint)
def _check(node: ast.CheckConstraint, style: Style) -> str:
    return _named(node.name, f"CHECK ({format_node(node.expression, style)})")


@formats(ast.ForeignKey)
def _foreign_key(node: ast.ForeignKey, style: Style) -> str:
    del style
    columns = f"FOREIGN KEY ({name_list(node.columns)}) " if node.columns else ""
    text = f"{columns}REFERENCES {node.table}"
    if node.referenced_columns:
        text += f" ({name_list(node.referenced_columns)})"
    if node.match in ("FULL", "PARTIAL"):
        text += f" MATCH {node.match}"
    text += f" ON DELETE {node.on_delete}" if node.on_delete else ""
    text += f" ON UPDATE {node.on_update}" if node.on_update else ""
    return _named(node.name, text)


@formats(ast.PrimaryKey)
def _primary_key(node: ast.PrimaryKey, style: Style) -> str:
    return _named(node.name, f"PRIMARY KEY ({_nodes(node.columns, style)}){_tail(node, style)}")


@formats(ast.UniqueConstraint)
def _unique(node: ast.UniqueConstraint, style: Style) -> str:
    without = "WITHOUT INDEX " if node.without_index else ""
    return _named(node.name, f"UNIQUE {without}({_nodes(node.columns, style)}){_tail(node, style)}")


@formats(ast.IndexDef)
def _index(node: ast.IndexDef, style: Style) -> str:
    kind = ("UNIQUE " if node.is_unique else "") + ("INVERTED " if node.is_inverted else "")
    name = f"{format_identifier(node.name)} " if node.name is not None else ""
    return f"{kind}INDEX {name}({_nodes(node.columns, style)}){_tail(node, style)}"


@formats(ast.FamilyDef)
def _family(node: ast.FamilyDef, style: Style) -> str:
    del style
    name = f"{format_identifier(node.name)} " if node.name is not None else ""
    return f"FAMILY {name}({name_list(node.columns)})"


@formats(ast.LikeTable)
def _like(node: ast.LikeTable, style: Style) -> str:
    del style
    return " ".join([f"LIKE {node.table}", *node.options])


# Columns
@formats(ast.ColumnDef)
def _column(node: ast.ColumnDef, style: Style) -> str:
    names = dict(node.constraint_names)
    parts = [format_identifier(node.name)]
    if node.type is not None:
        parts.append(_column_type(node.type, style))
    if node.is_hidden:
        parts.append("NOT VISIBLE")
    if node.is_nullable is not None:
        parts.append(_named(names.get("NULL"), "NULL" if node.is_nullable else "NOT NULL"))
    if node.is_primary_key:
        sharding = f" {format_node(node.primary_key_sharding, style)}" if node.primary_key_sharding else ""
        parts.append(_named(names.get("PRIMARY KEY"), f"PRIMARY KEY{sharding}"))
    if node.is_unique or node.is_unique_without_index:
        words = "UNIQUE WITHOUT INDEX" if node.is_unique_without_index else "UNIQUE"
        parts.append(_named(names.get("UNIQUE"), words))
    if node.default is not None:
        parts.append(_named(names.get("DEFAULT"), f"DEFAULT {format_node(node.default, style)}"))
    if node.on_update is not None:
        parts.append(_named(names.get("ON UPDATE"), f"ON UPDATE {format_node(node.on_update, style)}"))
    if node.identity is not None:
        parts.append(_named(names.get("IDENTITY"), _identity(node.identity, style)))
    parts += [format_node(check, style) for check in node.checks]
    if node.references is not None:
        parts.append(format_node(node.references, style))
    if node.computed is not None:
        kind = "VIRTUAL" if node.computed.is_virtual else "STORED"
        text = f"AS ({format_node(node.computed.expression, style)}) {kind}"
        parts.append(_named(names.get("AS"), text))
    if node.family is not None:
        parts.append(_column_family(node))
    return " ".join(parts)


_SERIAL = {"INT2": "SERIAL2", "INT4": "SERIAL4", "INT8": "SERIAL8"}


def _column_type(type_: ast.TypeName, style: Style) -> str:
    return _SERIAL[type_.name] if type_.is_serial else format_node(type_, style)


def _identity(node: ast.Identity, style: Style) -> str:
    words = "ALWAYS" if node.is_always else "BY DEFAULT"
    options = sequence_options(node.options, style).strip()
    return f"GENERATED {words} AS IDENTITY" + (f" ({options})" if options else "")


def _column_family(node: ast.ColumnDef) -> str:
    name = f" {format_identifier(node.family)}" if node.family else ""
    if not node.creates_family:
        return f"FAMILY{name}"
    return f"CREATE {if_not_exists_words(node.if_not_exists_family)}FAMILY{name}"


# Tables
@formats(ast.CreateTable)
def create_table(node: ast.CreateTable, style: Style) -> str:
    words = f"CREATE {node.persistence + ' ' if node.persistence else ''}TABLE "
    text = f"{words}{if_not_exists_words(node.if_not_exists)}{node.name} ({_nodes(node.elements, style)})"
    for part in (node.interleave, node.partition_by):
        if part is not None:
            text += f" {format_node(part, style)}"
    text += _parameters(node.storage_parameters, style)
    text += f" ON COMMIT {node.on_commit}" if node.on_commit else ""
    return text + (f" LOCALITY {node.locality}" if node.locality else "")


@formats(ast.CreateTableAs)
def create_table_as(node: ast.CreateTableAs, style: Style) -> str:
    words = f"CREATE {node.persistence + ' ' if node.persistence else ''}TABLE "
    elements = f" ({_nodes(node.elements, style)})" if node.elements else ""
    parameters = _parameters(node.storage_parameters, style)
    name = f"{if_not_exists_words(node.if_not_exists)}{node.name}"
    return f"{words}{name}{elements}{parameters} AS {format_node(node.query, style)}"


@formats(ast.AlterTable)
def alter_table(node: ast.AlterTable, style: Style) -> str:
    head = f"ALTER TABLE {if_exists_words(node.if_exists)}{node.name}"
    if node.locality:
        return f"{head} SET LOCALITY {node.locality}"
    return f"{head} {_nodes(node.commands, style)}"


@formats(ast.AddColumn)
def _add_column(node: ast.AddColumn, style: Style) -> str:
    return f"ADD COLUMN {if_not_exists_words(node.if_not_exists)}{format_node(node.column, style)}"


@formats(ast.DropColumn)
def _drop_column(node: ast.DropColumn, style: Style) -> str:
    del style
    name = format_identifier(node.name)
    return f"DROP COLUMN {if_exists_words(node.if_exists)}{name}{behavior_words(node.behavior)}"


@formats(ast.RenameColumn, ast.RenameConstraint)
def _rename(node: ast.RenameColumn | ast.RenameConstraint, style: Style) -> str:
    del style
    kind = "COLUMN" if isinstance(node, ast.RenameColumn) else "CONSTRAINT"
    return f"RENAME {kind} {format_identifier(node.old)} TO {format_identifier(node.new)}"


@formats(ast.RenameTo)
def _rename_to(node: ast.RenameTo, style: Style) -> str:
    del style
    return f"RENAME TO {node.name}"


@formats(ast.SetDefault)
def _set_default(node: ast.SetDefault, style: Style) -> str:
    return f"ALTER COLUMN {format_identifier(node.column)} SET DEFAULT {format_node(node.expression, style)}"


@formats(ast.AlterColumnOnUpdate)
def _on_update(node: ast.AlterColumnOnUpdate, style: Style) -> str:
    head = f"ALTER COLUMN {format_identifier(node.column)}"
    if node.expression is None:
        return f"{head} DROP ON UPDATE"
    return f"{head} SET ON UPDATE {format_node(node.expression, style)}"


_COLUMN_WORDS: dict[type, str] = {
    ast.DropDefault: "DROP DEFAULT",
    ast.SetNotNull: "SET NOT NULL",
    ast.DropNotNull: "DROP NOT NULL",
    ast.DropStored: "DROP STORED",
}


@formats(*_COLUMN_WORDS)
def _column_command(
    node: ast.DropDefault | ast.SetNotNull | ast.DropNotNull | ast.DropStored, style: Style
) -> str:
    del style
    return f"ALTER COLUMN {format_identifier(node.column)} {_COLUMN_WORDS[type(node)]}"


@formats(ast.SetVisible)
def _set_visible(node: ast.SetVisible, style: Style) -> str:
    del style
    return f"ALTER COLUMN {format_identifier(node.column)} SET {'' if node.is_visible else 'NOT '}VISIBLE"


@formats(ast.AlterColumnType)
def _column_type_change(node: ast.AlterColumnType, style: Style) -> str:
    using = f" USING {format_node(node.using, style)}" if node.using is not None else ""
    return (
        f"ALTER COLUMN {format_identifier(node.column)} SET DATA TYPE {format_node(node.type, style)}{using}"
    )


@formats(ast.AddConstraint)
def _add_constraint(node: ast.AddConstraint, style: Style) -> str:
    return f"ADD {format_node(node.constraint, style)}{' NOT VALID' if node.is_not_valid else ''}"


@formats(ast.DropConstraint)
def _drop_constraint(node: ast.DropConstraint, style: Style) -> str:
    del style
    name = format_identifier(node.name)
    return f"DROP CONSTRAINT {if_exists_words(node.if_exists)}{name}{behavior_words(node.behavior)}"


@formats(ast.ValidateConstraint)
def _validate(node: ast.ValidateConstraint, style: Style) -> str:
    del style
    return f"VALIDATE CONSTRAINT {format_identifier(node.name)}"


@formats(ast.AlterPrimaryKey)
def _alter_primary_key(node: ast.AlterPrimaryKey, style: Style) -> str:
    return f"ALTER PRIMARY KEY USING COLUMNS ({_nodes(node.columns, style)}){_tail(node, style)}"


@formats(ast.SplitAt)
def _split_at(node: ast.SplitAt, style: Style) -> str:
    expiry = f" WITH EXPIRATION {format_node(node.expiration, style)}" if node.expiration is not None else ""
    return f"SPLIT AT {format_node(node.query, style)}{expiry}"


@formats(ast.UnsplitAt)
def _unsplit_at(node: ast.UnsplitAt, style: Style) -> str:
    return "UNSPLIT ALL" if node.query is None else f"UNSPLIT AT {format_node(node.query, style)}"


@formats(ast.Relocate)
def _relocate(node: ast.Relocate, style: Style) -> str:
    if node.query is None:
        return "SCATTER"
    lease = " LEASE" if node.kind == "RELOCATE LEASE" else ""
    return f"EXPERIMENTAL_RELOCATE{lease} {format_node(node.query, style)}"


@formats(ast.SetStorageParameters)
def _set_parameters(node: ast.SetStorageParameters, style: Style) -> str:
    if all(value is None for _, value in node.parameters):
        return f"RESET ({name_list(key for key, _ in node.parameters)})"
    pairs = tuple((key, value) for key, value in node.parameters if value is not None)
    return f"SET{_parameters(pairs, style).removeprefix(' WITH')}"


@formats(ast.SetSchema)
def _set_schema(node: ast.SetSchema, style: Style) -> str:
    del style
    return f"SET SCHEMA {format_identifier(node.schema)}"


@formats(ast.OwnerTo)
def _owner_to(node: ast.OwnerTo, style: Style) -> str:
    del style
    return f"OWNER TO {format_identifier(node.owner)}"


# Indexes
@formats(ast.CreateIndex)
def create_index(node: ast.CreateIndex, style: Style) -> str:
    kind = ("UNIQUE " if node.is_unique else "") + ("INVERTED " if node.is_inverted else "")
    words = f"CREATE {kind}INDEX {'CONCURRENTLY ' if node.is_concurrent else ''}"
    name = f"{format_identifier(node.name)} " if node.name is not None else ""
    condition = if_not_exists_words(node.if_not_exists)
    return f"{words}{condition}{name}ON {node.table} ({_nodes(node.columns, style)}){_tail(node, style)}"


@formats(ast.AlterIndex)
def alter_index(node: ast.AlterIndex, style: Style) -> str:
    head = f"ALTER INDEX {if_exists_words(node.if_exists)}{format_node(node.name, style)}"
    match node.action:
        case "RENAME TO":
            return f"{head} RENAME TO {format_unrestricted_identifier(node.new_name)}"
        case "PARTITION BY":
            assert node.partition_by is not None
            return f"{head} {format_node(node.partition_by, style)}"
        case "SCATTER":
            return f"{head} SCATTER"
    if node.query is None:
        return f"{head} UNSPLIT ALL"
    return f"{head} {node.action} {format_node(node.query, style)}"
