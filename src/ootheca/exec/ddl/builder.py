"""A table descriptor in the making: columns, families, and what other objects must know about the table.

CREATE TABLE starts from an empty descriptor, ALTER TABLE from a staged one; both add columns the same way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.catalog import Schema
from ootheca.catalog.privileges import inherit_privileges
from ootheca.catalog.table import USER_TYPE_OID_OFFSET, sql_type
from ootheca.errors import DuplicateColumnError, OothecaError, UndefinedColumnError, UnsupportedError
from ootheca.exec.ddl.expressions import Scope, StoredExpression, store_expression
from ootheca.exec.ddl.support import require_name
from ootheca.exec.ddl.type_check import refuse_columns
from ootheca.exec.ddl.types import column_type
from ootheca.sql import ast
from ootheca.types import BOOL, SQLType

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["INT4_TYPE", "INT8_TYPE", "STATE_PUBLIC", "TableBuilder", "new_table"]

INT8_TYPE = pb.T(family=pb.Family.IntFamily, width=64, oid=20)
INT4_TYPE = pb.T(family=pb.Family.IntFamily, width=32, oid=23)
STATE_PUBLIC = pb.DescriptorState.PUBLIC
_FORMAT_VERSION = 3
_QUOTED_CHAR_OID = 18


def new_table(session: Session, schema: Schema, name: str) -> pb.TableDescriptor:
    """Return an empty descriptor with a new id, not yet staged."""
    catalog = session.catalog
    desc = pb.TableDescriptor(
        name=name,
        id=catalog.new_id(),
        parent_id=schema.database_id,
        unexposed_parent_schema_id=schema.id,
        version=1,
        next_mutation_id=1,
        format_version=_FORMAT_VERSION,
        state=STATE_PUBLIC,
        privileges=inherit_privileges(
            catalog.database(schema.database_id).privileges, "table", session.rules, owner=session.user
        ),
    )
    desc.replacement_of.time.SetInParent()
    return desc


class TableBuilder:
    """Adds to a descriptor, and remembers which sequences and types it uses.

    Args:
        desc: new, or staged for change.
    """

    def __init__(self, session: Session, desc: pb.TableDescriptor) -> None:
        self.session = session
        self.catalog = session.catalog
        self.rules = session.rules
        self.desc = desc
        self._is_new = desc.next_column_id == 0
        if self._is_new:
            desc.next_column_id = desc.next_index_id = 1
            desc.next_family_id = 0

    # Lookups

    def find_column(self, name: str) -> pb.ColumnDescriptor | None:
        """Return a column by name, or None."""
        return next((column for column in self.desc.columns if column.name == name), None)

    def column(self, name: str) -> pb.ColumnDescriptor:
        """Return a column by name.

        Raises:
            UndefinedColumnError: there is none.
        """
        found = self.find_column(name)
        if found is None:
            raise UndefinedColumnError(f'column "{name}" does not exist')
        return found

    def type_of(self, column: pb.ColumnDescriptor) -> SQLType:
        """Return a column's type."""
        return sql_type(column.type, self.catalog.types_by_id())

    def scope(self) -> Scope:
        """Return the names that the table's expressions may use."""
        types = self.catalog.types_by_id()
        columns = {column.name: sql_type(column.type, types) for column in self.desc.columns}
        return Scope(columns, self.catalog, self.session.database, self.rules)

    def store(self, expression: ast.Expr, desired: SQLType | None, place: str = "") -> StoredExpression:
        """Return what the descriptor stores for an expression over its columns; errors say its place."""
        return store_expression(expression, desired, replace(self.scope(), place=place))

    def predicate(self, expression: ast.Expr, place: str) -> StoredExpression:
        """Return what the descriptor stores for a condition."""
        return self.store(expression, BOOL, place)

    # Columns

    def add_column(self, definition: ast.ColumnDef) -> pb.ColumnDescriptor:
        """Append a column; its default and computed expressions are stored by `set_expressions` once all are there.

        Raises:
            DuplicateColumnError: the name is taken.
        """
        if definition.type is None:
            raise UnsupportedError("unimplemented: a column without a type")
        t = column_type(definition.type, self.catalog, self.session.database)
        if t.oid == _QUOTED_CHAR_OID:
            t.width = self.rules.quoted_char_width
        is_serial = definition.type.is_serial
        if definition.is_nullable is True and (definition.is_primary_key or is_serial):
            raise OothecaError(
                f'conflicting NULL/NOT NULL declarations for column "{definition.name}"', sqlstate="42601"
            )
        column = self.append_column(
            definition.name,
            t,
            is_nullable=not (
                definition.is_nullable is False
                or definition.is_primary_key
                or is_serial
                or definition.identity is not None
            ),
            is_hidden=definition.is_hidden,
        )
        if definition.computed is not None and definition.computed.is_virtual:
            column.virtual = True
        if is_serial:
            column.default_expr = "unique_rowid()"
        return column

    def append_column(
        self, name: str, t: pb.T, *, is_nullable: bool = True, is_hidden: bool = False
    ) -> pb.ColumnDescriptor:
        """Append a column with the next id.

        Raises:
            DuplicateColumnError: the name is taken.
        """
        require_name(name, "column")
        if self.find_column(name) is not None:
            if self._is_new:
                raise DuplicateColumnError(f'duplicate column name: "{name}"')
            raise DuplicateColumnError(f'column "{name}" of relation "{self.desc.name}" already exists')
        column = self.desc.columns.add(
            name=name, id=self.desc.next_column_id, type=t, nullable=is_nullable, hidden=is_hidden
        )
        self.desc.next_column_id += 1
        return column

    def set_expressions(self, definition: ast.ColumnDef) -> None:
        """Store the default, ON UPDATE and computed expressions of a column that was added."""
        column = self.column(definition.name)
        if definition.default is not None:
            self.set_default(column, definition.default)
        if definition.on_update is not None:
            self.set_on_update(column, definition.on_update)
        if definition.computed is not None:
            scope = replace(self.scope(), place="computed column", is_timeless=True)
            expression = definition.computed.expression
            column.compute_expr = store_expression(expression, self.type_of(column), scope).text

    def set_on_update(self, column: pb.ColumnDescriptor, expression: ast.Expr) -> None:
        """Store what a column becomes whenever its row is updated."""
        refuse_columns(expression, "ON UPDATE")
        column.on_update_expr = self.store(expression, self.type_of(column), "ON UPDATE").text

    def set_default(self, column: pb.ColumnDescriptor, expression: ast.Expr) -> None:
        """Store a default; DEFAULT NULL is none. Sequences that the old one used are let go."""
        refuse_columns(expression, "DEFAULT")
        stored = self.store(expression, self.type_of(column), "DEFAULT")
        self.drop_sequence_uses(column)
        column.ClearField("default_expr")
        if stored.is_null:
            return
        column.default_expr = stored.text
        column.uses_sequence_ids.extend(stored.sequence_ids)
        for id_ in stored.sequence_ids:
            self._use_sequence(id_, column.id)

    def drop_sequence_uses(self, column: pb.ColumnDescriptor) -> None:
        """Forget that a column uses sequences, on both sides."""
        for id_ in column.uses_sequence_ids:
            sequence = self.catalog.change_table(id_)
            for reference in list(sequence.dependedOnBy):
                if reference.id == self.desc.id and column.id in reference.column_ids:
                    reference.column_ids.remove(column.id)
                    if not reference.column_ids:
                        sequence.dependedOnBy.remove(reference)
        del column.uses_sequence_ids[:]

    def _use_sequence(self, id_: int, column_id: int) -> None:
        sequence = self.catalog.change_table(id_)
        for reference in sequence.dependedOnBy:
            if reference.id == self.desc.id:
                reference.column_ids.append(column_id)
                return
        reference = sequence.dependedOnBy.add(id=self.desc.id, column_ids=[column_id])
        if self.rules.sequences_by_id:
            reference.by_id = True

    # Families

    def add_to_family(self, column: pb.ColumnDescriptor, definition: ast.ColumnDef) -> None:
        """Put a column into the family that its definition names, making it where needed."""
        if definition.family is None and not definition.creates_family:
            return
        name = definition.family or ""
        family = next((f for f in self.desc.families if f.name == name and name), None)
        if family is None and not self._is_new and not definition.creates_family:
            raise OothecaError(f'unknown family "{name}"')
        if (
            family is not None
            and definition.creates_family
            and not (definition.if_not_exists_family or self._is_new)
        ):
            raise OothecaError(f'family "{name}" already exists')
        if family is None:
            family = self.add_family(name, ())
        family.column_names.append(column.name)
        family.column_ids.append(column.id)

    def add_family(self, name: str, columns: tuple[str, ...]) -> pb.ColumnFamilyDescriptor:
        """Append a family with the next id."""
        if name and any(family.name == name for family in self.desc.families):
            raise OothecaError(f'duplicate family name: "{name}"', sqlstate="42P16")
        family = self.desc.families.add(name=name, id=self.desc.next_family_id)
        self.desc.next_family_id += 1
        for column_name in columns:
            column = self.column(column_name)
            family.column_names.append(column.name)
            family.column_ids.append(column.id)
        return family

    def complete_families(self) -> None:
        """Put every stored column into a family, name the unnamed, and set the default columns of a new table."""
        placed = {id_ for family in self.desc.families for id_ in family.column_ids}
        unplaced = [c for c in self.desc.columns if c.id not in placed and not c.virtual]
        if unplaced and not self.desc.families:
            self.add_family("primary", ())
        for column in unplaced:
            self.desc.families[0].column_names.append(column.name)
            self.desc.families[0].column_ids.append(column.id)
        key = set(self.desc.primary_index.column_ids)
        for family in self.desc.families:
            if not family.name:
                family.name = "_".join(["fam", str(family.id), *family.column_names])
            outside = [id_ for id_ in family.column_ids if id_ not in key]
            if self._is_new or (not family.default_column_id and len(family.column_ids) == 1):
                family.default_column_id = outside[0] if len(outside) == 1 else 0

    # Types

    def link_types(self) -> None:
        """Make the enums that the columns are made of, and their array aliases, refer to the table."""
        for id_ in sorted(self.used_type_ids()):
            member = self.catalog.type(id_)
            if self.desc.id not in member.referencing_descriptor_ids:
                self.catalog.change_type(id_).referencing_descriptor_ids.append(self.desc.id)

    def unlink_types(self) -> None:
        """Let go of types that no column uses any more."""
        used = self.used_type_ids()
        for id_, member in self.catalog.types_by_id().items():
            if id_ not in used and self.desc.id in member.referencing_descriptor_ids:
                self.catalog.change_type(id_).referencing_descriptor_ids.remove(self.desc.id)

    def used_type_ids(self) -> set[int]:
        """Return the ids of the enums and aliases of the columns."""
        ids: set[int] = set()
        for column in self.desc.columns:
            t = column.type.array_contents if column.type.HasField("array_contents") else column.type
            if t.family == pb.Family.EnumFamily:
                id_ = t.oid - USER_TYPE_OID_OFFSET
                ids |= {id_, self.catalog.type(id_).array_type_id}
        return ids
