"""Rows of constants on their way into a table: as an Arrow table where DuckDB can cast each column as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ootheca.catalog.table import Column
from ootheca.engine.bulk import BulkRows
from ootheca.engine.queries import OutColumn, Queries, Query
from ootheca.engine.staging import Stager
from ootheca.engine.typed import NULL, Typed
from ootheca.engine.typenames import duckdb_type, string_literal
from ootheca.types import BOOL, DECIMAL, INT8, STRING, Family

__all__ = ["bulk_values"]

_WHOLE = re.compile(r"-?[0-9]+")
_QUOTED = re.compile(r"'(?:[^']|'')*'")

Cells = Callable[[tuple[str, ...], Column], list[Typed]]


def bulk_values(
    rows: BulkRows,
    columns: Sequence[Column],
    is_text: Sequence[bool],
    assigned: Callable[[Column, list[Typed]], list[Typed]],
    queries: Queries,
    stager: Stager,
) -> Query:
    """Return the query of the rows.

    Args:
        columns: the targets.
        is_text: which of them the table stores as text.
        assigned: gives the values of a column its type.
    """

    def typed(cells: tuple[str, ...], column: Column) -> list[Typed]:
        return assigned(column, [_constant(cell, column) for cell in cells])

    found = _columns(rows, columns, is_text, typed)
    if found is None:
        pairs = zip(rows.columns, columns, strict=True)
        return queries.rows_query([typed(cells, column) for cells, column in pairs])
    names = [f"c{number}" for number in range(1, len(found) + 1)]
    source = stager.source(pa.table([made.values for made in found], names=names))
    return _query(found, columns, source)


@dataclass(frozen=True, slots=True)
class BulkColumn:
    """The values of one column.

    Attributes:
        is_cast: they are texts that DuckDB casts to the column's type.
        is_text: they are the text representation of the column's type.
    """

    values: pa.Array
    is_cast: bool = False
    is_text: bool = False


def _columns(
    rows: BulkRows,
    columns: Sequence[Column],
    is_text: Sequence[bool],
    typed: Cells,
) -> list[BulkColumn] | None:
    """Return the values of all columns as arrays; None where DuckDB could not cast one of them as a whole.

    Args:
        is_text: which columns the table stores as text.
        typed: gives the values of a column, each as it is assigned.
    """
    found = []
    for cells, column, stored_as_text in zip(rows.columns, columns, is_text, strict=True):
        values = None if stored_as_text else _arrow_cells(cells, column)
        made = BulkColumn(values) if values is not None else _text_cells(typed(cells, column))
        if made is None:
            return None
        found.append(made)
    return found


def _query(found: Sequence[BulkColumn], columns: Sequence[Column], source: str) -> Query:
    """Return the query that reads the rows back from the Arrow table of their values."""
    outs, items = [], []
    for number, (made, column) in enumerate(zip(found, columns, strict=True), 1):
        name = f"c{number}"
        outs.append(OutColumn(column.name, column.type, made.is_text))
        items.append(f"CAST({name} AS {duckdb_type(column.type)}) AS {name}" if made.is_cast else name)
    return Query(f"SELECT {', '.join(items)} FROM {source}", tuple(outs))


def _arrow_cells(cells: tuple[str, ...], column: Column) -> pa.Array | None:
    """Return a column's values at once, in its own type: whole numbers of INT8, strings of STRING; None for others."""
    t = column.type
    known = [cell for cell in cells if cell[0] not in "nN"]
    if t.family is Family.STRING and not t.width and t.visible_type in (0, 7):
        if all(cell[0] == "'" for cell in known):
            return pa.array([_unquoted(cell) if cell[0] == "'" else None for cell in cells], pa.string())
    elif (
        t.family is Family.INT
        and t.width in (0, 64)
        and all(len(cell) < 19 and _WHOLE.fullmatch(cell) for cell in known)  # 18 digits are never too many
    ):
        return pa.array([int(cell) if cell[0] not in "nN" else None for cell in cells], pa.int64())
    return None


def _constant(cell: str, column: Column) -> Typed:
    """Return one value as the usual way translates it, before it gets the type of its column."""
    if cell[0] == "'":
        text = _unquoted(cell)
        return Typed(string_literal(text), STRING, constant=text)
    word = cell.lower()
    if word == "null":
        return NULL
    if word in ("true", "false"):
        plain = word[0] if column.type.family is Family.BOOL else None
        return Typed(word, BOOL, plain=plain)
    is_int = "." not in cell and len(cell) < 21 and -(2**63) <= int(cell) < 2**63
    return Typed(cell, INT8 if is_int else DECIMAL, number=cell)


def _text_cells(cells: list[Typed]) -> BulkColumn | None:
    """Return assigned values as texts; None where they are neither all text nor all plain."""
    known = [cell for cell in cells if cell.sql != "NULL"]
    if all(cell.plain is not None for cell in known):
        return BulkColumn(pa.array([cell.plain for cell in cells], pa.string()), is_cast=True)
    if all(cell.is_text and _QUOTED.fullmatch(cell.sql) for cell in known):
        texts = [_unquoted(cell.sql) if cell.sql != "NULL" else None for cell in cells]
        return BulkColumn(pa.array(texts, pa.string()), is_text=True)
    return None


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace("''", "'")
