"""SET, RESET and SHOW CLUSTER SETTING.

Every setting that scripts for BACKUP and RESTORE touch is known by type and default; unknown ones are refused, as a
cluster refuses them. Few of them do anything here: `version`, the limits of file sizes, and the switches of features.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ootheca.errors import InvalidOptionError, OothecaError
from ootheca.exec.result import Result, ResultColumn, boolean, string
from ootheca.exec.sizes import format_size
from ootheca.exec.statements.set_var import constant_text
from ootheca.profile import profile
from ootheca.sql import ast
from ootheca.types import BOOL, FLOAT8, INT8, INTERVAL, STRING, SQLType

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["KNOWN_SETTINGS", "run"]


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
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*\Z", re.IGNORECASE)
_DURATION = re.compile(r"-?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d)?\s*)+\Z|\d+:\d\d:\d\d\Z")


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
    if value is None or isinstance(value, ast.DefaultValue):
        session.put_setting(name, None)
        return
    text = constant_text(value)
    if name == "version":
        # A running cluster says `20.2-2` where it means a step on the way to the next release.
        text = profile(text.partition("-")[0]).version
    session.put_setting(name, _normalize(name, known.kind, text))


def _normalize(name: str, kind: str, text: str) -> str:
    match kind:
        case "b":
            word = text.lower()
            if word in ("true", "t", "on", "yes"):
                return "true"
            if word in ("false", "f", "off", "no"):
                return "false"
        case "i":
            if re.fullmatch(r"-?\d+", text):
                return text
        case "z":
            if _SIZE.match(text):
                return _size_text(text)
        case "d":
            if _DURATION.match(text):
                return text
        case _:
            return text
    raise InvalidOptionError(
        f"argument of {name} must be type {_type_word(kind)}, not {text!r}", sqlstate="42804"
    )


def _type_word(kind: str) -> str:
    return {"b": "bool", "i": "int", "d": "interval", "z": "byte size"}[kind]


def _size_text(text: str) -> str:
    """Return a byte size in the unit that a cluster would choose."""
    match = _SIZE.match(text)
    assert match is not None
    base = 1024 if match[3] or not match[2] else 1000
    return format_size(float(match[1]) * base ** " KMGT".index(match[2].upper() or " "))


def _value(name: str, session: Session) -> str:
    found = session.setting(name)
    return found if found is not None else KNOWN_SETTINGS[name].default


def _show(name: str | None, session: Session) -> Result:
    if name is None:
        columns = (
            string("variable"),
            string("value"),
            string("setting_type"),
            boolean("public"),
            string("description"),
        )
        rows = [
            (key, _value(key, session), known.kind, True, known.description)
            for key, known in sorted(KNOWN_SETTINGS.items())
        ]
        return Result.of_rows(columns, rows, tag="SHOW CLUSTER SETTINGS")
    key = name.lower()
    known = _known(key, "show")
    text = _value(key, session)
    sql_type = _TYPES.get(known.kind, STRING) if known.kind in ("b", "i") else STRING
    value: object = {"b": text == "true", "i": int(text) if text.lstrip("-").isdigit() else 0}.get(
        known.kind, text
    )
    return Result.of_rows((ResultColumn(key, sql_type),), [(value,)], tag="SHOW CLUSTER SETTING")
