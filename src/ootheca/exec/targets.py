"""The targets of a statement, resolved against the descriptors of the store or of a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.catalog.catalog import Catalog
from ootheca.catalog.rules import DescriptorRules
from ootheca.catalog.targets import Targets, resolve_targets
from ootheca.errors import OothecaError, UnsupportedError
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["resolve", "with_coverage"]


def resolve(
    targets: ast.BackupTargets | None, catalog: Catalog, *, current_database: str, rules: DescriptorRules
) -> Targets:
    """Resolve the targets of BACKUP or RESTORE; None means everything.

    Raises:
        OothecaError: a database, table or wildcard that names nothing.
        UnsupportedError: a target that exists in CockroachDB and not here.
    """
    match targets:
        case None:
            return resolve_targets(catalog, everything=True, rules=rules)
        case ast.DatabaseTargets(names):
            return resolve_targets(catalog, databases=names, rules=rules)
        case ast.TableTargets(patterns):
            tables = [(pattern.parts, pattern.is_wildcard) for pattern in patterns]
            return resolve_targets(catalog, tables=tables, current_database=current_database, rules=rules)
        case ast.TenantTarget():
            raise UnsupportedError("tenants are not supported: the embedded cluster has none")
        case _:
            return Targets((), (), (), ())  # SYSTEM USERS names rows of system tables, and no descriptor


def with_coverage(error: OothecaError, session: Session) -> OothecaError:
    """Return the error of a target that is not there, with what newer versions add: the time may be the reason."""
    if not session.profile.mentions_coverage:
        return error
    message = f"{error.message}, or invalid RESTORE timestamp: supplied backups do not cover requested time"
    return OothecaError(message, sqlstate=error.sqlstate, hint=error.hint)
