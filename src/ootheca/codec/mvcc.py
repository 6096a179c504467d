"""MVCC: versioned keys and values in bulk, and the engine keys that table files store them under.

Layout:
    user key   roach key, 00, [wall time: 8 bytes BE, [logical: 4 bytes BE, [flags: 1 byte]], size byte]
               size byte = 1 + number of timestamp bytes: 09, 0d or 0e. Without a timestamp the key ends in
               the 00.
    timestamp  wall time: 8 bytes BE [logical: 4 bytes BE if not 0], as in the properties crdb.ts.min and
               crdb.ts.max
Order: roach keys bytewise; for equal ones first the unversioned key, then the newest version first.
Source: reference 05 section 4; fixtures/golden/20.2/a_full, every key (size bytes 09 and 0d).
    Unverified: size byte 0e (20.2 to 23.1, "synthetic" flag); its flag byte is read and dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from ootheca.codec.coding import encode_fixed_be32, encode_fixed_be64
from ootheca.codec.ragged import (
    Ragged,
    argsort_bytes,
    concat_rows,
    gather,
    load_be64,
    load_le32,
)
from ootheca.errors import CorruptionError

__all__ = [
    "KeyValueBatch",
    "argsort_versions",
    "decode_timestamp",
    "decode_user_keys",
    "encode_timestamp",
    "encode_user_keys",
    "first_disorder",
    "is_new_key",
]

_WALL_SIZE, _LOGICAL_SIZE, _FLAGS_SIZE = 8, 4, 1
_SIZE_BYTES = (1 + _WALL_SIZE, 1 + _WALL_SIZE + _LOGICAL_SIZE, 1 + _WALL_SIZE + _LOGICAL_SIZE + _FLAGS_SIZE)
_IS_SIZE_BYTE = np.isin(np.arange(256), (0, *_SIZE_BYTES))


@dataclass(frozen=True, slots=True, eq=False)
class KeyValueBatch:
    """n versions of keys, as parallel arrays.

    Args:
        keys: roach keys, without sentinel and timestamp. wall_ns: int64[n], ns since 1970 UTC; logical:
            int32[n]; both 0 for an unversioned key. values: as stored, with checksum and tag; empty =
            tombstone.
    """

    keys: Ragged
    wall_ns: NDArray[np.int64]
    logical: NDArray[np.int32]
    values: Ragged

    @staticmethod
    def empty() -> KeyValueBatch:
        """Return no rows."""
        return KeyValueBatch(Ragged.empty(), np.empty(0, np.int64), np.empty(0, np.int32), Ragged.empty())

    @staticmethod
    def concat(parts: Sequence[KeyValueBatch]) -> KeyValueBatch:
        """Stack several one under another."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return KeyValueBatch.empty()
        return KeyValueBatch(
            Ragged.concat([part.keys for part in parts]),
            np.concatenate([part.wall_ns for part in parts]),
            np.concatenate([part.logical for part in parts]),
            Ragged.concat([part.values for part in parts]),
        )

    def __len__(self) -> int:
        return int(self.wall_ns.size)

    def __getitem__(self, rows: slice) -> KeyValueBatch:
        """Return the rows [a:b] without a copy."""
        return KeyValueBatch(self.keys[rows], self.wall_ns[rows], self.logical[rows], self.values[rows])

    def take(self, indices: NDArray[np.integer]) -> KeyValueBatch:
        """Return the rows at `indices`, in that order, copied."""
        return KeyValueBatch(
            self.keys.take(indices), self.wall_ns[indices], self.logical[indices], self.values.take(indices)
        )

    @property
    def total_size(self) -> int:
        """The bytes of all keys and values: what a manifest's `data_size` sums."""
        return self.keys.total_size + self.values.total_size

    @property
    def is_tombstone(self) -> NDArray[np.bool_]:
        """bool[n]: versions that delete their key."""
        empty: NDArray[np.bool_] = self.values.lengths == 0
        return empty


def encode_timestamp(wall_ns: int, logical: int) -> bytes:
    """Return a timestamp's bytes, without size byte; the logical part only if it is not 0."""
    wall = wall_ns.to_bytes(_WALL_SIZE, "big")
    return wall + logical.to_bytes(_LOGICAL_SIZE, "big") if logical else wall


def decode_timestamp(raw: bytes, *, location: str) -> tuple[int, int]:
    """Return (wall_ns, logical) of a timestamp without size byte.

    Raises:
        CorruptionError: the bytes are neither 8 nor 12 (13 with flags).
    """
    if 1 + len(raw) not in _SIZE_BYTES:
        raise CorruptionError(f"invalid timestamp of {len(raw)} bytes", location=location)
    wall = int.from_bytes(raw[:_WALL_SIZE], "big", signed=True)
    return wall, int.from_bytes(raw[_WALL_SIZE : _WALL_SIZE + _LOGICAL_SIZE], "big", signed=True)


def encode_user_keys(batch: KeyValueBatch, *, suffix: bytes = b"") -> Ragged:
    """Return the user key of every row, each followed by `suffix` (a table file's trailer)."""
    versioned = (batch.wall_ns != 0) | (batch.logical != 0)
    has_logical = batch.logical != 0
    if bool(versioned.all()) and not bool(has_logical.any()):
        wall = encode_fixed_be64(batch.wall_ns)
        return concat_rows([batch.keys, b"\x00", wall, bytes([_SIZE_BYTES[0]]) + suffix])
    return concat_rows([batch.keys, _encode_versions(batch, versioned, has_logical), suffix])


def _encode_versions(
    batch: KeyValueBatch, versioned: NDArray[np.bool_], has_logical: NDArray[np.bool_]
) -> Ragged:
    """Sentinel, timestamp and size byte of every row, of three possible sizes."""
    width = 1 + _SIZE_BYTES[1]
    cells = np.zeros((len(batch), width), np.uint8)
    cells[:, 1 : 1 + _WALL_SIZE] = encode_fixed_be64(batch.wall_ns)
    logical_at = 1 + _WALL_SIZE
    cells[has_logical, logical_at : logical_at + _LOGICAL_SIZE] = encode_fixed_be32(
        batch.logical[has_logical]
    )
    cells[~has_logical, logical_at] = _SIZE_BYTES[0]
    cells[has_logical, width - 1] = _SIZE_BYTES[1]
    sizes = 1 + np.where(has_logical, _SIZE_BYTES[1], np.where(versioned, _SIZE_BYTES[0], 0))
    return gather(cells.reshape(-1), np.arange(len(batch), dtype=np.int64) * width, sizes.astype(np.int64))


def decode_user_keys(
    data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], *, location: str
) -> tuple[Ragged, NDArray[np.int64], NDArray[np.int32]]:
    """Split user keys, given as ranges of a buffer, into roach keys and timestamps.

    Returns:
        keys (copied), wall_ns int64[n], logical int32[n]; 0 and 0 for unversioned keys.

    Raises:
        CorruptionError: a key is empty, its size byte is none of 00, 09, 0d, 0e or exceeds the key, or the
            sentinel is not 00.
    """
    if starts.size == 0:
        return Ragged.empty(), np.empty(0, np.int64), np.empty(0, np.int32)
    if bool((ends <= starts).any()):
        raise CorruptionError("invalid key: empty", location=location)
    stored_sizes = data[ends - 1]
    sizes = stored_sizes.astype(np.int64)
    key_ends = ends - 1 - sizes
    bad = ~_IS_SIZE_BYTE[stored_sizes] | (key_ends < starts)
    if not bool(bad.any()):
        bad = data[key_ends] != 0
    if bool(bad.any()):
        row = int(np.flatnonzero(bad)[0])
        raise CorruptionError(
            f"invalid encoded mvcc key: {data[starts[row] : ends[row]].tobytes().hex()}", location=location
        )
    wall = load_be64(data, key_ends + 1).view(np.int64)
    logical = np.zeros(starts.size, np.int32)
    unversioned = stored_sizes == 0
    if bool(unversioned.any()):
        wall[unversioned] = 0
    longer = np.flatnonzero(stored_sizes > _SIZE_BYTES[0])
    logical[longer] = load_le32(data, key_ends[longer] + 1 + _WALL_SIZE).byteswap().view(np.int32)
    return gather(data, starts, key_ends - starts), wall, logical


def is_new_key(keys: Ragged) -> NDArray[np.bool_]:
    """Return bool[n]: whether a row's key differs from the key of the row before; the first row's is new."""
    result = np.ones(len(keys), bool)
    array = keys.to_arrow()
    result[1:] = pc.not_equal(array[1:], array[:-1]).to_numpy(zero_copy_only=False)
    return result


def argsort_versions(batch: KeyValueBatch) -> NDArray[np.int64]:
    """Return int64[n]: the order of these rows in a table file (keys ascending, newest version first)."""
    order = argsort_bytes(batch.keys)
    new_key = is_new_key(batch.keys.take(order))
    if bool(new_key.all()):
        return order
    wall, logical = batch.wall_ns[order], batch.logical[order]
    versioned = (wall != 0) | (logical != 0)
    # Bitwise complement descends and, unlike negation, cannot overflow.
    return order[np.lexsort((~logical, ~wall, versioned, np.cumsum(new_key)))]


def first_disorder(batch: KeyValueBatch, shared: NDArray[np.int64]) -> int | None:
    """Return the first row that does not sort after the row before it, or None if all do.

    Args:
        shared: int64[n]: how many first bytes of a row's key equal those of the row before it, at least up
            to the shorter key's end (a count over the whole user key will do); shared[0] is ignored.
    """
    if len(batch) < 2:
        return None
    keys, lengths = batch.keys, batch.keys.lengths
    before, after = lengths[:-1], lengths[1:]
    depth = np.minimum(shared[1:], np.minimum(before, after))
    ascends = before < after  # right where the shorter key is a prefix of the other
    inside = np.flatnonzero(depth < np.minimum(before, after))
    left = keys.data[keys.offsets[inside] + depth[inside]]
    ascends[inside] = left < keys.data[keys.offsets[inside + 1] + depth[inside]]
    same = np.flatnonzero((depth == before) & (before == after))
    ascends[same] = _is_older(batch, same + 1, same)
    wrong = np.flatnonzero(~ascends)
    return int(wrong[0]) + 1 if wrong.size else None


def _is_older(batch: KeyValueBatch, rows: NDArray[np.int64], than: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each row's version sorts after the other's; an unversioned one sorts before all versions."""
    wall, logical = batch.wall_ns, batch.logical
    older = (wall[rows] < wall[than]) | ((wall[rows] == wall[than]) & (logical[rows] < logical[than]))
    versioned = (wall[rows] != 0) | (logical[rows] != 0)
    unversioned_before = (wall[than] == 0) & (logical[than] == 0)
    result: NDArray[np.bool_] = versioned & (older | unversioned_before)
    return result
