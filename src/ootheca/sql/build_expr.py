"""Actions for expressions and type names."""

from __future__ import annotations

from typing import Any

from ootheca.sql import ast
from ootheca.sql.build_core import Children, action, actions, as_tuple, constants, integer_of
from ootheca.sql.lalr import RejectedError
from ootheca.sql.type_names import NAMED_TYPES, UNIMPLEMENTED_TYPES, named_type, sized_type

__all__: list[str] = []


# Literals
def _literal(node: Any, c: Children) -> Any:
    return node(c[0].value)


actions(
    _literal,
    string_literal=(ast.StringLiteral,),
    bytes_literal=(ast.BytesLiteral,),
    bit_literal=(ast.BitLiteral,),
)
constants(
    __name__,
    true_literal=ast.BoolLiteral(True),
    false_literal=ast.BoolLiteral(False),
    null_literal=ast.NullLiteral(),
    default_value=ast.DefaultValue(),
    empty_tuple=ast.Tuple(()),
)


@action
def integer_literal(c: Children) -> ast.NumberLiteral:
    return ast.NumberLiteral(c[0].value, is_integer=True)


@action
def float_literal(c: Children) -> ast.NumberLiteral:
    return ast.NumberLiteral(c[0].value, is_integer=False)


@action
def interval(c: Children) -> ast.IntervalLiteral:
    return ast.IntervalLiteral(c[0].value, ast.TypeName("INTERVAL", interval_fields=c[1] or ""))


@action
def interval_precision(c: Children) -> ast.IntervalLiteral:
    return ast.IntervalLiteral(c[1].value, ast.TypeName("INTERVAL", (integer_of(c[0], bits=32),)))


@action
def typed_literal(c: Children) -> ast.Cast:
    return ast.Cast(ast.StringLiteral(c[1].value), c[0], "prepended")


@action
def path_literal(c: Children) -> ast.Cast:
    return ast.Cast(ast.StringLiteral(c[1].value), named_type(c[0]), "prepended")


# Names and calls
@action
def path(c: Children) -> tuple[str, ...]:
    return tuple(c)


@action
def name_path(c: Children) -> tuple[str, ...]:
    return (c[0].value,)


@action
def column_path_ref(c: Children) -> ast.ColumnRef:
    return ast.ColumnRef(c[0])


@action
def column_ref(c: Children) -> ast.ColumnRef:
    return ast.ColumnRef((c[0].value, *c[1:]))


@action
def star(c: Children) -> ast.Star:
    return ast.Star(tuple(c))


def _call(quantifier: Any, c: Children) -> ast.FunctionCall:
    name = (c[0],) if isinstance(c[0], str) else c[0]
    return ast.FunctionCall(name, as_tuple(c[1] if len(c) > 1 else None), quantifier)


actions(_call, call=("",), call_distinct=("DISTINCT",), call_all=("ALL",))


@action
def keyword_call(c: Children) -> ast.KeywordCall:
    return ast.KeywordCall(c[0].upper(), tuple(c[1]))


@action
def clock(c: Children) -> ast.FunctionCall:
    return ast.FunctionCall((c[0],), tuple(c[1:]))


@action
def cast_call(c: Children) -> ast.Cast:
    return ast.Cast(c[0], c[1], "explicit")


@action
def annotate_type(c: Children) -> ast.Annotation:
    return ast.Annotation(c[0], c[1], is_short=False)


def _extract(name: str, c: Children) -> ast.FunctionCall:
    return ast.FunctionCall((name,), (ast.StringLiteral(c[0]), c[1]))


actions(_extract, extract=("extract",), extract_duration=("extract_duration",))


@action
def position(c: Children) -> ast.FunctionCall:
    return ast.FunctionCall(("strpos",), (c[1], c[0]))


@action
def overlay(c: Children) -> ast.FunctionCall:
    return ast.FunctionCall(("overlay",), tuple(part for part in c if part is not None))


def _listed(name: str, c: Children) -> ast.FunctionCall:
    return ast.FunctionCall((name,), tuple(c[0]))


actions(
    _listed,
    extract_list=("extract",),
    extract_duration_list=("extract_duration",),
    overlay_list=("overlay",),
    substring=("substring",),
)


@action
def substring_from(c: Children) -> ast.FunctionCall:
    return ast.FunctionCall(("substring",), tuple(part for part in c if part is not None))


@action
def substring_for(c: Children) -> ast.FunctionCall:
    first = ast.NumberLiteral("1", is_integer=True)
    return ast.FunctionCall(("substring",), (c[0], first, c[1]))


@action
def trim_from(c: Children) -> list[ast.Expr]:
    return [*c[1], c[0]]


@action
def expr_list_only(c: Children) -> list[ast.Expr]:
    return c[0]  # type: ignore[no-any-return]


_TRIM_FUNCTIONS = {None: "btrim", "both": "btrim", "leading": "ltrim", "trailing": "rtrim"}


@action
def trim(c: Children) -> ast.FunctionCall:
    return ast.FunctionCall((_TRIM_FUNCTIONS[c[0]],), tuple(c[1]))


# Operators
@action
def or_op(c: Children) -> ast.Or:
    return ast.Or(c[0], c[1])


@action
def and_op(c: Children) -> ast.And:
    return ast.And(c[0], c[1])


@action
def not_op(c: Children) -> ast.Not:
    return ast.Not(c[0])


@action
def not_la_op(c: Children) -> ast.Not:
    return ast.Not(c[1])


@action
def binary(c: Children) -> ast.BinaryOp:
    return ast.BinaryOp(c[1], c[0], c[2])


def _fixed_binary(op: str, c: Children) -> ast.BinaryOp:
    return ast.BinaryOp(op, c[0], c[1])


actions(_fixed_binary, bit_or=("|",), bit_xor=("#",), bit_and=("&",), power=("^",))


@action
def unary(c: Children) -> ast.Expr:
    """Leave a plus sign out and let two minus signs before a number cancel, as CockroachDB does."""
    op, operand = c
    if op == "+":
        return operand  # type: ignore[no-any-return]
    if op == "-" and isinstance(operand, ast.UnaryOp) and operand.op == "-":
        inner = operand.operand
        if isinstance(inner, ast.NumberLiteral):
            return inner
    return ast.UnaryOp(op, operand)


@action
def at_time_zone(c: Children) -> ast.FunctionCall:
    return ast.FunctionCall(("timezone",), (c[1], c[0]))


@action
def collate(c: Children) -> ast.Collate:
    return ast.Collate(c[0], c[1])


@action
def comparison(c: Children) -> ast.Comparison:
    return ast.Comparison(c[1], c[0], c[2])


@action
def quantified_comparison(c: Children) -> ast.Comparison:
    return ast.Comparison(c[1], c[0], c[3], c[2].upper())


@action
def like_escape(c: Children) -> ast.FunctionCall:
    names = {
        "LIKE": "like_escape",
        "NOT LIKE": "not_like_escape",
        "ILIKE": "ilike_escape",
        "NOT ILIKE": "not_ilike_escape",
        "SIMILAR TO": "similar_to_escape",
        "NOT SIMILAR TO": "not_similar_to_escape",
    }
    return ast.FunctionCall((names[c[1]],), (c[0], c[2], c[3]))


constants(
    __name__,
    op_like="LIKE",
    op_not_like="NOT LIKE",
    op_ilike="ILIKE",
    op_not_ilike="NOT ILIKE",
    op_similar="SIMILAR TO",
    op_not_similar="NOT SIMILAR TO",
)


@action
def in_op(c: Children) -> ast.Comparison:
    return ast.Comparison("IN", c[0], c[1])


@action
def not_in_op(c: Children) -> ast.Comparison:
    return ast.Comparison("NOT IN", c[0], c[2])


@action
def in_tuple(c: Children) -> ast.Tuple:
    return ast.Tuple(tuple(c[0]))


@action
def paren_or_tuple(c: Children) -> ast.Expr:
    return ast.Paren(c[0][0]) if len(c[0]) == 1 else ast.Tuple(tuple(c[0]))


@action
def between(c: Children) -> ast.Between:
    return ast.Between(c[0], c[2], c[3], is_symmetric=c[1] == "symmetric")


@action
def not_between(c: Children) -> ast.Between:
    return ast.Between(c[0], c[3], c[4], is_negated=True, is_symmetric=c[2] == "symmetric")


def _is_test(is_negated: bool, c: Children) -> ast.IsTest:
    return ast.IsTest(c[0], c[1].upper() if len(c) > 1 else "NULL", is_negated)


actions(_is_test, is_test=(False,), is_not_test=(True,), is_null=(False,), is_not_null=(True,))


def _is_distinct(op: str, c: Children) -> ast.Comparison:
    return ast.Comparison(op, c[0], c[1])


actions(_is_distinct, is_distinct=("IS DISTINCT FROM",), is_not_distinct=("IS NOT DISTINCT FROM",))


def _is_of(is_negated: bool, c: Children) -> ast.IsOfType:
    return ast.IsOfType(c[0], tuple(c[1]), is_negated)


actions(_is_of, is_of=(False,), is_not_of=(True,))


# Postfix and primary forms
@action
def cast(c: Children) -> ast.Cast:
    return ast.Cast(c[0], c[1])


@action
def annotation(c: Children) -> ast.Annotation:
    return ast.Annotation(c[0], c[1])


@action
def subscript(c: Children) -> ast.Subscript:
    return ast.Subscript(c[0], c[1])


@action
def slice_(c: Children) -> ast.Subscript:
    return ast.Subscript(c[0], c[1], c[2], is_slice=True)


@action
def subquery(c: Children) -> ast.Subquery:
    return ast.Subquery(c[0].value)


@action
def exists(c: Children) -> ast.Exists:
    return ast.Exists(c[0].value)


@action
def array(c: Children) -> ast.ArrayLiteral:
    return ast.ArrayLiteral(as_tuple(c[0]))


@action
def array_subquery(c: Children) -> ast.ArraySubquery:
    return ast.ArraySubquery(c[0].value)


@action
def row(c: Children) -> ast.Tuple:
    return ast.Tuple(as_tuple(c[0]), is_row=True)


@action
def paren(c: Children) -> ast.Paren:
    return ast.Paren(c[0])


@action
def tuple_one(c: Children) -> ast.Tuple:
    return ast.Tuple((c[0],))


@action
def tuple_(c: Children) -> ast.Tuple:
    return ast.Tuple((c[0], *c[1]))


@action
def labeled(c: Children) -> ast.Tuple:
    return ast.Tuple(c[0].elements, c[0].is_row, tuple(c[1]))


@action
def field(c: Children) -> ast.FieldAccess:
    return ast.FieldAccess(ast.Paren(c[0]), c[1])


@action
def all_fields(c: Children) -> ast.FieldAccess:
    return ast.FieldAccess(ast.Paren(c[0]), "*")


@action
def when(c: Children) -> ast.When:
    return ast.When(c[0], c[1])


@action
def case(c: Children) -> ast.Case:
    return ast.Case(c[0], tuple(c[1]), c[2])


# Type names
def _bound(token: Any) -> tuple[int, ...]:
    return () if token is None else (integer_of(token, bits=32),)


@action
def word_type(c: Children) -> ast.TypeName:
    name, _ = NAMED_TYPES[c[0]]
    return ast.TypeName(name, tuple(integer_of(token, bits=32) for token in c[1:]))


@action
def float_type(c: Children) -> ast.TypeName:
    bits = _bound(c[0])
    if not bits:
        return ast.TypeName("FLOAT8")
    if bits[0] < 1:
        raise RejectedError("syntax error: precision for type float must be at least 1 bit")
    if bits[0] > 54:
        raise RejectedError("syntax error: precision for type float must be less than 54 bits")
    return ast.TypeName("FLOAT4" if bits[0] < 25 else "FLOAT8")


def _sized(name: str, c: Children) -> ast.TypeName:
    bounds = _bound(c[-1] if c else None)
    if bounds == (0,):
        raise RejectedError(f"syntax error: length for type {name} must be at least 1", at_next=True)
    return sized_type(name, bounds)


def _sized_word(name: str, c: Children) -> ast.TypeName:
    return _sized(name, c[1:])


actions(
    _sized,
    bit_type=("BIT",),
    varbit_type=("VARBIT",),
    varchar_type=("VARCHAR",),
    string_type=("STRING",),
)
actions(_sized_word, char_type=("CHAR",))


def _time(suffix: str | None, c: Children) -> ast.TypeName:
    word = c[0].upper()
    name = word if suffix is None else word.removesuffix("TZ") + suffix
    return ast.TypeName(name, _bound(c[1]))


actions(_time, time_type=(None,), time_with_zone=("TZ",), time_without_zone=("",))
constants(__name__, double_type=ast.TypeName("FLOAT8"), box2d_type=ast.TypeName("BOX2D"))


@action
def geo_type(c: Children) -> ast.TypeName:
    arguments = tuple(part.upper() if isinstance(part, str) else part for part in c[1:])
    return ast.TypeName(c[0].upper(), arguments)


@action
def interval_fields(c: Children) -> str:
    return " TO ".join(part if isinstance(part, str) else str(part.value).upper() for part in c)


@action
def seconds(c: Children) -> str:
    return "SECOND" if len(c) == 1 else f"SECOND({integer_of(c[2], bits=32)})"


@action
def interval_type(c: Children) -> ast.TypeName:
    return ast.TypeName("INTERVAL", interval_fields=c[0] or "")


@action
def interval_precision_type(c: Children) -> ast.TypeName:
    return ast.TypeName("INTERVAL", (integer_of(c[0], bits=32),))


def _named_type(c: Children) -> ast.TypeName:
    if len(c[0]) == 1 and c[0][0] in UNIMPLEMENTED_TYPES:
        raise RejectedError("syntax error: unimplemented: this syntax", sqlstate="0A000", at_next=True)
    return named_type(c[0])


actions(_named_type, named_type=())


@action
def named_type_width(c: Children) -> ast.TypeName:
    return named_type(c[0], (integer_of(c[1], bits=32),))


@action
def plain_type(c: Children) -> ast.TypeName:
    return c[0]  # type: ignore[no-any-return]


def _with_arrays(base: ast.TypeName, depth: int) -> ast.TypeName:
    return ast.TypeName(
        base.name, base.arguments, base.interval_fields, base.user_type, base.collation, depth, base.is_serial
    )


@action
def array_bounds(c: Children) -> int:
    return 1 + (c[0] if c and isinstance(c[0], int) else 0)


@action
def array_type(c: Children) -> ast.TypeName:
    return _with_arrays(c[0], c[1])


@action
def one_array_type(c: Children) -> ast.TypeName:
    return _with_arrays(c[0], 1)


@action
def collated_type(c: Children) -> ast.TypeName:
    base = c[0]
    return ast.TypeName(
        base.name, base.arguments, base.interval_fields, base.user_type, c[1], base.array_depth
    )
