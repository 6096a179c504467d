"""CSV files: no header line, CockroachDB's text of the values, quoted as Go's `encoding/csv` quotes.

Source: cockroachlabs.com/docs v20.2, v21.2, v22.1, "EXPORT" (options).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ootheca.errors import OothecaError
from ootheca.exec.export.options import Options
from ootheca.exec.export.values import csv_texts
from ootheca.exec.result import ResultColumn
from ootheca.storage.base import StorageWriter

__all__ = ["CSVFile", "csv_lines"]

_PAGE_SIZE: Final = (
    4096  # the server's CSV writer hands its bytes on in pages, and only those count as written
)
_STEP_ROWS: Final = 16_384  # rows of CSV text held at once
_NULL_MET: Final = (
    "NULL value encountered during EXPORT, use `WITH nullas` to specify the string representation of NULL"
)


class CSVFile(AbstractContextManager["CSVFile"]):
    """Lines of text, perhaps compressed."""

    def __init__(self, target: StorageWriter, options: Options) -> None:
        self._target = target
        self._chunk_size = options.chunk_size
        self._compressor = zlib.compressobj(wbits=31) if options.codec else None
        self._text_size = 0
        self.size = 0

    @property
    def is_full(self) -> bool:
        """Whether what storage has been given reaches `chunk_size`; the server's last page is not given yet."""
        if self._compressor is not None:
            return self.size >= self._chunk_size
        return self._text_size > self._text_limit

    @property
    def _text_limit(self) -> int:
        return -(-self._chunk_size // _PAGE_SIZE) * _PAGE_SIZE

    def room(self, piece: pa.RecordBatch) -> int:
        """Return the lines up to and with the one that crosses the limit."""
        budget = self._chunk_size if self._compressor is not None else self._text_limit - self._text_size
        offsets, _ = _text_buffers(piece.column(0))
        fitting = int(np.searchsorted(offsets[1:] - offsets[0], budget, side="right"))
        return min(fitting + 1, len(offsets) - 1)

    def write(self, piece: pa.RecordBatch) -> None:
        """Append lines."""
        offsets, text = _text_buffers(piece.column(0))
        lines = text[offsets[0] : offsets[-1]]
        self._text_size += len(lines)
        self._give(lines if self._compressor is None else self._compressor.compress(lines))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._compressor is not None and kind is None:
            self._give(self._compressor.flush())

    def _give(self, data: bytes | memoryview) -> None:
        if data:
            self._target.write(data)
            self.size += len(data)


def _text_buffers(lines: pa.LargeStringArray) -> tuple[np.ndarray[Any, np.dtype[np.int64]], memoryview]:
    """Return the offsets of n lines, [n + 1], and the bytes they point into."""
    _, offsets, text = lines.buffers()
    numbers = np.frombuffer(offsets, np.int64, count=lines.offset + len(lines) + 1)[lines.offset :]
    return numbers, memoryview(text if text is not None else b"")


def csv_lines(
    batches: Iterator[pa.RecordBatch], columns: Sequence[ResultColumn], options: Options, version: str
) -> Iterator[pa.RecordBatch]:
    """Yield lines of CSV, each with its newline, in one column."""
    quotable = re.escape(options.delimiter) if options.delimiter != " " else " "
    needs_quotes = rf'^\\\.$|["\r\n]|{quotable}|^[\t\v\f \x{{85}}\x{{a0}}\x{{1680}}\x{{2000}}-\x{{200a}}'
    needs_quotes += r"\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
    for batch in batches:
        for start in range(0, batch.num_rows, _STEP_ROWS):
            step = batch.slice(start, _STEP_ROWS)
            fields = [
                _csv_fields(csv_texts(array, column.type, version), needs_quotes, options.null_text)
                for array, column in zip(step.columns, columns, strict=True)
            ]
            yield pa.record_batch([_joined(fields, options.delimiter, step.num_rows)], names=["line"])


def _joined(fields: list[pa.LargeStringArray], delimiter: str, num_rows: int) -> pa.LargeStringArray:
    newline = pa.scalar("\n", pa.large_string())
    if not fields:
        return pa.repeat(newline, num_rows)
    fields[-1] = pc.binary_join_element_wise(fields[-1], newline, pa.scalar("", pa.large_string()))
    return pc.binary_join_element_wise(*fields, pa.scalar(delimiter, pa.large_string()))


def _csv_fields(texts: pa.StringArray, needs_quotes: str, null_text: str | None) -> pa.LargeStringArray:
    """Quote the texts that would not be read back as they are, as Go's writer does."""
    fields = texts.cast(pa.large_string())
    if fields.null_count:
        if null_text is None:
            raise OothecaError(_NULL_MET)
        fields = fields.fill_null(null_text)
    is_quoted = pc.match_substring_regex(fields, needs_quotes)
    if not pc.any(is_quoted).as_py():
        return fields
    quote, nothing = pa.scalar('"', pa.large_string()), pa.scalar("", pa.large_string())
    doubled = pc.replace_substring(fields, '"', '""')
    return pc.if_else(is_quoted, pc.binary_join_element_wise(quote, doubled, quote, nothing), fields)
