from ootheca.pb import index_pb2 as _index_pb2
from ootheca.pb import kv_pb2 as _kv_pb2
from ootheca.pb import privilege_pb2 as _privilege_pb2
from ootheca.pb import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescriptorState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PUBLIC: _ClassVar[DescriptorState]
    ADD: _ClassVar[DescriptorState]
    DROP: _ClassVar[DescriptorState]
    OFFLINE: _ClassVar[DescriptorState]

class SystemColumnKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NONE: _ClassVar[SystemColumnKind]
    MVCCTIMESTAMP: _ClassVar[SystemColumnKind]
    TABLEOID: _ClassVar[SystemColumnKind]

class GeneratedAsIdentityType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOT_IDENTITY_COLUMN: _ClassVar[GeneratedAsIdentityType]
    GENERATED_ALWAYS: _ClassVar[GeneratedAsIdentityType]
    GENERATED_BY_DEFAULT: _ClassVar[GeneratedAsIdentityType]
PUBLIC: DescriptorState
ADD: DescriptorState
DROP: DescriptorState
OFFLINE: DescriptorState
NONE: SystemColumnKind
MVCCTIMESTAMP: SystemColumnKind
TABLEOID: SystemColumnKind
NOT_IDENTITY_COLUMN: GeneratedAsIdentityType
GENERATED_ALWAYS: GeneratedAsIdentityType
GENERATED_BY_DEFAULT: GeneratedAsIdentityType

class DescriptorSchemaChangerState(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class NameInfo(_message.Message):
    __slots__ = ("parent_id", "name", "parent_schema_id")
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PARENT_SCHEMA_ID_FIELD_NUMBER: _ClassVar[int]
    parent_id: int
    name: str
    parent_schema_id: int
    def __init__(self, parent_id: _Optional[int] = ..., name: _Optional[str] = ..., parent_schema_id: _Optional[int] = ...) -> None: ...

class ColumnDescriptor(_message.Message):
    __slots__ = ("name", "id", "type", "nullable", "default_expr", "hidden", "uses_sequence_ids", "compute_expr", "owns_sequence_ids", "pg_attribute_num", "alter_column_type_in_progress", "system_column_kind", "virtual", "inaccessible", "on_update_expr", "generated_as_identity_type", "generated_as_identity_sequence_option", "uses_function_ids")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NULLABLE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_EXPR_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    USES_SEQUENCE_IDS_FIELD_NUMBER: _ClassVar[int]
    COMPUTE_EXPR_FIELD_NUMBER: _ClassVar[int]
    OWNS_SEQUENCE_IDS_FIELD_NUMBER: _ClassVar[int]
    PG_ATTRIBUTE_NUM_FIELD_NUMBER: _ClassVar[int]
    ALTER_COLUMN_TYPE_IN_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_COLUMN_KIND_FIELD_NUMBER: _ClassVar[int]
    VIRTUAL_FIELD_NUMBER: _ClassVar[int]
    INACCESSIBLE_FIELD_NUMBER: _ClassVar[int]
    ON_UPDATE_EXPR_FIELD_NUMBER: _ClassVar[int]
    GENERATED_AS_IDENTITY_TYPE_FIELD_NUMBER: _ClassVar[int]
    GENERATED_AS_IDENTITY_SEQUENCE_OPTION_FIELD_NUMBER: _ClassVar[int]
    USES_FUNCTION_IDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    id: int
    type: _types_pb2.T
    nullable: bool
    default_expr: str
    hidden: bool
    uses_sequence_ids: _containers.RepeatedScalarFieldContainer[int]
    compute_expr: str
    owns_sequence_ids: _containers.RepeatedScalarFieldContainer[int]
    pg_attribute_num: int
    alter_column_type_in_progress: bool
    system_column_kind: SystemColumnKind
    virtual: bool
    inaccessible: bool
    on_update_expr: str
    generated_as_identity_type: GeneratedAsIdentityType
    generated_as_identity_sequence_option: str
    uses_function_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., id: _Optional[int] = ..., type: _Optional[_Union[_types_pb2.T, _Mapping]] = ..., nullable: _Optional[bool] = ..., default_expr: _Optional[str] = ..., hidden: _Optional[bool] = ..., uses_sequence_ids: _Optional[_Iterable[int]] = ..., compute_expr: _Optional[str] = ..., owns_sequence_ids: _Optional[_Iterable[int]] = ..., pg_attribute_num: _Optional[int] = ..., alter_column_type_in_progress: _Optional[bool] = ..., system_column_kind: _Optional[_Union[SystemColumnKind, str]] = ..., virtual: _Optional[bool] = ..., inaccessible: _Optional[bool] = ..., on_update_expr: _Optional[str] = ..., generated_as_identity_type: _Optional[_Union[GeneratedAsIdentityType, str]] = ..., generated_as_identity_sequence_option: _Optional[str] = ..., uses_function_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class ColumnFamilyDescriptor(_message.Message):
    __slots__ = ("name", "id", "column_names", "column_ids", "default_column_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    COLUMN_NAMES_FIELD_NUMBER: _ClassVar[int]
    COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_COLUMN_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    id: int
    column_names: _containers.RepeatedScalarFieldContainer[str]
    column_ids: _containers.RepeatedScalarFieldContainer[int]
    default_column_id: int
    def __init__(self, name: _Optional[str] = ..., id: _Optional[int] = ..., column_names: _Optional[_Iterable[str]] = ..., column_ids: _Optional[_Iterable[int]] = ..., default_column_id: _Optional[int] = ...) -> None: ...

class ForeignKeyConstraint(_message.Message):
    __slots__ = ("origin_table_id", "origin_column_ids", "referenced_column_ids", "referenced_table_id", "name", "validity", "on_delete", "on_update", "match", "legacy_origin_index", "legacy_referenced_index", "legacy_upgraded_from_origin_reference", "legacy_upgraded_from_referenced_reference", "constraint_id")
    ORIGIN_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    REFERENCED_COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    REFERENCED_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALIDITY_FIELD_NUMBER: _ClassVar[int]
    ON_DELETE_FIELD_NUMBER: _ClassVar[int]
    ON_UPDATE_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    LEGACY_ORIGIN_INDEX_FIELD_NUMBER: _ClassVar[int]
    LEGACY_REFERENCED_INDEX_FIELD_NUMBER: _ClassVar[int]
    LEGACY_UPGRADED_FROM_ORIGIN_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    LEGACY_UPGRADED_FROM_REFERENCED_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINT_ID_FIELD_NUMBER: _ClassVar[int]
    origin_table_id: int
    origin_column_ids: _containers.RepeatedScalarFieldContainer[int]
    referenced_column_ids: _containers.RepeatedScalarFieldContainer[int]
    referenced_table_id: int
    name: str
    validity: _index_pb2.ConstraintValidity
    on_delete: _index_pb2.ForeignKeyAction
    on_update: _index_pb2.ForeignKeyAction
    match: _index_pb2.ForeignKeyMatch
    legacy_origin_index: int
    legacy_referenced_index: int
    legacy_upgraded_from_origin_reference: _index_pb2.ForeignKeyReference
    legacy_upgraded_from_referenced_reference: _index_pb2.ForeignKeyReference
    constraint_id: int
    def __init__(self, origin_table_id: _Optional[int] = ..., origin_column_ids: _Optional[_Iterable[int]] = ..., referenced_column_ids: _Optional[_Iterable[int]] = ..., referenced_table_id: _Optional[int] = ..., name: _Optional[str] = ..., validity: _Optional[_Union[_index_pb2.ConstraintValidity, str]] = ..., on_delete: _Optional[_Union[_index_pb2.ForeignKeyAction, str]] = ..., on_update: _Optional[_Union[_index_pb2.ForeignKeyAction, str]] = ..., match: _Optional[_Union[_index_pb2.ForeignKeyMatch, str]] = ..., legacy_origin_index: _Optional[int] = ..., legacy_referenced_index: _Optional[int] = ..., legacy_upgraded_from_origin_reference: _Optional[_Union[_index_pb2.ForeignKeyReference, _Mapping]] = ..., legacy_upgraded_from_referenced_reference: _Optional[_Union[_index_pb2.ForeignKeyReference, _Mapping]] = ..., constraint_id: _Optional[int] = ...) -> None: ...

class UniqueWithoutIndexConstraint(_message.Message):
    __slots__ = ("table_id", "column_ids", "name", "validity", "predicate", "constraint_id")
    TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALIDITY_FIELD_NUMBER: _ClassVar[int]
    PREDICATE_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINT_ID_FIELD_NUMBER: _ClassVar[int]
    table_id: int
    column_ids: _containers.RepeatedScalarFieldContainer[int]
    name: str
    validity: _index_pb2.ConstraintValidity
    predicate: str
    constraint_id: int
    def __init__(self, table_id: _Optional[int] = ..., column_ids: _Optional[_Iterable[int]] = ..., name: _Optional[str] = ..., validity: _Optional[_Union[_index_pb2.ConstraintValidity, str]] = ..., predicate: _Optional[str] = ..., constraint_id: _Optional[int] = ...) -> None: ...

class CheckConstraint(_message.Message):
    __slots__ = ("expr", "name", "validity", "column_ids", "is_non_null_constraint", "hidden", "constraint_id")
    EXPR_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALIDITY_FIELD_NUMBER: _ClassVar[int]
    COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    IS_NON_NULL_CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINT_ID_FIELD_NUMBER: _ClassVar[int]
    expr: str
    name: str
    validity: _index_pb2.ConstraintValidity
    column_ids: _containers.RepeatedScalarFieldContainer[int]
    is_non_null_constraint: bool
    hidden: bool
    constraint_id: int
    def __init__(self, expr: _Optional[str] = ..., name: _Optional[str] = ..., validity: _Optional[_Union[_index_pb2.ConstraintValidity, str]] = ..., column_ids: _Optional[_Iterable[int]] = ..., is_non_null_constraint: _Optional[bool] = ..., hidden: _Optional[bool] = ..., constraint_id: _Optional[int] = ...) -> None: ...

class SequenceOwner(_message.Message):
    __slots__ = ("owner_column_id", "owner_table_id")
    OWNER_COLUMN_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    owner_column_id: int
    owner_table_id: int
    def __init__(self, owner_column_id: _Optional[int] = ..., owner_table_id: _Optional[int] = ...) -> None: ...

class SequenceOpts(_message.Message):
    __slots__ = ("increment", "min_value", "max_value", "start", "virtual", "sequence_owner", "cache_size", "as_integer_type", "node_cache_size")
    INCREMENT_FIELD_NUMBER: _ClassVar[int]
    MIN_VALUE_FIELD_NUMBER: _ClassVar[int]
    MAX_VALUE_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    VIRTUAL_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_OWNER_FIELD_NUMBER: _ClassVar[int]
    CACHE_SIZE_FIELD_NUMBER: _ClassVar[int]
    AS_INTEGER_TYPE_FIELD_NUMBER: _ClassVar[int]
    NODE_CACHE_SIZE_FIELD_NUMBER: _ClassVar[int]
    increment: int
    min_value: int
    max_value: int
    start: int
    virtual: bool
    sequence_owner: SequenceOwner
    cache_size: int
    as_integer_type: str
    node_cache_size: int
    def __init__(self, increment: _Optional[int] = ..., min_value: _Optional[int] = ..., max_value: _Optional[int] = ..., start: _Optional[int] = ..., virtual: _Optional[bool] = ..., sequence_owner: _Optional[_Union[SequenceOwner, _Mapping]] = ..., cache_size: _Optional[int] = ..., as_integer_type: _Optional[str] = ..., node_cache_size: _Optional[int] = ...) -> None: ...

class ConstraintToUpdate(_message.Message):
    __slots__ = ("constraint_type", "name", "check", "foreign_key", "not_null_column", "unique_without_index_constraint")
    class ConstraintType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CHECK: _ClassVar[ConstraintToUpdate.ConstraintType]
        FOREIGN_KEY: _ClassVar[ConstraintToUpdate.ConstraintType]
        NOT_NULL: _ClassVar[ConstraintToUpdate.ConstraintType]
        UNIQUE_WITHOUT_INDEX: _ClassVar[ConstraintToUpdate.ConstraintType]
    CHECK: ConstraintToUpdate.ConstraintType
    FOREIGN_KEY: ConstraintToUpdate.ConstraintType
    NOT_NULL: ConstraintToUpdate.ConstraintType
    UNIQUE_WITHOUT_INDEX: ConstraintToUpdate.ConstraintType
    CONSTRAINT_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CHECK_FIELD_NUMBER: _ClassVar[int]
    FOREIGN_KEY_FIELD_NUMBER: _ClassVar[int]
    NOT_NULL_COLUMN_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_WITHOUT_INDEX_CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    constraint_type: ConstraintToUpdate.ConstraintType
    name: str
    check: CheckConstraint
    foreign_key: ForeignKeyConstraint
    not_null_column: int
    unique_without_index_constraint: UniqueWithoutIndexConstraint
    def __init__(self, constraint_type: _Optional[_Union[ConstraintToUpdate.ConstraintType, str]] = ..., name: _Optional[str] = ..., check: _Optional[_Union[CheckConstraint, _Mapping]] = ..., foreign_key: _Optional[_Union[ForeignKeyConstraint, _Mapping]] = ..., not_null_column: _Optional[int] = ..., unique_without_index_constraint: _Optional[_Union[UniqueWithoutIndexConstraint, _Mapping]] = ...) -> None: ...

class PrimaryKeySwap(_message.Message):
    __slots__ = ("new_primary_index_id", "old_indexes", "new_indexes", "old_primary_index_id", "new_primary_index_name")
    NEW_PRIMARY_INDEX_ID_FIELD_NUMBER: _ClassVar[int]
    OLD_INDEXES_FIELD_NUMBER: _ClassVar[int]
    NEW_INDEXES_FIELD_NUMBER: _ClassVar[int]
    OLD_PRIMARY_INDEX_ID_FIELD_NUMBER: _ClassVar[int]
    NEW_PRIMARY_INDEX_NAME_FIELD_NUMBER: _ClassVar[int]
    new_primary_index_id: int
    old_indexes: _containers.RepeatedScalarFieldContainer[int]
    new_indexes: _containers.RepeatedScalarFieldContainer[int]
    old_primary_index_id: int
    new_primary_index_name: str
    def __init__(self, new_primary_index_id: _Optional[int] = ..., old_indexes: _Optional[_Iterable[int]] = ..., new_indexes: _Optional[_Iterable[int]] = ..., old_primary_index_id: _Optional[int] = ..., new_primary_index_name: _Optional[str] = ...) -> None: ...

class ComputedColumnSwap(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MaterializedViewRefresh(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ModifyRowLevelTTL(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescriptorMutation(_message.Message):
    __slots__ = ("column", "index", "constraint", "primaryKeySwap", "computedColumnSwap", "materializedViewRefresh", "modify_row_level_ttl", "state", "direction", "mutation_id", "rollback")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN: _ClassVar[DescriptorMutation.State]
        DELETE_ONLY: _ClassVar[DescriptorMutation.State]
        DELETE_AND_WRITE_ONLY: _ClassVar[DescriptorMutation.State]
        BACKFILLING: _ClassVar[DescriptorMutation.State]
        MERGING: _ClassVar[DescriptorMutation.State]
    UNKNOWN: DescriptorMutation.State
    DELETE_ONLY: DescriptorMutation.State
    DELETE_AND_WRITE_ONLY: DescriptorMutation.State
    BACKFILLING: DescriptorMutation.State
    MERGING: DescriptorMutation.State
    class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[DescriptorMutation.Direction]
        ADD: _ClassVar[DescriptorMutation.Direction]
        DROP: _ClassVar[DescriptorMutation.Direction]
    NONE: DescriptorMutation.Direction
    ADD: DescriptorMutation.Direction
    DROP: DescriptorMutation.Direction
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    PRIMARYKEYSWAP_FIELD_NUMBER: _ClassVar[int]
    COMPUTEDCOLUMNSWAP_FIELD_NUMBER: _ClassVar[int]
    MATERIALIZEDVIEWREFRESH_FIELD_NUMBER: _ClassVar[int]
    MODIFY_ROW_LEVEL_TTL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    MUTATION_ID_FIELD_NUMBER: _ClassVar[int]
    ROLLBACK_FIELD_NUMBER: _ClassVar[int]
    column: ColumnDescriptor
    index: _index_pb2.IndexDescriptor
    constraint: ConstraintToUpdate
    primaryKeySwap: PrimaryKeySwap
    computedColumnSwap: ComputedColumnSwap
    materializedViewRefresh: MaterializedViewRefresh
    modify_row_level_ttl: ModifyRowLevelTTL
    state: DescriptorMutation.State
    direction: DescriptorMutation.Direction
    mutation_id: int
    rollback: bool
    def __init__(self, column: _Optional[_Union[ColumnDescriptor, _Mapping]] = ..., index: _Optional[_Union[_index_pb2.IndexDescriptor, _Mapping]] = ..., constraint: _Optional[_Union[ConstraintToUpdate, _Mapping]] = ..., primaryKeySwap: _Optional[_Union[PrimaryKeySwap, _Mapping]] = ..., computedColumnSwap: _Optional[_Union[ComputedColumnSwap, _Mapping]] = ..., materializedViewRefresh: _Optional[_Union[MaterializedViewRefresh, _Mapping]] = ..., modify_row_level_ttl: _Optional[_Union[ModifyRowLevelTTL, _Mapping]] = ..., state: _Optional[_Union[DescriptorMutation.State, str]] = ..., direction: _Optional[_Union[DescriptorMutation.Direction, str]] = ..., mutation_id: _Optional[int] = ..., rollback: _Optional[bool] = ...) -> None: ...

class LocalityConfig(_message.Message):
    __slots__ = ("regional_by_table", "regional_by_row")
    class RegionalByTable(_message.Message):
        __slots__ = ("region",)
        REGION_FIELD_NUMBER: _ClassVar[int]
        region: str
        def __init__(self, region: _Optional[str] = ...) -> None: ...
    class RegionalByRow(_message.Message):
        __slots__ = ()
        AS_FIELD_NUMBER: _ClassVar[int]
        def __init__(self, **kwargs) -> None: ...
    class Global(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    GLOBAL_FIELD_NUMBER: _ClassVar[int]
    REGIONAL_BY_TABLE_FIELD_NUMBER: _ClassVar[int]
    REGIONAL_BY_ROW_FIELD_NUMBER: _ClassVar[int]
    regional_by_table: LocalityConfig.RegionalByTable
    regional_by_row: LocalityConfig.RegionalByRow
    def __init__(self, regional_by_table: _Optional[_Union[LocalityConfig.RegionalByTable, _Mapping]] = ..., regional_by_row: _Optional[_Union[LocalityConfig.RegionalByRow, _Mapping]] = ..., **kwargs) -> None: ...

class RowLevelTTL(_message.Message):
    __slots__ = ("duration_expr", "select_batch_size", "delete_batch_size", "deletion_cron", "schedule_id")
    DURATION_EXPR_FIELD_NUMBER: _ClassVar[int]
    SELECT_BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    DELETE_BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    DELETION_CRON_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    duration_expr: str
    select_batch_size: int
    delete_batch_size: int
    deletion_cron: str
    schedule_id: int
    def __init__(self, duration_expr: _Optional[str] = ..., select_batch_size: _Optional[int] = ..., delete_batch_size: _Optional[int] = ..., deletion_cron: _Optional[str] = ..., schedule_id: _Optional[int] = ...) -> None: ...

class SchemaChangeLease(_message.Message):
    __slots__ = ("node_id", "expiration_time")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_TIME_FIELD_NUMBER: _ClassVar[int]
    node_id: int
    expiration_time: int
    def __init__(self, node_id: _Optional[int] = ..., expiration_time: _Optional[int] = ...) -> None: ...

class TableReference(_message.Message):
    __slots__ = ("id", "index_id", "column_ids", "by_id", "trigger_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_ID_FIELD_NUMBER: _ClassVar[int]
    COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    BY_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    index_id: int
    column_ids: _containers.RepeatedScalarFieldContainer[int]
    by_id: bool
    trigger_id: int
    def __init__(self, id: _Optional[int] = ..., index_id: _Optional[int] = ..., column_ids: _Optional[_Iterable[int]] = ..., by_id: _Optional[bool] = ..., trigger_id: _Optional[int] = ...) -> None: ...

class MutationJob(_message.Message):
    __slots__ = ("mutation_id", "job_id")
    MUTATION_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    mutation_id: int
    job_id: int
    def __init__(self, mutation_id: _Optional[int] = ..., job_id: _Optional[int] = ...) -> None: ...

class TableReplacement(_message.Message):
    __slots__ = ("id", "time")
    ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    id: int
    time: _kv_pb2.Timestamp
    def __init__(self, id: _Optional[int] = ..., time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GCDescriptorMutation(_message.Message):
    __slots__ = ("index_id", "drop_time", "job_id")
    INDEX_ID_FIELD_NUMBER: _ClassVar[int]
    DROP_TIME_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    index_id: int
    drop_time: int
    job_id: int
    def __init__(self, index_id: _Optional[int] = ..., drop_time: _Optional[int] = ..., job_id: _Optional[int] = ...) -> None: ...

class TableDescriptor(_message.Message):
    __slots__ = ("name", "id", "parent_id", "version", "up_version", "modification_time", "columns", "next_column_id", "primary_index", "indexes", "next_index_id", "privileges", "mutations", "lease", "next_mutation_id", "format_version", "state", "checks", "draining_names", "families", "next_family_id", "view_query", "dependsOn", "dependedOnBy", "mutationJobs", "sequence_opts", "drop_time", "replacement_of", "audit_mode", "drop_job_id", "gc_mutations", "create_query", "create_as_of_time", "outbound_fks", "inbound_fks", "offline_reason", "temporary", "unexposed_parent_schema_id", "is_materialized_view", "locality_config", "unique_without_index_constraints", "partition_all_by", "dependsOnTypes", "row_level_ttl", "exclude_data_from_backup", "next_constraint_id", "declarative_schema_changer_state", "dependsOnFunctions")
    class AuditMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DISABLED: _ClassVar[TableDescriptor.AuditMode]
        READWRITE: _ClassVar[TableDescriptor.AuditMode]
    DISABLED: TableDescriptor.AuditMode
    READWRITE: TableDescriptor.AuditMode
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    UP_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODIFICATION_TIME_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_COLUMN_ID_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_INDEX_FIELD_NUMBER: _ClassVar[int]
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    NEXT_INDEX_ID_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    MUTATIONS_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    NEXT_MUTATION_ID_FIELD_NUMBER: _ClassVar[int]
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    DRAINING_NAMES_FIELD_NUMBER: _ClassVar[int]
    FAMILIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_FAMILY_ID_FIELD_NUMBER: _ClassVar[int]
    VIEW_QUERY_FIELD_NUMBER: _ClassVar[int]
    DEPENDSON_FIELD_NUMBER: _ClassVar[int]
    DEPENDEDONBY_FIELD_NUMBER: _ClassVar[int]
    MUTATIONJOBS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_OPTS_FIELD_NUMBER: _ClassVar[int]
    DROP_TIME_FIELD_NUMBER: _ClassVar[int]
    REPLACEMENT_OF_FIELD_NUMBER: _ClassVar[int]
    AUDIT_MODE_FIELD_NUMBER: _ClassVar[int]
    DROP_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    GC_MUTATIONS_FIELD_NUMBER: _ClassVar[int]
    CREATE_QUERY_FIELD_NUMBER: _ClassVar[int]
    CREATE_AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    OUTBOUND_FKS_FIELD_NUMBER: _ClassVar[int]
    INBOUND_FKS_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_REASON_FIELD_NUMBER: _ClassVar[int]
    TEMPORARY_FIELD_NUMBER: _ClassVar[int]
    UNEXPOSED_PARENT_SCHEMA_ID_FIELD_NUMBER: _ClassVar[int]
    IS_MATERIALIZED_VIEW_FIELD_NUMBER: _ClassVar[int]
    LOCALITY_CONFIG_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_WITHOUT_INDEX_CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    PARTITION_ALL_BY_FIELD_NUMBER: _ClassVar[int]
    DEPENDSONTYPES_FIELD_NUMBER: _ClassVar[int]
    ROW_LEVEL_TTL_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_DATA_FROM_BACKUP_FIELD_NUMBER: _ClassVar[int]
    NEXT_CONSTRAINT_ID_FIELD_NUMBER: _ClassVar[int]
    DECLARATIVE_SCHEMA_CHANGER_STATE_FIELD_NUMBER: _ClassVar[int]
    DEPENDSONFUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    id: int
    parent_id: int
    version: int
    up_version: bool
    modification_time: _kv_pb2.Timestamp
    columns: _containers.RepeatedCompositeFieldContainer[ColumnDescriptor]
    next_column_id: int
    primary_index: _index_pb2.IndexDescriptor
    indexes: _containers.RepeatedCompositeFieldContainer[_index_pb2.IndexDescriptor]
    next_index_id: int
    privileges: _privilege_pb2.PrivilegeDescriptor
    mutations: _containers.RepeatedCompositeFieldContainer[DescriptorMutation]
    lease: SchemaChangeLease
    next_mutation_id: int
    format_version: int
    state: DescriptorState
    checks: _containers.RepeatedCompositeFieldContainer[CheckConstraint]
    draining_names: _containers.RepeatedCompositeFieldContainer[NameInfo]
    families: _containers.RepeatedCompositeFieldContainer[ColumnFamilyDescriptor]
    next_family_id: int
    view_query: str
    dependsOn: _containers.RepeatedScalarFieldContainer[int]
    dependedOnBy: _containers.RepeatedCompositeFieldContainer[TableReference]
    mutationJobs: _containers.RepeatedCompositeFieldContainer[MutationJob]
    sequence_opts: SequenceOpts
    drop_time: int
    replacement_of: TableReplacement
    audit_mode: TableDescriptor.AuditMode
    drop_job_id: int
    gc_mutations: _containers.RepeatedCompositeFieldContainer[GCDescriptorMutation]
    create_query: str
    create_as_of_time: _kv_pb2.Timestamp
    outbound_fks: _containers.RepeatedCompositeFieldContainer[ForeignKeyConstraint]
    inbound_fks: _containers.RepeatedCompositeFieldContainer[ForeignKeyConstraint]
    offline_reason: str
    temporary: bool
    unexposed_parent_schema_id: int
    is_materialized_view: bool
    locality_config: LocalityConfig
    unique_without_index_constraints: _containers.RepeatedCompositeFieldContainer[UniqueWithoutIndexConstraint]
    partition_all_by: bool
    dependsOnTypes: _containers.RepeatedScalarFieldContainer[int]
    row_level_ttl: RowLevelTTL
    exclude_data_from_backup: bool
    next_constraint_id: int
    declarative_schema_changer_state: DescriptorSchemaChangerState
    dependsOnFunctions: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., id: _Optional[int] = ..., parent_id: _Optional[int] = ..., version: _Optional[int] = ..., up_version: _Optional[bool] = ..., modification_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., columns: _Optional[_Iterable[_Union[ColumnDescriptor, _Mapping]]] = ..., next_column_id: _Optional[int] = ..., primary_index: _Optional[_Union[_index_pb2.IndexDescriptor, _Mapping]] = ..., indexes: _Optional[_Iterable[_Union[_index_pb2.IndexDescriptor, _Mapping]]] = ..., next_index_id: _Optional[int] = ..., privileges: _Optional[_Union[_privilege_pb2.PrivilegeDescriptor, _Mapping]] = ..., mutations: _Optional[_Iterable[_Union[DescriptorMutation, _Mapping]]] = ..., lease: _Optional[_Union[SchemaChangeLease, _Mapping]] = ..., next_mutation_id: _Optional[int] = ..., format_version: _Optional[int] = ..., state: _Optional[_Union[DescriptorState, str]] = ..., checks: _Optional[_Iterable[_Union[CheckConstraint, _Mapping]]] = ..., draining_names: _Optional[_Iterable[_Union[NameInfo, _Mapping]]] = ..., families: _Optional[_Iterable[_Union[ColumnFamilyDescriptor, _Mapping]]] = ..., next_family_id: _Optional[int] = ..., view_query: _Optional[str] = ..., dependsOn: _Optional[_Iterable[int]] = ..., dependedOnBy: _Optional[_Iterable[_Union[TableReference, _Mapping]]] = ..., mutationJobs: _Optional[_Iterable[_Union[MutationJob, _Mapping]]] = ..., sequence_opts: _Optional[_Union[SequenceOpts, _Mapping]] = ..., drop_time: _Optional[int] = ..., replacement_of: _Optional[_Union[TableReplacement, _Mapping]] = ..., audit_mode: _Optional[_Union[TableDescriptor.AuditMode, str]] = ..., drop_job_id: _Optional[int] = ..., gc_mutations: _Optional[_Iterable[_Union[GCDescriptorMutation, _Mapping]]] = ..., create_query: _Optional[str] = ..., create_as_of_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., outbound_fks: _Optional[_Iterable[_Union[ForeignKeyConstraint, _Mapping]]] = ..., inbound_fks: _Optional[_Iterable[_Union[ForeignKeyConstraint, _Mapping]]] = ..., offline_reason: _Optional[str] = ..., temporary: _Optional[bool] = ..., unexposed_parent_schema_id: _Optional[int] = ..., is_materialized_view: _Optional[bool] = ..., locality_config: _Optional[_Union[LocalityConfig, _Mapping]] = ..., unique_without_index_constraints: _Optional[_Iterable[_Union[UniqueWithoutIndexConstraint, _Mapping]]] = ..., partition_all_by: _Optional[bool] = ..., dependsOnTypes: _Optional[_Iterable[int]] = ..., row_level_ttl: _Optional[_Union[RowLevelTTL, _Mapping]] = ..., exclude_data_from_backup: _Optional[bool] = ..., next_constraint_id: _Optional[int] = ..., declarative_schema_changer_state: _Optional[_Union[DescriptorSchemaChangerState, _Mapping]] = ..., dependsOnFunctions: _Optional[_Iterable[int]] = ...) -> None: ...
