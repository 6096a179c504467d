"""From an opened full backup to its chain, where the layers lie as the statement says."""

from __future__ import annotations

from collections.abc import Sequence

from ootheca.backup.chain import Chain, open_chain, read_layer
from ootheca.backup.collection import layer_places
from ootheca.backup.sealed import SealedStorage
from ootheca.storage.base import Storage

__all__ = ["chain_of_collection", "chain_of_layers"]


def chain_of_collection(
    full: SealedStorage, collection: Storage, subdirectory: str, incremental_location: Storage | None
) -> Chain:
    """Open a full backup and the layers that its collection, or the other location alone, holds.

    Args:
        subdirectory: of the full backup; "" where the location names it itself.
    """
    places = layer_places(collection, subdirectory, incremental_location=incremental_location)
    if not places:  # and none is looked for elsewhere
        return Chain((read_layer(full),))
    return chain_of_layers(full, places)


def chain_of_layers(full: SealedStorage, layers: Sequence[Storage]) -> Chain:
    """Open a full backup and the layers that are listed; those below it, if none are."""
    return open_chain(full, [full.beside(place) for place in layers])
