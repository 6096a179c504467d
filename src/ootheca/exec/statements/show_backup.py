"""SHOW BACKUP and SHOW BACKUPS: what a chain or a collection holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ootheca import pb
from ootheca.backup import show
from ootheca.backup.chain import Chain, Layer, open_chain
from ootheca.backup.collection import list_full_backups, read_latest
from ootheca.backup.sealed import open_sealed
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.show_create import show_create
from ootheca.catalog.upgrade import catalog_of
from ootheca.clock import Timestamp
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.errors import InvalidOptionError, OothecaError, UnsupportedError
from ootheca.exec.places import encryption_options, kms_environment, open_place, text_of
from ootheca.exec.result import Result, ResultColumn, boolean, integer, string, timestamp
from ootheca.exec.session import Session
from ootheca.sql import ast
from ootheca.storage.base import Storage
from ootheca.types import BYTES

__all__ = ["run"]

_VALUED = frozenset({"encryption_passphrase", "kms"})
_FLAGS = frozenset({"privileges", "debug_ids"})
_NOT_YET = frozenset({"as_json", "check_files", "incremental_location", "encryption_info_dir", "skip size"})


def run(statement: ast.ShowBackup | ast.ShowBackups, session: Session) -> Result:
    """Answer SHOW BACKUP in one of its views, or SHOW BACKUPS."""
    if isinstance(statement, ast.ShowBackups):
        return _show_backups(statement, session)
    if statement.kind not in ("DEFAULT", "SCHEMAS", "FILES", "RANGES"):
        raise UnsupportedError(f"SHOW BACKUP {statement.kind} is not supported yet")
    encryption = _check_options(statement.options)
    chain = _open(statement, session, encryption)
    match statement.kind:
        case "RANGES":
            return _ranges(chain)
        case "FILES":
            return _files(chain)
        case _:
            return _objects(statement, session, chain)


def _show_backups(statement: ast.ShowBackups, session: Session) -> Result:
    if (
        statement.newer_than
        or statement.older_than
        or statement.with_revision_start_time
        or statement.with_index
    ):
        raise UnsupportedError("SHOW BACKUPS with bounds or an index is not supported yet")
    collection = open_place(session, statement.collection)
    slash = "" if session.profile.version == "20.2" else "/"
    rows = [(slash + path,) for path in list_full_backups(collection)]
    return Result.of_rows([string("path")], rows, tag="SHOW BACKUP")


def _check_options(options: Sequence[ast.KeyValue]) -> EncryptionOptions:
    passphrase: ast.StringOrPlaceholder | None = None
    kms: ast.URIs = ()
    for option in options:
        if option.key in _NOT_YET:
            raise UnsupportedError(f"SHOW BACKUP … WITH {option.key} is not supported yet")
        if option.key not in _VALUED | _FLAGS:
            raise InvalidOptionError(f'invalid option "{option.key}"', sqlstate="XXUUU")
        if option.key in _VALUED and option.value is None:
            raise InvalidOptionError(f'option "{option.key}" requires a value', sqlstate="XXUUU")
        if option.key in _FLAGS and option.value is not None:
            raise InvalidOptionError(f'option "{option.key}" does not take a value', sqlstate="XXUUU")
        if option.key == "encryption_passphrase":
            (passphrase,) = option.values
        elif option.key == "kms":
            kms = option.values
    return encryption_options(passphrase, kms)


def _open(statement: ast.ShowBackup, session: Session, encryption: EncryptionOptions) -> Chain:
    folder = _folder(statement, session)
    return open_chain(open_sealed(folder, encryption, kms_environment(session), notice=session.notice))


def _folder(statement: ast.ShowBackup, session: Session) -> Storage:
    try:
        place = open_place(session, statement.collection or statement.path)
    except OothecaError as exc:
        if session.profile.version == "20.2":
            raise exc.prefixed("make storage") from exc
        raise
    if not statement.collection:
        return place
    if statement.is_latest:
        return place.at(_latest(place, session))
    return place.at(text_of(statement.path[0]).strip("/"))


def _latest(collection: Storage, session: Session) -> str:
    try:
        return read_latest(collection)
    except OothecaError as exc:
        if session.profile.version == "20.2":
            raise
        raise exc.prefixed("read LATEST path") from exc


def _ranges(chain: Chain) -> Result:
    rows = [(r.start_pretty, r.end_pretty, r.start_key, r.end_key) for r in show.ranges(chain)]
    return Result.of_rows(_SPAN_COLUMNS, rows, tag="SHOW BACKUP")


_SPAN_COLUMNS = [
    string("start_pretty"), string("end_pretty"), ResultColumn("start_key", BYTES), ResultColumn("end_key", BYTES),
]  # fmt: skip


def _files(chain: Chain) -> Result:
    rows = [
        (
            f.path,
            f.span.start_pretty,
            f.span.end_pretty,
            f.span.start_key,
            f.span.end_key,
            f.size_bytes,
            f.rows,
        )
        for f in show.files(chain)
    ]
    columns = [string("path"), *_SPAN_COLUMNS, integer("size_bytes"), integer("rows")]
    return Result.of_rows(columns, rows, tag="SHOW BACKUP")


def _objects(statement: ast.ShowBackup, session: Session, chain: Chain) -> Result:
    """The plain view and SCHEMAS: columns come in groups that options add."""
    keys = {option.key for option in statement.options}
    has_ids = "debug_ids" in keys
    catalogs: dict[int, Catalog] = {}
    rows = []
    for row in show.objects(chain):
        values: list[Any] = []
        for name, id_ in (
            (row.database_name, row.database_id),
            (row.schema_name, row.schema_id),
            (row.object_name, row.object_id),
        ):
            values += [name, id_] if has_ids else [name]
        values.append(row.object_type)
        if session.profile.shows_backup_type:
            values.append(row.backup_type)
        values += [
            _time(row.layer.start),
            _time(row.layer.end),
            row.size_bytes,
            row.rows,
            row.is_full_cluster,
        ]
        if statement.kind == "SCHEMAS":
            values.append(_create_statement(session, row, catalogs))
        if "privileges" in keys:
            values += _privileges(session, row)
        rows.append(values)
    return Result.of_rows(_object_columns(statement, session, keys), rows, tag="SHOW BACKUP")


def _object_columns(statement: ast.ShowBackup, session: Session, keys: set[str]) -> list[ResultColumn]:
    columns = []
    for name, id_name in (
        ("database_name", "database_id"), ("parent_schema_name", "parent_schema_id"), ("object_name", "object_id"),
    ):  # fmt: skip
        columns += [string(name), integer(id_name)] if "debug_ids" in keys else [string(name)]
    columns.append(string("object_type"))
    if session.profile.shows_backup_type:
        columns.append(string("backup_type"))
    columns += [timestamp("start_time"), timestamp("end_time"), integer("size_bytes"), integer("rows")]
    columns.append(boolean("is_full_cluster"))
    if statement.kind == "SCHEMAS":
        columns.append(string("create_statement"))
    if "privileges" in keys:
        columns += [string("privileges")] + ([string("owner")] if session.profile.shows_backup_type else [])
    return columns


def _time(time: Timestamp) -> datetime | None:
    """Return a layer's bound as a TIMESTAMP (microseconds, UTC); a full layer's start is NULL."""
    return time.to_datetime().replace(tzinfo=None) if time.wall_ns else None


def _create_statement(session: Session, row: show.ObjectRow, catalogs: dict[int, Catalog]) -> str | None:
    if row.descriptor is None or row.object_type != "table":
        return None
    catalog = _catalog_of(row.layer, catalogs)
    table = catalog.get(row.descriptor.table.id)  # as of today; one that no statement saw, as it stands
    if not isinstance(table, pb.TableDescriptor):
        table = row.descriptor.table
    return show_create(table, catalog, session.rules, is_qualified=False)


def _catalog_of(layer: Layer, catalogs: dict[int, Catalog]) -> Catalog:
    """Return the descriptors of a layer, made once."""
    if id(layer) not in catalogs:
        catalogs[id(layer)] = catalog_of(layer.manifest)
    return catalogs[id(layer)]


def _privileges(session: Session, row: show.ObjectRow) -> list[str | None]:
    if not isinstance(row.descriptor, pb.Descriptor):
        return [None, None] if session.profile.shows_backup_type else [None]
    grants, owner = show.privileges_text(row.descriptor)
    return [grants, owner] if session.profile.shows_backup_type else [grants]
