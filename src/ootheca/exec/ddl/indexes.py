"""CREATE, ALTER and DROP INDEX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.errors import (
    DuplicateTableError,
    OothecaError,
    UndefinedError,
    UndefinedTableError,
    UnsupportedError,
)
from ootheca.exec.ddl.builder import TableBuilder
from ootheca.exec.ddl.partitions import set_interleave, set_partitioning
from ootheca.exec.ddl.support import kind_of
from ootheca.exec.ddl.table_indexes import (
    IndexSpec,
    add_index,
    add_shard_checks,
    all_indexes,
    find_index,
    number_constraints,
    refresh_primary_index,
)
from ootheca.exec.history import retire
from ootheca.exec.resolver import table_name
from ootheca.exec.result import Result
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["SCHEMA_CHANGE_STEPS", "add_index_to_table", "drop_index", "run", "table_of_index"]

SCHEMA_CHANGE_STEPS = 3  # written, then filled, then public


def run(statement: ast.CreateIndex | ast.AlterIndex | ast.DropIndex, session: Session) -> Result:
    """Create, change or drop indexes."""
    match statement:
        case ast.CreateIndex():
            return _create(statement, session)
        case ast.DropIndex():
            return _drop(statement, session)
        case _:
            return _alter(statement, session)


def _create(statement: ast.CreateIndex, session: Session) -> Result:
    desc = session.catalog.resolve_table(statement.table.parts, session.database)
    if kind_of(desc) not in ("table", "materialized view"):
        raise OothecaError(f'"{desc.name}" is not a table or materialized view', sqlstate="42809")
    if (
        statement.if_not_exists
        and statement.name is not None
        and find_index(desc, statement.name) is not None
    ):
        return Result.command("CREATE INDEX")
    spec = IndexSpec(
        statement.columns,
        statement.name,
        is_unique=statement.is_unique,
        is_inverted=statement.is_inverted,
        is_explicit=True,
        storing=statement.storing,
        sharding=statement.sharding,
        predicate=statement.predicate,
    )
    index, builder = add_index_to_table(session, desc, spec)
    if statement.partition_by is not None:
        set_partitioning(builder, index, statement.partition_by)
    if statement.interleave is not None:
        set_interleave(builder, index, statement.interleave)
    return Result.command("CREATE INDEX")


def add_index_to_table(
    session: Session, desc: pb.TableDescriptor, spec: IndexSpec
) -> tuple[pb.IndexDescriptor, TableBuilder]:
    """Add an index to a table that may hold rows.

    Raises:
        ConstraintError: it is unique and the rows are not.
    """
    staged = session.catalog.change_table(desc.id, SCHEMA_CHANGE_STEPS)
    builder = TableBuilder(session, staged)
    before = len(staged.columns)
    index = add_index(builder, spec)
    add_shard_checks(builder)
    builder.complete_families()
    refresh_primary_index(builder)
    number_constraints(builder)
    staged.next_mutation_id += 1
    name = table_name(session, staged)
    for column in staged.columns[before:]:
        session.engine.add_column(name, session.describe(staged.id), column.id, session.names)
    if index.unique:
        session.engine.find_violation(name, session.describe(staged.id), session.names)
    return index, builder


def table_of_index(session: Session, name: ast.IndexName) -> tuple[pb.TableDescriptor, pb.IndexDescriptor]:
    """Return the table and index that `table@index` or a lone index name means.

    Raises:
        UndefinedError: there is none.
        OothecaError: several tables of the schema have such an index.
    """
    if name.table is not None:
        desc = session.catalog.resolve_table(name.table.parts, session.database)
        index = find_index(desc, name.index)
        if index is None:
            raise UndefinedError(f'index "{name.index}" does not exist')
        return desc, index
    found = list(_search(session, name))
    if not found:
        raise UndefinedError(f'index "{name.index}" does not exist')
    if len(found) > 1:
        places = ", ".join(".".join(session.catalog.qualified_name(desc)) for desc, _ in found[:2])
        raise OothecaError(f'index name "{name.index}" is ambiguous (found in {places})', sqlstate="42P09")
    return found[0]


def _search(session: Session, name: ast.IndexName) -> Iterator[tuple[pb.TableDescriptor, pb.IndexDescriptor]]:
    schema = session.catalog.resolve_schema(name.prefix, session.database)
    if schema is None:
        raise UndefinedTableError(f'schema or database was not found while searching index: "{name.index}"')
    for desc in session.catalog.tables(schema.database_id, schema.id):
        index = find_index(desc, name.index) if kind_of(desc) in ("table", "materialized view") else None
        if index is not None:
            yield desc, index


def _drop(statement: ast.DropIndex, session: Session) -> Result:
    for name in statement.names:
        try:
            desc, index = table_of_index(session, name)
        except UndefinedError:
            if statement.if_exists:
                continue
            raise
        drop_index(session, desc, index.name, cascade=statement.behavior == "CASCADE")
    session.notice("the data for dropped indexes is reclaimed asynchronously")
    return Result.command("DROP INDEX")


def drop_index(session: Session, desc: pb.TableDescriptor, name: str, *, cascade: bool) -> None:
    """Drop a secondary index.

    Raises:
        OothecaError: it is the primary key, or stands for a UNIQUE constraint, or a foreign key needs it.
    """
    if desc.primary_index.name == name:
        raise OothecaError(
            f'cannot drop the primary index of a table using DROP INDEX: "{name}"',
            sqlstate="42P10",
            hint="use ALTER TABLE … ALTER PRIMARY KEY to choose another one",
        )
    index = find_index(desc, name)
    assert index is not None
    if index.unique and not index.created_explicitly and not cascade:
        raise OothecaError(
            f'index "{name}" is in use as unique constraint',
            sqlstate="2BP01",
            hint="use CASCADE if you really want to drop it.",
        )
    needed = sorted(index.column_ids)
    for fk in desc.inbound_fks if index.unique else ():
        others = [
            o for o in all_indexes(desc) if o.unique and o.id != index.id and sorted(o.column_ids) == needed
        ]
        if sorted(fk.referenced_column_ids) == needed and not others:
            origin = session.catalog.table(fk.origin_table_id)
            raise OothecaError(f'"{name}" is referenced by foreign key from table "{origin.name}"')
    retire(session, desc, {index.id})
    staged = session.catalog.change_table(desc.id, SCHEMA_CHANGE_STEPS)
    found = find_index(staged, name)
    assert found is not None
    staged.indexes.remove(found)
    staged.next_mutation_id += 1


def _alter(statement: ast.AlterIndex, session: Session) -> Result:
    if statement.if_exists:
        try:
            desc, index = table_of_index(session, statement.name)
        except UndefinedError:
            return Result.command("ALTER INDEX")
    else:
        desc, index = table_of_index(session, statement.name)
    if statement.action == "RENAME TO":
        if find_index(desc, statement.new_name) is not None:
            raise DuplicateTableError(f'index name "{statement.new_name}" already exists')
        staged = session.catalog.change_table(desc.id)
        renamed = find_index(staged, index.name)
        assert renamed is not None
        renamed.name = statement.new_name
        return Result.command("RENAME INDEX" if session.rules.tags_renames else "ALTER INDEX")
    if statement.action == "PARTITION BY" and statement.partition_by is not None:
        builder = TableBuilder(session, session.catalog.change_table(desc.id))
        found = find_index(builder.desc, index.name)
        assert found is not None
        set_partitioning(builder, found, statement.partition_by)
        return Result.command("ALTER INDEX")
    if statement.action in ("SPLIT AT", "UNSPLIT AT", "SCATTER"):
        session.notice("a store has no ranges to split")
        return Result.command("ALTER INDEX")
    raise UnsupportedError(f"unimplemented: ALTER INDEX … {statement.action} is not supported")
