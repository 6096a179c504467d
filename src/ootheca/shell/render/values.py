"""Results to cell texts: what renderers are given.

How each value is worded stands in `arrays`, which loads Arrow. A few rows of plain values, which most statements
answer, have the same words without it: texts of ASCII characters that a terminal can show, integers, booleans, moments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from ootheca.exec.result import FewRows, ResultColumn
from ootheca.types import Family, SQLType

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TextBatch", "TextRows", "text_rows"]

_ENDS = {
    ("20.2", Family.TIMESTAMP): "+00:00:00", ("20.2", Family.TIMESTAMPTZ): "+00:00:00",
    ("21.2", Family.TIMESTAMP): "", ("21.2", Family.TIMESTAMPTZ): "+00",
}  # fmt: skip
_PADDED_OID = 1042  # of CHAR(n)
_BLANKS = str.maketrans("", "", "\t\n")


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Rows as cell texts: `cells` are columns of num_rows texts, Arrow arrays or lists, without NULLs."""

    num_rows: int
    cells: tuple[pa.StringArray | list[str], ...]

    @property
    def columns(self) -> tuple[pa.StringArray, ...]:
        """The cells as Arrow arrays."""
        import pyarrow as pa

        return tuple(
            pa.array(column, pa.string()) if isinstance(column, list) else column for column in self.cells
        )

    @property
    def lists(self) -> list[list[str]]:
        """The cells as Python texts."""
        return [self.texts(place) for place in range(len(self.cells))]

    @property
    def rows(self) -> Iterable[tuple[str, ...]]:
        """The cells row by row; empty rows where there are no columns."""
        return zip(*self.lists, strict=True) if self.cells else [()] * self.num_rows

    def texts(self, place: int) -> list[str]:
        """Return the cells of one column as Python texts."""
        column = self.cells[place]
        return column if isinstance(column, list) else column.to_pylist()


@dataclass(frozen=True, slots=True)
class TextRows:
    """A row set as cell texts; `batches` are made while they are read, once."""

    columns: tuple[ResultColumn, ...]
    batches: Iterable[TextBatch]

    @property
    def names(self) -> list[str]:
        """The column names."""
        return [column.name for column in self.columns]


def text_rows(
    columns: tuple[ResultColumn, ...], batches: Iterable[pa.RecordBatch], *, version: str
) -> TextRows:
    """Return a result's rows as the client of `version` words them."""
    return TextRows(columns, _text_batches(columns, batches, version))


def _text_batches(
    columns: tuple[ResultColumn, ...], batches: Iterable[pa.RecordBatch], version: str
) -> Iterator[TextBatch]:
    if isinstance(batches, FewRows) and (plain := _plain_cells(batches, version)) is not None:
        if batches.rows:
            yield TextBatch(len(batches.rows), plain)
        return
    from ootheca.shell.render.arrays import text_arrays

    for num_rows, texts in text_arrays(columns, batches, version):
        yield TextBatch(num_rows, texts)


def _plain_cells(few: FewRows, version: str) -> tuple[list[str], ...] | None:
    """Return the cells of a few rows, or None if one of them is not worded here."""
    cells = []
    for place, column in enumerate(few.columns):
        texts = [_plain_text(row[place], column.type, version) for row in few.rows]
        if None in texts:
            return None
        cells.append(cast(list[str], texts))
    return tuple(cells) if cells else None


def _plain_text(value: object, type_: SQLType, version: str) -> str | None:
    match value, type_.family:
        case None, _:
            return "NULL"
        case bool(), Family.BOOL:
            return "true" if value else "false"
        case int(), Family.INT if not isinstance(value, bool):
            return str(value)
        case str(), Family.STRING | Family.JSON if type_.oid != _PADDED_OID and _is_plain(value):
            return value
        case datetime(), family if (version, family) in _ENDS and value.tzinfo in (None, UTC):
            moment = value.replace(tzinfo=None).isoformat(" ")
            return (moment.rstrip("0") if value.microsecond else moment) + _ENDS[version, family]
        case _:
            return None


def _is_plain(text: str) -> bool:
    return text.isascii() and (text.isprintable() or text.translate(_BLANKS).isprintable())
