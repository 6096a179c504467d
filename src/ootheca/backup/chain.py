"""A chain: one full layer and the incremental layers on top of it, opened and in order.

A layer is one backup folder with one manifest. Layers that were appended lie below the full backup's folder
(`YYYYMMDD/HHMMSS.FF/`) and are found by listing; layers in folders of their own are named by the user.

Source: reference/format/01 §3, §4 (names and order), 07 §1 steps 2 to 6 (what RESTORE checks).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ootheca import pb
from ootheca.backup.localities import locality_folders
from ootheca.backup.sealed import SealedStorage
from ootheca.clock import Timestamp
from ootheca.codec import filenames
from ootheca.codec.manifest import decode_manifest, decode_statistics, verify_checksum
from ootheca.errors import ObjectNotFoundError, OothecaError
from ootheca.storage.base import Storage
from ootheca.uri import join

__all__ = [
    "Chain",
    "Layer",
    "check_localities",
    "check_statistics",
    "cut_at",
    "find_appended",
    "manifest_in",
    "open_chain",
    "read_layer",
]


@dataclass(frozen=True)  # without slots, for what is cached
class Layer:
    """One opened backup folder."""

    folder: SealedStorage
    manifest: pb.BackupManifest

    @cached_property
    def localities(self) -> Mapping[str, SealedStorage]:
        """The folders of the layer in the stores of other localities, by `key=value`.

        Raises:
            OothecaError: a store is missing, or does not belong to this backup.
        """
        return locality_folders(self.folder, self.manifest)

    def folder_of(self, file: pb.File) -> SealedStorage:
        """Return the folder that holds a data file; errors as for `localities`."""
        if not file.locality_kv:
            return self.folder
        return self.localities.get(file.locality_kv, self.folder)

    @property
    def start(self) -> Timestamp:
        """Zero for a full layer, else the end of the layer below."""
        return _timestamp(self.manifest.start_time)

    @property
    def end(self) -> Timestamp:
        return _timestamp(self.manifest.end_time)

    @property
    def is_full(self) -> bool:
        return not self.manifest.start_time.wall_time

    @property
    def has_revision_history(self) -> bool:
        return self.manifest.mvcc_filter == pb.MVCCFilter.All


@dataclass(frozen=True, slots=True)
class Chain:
    """Layers in order of time; the first is full."""

    layers: tuple[Layer, ...]

    @property
    def full(self) -> Layer:
        return self.layers[0]

    @property
    def last(self) -> Layer:
        return self.layers[-1]

    @property
    def end(self) -> Timestamp:
        return self.last.end


def _timestamp(t: pb.Timestamp) -> Timestamp:
    return Timestamp(t.wall_time, t.logical)


def read_layer(folder: SealedStorage) -> Layer:
    """Read, check and decode the manifest of one backup folder.

    Raises:
        ObjectNotFoundError: there is no manifest of any version; the error names the current one.
        ChecksumMismatchError: it is not the one that its checksum file was made from.
        KeyRequiredError: it is sealed and no key was given.
    """
    missing: ObjectNotFoundError | None = None
    for name in filenames.MANIFESTS:
        if name == filenames.METADATA and not folder.storage.exists(name):
            continue  # as in every version before 23.1; its absence is never the error
        try:
            stored = folder.storage.read(name)
        except ObjectNotFoundError as exc:
            missing = missing or exc
            continue
        _check(folder.storage, name, stored)
        manifest = decode_manifest(folder.unseal(stored, name), location=folder.location(name))
        opened = folder.proven()
        if manifest.has_external_manifest_ssts:
            _attach_lists(opened, manifest)
        return Layer(opened, manifest)
    assert missing is not None
    raise missing


def _attach_lists(folder: SealedStorage, manifest: pb.BackupManifest) -> None:
    """Complete the slim manifest of 23.1 and later with the two lists beside it."""
    # They are table files, whose reader nobody else needs who only looks at manifests.
    from ootheca.codec.external import attach_lists, decode_descriptor_list, decode_file_list

    files = decode_file_list(folder.read(filenames.FILE_LIST), location=folder.location(filenames.FILE_LIST))
    descriptors, revisions = decode_descriptor_list(
        folder.read(filenames.DESCRIPTOR_LIST), location=folder.location(filenames.DESCRIPTOR_LIST)
    )
    attach_lists(manifest, files, descriptors, revisions)


def _check(storage: Storage, name: str, stored: bytes) -> None:
    try:
        expected = storage.read(filenames.checksum_name(name))
    except ObjectNotFoundError:
        return  # backups up to 20.1 have none
    verify_checksum(stored, expected, location=join(storage.uri, name).bare())


def check_localities(chain: Chain) -> None:
    """Find the stores of all localities of every layer, as RESTORE does before it begins (07 §1 step 5).

    Raises:
        OothecaError: a store is missing, or does not belong to this backup.
    """
    for layer in chain.layers:
        _ = layer.localities


def check_statistics(layer: Layer) -> None:
    """Read the table statistics that the manifest names, as RESTORE does before it begins (07 §1 step 14).

    Raises:
        OothecaError: a file is missing, does not open or does not decode.
    """
    for name in sorted(set(layer.manifest.statistics_filenames.values())):
        decode_statistics(layer.folder.read(name), location=layer.folder.location(name))


def manifest_in(storage: Storage) -> str | None:
    """Return the name of the manifest that a folder holds; None where there is no backup."""
    names = (filenames.MANIFEST, filenames.METADATA, filenames.OLD_MANIFEST)  # the commonest first
    return next((name for name in names if storage.exists(name)), None)


def find_appended(storage: Storage) -> list[str]:
    """List the folders of layers appended below a full backup's folder, oldest first, relative to it."""
    if not storage.can_list:
        return []
    found = set()
    for entry in storage.list():
        parent, _, name = entry.name.rpartition("/")
        if name in filenames.MANIFESTS and filenames.parse_incremental_subdirectory(parent) is not None:
            found.add(parent)
    return sorted(found)


def open_chain(full: SealedStorage, named: Sequence[SealedStorage] = ()) -> Chain:
    """Open a full backup's folder and its layers.

    Args:
        named: the layers that the user listed; when there are none, appended ones are looked for.

    Layers that 25.1 and later made by compacting others are left out: what they hold is in those others too.
    """
    folders = list(named) or [full.at(path) for path in find_appended(full.storage)]
    layers = [read_layer(folder) for folder in (full, *folders)]
    return Chain(tuple(layer for layer in layers if not layer.manifest.is_compacted))


def cut_at(chain: Chain, time: Timestamp) -> Chain:
    """Return the layers that are needed to read the chain as of a time.

    Raises:
        OothecaError: no layer covers the time, or it lies inside a layer without revision history.

    Source: reference/format/07 §1 step 6 (messages and order of checks).
    """
    for i, layer in enumerate(chain.layers):
        if not layer.start < time <= layer.end:
            continue
        if time != layer.end and not layer.has_revision_history:
            nearest = f"nearest backup time is {layer.end.format_go()}"
            if i:
                nearest = f"nearest BACKUP times are {layer.start.format_go()} or {layer.end.format_go()}"
            raise OothecaError(
                "invalid RESTORE timestamp: restoring to arbitrary time requires that BACKUP for requested time be "
                f"created with 'revision_history' option. {nearest}"
            )
        oldest = _timestamp(layer.manifest.revision_start_time)
        if time != layer.end and time <= oldest:
            raise OothecaError(
                "invalid RESTORE timestamp: BACKUP for requested time only has revision history from "
                f"{oldest.format_go()}"
            )
        return Chain(chain.layers[: i + 1])
    raise OothecaError("invalid RESTORE timestamp: supplied backups do not cover requested time")
