"""From an opened full backup to its chain, where the layers lie as the statement says."""

from __future__ import annotations

from collections.abc import Sequence

from ootheca.backup.chain import Chain, manifest_in, open_chain, read_layer
from ootheca.backup.collection import layer_places
from ootheca.backup.localities import Stores
from ootheca.backup.restore_points import find_restore_point
from ootheca.backup.sealed import SealedStorage

_HUNDREDTH_NS = 10_000_000

__all__ = ["chain_of_collection", "chain_of_layers", "named_point"]


def named_point(collection: Stores, text: str) -> tuple[str, int | None]:
    """Return the subdirectory that a statement names, and of an id as 26.1 has them the time that it stands for too.

    A folder of the name goes before an id.
    """
    path = text.strip("/")
    if "/" in path or manifest_in(collection.default.at(path)) is not None:
        return path, None
    point = find_restore_point(collection.default, text)
    return (path, None) if point is None else (point.subdirectory, point.end_ns)


def chain_of_collection(
    full: SealedStorage,
    collection: Stores,
    subdirectory: str,
    incremental_location: Stores | None,
    until_ns: int | None = None,
) -> Chain:
    """Open a full backup and the layers that its collection, or the other location alone, holds.

    Args:
        subdirectory: of the full backup; "" where the location names it itself.
        until_ns: layers that end later, in hundredths of a second, are left out.
    """
    places = layer_places(collection, subdirectory, incremental_location=incremental_location)
    if not places:  # and none is looked for elsewhere
        return Chain((read_layer(full),))
    chain = chain_of_layers(full, places)
    if until_ns is None:
        return chain
    return Chain(tuple(layer for layer in chain.layers if layer.end.wall_ns < until_ns + _HUNDREDTH_NS))


def chain_of_layers(full: SealedStorage, layers: Sequence[Stores]) -> Chain:
    """Open a full backup and the layers that are listed; those below it, if none are."""
    return open_chain(full, [full.beside(place.default, place.others) for place in layers])
