"""ALTER TABLE: columns."""

from __future__ import annotations

import re

from ootheca import pb
from ootheca.errors import DuplicateColumnError, OothecaError, UnsupportedError
from ootheca.exec.comments import COLUMN, Comments
from ootheca.exec.ddl.builder import TableBuilder
from ootheca.exec.ddl.moving import dependent_views
from ootheca.exec.ddl.support import require_name
from ootheca.exec.ddl.table_constraints import (
    add_check,
    add_foreign_key,
    link_foreign_keys,
    unlink_foreign_key,
)
from ootheca.exec.ddl.table_indexes import (
    IndexSpec,
    add_index,
    all_indexes,
    number_constraints,
    refresh_primary_index,
)
from ootheca.exec.ddl.types import column_type
from ootheca.exec.history import retire, rewrite
from ootheca.exec.resolver import table_name
from ootheca.names import format_identifier
from ootheca.sql import ast

__all__ = [
    "add_column",
    "change_expression",
    "change_type",
    "drop_column",
    "drop_not_null",
    "rename_column",
    "rename_in_expression",
    "set_not_null",
]


def add_column(command: ast.AddColumn, builder: TableBuilder) -> None:
    """Add a column, filled by its default, with the constraints written on it.

    Raises:
        OothecaError: it is NOT NULL, the table has rows, and there is no default.
    """
    definition, desc, session = command.column, builder.desc, builder.session
    if command.if_not_exists and builder.find_column(definition.name) is not None:
        session.notice(f'column "{definition.name}" of relation "{desc.name}" already exists, skipping')
        return
    if definition.is_primary_key:
        raise UnsupportedError(
            "unimplemented: cannot add a primary key column to a table that has a primary key"
        )
    column = builder.add_column(definition)
    builder.set_expressions(definition)
    builder.add_to_family(column, definition)
    builder.complete_families()
    if definition.is_unique:
        name = dict(definition.constraint_names).get("UNIQUE")
        add_index(builder, IndexSpec((ast.IndexColumn(column.name),), name, is_unique=True))
    for check in definition.checks:
        add_check(builder, check)
    if definition.references is not None:
        add_foreign_key(builder, definition.references, [column.name])
        link_foreign_keys(builder)
    refresh_primary_index(builder)
    number_constraints(builder)
    builder.link_types()
    desc.next_mutation_id += 1
    name_in_engine = table_name(session, desc)
    is_filled = column.HasField("default_expr") or column.HasField("compute_expr")
    if not column.nullable and not is_filled and session.engine.row_count(name_in_engine):
        raise OothecaError(
            f'null value in column "{column.name}" violates not-null constraint', sqlstate="23502"
        )
    table = session.describe(desc.id)
    session.engine.add_column(name_in_engine, table, column.id, session.names)
    if definition.is_unique or definition.checks or definition.references is not None:
        session.engine.find_violation(name_in_engine, table, session.names)


def drop_column(command: ast.DropColumn, builder: TableBuilder) -> None:
    """Drop a column, with the indexes and constraints that it is part of.

    Raises:
        OothecaError: it is in the primary key, or a view reads it.
    """
    desc, session = builder.desc, builder.session
    if command.if_exists and builder.find_column(command.name) is None:
        session.notice(f'column "{command.name}" does not exist, skipping')
        return
    column = builder.column(command.name)
    if session.variables.flag("sql_safe_updates"):
        raise OothecaError(
            "rejected (sql_safe_updates = true): ALTER TABLE DROP COLUMN will remove all data in that column",
            sqlstate="01000",
        )
    if column.id in desc.primary_index.column_ids:
        raise OothecaError(f'column "{column.name}" is referenced by the primary key', sqlstate="42P10")
    _refuse_views(builder, column, "drop")
    _refuse_computed(builder, column)
    for fk in [fk for fk in desc.inbound_fks if column.id in fk.referenced_column_ids]:
        origin = session.catalog.table(fk.origin_table_id)
        if command.behavior != "CASCADE":
            raise OothecaError(f'"{desc.name}" is referenced by foreign key from table "{origin.name}"')
        unlink_foreign_key(TableBuilder(session, session.catalog.change_table(origin.id)), fk.name)
    for fk in [fk for fk in desc.outbound_fks if column.id in fk.origin_column_ids]:
        unlink_foreign_key(builder, fk.name)
    for check in [check for check in desc.checks if column.id in check.column_ids]:
        desc.checks.remove(check)
    old = session.describe(desc.id)
    for index in [
        i for i in desc.indexes if column.id in (*i.column_ids, *i.store_column_ids, *i.extra_column_ids)
    ]:
        retire(session, desc, {index.id})
        desc.indexes.remove(index)
    _drop_from_families(desc, column)
    builder.drop_sequence_uses(column)
    name, number = column.name, column.id
    desc.columns.remove(column)
    refresh_primary_index(builder)
    builder.unlink_types()
    desc.next_mutation_id += 1
    Comments(session).put(COLUMN, desc.id, number, None)
    rewrite(session, table_name(session, desc), old, session.describe(desc.id), {number})
    session.engine.drop_column(table_name(session, desc), name)


def _drop_from_families(desc: pb.TableDescriptor, column: pb.ColumnDescriptor) -> None:
    for family in list(desc.families):
        if column.id in family.column_ids:
            position = list(family.column_ids).index(column.id)
            del family.column_ids[position]
            del family.column_names[position]
            if family.default_column_id == column.id:
                family.default_column_id = 0
            if not family.column_ids and family.id != 0:
                desc.families.remove(family)


def _refuse_views(builder: TableBuilder, column: pb.ColumnDescriptor, verb: str) -> None:
    readers = {ref.id for ref in builder.desc.dependedOnBy if column.id in ref.column_ids}
    for view in dependent_views(builder.session, builder.desc):
        if view.id in readers:
            raise OothecaError(
                f'cannot {verb} column "{column.name}" because view "{view.name}" depends on it',
                sqlstate="2BP01",
                hint=f"you can drop {view.name} instead.",
            )


def _refuse_computed(builder: TableBuilder, column: pb.ColumnDescriptor) -> None:
    for other in builder.desc.columns:
        if other.id != column.id and other.compute_expr and _mentions(other.compute_expr, column.name):
            raise OothecaError(
                f'column "{column.name}" is referenced by computed column "{other.name}"', sqlstate="42P10"
            )


def rename_column(command: ast.RenameColumn, builder: TableBuilder) -> None:
    """Rename a column wherever the descriptor names it.

    Raises:
        DuplicateColumnError: the new name is taken.
        OothecaError: a view reads it.
    """
    desc = builder.desc
    column = builder.column(command.old)
    if command.old == command.new:
        return
    require_name(command.new, "column")
    if builder.find_column(command.new) is not None:
        raise DuplicateColumnError(f'column name "{command.new}" already exists')
    _refuse_views(builder, column, "rename")
    old, new = command.old, command.new
    column.name = new
    for names in _name_lists(desc):
        for position, name in enumerate(names):
            if name == old:
                names[position] = new
    for index in all_indexes(desc):
        if index.predicate:
            index.predicate = rename_in_expression(index.predicate, old, new)
    for check in desc.checks:
        check.expr = rename_in_expression(check.expr, old, new)
    for other in desc.columns:
        if other.HasField("compute_expr"):
            other.compute_expr = rename_in_expression(other.compute_expr, old, new)
    session = builder.session
    session.engine.rename_column(table_name(session, desc), old, new)


def _name_lists(desc: pb.TableDescriptor) -> list[list[str]]:
    lists: list[list[str]] = []
    for index in all_indexes(desc):
        lists += [index.column_names, index.store_column_names, index.sharded.column_names]  # type: ignore[list-item]
    lists += [family.column_names for family in desc.families]  # type: ignore[misc]
    return lists


_TOKEN = re.compile(
    r"""(?P<string>[eEbBxX]?'(?:[^'\\]|\\.|'')*')|"(?P<quoted>(?:[^"]|"")*)"|(?P<word>[^\W\d][\w$]*)|(?P<type>::+@?\w+)""",
    re.DOTALL,
)


def rename_in_expression(text: str, old: str, new: str) -> str:
    """Return a stored expression with one column renamed; strings, types and functions stay as they are."""

    def replace(match: re.Match[str]) -> str:
        name = match["word"] if match["word"] is not None else match["quoted"]
        if name is None or name.replace('""', '"') != old:
            return match[0]
        is_call = text[match.end() : match.end() + 1] == "("
        return match[0] if is_call and match["word"] is not None else format_identifier(new)

    return _TOKEN.sub(replace, text)


def _mentions(text: str, name: str) -> bool:
    return rename_in_expression(text, name, name + "\0") != text


def change_expression(
    command: ast.SetDefault | ast.DropDefault | ast.AlterColumnOnUpdate | ast.SetVisible | ast.DropStored,
    builder: TableBuilder,
) -> None:
    """Change a column's default, ON UPDATE expression or visibility, or make a computed column an ordinary one."""
    column = builder.column(command.column)
    match command:
        case ast.SetDefault():
            if column.HasField("compute_expr"):
                raise OothecaError(
                    f'column "{column.name}" of relation "{builder.desc.name}" is a computed column',
                    sqlstate="42601",
                )
            builder.set_default(column, command.expression)
        case ast.DropDefault():
            builder.drop_sequence_uses(column)
            column.ClearField("default_expr")
        case ast.AlterColumnOnUpdate():
            if command.expression is None:
                column.ClearField("on_update_expr")
            else:
                builder.set_on_update(column, command.expression)
        case ast.SetVisible():
            column.hidden = not command.is_visible
        case ast.DropStored():
            if not column.HasField("compute_expr"):
                raise OothecaError(f'column "{column.name}" is not a computed column', sqlstate="42611")
            column.ClearField("compute_expr")


def set_not_null(command: ast.SetNotNull, builder: TableBuilder) -> None:
    """Forbid NULL.

    Raises:
        ConstraintError: there is one.
    """
    column, session = builder.column(command.column), builder.session
    if not column.nullable:
        return
    column.nullable = False
    builder.desc.next_mutation_id += 1
    session.engine.find_violation(
        table_name(session, builder.desc), session.describe(builder.desc.id), session.names
    )


def drop_not_null(command: ast.DropNotNull, builder: TableBuilder) -> None:
    """Allow NULL.

    Raises:
        OothecaError: the column is in the primary key.
    """
    column = builder.column(command.column)
    if column.id in builder.desc.primary_index.column_ids:
        raise OothecaError(f'column "{column.name}" is in a primary index', sqlstate="42P16")
    column.nullable = True


def change_type(command: ast.AlterColumnType, builder: TableBuilder) -> None:
    """Change a column's type, values converted.

    Raises:
        UnsupportedError: with USING, or for a column that an index or constraint holds.
    """
    if command.using is not None:
        raise UnsupportedError("unimplemented: ALTER COLUMN TYPE USING is not supported")
    desc, session = builder.desc, builder.session
    column = builder.column(command.column)
    if any(column.id in (*i.column_ids, *i.store_column_ids) for i in desc.indexes) or any(
        column.id in check.column_ids for check in desc.checks
    ):
        raise UnsupportedError(
            "unimplemented: ALTER COLUMN TYPE requiring rewrite of on-disk data is currently not supported for "
            "columns that are part of an index or a constraint"
        )
    retire(session, desc, {desc.primary_index.id})
    column.type.CopyFrom(column_type(command.type, session.catalog, session.database))
    builder.link_types()
    builder.unlink_types()
    session.engine.refresh_column(table_name(session, desc), session.describe(desc.id), column.id)
