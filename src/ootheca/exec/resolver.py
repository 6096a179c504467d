"""Names for the engine: the session's catalog, database and settings, as `engine.base.NameResolver` wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.catalog.display import runnable_expression, show_expression
from ootheca.catalog.table import Table, enum_type
from ootheca.engine.base import Check, Constraints, ForeignKey, TableName
from ootheca.profile import Profile
from ootheca.types import Family, SQLType

if TYPE_CHECKING:
    from ootheca.catalog.catalog import Catalog
    from ootheca.exec.session import Session

__all__ = ["SessionNames", "table_name"]

_ACTIONS = ("NO ACTION", "RESTRICT", "SET NULL", "SET DEFAULT", "CASCADE")


def table_name(session: Session, desc: pb.TableDescriptor) -> TableName:
    """Return the engine's name of a relation."""
    return TableName(*session.catalog.qualified_name(desc))


class SessionNames:
    """A session's names and settings, read when they are asked for.

    Args:
        catalog: another one than the session's.
    """

    def __init__(self, session: Session, catalog: Catalog | None = None) -> None:
        self._session = session
        self._other = catalog

    @property
    def _catalog(self) -> Catalog:
        return self._other if self._other is not None else self._session.catalog

    def _name(self, desc: pb.TableDescriptor) -> TableName:
        return TableName(*self._catalog.qualified_name(desc))

    @property
    def profile(self) -> Profile:
        """The version whose words errors use."""
        return self._session.profile

    @property
    def current_database(self) -> str:
        """The value of `current_database()`."""
        return self._session.database

    @property
    def current_user(self) -> str:
        """The value of `current_user()`."""
        return self._session.user

    @property
    def search_path(self) -> Sequence[str]:
        """Schemas in which unqualified names are looked up."""
        return tuple(part.strip(' "') for part in self._session.variables["search_path"].split(","))

    @property
    def extra_float_digits(self) -> int:
        """The session variable."""
        return int(self._session.variables["extra_float_digits"])

    def resolve(self, parts: tuple[str, ...]) -> tuple[TableName, Table]:
        """Find a table, view or sequence.

        Raises:
            UndefinedTableError: there is none.
        """
        desc = self._catalog.resolve_table(parts, self._session.database)
        return self._name(desc), self.describe(desc)

    def resolve_id(self, table_id: int) -> tuple[TableName, Table]:
        """Find a table, view or sequence by its descriptor's id.

        Raises:
            UndefinedTableError: there is none.
        """
        desc = self._catalog.table(table_id)
        return self._name(desc), self.describe(desc)

    def resolve_type(self, parts: tuple[str, ...]) -> SQLType:
        """Find a user-defined type; a lone number after `@` is its OID.

        Raises:
            UndefinedError: there is none.
        """
        catalog = self._catalog
        desc = catalog.resolve_type(parts, self._session.database)
        oid = 100_000 + desc.id
        if desc.kind == pb.TypeDescriptor.ALIAS:
            element = catalog.type(desc.alias.array_contents.oid - 100_000)
            return SQLType(
                Family.ARRAY, oid, element=SQLType(Family.ENUM, 100_000 + element.id, enum=enum_type(element))
            )
        return SQLType(Family.ENUM, oid, enum=enum_type(desc))

    def constraints(self, name: TableName) -> Constraints:
        """Return the constraints of a table."""
        catalog = self._catalog
        desc = catalog.resolve_table((name.database, name.schema, name.name), "")
        is_here = name.database == self._session.database
        checks = [
            # Errors quote the expression: in the table's own database it needs no longer names than usual.
            Check(c.name, show_expression(c.expr, catalog) if is_here else self._runnable(c.expr, desc))
            for c in desc.checks
        ]
        return Constraints(
            checks=tuple(checks),
            foreign_keys=tuple(self._foreign_key(fk) for fk in desc.outbound_fks),
            referenced_by=tuple(self._foreign_key(fk) for fk in desc.inbound_fks),
        )

    def _runnable(self, text: str, desc: pb.TableDescriptor) -> str:
        catalog = self._catalog
        return runnable_expression(text, catalog, catalog.database(desc.parent_id).name)

    def describe(self, desc: pb.TableDescriptor) -> Table:
        """Describe a table with expressions that mean the same from any database."""
        table = self._catalog.describe(desc.id)
        columns = tuple(
            replace(
                column,
                default_expr=self._runnable(column.default_expr, desc) if column.default_expr else None,
                compute_expr=self._runnable(column.compute_expr, desc) if column.compute_expr else None,
            )
            for column in table.columns
        )
        indexes = tuple(
            replace(index, predicate=self._runnable(index.predicate, desc)) if index.predicate else index
            for index in table.indexes
        )
        return replace(table, columns=columns, indexes=indexes)

    def _foreign_key(self, fk: pb.ForeignKeyConstraint) -> ForeignKey:
        origin = self._catalog.table(fk.origin_table_id)
        referenced = self._catalog.table(fk.referenced_table_id)
        return ForeignKey(
            name=fk.name,
            table=self._name(origin),
            columns=_column_names(origin, fk.origin_column_ids),
            referenced_table=self._name(referenced),
            referenced_columns=_column_names(referenced, fk.referenced_column_ids),
            on_delete=_ACTIONS[fk.on_delete],
            on_update=_ACTIONS[fk.on_update],
        )


def _column_names(desc: pb.TableDescriptor, ids: Sequence[int]) -> tuple[str, ...]:
    names = {column.id: column.name for column in desc.columns}
    return tuple(names[id_] for id_ in ids)
