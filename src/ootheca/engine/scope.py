"""What names mean inside a query: relations with their columns, one scope per SELECT, outer ones behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ootheca.catalog.table import Column, Table
from ootheca.engine.base import TableName
from ootheca.engine.typed import Typed
from ootheca.engine.typenames import is_text_column, quote, schema_name
from ootheca.errors import OothecaError, UndefinedColumnError, UndefinedTableError
from ootheca.types import Family

__all__ = ["Relation", "Scope", "ScopeColumn", "stored_relation"]


@dataclass(frozen=True, slots=True)
class ScopeColumn:
    """A column of a relation. `is_hidden`: not part of `*`; `is_merged`: only reachable through its relation's name."""

    name: str
    value: Typed
    is_hidden: bool = False
    is_merged: bool = False


@dataclass(slots=True)
class Relation:
    """A source in FROM under its alias; `table` where it is a stored one."""

    alias: str
    columns: list[ScopeColumn]
    qualifiers: tuple[str, ...] = ()  # schema and database before the name, innermost first
    name: TableName | None = None
    table: Table | None = None

    def answers_to(self, parts: tuple[str, ...]) -> bool:
        """Tell whether `parts` (innermost first) name this relation."""
        if not parts or parts[0] != self.alias:
            return False
        return all(
            part == known or (i == 0 and len(parts) == 2 and part == self.qualifiers[-1])
            for i, (part, known) in enumerate(zip(parts[1:], self.qualifiers, strict=False))
        )


@dataclass(slots=True)
class Scope:
    """The relations of one SELECT, and the scope around it (for correlated subqueries)."""

    parent: Scope | None = None
    relations: list[Relation] = field(default_factory=list)

    def column(self, name: str, qualifier: tuple[str, ...] = ()) -> Typed:
        """Find a column; `qualifier` is innermost first.

        Raises:
            UndefinedColumnError, UndefinedTableError, OothecaError (ambiguous): in CockroachDB's words.
        """
        scope: Scope | None = self
        source_found = False
        while scope is not None:
            found = [
                (relation, column)
                for relation in scope.relations
                if not qualifier or relation.answers_to(qualifier)
                for column in relation.columns
                if column.name == name and (qualifier or not column.is_merged)
            ]
            source_found |= bool(qualifier) and any(r.answers_to(qualifier) for r in scope.relations)
            if len(found) > 1:
                candidates = ", ".join(f"{relation.alias}.{name}" for relation, _ in found)
                raise OothecaError(
                    f'column reference "{name}" is ambiguous (candidates: {candidates})', sqlstate="42702"
                )
            if found:
                return found[0][1].value
            scope = scope.parent
        if qualifier and not source_found:
            raise UndefinedTableError(
                f"no data source matches prefix: {'.'.join(reversed(qualifier))} in this context"
            )
        shown = ".".join([*reversed(qualifier), name])
        raise UndefinedColumnError(f'column "{shown}" does not exist')

    def star(self, qualifier: tuple[str, ...] = ()) -> list[ScopeColumn]:
        """Return the columns that `*` or `qualifier.*` stands for."""
        relations = [r for r in self.relations if not qualifier or r.answers_to(qualifier)]
        if qualifier and not relations:
            raise UndefinedTableError(f"no data source matches pattern: {'.'.join(reversed(qualifier))}.*")
        return [
            column
            for relation in relations
            for column in relation.columns
            if not column.is_hidden and (qualifier or not column.is_merged)
        ]


def stored_relation(
    name: TableName, table: Table, alias: str, physical: Mapping[str, str]
) -> tuple[str, Relation]:
    """Return what stands in FROM for a stored table, and the table as a relation without its virtual columns.

    Args:
        physical: the DuckDB type of each column, by lower-case name.
    """
    columns = [_stored_column(column, alias, physical) for column in table.columns if not column.is_virtual]
    relation = Relation(name.name, columns, (name.schema, name.database), name, table)
    return f"{quote(schema_name(name))}.{quote(name.name)} AS {alias}", relation


def _stored_column(column: Column, alias: str, physical: Mapping[str, str]) -> ScopeColumn:
    sql = f"{alias}.{quote(column.name)}"
    if column.type.family is Family.JSON:
        sql = f"CAST({sql} AS VARCHAR)"
    is_text = is_text_column(column.type, physical.get(column.name.lower(), ""))
    return ScopeColumn(column.name, Typed(sql, column.type, is_text), column.is_hidden)
