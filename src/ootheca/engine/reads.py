"""Small decisions about reads: AS OF SYSTEM TIME, names of sequences in text, names where there is no session."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ootheca.catalog.table import Table
from ootheca.engine.base import Constraints, TableName
from ootheca.errors import UndefinedError, UndefinedTableError
from ootheca.profile import DEFAULT_VERSION, Profile, profile
from ootheca.types import SQLType

__all__ = ["NoNames", "is_present", "sequence_parts"]

_NOW = re.compile(r"'?-?0+(\.0*)?(ns|us|ms|s|m|h)?'?", re.IGNORECASE)
_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


def is_present(operand: str | None) -> bool:
    """Tell whether an operand of AS OF SYSTEM TIME means the present."""
    return operand is None or _NOW.fullmatch(operand) is not None


def sequence_parts(text: str) -> tuple[str, ...]:
    """Return the parts of a name inside a string: `db.public."Seq"`.

    Raises:
        UndefinedTableError: there is none in it.
    """
    found = _PART.finditer(text)
    parts = tuple(m[1].replace('""', '"') if m[1] is not None else m[2].lower() for m in found)
    if not parts:
        raise UndefinedTableError(f'relation "{text}" does not exist')
    return parts


class NoNames:
    """The names of an engine that is used without a session: none."""

    current_database = ""
    current_user = "root"
    extra_float_digits = 3
    search_path: Sequence[str] = ("public",)

    @property
    def profile(self) -> Profile:
        """The default profile."""
        return profile(DEFAULT_VERSION)

    def resolve(self, parts: tuple[str, ...]) -> tuple[TableName, Table]:
        """Find nothing."""
        raise UndefinedTableError(f'relation "{".".join(parts)}" does not exist')

    def resolve_id(self, table_id: int) -> tuple[TableName, Table]:
        """Find nothing."""
        raise UndefinedTableError(f"relation [{table_id}] does not exist")

    def resolve_type(self, parts: tuple[str, ...]) -> SQLType:
        """Find nothing."""
        raise UndefinedError(f'type "{".".join(parts)}" does not exist')

    def constraints(self, name: TableName) -> Constraints:
        """Return none."""
        del name
        return Constraints()
