"""Collections: a directory of full backups in date-named subdirectories, and the file that names the newest.

Source: reference/format/01 §4 (LATEST, layout by version).
"""

from __future__ import annotations

from ootheca.codec import filenames
from ootheca.errors import ObjectNotFoundError
from ootheca.storage.base import Storage

__all__ = ["list_full_backups", "read_latest", "write_latest"]


def read_latest(collection: Storage) -> str:
    """Return the subdirectory of the newest full backup, with a leading `/`.

    Raises:
        ObjectNotFoundError: `path does not contain a completed latest backup: …`.
    """
    try:
        stored = collection.read(_latest_name(collection))
    except ObjectNotFoundError as exc:
        raise exc.prefixed("path does not contain a completed latest backup") from exc
    return filenames.parse_latest(stored, location=f"{collection.uri}/{filenames.LATEST}")


def _latest_name(collection: Storage) -> str:
    """Return the file to read: write-once names of 22.1 and later sort newest first, older versions have one file."""
    if not collection.can_list:
        return filenames.LATEST
    names = [entry.name for entry in collection.list(filenames.LATEST_FOLDER + "/")]
    return filenames.newest_latest(names) or filenames.LATEST


def write_latest(collection: Storage, subdirectory: str) -> None:
    """Make a full backup the newest of its collection. Only for a backup that is complete."""
    collection.write(filenames.LATEST, filenames.format_latest(subdirectory))


def list_full_backups(collection: Storage) -> list[str]:
    """List the subdirectories `YYYY/MM/DD-HHMMSS.FF` that hold a full backup, in order of time."""
    found = []
    for entry in collection.list():
        parent, _, name = entry.name.rpartition("/")
        if name in filenames.MANIFESTS and parent.count("/") == 2:
            found.append(parent)
    return sorted(set(found))
