"""What the formatters share: the style in force, the registry, and how strings, lists and queries are printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

from ootheca.names import format_identifier, format_string
from ootheca.profile import Profile
from ootheca.sql import ast

__all__ = [
    "FORMATTERS",
    "MASKED",
    "REDACTED",
    "Formatter",
    "Style",
    "behavior_words",
    "format_node",
    "formats",
    "if_exists_words",
    "if_not_exists_words",
    "name_list",
]

MASKED = "'*****'"
REDACTED = "'redacted'"


@dataclass(frozen=True, slots=True)
class Style:
    """How to print.

    Attributes:
        profile: whose canonical text.
        redact: replace every secret, as in a job's description.
        reveal: print passphrases and passwords even where the profile masks them.
    """

    profile: Profile
    redact: bool = False
    reveal: bool = False

    @property
    def equals(self) -> str:
        """What stands between an option and its value."""
        return " = " if self.profile.spaces_options else "="

    def string(self, value: ast.StringOrPlaceholder) -> str:
        """Print a string position."""
        return format_string(value) if isinstance(value, str) else str(value)

    def uri(self, value: ast.StringOrPlaceholder) -> str:
        """Print the URI of a storage, or where either may stand, of a master key, whose path is hidden then."""
        if self.redact and isinstance(value, str):
            return format_string(_redact_uri(value))
        return self.string(value)

    def kms_uri(self, value: ast.StringOrPlaceholder, *, hide_key: bool) -> str:
        """Print the URI of a master key."""
        if self.redact and isinstance(value, str):
            return format_string(_redact_uri(value, kms=True, hide_key=hide_key))
        return self.string(value)

    def uris(self, values: ast.URIs) -> str:
        """Print one URI, or several in parentheses."""
        return _one_or_list([self.uri(value) for value in values])

    def kms_uris(self, values: ast.URIs, *, hide_key: bool) -> str:
        """Print one KMS URI, or several in parentheses."""
        return _one_or_list([self.kms_uri(value, hide_key=hide_key) for value in values])

    def key_values(self, pairs: Sequence[ast.KeyValue]) -> str:
        """Print generic options; those that hold secrets are masked when redacting."""
        return ", ".join(self._key_value(pair) for pair in pairs)

    def _key_value(self, pair: ast.KeyValue) -> str:
        key = format_identifier(pair.key) if " " not in pair.key else _spaced_key(pair.key)
        if pair.value is None:
            return key
        return f"{key} = {self._option_value(pair)}"

    def _option_value(self, pair: ast.KeyValue) -> str:
        if self.redact:
            match pair.key.lower():
                case "encryption_passphrase":
                    return REDACTED
                case "kms":
                    return self.kms_uris(pair.values, hide_key=True)
                case _:
                    texts = [
                        self.uri(value) if "://" in str(value) else self.string(value)
                        for value in pair.values
                    ]
                    return _one_or_list(texts)
        return _one_or_list([self.string(value) for value in pair.values])


Formatter: TypeAlias = Callable[[Any, Style], str]
FORMATTERS: dict[type, Formatter] = {}


def formats(*classes: type) -> Callable[[Formatter], Formatter]:
    """Register a formatter for node classes."""

    def register(function: Formatter) -> Formatter:
        for class_ in classes:
            FORMATTERS[class_] = function
        return function

    return register


_HOMES = {
    "nodes_base": ("format_core", "format_expr"),
    "nodes_expr": ("format_expr",),
    "nodes_backup": ("format_backup",),
    "nodes_session": ("format_session",),
    "nodes_ddl": ("format_ddl",),
    "nodes_table": ("format_ddl", "format_table"),
    "nodes_alter": ("format_ddl", "format_table"),
}
"""Which modules print the nodes of which."""


def format_node(node: ast.Node, style: Style) -> str:
    """Print any node."""
    formatter = FORMATTERS.get(type(node))
    if formatter is None:
        for home in _HOMES[type(node).__module__.rpartition(".")[2]]:
            import_module(f"ootheca.sql.{home}")
        formatter = FORMATTERS[type(node)]
    return formatter(node, style)


def _redact_uri(text: str, *, kms: bool = False, hide_key: bool = True) -> str:
    from ootheca.uri import is_kms_uri, redact_uri

    return redact_uri(text, kms=kms or is_kms_uri(text), hide_kms_key=hide_key)


def _one_or_list(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _spaced_key(key: str) -> str:
    return "SKIP SIZE" if key == "skip size" else format_identifier(key)


def name_list(names: Iterable[str]) -> str:
    """Print identifiers with commas."""
    return ", ".join(map(format_identifier, names))


def if_exists_words(flag: bool) -> str:
    """Print `IF EXISTS ` when asked for."""
    return "IF EXISTS " if flag else ""


def if_not_exists_words(flag: bool) -> str:
    """Print `IF NOT EXISTS ` when asked for."""
    return "IF NOT EXISTS " if flag else ""


def behavior_words(behavior: str) -> str:
    """Print ` CASCADE` or ` RESTRICT` when given."""
    return f" {behavior}" if behavior else ""


@formats(ast.Query)
def _query(node: ast.Query, style: Style) -> str:
    if not (style.redact and node.bracketed):
        return node.text
    pieces = []
    position = 0
    for inner in node.bracketed:
        opening, closing = ("(", ")") if inner.is_cte else ("[", "]")
        pieces += [node.text[position : inner.start], opening, format_node(inner.statement, style), closing]
        position = inner.end
    return "".join([*pieces, node.text[position:]])


@formats(ast.Unsupported)
def _unsupported(node: ast.Unsupported, style: Style) -> str:
    return node.feature if style.redact else node.text


@formats(ast.ObjectName, ast.TablePattern, ast.Placeholder)
def _plain(node: ast.Node, style: Style) -> str:
    del style
    return str(node)
