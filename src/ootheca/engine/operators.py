"""Operators between two values: which type they meet in, and how DuckDB computes them."""

from __future__ import annotations

from ootheca.engine.typed import NUMBERS, STRINGS, TIMES, Conversions, Typed, same_type
from ootheca.errors import OothecaError
from ootheca.types import (
    BOOL,
    DATE,
    DECIMAL,
    FLOAT8,
    INT8,
    INTERVAL,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    Family,
    SQLType,
    array_of,
)

__all__ = ["arithmetic", "common_type", "comparison", "concatenation", "meet"]


def _unsupported(operator: str, left: Typed, right: Typed) -> OothecaError:
    names = [
        value.type.name.lower().replace("int8", "int").replace("float8", "float") for value in (left, right)
    ]
    return OothecaError(
        f"unsupported binary operator: <{names[0]}> {operator} <{names[1]}>", sqlstate="22023"
    )


def common_type(values: list[Typed]) -> SQLType:
    """Return the type in which values meet: CASE branches, IN lists, VALUES columns, set operations."""
    settled = [value for value in values if not value.is_null]
    typed = [v for v in settled if v.constant is None and v.number is None]
    if not typed:
        # Constants only: strings win over nothing, decimals over integers.
        kinds = [v.type for v in settled]
        if not kinds:
            return STRING if not values else values[0].type
        if all(k.family in NUMBERS for k in kinds):
            return DECIMAL if any(k.family is Family.DECIMAL for k in kinds) else kinds[0]
        return kinds[0]
    first = typed[0].type
    if first.family in NUMBERS:
        families = {v.type.family for v in settled if v.type.family in NUMBERS}
        if Family.FLOAT in families and any(v.type.family is Family.FLOAT for v in typed):
            return FLOAT8
        if Family.DECIMAL in families:
            same = {v.type for v in settled}
            return first if len(same) == 1 else DECIMAL
        return first if len({v.type for v in typed}) == 1 else INT8
    if first.family in TIMES and any(v.type.family is Family.TIMESTAMPTZ for v in typed):
        return TIMESTAMPTZ
    return first


def meet(conversions: Conversions, values: list[Typed], t: SQLType | None = None) -> list[Typed]:
    """Return the values in one type and one representation.

    Raises:
        OothecaError: 42804, a value that is no constant has another kind of type.
    """
    t = common_type(values) if t is None else t
    out = []
    for value in values:
        flexible = value.is_null or value.constant is not None or value.number is not None
        numeric = value.type.family in NUMBERS and t.family in NUMBERS
        timed = value.type.family in TIMES and t.family in TIMES
        if not (flexible or numeric or timed or same_type(value.type, t)):
            raise OothecaError(
                f"expected {value.sql} to be of type {t.name.lower()}, found type {value.type.name.lower()}",
                sqlstate="42804",
            )
        needs = flexible or value.type.family != t.family
        out.append(conversions.convert(value, t) if needs else value)
    if any(value.is_text for value in out) and not all(value.is_text for value in out):
        out = [conversions.text(value) for value in out]
    return out


def comparison(conversions: Conversions, operator: str, left: Typed, right: Typed) -> Typed:
    """Return `left operator right`: `= <> < <= > >=`, `IS [NOT] DISTINCT FROM`."""
    if left.is_null and right.is_null:
        return Typed(f"(CAST(NULL AS BOOLEAN) {operator} NULL)", BOOL)
    try:
        values = meet(conversions, [left, right])
    except OothecaError as exc:
        if exc.sqlstate != "42804":
            raise
        names = [
            value.type.name.lower().replace("int8", "int").replace("float8", "float")
            for value in (left, right)
        ]
        raise OothecaError(
            f"unsupported comparison operator: <{names[0]}> {_SPELLED.get(operator, operator)} <{names[1]}>",
            sqlstate="22023",
        ) from exc
    if values[0].type.family is Family.DECIMAL:
        # Numbers that DuckDB holds exactly need no keys.
        fixed = [
            _fixed(conversions, a, b)
            for a, b in zip((left, right), _as_decimals(conversions, left, right), strict=True)
        ]
        if None not in fixed:
            return Typed(f"({fixed[0]} {operator} {fixed[1]})", BOOL)
    sides = [conversions.orderable(value) for value in values]
    return Typed(f"({sides[0]} {operator} {sides[1]})", BOOL)


def _as_decimals(conversions: Conversions, *values: Typed) -> list[Typed]:
    return [conversions.convert(v, DECIMAL) if v.number or v.is_null else v for v in values]


_SPELLED = {"<>": "!="}


def arithmetic(conversions: Conversions, operator: str, left: Typed, right: Typed) -> Typed:
    """Return `left operator right`: `+ - * / // % ^`."""
    left, right = _lift(left, right), _lift(right, left)
    families = {left.type.family, right.type.family}
    if families <= {Family.INT, Family.DECIMAL, Family.UNKNOWN} and families != {Family.UNKNOWN}:
        return _exact(conversions, operator, left, right)
    if Family.FLOAT in families and families <= NUMBERS | {Family.UNKNOWN}:
        return _floating(conversions, operator, left, right)
    if families & (TIMES | {Family.INTERVAL, Family.TIME}):
        return _temporal(conversions, operator, left, right)
    if left.type.family is Family.JSON and operator == "-":
        raise OothecaError("unimplemented: this JSON operator", sqlstate="0A000")
    raise _unsupported(operator, left, right)


def _lift(value: Typed, other: Typed) -> Typed:
    """Give a string constant the type that its partner asks for."""
    if value.constant is not None and other.constant is None and other.type.family in NUMBERS:
        return Typed(value.sql, other.type if other.number is None else DECIMAL, number=value.constant)
    return value


def _exact(conversions: Conversions, operator: str, left: Typed, right: Typed) -> Typed:
    both_int = left.type.family is not Family.DECIMAL and right.type.family is not Family.DECIMAL
    if both_int and operator not in {"/", "^"}:
        a, b = (f"CAST({conversions.convert(v, INT8).sql} AS BIGINT)" for v in (left, right))
        if operator in {"//", "%"}:
            message = "division by zero" if operator == "//" else "zero modulus"
            b = f"CASE WHEN {b} = 0 THEN CAST(oo_fail('{message}', '22012') AS BIGINT) ELSE {b} END"
        return Typed(f"({a} {operator} {b})", INT8)
    if both_int and operator == "^":
        return Typed(f"CAST(pow({left.sql}, {right.sql}) AS BIGINT)", INT8)
    numbers = _as_decimals(conversions, left, right)
    if operator in {"+", "-", "*"}:
        sides = [_fixed(conversions, v, other) for v, other in zip((left, right), numbers, strict=True)]
        if None not in sides:
            return Typed(f"({sides[0]} {operator} {sides[1]})", DECIMAL)
    texts = [conversions.text(v).sql for v in numbers]
    return Typed(f"oo_dec('{operator}', {texts[0]}, {texts[1]})", DECIMAL, is_text=True)


def _fixed(conversions: Conversions, value: Typed, converted: Typed) -> str | None:
    """Return the value as a DuckDB number that computes exactly, or None if it only has a text."""
    if value.number is not None:
        text = converted.sql.strip("'")
        digits = text.lstrip("-").replace(".", "")
        if not digits.isdigit() or len(digits) > 18:
            return None
        scale = len(text.partition(".")[2])
        return f"CAST('{text}' AS DECIMAL({max(len(digits), scale, 1)},{scale}))"
    if value.is_text or value.constant is not None or value.type.family not in {Family.INT, Family.DECIMAL}:
        return None
    del conversions
    return f"CAST({value.sql} AS BIGINT)" if value.type.family is Family.INT else value.sql


def _floating(conversions: Conversions, operator: str, left: Typed, right: Typed) -> Typed:
    a, b = (conversions.convert(v, FLOAT8).sql for v in (left, right))
    if operator == "^":
        return Typed(f"pow({a}, {b})", FLOAT8)
    if operator in {"/", "//", "%"}:
        message = "zero modulus" if operator == "%" else "division by zero"
        b = f"CASE WHEN {b} = 0 THEN CAST(oo_fail('{message}', '22012') AS DOUBLE) ELSE {b} END"
    if operator == "//":
        return Typed(f"trunc({a} / {b})", FLOAT8)
    return Typed(f"({a} {operator} {b})", FLOAT8)


def _temporal(conversions: Conversions, operator: str, left: Typed, right: Typed) -> Typed:
    a_family, b_family = left.type.family, right.type.family
    moments = TIMES | {Family.TIME}
    if right.constant is not None and operator in {"+", "-"} and a_family in moments:
        # `ts - '2020-01-01'` is a moment, `ts - '1 day'` an interval: try the interval first, as CockroachDB does.
        right = conversions.convert(right, INTERVAL)
        b_family = Family.INTERVAL
    if left.constant is not None and a_family in STRINGS:
        left = conversions.convert(left, INTERVAL if b_family in moments else right.type)
        a_family = left.type.family
    left, right = conversions.native(left), conversions.native(conversions.settle(right))
    a, b = left.sql, conversions.settle(right).sql
    if a_family is Family.INTERVAL and b_family is Family.INTERVAL and operator in {"+", "-"}:
        return Typed(f"({a} {operator} {b})", INTERVAL)
    if a_family is Family.INTERVAL and b_family in NUMBERS and operator in {"*", "/"}:
        factor = conversions.convert(right, FLOAT8 if b_family is not Family.INT else INT8).sql
        return Typed(f"({a} {operator} {factor})", INTERVAL)
    if a_family in NUMBERS and b_family is Family.INTERVAL and operator == "*":
        return Typed(
            f"({b} * {conversions.convert(left, FLOAT8 if a_family is not Family.INT else INT8).sql})",
            INTERVAL,
        )
    if operator == "+" and a_family is Family.INTERVAL and b_family in moments:
        left, right, a, b, a_family, b_family = right, left, b, a, b_family, a_family
    if b_family is Family.INTERVAL and a_family in moments and operator in {"+", "-"}:
        return _shifted(operator, a, b, left.type)
    if a_family is Family.DATE and b_family is Family.INT and operator in {"+", "-"}:
        return Typed(f"({a} {operator} CAST({b} AS INTEGER))", DATE)
    if operator == "-" and a_family is b_family is Family.DATE:
        return Typed(f"CAST({a} - {b} AS BIGINT)", INT8)
    if operator == "-" and a_family in TIMES and b_family in TIMES:
        a, b = (conversions.convert(v, TIMESTAMP).sql for v in (left, right))
        return Typed(f"to_microseconds(epoch_us({a}) - epoch_us({b}))", INTERVAL)
    raise _unsupported(operator, left, right)


def _shifted(operator: str, moment: str, interval: str, t: SQLType) -> Typed:
    if t.family is Family.TIMESTAMPTZ:
        return Typed(
            f"((({moment} AT TIME ZONE 'UTC') {operator} {interval}) AT TIME ZONE 'UTC')", TIMESTAMPTZ
        )
    if t.family is Family.DATE:
        return Typed(f"(CAST({moment} AS TIMESTAMP) {operator} {interval})", TIMESTAMP)
    return Typed(f"({moment} {operator} {interval})", t)


def concatenation(conversions: Conversions, left: Typed, right: Typed) -> Typed:
    """Return `left || right`: strings, bytes, arrays, JSON."""
    a_family, b_family = left.type.family, right.type.family
    if Family.ARRAY in {a_family, b_family}:
        return _joined_arrays(conversions, left, right)
    if Family.JSON in {a_family, b_family}:
        raise OothecaError("unimplemented: || of JSON values", sqlstate="0A000")
    if Family.BYTES in {a_family, b_family}:
        t = left.type if a_family is Family.BYTES else right.type
        a, b = (conversions.convert(v, t).sql for v in (left, right))
        return Typed(f"({a} || {b})", t)
    if Family.BIT in {a_family, b_family}:
        a, b = (conversions.settle(v).sql for v in (left, right))
        return Typed(f"({a} || {b})", SQLType(Family.BIT, 1562, visible_type=10), is_text=True)
    if not (a_family in STRINGS | {Family.UNKNOWN} or b_family in STRINGS | {Family.UNKNOWN}):
        raise _unsupported("||", left, right)
    return Typed(f"({conversions.string(left).sql} || {conversions.string(right).sql})", STRING)


def _joined_arrays(conversions: Conversions, left: Typed, right: Typed) -> Typed:
    array = left if left.type.family is Family.ARRAY else right
    assert array.type.element is not None
    sides = []
    for value in (left, right):
        if value.type.family is Family.ARRAY:
            sides.append(value.sql)
        elif value.constant is not None and (
            value.constant.startswith("{") or array.type.element.family is Family.ARRAY
        ):
            sides.append(conversions.literal(value.constant, array.type).sql)
        elif value.is_null:
            sides.append("[]")
        else:
            sides.append(f"[{conversions.convert(value, array.type.element).sql}]")
    return Typed(f"list_concat({sides[0]}, {sides[1]})", array_of(array.type.element), array.is_text)
