"""The query of a view: printed again with full names, and what it reads.

A reader for the part of SELECT that a view is usually made of. It goes clause by clause over the tokens; expressions
are parsed by the parser and printed in canonical form, operands in parentheses.

Source: conformance/20.2/ddl.json (views); fixtures/golden/*/a_full (v_children, v_named, mv, sch.v).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from ootheca import pb
from ootheca.errors import UndefinedColumnError, UnsupportedError
from ootheca.exec.ddl.constants import annotate_number, annotate_string
from ootheca.names import format_dotted, format_identifier
from ootheca.sql import ast
from ootheca.sql.lexer import Token, tokenize
from ootheca.sql.parser import parse_expression
from ootheca.types import DECIMAL, INT8, STRING

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["ViewQuery", "read_view_query"]

_CLAUSES = frozenset(
    {
        "from",
        "where",
        "group",
        "having",
        "order",
        "limit",
        "offset",
        "union",
        "intersect",
        "except",
        "window",
        "for",
    }
)
_JOINS = frozenset({"join", "inner", "left", "right", "full", "cross", "natural"})
_OPERATORS = (
    ast.And,
    ast.Or,
    ast.Not,
    ast.IsTest,
    ast.BinaryOp,
    ast.UnaryOp,
    ast.Comparison,
    ast.Between,
    ast.IsOfType,
)


@dataclass(slots=True)
class ViewQuery:
    """The text to store; the relations read, in the order of appearance, with the ids of the columns used."""

    text: str
    relations: dict[int, set[int]] = field(default_factory=dict)


@dataclass(slots=True)
class _Source:
    """What FROM names: an alias, and the relation behind it (None for a subquery)."""

    alias: str
    desc: pb.TableDescriptor | None


def read_view_query(session: Session, text: str) -> ViewQuery:
    """Read a view's query.

    Raises:
        UndefinedTableError, UndefinedColumnError: it names what is not there.
        UnsupportedError: a form of query that views here do not take.
    """
    found = ViewQuery("")
    found.text = _Reader(session, text, found, ()).query()
    return found


class _Reader:
    """Reads one query; `outer` are the sources of the queries around it."""

    def __init__(self, session: Session, text: str, found: ViewQuery, outer: tuple[_Source, ...]) -> None:
        self._session = session
        self._text = text
        self._found = found
        self._outer = outer
        self._tokens = [token for token in tokenize(text) if not (token.kind == "OP" and token.value == ";")]
        self._position = 0

    # Tokens

    def _peek(self, offset: int = 0) -> Token | None:
        position = self._position + offset
        return self._tokens[position] if position < len(self._tokens) else None

    def _is_word(self, *words: str, offset: int = 0) -> bool:
        token = self._peek(offset)
        return token is not None and token.kind == "WORD" and token.value in words

    def _is_op(self, op: str, offset: int = 0) -> bool:
        token = self._peek(offset)
        return token is not None and token.kind == "OP" and token.value == op

    def _accept(self, word: str) -> bool:
        if self._is_word(word):
            self._position += 1
            return True
        return False

    def _accept_op(self, op: str) -> bool:
        if self._is_op(op):
            self._position += 1
            return True
        return False

    def _refuse(self) -> UnsupportedError:
        token = self._peek()
        near = token.text if token is not None else "EOF"
        return UnsupportedError(f'unimplemented: this form of query in a view, at or near "{near}"')

    # Queries

    def query(self) -> str:
        """Read a query to its end."""
        text = self._union()
        if self._peek() is not None:
            raise self._refuse()
        return text

    def _union(self) -> str:
        pieces = [self._select()]
        while self._is_word("union", "intersect", "except"):
            word = str(self._tokens[self._position].value).upper()
            self._position += 1
            if self._accept("all"):
                word += " ALL"
            else:
                self._accept("distinct")
            pieces += [word, self._select()]
        return " ".join(pieces)

    def _select(self) -> str:
        if self._accept_op("("):
            inner = self._union()
            if not self._accept_op(")"):
                raise self._refuse()
            return f"({inner})"
        if not self._accept("select"):
            raise self._refuse()
        words = "SELECT DISTINCT" if self._accept("distinct") else "SELECT"
        self._accept("all")
        # Names are looked up in FROM, which stands behind the columns that use them.
        start = self._position
        self._skip_to_clause()
        sources: list[_Source] = []
        from_text = ""
        if self._accept("from"):
            from_text = " FROM " + self._from_items(sources)
        after, self._position = self._position, start
        scope = (*sources, *self._outer)
        items = ", ".join(self._items(scope))
        self._position = after
        return f"{words} {items}{from_text}{self._tail(scope)}"

    def _skip_to_clause(self) -> None:
        depth = 0
        while (token := self._peek()) is not None:
            if token.kind == "OP" and token.value in ("(", "["):
                depth += 1
            elif token.kind == "OP" and token.value in (")", "]"):
                if depth == 0:
                    return
                depth -= 1
            elif depth == 0 and token.kind == "WORD" and token.value in _CLAUSES:
                return
            self._position += 1

    def _items(self, scope: Sequence[_Source]) -> Iterator[str]:
        while True:
            if self._is_op("*"):
                raise UnsupportedError("unimplemented: views do not currently support * expressions")
            expression = self._expression(scope, ("as", *_CLAUSES))
            if self._accept("as"):
                expression += f" AS {self._identifier()}"
            yield expression
            if not self._accept_op(","):
                return

    def _identifier(self) -> str:
        token = self._peek()
        if token is None or token.kind not in ("WORD", "IDENT"):
            raise self._refuse()
        self._position += 1
        return format_identifier(str(token.value))

    def _tail(self, scope: Sequence[_Source]) -> str:
        text = ""
        if self._accept("where"):
            text += f" WHERE {self._expression(scope, tuple(_CLAUSES))}"
        if self._accept("group"):
            self._accept("by")
            text += f" GROUP BY {self._list(scope)}"
        if self._accept("having"):
            text += f" HAVING {self._expression(scope, tuple(_CLAUSES))}"
        if self._accept("order"):
            self._accept("by")
            text += f" ORDER BY {self._list(scope, has_direction=True)}"
        for word in ("limit", "offset"):
            if self._accept(word):
                text += f" {word.upper()} {self._expression(scope, tuple(_CLAUSES))}"
        return text

    def _list(self, scope: Sequence[_Source], *, has_direction: bool = False) -> str:
        pieces = []
        while True:
            text = self._expression(
                scope, ("asc", "desc", "nulls", *_CLAUSES), is_output_allowed=has_direction
            )
            if has_direction and self._is_word("asc", "desc"):
                text += f" {str(self._tokens[self._position].value).upper()}"
                self._position += 1
            pieces.append(text)
            if not self._accept_op(","):
                return ", ".join(pieces)

    # FROM

    def _from_items(self, sources: list[_Source]) -> str:
        pieces = [self._joined(sources)]
        while self._accept_op(","):
            pieces.append(self._joined(sources))
        return ", ".join(pieces)

    def _joined(self, sources: list[_Source]) -> str:
        text = self._source(sources)
        while self._is_word(*_JOINS):
            words = []
            while not self._is_word("join"):
                if self._peek() is None:
                    raise self._refuse()
                words.append(str(self._tokens[self._position].value).upper())
                self._position += 1
            self._position += 1
            kind = " ".join(word for word in words if word != "OUTER")
            text += f" {kind} JOIN {self._source(sources)}" if kind else f" JOIN {self._source(sources)}"
            if self._accept("on"):
                scope = (*sources, *self._outer)
                text += f" ON {self._expression(scope, (*_JOINS, *_CLAUSES))}"
            elif self._accept("using"):
                text += f" USING ({self._using(sources)})"
        return text

    def _using(self, sources: list[_Source]) -> str:
        names = []
        if not self._accept_op("("):
            raise self._refuse()
        while not self._accept_op(")"):
            token = self._peek()
            if token is None:
                raise self._refuse()
            names.append(self._identifier())
            for source in sources:
                self._use(source, str(token.value))
            self._accept_op(",")
        return ", ".join(names)

    def _source(self, sources: list[_Source]) -> str:
        if self._is_op("(") and self._is_word("select", "values", offset=1):
            self._position += 1
            text = self._subquery_text()
            inner = _Reader(self._session, text, self._found, self._outer).query()
            alias = self._alias()
            sources.append(_Source(alias, None))
            return f"({inner}) AS {format_identifier(alias)}"
        parts = [self._name_part()]
        while self._accept_op("."):
            parts.append(self._name_part())
        if self._is_op("("):
            raise self._refuse()
        desc = self._session.catalog.resolve_table(parts, self._session.database)
        self._found.relations.setdefault(desc.id, set())
        alias = self._alias()
        sources.append(_Source(alias or desc.name, desc))
        full = format_dotted(self._session.catalog.qualified_name(desc))
        return f"{full} AS {format_identifier(alias)}" if alias else full

    def _name_part(self) -> str:
        token = self._peek()
        if token is None or token.kind not in ("WORD", "IDENT"):
            raise self._refuse()
        self._position += 1
        return str(token.value)

    def _alias(self) -> str:
        if self._accept("as"):
            return self._name_part()
        token = self._peek()
        if token is None or token.kind not in ("WORD", "IDENT"):
            return ""
        if token.kind == "WORD" and token.value in (*_CLAUSES, *_JOINS, "on", "using"):
            return ""
        return self._name_part()

    def _subquery_text(self) -> str:
        """Return the text up to the parenthesis that closes what was opened, and go past it."""
        start, depth = self._position, 0
        while (token := self._peek()) is not None:
            if token.kind == "OP" and token.value == "(":
                depth += 1
            elif token.kind == "OP" and token.value == ")":
                if depth == 0:
                    text = self._text[self._tokens[start].start : token.start]
                    self._position += 1
                    return text
                depth -= 1
            self._position += 1
        raise self._refuse()

    # Expressions

    def _expression(
        self, scope: Sequence[_Source], stops: Sequence[str], *, is_output_allowed: bool = False
    ) -> str:
        """Read up to a comma, a closing parenthesis or one of the words, and print the expression again."""
        start, depth, case_depth = self._position, 0, 0
        while (token := self._peek()) is not None:
            if token.kind == "OP":
                if depth == 0 and token.value in (",", ")"):
                    break
                depth += (token.value in ("(", "[")) - (token.value in (")", "]"))
            elif token.kind == "WORD":
                case_depth += (token.value == "case") - (token.value == "end")
                if depth == 0 and case_depth == 0 and token.value in stops and not self._is_distinct_from():
                    break
            self._position += 1
        if start == self._position:
            raise self._refuse()
        text = self._text[self._tokens[start].start : self._tokens[self._position - 1].end]
        expression = parse_expression(text)
        self._use_columns(expression, scope, is_output_allowed=is_output_allowed)
        return str(ast.transform(expression, lambda node: self._rewrite(node, scope)))

    def _is_distinct_from(self) -> bool:
        """Tell whether the word FROM belongs to IS DISTINCT FROM."""
        return self._is_word("from") and self._position > 0 and self._is_word("distinct", offset=-1)

    def _rewrite(self, node: ast.Node, scope: Sequence[_Source]) -> ast.Node:
        if isinstance(node, ast.Query):
            inner = _Reader(self._session, node.text, self._found, tuple(scope)).query()
            return replace(node, text=inner)
        return _parenthesize(node)

    def _use_columns(
        self, expression: ast.Expr, scope: Sequence[_Source], *, is_output_allowed: bool
    ) -> None:
        for node in ast.walk(expression):
            if not isinstance(node, ast.ColumnRef):
                continue
            name = node.parts[-1]
            qualifier = node.parts[-2] if len(node.parts) > 1 else None
            candidates = [source for source in scope if qualifier in (None, source.alias)]
            used = [self._use(source, name) for source in candidates]
            is_known = any(used) or any(source.desc is None for source in candidates) or is_output_allowed
            if not is_known:
                raise UndefinedColumnError(f'column "{format_dotted(node.parts)}" does not exist')

    def _use(self, source: _Source, name: str) -> bool:
        if source.desc is None:
            return False
        for column in source.desc.columns:
            if column.name == name:
                self._found.relations[source.desc.id].add(column.id)
                return True
        return False


def _parenthesize(node: ast.Node) -> ast.Node:
    """Put operands that are operators into parentheses; give the constants of an IN list their types."""

    def operand(e: ast.Expr) -> ast.Expr:
        return ast.Paren(e) if isinstance(e, _OPERATORS) else e

    match node:
        case ast.Comparison(op="IN" | "NOT IN", right=ast.Tuple() as items):
            return replace(node, left=operand(node.left), right=_annotated(items))
        case ast.And() | ast.Or() | ast.BinaryOp() | ast.Comparison():
            return replace(node, left=operand(node.left), right=operand(node.right))
        case ast.Not() | ast.IsTest() | ast.UnaryOp() | ast.IsOfType():
            return replace(node, operand=operand(node.operand))
        case ast.Between():
            return replace(
                node, operand=operand(node.operand), low=operand(node.low), high=operand(node.high)
            )
        case _:
            return node


def _annotated(items: ast.Tuple) -> ast.Tuple:
    """A list of constants alone is folded into values, which print with their types."""
    texts = [_constant_text(element) for element in items.elements]
    if any(text is None for text in texts):
        return items
    return replace(items, elements=tuple(parse_expression(cast(str, text)) for text in texts))


def _constant_text(e: ast.Expr) -> str | None:
    if isinstance(e, ast.StringLiteral):
        return annotate_string(e.value, STRING, enum_prefix="b")
    if isinstance(e, ast.NumberLiteral):
        return annotate_number(e.text, INT8 if e.is_integer else DECIMAL)
    return None
