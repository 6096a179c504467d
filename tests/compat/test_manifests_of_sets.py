"""Backups taken here by the statements of the other golden sets have the spans, files and counts of the server's."""

from __future__ import annotations

from pathlib import Path

import pytest

from ootheca import pb
from ootheca.clock import FixedClock, Timestamp
from ootheca.codec.manifest import decode_manifest
from ootheca.exec.session import Session
from tests.compat.test_layers_from_sql import spans
from tests.support.golden import GoldenSet, sets_at_hand
from tests.support.script import run_script

START = Timestamp(1_700_000_000_000_000_000)
# (version, set, backup) -> what differs, and why.
EXCEPTIONS = {
    # Ranges were split by hand: the server exports each of them for itself.
    ("20.2", "j_targets", "two_databases"): {"files"},
    ("21.2", "j_targets", "two_databases"): {"files"},
    # Keys of a table without primary key are numbers of the machine's.
    ("20.2", "m_small_ssts", "plain"): {"files"},
    ("20.2", "m_small_ssts", "rev"): {"files"},
    # The index that was made last lies in a range of its own there.
    ("21.2", "f_collection", "coll"): {"files"},
    # The server joins entries that happen to come to one file one after the other.
    ("21.2", "m_small_ssts", "plain"): {"files", "counts"},
    ("21.2", "m_small_ssts", "rev"): {"files", "counts"},
}


def manifests(extern: Path) -> dict[str, list[pb.BackupManifest]]:
    """Return the plain manifests of each backup, its layers by their ends."""
    found: dict[str, list[pb.BackupManifest]] = {}
    for path in extern.rglob("BACKUP_MANIFEST"):
        stored = path.read_bytes()
        if not stored.startswith(b"encrypt"):
            name = path.relative_to(extern).parts[0]
            found.setdefault(name, []).append(decode_manifest(stored, location=str(path)))
    return {
        name: sorted(layers, key=lambda layer: layer.end_time.wall_time)
        for name, layers in sorted(found.items())
    }


@pytest.mark.parametrize(
    "golden", sets_at_hand("f_collection", "i_locality_one", "j_targets", "m_small_ssts")
)
def test_every_manifest_of_a_set_is_the_servers(golden: GoldenSet, tmp_path: Path) -> None:
    clock = FixedClock(START, step_ns=20_000_000)  # two layers of one hundredth of a second have one folder
    with Session(version=golden.version, external_io_dir=tmp_path, sandbox=True, clock=clock) as session:
        run_script(session, golden.path / "make.sql", skips_refused=True)
    real, made = manifests(golden.extern), manifests(tmp_path)
    assert made.keys() == real.keys()
    for name, layers in real.items():
        assert len(made[name]) == len(layers)
        excepted = EXCEPTIONS.get((golden.version, golden.name, name), set())
        for theirs, mine in zip(layers, made[name], strict=True):
            expected, found = spans(theirs), spans(mine)
            different = {part for part in expected if expected[part] != found[part]}
            assert different <= excepted, name
