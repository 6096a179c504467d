"""CREATE TABLE, and CREATE TABLE … AS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ootheca.errors import OothecaError, UnsupportedError
from ootheca.exec.ddl.builder import TableBuilder, new_table
from ootheca.exec.ddl.partitions import set_interleave, set_partitioning
from ootheca.exec.ddl.storage_parameters import set_storage_parameters
from ootheca.exec.ddl.support import is_taken, new_object_name, target_schema
from ootheca.exec.ddl.table_constraints import add_check, add_foreign_key, link_foreign_keys
from ootheca.exec.ddl.table_indexes import (
    IndexSpec,
    add_index,
    add_shard_checks,
    add_shard_column,
    bucket_count,
    ensure_primary_key,
    number_constraints,
    prepare_columns,
    refresh_primary_index,
    set_primary_key,
)
from ootheca.exec.result import Result
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["finish_table", "run"]


def run(statement: ast.CreateTable | ast.CreateTableAs, session: Session) -> Result:
    """Create the table, and with AS fill it."""
    if isinstance(statement, ast.CreateTableAs):
        from ootheca.exec.ddl.create_table_as import create_table_as

        return create_table_as(statement, session)
    _refuse(statement)
    schema = target_schema(session, statement.name)
    name = statement.name.object
    if is_taken(session, schema, name, if_not_exists=statement.if_not_exists):
        return Result.command("CREATE TABLE")
    builder = TableBuilder(session, new_table(session, schema, name))
    _add_columns(builder, statement)
    _add_indexes(builder, statement)
    _add_constraints(builder, statement)
    if statement.partition_by is not None:
        set_partitioning(builder, builder.desc.primary_index, statement.partition_by)
    interleave = statement.interleave
    if interleave is not None:
        set_interleave(builder, builder.desc.primary_index, interleave)
    set_storage_parameters(session, builder.desc, statement.storage_parameters)
    finish_table(builder)
    session.engine.create_table(new_object_name(session, schema, name), session.describe(builder.desc.id))
    return Result.command("CREATE TABLE")


def finish_table(builder: TableBuilder) -> None:
    """Stage a new table, and make what it refers to refer to it."""
    builder.complete_families()
    refresh_primary_index(builder)
    number_constraints(builder)
    if link_foreign_keys(builder):
        # The constraints are added by a second step, which a table of its own does not need.
        builder.desc.version = 2
    builder.catalog.add(builder.desc)
    builder.link_types()


def _refuse(statement: ast.CreateTable) -> None:
    if statement.persistence == "TEMPORARY":
        raise UnsupportedError(
            "temporary tables are only supported experimentally", hint="create an ordinary table instead"
        )
    if statement.locality:
        raise OothecaError(
            "cannot set LOCALITY on a table in a database that is not multi-region enabled", sqlstate="42P16"
        )
    for element in statement.elements:
        if isinstance(element, ast.LikeTable):
            raise UnsupportedError("unimplemented: CREATE TABLE … LIKE is not supported")


def _add_columns(builder: TableBuilder, statement: ast.CreateTable) -> None:
    for column in statement.columns:
        if column.is_primary_key and column.primary_key_sharding is not None:
            add_shard_column(builder, [column.name], bucket_count(column.primary_key_sharding))
        builder.add_column(column)
        if column.identity is not None:
            from ootheca.exec.ddl.sequences import add_identity_sequence

            add_identity_sequence(builder, column)
    for column in statement.columns:
        builder.set_expressions(column)
        builder.add_to_family(builder.column(column.name), column)
    for element in statement.elements:
        if isinstance(element, ast.FamilyDef):
            builder.add_family(element.name or "", element.columns)


def _add_indexes(builder: TableBuilder, statement: ast.CreateTable) -> None:
    keys = list(_primary_keys(statement))
    if len(keys) > 1:
        raise OothecaError(
            f'multiple primary keys for table "{statement.name.object}" are not allowed', sqlstate="42P16"
        )
    specs = list(_index_specs(statement))
    if keys:
        set_primary_key(builder, keys[0].columns, keys[0].name, keys[0].sharding)
    specs = [prepare_columns(builder, spec) for spec in specs]
    ensure_primary_key(builder)
    for spec in specs:
        add_index(builder, spec)
    if keys and keys[0].partition_by is not None:
        set_partitioning(builder, builder.desc.primary_index, keys[0].partition_by)


def _primary_keys(statement: ast.CreateTable) -> Iterator[ast.PrimaryKey]:
    for element in statement.elements:
        if isinstance(element, ast.PrimaryKey):
            yield element
        elif isinstance(element, ast.ColumnDef) and element.is_primary_key:
            name = dict(element.constraint_names).get("PRIMARY KEY")
            yield ast.PrimaryKey((ast.IndexColumn(element.name),), name, element.primary_key_sharding)


def _index_specs(statement: ast.CreateTable) -> Iterator[IndexSpec]:
    """Yield secondary indexes in the order of their ids: those of columns, then those of the table."""
    for column in statement.columns:
        if column.is_unique_without_index:
            raise UnsupportedError("unimplemented: unique constraints without an index are not yet supported")
        if column.is_unique:
            name = dict(column.constraint_names).get("UNIQUE")
            yield IndexSpec((ast.IndexColumn(column.name),), name, is_unique=True)
    for element in statement.elements:
        if isinstance(element, ast.IndexDef):
            yield IndexSpec(
                element.columns,
                element.name,
                is_unique=element.is_unique,
                is_inverted=element.is_inverted,
                storing=element.storing,
                sharding=element.sharding,
                predicate=element.predicate,
            )
        elif isinstance(element, ast.UniqueConstraint):
            if element.without_index:
                raise UnsupportedError(
                    "unimplemented: unique constraints without an index are not yet supported"
                )
            yield IndexSpec(
                element.columns,
                element.name,
                is_unique=True,
                storing=element.storing,
                sharding=element.sharding,
                predicate=element.predicate,
            )


def _add_constraints(builder: TableBuilder, statement: ast.CreateTable) -> None:
    """Add checks and foreign keys: the table's own before those written on columns."""
    for element in statement.elements:
        if isinstance(element, ast.CheckConstraint):
            add_check(builder, element)
    for column in statement.columns:
        for check in column.checks:
            add_check(builder, check)
    add_shard_checks(builder)
    for element in statement.elements:
        if isinstance(element, ast.ForeignKey):
            add_foreign_key(builder, element, element.columns)
    for column in statement.columns:
        if column.references is not None:
            add_foreign_key(builder, column.references, [column.name])
