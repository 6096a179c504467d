"""A store's catalog on disk: descriptors as bytes, and what is remembered beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from ootheca import pb
from ootheca.catalog.bootstrap import bootstrap
from ootheca.catalog.catalog import Catalog, descriptor_of
from ootheca.catalog.system_tables import SYSTEM_DATABASE_ID
from ootheca.clock import Timestamp
from ootheca.codec.descriptors import decode_descriptor, encode_descriptor
from ootheca.errors import StorageError
from ootheca.exec.system_tables import fill_system_tables
from ootheca.profile import Profile

if TYPE_CHECKING:
    from ootheca.engine.base import Engine

__all__ = ["create_store", "load_catalog", "store_changes"]

_NEXT_ID = "next_descriptor_id"


def create_store(
    engine: Engine, profile: Profile, cluster_id: UUID, cluster_secret: UUID, now: Timestamp
) -> None:
    """Write what a new store begins with, inside a transaction of the caller's."""
    engine.put_meta("version", json.dumps(profile.version))
    engine.put_meta("cluster_id", json.dumps(str(cluster_id)))
    catalog = bootstrap(profile)
    for database in catalog.databases():
        engine.create_schema(database.name, "public")
    fill_system_tables(engine, catalog, profile, cluster_secret, now)
    store_changes(engine, catalog, profile.version, now)


def load_catalog(engine: Engine) -> Catalog:
    """Read the catalog of a store.

    Raises:
        CorruptionError: a descriptor cannot be decoded.
        StorageError: the store is of an earlier, unreleased kind.
    """
    descriptors = (
        decode_descriptor(raw, location=f"system.descriptor/{id_}")
        for id_, raw in engine.load_descriptors().items()
    )
    catalog = Catalog(descriptors, next_id=json.loads(engine.get_meta(_NEXT_ID) or "1"))
    if not catalog.tables(SYSTEM_DATABASE_ID):
        raise StorageError(
            "the store has no system tables: it was made before version 0.1 was released",
            hint="back its databases up with the program that made it, and restore them into a new store",
        )
    return catalog


def store_changes(engine: Engine, catalog: Catalog, version: str, now: Timestamp) -> None:
    """Commit the catalog's changes and write them, encoded as a version does; every revision is kept."""
    changes = catalog.commit(now)
    put, dropped = (_encoded(descriptors, version) for descriptors in (changes.put, changes.dropped))
    engine.store_descriptors({**put, **dict.fromkeys(dropped)})
    engine.versions.append_revisions({**put, **dropped}, now)
    engine.put_meta(_NEXT_ID, json.dumps(catalog.next_id))


def _encoded(descriptors: Iterable[pb.Descriptor], version: str) -> dict[int, bytes]:
    encoded = {}
    for descriptor in descriptors:
        member = descriptor_of(descriptor)
        assert member is not None
        encoded[member.id] = encode_descriptor(descriptor, version=version)
    return encoded
