"""Keys without their prefix: what 23.2 and later leave out of data files, and put back from each file's span.

All files that share an SST share the prefix too. A tenant's prefix is fe and its id; the other kind leaves out the
table's id besides.

Source: reference/format/03 §2 (field 28), 07 §4.
Unverified: no fixture.
"""

from __future__ import annotations

import numpy as np

from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ordered import decode_uvarint
from ootheca.codec.ragged import concat_rows
from ootheca.errors import CorruptionError, UnsupportedError

__all__ = ["complete_keys", "elided_prefix", "relative_span"]

_NOTHING, _TENANT, _TENANT_AND_TABLE = 0, 1, 2  # on disk
_TENANT_BYTE = 0xFE
_AFTER_ALL_KEYS = b"\xff\xff"


def elided_prefix(key: bytes, mode: int) -> bytes:
    """Return the first bytes of a span's start key that the keys of its file lack.

    Args:
        mode: the manifest's `elided_prefix`.

    Raises:
        CorruptionError: the key is no table key. UnsupportedError: an unknown mode.
    """
    if mode == _NOTHING:
        return b""
    if mode not in (_TENANT, _TENANT_AND_TABLE):
        raise UnsupportedError(f"files whose keys lack a prefix of kind {mode} cannot be read yet")
    size = _after_integer(key, 1) if key[:1] == bytes([_TENANT_BYTE]) else 0
    if mode == _TENANT_AND_TABLE:
        size = _after_integer(key, size)
    return key[:size]


def _after_integer(key: bytes, position: int) -> int:
    invalid = CorruptionError(f"invalid key of a file's span: {key.hex()}")
    try:
        _, after = decode_uvarint(np.frombuffer(key, np.uint8), np.array([position], np.int64))
    except CorruptionError as exc:
        raise invalid from exc
    if int(after[0]) > len(key):
        raise invalid
    return int(after[0])


def relative_span(start: bytes, end: bytes, prefix: bytes) -> tuple[bytes, bytes] | None:
    """Return `[start, end)` as keys without the prefix; None if no key with the prefix lies in it.

    Args:
        start, end: not before the prefix.
    """
    if not prefix:
        return start, end
    if not start.startswith(prefix):
        return None
    return start[len(prefix) :], end[len(prefix) :] if end.startswith(prefix) else _AFTER_ALL_KEYS


def complete_keys(batch: KeyValueBatch, prefix: bytes) -> KeyValueBatch:
    """Return the batch with complete keys, over which the checksums of its values go."""
    if not prefix or not len(batch):
        return batch
    return KeyValueBatch(concat_rows([prefix, batch.keys]), batch.wall_ns, batch.logical, batch.values)
