"""Verification of what real servers wrote: no problem in any of it, and every entry of their own dumps is read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ootheca.backup.opened import Backup, open_backup
from ootheca.codec.filenames import MANIFESTS
from ootheca.errors import KeyRequiredError, ObjectNotFoundError, OothecaError
from tests.support.golden import PASSPHRASE
from tests.support.public import PublicSet, public_sets

REPOSITORY = Path(__file__).parents[2]
OWN = REPOSITORY / "fixtures" / "golden"
SHARED = REPOSITORY.parent / "shared" / "fixtures" / "golden"
KEYS: list[dict[str, Any]] = [
    {"encryption_passphrase": PASSPHRASE},
    {"encryption_passphrase": "x"},
    {"kms": ["testkms:///keyA?AUTH=implicit"]},
    {"kms": ["testkms:///keyB?AUTH=implicit"]},
    {"kms": ["testkms:///only/key-1?AUTH=implicit"]},
]
SPREAD = {"i_locality_one", "i_locality_three"}  # test_localities verifies them
DUMP_LACKS_FILES = {"k_errors"}


def golden_sets(*names: str) -> list[Any]:
    """The named sets of both versions, by default all but the spread ones; those that lie elsewhere are marked."""
    found: dict[str, Any] = {}
    for root, marks in ((OWN, []), (SHARED, [pytest.mark.shared])):
        for path in sorted(root.glob("*.*/*/extern")):
            name = f"{path.parent.parent.name}/{path.parent.name}"
            is_wanted = path.parent.name in names if names else path.parent.name not in SPREAD
            if is_wanted and name not in found:
                found[name] = pytest.param(path.parent, id=name, marks=marks)
    missing = pytest.param(None, id="none", marks=[pytest.mark.shared, pytest.mark.skip("not here")])
    return list(found.values()) or [missing]


def folders(extern: Path) -> list[str]:
    return sorted({str(p.parent.relative_to(extern)) for name in MANIFESTS for p in extern.rglob(name)})


def open_with_any_key(extern: Path, folder: str, sandbox: Path) -> Backup | None:
    """Open a folder with the key that opens it; None for a lone layer of a sealed chain."""
    uri = f"nodelocal://1/{folder}"
    try:
        return open_backup(uri, external_io_dir=extern)
    except KeyRequiredError:
        pass
    for options in KEYS:
        try:
            return open_backup(uri, external_io_dir=extern, sandbox_dir=sandbox, **options)
        except ObjectNotFoundError:
            return None
        except OothecaError as exc:
            if "could not find or read encryption information" in exc.message:
                return None
    return None


def chains(path: Path, sandbox: Path) -> Iterator[tuple[str, Backup]]:
    extern = path / "extern"
    for folder in folders(extern):
        opened = open_with_any_key(extern, folder, sandbox)
        if opened is not None and opened.chain.full.is_full:
            yield folder, opened


def dumped_entries(path: Path) -> dict[str, int]:
    """The number of entries of each data file, as the server's own code read it, by the file's path."""
    plain, packed = path / "dump.jsonl", path / "dump.jsonl.gz"
    text = plain.read_text() if plain.exists() else gzip.decompress(packed.read_bytes()).decode()
    records = [json.loads(line) for line in text.splitlines() if line]
    return {r["file"].partition("extern/")[2]: r["entries"] for r in records if r["kind"] == "sst"}


def promised_files(opened: Backup) -> set[str]:
    """The paths of a chain's data files below the served folder."""
    return {
        layer.folder.location(file.path).removeprefix("nodelocal://1/")
        for layer in opened.chain.layers
        for file in layer.manifest.files
    }


@pytest.mark.parametrize("path", golden_sets())
def test_what_a_server_wrote_has_no_problem(path: Path, tmp_path: Path) -> None:
    checked = set()
    dumped = dumped_entries(path) if path.name not in DUMP_LACKS_FILES else {}
    for folder, opened in chains(path, tmp_path):
        report = opened.verify()
        named_elsewhere = {problem.message.partition(" BACKUP_PART_")[0] for problem in report.problems}
        assert named_elsewhere <= {"expected manifest"}, (folder, report.problems)
        if opened.chain.full.manifest.partition_descriptor_filenames:
            assert (
                path.name == "q_incremental_location"
            )  # one of its chains is spread, and has no files elsewhere
        else:
            assert report.is_sound, (folder, report.problems)
        files = promised_files(opened)
        assert report.files == len(files)
        if dumped:
            assert report.entries == sum(dumped[name] for name in files)
        assert report.rows <= sum(layer.manifest.entry_counts.rows for layer in opened.chain.layers)
        checked.add(folder)
    assert checked


@pytest.mark.parametrize("path", golden_sets("d_chain", "e_revision", "g_encrypted_chain"))
def test_a_layer_left_out_of_a_chain_is_told(path: Path) -> None:
    options = {"encryption_passphrase": PASSPHRASE} if path.name == "g_encrypted_chain" else {}
    layers = ["nodelocal://1/inc1", "nodelocal://1/inc2"]
    whole = open_backup("nodelocal://1/full", incremental=layers, external_io_dir=path / "extern", **options)
    report = whole.verify()
    assert report.problems == ()
    assert report.layers == 3
    gap = open_backup(
        "nodelocal://1/full", incremental=layers[1:], external_io_dir=path / "extern", **options
    )
    problems = gap.verify().problems
    assert problems[0].message.startswith("the layer starts at")
    assert any(problem.message.startswith("no backup covers time") for problem in problems)


@pytest.mark.parametrize("public", public_sets())
def test_backups_by_older_versions_have_no_problem(public: PublicSet) -> None:
    report = public.open().verify()
    assert report.problems == ()
    assert report.files == len({file.path for file in public.open().chain.full.manifest.files})
