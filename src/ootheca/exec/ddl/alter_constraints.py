"""ALTER TABLE: constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.errors import DuplicateError, OothecaError, UndefinedError, UnsupportedError
from ootheca.exec.ddl.alter_primary_key import alter_primary_key
from ootheca.exec.ddl.builder import TableBuilder
from ootheca.exec.ddl.indexes import SCHEMA_CHANGE_STEPS, add_index_to_table
from ootheca.exec.ddl.table_constraints import (
    add_check,
    add_foreign_key,
    link_foreign_keys,
    unlink_foreign_key,
)
from ootheca.exec.ddl.table_indexes import IndexSpec, all_indexes, number_constraints
from ootheca.exec.resolver import table_name
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["add_constraint", "drop_constraint", "rename_constraint", "validate_constraint"]


def add_constraint(command: ast.AddConstraint, session: Session, desc: pb.TableDescriptor) -> None:
    """Add a constraint, checked against the rows unless it is NOT VALID.

    Raises:
        ConstraintError: rows break it.
    """
    constraint = command.constraint
    if command.if_not_exists and constraint.name is not None and constraint.name in _names(desc):
        session.notice(f'constraint "{constraint.name}" of relation "{desc.name}" already exists, skipping')
        return
    if constraint.name is not None and constraint.name in _names(desc):
        raise DuplicateError(f'duplicate constraint name: "{constraint.name}"')
    match constraint:
        case ast.PrimaryKey():
            alter_primary_key(ast.AlterPrimaryKey(constraint.columns, constraint.sharding), session, desc)
            return
        case ast.UniqueConstraint():
            if constraint.without_index:
                raise UnsupportedError(
                    "unimplemented: unique constraints without an index are not yet supported"
                )
            spec = IndexSpec(
                constraint.columns,
                constraint.name,
                is_unique=True,
                storing=constraint.storing,
                sharding=constraint.sharding,
                predicate=constraint.predicate,
            )
            add_index_to_table(session, desc, spec)
            return
        case _:
            pass
    builder = TableBuilder(session, session.catalog.change_table(desc.id, SCHEMA_CHANGE_STEPS))
    if isinstance(constraint, ast.CheckConstraint):
        added: pb.CheckConstraint | pb.ForeignKeyConstraint = add_check(builder, constraint)
    else:
        added = add_foreign_key(builder, constraint, constraint.columns)
    number_constraints(builder)
    if command.is_not_valid:
        added.validity = pb.ConstraintValidity.Unvalidated
    link_foreign_keys(builder)
    builder.desc.next_mutation_id += 1
    if not command.is_not_valid:
        session.engine.find_violation(
            table_name(session, builder.desc), session.describe(desc.id), session.names
        )


def _names(desc: pb.TableDescriptor) -> set[str]:
    named = {check.name for check in desc.checks} | {fk.name for fk in desc.outbound_fks}
    return named | {index.name for index in all_indexes(desc)}


def drop_constraint(command: ast.DropConstraint, session: Session, desc: pb.TableDescriptor) -> None:
    """Drop a CHECK or a foreign key.

    Raises:
        UndefinedError: there is no such constraint.
        UnsupportedError: it is UNIQUE or the primary key.
    """
    builder = TableBuilder(session, session.catalog.change_table(desc.id))
    for check in builder.desc.checks:
        if check.name == command.name:
            builder.desc.checks.remove(check)
            return
    if unlink_foreign_key(builder, command.name):
        return
    for index in all_indexes(desc):
        if index.name != command.name:
            continue
        if index.id == desc.primary_index.id:
            raise UnsupportedError(
                "unimplemented: primary key dropped without subsequent addition of new primary key in same transaction"
            )
        if index.unique:
            raise UnsupportedError(
                f'unimplemented: cannot drop UNIQUE constraint "{index.name}" using ALTER TABLE DROP CONSTRAINT, '
                "use DROP INDEX CASCADE instead"
            )
    if not command.if_exists:
        raise UndefinedError(f'constraint "{command.name}" of relation "{desc.name}" does not exist')
    session.notice(f'constraint "{command.name}" of relation "{desc.name}" does not exist, skipping')


def rename_constraint(command: ast.RenameConstraint, builder: TableBuilder) -> None:
    """Give a constraint another name."""
    desc = builder.desc
    if command.new in _names(desc):
        raise DuplicateError(f'duplicate constraint: "{command.new}"')
    for check in desc.checks:
        if check.name == command.old:
            check.name = command.new
            return
    for index in all_indexes(desc):
        if index.unique and index.name == command.old:
            index.name = command.new
            return
    for fk in desc.outbound_fks:
        if fk.name == command.old:
            target = desc
            if fk.referenced_table_id != desc.id:
                target = builder.catalog.change_table(fk.referenced_table_id)
            for other in target.inbound_fks:
                if other.origin_table_id == desc.id and other.name == command.old:
                    other.name = command.new
            fk.name = command.new
            return
    raise UndefinedError(f'constraint "{command.old}" does not exist')


def validate_constraint(command: ast.ValidateConstraint, builder: TableBuilder) -> None:
    """Check the rows against a constraint that was added NOT VALID.

    Raises:
        OothecaError: there is none of that name that could be checked.
        ConstraintError: rows break it.
    """
    desc, session = builder.desc, builder.session
    check = next((check for check in desc.checks if check.name == command.name), None)
    fk = next((fk for fk in desc.outbound_fks if fk.name == command.name), None)
    if check is not None:
        check.validity = pb.ConstraintValidity.Validated
    if fk is not None:
        fk.validity = pb.ConstraintValidity.Validated
    if check is not None or fk is not None:
        session.engine.find_violation(table_name(session, desc), session.describe(desc.id), session.names)
        return
    raise OothecaError(f'constraint "{command.name}" does not exist', sqlstate="42704")
