"""What the translation of one statement needs from the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ootheca.clock import Timestamp
from ootheca.engine.base import NameResolver, TableName
from ootheca.engine.functions import Runtime
from ootheca.engine.literals import Literal
from ootheca.engine.typed import Conversions

if TYPE_CHECKING:
    from ootheca.engine.dialect import Statement

__all__ = ["Context"]


@dataclass(slots=True)
class Context:
    """What one statement's translation needs from the engine.

    Attributes:
        now: the transaction's time.
        physical: (table name) -> DuckDB type of each column, by lower-case name.
        view_query: (view name) -> its query text.
        use_sequence: makes a sequence's state available to `oo_nextval` and its kin; returns its key.
    """

    runtime: Runtime
    names: NameResolver
    now: Timestamp
    physical: Callable[[TableName], dict[str, str]]
    view_query: Callable[[TableName], str]
    use_sequence: Callable[[str], str]
    literals: tuple[Literal, ...] = ()
    conversions: Conversions = field(init=False)

    def __post_init__(self) -> None:
        self.conversions = Conversions.of(self.runtime, self.names)

    def for_statement(self, statement: Statement) -> Context:
        """Return the context for another text, whose literals are its own."""
        return replace(self, literals=statement.prepared.literals)
