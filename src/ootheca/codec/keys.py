"""Table keys: what stands before and after the columns.

Layout: [fe uvarint(tenant id)] uvarint(table id) uvarint(index id) column*
    (fe uvarint(table id) uvarint(index id) column*)* for interleaved tables, family suffix.
    Suffix: 88 for family 0, else uvarint(family id) and the uvarint of that encoding's length.
Source: reference 05 section 1; every key of fixtures/golden/20.2/a_full; tenants: set o_tenant.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ootheca.codec.ordered import decode_uvarint, first_bytes
from ootheca.codec.pretty import pretty_key
from ootheca.codec.ragged import Ragged, gather
from ootheca.codec.uvarint import encode_ordered_uvarint
from ootheca.errors import CorruptionError

__all__ = [
    "INTERLEAVE_SENTINEL",
    "decode_prefixes",
    "family_suffix",
    "prefix",
    "pretty_key",
    "row_starts",
    "split_families",
    "tenant_prefix",
]

INTERLEAVE_SENTINEL = 0xFE
_TENANT = 0xFE
_FAMILY_ZERO = 0x88
_MAX_SUFFIX = 9


def prefix(table_id: int, index_id: int) -> bytes:
    """Return the first bytes of every key of an index, for the system tenant."""
    return encode_ordered_uvarint(table_id) + encode_ordered_uvarint(index_id)


def tenant_prefix(tenant_id: int) -> bytes:
    """Return the first bytes of every key of a tenant, which precede the table's id."""
    return bytes([_TENANT]) + encode_ordered_uvarint(tenant_id)


def family_suffix(family_id: int) -> bytes:
    """Return the last bytes of every key of a column family."""
    if family_id == 0:
        return bytes([_FAMILY_ZERO])
    encoded = encode_ordered_uvarint(family_id)
    return encoded + encode_ordered_uvarint(len(encoded))


def decode_prefixes(keys: Ragged) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Read table and index of n keys.

    Returns:
        int64[n] table ids, index ids, and the number of bytes before the first column, a tenant's prefix included.

    Raises:
        CorruptionError: a key is of no table, or too short.
    """
    if len(keys) == 0:
        nothing = np.empty(0, np.int64)
        return nothing, nothing, nothing
    ends = keys.offsets[1:]
    if bool((keys.lengths == 0).any()):
        raise CorruptionError("an empty key")
    at = keys.starts.copy()
    tenants = np.flatnonzero(first_bytes(keys.data, at) == _TENANT)
    if tenants.size:
        _, at[tenants] = decode_uvarint(keys.data, at[tenants] + 1)
    table_ids, at = decode_uvarint(keys.data, at)
    index_ids, at = decode_uvarint(keys.data, at)
    if bool((at > ends).any()):
        raise CorruptionError("a key that ends within its prefix")
    return table_ids, index_ids, at - keys.starts


def split_families(keys: Ragged) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Read the family suffixes of n keys.

    Returns:
        int64[n] family ids, int64[n] positions in `keys.data` where the suffixes begin.

    Raises:
        CorruptionError: a key ends in no suffix.
    """
    ends = keys.offsets[1:]
    if bool((keys.lengths == 0).any()):
        raise CorruptionError("an empty key")
    sizes = first_bytes(keys.data, ends - 1).astype(np.int64) - _FAMILY_ZERO
    families = np.zeros(sizes.size, np.int64)
    at = ends - 1 - sizes
    if bool(((sizes < 0) | (sizes > _MAX_SUFFIX) | (at < keys.starts)).any()):
        raise CorruptionError("a key without column family")
    rows = np.flatnonzero(sizes)
    if rows.size:
        families[rows], after = decode_uvarint(keys.data, at[rows])
        if bool((after != ends[rows] - 1).any()):
            raise CorruptionError("a key without column family")
    return families, at


def row_starts(keys: Ragged, families: NDArray[np.int64], suffixes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return bool[n]: keys that begin another row than the key before them, in keys that ascend.

    Args:
        families, suffixes: as `split_families` returns them.
    """
    result = np.ones(len(keys), np.bool_)
    lengths = suffixes - keys.starts
    candidates = np.flatnonzero((families[1:] > families[:-1]) & (lengths[1:] == lengths[:-1])) + 1
    if candidates.size == 0:
        return result
    here = gather(keys.data, keys.starts[candidates], lengths[candidates])
    before = gather(keys.data, keys.starts[candidates - 1], lengths[candidates])
    different = np.concatenate([[0], np.cumsum(here.data != before.data)])
    result[candidates] = different[here.offsets[1:]] != different[here.offsets[:-1]]
    return result
