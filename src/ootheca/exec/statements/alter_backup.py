"""ALTER BACKUP … ADD NEW_KMS: let further master keys open an encrypted backup and all its layers."""

from __future__ import annotations

from collections.abc import Sequence

from ootheca.backup.collection import read_latest
from ootheca.backup.rotate_keys import add_kms_keys
from ootheca.crypto.kms import KMS, open_kms
from ootheca.errors import OothecaError
from ootheca.exec.features import require_feature
from ootheca.exec.places import kms_environment, kms_uri, text_of
from ootheca.exec.result import Result
from ootheca.exec.session import Session
from ootheca.exec.statements.restore import open_location
from ootheca.sql import ast
from ootheca.storage.base import Storage

__all__ = ["run"]


def run(statement: ast.AlterBackup, session: Session) -> Result:
    """Add a key file beside a full backup. It answers with its tag alone, and is no job."""
    require_feature(session, "ALTER BACKUP")
    full = _full_backup(statement, session)
    old, new = _open_all(statement.old_kms, session), _open_all(statement.new_kms, session)
    add_kms_keys(full, old, new, notice=session.notice)
    return Result.command("ALTER BACKUP")


def _full_backup(statement: ast.AlterBackup, session: Session) -> Storage:
    if not text_of(statement.uri):
        raise OothecaError("invalid base backup specified")
    place = open_location(session, (statement.uri,)).default
    if statement.subdirectory is None:
        return place
    path = read_latest(place) if statement.is_latest else text_of(statement.subdirectory)
    return place.at(path.strip("/"))


def _open_all(uris: ast.URIs, session: Session) -> Sequence[KMS]:
    return [open_kms(kms_uri(session, text_of(uri)), kms_environment(session)) for uri in uris]
