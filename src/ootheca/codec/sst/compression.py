"""Stored blocks: contents, compressed or not, with their type byte and checksum.

Layout: contents, type:1, checksum:fixed32 (of contents and type: masked CRC-32C, or low half of XXH64 with seed 0)
    type 0 plain; 1 Snappy, one raw block; 7 Zstandard: uvarint size of the plain contents, then the frame;
    8 MinLZ (minlz.py)
Source: fixtures/golden/20.2/n_blocks (types 0 and 1); reference 04 section 2; RFC 8878 section 3.1 (frames).
    Unverified: type 7 is written by 23.2 and later only, type 8 by 25.2 and later; no file with XXH64 was seen.
"""

from __future__ import annotations

import cramjam
import numpy as np
from numpy.typing import NDArray

from ootheca.codec.checksum import block_checksum
from ootheca.codec.sst.footer import CRC32C, TRAILER_SIZE, BlockHandle
from ootheca.codec.sst.minlz import decompress_minlz
from ootheca.codec.uvarint import decode_uvarint, encode_uvarint
from ootheca.errors import ChecksumMismatchError, CorruptionError, TruncatedError, UnsupportedError

__all__ = ["MAX_BLOCK_SIZE", "MINLZ", "NONE", "SNAPPY", "ZSTD", "compress_block", "open_block", "seal_block"]

NONE, SNAPPY, ZSTD, MINLZ = 0, 1, 7, 8  # on disk
_NAMES = {2: "zlib", 3: "bzip2", 4: "lz4", 5: "lz4hc", 6: "xpress"}

# On disk: magic; one segment, size in 8 bytes, checksum at the end. Then blocks, each with a header of 3 bytes.
_ZSTD_FRAME = bytes.fromhex("28b52ffde4")
_ZSTD_RAW_BLOCK_SIZE = 128 << 10

MAX_BLOCK_SIZE = (1 << 32) - 1
"""Restart offsets are 32 bits wide, so no row block is larger: absurd sizes are damage."""


def compress_block(contents: bytes, *, kind: int) -> tuple[int, bytes]:
    """Return (type, bytes to store): compressed only if that saves at least an eighth, as Pebble decides."""
    if kind == NONE:
        return NONE, contents
    if kind == SNAPPY:
        compressed = bytes(cramjam.snappy.compress_raw(contents))
    elif kind == ZSTD:
        compressed = encode_uvarint(len(contents)) + bytes(cramjam.zstd.compress(contents, level=3))
    else:
        raise UnsupportedError(f"pebble/table: block type {kind} is not written")
    if len(compressed) < len(contents) - len(contents) // 8:
        return kind, compressed
    return NONE, contents


def seal_block(contents: bytes, *, kind: int) -> bytes:
    """Return the stored form of a block: compressed if worth it, with type and checksum."""
    stored_kind, stored = compress_block(contents, kind=kind)
    block = stored + bytes([stored_kind])
    return block + block_checksum(block).to_bytes(4, "little")


def open_block(
    data: NDArray[np.uint8], handle: BlockHandle, *, location: str, checksum_kind: int = CRC32C
) -> NDArray[np.uint8]:
    """Check the block that a handle names and return its plain contents (uint8[n]).

    Args:
        checksum_kind: as the file's footer says.

    Raises:
        TruncatedError: the handle reaches beyond the file. ChecksumMismatchError: damaged contents or type.
        CorruptionError: the contents do not decompress. UnsupportedError: a compression that we do not read.
    """
    place = f"{location} @{handle.offset}"
    if handle.end > data.size:
        raise TruncatedError(
            f"pebble/table: invalid table (block of {handle.size} bytes reaches beyond the end of the file)",
            location=place,
        )
    block = data[handle.offset : handle.end - TRAILER_SIZE + 1]
    checksum = data[handle.end - TRAILER_SIZE + 1 : handle.end].tobytes()
    if not _is_sound(block, checksum, checksum_kind):
        raise ChecksumMismatchError(
            f"pebble/table: invalid table (checksum mismatch at {handle.offset}/{handle.size})",
            location=place,
        )
    contents, kind = block[:-1], int(block[-1])
    if kind == NONE:
        return contents
    if kind == SNAPPY:
        return _decompress_snappy(contents, place)
    if kind == ZSTD:
        return _decompress_zstd(contents, place)
    if kind == MINLZ and contents.size and contents[0] == 0:
        return np.frombuffer(decompress_minlz(contents.tobytes(), place=place), np.uint8)
    if kind == MINLZ:
        return _decompress_snappy(contents, place)
    if kind in _NAMES:
        raise UnsupportedError(
            f"pebble/table: block compression {_NAMES[kind]} (type {kind}) is not read", location=place
        )
    raise CorruptionError(f"pebble/table: unknown block compression: {kind}", location=place)


def _is_sound(block: NDArray[np.uint8], checksum: bytes, checksum_kind: int) -> bool:
    if checksum_kind == CRC32C:
        return block_checksum(block) == int.from_bytes(checksum, "little")
    # A Zstandard frame ends with the low half of the XXH64 of what it holds, and decompressing it compares them: so the
    # block becomes a frame of uncompressed pieces.
    pieces = [_ZSTD_FRAME, block.size.to_bytes(8, "little")]
    for at in range(0, block.size, _ZSTD_RAW_BLOCK_SIZE):
        piece = block[at : at + _ZSTD_RAW_BLOCK_SIZE].tobytes()
        is_last = at + _ZSTD_RAW_BLOCK_SIZE >= block.size
        pieces += [(len(piece) << 3 | is_last).to_bytes(3, "little"), piece]
    try:
        cramjam.zstd.decompress_into(b"".join([*pieces, checksum]), np.empty(block.size, np.uint8).data)
    except cramjam.DecompressionError:
        return False
    return True


def _decompress_snappy(contents: NDArray[np.uint8], place: str) -> NDArray[np.uint8]:
    size, _ = _plain_size(contents, place)
    plain = _allocate(size, contents.size, place)
    try:
        written = cramjam.snappy.decompress_raw_into(contents.data, plain.data)
    except cramjam.DecompressionError as exc:
        raise CorruptionError("snappy: corrupt input", location=place) from exc
    return _whole(plain, written, place)


def _decompress_zstd(contents: NDArray[np.uint8], place: str) -> NDArray[np.uint8]:
    size, position = _plain_size(contents, place)
    plain = _allocate(size, contents.size, place)
    try:
        written = cramjam.zstd.decompress_into(contents[position:].data, plain.data)
    except cramjam.DecompressionError as exc:
        raise CorruptionError("zstd: corrupt input", location=place) from exc
    return _whole(plain, written, place)


def _plain_size(contents: NDArray[np.uint8], place: str) -> tuple[int, int]:
    """Return what both kinds begin with: the size of the plain contents, and the position after it."""
    try:
        return decode_uvarint(contents[:10].tobytes(), 0, location=place)
    except CorruptionError as exc:
        raise CorruptionError("pebble/table: invalid block size", location=place) from exc


def _allocate(size: int, stored_size: int, place: str) -> NDArray[np.uint8]:
    # Both kinds shrink runs at most by some hundreds (Snappy) or tens of thousands (Zstandard) to one.
    if size > min(MAX_BLOCK_SIZE, stored_size << 16):
        raise CorruptionError(f"pebble/table: invalid block size {size}", location=place)
    return np.empty(size, np.uint8)


def _whole(plain: NDArray[np.uint8], written: int, place: str) -> NDArray[np.uint8]:
    if written != plain.size:
        raise CorruptionError(
            f"pebble/table: block holds {written} bytes instead of {plain.size}", location=place
        )
    return plain
