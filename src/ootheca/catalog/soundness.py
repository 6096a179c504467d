"""Whether the descriptors of a backup fit together: what RESTORE asks of all of them before it looks for its targets.

Source: reference/format/07 §1 step 9.
"""

from __future__ import annotations

from collections.abc import Iterable

from ootheca import pb
from ootheca.catalog.catalog import PUBLIC_SCHEMA_ID, SomeDescriptor, descriptor_of
from ootheca.errors import OothecaError

__all__ = ["check_descriptors"]

_Object = pb.TableDescriptor | pb.TypeDescriptor


def check_descriptors(descriptors: Iterable[pb.Descriptor]) -> None:
    """Check ids, names and parents of all descriptors of one time, whichever of them is to be restored.

    Raises:
        OothecaError: two of one id or name, or one in a database or schema that is not there. As in CockroachDB
            nothing of such a backup can be restored.
    """
    members = [member for member in map(descriptor_of, descriptors) if member is not None]
    by_id: dict[int, SomeDescriptor] = {}
    databases: dict[str, int] = {}
    for member in members:
        if isinstance(member, pb.DatabaseDescriptor) and not _is_hidden(member):
            if member.name in databases:
                raise _unsound(
                    f'duplicate database name: "{member.name}" used for ID {databases[member.name]} and {member.id}'
                )
            databases[member.name] = member.id
        if member.id in by_id:
            other = by_id[member.id].name
            raise _unsound(f'duplicate descriptor ID: {member.id} used by "{other}" and "{member.name}"')
        by_id[member.id] = member
    names: dict[tuple[int, int, str], int] = {}
    for member in members:
        if isinstance(member, _Object) and not _is_hidden(member):
            _check_object(member, by_id, names)


def _is_hidden(member: SomeDescriptor) -> bool:
    is_temporary = isinstance(member, pb.TableDescriptor) and member.temporary
    return member.state == pb.DescriptorState.DROP or is_temporary


def _check_object(
    member: _Object, by_id: dict[int, SomeDescriptor], names: dict[tuple[int, int, str], int]
) -> None:
    if isinstance(member, pb.TableDescriptor):
        kind, schema_id = "table", member.unexposed_parent_schema_id or PUBLIC_SCHEMA_ID
    else:
        kind, schema_id = "type", member.parent_schema_id or PUBLIC_SCHEMA_ID
    parent = by_id.get(member.parent_id)
    if parent is None:
        raise _unsound(f'{kind} "{member.name}" has unknown ParentID {member.parent_id}')
    if not isinstance(parent, pb.DatabaseDescriptor):
        raise _unsound(
            f'{kind} "{member.name}"\'s ParentID {member.parent_id} ("{parent.name}") is not a database'
        )
    schema = "public"
    if schema_id != PUBLIC_SCHEMA_ID:
        found = by_id.get(schema_id)
        if not isinstance(found, pb.SchemaDescriptor):
            raise _unsound(f"schema {schema_id} not found for desc {member.id}")
        schema = found.name
    other = names.setdefault((parent.id, schema_id, member.name), member.id)
    if other != member.id:
        raise _unsound(
            f'duplicate {kind} name: "{parent.name}"."{schema}"."{member.name}" used for ID {other} and {member.id}'
        )


def _unsound(message: str) -> OothecaError:
    return OothecaError(message, hint="ootheca.open_backup reads the tables of such a backup all the same")
