"""What the options of statements mean: one table for `\\h` and for the reference page.

An option's version is the first whose documentation lists it; 20.1 stands for "20.1 or earlier", and "ours" for what
CockroachDB does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["OPTION_HELP", "OptionHelp", "meanings_of"]

State = Literal["yes", "no effect", "refused"]


@dataclass(frozen=True, slots=True)
class OptionHelp:
    """One option.

    Attributes:
        syntax: how it is written, its value included.
        since: the CockroachDB version that has it first.
        about: what it does, in half a line.
        state: whether it is done here, changes nothing, or is refused as not supported.
    """

    syntax: str
    since: str
    about: str
    state: State = "yes"

    @property
    def name(self) -> str:
        """The option without its value."""
        return self.syntax.partition(" [")[0].partition(" = ")[0]


_o = OptionHelp
_ENCRYPTION: Final = (
    _o("encryption_passphrase = 'text'", "20.1", "the passphrase from which the key of the files is derived"),
    _o(
        "kms = {'uri' | ('uri', …)}", "20.2", "master keys that wrap the key of the files; any one opens them"
    ),
)
_INCREMENTAL: Final = _o(
    "incremental_location = {'uri' | ('uri', …)}",
    "22.1",
    "where the incremental layers are, if not beside the full backup",
)

OPTION_HELP: Final[dict[str, tuple[OptionHelp, ...]]] = {
    "BACKUP": (
        *_ENCRYPTION,
        _o("revision_history [= boolean]", "20.1", "keep every version of every row, not the newest alone"),
        _o("detached [= {true | false}]", "20.2", "answer with the job's id and go on in the background"),
        _INCREMENTAL,
        _o(
            "include_all_virtual_clusters [= boolean]",
            "23.1",
            "tenants too, of which a store has none",
            "no effect",
        ),
        _o(
            "updates_cluster_monitoring_metrics [= boolean]",
            "23.2",
            "feed a metric, of which a store has none",
            "no effect",
        ),
        _o(
            "include_deprecated_interleaves",
            "21.1",
            "allow interleaved tables, which are always allowed",
            "no effect",
        ),
        _o("execution locality = 'key=value, …'", "23.1", "run on the nodes that match"),
        _o("strict storage locality", "26.1", "no file in a place of another locality", "refused"),
    ),
    "RESTORE": (
        *_ENCRYPTION,
        _o("into_db = 'name'", "20.1", "put the tables into this database, which has to be there"),
        _o("new_db_name = 'name'", "22.1", "give the one restored database another name"),
        _o("skip_missing_foreign_keys", "20.1", "leave out foreign keys to tables that are not restored"),
        _o("skip_missing_sequences", "20.1", "leave out defaults that need sequences that are not restored"),
        _o(
            "skip_missing_sequence_owners",
            "20.2",
            "leave out who owns a sequence, where that is not restored",
        ),
        _o("skip_missing_views", "20.1", "leave out views of what is not restored"),
        _o("skip_missing_udfs", "23.2", "leave out defaults that call functions that are not restored"),
        _o("detached", "20.2", "answer with the job's id and go on in the background"),
        _o("schema_only", "23.1", "make the tables, and no rows"),
        _o("verify_backup_table_data", "23.1", "with schema_only: read and check all rows, and keep none"),
        _INCREMENTAL,
        _o("skip_localities_check", "21.2", "allow regions that the cluster does not have", "no effect"),
        _o(
            "unsafe_restore_incompatible_version",
            "23.1",
            "allow backups of any version, which are always allowed",
            "no effect",
        ),
        _o("remove_regions", "23.2", "restore a multi-region database without its regions", "refused"),
        _o("grants", "26.2", "grant again what was granted to users of the same names", "refused"),
        _o("execution locality = 'key=value, …'", "24.1", "run on the nodes that match"),
        _o("virtual_cluster_name = 'name'", "22.2", "the name of a restored tenant", "refused"),
        _o("virtual_cluster = 'id'", "22.2", "the id of a restored tenant", "refused"),
        _o("experimental copy", "26.2", "link the files first and copy the rows at once", "no effect"),
        _o("experimental deferred copy", "23.2", "link the files first and copy the rows later", "refused"),
        _o("debug_pause_on = 'error'", "21.1", "pause the job where it would fail", "refused"),
    ),
    "SHOW BACKUP": (
        *_ENCRYPTION,
        _o("privileges", "20.1", "a column with the GRANTs of each object, and from 21.2 its owner"),
        _o("as_json", "21.1", "the manifest as JSON"),
        _o("debug_ids", "21.2", "columns with the ids of databases, schemas and objects"),
        _o("check_files", "23.1", "find every data file in storage; a column with what it takes there"),
        _o("encryption_info", "ours", "who can open the backup, told without opening it"),
        _INCREMENTAL,
        _o("encryption_info_dir = 'uri'", "23.1", "where ENCRYPTION-INFO lies, if not in the backup"),
        _o("skip size", "26.1", "do not ask storage for the sizes of files", "no effect"),
    ),
    "EXPORT": (
        _o("delimiter = 'character'", "20.1", "between the fields of CSV; a comma if omitted"),
        _o("nullas = 'text'", "20.1", "what stands for NULL in CSV; without it a NULL is refused"),
        _o("chunk_rows = 'number'", "20.1", "rows of one file; 100000 if omitted"),
        _o("chunk_size = 'size'", "22.1", "bytes of one file before compression; 32MB if omitted"),
        _o("compression = 'codec'", "20.2", "gzip, or for Parquet also snappy; none if omitted"),
        _o("filename = 'pattern'", "22.1", "the names of the files", "refused"),
    ),
    "CHECK EXTERNAL CONNECTION": (
        _o("transfer = 'size'", "25.1", "how much each worker writes and reads; 32MiB if omitted"),
        _o("concurrently = 'number'", "25.1", "how many workers; 1 if omitted"),
        _o("time = 'duration'", "25.1", "go on until this time is over"),
    ),
    "CREATE SCHEDULE FOR BACKUP": (
        _o("first_run = {'time' | 'now'}", "20.2", "when it runs first, if not at the next recurrence"),
        _o(
            "on_execution_failure = {retry | reschedule | pause}",
            "20.2",
            "what follows a failure; reschedule if omitted",
        ),
        _o(
            "on_previous_running = {start | skip | wait}",
            "20.2",
            "what to do while the run before goes on; wait if omitted",
        ),
        _o("ignore_existing_backups", "20.2", "allow a collection that already holds backups"),
        _o(
            "updates_cluster_last_backup_time_metric",
            "20.2",
            "feed a metric, of which a store has none",
            "no effect",
        ),
    ),
}
"""The options of each topic of `\\h` that has any, in the order in which they are told."""


def meanings_of(*names: str) -> dict[str, str]:
    """Return what the options of some topics of `\\h` mean, by their names in order."""
    found = {option.name: option.about for name in names for option in OPTION_HELP[name]}
    return dict(sorted(found.items()))
