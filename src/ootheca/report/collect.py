"""From a place in storage to the facts of a report: every chain that lies there, opened as far as the keys go.

Nothing that is wrong with one chain keeps the others from being told: it is collected with the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ootheca.backup.chain import Chain, Layer, manifest_in
from ootheca.backup.collection import layer_places, list_full_backups, read_latest
from ootheca.backup.localities import Stores
from ootheca.backup.restore_points import list_restore_points
from ootheca.backup.rotate_keys import file_versions
from ootheca.backup.verify import verify
from ootheca.clock import ZERO_TIMESTAMP, Timestamp
from ootheca.codec import filenames
from ootheca.crypto.data_key import DataKey
from ootheca.errors import ObjectNotFoundError, OothecaError
from ootheca.report.facts import ChainSummary, KeySummary, Problem, Report
from ootheca.report.folders import Folder, read_folder
from ootheca.report.keys import Keys, try_keys
from ootheca.report.tables import summarize_tables
from ootheca.storage.base import Storage

__all__ = ["collect"]

_DEPTH = 3  # folders between a collection and its full backups


def collect(
    place: Stores,
    keys: Keys,
    *,
    now: Timestamp,
    incremental_location: Stores | None = None,
    verifies: bool = True,
) -> Report:
    """Collect what can be told of a collection, or of one backup; all data files are read, unless not `verifies`.

    Args:
        place: of the collection, or of a full backup, in a collection or by itself.
        now: the time of the report.
        incremental_location: where the layers lie, if not with their full backup.

    Raises:
        ObjectNotFoundError: there is no backup.
        StorageError: the place cannot be read.
    """
    root, paths = _find(place)
    latest, problem = (None, None) if paths == [""] or root is not place else _latest(root, paths)
    if latest is not None and latest not in paths:
        paths.append(latest)
    if not paths:
        raise ObjectNotFoundError(
            f"no backup found in {place.default.uri.bare()}",
            hint="name a collection, or the folder of a full backup; for nodelocal also --external-io-dir",
            location=place.default.uri.bare(),
        )
    chains = [
        _collect_chain(root, path, keys, incremental_location, is_latest=path == latest, verifies=verifies)
        for path in paths
    ]
    named = dict.fromkeys(str(kms.key) for kms in keys.kms)
    used = {key.master_key for chain in chains for key in chain.keys}
    return Report(
        uri=place.default.uri.redacted(),
        made_at=now,
        is_collection=root is place and paths != [""],
        chains=tuple(sorted(chains, key=lambda chain: min(chain.ends, default=ZERO_TIMESTAMP))),
        problems=() if problem is None else (problem,),
        unused_keys=tuple(name for name in named if name not in used),
    )


def _find(place: Stores) -> tuple[Stores, list[str]]:
    """Return a collection, and the folders of full backups in it; that of a backup without collection is empty."""
    storage = place.default
    tail = "/".join(storage.uri.path.strip("/").split("/")[-_DEPTH:])
    if filenames.parse_full_subdirectory(tail) is not None:
        return place.at("/".join([".."] * _DEPTH)), [tail]
    paths = {""} if manifest_in(storage) is not None else set()
    if storage.can_list:
        paths |= set(list_full_backups(storage))
        # Where a full backup's manifest is gone its layers still show that there was one.
        paths |= {point.subdirectory for point in list_restore_points(storage)}
    return place, sorted(paths)


def _latest(root: Stores, paths: Sequence[str]) -> tuple[str | None, Problem | None]:
    """Return what LATEST names; a problem where a collection has none that can be read."""
    try:
        return read_latest(root.default), None
    except ObjectNotFoundError as exc:
        return None, Problem.of(exc) if paths else None
    except OothecaError as exc:
        return None, Problem.of(exc)


def _collect_chain(
    root: Stores,
    path: str,
    keys: Keys,
    incremental_location: Stores | None,
    *,
    is_latest: bool,
    verifies: bool,
) -> ChainSummary:
    """Open one chain as far as it goes."""
    full = root.at(path) if path else root
    problems: list[Problem] = []
    places = [full]
    try:
        places += layer_places(root, path, incremental_location=incremental_location)
    except OothecaError as exc:
        problems.append(Problem.of(exc))
    key, tried, is_encrypted = _try(full.default, [each.default for each in places], keys, problems)
    folders = [read_folder(each, full.default, key, is_encrypted=is_encrypted) for each in places]
    opened = [(each.layer, each.sizes) for each in folders if each.layer and not _is_compacted(each.layer)]
    chain = Chain(tuple(layer for layer, _ in opened))
    summary = ChainSummary(
        path=path,
        layers=tuple(each.summary for each in folders),
        keys=tried,
        is_latest=is_latest,
        file_versions=_file_versions(folders, places),
        problems=tuple(problems),
    )
    if not opened:
        return summary
    manifest = chain.last.manifest
    return replace(
        summary,
        is_full_cluster=manifest.descriptor_coverage == 1,
        databases=tuple(sorted(d.database.name for d in manifest.descriptors if d.HasField("database"))),
        cluster_version=_cluster_version(chain.last),
        localities=tuple(manifest.locality_kvs),
        tables=summarize_tables(chain, [sizes for _, sizes in opened]),
        verification=verify(chain) if verifies else None,
    )


def _try(
    full: Storage, folders: Sequence[Storage], keys: Keys, problems: list[Problem]
) -> tuple[DataKey | None, tuple[KeySummary, ...], bool]:
    """Try the keys; tell too whether there are key files at all."""
    try:
        key, tried = try_keys(full, folders, keys)
    except OothecaError as exc:
        problems.append(Problem.of(exc))
        return None, (), True
    return key, tried, bool(tried)


def _is_compacted(layer: Layer) -> bool:
    """Whether the layer was made out of others, which the chain holds too."""
    return layer.manifest.is_compacted


def _file_versions(folders: Sequence[Folder], places: Sequence[Stores]) -> tuple[str, ...]:
    readable = [
        place.default for folder, place in zip(folders, places, strict=True) if not folder.summary.problem
    ]
    return tuple(file_versions(readable))


def _cluster_version(layer: Layer) -> str | None:
    """Return the build that wrote a layer, and its cluster version, as far as the manifest tells them."""
    version, tag = layer.manifest.cluster_version, layer.manifest.build_info.tag
    if not version.major_val:
        return tag or None
    text = f"{version.major_val}.{version.minor_val}" + (f"-{version.internal}" if version.internal else "")
    return f"{tag} (cluster version {text})" if tag else text
