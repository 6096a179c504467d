"""Inverted indexes: the keys under which an ARRAY or a JSON value is listed.

Layout: ARRAY: the key encoding of each distinct element; from index version 2 on also 00 for a NULL and 43 for
    an empty array. JSON: see `json`.
Source: reference 05 section 2; indexes indexed@inv and indexed@inva of fixtures/golden/20.2/a_full.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ootheca.codec import arrays, json
from ootheca.codec.datums import Blobs, Datums
from ootheca.codec.keycolumns import encode_column
from ootheca.codec.ragged import Ragged
from ootheca.errors import UnsupportedError
from ootheca.types import Family, SQLType

__all__ = ["encode_inverted"]

_NULL_ELEMENT, _EMPTY_ARRAY = b"\x00", b"\x43"


def encode_inverted(datums: Datums, t: SQLType, *, with_empty: bool) -> tuple[Ragged, NDArray[np.int64]]:
    """Return (keys, the value that each belongs to, ascending); equal keys of one value appear once.

    Args:
        with_empty: list NULL elements and empty arrays as well.

    Raises:
        UnsupportedError: the type has no inverted index here.
    """
    if t.family in (Family.GEOMETRY, Family.GEOGRAPHY):
        raise UnsupportedError(
            f"inverted indexes on type {t.name} cannot be written: they list the S2 cells that cover a shape",
            hint="drop the index before the backup, and create it again after the restore",
        )
    if not isinstance(datums, Blobs) or t.family not in (Family.ARRAY, Family.JSON):
        raise UnsupportedError(f"inverted indexes on type {t.name} are not supported")
    if t.family is Family.ARRAY:
        return _encode_array(datums.rows, t, with_empty=with_empty)
    keys: list[bytes] = []
    owners: list[int] = []
    for row, body in enumerate(datums.rows.to_list()):
        found = json.inverted_keys(json.decode_body(body))
        keys.extend(found)
        owners.extend([row] * len(found))
    return Ragged.from_list(keys), np.array(owners, np.int64)


def _encode_array(bodies: Ragged, t: SQLType, *, with_empty: bool) -> tuple[Ragged, NDArray[np.int64]]:
    assert t.element is not None
    elements = arrays.decode_bodies(bodies, t.element)
    encoded = encode_column(elements.datums, t.element, is_descending=False)
    owner = np.repeat(np.arange(len(bodies)), np.diff(elements.offsets))
    present = np.arange(elements.num_elements) if elements.present is None else elements.present
    keys, owners = [encoded], [owner[present]]
    if with_empty:
        nulls = np.setdiff1d(np.arange(elements.num_elements), present)
        empty = np.flatnonzero(np.diff(elements.offsets) == 0)
        keys += [
            Ragged.from_constant(_NULL_ELEMENT, nulls.size),
            Ragged.from_constant(_EMPTY_ARRAY, empty.size),
        ]
        owners += [owner[nulls], empty]
    return _distinct(Ragged.concat(keys), np.concatenate(owners))


def _distinct(keys: Ragged, owners: NDArray[np.int64]) -> tuple[Ragged, NDArray[np.int64]]:
    """Drop repeated (owner, key), and order by owner."""
    if len(keys) == 0:
        return keys, owners
    codes = keys.to_arrow().dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    _, first = np.unique(owners * (int(codes.max()) + 1) + codes, return_index=True)
    return keys.take(first), owners[first]
