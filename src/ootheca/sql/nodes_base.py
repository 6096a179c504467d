"""What every syntax tree node shares: spans that equality ignores, and text that hides secrets.

Nodes are plain data. `str(node)` is CockroachDB's canonical text; the words for it live in `format.py`, so this module
asks for them when they are first needed.
"""

from __future__ import annotations

from dataclasses import field
from typing import TypeAlias

from ootheca.sql.node import Node, node

__all__ = [
    "BracketedStatement",
    "Expr",
    "ObjectName",
    "Placeholder",
    "Query",
    "Span",
    "Statement",
    "StringOrPlaceholder",
    "TablePattern",
    "TypeName",
    "Unsupported",
]

Span: TypeAlias = tuple[int, int]
"""Half-open range of character offsets in the text that was parsed."""


@node
class Statement(Node):
    """One statement.

    `source` is its text as it was given, from the first token to the last, and `span` is where that stands in the
    script. Both are ignored by equality.
    """

    source: str = field(default="", compare=False, kw_only=True)
    span: Span | None = field(default=None, compare=False, kw_only=True)

    def __str__(self) -> str:
        """Return the canonical text of the profile 21.2, secrets in URIs included."""
        from ootheca.sql.format import format_statement

        return format_statement(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.redacted()}>"

    def redacted(self, *, version: str = "21.2") -> str:
        """Return the canonical text with every secret replaced, as a job's description shows it."""
        from ootheca.sql.format import format_statement

        return format_statement(self, version=version, redact=True)

    def anonymized(self) -> str:
        """Return the canonical text with every name and value replaced: `BACKUP TABLE _._ INTO '_'`."""
        from ootheca.sql.anonymize import anonymize

        return anonymize(self.redacted())


class Expr(Node):
    """A scalar expression. `str(expr)` is its canonical text."""

    __slots__ = ()

    def __str__(self) -> str:
        from ootheca.sql.format import format_expr

        return format_expr(self)


@node
class Placeholder(Expr):
    """`$1`: an argument that is bound later; `index` counts from 1."""

    index: int

    def __str__(self) -> str:
        return f"${self.index}"


StringOrPlaceholder: TypeAlias = str | Placeholder
"""Where CockroachDB takes a string, it takes a literal, a bare or "quoted" word (all become `str`) or a placeholder."""


@node
class ObjectName(Node):
    """A name of one to three parts, already folded: `t`, `schema_or_database.t`, `database.schema.t`."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        from ootheca.names import format_dotted

        return format_dotted(self.parts)

    @property
    def object(self) -> str:
        """The last part: the object itself."""
        return self.parts[-1]

    @property
    def prefix(self) -> tuple[str, ...]:
        """The parts before the last: nothing, one name, or database and schema."""
        return self.parts[:-1]


@node
class TablePattern(Node):
    """A backup target: a name, or every table under a prefix (`*`, `db.*`, `db.schema.*`)."""

    parts: tuple[str, ...]
    is_wildcard: bool = False

    def __str__(self) -> str:
        from ootheca.names import format_dotted

        names = format_dotted(self.parts) if self.parts else ""
        if not self.is_wildcard:
            return names
        return f"{names}.*" if names else "*"


@node
class TypeName(Node):
    """A column type, under CockroachDB's own spelling: `str()` of it is what SHOW CREATE prints.

    Attributes:
        name: canonical upper-case family word (`INT8`, `STRING`, `VARCHAR`, `TIMESTAMPTZ`, `"char"`, …); empty for a
            user-defined type.
        arguments: width, precision and scale, or the shape and SRID of a geometry (`(10, 2)`, `("POINT", 4326)`).
        interval_fields: `YEAR TO MONTH`, `SECOND` … of an INTERVAL.
        user_type: the name of a type that is not built in (an enum).
        collation: the locale of `STRING COLLATE locale`.
        array_depth: how many `[]` follow.
        is_serial: written as SERIAL, SERIAL2 … (then `name` is the integer type behind it).
    """

    name: str
    arguments: tuple[int | str, ...] = ()
    interval_fields: str = ""
    user_type: ObjectName | None = None
    collation: str | None = None
    array_depth: int = 0
    is_serial: bool = False

    def __str__(self) -> str:
        from ootheca.sql.format import format_type

        return format_type(self)


@node
class BracketedStatement(Node):
    """A statement inside a query: `[SHOW JOBS]` as a table, or the body of `WITH x AS (SHOW JOBS)`.

    `start` and `end` are character offsets in the query's text and include the brackets or parentheses.
    """

    start: int = field(compare=False)
    end: int = field(compare=False)
    statement: Statement
    is_cte: bool = False


@node
class Query(Statement):
    """A statement that ootheca passes on: SELECT, INSERT, UPSERT, UPDATE, DELETE, VALUES, WITH, TABLE.

    Attributes:
        text: as it was given, from the first token to the last.
        verb: its first keyword, upper-case (`SELECT` also for a parenthesised query).
        bracketed: the statements inside it that are ours, in order.
    """

    text: str
    verb: str = "SELECT"
    bracketed: tuple[BracketedStatement, ...] = ()


@node
class Unsupported(Statement):
    """A statement that CockroachDB knows and ootheca does not do; running it is an `UnsupportedError`.

    `feature` is its command in capitals, such as `CREATE CHANGEFEED`.
    """

    feature: str
    text: str
