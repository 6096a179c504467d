"""One check for each kind of evidence: statements in, differences out.

A check takes the recorded content and yields one `Outcome` for each recorded answer.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ootheca.datum import wire_column
from ootheca.errors import OothecaError
from ootheca.exec.session import Session
from ootheca.sql.format import format_statement
from ootheca.sql.parser import parse
from ootheca.types import Family
from tests.conformance.matching import Matcher

__all__ = ["Outcome", "check_file", "deviations", "recorded", "recorded_or_ours"]

_HERE = Path(__file__).parent
_LARGE_ID = 110


@dataclass(frozen=True)
class Outcome:
    """How one recorded answer compares; `differences` is empty when it is the same."""

    statement: str
    differences: tuple[str, ...] = ()


@dataclass
class _Comparison:
    """Collects what differs."""

    matcher: Matcher = field(default_factory=Matcher)
    differences: list[str] = field(default_factory=list)

    def text(self, what: str, expected: str | None, got: str | None) -> None:
        if not self.matcher.is_text(expected, got):
            self.differences.append(f"{what}:\n    expected {expected!r}\n    got      {got!r}")

    def equal(self, what: str, expected: object, got: object) -> None:
        if expected != got:
            self.differences.append(f"{what}:\n    expected {expected!r}\n    got      {got!r}")

    def outcome(self, statement: str) -> Outcome:
        differences, self.differences = tuple(self.differences), []
        return Outcome(statement, differences)


def deviations() -> list[dict[str, Any]]:
    """Return the decisions in which ootheca differs from the evidence on purpose."""
    listed: list[dict[str, Any]] = json.loads((_HERE / "deviations.json").read_text())
    return listed


def recorded(path: Path) -> Any:
    """Return the content of a file of evidence: a list of answers, or a dictionary of them."""
    text = path.read_text()
    return [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else json.loads(text)


def recorded_or_ours(path: Path, version: str) -> list[dict[str, Any]]:
    """Return a file's answers, those that we decided against replaced by ours."""
    return _with_deviations(recorded(path), path, version)


def check_file(path: Path, version: str, external_io_dir: Path | None = None) -> Iterator[Outcome]:
    """Check one file of evidence; its content says of which kind it is."""
    content = recorded(path)
    if isinstance(content, dict):
        from tests.conformance.ddl import check_ddl

        return (Outcome(*pair) for pair in check_ddl(content, version))
    content = _with_deviations(content, path, version)
    if path.suffix == ".jsonl":
        return _parses(content, version)
    if content and "args" in content[0]:
        return _shell(content, version)
    return _scenario(content, version, external_io_dir)


def _with_deviations(content: list[dict[str, Any]], path: Path, version: str) -> list[dict[str, Any]]:
    """Replace the answers that we decided against by ours."""
    ours = [
        item["instead"] | {"where": item["statement"]}
        for item in deviations()
        if path.match(item["file"]) and version in item["versions"]
    ]
    changed = []
    for entry in content:
        name = entry.get("name", entry.get("sql", ""))
        found = next((item for item in ours if fnmatchcase(name, item["where"])), {})
        changed.append(entry | found)
    return changed


# parse.jsonl


def _parses(entries: list[dict[str, Any]], version: str) -> Iterator[Outcome]:
    for entry in entries:
        compared = _Comparison()
        try:
            got = [format_statement(statement, version=version) for statement in parse(entry["sql"])]
        except OothecaError as exc:
            if entry["ok"]:
                compared.equal("answer", entry["canonical"], f"ERROR: {exc.message}")
            else:
                _compare_error(compared, entry, exc, is_exact=True)
        except Exception:
            compared.differences.append(traceback.format_exc())
        else:
            compared.equal("canonical", entry.get("canonical", f"ERROR: {entry.get('error')}"), got)
        yield compared.outcome(entry["sql"])


def _compare_error(
    compared: _Comparison, entry: dict[str, Any], error: OothecaError, *, is_exact: bool = False
) -> None:
    """Compare an error. A detail or hint that the server did not give is an addition, unless `is_exact`."""
    compared.text("error", entry["error"], error.message)
    compared.equal("sqlstate", entry.get("sqlstate"), error.sqlstate)
    for name in ("detail", "hint"):
        expected = entry.get(name) or None
        if expected is not None or is_exact:
            compared.text(name, expected, getattr(error, name))


# scenarios


def _scenario(steps: list[dict[str, Any]], version: str, external_io_dir: Path | None) -> Iterator[Outcome]:
    """Run a scenario; again with larger ids where that comes closer.

    A table's id is part of its keys, and so of the column `bytes`; the recorded sessions began at whatever id their
    server had come to. From 110 on an id takes one byte more.
    """
    first = _scenario_from(0, steps, version, external_io_dir)
    if all(not outcome.differences for outcome in first) or external_io_dir is not None:
        return iter(first)
    second = _scenario_from(_LARGE_ID, steps, version, None)
    return iter(
        min(first, second, key=lambda outcomes: sum(bool(outcome.differences) for outcome in outcomes))
    )


def _scenario_from(
    first_id: int, steps: list[dict[str, Any]], version: str, external_io_dir: Path | None
) -> list[Outcome]:
    compared = _Comparison()
    outcomes = []
    with Session(None, sandbox=True, version=version, external_io_dir=external_io_dir) as session:
        while session.catalog.next_id < first_id:
            _run(session, "CREATE DATABASE passing; DROP DATABASE passing")
        for step in steps:
            _check_step(session, step, version, compared)
            outcomes.append(compared.outcome(step["sql"]))
    return outcomes


def _run(session: Session, sql: str) -> None:
    for result in session.execute(sql):
        for _ in result.batches:
            pass


def _check_step(session: Session, step: dict[str, Any], version: str, compared: _Comparison) -> None:
    try:
        results = [_answer(result, version) for result in session.execute(step["sql"])]
    except OothecaError as exc:
        if "error" not in step:
            answer = step.get("rows", step.get("tag"))
            compared.equal("answer", answer, f"ERROR: {exc.message} ({exc.sqlstate})")
        elif not step.get("any"):
            _compare_error(compared, step, exc)
        return
    except Exception:
        compared.differences.append(traceback.format_exc())
        return
    got = results[-1]
    if "error" in step:
        compared.equal("answer", f"ERROR: {step['error']}", got["rows"] if got["columns"] else got["tag"])
        return
    if step.get("any"):
        return
    compared.equal("columns", step.get("columns") or None, got["columns"])
    compared.equal("types", step.get("types") or None, got["types"])
    is_ordered = bool(re.search(r"\border\s+by\b", step["sql"], re.IGNORECASE)) and not step.get("unordered")
    expected = step.get("rows") or []
    if not compared.matcher.is_rows(expected, got["rows"], is_ordered=is_ordered):
        compared.differences.append(_rows_difference(compared.matcher, expected, got["rows"]))
    compared.equal("tag", step.get("tag"), got["tag"])


def _answer(result: Any, version: str) -> dict[str, Any]:
    """Read a result to its end, as texts on the wire."""
    rows: list[tuple[str | None, ...]] = []
    for batch in result.batches:
        texts = [
            _as_recorded(column, wire_column(array, column.type, version=version))
            for array, column in zip(batch.columns, result.columns, strict=True)
        ]
        rows.extend(zip(*texts, strict=True))
    return {
        "columns": None if result.columns is None else [column.name for column in result.columns],
        "types": None if result.columns is None else [column.type.oid for column in result.columns],
        "rows": rows,
        "tag": result.complete_tag(len(rows)),
    }


def _as_recorded(column: Any, texts: list[str | None]) -> list[str | None]:
    """Floats were recorded while extra_float_digits was 0: in 15 digits, with exponents from 1e+15 on alone."""
    if column.type.family is not Family.FLOAT:
        return texts
    return [f"{float(text):.15g}" if text is not None and "e+" in text else text for text in texts]


def _rows_difference(matcher: Matcher, expected: list[Any], got: list[Any]) -> str:
    missing = [row for row in expected if not any(matcher.is_row(row, other) for other in got)]
    extra = [list(row) for row in got if not any(matcher.is_row(other, row) for other in expected)]
    if not missing and not extra:
        return f"rows: {len(expected)} expected, {len(got)} got, or their order"
    return "rows:\n" + "\n".join(
        [f"    expected {row!r}" for row in missing] + [f"    got      {row!r}" for row in extra]
    )


# shell.json


def _run_what_was_left_out(session: Session, case: dict[str, Any]) -> None:
    """Make the table that a case writes to; the recorded file is a selection, and lacks some of the cases before."""
    text = " ".join(case["args"])
    named = re.search(r"\bsh\.(x[a-z]+)\b", text)
    if named is None or "CREATE TABLE" in text:
        return
    for sql in (f"CREATE TABLE IF NOT EXISTS sh.{named[1]} (a INT)", f"SELECT count(*) FROM sh.{named[1]}"):
        answers = [_answer(result, "21.2") for result in session.execute(sql)]
    if "UPDATE" in text and answers[0]["rows"] == [("0",)]:
        _run(session, f"INSERT INTO sh.{named[1]} VALUES (1), (2)")


def _shell(cases: list[dict[str, Any]], version: str) -> Iterator[Outcome]:
    from ootheca.shell.main import main

    with Session(None, sandbox=True, version=version) as session:
        for case in cases:
            _run_what_was_left_out(session, case)
            compared = _Comparison()
            out, err = io.StringIO(), io.StringIO()
            stdin, sys.stdin = sys.stdin, io.StringIO(case["stdin"] or "")
            try:
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    status = main(case["args"], session=session)
            finally:
                sys.stdin = stdin
            compared.equal("stdout", case["stdout"], out.getvalue())
            if case["stderr"] is not None:
                compared.equal("stderr", case["stderr"], err.getvalue())
            compared.equal("exit", case["exit"], status)
            yield compared.outcome(f"{case['name']}: {case['args']}")
