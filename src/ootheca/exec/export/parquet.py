"""Parquet files with CockroachDB's documented types.

Dates and timestamps are strings, for they reach further than Parquet's.

Source: cockroachlabs.com/docs v20.2, v21.2, v22.1, "EXPORT" (Parquet types).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from io import RawIOBase
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ootheca.datum import wire_array
from ootheca.exec.export.options import Options
from ootheca.exec.export.values import value_texts
from ootheca.exec.result import ResultColumn
from ootheca.storage.base import StorageWriter
from ootheca.types import Family, SQLType

__all__ = ["ParquetFile", "parquet_batches"]

_INTERVAL: Final = re.compile(
    r"(?:(-?\d+) years? ?)?(?:(-?\d+) mons? ?)?(?:(-?\d+) days? ?)?(?:([+-]?)(\d+):(\d\d):(\d\d(?:\.\d+)?))?"
)


class _Counter(RawIOBase):
    """Hands bytes on to storage, and counts them."""

    def __init__(self, target: StorageWriter) -> None:
        super().__init__()
        self._target = target
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._target.write(data)
        self.size += len(data)
        return len(data)


class ParquetFile(AbstractContextManager["ParquetFile"]):
    """Row groups; the codec works inside the file, whatever its name ends with."""

    def __init__(self, target: StorageWriter, options: Options) -> None:
        self._sink = _Counter(target)
        self._codec = options.codec or "none"
        self._chunk_size = options.chunk_size
        self._stack = ExitStack()
        self._writer: pq.ParquetWriter | None = None

    @property
    def size(self) -> int:
        """Bytes that storage has been given."""
        return self._sink.size

    @property
    def is_full(self) -> bool:
        """Whether the row groups so far reach `chunk_size`."""
        return self.size >= self._chunk_size

    def room(self, piece: pa.RecordBatch) -> int:
        """Return the rows of a row group: `chunk_size` in memory, for their size in the file shows too late."""
        num_rows = int(piece.num_rows)
        return max(1, min(num_rows, num_rows * self._chunk_size // max(int(piece.nbytes), 1)))

    def write(self, piece: pa.RecordBatch) -> None:
        """Append one row group."""
        if self._writer is None:
            sink = pa.PythonFile(self._sink, mode="w")
            self._writer = self._stack.enter_context(
                pq.ParquetWriter(sink, piece.schema, compression=self._codec)
            )
        self._writer.write_batch(piece)

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def parquet_batches(
    batches: Iterator[pa.RecordBatch], columns: Sequence[ResultColumn]
) -> Iterator[pa.RecordBatch]:
    """Yield the batches with each column in the Arrow type that becomes its documented Parquet type."""
    names = [column.name for column in columns]
    for batch in batches:
        arrays = [
            _parquet_array(array, column.type) for array, column in zip(batch.columns, columns, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(arrays, names=names)


def _parquet_array(array: pa.Array, type_: SQLType) -> pa.Array:
    """Return a column in the Arrow type that becomes its documented Parquet type."""
    if pa.types.is_list(array.type):
        assert type_.element is not None
        lengths = array.value_lengths().fill_null(0).to_numpy()
        offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
        elements = _parquet_array(array.flatten(), type_.element)
        return pa.ListArray.from_arrays(offsets, elements, mask=array.is_null())
    match type_.family:
        case Family.INT if type_.width in (16, 32):
            return array.cast(pa.int32())
        case Family.FLOAT if type_.oid == 700:
            return array.cast(pa.float32())
        case Family.BIT:
            return array.cast(pa.binary())
        case Family.JSON:
            return pa.json_(pa.string()).wrap_array(array.cast(pa.string()))
        case Family.INTERVAL:
            texts = wire_array(array, type_).to_pylist()
            return pa.array([None if text is None else _iso_interval(text) for text in texts], pa.string())
        case Family.DATE | Family.TIMESTAMP | Family.TIMESTAMPTZ | Family.TIMETZ:
            return value_texts(array, type_, "21.2")
        case Family.UNKNOWN:
            return array.cast(pa.string())
        case _:
            return array


def _iso_interval(text: str) -> str:
    """Return `P1Y2M3DT4H5M6.789S` for `1 year 2 mons 3 days 04:05:06.789`; every part has its own sign."""
    match = _INTERVAL.fullmatch(text)
    assert match is not None
    years, months, days, sign, hours, minutes, seconds = match.groups()
    calendar = "".join(
        f"{int(count)}{unit}" for count, unit in ((years, "Y"), (months, "M"), (days, "D")) if count
    )
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    clock = "".join(
        f"{sign.strip('+')}{_plain(count)}{unit}" for count, unit in parts if count and float(count)
    )
    return f"P{calendar}T{clock}" if clock else f"P{calendar}" if calendar else "PT0S"


def _plain(digits: str) -> str:
    """Return digits without leading zeros: `06.5` → `6.5`."""
    whole, point, fraction = digits.partition(".")
    return f"{int(whole)}{point}{fraction}"
