"""Syntax tree to CockroachDB's canonical text.

format_statement(statement, version=…)          as that version's parser prints it
format_statement(statement, redact=True)        as a job's description shows it, without secrets
format_statement(statement, reveal=True)        with passphrases in full, to be stored and run again
"""

from __future__ import annotations

from ootheca.profile import DEFAULT_VERSION, profile
from ootheca.sql import ast
from ootheca.sql.format_core import Style, format_node

__all__ = ["format_expr", "format_statement", "format_type"]


def format_statement(
    statement: ast.Statement, *, version: str = DEFAULT_VERSION, redact: bool = False, reveal: bool = False
) -> str:
    """Return the canonical text of a statement.

    Args:
        statement: what to print.
        version: whose spelling: blanks around `=`, masked passphrases and so on follow its profile.
        redact: replace the secrets in URIs, passphrases and passwords.
        reveal: print passphrases and passwords even where the version masks them; not with `redact`.
    """
    return format_node(statement, Style(profile(version), redact, reveal and not redact))


_DEFAULT_STYLE = Style(profile(DEFAULT_VERSION))


def format_expr(expression: ast.Expr) -> str:
    """Return the canonical text of an expression."""
    return format_node(expression, _DEFAULT_STYLE)


def format_type(type_name: ast.TypeName) -> str:
    """Return CockroachDB's spelling of a type."""
    return format_node(type_name, _DEFAULT_STYLE)
