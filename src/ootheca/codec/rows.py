"""Rows: the key/value pairs of a primary index -> Arrow record batches of one table.

Layout: one pair per column family with data. Key: prefix, key columns, family suffix (`keys`). Value: checksum BE32,
    kind byte, data: a TUPLE (`tuples`), or the lone column of a family (`values`). A key column is in a value as well
    if the key loses something of it.
    22.2 and later may put `header size BE32, 65, header` before a value.
Source: reference 05 sections 1, 5 and 6; every table of fixtures/golden/20.2/a_full and 21.2/a_full.
    Unverified: values with an extended header.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ootheca.catalog.table import Column, ColumnFamily, Table
from ootheca.codec.checksum import first_wrong_checksum
from ootheca.codec.datums import Datums, Rows, concat, num_values, override, take
from ootheca.codec.extended import strip_headers
from ootheca.codec.keycolumns import decode_column
from ootheca.codec.keys import INTERLEAVE_SENTINEL, decode_prefixes, pretty_key, row_starts, split_families
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ordered import Positions, check_marker, decode_uvarint, first_bytes
from ootheca.codec.ragged import Ragged
from ootheca.codec.to_arrow import DoesNotFitError, to_arrow
from ootheca.codec.tuples import Piece, decode_tuples
from ootheca.codec.values import ValueKind, decode_lone, stored_type, unsupported
from ootheca.errors import ChecksumMismatchError, CorruptionError, InternalError
from ootheca.types import Family, SQLType, arrow_type, text_type

__all__ = ["NotNativeError", "RowDecoder"]

_HEADER_SIZE = 5  # checksum and kind
_MAX_BATCH_SIZE = 1 << 29  # bytes of values: well below what the offsets of an Arrow string array reach
_ALL = (-1,)


class NotNativeError(Exception):
    """Some values do not fit the native Arrow types of their columns.

    The caller decodes again from the first batch, with these among the text columns.
    """

    def __init__(self, columns: frozenset[int]) -> None:
        super().__init__(f"columns {sorted(columns)} hold values that have no native form")
        self.columns = columns


@dataclass(frozen=True)
class RowDecoder:
    """Decodes the rows of one table.

    Args:
        table: whose primary index the keys are of; the ids in the keys are not compared with it.
        column_ids: the columns to return; all with data, in the table's order, unless given.
        text_columns: ids of columns to return as text.
        verify_checksums: False leaves out the check of the values' checksums.

    Raises:
        UnsupportedError: a column has a type without codec; the message names both.
    """

    table: Table
    column_ids: tuple[int, ...] = _ALL
    text_columns: frozenset[int] = frozenset()
    verify_checksums: bool = True
    schema: pa.Schema = field(init=False)

    def __post_init__(self) -> None:
        if self.column_ids == _ALL:
            ids = tuple(column.id for column in self.table.columns if not column.is_virtual)
            object.__setattr__(self, "column_ids", ids)
        for column in self._columns:
            if stored_type(column.type) is None:
                raise unsupported(column.type, column.name)
            if column.is_virtual:
                raise InternalError(f"column {column.name!r} is virtual and has no data")
        object.__setattr__(self, "schema", pa.schema([self._field(column) for column in self._columns]))

    def _field(self, column: Column) -> pa.Field:
        is_text = column.id in self.text_columns
        return pa.field(column.name, text_type(column.type) if is_text else arrow_type(column.type))

    @cached_property
    def _columns(self) -> tuple[Column, ...]:
        return tuple(self.table.column_by_id[column_id] for column_id in self.column_ids)

    @cached_property
    def _wanted(self) -> dict[int, SQLType]:
        return {column.id: column.type for column in self._columns}

    @cached_property
    def _families(self) -> Mapping[int, ColumnFamily]:
        return {family.id: family for family in self.table.families}

    def decode(self, batches: Iterable[KeyValueBatch]) -> Iterator[pa.RecordBatch]:
        """Decode the pairs of the table's primary index, in key order, one version of each key and no tombstones.

        A row's pairs may come in several batches. Columns that the table does not know are skipped.

        Raises:
            NotNativeError: values do not fit; nothing of their batch was returned.
            ChecksumMismatchError, CorruptionError: damaged bytes; the message names the table, `location` the key.
        """
        carried: KeyValueBatch | None = None
        for batch in batches:
            pairs = batch if carried is None else KeyValueBatch.concat([carried, batch])
            carried = None
            if len(self.table.families) > 1:
                last = self._last_row(pairs)
                pairs, carried = pairs[:last], pairs[last:]
            yield from self._decode_located(pairs)
        if carried is not None:
            yield from self._decode_located(carried)

    def _last_row(self, pairs: KeyValueBatch) -> int:
        """The index of the last row's first pair."""
        if len(pairs) == 0:
            return 0
        try:
            families, suffixes = split_families(pairs.keys)
        except CorruptionError:
            return len(pairs)  # decoding will find the damaged key again and name it
        return int(np.flatnonzero(row_starts(pairs.keys, families, suffixes))[-1])

    def _decode_located(self, pairs: KeyValueBatch) -> Iterator[pa.RecordBatch]:
        if len(pairs) == 0:
            return
        if pairs.values.total_size > _MAX_BATCH_SIZE and len(pairs) > 1:
            middle = self._row_boundary(pairs)
            if 0 < middle < len(pairs):
                yield from self._decode_located(pairs[:middle])
                yield from self._decode_located(pairs[middle:])
                return
        try:
            batch = self._decode_pairs(pairs)
        except CorruptionError as exc:
            raise self._located(pairs, exc) from exc
        if batch.num_rows:
            yield batch

    def _row_boundary(self, pairs: KeyValueBatch) -> int:
        """The first pair of a row, about where half of the bytes are."""
        half = int(pairs.values.offsets[0]) + pairs.values.total_size // 2
        middle = max(1, min(int(np.searchsorted(pairs.values.offsets, half)), len(pairs) - 1))
        families, suffixes = split_families(pairs.keys)
        starts = np.flatnonzero(row_starts(pairs.keys, families, suffixes))
        return int(starts[np.searchsorted(starts, middle, side="right") - 1]) or int(
            starts[min(1, starts.size - 1)]
        )

    def _located(self, pairs: KeyValueBatch, error: CorruptionError) -> CorruptionError:
        """Halve the pairs until the one that fails is left, and name its key."""
        low, high = 0, len(pairs)
        while high - low > 1:
            middle = (low + high) // 2
            failure = self._failure(pairs[low:middle])
            if failure is not None:
                high, error = middle, failure
            else:
                low = middle
        error = self._failure(pairs[low:high]) or error
        key = pretty_key(pairs.keys.row(low), self.table)
        return type(error)(f"table {self.table.name!r}, key {key}: {error.message}", location=key)

    def _failure(self, pairs: KeyValueBatch) -> CorruptionError | None:
        try:
            self._decode_pairs(pairs)
        except CorruptionError as exc:
            return exc
        except NotNativeError:
            return None
        return None

    def _decode_pairs(self, pairs: KeyValueBatch) -> pa.RecordBatch:
        pairs = _with_values(pairs)
        if self.verify_checksums and first_wrong_checksum(pairs.keys, pairs.values) is not None:
            raise ChecksumMismatchError("the checksum of a value does not fit")
        families, suffixes = split_families(pairs.keys)
        row_of: Rows = None
        firsts = slice(None)
        num_rows = len(pairs)
        if bool(families.any()):
            is_first = row_starts(pairs.keys, families, suffixes)
            row_of = np.cumsum(is_first) - 1
            firsts = np.flatnonzero(is_first)  # type: ignore[assignment]
            num_rows = int(row_of[-1]) + 1
        keys = self._decode_keys(pairs.keys, firsts, suffixes[firsts])
        pieces = self._decode_values(pairs.values, families, row_of)
        return self._assemble(keys, pieces, num_rows)

    def _decode_keys(self, keys: Ragged, firsts: slice, stops: Positions) -> dict[int, Datums]:
        """Decode the key columns of each row: those wanted, by column id."""
        index, data = self.table.primary_index, keys.data
        _, _, sizes = decode_prefixes(keys)
        at = (keys.starts + sizes)[firsts]
        shared = [0]
        for _, _, count in index.ancestors:
            shared.append(shared[-1] + count)
        result: dict[int, Datums] = {}
        last_wanted = max(
            (place for place, column_id in enumerate(index.key_column_ids) if column_id in self._wanted),
            default=-1,
        )
        for place, column_id in enumerate(index.key_column_ids[: last_wanted + 1]):
            at = self._skip_prefixes(data, at, shared.count(place) if place else 0)
            column = self.table.column_by_id[column_id]
            datums, at = decode_column(data, at, column.type, is_descending=index.is_descending[place])
            if column_id in self._wanted and column.type.family is not Family.COLLATED_STRING:
                result[column_id] = datums
        ends_in_own = last_wanted + 1 == len(index.key_column_ids) and shared[-1] < len(index.key_column_ids)
        if bool((at > stops).any()) or (ends_in_own and bool((at != stops).any())):
            raise CorruptionError("a key with columns that do not fit the table")
        return result

    @staticmethod
    def _skip_prefixes(data: NDArray[np.uint8], at: Positions, count: int) -> Positions:
        """Step over the prefixes of interleaved tables."""
        for _ in range(count):
            at = check_marker(data, at, INTERLEAVE_SENTINEL, "interleaved key")
            _, at = decode_uvarint(data, at)
            _, at = decode_uvarint(data, at)
        return at

    def _decode_values(
        self, values: Ragged, families: NDArray[np.int64], row_of: Rows
    ) -> dict[int, list[Piece]]:
        """Decode the columns in the values, by column id, with their rows."""
        data, starts, ends = values.data, values.starts + _HEADER_SIZE, values.offsets[1:]
        kinds = first_bytes(data, starts - 1)
        tuples = np.flatnonzero(kinds == ValueKind.TUPLE)
        result: dict[int, list[Piece]] = {}
        if tuples.size == kinds.size:
            for column_id, found in decode_tuples(data, starts, ends, self._wanted).items():
                result[column_id] = [_renumbered(piece, row_of) for piece in found]
            return result
        for column_id, found in decode_tuples(data, starts[tuples], ends[tuples], self._wanted).items():
            result[column_id] = [_renumbered(_renumbered(piece, tuples), row_of) for piece in found]
        lone = np.flatnonzero(kinds != ValueKind.TUPLE)
        for family_id in np.unique(families[lone]).tolist():
            lone_id = _lone_column(self._families.get(family_id))
            t = self._wanted.get(lone_id)
            if t is None:
                continue
            pairs = lone[families[lone] == family_id]
            for kind in np.unique(kinds[pairs]).tolist():
                some = pairs[kinds[pairs] == kind]
                datums = decode_lone(data, starts[some], ends[some], kind, t)
                result.setdefault(lone_id, []).append(_renumbered(Piece(some, datums), row_of))
        return result

    def _assemble(
        self, keys: Mapping[int, Datums], pieces: Mapping[int, list[Piece]], num_rows: int
    ) -> pa.RecordBatch:
        arrays: list[pa.Array] = []
        unfitting: set[int] = set()
        for column, target in zip(self._columns, self.schema, strict=True):
            datums, present = _merged(keys.get(column.id), pieces.get(column.id, []), num_rows)
            if (
                column.type.family is Family.COLLATED_STRING
                and column.id in self.table.primary_index.key_column_ids
            ):
                _require_all(present, num_rows, column)
            if datums is None:
                arrays.append(pa.nulls(num_rows, target.type))
                continue
            as_text = column.id in self.text_columns
            try:
                arrays.append(to_arrow(datums, present, num_rows, column.type, as_text=as_text))
            except DoesNotFitError:
                unfitting.add(column.id)
        if unfitting:
            raise NotNativeError(frozenset(unfitting))
        if not arrays:
            return pa.RecordBatch.from_struct_array(pa.array([{}] * num_rows, pa.struct([])))
        return pa.record_batch(arrays, schema=self.schema)


def _with_values(pairs: KeyValueBatch) -> KeyValueBatch:
    """Return the pairs that have a value, without extended headers.

    Raises:
        CorruptionError: a value is too short.
    """
    pairs = strip_headers(pairs)
    sizes = pairs.values.lengths
    if int(sizes.min()) >= _HEADER_SIZE:
        return pairs
    if bool(((sizes > 0) & (sizes < _HEADER_SIZE)).any()):
        raise CorruptionError("a value of fewer than 5 bytes")
    return pairs.take(np.flatnonzero(sizes))


def _lone_column(family: ColumnFamily | None) -> int:
    """The column that a family stores alone; 0 for a family that is unknown or has lost its columns.

    Raises:
        CorruptionError: the family has several columns and so stores none alone.
    """
    if family is None or not family.column_ids:
        return 0
    if not family.default_column_id and len(family.column_ids) > 1:
        raise CorruptionError(f"a lone value in column family {family.name!r}, which has several columns")
    return family.default_column_id or family.column_ids[0]


def _renumbered(piece: Piece, numbers: Rows) -> Piece:
    return piece if numbers is None else Piece(numbers[piece.rows], piece.datums)


def _merged(key: Datums | None, pieces: list[Piece], num_rows: int) -> tuple[Datums | None, Rows]:
    """Bring a column's values together: (values, their rows). What a value holds replaces what the key holds."""
    if key is not None:
        for piece in pieces:
            key = override(key, piece.rows, piece.datums)
        return key, None
    if not pieces:
        return None, None
    rows, datums = pieces[0].rows, pieces[0].datums
    if len(pieces) > 1:
        rows = np.concatenate([piece.rows for piece in pieces])
        order = np.argsort(rows, kind="stable")
        rows, datums = rows[order], take(concat([piece.datums for piece in pieces]), order)
        if bool((rows[1:] == rows[:-1]).any()):
            raise CorruptionError("two values of one column in one row")
    assert num_values(datums) == rows.size
    return datums, None if rows.size == num_rows else rows


def _require_all(present: Rows, num_rows: int, column: Column) -> None:
    if present is not None and present.size != num_rows:
        raise CorruptionError(f"column {column.name!r} has no text beside its collation key")
