"""CREATE TABLE … AS: a table of a query's columns, filled with its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.errors import OothecaError, UnsupportedError
from ootheca.exec.ddl.builder import TableBuilder, new_table
from ootheca.exec.ddl.create_table import finish_table
from ootheca.exec.ddl.support import is_taken, new_object_name, target_schema
from ootheca.exec.ddl.table_indexes import ensure_primary_key, set_primary_key
from ootheca.exec.ddl.types import type_message
from ootheca.exec.ddl.views import fill_from_query, query_columns
from ootheca.exec.result import Result
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["create_table_as"]


def create_table_as(statement: ast.CreateTableAs, session: Session) -> Result:
    """Create and fill the table."""
    schema = target_schema(session, statement.name)
    name = statement.name.object
    if is_taken(session, schema, name, if_not_exists=statement.if_not_exists):
        return Result.command("CREATE TABLE AS")
    columns = query_columns(session, statement.query.text)
    names, key = _definitions(statement)
    if names and len(names) != len(columns):
        raise OothecaError(
            f"CREATE TABLE specifies {len(names)} column name{'s' if len(names) != 1 else ''}, "
            f"but data source has {len(columns)} column{'s' if len(columns) != 1 else ''}",
            sqlstate="42601",
        )
    builder = TableBuilder(session, new_table(session, schema, name))
    for position, column in enumerate(columns):
        column_name = names[position] if names else column.name
        builder.append_column(column_name, type_message(column.type, session.catalog))
    if key:
        set_primary_key(builder, [ast.IndexColumn(column) for column in key], None)
    ensure_primary_key(builder)
    builder.desc.create_query = statement.query.text
    finish_table(builder)
    session.engine.create_table(new_object_name(session, schema, name), session.describe(builder.desc.id))
    fill_from_query(session, builder.desc, statement.query.text)
    session.engine.find_violation(
        new_object_name(session, schema, name), session.describe(builder.desc.id), session.names
    )
    return Result.command("CREATE TABLE AS")


def _definitions(statement: ast.CreateTableAs) -> tuple[list[str], list[str]]:
    """Return the column names given, and those of the primary key."""
    names: list[str] = []
    key: list[str] = []
    for element in statement.elements:
        match element:
            case ast.ColumnDef():
                names.append(element.name)
                if element.is_primary_key:
                    key.append(element.name)
            case ast.PrimaryKey():
                key = [column.column for column in element.columns if column.column is not None]
            case _:
                raise UnsupportedError("unimplemented: this element in CREATE TABLE … AS")
    return names, key
