"""What a tenant of a backup holds: a backup has no descriptors of it, only its keys, and its own `system.descriptor`.

Layout: every key of a tenant is `fe`, the tenant's id, and then a key as the system tenant has them. The descriptors of
a tenant's objects are the values of its table 3, as protobuf bytes in the second column's family.

Source: reference/format/07 §6; fixtures/golden/*/o_tenant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ootheca.backup.chain import Chain
from ootheca.backup.read import ChainReader
from ootheca.backup.verify_files import first_bad_checksum
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.upgrade import upgrade
from ootheca.clock import Timestamp
from ootheca.codec.descriptors import decode_descriptor
from ootheca.codec.keys import prefix, tenant_prefix
from ootheca.codec.manifest import tenant_ids
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.pretty import pretty_key
from ootheca.codec.ragged import Ragged, gather
from ootheca.codec.sst.rangekeys import RangeTombstone
from ootheca.codec.values import ValueKind
from ootheca.errors import ChecksumMismatchError, OothecaError

__all__ = ["TenantReader", "check_tenant", "tenant_catalog"]

_DESCRIPTOR_TABLE, _PRIMARY = 3, 1
_KIND, _CONTENT = 4, 5  # of a value: where its kind stands, and where its bytes begin


class TenantReader(ChainReader):
    """Reads what one tenant of a chain holds: spans and keys are without the tenant's prefix."""

    def __init__(self, chain: Chain, tenant_id: int, until: Timestamp | None = None) -> None:
        super().__init__(chain, until)
        self._prefix = tenant_prefix(tenant_id)

    def _streams(self, start: bytes, end: bytes) -> list[tuple[int, Iterator[KeyValueBatch]]]:
        streams = super()._streams(self._prefix + start, self._prefix + end)
        return [(number, self._without_prefix(stream)) for number, stream in streams]

    def _without_prefix(self, batches: Iterator[KeyValueBatch]) -> Iterator[KeyValueBatch]:
        """Check the values' checksums, which go over whole keys, and take both away."""
        for batch in batches:
            wrong = first_bad_checksum(batch)
            if wrong is not None:
                key = batch.keys.row(wrong)
                raise ChecksumMismatchError(
                    f"the checksum of the value of key {pretty_key(key)} does not fit"
                )
            starts = batch.keys.starts + len(self._prefix)
            keys = gather(batch.keys.data, starts, batch.keys.offsets[1:] - starts)
            yield replace(batch, keys=keys, values=_without_checksums(batch.values))

    def _range_deletions(self, start: bytes, end: bytes) -> list[tuple[int, RangeTombstone]]:
        size = len(self._prefix)
        return [
            (number, replace(each, start=each.start[size:], end=each.end[size:]))
            for number, each in super()._range_deletions(self._prefix + start, self._prefix + end)
        ]


def _without_checksums(values: Ragged) -> Ragged:
    """Return values of which no checksum is checked: theirs are 0."""
    data = values.data.copy()
    starts = values.starts[values.offsets[1:] > values.starts]
    data[starts[:, None] + np.arange(_KIND)] = 0
    return Ragged(data, values.offsets)


def check_tenant(chain: Chain, tenant_id: int) -> None:
    """Check that a backup holds a tenant.

    Raises:
        OothecaError: `tenant … not in backup`.
    """
    present = tenant_ids(chain.last.manifest)
    if tenant_id not in present:
        names = ", ".join(map(str, present))
        raise OothecaError(
            f"tenant {tenant_id} not in backup",
            hint=f"it holds {names}" if present else "it holds no tenants",
        )


def tenant_catalog(reader: TenantReader) -> Catalog:
    """Return the objects of a tenant, as its statements saw them at the reader's time.

    Raises: as for reading; CorruptionError if what stands in its `system.descriptor` is no descriptor.
    """
    location = f"system.descriptor in {reader.chain.full.folder.storage.uri.bare()}"
    start, end = prefix(_DESCRIPTOR_TABLE, _PRIMARY), prefix(_DESCRIPTOR_TABLE, _PRIMARY + 1)
    stored = [batch.values.row(i) for batch in reader.visible(start, end) for i in range(len(batch))]
    found = [
        decode_descriptor(value[_CONTENT:], location=location)
        for value in stored
        if len(value) > _CONTENT and value[_KIND] == ValueKind.BYTES
    ]
    return Catalog(upgrade(found))
