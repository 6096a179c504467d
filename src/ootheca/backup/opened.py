"""`ootheca.open_backup`: a backup as a read-only Python object; no store, no cluster.

b = ootheca.open_backup("nodelocal://1/x", encryption_passphrase="…", external_io_dir="extern")
b.tables                                   # ("bank.public.accounts", …)
b.table("bank.public.accounts").to_arrow()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ootheca import pb
from ootheca.backup.chain import Chain, cut_at, open_chain
from ootheca.backup.collection import find_layers, read_latest
from ootheca.backup.cover import check_cover
from ootheca.backup.read import ChainReader
from ootheca.backup.restore import decode_rows
from ootheca.backup.sealed import open_sealed
from ootheca.catalog.table import Table
from ootheca.catalog.upgrade import catalog_of
from ootheca.clock import Timestamp, parse_timestamp
from ootheca.codec.rows import NotNativeError, RowDecoder
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.crypto.kms.base import KMSEnvironment
from ootheca.crypto.kms.keyring import DirectoryKeyring
from ootheca.errors import UndefinedTableError, UnsupportedError
from ootheca.storage.base import StorageEnv
from ootheca.storage.registry import open_storage
from ootheca.types import Family, SQLType

__all__ = ["Backup", "BackupTable", "open_backup"]

# Families of which every value fits its Arrow type, or that have no other form than text.
_ALWAYS_FITTING = frozenset({Family.BOOL, Family.STRING, Family.BYTES, Family.UUID, Family.JSON, Family.ENUM})


@dataclass(frozen=True)
class BackupTable:
    """One table of an opened backup."""

    name: str
    table: Table
    _backup: Backup

    @property
    def schema(self) -> pa.Schema:
        """Column names and Arrow types; a column that needs text for exactness shows so in `to_batches` only."""
        return RowDecoder(self.table).schema

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in the order of the primary key, a batch at a time.

        A column of which some value does not fit its Arrow type (a NaN in a DECIMAL(10,2)) comes as text throughout.

        Raises:
            CorruptionError, EncryptionError, StorageError: the backup cannot be read to the end.
        """
        text_columns = self._text_columns()
        yield from decode_rows(self._backup.reader(), self._backup.catalog, self.table, text_columns)

    def to_arrow(self) -> pa.Table:
        """Return all rows as one table in memory."""
        reader = self._backup.reader()
        text_columns: frozenset[int] = frozenset()
        while True:
            try:
                batches = list(decode_rows(reader, self._backup.catalog, self.table, text_columns))
            except NotNativeError as exc:
                text_columns |= exc.columns
                continue
            return pa.Table.from_batches(
                batches, schema=RowDecoder(self.table, text_columns=text_columns).schema
            )

    def _text_columns(self) -> frozenset[int]:
        """Find the columns that need text by reading once those that may, nothing kept."""
        text_columns: frozenset[int] = frozenset()
        doubtful = tuple(
            column.id
            for column in self.table.columns
            if not column.is_virtual and _may_need_text(column.type)
        )
        while doubtful:
            try:
                for _ in decode_rows(
                    self._backup.reader(), self._backup.catalog, self.table, text_columns, column_ids=doubtful
                ):
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


class Backup:
    """An opened chain of backup layers, as of one time."""

    def __init__(self, chain: Chain, until: Timestamp) -> None:
        self.chain = chain
        self.until = until
        self.catalog = catalog_of(chain.last.manifest)

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
        check_cover(self.chain, [table])
        return BackupTable(name, table, self)

    def reader(self) -> ChainReader:
        """Return a new reader of the chain's keys and values."""
        return ChainReader(self.chain, self.until)

    def _tables(self) -> dict[str, int]:
        found = {}
        for member in self.catalog:
            if isinstance(member, pb.TableDescriptor) and (
                not member.view_query or member.is_materialized_view
            ):
                found[".".join(self.catalog.qualified_name(member))] = member.id
        return found


def open_backup(
    uri: str,
    *,
    subdirectory: str | None = None,
    incremental: Sequence[str] = (),
    encryption_passphrase: str | None = None,
    kms: Sequence[str] = (),
    as_of: str | Timestamp | None = None,
    external_io_dir: str | Path = "extern",
    sandbox_dir: str | Path | None = None,
) -> Backup:
    """Open a backup that CockroachDB or ootheca wrote.

    Args:
        uri: of the full backup, or with `subdirectory` of the collection.
        subdirectory: of a collection; "LATEST" for the newest.
        incremental: URIs of layers in folders of their own, oldest first; appended ones are found.
        as_of: an HLC decimal (`cluster_logical_timestamp()`) or Timestamp; a layer's end.
        external_io_dir: what `nodelocal://` means.
        sandbox_dir: of a store whose sandbox wrote the backup: cloud and KMS URIs are served from there.

    Raises:
        OothecaError: it cannot be opened.
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
    storage = open_storage(uri, env)
    layers = [open_storage(text, env) for text in incremental]
    if subdirectory is not None:
        collection = storage
        is_latest = subdirectory.upper() == "LATEST"
        path = (read_latest(collection) if is_latest else subdirectory).strip("/")
        storage = collection.at(path)
        layers = layers or [collection.at(layer) for layer in find_layers(collection, path)]
    full = open_sealed(storage, EncryptionOptions(encryption_passphrase, tuple(kms)), kms_env)
    chain = open_chain(full, [full.beside(layer) for layer in layers])
    if as_of is None:
        return Backup(chain, chain.end)
    until = parse_timestamp(as_of) if isinstance(as_of, str) else as_of
    chain = cut_at(chain, until)
    if until != chain.end:
        raise UnsupportedError("reading a backup as of a time inside a layer is not supported yet")
    return Backup(chain, until)
