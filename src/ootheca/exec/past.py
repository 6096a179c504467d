"""AS OF SYSTEM TIME in a query: the tables as they were, written beside the present for one transaction.

A table that nothing happened to since is read as it is.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.backup.restore import decode_rows, fill_table, restore_sequence
from ootheca.backup.versions import StoreReader
from ootheca.catalog.table import Table
from ootheca.clock import Timestamp
from ootheca.codec.keys import prefix
from ootheca.engine.base import TableName
from ootheca.errors import OothecaError
from ootheca.exec.as_of import evaluate_as_of
from ootheca.exec.history import catalog_at, require_known
from ootheca.exec.resolver import SessionNames

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["past_names"]


def past_names(session: Session, operand: str) -> SessionNames:
    """Return the names of a time, given as AS OF SYSTEM TIME's operand; what is written for it goes at the end.

    Raises:
        OothecaError: the operand is no time, or there is an explicit transaction.
    """
    from ootheca.sql.parser import parse_expression

    time = evaluate_as_of(parse_expression(operand), session)
    if session.is_in_explicit_transaction:
        raise OothecaError(
            "AS OF SYSTEM TIME must be provided on a top-level statement",
            hint="COMMIT or ROLLBACK first, and say it outside of a transaction",
        )
    session.discard_at_end()
    return _PastNames(session, time)


class _PastNames(SessionNames):
    """Names of a time; a relation is made when it is first asked for."""

    def __init__(self, session: Session, time: Timestamp) -> None:
        super().__init__(session, catalog_at(session, time))
        self._time = time
        self._made: dict[int, TableName] = {}

    def resolve(self, parts: tuple[str, ...]) -> tuple[TableName, Table]:
        """Find a table, view or sequence as it was; raise UndefinedTableError."""
        name, table = super().resolve(parts)
        return self._relation(name, table), table

    def resolve_id(self, table_id: int) -> tuple[TableName, Table]:
        """Find a table, view or sequence as it was by its id; raise UndefinedTableError."""
        name, table = super().resolve_id(table_id)
        return self._relation(name, table), table

    def _relation(self, name: TableName, table: Table) -> TableName:
        if table.id not in self._made:
            require_known(self._session, [table.id], self._time)
            self._made[table.id] = name if self._is_unchanged(name, table) else self._make(name, table)
        return self._made[table.id]

    def _is_unchanged(self, name: TableName, table: Table) -> bool:
        session = self._session
        desc, then = session.catalog.get(table.id), self._catalog.table(table.id)
        if not isinstance(desc, pb.TableDescriptor) or desc.version != then.version:
            return False
        if TableName(*session.catalog.qualified_name(desc)) != name:
            return False
        if not table.has_data:
            return True
        versions = session.engine.versions
        base = versions.base(table.id, table.primary_index.id)
        start, end = prefix(table.id, table.primary_index.id), prefix(table.id, table.primary_index.id + 1)
        return base is not None and base <= self._time and not versions.has_any(start, end, self._time)

    def _make(self, name: TableName, table: Table) -> TableName:
        """Write a relation as it was, under its name in a schema of its own."""
        engine, desc = self._session.engine, self._catalog.table(table.id)
        made = TableName(name.database, f"{name.schema} {self._time}", name.name)
        engine.create_schema(made.database, made.schema)
        if not table.has_data:
            engine.create_view(made, desc.view_query)
            return made
        reader = StoreReader(engine, self._session.catalog, self._session.names, self._time)
        rows = partial(decode_rows, reader, self._catalog, table)
        if table.is_sequence:
            restore_sequence(engine, made, desc, rows())
        else:
            fill_table(engine, made, table, rows)
        return made
