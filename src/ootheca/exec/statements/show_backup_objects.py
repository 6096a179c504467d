"""The views of SHOW BACKUP, one row for an object, a file or a span of every layer: columns come in groups.

Source: reference/sql/03 §2; fixtures/golden/*/*/output.json; conformance/21.2/scenarios/n3_show_backup.json.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ootheca import pb
from ootheca.backup import show
from ootheca.backup.chain import Chain, Layer
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.show_create import show_create
from ootheca.catalog.upgrade import catalog_of
from ootheca.clock import Timestamp
from ootheca.exec.result import Result, ResultColumn, boolean, integer, string, timestamp
from ootheca.exec.session import Session
from ootheca.types import BYTES

__all__ = ["Sizes", "files_view", "objects_view", "ranges_view"]

Sizes = Sequence[Mapping[str, int]] | None
"""Stored bytes of each layer's data files by path, where `check_files` asked for them."""

_SPAN_COLUMNS = [
    string("start_pretty"), string("end_pretty"), ResultColumn("start_key", BYTES), ResultColumn("end_key", BYTES),
]  # fmt: skip


def ranges_view(chain: Chain) -> Result:
    """Return the key spans that the layers cover."""
    rows = [(r.start_pretty, r.end_pretty, r.start_key, r.end_key) for r in show.ranges(chain)]
    return Result.of_rows(_SPAN_COLUMNS, rows, tag="SHOW BACKUP")


def files_view(chain: Chain, sizes: Sizes) -> Result:
    """Return the file entries of the layers."""
    rows = []
    for f in show.files(chain, sizes):
        span = f.span
        row = [f.path, span.start_pretty, span.end_pretty, span.start_key, span.end_key, f.size_bytes, f.rows]
        rows.append(row if sizes is None else [*row, f.file_bytes])
    columns = [string("path"), *_SPAN_COLUMNS, integer("size_bytes"), integer("rows")]
    if sizes is not None:
        columns.append(integer("file_bytes"))
    return Result.of_rows(columns, rows, tag="SHOW BACKUP")


def objects_view(
    session: Session, chain: Chain, sizes: Sizes, *, keys: Collection[str], with_create: bool
) -> Result:
    """Return the objects of the layers.

    Args:
        keys: the options that change columns: debug_ids, privileges, skip size.
        with_create: as SHOW BACKUP SCHEMAS, with the statements that make the tables.
    """
    catalogs: dict[int, Catalog] = {}
    rows = []
    for each in show.objects(chain, sizes):
        row = each
        if "skip size" in keys:
            row = replace(row, size_bytes=None, rows=None)
        values = _values(session, row, has_ids="debug_ids" in keys)
        if with_create:
            values.append(_create_statement(session, row, catalogs))
        if "privileges" in keys:
            values += _privileges(session, row)
        if sizes is not None:
            values.append(row.file_bytes)
        rows.append(values)
    columns = _columns(session, keys, with_create=with_create)
    if sizes is not None:
        columns.append(integer("file_bytes"))
    return Result.of_rows(columns, rows, tag="SHOW BACKUP")


def _columns(session: Session, keys: Collection[str], *, with_create: bool) -> list[ResultColumn]:
    columns = []
    for name, id_name in (
        ("database_name", "database_id"), ("parent_schema_name", "parent_schema_id"), ("object_name", "object_id"),
    ):  # fmt: skip
        columns += [string(name), integer(id_name)] if "debug_ids" in keys else [string(name)]
    columns.append(string("object_type"))
    if session.profile.shows_backup_type:
        columns.append(string("backup_type"))
    columns += [timestamp("start_time"), timestamp("end_time"), integer("size_bytes"), integer("rows")]
    columns.append(boolean("is_full_cluster"))
    if with_create:
        columns.append(string("create_statement"))
    if "privileges" in keys:
        columns += [string("privileges")] + ([string("owner")] if session.profile.shows_backup_type else [])
    return columns


def _values(session: Session, row: show.ObjectRow, *, has_ids: bool) -> list[Any]:
    values: list[Any] = []
    for name, id_ in (
        (row.database_name, row.database_id),
        (row.schema_name, row.schema_id),
        (row.object_name, row.object_id),
    ):
        values += [name, id_] if has_ids else [name]
    values.append(row.object_type)
    if session.profile.shows_backup_type:
        values.append(row.backup_type)
    start, end = _time(row.layer.start), _time(row.layer.end)
    return [*values, start, end, row.size_bytes, row.rows, row.is_full_cluster]


def _time(time: Timestamp) -> datetime | None:
    """Return a layer's bound as a TIMESTAMP (microseconds, UTC); a full layer's start is NULL."""
    return time.to_datetime().replace(tzinfo=None) if time.wall_ns else None


def _create_statement(session: Session, row: show.ObjectRow, catalogs: dict[int, Catalog]) -> str | None:
    if row.descriptor is None or row.object_type != "table":
        return None
    catalog = _catalog_of(row.layer, catalogs)
    table = catalog.get(row.descriptor.table.id)  # as of today; one that no statement saw, as it stands
    if not isinstance(table, pb.TableDescriptor):
        table = row.descriptor.table
    return show_create(table, catalog, session.rules, is_qualified=False, current_database=session.database)


def _catalog_of(layer: Layer, catalogs: dict[int, Catalog]) -> Catalog:
    """Return the descriptors of a layer, made once."""
    if id(layer) not in catalogs:
        catalogs[id(layer)] = catalog_of(layer.manifest)
    return catalogs[id(layer)]


def _privileges(session: Session, row: show.ObjectRow) -> list[str | None]:
    if not isinstance(row.descriptor, pb.Descriptor):
        return [None, None] if session.profile.shows_backup_type else [None]
    grants, owner = show.privileges_text(row.descriptor)
    return [grants, owner] if session.profile.shows_backup_type else [grants]
