"""Canonical text of expressions and types.

CockroachDB prints an operator's operands in parentheses when they are operators themselves; parentheses that the user
wrote are nodes of their own and stay. Text that was printed is printed again unchanged.

Source: conformance/20.2/ddl.json, `checks` and `types`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ootheca.names import (
    format_bytes,
    format_dotted,
    format_identifier,
    format_string,
    format_unrestricted_identifier,
)
from ootheca.sql import ast
from ootheca.sql.format_core import Style, format_node, formats, name_list

__all__ = ["expression_list"]

_OPERATORS = (
    ast.And,
    ast.Or,
    ast.Not,
    ast.BinaryOp,
    ast.UnaryOp,
    ast.Comparison,
    ast.Between,
    ast.IsTest,
    ast.IsOfType,
)
_CONSTANTS = (ast.StringLiteral, ast.BytesLiteral, ast.BitLiteral, ast.BoolLiteral, ast.NullLiteral)
_HEX = re.compile(r"\\x(?:[0-9a-f]{2})*\Z")
_TIGHT = frozenset({"->", "->>", "#>", "#>>"})  # printed without blanks around them


def _is_operator(node: ast.Expr) -> bool:
    if isinstance(node, ast.UnaryOp) and node.op == "-" and isinstance(node.operand, ast.NumberLiteral):
        return False
    return isinstance(node, _OPERATORS)


def _operand(node: ast.Expr, style: Style) -> str:
    text = format_node(node, style)
    return f"({text})" if _is_operator(node) else text


def expression_list(nodes: Sequence[ast.Expr], style: Style) -> str:
    """Print expressions with commas."""
    return ", ".join([format_node(node, style) for node in nodes])


@formats(ast.StringLiteral)
def _string(node: ast.StringLiteral, style: Style) -> str:
    del style
    return format_string(node.value)


@formats(ast.BytesLiteral)
def _bytes(node: ast.BytesLiteral, style: Style) -> str:
    del style
    return format_bytes(node.value)


@formats(ast.BitLiteral)
def _bits(node: ast.BitLiteral, style: Style) -> str:
    del style
    return f"B'{node.value}'"


@formats(ast.NumberLiteral)
def _number(node: ast.NumberLiteral, style: Style) -> str:
    del style
    return node.text


@formats(ast.BoolLiteral)
def _bool(node: ast.BoolLiteral, style: Style) -> str:
    del style
    return "true" if node.value else "false"


@formats(ast.NullLiteral)
def _null(node: ast.NullLiteral, style: Style) -> str:
    del node, style
    return "NULL"


@formats(ast.DefaultValue)
def _default(node: ast.DefaultValue, style: Style) -> str:
    del node, style
    return "DEFAULT"


@formats(ast.PartitionBound)
def _bound(node: ast.PartitionBound, style: Style) -> str:
    del style
    return "MAXVALUE" if node.is_max else "MINVALUE"


@formats(ast.IntervalLiteral)
def _interval(node: ast.IntervalLiteral, style: Style) -> str:
    del style
    if node.type.arguments:
        return f"INTERVAL({node.type.arguments[0]}) {format_string(node.value)}"
    fields = f" {node.type.interval_fields}" if node.type.interval_fields else ""
    return f"INTERVAL {format_string(node.value)}{fields}"


@formats(ast.ColumnRef)
def _column(node: ast.ColumnRef, style: Style) -> str:
    del style
    return format_dotted(node.parts)


@formats(ast.Star)
def _star(node: ast.Star, style: Style) -> str:
    del style
    return f"{format_dotted(node.parts)}.*" if node.parts else "*"


@formats(ast.FunctionCall)
def _call(node: ast.FunctionCall, style: Style) -> str:
    name = ".".join(map(format_unrestricted_identifier, node.name))
    quantifier = f"{node.quantifier} " if node.quantifier else ""
    return f"{name}({quantifier}{expression_list(node.arguments, style)})"


@formats(ast.KeywordCall)
def _keyword_call(node: ast.KeywordCall, style: Style) -> str:
    return f"{node.name}({expression_list(node.arguments, style)})"


@formats(ast.Cast)
def _cast(node: ast.Cast, style: Style) -> str:
    type_ = format_node(node.type, style)
    match node.style:
        case "prepended":
            return f"{type_} {format_node(node.operand, style)}"
        case "explicit":
            return f"CAST({format_node(node.operand, style)} AS {type_})"
    return f"{_operand(node.operand, style)}::{type_}"


@formats(ast.Annotation)
def _annotation(node: ast.Annotation, style: Style) -> str:
    type_ = format_node(node.type, style)
    if not node.is_short:
        return f"ANNOTATE_TYPE({format_node(node.operand, style)}, {type_})"
    if isinstance(node.operand, ast.StringLiteral) and type_ == "BYTES" and _HEX.match(node.operand.value):
        return f"'{node.operand.value}':::BYTES"  # a constant of a descriptor, which escapes nothing
    return f"{_operand(node.operand, style)}:::{type_}"


@formats(ast.Collate)
def _collate(node: ast.Collate, style: Style) -> str:
    return f"{_operand(node.operand, style)} COLLATE {_locale(node.locale)}"


@formats(ast.UnaryOp)
def _unary(node: ast.UnaryOp, style: Style) -> str:
    text = format_node(node.operand, style)
    if isinstance(node.operand, ast.NumberLiteral):
        return node.op + text
    if _is_operator(node.operand) or text.startswith("-") or isinstance(node.operand, _CONSTANTS):
        return f"{node.op}({text})"
    return node.op + text


@formats(ast.BinaryOp)
def _binary(node: ast.BinaryOp, style: Style) -> str:
    op = node.op if node.op in _TIGHT else f" {node.op} "
    return f"{_operand(node.left, style)}{op}{_operand(node.right, style)}"


@formats(ast.Comparison)
def _comparison(node: ast.Comparison, style: Style) -> str:
    op = node.op
    if node.quantifier:
        op = f"{op} {node.quantifier}"
    elif isinstance(node.right, (ast.NullLiteral, ast.BoolLiteral)):
        op = {"IS DISTINCT FROM": "IS NOT", "IS NOT DISTINCT FROM": "IS"}.get(op, op)
    return f"{_operand(node.left, style)} {op} {_operand(node.right, style)}"


@formats(ast.And)
def _and(node: ast.And, style: Style) -> str:
    return f"{_operand(node.left, style)} AND {_operand(node.right, style)}"


@formats(ast.Or)
def _or(node: ast.Or, style: Style) -> str:
    return f"{_operand(node.left, style)} OR {_operand(node.right, style)}"


@formats(ast.Not)
def _not(node: ast.Not, style: Style) -> str:
    return f"NOT {_operand(node.operand, style)}"


@formats(ast.IsTest)
def _is_test(node: ast.IsTest, style: Style) -> str:
    operand = _operand(node.operand, style)
    if node.test == "NAN":
        return f"{operand} {'!=' if node.is_negated else '='} 'NaN'"
    word = {"UNKNOWN": "NULL", "TRUE": "true", "FALSE": "false"}.get(node.test, node.test)
    return f"{operand} IS {'NOT ' if node.is_negated else ''}{word}"


@formats(ast.IsOfType)
def _is_of_type(node: ast.IsOfType, style: Style) -> str:
    types = ", ".join([format_node(type_, style) for type_ in node.types])
    return f"{_operand(node.operand, style)} IS {'NOT ' if node.is_negated else ''}OF ({types})"


@formats(ast.Between)
def _between(node: ast.Between, style: Style) -> str:
    words = f"{'NOT ' if node.is_negated else ''}BETWEEN{' SYMMETRIC' if node.is_symmetric else ''}"
    bounds = f"{_operand(node.low, style)} AND {_operand(node.high, style)}"
    return f"{_operand(node.operand, style)} {words} {bounds}"


@formats(ast.When)
def _when(node: ast.When, style: Style) -> str:
    return f"WHEN {format_node(node.condition, style)} THEN {format_node(node.result, style)}"


@formats(ast.Case)
def _case(node: ast.Case, style: Style) -> str:
    parts = ["CASE"]
    if node.operand is not None:
        parts.append(format_node(node.operand, style))
    parts += [format_node(branch, style) for branch in node.branches]
    if node.otherwise is not None:
        parts.append(f"ELSE {format_node(node.otherwise, style)}")
    return " ".join([*parts, "END"])


@formats(ast.ArrayLiteral)
def _array(node: ast.ArrayLiteral, style: Style) -> str:
    return f"ARRAY[{expression_list(node.elements, style)}]"


@formats(ast.Tuple)
def _tuple(node: ast.Tuple, style: Style) -> str:
    trailing = "," if len(node.elements) == 1 and not node.is_row else ""
    text = f"{'ROW' if node.is_row else ''}({expression_list(node.elements, style)}{trailing})"
    return f"({text} AS {name_list(node.labels)})" if node.labels else text


@formats(ast.Paren)
def _paren(node: ast.Paren, style: Style) -> str:
    return f"({format_node(node.operand, style)})"


@formats(ast.Subscript)
def _subscript(node: ast.Subscript, style: Style) -> str:
    index = format_node(node.index, style) if node.index is not None else ""
    if node.is_slice:
        index += ":" + (format_node(node.upper, style) if node.upper is not None else "")
    return f"{_operand(node.operand, style)}[{index}]"


@formats(ast.FieldAccess)
def _field(node: ast.FieldAccess, style: Style) -> str:
    name = "*" if node.name == "*" else format_unrestricted_identifier(node.name)
    return f"{format_node(node.operand, style)}.{name}"


@formats(ast.Subquery)
def _subquery(node: ast.Subquery, style: Style) -> str:
    return format_node(node.query, style)


@formats(ast.ArraySubquery)
def _array_subquery(node: ast.ArraySubquery, style: Style) -> str:
    return f"ARRAY {format_node(node.query, style)}"


@formats(ast.Exists)
def _exists(node: ast.Exists, style: Style) -> str:
    return f"EXISTS {format_node(node.query, style)}"


def _locale(name: str) -> str:
    return format_identifier(name.replace("-", "_"))


@formats(ast.TypeName)
def _type(node: ast.TypeName, style: Style) -> str:
    del style
    text = node.name if node.user_type is None else str(node.user_type)
    if node.arguments:
        text += f"({','.join(map(str, node.arguments))})"
    if node.interval_fields:
        text += f" {node.interval_fields}"
    text += "[]" * node.array_depth
    return f"{text} COLLATE {_locale(node.collation)}" if node.collation else text
