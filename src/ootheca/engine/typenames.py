"""Types as queries write them, and the DuckDB types that hold their values."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ootheca.engine.base import NameResolver, TableName
from ootheca.errors import OothecaError
from ootheca.types import (
    BOOL,
    BYTES,
    DATE,
    DECIMAL,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    INTERVAL,
    JSONB,
    OID,
    STRING,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UUID,
    Family,
    SQLType,
    array_of,
)

__all__ = [
    "TypeName",
    "duckdb_type",
    "has_only_text",
    "is_text_column",
    "quote",
    "resolve_type",
    "schema_name",
    "string_literal",
    "text_duckdb_type",
]


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as it was written: name parts (folded), parameters, number of `[]`, locale of COLLATE."""

    parts: tuple[str, ...]
    params: tuple[int, ...] = ()
    dimensions: int = 0
    locale: str = ""


_VARCHAR = SQLType(Family.STRING, 1043, visible_type=7)
_CHAR = SQLType(Family.STRING, 1042, visible_type=8)
_BIT = SQLType(Family.BIT, 1560)
_VARBIT = SQLType(Family.BIT, 1562, visible_type=10)
_NAMES: dict[str, SQLType] = {
    "bool": BOOL, "boolean": BOOL, "int": INT8, "integer": INT8, "bigint": INT8, "int8": INT8, "int64": INT8,
    "int4": INT4, "int2": INT2, "smallint": INT2, "float": FLOAT8, "float8": FLOAT8, "real": FLOAT4, "float4": FLOAT4,
    "decimal": DECIMAL, "dec": DECIMAL, "numeric": DECIMAL, "string": STRING, "text": STRING, "varchar": _VARCHAR,
    "char": _CHAR, "character": _CHAR, "bytes": BYTES, "bytea": BYTES, "blob": BYTES, "date": DATE, "time": TIME,
    "timetz": TIMETZ, "timestamp": TIMESTAMP, "timestamptz": TIMESTAMPTZ, "interval": INTERVAL, "uuid": UUID,
    "json": JSONB, "jsonb": JSONB, "inet": SQLType(Family.INET, 869), "bit": _BIT, "varbit": _VARBIT, "oid": OID,
    "name": SQLType(Family.STRING, 19), "regclass": SQLType(Family.OID, 2205), "regtype": SQLType(Family.OID, 2206),
    "regproc": SQLType(Family.OID, 24), "regnamespace": SQLType(Family.OID, 4089),
    "box2d": SQLType(Family.BOX2D, 90004),
    "geometry": SQLType(Family.GEOMETRY, 90000), "geography": SQLType(Family.GEOGRAPHY, 90002),
}  # fmt: skip
_WORDS = frozenset({Family.STRING, Family.COLLATED_STRING, Family.NAME, Family.ENUM})
_TIMED = frozenset({Family.TIME, Family.TIMETZ, Family.TIMESTAMP, Family.TIMESTAMPTZ, Family.INTERVAL})


def resolve_type(name: TypeName, names: NameResolver) -> SQLType:
    """Return the type that a written name means; names that are not built in are asked of `names`.

    Raises:
        UndefinedError: `type "x" does not exist`.
    """
    base = _NAMES.get(name.parts[0]) if len(name.parts) == 1 or name.parts[:1] == ("interval",) else None
    base = names.resolve_type(name.parts) if base is None else _sized(base, name.params)
    if name.locale:
        base = replace(base, family=Family.COLLATED_STRING, locale=name.locale)
    for _ in range(name.dimensions):
        base = array_of(base)
    return base


def _sized(t: SQLType, params: tuple[int, ...]) -> SQLType:
    if not params:
        return t
    if t.family is Family.DECIMAL:
        precision, scale = params[0], params[1] if len(params) > 1 else 0
        if scale > precision:
            raise OothecaError(
                f"scale ({scale}) must be between 0 and precision ({precision})", sqlstate="42601"
            )
        return replace(t, precision=precision, width=scale)
    if t.family in _TIMED:
        return replace(t, precision=params[0], time_precision_is_set=True)
    if t.family in {Family.STRING, Family.BIT}:
        return replace(t, width=params[0])
    if t.oid == FLOAT8.oid:
        return FLOAT4 if params[0] <= 24 else FLOAT8
    return t


def quote(name: str) -> str:
    """Return a DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def string_literal(text: str) -> str:
    """Return a DuckDB expression for a string; NUL can only come from a function."""
    parts = text.split("\0")
    quoted = ["'" + part.replace("'", "''") + "'" for part in parts]
    return quoted[0] if len(quoted) == 1 else "(" + " || chr(0) || ".join(quoted) + ")"


_DUCKDB = {
    Family.BOOL: "BOOLEAN", Family.FLOAT: "DOUBLE", Family.DATE: "DATE", Family.TIME: "TIME",
    Family.TIMESTAMP: "TIMESTAMP", Family.TIMESTAMPTZ: "TIMESTAMPTZ", Family.INTERVAL: "INTERVAL", Family.UUID: "UUID",
    Family.BYTES: "BLOB", Family.JSON: "JSON", Family.OID: "BIGINT", Family.GEOMETRY: "BLOB", Family.GEOGRAPHY: "BLOB",
}  # fmt: skip


def has_only_text(t: SQLType) -> bool:
    """Tell whether values have no native form and are no strings: DECIMAL without precision, INET, TIMETZ …"""
    return t.family not in _WORDS and duckdb_type(t) == "VARCHAR"


def duckdb_type(t: SQLType) -> str:
    """Return the DuckDB type of the native representation. FLOAT4 is DOUBLE, for CockroachDB keeps all its bits."""
    match t.family:
        case Family.INT:
            return {16: "SMALLINT", 32: "INTEGER"}.get(t.width, "BIGINT")
        case Family.DECIMAL:
            return f"DECIMAL({t.precision},{t.width})" if 0 < t.precision <= 38 else "VARCHAR"
        case Family.ENUM:
            labels = t.enum.labels if t.enum is not None else ()
            return f"ENUM({', '.join(map(string_literal, labels))})" if labels else "VARCHAR"
        case Family.ARRAY:
            assert t.element is not None
            return f"{duckdb_type(t.element)}[]"
        case _:
            return _DUCKDB.get(t.family, "VARCHAR")


def text_duckdb_type(t: SQLType) -> str:
    """Return the DuckDB type of the text representation."""
    return "VARCHAR[]" if t.family is Family.ARRAY else "VARCHAR"


def schema_name(name: TableName) -> str:
    """Return the DuckDB schema of a table."""
    return f"{name.database}.{name.schema}"


def is_text_column(t: SQLType, physical: str) -> bool:
    """Tell whether a column of type `t` whose DuckDB type is `physical` has the text representation."""
    if has_only_text(t):
        return True
    return physical == text_duckdb_type(t) and duckdb_type(t) != physical
