"""SHOW BACKUP … WITH encryption_info: what a backup's key files tell to anybody who can read them.

CockroachDB has no such option. Nothing is opened and no key service is asked; a master key's id, of which only a hash
is stored, is named where its URI is given with `kms`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ootheca.backup.rotate_keys import file_versions, find_key_entries
from ootheca.crypto.encryption_info import hash_master_key_id
from ootheca.crypto.kms import KMSEnvironment, open_kms
from ootheca.exec.result import Result, integer, string
from ootheca.storage.base import Storage

__all__ = ["encryption_view"]


def encryption_view(
    full: Storage, layers: Sequence[Storage], kms_uris: Sequence[str], env: KMSEnvironment
) -> Result:
    """Return a row for each way to open a backup; of a plain one a row without keys.

    Args:
        layers: the folders of its incremental layers.
        kms_uris: of master keys whose ids are to be told.
    """
    columns = [
        string("key_file"),
        string("method"),
        string("master_key_hash"),
        string("master_key_id"),
        integer("key_files"),
        integer("layers"),
        string("file_versions"),
    ]
    ids = _ids_by_hash(kms_uris, env)
    entries = find_key_entries(full)
    common = (
        len({entry.key_file for entry in entries}),
        1 + len(layers),
        ", ".join(file_versions([full, *layers])),
    )
    rows: list[tuple[object, ...]] = []
    for entry in entries:
        key_hash = entry.master_key_hash
        shown = (None, None) if key_hash is None else (key_hash.hex(), ids.get(key_hash))
        rows.append((entry.key_file, entry.method, *shown, *common))
    return Result.of_rows(columns, rows or [(None, "none", None, None, *common)], tag="SHOW BACKUP")


def _ids_by_hash(kms_uris: Sequence[str], env: KMSEnvironment) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for key in (open_kms(uri, env).key for uri in kms_uris):
        found |= {hash_master_key_id(key_id): key.key_id for key_id in (key.key_id, *key.replica_ids)}
    return found
