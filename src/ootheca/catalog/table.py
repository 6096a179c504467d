"""A table as the codecs and the engine see it: a descriptor with its types resolved and its old spellings undone.

`Table` is read-only and derived: the descriptor (`pb.TableDescriptor`) stays the truth, and `describe` is the only way
from one to the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ootheca import pb
from ootheca.errors import CorruptionError
from ootheca.types import EnumType, Family, SQLType

__all__ = ["Column", "ColumnFamily", "Index", "Table", "describe", "enum_type", "sql_type"]

USER_TYPE_OID_OFFSET = 100_000  # a user-defined type's OID is this plus its descriptor id


@dataclass(frozen=True, slots=True)
class Column:
    """A public column. `is_virtual` columns are computed and have no data of their own."""

    id: int
    name: str
    type: SQLType
    is_nullable: bool = True
    is_hidden: bool = False
    is_virtual: bool = False
    default_expr: str | None = None
    compute_expr: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnFamily:
    """A column family. `default_column_id` ≠ 0: its only column outside the primary key."""

    id: int
    name: str
    column_ids: tuple[int, ...]
    default_column_id: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """An index; key columns with directions, then the primary key columns that follow (`key_suffix_column_ids`)."""

    id: int
    name: str
    is_unique: bool
    key_column_ids: tuple[int, ...]
    is_descending: tuple[bool, ...]
    key_suffix_column_ids: tuple[int, ...] = ()
    stored_column_ids: tuple[int, ...] = ()
    composite_column_ids: tuple[int, ...] = ()
    is_inverted: bool = False
    has_primary_encoding: bool = False
    version: int = 0
    predicate: str | None = None
    # Interleaved tables only: (table id, index id, number of key columns that ancestor adds), root first.
    ancestors: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class Table:
    """A table, sequence or materialised view (`is_view` ones hold no rows)."""

    id: int
    name: str
    columns: tuple[Column, ...]
    families: tuple[ColumnFamily, ...]
    primary_index: Index
    indexes: tuple[Index, ...] = ()
    is_view: bool = False
    is_sequence: bool = False
    is_materialized_view: bool = False

    @cached_property
    def column_by_id(self) -> dict[int, Column]:
        return {column.id: column for column in self.columns}

    @cached_property
    def column_by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def all_indexes(self) -> tuple[Index, ...]:
        return (self.primary_index, *self.indexes)

    @property
    def has_data(self) -> bool:
        return not self.is_view or self.is_materialized_view


def describe(desc: pb.TableDescriptor, types: Mapping[int, pb.TypeDescriptor]) -> Table:
    """Derive the `Table` of a descriptor.

    Args:
        types: user-defined types by descriptor id, of any database.

    Raises:
        CorruptionError: a column's user-defined type is missing from `types`.
    """
    columns = tuple(_column(column, types) for column in desc.columns)
    return Table(
        id=desc.id,
        name=desc.name,
        columns=columns,
        families=tuple(
            ColumnFamily(f.id, f.name, tuple(f.column_ids), f.default_column_id)
            for f in sorted(desc.families, key=lambda f: f.id)
        ),
        primary_index=_index(desc.primary_index, is_primary=True),
        indexes=tuple(_index(index, is_primary=False) for index in desc.indexes),
        is_view=bool(desc.view_query),
        is_sequence=desc.HasField("sequence_opts"),
        is_materialized_view=desc.is_materialized_view,
    )


def _column(column: pb.ColumnDescriptor, types: Mapping[int, pb.TypeDescriptor]) -> Column:
    return Column(
        id=column.id,
        name=column.name,
        type=sql_type(column.type, types),
        is_nullable=column.nullable,
        is_hidden=column.hidden or column.inaccessible,  # the latter stand for expressions that are indexed
        is_virtual=column.virtual,
        default_expr=column.default_expr if column.HasField("default_expr") else None,
        compute_expr=column.compute_expr if column.HasField("compute_expr") else None,
    )


def _index(index: pb.IndexDescriptor, *, is_primary: bool) -> Index:
    keys = tuple(index.column_ids)
    directions = tuple(d == 1 for d in index.column_directions) or (False,) * len(keys)
    return Index(
        id=index.id,
        name=index.name,
        is_unique=index.unique,
        key_column_ids=keys,
        is_descending=directions,
        key_suffix_column_ids=tuple(index.extra_column_ids),
        stored_column_ids=() if is_primary else tuple(index.store_column_ids),
        composite_column_ids=tuple(index.composite_column_ids),
        is_inverted=index.type == 1,
        has_primary_encoding=is_primary or index.encoding_type == 1,
        version=index.version,
        predicate=index.predicate or None,
        ancestors=tuple((a.table_id, a.index_id, a.shared_prefix_len) for a in index.interleave.ancestors),
    )


def sql_type(t: pb.T, types: Mapping[int, pb.TypeDescriptor]) -> SQLType:
    """Resolve a stored type; enum members come from `types`, NAME is a string with OID 19."""
    family = Family(t.family)
    element = (
        sql_type(t.array_contents, types) if family is Family.ARRAY and t.HasField("array_contents") else None
    )
    return SQLType(
        family=Family.STRING if family is Family.NAME else family,
        oid=t.oid,
        width=t.width,
        precision=t.precision,
        visible_type=t.visible_type,
        locale=t.locale,
        time_precision_is_set=t.time_precision_is_set,
        element=element,
        enum=_enum_of(t.oid, types) if family is Family.ENUM else None,
        srid=t.geo_metadata.srid,
        shape=t.geo_metadata.shape_type,
    )


def _enum_of(oid: int, types: Mapping[int, pb.TypeDescriptor]) -> EnumType:
    desc = types.get(oid - USER_TYPE_OID_OFFSET)
    if desc is None:
        raise CorruptionError(f"type with ID {oid - USER_TYPE_OID_OFFSET} does not exist")
    return enum_type(desc)


def enum_type(desc: pb.TypeDescriptor) -> EnumType:
    """Return the members of an enum's descriptor in their order."""
    return EnumType(
        id=desc.id,
        name=desc.name,
        labels=tuple(m.logical_representation for m in desc.enum_members),
        physical=tuple(m.physical_representation for m in desc.enum_members),
    )
