from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConstraintValidity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    Validated: _ClassVar[ConstraintValidity]
    Unvalidated: _ClassVar[ConstraintValidity]
    Validating: _ClassVar[ConstraintValidity]
    Dropping: _ClassVar[ConstraintValidity]

class ForeignKeyAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NO_ACTION: _ClassVar[ForeignKeyAction]
    RESTRICT: _ClassVar[ForeignKeyAction]
    SET_NULL: _ClassVar[ForeignKeyAction]
    SET_DEFAULT: _ClassVar[ForeignKeyAction]
    CASCADE: _ClassVar[ForeignKeyAction]

class ForeignKeyMatch(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIMPLE: _ClassVar[ForeignKeyMatch]
    FULL: _ClassVar[ForeignKeyMatch]
    PARTIAL: _ClassVar[ForeignKeyMatch]
Validated: ConstraintValidity
Unvalidated: ConstraintValidity
Validating: ConstraintValidity
Dropping: ConstraintValidity
NO_ACTION: ForeignKeyAction
RESTRICT: ForeignKeyAction
SET_NULL: ForeignKeyAction
SET_DEFAULT: ForeignKeyAction
CASCADE: ForeignKeyAction
SIMPLE: ForeignKeyMatch
FULL: ForeignKeyMatch
PARTIAL: ForeignKeyMatch

class ForeignKeyReference(_message.Message):
    __slots__ = ("table", "index", "name", "validity", "shared_prefix_len", "on_delete", "on_update", "match")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALIDITY_FIELD_NUMBER: _ClassVar[int]
    SHARED_PREFIX_LEN_FIELD_NUMBER: _ClassVar[int]
    ON_DELETE_FIELD_NUMBER: _ClassVar[int]
    ON_UPDATE_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    table: int
    index: int
    name: str
    validity: ConstraintValidity
    shared_prefix_len: int
    on_delete: ForeignKeyAction
    on_update: ForeignKeyAction
    match: ForeignKeyMatch
    def __init__(self, table: _Optional[int] = ..., index: _Optional[int] = ..., name: _Optional[str] = ..., validity: _Optional[_Union[ConstraintValidity, str]] = ..., shared_prefix_len: _Optional[int] = ..., on_delete: _Optional[_Union[ForeignKeyAction, str]] = ..., on_update: _Optional[_Union[ForeignKeyAction, str]] = ..., match: _Optional[_Union[ForeignKeyMatch, str]] = ...) -> None: ...

class InterleaveDescriptor(_message.Message):
    __slots__ = ("ancestors",)
    class Ancestor(_message.Message):
        __slots__ = ("table_id", "index_id", "shared_prefix_len")
        TABLE_ID_FIELD_NUMBER: _ClassVar[int]
        INDEX_ID_FIELD_NUMBER: _ClassVar[int]
        SHARED_PREFIX_LEN_FIELD_NUMBER: _ClassVar[int]
        table_id: int
        index_id: int
        shared_prefix_len: int
        def __init__(self, table_id: _Optional[int] = ..., index_id: _Optional[int] = ..., shared_prefix_len: _Optional[int] = ...) -> None: ...
    ANCESTORS_FIELD_NUMBER: _ClassVar[int]
    ancestors: _containers.RepeatedCompositeFieldContainer[InterleaveDescriptor.Ancestor]
    def __init__(self, ancestors: _Optional[_Iterable[_Union[InterleaveDescriptor.Ancestor, _Mapping]]] = ...) -> None: ...

class PartitioningDescriptor(_message.Message):
    __slots__ = ("num_columns", "list", "range", "num_implicit_columns")
    class List(_message.Message):
        __slots__ = ("name", "values", "subpartitioning")
        NAME_FIELD_NUMBER: _ClassVar[int]
        VALUES_FIELD_NUMBER: _ClassVar[int]
        SUBPARTITIONING_FIELD_NUMBER: _ClassVar[int]
        name: str
        values: _containers.RepeatedScalarFieldContainer[bytes]
        subpartitioning: PartitioningDescriptor
        def __init__(self, name: _Optional[str] = ..., values: _Optional[_Iterable[bytes]] = ..., subpartitioning: _Optional[_Union[PartitioningDescriptor, _Mapping]] = ...) -> None: ...
    class Range(_message.Message):
        __slots__ = ("name", "to_exclusive", "from_inclusive")
        NAME_FIELD_NUMBER: _ClassVar[int]
        TO_EXCLUSIVE_FIELD_NUMBER: _ClassVar[int]
        FROM_INCLUSIVE_FIELD_NUMBER: _ClassVar[int]
        name: str
        to_exclusive: bytes
        from_inclusive: bytes
        def __init__(self, name: _Optional[str] = ..., to_exclusive: _Optional[bytes] = ..., from_inclusive: _Optional[bytes] = ...) -> None: ...
    NUM_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    RANGE_FIELD_NUMBER: _ClassVar[int]
    NUM_IMPLICIT_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    num_columns: int
    list: _containers.RepeatedCompositeFieldContainer[PartitioningDescriptor.List]
    range: _containers.RepeatedCompositeFieldContainer[PartitioningDescriptor.Range]
    num_implicit_columns: int
    def __init__(self, num_columns: _Optional[int] = ..., list: _Optional[_Iterable[_Union[PartitioningDescriptor.List, _Mapping]]] = ..., range: _Optional[_Iterable[_Union[PartitioningDescriptor.Range, _Mapping]]] = ..., num_implicit_columns: _Optional[int] = ...) -> None: ...

class ShardedDescriptor(_message.Message):
    __slots__ = ("is_sharded", "name", "shard_buckets", "column_names")
    IS_SHARDED_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHARD_BUCKETS_FIELD_NUMBER: _ClassVar[int]
    COLUMN_NAMES_FIELD_NUMBER: _ClassVar[int]
    is_sharded: bool
    name: str
    shard_buckets: int
    column_names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, is_sharded: _Optional[bool] = ..., name: _Optional[str] = ..., shard_buckets: _Optional[int] = ..., column_names: _Optional[_Iterable[str]] = ...) -> None: ...

class S2Config(_message.Message):
    __slots__ = ("min_level", "max_level", "level_mod", "max_cells")
    MIN_LEVEL_FIELD_NUMBER: _ClassVar[int]
    MAX_LEVEL_FIELD_NUMBER: _ClassVar[int]
    LEVEL_MOD_FIELD_NUMBER: _ClassVar[int]
    MAX_CELLS_FIELD_NUMBER: _ClassVar[int]
    min_level: int
    max_level: int
    level_mod: int
    max_cells: int
    def __init__(self, min_level: _Optional[int] = ..., max_level: _Optional[int] = ..., level_mod: _Optional[int] = ..., max_cells: _Optional[int] = ...) -> None: ...

class S2GeographyConfig(_message.Message):
    __slots__ = ("s2_config",)
    S2_CONFIG_FIELD_NUMBER: _ClassVar[int]
    s2_config: S2Config
    def __init__(self, s2_config: _Optional[_Union[S2Config, _Mapping]] = ...) -> None: ...

class S2GeometryConfig(_message.Message):
    __slots__ = ("min_x", "max_x", "min_y", "max_y", "s2_config")
    MIN_X_FIELD_NUMBER: _ClassVar[int]
    MAX_X_FIELD_NUMBER: _ClassVar[int]
    MIN_Y_FIELD_NUMBER: _ClassVar[int]
    MAX_Y_FIELD_NUMBER: _ClassVar[int]
    S2_CONFIG_FIELD_NUMBER: _ClassVar[int]
    min_x: float
    max_x: float
    min_y: float
    max_y: float
    s2_config: S2Config
    def __init__(self, min_x: _Optional[float] = ..., max_x: _Optional[float] = ..., min_y: _Optional[float] = ..., max_y: _Optional[float] = ..., s2_config: _Optional[_Union[S2Config, _Mapping]] = ...) -> None: ...

class GeoConfig(_message.Message):
    __slots__ = ("s2_geography", "s2_geometry")
    S2_GEOGRAPHY_FIELD_NUMBER: _ClassVar[int]
    S2_GEOMETRY_FIELD_NUMBER: _ClassVar[int]
    s2_geography: S2GeographyConfig
    s2_geometry: S2GeometryConfig
    def __init__(self, s2_geography: _Optional[_Union[S2GeographyConfig, _Mapping]] = ..., s2_geometry: _Optional[_Union[S2GeometryConfig, _Mapping]] = ...) -> None: ...

class IndexDescriptor(_message.Message):
    __slots__ = ("name", "id", "unique", "column_names", "store_column_names", "column_ids", "extra_column_ids", "column_directions", "foreign_key", "referenced_by", "interleave", "interleaved_by", "composite_column_ids", "store_column_ids", "partitioning", "type", "created_explicitly", "version", "encoding_type", "sharded", "disabled", "geo_config", "predicate", "use_delete_preserving_encoding", "created_at_nanos", "constraint_id", "inverted_column_kinds", "not_visible", "invisibility")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FORWARD: _ClassVar[IndexDescriptor.Type]
        INVERTED: _ClassVar[IndexDescriptor.Type]
        VECTOR: _ClassVar[IndexDescriptor.Type]
    FORWARD: IndexDescriptor.Type
    INVERTED: IndexDescriptor.Type
    VECTOR: IndexDescriptor.Type
    class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ASC: _ClassVar[IndexDescriptor.Direction]
        DESC: _ClassVar[IndexDescriptor.Direction]
    ASC: IndexDescriptor.Direction
    DESC: IndexDescriptor.Direction
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_NAMES_FIELD_NUMBER: _ClassVar[int]
    STORE_COLUMN_NAMES_FIELD_NUMBER: _ClassVar[int]
    COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    EXTRA_COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    COLUMN_DIRECTIONS_FIELD_NUMBER: _ClassVar[int]
    FOREIGN_KEY_FIELD_NUMBER: _ClassVar[int]
    REFERENCED_BY_FIELD_NUMBER: _ClassVar[int]
    INTERLEAVE_FIELD_NUMBER: _ClassVar[int]
    INTERLEAVED_BY_FIELD_NUMBER: _ClassVar[int]
    COMPOSITE_COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    STORE_COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    PARTITIONING_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CREATED_EXPLICITLY_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ENCODING_TYPE_FIELD_NUMBER: _ClassVar[int]
    SHARDED_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    GEO_CONFIG_FIELD_NUMBER: _ClassVar[int]
    PREDICATE_FIELD_NUMBER: _ClassVar[int]
    USE_DELETE_PRESERVING_ENCODING_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_NANOS_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINT_ID_FIELD_NUMBER: _ClassVar[int]
    INVERTED_COLUMN_KINDS_FIELD_NUMBER: _ClassVar[int]
    NOT_VISIBLE_FIELD_NUMBER: _ClassVar[int]
    INVISIBILITY_FIELD_NUMBER: _ClassVar[int]
    name: str
    id: int
    unique: bool
    column_names: _containers.RepeatedScalarFieldContainer[str]
    store_column_names: _containers.RepeatedScalarFieldContainer[str]
    column_ids: _containers.RepeatedScalarFieldContainer[int]
    extra_column_ids: _containers.RepeatedScalarFieldContainer[int]
    column_directions: _containers.RepeatedScalarFieldContainer[IndexDescriptor.Direction]
    foreign_key: ForeignKeyReference
    referenced_by: _containers.RepeatedCompositeFieldContainer[ForeignKeyReference]
    interleave: InterleaveDescriptor
    interleaved_by: _containers.RepeatedCompositeFieldContainer[ForeignKeyReference]
    composite_column_ids: _containers.RepeatedScalarFieldContainer[int]
    store_column_ids: _containers.RepeatedScalarFieldContainer[int]
    partitioning: PartitioningDescriptor
    type: IndexDescriptor.Type
    created_explicitly: bool
    version: int
    encoding_type: int
    sharded: ShardedDescriptor
    disabled: bool
    geo_config: GeoConfig
    predicate: str
    use_delete_preserving_encoding: bool
    created_at_nanos: int
    constraint_id: int
    inverted_column_kinds: _containers.RepeatedScalarFieldContainer[int]
    not_visible: bool
    invisibility: float
    def __init__(self, name: _Optional[str] = ..., id: _Optional[int] = ..., unique: _Optional[bool] = ..., column_names: _Optional[_Iterable[str]] = ..., store_column_names: _Optional[_Iterable[str]] = ..., column_ids: _Optional[_Iterable[int]] = ..., extra_column_ids: _Optional[_Iterable[int]] = ..., column_directions: _Optional[_Iterable[_Union[IndexDescriptor.Direction, str]]] = ..., foreign_key: _Optional[_Union[ForeignKeyReference, _Mapping]] = ..., referenced_by: _Optional[_Iterable[_Union[ForeignKeyReference, _Mapping]]] = ..., interleave: _Optional[_Union[InterleaveDescriptor, _Mapping]] = ..., interleaved_by: _Optional[_Iterable[_Union[ForeignKeyReference, _Mapping]]] = ..., composite_column_ids: _Optional[_Iterable[int]] = ..., store_column_ids: _Optional[_Iterable[int]] = ..., partitioning: _Optional[_Union[PartitioningDescriptor, _Mapping]] = ..., type: _Optional[_Union[IndexDescriptor.Type, str]] = ..., created_explicitly: _Optional[bool] = ..., version: _Optional[int] = ..., encoding_type: _Optional[int] = ..., sharded: _Optional[_Union[ShardedDescriptor, _Mapping]] = ..., disabled: _Optional[bool] = ..., geo_config: _Optional[_Union[GeoConfig, _Mapping]] = ..., predicate: _Optional[str] = ..., use_delete_preserving_encoding: _Optional[bool] = ..., created_at_nanos: _Optional[int] = ..., constraint_id: _Optional[int] = ..., inverted_column_kinds: _Optional[_Iterable[int]] = ..., not_visible: _Optional[bool] = ..., invisibility: _Optional[float] = ...) -> None: ...
