"""CREATE VIEW and MATERIALIZED VIEW, REFRESH, and ALTER VIEW."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ootheca import pb
from ootheca.catalog.table import USER_TYPE_OID_OFFSET
from ootheca.clock import unique_int64
from ootheca.engine.base import QueryColumn
from ootheca.errors import OothecaError, UnsupportedError
from ootheca.exec.ddl.builder import TableBuilder, new_table
from ootheca.exec.ddl.relations import change_relation
from ootheca.exec.ddl.support import is_taken, new_object_name, require_kind, target_schema
from ootheca.exec.ddl.table_indexes import (
    all_indexes,
    ensure_primary_key,
    number_constraints,
    refresh_primary_index,
)
from ootheca.exec.ddl.types import type_message
from ootheca.exec.ddl.view_query import ViewQuery, read_view_query
from ootheca.exec.history import retire
from ootheca.exec.resolver import table_name
from ootheca.exec.result import Result
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["fill_from_query", "query_columns", "run"]

_MATERIALIZED_VERSION = 2  # added, then public


def run(statement: ast.CreateView | ast.AlterView | ast.RefreshMaterializedView, session: Session) -> Result:
    """Create, change or refresh a view."""
    match statement:
        case ast.CreateView():
            return _create(statement, session)
        case ast.RefreshMaterializedView():
            return _refresh(statement, session)
        case _:
            kind = "materialized view" if statement.is_materialized else "view"
            desc = require_kind(session, statement.name, kind, if_exists=statement.if_exists)
            if desc is None:
                return Result.command("ALTER VIEW")
            return change_relation(session, desc, statement.action, statement.value)


def _create(statement: ast.CreateView, session: Session) -> Result:
    if statement.is_temporary:
        raise UnsupportedError("temporary views are only supported experimentally")
    if statement.or_replace:
        raise UnsupportedError(
            "unimplemented: CREATE OR REPLACE VIEW is not supported", hint="DROP VIEW first"
        )
    schema = target_schema(session, statement.name)
    name = statement.name.object
    if is_taken(session, schema, name, if_not_exists=statement.if_not_exists):
        return Result.command("CREATE VIEW")
    query = read_view_query(session, statement.query.text)
    columns = _named(query_columns(session, query.text), statement.columns)
    desc = new_table(session, schema, name)
    desc.view_query = query.text
    if statement.is_materialized:
        desc.is_materialized_view = True
        desc.version = _MATERIALIZED_VERSION
        _add_stored_columns(session, desc, columns)
    else:
        _add_columns(session, desc, columns)
    _link(session, desc, query)
    session.catalog.add(desc)
    _link_types(session, desc, is_stored=statement.is_materialized)
    engine_name = new_object_name(session, schema, name)
    if statement.is_materialized:
        session.engine.create_table(engine_name, session.describe(desc.id))
        if statement.with_data:
            fill_from_query(session, desc, query.text)
    else:
        session.engine.create_view(engine_name, query.text)
    return Result.command("CREATE VIEW")


def query_columns(session: Session, query: str) -> tuple[QueryColumn, ...]:
    """Return the columns that a query answers, without reading its rows."""
    result = session.engine.run(f"SELECT * FROM ({query}) AS q LIMIT 0", session.names)
    for _ in result.batches:
        pass
    return result.columns or ()


def _named(columns: Sequence[QueryColumn], names: Sequence[str]) -> list[QueryColumn]:
    if not names:
        return list(columns)
    if len(names) != len(columns):
        raise OothecaError(
            f"CREATE VIEW specifies {len(names)} column name{'s' if len(names) != 1 else ''}, "
            f"but data source has {len(columns)} column{'s' if len(columns) != 1 else ''}",
            sqlstate="42601",
        )
    return [QueryColumn(name, column.type) for name, column in zip(names, columns, strict=True)]


def _with_columns(session: Session, desc: pb.TableDescriptor, columns: Iterable[QueryColumn]) -> TableBuilder:
    builder = TableBuilder(session, desc)
    for column in columns:
        builder.append_column(
            column.name,
            type_message(column.type, session.catalog),
            is_nullable=session.rules.has_nullable_views,
        )
    return builder


def _add_columns(session: Session, desc: pb.TableDescriptor, columns: Iterable[QueryColumn]) -> None:
    builder = _with_columns(session, desc, columns)
    desc.next_index_id = desc.next_family_id = 0
    primary = desc.primary_index
    primary.version = 0
    if session.rules.stores_in_primary:
        primary.version = session.rules.index_version
        primary.encoding_type = 1
        refresh_primary_index(builder)
    if session.rules.has_constraint_ids:
        desc.next_constraint_id = 1


def _add_stored_columns(session: Session, desc: pb.TableDescriptor, columns: Iterable[QueryColumn]) -> None:
    builder = _with_columns(session, desc, columns)
    ensure_primary_key(builder)
    desc.primary_index.created_at_nanos = 0
    if not session.rules.has_created_at:
        desc.primary_index.ClearField("created_at_nanos")
    builder.complete_families()
    refresh_primary_index(builder)
    number_constraints(builder)


def _link(session: Session, desc: pb.TableDescriptor, query: ViewQuery) -> None:
    """Write what the view reads, on both sides."""
    ids = sorted(query.relations) if session.rules.sorts_dependencies else list(query.relations)
    desc.dependsOn.extend(ids)
    for id_ in ids:
        source = session.catalog.change_table(id_)
        source.dependedOnBy.add(id=desc.id, index_id=0, column_ids=sorted(query.relations[id_]))


def _link_types(session: Session, desc: pb.TableDescriptor, *, is_stored: bool) -> None:
    """Write what enums the columns are of: for stored rows as for a table, else the type of each column alone."""
    builder = TableBuilder(session, desc)
    if is_stored or not session.rules.views_depend_on_types:
        builder.link_types()
        return
    ids = {
        column.type.oid - USER_TYPE_OID_OFFSET
        for column in desc.columns
        if column.type.oid > USER_TYPE_OID_OFFSET
    }
    for id_ in sorted(ids):
        session.catalog.change_type(id_).referencing_descriptor_ids.append(desc.id)
        desc.dependsOnTypes.append(id_)


def fill_from_query(session: Session, desc: pb.TableDescriptor, query: str) -> int:
    """Insert a query's rows into a new table, with numbers for the hidden column, and return how many."""
    result = session.engine.run(query, session.names)
    names = [column.name for column in desc.columns if not column.hidden]
    hidden = next((column.name for column in desc.columns if column.hidden), None)
    batches = list(_with_row_ids(session, result.batches, names, hidden))
    return session.engine.insert(table_name(session, desc), session.describe(desc.id), batches)


def _with_row_ids(
    session: Session, batches: Iterator[pa.RecordBatch], names: list[str], hidden: str | None
) -> Iterator[pa.RecordBatch]:
    start = unique_int64(session.clock)
    for batch in batches:
        columns = list(batch.columns)
        if hidden is not None:
            # One unit of time for each row: the numbers stay unique while rows are made no faster than that.
            columns.append(pa.array(start + (np.arange(batch.num_rows, dtype=np.int64) << 15)))
            start += batch.num_rows << 15
        yield pa.RecordBatch.from_arrays(columns, names=[*names, hidden] if hidden is not None else names)


def _refresh(statement: ast.RefreshMaterializedView, session: Session) -> Result:
    found = require_kind(session, statement.name, "materialized view", if_exists=False)
    assert found is not None
    retire(session, found)
    desc = session.catalog.change_table(found.id, _MATERIALIZED_VERSION)
    for index in all_indexes(desc):
        index.id = desc.next_index_id
        desc.next_index_id += 1
    desc.next_mutation_id += 1
    session.engine.truncate_table(table_name(session, desc))
    if statement.with_data is not False:
        fill_from_query(session, desc, desc.view_query)
    return Result.command("REFRESH MATERIALIZED VIEW")
