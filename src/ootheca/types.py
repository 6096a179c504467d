"""SQL types: CockroachDB's type families, spelled as it spells them, and the Arrow types that carry their values.

One table maps each type to Arrow (`arrow_type`). Between the layers a column has one of two representations:

* **native**: the Arrow type below, when every value of the column fits it exactly;
* **text**: `string`, the value's PostgreSQL text (`reference: keys and values, text of a datum on the wire`), always
  exact. Types marked "text" below have only this one; for the others it is the fallback when one value does not fit
  (a NaN in a `DECIMAL(10,2)`, a timestamp beyond the year 294246).

| family | Arrow, native |
|---|---|
| BOOL | bool |
| INT2, INT4, INT8 | int16, int32, int64 |
| FLOAT4, FLOAT8 | float64 (CockroachDB keeps all 64 bits of a FLOAT4) |
| DECIMAL(p, s), p ≤ 38 | decimal128(p, s) |
| DECIMAL otherwise | text |
| STRING and kin, collated strings, ENUM (its label) | string |
| BYTES | binary |
| DATE | date32; ±infinity = ±2147483647 days, as DuckDB has it |
| TIME | time64[us], 24:00 = 86,400,000,000 |
| TIMETZ, INET, BIT, VARBIT, BOX2D | text |
| TIMESTAMP, TIMESTAMPTZ | timestamp[us], timestamp[us, UTC] |
| INTERVAL | month_day_nano_interval |
| UUID | uuid (extension over fixed_size_binary(16)) |
| JSONB | string, CockroachDB's own spelling (sorted keys, `", "` and `": "`) |
| OID, REGCLASS, REGTYPE … | int64 |
| GEOMETRY, GEOGRAPHY | binary, little-endian EWKB |
| T[] | list<native of T>; text fallback list<string> |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# Arrow is imported where it is used: SHOW BACKUP needs types, and no Arrow.
__all__ = [
    "BOOL",
    "BYTES",
    "DATE",
    "DATE_INFINITY_DAYS",
    "DECIMAL",
    "FLOAT4",
    "FLOAT8",
    "INT2",
    "INT4",
    "INT8",
    "INTERVAL",
    "JSONB",
    "OID",
    "STRING",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMPTZ",
    "TIMETZ",
    "UNKNOWN",
    "UUID",
    "EnumType",
    "Family",
    "SQLType",
    "array_of",
    "arrow_type",
    "has_native",
    "text_type",
]

DATE_INFINITY_DAYS = 2**31 - 1  # +infinity in a date32 column; -infinity is its negative, as in DuckDB


class Family(IntEnum):
    """Type families, numbered as on disk (`InternalType.family`); the numbers may never change."""

    BOOL = 0
    INT = 1
    FLOAT = 2
    DECIMAL = 3
    DATE = 4
    TIMESTAMP = 5
    INTERVAL = 6
    STRING = 7
    BYTES = 8
    TIMESTAMPTZ = 9
    COLLATED_STRING = 10
    NAME = 11
    OID = 12
    UNKNOWN = 13
    UUID = 14
    ARRAY = 15
    INET = 16
    TIME = 17
    JSON = 18
    TIMETZ = 19
    TUPLE = 20
    BIT = 21
    GEOMETRY = 22
    GEOGRAPHY = 23
    ENUM = 24
    BOX2D = 25
    ANY = 100
    INT2VECTOR = 200
    OIDVECTOR = 201


@dataclass(frozen=True, slots=True)
class EnumType:
    """The members of an enum in their order: `labels[i]` is stored as `physical[i]`."""

    id: int
    name: str
    labels: tuple[str, ...]
    physical: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SQLType:
    """A column's type, with the numbers a descriptor holds (`InternalType`) and enum members resolved."""

    family: Family
    oid: int = 0
    width: int = 0
    precision: int = 0
    visible_type: int = 0
    locale: str = ""
    time_precision_is_set: bool = False
    element: SQLType | None = None
    enum: EnumType | None = None
    srid: int = 0
    shape: int = 0

    @property
    def name(self) -> str:
        """CockroachDB's spelling, as in SHOW CREATE: `INT8`, `DECIMAL(10,2)`, `STRING[]`, `public.mood`."""
        return _name(self)


BOOL = SQLType(Family.BOOL, 16)
INT2 = SQLType(Family.INT, 21, width=16)
INT4 = SQLType(Family.INT, 23, width=32)
INT8 = SQLType(Family.INT, 20, width=64)
FLOAT4 = SQLType(Family.FLOAT, 700, width=32, visible_type=5)
FLOAT8 = SQLType(Family.FLOAT, 701, width=64)
DECIMAL = SQLType(Family.DECIMAL, 1700)
STRING = SQLType(Family.STRING, 25)
BYTES = SQLType(Family.BYTES, 17)
DATE = SQLType(Family.DATE, 1082)
TIME = SQLType(Family.TIME, 1083)
TIMETZ = SQLType(Family.TIMETZ, 1266)
TIMESTAMP = SQLType(Family.TIMESTAMP, 1114)
TIMESTAMPTZ = SQLType(Family.TIMESTAMPTZ, 1184)
INTERVAL = SQLType(Family.INTERVAL, 1186)
UUID = SQLType(Family.UUID, 2950)
JSONB = SQLType(Family.JSON, 3802)
OID = SQLType(Family.OID, 26)
UNKNOWN = SQLType(Family.UNKNOWN, 705)

# The OID of `T[]` for the OID of T, as PostgreSQL numbers them (CockroachDB's own types have 90000 and up).
_ARRAY_OIDS = {
    16: 1000, 17: 1001, 18: 1002, 19: 1003, 20: 1016, 21: 1005, 23: 1007, 25: 1009, 26: 1028, 700: 1021, 701: 1022,
    869: 1041, 1042: 1014, 1043: 1015, 1082: 1182, 1083: 1183, 1114: 1115, 1184: 1185, 1186: 1187, 1266: 1270,
    1560: 1561, 1562: 1563, 1700: 1231, 2205: 2210, 2206: 2211, 2950: 2951, 3802: 3807,
    90000: 90001, 90002: 90003, 90004: 90005,
}  # fmt: skip


def array_of(element: SQLType) -> SQLType:
    """Return `element[]`; an enum's array OID is one above the enum's, where its array alias usually is."""
    oid = _ARRAY_OIDS.get(element.oid, element.oid + 1 if element.family is Family.ENUM else 2277)
    return SQLType(
        Family.ARRAY,
        oid,
        width=element.width,
        precision=element.precision,
        visible_type=element.visible_type,
        element=element,
    )


_STRING_NAMES = {0: "STRING", 7: "VARCHAR", 8: "CHAR", 9: '"char"', 4: "BIT", 10: "VARBIT"}
_OID_NAMES = {
    26: "OID", 24: "REGPROC", 2202: "REGPROCEDURE", 2205: "REGCLASS", 2206: "REGTYPE", 4089: "REGNAMESPACE",
    4096: "REGROLE",
}  # fmt: skip
_SHAPES = (
    "",
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRY",
    "GEOMETRYCOLLECTION",
)
_SHAPE_Z, _SHAPE_M = 1 << 30, 1 << 29  # added to a shape of three or four dimensions
_PLAIN = {
    Family.BOOL: "BOOL", Family.DATE: "DATE", Family.BYTES: "BYTES", Family.UUID: "UUID", Family.INET: "INET",
    Family.JSON: "JSONB", Family.NAME: "NAME", Family.BOX2D: "BOX2D", Family.UNKNOWN: "UNKNOWN",
    Family.ANY: "ANYELEMENT", Family.INT2VECTOR: "INT2VECTOR", Family.OIDVECTOR: "OIDVECTOR", Family.TUPLE: "RECORD",
}  # fmt: skip
_TIMED = {
    Family.TIME: "TIME", Family.TIMETZ: "TIMETZ", Family.TIMESTAMP: "TIMESTAMP",
    Family.TIMESTAMPTZ: "TIMESTAMPTZ", Family.INTERVAL: "INTERVAL",
}  # fmt: skip


def _name(t: SQLType) -> str:
    if t.family is Family.ARRAY:
        assert t.element is not None
        return f"{t.element.name}[]"
    if t.family in _PLAIN:
        return _PLAIN[t.family]
    if t.family in _TIMED:
        return _TIMED[t.family] + (f"({t.precision})" if t.time_precision_is_set else "")
    return _sized_name(t)


def _sized_name(t: SQLType) -> str:
    match t.family:
        case Family.INT:
            return f"INT{t.width // 8 or 8}"
        case Family.FLOAT:
            return "FLOAT4" if t.width == 32 else "FLOAT8"
        case Family.DECIMAL:
            if not t.precision:
                return "DECIMAL"
            return f"DECIMAL({t.precision},{t.width})" if t.width else f"DECIMAL({t.precision})"
        case Family.STRING | Family.COLLATED_STRING:
            return _string_name(t)
        case Family.BIT:
            if t.visible_type == 10:
                return f"VARBIT({t.width})" if t.width else "VARBIT"
            return f"BIT({t.width})" if t.width > 1 else "BIT"
        case Family.OID:
            return _OID_NAMES.get(t.oid, "OID")
        case Family.ENUM:
            return t.enum.name if t.enum is not None else f"@{t.oid}"
        case _:
            return _spatial_name(t)


def _spatial_name(t: SQLType) -> str:
    if not t.shape and not t.srid:
        return t.family.name
    flat = t.shape & ~(_SHAPE_Z | _SHAPE_M)
    shape = (_SHAPES[flat] if 0 < flat < len(_SHAPES) else "") or "GEOMETRY"
    shape += ("Z" if t.shape & _SHAPE_Z else "") + ("M" if t.shape & _SHAPE_M else "")
    return f"{t.family.name}({shape},{t.srid})" if t.srid else f"{t.family.name}({shape})"


def _string_name(t: SQLType) -> str:
    if t.oid == 19:
        return "NAME"
    base = _STRING_NAMES.get(t.visible_type, "STRING")
    sized = t.width and not (base == "CHAR" and t.width == 1) and t.visible_type != 9
    text = f"{base}({t.width})" if sized else base
    return f"{text} COLLATE {t.locale}" if t.family is Family.COLLATED_STRING else text


@cache
def _native() -> dict[Family, pa.DataType]:
    import pyarrow as pa

    return {
        Family.BOOL: pa.bool_(),
        Family.DATE: pa.date32(),
        Family.TIMESTAMP: pa.timestamp("us"),
        Family.TIMESTAMPTZ: pa.timestamp("us", tz="UTC"),
        Family.INTERVAL: pa.month_day_nano_interval(),
        Family.STRING: pa.string(),
        Family.COLLATED_STRING: pa.string(),
        Family.NAME: pa.string(),
        Family.ENUM: pa.string(),
        Family.BYTES: pa.binary(),
        Family.UUID: pa.uuid(),
        Family.TIME: pa.time64("us"),
        Family.JSON: pa.string(),
        Family.OID: pa.int64(),
        Family.GEOMETRY: pa.binary(),
        Family.GEOGRAPHY: pa.binary(),
    }


def has_native(t: SQLType) -> bool:
    """Tell whether values of `t` have a representation other than text."""
    return arrow_type(t) != text_type(t) or t.family in _native()


def arrow_type(t: SQLType) -> pa.DataType:
    """Return the native Arrow type of `t`; `string` (or `list<string>`) when it has only the text representation."""
    import pyarrow as pa

    match t.family:
        case Family.INT:
            return {16: pa.int16(), 32: pa.int32()}.get(t.width, pa.int64())
        case Family.FLOAT:
            return pa.float64()
        case Family.DECIMAL:
            return pa.decimal128(t.precision, t.width) if 0 < t.precision <= 38 else pa.string()
        case Family.ARRAY:
            assert t.element is not None
            return pa.list_(arrow_type(t.element))
        case _:
            return _native().get(t.family, pa.string())


def text_type(t: SQLType) -> pa.DataType:
    """Return the Arrow type of the text representation: `string`, or `list<string>` for arrays."""
    import pyarrow as pa

    return pa.list_(pa.string()) if t.family is Family.ARRAY else pa.string()
