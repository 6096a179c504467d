"""What a statement answers: a schema and record batches, or only a tag; and notices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ootheca.types import BOOL, INT8, STRING, TIMESTAMP, TIMESTAMPTZ, SQLType, arrow_type

__all__ = ["Result", "ResultColumn", "boolean", "integer", "string", "timestamp", "timestamptz"]


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result, with CockroachDB's type: renderers format by it, not by the Arrow type."""

    name: str
    type: SQLType


def string(name: str) -> ResultColumn:
    """Return a STRING column."""
    return ResultColumn(name, STRING)


def integer(name: str) -> ResultColumn:
    """Return an INT8 column."""
    return ResultColumn(name, INT8)


def boolean(name: str) -> ResultColumn:
    """Return a BOOL column."""
    return ResultColumn(name, BOOL)


def timestamp(name: str) -> ResultColumn:
    """Return a TIMESTAMP column."""
    return ResultColumn(name, TIMESTAMP)


def timestamptz(name: str) -> ResultColumn:
    """Return a TIMESTAMPTZ column."""
    return ResultColumn(name, TIMESTAMPTZ)


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of one statement.

    Attributes:
        columns: None for a statement without a row set.
        batches: read once; each column in one of the two representations of `ootheca.types` (native or text).
        tag: as on the PostgreSQL wire. Without columns it is complete (`CREATE TABLE`, `INSERT 0 3`); with columns
            the number of rows is still to come, see `complete_tag`.
        notices: texts that the statement raised before its rows.
    """

    columns: tuple[ResultColumn, ...] | None
    batches: Iterable[pa.RecordBatch]
    tag: str
    notices: tuple[str, ...] = ()

    @classmethod
    def command(cls, tag: str, notices: Sequence[str] = ()) -> Result:
        """Return the answer of a statement without rows; `tag` is complete."""
        return cls(None, (), tag, tuple(notices))

    @classmethod
    def of_rows(
        cls,
        columns: Sequence[ResultColumn],
        rows: Sequence[Sequence[object]],
        *,
        tag: str = "SELECT",
        notices: Sequence[str] = (),
    ) -> Result:
        """Return a small result of Python values that fit the native Arrow type of their columns."""
        arrays = [
            pa.array([row[i] for row in rows], type=arrow_type(column.type))
            for i, column in enumerate(columns)
        ]
        schema = pa.schema([pa.field(column.name, arrow_type(column.type)) for column in columns])
        return cls(tuple(columns), (pa.RecordBatch.from_arrays(arrays, schema=schema),), tag, tuple(notices))

    def complete_tag(self, num_rows: int) -> str:
        """Return the tag after all rows were read: `SELECT 3`, `BACKUP 1`; as it is without columns."""
        return self.tag if self.columns is None else f"{self.tag} {num_rows}"
