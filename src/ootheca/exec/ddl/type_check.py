"""Whether a stored expression has the type that it is for; CockroachDB stores none that has not.

Source: `SanitizeVarFreeExpr` in pkg/sql/catalog/schemaexpr of CockroachDB, whose errors carry no code.
"""

from __future__ import annotations

from ootheca.errors import OothecaError, ParseError
from ootheca.sql import ast
from ootheca.types import Family, SQLType

__all__ = ["refuse_columns", "require_type"]

_ALIKE = {Family.NAME: Family.STRING}
_OPEN = frozenset({Family.ANY, Family.UNKNOWN})
_SHORT = {"int8": "int", "float8": "float"}


def require_type(expression: ast.Expr, actual: SQLType, expected: SQLType, place: str) -> None:
    """Refuse an expression of another type; widths and precisions do not matter.

    Args:
        place: where it stands, as errors say it: `DEFAULT` or `CHECK`.

    Raises:
        OothecaError: it has another type.
    """
    if not _is_equivalent(actual, expected):
        raise OothecaError(
            f"expected {place} expression to have type {_word(expected)}, "
            f"but '{expression}' has type {_word(actual)}",
            hint=f"convert it: ({expression})::{expected.name}",
        )


def refuse_columns(expression: ast.Expr, place: str) -> None:
    """Refuse an expression that reads columns, where there are none.

    Raises:
        ParseError: it does.
    """
    if any(isinstance(node, ast.ColumnRef) for node in ast.walk(expression)):
        raise ParseError(f"variable sub-expressions are not allowed in {place}")


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
            return _plain_locale(a) == _plain_locale(b)
        case _:
            return True


def _plain_locale(t: SQLType) -> str:
    return t.locale.replace("-", "_").lower()


def _word(t: SQLType) -> str:
    """Return a type as errors name it: `int`, `varchar`, `timestamptz[]`."""
    if t.element is not None and t.family is Family.ARRAY:
        return f"{_word(t.element)}[]"
    word = t.name.partition("(")[0].lower()
    return _SHORT.get(word, word)
