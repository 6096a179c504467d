"""What RESTORE refuses of a backup's descriptors as a whole, in CockroachDB's words."""

from __future__ import annotations

import pytest

from ootheca import pb
from ootheca.catalog.soundness import check_descriptors
from ootheca.errors import OothecaError


def database(id_: int, name: str) -> pb.Descriptor:
    return pb.Descriptor(database=pb.DatabaseDescriptor(id=id_, name=name))


def schema(id_: int, name: str, parent: int = 50) -> pb.Descriptor:
    return pb.Descriptor(schema=pb.SchemaDescriptor(id=id_, name=name, parent_id=parent))


def table(id_: int, name: str, parent: int = 50, schema_id: int = 29) -> pb.Descriptor:
    desc = pb.TableDescriptor(id=id_, name=name, parent_id=parent, unexposed_parent_schema_id=schema_id)
    return pb.Descriptor(table=desc)


def type_(id_: int, name: str, parent: int = 50, schema_id: int = 29) -> pb.Descriptor:
    return pb.Descriptor(
        type=pb.TypeDescriptor(id=id_, name=name, parent_id=parent, parent_schema_id=schema_id)
    )


def dropped(descriptor: pb.Descriptor) -> pb.Descriptor:
    getattr(descriptor, str(descriptor.WhichOneof("union"))).state = pb.DescriptorState.DROP
    return descriptor


BANK = [database(50, "bank"), schema(51, "s"), table(52, "t"), table(53, "t", schema_id=51), type_(54, "e")]


def test_sound_descriptors_pass() -> None:
    check_descriptors([*BANK, dropped(table(55, "t")), dropped(table(56, "gone", parent=99))])
    check_descriptors([*BANK, dropped(database(57, "bank")), table(58, "t", parent=57)])


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (database(60, "bank"), 'duplicate database name: "bank" used for ID 50 and 60'),
        (table(54, "other"), 'duplicate descriptor ID: 54 used by "e" and "other"'),
        (type_(60, "far", parent=49), 'type "far" has unknown ParentID 49'),
        (table(60, "far", parent=49), 'table "far" has unknown ParentID 49'),
        (table(60, "inner", parent=52), 'table "inner"\'s ParentID 52 ("t") is not a database'),
        (table(60, "lost", schema_id=59), "schema 59 not found for desc 60"),
        (table(60, "lost", schema_id=52), "schema 52 not found for desc 60"),
        (table(60, "t"), 'duplicate table name: "bank"."public"."t" used for ID 52 and 60'),
        (type_(60, "t", schema_id=51), 'duplicate type name: "bank"."s"."t" used for ID 53 and 60'),
    ],
)
def test_unsound_descriptors_are_told(added: pb.Descriptor, message: str) -> None:
    with pytest.raises(OothecaError) as caught:
        check_descriptors([*BANK, added])
    assert caught.value.message == message
    assert caught.value.hint
