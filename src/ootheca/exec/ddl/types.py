"""Column types: from the syntax tree to `SQLType` and to the message that a descriptor holds."""

from __future__ import annotations

from dataclasses import replace

from ootheca import pb
from ootheca.catalog.build import enum_type_pb
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.table import USER_TYPE_OID_OFFSET, sql_type
from ootheca.errors import InvalidOptionError, UndefinedError
from ootheca.sql.ast import TypeName
from ootheca.types import Family, SQLType

__all__ = ["column_type", "normalize_locale", "resolve_type", "type_message"]

_F = pb.Family
_SIMPLE: dict[str, tuple[pb.Family, int, int, int]] = {  # family, oid, width, visible type
    "BOOL": (_F.BoolFamily, 16, 0, 0),
    "INT2": (_F.IntFamily, 21, 16, 0),
    "INT4": (_F.IntFamily, 23, 32, 0),
    "INT8": (_F.IntFamily, 20, 64, 0),
    "FLOAT4": (_F.FloatFamily, 700, 32, 5),
    "FLOAT8": (_F.FloatFamily, 701, 64, 0),
    "DECIMAL": (_F.DecimalFamily, 1700, 0, 0),
    "STRING": (_F.StringFamily, 25, 0, 0),
    "VARCHAR": (_F.StringFamily, 1043, 0, 7),
    "CHAR": (_F.StringFamily, 1042, 0, 8),
    '"char"': (_F.StringFamily, 18, 0, 9),
    "NAME": (_F.NameFamily, 19, 0, 0),
    "BYTES": (_F.BytesFamily, 17, 0, 0),
    "DATE": (_F.DateFamily, 1082, 0, 0),
    "TIME": (_F.TimeFamily, 1083, 0, 0),
    "TIMETZ": (_F.TimeTZFamily, 1266, 0, 0),
    "TIMESTAMP": (_F.TimestampFamily, 1114, 0, 0),
    "TIMESTAMPTZ": (_F.TimestampTZFamily, 1184, 0, 0),
    "INTERVAL": (_F.IntervalFamily, 1186, 0, 0),
    "UUID": (_F.UuidFamily, 2950, 0, 0),
    "INET": (_F.INetFamily, 869, 0, 0),
    "JSONB": (_F.JsonFamily, 3802, 0, 0),
    "BIT": (_F.BitFamily, 1560, 1, 0),
    "VARBIT": (_F.BitFamily, 1562, 0, 10),
    "OID": (_F.OidFamily, 26, 0, 0),
    "REGPROC": (_F.OidFamily, 24, 0, 0),
    "REGPROCEDURE": (_F.OidFamily, 2202, 0, 0),
    "REGCLASS": (_F.OidFamily, 2205, 0, 0),
    "REGTYPE": (_F.OidFamily, 2206, 0, 0),
    "REGNAMESPACE": (_F.OidFamily, 4089, 0, 0),
    "REGROLE": (_F.OidFamily, 4096, 0, 0),
    "GEOMETRY": (_F.GeometryFamily, 90000, 0, 0),
    "GEOGRAPHY": (_F.GeographyFamily, 90002, 0, 0),
    "BOX2D": (_F.Box2DFamily, 90004, 0, 0),
    "INT2VECTOR": (_F.Int2VectorFamily, 22, 0, 0),
    "OIDVECTOR": (_F.OidVectorFamily, 30, 0, 0),
}
_TIMED = frozenset({"TIME", "TIMETZ", "TIMESTAMP", "TIMESTAMPTZ", "INTERVAL"})
_ARRAY_OIDS = {
    16: 1000, 17: 1001, 18: 1002, 19: 1003, 20: 1016, 21: 1005, 23: 1007, 25: 1009, 26: 1028, 700: 1021, 701: 1022,
    869: 1041, 1042: 1014, 1043: 1015, 1082: 1182, 1083: 1183, 1114: 1115, 1184: 1185, 1186: 1187, 1266: 1270,
    1560: 1561, 1562: 1563, 1700: 1231, 2202: 2207, 2205: 2210, 2206: 2211, 24: 1008, 4089: 4090, 4096: 4097,
    2950: 2951, 3802: 3807, 90000: 90001, 90002: 90003, 90004: 90005,
}  # fmt: skip
_SHAPES = {
    "POINT": 1, "LINESTRING": 2, "POLYGON": 3, "MULTIPOINT": 4, "MULTILINESTRING": 5, "MULTIPOLYGON": 6,
    "GEOMETRY": 7, "GEOMETRYCOLLECTION": 8,
}  # fmt: skip
_INTERVAL_UNITS = {"YEAR": 1, "MONTH": 2, "DAY": 3, "HOUR": 4, "MINUTE": 5, "SECOND": 6}
_DEFAULT_GEOGRAPHY_SRID = 4326
_NAME_OID = 19


def column_type(name: TypeName, catalog: Catalog, current_database: str) -> pb.T:
    """Return the type that a descriptor holds for a type name.

    Raises:
        UndefinedError: a user-defined type that is not there.
        InvalidOptionError: arguments out of range, or arrays of arrays.
    """
    if name.array_depth > 1:
        raise InvalidOptionError("nested array unsupported as column type", sqlstate="0A000")
    if name.array_depth == 1:
        return _array(column_type(replace(name, array_depth=0), catalog, current_database))
    if name.user_type is not None:
        found = catalog.find_relation(name.user_type.parts, current_database)
        if not isinstance(found, pb.TypeDescriptor):
            raise UndefinedError(f'type "{name.user_type}" does not exist')
        return enum_type_pb(found) if found.kind == pb.TypeDescriptor.ENUM else _copy(found.alias)
    return _built_in(name)


def resolve_type(name: TypeName, catalog: Catalog, current_database: str) -> SQLType:
    """Return the `SQLType` of a type name, see `column_type`."""
    return sql_type(column_type(name, catalog, current_database), catalog.types_by_id())


def _copy(message: pb.T) -> pb.T:
    copy = pb.T()
    copy.CopyFrom(message)
    return copy


def _built_in(name: TypeName) -> pb.T:
    word = name.name
    if word not in _SIMPLE:
        raise UndefinedError(f'type "{word.lower()}" does not exist')
    family, oid, width, visible = _SIMPLE[word]
    t = pb.T(family=family, oid=oid, width=width, visible_type=visible)
    arguments = name.arguments
    if word in _TIMED:
        _set_precision(t, arguments)
        if word == "INTERVAL":
            _set_interval_fields(t, name.interval_fields)
    elif word == "DECIMAL":
        t.precision = int(arguments[0]) if arguments else 0
        t.width = int(arguments[1]) if len(arguments) > 1 else 0
        if t.width > t.precision:
            raise InvalidOptionError(
                f"invalid NUMERIC scale {t.width}: scale ({t.width}) must be between 0 and precision ({t.precision})"
            )
    elif word in ("GEOMETRY", "GEOGRAPHY"):
        _set_geo(t, arguments)
    elif word == "CHAR":
        t.width = int(arguments[0]) if arguments else 1
    elif arguments and word in ("STRING", "VARCHAR", "BIT", "VARBIT"):
        t.width = int(arguments[0])
    if name.collation is not None:
        t.family = _F.CollatedStringFamily
        t.locale = normalize_locale(name.collation)
    return t


def _set_precision(t: pb.T, arguments: tuple[int | str, ...]) -> None:
    if not arguments:
        return
    t.precision = int(arguments[0])
    if not 0 <= t.precision <= 6:
        raise InvalidOptionError(f"precision {t.precision} out of range", sqlstate="42601")
    t.time_precision_is_set = True


def _set_interval_fields(t: pb.T, words: str) -> None:
    field = t.interval_duration_field
    field.SetInParent()
    if not words:
        return
    first, _, last = words.partition(" TO ")
    if last:
        field.from_duration_type = _INTERVAL_UNITS[first]  # type: ignore[assignment]
    unit, _, precision = (last or first).rstrip(")").partition("(")
    field.duration_type = _INTERVAL_UNITS[unit]  # type: ignore[assignment]
    if precision:
        _set_precision(t, (int(precision),))


def _set_geo(t: pb.T, arguments: tuple[int | str, ...]) -> None:
    t.geo_metadata.SetInParent()
    shape = str(arguments[0]).upper() if arguments else ""
    if shape not in _SHAPES and shape:
        raise InvalidOptionError(f"unknown geometry type {shape}")
    t.geo_metadata.shape_type = _SHAPES.get(shape, 0)  # type: ignore[assignment]
    if len(arguments) > 1:
        t.geo_metadata.srid = int(arguments[1])
    elif arguments and t.family == _F.GeographyFamily:
        t.geo_metadata.srid = _DEFAULT_GEOGRAPHY_SRID


def _array(element: pb.T) -> pb.T:
    """Return the array of an element; width, precision and visible type repeat the element's."""
    if element.family == _F.JsonFamily:
        raise InvalidOptionError("arrays of jsonb are not supported", sqlstate="0A000")
    array = pb.T(
        family=_F.ArrayFamily,
        width=element.width,
        precision=element.precision,
        visible_type=element.visible_type,
        array_elem_type=element.family,
        array_contents=element,
    )
    if element.HasField("udt_metadata"):
        array.oid = element.udt_metadata.array_type_oid
    else:
        array.oid = _ARRAY_OIDS[element.oid]
    if element.HasField("locale"):
        array.locale = element.locale
    return array


def normalize_locale(locale: str) -> str:
    """Return a collation's name as it is stored: lower-case, parts joined by underscores."""
    return locale.replace("-", "_").lower()


def type_message(t: SQLType, catalog: Catalog) -> pb.T:
    """Return the message for a type that a query answered; NULL alone becomes a STRING."""
    match t.family:
        case Family.ARRAY:
            assert t.element is not None
            return _array(type_message(t.element, catalog))
        case Family.ENUM:
            return enum_type_pb(catalog.type(t.oid - USER_TYPE_OID_OFFSET))
        case Family.UNKNOWN | Family.ANY | Family.TUPLE:
            return _built_in(TypeName("STRING"))
        case _:
            pass
    message = pb.T(
        family=_F.NameFamily if t.oid == _NAME_OID else t.family,  # type: ignore[arg-type]
        oid=t.oid,
        width=t.width,
        precision=t.precision,
        visible_type=t.visible_type,
        time_precision_is_set=t.time_precision_is_set,
    )
    if t.locale:
        message.locale = t.locale
    if t.family is Family.INTERVAL:
        message.interval_duration_field.SetInParent()
    if t.family in (Family.GEOMETRY, Family.GEOGRAPHY):
        message.geo_metadata.srid = t.srid
        message.geo_metadata.shape_type = t.shape  # type: ignore[assignment]
    return message
