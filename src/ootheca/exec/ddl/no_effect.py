"""Statements that a store without ranges, zones and an optimizer's statistics takes without doing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.exec.result import Result
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]


def run(statement: ast.CreateStatistics | ast.ConfigureZone, session: Session) -> Result:
    """Check the names, say that nothing happens, and answer as CockroachDB does."""
    if isinstance(statement, ast.CreateStatistics):
        session.catalog.resolve_table(statement.table.parts, session.database)
        session.notice("statistics are not kept: nothing here plans queries by them")
        return Result.command("ANALYZE" if statement.is_analyze else "CREATE STATISTICS")
    session.notice("zone configurations are not kept: a store has no ranges to place")
    return Result.command("CONFIGURE ZONE 1")
