"""Backups of our own, rearranged as versions after 21.2 lay theirs out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ootheca import pb
from ootheca.backup.elided import elided_prefix
from ootheca.backup.sealed import SealedStorage
from ootheca.codec.manifest import checksum, decode_manifest, encode_manifest
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ordered import encode_bytes, encode_uvarint
from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.builder import build_sst
from ootheca.codec.sst.reader import SSTReader
from ootheca.codec.wire import encode

__all__ = [
    "descriptor_history",
    "descriptor_id",
    "descriptor_list",
    "file_list",
    "read_manifest",
    "rewrite_files",
    "slim_down",
    "table_of",
    "write_manifest",
]

Row = tuple[bytes, int, int, bytes]


def table_of(rows: Iterable[Row]) -> bytes:
    """Return an SST of (key, wall time, logical, value)."""
    keys, wall_ns, logical, values = zip(*rows, strict=True)
    return build_sst(
        KeyValueBatch(
            Ragged.from_list(list(keys)),
            np.array(wall_ns, np.int64),
            np.array(logical, np.int32),
            Ragged.from_list(list(values)),
        )
    )


def file_list(files: Iterable[pb.File]) -> bytes:
    """Return filelist.sst."""
    rows = []
    for file in files:
        parts = encode_bytes(Ragged.from_list([file.span.key, file.path.encode()])).to_list()
        rows.append((b"".join(parts), 0, 0, encode(file, version="21.2")))
    return table_of(sorted(rows))


def descriptor_list(descriptors: Iterable[pb.Descriptor]) -> bytes:
    """Return descriptorslist.sst of a layer without revision history."""
    rows = [(_descriptor_key(descriptor_id(d)), 0, 0, encode(d, version="21.2")) for d in descriptors]
    return table_of(sorted(rows))


def descriptor_history(revisions: Iterable[pb.DescriptorRevision]) -> bytes:
    """Return descriptorslist.sst of a layer with revision history."""
    ordered = sorted(revisions, key=lambda r: (r.ID, -r.time.wall_time, -r.time.logical))
    return table_of(
        (
            _descriptor_key(r.ID),
            r.time.wall_time,
            r.time.logical,
            encode(r.desc, version="21.2") if _is_live(r) else b"",
        )
        for r in ordered
    )


def _is_live(revision: pb.DescriptorRevision) -> bool:
    dropped = revision.desc.HasField("table") and revision.desc.table.state == pb.DescriptorState.DROP
    return revision.HasField("desc") and not dropped


def descriptor_id(descriptor: pb.Descriptor) -> int:
    return int(getattr(descriptor, str(descriptor.WhichOneof("union"))).id)


def _descriptor_key(id_: int) -> bytes:
    return b"desc/" + encode_uvarint(np.array([id_], np.uint64)).row(0)


def read_manifest(folder: SealedStorage, name: str = "BACKUP_MANIFEST") -> pb.BackupManifest:
    return decode_manifest(folder.read(name), location=name)


def write_manifest(folder: SealedStorage, manifest: pb.BackupManifest, name: str = "BACKUP_MANIFEST") -> None:
    stored = bytes(folder.seal(encode_manifest(manifest, version="21.2")))
    folder.storage.write(name, stored)
    folder.storage.write(f"{name}-CHECKSUM", checksum(stored))


def slim_down(folder: SealedStorage) -> None:
    """Write BACKUP_METADATA and its two lists beside BACKUP_MANIFEST, with the placeholders of 23.1 and later."""
    manifest = read_manifest(folder)
    folder.storage.write("filelist.sst", folder.seal(file_list(manifest.files)))
    history = manifest.descriptor_changes
    listed = descriptor_history(history) if history else descriptor_list(manifest.descriptors)
    folder.storage.write("descriptorslist.sst", folder.seal(listed))
    for name in ("files", "descriptors", "descriptor_changes"):
        manifest.ClearField(name)
    file = manifest.files.add(path="assertion: this placeholder legacy Files entry should never be opened")
    file.span.end_key = b"\xff\xff"
    table = manifest.descriptors.add().table
    table.id = 1
    table.name = "assertion: this placeholder legacy Descriptor entry should never be used"
    manifest.descriptor_changes.add(ID=1)
    manifest.has_external_manifest_ssts = True
    write_manifest(folder, manifest, "BACKUP_METADATA")


def rewrite_files(
    folder: SealedStorage, write: Callable[[Sequence[Row]], bytes] = table_of, *, elided: int = 0
) -> None:
    """Give every file an SST of its own that `write` made, its keys without the prefix that `elided` says."""
    manifest = read_manifest(folder)
    tables = {
        file.path: SSTReader.open(folder.read(file.path), location=file.path) for file in manifest.files
    }
    for number, file in enumerate(manifest.files):
        size = len(elided_prefix(file.span.key, elided))
        rows: list[Row] = []
        for batch in tables[file.path].batches(start=file.span.key, end=file.span.end_key):
            columns = (
                batch.keys.to_list(),
                batch.wall_ns.tolist(),
                batch.logical.tolist(),
                batch.values.to_list(),
            )
            rows += [(key[size:], *rest) for key, *rest in zip(*columns, strict=True)]
        file.path = f"data/new{number}.sst"
        folder.storage.write(file.path, folder.seal(write(rows)))
    manifest.elided_prefix = elided
    write_manifest(folder, manifest)
