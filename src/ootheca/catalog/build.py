"""Descriptors of databases, schemas and types, as the statements that create them make them."""

from __future__ import annotations

from collections.abc import Sequence

from ootheca import pb
from ootheca.catalog.catalog import Catalog, Schema
from ootheca.catalog.privileges import database_privileges, inherit_privileges, public_schema_privileges
from ootheca.catalog.rules import DescriptorRules
from ootheca.catalog.table import USER_TYPE_OID_OFFSET
from ootheca.profile import Profile

__all__ = ["add_database", "add_enum", "add_schema", "enum_bytes", "enum_type_pb", "middle_bytes"]


def add_database(
    catalog: Catalog, name: str, profile: Profile, rules: DescriptorRules, *, owner: str = "root"
) -> pb.DatabaseDescriptor:
    """Stage a new database, with a descriptor of its schema `public` where the profile has one."""
    desc = pb.DatabaseDescriptor(
        name=name, id=catalog.new_id(), version=1, privileges=database_privileges(rules, owner)
    )
    if profile.has_public_schema:
        desc.default_privileges.SetInParent()
        public = pb.SchemaDescriptor(
            parent_id=desc.id,
            name="public",
            id=catalog.new_id(),
            version=1,
            privileges=public_schema_privileges(rules),
        )
        desc.schemas["public"].id = public.id
        catalog.add(public)
    catalog.add(desc)
    return desc


def add_schema(
    catalog: Catalog, database_id: int, name: str, rules: DescriptorRules, *, owner: str = "root"
) -> Schema:
    """Stage a new schema; its database, which lists it, changes too."""
    database = catalog.change_database(database_id)
    desc = pb.SchemaDescriptor(
        parent_id=database_id,
        name=name,
        id=catalog.new_id(),
        version=1,
        privileges=inherit_privileges(database.privileges, "schema", rules, owner=owner),
    )
    database.schemas[name].id = desc.id
    catalog.add(desc)
    return Schema(database_id, desc.id, name)


def add_enum(
    catalog: Catalog,
    schema: Schema,
    name: str,
    labels: Sequence[str],
    rules: DescriptorRules,
    *,
    owner: str = "root",
) -> pb.TypeDescriptor:
    """Stage a new enum and the alias of its arrays, whose name is the enum's after an underscore."""
    privileges = inherit_privileges(
        catalog.database(schema.database_id).privileges,
        "type",
        rules,
        owner=owner,
        in_public_schema=schema.name == "public",
    )
    desc = pb.TypeDescriptor(
        parent_id=schema.database_id,
        parent_schema_id=schema.id,
        name=name,
        id=catalog.new_id(),
        kind=pb.TypeDescriptor.ENUM,
        version=1,
        privileges=privileges,
    )
    for label, physical in zip(labels, enum_bytes(len(labels)), strict=True):
        desc.enum_members.add(physical_representation=physical, logical_representation=label)
    alias = pb.TypeDescriptor(
        parent_id=schema.database_id,
        parent_schema_id=schema.id,
        name=_array_name(catalog, schema, name),
        id=catalog.new_id(),
        kind=pb.TypeDescriptor.ALIAS,
        version=1,
        privileges=privileges,
    )
    desc.array_type_id = alias.id
    alias.alias.CopyFrom(
        pb.T(
            family=pb.Family.ArrayFamily,
            array_elem_type=pb.Family.EnumFamily,
            oid=USER_TYPE_OID_OFFSET + alias.id,
            array_contents=enum_type_pb(desc),
        )
    )
    catalog.add(desc)
    catalog.add(alias)
    return desc


def _array_name(catalog: Catalog, schema: Schema, name: str) -> str:
    """Return `_name`, with more underscores while that is taken."""
    candidate = f"_{name}"
    while catalog.find_object(schema, candidate) is not None:
        candidate = f"_{candidate}"
    return candidate


def enum_type_pb(desc: pb.TypeDescriptor) -> pb.T:
    """Return the column type of an enum."""
    return pb.T(
        family=pb.Family.EnumFamily,
        oid=USER_TYPE_OID_OFFSET + desc.id,
        udt_metadata=pb.PersistentUserDefinedTypeMetadata(
            array_type_oid=USER_TYPE_OID_OFFSET + desc.array_type_id
        ),
    )


def enum_bytes(num_labels: int) -> list[bytes]:
    """Return the stored bytes of an enum's members: each the middle between its neighbours, halving from the centre.

    Source: fixtures/golden/20.2, 67 enums; reference: descriptors from SQL §6.
    """
    found: list[bytes] = [b""] * num_labels

    def fill(start: int, end: int, low: bytes, high: bytes) -> None:
        if start == end:
            return
        centre = (start + end) // 2
        found[centre] = middle_bytes(low, high)
        fill(start, centre, low, found[centre])
        fill(centre + 1, end, found[centre], high)

    fill(0, num_labels, b"", b"")
    return found


def middle_bytes(low: bytes, high: bytes) -> bytes:
    """Return bytes between `low` and `high` in order, as short as can be; empty stands for the open end."""
    result = bytearray()
    index = 0
    is_high_open = not high
    while True:
        lower = low[index] if index < len(low) else 0
        upper = 256 if is_high_open else high[index] if index < len(high) else 256
        centre = (lower + upper) // 2
        if centre != lower:
            result.append(centre)
            return bytes(result)
        result.append(lower)
        # Having gone below `high`, what follows is free above.
        is_high_open = is_high_open or lower != upper
        index += 1
