"""A layer's manifest as the JSON that SHOW BACKUP … WITH as_json prints.

Layout: one object; members sorted by their names, which are the fields' names in camelCase. Every field is there, set
    or not: an unset nullable message or scalar is null, an unset repeated field [], an unset map {}, any other its
    default. 64-bit numbers are strings, enumeration members their names, bytes base64, UUIDs and instants texts. Of a
    oneof only the member that is set is there. `"__redacted__": true` stands in the outermost object.
Source: fixtures/golden/21.2/p_new22 (four manifests, byte for byte), conformance/21.2/scenarios/n3_show_backup.json.
"""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any, Final
from uuid import UUID

from ootheca import pb
from ootheca.codec.manifest import complete
from ootheca.codec.wire import map_entry
from ootheca.uri import URI

__all__ = ["manifest_json"]

_PRINTED_VERSION: Final = "21.2"  # the first proven version with as_json

# Messages whose scalars are never null: CockroachDB declares them in proto3.
_WITHOUT_NULL: Final = frozenset(
    {
        "BackupManifest", "DescriptorRevision", "File", "HistogramData", "HistogramData.Bucket", "RowCount",
        "S2Config", "S2GeographyConfig", "S2GeometryConfig", "Span", "TableStatisticProto", "Timestamp",
    }
)  # fmt: skip

# Fields that this version does not have: older ones, and newer ones. They are printed only where they are set.
_UNKNOWN: Final = {
    "BackupManifest": "total_data_size has_external_manifest_ssts elided_prefix is_compacted",
    "ColumnDescriptor": "uses_function_ids",
    "File": "sha512 backing_file_size approximate_physical_size has_range_keys",
    "ForeignKeyConstraint": (
        "legacy_origin_index legacy_referenced_index legacy_upgraded_from_origin_reference "
        "legacy_upgraded_from_referenced_reference"
    ),
    "HistogramData": "version",
    "IndexDescriptor": "inverted_column_kinds invisibility not_visible",
    "RowCount": "system_records",
    "SequenceOpts": "node_cache_size",
    "TableDescriptor": "dependsOnFunctions up_version",
    "TableReference": "trigger_id",
    "TableStatisticProto": "avg_size",
    "TypeDescriptor": "composite",
}
_NAMELESS: Final = frozenset({("Family", 11)})  # a member that this version prints as its number
_SHORT: Final = frozenset({"UserPrivileges"})  # messages with 32-bit numbers that became longer since
_UUIDS: Final = frozenset({"BackupManifest.cluster_id", "BackupManifest.id"})
_PACKAGE: Final = "ootheca.pb."
_PROVIDERS: Final = {"azure-storage": "azure", "azure-blob": "azure", "https": "http"}


def manifest_json(manifest: pb.BackupManifest, place: URI | None = None) -> str:
    """Return the JSON text of a manifest, as CockroachDB's JSONB prints it.

    Args:
        place: where the layer is, for the member `dir`; None for a layer that was found below another one.
    """
    whole = pb.BackupManifest()
    whole.CopyFrom(manifest)
    value = _message(complete(whole, _PRINTED_VERSION))
    value["__redacted__"] = True
    value["dir"] = _directory(place)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _directory(place: URI | None) -> dict[str, Any]:
    """Return where the layer is. What a cloud needs to be reached holds secrets, and is left out."""
    is_local = place is not None and place.scheme == "nodelocal"
    local: dict[str, Any] = {"nodeId": 0, "path": ""}
    if place is not None and is_local:
        local = {"nodeId": int(place.host) if place.host.isdigit() else 0, "path": place.path}
    return {
        "AzureConfig": None,
        "FileTableConfig": {"path": "", "qualifiedTableName": "", "user": ""},
        "GoogleCloudConfig": None,
        "HttpPath": {"baseUri": ""},
        "LocalFile": local,
        "S3Config": None,
        "provider": "Unknown" if place is None else _PROVIDERS.get(place.scheme, place.scheme),
    }


def _message(message: Any) -> dict[str, Any]:
    printed: dict[str, Any] = {}
    for field, is_printed_unset in _fields(message.DESCRIPTOR):
        if not is_printed_unset and not _is_set(message, field):
            continue
        printed[field.json_name] = _field(message, field)
    return printed


@cache
def _fields(message_type: Any) -> tuple[tuple[Any, bool], ...]:
    """Return the fields of a type, and whether each is printed when it is not set."""
    unknown = _UNKNOWN.get(_name(message_type), "").split()
    return tuple(
        (field, field.name not in unknown and field.containing_oneof is None) for field in message_type.fields
    )


def _name(message_type: Any) -> str:
    return str(message_type.full_name).removeprefix(_PACKAGE)


def _is_set(message: Any, field: Any) -> bool:
    return bool(getattr(message, field.name)) if field.is_repeated else bool(message.HasField(field.name))


def _field(message: Any, field: Any) -> Any:
    entry = map_entry(field)
    value = getattr(message, field.name)
    if entry is not None:
        of_value = entry.fields_by_name["value"]
        return {str(key): _value(of_value, value[key]) for key in value}
    if field.is_repeated:
        return [_value(field, each) for each in value]
    if not message.HasField(field.name):
        if field.message_type is not None or _name(message.DESCRIPTOR) not in _WITHOUT_NULL:
            return None
    elif f"{_name(message.DESCRIPTOR)}.{field.name}" in _UUIDS and len(value) == 16:
        return str(UUID(bytes=value))
    return _value(field, value)


def _value(field: Any, value: Any) -> Any:
    """Return one value of a field as what the JSON writer takes."""
    if field.message_type is not None:
        is_instant = field.message_type.full_name == "google.protobuf.Timestamp"
        return value.ToJsonString() if is_instant else _message(value)
    if field.enum_type is not None:
        member = field.enum_type.values_by_number.get(value)
        is_nameless = member is None or (_name(field.enum_type), value) in _NAMELESS
        return value if is_nameless else member.name
    if field.type == field.TYPE_BYTES:
        return base64.b64encode(value).decode()
    if field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64):
        return value if _name(field.containing_type) in _SHORT else str(value)
    if field.cpp_type == field.CPPTYPE_DOUBLE and value.is_integer():
        return int(value)
    return value
