"""`ootheca.open_backup`: a backup as a read-only Python object; no store, no cluster.

b = ootheca.open_backup("nodelocal://1/x", encryption_passphrase="…", external_io_dir="extern")
b.tables                                   # ("bank.public.accounts", …)
b.table("bank.public.accounts").to_arrow()
b.table("bank.public.accounts").revisions()   # every version of every row, of a backup with revision history
b.verify().problems                        # () for a whole backup
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ootheca import pb
from ootheca.backup.chain import Chain, cut_at, open_chain
from ootheca.backup.collection import layer_places, read_latest
from ootheca.backup.cover import check_cover
from ootheca.backup.localities import open_stores
from ootheca.backup.read import ChainReader
from ootheca.backup.restore import decode_rows
from ootheca.backup.revisions import catalog_at, read_revisions
from ootheca.backup.sealed import open_sealed
from ootheca.backup.tenants import TenantReader, check_tenant, tenant_catalog
from ootheca.backup.verify import VerifyReport, verify
from ootheca.catalog.table import Column, Table
from ootheca.catalog.upgrade import catalog_of
from ootheca.clock import ZERO_TIMESTAMP, Timestamp, parse_timestamp
from ootheca.codec.datetimes import parse_timestamp as parse_date_and_time
from ootheca.codec.from_arrow import from_arrow
from ootheca.codec.interleave import only_table
from ootheca.codec.keycolumns import encode_column
from ootheca.codec.keys import prefix, tenant_prefix
from ootheca.codec.rows import NotNativeError, RowDecoder
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.crypto.kms.base import KMSEnvironment
from ootheca.crypto.kms.keyring import DirectoryKeyring
from ootheca.errors import InvalidValueError, UndefinedColumnError, UndefinedTableError
from ootheca.storage.base import StorageEnv
from ootheca.types import Family, SQLType, arrow_type, text_type

__all__ = ["Backup", "BackupTable", "open_backup"]

# Families of which every value fits its Arrow type, or that have no other form than text.
_ALWAYS_FITTING = frozenset({Family.BOOL, Family.STRING, Family.BYTES, Family.UUID, Family.JSON, Family.ENUM})


# Reads a table's rows, given the ids of the columns that come as text, and those of the columns to read.
_Read = Callable[[frozenset[int], tuple[int, ...] | None], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class BackupTable:
    """One table of an opened backup.

    Attributes:
        name: `database.schema.table`.
        table: its columns, indexes and constraints, as the backup's descriptor has them.
    """

    name: str
    table: Table
    _backup: Backup

    @property
    def schema(self) -> pa.Schema:
        """Column names and Arrow types; a column that needs text for exactness shows so in `to_batches` only."""
        return RowDecoder(self.table).schema

    def to_batches(
        self, columns: Sequence[str] | None = None, *, key_range: tuple[Any, Any] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in the order of the primary key, a batch at a time.

        A column of which some value does not fit its Arrow type (a NaN in a DECIMAL(10,2)) comes as text throughout.

        Args:
            columns: names of the columns wanted, in that order; others are not decoded.
            key_range: (a, b): only rows with a <= x < b, where x is the first column of the primary key; a bound is a
                Python value of that column, its text, or None for no bound. Blocks of other rows are not read.

        Raises:
            UndefinedColumnError: there is none of that name.
            InvalidValueError: a bound is no value of the key's first column.
            CorruptionError, EncryptionError, StorageError: the backup cannot be read to the end.
        """
        read = self._reader(columns, key_range)
        yield from read(self._text_columns(read, columns), None)

    def to_arrow(
        self, columns: Sequence[str] | None = None, *, key_range: tuple[Any, Any] | None = None
    ) -> pa.Table:
        """Return all rows as one table in memory; arguments and errors as for `to_batches`."""
        ids, read = self._column_ids(columns), self._reader(columns, key_range)
        text_columns: frozenset[int] = frozenset()
        while True:
            try:
                batches = list(read(text_columns, None))
            except NotNativeError as exc:
                text_columns |= exc.columns
                continue
            return pa.Table.from_batches(batches, RowDecoder(self.table, ids, text_columns).schema)

    def revisions(
        self,
        since: str | Timestamp | datetime.datetime | None = None,
        until: str | Timestamp | datetime.datetime | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield every version of every row, in the order of the primary key and then of time, a batch at a time.

        Columns are those that the table has now (of earlier versions of a row NULL where it did not have them yet),
        then `_mvcc_timestamp` (the version's time as an HLC decimal: exact), `_mvcc_wall` (the same as a timestamp, in
        microseconds) and `_deleted`: true where the row was deleted, with its key alone. A key column with a collation
        is NULL there.

        What counts as a version: with revision history, each time at which something of the row was written. A layer
        without revision history holds no more than how it ends: of that layer a row has one version, at the time of its
        last change, or none if it did not change. Versions from before the table was truncated or its primary key
        was altered lie in another index, and are not shown.

        Args:
            since: versions at or before this time are left out.
            until: the last time that counts; the time that the backup is opened as of, if omitted or later than that.

        Raises:
            CorruptionError, EncryptionError, StorageError: the backup cannot be read to the end.
            InvalidValueError: a text that is no time.

        Memory follows the batch and the versions of one row.
        """
        backup = self._backup
        first = ZERO_TIMESTAMP if since is None else _parse_time(since)
        last = backup.until if until is None else min(_parse_time(until), backup.until)
        if last <= first:
            return
        chain = Chain(tuple(layer for layer in backup.chain.layers if layer.start < last))

        def read(text_columns: frozenset[int], ids: tuple[int, ...] | None) -> Iterator[pa.RecordBatch]:
            return read_revisions(
                backup.reader(chain, last),
                backup.catalog,
                self.table,
                since=first,
                text_columns=text_columns,
                column_ids=ids,
            )

        yield from read(self._text_columns(read), None)

    def _reader(self, columns: Sequence[str] | None, key_range: tuple[Any, Any] | None) -> _Read:
        """Return what reads the rows as text columns and column ids say."""
        reader, wanted = self._backup.reader(), self._column_ids(columns)
        span = _key_span(self.table, key_range) if key_range is not None else None

        def read(text_columns: frozenset[int], ids: tuple[int, ...] | None) -> Iterator[pa.RecordBatch]:
            chosen = wanted if ids is None else ids
            if span is None:
                return decode_rows(reader, self._backup.catalog, self.table, text_columns, column_ids=chosen)
            # Rows of interleaved relatives may lie in the span as well.
            entries = only_table(reader.visible(*span), self.table, self.table.primary_index)
            return RowDecoder(self.table, chosen, text_columns).decode(entries)

        return read

    def _column_ids(self, columns: Sequence[str] | None) -> tuple[int, ...]:
        """Return the ids of columns by name, or of all that have data."""
        ids = {column.name: column.id for column in self.table.columns if not column.is_virtual}
        if columns is None:
            return tuple(ids.values())
        missing = [name for name in columns if name not in ids]
        if missing:
            raise UndefinedColumnError(
                f'column "{missing[0]}" does not exist',
                hint="see the names in .schema; virtual columns have no data",
            )
        return tuple(ids[name] for name in columns)

    def _text_columns(self, read: _Read, columns: Sequence[str] | None = None) -> frozenset[int]:
        """Find the columns that need text by reading once those of the wanted that may, nothing kept."""
        wanted = self._column_ids(columns)
        text_columns: frozenset[int] = frozenset()
        doubtful = tuple(
            column.id for column in self.table.columns if column.id in wanted and _may_need_text(column.type)
        )
        while doubtful:
            try:
                for _ in read(text_columns, doubtful):
                    pass
            except NotNativeError as exc:
                text_columns |= exc.columns
                continue
            break
        return text_columns


def _may_need_text(type_: SQLType) -> bool:
    """Whether a value of the type may not fit its Arrow type."""
    if type_.family is Family.INT:
        return type_.width not in (0, 64)
    return type_.family not in _ALWAYS_FITTING


def _key_span(table: Table, key_range: tuple[Any, Any]) -> tuple[bytes, bytes]:
    """Return the span of the keys whose first column lies in a range; an empty one if there can be none."""
    index = table.primary_index
    table_id, index_id = index.ancestors[0][:2] if index.ancestors else (table.id, index.id)
    start, end = prefix(table_id, index_id), prefix(table_id, index_id + 1)
    column = table.column_by_id[index.key_column_ids[0]]
    low, high = (
        None if value is None else start + _encode_bound(value, column, is_descending=index.is_descending[0])
        for value in key_range
    )
    if index.is_descending[0]:  # the larger value comes first, and the bound itself is not in the range
        low, high = high and _after_prefix(high), low and _after_prefix(low)
    return low or start, max(low or start, high or end)


def _encode_bound(value: Any, column: Column, *, is_descending: bool) -> bytes:
    target = text_type(column.type) if isinstance(value, str) else arrow_type(column.type)
    try:
        array = pa.array([value], target)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as exc:
        raise InvalidValueError(
            f"{value!r} is no value of column {column.name!r}", hint="give it as text, as in SQL"
        ) from exc
    datums, _ = from_arrow(array, column.type)
    return encode_column(datums, column.type, is_descending=is_descending).row(0)


def _after_prefix(key: bytes) -> bytes:
    """Return the smallest key after all that begin with `key`."""
    kept = key.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1])


class Backup:
    """An opened chain of backup layers, as of one time: their end if none is given.

    Attributes:
        chain: the layers, the full backup first.
        until: the time, in nanoseconds since 1970 and a logical count, that the tables are read as of.
        catalog: the descriptors of that time.
    """

    def __init__(
        self,
        chain: Chain,
        until: Timestamp | None = None,
        encryption: tuple[EncryptionOptions, KMSEnvironment] | None = None,
        tenant: int | None = None,
    ) -> None:
        self.chain = chain
        self.until = until or chain.end
        self._encryption = encryption
        self._tenant = tenant
        if tenant is not None:
            check_tenant(chain, tenant)
            self.catalog = tenant_catalog(TenantReader(chain, tenant, self.until))
        else:
            self.catalog = catalog_of(chain.last.manifest) if until is None else catalog_at(chain, until)

    def __repr__(self) -> str:
        return f"<Backup {self.chain.full.folder.storage.uri} until {self.until}>"

    @property
    def tables(self) -> tuple[str, ...]:
        """The names `database.schema.table` of everything that has rows, sorted."""
        return tuple(sorted(self._tables()))

    def table(self, name: str) -> BackupTable:
        """Return one table by its full name.

        Raises:
            UndefinedTableError: there is none of that name.
            OothecaError: the layers do not join: one is missing, or they are out of order.
        """
        id_ = self._tables().get(name)
        if id_ is None:
            raise UndefinedTableError(f'table "{name}" does not exist', hint="see the names in .tables")
        table = self.catalog.describe(id_)
        key_prefix = b"" if self._tenant is None else tenant_prefix(self._tenant)
        check_cover(self.chain, [table], key_prefix=key_prefix)
        return BackupTable(name, table, self)

    def reader(self, chain: Chain | None = None, until: Timestamp | None = None) -> ChainReader:
        """Return a new reader of the keys and values, of another chain or time if they are given.

        Raises:
            CorruptionError, EncryptionError, StorageError: while it is read.
        """
        chain, until = chain or self.chain, until or self.until
        return ChainReader(chain, until) if self._tenant is None else TenantReader(chain, self._tenant, until)

    def verify(self, *, raise_first: bool = False) -> VerifyReport:
        """Read every file of every layer and check all that can be told without restoring a row.

        Returns:
            What was checked, and every problem found; none is raised, unless `raise_first`.
        """
        return verify(self.chain, encryption=self._encryption, raise_first=raise_first)

    def _tables(self) -> dict[str, int]:
        found = {}
        for member in self.catalog:
            if isinstance(member, pb.TableDescriptor) and (
                not member.view_query or member.is_materialized_view
            ):
                found[".".join(self.catalog.qualified_name(member))] = member.id
        return found


def open_backup(
    uri: str | Sequence[str],
    *,
    subdirectory: str | None = None,
    incremental: Sequence[str | Sequence[str]] = (),
    encryption_passphrase: str | None = None,
    kms: Sequence[str] = (),
    as_of: str | Timestamp | datetime.datetime | None = None,
    tenant: int | None = None,
    external_io_dir: str | Path = "extern",
    sandbox_dir: str | Path | None = None,
) -> Backup:
    """Open a backup that CockroachDB or ootheca wrote.

    Args:
        uri: of the full backup, or with `subdirectory` of the collection. Of a locality-aware backup the list of the
            URIs of all localities, in any order where one says `COCKROACH_LOCALITY=default`; else that comes first.
            With the default's alone only what lies there can be read.
        subdirectory: of a collection; "LATEST" for the newest.
        incremental: URIs of layers in folders of their own, oldest first, each as `uri`; appended ones are found.
        encryption_passphrase: of a backup that one encrypts.
        kms: URIs of master keys, any one of which opens the backup; all of them must be keys of it.
        as_of: an HLC decimal (`cluster_logical_timestamp()`), a Timestamp, a datetime, or a text like
            `2020-11-15 12:00:00` (both UTC unless they say otherwise): the end of a layer, or any time inside one with
            revision history. The end of the last layer, if omitted.
        tenant: the id of a tenant that the backup holds: its databases and tables instead of the system tenant's.
        external_io_dir: what `nodelocal://` means.
        sandbox_dir: of a store whose sandbox wrote the backup: cloud and KMS URIs are served from there.

    Raises:
        ObjectNotFoundError: there is no backup, or a layer's manifest is missing.
        KeyRequiredError, WrongKeyError, NotEncryptedError, KMSError: the keys are not those of the backup.
        CorruptionError: a manifest or its key file is damaged.
        InvalidValueError, DatabaseError: `as_of` is no time, or none that the backup can show.
        StorageError: a place cannot be read.
    """
    directory = Path(sandbox_dir) if sandbox_dir is not None else None
    env = StorageEnv(
        external_io_dir=Path(external_io_dir),
        sandbox=directory is not None,
        sandbox_dir=directory / "storage" if directory is not None else None,
    )
    kms_env = KMSEnvironment(
        keyring=DirectoryKeyring(directory / "keyring") if directory is not None else None
    )
    place, *layers = (
        open_stores([each] if isinstance(each, str) else each, env) for each in (uri, *incremental)
    )
    if subdirectory is not None:
        is_latest = subdirectory.upper() == "LATEST"
        path = (read_latest(place.default) if is_latest else subdirectory).strip("/")
        layers = layers or layer_places(place, path)
        place = place.at(path)
    encryption = (EncryptionOptions(encryption_passphrase, tuple(kms)), kms_env)
    full = open_sealed(place.default, *encryption).beside(place.default, place.others)
    chain = open_chain(full, [full.beside(layer.default, layer.others) for layer in layers])
    if as_of is None:
        return Backup(chain, encryption=encryption, tenant=tenant)
    until = _parse_time(as_of)
    return Backup(cut_at(chain, until), until, encryption, tenant)


def _parse_time(text: str | Timestamp | datetime.datetime) -> Timestamp:
    """Return the time that an HLC decimal, a timestamp's text or a datetime means, or a time as it is.

    Raises:
        InvalidValueError: it is neither.
    """
    if isinstance(text, Timestamp):
        return text
    if isinstance(text, datetime.datetime):
        text = text.isoformat(sep=" ")
    try:
        return parse_timestamp(text)
    except InvalidValueError:
        seconds, nanos = parse_date_and_time(text, has_zone=True)
        return Timestamp(seconds * 1_000_000_000 + nanos)
