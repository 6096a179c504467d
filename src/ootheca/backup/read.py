"""Read the keys and values of a span out of a chain: every layer's files, merged, newest version first come.

Memory follows the batch and the open files. Versions are merged with NumPy: all streams advance together up to the
smallest of their batches' last keys, and what lies below it is sorted at once.

Source: reference/format/07 §1 step 13 and §4 (which version is seen).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ootheca.backup.chain import Chain
from ootheca.backup.layer_files import LayerFiles
from ootheca.clock import Timestamp
from ootheca.codec.mvcc import KeyValueBatch, argsort_versions, is_new_key
from ootheca.codec.ragged import Ragged, searchsorted_bytes
from ootheca.codec.sst.rangekeys import RangeTombstone

__all__ = ["ChainReader", "EntryReader", "aligned", "in_time"]


_FILES_AT_ONCE = 4  # of different layers, read ahead


class EntryReader(Protocol):
    """Gives what is under keys."""

    def visible(self, start: bytes, end: bytes) -> Iterator[KeyValueBatch]:
        """Yield the newest version of every key in `[start, end)`, in key order, without deleted ones."""


class ChainReader:
    """Reads spans of a chain as of its end, or as of a time that `cut_at` accepted."""

    def __init__(self, chain: Chain, until: Timestamp | None = None) -> None:
        self.chain = chain
        self.until = until or chain.end
        self._layers = [LayerFiles(layer) for layer in chain.layers]

    @contextmanager
    def reading_ahead(self, spans: Sequence[tuple[bytes, bytes]]) -> Iterator[None]:
        """Read each layer's next file while what is in the one before is used, as long as the context lasts.

        Args:
            spans: `[start, end)`, in the order in which they will be asked for. What is asked for besides is read then.
        """
        num_threads = min(len(self._layers), _FILES_AT_ONCE)
        pool = ThreadPoolExecutor(num_threads, thread_name_prefix="ootheca-ahead")
        try:
            for layer in self._layers:
                layer.read_ahead(spans, pool)
            yield
        finally:
            for layer in self._layers:
                layer.read_no_further()
            pool.shutdown(cancel_futures=True)

    def visible(self, start: bytes, end: bytes) -> Iterator[KeyValueBatch]:
        """Yield the newest version of every key in `[start, end)`, in key order, without deleted ones.

        Raises:
            CorruptionError: a file is damaged or is not the one that the manifest names.
            EncryptionError: a sealed file does not open.
        """
        deletions = self._range_deletions(start, end)
        for parts in aligned(self._streams(start, end)):
            _add_deletions(parts, deletions)
            only_part = parts[0][1]
            batch = only_part if len(parts) == 1 else _concat([part for _, part in parts])
            newest = _newest(batch, self.until)
            if len(newest.keys):
                yield newest

    def versions(
        self,
        start: bytes,
        end: bytes,
        *,
        select: Callable[[Iterator[KeyValueBatch]], Iterator[KeyValueBatch]] | None = None,
    ) -> Iterator[tuple[KeyValueBatch, NDArray[np.int64]]]:
        """Yield every version of every key in `[start, end)` that is not after `until`, tombstones too.

        Args:
            select: leaves out entries of each layer before they are merged; may give no empty batch.

        Yields:
            n versions, keys ascending and the newest first, and int64[n]: the places in the chain of the layers that
            they are from. The versions of one key are never split; one that several layers hold comes from the last.

        Raises:
            as `visible`.
        """
        streams = self._streams(start, end)
        if select is not None:
            streams = [(number, select(stream)) for number, stream in streams]
        deletions = self._range_deletions(start, end)
        for parts in aligned(streams):
            _add_deletions(parts, deletions)
            batch = KeyValueBatch.concat([part for _, part in parts])
            layers = np.repeat([number for number, _ in parts], [len(part) for _, part in parts])
            order = argsort_versions(batch) if len(parts) > 1 else np.arange(len(batch))
            order = order[_is_distinct(batch, order) & in_time(batch, self.until)[order]]
            if order.size:
                yield batch.take(order), layers[order].astype(np.int64)

    def _streams(self, start: bytes, end: bytes) -> list[tuple[int, Iterator[KeyValueBatch]]]:
        """Return the entries of each layer that has some, by its place in the chain."""
        return [
            (number, layer.batches(start, end))
            for number, layer in enumerate(self._layers)
            if layer.overlaps(start, end)
        ]

    def _range_deletions(self, start: bytes, end: bytes) -> list[tuple[int, RangeTombstone]]:
        """Return what deletes whole ranges of keys, each with the place of its layer in the chain."""
        return [
            (number, each)
            for number, layer in enumerate(self._layers)
            for each in layer.range_tombstones(start, end)
        ]


def aligned(
    streams: Sequence[tuple[int, Iterator[KeyValueBatch]]],
) -> Iterator[list[tuple[int, KeyValueBatch]]]:
    """Read numbered streams together: yield what each holds of one key range, later streams first.

    The versions of one key are never split. What one stream gives ascends, also where it is in several parts.
    """
    heads: list[KeyValueBatch] = []
    rest: list[Iterator[KeyValueBatch]] = []
    numbers: list[int] = []
    for number, stream in streams:
        first = next(stream, None)
        if first is not None:
            heads.append(first)
            rest.append(stream)
            numbers.append(number)
    while heads:
        bound = min(head.keys.row(len(head.keys) - 1) for head in heads)
        parts: list[tuple[int, KeyValueBatch]] = []
        for i in range(len(heads) - 1, -1, -1):
            while len(heads[i].keys) and heads[i].keys.row(0) <= bound:
                cut = searchsorted_bytes(heads[i].keys, bound + b"\x00")
                parts.append((numbers[i], heads[i][:cut]))
                heads[i] = heads[i][cut:]
                if not len(heads[i].keys) and (following := next(rest[i], None)) is not None:
                    heads[i] = following
            if not len(heads[i].keys):
                del heads[i], rest[i], numbers[i]
        yield parts


def _add_deletions(
    parts: list[tuple[int, KeyValueBatch]], deletions: Sequence[tuple[int, RangeTombstone]]
) -> None:
    """Add a tombstone for every key of the parts that a range tombstone deletes, so that no reader need know of those.

    Source: reference/format/04 §8, 07 §4 (22.2 and later). Unverified: no fixture.
    """
    added: list[tuple[int, KeyValueBatch]] = []
    for _, part in parts:
        for number, each in deletions:
            first, after = searchsorted_bytes(part.keys, each.start), searchsorted_bytes(part.keys, each.end)
            if first == after:
                continue
            keys = part.keys[first:after]
            keys = keys.take(np.flatnonzero(is_new_key(keys)))
            wall_ns, logical = np.full(len(keys), each.wall_ns), np.full(len(keys), each.logical, np.int32)
            values = Ragged.from_constant(b"", len(keys))
            added.append((number, KeyValueBatch(keys, wall_ns, logical, values)))
    # Sorting keeps equal versions in this order, and a range tombstone counts before a version of the same time.
    parts[:0] = added


def _concat(parts: Sequence[KeyValueBatch]) -> KeyValueBatch:
    """Join and sort: key ascending, time descending."""
    joined = KeyValueBatch.concat(parts)
    return joined.take(argsort_versions(joined))


def _newest(batch: KeyValueBatch, until: Timestamp) -> KeyValueBatch:
    """Keep the newest version not after `until` of each key, and drop it if it is a tombstone."""
    rows = np.flatnonzero(in_time(batch, until))
    if not len(rows):
        return KeyValueBatch.empty()
    in_time_batch = batch if len(rows) == len(batch) else batch.take(rows)
    seen = is_new_key(in_time_batch.keys) & ~in_time_batch.is_tombstone
    return in_time_batch if seen.all() else in_time_batch.take(np.flatnonzero(seen))


def in_time(batch: KeyValueBatch, until: Timestamp) -> NDArray[np.bool_]:
    """Return bool[n]: versions not after a time."""
    result: NDArray[np.bool_] = (batch.wall_ns < until.wall_ns) | (
        (batch.wall_ns == until.wall_ns) & (batch.logical <= until.logical)
    )
    return result


def _is_distinct(batch: KeyValueBatch, order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return bool[n]: whether a version, in order, differs from the one before it in its key or its time."""
    wall, logical = batch.wall_ns[order], batch.logical[order]
    result = np.ones(order.size, np.bool_)
    same = np.flatnonzero((wall[1:] == wall[:-1]) & (logical[1:] == logical[:-1])) + 1
    if same.size:
        result[same] = is_new_key(batch.keys.take(order))[same]
    return result
