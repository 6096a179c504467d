"""What the statements that define data share: where a new object goes, whether its name is free, tags and notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.catalog import Schema
from ootheca.engine.base import TableName
from ootheca.errors import DuplicateError, DuplicateTableError, OothecaError, UndefinedDatabaseError
from ootheca.names import format_dotted
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["is_taken", "kind_of", "new_object_name", "require_kind", "require_name", "target_schema"]


def require_name(name: str, kind: str) -> None:
    """Refuse to give a table, type or column an empty name.

    Raises:
        OothecaError: it is empty.
    """
    if not name:
        raise OothecaError(f"empty {kind} name", sqlstate="42601")


def target_schema(session: Session, name: ast.ObjectName, *, kind: str = "table") -> Schema:
    """Return the schema in which a new object of that name goes.

    Raises:
        OothecaError: the name is empty.
        UndefinedDatabaseError: the database or schema is not there.
    """
    require_name(name.object, kind)
    schema = session.catalog.resolve_schema(name.prefix, session.database)
    if schema is None:
        raise UndefinedDatabaseError(
            f'cannot create "{name}" because the target database or schema does not exist',
            sqlstate="3F000",
            hint="verify that the current database and search_path are valid and/or the target database exists",
        )
    return schema


def new_object_name(session: Session, schema: Schema, name: str) -> TableName:
    """Return the engine's name of an object in a schema."""
    return TableName(session.catalog.database(schema.database_id).name, schema.name, name)


def is_taken(session: Session, schema: Schema, name: str, *, if_not_exists: bool) -> bool:
    """Tell whether an object of that name is there and that is fine; a notice says so.

    Raises:
        DuplicateTableError: a relation is there and `if_not_exists` is not set.
        DuplicateError: a type is.
    """
    found = session.catalog.find_object(schema, name)
    if found is None:
        return False
    word = "relation" if isinstance(found, pb.TableDescriptor) else "type"
    if if_not_exists:
        session.notice(f'{word} "{name}" already exists, skipping')
        return True
    full = format_dotted((session.catalog.database(schema.database_id).name, schema.name, name))
    error = DuplicateTableError if word == "relation" else DuplicateError
    raise error(f'{word} "{full}" already exists')


def kind_of(desc: pb.TableDescriptor) -> str:
    """Return `table`, `view`, `materialized view` or `sequence`."""
    if desc.HasField("sequence_opts"):
        return "sequence"
    if desc.view_query:
        return "materialized view" if desc.is_materialized_view else "view"
    return "table"


def require_kind(
    session: Session, name: ast.ObjectName, kind: str, *, if_exists: bool
) -> pb.TableDescriptor | None:
    """Return the relation of a name, which must be of that kind; None when it need not exist.

    Raises:
        UndefinedTableError: it is not there.
        OothecaError: it is of another kind.
    """
    found = session.catalog.find_table(name.parts, session.database)
    if found is None:
        if if_exists:
            return None
        return session.catalog.resolve_table(name.parts, session.database)
    if kind_of(found) != kind:
        raise OothecaError(f'"{found.name}" is not a {kind}', sqlstate="42809")
    return found
