"""EXPORT: what the files hold, where they end, what is refused, and that a failed one leaves nothing."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pyarrow.parquet as pq
import pytest

from ootheca.clock import FixedClock, Timestamp
from ootheca.errors import OothecaError, UnavailableError, UndefinedTableError
from ootheca.exec.export import options
from ootheca.exec.places import open_place
from ootheca.exec.session import Session
from ootheca.exec.statements import export
from ootheca.storage.base import Storage
from tests.support.faults import FaultPlan, FaultStorage

START = Timestamp(0x16808A04292505C8)
KINDS = """
CREATE TYPE mood AS ENUM ('sad', 'fröhlich');
CREATE TABLE kinds (
    id INT8 PRIMARY KEY, i2 INT2, f FLOAT8, f4 FLOAT4, dc DECIMAL(10,2), dd DECIMAL, s STRING, c CHAR(4), b BYTES,
    bo BOOL, da DATE, ti TIME, tz TIMETZ, ts TIMESTAMP, tstz TIMESTAMPTZ, iv INTERVAL, u UUID, j JSONB, ip INET,
    bt VARBIT, co STRING COLLATE de, m mood, a INT8[], sa STRING[], fa FLOAT8[], tza TIMESTAMPTZ[], ba BYTES[]
);
INSERT INTO kinds VALUES (
    1, -2, 100, 1.5, 12.5, 1.50, 'a,"b', 'ab', b'\\x00\\xff', true, '2020-02-29', '01:02:03.5', '01:02+03',
    '2020-01-02 03:04:05.5', '2020-01-01 00:00+01', '1 year 2 mons -3 days -04:05:06.5',
    '12345678-9abc-4def-8123-456789abcdef', '{"b": 1, "a": []}', '10.0.0.1/24', B'101', 'x' COLLATE de, 'fröhlich',
    ARRAY[1, NULL, -2], ARRAY['x', 'q"', ''], ARRAY[1::FLOAT8, 'NaN'::FLOAT8], ARRAY['2020-01-01 00:00+01'],
    ARRAY[b'\\xff']
);
"""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(external_io_dir=tmp_path, sandbox=True, clock=FixedClock(START)) as made:
        yield made


def _run(session: Session, sql: str) -> list[tuple[Any, ...]]:
    result = list(session.execute(sql))[-1]
    return [tuple(row.values()) for batch in result.batches for row in batch.to_pylist()]


def _text(session: Session, folder: Path, sql: str) -> str:
    """Export a query as CSV into a new folder, and return its one file."""
    place = f"text{len(list(folder.iterdir()))}"
    ((name, _, size),) = _run(session, sql.replace("CSV FROM", f"CSV 'nodelocal://1/{place}' FROM", 1))
    path = folder / place / name
    assert path.stat().st_size == size
    return path.read_text(encoding="utf-8")


def _export_text(session: Session, folder: Path, query: str) -> str:
    return _text(session, folder, f"EXPORT INTO CSV FROM {query}")


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# Results and names


def test_the_result_names_each_file_with_its_rows_and_bytes(session: Session, tmp_path: Path) -> None:
    (result,) = session.execute("EXPORT INTO CSV 'nodelocal://1/r' FROM VALUES (1, 'a'), (2, 'b')")
    assert result.columns is not None
    assert [(column.name, column.type.name) for column in result.columns] == [
        ("filename", "STRING"),
        ("rows", "INT8"),
        ("bytes", "INT8"),
    ]
    ((name, rows, size),) = [tuple(row.values()) for batch in result.batches for row in batch.to_pylist()]
    # The documented example has the same form: export16808a04292505c80000000000000001-n1.0.csv.gz
    assert re.fullmatch(r"export16808a0429250[0-9a-f]{3}0000000000000001-n1\.0\.csv", name)
    assert (rows, size) == (2, 8)
    assert result.complete_tag(1) == "EXPORT 1"
    assert (tmp_path / "r" / name).read_bytes() == b"1,a\n2,b\n"


def test_two_exports_into_one_place_do_not_meet(session: Session, tmp_path: Path) -> None:
    for _ in range(2):
        _run(session, "EXPORT INTO CSV 'nodelocal://1/r' FROM SELECT 1")
    assert len(_files(tmp_path)) == 2


@pytest.mark.parametrize("file_format", ["CSV", "PARQUET"])
def test_no_rows_write_no_file(session: Session, tmp_path: Path, file_format: str) -> None:
    assert _run(session, f"EXPORT INTO {file_format} 'nodelocal://1/r' FROM SELECT 1 WHERE false") == []
    assert _files(tmp_path) == []


def test_a_bracketed_statement_can_be_exported(session: Session, tmp_path: Path) -> None:
    # From CockroachDB's own test of EXPORT.
    text = _export_text(session, tmp_path, "SELECT database_name, owner FROM [SHOW DATABASES] ORDER BY 1")
    assert text == "defaultdb,root\npostgres,root\nsystem,node\n"


def test_an_export_in_brackets_is_a_source_of_rows(session: Session, tmp_path: Path) -> None:
    query = "SELECT rows, filename FROM [EXPORT INTO CSV 'nodelocal://1/r' FROM VALUES (1), (2)]"
    assert _run(session, f"{query} WHERE rows > 1") == [(2, *_files(tmp_path))]


# CSV


def test_csv_values_are_cockroachdbs_text(session: Session, tmp_path: Path) -> None:
    _run(session, KINDS)
    text = _export_text(session, tmp_path, "TABLE kinds")
    assert next(csv.reader([text.rstrip("\n")])) == [
        "1", "-2", "100.0", "1.5", "12.50", "1.50", 'a,"b', "ab", "\\x00ff", "true", "2020-02-29", "01:02:03.5",
        "01:02:00+03:00:00", "2020-01-02 03:04:05.5", "2019-12-31 23:00:00+00:00",
        "1 year 2 mons -3 days -04:05:06.5", "12345678-9abc-4def-8123-456789abcdef", '{"a": [], "b": 1}',
        "10.0.0.1/24", "101", "'x' COLLATE de", "fröhlich", "ARRAY[1:::INT8,NULL,(-2):::INT8]",
        "ARRAY['x':::STRING,'q\"':::STRING,'':::STRING]", "ARRAY[1.0:::FLOAT8,'NaN':::FLOAT8]",
        "ARRAY['2019-12-31 23:00:00+00:00':::TIMESTAMPTZ]", "ARRAY['\\xff':::BYTES]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("'plain'", "plain"),
        ("''", ""),
        ("'a,b'", '"a,b"'),
        ("'a\"b'", '"a""b"'),
        ("e'a\\nb'", '"a\nb"'),
        ("e'a\\rb'", '"a\rb"'),
        ("' a'", '" a"'),
        ("'a '", "a "),
        ("e'\\u00a0a'", '"\u00a0a"'),
        (r"e'\\.'", r'"\."'),
        ("'a|b'", "a|b"),
        ("'😀'", "😀"),
    ],
)
def test_csv_fields_are_quoted_where_go_quotes_them(
    session: Session, tmp_path: Path, value: str, field: str
) -> None:
    _run(session, f"EXPORT INTO CSV 'nodelocal://1/q' FROM SELECT 1, {value}")
    (path,) = (tmp_path / "q").iterdir()
    assert path.read_bytes() == f"1,{field}\n".encode()


@pytest.mark.parametrize(
    ("delimiter", "expected"),
    [("'|'", 'a,b|"c|d"\n'), ("e'\\t'", "a,b\tc|d\n"), ("'ß'", "a,bßc|d\n"), ("''", '"a,b",c|d\n')],
)
def test_delimiter(session: Session, tmp_path: Path, delimiter: str, expected: str) -> None:
    _run(session, f"EXPORT INTO CSV 'nodelocal://1/d' WITH delimiter = {delimiter} FROM SELECT 'a,b', 'c|d'")
    (path,) = (tmp_path / "d").iterdir()
    assert path.read_text() == expected


@pytest.mark.parametrize(
    ("null", "expected"), [("None", "1,None\n2,8\n"), ("", "1,\n2,8\n"), ("a,b", '1,"a,b"\n2,8\n')]
)
def test_nullas_stands_for_null(session: Session, tmp_path: Path, null: str, expected: str) -> None:
    _run(session, "CREATE TABLE t (id INT PRIMARY KEY, balance INT); INSERT INTO t VALUES (1, NULL), (2, 8)")
    _run(
        session, f"EXPORT INTO CSV 'nodelocal://1/n' WITH nullas = '{null}' FROM SELECT * FROM t ORDER BY id"
    )
    (path,) = (tmp_path / "n").iterdir()
    assert path.read_text() == expected


def test_null_without_nullas_is_refused_and_nothing_is_left(session: Session, tmp_path: Path) -> None:
    query = "SELECT i, CASE WHEN i < 20000 THEN i END FROM generate_series(1, 20000) AS g(i) ORDER BY i"
    with pytest.raises(OothecaError) as error:
        _run(session, f"EXPORT INTO CSV 'nodelocal://1/n' WITH chunk_rows = '100' FROM {query}")
    assert error.value.message == (
        "NULL value encountered during EXPORT, use `WITH nullas` to specify the string representation of NULL"
    )
    assert _files(tmp_path) == []
    assert _run(session, "SELECT 1") == [(1,)]


def test_csv_goes_through_duckdb_and_back(session: Session, tmp_path: Path) -> None:
    _run(session, "CREATE TABLE t (id INT PRIMARY KEY, s STRING)")
    _run(
        session,
        "INSERT INTO t SELECT i, repeat(e'x,\"\\n ', i % 7) || i::STRING FROM generate_series(1, 500) AS g(i)",
    )
    _run(session, "EXPORT INTO CSV 'nodelocal://1/t' WITH chunk_rows = '64' FROM TABLE t")
    found = duckdb.sql(
        f"SELECT * FROM read_csv('{tmp_path}/t/*.csv', header=false, quote='\"', escape='\"', delim=',',"
        " columns={'id': 'BIGINT', 's': 'VARCHAR'}, new_line='\\n') ORDER BY id"
    ).fetchall()
    assert found == _run(session, "SELECT * FROM t ORDER BY id")


# Where files end


@pytest.mark.parametrize("file_format", ["CSV", "PARQUET"])
def test_chunk_rows(session: Session, tmp_path: Path, file_format: str) -> None:
    files = _run(
        session,
        f"EXPORT INTO {file_format} 'nodelocal://1/c' WITH chunk_rows = '17' "
        "FROM SELECT i FROM generate_series(1, 51) AS g(i) ORDER BY i",
    )
    assert [rows for _, rows, _ in files] == [17, 17, 17]
    assert [name.split("-")[1].split(".")[:2] for name, _, _ in files] == [
        ["n1", "0"],
        ["n1", "1"],
        ["n1", "2"],
    ]
    assert sorted(name for name, _, _ in files) == _files(tmp_path)
    assert all((tmp_path / "c" / name).stat().st_size == size for name, _, size in files)


def test_chunks_run_on_over_batches(session: Session, tmp_path: Path) -> None:
    files = _run(
        session, "EXPORT INTO CSV 'nodelocal://1/c' FROM SELECT i FROM generate_series(1, 150000) AS g(i)"
    )
    assert [rows for _, rows, _ in files] == [100_000, 50_000]
    lines = b"".join((tmp_path / "c" / name).read_bytes() for name, _, _ in files).split()
    assert lines == [str(i).encode() for i in range(1, 150_001)]


def test_chunk_size_cuts_where_the_server_cuts(session: Session) -> None:
    # CockroachDB's own test of chunk_size has this statement, and expects 14 files.
    files = _run(
        session,
        "EXPORT INTO CSV 'nodelocal://1/c' WITH chunk_size = '10KB' "
        "FROM SELECT i, gen_random_uuid() FROM generate_series(1, 4000) AS g(i)",
    )
    assert len(files) == 14
    assert sum(rows for _, rows, _ in files) == 4000


@pytest.mark.parametrize("target", ["CSV", "PARQUET"])
def test_chunk_size_of_compressed_files(session: Session, target: str) -> None:
    files = _run(
        session,
        f"EXPORT INTO {target} 'nodelocal://1/c' WITH chunk_size = '10KB', compression = 'gzip' "
        "FROM SELECT i, gen_random_uuid() FROM generate_series(1, 4000) AS g(i)",
    )
    assert sum(rows for _, rows, _ in files) == 4000
    assert all(size >= 10_000 for _, _, size in files[:-1])
    assert len(files) > 3


# Compression


def test_gzipped_csv(session: Session, tmp_path: Path) -> None:
    ((name, rows, size),) = _run(
        session, "EXPORT INTO CSV 'nodelocal://1/z' WITH compression = gzip FROM VALUES (1, 'ä'), (2, 'b')"
    )
    assert name.endswith("-n1.0.csv.gz")
    packed = (tmp_path / "z" / name).read_bytes()
    assert (rows, size) == (2, len(packed))
    assert gzip.decompress(packed).decode() == "1,ä\n2,b\n"


@pytest.mark.parametrize(
    ("option", "suffix", "codec"),
    [
        ("", ".parquet", "UNCOMPRESSED"),
        ("WITH compression = 'gzip'", ".parquet.gz", "GZIP"),
        ("WITH compression = SNAPPY", ".parquet.snappy", "SNAPPY"),
    ],
)
def test_parquet_compression(session: Session, tmp_path: Path, option: str, suffix: str, codec: str) -> None:
    ((name, _, _),) = _run(session, f"EXPORT INTO PARQUET 'nodelocal://1/z' {option} FROM SELECT 'a' AS s")
    assert name.endswith("-n1.0" + suffix)
    file = pq.ParquetFile(tmp_path / "z" / name)
    assert file.metadata.row_group(0).column(0).compression == codec
    assert file.read().to_pylist() == [{"s": "a"}]


# Parquet


def test_parquet_types_and_values(session: Session, tmp_path: Path) -> None:
    _run(session, KINDS + "INSERT INTO kinds (id) VALUES (2)")
    ((name, _, _),) = _run(
        session, "EXPORT INTO PARQUET 'nodelocal://1/p' FROM SELECT * FROM kinds ORDER BY id"
    )
    path = tmp_path / "p" / name
    schema = pq.ParquetFile(path).schema
    kinds = {
        column.path.split(".")[0]: f"{column.physical_type} {column.logical_type.type}"
        for column in (schema.column(i) for i in range(len(schema)))
    }
    assert kinds == {
        "id": "INT64 NONE", "i2": "INT32 NONE", "f": "DOUBLE NONE", "f4": "FLOAT NONE",
        "dc": "FIXED_LEN_BYTE_ARRAY DECIMAL", "dd": "BYTE_ARRAY STRING", "s": "BYTE_ARRAY STRING",
        "c": "BYTE_ARRAY STRING", "b": "BYTE_ARRAY NONE", "bo": "BOOLEAN NONE", "da": "BYTE_ARRAY STRING",
        "ti": "INT64 TIME", "tz": "BYTE_ARRAY STRING", "ts": "BYTE_ARRAY STRING", "tstz": "BYTE_ARRAY STRING",
        "iv": "BYTE_ARRAY STRING", "u": "FIXED_LEN_BYTE_ARRAY UUID", "j": "BYTE_ARRAY JSON",
        "ip": "BYTE_ARRAY STRING", "bt": "BYTE_ARRAY NONE", "co": "BYTE_ARRAY STRING", "m": "BYTE_ARRAY STRING",
        "a": "INT64 NONE", "sa": "BYTE_ARRAY STRING", "fa": "DOUBLE NONE", "tza": "BYTE_ARRAY STRING",
        "ba": "BYTE_ARRAY NONE",
    }  # fmt: skip
    first, second = duckdb.sql(f"SELECT * EXCLUDE (fa, ti) FROM read_parquet('{path}')").fetchall()
    assert first == (
        1, -2, 100.0, 1.5, Decimal("12.50"), "1.50", 'a,"b', "ab", b"\x00\xff", True, "2020-02-29",
        "01:02:00+03:00:00", "2020-01-02 03:04:05.5", "2019-12-31 23:00:00+00:00", "P1Y2M-3DT-4H-5M-6.5S",
        UUID("12345678-9abc-4def-8123-456789abcdef"), '{"a": [], "b": 1}', "10.0.0.1/24", b"101", "x", "fröhlich",
        [1, None, -2], ["x", 'q"', ""], ["2019-12-31 23:00:00+00:00"], [b"\xff"],
    )  # fmt: skip
    assert second == (2, *[None] * 24)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("0s", "PT0S"),
        ("1 day", "P1D"),
        ("10:20:30", "PT10H20M30S"),
        ("-0.25s", "PT-0.25S"),
        ("1 mon -00:01:00", "P1MT-1M"),
        ("-1 day 2h", "P-1DT2H"),
        ("100:00:00.000001", "PT100H0.000001S"),
    ],
)
def test_parquet_intervals_are_iso_8601(
    session: Session, tmp_path: Path, interval: str, expected: str
) -> None:
    _run(session, f"EXPORT INTO PARQUET 'nodelocal://1/p' FROM SELECT INTERVAL '{interval}' AS i")
    (path,) = (tmp_path / "p").iterdir()
    assert pq.read_table(path).to_pylist() == [{"i": expected}]


def test_parquet_keeps_nulls_arrays_and_equal_names_over_many_files(session: Session, tmp_path: Path) -> None:
    query = (
        "SELECT i AS a, CASE WHEN i % 3 > 0 THEN ARRAY[i, NULL] END AS b FROM generate_series(1, 9) AS g(i)"
    )
    files = _run(
        session, f"EXPORT INTO PARQUET 'nodelocal://1/p' WITH chunk_rows = '4' FROM {query} ORDER BY i"
    )
    rows = [row for name, _, _ in files for row in pq.read_table(tmp_path / "p" / name).to_pylist()]
    assert rows == [{"a": i, "b": [i, None] if i % 3 else None} for i in range(1, 10)]


def test_options_for_csv_draw_a_notice_with_parquet(session: Session) -> None:
    (result,) = session.execute("EXPORT INTO PARQUET 'nodelocal://1/p' WITH nullas = 'x' FROM SELECT 1 AS a")
    assert result.notices == ("option nullas has no effect on Parquet files",)


# Places and failures


@pytest.mark.parametrize(
    "uri", ["s3://bucket/e?AUTH=implicit", "gs://bucket/e?AUTH=implicit", "userfile:///e"]
)
@pytest.mark.parametrize("file_format", ["CSV", "PARQUET"])
def test_any_storage_takes_files(session: Session, uri: str, file_format: str) -> None:
    ((name, rows, size),) = _run(session, f"EXPORT INTO {file_format} '{uri}' FROM SELECT 1 AS a")
    assert rows == 1
    storage = open_place(session, [uri])
    assert [(info.name.lstrip("/"), info.size) for info in storage.list()] == [(name, size)]


@pytest.mark.parametrize("file_format", ["CSV", "PARQUET"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("fail_at", [0, 2])
def test_a_storage_that_fails_is_left_as_it_was(
    session: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file_format: str,
    moment: Any,
    fail_at: int,
) -> None:
    (tmp_path / "other").write_bytes(b"kept")
    plan = FaultPlan(fail_at=fail_at, moment=moment)

    def open_faulty(*arguments: Any) -> Storage:
        return FaultStorage(open_place(*arguments), plan)

    monkeypatch.setattr(export, "open_place", open_faulty)
    with pytest.raises(UnavailableError, match="injected: write"):
        _run(
            session,
            f"EXPORT INTO {file_format} 'nodelocal://1/f' WITH chunk_rows = '5' "
            "FROM SELECT i FROM generate_series(1, 50) AS g(i)",
        )
    assert _files(tmp_path) == ["other"]
    assert len([asked for asked in plan.asked if asked.startswith("write")]) == fail_at + 1


def test_files_that_cannot_be_removed_are_named(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = FaultPlan(fail_at=1, stays_down=True)
    monkeypatch.setattr(export, "open_place", lambda *given: FaultStorage(open_place(*given), plan))
    with pytest.raises(UnavailableError) as error:
        _run(
            session,
            "EXPORT INTO CSV 'nodelocal://1/f' WITH chunk_rows = '1' FROM SELECT i FROM generate_series(1, 3) AS g(i)",
        )
    (left,) = _files(tmp_path)
    assert error.value.detail is not None
    assert left in error.value.detail


def test_a_query_that_fails_while_it_is_read_leaves_nothing(session: Session, tmp_path: Path) -> None:
    query = "SELECT 1 / (150000 - i) FROM generate_series(1, 200000) AS g(i)"
    with pytest.raises(OothecaError, match="division by zero"):
        _run(session, f"EXPORT INTO CSV 'nodelocal://1/f' WITH chunk_rows = '1000' FROM {query}")
    assert _files(tmp_path) == []


# Refusals


@pytest.mark.parametrize(
    ("statement", "message", "sqlstate"),
    [
        ("AVRO 'nodelocal://1/x'", 'unsupported export format: "AVRO"', "XXUUU"),
        ("CSV 'nodelocal://1/x' WITH foo = 'x'", 'invalid option "foo"', "XXUUU"),
        ("CSV 'nodelocal://1/x' WITH nullas", 'option "nullas" requires a value', "XXUUU"),
        ("CSV 'nodelocal://1/x' WITH delimiter = 'ab'", "invalid delimiter", "22023"),
        ("CSV 'nodelocal://1/x' WITH delimiter = '\"'", "invalid delimiter", "22023"),
        ("CSV 'nodelocal://1/x' WITH chunk_rows = '0'", "invalid csv chunk rows", "22023"),
        ("CSV 'nodelocal://1/x' WITH chunk_rows = 'x'", 'strconv.Atoi: parsing "x": invalid syntax', "22023"),
        ("CSV 'nodelocal://1/x' WITH chunk_size = '0'", "invalid csv chunk size", "22023"),
        ("CSV 'nodelocal://1/x' WITH chunk_size = '-1MB'", "invalid csv chunk size", "22023"),
        ("CSV 'nodelocal://1/x' WITH chunk_size = 'big'", 'parsing "big": invalid syntax', "22023"),
        ("CSV 'nodelocal://1/x' WITH compression = 'lz4'", "unsupported compression codec lz4", "22023"),
        (
            "CSV 'nodelocal://1/x' WITH compression = 'snappy'",
            "unsupported compression codec snappy",
            "22023",
        ),
    ],
)
def test_refused(session: Session, tmp_path: Path, statement: str, message: str, sqlstate: str) -> None:
    with pytest.raises(OothecaError) as error:
        _run(session, f"EXPORT INTO {statement} FROM SELECT 1")
    assert (error.value.message, error.value.sqlstate) == (message, sqlstate)
    assert _files(tmp_path) == []


def test_the_query_is_resolved_as_any_other(session: Session) -> None:
    with pytest.raises(UndefinedTableError, match='relation "nope" does not exist'):
        _run(session, "EXPORT INTO CSV 'nodelocal://1/x' FROM TABLE nope")


def test_not_inside_a_transaction(session: Session) -> None:
    with pytest.raises(OothecaError, match="EXPORT cannot be used inside a transaction"):
        _run(session, "BEGIN; EXPORT INTO CSV 'nodelocal://1/x' FROM SELECT 1")


@pytest.mark.parametrize(
    ("text", "size"), [("10KB", 10_000), ("1KiB", 1024), ("2 MB", 2_000_000), ("1,5", 15)]
)
def test_sizes(text: str, size: int) -> None:
    assert options._chunk_size(text) == size
