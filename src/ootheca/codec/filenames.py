"""Every file name that a backup may hold, who writes it, and what can be read off it.

Layout, below a collection (`BACKUP INTO`) or alone (`BACKUP TO`):
    LATEST                                     path of the newest full backup, `/2021/03/04-050607.12`; 20.2+
    metadata/latest/LATEST-<hex>               the same, written once, the newest sorts first; 22.1+
    YYYY/MM/DD-HHMMSS.FF/                      a full backup, named by its end time
    YYYY/MM/DD-HHMMSS.FF/YYYYMMDD/HHMMSS.FF/   an incremental layer of it, named by its own end time; up to 21.2
    incrementals/<full>/YYYYMMDD/HHMMSS.FF/    the same from 22.1; from 25.2 with `-YYYYMMDD-HHMMSS.FF`, its start
    index/<full>/<...>_metadata.pb             tells of a layer, so that listings are short; 25.4+; only the folders'
                                               names are read: `2025-08-13-120000.00`
    metadata/index/<end>_<full>/               the same later: `20250813-120000.00` after its end, complemented, in hex
    <layer>/BACKUP_MANIFEST                    20.2+; BACKUP before; BACKUP_METADATA beside it from 23.1
    <layer>/filelist.sst, descriptorslist.sst  what a BACKUP_METADATA leaves out; 23.1+
    <layer>/<manifest>-CHECKSUM                20.2+
    <layer>/BACKUP_PART_<n>_<locality>         n from 1; in the store of that locality
    <layer>/BACKUP-STATISTICS                  20.2+
    <layer>/ENCRYPTION-INFO[-<n>]              beside a full layer; n from 2, 22.1+
    <layer>/BACKUP-CHECKPOINT[-CHECKSUM]       while the backup runs; the checksum is left behind
    <layer>/BACKUP-CHECKPOINT-<job>[-CHECKSUM] the same, 21.2+
    <layer>/BACKUP-LOCK-<job>                  22.1+
    <layer>/[data/]<id>.sst                    in `data/` from 21.2
`.FF` are hundredths of a second, cut off; all times are UTC.

Source: fixtures/golden/*/*/extern; reference 01.
Unverified: all of 22.1 and later; reference 01 and 02 §6 know them from newer sources only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from ootheca.errors import CorruptionError
from ootheca.profile import profile

__all__ = [
    "CHECKPOINT",
    "CHECKSUM_SUFFIX",
    "DESCRIPTOR_LIST",
    "ENCRYPTION_INFO",
    "FILE_LIST",
    "INCREMENTALS_FOLDER",
    "INDEX_FOLDERS",
    "LATEST",
    "LATEST_FOLDER",
    "LOCK_PREFIX",
    "MANIFEST",
    "MANIFESTS",
    "METADATA",
    "OLD_MANIFEST",
    "PLACEHOLDER",
    "STATISTICS",
    "checkpoint_name",
    "checksum_name",
    "data_file_name",
    "encryption_info_name",
    "format_latest",
    "full_subdirectory",
    "incremental_subdirectory",
    "is_encryption_info",
    "is_part_of_backup",
    "lock_name",
    "newest_latest",
    "parse_full_subdirectory",
    "parse_incremental_subdirectory",
    "parse_indexed_full",
    "parse_latest",
    "parse_partition_name",
    "parse_unique_id",
    "partition_name",
    "unique_id",
]

MANIFEST = "BACKUP_MANIFEST"
OLD_MANIFEST = "BACKUP"
METADATA = "BACKUP_METADATA"
MANIFESTS = (METADATA, MANIFEST, OLD_MANIFEST)  # in the order in which a reader tries them
FILE_LIST = "filelist.sst"
DESCRIPTOR_LIST = "descriptorslist.sst"
CHECKSUM_SUFFIX = "-CHECKSUM"
CHECKPOINT = "BACKUP-CHECKPOINT"
STATISTICS = "BACKUP-STATISTICS"
ENCRYPTION_INFO = "ENCRYPTION-INFO"
LATEST = "LATEST"
LATEST_FOLDER = "metadata/latest"
INCREMENTALS_FOLDER = "incrementals"
INDEX_FOLDERS = ("index", "metadata/index")
LOCK_PREFIX = "BACKUP-LOCK-"
PLACEHOLDER = "COCKROACH-BACKUP-PLACEHOLDER"

_PARTITION_PREFIX = "BACKUP_PART"
_DATA_SUFFIX = ".sst"
_DATA_FILE = re.compile(r"(?:data/)?-?\d+\.sst")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9=-]")
_PARTITION = re.compile(r"BACKUP_PART_(\d+)_([A-Za-z0-9=_-]*)")
_ENCRYPTION_INFO = re.compile(r"ENCRYPTION-INFO(?:-\d+)?")
_FULL = re.compile(r"(\d{4})/(\d\d)/(\d\d)-(\d\d)(\d\d)(\d\d)\.(\d\d)")
_INDEXED_FULL = re.compile(
    r"(\d{4})-(\d\d)-(\d\d-\d{6}\.\d\d)|(?:[0-9a-f]+_)?(\d{4})(\d\d)(\d\d-\d{6}\.\d\d)"
)
_INCREMENTAL = re.compile(
    r"(\d{4})(\d\d)(\d\d)/(\d\d)(\d\d)(\d\d)\.(\d\d)(?:-\d{8}-\d{6}\.\d\d)?"  # from 25.2 on with its start
)

_SECOND_NS = 1_000_000_000
_HUNDREDTH_NS = 10_000_000
_UNIQUE_ID_EPOCH_NS = 1_420_070_400 * _SECOND_NS  # 2015-01-01 00:00 UTC
_UNIQUE_ID_UNIT_NS = 10_000
_NODE_ID_BITS = 15


# Names beside the manifest


def checksum_name(name: str) -> str:
    """Return the name of the file that holds another's checksum."""
    return name + CHECKSUM_SUFFIX


def checkpoint_name(job_id: int) -> str:
    """Return the name under which 21.2 keeps a copy of the checkpoint of one job."""
    return f"{CHECKPOINT}-{job_id}"


def lock_name(job_id: int) -> str:
    """Return the name of the file by which a job claims a layer's folder."""
    return f"{LOCK_PREFIX}{job_id}"


def encryption_info_name(number: int = 1) -> str:
    """Return the name of the n-th key set: the first was made with the backup, later ones by ALTER BACKUP."""
    return ENCRYPTION_INFO if number == 1 else f"{ENCRYPTION_INFO}-{number}"


def is_encryption_info(name: str) -> bool:
    """Whether a file name is that of a key set."""
    return _ENCRYPTION_INFO.fullmatch(name) is not None


def is_part_of_backup(name: str) -> bool:
    """Whether a name, relative to a layer's folder, is that of a file which a writer leaves beside the manifest."""
    beside = {STATISTICS, checksum_name(MANIFEST)}
    return (
        name in beside
        or is_encryption_info(name)
        or parse_partition_name(name) is not None
        or _DATA_FILE.fullmatch(name) is not None
    )


def partition_name(number: int, locality_kv: str) -> str:
    """Return the name of a locality's file list; `number` counts from 1, in the order of `locality_kvs`."""
    return f"{_PARTITION_PREFIX}_{number}_{_NOT_IN_A_NAME.sub('_', locality_kv)}"


def parse_partition_name(name: str) -> tuple[int, str] | None:
    """Return number and sanitised locality of a file list's name; None for other names."""
    found = _PARTITION.fullmatch(name)
    return (int(found[1]), found[2]) if found else None


# Data files


def data_file_name(file_id: int, *, version: str) -> str:
    """Return the path of a data SST below its layer, as the manifest holds it.

    Raises:
        InvalidOptionError: no profile is proven for that version.
    """
    return f"{profile(version).data_folder}{file_id}{_DATA_SUFFIX}"


def unique_id(wall_time_ns: int, node_id: int, *, after: int = 0) -> int:
    """Return an id for a file, job or row: 10 µs since 2015 in the high bits, the node in the low 15.

    Args:
        wall_time_ns: ns since the Unix epoch.
        after: the last id made by this node; the result is greater, also within the same 10 µs.
    """
    units = (wall_time_ns - _UNIQUE_ID_EPOCH_NS) // _UNIQUE_ID_UNIT_NS
    units = max(units, (after >> _NODE_ID_BITS) + 1 if after else 0)
    return units << _NODE_ID_BITS | node_id & (1 << _NODE_ID_BITS) - 1


def parse_unique_id(value: int) -> tuple[int, int]:
    """Return when (ns since the Unix epoch, in steps of 10 µs) and on which node an id was made."""
    wall_time_ns = (value >> _NODE_ID_BITS) * _UNIQUE_ID_UNIT_NS + _UNIQUE_ID_EPOCH_NS
    return wall_time_ns, value & (1 << _NODE_ID_BITS) - 1


# Folders


def full_subdirectory(end_time_ns: int) -> str:
    """Return the folder of a full backup in its collection, without slashes around it."""
    return f"{_utc(end_time_ns):%Y/%m/%d-%H%M%S}.{_hundredths(end_time_ns):02}"


def incremental_subdirectory(end_time_ns: int) -> str:
    """Return the folder of an incremental layer below its full backup, without slashes around it."""
    return f"{_utc(end_time_ns):%Y%m%d/%H%M%S}.{_hundredths(end_time_ns):02}"


def parse_full_subdirectory(path: str) -> int | None:
    """Return a full backup's end time (ns since the Unix epoch, cut to hundredths of a second) off its path.

    None when the path, with or without slashes around it, is no such folder: users may choose other names.
    """
    return _parse_time(_FULL, path)


def parse_indexed_full(folder: str) -> str | None:
    """Return which full backup's folder a folder of the index stands for, without slashes around it; None for none."""
    match = _INDEXED_FULL.fullmatch(folder)
    return None if match is None else "/".join(filter(None, match.groups()))


def parse_incremental_subdirectory(path: str) -> int | None:
    """Return an incremental layer's end time from its folder, as `parse_full_subdirectory` does.

    From 25.2 on the folder's name ends with the layer's start: `YYYYMMDD/HHMMSS.FF-YYYYMMDD-HHMMSS.FF`.
    """
    return _parse_time(_INCREMENTAL, path)


def _utc(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // _SECOND_NS, UTC)


def _hundredths(time_ns: int) -> int:
    return time_ns % _SECOND_NS // _HUNDREDTH_NS


def _parse_time(pattern: re.Pattern[str], path: str) -> int | None:
    found = pattern.fullmatch(path.strip("/"))
    if found is None:
        return None
    year, month, day, hour, minute, second, hundredths = map(int, found.groups())
    try:
        whole = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return int(whole.timestamp()) * _SECOND_NS + hundredths * _HUNDREDTH_NS


# LATEST


def format_latest(subdirectory: str) -> bytes:
    """Return the content of LATEST for a full backup's folder: its path with a leading slash, no newline."""
    return f"/{subdirectory.strip('/')}".encode()


def parse_latest(stored: bytes, *, location: str) -> str:
    """Return the folder that LATEST names, without slashes around it.

    Raises:
        CorruptionError: the file is empty or no text.
    """
    try:
        subdirectory = stored.decode().strip("/")
    except UnicodeDecodeError as exc:
        raise CorruptionError("malformed LATEST file", location=location) from exc
    if not subdirectory:
        raise CorruptionError("malformed LATEST file", location=location)
    return subdirectory


def newest_latest(names: Iterable[str]) -> str | None:
    """Return the newest file name in `metadata/latest`: the first in order, as times are complemented."""
    return min((name for name in names if name.startswith(f"{LATEST}-")), default=None)
