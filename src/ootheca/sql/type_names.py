"""The names of built-in types, and how CockroachDB spells each of them back.

Source: conformance/20.2/ddl.json, `types`.
"""

from __future__ import annotations

from ootheca.names import words
from ootheca.sql import ast

__all__ = ["NAMED_TYPES", "UNIMPLEMENTED_TYPES", "named_type", "sized_type"]

NAMED_TYPES: dict[str, tuple[str, bool]] = {
    "bool": ("BOOL", False),
    "boolean": ("BOOL", False),
    "int": ("INT8", False),
    "integer": ("INT8", False),
    "int2": ("INT2", False),
    "smallint": ("INT2", False),
    "int4": ("INT4", False),
    "int8": ("INT8", False),
    "int64": ("INT8", False),
    "bigint": ("INT8", False),
    "serial": ("INT8", True),
    "serial2": ("INT2", True),
    "smallserial": ("INT2", True),
    "serial4": ("INT4", True),
    "serial8": ("INT8", True),
    "bigserial": ("INT8", True),
    "float": ("FLOAT8", False),
    "float4": ("FLOAT4", False),
    "float8": ("FLOAT8", False),
    "real": ("FLOAT4", False),
    "decimal": ("DECIMAL", False),
    "dec": ("DECIMAL", False),
    "numeric": ("DECIMAL", False),
    "string": ("STRING", False),
    "text": ("STRING", False),
    "varchar": ("VARCHAR", False),
    "bpchar": ("CHAR", False),
    "name": ("NAME", False),
    "bytes": ("BYTES", False),
    "bytea": ("BYTES", False),
    "blob": ("BYTES", False),
    "date": ("DATE", False),
    "time": ("TIME", False),
    "timetz": ("TIMETZ", False),
    "timestamp": ("TIMESTAMP", False),
    "timestamptz": ("TIMESTAMPTZ", False),
    "interval": ("INTERVAL", False),
    "uuid": ("UUID", False),
    "inet": ("INET", False),
    "json": ("JSONB", False),
    "jsonb": ("JSONB", False),
    "varbit": ("VARBIT", False),
    "oid": ("OID", False),
    "oidvector": ("OIDVECTOR", False),
    "int2vector": ("INT2VECTOR", False),
    "regclass": ("REGCLASS", False),
    "regnamespace": ("REGNAMESPACE", False),
    "regproc": ("REGPROC", False),
    "regprocedure": ("REGPROCEDURE", False),
    "regrole": ("REGROLE", False),
    "regtype": ("REGTYPE", False),
    "geometry": ("GEOMETRY", False),
    "geography": ("GEOGRAPHY", False),
    "box2d": ("BOX2D", False),
    "void": ("VOID", False),
    "anyelement": ("ANYELEMENT", False),
}
"""Folded name -> canonical name, and whether it stands for a column with a generated default."""

UNIMPLEMENTED_TYPES = words(
    "box cidr circle jsonpath line lseg macaddr macaddr8 money path pg_lsn tsquery tsvector txid_snapshot xml"
)
"""PostgreSQL's types that CockroachDB knows by name and refuses."""

_CHAR = '"char"'
_WIDTHLESS = {"BIT": 1, "CHAR": 1}


def named_type(path: tuple[str, ...], arguments: tuple[int, ...] = ()) -> ast.TypeName:
    """Return the type of a plain name: built in when it is known and not qualified by a user's schema."""
    if path in (("char",), ("pg_catalog", "char")):
        return ast.TypeName(_CHAR, arguments)
    known = NAMED_TYPES.get(path[-1]) if len(path) == 1 or path[:-1] == ("pg_catalog",) else None
    if known is None:
        return ast.TypeName("", arguments, user_type=ast.ObjectName(path))
    name, is_serial = known
    return ast.TypeName(name, arguments, is_serial=is_serial)


def sized_type(name: str, bounds: tuple[int, ...]) -> ast.TypeName:
    """Return a type with an optional width; the width that goes without saying is left out."""
    return ast.TypeName(name, () if bounds == (_WIDTHLESS.get(name),) else bounds)
