"""SHOW BACKUP: what a chain holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ootheca.backup.chain import Chain
from ootheca.backup.check_files import stored_sizes
from ootheca.backup.collection import layer_places, list_full_backups, read_latest
from ootheca.backup.localities import Stores
from ootheca.backup.manifest_json import manifest_json
from ootheca.backup.sealed import SealedStorage, open_sealed
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.errors import InvalidOptionError, ObjectNotFoundError, OothecaError
from ootheca.exec.chains import chain_of_collection, chain_of_layers, named_point
from ootheca.exec.places import encryption_options, kms_environment, open_stores, text_of
from ootheca.exec.result import Result, ResultColumn, string
from ootheca.exec.session import Session
from ootheca.exec.statements.check_storage import check_storage
from ootheca.exec.statements.show_backup_encryption import encryption_view
from ootheca.exec.statements.show_backup_objects import files_view, objects_view, ranges_view
from ootheca.sql import ast
from ootheca.storage.base import Storage
from ootheca.types import JSONB

if TYPE_CHECKING:
    from ootheca.backup.verify import VerifyReport

__all__ = ["run"]

_VALUED: Final = frozenset({"encryption_passphrase", "kms", "incremental_location"})
_FLAGS: Final = frozenset({"privileges", "debug_ids", "as_json", "encryption_info"})  # the last one is ours
# Options of newer versions, which have no SHOW BACKUP of a lone URI: there they stay unknown.
_NEWER_VALUED: Final = frozenset({"encryption_info_dir"})
_NEWER_FLAGS: Final = frozenset({"check_files", "skip size"})
_LIST_BACKUPS: Final = "use SHOW BACKUPS IN for the list of the backups in this collection"


@dataclass(frozen=True, slots=True)
class _Options:
    """What WITH said.

    Attributes:
        keys: the names of all options.
    """

    keys: frozenset[str]
    encryption: EncryptionOptions
    incremental_location: ast.URIs
    encryption_info_dir: ast.URIs


def run(statement: ast.ShowBackup, session: Session) -> Result:
    """Answer SHOW BACKUP in one of its views."""
    if statement.kind == "CONNECTION":
        return _check_connection(statement, session)
    options = _check_options(statement, session)
    if "encryption_info" in options.keys:
        return _encryption_info(statement, session, options)
    chain = _open(statement, session, options)
    _note_localities(statement, session, chain)
    if "as_json" in options.keys:
        return _manifests(chain)
    if statement.kind == "VALIDATE":
        from ootheca.backup.verify import verify

        return _validation(verify(chain))
    sizes = stored_sizes(chain) if "check_files" in options.keys else None
    match statement.kind:
        case "RANGES":
            return ranges_view(chain)
        case "FILES":
            return files_view(chain, sizes)
        case _:
            is_schemas = statement.kind == "SCHEMAS"
            return objects_view(session, chain, sizes, keys=options.keys, with_create=is_schemas)


def _check_connection(statement: ast.ShowBackup, session: Session) -> Result:
    """Answer SHOW BACKUP CONNECTION, which became CHECK EXTERNAL CONNECTION."""
    given = {option.key: text_of(option.values[0]) for option in statement.options if option.values}
    for key in given.keys() - {"transfer", "time", "concurrently"}:
        raise InvalidOptionError(f'invalid option "{key}"', sqlstate="XXUUU")
    return check_storage(
        session,
        text_of(statement.path),
        transfer=given.get("transfer", ""),
        duration=given.get("time", ""),
        concurrently=given.get("concurrently", ""),
    )


def _check_options(statement: ast.ShowBackup, session: Session) -> _Options:
    """Check names and values. Of a passphrase and a KMS the passphrase counts, as the server has it."""
    is_newer = bool(statement.collection)
    valued = _VALUED | _NEWER_VALUED if is_newer else _VALUED
    flags = _FLAGS | _NEWER_FLAGS if is_newer else _FLAGS
    values: dict[str, ast.URIs] = {}
    for option in statement.options:
        if option.key not in valued | flags:
            raise InvalidOptionError(f'invalid option "{option.key}"', sqlstate="XXUUU")
        if option.key in valued and option.value is None:
            raise InvalidOptionError(f'option "{option.key}" requires a value', sqlstate="XXUUU")
        if option.key in flags and option.value is not None:
            raise InvalidOptionError(f'option "{option.key}" does not take a value', sqlstate="XXUUU")
        values[option.key] = option.values
    passphrase = values.get("encryption_passphrase", (None,))[0]
    kms = values.get("kms", ()) if passphrase is None else ()
    return _Options(
        frozenset(values),
        encryption_options(session, passphrase, kms),
        values.get("incremental_location", ()),
        values.get("encryption_info_dir", ()),
    )


def _encryption_info(statement: ast.ShowBackup, session: Session, options: _Options) -> Result:
    """Tell what opens a backup, without opening it."""
    collection, path, _ = _place(statement, session)
    full = collection.at(path) if path else collection
    other = open_stores(session, options.incremental_location) if options.incremental_location else None
    layers = layer_places(collection, path, incremental_location=other)
    return encryption_view(
        full.default,
        [layer.default for layer in layers],
        options.encryption.kms,
        kms_environment(session),
    )


def _open(statement: ast.ShowBackup, session: Session, options: _Options) -> Chain:
    collection, path, until_ns = _place(statement, session)
    full = collection.at(path) if path else collection
    opened = _unseal(full, session, options)
    other = open_stores(session, options.incremental_location) if options.incremental_location else None
    try:
        if not path and other is None:
            return chain_of_layers(opened, ())
        return chain_of_collection(opened, collection, path, other, until_ns)
    except ObjectNotFoundError as exc:
        if exc.hint is None and full.default.can_list and list_full_backups(full.default):
            exc.hint = _LIST_BACKUPS
        raise


def _note_localities(statement: ast.ShowBackup, session: Session, chain: Chain) -> None:
    """Tell, as newer versions do, that not every locality of a backup was named."""
    num_localities = len(chain.full.manifest.locality_kvs) + 1
    if statement.has_from and 1 < num_localities > len(statement.collection):
        session.notice(
            f"The backup contains {num_localities} localities; however, the SHOW BACKUP command contains only "
            f"{len(statement.collection)} URIs. To capture all locality aware data, pass every locality aware URI "
            "from the backup"
        )


def _unseal(full: Stores, session: Session, options: _Options) -> SealedStorage:
    """Open the folder of a full backup with the key that the options give, from its own or another folder."""
    info_place = full.default
    if options.encryption_info_dir:
        info_place = open_stores(session, options.encryption_info_dir).default
    opened = open_sealed(info_place, options.encryption, kms_environment(session), notice=session.notice)
    return opened.beside(full.default, full.others)


def _place(statement: ast.ShowBackup, session: Session) -> tuple[Stores, str, int | None]:
    """Return a collection, a subdirectory in it, and the time that an id stands for; or a place and nothing."""
    try:
        place = open_stores(session, statement.collection or (statement.path,))
    except OothecaError as exc:
        if session.profile.version == "20.2":
            raise exc.prefixed("make storage") from exc
        raise
    if not statement.collection:
        return place, "", None
    if statement.is_latest:
        return place, _latest(place.default, session).strip("/"), None
    return place, *named_point(place, text_of(statement.path))


def _latest(collection: Storage, session: Session) -> str:
    try:
        return read_latest(collection)
    except OothecaError as exc:
        if session.profile.version == "20.2":
            raise
        raise exc.prefixed("read LATEST path") from exc


def _manifests(chain: Chain) -> Result:
    """Return the manifest of every layer; of the full one with its place."""
    rows = [
        (manifest_json(layer.manifest, None if number else layer.folder.storage.uri),)
        for number, layer in enumerate(chain.layers)
    ]
    return Result.of_rows([ResultColumn("manifest", JSONB)], rows, tag="SHOW BACKUP")


def _validation(report: VerifyReport) -> Result:
    """Word what was checked; the last line tells the outcome."""
    checked = f"layers: {report.layers}, data files: {report.files}, bytes: {report.size}"
    lines = [f"Examined {checked}, entries: {report.entries}, rows: {report.rows}"]
    lines += [
        problem.message if problem.location is None else f"{problem.message} ({problem.location})"
        for problem in report.problems
    ]
    lines.append("No problems found!" if report.is_sound else "ERROR: validation failed")
    return Result.of_rows([string("validation_status")], [("\n".join(lines),)], tag="SHOW BACKUP")
