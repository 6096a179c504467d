"""SELECT, INSERT, UPSERT, UPDATE, DELETE and their kin: the engine runs them; what is ours inside brackets runs first.

A bracketed statement (`SELECT … FROM [SHOW BACKUP …]`) is run for its rows, and a made-up name takes its place in the
text that goes to the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from ootheca.engine.base import QueryColumn, Source
from ootheca.errors import OothecaError, UnsupportedError
from ootheca.exec.dispatch import dispatch, feature_name
from ootheca.exec.past import past_names
from ootheca.exec.result import Result, ResultColumn, string
from ootheca.sql import ast
from ootheca.types import arrow_type

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]


def run(statement: ast.Statement, session: Session) -> Result:
    """Run a query, or explain one.

    Raises:
        OothecaError: what the engine or a bracketed statement raises.
    """
    match statement:
        case ast.Query():
            return _run_query(statement, session)
        case ast.Explain(statement=ast.Query() as query):
            _refuse_effects(query)
            return _run_query(query, session, prefix="EXPLAIN ")
        case ast.Explain():
            return _explain(statement)
    raise AssertionError(statement)


def _explain(explained: ast.Explain) -> Result:
    """Explain a statement that is no query: CockroachDB's plan of one is a single node that bears its name."""
    inner = explained.statement
    verb = feature_name(inner)
    if explained.is_analyze:
        raise UnsupportedError(
            f"unimplemented: EXPLAIN ANALYZE of {verb}",
            hint="run the statement itself: its answer has the counts",
        )
    lines = ("distribution: local", "vectorized: true", "", f"• {verb.lower()}")
    return Result.of_rows((string("info"),), [(line,) for line in lines], tag="EXPLAIN")


def _run_query(query: ast.Query, session: Session, prefix: str = "") -> Result:
    text, sources = _without_brackets(query, session)
    found = session.engine.run(
        prefix + text, session.names, sources=sources, past=lambda operand: past_names(session, operand)
    )
    if found.row_count is not None:
        session.note_change()
    if found.columns is None:
        return Result.command(found.tag)
    columns = tuple(ResultColumn(column.name, column.type) for column in found.columns)
    return Result(columns, found.batches, found.tag)


def _refuse_effects(query: ast.Query) -> None:
    """EXPLAIN runs nothing; a bracketed statement has to run for its columns to be known, so it may only show."""
    for bracketed in query.bracketed:
        if not type(bracketed.statement).__name__.startswith("Show"):
            raise UnsupportedError(
                "unimplemented: EXPLAIN of a query over a statement that changes something",
                hint="explain the query over a table",
            )


def _without_brackets(query: ast.Query, session: Session) -> tuple[str, dict[str, Source]]:
    """Run the bracketed statements; return the text with names in their places, and the rows behind the names."""
    sources: dict[str, Source] = {}
    text, end = [], 0
    for number, bracketed in enumerate(query.bracketed, 1):
        name = f"ootheca_source_{number}"
        sources[name] = _source(dispatch(bracketed.statement, session))
        text.append(query.text[end : bracketed.start])
        text.append(f"(TABLE {name})" if bracketed.is_cte else name)
        end = bracketed.end
    return "".join([*text, query.text[end:]]), sources


def _source(result: Result) -> Source:
    if result.columns is None:
        raise OothecaError("statement source does not return any columns", sqlstate="42601")
    columns = tuple(QueryColumn(column.name, column.type) for column in result.columns)
    return Source(columns, _reader(result.batches, result.columns))


def _reader(batches: Iterable[pa.RecordBatch], columns: tuple[ResultColumn, ...]) -> pa.RecordBatchReader:
    """Return the batches as one reader; its schema is the first batch's, for either representation may come."""
    rest: Iterator[pa.RecordBatch] = iter(batches)
    first = next(rest, None)
    if first is None:
        schema = pa.schema([pa.field(column.name, arrow_type(column.type)) for column in columns])
        return pa.RecordBatchReader.from_batches(schema, [])
    return pa.RecordBatchReader.from_batches(first.schema, chain((first,), rest))
