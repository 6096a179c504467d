"""Restore points of a collection: each full backup and each layer that is named by its time, with the id of 26.1.

Layout of an id: base64 (URL alphabet) of 16 bytes without the zeros at their end. The bytes are, in reversed order, the
full backup's end time XOR the point's, and the point's end time, each in ms since the Unix epoch as 8 bytes. Times are
cut to hundredths of a second, as they are in the names of folders.

Source: reference/sql/03 §2.2; the layout of ids is that of CockroachDB 26's collections.
Unverified: no collection of that version is at hand.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from ootheca.codec import filenames
from ootheca.storage.base import Storage

__all__ = ["RestorePoint", "find_restore_point", "list_restore_points"]

_MS_NS = 1_000_000
_ID_SIZE = 16


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """A time that a chain can be restored to.

    Attributes:
        subdirectory: of the full backup, without slashes around it.
        folder: of the layer that ends there; the full backup's own for the first point.
        full_end_ns, end_ns: since the Unix epoch, cut to hundredths of a second.
    """

    subdirectory: str
    folder: str
    full_end_ns: int
    end_ns: int

    @property
    def id(self) -> str:
        """What newer versions call it."""
        full_end, end = self.full_end_ns // _MS_NS, self.end_ns // _MS_NS
        packed = (full_end ^ end).to_bytes(8, "big") + end.to_bytes(8, "big")
        return base64.urlsafe_b64encode(packed[::-1].rstrip(b"\0")).decode()


def list_restore_points(collection: Storage) -> list[RestorePoint]:
    """List what a collection can be restored to, the newest first.

    Full backups in folders that do not tell their time are left out, and the layers on top of them.
    """
    found = set()
    for entry in collection.list():
        folder, _, name = entry.name.rpartition("/")
        if name in filenames.MANIFESTS and (point := _parse(folder)) is not None:
            found.add(point)
    return sorted(found, key=lambda point: (point.end_ns, point.full_end_ns), reverse=True)


def find_restore_point(collection: Storage, text: str) -> RestorePoint | None:
    """Return the restore point of an id; None where the text is no id, or there is no such point."""
    if not _is_id(text) or not collection.can_list:
        return None
    return next((point for point in list_restore_points(collection) if point.id == text), None)


def _parse(folder: str) -> RestorePoint | None:
    path = folder.removeprefix(f"{filenames.INCREMENTALS_FOLDER}/")
    parts = path.split("/")
    subdirectory = "/".join(parts[:3])
    full_end_ns = filenames.parse_full_subdirectory(subdirectory)
    if full_end_ns is None:
        return None
    if len(parts) == 3:
        return RestorePoint(subdirectory, folder, full_end_ns, full_end_ns) if path == folder else None
    end_ns = filenames.parse_incremental_subdirectory("/".join(parts[3:]))
    return None if end_ns is None else RestorePoint(subdirectory, folder, full_end_ns, end_ns)


def _is_id(text: str) -> bool:
    try:
        return 0 < len(base64.b64decode(text, altchars=b"-_", validate=True)) <= _ID_SIZE
    except (binascii.Error, ValueError):
        return False
