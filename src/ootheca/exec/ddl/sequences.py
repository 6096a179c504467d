"""CREATE and ALTER SEQUENCE, and the sequences behind identity columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.catalog import Schema
from ootheca.errors import InvalidOptionError, OothecaError, UnsupportedError
from ootheca.exec.ddl.builder import INT8_TYPE, TableBuilder, new_table
from ootheca.exec.ddl.relations import change_relation
from ootheca.exec.ddl.support import is_taken, new_object_name, require_kind, target_schema
from ootheca.exec.resolver import table_name
from ootheca.exec.result import Result
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["add_identity_sequence", "run"]

_MAX, _MIN = 2**63 - 1, -(2**63)


def run(statement: ast.CreateSequence | ast.AlterSequence, session: Session) -> Result:
    """Create or change a sequence."""
    if isinstance(statement, ast.AlterSequence):
        return _alter(statement, session)
    schema = target_schema(session, statement.name)
    if not is_taken(session, schema, statement.name.object, if_not_exists=statement.if_not_exists):
        _create(session, schema, statement.name.object, statement.options)
    return Result.command("CREATE SEQUENCE")


def _create(session: Session, schema: Schema, name: str, options: ast.SequenceOptions) -> pb.TableDescriptor:
    desc = new_table(session, schema, name)
    desc.next_mutation_id = 0
    desc.columns.add(name="value", id=1, type=INT8_TYPE, nullable=False)
    desc.families.add(name="primary", id=0, column_names=["value"], column_ids=[1], default_column_id=1)
    primary = desc.primary_index
    primary.name = "primary"
    primary.id = 1
    primary.version = session.rules.implicit_index_version
    primary.column_names.append("value")
    primary.column_ids.append(1)
    primary.column_directions.append(pb.IndexDescriptor.ASC)
    if session.rules.stores_in_primary:
        primary.encoding_type = 1
    _set_options(desc.sequence_opts, options, session)
    session.catalog.add(desc)
    _set_owner(session, desc, options)
    opts = desc.sequence_opts
    session.engine.create_sequence(
        new_object_name(session, schema, name),
        start=opts.start,
        increment=opts.increment,
        min_value=opts.min_value,
        max_value=opts.max_value,
    )
    return desc


def _set_options(opts: pb.SequenceOpts, options: ast.SequenceOptions, session: Session) -> None:
    if options.cycle:
        raise UnsupportedError("unimplemented: CYCLE option is not supported")
    increment = options.increment if options.increment is not None else opts.increment or 1
    if increment == 0:
        raise InvalidOptionError("INCREMENT must not be zero")
    is_new = not opts.HasField("increment")
    low, high = (1, _MAX) if increment > 0 else (_MIN, -1)
    if not is_new:
        low, high = opts.min_value, opts.max_value
    opts.increment = increment
    opts.min_value = options.minvalue if options.minvalue is not None else low
    opts.max_value = options.maxvalue if options.maxvalue is not None else high
    if options.start is not None:
        opts.start = options.start
    elif is_new:
        opts.start = opts.min_value if increment > 0 else opts.max_value
    opts.virtual = options.virtual or opts.virtual
    opts.sequence_owner.SetInParent()
    if session.rules.has_sequence_cache:
        opts.cache_size = options.cache if options.cache is not None else opts.cache_size or 1
    _check(opts)


def _check(opts: pb.SequenceOpts) -> None:
    if opts.min_value >= opts.max_value:
        raise InvalidOptionError(f"MINVALUE ({opts.min_value}) must be less than MAXVALUE ({opts.max_value})")
    if opts.start < opts.min_value:
        raise InvalidOptionError(
            f"START value ({opts.start}) cannot be less than MINVALUE ({opts.min_value})"
        )
    if opts.start > opts.max_value:
        raise InvalidOptionError(
            f"START value ({opts.start}) cannot be greater than MAXVALUE ({opts.max_value})"
        )


def _set_owner(session: Session, desc: pb.TableDescriptor, options: ast.SequenceOptions) -> None:
    owner = desc.sequence_opts.sequence_owner
    if options.owned_by is None and not options.owned_by_none:
        return
    if owner.owner_table_id:
        for column in session.catalog.change_table(owner.owner_table_id).columns:
            if desc.id in column.owns_sequence_ids:
                column.owns_sequence_ids.remove(desc.id)
        owner.Clear()
    if options.owned_by is None:
        return
    table = session.catalog.resolve_table(options.owned_by.prefix, session.database)
    builder = TableBuilder(session, session.catalog.change_table(table.id))
    column = builder.column(options.owned_by.object)
    column.owns_sequence_ids.append(desc.id)
    owner.owner_column_id = column.id
    owner.owner_table_id = table.id


def add_identity_sequence(builder: TableBuilder, definition: ast.ColumnDef) -> None:
    """Make the sequence that feeds an identity column, owned by it.

    Raises:
        UnsupportedError: the profile has no identity columns.
    """
    identity = definition.identity
    assert identity is not None
    session = builder.session
    if not builder.rules.sequences_by_id:
        raise UnsupportedError(
            "unimplemented: this syntax", hint="identity columns came with a newer version"
        )
    column = builder.column(definition.name)
    desc = builder.desc
    schema = Schema(
        desc.parent_id,
        desc.unexposed_parent_schema_id,
        session.catalog.schema_name(desc.parent_id, desc.unexposed_parent_schema_id),
    )
    name, number = f"{desc.name}_{column.name}_seq", 0
    while session.catalog.find_object(schema, name) is not None:
        number += 1
        name = f"{desc.name}_{column.name}_seq{number}"
    sequence = _create(session, schema, name, identity.options)
    owner = sequence.sequence_opts.sequence_owner
    owner.owner_table_id, owner.owner_column_id = desc.id, column.id
    sequence.dependedOnBy.add(id=desc.id, column_ids=[column.id], by_id=True)
    column.default_expr = f"nextval({sequence.id}:::REGCLASS)"
    column.uses_sequence_ids.append(sequence.id)
    column.owns_sequence_ids.append(sequence.id)
    kinds = pb.GeneratedAsIdentityType
    column.generated_as_identity_type = (
        kinds.GENERATED_ALWAYS if identity.is_always else kinds.GENERATED_BY_DEFAULT
    )
    text = _options_text(identity.options)
    if text:
        column.generated_as_identity_sequence_option = text


def _options_text(options: ast.SequenceOptions) -> str:
    pieces = []
    for clause in options.order:
        word = clause.upper()
        value = {
            "START": options.start,
            "INCREMENT": options.increment,
            "MINVALUE": options.minvalue,
            "MAXVALUE": options.maxvalue,
            "CACHE": options.cache,
        }.get(word)
        if value is not None:
            pieces.append(f" {word} {value}")
    return "".join(pieces)


def _alter(statement: ast.AlterSequence, session: Session) -> Result:
    found = require_kind(session, statement.name, "sequence", if_exists=statement.if_exists)
    if found is None:
        return Result.command("ALTER SEQUENCE")
    if statement.action and statement.value is not None:
        return change_relation(session, found, statement.action, statement.value)
    desc = session.catalog.change_table(found.id)
    _set_options(desc.sequence_opts, statement.options, session)
    _set_owner(session, desc, statement.options)
    name = table_name(session, desc)
    if statement.options.has_restart:
        raise OothecaError("unimplemented: RESTART is not supported", sqlstate="0A000")
    value = session.engine.sequence_value(name)
    opts = desc.sequence_opts
    session.engine.drop_sequence(name)
    session.engine.create_sequence(
        name, start=opts.start, increment=opts.increment, min_value=opts.min_value, max_value=opts.max_value
    )
    session.engine.set_sequence_value(name, value)
    return Result.command("ALTER SEQUENCE")
