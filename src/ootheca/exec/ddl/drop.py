"""DROP TABLE, VIEW and SEQUENCE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.exec.ddl.moving import dependent_views, drop_relation
from ootheca.exec.ddl.support import require_kind
from ootheca.exec.result import Result
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]


def run(statement: ast.DropTable | ast.DropView | ast.DropSequence, session: Session) -> Result:
    """Drop relations: all of them, or none."""
    kind = {"DropTable": "table", "DropView": "view", "DropSequence": "sequence"}[type(statement).__name__]
    if isinstance(statement, ast.DropView) and statement.is_materialized:
        kind = "materialized view"
    found = [require_kind(session, name, kind, if_exists=statement.if_exists) for name in statement.names]
    doomed = {desc.id for desc in found if desc is not None}
    cascade = statement.behavior == "CASCADE"
    for desc in found:
        if desc is None:
            continue
        # Tables that go together need no CASCADE for what ties them to each other.
        ties = {fk.origin_table_id for fk in desc.inbound_fks} | {
            v.id for v in dependent_views(session, desc)
        }
        drop_relation(session, desc, cascade=cascade or (bool(ties) and ties <= doomed))
    return Result.command(f"DROP {kind.upper()}")
