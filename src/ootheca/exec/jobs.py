"""Jobs: every BACKUP and RESTORE that starts to write leaves a row in `system.jobs`.

The row is committed before the work begins, as running, so that a BACKUP of the whole cluster holds it; it says how the
work ended when it has. Inside BEGIN there is no such moment, and the row is written at the end.

Source: `system.jobs` of fixtures/golden/*/h_cluster (payload and progress of BACKUP jobs).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.clock import Timestamp, unique_int64
from ootheca.errors import CanceledError, OothecaError
from ootheca.exec.system_tables import SystemTable, moment

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["running_job"]


@contextmanager
def running_job(session: Session, payload: pb.JobPayload) -> Iterator[int]:
    """Give the id of a new job that runs while the context lasts, and ends with it: succeeded, failed or canceled.

    Args:
        payload: the description, without secrets, and the details that say of which kind the job is.
    """
    job_id, created = unique_int64(session.clock), session.now()
    jobs = SystemTable(session, "jobs")
    payload.username_proto = session.user
    payload.started_micros = created.wall_ns // 1000

    def put(status: str) -> None:
        jobs.put(_row(session, job_id, created, status, payload))

    is_alone = not session.is_in_explicit_transaction
    if is_alone:
        put("running")
        session.checkpoint()
    try:
        yield job_id
        if is_alone:
            session.conclude()
    except BaseException as exc:
        if is_alone:
            session.restart()
            payload.error = exc.message if isinstance(exc, OothecaError) else "interrupted"
            is_canceled = isinstance(exc, CanceledError) or not isinstance(exc, Exception)
            put("canceled" if is_canceled else "failed")
            session.checkpoint()
        raise
    put("succeeded")


def _row(
    session: Session, job_id: int, created: Timestamp, status: str, payload: pb.JobPayload
) -> dict[str, object]:
    now = session.clock.now().wall_ns // 1000
    progress = pb.JobProgress(modified_micros=now)
    kind = "backup" if payload.HasField("backup") else "restore"
    getattr(progress, kind).SetInParent()
    if status == "succeeded":
        progress.fraction_completed = 1.0
    if status != "running":
        payload.finished_micros = now
    row: dict[str, object] = {
        "id": job_id,
        "status": status,
        "created": moment(created),
        "payload": payload.SerializeToString(),
        "progress": progress.SerializeToString(),
    }
    if session.creator is not None:
        row["created_by_type"], row["created_by_id"] = session.creator
    return row
