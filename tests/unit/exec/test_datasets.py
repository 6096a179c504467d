"""The sample databases: the same rows every time, and rows that their own constraints allow."""

from __future__ import annotations

from importlib import import_module

import pytest

from ootheca.exec.datasets import DATASETS
from ootheca.exec.session import Session
from ootheca.shell.demo import load


def values(session: Session, sql: str) -> list[tuple[object, ...]]:
    return [
        tuple(row.values())
        for result in session.execute(sql)
        for batch in result.batches
        for row in batch.to_pylist()
    ]


@pytest.mark.parametrize("name", DATASETS)
def test_every_table_is_filled_with_the_same_rows_each_time(name: str) -> None:
    source = import_module(f"ootheca.exec.datasets.{name}")
    first, second = dict(source.tables()), dict(source.tables())
    assert first == second
    assert name == source.DATABASE
    assert source.ABOUT
    with Session(None, sandbox=True) as session:
        load(session, name)
        found = {row[1]: row[4] for row in values(session, f"SHOW TABLES FROM {name}")}
        assert found == {table: batch.num_rows for table, batch in first.items()}
        for table in first:
            ((count,),) = values(session, f"SELECT count(*) FROM {name}.{table}")
            assert count == first[table].num_rows


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("bank", "SELECT sum(balance) = 0 AND count(*) = 1000 FROM bank.bank"),
        ("intro", "SELECT bool_and(v LIKE '% %') FROM intro.mytable WHERE (l % 2) = 0"),
        ("starlog", "SELECT count(*) = 200 FROM starlog.quotes q JOIN starlog.episodes e ON q.episode = e.id"),
        ("starlog", "SELECT count(DISTINCT title) = 78 FROM starlog.episodes"),
        ("starlog", "SELECT count(*) = 200 FROM starlog.quotes q JOIN starlog.episodes e ON q.stardate = e.stardate"),
    ],
)  # fmt: skip
def test_rows_say_what_the_set_is_about(name: str, claim: str) -> None:
    with Session(None, sandbox=True) as session:
        load(session, name)
        assert values(session, claim) == [(True,)]


def test_a_sample_database_survives_a_backup() -> None:
    with Session(None, sandbox=True) as session:
        load(session, "starlog")
        before = values(session, "SELECT * FROM starlog.episodes ORDER BY id")
        for _ in session.execute(
            "BACKUP DATABASE starlog INTO 'nodelocal://1/s'; DROP DATABASE starlog CASCADE;"
            "RESTORE DATABASE starlog FROM LATEST IN 'nodelocal://1/s'"
        ):
            pass
        assert values(session, "SELECT * FROM starlog.episodes ORDER BY id") == before
