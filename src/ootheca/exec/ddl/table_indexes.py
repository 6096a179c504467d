"""Indexes of a table descriptor: keys, suffixes, stored columns, names, hash shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ootheca import pb
from ootheca.errors import DuplicateColumnError, DuplicateTableError, OothecaError, UnsupportedError
from ootheca.exec.ddl.builder import INT4_TYPE, INT8_TYPE, TableBuilder
from ootheca.exec.ddl.constants import parse_int64
from ootheca.exec.ddl.types import type_message
from ootheca.names import format_identifier
from ootheca.sql import ast

__all__ = [
    "IndexSpec",
    "add_index",
    "add_shard_checks",
    "add_shard_column",
    "all_indexes",
    "bucket_count",
    "ensure_primary_key",
    "find_index",
    "fresh_name",
    "number_constraints",
    "prepare_columns",
    "refresh_primary_index",
    "set_primary_key",
    "update_index_columns",
]

_COMPOSITE = frozenset({pb.Family.FloatFamily, pb.Family.DecimalFamily, pb.Family.CollatedStringFamily})
_UNINDEXABLE = frozenset({pb.Family.JsonFamily, pb.Family.ArrayFamily, pb.Family.TupleFamily})
_INVERTIBLE = frozenset(
    {pb.Family.JsonFamily, pb.Family.ArrayFamily, pb.Family.GeometryFamily, pb.Family.GeographyFamily}
)
_DEFAULT_BUCKETS = 16
_DISJOINT_VERSION = 3
_INDEX = pb.IndexDescriptor


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """A secondary index as a statement describes it."""

    columns: tuple[ast.IndexColumn, ...]
    name: str | None = None
    is_unique: bool = False
    is_inverted: bool = False
    is_explicit: bool = False
    storing: tuple[str, ...] = ()
    sharding: ast.HashSharding | None = None
    predicate: ast.Expr | None = None


def all_indexes(desc: pb.TableDescriptor) -> list[pb.IndexDescriptor]:
    """Return the primary index and the others."""
    return [desc.primary_index, *desc.indexes]


def find_index(desc: pb.TableDescriptor, name: str) -> pb.IndexDescriptor | None:
    """Return an index by name."""
    return next((index for index in all_indexes(desc) if index.name == name), None)


def bucket_count(sharding: ast.HashSharding) -> int:
    """Return the number of buckets of a hash-sharded index.

    Raises:
        OothecaError: no whole number of at least 2.
    """
    expression = sharding.bucket_count
    if expression is None:
        return _DEFAULT_BUCKETS
    count = parse_int64(expression.text) if isinstance(expression, ast.NumberLiteral) else None
    if count is not None and 2 <= count < 2**31:
        return count
    raise OothecaError(
        "BUCKET_COUNT must be a 32-bit integer greater than 1, got " + str(expression), sqlstate="22023"
    )


def add_shard_column(builder: TableBuilder, columns: Sequence[str], buckets: int) -> pb.ColumnDescriptor:
    """Append the hidden column that a hash-sharded index begins with, or return it when it is there already."""
    name = "_".join(["crdb_internal", *columns, "shard", str(buckets)])
    found = builder.find_column(name)
    if found is not None:
        return found
    column = builder.append_column(name, INT4_TYPE, is_nullable=False, is_hidden=True)
    if builder.rules.virtual_shards:
        column.virtual = True
        arguments = ", ".join(map(format_identifier, columns))
        hashed = f'"crdb_internal.datums_to_bytes"({arguments})'
    else:
        parts = [f"COALESCE(CAST({format_identifier(c)} AS STRING), '':::STRING)" for c in columns]
        hashed = parts[0] if len(parts) == 1 else f"concat({', '.join(parts)})"
    column.compute_expr = f"mod(fnv32({hashed}), {buckets}:::INT8)"
    return column


def prepare_columns(builder: TableBuilder, spec: IndexSpec) -> IndexSpec:
    """Add the columns that stand for indexed expressions and for hash shards; return the spec with names alone.

    Raises:
        UnsupportedError: the profile has no indexes on expressions.
    """
    columns = tuple(
        item
        if item.expression is None
        else replace(item, column=_expression_column(builder, item), expression=None)
        for item in spec.columns
    )
    if spec.sharding is not None:
        add_shard_column(builder, [str(item.column) for item in columns], bucket_count(spec.sharding))
    return replace(spec, columns=columns)


def _expression_column(builder: TableBuilder, item: ast.IndexColumn) -> str:
    """Return the name of the column that holds an expression's values; a new one unless there is one already."""
    if not builder.rules.has_expression_indexes:
        raise UnsupportedError("unimplemented: only simple columns are supported as index elements")
    assert item.expression is not None
    stored = builder.store(item.expression, None)
    for column in builder.desc.columns:
        if column.inaccessible and column.compute_expr == stored.text:
            return column.name
    if stored.type is None:
        raise OothecaError(
            f"type of index element {item.expression} is ambiguous",
            sqlstate="42P16",
            hint="consider adding a type cast to the expression",
        )
    name, number = "crdb_internal_idx_expr", 0
    while builder.find_column(name) is not None:
        number += 1
        name = f"crdb_internal_idx_expr_{number}"
    column = builder.append_column(name, type_message(stored.type, builder.catalog))
    column.compute_expr = stored.text
    column.virtual = column.inaccessible = True
    return name


def add_shard_checks(builder: TableBuilder) -> None:
    """Add the hidden constraints that list the values of shard columns."""
    for index in all_indexes(builder.desc):
        sharded = index.sharded
        name = f"check_{sharded.name}"
        if not sharded.is_sharded or any(check.name == name for check in builder.desc.checks):
            continue
        values = ", ".join(f"{bucket}:::INT8" for bucket in range(sharded.shard_buckets))
        builder.desc.checks.add(
            expr=f"{format_identifier(sharded.name)} IN ({values})",
            name=name,
            column_ids=[builder.column(sharded.name).id],
            hidden=True,
        )


def set_primary_key(
    builder: TableBuilder,
    columns: Sequence[ast.IndexColumn],
    name: str | None,
    sharding: ast.HashSharding | None = None,
) -> None:
    """Make the primary index of a new table, and its columns NOT NULL."""
    desc = builder.desc
    primary = desc.primary_index
    primary.name = name or _primary_name(builder)
    primary.unique = True
    primary.version = builder.rules.index_version
    _set_keys(builder, primary, columns, sharding)
    for column_name in primary.column_names:
        builder.column(column_name).nullable = False
    _finish_primary(builder)


def ensure_primary_key(builder: TableBuilder) -> None:
    """Give a table without a primary key the hidden column `rowid` and a primary index on it."""
    desc = builder.desc
    if desc.primary_index.name:
        return
    name, number = "rowid", 0
    while builder.find_column(name) is not None:
        number += 1
        name = f"rowid_{number}"
    column = builder.append_column(name, INT8_TYPE, is_nullable=False, is_hidden=True)
    column.default_expr = "unique_rowid()"
    primary = desc.primary_index
    primary.name = _primary_name(builder)
    primary.unique = True
    primary.version = builder.rules.implicit_index_version
    _append_key(primary, column, "ASC")
    _finish_primary(builder)


def _primary_name(builder: TableBuilder) -> str:
    if builder.session.profile.names_primary_after_table:
        return fresh_name(builder.desc, f"{builder.desc.name}_pkey")
    return "primary"


def _finish_primary(builder: TableBuilder) -> None:
    primary = builder.desc.primary_index
    primary.id = builder.desc.next_index_id
    builder.desc.next_index_id += 1
    if builder.rules.stores_in_primary:
        primary.encoding_type = 1
    _set_composite(builder, primary)
    _set_created_at(builder, primary)


def refresh_primary_index(builder: TableBuilder) -> None:
    """Bring the stored columns of the primary index up to date, where the profile lists them."""
    if not builder.rules.stores_in_primary:
        return
    primary = builder.desc.primary_index
    del primary.store_column_names[:]
    del primary.store_column_ids[:]
    for column in builder.desc.columns:
        if not column.virtual and column.id not in primary.column_ids:
            primary.store_column_names.append(column.name)
            primary.store_column_ids.append(column.id)


def add_index(builder: TableBuilder, spec: IndexSpec) -> pb.IndexDescriptor:
    """Append a secondary index with the next id.

    Raises:
        DuplicateTableError: its name is taken.
        DuplicateColumnError: a column is stored that the index holds anyway.
        UnsupportedError: the column's type has no order, or an expression is indexed.
    """
    desc = builder.desc
    spec = prepare_columns(builder, spec)
    if spec.name is not None and find_index(desc, spec.name) is not None:
        raise DuplicateTableError(f'index with name "{spec.name}" already exists')
    index = _INDEX(
        unique=spec.is_unique, version=builder.rules.index_version, created_explicitly=spec.is_explicit
    )
    if spec.is_inverted:
        index.type = _INDEX.INVERTED
    _set_keys(builder, index, spec.columns, spec.sharding)
    _set_suffix(desc, index)
    for name in spec.storing:
        column = builder.column(name)
        if column.id in (*index.column_ids, *index.extra_column_ids):
            raise DuplicateColumnError(f'index "{spec.name or ""}" already contains column "{name}"')
        index.store_column_names.append(column.name)
        index.store_column_ids.append(column.id)
    if spec.predicate is not None:
        index.predicate = builder.predicate(spec.predicate, "index predicate").text
    index.name = spec.name or _default_name(builder, index)
    _set_composite(builder, index)
    _set_created_at(builder, index)
    index.id = desc.next_index_id
    desc.next_index_id += 1
    added = desc.indexes.add()
    added.CopyFrom(index)
    return added


def update_index_columns(builder: TableBuilder, index: pb.IndexDescriptor) -> None:
    """Bring the suffix of an index up to date after the primary key changed."""
    del index.extra_column_ids[:]
    del index.composite_column_ids[:]
    _set_suffix(builder.desc, index)
    _set_composite(builder, index)


def _set_keys(
    builder: TableBuilder,
    index: pb.IndexDescriptor,
    columns: Sequence[ast.IndexColumn],
    sharding: ast.HashSharding | None,
) -> None:
    names = []
    for item in columns:
        if item.column is None:
            raise UnsupportedError("unimplemented: a primary key on an expression")
        if item.column in names:
            raise OothecaError(f'index contains duplicate column "{item.column}"', sqlstate="42701")
        names.append(item.column)
        builder.column(item.column)
    if sharding is not None:
        _check_sharding(builder)
        buckets = bucket_count(sharding)
        shard = add_shard_column(builder, names, buckets)
        index.sharded.is_sharded = True
        index.sharded.name = shard.name
        index.sharded.shard_buckets = buckets
        index.sharded.column_names.extend(names)
        _append_key(index, shard, "ASC")
    is_inverted = index.type == _INDEX.INVERTED
    for position, item in enumerate(columns):
        assert item.column is not None
        column = builder.column(item.column)
        is_last_inverted = is_inverted and position == len(columns) - 1
        _check_indexable(builder, column, is_last_inverted)
        _append_key(index, column, "ASC" if is_last_inverted else item.direction or "ASC")
        if is_last_inverted and column.type.family == pb.Family.GeometryFamily:
            _set_geometry(index)
        elif is_last_inverted and column.type.family == pb.Family.GeographyFamily:
            _set_geography(index)


def _check_sharding(builder: TableBuilder) -> None:
    is_enabled = builder.session.variables.flag("experimental_enable_hash_sharded_indexes")
    if builder.rules.sharding_needs_variable and not is_enabled:
        raise OothecaError(
            "hash sharded indexes require the experimental_enable_hash_sharded_indexes session variable",
            sqlstate="0A000",
        )


def _check_indexable(builder: TableBuilder, column: pb.ColumnDescriptor, is_inverted: bool) -> None:
    family = column.type.family
    type_name = builder.type_of(column).name.lower()
    if is_inverted and family not in _INVERTIBLE:
        raise UnsupportedError(
            f"column {column.name} of type {_plain_type(type_name)} is not allowed in an inverted index",
            hint="see the documentation for more information about inverted indexes",
        )
    if not is_inverted and family in _UNINDEXABLE:
        raise UnsupportedError(f"column {column.name} is of type {type_name} and thus is not indexable")


def _plain_type(name: str) -> str:
    return {"int8": "int", "float8": "float"}.get(name, name)


def _append_key(index: pb.IndexDescriptor, column: pb.ColumnDescriptor, direction: str) -> None:
    index.column_names.append(column.name)
    index.column_ids.append(column.id)
    index.column_directions.append(_INDEX.DESC if direction == "DESC" else _INDEX.ASC)


def _set_suffix(desc: pb.TableDescriptor, index: pb.IndexDescriptor) -> None:
    # From index version 3 on no column is listed twice: what is stored is not part of the suffix.
    listed = set(index.column_ids) | (
        set(index.store_column_ids) if index.version >= _DISJOINT_VERSION else set()
    )
    index.extra_column_ids.extend(i for i in desc.primary_index.column_ids if i not in listed)


def _set_composite(builder: TableBuilder, index: pb.IndexDescriptor) -> None:
    families = {column.id: column.type.family for column in builder.desc.columns}
    for id_ in (*index.column_ids, *index.extra_column_ids):
        if families[id_] in _COMPOSITE:
            index.composite_column_ids.append(id_)


def _set_created_at(builder: TableBuilder, index: pb.IndexDescriptor) -> None:
    if builder.rules.has_created_at:
        index.created_at_nanos = builder.session.now().wall_ns // 1000 * 1000


def _set_geometry(index: pb.IndexDescriptor) -> None:
    config = index.geo_config.s2_geometry
    config.min_x = config.min_y = -(2.0**31)
    config.max_x = config.max_y = 2.0**31 - 1
    _set_s2(config.s2_config)


def _set_geography(index: pb.IndexDescriptor) -> None:
    _set_s2(index.geo_config.s2_geography.s2_config)


def _set_s2(config: pb.S2Config) -> None:
    config.min_level = 0
    config.max_level = 30
    config.level_mod = 1
    config.max_cells = 4


def _default_name(builder: TableBuilder, index: pb.IndexDescriptor) -> str:
    shard = index.sharded.name if not builder.rules.shards_in_index_names else ""
    expressions = {column.name for column in builder.desc.columns if column.inaccessible}
    names = ["expr" if name in expressions else name for name in index.column_names if name != shard]
    parts = [builder.desc.name, *names]
    return fresh_name(builder.desc, "_".join([*parts, "key" if index.unique else "idx"]))


def fresh_name(desc: pb.TableDescriptor, base: str) -> str:
    """Return a name for an index or constraint that the table does not use, with a number where needed."""
    taken = {index.name for index in all_indexes(desc)}
    taken |= {check.name for check in desc.checks} | {fk.name for fk in desc.outbound_fks}
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}{number}"
    return name


def number_constraints(builder: TableBuilder) -> None:
    """Give constraints without an id one: unique indexes, then the primary key, checks and foreign keys."""
    desc = builder.desc
    if not builder.rules.has_constraint_ids:
        return
    if not desc.next_constraint_id:
        desc.next_constraint_id = 1
        # A hash-sharded primary key is made twice, and only the second one stays.
        if desc.primary_index.sharded.is_sharded:
            desc.next_constraint_id = 2
    unique = [index for index in desc.indexes if index.unique]
    numbered: list[
        pb.IndexDescriptor | pb.CheckConstraint | pb.ForeignKeyConstraint | pb.UniqueWithoutIndexConstraint
    ] = [
        *unique,
        desc.primary_index,
        *desc.checks,
        *desc.outbound_fks,
        *desc.unique_without_index_constraints,
    ]
    for item in numbered:
        if not item.constraint_id:
            item.constraint_id = desc.next_constraint_id
            desc.next_constraint_id += 1
