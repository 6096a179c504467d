"""SHOW BACKUPS: the full backups of a collection, or in the form of 26.2 everything that it can be restored to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ootheca.backup.chain import read_layer
from ootheca.backup.collection import list_full_backups, list_indexed_full_backups
from ootheca.backup.restore_points import RestorePoint, list_restore_points
from ootheca.backup.sealed import open_sealed
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.errors import AccessDeniedError, InvalidOptionError, KeyRequiredError, OothecaError
from ootheca.exec.as_of import evaluate_as_of
from ootheca.exec.places import kms_environment, open_stores
from ootheca.exec.result import Result, string, timestamptz
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session
    from ootheca.storage.base import Storage

__all__ = ["run"]

_PAGE: Final = 50


def run(statement: ast.ShowBackups, session: Session) -> Result:
    """List a collection; bounds, the clause about revisions and the session's variable ask for the newer form."""
    has_bounds = statement.newer_than is not None or statement.older_than is not None
    if statement.with_index and has_bounds:  # no version knows both
        raise InvalidOptionError(
            "WITH INDEX cannot be used with NEWER THAN or OLDER THAN",
            sqlstate="42601",
            hint="leave WITH INDEX out: bounds list restore points, which need no index",
        )
    collection = _open(statement, session)
    has_newer_words = has_bounds or statement.with_revision_start_time
    has_ids = has_newer_words or session.variables["use_backups_with_ids"] == "on"
    if has_ids and not statement.with_index:  # which is of versions that had no ids yet
        return _points(statement, session, collection)
    slash = "" if session.profile.version == "20.2" else "/"
    paths = _indexed(session, collection) if statement.with_index else list_full_backups(collection)
    return Result.of_rows([string("path")], [(slash + path,) for path in paths], tag="SHOW BACKUP")


def _open(statement: ast.ShowBackups, session: Session) -> Storage:
    try:
        return open_stores(session, statement.collection).default
    except AccessDeniedError:  # the user's rights come before the place
        raise
    except OothecaError as exc:
        raise exc.prefixed("connect to external storage") from exc


def _indexed(session: Session, collection: Storage) -> list[str]:
    """List what the collection's index tells of: full backups of 25.4 and later, and none of ours."""
    paths = list_indexed_full_backups(collection)
    if not paths:
        session.notice(
            "the collection has no index, as those written by versions before 25.4 and by ootheca have none; "
            "SHOW BACKUPS IN without WITH INDEX lists its backups"
        )
    return paths


def _points(statement: ast.ShowBackups, session: Session, collection: Storage) -> Result:
    newer = evaluate_as_of(statement.newer_than, session).wall_ns if statement.newer_than else 0
    older = evaluate_as_of(statement.older_than, session).wall_ns if statement.older_than else None
    points = [
        point
        for point in list_restore_points(collection)
        if newer < point.end_ns and (older is None or point.end_ns < older)
    ]
    if len(points) > _PAGE and not (newer and older):
        points = points[:_PAGE]
        session.notice(
            f"only showing {_PAGE} most recent backups. To see more, please run `SHOW BACKUPS IN ... OLDER THAN "
            f"'{_time(points[-1].end_ns):%Y-%m-%d %H:%M:%S.%f}'` or specify both OLDER THAN and NEWER THAN."
        )
    columns = [string("id"), timestamptz("backup_time")]
    rows: list[tuple[object, ...]] = [(point.id, _time(point.end_ns)) for point in points]
    if statement.with_revision_start_time:
        columns.append(timestamptz("revision_start_time"))
        starts = [_revision_start(session, collection, point) for point in points]
        rows = [(*row, start) for row, start in zip(rows, starts, strict=True)]
    return Result.of_rows(columns, rows, tag="SHOW BACKUPS")


def _revision_start(session: Session, collection: Storage, point: RestorePoint) -> datetime | None:
    """Return since when a layer knows its history; None where it has none, or is sealed."""
    try:
        folder = open_sealed(collection.at(point.folder), EncryptionOptions(), kms_environment(session))
        layer = read_layer(folder)
    except KeyRequiredError:
        return None
    start = layer.manifest.revision_start_time.wall_time or layer.manifest.start_time.wall_time
    return _time(start) if layer.has_revision_history else None


def _time(wall_ns: int) -> datetime:
    return datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC).replace(
        microsecond=wall_ns // 1000 % 1_000_000
    )
