"""EXPORT INTO CSV or PARQUET: the rows of a query as files in any storage.

Source: cockroachlabs.com/docs v20.2, v21.2, v22.1, "EXPORT" (result, file names).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ootheca.errors import OothecaError
from ootheca.exec.dispatch import dispatch
from ootheca.exec.export.csv import CSVFile, csv_lines
from ootheca.exec.export.files import Rows, write_files
from ootheca.exec.export.options import parse_options
from ootheca.exec.export.parquet import ParquetFile, parquet_batches
from ootheca.exec.features import require_feature
from ootheca.exec.places import open_place
from ootheca.exec.result import Result, integer, string
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]

_NODE_ID: Final = 1


def run(statement: ast.Export, session: Session) -> Result:
    """Write the rows of a query to files; a row for each file with its name, its rows and its size.

    A query without rows writes no file. An export that fails removes the files it has written.

    Raises:
        OothecaError: inside BEGIN; an unknown format or option; what the query or the storage raises.
    """
    require_feature(session, "EXPORT")
    if session.is_in_explicit_transaction:
        raise OothecaError("EXPORT cannot be used inside a transaction")
    if statement.file_format not in ("CSV", "PARQUET"):
        raise OothecaError(f'unsupported export format: "{statement.file_format}"')
    storage = open_place(session, [statement.uri])
    options = parse_options(statement, session)
    stem = f"export{_export_id(session)}-n{_NODE_ID}"
    suffix = statement.file_format.lower() + {"": "", "gzip": ".gz", "snappy": ".snappy"}[options.codec]
    found = dispatch(statement.query, session)
    columns = found.columns
    if columns is None:
        raise OothecaError("statement source does not return any columns", sqlstate="42601")
    batches, version = iter(found.batches), session.profile.version
    if statement.file_format == "CSV":
        rows = Rows(csv_lines(batches, columns, options, version))
        files = write_files(storage, stem, suffix, rows, options, lambda to: CSVFile(to, options))
    else:
        rows = Rows(parquet_batches(batches, columns))
        files = write_files(storage, stem, suffix, rows, options, lambda to: ParquetFile(to, options))
    return Result.of_rows([string("filename"), integer("rows"), integer("bytes")], files, tag="EXPORT")


def _export_id(session: Session) -> str:
    """Return what CockroachDB's id of a query is: the time, a logical counter and the node, in hexadecimal."""
    now = session.clock.now()
    return f"{now.wall_ns:016x}{now.logical << 32 | _NODE_ID:016x}"
