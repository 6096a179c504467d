"""What SHOW BACKUP tells about a chain: rows of plain values, layer by layer, from the manifests alone.

Source: reference/sql/03 §2; fixtures/golden/*/{a_full,b_passphrase,c_kms}/output.json (every row and column).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ootheca import pb
from ootheca.backup.chain import Chain, Layer
from ootheca.catalog.catalog import PUBLIC_SCHEMA_ID
from ootheca.codec.manifest import tenant_ids
from ootheca.codec.uvarint import decode_ordered_uvarint

__all__ = ["FileRow", "ObjectRow", "RangeRow", "files", "objects", "privileges_text", "ranges"]

_TENANT = b"\xfe"  # first byte of a tenant's keys

# Privilege kinds by bit number: reference/format/06 §6.
_PRIVILEGE_NAMES = {
    1: "ALL", 2: "CREATE", 3: "DROP", 4: "GRANT", 5: "SELECT", 6: "INSERT", 7: "DELETE", 8: "UPDATE", 9: "USAGE",
    10: "ZONECONFIG", 11: "CONNECT", 12: "RULE",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object in one layer; `size_bytes`, `rows` and `file_bytes` are None but for tables, views and sequences."""

    layer: Layer
    database_id: int | None
    database_name: str | None
    schema_id: int | None
    schema_name: str | None
    object_id: int | None
    object_name: str
    object_type: str
    size_bytes: int | None
    rows: int | None
    descriptor: pb.Descriptor | None
    file_bytes: int | None = None

    @property
    def is_full_cluster(self) -> bool | None:
        return None if self.descriptor is None else self.layer.manifest.descriptor_coverage == 1

    @property
    def backup_type(self) -> str:
        return "full" if self.layer.is_full else "incremental"


@dataclass(frozen=True, slots=True)
class RangeRow:
    """One key span that a layer covers."""

    start_key: bytes
    end_key: bytes

    @property
    def start_pretty(self) -> str:
        return _pretty(self.start_key)

    @property
    def end_pretty(self) -> str:
        return _pretty(self.end_key)


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file entry of a layer: a key span and the SST that holds it."""

    layer: Layer
    path: str
    span: RangeRow
    size_bytes: int
    rows: int
    locality: str
    file_bytes: int | None = None


def objects(chain: Chain, sizes: Sequence[Mapping[str, int]] | None = None) -> Iterator[ObjectRow]:
    """Yield every object of every layer: descriptors in the manifest's order, then tenants.

    Args:
        sizes: stored bytes of each layer's data files, by path; then tables have `file_bytes`.
    """
    for place, layer in enumerate(chain.layers):
        yield from _layer_objects(layer, None if sizes is None else sizes[place])


def _layer_objects(layer: Layer, sizes: Mapping[str, int] | None) -> Iterator[ObjectRow]:
    manifest = layer.manifest
    databases = {d.database.id: d.database.name for d in manifest.descriptors if d.HasField("database")}
    schemas = {PUBLIC_SCHEMA_ID: "public", 0: "public"}
    schemas |= {d.schema.id: d.schema.name for d in manifest.descriptors if d.HasField("schema")}
    counts = _counts_by_table(manifest, sizes or {})
    for desc in manifest.descriptors:
        kind = desc.WhichOneof("union")
        if kind == "database":
            yield _object_row(layer, desc, desc.database, "database")
        elif kind == "schema":
            parent = desc.schema.parent_id
            yield _object_row(layer, desc, desc.schema, "schema", (parent, databases.get(parent)))
        elif kind == "type":
            yield _member_row(layer, desc, desc.type, desc.type.parent_schema_id, databases, schemas)
        elif kind == "table":
            schema = desc.table.unexposed_parent_schema_id
            row = _member_row(layer, desc, desc.table, schema, databases, schemas)
            size, rows, file_bytes = counts[desc.table.id]
            stored = None if sizes is None else file_bytes
            yield replace(row, object_type="table", size_bytes=size, rows=rows, file_bytes=stored)
    for tenant_id in tenant_ids(manifest):
        yield ObjectRow(layer, None, None, None, None, None, str(tenant_id), "TENANT", None, None, None)


def _object_row(
    layer: Layer,
    desc: pb.Descriptor,
    member: pb.DatabaseDescriptor | pb.SchemaDescriptor | pb.TypeDescriptor | pb.TableDescriptor,
    object_type: str,
    database: tuple[int | None, str | None] = (None, None),
    schema: tuple[int | None, str | None] = (None, None),
) -> ObjectRow:
    return ObjectRow(layer, *database, *schema, member.id, member.name, object_type, None, None, desc)


def _member_row(
    layer: Layer,
    desc: pb.Descriptor,
    member: pb.TypeDescriptor | pb.TableDescriptor,
    schema_id: int,
    databases: Mapping[int, str],
    schemas: Mapping[int, str],
) -> ObjectRow:
    """Return the row of something that lies in a schema."""
    parent = member.parent_id
    schema = (schema_id or PUBLIC_SCHEMA_ID, schemas.get(schema_id))
    return _object_row(layer, desc, member, "type", (parent, databases.get(parent)), schema)


def _counts_by_table(
    manifest: pb.BackupManifest, sizes: Mapping[str, int]
) -> defaultdict[int, tuple[int, int, int]]:
    """Sum sizes, rows and stored bytes over the files whose first key belongs to a table.

    Of a data file that holds entries of several tables each has its part, by their sizes.
    """
    counts: defaultdict[int, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    in_all: defaultdict[str, int] = defaultdict(int)
    for file in manifest.files:
        in_all[file.path] += file.entry_counts.data_size
    for file in manifest.files:
        if file.span.key.startswith(_TENANT):
            continue
        table_id = _table_id(file.span.key)
        size, rows, stored = counts[table_id]
        data_size = file.entry_counts.data_size
        part = sizes.get(file.path, 0) * data_size // max(in_all[file.path], 1)
        counts[table_id] = (size + data_size, rows + file.entry_counts.rows, stored + part)
    return counts


def _table_id(key: bytes) -> int:
    """Return the table that a key of the system tenant belongs to.

    Raises:
        CorruptionError: it is no key of a table's.
    """
    table_id, position = decode_ordered_uvarint(key, 0)
    decode_ordered_uvarint(key, position)  # the index
    return table_id


def _pretty(key: bytes) -> str:
    from ootheca.codec.pretty import pretty_key  # needs NumPy, which the objects of a backup do not

    return pretty_key(key)


def ranges(chain: Chain) -> Iterator[RangeRow]:
    """Yield the spans that each layer covers."""
    for layer in chain.layers:
        for span in layer.manifest.spans:
            yield RangeRow(span.key, span.end_key)


def files(chain: Chain, sizes: Sequence[Mapping[str, int]] | None = None) -> Iterator[FileRow]:
    """Yield the file entries of each layer; `sizes` as for `objects`."""
    for place, layer in enumerate(chain.layers):
        for file in layer.manifest.files:
            counts = file.entry_counts
            span = RangeRow(file.span.key, file.span.end_key)
            stored = None if sizes is None else sizes[place].get(file.path)
            yield FileRow(layer, file.path, span, counts.data_size, counts.rows, file.locality_kv, stored)


def privileges_text(desc: pb.Descriptor, *, quote: Callable[[str], str] = str) -> tuple[str, str]:
    """Return the GRANT statements that SHOW BACKUP … WITH privileges prints for an object, and its owner."""
    member = getattr(desc, desc.WhichOneof("union") or "table")
    grants = []
    for user in member.privileges.users:
        names = sorted(name for bit, name in _PRIVILEGE_NAMES.items() if user.privileges >> bit & 1)
        if names:
            grants.append(f"GRANT {', '.join(names)} ON {member.name} TO {quote(user.user_proto)}; ")
    return "".join(grants), member.privileges.owner_proto
