"""What a documented example needs before it can run: read off its syntax tree, and made by statements.

The cluster of an example holds the databases that it names, hours old. A backup that it reads is taken first, with the
targets, places and keys that the example gives, at the time that its subdirectory tells; then what it restores is
dropped. Schedules, jobs and external connections are made under the names it uses.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ootheca.clock import Timestamp
from ootheca.exec.places import storage_environment
from ootheca.exec.session import Session
from ootheca.shell.demo import load
from ootheca.sql import ast
from ootheca.sql.format import format_statement
from ootheca.storage.registry import open_storage

__all__ = ["ExampleClock", "node_locality", "prepare", "run"]

_DATABASES = {
    "bank": """CREATE DATABASE bank;
        CREATE TABLE bank.customers (id INT PRIMARY KEY, name STRING);
        CREATE TABLE bank.accounts (id INT PRIMARY KEY, customer INT REFERENCES bank.customers (id), balance DECIMAL);
        INSERT INTO bank.customers VALUES (1, 'ada'), (2, 'bela');
        INSERT INTO bank.accounts VALUES (1, 1, 100.50), (2, 2, 0.25)""",
    "employees": "CREATE DATABASE employees; CREATE TABLE employees.staff (id INT PRIMARY KEY)",
    "backup_database_name": """CREATE DATABASE backup_database_name;
        CREATE TABLE backup_database_name.t (a INT PRIMARY KEY)""",
    "source_database": "CREATE DATABASE source_database",
    "destination_database": "CREATE DATABASE destination_database",
    "test_schema": "CREATE SCHEMA test_schema; CREATE TABLE test_schema.t (a INT PRIMARY KEY)",
    "newdb": "CREATE DATABASE newdb",
}
_IN_MOVR = ("SHOW TABLES", "SELECT * FROM rides", "user_promo_codes")
_CONNECTIONS = re.compile(r"external://(\w+)|EXTERNAL CONNECTION (?:'external://)?(\w+)")
_CONNECTION_URI = "s3://{name}/backups?AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456"
_SUBDIRECTORY = re.compile(r"""['"]/?(\d{4})/(\d\d)/(\d\d)-(\d\d)(\d\d)(\d\d)\.(\d\d)['"]""")
_ID = re.compile("FROM '(osDlrp0B|clvprp0BAADQmww=)'")
_MOMENT = re.compile(r"AS OF SYSTEM TIME '(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_REGIONS = ("default", "region%3Dus-west", "region%3Dus-east")
_PLAIN_SCHEDULE = "FOR BACKUP INTO 'nodelocal://1/scheduled' RECURRING '@hourly' FULL BACKUP '@daily'"


@dataclass(eq=False)
class ExampleClock:
    """Goes where it is told, and a nanosecond further with each reading."""

    wall_ns: int

    def now(self) -> Timestamp:
        self.wall_ns += 1
        return Timestamp(self.wall_ns)

    def set(self, moment: datetime) -> None:
        self.wall_ns = max(self.wall_ns, int(moment.timestamp()) * 10**9 + moment.microsecond * 1000)


def moment_of(text: str) -> datetime:
    """Return when the backup of an example was taken: what its subdirectory or its AS OF says, or some day."""
    found = _SUBDIRECTORY.search(text)
    if found:
        *parts, hundredths = map(int, found.groups())
        return datetime(*parts, hundredths * 10_000 + 1000, tzinfo=UTC)
    point = _point_of(text)
    if point is not None:
        return point[0]
    found = _MOMENT.search(text)
    if found:
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC) + timedelta(minutes=10)
    return datetime(2020, 9, 24, 20, 41, 52, 880_553, tzinfo=UTC)


def _point_of(text: str) -> tuple[datetime, datetime] | None:
    """Return when the full backup and the layer of an id ended; its layout is in `ootheca.backup.restore_points`."""
    found = _ID.search(text)
    if found is None:
        return None
    packed = base64.urlsafe_b64decode(found[1])
    end = int.from_bytes(packed[:8], "little")
    full_end = end ^ int.from_bytes(packed[8:], "little")
    return datetime.fromtimestamp(full_end / 1000, tz=UTC), datetime.fromtimestamp(end / 1000, tz=UTC)


def node_locality(statement: ast.Statement) -> str:
    """Return the locality of the node that an example wants to run on."""
    return str(getattr(getattr(statement, "options", None), "execution_locality", None) or "")


def _asked_for(text: str, taken: datetime) -> datetime:
    """Return the time that AS OF asks for where it is later than the backup, which then needs a second layer."""
    found = _MOMENT.search(text)
    asked = datetime.fromisoformat(found[1]).replace(tzinfo=UTC) if found else taken
    return max(asked, taken)


def prepare(session: Session, clock: ExampleClock, text: str, statement: ast.Statement) -> dict[str, str]:
    """Make what an example needs, and return the values of the placeholders that come of it (`{id}`)."""
    taken = moment_of(text)
    clock.set(taken - timedelta(hours=3))
    _make_databases(session, text, statement)
    _make_connections(session, text, statement)
    _make_files(session, text)
    clock.set(taken)
    for number, sql in enumerate(_backups_before(statement)):
        point = _point_of(text)
        if number:
            clock.set(point[1] if point else _asked_for(text, taken) + timedelta(minutes=number))
        run(session, sql)
    for sql in _drops_before(statement):
        run(session, sql)
    clock.set(_asked_for(text, taken) + timedelta(hours=1))
    if "use_backups_with_ids" not in text and re.search(
        "osDlrp0B|clvprp0BAADQmww=|NEWER THAN|REVISION START", text
    ):
        run(session, "SET use_backups_with_ids = true")
    return {"id": _made_id(session, statement)} if "{id}" in text else {}


def run(session: Session, sql: str) -> list[tuple[Any, ...]]:
    """Run statements and return the rows of the last."""
    rows: list[tuple[Any, ...]] = []
    for result in session.execute(sql):
        rows = [tuple(row.values()) for batch in result.batches for row in batch.to_pylist()]
    return rows


# Databases and connections


def _make_databases(session: Session, text: str, statement: ast.Statement) -> None:
    if "movr" in text or any(word in text for word in _IN_MOVR):
        load(session, "movr")
        session.variables.set("database", "movr" if "movr." not in text else "defaultdb")
    is_whole = getattr(statement, "targets", ()) is None
    names = [name for name in _DATABASES if re.search(rf"\b{name}\b", text)]
    for name in names or (["bank"] if is_whole else []):
        if not text.startswith(f"CREATE DATABASE {name}"):
            run(session, _DATABASES[name])
    if "newdb.users" in text:
        run(
            session,
            "CREATE USER maxroach; CREATE TABLE newdb.users AS SELECT * FROM system.users; DROP USER maxroach",
        )
        run(session, "DELETE FROM newdb.users WHERE username != 'maxroach'")
    elif "newdb.zones" in text:
        run(session, "CREATE TABLE newdb.zones AS SELECT id + 1000 AS id, config FROM system.zones")


def _make_connections(session: Session, text: str, statement: ast.Statement) -> None:
    names = {found[1] or found[2] for found in _CONNECTIONS.finditer(text)} - {""}
    for name in sorted(names):
        if not isinstance(statement, ast.CreateExternalConnection | ast.Unsupported):
            run(
                session,
                f"CREATE EXTERNAL CONNECTION {name} AS '{_CONNECTION_URI.format(name=name.replace('_', '-'))}'",
            )


def _make_files(session: Session, text: str) -> None:
    if "userfile:///test-data.csv" in text:
        if text.startswith("IMPORT INTO"):
            columns = "id INT, dob DATE, first_name STRING, last_name STRING, joined DATE"
            run(session, f"CREATE TABLE customers ({columns})")
        storage = open_storage("userfile:///", storage_environment(session))
        storage.write("test-data.csv", b"1,1815-12-10,Ada,Lovelace,1833-06-05\n")


# Backups


def _backups_before(statement: ast.Statement) -> Iterator[str]:
    for backup in _backups(statement):
        yield format_statement(backup, reveal=True)


def _backups(statement: ast.Statement) -> Iterator[ast.Backup]:
    match statement:
        case ast.Backup(incremental_from=layers) if layers:
            yield from _layers(
                replace(statement, as_of=None, incremental_from=()), [(uri,) for uri in layers]
            )
        case ast.Backup(is_collection=True) if statement.is_latest or statement.subdirectory is not None:
            options = replace(statement.options, incremental_location=())
            yield replace(statement, as_of=None, is_latest=False, subdirectory=None, options=options)
        case ast.Restore():
            yield from _restored(statement)
        case ast.ShowBackup():
            options = _encryption({pair.key: pair for pair in statement.options})
            if statement.collection:
                yield ast.Backup(
                    None, _with_localities(statement.collection), is_collection=True, options=options
                )
            else:
                yield ast.Backup(None, (statement.path,), options=options)
        case ast.ShowBackups():
            yield ast.Backup(None, statement.collection, is_collection=True)
        case ast.AlterBackup():
            options = ast.BackupOptions(kms=statement.old_kms)
            yield ast.Backup(None, (statement.uri,), is_collection=True, options=options)


def _encryption(pairs: dict[str, ast.KeyValue]) -> ast.BackupOptions:
    passphrase = pairs.get("encryption_passphrase")
    kms = pairs.get("kms")
    return ast.BackupOptions(
        encryption_passphrase=passphrase.values[0] if passphrase else None, kms=kms.values if kms else ()
    )


def _restored(statement: ast.Restore) -> Iterator[ast.Backup]:
    given = statement.options
    options = ast.BackupOptions(
        encryption_passphrase=given.encryption_passphrase,
        kms=given.kms,
        revision_history=True if statement.as_of is not None else None,
    )
    targets = statement.targets
    if isinstance(targets, ast.SystemUsersTarget) or "system" in str(getattr(targets, "patterns", [""])[0]):
        targets = None
    first = ast.Backup(targets, _with_localities(statement.layers[0]), options=options)
    if statement.subdirectory is None:
        yield from _layers(first, [_with_localities(layer) for layer in statement.layers])
        return
    yield replace(first, is_collection=True)
    is_layer = (point := _point_of(f"FROM '{statement.subdirectory}'")) is not None and point[0] != point[1]
    if (is_layer or isinstance(statement.as_of, ast.StringLiteral)) and not given.incremental_location:
        yield replace(first, is_collection=True, is_latest=True)
    if given.incremental_location:
        more = replace(options, incremental_location=given.incremental_location)
        yield replace(first, is_collection=True, is_latest=True, options=more)


def _layers(backup: ast.Backup, places: list[ast.URIs]) -> Iterator[ast.Backup]:
    """Yield a full backup at the first place and incremental ones at the others, each on top of those before."""
    for number, place in enumerate(places):
        yield replace(backup, to=place, incremental_from=tuple(earlier[0] for earlier in places[:number]))


def _with_localities(uris: ast.URIs) -> ast.URIs:
    if len(uris) == 1 or any("COCKROACH_LOCALITY" in str(uri) for uri in uris):
        return uris
    return tuple(
        f"{uri}{'&' if '?' in str(uri) else '?'}COCKROACH_LOCALITY={region}"
        for uri, region in zip(uris, _REGIONS, strict=False)
    )


def _drops_before(statement: ast.Statement) -> Iterator[str]:
    """Yield what makes room for what is restored."""
    match statement:
        case ast.Restore(targets=None):
            yield "DROP DATABASE bank CASCADE"
        case ast.Restore(targets=ast.DatabaseTargets(names=names)) if statement.options.new_db_name is None:
            for name in names:
                yield f"DROP DATABASE {name} CASCADE"
        case ast.Restore(targets=ast.TableTargets(patterns=patterns)) if statement.options.into_db is None:
            for pattern in patterns:
                yield f"DROP TABLE {pattern} CASCADE"


# Schedules and jobs


def _made_id(session: Session, statement: ast.Statement) -> str:
    """Make the schedule or job that `{id}` stands for, and return its id."""
    text = type(statement).__name__ + getattr(statement, "text", "")
    if "Schedule" in text or getattr(statement, "for_schedules", False):
        for label in ("test_schedule", "schedule_database"):
            rows = run(
                session,
                f"CREATE SCHEDULE {label} {_PLAIN_SCHEDULE} WITH SCHEDULE OPTIONS ignore_existing_backups",
            )
        if getattr(statement, "command", "") == "RESUME":
            run(session, f"PAUSE SCHEDULE {rows[-1][0]}")
        if any(command.kind == "EXECUTE" for command in getattr(statement, "commands", ())):
            run(session, "RESUME SCHEDULES SELECT id FROM [SHOW SCHEDULES]")  # as a first full backup does
        return str(rows[-1][0])
    # Large enough to be at work still when the next statement comes.
    run(session, "CREATE TABLE defaultdb.busy (i INT PRIMARY KEY, s STRING)")
    run(
        session,
        "INSERT INTO defaultdb.busy SELECT i, repeat('s', 100) FROM generate_series(1, 200000) AS g(i)",
    )
    ((job_id,),) = run(session, "BACKUP TABLE defaultdb.busy TO 'nodelocal://1/job' WITH detached")
    if getattr(statement, "command", "") == "RESUME":
        run(session, f"PAUSE JOB {job_id}")
    return str(job_id)
