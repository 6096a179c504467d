"""CockroachDB's BACKUP and RESTORE without the cluster.

    con = ootheca.connect(store="…", sandbox=True)      DB-API 2.0, with `.arrow()`
    ootheca.parse("BACKUP TO 'x'; SHOW JOBS")           statements: `str()` is canonical, `.redacted()` hides secrets
    ootheca.open_backup("nodelocal://1/x", …)           a backup, read-only, without a store

What these need is loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ootheca.errors import OothecaError

if TYPE_CHECKING:
    from ootheca.backup.opened import open_backup
    from ootheca.connection import Connection, Cursor, connect
    from ootheca.exec.session import Session
    from ootheca.sql.parser import parse

__all__ = [
    "Connection",
    "Cursor",
    "DatabaseError",
    "Error",
    "OothecaError",
    "Session",
    "apilevel",
    "connect",
    "open_backup",
    "paramstyle",
    "parse",
    "threadsafety",
]

apilevel = "2.0"
threadsafety = 1  # threads may share the module, not connections
paramstyle = "numeric_dollar"  # $1, $2 …
Error = DatabaseError = OothecaError

_LAZY = {
    "Connection": "ootheca.connection",
    "Cursor": "ootheca.connection",
    "Session": "ootheca.exec.session",
    "connect": "ootheca.connection",
    "open_backup": "ootheca.backup.opened",
    "parse": "ootheca.sql.parser",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'ootheca' has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
