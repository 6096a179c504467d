"""Stored expressions as they are shown and run, and the breaking of views."""

from __future__ import annotations

import pytest

from ootheca import pb
from ootheca.catalog.bootstrap import bootstrap
from ootheca.catalog.build import add_database, add_enum, enum_type_pb
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.display import (
    format_locale,
    runnable_expression,
    show_expression,
    show_type,
    without_annotations,
)
from ootheca.catalog.rules import descriptor_rules
from ootheca.catalog.show_view import break_query
from ootheca.profile import profile


@pytest.fixture
def catalog() -> Catalog:
    """Database `d` (104) with the enum mood (106) of two members and the sequence Seq (108)."""
    made = bootstrap(profile("21.2"))
    rules = descriptor_rules(profile("21.2"))
    database = add_database(made, "d", profile("21.2"), rules)
    schema = made.find_schema(database.id, "public")
    assert schema is not None
    add_enum(made, schema, "mood", ["ok", "it's"], rules)
    sequence = pb.TableDescriptor(
        name="Seq", id=made.new_id(), parent_id=database.id, unexposed_parent_schema_id=schema.id
    )
    sequence.sequence_opts.increment = 1
    made.add(sequence)
    return made


@pytest.mark.parametrize(
    ("stored", "shown", "run"),
    [
        (r"b'\x40':::@100106", "'ok':::public.mood", "'ok':::d.public.mood"),
        ("m = x'80':::@100106", r"m = e'it\'s':::public.mood", r"m = e'it\'s':::d.public.mood"),
        ("nextval(108:::REGCLASS)", "nextval('public.\"Seq\"'::REGCLASS)", "nextval('d.public.\"Seq\"'::REGCLASS)"),
        ("a::@100106", "a::public.mood", "a::d.public.mood"),
        ("ARRAY[]:::@100107", "ARRAY[]:::public.mood[]", "ARRAY[]:::d.public.mood[]"),
        ("'108:::REGCLASS @100106':::STRING", "'108:::REGCLASS @100106':::STRING", "'108:::REGCLASS @100106':::STRING"),
        ('mod(fnv32("crdb_internal.datums_to_bytes"(id)), 4:::INT8)',) + (
            "mod(fnv32(crdb_internal.datums_to_bytes(id)), 4:::INT8)",) * 2,
        (r"b'\x99':::@100106", r"b'\x99':::@100106", r"b'\x99':::@100106"),
    ],
)  # fmt: skip
def test_ids_become_names(catalog: Catalog, stored: str, shown: str, run: str) -> None:
    assert show_expression(stored, catalog) == shown
    assert runnable_expression(stored, catalog, "d") == run


def test_a_sequence_stored_by_name_is_found_from_its_database(catalog: Catalog) -> None:
    text = "nextval('\"Seq\"':::STRING)"
    assert runnable_expression(text, catalog, "d") == "nextval('d.public.\"Seq\"')"
    assert runnable_expression(text, catalog, "defaultdb") == text
    assert show_expression(text, catalog) == text


@pytest.mark.parametrize(
    ("stored", "bare"),
    [
        ("a * 2:::INT8", "a * 2"),
        ("concat(a::STRING, '-':::STRING, b)", "concat(a::STRING, '-', b)"),
        ("':::STRING':::STRING", "':::STRING'"),
        ("x = '1.0':::DECIMAL(5,1)", "x = '1.0'"),
        ("ARRAY[1:::INT8]:::INT8[]", "ARRAY[1]"),
    ],
)
def test_annotations_are_left_out_and_casts_stay(stored: str, bare: str) -> None:
    assert without_annotations(stored) == bare


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("cs", "cs"), ("en_us", "en_US"), ("de_u_co_phonebk", "de_u_co_phonebk"), ("zh_hant", "zh_Hant")],
)
def test_collations_get_their_capitals_back(stored: str, shown: str) -> None:
    assert format_locale(stored) == shown


def test_types_of_the_user_are_shown_with_their_schema(catalog: Catalog) -> None:
    enum = catalog.resolve_type(("mood",), "d")
    assert show_type(enum_type_pb(enum), catalog) == "public.mood"
    assert show_type(catalog.type(enum.array_type_id).alias, catalog) == "public.mood[]"


def test_a_long_query_is_broken_at_its_own_clauses_alone() -> None:
    query = (
        "SELECT a, (SELECT max(b) FROM d.public.u WHERE x = 1) AS m FROM d.public.t "
        "WHERE s = ' FROM nowhere ' GROUP BY a ORDER BY a"
    )
    assert break_query(query) == (
        "SELECT\n\t\ta, (SELECT max(b) FROM d.public.u WHERE x = 1) AS m\n\tFROM\n\t\td.public.t\n"
        "\tWHERE\n\t\ts = ' FROM nowhere '\n\tGROUP BY\n\t\ta\n\tORDER BY\n\t\ta"
    )
    assert break_query("SELECT 1 AS one") == "SELECT 1 AS one"
