"""CockroachDB's BACKUP and RESTORE without the cluster.

    con = ootheca.connect(store="…", sandbox=True)      DB-API 2.0, with `.arrow()`
    ootheca.parse("BACKUP TO 'x'; SHOW JOBS")           statements: `str()` is canonical, `.redacted()` hides secrets
    ootheca.open_backup("nodelocal://1/x", …)           a backup, read-only, without a store

What these need is loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ootheca.errors import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OothecaError,
    OperationalError,
    ProgrammingError,
    Warning,  # noqa: A004  DB-API's name
)

if TYPE_CHECKING:
    from ootheca.backup.opened import Backup, BackupTable, open_backup
    from ootheca.connection import Connection, Cursor, connect
    from ootheca.dbapi import (
        BINARY,
        DATETIME,
        NUMBER,
        ROWID,
        STRING,
        Binary,
        Date,
        DateFromTicks,
        Time,
        TimeFromTicks,
        Timestamp,
        TimestampFromTicks,
    )
    from ootheca.exec.limits import ExternalLimits
    from ootheca.exec.session import Session
    from ootheca.sql.parser import parse

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Backup",
    "BackupTable",
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "ExternalLimits",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OothecaError",
    "OperationalError",
    "ProgrammingError",
    "Session",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "open_backup",
    "paramstyle",
    "parse",
    "threadsafety",
]

apilevel = "2.0"
threadsafety = 1  # threads may share the module, not connections
# `$1`, `$2` …, as in CockroachDB. PEP 249 has no word for it; SQLAlchemy and others call it by this one.
paramstyle = "numeric_dollar"
Error = OothecaError

_LAZY = {
    "BINARY": "ootheca.dbapi",
    "Backup": "ootheca.backup.opened",
    "BackupTable": "ootheca.backup.opened",
    "Binary": "ootheca.dbapi",
    "Connection": "ootheca.connection",
    "Cursor": "ootheca.connection",
    "DATETIME": "ootheca.dbapi",
    "Date": "ootheca.dbapi",
    "DateFromTicks": "ootheca.dbapi",
    "ExternalLimits": "ootheca.exec.limits",
    "NUMBER": "ootheca.dbapi",
    "ROWID": "ootheca.dbapi",
    "STRING": "ootheca.dbapi",
    "Session": "ootheca.exec.session",
    "Time": "ootheca.dbapi",
    "TimeFromTicks": "ootheca.dbapi",
    "Timestamp": "ootheca.dbapi",
    "TimestampFromTicks": "ootheca.dbapi",
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
