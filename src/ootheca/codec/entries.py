"""Index entries: Arrow record batches -> the key/value pairs of one index.

Layout: primary index, or one with primary encoding: one pair per column family, key = prefix, key columns, suffix;
    value = checksum, 0a, TUPLE; a family n > 0 of one column: checksum, kind, that column (none if NULL).
    Secondary index: key = prefix, key columns, then the primary key's other columns if the index is not unique or a key
    column is NULL; value = checksum, 03, for unique indexes those other columns as in a key, then as tagged columns in
    ascending id what is stored, and key columns of which the key loses something. Stored columns of families n > 0 get
    a pair of their own, a TUPLE, from index version 1 on.
    Inverted index: one pair per element or path; value = checksum, 03.
Source: reference 05 sections 2, 5 and 7; every index of fixtures/golden/20.2/a_full and 21.2/a_full.
    Unverified: stored columns of several families.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ootheca.catalog.table import ColumnFamily, Index, Table
from ootheca.codec.checksum import crc32_rows, stored_checksums
from ootheca.codec.coding import encode_fixed_be32
from ootheca.codec.datums import Datums, Rows, expand, take
from ootheca.codec.from_arrow import from_arrow
from ootheca.codec.inverted import encode_inverted
from ootheca.codec.keycolumns import encode_column, is_composite
from ootheca.codec.keys import INTERLEAVE_SENTINEL, family_suffix, prefix
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ordered import encode_varint
from ootheca.codec.ragged import Ragged, concat_rows
from ootheca.codec.tuples import TaggedColumn, encode_tuples
from ootheca.codec.values import ValueKind, encode_datums, encode_lone, stored_type, unsupported
from ootheca.errors import InternalError, UnsupportedError
from ootheca.types import Family, SQLType

__all__ = ["IndexEncoder", "RowReader"]

Part = Ragged | bytes | NDArray[np.uint8]
_FAMILY_VERSION = 1  # index descriptor version from which stored columns are split by family


class RowReader(Protocol):
    """Some rows of a table, few enough to be held."""

    @property
    def table(self) -> Table:
        """How the table looks that the rows are of."""

    def read(self, column_ids: Sequence[int], where: str | None = None) -> pa.RecordBatch:
        """Return columns of all rows, or of those that satisfy the predicate of a partial index."""


@dataclass(frozen=True, slots=True, eq=False)
class _Values:
    """A column of the batch: its values that are not NULL, and their rows."""

    type: SQLType
    datums: Datums
    present: Rows

    def is_null(self, num_rows: int) -> NDArray[np.bool_] | None:
        if self.present is None:
            return None
        result = np.ones(num_rows, np.bool_)
        result[self.present] = False
        return result


@dataclass(frozen=True)
class IndexEncoder:
    """Encodes the entries of one index.

    Args:
        index: one of `table`, primary or secondary; its `ancestors` hold the ids that keys get.
        table_id: the table's id in keys.

    Raises:
        UnsupportedError: a column has a type without codec; the message names both.
    """

    table: Table
    index: Index
    table_id: int

    def __post_init__(self) -> None:
        for column_id in self.column_ids:
            column = self.table.column_by_id[column_id]
            if stored_type(column.type) is None:
                raise unsupported(column.type, column.name)

    @cached_property
    def column_ids(self) -> tuple[int, ...]:
        """The columns that `encode` needs, in the table's order; virtual ones only as key columns."""
        index = self.index
        needed = set(index.key_column_ids) | set(index.key_suffix_column_ids)
        if self._is_primary:
            needed |= {c for family in self.table.families for c in family.column_ids if self._is_stored(c)}
        else:
            needed |= {c for c in index.stored_column_ids if self._is_stored(c)}
        return tuple(column.id for column in self.table.columns if column.id in needed)

    @property
    def _is_primary(self) -> bool:
        return self.index.has_primary_encoding or self.index.id == self.table.primary_index.id

    def _is_stored(self, column_id: int) -> bool:
        column = self.table.column_by_id.get(column_id)
        return column is not None and not column.is_virtual

    def encode(self, batch: pa.RecordBatch, *, wall_ns: int, logical: int = 0) -> KeyValueBatch:
        """Encode the entries of some rows, in the order of the rows; a row's pairs ascend by family.

        Args:
            batch: has at least the columns `column_ids`, by name, native or text. For a partial index only the rows
                that satisfy its predicate.

        Raises:
            InvalidValueError: a text is no value of its type. UnsupportedError: a collated string in the key.
        """
        num_rows = batch.num_rows
        missing = {self.table.column_by_id[c].name for c in self.column_ids} - set(batch.schema.names)
        if missing:
            raise InternalError(f"rows of table {self.table.name!r} without columns {sorted(missing)}")
        columns = {column_id: self._values(batch, column_id) for column_id in self.column_ids}
        if num_rows == 0:
            return KeyValueBatch.empty()
        try:
            keys, bodies = self._pairs(columns, num_rows)
        except UnsupportedError as exc:
            place = f"index {self.index.name!r} of table {self.table.name!r}"
            raise UnsupportedError(f"{place}: {exc.message}", hint=exc.hint) from exc
        values = concat_rows([encode_fixed_be32(stored_checksums(crc32_rows(keys, bodies))), bodies])
        count = len(keys)
        return KeyValueBatch(
            keys, np.full(count, wall_ns, np.int64), np.full(count, logical, np.int32), values
        )

    def _pairs(self, columns: dict[int, _Values], num_rows: int) -> tuple[Ragged, Ragged]:
        if self.index.is_inverted:
            return self._encode_inverted(columns, num_rows)
        if self._is_primary:
            return self._encode_primary(columns, num_rows)
        return self._encode_secondary(columns, num_rows)

    def _values(self, batch: pa.RecordBatch, column_id: int) -> _Values:
        column = self.table.column_by_id[column_id]
        array = batch.column(column.name)
        datums, present = from_arrow(array, column.type)
        return _Values(column.type, datums, present)

    # Keys.

    def _key_parts(self, columns: dict[int, _Values], num_rows: int, column_ids: Iterable[int]) -> list[Part]:
        """The prefix and the given key columns, with the prefixes of interleaved tables between them."""
        index = self.index
        groups = [*index.ancestors, (self.table_id, index.id, 0)]
        parts: list[Part] = [prefix(groups[0][0], groups[0][1])]
        left, group = groups[0][2], 0
        for place, column_id in enumerate(column_ids):
            if self.table.is_sequence:
                return [*parts, encode_varint(np.zeros(num_rows, np.int64))]  # its only row has the key 0
            while left == 0 and group + 1 < len(groups):
                group += 1
                parts.append(bytes([INTERLEAVE_SENTINEL]) + prefix(groups[group][0], groups[group][1]))
                left = groups[group][2]
            parts.extend(
                self._key_column(columns[column_id], num_rows, is_descending=index.is_descending[place])
            )
            left -= 1
        for table_id, index_id, _ in groups[group + 1 :]:
            parts.append(bytes([INTERLEAVE_SENTINEL]) + prefix(table_id, index_id))
        return parts

    @staticmethod
    def _key_column(values: _Values, num_rows: int, *, is_descending: bool = False) -> list[Part]:
        encoded = encode_column(values.datums, values.type, is_descending=is_descending)
        if values.present is None:
            return [encoded]
        nulls = np.flatnonzero(values.is_null(num_rows))  # type: ignore[arg-type]
        marks = Ragged.from_constant(b"\xff" if is_descending else b"\x00", nulls.size)
        return [expand(encoded, values.present, num_rows), expand(marks, nulls, num_rows)]

    # Values.

    def _tagged(self, columns: dict[int, _Values], column_ids: Iterable[int]) -> list[TaggedColumn]:
        """The given columns to be stored; of those in the key only values of which the key loses something."""
        in_key = {*self.index.key_column_ids, *self.index.key_suffix_column_ids}
        result = []
        for column_id in sorted(column_ids):
            values = columns[column_id]
            if column_id in in_key:
                composite = _composite(values)
                if composite is None or self._is_descending_float(column_id):
                    continue
                values = composite
            kind, datums = encode_datums(values.datums, values.type)
            result.append(TaggedColumn(column_id, kind, datums, values.present))
        return result

    def _is_descending_float(self, column_id: int) -> bool:
        """Whether a value may be the -0 that CockroachDB reads where +0 was written: it has no datum of its own."""
        index = self.table.primary_index
        if self.table.column_by_id[column_id].type.family is not Family.FLOAT:
            return False
        return any(
            key == column_id and down
            for key, down in zip(index.key_column_ids, index.is_descending, strict=True)
        )

    def _encode_primary(self, columns: dict[int, _Values], num_rows: int) -> tuple[Ragged, Ragged]:
        parts = self._key_parts(columns, num_rows, self.index.key_column_ids)
        families = self.table.families
        if len(families) == 1:
            body, _ = self._family_bodies(columns, families[0], num_rows)
            return concat_rows([*parts, family_suffix(families[0].id)]), body
        rows_of: list[NDArray[np.int64]] = []
        keys: list[Ragged] = []
        bodies: list[Ragged] = []
        row_keys = concat_rows(parts)
        for family in families:
            body, rows = self._family_bodies(columns, family, num_rows)
            if rows is None:
                rows = np.arange(num_rows, dtype=np.int64)
            if rows.size:
                keys.append(concat_rows([row_keys.take(rows), family_suffix(family.id)]))
                bodies.append(body)
                rows_of.append(rows)
        return _interleaved(keys, bodies, rows_of)

    def _family_bodies(
        self, columns: dict[int, _Values], family: ColumnFamily, num_rows: int
    ) -> tuple[Ragged, Rows]:
        """Kind byte and data of a family's values: (those that are written, their rows)."""
        column_ids = [c for c in family.column_ids if c in columns]
        if family.id and len(family.column_ids) == 1 and family.column_ids[0] == family.default_column_id:
            if not column_ids:
                return Ragged.empty(), np.empty(0, np.int64)
            values = columns[column_ids[0]]
            kind, datums = encode_lone(values.datums, values.type)
            if values.present is not None and values.present.size == 0:
                return Ragged.empty(), values.present
            return concat_rows([bytes([kind]), datums]), values.present
        if self.table.is_sequence and family.id == 0:
            values = columns[column_ids[0]]
            kind, datums = encode_lone(values.datums, values.type)
            return concat_rows([bytes([kind]), datums]), values.present
        tagged = self._tagged(columns, column_ids)
        return _tuple_bodies(tagged, num_rows, keep_empty=family.id == 0)

    def _encode_secondary(self, columns: dict[int, _Values], num_rows: int) -> tuple[Ragged, Ragged]:
        index = self.index
        parts = self._key_parts(columns, num_rows, index.key_column_ids)
        suffix = [
            part for c in index.key_suffix_column_ids for part in self._key_column(columns[c], num_rows)
        ]
        if not index.is_unique:
            parts.extend(suffix)
        elif suffix:
            parts.extend(self._suffix_of_nulls(columns, concat_rows(suffix), num_rows))
        row_keys = concat_rows(parts)
        stored = [c for c in index.stored_column_ids if c in columns]
        in_key = [
            c
            for c in (*index.key_column_ids, *index.key_suffix_column_ids)
            if c in index.composite_column_ids
        ]
        by_family = self._stored_by_family(stored)
        first: list[Part] = [bytes([ValueKind.BYTES])]
        if index.is_unique:
            first.extend(suffix)
        tagged = self._tagged(columns, {*in_key, *by_family.pop(0, [])})
        body = concat_rows([*first, *encode_tuples(tagged, num_rows), _nothing(num_rows)])
        keys = concat_rows([row_keys, family_suffix(0)])
        if not by_family:
            return keys, body
        all_keys, bodies, rows_of = [keys], [body], [np.arange(num_rows, dtype=np.int64)]
        for family_id, column_ids in sorted(by_family.items()):
            body, rows = _tuple_bodies(self._tagged(columns, column_ids), num_rows, keep_empty=False)
            rows = np.arange(num_rows, dtype=np.int64) if rows is None else rows
            if rows.size:
                all_keys.append(concat_rows([row_keys.take(rows), family_suffix(family_id)]))
                bodies.append(body)
                rows_of.append(rows)
        return _interleaved(all_keys, bodies, rows_of)

    def _suffix_of_nulls(self, columns: dict[int, _Values], suffix: Ragged, num_rows: int) -> list[Part]:
        """The rest of a unique index's key, for rows with a NULL in a key column."""
        masks = [columns[c].is_null(num_rows) for c in self.index.key_column_ids]
        nulls = [mask for mask in masks if mask is not None]
        if not nulls:
            return []
        rows = np.flatnonzero(np.logical_or.reduce(nulls))
        return [expand(suffix.take(rows), rows, num_rows)]

    def _stored_by_family(self, stored: list[int]) -> dict[int, list[int]]:
        if self.index.version < _FAMILY_VERSION or len(self.table.families) == 1:
            return {0: stored}
        family_of = {c: family.id for family in self.table.families for c in family.column_ids}
        result: dict[int, list[int]] = {}
        for column_id in stored:
            result.setdefault(family_of.get(column_id, 0), []).append(column_id)
        return result

    def _encode_inverted(self, columns: dict[int, _Values], num_rows: int) -> tuple[Ragged, Ragged]:
        """The last key column is the inverted one."""
        index = self.index
        head = concat_rows(
            [*self._key_parts(columns, num_rows, index.key_column_ids[:-1]), _nothing(num_rows)]
        )
        tail = concat_rows(
            [
                *(
                    part
                    for c in index.key_suffix_column_ids
                    for part in self._key_column(columns[c], num_rows)
                ),
                _nothing(num_rows),
            ]
        )
        values = columns[index.key_column_ids[-1]]
        entries, rows = encode_inverted(values.datums, values.type, with_empty=index.version > 1)
        if values.present is not None:
            rows = values.present[rows]
        if rows.size == 0:
            return Ragged.empty(), Ragged.empty()
        keys = concat_rows([head.take(rows), entries, tail.take(rows), family_suffix(0)])
        return keys, Ragged.from_constant(bytes([ValueKind.BYTES]), rows.size)


def _nothing(num_rows: int) -> Ragged:
    """Empty rows, so that a join of constants alone still knows how many rows there are."""
    return Ragged(np.empty(0, np.uint8), np.zeros(num_rows + 1, np.int64))


def _composite(values: _Values) -> _Values | None:
    """The values of which a key loses something; None if there are none."""
    mask = is_composite(values.datums, values.type)
    if not bool(mask.any()):
        return None
    rows = np.flatnonzero(mask)
    present = rows if values.present is None else values.present[rows]
    return _Values(values.type, take(values.datums, rows), present)


def _tuple_bodies(tagged: list[TaggedColumn], num_rows: int, *, keep_empty: bool) -> tuple[Ragged, Rows]:
    """TUPLE kind and data: (bodies, their rows); rows without any column only if `keep_empty`."""
    bodies = concat_rows([bytes([ValueKind.TUPLE]), *encode_tuples(tagged, num_rows), _nothing(num_rows)])
    if keep_empty or any(column.present is None for column in tagged):
        return bodies, None
    rows = np.flatnonzero(bodies.lengths > 1)
    return bodies.take(rows), rows


def _interleaved(
    keys: list[Ragged], bodies: list[Ragged], rows_of: list[NDArray[np.int64]]
) -> tuple[Ragged, Ragged]:
    """Bring the pairs of several families into the order of the rows."""
    if not keys:
        return Ragged.empty(), Ragged.empty()
    order = np.argsort(np.concatenate(rows_of), kind="stable")
    return Ragged.concat(keys).take(order), Ragged.concat(bodies).take(order)
