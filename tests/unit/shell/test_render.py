"""Every display format against what CockroachDB's own client printed, from hand-made columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ootheca.errors import InvalidOptionError
from ootheca.exec.result import ResultColumn, boolean, integer, string
from ootheca.shell.render.registry import FORMATS, renderer
from ootheca.shell.render.values import TextBatch, TextRows, text_rows
from ootheca.types import (
    BYTES,
    DATE,
    FLOAT8,
    INT8,
    INTERVAL,
    JSONB,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
    Family,
    SQLType,
    array_of,
    arrow_type,
)  # fmt: skip

EVIDENCE = Path(__file__).parents[3] / "fixtures" / "conformance"
DECIMAL_10_2 = SQLType(Family.DECIMAL, 1700, precision=10, width=2)


def _table() -> tuple[tuple[ResultColumn, ...], pa.RecordBatch]:
    """The table sh.t of the evidence."""
    start = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    tz = pa.timestamp("us", tz="UTC")
    columns: dict[str, tuple[Any, pa.Array]] = {
        "id": (INT8, pa.array([1, 2, 3, 4, 5])),
        "s": (STRING, pa.array(["plain", 'with "quotes", comma', "two\nlines\tand tab", None, "日本 ☃"])),
        "f": (FLOAT8, pa.array([1.5, -2.0, 1e300, None, 0.1])),
        "d": (DECIMAL_10_2, pa.array([Decimal("10.50"), None, Decimal("0.01"), None, Decimal("-1.00")],
                                     pa.decimal128(10, 2))),
        "b": (boolean("b").type, pa.array([True, False, None, None, True])),
        "by": (BYTES, pa.array([b"abc", b"\x00\xff", b"", None, "日".encode()])),
        "ts": (TIMESTAMP, pa.array([start, None, None, None, datetime(1, 1, 1, tzinfo=UTC)], pa.timestamp("us"))),
        "tz": (TIMESTAMPTZ, pa.array([start + timedelta(milliseconds=678), None, None, None,
                                      datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)], pa.timestamp("us")).cast(tz)),
        "dt": (DATE, pa.array([date(2020, 1, 2), None, None, None, date(9999, 12, 31)])),
        "u": (UUID, pa.ExtensionArray.from_storage(
            pa.uuid(), pa.array([b"cafef00ddeadbeef", None, None, None, None], pa.binary(16)))),
        "j": (JSONB, pa.array(['{"k": [1, 2]}', "null", "[]", None, '"x"'])),
        "a": (array_of(INT8), pa.array([[1, 2], [], None, None, [None, 3]], pa.list_(pa.int64()))),
        "iv": (INTERVAL, pa.array([(0, 1, 7_384_000_000_000), None, (-1, 0, 0), None, (12, 0, 0)],
                                  pa.month_day_nano_interval())),
    }  # fmt: skip
    batch = pa.RecordBatch.from_arrays([array for _, array in columns.values()], names=list(columns))
    return tuple(ResultColumn(name, type_) for name, (type_, _) in columns.items()), batch


def _row(
    names: Sequence[str], types: Sequence[SQLType], *rows: Sequence[object]
) -> tuple[Any, pa.RecordBatch]:
    columns = tuple(ResultColumn(name, type_) for name, type_ in zip(names, types, strict=True))
    arrays = [pa.array([row[i] for row in rows], arrow_type(type_)) for i, type_ in enumerate(types)]
    return columns, pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])


def _chosen(*names: str, rows: int = 5) -> tuple[Any, pa.RecordBatch]:
    columns, batch = _table()
    by_name = {column.name: column for column in columns}
    return tuple(by_name[name] for name in names), batch.select(list(names)).slice(0, rows)


RESULTS = {
    "all_types": _table,
    "some": lambda: _chosen("id", "s", "b"),
    "one_column": lambda: _chosen("s"),
    "no_rows": lambda: _chosen("id", "s", rows=0),
    "quoted_names": lambda: _row(["a b", 'A,"q"', "select"], [INT8] * 3, (1, 2, 3)),
    "wide_header": lambda: _row(["a_very_long_column_name", "s"], [INT8, STRING], (1, "x")),
    "long_value": lambda: _row(["v", "n"], [STRING, INT8], ("x" * 60, 1)),
}


def _cases() -> list[Any]:
    found = []
    for version in ("20.2", "21.2"):
        for case in json.loads((EVIDENCE / version / "shell.json").read_text()):
            name, _, kind = case["name"].partition("/")
            if kind in RESULTS:
                found.append(
                    pytest.param(version, name, kind, case["stdout"], id=f"{version}-{case['name']}")
                )
    return found


def _render(format_: str, rows: TextRows, **options: int) -> str:
    written: list[str] = []
    renderer(format_, **options)(rows, written.append)
    return "".join(written)


def _of(kind: str, version: str = "21.2") -> TextRows:
    columns, batch = RESULTS[kind]()
    return text_rows(columns, [batch.slice(0, 2), batch.slice(2)], version=version)


@pytest.mark.parametrize(("version", "format_", "kind", "expected"), _cases())
def test_output_is_that_of_cockroachs_client(version: str, format_: str, kind: str, expected: str) -> None:
    assert _render(format_, _of(kind, version)) == expected


def test_seed_result_table() -> None:
    columns = [integer("job_id"), string("status"), ResultColumn("fraction_completed", FLOAT8),
               integer("rows"), integer("index_entries"), integer("bytes")]  # fmt: skip
    result = _row([c.name for c in columns], [c.type for c in columns],
                  (543214409874014209, "succeeded", 1.0, 2597, 1028, 467701))  # fmt: skip
    assert _render("table", text_rows(result[0], [result[1]], version="20.2")) == (
        "        job_id       |  status   | fraction_completed | rows | index_entries | bytes\n"
        "---------------------+-----------+--------------------+------+---------------+---------\n"
        "  543214409874014209 | succeeded |                  1 | 2597 |          1028 | 467701\n"
        "(1 row)\n"
    )


def test_json_and_ndjson_sort_keys_and_escape_as_go_does() -> None:
    columns, batch = _row(["b", "a"], [STRING, STRING], ("<&>", None), ("\u2028é", "x"))
    lines = ['{"a":"NULL","b":"\\u003c\\u0026\\u003e"}', '{"a":"x","b":"\\u2028é"}']
    assert _render("ndjson", TextRows(columns, [])) == ""
    assert _render("json", TextRows(columns, [])) == "[\n]\n"
    rendered = text_rows(columns, [batch], version="20.2")
    # U+2028 is not graphic, so the client has escaped it before the format sees it.
    assert _render("ndjson", rendered).splitlines()[0] == lines[0]
    one = TextRows(columns, [TextBatch(1, (pa.array(["\u2028é"]), pa.array(["x"])))])
    assert _render("ndjson", one) == lines[1] + "\n"
    two = TextRows(columns, [TextBatch(2, (pa.array(["1", "2"]), pa.array(["3", "4"])))])
    assert _render("json", two) == '[\n  {"a":"3","b":"1"},\n  {"a":"4","b":"2"}\n]\n'


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        ("csv", "# no columns\n# empty\n# empty\n# empty\n"),
        ("tsv", "# no columns\n# empty\n# empty\n# empty\n"),
        ("table", "--\n(3 rows)\n"),
        ("records", "(3 rows)\n"),
        ("raw", "# 0 columns\n# row 1\n# row 2\n# row 3\n# 3 rows\n"),
        (
            "sql",
            "CREATE TABLE results (\n);\n\n"
            + "INSERT INTO results(rowid) VALUES (DEFAULT);\n" * 3
            + "-- 3 rows\n",
        ),
    ],
)
def test_rows_without_columns(format_: str, expected: str) -> None:
    assert _render(format_, TextRows((), [TextBatch(3, ())])) == expected


def test_unnumbered_html_has_rows_alone() -> None:
    columns, batch = _row(["a<b"], [STRING], ("x\ny & 'z'",))
    assert _render("unnumbered-html", text_rows(columns, [batch], version="21.2")) == (
        "<table>\n<thead><tr><th>a&lt;b</th></tr></thead>\n<tbody>\n"
        "<tr><td>x<br/>y &amp; &#39;z&#39;</td></tr>\n</tbody>\n</table>\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b", '"a,b"'), ('say "hi"', '"say ""hi"""'), (" lead", '" lead"'), ("\\.", '"\\."'), ("", ""),
        ("trail ", "trail "), ("cr\rlf", '"cr\rlf"'), ("a\tb", "a\tb"), ("\u00a0x", '"\u00a0x"'),
    ],
)  # fmt: skip
def test_csv_quotes_a_field_only_where_go_does(text: str, expected: str) -> None:
    rows = TextRows((string("c"),), [TextBatch(1, (pa.array([text]),))])
    assert _render("csv", rows) == f"c\n{expected}\n"


@pytest.mark.parametrize(
    ("border", "expected"),
    [
        (1, "  a | b\n----+----\n  1 | x\n    | y\n----+----\n  2 | z\n(2 rows)\n"),
        (2, "+---+---+\n| a | b |\n+---+---+\n| 1 | x |\n|   | y |\n| 2 | z |\n+---+---+\n(2 rows)\n"),
        (
            3,
            "+---+---+\n| a | b |\n+---+---+\n| 1 | x |\n|   | y |\n+---+---+\n| 2 | z |\n+---+---+\n(2 rows)\n",
        ),
    ],
)
def test_border_draws_rules_between_and_around_rows(border: int, expected: str) -> None:
    columns, batch = _row(["a", "b"], [INT8, STRING], (1, "x\ny"), (2, "z"))
    assert _render("table", text_rows(columns, [batch], version="21.2"), border=border) == expected


def test_tabs_line_up_over_the_lines_of_a_cell() -> None:
    columns, batch = _row(["a"], [STRING], ("a\tb\tc\n12\t123123213\t12313",))
    lines = _render("table", text_rows(columns, [batch], version="21.2")).splitlines()
    assert lines[2:4] == ["  a   b         c", "  12  123123213 12313"]


def test_control_characters_are_escaped_as_go_does() -> None:
    columns, batch = _row(["a"], [STRING], ('\x01"é\x7f\u200e',))
    assert (
        _render("raw", text_rows(columns, [batch], version="21.2")).splitlines()[3]
        == '\\x01\\"\\u00e9\\x7f\\u200e'
    )


def test_large_batches_are_written_in_pieces() -> None:
    columns, batch = _row(["a"], [INT8], *[(i,) for i in range(20_000)])
    written: list[str] = []
    assert renderer("csv")(text_rows(columns, [batch], version="21.2"), written.append) == 20_000
    assert len(written) == 4
    assert "".join(written).splitlines()[1:] == [str(i) for i in range(20_000)]


def test_unknown_format_names_the_possible_ones() -> None:
    with pytest.raises(
        InvalidOptionError, match="invalid table display format: bogus \\(possible values: table, csv"
    ):
        renderer("bogus")
    assert set(FORMATS) >= {"table", "csv", "tsv", "records", "sql", "html", "raw", "json", "ndjson"}


@pytest.mark.parametrize("border", [0, 1, 2, 3])
def test_table_that_streams_looks_the_same_when_its_first_batch_is_the_widest(border: int) -> None:
    columns = (string("name"), integer("n"))
    batches = [
        TextBatch(2, (pa.array(["longest", "b\nc"]), pa.array(["1000", "2"]))),
        TextBatch(1, (pa.array(["d"]), pa.array(["3"]))),
    ]
    written: dict[bool, str] = {}
    for streams in (False, True):
        pieces: list[str] = []
        renderer("table", border=border, streams=streams)(TextRows(columns, iter(batches)), pieces.append)
        written[streams] = "".join(pieces)
    assert written[True] == written[False]


def test_table_that_streams_writes_each_batch_when_it_comes_and_grows() -> None:
    seen: list[int] = []
    pieces: list[str] = []

    def batches() -> Iterator[TextBatch]:
        for text in ("a", "wider text"):
            seen.append(len(pieces))
            yield TextBatch(1, (pa.array([text]), pa.array(["1"])))

    renderer("table", streams=True)(TextRows((string("t"), integer("n")), batches()), pieces.append)
    assert seen == [0, 3]
    assert "".join(pieces) == "  t | n\n----+----\n  a | 1\n  wider text | 1\n(2 rows)\n"


@pytest.mark.parametrize("streams", [False, True])
def test_table_without_rows(streams: bool) -> None:
    pieces: list[str] = []
    renderer("table", border=2, streams=streams)(TextRows((string("t"),), iter(())), pieces.append)
    assert "".join(pieces) == "+---+\n| t |\n+---+\n+---+\n(0 rows)\n"
