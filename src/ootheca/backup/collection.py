"""Collections: a directory of full backups in date-named subdirectories, their layers, and what names the newest.

Source: reference/format/01 §4 (LATEST, layout by version).
"""

from __future__ import annotations

from ootheca.backup.chain import find_appended
from ootheca.backup.localities import Stores
from ootheca.codec import filenames
from ootheca.errors import ObjectNotFoundError, OothecaError
from ootheca.storage.base import Storage
from ootheca.uri import join

__all__ = [
    "find_layers",
    "layer_places",
    "list_full_backups",
    "list_indexed_full_backups",
    "read_latest",
    "write_latest",
]


def read_latest(collection: Storage) -> str:
    """Return the subdirectory of the newest full backup, without slashes around it.

    Raises:
        ObjectNotFoundError: `path does not contain a completed latest backup: …`.
        CorruptionError: `malformed LATEST file`.
    """
    name = _latest_name(collection)
    try:
        stored = collection.read(name)
    except ObjectNotFoundError as exc:
        raise ObjectNotFoundError(
            f"path does not contain a completed latest backup: {exc.message}",
            hint="take a full backup first: BACKUP … INTO the collection",
            location=exc.location,
        ) from exc
    return filenames.parse_latest(stored, location=join(collection.uri, name).bare())


def _latest_name(collection: Storage) -> str:
    """Return the file to read: write-once names of 22.1 and later sort newest first, older versions have one file."""
    if not collection.can_list:
        return filenames.LATEST
    folder = filenames.LATEST_FOLDER + "/"
    newest = filenames.newest_latest(entry.name.removeprefix(folder) for entry in collection.list(folder))
    return filenames.LATEST if newest is None else folder + newest


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


def list_indexed_full_backups(collection: Storage) -> list[str]:
    """List the subdirectories of the full backups that the index of 25.4 and later tells of, in order of time.

    Source: reference/format/01 §4. Unverified: no collection of that version is at hand.
    """
    found = set()
    for folder in filenames.INDEX_FOLDERS:
        for entry in collection.list(f"{folder}/"):
            full = entry.name.removeprefix(f"{folder}/").partition("/")[0]
            found.add(filenames.parse_indexed_full(full))
    return sorted(filter(None, found))


def find_layers(collection: Storage, subdirectory: str) -> list[str]:
    """List the folders of the layers of one full backup, oldest first, relative to the collection.

    They lie below the full backup up to 21.2, and below `incrementals/` from 22.1 on.

    Raises:
        OothecaError: there are some in both places.
    """
    subdirectory = subdirectory.strip("/")
    places = [subdirectory, f"{filenames.INCREMENTALS_FOLDER}/{subdirectory}"]
    found = [[f"{place}/{path}" for path in find_appended(collection.at(place))] for place in places]
    if all(found):
        raise OothecaError(
            "Incremental layers found in both old and new default locations. Please choose a location manually with "
            "the `incremental_location` parameter."
        )
    return found[0] or found[1]


def layer_places(
    collection: Stores, subdirectory: str, *, incremental_location: Stores | None = None
) -> list[Stores]:
    """Open the folders of the layers of one full backup, oldest first.

    Args:
        incremental_location: what the option of that name said; then the layers lie below it, in a subdirectory
            named as the full backup's, and are looked for nowhere else.

    Raises:
        OothecaError: as for `find_layers`.
    """
    if incremental_location is None:
        return [collection.at(path) for path in find_layers(collection.default, subdirectory)]
    place = incremental_location.at(subdirectory.strip("/"))
    return [place.at(path) for path in find_appended(place.default)]
