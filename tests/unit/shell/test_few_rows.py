"""A few rows are worded without Arrow, exactly as with it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ootheca.exec.result import FewRows, ResultColumn
from ootheca.exec.session import Session
from ootheca.shell.render.registry import FORMATS, renderer
from ootheca.shell.render.values import text_rows
from ootheca.types import BOOL, BYTES, DATE, INT8, JSONB, STRING, TIMESTAMP, TIMESTAMPTZ, Family, SQLType

MOMENTS = st.datetimes()
VALUES = {
    BOOL: st.booleans(),
    INT8: st.integers(-(2**63), 2**63 - 1),
    STRING: st.text() | st.text("a\t\n\x00\x7f é"),
    JSONB: st.sampled_from(['{"a": 1}', "[]", '"é"', '"\\u0000"']),
    TIMESTAMP: MOMENTS,
    TIMESTAMPTZ: MOMENTS | MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC)),
    BYTES: st.binary(),
    SQLType(Family.STRING, 1042, width=3, visible_type=8): st.text("ab", max_size=3),
}
COLUMNS = tuple(ResultColumn(f"c{place}", type_) for place, type_ in enumerate(VALUES))


@given(
    st.lists(st.tuples(*(st.none() | values for values in VALUES.values())), max_size=3),
    st.sampled_from(["20.2", "21.2"]),
)
def test_words_are_those_of_arrow(rows: list[tuple[object, ...]], version: str) -> None:
    for place, column in enumerate(COLUMNS):
        few = FewRows((column,), [(row[place],) for row in rows])
        plain = [
            text for batch in text_rows(few.columns, few, version=version).batches for text in batch.texts(0)
        ]
        arrow = text_rows(few.columns, list(few), version=version)
        assert plain == [text for batch in arrow.batches for text in batch.columns[0].to_pylist()]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    "rows", [[], [("a", 1), (None, None)], [("é", 1)]], ids=["none", "plain", "not plain"]
)
def test_every_format_draws_the_same(format_: str, rows: list[tuple[object, ...]]) -> None:
    columns = (ResultColumn("t", STRING), ResultColumn("n", INT8))
    few = FewRows(columns, rows)
    drawn: list[list[str]] = [[], []]
    for pieces, batches in zip(drawn, (few, list(few)), strict=True):
        renderer(format_)(text_rows(columns, batches, version="21.2"), pieces.append)
    assert "".join(drawn[0]) == "".join(drawn[1])


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        (TIMESTAMPTZ, datetime(2020, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), "2020-01-02 01:00:00+00"),
        (DATE, date(2020, 1, 2), "2020-01-02"),
        (STRING, "a\x07", "a\\a"),
        (INT8, None, "NULL"),
    ],
)
def test_what_is_not_plain_is_left_to_arrow(type_: SQLType, value: object, text: str) -> None:
    few = FewRows((ResultColumn("c", type_),), [(value,)])
    assert [batch.texts(0) for batch in text_rows(few.columns, few, version="21.2").batches] == [[text]]


def test_show_backup_loads_neither_arrow_nor_numpy(tmp_path: Path) -> None:
    place = "'nodelocal://1/b' WITH encryption_passphrase = 'secret'"
    with Session(external_io_dir=tmp_path) as session:
        list(session.execute(f"CREATE TABLE t (a INT); INSERT INTO t VALUES (1); BACKUP TABLE t TO {place}"))
    program = (
        "import sys; from ootheca.shell.main import main; "
        f"main(['--store', ':memory:', '--external-io-dir', {str(tmp_path)!r}, '-e', \"SHOW BACKUP {place}\"]); "
        "print([m for m in ('duckdb', 'numpy', 'pyarrow') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ("(3 rows)" in done.stdout, done.stderr) == (True, "[]\n")
