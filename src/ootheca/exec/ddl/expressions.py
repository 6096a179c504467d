"""Expressions as descriptors store them: typed, constants annotated, operands in parentheses.

The types found here decide how constants are printed, and those that are certain are held against the one that is
wanted. Whether an expression means anything else is the engine's to say when it runs.

Source: conformance/20.2/ddl.json (defaults, checks, computed); fixtures/golden, expressions of all descriptors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from ootheca import pb
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.rules import DescriptorRules
from ootheca.errors import InvalidValueError, OothecaError, UndefinedColumnError, UnsupportedError
from ootheca.exec.ddl.constants import annotate_number, annotate_string, depends_on_context, type_text
from ootheca.exec.ddl.functions import (
    AMBIGUOUS,
    CONTEXT_DEPENDENT,
    RETURN_TYPES,
    SAME_AS_ARGUMENT,
    ambiguous_type,
)
from ootheca.exec.ddl.type_check import require_type
from ootheca.exec.ddl.types import resolve_type
from ootheca.names import format_dotted, format_identifier, format_string, format_unrestricted_identifier
from ootheca.sql import ast
from ootheca.types import BOOL, DECIMAL, FLOAT8, INT8, INTERVAL, JSONB, STRING, Family, SQLType, array_of

__all__ = ["Scope", "StoredExpression", "store_expression"]

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_JSON_OPS = frozenset({"->", "->>", "#>", "#>>"})
_NUMERIC = frozenset({Family.INT, Family.FLOAT, Family.DECIMAL})
_MOMENTS = frozenset({Family.DATE, Family.TIME, Family.TIMETZ, Family.TIMESTAMP, Family.TIMESTAMPTZ})
_STABLE_CASTS = {(Family.TIMESTAMPTZ, family) for family in (*_MOMENTS, Family.STRING)} - {
    (Family.TIMESTAMPTZ, Family.TIMESTAMPTZ)
}
_CONSTANTS = (ast.NumberLiteral, ast.StringLiteral, ast.BytesLiteral, ast.BitLiteral, ast.NullLiteral)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: the columns it may name, and the names around it."""

    columns: Mapping[str, SQLType]
    catalog: Catalog
    database: str
    rules: DescriptorRules
    place: str = ""  # as errors say it: `DEFAULT`, `CHECK`, `computed column`
    is_timeless: bool = False  # whether only what is the same at any time is allowed there


@dataclass(slots=True)
class StoredExpression:
    """The text to store, and what it refers to, each in the order of appearance."""

    text: str = ""
    type: SQLType | None = None
    column_names: list[str] = field(default_factory=list)
    sequence_ids: list[int] = field(default_factory=list)
    is_null: bool = False


@dataclass(frozen=True, slots=True)
class _Typed:
    text: str
    type: SQLType | None
    is_operator: bool = False
    is_guess: bool = False  # the type, where it depends on overloads

    @property
    def operand(self) -> str:
        return f"({self.text})" if self.is_operator else self.text


def store_expression(expression: ast.Expr, desired: SQLType | None, scope: Scope) -> StoredExpression:
    """Return what a descriptor stores for an expression.

    Args:
        desired: the type that the expression is for; None when it may have any.

    Raises:
        OothecaError: it has another type.
        UndefinedColumnError: a column that is not in scope.
        InvalidValueError: a constant that is no value of the type it is for.
    """
    while isinstance(expression, ast.Paren):
        expression = expression.operand
    if desired is not None and desired.family is Family.INT:
        expression = _as_integer(expression)
    stored = StoredExpression(is_null=isinstance(expression, ast.NullLiteral))
    typed = _Annotator(scope, stored).visit(expression, desired)
    if desired is not None and typed.type is not None and not typed.is_guess:
        require_type(expression, typed.type, desired, scope.place)
    stored.text, stored.type = typed.text, typed.type
    return stored


def _as_integer(e: ast.Expr) -> ast.Expr:
    """Return `1.0` as `1`: a number without a fraction is an integer where one is wanted."""
    match e:
        case ast.UnaryOp(op="-", operand=ast.NumberLiteral() as number):
            return replace(e, operand=_as_integer(number))
        case ast.NumberLiteral(is_integer=False):
            value = Decimal(e.text)
            if abs(value) < 2**63 and value == int(value):
                return ast.NumberLiteral(str(int(value)), is_integer=True)
    return e


class _Annotator:
    def __init__(self, scope: Scope, stored: StoredExpression) -> None:
        self._scope = scope
        self._stored = stored

    def visit(self, e: ast.Expr, desired: SQLType | None = None) -> _Typed:
        method = getattr(self, "_" + _CAPITAL.sub("_", type(e).__name__).lower(), None)
        if method is None:
            raise UnsupportedError(f"unimplemented: {type(e).__name__} in a stored expression")
        result: _Typed = method(e, desired)
        return result

    # Constants

    def _null_literal(self, _e: ast.NullLiteral, desired: SQLType | None) -> _Typed:
        return _Typed("NULL", desired)

    def _bool_literal(self, e: ast.BoolLiteral, _desired: SQLType | None) -> _Typed:
        return _Typed("true" if e.value else "false", BOOL)

    def _number_literal(self, e: ast.NumberLiteral, desired: SQLType | None) -> _Typed:
        return self._number(e.text, desired)

    def _number(self, text: str, desired: SQLType | None) -> _Typed:
        natural = INT8 if text.lstrip("-").isdigit() or "x" in text.lower() else DECIMAL
        for t in (desired, natural, DECIMAL):
            if t is not None:
                annotated = annotate_number(text, t)
                if annotated is not None:
                    return _Typed(annotated, t)
        raise InvalidValueError(f"could not parse {text} as a number")

    def _string_literal(self, e: ast.StringLiteral, desired: SQLType | None) -> _Typed:
        t = desired or STRING
        if t.family is Family.ANY or t.family is Family.UNKNOWN:
            t = STRING
        if depends_on_context(e.value, t):
            return _Typed(f"{format_string(e.value)}:::STRING::{type_text(t)}", t)
        try:
            return _Typed(annotate_string(e.value, t, enum_prefix=self._scope.rules.enum_value_prefix), t)
        except InvalidOperation as exc:
            raise InvalidValueError(f'could not parse "{e.value}" as type {t.name.lower()}') from exc

    def _bytes_literal(self, e: ast.BytesLiteral, desired: SQLType | None) -> _Typed:
        if desired is not None and desired.family in (Family.STRING, Family.UUID):
            return self._string_literal(
                ast.StringLiteral(e.value.decode("utf-8", "surrogateescape")), desired
            )
        return _Typed(f"'\\x{e.value.hex()}':::BYTES", SQLType(Family.BYTES, 17))

    def _bit_literal(self, e: ast.BitLiteral, _desired: SQLType | None) -> _Typed:
        return _Typed(f"B'{e.value}'", SQLType(Family.BIT, 1562, visible_type=10))

    def _interval_literal(self, e: ast.IntervalLiteral, _desired: SQLType | None) -> _Typed:
        return _Typed(annotate_string(e.value, INTERVAL, enum_prefix="b"), INTERVAL)

    def _array_literal(self, e: ast.ArrayLiteral, desired: SQLType | None) -> _Typed:
        element = desired.element if desired is not None and desired.family is Family.ARRAY else None
        if element is None:
            element = self._common_type(e.elements)
        items = [self.visit(item, element) for item in e.elements]
        element = element or next((item.type for item in items if item.type is not None), None)
        body = f"ARRAY[{', '.join(item.text for item in items)}]"
        if element is None:
            return _Typed(body, None)
        t = desired if desired is not None and desired.family is Family.ARRAY else array_of(element)
        return _Typed(f"{body}:::{type_text(t)}", t)

    def _tuple(self, e: ast.Tuple, desired: SQLType | None) -> _Typed:
        items = ", ".join(self.visit(item, desired).text for item in e.elements)
        comma = "," if len(e.elements) == 1 else ""
        return _Typed(f"({items}{comma})", None)

    # Names

    def _column_ref(self, e: ast.ColumnRef, _desired: SQLType | None) -> _Typed:
        name = e.parts[-1]
        if name not in self._scope.columns:
            raise UndefinedColumnError(f'column "{format_dotted(e.parts)}" does not exist')
        if name not in self._stored.column_names:
            self._stored.column_names.append(name)
        return _Typed(format_identifier(name), self._scope.columns[name])

    def _paren(self, e: ast.Paren, desired: SQLType | None) -> _Typed:
        inner = self.visit(e.operand, desired)
        # Operators get their parentheses where they are operands; those the user wrote are not doubled.
        return (
            inner
            if inner.is_operator or isinstance(e.operand, ast.Paren)
            else _Typed(f"({inner.text})", inner.type)
        )

    def _collate(self, e: ast.Collate, _desired: SQLType | None) -> _Typed:
        operand = self.visit(e.operand, STRING)
        locale = SQLType(Family.COLLATED_STRING, 25, locale=e.locale)
        return _Typed(f"{operand.operand} COLLATE {e.locale}", locale)

    # Conversions

    def _cast(self, e: ast.Cast, _desired: SQLType | None) -> _Typed:
        t = resolve_type(e.type, self._scope.catalog, self._scope.database)
        constant = self._constant(e.operand)
        if constant is not None and _can_become(constant, t):
            return _Typed(self.visit(constant, t).text, t)
        operand = self.visit(e.operand, STRING if isinstance(constant, ast.StringLiteral) else None)
        self._check_cast(operand.type, t)
        if e.style == "explicit":
            return _Typed(f"CAST({operand.text} AS {type_text(t)})", t)
        return _Typed(f"{operand.operand}::{type_text(t)}", t)

    def _check_cast(self, source: SQLType | None, t: SQLType) -> None:
        if not self._scope.is_timeless or source is None:
            return
        if (source.family, t.family) in _STABLE_CASTS:
            raise UnsupportedError(
                f"{source.name.lower()}::{t.name.lower()}: context-dependent operators are not allowed in "
                f"{self._scope.place}"
            )

    def _annotation(self, e: ast.Annotation, _desired: SQLType | None) -> _Typed:
        t = resolve_type(e.type, self._scope.catalog, self._scope.database)
        operand = self.visit(e.operand, t)
        return (
            operand
            if self._constant(e.operand) is not None
            else _Typed(f"{operand.operand}:::{type_text(t)}", t)
        )

    def _constant(self, e: ast.Expr) -> ast.Expr | None:
        while isinstance(e, ast.Paren):
            e = e.operand
        if isinstance(e, _CONSTANTS):
            return e
        if (
            isinstance(e, ast.UnaryOp)
            and e.op == "-"
            and isinstance(self._constant(e.operand), ast.NumberLiteral)
        ):
            return e
        return None

    # Operators

    def _unary_op(self, e: ast.UnaryOp, desired: SQLType | None) -> _Typed:
        operand = e.operand
        while isinstance(operand, ast.Paren):
            operand = operand.operand
        if isinstance(operand, ast.NumberLiteral) and e.op in "+-":
            return self._number(operand.text if e.op == "+" else f"-{operand.text}", desired)
        inner = self.visit(e.operand, desired)
        return _Typed(f"{e.op}{inner.operand}", inner.type, is_operator=True, is_guess=True)

    def _binary_op(self, e: ast.BinaryOp, desired: SQLType | None) -> _Typed:
        if e.op in _JSON_OPS:
            left, right = self.visit(e.left, JSONB), self.visit(e.right)
            answer = STRING if e.op.endswith(">>") else JSONB
            return _Typed(f"{left.operand}{e.op}{right.operand}", answer, is_operator=True)
        left, right = self._pair(e.left, e.right, desired, is_arithmetic=e.op != "||")
        t = _arithmetic_type(e.op, left.type, right.type)
        return _Typed(f"{left.operand} {e.op} {right.operand}", t, is_operator=True, is_guess=True)

    def _comparison(self, e: ast.Comparison, _desired: SQLType | None) -> _Typed:
        if isinstance(e.left, ast.Tuple) and isinstance(e.right, ast.Tuple) and "IN" not in e.op:
            return self._compare_tuples(e.op, e.left, e.right)
        if e.op in ("IN", "NOT IN") and isinstance(e.right, ast.Tuple):
            left = self.visit(e.left, self._common_type(e.right.elements))
            right = self.visit(e.right, left.type)
        elif e.quantifier:
            left = self.visit(e.left)
            right = self.visit(e.right, array_of(left.type) if left.type is not None else None)
        else:
            left, right = self._pair(e.left, e.right, None, is_arithmetic=False)
        quantifier = f" {e.quantifier}" if e.quantifier else ""
        return _Typed(f"{left.operand} {e.op}{quantifier} {right.operand}", BOOL, is_operator=True)

    def _compare_tuples(self, op: str, left: ast.Tuple, right: ast.Tuple) -> _Typed:
        pairs = [
            self._pair(a, b, None, is_arithmetic=False)
            for a, b in zip(left.elements, right.elements, strict=True)
        ]
        texts = [", ".join(side.text for side in sides) for sides in zip(*pairs, strict=True)]
        return _Typed(f"({texts[0]}) {op} ({texts[1]})", BOOL, is_operator=True)

    def _and(self, e: ast.And, _desired: SQLType | None) -> _Typed:
        left, right = self.visit(e.left, BOOL), self.visit(e.right, BOOL)
        return _Typed(f"{left.operand} AND {right.operand}", BOOL, is_operator=True)

    def _or(self, e: ast.Or, _desired: SQLType | None) -> _Typed:
        left, right = self.visit(e.left, BOOL), self.visit(e.right, BOOL)
        return _Typed(f"{left.operand} OR {right.operand}", BOOL, is_operator=True)

    def _not(self, e: ast.Not, _desired: SQLType | None) -> _Typed:
        return _Typed(f"NOT {self.visit(e.operand, BOOL).operand}", BOOL, is_operator=True)

    def _is_test(self, e: ast.IsTest, _desired: SQLType | None) -> _Typed:
        word = "IS NOT" if e.is_negated else "IS"
        test = e.test if e.test in ("NULL", "NAN", "UNKNOWN") else e.test.lower()
        return _Typed(f"{self.visit(e.operand).operand} {word} {test}", BOOL, is_operator=True)

    def _between(self, e: ast.Between, _desired: SQLType | None) -> _Typed:
        operand = self.visit(e.operand)
        low, high = self.visit(e.low, operand.type), self.visit(e.high, operand.type)
        word = ("NOT BETWEEN" if e.is_negated else "BETWEEN") + (" SYMMETRIC" if e.is_symmetric else "")
        return _Typed(f"{operand.operand} {word} {low.operand} AND {high.operand}", BOOL, is_operator=True)

    def _case(self, e: ast.Case, desired: SQLType | None) -> _Typed:
        operand = self.visit(e.operand) if e.operand is not None else None
        condition_type = operand.type if operand is not None else BOOL
        results = [branch.result for branch in e.branches] + (
            [e.otherwise] if e.otherwise is not None else []
        )
        t = desired or self._common_type(results)
        pieces = ["CASE"] + ([operand.text] if operand is not None else [])
        for branch in e.branches:
            condition = self.visit(branch.condition, condition_type)
            pieces.append(f"WHEN {condition.text} THEN {self.visit(branch.result, t).text}")
        if e.otherwise is not None:
            pieces.append(f"ELSE {self.visit(e.otherwise, t).text}")
        return _Typed(" ".join([*pieces, "END"]), t)

    def _subscript(self, e: ast.Subscript, _desired: SQLType | None) -> _Typed:
        operand = self.visit(e.operand)
        index = self.visit(e.index, INT8).text if e.index is not None else ""
        if e.is_slice:
            upper = self.visit(e.upper, INT8).text if e.upper is not None else ""
            return _Typed(f"{operand.operand}[{index}:{upper}]", operand.type, is_guess=True)
        element = operand.type.element if operand.type is not None else None
        return _Typed(f"{operand.operand}[{index}]", element, is_guess=True)

    # Calls

    def _keyword_call(self, e: ast.KeywordCall, desired: SQLType | None) -> _Typed:
        name = e.name.upper()
        values = e.arguments[1:] if name == "IF" else e.arguments
        t = desired or self._common_type(values)
        texts = [self.visit(argument, t).text for argument in values]
        if name == "IF":
            texts.insert(0, self.visit(e.arguments[0], BOOL).text)
        return _Typed(f"{name}({', '.join(texts)})", t)

    def _function_call(self, e: ast.FunctionCall, desired: SQLType | None) -> _Typed:
        name = ".".join(e.name)
        if name in ("nextval", "currval", "setval") and e.arguments:
            return self._sequence_call(name, e)
        if self._scope.is_timeless and name in CONTEXT_DEPENDENT:
            kind = CONTEXT_DEPENDENT[name]
            raise UnsupportedError(f"{name}(): {kind} functions are not allowed in {self._scope.place}")
        if name in AMBIGUOUS and not e.arguments:
            moment = ambiguous_type(name, desired)
            is_guess = desired is not None and desired.family in _MOMENTS
            return _Typed(f"{name}():::{moment.name}", moment, is_guess=is_guess)
        common = self._common_type(e.arguments)
        arguments = [self._argument(argument, common) for argument in e.arguments]
        # A name with a dot in it is quoted whole: it is one name to whoever prints it.
        shown = format_unrestricted_identifier(name)
        quantifier = f"{e.quantifier} " if e.quantifier else ""
        t = RETURN_TYPES.get(name)
        if t is None and name in SAME_AS_ARGUMENT:
            t = common or next((argument.type for argument in arguments), None)
        text = f"{shown}({quantifier}{', '.join(a.text for a in arguments)})"
        return _Typed(text, t, is_guess=bool(arguments))

    def _argument(self, e: ast.Expr, common: SQLType | None) -> _Typed:
        constant = self._constant(e)
        if isinstance(constant, (ast.NumberLiteral, ast.UnaryOp)):
            return self.visit(e, common if common is not None and common.family in _NUMERIC else None)
        if isinstance(constant, ast.StringLiteral):
            return self.visit(e, STRING)
        return self.visit(e)

    def _sequence_call(self, name: str, e: ast.FunctionCall) -> _Typed:
        first = e.arguments[0]
        while isinstance(first, (ast.Cast, ast.Annotation, ast.Paren)):
            first = first.operand
        rest = "".join(f", {self.visit(argument).text}" for argument in e.arguments[1:])
        if not isinstance(first, ast.StringLiteral):
            return _Typed(f"{name}({self.visit(first).text}{rest})", INT8)
        sequence = self._sequence(first.value)
        if sequence.id not in self._stored.sequence_ids:
            self._stored.sequence_ids.append(sequence.id)
        if self._scope.rules.sequences_by_id:
            return _Typed(f"{name}({sequence.id}:::REGCLASS{rest})", INT8)
        return _Typed(f"{name}({format_string(first.value)}:::STRING{rest})", INT8)

    def _sequence(self, text: str) -> pb.TableDescriptor:
        parts = [part.strip('"') if part.startswith('"') else part.lower() for part in text.split(".")]
        found = self._scope.catalog.resolve_table(parts, self._scope.database)
        if not found.HasField("sequence_opts"):
            raise OothecaError(f'"{format_dotted(parts)}" is not a sequence', sqlstate="42809")
        return found

    # Types

    def _pair(
        self, left: ast.Expr, right: ast.Expr, desired: SQLType | None, *, is_arithmetic: bool
    ) -> tuple[_Typed, _Typed]:
        """Type two operands: a constant takes the other's type, two constants the one that is wanted."""
        left_constant, right_constant = self._constant(left), self._constant(right)
        if left_constant is not None and right_constant is None:
            typed = self.visit(right)
            return self.visit(left, _for_constant(left_constant, typed.type, is_arithmetic)), typed
        if right_constant is not None and left_constant is None:
            typed = self.visit(left)
            return typed, self.visit(right, _for_constant(right_constant, typed.type, is_arithmetic))
        if left_constant is None:
            return self.visit(left), self.visit(right)
        return self.visit(left, desired), self.visit(right, desired)

    def _common_type(self, items: tuple[ast.Expr, ...] | list[ast.Expr]) -> SQLType | None:
        """Return the type of the first item that is no constant; of numbers, one that holds them all."""
        for item in items:
            if self._constant(item) is None:
                probe = _Annotator(self._scope, StoredExpression())
                t = probe.visit(item).type
                if t is not None:
                    return t
        constants = [constant for item in items if (constant := self._constant(item)) is not None]
        numbers = [c for c in constants if isinstance(c, (ast.NumberLiteral, ast.UnaryOp))]
        if numbers and len(numbers) == len([c for c in constants if not isinstance(c, ast.NullLiteral)]):
            texts = [str(number) for number in numbers]
            return INT8 if all(text.lstrip("-").isdigit() for text in texts) else DECIMAL
        return None


def _can_become(constant: ast.Expr, t: SQLType) -> bool:
    match constant:
        case ast.StringLiteral():
            return t.family not in (Family.OID,) and not depends_on_context(constant.value, t)
        case ast.NullLiteral():
            return False
        case ast.NumberLiteral():
            return t.family in (Family.FLOAT, Family.DECIMAL) or (
                t.family in _NUMERIC and constant.is_integer
            )
        case ast.UnaryOp():
            return t.family in _NUMERIC
        case ast.BytesLiteral():
            return t.family is Family.BYTES
        case _:
            return False


def _for_constant(constant: ast.Expr, other: SQLType | None, is_arithmetic: bool) -> SQLType | None:
    """Return the type that a constant takes beside an operand of type `other`."""
    if other is None:
        return None
    if isinstance(constant, ast.StringLiteral) and is_arithmetic and other.family in _MOMENTS:
        return INTERVAL
    if isinstance(constant, (ast.NumberLiteral, ast.UnaryOp)) and other.family not in _NUMERIC | {Family.OID}:
        return None
    return other


def _arithmetic_type(op: str, left: SQLType | None, right: SQLType | None) -> SQLType | None:
    if left is None or right is None:
        return left or right
    if op == "/" and left.family is Family.INT and right.family is Family.INT:
        return DECIMAL
    if {left.family, right.family} <= _NUMERIC:
        for t in (FLOAT8, DECIMAL):
            if t.family in (left.family, right.family):
                return t
    if left.family in _MOMENTS and right.family is left.family and op == "-":
        return INTERVAL
    return right if left.family is Family.INTERVAL and right.family in _MOMENTS else left
