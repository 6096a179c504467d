"""What a statement answers: a schema and record batches, or only a tag; and notices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ootheca.types import BOOL, INT8, STRING, TIMESTAMP, TIMESTAMPTZ, SQLType, arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FewRows", "Result", "ResultColumn", "boolean", "integer", "string", "timestamp", "timestamptz"]


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
class FewRows:
    """Rows as Python values that fit the native Arrow type of their columns; one record batch for who asks for it.

    To show a few rows Arrow need not be loaded, which takes longer than many a statement.
    """

    columns: tuple[ResultColumn, ...]
    rows: Sequence[Sequence[object]]

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        types = [arrow_type(column.type) for column in self.columns]
        arrays = [pa.array([row[i] for row in self.rows], type=type_) for i, type_ in enumerate(types)]
        names = [column.name for column in self.columns]
        yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema(list(map(pa.field, names, types))))


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
        return cls(tuple(columns), FewRows(tuple(columns), rows), tag, tuple(notices))

    @property
    def is_in_memory(self) -> bool:
        """Whether all rows are there already, if there are any: reading them needs no transaction."""
        return self.columns is None or isinstance(self.batches, (list, tuple, FewRows))

    def complete_tag(self, num_rows: int) -> str:
        """Return the tag after all rows were read: `SELECT 3`, `BACKUP 1`; as it is without columns."""
        return self.tag if self.columns is None else f"{self.tag} {num_rows}"
