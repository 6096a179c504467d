"""Checkpoints: which data files of a backup in the making are stored, so that its job can go on after them.

They are kept in the claim's file, behind the ids, sealed as every file of the backup is. A checkpoint is as long as
what it lists: it is written when it has become small against what was stored since the last one.

Source: reference/format/01 §7 (BACKUP-CHECKPOINT; its content is CockroachDB's own affair).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ootheca import pb
from ootheca.backup.claim import Claim
from ootheca.backup.sealed import SealedStorage
from ootheca.codec import filenames
from ootheca.codec.manifest import decode_manifest
from ootheca.errors import OothecaError

__all__ = ["Checkpoint"]

_SHARE: Final = 64  # a checkpoint is at most this part of what was stored since the last


class Checkpoint:
    """The checkpoint of one folder.

    Args:
        noted: what the claim held when it was taken again.
    """

    def __init__(self, claim: Claim, folder: SealedStorage, noted: bytes | None) -> None:
        self._claim = claim
        self._folder = folder
        self._unnoted = 0
        self.files = _decoded(folder, noted)
        self._size = sum(file.ByteSize() for file in self.files)

    @property
    def names(self) -> list[str]:
        """The files that hold what is listed, in the order in which they were written."""
        return list(dict.fromkeys(file.path for file in self.files))

    def add(self, files: Sequence[pb.File], stored_size: int) -> None:
        """List the entries of one more file that is stored, and of so many bytes.

        Raises:
            ObjectExistsError: another writer has the folder.
            StorageError: the checkpoint cannot be stored.
        """
        self.files.extend(files)
        self._unnoted += stored_size
        self._size += sum(file.ByteSize() for file in files)
        if self._size * _SHARE <= self._unnoted:
            self.note()

    def note(self) -> None:
        """Store what is listed and was not stored yet; errors as for `add`."""
        if self._unnoted:
            plain = pb.BackupManifest(files=self.files).SerializeToString()
            self._claim.note(bytes(self._folder.seal(plain)))
            self._unnoted = 0


def _decoded(folder: SealedStorage, noted: bytes | None) -> list[pb.File]:
    """Return what a checkpoint lists; of one that cannot be read, for a write of it was cut off, nothing."""
    if not noted:
        return []
    try:
        plain = folder.unseal(noted, filenames.CHECKPOINT)
        return list(decode_manifest(plain, location=folder.location(filenames.CHECKPOINT)).files)
    except OothecaError:
        return []
