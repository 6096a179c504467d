"""The LALR(1) machine that runs the compiled grammar.

It differs from a plain LALR driver in two points, both of which make it answer as CockroachDB's parser does. A keyword
that a state does not expect is tried as the class of words it belongs to, so any unreserved keyword is a name where
only a name can stand. And an error is reported with the hint of the innermost statement that is still open: states
that could have reduced whatever comes are reduced first.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from ootheca.names import COL_NAME_KEYWORDS, RESERVED_KEYWORDS, TYPE_FUNC_KEYWORDS
from ootheca.sql.lexer import Token

__all__ = ["Machine", "RejectedError", "UnexpectedTokenError", "machine"]

Action: TypeAlias = Callable[[list[Any]], Any]

_SPLICE = 100  # as in compile_grammar
_MAX_DEPTH = 1500  # states on the stack; each nested parenthesis in an expression takes about ten


class UnexpectedTokenError(Exception):
    """The grammar allows no such token here."""

    def __init__(self, token: Token, hint: str | None) -> None:
        super().__init__(token.kind)
        self.token = token
        self.hint = hint


class RejectedError(Exception):
    """The builder refuses what the grammar allows; the machine says at which token.

    `at_next` puts the error at the token after the offending ones, where CockroachDB notices it so late; the default
    is the last token read.
    """

    def __init__(self, message: str, *, sqlstate: str | None = None, at_next: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate
        self.at_next = at_next
        self.token: Token | None = None


class Machine:
    """The tables, with the builder's functions in place of their names. Rows and rules are unpacked when first used."""

    def __init__(self, tables: Mapping[str, Any], action_named: Callable[[str, int], Action]) -> None:
        self._rules: list[Any] = tables["rules"]
        self._action_named = action_named
        self._rows: list[Any] = tables["rows"]
        self._row_of: list[int] = tables["actions"]
        self._gotos: list[Any] = tables["gotos"]
        self._starts: dict[str, list[int]] = tables["starts"]
        self._help: dict[str, str] = tables["help"]
        self._kinds = _terminals(tables)

    def run(self, tokens: Sequence[Token], end: Token, start: str = "statement") -> Any:
        """Return what the builder makes of the tokens; `end` stands for their end in errors.

        Raises:
            UnexpectedTokenError: at the first token that the grammar does not allow.
            RejectedError: the builder refused, its `token` set.
        """
        states: list[int] = [self._starts[start][0]]
        values: list[Any] = []
        previous = end
        try:
            for token in tokens:
                self._feed(token, self._terminal(token), states, values, start)
                previous = token
            token = end
            self._feed(end, (0, 0), states, values, start)
        except RejectedError as error:
            error.token = token if error.at_next else previous
            raise
        return values[-1]

    def _feed(
        self, token: Token, terminal: tuple[int, int], states: list[int], values: list[Any], start: str
    ) -> None:
        kind, fallback = terminal
        first_state, start_symbol = self._starts[start]
        while True:
            row = self._row(states[-1])
            if type(row) is int:
                target = -row - 1
            else:
                target = row.get(kind)
                if target is None:
                    target = row.get(fallback)
                if target is None:
                    if kind == 0 and states[-1] == self._goto(first_state).get(start_symbol):
                        return
                    raise UnexpectedTokenError(token, self._hint(states))
            if target >= 0:
                if len(states) > _MAX_DEPTH:
                    raise RejectedError("statement is nested too deeply", sqlstate="54001", at_next=True)
                states.append(target)
                values.append(token)
                return
            self._reduce(-target - 1, states, values)

    def _reduce(self, rule: int, states: list[int], values: list[Any]) -> None:
        symbol, length, build = self._rule(rule)
        if length:
            if build is not None:
                children = values[-length:]
                values[-length:] = [build(children)]
            del states[-length:]
        else:
            values.append(build([]) if build is not None else None)
        states.append(self._goto(states[-1])[symbol])

    def _terminal(self, token: Token) -> tuple[int, int]:
        kind = token.kind
        if kind == "WORD" or kind == "OP":
            return self._kinds.get(token.value) or (self._ident if kind == "WORD" else (-1, -1))
        return self._kinds.get(" " + kind, (-1, -1))

    def is_keyword(self, word: str) -> bool:
        """Whether the grammar has a folded word of its own."""
        return word in self._kinds

    def expected(self, tokens: Sequence[Token], start: str = "statement") -> frozenset[str] | None:
        """Return what may follow some tokens: folded keywords, symbols, and classes such as ` IDENT` after a blank.

        ` $END` is among them when the tokens are whole. None when the grammar does not allow the tokens themselves.
        """
        states = [self._starts[start][0]]
        for token in tokens:
            kind, fallback = self._terminal(token)
            if not (self._shift(states, kind) or self._shift(states, fallback)):
                return None
        names = {number: name for name, (number, _) in self._kinds.items()}
        found = {names[kind] for kind in self._terminals_of(states) if self._shift(list(states), kind)}
        return frozenset(found | {" $END"} if self._is_whole(states, start) else found)

    def _is_whole(self, states: Sequence[int], start: str) -> bool:
        """Tell whether nothing need follow; nothing is built."""
        first_state, start_symbol = self._starts[start]
        stack = list(states)
        while stack[-1] != self._goto(first_state).get(start_symbol):
            row = self._row(stack[-1])
            target = -row - 1 if type(row) is int else row.get(0)
            if target is None or target >= 0:
                return False
            self._pop(-target - 1, stack)
        return True

    def _shift(self, states: list[int], kind: int) -> bool:
        """Reduce and shift one terminal without building; the states are only changed when it is allowed."""
        stack = list(states)
        while True:
            row = self._row(stack[-1])
            target = -row - 1 if type(row) is int else row.get(kind)
            if target is None:
                return False
            if target >= 0:
                states[:] = [*stack, target]
                return True
            self._pop(-target - 1, stack)

    def _pop(self, rule: int, stack: list[int]) -> None:
        symbol, length = self._rules[rule][:2]
        if length:
            del stack[-length:]
        stack.append(self._goto(stack[-1])[symbol])

    def _terminals_of(self, states: Sequence[int]) -> Iterable[int]:
        """Return every terminal that may be allowed next, once the reductions that nothing decides are made."""
        stack = list(states)
        while type(row := self._row(stack[-1])) is int:
            self._pop(row, stack)
        return sorted(set(row) - {0})  # 0 is the end

    @property
    def _ident(self) -> tuple[int, int]:
        return self._kinds[" IDENT"]

    def _rule(self, number: int) -> tuple[int, int, Action | None]:
        rule = self._rules[number]
        if type(rule) is list:
            rule = self._rules[number] = _bind(*rule, action_named=self._action_named)
        return rule  # type: ignore[no-any-return]

    def _row(self, state: int) -> Any:
        number = self._row_of[state]
        row = self._rows[number]
        if type(row) is list:
            row = self._rows[number] = dict(zip(row[::2], row[1::2], strict=True))
        return row

    def _goto(self, state: int) -> dict[int, int]:
        goto = self._gotos[state]
        if type(goto) is list:
            goto = self._gotos[state] = dict(zip(goto[::2], goto[1::2], strict=True))
        return goto  # type: ignore[no-any-return]

    def _hint(self, states: list[int]) -> str | None:
        """Return what `\\h` helps with at this error; None when the statement so far is whole."""
        stack = list(states)
        while (rule := self._default_rule(stack[-1])) is not None:
            symbol, length, _ = self._rule(rule)
            if length:
                del stack[-length:]
            stack.append(self._goto(stack[-1])[symbol])
        for state in reversed(stack):
            hint = self._help.get(str(state))
            if hint is not None:
                return hint
        return None

    def _default_rule(self, state: int) -> int | None:
        if str(state) in self._help:
            return None
        row = self._row(state)
        if type(row) is int:
            return row
        reductions = [-target - 1 for target in row.values() if target < 0]
        return max(set(reductions), key=reductions.count) if reductions else None


def _terminals(tables: Mapping[str, Any]) -> dict[Any, tuple[int, int]]:
    """Return for each word and operator its terminal and the class to fall back on; classes are keyed ' KIND'."""
    numbers = {name: number for number, name in enumerate(tables["terminals"])}
    kinds: dict[Any, tuple[int, int]] = {}
    unreserved = numbers["UNRESERVED"]
    classes = (
        (COL_NAME_KEYWORDS, "COLNAME"),
        (TYPE_FUNC_KEYWORDS, "TYPEFUNC"),
        (RESERVED_KEYWORDS, "RESERVED"),
    )
    symbols = set(tables["symbols"].values())
    for name, number in numbers.items():
        kinds[" " + name] = (number, number)
        if number not in symbols:  # a symbol's name, such as STAR, is no word of the language
            kinds[name.lower()] = (number, unreserved)
    for words, class_name in classes:
        fallback = numbers[class_name]
        for word in words:
            kinds[word] = (kinds.get(word, (-1, 0))[0], fallback)
    for symbol, number in tables["symbols"].items():
        kinds[symbol] = (number, number)
    for name in (
        "$end",
        "ident",
        "unreserved",
        "colname",
        "typefunc",
        "reserved",
        "sconst",
        "bconst",
        "bitconst",
    ):
        kinds.pop(name, None)
    for name in ("iconst", "fconst", "placeholder", "query", "subquery", "not_la", "with_la"):
        kinds.pop(name, None)
    return kinds


def _bind(
    symbol: int,
    length: int,
    method: str,
    family: int,
    children: list[int] | None,
    *,
    action_named: Callable[[str, int], Action],
) -> tuple[int, int, Action | None]:
    """Return a rule with the function that turns its children into a value; None when one value passes through."""
    if method.startswith("help_"):
        return symbol, length, None
    pick = _picker(children)
    if method == "[":
        return symbol, length, pick or list
    if method == "":
        if length == 1:
            return symbol, length, None
        assert pick is not None
        return symbol, length, lambda values: pick(values)[0]
    action = action_named(method, family)
    if pick is None:
        return symbol, length, action
    return symbol, length, lambda values: action(pick(values))


def _picker(children: list[int] | None) -> Action | None:
    if children is None:
        return None

    # A list that begins with a shorter one of its kind grows it, so that long lists take linear time.
    grows = bool(children) and children[0] >= _SPLICE
    others = children[1:] if grows else children

    def pick(values: list[Any]) -> list[Any]:
        picked: list[Any] = values[children[0] - _SPLICE] if grows else []
        for position in others:
            if position < 0:
                picked.append(None)
            elif position >= _SPLICE:
                picked.extend(values[position - _SPLICE])
            else:
                picked.append(values[position])
        return picked

    return pick


@cache
def machine() -> Machine:
    """Return the machine for the whole grammar, made on first use."""
    from ootheca.sql._tables import TABLES
    from ootheca.sql.build import action_named

    packed = base64.b64decode(TABLES)
    return Machine(json.loads(zlib.decompress(packed)), action_named)
