"""Locality-aware backups: one backup spread over several stores, and which store holds what.

The default store holds the manifest with all that belongs to it, every other one its data files and a list of them,
`BACKUP_PART_<n>_<locality>`, in each layer. Folders have the same names in all stores. Which store is which the lists
tell, not the URIs: the stores are searched for each list that the manifest names.

Source: reference/format/01 §6; fixtures/golden/*/i_locality_three.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ootheca import pb
from ootheca.backup.sealed import SealedStorage
from ootheca.codec.manifest import decode_partition
from ootheca.errors import CorruptionError, ObjectNotFoundError
from ootheca.locality import order_localities
from ootheca.storage.base import Storage, StorageEnv
from ootheca.storage.registry import open_storage
from ootheca.uri import parse_storage_uri

__all__ = ["Stores", "find_part", "locality_folders", "open_stores"]


@dataclass(frozen=True, slots=True)
class Stores:
    """One place, opened: the default store, and those of the other localities in any order."""

    default: Storage
    others: tuple[Storage, ...] = ()

    def at(self, subpath: str) -> Stores:
        """Return the place below this one, in every store."""
        return Stores(self.default.at(subpath), tuple(store.at(subpath) for store in self.others))


def open_stores(uris: Sequence[str], env: StorageEnv) -> Stores:
    """Open a place that is read: a lone URI, or those of all localities in any order.

    Raises: as for `open_storage`.
    """
    parsed = order_localities([parse_storage_uri(uri) for uri in uris])
    default, *others = (open_storage(uri, env) for uri in parsed)
    return Stores(default, tuple(others))


def find_part(
    folder: SealedStorage, manifest: pb.BackupManifest, name: str, found: Container[str]
) -> tuple[SealedStorage, pb.BackupPartitionDescriptor]:
    """Find a locality's list of files in one of the stores; return the folder it lies in, and the list.

    Args:
        found: the localities of which a list was found before.

    Raises:
        ObjectNotFoundError: no store has it.
        CorruptionError: it is of another backup, is a second one for its locality, or is no such list.
        EncryptionError: it does not open.
    """
    for part in folder.parts:
        try:
            stored = part.read(name)
        except ObjectNotFoundError:
            continue
        partition = decode_partition(stored, location=part.location(name))
        if partition.backup_id != manifest.id:
            raise CorruptionError(
                f"expected backup part to have backup ID {_uuid_text(manifest.id)}, "
                f"found {_uuid_text(partition.backup_id)}",
                sqlstate="XXUUU",
                location=part.location(name),
            )
        if partition.locality_kv in found:
            raise CorruptionError(
                f"duplicate locality {partition.locality_kv} found in backup",
                sqlstate="XXUUU",
                location=part.location(name),
            )
        return part, partition
    raise ObjectNotFoundError(
        f"expected manifest {name} not found in backup locations",
        sqlstate="XXUUU",
        hint="name the locations of all localities of this backup",
        location=folder.location(name),
    )


def locality_folders(folder: SealedStorage, manifest: pb.BackupManifest) -> Mapping[str, SealedStorage]:
    """Return the folder of every locality that a layer's manifest names, by `key=value`; without the default.

    Raises: as for `find_part`.
    """
    found: dict[str, SealedStorage] = {}
    for name in manifest.partition_descriptor_filenames:
        part, partition = find_part(folder, manifest, name, found)
        found[partition.locality_kv] = part
    return found


def _uuid_text(stored: bytes) -> str:
    return str(UUID(bytes=stored)) if len(stored) == 16 else stored.hex()
