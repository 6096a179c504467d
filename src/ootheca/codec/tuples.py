"""TUPLE values: tagged columns of one row <-> values of many rows, column by column.

Layout: (tag datum)*, columns in ascending id; tag = be_uvarint(delta << 4 | type), delta = column id minus that of the
    column before it in this value, from 0; type >= 15: low nibble 15, then be_uvarint(type)
Source: reference 05 section 6; every primary key value of fixtures/golden/20.2/a_full.

Each row has a cursor. The rows whose next tag has the lowest column id decode that column together, so that the work is
per column, whatever columns the single rows have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.coding import decode_be_uvarint_at, encode_be_uvarints
from ootheca.codec.datums import Datums, Ints, Rows, expand
from ootheca.codec.ordered import Positions, first_bytes
from ootheca.codec.ragged import Ragged
from ootheca.codec.uvarint import encode_be_uvarint
from ootheca.codec.values import DatumType, accepted_types, decode_datums, skip_datums
from ootheca.errors import CorruptionError
from ootheca.types import SQLType

__all__ = ["Piece", "TaggedColumn", "decode_tuples", "encode_tuples"]

_NO_COLUMN = np.iinfo(np.int64).max
_LONG_TYPE = 15
_MAX_COLUMN_ID = 2**31
_MAX_TYPE = 255  # unknown, as are all above it


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some values of a column: `datums[i]` belongs to row `rows[i]`, ascending."""

    rows: NDArray[np.int64]
    datums: Datums


@dataclass(frozen=True, slots=True, eq=False)
class TaggedColumn:
    """A column to be written: its type code or codes, the bytes of its values, their rows."""

    column_id: int
    kind: int | NDArray[np.uint8]
    datums: Ragged
    present: Rows


@dataclass(frozen=True, slots=True, eq=False)
class _Cursors:
    """Per row: the column of its next tag (or `_NO_COLUMN`), that tag's type, the position after it."""

    data: NDArray[np.uint8]
    ends: Positions
    column: NDArray[np.int64]
    kind: NDArray[np.uint8]
    at: Positions

    def read_tags(self, rows: Rows, at: Positions, previous: int) -> None:
        """Read the next tag of the given rows, at the given positions."""
        whole = slice(None) if rows is None else rows
        ends = self.ends if rows is None else self.ends[rows]
        if bool((at > ends).any()):
            raise CorruptionError("the bytes end within a value")
        done = at == ends
        if bool(done.any()):
            self.column[whole] = _NO_COLUMN
            open_rows = np.flatnonzero(~done)
            at = at[open_rows]
            rows = open_rows if rows is None else rows[open_rows]
            whole = rows
        deltas, kinds, after = _decode_tags(self.data, at)
        self.column[whole] = previous + deltas
        self.kind[whole] = kinds
        self.at[whole] = after


def _decode_tags(
    data: NDArray[np.uint8], at: Positions
) -> tuple[NDArray[np.int64], NDArray[np.uint8], Positions]:
    """Return the deltas of the column ids, the types, and the positions after the tags."""
    first = first_bytes(data, at)
    deltas, kinds, after = (first >> 4).astype(np.int64), first & np.uint8(_LONG_TYPE), at + 1
    long = np.flatnonzero((first >= 0x80) | (kinds == _LONG_TYPE))
    if long.size:
        tags, positions = decode_be_uvarint_at(data, at[long])
        types = tags & np.uint64(_LONG_TYPE)
        rows = np.flatnonzero(types == _LONG_TYPE)
        types[rows], positions[rows] = decode_be_uvarint_at(data, positions[rows])
        deltas[long] = np.minimum(tags >> np.uint64(4), _MAX_COLUMN_ID + 1).astype(np.int64)
        kinds[long] = np.minimum(types, _MAX_TYPE)
        after[long] = positions
    if deltas.size and (int(deltas.min()) <= 0 or int(deltas.max()) > _MAX_COLUMN_ID):
        raise CorruptionError("a column tag that does not ascend")
    return deltas, kinds, after


def decode_tuples(
    data: NDArray[np.uint8], starts: Positions, ends: Positions, wanted: Mapping[int, SQLType]
) -> dict[int, list[Piece]]:
    """Decode the tagged columns in [start, end) of every row.

    Args:
        wanted: types by column id; other columns are skipped.

    Returns:
        the values of each column that any row has; rows are numbered as in `starts`.

    Raises:
        CorruptionError: a tag or a datum is impossible, or runs past its row's end.
    """
    num_rows = int(starts.size)
    kinds, at = np.empty(num_rows, np.uint8), np.empty(num_rows, np.int64)
    cursors = _Cursors(data, ends, np.full(num_rows, _NO_COLUMN), kinds, at)
    cursors.read_tags(None, starts, 0)
    pieces: dict[int, list[Piece]] = {}
    while num_rows:
        column = int(cursors.column.min())
        if column == _NO_COLUMN:
            break
        rows = np.flatnonzero(cursors.column == column)
        found, after = _decode_column(cursors, rows, wanted.get(column))
        pieces.setdefault(column, []).extend(found)
        cursors.read_tags(None if rows.size == num_rows else rows, after, column)
    return pieces


def _decode_column(
    cursors: _Cursors, rows: NDArray[np.int64], t: SQLType | None
) -> tuple[list[Piece], Positions]:
    """Decode the column that the given rows have next: (values, positions after them)."""
    every = rows.size == cursors.ends.size
    at = cursors.at if every else cursors.at[rows]
    kinds = cursors.kind if every else cursors.kind[rows]
    accepted = accepted_types(t) if t is not None else ()
    if len(accepted) > 1:
        is_true = kinds == DatumType.TRUE
        if bool((is_true | (kinds == DatumType.FALSE)).all()):
            return [Piece(rows, Ints(is_true.astype(np.int64)))], at
    pieces: list[Piece] = []
    whole = bool((kinds == kinds[0]).all())
    for kind in [int(kinds[0])] if whole else np.unique(kinds).tolist():
        some: Rows = None if whole else np.flatnonzero(kinds == kind)
        positions = at if some is None else at[some]
        if t is None or kind == DatumType.NULL:
            after = skip_datums(cursors.data, positions, kind)
        elif kind not in accepted:
            raise CorruptionError(f"a value of datum type {kind} in a column of type {t.name}")
        else:
            datums, after = decode_datums(cursors.data, positions, kind)
            pieces.append(Piece(rows if some is None else rows[some], datums))
        if some is None:
            at = after
        else:
            at[some] = after
    return pieces, at


def encode_tuples(columns: list[TaggedColumn], num_rows: int) -> list[Ragged | bytes | NDArray[np.uint8]]:
    """Return parts which, joined row by row, are the TUPLE data; columns come in ascending id."""
    parts: list[Ragged | bytes | NDArray[np.uint8]] = []
    previous: int | NDArray[np.int64] = 0  # the column before, the same in all rows or by row
    for column in columns:
        kind = column.kind
        if column.present is None and isinstance(previous, int):
            delta = column.column_id - previous
            if isinstance(kind, int):
                parts.append(_tag(delta, kind))
            else:
                parts.append(encode_be_uvarints((delta << 4) + kind.astype(np.int64)))
            parts.append(column.datums)
            previous = column.column_id
            continue
        if isinstance(previous, int):
            previous = np.full(num_rows, previous, np.int64)
        deltas = column.column_id - (previous if column.present is None else previous[column.present])
        # Joining happens once, for all columns; spreading over the rows copies no bytes.
        spread = (*_tags(deltas, kind), column.datums)
        parts.extend(expand(part, column.present, num_rows) for part in spread)
        previous[slice(None) if column.present is None else column.present] = column.column_id
    return parts


def _tag(delta: int, kind: int) -> bytes:
    if kind < _LONG_TYPE:
        return encode_be_uvarint(delta << 4 | kind)
    return encode_be_uvarint(delta << 4 | _LONG_TYPE) + encode_be_uvarint(kind)


def _tags(deltas: NDArray[np.int64], kind: int | NDArray[np.uint8]) -> list[Ragged]:
    if isinstance(kind, int) and kind >= _LONG_TYPE:
        types = Ragged.from_constant(encode_be_uvarint(kind), deltas.size)
        return [encode_be_uvarints(deltas << 4 | _LONG_TYPE), types]
    return [encode_be_uvarints(deltas << 4 | kind)]
