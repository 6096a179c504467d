"""PARTITION BY and INTERLEAVE IN PARENT."""

from __future__ import annotations

from ootheca import pb
from ootheca.codec.uvarint import encode_uvarint
from ootheca.errors import InvalidValueError, OothecaError, UnsupportedError
from ootheca.exec.ddl.builder import TableBuilder
from ootheca.exec.ddl.constants import parse_int64
from ootheca.sql import ast

__all__ = ["set_interleave", "set_partitioning"]

_DEFAULT, _MAX, _MIN = (
    b"\x02\x00",
    b"\x02\x01",
    b"\x02\x02",
)  # the tag of NotNull, and which value it stands for
_INT_TAG, _BYTES_TAG = b"\x03", b"\x06"


def set_partitioning(builder: TableBuilder, index: pb.IndexDescriptor, clause: ast.PartitionBy) -> None:
    """Write the partitions of an index.

    Raises:
        OothecaError: the columns are no prefix of the index.
        UnsupportedError: a value that is neither text nor a whole number.
    """
    index.partitioning.Clear()
    if clause.kind == "NOTHING":
        return
    _fill(builder, index.partitioning, clause, list(index.column_names))


def _fill(
    builder: TableBuilder, target: pb.PartitioningDescriptor, clause: ast.PartitionBy, names: list[str]
) -> None:
    num_columns = len(clause.columns)
    if list(clause.columns) != names[:num_columns]:
        raise OothecaError(
            f"declared partition columns ({', '.join(clause.columns)}) do not match first {num_columns} columns "
            f"in index being partitioned ({', '.join(names[:num_columns])})",
            sqlstate="42601",
        )
    target.num_columns = num_columns
    for partition in clause.partitions:
        if isinstance(partition, ast.ListPartition):
            item = target.list.add(name=partition.name)
            item.values.extend(_encode(value) for value in partition.values)
            item.subpartitioning.SetInParent()
            if partition.subpartition is not None:
                _fill(builder, item.subpartitioning, partition.subpartition, names[num_columns:])
        else:
            target.range.add(
                name=partition.name,
                from_inclusive=b"".join(map(_encode, partition.lower)),
                to_exclusive=b"".join(map(_encode, partition.upper)),
            )


def _encode(value: ast.Expr) -> bytes:
    """Return a value in value encoding without a column id; a tuple's values follow each other."""
    match value:
        case ast.Paren():
            return _encode(value.operand)
        case ast.Tuple():
            return b"".join(map(_encode, value.elements))
        case ast.DefaultValue():
            return _DEFAULT
        case ast.PartitionBound():
            return _MAX if value.is_max else _MIN
        case ast.StringLiteral():
            raw = value.value.encode()
            return _BYTES_TAG + encode_uvarint(len(raw)) + raw
        case ast.NumberLiteral() if value.is_integer:
            return _INT_TAG + encode_uvarint(_int64(value.text) << 1)
        case ast.UnaryOp(op="-", operand=ast.NumberLiteral(is_integer=True, text=text)):
            return _INT_TAG + encode_uvarint((_int64(text) << 1) - 1)
        case _:
            raise UnsupportedError(f"unimplemented: partition value {value}")


def _int64(text: str) -> int:
    number = parse_int64(text)
    if number is None:
        raise InvalidValueError("numeric constant out of int64 range", sqlstate="22003")
    return number


def set_interleave(builder: TableBuilder, index: pb.IndexDescriptor, clause: ast.InterleaveClause) -> None:
    """Put an index into its parent's key space, and say so on the parent.

    Raises:
        UnsupportedError: the profile no longer has interleaved tables.
        OothecaError: the columns are no prefix of the index.
    """
    if not builder.rules.has_interleaving:
        raise UnsupportedError("interleaved tables are no longer supported")
    parent = builder.catalog.resolve_table(clause.parent.parts, builder.session.database)
    if list(clause.columns) != list(index.column_names[: len(clause.columns)]):
        raise OothecaError(
            "declared interleaved columns must be a prefix of the index's columns", sqlstate="42611"
        )
    parent = builder.catalog.change_table(parent.id)
    ancestors = list(parent.primary_index.interleave.ancestors)
    index.interleave.ancestors.extend(ancestors)
    shared = sum(ancestor.shared_prefix_len for ancestor in ancestors)
    index.interleave.ancestors.add(
        table_id=parent.id, index_id=parent.primary_index.id, shared_prefix_len=len(clause.columns) - shared
    )
    parent.primary_index.interleaved_by.add(table=builder.desc.id, index=index.id)
