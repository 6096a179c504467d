"""Ids that a statement names by a query: those of jobs and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.errors import OothecaError
from ootheca.exec.dispatch import dispatch
from ootheca.exec.quantities import parse_int
from ootheca.types import Family

if TYPE_CHECKING:
    from ootheca.exec.session import Session
    from ootheca.sql import ast

__all__ = ["query_ids"]


def query_ids(query: ast.Query, session: Session, what: str) -> list[int]:
    """Run a query for the ids that it gives, in its order; NULL is skipped, as is an id that comes again.

    Args:
        what: the statement, for errors: `PAUSE JOBS`.

    Raises:
        OothecaError: it gives not one column, or no numbers.
    """
    result = dispatch(query, session)
    columns = result.columns or ()
    if len(columns) != 1:
        raise OothecaError(
            f"{what} expects a single column source, got {len(columns)} columns", sqlstate="42601"
        )
    values = [value for batch in result.batches for value in batch.column(0).to_pylist() if value is not None]
    family = columns[0].type.family
    numbers = [parse_int(str(value)) for value in values]
    found = [number for number in numbers if number is not None]
    if values and (family not in (Family.INT, Family.STRING) or len(found) < len(numbers)):
        raise OothecaError(
            f"{what} requires int values, not type {columns[0].type.name.lower()}", sqlstate="42804"
        )
    return list(dict.fromkeys(found))
