"""BACKUP to and RESTORE from a real S3 store on this machine, beside a plain PUT and GET of the same bytes there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from ootheca.exec.session import Session
from tests.bench.macro.place import PASSPHRASE, Place, run_sql
from tests.bench.measure import Measurement, fastest
from tests.support.servers import seaweed

__all__ = ["measure"]


def measure(place: Place) -> list[Measurement]:
    """Measure encrypted backups and restores of the whole table over S3."""
    made: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        seaweed(Path(directory)) as server,
        _on_the_network(place.session) as session,
    ):
        key = f"WITH encryption_passphrase = '{PASSPHRASE}'"
        numbers = count()

        def backup() -> None:
            run_sql(session, f"BACKUP DATABASE movr TO '{server.uri(f'b{next(numbers)}')}' {key}")

        backup()
        source, floor = server.open("b0"), server.open("floor")
        stored = {info.name: source.read(info.name) for info in source.list()}

        def restore() -> None:
            made.append(f"movr_s3_{len(made)}")
            run_sql(
                session, f"RESTORE DATABASE movr FROM '{server.uri('b0')}' {key}, new_db_name = '{made[-1]}'"
            )

        writing, reading, putting, getting = fastest(
            backup,
            restore,
            lambda: [floor.write(name, content) for name, content in stored.items()],
            lambda: [source.read(name) for name in stored],
        )
    for database in made:
        run_sql(place.session, f"DROP DATABASE {database} CASCADE")
    size = sum(map(len, stored.values()))
    return [
        _beside("BACKUP", writing, "PUT", putting, place, size),
        _beside("RESTORE", reading, "GET", getting, place, size),
    ]


def _beside(name: str, seconds: float, other: str, floor: float, place: Place, size: int) -> Measurement:
    rates = f"{size / 1e6:.1f} MB stored: {size / 1e6 / seconds:.0f} and {size / 1e6 / floor:.0f} MB/s"
    return Measurement(
        f"{name}, encrypted, SeaweedFS",
        seconds,
        f"{other} of its files",
        floor,
        work=f"{place.work}, {rates}",
    )


@contextmanager
def _on_the_network(session: Session) -> Iterator[Session]:
    session.sandbox = False
    try:
        yield session
    finally:
        session.sandbox = True
