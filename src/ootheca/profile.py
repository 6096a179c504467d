"""Profiles: whose files are written and whose answers are printed, as one table of facts that the layers ask.

The cluster setting `version` chooses the profile. Reading never depends on it. A fact belongs here when two proven
versions differ in it and something we write or print follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ootheca.errors import InvalidOptionError

__all__ = ["DEFAULT_VERSION", "PROFILES", "Profile", "profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What one CockroachDB version writes and prints."""

    version: str  # the value of SHOW CLUSTER SETTING version
    internal_version: tuple[int, int, int, int]  # as the manifest stores it: major, minor, patch, internal
    build_tag: str  # of the builds that the evidence is from: what the manifests they wrote say
    # Files
    file_encryption_version: int  # of sealed files: 1 = one message, 2 = chunks of 64 KiB
    data_folder: str  # where data SSTs lie, below the backup's folder
    has_sha512: bool  # the manifest holds the SHA-512 of each plain SST
    merges_spans: bool  # spans of one table that touch become one
    shares_ssts: bool  # several file entries of the manifest may point to one SST
    has_cluster_version: bool  # the manifest names the cluster's version
    # Descriptors
    first_user_id: int  # the first id after those of the built-in databases
    has_public_schema: bool  # every database has a real schema `public`
    names_primary_after_table: bool  # primary index `<table>_pkey`, else `primary`
    # Contents of system tables
    keeps_empty_password: bool  # users without a password have an empty one, else NULL
    reports_diagnostics: bool  # a new cluster's settings say that diagnostics are reported
    has_voter_zones: bool  # zone configurations say something of voters
    # Answers
    shows_backup_type: bool  # SHOW BACKUP has the column backup_type
    spaces_options: bool  # canonical text has `kms = 'x'`, else `kms='x'`
    mentions_coverage: bool  # a missing target of BACKUP, or of RESTORE AS OF, may be one of another time
    names_orphan: bool  # a missing database is said to be needed `to restore table "t"`
    shows_job_runs: bool  # SHOW JOBS has trace_id, last_run, next_run, num_runs and execution_errors
    masks_passphrase: bool  # canonical BACKUP prints '*****' for the passphrase
    # Schedules
    takes_long_cron: bool  # crontab expressions may have seconds and years, and the letters L and W
    links_schedules: bool  # the two schedules of a pair name each other
    qualifies_schedules: bool  # their statements name tables with database and schema
    doubts_scheduled_kms: bool  # the first releases could not encrypt scheduled backups with a KMS


PROFILES = {
    "20.2": Profile(
        version="20.2",
        internal_version=(20, 2, 0, 2),
        build_tag="v21.1.0-alpha.0-local",
        file_encryption_version=1,
        data_folder="",
        has_sha512=True,
        merges_spans=False,
        shares_ssts=False,
        has_cluster_version=False,
        first_user_id=52,
        has_public_schema=False,
        names_primary_after_table=False,
        keeps_empty_password=True,
        reports_diagnostics=True,
        has_voter_zones=False,
        shows_backup_type=False,
        spaces_options=False,
        mentions_coverage=False,
        names_orphan=True,
        shows_job_runs=False,
        masks_passphrase=False,
        takes_long_cron=True,
        links_schedules=False,
        qualifies_schedules=False,
        doubts_scheduled_kms=True,
    ),
    "21.2": Profile(
        version="21.2",
        internal_version=(21, 2, 0, 62),
        build_tag="v22.1.0-alpha.1-local",
        file_encryption_version=2,
        data_folder="data/",
        has_sha512=False,
        merges_spans=True,
        shares_ssts=True,
        has_cluster_version=True,
        first_user_id=104,
        has_public_schema=True,
        names_primary_after_table=True,
        keeps_empty_password=False,
        reports_diagnostics=False,
        has_voter_zones=True,
        shows_backup_type=True,
        spaces_options=True,
        mentions_coverage=True,
        names_orphan=False,
        shows_job_runs=True,
        masks_passphrase=True,
        takes_long_cron=False,
        links_schedules=True,
        qualifies_schedules=True,
        doubts_scheduled_kms=False,
    ),
}
DEFAULT_VERSION = "21.2"


def profile(version: str) -> Profile:
    """Return the profile of a version.

    Raises:
        InvalidOptionError: no profile is proven for that version.
    """
    try:
        return PROFILES[version]
    except KeyError:
        known = ", ".join(f"'{name}'" for name in PROFILES)
        raise InvalidOptionError(
            f"no profile for version {version!r}",
            hint=f"SET CLUSTER SETTING version to one of {known}",
        ) from None
