"""Values with a header of their own, as 22.2 and later write some: the header is taken off on reading.

Layout: size of the header:4 BE, 65, header, then an ordinary value, or nothing: then it is a tombstone.
Source: reference/format/05 §5 (extended values).
    Unverified: no fixture.
"""

from __future__ import annotations

import numpy as np

from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import gather, load_be64
from ootheca.errors import CorruptionError

__all__ = ["strip_headers"]

_PREFIX_SIZE, _EXTENDED = 5, 0x65  # on disk


def strip_headers(batch: KeyValueBatch) -> KeyValueBatch:
    """Return the batch with ordinary values; the same batch if it has no others.

    Raises:
        CorruptionError: a header is longer than its value.
    """
    values = batch.values
    starts, sizes = values.starts, values.lengths
    if sizes.size == 0 or values.total_size == 0:
        return batch
    # A value of fewer bytes reads those of the next.
    marks = values.data[np.minimum(starts + (_PREFIX_SIZE - 1), values.data.size - 1)]
    rows = np.flatnonzero(marks == _EXTENDED)
    rows = rows[sizes[rows] >= _PREFIX_SIZE]
    if not rows.size:
        return batch
    head_sizes = (load_be64(values.data, starts[rows]) >> np.uint64(32)).astype(np.int64) + _PREFIX_SIZE
    if bool((head_sizes > sizes[rows]).any()):
        raise CorruptionError("a value that ends within its header")
    starts = starts.copy()
    starts[rows] += head_sizes
    sizes[rows] -= head_sizes
    return KeyValueBatch(batch.keys, batch.wall_ns, batch.logical, gather(values.data, starts, sizes))
