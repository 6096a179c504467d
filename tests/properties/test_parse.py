"""Round trips through canonical text, and text of any kind: a tree, or a ParseError, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ootheca.errors import ParseError
from ootheca.names import format_identifier, format_string, parse_string_literal
from ootheca.sql import ast
from ootheca.sql.format import format_statement
from ootheca.sql.parser import is_complete, parse, parse_expression, parse_one
from ootheca.sql.split import split

EVIDENCE = Path(__file__).parents[2] / "fixtures" / "conformance"
CORPUS = [
    json.loads(line)["sql"]
    for path in sorted(EVIDENCE.glob("*/parse.jsonl"))
    for line in path.read_text(encoding="utf-8").splitlines()
]
WORDS = sorted({word for text in CORPUS for word in text.split()})

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12)
idents = texts.filter(bool)
placeholders = st.integers(1, 9).map(ast.Placeholder)
uris = texts | placeholders
one_place = st.lists(uris, min_size=1, max_size=3).map(tuple)
maybe_place = st.just(()) | one_place
parts = st.lists(idents, min_size=1, max_size=3).map(tuple)
patterns = st.builds(ast.TablePattern, parts) | st.builds(
    ast.TablePattern, st.lists(idents, max_size=2).map(tuple), st.just(True)
)
targets = (
    st.none()
    | st.builds(ast.TableTargets, st.lists(patterns, min_size=1, max_size=3).map(tuple))
    | st.builds(ast.DatabaseTargets, st.lists(idents, min_size=1, max_size=3).map(tuple))
    | st.builds(ast.TenantTarget, st.integers(1, 2**31))
)
as_of = (
    st.none()
    | st.builds(ast.StringLiteral, texts)
    | placeholders
    | st.just(ast.FunctionCall(("follower_read_timestamp",)))
    | st.builds(ast.NumberLiteral, st.integers(0, 2**63).map(str), st.just(True))
)
flags = st.none() | st.just(True)
backup_options = st.builds(
    ast.BackupOptions,
    revision_history=flags | placeholders,
    encryption_passphrase=st.none() | uris,
    detached=flags | st.just(False),
    kms=maybe_place,
    incremental_location=maybe_place,
    execution_locality=st.none() | uris,
    include_all_virtual_clusters=flags | placeholders,
    updates_cluster_monitoring_metrics=flags,
    strict_storage_locality=flags,
    include_deprecated_interleaves=flags,
)
restore_options = st.builds(
    ast.RestoreOptions,
    encryption_passphrase=st.none() | uris,
    kms=maybe_place,
    into_db=st.none() | uris,
    debug_pause_on=st.none() | uris,
    skip_missing_foreign_keys=st.booleans(),
    skip_missing_sequence_owners=st.booleans(),
    skip_missing_sequences=st.booleans(),
    skip_missing_views=st.booleans(),
    skip_missing_udfs=st.booleans(),
    detached=st.booleans(),
    skip_localities_check=st.booleans(),
    new_db_name=st.none() | uris,
    incremental_location=maybe_place,
    virtual_cluster_name=st.none() | uris,
    virtual_cluster=st.none() | uris,
    schema_only=st.booleans(),
    verify_backup_table_data=st.booleans(),
    unsafe_restore_incompatible_version=st.booleans(),
    execution_locality=st.none() | uris,
    experimental_deferred_copy=st.booleans(),
    experimental_copy=st.booleans(),
    remove_regions=st.booleans(),
    grants=st.booleans(),
)
key_values = st.lists(st.builds(ast.KeyValue, idents, st.none() | uris), max_size=3).map(tuple)
backups = (
    st.builds(
        ast.Backup, targets, one_place, as_of=as_of, incremental_from=maybe_place, options=backup_options
    )
    | st.builds(
        ast.Backup,
        targets,
        one_place,
        is_collection=st.just(True),
        subdirectory=st.none() | uris,
        as_of=as_of,
        options=backup_options,
    )
    | st.builds(
        ast.Backup,
        targets,
        one_place,
        is_collection=st.just(True),
        is_latest=st.just(True),
        options=backup_options,
    )
)
layers = st.lists(one_place, min_size=1, max_size=3).map(tuple)
restores = st.builds(
    ast.Restore,
    targets | st.just(ast.SystemUsersTarget()),
    layers,
    st.none() | uris,
    as_of=as_of,
    options=restore_options,
)
shows = (
    st.builds(
        ast.ShowBackup,
        st.sampled_from(["DEFAULT", "SCHEMAS", "FILES", "RANGES", "VALIDATE"]),
        uris,
        options=key_values,
    )
    | st.builds(
        ast.ShowBackup,
        st.sampled_from(["DEFAULT", "SCHEMAS", "FILES", "RANGES", "VALIDATE"]),
        uris,
        one_place,
        key_values,
        st.booleans(),
    )
    | st.builds(ast.ShowBackups, one_place, as_of, as_of)
)
schedules = st.builds(
    ast.CreateScheduleForBackup,
    st.none() | uris,
    targets,
    one_place,
    uris,
    backup_options,
    st.none() | uris,
    schedule_options=key_values,
) | st.builds(ast.CreateScheduleForBackup, uris, targets, one_place, uris, full_backup_always=st.just(True))
alterations = st.builds(ast.AlterBackup, uris, one_place, one_place, st.none() | uris)

numbers = st.integers(0, 2**63).map(lambda number: ast.NumberLiteral(str(number), True)) | placeholders
queries = st.sampled_from(
    ["SELECT 1", "(SELECT job_id FROM [SHOW JOBS] WHERE x = ';')", "VALUES (1), (2)", "TABLE t",
     "WITH x AS (SHOW SCHEDULES) SELECT id FROM x", "SELECT $$a;$$ -- b\n"]
).map(lambda text: parse_one(f"PAUSE JOBS {text}").query)  # fmt: skip
controls = st.sampled_from(["PAUSE", "RESUME"])
alter_schedules = st.builds(
    ast.AlterBackupSchedule,
    st.integers(0, 2**63).map(lambda number: ast.NumberLiteral(str(number), True)) | placeholders,
    st.lists(
        st.builds(ast.AlterScheduleCommand, st.sampled_from(["LABEL", "RECURRING"]), uris)
        | st.builds(ast.AlterScheduleCommand, st.just("FULL BACKUP"), st.none() | uris)
        | st.builds(ast.AlterScheduleCommand, st.just("INTO"), uris=one_place)
        | st.builds(
            ast.AlterScheduleCommand,
            st.just("WITH"),
            options=st.builds(ast.BackupOptions, encryption_passphrase=uris)
            | st.builds(ast.BackupOptions, kms=one_place)
            | st.builds(ast.BackupOptions, detached=st.booleans()),
        )
        | st.builds(
            ast.AlterScheduleCommand,
            st.just("SCHEDULE OPTION"),
            option=st.builds(ast.KeyValue, idents, st.none() | uris),
        )
        | st.sampled_from(["EXECUTE", "EXECUTE FULL"]).map(ast.AlterScheduleCommand),
        min_size=1,
        max_size=3,
    ).map(tuple),
)
schedule_statements = (
    alter_schedules
    | st.builds(ast.ShowSchedules, st.sampled_from(["ALL", "RUNNING", "PAUSED"]), st.booleans())
    | st.builds(ast.ShowSchedules, schedule_id=numbers)
    | st.builds(ast.ShowCreateSchedules, st.none() | numbers)
    | st.builds(ast.ControlSchedules, st.sampled_from(["PAUSE", "RESUME", "DROP"]), queries)
    | st.builds(ast.ExecuteSchedule, numbers)
)
job_statements = (
    st.builds(ast.ShowJobs, st.sampled_from(["ALL", "AUTOMATIC", "CHANGEFEED"]))
    | st.builds(ast.ShowJobs, query=queries, for_schedules=st.booleans())
    | st.builds(ast.ShowJobs, query=queries, when_complete=st.just(True))
    | st.builds(ast.ShowJobs, query=st.none() | queries, with_execution_details=st.just(True))
    | st.builds(ast.ControlJobs, st.just("PAUSE"), queries, reason=st.none() | uris)
    | st.builds(ast.ControlJobs, st.sampled_from(["RESUME", "CANCEL"]), queries)
    | st.builds(ast.ControlJobsForSchedules, st.sampled_from(["PAUSE", "RESUME", "CANCEL"]), queries)
    | st.builds(ast.ControlJobsOfType, st.sampled_from(["PAUSE", "RESUME", "CANCEL"]), idents)
    | st.builds(ast.AlterJobOwner, numbers, idents)
)
connection_statements = (
    st.builds(ast.CreateExternalConnection, uris, uris, st.booleans())
    | st.builds(ast.AlterExternalConnection, uris, uris, st.booleans())
    | st.builds(ast.DropExternalConnection, uris)
    | st.builds(ast.ShowExternalConnections, st.none() | uris)
    | st.builds(ast.ShowCreateExternalConnections, st.none() | uris)
    | st.builds(ast.CheckExternalConnection, uris, st.none() | uris, st.none() | uris, st.none() | numbers)
)
names = st.lists(idents, min_size=1, max_size=3).map(lambda parts: ast.ObjectName(tuple(parts)))
file_formats = st.sampled_from(["CSV", "PARQUET", "AVRO"])
file_statements = (
    st.builds(ast.Export, file_formats, uris, queries, key_values)
    | st.builds(ast.Import, names, file_formats, one_place, st.lists(idents, max_size=3).map(tuple), key_values)
    | st.builds(ast.Import, st.none() | names, file_formats, st.tuples(uris), options=key_values,
                is_into=st.just(False), is_bundle=st.just(True))
)  # fmt: skip
plain = (
    backups | restores | shows | schedules | alterations | schedule_statements | job_statements
    | connection_statements | file_statements
)  # fmt: skip
statements = plain | st.builds(ast.Explain, plain) | st.builds(ast.Prepare, idents, plain)


@given(statements, st.sampled_from(["20.2", "21.2"]))
@settings(max_examples=300, deadline=None)
def test_backup_family_survives_its_canonical_text(statement: ast.Statement, version: str) -> None:
    assert parse_one(format_statement(statement, version=version, reveal=True)) == statement


@given(st.lists(statements, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_scripts_split_into_their_statements(script: list[ast.Statement]) -> None:
    printed = [format_statement(statement, reveal=True) for statement in script]
    text = " ;\n".join(printed)
    assert [part.text for part in split(text)] == printed
    assert parse(text) == tuple(script)
    assert not is_complete(text)
    assert is_complete(text + ";")


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parsed = parse(text)
    except ParseError as error:
        shown = error.detail or ""
    else:
        shown = "source SQL:\n" if all(statement.span for statement in parsed) else ""
    assert shown.startswith("source SQL:\n")


@st.composite
def damaged(draw: st.DrawFn) -> str:
    words = draw(st.sampled_from(CORPUS)).split(" ")
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(words)))
        words[place : place + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from(WORDS), max_size=2))
    return " ".join(words)


@given(damaged())
@settings(max_examples=300, deadline=None)
def test_damaged_statements_are_parsed_or_refused(text: str) -> None:
    try:
        parsed = parse(text)
    except ParseError:
        return
    for statement in parsed:
        printed = format_statement(statement, reveal=True)
        assert [format_statement(again, reveal=True) for again in parse(printed)] == [printed]
        assert repr(statement)


@given(texts)
def test_strings_and_names_survive_printing(text: str) -> None:
    assert parse_string_literal(format_string(text)) == text
    if text:
        assert parse_expression(format_identifier(text)) == ast.ColumnRef((text,))
