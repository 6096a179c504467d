"""The compiled grammar is that of the grammar folder, and every action it names exists and is used."""

from __future__ import annotations

import base64
import json
import zlib

from ootheca.sql import _tables
from ootheca.sql.build import ACTIONS, load_all
from ootheca.sql.compile_grammar import compile_tables, grammar_digest, grammar_text, main
from ootheca.sql.lalr import machine


def test_tables_are_up_to_date() -> None:
    text = grammar_text()
    assert grammar_digest(text) == _tables.DIGEST, "run python -m ootheca.sql.compile_grammar"
    assert main(["--check"]) == 0


def test_tables_are_what_the_compiler_makes_of_the_grammar() -> None:
    tables = compile_tables(grammar_text())
    kept = json.loads(zlib.decompress(base64.b64decode(_tables.TABLES)))
    shapes = [
        sorted((made["nonterminals"][rule[0]], *rule[1:4], str(rule[4])) for rule in made["rules"])
        for made in (tables, kept)
    ]
    assert shapes[0] == shapes[1]
    assert len(tables["actions"]) == len(kept["actions"])
    named = {rule[2] for rule in tables["rules"]} - {"", "["}
    load_all()
    assert {name for name in named if not name.startswith("help_")} == set(ACTIONS)


def test_every_hint_names_a_statement() -> None:
    machine_ = machine()
    assert {"BACKUP", "RESTORE", "SHOW BACKUP", "CREATE SCHEDULE FOR BACKUP"} <= set(machine_._help.values())
