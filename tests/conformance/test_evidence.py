"""What a real CockroachDB answered: every file of evidence passes at least as far as it did before.

`pass_counts.json` holds, for each file, how many of its answers are the same. Raise a number when more are; a lower one
needs a reason that a reader of the change accepts.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.conformance import checks, run, seed
from tests.conformance.matching import Matcher

HERE = Path(__file__).parent
EVIDENCE = HERE.parents[1] / "fixtures" / "conformance"
COUNTS: dict[str, int] = json.loads((HERE / "pass_counts.json").read_text())


def described(outcomes: list[checks.Outcome]) -> str:
    return "\n".join(f"{o.statement}\n  " + "\n  ".join(o.differences) for o in outcomes if o.differences)


def test_every_file_has_its_count() -> None:
    files = {str(path.relative_to(EVIDENCE)) for path in EVIDENCE.rglob("*.json*")}
    assert set(COUNTS) == files


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_no_answer_is_lost(name: str) -> None:
    outcomes = run.run_file(EVIDENCE / name)
    passed = sum(not outcome.differences for outcome in outcomes)
    assert passed >= COUNTS[name], described(outcomes)


def test_documented_session_prints_its_transcript() -> None:
    assert masked(seed.transcript()) == masked(seed.TRANSCRIPT.read_text())


def masked(text: str) -> str:
    """Hide what depends on how often the clock is read; all of it has a fixed width."""
    text = re.sub(r"\b59\d{16}\b", "<job_id>", text)
    return re.sub(r"2020-09-24 19:05:4\d\.\d{6}", "<moment>", text)


def test_runner_prints_mismatches_and_fails(tmp_path: Path) -> None:
    steps = [
        {"sql": "SELECT 1 AS a", "columns": ["a"], "types": [20], "rows": [["2"]], "tag": "SELECT 1"},
        {"sql": "SELECT 2 AS a", "columns": ["a"], "types": [20], "rows": [["2"]], "tag": "SELECT 1"},
        {"sql": "SELECT nope", "error": 'column "nope" does not exist', "sqlstate": "42703"},
        {"sql": "SELECT 3", "any": True},
    ]
    path = tmp_path / "21.2" / "some.json"
    path.parent.mkdir()
    path.write_text(json.dumps(steps))
    done = subprocess.run([sys.executable, HERE / "run.py", path], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "3 passed, 1 failed"
    assert "SELECT 1 AS a" in done.stdout
    assert "expected ['2']" in done.stdout
    assert "got      ['1']" in done.stdout


def test_runner_needs_no_pytest() -> None:
    program = "import sys; sys.modules['pytest'] = None; import tests.conformance.run"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=HERE.parents[1])


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("fixtures/conformance/20.2/parse.jsonl", "20.2"),
        ("x/21.2/scenarios/a.json", "21.2"),
        ("a.json", "21.2"),
    ],
)
def test_profile_comes_from_the_path(path: str, version: str) -> None:
    assert run.version_of(Path("/nowhere") / path) == version


def test_every_deviation_has_a_reason_and_something_to_deviate_from() -> None:
    for item in checks.deviations():
        assert len(item["reason"]) > 20
        for version in item["versions"]:
            content = checks.recorded(EVIDENCE / version / item["file"])
            names = [entry.get("name", entry.get("sql")) for entry in content]
            assert any(fnmatchcase(name, item["statement"]) for name in names)


# How answers are compared


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("<job_id>", "592786032407871489"),
        ("nodelocal://1/c<date>", "nodelocal://1/c/2020/09/24-190540.54"),
        ("INTO '<date>' IN", "INTO '/2020/09/24-190540.54' IN"),
        ("/Table/<id>/1", "/Table/53/1"),
        ("time [<timestamp>,<timestamp>) for", "time [1600974340.5,0,1600974341.1,0) for"),
        ("[0,0,<timestamp>) for", "[0,0,1600974341.1,0) for"),
        ("x: <detail of the storage error>: y", "x: open /tmp/a: no such file: y"),
        ("found <n> descriptors: [<names>]", "found 2 descriptors: [a b]"),
        ("2026-11-21 18:55:25.360554", "2020-01-01 00:00:00"),
    ],
)
def test_masks_stand_for_texts_of_their_shape(expected: str, got: str) -> None:
    assert Matcher().is_text(expected, got)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("<job_id>", "x"),
        ("<id>", ""),
        ("a", "b"),
        (None, "a"),
        ("2020-02-29", "2020-03-01"),
        ("/Table/<id>/1", "/Table/53/2"),
    ],
)
def test_other_texts_differ(expected: str | None, got: str) -> None:
    assert not Matcher().is_text(expected, got)


def test_a_recorded_moment_means_one_moment_throughout() -> None:
    matcher = Matcher()
    assert matcher.is_row(["2026-11-21 18:55:25.360554", "a"], ["2020-01-01 00:00:01", "a"])
    assert not matcher.is_row(["2026-11-21 18:55:25.360554", "b"], ["2020-01-01 00:00:02", "b"])
    assert matcher.is_row(["2026-11-21 18:55:25.360554", "b"], ["2020-01-01 00:00:01", "b"])


def test_order_of_rows_counts_only_where_it_was_asked_for() -> None:
    rows, turned = [["a"], ["b"], ["a"]], [["b"], ["a"], ["a"]]
    assert Matcher().is_rows(rows, turned, is_ordered=False)
    assert not Matcher().is_rows(rows, turned, is_ordered=True)
    assert not Matcher().is_rows(rows, [["a"], ["b"], ["b"]], is_ordered=False)
    assert not Matcher().is_rows(rows, rows[:2], is_ordered=False)
