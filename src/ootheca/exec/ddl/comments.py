"""COMMENT ON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.errors import UndefinedDatabaseError, UndefinedError, UnsupportedError
from ootheca.exec import comments as kinds
from ootheca.exec.ddl.builder import TableBuilder
from ootheca.exec.ddl.indexes import table_of_index
from ootheca.exec.ddl.table_indexes import all_indexes
from ootheca.exec.result import Result
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]


def run(statement: ast.CommentOn, session: Session) -> Result:
    """Write or remove one comment."""
    kind, id_, sub_id = _target(statement, session)
    kinds.Comments(session).put(kind, id_, sub_id, statement.comment or None)
    return Result.command(f"COMMENT ON {statement.kind}")


def _target(statement: ast.CommentOn, session: Session) -> tuple[int, int, int]:
    name, catalog = statement.name, session.catalog
    if statement.kind == "INDEX":
        table, index = _index(statement, session)
        return kinds.INDEX, table.id, index.id
    if name is None:
        raise UnsupportedError(f"unimplemented: COMMENT ON {statement.kind} without a name")
    match statement.kind:
        case "DATABASE":
            return kinds.DATABASE, catalog.resolve_database(name.object).id, 0
        case "SCHEMA":
            database = catalog.resolve_database(name.prefix[-1] if name.prefix else session.database)
            schema = catalog.find_schema(database.id, name.object)
            if schema is None:
                raise UndefinedDatabaseError(f'unknown schema "{name.object}"', sqlstate="3F000")
            return kinds.SCHEMA, schema.id, 0
        case "TABLE":
            return kinds.TABLE, catalog.resolve_table(name.parts, session.database).id, 0
        case "COLUMN":
            table = catalog.resolve_table(name.parts, session.database)
            column = TableBuilder(session, table).column(statement.detail or "")
            return kinds.COLUMN, table.id, column.id
        case "CONSTRAINT":
            return _constraint(catalog.resolve_table(name.parts, session.database), statement.detail or "")
        case kind:
            raise UnsupportedError(f"unimplemented: COMMENT ON {kind} is not supported")


def _index(statement: ast.CommentOn, session: Session) -> tuple[pb.TableDescriptor, pb.IndexDescriptor]:
    detail = statement.detail or (statement.name.object if statement.name is not None else "")
    table = None if statement.detail is None else statement.name
    return table_of_index(session, ast.IndexName(table, detail))


def _constraint(table: pb.TableDescriptor, name: str) -> tuple[int, int, int]:
    ids = {item.name: item.constraint_id for item in table.checks}
    ids |= {item.name: item.constraint_id for item in table.outbound_fks}
    ids |= {item.name: item.constraint_id for item in all_indexes(table)}
    if name not in ids:
        raise UndefinedError(f'constraint "{name}" of relation "{table.name}" does not exist')
    if not ids[name]:
        raise UnsupportedError("unimplemented: constraints have no comments in this version")
    return kinds.CONSTRAINT, table.id, ids[name]
