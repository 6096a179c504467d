"""ALTER TABLE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.errors import OothecaError, UnsupportedError
from ootheca.exec.ddl import alter_columns, alter_constraints
from ootheca.exec.ddl.alter_primary_key import alter_primary_key
from ootheca.exec.ddl.builder import TableBuilder
from ootheca.exec.ddl.indexes import SCHEMA_CHANGE_STEPS
from ootheca.exec.ddl.partitions import set_partitioning
from ootheca.exec.ddl.relations import change_relation
from ootheca.exec.ddl.storage_parameters import set_storage_parameters
from ootheca.exec.ddl.support import kind_of
from ootheca.exec.result import Result, ResultColumn, string
from ootheca.sql import ast
from ootheca.types import BYTES, TIMESTAMP

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]


def run(statement: ast.AlterTable, session: Session) -> Result:
    """Do the commands in order, on one table."""
    found = session.catalog.find_table(statement.name.parts, session.database)
    if found is None and statement.if_exists:
        return Result.command("ALTER TABLE")
    desc = found or session.catalog.resolve_table(statement.name.parts, session.database)
    if statement.locality:
        raise OothecaError(
            "cannot alter a table's LOCALITY if its database is not multi-region enabled", sqlstate="42P16"
        )
    first = statement.commands[0] if statement.commands else None
    match first:
        case ast.RenameTo():
            return change_relation(session, desc, "RENAME TO", first.name)
        case ast.SetSchema():
            return change_relation(session, desc, "SET SCHEMA", ast.ObjectName((first.schema,)))
        case ast.OwnerTo():
            return change_relation(session, desc, "OWNER TO", ast.ObjectName((first.owner,)))
        case ast.SplitAt() | ast.UnsplitAt() | ast.Relocate():
            return _no_ranges(session)
        case _:
            pass
    if kind_of(desc) != "table":
        raise OothecaError(f'"{desc.name}" is not a table', sqlstate="42809")
    for command in statement.commands:
        if isinstance(command, ast.SetStorageParameters):
            set_storage_parameters(session, _builder(session, desc).desc, command.parameters)
        else:
            _change(command, session, desc)
    return Result.command("ALTER TABLE")


def _no_ranges(session: Session) -> Result:
    session.notice("a store has no ranges to split")
    columns = (
        ResultColumn("key", BYTES),
        string("pretty"),
        ResultColumn("split_enforced_until", TIMESTAMP),
    )
    return Result.of_rows(columns, (), tag="ALTER TABLE SPLIT")


def _change(command: ast.AlterTableCommand, session: Session, desc: pb.TableDescriptor) -> None:
    match command:
        case ast.AddColumn():
            alter_columns.add_column(command, _builder(session, desc, SCHEMA_CHANGE_STEPS))
        case ast.DropColumn():
            alter_columns.drop_column(command, _builder(session, desc, SCHEMA_CHANGE_STEPS))
        case ast.RenameColumn():
            alter_columns.rename_column(command, _builder(session, desc))
        case (
            ast.SetDefault()
            | ast.DropDefault()
            | ast.AlterColumnOnUpdate()
            | ast.SetVisible()
            | ast.DropStored()
        ):
            alter_columns.change_expression(command, _builder(session, desc))
        case ast.SetNotNull():
            alter_columns.set_not_null(command, _builder(session, desc, SCHEMA_CHANGE_STEPS + 1))
        case ast.DropNotNull():
            alter_columns.drop_not_null(command, _builder(session, desc))
        case ast.AlterColumnType():
            alter_columns.change_type(command, _builder(session, desc))
        case ast.AddConstraint():
            alter_constraints.add_constraint(command, session, desc)
        case ast.DropConstraint():
            alter_constraints.drop_constraint(command, session, desc)
        case ast.RenameConstraint():
            alter_constraints.rename_constraint(command, _builder(session, desc))
        case ast.ValidateConstraint():
            alter_constraints.validate_constraint(command, _builder(session, desc))
        case ast.AlterPrimaryKey():
            alter_primary_key(command, session, desc)
        case ast.PartitionBy():
            builder = _builder(session, desc)
            set_partitioning(builder, builder.desc.primary_index, command)
        case _:
            raise UnsupportedError(f"unimplemented: {_spell(command)} is not supported")


def _builder(session: Session, desc: pb.TableDescriptor, steps: int = 1) -> TableBuilder:
    return TableBuilder(session, session.catalog.change_table(desc.id, steps))


def _spell(command: ast.AlterTableCommand) -> str:
    return (
        "ALTER TABLE … "
        + "".join(f" {c}" if c.isupper() else c.upper() for c in type(command).__name__).strip()
    )
