"""The options of EXPORT: read and checked; what is wrong is refused in CockroachDB's words.

Source: cockroachlabs.com/docs v20.2, v21.2, v22.1, "EXPORT" (options).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ootheca.errors import InvalidOptionError, UnsupportedError
from ootheca.exec.places import text_of
from ootheca.exec.quantities import parse_int, parse_size
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["Options", "parse_options"]

_OPTIONS: Final = ("chunk_rows", "chunk_size", "compression", "delimiter", "filename", "nullas")
_CHUNK_ROWS: Final = 100_000
_CHUNK_SIZE: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class Options:
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


def parse_options(statement: ast.Export, session: Session) -> Options:
    """Return what WITH says; options for CSV draw a notice with Parquet.

    Raises:
        InvalidOptionError: an unknown option, one without its value, or a value that it cannot have.
        UnsupportedError: `filename`.
    """
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
    return Options(
        chunk_rows=_chunk_rows(given["chunk_rows"]) if "chunk_rows" in given else _CHUNK_ROWS,
        chunk_size=_chunk_size(given["chunk_size"]) if "chunk_size" in given else _CHUNK_SIZE,
        codec=_codec(given.get("compression", ""), statement.file_format),
        delimiter=_delimiter(given.get("delimiter", "")),
        null_text=given.get("nullas"),
    )


def _chunk_rows(text: str) -> int:
    try:
        number = parse_int(text)
    except InvalidOptionError as exc:
        raise InvalidOptionError(f'strconv.Atoi: parsing "{text}": value out of range') from exc
    if number is None:
        raise InvalidOptionError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    if number < 1:
        raise InvalidOptionError("invalid csv chunk rows")
    return number


def _chunk_size(text: str) -> int:
    size = parse_size(text.strip().removeprefix("-"))
    if size < 1 or text.strip().startswith("-"):
        raise InvalidOptionError("invalid csv chunk size")
    return size


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
