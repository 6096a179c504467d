"""Protobuf bytes as CockroachDB's Go code orders them.

The protobuf runtime's own order differs from Go's in two places, and only there this module orders fields:

* The member of a oneof stands at the place of the oneof's lowest number in 20.2, of its highest in 21.2: in
  a `DescriptorMutation` (members 1, 2, 8 to 12) before or after the fields 3 to 7. Source: revision histories
  of fixtures/golden/21.2/e_revision; mid-schema-change backups of 19.2 to 20.2.
* Map entries with number keys ascend (the runtime writes them descending). Source: fixtures/golden,
  `statistics_filenames` of every manifest.

Unknown fields follow the known ones, as in Go.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor as MessageType
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from ootheca import pb
from ootheca.codec.uvarint import encode_uvarint
from ootheca.errors import CorruptionError
from ootheca.profile import profile

__all__ = ["decode", "encode", "map_entry"]

_LENGTH_DELIMITED = 2
_ONEOFS_FIRST = {"20.2": True, "21.2": False}  # whether a oneof stands at its lowest number
M = TypeVar("M", bound=pb.Message)


def decode(message_type: type[M], raw: bytes, *, location: str) -> M:
    """Decode one message; fields that its definition does not name are kept.

    Raises:
        CorruptionError: the bytes are no such message.
    """
    message = message_type()
    try:
        message.ParseFromString(raw)
    except DecodeError as exc:
        raise CorruptionError(
            f"proto: {message_type.__name__}: wire format was corrupt", location=location
        ) from exc
    return message


def encode(message: pb.Message, *, version: str) -> bytes:
    """Encode a message as it stands, its fields in the order in which that version's writer puts them.

    Raises:
        InvalidOptionError: no profile is proven for that version.
    """
    return _encode(message, oneofs_first=_ONEOFS_FIRST[profile(version).version])


def map_entry(field: FieldDescriptor) -> MessageType | None:
    """Return the type of a map field's entries, None when the field is no map."""
    entry = field.message_type
    return entry if entry is not None and entry.GetOptions().map_entry else None


def _encode(message: Any, *, oneofs_first: bool) -> bytes:
    message_type: MessageType = message.DESCRIPTOR
    present = [field for field, _ in message.ListFields()]
    if not _is_ordered(message_type) and not any(map(_holds_ordered, present)):
        return bytes(message.SerializeToString(deterministic=True))
    places = _places(message_type, oneofs_first)
    present.sort(key=lambda field: places[field.number])
    parts = [_encode_field(message, field, oneofs_first) for field in present]
    if len(UnknownFieldSet(message)):
        parts.append(_encode_unknown(message, present))
    return b"".join(parts)


@cache
def _places(message_type: MessageType, oneofs_first: bool) -> dict[int, int]:
    """Field number → the number at whose place it is written."""
    choose = min if oneofs_first else max
    places = {field.number: field.number for field in message_type.fields}
    for oneof in message_type.oneofs:
        place = choose(member.number for member in oneof.fields)
        places.update((member.number, place) for member in oneof.fields)
    return places


def _encode_field(message: Any, field: FieldDescriptor, oneofs_first: bool) -> bytes:
    value = getattr(message, field.name)
    if entry := map_entry(field):
        return b"".join(_encode_map_entry(message, field, entry, key) for key in sorted(value))
    if field.message_type:
        parts = value if field.is_repeated else [value]
        return b"".join(_delimited(field.number, _encode(part, oneofs_first=oneofs_first)) for part in parts)
    only: Any = type(message)()
    if field.is_repeated:
        getattr(only, field.name).extend(value)
    else:
        setattr(only, field.name, value)
    return bytes(only.SerializeToString())


def _encode_map_entry(message: Any, field: FieldDescriptor, entry: MessageType, key: Any) -> bytes:
    only: Any = type(message)()
    value = getattr(message, field.name)[key]
    if entry.fields_by_name["value"].message_type:
        getattr(only, field.name)[key].CopyFrom(value)
    else:
        getattr(only, field.name)[key] = value
    return bytes(only.SerializeToString())


def _encode_unknown(message: Any, present: Iterable[FieldDescriptor]) -> bytes:
    rest: Any = type(message)()
    rest.CopyFrom(message)
    for field in present:
        rest.ClearField(field.name)
    return bytes(rest.SerializeToString())


def _delimited(number: int, raw: bytes) -> bytes:
    return encode_uvarint(number << 3 | _LENGTH_DELIMITED) + encode_uvarint(len(raw)) + raw


@cache
def _is_ordered(message_type: MessageType) -> bool:
    """Whether the runtime would order this type's own fields differently than some version does."""
    numbers = sorted(field.number for field in message_type.fields)
    for oneofs_first in (True, False):
        places = _places(message_type, oneofs_first)
        in_order = [places[number] for number in numbers]
        if in_order != sorted(in_order):
            return True
    return any(map(_has_number_keys, message_type.fields))


def _has_number_keys(field: FieldDescriptor) -> bool:
    entry = map_entry(field)
    return entry is not None and entry.fields_by_name["key"].type != FieldDescriptor.TYPE_STRING


def _holds_ordered(field: FieldDescriptor) -> bool:
    return field.message_type is not None and _reaches_ordered(field.message_type)


@cache
def _reaches_ordered(message_type: MessageType) -> bool:
    """Whether a message of this type may hold one whose fields are ordered here."""
    seen: set[MessageType] = set()
    waiting = [message_type]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += [field.message_type for field in current.fields if field.message_type]
    return any(map(_is_ordered, seen))
