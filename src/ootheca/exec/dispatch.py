"""Which handler runs which statement; handlers are imported when they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ootheca.errors import ParseError, UnsupportedError
from ootheca.exec.background import begin_later, is_detached

if TYPE_CHECKING:
    from ootheca.exec.result import Result
    from ootheca.exec.session import Session
    from ootheca.sql.ast import Statement

__all__ = ["HANDLERS", "dispatch", "feature_name"]

_STATEMENTS = {
    "dml": ("Query", "Explain"),
    "export": ("Export",),
    "backup": ("Backup",),
    "restore": ("Restore",),
    "show_backup": ("ShowBackup",),
    "show_backups": ("ShowBackups",),
    "alter_backup": ("AlterBackup",),
    "schedule": (
        "AlterBackupSchedule",
        "ControlSchedules",
        "CreateScheduleForBackup",
        "ExecuteSchedule",
        "ShowCreateSchedules",
        "ShowSchedules",
    ),
    "show_jobs": ("ShowJobs",),
    "control_jobs": ("AlterJobOwner", "ControlJobs", "ControlJobsForSchedules", "ControlJobsOfType"),
    "external_connections": (
        "AlterExternalConnection",
        "CheckExternalConnection",
        "CreateExternalConnection",
        "DropExternalConnection",
        "ShowCreateExternalConnections",
        "ShowExternalConnections",
    ),
    "transaction": (
        "Begin",
        "Commit",
        "ReleaseSavepoint",
        "Rollback",
        "RollbackToSavepoint",
        "Savepoint",
    ),
    "prepare": ("Deallocate", "Execute", "Prepare"),
    "set_var": ("Discard", "ResetVariable", "SetVariable", "ShowVariable"),
    "cluster_settings": ("ResetClusterSetting", "SetClusterSetting", "ShowClusterSetting"),
    "show_catalog": (
        "ShowDatabases",
        "ShowEnums",
        "ShowSchemas",
        "ShowSequences",
        "ShowTables",
        "ShowTypes",
    ),
    "show_table": ("ShowColumns", "ShowConstraints", "ShowCreate", "ShowIndexes", "ShowStatistics"),
    "show_roles": ("ShowGrants", "ShowRoles", "ShowUsers"),
    "show_misc": ("ShowLocality", "ShowRegions", "ShowSimple"),
    "show_zones": ("ShowZoneConfiguration",),
}
_DDL = {
    "databases": ("AlterDatabase", "CreateDatabase", "DropDatabase"),
    "schemas": ("AlterSchema", "CreateSchema", "DropSchema"),
    "create_table": ("CreateTable", "CreateTableAs"),
    "drop": ("DropSequence", "DropTable", "DropView"),
    "truncate": ("Truncate",),
    "alter_table": ("AlterTable",),
    "indexes": ("AlterIndex", "CreateIndex", "DropIndex"),
    "views": ("AlterView", "CreateView", "RefreshMaterializedView"),
    "sequences": ("AlterSequence", "CreateSequence"),
    "enums": ("AlterType", "CreateType", "DropType"),
    "comments": ("CommentOn",),
    "grants": ("Grant", "Revoke"),
    "roles": ("AlterRole", "CreateRole", "DropRole"),
    "no_effect": ("CreateStatistics",),
    "zones": ("ConfigureZone",),
}

HANDLERS: dict[str, str] = {
    name: f"ootheca.exec.{package}.{module}"
    for package, modules in (("statements", _STATEMENTS), ("ddl", _DDL))
    for module, names in modules.items()
    for name in names
}
"""Statement class → module with `run(statement, session) -> Result`."""


def dispatch(statement: Statement, session: Session) -> Result:
    """Run one statement inside the session's transaction; of one with DETACHED the job begins at its end.

    Raises:
        UnsupportedError: a statement that is known and not done here.
        ParseError: it is nested too deeply.
    """
    if is_detached(statement) and not session.is_in_background:
        return begin_later(session, statement)
    path = HANDLERS.get(type(statement).__name__)
    if path is None:
        raise UnsupportedError(f"unimplemented: {feature_name(statement)} is not supported")
    try:
        module = import_module(path)
    except ModuleNotFoundError as exc:
        if exc.name != path:
            raise
        raise UnsupportedError(f"unimplemented: {feature_name(statement)} is not supported") from exc
    try:
        result: Result = module.run(statement, session)
    except RecursionError as exc:
        # Queries are read and written by recursion; how deep they may be depends on who is asked.
        raise ParseError("statement is nested too deeply", sqlstate="54001") from exc
    return result


def feature_name(statement: Statement) -> str:
    """Return what a statement does, in capitals: `ALTER JOB OWNER` for `AlterJobOwner`."""
    feature: str = getattr(statement, "feature", "")
    return feature or "".join(f" {c}" if c.isupper() else c.upper() for c in type(statement).__name__).strip()
