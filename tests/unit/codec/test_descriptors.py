"""Descriptors built from plain values, against bytes that a real CockroachDB wrote; and the accessors."""

from __future__ import annotations

from pathlib import Path

import pytest

from ootheca import pb
from ootheca.catalog import descriptors as catalog
from ootheca.codec.descriptors import complete, decode_descriptor, encode_descriptor
from ootheca.codec.manifest import decode_manifest
from ootheca.errors import CorruptionError

GOLDEN = Path(__file__).parents[3] / "fixtures" / "golden"

# Source: fixtures/golden/20.2/a_full, table shapes.public.all_gone; spelled out in reference 08 §8.
ALL_GONE = bytes.fromhex(
    "0afd010a08616c6c5f676f6e651874204e28013a0a08e7e4dfe8898288f518421e0a02696410011a0c0801104018003000501460002000300068"
    "00700078004802524b0a077072696d6172791001180122026964300140004a10080010001a00200028003000380040005a007a02080080010088"
    "0100900102980100a20106080012001800a80100b20100ba010060026a1d0a090a0561646d696e10020a080a04726f6f7410021204726f6f7418"
    "01800101880103980100b201130a077072696d61727910001a02696420012800b80101c20100e80100f2010408001200f8010080020092020"
    "09a020a08e7e4dfe8898288f518b20200b80200c0021dc80200"
)


def all_gone() -> pb.Descriptor:
    created = pb.Timestamp(wall_time=1795282674955088487)
    return pb.Descriptor(
        table=pb.TableDescriptor(
            name="all_gone",
            id=116,
            parent_id=78,
            unexposed_parent_schema_id=29,
            version=1,
            modification_time=created,
            create_as_of_time=created,
            columns=[pb.ColumnDescriptor(name="id", id=1, type=pb.T(family="IntFamily", width=64, oid=20))],
            next_column_id=2,
            families=[pb.ColumnFamilyDescriptor(name="primary", column_names=["id"], column_ids=[1])],
            next_family_id=1,
            primary_index=pb.IndexDescriptor(
                name="primary",
                id=1,
                unique=True,
                column_names=["id"],
                column_ids=[1],
                column_directions=["ASC"],
                version=2,
            ),
            next_index_id=2,
            next_mutation_id=1,
            format_version=3,
            privileges=pb.PrivilegeDescriptor(
                users=[
                    pb.UserPrivileges(user_proto="admin", privileges=2),
                    pb.UserPrivileges(user_proto="root", privileges=2),
                ],
                owner_proto="root",
                version=1,
            ),
        )
    )


def golden_descriptors(version: str) -> list[pb.Descriptor]:
    path = GOLDEN / version / "a_full" / "extern" / "full" / "BACKUP_MANIFEST"
    return list(decode_manifest(path.read_bytes(), location="").descriptors)


def test_table_built_from_plain_values_has_the_real_bytes() -> None:
    table = all_gone()
    table.table.modification_time.wall_time = decode_descriptor(
        ALL_GONE, location=""
    ).table.modification_time.wall_time
    table.table.create_as_of_time.CopyFrom(table.table.modification_time)
    assert encode_descriptor(table, version="20.2") == ALL_GONE
    assert ALL_GONE in [encode_descriptor(real, version="20.2") for real in golden_descriptors("20.2")]


def test_encoding_leaves_the_callers_message_alone() -> None:
    table = all_gone()
    encode_descriptor(table, version="21.2")
    assert table == all_gone()
    assert complete(table, "21.2") is table
    assert table != all_gone()
    assert table.table.HasField("exclude_data_from_backup")


def test_array_types_name_their_element_family_even_when_it_is_zero() -> None:
    array = pb.T(family="ArrayFamily", oid=1000, array_contents=pb.T(family="BoolFamily", oid=16))
    complete(array, "20.2")
    assert array.HasField("array_elem_type")
    assert array.array_elem_type == pb.Family.BoolFamily
    assert not array.array_contents.HasField("array_elem_type")


@pytest.mark.parametrize("raw", [b"", b"\x32\x00", b"\x0a\x05\x00"])
def test_bytes_without_a_known_member_are_damage(raw: bytes) -> None:
    with pytest.raises(CorruptionError) as caught:
        decode_descriptor(raw, location="system.descriptor/52")
    assert caught.value.location == "system.descriptor/52"


def test_accessors_over_every_kind_of_a_real_backup() -> None:
    found = golden_descriptors("21.2")
    (shapes,) = [real for real in found if catalog.name(real) == "shapes"]
    assert catalog.kind(shapes) == "database"
    assert (catalog.parent_id(shapes), catalog.parent_schema_id(shapes)) == (0, 0)
    assert {catalog.kind(real) for real in found} == {"database", "schema", "type", "table"}
    for real in found:
        assert catalog.is_public(real)
        assert not catalog.is_dropped(real)
        assert catalog.version(real) >= 1
        assert catalog.modification_time(real).wall_time > 0
        assert catalog.privileges(real).owner_proto in {"root", "admin"}
        assert catalog.wrap(catalog.member(real)) == real
    ids = {catalog.descriptor_id(real) for real in found}
    for real in found:
        assert catalog.parent_id(real) in ids | {catalog.NO_PARENT_ID}
        assert catalog.parent_schema_id(real) in ids | {catalog.NO_PARENT_ID}


def test_a_table_without_a_schema_is_in_public() -> None:
    old = pb.Descriptor(table=pb.TableDescriptor(id=53, parent_id=52))
    assert catalog.parent_schema_id(old) == catalog.PUBLIC_SCHEMA_ID
    named = catalog.wrap(pb.TypeDescriptor(id=60, parent_id=52, parent_schema_id=55, state="DROP"))
    assert catalog.parent_schema_id(named) == 55
    assert catalog.is_dropped(named)
    with pytest.raises(CorruptionError):
        catalog.kind(pb.Descriptor())
