"""Functions of queries: which arguments they take, what they return, how DuckDB computes them.

A function that is not listed here does not exist for the user, so nothing of DuckDB's own (files, settings) leaks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ootheca.engine.operators import arithmetic
from ootheca.engine.typed import STRINGS, Conversions, Typed
from ootheca.engine.typenames import string_literal
from ootheca.errors import OothecaError
from ootheca.types import (
    BOOL,
    BYTES,
    DATE,
    DECIMAL,
    FLOAT8,
    INT8,
    INTERVAL,
    JSONB,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
    Family,
    SQLType,
)

__all__ = ["call_function", "json_value", "unknown_signature"]

_Template = tuple[str, tuple[SQLType, ...], SQLType]
_S, _I, _F, _D, _B = STRING, INT8, FLOAT8, DECIMAL, BOOL

# name -> overloads: DuckDB text with {n} for arguments, parameter types, result type.
_PLAIN: dict[str, tuple[_Template, ...]] = {
    "length": (("length({0})", (_S,), _I), ("octet_length({0})", (BYTES,), _I)),
    "char_length": (("length({0})", (_S,), _I),),
    "character_length": (("length({0})", (_S,), _I),),
    "octet_length": (("strlen({0})", (_S,), _I), ("octet_length({0})", (BYTES,), _I)),
    "bit_length": (("(strlen({0}) * 8)", (_S,), _I),),
    "upper": (("upper({0})", (_S,), _S),),
    "lower": (("lower({0})", (_S,), _S),),
    "initcap": (
        (
            "array_to_string(list_transform(string_split({0}, ' '), lambda w: upper(w[1]) || lower(w[2:])), ' ')",
            (_S,),
            _S,
        ),
    ),
    "reverse": (("reverse({0})", (_S,), _S),),
    "repeat": (("repeat({0}, {1})", (_S, _I), _S),),
    "chr": (("chr(CAST({0} AS INTEGER))", (_I,), _S),),
    "ascii": (("CAST(ascii({0}) AS BIGINT)", (_S,), _I),),
    "left": (("left({0}, {1})", (_S, _I), _S),),
    "right": (("right({0}, {1})", (_S, _I), _S),),
    "lpad": (
        ("lpad({0}, CAST({1} AS INTEGER), ' ')", (_S, _I), _S),
        ("lpad({0}, CAST({1} AS INTEGER), {2})", (_S, _I, _S), _S),
    ),
    "rpad": (
        ("rpad({0}, CAST({1} AS INTEGER), ' ')", (_S, _I), _S),
        ("rpad({0}, CAST({1} AS INTEGER), {2})", (_S, _I, _S), _S),
    ),
    "ltrim": (("ltrim({0}, ' ')", (_S,), _S), ("ltrim({0}, {1})", (_S, _S), _S)),
    "rtrim": (("rtrim({0}, ' ')", (_S,), _S), ("rtrim({0}, {1})", (_S, _S), _S)),
    "btrim": (("trim({0}, ' ')", (_S,), _S), ("trim({0}, {1})", (_S, _S), _S)),
    "replace": (("replace({0}, {1}, {2})", (_S, _S, _S), _S),),
    "translate": (("translate({0}, {1}, {2})", (_S, _S, _S), _S),),
    "substr": (("substring({0}, {1})", (_S, _I), _S), ("substring({0}, {1}, {2})", (_S, _I, _I), _S)),
    "substring": (("substring({0}, {1})", (_S, _I), _S), ("substring({0}, {1}, {2})", (_S, _I, _I), _S)),
    "strpos": (("strpos({0}, {1})", (_S, _S), _I),),
    "split_part": (("split_part({0}, {1}, CAST({2} AS INTEGER))", (_S, _S, _I), _S),),
    "starts_with": (("starts_with({0}, {1})", (_S, _S), _B),),
    "regexp_replace": (
        ("regexp_replace({0}, {1}, {2})", (_S, _S, _S), _S),
        ("regexp_replace({0}, {1}, {2}, {3})", (_S, _S, _S, _S), _S),
    ),
    "regexp_extract": (("nullif(regexp_extract({0}, {1}), '')", (_S, _S), _S),),
    "quote_literal": (("('''' || replace({0}, '''', '''''') || '''')", (_S,), _S),),
    "quote_ident": (("('\"' || replace({0}, '\"', '\"\"') || '\"')", (_S,), _S),),
    "md5": (("md5({0})", (_S,), _S), ("oo_digest('md5', {0})", (BYTES,), _S)),
    "sha1": (("oo_digest('sha1', encode({0}))", (_S,), _S), ("oo_digest('sha1', {0})", (BYTES,), _S)),
    "sha224": (("oo_digest('sha224', encode({0}))", (_S,), _S), ("oo_digest('sha224', {0})", (BYTES,), _S)),
    "sha256": (("sha256({0})", (_S,), _S), ("oo_digest('sha256', {0})", (BYTES,), _S)),
    "sha384": (("oo_digest('sha384', encode({0}))", (_S,), _S), ("oo_digest('sha384', {0})", (BYTES,), _S)),
    "sha512": (("oo_digest('sha512', encode({0}))", (_S,), _S), ("oo_digest('sha512', {0})", (BYTES,), _S)),
    "fnv32": (("oo_checksum('fnv32', encode({0}))", (_S,), _I), ("oo_checksum('fnv32', {0})", (BYTES,), _I)),
    "fnv32a": (("oo_checksum('fnv32a', encode({0}))", (_S,), _I), ("oo_checksum('fnv32a', {0})", (BYTES,), _I)),
    "fnv64": (("oo_checksum('fnv64', encode({0}))", (_S,), _I), ("oo_checksum('fnv64', {0})", (BYTES,), _I)),
    "fnv64a": (("oo_checksum('fnv64a', encode({0}))", (_S,), _I), ("oo_checksum('fnv64a', {0})", (BYTES,), _I)),
    "crc32ieee": (
        ("oo_checksum('crc32ieee', encode({0}))", (_S,), _I),
        ("oo_checksum('crc32ieee', {0})", (BYTES,), _I),
    ),
    "to_hex": (("to_hex({0})", (_I,), _S), ("lower(hex({0}))", (BYTES,), _S), ("lower(hex(encode({0})))", (_S,), _S)),
    "gen_random_uuid": (("gen_random_uuid()", (), UUID),),
    "uuid_v4": (("encode(CAST(gen_random_uuid() AS VARCHAR))", (), BYTES),),
    "random": (("random()", (), _F),),
    "pi": (("pi()", (), _F),),
    "sqrt": (("sqrt({0})", (_F,), _F),),
    "cbrt": (("cbrt({0})", (_F,), _F),),
    "exp": (("exp({0})", (_F,), _F),),
    "ln": (("ln({0})", (_F,), _F),),
    "log": (("log10({0})", (_F,), _F),),
    "pow": (("pow({0}, {1})", (_F, _F), _F),),
    "power": (("pow({0}, {1})", (_F, _F), _F),),
    "sin": (("sin({0})", (_F,), _F),),
    "cos": (("cos({0})", (_F,), _F),),
    "tan": (("tan({0})", (_F,), _F),),
    "atan2": (("atan2({0}, {1})", (_F, _F), _F),),
    "degrees": (("degrees({0})", (_F,), _F),),
    "radians": (("radians({0})", (_F,), _F),),
    "isnan": (("isnan({0})", (_F,), _B),),
    "date_trunc": (
        ("date_trunc({0}, {1})", (_S, TIMESTAMP), TIMESTAMP),
        ("(date_trunc({0}, {1} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')", (_S, TIMESTAMPTZ), TIMESTAMPTZ),
        ("(date_trunc({0}, CAST({1} AS TIMESTAMP)) AT TIME ZONE 'UTC')", (_S, DATE), TIMESTAMPTZ),
    ),
    "date_part": (
        ("CAST(date_part({0}, {1}) AS DOUBLE)", (_S, TIMESTAMP), _F),
        ("CAST(date_part({0}, {1} AT TIME ZONE 'UTC') AS DOUBLE)", (_S, TIMESTAMPTZ), _F),
        ("CAST(date_part({0}, {1}) AS DOUBLE)", (_S, DATE), _F),
        ("CAST(date_part({0}, {1}) AS DOUBLE)", (_S, INTERVAL), _F),
    ),
    "age": (
        ("age({0}, {1})", (TIMESTAMP, TIMESTAMP), INTERVAL),
        ("age({0} AT TIME ZONE 'UTC', {1} AT TIME ZONE 'UTC')", (TIMESTAMPTZ, TIMESTAMPTZ), INTERVAL),
    ),
    "to_timestamp": (("to_timestamp({0})", (_F,), TIMESTAMPTZ),),
    "jsonb_array_length": (("oo_json_length({0})", (JSONB,), _I),),
    "json_array_length": (("oo_json_length({0})", (JSONB,), _I),),
    "jsonb_typeof": (("oo_json_kind({0})", (JSONB,), _S),),
    "json_typeof": (("oo_json_kind({0})", (JSONB,), _S),),
    "jsonb_object_keys": (("unnest(oo_json_keys({0}))", (JSONB,), _S),),
    "json_object_keys": (("unnest(oo_json_keys({0}))", (JSONB,), _S),),
    "jsonb_array_elements": (("unnest(oo_json_items({0}, false))", (JSONB,), JSONB),),
    "json_array_elements": (("unnest(oo_json_items({0}, false))", (JSONB,), JSONB),),
    "jsonb_array_elements_text": (("unnest(oo_json_items({0}, true))", (JSONB,), _S),),
    "json_array_elements_text": (("unnest(oo_json_items({0}, true))", (JSONB,), _S),),
    "generate_series": (
        ("unnest(generate_series({0}, {1}))", (_I, _I), _I),
        ("unnest(generate_series({0}, {1}, {2}))", (_I, _I, _I), _I),
        ("unnest(generate_series({0}, {1}, {2}))", (TIMESTAMP, TIMESTAMP, INTERVAL), TIMESTAMP),
    ),
}  # fmt: skip


def _same_decimal(name: str) -> Callable[[Conversions, list[Typed]], Typed]:
    """Numeric functions that keep the kind of their argument; for DECIMAL the exact one."""

    def call(conversions: Conversions, args: list[Typed]) -> Typed:
        value = conversions.settle(args[0])
        places = args[1].sql if len(args) > 1 else "0"
        if value.type.family is Family.INT and name in {"abs", "sign"}:
            return Typed(f"CAST({name}({value.sql}) AS BIGINT)", INT8)
        if value.type.family is Family.DECIMAL or (value.type.family is Family.INT and name != "sqrt"):
            text = conversions.text(conversions.convert(value, DECIMAL)).sql
            return Typed(f"oo_dec_fn('{name}', {text}, {places})", DECIMAL, is_text=True)
        number = conversions.convert(value, FLOAT8).sql
        if name == "round":
            rounded = f"round_even({number}, CAST({places} AS INTEGER))"
            return Typed(f"CAST({rounded} AS DOUBLE)", FLOAT8)
        return Typed(f"CAST({name}({number}) AS DOUBLE)", FLOAT8)

    return call


def _mod(conversions: Conversions, args: list[Typed]) -> Typed:
    return arithmetic(conversions, "%", args[0], args[1])


def _div(conversions: Conversions, args: list[Typed]) -> Typed:
    return arithmetic(conversions, "//", args[0], args[1])


def _concat(conversions: Conversions, args: list[Typed]) -> Typed:
    parts = [f"coalesce({conversions.string(arg).sql}, '')" for arg in args]
    return Typed(f"({' || '.join(parts)})" if parts else "''", STRING)


def _concat_ws(conversions: Conversions, args: list[Typed]) -> Typed:
    if len(args) < 2:
        raise unknown_signature("concat_ws", args)
    return Typed(f"concat_ws({', '.join(conversions.string(arg).sql for arg in args)})", STRING)


def json_value(conversions: Conversions, value: Typed) -> str:
    """Return the JSON text of any value."""
    value = conversions.settle(value)
    family = value.type.family
    if family is Family.ARRAY:
        assert value.type.element is not None
        item = json_value(conversions, Typed("x", value.type.element, is_text=value.is_text))
        return f"oo_json_array(list_transform({value.sql}, lambda x: {item}))"
    kind = "json" if family is Family.JSON else "bool" if family is Family.BOOL else "string"
    if family in {Family.INT, Family.DECIMAL, Family.FLOAT}:
        kind = "number"
    shown = conversions.string(value).sql if family is not Family.FLOAT else f"oo_float_text({value.sql}, 3)"
    return f"oo_json_of({shown}, '{kind}')"


def _to_json(conversions: Conversions, args: list[Typed]) -> Typed:
    return Typed(json_value(conversions, args[0]), JSONB)


def _json_array(conversions: Conversions, args: list[Typed]) -> Typed:
    items = ", ".join(json_value(conversions, arg) for arg in args)
    return Typed(f"oo_json_array(CAST([{items}] AS VARCHAR[]))", JSONB)


def _json_object(conversions: Conversions, args: list[Typed]) -> Typed:
    if len(args) % 2:
        raise OothecaError("argument list must have even number of elements", sqlstate="22023")
    keys = ", ".join(conversions.string(arg).sql for arg in args[::2])
    values = ", ".join(json_value(conversions, arg) for arg in args[1::2])
    return Typed(f"oo_json_object(CAST([{keys}] AS VARCHAR[]), CAST([{values}] AS VARCHAR[]))", JSONB)


def _json_path(is_text: bool) -> Callable[[Conversions, list[Typed]], Typed]:
    def call(conversions: Conversions, args: list[Typed]) -> Typed:
        keys = ", ".join(conversions.string(arg).sql for arg in args[1:])
        document = conversions.convert(args[0], JSONB).sql
        sql = f"oo_json_path({document}, CAST([{keys}] AS VARCHAR[]), {'true' if is_text else 'false'})"
        return Typed(sql, STRING if is_text else JSONB)

    return call


def _encode(conversions: Conversions, args: list[Typed]) -> Typed:
    value = conversions.convert(args[0], BYTES).sql
    match (args[1].constant or "").lower():
        case "hex":
            return Typed(f"lower(hex({value}))", STRING)
        case "base64":
            return Typed(f"to_base64({value})", STRING)
        case _:
            raise OothecaError(
                "only 'hex', 'escape', and 'base64' formats are supported for encode()", sqlstate="22023"
            )


def _decode(conversions: Conversions, args: list[Typed]) -> Typed:
    value = conversions.convert(args[0], STRING).sql
    match (args[1].constant or "").lower():
        case "hex":
            return Typed(f"from_hex({value})", BYTES)
        case "base64":
            return Typed(f"from_base64({value})", BYTES)
        case _:
            raise OothecaError(
                "only 'hex', 'escape', and 'base64' formats are supported for decode()", sqlstate="22023"
            )


def _array(conversions: Conversions, name: str, args: list[Typed]) -> tuple[Typed, SQLType]:
    """Return the first argument, which must be an array, and the type of its elements."""
    array = conversions.settle(args[0])
    if array.type.element is None:
        raise unknown_signature(name, args)
    return array, array.type.element


def _array_length(conversions: Conversions, args: list[Typed]) -> Typed:
    return Typed(f"nullif(len({_array(conversions, 'array_length', args)[0].sql}), 0)", INT8)


def _array_upper(conversions: Conversions, args: list[Typed]) -> Typed:
    return Typed(f"len({_array(conversions, 'cardinality', args)[0].sql})", INT8)


def _array_append(conversions: Conversions, args: list[Typed]) -> Typed:
    array, element = _array(conversions, "array_append", args)
    return Typed(f"list_append({array.sql}, {conversions.convert(args[1], element).sql})", array.type)


def _array_position(conversions: Conversions, args: list[Typed]) -> Typed:
    array, element = _array(conversions, "array_position", args)
    return Typed(f"list_position({array.sql}, {conversions.convert(args[1], element).sql})", INT8)


def _array_to_string(conversions: Conversions, args: list[Typed]) -> Typed:
    array, element = _array(conversions, "array_to_string", args)
    item = conversions.string(Typed("x", element, is_text=array.is_text)).sql
    if len(args) > 2:
        item = f"coalesce({item}, {conversions.string(args[2]).sql})"
    texts = f"list_transform({array.sql}, lambda x: {item})"
    return Typed(f"array_to_string({texts}, {conversions.string(args[1]).sql})", STRING)


def _datums_to_bytes(conversions: Conversions, args: list[Typed]) -> Typed:
    parts = []
    for arg in args:
        value = conversions.settle(arg)
        code = string_literal(conversions.runtime.type_code(value.type))
        parts.append(f"oo_key_bytes({conversions.text(value).sql}, {code})")
    return Typed(f"({' || '.join(parts)})", BYTES)


def _unnest(conversions: Conversions, args: list[Typed]) -> Typed:
    array, element = _array(conversions, "unnest", args)
    return Typed(f"unnest({array.sql})", element, is_text=array.is_text)


_SPECIAL: dict[str, Callable[[Conversions, list[Typed]], Typed]] = {
    **{name: _same_decimal(name) for name in ("abs", "sign", "round", "ceil", "floor", "trunc")},
    "ceiling": _same_decimal("ceil"),
    "mod": _mod,
    "div": _div,
    "concat": _concat,
    "concat_ws": _concat_ws,
    "to_json": _to_json,
    "to_jsonb": _to_json,
    "json_build_array": _json_array,
    "jsonb_build_array": _json_array,
    "json_build_object": _json_object,
    "jsonb_build_object": _json_object,
    "json_extract_path": _json_path(False),
    "jsonb_extract_path": _json_path(False),
    "json_extract_path_text": _json_path(True),
    "jsonb_extract_path_text": _json_path(True),
    "encode": _encode,
    "decode": _decode,
    "array_length": _array_length,
    "cardinality": _array_upper,
    "array_upper": _array_length,
    "array_append": _array_append,
    "array_position": _array_position,
    "array_to_string": _array_to_string,
    "unnest": _unnest,
    "crdb_internal.datums_to_bytes": _datums_to_bytes,
}


def call_function(conversions: Conversions, name: str, args: list[Typed]) -> Typed:
    """Return the call of a function.

    Raises:
        OothecaError: 42883, no such function, or not with these arguments.
    """
    special = _SPECIAL.get(name)
    if special is not None:
        try:
            return special(conversions, args)
        except IndexError:
            raise unknown_signature(name, args) from None
    overloads = _PLAIN.get(name)
    if not overloads:
        raise OothecaError(f"unknown function: {name}()", sqlstate="42883")
    candidates = [overload for overload in overloads if len(overload[1]) == len(args)]
    candidates.sort(key=lambda overload: -_closeness(args, overload[1]))
    for template, parameters, returns in candidates:
        if _closeness(args, parameters) >= 0:
            values = [
                conversions.native(conversions.convert(arg, parameter)).sql
                for arg, parameter in zip(args, parameters, strict=True)
            ]
            return Typed(template.format(*values), returns)
    raise unknown_signature(name, args)


def _closeness(args: Sequence[Typed], parameters: Sequence[SQLType]) -> int:
    """Return how well arguments fit: exact kinds count; -1 if one does not fit at all."""
    score = 0
    for arg, parameter in zip(args, parameters, strict=True):
        family, wanted = arg.type.family, parameter.family
        if family == wanted or (family in STRINGS and wanted in STRINGS):
            score += 2 if arg.constant is None else 1
        elif (
            arg.is_null
            or (arg.constant is not None and wanted not in {Family.INT, Family.FLOAT})
            or (family is Family.DATE and wanted in {Family.TIMESTAMP, Family.TIMESTAMPTZ})
            or (
                wanted in {Family.FLOAT, Family.DECIMAL}
                and family
                in {
                    Family.INT,
                    Family.DECIMAL,
                    Family.FLOAT,
                }
            )
        ):
            continue
        else:
            return -1
    return score


def unknown_signature(name: str, args: Sequence[Typed]) -> OothecaError:
    """Return the error for arguments that a function does not take (42883)."""
    kinds = ", ".join(arg.type.name.lower().replace("int8", "int").replace("float8", "float") for arg in args)
    return OothecaError(f"unknown signature: {name}({kinds})", sqlstate="42883")
