"""What the other layers need of the versions of keys, and what the store needs of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from ootheca.catalog.table import Table
from ootheca.clock import Timestamp

__all__ = ["VERSION_SCHEMA", "ChangeEncoder", "RowSource", "VersionStore"]

VERSION_SCHEMA = pa.schema(
    [
        pa.field("key", pa.large_binary()),
        pa.field("wall", pa.int64()),
        pa.field("logical", pa.int32()),
        pa.field("value", pa.large_binary()),
    ]
)


class RowSource(Protocol):
    """Some rows of a table, few enough to be held, in an order of their own."""

    @property
    def table(self) -> Table:
        """How the table looks that the rows are of."""

    def read(self, column_ids: Sequence[int], where: str | None = None) -> pa.RecordBatch:
        """Return columns, virtual ones too, of all rows or of those that satisfy a predicate (CockroachDB's text)."""


class ChangeEncoder(Protocol):
    """Tells what the change of some rows does to the keys and values that stand for them."""

    def __call__(
        self,
        before: RowSource | None,
        after: RowSource | None,
        written: frozenset[int] | None,
    ) -> pa.RecordBatch:
        """Return (key, value, before: large_binary): an empty value deletes, an empty `before` was not there.

        Args:
            before: the rows that are replaced or deleted; None: there are none.
            after: those that take their place or are new.
            written: ids of the columns that an update names; None: all.
        """


class VersionStore(Protocol):
    """Keeps the versions of keys and of descriptors. Writes have the running transaction's time.

    A key that was never touched since its index got its first rows has no entry: it is encoded from the row when it is
    asked for, as of the time of those rows, the index's base.

    Attributes:
        encode: turns changed rows into changed keys; None while no versions are kept.
    """

    encode: ChangeEncoder | None

    def base(self, table_id: int, index_id: int) -> Timestamp | None:
        """Return when an index got its first rows; None: it has had none."""

    def put_bases(self, table_id: int, index_ids: Sequence[int]) -> None:
        """Say that indexes get their first rows now."""

    def drop_base(self, table_id: int, index_id: int) -> None:
        """Say that an index has no rows any longer; what it held is among the versions."""

    def append(self, changes: pa.RecordBatch, time: Timestamp | None = None) -> None:
        """Keep changed keys (key, value, before: large_binary), of the running transaction unless a time is given."""

    def next_step(self) -> None:
        """Say that what follows comes after what was noted until now."""

    def read(
        self, start: bytes, end: bytes, base: Timestamp, period: tuple[Timestamp, Timestamp] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Stream the versions of keys in `[start, end)` in `VERSION_SCHEMA`, keys ascending, the newest first.

        Args:
            base: the time of what stood under a key before its first version.
            period: only versions after its first time and not after its second one.
        """

    def has_any(self, start: bytes, end: bytes, after: Timestamp) -> bool:
        """Tell whether a key in `[start, end)` was written after a time."""

    def append_revisions(self, revisions: Mapping[int, bytes | None], time: Timestamp) -> None:
        """Keep what descriptors were written; None: one is gone."""

    def revisions(self) -> list[tuple[Timestamp, int, bytes | None]]:
        """Return (time, id, descriptor) of every revision of a descriptor that is kept, the oldest first."""

    def oldest(self) -> Timestamp | None:
        """Return the time of the oldest version that is kept."""

    def forget(self, start: bytes, end: bytes, until: Timestamp) -> int:
        """Drop versions in `[start, end)` that no reader of a time from `until` on sees; return how many."""

    def forget_revisions(self, until: Timestamp) -> None:
        """Drop the revisions of descriptors that no reader of a time from `until` on sees."""
