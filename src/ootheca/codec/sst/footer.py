"""The last bytes of a table file: which format it has and where its index and metaindex lie.

Layout (handles are offset:uvarint, size:uvarint; the size is without the block's 5-byte trailer):
    LevelDB            48   metaindex handle, index handle, zeros up to 40, magic
    RocksDBv2, v1-v5   53   checksum kind:1, metaindex handle, index handle, zeros up to 41, version:fixed32,
                       magic
    Pebble v6          57   as above up to 41, footer checksum:fixed32, version:fixed32, magic
    Pebble v7, v8      61   as above up to 41, attributes:fixed32, footer checksum:fixed32, version:fixed32,
                       magic
Source: fixtures/golden/20.2/a_full and 21.2/a_full, the last 48 (LevelDB) and 53 bytes (RocksDBv2) of each
    file; reference 04 section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ootheca.codec.checksum import block_checksum
from ootheca.codec.uvarint import decode_uvarint, encode_uvarint
from ootheca.errors import (
    BadMagicError,
    ChecksumMismatchError,
    CorruptionError,
    TruncatedError,
    UnsupportedError,
)

__all__ = [
    "CRC32C",
    "TRAILER_SIZE",
    "XXHASH64",
    "BlockHandle",
    "Footer",
    "TableFormat",
    "decode_footer",
    "encode_footer",
]

TRAILER_SIZE = 5  # on disk: type:1, checksum:fixed32

_LEVELDB_MAGIC = bytes.fromhex("57fb808b247547db")
_ROCKSDB_MAGIC = bytes.fromhex("f7cff485b741e288")
_PEBBLE_MAGIC = bytes.fromhex("f09faab3f09faab3")
_MAGIC_SIZE = 8
_LEVELDB_SIZE, _LEVELDB_HANDLES_END = 48, 40
_HANDLES_END = 41

CRC32C, XXHASH64 = 1, 3
"""Kinds of block checksums, on disk: masked CRC-32C, and the low half of XXH64."""


class TableFormat(Enum):
    """The table formats, named as Pebble prints them; the value is (magic, version) on disk."""

    LEVELDB = (_LEVELDB_MAGIC, 0)
    ROCKSDB_V2 = (_ROCKSDB_MAGIC, 2)
    PEBBLE_V1 = (_PEBBLE_MAGIC, 1)
    PEBBLE_V2 = (_PEBBLE_MAGIC, 2)
    PEBBLE_V3 = (_PEBBLE_MAGIC, 3)
    PEBBLE_V4 = (_PEBBLE_MAGIC, 4)
    PEBBLE_V5 = (_PEBBLE_MAGIC, 5)
    PEBBLE_V6 = (_PEBBLE_MAGIC, 6)
    PEBBLE_V7 = (_PEBBLE_MAGIC, 7)
    PEBBLE_V8 = (_PEBBLE_MAGIC, 8)

    def __str__(self) -> str:
        magic, version = self.value
        if magic == _PEBBLE_MAGIC:
            return f"(Pebble,v{version})"
        return "(LevelDB)" if magic == _LEVELDB_MAGIC else "(RocksDB,v2)"

    @property
    def is_columnar(self) -> bool:
        """Whether its blocks are laid out by columns."""
        return self._pebble_version >= 5

    @property
    def has_columnar_metaindex(self) -> bool:
        """Whether the metaindex is laid out by columns too."""
        return self._pebble_version >= 6

    @property
    def has_columnar_properties(self) -> bool:
        """Whether the properties are laid out by columns too."""
        return self._pebble_version >= 7

    @property
    def has_value_prefixes(self) -> bool:
        """Whether the stored value of every SET begins with a prefix byte and restart offsets carry a flag."""
        return self._pebble_version in (3, 4)

    @property
    def footer_size(self) -> int:
        """Bytes from the footer's start to the end of the file."""
        if self is TableFormat.LEVELDB:
            return _LEVELDB_SIZE
        return {6: 57, 7: 61, 8: 61}.get(self._pebble_version, 53)

    @property
    def _pebble_version(self) -> int:
        magic, version = self.value
        return version if magic == _PEBBLE_MAGIC else 0


@dataclass(frozen=True, slots=True)
class BlockHandle:
    """Where a block's stored contents lie in the file; the 5-byte trailer follows them."""

    offset: int
    size: int

    @property
    def end(self) -> int:
        """The offset after the block's trailer."""
        return self.offset + self.size + TRAILER_SIZE

    def encode(self) -> bytes:
        """Return the handle's bytes."""
        return encode_uvarint(self.offset) + encode_uvarint(self.size)

    @staticmethod
    def decode(
        raw: bytes | memoryview, position: int, *, location: str, base: int
    ) -> tuple[BlockHandle, int]:
        """Return (handle, position after it); errors as for `decode_uvarint`."""
        offset, position = decode_uvarint(raw, position, location=location, base=base)
        size, position = decode_uvarint(raw, position, location=location, base=base)
        return BlockHandle(offset, size), position


@dataclass(frozen=True, slots=True)
class Footer:
    """What a footer says; `offset` is where it begins in the file, `checksum_kind` that of all its blocks."""

    format: TableFormat
    metaindex: BlockHandle
    index: BlockHandle
    offset: int
    checksum_kind: int = CRC32C

    def check_padding(self, raw: bytes | memoryview, *, location: str) -> None:
        """Check the bytes that mean nothing and that no checksum covers: minimal varints, then zeros.

        Raises:
            CorruptionError: they are not as every writer leaves them. The file can be read all the same.
        """
        is_leveldb = self.format is TableFormat.LEVELDB
        first, last = (0, _LEVELDB_HANDLES_END) if is_leveldb else (1, _HANDLES_END)
        expected = (self.metaindex.encode() + self.index.encode()).ljust(last - first, b"\x00")
        if bytes(raw[self.offset + first : self.offset + last]) != expected:
            raise CorruptionError(
                "pebble/table: invalid table (footer padding)", location=f"{location} @{self.offset}"
            )


def encode_footer(
    metaindex: BlockHandle, index: BlockHandle, *, table_format: TableFormat = TableFormat.LEVELDB
) -> bytes:
    """Return the footer of a LevelDB file (20.2; every version reads it) or of a RocksDBv2 file (21.2)."""
    handles = metaindex.encode() + index.encode()
    if table_format is TableFormat.LEVELDB:
        return handles.ljust(_LEVELDB_HANDLES_END, b"\x00") + _LEVELDB_MAGIC
    if table_format is TableFormat.ROCKSDB_V2:
        checked = bytes([CRC32C]) + handles
        return checked.ljust(_HANDLES_END, b"\x00") + (2).to_bytes(4, "little") + _ROCKSDB_MAGIC
    raise UnsupportedError(f"table format {table_format} is not written")


def decode_footer(raw: bytes | memoryview, *, location: str) -> Footer:
    """Decode the footer at the end of a whole file.

    Raises:
        TruncatedError, BadMagicError: not a whole table file. ChecksumMismatchError: a damaged footer (v6
            on).
        CorruptionError: a handle is out of range, or an unknown checksum kind. UnsupportedError: a version that
            we do not read.
    """
    tail = bytes(raw[-61:])
    file_size = len(raw)
    if file_size < _LEVELDB_SIZE:
        raise TruncatedError(
            "pebble/table: invalid table (file size is too small)", location=f"{location} @0"
        )
    table_format = _decode_format(
        tail, location=f"{location} @{file_size - _MAGIC_SIZE}", start=bytes(raw[:7])
    )
    size = table_format.footer_size
    offset = file_size - size
    if offset < 0:
        raise TruncatedError(
            f"pebble/table: invalid table (footer too short): {file_size}", location=f"{location} @0"
        )
    footer = tail[-size:]
    position, handles_end, checksum_kind = 0, _LEVELDB_HANDLES_END, CRC32C
    if table_format is not TableFormat.LEVELDB:
        position, handles_end, checksum_kind = 1, _HANDLES_END, footer[0]
        _check_footer(footer, location=f"{location} @{offset}")
    handles = footer[:handles_end]
    metaindex, position = BlockHandle.decode(handles, position, location=location, base=offset)
    index, position = BlockHandle.decode(handles, position, location=location, base=offset)
    for name, handle in (("metaindex", metaindex), ("index", index)):
        if handle.end > offset:
            raise CorruptionError(
                f"pebble/table: invalid table (bad {name} block handle)", location=f"{location} @{offset}"
            )
    return Footer(table_format, metaindex, index, offset, checksum_kind)


def _decode_format(tail: bytes, *, location: str, start: bytes) -> TableFormat:
    magic = tail[-_MAGIC_SIZE:]
    if magic == _LEVELDB_MAGIC:
        return TableFormat.LEVELDB
    if magic not in (_ROCKSDB_MAGIC, _PEBBLE_MAGIC):
        hint = None
        if start == b"encrypt":
            hint = "the file is encrypted: give encryption_passphrase or kms"
        raise BadMagicError(
            f"pebble/table: invalid table (bad magic number: 0x{magic.hex()})", location=location, hint=hint
        )
    version = int.from_bytes(tail[-_MAGIC_SIZE - 4 : -_MAGIC_SIZE], "little")
    try:
        return TableFormat((magic, version))
    except ValueError as exc:
        raise UnsupportedError(
            f"pebble/table: unsupported format version {version}", location=location
        ) from exc


def _check_footer(footer: bytes, *, location: str) -> None:
    """Check what newer footers hold besides handles: the checksum kind and, from v6, their own checksum."""
    if len(footer) > 53:
        at = len(footer) - 16
        stored = int.from_bytes(footer[at : at + 4], "little")
        if block_checksum(footer[:at] + footer[at + 4 :]) != stored:
            raise ChecksumMismatchError(
                "pebble/table: invalid table (footer checksum mismatch)", location=location
            )
    if footer[0] not in (CRC32C, XXHASH64):
        raise CorruptionError(f"pebble/table: unsupported checksum type: {footer[0]}", location=location)
