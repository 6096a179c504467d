"""Columnar data, index, property and range-key blocks -> entries.

Layout (column by column; the container is in columns.py):
    data, schema crdb1   custom header: suffix kinds:1, size of the longest key:fixed32
                         0 roach key (prefix-bytes), 1 wall time (uint), 2 logical (uint), 3 other version (bytes),
                         4 trailer (uint), 5 new key (bool), 6 value (bytes), 7 value is external (bool),
                         8 obsolete (bool), later versions add more
    index                0 separator, a user key (bytes), 1 offset (uint), 2 size (uint), 3 block properties (bytes)
    metaindex (v6 on), properties (v7 on)   0 name (bytes), 1 value (bytes)
    range keys           custom header: number of bounds:fixed32
                         0 bound, a user key (bytes), 1 first entry from it on (uint), both with a row for each bound;
                         2 trailer (uint), 3 suffix (bytes), 4 value (bytes)
Source: reference 04 section 7.
    Unverified: written by 24.3 and later only, no fixture; the blocks that Pebble's own tests print decode as
    they say (cockroachkvs/testdata/block_encoding, sstable/colblk/testdata/keyspan_block and prefix_bytes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.columns import Columns
from ootheca.codec.sst.footer import BlockHandle
from ootheca.codec.sst.rows import DataRows
from ootheca.errors import CorruptionError, UnsupportedError

__all__ = [
    "SCHEMA",
    "decode_columnar_data",
    "decode_columnar_index",
    "decode_columnar_names",
    "decode_columnar_spans",
]

SCHEMA = "crdb1"
_DATA_HEADER_SIZE, _SPAN_HEADER_SIZE = 5, 4
_KEY, _WALL, _LOGICAL, _OTHER_VERSION, _TRAILER, _VALUE, _IS_EXTERNAL = 0, 1, 2, 3, 4, 6, 7
_MAX_LOGICAL = np.uint64((1 << 31) - 1)


def decode_columnar_data(contents: NDArray[np.uint8], *, place: str) -> DataRows:
    """Decode one data block of the schema crdb1.

    Raises:
        CorruptionError: the block is damaged. UnsupportedError: a key's version is no timestamp.
    """
    block = Columns.decode(contents, custom_header_size=_DATA_HEADER_SIZE, place=place)
    if block.byte_rows(_OTHER_VERSION).total_size:
        raise UnsupportedError("keys whose version is no timestamp are not read", location=place)
    logical = block.uints(_LOGICAL)
    if bool((logical > _MAX_LOGICAL).any()):
        raise CorruptionError(
            "pebble/table: invalid table: bad columnar block (logical time)", location=place
        )
    values = block.byte_rows(_VALUE)
    return DataRows(
        block.prefixed_rows(_KEY),
        block.uints(_WALL).view(np.int64),
        logical.astype(np.int32),
        block.uints(_TRAILER),
        contents,
        values.starts,
        values.offsets[1:],
        block.bools(_IS_EXTERNAL),
    )


def decode_columnar_index(contents: NDArray[np.uint8], *, place: str) -> tuple[Ragged, list[BlockHandle]]:
    """Decode one index block: (separators as user keys, handles). Raises CorruptionError."""
    block = Columns.decode(contents, custom_header_size=0, place=place)
    offsets, sizes = block.uints(1).tolist(), block.uints(2).tolist()
    return block.byte_rows(0), [BlockHandle(*handle) for handle in zip(offsets, sizes, strict=True)]


def decode_columnar_names(contents: NDArray[np.uint8], *, place: str) -> dict[bytes, bytes]:
    """Decode a metaindex or properties block. Raises CorruptionError, also if a name occurs twice."""
    block = Columns.decode(contents, custom_header_size=0, place=place)
    names = block.byte_rows(0).to_list()
    if len(set(names)) < len(names):
        raise CorruptionError(
            "pebble/table: invalid table: bad columnar block (a name occurs twice)", location=place
        )
    return dict(zip(names, block.byte_rows(1).to_list(), strict=True))


def decode_columnar_spans(
    contents: NDArray[np.uint8], *, place: str
) -> list[tuple[bytes, bytes, int, bytes, bytes]]:
    """Decode a range-key block: (start, end, trailer, suffix, value) of every entry, bounds as user keys.

    Raises:
        CorruptionError: the block is damaged, or the bounds' first entries are out of order.
    """
    block = Columns.decode(contents, custom_header_size=_SPAN_HEADER_SIZE, place=place)
    num_bounds = int.from_bytes(block.custom_header, "little")
    if num_bounds > contents.size:
        raise CorruptionError("pebble/table: invalid table: bad columnar block (bounds)", location=place)
    bounds = block.byte_rows(0, num_rows=num_bounds).to_list()
    firsts = block.uints(1, num_rows=num_bounds).tolist()
    trailers, suffixes = block.uints(2).tolist(), block.byte_rows(3).to_list()
    values = block.byte_rows(4).to_list()
    first, last = (firsts[0], firsts[-1]) if firsts else (0, 0)
    if firsts != sorted(firsts) or first != 0 or last != block.num_rows:
        raise CorruptionError("pebble/table: invalid table: bad columnar block (bounds)", location=place)
    return [
        (bounds[i], bounds[i + 1], trailers[row], suffixes[row], values[row])
        for i in range(num_bounds - 1)
        for row in range(firsts[i], firsts[i + 1])
    ]
