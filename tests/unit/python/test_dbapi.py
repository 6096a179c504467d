"""DB-API 2.0 (PEP 249), point by point, in the shape of the public compliance suites: one test for each demand.

Where the PEP leaves a choice, the test says which one was taken. One demand is
not met: `paramstyle` is none of its five.
"""

from __future__ import annotations

import builtins
import datetime
import inspect
import pickle
import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import ootheca
from ootheca import errors

DRINKS = [("Boag's",), ("Cooper's",), ("Victoria Bitter",), ("XXXX",)]


@pytest.fixture
def con() -> Iterator[ootheca.Connection]:
    with ootheca.connect() as connection:
        connection.execute("CREATE TABLE booze (name STRING)")
        yield connection


@pytest.fixture
def filled(con: ootheca.Connection) -> ootheca.Cursor:
    con.cursor().executemany("INSERT INTO booze VALUES ($1)", DRINKS)
    return con.execute("SELECT name FROM booze ORDER BY name")


# The module


def test_globals_of_the_module() -> None:
    assert (ootheca.apilevel, ootheca.threadsafety) == ("2.0", 1)
    assert ootheca.paramstyle == "numeric_dollar"  # CockroachDB's `$1`; SQLAlchemy knows it by this word


def test_exceptions_inherit_as_the_pep_draws_it() -> None:
    assert issubclass(ootheca.Warning, Exception)
    assert not issubclass(ootheca.Warning, ootheca.Error)
    assert issubclass(ootheca.Error, Exception)
    assert issubclass(ootheca.InterfaceError, ootheca.Error)
    assert issubclass(ootheca.DatabaseError, ootheca.Error)
    assert not issubclass(ootheca.InterfaceError, ootheca.DatabaseError)
    for name in ("Data", "Operational", "Integrity", "Internal", "Programming", "NotSupported"):
        assert issubclass(getattr(ootheca, f"{name}Error"), ootheca.DatabaseError), name


def test_every_error_of_ours_is_one_of_theirs() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        if kind not in (errors.OothecaError, errors.Warning):
            assert issubclass(kind, (ootheca.DatabaseError, ootheca.InterfaceError)), name


def test_an_error_of_a_code_is_of_the_class_for_the_code() -> None:
    kinds = {
        "0A000": ootheca.NotSupportedError,
        "22003": ootheca.DataError,
        "23505": ootheca.IntegrityError,
        "42P01": ootheca.ProgrammingError,
        "57014": ootheca.OperationalError,
        "XXUUU": ootheca.DatabaseError,
    }
    for code, kind in kinds.items():
        error = errors.OothecaError("m", sqlstate=code, hint="h")
        assert (type(error), error.sqlstate) == (kind, code)
        assert type(error.prefixed("outer")) is kind
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), again.sqlstate, again.hint) == (kind, code, "h")
    assert type(errors.OothecaError("m")) is ootheca.DatabaseError


def test_a_class_and_its_code_agree() -> None:
    """But for what lies outside a statement, which DB-API calls operational whatever its code."""
    for name in errors.__all__:
        kind: Any = getattr(errors, name)
        if issubclass(kind, errors.DatabaseError) and not issubclass(kind, errors.OperationalError):
            assert issubclass(kind, type(errors.OothecaError("m", sqlstate=kind.sqlstate))), name


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELEC 1", ootheca.ProgrammingError),
        ("SELECT * FROM nowhere", ootheca.ProgrammingError),
        ("INSERT INTO k VALUES (1), (1)", ootheca.IntegrityError),
        ("INSERT INTO k VALUES (NULL)", ootheca.IntegrityError),
        ("SELECT 'x'::INT", ootheca.DataError),
        ("SELECT 1 / 0", ootheca.DataError),
        ("SHOW BACKUPS IN 's3://b?AUTH=nonsense'", ootheca.DatabaseError),
        ("IMPORT INTO k CSV DATA ('nodelocal://1/x')", ootheca.NotSupportedError),
        ("COMMIT", ootheca.OperationalError),
    ],
)
def test_errors_of_statements_are_of_the_kind_the_pep_says(
    con: ootheca.Connection, sql: str, kind: type[Exception]
) -> None:
    con.execute("CREATE TABLE k (a INT PRIMARY KEY)")
    with pytest.raises(kind) as caught:
        con.execute(sql)
    assert isinstance(caught.value, ootheca.Error)
    assert len(caught.value.sqlstate) == 5


def test_constructors() -> None:
    assert ootheca.Date(2002, 12, 25) == datetime.date(2002, 12, 25)
    assert ootheca.Time(13, 45, 30) == datetime.time(13, 45, 30)
    assert ootheca.Timestamp(2002, 12, 25, 13, 45, 30) == datetime.datetime.fromisoformat(
        "2002-12-25 13:45:30"
    )
    assert ootheca.Binary(b"ab\x00") == b"ab\x00"
    ticks = time.mktime((2002, 12, 25, 13, 45, 30, 0, 0, 0))
    assert ootheca.DateFromTicks(ticks) == datetime.date(2002, 12, 25)
    assert ootheca.TimeFromTicks(ticks) == datetime.time(13, 45, 30)
    assert ootheca.TimestampFromTicks(ticks) == ootheca.Timestamp(2002, 12, 25, 13, 45, 30)


def test_what_constructors_make_can_be_a_parameter(con: ootheca.Connection) -> None:
    values = [
        ootheca.Date(2002, 12, 25),
        ootheca.Time(13, 45, 30),
        ootheca.Timestamp(2002, 12, 25, 13, 45, 30),
    ]
    values += [ootheca.Binary(b"ab\x00")]
    assert con.execute("SELECT $1, $2, $3, $4", values).fetchone() == tuple(values)


def test_type_objects_equal_the_type_codes_of_their_columns(con: ootheca.Connection) -> None:
    con.execute("CREATE TYPE mood AS ENUM ('sad')")
    cursor = con.execute(
        "SELECT 's'::VARCHAR(3), 'sad'::mood, b'b', 1::INT2, 1.5::DECIMAL(5,2), 1.5::FLOAT,"
        " now(), '2020-01-01'::DATE, '1h'::INTERVAL, 1::OID, true, '{}'::JSONB, ARRAY[1]"
    )
    kinds = (ootheca.STRING, ootheca.BINARY, ootheca.NUMBER, ootheca.DATETIME, ootheca.ROWID)
    assert cursor.description is not None
    codes = [column[1] for column in cursor.description]
    found = [[kind for kind in kinds if code == kind] for code in codes]
    s, b, n, d, r = ([kind] for kind in kinds)
    assert found == [s, s, b, n, n, n, d, d, d, r, [], [], []]
    assert codes[3] == "INT2"  # the code is CockroachDB's own spelling, too


def test_type_objects_cannot_be_mixed_up() -> None:
    assert ootheca.STRING != ootheca.NUMBER
    assert repr(ootheca.STRING) == "ootheca.STRING"
    with pytest.raises(TypeError, match="unhashable"):
        hash(ootheca.STRING)


# Connections


def test_connect_takes_the_place_of_the_store(tmp_path: Path) -> None:
    with ootheca.connect(tmp_path / "store") as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS a")
    with ootheca.connect(store=str(tmp_path / "store")) as con:
        assert con.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_exceptions_are_attributes_of_the_connection(con: ootheca.Connection) -> None:
    names = [name for name in ootheca.__all__ if name.endswith("Error")] + ["Warning"]
    for name in set(names) - {"OothecaError"}:
        assert getattr(con, name) is getattr(ootheca, name), name


def test_commit_and_rollback_are_there_and_do_nothing_without_begin(con: ootheca.Connection) -> None:
    con.commit()
    con.rollback()
    con.execute("INSERT INTO booze VALUES ('a')")
    con.rollback()
    assert con.execute("SELECT count(*) FROM booze").fetchone() == (1,)


def test_closing_rolls_back_what_begin_started(tmp_path: Path) -> None:
    with ootheca.connect(tmp_path / "store") as con:
        con.execute("CREATE TABLE t (a INT)")
        con.execute("BEGIN; INSERT INTO t VALUES (1)")
    with ootheca.connect(tmp_path / "store") as con:
        assert con.execute("SELECT a FROM t").fetchall() == []


def test_autocommit_is_on_and_says_how_to_do_without(con: ootheca.Connection) -> None:
    assert con.autocommit is True
    con.autocommit = True
    with pytest.raises(ootheca.NotSupportedError) as caught:
        con.autocommit = False
    assert "BEGIN" in (caught.value.hint or "")


def test_a_closed_connection_refuses_everything(con: ootheca.Connection) -> None:
    cursor = con.execute("SELECT 1")
    con.close()
    con.close()
    for call in (con.cursor, con.commit, con.rollback, lambda: con.execute("SELECT 1")):
        with pytest.raises(ootheca.InterfaceError):
            call()
    for call in (cursor.fetchone, cursor.fetchmany, cursor.fetchall, lambda: cursor.execute("SELECT 1")):
        with pytest.raises(ootheca.InterfaceError):
            call()
    with pytest.raises(ootheca.InterfaceError):
        cursor.executemany("SELECT $1", [[1]])


# Cursors


def test_cursors_of_a_connection_see_each_others_changes(con: ootheca.Connection) -> None:
    one, two = con.cursor(), con.cursor()
    one.execute("INSERT INTO booze VALUES ('Victoria Bitter')")
    two.execute("SELECT name FROM booze")
    assert two.fetchall() == [("Victoria Bitter",)]
    assert (one.connection, two.connection) == (con, con)


def test_description(con: ootheca.Connection) -> None:
    cursor = con.cursor()
    assert cursor.description is None
    cursor.execute("SELECT name FROM booze")
    assert cursor.description is not None
    assert [len(column) for column in cursor.description] == [7]
    assert cursor.description[0][0] == "name"
    assert cursor.description[0][1] == ootheca.STRING
    cursor.execute("CREATE TABLE barflys (name STRING)")
    assert cursor.description is None


def test_rowcount(con: ootheca.Connection) -> None:
    cursor = con.cursor()
    assert cursor.rowcount == -1
    assert cursor.execute("CREATE TABLE barflys (name STRING)").rowcount == -1
    assert cursor.execute("INSERT INTO booze VALUES ('a'), ('b')").rowcount == 2
    assert cursor.execute("UPDATE booze SET name = 'c' WHERE name = 'a'").rowcount == 1
    assert cursor.execute("SELECT name FROM booze").rowcount == -1  # rows are made while they are read


def test_execute_takes_parameters_by_number(con: ootheca.Connection) -> None:
    cursor = con.cursor()
    cursor.execute("INSERT INTO booze VALUES ($1)", ("Cooper's",))
    assert cursor.execute("SELECT name FROM booze WHERE name = $1", ["Cooper's"]).fetchall() == [
        ("Cooper's",)
    ]
    assert cursor.execute("SELECT $2, $1, $2", (1, "x")).fetchone() == ("x", 1, "x")


@pytest.mark.parametrize("parameters", [{"1": 2}, "1", b"1", 1, iter([1])])
def test_parameters_that_are_no_sequence_are_refused(con: ootheca.Connection, parameters: Any) -> None:
    with pytest.raises(ootheca.InterfaceError, match="parameters must be a sequence"):
        con.execute("SELECT $1", parameters)


@pytest.mark.parametrize(
    ("sql", "parameters"), [("SELECT $2", [1]), ("SELECT $1", [1, 2]), ("SELECT 1", [1])]
)
def test_too_few_or_too_many_parameters_are_refused(
    con: ootheca.Connection, sql: str, parameters: list[object]
) -> None:
    with pytest.raises(ootheca.ProgrammingError) as caught:
        con.execute(sql, parameters)
    assert caught.value.sqlstate == "08P01"


def test_executemany(con: ootheca.Connection) -> None:
    cursor = con.cursor()
    assert cursor.executemany("INSERT INTO booze VALUES ($1)", iter(DRINKS)).rowcount == len(DRINKS)
    assert cursor.executemany("INSERT INTO booze VALUES ($1)", []).rowcount == 0
    assert sorted(con.execute("SELECT name FROM booze")) == DRINKS


@pytest.mark.parametrize("fetch", ["fetchone", "fetchmany", "fetchall", "arrow", "__next__"])
def test_fetching_without_rows_is_an_error(con: ootheca.Connection, fetch: str) -> None:
    cursor = con.cursor()
    with pytest.raises(ootheca.ProgrammingError):
        getattr(cursor, fetch)()
    cursor.execute("CREATE TABLE barflys (name STRING)")
    with pytest.raises(ootheca.ProgrammingError):
        getattr(cursor, fetch)()
    with pytest.raises(ootheca.Error):
        cursor.execute("SELECT * FROM nowhere")
    with pytest.raises(ootheca.ProgrammingError):
        getattr(cursor, fetch)()


def test_fetchone(con: ootheca.Connection) -> None:
    cursor = con.execute("SELECT name FROM booze")
    assert cursor.fetchone() is None
    con.execute("INSERT INTO booze VALUES ('Victoria Bitter')")
    cursor.execute("SELECT name FROM booze")
    assert cursor.fetchone() == ("Victoria Bitter",)
    assert cursor.fetchone() is None
    assert cursor.fetchone() is None


def test_fetchmany(filled: ootheca.Cursor) -> None:
    assert filled.arraysize == 1
    assert filled.fetchmany() == DRINKS[:1]
    filled.arraysize = 2
    assert filled.fetchmany() == DRINKS[1:3]
    assert filled.fetchmany(10) == DRINKS[3:]
    assert filled.fetchmany(10) == []


def test_fetchall(filled: ootheca.Cursor) -> None:
    assert filled.fetchall() == DRINKS
    assert filled.fetchall() == []


def test_fetches_may_be_mixed(filled: ootheca.Cursor) -> None:
    assert filled.rownumber == 0
    assert [filled.fetchone(), *filled.fetchmany(1)] == DRINKS[:2]
    assert filled.rownumber == 2
    assert filled.arrow().column("name").to_pylist() == ["Victoria Bitter", "XXXX"]
    assert (filled.rownumber, filled.fetchall(), filled.arrow().num_rows) == (4, [], 0)


def test_iteration(filled: ootheca.Cursor) -> None:
    assert iter(filled) is filled
    assert next(filled) == DRINKS[0]
    assert list(filled) == DRINKS[1:]
    with pytest.raises(StopIteration):
        next(filled)


def test_sizes_may_be_set_and_change_nothing(con: ootheca.Connection) -> None:
    cursor = con.cursor()
    cursor.setinputsizes((25,))
    cursor.setoutputsize(1000)
    cursor.setoutputsize(2000, 0)
    assert cursor.execute("SELECT $1", ["a" * 3000]).fetchone() == ("a" * 3000,)


def test_a_closed_cursor_refuses_everything(filled: ootheca.Cursor) -> None:
    with filled as cursor:
        assert cursor.fetchone() == DRINKS[0]
    filled.close()
    assert (filled.description, filled.rownumber) == (None, None)
    for call in (filled.fetchone, filled.fetchmany, filled.fetchall, lambda: filled.execute("SELECT 1")):
        with pytest.raises(ootheca.InterfaceError, match="the cursor is closed"):
            call()


def test_none_is_null(con: ootheca.Connection) -> None:
    con.execute("INSERT INTO booze VALUES ($1)", [None])
    assert con.execute("SELECT name, name IS NULL FROM booze").fetchall() == [(None, True)]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("1", 1),
        ("1.50", Decimal("1.50")),
        ("1.5::FLOAT", 1.5),
        ("true", True),
        ("'a'", "a"),
        ("b'\\x00a'", b"\x00a"),
        ("'2020-02-29'::DATE", datetime.date(2020, 2, 29)),
        ("'01:02:03.5'::TIME", datetime.time(1, 2, 3, 500_000)),
        ("'2020-02-29 01:02:03'::TIMESTAMP", ootheca.Timestamp(2020, 2, 29, 1, 2, 3)),
        (
            "'2020-02-29 01:02:03+01'::TIMESTAMPTZ",
            datetime.datetime(2020, 2, 29, 0, 2, 3, tzinfo=datetime.UTC),
        ),
        ("'1 mon 2 days 00:00:03'::INTERVAL", (1, 2, 3_000_000_000)),
        ("'63616665-6630-3064-6465-616462656562'::UUID", uuid.UUID("63616665-6630-3064-6465-616462656562")),
        ("'{\"a\": 1}'::JSONB", '{"a": 1}'),
        ("'10.0.0.1'::INET", "10.0.0.1"),
        ("B'101'", "101"),
        ("ARRAY[1, 2]", [1, 2]),
    ],
)
def test_values_are_the_python_objects_that_are_promised(
    con: ootheca.Connection, sql: str, value: object
) -> None:
    (row,) = con.execute(f"SELECT {sql}").fetchall()
    assert row == (value,)


@pytest.mark.parametrize("name", ["callproc", "nextset", "scroll"])
def test_what_the_pep_leaves_out_for_lack_of_it_is_left_out(name: str) -> None:
    assert not hasattr(ootheca.Cursor, name)


def test_the_names_of_builtins_stay_what_they_are() -> None:
    assert builtins.Warning is not ootheca.Warning
    assert inspect.isclass(ootheca.Binary)
