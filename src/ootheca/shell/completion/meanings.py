"""What the options of statements mean, in half a line each: shown beside them when they are offered."""

from __future__ import annotations

from typing import Final

__all__ = ["OPTION_MEANINGS", "SCHEDULE_OPTIONS", "SHOW_BACKUP_OPTIONS"]

OPTION_MEANINGS: Final = {
    "debug_pause_on": "pause the job at an error of this kind",
    "detached": "return at once; the job goes on by itself",
    "encryption_passphrase": "encrypt or open with a key made from this text",
    "execution locality": "run on nodes of this locality alone",
    "experimental copy": "accepted, and changes nothing",
    "experimental deferred copy": "accepted, and changes nothing",
    "grants": "bring the privileges back too",
    "include_all_secondary_tenants": "older name of include_all_virtual_clusters",
    "include_all_virtual_clusters": "all virtual clusters, not the system's alone",
    "include_deprecated_interleaves": "accept interleaved tables",
    "incremental_location": "where the incremental layers are, when not beside the full backup",
    "into_db": "restore tables into this database",
    "kms": "encrypt or open with master keys of a key service",
    "new_db_name": "restore a database under another name",
    "remove_regions": "restore without the regions of a multi-region database",
    "revision_history": "keep every version, to restore to any time in between",
    "schema_only": "restore definitions without rows",
    "skip_localities_check": "do not ask for the nodes that the backup's localities name",
    "skip_missing_foreign_keys": "drop foreign keys to tables that are not restored",
    "skip_missing_sequence_owners": "drop the owners of sequences that are not restored",
    "skip_missing_sequences": "drop defaults that need sequences that are not restored",
    "skip_missing_udfs": "drop what needs functions that are not restored",
    "skip_missing_views": "leave out views of tables that are not restored",
    "strict storage locality": "write to the storage of each row's own locality",
    "tenant": "older name of virtual_cluster",
    "tenant_name": "older name of virtual_cluster_name",
    "unsafe_restore_incompatible_version": "restore what an incompatible version wrote",
    "updates_cluster_monitoring_metrics": "count for the time of the last backup",
    "verify_backup_table_data": "with schema_only: read and check the rows too",
    "virtual_cluster": "restore the virtual cluster under this number",
    "virtual_cluster_name": "restore the virtual cluster under this name",
}
"""Of BACKUP and RESTORE."""

SHOW_BACKUP_OPTIONS: Final = {
    "as_json": "the manifest as JSON",
    "check_files": "check that every file is there and has its size",
    "debug_ids": "show the ids of databases, schemas and tables",
    "encryption_info": "show the master keys that open it",
    "encryption_passphrase": "the text that it was encrypted with",
    "incremental_location": "where the incremental layers are, when not beside the full backup",
    "kms": "a master key that opens it",
    "privileges": "show who may do what",
    "skip size": "do not read the sizes of files",
}
"""Of SHOW BACKUP."""

SCHEDULE_OPTIONS: Final = {
    "first_run": "when to run for the first time, such as 'now'",
    "ignore_existing_backups": "start even when the collection holds backups",
    "on_execution_failure": "retry, reschedule or pause",
    "on_previous_running": "start, skip or wait",
    "updates_cluster_last_backup_time_metric": "count for the time of the last backup",
}
"""Of CREATE SCHEDULE FOR BACKUP."""
