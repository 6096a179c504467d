"""Whether a backup is whole: everything that can be told from its files, without restoring a row.

Checked of every layer: the manifest's checksum; that every file it names is there, of its size, and holds its bytes
(SHA-512, seals, block checksums, value checksums); that keys ascend, lie in their file's span, and have versions of the
layer's time; that the properties and counts are those of the entries; that spans do not overlap; that statistics,
partition descriptors and ENCRYPTION-INFO decode. Of the chain: that each layer begins where the one below ends, and
that all time is covered for every table.

A changed byte is found anywhere in a data file or a manifest, except in what no checksum covers:
    a manifest up to version 20.1, which has no checksum file and is not gzipped, unless it is sealed
    BACKUP-STATISTICS of a plain backup, and the gzip header of partition descriptors of one
    ENCRYPTION-INFO: the entries of keys that were not the one used to open the backup, while they decode
    BACKUP-CHECKPOINT-CHECKSUM, LATEST and lock files, which belong to no layer and are not read

Source: reference/format/07 §4 "Verify", 01 §6 (partition descriptors), 03 §2 (spans, totals).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from ootheca import pb
from ootheca.backup.chain import Chain, Layer, check_statistics, read_layer
from ootheca.backup.cover import check_cover
from ootheca.backup.localities import find_part
from ootheca.backup.sealed import SealedStorage, open_sealed
from ootheca.backup.verify_files import FileTotals, LayerFacts, Report, check_file
from ootheca.catalog.upgrade import catalog_of
from ootheca.codec import filenames
from ootheca.codec.manifest import verify_checksum
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.crypto.kms.base import KMSEnvironment
from ootheca.errors import CorruptionError, OothecaError, WrongKeyError

__all__ = ["VerifyReport", "check_partitions", "verify"]


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was checked and what is wrong.

    Attributes:
        layers, files: how many of them; `files` counts data files.
        size: stored bytes of the data files.
        entries, rows: of the data files, every version counted as an entry; rows counted as a manifest counts.
        problems: each with the file, and the offset where that is known, in `location`.
    """

    layers: int
    files: int
    size: int
    entries: int
    rows: int
    problems: tuple[OothecaError, ...]

    @property
    def is_sound(self) -> bool:
        return not self.problems

    def raise_first(self) -> None:
        """Raise the first problem, if there is one."""
        if self.problems:
            raise self.problems[0]


def verify(
    chain: Chain,
    *,
    encryption: tuple[EncryptionOptions, KMSEnvironment] | None = None,
    raise_first: bool = False,
) -> VerifyReport:
    """Check all files of a chain, one after the other; memory is bounded by the largest.

    Args:
        encryption: what the chain was opened with; then ENCRYPTION-INFO is opened with it once more.
        raise_first: raise the first problem instead of going on.

    Raises:
        OothecaError: the first problem, with `raise_first`.
    """
    problems: list[OothecaError] = []

    def report(problem: OothecaError) -> None:
        if raise_first:
            raise problem
        problems.append(problem)

    totals: list[FileTotals] = []
    if encryption is not None:
        _check_encryption_info(chain.full.folder, *encryption, report)
    for layer in chain.layers:
        totals += _check_layer(layer, report)
    _check_continuity(chain, report)
    return VerifyReport(
        layers=len(chain.layers),
        files=len(totals),
        size=sum(each.size for each in totals),
        entries=sum(each.entries for each in totals),
        rows=sum(each.rows for each in totals),
        problems=tuple(problems),
    )


def _check_encryption_info(
    folder: SealedStorage, options: EncryptionOptions, env: KMSEnvironment, report: Report
) -> None:
    """Open ENCRYPTION-INFO again: it must still give the key that the chain was opened with."""
    if not options.is_enabled:
        return
    try:
        again = open_sealed(folder.storage, options, env)
    except OothecaError as exc:
        report(exc)
        return
    if again.key != folder.key:
        report(
            WrongKeyError(
                "the encryption information no longer gives the key that opened the backup",
                location=folder.location(filenames.ENCRYPTION_INFO),
            )
        )


def _check_layer(layer: Layer, report: Report) -> list[FileTotals]:
    """Check one layer: the manifest, its companions, and every data file."""
    _check_manifest(layer, report)
    try:
        check_statistics(layer)
    except OothecaError as exc:
        report(exc)
    by_locality = check_partitions(layer, report)
    _check_spans(layer, report)
    manifest = layer.manifest
    facts = LayerFacts(
        start=layer.start,
        end=layer.end,
        introduced=tuple(manifest.introduced_spans),
        primary=frozenset(
            (d.table.id, d.table.primary_index.id) for d in manifest.descriptors if d.HasField("table")
        ),
        span_ends=frozenset(span.end_key for span in manifest.spans),
        merges_exports=manifest.HasField("cluster_version"),
        elided_prefix=manifest.elided_prefix,
    )
    stored: dict[tuple[str, str], list[pb.File]] = {}
    for file in sorted(manifest.files, key=lambda f: (f.span.key, f.span.end_key)):
        stored.setdefault((file.locality_kv, file.path), []).append(file)
    return [
        check_file(by_locality.get(locality, layer.folder), path, files, facts, report)
        for (locality, path), files in stored.items()
    ]


def _check_manifest(layer: Layer, report: Report) -> None:
    """Read the manifest again, and every other form of it that lies beside."""
    folder = layer.folder
    try:
        again = read_layer(folder).manifest
        if again != layer.manifest:
            report(
                CorruptionError(
                    "the manifest is not the one that was opened",
                    location=folder.location(filenames.MANIFEST),
                )
            )
        for name in filenames.MANIFESTS:
            checksum_name = filenames.checksum_name(name)
            if folder.storage.exists(name) and folder.storage.exists(checksum_name):
                expected = folder.storage.read(checksum_name)
                verify_checksum(folder.storage.read(name), expected, location=folder.location(name))
    except OothecaError as exc:
        report(exc)
    _check_totals(layer, report)


def _check_totals(layer: Layer, report: Report) -> None:
    """Compare the manifest's counts with the sum over its files; 1.0 holds none by file."""
    counts = [file.entry_counts for file in layer.manifest.files]
    total = layer.manifest.entry_counts
    if counts and not any(count.ByteSize() for count in counts):
        return
    for name in ("data_size", "rows", "index_entries"):
        summed = sum(getattr(count, name) for count in counts)
        if summed != getattr(total, name):
            report(
                CorruptionError(
                    f"the manifest's {name} is {getattr(total, name)}, its files' together {summed}",
                    location=layer.folder.location(filenames.MANIFEST),
                )
            )


def check_partitions(layer: Layer, report: Report) -> Mapping[str, SealedStorage]:
    """Find and check the file list of every locality; return their folders by locality."""
    found: dict[str, SealedStorage] = {}
    for name in layer.manifest.partition_descriptor_filenames:
        try:
            folder, partition = find_part(layer.folder, layer.manifest, name, found)
            found[partition.locality_kv] = folder
            _compare_partition(layer, name, folder, partition)
        except OothecaError as exc:
            report(exc)
    return found


def _compare_partition(
    layer: Layer, name: str, folder: SealedStorage, partition: pb.BackupPartitionDescriptor
) -> None:
    own = [file for file in layer.manifest.files if file.locality_kv == partition.locality_kv]
    listed, promised = (
        sorted(file.SerializeToString(deterministic=True) for file in files)
        for files in (partition.files, own)
    )
    if listed != promised:
        raise CorruptionError(
            f"{name} does not list the files that the manifest has for {partition.locality_kv}",
            location=folder.location(name),
        )


def _check_spans(layer: Layer, report: Report) -> None:
    """Check that files lie within the covered spans and share no key."""
    location = layer.folder.location(filenames.MANIFEST)
    files = sorted(layer.manifest.files, key=lambda f: (f.span.key, f.span.end_key))
    for before, file in pairwise(files):
        if file.span.key < before.span.end_key:
            report(CorruptionError(f"the spans of {before.path} and {file.path} overlap", location=location))
    spans = sorted((span.key, span.end_key) for span in layer.manifest.spans)
    place = 0
    for file in files:
        while place < len(spans) and spans[place][1] < file.span.end_key:
            place += 1
        if place == len(spans) or file.span.key < spans[place][0]:
            report(CorruptionError(f"the span of {file.path} is not one of the backup's", location=location))


def _check_continuity(chain: Chain, report: Report) -> None:
    """Check that the layers follow each other and cover every table of the last one."""
    for below, layer in pairwise(chain.layers):
        location = layer.folder.location(filenames.MANIFEST)
        if layer.start != below.end:
            report(
                CorruptionError(
                    f"the layer starts at {layer.start.format_hlc()}, the one below it ends at "
                    f"{below.end.format_hlc()}",
                    hint="list every layer from the full backup on, oldest first",
                    location=location,
                )
            )
        if layer.manifest.cluster_id != below.manifest.cluster_id:
            report(
                CorruptionError("the layer is of another cluster than the one below it", location=location)
            )
    try:
        catalog = catalog_of(chain.last.manifest)
        tables = [catalog.describe(member.id) for member in catalog if isinstance(member, pb.TableDescriptor)]
        check_cover(chain, tables)
    except OothecaError as exc:
        report(exc)
