"""SHOW BACKUP's views and options, and RESTORE's options that read without writing rows."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ootheca.codec.filenames import STATISTICS
from ootheca.errors import (
    ChecksumMismatchError,
    CorruptionError,
    InvalidOptionError,
    ObjectNotFoundError,
    OothecaError,
)
from ootheca.exec.result import Result
from ootheca.exec.session import Session

REPOSITORY = Path(__file__).parents[3]
EVIDENCE = REPOSITORY / "fixtures" / "conformance" / "21.2" / "scenarios" / "n3_show_backup.json"
NEW22 = [
    REPOSITORY / "fixtures" / "golden" / "21.2" / "p_new22",
    REPOSITORY.parent / "shared" / "fixtures" / "golden" / "21.2" / "p_new22",
]
GOLDEN = REPOSITORY / "fixtures" / "golden"
SETUP = """
CREATE DATABASE d;
CREATE TABLE d.t (a INT PRIMARY KEY, b STRING, INDEX (b));
CREATE TABLE d.u (a INT PRIMARY KEY);
CREATE SEQUENCE d.s;
SELECT nextval('d.s');
INSERT INTO d.t VALUES (1, 'x'), (2, 'y');
INSERT INTO d.u VALUES (7);
BACKUP DATABASE d INTO 'nodelocal://1/c';
"""
IN_C = "FROM LATEST IN 'nodelocal://1/c'"


def answer(session: Session, sql: str) -> Result:
    """Run statements and return the last one's answer, its rows not read yet."""
    results = list(session.execute(sql))
    return results[-1]


def rows(session: Session, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for batch in answer(session, sql).batches for row in batch.to_pylist()]


def names(session: Session, sql: str) -> list[str]:
    columns = answer(session, sql).columns
    assert columns is not None
    return [column.name for column in columns]


@pytest.fixture
def extern(tmp_path: Path) -> Path:
    return tmp_path / "extern"


@pytest.fixture
def session(extern: Path) -> Iterator[Session]:
    with Session(None, external_io_dir=extern, sandbox=True, version="21.2") as made:
        rows(made, SETUP)
        yield made


def data_files(extern: Path) -> list[Path]:
    return sorted(extern.rglob("*.sst"))


# as_json


def test_as_json_is_what_the_server_printed_byte_for_byte() -> None:
    found = [path for path in NEW22 if path.exists()]
    if not found:
        pytest.skip("the golden set p_new22 is not here")
    output = json.loads(gzip.decompress((found[0] / "output.json.gz").read_bytes()))
    asked = [s for s in output["statements"] if "as_json" in s["sql"]]
    with Session(None, external_io_dir=found[0] / "extern", sandbox=True, version="21.2") as session:
        for statement in asked:
            assert rows(session, statement["sql"]) == [tuple(row) for row in statement["rows"]]
    assert [len(statement["rows"]) for statement in asked] == [2, 2]


def test_as_json_of_a_backup_taken_here_differs_in_times_and_ids_alone() -> None:
    steps = json.loads(EVIDENCE.read_text())
    place = next(i for i, step in enumerate(steps) if step.get("columns") == ["manifest"])
    with Session(None, sandbox=True, version="21.2") as session:
        for step in steps[:place]:
            if step["sql"].startswith(("CREATE", "GRANT", "INSERT", "BACKUP")):
                rows(session, step["sql"])
        ((printed,),) = rows(session, steps[place]["sql"])
    expected = steps[place]["rows"][0][0]
    assert len(expected) > 10_000
    assert comparable(printed) == comparable(expected)


def comparable(printed: str) -> Any:
    """A manifest without what differs from one run to the next, or between two builds."""
    masked = re.sub(r'"(wallTime|createdAtNanos)": "[1-9]\d*"', r'"\1": "…"', printed)
    masked = re.sub(r"\d+\.sst", "….sst", masked)
    value = json.loads(masked)
    for name in ("buildInfo", "id", "clusterId", "nodeId"):
        assert name in value
        del value[name]
    return value


def test_as_json_has_a_row_for_each_layer_and_a_place_for_the_full_one() -> None:
    with Session(None, external_io_dir=GOLDEN / "21.2/d_chain/extern", sandbox=True) as session:
        found = [
            json.loads(text) for (text,) in rows(session, "SHOW BACKUP 'nodelocal://1/app' WITH as_json")
        ]
    assert len(found) == 4
    assert [manifest["dir"]["provider"] for manifest in found] == ["nodelocal"] + ["Unknown"] * 3
    assert found[0]["dir"]["LocalFile"] == {"nodeId": 1, "path": "/app"}
    ends = [manifest["endTime"] for manifest in found]
    assert [manifest["startTime"] for manifest in found[1:]] == ends[:-1]


def test_as_json_comes_before_the_view_and_stays_one_column(session: Session) -> None:
    assert names(session, f"SHOW BACKUP FILES {IN_C} WITH as_json, privileges") == ["manifest"]


# check_files


def test_check_files_adds_the_stored_bytes(session: Session, extern: Path) -> None:
    (path,) = data_files(extern)
    sql = f"SHOW BACKUP {IN_C} WITH check_files, privileges"
    assert names(session, sql)[-3:] == ["privileges", "owner", "file_bytes"]
    by_name = {row[2]: row[-1] for row in rows(session, sql)}
    assert by_name["d"] is None
    parts = [by_name[name] for name in ("t", "u", "s")]
    assert all(part > 0 for part in parts)
    assert path.stat().st_size - len(parts) <= sum(parts) <= path.stat().st_size
    files = rows(session, f"SHOW BACKUP FILES {IN_C} WITH check_files")
    assert {row[-1] for row in files} == {path.stat().st_size}


def test_check_files_names_what_is_missing(session: Session, extern: Path) -> None:
    (path,) = data_files(extern)
    path.unlink()
    sql = f"SHOW BACKUP {IN_C} WITH check_files"
    with pytest.raises(ObjectNotFoundError) as told:
        rows(session, sql)
    assert re.fullmatch(
        r"The following files are missing from the backup:\n\tnodelocal://1/c/.*/data/\d+\.sst",
        told.value.message,
    )
    assert len(rows(session, f"SHOW BACKUP {IN_C}")) == 5  # nothing but the manifest is read without it


def test_check_files_names_no_more_than_ten(tmp_path: Path) -> None:
    source = GOLDEN / "20.2" / "a_full" / "extern"
    for path in sorted(source.rglob("*")):
        if path.is_file() and path.suffix != ".sst":
            copy = tmp_path / "c" / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    with (
        Session(None, external_io_dir=tmp_path, sandbox=True) as session,
        pytest.raises(OothecaError) as told,
    ):
        rows(session, "SHOW BACKUP FROM 'full' IN 'nodelocal://1/c' WITH check_files")
    lines = told.value.message.split("\n\t")
    assert lines[0] == "Multiple files cannot be read from the backup including:"
    assert len(lines) == 11


def test_check_files_looks_at_the_companions_too(session: Session, extern: Path) -> None:
    next(extern.rglob(STATISTICS)).unlink()
    with pytest.raises(
        ObjectNotFoundError, match=rf"^Error checking metadata file nodelocal://1/c/.*/{STATISTICS}: "
    ):
        rows(session, f"SHOW BACKUP {IN_C} WITH check_files")


# options


@pytest.mark.parametrize("option", ["check_files", "encryption_info_dir = 'nodelocal://1/c'"])
def test_options_of_newer_versions_belong_to_their_spelling(session: Session, option: str) -> None:
    (subdirectory,) = rows(session, "SHOW BACKUPS IN 'nodelocal://1/c'")[0]
    name = option.split()[0]
    with pytest.raises(InvalidOptionError, match=f'^invalid option "{name}"$'):
        rows(session, f"SHOW BACKUP 'nodelocal://1/c{subdirectory}' WITH {option}")
    assert rows(session, f"SHOW BACKUP {IN_C} WITH {option}")


RULES = {
    "bogus": 'invalid option "bogus"',
    "kms": 'option "kms" requires a value',
    "incremental_location": 'option "incremental_location" requires a value',
    "as_json = 'x'": 'option "as_json" does not take a value',
    "check_files = 'x'": 'option "check_files" does not take a value',
    "privileges = 'x'": 'option "privileges" does not take a value',
}


@pytest.mark.parametrize("view", ["", "SCHEMAS", "FILES", "RANGES"])
def test_option_rules_hold_in_every_view(session: Session, view: str) -> None:
    for option, message in RULES.items():
        with pytest.raises(InvalidOptionError) as told:
            rows(session, f"SHOW BACKUP {view} LATEST IN 'nodelocal://1/c' WITH {option}".replace("  ", " "))
        assert (told.value.message, told.value.sqlstate) == (message, "XXUUU")


def test_skip_size_leaves_sizes_out(session: Session) -> None:
    assert {row[7:9] for row in rows(session, f"SHOW BACKUP {IN_C} WITH SKIP SIZE")} == {(None, None)}


def test_columns_of_all_options_stand_in_their_order(session: Session) -> None:
    assert names(session, f"SHOW BACKUP SCHEMAS {IN_C} WITH check_files, privileges, debug_ids") == [
        "database_name", "database_id", "parent_schema_name", "parent_schema_id", "object_name", "object_id",
        "object_type", "backup_type", "start_time", "end_time", "size_bytes", "rows", "is_full_cluster",
        "create_statement", "privileges", "owner", "file_bytes",
    ]  # fmt: skip


def test_a_collection_itself_is_no_backup_and_the_hint_says_so(session: Session) -> None:
    with pytest.raises(ObjectNotFoundError) as told:
        rows(session, "SHOW BACKUP 'nodelocal://1/c'")
    assert "SHOW BACKUPS IN" in (told.value.hint or "")


def test_the_key_may_come_from_another_folder() -> None:
    extern = REPOSITORY.parent / "shared" / "fixtures" / "golden" / "21.2" / "g_encrypted_chain" / "extern"
    if not extern.exists():
        pytest.skip("the golden set g_encrypted_chain is not here")
    with Session(None, external_io_dir=extern, sandbox=True) as session:
        options = "encryption_passphrase = 'correct horse ž battery'"
        with pytest.raises(OothecaError, match="could not find or read encryption information"):
            rows(session, f"SHOW BACKUP FROM 'inc1' IN 'nodelocal://1/' WITH {options}")
        options += ", encryption_info_dir = 'nodelocal://1/full'"
        assert rows(session, f"SHOW BACKUP FROM 'inc1' IN 'nodelocal://1/' WITH {options}")


# chains


@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_every_layer_has_rows_of_its_own_with_its_times(version: str) -> None:
    with Session(None, external_io_dir=GOLDEN / version / "d_chain" / "extern", version=version) as session:
        sql = (
            "SELECT object_name, start_time, end_time FROM [SHOW BACKUP 'nodelocal://1/app'] "
            "WHERE object_name = 'customers' ORDER BY end_time"
        )
        found = rows(session, sql)
        files = rows(session, "SHOW BACKUP FILES 'nodelocal://1/app'")
        of_full = rows(session, "SHOW BACKUP FILES 'nodelocal://1/full'")
    assert len(found) == 4
    assert found[0][1] is None
    assert [row[1] for row in found[1:]] == [row[2] for row in found[:-1]]
    assert len(files) > len(of_full)


def test_layers_in_another_location_are_looked_for_there_alone(session: Session, extern: Path) -> None:
    options = "incremental_location = 'nodelocal://1/elsewhere'"
    assert len(rows(session, f"SHOW BACKUP {IN_C} WITH {options}")) == 5
    (subdirectory,) = rows(session, "SHOW BACKUPS IN 'nodelocal://1/c'")[0]
    layer = extern / "elsewhere" / subdirectory.strip("/") / "20300101" / "000000.00"
    layer.mkdir(parents=True)
    for path in (extern / "c" / subdirectory.strip("/")).glob("BACKUP*"):
        (layer / path.name).write_bytes(path.read_bytes())
    assert len(rows(session, f"SHOW BACKUP {IN_C} WITH {options}")) == 10
    assert len(rows(session, f"SHOW BACKUP {IN_C}")) == 5


# VALIDATE


def test_validate_reads_everything(session: Session, extern: Path) -> None:
    sql = f"SHOW BACKUP VALIDATE {IN_C}"
    ((told,),) = rows(session, sql)
    assert "data files: 1" in told
    assert "rows: 4" in told
    assert told.endswith("No problems found!")
    damage(data_files(extern)[0])
    ((told,),) = rows(session, sql)
    assert told.endswith("\nERROR: validation failed")
    assert re.search(r"\(nodelocal://1/c/.*\.sst @\d+\)", told)


def damage(path: Path) -> None:
    """Change the first byte of a data file, which lies in a block of entries."""
    stored = bytearray(path.read_bytes())
    stored[0] ^= 1
    path.write_bytes(stored)


# RESTORE


def test_schema_only_makes_objects_without_rows(session: Session) -> None:
    rows(session, "DROP DATABASE d CASCADE")
    ((_, status, _, *counts),) = rows(session, f"RESTORE DATABASE d {IN_C} WITH schema_only")
    assert (status, counts) == ("succeeded", [0, 0, 0])
    assert rows(session, "SELECT * FROM d.t") == rows(session, "SELECT * FROM d.u") == []
    assert rows(session, "SELECT nextval('d.s')") == [(1,)]
    rows(session, "INSERT INTO d.t VALUES (1, 'x')")
    assert rows(session, "SELECT a FROM d.t@t_b_idx") == [(1,)]


def test_schema_only_does_not_read_data_files(session: Session, extern: Path) -> None:
    data_files(extern)[0].unlink()
    rows(session, f"RESTORE TABLE d.t {IN_C} WITH schema_only, into_db = 'defaultdb'")
    assert rows(session, "SELECT count(*) FROM defaultdb.t") == [(0,)]


def test_verified_rows_are_counted_and_not_written(session: Session) -> None:
    rows(session, "DROP DATABASE d CASCADE")
    sql = f"RESTORE DATABASE d {IN_C} WITH schema_only, verify_backup_table_data"
    ((_, _, _, *counts),) = rows(session, sql)
    assert counts == [4, 2, 0]
    assert rows(session, "SELECT * FROM d.t") == []


def test_verification_finds_damage_and_leaves_nothing(session: Session, extern: Path) -> None:
    rows(session, "DROP DATABASE d CASCADE")
    damage(data_files(extern)[0])
    with pytest.raises((ChecksumMismatchError, CorruptionError)):
        rows(session, f"RESTORE DATABASE d {IN_C} WITH schema_only, verify_backup_table_data")
    assert session.catalog.find_database("d") is None


def test_verification_needs_schema_only(session: Session) -> None:
    with pytest.raises(InvalidOptionError) as told:
        rows(session, f"RESTORE DATABASE d {IN_C} WITH verify_backup_table_data")
    expected = "to set the verify_backup_table_data option, the schema_only option must be set"
    assert told.value.message == expected
