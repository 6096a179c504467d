"""Storage parameters: CREATE TABLE … WITH (…), ALTER TABLE … SET (…) and RESET (…)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.errors import InvalidOptionError, OothecaError, UnsupportedError
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca import pb
    from ootheca.exec.session import Session

__all__ = ["set_storage_parameters"]

_EXCLUDE = "exclude_data_from_backup"
_IGNORED = frozenset(
    {"fillfactor", "autovacuum_enabled", "schema_locked", "sql_stats_automatic_collection_enabled"}
)
_INBOUND = "cannot set data in a table with inbound foreign key constraints to be excluded from backup"


def set_storage_parameters(
    session: Session, desc: pb.TableDescriptor, parameters: tuple[tuple[str, ast.Expr | None], ...]
) -> None:
    """Set parameters of a table, or reset those without a value.

    Raises:
        InvalidOptionError: no such parameter, or a value that it does not take.
        UnsupportedError: row-level TTL.
        OothecaError: the data of a table that others refer to cannot be left out of backups.
    """
    for name, value in parameters:
        if name == _EXCLUDE:
            _exclude_data(desc, value)
        elif name.startswith("ttl"):
            raise UnsupportedError("unimplemented: row-level TTL is not supported")
        elif name in _IGNORED:
            session.notice(f'storage parameter "{name}" is ignored')
        else:
            raise InvalidOptionError(f'invalid storage parameter "{name}"')


def _exclude_data(desc: pb.TableDescriptor, value: ast.Expr | None) -> None:
    match value:
        case None | ast.BoolLiteral(value=False):
            desc.ClearField("exclude_data_from_backup")
        case ast.BoolLiteral(value=True):
            if desc.inbound_fks:
                raise OothecaError(_INBOUND, hint="drop the foreign keys that refer to it first")
            desc.exclude_data_from_backup = True
        case _:
            raise InvalidOptionError(f'parameter "{_EXCLUDE}" requires a Boolean value')
