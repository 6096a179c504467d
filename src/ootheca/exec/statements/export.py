"""EXPORT INTO CSV or PARQUET: the rows of a query as files in any storage.

The rows pass through in pieces, so memory follows the piece. A file ends with `chunk_rows` rows or where it
reaches `chunk_size`. CSV has no header line; its values are CockroachDB's text, quoted as Go's `encoding/csv` quotes,
and IMPORT reads them back: `ARRAY['a':::STRING]`, `'ä' COLLATE de`. Parquet has CockroachDB's documented types: dates
and timestamps are strings, for they reach further than Parquet's.

Source: cockroachlabs.com/docs v20.2, v21.2, v22.1, "EXPORT" (options, result, file names, Parquet types).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from io import RawIOBase
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ootheca.datum import wire_array
from ootheca.errors import InvalidOptionError, OothecaError, StorageError, UnsupportedError
from ootheca.exec.dispatch import dispatch
from ootheca.exec.places import open_place, text_of
from ootheca.exec.result import Result, ResultColumn, integer, string
from ootheca.names import format_string
from ootheca.sql import ast
from ootheca.storage.base import Storage, StorageWriter
from ootheca.types import Family, SQLType

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_OPTIONS: Final = ("chunk_rows", "chunk_size", "compression", "delimiter", "filename", "nullas")
_CHUNK_ROWS: Final = 100_000
_CHUNK_SIZE: Final = 32 << 20
_PAGE_SIZE: Final = (
    4096  # the server's CSV writer hands its bytes on in pages, and only those count as written
)
_STEP_ROWS: Final = 16_384  # rows of CSV text held at once
_NODE_ID: Final = 1
_SIZE: Final = re.compile(r"([0-9.]+)\s*([kmgtpe]?)(i?)b?\Z", re.IGNORECASE)
_MAX_INT: Final = 2**63 - 1
_NULL_MET: Final = (
    "NULL value encountered during EXPORT, use `WITH nullas` to specify the string representation of NULL"
)


@dataclass(frozen=True, slots=True)
class _Options:
    """What WITH says.

    Attributes:
        codec: gzip or snappy; empty for none.
        null_text: stands for NULL in CSV; None where a NULL is refused.
    """

    chunk_rows: int = _CHUNK_ROWS
    chunk_size: int = _CHUNK_SIZE
    codec: str = ""
    delimiter: str = ","
    null_text: str | None = None


def run(statement: ast.Export, session: Session) -> Result:
    """Write the rows of a query to files; a row for each file with its name, its rows and its size.

    A query without rows writes no file. An export that fails removes the files it has written.

    Raises:
        OothecaError: inside BEGIN; an unknown format or option; what the query or the storage raises.
    """
    if session.is_in_explicit_transaction:
        raise OothecaError("EXPORT cannot be used inside a transaction")
    if statement.file_format not in ("CSV", "PARQUET"):
        raise OothecaError(f'unsupported export format: "{statement.file_format}"')
    storage = open_place(session, [statement.uri])
    options = _options(statement, session)
    stem = f"export{_export_id(session)}-n{_NODE_ID}"
    suffix = statement.file_format.lower() + {"": "", "gzip": ".gz", "snappy": ".snappy"}[options.codec]
    found = dispatch(statement.query, session)
    columns = found.columns
    if columns is None:
        raise OothecaError("statement source does not return any columns", sqlstate="42601")
    batches, version = iter(found.batches), session.profile.version
    if statement.file_format == "CSV":
        rows = _Rows(_csv_lines(batches, columns, options, version))
        files = _write_files(storage, stem, suffix, rows, options, lambda to: _CSVFile(to, options))
    else:
        rows = _Rows(_parquet_batches(batches, columns))
        files = _write_files(storage, stem, suffix, rows, options, lambda to: _ParquetFile(to, options))
    return Result.of_rows([string("filename"), integer("rows"), integer("bytes")], files, tag="EXPORT")


def _export_id(session: Session) -> str:
    """Return what CockroachDB's id of a query is: the time, a logical counter and the node, in hexadecimal."""
    now = session.clock.now()
    return f"{now.wall_ns:016x}{now.logical << 32 | _NODE_ID:016x}"


# Options


def _options(statement: ast.Export, session: Session) -> _Options:
    given: dict[str, str] = {}
    for option in statement.options:
        if option.key not in _OPTIONS:
            raise InvalidOptionError(f'invalid option "{option.key}"', sqlstate="XXUUU")
        if len(option.values) != 1:
            raise InvalidOptionError(f'option "{option.key}" requires a value', sqlstate="XXUUU")
        given[option.key] = text_of(option.values[0])
    if "filename" in given:
        raise UnsupportedError(
            "unimplemented: EXPORT … WITH filename: CockroachDB chooses the names of the files"
        )
    if statement.file_format == "PARQUET":
        for key in sorted(given.keys() & {"delimiter", "nullas"}):
            session.notice(f"option {key} has no effect on Parquet files")
    return _Options(
        chunk_rows=_chunk_rows(given["chunk_rows"]) if "chunk_rows" in given else _CHUNK_ROWS,
        chunk_size=_chunk_size(given["chunk_size"]) if "chunk_size" in given else _CHUNK_SIZE,
        codec=_codec(given.get("compression", ""), statement.file_format),
        delimiter=_delimiter(given.get("delimiter", "")),
        null_text=given.get("nullas"),
    )


def _chunk_rows(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise InvalidOptionError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    if abs(int(text)) > _MAX_INT:
        raise InvalidOptionError(f'strconv.Atoi: parsing "{text}": value out of range')
    if int(text) < 1:
        raise InvalidOptionError("invalid csv chunk rows")
    return int(text)


def _chunk_size(text: str) -> int:
    match = _SIZE.match(text.replace(",", "").strip().removeprefix("-"))
    try:
        number = float(match[1]) if match is not None else None
    except ValueError:
        number = None
    if match is None or number is None:
        raise InvalidOptionError(
            f'parsing "{text}": invalid syntax', hint="write a number and a unit, such as '10MB' or '10MiB'"
        )
    size = int(number * (1024 if match[3] else 1000) ** " kmgtpe".index(match[2].lower() or " "))
    if size < 1 or text.strip().startswith("-"):
        raise InvalidOptionError("invalid csv chunk size")
    return min(size, _MAX_INT)


def _codec(name: str, file_format: str) -> str:
    codec = name.lower()
    if codec in ("", "gzip") or (codec == "snappy" and file_format == "PARQUET"):
        return codec
    hint = "use gzip; snappy is for PARQUET" if codec == "snappy" else None
    raise InvalidOptionError(f"unsupported compression codec {name}", hint=hint)


def _delimiter(text: str) -> str:
    if len(text) > 1 or text in ('"', "\r", "\n"):
        raise InvalidOptionError("invalid delimiter")
    return text or ","


# Files


class _Rows:
    """Rows in pieces of any size, in order.

    Args:
        batches: CSV has one column, a line in each row.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._rest: pa.RecordBatch | None = None

    def peek(self) -> pa.RecordBatch | None:
        """Return rows that come next, at least one; None at the end."""
        while self._rest is None or not self._rest.num_rows:
            self._rest = next(self._batches, None)
            if self._rest is None:
                return None
        return self._rest

    def take(self, num_rows: int) -> pa.RecordBatch:
        """Return the first rows of what `peek` returned, and go on behind them."""
        assert self._rest is not None
        taken, self._rest = self._rest.slice(0, num_rows), self._rest.slice(num_rows)
        return taken


class _File(Protocol):
    """A file in the making; the end of its block writes what is held back."""

    @property
    def size(self) -> int:
        """Bytes that storage has been given."""

    @property
    def is_full(self) -> bool:
        """Whether `chunk_size` is reached."""

    def room(self, piece: pa.RecordBatch) -> int:
        """Return how many rows of a piece to write at once, at least one."""

    def write(self, piece: pa.RecordBatch) -> None:
        """Append rows."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None: ...


def _write_files(
    storage: Storage,
    stem: str,
    suffix: str,
    rows: _Rows,
    options: _Options,
    open_file: Callable[[StorageWriter], _File],
) -> list[tuple[str, int, int]]:
    """Write all rows; return (name, rows, bytes) of each file. An error removes them all."""
    files: list[tuple[str, int, int]] = []
    names: list[str] = []  # a file whose writing failed may be there all the same
    try:
        while rows.peek() is not None:
            name = f"{stem}.{len(files)}.{suffix}"
            names.append(name)
            with storage.writer(name) as target, open_file(target) as file:
                num_rows = _fill(file, rows, options.chunk_rows)
            files.append((name, num_rows, file.size))
    except BaseException as exc:
        left = _remove(storage, names)
        if left and isinstance(exc, OothecaError) and exc.detail is None:
            exc.detail = f"these files could not be removed: {', '.join(left)}"
        raise
    return files


def _fill(file: _File, rows: _Rows, chunk_rows: int) -> int:
    num_rows = 0
    while num_rows < chunk_rows and not file.is_full:
        piece = rows.peek()
        if piece is None:
            break
        taken = rows.take(min(chunk_rows - num_rows, file.room(piece)))
        file.write(taken)
        num_rows += taken.num_rows
    return num_rows


def _remove(storage: Storage, names: Sequence[str]) -> list[str]:
    """Remove files; return those that cannot be removed."""
    left = list(names)
    for name in names:
        with suppress(StorageError):
            storage.delete(name)
            left.remove(name)
    return left


# CSV


class _CSVFile(AbstractContextManager["_CSVFile"]):
    """Lines of text, perhaps compressed."""

    def __init__(self, target: StorageWriter, options: _Options) -> None:
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


def _csv_lines(
    batches: Iterator[pa.RecordBatch], columns: Sequence[ResultColumn], options: _Options, version: str
) -> Iterator[pa.RecordBatch]:
    """Yield lines of CSV, each with its newline, in one column."""
    quotable = re.escape(options.delimiter) if options.delimiter != " " else " "
    needs_quotes = rf'^\\\.$|["\r\n]|{quotable}|^[\t\v\f \x{{85}}\x{{a0}}\x{{1680}}\x{{2000}}-\x{{200a}}'
    needs_quotes += r"\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
    for batch in batches:
        for start in range(0, batch.num_rows, _STEP_ROWS):
            step = batch.slice(start, _STEP_ROWS)
            fields = [
                _csv_fields(_csv_texts(array, column.type, version), needs_quotes, options.null_text)
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


# Values


def _csv_texts(array: pa.Array, type_: SQLType, version: str) -> pa.StringArray:
    """Return the text that IMPORT reads back as the same value."""
    if type_.family is Family.COLLATED_STRING:
        texts = array.to_pylist()
        return pa.array([None if text is None else _literal(text, type_) for text in texts], pa.string())
    if type_.family is Family.ARRAY and pa.types.is_list(array.type):
        return _array_texts(array, type_, version)
    return _texts(array, type_, version)


def _texts(array: pa.Array, type_: SQLType, version: str) -> pa.StringArray:
    """Return what a value's text is by itself; the wire words some families differently."""
    match type_.family:
        case Family.STRING | Family.COLLATED_STRING:
            return array.cast(pa.string())
        case Family.TIMETZ:
            return pc.replace_substring_regex(array.cast(pa.string()), r"([+-]\d\d:\d\d)$", r"\1:00")
        case Family.BOOL if pa.types.is_boolean(array.type):
            return array.cast(pa.string())
        case Family.TIMESTAMPTZ:
            return pc.replace_substring(wire_array(array, type_), "+00:00:00", "+00:00")
        case Family.FLOAT:
            return pc.replace_substring_regex(wire_array(array, type_), r"^(-?\d{1,6})$", r"\1.0")
        case _:
            return wire_array(array, type_, version=version)


def _array_texts(array: pa.ListArray, type_: SQLType, version: str) -> pa.StringArray:
    assert type_.element is not None
    element = type_.element
    texts = _texts(array.flatten(), element, version).to_pylist()
    items = ["NULL" if text is None else _literal(text, element) for text in texts]
    found: list[str | None] = []
    start = 0
    for length in array.value_lengths().to_pylist():
        found.append(None if length is None else f"ARRAY[{','.join(items[start : start + length])}]")
        start += length or 0
    return pa.array(found, pa.string())


_LITERAL_TYPES: Final = {Family.INT: "INT8", Family.FLOAT: "FLOAT8", Family.JSON: "JSONB"}


def _literal(text: str, type_: SQLType) -> str:
    """Return a value as an expression that names its type, as stored expressions have it."""
    name = _LITERAL_TYPES.get(type_.family, type_.family.name)
    match type_.family:
        case Family.BOOL:
            return text
        case Family.BIT:
            return f"B'{text}'"
        case Family.COLLATED_STRING:
            return f"{format_string(text)} COLLATE {type_.locale}"
        case Family.ENUM:
            return f"{format_string(text)}:::{type_.name}"
        case Family.BYTES:
            return f"'{text}':::BYTES"
        case Family.INT | Family.FLOAT | Family.DECIMAL | Family.OID if text[-1].isdigit():
            return f"({text}):::{name}" if text.startswith("-") else f"{text}:::{name}"
        case _:
            return f"{format_string(text)}:::{name}"


# Parquet


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


class _ParquetFile(AbstractContextManager["_ParquetFile"]):
    """Row groups; the codec works inside the file, whatever its name ends with."""

    def __init__(self, target: StorageWriter, options: _Options) -> None:
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


def _parquet_batches(
    batches: Iterator[pa.RecordBatch], columns: Sequence[ResultColumn]
) -> Iterator[pa.RecordBatch]:
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
            return _texts(array, type_, "21.2")
        case Family.UNKNOWN:
            return array.cast(pa.string())
        case _:
            return array


_INTERVAL: Final = re.compile(
    r"(?:(-?\d+) years? ?)?(?:(-?\d+) mons? ?)?(?:(-?\d+) days? ?)?(?:([+-]?)(\d+):(\d\d):(\d\d(?:\.\d+)?))?"
)


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
