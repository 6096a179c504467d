"""Queries and writes in CockroachDB's language, run as DuckDB's statements inside the open transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from ootheca.engine.base import NameResolver, QueryColumn, QueryResult, Source
from ootheca.engine.connection import Connection
from ootheca.engine.reads import is_present, sequence_parts
from ootheca.engine.tables import temporary_name
from ootheca.engine.transactions import Transactions
from ootheca.errors import OothecaError
from ootheca.types import STRING

if TYPE_CHECKING:
    from ootheca.engine.dialect import Statement
    from ootheca.engine.queries import Queries, Query

# What translates queries is imported where it is used: sqlglot takes longer to load than many a statement to run.
__all__ = ["Statements"]

_WRITES = ("insert", "update", "delete")


class Statements(Transactions):
    """Runs statements."""

    def run(
        self,
        sql: str,
        names: NameResolver,
        *,
        sources: Mapping[str, Source] | None = None,
        past: Callable[[str], NameResolver] | None = None,
    ) -> QueryResult:
        """Run a query of CockroachDB's language."""
        from ootheca.engine.dialect import parse_query

        statement = parse_query(sql)
        as_of = statement.prepared.as_of
        if as_of is not None and not is_present(as_of):
            if past is None or statement.tree.key in _WRITES:
                raise OothecaError(
                    f"unimplemented: AS OF SYSTEM TIME {as_of} in this statement", sqlstate="0A000"
                )
            # What the past held is written beside the present, for this transaction to read.
            self._is_dirty = True
            return self._read(statement, past(as_of), sources or {})
        if statement.tree.key in _WRITES:
            if statement.prepared.is_explain:
                return self._explain_write(statement, names)
            return self._write(statement, names, sources or {})
        return self._read(statement, names, sources or {})

    def _read(self, statement: Statement, names: NameResolver, sources: Mapping[str, Source]) -> QueryResult:
        reader = self._reader()
        used: list[str] = []
        queries = self._queries(names, statement, reader, sources, used)
        query = queries.query(statement.tree)
        if statement.prepared.is_explain:
            return self._explain(query, reader)
        rows = reader.stream(query.sql, on_close=lambda: self._end_read(reader, used))
        if self._gives_values:
            rows.keep()
            self._flush_sequences()
        columns = tuple(QueryColumn(column.name, column.type) for column in query.columns)
        return QueryResult(columns, _named(rows, columns), "SELECT", None)

    def _end_read(self, reader: Connection, used: Sequence[str]) -> None:
        for name in used:
            reader.unregister(name)
        if reader is not self._connection:
            reader.close()

    def _explain(self, query: Query, reader: Connection) -> QueryResult:
        plan = str(reader.fetch(f"EXPLAIN {query.sql}")[0][1])
        if reader is not self._connection:
            reader.close()
        return _lines(plan.splitlines())

    def _explain_write(self, statement: Statement, names: NameResolver) -> QueryResult:
        """A write is several statements of DuckDB's, so that there is no one plan: what is written is named."""
        from ootheca.engine.writes import Writes

        queries = self._queries(names, statement, self._connection, {}, [])
        writes = Writes(self._tables, queries, self.versions)
        return _lines(writes.explain(statement.tree, is_upsert=statement.prepared.is_upsert))

    def _write(self, statement: Statement, names: NameResolver, sources: Mapping[str, Source]) -> QueryResult:
        from ootheca.engine.writes import Writes

        self._is_dirty = True
        used: list[str] = []
        queries = self._queries(names, statement, self._connection, sources, used)
        writes = Writes(self._tables, queries, self.versions, statement.rows)
        outcome = writes.run(statement.tree, is_upsert=statement.prepared.is_upsert)
        columns: tuple[QueryColumn, ...] | None = None
        batches: Iterator[pa.RecordBatch] = iter(())
        tag = f"{outcome.verb} {outcome.row_count}"
        if outcome.returning is not None:
            columns = tuple(QueryColumn(column.name, column.type) for column in outcome.returning.columns)
            rows = self._connection.stream(outcome.returning.sql)
            rows.keep()  # the stage is about to go
            batches, tag = _named(rows, columns), outcome.verb
        writes.stager.drop_all()
        for name in used:
            self._connection.unregister(name)
        self._flush_sequences()
        return QueryResult(columns, batches, tag, outcome.row_count)

    def _queries(
        self,
        names: NameResolver,
        statement: Statement | None,
        reader: Connection,
        sources: Mapping[str, Source] | None = None,
        used: list[str] | None = None,
    ) -> Queries:
        from ootheca.engine.context import Context
        from ootheca.engine.queries import Queries
        from ootheca.engine.texts import is_int64

        def use_sequence(text: str) -> str:
            by_id = is_int64(text)
            name, _ = names.resolve_id(int(text)) if by_id else names.resolve(sequence_parts(text))
            self._gives_values = True
            return self._metadata.use_sequence(name, self._runtime)

        def use_source(key: str) -> str:
            source = (sources or {})[key]
            name = temporary_name("source")
            renamed = pa.schema([pa.field(f"c{i + 1}", f.type) for i, f in enumerate(source.batches.schema)])
            batches = (pa.RecordBatch.from_arrays(batch.columns, schema=renamed) for batch in source.batches)
            reader.register(name, pa.Table.from_batches(batches, schema=renamed))
            if used is not None:
                used.append(name)
            return name

        self._metadata.load_rowid(self._runtime)
        context = Context(
            self._runtime, names, self._now, self._tables.physical, self._metadata.view, use_sequence
        )
        if statement is not None:
            context = context.for_statement(statement)
        return Queries(context, sources or {}, use_source)


def _lines(lines: Sequence[str]) -> QueryResult:
    """Return the answer of EXPLAIN."""
    batch = pa.RecordBatch.from_pydict({"info": pa.array(lines, pa.string())})
    return QueryResult((QueryColumn("info", STRING),), iter((batch,)), "EXPLAIN", None)


def _named(rows: Iterable[pa.RecordBatch], columns: Sequence[QueryColumn]) -> Iterator[pa.RecordBatch]:
    """Yield batches under the user's column names."""
    for batch in rows:
        fields = [pa.field(c.name, a.type) for c, a in zip(columns, batch.columns, strict=True)]
        yield pa.RecordBatch.from_arrays(batch.columns, schema=pa.schema(fields))
