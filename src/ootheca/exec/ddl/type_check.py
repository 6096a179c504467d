"""Whether a stored expression has the type that it is for; CockroachDB stores none that has not.

Source: pkg/sql/catalog/schemaexpr of CockroachDB 21.2 (`SanitizeVarFreeExpr`), whose errors carry no code.
"""

from __future__ import annotations

from ootheca.errors import OothecaError, ParseError
from ootheca.sql import ast
from ootheca.types import Family, SQLType

__all__ = ["refuse_columns", "require_type"]

_ALIKE = {Family.NAME: Family.STRING}
_OPEN = frozenset({Family.ANY, Family.UNKNOWN})
_SHORT = {"int8": "int", "float8": "float"}


def require_type(expression: ast.Expr, actual: SQLType, expected: SQLType, context: str) -> None:
    """Refuse an expression of another type; widths and precisions do not matter.

    Args:
        context: what the expression is for, `DEFAULT` or `CHECK`, say.

    Raises:
        OothecaError: it has another type.
    """
    if not _is_equivalent(actual, expected):
        raise OothecaError(
            f"expected {context} expression to have type {_word(expected)}, "
            f"but '{expression}' has type {_word(actual)}",
            hint=f"convert it: ({expression})::{expected.name}",
        )


def refuse_columns(expression: ast.Expr, context: str) -> None:
    """Refuse an expression that reads columns, where there are none.

    Raises:
        ParseError: it does.
    """
    if any(isinstance(node, ast.ColumnRef) for node in ast.walk(expression)):
        raise ParseError(f"variable sub-expressions are not allowed in {context}")


def _is_equivalent(a: SQLType, b: SQLType) -> bool:
    if a.family in _OPEN or b.family in _OPEN:
        return True
    if _ALIKE.get(a.family, a.family) is not _ALIKE.get(b.family, b.family):
        return False
    match a.family:
        case Family.ARRAY:
            return a.element is None or b.element is None or _is_equivalent(a.element, b.element)
        case Family.ENUM:
            return a.oid == b.oid
        case Family.COLLATED_STRING:
            return a.locale.lower() == b.locale.lower()
        case _:
            return True


def _word(t: SQLType) -> str:
    """Return a type as errors name it: `int`, `varchar`, `timestamptz[]`."""
    if t.element is not None and t.family is Family.ARRAY:
        return f"{_word(t.element)}[]"
    word = t.name.partition("(")[0].lower()
    return _SHORT.get(word, word)
