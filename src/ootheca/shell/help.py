"""`\\h`: what each statement does and how it is written. One text, of which docs/reference.md is made too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import indent

from ootheca.shell.option_help import OPTION_HELP

__all__ = ["Topic", "format_topics", "help_text", "topics", "two_columns"]


@dataclass(frozen=True, slots=True)
class Topic:
    """Help for one statement.

    Attributes:
        group: the heading it stands under.
        about: what it does, in half a line.
        statements: the classes of `ootheca.sql.ast` that it describes.
        syntax: lines of how it is written.
    """

    group: str
    about: str
    statements: tuple[str, ...]
    syntax: tuple[str, ...]


# Square brackets enclose what may be left out, `|` separates alternatives, `…` repeats. The names in parentheses are
# the classes of `ootheca.sql.ast` that a topic describes.
_TEXT = """
# Backup and restore

BACKUP: write tables, databases or the whole cluster to storage (Backup)
    BACKUP [targets] INTO [subdirectory IN | LATEST IN] collection [AS OF SYSTEM TIME time] [WITH option, …]
    BACKUP [targets] TO place [AS OF SYSTEM TIME time] [INCREMENTAL FROM place, …] [WITH option, …]
    targets: TABLE pattern, … | DATABASE name, … | VIRTUAL CLUSTER id
    collection, place: 'uri' | ('uri', …), a URI for each locality
    WITH option, …: also WITH OPTIONS (option, …)

RESTORE: bring tables, databases or a whole cluster back from a backup (Restore)
    RESTORE [targets] FROM {subdirectory | LATEST} IN collection [AS OF SYSTEM TIME time] [WITH option, …]
    RESTORE [targets] FROM place, … [AS OF SYSTEM TIME time] [WITH option, …]
    targets: TABLE pattern, … | DATABASE name, … | SYSTEM USERS | VIRTUAL CLUSTER id
    collection, place: 'uri' | ('uri', …), a URI for each locality; several places are layers, oldest first
    WITH option, …: also WITH OPTIONS (option, …)

SHOW BACKUP: list backups, and what is inside one (ShowBackup, ShowBackups)
    SHOW BACKUPS IN collection [NEWER THAN time] [OLDER THAN time] [WITH REVISION START TIME]
    SHOW BACKUP [SCHEMAS | FILES | RANGES | VALIDATE] {place | [FROM] {subdirectory | LATEST} IN collection}
        [WITH option, …]

ALTER BACKUP: let another KMS key open an encrypted backup (AlterBackup)
    ALTER BACKUP {place | {subdirectory | LATEST} IN collection}
        ADD NEW_KMS = {'uri' | ('uri', …)} WITH OLD_KMS = {'uri' | ('uri', …)}

EXPORT: write the rows of a query to files (Export)
    EXPORT INTO {CSV | PARQUET} place [WITH option, …] FROM query

IMPORT: read files into a table (Import)
    IMPORT INTO table CSV DATA (uri, …)

# Schedules and jobs

CREATE SCHEDULE FOR BACKUP: take backups again and again (CreateScheduleForBackup)
    CREATE SCHEDULE [IF NOT EXISTS] [label] FOR BACKUP [targets] INTO collection [WITH option, …]
        RECURRING crontab [FULL BACKUP {crontab | ALWAYS}] [WITH SCHEDULE OPTIONS schedule option, …]
    WITH option: as for BACKUP

ALTER BACKUP SCHEDULE: change a schedule (AlterBackupSchedule)
    ALTER BACKUP SCHEDULE id command, …
    command: SET LABEL text | SET INTO collection | SET WITH option | SET RECURRING crontab
        | SET FULL BACKUP {crontab | ALWAYS} | SET SCHEDULE OPTION option | EXECUTE [FULL] IMMEDIATELY

SHOW SCHEDULES: list schedules, or show how one was made (ShowSchedules, ShowCreateSchedules)
    SHOW [RUNNING | PAUSED] SCHEDULES [FOR BACKUP]
    SHOW SCHEDULE id
    SHOW CREATE {SCHEDULE id | ALL SCHEDULES}

PAUSE SCHEDULES: stop schedules for a while (ControlSchedules)
    PAUSE {SCHEDULE id | SCHEDULES query}

RESUME SCHEDULES: let paused schedules run again (ControlSchedules)
    RESUME {SCHEDULE id | SCHEDULES query}

DROP SCHEDULES: remove schedules (ControlSchedules)
    DROP {SCHEDULE id | SCHEDULES query}

EXECUTE SCHEDULE: run a schedule now (ExecuteSchedule)
    EXECUTE SCHEDULE id

SHOW JOBS: list jobs, or show some of them (ShowJobs)
    SHOW [AUTOMATIC | CHANGEFEED] JOBS [query] [WITH EXECUTION DETAILS]
    SHOW JOB [WHEN COMPLETE] id
    SHOW JOBS WHEN COMPLETE query
    SHOW JOBS FOR {SCHEDULE id | SCHEDULES query}

ALTER JOB: give a job to another role (AlterJobOwner)
    ALTER JOB id OWNER TO role

PAUSE JOBS: stop jobs for a while (ControlJobs, ControlJobsForSchedules)
    PAUSE {JOB id | JOBS query} [WITH REASON = text]
    PAUSE JOBS FOR {SCHEDULE id | SCHEDULES query}

RESUME JOBS: let paused jobs go on (ControlJobs, ControlJobsForSchedules)
    RESUME {JOB id | JOBS query}
    RESUME JOBS FOR {SCHEDULE id | SCHEDULES query}

CANCEL JOBS: end jobs (ControlJobs, ControlJobsForSchedules)
    CANCEL {JOB id | JOBS query}
    CANCEL JOBS FOR {SCHEDULE id | SCHEDULES query}

PAUSE ALL JOBS: stop all jobs of a type (ControlJobsOfType)
    PAUSE ALL {BACKUP | RESTORE | IMPORT | CHANGEFEED} JOBS

RESUME ALL JOBS: let all jobs of a type go on (ControlJobsOfType)
    RESUME ALL {BACKUP | RESTORE | IMPORT | CHANGEFEED} JOBS

CANCEL ALL JOBS: end all jobs of a type (ControlJobsOfType)
    CANCEL ALL {BACKUP | RESTORE | IMPORT | CHANGEFEED} JOBS

# External connections

CREATE EXTERNAL CONNECTION: name a storage or KMS URI, for `external://name` (CreateExternalConnection)
    CREATE EXTERNAL CONNECTION [IF NOT EXISTS] name AS 'uri'

ALTER EXTERNAL CONNECTION: change a named URI (AlterExternalConnection)
    ALTER EXTERNAL CONNECTION [IF EXISTS] name AS 'uri'

DROP EXTERNAL CONNECTION: forget a named URI (DropExternalConnection)
    DROP EXTERNAL CONNECTION name

CHECK EXTERNAL CONNECTION: try whether a place can be read and written (CheckExternalConnection)
    CHECK EXTERNAL CONNECTION 'uri' [WITH option, …]

SHOW EXTERNAL CONNECTIONS: list named URIs (ShowExternalConnections, ShowCreateExternalConnections)
    SHOW EXTERNAL {CONNECTIONS | CONNECTION name}
    SHOW CREATE {EXTERNAL CONNECTION name | ALL EXTERNAL CONNECTIONS}

# Rows

SELECT: read rows; `[SHOW BACKUP …]` is a table in any query (Query)
    SELECT … FROM table [AS OF SYSTEM TIME time] …
    SELECT … FROM [SHOW …] …
    VALUES (…), …
    TABLE name
    WITH name AS (…) …

INSERT: add, replace, change and remove rows (Query)
    INSERT INTO table [(column, …)] {VALUES … | query} [ON CONFLICT …] [RETURNING …]
    UPSERT INTO table …
    UPDATE table SET column = value, … [WHERE …]
    DELETE FROM table [WHERE …]

TRUNCATE: remove all rows of tables (Truncate)
    TRUNCATE [TABLE] name, … [CASCADE]

EXPLAIN: show how a query would be run (Explain)
    EXPLAIN [ANALYZE] statement

# Schema

CREATE DATABASE: make a database (CreateDatabase)
    CREATE DATABASE [IF NOT EXISTS] name

ALTER DATABASE: change a database (AlterDatabase)
    ALTER DATABASE name {RENAME TO name | OWNER TO role | …}

DROP DATABASE: remove a database (DropDatabase)
    DROP DATABASE [IF EXISTS] name [CASCADE | RESTRICT]

CREATE SCHEMA: make a schema (CreateSchema)
    CREATE SCHEMA [IF NOT EXISTS] name

ALTER SCHEMA: change a schema (AlterSchema)
    ALTER SCHEMA name {RENAME TO name | OWNER TO role}

DROP SCHEMA: remove schemas (DropSchema)
    DROP SCHEMA [IF EXISTS] name, … [CASCADE | RESTRICT]

CREATE TABLE: make a table (CreateTable, CreateTableAs)
    CREATE TABLE [IF NOT EXISTS] name (column type [constraint …], …, constraint, …)
    CREATE TABLE name AS query

ALTER TABLE: change a table (AlterTable)
    ALTER TABLE [IF EXISTS] name {ADD COLUMN … | DROP COLUMN … | ALTER COLUMN … | ADD CONSTRAINT …
        | RENAME … | …}, …

DROP TABLE: remove tables (DropTable)
    DROP TABLE [IF EXISTS] name, … [CASCADE | RESTRICT]

CREATE INDEX: make an index (CreateIndex)
    CREATE [UNIQUE | INVERTED] INDEX [name] ON table (column, …) [STORING (…)]

ALTER INDEX: change an index (AlterIndex)
    ALTER INDEX table@index RENAME TO name

DROP INDEX: remove indexes (DropIndex)
    DROP INDEX [IF EXISTS] table@index, … [CASCADE]

CREATE VIEW: make a view (AlterView, CreateView, RefreshMaterializedView)
    CREATE [MATERIALIZED] VIEW [IF NOT EXISTS] name [(column, …)] AS query

DROP VIEW: remove views (DropView)
    DROP [MATERIALIZED] VIEW [IF EXISTS] name, … [CASCADE]

CREATE SEQUENCE: make a sequence (AlterSequence, CreateSequence)
    CREATE SEQUENCE [IF NOT EXISTS] name [INCREMENT n] [MINVALUE n] [MAXVALUE n] [START n]

DROP SEQUENCE: remove sequences (DropSequence)
    DROP SEQUENCE [IF EXISTS] name, … [CASCADE]

CREATE TYPE: make an enum (CreateType)
    CREATE TYPE [IF NOT EXISTS] name AS ENUM ('label', …)

ALTER TYPE: change an enum (AlterType)
    ALTER TYPE name {ADD VALUE 'label' | RENAME VALUE 'a' TO 'b' | …}

DROP TYPE: remove enums (DropType)
    DROP TYPE [IF EXISTS] name, …

COMMENT ON: attach a text (CommentOn)
    COMMENT ON {DATABASE | TABLE | COLUMN | INDEX} name IS 'text'

CONFIGURE ZONE: how long history is kept, and other settings of a cluster's ranges (ConfigureZone)
    ALTER {DATABASE | TABLE | RANGE} name CONFIGURE ZONE USING gc.ttlseconds = 90000
    ALTER {DATABASE | TABLE | RANGE} name CONFIGURE ZONE DISCARD

CREATE STATISTICS: accepted, and changes nothing (CreateStatistics)
    CREATE STATISTICS name FROM table

SHOW TABLES: list what there is (ShowDatabases, ShowEnums, ShowSchemas, ShowSequences, ShowTables, ShowTypes)
    SHOW {DATABASES | SCHEMAS | TABLES | TYPES | ENUMS | SEQUENCES} [FROM name]

SHOW COLUMNS: describe a table (ShowColumns, ShowConstraints, ShowIndexes, ShowStatistics)
    SHOW {COLUMNS | INDEXES | CONSTRAINTS} FROM table
    SHOW STATISTICS FOR TABLE table

SHOW CREATE: show the statement that makes an object (ShowCreate)
    SHOW CREATE name

# Session and settings

BEGIN: run statements as one transaction (Begin, Commit, ReleaseSavepoint, Rollback, RollbackToSavepoint, Savepoint)
    BEGIN [TRANSACTION]
    COMMIT
    ROLLBACK [TO SAVEPOINT name]
    SAVEPOINT name
    RELEASE SAVEPOINT name

SET: set and show variables of the session (Discard, ResetVariable, SetVariable, ShowVariable)
    SET variable = value
    RESET variable
    SHOW {variable | ALL}
    USE database
    DISCARD ALL

SET CLUSTER SETTING: settings of the store, such as version (ResetClusterSetting, SetClusterSetting, ShowClusterSetting)
    SET CLUSTER SETTING name = value
    RESET CLUSTER SETTING name
    SHOW CLUSTER SETTING {name | ALL}

PREPARE: keep a statement under a name (Deallocate, Execute, Prepare)
    PREPARE name [(type, …)] AS statement
    EXECUTE name [(value, …)]
    DEALLOCATE {name | ALL}

SHOW: other things that can be shown (ShowLocality, ShowRegions, ShowSimple, ShowZoneConfiguration)
    SHOW ZONE {CONFIGURATIONS | CONFIGURATION FROM {DATABASE | TABLE | RANGE} name}
    SHOW {LOCALITY | REGIONS | TRANSACTION STATUS | SAVEPOINT STATUS}

# Users and privileges

CREATE ROLE: make, change and remove users and roles (AlterRole, CreateRole, DropRole)
    {CREATE | ALTER} {USER | ROLE} name [WITH option …]
    DROP {USER | ROLE} name, …

GRANT: give and take privileges (Grant, Revoke)
    GRANT privilege, … ON [DATABASE | SCHEMA | TABLE | TYPE] name, … TO role, …
    GRANT role, … TO role, …
    REVOKE … FROM role, …

ALTER DEFAULT PRIVILEGES: privileges of objects to come (AlterDefaultPrivileges)
    ALTER DEFAULT PRIVILEGES [FOR ROLE role, …] [IN SCHEMA name, …] {GRANT | REVOKE} …

SHOW GRANTS: list privileges, users and roles (ShowGrants, ShowRoles, ShowUsers)
    SHOW GRANTS [ON name, …] [FOR role, …]
    SHOW {USERS | ROLES}
"""

# Names that lead to another topic's help.
_ALIASES = """
ALTER TABLE: ALTER
BEGIN: COMMIT, RELEASE, ROLLBACK, SAVEPOINT
CANCEL JOBS: CANCEL
CREATE EXTERNAL CONNECTION: CREATE EXTERNAL
CREATE ROLE: ALTER ROLE, ALTER USER, CREATE USER, DROP ROLE, DROP USER
CREATE SCHEDULE FOR BACKUP: CREATE SCHEDULE
CREATE TABLE: CREATE
CREATE VIEW: REFRESH
DROP TABLE: DROP
GRANT: REVOKE
INSERT: DELETE, UPDATE, UPSERT
PAUSE JOBS: PAUSE
PREPARE: DEALLOCATE, EXECUTE
RESUME JOBS: RESUME
SELECT: <SELECTCLAUSE>, TABLE, VALUES, WITH
SET: DISCARD, RESET, SET SESSION, USE
SET CLUSTER SETTING: SHOW CLUSTER SETTING
SHOW BACKUP: SHOW BACKUPS
SHOW COLUMNS: SHOW CONSTRAINTS, SHOW INDEXES
SHOW GRANTS: SHOW ROLES, SHOW USERS
SHOW JOBS: SHOW JOB
SHOW SCHEDULES: SHOW SCHEDULE
SHOW TABLES: SHOW DATABASES, SHOW SCHEMAS
"""


def topics() -> dict[str, Topic]:
    """Return every topic by its name, in the order of the list."""
    found: dict[str, Topic] = {}
    group = name = ""
    for line in _TEXT.strip().splitlines():
        if line.startswith("# "):
            group = line[2:]
        elif line.startswith("    "):
            topic = found[name]
            found[name] = Topic(topic.group, topic.about, topic.statements, (*topic.syntax, line[4:]))
        elif line:
            name, _, rest = line.partition(": ")
            about, _, statements = rest.rpartition(" (")
            found[name] = Topic(group, about, tuple(statements.removesuffix(")").split(", ")), ())
    return found


def help_text(name: str) -> str | None:
    """Return the help for a statement; None when there is none of that name."""
    key = " ".join(name.upper().split())
    for line in _ALIASES.strip().splitlines():
        target, _, others = line.partition(": ")
        if key in others.split(", "):
            key = target
            break
    topic = topics().get(key)
    if topic is None:
        return None
    lines = "\n".join(f"  {line}" for line in topic.syntax)
    return f"{key}: {topic.about}\n{lines}\n{_format_options(key)}"


def _format_options(topic: str) -> str:
    """Return what the options of a topic mean, a line each; nothing where it has none."""
    options = OPTION_HELP.get(topic, ())
    if not options:
        return ""
    marks = {"yes": "", "no effect": " (no effect)", "refused": " (not supported)"}
    rows = [(option.syntax, option.about + marks[option.state]) for option in options]
    return f"  option:\n{indent(two_columns(rows), '  ')}"


def format_topics() -> str:
    """Return the list of all topics under their headings."""
    known = topics()
    lines = two_columns((name, topic.about) for name, topic in known.items()).splitlines(keepends=True)
    groups: dict[str, list[str]] = {}
    for topic, line in zip(known.values(), lines, strict=True):
        groups.setdefault(topic.group, []).append(line)
    return "".join(f"{group}\n{''.join(lines)}" for group, lines in groups.items())


def two_columns(rows: Iterable[tuple[str, str]]) -> str:
    """Return a list of words and what they are, indented, a line each."""
    from tabulate import tabulate

    return indent(tabulate(list(rows), tablefmt="plain", disable_numparse=True), "  ") + "\n"
