"""Statements that define data: what they refuse, and what they change on both sides of a reference."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ootheca import pb
from ootheca.errors import OothecaError
from ootheca.exec.ddl.alter_columns import rename_in_expression
from ootheca.exec.session import Session


@pytest.fixture(params=["20.2", "21.2"])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with Session(version=request.param) as made:
        _run(made, "CREATE DATABASE d; USE d")
        yield made


def _run(session: Session, sql: str) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for result in session.execute(sql):
        rows = [tuple(row.values()) for batch in result.batches for row in batch.to_pylist()]
    return rows


def _table(session: Session, name: str) -> pb.TableDescriptor:
    return session.catalog.resolve_table((name,), "d")


MOVR = """
CREATE TABLE users (id UUID NOT NULL, city VARCHAR NOT NULL, name VARCHAR, address VARCHAR, credit_card VARCHAR,
  CONSTRAINT pk PRIMARY KEY (city ASC, id ASC));
CREATE TABLE vehicles (id UUID NOT NULL, city VARCHAR NOT NULL, type VARCHAR, owner_id UUID, creation_time TIMESTAMP,
  status VARCHAR, current_location VARCHAR, ext JSONB, PRIMARY KEY (city, id),
  CONSTRAINT fk_owner FOREIGN KEY (city, owner_id) REFERENCES users (city, id), INDEX (city, owner_id));
CREATE TABLE rides (id UUID NOT NULL, city VARCHAR NOT NULL, vehicle_city VARCHAR, vehicle_id UUID,
  revenue DECIMAL(10,2), PRIMARY KEY (city, id), FOREIGN KEY (vehicle_city, vehicle_id) REFERENCES vehicles (city, id),
  CONSTRAINT check_vehicle_city_city CHECK (vehicle_city = city));
CREATE TABLE promo_codes (code VARCHAR PRIMARY KEY, description VARCHAR, rules JSONB)
"""


def test_foreign_keys_are_on_both_tables(session: Session) -> None:
    _run(session, MOVR)
    users, vehicles = _table(session, "users"), _table(session, "vehicles")
    assert list(users.inbound_fks) == list(vehicles.outbound_fks)
    (fk,) = vehicles.outbound_fks
    assert (list(fk.origin_column_ids), list(fk.referenced_column_ids)) == ([2, 4], [2, 1])
    assert (users.version, vehicles.version, _table(session, "rides").version) == (2, 3, 2)
    _run(session, "DROP TABLE rides, vehicles")
    assert not _table(session, "users").inbound_fks


@pytest.mark.parametrize(
    ("sql", "message", "sqlstate"),
    [
        ("CREATE TABLE users (a INT)", 'relation "d.public.users" already exists', "42P07"),
        ("CREATE DATABASE d", 'database "d" already exists', "42P04"),
        ("CREATE SCHEMA public", 'schema "public" already exists', "42P06"),
        (
            "CREATE TABLE nope.t (a INT)",
            'cannot create "nope.t" because the target database or schema does not exist',
            "3F000",
        ),
        ("CREATE TABLE t (a INT, a INT)", 'duplicate column name: "a"', "42701"),
        ("CREATE TABLE t (a INT, PRIMARY KEY (b))", 'column "b" does not exist', "42703"),
        ("CREATE TABLE t (a INT, CHECK (b > 0))", 'column "b" does not exist', "42703"),
        (
            "CREATE TABLE t (a INT PRIMARY KEY, b INT PRIMARY KEY)",
            'multiple primary keys for table "t"',
            "42P16",
        ),
        ("CREATE TABLE t (a nope)", 'type "nope" does not exist', "42704"),
        (
            "CREATE TABLE t (a JSONB PRIMARY KEY)",
            "column a is of type jsonb and thus is not indexable",
            "0A000",
        ),
        (
            "CREATE TABLE t (a STRING REFERENCES users (name))",
            "there is no unique constraint matching given keys for referenced table users",
            "42830",
        ),
        (
            "CREATE TABLE t (a INT REFERENCES promo_codes (code))",
            'type of "a" (int) does not match foreign key "promo_codes"."code" (varchar)',
            "42804",
        ),
        ("DROP TABLE users", '"users" is referenced by foreign key from table "vehicles"', "XXUUU"),
        ("TRUNCATE users", '"users" is referenced by foreign key from table "vehicles"', "XXUUU"),
        ("DROP VIEW users", '"users" is not a view', "42809"),
        ("DROP DATABASE d RESTRICT", 'database "d" is not empty and RESTRICT was specified', "2BP01"),
        ("DROP DATABASE nope", 'database "nope" does not exist', "3D000"),
        ("DROP TABLE nope", 'relation "nope" does not exist', "42P01"),
        ("DROP INDEX users@nope", 'index "nope" does not exist', "42704"),
        ("ALTER TABLE users DROP COLUMN id", 'column "id" is referenced by the primary key', "42P10"),
        (
            "ALTER TABLE users DROP CONSTRAINT nope",
            'constraint "nope" of relation "users" does not exist',
            "42704",
        ),
        (
            "ALTER TABLE users ADD COLUMN name STRING",
            'column "name" of relation "users" already exists',
            "42701",
        ),
        ("USE nope", 'database "nope" does not exist', "3D000"),
        ("SET nope = 1", 'unrecognized configuration parameter "nope"', "42704"),
        ("GRANT SELECT ON users TO nobody", "user or role nobody does not exist", "42704"),
        ("CREATE SEQUENCE s INCREMENT 0", "INCREMENT must not be zero", "22023"),
        ("CREATE VIEW v AS SELECT nope FROM users", 'column "nope" does not exist', "42703"),
    ],
)
def test_refusals(session: Session, sql: str, message: str, sqlstate: str) -> None:
    _run(session, MOVR)
    with pytest.raises(OothecaError) as error:
        _run(session, sql)
    assert error.value.message.startswith(message)
    assert error.value.sqlstate == sqlstate


def test_views_hold_on_to_what_they_read(session: Session) -> None:
    _run(session, MOVR)
    _run(
        session,
        "CREATE VIEW v AS SELECT u.name AS n, lower(city) FROM users AS u WHERE id IS NOT NULL AND name <> ''",
    )
    view, users = _table(session, "v"), _table(session, "users")
    assert view.view_query == (
        "SELECT u.name AS n, lower(city) FROM d.public.users AS u WHERE (id IS NOT NULL) AND (name != '')"
    )
    assert list(view.dependsOn) == [users.id]
    (reference,) = users.dependedOnBy
    assert (reference.id, list(reference.column_ids)) == (view.id, [1, 2, 3])
    for sql in (
        "DROP TABLE users",
        "ALTER TABLE users RENAME TO people",
        "ALTER TABLE users DROP COLUMN name",
    ):
        with pytest.raises(OothecaError, match='because view "v" depends on it') as error:
            _run(session, sql)
        assert error.value.sqlstate == "2BP01"
    _run(session, "DROP TABLE users CASCADE")
    assert session.catalog.find_table(("v",), "d") is None
    assert not _table(session, "vehicles").outbound_fks


def test_columns_come_go_and_change_their_names_with_the_rows(session: Session) -> None:
    _run(
        session,
        "CREATE TABLE t (a INT PRIMARY KEY, b INT, c INT AS (b + 1) STORED, CHECK (b > 0), INDEX (b) WHERE b > 1)",
    )
    _run(session, "INSERT INTO t (a, b) VALUES (1, 10)")
    _run(
        session, "ALTER TABLE t ADD COLUMN e STRING NOT NULL DEFAULT 'x'; ALTER TABLE t RENAME COLUMN b TO bb"
    )
    desc = _table(session, "t")
    assert [column.name for column in desc.columns] == ["a", "bb", "c", "e"]
    assert (desc.checks[0].expr, desc.indexes[0].predicate) == ("bb > 0:::INT8", "bb > 1:::INT8")
    assert desc.columns[2].compute_expr == "bb + 1:::INT8"
    assert desc.next_mutation_id == 2
    assert _run(session, "SELECT * FROM t") == [(1, 10, 11, "x")]
    with pytest.raises(OothecaError, match='column "bb" is referenced by computed column "c"'):
        _run(session, "ALTER TABLE t DROP COLUMN bb")
    _run(session, "ALTER TABLE t DROP COLUMN c; ALTER TABLE t DROP COLUMN bb")
    desc = _table(session, "t")
    assert (len(desc.checks), len(desc.indexes), desc.next_column_id) == (0, 0, 5)
    assert _run(session, "SELECT * FROM t") == [(1, "x")]


def test_constraints_are_checked_against_the_rows_there_are(session: Session) -> None:
    _run(session, "CREATE TABLE t (a INT PRIMARY KEY, b INT); INSERT INTO t VALUES (1, 5), (2, 5)")
    for sql in (
        "CREATE UNIQUE INDEX u ON t (b)",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (b < 5)",
        "ALTER TABLE t ADD COLUMN z INT NOT NULL",
    ):
        with pytest.raises(OothecaError):
            _run(session, sql)
    desc = _table(session, "t")
    assert (len(desc.indexes), len(desc.checks), len(desc.columns), desc.version) == (0, 0, 2, 1)


def test_truncate_gives_every_index_a_new_id(session: Session) -> None:
    _run(
        session,
        "CREATE TABLE t (a INT PRIMARY KEY, b INT, INDEX (b)); INSERT INTO t VALUES (1, 2); TRUNCATE t",
    )
    desc = _table(session, "t")
    assert (desc.primary_index.id, desc.indexes[0].id, desc.next_index_id, desc.version) == (3, 4, 5, 2)
    assert _run(session, "SELECT count(*) FROM t") == [(0,)]


def test_enums_grow_and_their_tables_take_the_new_member(session: Session) -> None:
    _run(
        session,
        "CREATE TYPE m AS ENUM ('a', 'c'); CREATE TABLE t (x m DEFAULT 'c'); INSERT INTO t DEFAULT VALUES",
    )
    _run(
        session,
        "ALTER TYPE m ADD VALUE 'b' AFTER 'a'; INSERT INTO t VALUES ('b'); ALTER TYPE m RENAME VALUE 'c' TO 'd'",
    )
    assert _run(session, "SELECT x FROM t ORDER BY x") == [("b",), ("d",)]
    with pytest.raises(
        OothecaError, match=r'cannot drop type "m" because other objects \(\[d\.public\.t\]\)'
    ):
        _run(session, "DROP TYPE m")
    _run(session, "DROP TABLE t; DROP TYPE m")
    assert session.catalog.types(session.catalog.resolve_database("d").id) == []


def test_sequences_know_who_uses_them(session: Session) -> None:
    _run(session, "CREATE SEQUENCE s START 5; CREATE TABLE t (a INT PRIMARY KEY DEFAULT nextval('s'), b INT)")
    assert [ref.id for ref in _table(session, "s").dependedOnBy] == [_table(session, "t").id]
    _run(session, "INSERT INTO t (b) VALUES (1); USE defaultdb; INSERT INTO d.t (b) VALUES (2); USE d")
    assert _run(session, "SELECT a FROM t ORDER BY a") == [(5,), (6,)]
    with pytest.raises(OothecaError, match="cannot drop sequence s because other objects depend on it"):
        _run(session, "DROP SEQUENCE s")
    _run(session, "ALTER SEQUENCE s RENAME TO s2") if session.rules.sequences_by_id else None
    _run(session, "ALTER TABLE t ALTER COLUMN a DROP DEFAULT")
    name = "s2" if session.rules.sequences_by_id else "s"
    assert not _table(session, name).dependedOnBy
    assert _run(session, f"SELECT nextval('{name}')") == [(7,)]


def test_a_renamed_database_keeps_its_rows(session: Session) -> None:
    _run(
        session, "CREATE SCHEMA sc; CREATE TABLE sc.t (a INT); INSERT INTO sc.t VALUES (3); CREATE SEQUENCE q"
    )
    _run(session, "SELECT nextval('q'); ALTER DATABASE d RENAME TO e; USE e")
    assert _run(session, "SELECT a FROM e.sc.t") == [(3,)]
    assert _run(session, "SELECT nextval('q')") == [(2,)]
    assert session.catalog.find_database("d") is None


def test_materialized_views_hold_rows_until_they_are_refreshed(session: Session) -> None:
    _run(
        session,
        "CREATE TABLE t (a INT); INSERT INTO t VALUES (1); CREATE MATERIALIZED VIEW m AS SELECT a FROM t",
    )
    _run(session, "INSERT INTO t VALUES (2)")
    assert _run(session, "SELECT a FROM m") == [(1,)]
    _run(session, "REFRESH MATERIALIZED VIEW m")
    assert _run(session, "SELECT a FROM m ORDER BY a") == [(1,), (2,)]


def test_a_role_with_grants_is_not_dropped(session: Session) -> None:
    _run(session, "CREATE TABLE t (a INT); CREATE USER u; GRANT SELECT ON t TO u")
    with pytest.raises(
        OothecaError, match=r"cannot drop role/user u: grants still exist on d\.public\.t"
    ) as error:
        _run(session, "DROP USER u")
    assert error.value.sqlstate == "2BP01"
    assert ("d", "public", "t", "u", "SELECT") in _run(session, "SHOW GRANTS ON t")
    _run(session, "REVOKE SELECT ON t FROM u; DROP USER u")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a > 0:::INT8", "z > 0:::INT8"),
        ("concat(a, 'a':::STRING)", "concat(z, 'a':::STRING)"),
        ('"a" + ab + a(1)', "z + ab + a(1)"),
        (r"e'it\'s a':::STRING || a", r"e'it\'s a':::STRING || z"),
        ("a::STRING = b'\\x61':::@100073", "z::STRING = b'\\x61':::@100073"),
    ],
)
def test_a_column_is_renamed_in_expressions_and_nothing_else(text: str, wanted: str) -> None:
    assert rename_in_expression(text, "a", "z") == wanted


def test_a_column_may_get_a_name_that_needs_quotes() -> None:
    assert rename_in_expression("a + b", "b", "the b") == 'a + "the b"'
