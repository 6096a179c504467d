"""The documented examples: each is parsed, and run in a cluster of its own that holds what it names.

    python -m tests.conformance.documented            what differs from the recorded outcomes
    python -m tests.conformance.documented --write    record them, and write docs/conformance.md
    python -m tests.conformance.documented EX-001     the same of some alone

`documented.jsonl` holds the statements that CockroachDB's documentation shows (v20.2, the newest, and the shapes in
between), restated: one a line, under the number of our inventory. In them `{A}` … are places and keys that
`PLACEHOLDERS` fills in. A line has

* `sql`, or `command` for the words after `cockroach`;
* `columns`: the documented columns, by name or by a code of `COLUMNS` with `+` and `-`; empty where a page
  shows none; or `tag`: the start of the command's tag;
* `before`: a statement of the page that this one depends on;
* `refused`: why CockroachDB refuses it as it is printed, and so do we; `error` is part of the message.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import re
import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from ootheca.errors import InternalError, OothecaError, ParseError, UnsupportedError
from ootheca.exec.result import Result
from ootheca.exec.session import Session
from ootheca.shell.main import main as shell_main
from ootheca.sql.format import format_statement
from ootheca.sql.parser import parse
from tests.conformance.documented_setup import ExampleClock, node_locality, prepare, run

__all__ = ["PAGE", "STATUSES", "Example", "Outcome", "examples", "load_outcomes", "measure", "render"]

_HERE = Path(__file__).parent
_EXAMPLES, _OUTCOMES = _HERE / "documented.jsonl", _HERE / "documented_outcomes.json"
PAGE = _HERE.parents[1] / "docs" / "conformance.md"

STATUSES = ("fails", "parses", "differs", "refused", "runs")
"""From worst to best; `refused` is what a misprint deserves, and nothing else gets it."""

_PLAIN = {
    "A": "acme-co",
    "B": "acme-co-west",
    "C": "acme-co-more",
    "D": "acme-co-more-west",
    "p1": "backups/one",
    "p2": "backups/two",
    "p3": "backups/three",
    "p4": "backups/four",
    "aws": "AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456",
    "cmk": "acme-key",
    "oldkey": "acme-key",
    "newkey": "acme-new-key",
    "arn": "arn:aws:kms:us-east-1:123456789012:key/acme-key",
    "location": "us-east-1",
    "region": "us-east-1",
    "datacenter": "dc1",
    "resource": "projects/acme/locations/us-east1/keyRings/ring/cryptoKeys/key",
    "resource:old": "projects/acme/locations/us-east1/keyRings/ring/cryptoKeys/key",
    "resource:new": "projects/acme/locations/us-east1/keyRings/ring/cryptoKeys/new-key",
    "key": "acme-key",
    "ver": "v1",
    "key vault name": "acme-vault",
    "credentials": base64.b64encode(b'{"type": "service_account"}').decode().replace("=", "%3D"),
    "role": "arn:aws:iam::123456789012:role/backup",
    "user's key": "123456",
    "user's secret key": "123456",
    "pass": "password123",
    "conn": "bucket",
    "collection": "nodelocal://1/collection",
    "incrementals": "nodelocal://1/incrementals",
    "subdirectory": "2020/09/24-204152.88",
    "database": "bank",
    "certificate": "certificate",
    "CONNECTION STRING": "postgresql://root@localhost:26257",
    "sasl user": "user",
    "url-encoded password": "password",
}
_AZURE = {"account_key": base64.b64encode(b"key").decode(), "account_name": "acme"}

_BACKUP_COLUMNS = (
    "database_name, parent_schema_name, object_name, object_type, {}start_time, end_time, size_bytes, rows, "
    "is_full_cluster"
)
COLUMNS = {
    "J6": "job_id, status, fraction_completed, rows, index_entries, bytes",
    "JD": "job_id",
    "SB20": _BACKUP_COLUMNS.format(""),
    "SB26": _BACKUP_COLUMNS.format("backup_type, ") + ", regions",
    "SBS": "path",
    "SBID": "id, backup_time",
    "SC": "schedule_id, label, status, first_run, schedule, backup_stmt",
    "SS": "id, label, schedule_status, next_run, state, recurrence, jobsrunning, owner, created, command",
    "JOBS": "job_id, job_type, description, statement, user_name, status, running_status, created, started, finished, "
    "modified, fraction_completed, error, coordinator_id",
}


@dataclass(frozen=True)
class Example:
    """One line of the list."""

    id: str
    page: str
    version: str
    sql: str = ""
    command: str = ""
    columns: str | None = None
    tag: str | None = None
    refused: str = ""
    error: str = ""
    before: str = ""

    @property
    def text(self) -> str:
        """The statement or command as the list has it."""
        return self.sql or f"cockroach {self.command}"

    @property
    def filled(self) -> str:
        """The statement with its placeholders filled in, but for `{id}`."""
        text = self.sql.replace("{database}", _PLAIN["database"])
        return _QUOTED.sub(lambda found: found[1] + _with_keys(_fill(found[2])) + found[1], text)

    def profile(self) -> str:
        """The profile that it runs under."""
        return "20.2" if self.version == "20.2" else "21.2"

    def column_names(self) -> set[str]:
        """The documented columns."""
        names: list[str] = []
        for sign, part in re.findall(r"(^|[+-]) ?([^+-]*)", self.columns or ""):
            listed = [name.strip() for name in COLUMNS.get(part.strip(), part).split(",") if name.strip()]
            names = [name for name in names if name not in listed] if sign == "-" else names + listed
        return set(names)


@dataclass(frozen=True)
class Outcome:
    """What became of an example: one of `STATUSES`, and why it is not better."""

    id: str
    status: str
    note: str = ""

    @property
    def rank(self) -> int:
        """Higher is better."""
        return STATUSES.index(self.status)


_QUOTED = re.compile(r"""(['"])((?:(?!\1).|(?<=user)')*)\1""")


def _with_keys(text: str) -> str:
    """Return an S3 URI with keys where the page leaves them out."""
    if not text.startswith("s3://") or "AUTH=" in text or "AWS_ACCESS_KEY_ID=" in text:
        return text
    return f"{text}{'&' if '?' in text else '?'}{_PLAIN['aws']}"


def _fill(text: str) -> str:
    return re.sub(r"\{([^{}]*)\}", lambda found: _value(found[1], found[0]), text)


def _value(name: str, otherwise: str) -> str:
    if name.startswith("az:"):
        words = name.removeprefix("az:").split("+")
        return "&".join(f"AZURE_{word.upper()}={_AZURE.get(word, 'acme')}" for word in words)
    return _PLAIN.get(name, otherwise)


def examples() -> tuple[Example, ...]:
    """Return the list, in order."""
    return tuple(Example(**json.loads(line)) for line in _EXAMPLES.read_text(encoding="utf-8").splitlines())


# Measuring


def measure(example: Example) -> Outcome:
    """Parse an example, run it, and say what became of it."""
    try:
        note = _run_command(example) if example.command else _run_statement(example)
    except ParseError as error:
        return _refused(example, error, "fails")
    except OothecaError as error:
        return _refused(example, error, "parses")
    if example.refused:
        return Outcome(example.id, "fails", "it runs, and was to be refused")
    return Outcome(example.id, "differs" if note else "runs", note)


def _refused(example: Example, error: OothecaError, otherwise: str) -> Outcome:
    if isinstance(error, InternalError):
        return Outcome(example.id, "fails", error.message)
    if example.refused:
        status = "refused" if example.error in error.message else otherwise
        return Outcome(example.id, status, example.refused if status == "refused" else error.message)
    return Outcome(example.id, otherwise, re.sub(r"\d{15,}", "<id>", error.message))


def _run_statement(example: Example) -> str:
    """Run a statement; return what of its answer differs from the documented one.

    Raises:
        ParseError: it does not parse, or what is printed of it is another statement.
        OothecaError: it could not be run, or what it needs could not be made.
    """
    text = example.filled
    clock = ExampleClock(10**18)
    statement, *others = parse(text.replace("{id}", "1"))
    again = parse(format_statement(statement, reveal=True, version=example.profile()))
    if again != (statement,) or others:
        raise ParseError("its canonical text is another statement")
    locality = node_locality(statement)
    with Session(None, sandbox=True, clock=clock, version=example.profile(), locality=locality) as session:
        values = prepare(session, clock, text, statement)
        if example.before:
            run(session, example.before)
        result: Result | None = None
        for result in session.execute(text.replace("{id}", values.get("id", "1"))):
            for _ in result.batches:
                pass
        assert result is not None
        return _difference(example, result)


def _difference(example: Example, result: Result) -> str:
    if example.columns is None:
        tag = result.complete_tag(0)
        return "" if tag.startswith(example.tag or "") else f"its tag is {tag}"
    shown = {column.name for column in result.columns or ()}
    missing = sorted(example.column_names() - shown)
    return f"columns that are not shown: {', '.join(missing)}" if missing else ""


def _run_command(example: Example) -> str:
    """Run a command of files beside a store, in a directory that holds the files it names.

    Raises:
        OothecaError: the command failed, or is unknown.
    """
    words = shlex.split(_fill(example.command))
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        for path in ("test-data.csv", "test-data2.csv", "grants.csv", "movr-backup/1.sst"):
            Path(path).parent.mkdir(exist_ok=True)
            Path(path).write_bytes(b"1,2\n")
        if words[1] in ("list", "get", "delete"):
            _prepare_files(words)
        status, message = _call(words)
    if status == 4:
        raise UnsupportedError(f"no command `{words[0]}`, or not with these flags")
    if status:
        raise OothecaError(message)
    return ""


def _prepare_files(words: list[str]) -> None:
    """Upload what a command lists, gets or deletes."""
    uploads = ["test-data.csv", "userfile://testdb.public.uploads/test-data.csv", "bank-backup/1.sst"]
    for destination in uploads:
        _call(["userfile", "upload", "test-data.csv", destination])


def _call(words: list[str]) -> tuple[int, str]:
    err = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
        status = shell_main(words)
    return status, err.getvalue().partition("\n")[0]


# Recorded outcomes and the page


def load_outcomes() -> dict[str, Outcome]:
    """Return the recorded outcomes by their example's id."""
    listed = json.loads(_OUTCOMES.read_text(encoding="utf-8"))
    return {item["id"]: Outcome(**item) for item in listed}


def save_outcomes(outcomes: Iterable[Outcome]) -> None:
    """Record outcomes, a line each."""
    lines = ",\n".join(json.dumps(asdict(outcome), ensure_ascii=False) for outcome in outcomes)
    _OUTCOMES.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


REASONS = (
    (r"CHANGEFEED|kafka:", "needs a changefeed: there is nothing here that changes could be fed from"),
    (r"ALTER DATABASE.* REGION ", "needs a cluster whose nodes are in several regions"),
    (r"ranges_no_leases", "needs ranges, into which a store does not divide its keys"),
    (
        r"unimplemented: IMPORT",
        "IMPORT is not part of what ootheca does: load rows with INSERT or through Arrow",
    ),
    (r"not shown: regions$", "the column `regions` is newer than 21.2, whose columns are shown"),
    (r"clvprp0BAADQmww=.*AS OF", "the page's id is of a backup five days after the page's time"),
)
"""Why an example does not run, by a pattern for its text and the message."""


def reason_of(example: Example, outcome: Outcome) -> str:
    """Return why an example only parses, or shows something else; empty where nothing is known."""
    text = f"{example.text} | {outcome.note}"
    return next((reason for pattern, reason in REASONS if re.search(pattern, text)), "")


_HEAD = """# Documented examples

<!-- Written by `python -m tests.conformance.documented --write` from tests/conformance/documented.jsonl. -->

Every statement that the pages of CockroachDB's documentation about backups show, in the versions 20.2 and 26.3 and the
shapes of the versions between, and what becomes of it here. Words in braces stand for names, places and keys that the
tests fill in, as they add keys to URIs of S3 that the pages shorten.

Of {total} examples {counts}.

* **runs**: in a sandbox that holds the databases, backups, schedules and connections it names, it runs and shows the
  documented columns. Examples of 20.2 run under the profile 20.2, all others under 21.2.
* **refused**: CockroachDB refuses it as the page prints it, and so does ootheca; the reason follows.
* **differs**: it runs, and its columns or its tag are others.
* **parses**: its canonical text is known and it is refused when it is run; what it would need follows, and the message.
"""


def render(outcomes: dict[str, Outcome]) -> str:
    """Return the page."""
    counted = Counter(outcome.status for outcome in outcomes.values())
    words = {
        "runs": "run",
        "refused": "are refused on purpose",
        "differs": "run and show something else",
        "parses": "parse and are not run yet",
        "fails": "fail",
    }
    counts = ", ".join(
        f"{counted[status]} {words[status]}" for status in reversed(STATUSES) if counted[status]
    )
    lines = [_HEAD.format(total=len(outcomes), counts=counts), *_reasons(outcomes)]
    for (version, page), group in groupby(examples(), key=lambda example: (example.version, example.page)):
        lines += [f"\n## {page} (v{version})\n", "| id | example | here |", "|---|---|---|"]
        lines += [_line(example, outcomes[example.id]) for example in group]
    return "\n".join(lines) + "\n"


def _reasons(outcomes: dict[str, Outcome]) -> list[str]:
    """Return the table of what the examples that do not run would need."""
    counted = Counter(
        reason_of(example, outcomes[example.id])
        for example in examples()
        if outcomes[example.id].status in ("parses", "differs")
    )
    rows = [f"| {reason} | {number} |" for reason, number in counted.most_common()]
    return ["| why an example does not run | examples |", "|---|---|", *rows] if rows else []


def _line(example: Example, outcome: Outcome) -> str:
    note = f": {outcome.note}" if outcome.note else ""
    if outcome.status in ("parses", "differs"):
        note = f": {reason_of(example, outcome)} ({outcome.note})"
    cells = (example.id, f"`{example.text}`", f"{outcome.status}{note}")
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure all examples; print what differs from the record, or write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="record the outcomes, and write the page")
    parser.add_argument("ids", nargs="*", metavar="EX-nnn", help="measure these alone")
    arguments = parser.parse_args(argv)
    recorded = load_outcomes()
    chosen = set(arguments.ids) or {example.id for example in examples()}
    measured = {
        example.id: measure(example) if example.id in chosen else recorded[example.id]
        for example in examples()
    }
    for name, outcome in measured.items():
        before = recorded.get(name)
        if before != outcome:
            print(
                f"{name}: {before and before.status} {before and before.note!r} -> {outcome.status} {outcome.note!r}"
            )
    if arguments.write:
        save_outcomes(measured.values())
        PAGE.write_text(render(measured), encoding="utf-8")
    print(
        ", ".join(
            f"{number} {status}" for status, number in Counter(o.status for o in measured.values()).items()
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
