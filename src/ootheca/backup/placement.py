"""Locality-aware BACKUP: which store takes the data files of this node, and the list of files that each store gets.

A store's locality is one tier, `region=east`; a node's is a list of tiers from the widest to the narrowest,
`region=east,az=e1`. A node writes to the store of its narrowest tier that has one, else to the default store.

Source: reference/format/01 §6, §7; fixtures/golden/*/i_locality_one (a node of two tiers) and i_locality_three.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ootheca import pb
from ootheca.backup.sealed import SealedStorage
from ootheca.codec import filenames

__all__ = ["ONE_STORE", "Placement", "list_part", "place"]


@dataclass(frozen=True, slots=True)
class Placement:
    """How a layer is spread over stores.

    Attributes:
        localities: of the stores besides the default's, in the order of the folder's `others`.
        chosen: the locality of the store that takes the data files; empty for the default's.
    """

    localities: tuple[str, ...] = ()
    chosen: str = ""

    def data_folder(self, folder: SealedStorage) -> SealedStorage:
        """Return the folder of the data files."""
        return folder if not self.chosen else folder.parts[1 + self.localities.index(self.chosen)]

    def part_files(self, folder: SealedStorage) -> Iterator[tuple[str, str, SealedStorage]]:
        """Yield for each locality the name of its list of files, and the folder where that goes."""
        for number, (locality, part) in enumerate(
            zip(self.localities, folder.parts[1:], strict=True), start=1
        ):
            yield locality, filenames.partition_name(number, locality), part


ONE_STORE: Final = Placement()
"""Of a backup that is not locality-aware."""


def place(localities: Sequence[str], tiers: Sequence[str]) -> Placement:
    """Place the data files of a node.

    Args:
        localities: of the stores besides the default's, each `key=value`.
        tiers: the node's locality.
    """
    chosen = next((tier for tier in reversed(tiers) if tier in localities), "")
    return Placement(tuple(localities), chosen)


def list_part(manifest: pb.BackupManifest, locality: str) -> pb.BackupPartitionDescriptor:
    """Return the list of a locality's files."""
    files = [file for file in manifest.files if file.locality_kv == locality]
    return pb.BackupPartitionDescriptor(locality_kv=locality, backup_id=manifest.id, files=files)
