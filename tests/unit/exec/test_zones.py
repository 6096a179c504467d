"""Zone configurations, and for how long they say that history is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ootheca.errors import OothecaError
from ootheca.exec.session import Session
from ootheca.exec.zones import Zones
from tests.support.golden import VERSIONS, GoldenSet


@pytest.fixture(params=VERSIONS)
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with Session(None, version=request.param) as opened:
        query(opened, "CREATE DATABASE shop; CREATE TABLE shop.orders (a INT PRIMARY KEY)")
        yield opened


def query(session: Session, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of the last statement."""
    rows: list[tuple[Any, ...]] = []
    for result in session.execute(sql):
        rows = (
            []
            if result.columns is None
            else [tuple(r.values()) for b in result.batches for r in b.to_pylist()]
        )
    return rows


def ttl(session: Session) -> int:
    """Return how long history of shop.orders is kept, asked inside a transaction as statements ask."""
    session.engine.begin()
    try:
        return Zones(session).gc_ttl_seconds(session.catalog.resolve_table(("shop", "orders"), "").id)
    finally:
        session.engine.rollback()


def test_configurations_are_the_bytes_that_a_server_writes(session: Session) -> None:
    marks = GoldenSet(session.profile.version, "h_cluster").expectations()["marks"]
    written = [row[1] for row in marks["full"]["system"]["zones"]["rows"] if int(row[0]) >= 50]
    query(
        session,
        "ALTER DATABASE shop CONFIGURE ZONE USING gc.ttlseconds = 12345; "
        "ALTER TABLE shop.orders CONFIGURE ZONE USING range_max_bytes = 134217728, range_min_bytes = 1048576",
    )
    stored = query(session, "SELECT config FROM system.zones WHERE id >= 50 ORDER BY id")
    assert [f"\\x{config.hex()}" for (config,) in stored] == written


def test_history_is_kept_as_the_nearest_configuration_says(session: Session) -> None:
    assert ttl(session) == 90000
    query(session, "ALTER RANGE default CONFIGURE ZONE USING gc.ttlseconds = 600")
    assert ttl(session) == 600
    query(session, "ALTER DATABASE shop CONFIGURE ZONE USING gc.ttlseconds = 500")
    assert ttl(session) == 500
    query(session, "ALTER TABLE shop.orders CONFIGURE ZONE USING num_replicas = 1")
    assert ttl(session) == 500
    query(session, "ALTER TABLE shop.orders CONFIGURE ZONE USING gc.ttlseconds = 400")
    assert ttl(session) == 400
    query(session, "ALTER TABLE shop.orders CONFIGURE ZONE USING gc.ttlseconds = COPY FROM PARENT")
    assert ttl(session) == 500
    query(
        session,
        "ALTER TABLE shop.orders CONFIGURE ZONE DISCARD; ALTER DATABASE shop CONFIGURE ZONE USING DEFAULT",
    )
    assert ttl(session) == 600
    query(session, "ALTER RANGE default CONFIGURE ZONE USING DEFAULT")
    assert ttl(session) == 90000


def test_a_zone_is_shown_with_its_owner(session: Session) -> None:
    sql = "SHOW ZONE CONFIGURATION FROM TABLE shop.orders"
    ((target, text),) = query(session, sql)
    assert target == "RANGE default"
    assert text == (
        "ALTER RANGE default CONFIGURE ZONE USING\n\trange_min_bytes = 134217728,\n\trange_max_bytes = 536870912,\n"
        "\tgc.ttlseconds = 90000,\n\tnum_replicas = 1,\n\tconstraints = '[]',\n\tlease_preferences = '[]'"
    )
    query(session, "ALTER TABLE shop.orders CONFIGURE ZONE USING gc.ttlseconds = 400")
    ((target, text),) = query(session, sql)
    assert target == "TABLE shop.public.orders"
    assert "gc.ttlseconds = 400" in text
    assert (target, f"ALTER {target} CONFIGURE ZONE USING\n\tgc.ttlseconds = 400") in query(
        session, "SHOW ZONE CONFIGURATIONS"
    )


def test_a_zone_goes_with_its_object(session: Session) -> None:
    query(
        session,
        "ALTER TABLE shop.orders CONFIGURE ZONE USING gc.ttlseconds = 1; "
        "ALTER DATABASE shop CONFIGURE ZONE USING gc.ttlseconds = 1; DROP DATABASE shop CASCADE",
    )
    assert query(session, "SELECT id FROM system.zones WHERE id >= 50") == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "TABLE shop.orders CONFIGURE ZONE USING gc.ttlseconds = 0",
            "GC.TTLSeconds 0 less than minimum allowed 1",
        ),
        (
            "TABLE shop.orders CONFIGURE ZONE USING range_max_bytes = 1",
            "RangeMaxBytes 1 less than minimum allowed",
        ),
        ("TABLE shop.orders CONFIGURE ZONE USING range_min_bytes = 999999999", "is greater than or equal to"),
        ("TABLE shop.orders CONFIGURE ZONE USING range_min_bytes = -1", "RangeMinBytes -1 less than minimum"),
        ("TABLE shop.orders CONFIGURE ZONE USING num_replicas = 2", "at least 3 replicas are required"),
        ("TABLE shop.orders CONFIGURE ZONE USING num_replicas = 0", "at least one replica is required"),
        ("TABLE shop.orders CONFIGURE ZONE USING colour = 1", 'unsupported zone config parameter: "colour"'),
        ("TABLE shop.orders CONFIGURE ZONE USING gc.ttlseconds = 'long'", "takes a whole number"),
        ("TABLE shop.nothing CONFIGURE ZONE DISCARD", "does not exist"),
        ("RANGE default CONFIGURE ZONE DISCARD", "cannot remove default zone"),
        ("RANGE middle CONFIGURE ZONE DISCARD", '"middle" is not a built-in zone'),
    ],
)
def test_what_cannot_be_configured(session: Session, sql: str, message: str) -> None:
    before = query(session, "SELECT * FROM system.zones")
    with pytest.raises(OothecaError) as caught:
        query(session, f"ALTER {sql}")
    assert message in caught.value.message
    assert query(session, "SELECT * FROM system.zones") == before


def test_what_is_not_kept_says_so(session: Session) -> None:
    results = list(
        session.execute("ALTER TABLE shop.orders CONFIGURE ZONE USING constraints = '[+region=us-east1]'")
    )
    assert results[0].notices == ("constraints is not kept: a store has no nodes to choose from",)
