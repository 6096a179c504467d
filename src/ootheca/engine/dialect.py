"""CockroachDB's query language for sqlglot: the PostgreSQL dialect, less what it assumes and more what it lacks.

Every function call stays a plain call with the name that was written (`exp.Anonymous`), every type stays a `TypeName`:
what they mean is decided by `builtins` and `typenames`, not by sqlglot.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError as SqlglotParseError
from sqlglot.errors import TokenError
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import Token, TokenType

from ootheca.engine.bulk import BulkRows, read_rows
from ootheca.engine.literals import Prepared, prepare
from ootheca.engine.typenames import TypeName
from ootheca.errors import ParseError, UnsupportedError
from ootheca.sql.parser import syntax_error

__all__ = ["Statement", "parse_query", "parse_scalar"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A parsed query with the literals that were taken out of its text."""

    prepared: Prepared
    tree: exp.Expr
    rows: BulkRows | None = None  # of an INSERT whose tree holds the first row alone


_TYPED_LITERALS = frozenset(
    {
        *(
            "BIT",
            "BOOL",
            "BOOLEAN",
            "BOX2D",
            "BYTEA",
            "BYTES",
            "DATE",
            "DECIMAL",
            "FLOAT",
            "FLOAT4",
            "FLOAT8",
        ),
        *(
            "GEOGRAPHY",
            "GEOMETRY",
            "INET",
            "INT",
            "INT2",
            "INT4",
            "INT8",
            "INTEGER",
            "JSON",
            "JSONB",
            "NUMERIC",
        ),
        *(
            "REGCLASS",
            "REGTYPE",
            "STRING",
            "TEXT",
            "TIME",
            "TIMESTAMP",
            "TIMESTAMPTZ",
            "TIMETZ",
            "UUID",
            "VARBIT",
        ),
        "VARCHAR",
    }
)
_LONG_WORDS = {"double precision": "float8", "character varying": "varchar", "char varying": "varchar"}
_INTERVAL_UNITS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})
_HELPED = frozenset({"SELECT", "INSERT", "UPSERT", "UPDATE", "DELETE", "VALUES", "EXPLAIN"})
_FIRST_WORDS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "VALUES", "WITH", "TABLE", "("})
# Tokens that cannot follow a comma; sqlglot takes a comma before them as a slip of the pen.
_AFTER_LISTS = frozenset(
    {
        *(TokenType.COMMA, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.FROM, TokenType.WHERE),
        *(TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET),
        *(TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT, TokenType.RETURNING, TokenType.SELECT),
    }
)
_NOT_TYPES = frozenset(
    {
        TokenType.STRING,
        TokenType.NUMBER,
        TokenType.L_PAREN,
        TokenType.R_PAREN,
        TokenType.COMMA,
        TokenType.SEMICOLON,
    }
)


class CockroachDB(Postgres):
    """The dialect. Subscripts count from 1 and are left as written."""

    INDEX_OFFSET = 0
    NULL_ORDERING = "nulls_are_small"

    class Tokenizer(Postgres.Tokenizer):
        """PostgreSQL's tokens; words that only other databases know are names."""

        KEYWORDS: ClassVar[dict[str, TokenType]] = {
            **{
                word: token
                for word, token in Postgres.Tokenizer.KEYWORDS.items()
                if word
                not in {
                    "DESCRIBE",
                    "FINAL",
                    "OVERWRITE",
                    "PIVOT",
                    "UNPIVOT",
                    "QUALIFY",
                    "STRUCT",
                    "MAP",
                    "LOAD",
                    "KILL",
                }
                and word
                not in {
                    "CACHE",
                    "UNCACHE",
                    "COMMENT",
                    "ANTI",
                    "SEMI",
                    "ASOF",
                    "PREWHERE",
                    "SETTINGS",
                    "FORMAT",
                    "NAME",
                }
                and word
                not in {"DESC ", "INDEX", "VIEW", "OPERATOR", "TOP", "CLUSTER BY", "DISTRIBUTE BY", "SORT BY"}
                and word
                not in {"STRAIGHT_JOIN", "NEXT VALUE FOR", "REPLACE", "CURRENT DATE", "MATCH_CONDITION"}
            },
            "//": TokenType.DIV,
        }
        COMMANDS: ClassVar[set[TokenType]] = set()

    class Parser(PostgresParser):
        """Calls without a built-in meaning, CockroachDB's types, ORDER BY and LIMIT before RETURNING."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        LAMBDAS: ClassVar[dict[TokenType, Any]] = {}  # `->` reads JSON here, in arguments of functions too
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            "ANY": lambda self: self.expression(exp.Any(this=self._parse_bitwise())),
            "CASE": lambda self: self._parse_case(),
        }
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: PostgresParser.FUNCTION_PARSERS[name]
            for name in ("CAST", "EXTRACT", "OVERLAY", "POSITION", "SUBSTRING", "TRIM")
        }
        COLUMN_OPERATORS: ClassVar[dict[TokenType, Any]] = {
            **PostgresParser.COLUMN_OPERATORS,
            TokenType.DCOLON: lambda self, this, to: self.expression(exp.Cast(this=this, to=to)),
        }
        JSON_OPERATORS: ClassVar[dict[TokenType, Any]] = {
            **PostgresParser.JSON_OPERATORS,
            TokenType.ARROW: lambda self, this, path: self.expression(
                exp.JSONExtract(this=this, expression=path)
            ),
            TokenType.DARROW: lambda self, this, path: self.expression(
                exp.JSONExtractScalar(this=this, expression=path)
            ),
        }
        FACTOR: ClassVar[dict[TokenType, Any]] = {**PostgresParser.FACTOR, TokenType.DIV: exp.IntDiv}

        def _parse_delete(self) -> exp.Delete:
            self._match(TokenType.FROM)
            return self.expression(
                exp.Delete(
                    this=self._parse_table(joins=True),
                    using=self._match(TokenType.USING)
                    and self._parse_csv(lambda: self._parse_table(joins=True)),
                    where=self._parse_where(),
                    order=self._parse_order(),
                    limit=self._parse_limit(),
                    returning=self._parse_returning(),
                )
            )

        def _parse_interval(self, *_: Any, **__: Any) -> Any:
            index = self._index
            if not self._match(TokenType.INTERVAL):
                return None
            params = self._type_params()
            if not self._match(TokenType.STRING):
                self._retreat(index)
                return None
            literal = exp.Literal.string(self._prev.text)
            unit = ""
            if self._curr and self._curr.text.upper() in _INTERVAL_UNITS:
                unit = self._curr.text.lower()
                self._advance()
                if self._match_text_seq("TO"):
                    unit = self._curr.text.lower()
                    self._advance()
            parts = ("interval", unit) if unit else ("interval",)
            return self.expression(exp.Cast(this=literal, to=_data_type(TypeName(parts, params))))

        def _parse_types(
            self,
            check_func: bool = False,
            schema: bool = False,
            allow_identifiers: bool = True,
            with_collation: bool = False,
        ) -> exp.Expr | None:
            del check_func, schema
            index = self._index
            if not allow_identifiers and self._curr.text.upper() not in _TYPED_LITERALS:
                return None
            name = self._type_name()
            if name is None or (not allow_identifiers and self._curr.token_type is not TokenType.STRING):
                self._retreat(index)
                return None
            if with_collation and self._match(TokenType.COLLATE):
                name = TypeName(name.parts, name.params, name.dimensions, self._curr.text)
                self._advance()
            return _data_type(name)

        def _type_name(self) -> TypeName | None:
            if not self._curr or self._curr.token_type in _NOT_TYPES:
                return None
            parts = [self._type_part()]
            while self._match(TokenType.DOT):
                parts.append(self._type_part())
            if len(parts) == 1:
                parts[0] = self._long_name(parts[0])
            params = self._type_params()
            if parts[0] in {"time", "timestamp"} and self._match_text_seq("WITH", "TIME", "ZONE"):
                parts[0] += "tz"
            elif parts[0] in {"time", "timestamp"}:
                self._match_text_seq("WITHOUT", "TIME", "ZONE")
            dimensions = 0
            while self._match(TokenType.L_BRACKET):
                self._match(TokenType.NUMBER)
                if not self._match(TokenType.R_BRACKET):
                    self.raise_error("Expected ]")
                dimensions += 1
            if not dimensions and self._match(TokenType.ARRAY):
                dimensions = 1
            return TypeName(tuple(parts), params, dimensions)

        def _type_part(self) -> str:
            token = self._curr
            if not token:
                self.raise_error("Expected a type")
            self._advance()
            return token.text if token.token_type is TokenType.IDENTIFIER else token.text.lower()

        def _long_name(self, word: str) -> str:
            word = _LONG_WORDS.get(word, word)  # sqlglot makes one token of some
            if word == "double" and self._match_text_seq("PRECISION"):
                return "float8"
            if word in {"character", "char"} and self._match_text_seq("VARYING"):
                return "varchar"
            if word == "bit" and self._match_text_seq("VARYING"):
                return "varbit"
            return word

        def _type_params(self) -> tuple[int, ...]:
            index = self._index
            params: list[int] = []
            if self._match(TokenType.L_PAREN):
                while (
                    self._curr.text.isdigit() and self._curr.text.isascii() and self._match(TokenType.NUMBER)
                ):
                    params.append(_int32(self._prev.text))
                    self._match(TokenType.COMMA)
                if not self._match(TokenType.R_PAREN) or not params:
                    self._retreat(index)
                    return ()
            return tuple(params)


# What the translation reads of each node; anything else that is set would be silently ignored, so it is refused.
_ORDERED = {"with_", "order", "limit", "offset"}
_UNDERSTOOD: dict[type[exp.Expr], set[str]] = {
    exp.Select: {"expressions", "distinct", "from_", "joins", "where", "group", "having", "locks", *_ORDERED},
    exp.SetOperation: {"this", "expression", "distinct", *_ORDERED},
    exp.Subquery: {"this", "alias", "joins", *_ORDERED},
    exp.Values: {"expressions", "alias", *_ORDERED},
    exp.Table: {"this", "alias", "db", "catalog", "joins", "ordinality"},
    exp.Join: {"this", "on", "side", "kind", "using", "method"},
    exp.Insert: {"this", "expression", "conflict", "returning", "default", "with_"},
    exp.Update: {"this", "expressions", "from_", "where", "returning", "order", "limit"},
    exp.Delete: {"this", "using", "where", "returning", "order", "limit"},
    exp.OnConflict: {"expressions", "action", "conflict_keys", "constraint", "where"},
    exp.Between: {"this", "low", "high"},
    exp.In: {"this", "expressions", "query"},
    exp.Group: {"expressions"},
    exp.With: {"expressions", "recursive"},
    exp.CTE: {"this", "alias", "materialized"},
    exp.Window: {"this", "partition_by", "order", "spec", "over"},
    exp.Ordered: {"this", "desc", "nulls_first"},
    exp.Lateral: {"this", "alias"},
    exp.Unnest: {"expressions", "alias", "offset"},
    exp.Star: set(),
    exp.Column: {"this", "table", "db", "catalog"},
    exp.Limit: {"expression"},
    exp.Offset: {"expression"},
    exp.Exists: {"this"},
}


def _refuse_ignored(tree: exp.Expr) -> None:
    for node in tree.walk():
        kind: type[exp.Expr] = exp.SetOperation if isinstance(node, exp.SetOperation) else type(node)
        understood = _UNDERSTOOD.get(kind)
        if understood is None:
            continue
        for name, value in node.args.items():
            if value and name not in understood:
                raise UnsupportedError(f"unimplemented: {name.strip('_').replace('_', ' ')} in {kind.key}")


_MAX_INT32 = 2**31 - 1


def _int32(digits: str) -> int:
    number = int(digits) if len(digits) <= len(str(_MAX_INT32)) else _MAX_INT32 + 1
    if number > _MAX_INT32:
        raise ParseError("numeric constant out of int32 range", sqlstate="22003")
    return number


def _data_type(name: TypeName) -> exp.DataType:
    return exp.DataType(this=exp.DType.USERDEFINED, kind=name)


def parse_query(source: str) -> Statement:
    """Parse one statement of the query language.

    Raises:
        ParseError: in CockroachDB's words, with the place.
        UnsupportedError: sqlglot knows the statement only by its first word.
    """
    rows = read_rows(source)
    if rows is not None:
        with suppress(ParseError):  # which the whole text raises again, with the right place
            return replace(_parse_statement(rows.text), rows=rows)
    return _parse_statement(source)


def _parse_statement(source: str) -> Statement:
    prepared = prepare(source.rstrip().rstrip(";"))
    tree = _parse(prepared)
    if isinstance(tree, exp.Command | exp.Create | exp.Drop):
        raise UnsupportedError(f"unimplemented: {str(tree.this).lower()} in a query")
    for select in tree.find_all(exp.Select):
        if not select.expressions:
            raise _syntax_error(prepared, prepared.sql.upper().find("FROM"))
    _refuse_ignored(tree)
    return Statement(prepared, tree)


def parse_scalar(source: str) -> Statement:
    """Parse one expression: a stored default, a CHECK, a computed column, an index predicate."""
    prepared = prepare(f"SELECT {source}")
    tree = _parse(prepared)
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        raise _syntax_error(prepared, len("SELECT "))
    return Statement(prepared, tree.expressions[0])


def _parse(prepared: Prepared) -> exp.Expr:
    dialect = CockroachDB()
    try:
        tokens = dialect.tokenize(prepared.sql)
        _refuse_slips(prepared, tokens)
        trees = dialect.parser().parse(tokens, prepared.sql)
    except SqlglotParseError as exc:
        raise _syntax_error(prepared, _error_offset(prepared, exc)) from exc
    except TokenError as exc:
        raise ParseError("lexical error: unterminated string") from exc
    if len(trees) != 1 or trees[0] is None:
        raise _syntax_error(prepared, len(prepared.sql))
    return trees[0]


def _refuse_slips(prepared: Prepared, tokens: Sequence[Token]) -> None:
    """Refuse what sqlglot would forgive: another first word, a comma too many, a second statement."""
    if tokens and tokens[0].text.upper() not in _FIRST_WORDS:
        raise _syntax_error(prepared, tokens[0].start)
    after_comma = False
    for token in tokens:
        if (after_comma and token.token_type in _AFTER_LISTS) or token.token_type is TokenType.SEMICOLON:
            raise _syntax_error(prepared, token.start)
        after_comma = token.token_type is TokenType.COMMA
    if after_comma:
        raise _syntax_error(prepared, len(prepared.sql))


def _error_offset(prepared: Prepared, error: SqlglotParseError) -> int:
    """Return the offset of the token at which sqlglot stopped; a sentinel means the end of the text."""
    found = error.errors[0] if error.errors else {}
    description = str(found.get("description", ""))
    if "SENTINEL" in description or (
        description.startswith("Expect") and not str(found.get("end_context")).strip()
    ):
        # What is missing is reported at the last token that is there.
        return len(prepared.sql)
    line, column = int(found.get("line") or 1), int(found.get("col") or 1)
    lines = prepared.sql.split("\n")
    end = sum(len(text) + 1 for text in lines[: line - 1]) + column
    return max(0, end - len(found.get("highlight") or ""))


def _syntax_error(prepared: Prepared, offset: int) -> ParseError:
    source = prepared.source
    at = prepared.source_offset(max(offset, 0)) if offset < len(prepared.sql) else len(source)
    words = source.split()
    verb = words[0].upper() if words else ""
    return syntax_error(source, at, _token_at(source, at), verb if verb in _HELPED else None)


def _token_at(source: str, offset: int) -> str:
    try:
        tokens: list[Token] = CockroachDB().tokenize(source[offset:])
    except TokenError:
        return source[offset:].split(maxsplit=1)[0]
    return tokens[0].text.lower() if tokens else "EOF"
