"""The README and docs say what is true: every command in them runs, and every list in them is complete.

python -m tests.test_docs --write      write the lists that come from the code
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ootheca.exec.dispatch import HANDLERS
from ootheca.shell.flags import EXIT_CODES
from ootheca.shell.help import topics
from ootheca.shell.meta import META_HELP
from ootheca.shell.options import OPTIONS
from ootheca.shell.render.registry import FORMATS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
STORAGE = ROOT / "docs" / "storage.md"
KEYS = ROOT / "docs" / "keys.md"
REPORT = ROOT / "docs" / "report.md"
SCHEDULES = ROOT / "docs" / "schedules.md"
PAGES = (README, ROOT / "docs" / "shell.md", STORAGE, KEYS, REPORT, SCHEDULES)


# Lists that come from the code


def is_done(statement: str) -> bool:
    """Whether a statement class has a handler that runs it."""
    module = HANDLERS.get(statement)
    return module is not None and importlib.util.find_spec(module) is not None


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def statement_table() -> str:
    lines = ["| statement | what it does | here |", "|---|---|---|"]
    group = ""
    for name, topic in topics().items():
        if topic.group != group:
            group = topic.group
            lines.append(f"| **{group}** | | |")
        mark = "yes" if all(map(is_done, topic.statements)) else "not yet"
        lines.append(f"| `{name}` | {_cell(topic.about)} | {mark} |")
    return "\n".join(lines)


def _two_columns(first: str, second: str, rows: dict[str, str]) -> str:
    lines = [f"| {first} | {second} |", "|---|---|"]
    return "\n".join(lines + [f"| `{_cell(name)}` | {_cell(about)} |" for name, about in rows.items()])


def lists() -> dict[str, str]:
    return {
        "statements": statement_table(),
        "exit statuses": _two_columns(
            "status", "meaning", {str(code): about for code, about in EXIT_CODES.items()}
        ),
        "meta-commands": _two_columns("command", "what it does", META_HELP),
        "options": _two_columns("option", "what it does", OPTIONS),
    }


def _with_lists(text: str) -> str:
    for name, content in lists().items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = pattern.sub(lambda found, content=content: f"{found[1]}{content}\n{found[2]}", text)
    return text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lists_are_those_of_the_code(page: Path) -> None:
    assert page.read_text() == _with_lists(page.read_text()), "run python -m tests.test_docs --write"


def test_every_list_stands_somewhere() -> None:
    text = "".join(page.read_text() for page in PAGES)
    assert all(f"<!-- {name} -->" in text for name in lists())


def test_readme_names_every_format() -> None:
    text = README.read_text()
    assert [name for name in FORMATS if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    headings = {re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
                for line in text.splitlines() if line.startswith("#")}  # fmt: skip
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        assert (page.parent / path).exists() if path else anchor in headings, target


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
    script = folder / "bin" / "ootheca"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ootheca "$@"\n')
    script.chmod(0o755)
    return folder


def _run(command: str, place: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "OOTHECA_STORE"}
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


def test_commands_and_python_of_the_readme_print_what_it_shows(place: Path) -> None:
    """One reader types all of it, from top to bottom: the Python opens the store that the commands made."""
    _type_commands(README, place)
    [program] = _blocks("python")
    printed = README.read_text().split(program)[1].split("```\n")[2]
    assert _run(f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}", place) == printed


def test_commands_of_the_page_on_keys_print_what_it_shows(place: Path) -> None:
    _type_commands(KEYS, place)


def test_commands_of_the_page_on_reports_print_what_it_shows(place: Path) -> None:
    _type_commands(REPORT, place)
    assert (place / "daily.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_commands_of_the_page_on_schedules_print_what_it_shows(place: Path) -> None:
    _type_commands(SCHEDULES, place)


def _type_commands(page: Path, place: Path) -> None:
    commands = [pair for block in _blocks("console", page) for pair in _commands(block)]
    assert len(commands) > 5
    for command, shown in commands:
        if command.startswith("cat "):
            (place / command.removeprefix("cat ")).write_text(shown)
            continue
        assert _masked(_run(command, place)) == _masked(shown), command


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
