"""Where a BACKUP goes: the folder of a full backup, or of a layer on top of one.

Source: reference/sql/01 §3, reference/format/01 (layout by version).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ootheca.backup.chain import find_appended, manifest_in
from ootheca.backup.collection import read_latest
from ootheca.codec import filenames
from ootheca.exec.places import open_destination, open_stores, text_of

if TYPE_CHECKING:
    from ootheca.backup.localities import Stores
    from ootheca.clock import Timestamp
    from ootheca.exec.session import Session
    from ootheca.sql import ast
    from ootheca.storage.base import Storage

__all__ = ["Destination", "find_destination"]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a backup goes.

    Attributes:
        folder: of the new backup, in all its stores.
        localities: of the stores besides the default's.
        base: the chain's full backup, when the new one is a layer on top of it.
        named: the layers after the base, where they are known; None where they are to be looked for below it.
        collection: of a new full backup, for LATEST.
        subdirectory: of the full backup in its collection, with a slash before it; empty where there is none.
    """

    folder: Stores
    localities: tuple[str, ...]
    base: Storage | None = None
    named: tuple[Storage, ...] | None = None
    collection: Storage | None = None
    subdirectory: str = ""


def find_destination(statement: ast.Backup, session: Session, end_time: Timestamp) -> Destination:
    """Return where the statement's backup goes, which ends at a time."""
    stores, localities = open_destination(session, statement.to)
    layer = filenames.incremental_subdirectory(end_time.wall_ns)
    if statement.incremental_from:
        base, *named = [open_stores(session, [uri]).default for uri in statement.incremental_from]
        return Destination(stores, localities, base, tuple(named))
    if not statement.is_collection:
        if _holds_full(session, stores.default):
            return Destination(stores.at(layer), localities, stores.default)
        return Destination(stores, localities)
    if statement.is_latest:
        return _on_top(statement, session, stores, localities, read_latest(stores.default), layer)
    if statement.subdirectory is None:
        subdirectory = "/" + filenames.full_subdirectory(end_time.wall_ns)
    else:
        subdirectory = "/" + text_of(statement.subdirectory).strip("/")
    folder = stores.at(subdirectory.lstrip("/"))
    if _holds_full(session, folder.default):
        return _on_top(statement, session, stores, localities, subdirectory, layer)
    return Destination(folder, localities, collection=stores.default, subdirectory=subdirectory)


def _holds_full(session: Session, storage: Storage) -> bool:
    """Tell whether a folder holds a full backup; not one that the running job itself was about to end with."""
    if session.resumed is not None and not session.resumed.is_layer:
        return False
    return manifest_in(storage) is not None


def _on_top(
    statement: ast.Backup,
    session: Session,
    stores: Stores,
    localities: tuple[str, ...],
    subdirectory: str,
    layer: str,
) -> Destination:
    """Return where a layer on top of a full backup of a collection goes: below that, or where the option says.

    There the layers before it are looked for too, and nowhere else; its localities are those that the option names.
    """
    path = subdirectory.strip("/")
    base = stores.default.at(path)
    if not statement.options.incremental_location:
        return Destination(stores.at(path).at(layer), localities, base, subdirectory=f"/{path}")
    elsewhere, localities = open_destination(session, statement.options.incremental_location)
    folder = elsewhere.at(path)
    named = tuple(folder.default.at(each) for each in find_appended(folder.default))
    return Destination(folder.at(layer), localities, base, named, subdirectory=f"/{path}")
