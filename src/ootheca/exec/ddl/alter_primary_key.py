"""ALTER PRIMARY KEY: a new primary index, the old key as a unique index, all others made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.errors import OothecaError
from ootheca.exec.ddl.builder import TableBuilder
from ootheca.exec.ddl.table_indexes import (
    add_shard_checks,
    fresh_name,
    number_constraints,
    refresh_primary_index,
    set_primary_key,
    update_index_columns,
)
from ootheca.exec.history import retire
from ootheca.exec.resolver import table_name
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["alter_primary_key"]

_STEPS = 5
_MUTATIONS = 2


def alter_primary_key(command: ast.AlterPrimaryKey, session: Session, desc: pb.TableDescriptor) -> None:
    """Choose another primary key.

    Raises:
        OothecaError: a column of it may be NULL.
    """
    retire(session, desc)
    staged = session.catalog.change_table(desc.id, _STEPS)
    builder = TableBuilder(session, staged)
    for item in command.columns:
        column = builder.column(item.column or "")
        if column.nullable:
            raise OothecaError(f'cannot use nullable column "{column.name}" in primary key', sqlstate="42P16")
    old = _copy(staged.primary_index)
    num_columns = len(staged.columns)
    # Every other index is made anew, and takes its place after what this statement makes.
    rewritten = [_copy(index) for index in staged.indexes]
    del staged.indexes[:]
    staged.primary_index.Clear()
    set_primary_key(builder, command.columns, old.name, command.sharding)
    staged.primary_index.encoding_type = 1
    staged.primary_index.created_explicitly = True
    if not _is_implicit(staged, old):
        _keep_old_key(builder, old)
    for index in rewritten:
        update_index_columns(builder, index)
        index.id = staged.next_index_id
        staged.next_index_id += 1
        staged.indexes.append(index)
    add_shard_checks(builder)
    builder.complete_families()
    refresh_primary_index(builder)
    number_constraints(builder)
    staged.next_mutation_id += _MUTATIONS
    name = table_name(session, staged)
    for column in staged.columns[num_columns:]:
        session.engine.add_column(name, session.describe(staged.id), column.id, session.names)
    session.engine.find_violation(name, session.describe(staged.id), session.names)


def _copy(index: pb.IndexDescriptor) -> pb.IndexDescriptor:
    copy = pb.IndexDescriptor()
    copy.CopyFrom(index)
    return copy


def _is_implicit(desc: pb.TableDescriptor, index: pb.IndexDescriptor) -> bool:
    """Tell whether an index is that of the hidden column `rowid`."""
    hidden = {
        column.id for column in desc.columns if column.hidden and column.default_expr == "unique_rowid()"
    }
    return len(index.column_ids) == 1 and index.column_ids[0] in hidden


def _keep_old_key(builder: TableBuilder, old: pb.IndexDescriptor) -> None:
    """Turn the old primary index into a unique one, so that what refers to its columns stays right."""
    desc = builder.desc
    index = desc.indexes.add()
    index.CopyFrom(old)
    index.created_explicitly = False
    index.encoding_type = 0
    index.id = desc.next_index_id
    desc.next_index_id += 1
    del index.store_column_names[:]
    del index.store_column_ids[:]
    index.partitioning.Clear()
    index.interleave.Clear()
    names = [name for name in old.column_names if name != old.sharded.name]
    index.name = fresh_name(desc, "_".join([desc.name, *names, "key"]))
    update_index_columns(builder, index)
    if builder.rules.has_constraint_ids:
        desc.primary_index.constraint_id = desc.next_constraint_id
        desc.next_constraint_id += 1
