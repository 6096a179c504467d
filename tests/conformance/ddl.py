"""ddl.json: how a server stores what DDL says, asked back through SHOW CREATE and SHOW COLUMNS."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from typing import Any

from ootheca.datum import wire_column
from ootheca.errors import OothecaError
from ootheca.exec.session import Session

__all__ = ["check_ddl"]

_SETUP = """
CREATE DATABASE x;
USE x;
SET experimental_enable_hash_sharded_indexes = on;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE SEQUENCE sq;
CREATE SCHEMA sc;
CREATE TABLE tp (a INT PRIMARY KEY, b INT UNIQUE);
CREATE TABLE va (id INT PRIMARY KEY, s STRING, n DECIMAL);
CREATE TABLE sc.vb (id INT PRIMARY KEY, va_id INT);
CREATE TABLE al (a INT PRIMARY KEY, b INT, c STRING, j JSONB);
"""
_CHECK_COLUMNS = (
    "id INT PRIMARY KEY, a INT, b INT, s STRING, d DECIMAL, f FLOAT, ts TIMESTAMPTZ, j JSONB, arr INT[], m mood,"
    " bo BOOL, u UUID, by BYTES"
)
_COMPUTED_COLUMNS = "id INT PRIMARY KEY, a INT, b INT, s STRING, d DECIMAL, ts TIMESTAMPTZ, j JSONB"

_Difference = tuple[str, tuple[str, ...]]


def check_ddl(content: dict[str, list[dict[str, Any]]], version: str) -> Iterator[_Difference]:
    """Yield each input with what differs."""
    with Session(None, sandbox=True, version=version) as session:
        _run(session, _SETUP)
        checks = {
            "defaults": _default, "checks": _check, "computed": _computed, "types": _type,
            "tables": _object, "views": _object, "sequences": _object, "alter": _object,
        }  # fmt: skip
        for kind, entries in content.items():
            for entry in entries:
                yield _compared(session, kind, checks[kind], entry)


def _compared(session: Session, kind: str, ask: Any, entry: dict[str, Any]) -> _Difference:
    asked = {key: value for key, value in entry.items() if key not in ("input", "type", "error", "sqlstate")}
    expected = asked if "error" not in entry else {"error": entry["error"], "sqlstate": entry["sqlstate"]}
    try:
        got = ask(session, entry)
    except OothecaError as exc:
        got = {"error": exc.message, "sqlstate": exc.sqlstate}
    except Exception:
        got = {"error": traceback.format_exc()}
    label = f"{kind}: {entry.get('type', '')} {entry['input']}"
    if got == expected:
        return label, ()
    return label, (f"stored:\n    expected {expected!r}\n    got      {got!r}",)


def _default(session: Session, entry: dict[str, Any]) -> dict[str, Any]:
    _fresh(session, f"CREATE TABLE t (id INT PRIMARY KEY, c {entry['type']} DEFAULT {entry['input']})")
    column = _column(session)
    return {"stored_type": column["data_type"], "stored": column["column_default"]}


def _type(session: Session, entry: dict[str, Any]) -> dict[str, Any]:
    _fresh(session, f"CREATE TABLE t (id INT PRIMARY KEY, c {entry['input']})")
    column = _column(session)
    return {
        "stored": column["data_type"],
        "default": column["column_default"],
        "nullable": column["is_nullable"] == "t",
    }


def _computed(session: Session, entry: dict[str, Any]) -> dict[str, Any]:
    _fresh(session, f"CREATE TABLE t ({_COMPUTED_COLUMNS}, c {entry['type']} AS ({entry['input']}) STORED)")
    return {"stored": _column(session)["generation_expression"]}


def _check(session: Session, entry: dict[str, Any]) -> dict[str, Any]:
    _fresh(session, f"CREATE TABLE t ({_CHECK_COLUMNS}, CHECK ({entry['input']}))")
    created = _show_create(session, "t")
    found = re.search(r"^\t(CONSTRAINT check_.*?),?$", created, re.MULTILINE)
    return {"stored": found[1] if found else created}


def _object(session: Session, entry: dict[str, Any]) -> dict[str, Any]:
    _run(session, entry["input"])
    named = re.match(
        r"CREATE (?:MATERIALIZED )?(?:TABLE|VIEW|SEQUENCE) public\.(\S+)", entry.get("stored", "")
    )
    return {"stored": _show_create(session, named[1]) if named else "done"}


def _fresh(session: Session, create: str) -> None:
    _run(session, "DROP TABLE IF EXISTS t")
    _run(session, create)


def _column(session: Session) -> dict[str, Any]:
    names, rows = _run(session, "SHOW COLUMNS FROM t")
    return next(
        column
        for column in (dict(zip(names, row, strict=True)) for row in rows)
        if column["column_name"] == "c"
    )


def _show_create(session: Session, name: str) -> str:
    names, rows = _run(session, f"SHOW CREATE {name}")
    return str(rows[0][names.index("create_statement")])


def _run(session: Session, sql: str) -> tuple[list[str], list[tuple[str | None, ...]]]:
    names: list[str] = []
    rows: list[tuple[str | None, ...]] = []
    for result in session.execute(sql):
        if result.columns is None:
            continue
        names = [column.name for column in result.columns]
        rows = [
            row
            for batch in result.batches
            for row in zip(
                *(wire_column(a, c.type) for a, c in zip(batch.columns, result.columns, strict=True)),
                strict=True,
            )
        ]
    return names, rows
