"""Read the keys and values of a span out of a chain: every layer's files, merged, newest version first come.

Memory follows the batch and the open files. Versions are merged with NumPy: all streams advance together up to the
smallest of their batches' last keys, and what lies below it is sorted at once.

Source: reference/format/07 §1 step 13 and §4 (which version is seen).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ootheca.backup.chain import Chain
from ootheca.backup.layer_files import LayerFiles
from ootheca.clock import Timestamp
from ootheca.codec.mvcc import KeyValueBatch, argsort_versions, is_new_key
from ootheca.codec.ragged import searchsorted_bytes

__all__ = ["ChainReader"]


class ChainReader:
    """Reads spans of a chain as of its end, or as of a time that `cut_at` accepted."""

    def __init__(self, chain: Chain, until: Timestamp | None = None) -> None:
        self.chain = chain
        self.until = until or chain.end
        self._layers = [LayerFiles(layer) for layer in chain.layers]

    def visible(self, start: bytes, end: bytes) -> Iterator[KeyValueBatch]:
        """Yield the newest version of every key in `[start, end)`, in key order, without deleted ones.

        Raises:
            CorruptionError: a file is damaged or is not the one that the manifest names.
            EncryptionError: a sealed file does not open.
        """
        streams = [layer.batches(start, end) for layer in self._layers if layer.overlaps(start, end)]
        for batch in _merge(streams):
            newest = _newest(batch, self.until)
            if len(newest.keys):
                yield newest


def _merge(streams: Sequence[Iterator[KeyValueBatch]]) -> Iterator[KeyValueBatch]:
    """Merge streams in key order into batches that never split the versions of one key."""
    heads: list[KeyValueBatch] = []
    rest: list[Iterator[KeyValueBatch]] = []
    for stream in streams:
        first = next(stream, None)
        if first is not None:
            heads.append(first)
            rest.append(stream)
    while heads:
        bound = min(head.keys.row(len(head.keys) - 1) for head in heads)
        parts = []
        for i in range(len(heads) - 1, -1, -1):
            while len(heads[i].keys) and heads[i].keys.row(0) <= bound:
                cut = searchsorted_bytes(heads[i].keys, bound + b"\x00")
                parts.append(heads[i][:cut])
                heads[i] = heads[i][cut:]
                if not len(heads[i].keys) and (following := next(rest[i], None)) is not None:
                    heads[i] = following
            if not len(heads[i].keys):
                del heads[i], rest[i]
        yield parts[0] if len(parts) == 1 else _concat(parts)


def _concat(parts: Sequence[KeyValueBatch]) -> KeyValueBatch:
    """Join and sort: key ascending, time descending."""
    joined = KeyValueBatch.concat(parts)
    return joined.take(argsort_versions(joined))


def _newest(batch: KeyValueBatch, until: Timestamp) -> KeyValueBatch:
    """Keep the newest version not after `until` of each key, and drop it if it is a tombstone."""
    in_time = (batch.wall_ns < until.wall_ns) | (
        (batch.wall_ns == until.wall_ns) & (batch.logical <= until.logical)
    )
    rows = np.flatnonzero(in_time)
    if not len(rows):
        return KeyValueBatch.empty()
    in_time_batch = batch if len(rows) == len(batch) else batch.take(rows)
    seen = is_new_key(in_time_batch.keys) & ~in_time_batch.is_tombstone
    return in_time_batch if seen.all() else in_time_batch.take(np.flatnonzero(seen))
