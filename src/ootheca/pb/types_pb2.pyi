from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Family(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BoolFamily: _ClassVar[Family]
    IntFamily: _ClassVar[Family]
    FloatFamily: _ClassVar[Family]
    DecimalFamily: _ClassVar[Family]
    DateFamily: _ClassVar[Family]
    TimestampFamily: _ClassVar[Family]
    IntervalFamily: _ClassVar[Family]
    StringFamily: _ClassVar[Family]
    BytesFamily: _ClassVar[Family]
    TimestampTZFamily: _ClassVar[Family]
    CollatedStringFamily: _ClassVar[Family]
    NameFamily: _ClassVar[Family]
    OidFamily: _ClassVar[Family]
    UnknownFamily: _ClassVar[Family]
    UuidFamily: _ClassVar[Family]
    ArrayFamily: _ClassVar[Family]
    INetFamily: _ClassVar[Family]
    TimeFamily: _ClassVar[Family]
    JsonFamily: _ClassVar[Family]
    TimeTZFamily: _ClassVar[Family]
    TupleFamily: _ClassVar[Family]
    BitFamily: _ClassVar[Family]
    GeometryFamily: _ClassVar[Family]
    GeographyFamily: _ClassVar[Family]
    EnumFamily: _ClassVar[Family]
    Box2DFamily: _ClassVar[Family]
    VoidFamily: _ClassVar[Family]
    EncodedKeyFamily: _ClassVar[Family]
    TSQueryFamily: _ClassVar[Family]
    TSVectorFamily: _ClassVar[Family]
    PGLSNFamily: _ClassVar[Family]
    RefCursorFamily: _ClassVar[Family]
    PGVectorFamily: _ClassVar[Family]
    TriggerFamily: _ClassVar[Family]
    JsonpathFamily: _ClassVar[Family]
    LTreeFamily: _ClassVar[Family]
    AnyFamily: _ClassVar[Family]
    Int2VectorFamily: _ClassVar[Family]
    OidVectorFamily: _ClassVar[Family]

class IntervalDurationType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNSET: _ClassVar[IntervalDurationType]
    YEAR: _ClassVar[IntervalDurationType]
    MONTH: _ClassVar[IntervalDurationType]
    DAY: _ClassVar[IntervalDurationType]
    HOUR: _ClassVar[IntervalDurationType]
    MINUTE: _ClassVar[IntervalDurationType]
    SECOND: _ClassVar[IntervalDurationType]
    MILLISECOND: _ClassVar[IntervalDurationType]

class ShapeType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    Unset: _ClassVar[ShapeType]
    Point: _ClassVar[ShapeType]
    LineString: _ClassVar[ShapeType]
    Polygon: _ClassVar[ShapeType]
    MultiPoint: _ClassVar[ShapeType]
    MultiLineString: _ClassVar[ShapeType]
    MultiPolygon: _ClassVar[ShapeType]
    Geometry: _ClassVar[ShapeType]
    GeometryCollection: _ClassVar[ShapeType]
BoolFamily: Family
IntFamily: Family
FloatFamily: Family
DecimalFamily: Family
DateFamily: Family
TimestampFamily: Family
IntervalFamily: Family
StringFamily: Family
BytesFamily: Family
TimestampTZFamily: Family
CollatedStringFamily: Family
NameFamily: Family
OidFamily: Family
UnknownFamily: Family
UuidFamily: Family
ArrayFamily: Family
INetFamily: Family
TimeFamily: Family
JsonFamily: Family
TimeTZFamily: Family
TupleFamily: Family
BitFamily: Family
GeometryFamily: Family
GeographyFamily: Family
EnumFamily: Family
Box2DFamily: Family
VoidFamily: Family
EncodedKeyFamily: Family
TSQueryFamily: Family
TSVectorFamily: Family
PGLSNFamily: Family
RefCursorFamily: Family
PGVectorFamily: Family
TriggerFamily: Family
JsonpathFamily: Family
LTreeFamily: Family
AnyFamily: Family
Int2VectorFamily: Family
OidVectorFamily: Family
UNSET: IntervalDurationType
YEAR: IntervalDurationType
MONTH: IntervalDurationType
DAY: IntervalDurationType
HOUR: IntervalDurationType
MINUTE: IntervalDurationType
SECOND: IntervalDurationType
MILLISECOND: IntervalDurationType
Unset: ShapeType
Point: ShapeType
LineString: ShapeType
Polygon: ShapeType
MultiPoint: ShapeType
MultiLineString: ShapeType
MultiPolygon: ShapeType
Geometry: ShapeType
GeometryCollection: ShapeType

class IntervalDurationField(_message.Message):
    __slots__ = ("duration_type", "from_duration_type")
    DURATION_TYPE_FIELD_NUMBER: _ClassVar[int]
    FROM_DURATION_TYPE_FIELD_NUMBER: _ClassVar[int]
    duration_type: IntervalDurationType
    from_duration_type: IntervalDurationType
    def __init__(self, duration_type: _Optional[_Union[IntervalDurationType, str]] = ..., from_duration_type: _Optional[_Union[IntervalDurationType, str]] = ...) -> None: ...

class GeoMetadata(_message.Message):
    __slots__ = ("srid", "shape_type")
    SRID_FIELD_NUMBER: _ClassVar[int]
    SHAPE_TYPE_FIELD_NUMBER: _ClassVar[int]
    srid: int
    shape_type: ShapeType
    def __init__(self, srid: _Optional[int] = ..., shape_type: _Optional[_Union[ShapeType, str]] = ...) -> None: ...

class PersistentUserDefinedTypeMetadata(_message.Message):
    __slots__ = ("array_type_oid",)
    ARRAY_TYPE_OID_FIELD_NUMBER: _ClassVar[int]
    array_type_oid: int
    def __init__(self, array_type_oid: _Optional[int] = ...) -> None: ...

class T(_message.Message):
    __slots__ = ("family", "width", "precision", "array_dimensions", "locale", "visible_type", "array_elem_type", "tuple_contents", "tuple_labels", "oid", "array_contents", "time_precision_is_set", "interval_duration_field", "geo_metadata", "udt_metadata")
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    ARRAY_DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    VISIBLE_TYPE_FIELD_NUMBER: _ClassVar[int]
    ARRAY_ELEM_TYPE_FIELD_NUMBER: _ClassVar[int]
    TUPLE_CONTENTS_FIELD_NUMBER: _ClassVar[int]
    TUPLE_LABELS_FIELD_NUMBER: _ClassVar[int]
    OID_FIELD_NUMBER: _ClassVar[int]
    ARRAY_CONTENTS_FIELD_NUMBER: _ClassVar[int]
    TIME_PRECISION_IS_SET_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_DURATION_FIELD_FIELD_NUMBER: _ClassVar[int]
    GEO_METADATA_FIELD_NUMBER: _ClassVar[int]
    UDT_METADATA_FIELD_NUMBER: _ClassVar[int]
    family: Family
    width: int
    precision: int
    array_dimensions: _containers.RepeatedScalarFieldContainer[int]
    locale: str
    visible_type: int
    array_elem_type: Family
    tuple_contents: _containers.RepeatedCompositeFieldContainer[T]
    tuple_labels: _containers.RepeatedScalarFieldContainer[str]
    oid: int
    array_contents: T
    time_precision_is_set: bool
    interval_duration_field: IntervalDurationField
    geo_metadata: GeoMetadata
    udt_metadata: PersistentUserDefinedTypeMetadata
    def __init__(self, family: _Optional[_Union[Family, str]] = ..., width: _Optional[int] = ..., precision: _Optional[int] = ..., array_dimensions: _Optional[_Iterable[int]] = ..., locale: _Optional[str] = ..., visible_type: _Optional[int] = ..., array_elem_type: _Optional[_Union[Family, str]] = ..., tuple_contents: _Optional[_Iterable[_Union[T, _Mapping]]] = ..., tuple_labels: _Optional[_Iterable[str]] = ..., oid: _Optional[int] = ..., array_contents: _Optional[_Union[T, _Mapping]] = ..., time_precision_is_set: _Optional[bool] = ..., interval_duration_field: _Optional[_Union[IntervalDurationField, _Mapping]] = ..., geo_metadata: _Optional[_Union[GeoMetadata, _Mapping]] = ..., udt_metadata: _Optional[_Union[PersistentUserDefinedTypeMetadata, _Mapping]] = ...) -> None: ...
