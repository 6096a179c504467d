"""A store with one table of rides, as all macro benchmarks use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ootheca.backup.opened import Backup, open_backup
from ootheca.engine.base import TableName
from ootheca.exec.session import Session
from ootheca.sql.parser import parse_one
from tests.bench.data import CREATE_RIDES, make_rides

__all__ = ["PASSPHRASE", "Place", "open_place", "run_sql"]

PASSPHRASE = "a passphrase"


@dataclass
class Place:
    """A directory with a store, its session, and the same rows as Parquet and in memory."""

    directory: Path
    session: Session
    num_rows: int
    rides: pa.Table
    num_backups: int = 0

    @property
    def work(self) -> str:
        return f"{self.num_rows} rows, {self.rides.nbytes / 1e6:.1f} MB in memory"

    @property
    def parquet(self) -> Path:
        return self.directory / "rides.parquet"

    def backup(self, *, encrypted: bool = True) -> str:
        """Take a full backup into a new folder and return its name."""
        name, self.num_backups = f"b{self.num_backups}", self.num_backups + 1
        options = f" WITH encryption_passphrase = '{PASSPHRASE}'" if encrypted else ""
        run_sql(self.session, f"BACKUP DATABASE movr TO 'nodelocal://1/{name}'{options}")
        return name

    def open(self, name: str, *, encrypted: bool = True) -> Backup:
        return open_backup(
            f"nodelocal://1/{name}",
            encryption_passphrase=PASSPHRASE if encrypted else None,
            external_io_dir=self.session.external_io_dir,
        )

    def data_files(self, name: str) -> list[Path]:
        return sorted((self.session.external_io_dir / name / "data").iterdir())


def run_sql(session: Session, sql: str) -> None:
    """Run one statement to its end."""
    for _ in session.run(parse_one(sql)).batches:
        pass


@contextmanager
def open_place(directory: Path, num_rows: int) -> Iterator[Place]:
    """Make the store and load the rows, not measured."""
    rides = pa.Table.from_batches(make_rides(num_rows))
    pq.write_table(rides, directory / "rides.parquet")
    with Session(directory / "store", sandbox=True) as session:
        run_sql(session, "CREATE DATABASE movr")
        run_sql(session, "SET database = movr")
        run_sql(session, CREATE_RIDES)
        desc = session.catalog.resolve_table(("rides",), "movr")
        session.engine.begin()
        name = TableName("movr", "public", "rides")
        session.engine.insert(name, session.catalog.describe(desc.id), rides.to_batches())
        session.engine.commit()
        yield Place(directory, session, num_rows, rides)
