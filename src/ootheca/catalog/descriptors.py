"""What every descriptor has, whatever its kind: id, name, parents, version, state, time.

The kinds keep these under the same or nearly the same field names; these accessors hide the difference. They
only read, and none guesses what an old descriptor left out, but for the schema of a table from before there
were any, which is `public`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

from ootheca import pb
from ootheca.errors import CorruptionError

__all__ = [
    "NO_PARENT_ID",
    "PUBLIC_SCHEMA_ID",
    "AnyDescriptor",
    "Kind",
    "descriptor_id",
    "is_dropped",
    "is_public",
    "kind",
    "member",
    "modification_time",
    "name",
    "parent_id",
    "parent_schema_id",
    "privileges",
    "state",
    "version",
    "wrap",
]

Kind: TypeAlias = Literal["table", "database", "type", "schema", "function"]
AnyDescriptor: TypeAlias = (
    pb.TableDescriptor
    | pb.DatabaseDescriptor
    | pb.TypeDescriptor
    | pb.SchemaDescriptor
    | pb.FunctionDescriptor
)

NO_PARENT_ID = 0
PUBLIC_SCHEMA_ID = 29  # of `public` in databases without a descriptor for it (up to 21.2)

_KINDS: dict[type[AnyDescriptor], Kind] = {
    pb.TableDescriptor: "table",
    pb.DatabaseDescriptor: "database",
    pb.TypeDescriptor: "type",
    pb.SchemaDescriptor: "schema",
    pb.FunctionDescriptor: "function",
}


def kind(descriptor: pb.Descriptor) -> Kind:
    """Return what the descriptor describes; views and sequences are tables.

    Raises:
        CorruptionError: no member is set.
    """
    which = descriptor.WhichOneof("union")
    if which is None:
        raise CorruptionError("descriptor is neither a table, a database, a type, a schema nor a function")
    return cast(Kind, which)


def member(descriptor: pb.Descriptor) -> AnyDescriptor:
    """Return the descriptor's only member, not a copy.

    Raises:
        CorruptionError: no member is set.
    """
    return cast(AnyDescriptor, getattr(descriptor, kind(descriptor)))


def wrap(described: AnyDescriptor) -> pb.Descriptor:
    """Return a `Descriptor` that holds a copy of the given table, database, type, schema or function."""
    descriptor = pb.Descriptor()
    getattr(descriptor, _KINDS[type(described)]).CopyFrom(described)
    return descriptor


def descriptor_id(descriptor: pb.Descriptor) -> int:
    """Return the object's id, unique in its cluster."""
    return member(descriptor).id


def name(descriptor: pb.Descriptor) -> str:
    """Return the object's unqualified name."""
    return member(descriptor).name


def parent_id(descriptor: pb.Descriptor) -> int:
    """Return the id of the object's database, 0 for a database itself."""
    described = member(descriptor)
    return NO_PARENT_ID if isinstance(described, pb.DatabaseDescriptor) else described.parent_id


def parent_schema_id(descriptor: pb.Descriptor) -> int:
    """Return the id of the object's schema, 0 for databases and schemas themselves."""
    described = member(descriptor)
    if isinstance(described, pb.DatabaseDescriptor | pb.SchemaDescriptor):
        return NO_PARENT_ID
    if isinstance(described, pb.TableDescriptor):
        return described.unexposed_parent_schema_id or PUBLIC_SCHEMA_ID
    return described.parent_schema_id or PUBLIC_SCHEMA_ID


def version(descriptor: pb.Descriptor) -> int:
    """Return how often the descriptor was written, from 1 (0: not stored, databases up to 20.1)."""
    return member(descriptor).version


def modification_time(descriptor: pb.Descriptor) -> pb.Timestamp:
    """Return the commit time of the last change; empty where an old version did not store it."""
    return member(descriptor).modification_time


def privileges(descriptor: pb.Descriptor) -> pb.PrivilegeDescriptor:
    """Return the object's owner and grants, not a copy."""
    return member(descriptor).privileges


def state(descriptor: pb.Descriptor) -> pb.DescriptorState:
    """Return whether the object is public, being added, dropped or offline."""
    return member(descriptor).state


def is_dropped(descriptor: pb.Descriptor) -> bool:
    """Whether the object is dropped and only waits for its data to be collected."""
    return state(descriptor) == pb.DescriptorState.DROP


def is_public(descriptor: pb.Descriptor) -> bool:
    """Whether statements see the object."""
    return state(descriptor) == pb.DescriptorState.PUBLIC
