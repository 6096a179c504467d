"""The properties block: facts about a table file, most of them constants that the writers always set.

Layout: a row block with one restart point; keys are names, sorted bytewise; values are uvarints (counts and
    sizes), fixed32 (index type, file version), text, booleans as ASCII 0 and 1, or timestamps
    (mvcc.py). Never compressed.
    From Pebble v7 on a columnar block (columnar.py), compressed like any other.
Source: fixtures/golden/20.2/a_full and 21.2/a_full, every file (30 names each); reference 04 section 5.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.mvcc import decode_timestamp, encode_timestamp
from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.block import decode_named_values
from ootheca.codec.sst.block_builder import encode_single_block
from ootheca.codec.sst.columnar import decode_columnar_names
from ootheca.codec.uvarint import decode_uvarint, encode_uvarint
from ootheca.errors import CorruptionError

__all__ = ["COMPARATOR", "TableProperties", "decode_properties", "encode_properties"]

COMPARATOR = "cockroach_comparator"

_COMPARATOR = "rocksdb.comparator"
_MERGE_OPERATOR = "rocksdb.merge.operator"
_NUM_ENTRIES = "rocksdb.num.entries"
_RAW_KEY_SIZE = "rocksdb.raw.key.size"
_RAW_VALUE_SIZE = "rocksdb.raw.value.size"
_NUM_DATA_BLOCKS = "rocksdb.num.data.blocks"
_DATA_SIZE = "rocksdb.data.size"
_INDEX_SIZE = "rocksdb.index.size"
_INDEX_TYPE = "rocksdb.block.based.table.index.type"
_TS_MIN, _TS_MAX = "crdb.ts.min", "crdb.ts.max"
_SCHEMA = "pebble.colblk.schema"
_TWO_LEVEL_INDEX = 2  # on disk

# On disk: what the writers of 20.2 to 21.2 put into every file, whatever it holds.
_CONSTANTS: dict[str, bytes] = {
    _COMPARATOR: COMPARATOR.encode(),
    _MERGE_OPERATOR: b"nullptr",
    _INDEX_TYPE: bytes(4),
    "rocksdb.block.based.table.prefix.filtering": b"0",
    "rocksdb.block.based.table.whole.key.filtering": b"0",
    "rocksdb.column.family.id": encode_uvarint((1 << 31) - 1),
    "rocksdb.compression": b"Snappy",
    "rocksdb.compression_options": (
        b"window_bits=-14; level=32767; strategy=0; max_dict_bytes=0; zstd_max_train_bytes=0; enabled=0; "
    ),
    "rocksdb.creation.time": b"\x00",
    "rocksdb.deleted.keys": b"\x00",
    "rocksdb.external_sst_file.global_seqno": bytes(8),
    "rocksdb.external_sst_file.version": (2).to_bytes(4, "little"),
    "rocksdb.filter.size": b"\x00",
    "rocksdb.fixed.key.length": b"\x00",
    "rocksdb.format.version": b"\x00",
    "rocksdb.index.key.is.user.key": b"\x00",
    "rocksdb.index.value.is.delta.encoded": b"\x00",
    "rocksdb.merge.operands": b"\x00",
    "rocksdb.num.range-deletions": b"\x00",
    "rocksdb.oldest.key.time": b"\x00",
    "rocksdb.prefix.extractor.name": b"nullptr",
    "rocksdb.property.collectors": b"[TimeBoundTblPropCollectorFactory,DeleteRangeTblPropCollectorFactory]",
}


@dataclass(frozen=True, slots=True)
class TableProperties:
    """What a file says about itself; sizes in bytes.

    Args:
        raw_key_size, raw_value_size: sums over all entries, the keys with timestamp and 8-byte trailer.
        data_size: stored data blocks with trailers. index_size: the index block uncompressed, plus a trailer.
        ts_min, ts_max: smallest and largest (wall_ns, logical) of the versions, or None where a file does
            not say.
        num_entries: None where a file does not say.
        schema: how columnar data blocks lay out their keys.
        stored: every property as stored, by name; empty for properties that were not read from a file.
    """

    num_entries: int | None
    raw_key_size: int = 0
    raw_value_size: int = 0
    num_data_blocks: int = 0
    data_size: int = 0
    index_size: int = 0
    ts_min: tuple[int, int] | None = None
    ts_max: tuple[int, int] | None = None
    comparator: str = COMPARATOR
    has_two_level_index: bool = False
    schema: str | None = None
    stored: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)


def encode_properties(properties: TableProperties) -> bytes:
    """Return the contents of a properties block as CockroachDB 20.2 to 21.2 writes it."""
    named = dict(_CONSTANTS)
    for name, count in (
        (_NUM_ENTRIES, properties.num_entries or 0),
        (_RAW_KEY_SIZE, properties.raw_key_size),
        (_RAW_VALUE_SIZE, properties.raw_value_size),
        (_NUM_DATA_BLOCKS, properties.num_data_blocks),
        (_DATA_SIZE, properties.data_size),
        (_INDEX_SIZE, properties.index_size),
    ):
        named[name] = encode_uvarint(count)
    for name, timestamp in ((_TS_MIN, properties.ts_min), (_TS_MAX, properties.ts_max)):
        if timestamp is not None:
            named[name] = encode_timestamp(*timestamp)
    names = sorted(named)
    keys = Ragged.from_list([name.encode() for name in names])
    values = Ragged.from_list([named[name] for name in names])
    return encode_single_block(keys, values, restart_interval=len(names))


def decode_properties(
    contents: NDArray[np.uint8], *, place: str, is_columnar: bool = False
) -> TableProperties:
    """Decode a properties block, plain contents without trailer.

    Args:
        place: file and offset, for errors.

    Raises:
        CorruptionError: no row (or columnar) block, or a value that is no integer where one belongs.
    """
    named = (decode_columnar_names if is_columnar else decode_named_values)(contents, place=place)
    stored = {name.decode("utf-8", "backslashreplace"): value for name, value in named.items()}
    if _COMPARATOR not in stored:
        raise CorruptionError(
            "pebble/table: invalid table (no comparator among its properties)", location=place
        )
    return TableProperties(
        num_entries=_count(stored, _NUM_ENTRIES, place) if _NUM_ENTRIES in stored else None,
        raw_key_size=_count(stored, _RAW_KEY_SIZE, place),
        raw_value_size=_count(stored, _RAW_VALUE_SIZE, place),
        num_data_blocks=_count(stored, _NUM_DATA_BLOCKS, place),
        data_size=_count(stored, _DATA_SIZE, place),
        index_size=_count(stored, _INDEX_SIZE, place),
        ts_min=_timestamp(stored, _TS_MIN, place),
        ts_max=_timestamp(stored, _TS_MAX, place),
        comparator=stored[_COMPARATOR].decode("utf-8", "backslashreplace"),
        has_two_level_index=int.from_bytes(stored.get(_INDEX_TYPE, b""), "little") == _TWO_LEVEL_INDEX,
        schema=stored[_SCHEMA].decode("utf-8", "backslashreplace") if _SCHEMA in stored else None,
        stored=stored,
    )


def _count(stored: dict[str, bytes], name: str, place: str) -> int:
    """An absent count is zero: newer writers leave zeros out."""
    if name not in stored:
        return 0
    try:
        return decode_uvarint(stored[name], 0, location=place)[0]
    except CorruptionError as exc:
        raise CorruptionError(f"pebble/table: invalid property {name}", location=place) from exc


def _timestamp(stored: dict[str, bytes], name: str, place: str) -> tuple[int, int] | None:
    return decode_timestamp(stored[name], location=place) if stored.get(name) else None
