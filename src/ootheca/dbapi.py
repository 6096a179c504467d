"""What DB-API 2.0 (PEP 249) asks of a module besides connections: type objects, constructors, and rows as tuples.

| CockroachDB type | Python value in a row |
|---|---|
| BOOL, INT, FLOAT | bool, int, float |
| DECIMAL | decimal.Decimal |
| STRING and kin, enums, JSONB, INET, BIT, VARBIT, TIMETZ | str, as CockroachDB prints it |
| BYTES; GEOMETRY and GEOGRAPHY as EWKB | bytes |
| DATE, TIME | datetime.date, datetime.time |
| TIMESTAMP; TIMESTAMPTZ | datetime.datetime, without a zone; in UTC |
| INTERVAL | a tuple (months, days, nanoseconds) |
| UUID | uuid.UUID |
| T[] | list |
| NULL | None |

A column of which some value does not fit its Arrow type comes as text throughout; see `ootheca.types`.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ootheca.errors import DataError
from ootheca.types import Family, SQLType, arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

    from ootheca.exec.result import Result

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Date",
    "DateFromTicks",
    "Row",
    "Rows",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "TypeCode",
    "TypeObject",
]

Row = tuple[Any, ...]

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> datetime.date:  # noqa: N802  DB-API's name
    """Return the date, in the machine's time zone, of a number of seconds since 1970-01-01 00:00 UTC."""
    return datetime.date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> datetime.time:  # noqa: N802  DB-API's name
    """Return the time of day, in the machine's time zone, of a number of seconds since 1970-01-01 00:00 UTC."""
    return datetime.time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime.datetime:  # noqa: N802  DB-API's name
    """Return date and time, in the machine's time zone, of a number of seconds since 1970-01-01 00:00 UTC."""
    return datetime.datetime(*time.localtime(ticks)[:6])  # noqa: DTZ001  DB-API's has no zone


class TypeCode(str):
    """The type of a column in `Cursor.description`: CockroachDB's spelling, which also equals a `TypeObject`."""

    __slots__ = ("family",)
    family: Family

    def __new__(cls, sql_type: SQLType) -> TypeCode:
        made = super().__new__(cls, sql_type.name)
        made.family = sql_type.family
        return made


class TypeObject:
    """A kind of types, equal to the type code of every column of that kind."""

    __hash__ = None  # type: ignore[assignment]  # it equals texts that differ

    def __init__(self, name: str, *families: Family) -> None:
        self._name = name
        self._families = frozenset(families)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypeCode):
            return other.family in self._families
        return self is other

    def __repr__(self) -> str:
        return f"ootheca.{self._name}"


STRING = TypeObject("STRING", Family.STRING, Family.COLLATED_STRING, Family.NAME, Family.ENUM)
BINARY = TypeObject("BINARY", Family.BYTES)
NUMBER = TypeObject("NUMBER", Family.INT, Family.FLOAT, Family.DECIMAL)
DATETIME = TypeObject(
    "DATETIME",
    Family.DATE,
    Family.TIME,
    Family.TIMETZ,
    Family.TIMESTAMP,
    Family.TIMESTAMPTZ,
    Family.INTERVAL,
)
ROWID = TypeObject("ROWID", Family.OID)


class Rows(Iterator[Row]):
    """The rows of a result, read once: one by one as tuples, or what is left of them as Arrow.

    Attributes:
        number: how many were read.
    """

    def __init__(self, result: Result) -> None:
        assert result.columns is not None
        self.number = 0
        self._types = [column.type for column in result.columns]
        self._names = [column.name for column in result.columns]
        self._batches = iter(result.batches)
        self._batch: pa.RecordBatch | None = None
        self._first = 0  # the number of the batch's first row
        self._rows: Iterator[Row] = iter(())

    def __next__(self) -> Row:
        while (row := next(self._rows, None)) is None:
            self._batch = next(self._batches)
            self._first = self.number
            self._rows = iter(_tuples(self._batch, self._types))
        self.number += 1
        return row

    def arrow(self) -> pa.Table:
        """Return what is left as one table."""
        import pyarrow as pa

        left = [] if self._batch is None else [self._batch.slice(self.number - self._first)]
        left += self._batches
        self._batch, self._rows = None, iter(())
        self.number += sum(batch.num_rows for batch in left)
        if left:
            return pa.Table.from_batches(left)
        fields = [pa.field(name, arrow_type(t)) for name, t in zip(self._names, self._types, strict=True)]
        return pa.schema(fields).empty_table()


def _tuples(batch: pa.RecordBatch, types: Iterable[SQLType]) -> Iterable[Row]:
    columns = [_objects(column, _converter(t)) for column, t in zip(batch.columns, types, strict=True)]
    return zip(*columns, strict=True)


def _objects(column: pa.Array, convert: Callable[[str], object] | None) -> list[Any]:
    import pyarrow as pa

    try:
        values: list[Any] = column.to_pylist()
    except (OverflowError, ValueError) as exc:
        raise DataError(
            "a date or time lies outside of the years 1 to 9999, which are all that Python has",
            sqlstate="22008",
            hint="take the rows with arrow(), or convert the column to STRING",
        ) from exc
    if convert is None or not pa.types.is_string(column.type):
        return values
    return [convert(value) if value is not None else None for value in values]


def _converter(t: SQLType) -> Callable[[str], object] | None:
    """Return how a value in text representation becomes a Python object; None to leave it as text."""
    return Decimal if t.family is Family.DECIMAL else None
