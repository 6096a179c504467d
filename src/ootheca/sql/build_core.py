"""Parse tree to syntax tree: the registry of actions, and those for names, strings and lists.

Each alternative of the grammar names its action (`-> backup_to`); the machine calls it with what stands in the
alternative: tokens for terminals, and what the actions below it returned. An optional part that is absent is None.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from ootheca.names import words
from ootheca.sql import ast
from ootheca.sql.lalr import RejectedError
from ootheca.sql.lexer import Token

__all__ = [
    "ACTIONS",
    "HOMES",
    "Action",
    "Children",
    "action",
    "actions",
    "as_tuple",
    "constants",
    "integer_of",
    "items",
    "true",
    "values_query",
]

Children: TypeAlias = list[Any]
Action: TypeAlias = Callable[[Children], Any]

ACTIONS: dict[str, Action] = {}
HOMES: dict[str, str] = {}
"""Which module registered each action."""


def action(function: Action) -> Action:
    """Register a function under its name; a final underscore, which keeps it from Python's words, is dropped."""
    _register(function.__name__, function, function.__module__)
    return function


def _register(name: str, function: Action, module: str) -> None:
    ACTIONS[name.rstrip("_")] = function
    HOMES[name.rstrip("_")] = module


def actions(function: Callable[..., Any], **variants: tuple[Any, ...]) -> None:
    """Register one function for several alternatives, each with its own leading arguments."""
    for name, arguments in variants.items():
        _register(name, partial(function, *arguments), function.__module__)


def as_tuple(values: list[Any] | None) -> tuple[Any, ...]:
    """Return a list as a tuple, and an absent one as an empty tuple."""
    return tuple(values) if values is not None else ()


def integer_of(token: Token, *, sign: int = 1, bits: int = 64) -> int:
    """Return the value of an integer token with a sign.

    Raises:
        RejectedError: it needs more bits, its sign among them.
    """
    text = str(token.value)
    digits = text.lstrip("0xX")
    # No number of so many digits fits, and Python does not read thousands of them.
    number = sign * int(text, 16 if text[:2] in ("0x", "0X") else 10) if len(digits) < 30 else None
    if number is None or not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise RejectedError(f"syntax error: numeric constant out of int{bits} range", sqlstate="22003")
    return number


def items(children: Children) -> list[Any]:
    """Return a list that grows by one: `x`, or `list, x`."""
    if len(children) == 1:
        return [children[0]]
    children[0].append(children[1])
    return children[0]  # type: ignore[no-any-return]


def true(children: Children) -> bool:
    """Return True: the words were there."""
    del children
    return True


def values_query(expression: ast.Expr) -> ast.Query:
    """Return the query that the singular form of a statement stands for: `VALUES (n)`."""
    text = f"VALUES ({expression})"
    return ast.Query(text, "VALUES", source=text)


def _constant(value: Any, children: Children) -> Any:
    del children
    return value


def constants(module: str, **values: Any) -> None:
    """Register alternatives of a module that mean one fixed value."""
    for name, value in values.items():
        _register(name, partial(_constant, value), module)


for _name in words(
    "enum_labels explain_options expr_list index_columns index_name_list key_values layers list_partitions name_list "
    "object_name_list privileges range_partitions role_list role_option_list role_specs schedule_commands set_values "
    "show_option_list storage_list table_commands table_elements table_patterns transaction_modes type_list when_list "
    "zone_settings"
):
    _register(_name, items, __name__)

for _name in words(
    "admin_option concurrently for_backup grant_option if_exists if_not_exists materialized not_valid on_commit "
    "true_value with_comment"
):
    _register(_name, true, __name__)

constants(__name__, false_value=False, nothing=None, setting_word=ast.ColumnRef(("on",)))


def _value(children: Children) -> Any:
    return children[0].value


for _name in ("name", "non_reserved_word", "unrestricted_name", "word", "string_constant"):
    _register(_name, _value, __name__)


@action
def upper_word(c: Children) -> str:
    return str(c[0].value).upper()


@action
def placeholder(c: Children) -> ast.Placeholder:
    return ast.Placeholder(c[0].value)


@action
def integer(c: Children) -> int:
    return integer_of(c[0])


@action
def negative_integer(c: Children) -> int:
    return integer_of(c[0], sign=-1)


@action
def object_name(c: Children) -> ast.ObjectName:
    return ast.ObjectName(tuple(c))


@action
def standalone_index(c: Children) -> ast.IndexName:
    return ast.IndexName(None, c[0].object, c[0].prefix)


@action
def table_index(c: Children) -> ast.IndexName:
    return ast.IndexName(c[0], c[1])


@action
def pattern(c: Children) -> ast.TablePattern:
    return ast.TablePattern(tuple(c))


@action
def wildcard(c: Children) -> ast.TablePattern:
    return ast.TablePattern(tuple(c), is_wildcard=True)


@action
def strings(c: Children) -> tuple[Any, ...]:
    return tuple(c)


@action
def uris(c: Children) -> tuple[Any, ...]:
    return tuple(c)


@action
def key_value(c: Children) -> ast.KeyValue:
    return ast.KeyValue(c[0], c[1] if len(c) > 1 else None)


@action
def key_list(c: Children) -> ast.KeyValue:
    return ast.KeyValue(c[0], c[1] if len(c) == 2 else tuple(c[1:]))


@action
def prefix(c: Children) -> tuple[str, ...]:
    return tuple(c)


@action
def query(c: Children) -> ast.Query:
    return c[0].value  # type: ignore[no-any-return]


@action
def query_stmt(c: Children) -> ast.Query:
    return c[0].value  # type: ignore[no-any-return]


@action
def dotted_variable(c: Children) -> str:
    return ".".join(c)


@action
def timezone_word(c: Children) -> str:
    del c
    return "timezone"
