"""TRUNCATE: the rows go, and every index gets a new id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.errors import OothecaError
from ootheca.exec.ddl.support import require_kind
from ootheca.exec.ddl.table_indexes import all_indexes
from ootheca.exec.history import retire
from ootheca.exec.resolver import table_name
from ootheca.exec.result import Result
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]


def run(statement: ast.Truncate, session: Session) -> Result:
    """Empty tables, with CASCADE also those that refer to them."""
    pending = [require_kind(session, name, "table", if_exists=False) for name in statement.names]
    ids = {desc.id for desc in pending if desc is not None}
    todo = [desc for desc in pending if desc is not None]
    done: set[int] = set()
    while todo:
        desc = todo.pop(0)
        if desc.id in done:
            continue
        done.add(desc.id)
        for fk in desc.inbound_fks:
            if fk.origin_table_id in ids:
                continue
            origin = session.catalog.table(fk.origin_table_id)
            if statement.behavior != "CASCADE":
                raise OothecaError(f'"{desc.name}" is referenced by foreign key from table "{origin.name}"')
            ids.add(origin.id)
            todo.append(origin)
        _truncate(session, desc)
    return Result.command("TRUNCATE")


def _truncate(session: Session, desc: pb.TableDescriptor) -> None:
    retire(session, desc)
    staged = session.catalog.change_table(desc.id)
    for index in all_indexes(staged):
        index.id = staged.next_index_id
        staged.next_index_id += 1
    session.engine.truncate_table(table_name(session, staged))
