"""Which fields CockroachDB always writes, zero or not: one table, and `complete`, which applies it.

CockroachDB's generator writes every non-nullable embedded message, even an empty one, and in its proto2
messages every non-nullable scalar as well. Its proto3 messages never write a zero scalar. A message that went
through `complete` holds exactly the fields that CockroachDB would write for the same values, so it encodes to
the same bytes.

Source: fixtures/golden/20.2 and 21.2, every message of every readable manifest, partition and statistics
file; for the messages of unfinished schema changes that do not occur there, backups of 20.2 taken
during schema changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor as MessageType
from google.protobuf.descriptor import FieldDescriptor

from ootheca import pb
from ootheca.codec.wire import map_entry
from ootheca.profile import profile

__all__ = ["complete"]

M = TypeVar("M", bound=pb.Message)

# Message → fields that the 20.2 build always writes.
_ALWAYS = {
    "BackupManifest": "start_time end_time dir build_info entry_counts revision_start_time",
    "BuildInfo": (
        "go_version tag time revision cgo_compiler platform distribution type channel "
        "cgo_target_triple env_channel"
    ),
    "CheckConstraint": "expr name validity is_non_null_constraint hidden",
    "ColumnDescriptor": (
        "name id type nullable hidden pg_attribute_num alter_column_type_in_progress system_column_kind"
    ),
    "ColumnFamilyDescriptor": "name id default_column_id",
    "ConstraintToUpdate": "constraint_type name check foreign_key not_null_column",
    "DatabaseDescriptor": "name id privileges modification_time version state offline_reason",
    "DefaultPrivilegeDescriptor": "type",
    "DefaultPrivilegesForRole.ExplicitRole": (
        "user_proto public_has_usage_on_types role_has_all_privileges_on_tables "
        "role_has_all_privileges_on_sequences role_has_all_privileges_on_schemas "
        "role_has_all_privileges_on_types"
    ),
    "DefaultPrivilegesForRole.ForAllRolesPseudoRole": "public_has_usage_on_types",
    "DescriptorMutation": "state direction mutation_id rollback",
    "DescriptorRevision": "time",
    "EnumMember": "physical_representation logical_representation capability",
    "ExternalStorage": "LocalFile HttpPath FileTableConfig",
    "File": "span entry_counts start_time end_time",
    "ForeignKeyConstraint": "origin_table_id referenced_table_id name validity on_delete on_update match",
    "ForeignKeyReference": "table index name validity shared_prefix_len on_delete on_update match",
    "GCDescriptorMutation": "index_id drop_time job_id",
    "GeoMetadata": "srid shape_type",
    "HistogramData": "column_type",
    "IndexDescriptor": (
        "name id unique foreign_key interleave partitioning type created_explicitly version "
        "encoding_type sharded disabled geo_config predicate"
    ),
    "InterleaveDescriptor.Ancestor": "table_id index_id shared_prefix_len",
    "IntervalDurationField": "duration_type from_duration_type",
    "MutationJob": "mutation_id job_id",
    "NameInfo": "parent_id name parent_schema_id",
    "PartitioningDescriptor": "num_columns",
    "PartitioningDescriptor.List": "name subpartitioning",
    "PartitioningDescriptor.Range": "name",
    "PersistentUserDefinedTypeMetadata": "array_type_oid",
    "PrimaryKeySwap": "new_primary_index_id old_primary_index_id",
    "PrivilegeDescriptor": "owner_proto version",
    "RowLevelTTL": "duration_expr select_batch_size delete_batch_size deletion_cron schedule_id",
    "SchemaDescriptor": "parent_id name id privileges modification_time version state offline_reason",
    "SchemaInfo": "id dropped",
    "SequenceOpts": "increment min_value max_value start virtual sequence_owner",
    "SequenceOwner": "owner_column_id owner_table_id",
    "ShardedDescriptor": "is_sharded name shard_buckets",
    "T": "family width precision visible_type oid time_precision_is_set",
    "TableDescriptor": (
        "name id parent_id version modification_time next_column_id primary_index next_index_id "
        "privileges next_mutation_id format_version state next_family_id view_query drop_time "
        "replacement_of audit_mode drop_job_id create_query create_as_of_time offline_reason "
        "temporary unexposed_parent_schema_id is_materialized_view"
    ),
    "TableReference": "id index_id",
    "TableReplacement": "id time",
    "TableStatisticProto": "created_at",
    "TenantInfo": "id state",
    "TypeDescriptor": (
        "parent_id parent_schema_id name id kind array_type_id version modification_time state "
        "privileges offline_reason"
    ),
    "UniqueWithoutIndexConstraint": "table_id name validity predicate constraint_id",
    "UserPrivileges": "user_proto privileges",
    "Version": "major_val minor_val patch internal",
}

# Version → message → fields that it always writes beyond those of the version before. Nothing was dropped.
_ADDED: dict[str, dict[str, str]] = {
    "20.2": {},
    "21.2": {
        "BackupManifest": "cluster_version",
        "CheckConstraint": "constraint_id",
        "ColumnDescriptor": "virtual inaccessible generated_as_identity_type",
        "ConstraintToUpdate": "unique_without_index_constraint",
        "EnumMember": "direction",
        "ForeignKeyConstraint": "constraint_id",
        "IndexDescriptor": "use_delete_preserving_encoding created_at_nanos constraint_id",
        "PartitioningDescriptor": "num_implicit_columns",
        "SequenceOpts": "cache_size as_integer_type",
        "TableDescriptor": "partition_all_by exclude_data_from_backup next_constraint_id",
        "TableReference": "by_id",
        "TenantInfoWithUsage": "info",
        "UserPrivileges": "with_grant_option",
    },
}

# CockroachDB's proto3 messages: a zero scalar is not written.
_PROTO3 = frozenset(
    {
        "BackupIndexMetadata",
        "BackupManifest",
        "BackupPartitionDescriptor",
        "DescriptorRevision",
        "ExternalStorage",
        "ExternalStorage.Http",
        "ExternalStorage.LocalFilePath",
        "File",
        "HistogramData",
        "HistogramData.Bucket",
        "RowCount",
        "S2Config",
        "S2GeographyConfig",
        "S2GeometryConfig",
        "Span",
        "TableStatisticProto",
        "Timestamp",
    }
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What `complete` does to one message type."""

    scalars: tuple[tuple[str, Any], ...]  # written always: name, default
    messages: tuple[str, ...]  # written always
    omitted: tuple[str, ...]  # not written when zero
    single: tuple[str, ...]  # children to complete in their turn
    repeated: tuple[str, ...]
    maps: tuple[str, ...]
    is_type: bool  # T, whose array_elem_type goes with array_contents


def complete(message: M, version: str) -> M:
    """Set, in place and through all parts, every field that CockroachDB always writes; return the message.

    A zero scalar that CockroachDB would not write loses its presence. Fields that a newer version set stay.

    Raises:
        InvalidOptionError: no profile is proven for that version.
    """
    profile(version)
    _complete(message, version)
    return message


def _complete(message: Any, version: str) -> None:
    rule = _rule(message.DESCRIPTOR, version)
    for name, default in rule.scalars:
        if not message.HasField(name):
            setattr(message, name, default)
    for name in rule.omitted:
        if message.HasField(name) and not getattr(message, name):
            message.ClearField(name)
    for name in rule.messages:
        if not message.HasField(name):
            getattr(message, name).SetInParent()
    for name in rule.single:
        if message.HasField(name):
            _complete(getattr(message, name), version)
    for name in rule.repeated:
        for part in getattr(message, name):
            _complete(part, version)
    for name in rule.maps:
        for part in getattr(message, name).values():
            _complete(part, version)
    if rule.is_type and message.HasField("array_contents"):
        message.array_elem_type = message.array_contents.family


@cache
def _rule(message_type: MessageType, version: str) -> _Rule:
    name = message_type.full_name.removeprefix("ootheca.pb.")
    always = _always(name, version)
    singular = [field for field in message_type.fields if not field.is_repeated]
    is_proto3 = name in _PROTO3
    return _Rule(
        scalars=tuple((f.name, f.default_value) for f in singular if f.name in always and not f.message_type),
        messages=tuple(f.name for f in singular if f.name in always and f.message_type),
        omitted=tuple(f.name for f in singular if is_proto3 and not f.message_type and f.has_presence),
        single=_names(singular, _has_rules),
        repeated=_names(message_type.fields, lambda f: f.is_repeated and not map_entry(f) and _has_rules(f)),
        maps=_names(message_type.fields, _maps_to_rules),
        is_type=name == "T",
    )


def _always(name: str, version: str) -> frozenset[str]:
    fields = _ALWAYS.get(name, "").split()
    for added_in, added in _ADDED.items():
        fields += added.get(name, "").split()
        if added_in == version:
            break
    return frozenset(fields)


def _names(fields: Any, chosen: Callable[[FieldDescriptor], bool]) -> tuple[str, ...]:
    return tuple(field.name for field in fields if chosen(field))


def _has_rules(field: FieldDescriptor) -> bool:
    """Whether the field holds messages of ours."""
    return field.message_type is not None and field.message_type.full_name.startswith("ootheca.pb.")


def _maps_to_rules(field: FieldDescriptor) -> bool:
    entry = map_entry(field)
    return entry is not None and _has_rules(entry.fields_by_name["value"])
