"""Functions that DuckDB lacks, given to it as vectorised Python functions over Arrow arrays.

Each takes whole vectors; a conversion looks at every distinct value once. An error that one of them raises is kept in
`Runtime.error`, because DuckDB passes on only its text.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from threading import Lock
from typing import Any

import pyarrow as pa

from ootheca.datum import format_array, format_decimal, format_interval
from ootheca.engine import decimals, jsons
from ootheca.engine.base import TableName
from ootheca.engine.calendar import format_timestamp, parse_timestamp
from ootheca.engine.decimals import parse_decimal
from ootheca.engine.keybytes import encode_key_datum
from ootheca.engine.texts import canonical, format_float, text_key
from ootheca.errors import OothecaError
from ootheca.types import Family, SQLType

__all__ = ["FUNCTIONS", "ROWID_STEP", "Function", "Runtime", "SequenceState", "sequence_key"]

ROWID_STEP = 1 << 15  # the low bits of a rowid are the node's; this is node 1


def sequence_key(name: TableName) -> str:
    """Return the name of a sequence inside the store."""
    return "\x1f".join((name.database, name.schema, name.name))


@dataclass(slots=True)
class SequenceState:
    """A sequence while a statement runs.

    Attributes:
        last: the value last given, or start - increment; `first` is what it was.
        given: the value last given in this session, if one was.
    """

    last: int
    increment: int
    min_value: int
    max_value: int
    is_changed: bool = False
    given: int | None = None
    first: int = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.last


@dataclass(slots=True)
class Runtime:
    """What the functions share with the engine that they run in."""

    types: dict[str, SQLType] = field(default_factory=dict)
    sequences: dict[str, SequenceState] = field(default_factory=dict)
    last_rowid: int = 0
    stored_rowid: int = 0
    error: OothecaError | None = None
    lock: Lock = field(default_factory=Lock)

    def type_code(self, t: SQLType) -> str:
        """Return the name under which functions find the type again."""
        code = f"{t.name}|{t.oid}|{t.enum.labels if t.enum is not None else ''}"
        self.types[code] = t
        return code

    @contextmanager
    def keep_error(self) -> Iterator[None]:
        """Keep an error that is raised inside, for the engine to raise it again."""
        try:
            yield
        except OothecaError as exc:
            self.error = exc
            raise


@dataclass(frozen=True, slots=True)
class Function:
    """A function for DuckDB: `call(runtime, *values)` for one row; NULL in any argument gives NULL."""

    name: str
    parameters: tuple[str, ...]
    returns: str
    call: Callable[..., Any]
    is_volatile: bool = False
    takes_null: bool = False

    def vectorised(self, runtime: Runtime) -> Callable[..., pa.Array]:
        """Return the function over Arrow arrays."""
        arrow_type = _ARROW[self.returns]

        def run(*arrays: pa.Array | pa.ChunkedArray) -> pa.Array:
            with runtime.keep_error():
                return pa.array(self._rows(runtime, [array.to_pylist() for array in arrays]), type=arrow_type)

        # DuckDB counts the parameters of a function, and *arrays is none.
        match len(self.parameters):
            case 1:
                return lambda a: run(a)
            case 2:
                return lambda a, b: run(a, b)
            case 3:
                return lambda a, b, c: run(a, b, c)
            case _:
                raise ValueError(f"{self.name} has {len(self.parameters)} parameters")

    def _rows(self, runtime: Runtime, columns: list[list[Any]]) -> list[Any]:
        seen: dict[tuple[Any, ...], Any] = {}
        remembers = self.remembers and not self.is_volatile
        out: list[Any] = []
        for row in zip(*columns, strict=True):
            if not self.takes_null and None in row:
                out.append(None)
            elif not remembers:
                out.append(self.call(runtime, *row))
            elif row in seen:
                out.append(seen[row])
            else:
                out.append(seen.setdefault(row, self.call(runtime, *row)))
        return out

    @property
    def remembers(self) -> bool:
        """Whether equal arguments are computed once: lists cannot be looked up, and 0.0 would be taken for -0.0."""
        return all(not name.endswith("[]") and name != "DOUBLE" for name in self.parameters)


_ARROW = {
    "VARCHAR": pa.string(),
    "BLOB": pa.binary(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
    "DOUBLE": pa.float64(),
}


def _canonical(runtime: Runtime, text: str, code: str) -> str:
    return canonical(text, runtime.types[code])


def _key(_: Runtime, text: str, family: int) -> bytes:
    return text_key(text, Family(family))


def _arithmetic(_: Runtime, operator: str, left: str, right: str) -> str:
    return format_decimal(decimals.arithmetic(operator, parse_decimal(left), parse_decimal(right)))


def _sum(_: Runtime, values: list[str | None]) -> str | None:
    present = [parse_decimal(value) for value in values if value is not None]
    return format_decimal(decimals.total(present)) if present else None


def _average(_: Runtime, values: list[str | None]) -> str | None:
    present = [parse_decimal(value) for value in values if value is not None]
    if not present:
        return None
    return format_decimal(decimals.arithmetic("/", decimals.total(present), Decimal(len(present))))


_WIDE = Context(prec=2000)


def _decimal_function(_: Runtime, name: str, text: str, places: int) -> str:
    value = parse_decimal(text)
    if not value.is_finite():
        return format_decimal(abs(value) if name == "abs" else value)
    unit = Decimal((0, (1,), -places))
    match name:
        case "abs":
            result = value.copy_abs()
        case "-":
            result = value.copy_negate() if value else value
        case "sign":
            result = Decimal((value > 0) - (value < 0))
        case "round":
            result = value.quantize(unit, rounding=ROUND_HALF_UP, context=_WIDE)
        case "ceil":
            result = value.quantize(unit, rounding=ROUND_CEILING, context=_WIDE)
        case "floor":
            result = value.quantize(unit, rounding=ROUND_FLOOR, context=_WIDE)
        case "trunc":
            result = value.quantize(unit, rounding="ROUND_DOWN", context=_WIDE)
        case _:
            if value < 0:
                raise OothecaError("cannot take square root of a negative number", sqlstate="2201F")
            result = Context(prec=20).sqrt(value)
    return format_decimal(result)


def _decimal_int(_: Runtime, text: str) -> int:
    return decimals.to_int64(parse_decimal(text))


def _json_step(_: Runtime, text: str, key: str, is_text: bool) -> str | None:
    found, value = jsons.step(jsons.parse_json(text), key)
    if not found or (is_text and value is None):
        return None
    return value if is_text and isinstance(value, str) else jsons.format_json(value)


def _json_path(_: Runtime, text: str, path: list[str | None], is_text: bool) -> str | None:
    value = jsons.parse_json(text)
    for key in path:
        found, value = jsons.step(value, key or "")
        if not found:
            return None
    if is_text and value is None:
        return None
    return value if is_text and isinstance(value, str) else jsons.format_json(value)


def _json_of(_: Runtime, text: str | None, kind: str) -> str:
    """Return the JSON of a value's text; `kind`: json, number, bool or string."""
    if text is None:
        return "null"
    if kind in {"json", "bool"}:
        return text
    if kind == "number":
        value = parse_decimal(text)
        return format_decimal(value) if value.is_finite() else jsons.format_json(str(text))
    return jsons.format_json(text)


def _json_object(_: Runtime, keys: list[str | None], values: list[str | None]) -> str:
    if None in keys:
        raise OothecaError("field name must not be null", sqlstate="22023")
    # Values are in canonical spelling already; only the keys have to be put in order, the last of equals winning.
    members = dict(zip(keys, values, strict=True))
    ordered = sorted(members.items(), key=lambda item: (item[0] or "").encode())
    return "{" + ", ".join(f"{jsons.format_json(key)}: {value}" for key, value in ordered) + "}"


def _json_array(_: Runtime, values: list[str | None]) -> str:
    return "[" + ", ".join(value or "null" for value in values) + "]"


def _json_kind(_: Runtime, text: str) -> str:
    value = jsons.parse_json(text)
    names = {dict: "object", list: "array", str: "string", bool: "boolean", Decimal: "number"}
    return "null" if value is None else names[type(value)]


def _json_length(_: Runtime, text: str) -> int:
    value = jsons.parse_json(text)
    if not isinstance(value, list):
        raise OothecaError("cannot get array length of a non-array", sqlstate="22023")
    return len(value)


def _json_keys(_: Runtime, text: str) -> list[str]:
    value = jsons.parse_json(text)
    if not isinstance(value, dict):
        raise OothecaError("cannot call json_object_keys on a non-object", sqlstate="22023")
    return sorted(value, key=lambda key: key.encode())


def _json_items(_: Runtime, text: str, is_text: bool) -> list[str | None]:
    value = jsons.parse_json(text)
    if not isinstance(value, list):
        raise OothecaError("cannot be called on a non-array", sqlstate="22023")
    plain: list[str | None] = []
    for item in value:
        bare = is_text and (item is None or isinstance(item, str))
        plain.append(item if bare else jsons.format_json(item))
    return plain


def _json_contains(_: Runtime, left: str, right: str) -> bool:
    return jsons.contains(jsons.parse_json(left), jsons.parse_json(right))


def _json_has(_: Runtime, text: str, key: str) -> bool:
    value = jsons.parse_json(text)
    return key in value if isinstance(value, dict | list) else value == key


def _float_text(_: Runtime, value: float, digits: int) -> str:
    return format_float(value, digits)


def _interval_text(_: Runtime, months: int, days: int, micros: int) -> str:
    return format_interval(months, days, micros)


def _timestamp_text(_: Runtime, micros: int, zone: str, astronomical: bool) -> str:
    return format_timestamp(micros, zone=zone, astronomical=astronomical)


def _moment_string(_: Runtime, text: str, with_zone: bool) -> str:
    micros = parse_timestamp(text, with_zone=with_zone)
    return format_timestamp(micros, zone="+00:00" if with_zone else "", astronomical=True)


def _key_bytes(runtime: Runtime, text: str | None, code: str) -> bytes:
    return encode_key_datum(text, runtime.types[code])


def _array_text(_: Runtime, items: list[str | None]) -> str:
    return format_array(items)


def _digest(_: Runtime, name: str, value: bytes) -> str:
    return hashlib.new(name, value).hexdigest()


_FNV = {"fnv32": (0x811C9DC5, 0x01000193, 32), "fnv64": (0xCBF29CE484222325, 0x100000001B3, 64)}


def _checksum(_: Runtime, name: str, value: bytes) -> int:
    if name == "crc32ieee":
        return zlib.crc32(value)
    is_a = name.endswith("a")
    state, prime, bits = _FNV[name.rstrip("a")]
    mask = (1 << bits) - 1
    for byte in value:
        state = ((state ^ byte) * prime) & mask if is_a else ((state * prime) & mask) ^ byte
    return state - (1 << 64) if bits == 64 and state >= 1 << 63 else state


def _next_value(runtime: Runtime, key: str) -> int:
    with runtime.lock:
        state = runtime.sequences[key]
        value = state.last + state.increment
        if not state.min_value <= value <= state.max_value:
            kind, bound = (
                ("maximum", state.max_value) if state.increment > 0 else ("minimum", state.min_value)
            )
            name = key.rpartition("\x1f")[2]
            raise OothecaError(f'reached {kind} value of sequence "{name}" ({bound})', sqlstate="2200H")
        state.last, state.is_changed, state.given = value, True, value
        return value


def _current_value(runtime: Runtime, key: str) -> int:
    state = runtime.sequences[key]
    if state.given is None:
        name = key.rpartition("\x1f")[2]
        raise OothecaError(
            f'currval of sequence "{name}" is not yet defined in this session', sqlstate="55000"
        )
    return state.given


def _set_value(runtime: Runtime, key: str, value: int, is_called: bool) -> int:
    with runtime.lock:
        state = runtime.sequences[key]
        if not state.min_value <= value <= state.max_value:
            name = key.rpartition("\x1f")[2]
            raise OothecaError(
                f'value {value} is out of bounds for sequence "{name}" ({state.min_value}..{state.max_value})',
                sqlstate="22003",
            )
        state.last = value if is_called else value - state.increment
        state.is_changed, state.given = True, value if is_called else None
        return value


def _row_id(runtime: Runtime, floor: int) -> int:
    with runtime.lock:
        runtime.last_rowid = max(runtime.last_rowid + ROWID_STEP, floor)
        return runtime.last_rowid


def _fail(_: Runtime, message: str, sqlstate: str) -> str:
    raise OothecaError(message, sqlstate=sqlstate)


FUNCTIONS = (
    Function("oo_canonical", ("VARCHAR", "VARCHAR"), "VARCHAR", _canonical),
    Function("oo_key", ("VARCHAR", "BIGINT"), "BLOB", _key),
    Function("oo_dec", ("VARCHAR", "VARCHAR", "VARCHAR"), "VARCHAR", _arithmetic),
    Function("oo_dec_fn", ("VARCHAR", "VARCHAR", "BIGINT"), "VARCHAR", _decimal_function),
    Function("oo_dec_int", ("VARCHAR",), "BIGINT", _decimal_int),
    Function("oo_dec_sum", ("VARCHAR[]",), "VARCHAR", _sum),
    Function("oo_dec_avg", ("VARCHAR[]",), "VARCHAR", _average),
    Function("oo_json_step", ("VARCHAR", "VARCHAR", "BOOLEAN"), "VARCHAR", _json_step),
    Function("oo_json_path", ("VARCHAR", "VARCHAR[]", "BOOLEAN"), "VARCHAR", _json_path),
    Function("oo_json_of", ("VARCHAR", "VARCHAR"), "VARCHAR", _json_of, takes_null=True),
    Function("oo_json_object", ("VARCHAR[]", "VARCHAR[]"), "VARCHAR", _json_object),
    Function("oo_json_array", ("VARCHAR[]",), "VARCHAR", _json_array),
    Function("oo_json_kind", ("VARCHAR",), "VARCHAR", _json_kind),
    Function("oo_json_length", ("VARCHAR",), "BIGINT", _json_length),
    Function("oo_json_keys", ("VARCHAR",), "VARCHAR[]", _json_keys),
    Function("oo_json_items", ("VARCHAR", "BOOLEAN"), "VARCHAR[]", _json_items),
    Function("oo_json_contains", ("VARCHAR", "VARCHAR"), "BOOLEAN", _json_contains),
    Function("oo_json_has", ("VARCHAR", "VARCHAR"), "BOOLEAN", _json_has),
    Function("oo_float_text", ("DOUBLE", "BIGINT"), "VARCHAR", _float_text),
    Function("oo_interval_text", ("BIGINT", "BIGINT", "BIGINT"), "VARCHAR", _interval_text),
    Function("oo_timestamp_text", ("BIGINT", "VARCHAR", "BOOLEAN"), "VARCHAR", _timestamp_text),
    Function("oo_moment_string", ("VARCHAR", "BOOLEAN"), "VARCHAR", _moment_string),
    Function("oo_key_bytes", ("VARCHAR", "VARCHAR"), "BLOB", _key_bytes, takes_null=True),
    Function("oo_array_text", ("VARCHAR[]",), "VARCHAR", _array_text),
    Function("oo_digest", ("VARCHAR", "BLOB"), "VARCHAR", _digest),
    Function("oo_checksum", ("VARCHAR", "BLOB"), "BIGINT", _checksum),
    Function("oo_nextval", ("VARCHAR",), "BIGINT", _next_value, is_volatile=True),
    Function("oo_currval", ("VARCHAR",), "BIGINT", _current_value, is_volatile=True),
    Function("oo_setval", ("VARCHAR", "BIGINT", "BOOLEAN"), "BIGINT", _set_value, is_volatile=True),
    Function("oo_rowid", ("BIGINT",), "BIGINT", _row_id, is_volatile=True),
    Function("oo_fail", ("VARCHAR", "VARCHAR"), "VARCHAR", _fail, is_volatile=True),
)
