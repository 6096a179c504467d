"""Prepared statements: what PREPARE keeps for a session, and what EXECUTE makes of it.

A prepared statement is kept as text, secrets included, and is parsed again with its arguments in the places of its
placeholders. That way a string is a string wherever a statement takes one, and what runs is an ordinary statement:
jobs, errors and redacted text know nothing of EXECUTE.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ootheca.errors import DuplicateError, OothecaError, ParseError, UndefinedError
from ootheca.sql import ast
from ootheca.sql.format import format_statement
from ootheca.sql.parser import parse_one
from ootheca.sql.placeholders import fill_placeholders, placeholder_numbers, string_placeholders
from ootheca.types import STRING, Family, SQLType

__all__ = ["Argument", "Prepared", "PreparedStatements", "prepared_statement"]

_STRINGS = frozenset({Family.STRING, Family.NAME, Family.COLLATED_STRING})


@dataclass(frozen=True, slots=True, repr=False)
class Argument:
    """The value of one argument.

    Attributes:
        literal: as it stands in a statement, `'x'`, `5`, `true`, `NULL`.
        type_name: of the value, as errors name it; None for a string whose type is still open, and for NULL.
        shown: the expression, as errors quote it.
    """

    literal: str
    type_name: str | None
    shown: str


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """A statement that waits for its arguments.

    Attributes:
        text: the statement, secrets included.
        is_query: it goes to the engine, which takes a type with a literal.
        types: of the parameters, in order; None where PREPARE named none and the place decides.
        strings: the numbers of the parameters that stand where only a string may.
    """

    text: str = field(repr=False)
    is_query: bool
    types: tuple[tuple[SQLType, str] | None, ...]
    strings: frozenset[int]

    def bind(self, name: str, arguments: Sequence[Argument]) -> ast.Statement:
        """Return the statement with arguments in the places of its parameters.

        Raises:
            ParseError: there are more or fewer than it takes.
            OothecaError: one has another type.
        """
        if len(arguments) != len(self.types):
            raise ParseError(
                f'wrong number of parameters for prepared statement "{name}": '
                f"expected {len(self.types)}, got {len(arguments)}",
                hint=f"give EXECUTE {name} a value for each of $1 to ${len(self.types)}"
                if self.types
                else None,
            )
        literals = [self._literal(number, argument) for number, argument in enumerate(arguments, 1)]
        return parse_one(fill_placeholders(self.text, lambda number: literals[number - 1]))

    def _literal(self, number: int, argument: Argument) -> str:
        declared = self.types[number - 1]
        expected = declared[0] if declared else STRING if number in self.strings else None
        if expected is not None and not _fits(expected, argument):
            shown = "*****" if number in self.strings else argument.shown  # which may be a passphrase
            raise OothecaError(
                f"expected EXECUTE parameter expression to have type {_word(expected)}, "
                f"but '{shown}' has type {argument.type_name}",
                sqlstate="42809",
            )
        if number in self.strings and argument.literal == "NULL":
            raise OothecaError("expected string value, got NULL", sqlstate="22004")
        if declared and self.is_query:
            return f"({argument.literal})::{declared[1]}"
        return argument.literal


def _fits(expected: SQLType, argument: Argument) -> bool:
    """Tell whether a value may stand for a parameter: constants of numbers fit the wider families too."""
    if argument.type_name is None:
        return True
    numbers = {
        "int": {Family.INT, Family.FLOAT, Family.DECIMAL, Family.OID},
        "decimal": {Family.FLOAT, Family.DECIMAL},
    }
    if expected.family in numbers.get(argument.type_name, ()):
        return True
    if argument.type_name == "string":
        return expected.family in _STRINGS
    return _word(expected) == argument.type_name


def _word(t: SQLType) -> str:
    """Return a type's family as errors name it: `int`, `string`, `timestamptz`."""
    return "string" if t.family in _STRINGS else t.family.name.lower()


def prepared_statement(
    statement: ast.Statement, types: Sequence[ast.TypeName], resolve: Callable[[ast.TypeName], SQLType]
) -> Prepared:
    """Return a statement as PREPARE keeps it.

    Raises:
        OothecaError: the type of a parameter cannot be told, or is no string where only a string may stand.
    """
    text = format_statement(statement, reveal=True)
    numbers, strings = placeholder_numbers(text), string_placeholders(statement)
    found: list[tuple[SQLType, str] | None] = [(resolve(name), str(name)) for name in types]
    for number in range(1, max(numbers, default=0) + 1):
        if number <= len(found):
            continue
        if number not in numbers:
            raise OothecaError(
                f"could not determine data type of placeholder ${number}",
                sqlstate="42P18",
                hint="number the placeholders from $1 without gaps, or name their types: PREPARE name (type, …)",
            )
        found.append(None)
    for number, declared in enumerate(found, 1):
        if declared and number in strings and declared[0].family not in _STRINGS:
            raise OothecaError(
                f"placeholder ${number} already has type {_word(declared[0])}, cannot assign string",
                sqlstate="42804",
            )
    return Prepared(text, isinstance(statement, ast.Query), tuple(found), strings)


class PreparedStatements:
    """The prepared statements of a session, by name; they outlive transactions."""

    def __init__(self) -> None:
        self._statements: dict[str, Prepared] = {}

    def __getitem__(self, name: str) -> Prepared:
        """Return a prepared statement.

        Raises:
            UndefinedError: there is none.
        """
        found = self._statements.get(name)
        if found is None:
            raise _missing(name)
        return found

    def require_free(self, name: str) -> None:
        """Refuse a name that is taken.

        Raises:
            DuplicateError: it is.
        """
        if name in self._statements:
            raise DuplicateError(
                f'prepared statement "{name}" already exists',
                sqlstate="42P05",
                hint=f"DEALLOCATE {name} first",
            )

    def add(self, name: str, prepared: Prepared) -> None:
        """Keep a statement under a free name."""
        self._statements[name] = prepared

    def remove(self, name: str) -> None:
        """Forget a statement.

        Raises:
            UndefinedError: there is none.
        """
        if self._statements.pop(name, None) is None:
            raise _missing(name)

    def clear(self) -> None:
        """Forget all."""
        self._statements.clear()


def _missing(name: str) -> UndefinedError:
    return UndefinedError(
        f'prepared statement "{name}" does not exist',
        sqlstate="26000",
        hint=f"PREPARE {name} AS … in this session first",
    )
