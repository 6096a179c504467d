"""Help: every hint of the parser leads somewhere, and every statement has its topic."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ootheca.shell.help import format_topics, help_text, topics
from ootheca.sql import ast
from ootheca.sql.lalr import machine
from ootheca.sql.options import BACKUP_OPTIONS, RESTORE_OPTIONS, Option

EVIDENCE = Path(__file__).parents[3] / "fixtures" / "conformance"


def hints() -> set[str]:
    found = set()
    for path in EVIDENCE.glob("*/parse.jsonl"):
        for line in path.read_text().splitlines():
            hint = json.loads(line).get("hint") or ""
            if hint.startswith("try \\h "):
                found.add(hint.removeprefix("try \\h "))
    return found


def test_every_hint_leads_to_help() -> None:
    assert hints()
    assert {hint for hint in hints() if help_text(hint) is None} == set()


def test_every_help_of_the_grammar_leads_to_help() -> None:
    assert {name for name in machine()._help.values() if help_text(name) is None} == set()


@pytest.mark.parametrize(("topic", "options"), [("BACKUP", BACKUP_OPTIONS), ("RESTORE", RESTORE_OPTIONS)])
def test_help_names_every_option(topic: str, options: tuple[Option, ...]) -> None:
    words = help_text(topic) or ""
    assert [option.name for option in options if option.name not in words] == []


def test_every_statement_class_has_a_topic() -> None:
    found = ((name, getattr(ast, name)) for name in ast.__all__)
    classes = {name for name, value in found if isinstance(value, type) and issubclass(value, ast.Statement)}
    classes -= {"Statement", "Unsupported"}
    assert {name for topic in topics().values() for name in topic.statements} == classes


@pytest.mark.parametrize("name", ["BACKUP", "show  backups", "use", "Alter Table"])
def test_names_are_found_in_any_case(name: str) -> None:
    assert help_text(name)


def test_list_names_every_topic_once() -> None:
    listed = [line[2:].split("  ")[0] for line in format_topics().splitlines() if line.startswith("  ")]
    assert listed == list(topics())
    assert help_text("no such statement") is None
