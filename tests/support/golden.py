"""The golden sets: real backups, with what the server that wrote them printed and held."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2] / "fixtures" / "golden"
VERSIONS = ("20.2", "21.2")
PASSPHRASE = "correct horse ž battery"


@dataclass(frozen=True)
class GoldenSet:
    """One folder of fixtures/golden/VERSION."""

    version: str
    name: str

    @property
    def path(self) -> Path:
        return ROOT / self.version / self.name

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

    def tables(self) -> dict[str, dict[str, Any]]:
        """The content of every table at the last mark."""
        expect = self._load("expect")
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
