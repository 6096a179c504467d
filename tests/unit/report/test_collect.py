"""The facts of a report: what the golden backups' manifests say, and what is said of damaged and locked ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ootheca.backup.localities import Stores, open_stores
from ootheca.clock import Timestamp
from ootheca.errors import ObjectNotFoundError
from ootheca.report.collect import collect
from ootheca.report.facts import ChainSummary, LayerSummary, Report, Step, gaps, longest_step
from ootheca.report.page import render_page
from ootheca.storage.base import StorageEnv
from ootheca.storage.directory import DirectoryStorage
from tests.support.golden import PASSPHRASE, GoldenSet, golden_sets
from tests.support.reports import NOW, keys_of, parse_page, report_on

KEY_A, KEY_B = "testkms:///keyA?AUTH=implicit", "testkms:///keyB?AUTH=implicit"


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """A chain of four layers that a test may damage."""
    copy = tmp_path / "extern"
    shutil.copytree(GoldenSet("21.2", "d_chain").extern / "app", copy / "app")
    return copy


def layer_folders(extern: Path) -> list[Path]:
    return sorted(path.parent for path in (extern / "app").glob("*/*/BACKUP_MANIFEST"))


# Whole backups


@pytest.mark.parametrize("golden", golden_sets("d_chain", "e_revision"))
def test_layers_are_those_of_the_manifests(golden: GoldenSet) -> None:
    [found] = report_on(golden.extern, "nodelocal://1/app").chains
    manifests = golden.layers("app")
    assert [layer.kind for layer in found.layers] == ["full"] + ["incremental"] * (len(manifests) - 1)
    for layer, manifest in zip(found.layers, manifests, strict=True):
        assert layer.end == Timestamp(manifest.end_time.wall_time, manifest.end_time.logical)
        counts = manifest.entry_counts
        assert (layer.data_size, layer.rows, layer.index_entries) == (
            counts.data_size,
            counts.rows,
            counts.index_entries,
        )
        assert layer.has_revision_history == (manifest.mvcc_filter == 1)
    assert [layer.start for layer in found.layers[1:]] == [layer.end for layer in found.layers[:-1]]
    assert found.state == "sound"


@pytest.mark.parametrize("golden", golden_sets("d_chain"))
def test_stored_sizes_are_those_of_the_files(golden: GoldenSet) -> None:
    [found] = report_on(golden.extern, "nodelocal://1/app").chains
    files = [path for path in (golden.extern / "app").rglob("*") if path.is_file()]
    assert found.stored_size == sum(path.stat().st_size for path in files)
    assert sum(layer.num_files or 0 for layer in found.layers) == len(files)


@pytest.mark.parametrize("golden", golden_sets("d_chain"))
def test_tables_add_up_what_show_backup_printed(golden: GoldenSet) -> None:
    [found] = report_on(golden.extern, "nodelocal://1/app").chains
    assert sum(table.data_size for table in found.tables) == sum(
        layer.data_size or 0 for layer in found.layers
    )
    assert sum(table.rows for table in found.tables) == sum(layer.rows or 0 for layer in found.layers)
    sizes = [table.data_size for table in found.tables]
    assert sizes == sorted(sizes, reverse=True)
    assert found.databases == ("shop",)
    assert found.is_full_cluster is False


def test_verification_is_that_of_verify() -> None:
    [found] = report_on(GoldenSet("21.2", "d_chain").extern, "nodelocal://1/full").chains
    assert found.verification is not None
    assert (found.verification.layers, found.verification.files) == (1, 4)


def test_without_verification_no_more_is_said_than_opened() -> None:
    report = report_on(GoldenSet("21.2", "d_chain").extern, "nodelocal://1/app", verifies=False)
    assert (report.state, report.chains[0].verification) == ("unverified", None)


@pytest.mark.parametrize("golden", golden_sets("i_locality_three"))
def test_localities_are_read_together(golden: GoldenSet) -> None:
    uris = [f"nodelocal://1/bk/{name}" for name in ("default", "east", "west")]
    whole = report_on(golden.extern, *uris)
    assert whole.state == "sound"
    assert set(whole.chains[0].localities) == {"region=east", "region=west"}
    alone = report_on(golden.extern, uris[0])
    assert alone.state == "damaged"
    assert alone.num_problems


# Collections


def make_collection(extern: Path) -> None:
    """Lay the files of a chain out as two backups of a collection."""
    source = GoldenSet("21.2", "d_chain").extern / "app"
    for name in ("2026/11/20-184141.06", "2026/11/21-184141.06"):
        shutil.copytree(source, extern / "coll" / name)
    (extern / "coll" / "LATEST").write_text("/2026/11/21-184141.06")


def test_a_collection_has_all_its_chains(tmp_path: Path) -> None:
    make_collection(tmp_path)
    report = report_on(tmp_path, "nodelocal://1/coll")
    assert report.is_collection
    assert [chain.path for chain in report.chains] == ["2026/11/20-184141.06", "2026/11/21-184141.06"]
    assert [chain.is_latest for chain in report.chains] == [False, True]
    assert [len(chain.layers) for chain in report.chains] == [4, 4]
    assert report.state == "sound"


def test_one_backup_of_a_collection_has_its_layers(tmp_path: Path) -> None:
    make_collection(tmp_path)
    layers = tmp_path / "coll" / "incrementals" / "2026/11/21-184141.06"
    layers.mkdir(parents=True)
    shutil.move(tmp_path / "coll/2026/11/21-184141.06/20261121", layers)
    report = report_on(tmp_path, "nodelocal://1/coll/2026/11/21-184141.06")
    assert not report.is_collection
    [chain] = report.chains
    assert (len(chain.layers), chain.state) == (4, "sound")


def test_layers_elsewhere_are_found(tmp_path: Path) -> None:
    make_collection(tmp_path)
    for name in ("2026/11/20-184141.06", "2026/11/21-184141.06"):
        target = tmp_path / "inc" / name
        target.mkdir(parents=True)
        shutil.move(tmp_path / "coll" / name / "20261121", target)
    report = report_on(tmp_path, "nodelocal://1/coll", incremental_location="nodelocal://1/inc")
    assert [len(chain.layers) for chain in report.chains] == [4, 4]
    assert report.chains[0].layers[1].path.startswith("nodelocal://1/inc/2026/11/20-184141.06/20261121/")


def test_a_lost_full_backup_shows_by_its_layers(tmp_path: Path) -> None:
    make_collection(tmp_path)
    lost = tmp_path / "coll" / "2026/11/20-184141.06"
    (lost / "BACKUP_MANIFEST").unlink()
    report = report_on(tmp_path, "nodelocal://1/coll")
    assert [chain.state for chain in report.chains] == ["damaged", "sound"]
    first = report.chains[0].layers[0]
    assert first.problem is not None
    assert "file doesn't exist" in first.problem.message


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"/2027/01/01-000000.00", b"/../../../etc"])
def test_a_wrong_latest_is_a_problem(tmp_path: Path, content: bytes | None) -> None:
    make_collection(tmp_path)
    latest = tmp_path / "coll" / "LATEST"
    if content is None:
        latest.unlink()
    else:
        latest.write_bytes(content)
    report = report_on(tmp_path, "nodelocal://1/coll")
    assert report.state == "damaged"
    states = {chain.path: chain.state for chain in report.chains}
    assert states["2026/11/20-184141.06"] == states["2026/11/21-184141.06"] == "sound"


def test_where_no_backup_is_there_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(ObjectNotFoundError, match="no backup found in nodelocal://1/nothing") as caught:
        report_on(tmp_path, "nodelocal://1/nothing")
    assert caught.value.hint


# Keys


@pytest.mark.parametrize("golden", golden_sets("b_passphrase"))
def test_without_a_key_what_lies_in_clear_is_told(golden: GoldenSet) -> None:
    report = report_on(golden.extern, "nodelocal://1/enc")
    [chain] = report.chains
    assert report.state == "locked"
    assert [(key.method, key.result) for key in chain.keys] == [("passphrase", "untried")]
    assert chain.stored_size == sum(
        p.stat().st_size for p in (golden.extern / "enc").rglob("*") if p.is_file()
    )
    assert chain.file_versions == ("1" if golden.version == "20.2" else "2",)
    assert (chain.tables, chain.verification, chain.layers[0].data_size) == ((), None, None)


@pytest.mark.parametrize("golden", golden_sets("b_passphrase"))
def test_a_passphrase_is_tried(golden: GoldenSet) -> None:
    right = report_on(golden.extern, "nodelocal://1/enc", keys=keys_of(PASSPHRASE))
    assert (right.state, right.chains[0].keys[0].result) == ("sound", "opens")
    wrong = report_on(golden.extern, "nodelocal://1/enc", keys=keys_of("wrong"))
    assert (wrong.state, wrong.chains[0].keys[0].result) == ("locked", "fails")
    assert "incorrect key" in (wrong.chains[0].keys[0].reason or "")


@pytest.mark.parametrize("golden", golden_sets("c_kms"))
def test_every_master_key_is_tried_by_itself(golden: GoldenSet) -> None:
    locked = report_on(golden.extern, "nodelocal://1/kms2").chains[0]
    keys = keys_of(None, KEY_A, "testkms:///other?AUTH=implicit")
    report = report_on(golden.extern, "nodelocal://1/kms2", keys=keys)
    [chain] = report.chains
    assert (report.state, len(chain.layers)) == ("sound", 3)
    assert {key.master_key: key.result for key in chain.keys} == {"keyA (testkms)": "opens", None: "untried"}
    assert [key.master_key_hash for key in chain.keys] == [key.master_key_hash for key in locked.keys]
    assert report.unused_keys == ("other (testkms)",)
    both = report_on(golden.extern, "nodelocal://1/kms2", keys=keys_of(None, KEY_A, KEY_B))
    assert [key.result for key in both.chains[0].keys] == ["opens", "opens"]


def test_a_passphrase_is_proven_by_a_layer_where_the_full_backup_is_damaged(tmp_path: Path) -> None:
    golden = GoldenSet("21.2", "b_passphrase").extern / "enc"
    shutil.copytree(golden, tmp_path / "enc")
    shutil.copytree(golden, tmp_path / "enc" / "20261121" / "184138.45")
    (tmp_path / "enc" / "BACKUP_MANIFEST").write_bytes(b"no manifest at all")
    [chain] = report_on(tmp_path, "nodelocal://1/enc", keys=keys_of(PASSPHRASE)).chains
    assert chain.keys[0].result == "opens"
    assert [layer.is_opened for layer in chain.layers] == [False, True]


def test_a_lost_key_file_is_a_problem(tmp_path: Path) -> None:
    shutil.copytree(GoldenSet("21.2", "b_passphrase").extern / "enc", tmp_path / "enc")
    (tmp_path / "enc" / "ENCRYPTION-INFO").unlink()
    report = report_on(tmp_path, "nodelocal://1/enc", keys=keys_of(PASSPHRASE))
    assert report.state == "damaged"
    assert "no ENCRYPTION-INFO lies beside" in report.chains[0].all_problems[0].message


def test_a_damaged_key_file_is_a_problem(tmp_path: Path) -> None:
    shutil.copytree(GoldenSet("21.2", "b_passphrase").extern / "enc", tmp_path / "enc")
    (tmp_path / "enc" / "ENCRYPTION-INFO").write_bytes(b"\x12\xff")
    assert report_on(tmp_path, "nodelocal://1/enc", keys=keys_of(PASSPHRASE)).state == "damaged"


# Damage


def test_a_changed_data_file_is_told_with_its_name(chain: Path) -> None:
    [file] = sorted((chain / "app" / "data").glob("*.sst"))[:1]
    changed = bytearray(file.read_bytes())
    changed[100] ^= 1
    file.write_bytes(changed)
    report = report_on(chain, "nodelocal://1/app")
    assert report.state == "damaged"
    assert any(file.name in (problem.location or "") for problem in report.chains[0].all_problems)


def test_a_changed_manifest_leaves_the_other_layers_told(chain: Path) -> None:
    manifest = layer_folders(chain)[1] / "BACKUP_MANIFEST"
    manifest.write_bytes(manifest.read_bytes()[:-1])
    [found] = report_on(chain, "nodelocal://1/app").chains
    assert [layer.is_opened for layer in found.layers] == [True, True, False, True]
    assert found.layers[2].problem is not None
    assert found.layers[2].end is not None  # of the folder's name
    assert found.verification is not None
    assert found.verification.layers == 3


def test_a_lost_layer_is_a_problem(chain: Path) -> None:
    shutil.rmtree(layer_folders(chain)[1])
    [found] = report_on(chain, "nodelocal://1/app").chains
    assert len(found.layers) == 3
    assert any("the one below it ends at" in problem.message for problem in found.all_problems)


def test_lost_data_is_a_problem_and_no_error(chain: Path) -> None:
    shutil.rmtree(chain / "app" / "data")
    [found] = report_on(chain, "nodelocal://1/app").chains
    assert found.state == "damaged"
    assert found.tables  # of the manifest


# Steps


def _at(hour: float) -> Timestamp:
    return Timestamp(int(hour * 3600) * 1_000_000_000)


def _report(*layers: LayerSummary) -> Report:
    return Report("nodelocal://1/x", NOW, is_collection=False, chains=(ChainSummary("", layers),))


def _layer(start: float, end: float, *, has_revision_history: bool = False) -> LayerSummary:
    return LayerSummary(
        "x", "incremental", _at(start), _at(end), is_opened=True, has_revision_history=has_revision_history
    )


FULL = LayerSummary("", "full", None, _at(1), is_opened=True)


def test_a_gap_is_more_than_twice_the_usual_step() -> None:
    report = _report(FULL, _layer(1, 2), _layer(2, 3), _layer(3, 6), _layer(6, 8))
    assert longest_step(report) == Step(_at(3), _at(6))
    assert gaps(report) == ()  # steps of 1, 1, 3 and 2 hours: the usual one has 1.5
    report = _report(FULL, _layer(1, 2), _layer(2, 3), _layer(3, 6.5), _layer(6.5, 8))
    assert gaps(report) == (Step(_at(3), _at(6.5)),)


def test_revision_history_bridges_a_step() -> None:
    report = _report(FULL, _layer(1, 2), _layer(2, 3), _layer(3, 9, has_revision_history=True), _layer(9, 10))
    assert gaps(report) == ()
    assert longest_step(report) == Step(_at(1), _at(2))


def test_one_restore_point_has_no_steps() -> None:
    assert (longest_step(_report(FULL)), gaps(_report(FULL))) == (None, ())


# Places that cannot be listed


def test_without_a_listing_sizes_are_unknown_and_the_backup_is_verified() -> None:
    env = StorageEnv(external_io_dir=GoldenSet("21.2", "d_chain").extern)
    storage = open_stores(["nodelocal://1/full"], env).default
    assert isinstance(storage, DirectoryStorage)
    storage._can_list = False  # as a web server
    report = collect(Stores(storage), keys_of(), now=NOW)
    [chain] = report.chains
    assert report.state == "sound"
    assert chain.stored_size is None
    assert {table.stored_size for table in chain.tables} == {None}
    assert "–" in [cell.text for cell in parse_page(render_page(report)).all("td")]
