"""Layers taken here, after the statements of a golden set, hold what the real server's hold: file by file, key by key.

Object ids come out equal by themselves, because both sides count alike. Times, names of files and numbers of
`unique_rowid()` differ: times are compared by their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ootheca import pb
from ootheca.backup.chain import Layer
from ootheca.backup.layer_files import LayerFiles
from ootheca.backup.opened import Backup, open_backup
from ootheca.catalog.catalog import descriptor_of
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged
from ootheca.datum import wire_column
from ootheca.exec.session import Session
from tests.compat.test_descriptors_from_sql import take_times
from tests.support.golden import GoldenSet
from tests.support.script import run_script

SETS = [
    pytest.param(version, name, id=f"{version}-{name}")
    for version in ("20.2", "21.2")
    for name in ("d_chain", "e_revision")
]
MARKS = ("before_full", "full", "between1", "inc1", "between2", "inc2")
LAYERS = ("full", "inc1", "inc2")
ROWID_TABLE = "log"  # the only one without a primary key: its keys are numbers of the machine's
_CHECKSUM_SIZE = 4


class Taken:
    """A set's chains: the server's, and those taken here by the same statements."""

    def __init__(self, version: str, name: str, extern: Path) -> None:
        self.golden = GoldenSet(version, name)
        self.extern = extern
        with Session(version=version, external_io_dir=self.extern, sandbox=True) as session:
            self.marks = run_script(session, self.golden.path / "make.sql")

    def layers(self, *folders: str) -> list[tuple[Layer, Layer]]:
        """Pairs of a layer of the server's and of ours."""
        real, made = (opened(extern, folders).chain.layers for extern in (self.golden.extern, self.extern))
        return list(zip(real, made, strict=True))


Take = Callable[[str, str], Taken]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Take:
    return cache(lambda version, name: Taken(version, name, tmp_path_factory.mktemp(name)))


def opened(extern: Path, folders: tuple[str, ...], **options: Any) -> Backup:
    full, *layers = (f"nodelocal://1/{folder}" for folder in folders)
    return open_backup(full, incremental=layers, external_io_dir=extern, **options)


def spans(manifest: pb.BackupManifest) -> dict[str, Any]:
    return {
        "spans": [(span.key, span.end_key) for span in manifest.spans],
        "introduced": [(span.key, span.end_key) for span in manifest.introduced_spans],
        "files": [
            (file.span.key, file.span.end_key, str(file.entry_counts), bool(file.sha512))
            for file in manifest.files
        ],
        "counts": str(manifest.entry_counts),
        "filter": manifest.mvcc_filter,
        "complete": list(manifest.complete_dbs),
        "statistics": dict(manifest.statistics_filenames),
        "starts at zero": not manifest.start_time.wall_time,
    }


@pytest.mark.parametrize("folders", [LAYERS, ("app",)], ids=["folders", "appended"])
@pytest.mark.parametrize(("version", "name"), SETS)
def test_spans_files_and_counts_are_the_servers(
    taken: Take, version: str, name: str, folders: tuple[str, ...]
) -> None:
    pairs = taken(version, name).layers(*folders)
    assert len(pairs) == (3 if folders == LAYERS else 4)
    for real, made in pairs:
        assert spans(made.manifest) == spans(real.manifest)


@pytest.mark.parametrize(("version", "name"), SETS)
def test_descriptors_are_the_servers(taken: Take, version: str, name: str) -> None:
    for real, made in taken(version, name).layers(*LAYERS):
        assert len(made.manifest.descriptors) == len(real.manifest.descriptors)
        for mine, theirs in zip(made.manifest.descriptors, real.manifest.descriptors, strict=True):
            take_times(descriptor_of(mine), descriptor_of(theirs))
            assert str(mine) == str(theirs)


@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_revisions_are_the_last_of_each_statement_of_the_servers(taken: Take, version: str) -> None:
    """A schema change takes several versions there, of which only the last is written here, in one step."""
    for real, made in taken(version, "e_revision").layers(*LAYERS):
        mine, theirs = (
            [(change.ID, member.name, member.version, member.state) for change in layer.manifest.descriptor_changes
             if (member := descriptor_of(change.desc)) is not None]
            for layer in (made, real)
        )  # fmt: skip
        times = [(change.time.wall_time, change.time.logical) for change in made.manifest.descriptor_changes]
        assert times == sorted(times)
        newest = {
            id_: (state, version) for id_, _, version, state in theirs if state != pb.DescriptorState.DROP
        }
        assert {id_: (s, v) for id_, _, v, s in mine if s != pb.DescriptorState.DROP} == newest
        dropped = {id_ for id_, *_, state in theirs if state == pb.DescriptorState.DROP}
        assert {id_ for id_, *_, state in mine if state == pb.DescriptorState.DROP} == dropped
        if not made.manifest.start_time.wall_time:
            continue
        start = made.start
        at_start = {c.ID for c in made.manifest.descriptor_changes if c.time.wall_time == start.wall_ns}
        real_start = real.start.wall_ns
        assert at_start == {c.ID for c in real.manifest.descriptor_changes if c.time.wall_time == real_start}


def entries(layer: Layer, start: bytes, end: bytes) -> KeyValueBatch:
    return KeyValueBatch.concat(list(LayerFiles(layer).batches(start, end)))


def without_checksums(real: KeyValueBatch, made: KeyValueBatch) -> tuple[list[bytes], list[bytes]]:
    """The values of both; those that CREATE INDEX filled have no checksum there, here all have one."""
    theirs, mine = real.values.to_list(), made.values.to_list()
    for i, value in enumerate(theirs):
        if value and value[:_CHECKSUM_SIZE] == bytes(_CHECKSUM_SIZE):
            mine[i] = bytes(_CHECKSUM_SIZE) + mine[i][_CHECKSUM_SIZE:]
    return theirs, mine


def ages(batch: KeyValueBatch) -> list[int]:
    """For every version of a key how many newer ones there are."""
    found, last = [], None
    for key in batch.keys.to_list():
        found.append(found[-1] + 1 if key == last else 0)
        last = key
    return found


@pytest.mark.parametrize(("version", "name"), SETS)
def test_every_key_and_value_is_the_servers(taken: Take, version: str, name: str) -> None:
    compared = 0
    for real, made in taken(version, name).layers(*LAYERS):
        names = {
            desc.table.id: desc.table.name for desc in real.manifest.descriptors if desc.HasField("table")
        }
        for file in real.manifest.files:
            theirs, mine = (entries(layer, file.span.key, file.span.end_key) for layer in (real, made))
            table_id = Ragged.from_list([file.span.key])
            if names.get(_table_id(table_id)) == ROWID_TABLE:
                assert Counter(mine.values.lengths.tolist()) == Counter(theirs.values.lengths.tolist())
                continue
            assert mine.keys.to_list() == theirs.keys.to_list()
            expected, found = without_checksums(theirs, mine)
            assert found == expected
            assert ages(mine) == ages(theirs)
            in_time = (mine.wall_ns > made.start.wall_ns) & (mine.wall_ns <= made.end.wall_ns)
            assert in_time.all()
            compared += len(mine)
    assert compared > 250


def _table_id(keys: Ragged) -> int:
    from ootheca.codec.keys import decode_prefixes

    return int(decode_prefixes(keys)[0][0])


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("folders", [LAYERS, ("app",)], ids=["folders", "appended"])
@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_every_moment_can_be_read_back(
    taken: Take, version: str, folders: tuple[str, ...], mark: str
) -> None:
    both = taken(version, "e_revision")
    expected = both.golden._load("expect")["marks"][mark]["tables"]
    backup = opened(both.extern, folders, as_of=both.marks[mark])
    assert set(backup.tables) == {name for name, table in expected.items() if table["kind"] != "view"}
    for name, table in expected.items():
        if table["kind"] == "table":
            columns = [column["name"] for column in table["columns"]]
            shown = [i for i, column in enumerate(columns) if column != "rowid"]
            rows = Counter(tuple(row[i] for i in shown) for row in table["rows"])
            assert wire_rows(backup, name, [columns[i] for i in shown], version) == rows, name


def wire_rows(backup: Backup, name: str, columns: list[str], version: str) -> Counter[tuple[str | None, ...]]:
    table = backup.table(name)
    rows = table.to_arrow(columns)
    types = {column.name: column.type for column in table.table.columns}
    texts = [wire_column(rows[column].combine_chunks(), types[column], version=version) for column in columns]
    return Counter(zip(*texts, strict=True))
