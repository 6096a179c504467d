"""Statements about backups, schedules, jobs and external connections."""

from __future__ import annotations

from dataclasses import field
from typing import Literal, TypeAlias

from ootheca.sql.node import Node, node
from ootheca.sql.nodes_base import Expr, ObjectName, Query, Statement, StringOrPlaceholder, TablePattern

__all__ = [
    "AlterBackup",
    "AlterBackupSchedule",
    "AlterExternalConnection",
    "AlterJobOwner",
    "AlterScheduleCommand",
    "Backup",
    "BackupOptions",
    "BackupTargets",
    "CheckExternalConnection",
    "ControlJobs",
    "ControlJobsForSchedules",
    "ControlJobsOfType",
    "ControlSchedules",
    "CreateExternalConnection",
    "CreateScheduleForBackup",
    "DatabaseTargets",
    "DropExternalConnection",
    "ExecuteSchedule",
    "Export",
    "Import",
    "KeyValue",
    "Restore",
    "RestoreOptions",
    "ShowBackup",
    "ShowBackups",
    "ShowCreateExternalConnections",
    "ShowCreateSchedules",
    "ShowExternalConnections",
    "ShowJobs",
    "ShowSchedules",
    "SystemUsersTarget",
    "TableTargets",
    "TenantTarget",
    "URIs",
]

URIs: TypeAlias = tuple[StringOrPlaceholder, ...]
"""One URI, or the locality parts of one place."""


def _is_latest(path: StringOrPlaceholder | None) -> bool:
    return isinstance(path, str) and path.lower() == "latest"


@node
class KeyValue(Node):
    """A generic option: `key`, `key = value`, or `key = (value, …)`. Keys are folded like names."""

    key: str
    value: StringOrPlaceholder | URIs | None = None

    @property
    def values(self) -> URIs:
        """The values as a list, however many were written."""
        if self.value is None:
            return ()
        return self.value if isinstance(self.value, tuple) else (self.value,)


@node
class TableTargets(Node):
    """`TABLE a, b.*`."""

    patterns: tuple[TablePattern, ...]


@node
class DatabaseTargets(Node):
    """`DATABASE a, b`."""

    names: tuple[str, ...]


@node
class TenantTarget(Node):
    """`TENANT n`, or `VIRTUAL CLUSTER n`."""

    tenant_id: int


@node
class SystemUsersTarget(Node):
    """`RESTORE SYSTEM USERS`."""


BackupTargets: TypeAlias = TableTargets | DatabaseTargets | TenantTarget | SystemUsersTarget
"""What is taken or restored; None in a statement means the whole cluster."""


@node
class BackupOptions(Node):
    """The WITH clause of BACKUP. An option that was not given is None, or empty.

    `revision_history` and the other booleans are True when given bare, False for `= false`, or the expression.
    """

    revision_history: bool | Expr | None = None
    encryption_passphrase: StringOrPlaceholder | None = None
    detached: bool | None = None
    kms: URIs = ()
    incremental_location: URIs = ()
    execution_locality: StringOrPlaceholder | None = None
    include_all_virtual_clusters: bool | Expr | None = None
    updates_cluster_monitoring_metrics: bool | Expr | None = None
    strict_storage_locality: bool | None = None
    include_deprecated_interleaves: bool | None = None


@node
class RestoreOptions(Node):
    """The WITH clause of RESTORE. An option that was not given is None, False, or empty."""

    encryption_passphrase: StringOrPlaceholder | None = None
    kms: URIs = ()
    into_db: StringOrPlaceholder | None = None
    debug_pause_on: StringOrPlaceholder | None = None
    skip_missing_foreign_keys: bool = False
    skip_missing_sequence_owners: bool = False
    skip_missing_sequences: bool = False
    skip_missing_views: bool = False
    skip_missing_udfs: bool = False
    detached: bool = False
    skip_localities_check: bool = False
    new_db_name: StringOrPlaceholder | None = None
    incremental_location: URIs = ()
    virtual_cluster_name: StringOrPlaceholder | None = None
    virtual_cluster: StringOrPlaceholder | None = None
    schema_only: bool = False
    verify_backup_table_data: bool = False
    unsafe_restore_incompatible_version: bool = False
    execution_locality: StringOrPlaceholder | None = None
    experimental_deferred_copy: bool = False
    experimental_copy: bool = False
    remove_regions: bool = False
    grants: bool = False


@node
class Backup(Statement):
    """BACKUP.

    Attributes:
        targets: None for the whole cluster.
        to: URIs of `TO` (one place) or of `INTO` (one collection), locality parts together.
        is_collection: written with INTO: `to` names a collection.
        subdirectory: the text before IN; None when there is none.
        is_latest: the keyword LATEST before IN (`subdirectory` is then None).
        as_of: expression of AS OF SYSTEM TIME.
        incremental_from: the layers of INCREMENTAL FROM, oldest first.
    """

    targets: BackupTargets | None
    to: URIs
    is_collection: bool = False
    subdirectory: StringOrPlaceholder | None = None
    is_latest: bool = False
    as_of: Expr | None = None
    incremental_from: URIs = ()
    options: BackupOptions = BackupOptions()


@node
class Restore(Statement):
    """RESTORE.

    Attributes:
        targets: None for the whole cluster.
        layers: one entry a layer, oldest first; each holds the URIs of its localities. With a subdirectory there is
            normally one, the collection.
        subdirectory: the text before IN, `'latest'` for the bare word; None when the layers are given directly.
        is_stream: FROM REPLICATION STREAM FROM.
    """

    targets: BackupTargets | None
    layers: tuple[URIs, ...]
    subdirectory: StringOrPlaceholder | None = None
    as_of: Expr | None = None
    options: RestoreOptions = RestoreOptions()
    is_stream: bool = False

    @property
    def is_latest(self) -> bool:
        """Whether the subdirectory is the word LATEST, in any case and with or without quotes."""
        return _is_latest(self.subdirectory)


@node
class ShowBackup(Statement):
    """SHOW BACKUP [SCHEMAS | FILES | RANGES | VALIDATE | CONNECTION] path [IN collection] [WITH options].

    Attributes:
        kind: the view; `DEFAULT` for none of the words.
        path: a backup's URI, or with a collection its subdirectory (`'latest'` for the bare word).
        collection: the URIs after IN; empty when there are none.
        options: as written, in order, unchecked (which names exist depends on the version).
        has_from: written with FROM (newer versions).
    """

    kind: Literal["DEFAULT", "SCHEMAS", "FILES", "RANGES", "VALIDATE", "CONNECTION"]
    path: StringOrPlaceholder
    collection: URIs = ()
    options: tuple[KeyValue, ...] = ()
    has_from: bool = False

    @property
    def is_latest(self) -> bool:
        """Whether the path is a collection's word LATEST, in any case and with or without quotes."""
        return bool(self.collection) and _is_latest(self.path)


@node
class ShowBackups(Statement):
    """SHOW BACKUPS IN collection [NEWER THAN …] [OLDER THAN …] [WITH REVISION START TIME | WITH INDEX]."""

    collection: URIs
    newer_than: Expr | None = None
    older_than: Expr | None = None
    with_revision_start_time: bool = False
    with_index: bool = False


@node
class AlterBackup(Statement):
    """ALTER BACKUP [subdirectory IN] uri ADD NEW_KMS = … WITH OLD_KMS = …."""

    uri: StringOrPlaceholder
    new_kms: URIs
    old_kms: URIs
    subdirectory: StringOrPlaceholder | None = None

    @property
    def is_latest(self) -> bool:
        """Whether the subdirectory is the word LATEST, in any case and with or without quotes."""
        return _is_latest(self.subdirectory)


@node
class CreateScheduleForBackup(Statement):
    """CREATE SCHEDULE [IF NOT EXISTS] [label] FOR BACKUP … RECURRING … [FULL BACKUP …] [WITH SCHEDULE OPTIONS …]."""

    label: StringOrPlaceholder | None
    targets: BackupTargets | None
    into: URIs
    recurring: StringOrPlaceholder
    options: BackupOptions = BackupOptions()
    full_backup: StringOrPlaceholder | None = None
    full_backup_always: bool = False
    schedule_options: tuple[KeyValue, ...] = ()
    if_not_exists: bool = False


@node
class AlterScheduleCommand(Node):
    """One command of ALTER BACKUP SCHEDULE; the fields that its `kind` uses are set, the others None or empty.

    kind → field: LABEL, RECURRING, FULL BACKUP → value (None for FULL BACKUP ALWAYS); INTO → uris; WITH → options;
    SCHEDULE OPTION → option; EXECUTE, EXECUTE FULL → none.
    """

    kind: Literal[
        "LABEL", "INTO", "WITH", "RECURRING", "FULL BACKUP", "SCHEDULE OPTION", "EXECUTE", "EXECUTE FULL"
    ]
    value: StringOrPlaceholder | None = None
    uris: URIs = ()
    options: BackupOptions | None = None
    option: KeyValue | None = None


@node
class AlterBackupSchedule(Statement):
    """ALTER BACKUP SCHEDULE id command, …."""

    schedule_id: Expr
    commands: tuple[AlterScheduleCommand, ...]


@node
class ShowSchedules(Statement):
    """SHOW [RUNNING | PAUSED] SCHEDULES [FOR BACKUP], or SHOW SCHEDULE id (then `schedule_id` is set)."""

    which: Literal["ALL", "RUNNING", "PAUSED"] = "ALL"
    for_backup: bool = False
    schedule_id: Expr | None = None


@node
class ShowCreateSchedules(Statement):
    """SHOW CREATE SCHEDULE id, or SHOW CREATE ALL SCHEDULES (then `schedule_id` is None)."""

    schedule_id: Expr | None = None


@node
class ControlSchedules(Statement):
    """PAUSE, RESUME or DROP SCHEDULES; the ids come from the query (`VALUES (n)` for the singular form).

    `ids` holds the expressions of the singular form, and is empty when a query was written; as the query says the same,
    it does not take part in equality (nor does it in the other statements below).
    """

    command: Literal["PAUSE", "RESUME", "DROP"]
    query: Query
    ids: tuple[Expr, ...] = field(default=(), compare=False)


@node
class ExecuteSchedule(Statement):
    """EXECUTE SCHEDULE id."""

    schedule_id: Expr


@node
class ShowJobs(Statement):
    """SHOW [AUTOMATIC | CHANGEFEED] JOBS, SHOW JOB id, SHOW JOBS query, SHOW JOBS FOR SCHEDULE(S) ….

    `ids` holds the expressions of a singular form; `query` gives the job ids (or, when `for_schedules`, the schedule
    ids) and is set for the singular form too, as `VALUES (n)`.
    """

    which: Literal["ALL", "AUTOMATIC", "CHANGEFEED"] = "ALL"
    query: Query | None = None
    ids: tuple[Expr, ...] = field(default=(), compare=False)
    for_schedules: bool = False
    when_complete: bool = False
    with_execution_details: bool = False


@node
class ControlJobs(Statement):
    """PAUSE, RESUME or CANCEL JOBS; the ids come from the query (`VALUES (n)` for the singular form)."""

    command: Literal["PAUSE", "RESUME", "CANCEL"]
    query: Query
    ids: tuple[Expr, ...] = field(default=(), compare=False)
    reason: StringOrPlaceholder | None = None


@node
class ControlJobsForSchedules(Statement):
    """PAUSE, RESUME or CANCEL JOBS FOR SCHEDULE(S)."""

    command: Literal["PAUSE", "RESUME", "CANCEL"]
    query: Query
    ids: tuple[Expr, ...] = field(default=(), compare=False)


@node
class ControlJobsOfType(Statement):
    """PAUSE, RESUME or CANCEL ALL type JOBS; the type is folded (`backup`) and not checked by the parser."""

    command: Literal["PAUSE", "RESUME", "CANCEL"]
    job_type: str


@node
class AlterJobOwner(Statement):
    """ALTER JOB id OWNER TO role."""

    job_id: Expr
    owner: str


@node
class CreateExternalConnection(Statement):
    """CREATE EXTERNAL CONNECTION [IF NOT EXISTS] name AS uri."""

    name: StringOrPlaceholder
    uri: StringOrPlaceholder
    if_not_exists: bool = False


@node
class AlterExternalConnection(Statement):
    """ALTER EXTERNAL CONNECTION [IF EXISTS] name AS uri."""

    name: StringOrPlaceholder
    uri: StringOrPlaceholder
    if_exists: bool = False


@node
class DropExternalConnection(Statement):
    """DROP EXTERNAL CONNECTION name."""

    name: StringOrPlaceholder


@node
class ShowExternalConnections(Statement):
    """SHOW EXTERNAL CONNECTIONS, or SHOW EXTERNAL CONNECTION name."""

    name: StringOrPlaceholder | None = None


@node
class ShowCreateExternalConnections(Statement):
    """SHOW CREATE ALL EXTERNAL CONNECTIONS, or SHOW CREATE EXTERNAL CONNECTION name."""

    name: StringOrPlaceholder | None = None


@node
class CheckExternalConnection(Statement):
    """CHECK EXTERNAL CONNECTION uri [WITH transfer = …, concurrently = …, time = …]."""

    uri: StringOrPlaceholder
    transfer: StringOrPlaceholder | None = None
    time: StringOrPlaceholder | None = None
    concurrently: Expr | None = None


@node
class Export(Statement):
    """EXPORT INTO format uri [WITH options] FROM query (or TABLE name)."""

    file_format: str
    uri: StringOrPlaceholder
    query: Query
    options: tuple[KeyValue, ...] = ()


@node
class Import(Statement):
    """IMPORT INTO table [(columns)] format DATA (uris) [WITH options], or IMPORT TABLE name (definition) ….

    `definition` is the parsed CREATE TABLE of the second form, `create_using` its CREATE USING file, and `is_bundle`
    says that a whole dump was named (`IMPORT [TABLE t FROM] PGDUMP 'uri'`).
    """

    table: ObjectName | None
    file_format: str
    uris: URIs
    columns: tuple[str, ...] = ()
    options: tuple[KeyValue, ...] = ()
    is_into: bool = True
    definition: Statement | None = None
    create_using: StringOrPlaceholder | None = None
    is_bundle: bool = False
