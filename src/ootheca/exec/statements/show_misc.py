"""SHOW statements about what a store without nodes has little of: locality, regions, transaction status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.errors import UnsupportedError
from ootheca.exec.result import Result, ResultColumn, string
from ootheca.sql import ast
from ootheca.types import STRING, array_of

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_STATES = {"none": "NoTxn", "open": "Open", "aborted": "Aborted"}


def run(statement: ast.Statement, session: Session) -> Result:
    """Answer with what there is, which often is nothing."""
    match statement:
        case ast.ShowLocality():
            return Result.of_rows((string("locality"),), [(",".join(session.locality),)], tag="SHOW LOCALITY")
        case ast.ShowRegions():
            columns = (string("region"), ResultColumn("zones", array_of(STRING)))
            return Result.of_rows(columns, (), tag="SHOW REGIONS")
        case ast.ShowSimple(what="TRANSACTION STATUS"):
            rows = [(_STATES[session.transaction_state],)]
            return Result.of_rows((string("TRANSACTION STATUS"),), rows, tag="SHOW TRANSACTION STATUS")
        case ast.ShowSimple(what="SAVEPOINT STATUS"):
            return Result.of_rows((string("savepoint_name"),), (), tag="SHOW SAVEPOINT STATUS")
        case ast.ShowSimple():
            raise UnsupportedError(f"unimplemented: SHOW {statement.what} is not supported")
        case _:
            raise UnsupportedError(f"unimplemented: {type(statement).__name__} is not supported")
