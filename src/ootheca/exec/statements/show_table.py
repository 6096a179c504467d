"""SHOW CREATE, COLUMNS, INDEXES, CONSTRAINTS and STATISTICS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.display import show_expression, show_type, without_annotations
from ootheca.catalog.show_create import show_create
from ootheca.errors import UndefinedDatabaseError, UnsupportedError
from ootheca.exec.comments import COLUMN, INDEX, Comments
from ootheca.exec.ddl.support import kind_of
from ootheca.exec.ddl.table_indexes import all_indexes
from ootheca.exec.result import Result, ResultColumn, boolean, integer, string, timestamp
from ootheca.names import format_dotted, format_identifier, format_string
from ootheca.sql import ast
from ootheca.types import STRING, array_of

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run", "show_columns"]


def run(statement: ast.Statement, session: Session) -> Result:
    """Show one table, or how objects were created."""
    match statement:
        case ast.ShowCreate():
            return _create(statement, session)
        case ast.ShowColumns():
            return show_columns(
                session, _table(session, statement.table), with_comment=statement.with_comment
            )
        case ast.ShowIndexes():
            return _indexes(statement, session)
        case ast.ShowConstraints():
            return _constraints(session, _table(session, statement.table))
        case ast.ShowStatistics():
            _table(session, statement.table)
            return _no_statistics()
        case _:
            raise UnsupportedError(f"unimplemented: {type(statement).__name__}")


def _table(session: Session, name: ast.ObjectName) -> pb.TableDescriptor:
    return session.catalog.resolve_table(name.parts, session.database)


def _create(statement: ast.ShowCreate, session: Session) -> Result:
    if statement.kind.startswith("ALL"):
        return _create_all(statement.kind, session)
    assert statement.name is not None
    match statement.kind:
        case "DATABASE":
            database = session.catalog.resolve_database(statement.name.object)
            row = (database.name, f"CREATE DATABASE {format_identifier(database.name)}")
            return Result.of_rows(
                (string("database_name"), string("create_statement")), [row], tag="SHOW CREATE"
            )
        case "SCHEMA":
            return _create_schema(statement.name, session)
        case _:
            desc = _table(session, statement.name)
            text = show_create(
                desc,
                session.catalog,
                session.rules,
                comments=Comments(session).all(),
                current_database=session.database,
            )
            columns = (string("table_name"), string("create_statement"))
            return Result.of_rows(columns, [(str(statement.name), text)], tag="SHOW CREATE")


def _create_schema(name: ast.ObjectName, session: Session) -> Result:
    database = session.catalog.resolve_database(name.prefix[-1] if name.prefix else session.database)
    schema = session.catalog.find_schema(database.id, name.object)
    if schema is None:
        raise UndefinedDatabaseError(f'unknown schema "{name.object}"', sqlstate="3F000")
    row = (schema.name, f"CREATE SCHEMA {format_identifier(schema.name)}")
    return Result.of_rows((string("schema_name"), string("create_statement")), [row], tag="SHOW CREATE")


def _create_all(kind: str, session: Session) -> Result:
    database = session.catalog.resolve_database(session.database)
    match kind:
        case "ALL TABLES":
            texts = list(_all_tables(session, database.id))
        case "ALL SCHEMAS":
            texts = [
                f"CREATE SCHEMA {format_identifier(schema.name)};"
                for schema in session.catalog.schemas(database.id)
                if isinstance(session.catalog.get(schema.id), pb.SchemaDescriptor)
            ]
        case _:
            texts = [_create_type(session, d) for d in session.catalog.types(database.id) if d.enum_members]
    return Result.of_rows((string("create_statement"),), [(text,) for text in texts], tag="SHOW CREATE")


def _all_tables(session: Session, database_id: int) -> Iterator[str]:
    """Yield CREATE statements in an order that can be run: what a table needs stands before it."""
    comments = Comments(session).all()
    for desc in session.catalog.tables(database_id):
        yield show_create(desc, session.catalog, session.rules, comments=comments) + ";"


def _create_type(session: Session, desc: pb.TypeDescriptor) -> str:
    labels = ", ".join(format_string(member.logical_representation) for member in desc.enum_members)
    return f"CREATE TYPE {format_dotted(session.catalog.qualified_name(desc)[1:])} AS ENUM ({labels});"


def show_columns(session: Session, desc: pb.TableDescriptor, *, with_comment: bool = False) -> Result:
    """Return what SHOW COLUMNS answers."""
    columns = [
        string("column_name"),
        string("data_type"),
        boolean("is_nullable"),
        string("column_default"),
        string("generation_expression"),
        ResultColumn("indices", array_of(STRING)),
        boolean("is_hidden"),
    ]
    if with_comment:
        columns.append(string("comment"))
    catalog, rows = session.catalog, []
    for column in desc.columns:
        default = None
        if column.HasField("default_expr"):
            default = show_expression(column.default_expr, catalog, database=session.database)
        computed = without_annotations(show_expression(column.compute_expr, catalog))
        names = [index.name for index in all_indexes(desc) if _holds(index, column)]
        if session.rules.stores_in_primary:
            names.sort()
        row: list[object] = [
            column.name,
            show_type(column.type, catalog),
            column.nullable,
            default,
            computed,
            names,
            column.hidden,
        ]
        if with_comment:
            row.append(Comments(session).get(COLUMN, desc.id, column.id))
        rows.append(row)
    return Result.of_rows(columns, rows, tag="SHOW COLUMNS")


def _holds(index: pb.IndexDescriptor, column: pb.ColumnDescriptor) -> bool:
    return column.id in (*index.column_ids, *index.extra_column_ids, *index.store_column_ids)


def _indexes(statement: ast.ShowIndexes, session: Session) -> Result:
    columns = [
        string("table_name"),
        string("index_name"),
        boolean("non_unique"),
        integer("seq_in_index"),
        string("column_name"),
        string("direction"),
        boolean("storing"),
        boolean("implicit"),
    ]
    if statement.with_comment:
        columns.append(string("comment"))
    if statement.table is not None:
        tables = [_table(session, statement.table)]
    else:
        database = session.catalog.resolve_database(statement.database or session.database)
        tables = [
            t for t in session.catalog.tables(database.id) if kind_of(t) in ("table", "materialized view")
        ]
    rows = []
    for desc in tables:
        for index in all_indexes(desc):
            comment = (Comments(session).get(INDEX, desc.id, index.id),) if statement.with_comment else ()
            rows += [(*row, *comment) for row in _index_rows(desc, index)]
    return Result.of_rows(columns, rows, tag="SHOW INDEXES")


def _index_rows(desc: pb.TableDescriptor, index: pb.IndexDescriptor) -> Iterator[tuple[object, ...]]:
    names = {column.id: column.name for column in desc.columns}
    number = 0
    for name, direction in zip(index.column_names, index.column_directions, strict=True):
        number += 1
        is_implicit = index.sharded.is_sharded and name == index.sharded.name
        word = "DESC" if direction == pb.IndexDescriptor.DESC else "ASC"
        yield desc.name, index.name, not index.unique, number, name, word, False, is_implicit
    for name in index.store_column_names:
        number += 1
        yield desc.name, index.name, not index.unique, number, name, "N/A", True, False
    for id_ in index.extra_column_ids:
        number += 1
        yield desc.name, index.name, not index.unique, number, names[id_], "ASC", False, True


def _constraints(session: Session, desc: pb.TableDescriptor) -> Result:
    columns = (
        string("table_name"),
        string("constraint_name"),
        string("constraint_type"),
        string("details"),
        boolean("validated"),
    )
    # SHOW CREATE prints every constraint on a line of its own: its words are the details.
    lines = show_create(desc, session.catalog, session.rules).splitlines()
    rows: list[tuple[object, ...]] = []
    for line in lines:
        text = line.strip().rstrip(",")
        for word, kind in (
            ("PRIMARY KEY", "PRIMARY KEY"),
            ("FOREIGN KEY", "FOREIGN KEY"),
            ("CHECK", "CHECK"),
        ):
            if text.startswith("CONSTRAINT ") and f" {word} (" in text:
                name, _, details = text.removeprefix("CONSTRAINT ").partition(f" {word} ")
                is_valid = not details.endswith(" NOT VALID")
                details = f"{word} {details}".removesuffix(" NOT VALID")
                rows.append((desc.name, name.strip('"'), kind, details, is_valid))
                break
    for index in desc.indexes:
        if index.unique:
            keys = ", ".join(
                f"{format_identifier(name)} {'DESC' if direction else 'ASC'}"
                for name, direction in zip(index.column_names, index.column_directions, strict=True)
            )
            rows.append((desc.name, index.name, "UNIQUE", f"UNIQUE ({keys})", True))
    return Result.of_rows(columns, sorted(rows, key=lambda row: str(row[1])), tag="SHOW CONSTRAINTS")


def _no_statistics() -> Result:
    columns = (
        string("statistics_name"),
        ResultColumn("column_names", array_of(STRING)),
        timestamp("created"),
        integer("row_count"),
        integer("distinct_count"),
        integer("null_count"),
        integer("histogram_id"),
    )
    return Result.of_rows(columns, (), tag="SHOW STATISTICS")
