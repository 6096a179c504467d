"""Dropping and moving relations, in the catalog and in the engine, with what depends on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.catalog import refuse_system_change
from ootheca.errors import OothecaError
from ootheca.exec.comments import Comments
from ootheca.exec.ddl.builder import TableBuilder
from ootheca.exec.ddl.support import kind_of
from ootheca.exec.ddl.table_constraints import unlink_foreign_key
from ootheca.exec.history import retire
from ootheca.exec.resolver import table_name
from ootheca.exec.zones import Zones

if TYPE_CHECKING:
    from ootheca.engine.base import TableName
    from ootheca.exec.session import Session

__all__ = ["dependent_views", "drop_relation", "move_in_engine", "refuse_dependents"]


def dependent_views(session: Session, desc: pb.TableDescriptor) -> list[pb.TableDescriptor]:
    """Return the views that read a relation, in the order they were created."""
    found = []
    for reference in desc.dependedOnBy:
        member = session.catalog.get(reference.id)
        if isinstance(member, pb.TableDescriptor) and member.view_query:
            found.append(member)
    return found


def refuse_dependents(session: Session, desc: pb.TableDescriptor, action: str) -> None:
    """Refuse a change while views read the relation.

    Raises:
        OothecaError: one does.
    """
    for view in dependent_views(session, desc):
        raise OothecaError(
            f'cannot {action} because view "{view.name}" depends on it',
            sqlstate="2BP01",
            hint=f"you can drop {view.name} instead.",
        )


def drop_relation(session: Session, desc: pb.TableDescriptor, *, cascade: bool) -> None:
    """Drop a table, view or sequence; with `cascade` also views and constraints that need it.

    Raises:
        OothecaError: something depends on it.
    """
    if session.catalog.get(desc.id) is None:
        return  # it went with something that it depended on
    refuse_system_change(desc, "DROP")
    kind = kind_of(desc)
    if not cascade:
        refuse_dependents(session, desc, f'drop relation "{desc.name}"')
        _refuse_references(session, desc)
    for view in dependent_views(session, desc):
        drop_relation(session, view, cascade=True)
    if kind == "sequence":
        _unlink_sequence(session, session.catalog.table(desc.id), cascade=cascade)
    _unlink(session, desc)
    name = table_name(session, desc)
    retire(session, desc)
    if kind == "sequence":
        session.engine.drop_sequence(name)
    elif kind == "view":
        session.engine.drop_view(name)
    else:
        session.engine.drop_table(name)
    session.catalog.drop(desc.id)
    Comments(session).drop_object(desc.id)
    Zones(session).drop(desc.id)
    for sequence_id in {id_ for column in desc.columns for id_ in column.owns_sequence_ids}:
        sequence = session.catalog.get(sequence_id)
        if isinstance(sequence, pb.TableDescriptor):
            drop_relation(session, sequence, cascade=True)


def _refuse_references(session: Session, desc: pb.TableDescriptor) -> None:
    for fk in desc.inbound_fks:
        if fk.origin_table_id != desc.id:
            origin = session.catalog.table(fk.origin_table_id)
            raise OothecaError(f'"{desc.name}" is referenced by foreign key from table "{origin.name}"')


def _unlink(session: Session, desc: pb.TableDescriptor) -> None:
    """Take the relation out of what it refers to, and foreign keys to it out of other tables."""
    catalog = session.catalog
    staged = catalog.change_table(desc.id)
    builder = TableBuilder(session, staged)
    for fk in list(staged.inbound_fks):
        if fk.origin_table_id != desc.id:
            origin = TableBuilder(session, catalog.change_table(fk.origin_table_id))
            unlink_foreign_key(origin, fk.name)
    for fk in list(staged.outbound_fks):
        unlink_foreign_key(builder, fk.name)
    for column in staged.columns:
        builder.drop_sequence_uses(column)
    for id_ in set(staged.dependsOn):
        source = catalog.get(id_)
        if isinstance(source, pb.TableDescriptor):
            changed = catalog.change_table(id_)
            for reference in [r for r in changed.dependedOnBy if r.id == desc.id]:
                changed.dependedOnBy.remove(reference)
    for id_, member in catalog.types_by_id().items():
        if desc.id in member.referencing_descriptor_ids:
            catalog.change_type(id_).referencing_descriptor_ids.remove(desc.id)


def _unlink_sequence(session: Session, sequence: pb.TableDescriptor, *, cascade: bool) -> None:
    if sequence.dependedOnBy and not cascade:
        raise OothecaError(
            f"cannot drop sequence {sequence.name} because other objects depend on it", sqlstate="2BP01"
        )
    for reference in sequence.dependedOnBy:
        user = session.catalog.change_table(reference.id)
        for column in user.columns:
            if sequence.id in column.uses_sequence_ids:
                column.ClearField("default_expr")
                column.uses_sequence_ids.remove(sequence.id)
    owner = sequence.sequence_opts.sequence_owner
    table = session.catalog.get(owner.owner_table_id) if owner.owner_table_id else None
    if isinstance(table, pb.TableDescriptor):
        for column in session.catalog.change_table(table.id).columns:
            if sequence.id in column.owns_sequence_ids:
                column.owns_sequence_ids.remove(sequence.id)


def move_in_engine(session: Session, desc: pb.TableDescriptor, old: TableName, new: TableName) -> None:
    """Give a relation another name in the engine; its descriptor has the new one already."""
    engine = session.engine
    match kind_of(desc):
        case "sequence":
            value = engine.sequence_value(old)
            engine.drop_sequence(old)
            options = desc.sequence_opts
            engine.create_sequence(
                new,
                start=options.start,
                increment=options.increment,
                min_value=options.min_value,
                max_value=options.max_value,
            )
            if value != options.start - options.increment:
                engine.set_sequence_value(new, value)
        case "view":
            engine.drop_view(old)
            engine.create_view(new, desc.view_query)
        case _:
            engine.rename_table(old, new)
