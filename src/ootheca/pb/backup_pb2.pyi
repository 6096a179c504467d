import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from ootheca.pb import descriptor_pb2 as _descriptor_pb2
from ootheca.pb import kv_pb2 as _kv_pb2
from ootheca.pb import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MVCCFilter(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    Latest: _ClassVar[MVCCFilter]
    All: _ClassVar[MVCCFilter]
Latest: MVCCFilter
All: MVCCFilter

class RowCount(_message.Message):
    __slots__ = ("data_size", "rows", "index_entries", "system_records")
    DATA_SIZE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    INDEX_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_RECORDS_FIELD_NUMBER: _ClassVar[int]
    data_size: int
    rows: int
    index_entries: int
    system_records: int
    def __init__(self, data_size: _Optional[int] = ..., rows: _Optional[int] = ..., index_entries: _Optional[int] = ..., system_records: _Optional[int] = ...) -> None: ...

class Version(_message.Message):
    __slots__ = ("major_val", "minor_val", "patch", "internal")
    MAJOR_VAL_FIELD_NUMBER: _ClassVar[int]
    MINOR_VAL_FIELD_NUMBER: _ClassVar[int]
    PATCH_FIELD_NUMBER: _ClassVar[int]
    INTERNAL_FIELD_NUMBER: _ClassVar[int]
    major_val: int
    minor_val: int
    patch: int
    internal: int
    def __init__(self, major_val: _Optional[int] = ..., minor_val: _Optional[int] = ..., patch: _Optional[int] = ..., internal: _Optional[int] = ...) -> None: ...

class BuildInfo(_message.Message):
    __slots__ = ("go_version", "tag", "time", "revision", "cgo_compiler", "platform", "distribution", "type", "channel", "cgo_target_triple", "env_channel", "dependencies")
    GO_VERSION_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CGO_COMPILER_FIELD_NUMBER: _ClassVar[int]
    PLATFORM_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    CGO_TARGET_TRIPLE_FIELD_NUMBER: _ClassVar[int]
    ENV_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    DEPENDENCIES_FIELD_NUMBER: _ClassVar[int]
    go_version: str
    tag: str
    time: str
    revision: str
    cgo_compiler: str
    platform: str
    distribution: str
    type: str
    channel: str
    cgo_target_triple: str
    env_channel: str
    dependencies: str
    def __init__(self, go_version: _Optional[str] = ..., tag: _Optional[str] = ..., time: _Optional[str] = ..., revision: _Optional[str] = ..., cgo_compiler: _Optional[str] = ..., platform: _Optional[str] = ..., distribution: _Optional[str] = ..., type: _Optional[str] = ..., channel: _Optional[str] = ..., cgo_target_triple: _Optional[str] = ..., env_channel: _Optional[str] = ..., dependencies: _Optional[str] = ...) -> None: ...

class ExternalStorage(_message.Message):
    __slots__ = ("provider", "LocalFile", "HttpPath", "FileTableConfig")
    class LocalFilePath(_message.Message):
        __slots__ = ("path", "node_id")
        PATH_FIELD_NUMBER: _ClassVar[int]
        NODE_ID_FIELD_NUMBER: _ClassVar[int]
        path: str
        node_id: int
        def __init__(self, path: _Optional[str] = ..., node_id: _Optional[int] = ...) -> None: ...
    class Http(_message.Message):
        __slots__ = ("baseUri",)
        BASEURI_FIELD_NUMBER: _ClassVar[int]
        baseUri: str
        def __init__(self, baseUri: _Optional[str] = ...) -> None: ...
    class FileTable(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    LOCALFILE_FIELD_NUMBER: _ClassVar[int]
    HTTPPATH_FIELD_NUMBER: _ClassVar[int]
    FILETABLECONFIG_FIELD_NUMBER: _ClassVar[int]
    provider: int
    LocalFile: ExternalStorage.LocalFilePath
    HttpPath: ExternalStorage.Http
    FileTableConfig: ExternalStorage.FileTable
    def __init__(self, provider: _Optional[int] = ..., LocalFile: _Optional[_Union[ExternalStorage.LocalFilePath, _Mapping]] = ..., HttpPath: _Optional[_Union[ExternalStorage.Http, _Mapping]] = ..., FileTableConfig: _Optional[_Union[ExternalStorage.FileTable, _Mapping]] = ...) -> None: ...

class File(_message.Message):
    __slots__ = ("span", "path", "sha512", "entry_counts", "start_time", "end_time", "locality_kv", "backing_file_size", "approximate_physical_size", "has_range_keys")
    SPAN_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SHA512_FIELD_NUMBER: _ClassVar[int]
    ENTRY_COUNTS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    LOCALITY_KV_FIELD_NUMBER: _ClassVar[int]
    BACKING_FILE_SIZE_FIELD_NUMBER: _ClassVar[int]
    APPROXIMATE_PHYSICAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    HAS_RANGE_KEYS_FIELD_NUMBER: _ClassVar[int]
    span: _kv_pb2.Span
    path: str
    sha512: bytes
    entry_counts: RowCount
    start_time: _kv_pb2.Timestamp
    end_time: _kv_pb2.Timestamp
    locality_kv: str
    backing_file_size: int
    approximate_physical_size: int
    has_range_keys: bool
    def __init__(self, span: _Optional[_Union[_kv_pb2.Span, _Mapping]] = ..., path: _Optional[str] = ..., sha512: _Optional[bytes] = ..., entry_counts: _Optional[_Union[RowCount, _Mapping]] = ..., start_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., locality_kv: _Optional[str] = ..., backing_file_size: _Optional[int] = ..., approximate_physical_size: _Optional[int] = ..., has_range_keys: _Optional[bool] = ...) -> None: ...

class DescriptorRevision(_message.Message):
    __slots__ = ("time", "ID", "desc")
    TIME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    DESC_FIELD_NUMBER: _ClassVar[int]
    time: _kv_pb2.Timestamp
    ID: int
    desc: _descriptor_pb2.Descriptor
    def __init__(self, time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., ID: _Optional[int] = ..., desc: _Optional[_Union[_descriptor_pb2.Descriptor, _Mapping]] = ...) -> None: ...

class TenantInfo(_message.Message):
    __slots__ = ("id", "state")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACTIVE: _ClassVar[TenantInfo.State]
        ADD: _ClassVar[TenantInfo.State]
        DROP: _ClassVar[TenantInfo.State]
    ACTIVE: TenantInfo.State
    ADD: TenantInfo.State
    DROP: TenantInfo.State
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    id: int
    state: TenantInfo.State
    def __init__(self, id: _Optional[int] = ..., state: _Optional[_Union[TenantInfo.State, str]] = ...) -> None: ...

class TenantInfoWithUsage(_message.Message):
    __slots__ = ("info",)
    INFO_FIELD_NUMBER: _ClassVar[int]
    info: TenantInfo
    def __init__(self, info: _Optional[_Union[TenantInfo, _Mapping]] = ...) -> None: ...

class HistogramData(_message.Message):
    __slots__ = ("buckets", "column_type", "version")
    class Bucket(_message.Message):
        __slots__ = ("num_eq", "num_range", "upper_bound", "distinct_range")
        NUM_EQ_FIELD_NUMBER: _ClassVar[int]
        NUM_RANGE_FIELD_NUMBER: _ClassVar[int]
        UPPER_BOUND_FIELD_NUMBER: _ClassVar[int]
        DISTINCT_RANGE_FIELD_NUMBER: _ClassVar[int]
        num_eq: int
        num_range: int
        upper_bound: bytes
        distinct_range: float
        def __init__(self, num_eq: _Optional[int] = ..., num_range: _Optional[int] = ..., upper_bound: _Optional[bytes] = ..., distinct_range: _Optional[float] = ...) -> None: ...
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    COLUMN_TYPE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    buckets: _containers.RepeatedCompositeFieldContainer[HistogramData.Bucket]
    column_type: _types_pb2.T
    version: int
    def __init__(self, buckets: _Optional[_Iterable[_Union[HistogramData.Bucket, _Mapping]]] = ..., column_type: _Optional[_Union[_types_pb2.T, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class TableStatisticProto(_message.Message):
    __slots__ = ("table_id", "statistic_id", "name", "column_ids", "created_at", "row_count", "distinct_count", "null_count", "histogram_data", "avg_size")
    TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    STATISTIC_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COLUMN_IDS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    DISTINCT_COUNT_FIELD_NUMBER: _ClassVar[int]
    NULL_COUNT_FIELD_NUMBER: _ClassVar[int]
    HISTOGRAM_DATA_FIELD_NUMBER: _ClassVar[int]
    AVG_SIZE_FIELD_NUMBER: _ClassVar[int]
    table_id: int
    statistic_id: int
    name: str
    column_ids: _containers.RepeatedScalarFieldContainer[int]
    created_at: _timestamp_pb2.Timestamp
    row_count: int
    distinct_count: int
    null_count: int
    histogram_data: HistogramData
    avg_size: int
    def __init__(self, table_id: _Optional[int] = ..., statistic_id: _Optional[int] = ..., name: _Optional[str] = ..., column_ids: _Optional[_Iterable[int]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., row_count: _Optional[int] = ..., distinct_count: _Optional[int] = ..., null_count: _Optional[int] = ..., histogram_data: _Optional[_Union[HistogramData, _Mapping]] = ..., avg_size: _Optional[int] = ...) -> None: ...

class StatsTable(_message.Message):
    __slots__ = ("statistics",)
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    statistics: _containers.RepeatedCompositeFieldContainer[TableStatisticProto]
    def __init__(self, statistics: _Optional[_Iterable[_Union[TableStatisticProto, _Mapping]]] = ...) -> None: ...

class BackupManifest(_message.Message):
    __slots__ = ("start_time", "end_time", "spans", "files", "descriptors", "total_data_size", "dir", "format_version", "cluster_id", "node_id", "build_info", "entry_counts", "mvcc_filter", "complete_dbs", "introduced_spans", "descriptor_changes", "revision_start_time", "id", "partition_descriptor_filenames", "locality_kvs", "deprecated_statistics", "descriptor_coverage", "statistics_filenames", "tenants_deprecated", "cluster_version", "tenants", "has_external_manifest_ssts", "elided_prefix", "is_compacted")
    class StatisticsFilenamesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: str
        def __init__(self, key: _Optional[int] = ..., value: _Optional[str] = ...) -> None: ...
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTORS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_DATA_SIZE_FIELD_NUMBER: _ClassVar[int]
    DIR_FIELD_NUMBER: _ClassVar[int]
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    BUILD_INFO_FIELD_NUMBER: _ClassVar[int]
    ENTRY_COUNTS_FIELD_NUMBER: _ClassVar[int]
    MVCC_FILTER_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_DBS_FIELD_NUMBER: _ClassVar[int]
    INTRODUCED_SPANS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTOR_CHANGES_FIELD_NUMBER: _ClassVar[int]
    REVISION_START_TIME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PARTITION_DESCRIPTOR_FILENAMES_FIELD_NUMBER: _ClassVar[int]
    LOCALITY_KVS_FIELD_NUMBER: _ClassVar[int]
    DEPRECATED_STATISTICS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTOR_COVERAGE_FIELD_NUMBER: _ClassVar[int]
    STATISTICS_FILENAMES_FIELD_NUMBER: _ClassVar[int]
    TENANTS_DEPRECATED_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    TENANTS_FIELD_NUMBER: _ClassVar[int]
    HAS_EXTERNAL_MANIFEST_SSTS_FIELD_NUMBER: _ClassVar[int]
    ELIDED_PREFIX_FIELD_NUMBER: _ClassVar[int]
    IS_COMPACTED_FIELD_NUMBER: _ClassVar[int]
    start_time: _kv_pb2.Timestamp
    end_time: _kv_pb2.Timestamp
    spans: _containers.RepeatedCompositeFieldContainer[_kv_pb2.Span]
    files: _containers.RepeatedCompositeFieldContainer[File]
    descriptors: _containers.RepeatedCompositeFieldContainer[_descriptor_pb2.Descriptor]
    total_data_size: int
    dir: ExternalStorage
    format_version: int
    cluster_id: bytes
    node_id: int
    build_info: BuildInfo
    entry_counts: RowCount
    mvcc_filter: MVCCFilter
    complete_dbs: _containers.RepeatedScalarFieldContainer[int]
    introduced_spans: _containers.RepeatedCompositeFieldContainer[_kv_pb2.Span]
    descriptor_changes: _containers.RepeatedCompositeFieldContainer[DescriptorRevision]
    revision_start_time: _kv_pb2.Timestamp
    id: bytes
    partition_descriptor_filenames: _containers.RepeatedScalarFieldContainer[str]
    locality_kvs: _containers.RepeatedScalarFieldContainer[str]
    deprecated_statistics: _containers.RepeatedCompositeFieldContainer[TableStatisticProto]
    descriptor_coverage: int
    statistics_filenames: _containers.ScalarMap[int, str]
    tenants_deprecated: _containers.RepeatedCompositeFieldContainer[TenantInfo]
    cluster_version: Version
    tenants: _containers.RepeatedCompositeFieldContainer[TenantInfoWithUsage]
    has_external_manifest_ssts: bool
    elided_prefix: int
    is_compacted: bool
    def __init__(self, start_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., spans: _Optional[_Iterable[_Union[_kv_pb2.Span, _Mapping]]] = ..., files: _Optional[_Iterable[_Union[File, _Mapping]]] = ..., descriptors: _Optional[_Iterable[_Union[_descriptor_pb2.Descriptor, _Mapping]]] = ..., total_data_size: _Optional[int] = ..., dir: _Optional[_Union[ExternalStorage, _Mapping]] = ..., format_version: _Optional[int] = ..., cluster_id: _Optional[bytes] = ..., node_id: _Optional[int] = ..., build_info: _Optional[_Union[BuildInfo, _Mapping]] = ..., entry_counts: _Optional[_Union[RowCount, _Mapping]] = ..., mvcc_filter: _Optional[_Union[MVCCFilter, str]] = ..., complete_dbs: _Optional[_Iterable[int]] = ..., introduced_spans: _Optional[_Iterable[_Union[_kv_pb2.Span, _Mapping]]] = ..., descriptor_changes: _Optional[_Iterable[_Union[DescriptorRevision, _Mapping]]] = ..., revision_start_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., id: _Optional[bytes] = ..., partition_descriptor_filenames: _Optional[_Iterable[str]] = ..., locality_kvs: _Optional[_Iterable[str]] = ..., deprecated_statistics: _Optional[_Iterable[_Union[TableStatisticProto, _Mapping]]] = ..., descriptor_coverage: _Optional[int] = ..., statistics_filenames: _Optional[_Mapping[int, str]] = ..., tenants_deprecated: _Optional[_Iterable[_Union[TenantInfo, _Mapping]]] = ..., cluster_version: _Optional[_Union[Version, _Mapping]] = ..., tenants: _Optional[_Iterable[_Union[TenantInfoWithUsage, _Mapping]]] = ..., has_external_manifest_ssts: _Optional[bool] = ..., elided_prefix: _Optional[int] = ..., is_compacted: _Optional[bool] = ...) -> None: ...

class BackupPartitionDescriptor(_message.Message):
    __slots__ = ("locality_kv", "files", "backup_id")
    LOCALITY_KV_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    BACKUP_ID_FIELD_NUMBER: _ClassVar[int]
    locality_kv: str
    files: _containers.RepeatedCompositeFieldContainer[File]
    backup_id: bytes
    def __init__(self, locality_kv: _Optional[str] = ..., files: _Optional[_Iterable[_Union[File, _Mapping]]] = ..., backup_id: _Optional[bytes] = ...) -> None: ...

class BackupIndexMetadata(_message.Message):
    __slots__ = ("start_time", "end_time", "path", "is_compacted", "mvcc_filter", "revision_start_time")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    IS_COMPACTED_FIELD_NUMBER: _ClassVar[int]
    MVCC_FILTER_FIELD_NUMBER: _ClassVar[int]
    REVISION_START_TIME_FIELD_NUMBER: _ClassVar[int]
    start_time: _kv_pb2.Timestamp
    end_time: _kv_pb2.Timestamp
    path: str
    is_compacted: bool
    mvcc_filter: MVCCFilter
    revision_start_time: _kv_pb2.Timestamp
    def __init__(self, start_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ..., path: _Optional[str] = ..., is_compacted: _Optional[bool] = ..., mvcc_filter: _Optional[_Union[MVCCFilter, str]] = ..., revision_start_time: _Optional[_Union[_kv_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EncryptionInfo(_message.Message):
    __slots__ = ("scheme", "salt", "encryptedDataKeyByKMSMasterKeyID")
    class Scheme(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        AES256GCM: _ClassVar[EncryptionInfo.Scheme]
    AES256GCM: EncryptionInfo.Scheme
    class DataKeyEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: bytes
        value: bytes
        def __init__(self, key: _Optional[bytes] = ..., value: _Optional[bytes] = ...) -> None: ...
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTEDDATAKEYBYKMSMASTERKEYID_FIELD_NUMBER: _ClassVar[int]
    scheme: EncryptionInfo.Scheme
    salt: bytes
    encryptedDataKeyByKMSMasterKeyID: _containers.RepeatedCompositeFieldContainer[EncryptionInfo.DataKeyEntry]
    def __init__(self, scheme: _Optional[_Union[EncryptionInfo.Scheme, str]] = ..., salt: _Optional[bytes] = ..., encryptedDataKeyByKMSMasterKeyID: _Optional[_Iterable[_Union[EncryptionInfo.DataKeyEntry, _Mapping]]] = ...) -> None: ...
