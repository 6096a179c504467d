"""SET, USE, RESET, SHOW of session variables, and DISCARD ALL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.errors import InvalidOptionError, OothecaError, UndefinedError
from ootheca.exec.result import Result, string
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["constant_text", "run"]


def run(
    statement: ast.SetVariable | ast.ResetVariable | ast.ShowVariable | ast.Discard, session: Session
) -> Result:
    """Set, reset or show session variables."""
    match statement:
        case ast.SetVariable():
            _set(statement, session)
            return Result.command("SET")
        case ast.ResetVariable():
            if statement.name.lower() == "all":
                session.variables.reset_all()
            else:
                session.variables.set(statement.name, None)
            return Result.command("RESET")
        case ast.Discard():
            if session.is_in_explicit_transaction:
                raise OothecaError("DISCARD ALL cannot run inside a transaction block", sqlstate="25001")
            session.variables.reset_all()
            session.prepared.clear()
            return Result.command("DISCARD ALL")
        case _:
            return _show(statement.name, session)


def _set(statement: ast.SetVariable, session: Session) -> None:
    name = statement.name
    if not statement.values:
        session.variables.set(name, None)
        return
    values = [constant_text(value) for value in statement.values]
    if "." in name and not name.startswith("tracing"):
        _set_custom(name, statement.values[0], values, session)
        return
    value = ", ".join(values)
    if name.lower() == "database" and value:
        session.catalog.resolve_database(value)
    session.variables.set(name, value)


def _set_custom(name: str, value: ast.Expr, texts: list[str], session: Session) -> None:
    """A dotted name is a variable of the user's own where the profile has those, and unknown where it has not."""
    if not session.rules.has_custom_variables:
        raise UndefinedError(f'unrecognized configuration parameter "{name}"')
    if isinstance(value, (ast.NumberLiteral, ast.BoolLiteral, ast.UnaryOp)):
        kind = "bool" if isinstance(value, ast.BoolLiteral) else "int" if "." not in texts[0] else "decimal"
        raise InvalidOptionError(
            f'parameter "{name}" requires a string value', detail=f"{texts[0]} is a {kind}"
        )
    session.variables.set_custom(name, ", ".join(texts))


def constant_text(value: ast.Expr) -> str:
    """Return the text of a constant, or of a bare word.

    Raises:
        InvalidOptionError: an expression that is neither.
    """
    match value:
        case ast.StringLiteral():
            return value.value
        case ast.NumberLiteral():
            return value.text
        case ast.BoolLiteral():
            return "true" if value.value else "false"
        case ast.ColumnRef():
            return ".".join(value.parts)
        case ast.UnaryOp(op="-"):
            return f"-{constant_text(value.operand)}"
        case ast.IntervalLiteral():
            return value.value
        case ast.Cast() | ast.Annotation() | ast.Paren():
            return constant_text(value.operand)
        case ast.DefaultValue() | ast.NullLiteral():
            return ""
        case _:
            raise InvalidOptionError(f"argument must be a constant, not {value}")


def _show(name: str, session: Session) -> Result:
    if name.lower() == "all":
        rows = [(key, value) for key, value in session.variables.items()]
        return Result.of_rows((string("variable"), string("value")), rows, tag="SHOW")
    key = name.lower().replace(" ", "_")
    aliases = {"time_zone": "timezone", "transaction_isolation_level": "transaction_isolation"}
    key = aliases.get(key, key)
    value = session.variables[key]
    if key == "crdb_version":
        value = f"CockroachDB CCL {session.profile.build_tag} (ootheca)"
    return Result.of_rows((string(key),), [(value,)], tag="SHOW")
