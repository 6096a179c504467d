"""What ALTER TABLE, VIEW and SEQUENCE share: another name, another schema, another owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.errors import OothecaError, UndefinedDatabaseError
from ootheca.exec.ddl.moving import move_in_engine, refuse_dependents
from ootheca.exec.ddl.support import is_taken, kind_of
from ootheca.exec.resolver import table_name
from ootheca.exec.result import Result
from ootheca.exec.roles import Roles
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["change_relation"]


def change_relation(session: Session, desc: pb.TableDescriptor, action: str, value: ast.ObjectName) -> Result:
    """Do RENAME TO, SET SCHEMA or OWNER TO."""
    word = kind_of(desc).upper()
    match action:
        case "RENAME TO":
            _rename(session, desc, value)
            return Result.command(f"{'RENAME' if session.rules.tags_renames else 'ALTER'} {word}")
        case "SET SCHEMA":
            _set_schema(session, desc, value.object)
            return Result.command(f"ALTER {word} SET SCHEMA")
        case _:
            Roles(session).require(value.object)
            session.catalog.change_table(desc.id).privileges.owner_proto = value.object
            return Result.command(f"ALTER {word} OWNER")


def _rename(session: Session, desc: pb.TableDescriptor, new_name: ast.ObjectName) -> None:
    catalog = session.catalog
    refuse_dependents(session, desc, f'rename relation "{".".join(catalog.qualified_name(desc))}"')
    current = (desc.parent_id, desc.unexposed_parent_schema_id)
    schema = catalog.resolve_schema(new_name.prefix, session.database) if new_name.prefix else None
    if new_name.prefix and schema is None:
        raise UndefinedDatabaseError("target database or schema does not exist", sqlstate="3F000")
    if schema is not None and schema.database_id != desc.parent_id:
        raise OothecaError("cannot change database of table using alter table rename to", sqlstate="0A000")
    if schema is not None and (schema.database_id, schema.id) != current:
        raise OothecaError("cannot change schema of table with RENAME", sqlstate="42602")
    name = catalog.schema_name(*current)
    own_schema = catalog.find_schema(desc.parent_id, name)
    assert own_schema is not None
    is_taken(session, own_schema, new_name.object, if_not_exists=False)
    old = table_name(session, desc)
    staged = catalog.change_table(desc.id, session.rules.rename_steps)
    staged.name = new_name.object
    move_in_engine(session, staged, old, table_name(session, staged))


def _set_schema(session: Session, desc: pb.TableDescriptor, name: str) -> None:
    catalog = session.catalog
    schema = catalog.find_schema(desc.parent_id, name)
    if schema is None:
        raise UndefinedDatabaseError(f'unknown schema "{name}"', sqlstate="3F000")
    if schema.id == desc.unexposed_parent_schema_id:
        return
    refuse_dependents(session, desc, f'set schema on relation "{desc.name}"')
    is_taken(session, schema, desc.name, if_not_exists=False)
    old = table_name(session, desc)
    staged = catalog.change_table(desc.id, session.rules.rename_steps)
    staged.unexposed_parent_schema_id = schema.id
    move_in_engine(session, staged, old, table_name(session, staged))
