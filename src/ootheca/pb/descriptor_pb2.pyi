from ootheca.pb import kv_pb2 as _kv_pb2
from ootheca.pb import privilege_pb2 as _privilege_pb2
from ootheca.pb import table_pb2 as _table_pb2
from ootheca.pb import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SurvivalGoal(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ZONE_FAILURE: _ClassVar[SurvivalGoal]
    REGION_FAILURE: _ClassVar[SurvivalGoal]
ZONE_FAILURE: SurvivalGoal
REGION_FAILURE: SurvivalGoal

class Descriptor(_message.Message):
    __slots__ = ("table", "database", "type", "schema", "function")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    table: _table_pb2.TableDescriptor
    database: DatabaseDescriptor
    type: TypeDescriptor
    schema: SchemaDescriptor
    function: FunctionDescriptor
    def __init__(self, table: _Optional[_Union[_table_pb2.TableDescriptor, _Mapping]] = ..., database: _Optional[_Union[DatabaseDescriptor, _Mapping]] = ..., type: _Optional[_Union[TypeDescriptor, _Mapping]] = ..., schema: _Optional[_Union[SchemaDescriptor, _Mapping]] = ..., function: _Optional[_Union[FunctionDescriptor, _Mapping]] = ...) -> None: ...

class SchemaInfo(_message.Message):
    __slots__ = ("id", "dropped")
    ID_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    id: int
    dropped: bool
    def __init__(self, id: _Optional[int] = ..., dropped: _Optional[bool] = ...) -> None: ...

class DatabaseRegionConfig(_message.Message):
    __slots__ = ("survival_goal", "primary_region", "region_enum_id", "placement", "secondary_region")
    SURVIVAL_GOAL_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_REGION_FIELD_NUMBER: _ClassVar[int]
    REGION_ENUM_ID_FIELD_NUMBER: _ClassVar[int]
    PLACEMENT_FIELD_NUMBER: _ClassVar[int]
    SECONDARY_REGION_FIELD_NUMBER: _ClassVar[int]
    survival_goal: SurvivalGoal
    primary_region: str
    region_enum_id: int
    placement: int
    secondary_region: str
    def __init__(self, survival_goal: _Optional[_Union[SurvivalGoal, str]] = ..., primary_region: _Optional[str] = ..., region_enum_id: _Optional[int] = ..., placement: _Optional[int] = ..., secondary_region: _Optional[str] = ...) -> None: ...

class DatabaseDescriptor(_message.Message):
    __slots__ = ("name", "id", "privileges", "modification_time", "version", "draining_names", "schemas", "state", "offline_reason", "region_config", "default_privileges", "declarative_schema_changer_state")
    class SchemasEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: SchemaInfo
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[SchemaInfo, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    MODIFICATION_TIME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DRAINING_NAMES_FIELD_NUMBER: _ClassVar[int]
    SCHEMAS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_REASON_FIELD_NUMBER: _ClassVar[int]
    REGION_CONFIG_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    DECLARATIVE_SCHEMA_CHANGER_STATE_FIELD_NUMBER: _ClassVar[int]
    name: str
    id: int
    privileges: _privilege_pb2.PrivilegeDescriptor
    modification_time: _kv_pb2.Timestamp
    version: int
    draining_names: _containers.RepeatedCompositeFieldContainer[_table_pb2.NameInfo]
    schemas: _containers.MessageMap[str, SchemaInfo]
    state: _table_pb2.DescriptorState
    offline_reason: str
    region_config: DatabaseRegionConfig
    default_privileges: _privilege_pb2.DefaultPrivilegeDescriptor
    declarative_schema_changer_state: _table_pb2.DescriptorSchemaChangerState
    def __init__(self, name: _Optional[str] = ..., id: _Optional[int] = ..., privileges: _Optional[_Union[_privilege_pb2.PrivilegeDescriptor, _Mapping]] = ..., modification_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., draining_names: _Optional[_Iterable[_Union[_table_pb2.NameInfo, _Mapping]]] = ..., schemas: _Optional[_Mapping[str, SchemaInfo]] = ..., state: _Optional[_Union[_table_pb2.DescriptorState, str]] = ..., offline_reason: _Optional[str] = ..., region_config: _Optional[_Union[DatabaseRegionConfig, _Mapping]] = ..., default_privileges: _Optional[_Union[_privilege_pb2.DefaultPrivilegeDescriptor, _Mapping]] = ..., declarative_schema_changer_state: _Optional[_Union[_table_pb2.DescriptorSchemaChangerState, _Mapping]] = ...) -> None: ...

class SchemaDescriptor(_message.Message):
    __slots__ = ("parent_id", "name", "id", "privileges", "modification_time", "version", "draining_names", "state", "offline_reason", "default_privileges", "declarative_schema_changer_state")
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    MODIFICATION_TIME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DRAINING_NAMES_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_REASON_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    DECLARATIVE_SCHEMA_CHANGER_STATE_FIELD_NUMBER: _ClassVar[int]
    parent_id: int
    name: str
    id: int
    privileges: _privilege_pb2.PrivilegeDescriptor
    modification_time: _kv_pb2.Timestamp
    version: int
    draining_names: _containers.RepeatedCompositeFieldContainer[_table_pb2.NameInfo]
    state: _table_pb2.DescriptorState
    offline_reason: str
    default_privileges: _privilege_pb2.DefaultPrivilegeDescriptor
    declarative_schema_changer_state: _table_pb2.DescriptorSchemaChangerState
    def __init__(self, parent_id: _Optional[int] = ..., name: _Optional[str] = ..., id: _Optional[int] = ..., privileges: _Optional[_Union[_privilege_pb2.PrivilegeDescriptor, _Mapping]] = ..., modification_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., draining_names: _Optional[_Iterable[_Union[_table_pb2.NameInfo, _Mapping]]] = ..., state: _Optional[_Union[_table_pb2.DescriptorState, str]] = ..., offline_reason: _Optional[str] = ..., default_privileges: _Optional[_Union[_privilege_pb2.DefaultPrivilegeDescriptor, _Mapping]] = ..., declarative_schema_changer_state: _Optional[_Union[_table_pb2.DescriptorSchemaChangerState, _Mapping]] = ...) -> None: ...

class EnumMember(_message.Message):
    __slots__ = ("physical_representation", "logical_representation", "capability", "direction")
    class Capability(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ALL: _ClassVar[EnumMember.Capability]
        READ_ONLY: _ClassVar[EnumMember.Capability]
    ALL: EnumMember.Capability
    READ_ONLY: EnumMember.Capability
    class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[EnumMember.Direction]
        ADD: _ClassVar[EnumMember.Direction]
        REMOVE: _ClassVar[EnumMember.Direction]
    NONE: EnumMember.Direction
    ADD: EnumMember.Direction
    REMOVE: EnumMember.Direction
    PHYSICAL_REPRESENTATION_FIELD_NUMBER: _ClassVar[int]
    LOGICAL_REPRESENTATION_FIELD_NUMBER: _ClassVar[int]
    CAPABILITY_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    physical_representation: bytes
    logical_representation: str
    capability: EnumMember.Capability
    direction: EnumMember.Direction
    def __init__(self, physical_representation: _Optional[bytes] = ..., logical_representation: _Optional[str] = ..., capability: _Optional[_Union[EnumMember.Capability, str]] = ..., direction: _Optional[_Union[EnumMember.Direction, str]] = ...) -> None: ...

class CompositeElement(_message.Message):
    __slots__ = ("element_type", "element_label")
    ELEMENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_LABEL_FIELD_NUMBER: _ClassVar[int]
    element_type: _types_pb2.T
    element_label: str
    def __init__(self, element_type: _Optional[_Union[_types_pb2.T, _Mapping]] = ..., element_label: _Optional[str] = ...) -> None: ...

class Composite(_message.Message):
    __slots__ = ("elements",)
    ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    elements: _containers.RepeatedCompositeFieldContainer[CompositeElement]
    def __init__(self, elements: _Optional[_Iterable[_Union[CompositeElement, _Mapping]]] = ...) -> None: ...

class TypeRegionConfig(_message.Message):
    __slots__ = ("primary_region",)
    PRIMARY_REGION_FIELD_NUMBER: _ClassVar[int]
    primary_region: str
    def __init__(self, primary_region: _Optional[str] = ...) -> None: ...

class TypeDescriptor(_message.Message):
    __slots__ = ("parent_id", "parent_schema_id", "name", "id", "kind", "enum_members", "alias", "array_type_id", "version", "modification_time", "draining_names", "referencing_descriptor_ids", "state", "privileges", "offline_reason", "region_config", "declarative_schema_changer_state", "composite")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ENUM: _ClassVar[TypeDescriptor.Kind]
        ALIAS: _ClassVar[TypeDescriptor.Kind]
        MULTIREGION_ENUM: _ClassVar[TypeDescriptor.Kind]
        TABLE_IMPLICIT_RECORD_TYPE: _ClassVar[TypeDescriptor.Kind]
        COMPOSITE: _ClassVar[TypeDescriptor.Kind]
    ENUM: TypeDescriptor.Kind
    ALIAS: TypeDescriptor.Kind
    MULTIREGION_ENUM: TypeDescriptor.Kind
    TABLE_IMPLICIT_RECORD_TYPE: TypeDescriptor.Kind
    COMPOSITE: TypeDescriptor.Kind
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_SCHEMA_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ENUM_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    ARRAY_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODIFICATION_TIME_FIELD_NUMBER: _ClassVar[int]
    DRAINING_NAMES_FIELD_NUMBER: _ClassVar[int]
    REFERENCING_DESCRIPTOR_IDS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_REASON_FIELD_NUMBER: _ClassVar[int]
    REGION_CONFIG_FIELD_NUMBER: _ClassVar[int]
    DECLARATIVE_SCHEMA_CHANGER_STATE_FIELD_NUMBER: _ClassVar[int]
    COMPOSITE_FIELD_NUMBER: _ClassVar[int]
    parent_id: int
    parent_schema_id: int
    name: str
    id: int
    kind: TypeDescriptor.Kind
    enum_members: _containers.RepeatedCompositeFieldContainer[EnumMember]
    alias: _types_pb2.T
    array_type_id: int
    version: int
    modification_time: _kv_pb2.Timestamp
    draining_names: _containers.RepeatedCompositeFieldContainer[_table_pb2.NameInfo]
    referencing_descriptor_ids: _containers.RepeatedScalarFieldContainer[int]
    state: _table_pb2.DescriptorState
    privileges: _privilege_pb2.PrivilegeDescriptor
    offline_reason: str
    region_config: TypeRegionConfig
    declarative_schema_changer_state: _table_pb2.DescriptorSchemaChangerState
    composite: Composite
    def __init__(self, parent_id: _Optional[int] = ..., parent_schema_id: _Optional[int] = ..., name: _Optional[str] = ..., id: _Optional[int] = ..., kind: _Optional[_Union[TypeDescriptor.Kind, str]] = ..., enum_members: _Optional[_Iterable[_Union[EnumMember, _Mapping]]] = ..., alias: _Optional[_Union[_types_pb2.T, _Mapping]] = ..., array_type_id: _Optional[int] = ..., version: _Optional[int] = ..., modification_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., draining_names: _Optional[_Iterable[_Union[_table_pb2.NameInfo, _Mapping]]] = ..., referencing_descriptor_ids: _Optional[_Iterable[int]] = ..., state: _Optional[_Union[_table_pb2.DescriptorState, str]] = ..., privileges: _Optional[_Union[_privilege_pb2.PrivilegeDescriptor, _Mapping]] = ..., offline_reason: _Optional[str] = ..., region_config: _Optional[_Union[TypeRegionConfig, _Mapping]] = ..., declarative_schema_changer_state: _Optional[_Union[_table_pb2.DescriptorSchemaChangerState, _Mapping]] = ..., composite: _Optional[_Union[Composite, _Mapping]] = ...) -> None: ...

class FunctionParameter(_message.Message):
    __slots__ = ("name", "type", "default_expr")
    CLASS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_EXPR_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: _types_pb2.T
    default_expr: str
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[_types_pb2.T, _Mapping]] = ..., default_expr: _Optional[str] = ..., **kwargs) -> None: ...

class FunctionReturnType(_message.Message):
    __slots__ = ("type", "return_set")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    RETURN_SET_FIELD_NUMBER: _ClassVar[int]
    type: _types_pb2.T
    return_set: bool
    def __init__(self, type: _Optional[_Union[_types_pb2.T, _Mapping]] = ..., return_set: _Optional[bool] = ...) -> None: ...

class FunctionReference(_message.Message):
    __slots__ = ("id", "index_ids", "column_ids", "constraint_ids")
    ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_IDS_FIELD_NUMBER: _ClassVar[int]
    COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINT_IDS_FIELD_NUMBER: _ClassVar[int]
    id: int
    index_ids: _containers.RepeatedScalarFieldContainer[int]
    column_ids: _containers.RepeatedScalarFieldContainer[int]
    constraint_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, id: _Optional[int] = ..., index_ids: _Optional[_Iterable[int]] = ..., column_ids: _Optional[_Iterable[int]] = ..., constraint_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class FunctionDescriptor(_message.Message):
    __slots__ = ("name", "id", "parent_id", "parent_schema_id", "params", "return_type", "lang", "function_body", "volatility", "leak_proof", "null_input_behavior", "privileges", "depends_on", "depends_on_types", "depended_on_by", "state", "offline_reason", "version", "modification_time", "declarative_schema_changer_state", "is_procedure", "depends_on_functions", "security")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_SCHEMA_ID_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    RETURN_TYPE_FIELD_NUMBER: _ClassVar[int]
    LANG_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_BODY_FIELD_NUMBER: _ClassVar[int]
    VOLATILITY_FIELD_NUMBER: _ClassVar[int]
    LEAK_PROOF_FIELD_NUMBER: _ClassVar[int]
    NULL_INPUT_BEHAVIOR_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    DEPENDS_ON_FIELD_NUMBER: _ClassVar[int]
    DEPENDS_ON_TYPES_FIELD_NUMBER: _ClassVar[int]
    DEPENDED_ON_BY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_REASON_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODIFICATION_TIME_FIELD_NUMBER: _ClassVar[int]
    DECLARATIVE_SCHEMA_CHANGER_STATE_FIELD_NUMBER: _ClassVar[int]
    IS_PROCEDURE_FIELD_NUMBER: _ClassVar[int]
    DEPENDS_ON_FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    SECURITY_FIELD_NUMBER: _ClassVar[int]
    name: str
    id: int
    parent_id: int
    parent_schema_id: int
    params: _containers.RepeatedCompositeFieldContainer[FunctionParameter]
    return_type: FunctionReturnType
    lang: int
    function_body: str
    volatility: int
    leak_proof: bool
    null_input_behavior: int
    privileges: _privilege_pb2.PrivilegeDescriptor
    depends_on: _containers.RepeatedScalarFieldContainer[int]
    depends_on_types: _containers.RepeatedScalarFieldContainer[int]
    depended_on_by: _containers.RepeatedCompositeFieldContainer[FunctionReference]
    state: _table_pb2.DescriptorState
    offline_reason: str
    version: int
    modification_time: _kv_pb2.Timestamp
    declarative_schema_changer_state: _table_pb2.DescriptorSchemaChangerState
    is_procedure: bool
    depends_on_functions: _containers.RepeatedScalarFieldContainer[int]
    security: int
    def __init__(self, name: _Optional[str] = ..., id: _Optional[int] = ..., parent_id: _Optional[int] = ..., parent_schema_id: _Optional[int] = ..., params: _Optional[_Iterable[_Union[FunctionParameter, _Mapping]]] = ..., return_type: _Optional[_Union[FunctionReturnType, _Mapping]] = ..., lang: _Optional[int] = ..., function_body: _Optional[str] = ..., volatility: _Optional[int] = ..., leak_proof: _Optional[bool] = ..., null_input_behavior: _Optional[int] = ..., privileges: _Optional[_Union[_privilege_pb2.PrivilegeDescriptor, _Mapping]] = ..., depends_on: _Optional[_Iterable[int]] = ..., depends_on_types: _Optional[_Iterable[int]] = ..., depended_on_by: _Optional[_Iterable[_Union[FunctionReference, _Mapping]]] = ..., state: _Optional[_Union[_table_pb2.DescriptorState, str]] = ..., offline_reason: _Optional[str] = ..., version: _Optional[int] = ..., modification_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., declarative_schema_changer_state: _Optional[_Union[_table_pb2.DescriptorSchemaChangerState, _Mapping]] = ..., is_procedure: _Optional[bool] = ..., depends_on_functions: _Optional[_Iterable[int]] = ..., security: _Optional[int] = ...) -> None: ...
