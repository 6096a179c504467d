"""Expression nodes: what may stand in AS OF, DEFAULT, CHECK, computed columns, partial predicates and settings.

Parentheses that the user wrote are kept (`Paren`), so that `str()` gives CockroachDB's canonical text without knowing
precedence; whoever rebuilds expressions adds `Paren` nodes where they are needed.
"""

from __future__ import annotations

from typing import Literal

from ootheca.sql.node import node
from ootheca.sql.nodes_base import Expr, Query, TypeName

__all__ = [
    "And",
    "Annotation",
    "ArrayLiteral",
    "ArraySubquery",
    "Between",
    "BinaryOp",
    "BitLiteral",
    "BoolLiteral",
    "BytesLiteral",
    "Case",
    "Cast",
    "Collate",
    "ColumnRef",
    "Comparison",
    "DefaultValue",
    "Exists",
    "FieldAccess",
    "FunctionCall",
    "IntervalLiteral",
    "IsOfType",
    "IsTest",
    "KeywordCall",
    "Not",
    "NullLiteral",
    "NumberLiteral",
    "Or",
    "Paren",
    "PartitionBound",
    "Star",
    "StringLiteral",
    "Subquery",
    "Subscript",
    "Tuple",
    "UnaryOp",
    "When",
]


@node
class StringLiteral(Expr):
    """A quoted string, decoded."""

    value: str


@node
class BytesLiteral(Expr):
    """`b'…'` or `x'…'`, decoded."""

    value: bytes


@node
class BitLiteral(Expr):
    """`B'0101'`: a string of the characters 0 and 1."""

    value: str


@node
class NumberLiteral(Expr):
    """A number as it was written (`1`, `0x1F`, `1.50`, `1e10`); never negative, the sign is a `UnaryOp`."""

    text: str
    is_integer: bool


@node
class BoolLiteral(Expr):
    """`true` or `false`."""

    value: bool


@node
class NullLiteral(Expr):
    """`NULL`."""


@node
class DefaultValue(Expr):
    """The word DEFAULT in the place of a value."""


@node
class PartitionBound(Expr):
    """MINVALUE or MAXVALUE in a range partition."""

    is_max: bool


@node
class IntervalLiteral(Expr):
    """`INTERVAL '1 day'`, with the fields of `INTERVAL '1' DAY` or the precision of `INTERVAL(3) '…'` in `type`."""

    value: str
    type: TypeName


@node
class ColumnRef(Expr):
    """A column by name, with up to three parts before it; already folded."""

    parts: tuple[str, ...]


@node
class Star(Expr):
    """`*` or `t.*`."""

    parts: tuple[str, ...] = ()


@node
class FunctionCall(Expr):
    """A function by name. Forms with their own syntax (EXTRACT, AT TIME ZONE …) are calls here, as in CockroachDB.

    `name` keeps the parts of a qualified name and is folded; `quantifier` is `DISTINCT`, `ALL` or empty.
    """

    name: tuple[str, ...]
    arguments: tuple[Expr, ...] = ()
    quantifier: Literal["", "DISTINCT", "ALL"] = ""


@node
class KeywordCall(Expr):
    """COALESCE, IFNULL, NULLIF, IF, IFERROR, ISERROR: printed in capitals, evaluated lazily."""

    name: str
    arguments: tuple[Expr, ...]


@node
class Cast(Expr):
    """A conversion, in the way it was written: `x::T` (short), `CAST(x AS T)` (explicit), `T 'x'` (prepended)."""

    operand: Expr
    type: TypeName
    style: Literal["short", "explicit", "prepended"] = "short"


@node
class Annotation(Expr):
    """`x:::T` (short) or `ANNOTATE_TYPE(x, T)` (explicit): the type of an expression, without conversion."""

    operand: Expr
    type: TypeName
    is_short: bool = True


@node
class Collate(Expr):
    """`x COLLATE locale`."""

    operand: Expr
    locale: str


@node
class UnaryOp(Expr):
    """`-x`, `+x`, `~x`, `|/x`, `||/x`."""

    op: str
    operand: Expr


@node
class BinaryOp(Expr):
    """Arithmetic, bits, concatenation and JSON access: `+ - * / // % ^ & | # << >> || -> ->> #> #>>`."""

    op: str
    left: Expr
    right: Expr


@node
class Comparison(Expr):
    """A predicate on two operands.

    `op` is one of `= != < <= > >= IN NOT IN LIKE NOT LIKE ILIKE NOT ILIKE SIMILAR TO NOT SIMILAR TO ~ !~ ~* !~*
    @> <@ && ? ?| ?& IS DISTINCT FROM IS NOT DISTINCT FROM`; `quantifier` is `ANY`, `SOME` or `ALL` of the right side.
    """

    op: str
    left: Expr
    right: Expr
    quantifier: str = ""


@node
class And(Expr):
    """`a AND b`."""

    left: Expr
    right: Expr


@node
class Or(Expr):
    """`a OR b`."""

    left: Expr
    right: Expr


@node
class Not(Expr):
    """`NOT a`."""

    operand: Expr


@node
class IsTest(Expr):
    """`x IS [NOT] NULL | TRUE | FALSE | UNKNOWN | NAN`; `test` is that word."""

    operand: Expr
    test: str
    is_negated: bool = False


@node
class IsOfType(Expr):
    """`x IS [NOT] OF (T, …)`."""

    operand: Expr
    types: tuple[TypeName, ...]
    is_negated: bool = False


@node
class Between(Expr):
    """`x [NOT] BETWEEN [SYMMETRIC] low AND high`."""

    operand: Expr
    low: Expr
    high: Expr
    is_negated: bool = False
    is_symmetric: bool = False


@node
class When(Expr):
    """One branch of a CASE."""

    condition: Expr
    result: Expr


@node
class Case(Expr):
    """`CASE [operand] WHEN … THEN … [ELSE …] END`."""

    operand: Expr | None
    branches: tuple[When, ...]
    otherwise: Expr | None = None


@node
class ArrayLiteral(Expr):
    """`ARRAY[…]`."""

    elements: tuple[Expr, ...]


@node
class Tuple(Expr):
    """`(a, b)`, `ROW (a, b)` or `((a, b) AS x, y)`; the last is labelled."""

    elements: tuple[Expr, ...]
    is_row: bool = False
    labels: tuple[str, ...] = ()


@node
class Paren(Expr):
    """Parentheses around one expression, as the user wrote them."""

    operand: Expr


@node
class Subscript(Expr):
    """`x[i]`, or `x[from:to]` when `is_slice`."""

    operand: Expr
    index: Expr | None
    upper: Expr | None = None
    is_slice: bool = False


@node
class FieldAccess(Expr):
    """`(x).name`, or `(x).*` when the name is `*`."""

    operand: Expr
    name: str


@node
class Subquery(Expr):
    """A query in parentheses, which `query.text` includes."""

    query: Query


@node
class ArraySubquery(Expr):
    """`ARRAY (SELECT …)`; `query.text` includes the parentheses."""

    query: Query


@node
class Exists(Expr):
    """`EXISTS (SELECT …)`; `query.text` includes the parentheses."""

    query: Query
