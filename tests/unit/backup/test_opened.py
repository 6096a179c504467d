"""`ootheca.open_backup` on what real servers wrote: every row of every table, as those servers answered it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ootheca.backup.opened import Backup, open_backup
from ootheca.clock import Timestamp
from ootheca.datum import wire_column
from ootheca.errors import (
    KeyRequiredError,
    ObjectNotFoundError,
    OothecaError,
    UndefinedTableError,
    WrongKeyError,
)
from ootheca.types import Family
from tests.support import golden as golden_module
from tests.support.golden import PASSPHRASE, VERSIONS, GoldenSet

HERE = golden_module.ROOT
SHARED = Path(__file__).parents[4] / "shared" / "fixtures" / "golden"
KEY_A, KEY_B = "testkms:///keyA?AUTH=implicit", "testkms:///keyB?AUTH=implicit"
_ZONE = re.compile(r"([+-]\d\d)(:00)*(:\d\d)?$")


@dataclass(frozen=True)
class Case:
    """One chain of a golden set, and the mark whose rows it shows."""

    name: str
    full: str
    mark: str | None = None
    layers: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    num_tables: int = 10
    versions: tuple[str, ...] = VERSIONS


SECRET = {"encryption_passphrase": PASSPHRASE}
CASES = [
    Case("a_full", "full", num_tables=51),
    Case("b_passphrase", "enc", options=SECRET, num_tables=23),
    Case("c_kms", "kms2", options={"kms": [KEY_A]}, num_tables=28),
    Case("c_kms", "kms2", options={"kms": [KEY_B]}, num_tables=28),
    Case("c_kms", "kms2", options={"kms": [KEY_B, KEY_A]}, num_tables=28),
    Case("d_chain", "full", "full"),
    Case("d_chain", "full", "inc1", ("inc1",)),
    Case("d_chain", "full", "inc2", ("inc1", "inc2")),
    Case("d_chain", "app"),
    Case("e_revision", "full", "inc2", ("inc1", "inc2")),
    Case("e_revision", "app"),
    Case("g_encrypted_chain", "full", "inc1", ("inc1",), SECRET),
    Case("g_encrypted_chain", "full", "inc2", ("inc1", "inc2"), SECRET),
    Case("g_encrypted_chain", "app", options=SECRET),
    Case("g_encrypted_chain", "appkms", options={"kms": [KEY_A]}),
    Case("g_encrypted_chain", "appkms", options={"kms": [KEY_B]}),
    Case("g_encrypted_chain", "coll", options={**SECRET, "subdirectory": "LATEST"}),
    Case("h_cluster", "cluster", num_tables=40),
    Case("m_small_ssts", "plain"),
    Case("m_small_ssts", "rev"),
    Case("l_geo", "geo", num_tables=2),
    Case("n_blocks", "wide", num_tables=3),
    Case("p_new22", "plain", options={"subdirectory": "LATEST"}, num_tables=18, versions=("21.2",)),
    Case("p_new22", "enc", options={**SECRET, "subdirectory": "LATEST"}, num_tables=18, versions=("21.2",)),
    Case("s_split", "plain", num_tables=2, versions=("21.2",)),
    Case("s_split", "rev", num_tables=2, versions=("21.2",)),
    Case("s_split", "enc", options=SECRET, num_tables=2, versions=("21.2",)),
    Case("r_chunks", "pass", options=SECRET, num_tables=3, versions=("21.2",)),
    Case("r_chunks", "kms", options={"kms": [KEY_A]}, num_tables=3, versions=("21.2",)),
]


def parameters() -> list[Any]:
    return [
        pytest.param(case, version, id=f"{version}-{case.name}-{case.full}{len(case.layers) or ''}-{number}")
        for number, case in enumerate(CASES)
        for version in case.versions
    ]


def golden_set(case: Case, version: str, monkeypatch: pytest.MonkeyPatch) -> GoldenSet:
    if not (HERE / version / case.name).is_dir():
        if not (SHARED / version / case.name).is_dir():
            pytest.skip(f"the set {case.name} is not part of this repository")
        monkeypatch.setattr(golden_module, "ROOT", SHARED)
    return GoldenSet(version, case.name)


def opened(case: Case, golden: GoldenSet, sandbox_dir: Path) -> Backup:
    return open_backup(
        f"nodelocal://1/{case.full}",
        incremental=[f"nodelocal://1/{layer}" for layer in case.layers],
        external_io_dir=golden.extern,
        sandbox_dir=sandbox_dir,
        **case.options,
    )


def marked_tables(golden: GoldenSet, mark: str | None) -> dict[str, dict[str, Any]]:
    return golden.tables() if mark is None else golden._load("expect")["marks"][mark]["tables"]


def texts_of(rows: pa.Table, backup: Backup, name: str, version: str) -> list[tuple[str | None, ...]]:
    types = {column.name: column.type for column in backup.table(name).table.columns}
    columns = []
    for column in rows.schema.names:
        texts = wire_column(rows[column].combine_chunks(), types[column], version=version)
        if types[column].family is Family.TIMETZ:
            texts = [_comparable(text) for text in texts]
        columns.append(texts)
    return list(zip(*columns, strict=True))


def _comparable(text: str | None) -> str | None:
    """A zone's offset without what its text may leave out: the wire has it in hours, or in hours and minutes."""
    return None if text is None else _ZONE.sub(r"\1", text)


@pytest.mark.parametrize(("case", "version"), parameters())
def test_every_row_of_every_table(
    case: Case, version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    golden = golden_set(case, version, monkeypatch)
    backup = opened(case, golden, tmp_path)
    compared = 0
    for name, expected in marked_tables(golden, case.mark).items():
        if expected["kind"] not in ("table", "materialized view") or "rows" not in expected:
            continue
        rows = backup.table(name).to_arrow()
        columns = [column["name"] for column in expected["columns"]]
        kept = [i for i, column in enumerate(columns) if column in rows.schema.names]
        types = {column.name: column.type for column in backup.table(name).table.columns}
        zoned = {i for i in kept if types[columns[i]].family is Family.TIMETZ}
        want = Counter(
            tuple(_comparable(row[i]) if i in zoned else row[i] for i in kept) for row in expected["rows"]
        )
        got = Counter(texts_of(rows.select([columns[i] for i in kept]), backup, name, version))
        assert got == want, name
        compared += 1
    assert compared == case.num_tables


@pytest.mark.parametrize("version", VERSIONS)
def test_batches_and_table_are_the_same_rows(version: str) -> None:
    backup = open_backup("nodelocal://1/full", external_io_dir=GoldenSet(version, "a_full").extern)
    compared = 0
    for name in backup.tables:
        table = backup.table(name)
        whole, batches = table.to_arrow(), list(table.to_batches())
        joined = pa.Table.from_batches(batches, schema=whole.schema)
        # As text, for a NaN equals no other.
        assert texts_of(joined, backup, name, version) == texts_of(whole, backup, name, version)
        compared += len(batches)
    assert compared > 40


@pytest.mark.parametrize("version", VERSIONS)
def test_every_table_with_rows_is_listed(version: str) -> None:
    golden = GoldenSet(version, "a_full")
    backup = open_backup("nodelocal://1/full", external_io_dir=golden.extern)
    expected = {name for name, table in golden.tables().items() if table["kind"] != "view"}
    in_schema = {"shapes.sch.colored", "shapes.sch.seq", "shapes.sch.t"}  # the 20.2 set does not record these
    assert set(backup.tables) == expected | in_schema
    assert list(backup.tables) == sorted(backup.tables)
    assert repr(backup).startswith("<Backup nodelocal://1/full until 17952")


def test_an_unknown_table_is_told() -> None:
    backup = open_backup("nodelocal://1/full", external_io_dir=GoldenSet("21.2", "a_full").extern)
    with pytest.raises(UndefinedTableError, match=r'table "kinds\.public\.none" does not exist'):
        backup.table("kinds.public.none")


def test_a_layers_end_is_a_time_to_read_at(tmp_path: Path) -> None:
    golden = GoldenSet("21.2", "c_kms")
    whole = open_backup(
        "nodelocal://1/kms2", kms=[KEY_A], external_io_dir=golden.extern, sandbox_dir=tmp_path
    )
    ends = [layer.end for layer in whole.chain.layers]
    assert len(ends) == 3
    for number, end in enumerate(ends):
        part = open_backup(
            "nodelocal://1/kms2",
            kms=[KEY_A],
            as_of=str(end),
            external_io_dir=golden.extern,
            sandbox_dir=tmp_path,
        )
        assert len(part.chain.layers) == number + 1
        assert part.until == end
    with pytest.raises(OothecaError, match="nearest BACKUP times are"):
        open_backup(
            "nodelocal://1/kms2",
            kms=[KEY_A],
            as_of=Timestamp(ends[1].wall_ns - 1),
            external_io_dir=golden.extern,
            sandbox_dir=tmp_path,
        )


@pytest.mark.parametrize("version", VERSIONS)
def test_keys_that_do_not_fit_are_told(version: str, tmp_path: Path) -> None:
    extern = GoldenSet(version, "b_passphrase").extern
    with pytest.raises(KeyRequiredError, match="file appears encrypted"):
        open_backup("nodelocal://1/enc", external_io_dir=extern)
    with pytest.raises(WrongKeyError, match="failed to decrypt — maybe incorrect key"):
        open_backup("nodelocal://1/enc", encryption_passphrase="wrong", external_io_dir=extern)
    with pytest.raises(OothecaError, match="could not find or read encryption information"):
        open_backup(
            "nodelocal://1/full",
            encryption_passphrase=PASSPHRASE,
            external_io_dir=GoldenSet(version, "a_full").extern,
        )
    with pytest.raises(OothecaError, match="cannot have both encryption_passphrase and kms option set"):
        open_backup("nodelocal://1/enc", encryption_passphrase="x", kms=[KEY_A], external_io_dir=extern)
    with pytest.raises(WrongKeyError, match="one of the provided URIs was not used"):
        open_backup(
            "nodelocal://1/kms2",
            kms=["testkms:///other?AUTH=implicit"],
            external_io_dir=GoldenSet(version, "c_kms").extern,
            sandbox_dir=tmp_path,
        )


def test_a_missing_backup_is_told(tmp_path: Path) -> None:
    with pytest.raises(ObjectNotFoundError, match="BACKUP_MANIFEST"):
        open_backup("nodelocal://1/none", external_io_dir=tmp_path)
    with pytest.raises(ObjectNotFoundError, match="path does not contain a completed latest backup"):
        open_backup("nodelocal://1/none", subdirectory="latest", external_io_dir=tmp_path)


def test_a_missing_layer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    golden = golden_set(Case("d_chain", "full"), "21.2", monkeypatch)
    backup = open_backup(
        "nodelocal://1/full", incremental=["nodelocal://1/inc2"], external_io_dir=golden.extern
    )
    with pytest.raises(OothecaError, match=r"no backup covers time \[.*\) for range \[/Table/108/1,"):
        backup.table("shop.public.customers")
