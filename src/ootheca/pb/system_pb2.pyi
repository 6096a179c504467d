from ootheca.pb import kv_pb2 as _kv_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BackupDetails(_message.Message):
    __slots__ = ("start_time", "end_time", "uri")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    start_time: _kv_pb2.Timestamp
    end_time: _kv_pb2.Timestamp
    uri: str
    def __init__(self, start_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., uri: _Optional[str] = ...) -> None: ...

class RestoreDetails(_message.Message):
    __slots__ = ("end_time", "uris")
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    URIS_FIELD_NUMBER: _ClassVar[int]
    end_time: _kv_pb2.Timestamp
    uris: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, end_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., uris: _Optional[_Iterable[str]] = ...) -> None: ...

class JobPayload(_message.Message):
    __slots__ = ("description", "username_proto", "started_micros", "finished_micros", "descriptor_ids", "error", "backup", "restore", "schema_change", "changefeed", "create_stats", "statement", "noncancelable", "schema_change_gc", "type_schema_change", "stream_ingestion", "new_schema_change", "migration", "auto_span_config_reconciliation", "pause_reason")
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    USERNAME_PROTO_FIELD_NUMBER: _ClassVar[int]
    STARTED_MICROS_FIELD_NUMBER: _ClassVar[int]
    FINISHED_MICROS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTOR_IDS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    BACKUP_FIELD_NUMBER: _ClassVar[int]
    RESTORE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_CHANGE_FIELD_NUMBER: _ClassVar[int]
    IMPORT_FIELD_NUMBER: _ClassVar[int]
    CHANGEFEED_FIELD_NUMBER: _ClassVar[int]
    CREATE_STATS_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    NONCANCELABLE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_CHANGE_GC_FIELD_NUMBER: _ClassVar[int]
    TYPE_SCHEMA_CHANGE_FIELD_NUMBER: _ClassVar[int]
    STREAM_INGESTION_FIELD_NUMBER: _ClassVar[int]
    NEW_SCHEMA_CHANGE_FIELD_NUMBER: _ClassVar[int]
    MIGRATION_FIELD_NUMBER: _ClassVar[int]
    AUTO_SPAN_CONFIG_RECONCILIATION_FIELD_NUMBER: _ClassVar[int]
    PAUSE_REASON_FIELD_NUMBER: _ClassVar[int]
    description: str
    username_proto: str
    started_micros: int
    finished_micros: int
    descriptor_ids: _containers.RepeatedScalarFieldContainer[int]
    error: str
    backup: BackupDetails
    restore: RestoreDetails
    schema_change: bytes
    changefeed: bytes
    create_stats: CreateStatsDetails
    statement: _containers.RepeatedScalarFieldContainer[str]
    noncancelable: bool
    schema_change_gc: bytes
    type_schema_change: bytes
    stream_ingestion: bytes
    new_schema_change: bytes
    migration: bytes
    auto_span_config_reconciliation: bytes
    pause_reason: str
    def __init__(self, description: _Optional[str] = ..., username_proto: _Optional[str] = ..., started_micros: _Optional[int] = ..., finished_micros: _Optional[int] = ..., descriptor_ids: _Optional[_Iterable[int]] = ..., error: _Optional[str] = ..., backup: _Optional[_Union[BackupDetails, _Mapping]] = ..., restore: _Optional[_Union[RestoreDetails, _Mapping]] = ..., schema_change: _Optional[bytes] = ..., changefeed: _Optional[bytes] = ..., create_stats: _Optional[_Union[CreateStatsDetails, _Mapping]] = ..., statement: _Optional[_Iterable[str]] = ..., noncancelable: _Optional[bool] = ..., schema_change_gc: _Optional[bytes] = ..., type_schema_change: _Optional[bytes] = ..., stream_ingestion: _Optional[bytes] = ..., new_schema_change: _Optional[bytes] = ..., migration: _Optional[bytes] = ..., auto_span_config_reconciliation: _Optional[bytes] = ..., pause_reason: _Optional[str] = ..., **kwargs) -> None: ...

class CreateStatsDetails(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class BackupProgress(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RestoreProgress(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class JobProgress(_message.Message):
    __slots__ = ("fraction_completed", "modified_micros", "running_status", "backup", "restore")
    FRACTION_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_MICROS_FIELD_NUMBER: _ClassVar[int]
    RUNNING_STATUS_FIELD_NUMBER: _ClassVar[int]
    BACKUP_FIELD_NUMBER: _ClassVar[int]
    RESTORE_FIELD_NUMBER: _ClassVar[int]
    fraction_completed: float
    modified_micros: int
    running_status: str
    backup: BackupProgress
    restore: RestoreProgress
    def __init__(self, fraction_completed: _Optional[float] = ..., modified_micros: _Optional[int] = ..., running_status: _Optional[str] = ..., backup: _Optional[_Union[BackupProgress, _Mapping]] = ..., restore: _Optional[_Union[RestoreProgress, _Mapping]] = ...) -> None: ...

class Any(_message.Message):
    __slots__ = ("type_url", "value")
    TYPE_URL_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    type_url: str
    value: bytes
    def __init__(self, type_url: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...

class ExecutionArguments(_message.Message):
    __slots__ = ("args",)
    ARGS_FIELD_NUMBER: _ClassVar[int]
    args: Any
    def __init__(self, args: _Optional[_Union[Any, _Mapping]] = ...) -> None: ...

class ScheduleDetails(_message.Message):
    __slots__ = ("wait", "on_error")
    class WaitBehavior(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        WAIT: _ClassVar[ScheduleDetails.WaitBehavior]
        NO_WAIT: _ClassVar[ScheduleDetails.WaitBehavior]
        SKIP: _ClassVar[ScheduleDetails.WaitBehavior]
    WAIT: ScheduleDetails.WaitBehavior
    NO_WAIT: ScheduleDetails.WaitBehavior
    SKIP: ScheduleDetails.WaitBehavior
    class ErrorHandlingBehavior(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RETRY_SCHED: _ClassVar[ScheduleDetails.ErrorHandlingBehavior]
        RETRY_SOON: _ClassVar[ScheduleDetails.ErrorHandlingBehavior]
        PAUSE_SCHED: _ClassVar[ScheduleDetails.ErrorHandlingBehavior]
    RETRY_SCHED: ScheduleDetails.ErrorHandlingBehavior
    RETRY_SOON: ScheduleDetails.ErrorHandlingBehavior
    PAUSE_SCHED: ScheduleDetails.ErrorHandlingBehavior
    WAIT_FIELD_NUMBER: _ClassVar[int]
    ON_ERROR_FIELD_NUMBER: _ClassVar[int]
    wait: ScheduleDetails.WaitBehavior
    on_error: ScheduleDetails.ErrorHandlingBehavior
    def __init__(self, wait: _Optional[_Union[ScheduleDetails.WaitBehavior, str]] = ..., on_error: _Optional[_Union[ScheduleDetails.ErrorHandlingBehavior, str]] = ...) -> None: ...

class ScheduleState(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: str
    def __init__(self, status: _Optional[str] = ...) -> None: ...

class ScheduledBackupExecutionArgs(_message.Message):
    __slots__ = ("backup_type", "backup_statement", "unpause_on_success", "updates_last_backup_metric", "dependent_schedule_id")
    class BackupType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FULL: _ClassVar[ScheduledBackupExecutionArgs.BackupType]
        INCREMENTAL: _ClassVar[ScheduledBackupExecutionArgs.BackupType]
    FULL: ScheduledBackupExecutionArgs.BackupType
    INCREMENTAL: ScheduledBackupExecutionArgs.BackupType
    BACKUP_TYPE_FIELD_NUMBER: _ClassVar[int]
    BACKUP_STATEMENT_FIELD_NUMBER: _ClassVar[int]
    UNPAUSE_ON_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    UPDATES_LAST_BACKUP_METRIC_FIELD_NUMBER: _ClassVar[int]
    DEPENDENT_SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    backup_type: ScheduledBackupExecutionArgs.BackupType
    backup_statement: str
    unpause_on_success: int
    updates_last_backup_metric: bool
    dependent_schedule_id: int
    def __init__(self, backup_type: _Optional[_Union[ScheduledBackupExecutionArgs.BackupType, str]] = ..., backup_statement: _Optional[str] = ..., unpause_on_success: _Optional[int] = ..., updates_last_backup_metric: _Optional[bool] = ..., dependent_schedule_id: _Optional[int] = ...) -> None: ...

class GCPolicy(_message.Message):
    __slots__ = ("ttl_seconds",)
    TTL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    ttl_seconds: int
    def __init__(self, ttl_seconds: _Optional[int] = ...) -> None: ...

class ZoneConfig(_message.Message):
    __slots__ = ("range_min_bytes", "range_max_bytes", "gc", "num_replicas", "constraints", "subzone_spans", "subzones", "lease_preferences", "inherited_constraints", "inherited_lease_preferences", "global_reads", "num_voters", "voter_constraints", "null_voter_constraints_is_empty")
    RANGE_MIN_BYTES_FIELD_NUMBER: _ClassVar[int]
    RANGE_MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    GC_FIELD_NUMBER: _ClassVar[int]
    NUM_REPLICAS_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    SUBZONE_SPANS_FIELD_NUMBER: _ClassVar[int]
    SUBZONES_FIELD_NUMBER: _ClassVar[int]
    LEASE_PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    INHERITED_CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    INHERITED_LEASE_PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_READS_FIELD_NUMBER: _ClassVar[int]
    NUM_VOTERS_FIELD_NUMBER: _ClassVar[int]
    VOTER_CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    NULL_VOTER_CONSTRAINTS_IS_EMPTY_FIELD_NUMBER: _ClassVar[int]
    range_min_bytes: int
    range_max_bytes: int
    gc: GCPolicy
    num_replicas: int
    constraints: _containers.RepeatedScalarFieldContainer[bytes]
    subzone_spans: _containers.RepeatedScalarFieldContainer[bytes]
    subzones: _containers.RepeatedScalarFieldContainer[bytes]
    lease_preferences: _containers.RepeatedScalarFieldContainer[bytes]
    inherited_constraints: bool
    inherited_lease_preferences: bool
    global_reads: bool
    num_voters: int
    voter_constraints: _containers.RepeatedScalarFieldContainer[bytes]
    null_voter_constraints_is_empty: bool
    def __init__(self, range_min_bytes: _Optional[int] = ..., range_max_bytes: _Optional[int] = ..., gc: _Optional[_Union[GCPolicy, _Mapping]] = ..., num_replicas: _Optional[int] = ..., constraints: _Optional[_Iterable[bytes]] = ..., subzone_spans: _Optional[_Iterable[bytes]] = ..., subzones: _Optional[_Iterable[bytes]] = ..., lease_preferences: _Optional[_Iterable[bytes]] = ..., inherited_constraints: _Optional[bool] = ..., inherited_lease_preferences: _Optional[bool] = ..., global_reads: _Optional[bool] = ..., num_voters: _Optional[int] = ..., voter_constraints: _Optional[_Iterable[bytes]] = ..., null_voter_constraints_is_empty: _Optional[bool] = ...) -> None: ...
