"""SET, RESET and SHOW CLUSTER SETTING; what was set are the rows of `system.settings`.

Every setting that scripts for BACKUP and RESTORE touch is known by type and default; unknown ones are refused, as a
cluster refuses them. Few of them do anything here: `version`, the limits of file sizes, and the switches of features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ootheca.errors import OothecaError
from ootheca.exec.quantities import parse_int
from ootheca.exec.result import Result, ResultColumn, boolean, string
from ootheca.exec.setting_values import decode_setting, encode_setting
from ootheca.exec.statements.set_var import constant_text
from ootheca.exec.system_tables import SystemTable, moment
from ootheca.profile import DEFAULT_VERSION
from ootheca.sql import ast
from ootheca.types import BOOL, FLOAT8, INT8, INTERVAL, STRING, SQLType

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["KNOWN_SETTINGS", "current_setting", "run"]


@dataclass(frozen=True, slots=True)
class _Setting:
    kind: str  # b, i, f, s, d (duration), z (byte size), e (enumeration), m (the version)
    default: str
    description: str


KNOWN_SETTINGS: Final[dict[str, _Setting]] = {
    "backup.compaction.threshold": _Setting(
        "i", "0", "the required backup chain length for compaction to be triggered"
    ),
    "bulkio.backup.checkpoint_interval": _Setting(
        "d", "1m0s", "the minimum time between writing progress checkpoints"
    ),
    "bulkio.backup.file_size": _Setting(
        "z", "128 MiB", "target size for individual data files produced during BACKUP"
    ),
    "bulkio.backup.merge_file_buffer_size": _Setting(
        "z", "128 MiB", "size limit used when buffering backup files"
    ),
    "bulkio.backup.read_timeout": _Setting(
        "d", "5m0s", "amount of time after which a read attempt is canceled"
    ),
    "bulkio.backup.read_with_priority_after": _Setting(
        "d", "1m0s", "time after which a read is made with priority"
    ),
    "bulkio.backup.split_keys_on_timestamps": _Setting(
        "b", "false", "split backup data on timestamps when writing"
    ),
    "bulkio.stream_ingestion.minimum_flush_interval": _Setting(
        "d", "5s", "the minimum timestamp between flushes"
    ),
    "cluster.organization": _Setting("s", "", "organization name"),
    "cluster.preserve_downgrade_option": _Setting(
        "s", "", "disable automatic or manual cluster version upgrade"
    ),
    "cloudstorage.gs.default.key": _Setting(
        "s", "", "if set, JSON key to use during Google Cloud Storage operations"
    ),
    "cloudstorage.http.custom_ca": _Setting("s", "", "custom root CA (appended to system's default CAs)"),
    "cloudstorage.timeout": _Setting("d", "10m0s", "the timeout for import/export storage operations"),
    "diagnostics.reporting.enabled": _Setting("b", "true", "enable reporting diagnostic metrics"),
    "enterprise.license": _Setting("s", "", "the encoded cluster license"),
    "external.graphite.endpoint": _Setting("s", "", "if nonempty, push server metrics to this endpoint"),
    "feature.backup.enabled": _Setting("b", "true", "set to true to enable backups, false to disable"),
    "feature.export.enabled": _Setting("b", "true", "set to true to enable exports, false to disable"),
    "feature.import.enabled": _Setting("b", "true", "set to true to enable imports, false to disable"),
    "feature.restore.enabled": _Setting("b", "true", "set to true to enable restore, false to disable"),
    "jobs.retention_time": _Setting(
        "d", "336h0m0s", "the amount of time to retain records for completed jobs"
    ),
    "jobs.scheduler.enabled": _Setting("b", "true", "enable/disable job scheduler"),
    "jobs.scheduler.pace": _Setting("d", "1m0s", "how often to scan system.scheduled_jobs table"),
    "kv.bulk_io_write.concurrent_addsstable_requests": _Setting(
        "i", "1", "number of concurrent ingests per store"
    ),
    "kv.bulk_io_write.max_rate": _Setting(
        "z", "1.0 TiB", "the rate limit (bytes/sec) to use for writes to disk"
    ),
    "kv.bulk_sst.max_allowed_overage": _Setting(
        "z", "64 MiB", "if positive, allowed size in excess of target size"
    ),
    "kv.bulk_sst.target_size": _Setting("z", "16 MiB", "target size for SSTs emitted from export requests"),
    "kv.range_merge.queue_enabled": _Setting("b", "true", "whether the automatic merge queue is enabled"),
    "kv.rangefeed.enabled": _Setting("b", "false", "if set, rangefeed registration is enabled"),
    "schedules.backup.gc_protection.enabled": _Setting(
        "b", "false", "enable chaining of GC protection across backups"
    ),
    "server.time_until_store_dead": _Setting("d", "5m0s", "the time after which a store is considered dead"),
    "sql.defaults.default_int_size": _Setting("i", "8", "the size, in bytes, of an INT type"),
    "sql.defaults.distsql": _Setting("e", "auto", "default distributed SQL execution mode"),
    "sql.defaults.experimental_temporary_tables.enabled": _Setting("b", "false", "allows temporary tables"),
    "sql.defaults.interleaved_tables.enabled": _Setting(
        "b", "false", "allows creation of interleaved tables or indexes"
    ),
    "sql.defaults.serial_normalization": _Setting(
        "e", "rowid", "default handling of SERIAL in table definitions"
    ),
    "sql.stats.automatic_collection.enabled": _Setting("b", "true", "automatic statistics collection mode"),
    "version": _Setting("m", "", "set the active cluster version in the format '<major>.<minor>'"),
}
_TYPES: Final[dict[str, SQLType]] = {"b": BOOL, "i": INT8, "f": FLOAT8, "d": INTERVAL}


def run(
    statement: ast.SetClusterSetting | ast.ResetClusterSetting | ast.ShowClusterSetting, session: Session
) -> Result:
    """Set, reset or show cluster settings."""
    match statement:
        case ast.SetClusterSetting():
            _set(statement.name.lower(), statement.value, session)
            return Result.command("SET CLUSTER SETTING")
        case ast.ResetClusterSetting():
            _set(statement.name.lower(), None, session)
            return Result.command("RESET CLUSTER SETTING")
        case _:
            return _show(statement.name, session)


def _known(name: str, verb: str = "") -> _Setting:
    found = KNOWN_SETTINGS.get(name)
    if found is None:
        if verb:
            raise OothecaError(f"unknown setting: {name!r}".replace("'", '"'), sqlstate="XXUUU")
        raise OothecaError(f"unknown cluster setting '{name}'", sqlstate="XXUUU")
    return found


def _set(name: str, value: ast.Expr | None, session: Session) -> None:
    if session.is_in_explicit_transaction:
        raise OothecaError("SET CLUSTER SETTING cannot be used inside a transaction", sqlstate="XXUUU")
    known = _known(name)
    text = None if value is None or isinstance(value, ast.DefaultValue) else constant_text(value)
    if name == "version":
        # A running cluster says `20.2-2` where it means a step on the way to the next release.
        session.set_version((text or DEFAULT_VERSION).partition("-")[0])
    elif text is None:
        SystemTable(session, "settings").delete(name=name)
    else:
        stored = encode_setting(name, known.kind, text)
        row = {"name": name, "value": stored, "lastUpdated": moment(session.now()), "valueType": known.kind}
        SystemTable(session, "settings").put(row)


def current_setting(session: Session, name: str) -> str:
    """Return a known setting's value as SHOW prints it."""
    return _values(session)[name]


def _values(session: Session) -> dict[str, str]:
    """Return every known setting's value as SHOW prints it."""
    # In a store that nobody has asked anything of, nobody has set anything either.
    stored = dict(SystemTable(session, "settings").rows("name", "value")) if session.is_open else {}
    values = {
        name: decode_setting(name, known.kind, stored[name]) if name in stored else known.default
        for name, known in KNOWN_SETTINGS.items()
    }
    return values | {"version": session.profile.version}


def _show(name: str | None, session: Session) -> Result:
    values = _values(session)
    if name is None:
        columns = (
            string("variable"),
            string("value"),
            string("setting_type"),
            boolean("public"),
            string("description"),
        )
        rows = [
            (key, values[key], known.kind, True, known.description)
            for key, known in sorted(KNOWN_SETTINGS.items())
        ]
        return Result.of_rows(columns, rows, tag="SHOW CLUSTER SETTINGS")
    key = name.lower()
    known = _known(key, "show")
    text = values[key]
    sql_type = _TYPES.get(known.kind, STRING) if known.kind in ("b", "i") else STRING
    value: object = text
    if known.kind == "b":
        value = text == "true"
    elif known.kind == "i":
        value = parse_int(text) or 0
    return Result.of_rows((ResultColumn(key, sql_type),), [(value,)], tag="SHOW CLUSTER SETTING")
