"""A layer's manifest as the JSON that SHOW BACKUP … WITH as_json prints.

Layout: one object; members sorted by their names, which are the fields' names in camelCase. Every field is there, set or
    not: an unset nullable message or scalar is null, an unset repeated field [], an unset map {}, any other field its
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
_MARK: Final = "__redacted__"
_PACKAGE: Final = "ootheca.pb."

# Names that differ from those of our definitions, which keep the names of 20.2.
_RENAMED: Final = {
}  # fmt: skip


def manifest_json(manifest: pb.BackupManifest, place: URI | None = None) -> str:
    """Return the JSON text of a manifest, as CockroachDB's JSONB prints it.

    Args:
        place: where the layer is, for the member `dir`; None for a layer that was found below another one.
    """
    whole = pb.BackupManifest()
    whole.CopyFrom(manifest)
    value = _message(complete(whole, _PRINTED_VERSION))
    value[_MARK] = True
    value["dir"] = _directory(place)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _directory(place: URI | None) -> dict[str, Any]:
    return {}


def _message(message: Any) -> dict[str, Any]:
    printed: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof is not None and not message.HasField(field.name):
            continue
        printed[field.json_name] = _field(message, field)
    return printed


def _field(message: Any, field: Any) -> Any:
    entry = map_entry(field)
    if entry is not None:
        of_value = entry.fields_by_name["value"]
        return {str(key): _value(of_value, value) for key, value in getattr(message, field.name).items()}
    if field.is_repeated:
        return [_value(field, value) for value in getattr(message, field.name)]
    if field.has_presence and not message.HasField(field.name):
        return None
    return _value(field, getattr(message, field.name))


def _value(field: Any, value: Any) -> Any:
    if field.message_type is not None:
        return _message(value)
    if field.enum_type is not None:
        return field.enum_type.values_by_number[value].name
    if field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64):
        return str(value)
    if field.type == field.TYPE_BYTES:
        return base64.b64encode(value).decode()
    return value
