"""The two SSTs beside a `BACKUP_METADATA`: the files and the descriptors of a layer.

Layout (table files whose values are bare messages, without checksum and tag):
    filelist.sst          key: bytes-ascending(span.key), string-ascending(path), no version; value: `File`
    descriptorslist.sst   key: "desc/", uvarint-ascending(id); value: `Descriptor`, empty = dropped
                          no version, or with revision history one version for each revision, newest first
Source: reference 03 section 6.
    Unverified: written by 23.1 and later only, no fixture.
"""

from __future__ import annotations

import numpy as np

from ootheca import pb
from ootheca.codec.descriptors import decode_descriptor
from ootheca.codec.mvcc import KeyValueBatch, is_new_key
from ootheca.codec.ordered import decode_uvarint
from ootheca.codec.sst.reader import SSTReader
from ootheca.codec.wire import decode
from ootheca.errors import CorruptionError

__all__ = ["attach_lists", "decode_descriptor_list", "decode_file_list"]

_DESCRIPTOR_PREFIX = b"desc/"


def decode_file_list(stored: bytes, *, location: str) -> list[pb.File]:
    """Decode filelist.sst, opened: the files of a layer, sorted by their spans.

    Raises:
        CorruptionError: no sound table file, or a value that is no file. UnsupportedError: as for `SSTReader`.
    """
    return [decode(pb.File, value, location=location) for value in _read(stored, location).values.to_list()]


def decode_descriptor_list(
    stored: bytes, *, location: str
) -> tuple[list[pb.Descriptor], list[pb.DescriptorRevision]]:
    """Decode descriptorslist.sst, opened.

    Returns:
        the descriptors as of the layer's end, by ascending id; and every version of each, oldest first, where the
        list has versions. These are revisions only in a layer with revision history.

    Raises:
        CorruptionError: no sound table file, or an entry that is no descriptor. UnsupportedError: as for `SSTReader`.
    """
    batch = _read(stored, location)
    ids = _decode_ids(batch, location)
    descriptors: list[pb.Descriptor] = []
    revisions: list[pb.DescriptorRevision] = []
    rows = zip(
        ids,
        is_new_key(batch.keys).tolist(),
        batch.wall_ns.tolist(),
        batch.logical.tolist(),
        batch.values.to_list(),
        strict=True,
    )
    for id_, is_newest, wall_ns, logical, value in rows:
        descriptor = _upgrade(decode_descriptor(value, location=location)) if value else None
        if is_newest and descriptor is not None:
            descriptors.append(descriptor)
        if wall_ns or logical:
            time = pb.Timestamp(wall_time=wall_ns, logical=logical or None)
            revisions.append(pb.DescriptorRevision(time=time, ID=id_, desc=descriptor))
    revisions.sort(key=lambda revision: (revision.time.wall_time, revision.time.logical, revision.ID))
    return descriptors, revisions


def attach_lists(
    manifest: pb.BackupManifest,
    files: list[pb.File],
    descriptors: list[pb.Descriptor],
    revisions: list[pb.DescriptorRevision],
) -> None:
    """Put what the two lists hold into the slim manifest that refers to them, in place of its placeholders."""
    for name in ("files", "descriptors", "descriptor_changes"):
        manifest.ClearField(name)
    manifest.files.extend(files)
    manifest.descriptors.extend(descriptors)
    if manifest.mvcc_filter == pb.MVCCFilter.All:
        manifest.descriptor_changes.extend(revisions)


def _read(stored: bytes, location: str) -> KeyValueBatch:
    reader = SSTReader.open(stored, location=location)
    if reader.has_range_keys:
        raise CorruptionError("a list of a backup's manifest with range deletions", location=location)
    return reader.read_all()


def _decode_ids(batch: KeyValueBatch, location: str) -> list[int]:
    keys = batch.keys
    if not all(key.startswith(_DESCRIPTOR_PREFIX) for key in keys.to_list()):
        raise CorruptionError("malformed key missing expected prefix desc/", location=location)
    try:
        ids, ends = decode_uvarint(keys.data, keys.starts + len(_DESCRIPTOR_PREFIX))
    except CorruptionError as exc:
        raise CorruptionError(f"malformed descriptor key: {exc.message}", location=location) from exc
    if bool((ends != keys.offsets[1:]).any()) or bool((ids > np.iinfo(np.uint32).max).any()):
        raise CorruptionError("malformed descriptor key", location=location)
    return [int(id_) for id_ in ids]


def _upgrade(descriptor: pb.Descriptor) -> pb.Descriptor:
    """Give a table's first version the modification time that its writer left to the row's own time."""
    if descriptor.HasField("table"):
        table = descriptor.table
        if (
            table.version == 1
            and not table.modification_time.wall_time
            and not table.modification_time.logical
        ):
            table.modification_time.wall_time = 1
    return descriptor
