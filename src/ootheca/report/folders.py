"""One backup folder, read as far as the key goes: its listing, and its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ootheca.backup.chain import Layer, read_layer
from ootheca.backup.localities import Stores
from ootheca.backup.sealed import SealedStorage
from ootheca.clock import Timestamp
from ootheca.codec import filenames
from ootheca.crypto.data_key import DataKey
from ootheca.errors import KeyRequiredError, OothecaError
from ootheca.report.facts import LayerSummary, Problem
from ootheca.storage.base import Storage

__all__ = ["Folder", "read_folder"]

_NO_KEY_FILE = (
    "the files are encrypted, and no ENCRYPTION-INFO lies beside the full backup: no key opens them"
)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a chain.

    Attributes:
        sizes: stored bytes of its files by name, of all localities; None where storage cannot list.
        layer: what was opened, None where nothing was.
    """

    summary: LayerSummary
    sizes: Mapping[str, int] | None
    layer: Layer | None


def read_folder(place: Stores, full: Storage, key: DataKey | None, *, is_encrypted: bool) -> Folder:
    """Read one folder of a chain.

    Args:
        full: the folder of the full backup.
        is_encrypted: there are key files; then a manifest that does not open for lack of a key is no problem.
    """
    is_full = place.default.uri.bare() == full.uri.bare()
    path = "" if is_full else _relative_path(place.default, full)
    summary = LayerSummary(path, "full" if is_full else "incremental", end=_named_end(place.default))
    try:
        stored = _list_files(place)
        if stored is not None:
            summary = replace(summary, num_files=len(stored), stored_size=sum(size for _, size in stored))
        folder = SealedStorage(place.default, key).beside(place.default, place.others)
        layer = read_layer(folder)
    except KeyRequiredError as exc:
        problem = None if is_encrypted else replace(Problem.of(exc), message=_NO_KEY_FILE, hint=None)
        return Folder(replace(summary, problem=problem), None, None)
    except OothecaError as exc:
        return Folder(replace(summary, problem=Problem.of(exc)), None, None)
    return Folder(_opened(summary, layer), None if stored is None else dict(stored), layer)


def _opened(summary: LayerSummary, layer: Layer) -> LayerSummary:
    manifest = layer.manifest
    counts = manifest.entry_counts
    revision_start = manifest.revision_start_time
    return replace(
        summary,
        kind="compacted" if manifest.is_compacted else "full" if layer.is_full else "incremental",
        start=layer.start or None,
        end=layer.end,
        is_opened=True,
        has_revision_history=layer.has_revision_history,
        revision_start=Timestamp(revision_start.wall_time, revision_start.logical) or None,
        data_size=counts.data_size,
        rows=counts.rows,
        index_entries=counts.index_entries,
    )


def _list_files(place: Stores) -> list[tuple[str, int]] | None:
    """List the files of one folder in all localities, without those of the layers below it."""
    stores = (place.default, *place.others)
    if not all(store.can_list for store in stores):
        return None
    return [
        (entry.name, entry.size) for store in stores for entry in store.list() if not _is_below(entry.name)
    ]


def _is_below(name: str) -> bool:
    """Whether a file lies in an appended layer, or in the folder of a full backup of a collection."""
    parts = name.split("/")
    return (
        filenames.parse_incremental_subdirectory("/".join(parts[:2])) is not None
        or filenames.parse_full_subdirectory("/".join(parts[:3])) is not None
        or parts[0] == filenames.INCREMENTALS_FOLDER
        or name.startswith(f"{filenames.LATEST_FOLDER}/")
    )


def _named_end(storage: Storage) -> Timestamp | None:
    """Return the time that a folder's name tells, cut to hundredths of a second."""
    parts = storage.uri.path.strip("/").split("/")
    end_ns = filenames.parse_incremental_subdirectory("/".join(parts[-2:]))
    if end_ns is None:
        end_ns = filenames.parse_full_subdirectory("/".join(parts[-3:]))
    return None if end_ns is None else Timestamp(end_ns)


def _relative_path(storage: Storage, full: Storage) -> str:
    """Return a layer's folder as seen from the full backup's, or its whole name if it lies elsewhere."""
    name, above = storage.uri.bare(), full.uri.bare().rstrip("/") + "/"
    return name.removeprefix(above)
