"""The golden sets: real backups, with what the server that wrote them printed and held."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ootheca import pb
from ootheca.codec.manifest import decode_manifest

ROOT = Path(__file__).parents[2] / "fixtures" / "golden"
SHARED = Path(__file__).parents[3] / "shared" / "fixtures" / "golden"
VERSIONS = ("20.2", "21.2")
PASSPHRASE = "correct horse ž battery"


@dataclass(frozen=True)
class GoldenSet:
    """One folder of fixtures/golden/VERSION."""

    version: str
    name: str

    @property
    def path(self) -> Path:
        """In this repository, or else where all sets lie."""
        own = ROOT / self.version / self.name
        return own if own.is_dir() or not SHARED.is_dir() else SHARED / self.version / self.name

    @property
    def extern(self) -> Path:
        return self.path / "extern"

    def _load(self, stem: str) -> Any:
        plain = self.path / f"{stem}.json"
        if plain.exists():
            return json.loads(plain.read_text())
        return json.loads(gzip.decompress((self.path / f"{stem}.json.gz").read_bytes()))

    def statements(self) -> list[dict[str, Any]]:
        """What each statement answered: sql, and columns and rows, or an error."""
        found: list[dict[str, Any]] = self._load("output")["statements"]
        return found

    def expectations(self) -> Any:
        """What the server held, mark by mark; see fixtures/golden/README.md."""
        return self._load("expect")

    def layers(self, folder: str) -> list[pb.BackupManifest]:
        """The plain manifests below a folder of `extern/`, the oldest first."""
        manifests = [
            decode_manifest(path.read_bytes(), location=path.name)
            for path in (self.extern / folder).rglob("BACKUP_MANIFEST")
        ]
        return sorted(manifests, key=lambda manifest: manifest.end_time.wall_time)

    def tables(self) -> dict[str, dict[str, Any]]:
        """The content of every table at the last mark."""
        expect = self.expectations()
        mark = expect["last_mark"]
        found: dict[str, dict[str, Any]] = expect["marks"][mark]["tables"] if mark else expect["tables"]
        return found


def golden_sets(*names: str) -> list[Any]:
    """Return pytest parameters for the named sets in every version."""
    return [
        pytest.param(GoldenSet(version, name), id=f"{version}-{name}")
        for version in VERSIONS
        for name in names
    ]


def sets_at_hand(*names: str) -> list[Any]:
    """Return pytest parameters for the named sets, or for all, wherever they lie; those outside are marked."""
    found = []
    for version in VERSIONS:
        present = {path.parent.name for root in (ROOT, SHARED) for path in (root / version).glob("*/extern")}
        for name in names or sorted(present):
            golden = GoldenSet(version, name)
            if golden.extern.is_dir():
                marks = [] if golden.path.is_relative_to(ROOT) else [pytest.mark.shared]
                found.append(pytest.param(golden, id=f"{version}-{name}", marks=marks))
    missing = pytest.param(None, id="none", marks=[pytest.mark.shared, pytest.mark.skip("not here")])
    return found or [missing]
