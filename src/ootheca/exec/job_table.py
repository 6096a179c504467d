"""The table `system.jobs`: its rows as jobs.

Source: `system.jobs` of fixtures/golden/*/h_cluster (payload and progress of jobs of many kinds); reference/sql/06 §1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ootheca import pb
from ootheca.exec.system_tables import SystemTable, moment

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["FINISHED", "SCHEDULE", "Job", "JobTable"]

FINISHED: Final = frozenset({"succeeded", "failed", "canceled", "revert-failed"})
"""The states that a job never leaves."""

SCHEDULE: Final = "crdb_schedule"
"""The type of what makes a job, where that is a schedule."""

_KINDS: Final = {
    "backup": "BACKUP",
    "restore": "RESTORE",
    "schema_change": "SCHEMA CHANGE",
    "import": "IMPORT",
    "changefeed": "CHANGEFEED",
    "create_stats": "CREATE STATS",
    "schema_change_gc": "SCHEMA CHANGE GC",
    "type_schema_change": "TYPEDESC SCHEMA CHANGE",
    "stream_ingestion": "STREAM INGESTION",
    "new_schema_change": "NEW SCHEMA CHANGE",
    "migration": "MIGRATION",
    "auto_span_config_reconciliation": "AUTO SPAN CONFIG RECONCILIATION",
}
_AUTOMATIC: Final = frozenset({"AUTO CREATE STATS", "AUTO SPAN CONFIG RECONCILIATION"})


@dataclass(slots=True)
class Job:
    """One row of `system.jobs`.

    Attributes:
        created_by: the type and id of what made it, a schedule.
    """

    id: int
    status: str
    created: datetime
    payload: pb.JobPayload
    progress: pb.JobProgress = field(default_factory=pb.JobProgress)
    created_by: tuple[str, int] | None = None

    @property
    def kind(self) -> str:
        """The type as SHOW JOBS names it."""
        kind = next((name for field_, name in _KINDS.items() if self.payload.HasField(field_)), "UNKNOWN")
        is_automatic = kind == "CREATE STATS" and self.payload.create_stats.name == "__auto__"
        return "AUTO CREATE STATS" if is_automatic else kind

    @property
    def is_automatic(self) -> bool:
        """Whether nobody asked for it."""
        return self.kind in _AUTOMATIC

    @property
    def is_finished(self) -> bool:
        """Whether it has ended for good."""
        return self.status in FINISHED


class JobTable:
    """The jobs of a store."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stored = SystemTable(session, "jobs")

    def all(self) -> list[Job]:
        """Return all jobs, in the order of their ids."""
        rows = self._stored.rows(
            "id", "status", "created", "payload", "progress", "created_by_type", "created_by_id"
        )
        return [
            Job(
                id_,
                status,
                created,
                pb.JobPayload.FromString(payload),
                pb.JobProgress.FromString(progress or b""),
                (creator, creator_id) if creator is not None else None,
            )
            for id_, status, created, payload, progress, creator, creator_id in rows
        ]

    def find(self, id_: int) -> Job | None:
        """Return a job."""
        return next((job for job in self.all() if job.id == id_), None)

    def put(self, job: Job) -> None:
        """Write a job, changed now."""
        job.progress.modified_micros = self._session.clock.now().wall_ns // 1000
        if job.is_finished:
            job.payload.finished_micros = job.progress.modified_micros
        creator, creator_id = job.created_by or (None, None)
        self._stored.put(
            {
                "id": job.id,
                "status": job.status,
                "created": job.created,
                "payload": job.payload.SerializeToString(),
                "progress": job.progress.SerializeToString(),
                "created_by_type": creator,
                "created_by_id": creator_id,
            }
        )

    def new(self, id_: int, payload: pb.JobPayload) -> Job:
        """Return a job of the running statement, to be written."""
        now = self._session.now()
        payload.username_proto = self._session.user
        payload.started_micros = now.wall_ns // 1000
        job = Job(id_, "running", moment(now), payload, created_by=self._session.creator)
        getattr(job.progress, "backup" if payload.HasField("backup") else "restore").SetInParent()
        return job

    def forget_older(self, micros: int) -> None:
        """Drop the jobs that ended before a time, in microseconds since the Unix epoch."""
        for job in self.all():
            if job.is_finished and job.payload.finished_micros < micros:
                self._stored.delete(id=job.id)
