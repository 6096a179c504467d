"""The WITH options of BACKUP and RESTORE: what each is called, what value it takes, where it is allowed.

The order is that of CockroachDB's canonical text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["BACKUP_OPTIONS", "OPTION_ALIASES", "RESTORE_OPTIONS", "Option", "OptionKind"]

OptionKind = Literal["flag", "boolean", "string", "uris", "passphrase", "kms"]
"""What stands after the name.

`flag` nothing; `boolean` nothing or `= expression`; `string` one string; `uris` one or a list; `passphrase` a string
that is never shown; `kms` URIs of master keys.
"""


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        field: its field in `ast.BackupOptions` or `ast.RestoreOptions`.
        name: as it is printed.
        kind: what value it takes.
        repeated: how a second one is refused.
    """

    field: str
    name: str
    kind: OptionKind
    repeated: str


def _option(field: str, kind: OptionKind, *, name: str = "", noun: str = "") -> Option:
    printed = name or field
    return Option(field, printed, kind, f"{printed}{noun} specified multiple times")


BACKUP_OPTIONS = (
    _option("revision_history", "boolean", noun=" option"),
    _option("encryption_passphrase", "passphrase"),
    _option("detached", "flag", noun=" option"),
    _option("kms", "kms"),
    _option("incremental_location", "uris", noun=" option"),
    _option("execution_locality", "string", name="execution locality", noun=" option"),
    _option("include_all_virtual_clusters", "boolean"),
    _option("updates_cluster_monitoring_metrics", "boolean", noun=" option"),
    _option("strict_storage_locality", "flag", name="strict storage locality", noun=" option"),
    _option("include_deprecated_interleaves", "flag", noun=" option"),
)

RESTORE_OPTIONS = (
    _option("encryption_passphrase", "passphrase"),
    _option("kms", "kms"),
    _option("into_db", "string"),
    _option("debug_pause_on", "string"),
    _option("skip_missing_foreign_keys", "flag"),
    _option("skip_missing_sequence_owners", "flag"),
    _option("skip_missing_sequences", "flag"),
    _option("skip_missing_views", "flag"),
    _option("skip_missing_udfs", "flag"),
    _option("detached", "flag", noun=" option"),
    _option("skip_localities_check", "flag"),
    _option("new_db_name", "string"),
    _option("incremental_location", "uris"),
    _option("virtual_cluster_name", "string"),
    _option("virtual_cluster", "string"),
    _option("schema_only", "flag"),
    _option("verify_backup_table_data", "flag"),
    _option("unsafe_restore_incompatible_version", "flag"),
    _option("execution_locality", "string", name="execution locality"),
    _option("experimental_deferred_copy", "flag", name="experimental deferred copy"),
    _option("experimental_copy", "flag", name="experimental copy"),
    _option("remove_regions", "flag"),
    _option("grants", "flag"),
)

OPTION_ALIASES = {
    "include_all_secondary_tenants": "include_all_virtual_clusters",
    "tenant_name": "virtual_cluster_name",
    "tenant": "virtual_cluster",
}
"""Older names that mean the same."""
