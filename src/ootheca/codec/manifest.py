"""The manifest of a layer and its companions: checksum, partition descriptors, statistics.

Layout:
    BACKUP_MANIFEST            gzip of a `BackupManifest`; before 20.2 (`BACKUP`) the message alone
    BACKUP_MANIFEST-CHECKSUM   first 4 bytes of the SHA-256 of the manifest as stored (gzipped, then sealed)
    BACKUP_PART_<n>_<kv>       gzip of a `BackupPartitionDescriptor`
    BACKUP-STATISTICS          a `StatsTable`, never gzipped; without statistics 0 bytes
    gzip header                1f 8b 08, flags 0, time 0, extra flags 0, system 255: 10 bytes
Source: fixtures/golden/*/*/extern; reference 01 §2, 03.

What is read may be plain or gzipped, whatever its name. Sealed files are opened before they come here.
"""

from __future__ import annotations

import hashlib
import struct
import zlib

from ootheca import pb
from ootheca.codec.presence import complete
from ootheca.codec.wire import M, decode, encode
from ootheca.errors import ChecksumMismatchError, CorruptionError, KeyRequiredError

__all__ = [
    "CHECKSUM_SIZE",
    "checksum",
    "complete",
    "decode_manifest",
    "decode_partition",
    "decode_statistics",
    "encode_manifest",
    "encode_partition",
    "encode_statistics",
    "verify_checksum",
]

CHECKSUM_SIZE = 4
_SEALED_MAGIC = b"encrypt"  # the first bytes of every sealed file
_GZIP_MAGIC = b"\x1f\x8b\x08"
_GZIP_HEADER = bytes.fromhex("1f8b08000000000000ff")
_GZIP_WINDOW_BITS = 31  # zlib: a gzip stream with the largest window


def decode_manifest(stored: bytes, *, location: str) -> pb.BackupManifest:
    """Decode a manifest or checkpoint, gunzipping it where needed.

    Raises:
        KeyRequiredError: the bytes are sealed.
        CorruptionError: they are no manifest.
    """
    return _decode(pb.BackupManifest, stored, location)


def encode_manifest(manifest: pb.BackupManifest, *, version: str, compress: bool = True) -> bytes:
    """Encode a manifest as it stands; `complete` it first when it was not read from a backup.

    Raises:
        InvalidOptionError: no profile is proven for that version.
    """
    raw = encode(manifest, version=version)
    return _gzip(raw) if compress else raw


def tenant_ids(manifest: pb.BackupManifest) -> tuple[int, ...]:
    """Return the ids of the tenants that a backup holds; 21.2 and later list them in another field.

    Source: reference/format/03 §2 (fields 24 and 26); fixtures o_tenant of both versions.
    """
    listed = tuple(tenant.info.id for tenant in manifest.tenants)
    return listed or tuple(tenant.id for tenant in manifest.tenants_deprecated)


def decode_partition(stored: bytes, *, location: str) -> pb.BackupPartitionDescriptor:
    """Decode the file list of one locality.

    Raises:
        KeyRequiredError: the bytes are sealed.
        CorruptionError: they are no partition descriptor.
    """
    return _decode(pb.BackupPartitionDescriptor, stored, location)


def encode_partition(
    partition: pb.BackupPartitionDescriptor, *, version: str, compress: bool = True
) -> bytes:
    """Encode the file list of one locality as it stands.

    Raises:
        InvalidOptionError: no profile is proven for that version.
    """
    raw = encode(partition, version=version)
    return _gzip(raw) if compress else raw


def decode_statistics(stored: bytes, *, location: str) -> pb.StatsTable:
    """Decode table statistics; no bytes are no statistics.

    Raises:
        KeyRequiredError: the bytes are sealed.
        CorruptionError: they are no statistics.
    """
    return _decode(pb.StatsTable, stored, location)


def encode_statistics(statistics: pb.StatsTable, *, version: str) -> bytes:
    """Encode table statistics as they stand; 0 bytes when there are none.

    Raises:
        InvalidOptionError: no profile is proven for that version.
    """
    return encode(statistics, version=version)


def checksum(stored: bytes) -> bytes:
    """Return the 4 bytes that `<name>-CHECKSUM` holds for a file as it is stored."""
    return hashlib.sha256(stored).digest()[:CHECKSUM_SIZE]


def verify_checksum(stored: bytes, expected: bytes, *, location: str) -> None:
    """Compare a stored file with the content of its checksum file.

    Raises:
        ChecksumMismatchError: they differ.
    """
    actual = checksum(stored)
    if actual != expected:
        raise ChecksumMismatchError(
            f"checksum mismatch; expected {expected.hex()}, got {actual.hex()}", location=location
        )


def _decode(message_type: type[M], stored: bytes, location: str) -> M:
    if stored.startswith(_SEALED_MAGIC):
        # CockroachDB parses first and looks at these bytes only when that fails; they never parse.
        raise KeyRequiredError(
            'file appears encrypted -- try specifying one of "encryption_passphrase" or "kms"',
            location=location,
        )
    raw = _gunzip(stored, location) if stored.startswith(_GZIP_MAGIC) else stored
    return decode(message_type, raw, location=location)


def _gzip(raw: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = deflate.compress(raw) + deflate.flush()
    return _GZIP_HEADER + body + struct.pack("<II", zlib.crc32(raw), len(raw) & 0xFFFFFFFF)


def _gunzip(stored: bytes, location: str) -> bytes:
    inflate = zlib.decompressobj(wbits=_GZIP_WINDOW_BITS)
    try:
        raw = inflate.decompress(stored) + inflate.flush()
    except zlib.error as exc:
        raise CorruptionError("gzip: invalid checksum or data", location=location) from exc
    if not inflate.eof:
        raise CorruptionError("gzip: unexpected EOF", location=f"{location}@{len(stored)}")
    if inflate.unused_data:
        offset = len(stored) - len(inflate.unused_data)
        raise CorruptionError("gzip: trailing data", location=f"{location}@{offset}")
    return raw
