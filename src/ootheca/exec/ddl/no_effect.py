"""CREATE STATISTICS and ANALYZE, which a store without an optimizer's statistics takes without doing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.exec.result import Result
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]


def run(statement: ast.CreateStatistics, session: Session) -> Result:
    """Check the table's name, say that nothing happens, and answer as CockroachDB does."""
    session.catalog.resolve_table(statement.table.parts, session.database)
    session.notice("statistics are not kept: nothing here plans queries by them")
    return Result.command("ANALYZE" if statement.is_analyze else "CREATE STATISTICS")
