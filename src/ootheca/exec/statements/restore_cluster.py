"""RESTORE of a whole cluster: into which store it may go, and the rows of its system tables.

A system table's rows take the place of those that are there. Two tables are treated otherwise, as in CockroachDB: the
setting `version` stays the store's own, and the jobs that are there stay, the RESTORE's own among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ootheca import pb
from ootheca.backup.read import ChainReader
from ootheca.backup.restore import RestoreSummary
from ootheca.backup.system_rows import read_system_rows
from ootheca.catalog.catalog import Catalog, SomeDescriptor
from ootheca.catalog.system_tables import SYSTEM_DATABASE_ID, is_system
from ootheca.errors import OothecaError
from ootheca.exec.system_tables import SystemTable

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["forget_built_in", "require_empty_cluster", "restore_system_tables", "restore_system_users"]

_BUILT_IN = ("defaultdb", "postgres")
_UNFINISHED = ("pending", "running", "pause-requested", "cancel-requested", "reverting")


def require_empty_cluster(session: Session, manifest: pb.BackupManifest) -> None:
    """Refuse a backup that is not of a whole cluster, and a store that holds more than a new one.

    Raises:
        OothecaError: either of them.
    """
    if manifest.descriptor_coverage != 1:
        raise OothecaError(
            "full cluster RESTORE can only be used on full cluster BACKUP files",
            hint="name what to restore: RESTORE DATABASE … or RESTORE TABLE …",
        )
    built_in = {member.id for member in _built_in(session)}
    in_the_way = [m.name for m in session.catalog if not is_system(m) and m.id not in built_in]
    if in_the_way:
        names = ", ".join(in_the_way) if session.profile.version != "20.2" else f"[{' '.join(in_the_way)}]"
        raise OothecaError(
            "full cluster restore can only be run on a cluster with no tables or databases but found "
            f"{len(in_the_way)} descriptors: {names}"
        )


def forget_built_in(session: Session) -> None:
    """Take the empty databases of a new store out of the catalog: they come back as the backup has them."""
    for member in _built_in(session):
        session.catalog.drop(member.id)


def _built_in(session: Session) -> list[SomeDescriptor]:
    """Return the databases that a new store has, as far as they are there, and their `public` schemas."""
    databases = {member.id for member in session.catalog.databases() if member.name in _BUILT_IN}
    return [
        member
        for member in session.catalog
        if member.id in databases
        or (
            isinstance(member, pb.SchemaDescriptor)
            and member.name == "public"
            and member.parent_id in databases
        )
    ]


def restore_system_tables(session: Session, reader: ChainReader, backup: Catalog) -> RestoreSummary:
    """Bring the rows of the system tables back, as far as both the backup and the store have the table and column."""
    total = RestoreSummary(0, 0, 0)
    for desc in session.catalog.tables(SYSTEM_DATABASE_ID):
        if backup.find_table(("system", "public", desc.name), "") is None:
            continue
        batches, summary = _stored(session, reader, backup, desc.name)
        total += summary
        _write(SystemTable(session, desc.name), desc.name, batches)
    return total


def restore_system_users(session: Session, reader: ChainReader, backup: Catalog) -> RestoreSummary:
    """Bring back the users and roles that are not there, with their options and memberships; others stay as they are.

    Raises:
        OothecaError: the backup is not of a cluster.
    """
    if backup.find_table(("system", "public", "users"), "") is None:
        raise OothecaError(
            "cannot restore system users as no system.users table in the backup",
            hint="name a backup of a whole cluster",
        )
    there = pa.array([name for (name,) in SystemTable(session, "users").rows("username")])
    total = RestoreSummary(0, 0, 0)
    for name, key in (("users", "username"), ("role_options", "username"), ("role_members", "member")):
        table = SystemTable(session, name)
        batches, summary = _stored(session, reader, backup, name)
        table.write(batch.filter(pc.invert(pc.is_in(batch[key], there))) for batch in batches)
        total += summary
    return total


def _stored(
    session: Session, reader: ChainReader, backup: Catalog, name: str
) -> tuple[list[pa.RecordBatch], RestoreSummary]:
    """Return the rows of a system table of the backup, with the columns that the store's table has too."""
    stored = backup.find_table(("system", "public", name), "")
    if stored is None:
        return [], RestoreSummary(0, 0, 0)
    rows, summary = read_system_rows(reader, backup, stored.id, facts=session.profile)
    known = {column.name for column in session.catalog.resolve_table(("system", "public", name), "").columns}
    return [batch.select([n for n in batch.schema.names if n in known]) for batch in rows], summary


def _write(table: SystemTable, name: str, batches: list[pa.RecordBatch]) -> None:
    match name:
        case "settings":
            kept = [row for row in table.records() if row["name"] == "version"]
            table.replace([batch.filter(pc.not_equal(batch["name"], "version")) for batch in batches])
            table.put(*kept)
        case "jobs":
            there = pa.array([row[0] for row in table.rows("id")], pa.int64())
            new = [batch.filter(pc.invert(pc.is_in(batch["id"], there))) for batch in batches]
            table.write([_stopped(batch) for batch in new])
        case _:
            table.replace(batches)


def _stopped(jobs: pa.RecordBatch) -> pa.RecordBatch:
    """Return jobs with those that were not done as failed: what ran them is not here."""
    status = pc.if_else(pc.is_in(jobs["status"], pa.array(_UNFINISHED)), "failed", jobs["status"])
    return jobs.set_column(jobs.schema.get_field_index("status"), "status", status)
