"""Text to tokens: one regular expression, linear in the text, exact about strings, comments and dollar quotes.

The splitter, the shell's test for a finished statement and the parser all read these tokens. What the lexer cannot
read becomes one ERROR token that runs to the end of the text and says what is wrong, as in CockroachDB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ootheca.errors import ParseError
from ootheca.names import decode_utf8, fold_identifier, parse_hex, unescape

__all__ = ["NO_UTF8", "Token", "tokenize"]


class Token:
    """One token.

    Attributes:
        kind: WORD, IDENT (quoted), SCONST, BCONST, BITCONST, ICONST, FCONST, PLACEHOLDER, OP or ERROR; the parser also
            makes QUERY and SUBQUERY.
        value: the folded word, decoded string, digits, operator, or what is wrong.
        start, end: character offsets in the text, half-open.
    """

    __slots__ = ("end", "kind", "start", "value")

    def __init__(self, kind: str, value: object, start: int, end: int) -> None:
        self.kind = kind
        self.value = value
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"<Token {self.kind} at {self.start}>"

    @property
    def text(self) -> str:
        """How CockroachDB names the token in `at or near "…"`."""
        if isinstance(self.value, bytes):
            return self.value.decode("utf-8", "replace")
        if self.kind == "SUBQUERY":
            return "("
        if self.kind == "QUERY":
            return str(self.value).partition(" ")[0].lower()
        return str(self.value)


# The order matters: longer operators first, and everything that starts like a word or number before plain words.
_TOKEN = re.compile(
    r"""
    (?P<space>(?:\s+|--[^\n]*)+)
  | (?P<comment>/\*)
  | (?P<word>[^\x00-@\[-^`{-\x7f][^\x00-#%-/:-@\[-^`{-\x7f]*(?!'|[^\x00-#%-/:-@\[-^`{-\x7f]))
  | (?P<string>'(?P<body>[^']*)'(?!')(?=\s*[^'\s]|\s*\Z))
  | (?P<quote>[bBeExX]?')
  | (?P<plain>[^\x00-@\[-^`{-\x7f][^\x00-#%-/:-@\[-^`{-\x7f]*)
  | (?P<quoted>")
  | (?P<number>0[xX][0-9a-fA-F]*|(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<placeholder>\$[0-9]+)
  | (?P<dollar>\$(?:[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*)?\$)
  | (?P<op>:::|::|->>|->|\#>>|\#>|\#-|\|\|/|\|\||\|/|!~\*|!~|!=|<>|<=|>=|<<|>>|<@|@>|&&|\?\||\?&|~\*|//|:=|=>|\.\.
      |[-+*/%^&|\#<>=~?@:.,;()\[\]{}!$\\`])
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_TEXTS = frozenset({"word", "plain", "body", "string"})
_MAX_PLACEHOLDER = 65536
NO_UTF8 = re.compile("[\ud800-\udfff]")  # how bytes come in that are no UTF-8
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_STRING_END = re.compile(r"[^']*(?:''[^']*)*'")
_ESCAPED_END = re.compile(r"[^'\\]*(?:(?:\\.|'')[^'\\]*)*'", re.DOTALL)
_QUOTED_END = re.compile(r'[^"]*(?:""[^"]*)*"')
_GAP = re.compile(r"\s*\n\s*(?=')", re.ASCII)


def tokenize(text: str, position: int = 0) -> Iterator[Token]:
    """Yield the tokens from a position on; blanks and comments are left out.

    After an ERROR token, whose end is the end of the text, nothing follows.
    """
    match = _TOKEN.match
    size = len(text)
    while position < size:
        found = match(text, position)
        assert found is not None
        kind = found.lastgroup
        start, position = position, found.end()
        if kind == "space":
            continue
        if kind in _TEXTS and not found[0].isascii() and NO_UTF8.search(found[0]):
            yield Token("ERROR", "invalid UTF-8 byte sequence", start, size)
            return
        if kind == "word" or kind == "plain":
            yield Token("WORD", fold_identifier(found[0]), start, position)
        elif kind == "op":
            value = found[0]
            yield Token("OP", "!=" if value == "<>" else value, start, position)
        elif kind == "body" or kind == "string":
            yield Token("SCONST", found["body"], start, position)
        elif kind == "number":
            yield _number(found[0], start, position)
        elif kind == "placeholder":
            digits = found[0][1:].lstrip("0") or "0"
            if len(digits) > 5 or int(digits) > _MAX_PLACEHOLDER:
                message = f"placeholder index must be between 1 and {_MAX_PLACEHOLDER}"
                yield Token("ERROR", message, start, size)
                return
            yield Token("PLACEHOLDER", int(digits), start, position)
        elif kind == "comment":
            position = _comment_end(text, start)
            if position < 0:
                yield Token("ERROR", "unterminated comment", start, size)
                return
        else:
            token = _delimited(text, start, found)
            yield token
            position = token.end


def _number(text: str, start: int, end: int) -> Token:
    if text[:2] in ("0x", "0X"):
        if len(text) == 2:
            return Token("ERROR", "invalid hexadecimal numeric literal", start, end)
        return Token("ICONST", text, start, end)
    if not text.isdigit():
        return Token("FCONST", text, start, end)
    return Token("ICONST", text.lstrip("0") or "0", start, end)  # leading zeros make no octal number


def _comment_end(text: str, start: int) -> int:
    depth = 0
    position = start
    while (edge := _COMMENT_EDGE.search(text, position)) is not None:
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
        if depth == 0:
            return position
    return -1


def _delimited(text: str, start: int, found: re.Match[str]) -> Token:
    try:
        match found.lastgroup:
            case "quote":
                return _string(text, start, found[0][:-1])
            case "quoted":
                end = _QUOTED_END.match(text, found.end())
                if end is not None:
                    return _checked(Token("IDENT", end[0][:-1].replace('""', '"'), start, end.end()))
            case "dollar":
                close = text.find(found[0], found.end())
                if close >= 0:
                    return _checked(Token("SCONST", text[found.end() : close], start, close + len(found[0])))
            case _:
                return Token("OP", found[0], start, found.end())
    except ParseError as error:
        return Token("ERROR", error.message.removeprefix("lexical error: "), start, len(text))
    return Token("ERROR", "unterminated string", start, len(text))


def _checked(token: Token) -> Token:
    if NO_UTF8.search(str(token.value)):
        raise ParseError("lexical error: invalid UTF-8 byte sequence")
    return token


def _string(text: str, start: int, prefix: str) -> Token:
    """Read a string, with the pieces that follow it on further lines, which are one literal with it."""
    ending = _ESCAPED_END if prefix in ("e", "E", "b") else _STRING_END
    pieces: list[bytes] = []
    position = start + len(prefix) + 1
    while True:
        end = ending.match(text, position)
        if end is None:
            return Token("ERROR", "unterminated string", start, len(text))
        pieces.append(_decode_piece(end[0][:-1], prefix))
        position = end.end()
        gap = _GAP.match(text, position)
        if gap is None:
            break
        position = gap.end() + 1
    data = b"".join(pieces)
    match prefix:
        case "b" | "x" | "X":
            return Token("BCONST", data, start, position)
        case "B":
            if data.strip(b"01"):
                return Token(
                    "ERROR",
                    f'"{data.decode("utf-8", "replace")}" is not a valid binary digit',
                    start,
                    len(text),
                )
            return Token("BITCONST", data.decode(), start, position)
    return Token("SCONST", decode_utf8(data), start, position)


def _decode_piece(body: str, prefix: str) -> bytes:
    if prefix in ("e", "E", "b"):
        return unescape(body)
    if prefix in ("x", "X"):
        return parse_hex(body)
    return body.replace("''", "'").encode("utf-8", "surrogateescape")
