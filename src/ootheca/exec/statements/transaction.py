"""BEGIN, COMMIT, ROLLBACK, and savepoints as far as they change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.errors import OothecaError, UnsupportedError
from ootheca.exec.result import Result
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_RETRY_SAVEPOINT = "cockroach_restart"  # clients set it to mark where they would begin again


def run(statement: ast.Statement, session: Session) -> Result:
    """Start or end a transaction."""
    match statement:
        case ast.Begin():
            if statement.as_of is not None:
                raise UnsupportedError("unimplemented: BEGIN … AS OF SYSTEM TIME is not supported")
            session.begin()
            return Result.command("BEGIN")
        case ast.Commit():
            return Result.command("COMMIT" if session.commit() else "ROLLBACK")
        case ast.Rollback():
            session.rollback()
            return Result.command("ROLLBACK")
        case ast.Savepoint() | ast.ReleaseSavepoint():
            _check_savepoint(statement.name, session)
            return Result.command("SAVEPOINT" if isinstance(statement, ast.Savepoint) else "RELEASE")
        case _:
            raise UnsupportedError(
                "unimplemented: ROLLBACK TO SAVEPOINT is not supported", hint="ROLLBACK the whole transaction"
            )


def _check_savepoint(name: str, session: Session) -> None:
    if session.transaction_state != "open":
        raise OothecaError("there is no transaction in progress", sqlstate="25P01")
    if name.lower() != _RETRY_SAVEPOINT:
        raise UnsupportedError(
            "unimplemented: savepoints are not supported",
            hint="only cockroach_restart is, which changes nothing",
        )
