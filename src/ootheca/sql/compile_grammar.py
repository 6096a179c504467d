"""The grammar folder to the tables that the parser runs on: `python -m ootheca.sql.compile_grammar`.

Lark reads `grammar/*.lark` and works out the LALR(1) table; that takes seconds, so the result is kept in `_tables.py`,
and neither Lark nor the grammar is needed when ootheca runs. A test fails when the two disagree.

Layout of the tables (JSON, deflated, base85):

    terminals, nonterminals   names; every other list counts in them
    rules                     [nonterminal, length, method, family, children]
                              method: the action's name; "" passes its one child on, "[" splices its children into the
                              parent, and help_… only says what a syntax error hints at
                              family: which module has the action (`build.FAMILIES`)
                              children: null for all as they are, else positions; -1 stands for an absent optional,
                              and a position plus 100 for a child whose children are spliced in
    rows                      per distinct row: a number (reduce by that rule, whatever comes), or terminal, action, …
                              where action >= 0 shifts into that state and action < 0 reduces by rule -action - 1
    actions                   per state: its row
    gotos                     per state: nonterminal, state, …
    starts                    start rule -> [state, nonterminal]
    help                      state -> what a syntax error below it hints at
    symbols                   operator or punctuation -> terminal
"""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
import sys
import textwrap
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import lark
from lark.grammar import Rule
from lark.lexer import Lexer

from ootheca.errors import InternalError
from ootheca.sql.build import load_all

__all__ = ["compile_tables", "encode_tables", "grammar_digest", "grammar_text", "main"]

STARTS = ("statement", "a_expr", "column_type")
SPLICE = 100
_WORD_METHODS = ("word", "upper_word")  # these keep their keywords, which are what they are about
_HELP = "help_"


class _NoLexer(Lexer):
    """Stands where Lark wants a lexer; the tables are made without lexing anything."""

    def __init__(self, lexer_conf: object) -> None:
        del lexer_conf

    def lex(self, lexer_state: object, parser_state: object) -> Iterator[Any]:
        del lexer_state, parser_state
        return iter(())


def grammar_text() -> str:
    """Return the grammar files as one text, `sql.lark` first: from the package, else from the checkout.

    Raises:
        InternalError: neither place has them.
    """
    checkout = Path(__file__).resolve().parents[3] / "grammar"
    for folder in (importlib.resources.files("ootheca") / "grammar", checkout):
        if folder.is_dir():
            files = sorted(
                (entry for entry in folder.iterdir() if entry.name.endswith(".lark")),
                key=lambda entry: (entry.name != "sql.lark", entry.name),
            )
            if files:
                return "\n".join(entry.read_text(encoding="utf-8") for entry in files)
    raise InternalError("the grammar files are missing")


def grammar_digest(text: str) -> str:
    """Return what identifies this grammar in the tables."""
    return hashlib.sha256(text.encode()).hexdigest()


def compile_tables(text: str) -> dict[str, Any]:
    """Return the tables of a grammar.

    Raises:
        InternalError: Lark refuses the grammar.
    """
    try:
        parser = lark.Lark(text, parser="lalr", lexer=_NoLexer, start=list(STARTS), maybe_placeholders=True)
    except lark.exceptions.LarkError as exc:
        raise InternalError(f"the grammar is invalid: {exc}") from exc
    return _Compiler(parser).tables(text)


class _Compiler:
    """Turns Lark's table, keyed by names and objects, into numbers."""

    def __init__(self, parser: Any) -> None:
        self.table = parser.parser.parser._parse_table
        self.symbols = {term.pattern.value: term.name for term in parser.terminals}
        self.rules: dict[Rule, int] = {}
        self.rule_rows: list[list[Any]] = []
        self.nonterminals: dict[str, int] = {}
        self.terminals: dict[str, int] = {}
        self.help: dict[str, str] = {}
        self.homes = load_all()
        for name in ("$END", "IDENT", "UNRESERVED", "COLNAME", "TYPEFUNC", "RESERVED"):
            self._terminal(name)

    def _terminal(self, name: str) -> int:
        return self.terminals.setdefault(name, len(self.terminals))

    def _nonterminal(self, name: str) -> int:
        return self.nonterminals.setdefault(name, len(self.nonterminals))

    def _rule(self, rule: Rule) -> int:
        if rule not in self.rules:
            self.rules[rule] = len(self.rules)
            method, children = _children_of(rule)
            origin = self._nonterminal(rule.origin.name)
            family = self.homes.get(method, 0)
            self.rule_rows.append([origin, len(rule.expansion), method, family, children])
            if family == 0 and method not in self.homes and method not in ("", "[") and method[:5] != _HELP:
                raise InternalError(f"the grammar names an action that no module has: {method}")
        return self.rules[rule]

    def _row(self, state: Any, actions: dict[str, Any], numbers: dict[Any, int]) -> int | list[int]:
        row: list[int] = []
        for name, (action, target) in actions.items():
            if name in self.nonterminal_names:
                continue
            if name == "ERROR":
                if action.name == "Shift":
                    self.help[str(numbers[state])] = self._help_text(target)
            elif action.name == "Shift":
                row += [self._terminal(name), numbers[target]]
            else:
                row += [self._terminal(name), -self._rule(target) - 1]
        only = set(row[1::2])
        if len(only) == 1 and min(only) < 0:
            return -min(only) - 1
        return row

    def _help_text(self, state: Any) -> str:
        rules = {target for action, target in self.table.states[state].values() if action.name != "Shift"}
        (rule,) = rules
        return str(rule.alias).removeprefix(_HELP).replace("_", " ").upper()

    def tables(self, text: str) -> dict[str, Any]:
        states = self.table.states
        numbers = {state: number for number, state in enumerate(states)}
        self.nonterminal_names = {
            rule.origin.name
            for actions in states.values()
            for action, rule in actions.values()
            if action.name != "Shift"
        }
        rows: dict[str, int] = {}
        actions, gotos = [], []
        for state, entries in states.items():
            row = json.dumps(self._row(state, entries, numbers))
            actions.append(rows.setdefault(row, len(rows)))
            goto: list[int] = []
            for name, (_, target) in entries.items():
                if name in self.nonterminal_names:
                    goto += [self._nonterminal(name), numbers[target]]
            gotos.append(goto)
        return {
            "digest": grammar_digest(text),
            "terminals": list(self.terminals),
            "nonterminals": list(self.nonterminals),
            "rules": self.rule_rows,
            "rows": [json.loads(row) for row in rows],
            "actions": actions,
            "gotos": gotos,
            "starts": {
                name: [numbers[self.table.start_states[name]], self.nonterminals[name]] for name in STARTS
            },
            "help": self.help,
            "symbols": {
                value: self.terminals[name]
                for value, name in self.symbols.items()
                if name in self.terminals and not value.replace("_", "").isalnum()
            },
        }


def _children_of(rule: Rule) -> tuple[str, list[int] | None]:
    """Return the method of a rule and which of its symbols the method gets."""
    keep_all = rule.options.keep_all_tokens or rule.alias in _WORD_METHODS
    empty = list(rule.options.empty_indices or ())
    children: list[int] = []
    position = 0
    for is_absent in empty or [False] * len(rule.expansion):
        if is_absent:
            children.append(-1)
            continue
        symbol: Any = rule.expansion[position]
        if keep_all or not (symbol.is_term and symbol.filter_out):
            children.append(position + (SPLICE if symbol.name.startswith("_") and not symbol.is_term else 0))
        position += 1
    everything = children == list(range(len(rule.expansion)))
    if rule.origin.name.startswith("_"):
        method = "["
    elif rule.alias is not None:
        method = "" if rule.alias == "same" else str(rule.alias)
    elif (rule.options.expand1 or rule.origin.name.endswith("_stmt")) and len(children) == 1:
        method = ""
    else:
        method = str(rule.origin.name)
    return method, None if everything else children


def encode_tables(tables: dict[str, Any]) -> str:
    """Return the tables as the printable text that `_tables.py` holds."""
    packed = zlib.compress(json.dumps(tables, separators=(",", ":")).encode(), 9)
    return base64.b64encode(packed).decode()


def _module_text(digest: str, encoded: str) -> str:
    lines = "\n".join(textwrap.wrap(encoded, 1000))
    return (
        '"""Generated from grammar/*.lark by `python -m ootheca.sql.compile_grammar`; do not edit."""\n\n'
        f'__all__ = ["DIGEST", "TABLES"]\n\nDIGEST = "{digest}"\nTABLES = r"""\n{lines}\n"""\n'
    )


def main(arguments: Sequence[str] = ()) -> int:
    """Write `_tables.py`; with `--check`, say whether it is up to date instead."""
    text = grammar_text()
    target = Path(__file__).with_name("_tables.py")
    if "--check" in arguments:
        is_current = target.exists() and grammar_digest(text) in target.read_text(encoding="ascii")
        return 0 if is_current else 1
    tables = compile_tables(text)
    target.write_text(_module_text(tables["digest"], encode_tables(tables)), encoding="ascii")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
