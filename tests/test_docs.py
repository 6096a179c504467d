"""The README and docs say what is true: every command in them runs, and every list in them is complete.

python -m tests.test_docs --write      write the lists that come from the code
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from ootheca.shell.meta import META_HELP
from ootheca.shell.options import OPTIONS
from ootheca.shell.render.registry import FORMATS
from tests.compat import evidence

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
STORAGE = ROOT / "docs" / "storage.md"
REPORT = ROOT / "docs" / "report.md"
CONFORMANCE = ROOT / "docs" / "conformance.md"
PAGES = (README, *sorted((ROOT / "docs").rglob("*.md")))
# Pages whose commands and programs are typed from top to bottom, in a directory of their own.
TYPED = tuple(
    page
    for page in PAGES
    if page != STORAGE and re.search(r"^```(console|python)$", page.read_text(), re.MULTILINE)
)
MODULES = {path.name for path in (ROOT / "src" / "ootheca").iterdir() if path.is_dir()}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


# Lists that come from the code


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def evidence_table() -> str:
    """What was opened, and what came of it; every number is one of the evidence pages."""
    lines = ["| what | how many | open | verified whole | restored, rows equal |", "|---|---|---|---|---|"]
    backups = [line for line in evidence.load() if "*" not in line.folder]
    groups = {
        "backups by a CockroachDB of November 2020": lambda line: line.set.startswith("20.2/"),
        "backups by a CockroachDB of February 2022": lambda line: line.set.startswith("21.2/"),
        "public backups by versions 1.0 to 21.1": lambda line: line.is_public,
    }
    for title, belongs in groups.items():
        found = [line for line in backups if belongs(line)]
        opened = sum(line.facts.opens.startswith(evidence.YES) for line in found)
        whole = sum(line.facts.verifies == evidence.YES for line in found)
        equal = sum(line.restores.startswith(evidence.YES) for line in found)
        empty = sum(line.restores.startswith("restores, and holds no") for line in found)
        rest = f", {empty} hold none" if empty else ""
        lines.append(f"| {title} | {len(found)} | {opened} | {whole} | {equal}{rest} |")
    return "\n".join([*lines, "", _answers()])


def _answers() -> str:
    counts: dict[str, int] = json.loads((ROOT / "tests" / "conformance" / "pass_counts.json").read_text())
    by_version = {
        version: sum(n for name, n in counts.items() if name.startswith(version))
        for version in ("20.2", "21.2")
    }
    [examples] = re.findall(r"^Of (\d+ examples .*\.)$", CONFORMANCE.read_text(), re.MULTILINE)
    return (
        f"Of what those two servers answered to statements, {by_version['20.2']:,} answers of 2020 and\n"
        f"{by_version['21.2']:,} of 2022 are given alike, but for [deviations](docs/deviations.md). "
        f"Of the documentation's\n{examples}"
    )


def deviation_list() -> str:
    """Where `make conformance` expects something else than a server answered."""
    lines = ["| versions | statement | here |", "|---|---|---|"]
    for item in json.loads((ROOT / "tests" / "conformance" / "deviations.json").read_text()):
        lines.append(
            f"| {', '.join(item['versions'])} | `{_cell(item['statement'])}` | {_cell(item['reason'])} |"
        )
    return "\n".join(lines)


def _two_columns(first: str, second: str, rows: dict[str, str]) -> str:
    lines = [f"| {first} | {second} |", "|---|---|"]
    return "\n".join(lines + [f"| `{_cell(name)}` | {_cell(about)} |" for name, about in rows.items()])


def lists() -> dict[str, str]:
    return {
        "evidence": evidence_table(),
        "deviations": deviation_list(),
        "meta-commands": _two_columns("command", "what it does", META_HELP),
        "options": _two_columns("option", "what it does", OPTIONS),
    }


def _with_lists(text: str) -> str:
    for name, content in lists().items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = pattern.sub(lambda found, content=content: f"{found[1]}{content}\n{found[2]}", text)
    return text


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_lists_are_those_of_the_code(page: Path) -> None:
    assert page.read_text() == _with_lists(page.read_text()), "run python -m tests.test_docs --write"


def test_every_list_stands_somewhere() -> None:
    text = "".join(page.read_text() for page in PAGES)
    assert all(f"<!-- {name} -->" in text for name in lists())


def test_modules_that_pages_name_are_there() -> None:
    missing = [
        (_name(page), path)
        for page in PAGES
        for path in re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.py|\.proto|/))`", page.read_text())
        if path.split("/")[0] in MODULES and not (ROOT / "src" / "ootheca" / path).exists()
    ]
    assert missing == []


def test_readme_names_every_format() -> None:
    text = README.read_text()
    assert [name for name in FORMATS if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(
        r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    ):
        path, _, anchor = target.partition("#")
        if target.startswith("https://"):
            continue
        there = page.parent / path if path else page
        assert there.exists(), target
        assert not anchor or anchor in _anchors(there), target


def _anchors(page: Path) -> set[str]:
    return {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in page.read_text().splitlines()
        if line.startswith("#")
    }


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), {README.resolve()}
    while waiting:
        page = waiting.pop()
        reached.add(page)
        targets = re.findall(r"\]\(([^)#\s]+)", page.read_text())
        linked = {(page.parent / target).resolve() for target in targets if target.endswith(".md")}
        waiting |= linked - reached
    assert [_name(page) for page in PAGES if page.resolve() not in reached] == []


# Commands


def _blocks(language: str, page: Path = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def _masked(text: str) -> str:
    """Hide numbers and times of this run, and the widths that follow from them."""
    text = re.sub(r"\b\d{18,19}\b", "<id>", text)
    text = re.sub(r"\d{4}/\d\d/\d\d-\d{6}\.\d\d", "<date>", text)
    text = re.sub(
        r"(succeeded,1,\d{4},\d+),\d+", r"\1,<size>", text
    )  # a cluster's jobs hold moments of many sizes
    text = re.sub(r"[\d.]+ MiB/s", "<speed>", text)
    text = re.sub(
        r"(?m)^[\d-]{10} [\d:]{8} (schedule .* of )[\d-]{10} [\d:]{8}", r"<time> \1<time>", text
    )  # the scheduler
    text = re.sub(r"\bbytes: \d+", "bytes: <size>", text)
    text = re.sub(r"export[0-9a-f]+-n1", "export<id>-n1", text)
    text = re.sub(r"(\.parquet,\d+),\d+", r"\1,<size>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000 UTC", "<time>", text)
    return re.sub(r"-{2,}", "--", re.sub(r" +", " ", text)).strip()


def _commands(block: str) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with what it prints."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
    assert parts[0] == ""
    return list(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory in which the commands run one after the other, and a PATH that finds `ootheca`."""
    folder = tmp_path / "here"
    (folder / "bin").mkdir(parents=True)
    for name, words in (("ootheca", " -m ootheca"), ("python", "")):
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)}{words} "$@"\n')
        script.chmod(0o755)
    (folder / "fixtures").symlink_to(ROOT / "fixtures")
    return folder


def _run(command: str, place: Path, variables: Mapping[str, str] = MappingProxyType({})) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "OOTHECA_STORE"} | variables
    environment["PATH"] = f"{place / 'bin'}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        command,
        shell=True,
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout


@pytest.mark.parametrize("page", TYPED, ids=_name)
def test_commands_and_programs_of_a_page_print_what_it_shows(page: Path, place: Path) -> None:
    """One reader types all of it, from top to bottom: the Python opens the store that the commands made."""
    typed = 0
    for language, block, printed in _typed_blocks(page):
        typed += 1
        if language == "console":
            _type_commands(block, place)
        elif language == "yaml":
            _run_steps(block, place)
        else:
            assert _masked(_run(f"{shlex.quote(sys.executable)} -c {shlex.quote(block)}", place)) == _masked(
                printed
            ), block
    assert typed > 1


def _typed_blocks(page: Path) -> list[tuple[str, str, str]]:
    """The language and the text of each block, and the plain block that follows at once: what a program prints."""
    pattern = r"^```(console|python|yaml)\n(.*?)^```\n(?:\n```\n(.*?)^```\n)?"
    return re.findall(pattern, page.read_text(), re.DOTALL | re.MULTILINE)


def _type_commands(block: str, place: Path) -> None:
    for command, shown in _commands(block):
        if command.startswith("cat "):
            (place / command.removeprefix("cat ")).write_text(shown)
            continue
        assert _masked(_run(command, place)) == _masked(shown), command


def _run_steps(workflow: str, place: Path) -> None:
    """Run what a workflow's last step runs, as a runner does: in its environment, to the first failure."""
    _, _, step = workflow.rpartition("- name:")
    environment = dict(re.findall(r"^ +([A-Z_]+): (.*)$", step, re.MULTILINE))
    commands = textwrap.dedent(step.split("run: |\n")[1])
    assert _run(f"set -e\n{commands}echo finished", place, environment).endswith("finished\n")


def test_the_report_is_a_page(place: Path) -> None:
    for _, block, _ in _typed_blocks(REPORT):
        _type_commands(block, place)
    assert (place / "daily.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_commands_of_the_storage_page_print_what_it_shows(place: Path) -> None:
    (place / "storage").mkdir()
    commands = [pair for block in _blocks("console", STORAGE) for pair in _commands(block)]
    assert len(commands) > 5
    for command, shown in commands:
        assert _masked(_run(f"cd storage && PATH={place / 'bin'}:$PATH && {command}", place)) == _masked(
            shown
        ), command


def test_two_commands_do_all_the_set_up() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert "ootheca demo --run" in makefile
    assert re.search(r"^test: .*\n\t.*pytest", makefile, re.MULTILINE)


def test_demo_runs_the_main_job(place: Path) -> None:
    done = subprocess.run([place / "bin" / "ootheca", "demo", "--run"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("succeeded") == 5
    assert (
        done.stderr
        == "# Sandbox: cloud storage and KMS URIs are served from this store; nothing touches a network.\n"
    )
    assert done.stdout.rstrip().endswith("all of them are as they were.")


if __name__ == "__main__":
    for written in PAGES:
        written.write_text(_with_lists(written.read_text()))
