"""Spatial columns of the golden sets: read as the server printed them, written as it stored them, restored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ootheca.backup.opened import BackupTable, open_backup
from ootheca.catalog.table import Index
from ootheca.codec import geo
from ootheca.codec.entries import IndexEncoder
from ootheca.codec.keys import pretty_key
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged
from ootheca.codec.rows import RowDecoder
from ootheca.datum import wire_column
from ootheca.errors import UnsupportedError
from ootheca.exec.result import Result
from ootheca.exec.session import Session
from ootheca.sql.parser import parse_one
from tests.support.golden import GoldenSet, golden_sets

TABLE = "geo.public.g"
SETS = golden_sets("l_geo")


def opened(golden: GoldenSet, folder: str = "geo") -> BackupTable:
    return open_backup(f"nodelocal://0/{folder}", external_io_dir=golden.extern).table(TABLE)


@cache
def stored(golden: GoldenSet) -> list[tuple[bytes, bytes, str]]:
    """Key, value and readable key of every pair."""
    found = []
    for line in (golden.path / "dump.jsonl").read_text().splitlines():
        for key, _, value, pretty in json.loads(line).get("kvs", ()):
            found.append((bytes.fromhex(key), bytes.fromhex(value), pretty))
    return sorted(found)


def index_pairs(golden: GoldenSet, table_id: int, index: Index) -> list[tuple[bytes, bytes]]:
    return [(k, v) for k, v, pretty in stored(golden) if pretty.startswith(f"/Table/{table_id}/{index.id}/")]


@pytest.mark.parametrize("golden", SETS)
def test_rows_print_as_the_server_printed_them(golden: GoldenSet) -> None:
    table = opened(golden)
    rows = table.to_arrow().combine_chunks()
    assert [str(t) for t in rows.schema.types] == ["int64", "binary", "binary", "binary", "string"]
    texts = [
        wire_column(rows.column(i).combine_chunks(), column.type, version=golden.version)
        for i, column in enumerate(table.table.columns)
    ]
    expected = golden.tables()[TABLE]["rows"]
    assert [list(row) for row in zip(*texts, strict=True)] == expected
    assert len(expected) == 7
    as_text = text_rows(table, index_pairs(golden, table.table.id, table.table.primary_index))
    assert [list(row.values()) for row in as_text] == [[*row] for row in expected]


def text_rows(table: BackupTable, pairs: list[tuple[bytes, bytes]]) -> list[dict[str, str | None]]:
    decoder = RowDecoder(table.table, text_columns=frozenset(table.table.column_by_id))
    keys, values = (Ragged.from_list([pair[place] for pair in pairs]) for place in (0, 1))
    batch = KeyValueBatch(keys, np.zeros(len(pairs), np.int64), np.zeros(len(pairs), np.int32), values)
    return [row for found in decoder.decode([batch]) for row in found.to_pylist()]


@pytest.mark.parametrize("golden", SETS)
def test_rows_encode_to_the_stored_entries(golden: GoldenSet) -> None:
    """Points, lines and polygons, in the plane and on the sphere, whose boxes are made anew."""
    table = opened(golden)
    encoder = IndexEncoder(table.table, table.table.primary_index, table.table.id)
    found: list[tuple[bytes, bytes]] = []
    for batch in table.to_arrow().to_batches():
        pairs = encoder.encode(batch, wall_ns=1)
        found += zip(pairs.keys.to_list(), pairs.values.to_list(), strict=True)
    assert found == index_pairs(golden, table.table.id, table.table.primary_index)
    assert len(found) == 7


@pytest.mark.parametrize("golden", SETS)
def test_boxes_in_the_index_are_those_computed(golden: GoldenSet) -> None:
    """An inverted key repeats the box: a second witness of every bound."""
    table = opened(golden)
    rows = {row["id"]: row for row in table.to_arrow().to_pylist()}
    checked = 0
    for index in table.table.indexes:
        column = table.table.column_by_id[index.key_column_ids[0]]
        for key, _ in index_pairs(golden, table.table.id, index):
            owner = rows[key[-2] - 0x88][column.name]
            numbers = np.frombuffer(key[13:-2], ">f8").astype("<f8")  # after the cell and the kind of box
            box = numbers[[0, 0, 1, 1]] if numbers.size == 2 else numbers[[0, 2, 1, 3]]
            (written,) = geo.encode_objects(Ragged.from_list([owner]), column.type).to_list()
            for place, number in enumerate(box.tolist()):
                assert number == 0 or bytes([(place + 1) << 3 | 1]) + np.float64(number).tobytes() in written
            checked += 1
    assert checked == 18


@pytest.mark.parametrize("golden", SETS)
def test_inverted_indexes_are_unsupported(golden: GoldenSet) -> None:
    table = opened(golden)
    rows = table.to_arrow().to_batches()[0]
    assert len(table.table.indexes) == 2
    for index in table.table.indexes:
        with pytest.raises(UnsupportedError, match="GEO") as caught:
            IndexEncoder(table.table, index, table.table.id).encode(rows, wall_ns=1)
        assert "drop the index" in str(caught.value.hint)


@pytest.mark.parametrize("golden", SETS)
def test_keys_read_as_the_server_reads_them(golden: GoldenSet) -> None:
    assert len(stored(golden)) == 25
    for key, _, pretty in stored(golden):
        assert pretty_key(key) == pretty


@pytest.fixture
def session(golden: GoldenSet, tmp_path: Path) -> Iterator[Session]:
    extern = tmp_path / "extern"
    shutil.copytree(golden.extern, extern)
    with Session(None, external_io_dir=extern, sandbox=True, version=golden.version) as opened_session:
        yield opened_session


def run(session: Session, sql: str) -> list[list[str | None]]:
    result: Result = session.run(parse_one(sql))
    rows: list[list[str | None]] = []
    for batch in result.batches:
        assert result.columns is not None
        version = session.profile.version
        texts = [wire_column(batch.column(i), c.type, version=version) for i, c in enumerate(result.columns)]
        rows.extend(list(row) for row in zip(*texts, strict=True))
    return rows


@pytest.mark.parametrize("golden", SETS)
def test_restored_rows_are_backed_up_as_they_were(
    golden: GoldenSet, session: Session, tmp_path: Path
) -> None:
    run(session, "RESTORE DATABASE geo FROM 'nodelocal://0/geo'")
    assert run(session, "SELECT * FROM geo.public.g ORDER BY id") == golden.tables()[TABLE]["rows"]
    for index in ("im", "ig"):
        run(session, f"DROP INDEX geo.public.g@{index}")
    run(session, "BACKUP DATABASE geo TO 'nodelocal://0/again'")
    again = open_backup("nodelocal://0/again", external_io_dir=tmp_path / "extern").table(TABLE)
    assert again.to_arrow().equals(opened(golden).to_arrow())
