"""Bytes of enum members, and what new objects grant."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ootheca import pb
from ootheca.catalog.build import enum_bytes, middle_bytes
from ootheca.catalog.privileges import database_privileges, grant, granted, inherit_privileges, revoke
from ootheca.catalog.rules import descriptor_rules
from ootheca.errors import InvalidOptionError
from ootheca.profile import profile


@pytest.mark.parametrize(
    ("count", "wanted"),
    [
        # source: fixtures/golden/20.2, enums of two, three and four members
        (2, ["40", "80"]),
        (3, ["40", "80", "c0"]),
        (4, ["20", "40", "80", "c0"]),
    ],
)
def test_enum_bytes_halve_the_space(count: int, wanted: list[str]) -> None:
    assert [value.hex() for value in enum_bytes(count)] == wanted


def test_enum_bytes_of_many_members_stay_in_order_and_apart() -> None:
    values = enum_bytes(1000)
    assert all(a < b for a, b in pairwise(values))


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    # source: fixtures/golden/*/a_full, ALTER TYPE mood ADD VALUE: 20|40 → 30, 80|c0 → a0, after c0 → e0
    [("20", "40", "30"), ("80", "c0", "a0"), ("c0", "", "e0"), ("", "40", "20")],
)
def test_added_members_get_the_middle(low: str, high: str, wanted: str) -> None:
    assert middle_bytes(bytes.fromhex(low), bytes.fromhex(high)).hex() == wanted


@pytest.mark.parametrize(
    ("low", "high"), [(b"\x20", b"\x21"), (b"\xff", b""), (b"", b"\x01"), (b"\x20\x80", b"\x21")]
)
def test_without_a_byte_between_the_value_grows(low: bytes, high: bytes) -> None:
    middle = middle_bytes(low, high)
    assert low < middle
    assert not high or middle < high


def _rights(desc: pb.PrivilegeDescriptor) -> dict[str, tuple[str, ...]]:
    return {row.user_proto: granted(row.privileges) for row in desc.users}


def test_a_table_inherits_what_makes_sense_for_it() -> None:
    rules = descriptor_rules(profile("21.2"))
    database = database_privileges(rules)
    grant(database, "writers", ["CONNECT", "SELECT"], "database")
    assert _rights(database)["writers"] == ("CONNECT", "SELECT")
    table = inherit_privileges(database, "table", rules)
    assert _rights(table) == {"admin": ("ALL",), "public": (), "root": ("ALL",), "writers": ("SELECT",)}


def test_grants_add_up_to_all_and_revoke_takes_one_of_all_away() -> None:
    rules = descriptor_rules(profile("20.2"))
    desc = database_privileges(rules)
    grant(desc, "u", ["SELECT"], "table")
    grant(desc, "u", ["ALL"], "table")
    assert _rights(desc)["u"] == ("ALL",)
    revoke(desc, "u", ["SELECT"], "table")
    assert "SELECT" not in _rights(desc)["u"]
    assert "INSERT" in _rights(desc)["u"]
    revoke(desc, "u", ["ALL"], "table")
    assert "u" not in _rights(desc)
    assert [row.user_proto for row in desc.users] == ["admin", "root"]


def test_a_privilege_of_another_kind_is_refused() -> None:
    desc = database_privileges(descriptor_rules(profile("20.2")))
    with pytest.raises(InvalidOptionError, match="invalid privilege type USAGE for table") as error:
        grant(desc, "u", ["USAGE"], "table")
    assert error.value.sqlstate == "0LP01"
