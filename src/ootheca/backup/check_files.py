"""Whether the files that a backup's manifests name are there, told from their sizes alone: SHOW BACKUP … check_files.

Source: reference/sql/09 §7 (messages). Unverified: an option of 23.1 and later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ootheca.backup.chain import Chain, Layer
from ootheca.backup.sealed import SealedStorage
from ootheca.codec import filenames
from ootheca.errors import ObjectNotFoundError, OothecaError

__all__ = ["stored_sizes"]

_MAX_NAMED: Final = 10


def stored_sizes(chain: Chain) -> list[Mapping[str, int]]:
    """Return the bytes that each data file takes in storage, for every layer, by the file's path.

    Raises:
        ObjectNotFoundError: data files are missing; the message names the first ten.
        OothecaError: another file of a layer cannot be found.
    """
    missing: list[str] = []
    sizes: list[Mapping[str, int]] = []
    for layer in chain.layers:
        _check_metadata(layer)
        of_layer: dict[str, int] = {}
        for file in layer.manifest.files:
            if len(missing) == _MAX_NAMED:
                break
            if file.path not in of_layer:
                of_layer[file.path] = _size(layer.folder_of(file), file.path, missing)
        sizes.append(of_layer)
    if missing:
        raise ObjectNotFoundError(_words(missing), sqlstate="XXUUU", location=missing[0])
    return sizes


def _size(folder: SealedStorage, path: str, missing: list[str]) -> int:
    try:
        return folder.storage.size(path)
    except ObjectNotFoundError:
        missing.append(folder.location(path))
        return 0


def _check_metadata(layer: Layer) -> None:
    folder = layer.folder
    names = sorted(set(layer.manifest.statistics_filenames.values()))
    if folder.storage.exists(filenames.MANIFEST):
        names.insert(0, filenames.checksum_name(filenames.MANIFEST))
    for name in names:
        try:
            folder.storage.size(name)
        except OothecaError as exc:
            raise exc.prefixed(f"Error checking metadata file {folder.location(name)}") from exc


def _words(missing: list[str]) -> str:
    start = "The following files are missing from the backup:"
    if len(missing) == _MAX_NAMED:
        start = "Multiple files cannot be read from the backup including:"
    return start + "\n\t" + "\n\t".join(missing)
