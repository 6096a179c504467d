"""PREPARE, EXECUTE and DEALLOCATE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.errors import OothecaError
from ootheca.exec.ddl.type_check import refuse_columns
from ootheca.exec.ddl.types import resolve_type
from ootheca.exec.dispatch import dispatch
from ootheca.exec.prepared import Argument, prepared_statement
from ootheca.exec.result import Result
from ootheca.names import format_string
from ootheca.sql import ast
from ootheca.sql.format import format_expr
from ootheca.types import Family

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_NUMBERS = frozenset({Family.INT, Family.FLOAT, Family.DECIMAL})


def run(statement: ast.Prepare | ast.Execute | ast.Deallocate, session: Session) -> Result:
    """Keep a statement, run one that was kept, or forget it.

    Raises:
        OothecaError: no such statement or one too many, or arguments that do not fit; what the statement raises.
    """
    match statement:
        case ast.Prepare():
            _prepare(statement, session)
            return Result.command("PREPARE")
        case ast.Execute():
            prepared = session.prepared[statement.name]
            arguments = [_argument(value, session) for value in statement.arguments]
            return dispatch(prepared.bind(statement.name, arguments), session)
        case ast.Deallocate(name=None):
            session.prepared.clear()
            return Result.command("DEALLOCATE ALL")
        case ast.Deallocate(name=str(name)):
            session.prepared.remove(name)
    return Result.command("DEALLOCATE")


def _prepare(statement: ast.Prepare, session: Session) -> None:
    session.prepared.require_free(statement.name)
    prepared = prepared_statement(
        statement.statement,
        statement.types,
        lambda name: resolve_type(name, session.catalog, session.database),
    )
    session.prepared.add(statement.name, prepared)


def _argument(value: ast.Expr, session: Session) -> Argument:
    """Return an argument's value: a constant as it stands, anything else computed."""
    refuse_columns(value, "EXECUTE parameter")
    for node in ast.walk(value):
        if isinstance(node, ast.Placeholder):
            raise OothecaError(f"no value provided for placeholder: {node}", sqlstate="08P01")
    while isinstance(value, ast.Paren):
        value = value.operand
    shown = format_expr(value)
    match value:
        case ast.StringLiteral() | ast.NullLiteral():
            return Argument(shown, None, shown)
        case ast.BoolLiteral():
            return Argument(shown, "bool", shown)
        case ast.NumberLiteral():
            return Argument(shown, "int" if value.is_integer else "decimal", shown)
        case ast.UnaryOp(op="-", operand=ast.NumberLiteral() as number):
            return Argument(f"({shown})", "int" if number.is_integer else "decimal", shown)
        case _:
            return _computed(value, shown, session)


def _computed(value: ast.Expr, shown: str, session: Session) -> Argument:
    """Compute an argument once, and write its value as a literal of its type."""
    result = dispatch(ast.Query(f"SELECT v, v::STRING FROM (SELECT {value} AS v)"), session)
    assert result.columns is not None
    (text,) = [text for batch in result.batches for text in batch.column(1).to_pylist()]
    type_ = result.columns[0].type
    if text is None:
        return Argument("NULL", None, shown)
    type_name = "string" if type_.family is Family.STRING else type_.family.name.lower()
    if type_.family in _NUMBERS and text.strip("-").replace(".", "").isdecimal():
        return Argument(f"({text})" if text.startswith("-") else text, type_name, shown)
    if type_.family is Family.BOOL:
        return Argument(text, type_name, shown)
    return Argument(format_string(text), type_name, shown)
