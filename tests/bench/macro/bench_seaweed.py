"""BACKUP to and RESTORE from a real S3 store on this machine, beside a plain PUT and GET of the same bytes there.

Once as fast as the loopback is, where the processor is the bottleneck; and once through a proxy of the bandwidth of a
network, where that should be: there the goal is a ratio of 1.25, which is 0.8 of the plain throughput.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from ootheca.exec.session import Session
from tests.bench.macro.place import PASSPHRASE, Place, open_place, run_sql
from tests.bench.measure import Measurement, fastest
from tests.support.proxy import narrow_network
from tests.support.servers import Place as Server
from tests.support.servers import seaweed

__all__ = ["measure"]


NETWORK = 12e6  # bytes per second and direction, of the second run
GOAL = 1.25
MIN_ROWS = 1_000_000  # of the second run: what is stored should take seconds to go through


def measure(place: Place) -> list[Measurement]:
    """Measure encrypted backups and restores of the whole table over S3."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        seaweed(Path(directory)) as server,
        _on_the_network(place.session),
    ):
        measured = _measure(place, server, "SeaweedFS", rounds=3)
        with narrow_network(server.endpoint, NETWORK) as endpoint, _enlarged(place, directory) as larger:
            name = f"SeaweedFS at {NETWORK / 1e6:g} MB/s"
            measured += _measure(larger, server.through(endpoint), name, rounds=2, goal=GOAL)
    return measured


def _measure(
    place: Place, server: Server, name: str, *, rounds: int, goal: float | None = None
) -> list[Measurement]:
    session, folder = place.session, name.replace(" ", "-").replace("/", "-")
    key = f"WITH encryption_passphrase = '{PASSPHRASE}'"
    numbers, made = count(), list[str]()

    def backup() -> None:
        run_sql(session, f"BACKUP DATABASE movr TO '{server.uri(f'{folder}/b{next(numbers)}')}' {key}")

    backup()
    source, floor = server.open(f"{folder}/b0"), server.open(f"{folder}/floor")
    stored = {info.name: source.read(info.name) for info in source.list()}

    def restore() -> None:
        made.append(f"movr_s3_{len(made)}")
        place_of = server.uri(f"{folder}/b0")
        run_sql(session, f"RESTORE DATABASE movr FROM '{place_of}' {key}, new_db_name = '{made[-1]}'")

    writing, reading, putting, getting = fastest(
        backup,
        restore,
        lambda: [floor.write(file, content) for file, content in stored.items()],
        lambda: [source.read(file) for file in stored],
        rounds=rounds,
    )
    for database in made:
        run_sql(session, f"DROP DATABASE {database} CASCADE")
    size = sum(map(len, stored.values()))
    return [
        _beside(f"BACKUP, encrypted, {name}", writing, "PUT", putting, place, size, goal),
        _beside(f"RESTORE, encrypted, {name}", reading, "GET", getting, place, size, goal),
    ]


def _beside(
    name: str, seconds: float, other: str, floor: float, place: Place, size: int, goal: float | None
) -> Measurement:
    rates = f"{size / 1e6:.1f} MB stored: {size / 1e6 / seconds:.1f} and {size / 1e6 / floor:.1f} MB/s"
    return Measurement(
        name, seconds, f"{other} of its files", floor, work=f"{place.work}, {rates}", goal=goal
    )


@contextmanager
def _enlarged(place: Place, directory: str) -> Iterator[Place]:
    """The same place, or another with more rows where it has few."""
    if place.num_rows >= MIN_ROWS:
        yield place
        return
    folder = Path(directory) / "larger"
    folder.mkdir()
    with open_place(folder, MIN_ROWS) as larger, _on_the_network(larger.session):
        yield larger


@contextmanager
def _on_the_network(session: Session) -> Iterator[Session]:
    session.sandbox = False
    try:
        yield session
    finally:
        session.sandbox = True
